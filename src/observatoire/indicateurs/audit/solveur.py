"""Le solveur de l'audit : HiGHS, avec départ à chaud.

Toute autre issue qu'un optimum ou un problème non borné arrête l'audit : un échec du solveur n'est jamais une
protection.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Self

import highspy
import numpy as np
from highspy._core import _Highs

from observatoire.erreurs import ObservatoireError
from observatoire.indicateurs.audit.reduction import TOLERANCE, ChiffresIncoherentsError
from observatoire.indicateurs.audit.systeme import INFINI, Entiers, Reels, Systeme

_ETAT = highspy.HighsModelStatus
GRANDE = 1500
"""Le nombre de variables au-delà duquel un système se résout d'abord par l'intérieur, et se coupe."""

_ITERATIONS_MAXIMUM = 5_000_000
_PRECISION = 1e-6
_SIMPLEXE_PRIMAL = 4


class AuditImpossibleError(ObservatoireError):
    """Le solveur n'a pas conclu : rien n'est prouvé, donc rien n'est publié."""

    @classmethod
    def constater(cls, etat: str) -> Self:
        """Dit l'état dans lequel le solveur s'est arrêté."""
        return cls(
            f"L'audit du secret n'a pas conclu (état du solveur : {etat}).",
            "Rien n'est publié : sans preuve, une cellule n'est pas protégée. Signaler le cas à l'équipe.",
        )


class Programme:
    """Un système et ses programmes linéaires : seuls le coût ou une borne changent d'un appel à l'autre."""

    def __init__(self, systeme: Systeme) -> None:
        self.variables = len(systeme.valeurs)
        self._solveur = _Highs()  # `highspy.Highs` écrit son nom sur la sortie à sa création
        reglages = {
            "output_flag": False,
            "simplex_iteration_limit": _ITERATIONS_MAXIMUM,
        }
        for nom, valeur in reglages.items():
            self._solveur.setOptionValue(nom, valeur)
        self._solveur.passModel(_modele(systeme))
        self._couts = np.empty(0, dtype=np.int32)
        self._etat = _ETAT.kNotset

    def minimiser(self, couts: dict[int, float] | tuple[Entiers, Reels]) -> Reels | None:
        """Rend un point qui minimise le coût, ou rien s'il n'est pas borné ou si aucun point n'existe.

        Raises:
            AuditImpossibleError: toute autre issue.
        """
        variables, poids = couts if isinstance(couts, tuple) else (list(couts), list(couts.values()))
        if len(self._couts):
            self._solveur.changeColsCost(len(self._couts), self._couts, np.zeros(len(self._couts)))
        self._couts = np.asarray(variables, dtype=np.int32)
        self._solveur.changeColsCost(len(self._couts), self._couts, np.asarray(poids, dtype=np.float64))
        self._solveur.run()
        # Le point trouvé reste admissible quand seul le coût change : le simplexe primal en repart.
        self._solveur.setOptionValue("simplex_strategy", _SIMPLEXE_PRIMAL)
        self._etat = etat = self._solveur.getModelStatus()
        if etat == _ETAT.kOptimal:
            return np.asarray(self._solveur.getSolution().col_value)
        if etat in (_ETAT.kInfeasible, _ETAT.kUnbounded, _ETAT.kUnboundedOrInfeasible):
            return None
        raise AuditImpossibleError.constater(self._solveur.modelStatusToString(etat))

    def interieur(self) -> Reels:
        """Rend le point où s'arrête la méthode intérieure ; à vérifier, car elle peut ne pas conclure."""
        for nom, valeur in (("solver", "ipm"), ("run_crossover", "off")):
            self._solveur.setOptionValue(nom, valeur)
        self._solveur.run()
        self._solveur.setOptionValue("solver", "choose")
        return np.asarray(self._solveur.getSolution().col_value)

    @property
    def impossible(self) -> bool:
        """Dit si le dernier programme n'avait aucun point."""
        return bool(self._etat == _ETAT.kInfeasible)

    def fixer(self, variables: Entiers, bas: Reels, haut: Reels) -> None:
        """Change les bornes de variables."""
        self._solveur.changeColsBounds(len(variables), variables.astype(np.int32), bas, haut)


def _modele(systeme: Systeme) -> highspy.HighsLp:
    ordre = np.argsort(systeme.lignes, kind="stable")
    modele = highspy.HighsLp()
    modele.num_col_, modele.num_row_ = len(systeme.valeurs), systeme.relations
    modele.col_cost_ = np.zeros(modele.num_col_)
    modele.col_lower_ = np.zeros(modele.num_col_)
    modele.col_upper_ = np.full(modele.num_col_, INFINI)
    modele.row_lower_, modele.row_upper_ = systeme.bas_presume, systeme.haut_presume
    modele.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    comptes = np.bincount(systeme.lignes, minlength=systeme.relations)
    modele.a_matrix_.start_ = np.concatenate([[0], np.cumsum(comptes)]).astype(np.int32)
    modele.a_matrix_.index_ = systeme.colonnes[ordre].astype(np.int32)
    modele.a_matrix_.value_ = systeme.coefficients[ordre]
    return modele


def trancher(systeme: Systeme) -> tuple[Systeme, Reels]:
    """Lève les seules bornes présumées que les chiffres publiés démentent ; les autres deviennent les bornes.

    Rend aussi un monde possible du système retenu.

    Raises:
        ChiffresIncoherentsError: même les bornes certaines se contredisent.
    """
    if (monde := _monde(systeme)) is not None:
        return systeme, monde
    manque_bas = np.flatnonzero(systeme.bas_presume > systeme.bas)
    manque_haut = np.flatnonzero(systeme.haut_presume < systeme.haut)
    presumees = np.concatenate([manque_bas, manque_haut])
    ecarts = len(systeme.valeurs) + np.arange(len(presumees))
    signes = np.repeat([1.0, -1.0], [len(manque_bas), len(manque_haut)])
    elastique = replace(
        systeme,
        lignes=np.concatenate([systeme.lignes, presumees]),
        colonnes=np.concatenate([systeme.colonnes, ecarts]),
        coefficients=np.concatenate([systeme.coefficients, signes]),
        valeurs=np.full(len(systeme.valeurs) + len(presumees), np.nan),
    )
    programme = Programme(elastique)
    admis = np.concatenate(
        [(systeme.bas_presume - systeme.bas)[manque_bas], (systeme.haut - systeme.haut_presume)[manque_haut]]
    )
    programme.fixer(ecarts, np.zeros(len(ecarts)), admis)
    point = programme.minimiser((ecarts, np.ones(len(ecarts))))
    if point is None:
        raise ChiffresIncoherentsError.constater()
    dementies = presumees[point[ecarts] > TOLERANCE]
    bas, haut = systeme.bas_presume.copy(), systeme.haut_presume.copy()
    bas[dementies], haut[dementies] = systeme.bas[dementies], systeme.haut[dementies]
    retenu = replace(systeme, bas_presume=bas, haut_presume=haut)
    monde = _monde(retenu)
    return retenu, point[: len(systeme.valeurs)] if monde is None else monde


def _monde(systeme: Systeme) -> Reels | None:
    """Un monde possible, ou rien s'il n'en existe pas ; loin des bornes si le système est grand.

    Le point intérieur est quatre fois plus rapide que le simplexe. Il n'est cru que relations vérifiées.
    """
    programme = Programme(systeme)
    if len(systeme.valeurs) > GRANDE:
        point = programme.interieur()
        termes = systeme.coefficients * point[systeme.colonnes]
        sommes = np.bincount(systeme.lignes, weights=termes, minlength=systeme.relations)
        manques = np.maximum(systeme.bas_presume - sommes, sommes - systeme.haut_presume)
        if point.min() >= 0 and (manques <= _PRECISION).all():
            return point
    return programme.minimiser({})
