"""L'escalade : taire davantage autour des cellules que l'audit refuse, du plus proche au plus large.

Les tableaux sont protégés un par un ; ce qu'ils disent ensemble (des personnes et leurs contrats, deux
ventilations qui ont une cellule en commun) ne se voit qu'à l'audit. Taire davantage ne découvre jamais
une cellule : il suffit d'auditer de nouveau.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.indicateurs.cellule import DEJA_PUBLIEE, PUBLIE, SECRET
from observatoire.indicateurs.secret.protection import Protection
from observatoire.perimetre import Periode
from observatoire.referentiel import ENSEMBLE, ventilations

if TYPE_CHECKING:
    from collections.abc import Sequence

# Ce qu'une cellule refusée partage avec celles qui se taisent avec elle, à chaque pas.
_PAS = (
    ("indicateur", "ventilation", "niveau", "periode"),
    ("indicateur", "ventilation", "niveau", "rythme"),
    ("indicateur", "ventilation"),
    ("indicateur",),
)
PAS = len(_PAS)


def escalader(protection: Protection, refus: pd.DataFrame, pas: int) -> Protection:
    """Tait, autour de chaque cellule refusée, toutes celles de sa tranche.

    Une cellule publiée par une édition antérieure le reste : la taire ne la reprendrait pas au lecteur.

    Args:
        protection: ce qui allait être publié.
        refus: la clé des cellules refusées par l'audit.
        pas: de 0 (la même période) à `PAS` − 1 (tout l'indicateur).
    """
    table = protection.cellules
    libres = table["statut"].eq(PUBLIE)
    if "etat" in table:
        libres &= table["etat"].ne(DEJA_PUBLIEE)
    autour = libres & _parmi(_situer(table), _situer(refus), _PAS[pas])
    autour = libres & _avec_les_parties(table, autour)
    return Protection(table.assign(statut=table["statut"].mask(autour, SECRET)))


def _situer(table: pd.DataFrame) -> pd.DataFrame:
    rythmes = {periode: Periode.lire(str(periode)).rythme for periode in table["periode"].unique()}
    return table[["indicateur", "ventilation", "territoire", "periode"]].assign(
        niveau=table["territoire"].str.split(":").str[0], rythme=table["periode"].map(rythmes)
    )


def _avec_les_parties(table: pd.DataFrame, tues: pd.Series) -> pd.Series:
    """Un ensemble tu tait ses ventilations, un axe ses croisements : leur somme le redonnerait."""
    lieu = ("indicateur", "territoire", "periode")
    suite = tues | _parmi(table, table[tues & table["ventilation"].eq(ENSEMBLE)], lieu)
    for nom in table["ventilation"].unique():
        axes = () if nom == ENSEMBLE else ventilations()[str(nom)].axes
        if len(axes) > 1:
            croisees = _parmi(table, table[suite & table["ventilation"].isin(axes)], lieu)
            suite |= croisees & table["ventilation"].eq(nom)
    return suite


def _parmi(table: pd.DataFrame, lesquelles: pd.DataFrame, cle: Sequence[str]) -> pd.Series:
    noms = list(cle)
    connues = pd.MultiIndex.from_frame(lesquelles[noms].astype(str))
    return pd.Series(pd.MultiIndex.from_frame(table[noms].astype(str)).isin(connues), index=table.index)
