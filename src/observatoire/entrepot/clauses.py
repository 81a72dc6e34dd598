"""Les clauses d'insertion : une ligne par clause d'un lot, reliée au marché et au grand projet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.entrepot.cles import chercher, cle_marche
from observatoire.entrepot.territoires import commune_actuelle

if TYPE_CHECKING:
    import pandas as pd

SANS_PROGRAMME = "HORS"


def construire_clauses(
    suivi: pd.DataFrame, marches: pd.DataFrame, grands_projets: pd.DataFrame
) -> pd.DataFrame:
    """Rend une clause par ligne, à l'état de sa ligne la plus récente (livraison, puis saisie).

    Les heures engagées sont les dernières connues : un avenant les remplace, une ligne qui les tait
    ne les efface pas (T10). Le marché est vu deux fois : `marche_cle` réunit les lots et les
    titulaires d'un même marché (T7), à défaut de référence ou d'acheteur la clause compte pour un
    marché ; `marche_id` est le marché des données essentielles de même acheteur (SIREN) et de même
    référence, s'il n'y en a qu'un.

    Args:
        suivi: lignes de suivi rangées, avec leur `clause_id`.
        marches: les marchés de l'entrepôt.
        grands_projets: lignes des grands projets, rangées.
    """
    etat = suivi.dropna(subset=["clause_id"]).drop_duplicates("clause_id", keep="last")
    cle = cle_marche(etat["acheteur_id"], etat["marche_reference"])
    engagees = suivi.groupby("clause_id")["heures_engagees"].last()
    return etat.assign(
        marche_cle=cle.fillna(etat["clause_id"]),
        marche_id=chercher(cle, _marches_retrouves(marches)),
        programme=_programme(etat["programme"], cle, grands_projets),
        modalite=etat["modalite"].fillna("NR"),
        type_marche=etat["type_marche"].fillna("NR"),
        statut=etat["statut_clause"].fillna("NR"),
        heures_engagees=chercher(etat["clause_id"], engagees),
        commune_execution=commune_actuelle(etat["commune_execution"]),
    )


def _marches_retrouves(marches: pd.DataFrame) -> pd.Series:
    cles = cle_marche(marches["acheteur_id"], marches["id_source"])
    uniques = cles.notna() & ~cles.duplicated(keep=False)
    return marches.loc[uniques, "marche_id"].set_axis(cles[uniques])


def _programme(programme: pd.Series, cle: pd.Series, grands_projets: pd.DataFrame) -> pd.Series:
    """Rend le programme déclaré, à défaut celui de la liste des grands projets.

    Une étiquette seulement : les heures des grands projets sont déjà dans le suivi.
    """
    projets = grands_projets.assign(
        cle=cle_marche(grands_projets["acheteur_id"], grands_projets["marche_reference"])
    ).dropna(subset=["cle", "programme"])
    etiquettes = projets.drop_duplicates("cle", keep="last").set_index("cle")["programme"]
    declare = programme.mask(programme == SANS_PROGRAMME)
    return declare.fillna(chercher(cle, etiquettes)).fillna(SANS_PROGRAMME)
