"""Les gros classeurs, lus d'avance par un second processus pendant que le premier lit le reste."""

from __future__ import annotations

import os
import pickle
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.acquisition.lecture import lire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    import pandas as pd

    from observatoire.acquisition.depot import Depot
    from observatoire.config import Source

    Lire = Callable[[Depot], Iterator[pd.DataFrame]]

# Un classeur se lit cellule par cellule, cent fois plus lentement qu'un CSV ; en deçà, lancer un
# processus coûte plus qu'il n'épargne.
OCTETS_D_UN_GROS_CLASSEUR = 10_000_000


@contextmanager
def lecture_d_avance(
    depots: Sequence[Depot], cle: Callable[[], bytes], provisoire: Path | None = None
) -> Iterator[Lire]:
    """Rend de quoi lire chaque dépôt ; les gros classeurs le sont déjà, ou le seront bientôt.

    Ce que le second processus a lu attend dans un dossier de débordement de `provisoire`, réservé à ce
    compte et retiré comme les autres si le processus meurt. Il n'y a là aucune identité.
    """
    gros = [depot for depot in depots if _est_un_gros_classeur(depot)]
    if not gros or len(depots) == 1:
        yield lambda depot: lire(depot.source, depot.chemin, cle)
        return
    with (
        tempfile.TemporaryDirectory(prefix=f".debordement-{os.getpid()}-", dir=provisoire) as dossier,
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as second,
    ):
        lectures: dict[Path, Future[Path]] = {}
        for rang, depot in enumerate(gros):
            secret = cle() if depot.source.genre == "suivi" else b""
            lieu = Path(dossier) / f"{rang}.lu"
            lectures[depot.chemin] = second.submit(_lire_et_garder, depot.source, depot.chemin, secret, lieu)

        def lire_ou_relire(depot: Depot) -> Iterator[pd.DataFrame]:
            if depot.chemin in lectures:
                return _relire(lectures[depot.chemin])
            return lire(depot.source, depot.chemin, cle)

        try:
            yield lire_ou_relire
        except BaseException:
            second.shutdown(wait=False, cancel_futures=True)
            raise


def _est_un_gros_classeur(depot: Depot) -> bool:
    en_classeur = depot.source.lecture.get("format") == "xlsx"
    return en_classeur and depot.chemin.stat().st_size >= OCTETS_D_UN_GROS_CLASSEUR


def _lire_et_garder(source: Source, fichier: Path, secret: bytes, lieu: Path) -> Path:
    with lieu.open("wb") as flux:
        for morceau in lire(source, fichier, lambda: secret):
            pickle.dump(morceau, flux, protocol=5)
    return lieu


def _relire(lecture: Future[Path]) -> Iterator[pd.DataFrame]:
    lieu = lecture.result()
    with lieu.open("rb") as flux:
        while flux.peek(1):
            yield pickle.load(flux)
    lieu.unlink()
