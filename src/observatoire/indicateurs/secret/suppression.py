"""La suppression complémentaire : que taire de plus pour que les cellules sensibles ne se recalculent pas.

Méthode : écart de coût minimal, cible par cible (Fischetti et Salazar ; manuel SDC d'Eurostat, §4.4). Pour
chaque cellule sensible et chaque sens, un programme linéaire cherche un autre monde, qui imprime les mêmes
chiffres, où la cellule vaut autre chose ; les cellules qui y bougent sont tues. Ce monde est le témoin
de la protection : taire davantage ensuite ne peut que l'élargir. Un nettoyage rend ensuite publiable
toute cellule complémentaire dont aucune cible n'a besoin.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Self

import numpy as np

from observatoire.erreurs import ObservatoireError
from observatoire.indicateurs.secret.programme import (
    BOUGE,
    CACHEE,
    PUBLIABLE,
    VARIE,
    Cible,
    Programmes,
    Systeme,
    Temoin,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray


class SecretImpossibleError(ObservatoireError):
    """Aucun choix de cellules à taire ne protège une cellule sensible : rien n'est publié."""

    cellule: int = -1

    @classmethod
    def pour(cls, cellule: int) -> Self:
        """L'erreur d'une cellule, que l'appelant nomme."""
        erreur = cls(
            "Une cellule ne peut pas être protégée : rien n'est publié.", "Réduire le plan de publication."
        )
        erreur.cellule = cellule
        return erreur


@dataclass
class Resultat:
    """Les cellules à taire, le témoin de chaque cible, et la cible qui a fait taire chaque cellule."""

    cachees: NDArray[np.bool_]
    temoins: dict[Cible, Temoin] = field(default_factory=dict)
    origines: dict[int, Cible] = field(default_factory=dict)


def supprimer(
    systeme: Systeme,
    cibles: Iterable[Cible],
    blocs: Sequence[NDArray[np.bool_]] = (),
    sues: Mapping[int, frozenset[int]] | None = None,
) -> Resultat:
    """Choisit les cellules à taire pour que toutes les cibles soient atteintes.

    Le résultat ne dépend ni de l'ordre des cibles reçues, ni d'un tirage.

    Args:
        systeme: les tableaux liés.
        cibles: ce que les témoins doivent montrer ; `bloc` dit où en chercher un d'abord.
        blocs: des parties des inconnues ; un témoin qui ne bouge que là se trouve bien plus vite.
        sues: les cellules qu'un initié connaît (une ou deux personnes), et celles qui sont pour lui la même :
            qui en sait une ne doit retrouver exactement aucune autre cible.

    Raises:
        SecretImpossibleError: une cible ne peut pas être atteinte, même en taisant tout ce qui peut l'être.
    """
    ordre = sorted(cibles, key=lambda c: (-c.besoin, c.cellule, c.sens))
    resultat = Resultat((systeme.etat == CACHEE).copy())
    if not ordre:
        return resultat
    programmes = Programmes(systeme, blocs)
    resultat.cachees[[cible.cellule for cible in ordre]] = True
    programmes.taire(np.flatnonzero(resultat.cachees))
    for cible in ordre:
        _atteindre(programmes, resultat, [cible])
    for choix in _face_aux_inities(ordre, sues or {}):
        _atteindre(programmes, resultat, choix)
    _nettoyer(programmes, systeme, list(resultat.temoins), resultat)
    return resultat


def _atteindre(programmes: Programmes, resultat: Resultat, choix: list[Cible]) -> None:
    """Trouve un témoin de la première cible qui en a un, et tait ce qui y bouge."""
    for chercher in (lambda c: _deja_la(c, resultat.temoins), programmes.chercher):
        for cible in choix:
            temoin = chercher(cible)
            if temoin is None:
                continue
            bougent = np.flatnonzero((np.abs(temoin.ecart) > BOUGE) & ~resultat.cachees)
            resultat.cachees[bougent] = True
            programmes.taire(bougent)
            resultat.temoins[cible] = temoin
            resultat.origines.update(dict.fromkeys(bougent.tolist(), cible))
            return
    raise SecretImpossibleError.pour(choix[0].cellule)


def _face_aux_inities(cibles: list[Cible], sues: Mapping[int, frozenset[int]]) -> Iterator[list[Cible]]:
    """Pour qui connaît une cellule, chaque autre cible doit pouvoir varier, dans un sens ou dans l'autre."""
    ordonnees = sorted(cibles, key=lambda c: (c.cellule, c.sens))
    for sachant, memes in sorted(sues.items()):
        for cellule, siennes in groupby(ordonnees, lambda c: c.cellule):
            if cellule not in memes:
                yield [replace(cible, besoin=min(cible.besoin, VARIE), sachant=sachant) for cible in siennes]


def _deja_la(cible: Cible, temoins: dict[Cible, Temoin]) -> Temoin | None:
    """Le témoin d'une autre cible qui fait aussi l'affaire."""
    return next((temoin for temoin in dict.fromkeys(temoins.values()) if temoin.montre(cible)), None)


def _nettoyer(programmes: Programmes, systeme: Systeme, cibles: list[Cible], resultat: Resultat) -> None:
    """Rend publiables les cellules complémentaires dont aucune cible n'a besoin, la plus coûteuse d'abord.

    La cible qui a fait taire une cellule est éprouvée la première : le plus souvent, elle en a besoin.
    """
    programmes.figer(np.flatnonzero(~resultat.cachees))
    sensibles = {cible.cellule for cible in cibles}
    candidates = [
        int(c) for c in np.flatnonzero(resultat.cachees & (systeme.etat == PUBLIABLE)) if c not in sensibles
    ]
    for cellule in sorted(candidates, key=lambda c: (-systeme.poids[c], c)):
        origine = resultat.origines[cellule]
        en_usage = [c for c in cibles if resultat.temoins[c].bouge(cellule)]
        en_usage = [c for c in en_usage if c is origine] + [c for c in en_usage if c is not origine]
        programmes.figer(np.array([cellule]))
        remplacants: dict[Cible, Temoin] = {}
        for cible in en_usage:
            temoin = _deja_la(cible, remplacants) or programmes.chercher(cible)
            if temoin is None:
                programmes.liberer(cellule)
                break
            remplacants[cible] = temoin
        else:
            resultat.cachees[cellule] = False
            resultat.temoins.update(remplacants)
