"""Un seul processus à la fois dans un dossier."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TENUS: set[Path] = set()


@contextmanager
def tenir(fichier: Path, refus: Exception) -> Iterator[None]:
    """Tient un verrou sur un fichier ; le noyau le rend, même d'un processus tué.

    Un verrou POSIX ne passe pas aux processus nés de celui-ci : un ouvrier qui survit à une
    production tuée n'empêche pas la suivante. Entre fils d'un même processus, `_TENUS` y supplée.

    Raises:
        Exception: `refus`, si un autre le tient.
    """
    fichier.parent.mkdir(parents=True, exist_ok=True)
    place = fichier.resolve()
    if place in _TENUS:
        raise refus
    _TENUS.add(place)
    try:
        with place.open("w") as ouvert:
            try:
                fcntl.lockf(ouvert, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError):
                raise refus from None
            yield
    finally:
        _TENUS.discard(place)
