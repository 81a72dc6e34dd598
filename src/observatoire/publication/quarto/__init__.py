"""Le rendu par Quarto, quand il est installé : un site de fiches ou un livre, HTML et PDF accessible.

Il part des mêmes notebooks exécutés que le rendu intégré ; rien n'est exécuté ni téléchargé.
"""

from observatoire.publication.quarto.edition import editer, livre_du_rapport, site_des_fiches
from observatoire.publication.quarto.programme import Programme, trouver
from observatoire.publication.quarto.projet import Genre, Projet, projet_quarto
from observatoire.publication.quarto.sources import Document, Ours

__all__ = [
    "Document",
    "Genre",
    "Ours",
    "Programme",
    "Projet",
    "editer",
    "livre_du_rapport",
    "projet_quarto",
    "site_des_fiches",
    "trouver",
]
