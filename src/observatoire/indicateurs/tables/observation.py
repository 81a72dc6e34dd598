"""Ce que les indicateurs observent : leurs calculs, menés le moins de fois possible.

Une valeur et un effectif comptent des unités (voir `Etude.unite`), et ce que comptent des lignes sans unité
commune s'additionne. Une unité qui n'a qu'une maille, qu'un moment par période et qu'une modalité de chaque
axe se compte donc une fois, dans une cellule fine (maille × moment × axes) ; ses territoires, ses périodes et
ses ventilations en sont des sommes. Seules les unités mêlées (voir `melanges`), bien moins nombreuses, se
comptent territoire par territoire et ventilation par ventilation.

Écrire le calcul d'un indicateur en SQL coûte plus que lire une petite table : il l'est une fois, sur un
modèle vide de ses lignes.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from observatoire.indicateurs.tables import ETUDES, lecture
from observatoire.indicateurs.tables.lecture import Lecture

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import duckdb
    import pandas as pd

    from observatoire.indicateurs.registre import Indicateur

    Morceau = tuple[str, pd.DataFrame]

MESURES = ["valeur", "effectif", "employeurs", "premier"]
_CONTRIBUTEURS = ["employeurs", "premier"]
_PAR = ["territoire", "periode", "rang", "code"]
_PAR_MOMENT = ["territoire", "moment", "rang", "code"]


def observer(
    connexion: duckdb.DuckDBPyConnection, indicateurs: Iterable[Indicateur], parametres: Mapping[str, Any]
) -> Iterator[Morceau]:
    """Calcule des indicateurs dans la grille, par morceaux : voir `Observation.morceaux`."""
    for indicateur in indicateurs:
        recus = {nom: parametres[nom] for nom in indicateur.parametres}
        for morceau in Observation(connexion, indicateur, recus).morceaux():
            yield indicateur.nom, morceau


class Observation:
    """Un indicateur, et de quoi le calculer sur sa table d'étude."""

    def __init__(
        self, connexion: duckdb.DuckDBPyConnection, indicateur: Indicateur, parametres: Mapping[str, Any]
    ) -> None:
        self._connexion = connexion
        self._lecture = Lecture(connexion, indicateur)
        self._indicateur = indicateur
        self._etude = ETUDES[indicateur.table]
        self._modele = f"modele_{indicateur.table}"
        self._parametres = parametres
        lignes = self._lecture.ventiler(self._lecture.etude)
        connexion.execute(f"create temp table if not exists {self._modele} as from ({lignes}) limit 0")
        self._rendue = self._ecrire(_PAR)

    def morceaux(self) -> Iterator[pd.DataFrame]:
        """Rend des cellules partielles : leur somme est l'observation."""
        nombre = self._lecture.compter()
        if self._se_partage(nombre):
            for noms in lecture.familles(self._indicateur):
                yield from self._partager(noms)
        else:
            for noms in lecture.lots(self._indicateur, nombre):
                lignes = self._lecture.ventiler(self._lecture.etude, noms)
                yield self._lire(self._calculer(self._rendue, lignes, self._rendue.columns))

    def _se_partage(self, lignes: int) -> bool:
        """Dit si les cellules de l'indicateur s'additionnent, et si cela vaut la peine de les partager."""
        additives = self._etude.apports or not set(self._rendue.columns) & set(_CONTRIBUTEURS)
        utile = lignes >= lecture.LIGNES_A_PARTAGER
        return bool(self._etude.unite) and self._indicateur.absence_nulle and additives and utile

    def _partager(self, noms: Sequence[str]) -> Iterator[pd.DataFrame]:
        """Calcule des ventilations : les unités seules, puis les autres, puis les apports des employeurs."""
        contributeurs = [nom for nom in _CONTRIBUTEURS if nom in self._rendue.columns]
        comptes = [nom for nom in MESURES if nom in self._rendue.columns and nom not in contributeurs]
        cle = [*self._lecture.cle_fine(noms), "melange"]
        fines = self._calculer(self._ecrire(cle), self._lecture.seules(noms), [*cle, *comptes])
        for somme in self._lecture.sommer(fines, noms):
            yield self._lire(somme)
        for nom, melees in self._lecture.melees(noms):
            yield self._lire(self._melees(melees, nom, comptes))
        for lignes in self._lecture.apports(noms, self._etude.genre) if contributeurs else ():
            yield self._lire(self._calculer(self._rendue, lignes, [*_PAR, *contributeurs]))

    def _melees(self, melees: str, nom: str, comptes: Sequence[str]) -> str:
        """Rend la requête du compte d'unités mêlées, par moment quand il suffit."""
        lignes = self._lecture.ventiler(melees, [nom], self._lecture.temps)
        if self._lecture.temps == "periode":
            return self._calculer(self._rendue, lignes, [*_PAR, *comptes])
        return self._lecture.dater(self._calculer(self._par_moment, lignes, [*_PAR_MOMENT, *comptes]))

    @cached_property
    def _par_moment(self) -> duckdb.DuckDBPyRelation:
        return self._ecrire(_PAR_MOMENT)

    def _ecrire(self, par: Sequence[str]) -> duckdb.DuckDBPyRelation:
        """Écrit le calcul de l'indicateur sur un modèle vide de ses lignes, une fois pour toutes."""
        modele = self._connexion.table(self._modele)
        ecrit: duckdb.DuckDBPyRelation = self._indicateur.calcul(modele, list(par), **self._parametres)
        return ecrit

    def _calculer(self, ecrit: duckdb.DuckDBPyRelation, lignes: str, colonnes: Sequence[str]) -> str:
        """Rend la requête du calcul écrit, sur ces lignes à la place du modèle."""
        return f"""
            with {self._modele} as not materialized ({lignes})
            select {", ".join(colonnes)} from ({ecrit.sql_query()})
        """

    def _lire(self, requete: str) -> pd.DataFrame:
        return self._connexion.execute(requete).df()
