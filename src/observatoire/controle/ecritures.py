"""Les écritures connues de chaque liste de codes, comparées sans accents, casse ni ponctuation."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from observatoire.referentiel import NON_RENSEIGNE, lire_liste, nomenclature

TOUTES = "*"
_SIGNES = {
    "+": " plus ",
    ">": " plus de ",
    "≥": " plus de ",
    "<": " moins de ",
    "≤": " moins de ",
    "œ": "oe",
    "æ": "ae",
}
_TRADUCTION = str.maketrans(_SIGNES)


@lru_cache(maxsize=4096)
def comparable(texte: str) -> str:
    """Rend un texte sans accents, casse ni ponctuation ; « + », « < » et « > » y restent en mots.

    >>> comparable("  Création d’ENTREPRISE ")
    'creation d entreprise'
    >>> comparable("CDD > 6 mois")
    'cdd plus de 6 mois'
    """
    decompose = unicodedata.normalize("NFKD", texte.translate(_TRADUCTION))
    sans_accents = "".join(c for c in decompose if not unicodedata.combining(c)).casefold()
    return " ".join(re.sub(r"[^a-z0-9]+", " ", sans_accents).split())


@cache
def ecritures(liste: str) -> dict[str, str]:
    """Rend, pour chaque écriture comparable d'une liste, son code.

    Trois origines, de la plus à la moins générale : `ecritures.csv` pour toutes les listes (« NC »),
    ses lignes pour cette liste, puis les codes et les libellés de la liste elle-même.
    """
    alias = lire_liste("ecritures")
    codes = nomenclature(liste)
    return {
        **{comparable(ligne["ecriture"]): ligne["code"] for ligne in alias if ligne["liste"] == TOUTES},
        **{comparable(ligne["ecriture"]): ligne["code"] for ligne in alias if ligne["liste"] == liste},
        **{comparable(modalite.libelle): code for code, modalite in codes.items()},
        **{comparable(code): code for code in codes},
        comparable(NON_RENSEIGNE): NON_RENSEIGNE,
    }
