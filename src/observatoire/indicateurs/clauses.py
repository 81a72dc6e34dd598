"""Les clauses : ce qu'elles engagent, par marché et par million d'euros, et qui en est titulaire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw

from observatoire.indicateurs.registre import PART, SANS_PERSONNES, Comptes, indicateur, rapport
from observatoire.indicateurs.sommes import sommer_connus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narwhals.typing import FrameT

_SOURCE = "Logiciels de suivi des clauses sociales, traitements de l’observatoire."
_RAPPROCHEE = (
    "Logiciels de suivi des clauses sociales, données essentielles de la commande publique (DECP), "
    "traitements de l’observatoire."
)
_NOTIFIEES = (
    "Clauses notifiées dans la période, hors clauses prévues ou abandonnées, "
    "des marchés exécutés dans le territoire."
)
_AU_MARCHE = ("modalite", "type_marche", "type_acheteur", "secteur", "programme")


@indicateur(
    libelle="Heures d’insertion engagées",
    unite="h",
    table="clauses",
    rattachement="execution",
    ventilations=(*_AU_MARCHE, "duree_marche"),
    champ=_NOTIFIEES,
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
    L’engagement est inscrit au marché, un document public : le secret ne s’y applique pas.
    """
    return sommer_connus(table, par, "heures_engagees")


@indicateur(
    libelle="Heures d’insertion engagées à l’origine",
    unite="h",
    table="clauses",
    rattachement="execution",
    ventilations=("modalite", "programme"),
    champ=_NOTIFIEES,
    source=_SOURCE,
    lecture="{territoire}, {periode} : les clauses notifiées engageaient {valeur} heures avant tout avenant.",
    additif=("territoire", "periode", "modalite"),
    personnes=False,
)
def heures_engagees_initiales(table: FrameT, par: Sequence[str]) -> FrameT:
    """Somme des heures engagées au premier état connu de chaque clause, avant tout avenant.

    Un avenant peut relever ou réduire l’engagement. Ce chiffre garde le premier que le suivi ait
    connu ; « Heures d’insertion engagées » donne le dernier, qui sert à tous les taux. Le premier
    état connu n’est pas toujours celui du contrat : un logiciel qui ne garde pas l’historique ne
    livre que le dernier, et les deux sont alors égaux.
    """
    return sommer_connus(table, par, "heures_engagees_initiales")


@indicateur(
    libelle="Heures engagées par les clauses actives",
    unite="h",
    table="clauses_actives",
    rattachement="execution",
    ventilations=("modalite", "type_marche"),
    champ=(
        "Clauses en cours d’exécution au moins un jour de la période, hors clauses prévues ou abandonnées, "
        "des marchés exécutés dans le territoire."
    ),
    source=_SOURCE,
    lecture="{territoire}, {periode} : les clauses en cours d’exécution engagent {valeur} heures au total.",
    additif=("territoire", "modalite"),
    personnes=False,
)
def heures_engagees_actives(table: FrameT, par: Sequence[str]) -> FrameT:
    """Somme des heures engagées par les clauses dont l’exécution recouvre la période, fût-ce un jour.

    C’est un stock : tout l’engagement d’une clause y compte, qu’il soit déjà réalisé ou non, et
    dans chaque période que son exécution recouvre. Ces sommes ne s’additionnent donc pas d’une
    période à l’autre. L’exécution commence à la date de début, à défaut à la notification ; une
    clause sans date de fin est réputée en cours.
    """
    return sommer_connus(table, par, "heures_engagees")


@rapport(
    libelle="Engagement actuel rapporté à l’engagement d’origine",
    unite=PART,
    numerateur=Comptes(indicateur="heures_engagees"),
    denominateur=Comptes(indicateur="heures_engagees_initiales"),
    champ=_NOTIFIEES,
    source=_SOURCE,
    lecture="{territoire}, {periode} : l’engagement actuel représente {valeur} de l’engagement d’origine.",
    croise=("modalite", "programme"),
)
def revision_engagement(numerateur: nw.Expr, denominateur: nw.Expr) -> nw.Expr:
    """Heures engagées au dernier état connu, rapportées aux heures engagées au premier état connu.

    Au-delà de 100 %, les avenants ont relevé l’engagement ; en deçà, ils l’ont réduit. Un taux de
    réalisation élevé se lit à côté de celui-ci : réduire l’engagement est une façon de l’atteindre.
    À 100 % partout, le logiciel ne garde sans doute que le dernier état.
    """
    return 100 * numerateur / denominateur


# ── L'intensité : par marché, par million d'euros ────────────────────────────────────────────


@rapport(
    libelle="Heures engagées par marché clausé",
    unite="h",
    numerateur=Comptes(indicateur="heures_engagees"),
    denominateur=Comptes(indicateur="marches_clauses_notifies"),
    champ=_NOTIFIEES,
    source=_SOURCE,
    lecture="{territoire}, {periode} : un marché clausé engage en moyenne {valeur} heures.",
    croise=("type_marche", "type_acheteur", "secteur", "duree_marche"),
)
def heures_par_marche(numerateur: nw.Expr, denominateur: nw.Expr) -> nw.Expr:
    """Heures engagées par les clauses notifiées, divisées par le nombre de leurs marchés.

    C’est une moyenne : quelques très grands marchés la tirent vers le haut. Un marché de plusieurs
    lots compte pour un, toutes ses clauses notifiées dans la période ensemble. Les marchés dont
    l’engagement n’est pas renseigné comptent au dénominateur : la moyenne est alors un minimum.
    """
    return numerateur / denominateur


def _avec_montant(table: FrameT) -> FrameT:
    return table.filter(~nw.col("montant_eur").is_null() & ~nw.col("heures_engagees").is_null())


@indicateur(
    libelle="Heures engagées des clauses dont le montant du marché est connu",
    unite="h",
    table="clauses",
    rattachement="execution",
    ventilations=("type_marche", "type_acheteur", "secteur"),
    champ=_NOTIFIEES[:-1] + ", rapprochés d’un marché publié dont le montant est connu.",
    source=_RAPPROCHEE,
    lecture="{territoire}, {periode} : les clauses au montant connu engagent {valeur} heures.",
    additif=("territoire", "periode", "modalite"),
    personnes=False,
)
def heures_engagees_rapprochees(table: FrameT, par: Sequence[str]) -> FrameT:
    """Heures engagées par les clauses dont le marché a été retrouvé dans les données essentielles.

    Le suivi ne connaît pas les montants : il faut retrouver le marché publié, par sa référence ou
    par son titulaire et sa date. Beaucoup de clauses n’ont pas de marché publié, parce qu’il est sous
    le seuil, antérieur, ou publié sous une autre référence : comparer ce chiffre aux heures engagées
    dit quelle part du champ est couverte.
    """
    return sommer_connus(_avec_montant(table), par, "heures_engagees")


@indicateur(
    libelle="Montant des marchés clausés rapprochés",
    unite="€",
    table="clauses",
    rattachement="execution",
    ventilations=("type_marche", "type_acheteur", "secteur"),
    champ=_NOTIFIEES[:-1] + ", rapprochés d’un marché publié dont le montant est connu.",
    source=_RAPPROCHEE,
    lecture="{territoire}, {periode} : les marchés clausés rapprochés représentent {valeur} HT.",
    additif=("territoire", "periode", "modalite"),
    personnes=False,
)
def montant_marches_clauses(table: FrameT, par: Sequence[str]) -> FrameT:
    """Montant hors taxes des marchés publiés que portent les clauses notifiées dans la période.

    Le montant d’un marché se partage entre ses clauses, au prorata des heures qu’elles engagent :
    un marché de plusieurs lots, exécuté en plusieurs lieux, n’est compté qu’une fois. Les montants
    aberrants ou absents, et les plafonds d’accord-cadre déjà comptés, ne le sont pas. Le montant
    d’un marché est une donnée publique : le secret ne s’y applique pas.
    """
    return sommer_connus(_avec_montant(table), par, "montant_eur")


@rapport(
    libelle="Heures engagées par million d’euros",
    unite="h",
    numerateur=Comptes(indicateur="heures_engagees_rapprochees"),
    denominateur=Comptes(indicateur="montant_marches_clauses"),
    champ=_NOTIFIEES[:-1] + ", rapprochés d’un marché publié dont le montant est connu.",
    source=_RAPPROCHEE,
    lecture="{territoire}, {periode} : un million d’euros de marchés clausés engage {valeur} heures.",
    croise=("type_marche", "type_acheteur", "secteur"),
)
def heures_par_million_eur(numerateur: nw.Expr, denominateur: nw.Expr) -> nw.Expr:
    """Heures engagées, pour un million d’euros hors taxes de marchés clausés.

    Les deux termes portent sur les mêmes clauses, celles dont le montant du marché est connu. Le
    chiffre dépend surtout de la part de main-d’œuvre : il se compare à type de marché et à secteur
    égaux. Un très grand marché pèse autant que son montant.
    """
    return 1_000_000 * numerateur / denominateur


# ── Les titulaires ───────────────────────────────────────────────────────────────────────────


@indicateur(
    libelle="Entreprises titulaires de marchés clausés",
    unite="entreprises",
    table="titulaires",
    rattachement="execution",
    ventilations=("genre_titulaire",),
    champ=(
        "Titulaires des clauses en cours d’exécution au moins un jour de la période, hors clauses prévues ou "
        "abandonnées, des marchés exécutés dans le territoire."
    ),
    source=_SOURCE,
    lecture="{territoire}, {periode} : {valeur} entreprises exécutent un marché comportant une clause.",
    additif=(),
    multiples=("genre_titulaire",),
    personnes=False,
)
def entreprises_titulaires(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre d’entreprises distinctes, par leur numéro SIREN, titulaires d’une clause active.

    Une entreprise compte une fois dans chaque cellule, quel que soit le nombre de ses marchés et
    de ses établissements : ces nombres ne s’additionnent pas. Le genre dit si l’établissement
    titulaire figure aux listes des structures de l’insertion et du handicap ; une entreprise qui a
    deux établissements de genres différents compte dans chacun. Les sous-traitants n’y sont pas.
    Un titulaire inconnu n’est pas compté.
    """
    comptes = table.group_by(*par).agg(nw.col("titulaire").n_unique().alias("valeur"))
    return comptes.select(*par, "valeur", SANS_PERSONNES)
