"""DuckDB en mémoire bornée : le surplus d'un grand calcul passe par le disque."""

from __future__ import annotations

import os
import shutil
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

_MEMOIRE = "2500MB"
_DEBORDEMENT = ".debordement-"


def ouvrir_duckdb(racine: Path) -> duckdb.DuckDBPyConnection:
    """Ouvre DuckDB en mémoire bornée, avec un dossier de débordement à lui, créé seulement s'il sert."""
    import duckdb

    debordement = str(racine / f"{_DEBORDEMENT}{os.getpid()}-{uuid.uuid4().hex}")
    return duckdb.connect(config={"memory_limit": _MEMOIRE, "temp_directory": debordement})


def retirer_debordements(racine: Path) -> None:
    """Retire les dossiers de débordement des processus morts."""
    for reste in racine.glob(f"{_DEBORDEMENT}*"):
        if not _vit(int(reste.name.split("-")[1])):
            shutil.rmtree(reste, ignore_errors=True)


def _vit(processus: int) -> bool:
    try:
        os.kill(processus, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
