"""D'une table à l'autre : pandas, Arrow, DuckDB, aux types de son schéma et rangée sur sa clé."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from observatoire.erreurs import TableError
from observatoire.schemas import SCHEMAS, Schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    import pandas as pd

# un pseudonyme n'est jamais cité dans un message
_NON_CITEES = ("personne", "objet_id")
_ARROW = {
    "texte": pa.string(),
    "entier": pa.int64(),
    "reel": pa.float64(),
    "booleen": pa.bool_(),
    "date": pa.timestamp("us"),
}
LIGNES_PAR_GROUPE = 1 << 16


def champs(schema: Schema) -> pa.Schema:
    """Rend les colonnes d'un schéma et leurs types Arrow."""
    return pa.schema([(colonne.nom, _ARROW[colonne.type]) for colonne in schema.colonnes])


def en_arrow(schema: Schema, table: pd.DataFrame) -> pa.Table:
    """Rend une table pandas conforme à son schéma, rangée sur sa clé et sans clé en double.

    Raises:
        TableError: la table ne suit pas son schéma, ou une clé est en double.
    """
    arrow = _convertir(schema, schema.verifier(table))
    if not est_rangee(schema, arrow.select(schema.cle)):
        arrow = arrow.sort_by([(nom, "ascending") for nom in schema.cle])
        est_rangee(schema, arrow.select(schema.cle))
    return arrow


def _convertir(schema: Schema, table: pd.DataFrame) -> pa.Table:
    arrow = pa.Table.from_pandas(table, schema=champs(schema), preserve_index=False)
    return arrow.replace_schema_metadata(None)


def en_lots(schema: Schema, relation: duckdb.DuckDBPyRelation) -> Iterator[pa.Table]:
    """Rend une relation par lots rangés sur la clé, aux types du schéma.

    Raises:
        TableError: colonne absente, en trop, ou d'un autre type.
    """
    schema.verifier_noms(relation.columns)
    ordre = ", ".join(f'"{nom}"' for nom in schema.cle)
    rangee = relation.select(*schema.noms).order(ordre)
    for lot in rangee.to_arrow_reader(LIGNES_PAR_GROUPE):
        try:
            table = pa.Table.from_batches([lot]).cast(champs(schema))
        except pa.ArrowInvalid as erreur:
            raise TableError(f"{schema.nom} : valeur d'un autre type que déclaré ({erreur}).") from erreur
        est_rangee(schema, table.select(schema.cle))
        yield table


def est_rangee(schema: Schema, cles: pa.Table) -> bool:
    """Dit si des clés se suivent dans l'ordre ; deux clés voisines égales sont une erreur.

    Raises:
        TableError: une clé est en double.
    """
    suite, avant = cles.slice(1), cles.slice(0, len(cles) - 1)
    egales: Any = pa.scalar(value=True)
    for nom in schema.cle:
        if pc.any(pc.and_(egales, pc.less(suite[nom], avant[nom]))).as_py():
            return False
        egales = pc.and_(egales, pc.equal(suite[nom], avant[nom]))
    nombre = pc.sum(egales).as_py() or 0
    if nombre:
        cite = [nom for nom in schema.cle if nom not in _NON_CITEES]
        exemple = suite.select(cite).filter(egales).slice(0, 1).to_pylist()[0]
        raise TableError(
            f"{schema.nom} : {nombre} clé(s) en double, par exemple {exemple}.",
            f"Le grain annoncé est « {schema.grain} ».",
        )
    return True


def en_pandas(nom: str, table: pa.Table) -> pd.DataFrame:
    """Rend une table Arrow en pandas, aux types de son schéma."""
    return SCHEMAS[nom].typer(table.to_pandas(types_mapper=_type_pandas))


def _type_pandas(type_arrow: pa.DataType) -> object:
    import pandas as pd

    if pa.types.is_string(type_arrow):
        return pd.StringDtype()
    if pa.types.is_int64(type_arrow):
        return pd.Int64Dtype()
    if pa.types.is_float64(type_arrow):
        return pd.Float64Dtype()
    if pa.types.is_boolean(type_arrow):
        return pd.BooleanDtype()
    return None
