"""Contrôle : tables typées et marquées, lignes en quarantaine, rien d'écarté en silence."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pandas as pd

from observatoire.controle import decp, grands_projets, structures, suivi
from observatoire.controle.quarantaine import examiner, refuser_trop_d_ecarts
from observatoire.controle.typage import nettoyer
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from observatoire.config import Config

_GENRES = {
    "decp": (decp.lire, decp.REGLES),
    "suivi": (suivi.lire, suivi.REGLES),
    "grands_projets": (grands_projets.lire, grands_projets.REGLES),
    "structures": (structures.lire, structures.REGLES),
}


def controler(tables: Mapping[str, pd.DataFrame], config: Config) -> dict[str, pd.DataFrame]:
    """Rend les tables `controle/*` : valeurs typées, codes résolus, rejets et bilan.

    Chaque source est lue comme `observatoire.toml` le déclare, puis chaque règle de son genre
    marque les lignes : un avertissement garde la ligne, un bloquant l'écarte. Toute ligne lue est
    gardée ou écartée, et le bilan compte les deux.

    Args:
        tables: les tables `acquisition/{decp,suivi,grands_projets,structures}`.
        config: les sources déclarées et les seuils datés.

    Raises:
        QualiteError: une source a plus de lignes écartées que `ecartees_maximum_pct`.
        ConfigError: une source reçue n'est pas déclarée, ou l'est mal.
    """
    recueil: dict[str, list[pd.DataFrame]] = {f"controle/{nom}": [] for nom in (*_GENRES, "rejets", "bilan")}
    for genre, (lire, regles) in _GENRES.items():
        acquise = SCHEMAS[f"acquisition/{genre}"].verifier(tables[f"acquisition/{genre}"])
        for nom, table in acquise.groupby("source", sort=True):
            lecture = lire(nettoyer(table.reset_index(drop=True)), config.source(str(nom)), config)
            gardees, rejets, bilan = examiner(lecture, regles)
            jour = dt.date.fromisoformat(table["millesime"].max())
            maximum = config.parametre("ecartees_maximum_pct", jour).valeur
            refuser_trop_d_ecarts(bilan, rejets, str(nom), maximum)
            for sortie, produite in ((genre, gardees), ("rejets", rejets), ("bilan", bilan)):
                recueil[f"controle/{sortie}"].append(produite)
    return {nom: _assembler(nom, morceaux) for nom, morceaux in recueil.items()}


def _assembler(nom: str, morceaux: list[pd.DataFrame]) -> pd.DataFrame:
    schema = SCHEMAS[nom]
    table = (
        pd.concat([schema.verifier(m) for m in morceaux], ignore_index=True) if morceaux else schema.vide()
    )
    return table.sort_values(list(schema.cle), kind="stable", ignore_index=True)
