"""Un fichier JSON lu en flux, une valeur à la fois, sans que sa taille ni sa forme épuisent rien."""

from __future__ import annotations

import codecs
import re
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from json import JSONDecodeError, JSONDecoder
from typing import IO, TYPE_CHECKING, Any

from observatoire.erreurs import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOC = 1 << 20
_VALEUR_MAXIMUM = 1 << 22  # caractères
_PROFONDEUR_MAXIMUM = 50
_CHIFFRES_MAXIMUM = 1000
_CLES_MAXIMUM = 1000
_EXPOSANT_MAXIMUM = 30
_MARGE = 16  # un mot coupé par la fin d'un bloc (« -Infinity ») est plus court
_BLANCS = re.compile(r"[ \t\n\r]*")
_PAS_DECP = "Ce n'est pas un fichier DECP."
_A_CORRIGER = "Demander au producteur un fichier corrigé."


class _RefusError(ValueError):
    """Une valeur que la lecture refuse : clé en double, nombre démesuré."""


@contextmanager
def ouvrir_json(fichier: Path) -> Iterator[Curseur]:
    """Ouvre un fichier JSON, placé devant sa première valeur."""
    with fichier.open("rb") as flux:
        yield Curseur(fichier.name, flux)


class Curseur:
    """Une position dans un texte JSON.

    Les nombres sont rendus comme ils sont écrits, sans puissance de dix ; NaN, que JSON ignore et
    que le ministère publie, est lu null.
    """

    def __init__(self, nom: str, flux: IO[bytes]) -> None:
        self.objets = 0  # éléments de liste commencés : le rang du contrat en cours
        self.taille = 0  # de la dernière valeur lue, en caractères
        self._nom = nom
        self._flux = flux
        self._decodeur = codecs.getincrementaldecoder("utf-8-sig")()
        self._texte = ""
        self._rang = 0
        self._fini = False

    def suivant(self) -> str:
        """Rend le prochain caractère qui n'est pas un blanc, sans le passer ; rien à la fin."""
        while True:
            blancs = _BLANCS.match(self._texte, self._rang)
            self._rang = blancs.end() if blancs else self._rang
            if self._rang < len(self._texte):
                return self._texte[self._rang]
            if self._fini:
                return ""
            self._allonger()

    def valeur(self) -> Any:
        """Rend la valeur suivante, entière.

        Raises:
            SourceError: JSON tronqué ou mal formé, clé en double, valeur, nombre ou emboîtement démesuré.
        """
        self.suivant()
        while True:
            try:
                valeur, fin = _DECODEUR.raw_decode(self._texte, self._rang)
            except JSONDecodeError as erreur:
                self._refuser_ou_allonger(erreur)
            except RecursionError:
                raise self._trop_emboite() from None
            except _RefusError as erreur:
                raise self._refus(f"{erreur}", _A_CORRIGER) from None
            else:
                if fin < len(self._texte) or self._fini:
                    break
                self._allonger()  # un nombre peut continuer dans le bloc suivant
        self._refuser_emboitement(valeur, fin)
        self.taille = fin - self._rang
        self._rang = fin
        return valeur

    def elements(self) -> Iterator[None]:
        """Se place devant chaque élément de la liste qui commence ici ; l'appelant le lit."""
        self._passer("[")
        if self.suivant() == "]":
            self._passer("]")
            return
        while True:
            self.objets += 1
            yield
            if self._passer(",]") == "]":
                return

    def cles(self) -> Iterator[str]:
        """Rend les clés de l'objet qui commence ici, placé devant leur valeur ; l'appelant la lit."""
        self._passer("{")
        if self.suivant() == "}":
            self._passer("}")
            return
        deja: set[str] = set()
        while True:
            cle = self.valeur() if self.suivant() == '"' else self._passer('"')
            if cle in deja:
                raise self._refus(f"clé {_citer(cle)} en double", _A_CORRIGER)
            if len(deja) > _CLES_MAXIMUM:
                raise self._refus(f"plus de {_CLES_MAXIMUM} clés", _PAS_DECP)
            deja.add(cle)
            self._passer(":")
            yield cle
            if self._passer(",}") == "}":
                return

    def finir(self) -> None:
        """Refuse ce qui suit la valeur du fichier."""
        if self.suivant():
            raise self._mal_forme()

    def _passer(self, attendus: str) -> str:
        caractere = self.suivant()
        if not caractere or caractere not in attendus:
            raise self._mal_forme(tronque=not caractere)
        self._rang += 1
        return caractere

    def _allonger(self) -> None:
        """Oublie ce qui est lu et ajoute le bloc suivant."""
        bloc = self._flux.read(_BLOC)
        try:
            suite = self._decodeur.decode(bloc, final=not bloc)
        except UnicodeDecodeError:
            raise self._mal_forme() from None
        self._fini = not bloc
        self._texte = self._texte[self._rang :] + suite
        self._rang = 0
        if len(self._texte) > _VALEUR_MAXIMUM + _BLOC:
            raise self._refus(f"valeur de plus de {_VALEUR_MAXIMUM >> 20} Mo", _PAS_DECP)

    def _refuser_ou_allonger(self, erreur: JSONDecodeError) -> None:
        ouverte = erreur.msg.startswith("Unterminated string")
        if not ouverte and erreur.pos < len(self._texte) - _MARGE:
            raise self._mal_forme() from None
        if self._fini:
            raise self._mal_forme(tronque=ouverte or not self._texte[erreur.pos :].strip()) from None
        self._allonger()

    def _refuser_emboitement(self, valeur: Any, fin: int) -> None:
        ouvertures = sum(self._texte.count(signe, self._rang, fin) for signe in "[{")
        if ouvertures > _PROFONDEUR_MAXIMUM and profondeur(valeur) > _PROFONDEUR_MAXIMUM:
            raise self._trop_emboite()

    def _trop_emboite(self) -> SourceError:
        return self._refus(f"plus de {_PROFONDEUR_MAXIMUM} niveaux emboîtés", _PAS_DECP)

    def _mal_forme(self, *, tronque: bool = False) -> SourceError:
        if tronque:
            return self._refus("JSON tronqué", "Télécharger le fichier de nouveau.")
        return self._refus("JSON mal formé", "Demander au producteur un JSON valide, en UTF-8.")

    def _refus(self, constat: str, remede: str) -> SourceError:
        ou = f"{self._nom}, contrat n° {self.objets}" if self.objets else self._nom
        return SourceError(f"{ou} : {constat}.", remede)


def profondeur(valeur: Any) -> int:
    """Rend le nombre de niveaux d'une valeur : 1 pour une valeur simple.

    >>> profondeur("a"), profondeur([{"a": 1}])
    (1, 3)
    """
    niveaux, suite = 0, [valeur]
    while suite:
        niveaux += 1
        parents = [parent for parent in suite if isinstance(parent, dict | list)]
        suite = [fils for p in parents for fils in (p.values() if isinstance(p, dict) else p)]
    return niveaux


def _sans_double(couples: list[tuple[str, Any]]) -> dict[str, Any]:
    objet = dict(couples)
    if len(objet) != len(couples):
        noms = sorted(cle for cle, _ in couples)
        double = next(cle for cle, suivante in pairwise(noms) if cle == suivante)
        raise _RefusError(f"clé {_citer(double)} en double")
    return objet


def _citer(cle: str) -> str:
    return f"« {''.join(c if c.isprintable() else '?' for c in cle[:40])} »"


def _entier(texte: str) -> str:
    if len(texte) > _CHIFFRES_MAXIMUM:
        raise _RefusError(f"nombre de plus de {_CHIFFRES_MAXIMUM} chiffres")
    return texte


def _decimal(texte: str) -> str:
    """Écrit un nombre sans puissance de dix, si cela reste lisible.

    >>> _decimal("91109.96"), _decimal("1E+5"), _decimal("1e-7"), _decimal("1e400")
    ('91109.96', '100000', '0.0000001', '1e400')
    """
    _entier(texte)
    if "e" not in texte.lower():
        return texte
    try:
        nombre = Decimal(texte)
    except InvalidOperation:  # exposant de vingt chiffres
        return texte
    return f"{nombre:f}" if abs(nombre.adjusted()) <= _EXPOSANT_MAXIMUM else texte


def _constante(texte: str) -> None:
    if texte != "NaN":
        raise _RefusError("nombre infini")


_DECODEUR = JSONDecoder(
    object_pairs_hook=_sans_double,
    parse_int=_entier,
    parse_float=_decimal,
    parse_constant=_constante,
    strict=False,
)


def lire_texte_json(texte: str) -> Any:
    """Rend la valeur qu'une chaîne publie en JSON, ou la chaîne si ce n'en est pas une."""
    try:
        valeur = _DECODEUR.decode(texte)
    except (ValueError, RecursionError):
        return texte
    return texte if profondeur(valeur) > _PROFONDEUR_MAXIMUM else valeur
