"""Un arrêt demandé (SIGTERM, Ctrl-C) : finir ce qui est commencé, ne rien commencer d'autre."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_ECOUTES = (signal.SIGTERM, signal.SIGINT)


@dataclass(slots=True)
class Arret:
    """Le signal reçu, 0 tant qu'il n'y en a pas."""

    signal: int = 0


@contextmanager
def ecouter() -> Iterator[Arret]:
    """Retient le premier signal ; le deuxième a son effet ordinaire.

    Un processus né de celui-ci hérite du geste, non de la campagne : pour lui, tout signal a son effet
    ordinaire. Hors du fil principal, aucun signal ne se reçoit et rien n'est changé.
    """
    arret, ici = Arret(), os.getpid()
    if threading.current_thread() is not threading.main_thread():
        yield arret
        return
    avant = {numero: signal.getsignal(numero) for numero in _ECOUTES}

    def retenir(numero: int, _: FrameType | None) -> None:
        for ecoute, geste in avant.items():
            signal.signal(ecoute, geste)
        if os.getpid() != ici:
            os.kill(os.getpid(), numero)
        arret.signal = numero

    for numero in _ECOUTES:
        signal.signal(numero, retenir)
    try:
        yield arret
    finally:
        for numero, geste in avant.items():
            signal.signal(numero, geste)
