"""Les annexes du rapport : définitions, glossaire, listes de codes, règles, secret, révisions, sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.magasin import Magasin
from observatoire.perimetre import NIVEAUX, Territoire
from observatoire.publication import methode as note
from observatoire.publication.blocs import Avis, Definitions, Entree, Methode, Tableau, TableauSeul, Texte
from observatoire.publication.cellules import PUBLIE, SECRET, Cellule, part
from observatoire.publication.fiche.methode import boite
from observatoire.publication.formats import decimal, ecart, entier, pct
from observatoire.referentiel import lire_liste, ventilations
from observatoire.referentiel import nomenclature as liste_de_codes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from observatoire.config import Config
    from observatoire.publication.fiche.contexte import Contexte

REFERENTIEL = "Référentiel de l’observatoire"
_SANS_EXCEPTION = "Le plan ne retire aucune tranche."
_SANS_REVISION = "Aucun total diffusé n’a été révisé."


def definitions(config: Config) -> Definitions:
    """Rend les indicateurs et les rapports du catalogue, tels que le code les documente."""
    composee = note.composer(Magasin(config.processed).lire("indicateurs/catalogue"), config)
    entrees = [_definir(fiche) for fiche in (*composee.indicateurs, *composee.rapports)]
    return Definitions("Définitions des indicateurs", entrees)


def _definir(fiche: note.NoteIndicateur) -> Entree:
    precisions = [
        *([nom, texte] for nom, texte in fiche.formule),
        ["Champ", fiche.champ],
        ["Géographie", fiche.geographie],
        ["Source", fiche.source],
    ]
    texte = " ".join((fiche.definition, *fiche.paragraphes))
    return Entree(f"{fiche.libelle} ({fiche.unite})", texte, precisions)


def glossaire() -> Definitions:
    """Rend les sigles et les mots du rapport, dans l'ordre alphabétique."""
    mots = sorted(lire_liste("glossaire"), key=lambda mot: mot["terme"].casefold())
    return Definitions("Glossaire", [Entree(mot["terme"], mot["definition"]) for mot in mots])


def nomenclature(ventilation: str) -> TableauSeul:
    """Rend les modalités d'une ventilation : ce qui se publie, et ce que chacune réunit."""
    declaree = next(v for v in lire_liste("ventilations") if v["ventilation"] == ventilation)
    publiees = ventilations()[ventilation]
    lignes = [
        [publiees.libelles[publiees.vers_publiee[code]], modalite.libelle, modalite.reference or "–"]
        for code, modalite in liste_de_codes(declaree["liste"]).items()
        if code in publiees.vers_publiee and publiees.vers_publiee[code] in publiees.libelles
    ]
    return TableauSeul(
        id=f"codes-{ventilation}".replace("_", "-"),
        titre=publiees.libelle,
        sous_titre="Modalité publiée, ce qu’elle réunit, référence",
        tableau=Tableau(["Publié", "Réunit", "Référence"], lignes, textes=True),
        source=REFERENTIEL,
    )


def regimes() -> TableauSeul:
    """Rend les régimes de la commande publique, à la date d'engagement de la consultation."""
    lignes = [
        [
            regime.libelle,
            _mois(regime.valide_du),
            _mois(regime.valide_au) if regime.valide_au else "en vigueur",
            regime.reference,
        ]
        for regime in liste_de_codes("regimes").values()
    ]
    return TableauSeul(
        id="regimes",
        titre="Régimes juridiques de la commande publique",
        sous_titre="Selon la date d’engagement de la consultation",
        tableau=Tableau(["Régime", "Depuis", "Jusqu’au", "Texte"], lignes, textes=True),
        source=REFERENTIEL,
    )


def _mois(date: str) -> str:
    annee, mois, jour = date.split("-")
    return f"{jour}/{mois}/{annee}"


def regles(config: Config) -> TableauSeul:
    """Rend les règles datées du secret et des comparaisons."""
    composee = note.composer(Magasin(config.processed).lire("indicateurs/catalogue"), config)
    lignes = [
        [regle.enonce, regle.valeur, regle.depuis, regle.reference]
        for regle in (*composee.secret, *composee.comparaisons)
    ]
    return TableauSeul(
        id="regles",
        titre="Règles du secret et des comparaisons",
        sous_titre="Valeur, date d’effet, référence",
        tableau=Tableau(["Règle", "Valeur", "Depuis", "Référence"], lignes, textes=True),
        source="Paramètres de l’observatoire",
    )


def plan_de_publication(config: Config) -> TableauSeul:
    """Rend ce qui est publié des indicateurs qui reposent sur des personnes."""
    composee = note.composer(Magasin(config.processed).lire("indicateurs/catalogue"), config)
    return TableauSeul(
        id="plan",
        titre="Plan de publication",
        sous_titre="Indicateurs qui reposent sur des personnes, par niveau et par rythme",
        tableau=Tableau(
            ["Niveau", *note.RYTHMES.values()],
            [[niveau, *tranches] for niveau, tranches in composee.plan],
            textes=True,
        ),
        source="Plan de publication de l’observatoire",
    )


def exceptions(config: Config) -> Texte:
    """Rend ce que le plan ne publie pas, une phrase par niveau et par rythme."""
    composee = note.composer(Magasin(config.processed).lire("indicateurs/catalogue"), config)
    return Texte(list(composee.exceptions) or [_SANS_EXCEPTION])


def secret(contextes: Sequence[Contexte]) -> TableauSeul | Avis:
    """Rend ce que le secret cache de l'année, par niveau : des comptes de valeurs, jamais lesquelles."""
    lignes = []
    for niveau, nom in NIVEAUX.items():
        vus = [c for c in contextes if c.territoire.niveau == niveau]
        total = sum(c.cellules.compter(c.territoire, c.periode, PUBLIE, SECRET) for c in vus)
        cachees = sum(c.cellules.compter(c.territoire, c.periode, SECRET) for c in vus)
        if total:
            taux = part(Cellule.de(cachees), Cellule.de(total))
            lignes.append([nom, entier(total), entier(cachees), pct(taux)])
    if not lignes:
        return Avis("Aucune valeur n’est publiée pour cette année.")
    return TableauSeul(
        id="secret",
        titre="Valeurs couvertes par le secret statistique",
        sous_titre=f"Valeurs de l’année {contextes[0].quand}, tous indicateurs et ventilations",
        tableau=Tableau(["Niveau", "Valeurs", "Couvertes", "Part"], lignes),
        source="Indicateurs de l’observatoire",
    )


def revisions(config: Config) -> TableauSeul | Avis:
    """Rend les totaux dont une édition a changé la valeur."""
    magasin = Magasin(config.processed)
    table = magasin.lire("indicateurs/revisions")
    libelles = magasin.lire("indicateurs/catalogue").set_index("indicateur")["libelle"]
    if table.empty:
        return Avis(_SANS_REVISION)
    lignes = [
        [
            str(libelles.get(ligne["indicateur"], ligne["indicateur"])),
            Territoire.lire(ligne["territoire"]).nom,
            str(ligne["periode"]),
            decimal(ligne["ancienne"]),
            decimal(ligne["nouvelle"]),
            ecart(ligne["ecart"]),
            str(ligne["edition"]),
            _non_reparties(str(ligne["non_reparties"])),
        ]
        for ligne in table.to_dict("records")
    ]
    return TableauSeul(
        id="revisions",
        titre="Totaux révisés depuis leur première diffusion",
        sous_titre="Ancienne et nouvelle valeurs, écart, édition",
        tableau=Tableau(
            [
                "Indicateur",
                "Territoire",
                "Période",
                "Ancienne",
                "Nouvelle",
                "Écart",
                "Édition",
                "Saisies tardives non réparties par",
            ],
            lignes,
        ),
        source="Registre des diffusions de l’observatoire",
    )


def _non_reparties(codes: str) -> str:
    """Ce que la révision laisse tel quel, en mots : la somme du détail ne fait plus le total.

    >>> _non_reparties("dep|ept"), _non_reparties("")
    ('département, territoire', '—')
    """
    noms = [
        NIVEAUX[code].lower() if code in NIVEAUX else ventilations()[code].libelle.lower()
        for code in codes.split("|")
        if code
    ]
    return ", ".join(noms) or "—"


def methode(contexte: Contexte) -> Methode:
    """Rend la boîte de méthode et de qualité de la région."""
    return boite(contexte)
