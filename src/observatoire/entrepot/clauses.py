"""Les clauses d'insertion : une ligne par clause d'un lot, reliée au marché et au grand projet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.entrepot.rapprochement import rapprocher
from observatoire.entrepot.tables import creer

if TYPE_CHECKING:
    import duckdb

# La ligne la plus probante d'une clause : d'abord une ligne qui ne parle que d'elle. Une mission
# commune ne dit pas ce que chacune de ses clauses engage.
_DERNIERES = """
create or replace table suivi.clauses as
with retenues as (
  select clause_id, clause, rang,
    max(engagees) filter (nombre = 1) over meme as engagees,
    max(initiales) filter (nombre = 1) over meme as initiales
  from suivi.operations
  window meme as (partition by clause_id)
  qualify row_number() over (partition by clause_id order by nombre = 1 desc, rang desc) = 1
)
select r.clause_id, r.clause, r.engagees, r.initiales, l.source, l.structure_id, l.marche_reference, l.lot,
  l.acheteur_id, l.titulaire_id, l.type_marche, l.secteur, l.modalite, l.modalite_source, l.programme,
  l.date_notification, l.date_debut, l.date_fin, l.mode_engagement, l.heures_totales, l.statut_clause,
  l.commune_execution, cle_marche(l.acheteur_id, l.marche_reference) as cle
from retenues r join suivi.lignes l using (rang)
"""

# Le programme d'un grand projet est une étiquette : ses heures sont déjà dans le suivi.
_CLAUSES = """
select c.clause_id, c.source, c.structure_id, coalesce(c.cle, c.clause_id) as marche_cle, r.marche_id, c.lot,
  r.rapprochement, c.acheteur_id, coalesce(a.type_acheteur, 'NR') as type_acheteur, c.titulaire_id,
  coalesce(c.type_marche, 'NR') as type_marche, coalesce(c.secteur, 'NR') as secteur,
  coalesce(c.modalite, 'NR') as modalite, c.modalite_source,
  coalesce(nullif(c.programme, 'HORS'), g.programme, 'HORS') as programme,
  c.date_notification, c.date_debut, c.date_fin, coalesce(c.mode_engagement, 'NR') as mode_engagement,
  c.engagees as heures_engagees, c.initiales as heures_engagees_initiales, c.heures_totales,
  coalesce(c.statut_clause, 'NR') as statut, commune_actuelle(c.commune_execution) as commune_execution
from suivi.clauses c
left join suivi.rapprochements r using (clause_id)
left join reference.acheteurs a using (acheteur_id)
left join entrepot.grands_projets g on g.marche_cle = c.cle
"""


def construire_clauses(connexion: duckdb.DuckDBPyConnection) -> None:
    """Remplit `entrepot.clauses` : une clause à l'état de sa ligne la plus récente (livraison, puis saisie).

    Les heures engagées sont les dernières connues, un avenant les remplace et une ligne qui les tait ne
    les efface pas ; les premières connues sont à côté (T10). Faute de volume, une part engagée des heures
    du marché vaut sa fraction des heures totales (T9). `marche_cle` réunit les lots et les titulaires
    d'un même marché (T7) ; sans référence ou sans acheteur, la clause compte pour un marché. `marche_id`
    est celui des données essentielles, quand il est retrouvé (`rapprocher`).

    Lit `suivi.*`, `reference.acheteurs`, `entrepot.marches`, `entrepot.attributions` et
    `entrepot.grands_projets`.
    """
    connexion.execute(_DERNIERES)
    rapprocher(connexion)
    creer(connexion, "clauses", _CLAUSES)
