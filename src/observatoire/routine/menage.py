"""Le ménage : les comptes rendus, les journaux et les restes d'un arrêt brutal ; rien d'autre.

Jamais un fichier scellé de `data/raw`, jamais les éditions (`outputs/fiches`, `outputs/rapports`,
`outputs/donnees`), jamais `registre/`, jamais une livraison refusée : c'est à l'équipe d'en décider.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from observatoire.config import Config
    from observatoire.routine.reglages import Reglages

_RESTES = dt.timedelta(days=2)
# ceux que `tempfile` nous a faits, jamais un projet cloné dans /tmp/observatoire-idf
_TEMPORAIRE = re.compile(r"observatoire-([a-z]+-)?[a-z0-9_]{8}")
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
    a_nous = filter(_est_temporaire, Path(temporaires or tempfile.gettempdir()).iterdir())
    copies = (reste for motif in _COPIES for reste in config.racine.glob(motif))
    retires += _perimes([*a_nous, *copies], maintenant - _RESTES)
    for chemin in retires:
        if chemin.is_dir() and not chemin.is_symlink():
            shutil.rmtree(chemin, ignore_errors=True)
        else:
            chemin.unlink(missing_ok=True)
    return retires


def _est_temporaire(chemin: Path) -> bool:
    """Dit si `tempfile` nous a fait ce dossier : son nom, réservé à ce compte, sans dépôt dedans."""
    if not _TEMPORAIRE.fullmatch(chemin.name):
        return False
    try:
        etat = chemin.lstat()
    except FileNotFoundError:
        return False
    a_nous = stat.S_ISDIR(etat.st_mode) and stat.S_IMODE(etat.st_mode) == 0o700
    # celui d'un autre compte ne s'ouvre pas
    return a_nous and etat.st_uid == os.getuid() and not (chemin / ".git").exists()


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
