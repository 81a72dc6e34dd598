"""Le zygote vu du pilote : un par environnement, redémarré quand le code change."""

from __future__ import annotations

import atexit
import json
import logging
import os
import re
import select
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from observatoire.publication.moteur.zygote import SANS_FILS

if TYPE_CHECKING:
    from collections.abc import Mapping

_journal = logging.getLogger(__name__)
_ORDINAIRE = "ordinaire"
_ATTENTE = 120  # secondes : des imports à froid sur un poste chargé, puis une division
_ADIEU = 5  # secondes
_MUET = "il ne répond pas, ou ses imports ont échoué"
# Ce que Python et les bibliothèques lisent à leur import : trop tard pour un processus fils.
_LU_A_L_IMPORT = re.compile(
    r"^(PYTHON|PATH$|HOME$|LD_|OMP_|OPENBLAS|MKL_|NUMEXPR|JE_|ARROW_|MPLCONFIGDIR$|XDG_|TZ$|LANG|LC_|TMPDIR$)"
)
_PROPRE_AU_NOYAU = "IPYTHONDIR"


class ZygoteError(Exception):
    """Le zygote n'a pas démarré, ou n'a pas pu se diviser : le moteur ordinaire prend la suite."""


@dataclass(frozen=True, slots=True)
class Fils:
    """Un noyau qui vient de naître : sa socket, le tube qui dit sa fin, son numéro de processus."""

    prise: socket.socket
    suivi: int
    numero: int


class Zygote:
    """Un processus zygote, démarré sans être attendu : ses imports se font pendant ceux du pilote.

    Args:
        commande: la socket où il attend les demandes.
        processus: le sien, si c'est nous qui l'avons démarré.
    """

    def __init__(self, commande: socket.socket, processus: subprocess.Popen[bytes] | None = None) -> None:
        self.pilote = os.getpid()
        self.commande = commande
        self._processus = processus

    @classmethod
    def demarrer(cls, environnement: Mapping[str, str], *options: str) -> Self:
        """Démarre un zygote dans un environnement ; `options` : `ESSENTIEL`, ou rien.

        Raises:
            OSError: le processus n'a pas pu être lancé.
        """
        commande, distante = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sans_noyau = {nom: v for nom, v in environnement.items() if nom != _PROPRE_AU_NOYAU}
        numero = str(distante.fileno())
        with distante:
            processus = subprocess.Popen(
                [sys.executable, "-m", "observatoire.publication.moteur.zygote", numero, *options],
                env={**sans_noyau, **SANS_FILS},
                pass_fds=[distante.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        return cls(commande, processus)

    @property
    def vivant(self) -> bool:
        """Vrai tant que le processus n'a pas fini ; inconnu, donc vrai, de qui ne l'a pas démarré."""
        return self._processus is None or self.pilote != os.getpid() or self._processus.poll() is None

    def engendrer(self, *, relu: bool = False) -> Zygote:
        """Rend un zygote qui naît de celui-ci, et charge l'observatoire tel qu'il est enregistré.

        Il n'est pas attendu : ses imports se font pendant ceux du pilote. Il finit avec sa commande.

        Args:
            relu: un module vient de changer et peut changer encore : ce qui se compile ne se garde pas.

        Raises:
            OSError: le zygote est mort.
        """
        ici, la_bas = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with la_bas:
            socket.send_fds(self.commande, [json.dumps({"relu": relu}).encode()], [la_bas.fileno()])
        return Zygote(ici)

    def fourcher(self, demande: Mapping[str, Any]) -> Fils:
        """Rend un noyau neuf, dès la fin des imports ; `demande` est celle de `fils.vivre`.

        Raises:
            ZygoteError: le zygote est mort, ou ne peut pas se diviser sans risque.
        """
        ici, la_bas = socket.socketpair()
        lecture, ecriture = os.pipe()
        try:
            descripteurs = [la_bas.fileno(), ecriture]
            socket.send_fds(self.commande, [json.dumps(demande).encode()], descripteurs)
        except OSError:
            ici.close()
            os.close(lecture)
            raise ZygoteError(_MUET) from None
        finally:
            la_bas.close()
            os.close(ecriture)
        reponse = lire_suivi(lecture, _ATTENTE)
        if not reponse.startswith("noyau "):
            ici.close()
            os.close(lecture)
            raise ZygoteError(reponse.removeprefix("refus ") or _MUET)
        return Fils(ici, lecture, int(reponse.removeprefix("noyau ")))

    def fermer(self) -> None:
        """Ne demande plus rien : le zygote finit avec le dernier de ses noyaux."""
        self.commande.close()
        if self._processus is not None and self.pilote == os.getpid():
            threading.Thread(target=self._processus.wait, daemon=True).start()

    def quitter(self) -> None:
        """Ferme, et attend un instant que le processus ait fini : rien ne reste après le pilote."""
        self.fermer()
        if self._processus is not None and self.pilote == os.getpid():
            with suppress(subprocess.TimeoutExpired):
                self._processus.wait(_ADIEU)


def lire_suivi(suivi: int, delai: float) -> str:
    """Rend la ligne suivante d'un tube de suivi ; vide s'il est fermé ou muet pendant `delai` secondes."""
    fin = time.monotonic() + delai
    recu = b""
    while not recu.endswith(b"\n"):
        sondeur = select.poll()
        sondeur.register(suivi, select.POLLIN)
        if not sondeur.poll(max(0.0, fin - time.monotonic()) * 1000):
            return ""
        if not (octet := os.read(suivi, 1)):
            return ""
        recu += octet
    return recu.decode().rstrip("\n")


_verrou = threading.Lock()
_zygotes: dict[tuple[str, ...], tuple[Zygote, int | None]] = {}


def _apres_division() -> None:
    """Un pilote divisé (équipe de processus) parle au même zygote ; seul le verrou est à refaire."""
    global _verrou
    _verrou = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_apres_division)


def obstacle() -> str:
    """Dit pourquoi les noyaux ne peuvent pas être fourchés ici ; vide s'ils le peuvent."""
    if os.environ.get("OBSERVATOIRE_MOTEUR") == _ORDINAIRE:
        return f"OBSERVATOIRE_MOTEUR={_ORDINAIRE}"
    if not sys.platform.startswith("linux"):
        return f"un processus ne s'y divise pas sans risque ({sys.platform})"
    return ""


def obtenir(environnement: Mapping[str, str]) -> Zygote:
    """Rend le zygote de cet environnement, en le démarrant s'il le faut.

    Il en faut un autre dès qu'une variable lue à l'import diffère. Le code de l'observatoire qu'il a
    importé doit être celui du disque : un fichier modifié, et il est remplacé.

    Raises:
        ZygoteError: il n'a pas pu être lancé.
    """
    cle = _cle(environnement)
    with _verrou:
        zygote, du_code = _zygotes.get(cle, (None, 0))
        empreinte = du_code if du_code is None else empreinte_du_code()
        if zygote is not None and zygote.vivant and du_code == empreinte:
            return zygote
        if zygote is not None:
            raison = "le code a changé" if zygote.vivant else "il s'est arrêté"
            _journal.info("Zygote redémarré : %s.", raison)
            zygote.fermer()
            del _zygotes[cle]
        try:
            neuf = Zygote.demarrer(environnement)
        except OSError as erreur:
            raise ZygoteError(erreur.strerror) from None
        _zygotes[cle] = neuf, empreinte
        return neuf


def adopter(environnement: Mapping[str, str], zygote: Zygote) -> None:
    """Fait naître les noyaux de cet environnement d'un zygote donné ; qui le donne le dit à jour."""
    with _verrou:
        _zygotes[_cle(environnement)] = zygote, None


def oublier() -> None:
    """Ferme tous les zygotes et attend leur fin ; le prochain noyau en démarre un."""
    with _verrou:
        for zygote, _ in _zygotes.values():
            with suppress(OSError):
                zygote.quitter()
        _zygotes.clear()


atexit.register(oublier)


def _cle(environnement: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{nom}={v}" for nom, v in sorted(environnement.items()) if _LU_A_L_IMPORT.match(nom))


def empreinte_du_code() -> int:
    """Rend un nombre qui change quand un fichier du paquet est modifié, ajouté ou retiré."""
    dates = []
    for dossier in _dossiers():
        with suppress(OSError), os.scandir(dossier) as entrees:
            dates += [
                (e.path, e.stat().st_mtime_ns) for e in entrees if e.name.endswith((".py", ".toml", ".csv"))
            ]
    return hash(tuple(sorted(dates)))


@cache
def _dossiers() -> list[Path]:
    paquet = Path(__file__).parents[2]
    return [paquet, *(d for d in paquet.rglob("*") if d.is_dir() and d.name != "__pycache__")]
