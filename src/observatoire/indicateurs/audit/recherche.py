"""La recherche de mondes : ce que l'attaquant doit croire possible, et les mondes qui le montrent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from observatoire.indicateurs.audit.reduction import TOLERANCE
from observatoire.indicateurs.audit.solveur import AuditImpossibleError, Programme
from observatoire.indicateurs.audit.systeme import INFINI, Entiers, Masque, Reels

if TYPE_CHECKING:
    from observatoire.indicateurs.audit.systeme import Systeme

_MONDES_GARDES = 32


@dataclass(frozen=True, slots=True)
class Exigences:
    """Ce que l'attaquant doit au moins trouver possible pour chaque cible : une valeur basse, une haute."""

    cibles: Entiers
    bas_maximum: Reels
    haut_minimum: Reels

    def parmi(self, retenues: Masque | Entiers) -> Exigences:
        """Rend une partie des exigences."""
        return Exigences(self.cibles[retenues], self.bas_maximum[retenues], self.haut_minimum[retenues])


def atteint_bas(valeurs: Reels, exigences: Exigences) -> Masque:
    """Dit quelles cibles descendent assez bas."""
    marge = TOLERANCE * np.maximum(1, np.abs(exigences.bas_maximum))
    atteint: Masque = valeurs <= exigences.bas_maximum + marge
    return atteint


def atteint_haut(valeurs: Reels, exigences: Exigences) -> Masque:
    """Dit quelles cibles montent assez haut."""
    marge = TOLERANCE * np.maximum(1, np.abs(exigences.haut_minimum))
    atteint: Masque = valeurs >= exigences.haut_minimum - marge
    return atteint


class Recherche:
    """Les mondes possibles d'une composante, et le plus bas et le plus haut de chaque cible parmi eux."""

    def __init__(self, systeme: Systeme, exigences: Exigences) -> None:
        self.exigences = exigences
        self.nombre = len(exigences.cibles)
        self.bas, self.haut = np.full(self.nombre, INFINI), np.full(self.nombre, -INFINI)
        self.mondes: list[Reels] = []
        self.programme = Programme(_avec_manques(systeme, exigences))
        self._manques = len(systeme.valeurs) + np.arange(2 * self.nombre)
        echelles = np.concatenate([exigences.haut_minimum, exigences.bas_maximum])
        self._poids = 1 / np.maximum(1, np.abs(echelles))

    def point(self, cote: int, cibles: Entiers | None = None) -> Reels | None:
        """Cherche le monde où ces cibles s'approchent au mieux du haut (0) ou du bas (1) exigés."""
        rangs = (np.arange(self.nombre) if cibles is None else cibles) + cote * self.nombre
        return self.programme.minimiser((self._manques[rangs], self._poids[rangs]))

    def parcourir(self) -> None:
        """Cherche des mondes tant qu'une exigence n'est ni atteinte, ni prouvée hors d'atteinte."""
        for cote in (0, 1):
            reste = self._attendues(cote)
            while len(reste):
                self.noter(self.point(cote, reste))
                suite = self._attendues(cote)
                if len(suite) == len(reste):
                    break
                reste = suite
        for cote in (0, 1):
            refusees: set[int] = set()
            while seules := [rang for rang in self._attendues(cote) if rang not in refusees][:1]:
                self.noter(self.point(cote, np.array(seules)))
                refusees.update(seules)

    def _attendues(self, cote: int) -> Entiers:
        atteint = atteint_bas(self.bas, self.exigences) if cote else atteint_haut(self.haut, self.exigences)
        return np.flatnonzero(~atteint)

    def noter(self, point: Reels | None) -> None:
        """Retient un monde trouvé, et ce qu'il change au plus bas et au plus haut des cibles."""
        if point is None:
            raise AuditImpossibleError.constater("aucun point")
        monde = point[self.exigences.cibles]
        self.mondes = [*self.mondes[1 - _MONDES_GARDES :], monde]
        np.minimum(self.bas, monde, out=self.bas)
        np.maximum(self.haut, monde, out=self.haut)


def _avec_manques(systeme: Systeme, exigences: Exigences) -> Systeme:
    """Ajoute, par cible, ce qui lui manque pour atteindre le haut puis le bas exigés."""
    variables, nombre, cibles = len(systeme.valeurs), len(exigences.cibles), exigences.cibles
    manques = variables + np.arange(2 * nombre)
    relations = systeme.relations + np.arange(2 * nombre)
    bas = np.concatenate([exigences.haut_minimum, np.full(nombre, -INFINI)])
    haut = np.concatenate([np.full(nombre, INFINI), exigences.bas_maximum])
    return replace(
        systeme,
        lignes=np.concatenate([systeme.lignes, relations, relations]),
        colonnes=np.concatenate([systeme.colonnes, cibles, cibles, manques]),
        coefficients=np.concatenate([systeme.coefficients, np.ones(3 * nombre), -np.ones(nombre)]),
        bas=np.concatenate([systeme.bas, bas]),
        haut=np.concatenate([systeme.haut, haut]),
        bas_presume=np.concatenate([systeme.bas_presume, bas]),
        haut_presume=np.concatenate([systeme.haut_presume, haut]),
        valeurs=np.full(variables + len(manques), np.nan),
        erreurs=np.zeros(variables + len(manques)),
    )
