"""Les contrats de travail : actifs, signés, finis, leur durée, leur type et celui de l'employeur."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

from observatoire.indicateurs.registre import PART, RAPPORTS, UNE_HEURE, Comptes, Rapport, indicateur, rapport
from observatoire.referentiel import NON_RENSEIGNE, ventilations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narwhals.typing import FrameT

_SOURCE = "Logiciels de suivi des clauses sociales, traitements de l’observatoire."
_JOURS_PAR_MOIS = 365.25 / 12


def _actifs(table: FrameT, par: Sequence[str], cle: str) -> FrameT:
    heures = table.group_by(*par, cle, "personne").agg(nw.col("heures").sum())
    return _compter(heures, par, cle)


def _compter(table: FrameT, par: Sequence[str], cle: str) -> FrameT:
    comptes = table.filter(nw.col("heures") >= UNE_HEURE).group_by(*par)
    return comptes.agg(
        nw.col(cle).n_unique().alias("valeur"), nw.col("personne").n_unique().alias("effectif")
    )


@indicateur(
    libelle="Contrats de travail actifs",
    unite="contrats",
    table="heures",
    rattachement="execution",
    ventilations=("type_contrat", "type_employeur", "prescripteur", "mode_realisation"),
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
    et sur le même marché, comptent pour un : « Missions » les sépare. Une personne peut avoir
    plusieurs contrats : ce nombre dépasse celui des personnes. Un contrat à cheval sur deux
    périodes compte dans chacune, un contrat qui sert deux marchés compte dans le territoire de
    chacun. L’employeur, le prescripteur et le mode de mise en œuvre d’un contrat renouvelé sont
    ceux du premier contrat.
    Une valeur qui repose sur moins de cinq personnes n’est pas publiée.
    """
    return _actifs(table, par, "contrat_suivi_id")


@indicateur(
    libelle="Missions",
    unite="contrats",
    table="heures",
    rattachement="execution",
    ventilations=("type_contrat",),
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
    renouvellements : il mesure l’activité de gestion, non le nombre d’emplois.
    Une valeur qui repose sur moins de cinq personnes n’est pas publiée.
    """
    return _actifs(table, par, "contrat_id")


@indicateur(
    libelle="Contrats de travail signés",
    unite="contrats",
    table="contrats_signes",
    rattachement="execution",
    ventilations=("type_contrat", "prescripteur", "secteur", "metier"),
    champ=(
        "Contrats de travail commencés dans la période et ayant donné lieu à au moins une heure, "
        "sur les marchés exécutés dans le territoire."
    ),
    source=_SOURCE,
    lecture="{territoire}, {periode} : {valeur} contrats de travail ont été signés.",
    additif=("periode", "modalite"),
    personnes=True,
)
def contrats_signes(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de contrats de travail dont le premier jour est dans la période.

    Un renouvellement n’est pas une signature : le contrat compte une fois, à son premier jour.
    Il faut qu’il ait donné lieu à au moins une heure, à n’importe quelle date : un contrat
    récent dont les heures ne sont pas encore saisies s’ajoutera à une édition suivante. Chaque
    contrat n’est signé qu’une fois, les périodes s’additionnent ; un contrat qui sert deux
    marchés compte dans le territoire de chacun, les territoires ne s’additionnent pas. Son type est
    celui du premier contrat ; son secteur est celui du marché où il a le plus d’heures ; son métier
    est le grand domaine du répertoire opérationnel des métiers (ROME).
    Une valeur qui repose sur moins de cinq personnes n’est pas publiée.
    """
    return _compter(table, par, "contrat_suivi_id")


@indicateur(
    libelle="Contrats de travail finis",
    unite="contrats",
    table="contrats_finis",
    rattachement="execution",
    ventilations=("type_contrat",),
    champ=(
        "Contrats de travail dont la fin, renouvellements compris, est dans la période, "
        "sur les marchés exécutés dans le territoire."
    ),
    source=_SOURCE,
    lecture="{territoire}, {periode} : {valeur} contrats de travail se sont terminés.",
    additif=("periode", "modalite"),
    personnes=True,
)
def contrats_finis(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre de contrats de travail dont le dernier jour est dans la période.

    Un contrat renouvelé finit avec son dernier renouvellement. Un contrat sans date de fin,
    comme un contrat à durée indéterminée en cours, n’est pas fini. Comme pour les contrats
    signés, il faut au moins une heure, et chaque contrat ne finit qu’une fois ; son type est celui
    du premier contrat. Ce nombre sert à la durée moyenne : la fin d’un contrat n’est pas celle du
    parcours de la personne.
    Une valeur qui repose sur moins de cinq personnes n’est pas publiée.
    """
    return _compter(table, par, "contrat_suivi_id")


@indicateur(
    libelle="Durée cumulée des contrats finis",
    unite="jours",
    table="contrats_finis",
    rattachement="execution",
    ventilations=("type_contrat",),
    champ=(
        "Contrats de travail dont la fin, renouvellements compris, est dans la période, "
        "sur les marchés exécutés dans le territoire."
    ),
    source=_SOURCE,
    lecture="{territoire}, {periode} : les contrats terminés avaient duré {valeur} jours en tout.",
    additif=("periode", "modalite"),
    personnes=True,
)
def jours_des_contrats_finis(table: FrameT, par: Sequence[str]) -> FrameT:
    """Somme des durées, en jours, des contrats de travail finis dans la période.

    Du premier jour du contrat au dernier jour de son dernier renouvellement, les deux compris :
    un contrat d’un jour dure un jour. Toute la durée compte, même avant la période. Cette somme
    ne se commente pas seule : divisée par le nombre de contrats finis, elle donne leur durée
    moyenne.
    Une valeur qui repose sur moins de cinq personnes, sur moins de trois employeurs ou presque
    entière sur un seul n’est pas publiée.
    """
    cle = [*par, "contrat_suivi_id", "personne", "employeur_siren", "jours"]
    contrats = table.filter(nw.col("heures") >= UNE_HEURE).select(*cle).unique()
    employeurs = contrats.group_by(*par, "employeur_siren").agg(nw.col("jours").sum())
    apports = employeurs.group_by(*par).agg(
        nw.col("jours").sum().alias("valeur"),
        nw.col("employeur_siren").n_unique().alias("employeurs"),
        nw.col("jours").max().alias("premier"),
    )
    personnes = contrats.group_by(*par).agg(nw.col("personne").n_unique().alias("effectif"))
    return apports.join(personnes, on=list(par), how="inner").select(
        *par, "valeur", "effectif", "employeurs", "premier"
    )


@rapport(
    libelle="Durée moyenne des contrats",
    unite="mois",
    numerateur=Comptes(indicateur="jours_des_contrats_finis"),
    denominateur=Comptes(indicateur="contrats_finis"),
    croise=("type_contrat",),
    champ="Contrats de travail finis dans la période, sur les marchés exécutés dans le territoire.",
    source=_SOURCE,
    lecture="{territoire}, {periode} : les contrats terminés avaient duré {valeur} mois en moyenne.",
)
def duree_moyenne_des_contrats(numerateur: Any, denominateur: Any) -> Any:
    """Durée des contrats finis dans la période, divisée par leur nombre, en mois de 30,44 jours.

    Renouvellements compris. Un contrat qui court encore n’y est pas : les contrats à durée
    indéterminée n’y figurent que rompus, et la moyenne sous-estime la durée de tous les
    contrats. Elle suit les fins de chantier : comparer au même trimestre de l’année précédente.
    """
    return numerateur / denominateur / _JOURS_PAR_MOIS


def _part(numerateur: Any, denominateur: Any) -> Any:
    """Part d’un type de contrat, d’employeur ou de mise en œuvre, parmi ce qui est renseigné.

    Le libellé dit si la part est celle des contrats ou celle des heures : un contrat long pèse
    davantage dans les heures que dans les contrats, et les deux parts diffèrent. Les contrats ou
    les heures dont le type n’est pas renseigné ne sont ni au numérateur ni au dénominateur.
    La part est calculée sur des nombres publiés, et n’est pas publiée si l’un d’eux ne l’est pas.
    """
    return 100 * numerateur / denominateur


# Ce dont on donne la part : nom, en quoi, modalités, et le sujet de la phrase.
_INTERIM = ("CTT", "CTTI")
_PARTS = (
    ("cdi", "type_contrat", ("CDI",), "en CDI"),
    ("interim", "type_contrat", _INTERIM, "en intérim, d’insertion ou classique"),
    ("insertion", "type_contrat", ("CDDI", "CTTI"), "en contrat d’insertion (CDD ou intérim)"),
    ("alternance", "type_contrat", ("ALTERNANCE",), "en alternance"),
    ("entreprises", "type_employeur", ("EC",), "dans des entreprises classiques"),
    ("siae", "type_employeur", ("SIAE",), "dans des structures d’insertion (SIAE)"),
    ("stpa", "type_employeur", ("STPA",), "dans le secteur adapté et protégé"),
    ("geiq", "type_employeur", ("GEIQ",), "dans des GEIQ"),
    ("ett", "type_employeur", ("ETT",), "dans des entreprises de travail temporaire"),
)
_MESURES = {
    "contrats": ("contrats_actifs", "Part des contrats", "des contrats actifs sont", "Contrats actifs"),
    "heures": ("heures_realisees", "Part des heures", "des heures réalisées le sont", "Heures réalisées"),
}


def _inscrire_part(mesure: str, nom: str, ventilation: str, modalites: tuple[str, ...], quoi: str) -> None:
    compte, libelle, phrase, champ = _MESURES[mesure]
    renseignees = tuple(code for code in ventilations()[ventilation].libelles if code != NON_RENSEIGNE)
    RAPPORTS[f"part_{mesure}_{nom}"] = Rapport(
        nom=f"part_{mesure}_{nom}",
        libelle=f"{libelle} {quoi}",
        unite=PART,
        numerateur=Comptes(indicateur=compte, ventilation=ventilation, modalites=modalites),
        denominateur=Comptes(indicateur=compte, ventilation=ventilation, modalites=renseignees),
        champ=f"{champ} dans la période, sur les marchés exécutés dans le territoire, parmi le renseigné.",
        source=_SOURCE,
        lecture=f"{{territoire}}, {{periode}} : {{valeur}} {phrase} {quoi}.",
        calcul=_part,
    )


for _mesure in _MESURES:
    for _nom, _ventilation, _modalites, _quoi in _PARTS:
        _inscrire_part(_mesure, _nom, _ventilation, _modalites, _quoi)
_inscrire_part("contrats", "embauche_directe", "mode_realisation", ("EMB_DIR",), "en embauche directe")
