"""Le registre des diffusions : ce que le lecteur a déjà reçu, et ce qu'une édition peut encore changer.

Il ne contient que ce qui a été publié : des cellules, avec leur valeur ou la marque du secret. Les données
arrivent en retard ; deux éditions d'un même chiffre laissent donc une différence, que le lecteur
connaît aussi. Trois règles en découlent : une cellule cachée le reste, une cellule publiée aussi, une valeur
ne change que si la différence repose sur assez de personnes.
"""

from observatoire.indicateurs.diffusions.chaine import Inscription, Registre, RegistreError, controler
from observatoire.indicateurs.diffusions.edition import DiffusionError, diffuser, du_champ, nom_de
from observatoire.indicateurs.diffusions.gel import (
    ARRONDI,
    figer,
    geler,
    imprimer,
)
from observatoire.indicateurs.diffusions.revisions import revisions

__all__ = [
    "ARRONDI",
    "DiffusionError",
    "Inscription",
    "Registre",
    "RegistreError",
    "controler",
    "diffuser",
    "du_champ",
    "figer",
    "geler",
    "imprimer",
    "nom_de",
    "revisions",
]
