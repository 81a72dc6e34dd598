"""Les contrats de travail, et le contrat dont chacun est le renouvellement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.entrepot.tables import creer

if TYPE_CHECKING:
    import duckdb

_DERNIERS = """
create or replace table suivi.etats as
select v.contrat_id, l.source, l.personne, l.employeur_id, siren(l.employeur_id) as employeur_siren,
  coalesce(l.type_employeur, 'NR') as type_employeur, coalesce(l.type_contrat, 'NR') as type_contrat,
  coalesce(l.mode_realisation, 'NR') as mode_realisation, l.metier,
  coalesce(l.prescripteur, 'NR') as prescripteur, coalesce(l.motif_fin, 'NR') as motif_fin,
  l.contrat_debut as date_debut, l.contrat_fin as date_fin, m.marches,
  coalesce(l.contrat_debut, v.premier_mois, l.contrat_fin) as debut,
  coalesce(l.contrat_fin, last_day(v.dernier_mois), l.contrat_debut) as fin
from suivi.contrats v
join suivi.lignes l using (rang)
left join (
  select o.source, o.structure_id, o.operation, string_agg(distinct c.marche_cle, ' ' order by c.marche_cle)
    as marches
  from suivi.operations o join entrepot.clauses c using (clause_id) group by all
) m on m.source = l.source and m.structure_id = l.structure_id and m.operation = l.operation
"""

# Une suite s'ouvre quand le contrat commence plus de N jours après la fin de tous les précédents.
_CONTRATS = """
with candidats as (
  select e.contrat_id, e.debut, e.fin, e.personne, e.employeur_siren, e.marches, e.type_contrat,
    p.valeur as jours
  from suivi.etats e
  asof join (select * from reference.parametres where nom = 'jours_de_renouvellement') p
    on e.debut >= p.depuis
  where e.personne is not null and e.employeur_siren is not null and e.marches is not null
), ouvertures as (
  select *, coalesce(debut > max(fin) over avant + to_days(jours::integer), true) as ouvre
  from candidats
  window avant as (
    partition by personne, employeur_siren, marches, type_contrat order by debut, contrat_id
    rows between unbounded preceding and 1 preceding
  )
), suites as (
  select contrat_id, last_value(case when ouvre then contrat_id end ignore nulls) over (
    partition by personne, employeur_siren, marches, type_contrat order by debut, contrat_id
  ) as premier
  from ouvertures
)
select e.*, coalesce(s.premier, e.contrat_id) as contrat_suivi_id
from suivi.etats e left join suites s using (contrat_id)
"""


def construire_contrats(connexion: duckdb.DuckDBPyConnection) -> None:
    """Remplit `entrepot.contrats` : un contrat de travail à l'état de sa ligne la plus récente.

    Chaque mission d'intérim est un contrat à la source et le reste ici. `contrat_suivi_id` réunit les
    renouvellements (R3) : même personne, même employeur (SIREN), même marché, même type de contrat, et
    au plus `jours_de_renouvellement` jours entre la fin de l'un et le début du suivant. Un CDI signé
    après un CDD est un autre contrat, non un renouvellement. Sans personne, employeur ou date, un
    contrat n'est le renouvellement d'aucun.

    Lit `suivi.*` et `entrepot.clauses`.
    """
    connexion.execute(_DERNIERS)
    creer(connexion, "contrats", _CONTRATS)
