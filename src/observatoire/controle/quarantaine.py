"""Ce que valent les règles : lignes gardées et marquées, lignes écartées, et les comptes de chacune."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from observatoire.controle.regles import BLOQUANT
from observatoire.referentiel import NON_RENSEIGNE
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from observatoire.controle.regles import Lecture, Regle

    Rangs = np.ndarray[tuple[int], np.dtype[np.intp]]

ORIGINE = ["source", "millesime", "fichier", "ligne"]
# un pseudonyme n'a rien à faire dans une liste envoyée à la source
_NON_CITEES = ("personne",)


@dataclass
class Compte:
    """Ce qui a été lu et écarté d'une source : lignes, règles bloquantes et un exemple de chacune."""

    lues: int = 0
    ecartees: int = 0
    regles: Counter[str] = field(default_factory=Counter)
    exemples: dict[str, str] = field(default_factory=dict)

    def ajouter(self, lues: int, gardees: int, rejets: pd.DataFrame) -> None:
        """Ajoute un morceau."""
        self.lues += lues
        self.ecartees += lues - gardees
        bloquants = rejets.loc[rejets["niveau"] == BLOQUANT]
        self.regles.update(bloquants["regle"])
        for rejet in bloquants.drop_duplicates("regle").itertuples():
            self.exemples.setdefault(str(rejet.regle), f"{rejet.fichier}, ligne {rejet.ligne}")


def examiner(lecture: Lecture, regles: Sequence[Regle]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Applique les règles à une lecture : rend les lignes gardées, et un rejet par ligne et par règle."""
    ecartee = np.zeros(len(lecture.lue), dtype=bool)
    touches: list[tuple[Regle, Rangs]] = []
    for regle in regles:
        # ce qu'on ne sait pas n'est pas touché
        touchee = regle.masque(lecture).fillna(False).to_numpy(dtype=bool)
        if touchee.any():
            touches.append((regle, np.flatnonzero(touchee)))
            if regle.niveau == BLOQUANT:
                ecartee |= touchee
    return lecture.lue.loc[~ecartee], _rejets(lecture, touches)


def remplissage(gardees: pd.DataFrame) -> pd.DataFrame:
    """Rend, par colonne, le nombre de lignes gardées et celui des lignes renseignées."""
    colonnes = gardees.columns.difference(ORIGINE, sort=False)
    textes: pd.DataFrame = gardees[colonnes].select_dtypes("string")
    non_renseignees = (textes == NON_RENSEIGNE).sum().reindex(colonnes, fill_value=0)
    renseignees = gardees[colonnes].notna().sum() - non_renseignees
    return pd.DataFrame({"gardees": len(gardees), "renseignees": renseignees})


def _rejets(lecture: Lecture, touches: Sequence[tuple[Regle, Rangs]]) -> pd.DataFrame:
    schema = SCHEMAS["controle/rejets"]
    if not touches:
        return schema.vide()
    regles = [regle for regle, _ in touches]
    lignes = np.concatenate([rangs for _, rangs in touches])
    numeros = np.repeat(np.arange(len(regles)), [len(rangs) for _, rangs in touches])
    rejets = lecture.recue[ORIGINE].iloc[lignes].reset_index(drop=True)
    for nom in ("regle", "niveau", "colonne", "remede"):
        attribut = "nom" if nom == "regle" else nom
        rejets[nom] = pd.array([getattr(regle, attribut) for regle in regles], "string").take(numeros)
    valeurs = [_valeurs_citees(lecture.recue[regle.colonne].iloc[rangs]) for regle, rangs in touches]
    rejets["valeur"] = pd.concat(valeurs, ignore_index=True)
    return schema.verifier(rejets)


def _valeurs_citees(recues: pd.Series) -> pd.Series:
    if recues.name in _NON_CITEES:
        return pd.Series(pd.NA, index=recues.index, dtype="string")
    return recues.astype("string")
