"""Une règle de contrôle : un masque, sa gravité, la colonne en cause, le remède pour la source."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

BLOQUANT, AVERTISSEMENT = "bloquant", "avertissement"


@dataclass(frozen=True)
class Lecture:
    """Une table sous ses deux formes, ligne à ligne.

    `recue` est le texte reçu, `lue` les valeurs typées (vides quand le texte n'a pas pu être lu),
    `reperes` ce que les règles doivent savoir de plus : marques du résolveur, bornes, livraison.
    """

    recue: pd.DataFrame
    lue: pd.DataFrame
    reperes: Mapping[str, pd.Series]


@dataclass(frozen=True, slots=True)
class Regle:
    """Une règle inscrite ; `description` est son énoncé public."""

    nom: str
    gravite: str
    colonne: str
    remede: str
    description: str
    masque: Callable[[Lecture], pd.Series]


def regle(gravite: str, colonne: str, remede: str) -> Callable[[Callable[[Lecture], pd.Series]], Regle]:
    """Inscrit une fonction comme règle : son nom est celui de la règle, sa docstring son énoncé."""

    def inscrire(masque: Callable[[Lecture], pd.Series]) -> Regle:
        description = inspect.cleandoc(masque.__doc__ or "")
        return Regle(masque.__name__, gravite, colonne, remede, description, masque)

    return inscrire


def illisible(nom: str, colonne: str, description: str, remede: str, gravite: str = AVERTISSEMENT) -> Regle:
    """Rend la règle « une valeur est présente, et le contrôle n'a pas pu la garder »."""

    def masque(lecture: Lecture) -> pd.Series:
        return lecture.recue[colonne].notna() & lecture.lue[colonne].isna()

    return Regle(nom, gravite, colonne, remede, description, masque)


def absente(nom: str, colonne: str, description: str, remede: str, gravite: str = AVERTISSEMENT) -> Regle:
    """Rend la règle « la valeur manque »."""

    def masque(lecture: Lecture) -> pd.Series:
        return lecture.recue[colonne].isna()

    return Regle(nom, gravite, colonne, remede, description, masque)


def marquee(nom: str, colonne: str, marque: str, description: str, remede: str) -> Regle:
    """Rend la règle « la lecture de cette colonne a laissé cette marque »."""

    def masque(lecture: Lecture) -> pd.Series:
        return lecture.reperes[f"marque_{colonne}"] == marque

    return Regle(nom, AVERTISSEMENT, colonne, remede, description, masque)
