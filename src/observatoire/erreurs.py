"""Les erreurs que l'utilisateur peut comprendre : un constat, puis un remède."""

from __future__ import annotations

import difflib
import errno
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable


class ObservatoireError(Exception):
    """Une erreur attendue, affichée sans pile d'appels.

    Le constructeur garde ses deux arguments dans toutes les classes filles : une exception
    ainsi faite se transmet d'un processus à l'autre.

    Attributes:
        endroit: la cellule de notebook où elle est née, et sa ligne ; vide ailleurs.
    """

    endroit = ""

    def __init__(self, constat: str, remede: str = "") -> None:
        super().__init__(constat, remede)
        self.constat = constat
        self.remede = remede

    def __str__(self) -> str:
        return f"{self.constat}\n→ {self.remede}" if self.remede else self.constat


class ConfigError(ObservatoireError):
    """`observatoire.toml` ou `parametres.toml` est absent, illisible ou incomplet."""


class SourceError(ObservatoireError):
    """Un fichier reçu ne peut pas être lu."""


class ColonnesManquantesError(SourceError):
    """Il manque à un fichier des colonnes que sa lecture exige."""

    @classmethod
    def pour(cls, fichier: str, manquantes: Iterable[str], presentes: Iterable[str], ou: str) -> Self:
        """Dit ce qui manque, montre ce qui est là et où déclarer la correspondance."""
        return cls(
            f"{fichier} : colonnes absentes : {', '.join(manquantes)}.",
            f"Colonnes lues : {', '.join(presentes)}. Si le format a changé, corriger {ou}.",
        )


class PerimetreError(ObservatoireError):
    """Un territoire ou une période est inconnu ou mal écrit."""


class ParametreError(ObservatoireError):
    """Un paramètre de notebook est inconnu ou mal écrit."""


class TableError(ObservatoireError):
    """Une table du magasin est absente ou ne suit pas son schéma."""


class QualiteError(ObservatoireError):
    """Trop de lignes sont en quarantaine pour continuer."""


class PublicationError(ObservatoireError):
    """Un document ne peut pas être produit."""


_MONTREES = 25
_RAISONS = {
    errno.ENOENT: "ce fichier ou ce dossier n'existe pas",
    errno.EACCES: "l'accès est refusé",
    errno.EISDIR: "c'est un dossier",
    errno.ENOTDIR: "ce n'est pas un dossier",
    errno.ENOSPC: "le disque est plein",
    errno.EFBIG: "le fichier est trop gros",
    errno.EROFS: "le disque est en lecture seule",
}


def raison_du_systeme(erreur: OSError) -> str:
    """Dit en français pourquoi le système a refusé ; ce qui est rare reste dans ses mots.

    >>> raison_du_systeme(FileNotFoundError(2, "No such file or directory"))
    "ce fichier ou ce dossier n'existe pas"
    """
    return _RAISONS.get(erreur.errno or 0) or erreur.strerror or str(erreur)


def suggestion(texte: str, choix: Iterable[str]) -> str:
    """Propose les écritures valides les plus proches de `texte`, à défaut toutes, ou les moins éloignées.

    >>> suggestion("teritoire", ["territoire", "periode"])
    'Vouliez-vous dire : territoire ?'
    >>> suggestion("xyz", ["territoire", "periode"])
    'Valeurs admises : territoire, periode.'
    """
    choix = sorted(choix) if isinstance(choix, (set, frozenset)) else list(choix)
    proches = difflib.get_close_matches(texte, choix, n=3, cutoff=0.7)
    if proches:
        return f"Vouliez-vous dire : {', '.join(proches)} ?"
    if len(choix) <= _MONTREES:
        return f"Valeurs admises : {', '.join(choix)}."
    moins_loin = difflib.get_close_matches(texte, choix, n=_MONTREES, cutoff=0)
    return f"Valeurs admises : {', '.join(moins_loin)}, …."
