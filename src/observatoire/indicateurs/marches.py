"""Les marchés : ceux que suivent les facilitateurs, ceux des données essentielles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw

from observatoire.indicateurs.registre import PART, SANS_PERSONNES, UNE_HEURE, indicateur

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narwhals.typing import FrameT

_SUIVI = "Logiciels de suivi des clauses sociales, traitements de l’observatoire."
_DECP = "Données essentielles de la commande publique (DECP), traitements de l’observatoire."


def _compter(table: FrameT, par: Sequence[str], cle: str) -> FrameT:
    comptes = table.group_by(*par).agg(nw.col(cle).n_unique().alias("valeur"))
    return comptes.select(*par, "valeur", SANS_PERSONNES)


@indicateur(
    libelle="Marchés clausés notifiés",
    unite="marchés",
    table="clauses",
    rattachement="execution",
    ventilations=("type_marche",),
    champ=(
        "Marchés dont une clause est notifiée dans la période, hors clauses prévues ou abandonnées, "
        "exécutés dans le territoire."
    ),
    source=_SUIVI,
    lecture="{territoire}, {periode} : {valeur} marchés comportant une clause sociale ont été notifiés.",
    additif=(),
    personnes=False,
)
def marches_clauses_notifies(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de marchés distincts dont une clause sociale a été notifiée dans la période.

    Un marché de plusieurs lots, ou à plusieurs titulaires, compte pour un. Il peut être
    exécuté dans deux territoires, ou notifié lot par lot : les nombres de marchés ne
    s’additionnent ni entre territoires ni entre périodes.
    """
    return _compter(table, par, "marche_cle")


@indicateur(
    libelle="Marchés clausés actifs",
    unite="marchés",
    table="clauses_actives",
    rattachement="execution",
    ventilations=("type_marche",),
    champ=(
        "Marchés en cours d’exécution au moins un jour de la période, hors clauses prévues ou abandonnées, "
        "exécutés dans le territoire."
    ),
    source=_SUIVI,
    lecture="{territoire}, {periode} : {valeur} marchés comportant une clause sociale étaient en cours.",
    additif=(),
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
    libelle="Marchés clausés générateurs d’heures",
    unite="marchés",
    table="heures",
    rattachement="execution",
    ventilations=("type_marche",),
    champ="Marchés exécutés dans le territoire ayant donné lieu à au moins une heure dans la période.",
    source=_SUIVI,
    lecture="{territoire}, {periode} : {valeur} marchés ont généré des heures d’insertion.",
    additif=(),
    personnes=False,
)
def marches_clauses_generateurs(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de marchés distincts ayant donné lieu à au moins une heure d’insertion.

    Un marché actif sans heure dans la période n’est pas compté ici. Un marché compte dans
    chaque période où il a généré des heures : ces nombres ne s’additionnent pas.
    Ce nombre dit qu’une personne au moins a travaillé, non combien : il compte des marchés
    et n’est pas couvert par le secret des personnes.
    """
    marches = table.group_by(*par, "marche_cle").agg(nw.col("heures").sum())
    return _compter(marches.filter(nw.col("heures") >= UNE_HEURE), par, "marche_cle")


@indicateur(
    libelle="Marchés publics notifiés",
    unite="marchés",
    table="marches",
    rattachement="execution_marche",
    ventilations=("type_marche", "consideration_sociale", "procedure", "type_acheteur"),
    champ="Marchés publics notifiés dans la période, exécutés dans le territoire, hors concessions.",
    source=_DECP,
    lecture="{territoire}, {periode} : {valeur} marchés publics ont été notifiés.",
    additif=("territoire", "periode", "modalite"),
    personnes=False,
)
def marches_notifies(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de marchés publics notifiés, clausés ou non, publiés par les acheteurs.

    Un marché à plusieurs titulaires, ou modifié, compte pour un. Le lieu est celui de
    l’exécution, à défaut le département de l’acheteur. Une considération sociale est une clause,
    un critère ou une réservation. « Non renseigné » n’est pas « non » : le format en vigueur
    jusqu’en 2023 n’avait pas ce champ. Le seuil de publication a changé dans le temps
    (25 000 € HT jusqu’en 2019, 40 000 € HT depuis 2020) : la série n’est pas homogène.
    """
    return _compter(table, par, "marche_id")


@indicateur(
    libelle="Part des marchés comportant une considération sociale",
    unite=PART,
    table="marches",
    rattachement="execution_marche",
    ventilations=("type_marche", "procedure", "type_acheteur"),
    champ=(
        "Marchés publics notifiés dans la période, exécutés dans le territoire, hors concessions, "
        "dont les considérations sociales sont renseignées."
    ),
    source=_DECP,
    lecture="{territoire}, {periode} : {valeur} des marchés renseignés comportent une considération sociale.",
    additif=(),
    personnes=False,
)
def part_marches_considerations(table: FrameT, par: Sequence[str]) -> FrameT:
    """Marchés à considération sociale, rapportés à ceux qui disent s’ils en ont une.

    Le numérateur compte les marchés qui comportent une clause sociale, un critère social ou
    une réservation ; le dénominateur, ceux qui répondent oui ou non. Les marchés non renseignés
    sortent du calcul et leur nombre est publié par « Marchés publics notifiés ». Quand aucun
    n’est renseigné, la part est non disponible : ce n’est jamais 0 %. La part est en nombre de
    marchés, non en montant.
    """
    oui = nw.col("consideration_sociale") == "OUI"
    non = nw.col("consideration_sociale") == "NON"
    comptes = (
        table.with_columns(oui=oui.cast(nw.Int64), renseignes=(oui | non).cast(nw.Int64))
        .group_by(*par)
        .agg(nw.col("oui").sum(), nw.col("renseignes").sum())
    )
    part = nw.when(nw.col("renseignes") > 0).then(100 * nw.col("oui") / nw.col("renseignes"))
    return comptes.select(*par, part.alias("valeur"), SANS_PERSONNES)
