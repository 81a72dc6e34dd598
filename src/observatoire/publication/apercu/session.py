"""La session : guetter, refaire, dire où on en est à toutes les pages ouvertes."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from observatoire.publication.apercu.atelier import CONSTRUIRE, PDF, REFAIRE, Atelier
from observatoire.publication.apercu.veille import DOCUMENT, PROGRAMME, Veille
from observatoire.publication.apercu.vue import Echec, Vue
from observatoire.publication.formats import decimal

if TYPE_CHECKING:
    from collections.abc import Callable

    from observatoire.publication.apercu.demande import Demande

_PAS = 0.04  # secondes entre deux regards
_CALME = 0.04  # secondes sans rien de neuf : l'enregistrement est fini
_EN_ATTENDANT = "Page de la dernière campagne, en cours de mise à jour…"
_PATIENCE = 3.0  # secondes : au-delà, un nouvel enregistrement interrompt ce qui tourne


@dataclass(frozen=True)
class Etat:
    """Où en est l'aperçu ; `version` change à chaque document refait, `rang` à chaque nouvelle."""

    rang: int = 0
    version: int = 0
    en_cours: bool = True
    message: str = "Première exécution…"
    echec: Echec | None = None
    remarques: tuple[str, ...] = ()

    def en_json(self) -> dict[str, Any]:
        """Rend ce que la page reçoit."""
        return asdict(self)


class Session:
    """Un aperçu ouvert : son atelier, sa veille, le dernier document réussi."""

    def __init__(self, demande: Demande, suivi: Callable[[str], None] = lambda _: None) -> None:
        self.demande = demande
        self._suivi = suivi
        self._change = threading.Condition()
        self._fini = threading.Event()
        self._etat = Etat()
        self._vue: Vue | None = None
        if page := demande.derniere_page():
            self._vue = Vue({"fiche.html": page}, "fiche.html")
            self._etat = Etat(version=1, message=_EN_ATTENDANT)
        self._veille = Veille(demande)
        self._atelier = Atelier(demande)
        self._fil = threading.Thread(target=self._travailler, daemon=True)
        self._fil.start()

    @property
    def etat(self) -> Etat:
        """L'état présent."""
        return self._etat

    @property
    def vue(self) -> Vue | None:
        """Le dernier document réussi ; `None` avant le premier."""
        return self._vue

    def attendre(self, rang: int, delai: float) -> Etat:
        """Rend l'état dès qu'il n'est plus celui du rang donné, ou au bout du délai, en secondes."""
        with self._change:
            self._change.wait_for(lambda: self._etat.rang != rang or self._fini.is_set(), delai)
            return self._etat

    @property
    def finie(self) -> bool:
        """Vrai une fois la session fermée."""
        return self._fini.is_set()

    def pdf(self) -> bytes | Echec:
        """Rend le PDF du document affiché."""
        rendu = self._atelier.demander(PDF)
        return rendu if isinstance(rendu, bytes | Echec) else Echec("PDF interrompu.", "Recharger la page.")

    def fermer(self) -> None:
        """Arrête la veille et l'atelier."""
        self._fini.set()
        with self._change:
            self._change.notify_all()
        self._fil.join(5)
        self._atelier.fermer()

    def _travailler(self) -> None:
        ordre: str | None = REFAIRE
        while not self._fini.is_set():
            if ordre:
                ordre = self._refaire(ordre)
            else:
                self._fini.wait(_PAS)
                ordre = self._ordre(self._veille.nouveautes())

    def _ordre(self, nouveautes: set[str]) -> str | None:
        """Ce qu'il y a à refaire ; un fichier qu'on est en train d'écrire a le temps d'être entier.

        L'atelier repart sans attendre qu'il le soit, et de nouveau si la suite arrive.
        """
        toutes: set[str] = set()
        while nouveautes:
            toutes |= nouveautes
            if PROGRAMME in nouveautes:
                self._publier(en_cours=True, message="Le programme a changé : l'atelier repart…")
                self._atelier.relancer()
            if self._fini.wait(_CALME):
                return None
            nouveautes = self._veille.nouveautes()
        if not toutes:
            return None
        return CONSTRUIRE if toutes == {DOCUMENT} else REFAIRE

    def _refaire(self, ordre: str) -> str | None:
        """Refait le document ; rend l'ordre suivant si un enregistrement est venu entre-temps."""
        debut = time.monotonic()
        if self._etat.rang:
            self._publier(en_cours=True, message="Mise à jour…")
        interrompu: set[str] = set()

        def abandonner() -> bool:
            if time.monotonic() - debut > _PATIENCE and not interrompu:
                interrompu.update(self._veille.nouveautes())
            return bool(interrompu) or self._fini.is_set()

        rendu = self._atelier.demander(ordre, abandonner)
        if rendu is None or isinstance(rendu, bytes):
            return REFAIRE
        if isinstance(rendu, Echec):
            self._publier(en_cours=False, message="Erreur", echec=rendu)
            return None
        self._vue = rendu
        s = "s" if rendu.execute > 1 else ""
        faite = f"{rendu.execute} cellule{s} exécutée{s}, mis en page" if rendu.execute else "mis en page"
        message = f"{faite} en {decimal(time.monotonic() - debut)} s"
        self._publier(
            en_cours=False, message=message, version=self._etat.version + 1, remarques=tuple(rendu.remarques)
        )
        return None

    def _publier(self, **champs: Any) -> None:
        with self._change:
            self._etat = replace(self._etat, **{"echec": None, **champs}, rang=self._etat.rang + 1)
            self._change.notify_all()
        if not self._etat.en_cours:
            self._suivi(f"Erreur : {self._etat.echec.constat}" if self._etat.echec else self._etat.message)
