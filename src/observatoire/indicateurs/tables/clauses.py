"""Les tables d'étude des clauses : notifiées, actives, soldées, en cours, et leurs heures."""

from __future__ import annotations

from observatoire.indicateurs.tables.etude import Etude, tranche_duree
from observatoire.indicateurs.tables.suivi import HORS_CLAUSES

_DUREE = tranche_duree("round(date_diff('day', date_debut, date_fin) / 30.4375)")
_VENTILEES = ("modalite", "type_marche", "type_acheteur", "secteur", "programme", "duree_marche")
_CODES = ", ".join(f"c.{nom}" for nom in _VENTILEES)

# `engagee` : ni prévue, ni abandonnée. `suivie` : commencée depuis que le suivi couvre des trimestres ; d'une
# clause plus ancienne, les premières heures manquent. Le montant d'un marché publié se partage entre ses
# clauses au prorata des heures qu'elles engagent : il s'additionne entre territoires.
_RETENUES = f"""
select n.no as clause_id, m.no as marche_cle,
  dense_rank() over (order by m.no, upper(ltrim(coalesce(c.lot, ''), ' 0')))::integer as lot_cle, {_CODES},
  c.statut, c.titulaire_id, try_cast(left(c.titulaire_id, 9) as integer) as titulaire,
  c.date_notification::date as notification, c.debut, c.date_fin::date as fin,
  c.heures_engagees, c.heures_engagees_initiales, c.engagee,
  coalesce(c.debut >= (select min(p.debut) from periodes p where p.genre = 'suivi'), false) as suivie,
  (
    d.montant_sommable_eur * c.heures_engagees
    / nullif(sum(c.heures_engagees) filter (c.engagee) over (partition by c.marche_id), 0)
  )::decimal(18, 2) as montant_eur
from (
  select * replace (
      heures_engagees::decimal(18, 6) as heures_engagees,
      heures_engagees_initiales::decimal(18, 6) as heures_engagees_initiales
    ),
    coalesce(date_debut, date_notification)::date as debut, {_DUREE} as duree_marche,
    coalesce(statut, 'NR') not in ('PREVUE', 'ABANDONNEE') as engagee
  from entrepot.clauses where not {HORS_CLAUSES}
) c
join nos_clause_id n on n.id = c.clause_id
left join nos_marche_cle m on m.id = c.marche_cle
left join entrepot.marches d on d.marche_id = c.marche_id
"""

_NOTIFIEES = f"""
select p.moment, c.clause_id, c.marche_cle, c.lot_cle, {_CODES},
  c.heures_engagees, c.heures_engagees_initiales, c.montant_eur
from etude_clauses_retenues c
join calendrier p on p.genre = 'suivi' and p.mois = date_trunc('month', c.notification)::date
where c.engagee
"""
_ACTIVES = f"""
with couvert as (select min(premier) as premier, max(dernier) as dernier from intervalles)
select i.moment, c.clause_id, c.marche_cle, c.lot_cle, {_CODES}, c.titulaire_id, c.titulaire,
  c.heures_engagees
from etude_clauses_retenues c
cross join couvert k
join intervalles i on i.premier = greatest(date_trunc('quarter', c.debut)::date, k.premier)
  and i.dernier = least(date_trunc('quarter', coalesce(c.fin, k.dernier))::date, k.dernier)
where c.engagee and c.debut is not null
"""
_GENERATRICES = f"""
select h.moment, c.clause_id, c.marche_cle, c.lot_cle, {_CODES}, h.heures
from (
  select i.moment, t.clause as clause_id, sum(t.heures)::decimal(18, 6) as heures
  from (select trimestre, clause, sum(heures) as heures from trimestriels group by all) t
  join periodes p on p.genre = 'suivi' and t.trimestre between p.debut and p.fin
  join instants i on i.instant = p.periode
  group by all
) h
join etude_clauses_retenues c using (clause_id)
"""
_TITULAIRES = """
select distinct c.moment, c.clause_id, c.titulaire, coalesce(s.genre, 'AUCUN') as genre_titulaire
from etude_clauses_actives c
left join entrepot.structures s on s.siret = c.titulaire_id
where c.titulaire is not null
"""

# Les heures d'un trimestre, par clause, personne et employeur : les trimestres couverts se les partagent.
_REALISATIONS = """
select w.clause as clause_id, p.fin, w.personne, c.employeur_siren, sum(w.heures)::decimal(18, 6) as heures
from trimestriels w
join periodes p on p.genre = 'stock' and p.debut = w.trimestre
left join profils c using (contrat)
where w.heures > 0
group by all
"""

_SOLDEES = f"""
select p.moment, c.clause_id, {_CODES}, c.heures_engagees
from etude_clauses_retenues c
join calendrier p on p.genre = 'suivi' and p.mois = date_trunc('month', c.fin)::date
where c.statut = 'SOLDEE' and c.suivie and c.heures_engagees > 0
"""
_HEURES_SOLDEES = f"""
select c.moment, c.clause_id, {_CODES}, r.personne, r.employeur_siren, r.heures
from etude_clauses_soldees c
join (
  select clause_id, personne, employeur_siren, sum(heures)::decimal(18, 6) as heures
  from etude_realisations group by all
) r using (clause_id)
"""

# Une clause soldée avant son terme n'attend plus rien, sans que l'on sache depuis quand.
_EN_COURS = f"""
select i.moment, c.clause_id, {_CODES}, c.heures_engagees,
  (c.heures_engagees::double
    * (date_diff('day', c.debut, p.fin) + 1) / (date_diff('day', c.debut, c.fin) + 1))
    ::decimal(18, 6) as heures_attendues
from etude_clauses_retenues c
join periodes p on p.genre = 'stock' and c.debut <= p.fin and c.fin > p.fin
join instants i on i.instant = p.periode
where c.engagee and c.suivie and c.heures_engagees > 0
  and not (c.statut = 'SOLDEE' and c.fin > (select max(fin) from periodes where genre = 'stock'))
"""
# Les heures d'une clause qui dépasse son engagement sont ramenées à lui, au prorata de chacun : ce
# qu'une clause fait de trop ne réduit pas ce qu'une autre doit encore.
_HEURES_EN_COURS = f"""
with cumuls as (
  select c.moment, c.clause_id, r.personne, r.employeur_siren, sum(r.heures)::decimal(18, 6) as heures
  from etude_clauses_en_cours c
  join instants i using (moment)
  join periodes p on p.genre = 'stock' and p.periode = i.instant
  join etude_realisations r on r.clause_id = c.clause_id and r.fin <= p.fin
  group by all
), totaux as (
  select moment, clause_id, sum(heures)::decimal(18, 6) as total from cumuls group by all
)
select c.moment, c.clause_id, {_CODES}, k.personne, k.employeur_siren,
  if(t.total <= c.heures_engagees, k.heures, k.heures::double * c.heures_engagees / t.total)
    ::decimal(18, 6) as heures
from cumuls k
join totaux t using (moment, clause_id)
join etude_clauses_en_cours c using (moment, clause_id)
"""

_DES_HEURES = "etude_realisations join etude_clauses_retenues using (clause_id) where suivie and engagee"

# L'ordre compte : chacune lit les précédentes.
ETUDES = (
    Etude("clauses_retenues", "suivi", _RETENUES, _VENTILEES),
    Etude("realisations", "suivi", _REALISATIONS),
    Etude("clauses", "suivi", _NOTIFIEES, unite="marche_cle"),
    Etude("clauses_actives", "suivi", _ACTIVES, unite="marche_cle"),
    Etude(
        "clauses_generatrices",
        "suivi",
        _GENERATRICES,
        unite="marche_cle",
        melanges="etude_clauses_retenues",
        un_moment=True,
    ),
    Etude("titulaires", "suivi", _TITULAIRES, ("genre_titulaire",), "titulaire"),
    Etude("clauses_soldees", "suivi", _SOLDEES, unite="clause_id", melanges=""),
    Etude(
        "heures_clauses_soldees",
        "suivi",
        _HEURES_SOLDEES,
        unite="personne",
        apports=True,
    ),
    Etude("clauses_en_cours", "stock", _EN_COURS, unite="clause_id", melanges=""),
    Etude(
        "heures_clauses_en_cours",
        "stock",
        _HEURES_EN_COURS,
        unite="personne",
        melanges=_DES_HEURES,
        un_moment=True,
        apports=True,
    ),
)
