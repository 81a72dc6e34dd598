"""La table d'étude des données essentielles : les marchés notifiés."""

from __future__ import annotations

from observatoire.indicateurs.tables.etude import Etude, tranche_duree

# « ou » à trois états : oui si l'une des trois l'est, non si les trois sont non. Un montant aberrant ne
# dit pas que le marché est sous le seuil de publication.
_MARCHES = f"""
select p.moment, n.no as marche_id, m.type_marche, m.procedure, m.type_acheteur,
  {tranche_duree("m.duree_mois")} as duree_marche, m.marche_reserve, m.reservation,
  case clause_sociale or critere_social or marche_reserve
    when true then 'OUI' when false then 'NON' else 'NR' end as consideration_sociale,
  case when m.montant_statut <> 'aberrant' then m.montant_eur end as montant_eur,
  m.montant_sommable_eur::decimal(18, 2) as montant_sommable_eur
from entrepot.marches m
join nos_marche_id n on n.id = m.marche_id
join calendrier p on p.genre = 'decp' and p.mois = date_trunc('month', m.date_notification)::date
where m.genre = 'marche'
"""

_VENTILEES = ("type_marche", "procedure", "type_acheteur", "duree_marche", "reservation")
ETUDES = (Etude("marches", "decp", _MARCHES, _VENTILEES, "marche_id", ""),)
