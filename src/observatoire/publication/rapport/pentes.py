"""Deux années comparées entre territoires : une pente par territoire, la région en repère."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.publication.blocs import Avis, Figure, Tableau
from observatoire.publication.cellules import NON_SIGNIFICATIF, Cellule, somme
from observatoire.publication.charte import COULEURS, REPERE
from observatoire.publication.fiche.ventilees import joindre
from observatoire.publication.formats import SIGNES, entier
from observatoire.publication.pentes import Pente, dessiner_pentes
from observatoire.publication.rapport import vocabulaire
from observatoire.publication.rapport.territoires import comparer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from observatoire.perimetre import Periode
    from observatoire.publication.fiche.contexte import Contexte

TITRE = "{libelle}, en un an : de {bas} ({ou_bas}) à {haut} ({ou_haut})"
TITRE_SEUL = "{libelle}, en un an : {ecart} {ou}"
SOUS_TITRE = "{libelle}, {avant} et {apres}"
LECTURE = "{territoire} passe de {valeur_avant} en {avant} à {valeur_apres} en {apres}."
NOTE = "L’échelle ne part pas de zéro."
NOTE_BASE = "Base : les personnes que compte le dénominateur de la part."
NOTE_SANS_TRAIT = "Points sans trait : évolution non significative."
_PERSONNES = "personnes"


@dataclass(frozen=True, slots=True)
class Evolution:
    """Un territoire à deux dates : ses valeurs, leur écart s'il se dit, les personnes de chaque base.

    `bases` est vide si ce qui est au dénominateur ne se compte pas en personnes.
    """

    contexte: Contexte
    avant: Cellule
    apres: Cellule
    ecart: Cellule
    bases: tuple[Cellule, ...]

    @property
    def se_dit(self) -> bool:
        """Vrai si l'évolution est publiée et que ses deux bases suffisent."""
        minimum = self.contexte.parametre("base_minimale_evolution")
        assez = all(base.nombre is not None and base.nombre >= minimum for base in self.bases)
        return self.ecart.nombre is not None and assez


def pentes(contextes: Sequence[Contexte], region: Contexte, indicateurs: Sequence[str]) -> Figure | Avis:
    """Rend les pentes du premier indicateur d'un an à l'autre ; les autres sont au tableau.

    La région est le repère d'une part ; un nombre ne s'y compare pas, elle n'est alors qu'au tableau.
    Si aucune évolution ne se dit, la figure est celle d'une seule année : des barres.
    """
    premier = indicateurs[0]
    lignes = [_evolution(contexte, premier) for contexte in (*contextes, region)]
    dites = sorted((x for x in lignes[:-1] if x.se_dit), key=lambda x: x.ecart.nombre or 0)
    if not dites:
        return comparer(contextes, indicateurs)
    libelle, unite = region.decrire(premier, "libelle"), region.decrire(premier, "unite")
    annees = (str(region.periode.an_precedent), str(region.periode))
    return Figure(
        id=f"pentes-{contextes[0].territoire.niveau}-{premier}".replace("_", "-"),
        titre=_titre(libelle, premier, dites),
        sous_titre=SOUS_TITRE.format(libelle=libelle, avant=annees[0], apres=annees[1]),
        alt=_alt(libelle, dites, unite),
        tableau=_tableau(lignes, indicateurs, annees),
        lecture=_lire(dites[-1], annees, unite),
        champ=region.champ(premier),
        source=region.decrire(premier, "source"),
        svg=dessiner_pentes([_pente(x, unite) for x in (lignes if unite == "%" else lignes[:-1])], annees),
        note=_note(lignes),
    )


def _evolution(contexte: Contexte, indicateur: str) -> Evolution:
    periodes = (contexte.periode.an_precedent, contexte.periode)
    avant, apres = (contexte.lire(indicateur, periode=periode) for periode in periodes)
    bases = tuple(_bases(contexte, indicateur, periodes))
    return Evolution(contexte, avant, apres, contexte.comparer(indicateur), bases)


def _bases(contexte: Contexte, indicateur: str, periodes: Sequence[Periode]) -> list[Cellule]:
    """Les personnes du dénominateur à chaque période ; rien si ce ne sont pas des personnes."""
    nom, _, tranche = contexte.decrire(indicateur, "denominateur").partition(".")
    if nom not in contexte.catalogue or contexte.decrire(nom, "unite") != _PERSONNES:
        return []
    ventilation, _, codes = tranche.partition("=")
    cles = [(ventilation, code) for code in codes.split("|")] if tranche else [()]
    return [somme(*(contexte.lire(nom, *cle, periode=periode) for cle in cles)) for periode in periodes]


def _titre(libelle: str, indicateur: str, dites: Sequence[Evolution]) -> str:
    """L'étendue des évolutions qui se disent."""
    bas, haut = dites[0].contexte, dites[-1].contexte
    ecarts = [vocabulaire.evoluer(contexte, indicateur) for contexte in (bas, haut)]
    if ecarts[0] == ecarts[1]:
        return TITRE_SEUL.format(libelle=libelle, ecart=ecarts[1], ou=haut.ou)
    noms = {"ou_bas": bas.territoire.nom, "ou_haut": haut.territoire.nom}
    return TITRE.format(libelle=libelle, bas=ecarts[0], haut=ecarts[1], **noms)


def _lire(ligne: Evolution, annees: tuple[str, str], unite: str) -> str:
    return LECTURE.format(
        territoire=ligne.contexte.territoire.nom_long,
        valeur_avant=vocabulaire.dire(ligne.avant, unite),
        avant=annees[0],
        valeur_apres=vocabulaire.dire(ligne.apres, unite),
        apres=annees[1],
    )


def _alt(libelle: str, dites: Sequence[Evolution], unite: str) -> str:
    passages = [
        f"{x.contexte.territoire.nom}, de {vocabulaire.ecrire(x.avant, unite)} "
        f"à {vocabulaire.ecrire(x.apres, unite)}"
        for x in dites[:4]
    ]
    return f"Pentes, {libelle}. {' ; '.join(passages)}. Toutes les valeurs sont dans le tableau."


def _tableau(lignes: Sequence[Evolution], indicateurs: Sequence[str], annees: tuple[str, str]) -> Tableau:
    """Les deux valeurs, leur évolution, leurs bases, puis les autres indicateurs à la seconde date."""
    premier, *autres = indicateurs
    decrire = lignes[-1].contexte.decrire
    avec_bases = bool(lignes[-1].bases)
    bases = [f"Base {annee}" for annee in annees] if avec_bases else []
    return Tableau(
        ["Territoire", *annees, "Évolution", *bases, *(decrire(nom, "libelle") for nom in autres)],
        [
            [
                ligne.contexte.territoire.nom_long,
                *(vocabulaire.ecrire(c, decrire(premier, "unite")) for c in (ligne.avant, ligne.apres)),
                _evoluer(ligne, premier),
                *map(entier, ligne.bases),
                *(vocabulaire.ecrire(ligne.contexte.lire(nom), decrire(nom, "unite")) for nom in autres),
            ]
            for ligne in lignes
        ],
    )


def _evoluer(ligne: Evolution, indicateur: str) -> str:
    if ligne.ecart.nombre is not None and not ligne.se_dit:
        return SIGNES[NON_SIGNIFICATIF]
    return vocabulaire.evoluer(ligne.contexte, indicateur)


def _pente(ligne: Evolution, unite: str) -> Pente:
    region = ligne.contexte.est_region
    return Pente(
        ligne.contexte.territoire.nom,
        (ligne.avant.reel, ligne.apres.reel),
        (vocabulaire.ecrire(ligne.avant, unite), vocabulaire.ecrire(ligne.apres, unite)),
        REPERE if region else COULEURS[vocabulaire.couleur(unite)],
        liee=ligne.se_dit,
        repere=region,
    )


def _note(lignes: Sequence[Evolution]) -> str:
    seules = [x for x in lignes if x.avant.nombre is not None and x.apres.nombre is not None and not x.se_dit]
    return joindre(
        NOTE,
        NOTE_BASE if lignes[-1].bases else "",
        NOTE_SANS_TRAIT if seules else "",
    )
