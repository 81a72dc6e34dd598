"""Les périodes que chaque source couvre : ailleurs, une absence n'est pas un zéro."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pandas as pd

from observatoire.perimetre import Periode

if TYPE_CHECKING:
    import duckdb

# Le logiciel de suivi couvre les trimestres où des heures ont été réalisées : il garde des
# clauses plus anciennes, mais seulement celles qui vivaient encore à sa mise en service.
_OBSERVES = {
    "suivi": """
        select h.mois as jour from entrepot.heures h
        semi join entrepot.rattachements r on r.motif = 'execution' and r.objet_id = h.clause_id
    """,
    "decp": """
        select m.date_notification as jour from entrepot.marches m
        semi join entrepot.rattachements r on r.motif = 'execution_marche' and r.objet_id = m.marche_id
        where m.genre = 'marche'
    """,
}


def periodes_couvertes(connexion: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Rend les périodes publiables, une ligne par genre de source et période : genre, periode, debut, fin.

    Un trimestre est couvert si la source y observe quelque chose dans la région et s'il était
    achevé à la date d'extraction la plus récente ; une année et quatre trimestres glissants, si leurs
    quatre trimestres le sont.
    Un trimestre sans aucune ligne, entre deux livraisons, n'est pas couvert. Le genre `entrees` est
    celui du suivi, moins sa première année.
    Ce qui se lit à la fin d'un trimestre (clauses en cours, marchés des grands projets, structures) ne se
    publie que pour les trimestres du suivi : genres `stock`, `grands_projets` et `structures`.
    """
    extractions = _extractions(connexion)
    publiables = {
        genre: _publiables(_trimestres(connexion, requete), extractions.get(genre, dt.date.max))
        for genre, requete in _OBSERVES.items()
    }
    publiables["entrees"] = _avec_recul(publiables["suivi"])
    publiables |= _stocks(connexion, [p for p in publiables["suivi"] if p.rythme == "trimestre"])
    lignes = [
        (genre, str(periode), periode.debut, periode.fin)
        for genre, periodes in publiables.items()
        for periode in periodes
    ]
    table = pd.DataFrame(lignes, columns=["genre", "periode", "debut", "fin"])
    return table.astype(
        {"genre": "string", "periode": "string", "debut": "datetime64[us]", "fin": "datetime64[us]"}
    )


def _avec_recul(suivies: list[Periode]) -> list[Periode]:
    """Les périodes précédées d'un an d'observation : avant, toute personne semblerait nouvelle."""
    debut = min((periode.debut for periode in suivies), default=dt.date.min)
    return [periode for periode in suivies if periode.debut >= debut.replace(year=debut.year + 1)]


def existe(connexion: duckdb.DuckDBPyConnection, maillon: str, table: str) -> bool:
    """Dit si une vue ou une table est visible de la connexion."""
    requete = "select 1 from information_schema.tables where table_schema = ? and table_name = ?"
    return bool(connexion.execute(requete, [maillon, table]).fetchall())


def _stocks(connexion: duckdb.DuckDBPyConnection, trimestres: list[Periode]) -> dict[str, list[Periode]]:
    """Les trimestres où se lit un stock ; la liste des structures n'est connue qu'à sa dernière livraison."""
    stocks = {"stock": trimestres}
    if _remplie(connexion, "grands_projets"):
        stocks["grands_projets"] = trimestres
    if _remplie(connexion, "structures"):
        stocks["structures"] = trimestres[-1:]
    return stocks


def _remplie(connexion: duckdb.DuckDBPyConnection, table: str) -> bool:
    return bool(connexion.execute(f"select 1 from entrepot.{table} limit 1").fetchall())


def _extractions(connexion: duckdb.DuckDBPyConnection) -> dict[str, dt.date]:
    if not existe(connexion, "acquisition", "depots"):
        return {}
    requete = "select genre, max(date_extraction)::date from acquisition.depots group by genre"
    return {genre: jour for genre, jour in connexion.execute(requete).fetchall() if jour}


def _trimestres(connexion: duckdb.DuckDBPyConnection, requete: str) -> set[Periode]:
    jours = connexion.execute(
        f"select distinct date_trunc('quarter', jour)::date from ({requete}) where jour is not null"
    ).fetchall()
    return {Periode.trimestre_de(jour) for (jour,) in jours}


def _publiables(observes: set[Periode], extraction: dt.date) -> list[Periode]:
    trimestres = {periode for periode in observes if periode.fin <= extraction}
    annees = {
        Periode(annee)
        for annee in {periode.annee for periode in trimestres}
        if all(Periode(annee, rang) in trimestres for rang in (1, 2, 3, 4))
    }
    glissantes = {
        trimestre.quatre_trimestres
        for trimestre in trimestres
        if trimestre.trimestre != 4 and trimestres.issuperset(trimestre.jusqu_ici(4))
    }
    return sorted(trimestres | annees | glissantes, key=str)
