"""Le ménage : les comptes rendus, les journaux et les restes d'un arrêt brutal ; rien d'autre.

Jamais `data/raw`, jamais les éditions d'`outputs/fiches`, `outputs/rapports` et `outputs/donnees`, jamais
`registre/`, jamais une livraison refusée : c'est à l'équipe d'en décider.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from observatoire.config import Config
    from observatoire.routine.reglages import Reglages

_RESTES = dt.timedelta(days=2)
_PREFIXE = "observatoire-"


def ranger(
    config: Config, reglages: Reglages, maintenant: dt.datetime, temporaires: Path | None = None
) -> list[Path]:
    """Retire ce qui a passé sa durée de garde, et rend les chemins retirés.

    Args:
        config: le dossier de travail.
        reglages: les durées de garde.
        maintenant: l'heure du passage.
        temporaires: où chercher les dossiers laissés par un arrêt brutal ; celui du système par défaut.
    """
    retires = [
        *_perimes(config.outputs / "routine", maintenant - dt.timedelta(days=reglages.rapports_jours)),
        *_perimes(config.outputs / "journaux", maintenant - dt.timedelta(days=reglages.journaux_jours)),
    ]
    a_nous = Path(temporaires or tempfile.gettempdir())
    retires += [
        reste
        for reste in _perimes(a_nous, maintenant - _RESTES)
        if reste.name.startswith(_PREFIXE) and reste.lstat().st_uid == os.getuid()
    ]
    for chemin in retires:
        if stat.S_ISDIR(chemin.lstat().st_mode):
            shutil.rmtree(chemin, ignore_errors=True)
        else:
            chemin.unlink(missing_ok=True)
    return retires


def _perimes(dossier: Path, limite: dt.datetime) -> Iterator[Path]:
    """Rend ce qu'un dossier contient d'antérieur à la limite, par la date de son nom, sinon de son contenu."""
    if not dossier.is_dir() or dossier.is_symlink():
        return
    for chemin in sorted(dossier.iterdir()):
        try:
            date = dt.datetime.combine(dt.date.fromisoformat(chemin.name), dt.time.max, limite.tzinfo)
        except ValueError:
            date = dt.datetime.fromtimestamp(chemin.lstat().st_mtime, tz=dt.UTC)
        if date < limite:
            yield chemin
