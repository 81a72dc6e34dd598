"""La tabulation : chaque indicateur, pour tous les territoires et toutes les périodes en une passe."""

from __future__ import annotations

import datetime as dt
from itertools import product
from typing import TYPE_CHECKING, Any

import pandas as pd

from observatoire.indicateurs.catalogue import catalogue, provenance
from observatoire.indicateurs.couverture import periodes_couvertes
from observatoire.indicateurs.qualite import mesurer
from observatoire.indicateurs.registre import PART, REGISTRE, Indicateur
from observatoire.indicateurs.secret import appliquer_secret, seuil_personnes
from observatoire.indicateurs.tables import GENRES, preparer, relation
from observatoire.referentiel import ENSEMBLE, NON_RENSEIGNE, ventilations
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from observatoire.config import Config

_CLE = ["indicateur", "ventilation", "territoire", "periode", "modalite"]


def tabuler(connexion: duckdb.DuckDBPyConnection, config: Config) -> dict[str, pd.DataFrame]:
    """Rend `indicateurs/valeurs` (secret appliqué), le catalogue, la provenance et la qualité.

    Lit les vues `entrepot.*` et, si elles existent, `acquisition.depots` et `controle.bilan`.
    Les paramètres datés (seuil de secret, heures par ETP) sont ceux du dernier jour de la
    période couverte la plus récente, et valent pour toutes : une série ne change pas de règle.

    Raises:
        ConfigError: un paramètre manque, ou le seuil de secret est trop bas.
    """
    periodes = periodes_couvertes(connexion)
    jour = dt.date.max if periodes.empty else periodes["fin"].max().date()
    seuil = seuil_personnes(config, jour)
    noms = {nom for indicateur in REGISTRE.values() for nom in indicateur.parametres}
    parametres = {nom: config.parametre(nom, jour).valeur for nom in noms}
    territoires = preparer(connexion, config.reglages["fiches"]["niveaux"], periodes)
    valeurs = appliquer_secret(_cellules(connexion, territoires, periodes, parametres), seuil)
    return {
        "indicateurs/valeurs": SCHEMAS["indicateurs/valeurs"].verifier(valeurs),
        "indicateurs/catalogue": catalogue(parametres),
        "indicateurs/provenance": provenance(connexion),
        "indicateurs/qualite": mesurer(connexion),
    }


def _cellules(
    connexion: duckdb.DuckDBPyConnection,
    territoires: list[str],
    periodes: pd.DataFrame,
    parametres: Mapping[str, Any],
) -> pd.DataFrame:
    """Rend toutes les cellules, effectif compris : les comptes et les sommes non observés valent 0."""
    observees: list[pd.DataFrame] = []
    grille: list[tuple[str, ...]] = []
    for indicateur in REGISTRE.values():
        couvertes = list(periodes.loc[periodes["genre"] == GENRES[indicateur.table], "periode"])
        for ventilation in (ENSEMBLE, *indicateur.ventilations):
            table = _observees(connexion, indicateur, ventilation, parametres)
            modalites = _modalites(ventilation, set(table["modalite"]))
            grille += product([indicateur.nom], [ventilation], territoires, couvertes, modalites)
            observees.append(table)
    types = dict.fromkeys(_CLE, "string") | dict.fromkeys(["valeur", "effectif"], "Float64")
    cellules = pd.DataFrame(grille, columns=_CLE, dtype="string").merge(
        pd.concat(observees, ignore_index=True).astype(types),
        how="outer",
        on=_CLE,
        validate="one_to_one",
        indicator="origine",
    )
    unite = cellules["indicateur"].map({nom: indicateur.unite for nom, indicateur in REGISTRE.items()})
    # Une part sans observation reste vide : 0 ÷ 0 n'est pas 0.
    valeur = cellules["valeur"].mask((cellules["origine"] == "left_only") & (unite != PART), 0)
    valeur = valeur.where(unite != "h", valeur.round(2))
    return cellules.drop(columns="origine").assign(unite=unite, valeur=valeur)


def _observees(
    connexion: duckdb.DuckDBPyConnection,
    indicateur: Indicateur,
    ventilation: str,
    parametres: Mapping[str, Any],
) -> pd.DataFrame:
    par = ["territoire", "periode", *([] if ventilation == ENSEMBLE else [ventilation])]
    recus = {nom: parametres[nom] for nom in indicateur.parametres}
    lues: pd.DataFrame = indicateur.calcul(relation(connexion, indicateur, ventilation), par, **recus).to_df()
    modalite = ENSEMBLE if ventilation == ENSEMBLE else lues[ventilation]
    table = lues.assign(indicateur=indicateur.nom, ventilation=ventilation, modalite=modalite)
    return table[[*_CLE, "valeur", "effectif"]]


def _modalites(ventilation: str, observees: set[str]) -> list[str]:
    """Les modalités écrites : celles que la région observe au moins une fois, et NR s'il existe.

    Les listes sont longues ; une modalité jamais observée n'apprend rien et gonflerait la table.
    """
    if ventilation == ENSEMBLE:
        return [ENSEMBLE]
    return [code for code in ventilations()[ventilation].libelles if code in {*observees, NON_RENSEIGNE}]
