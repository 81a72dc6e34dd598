"""La campagne : planifier des documents, ne refaire que les vieillis, ne rien laisser d'à moitié écrit.

`campagnes/*.toml` → `fichier` → `plan` (`cle`, `donnees`, `manifeste`) → `lancement` → `bilan` ; `parution`.
Ni Jupyter ni le dessin ne se chargent d'ici : `production` s'en charge, là où un document se produit.
"""

from __future__ import annotations

from observatoire.publication.campagne.bilan import Bilan, Ecrit
from observatoire.publication.campagne.fichier import Campagne, Edition, improviser, lire_campagne
from observatoire.publication.campagne.lancement import Avancement, Options, lancer
from observatoire.publication.campagne.parution import exiger_complete
from observatoire.publication.campagne.plan import Choix, Plan, planifier
from observatoire.publication.campagne.tache import Document, Echec, Tache

__all__ = [
    "Avancement",
    "Bilan",
    "Campagne",
    "Choix",
    "Document",
    "Echec",
    "Ecrit",
    "Edition",
    "Options",
    "Plan",
    "Tache",
    "exiger_complete",
    "improviser",
    "lancer",
    "lire_campagne",
    "planifier",
]
