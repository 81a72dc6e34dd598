"""Un tableau déclaré dans `observatoire.toml`, CSV ou XLSX : ses colonnes renommées, tout en texte."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from observatoire.acquisition.classeurs import Classeur
from observatoire.acquisition.valeurs_separees import TexteSepare
from observatoire.erreurs import ColonnesManquantesError, ConfigError, SourceError, suggestion
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from observatoire.config import Source

_FORMATS: dict[str, type[TexteSepare] | type[Classeur]] = {"csv": TexteSepare, "xlsx": Classeur}


def lire_tableur(source: Source, fichier: Path, champs: Mapping[str, str]) -> Iterator[pd.DataFrame]:
    """Rend par morceaux `ligne` et les colonnes déclarées, sous nos noms, telles que reçues.

    Args:
        source: la source, dont `[lecture]` dit le format.
        fichier: un fichier reçu.
        champs: notre nom → nom de la colonne dans le fichier ; les autres colonnes restent dehors.

    Raises:
        SourceError: fichier illisible ou sans ligne.
        ColonnesManquantesError: une colonne déclarée n'est pas dans le fichier.
    """
    tableur = _ouvrir(source, fichier)
    lues = 0
    for morceau in tableur.morceaux(_positions(source, fichier, tableur.entetes, champs)):
        lues += len(morceau)
        yield morceau
    _refuser_vide(fichier, lues)


def verifier_tableur(source: Source, fichier: Path, champs: Mapping[str, str]) -> int:
    """Rend le nombre de lignes d'un fichier, sans rien garder, avec les mêmes refus que `lire_tableur`."""
    tableur = _ouvrir(source, fichier)
    _positions(source, fichier, tableur.entetes, champs)
    nombre = tableur.controler()
    _refuser_vide(fichier, nombre)
    return nombre


def lire_declaree(source: Source, fichier: Path) -> Iterator[pd.DataFrame]:
    """Rend par morceaux un fichier dont les colonnes sont déclarées ; une autre colonne reste vide."""
    attendues = colonnes_attendues(source.genre)
    for morceau in lire_tableur(source, fichier, champs_declares(source, attendues)):
        yield morceau.reindex(columns=["ligne", *attendues])


def verifier_declaree(source: Source, fichier: Path) -> int:
    """Lit un fichier de structures ou de grands projets sans rien garder ; rend son nombre de lignes."""
    return verifier_tableur(source, fichier, champs_declares(source, colonnes_attendues(source.genre)))


def colonnes_attendues(genre: str) -> list[str]:
    """Rend les colonnes qu'un fichier de ce genre peut remplir."""
    schema = SCHEMAS[f"acquisition/{genre}"]
    return [nom for nom in schema.noms if nom not in schema.cle]


def champs_declares(source: Source, admis: Sequence[str]) -> dict[str, str]:
    """Rend la correspondance `[colonnes]` d'une source.

    Raises:
        ConfigError: un de nos noms est mal écrit, ou rien n'est déclaré.
    """
    for nom in source.colonnes:
        if nom not in admis:
            raise ConfigError(
                f"[sources.{source.nom}.colonnes] : « {nom} » est inconnu.", suggestion(nom, admis)
            )
    if not source.colonnes:
        raise ConfigError(
            f"[sources.{source.nom}.colonnes] est absent.",
            "Y déclarer : notre nom = « nom dans le fichier ».",
        )
    return source.colonnes


def trouver(fichier: str, entetes: Iterable[str], champs: Mapping[str, str]) -> dict[str, int]:
    """Rend le rang des colonnes présentes ; espaces et formes Unicode du titre sont indifférents.

    Raises:
        SourceError: le fichier porte deux fois une colonne demandée.
    """
    titres = [_titre(entete) for entete in entetes]
    for colonne in champs.values():
        if titres.count(_titre(colonne)) > 1:
            raise SourceError(
                f"{fichier} : la colonne « {colonne} » y figure deux fois.",
                "Garder la bonne et renommer l'autre dans l'export.",
            )
    return {nom: titres.index(_titre(c)) for nom, c in champs.items() if _titre(c) in titres}


def _positions(
    source: Source, fichier: Path, entetes: Sequence[str], champs: Mapping[str, str]
) -> dict[str, int]:
    positions = trouver(fichier.name, entetes, champs)
    manquantes = [colonne for nom, colonne in champs.items() if nom not in positions]
    if manquantes and not positions:
        # sans en-tête, la première ligne peut être celle d'une personne : elle n'est pas citée
        raise SourceError(
            f"{fichier.name} : aucune colonne attendue parmi les {len(entetes)} de la première ligne.",
            f"La première ligne nomme les colonnes : {', '.join(champs.values())}. Si le format a changé, "
            f"corriger [sources.{source.nom}.colonnes] dans observatoire.toml.",
        )
    if manquantes:
        ou = f"[sources.{source.nom}.colonnes] dans observatoire.toml"
        raise ColonnesManquantesError.pour(fichier.name, manquantes, entetes, ou)
    return positions


def _ouvrir(source: Source, fichier: Path) -> TexteSepare | Classeur:
    format_ = source.lecture.get("format", "csv")
    if format_ not in _FORMATS:
        raise ConfigError(
            f"[sources.{source.nom}.lecture] : format « {format_} » inconnu.", suggestion(format_, _FORMATS)
        )
    return _FORMATS[format_].ouvrir(fichier, source.lecture)


def _refuser_vide(fichier: Path, nombre: int) -> None:
    if not nombre:
        raise SourceError(f"{fichier.name} a un en-tête mais aucune ligne.", "Refaire l'export.")


def _titre(texte: str) -> str:
    """Rend un titre de colonne comparable.

    >>> _titre("  N°\u00a0 contrat ")
    'N° contrat'
    """
    return " ".join(unicodedata.normalize("NFC", texte).split())
