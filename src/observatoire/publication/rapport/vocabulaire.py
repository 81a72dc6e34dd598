"""Les mots du rapport : ce qu'on dit de n'importe quel indicateur à partir de sa fiche du catalogue."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from observatoire.publication.cellules import NON_SIGNIFICATIF
from observatoire.publication.fiche.phrases import Sujet
from observatoire.publication.formats import SANS_OBJET, accorder, decimal, evolution, pct, points
from observatoire.publication.mots import dire_ecart, dire_evolution
from observatoire.referentiel import ventilations

if TYPE_CHECKING:
    from observatoire.publication.cellules import Cellule
    from observatoire.publication.fiche.contexte import Contexte

NOMS = {
    "h": ("heure", "heures"),
    "personnes": ("personne", "personnes"),
    "contrats": ("contrat", "contrats"),
    "marchés": ("marché", "marchés"),
    "lots": ("lot", "lots"),
    "structures": ("structure", "structures"),
    "entreprises": ("entreprise", "entreprises"),
    "jours": ("jour", "jours"),
    "€": ("euro", "euros"),
    "ETP": ("équivalent temps plein", "équivalents temps plein"),
    "mois": ("mois", "mois"),
}
GRANDEURS = {"h": "heures", "personnes": "personnes", "contrats": "contrats", "ETP": "heures"}
_DECIMALES = {"%": 1, "ETP": 1, "mois": 1}
_REPONSES = ("OUI", "NON")
_POINT_STABLE = Decimal("0.5")


def couleur(unite: str) -> str:
    """Rend la grandeur dont une unité prend la couleur."""
    return GRANDEURS.get(unite, "marches")


def ecrire(cellule: Cellule, unite: str) -> str:
    """Rend une valeur comme elle s'imprime : une décimale aux parts et aux ETP, l'unité aux seules parts."""
    return pct(cellule) if unite == "%" else decimal(cellule, _DECIMALES.get(unite, 0))


def dire(cellule: Cellule, unite: str) -> str:
    """Rend une valeur et son nom : « 1 200 heures », « 45,2 % »."""
    if unite in ("%", "ETP", "mois"):
        ecrite = ecrire(cellule, unite)
        return ecrite if unite == "%" or cellule.nombre is None else f"{ecrite} {NOMS[unite][1]}"
    return accorder(cellule, *NOMS[unite])


def sujet(contexte: Contexte, indicateur: str, ventilation: str) -> Sujet:
    """Rend les mots d'une répartition quelconque, tirés du catalogue."""
    libelle, unite = contexte.decrire(indicateur, "libelle"), contexte.decrire(indicateur, "unite")
    colonne = ventilations()[ventilation].libelle
    noms = NOMS[unite]
    nommees = {
        code: f"{colonne}, {minuscule(texte)}" if code in _REPONSES else texte  # « Non » ne dit pas de quoi
        for code, texte in ventilations()[ventilation].libelles.items()
    }
    return Sujet(
        id=f"{indicateur}-{ventilation}".replace("_", "-"),
        indicateur=indicateur,
        ventilation=ventilation,
        couleur=couleur(unite),
        colonne=colonne,
        effectif=noms[1].capitalize(),
        noms=noms,
        titre=f"{libelle} : {minuscule(colonne)}",
        sous_titre=f"{libelle}, {minuscule(colonne)}, {{ou}}, {{quand}} ; ensemble : {{ensemble}}",
        lecture="{pendant}, « {modalite} » compte {effectif}, soit {part} {base}.",
        constats={code: f"{texte} : {{part}} des {minuscule(libelle)}" for code, texte in nommees.items()},
    )


def minuscule(texte: str) -> str:
    """Rend un libellé au milieu d'une phrase.

    >>> minuscule("Type de marché"), minuscule("QPV")
    ('type de marché', 'QPV')
    """
    return texte if texte[:2].isupper() else texte[:1].lower() + texte[1:]


def evoluer(contexte: Contexte, indicateur: str) -> str:
    """Rend l'évolution sur un an telle qu'un tableau l'écrit : en %, ou en points pour une part."""
    cellule = contexte.comparer(indicateur)
    if cellule.nombre is None:
        return SANS_OBJET if cellule.statut != NON_SIGNIFICATIF else "n.s."
    if contexte.en_points(indicateur):
        return points(cellule)
    return evolution(cellule)


def raconter(contexte: Contexte, indicateur: str) -> str:
    """Rend l'évolution sur un an en mots ; vide si elle ne se dit pas.

    Sous le bruit, elle n'a pas de sens : « quasi stable », « comme un an plus tôt ».
    """
    cellule = contexte.comparer(indicateur)
    if cellule.nombre is None:
        return ""
    if not contexte.en_points(indicateur):
        return f"{dire_evolution(cellule)} en un an"
    return f"{dire_ecart(cellule, 'un an plus tôt', bruit=_POINT_STABLE)}"


def entete(unite: str) -> str:
    """Rend le titre d'une colonne de valeurs : « Heures », « Part »."""
    return "Part" if unite == "%" else NOMS[unite][1].capitalize()
