"""Ce que valent les règles : lignes gardées et marquées, lignes écartées, et les comptes de chacune."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from observatoire.controle.regles import BLOQUANT
from observatoire.erreurs import QualiteError
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from observatoire.controle.regles import Lecture, Regle

    Rangs = npt.NDArray[np.intp]

ORIGINE = ["source", "millesime", "fichier", "ligne"]
_FICHIER = ORIGINE[:3]
# un pseudonyme n'a rien à faire dans une liste envoyée à la source
_NON_CITEES = ("personne",)


def examiner(lecture: Lecture, regles: Sequence[Regle]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Applique les règles à une lecture.

    Returns:
        Les lignes gardées, avec `ecarts` ; les rejets, un par ligne et par règle ; le bilan par
        fichier, où lues = gardées + écartées.
    """
    touchees = {regle: _touchees(lecture, regle) for regle in regles}
    touchees = {regle: rangs for regle, rangs in touchees.items() if len(rangs)}
    ecartee = np.zeros(len(lecture.lue), dtype=bool)
    for regle, rangs in touchees.items():
        ecartee[rangs] |= regle.gravite == BLOQUANT
    lues = lecture.lue.assign(ecarts=_ecarts(touchees, lecture.lue.index))
    rejets = [SCHEMAS["controle/rejets"].vide()]
    rejets += [_rejets(lecture, regle, rangs) for regle, rangs in touchees.items()]
    return lues.loc[~ecartee], pd.concat(rejets, ignore_index=True), _bilan(lues, ecartee)


def _touchees(lecture: Lecture, regle: Regle) -> Rangs:
    """Rend les rangs des lignes touchées ; ce qu'on ne sait pas n'est pas touché."""
    return np.flatnonzero(regle.masque(lecture).fillna(False).to_numpy(dtype=bool))


def _ecarts(touchees: dict[Regle, Rangs], index: pd.Index) -> pd.Series:
    noms = np.full(len(index), "", dtype=object)
    for regle, rangs in touchees.items():
        noms[rangs] += f"|{regle.nom}"
    ecarts = pd.Series(noms, index=index, dtype="string").str.removeprefix("|")
    return ecarts.mask(ecarts == "")


def _rejets(lecture: Lecture, regle: Regle, rangs: Rangs) -> pd.DataFrame:
    lignes = lecture.recue.iloc[rangs]
    valeur = None if regle.colonne in _NON_CITEES else lignes[regle.colonne].astype("string")
    rejets = lignes[ORIGINE].assign(
        gravite=regle.gravite, regle=regle.nom, colonne=regle.colonne, valeur=valeur, remede=regle.remede
    )
    return SCHEMAS["controle/rejets"].verifier(rejets)


def _bilan(lues: pd.DataFrame, ecartee: npt.NDArray[np.bool_]) -> pd.DataFrame:
    comptes = lues[_FICHIER].assign(
        lues=1, gardees=~ecartee, marquees=~ecartee & lues["ecarts"].notna(), ecartees=ecartee
    )
    return comptes.groupby(_FICHIER, as_index=False).sum()


def refuser_trop_d_ecarts(bilan: pd.DataFrame, rejets: pd.DataFrame, source: str, maximum_pct: float) -> None:
    """Arrête tout si une source a trop de lignes écartées pour que le reste soit crédible.

    Raises:
        QualiteError: la part écartée dépasse le maximum ; le message donne les premières règles.
    """
    ecartees, lues = int(bilan["ecartees"].sum()), int(bilan["lues"].sum())
    if 100 * ecartees <= maximum_pct * lues:
        return
    bloquants = rejets.loc[rejets["gravite"] == BLOQUANT]
    regles = bloquants["regle"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    details = []
    for nom, nombre in regles.head(3).items():
        exemple = bloquants.loc[bloquants["regle"] == nom].iloc[0]
        details.append(f"{nom} {nombre} (par exemple {exemple['fichier']}, ligne {exemple['ligne']})")
    raise QualiteError(
        f"{source} : {ecartees} lignes écartées sur {lues}, soit {100 * ecartees // lues} %, "
        f"plus que les {maximum_pct:g} % admis. Premières règles : {' ; '.join(details)}.",
        "Vérifier la lecture déclarée pour cette source dans observatoire.toml (dates, décimale, colonnes), "
        "sinon faire corriger l'export, ou relever ecartees_maximum_pct dans parametres.toml.",
    )
