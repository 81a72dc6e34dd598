"""Les heures d'insertion par contrat, clause et mois travaillé : le grain de tout indicateur en heures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from observatoire.erreurs import QualiteError

if TYPE_CHECKING:
    from typing import Any

_CLE = ["contrat_id", "clause_id", "mois"]
_LUES = [*_CLE, "heures", "contrat_debut", "contrat_fin", "date_saisie", "millesime", "fichier", "ligne"]
_JOUR = np.timedelta64(1, "D")
_MOIS = np.timedelta64(1, "M")


def construire_heures(suivi: pd.DataFrame) -> pd.DataFrame:
    """Rend les heures de chaque contrat, clause et mois (règle R1 : le mois travaillé).

    Une ligne reçue deux fois à l'identique est comptée une fois ; deux lignes différentes de même
    clé (travail et formation, deux missions) s'additionnent. Un contrat sans détail mensuel est
    réparti par jours et marqué `estime`.

    Raises:
        QualiteError: des heures n'ont ni contrat, ni mois, ni dates où les placer.
    """
    lignes = suivi.loc[suivi["heures"].notna() & ~_repetees(suivi), _LUES]
    _exiger_une_place(lignes)
    detaillees = lignes["mois"].notna()
    heures = pd.concat(
        [lignes.loc[detaillees].assign(estime=False), repartir_par_jours(lignes.loc[~detaillees])]
    )
    return heures.groupby(_CLE, as_index=False).agg(
        heures=("heures", "sum"), estime=("estime", "max"), date_saisie=("date_saisie", "max")
    )


def repartir_par_jours(lignes: pd.DataFrame) -> pd.DataFrame:
    """Rend une ligne par mois civil, les heures au prorata des jours entre début et fin compris.

    Le partage se fait en centièmes d'heure, au plus grand reste : la somme est celle de départ.
    Sans fin connue, la date de saisie en tient lieu ; un contrat en cours s'arrête à la livraison,
    car des heures réalisées ne sont pas à venir. Sans début, tout va au mois de la fin.
    """
    debut, fin = _bornes(lignes)
    premier, dernier = debut.astype("datetime64[M]"), fin.astype("datetime64[M]")
    nombre = (dernier - premier).astype(int) + 1
    ligne = np.repeat(np.arange(len(lignes)), nombre)
    rang = np.arange(len(ligne)) - (nombre.cumsum() - nombre)[ligne]
    mois = premier[ligne] + rang * _MOIS
    jours = (
        np.minimum(fin[ligne], (mois + _MOIS).astype("datetime64[D]") - _JOUR)
        - np.maximum(debut[ligne], mois.astype("datetime64[D]"))
        + _JOUR
    ).astype(int)
    total = lignes["heures"].mul(100).round().to_numpy(dtype="int64")
    centiemes = _partager(total, jours, ligne)
    return lignes.iloc[ligne].assign(mois=mois.astype("datetime64[us]"), heures=centiemes / 100, estime=True)


def _partager(total: np.ndarray[Any, Any], poids: np.ndarray[Any, Any], groupe: np.ndarray[Any, Any]) -> Any:
    """Partage des totaux entiers au prorata de poids entiers, au plus grand reste, puis au premier."""
    somme = np.bincount(groupe, weights=poids).astype("int64")
    parts, restes = np.divmod(total[groupe] * poids, somme[groupe])
    manque = total - np.bincount(groupe, weights=parts).astype("int64")
    ordre = np.lexsort((np.arange(len(groupe)), -restes, groupe))
    place = np.empty(len(groupe), dtype="int64")
    place[ordre] = np.arange(len(groupe)) - np.searchsorted(groupe, groupe)
    return parts + (place < manque[groupe])


def _bornes(lignes: pd.DataFrame) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    debut = lignes["contrat_debut"].fillna(lignes["contrat_fin"])
    fin = lignes["contrat_fin"].fillna(lignes["date_saisie"])
    livraison = pd.to_datetime(lignes["millesime"])
    premier, dernier, limite = (d.to_numpy().astype("datetime64[D]") for d in (debut, fin, livraison))
    return premier, np.maximum(premier, np.fmin(dernier, limite))


def _repetees(lignes: pd.DataFrame) -> np.ndarray[Any, Any]:
    """Dit quelles lignes en répètent une autre, à leur place dans les fichiers et leurs marques près."""
    suspectes = lignes.loc[lignes.duplicated([*_CLE, "heures"], keep=False)]
    contenu = suspectes.columns.difference(["millesime", "fichier", "ligne", "ecarts"])
    return lignes.index.isin(suspectes.index[suspectes.duplicated(list(contenu), keep="last")])


def _exiger_une_place(lignes: pd.DataFrame) -> None:
    dates = lignes[["mois", "contrat_debut", "contrat_fin"]].notna().any(axis="columns")
    sans_place = lignes.loc[~dates | lignes["contrat_id"].isna() | lignes["clause_id"].isna()]
    if len(sans_place):
        premiere = sans_place.iloc[0]
        raise QualiteError(
            f"{len(sans_place)} ligne(s) portent des heures sans contrat, sans clause ou sans période, "
            f"par exemple {premiere['fichier']}, ligne {premiere['ligne']}.",
            "Une règle de contrôle doit les mettre en quarantaine.",
        )
