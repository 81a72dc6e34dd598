"""L'atelier : un second processus, bibliothèque chargée, qui refait le document quand on le lui demande."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import sys
import tempfile
import threading
import traceback
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING, Any

from observatoire.erreurs import ObservatoireError
from observatoire.publication.apercu.vue import Echec, Vue
from observatoire.publication.environnement import environnement_du_noyau
from observatoire.publication.moteur import zygotes
from observatoire.publication.moteur.zygote import ESSENTIEL

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from observatoire.publication.apercu.demande import Demande
    from observatoire.publication.apercu.fabrique import Fabrique

CONSTRUIRE, REFAIRE, PDF = "construire", "refaire", "pdf"
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_PAS = 0.02  # secondes
_TOUR = 0.0005  # secondes : un message du noyau n'attend pas que la mise en page cède la place
_PAQUET = Path(__file__).parents[2]
_PRECHARGE = "observatoire.publication.apercu.prechargement"


class Atelier:
    """Le processus d'une demande ; il se relance, et un ordre trop long s'abandonne.

    Deux parents restent chauds d'un atelier à l'autre, et n'ont chargé que des bibliothèques tierces : celui
    des ateliers, et celui dont naît le zygote de chacun. La nôtre est relue des deux côtés à la fois, telle
    qu'elle est enregistrée.
    """

    def __init__(self, demande: Demande) -> None:
        self._demande = demande
        self._seul = threading.Lock()
        self._parent: zygotes.Zygote | None = None
        linux = sys.platform.startswith("linux")
        self._contexte: Any = multiprocessing.get_context("forkserver" if linux else "spawn")
        self._contexte.set_forkserver_preload([_PRECHARGE])
        self._provisoire = tempfile.TemporaryDirectory(
            prefix="observatoire-apercu-", ignore_cleanup_errors=True
        )
        self._processus: Any = None  # né au premier ordre : la page d'avant n'attend pas ses bibliothèques

    def demander(
        self, ordre: str, abandonner: Callable[[], bool] = lambda: False
    ) -> Vue | bytes | Echec | None:
        """Fait exécuter un ordre (`CONSTRUIRE`, `REFAIRE`, `PDF`) et rend son résultat.

        Args:
            ordre: `REFAIRE` exécute tout ; `CONSTRUIRE` reprend ce qui n'a pas changé.
            abandonner: interrogée pendant l'attente ; vraie, l'atelier repart et le résultat est `None`.
        """
        with self._seul:
            if self._processus is None:
                self._lancer()
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
                    "L'atelier s'est arrêté : le programme ne se charge pas, ou la mémoire manque.",
                    "Lire l'erreur dans le terminal, corriger, et enregistrer de nouveau.",
                )

    def relancer(self) -> None:
        """Repart d'un processus neuf : la bibliothèque a changé."""
        with self._seul:
            if self._processus is not None:
                self._relancer()

    def fermer(self) -> None:
        """Arrête le processus et ses parents."""
        if self._processus is not None:
            _arreter(self._processus, self._tube)
        if self._parent is not None:
            self._parent.quitter()
        self._provisoire.cleanup()

    def _relancer(self) -> None:
        """Lance le suivant, puis arrête l'ancien : ses adieux n'attendent personne."""
        ancien = self._processus, self._tube
        self._lancer()
        _arreter(*ancien)

    def _lancer(self) -> None:
        premier = self._processus is None
        zygote = self._engendrer(premier)
        tube, autre = self._contexte.Pipe()
        depart = _Depart(self._demande, zygote.commande if zygote else None, self._provisoire.name, premier)
        processus = self._contexte.Process(target=_travailler, args=(autre, depart), daemon=True)
        with _sans_relire_la_commande(), _sans_ctrl_c():
            processus.start()
        self._processus, self._tube = processus, tube
        autre.close()
        if zygote is not None:
            zygote.fermer()  # il ne vit plus que par l'atelier

    def _engendrer(self, premier: bool) -> zygotes.Zygote | None:
        """Rend le zygote du prochain atelier ; None là où les noyaux ne peuvent pas être fourchés."""
        if zygotes.obstacle():
            return None
        with suppress(OSError):
            if self._parent is None or not self._parent.vivant:
                environnement = environnement_du_noyau(os.environ, self._demande.racine, "")
                self._parent = zygotes.Zygote.demarrer(environnement, ESSENTIEL)
            return self._parent.engendrer(relu=not premier)
        return None


@dataclass(frozen=True)
class _Depart:
    """Ce que reçoit un atelier : la demande, la commande de son zygote, où écrire son provisoire.

    Un atelier qui n'est pas le `premier` lit un module qu'on vient d'enregistrer, et qui peut l'être encore :
    il n'en garde pas la compilation, que Python croit bonne si la taille et la seconde sont les mêmes.
    """

    demande: Demande
    commande: socket.socket | None
    provisoire: str
    premier: bool


@contextmanager
def _sans_relire_la_commande() -> Iterator[None]:
    """Cache à multiprocessing le programme qui nous a lancés : l'atelier le relirait, sans s'en servir."""
    principal = vars(sys.modules["__main__"])
    fichier = principal.pop("__file__", None)
    try:
        yield
    finally:
        if fichier is not None:
            principal["__file__"] = fichier


@contextmanager
def _sans_ctrl_c() -> Iterator[None]:
    """Ce qui naît ici ne reçoit pas le Ctrl-C du terminal : la session l'arrête, sans trace ni erreur."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # il débloquerait le signal en naissant
    avant = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, avant)


def _arreter(processus: Any, tube: Connection) -> None:
    tube.close()
    processus.terminate()
    processus.join(5)
    if processus.is_alive():
        processus.kill()


def _travailler(tube: Connection, depart: _Depart) -> None:
    """La boucle de l'atelier : un ordre, une réponse, jusqu'à la fermeture du tube."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # 1,5 s pour rien, comme dans cli
    sys.setswitchinterval(_TOUR)
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode) or not depart.premier
    if sys.dont_write_bytecode:
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"  # un noyau ordinaire le lit là
    tempfile.tempdir = depart.provisoire  # arrêté net, il ne range pas ; la session le fera
    demande = depart.demande
    if depart.commande is not None:
        environnement = environnement_du_noyau(os.environ, demande.racine, "")
        zygotes.adopter(environnement, zygotes.Zygote(depart.commande))
    with suppress(EOFError, OSError, KeyboardInterrupt):
        fabrique, faute = _ouvrir(demande)  # l'ordre n'est pas encore là : il n'attendra pas
        while True:
            ordre = tube.recv()
            if fabrique is None:
                fabrique, faute = _ouvrir(demande)
            tube.send(_obeir(fabrique, ordre) if fabrique is not None else faute)
            if fabrique is not None:
                fabrique.devancer()


def _ouvrir(demande: Demande) -> tuple[Fabrique | None, Echec | None]:
    """Charge l'observatoire ; s'il ne se charge pas, dit pourquoi."""
    try:
        from observatoire.publication.apercu.fabrique import Fabrique

        return Fabrique(demande), None
    except Exception as erreur:  # l'analyste écrit peut-être la bibliothèque : tout se montre
        return None, _echec(erreur)


def _obeir(fabrique: Fabrique, ordre: str) -> Vue | bytes | Echec:
    try:
        return fabrique.pdf() if ordre == PDF else fabrique.construire(neuf=ordre == REFAIRE)
    except Exception as erreur:  # elle se charge, mais peut être fausse : tout se montre
        return _echec(erreur)


def _echec(erreur: Exception) -> Echec:
    """Dit une erreur ; celle d'une cellule garde, sous la nôtre, la cellule et sa trace."""
    if not isinstance(erreur, ObservatoireError):
        constat = f"{type(erreur).__name__} : {erreur}"
        return Echec(constat, _remede(erreur), trace=traceback.format_exc())
    cause = erreur.__context__
    trace = "\n".join(getattr(cause, "traceback", None) or ())
    return Echec(erreur.constat, erreur.remede, str(getattr(cause, "source", "")), _ANSI.sub("", trace))


def _remede(erreur: Exception) -> str:
    """Dit quoi corriger : la ligne du gabarit si l'erreur en vient, sinon le programme."""
    for appel in reversed(traceback.extract_tb(erreur.__traceback__)):
        chemin = Path(appel.filename)
        if "report_templates" in chemin.parts:
            return f"Corriger le gabarit : {chemin.name}, ligne {appel.lineno}."
        if chemin.is_relative_to(_PAQUET):
            break
    return "Défaut du programme, hors du notebook."
