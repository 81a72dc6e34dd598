"""Les règles du suivi sur les dates : possibles, dans l'ordre, et pas après la livraison."""

from __future__ import annotations

import pandas as pd

from observatoire.controle.regles import ALERTE, BLOQUANT, Lecture, Regle, illisible, regle

_UN_MOIS = pd.DateOffset(months=1)


@regle(BLOQUANT, "mois", "Corriger le mois travaillé.")
def mois_futur(lecture: Lecture) -> pd.Series:
    """Le mois travaillé commence après la livraison des données."""
    return lecture.lue["mois"] > lecture.reperes["livraison"]


@regle(ALERTE, "mois", "Vérifier le mois travaillé et les dates du contrat.")
def mois_hors_contrat(lecture: Lecture) -> pd.Series:
    """Le mois travaillé est à plus d'un mois des dates du contrat."""
    mois = lecture.lue["mois"]
    apres = (mois - _UN_MOIS) > lecture.lue["contrat_fin"]
    return apres | ((mois + 2 * _UN_MOIS) <= lecture.lue["contrat_debut"])


@regle(ALERTE, "contrat_fin", "Vérifier le début et la fin du contrat.")
def dates_contrat_inversees(lecture: Lecture) -> pd.Series:
    """Le contrat finit avant de commencer."""
    return lecture.lue["contrat_fin"] < lecture.lue["contrat_debut"]


@regle(ALERTE, "date_fin", "Vérifier le début et la fin du marché.")
def dates_marche_inversees(lecture: Lecture) -> pd.Series:
    """Le marché finit avant de commencer."""
    return lecture.lue["date_fin"] < lecture.lue["date_debut"]


@regle(ALERTE, "date_observation", "Vérifier la date d'observation et le début du contrat.")
def observation_avant_contrat(lecture: Lecture) -> pd.Series:
    """La situation à la sortie est observée avant le début du contrat."""
    return lecture.lue["date_observation"] < lecture.lue["contrat_debut"]


@regle(ALERTE, "date_notification", "Corriger la date de notification, ou le statut de la clause.")
def notification_future(lecture: Lecture) -> pd.Series:
    """Le marché est notifié après la livraison des données ; une clause prévue peut l'être."""
    future = lecture.lue["date_notification"] > lecture.reperes["livraison"]
    return future & (lecture.lue["statut_clause"] != "PREVUE")


@regle(ALERTE, "date_consultation", "Corriger la date de consultation, ou le statut de la clause.")
def consultation_future(lecture: Lecture) -> pd.Series:
    """La consultation est engagée après la livraison des données ; celle d'une clause prévue peut l'être."""
    future = lecture.lue["date_consultation"] > lecture.reperes["livraison"]
    return future & (lecture.lue["statut_clause"] != "PREVUE")


@regle(ALERTE, "date_consultation", "Vérifier les dates de consultation et de notification.")
def notification_avant_consultation(lecture: Lecture) -> pd.Series:
    """Le marché est notifié avant que sa consultation soit engagée."""
    return lecture.lue["date_notification"] < lecture.lue["date_consultation"]


def _date(colonne: str, quoi: str) -> Regle:
    return illisible(
        f"date_impossible_{colonne.removeprefix('date_')}",
        colonne,
        f"Date {quoi} illisible, ou hors de 2000-2100 ; elle est vidée.",
        "Écrire une date réelle dans la forme déclarée pour la source.",
    )


def _future(colonne: str, quoi: str) -> Regle:
    def masque(lecture: Lecture) -> pd.Series:
        return lecture.lue[colonne] > lecture.reperes["livraison"]

    return Regle(
        f"date_future_{colonne.removeprefix('date_')}",
        ALERTE,
        colonne,
        "Corriger la date : elle ne peut suivre la livraison des données.",
        f"La date {quoi} suit la livraison des données.",
        masque,
    )


REGLES: tuple[Regle, ...] = (
    illisible(
        "mois_illisible",
        "mois",
        "Le mois travaillé n'est pas lisible.",
        "Écrire le mois dans la forme déclarée pour la source.",
        BLOQUANT,
    ),
    mois_futur,
    mois_hors_contrat,
    dates_contrat_inversees,
    dates_marche_inversees,
    notification_future,
    consultation_future,
    notification_avant_consultation,
    _future("contrat_debut", "de début du contrat"),
    _future("date_saisie", "de saisie"),
    _future("date_observation", "d'observation"),
    observation_avant_contrat,
    _date("date_consultation", "de consultation"),
    _date("date_notification", "de notification"),
    _date("date_debut", "de début du marché"),
    _date("date_fin", "de fin du marché"),
    _date("contrat_debut", "de début du contrat"),
    _date("contrat_fin", "de fin du contrat"),
    _date("date_saisie", "de saisie"),
    _date("date_observation", "d'observation"),
)
