"""La forme des valeurs d'un fichier inconnu : à quoi elles ressemblent, sans jamais en citer une."""

from __future__ import annotations

import re
import time
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from stdnum.fr import siret

from observatoire.referentiel import NON_RENSEIGNE
from observatoire.referentiel.ecritures import comparable, ecritures, mois_en_chiffres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

DATES = (
    "%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d", "%d %B %Y", "%d/%m/%y", "%m/%d/%Y",
)  # fmt: skip
MOIS = ("%Y-%m", "%m/%Y", "%m-%Y", "%Y/%m", "%Y%m", "%B %Y", "%b-%y", "%m/%y", "%Y-%m-%d")
_NOMBRE = re.compile(r"[-+]?\d{1,3}(?:[ \u00a0\u202f']?\d{3})*\d*(?:[.,]\d+)? ?%?", re.ASCII)
_DECIMALE = re.compile(r"\d([.,])\d{1,2}\D*$", re.ASCII)
_SEPARATEURS = ("|", ";", ",", "/", "+")
_PRESQUE_TOUTES = 0.02  # une forme qui ne lit pas plus que cela n'est pas retenue


def part_conforme(forme: str, valeurs: Sequence[str]) -> float | None:
    """Rend la part des valeurs qui ont une forme ; rien s'il n'y a pas de valeurs, ou pas de forme.

    Args:
        forme: une forme de `entetes.csv` : `siret`, `date`, ou le nom d'une liste de codes.
        valeurs: un échantillon, sans vide.
    """
    if not valeurs or not forme:
        return None
    convient = FORMES.get(forme) or _de_la_liste(forme)
    return sum(map(convient, valeurs)) / len(valeurs)


def est_une_donnee(texte: str) -> bool:
    """Dit si un texte est une donnée plutôt qu'un titre de colonne.

    >>> est_une_donnee("12/03/1984"), est_une_donnee("SIRET titulaire"), est_une_donnee("Heures 2026")
    (True, False, False)
    """
    return any(FORMES[forme](texte) for forme in ("siret", "date", "mois", "nombre", "nir"))


def formes_lues(colonnes: Iterable[Sequence[str]], candidates: Sequence[str]) -> list[str]:
    """Rend les formes de date nécessaires pour lire ces colonnes, de la plus à la moins fréquente."""
    restantes = [valeur for valeurs in colonnes for valeur in valeurs]
    total, retenues = len(restantes), []
    while restantes:
        lues = {forme: sum(_se_lit(valeur, forme) for valeur in restantes) for forme in candidates}
        meilleure = max(candidates, key=lambda forme: lues[forme])  # à égalité, la première déclarée
        if lues[meilleure] <= _PRESQUE_TOUTES * total:
            break
        retenues.append(meilleure)
        restantes = [valeur for valeur in restantes if not _se_lit(valeur, meilleure)]
    return retenues or list(candidates[:1])


def decimale_lue(colonnes: Iterable[Sequence[str]], defaut: str) -> str:
    """Rend la ou les décimales rencontrées, la plus fréquente d'abord."""
    signes = Counter(
        trouve[1] for valeurs in colonnes for valeur in valeurs if (trouve := _DECIMALE.search(valeur))
    )
    return "".join(signe for signe, _ in signes.most_common()) or defaut


def separateur_lu(valeurs: Sequence[str]) -> str | None:
    """Rend le séparateur de publics qui en fait reconnaître le plus ; rien s'il n'y en a qu'un par ligne."""
    connues = ecritures("publics")

    def reconnus(separateur: str) -> int:
        parties = [partie for valeur in valeurs for partie in valeur.split(separateur)]
        return sum(comparable(partie) in connues for partie in parties)

    seuls = sum(comparable(valeur) in connues for valeur in valeurs)
    meilleur = max(_SEPARATEURS, key=reconnus)
    return meilleur if reconnus(meilleur) > seuls else None


def _se_lit(texte: str, forme: str) -> bool:
    if "%b" in forme.lower():
        texte, forme = mois_en_chiffres(texte), re.sub("%[bB]", "%m", forme)
    try:
        time.strptime(texte.split("T")[0] if forme == "%Y-%m-%d" else texte, forme)
    except ValueError:
        return False
    return True


def _une_de(formes: Sequence[str]) -> Callable[[str], bool]:
    return lambda texte: any(_se_lit(texte, forme) for forme in formes)


def _siret(texte: str) -> bool:
    chiffres = re.sub(r"[\s.-]", "", texte)
    return bool(re.fullmatch(r"\d{12,14}", chiffres, re.ASCII)) and siret.is_valid(chiffres.zfill(14))


def _motif(motif: str) -> Callable[[str], bool]:
    compile_ = re.compile(motif, re.ASCII)
    return lambda texte: bool(compile_.fullmatch(texte))


FORMES: Mapping[str, Callable[[str], bool]] = {
    "siret": _siret,
    "date": _une_de(DATES),
    "mois": _une_de(MOIS),
    "nombre": lambda texte: bool(_NOMBRE.fullmatch(texte)),
    "annee": _motif(r"20\d\d"),
    "insee": _motif(r"\d{4,5}|2[ABab]\d{3}"),
    "departement": _motif(r"\d{1,3}|2[ABab]"),
    "naf": _motif(r"\d{2}\.?\d{2}[A-Za-z]"),
    "rome": _motif(r"[A-Na-n]\d{4}(?:\D.*)?"),
    "qpv": _motif(r"Q[PN] ?[\dAB ]{3,7}[A-Z\d]"),
    "nir": _motif(r"[1-478] ?\d{2} ?\d{2} ?[\dABab]{2} ?\d{3} ?\d{3}(?: ?\d{2})?"),
    "identifiant": _motif(r"\S*\d\S*"),
    "lettres": lambda texte: not any(c.isdigit() for c in texte) and any(c.isalpha() for c in texte),
}


@cache
def _de_la_liste(liste: str) -> Callable[[str], bool]:
    """Dit si un texte est une écriture de la liste ; un article, un niveau se reconnaissent à leur forme."""
    connues = {ecriture for ecriture, code in ecritures(liste).items() if code != NON_RENSEIGNE}
    propre = _PROPRES.get(liste)

    def convient(texte: str) -> bool:
        parties = re.split(r"[|;,/+]", texte) if liste == "publics" else [texte]
        return all(comparable(partie) in connues for partie in parties) or bool(propre and propre(texte))

    return convient


_PROPRES: Mapping[str, Callable[[str], bool]] = {
    "modalites": lambda texte: bool(
        re.search(r"(?i)\bart|[LR]\.? ?\d{4}-\d|\b\d\d ?(?:\+|et) ?\d\d\b", texte)
    ),
    "niveaux_diplome": lambda texte: bool(
        re.fullmatch(r"(?i)(?:niv(?:eau)?\.? )?(?:[1-8]|v?i{1,3}|i?v|v ?bis|vi)", texte)
    ),
}
