"""Le ménage : les comptes rendus, les journaux et les restes d'un arrêt brutal ; rien d'autre.

Jamais un fichier scellé de `data/raw`, jamais les éditions (`outputs/fiches`, `outputs/rapports`,
`outputs/donnees`), jamais `registre/`, jamais une livraison refusée : c'est à l'équipe d'en décider.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from observatoire.config import Config
    from observatoire.routine.reglages import Reglages

_RESTES = dt.timedelta(days=2)
_PREFIXE = "observatoire-"
# des copies jamais finies : un fichier scellé n'est ni caché, ni nommé ainsi
_COPIES = (
    "data/raw/*/*/.copie.*",
    "data/raw/*/*/.provenance.toml.*",
    "data/routine/.etat.json.*",
    "data/arrivees/refusees/*/.*.raison.txt.*",
)


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
    rapports, journaux = config.outputs / "routine", config.outputs / "journaux"
    retires = [
        *_perimes(rapports.glob("*"), maintenant - dt.timedelta(days=reglages.rapports_jours)),
        *_perimes(journaux.glob("*"), maintenant - dt.timedelta(days=reglages.journaux_jours)),
    ]
    a_nous = Path(temporaires or tempfile.gettempdir()).glob(f"{_PREFIXE}*")
    copies = (reste for motif in _COPIES for reste in config.racine.glob(motif))
    retires += _perimes([*a_nous, *copies], maintenant - _RESTES)
    for chemin in retires:
        if chemin.is_dir() and not chemin.is_symlink():
            shutil.rmtree(chemin, ignore_errors=True)
        else:
            chemin.unlink(missing_ok=True)
    return retires


def _perimes(chemins: Iterable[Path], limite: dt.datetime) -> Iterator[Path]:
    """Rend ce qui est à ce compte et antérieur à la limite : la date de son nom, sinon celle du disque."""
    for chemin in sorted(chemins):
        try:
            etat = chemin.lstat()
        except FileNotFoundError:  # un autre vient de le retirer
            continue
        try:
            date = dt.datetime.combine(dt.date.fromisoformat(chemin.name), dt.time.max, limite.tzinfo)
        except ValueError:
            date = dt.datetime.fromtimestamp(etat.st_mtime, tz=dt.UTC)
        if date < limite and etat.st_uid == os.getuid():
            yield chemin
