"""Les exports des logiciels de suivi : l'identité entre, seuls un pseudonyme et un âge sortent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.acquisition.pseudonymes import pseudonymiser
from observatoire.acquisition.tableurs import (
    champs_declares,
    colonnes_attendues,
    lire_tableur,
    verifier_tableur,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from observatoire.config import Source

_CALCULEES = ("personne", "age_entree")
# le NIR n'y est pas : même déclaré dans [identite], il n'est jamais lu
_IDENTITE = ("nom", "prenom", "date_naissance", "identifiant")


def lire_suivi(source: Source, fichier: Path, cle: Callable[[], bytes]) -> pd.DataFrame:
    """Rend un export de suivi sans identité : `personne` et `age_entree` en tiennent lieu.

    Nom, prénom, date de naissance et identifiant du logiciel ne vivent que le temps de ce calcul.
    L'âge est celui, en années révolues, du début du contrat ; il est vide si une des deux dates
    manque ou ne suit pas le format déclaré.

    Raises:
        SourceError: fichier illisible, ou colonnes déclarées absentes.
        ConfigError: clé de pseudonymisation absente ou mal protégée.
    """
    table = lire_tableur(source, fichier, _champs(source))
    forme = source.lecture.get("date", "%Y-%m-%d")
    vide = pd.Series(pd.NA, index=table.index, dtype="string")
    identite = {nom: table.get(f"identite.{nom}", vide) for nom in _IDENTITE}
    naissance = _dates(identite["date_naissance"], forme)
    identites = pd.DataFrame(
        {
            "nom": identite["nom"],
            "prenom": identite["prenom"],
            "naissance": _en_iso(naissance),
            "repli": f"{source.nom}:"
            + table.get("structure_id", vide).fillna("")
            + ":"
            + identite["identifiant"],
        }
    )
    age = _age(naissance, _dates(table.get("contrat_debut", vide), forme))
    table = table.assign(personne=pseudonymiser(identites, cle()), age_entree=age)
    return table.reindex(columns=["ligne", *colonnes_attendues("suivi")])


def verifier_suivi(source: Source, fichier: Path) -> None:
    """Essaie la lecture d'un export sans rien garder ni calculer de pseudonyme."""
    verifier_tableur(source, fichier, _champs(source))


def _champs(source: Source) -> dict[str, str]:
    admis = [nom for nom in colonnes_attendues("suivi") if nom not in _CALCULEES]
    identite = {f"identite.{nom}": source.identite[nom] for nom in _IDENTITE if nom in source.identite}
    return champs_declares(source, admis) | identite


def _dates(texte: pd.Series[str], forme: str) -> pd.Series[pd.Timestamp]:
    """Rend des dates, vides si elles ne suivent ni la forme déclarée ni AAAA-MM-JJ (cellule de date)."""
    dates = pd.to_datetime(texte, format=forme, errors="coerce")
    return dates.fillna(pd.to_datetime(texte.where(dates.isna()), format="%Y-%m-%d", errors="coerce"))


def _en_iso(dates: pd.Series[pd.Timestamp]) -> pd.Series[str]:
    return dates.map({date: date.date().isoformat() for date in dates.dropna().unique()}).astype("string")


def _age(naissance: pd.Series[pd.Timestamp], jour: pd.Series[pd.Timestamp]) -> pd.Series[str]:
    """Rend l'âge révolu : un an de moins tant que l'anniversaire n'est pas passé."""
    avant = 100 * jour.dt.month + jour.dt.day < 100 * naissance.dt.month + naissance.dt.day
    return (jour.dt.year - naissance.dt.year - avant).astype("Int64").astype("string")
