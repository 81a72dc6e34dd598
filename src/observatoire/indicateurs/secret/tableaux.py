"""Le système d'un tableau publié : ses cellules, les croisements dont elles sont faites, leurs relations.

Un tableau est un indicateur et une ventilation, tous territoires et périodes. Ses inconnues sont les
croisements maille × trimestre × modalité. Un compte d'unités distinctes dans le temps (personnes,
contrats) suit exactement l'automate « trimestres écoulés depuis la dernière présence » : quatre états
par trimestre, présent, absent depuis un, deux ou trois trimestres ; quatre trimestres glissants
comptent les quatre états du dernier. Un compte distinct entre territoires n'a que des encadrements :
le tout vaut au plus la somme de ses parties, au moins la plus grande.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from observatoire.indicateurs.secret.programme import Systeme
from observatoire.perimetre import Periode

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from observatoire.indicateurs.secret.geographie import Geographie

ETATS = 4
_SANS_BORNE = np.inf
_JEU_COMPLETE = 1e-4  # une valeur complétée ne tient les lignes qu'à la précision du solveur


@dataclass(frozen=True, slots=True)
class Structure:
    """Comment les valeurs d'un tableau se composent : par somme, ou par comptes d'unités distinctes.

    `arrondi` : l'erreur d'une valeur écrite ; `locale` : la modalité dépend du territoire, rien ne lie deux
    territoires.
    """

    somme_territoires: bool
    somme_periodes: bool
    arrondi: float
    locale: bool = False


class Lignes:
    """Des lignes creuses, ajoutées une à une."""

    def __init__(self) -> None:
        self._variables: list[NDArray[np.int64]] = []
        self._coefficients: list[NDArray[np.float64]] = []
        self._bas: list[float] = []
        self._haut: list[float] = []

    def ajouter(
        self, variables: NDArray[np.int64], coefficients: NDArray[np.float64], bas: float, haut: float
    ) -> None:
        """Ajoute `bas ≤ Σ coefficients × variables ≤ haut`."""
        self._variables.append(variables)
        self._coefficients.append(coefficients)
        self._bas.append(bas)
        self._haut.append(haut)

    def systeme(self, cellules: pd.DataFrame, inconnues: int) -> Systeme:
        """Rend le système des lignes ajoutées ; `cellules` : `valeur`, `etat`, `poids`."""
        debut = np.cumsum([0, *(len(v) for v in self._variables)])
        return Systeme(
            cellules["valeur"].to_numpy(dtype=float),
            cellules["etat"].to_numpy(dtype=np.int8),
            cellules["poids"].to_numpy(dtype=float),
            inconnues,
            debut.astype(np.int64),
            np.concatenate([np.zeros(0, np.int64), *self._variables]),
            np.concatenate([np.zeros(0), *self._coefficients]),
            np.array(self._bas, dtype=float),
            np.array(self._haut, dtype=float),
        )


class Tableau:
    """Les inconnues d'un tableau et ce que chaque cellule en somme.

    Args:
        cellules: les cellules du tableau et ses marges : `territoire`, `periode`, `parties` (les modalités
            du tableau qui la composent), `plafond` (ce qu'elle vaut au plus),
            `partagee` (faux : elle vaut seulement au plus leur somme),
            `close` (cachée par une édition passée),
            `valeur`, `etat`, `poids`.
        structure: comment les valeurs se composent.
        geographie: les mailles.
    """

    def __init__(
        self,
        cellules: pd.DataFrame,
        structure: Structure,
        geographie: Geographie,
    ) -> None:
        self._cellules = cellules
        self._structure = structure
        self._par_mailles = structure.somme_territoires and not structure.locale
        self._geographie = geographie
        self._modalites = sorted({m for parties in cellules["parties"] for m in parties})
        periodes = [Periode.lire(p) for p in sorted(set(cellules["periode"]))]
        self._trimestres = sorted({t for periode in periodes for t in _trimestres(periode)})
        presents = sorted(set(cellules["territoire"]))
        self._places = list(geographie.mailles) if self._par_mailles else presents
        self._etats = 1 if structure.somme_periodes else ETATS
        forme = (len(self._places), len(self._trimestres), len(self._modalites), self._etats)
        self._numero = np.arange(np.prod(forme), dtype=np.int64).reshape(forme)

    def systeme(self) -> Systeme:
        """Rend le système de ce tableau."""
        lignes = Lignes()
        inconnues = self._numero.size
        partagees = self._cellules["partagee"].to_numpy(dtype=bool)
        plafonds = self._cellules["plafond"].to_numpy(dtype=float)
        closes = self._cellules["close"].to_numpy(dtype=bool)
        for rang, cle in enumerate(self._cles()):
            atomes = self._atomes(*cle)
            variables = np.append(atomes, inconnues + rang)
            coefficients = np.append(np.ones(len(atomes)), -1.0)
            jeu = max(self._structure.arrondi * (1 + len(atomes)), _JEU_COMPLETE if closes[rang] else 0.0)
            lignes.ajouter(variables, coefficients, -jeu, jeu if partagees[rang] else _SANS_BORNE)
            if plafonds[rang] < _SANS_BORNE:
                lignes.ajouter(variables[-1:], np.ones(1), 0.0, float(plafonds[rang]))
        for variables, coefficients in (*self._presences(), *self._unions()):
            lignes.ajouter(variables, coefficients, -_SANS_BORNE, 0.0)
        return lignes.systeme(self._cellules, inconnues)

    def identiques(self) -> NDArray[np.int64]:
        """Rend un numéro par cellule, le même quand les territoires ont les mêmes mailles (Paris, T1)."""
        cles = [(self._geographie.composition[t], p, parties) for t, p, parties in self._cles()]
        numeros = {cle: rang for rang, cle in enumerate(dict.fromkeys(cles))}
        return np.array([numeros[cle] for cle in cles], dtype=np.int64)

    def _cles(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        colonnes = (self._cellules[nom] for nom in ("territoire", "periode", "parties"))
        return zip(*colonnes, strict=True)

    def bloc(self, periode: str) -> NDArray[np.bool_]:
        """Les inconnues des trimestres d'une période, et de l'année civile d'un trimestre."""
        lue = Periode.lire(periode)
        quand = set(_trimestres(lue if lue.rythme == "glissant" else Periode(lue.annee)))
        masque = np.zeros(self._numero.shape, bool)
        masque[:, [rang for rang, t in enumerate(self._trimestres) if t in quand]] = True
        return masque.ravel()

    def _atomes(self, territoire: str, periode: str, parties: tuple[str, ...]) -> NDArray[np.int64]:
        lue = Periode.lire(periode)
        rangs = [self._trimestres.index(t) for t in _trimestres(lue)]
        etats = slice(0, 1)
        if self._etats > 1 and lue.rythme != "trimestre":
            rangs, etats = rangs[-1:], slice(0, ETATS)
        places = self._rangs_places(territoire)
        modalites = [self._modalites.index(m) for m in parties]
        return self._numero[np.ix_(places, rangs, modalites, range(self._etats)[etats])].ravel()

    def _rangs_places(self, territoire: str) -> list[int]:
        if not self._par_mailles:
            return [self._places.index(territoire)]
        mailles = self._geographie.composition[territoire]
        return [rang for rang, maille in enumerate(self._places) if maille in mailles]

    def _presences(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """L'automate : qui n'avance pas dans l'absence est présent ; on n'avance que d'où l'on était."""
        if self._etats == 1:
            return
        for rang, trimestre in enumerate(self._trimestres):
            if rang == 0 or self._trimestres[rang - 1] != trimestre.decalee(-1):
                continue
            avant = self._numero[:, rang - 1].reshape(-1, ETATS)
            apres = self._numero[:, rang].reshape(-1, ETATS)
            for a, b in zip(avant, apres, strict=True):
                for etat in range(ETATS - 1):
                    yield np.array([b[etat + 1], a[etat]]), np.array([1.0, -1.0])
                yield np.concatenate([a[:3], b]), np.array([1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0])

    def _unions(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Le tout et ses parties, quand une unité peut être de plusieurs territoires."""
        if self._par_mailles or self._structure.locale:
            return
        rang = {place: i for i, place in enumerate(self._places)}
        inclus = [(rang[a], (rang[b],)) for a, b in self._geographie.inclusions() if a in rang and b in rang]
        couverts = [
            (rang[tout], tuple(rang[p] for p in parties))
            for tout, parties in self._geographie.recouvrements()
            if tout in rang and rang.keys() >= set(parties)
        ]
        compris = [slice(0, 1)] if self._etats == 1 else [slice(0, 1), slice(0, ETATS)]
        for petit, grands in (*inclus, *couverts):
            for etats in compris:
                un = self._numero[petit, ..., etats]
                autres = np.concatenate([self._numero[g, ..., etats] for g in grands], axis=-1)
                for gauche, droite in zip(
                    un.reshape(-1, un.shape[-1]), autres.reshape(-1, autres.shape[-1]), strict=True
                ):
                    coefficients = np.append(np.ones(len(gauche)), -np.ones(len(droite)))
                    yield np.append(gauche, droite), coefficients


def _trimestres(periode: Periode) -> list[Periode]:
    if periode.rythme == "trimestre":
        return [periode]
    dernier = Periode(periode.annee, periode.trimestre or 4)
    return dernier.jusqu_ici(4)
