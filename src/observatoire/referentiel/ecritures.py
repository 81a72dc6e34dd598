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
    "Œ": "oe",
    "æ": "ae",
}
_MOIS = ("jan", "fev", "mar", "avr", "mai", "juin", "juil", "aou", "sep", "oct", "nov", "dec")
_LETTRES = re.compile(r"[^\W\d_]+\.?")
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


def dernier_jour(liste: str, ecriture: str) -> str:
    """Rend le dernier jour (AAAA-MM-JJ) où une écriture comparable était d'usage.

    >>> dernier_jour("prescripteurs", "pole emploi"), dernier_jour("prescripteurs", "france travail")
    ('2023-12-31', '9999-12-31')
    """
    return _derniers_jours(liste).get(ecriture, "9999-12-31")


@cache
def _derniers_jours(liste: str) -> dict[str, str]:
    datees = [ligne for ligne in lire_liste("ecritures") if ligne["liste"] == liste and ligne["valide_au"]]
    return {comparable(ligne["ecriture"]): ligne["valide_au"] for ligne in datees}


def mois_en_chiffres(texte: str) -> str:
    """Rend un texte où un mois écrit en lettres est remplacé par son numéro, entier ou abrégé.

    >>> mois_en_chiffres("15 juin 2026"), mois_en_chiffres("Juil.-26"), mois_en_chiffres("15 quidi")
    ('15 06 2026', '07-26', '15 quidi')
    """
    return _LETTRES.sub(_numero_du_mois, texte)


def _numero_du_mois(mot: re.Match[str]) -> str:
    lettres = comparable(mot[0])
    numeros = [rang for rang, debut in enumerate(_MOIS, 1) if lettres.startswith(debut)]
    return f"{numeros[0]:02d}" if numeros else mot[0]
