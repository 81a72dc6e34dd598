"""Les écritures qu'une source déclare dans `[sources.<nom>.valeurs]`, remplacées par nos codes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from observatoire.controle.resolution import SEPARATEUR
from observatoire.controle.typage import par_valeur
from observatoire.erreurs import ConfigError, suggestion
from observatoire.referentiel import NON_RENSEIGNE, nomenclature
from observatoire.referentiel.ecritures import comparable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from observatoire.config import Source


def traduire(table: pd.DataFrame, source: Source, listes: Mapping[str, str]) -> pd.DataFrame:
    """Rend la table où chaque écriture déclarée a laissé la place à son code ; le reste est tel quel.

    Args:
        table: les textes reçus.
        source: la source et ses `valeurs`, colonne par colonne.
        listes: la liste de codes de chaque colonne codée.

    Raises:
        ConfigError: une colonne ou un code déclaré n'existe pas.
    """
    traduite = table.copy(deep=False)
    for colonne, valeurs in source.valeurs.items():
        if colonne not in traduite.columns:
            ou = f"[sources.{source.nom}.valeurs]"
            raise ConfigError(f"{ou} : « {colonne} » est inconnu.", suggestion(colonne, listes))
        if colonne in listes:
            _verifier(source, colonne, valeurs, nomenclature(listes[colonne]))
        codes = {comparable(ecriture): code for ecriture, code in valeurs.items()}
        traduite[colonne] = par_valeur(traduite[colonne], partial(_remplacer, codes))
    return traduite


def _verifier(source: Source, colonne: str, valeurs: Mapping[str, str], codes: Mapping[str, object]) -> None:
    for ecriture, code in valeurs.items():
        if code not in codes and code != NON_RENSEIGNE:
            raise ConfigError(
                f"[sources.{source.nom}.valeurs.{colonne}] : « {ecriture} » renvoie au code inconnu "
                f"« {code} ».",
                suggestion(code, codes),
            )


def _remplacer(codes: Mapping[str, str], texte: str) -> str:
    """Remplace chaque partie connue d'un texte ; le reste est gardé tel quel."""
    return SEPARATEUR.join(codes.get(comparable(partie), partie) for partie in texte.split(SEPARATEUR))
