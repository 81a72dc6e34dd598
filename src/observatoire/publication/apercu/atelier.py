"""L'atelier : un second processus, bibliothèque chargée, qui refait le document quand on le lui demande."""

from __future__ import annotations

import multiprocessing
import os
import re
import sys
import threading
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from observatoire.erreurs import ObservatoireError
from observatoire.publication.apercu.vue import Echec, Vue
from observatoire.publication.environnement import environnement_du_noyau
from observatoire.publication.moteur import zygotes
from observatoire.publication.moteur.zygote import ESSENTIEL

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from observatoire.publication.apercu.demande import Demande
    from observatoire.publication.apercu.fabrique import Fabrique

CONSTRUIRE, REFAIRE, PDF = "construire", "refaire", "pdf"
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_PAS = 0.02  # secondes
_PRECHARGE = "observatoire.publication.apercu.prechargement"


class Atelier:
    """Le processus d'une demande ; il se relance, et un ordre trop long s'abandonne.

    Deux parents restent chauds d'un atelier à l'autre, et n'ont chargé que des bibliothèques tierces : celui
    des ateliers, celui des noyaux. La nôtre est relue à chaque naissance, telle qu'elle est enregistrée.
    """

    def __init__(self, demande: Demande) -> None:
        self._demande = demande
        self._seul = threading.Lock()
        self._zygote: zygotes.Zygote | None = None
        linux = sys.platform.startswith("linux")
        self._contexte: Any = multiprocessing.get_context("forkserver" if linux else "spawn")
        self._contexte.set_forkserver_preload([_PRECHARGE])
        self._lancer()

    def demander(
        self, ordre: str, abandonner: Callable[[], bool] = lambda: False
    ) -> Vue | bytes | Echec | None:
        """Fait exécuter un ordre (`CONSTRUIRE`, `REFAIRE`, `PDF`) et rend son résultat.

        Args:
            ordre: `REFAIRE` exécute tout ; `CONSTRUIRE` reprend ce qui n'a pas changé.
            abandonner: interrogée pendant l'attente ; vraie, l'atelier repart et le résultat est `None`.
        """
        with self._seul:
            try:
                self._tube.send(ordre)
                while not self._tube.poll(_PAS):
                    if abandonner():
                        self._relancer()
                        return None
                return self._tube.recv()  # type: ignore[no-any-return]
            except (EOFError, OSError):
                self._relancer()
                return Echec(
                    "L'atelier s'est arrêté.", "Vérifier la mémoire libre, puis enregistrer de nouveau."
                )

    def relancer(self) -> None:
        """Repart d'un processus neuf : la bibliothèque a changé."""
        with self._seul:
            self._relancer()

    def fermer(self) -> None:
        """Arrête le processus et ses parents."""
        self._arreter()
        if self._zygote is not None:
            self._zygote.quitter()

    def _arreter(self) -> None:
        self._tube.close()
        self._processus.terminate()
        self._processus.join(5)
        if self._processus.is_alive():
            self._processus.kill()

    def _relancer(self) -> None:
        self._arreter()
        self._lancer()

    def _lancer(self) -> None:
        if not zygotes.obstacle() and (self._zygote is None or not self._zygote.vivant):
            environnement = environnement_du_noyau(os.environ, self._demande.racine, "")
            with suppress(OSError):
                self._zygote = zygotes.Zygote.demarrer(environnement, ESSENTIEL)
        self._tube, autre = self._contexte.Pipe()
        commande = self._zygote.commande if self._zygote else None
        self._processus = self._contexte.Process(target=_travailler, args=(autre, self._demande, commande))
        self._processus.start()
        autre.close()


def _travailler(tube: Connection, demande: Demande, commande: socket.socket | None) -> None:
    """La boucle de l'atelier : un ordre, une réponse, jusqu'à la fermeture du tube."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # 1,5 s pour rien, comme dans cli
    if commande is not None:
        environnement = environnement_du_noyau(os.environ, demande.racine, "")
        zygotes.adopter(environnement, zygotes.Zygote(commande))
    with suppress(EOFError, OSError, KeyboardInterrupt):
        fabrique: Fabrique | None = None
        while True:
            ordre = tube.recv()
            try:
                if fabrique is None:
                    from observatoire.publication.apercu.fabrique import Fabrique

                    fabrique = Fabrique(demande)
                rendu: Vue | bytes | Echec = (
                    fabrique.pdf() if ordre == PDF else fabrique.construire(neuf=ordre == REFAIRE)
                )
            except Exception as erreur:  # l'analyste écrit peut-être la bibliothèque : tout se montre
                rendu = _echec(erreur)
            tube.send(rendu)
            if fabrique is not None:
                fabrique.devancer()


def _echec(erreur: Exception) -> Echec:
    """Dit une erreur ; celle d'une cellule garde, sous la nôtre, la cellule et sa trace."""
    if not isinstance(erreur, ObservatoireError):
        constat = f"{type(erreur).__name__} : {erreur}"
        return Echec(constat, "Défaut du programme, hors du notebook.", trace=traceback.format_exc())
    cause = erreur.__context__
    trace = "\n".join(getattr(cause, "traceback", None) or ())
    return Echec(erreur.constat, erreur.remede, str(getattr(cause, "source", "")), _ANSI.sub("", trace))
