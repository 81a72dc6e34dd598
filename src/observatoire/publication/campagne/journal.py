"""Le journal d'une campagne : une ligne JSON par évènement, avec la durée de chaque étape."""

from __future__ import annotations

import datetime as dt
import json
import os
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

    from observatoire.config import Config

DOSSIER = "journaux"


def dossier_des_journaux(config: Config) -> Path:
    """Le dossier des journaux et du bilan."""
    return config.outputs / DOSSIER


class Journal:
    """Un fichier par campagne, `outputs/journaux/20261130-083000-trimestre-4242.jsonl`.

    Il n'est créé qu'au premier évènement : une campagne qui n'a rien à faire n'en laisse pas. L'heure y est
    celle du poste, en temps universel ; aucun document n'en dépend.
    """

    def __init__(self, config: Config, campagne: str) -> None:
        depart = _maintenant().strftime("%Y%m%d-%H%M%S")
        self.chemin = dossier_des_journaux(config) / f"{depart}-{campagne}-{os.getpid()}.jsonl"
        self._flux: IO[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._flux:
            self._flux.close()

    def noter(self, evenement: str, **details: object) -> None:
        """Écrit une ligne, aussitôt sur le disque ; un journal qui ne s'écrit plus n'arrête rien."""
        ligne = {"quand": _maintenant().isoformat(timespec="milliseconds"), "evenement": evenement, **details}
        try:
            if self._flux is None:
                self.chemin.parent.mkdir(parents=True, exist_ok=True)
                self._flux = self.chemin.open("a", encoding="utf-8")
            self._flux.write(json.dumps(ligne, ensure_ascii=False) + "\n")
            self._flux.flush()
        except OSError:
            return


def _maintenant() -> dt.datetime:
    return dt.datetime.now(tz=dt.UTC)
