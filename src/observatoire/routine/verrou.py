"""Le verrou : deux passages ne se croisent jamais ; il tombe de lui-même avec le processus qui le tient."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from observatoire.config import Config

FICHIER = "verrou"


class DejaEnCoursError(Exception):
    """Un autre passage tient le verrou ; ce n'est pas un échec."""


@contextmanager
def verrou(config: Config) -> Iterator[None]:
    """Tient le verrou de `data/routine`.

    Raises:
        DejaEnCoursError: un autre passage le tient.
    """
    dossier = config.racine / "data" / "routine"
    dossier.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (dossier / FICHIER).open("a") as flux:
        try:
            fcntl.flock(flux, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DejaEnCoursError from None
        yield
