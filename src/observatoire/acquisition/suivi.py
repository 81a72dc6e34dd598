"""Les exports des logiciels de suivi : l'identité entre, seuls un pseudonyme et un âge sortent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from observatoire.acquisition.pseudonymes import pseudonymiser
from observatoire.acquisition.tableurs import (
    champs_declares,
    colonnes_attendues,
    lire_tableur,
    verifier_tableur,
)
from observatoire.referentiel.ecritures import mois_en_chiffres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from observatoire.config import Source

_CALCULEES = ("personne", "age_entree")
# le NIR n'y est pas : même déclaré dans [identite], il n'est jamais lu
_IDENTITE = ("nom", "prenom", "date_naissance", "identifiant")


def lire_suivi(source: Source, fichier: Path, cle: Callable[[], bytes]) -> Iterator[pd.DataFrame]:
    """Rend par morceaux un export de suivi sans identité : `personne` et `age_entree` en tiennent lieu.

    Nom, prénom, date de naissance et identifiant du logiciel ne vivent que le temps de ce calcul.
    L'âge est celui, en années révolues, du début du contrat ; il est vide si une des deux dates
    manque ou ne suit pas le format déclaré.

    Raises:
        SourceError: fichier illisible, ou colonnes déclarées absentes.
        ConfigError: clé de pseudonymisation absente ou mal protégée.
    """
    champs, secret = _champs(source), cle()
    for morceau in lire_tableur(source, fichier, champs):
        yield _sans_identite(source, morceau, secret)


def _sans_identite(source: Source, table: pd.DataFrame, cle: bytes) -> pd.DataFrame:
    forme = source.lecture.get("date", "%Y-%m-%d")
    formes = [forme] if isinstance(forme, str) else forme
    vide = pd.Series(pd.NA, index=table.index, dtype="string")
    identite = {nom: table.get(f"identite.{nom}", vide) for nom in _IDENTITE}
    naissance = _dates(identite["date_naissance"], formes)
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
    age = _age(naissance, _dates(table.get("contrat_debut", vide), formes))
    table = table.assign(personne=pseudonymiser(identites, cle), age_entree=age)
    return table.reindex(columns=["ligne", *colonnes_attendues("suivi")])


def verifier_suivi(source: Source, fichier: Path) -> int:
    """Essaie la lecture d'un export sans rien garder ni calculer de pseudonyme ; rend le nombre de lignes."""
    return verifier_tableur(source, fichier, _champs(source))


def _champs(source: Source) -> dict[str, str]:
    admis = [nom for nom in colonnes_attendues("suivi") if nom not in _CALCULEES]
    identite = {f"identite.{nom}": source.identite[nom] for nom in _IDENTITE if nom in source.identite}
    return champs_declares(source, admis) | identite


def _dates(textes: pd.Series[str], formes: Sequence[str]) -> pd.Series[pd.Timestamp]:
    """Rend des dates, vides si elles ne suivent ni une forme déclarée ni AAAA-MM-JJ (cellule de date)."""
    rangs, distincts = pd.factorize(textes)
    ecrites = pd.Series(distincts, dtype="string")
    dates = pd.Series(pd.NaT, index=ecrites.index, dtype="datetime64[us]")
    for forme in (*formes, "%Y-%m-%d"):
        restantes, chiffres = ecrites.where(dates.isna()), re.sub("%[bB]", "%m", forme)
        if chiffres != forme:
            restantes = restantes.map(mois_en_chiffres, na_action="ignore")
        lues = pd.to_datetime(restantes, format=chiffres, errors="coerce")
        dates = dates.fillna(lues.astype("datetime64[us]"))
    return pd.Series(dates.array.take(rangs, allow_fill=True), index=textes.index)


def _en_iso(dates: pd.Series[pd.Timestamp]) -> pd.Series[str]:
    jours = np.datetime_as_string(dates.to_numpy(dtype="datetime64[D]"))
    return pd.Series(jours, index=dates.index, dtype="string").mask(dates.isna())


def _age(naissance: pd.Series[pd.Timestamp], jour: pd.Series[pd.Timestamp]) -> pd.Series[str]:
    """Rend l'âge révolu : un an de moins tant que l'anniversaire n'est pas passé."""
    avant = 100 * jour.dt.month + jour.dt.day < 100 * naissance.dt.month + naissance.dt.day
    return (jour.dt.year - naissance.dt.year - avant).astype("Int64").astype("string")
