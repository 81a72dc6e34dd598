"""L'avancement des clauses : ce que les soldées ont réalisé, ce que celles en cours doivent encore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.indicateurs.registre import PART, Comptes, indicateur, rapport
from observatoire.indicateurs.sommes import sommer_connus, sommer_heures

if TYPE_CHECKING:
    from collections.abc import Sequence

    import narwhals as nw
    from narwhals.typing import FrameT

_SOURCE = "Logiciels de suivi des clauses sociales, traitements de l’observatoire."
_SOLDEES = (
    "Clauses soldées dont l’exécution s’achève dans la période, commencées depuis que le suivi couvre la "
    "région, des marchés exécutés dans le territoire."
)
_EN_COURS = (
    "Clauses dont l’exécution est en cours au dernier jour du trimestre, commencées depuis que le suivi "
    "couvre la région, des marchés exécutés dans le territoire."
)
_AU_MARCHE = ("modalite", "type_marche", "type_acheteur", "secteur", "programme")
_SUIVIES = ("modalite", "type_marche", "secteur", "programme")


# ── Clauses soldées : le taux de réalisation ─────────────────────────────────────────────────


@indicateur(
    libelle="Heures engagées par les clauses soldées",
    unite="h",
    table="clauses_soldees",
    rattachement="execution",
    ventilations=_AU_MARCHE,
    champ=_SOLDEES,
    source=_SOURCE,
    lecture="{territoire}, {periode} : les clauses soldées engageaient {valeur} heures.",
    additif=("territoire", "periode", "modalite"),
    personnes=False,
)
def heures_engagees_soldees(table: FrameT, par: Sequence[str]) -> FrameT:
    """Somme des heures engagées, avenants compris, par les clauses soldées dans la période.

    Une clause est soldée quand son bilan est signé ; faute de la date du bilan, elle est datée de la
    fin d’exécution du marché. Les clauses commencées avant le premier trimestre suivi n’y sont pas :
    leurs premières heures ont été faites avant que le suivi ne les enregistre, et le taux de
    réalisation en serait abaissé à tort. Une clause sans engagement renseigné n’y est pas non plus.
    """
    return sommer_connus(table, par, "heures_engagees")


@indicateur(
    libelle="Heures réalisées par les clauses soldées",
    unite="h",
    table="heures_clauses_soldees",
    rattachement="execution",
    ventilations=_AU_MARCHE,
    champ=_SOLDEES,
    source=_SOURCE,
    lecture="{territoire}, {periode} : les clauses soldées ont produit {valeur} heures depuis leur début.",
    additif=("territoire", "periode", "modalite"),
    personnes=True,
)
def heures_realisees_soldees(table: FrameT, par: Sequence[str]) -> FrameT:
    """Somme des heures réalisées, depuis leur début, par les clauses soldées dans la période.

    Ces heures ont été travaillées avant la période, pour la plupart : elles ne se comparent pas aux
    heures réalisées de la période. Tous les trimestres couverts par le suivi comptent, y compris
    après la fin du marché quand des heures y sont déclarées. Elles reposent sur des personnes et des
    employeurs : le secret s’y applique.
    """
    return sommer_heures(table, par)


@rapport(
    libelle="Taux de réalisation des clauses soldées",
    unite=PART,
    numerateur=Comptes(indicateur="heures_realisees_soldees"),
    denominateur=Comptes(indicateur="heures_engagees_soldees"),
    champ=_SOLDEES,
    source=_SOURCE,
    lecture="{territoire}, {periode} : les clauses soldées ont réalisé {valeur} des heures engagées.",
    croise=_AU_MARCHE,
)
def taux_realisation(numerateur: nw.Expr, denominateur: nw.Expr) -> nw.Expr:
    """Heures réalisées depuis leur début par les clauses soldées, rapportées à celles qu’elles engageaient.

    Le taux peut dépasser 100 % : certaines clauses produisent plus que leur engagement, et ce
    qu’elles font de plus compense ici ce que d’autres n’ont pas fait. L’engagement est le dernier
    connu ; « Engagement actuel rapporté à l’engagement d’origine » dit si des avenants l’ont changé.
    Un taux sur peu de clauses varie beaucoup d’une période à l’autre. Les premières périodes suivies
    ne soldent que des clauses courtes, commencées depuis : leur taux ne se compare pas aux suivants.
    """
    return 100 * numerateur / denominateur


# ── Clauses en cours : l'avancement, le reste à réaliser ─────────────────────────────────────


@indicateur(
    libelle="Heures engagées par les clauses en cours",
    unite="h",
    table="clauses_en_cours",
    rattachement="execution",
    ventilations=_SUIVIES,
    champ=_EN_COURS,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : les clauses en cours engagent {valeur} heures.",
    additif=("territoire", "modalite"),
    personnes=False,
)
def heures_engagees_en_cours(table: FrameT, par: Sequence[str]) -> FrameT:
    """Somme des heures engagées par les clauses en cours au dernier jour du trimestre.

    Une clause est en cours si son marché a commencé et s’achève après ce jour ; une clause soldée
    avant son terme n’attend plus rien et n’y est pas, ni une clause dont la date de fin n’est pas
    connue. Celles qui ont commencé avant le premier trimestre suivi n’y sont pas non plus : leurs
    premières heures manquent. C’est un stock, lu à la fin de chaque trimestre : il ne s’additionne pas.
    """
    return sommer_connus(table, par, "heures_engagees")


@indicateur(
    libelle="Heures attendues à ce jour des clauses en cours",
    unite="h",
    table="clauses_en_cours",
    rattachement="execution",
    ventilations=_SUIVIES,
    champ=_EN_COURS,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : à rythme constant, {valeur} heures seraient réalisées.",
    additif=("territoire", "modalite"),
    personnes=False,
)
def heures_attendues_en_cours(table: FrameT, par: Sequence[str]) -> FrameT:
    """Ce que les clauses en cours auraient réalisé si leurs heures se faisaient à rythme constant.

    L’engagement de chaque clause est multiplié par la part écoulée de sa durée, en jours, du début
    à la fin de l’exécution. Aucun chantier n’avance ainsi : c’est un repère, auquel comparer les
    heures réalisées, et non une obligation. Un démarrage lent est courant dans les travaux.
    """
    return sommer_connus(table, par, "heures_attendues")


@indicateur(
    libelle="Heures réalisées par les clauses en cours, dans la limite de leur engagement",
    unite="h",
    table="heures_clauses_en_cours",
    rattachement="execution",
    ventilations=_SUIVIES,
    champ=_EN_COURS,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : {valeur} heures engagées par les clauses en cours sont faites.",
    additif=("territoire", "modalite"),
    personnes=True,
)
def heures_realisees_en_cours(table: FrameT, par: Sequence[str]) -> FrameT:
    """Heures réalisées par les clauses en cours depuis leur début, chacune dans la limite de son engagement.

    Une clause qui a déjà dépassé son engagement y compte pour son engagement : ce qu’elle fait de
    trop ne réduit pas ce qu’une autre doit encore. C’est ce qui permet d’en déduire le reste à
    réaliser sans compensation. Ces heures reposent sur des personnes et des employeurs : le secret
    s’y applique. Stock lu à la fin de chaque trimestre : il ne s’additionne pas.
    """
    return sommer_heures(table, par)


@rapport(
    libelle="Taux d’avancement des clauses en cours",
    unite=PART,
    numerateur=Comptes(indicateur="heures_realisees_en_cours"),
    denominateur=Comptes(indicateur="heures_engagees_en_cours"),
    champ=_EN_COURS,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : {valeur} des heures des clauses en cours sont faites.",
    croise=_SUIVIES,
)
def taux_avancement(numerateur: nw.Expr, denominateur: nw.Expr) -> nw.Expr:
    """Heures réalisées par les clauses en cours, dans la limite de l’engagement de chacune, sur l’engagé.

    À lire à côté de l’avancement dans le temps : un retard de plus de vingt points appelle une
    vérification. Une clause qui dépasse son engagement compte pour 100 %, afin que son avance ne
    masque pas le retard d’une autre ; le taux ne dépasse donc jamais 100 %. Les dernières heures
    ne sont pas toutes saisies : l’avancement du dernier trimestre est un minimum.
    """
    return 100 * numerateur / denominateur


@rapport(
    libelle="Avancement dans le temps des clauses en cours",
    unite=PART,
    numerateur=Comptes(indicateur="heures_attendues_en_cours"),
    denominateur=Comptes(indicateur="heures_engagees_en_cours"),
    champ=_EN_COURS,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : à rythme constant, {valeur} des heures engagées seraient faites.",
    croise=_SUIVIES,
)
def avancement_temporel(numerateur: nw.Expr, denominateur: nw.Expr) -> nw.Expr:
    """Part écoulée de la durée des clauses en cours, chaque clause pesant les heures qu’elle engage.

    C’est le taux d’avancement qu’auraient ces clauses si leurs heures se faisaient à rythme
    constant du début à la fin de l’exécution. Peser les clauses par leurs heures le rend comparable
    au taux d’avancement : une grande clause qui commence y compte autant que dans lui.
    """
    return 100 * numerateur / denominateur


@rapport(
    libelle="Heures restant à réaliser",
    unite="h",
    numerateur=Comptes(indicateur="heures_realisees_en_cours"),
    denominateur=Comptes(indicateur="heures_engagees_en_cours"),
    champ=_EN_COURS,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : {valeur} heures restent à réaliser sur les clauses en cours.",
    croise=_SUIVIES,
)
def reste_a_realiser(numerateur: nw.Expr, denominateur: nw.Expr) -> nw.Expr:
    """Heures que les clauses en cours doivent encore : pour chacune, l’engagé moins le réalisé, ou zéro.

    Une clause qui a dépassé son engagement doit zéro, jamais moins : son avance n’efface pas ce
    qu’une autre doit. Par secteur, c’est le besoin de recrutement à venir pour les prescripteurs.
    Connaître ce reste et l’engagement, qui est public, c’est connaître le réalisé : ce chiffre n’est
    donc publié que si les heures réalisées de la même cellule le sont, avec la même protection des
    personnes et des employeurs. Les clauses arrivées à leur terme sans être soldées n’y sont pas.
    """
    return denominateur - numerateur
