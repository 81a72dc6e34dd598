"""Les tables d'étude du suivi : les heures travaillées, les clauses notifiées et en cours."""

from __future__ import annotations

from observatoire.indicateurs.tables.etude import Etude

# Une clause volontaire d'un marché privé et un achat direct à une structure d'insertion ne sont pas
# des clauses de la commande publique : leurs heures sont montrées à part (piège T19).
HORS_CLAUSES = "coalesce(modalite, 'NR') in ('PRIVE', 'ACHAT_SIAE')"

# Les heures sont sommées en nombres décimaux exacts : le résultat ne dépend pas de l'ordre
# dans lequel les fils d'exécution additionnent.
_CUMULS = """
select p.periode, t.no as contrat, c.no as clause, sum(h.heures::decimal(18, 6))::decimal(18, 6) as heures
from entrepot.heures h
join calendrier p on p.genre = 'suivi' and p.mois = date_trunc('month', h.mois)::date
left join nos_contrat_id t on t.id = h.contrat_id
left join nos_clause_id c on c.id = h.clause_id
group by all
"""
_PROFILS = """
select n.no as contrat, s.no as contrat_suivi_id, p.no as personne,
  t.type_contrat, t.type_employeur, t.prescripteur,
  b.sexe, b.tranche_age, b.niveau_diplome, b.qpv, b.departement_residence
from entrepot.contrats t
join nos_contrat_id n on n.id = t.contrat_id
join nos_contrat_id s on s.id = coalesce(t.contrat_suivi_id, t.contrat_id)
left join nos_personne p on p.id = t.personne
left join entrepot.beneficiaires b on b.personne = t.personne
"""
_OPERATIONS = """
select n.no as clause, m.no as marche_cle, c.modalite, c.type_marche, c.programme
from entrepot.clauses c
join nos_clause_id n on n.id = c.clause_id
left join nos_marche_cle m on m.id = c.marche_cle
"""
TRAVAIL = f"""
select k.periode, k.contrat as contrat_id, k.clause as clause_id, k.heures,
  t.* exclude (contrat), c.* exclude (clause)
from ({_CUMULS}) k
left join ({_PROFILS}) t using (contrat)
left join ({_OPERATIONS}) c using (clause)
"""

_CLAUSES_RETENUES = f"""
(select c.* replace (n.no as clause_id, m.no as marche_cle)
from entrepot.clauses c
join nos_clause_id n on n.id = c.clause_id
left join nos_marche_cle m on m.id = c.marche_cle
where coalesce(statut, 'NR') not in ('PREVUE', 'ABANDONNEE') and not {HORS_CLAUSES})
"""
_CLAUSES = f"""
select p.periode, c.clause_id, c.marche_cle, c.modalite, c.type_marche,
  c.heures_engagees::decimal(18, 6) as heures_engagees
from {_CLAUSES_RETENUES} c
join calendrier p on p.genre = 'suivi' and p.mois = date_trunc('month', c.date_notification)::date
"""
_CLAUSES_ACTIVES = f"""
select p.periode, c.clause_id, c.marche_cle, c.type_marche
from {_CLAUSES_RETENUES} c
join periodes p on p.genre = 'suivi'
  and coalesce(c.date_debut, c.date_notification) <= p.fin
  and coalesce(c.date_fin, p.debut) >= p.debut
"""

_VENTILEES = (
    "modalite",
    "type_marche",
    "programme",
    "type_contrat",
    "type_employeur",
    "prescripteur",
    "sexe",
    "tranche_age",
    "niveau_diplome",
    "qpv",
    "departement_residence",
)
ETUDES = (
    Etude("heures", "suivi", f"select * from travail where not {HORS_CLAUSES}", _VENTILEES),
    Etude("heures_hors_clauses", "suivi", f"select * from travail where {HORS_CLAUSES}", ("modalite",)),
    Etude("clauses", "suivi", _CLAUSES, ("modalite", "type_marche")),
    Etude("clauses_actives", "suivi", _CLAUSES_ACTIVES, ("type_marche",)),
)
