"""Les dates des données essentielles : lues sur dix caractères, quelques fautes connues rétablies."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from observatoire.controle.typage import par_valeur

if TYPE_CHECKING:
    import pandas as pd

# les premières données essentielles portent sur des marchés de 2015 au plus tôt
PREMIER_JOUR = dt.date(2015, 1, 1)
_MOIS: tuple[str, ...] = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
)
_MOIS += ("october", "november", "december")
_ANGLAISE = re.compile(r"([A-Za-z]+),? (\d{1,2}),? (\d{4})(?: [\d:]+)?", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
# « 0218 » pour 2018, « 0021 » pour 2021, « 5021 » pour 2021
_SIECLES = {"02": "20", "00": "20", "50": "20"}


def lire_jour(texte: str) -> dt.date | None:
    """Rend le jour d'un texte publié, sans son heure ni son fuseau ; rien s'il n'existe pas.

    >>> lire_jour("2019-01-10+02:00"), lire_jour("September, 16 2021 00:00:00")
    (datetime.date(2019, 1, 10), datetime.date(2021, 9, 16))
    >>> lire_jour("0218-03-01"), lire_jour("2024-13-01")
    (datetime.date(2018, 3, 1), None)
    """
    if iso := _ISO.match(texte):
        annee, mois, jour = iso.groups()
        annee = _SIECLES.get(annee[:2], annee[:2]) + annee[2:]
    elif (anglaise := _ANGLAISE.fullmatch(texte)) and anglaise[1].lower() in _MOIS:
        annee, mois, jour = anglaise[3], str(_MOIS.index(anglaise[1].lower()) + 1), anglaise[2]
    else:
        return None
    try:
        return dt.date(int(annee), int(mois), int(jour))
    except ValueError:
        return None


def lire_jours(textes: pd.Series) -> pd.Series:
    """Rend les jours lus, sans autre borne que le calendrier."""
    return par_valeur(textes, lire_jour, "datetime64[us]")


def reparee(texte: str) -> bool:
    """Dit si la date publiée n'a pu être lue qu'après réparation.

    >>> reparee("0218-03-01"), reparee("2018-03-01T00:00:00"), reparee("hier")
    (True, False, False)
    """
    jour = lire_jour(texte)
    return jour is not None and not texte.startswith(jour.isoformat())
