"""Les règles primaires : quelles cellules sont sensibles, et l'intervalle qu'un lecteur doit trouver.

- `personnes` : une à k − 1 personnes, quelle que soit l'unité. Un compte doit pouvoir aller de 0 à
  max(k, valeur + 1), une somme de 0 à 18 % de plus.
- `groupe` : une donnée sensible que presque tous portent (ensemble − valeur < k). Le compte doit pouvoir
  être assez bas pour que k personnes ne la portent pas.
- `contributeurs` : moins de trois employeurs, ou un qui fait plus de 85 % de la somme. La dominance ne doit
  plus se vérifier.

L'intervalle d'un compte n'apprend rien de plus que la règle elle-même. Celui d'une somme dominée est
celui du manuel SDC d'Eurostat pour la règle (1, 85) : 100/85 × le premier − la somme, des deux côtés.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.referentiel import ENSEMBLE, ventilations

if TYPE_CHECKING:
    from observatoire.indicateurs.secret.politique import Politique

PERSONNES, GROUPE, CONTRIBUTEURS = "personnes", "groupe", "contributeurs"
SOMMES = ("h", "€", "jours")
_ANODINES = ("NON", "NR", ENSEMBLE)


def exigences(cellules: pd.DataFrame, politique: Politique) -> pd.DataFrame:
    """Rend, pour chaque cellule, `raison` (vide si elle n'est pas sensible), `bas` et `haut`.

    `bas` et `haut` bornent l'intervalle exigé : un lecteur doit pouvoir croire que la cellule vaut `bas`,
    et qu'elle vaut `haut`.

    Args:
        cellules: `indicateur`, `ventilation`, `territoire`, `periode`, `modalite`, `unite`, `valeur`,
            `effectif`, `employeurs`, `premier`, et `close` s'il y en a de cachées par une édition passée.
        politique: les seuils.
    """
    ensemble = _ensemble(cellules)
    valeur, effectif = (cellules[c].astype("Float64") for c in ("valeur", "effectif"))
    sensible = cellules["ventilation"].map(_sensible).astype(bool)
    seuil = seuils(cellules, politique)
    petite = effectif.ge(1) & effectif.lt(seuil)
    population = _minimum(ensemble, _marges(cellules, sensibles=False))
    groupe = (
        sensible
        & cellules["unite"].eq("personnes")
        & ~_anodine(cellules)
        & valeur.ge(seuil)
        & (population - valeur).lt(seuil)
    )
    seule = valeur.gt(0) & (
        cellules["employeurs"].lt(politique.employeurs) | (cellules["premier"] > politique.dominance * valeur)
    )
    raison = pd.Series("", index=cellules.index, dtype="string")
    for nom, lesquelles in ((CONTRIBUTEURS, seule), (GROUPE, groupe), (PERSONNES, petite)):
        raison = raison.mask(lesquelles.fillna(value=False).astype(bool), nom)
    somme = cellules["unite"].isin(SOMMES)
    haut = pd.Series(float("nan"), index=cellules.index).astype("Float64")
    # Le lecteur connaît les marges : une partie ne peut pas lui sembler plus grande.
    total = _minimum(ensemble.mask(cellules["ventilation"] == ENSEMBLE), _marges(cellules, sensibles=True))
    marge = _minimum(valeur * (1 / politique.dominance - 1), (total - valeur) / 2)
    domine = (cellules["premier"].astype("Float64") / politique.dominance - valeur).fillna(0)
    besoin = marge.where(domine <= 0, domine)
    compte = _minimum(pd.concat([seuil.astype("Float64"), valeur + 1], axis=1).max(axis=1), total)
    haut = compte.mask(somme, valeur + marge).mask(raison.eq(CONTRIBUTEURS), valeur + besoin)
    haut = haut.mask(raison.eq(GROUPE), valeur)
    bas = (valeur - besoin).clip(lower=0).where(raison.eq(CONTRIBUTEURS), 0)
    bas = bas.mask(raison.eq(GROUPE), (population - seuil).clip(lower=0))
    bas, haut = _rappeler(cellules, raison, bas, haut, seuil)
    vides = raison.eq("")
    return pd.DataFrame({"raison": raison, "bas": bas.mask(vides), "haut": haut.mask(vides)})


def seuils(cellules: pd.DataFrame, politique: Politique) -> pd.Series[int]:
    """Rend le nombre de personnes exigé de chaque cellule."""
    sensible = cellules["ventilation"].map(_sensible).astype(bool)
    return pd.Series(politique.seuil, index=cellules.index).mask(sensible, politique.seuil_sensible)


def _rappeler(
    cellules: pd.DataFrame, raison: pd.Series, bas: pd.Series, haut: pd.Series, seuil: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Ce qu'exige encore un compte caché par une édition passée, et dont la valeur d'alors est perdue."""
    if "close" not in cellules:
        return bas, haut
    compte = cellules["close"] & ~cellules["unite"].isin(SOMMES)
    haut = haut.mask(compte & raison.eq(PERSONNES), _minimum(haut, seuil.astype("Float64")))
    return bas, haut.mask(compte & raison.eq(GROUPE), bas)


def _marges(cellules: pd.DataFrame, *, sensibles: bool) -> pd.Series:
    """La plus petite marge d'un croisement (« F×M26 » : « F » ou « M26 »), sensibles comprises ou non."""
    marges = pd.Series(float("nan"), index=cellules.index, dtype="Float64")
    cle = ["indicateur", "territoire", "periode", "ventilation", "modalite"]
    for nom, lignes in cellules.groupby("ventilation"):
        for rang, axe in enumerate(_axes(str(nom))):
            if _sensible(axe) and not sensibles:
                continue
            cherchees = lignes.assign(ventilation=axe, modalite=lignes["modalite"].str.split("×").str[rang])
            lues = cherchees[cle].merge(cellules[[*cle, "valeur"]], how="left", on=cle)["valeur"]
            lues = lues.astype("Float64").set_axis(lignes.index)
            marges.loc[lignes.index] = _minimum(marges.loc[lignes.index], lues)
    return marges


def _anodine(cellules: pd.DataFrame) -> pd.Series:
    """Dit quelles modalités n'attribuent rien de sensible : « NON », « F×NON »."""
    anodines = cellules["modalite"].isin(_ANODINES)
    for nom, lignes in cellules.groupby("ventilation"):
        for rang, axe in enumerate(_axes(str(nom))):
            if _sensible(axe):
                codes = lignes["modalite"].str.split("×").str[rang]
                anodines.loc[lignes.index] |= codes.isin(_ANODINES)
    return anodines


def _axes(ventilation: str) -> tuple[str, ...]:
    """Les axes d'un croisement ; ce qui n'en est pas un n'en a pas."""
    axes = () if ventilation == ENSEMBLE else ventilations()[ventilation].axes
    return axes if len(axes) > 1 else ()


def _minimum(un: pd.Series, autre: pd.Series) -> pd.Series:
    """Le plus petit des deux, celui qui existe si l'autre manque."""
    return pd.concat([un, autre], axis=1).min(axis=1)


def _sensible(ventilation: str) -> bool:
    return ventilation != ENSEMBLE and ventilations()[ventilation].sensible


def _ensemble(cellules: pd.DataFrame) -> pd.Series:
    """La valeur de l'ensemble, même indicateur, territoire et période."""
    cle = ["indicateur", "territoire", "periode"]
    totaux = cellules.loc[cellules["ventilation"] == ENSEMBLE, [*cle, "valeur"]]
    lus = cellules[cle].merge(totaux, how="left", on=cle, validate="many_to_one")["valeur"]
    return lus.astype("Float64").set_axis(cellules.index)
