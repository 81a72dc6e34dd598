"""Les médianes : au milieu d'un groupe assez grand, arrondies, jamais un extrême.

Une médiane est l'heure d'une personne, ou la moyenne de deux : dans un petit groupe, c'est un
renseignement sur quelqu'un. Elle n'est donnée qu'à partir de `personnes_minimum_mediane` personnes, et
seulement si leur nombre est publié. Un maximum, un minimum ou un quantile extrême décrit toujours une
personne : il n'y en a pas ici.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw
import pandas as pd

from observatoire.indicateurs.registre import REGISTRE, UNE_HEURE, indicateur

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narwhals.typing import FrameT

_PAS_HEURES = 10
_CLE = ["ventilation", "territoire", "periode", "modalite"]


@indicateur(
    libelle="Heures médianes par bénéficiaire",
    unite="h",
    table="heures",
    rattachement="execution",
    ventilations=(),
    champ=(
        "Personnes ayant réalisé au moins une heure dans la période, "
        "sur les marchés exécutés dans le territoire."
    ),
    source="Logiciels de suivi des clauses sociales, traitements de l’observatoire.",
    lecture="{territoire}, {periode} : la moitié des personnes ont réalisé moins de {valeur} heures environ.",
    additif=(),
    personnes=True,
    absence_nulle=False,
    mediane_de="beneficiaires_sur_place",
)
def heures_medianes(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre d’heures que la moitié des personnes dépassent, sur les marchés du territoire.

    Quelques parcours longs tirent la moyenne vers le haut ; la médiane dit l’ordinaire. Mais une
    médiane est le nombre d’heures d’une personne, ou la moyenne de deux : dans un petit groupe,
    un collègue y reconnaîtrait quelqu’un, et deux médianes voisines diraient ce qu’a fait celui
    qui n’est que dans l’une. Elle n’est donc donnée qu’à partir de trente personnes, quand leur
    nombre est lui-même publié, et arrondie à la dizaine d’heures. Ni le maximum ni le minimum ne
    sont publiés : chacun décrit une seule personne.
    Elle ne s’additionne ni ne se combine : la médiane de l’année n’est pas celle des trimestres.
    """
    heures = table.group_by(*par, "personne").agg(nw.col("heures").sum())
    presentes = heures.filter(nw.col("heures") >= UNE_HEURE, ~nw.col("personne").is_null())
    medianes = (
        presentes.with_columns(nw.col("heures").cast(nw.Float64))
        .group_by(*par)
        .agg(nw.col("heures").median().alias("mediane"), nw.col("personne").count().alias("effectif"))
    )
    arrondie = (nw.col("mediane") / _PAS_HEURES + 0.5).floor() * _PAS_HEURES
    return medianes.select(*par, arrondie.alias("valeur"), "effectif")


def medianes_a_taire(cellules: pd.DataFrame, cachees: pd.Series[bool], minimum: int) -> pd.Series[bool]:
    """Marque les médianes à taire : trop peu de personnes, ou leur nombre est caché ou absent.

    Args:
        cellules: les cellules privées (indicateur, ventilation, territoire, periode, modalite, effectif).
        cachees: ce que le secret cache déjà, au même index.
        minimum: `personnes_minimum_mediane`.
    """
    compte = cellules["indicateur"].map({nom: i.mediane_de for nom, i in REGISTRE.items() if i.mediane_de})
    lisibles = pd.MultiIndex.from_frame(cellules.loc[~cachees, ["indicateur", *_CLE]])
    du_compte = pd.MultiIndex.from_frame(cellules[_CLE].assign(indicateur=compte)[["indicateur", *_CLE]])
    petites = (cellules["effectif"] < minimum).fillna(value=True).astype(bool)
    observees = cellules["valeur"].notna()
    return compte.notna() & observees & (petites | ~du_compte.isin(lisibles))
