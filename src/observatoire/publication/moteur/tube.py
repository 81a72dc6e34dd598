"""Des messages Jupyter sur une paire de sockets : un canal et des trames, comme ZeroMQ, sans ZeroMQ."""

from __future__ import annotations

import struct
import threading
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

Message: TypeAlias = tuple[bytes, list[bytes]]

SHELL, IOPUB, FIN = b"shell", b"iopub", b"fin"
_ENTETE = struct.Struct("!I")
_TRAMES_MAXIMUM, _OCTETS_MAXIMUM = 1 << 12, 1 << 29
_LECTURE = 1 << 18


class TubeError(Exception):
    """Ce qui arrive n'est pas un message : le noyau n'est plus fiable."""


class Tube:
    """Un bout de la paire : plusieurs fils écrivent, un seul lit."""

    def __init__(self, prise: socket.socket) -> None:
        self._prise = prise
        self._verrou = threading.Lock()
        self._recus = bytearray()

    def fileno(self) -> int:
        """Le descripteur à surveiller."""
        return self._prise.fileno()

    def fermer(self) -> None:
        """Ferme ce bout ; l'autre lit alors une fin."""
        self._prise.close()

    def envoyer(self, canal: bytes, trames: Sequence[bytes]) -> None:
        """Envoie un message entier.

        Raises:
            OSError: l'autre bout est fermé.
        """
        toutes = [canal, *trames]
        tailles = b"".join(_ENTETE.pack(len(trame)) for trame in toutes)
        with self._verrou:
            self._prise.sendall(b"".join((_ENTETE.pack(len(toutes)), tailles, *toutes)))

    def lire(self, drapeaux: int = 0) -> bool:
        """Lit ce qui est arrivé ; rend faux si l'autre bout est fermé.

        Raises:
            BlockingIOError: rien n'est arrivé, et `drapeaux` refuse d'attendre.
        """
        try:
            octets = self._prise.recv(_LECTURE, drapeaux)
        except ConnectionError:
            return False
        self._recus += octets
        return bool(octets)

    def messages(self) -> list[Message]:
        """Rend les messages arrivés en entier.

        Raises:
            TubeError: un message trop long pour en être un.
        """
        entiers = []
        while (message := self._premier()) is not None:
            entiers.append(message)
        return entiers

    def _premier(self) -> Message | None:
        if len(self._recus) < _ENTETE.size:
            return None
        (nombre,) = _ENTETE.unpack_from(self._recus)
        if not 0 < nombre <= _TRAMES_MAXIMUM:
            raise TubeError(f"{nombre} trames")
        debut = _ENTETE.size * (1 + nombre)
        if len(self._recus) < debut:
            return None
        tailles = struct.unpack_from(f"!{nombre}I", self._recus, _ENTETE.size)
        if sum(tailles) > _OCTETS_MAXIMUM:
            raise TubeError(f"{sum(tailles)} octets")
        fin = debut + sum(tailles)
        if len(self._recus) < fin:
            return None
        trames = []
        for taille in tailles:
            trames.append(bytes(self._recus[debut : debut + taille]))
            debut += taille
        del self._recus[:fin]
        return trames[0], trames[1:]
