"""Les tables d'étude des grands projets : leurs marchés notifiés à la fin de chaque trimestre."""

from __future__ import annotations

from observatoire.indicateurs.tables.etude import Etude

# Un marché est suivi si une clause le porte ; il est soldé quand toutes ses clauses le sont, et ses heures
# ne se comparent à son total que si le suivi les a toutes vues.
_PROJETS = """
with clauses as (
  select marche_cle, min(titulaire) as titulaire, bool_and(suivie) as suivi_entier,
    if(bool_and(coalesce(statut = 'SOLDEE', false)), max(fin), null) as soldee_le
  from etude_clauses_retenues where engagee group by marche_cle
), attributaires as (
  select marche_id, min(try_cast(siren as integer)) as titulaire from entrepot.attributions group by marche_id
)
select i.moment, n.no as marche_cle, g.maitre_ouvrage, g.programme as projet,
  c.marche_cle is not null as suivi, coalesce(c.soldee_le <= p.fin and c.suivi_entier, false) as solde,
  coalesce(c.titulaire, a.titulaire) as titulaire,
  g.obligation_pct, g.pme_pct, g.pme_obligation_pct,
  g.heures_engagees::decimal(18, 6) as heures_engagees,
  g.heures_totales::decimal(18, 6) as heures_totales,
  g.montant_eur::decimal(18, 2) as montant_eur,
  (g.montant_eur * g.pme_pct / 100)::decimal(18, 2) as montant_pme_eur
from entrepot.grands_projets g
join nos_marche_cle n on n.id = g.marche_cle
join periodes p on p.genre = 'grands_projets' and g.date_notification <= p.fin
join instants i on i.instant = p.periode
left join clauses c on c.marche_cle = n.no
left join attributaires a on a.marche_id = g.marche_id
"""

_HEURES_PROJETS = """
select g.moment, g.marche_cle, g.maitre_ouvrage, g.projet, r.personne, r.employeur_siren, r.heures
from etude_projets g
join (
  select c.marche_cle, r.personne, r.employeur_siren, sum(r.heures)::decimal(18, 6) as heures
  from etude_realisations r join etude_clauses_retenues c using (clause_id)
  where c.engagee group by all
) r using (marche_cle)
where g.solde and g.heures_totales > 0
"""

ETUDES = (
    Etude("projets", "grands_projets", _PROJETS, ("maitre_ouvrage", "projet"), "marche_cle", un_moment=True),
    Etude(
        "heures_projets", "grands_projets", _HEURES_PROJETS, unite="personne", un_moment=True, apports=True
    ),
)
