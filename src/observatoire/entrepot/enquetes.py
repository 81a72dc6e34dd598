"""L'enquête annuelle : un acheteur et une année, tels que déclarés."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.entrepot.tables import creer

if TYPE_CHECKING:
    import duckdb

_ENQUETES = """
select * from controle.enquetes
qualify row_number() over (
  partition by annee, coalesce(acheteur_id, acheteur_nom)
  order by millesime desc, source desc, fichier desc, ligne desc) = 1
"""


def construire_enquetes(connexion: duckdb.DuckDBPyConnection) -> None:
    """Crée `entrepot.enquetes`, à la dernière réponse de chaque acheteur.

    Rien n'y est dédoublonné entre acheteurs : ces nombres ne s'ajoutent jamais à ceux du suivi.
    """
    creer(connexion, "enquetes", _ENQUETES)
