"""Les établissements cités, d'après SIRENE, et ce qu'on sait des acheteurs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.entrepot.tables import creer, inscrire
from observatoire.referentiel import lire_liste

if TYPE_CHECKING:
    import duckdb

_ACHETEURS_CITES = """
select acheteur_id from controle.decp union select acheteur_id from controle.suivi
union select acheteur_id from controle.grands_projets union select acheteur_id from controle.enquetes
"""

_CITES = f"""
create or replace temp table sirets_cites as
select distinct siret from (
  select acheteur_id as siret from ({_ACHETEURS_CITES})
  union all select distinct titulaire_id from controle.suivi
  union all select distinct employeur_id from controle.suivi
  union all select distinct structure_id from controle.suivi
  union all select unnest(json_extract_string(titulaires, '$[*].siret'))
    from (select distinct titulaires from controle.decp)
  union all select unnest(json_extract_string(modifications, '$[*].titulaires[*].siret'))
    from (select distinct modifications from controle.decp)
  union all select unnest(json_extract_string(actes_sous_traitance, '$[*].siret'))
    from (select distinct actes_sous_traitance from controle.decp)
) where siret is not null
"""

_DERNIERES = """
create or replace temp table sirene as
select *, siren(siret) as siren from controle.entreprises
where siret is not null
qualify row_number() over (
  partition by siret order by millesime desc, source desc, fichier desc, ligne desc) = 1
"""

_ENTREPRISES = """
select s.* replace (commune_actuelle(commune) as commune, coalesce(categorie, 'NR') as categorie)
from sirene s semi join sirets_cites using (siret)
"""

# La catégorie et la forme juridique sont celles de l'unité légale : tout établissement les porte.
_UNITES = """
create or replace table reference.categories as
select siren, max(categorie) as categorie from sirene where categorie <> 'NR' group by siren;

create or replace temp table unites_legales as
select siren, arg_min(denomination, siret) as denomination,
  arg_min(categorie_juridique, siret) as categorie_juridique,
  bool_or(categorie_juridique = '4140' and replace(naf, '.', '') = '6820A') as office_habitat
from sirene group by siren
"""

_PUBLIES = """
create or replace temp table acheteurs_publies as
with noms as (
  select acheteur_id, acheteur_nom as nom, count(*) as nombre from controle.decp
  where acheteur_nom is not null and not starts_with(upper(acheteur_nom), 'BUDGET ') group by all
  union all
  select acheteur_id, acheteur_nom, 1 from controle.enquetes where acheteur_nom is not null
), departements as (
  select acheteur_id, acheteur_departement as departement, count(*) as nombre from controle.decp
  where acheteur_departement is not null group by all
)
select acheteur_id, any_value(nom) as nom, any_value(departement) as departement
from (select acheteur_id, arg_max(nom, (nombre, nom)) as nom from noms group by acheteur_id)
full join (
  select acheteur_id, arg_max(departement, (nombre, departement)) as departement
  from departements group by acheteur_id
) using (acheteur_id)
group by acheteur_id
"""

# Un office public de l'habitat est un établissement public local (4140) qui loue des logements (68.20A).
# Le SIREN d'une collectivité dit son code : 21, département et commune ; 22 et département.
_ACHETEURS = """
create or replace table reference.acheteurs as
with cites as (
  select acheteur_id, siren(acheteur_id) as siren, left(acheteur_id, 2) as debut,
    substr(acheteur_id, 3, 2) as numero
  from ({cites}) where acheteur_id is not null
), situes as (
  select c.*, coalesce(e.commune,
    case when c.debut = '21' then (
      select code from reference.communes where code = c.numero || substr(c.acheteur_id, 6, 3)
    ) end) as commune
  from cites c left join sirene e on e.siret = c.acheteur_id
)
select c.acheteur_id,
  coalesce(u.denomination, p.nom) as nom,
  coalesce(
    (select min(type_acheteur) from reference.acheteurs_connus k where k.siren = c.siren),
    if(u.office_habitat, 'BAILLEUR', null),
    (select arg_max(type_acheteur, length(prefixe)) from reference.categories_juridiques
      where starts_with(u.categorie_juridique, prefixe)),
    case c.debut when '21' then 'COMMUNE' when '22' then 'DEPT' when '23' then 'REGION' end,
    'NR') as type_acheteur,
  commune_actuelle(c.commune) as commune,
  coalesce(left(c.commune, 2), p.departement, if(c.debut in ('21', '22'), c.numero, null)) as departement
from situes c
left join unites_legales u using (siren)
left join acheteurs_publies p using (acheteur_id)
"""


def construire_entreprises(connexion: duckdb.DuckDBPyConnection) -> None:
    """Crée `entrepot.entreprises` : l'extrait SIRENE réduit aux SIRET cités, à la dernière livraison."""
    connexion.execute(_CITES)
    connexion.execute(_DERNIERES)
    connexion.execute(_UNITES)
    creer(connexion, "entreprises", _ENTREPRISES)
    connexion.execute("drop table sirets_cites")


def decrire_acheteurs(connexion: duckdb.DuckDBPyConnection) -> None:
    """Crée `reference.acheteurs(acheteur_id, nom, type_acheteur, commune, departement)`.

    - nom : celui de SIRENE, à défaut le plus publié (un « BUDGET PRINCIPAL » n'est pas un nom) ;
    - type : la liste des maîtres d'ouvrage (`acheteurs.csv`), à défaut la catégorie juridique de
      SIRENE, à défaut le numéro SIREN quand l'INSEE y code la collectivité (21, 22, 23), sinon NR ;
    - commune et département : ceux de l'établissement dans SIRENE, à défaut ceux du numéro SIREN
      d'une commune francilienne, à défaut le département publié.
    """
    listes = {
        "acheteurs_connus": [(ligne["siren"], ligne["type_acheteur"]) for ligne in lire_liste("acheteurs")],
        "categories_juridiques": [
            (ligne["prefixe"], ligne["type_acheteur"]) for ligne in lire_liste("categories_juridiques")
        ],
    }
    colonnes = {"acheteurs_connus": "siren", "categories_juridiques": "prefixe"}
    for nom, lignes in listes.items():
        table = pd.DataFrame(lignes, columns=[colonnes[nom], "type_acheteur"])
        inscrire(connexion, f"reference.{nom}", table)
    connexion.execute(_PUBLIES)
    connexion.execute(_ACHETEURS.format(cites=_ACHETEURS_CITES))
    for provisoire in ("acheteurs_publies", "unites_legales", "sirene"):
        connexion.execute(f"drop table {provisoire}")
