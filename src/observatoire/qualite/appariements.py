"""Les sections qui confrontent deux sources : clauses et marchés, données essentielles entre elles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.publication.formats import entier
from observatoire.qualite.document import Section, Tableau, part_de

if TYPE_CHECKING:
    import duckdb


def rapprochement(connexion: duckdb.DuckDBPyConnection) -> Section:
    """Rend, par structure, la part des clauses dont le marché est retrouvé, et comment il l'est."""
    lignes = connexion.execute(_RAPPROCHEMENT).fetchall()
    return Section(
        "rapprochement",
        "Clauses retrouvées dans les données essentielles",
        "Une clause non retrouvée reste dans tous les indicateurs d'heures.",
        [
            Tableau(
                "Rapprochement par structure porteuse, du plus bas au plus haut",
                [
                    "Source",
                    "Structure",
                    "Clauses",
                    "Retrouvées",
                    "à la main",
                    "par référence",
                    "par titulaire",
                    "Taux",
                ],
                "ttnnnnnt",
                [
                    [source, structure, *map(entier, comptes), part_de(comptes[1], comptes[0])]
                    for source, structure, *comptes in lignes
                ],
            )
        ],
        vide="Aucune clause.",
    )


_RAPPROCHEMENT = """
select source, coalesce(structure_id, 'non renseignée'), count(*), count(marche_id),
  count(*) filter (rapprochement = 'correspondance' and marche_id is not null),
  count(*) filter (rapprochement = 'reference'), count(*) filter (rapprochement = 'titulaire_date')
from entrepot.clauses group by all
order by count(marche_id) / count(*), count(*) desc, 1, 2
"""


def recouvrement(connexion: duckdb.DuckDBPyConnection) -> Section:
    """Rend, par paire de sources des données essentielles, les marchés publiés par les deux."""
    lignes = connexion.execute(
        "select source, autre_source, marches, communs from entrepot.recouvrements order by all"
    ).fetchall()
    return Section(
        "recouvrement",
        "Marchés publiés plusieurs fois",
        "Un marché publié par deux sources compte une fois.",
        [
            Tableau(
                "Recouvrement par paire de sources",
                ["Source", "Autre source", "Marchés", "Communs", "Taux"],
                "ttnnt",
                [
                    [
                        source,
                        "elle-même (répétés)" if autre == source else autre,
                        entier(marches),
                        entier(communs),
                        part_de(communs, marches),
                    ]
                    for source, autre, marches, communs in lignes
                ],
            )
        ],
        vide="Une seule source des données essentielles, ou aucune répétition.",
    )
