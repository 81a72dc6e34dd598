"""L'arithmétique du recomptage, de ce qui n'est pas publié aussi, et l'écriture des nombres.

Rien n'y vient de ce qui a écrit les documents : c'est un second calcul, non une relecture.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

Compte = Decimal | str
"""Un nombre publié, ou le signe qui en tient lieu."""

SIGNES = {"secret": "s", "non_disponible": "n.d.", "non_significatif": "n.s."}
SANS_OBJET = "–"
_FORCE = tuple(SIGNES.values())
_UNE_DECIMALE = ("%", "ETP", "mois")
_GRANDS = ((Decimal(10**9), "Md"), (Decimal(10**6), "M"))
_CASE = 10**7
_MOIS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)


def plus_fort(*comptes: Compte) -> str:
    """Rend le signe qui l'emporte : le secret d'abord.

    >>> plus_fort("n.d.", Decimal(3), "s"), plus_fort()
    ('s', 'n.d.')
    """
    return next((signe for signe in _FORCE if signe in comptes), "n.d.")


def sommer(comptes: Iterable[Compte]) -> Compte:
    """Rend la somme, ou le signe le plus fort ; une somme de rien n'est pas disponible."""
    tous = list(comptes)
    nombres = [compte for compte in tous if isinstance(compte, Decimal)]
    return sum(nombres, Decimal(0)) if tous and len(nombres) == len(tous) else plus_fort(*tous)


def rapporter(compte: Compte, base: Compte) -> Compte:
    """Rend un compte en % d'une base ; rien ne se rapporte à zéro.

    >>> rapporter(Decimal(1), Decimal(8)), rapporter(Decimal(0), Decimal(0)), rapporter("s", Decimal(8))
    (Decimal('12.5'), 'n.d.', 's')
    """
    if isinstance(compte, str) or isinstance(base, str):
        return plus_fort(compte, base)
    return 100 * compte / base if base else "n.d."


def retrancher(compte: Compte, autre: Compte) -> Compte:
    """Rend la différence de deux comptes."""
    if isinstance(compte, str) or isinstance(autre, str):
        return plus_fort(compte, autre)
    return compte - autre


def ecrire(compte: Compte, decimales: int = 0, unite: str = "") -> str:
    r"""Écrit un nombre comme il s'imprime.

    >>> ecrire(Decimal("1234.5")), ecrire(Decimal("-0.25"), 1, "%"), ecrire("s", 1, "%")
    ('1\u202f235', '−0,3\xa0%', 's')
    """
    if isinstance(compte, str):
        return compte
    arrondi = _arrondir(compte, decimales)
    texte = f"{abs(arrondi):,.{decimales}f}".replace(",", "\u202f").replace(".", ",")
    return ("−" if arrondi < 0 else "") + texte + (f"\xa0{unite}" if unite else "")


def pct(compte: Compte) -> str:
    """Écrit une part."""
    return ecrire(compte, 1, "%")


def mesurer(compte: Compte, unite: str) -> str:
    """Écrit une valeur dans l'unité du catalogue : une décimale aux parts, aux ETP et aux mois.

    >>> mesurer(Decimal("12.34"), "ETP"), mesurer(Decimal("12.34"), "h")
    ('12,3', '12')
    """
    return ecrire(compte, decimales_de(unite), "%" if unite == "%" else "")


def decimales_de(unite: str) -> int:
    """Rend le nombre de décimales d'une unité."""
    return int(unite in _UNE_DECIMALE)


def signer(compte: Compte, *, en_points: bool = False) -> str:
    r"""Écrit une évolution, en % ou en points.

    >>> signer(Decimal("3.2")), signer(Decimal(-1), en_points=True), signer(Decimal("0.04"))
    ('+3,2\xa0%', '−1,0\xa0point', '0,0\xa0%')
    """
    if isinstance(compte, str):
        return compte
    arrondi = _arrondir(compte, 1)
    points = "points" if abs(arrondi) >= 2 else "point"
    return ("+" if arrondi > 0 else "") + ecrire(compte, 1, points if en_points else "%")


def en_case(compte: Compte, decimales: int = 0) -> str:
    r"""Écrit un chiffre clé : très grand, il passe en millions ou en milliards pour tenir dans sa case.

    >>> en_case(Decimal(9_999_999)), en_case(Decimal(12_345_678))
    ('9\u202f999\u202f999', '12,3\xa0M')
    """
    for seuil, unite in _GRANDS:
        if isinstance(compte, Decimal) and compte >= max(seuil, Decimal(_CASE)):
            return ecrire(compte / seuil, 1, unite)
    return ecrire(compte, decimales)


def etiqueter(comptes: Iterable[Compte]) -> list[str]:
    r"""Écrit les étiquettes d'une série de colonnes : en milliers ou en millions dès que l'une s'allonge.

    >>> etiqueter([Decimal(9_999)]), etiqueter([Decimal(362_926), "s"])
    (['9\u202f999'], ['362,9', 's'])
    """
    serie = list(comptes)
    sommet = max((compte for compte in serie if isinstance(compte, Decimal)), default=Decimal(0))
    formes = ((10**4, 1, 0), (10**6, 10**3, 1), (10**7, 10**3, 0), (10**9, 10**6, 1), (10**99, 10**9, 1))
    diviseur, decimales = next((div, dec) for seuil, div, dec in formes if sommet < seuil)
    return [ecrire(c if isinstance(c, str) else c / diviseur, decimales) for c in serie]


def jour(date: dt.date) -> str:
    """Écrit une date en toutes lettres.

    >>> import datetime as dt
    >>> jour(dt.date(2027, 1, 1)), jour(dt.date(2026, 11, 14))
    ('1er janvier 2027', '14 novembre 2026')
    """
    return f"{'1er' if date.day == 1 else date.day} {_MOIS[date.month - 1]} {date.year}"


@cache
def resserrer(texte: str) -> str:
    r"""Rend un texte où les milliers se touchent et où toutes les espaces sont la même.

    >>> resserrer("1\u202f234\u202f567\xa0heures, 3e\u202ftrimestre")
    '1234567 heures, 3e trimestre'
    """
    serre = re.sub(r"(?<=\d)\u202f(?=\d{3}(?!\d))", "", texte)
    return re.sub(r"\s+", " ", re.sub(r"(?<=\d) (?=\d{3}(?: €| heures| à \d))", "", serre))


def _arrondir(compte: Decimal, decimales: int) -> Decimal:
    return compte.quantize(Decimal(1).scaleb(-decimales), ROUND_HALF_UP)
