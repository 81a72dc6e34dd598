"""Le résumé du rapport : seuils passés outre, ce que la source peut corriger, ce qui se regarde."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.publication.formats import accorder, entier, pct
from observatoire.qualite.document import ARRET, CORRIGER, REGARDER, Constat

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from observatoire.config import Config
    from observatoire.qualite.livraisons import Comparaison
    from observatoire.qualite.vraisemblance import Jugement

_PLANCHER_PERDUES_PCT = 5
_PLANCHER_RAPPROCHEMENT_PCT = 50


def resumer(
    config: Config,
    connexion: duckdb.DuckDBPyConnection,
    comparaisons: list[Comparaison],
    jugements: list[Jugement],
    enonces: Mapping[tuple[str, str], str],
) -> list[Constat]:
    """Rend les constats, des plus graves aux plus légers."""
    return [
        *_derogations(connexion),
        *_ecartees(connexion, enonces),
        *_alertes(connexion, enonces),
        *_incompletes(connexion),
        *_invraisemblables(jugements),
        *_perdues(config, comparaisons),
        *_non_rapprochees(connexion),
        *_non_importees(config, connexion),
    ]


def _derogations(connexion: duckdb.DuckDBPyConnection) -> list[Constat]:
    lignes = connexion.execute(
        "select source, constat, raison from controle.derogations order by all"
    ).fetchall()
    return [
        Constat(ARRET, f"{source} : {constat}", f"Raison donnée : {raison}", "decisions")
        for source, constat, raison in lignes
    ]


def _ecartees(connexion: duckdb.DuckDBPyConnection, enonces: Mapping[tuple[str, str], str]) -> list[Constat]:
    lignes = connexion.execute(
        """
        with regle as (
          select source, regle, any_value(remede) as remede, count(*) as nombre
          from controle.rejets where niveau = 'bloquant' group by source, regle
        )
        select b.source, sum(b.ecartees)::bigint, sum(b.lues)::bigint,
          (select arg_max(regle, (nombre, regle)) from regle r where r.source = b.source),
          (select arg_max(remede, (nombre, regle)) from regle r where r.source = b.source)
        from controle.bilan b group by b.source having sum(b.ecartees) > 0 order by 2 desc, 1
        """
    ).fetchall()
    return [
        Constat(
            CORRIGER,
            f"{source} : {accorder(ecartees, 'ligne écartée', 'lignes écartées')} sur {entier(lues)} "
            f"({pct(100 * ecartees / lues)}). D'abord : {_bas(enonces.get((source, regle), regle))}",
            remede,
            "causes",
        )
        for source, ecartees, lues, regle, remede in lignes
    ]


def _alertes(connexion: duckdb.DuckDBPyConnection, enonces: Mapping[tuple[str, str], str]) -> list[Constat]:
    """La première alerte de chaque source."""
    lignes = connexion.execute(
        """
        with touchees as (
          from controle.rejets union all by name from controle.recoupements
        ), regle as (
          select source, regle, any_value(remede) as remede, count(*) as nombre
          from touchees where niveau = 'alerte' group by source, regle
        )
        select source, arg_max(regle, (nombre, regle)), max(nombre), arg_max(remede, (nombre, regle))
        from regle group by source order by 3 desc, 1
        """
    ).fetchall()
    return [
        Constat(
            REGARDER,
            f"{source} : {accorder(nombre, 'ligne marquée', 'lignes marquées')} : "
            f"{_bas(enonces.get((source, regle), regle))}",
            remede,
            "causes",
        )
        for source, regle, nombre, remede in lignes
    ]


def _incompletes(connexion: duckdb.DuckDBPyConnection) -> list[Constat]:
    lignes = connexion.execute(
        "select source, count(*), max(replace(mesure, 'couverture:', '')) from indicateurs.qualite "
        "where mesure like 'couverture:%' group by source order by source"
    ).fetchall()
    return [
        Constat(
            REGARDER,
            f"{source} : couverture incomplète, {accorder(nombre, 'trimestre', 'trimestres')}, "
            f"le dernier {dernier}.",
            "Vérifier que la livraison est entière avant de publier ces trimestres.",
            "couverture",
        )
        for source, nombre, dernier in lignes
    ]


def _invraisemblables(jugements: list[Jugement]) -> list[Constat]:
    return [
        Constat(
            REGARDER,
            f"{j.quoi} ({j.quand}) : hors des bornes attendues.",
            "Chercher une source absente, comptée deux fois, ou une unité changée.",
            "vraisemblance",
        )
        for j in jugements
        if not j.dedans
    ]


def _perdues(config: Config, comparaisons: list[Comparaison]) -> list[Constat]:
    """D'une source qui garde toutes ses livraisons, rien n'est perdu."""
    return [
        Constat(
            REGARDER,
            f"{c.source} : {accorder(c.perdues, 'ligne perdue', 'lignes perdues')} depuis le {c.avant}.",
            "Demander à la source si ces lignes ont été supprimées, ou l'export filtré.",
            "comparaison",
        )
        for c in comparaisons
        if config.source(c.source).millesimes != "tous"
        and 100 * c.perdues > _PLANCHER_PERDUES_PCT * c.lues_avant
    ]


def _non_rapprochees(connexion: duckdb.DuckDBPyConnection) -> list[Constat]:
    lignes = connexion.execute(
        "select source, valeur from indicateurs.qualite where mesure = 'rapprochement' "
        "and source <> 'ensemble' and valeur < $1 order by source",
        [_PLANCHER_RAPPROCHEMENT_PCT],
    ).fetchall()
    return [
        Constat(
            REGARDER,
            f"{source} : {pct(taux)} des clauses retrouvées dans les données essentielles.",
            "Faire saisir la référence exacte du marché, ou compléter correspondances.csv.",
            "rapprochement",
        )
        for source, taux in lignes
    ]


def _non_importees(config: Config, connexion: duckdb.DuckDBPyConnection) -> list[Constat]:
    recues = {nom for (nom,) in connexion.execute("select source from controle.bilan").fetchall()}
    manquantes = [nom for nom in config.sources if nom not in recues]
    if not manquantes:
        return []
    return [
        Constat(
            REGARDER,
            f"Non importées : {', '.join(manquantes)}. Ce qu'elles porteraient n'est pas zéro, il manque.",
            "« observatoire importer SOURCE FICHIER », ou retirer la source de observatoire.toml.",
            "livraisons",
        )
    ]


def _bas(phrase: str) -> str:
    """Met la majuscule d'une phrase en minuscule, sauf devant un sigle.

    >>> _bas("Le SIRET est faux."), _bas("SIRET faux.")
    ('le SIRET est faux.', 'SIRET faux.')
    """
    return phrase[0].lower() + phrase[1:] if phrase[1:2].islower() or phrase[1:2] in " '’" else phrase
