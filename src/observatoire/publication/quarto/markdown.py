"""Les blocs d'un document en Markdown de Pandoc : figures et tableaux numérotés, rien d'exécutable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from observatoire.erreurs import PublicationError
from observatoire.publication import polices
from observatoire.publication.quarto.echappement import ancre, attribut, echapper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from observatoire.publication.deroule import Bloc

_NOTES = (("Note", "note"), ("Lecture", "lecture"), ("Champ", "champ"), ("Source", "source"))
_LARGEUR = 96  # tirets d'une ligne de tableau, partagés entre ses colonnes
_COLONNE = (10, 48)  # la plus étroite et la plus large, en caractères


@dataclass
class Feuille:
    """Le Markdown d'un document ; `dessins` va du nom de fichier au SVG, `ancres` les garde uniques."""

    nom: str
    dessins: dict[str, str] = field(default_factory=dict)
    ancres: set[str] = field(default_factory=set)

    def rendre(self, bloc: Bloc) -> str:
        """Rend un bloc, précédé et suivi d'une ligne vide : Quarto accole les sorties telles quelles."""
        corps = _RENDUS[bloc["genre"]](self, bloc)
        return f"\n{corps}\n"

    def ancrer(self, genre: str, texte: str) -> str:
        """Rend une ancre que nul autre document du projet ne porte."""
        voulue = f"{genre}-{self.nom}-{ancre(texte)}"
        libre, rang = voulue, 2
        while libre in self.ancres:
            libre, rang = f"{voulue}-{rang}", rang + 1
        self.ancres.add(libre)
        return libre


def tableau(colonnes: list[str], alignements: list[str], lignes: list[list[str]]) -> str:
    """Rend un tableau à barres ; ses tirets donnent à Pandoc la largeur relative des colonnes."""
    largeurs = [
        min(max(_COLONNE[0], *map(len, textes)), _COLONNE[1])
        for textes in zip(colonnes, *lignes, strict=True)
    ]
    total = sum(largeurs)
    tirets = [max(3, round(_LARGEUR * largeur / total)) for largeur in largeurs]
    regle = [
        f"{'-' * (combien - 1)}:" if cote == "right" else f":{'-' * (combien - 1)}"
        for combien, cote in zip(tirets, alignements, strict=True)
    ]
    rangs = [[echapper(texte) for texte in ligne] for ligne in (colonnes, *lignes)]
    return "\n".join(f"| {' | '.join(ligne)} |" for ligne in (rangs[0], regle, *rangs[1:]))


def _entete(_: Feuille, bloc: Bloc) -> str:
    etat = f"Chiffres {echapper(bloc['statut'])}s. Données extraites le {echapper(bloc['extraction'])}."
    mentions = " ".join(echapper(mention) for mention in bloc["mentions"])
    fictif = _encart("warning", "**Données fictives**") if bloc["fictif"] else ""
    return _paragraphes([fictif, _division("statut", etat), mentions])


def _chiffres(_: Feuille, bloc: Bloc) -> str:
    cases = []
    for chiffre in bloc["chiffres"]:
        valeur = " ".join(filter(None, (chiffre["valeur"], chiffre["unite"])))
        suite = [echapper(chiffre[nom]) for nom in ("evolution", "precision") if chiffre[nom]]
        cases.append(
            _division(
                "chiffre", "\\\n".join([echapper(chiffre["libelle"]), f"**{echapper(valeur)}**", *suite])
            )
        )
    colonnes = min(len(cases), 3)
    bande = f":::: {{.chiffres layout-ncol={colonnes}}}\n\n{_paragraphes(cases)}\n\n::::"
    return _paragraphes([bande, _notes(bloc.get("pied", []))])


def _figure(feuille: Feuille, bloc: Bloc) -> str:
    titre = f"**{echapper(bloc['titre'])}.** {echapper(bloc['sous_titre'])}"
    morceaux = [_encart("note", echapper(bloc["avis"]))] if bloc["avis"] else []
    if bloc["svg"]:
        morceaux.append(_dessin(feuille, bloc, titre))
    legende = f"Données de la figure. {echapper(bloc['titre'])}" if bloc["svg"] else titre
    morceaux += [
        _tableau_legende(feuille, bloc, legende, bloc["id"]),
        _notes((nom, bloc[cle]) for nom, cle in _NOTES),
    ]
    return _paragraphes(morceaux)


def _dessin(feuille: Feuille, bloc: Bloc, legende: str) -> str:
    if not (bloc["alt"] or "").strip():
        raise PublicationError(
            f"La figure « {bloc['id']} » n'a pas de texte de remplacement.",
            "Compléter la figure : Quarto refuserait le PDF accessible (PDF/UA).",
        )
    repere = feuille.ancrer("fig", bloc["id"])
    fichier = f"figures/{repere}.svg"
    feuille.dessins[fichier] = polices.dans_le_svg(bloc["svg"])
    return f'![{legende}]({fichier}){{#{repere} fig-alt="{attribut(bloc["alt"])}"}}'


def _methode(feuille: Feuille, bloc: Bloc) -> str:
    morceaux = [echapper(paragraphe) for paragraphe in bloc["paragraphes"]]
    if bloc["lignes"]:
        legende = "Sources : lignes lues, gardées, marquées, écartées"
        morceaux.append(_tableau_legende(feuille, bloc, legende, "sources"))
    signes = [f"**{echapper(signe)}** : {echapper(sens)}" for signe, sens in bloc["signes"]]
    return _division("methode", _paragraphes([*morceaux, _enumerer(signes)]), points=4)


def _tableau_legende(feuille: Feuille, bloc: Bloc, legende: str, nom: str) -> str:
    contenu = tableau(bloc["colonnes"], bloc["alignements"], bloc["lignes"])
    return f"{contenu}\n\n: {legende} {{#{feuille.ancrer('tbl', nom)}}}"


def _titre(feuille: Feuille, bloc: Bloc) -> str:
    return f"{'#' * bloc['niveau']} {echapper(bloc['texte'])} {{#{feuille.ancrer('partie', bloc['texte'])}}}"


def _texte(_: Feuille, bloc: Bloc) -> str:
    return _paragraphes(echapper(paragraphe) for paragraphe in bloc["paragraphes"])


def _liste(_: Feuille, bloc: Bloc) -> str:
    return _enumerer(echapper(element) for element in bloc["elements"])


def _avis(_: Feuille, bloc: Bloc) -> str:
    return _encart("note", echapper(bloc["texte"]))


def _notes(paires: Iterable[Iterable[str]]) -> str:
    phrases = [f"**{echapper(nom)} :** {echapper(texte)}" for nom, texte in paires if texte]
    return _division("notes", " ".join(phrases)) if phrases else ""


def _encart(genre: str, contenu: str) -> str:
    return f'::: {{.callout-{genre} appearance="simple"}}\n\n{contenu}\n\n:::'


def _division(classe: str, contenu: str, points: int = 3) -> str:
    bord = ":" * points
    return f"{bord} {{.{classe}}}\n\n{contenu}\n\n{bord}"


def _enumerer(elements: Iterable[str]) -> str:
    return "\n".join(f"- {element}" for element in elements if element)


def _paragraphes(morceaux: Iterable[str]) -> str:
    return "\n\n".join(morceau for morceau in morceaux if morceau)


_RENDUS: dict[str, Callable[[Feuille, Bloc], str]] = {
    "entete": _entete,
    "chiffres": _chiffres,
    "titre": _titre,
    "texte": _texte,
    "liste": _liste,
    "figure": _figure,
    "methode": _methode,
    "avis": _avis,
}
