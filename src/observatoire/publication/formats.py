"""Les nombres et les dates tels qu'on les imprime : le seul module qui en écrit."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, TypeAlias

from babel.dates import format_date
from babel.numbers import format_decimal

from observatoire.publication.cellules import ABSENTE, NON_DISPONIBLE, NON_SIGNIFICATIF, SECRET, Cellule

if TYPE_CHECKING:
    import datetime as dt

FINE, INSECABLE, MOINS, SANS_OBJET = "\u202f", "\u00a0", "\u2212", "–"
SIGNES = {SECRET: "s", NON_DISPONIBLE: "n.d.", NON_SIGNIFICATIF: "n.s."}

Nombre: TypeAlias = Cellule | Decimal | float | None
"""Une cellule, un nombre, ou `None` pour ce qui n'est pas disponible."""


def entier(nombre: Nombre) -> str:
    r"""Rend un nombre sans décimale, les milliers séparés par une espace fine insécable.

    >>> entier(1234567), entier(2.5), entier(0), entier(None)
    ('1\u202f234\u202f567', '3', '0', 'n.d.')
    """
    return decimal(nombre, 0)


def decimal(nombre: Nombre, decimales: int = 1) -> str:
    r"""Rend un nombre à virgule, arrondi au plus près, la moitié vers le haut.

    >>> decimal(23.45), decimal(-0.04), decimal(Cellule(None, SECRET))
    ('23,5', '0,0', 's')
    """
    cellule = lire_cellule(nombre)
    if cellule.nombre is None:
        return SIGNES[cellule.statut]
    return _ecrire(arrondir(cellule.nombre, decimales), decimales)


def pct(nombre: Nombre, decimales: int = 1) -> str:
    r"""Rend un pourcentage ; le nombre est déjà en %.

    >>> pct(23.45), pct(None)
    ('23,5\xa0%', 'n.d.')
    """
    return _avec_unite(nombre, decimal(nombre, decimales), "%")


def evolution(nombre: Nombre) -> str:
    r"""Rend une évolution en %, toujours signée sauf si elle s'arrondit à zéro.

    >>> evolution(12.25), evolution(-3.2), evolution(0)
    ('+12,3\xa0%', '−3,2\xa0%', '0,0\xa0%')
    """
    return _avec_unite(nombre, ecart(nombre), "%")


def points(nombre: Nombre) -> str:
    r"""Rend un écart entre deux parts, en points.

    >>> points(3.2), points(-1), points(2)
    ('+3,2\xa0points', '−1,0\xa0point', '+2,0\xa0points')
    """
    cellule = lire_cellule(nombre)
    pluriel = cellule.nombre is not None and abs(arrondir(cellule.nombre, 1)) >= 2
    return _avec_unite(nombre, ecart(nombre), "points" if pluriel else "point")


def ecart(nombre: Nombre, decimales: int = 1) -> str:
    r"""Rend un nombre signé, sans unité.

    >>> ecart(3.25), ecart(-3.25), ecart(0.04), ecart(Cellule(None, SECRET))
    ('+3,3', '−3,3', '0,0', 's')
    """
    cellule = lire_cellule(nombre)
    signe = "+" if cellule.nombre is not None and arrondir(cellule.nombre, decimales) > 0 else ""
    return signe + decimal(nombre, decimales)


def grand_nombre(nombre: Nombre) -> str:
    r"""Rend un nombre court : en millions (M) ou en milliards (Md) dès qu'il y en a un.

    >>> grand_nombre(6_300_000), grand_nombre(999_999), grand_nombre(2.45e9)
    ('6,3\xa0M', '999\u202f999', '2,5\xa0Md')
    """
    cellule = lire_cellule(nombre)
    for seuil, unite in ((Decimal(10**9), "Md"), (Decimal(10**6), "M")):
        if cellule.nombre is not None and abs(cellule.nombre) >= seuil:
            return decimal(cellule.nombre / seuil) + INSECABLE + unite
    return entier(nombre)


def accorder(nombre: Nombre, singulier: str, pluriel: str) -> str:
    r"""Rend un compte et son nom, accordé : le pluriel commence à deux.

    >>> accorder(1, "marché", "marchés"), accorder(1200, "marché", "marchés")
    ('1\xa0marché', '1\u202f200\xa0marchés')
    >>> accorder(None, "marché", "marchés")
    'n.d.'
    """
    cellule = lire_cellule(nombre)
    au_pluriel = cellule.nombre is not None and abs(arrondir(cellule.nombre, 0)) >= 2
    return _avec_unite(nombre, entier(nombre), pluriel if au_pluriel else singulier)


def jour(date: dt.date | None) -> str:
    r"""Rend une date en toutes lettres.

    >>> import datetime as dt
    >>> jour(dt.date(2026, 11, 14)), jour(dt.date(2027, 1, 1)), jour(None)
    ('14 novembre 2026', '1er janvier 2027', 'n.d.')
    """
    if date is None:
        return SIGNES[NON_DISPONIBLE]
    rang = "1er" if date.day == 1 else str(date.day)
    return f"{rang} {format_date(date, 'MMMM y', locale='fr_FR')}"


def jour_court(date: dt.date) -> str:
    """Rend une date en chiffres, pour un tableau.

    >>> import datetime as dt
    >>> jour_court(dt.date(2026, 11, 4))
    '04/11/2026'
    """
    return date.strftime("%d/%m/%Y")


def typographier(texte: str) -> str:
    r"""Rend le texte avec les espaces insécables du français, devant et dans sa ponctuation.

    >>> typographier("Lecture : « oui » ; combien ?")
    'Lecture\xa0: «\xa0oui\xa0»\u202f; combien\u202f?'
    >>> typographier("20 % de 25 000 €")
    '20\xa0% de 25\u202f000\xa0€'
    """
    texte = re.sub(" ([;?!])", f"{FINE}\\1", texte)
    texte = re.sub(r"(?<=\d) (?=\d{3}(?: €| heures| à \d))", FINE, texte)
    texte = re.sub(r"(?<=\d) ([%€])", f"{INSECABLE}\\1", texte)
    return re.sub(" ([:»])", f"{INSECABLE}\\1", texte).replace("« ", f"«{INSECABLE}")


def lire_cellule(nombre: Nombre) -> Cellule:
    """Rend la cellule d'un nombre ; `None` et NaN ne sont pas disponibles."""
    if isinstance(nombre, Cellule):
        return nombre
    if nombre is None or nombre != nombre:  # NaN est le seul nombre différent de lui-même
        return ABSENTE
    return Cellule.de(nombre)


def arrondir(nombre: Decimal, decimales: int) -> Decimal:
    """Rend un nombre arrondi au plus près, la moitié vers le haut : celui qui s'imprime.

    >>> arrondir(Decimal("23.45"), 1), arrondir(Decimal("-2.5"), 0)
    (Decimal('23.5'), Decimal('-3'))
    """
    return nombre.quantize(Decimal(1).scaleb(-decimales), ROUND_HALF_UP)


def _ecrire(arrondi: Decimal, decimales: int) -> str:
    modele = "#,##0." + "0" * decimales if decimales else "#,##0"
    texte: str = format_decimal(abs(arrondi), format=modele, locale="fr_FR")
    return (MOINS if arrondi < 0 else "") + texte


def _avec_unite(nombre: Nombre, texte: str, unite: str) -> str:
    return texte + INSECABLE + unite if lire_cellule(nombre).nombre is not None else texte
