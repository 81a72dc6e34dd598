"""Une grandeur répartie entre des modalités : effectifs, parts, non-renseigné, dans l'ordre de lecture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from observatoire.publication.cellules import (
    ABSENTE,
    NON_DISPONIBLE,
    NON_SIGNIFICATIVE,
    Cellule,
    Cellules,
    difference,
    part,
    somme,
)
from observatoire.referentiel import NON_RENSEIGNE, ventilations

if TYPE_CHECKING:
    from observatoire.perimetre import Periode, Territoire

_AUTRES = ("AUTRE", "AUTRES")
LIGNES_MAXIMUM = 8


@dataclass(frozen=True, slots=True)
class Ligne:
    """Une modalité, ou plusieurs réunies : leur effectif et leur part parmi le renseigné, en %."""

    codes: tuple[str, ...]
    libelle: str
    effectif: Cellule
    part: Cellule

    @property
    def non_renseigne(self) -> bool:
        """Vrai pour la ligne du non-renseigné."""
        return self.codes == (NON_RENSEIGNE,)

    @property
    def reste(self) -> bool:
        """Vrai pour ce qui ne se commente pas : autres modalités, non-renseigné."""
        return self.codes[0] in (*_AUTRES, NON_RENSEIGNE) or len(self.codes) > 1


@dataclass(frozen=True, slots=True)
class Repartition:
    """Les modalités d'un indicateur, pour un territoire et une période.

    Les parts excluent le non-renseigné (R7) ; `taux_nr` est sa part dans l'ensemble ; au-delà du
    seuil de retrait (`trop_de_nr`), aucune part n'est significative. Quand l'effectif non
    renseigné est secret, les parts portent sur l'ensemble : les calculer sur le renseigné le
    révélerait.
    """

    lignes: tuple[Ligne, ...]
    ensemble: Cellule
    renseigne: Cellule
    taux_nr: Cellule
    trop_de_nr: bool

    def effectif(self, *codes: str) -> Cellule:
        """Rend l'effectif d'une modalité, ou de plusieurs réunies."""
        return somme(*(ligne.effectif for ligne in self.lignes if ligne.codes[0] in codes))

    def reunir(self, *codes: str, libelle: str) -> Ligne:
        """Rend une seule ligne pour plusieurs modalités ; une seule secrète suffit à la rendre secrète."""
        effectif = self.effectif(*codes)
        return Ligne(codes, libelle, effectif, _part(effectif, self.renseigne, self.trop_de_nr, codes))

    @property
    def vide(self) -> bool:
        """Vrai si aucune cellule n'existe, pas même secrète."""
        cellules = [self.ensemble, *(ligne.effectif for ligne in self.lignes)]
        return all(cellule.statut == NON_DISPONIBLE for cellule in cellules)

    @property
    def en_tete(self) -> Ligne | None:
        """La modalité publiée la plus fréquente, s'il y en a une qui ne soit ni nulle ni un reste."""
        for ligne in self.lignes:
            if not ligne.reste and ligne.part.nombre:
                return ligne
        return None


def repartir(
    cellules: Cellules,
    indicateur: str,
    ventilation: str,
    territoire: Territoire,
    periode: Periode,
    *,
    retrait_nr: float,
) -> Repartition:
    """Rend la répartition d'un indicateur, la plus grande modalité d'abord, les restes à la fin.

    Une modalité que la région n'a jamais observée n'est pas dans les valeurs publiées : elle n'a pas de
    ligne, sauf si la période elle-même n'en a aucune.

    Args:
        cellules: les valeurs publiées.
        indicateur: son identifiant.
        ventilation: une clé de `referentiel.ventilations()`.
        territoire: le territoire.
        periode: la période.
        retrait_nr: taux de non-renseigné (%) au-delà duquel aucune part n'est significative.
    """
    libelles = ventilations()[ventilation].libelles
    lues = {
        code: cellules.lire(indicateur, ventilation, code, territoire=territoire, periode=periode)
        for code in libelles
    }
    lues = {code: cellule for code, cellule in lues.items() if cellule is not ABSENTE} or lues
    ensemble = cellules.lire(indicateur, territoire=territoire, periode=periode)
    non_renseigne = lues.get(NON_RENSEIGNE, ABSENTE)
    renseigne = difference(ensemble, non_renseigne) if non_renseigne.nombre is not None else ensemble
    taux = part(non_renseigne, ensemble)
    trop = taux.nombre is not None and taux.nombre > retrait_nr
    lignes = [
        Ligne((code,), libelles[code], cellule, _part(cellule, renseigne, trop, (code,)))
        for code, cellule in lues.items()
    ]
    return Repartition(tuple(sorted(lignes, key=_rang)), ensemble, renseigne, taux, trop)


def _part(cellule: Cellule, renseigne: Cellule, trop: bool, codes: tuple[str, ...]) -> Cellule:
    if codes == (NON_RENSEIGNE,):
        return ABSENTE
    calculee = part(cellule, renseigne)
    return NON_SIGNIFICATIVE if trop and calculee.nombre is not None else calculee


def _rang(ligne: Ligne) -> tuple[bool, bool, bool, float]:
    """Les publiées de la plus grande à la plus petite, les autres, les restes, le non-renseigné."""
    effectif = ligne.effectif.reel
    return ligne.non_renseigne, ligne.reste, effectif is None, -(effectif or 0.0)


def abreger(repartition: Repartition, libelle: str) -> Repartition:
    """Rend au plus huit lignes : les dernières modalités se réunissent sous `libelle`."""
    if len(repartition.lignes) <= LIGNES_MAXIMUM:
        return repartition
    fin = tuple(ligne for ligne in repartition.lignes if ligne.non_renseigne)
    gardees = [ligne for ligne in repartition.lignes if not ligne.reste][: LIGNES_MAXIMUM - 1 - len(fin)]
    fondues = [ligne for ligne in repartition.lignes if ligne not in (*gardees, *fin)]
    autres = repartition.reunir(*(ligne.codes[0] for ligne in fondues), libelle=libelle)
    return replace(repartition, lignes=(*gardees, autres, *fin))
