"""Les marchés et les lots clausés que suivent les facilitateurs : notifiés, actifs, générateurs d'heures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw

from observatoire.indicateurs.registre import SANS_PERSONNES, UNE_HEURE, indicateur

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narwhals.typing import FrameT

_SUIVI = "Logiciels de suivi des clauses sociales, traitements de l’observatoire."
_AU_MARCHE = ("type_marche", "modalite", "type_acheteur", "secteur", "programme", "duree_marche")
_AU_LOT = ("type_marche", "modalite")


def _compter(table: FrameT, par: Sequence[str], cle: str) -> FrameT:
    comptes = table.group_by(*par).agg(nw.col(cle).n_unique().alias("valeur"))
    return comptes.select(*par, "valeur", SANS_PERSONNES)


def _generateurs(table: FrameT, par: Sequence[str], cle: str) -> FrameT:
    heures = table.group_by(*par, cle).agg(nw.col("heures").sum())
    return _compter(heures.filter(nw.col("heures") >= UNE_HEURE), par, cle)


@indicateur(
    libelle="Marchés clausés notifiés",
    unite="marchés",
    table="clauses",
    rattachement="execution",
    ventilations=_AU_MARCHE,
    champ=(
        "Marchés dont une clause est notifiée dans la période, hors clauses prévues ou abandonnées, "
        "exécutés dans le territoire."
    ),
    source=_SUIVI,
    lecture="{territoire}, {periode} : {valeur} marchés comportant une clause sociale ont été notifiés.",
    additif=(),
    multiples=_AU_MARCHE,
    personnes=False,
)
def marches_clauses_notifies(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de marchés distincts dont une clause sociale a été notifiée dans la période.

    Un marché de plusieurs lots, ou à plusieurs titulaires, compte pour un. Il peut être
    exécuté dans deux territoires, ou notifié lot par lot : les nombres de marchés ne
    s’additionnent ni entre territoires ni entre périodes. Ses lots peuvent différer par la
    modalité, le secteur ou la durée : il compte une fois dans chacune.
    """
    return _compter(table, par, "marche_cle")


@indicateur(
    libelle="Lots clausés notifiés",
    unite="lots",
    table="clauses",
    rattachement="execution",
    ventilations=_AU_LOT,
    champ=(
        "Lots dont une clause est notifiée dans la période, hors clauses prévues ou abandonnées, "
        "exécutés dans le territoire."
    ),
    source=_SUIVI,
    lecture="{territoire}, {periode} : {valeur} lots comportant une clause sociale ont été notifiés.",
    additif=(),
    multiples=_AU_LOT,
    personnes=False,
)
def lots_clauses_notifies(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de lots distincts dont une clause sociale a été notifiée dans la période.

    La clause vit au lot : un marché de quatre lots clausés compte ici pour quatre, et pour un
    parmi les marchés clausés notifiés. Un lot à plusieurs titulaires compte pour un ; un marché non
    alloti est un lot. Comparer les deux nombres dit si l’on clause des marchés entiers ou des lots.
    """
    return _compter(table, par, "lot_cle")


@indicateur(
    libelle="Marchés clausés actifs",
    unite="marchés",
    table="clauses_actives",
    rattachement="execution",
    ventilations=_AU_MARCHE[:-1],
    champ=(
        "Marchés en cours d’exécution au moins un jour de la période, hors clauses prévues ou abandonnées, "
        "exécutés dans le territoire."
    ),
    source=_SUIVI,
    lecture="{territoire}, {periode} : {valeur} marchés comportant une clause sociale étaient en cours.",
    additif=(),
    multiples=_AU_MARCHE[:-1],
    personnes=False,
)
def marches_clauses_actifs(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de marchés clausés dont l’exécution recouvre la période, fût-ce un jour.

    L’exécution commence à la date de début, à défaut à la notification ; un marché sans date
    de fin est réputé en cours. Un marché pluriannuel compte dans chaque période : ces nombres
    ne s’additionnent jamais d’une période à l’autre.
    """
    return _compter(table, par, "marche_cle")


@indicateur(
    libelle="Lots clausés actifs",
    unite="lots",
    table="clauses_actives",
    rattachement="execution",
    ventilations=_AU_LOT,
    champ=(
        "Lots en cours d’exécution au moins un jour de la période, hors clauses prévues ou abandonnées, "
        "exécutés dans le territoire."
    ),
    source=_SUIVI,
    lecture="{territoire}, {periode} : {valeur} lots comportant une clause sociale étaient en cours.",
    additif=(),
    multiples=_AU_LOT,
    personnes=False,
)
def lots_clauses_actifs(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de lots clausés dont l’exécution recouvre la période, fût-ce un jour.

    Les règles sont celles des marchés clausés actifs ; seul change ce que l’on compte. Un marché de
    quatre lots, dont deux sont terminés, y compte pour deux. Ces nombres ne s’additionnent pas d’une
    période à l’autre : un lot pluriannuel compte dans chacune.
    """
    return _compter(table, par, "lot_cle")


@indicateur(
    libelle="Marchés clausés générateurs d’heures",
    unite="marchés",
    table="clauses_generatrices",
    rattachement="execution",
    ventilations=_AU_MARCHE[:-1],
    champ="Marchés exécutés dans le territoire ayant donné lieu à au moins une heure dans la période.",
    source=_SUIVI,
    lecture="{territoire}, {periode} : {valeur} marchés ont généré des heures d’insertion.",
    additif=(),
    multiples=_AU_MARCHE[:-1],
    personnes=False,
)
def marches_clauses_generateurs(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de marchés distincts ayant donné lieu à au moins une heure d’insertion.

    Un marché actif sans heure dans la période n’est pas compté ici. Un marché compte dans
    chaque période où il a généré des heures : ces nombres ne s’additionnent pas.
    Ce nombre dit qu’une personne au moins a travaillé, non combien : il compte des marchés
    et n’est pas couvert par le secret des personnes.
    """
    return _generateurs(table, par, "marche_cle")


@indicateur(
    libelle="Lots clausés générateurs d’heures",
    unite="lots",
    table="clauses_generatrices",
    rattachement="execution",
    ventilations=_AU_LOT,
    champ="Lots exécutés dans le territoire ayant donné lieu à au moins une heure dans la période.",
    source=_SUIVI,
    lecture="{territoire}, {periode} : {valeur} lots ont généré des heures d’insertion.",
    additif=(),
    multiples=_AU_LOT,
    personnes=False,
)
def lots_clauses_generateurs(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de lots distincts ayant donné lieu à au moins une heure d’insertion dans la période.

    Les règles sont celles des marchés générateurs d’heures : il faut une heure au moins dans la
    cellule, toutes personnes confondues. Un lot compte dans chaque période où il a généré des
    heures : ces nombres ne s’additionnent pas.
    """
    return _generateurs(table, par, "lot_cle")
