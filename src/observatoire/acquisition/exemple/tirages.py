"""Le hasard reproductible : tirages pondérés, par groupe, et calage sur marges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    Entiers = npt.NDArray[np.int64]
    Reels = npt.NDArray[np.float64]
    Textes = npt.NDArray[np.object_]
    Drapeaux = npt.NDArray[np.bool_]


def generateur(*graine: int) -> np.random.Generator:
    """Rend un générateur propre à une suite d'entiers (graine, étape, bloc)."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(graine)))


def choisir(rng: np.random.Generator, poids: Iterable[float], nombre: int) -> Entiers:
    """Tire `nombre` rangs, en proportion de poids positifs ou nuls.

    Le tirage est stratifié : les effectifs tirés collent aux poids, même sur un petit nombre.
    """
    cumul = np.cumsum(np.fromiter(poids, dtype=float))
    positions = (rng.permutation(nombre) + rng.random(nombre)) / max(nombre, 1)
    tires: Entiers = np.searchsorted(cumul, positions * cumul[-1], side="right")
    return np.minimum(tires, len(cumul) - 1)


def etaler(rng: np.random.Generator, attendus: Reels) -> Entiers:
    """Rend un entier proche de chaque nombre attendu, juste en moyenne."""
    return np.floor(attendus + rng.random(len(attendus))).astype(np.int64)


def log_normale(rng: np.random.Generator, moyenne: Reels, dispersion: Reels | float) -> Reels:
    """Tire une log-normale par élément, donnée par sa moyenne et l'écart type de son logarithme."""
    ecart = np.broadcast_to(np.asarray(dispersion, dtype=float), moyenne.shape)
    return moyenne * np.exp(ecart * rng.standard_normal(len(moyenne)) - ecart**2 / 2)


class TirageParGroupe:
    """Tire des éléments au sein d'un groupe, en proportion de leur poids."""

    def __init__(self, groupes: Entiers, poids: Reels, combien: int) -> None:
        self.ordre = np.argsort(groupes, kind="stable")
        self.cumul = np.concatenate([[0.0], np.cumsum(poids[self.ordre])])
        self.bornes = np.searchsorted(groupes[self.ordre], np.arange(combien + 1))

    def tirer(self, rng: np.random.Generator, groupes: Entiers) -> Entiers:
        """Rend le rang d'un élément pour chaque groupe demandé ; un groupe vide est une faute d'appel."""
        bas, haut = self.bornes[groupes], self.bornes[groupes + 1]
        cible = self.cumul[bas] + rng.random(len(groupes)) * (self.cumul[haut] - self.cumul[bas])
        rangs = np.searchsorted(self.cumul, cible, side="right") - 1
        tires: Entiers = self.ordre[np.clip(rangs, bas, haut - 1)]
        return tires


class Lexique:
    """Les écritures possibles de chaque code, avec leur poids."""

    def __init__(self, ecritures: Sequence[Mapping[str, float]]) -> None:
        self.textes = np.array([texte for choix in ecritures for texte in choix], dtype=object)
        groupes = np.repeat(np.arange(len(ecritures)), [len(choix) for choix in ecritures])
        poids = np.array([p for choix in ecritures for p in choix.values()], dtype=float)
        self._tirage = TirageParGroupe(groupes, poids, len(ecritures))

    def ecrire(self, rng: np.random.Generator, codes: Entiers) -> Textes:
        """Écrit chaque code d'une de ses façons."""
        return self.textes[self._tirage.tirer(rng, codes)]


def caler(poids: Reels, marges: Sequence[tuple[Entiers, Reels]], passes: int = 8) -> Reels:
    """Cale des poids sur des marges : la somme par modalité approche sa cible (raking ratio).

    Une modalité sans élément est ignorée. La somme rendue vaut 1.
    """
    for _ in range(passes):
        for codes, cibles in marges:
            sommes = np.bincount(codes, poids, minlength=len(cibles))
            facteurs = np.divide(cibles, sommes, out=np.zeros(len(cibles)), where=sommes > 0)
            poids = poids * facteurs[codes]
    parts: Reels = poids / poids.sum()
    return parts


def rang_dans_groupe(groupes: Entiers) -> Entiers:
    """Numérote de 1 à n les éléments de chaque groupe, dans l'ordre donné.

    >>> rang_dans_groupe(np.array([7, 7, 3, 7])).tolist()
    [1, 2, 1, 3]
    """
    ordre = np.argsort(groupes, kind="stable")
    tries = groupes[ordre]
    debuts = np.flatnonzero(np.concatenate([[True], tries[1:] != tries[:-1]]))[: len(tries)]
    tailles = np.diff(np.append(debuts, len(tries)))
    rangs = np.empty(len(groupes), dtype=np.int64)
    rangs[ordre] = np.arange(len(tries)) - np.repeat(debuts, tailles) + 1
    return rangs


def echanger(rng: np.random.Generator, valeurs: Entiers, groupes: Entiers) -> Entiers:
    """Échange les valeurs entre éléments du même groupe : les marges ne bougent pas."""
    ordre = np.lexsort([rng.random(len(valeurs)), groupes])
    depart = np.lexsort([rng.random(len(valeurs)), groupes])
    resultat = np.empty_like(valeurs)
    resultat[ordre] = valeurs[depart]
    return resultat
