"""Les tables d'étude du suivi : les heures travaillées."""

from __future__ import annotations

from observatoire.indicateurs.registre import UNE_HEURE
from observatoire.indicateurs.tables.etude import Etude, inconnue
from observatoire.referentiel import nomenclature

# Une clause volontaire d'un marché privé et un achat direct à une structure d'insertion ne sont pas
# des clauses de la commande publique : leurs heures sont montrées à part (piège T19).
HORS_CLAUSES = "coalesce(modalite, 'NR') in ('PRIVE', 'ACHAT_SIAE')"

# Les heures sont sommées en nombres décimaux exacts : le résultat ne dépend pas de l'ordre
# dans lequel les fils d'exécution additionnent. Elles le sont d'abord par trimestre : une année ou quatre
# trimestres glissants en sont la somme.
#
# Le champ constant se décide au trimestre : l'heure vient d'une structure qui transmettait déjà un an avant,
# ou qui transmettra encore un an après. Un trimestre que le suivi ne couvre pas n'en dit rien.
TRIMESTRIELS = """
with trimestrielles as (
  select date_trunc('quarter', mois)::date as trimestre, contrat_id, clause_id,
    sum(heures::decimal(18, 6))::decimal(18, 6) as heures,
    sum(coalesce(heures_formation, 0)::decimal(18, 6))::decimal(18, 6) as formation,
    sum(date_diff('day', last_day(mois::date), date_saisie::date))::bigint as jours,
    count(date_saisie) as dates, max(heures) > 0 as travaillee
  from entrepot.heures semi join bits on trimestre = date_trunc('quarter', mois)::date
  group by all
), clauses as (
  select c.clause_id, n.no, c.structure_id, o.hors_clauses
  from entrepot.clauses c
  join nos_clause_id n on n.id = c.clause_id
  join operations o on o.clause = n.no
), contrats as (
  select n.id as contrat_id, n.no, p.personne from nos_contrat_id n left join profils p on p.contrat = n.no
), situees as materialized (
  select h.* exclude (contrat_id, clause_id), t.no as contrat, t.personne, c.no as clause, c.structure_id,
    coalesce(c.hors_clauses, false) as hors_clauses
  from trimestrielles h
  left join contrats t using (contrat_id)
  left join clauses c using (clause_id)
), transmissions as materialized (
  select distinct structure_id, trimestre from situees where travaillee and structure_id is not null
), couverts as (
  select debut::date as trimestre from periodes where genre = 'suivi' and fin < debut + interval 4 month
), champ as (
  select t.structure_id, t.trimestre,
    case when a.trimestre is not null then 'OUI' when k.trimestre is not null then 'NON' else 'NR' end
      ::modalite as present_un_an_avant,
    case when b.trimestre is not null then 'OUI' when l.trimestre is not null then 'NON' else 'NR' end
      ::modalite as present_un_an_apres
  from transmissions t
  left join couverts k on k.trimestre = t.trimestre - interval 1 year
  left join couverts l on l.trimestre = t.trimestre + interval 1 year
  left join transmissions a on a.structure_id = t.structure_id and a.trimestre = k.trimestre
  left join transmissions b on b.structure_id = t.structure_id and b.trimestre = l.trimestre
)
select s.* exclude (travaillee), f.present_un_an_avant, f.present_un_an_apres
from situees s left join champ f using (structure_id, trimestre)
"""
# Ce que lit un moment (voir `moments`) ; un seul trimestre est déjà une somme.
_DU_CHAMP = ("present_un_an_avant", "present_un_an_apres")
_LIGNE = f"contrat, clause, {', '.join(_DU_CHAMP)}"
# Une personne d'une seule ligne ne mêle rien.
LIGNES = f"""
select {_LIGNE}, heures, formation from trimestriels
semi join (
  select personne from trimestriels group by personne having count(*) > 1 or max(formation) > 0
) using (personne)
"""
CUMULS = f"""
with lues as materialized ({{}})
select moment, {_LIGNE}, heures, formation, jours / nullif(dates, 0) as jours_saisie from lues where seul
union all
select moment, {_LIGNE}, sum(heures)::decimal(18, 6) as heures, sum(formation)::decimal(18, 6) as formation,
  sum(jours) / nullif(sum(dates), 0) as jours_saisie
from lues where not seul group by all
"""
# Le public principal d'une personne : le premier de ses publics, dans l'ordre de la liste.
_PRINCIPAUX = f"""
select personne, arg_min(public, rang) as public_principal
from entrepot.beneficiaires_publics
join (values {", ".join(f"('{m.code}', {m.ordre})" for m in nomenclature("publics_principaux").values())})
  as priorites(public, rang) using (public)
group by personne
"""
PERSONNES = f"""
select n.no as personne, b.sexe, b.tranche_age, b.niveau_diplome, b.qpv, b.departement_residence,
  x.public_principal, u.publics, r.maille as maille_residence,
  coalesce(b.age_entree, -1) >= 0 and 'NR' not in (
    coalesce(b.sexe, 'NR'), coalesce(b.niveau_diplome, 'NR'), coalesce(b.qpv, 'NR'),
    coalesce(b.commune_residence, 'NR')
  ) as complete
from nos_personne n
left join entrepot.beneficiaires b on b.personne = n.id
left join ({_PRINCIPAUX}) x on x.personne = n.id
left join nos_publics u on u.personne = n.no
left join lieux_residence r on r.objet_id = n.no
"""
DE_LA_PERSONNE = ("sexe", "tranche_age", "niveau_diplome", "qpv", "departement_residence", "public_principal")


def _renseigner(table: str, noms: tuple[str, ...]) -> str:
    """Ce qui n'a ni personne, ni contrat, ni clause connus est, sur leurs axes, « non renseigné »."""
    return ", ".join(f"coalesce({table}.{nom}, '{inconnue(nom)}'::modalite) as {nom}" for nom in noms)


# Un renouvellement garde l'employeur, le prescripteur et le mode du contrat qu'il prolonge : un contrat et
# ses renouvellements n'ont ainsi qu'une modalité de chacun.
PROFILS = f"""
with contrats as materialized (
  select t.*, n.no as contrat, coalesce(s.no, n.no) as suivi
  from entrepot.contrats t
  join nos_contrat_id n on n.id = t.contrat_id
  left join nos_contrat_id s on s.id = t.contrat_suivi_id
)
select t.contrat, t.suivi as contrat_suivi_id, n.no as personne, e.no as employeur_siren,
  t.type_contrat, i.type_employeur, i.prescripteur, i.mode_realisation,
  {_renseigner("p", DE_LA_PERSONNE)}, p.publics, p.maille_residence,
  coalesce(p.complete, false) and 'NR' not in (
    coalesce(t.type_contrat, 'NR'), coalesce(i.type_employeur, 'NR'), coalesce(i.prescripteur, 'NR')
  ) as complet
from contrats t
left join contrats i on i.contrat = t.suivi
left join nos_employeur_siren e on e.id = t.employeur_siren
left join nos_personne n on n.id = t.personne
left join personnes p on p.personne = n.no
"""
DU_CONTRAT = ("type_contrat", "type_employeur", "prescripteur", "mode_realisation")
DU_PROFIL = (*DU_CONTRAT, *DE_LA_PERSONNE)
OPERATIONS = f"""
select n.no as clause, m.no as marche_cle, c.modalite, c.type_marche, c.type_acheteur, c.secteur, c.programme,
  l.maille as maille_execution, {HORS_CLAUSES} as hors_clauses,
  'NR' not in (coalesce(c.modalite, 'NR'), coalesce(c.type_marche, 'NR')) as complete
from entrepot.clauses c
join nos_clause_id n on n.id = c.clause_id
left join nos_marche_cle m on m.id = c.marche_cle
left join lieux_execution l on l.objet_id = n.no
"""
DE_L_OPERATION = ("modalite", "type_marche", "type_acheteur", "secteur", "programme")


def detailler(heures: str) -> str:
    """Rend la requête d'heures de contrats et de clauses, avec leurs codes et leurs lieux.

    Un contrat qui forme et fait travailler y a deux lignes, une par type d'heure (piège T16). Les codes et
    les lieux sont joints aux contrats et aux clauses, bien moins nombreux que les heures.
    """
    return f"""
        with heures as materialized ({heures}), types as (
          select * exclude (formation) replace ((heures - formation)::decimal(18, 6) as heures),
            'TRAVAIL'::modalite as type_heure
          from heures
          union all
          select * exclude (formation) replace (formation as heures), 'FORMATION'::modalite
          from heures where formation > 0
        )
        select k.* exclude (contrat, clause) replace ({_renseigner("k", _DU_CHAMP)}),
          k.contrat as contrat_id, k.clause as clause_id,
          t.contrat_suivi_id, t.personne, t.employeur_siren, t.publics, c.marche_cle,
          c.maille_execution, t.maille_residence,
          coalesce(c.hors_clauses, false) as hors_clauses,
          {_renseigner("t", DU_PROFIL)}, {_renseigner("c", DE_L_OPERATION)},
          if(t.complet and c.complete, 'OUI', 'NON')::modalite as ligne_complete
        from types k
        left join profils t using (contrat)
        left join operations c using (clause)
    """


# L'entrée d'une personne est le premier trimestre où elle fait une heure : elle y est aussi comptée parmi
# les bénéficiaires, et les entrées de l'année sont celles de ses quatre trimestres.
_ENTREES = f"""
with presences as (
  select personne, trimestre from trimestriels
  where personne is not null and not hors_clauses
  group by personne, trimestre
  having sum(heures) >= {UNE_HEURE}
)
select c.moment, e.personne, p.sexe, p.tranche_age
from (select personne, min(trimestre) as mois from presences group by personne) e
join calendrier c on c.genre = 'entrees' and c.mois = e.mois
join personnes p using (personne)
"""

ETUDES = (
    *(
        Etude(
            nom,
            "suivi",
            f"select * exclude (hors_clauses) from travail where {retenues}",
            unite="personne",
            un_moment=True,
            apports=True,
            source="travail",
        )
        for nom, retenues in {
            "heures": "not hors_clauses",
            "heures_hors_clauses": "hors_clauses",
        }.items()
    ),
    Etude("entrees", "entrees", _ENTREES, unite="personne", melanges=""),
)
