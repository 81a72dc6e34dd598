"""L'examen du poste : ce qui est installé, ce qui manque et ce que cela empêche."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from observatoire import __version__
from observatoire.acquisition.pseudonymes import chemin_cle
from observatoire.config import Config
from observatoire.erreurs import ConfigError

_OBLIGATOIRES = {
    "pandas": "les tables",
    "duckdb": "l'entrepôt",
    "narwhals": "les indicateurs",
    "papermill": "l'exécution des notebooks",
    "nbconvert": "les fiches en HTML",
    "typst": "les fiches en PDF",
    "matplotlib": "les figures",
    "seaborn": "les figures",
    "jupyterlab": "l'édition des notebooks",
}
_FACULTATIFS = {
    "quarto": (
        "le rendu par Quarto ; toutes les éditions se produisent sans lui",
        "l'installer avec l'environnement conda (environment.yml)",
    ),
    "chromium": (
        "la vérification des pages dans un navigateur ; aucune édition n'en dépend",
        "installer le paquet « chromium » du système",
    ),
    "node": (
        "la vérification des pages dans un navigateur ; aucune édition n'en dépend",
        "lancer « make navigateur »",
    ),
    "pdftoppm": (
        "la conversion des PDF en images pour relecture ; aucune édition n'en dépend",
        "installer le paquet « poppler-utils » du système",
    ),
}


@dataclass(frozen=True, slots=True)
class Constat:
    """Une ligne de l'examen ; `bloquant` quand aucune fiche ne peut être produite."""

    present: bool
    quoi: str
    detail: str
    bloquant: bool = False

    def __str__(self) -> str:
        signe = "✓" if self.present else ("✗" if self.bloquant else "–")
        return f"{signe} {self.quoi} : {self.detail}"


def examiner() -> list[Constat]:
    """Rend les constats, des indispensables aux facultatifs."""
    version = sys.version_info
    constats = [
        Constat(version >= (3, 11), "Python", sys.version.split()[0], bloquant=version < (3, 11)),
        Constat(True, "observatoire", __version__),
    ]
    constats += [_bibliotheque(nom, usage) for nom, usage in _OBLIGATOIRES.items()]
    constats += [_projet(), _cle()]
    constats += [_programme(nom, *mots) for nom, mots in _FACULTATIFS.items()]
    return constats


def _bibliotheque(nom: str, usage: str) -> Constat:
    try:
        return Constat(True, nom, importlib.metadata.version(nom))
    except importlib.metadata.PackageNotFoundError:
        return Constat(False, nom, f"absent ; empêche {usage}. → make env", bloquant=True)


def _projet() -> Constat:
    try:
        return Constat(True, "dossier de travail", str(Config.charger().racine))
    except ConfigError as erreur:
        return Constat(False, "dossier de travail", f"{erreur.constat} → {erreur.remede}", bloquant=True)


def _cle() -> Constat:
    chemin = chemin_cle()
    nom = "clé de pseudonymisation"
    if not chemin.is_file():
        return Constat(False, nom, "absente ; empêche d'importer un suivi. → observatoire cle")
    if os.name == "posix" and stat.S_IMODE(chemin.stat().st_mode) & 0o077:
        return Constat(False, nom, f"lisible par d'autres. → chmod 600 {chemin}", bloquant=True)
    return Constat(True, nom, str(chemin))


def _programme(nom: str, empeche: str, remede: str) -> Constat:
    trouve = shutil.which(nom)
    if trouve:
        return Constat(True, nom, str(Path(trouve)))
    return Constat(False, nom, f"absent (facultatif) ; empêche {empeche}. → {remede}")
