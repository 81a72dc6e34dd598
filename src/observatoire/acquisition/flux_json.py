"""Un fichier JSON en flux : marque d'ordre retirée, NaN lu null, structure contrôlée sans rien charger."""

from __future__ import annotations

import codecs
import re
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import ijson

from observatoire.erreurs import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_BLOC = 1 << 16
_PROFONDEUR_MAXIMUM = 50
_CHIFFRES_MAXIMUM = 1000
_CHIFFRES = bytes.maketrans(b"123456789", b"000000000")
_NIVEAUX = 3
OUVERTURES = ("start_map", "start_array")
_CHAINE_MAXIMUM = 1 << 20
# une chaîne, ou NaN ; le groupe nommé dit que la fin du bloc coupe l'une ou l'autre
_JETON = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|(?P<ouverte>\\?\Z))|NaN|(?P<entame>Na?\Z)', re.DOTALL)


@contextmanager
def ouvrir_json(fichier: Path) -> Iterator[IO[bytes] | FluxSansNan]:
    """Ouvre un fichier JSON pour ijson."""
    with fichier.open("rb") as flux:
        avec_nan = _contient_nan(flux)
        flux.seek(0)
        if flux.read(3) != codecs.BOM_UTF8:
            flux.seek(0)
        yield FluxSansNan(flux) if avec_nan else flux


def _contient_nan(flux: IO[bytes]) -> bool:
    reste = b""
    while bloc := flux.read(_BLOC):
        if b"NaN" in reste + bloc:
            return True
        reste = (reste + bloc)[-2:]
    return False


class FluxSansNan:
    """Un flux où NaN, que JSON ignore et que le ministère publie, est lu null.

    Le texte des chaînes est rendu intact : « NaN » dans un objet de marché y reste.
    """

    def __init__(self, flux: IO[bytes]) -> None:
        self._morceaux = _sans_nan(flux)

    def read(self, taille: int = -1) -> bytes:
        """Rend le morceau suivant, vide à la fin ; sa taille n'est pas celle demandée."""
        return next(self._morceaux, b"") if taille else b""


def _sans_nan(flux: IO[bytes]) -> Iterator[bytes]:
    reste = b""
    while bloc := flux.read(_BLOC):
        texte = reste + bloc
        coupe = next((j.start() for j in _JETON.finditer(texte) if j.lastgroup), len(texte))
        reste = texte[coupe:]
        if len(reste) > _CHAINE_MAXIMUM:
            raise ValueError("chaîne démesurée")
        if propre := _JETON.sub(_en_null, texte[:coupe]):
            yield propre
    if reste:
        yield reste


def _en_null(trouve: re.Match[bytes]) -> bytes:
    return b"null" if trouve[0] == b"NaN" else trouve[0]


def evenements(fichier: Path, suite: Iterable[Any]) -> Iterator[Any]:
    """Rend ce qu'ijson lit ; ce qui l'arrête devient une phrase.

    Raises:
        SourceError: JSON tronqué ou mal formé.
    """
    try:
        yield from suite
    except (ijson.JSONError, ValueError, ArithmeticError) as erreur:
        tronque = "premature EOF" in str(erreur)
        raise SourceError(
            f"{fichier.name} : JSON {'tronqué' if tronque else 'mal formé'}.",
            "Télécharger le fichier de nouveau."
            if tronque
            else "Demander au producteur un JSON valide, en UTF-8.",
        ) from None


def sommets(fichier: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    """Parcourt tout le fichier et rend le chemin et l'événement ijson de ses valeurs les moins profondes.

    `((), "start_map")`, `(("marches",), "start_array")`, `(("marches", "item"), "start_map")`…
    jusqu'au troisième niveau. C'est ici que sont refusés les fichiers faits pour épuiser la mémoire.

    Raises:
        SourceError: JSON mal formé, trop emboîté, ou nombre de plus de mille chiffres.
    """
    _refuser_nombre_demesure(fichier)
    noms: list[str] = []
    listes: list[bool] = []
    cle = ""
    with ouvrir_json(fichier) as flux:
        for evenement, valeur in evenements(fichier, ijson.basic_parse(flux)):
            if evenement == "map_key":
                cle = valeur
            elif evenement in ("end_map", "end_array"):
                noms.pop()
                listes.pop()
            else:
                nom = "item" if listes and listes[-1] else cle
                if len(noms) <= _NIVEAUX:
                    yield (*noms[1:], nom) if noms else (), evenement
                if evenement in OUVERTURES:
                    noms.append(nom)
                    listes.append(evenement == "start_array")
                    _refuser_emboitement(fichier, len(noms))


def _refuser_emboitement(fichier: Path, profondeur: int) -> None:
    if profondeur > _PROFONDEUR_MAXIMUM:
        raise SourceError(
            f"{fichier.name} : plus de {_PROFONDEUR_MAXIMUM} niveaux emboîtés.",
            "Ce n'est pas un fichier DECP.",
        )


def _refuser_nombre_demesure(fichier: Path) -> None:
    # la lecture d'un entier de plus de 4 300 chiffres fait tomber l'interpréteur (ijson 3.6, yajl2_c)
    reste = b""
    with fichier.open("rb") as flux:
        while bloc := flux.read(_BLOC):
            chiffres = (reste + bloc).translate(_CHIFFRES)
            if b"0" * _CHIFFRES_MAXIMUM in chiffres:
                raise SourceError(
                    f"{fichier.name} : nombre de plus de {_CHIFFRES_MAXIMUM} chiffres.",
                    "Ce n'est pas un fichier DECP.",
                )
            reste = chiffres[-_CHIFFRES_MAXIMUM:]
