"""L'initié : qui connaît une cellule cachée, parce qu'il en est le seul ou presque, et cherche les autres.

Une cellule d'une ou deux personnes a quelqu'un qui la connaît : l'une d'elles, son employeur. Les autres
cibles ne doivent pas s'en déduire exactement (confiance.md, § 1.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from observatoire.indicateurs.audit.reduction import TOLERANCE
from observatoire.indicateurs.audit.systeme import INFINI, Entiers, Masque, Reels

if TYPE_CHECKING:
    from observatoire.indicateurs.audit.recherche import Recherche


@dataclass(frozen=True, slots=True)
class Inities:
    """Les cibles connues d'un initié (par rang), ce qu'il en sait et à quel arrondi près.

    `personnes` numérote toutes les cibles, du même numéro si les mêmes personnes les font : un initié
    n'apprend rien d'une cellule qui ne compte que lui.
    """

    rangs: Entiers
    valeurs: Reels
    erreurs: Reels
    personnes: Entiers

    def parmi(self, cibles: Entiers) -> Inities:
        """Rend les initiés de ces cibles, renumérotées dans leur ordre."""
        nouveaux = np.full(max(int(max(self.rangs, default=-1)), int(max(cibles, default=-1))) + 1, -1)
        nouveaux[cibles] = np.arange(len(cibles))
        retenus = nouveaux[self.rangs] >= 0
        return Inities(
            nouveaux[self.rangs[retenus]],
            self.valeurs[retenus],
            self.erreurs[retenus],
            self.personnes[cibles],
        )


def trahies(recherche: Recherche, inities: Inities) -> Masque:
    """Dit quelles cibles un initié au moins déduit exactement de ce qu'il sait.

    Les mondes déjà trouvés suffisent presque toujours : l'ensemble des mondes est convexe, deux d'entre eux
    encadrent donc un monde où l'initié a sa valeur. Le solveur ne sert que pour les paires qui restent.
    """
    rendues = np.zeros(recherche.nombre, dtype=bool)
    for rang in range(len(inities.rangs)):
        autres = inities.personnes[inities.rangs[rang]] != inities.personnes
        attendues = autres & ~rendues & ~_varient_deja(recherche, inities, rang)
        if not attendues.any():
            continue
        attendues[_varient(recherche, inities, rang)] = False
        for cible in np.flatnonzero(attendues):
            if cible not in _varient(recherche, inities, rang, np.array([cible])):
                rendues[cible] = True
    return rendues


def _varient_deja(recherche: Recherche, inities: Inities, rang: int) -> Masque:
    """Les cibles qui prennent deux valeurs dans les mondes trouvés, ou mélangés, où l'initié a la sienne."""
    mondes = np.reshape(recherche.mondes, (-1, recherche.nombre))
    siennes = mondes[:, inities.rangs[rang]] - inities.valeurs[rang]
    marge = inities.erreurs[rang] + TOLERANCE
    dessous, dessus = mondes[siennes < -marge], mondes[siennes > marge]
    creux, bosse = -siennes[siennes < -marge, np.newaxis], siennes[np.newaxis, siennes > marge]
    poids = (creux / (creux + bosse))[:, :, np.newaxis]
    melanges = dessous[:, np.newaxis] * (1 - poids) + dessus[np.newaxis] * poids
    possibles = np.concatenate([mondes[np.abs(siennes) <= marge], melanges.reshape(-1, recherche.nombre)])
    if not len(possibles):
        return np.zeros(recherche.nombre, dtype=bool)
    return _different(possibles.max(axis=0), possibles.min(axis=0))


def _varient(recherche: Recherche, inities: Inities, rang: int, cibles: Entiers | None = None) -> Entiers:
    """Les cibles qui prennent encore deux valeurs quand celle de l'initié est connue."""
    variable = recherche.exigences.cibles[inities.rangs[[rang]]]
    valeur, erreur = inities.valeurs[[rang]], inities.erreurs[[rang]]
    bas = np.maximum(0, valeur - erreur - TOLERANCE)
    recherche.programme.fixer(variable, bas, valeur + erreur + TOLERANCE)
    un, autre = recherche.point(0, cibles), recherche.point(1, cibles)
    recherche.programme.fixer(variable, np.zeros(1), np.full(1, INFINI))
    if un is None or autre is None:
        return np.empty(0, dtype=np.int64)
    recherche.noter(un)
    recherche.noter(autre)
    return np.flatnonzero(_different(un[recherche.exigences.cibles], autre[recherche.exigences.cibles]))


def _different(haut: Reels, bas: Reels) -> Masque:
    """Un intervalle plus étroit que le centième d'une unité, ou qu'un arrondi, vaut une valeur exacte."""
    differe: Masque = np.abs(haut - bas) > 0.05 + 1e-6 * np.abs(haut)
    return differe
