"""Le lecteur de chaque genre de source : lire un fichier reçu, ou l'essayer sans rien garder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.acquisition.decp import lire_decp, verifier_decp
from observatoire.acquisition.suivi import lire_suivi, verifier_suivi
from observatoire.acquisition.tableurs import lire_declaree, verifier_declaree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pandas as pd

    from observatoire.config import Source


def lire(source: Source, fichier: Path, cle: Callable[[], bytes]) -> Iterator[pd.DataFrame]:
    """Rend un fichier reçu par morceaux, tout en texte, `ligne` comprise, aux colonnes de son genre.

    Raises:
        SourceError: fichier illisible, vide, ou sans les colonnes attendues.
        ConfigError: correspondance mal déclarée, ou clé des pseudonymes inutilisable.
    """
    match source.genre:
        case "decp":
            yield from lire_decp(source, fichier)
        case "suivi":
            yield from lire_suivi(source, fichier, cle)
        case _:
            yield from lire_declaree(source, fichier)


def verifier(source: Source, fichier: Path) -> int:
    """Essaie la lecture d'un fichier et ne garde rien, avec les mêmes refus que `lire`.

    Returns:
        Le nombre de lignes lues.
    """
    match source.genre:
        case "decp":
            return verifier_decp(source, fichier)
        case "suivi":
            return verifier_suivi(source, fichier)
        case _:
            return verifier_declaree(source, fichier)
