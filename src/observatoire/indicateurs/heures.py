"""Les heures d'insertion réalisées, et ce qu'elles représentent en équivalents temps plein."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.indicateurs.registre import Comptes, indicateur, rapport
from observatoire.indicateurs.sommes import sommer_heures

if TYPE_CHECKING:
    from collections.abc import Sequence

    import narwhals as nw
    from narwhals.typing import FrameT

_SOURCE = "Logiciels de suivi des clauses sociales, traitements de l’observatoire."


@indicateur(
    libelle="Heures d’insertion réalisées",
    unite="h",
    table="heures",
    rattachement="execution",
    ventilations=(
        "modalite",
        "type_marche",
        "type_acheteur",
        "secteur",
        "programme",
        "type_employeur",
        "type_contrat",
        "prescripteur",
        "sexe",
        "tranche_age",
        "niveau_diplome",
        "qpv",
        "type_heure",
        "ligne_complete",
        "present_un_an_avant",
        "present_un_an_apres",
    ),
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
    début et sa fin. Les heures de formation comptent comme les heures de travail ; la ventilation
    par type d’heure les sépare, et range avec le travail les heures dont le type n’est pas précisé.
    Elles sont rattachées au lieu d’exécution du marché. Les clauses volontaires de marchés privés et
    les achats directs à une structure d’insertion ne sont pas comptés : « Heures hors commande
    publique ou sans clause » les montre.
    L’âge, le diplôme et la résidence en quartier prioritaire sont ceux de la personne à son entrée.
    Pour ne pas cacher d’autres chiffres, les modalités trop rares sont réunies : le critère
    d’attribution (seul ou avec une condition d’exécution), les concessions et la modalité non
    renseignée ; les contrats aidés, les stages et les autres contrats, avec les CDD ; les quelques âges
    non renseignés, avec les 26 à 49 ans ; les diplômes étrangers non reconnus, avec les non renseignés.
    « La structure transmettait un an avant » et « un an après » disent d’où viennent les heures : les
    seules structures présentes les deux années donnent l’évolution à champ constant.
    Les dernières périodes sont provisoires : des heures restent à déclarer.
    Une valeur qui repose sur moins de cinq personnes (onze pour les quartiers prioritaires) ou de trois
    employeurs, ou qu’un seul employeur fait presque entière, n’est pas publiée.
    """
    return sommer_heures(table, par)


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
    Une valeur qui repose sur moins de cinq personnes ou de trois employeurs, ou qu’un seul employeur
    fait presque entière, n’est pas publiée.
    """
    return sommer_heures(table, par)


@rapport(
    libelle="Équivalents temps plein",
    unite="ETP",
    numerateur=Comptes(indicateur="heures_realisees"),
    champ=(
        "Heures travaillées dans la période, sur les marchés exécutés dans le territoire. "
        "Un équivalent temps plein vaut {heures_par_etp} heures."
    ),
    source=_SOURCE,
    lecture="{territoire}, {periode} : les heures réalisées représentent {valeur} équivalents temps plein.",
    parametres=("heures_par_etp",),
)
def equivalents_temps_plein(heures: nw.Expr, *, heures_par_etp: float) -> nw.Expr:
    """Heures d’insertion réalisées, divisées par la durée légale annuelle du travail.

    Le diviseur est annuel, même pour un trimestre : les équivalents temps plein de quatre
    trimestres font ceux de l’année. Il est imprimé avec le chiffre, car il change d’un organisme à
    l’autre (1 600 à 1 820 heures) : avant de comparer, revenir aux heures.
    Il est calculé sur les heures publiées : si elles sont cachées, il l’est aussi.
    """
    return heures / heures_par_etp
