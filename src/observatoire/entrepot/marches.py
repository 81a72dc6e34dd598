"""Les marchés des données essentielles : une ligne par contrat, à son dernier état."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.entrepot.tables import creer

if TYPE_CHECKING:
    import duckdb

# Ce que toutes les publications d'un marché disent ensemble.
_ENSEMBLES = """
create or replace temp table decp_ensembles as
with par_source as (
  select marche_id, source, min(rang) as rang, min(date_notification) as date_notification,
    count(*) as lignes, max(nb_modifications) as modifications,
    arg_min(montant_eur, date_notification) filter (tabulaire and coalesce(nb_modifications, 0) = 0)
      as premier_montant
  from decp_rangs group by all
), contredits as (
  select marche_id from decp_rangs where coalesce(date_publication, date_notification) is not null
  group by marche_id, tabulaire, coalesce(date_publication, date_notification), nb_modifications
  having count(distinct montant_eur) > 1
)
select marche_id, string_agg(source, '|' order by source) as sources, count(*) as nb_sources,
  sum(lignes) as nb_lignes, max(modifications) as nb_modifications,
  arg_min(premier_montant, rang) as premier_montant,
  coalesce(arg_min(date_notification, rang), min(date_notification)) as date_notification,
  marche_id in (from contredits) as conflit
from par_source group by marche_id
"""

# Le contrôle a jugé le montant publié ; celui d'une modification l'est ici, sur les mêmes seuils.
_FACTICE = """
create or replace macro montant_factice(montant) as
  montant >= 99999999 and (starts_with(montant::bigint::varchar, '123456789') or list_max(list_transform(
    range(1, 10), lambda chiffre: len(regexp_extract_all(montant::bigint::varchar, chiffre::varchar)))) > 6)
"""

# L'état final : la ligne qui fait foi, puis ses modifications dans l'ordre.
_ETATS = r"""
create or replace temp table decp_etats as
with modifies as (
  select marche_id, count(*) as nombre,
    arg_max(montant_eur, no) filter (applicable and montant_eur is not null) as montant_eur,
    arg_max(duree_mois, no) filter (applicable and duree_mois is not null) as duree_mois
  from decp_modifications group by marche_id
), etats as (
  select d.* replace (
      coalesce(m.montant_eur, d.montant_eur) as montant_eur,
      coalesce(m.duree_mois, d.duree_mois) as duree_mois,
      n.date_notification as date_notification,
      greatest(m.nombre, n.nb_modifications) as nb_modifications
    ),
    r.marche_id, n.sources, n.nb_sources, n.nb_lignes, n.conflit, r.objet as objet_compare,
    if(r.tabulaire, n.premier_montant, d.montant_eur) as montant_initial_eur,
    m.montant_eur is distinct from d.montant_eur and m.montant_eur is not null as change
  from decp_rangs r
  join controle.decp d using (source, millesime, fichier, ligne)
  join decp_ensembles n using (marche_id)
  left join modifies m using (marche_id)
  where r.rang = 1
)
select * replace (
    case when not change then montant_statut
      when montant_eur < 1 or montant_eur > 3e9 or montant_factice(montant_eur) then 'aberrant'
      when montant_eur < 200 or montant_eur >= 1e8 then 'suspect' else 'ok' end as montant_statut,
    case when not change then montant_raison when montant_eur < 200 or montant_eur >= 99999999
      then 'montant de la dernière modification' end as montant_raison
  ),
  numero_publie(id_source) as numero,
  numero_publie(id_accord_cadre) as numero_accord_cadre,
  if(
    est_accord_cadre, regexp_replace(objet_compare, ' LOT( N| NO| NUMERO)? ?[0-9]+( .*)?$', ''), objet_compare
  ) as objet_du_plafond
from etats
"""

_SOMMES = """
create or replace temp table decp_sommes as
with etats as (
  select *, if(montant_statut in ('ok', 'suspect'), montant_eur, null) as a_sommer from decp_etats
), cadres as (
  select distinct acheteur_id, numero from etats
  where est_accord_cadre and numero_accord_cadre is null and a_sommer is not null
), comptes as (
  select e.marche_id, e.a_sommer,
    c.numero is not null and e.numero is distinct from c.numero as dans_le_cadre,
    e.numero_accord_cadre is not null and row_number() over (
      partition by e.acheteur_id, e.numero_accord_cadre, e.a_sommer order by e.marche_id) > 1 as meme_cadre,
    e.acheteur_id is not null and e.objet_du_plafond is not null and e.date_notification is not null
      and e.est_accord_cadre is distinct from false and row_number() over (
        partition by e.acheteur_id, e.objet_du_plafond, e.date_notification, e.a_sommer,
          e.est_accord_cadre is false order by e.marche_id) > 1 as meme_plafond
  from etats e
  left join cadres c on c.acheteur_id = e.acheteur_id and c.numero = e.numero_accord_cadre
)
select marche_id,
  if(dans_le_cadre or meme_cadre or meme_plafond, null, a_sommer) as montant_sommable_eur
from comptes
"""

_RESERVATIONS = """
create or replace temp table decp_reservations as
with familles as (
  select distinct marche_id, f.famille from entrepot.attributions a
  join reference.familles f on f.genre = a.structure_genre
)
select marche_id,
  case when list_contains(reunies, 'PENITENTIAIRE') then 'MR_PENIT'
    when list_contains(reunies, 'HANDICAP') and list_contains(reunies, 'IAE') then 'MR_HAND_SIAE'
    when list_contains(reunies, 'HANDICAP') then 'MR_HAND'
    when list_contains(reunies, 'IAE') then 'MR_SIAE' else 'NR' end as reservation
from (select marche_id, list(famille) as reunies from familles group by marche_id)
"""

_MARCHES = """
select e.* replace (
    commune_actuelle(e.commune) as commune,
    coalesce(e.departement, if(e.lieu_code is null, a.departement, null)) as departement,
    coalesce(e.type_marche, 'NR') as type_marche,
    coalesce(e.procedure, 'NR') as procedure,
    coalesce(e.type_groupement, 'NR') as type_groupement,
    coalesce(e.nb_modifications, 0) as nb_modifications,
    a.nom as acheteur_nom
  ),
  siren(e.acheteur_id) as acheteur_siren,
  coalesce(a.type_acheteur, 'NR') as type_acheteur,
  a.departement as departement_acheteur, a.commune as commune_acheteur,
  s.montant_sommable_eur,
  if(e.marche_reserve, coalesce(r.reservation, 'NR'), 'NR') as reservation,
  coalesce(t.nb_titulaires, 0) as nb_titulaires
from decp_etats e
join decp_sommes s using (marche_id)
left join reference.acheteurs a using (acheteur_id)
left join decp_reservations r using (marche_id)
left join (
  select marche_id, count(*) as nb_titulaires from entrepot.attributions group by marche_id
) t using (marche_id)
"""


def construire_marches(connexion: duckdb.DuckDBPyConnection) -> None:
    """Crée `entrepot.marches`, à l'état de la ligne qui fait foi et de ses modifications.

    - Le marché garde sa première date de notification : une modification ne le notifie pas une
      seconde fois. Tout marché est gardé, où qu'il s'exécute.
    - `montant_sommable_eur` (euros HT) est vide si le montant est aberrant ou absent, et pour un
      plafond d'accord-cadre déjà compté (§1.6 des sources) : marché subséquent d'un accord-cadre
      présent ; même acheteur, même accord-cadre et même montant ; même acheteur, même objet (au lot
      près pour un accord-cadre), même date et même montant, sauf si ce n'est pas un accord-cadre.
      Le plus petit identifiant porte le montant.
    - `reservation` se déduit du genre des titulaires d'un marché réservé ; la loi citée ne se publie
      pas.
    """
    for requete in (_ENSEMBLES, _FACTICE, _ETATS, _SOMMES, _RESERVATIONS):
        connexion.execute(requete)
    creer(connexion, "marches", _MARCHES)
    for provisoire in ("ensembles", "etats", "sommes", "reservations"):
        connexion.execute(f"drop table decp_{provisoire}")
