"""Le disque : écrire une table entière ou ne rien changer, la relire, la montrer à DuckDB."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from observatoire.erreurs import TableError
from observatoire.schemas import SCHEMAS, Schema

if TYPE_CHECKING:
    import duckdb

_ARROW = {
    "texte": pa.string(),
    "entier": pa.int64(),
    "reel": pa.float64(),
    "booleen": pa.bool_(),
    "date": pa.timestamp("us"),
}


def ecrire_octets(chemin: Path, octets: bytes) -> None:
    """Écrit un fichier d'un seul geste : un lecteur voit l'ancien ou le nouveau, jamais un morceau."""
    chemin.parent.mkdir(parents=True, exist_ok=True)
    descripteur, provisoire = tempfile.mkstemp(dir=chemin.parent, prefix=f".{chemin.name}.")
    try:
        with os.fdopen(descripteur, "wb") as flux:
            flux.write(octets)
            flux.flush()
            os.fsync(flux.fileno())
        os.chmod(provisoire, 0o644)
        os.replace(provisoire, chemin)
    except BaseException:
        Path(provisoire).unlink(missing_ok=True)
        raise


class Magasin:
    """Les tables de `data/processed`, nommées `maillon/table` comme dans `schemas`."""

    def __init__(self, racine: Path) -> None:
        self.racine = racine

    def chemin(self, nom: str) -> Path:
        """Le fichier Parquet d'une table déclarée."""
        if nom not in SCHEMAS:
            raise TableError(f"Table inconnue : « {nom} ».", "La déclarer dans observatoire/schemas/.")
        return self.racine / f"{nom}.parquet"

    def existe(self, nom: str) -> bool:
        """Dit si la table a été écrite."""
        return self.chemin(nom).is_file()

    def lire(self, nom: str, filtres: list[tuple[str, str, object]] | None = None) -> pd.DataFrame:
        """Lit une table, aux types de son schéma.

        Args:
            nom: `maillon/table`.
            filtres: conditions `(colonne, "=" ou "in", valeur)` appliquées à la lecture.

        Raises:
            TableError: la table n'a pas encore été construite.
        """
        chemin = self.chemin(nom)
        if not chemin.is_file():
            raise TableError(f"La table {nom} n'existe pas encore.", "Lancer « observatoire construire ».")
        table = pq.read_table(chemin, filters=filtres)
        return SCHEMAS[nom].typer(table.to_pandas(types_mapper=_type_pandas))

    def ecrire(self, nom: str, table: pd.DataFrame) -> None:
        """Vérifie, trie sur la clé et remplace la table d'un seul geste.

        Raises:
            TableError: colonne absente, en trop, mal typée, ou clé en double.
        """
        ecrire_octets(self.chemin(nom), en_parquet(SCHEMAS[nom], table))

    def connexion(self) -> duckdb.DuckDBPyConnection:
        """Ouvre DuckDB en mémoire, une vue par table écrite (`entrepot.heures`)."""
        import duckdb

        connexion = duckdb.connect()
        for nom in SCHEMAS:
            if self.existe(nom):
                maillon, table = nom.split("/")
                fichier = str(self.chemin(nom)).replace("'", "''")
                connexion.execute(f'create schema if not exists "{maillon}"')
                connexion.execute(
                    f"""create view "{maillon}"."{table}" as select * from read_parquet('{fichier}')"""
                )
        return connexion


def _type_pandas(type_arrow: pa.DataType) -> object:
    if pa.types.is_string(type_arrow):
        return pd.StringDtype()
    if pa.types.is_int64(type_arrow):
        return pd.Int64Dtype()
    if pa.types.is_float64(type_arrow):
        return pd.Float64Dtype()
    if pa.types.is_boolean(type_arrow):
        return pd.BooleanDtype()
    return None


def en_parquet(schema: Schema, table: pd.DataFrame) -> bytes:
    """Rend les octets Parquet d'une table conforme à son schéma, triée sur sa clé.

    Raises:
        TableError: la table ne suit pas son schéma.
    """
    table = schema.verifier(table).sort_values(list(schema.cle), kind="stable", ignore_index=True)
    doubles = table.duplicated(list(schema.cle))
    if doubles.any():
        exemple = table.loc[doubles, list(schema.cle)].iloc[0].to_dict()
        raise TableError(
            f"{schema.nom} : {int(doubles.sum())} clé(s) en double, par exemple {exemple}.",
            f"Le grain annoncé est « {schema.grain} ».",
        )
    champs = pa.schema([(colonne.nom, _ARROW[colonne.type]) for colonne in schema.colonnes])
    tampon = pa.BufferOutputStream()
    arrow = pa.Table.from_pandas(table, schema=champs, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(arrow, tampon, compression="zstd")
    return bytes(tampon.getvalue())
