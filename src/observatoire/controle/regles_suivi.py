"""Les règles du suivi : heures, personnes, identifiants ; celles des dates et des codes sont à côté."""

from __future__ import annotations

import pandas as pd

from observatoire.controle import codes_suivi, dates_suivi
from observatoire.controle.regles import (
    ALERTE,
    BLOQUANT,
    INFO,
    Lecture,
    Regle,
    absente,
    illisible,
    regle,
)
from observatoire.controle.typage import lire_sirets

_EMPLOYEURS_POSSIBLES = {
    "CTTI": ("ETTI",),
    "CDDI": ("EI", "ACI", "AI", "RQ"),
    "CDDT": ("EA", "EATT"),
    "CDI_INCLUSION": ("EI", "ACI", "AI", "ETTI"),
    "CDI_INT": ("ETT", "ETTI", "EATT"),
    "CEP": ("SEP",),
    "ESAT": ("ESAT",),
}


@regle(BLOQUANT, "operation", "Renseigner l'identifiant de l'opération.")
def operation_absente(lecture: Lecture) -> pd.Series:
    """L'identifiant de l'opération manque : la clause n'est pas reconnaissable."""
    return lecture.lue["operation"].isna()


@regle(BLOQUANT, "heures", "Corriger les heures du mois, ou donner une ligne par mois.")
def heures_hors_bornes(lecture: Lecture) -> pd.Series:
    """Heures négatives, ou plus d'heures qu'un contrat n'en compte en un mois.

    Le total d'un contrat sans détail mensuel n'a pas de maximum.
    """
    heures = lecture.lue["heures"]
    trop = lecture.lue["mois"].notna() & (heures > lecture.reperes["heures_maximum"])
    return (heures < 0) | trop


@regle(BLOQUANT, "contrat", "Donner le numéro du contrat de travail de ces heures.")
def heures_sans_contrat(lecture: Lecture) -> pd.Series:
    """Des heures ne sont rattachées à aucun contrat de travail."""
    return lecture.lue["heures"].notna() & lecture.lue["contrat"].isna()


@regle(BLOQUANT, "mois", "Donner le mois travaillé, à défaut le début et la fin du contrat.")
def heures_sans_periode(lecture: Lecture) -> pd.Series:
    """Des heures n'ont ni mois, ni dates de contrat : elles n'appartiennent à aucune période."""
    dates = lecture.lue[["mois", "contrat_debut", "contrat_fin"]]
    return lecture.lue["heures"].notna() & dates.isna().all(axis="columns")


@regle(ALERTE, "heures", "Saisir les heures du mois, zéro compris.")
def heures_absentes(lecture: Lecture) -> pd.Series:
    """Un mois est déclaré sans heures."""
    return lecture.recue["mois"].notna() & lecture.recue["heures"].isna()


@regle(BLOQUANT, "personne", "Renseigner l'identité de la personne, ou l'identifiant du logiciel.")
def personne_absente(lecture: Lecture) -> pd.Series:
    """Un contrat de travail n'est rattaché à aucune personne."""
    return lecture.lue["contrat"].notna() & lecture.lue["personne"].isna()


@regle(INFO, "heures", "Exporter le détail mensuel des heures.")
def total_a_repartir(lecture: Lecture) -> pd.Series:
    """Un total sans détail mensuel couvre plusieurs trimestres : il sera réparti par jours."""
    debut, fin = lecture.lue["contrat_debut"], lecture.lue["contrat_fin"]
    trimestres: pd.Series = 4 * (fin.dt.year - debut.dt.year) + fin.dt.quarter - debut.dt.quarter
    return (trimestres > 0) & lecture.lue["heures"].notna() & lecture.lue["mois"].isna()


@regle(ALERTE, "statut_clause", "Corriger le statut de la clause : elle est en cours, ou soldée.")
def heures_sur_clause_prevue(lecture: Lecture) -> pd.Series:
    """Des heures sont réalisées sur une clause encore prévue, donc pas notifiée."""
    return (lecture.lue["heures"] > 0) & (lecture.lue["statut_clause"] == "PREVUE")


@regle(INFO, "statut_clause", "Vérifier que les heures précèdent l'abandon de la clause.")
def heures_sur_clause_abandonnee(lecture: Lecture) -> pd.Series:
    """Des heures sont réalisées sur une clause abandonnée ; elles comptent si elles ont été faites."""
    return (lecture.lue["heures"] > 0) & (lecture.lue["statut_clause"] == "ABANDONNEE")


@regle(ALERTE, "heures_engagees", "Vérifier les heures engagées et les heures totales du marché.")
def engagement_superieur_au_total(lecture: Lecture) -> pd.Series:
    """Les heures d'insertion engagées dépassent les heures travaillées totales du marché."""
    return lecture.lue["heures_engagees"] > lecture.lue["heures_totales"]


@regle(INFO, "part_engagee_pct", "Renseigner la part engagée, en pourcentage.")
def part_engagee_absente(lecture: Lecture) -> pd.Series:
    """Les heures sont engagées en part, et la part n'est pas donnée : l'engagement reste inconnu."""
    en_part = lecture.lue["mode_engagement"].isin(["PCT_HEURES", "PCT_MONTANT"])
    return en_part & lecture.lue[["part_engagee_pct", "heures_engagees"]].isna().all(axis="columns")


@regle(ALERTE, "structure_id", "Corriger le SIRET de la structure : 14 chiffres, clé de Luhn juste.")
def siret_structure_invalide(lecture: Lecture) -> pd.Series:
    """Le SIRET de la structure est faux ; il est gardé, car les identifiants de la source en dépendent."""
    return lecture.recue["structure_id"].notna() & lire_sirets(lecture.recue["structure_id"]).isna()


@regle(ALERTE, "type_employeur", "Vérifier le type de contrat et le type d'employeur.")
def contrat_employeur_incompatibles(lecture: Lecture) -> pd.Series:
    """Ce type de contrat n'existe pas chez ce type d'employeur : CDDI hors insertion, CTTI hors ETTI."""
    contrat, employeur = lecture.lue["type_contrat"], lecture.lue["type_employeur"]
    incompatibles = pd.Series(data=False, index=contrat.index)
    for code, possibles in _EMPLOYEURS_POSSIBLES.items():
        incompatibles |= (contrat == code) & ~employeur.isin([*possibles, "NR"])
    return incompatibles


def _siret(colonne: str, qui: str) -> Regle:
    return illisible(
        f"siret_{colonne.removesuffix('_id')}_invalide",
        colonne,
        f"Le SIRET {qui} est faux ; il est vidé.",
        "Corriger le SIRET : 14 chiffres, clé de Luhn juste.",
    )


REGLES: tuple[Regle, ...] = (
    operation_absente,
    absente(
        "structure_absente",
        "structure_id",
        "Le SIRET de la structure manque : les identifiants ne sont plus uniques.",
        "Renseigner le SIRET de la structure.",
        BLOQUANT,
    ),
    personne_absente,
    illisible(
        "heures_illisibles",
        "heures",
        "Les heures ne sont pas un nombre dans la forme déclarée.",
        "Écrire un nombre, avec la décimale déclarée pour la source.",
        BLOQUANT,
    ),
    heures_hors_bornes,
    heures_sans_contrat,
    heures_sans_periode,
    heures_absentes,
    total_a_repartir,
    contrat_employeur_incompatibles,
    heures_sur_clause_prevue,
    heures_sur_clause_abandonnee,
    engagement_superieur_au_total,
    siret_structure_invalide,
    _siret("acheteur_id", "de l'acheteur"),
    _siret("titulaire_id", "du titulaire"),
    _siret("employeur_id", "de l'employeur"),
    illisible(
        "age_hors_bornes",
        "age_entree",
        "L'âge à l'entrée n'est pas entre 15 et 70 ans ; il est vidé.",
        "Vérifier la date de naissance et le début du contrat.",
    ),
    illisible(
        "heures_engagees_invalides",
        "heures_engagees",
        "Les heures engagées sont illisibles ou négatives ; elles sont vidées.",
        "Écrire un nombre d'heures positif.",
    ),
    illisible(
        "heures_totales_invalides",
        "heures_totales",
        "Les heures totales du marché sont illisibles ou négatives ; elles sont vidées.",
        "Écrire un nombre d'heures positif.",
    ),
    illisible(
        "part_engagee_hors_bornes",
        "part_engagee_pct",
        "La part engagée n'est pas un nombre au-dessus de 0 et jusqu'à 100 ; elle est vidée.",
        "Écrire un pourcentage (5 pour 5 %).",
    ),
    part_engagee_absente,
    illisible(
        "commune_execution_inconnue",
        "commune_execution",
        "Le code de la commune d'exécution n'existe pas ; il est vidé.",
        "Écrire le code INSEE de la commune (ce n'est pas le code postal).",
    ),
    illisible(
        "commune_residence_inconnue",
        "commune_residence",
        "Le code de la commune de résidence n'existe pas ; il est vidé.",
        "Écrire le code INSEE de la commune (ce n'est pas le code postal).",
    ),
    *dates_suivi.REGLES,
    *codes_suivi.REGLES,
)
