"""Ce que valent les données d'un territoire : lignes complètes, délai de saisie, structures transmettant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

from observatoire.indicateurs.registre import PART, SANS_PERSONNES, Comptes, indicateur, rapport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narwhals.typing import FrameT

_SOURCE = "Logiciels de suivi des clauses sociales, traitements de l’observatoire."


@rapport(
    libelle="Heures portées par une ligne complète",
    unite=PART,
    numerateur=Comptes(indicateur="heures_realisees", ventilation="ligne_complete", modalites=("OUI",)),
    denominateur=Comptes(
        indicateur="heures_realisees", ventilation="ligne_complete", modalites=("OUI", "NON")
    ),
    champ="Heures travaillées dans la période, sur les marchés exécutés dans le territoire.",
    source=_SOURCE,
    lecture="{territoire}, {periode} : {valeur} des heures sont portées par une ligne complète.",
)
def part_heures_completes(numerateur: Any, denominateur: Any) -> Any:
    """Part des heures dont la ligne renseigne tout ce que la fiche ventile.

    Une ligne est complète si elle dit la modalité et le type du marché, le sexe, l’âge, le
    diplôme, la commune et le quartier de résidence de la personne, le type de contrat,
    d’employeur et le prescripteur. Une heure incomplète compte comme les autres ; c’est dans les
    répartitions qu’elle est « non renseignée ». Plus cette part est basse, plus les
    répartitions du territoire sont fragiles.
    """
    return 100 * numerateur / denominateur


@indicateur(
    libelle="Délai médian de saisie",
    unite="jours",
    table="heures",
    rattachement="execution",
    ventilations=(),
    champ="Contrats ayant des heures dans la période, sur les marchés exécutés dans le territoire.",
    source=_SOURCE,
    lecture=(
        "{territoire}, {periode} : la moitié des contrats voient leurs heures saisies "
        "moins de {valeur} jours après la fin du mois travaillé."
    ),
    additif=(),
    personnes=True,
    absence_nulle=False,
    mediane_de="beneficiaires_sur_place",
)
def delai_de_saisie(table: FrameT, par: Sequence[str]) -> FrameT:
    """Délai, en jours, entre la fin d’un mois travaillé et la saisie de ses heures.

    Pour chaque contrat, chaque clause et chaque type d’heure, le délai moyen des mois ; puis la valeur que la
    moitié d’entre eux ne dépassent pas. Une correction tardive rajeunit la saisie et allonge ce
    délai. Les dernières périodes paraissent plus rapides qu’elles ne seront : ce qui sera
    saisi en retard n’y est pas encore. Une date de saisie absente n’entre pas dans le calcul.
    C’est une médiane : elle n’est donnée qu’à partir de trente personnes.
    """
    datees = table.filter(nw.col("heures") > 0, ~nw.col("jours_saisie").is_null())
    delais = datees.with_columns(jours=nw.col("jours_saisie").cast(nw.Float64)).group_by(*par)
    medianes = delais.agg(
        nw.col("jours").median().alias("mediane"), nw.col("personne").n_unique().alias("effectif")
    )
    return medianes.select(*par, (nw.col("mediane") + 0.5).floor().alias("valeur"), "effectif")


@indicateur(
    libelle="Structures attendues",
    unite="structures",
    table="transmissions",
    rattachement="execution",
    ventilations=("a_transmis",),
    champ=(
        "Structures porteuses de la clause qui avaient, un an avant, des heures sur des marchés exécutés "
        "dans le territoire."
    ),
    source=_SOURCE,
    lecture="{territoire}, {periode} : {valeur} structures y avaient des heures un an avant.",
    additif=("modalite",),
    personnes=False,
)
def structures_attendues(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de structures qui transmettaient des heures du territoire un an avant la période.

    Une structure « a transmis » si elle a des heures dans la période, où que ce soit dans la
    région : qu’elle n’ait plus de marché ici n’est pas un retard. Celles qui n’ont encore rien
    transmis disent ce qui manque peut-être. La première année couverte n’a pas d’année
    précédente : elle n’est pas publiée. Une structure suit des marchés dans plusieurs
    territoires : ces nombres ne s’additionnent pas.
    """
    comptes = table.group_by(*par).agg(nw.col("structure_id").n_unique().alias("valeur"))
    return comptes.select(*par, "valeur", SANS_PERSONNES)


@rapport(
    libelle="Structures ayant transmis",
    unite=PART,
    numerateur=Comptes(indicateur="structures_attendues", ventilation="a_transmis", modalites=("OUI",)),
    denominateur=Comptes(
        indicateur="structures_attendues", ventilation="a_transmis", modalites=("OUI", "NON")
    ),
    champ=(
        "Structures porteuses de la clause qui avaient, un an avant, des heures sur des marchés exécutés "
        "dans le territoire."
    ),
    source=_SOURCE,
    lecture="{territoire}, {periode} : {valeur} des structures attendues ont transmis des heures.",
)
def part_structures_ayant_transmis(numerateur: Any, denominateur: Any) -> Any:
    """Structures ayant transmis des heures, rapportées à celles qui en transmettaient un an avant.

    Sous 100 %, des heures manquent sans doute, ou une structure a cessé son activité : une
    baisse des heures du territoire ne se commente pas avant de l’avoir vérifié. Ce taux ne dit
    pas si une structure a tout transmis : le délai de saisie le complète.
    """
    return 100 * numerateur / denominateur
