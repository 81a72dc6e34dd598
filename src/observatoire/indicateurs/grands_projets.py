"""Les grands projets : la part des heures que leurs marchés réservent à l'insertion, face à leurs chartes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw

from observatoire.indicateurs.registre import PART, SANS_PERSONNES, Comptes, indicateur, rapport
from observatoire.indicateurs.sommes import sommer_connus, sommer_heures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narwhals.typing import FrameT

_SOURCE = "Maîtres d’ouvrage des grands projets franciliens, traitements de l’observatoire."
_CROISEE = (
    "Maîtres d’ouvrage des grands projets franciliens, logiciels de suivi des clauses sociales, "
    "traitements de l’observatoire."
)
_MARCHES = "Marchés des grands projets notifiés à la fin du trimestre, exécutés dans le territoire"
_AUX_HEURES = _MARCHES + ", dont les heures engagées, les heures totales et l’obligation sont connues."
_SOLDES = _MARCHES + ", suivis depuis leur début et dont toutes les clauses sont soldées."
_VENTILATIONS = ("projet", "maitre_ouvrage")


def _compter(table: FrameT, par: Sequence[str]) -> FrameT:
    comptes = table.group_by(*par).agg(nw.col("marche_cle").n_unique().alias("valeur"))
    return comptes.select(*par, "valeur", SANS_PERSONNES)


def _aux_heures(table: FrameT) -> FrameT:
    connus = ~(nw.col("heures_engagees").is_null() | nw.col("obligation_pct").is_null())
    return table.filter(connus & (nw.col("heures_totales") > 0))


@indicateur(
    libelle="Marchés des grands projets",
    unite="marchés",
    table="projets",
    rattachement="projet",
    ventilations=_VENTILATIONS,
    champ=_MARCHES + ".",
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : {valeur} marchés des grands projets ont été notifiés.",
    additif=("modalite",),
    personnes=False,
)
def marches_projets(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de marchés notifiés, depuis l’origine, par les maîtres d’ouvrage des grands projets.

    C’est un stock, lu à la fin de chaque trimestre : les chartes fixent des objectifs sur
    l’ensemble des ouvrages, non trimestre par trimestre. Un marché est rattaché aux communes
    d’exécution de ses clauses, à défaut au lieu du marché publié, à défaut à la région seule ; exécuté
    dans deux territoires, il compte dans chacun : ces nombres ne s’additionnent pas. Les marchés
    sans date de notification n’y sont pas.
    """
    return _compter(table, par)


@indicateur(
    libelle="Marchés des grands projets retrouvés dans le suivi",
    unite="marchés",
    table="projets",
    rattachement="projet",
    ventilations=_VENTILATIONS,
    champ=_MARCHES + ", dont une clause figure dans un logiciel de suivi.",
    source=_CROISEE,
    lecture="{territoire}, fin {periode} : {valeur} marchés des grands projets ont une clause suivie.",
    additif=("modalite",),
    personnes=False,
)
def marches_projets_suivis(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de marchés des grands projets qu’une clause d’un logiciel de suivi porte.

    Le maître d’ouvrage déclare ses marchés, les facilitateurs suivent les heures : seuls les
    marchés présents des deux côtés, sous la même référence, peuvent dire ce qu’ils ont réalisé. Un
    marché absent du suivi n’est pas un marché sans heures.
    """
    return _compter(table.filter(nw.col("suivi")), par)


@rapport(
    libelle="Couverture des grands projets par le suivi",
    unite=PART,
    numerateur=Comptes(indicateur="marches_projets_suivis"),
    denominateur=Comptes(indicateur="marches_projets"),
    champ=_MARCHES + ".",
    source=_CROISEE,
    lecture="{territoire}, fin {periode} : {valeur} des marchés des grands projets sont suivis.",
    croise=_VENTILATIONS,
)
def couverture_projets(numerateur: nw.Expr, denominateur: nw.Expr) -> nw.Expr:
    """Part des marchés des grands projets dont une clause figure dans un logiciel de suivi.

    C’est la couverture de tout chiffre de réalisation des grands projets. Rien n’est extrapolé au
    reste : sous 90 %, les heures réalisées d’un grand projet sont à lire comme un minimum.
    """
    return 100 * numerateur / denominateur


# ── La part des heures réservée à l'insertion ────────────────────────────────────────────────


@indicateur(
    libelle="Heures réservées à l’insertion par les grands projets",
    unite="h",
    table="projets",
    rattachement="projet",
    ventilations=_VENTILATIONS,
    champ=_AUX_HEURES,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : les grands projets réservent {valeur} heures à l’insertion.",
    additif=("modalite",),
    personnes=False,
)
def heures_reservees_projets(table: FrameT, par: Sequence[str]) -> FrameT:
    """Somme des heures d’insertion que les marchés des grands projets s’engagent à faire réaliser.

    L’engagement est celui que déclare le maître d’ouvrage ; les clauses de ces marchés sont aussi
    dans les heures engagées du suivi, auxquelles celles-ci ne s’ajoutent pas. Seuls comptent les
    marchés dont l’engagement, les heures totales et l’obligation sont tous connus.
    """
    return sommer_connus(_aux_heures(table), par, "heures_engagees")


@indicateur(
    libelle="Heures totales des marchés des grands projets",
    unite="h",
    table="projets",
    rattachement="projet",
    ventilations=_VENTILATIONS,
    champ=_AUX_HEURES,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : les marchés des grands projets représentent {valeur} heures.",
    additif=("modalite",),
    personnes=False,
)
def heures_totales_projets(table: FrameT, par: Sequence[str]) -> FrameT:
    """Somme des heures de travail prévues, d’insertion ou non, par les marchés des grands projets.

    C’est une prévision du maître d’ouvrage, à la notification. Seuls comptent les marchés dont
    l’engagement, les heures totales et l’obligation sont tous connus, pour que la part des heures
    réservées et l’objectif portent sur les mêmes.
    """
    return sommer_connus(_aux_heures(table), par, "heures_totales")


@indicateur(
    libelle="Heures que les chartes des grands projets obligent à réserver",
    unite="h",
    table="projets",
    rattachement="projet",
    ventilations=_VENTILATIONS,
    champ=_AUX_HEURES,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : les chartes obligent à réserver {valeur} heures.",
    additif=("modalite",),
    personnes=False,
)
def heures_obligatoires_projets(table: FrameT, par: Sequence[str]) -> FrameT:
    """Heures totales de chaque marché, multipliées par la part que son obligation réserve à l’insertion.

    L’obligation est celle que le maître d’ouvrage déclare pour le marché, à défaut celle de sa
    charte à la date de notification : 5 % pour les marchés de la Société du Grand Paris notifiés
    avant octobre 2020, 10 % depuis, par exemple. Une obligation moyenne dépend donc de l’âge des
    marchés.
    """
    obligation = nw.col("heures_totales").cast(nw.Float64) * nw.col("obligation_pct") / 100
    attendues = _aux_heures(table).with_columns(attendues=obligation)
    return sommer_connus(attendues, par, "attendues")


@rapport(
    libelle="Part des heures réservée à l’insertion par les grands projets",
    unite=PART,
    numerateur=Comptes(indicateur="heures_reservees_projets"),
    denominateur=Comptes(indicateur="heures_totales_projets"),
    champ=_AUX_HEURES,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : {valeur} des heures des grands projets sont réservées.",
    croise=_VENTILATIONS,
)
def part_heures_reservees(numerateur: nw.Expr, denominateur: nw.Expr) -> nw.Expr:
    """Heures d’insertion engagées, rapportées aux heures totales des marchés des grands projets.

    C’est un engagement, non une réalisation. L’objectif des chartes est une moyenne sur l’ensemble
    des ouvrages : « Objectif des chartes, en part des heures » le donne pour les mêmes marchés, et la
    part des marchés qui l’atteignent dit si quelques grands marchés font la moyenne.
    """
    return 100 * numerateur / denominateur


@rapport(
    libelle="Objectif des chartes, en part des heures",
    unite=PART,
    numerateur=Comptes(indicateur="heures_obligatoires_projets"),
    denominateur=Comptes(indicateur="heures_totales_projets"),
    champ=_AUX_HEURES,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : les chartes obligent à réserver {valeur} des heures.",
    croise=_VENTILATIONS,
)
def objectif_heures_reservees(numerateur: nw.Expr, denominateur: nw.Expr) -> nw.Expr:
    """Part des heures que les chartes obligent à réserver, chaque marché pesant ses heures totales.

    Entre 5 % et 10 % selon la charte et la date de notification de chaque marché. À comparer à la
    part réservée du même programme ou du même maître d’ouvrage, jamais à celle d’un autre : les
    obligations ne sont pas les mêmes.
    """
    return 100 * numerateur / denominateur


@indicateur(
    libelle="Marchés des grands projets dont l’obligation d’insertion est connue",
    unite="marchés",
    table="projets",
    rattachement="projet",
    ventilations=_VENTILATIONS,
    champ=_AUX_HEURES,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : l’obligation de {valeur} marchés des grands projets est connue.",
    additif=("modalite",),
    personnes=False,
)
def projets_evalues(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de marchés des grands projets dont on peut dire s’ils atteignent leur obligation d’insertion.

    Il y faut les heures engagées, les heures totales et l’obligation, déclarée ou fixée par la charte à
    la date de notification. Un marché dont l’un des trois manque n’est ni conforme ni non conforme :
    il sort du calcul, et ce nombre comparé à celui des marchés dit combien en sortent.
    """
    return _compter(_aux_heures(table), par)


@indicateur(
    libelle="Marchés des grands projets qui réservent la part d’heures obligatoire",
    unite="marchés",
    table="projets",
    rattachement="projet",
    ventilations=_VENTILATIONS,
    champ=_AUX_HEURES,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : {valeur} marchés des grands projets atteignent leur obligation.",
    additif=("modalite",),
    personnes=False,
)
def projets_conformes(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de marchés des grands projets dont les heures engagées atteignent la part obligatoire.

    Un marché est conforme si ses heures d’insertion engagées, rapportées à ses heures totales,
    valent au moins son obligation, qui est de 5 % ou de 10 % selon la charte et la date. C’est un
    engagement : il ne dit pas si les heures ont été faites.
    """
    part = 100 * nw.col("heures_engagees").cast(nw.Float64) / nw.col("heures_totales").cast(nw.Float64)
    return _compter(_aux_heures(table).filter(part >= nw.col("obligation_pct") - 1e-9), par)


@rapport(
    libelle="Part des marchés des grands projets qui réservent la part d’heures obligatoire",
    unite=PART,
    numerateur=Comptes(indicateur="projets_conformes"),
    denominateur=Comptes(indicateur="projets_evalues"),
    champ=_AUX_HEURES,
    source=_SOURCE,
    lecture="{territoire}, fin {periode} : {valeur} des marchés des grands projets atteignent l’obligation.",
    croise=_VENTILATIONS,
)
def part_projets_conformes(numerateur: nw.Expr, denominateur: nw.Expr) -> nw.Expr:
    """Marchés qui réservent la part d’heures obligatoire, rapportés à ceux dont l’obligation est connue.

    Chaque marché compte pour un, grand ou petit. Certaines chartes fixent un objectif moyen sur
    l’ensemble des ouvrages : un maître d’ouvrage peut l’atteindre sans que chaque marché le fasse.
    Lire cette part à côté de la part des heures réservées.
    """
    return 100 * numerateur / denominateur


@indicateur(
    libelle="Heures totales des marchés soldés des grands projets",
    unite="h",
    table="projets",
    rattachement="projet",
    ventilations=_VENTILATIONS,
    champ=_SOLDES,
    source=_CROISEE,
    lecture="{territoire}, fin {periode} : les grands projets soldés prévoyaient {valeur} heures.",
    additif=("modalite",),
    personnes=False,
)
def heures_totales_projets_soldes(table: FrameT, par: Sequence[str]) -> FrameT:
    """Somme des heures totales prévues par les marchés des grands projets entièrement soldés.

    Les heures réalisées ne se comparent au total d’un marché qu’une fois celui-ci terminé, et si le
    suivi les a toutes vues : toutes ses clauses sont soldées et ont commencé depuis que le suivi
    couvre la région. Ces marchés sont une petite partie des grands projets.
    """
    soldes = table.filter(nw.col("solde") & (nw.col("heures_totales") > 0))
    return sommer_connus(soldes, par, "heures_totales")


@indicateur(
    libelle="Heures d’insertion réalisées par les marchés soldés des grands projets",
    unite="h",
    table="heures_projets",
    rattachement="projet",
    ventilations=_VENTILATIONS,
    champ=_SOLDES,
    source=_CROISEE,
    lecture="{territoire}, fin {periode} : les grands projets soldés ont produit {valeur} heures.",
    additif=("modalite",),
    personnes=True,
)
def heures_realisees_projets_soldes(table: FrameT, par: Sequence[str]) -> FrameT:
    """Somme des heures d’insertion réalisées par les marchés des grands projets entièrement soldés.

    Ces heures viennent du suivi ; elles sont déjà dans les heures réalisées, auxquelles elles ne
    s’ajoutent pas. Un marché exécuté dans deux territoires y compte tout entier dans chacun. Elles
    reposent sur des personnes et des employeurs : le secret s’y applique.
    """
    return sommer_heures(table, par)


@rapport(
    libelle="Part des heures d’insertion réalisées dans les marchés soldés des grands projets",
    unite=PART,
    numerateur=Comptes(indicateur="heures_realisees_projets_soldes"),
    denominateur=Comptes(indicateur="heures_totales_projets_soldes"),
    champ=_SOLDES,
    source=_CROISEE,
    lecture=(
        "{territoire}, fin {periode} : les heures d’insertion font {valeur} des heures prévues des marchés "
        "soldés des grands projets."
    ),
    croise=_VENTILATIONS,
)
def part_heures_realisees_projets(numerateur: nw.Expr, denominateur: nw.Expr) -> nw.Expr:
    """Heures d’insertion réalisées, rapportées aux heures totales prévues des mêmes marchés soldés.

    Le dénominateur est une prévision : les heures vraiment travaillées ne sont pas déclarées. Le
    champ est étroit, celui des marchés suivis de bout en bout ; « Couverture des grands projets par
    le suivi » dit ce que le suivi voit des autres, et rien n’est extrapolé.
    """
    return 100 * numerateur / denominateur
