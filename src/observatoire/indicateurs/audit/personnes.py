"""Les petites cellules que font les mêmes personnes, vues sous plusieurs noms.

Le seul résident clausé d'un territoire est aussi le seul de son département, de sa tranche d'âge, de son
année : qui connaît l'une de ces cellules les connaît toutes, et n'apprend rien de leur rapprochement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from observatoire.indicateurs.cellule import CLE
from observatoire.perimetre import Periode
from observatoire.referentiel import ENSEMBLE, ventilations

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from observatoire.indicateurs.audit.geographie import Geographie
    from observatoire.indicateurs.audit.systeme import Entiers

    Cle = tuple[str, ...]

INITIE_MAXIMUM = 2


def memes_personnes(cibles: pd.DataFrame, geographie: Geographie) -> Entiers:
    """Rend un numéro par cible, le même pour celles que font les mêmes une ou deux personnes.

    Une cellule contenue dans une autre et qui compte autant de personnes compte les mêmes.

    Args:
        cibles: la clé d'une cellule et son `effectif`.
        geographie: les territoires qui en contiennent d'autres.
    """
    numeros = np.arange(len(cibles))
    petites = np.flatnonzero(cibles["effectif"].between(1, INITIE_MAXIMUM).to_numpy(dtype=bool))
    effectifs = cibles["effectif"].to_numpy(dtype=float)
    lignes = cibles[CLE].astype(str).itertuples(index=False, name=None)
    cles = dict(zip(lignes, range(len(cibles)), strict=True))
    par_rang = dict(zip(cles.values(), cles, strict=True))
    touts = _touts(geographie)
    periodes = {str(p): _longues(str(p)) for p in cibles["periode"].unique()}
    for rang in petites.tolist():
        for tout in _contenants(par_rang[rang], touts, periodes):
            autre = cles.get(tout)
            if autre is not None and effectifs[autre] == effectifs[rang]:
                numeros[numeros == numeros[rang]] = numeros[autre]
    return numeros


def _contenants(cle: Cle, touts: dict[str, list[str]], periodes: dict[str, list[str]]) -> Iterator[Cle]:
    """Les cellules qui contiennent celle-ci, d'un pas."""
    indicateur, ventilation, territoire, periode, modalite = cle
    connue = ventilations().get(ventilation)
    if connue is None or not connue.locale:
        for tout in touts.get(territoire, []):
            yield indicateur, ventilation, tout, periode, modalite
    for longue in periodes[periode]:
        yield indicateur, ventilation, territoire, longue, modalite
    if ventilation != ENSEMBLE:
        yield indicateur, ENSEMBLE, territoire, periode, ENSEMBLE
        axes = connue.axes if connue is not None and len(connue.axes) > 1 else ()
        for axe, code in zip(axes, modalite.split("×"), strict=False):
            yield indicateur, axe, territoire, periode, code


def _touts(geographie: Geographie) -> dict[str, list[str]]:
    touts: dict[str, list[str]] = {}
    regions = [d.tout for d in geographie.decoupages if d.tout.startswith("reg:")]
    for decoupage in geographie.decoupages:
        for partie in decoupage.parties:
            touts.setdefault(partie, []).append(decoupage.tout)
    for local in geographie.departements:
        touts.setdefault(local, []).extend(regions)
    return touts


def _longues(periode: str) -> list[str]:
    lue = Periode.lire(periode)
    if lue.rythme != "trimestre":
        return []
    return [str(lue.decalee(pas).quatre_trimestres) for pas in range(4)]
