"""Les structures de l'insertion et du handicap : une ligne par SIRET et par genre."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.entrepot.cles import siren
from observatoire.entrepot.territoires import commune_actuelle
from observatoire.referentiel import NON_RENSEIGNE, nomenclature

if TYPE_CHECKING:
    import pandas as pd


def construire_structures(lignes: pd.DataFrame) -> pd.DataFrame:
    """Rend les structures, à leur dernière livraison, avec leur famille ; sans SIRET, pas de ligne.

    Args:
        lignes: les structures contrôlées, rangées.
    """
    familles = {code: modalite.groupe for code, modalite in nomenclature("familles_structure").items()}
    lignes = lignes.dropna(subset=["siret"]).assign(genre=lignes["genre"].fillna(NON_RENSEIGNE))
    etat = lignes.drop_duplicates(["siret", "genre"], keep="last")
    return etat.assign(
        siren=siren(etat["siret"]),
        famille=etat["genre"].map(familles).fillna(NON_RENSEIGNE),
        commune=commune_actuelle(etat["commune"]),
    )
