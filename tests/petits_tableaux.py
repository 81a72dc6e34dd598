"""De petits tableaux à protéger puis à attaquer : des atomes positifs, des cellules qui les somment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np
import pandas as pd

from observatoire.indicateurs.audit.bornes import borner
from observatoire.indicateurs.audit.systeme import Assemblage
from observatoire.indicateurs.secret.programme import CACHEE, FIXE, PUBLIABLE, Cible
from observatoire.indicateurs.secret.suppression import supprimer
from observatoire.indicateurs.secret.tableaux import Lignes

K = 5


@dataclass(frozen=True)
class PetitTableau:
    """`parties` : les atomes de chaque cellule ; `besoins` : (cellule, bas, haut), à laisser croire."""

    atomes: int
    parties: list[list[int]]
    valeurs: np.ndarray
    fixes: frozenset[int]
    besoins: list[tuple[int, float, float]]

    @classmethod
    def de(cls, cube, marges, besoins=None, *, fixes=True):
        """Les cases d'un cube et ses marges, des listes d'axes sommés ; une case de 1 à 4 est sensible."""
        cube = np.asarray(cube, dtype=float)
        numeros = np.arange(cube.size).reshape(cube.shape)
        parties = [[a] for a in range(cube.size)]
        for axes in marges:
            gardes = [axe for axe in range(cube.ndim) if axe not in axes]
            for case in product(*(range(cube.shape[axe]) for axe in gardes)):
                ou = [slice(None)] * cube.ndim
                for axe, rang in zip(gardes, case, strict=True):
                    ou[axe] = rang
                parties.append(numeros[tuple(ou)].ravel().tolist())
        return cls.somme(cube.ravel(), parties, besoins, range(cube.size, len(parties)) if fixes else ())

    @classmethod
    def somme(cls, atomes, parties, besoins=None, fixes=()):
        valeurs = np.array([sum(atomes[a] for a in p) for p in parties])
        if besoins is None:
            sensibles = [c for c in range(len(atomes)) if 1 <= valeurs[c] < K]
            besoins = [(c, 0.0, max(K, valeurs[c] + 1)) for c in sensibles]
        return cls(len(atomes), parties, valeurs, frozenset(fixes), besoins)

    @cached_property
    def systeme(self):
        """Ce que le secret reçoit ; une cellule coûte ce qu'elle compte d'atomes."""
        lignes, rangs = Lignes(), range(len(self.parties))
        for rang, parties in enumerate(self.parties):
            coefficients = np.append(np.ones(len(parties)), -1.0)
            lignes.ajouter(np.array([*parties, self.atomes + rang]), coefficients, 0.0, 0.0)
        cellules = pd.DataFrame(
            {
                "valeur": self.valeurs,
                "etat": [FIXE if rang in self.fixes else PUBLIABLE for rang in rangs],
                "poids": [float(len(parties)) for parties in self.parties],
            }
        )
        return lignes.systeme(cellules, self.atomes)

    @property
    def cibles(self):
        return [
            Cible(cellule, sens, besoin)
            for cellule, bas, haut in self.besoins
            for sens, besoin in ((1, haut - self.valeurs[cellule]), (-1, self.valeurs[cellule] - bas))
            if besoin > 0
        ]

    def proteger(self, *, deja=(), **options):
        """Ce que le secret tait ; `deja` : des cellules cachées d'avance."""
        etat = self.systeme.etat.copy()
        etat[list(deja)] = CACHEE
        return supprimer(replace(self.systeme, etat=etat), self.cibles, **options).cachees

    def attaque(self, cachees):
        """Ce que le lecteur sait, ces cellules cachées."""
        assemblage = Assemblage()
        for rang, parties in enumerate(self.parties):
            assemblage.ajouter([self.atomes + rang, *parties], [1, *[-1] * len(parties)])
        connues = np.concatenate([np.full(self.atomes, np.nan), np.where(cachees, np.nan, self.valeurs)])
        return assemblage.fermer(connues)

    def attaquer(self, cachees, lesquelles):
        """L'intervalle que l'auditeur déduit de chacune."""
        bas, haut = borner(self.attaque(cachees), self.atomes + np.asarray(lesquelles, dtype=int))
        return list(zip(bas.round(5), haut.round(5), strict=True))

    def refusees(self, cachees):
        """Les cellules que l'auditeur refuse."""
        trouves = self.attaquer(cachees, [cellule for cellule, _, _ in self.besoins])
        return [
            cellule
            for (cellule, bas_maximum, haut_minimum), (bas, haut) in zip(self.besoins, trouves, strict=True)
            if bas > bas_maximum + 1e-4 or haut < haut_minimum - 1e-4
        ]
