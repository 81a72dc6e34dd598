"""Les territoires, les communes qui les composent, et ce qui rattache un objet à chacun d'eux."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.entrepot.tables import creer, inscrire
from observatoire.referentiel import MILLESIME_GEOGRAPHIE, lire_liste

if TYPE_CHECKING:
    import duckdb

_LISTES = ("territoires", "mouvements_communes", "anciennes_intercommunalites")


def construire_territoires(connexion: duckdb.DuckDBPyConnection) -> None:
    """Crée `entrepot.territoires` et `entrepot.appartenances`.

    Les territoires sont la région, les départements, T1 à T12 et les intercommunalités hors de la
    métropole, y compris celles qui n'existent plus. Une commune appartient à la région, à un
    département et à un territoire de la métropole ou une intercommunalité, jamais aux deux. Une
    commune disparue garde ses appartenances jusqu'à la veille de sa disparition. La composition des
    intercommunalités n'est connue que depuis le millésime 2019 : rien n'est supposé avant.
    """
    for nom in _LISTES:
        inscrire(connexion, f"reference.{nom}", pd.DataFrame(lire_liste(nom), dtype="string"))
    creer(
        connexion,
        "territoires",
        f"""
        select territoire, split_part(territoire, ':', 1) as niveau, nom,
            '{MILLESIME_GEOGRAPHIE}' as millesime,
            nullif(valide_du, '') as valide_du, nullif(valide_au, '') as valide_au
        from reference.territoires
        """,
    )
    creer(connexion, "appartenances", _APPARTENANCES)


_APPARTENANCES = """
    with existantes as (
        select code as commune, code as absorbante, null as fin from reference.communes
        union all
        select code_avant, code_apres, date_effet::timestamp - interval 1 day
        from reference.mouvements_communes where code_avant <> code_apres
    ), situees as (
        select commune, fin, departement, ept
        from existantes join reference.communes on communes.code = absorbante
    ), durables as (
        select commune, 'reg:11' as territoire, fin from situees
        union all select commune, 'dep:' || departement, fin from situees
        union all select commune, 'ept:' || ept, fin from situees where ept <> ''
    ), quittees as (
        select commune, epci, valide_du::timestamp as debut, valide_au::timestamp as fin
        from reference.anciennes_intercommunalites
    ), rejointes as (
        select code as commune, epci,
            coalesce((select max(fin) + interval 1 day from quittees where commune = code),
                timestamp '2019-01-01') as debut
        from reference.communes where epci <> ''
    )
    select commune, territoire, timestamp '2016-01-01' as valide_du, fin as valide_au from durables
    union all select commune, 'epci:' || epci, debut, fin from quittees
    union all select commune, 'epci:' || epci, debut, null from rejointes
"""


def construire_rattachements(connexion: duckdb.DuckDBPyConnection) -> None:
    """Crée `entrepot.rattachements` : un objet × un territoire × un motif (règle R5).

    - `execution` : la commune d'exécution de la clause ; sans commune, la région seule, puisque le
      suivi est celui des structures régionales ;
    - `acheteur` et `acheteur_marche` : la commune de l'acheteur de la clause ou du marché, à défaut
      son département ;
    - `execution_marche` : la commune d'exécution du marché, à défaut son département, à défaut la
      région quand le lieu publié est la région elle-même ;
    - `residence` : la commune de la personne à son entrée ; sans commune, aucun territoire ;
    - `projet` : les communes d'exécution des clauses du marché d'un grand projet, à défaut le lieu du
      marché publié, à défaut la région ; un marché de deux communes a les territoires des deux ;
    - `structure` : la commune de la structure, à défaut son département.

    Le découpage est celui du millésime en vigueur, quelle que soit la date de l'objet : une série ne
    saute pas quand une commune change d'intercommunalité. Hors de la région, aucun territoire. Un
    code de commune inconnu vaut par son département.

    Args:
        connexion: `entrepot.appartenances`, `clauses`, `marches`, `beneficiaires`, `grands_projets`,
            `structures` et `reference.acheteurs` y sont construites.
    """
    creer(connexion, "rattachements", _RATTACHEMENTS)


_RATTACHEMENTS = """
    with objets as (
        select 'execution' as motif, clause_id as objet_id, commune_execution as commune,
            null as departement, coalesce(commune_execution, '') = '' as regional
        from entrepot.clauses
        union all
        select 'acheteur', clause_id, a.commune, a.departement, false
        from entrepot.clauses left join reference.acheteurs as a using (acheteur_id)
        union all
        select 'execution_marche', marche_id, commune, departement,
            lieu_type ilike '%gion%' and lieu_code in ('11', 'FR1', 'FR10')
        from entrepot.marches
        union all
        select 'acheteur_marche', marche_id, commune_acheteur, departement_acheteur, false
        from entrepot.marches
        union all
        select 'residence', personne, commune_residence, null, false from entrepot.beneficiaires
        union all
        select distinct 'projet', g.marche_cle, coalesce(nullif(c.commune_execution, ''), m.commune),
            m.departement, coalesce(nullif(c.commune_execution, ''), m.commune, m.departement) is null
        from entrepot.grands_projets g
        left join entrepot.clauses c on c.marche_cle = g.marche_cle and c.commune_execution <> ''
        left join entrepot.marches m on m.marche_id = g.marche_id
        union all
        select 'structure', siret, arg_min(commune, genre), arg_min(departement, genre), false
        from entrepot.structures group by siret
    ), lieux as (
        select motif, objet_id, regional, commune_actuelle(nullif(commune, '')) as commune,
            'dep:' || coalesce(left(nullif(commune, ''), 2), departement) as dep
        from objets
    ), communes as (
        select commune, max(territoire) filter (territoire like 'dep:%') as dep,
            max(territoire) filter (territoire like 'ep%') as local
        from entrepot.appartenances where valide_au is null group by commune
    ), situes as (
        select motif, objet_id, regional, coalesce(communes.dep, territoire) as dep, local
        from lieux
        left join communes using (commune)
        left join entrepot.territoires on territoire = lieux.dep
    ), liens as (
        select motif, objet_id, dep as territoire from situes where dep is not null
        union all
        select motif, objet_id, local from situes where local is not null
        union all
        select motif, objet_id, 'reg:11' from situes where dep is not null or regional
    )
    select * from liens where motif <> 'projet'
    union all
    select distinct * from liens where motif = 'projet'
"""
