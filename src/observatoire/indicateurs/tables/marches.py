"""La table d'étude des données essentielles : les marchés notifiés."""

from __future__ import annotations

from observatoire.indicateurs.tables.etude import Etude

# « ou » à trois états : oui si l'une des trois l'est, non si les trois sont non.
_MARCHES = """
select p.periode, n.no as marche_id, m.type_marche, m.procedure, m.type_acheteur,
  case clause_sociale or critere_social or marche_reserve
    when true then 'OUI' when false then 'NON' else 'NR' end as consideration_sociale
from entrepot.marches m
join nos_marche_id n on n.id = m.marche_id
join calendrier p on p.genre = 'decp' and p.mois = date_trunc('month', m.date_notification)::date
where m.genre = 'marche'
"""

ETUDES = (Etude("marches", "decp", _MARCHES, ("type_marche", "procedure", "type_acheteur")),)
