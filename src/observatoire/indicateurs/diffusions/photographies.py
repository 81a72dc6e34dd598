"""La photographie d'une édition : l'entrepôt du jour où elle a paru, pour savoir ce qui a changé depuis.

Elle est privée comme l'entrepôt, hors de git, et ne sert qu'à prouver une révision : elle dit quelles
personnes et quels employeurs sont derrière une différence. Sans elle, les heures d'un trimestre paru
attendent.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from observatoire.config import Config

_ANNEES = 2


def dossier_de(config: Config, edition: str) -> Path:
    """Le dossier d'une photographie, que l'édition ait été photographiée ou non."""
    return config.racine / "data" / "diffusions" / edition


def photographier(config: Config, edition: str) -> None:
    """Garde l'entrepôt d'une édition, et efface les photographies qui n'ont plus d'usage.

    Un lien suffit : reconstruire remplace les fichiers, sans toucher à ceux d'avant.
    """
    dossier = dossier_de(config, edition)
    tables = sorted((config.processed / "entrepot").glob("*.parquet"))
    if tables and not dossier.exists():
        provisoire = dossier.with_name(f".{edition}")
        shutil.rmtree(provisoire, ignore_errors=True)
        (provisoire / "entrepot").mkdir(parents=True, mode=0o700)
        provisoire.chmod(0o700)
        for table in tables:
            _garder(table, provisoire / "entrepot" / table.name)
        provisoire.replace(dossier)
    _effacer(dossier.parent, int(edition[:4]) - _ANNEES)


def _garder(table: Path, copie: Path) -> None:
    try:
        os.link(table, copie)
    except OSError:
        shutil.copy2(table, copie)


def _effacer(dossier: Path, annee: int) -> None:
    for ancienne in dossier.glob("20*"):
        if int(ancienne.name[:4]) <= annee:
            shutil.rmtree(ancienne)
