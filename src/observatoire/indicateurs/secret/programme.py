"""Le programme linéaire qui cherche un témoin, résolu à chaud par HiGHS."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import highspy
import numpy as np
from highspy._core import _Highs

from observatoire.erreurs import ObservatoireError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PUBLIABLE, FIXE, CACHEE = 0, 1, 2
BOUGE = 1e-5
VARIE = 0.05  # ce dont une cellule doit au moins pouvoir varier aux yeux d'un initié
_EPSILON = 1e-3  # ce que coûte un écart dans une cellule déjà cachée : presque rien
_INFINI = highspy.kHighsInf
_ITERATIONS_INTERIEURES = 100  # une trentaine suffit ; un système dégénéré n'en finit pas


class CalculInacheveError(ObservatoireError):
    """Le solveur n'a pas conclu : ce n'est jamais une protection."""


@dataclass(frozen=True)
class Systeme:
    """Ce qu'un lecteur sait d'un groupe de tableaux liés.

    Les variables sont d'abord `inconnues` grandeurs jamais publiées (les croisements les plus fins),
    puis les cellules. Elles sont toutes positives ou nulles. Les lignes sont en format creux (CSR).

    Attributes:
        valeurs: la vraie valeur de chaque cellule.
        etat: PUBLIABLE, FIXE (déjà connue du lecteur, ou tenue hors de ce système) ou CACHEE.
        poids: ce que coûte de taire chaque cellule ; tiré du niveau, jamais de la valeur.
        inconnues: le nombre de grandeurs jamais publiées.
        debut, variable, coefficient: les lignes.
        bas, haut: les bornes de chaque ligne.
    """

    valeurs: NDArray[np.float64]
    etat: NDArray[np.int8]
    poids: NDArray[np.float64]
    inconnues: int
    debut: NDArray[np.int64]
    variable: NDArray[np.int64]
    coefficient: NDArray[np.float64]
    bas: NDArray[np.float64]
    haut: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cible:
    """Ce qu'un témoin doit montrer : `cellule` peut valoir `besoin` de plus (sens 1) ou de moins (sens −1).

    `bloc` : où le chercher d'abord ; `sachant` : la cellule qu'un initié connaît, et qui n'y bouge donc pas.
    """

    cellule: int
    sens: int
    besoin: float
    bloc: int = -1
    sachant: int = -1


@dataclass(frozen=True, eq=False)
class Temoin:
    """Un autre monde qui imprime les mêmes chiffres : l'écart de chaque cellule à sa vraie valeur."""

    ecart: NDArray[np.float64]

    def montre(self, cible: Cible) -> bool:
        """Dit si la cible est atteinte."""
        su = cible.sachant >= 0 and self.bouge(cible.sachant)
        return not su and bool(cible.sens * self.ecart[cible.cellule] >= cible.besoin - BOUGE)

    def bouge(self, cellule: int) -> bool:
        """Dit si la cellule y a une autre valeur."""
        return bool(abs(self.ecart[cellule]) > BOUGE)


class Programmes:
    """Un programme pour tout le système, et un plus petit par bloc d'inconnues.

    Dans un bloc, les inconnues d'ailleurs sont tenues à un point qui imprime les vrais chiffres : un
    témoin trouvé là vaut pour le système entier. Sans témoin dans le bloc, on le cherche partout.
    """

    def __init__(self, systeme: Systeme, blocs: Sequence[NDArray[np.bool_]]) -> None:
        self._systeme = systeme
        self._entier = _Programme(systeme, np.ones(systeme.inconnues, bool), None)
        repos = self._entier.repos() if blocs else None
        self._blocs = [_Programme(systeme, bloc, repos) for bloc in blocs]

    def chercher(self, cible: Cible) -> Temoin | None:
        """Rend le témoin le moins coûteux de son bloc, à défaut du système ; `None` s'il n'y en a pas.

        Raises:
            CalculInacheveError: le solveur ne conclut pas.
        """
        valeur = float(self._systeme.valeurs[cible.cellule])
        if cible.sens < 0 and cible.besoin > valeur + BOUGE:
            return None
        for programme in (*self._blocs[cible.bloc : cible.bloc + 1], self._entier):
            if temoin := programme.chercher(cible):
                return temoin
        return None

    def taire(self, cellules: NDArray[np.intp]) -> None:
        """Ces cellules sont cachées : y bouger ne coûte presque plus rien."""
        for programme in (self._entier, *self._blocs):
            programme.couter(cellules, _EPSILON)

    def figer(self, cellules: NDArray[np.intp]) -> None:
        """Ces cellules sont publiées : elles ne bougent plus."""
        for programme in (self._entier, *self._blocs):
            programme.figer(cellules)

    def liberer(self, cellule: int) -> None:
        """Cette cellule reste cachée."""
        for programme in (self._entier, *self._blocs):
            programme.liberer(cellule)


def completer(systeme: Systeme, ignorees: NDArray[np.bool_]) -> Systeme:
    """Donne aux cellules de valeur ignorée une valeur que les autres permettent.

    Une cellule cachée par une édition passée n'a plus de vraie valeur : elle était celle d'un autre jour.

    Raises:
        CalculInacheveError: aucune valeur ne convient.
    """
    if not ignorees.any():
        return systeme
    etat = np.where(ignorees, CACHEE, FIXE).astype(np.int8)
    valeurs = np.where(ignorees, 0.0, systeme.valeurs)
    tous = np.ones(systeme.inconnues, bool)
    seules = replace(systeme, valeurs=valeurs, etat=etat)
    return replace(systeme, valeurs=_Programme(seules, tous, None).completer())


def _solveur() -> _Highs:
    """Un solveur qui n'écrit rien ; `highspy.Highs` imprime son nom à sa création."""
    solveur = _Highs()
    solveur.setOptionValue("output_flag", False)
    return solveur


class _Programme:
    """Le programme d'une partie des inconnues ; une cellule mobile y a deux colonnes, en plus et en moins."""

    def __init__(self, systeme: Systeme, parmi: NDArray[np.bool_], repos: NDArray[np.float64] | None) -> None:
        self._systeme = systeme
        ligne = np.repeat(np.arange(len(systeme.bas)), np.diff(systeme.debut))
        est_inconnue = systeme.variable < systeme.inconnues
        libre = est_inconnue & parmi[np.where(est_inconnue, systeme.variable, 0)]
        gardees = np.ones(len(systeme.bas), bool)
        if repos is not None:
            gardees = np.bincount(ligne[libre], minlength=len(systeme.bas)) > 0
        self._inconnues = np.flatnonzero(parmi)
        cellules = np.unique(systeme.variable[~est_inconnue & gardees[ligne]]) - systeme.inconnues
        self._mobiles = cellules[systeme.etat[cellules] != FIXE]
        self._rang = np.full(len(systeme.etat), -1)
        self._rang[self._mobiles] = np.arange(len(self._mobiles))
        self._plus = len(self._inconnues)
        self._moins = self._plus + len(self._mobiles)
        self._solveur = _solveur()
        self._solveur.passModel(self._modele(ligne, gardees, libre, repos))
        # Chaque recherche repart de là : plus vite que de la précédente, et sans dépendre d'elle.
        self._solveur.run()
        self._depart = self._solveur.getBasis()

    def _modele(
        self,
        ligne: NDArray[np.intp],
        gardees: NDArray[np.bool_],
        libre: NDArray[np.bool_],
        repos: NDArray[np.float64] | None,
    ) -> highspy.HighsLp:
        s = self._systeme
        vraies = np.concatenate([np.zeros(s.inconnues) if repos is None else repos, s.valeurs])
        apport = s.coefficient * vraies[s.variable]
        connu = np.bincount(ligne[~libre], weights=apport[~libre], minlength=len(s.bas))
        bas, haut = s.bas - connu, s.haut - connu
        if repos is not None:
            # Le point de repos ne tient les lignes qu'à la précision du solveur.
            total = np.bincount(ligne[libre], weights=apport[libre], minlength=len(s.bas))
            bas, haut = np.minimum(bas, total), np.maximum(haut, total)
        cellule = np.maximum(s.variable - s.inconnues, 0)
        mobile = (s.variable >= s.inconnues) & (self._rang[cellule] >= 0) & gardees[ligne]
        numero = np.zeros(s.inconnues, np.int64)
        numero[self._inconnues] = np.arange(len(self._inconnues))
        rang = self._rang[cellule[mobile]]
        nouvelle = np.cumsum(gardees) - 1
        trio = (
            (ligne[libre], numero[s.variable[libre]], s.coefficient[libre]),
            (ligne[mobile], self._plus + rang, s.coefficient[mobile]),
            (ligne[mobile], self._moins + rang, -s.coefficient[mobile]),
        )
        lignes, colonnes, coefficients = (np.concatenate(parties) for parties in zip(*trio, strict=True))
        ordre = np.lexsort((colonnes, lignes))
        poids, nombre = s.poids[self._mobiles], int(gardees.sum())
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self._moins + len(self._mobiles), nombre
        lp.col_cost_ = np.concatenate([np.zeros(self._plus), poids, poids])
        lp.col_lower_ = np.zeros(lp.num_col_)
        lp.col_upper_ = np.concatenate([np.full(self._moins, _INFINI), s.valeurs[self._mobiles]])
        lp.row_lower_, lp.row_upper_ = bas[gardees], haut[gardees]
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        compte = np.bincount(nouvelle[lignes], minlength=nombre)
        lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(compte)])
        lp.a_matrix_.index_, lp.a_matrix_.value_ = colonnes[ordre], coefficients[ordre]
        return lp

    def repos(self) -> NDArray[np.float64]:
        """Rend des inconnues qui impriment les vrais chiffres, loin des bords : un point intérieur."""
        point = self._interieur(np.zeros(2 * len(self._mobiles)))
        return np.maximum(point[: self._plus], 0.0)

    def completer(self) -> NDArray[np.float64]:
        """Rend les cellules, celles de valeur ignorée (nulle, mobile) à une valeur possible."""
        nombre = len(self._mobiles)
        point = self._interieur(np.repeat([_INFINI, 0.0], nombre))
        valeurs = self._systeme.valeurs.copy()
        valeurs[self._mobiles] = np.maximum(point[self._plus : self._moins], 0.0)
        return valeurs

    def _interieur(self, mobiles: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rend un point loin des bords où les cellules mobiles s'écartent au plus de `mobiles`."""
        lp = self._solveur.getLp()
        lp.col_cost_ = np.zeros(lp.num_col_)
        lp.col_upper_ = np.concatenate([np.full(self._plus, _INFINI), mobiles])
        for methode in ("ipm", "simplex"):
            solveur = _solveur()
            solveur.setOptionValue("solver", methode)
            solveur.setOptionValue("run_crossover", "off")
            solveur.setOptionValue("ipm_iteration_limit", _ITERATIONS_INTERIEURES)
            solveur.passModel(lp)
            solveur.run()
            if solveur.getModelStatus() == highspy.HighsModelStatus.kOptimal:
                break
        self._conclure(solveur.getModelStatus())
        point: NDArray[np.float64] = np.asarray(solveur.getSolution().col_value)
        return point

    def chercher(self, cible: Cible) -> Temoin | None:
        """Rend le témoin le moins coûteux, `None` s'il n'y en a pas."""
        rang, valeur = int(self._rang[cible.cellule]), float(self._systeme.valeurs[cible.cellule])
        if rang < 0:
            return None
        sens, autre = (self._plus, self._moins) if cible.sens > 0 else (self._moins, self._plus)
        besoin = cible.besoin if cible.sens > 0 else min(cible.besoin, valeur)
        if cible.sachant >= 0:
            self.figer(np.array([cible.sachant]))
        self._solveur.changeColBounds(sens + rang, besoin, _INFINI if cible.sens > 0 else valeur)
        self._solveur.changeColBounds(autre + rang, 0.0, 0.0)
        self._solveur.setBasis(self._depart)
        self._solveur.run()
        statut = self._solveur.getModelStatus()
        solution = np.asarray(self._solveur.getSolution().col_value)
        self.liberer(cible.cellule)
        if cible.sachant >= 0:
            self.liberer(cible.sachant)
        if statut == highspy.HighsModelStatus.kInfeasible:
            return None
        self._conclure(statut)
        ecart = np.zeros(len(self._systeme.etat))
        ecart[self._mobiles] = solution[self._plus : self._moins] - solution[self._moins :]
        return Temoin(ecart)

    def _conclure(self, statut: highspy.HighsModelStatus) -> None:
        if statut != highspy.HighsModelStatus.kOptimal:
            raise CalculInacheveError(
                f"Le calcul du secret ne conclut pas ({statut.name}) : rien n'est publié.",
                "Relancer « observatoire construire » ; si cela dure, réduire le plan de publication.",
            )

    def couter(self, cellules: NDArray[np.intp], cout: float) -> None:
        """Change ce que coûte un écart dans ces cellules."""
        for rang in self._rang[cellules]:
            if rang >= 0:
                self._solveur.changeColCost(int(self._plus + rang), cout)
                self._solveur.changeColCost(int(self._moins + rang), cout)

    def figer(self, cellules: NDArray[np.intp]) -> None:
        """Interdit tout écart dans ces cellules."""
        for rang in self._rang[cellules]:
            if rang >= 0:
                self._solveur.changeColBounds(int(self._plus + rang), 0.0, 0.0)
                self._solveur.changeColBounds(int(self._moins + rang), 0.0, 0.0)

    def liberer(self, cellule: int) -> None:
        """Permet tout écart dans cette cellule."""
        rang = int(self._rang[cellule])
        if rang >= 0:
            self._solveur.changeColBounds(self._plus + rang, 0.0, _INFINI)
            self._solveur.changeColBounds(self._moins + rang, 0.0, float(self._systeme.valeurs[cellule]))
