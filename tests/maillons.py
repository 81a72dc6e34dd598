"""Un maillon appelé d'un trait sur de petites tables, comme la chaîne l'appelle, mais en mémoire."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from observatoire import controle, entrepot
from observatoire.config import Config
from observatoire.magasin import en_arrow, en_lots
from observatoire.schemas import SCHEMAS

Tables = Mapping[str, pd.DataFrame]


class Memoire:
    """Ce que les maillons lisent du magasin, sans disque."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def lire(self, nom: str) -> pd.DataFrame:
        return self._tables.get(nom, SCHEMAS[nom].vide())

    def morceaux(self, nom: str, filtres: list[tuple[str, str, object]]) -> Iterator[pd.DataFrame]:
        table = self.lire(nom)
        for colonne, _, valeur in filtres:
            table = table.loc[table[colonne] == valeur]
        if len(table):
            yield table.reset_index(drop=True)


def du_maillon(maillon: str) -> list[str]:
    """Les tables d'un maillon."""
    return [nom for nom in SCHEMAS if nom.startswith(f"{maillon}/")]


def en_octets(nom: str, table: pd.DataFrame) -> bytes:
    """Les octets d'une table ; elle suit son schéma et sa clé, ou c'est une `TableError`."""
    arrow = en_arrow(SCHEMAS[nom], table)
    tampon = pa.BufferOutputStream()
    with pa.ipc.new_stream(tampon, arrow.schema) as flux:
        flux.write_table(arrow)
    return bytes(tampon.getvalue())


def connecter(tables: Tables, *maillons: str) -> duckdb.DuckDBPyConnection:
    """Une connexion où chaque table d'un maillon est là, vide si elle n'est pas donnée."""
    connexion = duckdb.connect()
    for maillon in maillons:
        connexion.execute(f"create schema {maillon}")
        for nom in du_maillon(maillon):
            _recue = en_arrow(SCHEMAS[nom], tables.get(nom, SCHEMAS[nom].vide()))
            connexion.execute(f"create table {nom.replace('/', '.')} as from _recue")
    return connexion


def controler(recues: Tables, config: Config, heures_maximum: float = 220) -> dict[str, pd.DataFrame]:
    """Les tables `controle/*` tirées de tables `acquisition/*`, recoupements et bilan compris."""
    tables = {**recues, "acquisition/depots": _depots(recues)}
    morceaux = defaultdict(list)
    controle.controler(Memoire(tables), config, lambda nom, morceau: morceaux[nom].append(morceau))
    controlees = {nom: pd.concat([SCHEMAS[nom].verifier(m) for m in lus]) for nom, lus in morceaux.items()}
    with connecter(tables | controlees, "acquisition", "controle") as connexion:
        recoupees = controle.recouper(connexion, heures_maximum)
        controlees |= {nom: _relue(nom, relation) for nom, relation in recoupees.items()}
    return {nom: _rangee(nom, controlees.get(nom, SCHEMAS[nom].vide())) for nom in du_maillon("controle")}


def entreposer(controlees: Tables, config: Config | None = None) -> dict[str, pd.DataFrame]:
    """Les tables `entrepot/*` tirées de tables `controle/*` ; celles qui ne sont pas données sont vides."""
    with connecter(controlees, "controle") as connexion:
        construites = entrepot.construire(connexion, config or Config.charger(Path(__file__).parent))
        return {nom: _relue(nom, relation) for nom, relation in construites.items()}


def _relue(nom: str, relation: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    lots = list(en_lots(SCHEMAS[nom], relation))
    return SCHEMAS[nom].typer(pa.concat_tables(lots).to_pandas()) if lots else SCHEMAS[nom].vide()


def _rangee(nom: str, table: pd.DataFrame) -> pd.DataFrame:
    en_octets(nom, table)
    return table.sort_values(list(SCHEMAS[nom].cle), kind="stable", ignore_index=True)


def _depots(recues: Tables) -> pd.DataFrame:
    schema = SCHEMAS["acquisition/depots"]
    lignes = [
        table.groupby(["source", "millesime", "fichier"], as_index=False)
        .agg(lues=("ligne", "size"))
        .assign(genre=nom.split("/")[1], date_extraction=pd.Timestamp(2026, 11, 14), fictif=True)
        for nom, table in recues.items()
        if len(table)
    ]
    depots = pd.concat(lignes) if lignes else schema.vide()
    return schema.typer(depots.reindex(columns=schema.noms))
