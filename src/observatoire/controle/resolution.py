"""Le résolveur : d'une écriture de la source au code de nos listes, sans jamais deviner."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from observatoire.controle.articles import AMBIGU, INCONNU, PERIME, lire_articles
from observatoire.controle.typage import par_couple
from observatoire.referentiel import NON_RENSEIGNE, lire_liste, nomenclature
from observatoire.referentiel.ecritures import comparable, dernier_jour, ecritures

if TYPE_CHECKING:
    from collections.abc import Callable

HORS_VALIDITE = "hors_validite"
SEPARATEUR = "|"

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
        Deux séries de texte : les codes ; les marques `inconnu`, `ambigu`, `perime` (le texte ou le
        nom cité n'était plus le bon), `hors_validite` (le code n'existait pas à cette date), ou vide.
    """
    if dates is None:
        jours = pd.Series(pd.NaT, index=textes.index, dtype="datetime64[us]")
    else:
        jours = _paliers(liste, dates)

    def lire(texte: str, jour: dt.date | None) -> tuple[str, str | None]:
        return resoudre_un(liste, texte, jour)

    codes, marques = par_couple(textes, jours, lire)
    return codes.fillna(NON_RENSEIGNE), marques


def _paliers(liste: str, dates: pd.Series) -> pd.Series:
    """Ramène chaque date au dernier jour où un sens a changé : peu de couples à lire au lieu de milliers."""
    changements = _changements(liste)
    rangs = changements.searchsorted(dates.to_numpy(), side="right") - 1
    return pd.Series(changements[rangs], index=dates.index).mask(dates.isna())


@cache
def _changements(liste: str) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    """Rend les jours où le sens d'une écriture ou la validité d'un code peut changer."""
    codes = [code for nom in (liste, "regimes", "niveaux_2019") for code in nomenclature(nom).values()]
    debuts = {dt.date.fromisoformat(code.valide_du) for code in codes if code.valide_du}
    derniers = [code.valide_au for code in codes]
    derniers += [ligne["valide_au"] for ligne in lire_liste("ecritures") if ligne["liste"] == liste]
    lendemains = {dt.date.fromisoformat(jour) + dt.timedelta(days=1) for jour in derniers if jour}
    return np.array(sorted({dt.date.min, *debuts, *lendemains}), dtype="datetime64[us]")


def resoudre_un(liste: str, texte: str, jour: dt.date | None = None) -> tuple[str, str | None]:
    """Rend le code d'une écriture et une marque.

    >>> resoudre_un("niveaux_diplome", "Niveau V")
    ('N3', None)
    >>> resoudre_un("types_contrat", "zzz")
    ('NR', 'inconnu')
    """
    ecriture = comparable(texte)
    connue = ecritures(liste).get(ecriture) if ecriture else NON_RENSEIGNE
    if connue:
        perime = jour is not None and jour.isoformat() > dernier_jour(liste, ecriture)
        code, marque = connue, PERIME if perime else None
    else:
        code, marque = _LECTEURS.get(liste, _inconnue)(texte, jour)
    return (code, marque) if _valide(liste, code, jour) else (NON_RENSEIGNE, HORS_VALIDITE)


def _inconnue(_texte: str, _jour: dt.date | None) -> tuple[str, str | None]:
    return NON_RENSEIGNE, INCONNU


def _valide(liste: str, code: str, jour: dt.date | None) -> bool:
    modalite = nomenclature(liste).get(code)
    if jour is None or modalite is None:
        return True
    return modalite.valide_du <= jour.isoformat() <= (modalite.valide_au or "9999-12-31")


def _niveau(texte: str, jour: dt.date | None) -> tuple[str, str | None]:
    """Chiffres romains : ancienne nomenclature ; chiffres arabes : nouvelle, sauf avant 2019.

    « Niveau V » était le CAP, « niveau 5 » est Bac + 2.
    """
    nu = re.sub(r"^(?:niveau|niv|n) ", "", comparable(texte))
    ancien = _anciens_niveaux().get(nu.replace("vbis", "v bis"))
    if ancien:
        return ancien, None
    niveau = nomenclature("niveaux_2019").get(nu)
    if niveau is None:
        return NON_RENSEIGNE, INCONNU
    sur = nu in _SANS_AMBIGUITE or (jour is not None and jour.isoformat() >= niveau.valide_du)
    return (niveau.groupe, None) if sur else (NON_RENSEIGNE, AMBIGU)


@cache
def _anciens_niveaux() -> dict[str, str]:
    return {comparable(code): niveau.groupe for code, niveau in nomenclature("niveaux_1969").items()}


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
