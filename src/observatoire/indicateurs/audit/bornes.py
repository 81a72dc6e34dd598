"""Le noyau de l'audit : l'intervalle qu'un attaquant déduit d'une cellule cachée (confiance.md, § 1.3).

Deux programmes linéaires par cible, résolus par HiGHS avec départ à chaud. Toute autre issue qu'un
optimum ou un problème non borné arrête l'audit : un échec du solveur n'est jamais une protection.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import highspy
import numpy as np
from highspy._core import _Highs

from observatoire.erreurs import ObservatoireError
from observatoire.indicateurs.audit.inities import Inities, trahies
from observatoire.indicateurs.audit.reduction import (
    TOLERANCE,
    ChiffresIncoherentsError,
    composantes,
    reduire,
)
from observatoire.indicateurs.audit.systeme import INFINI, Entiers, Masque, Reels, Systeme

if TYPE_CHECKING:
    from collections.abc import Iterator

_ETAT = highspy.HighsModelStatus
_ITERATIONS_MAXIMUM = 5_000_000
_MONDES_GARDES = 32
_SIMPLEXE_PRIMAL = 4
_GRANDE = 1500  # variables au-delà desquelles une composante est d'abord coupée à ses charnières
_PRECISION = 1e-6


class AuditImpossibleError(ObservatoireError):
    """Le solveur n'a pas conclu : rien n'est prouvé, donc rien n'est publié."""

    @classmethod
    def constater(cls, etat: str) -> Self:
        """Dit l'état dans lequel le solveur s'est arrêté."""
        return cls(
            f"L'audit du secret n'a pas conclu (état du solveur : {etat}).",
            "Rien n'est publié : sans preuve, une cellule n'est pas protégée. Signaler le cas à l'équipe.",
        )


@dataclass(frozen=True, slots=True)
class Exigences:
    """Ce que l'attaquant doit au moins trouver possible pour chaque cible : une valeur basse, une haute."""

    cibles: Entiers
    bas_maximum: Reels
    haut_minimum: Reels

    def parmi(self, retenues: Masque | Entiers) -> Exigences:
        """Rend une partie des exigences."""
        return Exigences(self.cibles[retenues], self.bas_maximum[retenues], self.haut_minimum[retenues])


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
        self.etat = _ETAT.kNotset

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
        self.etat = etat = self._solveur.getModelStatus()
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
    if len(systeme.valeurs) > _GRANDE:
        point = programme.interieur()
        termes = systeme.coefficients * point[systeme.colonnes]
        sommes = np.bincount(systeme.lignes, weights=termes, minlength=systeme.relations)
        manques = np.maximum(systeme.bas_presume - sommes, sommes - systeme.haut_presume)
        if point.min() >= 0 and (manques <= _PRECISION).all():
            return point
    return programme.minimiser({})


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
                if point is None and (signe > 0 or programme.etat == _ETAT.kInfeasible):
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
    atteinte = _atteint_bas(bas[cibles], exigences) & _atteint_haut(haut[cibles], exigences)
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
    if charnieres is not None and len(systeme.valeurs) > _GRANDE:
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
    preuve.prouvee[rangs] = _atteint_bas(recherche.bas, recherche.exigences) & _atteint_haut(
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


def _atteint_bas(valeurs: Reels, exigences: Exigences) -> Masque:
    marge = TOLERANCE * np.maximum(1, np.abs(exigences.bas_maximum))
    atteint: Masque = valeurs <= exigences.bas_maximum + marge
    return atteint


def _atteint_haut(valeurs: Reels, exigences: Exigences) -> Masque:
    marge = TOLERANCE * np.maximum(1, np.abs(exigences.haut_minimum))
    atteint: Masque = valeurs >= exigences.haut_minimum - marge
    return atteint


class Recherche:
    """Les mondes possibles d'une composante, et le plus bas et le plus haut de chaque cible parmi eux."""

    def __init__(self, systeme: Systeme, exigences: Exigences) -> None:
        self.exigences = exigences
        self.nombre = len(exigences.cibles)
        self.bas, self.haut = np.full(self.nombre, INFINI), np.full(self.nombre, -INFINI)
        self.mondes: list[Reels] = []
        self.programme = Programme(_avec_manques(systeme, exigences))
        self._manques = len(systeme.valeurs) + np.arange(2 * self.nombre)
        echelles = np.concatenate([exigences.haut_minimum, exigences.bas_maximum])
        self._poids = 1 / np.maximum(1, np.abs(echelles))

    def point(self, cote: int, cibles: Entiers | None = None) -> Reels | None:
        """Cherche le monde où ces cibles s'approchent au mieux du haut (0) ou du bas (1) exigés."""
        rangs = (np.arange(self.nombre) if cibles is None else cibles) + cote * self.nombre
        return self.programme.minimiser((self._manques[rangs], self._poids[rangs]))

    def parcourir(self) -> None:
        """Cherche des mondes tant qu'une exigence n'est ni atteinte, ni prouvée hors d'atteinte."""
        for cote in (0, 1):
            reste = self._attendues(cote)
            while len(reste):
                self.noter(self.point(cote, reste))
                suite = self._attendues(cote)
                if len(suite) == len(reste):
                    break
                reste = suite
        for cote in (0, 1):
            refusees: set[int] = set()
            while seules := [rang for rang in self._attendues(cote) if rang not in refusees][:1]:
                self.noter(self.point(cote, np.array(seules)))
                refusees.update(seules)

    def _attendues(self, cote: int) -> Entiers:
        atteint = _atteint_bas(self.bas, self.exigences) if cote else _atteint_haut(self.haut, self.exigences)
        return np.flatnonzero(~atteint)

    def noter(self, point: Reels | None) -> None:
        """Retient un monde trouvé, et ce qu'il change au plus bas et au plus haut des cibles."""
        if point is None:
            raise AuditImpossibleError.constater("aucun point")
        monde = point[self.exigences.cibles]
        self.mondes = [*self.mondes[1 - _MONDES_GARDES :], monde]
        np.minimum(self.bas, monde, out=self.bas)
        np.maximum(self.haut, monde, out=self.haut)


def _avec_manques(systeme: Systeme, exigences: Exigences) -> Systeme:
    """Ajoute, par cible, ce qui lui manque pour atteindre le haut puis le bas exigés."""
    variables, nombre, cibles = len(systeme.valeurs), len(exigences.cibles), exigences.cibles
    manques = variables + np.arange(2 * nombre)
    relations = systeme.relations + np.arange(2 * nombre)
    bas = np.concatenate([exigences.haut_minimum, np.full(nombre, -INFINI)])
    haut = np.concatenate([np.full(nombre, INFINI), exigences.bas_maximum])
    return replace(
        systeme,
        lignes=np.concatenate([systeme.lignes, relations, relations]),
        colonnes=np.concatenate([systeme.colonnes, cibles, cibles, manques]),
        coefficients=np.concatenate([systeme.coefficients, np.ones(3 * nombre), -np.ones(nombre)]),
        bas=np.concatenate([systeme.bas, bas]),
        haut=np.concatenate([systeme.haut, haut]),
        bas_presume=np.concatenate([systeme.bas_presume, bas]),
        haut_presume=np.concatenate([systeme.haut_presume, haut]),
        valeurs=np.full(variables + len(manques), np.nan),
        erreurs=np.zeros(variables + len(manques)),
    )
