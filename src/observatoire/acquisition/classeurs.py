"""Un classeur XLSX : archive contrôlée avant lecture, feuille nommée, cellules rendues en texte."""

from __future__ import annotations

import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from observatoire.acquisition.ooxml import Contenu
from observatoire.erreurs import ObservatoireError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_OCTETS_MAXIMUM = 400_000_000
_RATIO_MAXIMUM = 200
_ENTREES_MAXIMUM = 2_000
_COLONNES_MAXIMUM = 1_000
_LIGNES_PAR_MORCEAU = 40_000


@dataclass(frozen=True)
class Classeur:
    """Une feuille de classeur ouverte, dont l'en-tête est lu."""

    chemin: Path
    feuille: str
    entetes: list[str]

    @classmethod
    def ouvrir(cls, chemin: Path, lecture: Mapping[str, Any]) -> Self:
        """Contrôle l'archive, trouve la feuille déclarée (à défaut la première) et lit l'en-tête.

        Raises:
            SourceError: ce n'est pas un classeur lisible, ou la feuille n'existe pas.
        """
        _refuser_archive_dangereuse(chemin)
        with _archive(chemin) as (archive, contenu):
            feuille = lecture.get("feuille", next(iter(contenu.feuilles)))
            if feuille not in contenu.feuilles:
                raise SourceError(
                    f"{chemin.name} : la feuille « {feuille} » est absente.",
                    f"Feuilles présentes : {', '.join(contenu.feuilles)}. Corriger [lecture] feuille.",
                )
            rang, cellules = next(contenu.rangees(archive, feuille, _COLONNES_MAXIMUM), (0, []))
        entetes = [cellule or "" for cellule in cellules]
        if rang or not any(entetes):
            raise SourceError(
                f"{chemin.name} : la feuille « {feuille} » n'a pas d'en-tête.",
                "La première ligne de la feuille nomme les colonnes.",
            )
        largeur = max(rang for rang, entete in enumerate(entetes) if entete) + 1
        return cls(chemin, feuille, entetes[:largeur])

    def controler(self) -> int:
        """Rend le nombre de lignes de données, toute la feuille étant lue."""
        return sum(1 for _ in self._lignes())

    def morceaux(self, positions: Mapping[str, int]) -> Iterator[pd.DataFrame]:
        """Rend, par morceaux, les colonnes demandées en texte et `ligne`, le rang sous l'en-tête.

        Raises:
            SourceError: la feuille est abîmée.
        """
        lignes = self._lignes()
        while lues := list(islice(lignes, _LIGNES_PAR_MORCEAU)):
            colonnes = list(zip(*(cellules for _, cellules in lues), strict=True))
            textes = {nom: pd.array(colonnes[rang], "string") for nom, rang in positions.items()}
            yield pd.DataFrame(textes | {"ligne": [ligne for ligne, _ in lues]})

    def _lignes(self) -> Iterator[tuple[int, list[str | None]]]:
        """Rend les rangées non vides sous l'en-tête ; Excel en garde volontiers des vides."""
        with _archive(self.chemin) as (archive, contenu):
            for rang, cellules in contenu.rangees(archive, self.feuille, len(self.entetes)):
                if rang and any(cellules):
                    yield rang, cellules


def feuilles(chemin: Path) -> list[str]:
    """Rend les noms des feuilles d'un classeur, dans l'ordre.

    Raises:
        SourceError: ce n'est pas un classeur lisible.
    """
    _refuser_archive_dangereuse(chemin)
    with _archive(chemin) as (_, contenu):
        return list(contenu.feuilles)


def _refuser_archive_dangereuse(chemin: Path) -> None:
    """Refuse ce qui n'est pas un XLSX, et l'archive qui se déplierait sans mesure."""
    try:
        with zipfile.ZipFile(chemin) as archive:
            entrees = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):  # zipfile : format trop récent
        raise SourceError(
            f"{chemin.name} n'est pas un classeur XLSX.",
            "Refaire l'export au format « Classeur Excel (.xlsx) », sans mot de passe.",
        ) from None
    total = sum(entree.file_size for entree in entrees)
    if (
        len(entrees) > _ENTREES_MAXIMUM
        or total > _OCTETS_MAXIMUM
        or total > _RATIO_MAXIMUM * max(chemin.stat().st_size, 1)
    ):
        raise SourceError(
            f"{chemin.name} : archive démesurée ({len(entrees)} entrées, {total / 1e6:.0f} Mo dépliés).",
            "Demander un export plus petit, ou un CSV.",
        )


@contextmanager
def _archive(chemin: Path) -> Iterator[tuple[zipfile.ZipFile, Contenu]]:
    """Ouvre un classeur ; tout ce qui échoue dedans devient une phrase, qui ne cite aucune cellule."""
    try:
        with zipfile.ZipFile(chemin) as archive:
            yield archive, Contenu.lire(archive)
    except ObservatoireError:
        raise
    except Exception as erreur:
        # zip tronqué, XML abîmé ou piégé, partie absente… : autant de classes que de façons d'échouer
        raise SourceError(
            f"{chemin.name} : classeur abîmé ({type(erreur).__name__}).",
            "L'ouvrir dans un tableur et l'enregistrer de nouveau, ou refaire l'export.",
        ) from None
