"""Les actes de sous-traitance des marchés, au dernier état."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.entrepot.tables import creer

if TYPE_CHECKING:
    import duckdb

_ACTE = (
    '[{"no":"BIGINT","id":"VARCHAR","type_identifiant":"VARCHAR","siret":"VARCHAR","montant_eur":"DOUBLE",'
    '"duree_mois":"BIGINT","date_notification":"TIMESTAMP"}]'
)

_SOUS_TRAITANCES = f"""
with publiees as (
  select r.marche_id, r.rang, d.actes_sous_traitance
  from decp_rangs r join controle.decp d using (source, millesime, fichier, ligne)
  where json_array_length(d.actes_sous_traitance) > 0
  qualify row_number() over (partition by r.marche_id order by r.rang) = 1
), actes as (
  select marche_id, unnest(from_json(actes_sous_traitance, '{_ACTE}'), recursive := true) from publiees
)
select a.* exclude (no), a.id as sous_traitant_id, siren(a.siret) as siren,
  row_number() over (
    partition by a.marche_id order by a.no nulls last, a.date_notification nulls last, a.id, a.montant_eur
  ) as no,
  coalesce(s.genre, n.genre) as structure_genre,
  case when s.siret is not null then 'siret' when n.siret is not null then 'siren' end as structure_niveau
from actes a
left join reference.structures_par_siret s on s.siret = a.siret
left join reference.structures_par_siren n on n.siren = siren(a.siret)
"""


def construire_sous_traitances(connexion: duckdb.DuckDBPyConnection) -> None:
    """Crée `entrepot.sous_traitances`, tirée de la publication retenue qui déclare des actes."""
    creer(connexion, "sous_traitances", _SOUS_TRAITANCES)
