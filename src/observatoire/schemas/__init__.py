"""Les tables que les maillons s'échangent : leur grain, leur clé, leurs colonnes, déclarés une fois."""

from observatoire.schemas import acquisition, controle, entrepot, indicateurs
from observatoire.schemas.schema import Colonne, Schema

SCHEMAS: dict[str, Schema] = {
    schema.nom: schema
    for maillon in (acquisition, controle, entrepot, indicateurs)
    for schema in maillon.TABLES
}

__all__ = ["SCHEMAS", "Colonne", "Schema"]
