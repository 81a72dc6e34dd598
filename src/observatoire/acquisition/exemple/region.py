"""Un bloc de région : des marchés, des personnes, des contrats et des heures qui vont ensemble."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from observatoire.acquisition.exemple import calibration as cible
from observatoire.acquisition.exemple.acteurs import Acteurs, inventer
from observatoire.acquisition.exemple.geographie import Geographie
from observatoire.acquisition.exemple.heures import QUARTS, detailler, sans_detail
from observatoire.acquisition.exemple.marches import tirer_clauses, tirer_marches
from observatoire.acquisition.exemple.parcours import (
    dans_la_fenetre,
    declarer_deux_fois,
    prolonger,
    tirer_contrats,
    tirer_entrees,
)
from observatoire.acquisition.exemple.personnes import decrire
from observatoire.acquisition.exemple.tirages import generateur

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from observatoire.acquisition.exemple.calendrier import Fenetre
    from observatoire.acquisition.exemple.tirages import Reels

_ACTEURS, _BLOC = 0, 1
TAILLE_BLOC = 1.0  # échelle d'un bloc


@dataclass(frozen=True)
class Region:
    """Ce que tous les blocs partagent : la graine, la période, la géographie et les acteurs."""

    graine: int
    fenetre: Fenetre
    geographie: Geographie
    acteurs: Acteurs

    @classmethod
    def fonder(cls, graine: int, fenetre: Fenetre) -> Region:
        """Invente les acteurs d'une région."""
        geographie = Geographie()
        return cls(graine, fenetre, geographie, inventer(generateur(graine, _ACTEURS), geographie))


@dataclass(frozen=True)
class Bloc:
    """Une part de la région, à l'échelle 1 au plus : la mémoire ne dépend pas du volume.

    Les tables se désignent par leur rang : `clauses.marche`, `contrats.clause`, `contrats.personne`,
    `lignes.contrat` (une ligne par contrat et mois connu).
    """

    numero: int
    echelle: float
    marches: pd.DataFrame
    clauses: pd.DataFrame
    personnes: pd.DataFrame
    contrats: pd.DataFrame
    lignes: pd.DataFrame


def tirer_blocs(region: Region, echelle: float) -> Iterator[Bloc]:
    """Tire la région bloc par bloc ; chacun a son propre hasard et ne dépend pas des autres."""
    for numero in range(math.ceil(echelle / TAILLE_BLOC)):
        yield _tirer_bloc(region, numero, min(TAILLE_BLOC, echelle - numero * TAILLE_BLOC))


def _tirer_bloc(region: Region, numero: int, echelle: float) -> Bloc:
    rng = generateur(region.graine, _BLOC, numero)
    fenetre, acteurs, geographie = region.fenetre, region.acteurs, region.geographie
    marches = tirer_marches(rng, fenetre, acteurs, geographie, echelle, numero)
    clauses = tirer_clauses(rng, marches, acteurs)
    entrees, attendues = tirer_entrees(rng, clauses, fenetre, echelle)
    personnes = decrire(rng, entrees, clauses, geographie)
    contrats = tirer_contrats(rng, entrees, clauses, acteurs, cible.PART_DEUX_STRUCTURES)
    contrats = declarer_deux_fois(rng, contrats, clauses, cible.PART_DOUBLES)
    contrats = dans_la_fenetre(contrats, fenetre)
    lignes = detailler(rng, contrats, fenetre)
    clause = contrats["clause"].to_numpy()[lignes["contrat"]]
    quarts = np.bincount(clause, lignes["quarts"], minlength=len(clauses))
    clauses = prolonger(clauses, contrats).assign(heures_engagees=_engagees(rng, attendues, quarts / QUARTS))
    lignes = sans_detail(rng, lignes, contrats, fenetre, cible.PART_SANS_DETAIL)
    return Bloc(numero, echelle, marches, clauses, personnes, contrats, lignes)


def _engagees(rng: np.random.Generator, attendues: Reels, realisees: Reels) -> Reels:
    """Engage des heures proches de celles qui seront faites, par semaines de 35 heures."""
    part = rng.uniform(*cible.PROPORTION_ENGAGEE, size=len(attendues))
    heures = np.maximum(attendues * part, realisees / cible.DEPASSEMENT_MAXIMUM)
    engagees: Reels = np.maximum(np.ceil(heures / 35), 1) * 35
    return engagees
