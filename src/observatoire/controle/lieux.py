"""Du lieu écrit par la source à la commune et au département en vigueur."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from observatoire.controle.typage import par_valeur
from observatoire.referentiel import lire_liste
from observatoire.referentiel.ecritures import comparable

if TYPE_CHECKING:
    import pandas as pd

_PARIS = "75056"
_ARRONDISSEMENTS = {str(code): _PARIS for code in range(75101, 75121)}
_DEPARTEMENT = re.compile(r"0[1-9]|[1-8]\d|9[0-5]|2[AB]|97[1-8]|98[678]", re.ASCII)
_PRECIS = ("departement", "commune", "postal", "arrondissement", "canton")
_NUMEROTES = ("arrondissement", "canton")  # le département, puis un rang : 544, 9312
_COMMUNAUX = ("commune", "postal", "arrondissement")
_COMMUNE = re.compile(r"(?:\d{2}|2[AB])\d{3}", re.ASCII)
# « FR75012 », « F-75012 », « 75012 PARIS », « 93205 CEDEX »
_HABILLE = re.compile(r"(?:FR?[ -]?)?((?:\d{2}|2[AB])\d{3})(?: [^\d].*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Communes:
    """Les communes de la région : codes en vigueur et anciens, codes postaux, noms."""

    codes: dict[str, str]
    departements: dict[str, str]
    codes_postaux: dict[str, str]
    noms: dict[tuple[str, str], str]


@cache
def communes() -> Communes:
    """Rend le découpage communal de la région, lu une fois.

    Un code postal partagé par plusieurs communes, ou un nom porté par plusieurs, n'y est pas.
    """
    lignes = lire_liste("communes")
    postaux = [(cp, c["code"]) for c in lignes for cp in c["codes_postaux"].split("|")]
    noms = [((c["departement"], comparable(c["nom"])), c["code"]) for c in lignes]
    anciens = {a: c["code"] for c in lignes for a in c["anciens_codes"].split("|") if a}
    partages = Counter(cp for cp, _ in postaux)
    homonymes = Counter(nom for nom, _ in noms)
    return Communes(
        codes=anciens | _ARRONDISSEMENTS | {c["code"]: c["code"] for c in lignes},
        departements={c["code"]: c["departement"] for c in lignes},
        codes_postaux={cp: code for cp, code in postaux if partages[cp] == 1},
        noms={nom: code for nom, code in noms if homonymes[nom] == 1},
    )


def departements_de_la_region() -> set[str]:
    """Rend les départements de la région."""
    return set(communes().departements.values())


def lire_commune(texte: str) -> str | None:
    """Rend le code INSEE en vigueur d'une commune ; rien s'il n'existe pas.

    Hors de la région, le code est gardé s'il a la forme d'un code de commune.

    >>> lire_commune("93059"), lire_commune("75113"), lire_commune("93999"), lire_commune("59350")
    ('93066', '75056', None, '59350')
    """
    code = texte.upper()
    if code in communes().codes:
        return communes().codes[code]
    departement = departement_de(code)
    if not _COMMUNE.fullmatch(code) or departement is None:
        return None
    return None if departement in departements_de_la_region() else code


def departement_de(code: str) -> str | None:
    """Rend le département d'un code de commune, de canton ou d'un code postal.

    >>> departement_de("75116"), departement_de("97411"), departement_de("INO")
    ('75', '974', None)
    """
    if re.fullmatch(r"20\d{3}", code, re.ASCII):
        return "2A" if code[2] in "01" else "2B"
    return lire_departement(code[: 3 if code.startswith(("97", "98")) else 2])


def lire_departement(texte: str) -> str | None:
    """Rend un code de département de deux ou trois caractères ; rien s'il n'existe pas."""
    code = texte.upper().zfill(2)
    return code if _DEPARTEMENT.fullmatch(code) else None


def genre_de_lieu(type_: str) -> str:
    """Rend le type d'un code de lieu sans le mot « code », la casse ni les accents.

    >>> genre_de_lieu("CODE DEPARTEMENT")
    'departement'
    """
    return comparable(type_).removeprefix("code ")


def situer(codes: pd.Series, types: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Rend le département et la commune de lieux publiés (code et type de code).

    Une région ou un pays n'a ni l'un ni l'autre. Un code postal ne donne une commune de la région
    que s'il n'en désigne qu'une. Un code trop court n'est pas complété : « 9209 » n'est pas l'Ariège.
    """
    lieux = types.fillna("") + ":" + codes
    lus = {lieu: _situer(*str(lieu).split(":", 1)) for lieu in lieux.dropna().unique()}
    return par_valeur(lieux, lambda lieu: lus[lieu][0]), par_valeur(lieux, lambda lieu: lus[lieu][1])


def _situer(type_: str, code: str) -> tuple[str | None, str | None]:
    """Lit un lieu d'après la forme de son code autant que son type, souvent pris l'un pour l'autre."""
    genre, habille = genre_de_lieu(type_), _HABILLE.fullmatch(code.upper())
    code = habille[1] if habille else code.upper()
    if genre not in _PRECIS:
        return None, None
    if not _COMMUNE.fullmatch(code):
        if genre in _NUMEROTES:
            return (lire_departement(code[:2]) if len(code) in (3, 4) else None), None
        return lire_departement(code), None
    connues = communes().codes_postaux if genre == "postal" else communes().codes
    commune = connues.get(code) if genre in _COMMUNAUX else None
    return communes().departements.get(commune or "") or departement_de(code), commune
