"""Les tables d'étude des parcours : contrats signés et finis, fins de parcours, transmissions.

| table | une ligne par |
|---|---|
| contrats_signes | contrat suivi commencé dans la période et clause où il a des heures |
| contrats_finis | contrat suivi terminé dans la période, sa durée (`jours`), et clause où il a des heures |
| suites | contrat suivi et clause, sans période : ce que lisent les deux précédentes |
| parcours | personne dont le parcours finit dans la période, et sa situation à chaque jalon |
| transmissions | structure et clause qui avaient des heures un an avant la période |
"""

from __future__ import annotations

from observatoire.indicateurs.tables.etude import Etude

# Les trimestres couverts se partagent les heures ; une année ou quatre trimestres glissants les répètent.
_TRIMESTRES = "select periode, fin from periodes where genre = 'suivi' and fin < debut + interval 4 month"

# Un contrat suivi va du début du premier à la fin du dernier de ses renouvellements ; il n'est pas fini tant
# que l'un d'eux n'a pas de fin. Son secteur est celui où il a le plus d'heures : il n'en a qu'un.
_SUITES = f"""
with travaillees as (
  select contrat_suivi_id, clause_id, any_value(personne) as personne,
    any_value(employeur_siren) as employeur_siren, any_value(type_contrat) as type_contrat,
    any_value(prescripteur) as prescripteur, sum(heures)::decimal(18, 6) as heures
  from travail join ({_TRIMESTRES}) using (periode)
  where heures > 0 and contrat_suivi_id is not null and not hors_clauses
  group by contrat_suivi_id, clause_id
), secteurs as (
  select n.no as clause_id, coalesce(c.secteur, 'NR') as secteur
  from entrepot.clauses c join nos_clause_id n on n.id = c.clause_id
), totaux as (
  select contrat_suivi_id, sum(heures)::decimal(18, 6) as heures,
    arg_max(coalesce(secteur, 'NR'), (heures, coalesce(secteur, 'NR'))) as secteur
  from travaillees left join secteurs using (clause_id) group by contrat_suivi_id
), dates as (
  select n.no as contrat_suivi_id, min(c.date_debut) as debut,
    if(count(c.date_fin) = count(*), max(c.date_fin), null) as fin,
    max(left(c.metier, 1)) filter (c.contrat_id = n.id) as metier
  from entrepot.contrats c join nos_contrat_id n on n.id = coalesce(c.contrat_suivi_id, c.contrat_id)
  group by n.no
)
select w.* exclude (heures), t.heures, t.secteur, d.debut, d.fin, d.metier
from travaillees w join totaux t using (contrat_suivi_id) join dates d using (contrat_suivi_id)
"""
_SIGNES = """
select p.periode, s.* exclude (debut, fin) from etude_suites s
join periodes p on p.genre = 'suivi' and s.debut between p.debut and p.fin
"""
_FINIS = """
select p.periode, s.* exclude (debut, fin), date_diff('day', s.debut, s.fin) + 1 as jours
from etude_suites s
join periodes p on p.genre = 'suivi' and s.fin between p.debut and p.fin
where s.debut <= s.fin
"""

# Un parcours et une structure attendue demandent un an de recul : genre `entrees`.
# À chaque jalon, les mois qui le séparent de la fin du parcours.
JALONS = {"fin": 0, "m3": 3, "m6": 6, "m12": 12}
_OBSERVEES = ", ".join(f"max(situation) filter (jalon = '{nom.upper()}') as {nom}" for nom in JALONS)
_SITUATIONS = ", ".join(
    f"if(f.fin + to_months({mois}) > o.fin, 'NON_ECHU', coalesce(s.{nom}, 'NR')) as situation_{nom}"
    for nom, mois in JALONS.items()
)
# Un contrat sans fin est fini au terme du dernier trimestre où il a des heures, dès que le trimestre suivant
# est couvert. Une situation observée plus d'un mois avant la fin décrit une fin précédente.
_PARCOURS = f"""
with trimestres as ({_TRIMESTRES}),
observation as (select max(fin) as fin from trimestres),
travailles as (
  select w.contrat_id, max(t.fin) as dernier, sum(w.heures) filter (not hors_clauses) as heures
  from travail w join trimestres t using (periode) where w.heures > 0 group by all
), fins as (
  select c.personne, sum(w.heures) as heures, max(coalesce(c.date_fin, w.dernier)) as fin
  from entrepot.contrats c
  join nos_contrat_id k on k.id = c.contrat_id
  left join travailles w on w.contrat_id = k.no
  cross join observation o
  group by all
  having not coalesce(bool_or(c.date_fin is null and w.dernier = o.fin), false)
), situations as (
  select s.personne, {_OBSERVEES}
  from entrepot.suivi s join fins f using (personne)
  where coalesce(s.date_observation >= f.fin - interval 1 month, true)
  group by all
)
select p.periode, n.no as personne, f.heures::decimal(18, 6) as heures, {_SITUATIONS}
from fins f
join nos_personne n on n.id = f.personne
join periodes p on p.genre = 'entrees' and f.fin between p.debut and p.fin
cross join observation o
left join situations s on s.personne = f.personne
"""

_TRANSMISSIONS = """
with transmises as (
  select w.periode, w.clause_id, c.structure_id
  from (select distinct periode, clause_id from travail where heures > 0) w
  join nos_clause_id k on k.no = w.clause_id
  join entrepot.clauses c on c.clause_id = k.id
  where c.structure_id is not null
)
select p.periode, t.clause_id, t.structure_id, if(ici.structure_id is null, 'NON', 'OUI') as a_transmis
from transmises t
join periodes avant on avant.genre = 'suivi' and avant.periode = t.periode
join periodes p on p.genre = 'entrees' and p.debut = avant.debut + interval 1 year
  and p.fin = avant.fin + interval 1 year
left join (select distinct periode, structure_id from transmises) ici
  on ici.periode = p.periode and ici.structure_id = t.structure_id
"""

ETUDES = (
    Etude("suites", "suivi", _SUITES, ("secteur", "metier")),
    Etude("contrats_signes", "suivi", _SIGNES, unite="personne", melanges="etude_suites"),
    Etude("contrats_finis", "suivi", _FINIS, unite="personne", melanges="etude_suites"),
    Etude("parcours", "entrees", _PARCOURS, tuple(f"situation_{nom}" for nom in JALONS), "personne", ""),
    Etude("transmissions", "entrees", _TRANSMISSIONS, ("a_transmis",), "structure_id"),
)
