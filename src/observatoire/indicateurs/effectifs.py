"""Les personnes derrière une cellule publiée : assez nombreuses, ou non, pour qu'une évolution se dise."""

from __future__ import annotations

import pandas as pd

from observatoire.indicateurs.rapports import reunir_termes
from observatoire.indicateurs.registre import RAPPORTS, REGISTRE
from observatoire.referentiel import ENSEMBLE

_LIEU = ["territoire", "periode"]
_CLE = ["indicateur", "ventilation", "modalite", *_LIEU]
# Les personnes derrière une somme d'heures ou un nombre de contrats, selon la géographie de l'indicateur.
_PERSONNES = {"execution": "beneficiaires_sur_place", "residence": "beneficiaires"}


def effectifs(valeurs: pd.DataFrame) -> pd.DataFrame:
    """Les personnes derrière chaque cellule, d'après ce qui est publié ; vide si l'on ne sait pas.

    Un nombre de personnes est son propre effectif, celui d'un rapport est son dénominateur. Ailleurs, ce
    sont les personnes du territoire, au prorata de la cellule dans l'ensemble de l'indicateur.
    """
    comptes = [nom for nom, i in REGISTRE.items() if i.unite == "personnes"]
    directs = valeurs[valeurs["indicateur"].isin(comptes)].assign(effectif=lambda t: t["valeur"])
    tables = [directs[[*_CLE, "effectif"]], _au_prorata(valeurs)]
    de_personnes = {
        nom: rapport
        for nom, rapport in RAPPORTS.items()
        if rapport.denominateur and rapport.denominateur.indicateur in comptes
    }
    for nom, termes in reunir_termes(valeurs, de_personnes).items():
        tables.append(termes.assign(indicateur=nom, effectif=termes["denominateur"])[[*_CLE, "effectif"]])
    return pd.concat(tables, ignore_index=True).astype({"effectif": "Float64", "indicateur": "string"})


def _au_prorata(valeurs: pd.DataFrame) -> pd.DataFrame:
    """L'effectif de ce qui s'estime ; celui d'un rapport est celui du territoire, sans prorata."""
    geographie = valeurs["indicateur"].map(_a_repartir())
    estimees = valeurs.assign(compte=geographie.map(_PERSONNES).astype("string"))[geographie.notna()]
    ensemble = valeurs.loc[valeurs["ventilation"] == ENSEMBLE, ["indicateur", *_LIEU, "valeur"]]
    personnes = ensemble.rename(columns={"indicateur": "compte", "valeur": "personnes"})
    tout = ensemble.rename(columns={"valeur": "tout"})
    table = estimees.merge(personnes, on=["compte", *_LIEU], validate="many_to_one").merge(
        tout, on=["indicateur", *_LIEU], validate="many_to_one"
    )
    prorata = (table["valeur"] / table["tout"].mask(table["tout"] == 0)).mask(
        table["indicateur"].isin(list(RAPPORTS)), 1
    )
    return table.assign(effectif=table["personnes"] * prorata)[[*_CLE, "effectif"]]


def _a_repartir() -> dict[str, str]:
    """Les indicateurs dont l'effectif s'estime, et leur géographie."""
    retenus = {
        nom: indicateur.rattachement
        for nom, indicateur in REGISTRE.items()
        if indicateur.personnes and indicateur.unite != "personnes"
    }
    for nom, rapport in RAPPORTS.items():
        dernier = REGISTRE[rapport.termes[-1].indicateur]
        if dernier.unite != "personnes" and repose_sur_des_personnes(nom):
            retenus[nom] = dernier.rattachement
    return {nom: geographie for nom, geographie in retenus.items() if geographie in _PERSONNES}


def repose_sur_des_personnes(nom: str) -> bool:
    """Dit si un indicateur, ou un terme d'un rapport, compte ce que font des personnes."""
    if nom in REGISTRE:
        return REGISTRE[nom].personnes
    return any(REGISTRE[terme.indicateur].personnes for terme in RAPPORTS[nom].termes)
