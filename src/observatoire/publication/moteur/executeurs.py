"""Sur quoi répartir des tâches : les cœurs de ce poste, ou une grappe Dask, par la même interface."""

from __future__ import annotations

import os
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from observatoire.erreurs import ParametreError, PublicationError

if TYPE_CHECKING:
    from collections.abc import Callable

DASK = "dask://"
_PAR_DEFAUT = 8  # au-delà, les noyaux attendent surtout le pilote
_ATTENTE = "30s"


def processus_par_defaut() -> int:
    """Rend le nombre de tâches menées en même temps sur ce poste : une par cœur, huit au plus."""
    return min(os.cpu_count() or 1, _PAR_DEFAUT)


def executeur(adresse: str | None = None, processus: int | None = None) -> Executor:
    """Rend de quoi mener des tâches ensemble, à employer dans un `with`.

    Ici, ce sont des fils : le travail est dans les noyaux, un processus chacun, tous nés du même zygote.
    Avec une adresse, les tâches partent sur la grappe, qui les donne à refaire si une machine disparaît ;
    elles et leurs résultats doivent se transmettre (pickle), et chaque machine voir le dossier de travail.

    Args:
        adresse: `dask://hôte:port` de l'ordonnanceur ; sans elle, ce poste.
        processus: tâches menées en même temps sur ce poste ; par défaut une par cœur, huit au plus. Sur une
            grappe, ce sont ses travailleurs qui décident.

    Raises:
        ParametreError: adresse mal écrite.
        PublicationError: Dask n'est pas installé, ou ne répond pas.
    """
    if not adresse:
        return ThreadPoolExecutor(processus or processus_par_defaut())
    if not adresse.startswith(DASK) or not adresse.rpartition(":")[2].isdecimal():
        raise ParametreError(f"Adresse illisible : « {adresse} ».", f"Écrire par exemple {DASK}serveur:8786.")
    return _GrappeDask(f"tcp://{adresse.removeprefix(DASK)}")


class _GrappeDask(Executor):
    """L'exécuteur d'un client Dask, qui se ferme avec lui."""

    def __init__(self, adresse: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise PublicationError(
                "Dask n'est pas installé.", "Installer l'extra : pip install observatoire[cluster]."
            ) from None
        try:
            self._client = Client(adresse, timeout=_ATTENTE, set_as_default=False)
        except (OSError, TimeoutError) as erreur:
            raise PublicationError(
                f"L'ordonnanceur {adresse} ne répond pas ({type(erreur).__name__}).",
                "Le démarrer : dask scheduler ; et ses travailleurs : dask worker.",
            ) from None
        self._executeur = self._client.get_executor(pure=False)

    def submit(self, fonction: Callable[..., Any], /, *args: Any, **nommes: Any) -> Any:
        """Envoie une tâche."""
        return self._executeur.submit(fonction, *args, **nommes)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Attend les tâches, ou les abandonne, puis quitte la grappe."""
        self._executeur.shutdown(wait=wait and not cancel_futures)
        self._client.close()
