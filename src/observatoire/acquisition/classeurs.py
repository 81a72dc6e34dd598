"""Un classeur XLSX : archive contrôlée avant lecture, feuille nommée, cellules rendues en texte."""

from __future__ import annotations

import datetime as dt
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import openpyxl
import pandas as pd

from observatoire.erreurs import ObservatoireError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_OCTETS_MAXIMUM = 400_000_000
_RATIO_MAXIMUM = 200
_ENTREES_MAXIMUM = 2_000
_COLONNES_MAXIMUM = 1_000
_PROLOGUE = 1 << 16  # octets lus en tête de chaque partie
RANGEES_MAXIMUM = 1_048_576  # d'une feuille Excel


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
        with _ouvert(chemin) as classeur:
            feuille = lecture.get("feuille", classeur.sheetnames[0])
            if feuille not in classeur.sheetnames:
                raise SourceError(
                    f"{chemin.name} : la feuille « {feuille} » est absente.",
                    f"Feuilles présentes : {', '.join(classeur.sheetnames)}. Corriger [lecture] feuille.",
                )
            cellules = next(_rangees(classeur, feuille, _COLONNES_MAXIMUM), ())
        entetes = [en_texte(cellule) or "" for cellule in cellules]
        if not any(entetes):
            raise SourceError(
                f"{chemin.name} : la feuille « {feuille} » n'a pas d'en-tête.",
                "La première ligne de la feuille nomme les colonnes.",
            )
        largeur = max(rang for rang, entete in enumerate(entetes) if entete) + 1
        return cls(chemin, feuille, entetes[:largeur])

    def controler(self) -> int:
        """Rend le nombre de lignes de données, toute la feuille étant lue."""
        return sum(1 for _ in self._lignes())

    def lire(self, positions: Mapping[str, int]) -> pd.DataFrame:
        """Rend les colonnes demandées, en texte, et `ligne`, le rang sous l'en-tête.

        Raises:
            SourceError: la feuille est abîmée.
        """
        colonnes: dict[int, list[str | None]] = {rang: [] for rang in positions.values()}
        lignes = []
        for ligne, cellules in self._lignes():
            lignes.append(ligne)
            for rang, valeurs in colonnes.items():
                valeurs.append(cellules[rang])
        textes = {rang: pd.array(valeurs, "string") for rang, valeurs in colonnes.items()}
        return pd.DataFrame({nom: textes[rang] for nom, rang in positions.items()} | {"ligne": lignes})

    def _lignes(self) -> Iterator[tuple[int, list[str | None]]]:
        """Rend les rangées non vides sous l'en-tête ; Excel en garde volontiers des vides."""
        with _ouvert(self.chemin) as classeur:
            for rang, cellules in enumerate(_rangees(classeur, self.feuille, len(self.entetes))):
                textes = [en_texte(cellule) for cellule in cellules]
                if rang and any(textes):
                    yield rang, textes


def _rangees(classeur: openpyxl.Workbook, feuille: str, largeur: int) -> Iterator[tuple[object, ...]]:
    """Rend les valeurs d'une feuille, en flux ; une formule vaut le résultat gardé par le tableur."""
    lue = classeur[feuille]
    lue.reset_dimensions()  # une étendue annoncée trop courte perdrait des lignes en silence
    for rang, rangee in enumerate(lue.iter_rows(max_col=largeur, values_only=True)):
        if rang >= RANGEES_MAXIMUM:
            raise ValueError("rangées hors de la feuille")
        yield rangee


def en_texte(cellule: object) -> str | None:
    """Écrit une cellule : entier sans décimale, date ISO, texte tel quel, rien si elle est vide.

    >>> [en_texte(c) for c in (12, 12.0, 3.5, True, "", dt.datetime(2026, 7, 1), dt.time(8, 30))]
    ['12', '12', '3.5', 'VRAI', None, '2026-07-01', '08:30:00']
    """
    if cellule is None or isinstance(cellule, str):
        return cellule or None
    if isinstance(cellule, bool):
        return "VRAI" if cellule else "FAUX"
    if isinstance(cellule, float) and cellule.is_integer():
        return str(int(cellule))
    if isinstance(cellule, dt.datetime) and cellule.time() == dt.time():
        return cellule.date().isoformat()
    return cellule.isoformat() if isinstance(cellule, dt.date | dt.time) else str(cellule)


def _refuser_archive_dangereuse(chemin: Path) -> None:
    """Refuse ce qui n'est pas un XLSX, ce qui se déplierait sans mesure et ce qui porte une DTD."""
    try:
        with zipfile.ZipFile(chemin) as archive:
            entrees = archive.infolist()
            total = sum(entree.file_size for entree in entrees)
            demesuree = (
                len(entrees) > _ENTREES_MAXIMUM
                or total > _OCTETS_MAXIMUM
                or total > _RATIO_MAXIMUM * max(chemin.stat().st_size, 1)
            )
            piegee = not demesuree and any(_a_une_dtd(archive, entree) for entree in entrees)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError):
        raise SourceError(
            f"{chemin.name} n'est pas un classeur XLSX.",
            "Refaire l'export au format « Classeur Excel (.xlsx) », sans mot de passe.",
        ) from None
    if demesuree:
        raise SourceError(
            f"{chemin.name} : archive démesurée ({len(entrees)} entrées, {total / 1e6:.0f} Mo dépliés).",
            "Demander un export plus petit, ou un CSV.",
        )
    if piegee:
        raise SourceError(
            f"{chemin.name} : le classeur déclare des entités XML, ce qu'aucun tableur ne fait.",
            "Vérifier d'où vient ce fichier, et refaire l'export.",
        )


def _a_une_dtd(archive: zipfile.ZipFile, entree: zipfile.ZipInfo) -> bool:
    """Dit si une partie s'ouvre sur un DOCTYPE, en UTF-8 comme en UTF-16."""
    with archive.open(entree) as flux:
        return b"<!DOCTYPE" in flux.read(_PROLOGUE).replace(b"\0", b"")


@contextmanager
def _ouvert(chemin: Path) -> Iterator[openpyxl.Workbook]:
    """Ouvre un classeur en flux ; un échec devient une phrase, qui ne cite aucune cellule."""
    try:
        classeur = openpyxl.load_workbook(chemin, read_only=True, data_only=True)
        try:
            yield classeur
        finally:
            classeur.close()
    except ObservatoireError:
        raise
    except Exception as erreur:
        # zip tronqué, XML abîmé ou piégé, partie absente… : autant de classes que de façons d'échouer
        raise SourceError(
            f"{chemin.name} : classeur abîmé ({type(erreur).__name__}).",
            "L'ouvrir dans un tableur et l'enregistrer de nouveau, ou refaire l'export.",
        ) from None
