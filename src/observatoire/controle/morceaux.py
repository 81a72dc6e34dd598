"""Le contrôle d'un morceau, qui ne dépend d'aucun autre : deux processus se partagent un grand fichier."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING

from observatoire.controle import decp, enquetes, entreprises, grands_projets, structures, suivi
from observatoire.controle.corrections import Atelier
from observatoire.controle.quarantaine import examiner, remplissage
from observatoire.controle.typage import nettoyer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from observatoire.config import Config
    from observatoire.controle.corrections import Correction
    from observatoire.magasin import Filtres, Magasin

GENRES = {
    "decp": (decp.lire, decp.REGLES),
    "suivi": (suivi.lire, suivi.REGLES),
    "enquetes": (enquetes.lire, enquetes.REGLES),
    "grands_projets": (grands_projets.lire, grands_projets.REGLES),
    "structures": (structures.lire, structures.REGLES),
    "entreprises": (entreprises.lire, entreprises.REGLES),
}
# en deçà, lancer des processus coûte plus qu'ils n'épargnent
LIGNES_A_PARTAGER = 400_000
_PROCESSUS = min(2, os.cpu_count() or 1)


@dataclass(frozen=True)
class Controle:
    """Ce que rend le contrôle d'un morceau ; `atelier` compte les corrections qui y ont servi."""

    lues: int
    gardees: pd.DataFrame
    rejets: pd.DataFrame
    remplissage: pd.DataFrame
    atelier: Atelier


@dataclass(frozen=True)
class Fichier:
    """Un fichier reçu, et de quoi contrôler ses lignes."""

    source: str
    millesime: str
    fichier: str
    genre: str
    config: Config
    corrections: Sequence[Correction]

    @property
    def table(self) -> str:
        """La table de l'acquisition où sont ses lignes."""
        return f"acquisition/{self.genre}"

    @property
    def filtres(self) -> Filtres:
        """Les conditions qui désignent ses lignes."""
        return [(nom, "=", getattr(self, nom)) for nom in ("source", "millesime", "fichier")]

    def controler(self, morceau: pd.DataFrame) -> Controle:
        """Nettoie, corrige et type un morceau, puis lui applique les règles de son genre."""
        lire, regles = GENRES[self.genre]
        atelier = Atelier(self.corrections)
        corrige = atelier.appliquer(self.source, nettoyer(morceau))
        gardees, rejets = examiner(lire(corrige, self.config.source(self.source), self.config), regles)
        return Controle(len(morceau), gardees, rejets, remplissage(gardees), atelier)


def controler_fichier(magasin: Magasin, fichier: Fichier, lignes: int) -> Iterator[Controle]:
    """Rend le contrôle de chaque morceau d'un fichier, dans l'ordre, à plusieurs processus s'il est grand.

    Les processus sont neufs (`spawn`) : ils n'héritent d'aucun fil de DuckDB ni d'Arrow.
    """
    if lignes < LIGNES_A_PARTAGER or _PROCESSUS == 1:
        yield from map(fichier.controler, magasin.morceaux(fichier.table, fichier.filtres))
        return
    with ProcessPoolExecutor(_PROCESSUS, mp_context=get_context("spawn")) as equipe:
        attente: deque[Future[Controle]] = deque()
        for rang in magasin.groupes(fichier.table, fichier.filtres):
            attente.append(equipe.submit(_controler_groupe, magasin, fichier, rang))
            if len(attente) > 2 * _PROCESSUS:
                yield attente.popleft().result()
        while attente:
            yield attente.popleft().result()


def _controler_groupe(magasin: Magasin, fichier: Fichier, rang: int) -> Controle:
    return fichier.controler(magasin.groupe(fichier.table, rang, fichier.filtres))
