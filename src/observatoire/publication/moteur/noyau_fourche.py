"""Le noyau fourché vu de nbclient : les mêmes appels, les messages sur un tube."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import time
from contextlib import suppress
from queue import Empty
from typing import TYPE_CHECKING, Any, cast

from jupyter_client.client import KernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.session import Session
from traitlets import Dict, Instance, Int, default

from observatoire.publication.moteur.tube import FIN, IOPUB, SHELL, Tube, TubeError
from observatoire.publication.moteur.zygotes import Fils, lire_suivi, obtenir

if TYPE_CHECKING:
    from collections.abc import Callable

_journal = logging.getLogger(__name__)
_SECONDES_POUR_FINIR, _SECONDES_APRES_INTERRUPTION = 10.0, 1.0


class Canal:
    """Un canal de nbclient : une file des messages arrivés, et l'envoi si c'est celui du shell."""

    def __init__(self, envoyer: Callable[[dict[str, Any]], None]) -> None:
        self.send = envoyer
        self.recus: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """Rend le message suivant.

        Raises:
            queue.Empty: aucun n'est arrivé en `timeout` secondes.
        """
        try:
            return self.recus.get_nowait()
        except asyncio.QueueEmpty:
            pass
        try:
            return await asyncio.wait_for(self.recus.get(), timeout)
        except TimeoutError:
            raise Empty from None


class ClientDuTube(KernelClient):
    """Le client d'un noyau fourché : deux canaux, sans battement de cœur ni port."""

    tube = Instance(Tube)

    def __init__(self, **reglages: Any) -> None:
        super().__init__(**reglages)
        self._canaux = {SHELL: Canal(self._envoyer), IOPUB: Canal(self._envoyer)}
        self._boucle: asyncio.AbstractEventLoop | None = None
        self.occupe = False

    @property
    def shell_channel(self) -> Canal:
        """Les réponses."""
        return self._canaux[SHELL]

    @property
    def iopub_channel(self) -> Canal:
        """Les sorties."""
        return self._canaux[IOPUB]

    async def start_channels(self, *_: Any, **__: Any) -> None:  # type: ignore[override]
        """Écoute le tube, tant que la boucle de nbclient tourne."""
        self._boucle = asyncio.get_running_loop()
        self._boucle.add_reader(self.tube.fileno(), self._recevoir)

    def stop_channels(self) -> None:
        """Cesse d'écouter."""
        if self._boucle is not None and not self._boucle.is_closed():
            self._boucle.remove_reader(self.tube.fileno())
        self._boucle = None
        self.tube.fermer()

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Rien à attendre : ce qui est envoyé avant que le noyau n'écoute est dans le tube."""

    async def is_alive(self) -> bool:
        """Vrai tant que le noyau peut répondre."""
        return cast("NoyauFourche", self.parent).vivant

    def _envoyer(self, message: dict[str, Any]) -> None:
        self.occupe = True
        with suppress(OSError):  # un noyau mort se constate à son état, non ici
            self.tube.envoyer(SHELL, self.session.serialize(message))

    def _recevoir(self) -> None:
        try:
            vivant = self.tube.lire()
            messages = self.tube.messages()
        except TubeError:
            vivant, messages = False, []
        for canal, trames in messages:
            _, reste = self.session.feed_identities(trames)
            message = self.session.deserialize(reste)
            if message["msg_type"] == "status":
                self.occupe = message["content"]["execution_state"] != "idle"
            self._canaux[canal].recus.put_nowait(message)
        if not vivant and self._boucle is not None:
            self._boucle.remove_reader(self.tube.fileno())
            cast("NoyauFourche", self.parent).noter_la_fin()


class NoyauFourche(AsyncKernelManager):
    """Un noyau neuf fourché du zygote ; mêmes réglages que `NoyauCourant`, et une limite de mémoire."""

    environnement = Dict(help="Tout l'environnement du noyau.").tag(config=True)
    memoire_mo = Int(0, help="Mémoire que le noyau peut s'allouer (Mo) ; 0 : sans limite.").tag(config=True)

    _fils: Fils | None = None
    _client: ClientDuTube | None = None
    _fini = False

    @default("session")
    def _session_signee(self) -> Session:
        return Session(parent=self, key=secrets.token_hex(16).encode())

    @property
    def has_kernel(self) -> bool:
        """Vrai si un noyau a été démarré, et pas encore rendu."""
        return self._fils is not None

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
        """Démarre un noyau dans le dossier `cwd`.

        Raises:
            ZygoteError: le zygote ne peut pas en donner.
        """
        demande = {
            "environnement": dict(self.environnement),
            "dossier": str(options.get("cwd") or os.getcwd()),  # noqa: PTH109
            "memoire_mo": self.memoire_mo,
            "cle": self.session.key.decode(),
        }
        self._fils = await asyncio.to_thread(obtenir(self.environnement).fourcher, demande)

    def client(self, **_: Any) -> ClientDuTube:  # type: ignore[override]
        """Rend le client du noyau."""
        assert self._fils is not None
        self._client = ClientDuTube(session=self.session, parent=self, tube=Tube(self._fils.prise))
        return self._client

    def noter_la_fin(self) -> None:
        """Le tube est fermé : le noyau ne répondra plus."""
        self._fini = True

    @property
    def vivant(self) -> bool:
        """Vrai tant que le noyau peut répondre."""
        return self._fils is not None and not self._fini

    async def is_alive(self) -> bool:  # type: ignore[override]
        """Vrai tant que le noyau peut répondre."""
        return self.vivant

    async def interrupt_kernel(self) -> None:  # type: ignore[override]
        """Interrompt la cellule en cours, comme un Ctrl-C."""
        if self._fils is not None:
            with suppress(ProcessLookupError):
                os.kill(self._fils.numero, signal.SIGINT)

    async def shutdown_kernel(  # type: ignore[override]
        self, now: bool = False, restart: bool = False
    ) -> None:
        """Laisse le noyau finir proprement (fichiers, `atexit`) ; une cellule en cours est interrompue.

        `now` n'y change rien : finir proprement prend quelques millisecondes. Un noyau qui ne finit pas
        est tué avec tout ce qu'il a lancé.
        """
        if self._fils is None or self._client is None:
            return
        if self._client.occupe:
            await self.interrupt_kernel()
        delai = _SECONDES_APRES_INTERRUPTION if self._client.occupe else _SECONDES_POUR_FINIR
        with suppress(OSError):
            self._client.tube.envoyer(FIN, [])
        await asyncio.to_thread(self._attendre_la_fin, time.monotonic() + delai)

    def _attendre_la_fin(self, echeance: float) -> None:
        assert self._fils is not None
        fin = lire_suivi(self._fils.suivi, echeance - time.monotonic())
        _journal.debug("Noyau %s : %s", self._fils.numero, fin or "sans réponse, tué")

    async def cleanup_resources(self, restart: bool = False) -> None:  # type: ignore[override]
        """Rend le noyau : son tube de suivi fermé, le zygote tue ce qu'il en reste."""
        if self._fils is not None:
            os.close(self._fils.suivi)
            if self._client is None:
                self._fils.prise.close()
            self._fils = None
