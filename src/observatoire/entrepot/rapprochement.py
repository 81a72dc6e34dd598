"""Le marché publié que porte une clause : à la main, par la référence, ou par le titulaire et la date."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

# Une correspondance sans numéro dit « pas de marché publié ». Si elle nomme un marché introuvable, rien
# n'est retenu à sa place.
_CORRESPONDANCES = """
create or replace table suivi.correspondances as
with candidats as (
  select c.clause_id, nullif(k.id_source, '') is null as sans_marche, m.marche_id
  from suivi.clauses c
  join controle.correspondances k
    on k.source = c.source and k.structure_id = c.structure_id and k.operation = c.clause
  left join entrepot.marches m
    on cle_marche(m.acheteur_id, m.id_source) = cle_marche(k.acheteur_id, k.id_source)
  qualify rank() over (
    partition by c.clause_id
    order by coalesce(m.acheteur_id = k.acheteur_id and m.id_source = k.id_source, false) desc
  ) = 1
)
select clause_id, case when count(distinct marche_id) = 1 then min(marche_id) end as marche_id,
  case when bool_or(sans_marche) or count(distinct marche_id) = 1 then 'correspondance' end as rapprochement
from candidats group by clause_id
"""

_RAPPROCHEMENTS = """
create or replace table suivi.rapprochements as
with libres as (
  select * from suivi.clauses anti join suivi.correspondances using (clause_id)
), candidats as (
  select c.clause_id, m.marche_id, 'reference' as rapprochement, 1 as ordre
  from libres c join entrepot.marches m on cle_marche(m.acheteur_id, m.id_source) = c.cle
  union all
  select c.clause_id, m.marche_id, 'titulaire_date', 2
  from libres c
  asof join (select * from reference.parametres where nom = 'jours_de_rapprochement') p
    on c.date_notification >= p.depuis
  join entrepot.marches m on m.acheteur_siren = siren(c.acheteur_id)
    and abs(date_diff('day', m.date_notification, c.date_notification)) <= p.valeur
  join entrepot.attributions a on a.marche_id = m.marche_id and a.siren = siren(c.titulaire_id)
), seuls as (
  select clause_id, rapprochement, ordre, min(marche_id) as marche_id
  from candidats group by all having count(distinct marche_id) = 1
)
select clause_id, marche_id, rapprochement from seuls
qualify row_number() over (partition by clause_id order by ordre) = 1
union all
select clause_id, marche_id, rapprochement from suivi.correspondances
"""


def rapprocher(connexion: duckdb.DuckDBPyConnection) -> None:
    """Crée `suivi.rapprochements` : la clause, son marché publié et la méthode qui l'a trouvé.

    Trois méthodes, la première qui répond l'emporte : `correspondance`, établie à la main, y compris
    pour dire qu'aucun marché n'est publié ; `reference`, même acheteur (SIREN) et même numéro à la casse,
    aux séparateurs et aux zéros de tête près ; `titulaire_date`, même acheteur, même titulaire (SIREN) et
    notifications à moins de `jours_de_rapprochement` jours. Une méthode qui désigne plusieurs marchés
    n'en retient aucun. Une clause sans marché publié garde toutes ses heures : les petits marchés sont
    sous le seuil de publication.

    Lit `suivi.clauses`, `entrepot.marches`, `entrepot.attributions` et `controle.correspondances`.
    """
    connexion.execute(_CORRESPONDANCES)
    connexion.execute(_RAPPROCHEMENTS)
