"""Les indicateurs : mesures, tabulation sur les territoires et les périodes, secret statistique.

L'ordre des imports est celui du catalogue : chaque module inscrit ses indicateurs au registre.
"""

from observatoire.indicateurs import (
    avancement,
    clauses,
    commande_publique,
    completude,
    contrats,
    grands_projets,
    heures,
    marches,
    medianes,
    personnes,
    petites_entreprises,
    profil,
    sorties,
    structures,
)
from observatoire.indicateurs.registre import REGISTRE, Indicateur
from observatoire.indicateurs.valeurs import tabuler

__all__ = [
    "REGISTRE",
    "Indicateur",
    "avancement",
    "clauses",
    "commande_publique",
    "completude",
    "contrats",
    "grands_projets",
    "heures",
    "marches",
    "medianes",
    "personnes",
    "petites_entreprises",
    "profil",
    "sorties",
    "structures",
    "tabuler",
]
