"""Les données essentielles de la commande publique : lecture typée et règles."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING

import pandas as pd

from observatoire.controle.considerations import CONTRADICTION, HORS_LISTE, lire_considerations
from observatoire.controle.ecritures import comparable
from observatoire.controle.lieux import departements_de_la_region, genre_de_lieu, lire_departement, situer
from observatoire.controle.montants import ABERRANT, SUSPECT, juger
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
from observatoire.controle.resolution import resoudre
from observatoire.controle.typage import (
    colonnes_de_texte,
    lire_dates,
    lire_entiers,
    lire_nombres,
    lire_siret,
    lire_sirets,
    par_valeur,
)

if TYPE_CHECKING:
    from observatoire.config import Config, Source

# Le portail écrit ceci à la place d'une valeur : non communiquée, manquante, illisible.
_BOUCHE_TROU = re.compile(r"NC|MQ|CDL|MQ NC|INX( .*)?")
_PREMIER_JOUR = dt.date(2015, 1, 1)
_DUREE_MAXIMUM = 1200
_OBJET_FICTIF = re.compile(r"le marche? (?:noir|du si ?e?cle)")
_MONTANT_FICTIF = 123456.78
_ACHETEUR_FICTIF = "essentiel"


def lire(table: pd.DataFrame, _source: Source, _config: Config) -> Lecture:
    """Rend les contrats publiés, typés ; les valeurs de remplissage (NC, MQ…) y sont absentes."""
    recue = table.assign(**{nom: _sans_bouche_trou(table[nom]) for nom in colonnes_de_texte(table)})
    montant = lire_nombres(recue["montant"])
    faits = lire_considerations(table["considerations"], recue["format"])
    departement, commune = situer(recue["lieu_code"], recue["lieu_type"])
    acheteur = par_valeur(recue["acheteur_departement"], lire_departement)
    cpv = par_valeur(recue["cpv"], lire_cpv)
    publie, _ = resoudre("types_marche", recue["type_marche"])
    titulaires = par_valeur(recue["titulaires"], lire_titulaires)
    limite = pd.to_datetime(recue["millesime"], format="%Y-%m-%d") + pd.DateOffset(years=1)
    lue = recue.assign(
        acheteur_id=lire_sirets(recue["acheteur_id"]),
        titulaires=titulaires,
        cpv=cpv,
        type_marche=par_valeur(cpv, type_de_cpv).fillna(publie),
        departement=departement.fillna(acheteur),
        commune=commune,
        date_notification=_date_plausible(recue["date_notification"], limite),
        date_publication=_date_plausible(recue["date_publication"], limite),
        duree_mois=lire_entiers(recue["duree_mois"], 1, _DUREE_MAXIMUM),
        montant_eur=montant,
        montant_statut=juger(montant),
        **faits[["clause_sociale", "critere_social", "marche_reserve"]],
    )
    faux = par_valeur(titulaires, _a_un_siret_faux, "boolean")
    lue = lue.drop(columns=["acheteur_nom", "acheteur_departement", "montant", "considerations"])
    reperes = {
        "marque_considerations": faits["marque"],
        "titulaire_faux": faux,
        "departement_lieu": departement,
        "lieu_type": par_valeur(recue["lieu_type"], genre_de_lieu),
    }
    return Lecture(recue, lue, reperes)


def _sans_bouche_trou(textes: pd.Series) -> pd.Series:
    return textes.mask(textes.str.fullmatch(_BOUCHE_TROU.pattern).fillna(False))


def _date_plausible(textes: pd.Series, limite: pd.Series) -> pd.Series:
    """Rend la date des dix premiers caractères, entre 2015 et un an après la livraison ; vide sinon."""
    dates = lire_dates(textes.str.slice(0, 10), debut=_PREMIER_JOUR)
    return dates.where(dates <= limite)


def lire_cpv(texte: str) -> str | None:
    """Rend un code CPV sur huit chiffres, sans sa clé de contrôle.

    Sept chiffres commençant par 3 ou 9 sont les divisions 03 et 09 dont le zéro s'est perdu
    (3451000, plantes ; 9310000, électricité) ; un code court n'est pas complété autrement.

    >>> lire_cpv("45210000-2"), lire_cpv("9310000"), lire_cpv("4521")
    ('45210000', '09310000', None)
    """
    trouve = re.fullmatch(r"(\d{8}|[39]\d{6})(?:-\d)?", texte, re.ASCII)
    return trouve[1].zfill(8) if trouve else None


def type_de_cpv(cpv: str) -> str | None:
    """Rend le type de marché d'une division CPV ; rien si elle n'existe pas.

    >>> [type_de_cpv(code) for code in ("45210000", "71000000", "09310000", "90910000", "49000000")]
    ['T', 'PI', 'F', 'S', None]
    """
    division = int(cpv[:2])
    if division == 45:
        return "T"
    if division in (71, 72, 73, 79):
        return "PI"
    if 3 <= division <= 44 or division == 48:
        return "F"
    return "S" if 50 <= division <= 98 else None


def lire_titulaires(texte: str) -> str | None:
    """Rend la liste des titulaires telle que reçue si c'est bien une liste d'objets non vide."""
    try:
        lue = json.loads(texte)
    except (ValueError, RecursionError):
        return None
    juste = isinstance(lue, list) and lue and all(isinstance(titulaire, dict) for titulaire in lue)
    return texte if juste else None


def _a_un_siret_faux(texte: str) -> bool:
    for titulaire in json.loads(texte):
        declare = comparable(str(titulaire.get("type_identifiant") or "SIRET"))
        if declare == "siret" and lire_siret(str(titulaire.get("id") or "")) is None:
            return True
    return False


@regle(BLOQUANT, "acheteur_id", "Renseigner le SIRET de l'acheteur et le numéro du marché.")
def marche_non_identifie(lecture: Lecture) -> pd.Series:
    """Ni numéro de marché, ni SIRET d'acheteur valide, ni identifiant unique."""
    identite = lecture.lue[["id_source", "acheteur_id", "uid"]]
    return identite.isna().all(axis="columns")


@regle(BLOQUANT, "objet", "Ne pas publier les marchés d'essai.")
def fictif(lecture: Lecture) -> pd.Series:
    """Marché d'essai : acheteur « Essentiel », objet « Le marché noir », montant 123 456,78."""
    recue = lecture.recue
    acheteur = par_valeur(recue["acheteur_nom"], lambda nom: comparable(nom) == _ACHETEUR_FICTIF, "boolean")
    objet = par_valeur(recue["objet"], lambda o: bool(_OBJET_FICTIF.fullmatch(comparable(o))), "boolean")
    montant = lecture.lue["montant_eur"] == _MONTANT_FICTIF
    return acheteur.fillna(False) | objet.fillna(False) | montant.fillna(False)


@regle(AVERTISSEMENT, "acheteur_id", "Publier le SIRET de l'acheteur : 14 chiffres, clé de Luhn juste.")
def acheteur_invalide(lecture: Lecture) -> pd.Series:
    """Le SIRET de l'acheteur est absent ou faux ; la ligne est gardée sans acheteur."""
    return lecture.lue["acheteur_id"].isna()


@regle(AVERTISSEMENT, "montant", "Vérifier le montant : euros hors taxes, total du marché.")
def montant_aberrant(lecture: Lecture) -> pd.Series:
    """Montant impossible : moins d'un euro, plus de trois milliards, saisie factice."""
    return lecture.lue["montant_statut"] == ABERRANT


@regle(AVERTISSEMENT, "montant", "Vérifier le montant : euros hors taxes, total du marché.")
def montant_suspect(lecture: Lecture) -> pd.Series:
    """Montant possible mais rare : moins de 200 euros, ou 100 millions et plus."""
    return lecture.lue["montant_statut"] == SUSPECT


@regle(AVERTISSEMENT, "montant", "Écrire le montant en chiffres.")
def montant_illisible(lecture: Lecture) -> pd.Series:
    """Le montant publié n'est pas un nombre."""
    return lecture.recue["montant"].notna() & lecture.lue["montant_eur"].isna()


@regle(AVERTISSEMENT, "lieu_code", "Publier un code de lieu du type annoncé (commune, postal, département).")
def lieu_inconnu(lecture: Lecture) -> pd.Series:
    """Le lieu d'exécution est publié mais ne désigne ni département, ni région, ni pays."""
    vaste = lecture.reperes["lieu_type"].isin(["region", "pays"])
    return lecture.recue["lieu_code"].notna() & lecture.reperes["departement_lieu"].isna() & ~vaste


@regle(AVERTISSEMENT, "lieu_code", "Publier le code INSEE d'une commune, ou annoncer un code postal.")
def commune_inconnue(lecture: Lecture) -> pd.Series:
    """Le code de commune n'existe pas dans la région ; seul le département est gardé."""
    en_region = lecture.reperes["departement_lieu"].isin(departements_de_la_region())
    annoncee = lecture.reperes["lieu_type"] == "commune"
    return annoncee & en_region & lecture.lue["commune"].isna()


@regle(AVERTISSEMENT, "duree_mois", "Publier la durée en mois, et non en jours.")
def duree_suspecte(lecture: Lecture) -> pd.Series:
    """Durée d'un nombre de jours (360, 365, 366), ou de plus de 180 mois."""
    duree = lecture.lue["duree_mois"]
    return duree.isin([360, 365, 366]) | (duree > 180)


@regle(AVERTISSEMENT, "titulaires", "Publier le SIRET du titulaire, ou le type réel de son identifiant.")
def titulaire_invalide(lecture: Lecture) -> pd.Series:
    """Un titulaire annoncé par son SIRET en a un faux ; il ne sera rapproché d'aucune structure."""
    return lecture.reperes["titulaire_faux"]


REGLES: tuple[Regle, ...] = (
    marche_non_identifie,
    fictif,
    absente("id_absent", "id_source", "Le numéro du marché manque.", "Publier le numéro du marché."),
    acheteur_invalide,
    illisible(
        "date_impossible_notification",
        "date_notification",
        "Date de notification illisible, antérieure à 2015 ou à plus d'un an de la livraison ; vidée.",
        "Écrire une date réelle, AAAA-MM-JJ.",
    ),
    absente(
        "notification_absente",
        "date_notification",
        "La date de notification manque ; la date de publication ne la remplace pas.",
        "Publier la date de notification.",
    ),
    illisible(
        "date_impossible_publication",
        "date_publication",
        "Date de publication illisible, antérieure à 2015 ou à plus d'un an de la livraison ; vidée.",
        "Écrire une date réelle, AAAA-MM-JJ.",
    ),
    absente("montant_absent", "montant", "Le montant manque.", "Publier le montant."),
    montant_illisible,
    montant_aberrant,
    montant_suspect,
    marquee(
        "consideration_contradictoire",
        "considerations",
        CONTRADICTION,
        "« Pas de considération sociale » accompagne une autre valeur ; rien n'est retenu.",
        "Choisir entre « Pas de considération sociale » et les considérations réelles.",
    ),
    marquee(
        "valeur_hors_liste",
        "considerations",
        HORS_LISTE,
        "Une considération sociale n'est pas dans la liste réglementaire.",
        "Employer les valeurs de l'arrêté du 22 décembre 2022.",
    ),
    illisible(
        "cpv_invalide",
        "cpv",
        "Le code CPV n'a pas huit chiffres ; vidé.",
        "Publier les huit chiffres du CPV.",
    ),
    lieu_inconnu,
    commune_inconnue,
    illisible(
        "duree_illisible",
        "duree_mois",
        "La durée n'est pas un nombre de mois ; vidée.",
        "Publier la durée en mois.",
    ),
    duree_suspecte,
    absente("titulaire_absent", "titulaires", "Le titulaire manque.", "Publier le titulaire."),
    illisible(
        "titulaires_illisibles",
        "titulaires",
        "La liste des titulaires n'est pas lisible ; vidée.",
        "Publier une liste d'objets id et typeIdentifiant.",
    ),
    titulaire_invalide,
)
