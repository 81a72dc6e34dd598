"""Les heures d'insertion : réalisées, en équivalents temps plein, engagées."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw

from observatoire.indicateurs.registre import SANS_PERSONNES, indicateur

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narwhals.typing import FrameT

_SOURCE = "Logiciels de suivi des clauses sociales, traitements de l’observatoire."


def _heures(table: FrameT, par: Sequence[str]) -> FrameT:
    # Une ligne à zéro heure ne compte pas sa personne : elle grossirait l'effectif d'une
    # cellule dont les heures viennent d'une seule autre.
    travaillees = table.filter(nw.col("heures") > 0)
    return travaillees.group_by(*par).agg(
        nw.col("heures").sum().alias("valeur"), nw.col("personne").n_unique().alias("effectif")
    )


@indicateur(
    libelle="Heures d’insertion réalisées",
    unite="h",
    table="heures",
    rattachement="execution",
    ventilations=("modalite", "type_marche", "type_contrat", "type_employeur", "programme"),
    champ="Heures travaillées dans la période, sur les marchés exécutés dans le territoire.",
    source=_SOURCE,
    lecture="{territoire}, {periode} : {valeur} heures d’insertion ont été réalisées.",
    additif=("territoire", "periode", "modalite"),
    personnes=True,
)
def heures_realisees(table: FrameT, par: Sequence[str]) -> FrameT:
    """Somme des heures d’insertion travaillées dans la période.

    Une heure appartient au mois où elle a été travaillée, jamais au mois de sa saisie. Quand
    un contrat n’est connu que par son total, ses heures sont réparties par jour entre son
    début et sa fin. Les heures de formation comptent comme les heures de travail.
    Elles sont rattachées au lieu d’exécution du marché. Les concessions sont comptées, dans la
    modalité « Autres ». Les clauses volontaires de marchés privés et les achats directs à une
    structure d’insertion ne le sont pas : « Heures hors commande publique ou sans clause » les montre.
    Les dernières périodes sont provisoires : des heures restent à déclarer.
    Une valeur qui repose sur moins de cinq personnes n’est pas publiée.
    """
    return _heures(table, par)


@indicateur(
    libelle="Heures hors commande publique ou sans clause",
    unite="h",
    table="heures_hors_clauses",
    rattachement="execution",
    ventilations=(),
    champ=(
        "Heures travaillées dans la période, sur les marchés privés et les achats directs "
        "exécutés dans le territoire."
    ),
    source=_SOURCE,
    lecture=(
        "{territoire}, {periode} : {valeur} heures d’insertion ont été réalisées hors commande publique "
        "ou sans clause."
    ),
    additif=("territoire", "periode"),
    personnes=True,
)
def heures_hors_clauses_publiques(table: FrameT, par: Sequence[str]) -> FrameT:
    """Somme des heures des clauses volontaires de marchés privés et des achats directs.

    Une clause de marché privé relève d’un engagement, non du code de la commande publique ; un
    achat direct à une structure d’insertion ou du handicap n’a pas de clause. Leurs heures, leurs
    bénéficiaires, leurs contrats et leurs marchés n’entrent dans aucun autre indicateur : les
    ajouter gonflerait ce que la commande publique a produit.
    Une valeur qui repose sur moins de cinq personnes n’est pas publiée.
    """
    return _heures(table, par)


@indicateur(
    libelle="Équivalents temps plein",
    unite="ETP",
    table="heures",
    rattachement="execution",
    ventilations=(),
    champ=(
        "Heures travaillées dans la période, sur les marchés exécutés dans le territoire. "
        "Un équivalent temps plein vaut {heures_par_etp} heures."
    ),
    source=_SOURCE,
    lecture="{territoire}, {periode} : les heures réalisées représentent {valeur} équivalents temps plein.",
    additif=("territoire", "periode", "modalite"),
    personnes=True,
    parametres=("heures_par_etp",),
)
def equivalents_temps_plein(table: FrameT, par: Sequence[str], *, heures_par_etp: float) -> FrameT:
    """Heures d’insertion réalisées, divisées par la durée légale annuelle du travail.

    Le diviseur est annuel, même pour un trimestre : quatre trimestres s’additionnent et font
    l’année. Il est imprimé avec le chiffre, car il change d’un organisme à l’autre (1 600 à
    1 820 heures) : avant de comparer, revenir aux heures.
    Une valeur qui repose sur moins de cinq personnes n’est pas publiée.
    """
    heures = _heures(table, par)
    return heures.with_columns(valeur=nw.col("valeur").cast(nw.Float64) / heures_par_etp)


@indicateur(
    libelle="Heures d’insertion engagées",
    unite="h",
    table="clauses",
    rattachement="execution",
    ventilations=("modalite",),
    champ=(
        "Clauses notifiées dans la période, hors clauses prévues ou abandonnées, "
        "des marchés exécutés dans le territoire."
    ),
    source=_SOURCE,
    lecture="{territoire}, {periode} : les clauses notifiées engagent {valeur} heures d’insertion.",
    additif=("territoire", "periode", "modalite"),
    personnes=False,
)
def heures_engagees(table: FrameT, par: Sequence[str]) -> FrameT:
    """Somme des heures que les titulaires s’engagent à faire réaliser, à la notification.

    Toutes les heures d’une clause comptent dans la période où elle est notifiée, même si le
    marché dure plusieurs années : ce chiffre ne se compare pas aux heures réalisées de la même
    période. L’engagement est celui du dernier export, avenants compris. Les clauses sans
    engagement renseigné ne comptent pas ; si aucune ne l’est, la valeur est non disponible.
    """
    sommes = table.group_by(*par).agg(
        nw.col("heures_engagees").sum(), nw.col("heures_engagees").count().alias("renseignees")
    )
    engagees = nw.when(nw.col("renseignees") > 0).then(nw.col("heures_engagees"))
    return sommes.select(*par, engagees.alias("valeur"), SANS_PERSONNES)
