"""Les titulaires des marchés, au dernier état, et la structure d'insertion ou du handicap reconnue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.entrepot.tables import creer

if TYPE_CHECKING:
    import duckdb

_TITULAIRE = (
    '[{"rang":"BIGINT","id":"VARCHAR","type_identifiant":"VARCHAR","siret":"VARCHAR",'
    '"denomination":"VARCHAR"}]'
)

# Une ligne par titulaire : le tableau de decp.info, et des publications qui répètent le contrat.
_PUBLIES = """
create or replace temp table decp_titulaires as
with avec as (
  select r.marche_id, r.rang, r.source, r.date_publication, r.date_notification, r.nb_modifications,
    d.titulaires
  from decp_rangs r join controle.decp d using (source, millesime, fichier, ligne)
  where json_array_length(d.titulaires) > 0
), premiere as (
  select * from avec qualify row_number() over (partition by marche_id order by rang) = 1
), remplaces as (
  select marche_id, arg_max(titulaires, no) as titulaires from decp_modifications
  where applicable and titulaires is not null group by all
)
select a.marche_id, a.rang, a.titulaires
from avec a join premiere p on a.marche_id = p.marche_id and a.source = p.source
  and a.date_publication is not distinct from p.date_publication
  and a.date_notification is not distinct from p.date_notification
  and a.nb_modifications is not distinct from p.nb_modifications
anti join remplaces m on a.marche_id = m.marche_id
union all
select marche_id, 1 as rang, titulaires from remplaces
"""

_ATTRIBUTIONS = f"""
with listes as (
  select marche_id, rang as publication, unnest(from_json(titulaires, '{_TITULAIRE}'), recursive := true)
  from decp_titulaires
), nommes as (
  select *, coalesce(nullif(id, ''), siret, nullif(denomination, '')) as titulaire_id,
    row_number() over (partition by marche_id order by publication desc, rang nulls last, id) as ordre
  from listes
), distincts as (
  select * from nommes where titulaire_id is not null
  qualify row_number() over (partition by marche_id, titulaire_id order by ordre) = 1
)
select d.marche_id, d.titulaire_id,
  row_number() over (partition by d.marche_id order by d.ordre) as rang,
  coalesce(d.type_identifiant, 'NR') as type_identifiant, d.siret, siren(d.siret) as siren,
  coalesce(s.siret, n.siret) as structure_siret, coalesce(s.genre, n.genre) as structure_genre,
  case when s.siret is not null then 'siret' when n.siret is not null then 'siren' end as structure_niveau,
  coalesce(e.categorie, u.categorie, 'NR') as categorie
from distincts d
left join reference.structures_par_siret s on s.siret = d.siret
left join reference.structures_par_siren n on n.siren = siren(d.siret)
left join entrepot.entreprises e on e.siret = d.siret and e.categorie <> 'NR'
left join reference.categories u on u.siren = siren(d.siret)
"""


def construire_attributions(connexion: duckdb.DuckDBPyConnection) -> None:
    """Crée `entrepot.attributions` : les titulaires de l'état retenu, dans l'ordre de publication.

    Les lignes du même état (même source, mêmes dates) donnent chacune leurs titulaires ; une
    modification qui en publie les remplace tous. Un titulaire sans identifiant valide n'est
    rapproché de rien.
    """
    connexion.execute(_PUBLIES)
    creer(connexion, "attributions", _ATTRIBUTIONS)
    connexion.execute("drop table decp_titulaires")
