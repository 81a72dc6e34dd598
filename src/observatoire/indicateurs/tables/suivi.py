"""Les tables d'étude du suivi : les heures travaillées."""

from __future__ import annotations

from observatoire.indicateurs.registre import UNE_HEURE
from observatoire.indicateurs.tables.etude import Etude
from observatoire.referentiel import nomenclature

# Une clause volontaire d'un marché privé et un achat direct à une structure d'insertion ne sont pas
# des clauses de la commande publique : leurs heures sont montrées à part (piège T19).
HORS_CLAUSES = "coalesce(modalite, 'NR') in ('PRIVE', 'ACHAT_SIAE')"

# Les heures sont sommées en nombres décimaux exacts : le résultat ne dépend pas de l'ordre
# dans lequel les fils d'exécution additionnent. Un contrat qui forme et fait travailler dans la
# même période y a deux lignes, une par type d'heure (piège T16).
#
# Le champ constant se décide au trimestre : l'heure vient d'une structure qui transmettait déjà un an avant,
# ou qui transmettra encore un an après. Un trimestre que le suivi ne couvre pas n'en dit rien.
_CUMULS = """
with transmissions as materialized (
  select distinct c.structure_id, date_trunc('quarter', h.mois)::date as trimestre
  from entrepot.heures h join entrepot.clauses c using (clause_id)
  where h.heures > 0
), couverts as (
  select debut::date as trimestre from periodes where genre = 'suivi' and fin < debut + interval 4 month
), champ as materialized (
  select n.no as clause, t.trimestre,
    case when a.trimestre is not null then 'OUI' when k.trimestre is not null then 'NON' else 'NR' end
      as present_un_an_avant,
    case when b.trimestre is not null then 'OUI' when l.trimestre is not null then 'NON' else 'NR' end
      as present_un_an_apres
  from entrepot.clauses c
  join nos_clause_id n on n.id = c.clause_id
  join transmissions t on t.structure_id = c.structure_id
  left join couverts k on k.trimestre = t.trimestre - interval 1 year
  left join couverts l on l.trimestre = t.trimestre + interval 1 year
  left join transmissions a on a.structure_id = t.structure_id and a.trimestre = k.trimestre
  left join transmissions b on b.structure_id = t.structure_id and b.trimestre = l.trimestre
), cumuls as materialized (
  select p.periode, t.no as contrat, c.no as clause, f.present_un_an_avant, f.present_un_an_apres,
    sum(h.heures::decimal(18, 6))::decimal(18, 6) as heures,
    sum(coalesce(h.heures_formation, 0)::decimal(18, 6))::decimal(18, 6) as formation,
    avg(date_diff('day', last_day(h.mois::date), h.date_saisie::date)) as jours_saisie
  from entrepot.heures h
  join calendrier p on p.genre = 'suivi' and p.mois = date_trunc('month', h.mois)::date
  left join nos_contrat_id t on t.id = h.contrat_id
  left join nos_clause_id c on c.id = h.clause_id
  left join champ f on f.clause = c.no and f.trimestre = date_trunc('quarter', h.mois)::date
  group by all
)
select * exclude (formation) replace (heures - formation as heures), 'TRAVAIL' as type_heure from cumuls
union all
select * exclude (formation) replace (formation as heures), 'FORMATION' from cumuls where formation > 0
"""
# Le public principal d'une personne : le premier de ses publics, dans l'ordre de la liste.
_PRINCIPAUX = f"""
select personne, arg_min(public, rang) as public_principal
from entrepot.beneficiaires_publics
join (values {", ".join(f"('{m.code}', {m.ordre})" for m in nomenclature("publics_principaux").values())})
  as priorites(public, rang) using (public)
group by personne
"""
# Un renouvellement garde l'employeur, le prescripteur et le mode du contrat qu'il prolonge : un contrat et
# ses renouvellements n'ont ainsi qu'une modalité de chacun.
_PROFILS = f"""
select n.no as contrat, s.no as contrat_suivi_id, p.no as personne,
  t.type_contrat, i.type_employeur, i.prescripteur, i.mode_realisation,
  e.no as employeur_siren, b.sexe, b.tranche_age, b.niveau_diplome, b.qpv, b.departement_residence,
  x.public_principal, coalesce(b.age_entree, -1) >= 0 and 'NR' not in (
    coalesce(b.sexe, 'NR'), coalesce(b.niveau_diplome, 'NR'), coalesce(b.qpv, 'NR'),
    coalesce(b.commune_residence, 'NR'), coalesce(t.type_contrat, 'NR'), coalesce(i.type_employeur, 'NR'),
    coalesce(i.prescripteur, 'NR')
  ) as complet
from entrepot.contrats t
left join entrepot.contrats i on i.contrat_id = coalesce(t.contrat_suivi_id, t.contrat_id)
join nos_contrat_id n on n.id = t.contrat_id
join nos_contrat_id s on s.id = coalesce(t.contrat_suivi_id, t.contrat_id)
left join nos_personne p on p.id = t.personne
left join nos_employeur_siren e on e.id = t.employeur_siren
left join entrepot.beneficiaires b on b.personne = t.personne
left join ({_PRINCIPAUX}) x on x.personne = t.personne
"""
_OPERATIONS = """
select n.no as clause, m.no as marche_cle, c.modalite, c.type_marche, c.type_acheteur, c.secteur, c.programme
from entrepot.clauses c
join nos_clause_id n on n.id = c.clause_id
left join nos_marche_cle m on m.id = c.marche_cle
"""
TRAVAIL = f"""
select k.periode, k.contrat as contrat_id, k.clause as clause_id, k.type_heure, k.heures, k.jours_saisie,
  k.present_un_an_avant, k.present_un_an_apres,
  t.* exclude (contrat, complet), c.* exclude (clause),
  if(t.complet and 'NR' not in (coalesce(c.modalite, 'NR'), coalesce(c.type_marche, 'NR')), 'OUI', 'NON')
    as ligne_complete
from ({_CUMULS}) k
left join ({_PROFILS}) t using (contrat)
left join ({_OPERATIONS}) c using (clause)
"""

# L'entrée d'une personne est le premier trimestre où elle fait une heure : elle y est aussi comptée parmi
# les bénéficiaires, et les entrées de l'année sont celles de ses quatre trimestres.
_ENTREES = f"""
with presences as (
  select t.personne, q.debut, any_value(t.sexe) as sexe, any_value(t.tranche_age) as tranche_age
  from travail t
  join periodes q on q.genre = 'suivi' and q.periode = t.periode and q.fin < q.debut + interval 4 month
  where t.personne is not null and not {HORS_CLAUSES}
  group by t.personne, q.debut
  having sum(t.heures) >= {UNE_HEURE}
), premieres as (
  select personne, min(debut)::date as mois, any_value(sexe) as sexe, any_value(tranche_age) as tranche_age
  from presences group by personne
)
select p.periode, e.personne, e.sexe, e.tranche_age
from premieres e
join calendrier p on p.genre = 'entrees' and p.mois = e.mois
"""

_VENTILEES = (
    "modalite",
    "type_marche",
    "type_acheteur",
    "secteur",
    "programme",
    "type_heure",
    "type_contrat",
    "type_employeur",
    "prescripteur",
    "mode_realisation",
    "ligne_complete",
    "present_un_an_avant",
    "present_un_an_apres",
    "sexe",
    "tranche_age",
    "niveau_diplome",
    "qpv",
    "departement_residence",
    "public_principal",
)
ETUDES = (
    Etude(
        "heures",
        "suivi",
        f"select * from travail where not {HORS_CLAUSES}",
        _VENTILEES,
        "personne",
        apports=True,
    ),
    Etude(
        "heures_hors_clauses",
        "suivi",
        f"select * from travail where {HORS_CLAUSES}",
        ("modalite",),
        "personne",
    ),
    Etude("entrees", "entrees", _ENTREES, ("sexe", "tranche_age"), "personne"),
)
