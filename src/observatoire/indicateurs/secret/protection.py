"""La protection de toutes les cellules : un système par tableau, l'ensemble d'abord, puis le détail.

Les tableaux d'un indicateur se touchent par leurs marges : l'ensemble pour une ventilation, les deux axes
pour un croisement. Un tableau est protégé marges tenues fixes, même cachées : un témoin d'un tableau
n'en dérange donc aucun autre. Quand une marge est cachée, tout ce qui la compose l'est. Les tableaux
d'un même rang sont indépendants : ils sont protégés en même temps, chacun dans un processus.
"""

from __future__ import annotations

import os
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from observatoire.indicateurs.cellule import (
    CLE,
    DEJA_CACHEE,
    DEJA_PUBLIEE,
    LIBRE,
    NON_DISPONIBLE,
    PUBLIE,
    SECRET,
)
from observatoire.indicateurs.registre import REGISTRE
from observatoire.indicateurs.secret.geographie import REGION
from observatoire.indicateurs.secret.marges import (
    avec_marges,
    axes_de,
    couvertes,
    du_tableau,
    taire_les_parties,
)
from observatoire.indicateurs.secret.primaire import SOMMES, exigences
from observatoire.indicateurs.secret.programme import (
    CACHEE,
    FIXE,
    PUBLIABLE,
    CalculInacheveError,
    Cible,
    completer,
)
from observatoire.indicateurs.secret.suppression import SecretImpossibleError, supprimer
from observatoire.indicateurs.secret.tableaux import Structure, Tableau
from observatoire.perimetre import Periode
from observatoire.referentiel import ENSEMBLE, ventilations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from observatoire.indicateurs.registre import Indicateur
    from observatoire.indicateurs.secret.geographie import Geographie
    from observatoire.indicateurs.secret.politique import Politique

    Masque = NDArray[np.bool_]

_RIEN = 1e-9
_INITIES = 2
_PETIT = 400  # cellules sensibles en deçà desquelles un second processus coûte plus qu'il ne rend
_ARRONDIS = {"h": 1e-4, "€": 1e-2}
_ECHELLES = {"h": 100.0, "€": 10_000.0}
_POIDS_NIVEAU = {"reg": 300.0, "dep": 30.0}
_POIDS_RYTHME = {"annee": 3.0, "glissant": 1.0, "trimestre": 1.0}
_DEPARTAGE = 0.1  # assez pour qu'aucun choix n'en vaille un autre, trop peu pour changer de niveau


@dataclass(frozen=True)
class Protection:
    """Ce que la protection a décidé.

    `cellules` : celles reçues, avec `statut`, `raison` (vide : pas sensible), `bas` et `haut` (l'intervalle
    qu'un lecteur doit au moins trouver). Les vraies valeurs y sont : ne pas écrire.
    """

    cellules: pd.DataFrame

    @property
    def valeurs(self) -> pd.DataFrame:
        """Les cellules, sans un nombre caché."""
        cachees = self.cellules["statut"] == SECRET
        return self.cellules.assign(valeur=self.cellules["valeur"].mask(cachees))


@dataclass(frozen=True)
class _Tache:
    """Un tableau à protéger : ses cellules et leurs marges, à l'échelle du calcul."""

    cellules: pd.DataFrame
    structure: Structure
    geographie: Geographie


def proteger(cellules: pd.DataFrame, politique: Politique, geographie: Geographie) -> Protection:
    """Décide ce qui est publié.

    Args:
        cellules: les cellules privées du plan ; `etat`, s'il y est, dit ce qu'une édition antérieure a
            déjà fait de chacune (libre, cachee, publiee).
        politique: les seuils.
        geographie: les mailles des territoires tabulés.
    """
    # Deux témoins qui se valent se départagent par le rang : il ne doit rien à l'ordre reçu.
    table = cellules.sort_values(CLE, ignore_index=True)
    deja = table["etat"] if "etat" in table else pd.Series(LIBRE, index=table.index)
    table["close"] = deja.eq(DEJA_CACHEE)
    table = table.assign(**exigences(table, politique))
    # Le lecteur a déjà ce chiffre : le taire n'apprendrait rien de moins, il reste ce qu'il est.
    fixes = deja.eq(DEJA_PUBLIEE).to_numpy(dtype=bool)
    table["raison"] = table["raison"].mask(fixes, "")
    # Paris est un département et un territoire : une même cellule ne se tait pas sous un seul de ses noms.
    tues = _trop_sensibles(table, politique.sensibles) & ~table["territoire"].isin(geographie.jumeaux())
    table["vise"] = table["raison"].ne("") & ~tues
    cachees = (table["raison"].ne("") | deja.eq(DEJA_CACHEE) | tues).to_numpy(dtype=bool) & ~fixes
    preparees = [
        _preparer(REGISTRE[str(nom)], lignes, geographie)
        for nom, lignes in table.groupby("indicateur", sort=False)
    ]
    proteges = [p for p in preparees if p is not None]
    for rang in (0, 1, 2):
        taches = [t for p in proteges for t in _taches(*p, rang, cachees, fixes)]
        for rangs in _executer(taches):
            cachees[rangs] = True
        cachees &= ~fixes
    statut = pd.Series(PUBLIE, index=table.index, dtype="string")
    statut = statut.mask(table["valeur"].isna(), NON_DISPONIBLE).mask(cachees, SECRET)
    return Protection(table.assign(statut=statut))


def exiger(protection: Protection) -> pd.DataFrame:
    """Rend ce que l'audit doit vérifier : une ligne par cellule sensible et l'intervalle qu'elle exige.

    D'une cellule cachée par une édition passée, la vraie valeur d'alors est perdue : personne n'en est plus
    l'initié, et il suffit qu'une somme puisse être nulle et ne pas l'être.
    """
    table = protection.cellules
    lineaires = table["indicateur"].map({nom: i.absence_nulle for nom, i in REGISTRE.items()}).astype(bool)
    sensibles = table[table["raison"].ne("") & lineaires]
    closes, sommes = sensibles["close"], sensibles["unite"].isin(SOMMES)
    rendues = sensibles[[*CLE, "valeur", "effectif"]].assign(
        bas_maximum=sensibles["bas"],
        haut_minimum=sensibles["haut"].mask(closes & sommes, sensibles["bas"] + 1.0),
    )
    return rendues.assign(effectif=rendues["effectif"].mask(closes), valeur=rendues["valeur"].mask(closes))


def _preparer(
    indicateur: Indicateur, lignes: pd.DataFrame, geographie: Geographie
) -> tuple[Indicateur, pd.DataFrame, Structure, Geographie] | None:
    """Met un indicateur à l'échelle du calcul ; `None` s'il n'est ni une somme ni un compte de personnes."""
    if not (indicateur.personnes and indicateur.absence_nulle):
        return None
    echelle = _ECHELLES.get(indicateur.unite, 1.0)
    mesures = lignes[["valeur", "bas", "haut"]].astype("Float64").fillna(0).astype(float) / echelle
    lignes = lignes.assign(
        **mesures,
        somme=indicateur.unite in SOMMES,
        poids=_poids(lignes),
        tranche=_niveaux(lignes) + lignes["periode"].map(_rythme),
    )
    arrondi = _ARRONDIS.get(indicateur.unite, 0.0) / echelle
    structure = Structure(
        somme_territoires="territoire" in indicateur.additif,
        somme_periodes="periode" in indicateur.additif,
        arrondi=arrondi,
    )
    return (
        indicateur,
        lignes,
        structure,
        geographie.avec_restes(_decouverts(lignes, geographie, max(1e-6, 20 * arrondi))),
    )


def _taches(
    indicateur: Indicateur,
    lignes: pd.DataFrame,
    structure: Structure,
    geographie: Geographie,
    rang: int,
    cachees: Masque,
    fixes: Masque,
) -> Iterator[_Tache]:
    """Rend les tableaux d'un indicateur : rang 0, l'ensemble ; 1, les ventilations ; 2, les croisements."""
    for ventilation in (ENSEMBLE, *indicateur.ventilations):
        axes = axes_de(ventilation)
        propres = lignes[lignes["ventilation"] == ventilation]
        if len(axes) != rang or propres.empty:
            continue
        marges = lignes[lignes["ventilation"].isin(axes) & ~lignes["close"]]
        taire_les_parties(propres, marges, cachees)
        if not propres["vise"].any():
            continue
        if not structure.somme_periodes:
            marges = du_tableau(marges, propres)
        tableau = avec_marges(propres, marges, partagees=ventilation not in indicateur.multiples)
        rangs = tableau.index
        etat = np.where(cachees[rangs], CACHEE, np.where(fixes[rangs], FIXE, PUBLIABLE))
        locale = ventilation != ENSEMBLE and ventilations()[ventilation].locale
        yield _Tache(
            tableau.assign(etat=np.where(tableau["marge"], FIXE, etat), couverte=couvertes(tableau, cachees)),
            replace(structure, locale=locale),
            geographie,
        )


def _trop_sensibles(table: pd.DataFrame, maximum: float) -> pd.Series:
    """Dit quelles cellules sont d'un détail (indicateur, ventilation, niveau, rythme) trop fait de secrets.

    Le protéger cellule à cellule en laisserait trop peu pour qu'il se lise.
    """
    tranche = [table["indicateur"], table["ventilation"], _niveaux(table), table["periode"].map(_rythme)]
    sensibles = table["raison"].ne("").groupby(tranche).transform("sum")
    remplies = table["valeur"].gt(0).fillna(value=False).groupby(tranche).transform("sum")
    return table["ventilation"].ne(ENSEMBLE) & sensibles.gt(maximum * remplies)


def _niveaux(table: pd.DataFrame) -> pd.Series:
    return table["territoire"].str.split(":").str[0]


def _executer(taches: list[_Tache]) -> Iterable[NDArray[np.int64]]:
    """Protège des tableaux indépendants, les plus longs d'abord, dans autant de processus que de cœurs."""
    longues = sorted(taches, key=lambda t: -int(t.cellules["vise"].sum()))
    sensibles = sum(int(t.cellules["vise"].sum()) for t in longues)
    coeurs = min(len(longues), os.cpu_count() or 1)
    if coeurs < 2 or sensibles < _PETIT:
        return map(_taire, longues)
    with ProcessPoolExecutor(coeurs, mp_context=get_context("spawn")) as processus:
        return list(processus.map(_taire, longues))


def _taire(tache: _Tache) -> NDArray[np.int64]:
    """Rend les numéros des cellules à taire d'un tableau.

    Une cellule qui ne peut pas être protégée fait taire toute sa tranche (son niveau et son rythme), à
    défaut tout le tableau ; un calcul qui n'aboutit pas aussi. Si les seules marges trahissent encore une
    cellule, l'audit le dira.
    """
    cellules = tache.cellules
    systeme = (tableau := Tableau(cellules, tache.structure, tache.geographie)).systeme()
    numeros = {periode: rang for rang, periode in enumerate(dict.fromkeys(map(_bloc, cellules["periode"])))}
    blocs = [tableau.bloc(periode) for periode in numeros]
    tranches = cellules["tranche"].to_numpy()
    while True:
        try:
            systeme = completer(systeme, cellules["close"].to_numpy(dtype=bool))
            cibles = _cibles(_ramener(cellules, systeme.valeurs), numeros)
            resultat = supprimer(systeme, cibles, blocs, _initiations(tableau, cellules))
            return np.asarray(cellules.index[resultat.cachees])
        except CalculInacheveError:
            # Des chiffres d'éditions successives peuvent se contredire : tout se tait, l'audit juge.
            return np.asarray(cellules.index[systeme.etat != FIXE])
        except SecretImpossibleError as erreur:
            restent = systeme.etat == PUBLIABLE
            de_sa_tranche = restent & (tranches == tranches[erreur.cellule])
            if not restent.any():
                return np.asarray(cellules.index[systeme.etat == CACHEE])
            a_taire = de_sa_tranche if de_sa_tranche.any() else restent
            systeme = replace(systeme, etat=np.where(a_taire, CACHEE, systeme.etat).astype(np.int8))


def _ramener(cellules: pd.DataFrame, valeurs: NDArray[np.float64]) -> pd.DataFrame:
    """Rend les cellules aux valeurs du système ; l'intervalle d'une somme cachée avant suit la sienne."""
    ramenees = cellules["close"] & cellules["somme"]
    facteur = pd.Series(valeurs, index=cellules.index).div(cellules["valeur"]).where(ramenees, 1.0)
    return cellules.assign(valeur=valeurs, bas=cellules["bas"] * facteur, haut=cellules["haut"] * facteur)


def _cibles(cellules: pd.DataFrame, numeros: dict[str, int]) -> list[Cible]:
    """Ce qu'un témoin doit montrer de chaque cellule sensible, et le bloc où le chercher d'abord."""
    besoins = ((1, cellules["haut"] - cellules["valeur"]), (-1, cellules["valeur"] - cellules["bas"]))
    vises = (cellules["vise"] & ~cellules["marge"]).to_numpy(dtype=bool)
    return [
        Cible(rang, sens, float(besoin.iloc[rang]), numeros[_bloc(str(cellules["periode"].iloc[rang]))])
        for rang in np.flatnonzero(vises).tolist()
        for sens, besoin in besoins
        if besoin.iloc[rang] > _RIEN
    ]


def _initiations(tableau: Tableau, cellules: pd.DataFrame) -> dict[int, frozenset[int]]:
    """Les cellules que quelqu'un connaît (une ou deux personnes), et celles où il n'y a rien à lui cacher.

    Ce sont les mêmes qu'elle, sous un autre nom, et celles d'une marge cachée : il ne connaît pas celle-ci,
    que le calcul tient pourtant fixe.
    """
    connues = cellules["effectif"].between(1, _INITIES) & cellules["vise"] & ~cellules["marge"]
    sues = np.flatnonzero(connues.fillna(value=False).to_numpy(dtype=bool)).tolist()
    memes = tableau.identiques() if sues else np.empty(0, np.int64)
    couvertes = cellules["couverte"].to_numpy(dtype=bool)
    return {rang: frozenset(np.flatnonzero((memes == memes[rang]) | couvertes).tolist()) for rang in sues}


def _rythme(periode: str) -> str:
    return Periode.lire(periode).rythme


def _bloc(periode: str) -> str:
    """La période où un témoin se trouve le plus souvent : la sienne, ou son année civile."""
    lue = Periode.lire(periode)
    return periode if lue.rythme == "glissant" else str(lue.annee)


def _decouverts(lignes: pd.DataFrame, geographie: Geographie, jeu: float) -> list[str]:
    """Les territoires qui dépassent, quelque part, la somme de leurs parties : des unités mal localisées."""
    cle = ["periode", "ventilation", "modalite"]
    valeurs = lignes[~lignes["close"]].pivot_table(index=cle, columns="territoire", values="valeur")
    presents = set(map(str, valeurs.columns))
    sans_partie = REGION in presents and not any(nom.startswith("dep:") for nom in presents)
    trouves = {REGION} if sans_partie else set()
    for tout, parties in geographie.recouvrements():
        if presents.issuperset((tout, *parties)):
            somme = valeurs[list(parties)].sum(axis=1, skipna=False)
            if (valeurs[tout] - somme > jeu).any():
                trouves.add(tout)
    return sorted(trouves)


def _poids(lignes: pd.DataFrame) -> pd.Series:
    """Taire un grand niveau, une année ou un ensemble coûte plus : jamais selon la valeur.

    Un ensemble coûte ses ventilations, qui se taisent avec lui. À niveau égal, le nom de la cellule
    départage : sinon bien des choix se valent, et un chiffre changé dans un territoire en fait taire
    d'autres, ailleurs, que rien n'y relie.
    """
    niveau = _niveaux(lignes).map(_POIDS_NIVEAU).fillna(10.0)
    ventilations = lignes.groupby(["territoire", "periode"])["ventilation"].transform("nunique")
    ensemble = (20.0 * ventilations).where(lignes["ventilation"] == ENSEMBLE, 1.0)
    noms = lignes["territoire"].str.cat(lignes[["periode", "ventilation", "modalite"]], sep="|")
    departage = noms.map(lambda nom: zlib.crc32(nom.encode()) / 2**32)
    rythme = lignes["periode"].map(_rythme).map(_POIDS_RYTHME)
    return niveau.astype(float) * rythme.astype(float) * ensemble * (1 + _DEPARTAGE * departage)
