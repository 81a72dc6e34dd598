"""Une règle de contrôle : un masque, son niveau, la colonne en cause, le remède pour la source."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

# Une information ne demande rien ; une alerte demande un regard ; un bloquant écarte la ligne.
INFO, ALERTE, BLOQUANT = "info", "alerte", "bloquant"
ORIGINE = "source, millesime, fichier, ligne"


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
    niveau: str
    colonne: str
    remede: str
    description: str
    masque: Callable[[Lecture], pd.Series]


@dataclass(frozen=True, slots=True)
class Recoupement:
    """Une règle d'ensemble ; `description` est son énoncé public.

    `requete` rend `source, millesime, fichier, ligne, valeur`.
    """

    nom: str
    niveau: str
    colonne: str
    remede: str
    description: str
    requete: str


def regle(niveau: str, colonne: str, remede: str) -> Callable[[Callable[[Lecture], pd.Series]], Regle]:
    """Inscrit une fonction comme règle : son nom est celui de la règle, sa docstring son énoncé."""

    def inscrire(masque: Callable[[Lecture], pd.Series]) -> Regle:
        description = inspect.cleandoc(masque.__doc__ or "")
        return Regle(masque.__name__, niveau, colonne, remede, description, masque)

    return inscrire


def illisible(nom: str, colonne: str, description: str, remede: str, niveau: str = ALERTE) -> Regle:
    """Rend la règle « une valeur est présente, et le contrôle n'a pas pu la garder »."""

    def masque(lecture: Lecture) -> pd.Series:
        return lecture.recue[colonne].notna() & lecture.lue[colonne].isna()

    return Regle(nom, niveau, colonne, remede, description, masque)


def absente(nom: str, colonne: str, description: str, remede: str, niveau: str = ALERTE) -> Regle:
    """Rend la règle « la valeur manque »."""

    def masque(lecture: Lecture) -> pd.Series:
        return lecture.recue[colonne].isna()

    return Regle(nom, niveau, colonne, remede, description, masque)


def marquee(
    nom: str, colonne: str, marque: str, description: str, remede: str, niveau: str = ALERTE
) -> Regle:
    """Rend la règle « la lecture de cette colonne a laissé cette marque »."""

    def masque(lecture: Lecture) -> pd.Series:
        return lecture.reperes[f"marque_{colonne}"] == marque

    return Regle(nom, niveau, colonne, remede, description, masque)
