"""Les territoires vus comme des ensembles de mailles : ce que l'un dit de l'autre.

Une maille est un groupe de communes de mêmes territoires. Départements et territoires de la métropole
se croisent (T12 est dans le 94 et le 91) : c'est par les mailles qu'ils se comparent.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

REGION = "reg:11"


@dataclass(frozen=True, slots=True)
class Geographie:
    """Les mailles de chaque territoire ; toutes sont dans la région."""

    mailles: tuple[str, ...]
    composition: dict[str, frozenset[str]]

    @classmethod
    def lire(cls, appartenances: pd.DataFrame, territoires: Sequence[str]) -> Geographie:
        """Groupe les communes (colonnes `commune`, `territoire`) par territoires tabulés.

        Un territoire tabulé sans commune connue est une maille à lui seul.
        """
        connus = [territoire for territoire in territoires if territoire != REGION]
        utiles = appartenances[appartenances["territoire"].isin(connus)].sort_values("territoire")
        noms = sorted(set(utiles.groupby("commune")["territoire"].agg("+".join)))
        composition = {
            territoire: frozenset(nom for nom in noms if territoire in nom.split("+"))
            for territoire in connus
        }
        isoles = {territoire for territoire, mailles in composition.items() if not mailles}
        composition |= {territoire: frozenset([territoire]) for territoire in isoles}
        mailles = (*noms, *sorted(isoles))
        if REGION in territoires:
            composition[REGION] = frozenset(mailles)
        return cls(mailles, composition)

    def avec_restes(self, decouverts: Iterable[str]) -> Geographie:
        """Ajoute une maille à chaque territoire qui compte des unités hors de ses parties."""
        restes = {tout: f"reste {tout}" for tout in sorted(decouverts)}
        composition = {
            territoire: mailles
            | {
                reste
                for tout, reste in restes.items()
                if territoire in (tout, REGION) or self.composition[tout] < mailles
            }
            for territoire, mailles in self.composition.items()
        }
        return Geographie((*self.mailles, *restes.values()), composition)

    def jumeaux(self) -> list[str]:
        """Les territoires faits des mêmes mailles qu'un autre."""
        nombre = Counter(self.composition.values())
        return [territoire for territoire, mailles in self.composition.items() if nombre[mailles] > 1]

    def inclusions(self) -> list[tuple[str, str]]:
        """Les couples (partie, tout) de territoires emboîtés, dans les deux sens s'ils sont égaux."""
        return [
            (partie, tout)
            for partie, petites in self.composition.items()
            for tout, grandes in self.composition.items()
            if partie != tout and petites <= grandes
        ]

    def recouvrements(self) -> list[tuple[str, tuple[str, ...]]]:
        """Les couples (tout, parties) où des territoires d'un même niveau recouvrent un autre."""
        niveaux = sorted({territoire.split(":")[0] for territoire in self.composition})
        trouves = []
        for tout, mailles in self.composition.items():
            for niveau in niveaux:
                parties = tuple(
                    t
                    for t, siennes in self.composition.items()
                    if t != tout and t.startswith(f"{niveau}:") and siennes & mailles
                )
                couvertes = frozenset().union(*(self.composition[t] for t in parties))
                if parties and mailles <= couvertes:
                    trouves.append((tout, parties))
        return trouves
