"""La commande publique, d'après les données essentielles : marchés notifiés, considérations, réservations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw

from observatoire.indicateurs.registre import PART, SANS_PERSONNES, Comptes, indicateur, rapport
from observatoire.indicateurs.sommes import sommer_connus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narwhals.typing import FrameT

_DECP = "Données essentielles de la commande publique (DECP), traitements de l’observatoire."
_PUBLIES = ("type_marche", "procedure", "type_acheteur", "duree_marche")
_RENSEIGNES = (
    "Marchés publics notifiés dans la période, exécutés dans le territoire, hors concessions, "
    "dont les considérations sociales sont renseignées."
)
_AU_SEUIL = _RENSEIGNES.replace("dont", "d’au moins {seuil_publication_eur} € HT, dont")


def _compter(table: FrameT, par: Sequence[str]) -> FrameT:
    comptes = table.group_by(*par).agg(nw.col("marche_id").n_unique().alias("valeur"))
    return comptes.select(*par, "valeur", SANS_PERSONNES)


@indicateur(
    libelle="Marchés publics notifiés",
    unite="marchés",
    table="marches",
    rattachement="execution_marche",
    ventilations=("type_marche", "consideration_sociale", "procedure", "type_acheteur", "duree_marche"),
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
    return _compter(table, par)


@indicateur(
    libelle="Montant des marchés publics notifiés",
    unite="€",
    table="marches",
    rattachement="execution_marche",
    ventilations=("type_marche", "consideration_sociale", "procedure", "type_acheteur", "duree_marche"),
    champ="Marchés publics notifiés dans la période, exécutés dans le territoire, hors concessions.",
    source=_DECP,
    lecture="{territoire}, {periode} : les marchés publics notifiés représentent {valeur} HT.",
    additif=("territoire", "periode", "modalite"),
    personnes=False,
)
def montant_marches_notifies(table: FrameT, par: Sequence[str]) -> FrameT:
    """Montant hors taxes des marchés publics notifiés, au dernier état publié de chacun.

    Les montants absents ou aberrants ne comptent pas, ni les plafonds d’accord-cadre déjà comptés :
    un même plafond est souvent répété par chaque lot ou marché subséquent. Un plafond n’est pas une
    dépense. Quelques très grands marchés font l’essentiel du total, qui varie beaucoup d’une
    période à l’autre : le lire avec le nombre de marchés.
    """
    return sommer_connus(table, par, "montant_sommable_eur")


def _part(table: FrameT, par: Sequence[str], poids: nw.Expr) -> FrameT:
    oui = nw.col("consideration_sociale") == "OUI"
    non = nw.col("consideration_sociale") == "NON"
    nul = nw.lit(0)
    sommes = (
        table.with_columns(poids=poids)
        .with_columns(
            oui=nw.when(oui).then(nw.col("poids")).otherwise(nul),
            renseignes=nw.when(oui | non).then(nw.col("poids")).otherwise(nul),
        )
        .group_by(*par)
        .agg(nw.col("oui").sum(), nw.col("renseignes").sum())
    )
    part = nw.when(nw.col("renseignes") > 0).then(100 * nw.col("oui") / nw.col("renseignes"))
    return sommes.select(*par, part.alias("valeur"), SANS_PERSONNES)


def _au_seuil(table: FrameT, seuil_eur: float) -> FrameT:
    """Les marchés à publier : un montant inconnu ne dit pas que le marché est sous le seuil."""
    montant = nw.col("montant_eur")
    return table.filter(montant.is_null() | (montant >= seuil_eur))


@indicateur(
    libelle="Part des marchés comportant une considération sociale",
    unite=PART,
    table="marches",
    rattachement="execution_marche",
    ventilations=_PUBLIES,
    champ=_AU_SEUIL,
    source=_DECP,
    lecture="{territoire}, {periode} : {valeur} des marchés renseignés comportent une considération sociale.",
    additif=(),
    personnes=False,
    absence_nulle=False,
    parametres=("seuil_publication_eur",),
)
def part_marches_considerations(table: FrameT, par: Sequence[str], *, seuil_publication_eur: float) -> FrameT:
    """Marchés à considération sociale, rapportés à ceux qui disent s’ils en ont une.

    Le numérateur compte les marchés qui comportent une clause sociale, un critère social ou
    une réservation ; le dénominateur, ceux qui répondent oui ou non. Les marchés non renseignés
    sortent du calcul et leur nombre est publié par « Marchés publics notifiés ». Quand aucun
    n’est renseigné, la part est non disponible : ce n’est jamais 0 %. La part est en nombre de
    marchés, non en montant : « Part des marchés à considération sociale, en montant » est à
    côté, et l’une ne se cite pas sans l’autre. Seuls comptent les marchés au-dessus du seuil de
    publication : des acheteurs publient aussi de plus petits marchés, rarement clausés, d’autres
    non. Le champ n’existe que depuis 2024 : avant, aucune série ne se compare à celle-ci, ni les
    enquêtes nationales, qui portaient sur les marchés d’au moins 90 000 € HT.
    """
    retenus = _au_seuil(table, seuil_publication_eur)
    return _part(retenus, par, nw.lit(1))


@indicateur(
    libelle="Part des marchés à considération sociale, en montant",
    unite=PART,
    table="marches",
    rattachement="execution_marche",
    ventilations=_PUBLIES,
    champ=_AU_SEUIL[:-1] + " et le montant connu.",
    source=_DECP,
    lecture=(
        "{territoire}, {periode} : {valeur} du montant des marchés renseignés va à des marchés comportant "
        "une considération sociale."
    ),
    additif=(),
    personnes=False,
    absence_nulle=False,
    parametres=("seuil_publication_eur",),
)
def part_montant_considerations(table: FrameT, par: Sequence[str], *, seuil_publication_eur: float) -> FrameT:
    """Montant des marchés à considération sociale, rapporté à celui des marchés renseignés.

    Les règles sont celles de la part en nombre. Les montants absents ou aberrants et les plafonds
    d’accord-cadre déjà comptés sont hors du calcul, au numérateur comme au dénominateur. Un seul
    très grand marché peut déplacer cette part de plusieurs points : elle se lit toujours avec la
    part en nombre, jamais seule. Les grands marchés étant plus souvent clausés, elle est
    d’ordinaire la plus élevée des deux.
    """
    montant = nw.col("montant_sommable_eur")
    retenus = _au_seuil(table, seuil_publication_eur).filter(~montant.is_null())
    return _part(retenus, par, montant)


# ── Les marchés réservés ─────────────────────────────────────────────────────────────────────


@indicateur(
    libelle="Marchés réservés",
    unite="marchés",
    table="marches",
    rattachement="execution_marche",
    ventilations=("reservation", "type_marche", "type_acheteur"),
    champ="Marchés réservés notifiés dans la période, exécutés dans le territoire, hors concessions.",
    source=_DECP,
    lecture="{territoire}, {periode} : {valeur} marchés réservés ont été notifiés.",
    additif=("territoire", "periode", "modalite"),
    personnes=False,
)
def marches_reserves(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de marchés publics réservés à l’insertion, au handicap ou à l’économie sociale.

    L’acheteur déclare que le marché est réservé, non à qui. Le bénéficiaire de la réservation se
    déduit du genre des titulaires : secteur adapté et protégé, insertion par l’activité
    économique, les deux, activités en prison. Sans titulaire reconnu dans les listes de structures, il
    est non renseigné : le nombre par bénéficiaire est un minimum, le total non. Un marché non
    réservé peut aussi être attribué à une structure : il n’est pas compté ici.
    """
    return _compter(table.filter(nw.col("marche_reserve")), par)


@indicateur(
    libelle="Montant des marchés réservés",
    unite="€",
    table="marches",
    rattachement="execution_marche",
    ventilations=("reservation",),
    champ="Marchés réservés notifiés dans la période, exécutés dans le territoire, hors concessions.",
    source=_DECP,
    lecture="{territoire}, {periode} : les marchés réservés notifiés représentent {valeur} HT.",
    additif=("territoire", "periode", "modalite"),
    personnes=False,
)
def montant_marches_reserves(table: FrameT, par: Sequence[str]) -> FrameT:
    """Montant hors taxes des marchés publics réservés, au dernier état publié de chacun.

    Les règles sont celles du montant des marchés notifiés : ni montant aberrant, ni plafond
    d’accord-cadre déjà compté. Les marchés réservés sont souvent petits : leur part en montant est
    plus faible que leur part en nombre, et l’une ne se cite pas sans l’autre.
    """
    return sommer_connus(table.filter(nw.col("marche_reserve")), par, "montant_sommable_eur")


@rapport(
    libelle="Part des marchés réservés",
    unite=PART,
    numerateur=Comptes(indicateur="marches_reserves"),
    denominateur=Comptes(
        indicateur="marches_notifies", ventilation="consideration_sociale", modalites=("OUI", "NON")
    ),
    champ=_RENSEIGNES,
    source=_DECP,
    lecture="{territoire}, {periode} : {valeur} des marchés renseignés sont réservés.",
)
def part_marches_reserves(numerateur: nw.Expr, denominateur: nw.Expr) -> nw.Expr:
    """Marchés réservés, rapportés aux marchés qui disent s’ils comportent une considération sociale.

    Un marché qui ne dit rien de ses considérations sociales n’est ni au numérateur ni au
    dénominateur. La part est en nombre de marchés ; en montant, elle est d’ordinaire plus faible,
    et « Part du montant des marchés réservés » est à côté.
    """
    return 100 * numerateur / denominateur


@rapport(
    libelle="Part du montant des marchés réservés",
    unite=PART,
    numerateur=Comptes(indicateur="montant_marches_reserves"),
    denominateur=Comptes(
        indicateur="montant_marches_notifies", ventilation="consideration_sociale", modalites=("OUI", "NON")
    ),
    champ=_RENSEIGNES[:-1] + " et le montant connu.",
    source=_DECP,
    lecture="{territoire}, {periode} : {valeur} du montant des marchés renseignés va à des marchés réservés.",
)
def part_montant_reserves(numerateur: nw.Expr, denominateur: nw.Expr) -> nw.Expr:
    """Montant des marchés réservés, rapporté à celui des marchés qui disent leurs considérations sociales.

    Les règles sont celles de la part en nombre. Un très grand marché non réservé l’abaisse à lui
    seul : elle se lit avec la part en nombre, jamais seule.
    """
    return 100 * numerateur / denominateur
