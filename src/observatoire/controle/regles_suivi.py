"""Les règles du suivi : heures, personnes, identifiants, dates, codes."""

from __future__ import annotations

import pandas as pd

from observatoire.controle.articles import AMBIGU, INCONNU, PERIME
from observatoire.controle.regles import (
    AVERTISSEMENT,
    BLOQUANT,
    Lecture,
    Regle,
    absente,
    illisible,
    marquee,
    regle,
)
from observatoire.controle.resolution import HORS_VALIDITE
from observatoire.controle.typage import lire_sirets

_EMPLOYEURS_POSSIBLES = {
    "CTTI": ("ETTI",),
    "CDDI": ("EI", "ACI", "AI", "RQ"),
    "CDDT": ("EA",),
    "ESAT": ("ESAT",),
}
_UN_MOIS = pd.DateOffset(months=1)


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


@regle(AVERTISSEMENT, "heures", "Saisir les heures du mois, zéro compris.")
def heures_absentes(lecture: Lecture) -> pd.Series:
    """Un mois est déclaré sans heures."""
    return lecture.recue["mois"].notna() & lecture.recue["heures"].isna()


@regle(BLOQUANT, "personne", "Renseigner l'identité de la personne, ou l'identifiant du logiciel.")
def personne_absente(lecture: Lecture) -> pd.Series:
    """Un contrat de travail n'est rattaché à aucune personne."""
    return lecture.lue["contrat"].notna() & lecture.lue["personne"].isna()


@regle(BLOQUANT, "mois", "Corriger le mois travaillé.")
def mois_futur(lecture: Lecture) -> pd.Series:
    """Le mois travaillé commence après la livraison des données."""
    return lecture.lue["mois"] > lecture.reperes["livraison"]


@regle(AVERTISSEMENT, "mois", "Vérifier le mois travaillé et les dates du contrat.")
def mois_hors_contrat(lecture: Lecture) -> pd.Series:
    """Le mois travaillé est à plus d'un mois des dates du contrat."""
    mois = lecture.lue["mois"]
    apres = (mois - _UN_MOIS) > lecture.lue["contrat_fin"]
    return apres | ((mois + 2 * _UN_MOIS) <= lecture.lue["contrat_debut"])


@regle(AVERTISSEMENT, "contrat_fin", "Vérifier le début et la fin du contrat.")
def dates_contrat_inversees(lecture: Lecture) -> pd.Series:
    """Le contrat finit avant de commencer."""
    return lecture.lue["contrat_fin"] < lecture.lue["contrat_debut"]


@regle(AVERTISSEMENT, "date_fin", "Vérifier le début et la fin du marché.")
def dates_marche_inversees(lecture: Lecture) -> pd.Series:
    """Le marché finit avant de commencer."""
    return lecture.lue["date_fin"] < lecture.lue["date_debut"]


@regle(AVERTISSEMENT, "structure_id", "Corriger le SIRET de la structure : 14 chiffres, clé de Luhn juste.")
def siret_structure_invalide(lecture: Lecture) -> pd.Series:
    """Le SIRET de la structure est faux ; il est gardé, car les identifiants de la source en dépendent."""
    return lecture.recue["structure_id"].notna() & lire_sirets(lecture.recue["structure_id"]).isna()


@regle(AVERTISSEMENT, "heures", "Vérifier si le contrat a été déclaré deux fois.")
def cumul_mensuel_excessif(lecture: Lecture) -> pd.Series:
    """Une personne cumule dans le mois, sur toutes ses lignes, plus d'heures que le maximum d'un contrat."""
    lue = lecture.lue
    cumul = lue["heures"].groupby([lue["personne"], lue["mois"]]).transform("sum")
    return (cumul > lecture.reperes["heures_maximum"]) & ~heures_hors_bornes.masque(lecture).fillna(False)


@regle(AVERTISSEMENT, "heures_engagees", "Vérifier les heures engagées, en heures et non en personnes.")
def heures_tres_superieures(lecture: Lecture) -> pd.Series:
    """La clause a déjà plus de trois fois ses heures engagées ; signalé une fois, à sa première ligne."""
    lue = lecture.lue
    clause = [lue["structure_id"], lue["operation"]]
    faites = lue["heures"].groupby(clause).transform("sum")
    engagees = lue["heures_engagees"]
    premiere_ligne = ~pd.concat(clause, axis="columns").duplicated()
    return premiere_ligne & (engagees > 0) & (faites > 3 * engagees)


@regle(AVERTISSEMENT, "contrat", "Supprimer la copie, ou distinguer les deux contrats.")
def doublon(lecture: Lecture) -> pd.Series:
    """La ligne répète une autre ligne du même fichier ou de la même livraison ; elle compte une fois."""
    recue = lecture.recue.loc[lecture.recue["contrat"].notna()]
    suspectes = recue.loc[recue.duplicated(["contrat", "operation", "mois", "heures"], keep=False)]
    contenu = recue.columns.difference(["fichier", "ligne"])
    return suspectes.duplicated(list(contenu)).reindex(lecture.recue.index, fill_value=False)


@regle(AVERTISSEMENT, "type_employeur", "Vérifier le type de contrat et le type d'employeur.")
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


def _date(colonne: str, quoi: str) -> Regle:
    return illisible(
        f"date_impossible_{colonne.removeprefix('date_')}",
        colonne,
        f"Date {quoi} illisible, ou hors de 2000-2100 ; elle est vidée.",
        "Écrire une date réelle dans la forme déclarée pour la source.",
    )


def _code(colonne: str, quoi: str) -> Regle:
    return marquee(
        f"code_inconnu_{colonne}",
        colonne,
        INCONNU,
        f"{quoi} n'est dans aucune écriture connue ; la valeur devient « non renseigné ».",
        "Corriger la saisie, ou déclarer l'écriture dans [sources.<nom>.valeurs] ou ecritures.csv.",
    )


REGLES: tuple[Regle, ...] = (
    absente(
        "operation_absente",
        "operation",
        "L'identifiant de l'opération manque : la clause n'est pas reconnaissable.",
        "Renseigner l'identifiant de l'opération.",
        BLOQUANT,
    ),
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
    illisible(
        "mois_illisible",
        "mois",
        "Le mois travaillé n'est pas lisible.",
        "Écrire le mois dans la forme déclarée pour la source.",
        BLOQUANT,
    ),
    mois_futur,
    heures_sans_periode,
    heures_absentes,
    mois_hors_contrat,
    dates_contrat_inversees,
    dates_marche_inversees,
    cumul_mensuel_excessif,
    heures_tres_superieures,
    doublon,
    contrat_employeur_incompatibles,
    siret_structure_invalide,
    _siret("acheteur_id", "de l'acheteur"),
    _siret("titulaire_id", "du titulaire"),
    _siret("employeur_id", "de l'employeur"),
    _date("date_consultation", "de consultation"),
    _date("date_notification", "de notification"),
    _date("date_debut", "de début du marché"),
    _date("date_fin", "de fin du marché"),
    _date("contrat_debut", "de début du contrat"),
    _date("contrat_fin", "de fin du contrat"),
    _date("date_saisie", "de saisie"),
    _date("date_observation", "d'observation"),
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
    _code("type_marche", "Le type de marché"),
    _code("modalite", "La modalité de la clause"),
    marquee(
        "modalite_ambigue",
        "modalite",
        AMBIGU,
        "L'article cité a plusieurs sens, ou n'existait pas à la date de consultation ; « non renseigné ».",
        "Citer l'article en vigueur à la date de consultation, et renseigner cette date.",
    ),
    marquee(
        "modalite_libelle_perime",
        "modalite",
        PERIME,
        "L'article cité n'est pas celui en vigueur à la date de consultation ; son sens est sûr, il est lu.",
        "Citer l'article en vigueur à la date de consultation.",
    ),
    marquee(
        "modalite_hors_validite",
        "modalite",
        HORS_VALIDITE,
        "La modalité n'existait pas à la date de consultation ; « non renseigné ».",
        "Vérifier la modalité et la date de consultation.",
    ),
    _code("programme", "Le grand projet"),
    _code("statut_clause", "Le statut de la clause"),
    _code("sexe", "Le sexe"),
    _code("qpv", "La résidence en quartier prioritaire"),
    _code("niveau_diplome", "Le niveau de diplôme"),
    marquee(
        "niveau_diplome_ambigu",
        "niveau_diplome",
        AMBIGU,
        "Avant 2019, un niveau en chiffre arabe se lit de deux façons (décret 2019-14) ; « non renseigné ».",
        "Écrire le diplôme (CAP, bac…), ou le niveau en chiffres romains.",
    ),
    _code("publics", "Un public"),
    _code("type_employeur", "Le type d'employeur"),
    _code("type_contrat", "Le type de contrat"),
    _code("prescripteur", "Le prescripteur"),
    _code("type_heure", "La nature des heures"),
    _code("situation_sortie", "La situation à la sortie"),
)
