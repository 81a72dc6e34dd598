"""La table d'étude de l'offre : les structures de l'insertion et du handicap, à leur dernière liste."""

from __future__ import annotations

from observatoire.indicateurs.tables.etude import Etude

# Un SIRET de deux genres a deux lignes.
_STRUCTURES = """
select i.moment, n.no as siret, s.genre as genre_structure, s.genre as famille_structure
from entrepot.structures s
join nos_siret n on n.id = s.siret
cross join periodes p
join instants i on i.instant = p.periode
where p.genre = 'structures'
"""

ETUDES = (
    Etude(
        "structures",
        "structures",
        _STRUCTURES,
        ("genre_structure", "famille_structure"),
        "siret",
        un_moment=True,
    ),
)
