"""Les personnes, sous pseudonyme : leur profil et leurs publics à l'entrée."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.entrepot.tables import creer

if TYPE_CHECKING:
    import duckdb

# Les lignes du premier contrat d'une personne ; deux contrats commencés le même jour comptent tous deux.
# Un contrat sans date de début est daté de son premier mois travaillé.
_ENTREES = """
create or replace table suivi.entrees as
select personne, min(coalesce(contrat_debut, mois)) as date_entree
from suivi.lignes where personne is not null group by personne;

create or replace view suivi.lignes_d_entree as
select l.*, e.date_entree
from suivi.lignes l join suivi.entrees e using (personne)
where coalesce(l.contrat_debut, l.mois) is not distinct from e.date_entree
"""

_PROFILS = """
with profils as (
  select personne, min(date_entree) as date_entree,
    arg_max(sexe, rang) filter (sexe <> 'NR') as sexe,
    arg_max(age_entree, rang) as age_entree,
    arg_max(niveau_diplome, rang) filter (niveau_diplome <> 'NR') as niveau_diplome,
    arg_max(qpv, rang) filter (qpv <> 'NR') as qpv,
    arg_max(qpv_code, rang) as qpv_code,
    arg_max(millesime_qpv, rang) filter (qpv_code is not null) as millesime_qpv,
    commune_actuelle(arg_max(commune_residence, rang)) as commune_residence
  from suivi.lignes_d_entree group by personne
)
select p.* replace (
    coalesce(sexe, 'NR') as sexe, coalesce(niveau_diplome, 'NR') as niveau_diplome,
    coalesce(qpv, 'NR') as qpv
  ),
  case
    when age_entree < 26 then 'M26' when age_entree < 30 then 'A26_29' when age_entree < 40 then 'A30_39'
    when age_entree < 50 then 'A40_49' when age_entree < 55 then 'A50_54'
    when age_entree >= 55 then 'A55P' else 'NR'
  end as tranche_age,
  case
    when commune_residence is null then 'NR'
    when 'dep:' || left(commune_residence, 2) in (select territoire from entrepot.territoires)
      then left(commune_residence, 2)
    else 'HORS'
  end as departement_residence
from profils p
"""

_PUBLICS = """
with cites as (
  select distinct personne, trim(public) as public
  from (
    select personne, unnest(string_split(coalesce(publics, 'NR'), '|')) as public
    from (select distinct personne, publics from suivi.lignes_d_entree)
  )
)
select personne, public from cites where public not in ('', 'NR')
union all
select distinct personne, 'NR' from cites
where personne not in (select personne from cites where public not in ('', 'NR'))
"""


def construire_personnes(connexion: duckdb.DuckDBPyConnection) -> None:
    """Remplit `entrepot.beneficiaires` et `entrepot.beneficiaires_publics`, à l'entrée (règle R6).

    La personne est reconnue par sa clé régionale : suivie par deux structures, elle n'entre qu'une fois
    (T1). Ses caractéristiques ne la suivent pas dans le temps : seules comptent les lignes de son premier
    contrat (T17). Entre elles, une valeur renseignée l'emporte sur « non renseigné », puis la plus récente
    sur la plus ancienne. Le code d'un quartier garde la géographie de son époque (T18).

    Les publics se cumulent ; aucun n'est déduit d'une autre colonne : un jeune n'est « peu ou pas
    qualifié » que si la source le dit (T12). Une personne sans aucun public a la modalité NR.

    Lit `suivi.lignes` et `entrepot.territoires`.
    """
    connexion.execute(_ENTREES)
    creer(connexion, "beneficiaires", _PROFILS)
    creer(connexion, "beneficiaires_publics", _PUBLICS)
