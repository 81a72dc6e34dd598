"""Un système linéaire : ce qu'un lecteur sait de cellules positives, publiées ou cachées.

Les variables sont positives ou nulles. Une relation borne une somme pondérée de variables. Ses bornes
*certaines* sont vraies par définition des indicateurs ; ses bornes *présumées*, plus serrées, le sont sauf
exception rare (une personne à moins d'une heure dans chacun de deux trimestres, une commune mal codée) :
un attaquant les suppose, et l'audit avec lui, tant que les chiffres publiés ne les démentent pas.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

Reels = npt.NDArray[np.float64]
Entiers = npt.NDArray[np.int64]
Masque = npt.NDArray[np.bool_]

INFINI = float("inf")
POSITIF, LIBRE = (0.0, INFINI), (-INFINI, INFINI)


@dataclass(frozen=True, slots=True)
class Systeme:
    """Des relations creuses entre variables positives.

    Attributes:
        lignes, colonnes, coefficients: les termes des relations, un par position.
        bas, haut: les bornes certaines de chaque relation.
        bas_presume, haut_presume: ses bornes présumées, comprises entre les précédentes.
        valeurs: ce que le lecteur sait de chaque variable ; vide, il l'ignore.
        erreurs: demi-arrondi de chaque valeur connue.
    """

    lignes: Entiers
    colonnes: Entiers
    coefficients: Reels
    bas: Reels
    haut: Reels
    bas_presume: Reels
    haut_presume: Reels
    valeurs: Reels
    erreurs: Reels

    @property
    def relations(self) -> int:
        """Le nombre de relations."""
        return len(self.bas)


@dataclass(slots=True)
class Assemblage:
    """Réunit des relations, par paquets de même forme, en un système.

    Une relation dont une variable n'est pas `en_jeu` n'y entre pas.
    """

    en_jeu: Masque | None = None
    _lignes: list[Entiers] = field(default_factory=list)
    _colonnes: list[Entiers] = field(default_factory=list)
    _coefficients: list[Reels] = field(default_factory=list)
    _bornes: list[Reels] = field(default_factory=list)
    relations: int = 0

    def ajouter(
        self,
        colonnes: npt.ArrayLike,
        coefficients: npt.ArrayLike,
        certaines: tuple[float, float] = (0.0, 0.0),
        presumees: tuple[float, float] | None = None,
    ) -> Self:
        """Ajoute une relation par ligne de `colonnes`, toutes de mêmes coefficients et de mêmes bornes."""
        variables = np.atleast_2d(np.asarray(colonnes, dtype=np.int64))
        if self.en_jeu is not None:
            variables = variables[self.en_jeu[variables].all(axis=1)]
        nombre, termes = variables.shape
        if not nombre:
            return self
        self._lignes.append(np.repeat(np.arange(self.relations, self.relations + nombre), termes))
        self._colonnes.append(variables.ravel())
        self._coefficients.append(np.tile(np.asarray(coefficients, dtype=np.float64), nombre))
        self._bornes.append(np.tile([*certaines, *(presumees or certaines)], (nombre, 1)))
        self.relations += nombre
        return self

    def fermer(self, valeurs: Reels, erreurs: Reels | None = None) -> Systeme:
        """Rend le système de ces relations, et de ce que le lecteur sait des variables."""
        bornes = np.concatenate([np.empty((0, 4)), *self._bornes])
        return Systeme(
            np.concatenate([np.empty(0, dtype=np.int64), *self._lignes]),
            np.concatenate([np.empty(0, dtype=np.int64), *self._colonnes]),
            np.concatenate([np.empty(0), *self._coefficients]),
            bornes[:, 0].copy(),
            bornes[:, 1].copy(),
            bornes[:, 2].copy(),
            bornes[:, 3].copy(),
            valeurs,
            np.zeros_like(valeurs) if erreurs is None else erreurs,
        )
