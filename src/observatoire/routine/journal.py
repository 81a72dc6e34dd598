"""Le journal d'exploitation : `outputs/journaux/routine-<date>.log`, lisible du seul compte.

Une erreur attendue y est entière, avec son remède ; d'un refus du système, sa raison et le chemin ; d'un
incident imprévu, seulement son genre et l'endroit du code : le texte d'une exception peut citer une ligne
reçue.
"""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.erreurs import ObservatoireError, raison_du_systeme

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from observatoire.config import Config


@dataclass(frozen=True, slots=True)
class Journal:
    """Écrit au journal du jour, et montre la phrase à qui a lancé la commande."""

    chemin: Path
    heure: Callable[[], dt.datetime]
    montrer: Callable[[str], None]

    @classmethod
    def du_jour(
        cls, config: Config, heure: Callable[[], dt.datetime], montrer: Callable[[str], None]
    ) -> Journal:
        """Rend le journal d'aujourd'hui."""
        nom = f"routine-{heure().date().isoformat()}.log"
        return cls(config.outputs / "journaux" / nom, heure, montrer)

    def noter(self, phrase: str) -> None:
        """Écrit et montre une phrase."""
        self._ecrire(phrase)
        self.montrer(phrase)

    def detailler(self, erreur: Exception) -> None:
        """Écrit le détail d'une erreur, sans le montrer."""
        self._ecrire(str(erreur) if isinstance(erreur, ObservatoireError) else _sans_message(erreur))

    def _ecrire(self, texte: str) -> None:
        self.chemin.parent.mkdir(parents=True, exist_ok=True)
        instant = self.heure().isoformat(timespec="seconds")
        lignes = "".join(f"{instant} {ligne}\n" for ligne in texte.splitlines())
        descripteur = os.open(self.chemin, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descripteur, "w", encoding="utf-8", errors="backslashreplace") as flux:
            flux.write(lignes)


def _sans_message(erreur: Exception) -> str:
    lieux = traceback.extract_tb(erreur.__traceback__)
    suite = " < ".join(f"{Path(lieu.filename).name}:{lieu.lineno}" for lieu in reversed(lieux))
    dit = f"{type(erreur).__name__} ({suite})"
    if isinstance(erreur, OSError) and erreur.filename:  # le nom que le système a refusé : aucun contenu
        return f"{raison_du_systeme(erreur)} : {erreur.filename}\n{dit}"
    return dit
