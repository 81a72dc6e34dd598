"""Du texte à la valeur : dates, nombres, SIRET, lus une fois par valeur distincte."""

from __future__ import annotations

import datetime as dt
import math
import re
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.api.types import pandas_dtype
from stdnum.fr import siret as _siret

from observatoire.erreurs import ConfigError
from observatoire.referentiel.ecritures import mois_en_chiffres

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Un marché ou un contrat de travail suivi aujourd'hui ne commence pas avant, ne finit pas après.
PREMIER_JOUR, DERNIER_JOUR = dt.date(2000, 1, 1), dt.date(2100, 12, 31)
_COMMANDE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufeff\u200b]")
# ce que `_propre` changerait : un signe de commande, un blanc autre que l'espace, un espace de trop
_A_NETTOYER = (
    r"[\x00-\x1f\x7f\x85\xa0\x{1680}\x{2000}-\x{200b}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]"
    r"|^ |  | $|^$"
)
_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}:\d{2}(?:\.0+)?)?", re.ASCII)


def par_valeur(textes: pd.Series, lire: Callable[[str], object], type_: str = "string") -> pd.Series:
    """Rend `lire(texte)` pour chaque ligne, calculé une fois par texte distinct ; le vide reste vide."""
    rangs, distincts = pd.factorize(textes)
    lus = pd.Series([lire(texte) for texte in distincts.astype(object)], dtype="object").astype(
        pandas_dtype(type_)
    )
    return pd.Series(lus.array.take(rangs, allow_fill=True), index=textes.index)


def par_couple(
    textes: pd.Series, jours: pd.Series, lire: Callable[[str, dt.date | None], tuple[Any, Any]]
) -> tuple[pd.Series, pd.Series]:
    """Rend les deux résultats de `lire(texte, jour)`, calculés une fois par couple distinct.

    Un texte vide donne deux vides ; un jour vide est transmis comme `None`.
    """
    rang_texte, index_textes = pd.factorize(textes)
    distincts = index_textes.astype(object).tolist()
    rang_jour, jours_distincts = pd.factorize(jours)
    dates = [jour.date() for jour in pd.DatetimeIndex(jours_distincts).to_pydatetime()]
    couples, uniques = pd.factorize(rang_texte * (len(dates) + 1) + rang_jour + 1)
    resultats: list[tuple[Any, Any]] = []
    for couple in uniques:
        texte, jour = divmod(int(couple), len(dates) + 1)
        lu = lire(distincts[texte], dates[jour - 1] if jour else None) if texte >= 0 else (None, None)
        resultats.append(lu)
    colonnes = [pd.array([resultat[i] for resultat in resultats], dtype="string") for i in (0, 1)]
    premiere, seconde = (pd.Series(c.take(couples), index=textes.index) for c in colonnes)
    return premiere, seconde


def nettoyer(table: pd.DataFrame) -> pd.DataFrame:
    """Rend les textes sans espaces de trop ni caractères de commande ; un texte vide devient absent.

    Aucune valeur n'est jugée ici : « NC », « 31/02/2026 » et « O » restent visibles.
    """
    return table.assign(**{nom: _nettoyer(table[nom]) for nom in colonnes_de_texte(table)})


def _nettoyer(textes: pd.Series) -> pd.Series:
    distincts = pc.unique(pa.array(textes.array, type=pa.string()))
    sales = pc.any(pc.match_substring_regex(distincts, _A_NETTOYER)).as_py()
    return par_valeur(textes, _propre) if sales else textes


def colonnes_de_texte(table: pd.DataFrame) -> list[str]:
    """Rend les noms des colonnes de texte."""
    return [str(nom) for nom, type_ in table.dtypes.items() if type_ == "string"]


def _propre(texte: str) -> str | None:
    return " ".join(_COMMANDE.sub("", texte).split()) or None


def lire_dates(
    textes: pd.Series,
    forme: str | Sequence[str] = "%Y-%m-%d",
    debut: dt.date = PREMIER_JOUR,
    fin: dt.date = DERNIER_JOUR,
) -> pd.Series:
    """Rend les dates écrites dans une forme déclarée ou en AAAA-MM-JJ ; vide si impossible ou hors bornes.

    Plusieurs formes sont essayées dans l'ordre. `%B` et `%b` lisent les mois français, entiers ou abrégés.
    """
    formes = (forme,) if isinstance(forme, str) else tuple(forme)

    def lire(texte: str) -> dt.date | None:
        jour = _date(texte, formes)
        return jour if jour is not None and debut <= jour <= fin else None

    return par_valeur(textes, lire, "datetime64[us]")


def lire_mois(textes: pd.Series, forme: str | Sequence[str]) -> pd.Series:
    """Rend le premier jour des mois écrits dans une forme déclarée ou en AAAA-MM-JJ."""
    jours = lire_dates(textes, forme)
    debut: pd.Series = jours - pd.to_timedelta(jours.dt.day - 1, unit="D")
    return debut


@lru_cache(maxsize=65536)
def _date(texte: str, formes: tuple[str, ...]) -> dt.date | None:
    """Lit une date dans la première forme qui convient, à défaut en AAAA-MM-JJ (une cellule de tableur).

    >>> _date("juil.-26", ("%m/%Y", "%b-%y"))
    datetime.date(2026, 7, 1)
    """
    iso = _ISO.fullmatch(texte)
    for forme in (*formes, ""):
        format_ = forme or "%Y-%m-%d"
        candidat = texte if forme else iso[1] if iso else ""
        if "%b" in format_.lower():
            format_, candidat = re.sub("%[bB]", "%m", format_), mois_en_chiffres(texte)
        try:
            return dt.date(*time.strptime(candidat, format_)[:3])
        except ValueError:
            continue
    return None


def lire_nombres(textes: pd.Series, decimale: str = ".", milliers: str = " ") -> pd.Series:
    """Rend les nombres écrits avec la décimale et le séparateur de milliers déclarés ; sinon vide.

    Un autre séparateur n'est pas deviné : « 1.234 » vaut 1,234 ici et 1 234 ailleurs. `decimale`
    peut en porter deux (« ., ») pour un classeur qui mêle nombres et textes.
    """
    groupe = re.escape(milliers)
    nombre = re.compile(
        rf"[-+−]?(?:\d+|\d{{1,3}}(?:{groupe}\d{{3}})+)(?:[{re.escape(decimale)}]\d+)?(?:[eE][-+]?\d+)?",
        re.ASCII,
    )
    en_python = str.maketrans({milliers: "", "−": "-"} | dict.fromkeys(decimale, "."))

    def lire(texte: str) -> float | None:
        if not nombre.fullmatch(texte):
            return None
        valeur = float(texte.translate(en_python))
        return valeur if math.isfinite(valeur) else None

    return par_valeur(textes, lire, "Float64")


def lire_nombres_declares(textes: pd.Series, lecture: Mapping[str, Any]) -> pd.Series:
    """Rend les nombres comme `[lecture]` les déclare : `decimale` (« . ») et `milliers` (espace).

    Raises:
        ConfigError: `milliers` n'est pas un caractère.
    """
    milliers = str(lecture.get("milliers", " "))
    if len(milliers) != 1:
        raise ConfigError(f"[lecture] milliers = « {milliers} ».", "Écrire un seul caractère.")
    return lire_nombres(textes, str(lecture.get("decimale", ".")), milliers)


def lire_entiers(textes: pd.Series, mini: int, maxi: int) -> pd.Series:
    """Rend les entiers entre deux bornes comprises ; vide sinon. « 12.0 » est l'entier 12."""
    nombres = lire_nombres(textes)
    justes = nombres.between(mini, maxi) & (nombres % 1 == 0)
    return nombres.where(justes.fillna(False)).astype("Int64")


def lire_sirets(textes: pd.Series) -> pd.Series:
    """Rend les SIRET valides au sens de Luhn, sans séparateurs ; vide sinon."""
    return par_valeur(textes, lire_siret)


@lru_cache(maxsize=65536)
def lire_siret(texte: str) -> str | None:
    """Rend un SIRET valide, ou rien.

    Les zéros de tête qu'un tableur a perdus sont rendus : la clé de Luhn ne dépend pas d'eux. Les
    établissements de La Poste suivent leur propre règle.

    >>> lire_siret("732 829 320 00074")
    '73282932000074'
    >>> lire_siret("73282932000079") is None
    True
    """
    chiffres = re.sub(r"[\s.-]", "", texte.removesuffix(".0"))
    if not re.fullmatch(r"\d{12,14}", chiffres, re.ASCII):
        return None
    chiffres = chiffres.zfill(14)
    return chiffres if _siret.is_valid(chiffres) and int(chiffres[:9]) else None
