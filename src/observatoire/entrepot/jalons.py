"""Ce que devient une personne : à la fin de son parcours, puis trois, six et douze mois après."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.entrepot.tables import creer

if TYPE_CHECKING:
    import duckdb

_JALONS = """
with observations as (
  select personne, coalesce(nullif(jalon, 'NR'), 'FIN') as jalon, date_observation, rang,
    situation_sortie as situation
  from suivi.lignes where personne is not null and situation_sortie <> 'NR'
)
from observations qualify row_number() over (
  partition by personne, jalon order by date_observation desc nulls last, rang desc
) = 1
"""


def construire_jalons(connexion: duckdb.DuckDBPyConnection) -> None:
    """Remplit `entrepot.suivi` : la dernière situation observée d'une personne à chaque jalon.

    Une situation sans jalon est celle de la fin. « Sans nouvelles » est une observation, et un retrait
    (décès, longue maladie…) reste visible : c'est l'indicateur qui l'ôte de son dénominateur.

    Lit `suivi.lignes`.
    """
    creer(connexion, "suivi", _JALONS)
