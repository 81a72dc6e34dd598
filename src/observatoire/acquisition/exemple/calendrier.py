"""Le temps des données d'exemple : des jours et des mois comptés depuis 1970, sans horloge."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from observatoire.acquisition.exemple.calibration import JOURS_AVANT_EXTRACTION

if TYPE_CHECKING:
    import numpy.typing as npt

    from observatoire.perimetre import Periode

    Entiers = npt.NDArray[np.int64]
    Textes = npt.NDArray[np.object_]

AUCUN = int(np.iinfo(np.int64).min)  # une date absente
_EPOQUE = dt.date(1970, 1, 1)
JOURS_PAR_MOIS = 30.44


def jour(texte: str) -> int:
    """Rend le numéro du jour d'une date AAAA-MM-JJ.

    >>> jour("1970-02-01")
    31
    """
    return (dt.date.fromisoformat(texte) - _EPOQUE).days


def mois_de(jours: Entiers) -> Entiers:
    """Rend le numéro du mois qui contient chaque jour."""
    return jours.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def premier_jour(mois: Entiers) -> Entiers:
    """Rend le premier jour de chaque mois."""
    return mois.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def dernier_jour(mois: Entiers) -> Entiers:
    """Rend le dernier jour de chaque mois."""
    return premier_jour(mois + 1) - 1


def ecrire_jours(jours: Entiers, modele: str) -> Textes:
    """Écrit des jours au format d'une source ; une date absente s'écrit vide."""
    distincts, rangs = np.unique(jours, return_inverse=True)
    textes = ["" if j == AUCUN else (_EPOQUE + dt.timedelta(days=int(j))).strftime(modele) for j in distincts]
    return np.array(textes, dtype=object)[rangs]


@dataclass(frozen=True)
class Fenetre:
    """La période couverte : premier et dernier mois, et jour d'extraction."""

    premier: int
    dernier: int
    extraction: int

    @classmethod
    def jusqu_a(cls, trimestre: Periode, combien: int) -> Self:
        """Rend la fenêtre des `combien` trimestres qui finissent avec celui-ci."""
        debut, fin = trimestre.decalee(1 - combien).debut, trimestre.fin
        return cls(
            12 * (debut.year - 1970) + debut.month - 1,
            12 * (fin.year - 1970) + fin.month - 1,
            (fin - _EPOQUE).days + JOURS_AVANT_EXTRACTION,
        )

    @property
    def annees(self) -> float:
        """La longueur de la fenêtre, en années."""
        return (self.dernier - self.premier + 1) / 12

    @property
    def debut(self) -> int:
        """Le premier jour."""
        return int(premier_jour(np.array(self.premier)))

    @property
    def fin(self) -> int:
        """Le dernier jour."""
        return int(dernier_jour(np.array(self.dernier)))

    @property
    def date_extraction(self) -> dt.date:
        """Le jour d'extraction, millésime de toutes les livraisons."""
        return _EPOQUE + dt.timedelta(days=self.extraction)
