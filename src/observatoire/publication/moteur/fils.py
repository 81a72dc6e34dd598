"""Ce que devient un processus fils du zygote : un noyau IPython ordinaire, sans ZeroMQ."""

from __future__ import annotations

import asyncio
import atexit
import ctypes
import os
import random
import resource
import shutil
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import zmq
from ipykernel.iostream import IOPubThread
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from tornado.ioloop import IOLoop
from traitlets import Any as Libre
from traitlets.config import Config

from observatoire.publication.moteur.tube import FIN, IOPUB, SHELL, Tube

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1


def vivre(demande: dict[str, Any], prise: socket.socket) -> None:
    """Prend l'environnement demandé, exécute ce qui arrive sur `prise`, et finit comme un processus.

    Args:
        demande: `environnement`, `dossier`, `memoire_mo` (0 : sans limite), `cle` qui signe les messages.
        prise: la socket du noyau.
    """
    _s_isoler(demande)
    tube = Tube(prise)
    application = ApplicationFourchee(tube, demande["cle"])
    application.initialize(["--HistoryManager.hist_file=:memory:"])
    _suivre_l_affichage()
    boucle = asyncio.get_event_loop()
    boucle.run_until_complete(_ecouter(application.kernel, tube))
    _finir(application)


def _s_isoler(demande: dict[str, Any]) -> None:
    """Retire du processus ce qu'il tient du zygote : groupe, environnement, dossier, hasard."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.environ.clear()
    os.environ.update(demande["environnement"])
    time.tzset()
    os.chdir(demande["dossier"])
    if demande["memoire_mo"]:
        octets = _reserves() + (demande["memoire_mo"] << 20)
        resource.setrlimit(resource.RLIMIT_DATA, (octets, octets))
    atexit.unregister(shutil.rmtree)  # les dossiers temporaires du zygote ne sont pas à nous
    random.seed()
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed()


def _reserves() -> int:
    """Ce que le processus a déjà réservé (octets) : un gigaoctet, que ses bibliothèques n'occupent pas."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * resource.getpagesize()


def _suivre_l_affichage() -> None:
    """Donne à matplotlib, déjà importé, l'affichage que le noyau choisit d'ordinaire avant son import."""
    if matplotlib := sys.modules.get("matplotlib"):
        matplotlib.rcParams["backend"] = os.environ["MPLBACKEND"]


async def _ecouter(noyau: Any, tube: Tube) -> None:
    """Exécute les demandes l'une après l'autre, jusqu'à la fin demandée ou la fermeture du tube."""
    noyau.start()
    boucle = asyncio.get_running_loop()
    while True:
        for canal, trames in tube.messages():
            if canal == FIN:
                return
            await noyau.shell_main(None, [zmq.Message(trame) for trame in trames])
        arrivee = boucle.create_future()
        boucle.add_reader(tube.fileno(), _une_fois, arrivee)
        try:
            await arrivee
        finally:
            boucle.remove_reader(tube.fileno())
        if not tube.lire():
            return


def _une_fois(arrivee: asyncio.Future[None]) -> None:
    if not arrivee.done():
        arrivee.set_result(None)


def _finir(application: IPKernelApp) -> None:
    """Fait ce que fait Python en s'arrêtant : attendre les fils, appeler `atexit`, vider les fichiers."""
    with suppress(Exception):
        threading._shutdown()  # type: ignore[attr-defined]
    with suppress(Exception):
        atexit._run_exitfuncs()
    for flux in (sys.stdout, sys.stderr):
        with suppress(Exception):
            flux.flush()
    application.kernel.shell.user_ns.clear()  # les fichiers restés ouverts dans une cellule se vident


class PriseDuTube:
    """Ce qu'ipykernel attend d'une socket ZeroMQ : un message part, en entier."""

    closed = False

    def __init__(self, tube: Tube, canal: bytes) -> None:
        self._tube, self._canal = tube, canal

    @property
    def context(self) -> zmq.Context[zmq.Socket[bytes]]:
        """Le contexte des échanges entre fils du noyau : ils ne sortent pas du processus."""
        return zmq.Context.instance()

    def send_multipart(self, trames: Sequence[Any], *_: Any, **__: Any) -> None:
        """Envoie un message ; plus personne n'écoute quand le pilote a disparu."""
        octets = [trame.bytes if isinstance(trame, zmq.Message) else bytes(trame) for trame in trames]
        with suppress(OSError):
            self._tube.envoyer(self._canal, octets)

    def flush(self, *_: Any) -> None:
        """Rien n'attend : chaque message est déjà parti."""

    def close(self) -> None:
        """Le tube se ferme avec le processus."""


class NoyauDuTube(IPythonKernel):
    """Le noyau d'ipykernel, ses flux remplacés ; ni débogueur, ni sous-shells."""

    shell_stream = Libre()
    _execute_sleep = 0.0  # il laisse à ZeroMQ le temps d'écrire ; le tube, lui, a déjà écrit
    _supports_kernel_subshells = False

    def start(self) -> None:
        """Annonce le noyau ; ses messages lui sont remis par `_ecouter`, aucun flux n'est à brancher."""
        if self.shell is not None:
            self.shell.exit_now = False
        self.io_loop = IOLoop.current()
        self._publish_status("starting", "shell")


class ApplicationFourchee(IPKernelApp):
    """L'application d'ipykernel (profil, sorties, extensions), sans port ni fichier de connexion."""

    def __init__(self, tube: Tube, cle: str) -> None:
        super().__init__(config=Config({"Session": {"key": cle.encode()}}))
        self._tube = tube

    def init_connection_file(self) -> None:
        """Sans objet."""

    def init_poller(self) -> None:
        """Sans objet : le noyau vit aussi longtemps que son tube."""

    def init_heartbeat(self) -> None:
        """Sans objet."""

    def write_connection_file(self, **_: Any) -> None:
        """Sans objet."""

    def log_connection_info(self) -> None:
        """Sans objet."""

    def init_sockets(self) -> None:
        """Relie le canal de publication au tube."""
        self.configure_tornado_logger()
        self.iopub_thread = IOPubThread(PriseDuTube(self._tube, IOPUB), session=self.session)
        self.iopub_thread.start()
        self.iopub_socket = self.iopub_thread.background_socket

    def init_kernel(self) -> None:
        """Crée le noyau."""
        self.kernel = NoyauDuTube.instance(
            parent=self,
            session=self.session,
            shell_stream=PriseDuTube(self._tube, SHELL),
            shell_channel_thread=SimpleNamespace(parent_thread=threading.main_thread()),
            iopub_thread=self.iopub_thread,
            iopub_socket=self.iopub_socket,
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )
        self.displayhook.get_execution_count = lambda: self.kernel.execution_count
