"""Ce que les relations déterminent sans solveur, et le découpage de ce qui reste en petits systèmes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from observatoire.erreurs import ObservatoireError
from observatoire.indicateurs.audit.systeme import INFINI, Entiers, Masque, Reels, Systeme

TOLERANCE = 1e-6
# Au-delà d'une demi-unité d'incertitude, une inconnue déduite reste une inconnue, avec ses relations.
_ERREUR_MAXIMALE = 0.5


class ChiffresIncoherentsError(ObservatoireError):
    """Les chiffres à publier se contredisent : un total n'est pas la somme de ses parties."""

    @classmethod
    def constater(cls) -> Self:
        """Dit qu'aucun monde ne porte ces chiffres."""
        return cls(
            "Les chiffres à publier se contredisent : aucune donnée ne peut les produire tous.",
            "Rien n'est publié. Vérifier que le catalogue dit vrai (additif, multiples) et reconstruire.",
        )


@dataclass(frozen=True, slots=True)
class Composante:
    """Un petit système indépendant des autres, aux variables renumérotées ; `variables` dit lesquelles."""

    variables: Entiers
    systeme: Systeme


def deduire(systeme: Systeme, *, presumees: bool = False) -> Systeme:
    """Rend le système avec les inconnues que ses relations déterminent, et les seuls termes des autres.

    Une égalité à une seule inconnue la donne ; une somme d'inconnues qui ne peut dépasser zéro les annule
    toutes ; on recommence tant que l'on trouve. Les bornes présumées n'y servent que si on le demande.
    """
    valeurs, erreurs = systeme.valeurs.copy(), systeme.erreurs.copy()
    while True:
        reste = replace(_soustraire_connues(systeme, valeurs, erreurs), valeurs=valeurs, erreurs=erreurs)
        nouvelles = 0
        for trouver in (_par_egalite, _par_zero):
            variables, trouve, marge = trouver(reste, presumees)
            variables, premiers = np.unique(variables, return_index=True)
            inconnues = np.isnan(valeurs[variables])
            valeurs[variables[inconnues]] = trouve[premiers][inconnues]
            erreurs[variables[inconnues]] = marge[premiers][inconnues]
            nouvelles += int(inconnues.sum())
        if not nouvelles:
            return reste


def reduire(systeme: Systeme, gardees: Entiers) -> Systeme:
    """Réduit un système à ce qui borne encore les variables gardées, sans en changer les intervalles.

    Raises:
        ChiffresIncoherentsError: une relation certaine entre valeurs connues est violée.
    """
    reste = deduire(systeme)
    violees = ((reste.bas > TOLERANCE) | (reste.haut < -TOLERANCE)) & ~_actives(reste)
    if violees.any() or (reste.valeurs < -reste.erreurs - TOLERANCE).any():
        raise ChiffresIncoherentsError.constater()
    masque = np.zeros(len(systeme.valeurs), dtype=bool)
    masque[gardees] = True
    return _fondre(_projeter(_sans_vides(reste), masque))


def _fondre(systeme: Systeme) -> Systeme:
    """Fond en une seule les relations qui ne bornent qu'une inconnue, la même."""
    seules = np.bincount(systeme.lignes, minlength=systeme.relations) == 1
    termes = seules[systeme.lignes]
    lignes, variables = systeme.lignes[termes], systeme.colonnes[termes]
    coefficients = systeme.coefficients[termes]
    positives, rang = np.unique(variables, return_inverse=True)
    bornes = []
    for bas, haut in ((systeme.bas, systeme.haut), (systeme.bas_presume, systeme.haut_presume)):
        extremes = np.stack([bas[lignes], haut[lignes]]) / coefficients
        plancher, plafond = np.full(len(positives), -INFINI), np.full(len(positives), INFINI)
        np.maximum.at(plancher, rang, extremes.min(axis=0))
        np.minimum.at(plafond, rang, extremes.max(axis=0))
        bornes += [np.concatenate([bas[~seules], plancher]), np.concatenate([haut[~seules], plafond])]
    suite = np.cumsum(~seules) - 1
    return replace(
        systeme,
        lignes=np.concatenate([suite[systeme.lignes[~termes]], (~seules).sum() + np.arange(len(positives))]),
        colonnes=np.concatenate([systeme.colonnes[~termes], positives]),
        coefficients=np.concatenate([systeme.coefficients[~termes], np.ones(len(positives))]),
        bas=bornes[0],
        haut=bornes[1],
        bas_presume=bornes[2],
        haut_presume=bornes[3],
    )


def _soustraire_connues(systeme: Systeme, valeurs: Reels, erreurs: Reels) -> Systeme:
    """Passe les termes connus du côté des bornes, que leurs arrondis élargissent."""
    connus = ~np.isnan(valeurs[systeme.colonnes])
    lignes, colonnes = systeme.lignes[connus], systeme.colonnes[connus]
    coefficients = systeme.coefficients[connus]
    somme = np.bincount(lignes, coefficients * valeurs[colonnes], systeme.relations)
    marge = np.bincount(lignes, np.abs(coefficients) * erreurs[colonnes], systeme.relations)
    # Un millionième d'une grande somme de nombres à virgule n'est pas une contradiction.
    marge = marge + 1e-12 * np.bincount(lignes, np.abs(coefficients * valeurs[colonnes]), systeme.relations)
    bas, haut = systeme.bas - somme - marge, systeme.haut - somme + marge
    bas_presume, haut_presume = systeme.bas_presume - somme - marge, systeme.haut_presume - somme + marge
    return replace(
        systeme,
        lignes=systeme.lignes[~connus],
        colonnes=systeme.colonnes[~connus],
        coefficients=systeme.coefficients[~connus],
        bas=bas,
        haut=haut,
        bas_presume=np.maximum(bas, bas_presume),
        haut_presume=np.minimum(haut, haut_presume),
    )


def _actives(systeme: Systeme) -> Masque:
    return np.bincount(systeme.lignes, minlength=systeme.relations) > 0


def _bornes(systeme: Systeme, presumees: bool) -> tuple[Reels, Reels]:
    return (systeme.bas_presume, systeme.haut_presume) if presumees else (systeme.bas, systeme.haut)


def _par_egalite(systeme: Systeme, presumees: bool) -> tuple[Entiers, Reels, Reels]:
    """L'inconnue de chaque égalité qui n'en a qu'une, sa valeur et sa marge."""
    bas, haut = _bornes(systeme, presumees)
    seules = np.bincount(systeme.lignes, minlength=systeme.relations) == 1
    termes = (seules & np.isfinite(bas) & np.isfinite(haut))[systeme.lignes]
    lignes, coefficients = systeme.lignes[termes], systeme.coefficients[termes]
    marge = (haut[lignes] - bas[lignes]) / 2 / np.abs(coefficients)
    valeur = (haut[lignes] + bas[lignes]) / 2 / coefficients
    precises = (marge <= _ERREUR_MAXIMALE) & (marge > -TOLERANCE)
    return systeme.colonnes[termes][precises], valeur[precises], np.maximum(marge[precises], 0)


def _par_zero(systeme: Systeme, presumees: bool) -> tuple[Entiers, Reels, Reels]:
    """Les inconnues de chaque somme qui ne peut être que nulle."""
    bas, haut = _bornes(systeme, presumees)
    positifs = systeme.coefficients > 0
    negatives = np.bincount(systeme.lignes, ~positifs, systeme.relations) == 0
    positives = np.bincount(systeme.lignes, positifs, systeme.relations) == 0
    plafond = np.where(negatives, haut, np.where(positives, -bas, INFINI))
    termes = (plafond <= 2 * TOLERANCE)[systeme.lignes] & (plafond >= -TOLERANCE)[systeme.lignes]
    variables = systeme.colonnes[termes]
    return variables, np.zeros(len(variables)), np.zeros(len(variables))


def _sans_vides(systeme: Systeme) -> Systeme:
    """Ôte les relations qui n'ont plus d'inconnue ou ne bornent plus rien, et renumérote les autres."""
    utiles = _actives(systeme) & (np.isfinite(systeme.bas_presume) | np.isfinite(systeme.haut_presume))
    rang = np.cumsum(utiles) - 1
    termes = utiles[systeme.lignes]
    return replace(
        systeme,
        lignes=rang[systeme.lignes[termes]],
        colonnes=systeme.colonnes[termes],
        coefficients=systeme.coefficients[termes],
        bas=systeme.bas[utiles],
        haut=systeme.haut[utiles],
        bas_presume=systeme.bas_presume[utiles],
        haut_presume=systeme.haut_presume[utiles],
    )


def _projeter(systeme: Systeme, gardees: Masque) -> Systeme:
    """Ôte une à une les inconnues qu'une seule relation porte et que l'on ne veut pas borner.

    Positive et sans autre contrainte, l'inconnue absorbe ce que l'on veut d'un côté de la relation : il ne
    reste que la borne de l'autre côté. La projection est exacte.
    """
    while True:
        occurrences = np.bincount(systeme.colonnes, minlength=len(systeme.valeurs))
        seules = (occurrences[systeme.colonnes] == 1) & ~gardees[systeme.colonnes]
        if not seules.any():
            return systeme
        lignes, positifs = systeme.lignes[seules], systeme.coefficients[seules] > 0
        bornes = [borne.copy() for borne in (systeme.bas, systeme.bas_presume)]
        hauts = [borne.copy() for borne in (systeme.haut, systeme.haut_presume)]
        for borne in bornes:
            borne[lignes[positifs]] = -INFINI
        for borne in hauts:
            borne[lignes[~positifs]] = INFINI
        systeme = _sans_vides(
            replace(
                systeme,
                lignes=systeme.lignes[~seules],
                colonnes=systeme.colonnes[~seules],
                coefficients=systeme.coefficients[~seules],
                bas=bornes[0],
                bas_presume=bornes[1],
                haut=hauts[0],
                haut_presume=hauts[1],
            )
        )


def composantes(systeme: Systeme, cibles: Entiers) -> list[Composante]:
    """Coupe en systèmes indépendants, et ne rend que ceux qui portent une cible."""
    etiquettes = _etiqueter(systeme)
    voulues = np.unique(etiquettes[cibles])
    variables = np.flatnonzero(np.isin(etiquettes, voulues))
    variables = variables[np.argsort(etiquettes[variables], kind="stable")]
    rang = np.full(len(systeme.valeurs), -1)
    groupes = np.split(variables, np.flatnonzero(np.diff(etiquettes[variables])) + 1)
    ordre = np.argsort(etiquettes[systeme.colonnes], kind="stable")
    triees = etiquettes[systeme.colonnes][ordre]
    rendues = []
    for groupe in groupes if len(variables) else []:
        rang[groupe] = np.arange(len(groupe))
        debut, fin = np.searchsorted(triees, [etiquettes[groupe[0]], etiquettes[groupe[0]] + 1])
        termes = np.sort(ordre[debut:fin])
        lignes, numeros = np.unique(systeme.lignes[termes], return_inverse=True)
        rendues.append(
            Composante(
                groupe,
                Systeme(
                    numeros,
                    rang[systeme.colonnes[termes]],
                    systeme.coefficients[termes],
                    systeme.bas[lignes],
                    systeme.haut[lignes],
                    systeme.bas_presume[lignes],
                    systeme.haut_presume[lignes],
                    np.full(len(groupe), np.nan),
                    np.zeros(len(groupe)),
                ),
            )
        )
    return rendues


def _etiqueter(systeme: Systeme) -> Entiers:
    """Donne la même étiquette aux variables que des relations lient de proche en proche."""
    etiquettes = np.arange(len(systeme.valeurs))
    while True:
        plus_petite = np.full(systeme.relations, len(systeme.valeurs))
        np.minimum.at(plus_petite, systeme.lignes, etiquettes[systeme.colonnes])
        nouvelles = etiquettes.copy()
        np.minimum.at(nouvelles, systeme.colonnes, plus_petite[systeme.lignes])
        # On suit les étiquettes jusqu'à leur racine : peu de passes suffisent aux longues chaînes.
        while not np.array_equal(suite := nouvelles[nouvelles], nouvelles):
            nouvelles = suite
        if np.array_equal(nouvelles, etiquettes):
            return etiquettes
        etiquettes = nouvelles
