"""Ce qu'un document lit des indicateurs : les mêmes conditions pour le lire et pour savoir s'il a vieilli.

Aucune bibliothèque de dessin n'est chargée d'ici : savoir qu'il n'y a rien à refaire doit rester rapide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.perimetre import Periode, Territoire
from observatoire.referentiel import ENSEMBLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from observatoire.config import Config
    from observatoire.magasin import Filtres

REGION = Territoire("reg", "11")
VALEURS, COMPARAISONS = "indicateurs/valeurs", "indicateurs/comparaisons"
REFERENCES = ("indicateurs/catalogue", "indicateurs/provenance", "indicateurs/qualite")
PROJET = "projet"


def trimestres_de_tendance(config: Config, periode: Periode) -> list[Periode]:
    """Rend les trimestres de la tendance, du plus ancien à celui du document, ou au dernier de l'année."""
    duree = int(config.reglages["fiches"]["trimestres_de_tendance"])
    return Periode(periode.annee, periode.trimestre or 4).jusqu_ici(duree)


def periodes_lues(config: Config, periode: Periode) -> list[str]:
    """Rend les périodes qu'un document lit : celles de sa tendance, et l'année d'avant la sienne."""
    debut = min(trimestres_de_tendance(config, periode)[0].annee, periode.annee - 1)
    annees = range(debut, periode.annee + 1)
    lues = {Periode(annee, rang) for annee in annees for rang in (None, 1, 2, 3, 4)}
    return sorted(map(str, {*lues, periode.quatre_trimestres}))


def d_un_territoire(config: Config, territoire: Territoire, periode: Periode) -> dict[str, Filtres]:
    """Rend, par table, les lignes qu'ouvre un territoire : les siennes et celles de la région."""
    lus = sorted({str(territoire), str(REGION)})
    return {
        VALEURS: [("territoire", "in", lus), ("periode", "in", periodes_lues(config, periode))],
        COMPARAISONS: [
            ("territoire", "=", str(territoire)),
            ("periode", "=", str(periode)),
            ("ventilation", "=", ENSEMBLE),
        ],
    }


def de_l_ensemble(indicateur: str, territoires: Iterable[Territoire], periode: Periode) -> dict[str, Filtres]:
    """Rend les lignes qu'une carte ajoute : un indicateur, une période, tous les territoires d'un niveau."""
    return {
        VALEURS: [
            ("territoire", "in", [str(ici) for ici in territoires]),
            ("periode", "=", str(periode)),
            ("indicateur", "=", indicateur),
            ("ventilation", "=", ENSEMBLE),
        ]
    }


def des_departements(periode: Periode) -> dict[str, Filtres]:
    """Rend les lignes que la fiche d'un programme ajoute à celles de la région."""
    return {
        VALEURS: [
            ("territoire", "in", [str(ici) for ici in Territoire.tous("dep")]),
            ("periode", "=", str(periode)),
            ("ventilation", "=", PROJET),
        ]
    }
