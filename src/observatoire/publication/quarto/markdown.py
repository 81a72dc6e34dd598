"""Les blocs d'un document en Markdown de Pandoc : figures et tableaux numérotés, rien d'exécutable."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, Any

from observatoire.erreurs import PublicationError
from observatoire.publication import polices
from observatoire.publication.deroule import RENVOI
from observatoire.publication.quarto.echappement import ancre, attribut, echapper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from observatoire.publication.deroule import Bloc

_NOTES = (("Note", "note"), ("Lecture", "lecture"), ("Champ", "champ"), ("Source", "source"))
_FICTIF = "**Données fictives**"
_NOMS = {"fig": "figure", "tbl": "tableau", "sec": "partie"}
_LARGEUR = 96  # tirets d'une ligne de tableau, partagés entre ses colonnes
_COLONNE = (12, 40)  # la plus étroite et la plus large, en caractères, marge comprise
_MARGE = 4


@dataclass
class Feuille:
    """Le Markdown d'un document.

    `dessins` va du nom de fichier au SVG ; `ancres` les garde uniques ; `renvois` va de ce qu'un texte vise
    à l'ancre qui le porte, dans ce document ou un autre.
    """

    nom: str
    renvois: Mapping[str, str] = field(default_factory=dict)
    dessins: dict[str, str] = field(default_factory=dict)
    ancres: set[str] = field(default_factory=set)

    def rendre(self, bloc: Bloc) -> str:
        """Rend un bloc, précédé et suivi d'une ligne vide : Quarto accole les sorties telles quelles."""
        corps = _RENDUS[bloc["genre"]](self, bloc)
        return f"\n{corps}\n"

    def avertir(self) -> str:
        """Rend l'avertissement d'une page dont les données sont fictives."""
        return f"\n{_encart('warning', _FICTIF)}\n"

    def ecrire(self, texte: str) -> str:
        """Rend un texte échappé, ses renvois remplacés par ceux de Quarto, qui écrit leur numéro."""
        return RENVOI.sub(lambda trouve: self._renvoyer(unescape(trouve[1])), echapper(texte))

    def _renvoyer(self, cible: str) -> str:
        if cible not in self.renvois:
            raise PublicationError(
                f"{self.nom} renvoie à « {cible} », qui n'est pas dans les documents.",
                "Écrire l'identifiant d'une figure, d'un tableau ou d'une partie.",
            )
        repere = self.renvois[cible]
        return f"{_NOMS[repere[:3]]}\u00a0[-@{repere}]"

    def ancrer(self, genre: str, texte: str) -> str:
        """Rend une ancre que nul autre document du projet ne porte."""
        voulue = repere(genre, self.nom, texte)
        libre, rang = voulue, 2
        while libre in self.ancres:
            libre, rang = f"{voulue}-{rang}", rang + 1
        self.ancres.add(libre)
        return libre


def repere(genre: str, nom: str, texte: str) -> str:
    """Rend l'ancre d'une figure, d'un tableau ou d'une partie : celle que Quarto numérote (`fig-…`)."""
    return f"{genre}-{nom}-{ancre(texte)}"


def genre_du_repere(bloc: Bloc) -> str:
    """Rend le genre de l'ancre d'un bloc, vide sans ancre ; une figure sans dessin est un tableau."""
    if bloc["genre"] == "figure":
        return "fig" if bloc["svg"] else "tbl"
    return {"tableau": "tbl", "titre": "sec"}.get(bloc["genre"], "")


def tableau(colonnes: list[str], alignements: list[str], lignes: list[list[str]]) -> str:
    """Rend un tableau à barres ; ses tirets donnent à Pandoc la largeur relative des colonnes."""
    utiles = [max(map(len, textes)) + _MARGE for textes in zip(colonnes, *lignes, strict=True)]
    largeurs = [min(max(_COLONNE[0], utile), _COLONNE[1]) for utile in utiles]
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
    fictif = _encart("warning", _FICTIF) if bloc["fictif"] else ""
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
    titre = _legende(bloc)
    morceaux = [_encart("note", echapper(bloc["avis"]))] if bloc["avis"] else []
    if bloc["svg"]:
        morceaux.append(_dessin(feuille, bloc, titre))
        morceaux.append(tableau(bloc["colonnes"], bloc["alignements"], bloc["lignes"]))
    else:
        morceaux.append(_tableau_legende(feuille, bloc, titre, bloc["id"]))
    return _paragraphes([*morceaux, _notes((nom, bloc[cle]) for nom, cle in _NOTES)])


def _tableau_seul(feuille: Feuille, bloc: Bloc) -> str:
    contenu = _tableau_legende(feuille, bloc, _legende(bloc), bloc["id"])
    return _paragraphes([contenu, _notes((nom, bloc[cle]) for nom, cle in _NOTES)])


def _legende(bloc: Bloc) -> str:
    return f"**{echapper(bloc['titre'])}.** {echapper(bloc['sous_titre'])}".rstrip()


def _definitions(_: Feuille, bloc: Bloc) -> str:
    return _division("definitions", _paragraphes(_definir(entree) for entree in bloc["entrees"]))


def _definir(entree: dict[str, Any]) -> str:
    precisions = [f"**{echapper(nom)} :** {echapper(texte)}" for nom, texte in entree["precisions"] if texte]
    return "\\\n".join([f"**{echapper(entree['terme'])} :** {echapper(entree['definition'])}", *precisions])


def _dessin(feuille: Feuille, bloc: Bloc, legende: str) -> str:
    if not (bloc["alt"] or "").strip():
        raise PublicationError(
            f"La figure « {bloc['id']} » n'a pas de texte de remplacement.",
            "Compléter la figure : Quarto refuserait le PDF accessible (PDF/UA).",
        )
    nom = feuille.ancrer("fig", bloc["id"])
    fichier = f"figures/{nom}.svg"
    feuille.dessins[fichier] = polices.dans_le_svg(bloc["svg"])
    return f'![{legende}]({fichier}){{#{nom} fig-alt="{attribut(bloc["alt"])}"}}'


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
    return f"{'#' * bloc['niveau']} {echapper(bloc['texte'])} {{#{feuille.ancrer('sec', bloc['texte'])}}}"


def _texte(feuille: Feuille, bloc: Bloc) -> str:
    return _paragraphes(feuille.ecrire(paragraphe) for paragraphe in bloc["paragraphes"])


def _liste(feuille: Feuille, bloc: Bloc) -> str:
    return _enumerer(feuille.ecrire(element) for element in bloc["elements"])


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
    "tableau": _tableau_seul,
    "definitions": _definitions,
    "methode": _methode,
    "avis": _avis,
}
