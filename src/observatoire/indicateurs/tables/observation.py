"""Ce que les indicateurs observent : leurs calculs, menés le moins de fois possible.

Une valeur et un effectif comptent des unités (voir `Etude.unite`), et ce que comptent des lignes sans unité
commune s'additionne. Une unité qui n'a, dans une période, qu'une maille et qu'une modalité de chaque axe se
compte donc une fois, dans une cellule fine (maille × axes) ; ses territoires et ses ventilations en sont des
sommes. Seules les autres unités, bien moins nombreuses, se comptent territoire par territoire et ventilation
par ventilation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from observatoire.indicateurs.registre import REGISTRE
from observatoire.indicateurs.tables import ETUDES, lecture
from observatoire.indicateurs.tables.lecture import Lecture
from observatoire.referentiel import ENSEMBLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb
    import pandas as pd

    from observatoire.indicateurs.registre import Indicateur

MESURES = ["valeur", "effectif", "employeurs", "premier"]
_CONTRIBUTEURS = ["employeurs", "premier"]
_PAR = ["territoire", "periode", "rang", "code"]

if TYPE_CHECKING:
    Morceau = tuple[str, pd.DataFrame]


def observer(connexion: duckdb.DuckDBPyConnection, parametres: Mapping[str, Any]) -> Iterator[Morceau]:
    """Calcule chaque indicateur dans la grille, par morceaux : voir `Observation.morceaux`."""
    for indicateur in REGISTRE.values():
        recus = {nom: parametres[nom] for nom in indicateur.parametres}
        for morceau in Observation(connexion, indicateur, recus).morceaux():
            yield indicateur.nom, morceau


class Observation:
    """Un indicateur, et de quoi le calculer sur sa table d'étude."""

    def __init__(
        self, connexion: duckdb.DuckDBPyConnection, indicateur: Indicateur, parametres: Mapping[str, Any]
    ) -> None:
        self._lecture = Lecture(connexion, indicateur)
        self._indicateur = indicateur
        self._parametres = parametres
        self._etude = ETUDES[indicateur.table]

    def morceaux(self) -> Iterator[pd.DataFrame]:
        """Rend des cellules partielles : leur somme est l'observation."""
        lignes = self._lecture.compter(self._lecture.etude)
        if self._se_partage(lignes):
            for noms in lecture.familles(self._indicateur):
                yield from self._partager(noms)
        else:
            for noms in lecture.lots(self._indicateur, lignes):
                yield self._observer(self._lecture.etude, noms).to_df()

    def _se_partage(self, lignes: int) -> bool:
        """Dit si les cellules de l'indicateur s'additionnent, et si cela vaut la peine de les partager."""
        rendues = self._observer(self._lecture.etude, [ENSEMBLE]).columns
        additives = self._etude.apports or not set(rendues) & set(_CONTRIBUTEURS)
        utile = lignes >= lecture.LIGNES_A_PARTAGER
        return bool(self._etude.unite) and self._indicateur.absence_nulle and additives and utile

    def _partager(self, noms: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Calcule des ventilations : les unités seules, puis les autres, puis les apports des employeurs."""
        seules, autres = self._lecture.partager(self._etude.unite, noms)
        fines = self._calculer(seules, self._lecture.cle_fine(noms))
        contributeurs = [nom for nom in _CONTRIBUTEURS if nom in fines.columns]
        comptes = [nom for nom in fines.columns if nom not in contributeurs]
        for somme in self._lecture.sommer(fines.select(*comptes), noms):
            yield somme.to_df()
        if self._lecture.compter(autres):
            for nom in noms:
                yield self._observer(autres, [nom]).select(*_PAR, *_mesures(comptes)).to_df()
        for table in self._lecture.apports(noms) if contributeurs else ():
            yield self._calculer(table, _PAR).select(*_PAR, *contributeurs).to_df()

    def _observer(self, table: str, noms: Sequence[str]) -> duckdb.DuckDBPyRelation:
        return self._calculer(self._lecture.ventiler(table, noms), _PAR)

    def _calculer(self, table: duckdb.DuckDBPyRelation, par: list[str]) -> duckdb.DuckDBPyRelation:
        rendue: duckdb.DuckDBPyRelation = self._indicateur.calcul(table, par, **self._parametres)
        return rendue


def _mesures(colonnes: Sequence[str]) -> list[str]:
    return [nom for nom in MESURES if nom in colonnes]
