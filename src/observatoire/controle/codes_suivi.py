"""Les règles du suivi sur les codes : écritures inconnues, articles, diplômes, quartiers, métiers."""

from __future__ import annotations

import pandas as pd

from observatoire.controle.articles import AMBIGU, INCONNU, PERIME
from observatoire.controle.regles import ALERTE, INFO, Lecture, Regle, illisible, marquee, regle
from observatoire.controle.resolution import HORS_VALIDITE

_GEOGRAPHIE_2024 = pd.Timestamp(2024, 1, 1)  # les quartiers de 2024 remplacent ceux de 2015


@regle(ALERTE, "qpv", "Vérifier l'adresse de la personne à l'entrée.")
def qpv_contradictoire(lecture: Lecture) -> pd.Series:
    """Un code de quartier prioritaire est donné, et la résidence en quartier est « non » : non renseigné."""
    return lecture.recue["qpv"].notna() & lecture.lue["qpv_code"].notna() & (lecture.lue["qpv"] == "NR")


@regle(INFO, "qpv_code", "Donner le code du quartier en vigueur à l'entrée.")
def qpv_d_une_autre_geographie(lecture: Lecture) -> pd.Series:
    """Le code de quartier n'est pas de la géographie en vigueur à l'entrée (2015, puis 2024)."""
    entree = lecture.lue["contrat_debut"].fillna(lecture.lue["mois"])
    ancien = lecture.lue["millesime_qpv"] == "2015"
    return entree.notna() & lecture.lue["qpv_code"].notna() & (ancien == (entree >= _GEOGRAPHIE_2024))


def _code(colonne: str, quoi: str) -> Regle:
    return marquee(
        f"code_inconnu_{colonne}",
        colonne,
        INCONNU,
        f"{quoi} n'est dans aucune écriture connue ; la valeur devient « non renseigné ».",
        "Corriger la saisie, ou déclarer l'écriture dans [sources.<nom>.valeurs] ou ecritures.csv.",
    )


REGLES: tuple[Regle, ...] = (
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
        INFO,
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
    qpv_contradictoire,
    marquee(
        "qpv_code_mal_forme",
        "qpv_code",
        INCONNU,
        "Le code de quartier n'a la forme ni de 2015 (QP093028) ni de 2024 (QN09301M) ; il est vidé.",
        "Donner le code du quartier prioritaire, de huit caractères.",
    ),
    qpv_d_une_autre_geographie,
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
    marquee(
        "prescripteur_libelle_perime",
        "prescripteur",
        PERIME,
        "Le prescripteur porte un nom abandonné avant l'entrée (ANPE, Pôle emploi) ; il est lu.",
        "Écrire le nom en vigueur à l'entrée.",
        INFO,
    ),
    _code("type_heure", "La nature des heures"),
    _code("situation_sortie", "La situation à la sortie"),
    _code("jalon", "Le moment de l'observation"),
    _code("secteur", "Le secteur d'activité"),
    illisible(
        "metier_sans_code_rome",
        "metier",
        "Le métier ne commence pas par un code ROME ; il est vidé.",
        "Écrire le code ROME (une lettre de A à N et quatre chiffres).",
        INFO,
    ),
    _code("mode_realisation", "Le mode de mise en œuvre"),
    _code("mode_engagement", "Le mode d'engagement"),
    _code("motif_fin", "Le motif de fin de contrat"),
)
