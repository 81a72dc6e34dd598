"""L'additivité : ce qui s'additionne, et le refus d'additionner le reste."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.erreurs import ObservatoireError, suggestion
from observatoire.indicateurs.cellule import NON_DISPONIBLE, PUBLIE, SECRET
from observatoire.indicateurs.registre import RAPPORTS, REGISTRE
from observatoire.perimetre import Periode
from observatoire.referentiel import ENSEMBLE

if TYPE_CHECKING:
    from collections.abc import Iterable

# La dimension, au pluriel, et pourquoi une même unité s'y retrouve plusieurs fois.
_DIMENSIONS = {
    "territoire": ("territoires", "peut relever de plusieurs"),
    "periode": ("périodes", "compte dans chacune"),
    "modalite": ("modalités", "peut en avoir plusieurs"),
}
_AUTRES = ["indicateur", "unite", "ventilation", "territoire", "periode", "modalite"]


def sommer(valeurs: pd.DataFrame, dimension: str) -> pd.DataFrame:
    """Additionne des cellules publiées sur une dimension, si l'indicateur le permet.

    Les cellules reçues sont celles que l'on veut additionner : trimestres d'une année, départements,
    modalités d'une même ventilation. Une cellule cachée rend la somme secrète ; une cellule non
    disponible la rend non disponible.

    Args:
        valeurs: des lignes de `indicateurs/valeurs`.
        dimension: `territoire`, `periode` ou `modalite`.

    Returns:
        Une ligne par cellule restante : ses colonnes sans la dimension, `valeur` et `statut`.

    Raises:
        ObservatoireError: la somme compterait deux fois la même unité.
    """
    if dimension not in _DIMENSIONS:
        raise ObservatoireError(f"Dimension inconnue : « {dimension} ».", suggestion(dimension, _DIMENSIONS))
    for indicateur, lignes in valeurs.groupby("indicateur"):
        _verifier_additif(str(indicateur), dimension, lignes["ventilation"].unique())
    _verifier_disjointes(valeurs[dimension].unique(), dimension)
    restantes = [nom for nom in _AUTRES if nom != dimension]
    marquees = valeurs.assign(
        secret=valeurs["statut"] == SECRET, absente=~valeurs["statut"].isin([PUBLIE, SECRET])
    )
    sommes = marquees.groupby(restantes, as_index=False).agg(
        valeur=("valeur", "sum"), secret=("secret", "max"), absente=("absente", "max")
    )
    statut = pd.Series(PUBLIE, index=sommes.index, dtype="string")
    statut = statut.mask(sommes["absente"], NON_DISPONIBLE).mask(sommes["secret"], SECRET)
    table = sommes.assign(statut=statut, valeur=sommes["valeur"].where(statut == PUBLIE))
    return table.drop(columns=["secret", "absente"])


def _verifier_additif(nom: str, dimension: str, ventilations: Iterable[str]) -> None:
    pluriel, raison = _DIMENSIONS[dimension]
    if nom in RAPPORTS:
        raise ObservatoireError(
            f"« {RAPPORTS[nom].libelle} » est un rapport : il ne s'additionne pas.",
            "Additionner ses deux termes, puis les diviser.",
        )
    indicateur = REGISTRE[nom]
    multiples = set(ventilations) & set(indicateur.multiples) if dimension == "modalite" else set()
    if dimension not in indicateur.additif or multiples:
        raise ObservatoireError(
            f"« {indicateur.libelle} » : les {indicateur.unite} ne s'additionnent pas entre {pluriel}, "
            f"la même unité {raison}.",
            "Lire la cellule publiée de l'ensemble : l'année, la région ou le total.",
        )


def _verifier_disjointes(codes: Iterable[str], dimension: str) -> None:
    """Refuse des cellules qui se recouvrent : une région et ses départements, deux fenêtres glissantes."""
    if dimension == "territoire":
        recouvrent = len({code.split(":")[0] for code in codes}) > 1
    elif dimension == "periode":
        rythmes = {Periode.lire(code).rythme for code in codes}
        recouvrent = len(rythmes) > 1 or "glissant" in rythmes
    else:
        recouvrent = ENSEMBLE in codes
    if recouvrent:
        raise ObservatoireError(
            f"Ces {_DIMENSIONS[dimension][0]} se recouvrent : la somme compterait deux fois.",
            "Choisir un seul niveau de territoire, un seul rythme, une ventilation sans son ensemble.",
        )
