"""Le secret statistique : ce qui est caché l'est avant l'écriture de `indicateurs/valeurs`.

Garanti ici : aucune cellule reposant sur une à quatre personnes n'est publiée, quelle que soit
son unité. N'est PAS encore garanti : qu'une cellule cachée ne se retrouve pas par différence
(le total moins les autres modalités, l'année moins trois trimestres, la région moins les
départements). C'est l'objet de la protection complémentaire ; elle se branche dans
`appliquer_secret`, qui voit toutes les cellules de tous les territoires à la fois.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.erreurs import ConfigError

if TYPE_CHECKING:
    import datetime as dt

    from observatoire.config import Config

PLANCHER = 5
PUBLIE, SECRET, NON_DISPONIBLE = "publie", "secret", "non_disponible"


def seuil_personnes(config: Config, jour: dt.date) -> int:
    """Rend le nombre de personnes à partir duquel une cellule est publiée.

    Raises:
        ConfigError: le seuil de `parametres.toml` n'est pas un entier d'au moins 5 ; aucun
            réglage ne peut abaisser la protection.
    """
    seuil = config.parametre("seuil_personnes", jour).valeur
    if not isinstance(seuil, int) or seuil < PLANCHER:
        raise ConfigError(
            f"seuil_personnes vaut {seuil!r} : le secret statistique exige un entier d'au moins {PLANCHER}.",
            "Corriger seuil_personnes dans parametres.toml.",
        )
    return seuil


def appliquer_secret(cellules: pd.DataFrame, seuil: int) -> pd.DataFrame:
    """Rend les cellules avec leur `statut`, la valeur vidée quand elle est secrète, sans l'effectif.

    Une cellule sans valeur est non disponible ; un zéro observé est publié. La protection
    complémentaire, quand elle existera, ajoutera ses cellules à `cachees` : elle choisit, parmi
    les cellules encore publiées, celles qu'il faut taire pour que les primaires ne se recalculent pas.
    """
    cachees = secret_primaire(cellules, seuil)
    statut = pd.Series(PUBLIE, index=cellules.index, dtype="string")
    statut = statut.mask(cellules["valeur"].isna(), NON_DISPONIBLE).mask(cachees, SECRET)
    return cellules.assign(statut=statut, valeur=cellules["valeur"].mask(cachees)).drop(columns="effectif")


def secret_primaire(cellules: pd.DataFrame, seuil: int) -> pd.Series[bool]:
    """Marque les cellules qui reposent sur au moins une personne et moins de `seuil`.

    Un effectif vide désigne un indicateur qui ne repose pas sur des personnes.
    """
    return cellules["effectif"].between(1, seuil - 1).fillna(value=False).astype(bool)
