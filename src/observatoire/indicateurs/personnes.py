"""Les personnes : bénéficiaires selon leur résidence, leur lieu de travail, et leurs contrats."""

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


def _contrats(table: FrameT, par: Sequence[str], cle: str) -> FrameT:
    heures = table.group_by(*par, cle, "personne").agg(nw.col("heures").sum())
    actifs = heures.filter(nw.col("heures") >= UNE_HEURE)
    return actifs.group_by(*par).agg(
        nw.col(cle).n_unique().alias("valeur"), nw.col("personne").n_unique().alias("effectif")
    )


@indicateur(
    libelle="Bénéficiaires",
    unite="personnes",
    table="heures",
    rattachement="residence",
    ventilations=("sexe", "tranche_age", "niveau_diplome", "public", "qpv", "prescripteur"),
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
    prescripteurs : elle compte une fois dans chacun, et ces modalités ne s’additionnent pas.
    Une valeur de une à quatre personnes n’est pas publiée.
    """
    return _personnes(table, par)


@indicateur(
    libelle="Bénéficiaires ayant travaillé dans le territoire",
    unite="personnes",
    table="heures",
    rattachement="execution",
    ventilations=("departement_residence", "habite_le_territoire"),
    champ=(
        "Personnes ayant réalisé au moins une heure dans la période, "
        "sur les marchés exécutés dans le territoire."
    ),
    source=_SOURCE,
    lecture="{territoire}, {periode} : {valeur} personnes ont travaillé sur les marchés qui y sont exécutés.",
    additif=("modalite",),
    personnes=True,
)
def beneficiaires_sur_place(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de personnes distinctes ayant travaillé sur les marchés exécutés dans le territoire.

    La même personne peut travailler dans deux territoires et habiter un troisième : ce nombre
    ne s’additionne ni entre territoires ni entre périodes, et diffère des bénéficiaires qui
    résident dans le territoire. « Habite le territoire » compare la commune de résidence à
    l’entrée au territoire lu ; une résidence inconnue est « non renseigné », jamais « non ».
    Une valeur de une à quatre personnes n’est pas publiée.
    """
    return _personnes(table, par)


@indicateur(
    libelle="Contrats de travail actifs",
    unite="contrats",
    table="heures",
    rattachement="execution",
    ventilations=("type_contrat", "type_employeur"),
    champ=(
        "Contrats de travail ayant donné lieu à au moins une heure dans la période, "
        "sur les marchés exécutés dans le territoire."
    ),
    source=_SOURCE,
    lecture="{territoire}, {periode} : {valeur} contrats de travail ont donné lieu à des heures d’insertion.",
    additif=("modalite",),
    personnes=True,
)
def contrats_actifs(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de contrats de travail ayant donné lieu à au moins une heure dans la période.

    Un contrat renouvelé, ou des missions qui se suivent à sept jours près chez le même employeur
    et sur le même marché, comptent pour un : « Missions et contrats signés » les sépare. Une
    personne peut avoir plusieurs contrats : ce nombre dépasse celui des personnes. Un contrat à
    cheval sur deux périodes compte dans chacune, un contrat qui sert deux marchés compte dans le
    territoire de chacun.
    Une valeur qui repose sur moins de cinq personnes n’est pas publiée.
    """
    return _contrats(table, par, "contrat_suivi_id")


@indicateur(
    libelle="Missions et contrats signés",
    unite="contrats",
    table="heures",
    rattachement="execution",
    ventilations=("type_contrat", "type_employeur"),
    champ=(
        "Contrats et missions, renouvellements compris, ayant donné lieu à au moins une heure "
        "dans la période, sur les marchés exécutés dans le territoire."
    ),
    source=_SOURCE,
    lecture="{territoire}, {periode} : {valeur} contrats ou missions ont donné lieu à des heures.",
    additif=("modalite",),
    personnes=True,
)
def missions(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de contrats et de missions ayant donné lieu à au moins une heure dans la période.

    Chaque contrat que connaît le logiciel compte, fût-il le renouvellement d’un autre ; chaque
    mission d’intérim est un contrat. Ce nombre dépasse celui des contrats actifs, qui réunit les
    renouvellements : il mesure l’activité de signature, non le nombre d’emplois.
    Une valeur qui repose sur moins de cinq personnes n’est pas publiée.
    """
    return _contrats(table, par, "contrat_id")
