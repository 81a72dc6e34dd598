"""Le programme Quarto du poste : le trouver, vérifier sa version."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.erreurs import PublicationError

if TYPE_CHECKING:
    from collections.abc import Mapping

MINIMUM = (1, 9)
_INSTALLER = (
    'Installer Quarto : « conda install --channel conda-forge "quarto>=1.9" » (environment.yml l\'a déjà), '
    "ou désigner un Quarto installé par la variable QUARTO_PATH. Sans lui, « --moteur integre » produit tout."
)
_ATTENTE = 60  # secondes


@dataclass(frozen=True)
class Programme:
    """Un Quarto utilisable."""

    chemin: Path
    version: str


def trouver(environ: Mapping[str, str] | None = None) -> Programme:
    """Rend le Quarto de `QUARTO_PATH` (un fichier, ou son dossier), sinon celui du PATH.

    Raises:
        PublicationError: absent, trop ancien, ou qui ne sait pas dire sa version.
    """
    environ = os.environ if environ is None else environ
    chemin = _chercher(environ.get("QUARTO_PATH", ""), environ.get("PATH", ""))
    texte = _demander_version(chemin, environ)
    lue = re.match(r"(\d+)\.(\d+)", texte)
    if not lue:
        raise PublicationError(f"{chemin} ne dit pas sa version (« {texte[:60]} »).", _INSTALLER)
    if (int(lue[1]), int(lue[2])) < MINIMUM:
        demandee = ".".join(map(str, MINIMUM))
        raise PublicationError(
            f"Quarto {texte} est trop ancien : il faut {demandee} ou plus récent.", _INSTALLER
        )
    return Programme(chemin, texte)


def _chercher(impose: str, chemins: str) -> Path:
    if impose:
        ou = Path(impose)
        trouve = shutil.which("quarto", path=str(ou)) if ou.is_dir() else shutil.which(impose)
        if not trouve:
            raise PublicationError(
                f"QUARTO_PATH désigne {impose}, où il n'y a pas de Quarto exécutable.",
                "Corriger QUARTO_PATH, ou l'effacer pour prendre le Quarto du PATH.",
            )
        return Path(trouve)
    trouve = shutil.which("quarto", path=chemins)
    if not trouve:
        raise PublicationError("Quarto n'est pas installé sur ce poste.", _INSTALLER)
    return Path(trouve)


def _demander_version(chemin: Path, environ: Mapping[str, str]) -> str:
    try:
        reponse = subprocess.run(
            [str(chemin), "--version"],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_ATTENTE,
            check=False,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as erreur:
        raise PublicationError(f"{chemin} ne se lance pas ({type(erreur).__name__}).", _INSTALLER) from None
    return next(iter(reponse.stdout.strip().splitlines()), "")
