"""Les fins de parcours : combien, vers quoi, ce que l'on en sait ; et l'accès à la formation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

from observatoire.indicateurs.registre import PART, RAPPORTS, UNE_HEURE, Comptes, Rapport, indicateur, rapport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from narwhals.typing import FrameT

_SOURCE = "Logiciels de suivi des clauses sociales, traitements de l’observatoire."
_DYNAMIQUES = ("DURABLE", "TRANSITION", "POSITIVE")
_CONNUES = (*_DYNAMIQUES, "AUTRE")
_JALONS = {
    "fin": "à la fin du parcours",
    "m3": "trois mois après",
    "m6": "six mois après",
    "m12": "douze mois après",
}


@indicateur(
    libelle="Fins de parcours",
    unite="personnes",
    table="parcours",
    rattachement="residence",
    ventilations=tuple(f"situation_{jalon}" for jalon in _JALONS),
    champ=(
        "Personnes résidant dans le territoire dont le parcours finit dans la période, "
        "après {heures_minimum_de_parcours} heures d’insertion au moins."
    ),
    source=_SOURCE,
    lecture="{territoire}, {periode} : le parcours de {valeur} habitants a pris fin.",
    additif=("territoire", "periode", "modalite"),
    personnes=True,
    parametres=("heures_minimum_de_parcours",),
)
def sorties(table: FrameT, par: Sequence[str], *, heures_minimum_de_parcours: float) -> FrameT:
    """Nombre de personnes dont le parcours en clause finit dans la période.

    La clause n’a pas de sortie au sens de l’insertion par l’activité économique : le parcours
    finit avec le dernier contrat connu de la personne. Un contrat sans date de fin est réputé
    fini au terme du dernier trimestre où il a donné des heures, quand le trimestre suivant n’en
    a plus ; une personne qui revient plus tard change de période de fin, et le chiffre est
    révisé. Sous le nombre d’heures minimal, celui des entreprises de travail temporaire
    d’insertion et des associations intermédiaires, un passage n’est pas un parcours. Les heures
    antérieures à la première période couverte ne sont pas connues : la première année n’est pas
    publiée.
    La situation est celle que le facilitateur a relevée à la fin, puis trois, six et douze mois
    après ; la plus récente l’emporte. « Délai non écoulé » : le jalon n’était pas échu à la fin de
    la dernière période couverte. « Sans nouvelles, retrait, non renseigné » n’est pas une sortie
    défavorable ; un retrait (décès, longue maladie, détention…) n’est pas une sortie du tout.
    Une situation est une donnée sensible : une valeur de une à dix personnes n’est pas publiée.
    """
    parcours = table.filter(nw.col("heures") >= heures_minimum_de_parcours)
    comptes = parcours.group_by(*par).agg(nw.col("personne").n_unique().alias("valeur"))
    return comptes.with_columns(effectif=nw.col("valeur"))


def _taux_de_reponse(numerateur: Any, denominateur: Any) -> Any:
    """Personnes dont la situation est connue, rapportées à celles dont le délai est écoulé.

    Les personnes sans nouvelles, et celles pour qui rien n’est saisi, sont des absences de
    réponse ; un retrait des sorties, dont on connaît la raison, est compté avec elles faute
    d’être assez fréquent pour être publié à part. Ce taux se lit avant les deux suivants :
    sous la moitié de réponses, ils ne sont pas donnés, car ceux qui répondent ne ressemblent pas
    à ceux qui ne répondent pas.
    """
    return 100 * numerateur / denominateur


def _emploi_durable(numerateur: Any, denominateur: Any) -> Any:
    """Sorties vers l’emploi durable, rapportées aux sorties dont la situation est connue.

    Emploi durable : contrat à durée indéterminée, contrat ou mission de plus de six mois,
    titularisation ou stage dans la fonction publique, création d’entreprise. Les retraits et les
    personnes sans nouvelles ne sont ni au numérateur ni au dénominateur. Le taux n’est pas
    donné si le taux de réponse du même jalon est trop faible, ou si l’un des nombres qui le font
    n’est pas publié.
    """
    return 100 * numerateur / denominateur


def _sorties_dynamiques(numerateur: Any, denominateur: Any) -> Any:
    """Sorties vers l’emploi durable, l’emploi de transition ou positives, parmi les situations connues.

    Emploi de transition : contrat ou mission de moins de six mois, contrat aidé hors insertion.
    Sortie positive : formation qualifiante, embauche dans une autre structure d’insertion. Les
    appeler toutes « sorties positives » est un abus de langage. Les retraits et les personnes
    sans nouvelles ne sont ni au numérateur ni au dénominateur ; même garde que pour l’emploi
    durable.
    """
    return 100 * numerateur / denominateur


# Le taux de réponse d'abord : il garde les deux autres.
_TAUX: tuple[tuple[str, str, Callable[..., Any], tuple[str, ...], tuple[str, ...], str], ...] = (
    (
        "taux_de_reponse",
        "Situations connues",
        _taux_de_reponse,
        _CONNUES,
        (*_CONNUES, "NR"),
        "des situations sont connues",
    ),
    (
        "taux_d_emploi_durable",
        "Sorties en emploi durable",
        _emploi_durable,
        ("DURABLE",),
        _CONNUES,
        "des personnes dont la situation est connue sont en emploi durable",
    ),
    (
        "taux_de_sorties_dynamiques",
        "Sorties dynamiques",
        _sorties_dynamiques,
        _DYNAMIQUES,
        _CONNUES,
        "des personnes dont la situation est connue sont en emploi ou en formation",
    ),
)


def _inscrire(jalon: str) -> None:
    for nom, libelle, calcul, numerateur, denominateur, phrase in _TAUX:
        gardien = f"taux_de_reponse_{jalon}"
        ventilation = f"situation_{jalon}"
        RAPPORTS[f"{nom}_{jalon}"] = Rapport(
            nom=f"{nom}_{jalon}",
            libelle=f"{libelle} {_JALONS[jalon]}",
            unite=PART,
            numerateur=Comptes(indicateur="sorties", ventilation=ventilation, modalites=numerateur),
            denominateur=Comptes(indicateur="sorties", ventilation=ventilation, modalites=denominateur),
            champ=(
                "Personnes résidant dans le territoire dont le parcours a fini dans la période "
                "et dont le délai est écoulé."
            ),
            source=_SOURCE,
            lecture=f"{{territoire}}, {{periode}} : {_JALONS[jalon]}, {{valeur}} {phrase}.",
            calcul=calcul,
            garde=None if nom == "taux_de_reponse" else (gardien, "reponse_minimum_pct"),
        )


for _jalon in _JALONS:
    _inscrire(_jalon)


@indicateur(
    libelle="Bénéficiaires formés",
    unite="personnes",
    table="heures",
    rattachement="residence",
    ventilations=(),
    champ="Personnes résidant dans le territoire ayant suivi au moins une heure de formation.",
    source=_SOURCE,
    lecture="{territoire}, {periode} : {valeur} habitants ont suivi des heures de formation.",
    additif=("territoire",),
    personnes=True,
)
def beneficiaires_formes(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de personnes ayant suivi au moins une heure de formation.

    Ce sont les heures que le logiciel déclare de formation, comptées parmi les heures
    d’insertion : celles des contrats en alternance, le plus souvent. Une formation suivie hors
    contrat n’y est pas. Un logiciel qui ne distingue pas les heures de formation n’en montre
    aucune : ce nombre est un minimum. Les trimestres ne s’additionnent pas pour faire l’année.
    Une valeur de une à quatre personnes n’est pas publiée.
    """
    formations = table.filter(nw.col("type_heure") == "FORMATION")
    heures = formations.group_by(*par, "personne").agg(nw.col("heures").sum())
    comptes = heures.filter(nw.col("heures") >= UNE_HEURE).group_by(*par)
    return comptes.agg(nw.col("personne").count().alias("valeur")).with_columns(effectif=nw.col("valeur"))


@rapport(
    libelle="Accès à la formation",
    unite=PART,
    numerateur=Comptes(indicateur="beneficiaires_formes"),
    denominateur=Comptes(indicateur="beneficiaires"),
    champ="Personnes résidant dans le territoire ayant réalisé au moins une heure dans la période.",
    source=_SOURCE,
    lecture="{territoire}, {periode} : {valeur} des bénéficiaires ont suivi des heures de formation.",
)
def acces_a_la_formation(numerateur: Any, denominateur: Any) -> Any:
    """Bénéficiaires formés, rapportés aux bénéficiaires de la même période, en personnes.

    Un bénéficiaire formé l’est pendant son contrat. La formation d’avant l’embauche n’est pas
    dans les logiciels de suivi, et tous ne distinguent pas les heures de formation : cette part
    est un minimum, à ne comparer qu’à champ constant.
    """
    return 100 * numerateur / denominateur
