"""Les personnes : bénéficiaires selon leur résidence et leur lieu de travail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw

from observatoire.indicateurs.registre import UNE_HEURE, indicateur

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narwhals.typing import FrameT

_SOURCE = "Logiciels de suivi des clauses sociales, traitements de l’observatoire."


def _personnes(table: FrameT, par: Sequence[str]) -> FrameT:
    heures = table.group_by(*par, "personne").agg(nw.col("heures").sum())
    presentes = heures.filter(nw.col("heures") >= UNE_HEURE)
    # une personne y a une seule ligne : les compter, c'est compter les lignes ; le vide n'en est pas une
    comptes = presentes.group_by(*par).agg(nw.col("personne").count().alias("valeur"))
    return comptes.filter(nw.col("valeur") > 0).with_columns(effectif=nw.col("valeur"))


@indicateur(
    libelle="Bénéficiaires",
    unite="personnes",
    table="heures",
    rattachement="residence",
    ventilations=(
        "sexe",
        "tranche_age",
        "niveau_diplome",
        "public",
        "public_principal",
        "qpv",
        "prescripteur",
        "sexe_tranche_age",
        "sexe_qpv",
    ),
    champ="Personnes résidant dans le territoire ayant réalisé au moins une heure dans la période.",
    source=_SOURCE,
    lecture="{territoire}, {periode} : {valeur} habitants ont réalisé des heures d’insertion.",
    additif=("territoire", "modalite"),
    multiples=("public", "prescripteur"),
    personnes=True,
)
def beneficiaires(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de personnes distinctes ayant réalisé au moins une heure d’insertion.

    Une personne suivie par deux structures, ou titulaire de plusieurs contrats, compte pour
    une. Elle compte une fois dans chaque cellule publiée : les trimestres ne s’additionnent
    pas pour faire l’année. Elle est rattachée à sa commune de résidence à l’entrée ; son âge,
    son diplôme, ses publics et sa résidence en quartier prioritaire sont aussi ceux de l’entrée.
    Une personne peut relever de plusieurs publics et, d’un contrat à l’autre, de plusieurs
    prescripteurs : elle compte une fois dans chacun, et ces modalités ne s’additionnent pas. Le
    public principal n’en retient qu’un, le premier dans l’ordre : travailleur handicapé, bénéficiaire
    du RSA, chômeur de très longue durée, de longue durée, jeune peu qualifié, 50 ans et plus, parcours
    d’insertion, autre ; ses modalités s’additionnent.
    « Autres publics » réunit les autres minima sociaux, les réfugiés, les personnes sous main de
    justice, les sortants de l’aide sociale à l’enfance, les personnes sans hébergement et les publics
    rares, jamais publiés séparément. Les quelques âges non renseignés sont réunis aux 26 à 49 ans ; les
    diplômes étrangers non reconnus, aux diplômes non renseignés.
    Une valeur de une à quatre personnes n’est pas publiée ; de une à dix, quand un public ou la
    résidence en quartier prioritaire est en jeu.
    """
    return _personnes(table, par)


@indicateur(
    libelle="Bénéficiaires ayant travaillé dans le territoire",
    unite="personnes",
    table="heures",
    rattachement="execution",
    ventilations=("departement_residence", "habite_le_territoire", "sexe", "type_marche"),
    champ=(
        "Personnes ayant réalisé au moins une heure dans la période, "
        "sur les marchés exécutés dans le territoire."
    ),
    source=_SOURCE,
    lecture="{territoire}, {periode} : {valeur} personnes ont travaillé sur les marchés qui y sont exécutés.",
    additif=("modalite",),
    multiples=("type_marche",),
    personnes=True,
)
def beneficiaires_sur_place(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de personnes distinctes ayant travaillé sur les marchés exécutés dans le territoire.

    La même personne peut travailler dans deux territoires et habiter un troisième : ce nombre
    ne s’additionne ni entre territoires ni entre périodes, et diffère des bénéficiaires qui
    résident dans le territoire. « Habite le territoire » compare la commune de résidence à
    l’entrée au territoire lu ; une résidence inconnue est « non renseigné », jamais « non ». Qui
    travaille sur un marché de travaux et sur un marché de services compte dans chaque type.
    Une valeur de une à quatre personnes n’est pas publiée.
    """
    return _personnes(table, par)


@indicateur(
    libelle="Nouveaux bénéficiaires",
    unite="personnes",
    table="entrees",
    rattachement="residence",
    ventilations=("sexe", "tranche_age"),
    champ="Personnes résidant dans le territoire et réalisant leurs toutes premières heures dans la période.",
    source=_SOURCE,
    lecture="{territoire}, {periode} : {valeur} habitants sont entrés dans un parcours d’insertion.",
    additif=("territoire", "periode", "modalite"),
    personnes=True,
)
def entrees(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de personnes dont les toutes premières heures d’insertion sont dans la période.

    Une personne entre une seule fois, quels que soient ses contrats : au premier trimestre où elle
    réalise au moins une heure. Les entrées de quatre trimestres font donc celles de l’année, et
    toute personne entrée est aussi comptée parmi les bénéficiaires de la période.
    « Premières » veut dire premières connues : au début d’une série, toute personne semblerait
    nouvelle. Les entrées ne sont publiées qu’après un an d’observation, et restent surestimées
    quand une structure rejoint l’observatoire.
    Une valeur de une à quatre personnes n’est pas publiée.
    """
    comptes = table.group_by(*par).agg(nw.col("personne").n_unique().alias("valeur"))
    return comptes.with_columns(effectif=nw.col("valeur"))
