"""Les mots du français qui dépendent d'un nombre : évolutions, écarts, rangs, comptes, élisions.

Un mot de sens (« en hausse », « de plus que ») ne s'écrit que si le nombre imprimé le porte : sous le bruit,
secret, non disponible ou non significatif, la phrase reste neutre.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from observatoire.publication.cellules import NON_SIGNIFICATIF, SECRET, Cellule, variation
from observatoire.publication.formats import (
    INSECABLE,
    Nombre,
    arrondir,
    decimal,
    entier,
    lire_cellule,
    pct,
    points,
)

BRUIT_PCT, BRUIT_POINTS = Decimal(1), Decimal(1)
"""En deçà, une évolution (en %) ou un écart (en points) ne se distingue pas des révisions."""

_CENT = Decimal(100)
_GRANDS = ((Decimal(10**9), "milliard"), (Decimal(10**6), "million"))
_ASPIRES = ("handicap", "haut", "hors", "huit", "hasard", "halte")
_NEUTRES = {SECRET: "évolution couverte par le secret", NON_SIGNIFICATIF: "évolution non significative"}
_SANS_EVOLUTION, _STABLE = "évolution non disponible", "quasi stable"


@dataclass(frozen=True, slots=True)
class Nom:
    r"""Ce que l'on compte : au singulier, au pluriel, et son genre.

    >>> compter(0, HEURE), compter(1, HEURE), compter(1_200_000, HEURE)
    ('aucune heure', '1\xa0heure', '1,2\xa0million d’heures')
    """

    singulier: str
    pluriel: str
    feminin: bool = False


HEURE = Nom("heure", "heures", feminin=True)
PERSONNE = Nom("personne", "personnes", feminin=True)
CONTRAT = Nom("contrat", "contrats")
MARCHE = Nom("marché", "marchés")


def dire_evolution(change: Nombre, *, accord: str = "", bruit: Decimal = BRUIT_PCT) -> str:
    r"""Dit une évolution, déjà calculée en %.

    Le sens se juge sur le nombre tel qu'il s'imprime, au dixième. À partir d'un doublement, la phrase donne
    le facteur : « en hausse de 220 % » se lit mal.

    >>> dire_evolution(25), dire_evolution(-3.24), dire_evolution(0.94)
    ('en hausse de 25,0\xa0%', 'en baisse de 3,2\xa0%', 'quasi stable')
    >>> dire_evolution(220, accord="es"), dire_evolution(-100), dire_evolution(None)
    ('multipliées par 3,2', 'réduit à zéro', 'évolution non disponible')

    Args:
        change: l'évolution en %, publiée ou non.
        accord: la terminaison du participe : « e », « s », « es ».
        bruit: en deçà, en %, l'évolution est « quasi stable ».
    """
    cellule = lire_cellule(change)
    if cellule.nombre is None:
        return _NEUTRES.get(cellule.statut, _SANS_EVOLUTION)
    arrondi = arrondir(cellule.nombre, 1)
    if abs(arrondi) < bruit:
        return _STABLE
    if cellule.nombre == -_CENT:
        return f"réduit{accord} à zéro"
    if arrondi >= _CENT:
        facteur = decimal(1 + cellule.nombre / _CENT).removesuffix(",0")
        return f"multiplié{accord} par {facteur}"
    return f"en {'hausse' if arrondi > 0 else 'baisse'} de {pct(abs(arrondi))}"


def dire_evolution_entre(avant: Cellule, apres: Cellule, *, accord: str = "") -> str:
    r"""Dit l'évolution d'une cellule à l'autre ; depuis zéro, aucun pourcentage n'existe.

    >>> dire_evolution_entre(Cellule.de(200), Cellule.de(250))
    'en hausse de 25,0\xa0%'
    >>> dire_evolution_entre(Cellule.de(0), Cellule.de(250))
    'partant de zéro'
    """
    if avant.nombre == 0 and apres.nombre is not None:
        return "partant de zéro" if apres.nombre else "toujours à zéro"
    return dire_evolution(variation(apres, avant), accord=accord)


def dire_ecart(ecart: Nombre, repere: str, *, bruit: Decimal = BRUIT_POINTS) -> str:
    r"""Dit l'écart d'une part à un repère, en points ; `repere` est un complément de lieu.

    >>> dire_ecart(3.2, "en Île-de-France"), dire_ecart(-1.96, "dans le Val-de-Marne")
    ('3,2\xa0points de plus qu’en Île-de-France', '2,0\xa0points de moins que dans le Val-de-Marne')
    >>> dire_ecart(0.4, "à Paris")
    'comme à Paris'

    Args:
        ecart: la part moins celle du repère, en points ; une part, jamais un pourcentage d'évolution.
        repere: « en Île-de-France », « à Paris ».
        bruit: en deçà, en points, l'écart ne se dit pas.
    """
    cellule = lire_cellule(ecart)
    if cellule.nombre is None:
        return "écart non publié"
    arrondi = arrondir(cellule.nombre, 1)
    if abs(arrondi) < bruit:
        return f"comme {repere}"
    sens = "plus" if arrondi > 0 else "moins"
    return f"{points(abs(arrondi)).removeprefix('+')} de {sens} {elider('que', repere)}"


def ordinal(rang: int, *, feminin: bool = False) -> str:
    """Rend un rang en chiffres.

    >>> ordinal(1), ordinal(1, feminin=True), ordinal(3)
    ('1er', '1re', '3e')
    """
    if rang == 1:
        return "1re" if feminin else "1er"
    return f"{rang}e"


def compter(nombre: Nombre, nom: Nom) -> str:
    r"""Rend un compte et ce qu'il compte : « aucune heure », « 1 heure », « 1,2 million d’heures ».

    >>> compter(2_000_000, CONTRAT), compter(999_999, CONTRAT), compter(None, CONTRAT)
    ('2,0\xa0millions de contrats', '999\u202f999\xa0contrats', 'n.d.')
    """
    cellule = lire_cellule(nombre)
    if cellule.nombre is None:
        return entier(cellule)
    if cellule.nombre == 0:
        return f"{'aucune' if nom.feminin else 'aucun'} {nom.singulier}"
    ecrit = grand_nombre_en_mots(cellule)
    if ecrit.rpartition(INSECABLE)[2].rstrip("s") in ("million", "milliard"):
        return f"{ecrit} {elider('de', nom.pluriel)}"
    au_pluriel = abs(arrondir(cellule.nombre, 0)) >= 2
    return f"{ecrit}{INSECABLE}{nom.pluriel if au_pluriel else nom.singulier}"


def grand_nombre_en_mots(nombre: Nombre) -> str:
    r"""Rend un nombre, en millions ou en milliards dès qu'il y en a un ; le pluriel commence à deux.

    >>> grand_nombre_en_mots(1_240_000), grand_nombre_en_mots(1_990_000), grand_nombre_en_mots(3.4e9)
    ('1,2\xa0million', '2,0\xa0millions', '3,4\xa0milliards')
    """
    cellule = lire_cellule(nombre)
    for seuil, mot in _GRANDS:
        if cellule.nombre is not None and abs(cellule.nombre) >= seuil:
            arrondi = arrondir(cellule.nombre / seuil, 1)
            return f"{decimal(arrondi)}{INSECABLE}{mot}{'s' if abs(arrondi) >= 2 else ''}"
    return entier(cellule)


def elider(mot: str, suite: str) -> str:
    """Rend « de » ou « que » devant la suite, élidé devant une voyelle ou un h muet.

    >>> elider("de", "heures"), elider("de", "Étampes"), elider("que", "à Paris"), elider("de", "handicapés")
    ('d’heures', 'd’Étampes', 'qu’à Paris', 'de handicapés')
    """
    debut = suite.lower()
    muet = debut.startswith("h") and not debut.startswith(_ASPIRES)
    return f"{mot[:-1]}’{suite}" if muet or debut[:1] in "aàâeéèêiîoôuy" else f"{mot} {suite}"
