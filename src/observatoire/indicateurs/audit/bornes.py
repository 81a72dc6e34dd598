"""Le noyau de l'audit : l'intervalle qu'un attaquant déduit d'une cellule cachée (confiance.md, § 1.3).

Deux programmes linéaires par cible, ou bien moins quand un même monde sert à plusieurs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from observatoire.indicateurs.audit.inities import Inities, trahies
from observatoire.indicateurs.audit.recherche import Exigences, Recherche, atteint_bas, atteint_haut
from observatoire.indicateurs.audit.reduction import composantes, reduire
from observatoire.indicateurs.audit.solveur import GRANDE, AuditImpossibleError, Programme, trancher
from observatoire.indicateurs.audit.systeme import INFINI, Entiers, Masque, Reels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from observatoire.indicateurs.audit.systeme import Systeme

_PRECISION = 1e-6


def borner(systeme: Systeme, cibles: Entiers) -> tuple[Reels, Reels]:
    """Rend le plus petit et le plus grand nombre que chaque cible peut valoir.

    Un lecteur sait que les variables sont positives, les relations, et les valeurs publiées, à leur
    arrondi près. Une cible non bornée va jusqu'à l'infini.

    Raises:
        ChiffresIncoherentsError: aucun monde ne porte ces chiffres.
        AuditImpossibleError: le solveur n'a pas conclu.
    """
    reduit = reduire(systeme, cibles)
    bas, haut = reduit.valeurs - reduit.erreurs, reduit.valeurs + reduit.erreurs
    cherchees = cibles[np.isnan(bas[cibles])]
    for composante in composantes(reduit, cherchees):
        programme = Programme(trancher(composante.systeme)[0])
        for rang in np.flatnonzero(np.isin(composante.variables, cherchees)):
            for signe, borne in ((1, bas), (-1, haut)):
                point = programme.minimiser({int(rang): signe})
                # Le système a un point : sans optimum, seul un plafond infini est une réponse.
                if point is None and (signe > 0 or programme.impossible):
                    raise AuditImpossibleError.constater("aucun optimum")
                borne[composante.variables[rang]] = INFINI if point is None else point[rang]
    return bas[cibles], haut[cibles]


@dataclass(frozen=True, slots=True)
class Preuve:
    """Pour chaque cible, l'intervalle parcouru par les mondes trouvés, et si l'exigence est prouvée.

    `initie` : qui connaît une autre cible en déduit exactement celle-ci.

    L'attaquant ne peut pas déduire un intervalle plus étroit que celui-ci : il peut être plus large.
    """

    bas: Reels
    haut: Reels
    prouvee: Masque
    initie: Masque


def eprouver(
    systeme: Systeme,
    exigences: Exigences,
    inities: Inities | None = None,
    charnieres: Masque | None = None,
) -> Preuve:
    """Cherche, pour chaque cible, des mondes possibles qui atteignent ce qu'elle exige.

    Un même monde sert à toutes les cibles de sa composante : il faut bien moins de deux programmes par
    cible. Une grande composante est d'abord coupée en tenant ses charnières (les totaux qui relient les
    tableaux) à un point possible : un monde trouvé là est un monde de la composante entière. Une cible
    n'est refusée qu'après son programme entier.

    Raises:
        ChiffresIncoherentsError: aucun monde ne porte ces chiffres.
        AuditImpossibleError: le solveur n'a pas conclu.
    """
    cibles = exigences.cibles
    reduit = reduire(systeme, cibles)
    bas, haut = reduit.valeurs - reduit.erreurs, reduit.valeurs + reduit.erreurs
    initie = np.zeros(len(bas), dtype=bool)
    rang_exigence = np.full(len(bas), -1)
    rang_exigence[cibles] = np.arange(len(cibles))
    for composante in composantes(reduit, cibles[np.isnan(bas[cibles])]):
        voulues = np.flatnonzero(rang_exigence[composante.variables] >= 0)
        retenues = rang_exigence[composante.variables[voulues]]
        trouvee = _eprouver_composante(
            *trancher(composante.systeme),
            replace(exigences.parmi(retenues), cibles=voulues),
            None if inities is None else inities.parmi(retenues),
            None if charnieres is None else charnieres[composante.variables],
        )
        globales = composante.variables[voulues]
        bas[globales], haut[globales], initie[globales] = trouvee.bas, trouvee.haut, trouvee.initie
    atteinte = atteint_bas(bas[cibles], exigences) & atteint_haut(haut[cibles], exigences)
    return Preuve(bas[cibles], haut[cibles], atteinte, initie[cibles])


def _eprouver_composante(
    systeme: Systeme,
    monde: Reels,
    exigences: Exigences,
    inities: Inities | None,
    charnieres: Masque | None,
) -> Preuve:
    nombre = len(exigences.cibles)
    preuve = Preuve(
        np.full(nombre, INFINI), np.full(nombre, -INFINI), np.zeros(nombre, bool), np.ones(nombre, bool)
    )
    if charnieres is not None and len(systeme.valeurs) > GRANDE:
        for rangs, sous, cibles in _morceaux(systeme, monde, exigences, charnieres):
            siennes = replace(exigences.parmi(rangs), cibles=cibles)
            recherche = Recherche(sous, siennes)
            recherche.parcourir()
            _consigner(preuve, rangs, recherche, inities)
    restent = np.flatnonzero(~preuve.prouvee | preuve.initie)
    if len(restent):
        recherche = Recherche(systeme, exigences.parmi(restent))
        recherche.parcourir()
        _consigner(preuve, restent, recherche, inities)
    return preuve


def _consigner(preuve: Preuve, rangs: Entiers, recherche: Recherche, inities: Inities | None) -> None:
    preuve.bas[rangs] = np.minimum(preuve.bas[rangs], recherche.bas)
    preuve.haut[rangs] = np.maximum(preuve.haut[rangs], recherche.haut)
    preuve.prouvee[rangs] = atteint_bas(recherche.bas, recherche.exigences) & atteint_haut(
        recherche.haut, recherche.exigences
    )
    trahie = np.zeros(len(rangs), bool) if inities is None else trahies(recherche, inities.parmi(rangs))
    preuve.initie[rangs] = trahie


def _morceaux(
    systeme: Systeme, monde: Reels, exigences: Exigences, charnieres: Masque
) -> Iterator[tuple[Entiers, Systeme, Entiers]]:
    """Coupe une composante à ses charnières, tenues à ce monde : rangs des cibles, morceau, ses cibles."""
    fige = replace(
        systeme,
        bas=systeme.bas_presume,
        haut=systeme.haut_presume,
        valeurs=np.where(charnieres, monde, np.nan),
        erreurs=np.where(charnieres, _PRECISION, 0.0),
    )
    libres = exigences.cibles[~charnieres[exigences.cibles]]
    reduit = reduire(fige, libres)
    rang = np.full(len(systeme.valeurs), -1)
    rang[exigences.cibles] = np.arange(len(exigences.cibles))
    for morceau in composantes(reduit, libres[np.isnan(reduit.valeurs[libres])]):
        cibles = np.flatnonzero(rang[morceau.variables] >= 0)
        yield rang[morceau.variables[cibles]], morceau.systeme, cibles
