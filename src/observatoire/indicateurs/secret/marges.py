"""Les marges d'un tableau : l'ensemble pour une ventilation, les deux axes pour un croisement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from observatoire.referentiel import ENSEMBLE, ventilations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Masque = NDArray[np.bool_]


def axes_de(ventilation: str) -> tuple[str, ...]:
    """Les ventilations qui sont les marges de celle-ci."""
    if ventilation == ENSEMBLE:
        return ()
    axes = ventilations()[ventilation].axes
    return axes if len(axes) > 1 else (ENSEMBLE,)


def _parties(ventilation: str, codes: Iterable[str], marge: pd.Series) -> tuple[str, ...]:
    """Les modalités d'une marge : toutes dans l'ensemble, « F×M26 » dans « F » et dans « M26 »."""
    if marge["ventilation"] == ENSEMBLE:
        return tuple(codes)
    axe = ventilations()[ventilation].axes.index(marge["ventilation"])
    return tuple(code for code in codes if code.split("×")[axe] == marge["modalite"])


def taire_les_parties(propres: pd.DataFrame, marges: pd.DataFrame, cachees: Masque) -> None:
    """Ce qui compose une marge cachée est caché, zéros compris."""
    ventilation, codes = propres["ventilation"].iloc[0], propres["modalite"].unique()
    for _, marge in marges[cachees[marges.index]].iterrows():
        ici = propres["territoire"].eq(marge["territoire"]) & propres["periode"].eq(marge["periode"])
        parties = propres["modalite"].isin(_parties(ventilation, codes, marge))
        cachees[propres.index[ici & parties]] = True


def du_tableau(marges: pd.DataFrame, propres: pd.DataFrame) -> pd.DataFrame:
    """Les marges des territoires et des périodes où le tableau a des cellules."""
    cle = ["territoire", "periode"]
    ici = pd.MultiIndex.from_frame(propres[cle].drop_duplicates())
    return marges[pd.MultiIndex.from_frame(marges[cle]).isin(ici)]


def avec_marges(propres: pd.DataFrame, marges: pd.DataFrame, *, partagees: bool) -> pd.DataFrame:
    """Le tableau et ses marges ; `partagees` : ses modalités s'excluent."""
    ventilation, codes = propres["ventilation"].iloc[0], sorted(set(propres["modalite"]))
    parties: list[tuple[str, ...]] = [(code,) for code in propres["modalite"]]
    parties += [_parties(ventilation, codes, marge) for _, marge in marges.iterrows()]
    tous = pd.concat([propres.assign(marge=False), marges.assign(marge=True)])
    return tous.assign(
        parties=pd.Series(parties, index=tous.index, dtype=object),
        plafond=_plafonds(tous, marges),
        partagee=partagees | ~tous["marge"],
    )


def _plafonds(cellules: pd.DataFrame, marges: pd.DataFrame) -> NDArray[np.float64]:
    """Ce que vaut au plus chaque cellule : l'ensemble du même territoire et de la même période."""
    cle = ["territoire", "periode"]
    totaux = marges.loc[marges["ventilation"] == ENSEMBLE, [*cle, "valeur"]]
    lus = cellules[cle].merge(totaux, how="left", on=cle)["valeur"]
    return lus.fillna(np.inf).to_numpy(dtype=float)


def couvertes(tableau: pd.DataFrame, cachees: Masque) -> NDArray[np.bool_]:
    """Dit quelles cellules composent une marge cachée."""
    colonnes = (tableau[nom] for nom in ("territoire", "periode", "parties"))
    cles = list(zip(*colonnes, strict=True))
    marges = tableau["marge"].to_numpy(dtype=bool)
    sous = {
        (territoire, periode, (code,))
        for rang in np.flatnonzero(marges & cachees[tableau.index]).tolist()
        for territoire, periode, codes in [cles[rang]]
        for code in codes
    }
    composent: Masque = np.array([cle in sous for cle in cles], dtype=bool) & ~marges
    return composent
