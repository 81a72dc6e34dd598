"""Les tables d'étude des parcours : contrats signés et finis, fins de parcours, transmissions.

| table | une ligne par |
|---|---|
| contrats_signes | contrat suivi commencé dans la période et clause où il a des heures |
| contrats_finis | contrat suivi terminé dans la période, sa durée (`jours`), et clause où il a des heures |
| suites | contrat suivi et clause, sans période : ce que lisent les deux précédentes |
| parcours | personne dont le parcours finit dans la période, et sa situation à chaque jalon |
| transmissions | structure et lieu d'exécution qui avaient des heures un an avant la période |
"""

from __future__ import annotations

from observatoire.indicateurs.tables.etude import Etude, inconnue

# Les trimestres couverts se partagent les heures ; une année ou quatre trimestres glissants les répètent.
_TRIMESTRES = "select debut, fin from periodes where genre = 'suivi' and fin < debut + interval 4 month"

# Un contrat suivi va du début du premier à la fin du dernier de ses renouvellements ; il n'est pas fini tant
# que l'un d'eux n'a pas de fin. Son secteur est celui où il a le plus d'heures : il n'en a qu'un ; son type
# est celui du premier, comme son employeur.
_SUITES = f"""
with travaillees as (
  select p.contrat_suivi_id, h.clause as clause_id, sum(h.heures)::decimal(18, 6) as heures
  from trimestriels h join profils p using (contrat)
  where h.heures > 0 and not h.hors_clauses
  group by p.contrat_suivi_id, h.clause
), totaux as (
  select contrat_suivi_id, sum(heures)::decimal(18, 6) as heures,
    arg_max(secteur, (heures, secteur)) as secteur
  from (
    select t.contrat_suivi_id, t.heures, coalesce(o.secteur, '{inconnue("secteur")}'::modalite) as secteur
    from travaillees t left join operations o on o.clause = t.clause_id
  )
  group by contrat_suivi_id
), dates as (
  select n.no as contrat_suivi_id, min(c.date_debut) as debut,
    if(count(c.date_fin) = count(*), max(c.date_fin), null) as fin,
    max(left(c.metier, 1)) filter (c.contrat_id = n.id) as metier
  from entrepot.contrats c join nos_contrat_id n on n.id = coalesce(c.contrat_suivi_id, c.contrat_id)
  group by n.no
)
select w.contrat_suivi_id, w.clause_id, p.personne, p.employeur_siren, p.type_contrat, p.prescripteur,
  t.heures, t.secteur, d.debut, d.fin, d.metier
from travaillees w
join totaux t using (contrat_suivi_id)
join dates d using (contrat_suivi_id)
join profils p on p.contrat = w.contrat_suivi_id
"""
_SIGNES = """
select c.moment, s.* exclude (debut, fin) from etude_suites s
join calendrier c on c.genre = 'suivi' and c.mois = date_trunc('month', s.debut)::date
"""
_FINIS = """
select c.moment, s.* exclude (debut, fin), date_diff('day', s.debut, s.fin) + 1 as jours
from etude_suites s
join calendrier c on c.genre = 'suivi' and c.mois = date_trunc('month', s.fin)::date
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
  select w.contrat, max(t.fin) as dernier, sum(w.heures) filter (not hors_clauses) as heures
  from trimestriels w join trimestres t on t.debut = w.trimestre where w.heures > 0 group by w.contrat
), fins as (
  select c.personne, sum(w.heures) as heures, max(coalesce(c.date_fin, w.dernier)) as fin
  from entrepot.contrats c
  join nos_contrat_id k on k.id = c.contrat_id
  left join travailles w on w.contrat = k.no
  cross join observation o
  group by all
  having not coalesce(bool_or(c.date_fin is null and w.dernier = o.fin), false)
), situations as (
  select s.personne, {_OBSERVEES}
  from entrepot.suivi s join fins f using (personne)
  where coalesce(s.date_observation >= f.fin - interval 1 month, true)
  group by all
)
select p.moment, n.no as personne, f.heures::decimal(18, 6) as heures, {_SITUATIONS}
from fins f
join nos_personne n on n.id = f.personne
join calendrier p on p.genre = 'entrees' and p.mois = date_trunc('month', f.fin)::date
cross join observation o
left join situations s on s.personne = f.personne
"""

# Une structure se compte par lieu d'exécution : une de ses clauses le dit.
_TRANSMISSIONS = """
with transmises as (
  select h.trimestre, h.structure_id, min(h.clause) as clause_id
  from trimestriels h
  left join lieux_execution l on l.objet_id = h.clause
  where h.heures > 0 and h.structure_id is not null
  group by h.trimestre, h.structure_id, l.maille
), par_periode as (
  select p.periode, p.debut, p.fin, t.structure_id, t.clause_id
  from transmises t join periodes p on p.genre = 'suivi' and t.trimestre between p.debut and p.fin
)
select i.moment, t.clause_id, t.structure_id, if(ici.structure_id is null, 'NON', 'OUI') as a_transmis
from par_periode t
join periodes p on p.genre = 'entrees' and p.debut = t.debut + interval 1 year
  and p.fin = t.fin + interval 1 year
join instants i on i.instant = p.periode
left join (select distinct periode, structure_id from par_periode) ici
  on ici.periode = p.periode and ici.structure_id = t.structure_id
"""

ETUDES = (
    Etude("suites", "suivi", _SUITES, ("metier",)),
    Etude("contrats_signes", "suivi", _SIGNES, unite="personne"),
    Etude("contrats_finis", "suivi", _FINIS, unite="personne"),
    Etude("parcours", "entrees", _PARCOURS, tuple(f"situation_{nom}" for nom in JALONS), "personne", ""),
    Etude("transmissions", "entrees", _TRANSMISSIONS, ("a_transmis",), "structure_id", un_moment=True),
)
