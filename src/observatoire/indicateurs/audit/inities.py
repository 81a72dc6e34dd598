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

    On suppose d'abord connues les valeurs de beaucoup d'initiés à la fois : une cible qui varie encore
    varie pour chacun d'eux. Seules les paires qui restent sont essayées une à une.
    """
    nombre = len(inities.rangs)
    douteuses = inities.personnes[inities.rangs][:, np.newaxis] != inities.personnes[np.newaxis, :]
    for groupe in _groupes(nombre):
        varient = _varient(recherche, inities, groupe)
        douteuses[np.ix_(groupe, varient)] = False
    rendues = np.zeros(recherche.nombre, dtype=bool)
    for rang in np.flatnonzero(douteuses.any(axis=1)):
        seul = np.array([rang])
        attendues = douteuses[rang] & ~rendues
        attendues[_varient(recherche, inities, seul)] = False
        for cible in np.flatnonzero(attendues):
            if cible not in _varient(recherche, inities, seul, np.array([cible])):
                rendues[cible] = True
    return rendues


def _groupes(nombre: int) -> list[Entiers]:
    """Des groupes tels que deux initiés quelconques soient séparés au moins une fois, dans les deux sens."""
    rangs = np.arange(nombre)
    bits = range(max(nombre - 1, 0).bit_length())
    groupes = [rangs, *(rangs[(rangs >> bit) & 1 == cote] for bit in bits for cote in (0, 1))]
    return [groupe for groupe in groupes if len(groupe) > 1]


def _varient(
    recherche: Recherche, inities: Inities, groupe: Entiers, cibles: Entiers | None = None
) -> Entiers:
    """Les cibles qui prennent encore deux valeurs quand celles du groupe sont connues."""
    variables = recherche.exigences.cibles[inities.rangs[groupe]]
    valeurs, erreurs = inities.valeurs[groupe], inities.erreurs[groupe]
    bas = np.maximum(0, valeurs - erreurs - TOLERANCE)
    recherche.programme.fixer(variables, bas, valeurs + erreurs + TOLERANCE)
    un, autre = recherche.point(0, cibles), recherche.point(1, cibles)
    recherche.programme.fixer(variables, np.zeros(len(groupe)), np.full(len(groupe), INFINI))
    if un is None or autre is None:
        return np.empty(0, dtype=np.int64)
    haut, creux = un[recherche.exigences.cibles], autre[recherche.exigences.cibles]
    # Un intervalle plus étroit que le centième d'une unité, ou qu'un arrondi, vaut une valeur exacte.
    return np.flatnonzero(np.abs(haut - creux) > 0.05 + 1e-6 * np.abs(haut))
