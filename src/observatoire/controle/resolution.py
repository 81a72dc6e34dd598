"""Le résolveur : d'une écriture de la source au code de nos listes, sans jamais deviner."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pandas as pd

from observatoire.controle.articles import AMBIGU, INCONNU, lire_articles
from observatoire.controle.ecritures import comparable, ecritures
from observatoire.controle.typage import par_couple
from observatoire.referentiel import NON_RENSEIGNE, nomenclature

if TYPE_CHECKING:
    from collections.abc import Callable

HORS_VALIDITE = "hors_validite"
SEPARATEUR = "|"

# Décret 2019-14 du 8 janvier 2019 : « niveau V » était le CAP, « niveau 5 » est Bac + 2.
_NOUVEAUX_NIVEAUX = dt.date(2019, 1, 8)
_ROMAINS = {
    "vi": "INF3",
    "v bis": "INF3",
    "vbis": "INF3",
    "v": "N3",
    "iv": "N4",
    "iii": "N5",
    "ii": "N6",
    "i": "N7_8",
}
_CHIFFRES = {
    "1": "INF3",
    "2": "INF3",
    "3": "N3",
    "4": "N4",
    "5": "N5",
    "6": "N6",
    "7": "N7_8",
    "8": "N7_8",
}
_SANS_AMBIGUITE = ("7", "8")  # l'ancienne nomenclature s'arrêtait à six


def resoudre(liste: str, textes: pd.Series, dates: pd.Series | None = None) -> tuple[pd.Series, pd.Series]:
    """Rend les codes d'une liste et, à côté, pourquoi un texte n'a pas été compris tel quel.

    Une écriture est cherchée parmi celles de la liste, puis confiée au lecteur propre à la liste
    (articles de loi, niveaux de diplôme, publics multiples). Ce qui ne se décide pas vaut « NR ».

    Args:
        liste: nom d'une liste de codes (`modalites`, `publics`…).
        textes: les écritures reçues ; un texte vide vaut « NR » sans marque. Plusieurs publics sont
            séparés par `|`, dans l'entrée comme dans la sortie.
        dates: le jour qui fixe le sens de l'écriture et la validité du code, s'il est connu.

    Returns:
        Deux séries de texte : les codes ; les marques `inconnu`, `ambigu`, `perime` (le texte cité
        n'était pas en vigueur), `hors_validite` (le code n'existait pas à cette date), ou vide.
    """
    jours = pd.Series(pd.NaT, index=textes.index, dtype="datetime64[us]") if dates is None else dates

    def lire(texte: str, jour: dt.date | None) -> tuple[str, str | None]:
        return resoudre_un(liste, texte, jour)

    codes, marques = par_couple(textes, jours, lire)
    return codes.fillna(NON_RENSEIGNE), marques


def resoudre_un(liste: str, texte: str, jour: dt.date | None = None) -> tuple[str, str | None]:
    """Rend le code d'une écriture et une marque.

    >>> resoudre_un("niveaux_diplome", "Niveau V")
    ('N3', None)
    >>> resoudre_un("types_contrat", "zzz")
    ('NR', 'inconnu')
    """
    ecriture = comparable(texte)
    connue = ecritures(liste).get(ecriture) if ecriture else NON_RENSEIGNE
    code, marque = (connue, None) if connue else _LECTEURS.get(liste, _inconnue)(texte, jour)
    return (code, marque) if _valide(liste, code, jour) else (NON_RENSEIGNE, HORS_VALIDITE)


def _inconnue(_texte: str, _jour: dt.date | None) -> tuple[str, str | None]:
    return NON_RENSEIGNE, INCONNU


def _valide(liste: str, code: str, jour: dt.date | None) -> bool:
    modalite = nomenclature(liste).get(code)
    if jour is None or modalite is None:
        return True
    return modalite.valide_du <= jour.isoformat() <= (modalite.valide_au or "9999")


def _niveau(texte: str, jour: dt.date | None) -> tuple[str, str | None]:
    """Chiffres romains : ancienne nomenclature ; chiffres arabes : nouvelle, sauf avant 2019."""
    nu = re.sub(r"^(?:niveau|niv|n) ", "", comparable(texte))
    if nu in _ROMAINS:
        return _ROMAINS[nu], None
    if nu not in _CHIFFRES:
        return NON_RENSEIGNE, INCONNU
    sur = nu in _SANS_AMBIGUITE or (jour is not None and jour >= _NOUVEAUX_NIVEAUX)
    return (_CHIFFRES[nu], None) if sur else (NON_RENSEIGNE, AMBIGU)


def _publics(texte: str, _jour: dt.date | None) -> tuple[str, str | None]:
    """Chaque public est lu pour lui-même : ceux qu'on comprend restent, les autres sont marqués."""
    connues = ecritures("publics")
    lus = [connues.get(comparable(partie)) for partie in texte.split(SEPARATEUR) if comparable(partie)]
    presents = {code for code in lus if code and code != NON_RENSEIGNE}
    codes = [code for code in nomenclature("publics") if code in presents]
    return SEPARATEUR.join(codes) or NON_RENSEIGNE, INCONNU if None in lus else None


_LECTEURS: dict[str, Callable[[str, dt.date | None], tuple[str, str | None]]] = {
    "modalites": lire_articles,
    "niveaux_diplome": _niveau,
    "publics": _publics,
}
