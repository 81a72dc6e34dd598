"""Ce que les indicateurs observent : leurs calculs, menés le moins de fois possible.

Une valeur et un effectif comptent des unités (voir `Etude.unite`). Ce que comptent des lignes sans unité
commune s'additionne : une unité d'une seule maille se compte par maille, une fois pour tous ses territoires.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from observatoire.indicateurs.registre import REGISTRE
from observatoire.indicateurs.tables import ETUDES
from observatoire.indicateurs.tables.lecture import (
    AJOUTEES,
    compter_lignes,
    lots,
    par_employeur,
    relation,
)
from observatoire.indicateurs.tables.lieux import d_une_maille
from observatoire.referentiel import ventilations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb
    import pandas as pd

    from observatoire.indicateurs.registre import Indicateur

MESURES = ["valeur", "effectif", "employeurs", "premier"]
_CONTRIBUTEURS = {"employeurs", "premier"}

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
        self._connexion = connexion
        self._indicateur = indicateur
        self._parametres = parametres
        self._etude = ETUDES[indicateur.table]

    def morceaux(self) -> Iterator[pd.DataFrame]:
        """Rend des cellules partielles, par maille ou par territoire : leur somme est l'observation."""
        lignes = compter_lignes(self._connexion, self._indicateur)
        for noms in lots(self._indicateur, lignes):
            yield from self._lot(noms)

    def _lot(self, noms: list[str]) -> Iterator[pd.DataFrame]:
        locale = any(ventilations()[nom].locale for nom in noms if nom in AJOUTEES)
        if locale or not self._indicateur.absence_nulle:
            yield self._calculer(noms).to_df()
        elif d_une_maille(self._indicateur, self._etude):
            yield self._calculer(noms, "maille").to_df()
        elif self._partagee():
            yield from self._partager(noms)
        else:
            yield self._calculer(noms).to_df()

    def _partager(self, noms: list[str]) -> Iterator[pd.DataFrame]:
        seules = self._calculer(noms, "maille", "e.seule")
        autres = self._calculer(noms, lignes="not e.seule")
        if not set(seules.columns) >= _CONTRIBUTEURS:
            yield seules.to_df()
            yield autres.to_df()
        elif self._etude.apports:
            for relation in (seules, autres):
                yield relation.select(*[nom for nom in relation.columns if nom not in _CONTRIBUTEURS]).to_df()
            for nom in noms:
                table = par_employeur(self._connexion, self._indicateur, nom)
                apports = self._indicateur.calcul(table, self._par("territoire"), **self._parametres)
                yield apports.select(*self._par("territoire"), *sorted(_CONTRIBUTEURS)).to_df()
        else:
            yield self._calculer(noms).to_df()

    def _partagee(self) -> bool:
        return "seule" in relation(self._connexion, self._indicateur).columns

    def _par(self, lieu: str) -> list[str]:
        return [lieu, "periode", "rang", "code"]

    def _calculer(
        self, noms: list[str], lieu: str = "territoire", lignes: str = "true"
    ) -> duckdb.DuckDBPyRelation:
        table = relation(self._connexion, self._indicateur, noms, lieu, lignes)
        rendue: duckdb.DuckDBPyRelation = self._indicateur.calcul(table, self._par(lieu), **self._parametres)
        return rendue
