"""Écrire des tables en CSV, sans rien qu'un tableur prendrait pour une formule.

Les codes ont une grammaire : ce qui n'y entre pas est refusé. Les textes libres sont désarmés d'une
apostrophe (`desarmement`). Les nombres ne sont jamais touchés : −3 reste −3.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from observatoire.erreurs import PublicationError
from observatoire.publication.desarmement import desarmer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from observatoire.publication.donnees.ressources import Ressource

CODE = r"[A-Za-z0-9_][A-Za-z0-9_:×.=|-]*"


def exiger_code(nom: str, colonne: str, texte: str) -> str:
    """Rend un code, ou refuse ce qui n'en a pas la forme.

    Raises:
        PublicationError: le texte n'est pas un code ; il n'est pas cité.
    """
    if re.fullmatch(CODE, texte) is None:
        raise PublicationError(
            f"Données ouvertes, {nom} : une valeur de « {colonne} » n'a pas la forme d'un code.",
            "Chercher dans le référentiel le code qui a un caractère inattendu.",
        )
    return texte


def lignes(ressource: Ressource) -> Iterator[list[str | float | bool | None]]:
    """Rend les lignes d'une ressource : codes vérifiés, textes désarmés, nombres tels quels, vide = None."""
    colonnes = [_colonne(ressource, rang) for rang in range(len(ressource.champs))]
    for ligne in zip(*colonnes, strict=True):
        yield list(ligne)


def _colonne(ressource: Ressource, rang: int) -> Iterable[str | float | bool | None]:
    champ = ressource.champs[rang]
    lue = ressource.table[champ.nom]
    valeurs = lue.astype(object).where(lue.notna(), None).tolist()
    if champ.type in ("code", "texte"):
        ecrits = {v: _ecrire_texte(ressource.nom, champ.nom, champ.type, v) for v in set(valeurs)}
        return [ecrits[v] for v in valeurs]
    if champ.type == "nombre":
        return [None if v is None else _court(float(v)) for v in valeurs]
    return [None if v is None else v.date().isoformat() if champ.type == "date" else v for v in valeurs]


def _ecrire_texte(nom: str, colonne: str, genre: str, valeur: str | None) -> str | None:
    if not valeur:
        return None
    return exiger_code(nom, colonne, valeur) if genre == "code" else desarmer(valeur)


def _court(nombre: float) -> float:
    """Rend l'entier quand le nombre en est un : 12 plutôt que 12.0."""
    return int(nombre) if nombre.is_integer() else nombre


def en_csv(ressource: Ressource) -> bytes:
    """Rend une ressource en CSV : UTF-8, virgule, point décimal, une ligne d'en-tête, vide si inconnu."""
    tampon = io.StringIO()
    sortie = csv.writer(tampon, lineterminator="\n")
    sortie.writerow([champ.nom for champ in ressource.champs])
    for ligne in lignes(ressource):
        sortie.writerow([_ecrire(valeur) for valeur in ligne])
    return tampon.getvalue().encode()


def _ecrire(valeur: str | float | bool | None) -> str:
    if isinstance(valeur, bool):
        return "true" if valeur else "false"
    return "" if valeur is None else str(valeur)
