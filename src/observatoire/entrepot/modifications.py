"""L'histoire des marchés : leurs modifications, dans l'ordre."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.entrepot.tables import creer

if TYPE_CHECKING:
    import duckdb

_MODIFICATION = (
    '[{"no":"BIGINT","date_notification":"TIMESTAMP","montant_eur":"DOUBLE","duree_mois":"BIGINT",'
    '"titulaires":"JSON"}]'
)

# Publication imbriquée : les modifications sont dans la ligne du marché.
_IMBRIQUEES = f"""
create or replace temp table decp_histoires as
with publiees as (
  select r.marche_id, r.rang, unnest(from_json(d.modifications, '{_MODIFICATION}'), recursive := true)
  from decp_rangs r join controle.decp d using (source, millesime, fichier, ligne)
  where not r.tabulaire and d.modifications is not null
)
select marche_id, rang, date_notification, montant_eur, duree_mois,
  if(json_array_length(titulaires) > 0, titulaires::varchar, null) as titulaires,
  row_number() over (partition by marche_id, rang order by date_notification nulls first, no) as no
from publiees
"""

# Tableau de decp.info : une ligne par état et par titulaire ; le premier état n'est pas une modification.
_TABULAIRES = """
insert into decp_histoires
with etats as (
  select r.marche_id, r.source, r.nb_modifications, r.date_notification, min(r.rang) as rang,
    arg_min(d.montant_eur, r.rang) as montant_eur, arg_min(d.duree_mois, r.rang) as duree_mois,
    to_json(list(d.titulaires order by d.titulaires) filter (d.titulaires is not null)) as listes
  from decp_rangs r join controle.decp d using (source, millesime, fichier, ligne)
  where r.tabulaire group by all
), ranges as (
  select *, lag(listes) over histoire as listes_avant,
    row_number() over histoire as etat, min(rang) over (partition by marche_id, source) as rang_source
  from etats
  window histoire as (partition by marche_id, source order by nb_modifications nulls first, date_notification)
)
select marche_id, rang_source as rang, date_notification, montant_eur, duree_mois,
  if(listes <> listes_avant or listes_avant is null, titulaires_reunis(listes), null) as titulaires,
  etat - 1 as no
from ranges where etat > 1
"""

# Un état tabulaire a une ligne par titulaire : ses listes d'un objet n'en font qu'une.
_REUNIR = """
create or replace macro titulaires_reunis(listes) as
  nullif(to_json(list_sort(list_distinct(flatten(from_json(listes::varchar, '["VARCHAR"]').list_transform(
    lambda texte: from_json(texte, '["JSON"]'))))))::varchar, 'null')
"""

_RETENUES = """
create or replace temp table decp_modifications as
with longueurs as (
  select marche_id, rang, count(*) as nombre from decp_histoires group by all
), retenues as (
  select marche_id, rang from longueurs
  qualify row_number() over (partition by marche_id order by nombre desc, rang) = 1
)
select h.* exclude (rang),
  h.rang = 1 or p.date_publication is null or h.date_notification > p.date_publication as applicable
from decp_histoires h
join retenues using (marche_id, rang)
join decp_rangs p on p.marche_id = h.marche_id and p.rang = 1
"""


def construire_modifications(connexion: duckdb.DuckDBPyConnection) -> None:
    """Crée `entrepot.modifications` et `decp_modifications` (les mêmes, et si elles s'appliquent).

    Un marché publié plusieurs fois a l'histoire de sa publication la plus longue : la même
    modification lue dans deux sources n'est pas deux modifications. Elle change l'état du marché si
    elle vient de la ligne qui fait foi, ou si elle est postérieure à sa publication.
    """
    for requete in (_IMBRIQUEES, _REUNIR, _TABULAIRES, _RETENUES):
        connexion.execute(requete)
    connexion.execute("drop table decp_histoires")
    creer(connexion, "modifications", "from decp_modifications")
