"""Contrôle : tables typées et marquées, lignes en quarantaine, rien d'écarté en silence."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from observatoire.controle.corrections import FICHIER, Atelier, lire_corrections
from observatoire.controle.correspondances import lire_correspondances
from observatoire.controle.derogations import Derogations, refuser_trop_d_ecarts, refuser_une_chute
from observatoire.controle.morceaux import GENRES, Fichier, controler_fichier
from observatoire.controle.quarantaine import Compte
from observatoire.controle.recoupements import RECOUPEMENTS, recouper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from observatoire.config import Config
    from observatoire.magasin import Magasin

    Ajouter = Callable[[str, pd.DataFrame], None]

REGLES = {genre: regles for genre, (_, regles) in GENRES.items()}

__all__ = ["RECOUPEMENTS", "REGLES", "controler", "recouper"]


def controler(
    magasin: Magasin,
    config: Config,
    ajouter: Ajouter,
    malgre: str = "",
    precedentes: Mapping[str, tuple[str, int]] | None = None,
) -> None:
    """Lit les tables `acquisition/*` par morceaux et ajoute les tables `controle/*`.

    Chaque source est lue comme `observatoire.toml` le déclare, puis chaque règle de son genre
    marque les lignes : une information ou une alerte garde la ligne, un bloquant l'écarte. Toute
    ligne lue est gardée ou écartée. Les règles qui comparent des lignes entre elles viennent
    ensuite (`recouper`).

    Args:
        magasin: les tables de l'acquisition.
        config: les sources déclarées et les seuils datés.
        ajouter: reçoit le nom d'une table et un morceau.
        malgre: la raison de passer outre un seuil de qualité ; vide, un seuil franchi arrête tout.
        precedentes: par source, la date et les lignes de la livraison d'avant la dernière.

    Raises:
        QualiteError: une source a trop de lignes écartées, ou sa livraison en a trop perdu, ou une
            correction déclarée n'a plus lieu d'être.
        ConfigError: une source reçue ou une correction n'est pas déclarée, ou l'est mal.
    """
    depots = magasin.lire("acquisition/depots")
    derogations = Derogations(malgre)
    corrections = lire_corrections(config.racine / FICHIER, config.sources)
    atelier = Atelier(corrections)
    _refuser_les_chutes(depots, config, precedentes or {}, derogations)
    for nom, fichiers in depots.loc[depots["genre"].isin(GENRES)].groupby("source", sort=True):
        compte = Compte()
        for depot in fichiers.to_dict("records"):
            origine = (depot["source"], depot["millesime"], depot["fichier"], depot["genre"])
            fichier = Fichier(*origine, config=config, corrections=corrections)
            _controler_fichier(magasin, fichier, depot["lues"], ajouter, compte, atelier)
        jour = dt.date.fromisoformat(fichiers["millesime"].max())
        maximum = config.seuil(str(nom), "ecartees_maximum_pct", jour)
        refuser_trop_d_ecarts(str(nom), compte, maximum, derogations)
    ajouter("controle/correspondances", lire_correspondances(config))
    ajouter("controle/corrections", atelier.finir())
    ajouter("controle/derogations", derogations.table())


def _refuser_les_chutes(
    depots: pd.DataFrame,
    config: Config,
    precedentes: Mapping[str, tuple[str, int]],
    derogations: Derogations,
) -> None:
    for source, precedente in sorted(precedentes.items()):
        recus = depots.loc[depots["source"] == source]
        dernier = recus["millesime"].max()
        lues = int(recus.loc[recus["millesime"] == dernier, "lues"].sum())
        maximum = config.seuil(source, "chute_maximum_pct", dt.date.fromisoformat(dernier))
        refuser_une_chute(source, lues, precedente, maximum, derogations)


def _controler_fichier(
    magasin: Magasin, fichier: Fichier, lues: int, ajouter: Ajouter, compte: Compte, atelier: Atelier
) -> None:
    remplies = None
    for controle in controler_fichier(magasin, fichier, lues):
        compte.ajouter(controle.lues, len(controle.gardees), controle.rejets)
        atelier.reunir(controle.atelier)
        remplies = controle.remplissage if remplies is None else remplies + controle.remplissage
        ajouter(f"controle/{fichier.genre}", controle.gardees)
        ajouter("controle/rejets", controle.rejets)
    if remplies is not None:
        table = remplies.rename_axis("colonne").reset_index()
        origine = (fichier.source, fichier.millesime, fichier.fichier)
        table["source"], table["millesime"], table["fichier"] = origine
        ajouter("controle/remplissage", table)
