"""Une nouvelle fiche : un notebook créé du modèle, qui s'exécute et se publie tel quel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from observatoire.erreurs import ParametreError, PublicationError
from observatoire.magasin import ecrire_octets
from observatoire.publication.cahiers import proprete

if TYPE_CHECKING:
    from pathlib import Path

    from observatoire.config import Config

MODELE = "modeles/fiche.ipynb"
"""Sous `notebooks/` : il se change dans JupyterLab comme les autres."""

_NOM = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_LONGUEUR = 60


def creer_fiche(config: Config, nom: str) -> Path:
    """Crée `notebooks/<nom>.ipynb` à partir du modèle et rend son chemin ; n'écrase jamais rien.

    Raises:
        ParametreError: le nom n'est pas fait de mots sans accents, en minuscules, joints par « _ ».
        PublicationError: un notebook porte déjà ce nom, ou le modèle est absent.
    """
    if not _NOM.fullmatch(nom) or len(nom) > _LONGUEUR:
        raise ParametreError(
            f"« {nom} » ne peut pas nommer un notebook.",
            "Des mots en minuscules, sans accents, joints par « _ » : fiche_metiers.",
        )
    notebooks = config.racine / "notebooks"
    chemin, modele = notebooks / f"{nom}.ipynb", notebooks / MODELE
    if chemin.exists():
        raise PublicationError(f"notebooks/{nom}.ipynb existe déjà.", "Choisir un autre nom, ou l'ouvrir.")
    if not modele.is_file():
        raise PublicationError(f"notebooks/{MODELE} est absent.", "Le reprendre dans l'historique du dépôt.")
    notebook = proprete.nettoyer(proprete.lire(modele.read_text(encoding="utf-8"), MODELE))
    titre = nom.replace("_", " ").capitalize()
    notebook.cells[0].source = notebook.cells[0].source.replace("# Modèle de fiche", f"# {titre}", 1)
    ecrire_octets(chemin, proprete.en_texte(notebook).encode())
    return chemin
