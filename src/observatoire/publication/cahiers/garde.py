"""Ce que git s'apprête à garder : ni données, ni sorties de notebook."""

from __future__ import annotations

import subprocess
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from observatoire.erreurs import ObservatoireError, PublicationError
from observatoire.publication.cahiers import proprete

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TABLEURS = (".csv", ".tsv", ".xlsx", ".xls", ".xlsm", ".ods", ".json", ".jsonl", ".xml")
_BASES = (".parquet", ".feather", ".arrow", ".duckdb", ".sqlite", ".db", ".dta", ".sav", ".rds", ".pkl")
_TEXTES = (".txt", ".doc", ".docx", ".odt", ".rtf", ".ppt", ".pptx", ".odp", ".eml", ".msg", ".pdf", ".html")
_IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")  # la photographie d'une liste en est une
_DONNEES = frozenset((*_TABLEURS, *_BASES, *_TEXTES, *_IMAGES, ".zip", ".gz", ".7z"))
_ADMIS = (
    "src/observatoire/referentiel/",
    "tests/",
    "report_templates/",
    "docs/images/",
    "correspondances.csv",
)
_INTERDITS = ("data/", "outputs/", "contours/")


def est_une_donnee(chemin: str) -> bool:
    """Dit si un chemin du dépôt est celui d'un fichier de données.

    >>> est_une_donnee("notebooks/export.xlsx"), est_une_donnee("data/raw/suivi/a.txt")
    (True, True)
    >>> est_une_donnee("notebooks/liste.txt"), est_une_donnee("docs/capture.PNG")
    (True, True)
    >>> est_une_donnee("src/observatoire/referentiel/communes.csv"), est_une_donnee("docs/fiches.md")
    (False, False)
    """
    if chemin.startswith(_INTERDITS):
        return PurePosixPath(chemin).name != ".gitkeep"
    return PurePosixPath(chemin).suffix.lower() in _DONNEES and not chemin.startswith(_ADMIS)


def relire_l_index(racine: Path) -> list[str]:
    """Rend ce que le prochain « git commit » ne doit pas garder, une phrase par constat.

    Ce qui est lu est l'index de git, non le disque : un notebook nettoyé après « git add » est encore refusé.

    Raises:
        PublicationError: le dossier n'est pas un dépôt git.
    """
    noms = _git(racine, "diff", "--cached", "--name-only", "--no-renames", "--diff-filter=AM", "-z")
    chemins = [nom for nom in noms.split("\0") if nom]
    return [constat for chemin in chemins for constat in _relire(racine, chemin)]


def _relire(racine: Path, chemin: str) -> Iterator[str]:
    if est_une_donnee(chemin):
        yield f"{chemin} : fichier de données"
    elif chemin.lower().endswith(".ipynb"):
        try:
            constats = proprete.relire(_git(racine, "show", f":{chemin}"), chemin)
        except UnicodeDecodeError:
            constats = ["n'est pas en UTF-8"]
        except ObservatoireError as erreur:
            constats = [erreur.constat]
        yield from (f"{chemin} : {constat}" for constat in constats)


def _git(racine: Path, *arguments: str) -> str:
    try:
        fait = subprocess.run(
            ["git", *arguments], cwd=racine, capture_output=True, encoding="utf-8", check=True
        )
    except FileNotFoundError:
        raise PublicationError("git n'est pas installé.", "L'installer (https://git-scm.com).") from None
    except subprocess.CalledProcessError as erreur:
        raise PublicationError(
            f"git refuse : {erreur.stderr.strip()}", "Se placer dans le dossier du projet."
        ) from None
    return fait.stdout
