"""Les heures, mois par mois, telles qu'on les connaît au jour de l'extraction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from observatoire.acquisition.exemple import calibration as cible
from observatoire.acquisition.exemple.calendrier import (
    AUCUN,
    JOURS_PAR_MOIS,
    dernier_jour,
    mois_de,
    premier_jour,
)

if TYPE_CHECKING:
    from observatoire.acquisition.exemple.calendrier import Fenetre

QUARTS = 4  # les heures se comptent au quart d'heure
_SAISON = np.array([cible.SAISON.get(mois, 1.0) for mois in range(1, 13)])
_ALTERNANCE = np.array([couple.contrat in cible.ALTERNANCE for couple in cible.COUPLES])


def detailler(rng: np.random.Generator, contrats: pd.DataFrame, fenetre: Fenetre) -> pd.DataFrame:
    """Rend une ligne par contrat et par mois connu : rang du contrat, mois, quarts d'heure, saisie.

    Le retard de remontée est propre au contrat : ses derniers mois manquent ensemble.
    """
    debut, fin = contrats["debut"].to_numpy(), contrats["fin"].to_numpy()
    premier = np.maximum(mois_de(debut), fenetre.premier)
    nombres = np.minimum(mois_de(fin), fenetre.dernier) - premier + 1
    contrat = np.repeat(np.arange(len(contrats)), nombres)
    mois = np.arange(len(contrat)) - np.repeat(np.cumsum(nombres) - nombres, nombres) + premier[contrat]
    jours = np.minimum(fin[contrat], dernier_jour(mois)) - np.maximum(debut[contrat], premier_jour(mois)) + 1
    bruit = 1 + cible.DISPERSION_DES_HEURES * rng.standard_normal(len(contrat))
    heures = contrats["rythme"].to_numpy()[contrat] * jours / JOURS_PAR_MOIS * _SAISON[mois % 12] * bruit
    maximum = cible.HEURES_MENSUELLES_MAXIMUM * QUARTS
    parts, delais = np.array(cible.CONNUES).T
    delai = np.interp(contrats["retard"].to_numpy(), parts, delais).astype(np.int64)
    lignes = pd.DataFrame(
        {
            "contrat": contrat,
            "mois": mois,
            "quarts": np.clip(heures * QUARTS, QUARTS, maximum).astype(np.int64),
            "saisie": dernier_jour(mois) + delai[contrat],
            "formation": _ALTERNANCE[contrats["couple"]][contrat]
            & (rng.random(len(contrat)) < cible.PART_FORMATION),
        }
    )
    return lignes.loc[lignes["saisie"] <= fenetre.extraction].reset_index(drop=True)


def sans_detail(
    rng: np.random.Generator, lignes: pd.DataFrame, contrats: pd.DataFrame, fenetre: Fenetre, part: float
) -> pd.DataFrame:
    """Remplace le détail mensuel de quelques contrats finis par une seule ligne, au total des heures."""
    entiers = (
        ~contrats["sans_fin"]
        & ~contrats["double"]
        & (contrats["debut"] >= fenetre.debut)
        & (contrats["fin"] <= fenetre.fin)
        & np.isin(np.arange(len(contrats)), lignes["contrat"])
    )
    possibles = np.flatnonzero(entiers)
    nombre = min(max(1, round(part * len(contrats))), len(possibles))
    choisis = rng.choice(possibles, size=nombre, replace=False)
    a_resumer = lignes["contrat"].isin(choisis)
    totaux = lignes.loc[a_resumer].groupby("contrat", as_index=False).agg({"quarts": "sum", "saisie": "max"})
    totaux = totaux.assign(mois=AUCUN, formation=False)
    return pd.concat([lignes.loc[~a_resumer], totaux], ignore_index=True)
