"""Les règles des données essentielles.

Une information décrit, une alerte demande un regard à la source ou à l'équipe, un bloquant écarte.
"""

from __future__ import annotations

import re

import pandas as pd

from observatoire.controle.articles import INCONNU
from observatoire.controle.considerations import CONTRADICTION, HORS_LISTE
from observatoire.controle.encodage import PERDU
from observatoire.controle.lieux import departements_de_la_region
from observatoire.controle.listes_decp import BOOLEENS, LISTES, MULTIPLES
from observatoire.controle.montants import ABERRANT, OK, SUSPECT
from observatoire.controle.regles import (
    ALERTE,
    BLOQUANT,
    INFO,
    Lecture,
    Regle,
    absente,
    illisible,
    marquee,
    regle,
)
from observatoire.controle.regles_objets_decp import REGLES_DES_OBJETS
from observatoire.controle.typage import par_valeur
from observatoire.referentiel.ecritures import comparable

_OBJET_FICTIF = re.compile(r"le marche? (?:noir|du si ?e?cle)")
_LONGUEUR_FICTIVE = 30
_MONTANT_FICTIF = 123456.78
_ACHETEUR_FICTIF = "essentiel"
_NUMERO = r"[A-Za-z0-9/\-_ .#]{1,16}"
_EN_JOURS = (360, 365, 366)
_DUREE_LONGUE = 180
_CONTENU = ("id_source", "acheteur_id", "uid", "objet", "cpv", "montant", "date_notification", "titulaires")
_ARRETE = "l'arrêté du 22 décembre 2022"


@regle(BLOQUANT, "objet", "Publier le contrat entier, ou retirer la ligne.")
def structure(lecture: Lecture) -> pd.Series:
    """Le contrat est vide : ni numéro, ni acheteur, ni objet, ni montant, ni date, ni titulaire."""
    return lecture.recue[list(_CONTENU)].isna().all(axis="columns")


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
    courts = recue["objet"].mask((recue["objet"].str.len() > _LONGUEUR_FICTIVE).fillna(False))
    objet = par_valeur(courts, lambda o: bool(_OBJET_FICTIF.fullmatch(comparable(o))), "boolean")
    montant = lecture.lue["montant_eur"] == _MONTANT_FICTIF
    return acheteur.fillna(False) | objet.fillna(False) | montant.fillna(False)


@regle(ALERTE, "acheteur_id", "Publier le SIRET de l'acheteur : 14 chiffres, clé de Luhn juste.")
def acheteur_invalide(lecture: Lecture) -> pd.Series:
    """Le SIRET de l'acheteur est absent ou faux ; la ligne est gardée sans acheteur."""
    return lecture.lue["acheteur_id"].isna()


@regle(INFO, "id_source", "Écrire le numéro en 16 caractères au plus : lettres, chiffres, - _ / . #.")
def numero_hors_motif(lecture: Lecture) -> pd.Series:
    """Le numéro du marché n'a pas la forme admise par le ministère."""
    return ~lecture.recue["id_source"].str.fullmatch(_NUMERO).fillna(True)


@regle(ALERTE, "acheteur_id", "Vérifier le titulaire : un acheteur ne s'attribue pas un marché.")
def acheteur_titulaire(lecture: Lecture) -> pd.Series:
    """L'acheteur est aussi titulaire de son marché."""
    couples = zip(lecture.lue["acheteur_id"], lecture.lue["titulaires"], strict=True)
    meme = [not pd.isna(a) and not pd.isna(t) and f'"siret":"{a}"' in t for a, t in couples]
    return pd.Series(meme, index=lecture.lue.index, dtype="boolean")


@regle(ALERTE, "montant", "Vérifier le montant : euros hors taxes, total du marché.")
def montant_aberrant(lecture: Lecture) -> pd.Series:
    """Montant impossible : moins d'un euro, plus de trois milliards, saisie factice."""
    return lecture.lue["montant_statut"] == ABERRANT


@regle(ALERTE, "montant", "Vérifier le montant : euros hors taxes, total du marché.")
def montant_suspect(lecture: Lecture) -> pd.Series:
    """Montant possible mais rare : moins de 200 euros, ou 100 millions et plus."""
    return lecture.lue["montant_statut"] == SUSPECT


@regle(ALERTE, "montant", "Écrire le montant en chiffres.")
def montant_illisible(lecture: Lecture) -> pd.Series:
    """Le montant publié n'est pas un nombre."""
    return lecture.recue["montant"].notna() & lecture.lue["montant_eur"].isna()


@regle(ALERTE, "montant_subvention", "Écrire la subvention en euros hors taxes, zéro compris.")
def subvention_invalide(lecture: Lecture) -> pd.Series:
    """La subvention d'une concession n'est pas un montant positif ou nul ; vidée."""
    return lecture.recue["montant_subvention"].notna() & lecture.lue["montant_subvention_eur"].isna()


@regle(INFO, "montant", "Rien à faire : la publication est facultative sous le seuil.")
def sous_le_seuil_de_publication(lecture: Lecture) -> pd.Series:
    """Marché sous le seuil de publication : 25 000 € HT, 40 000 € pour une notification depuis 2020."""
    lue = lecture.lue
    sous_le_seuil = lue["montant_eur"] < lecture.reperes["seuil_publication"]
    return _est_un_marche(lecture) & (lue["montant_statut"] == OK) & sous_le_seuil.fillna(False)


@regle(INFO, "date_publication", "Publier dans les deux mois qui suivent la notification.")
def publication_tardive(lecture: Lecture) -> pd.Series:
    """Les données sont publiées plus de deux mois après la notification."""
    return lecture.lue["date_publication"] > lecture.lue["date_notification"] + pd.DateOffset(months=2)


@regle(INFO, "date_publication", "Vérifier les deux dates : un marché se publie une fois notifié.")
def publication_anticipee(lecture: Lecture) -> pd.Series:
    """Les données sont publiées avant la notification."""
    return lecture.lue["date_publication"] < lecture.lue["date_notification"]


@regle(ALERTE, "lieu_code", "Publier un code de lieu du type annoncé (commune, postal, département).")
def lieu_inconnu(lecture: Lecture) -> pd.Series:
    """Le lieu d'exécution est publié mais ne désigne ni département, ni région, ni pays."""
    vaste = lecture.reperes["lieu_type"].isin(["region", "pays"])
    return lecture.recue["lieu_code"].notna() & lecture.reperes["departement_lieu"].isna() & ~vaste


@regle(ALERTE, "lieu_code", "Publier le code INSEE d'une commune, ou annoncer un code postal.")
def commune_inconnue(lecture: Lecture) -> pd.Series:
    """Le code de commune n'existe pas dans la région ; seul le département est gardé."""
    en_region = lecture.reperes["departement_lieu"].isin(departements_de_la_region())
    annoncee = lecture.reperes["lieu_type"] == "commune"
    return annoncee & en_region & lecture.lue["commune"].isna()


@regle(ALERTE, "duree_mois", "Publier la durée en mois, et non en jours.")
def duree_suspecte(lecture: Lecture) -> pd.Series:
    """Durée d'un nombre de jours (360, 365, 366), ou de plus de 180 mois pour un marché."""
    duree = lecture.lue["duree_mois"]
    longue = (duree > _DUREE_LONGUE).fillna(False) & _est_un_marche(lecture)
    return duree.isin(_EN_JOURS) | longue


@regle(ALERTE, "origine_france", "Vérifier les parts : la part française est comprise dans l'européenne.")
def origine_incoherente(lecture: Lecture) -> pd.Series:
    """La part des produits français dépasse celle des produits de l'Union européenne."""
    return lecture.lue["origine_france_pct"] > lecture.lue["origine_ue_pct"]


@regle(INFO, "objet", "Publier l'objet en UTF-8.")
def encodage_repare(lecture: Lecture) -> pd.Series:
    """L'objet était mal encodé d'une façon reconnue ; il est rétabli."""
    return lecture.recue["objet"] != lecture.lue["objet"]


@regle(INFO, "objet", "Publier l'objet en UTF-8 : des lettres sont perdues.")
def encodage_perdu(lecture: Lecture) -> pd.Series:
    """Des lettres de l'objet ont été perdues avant la publication ; elles ne sont pas devinées."""
    return lecture.recue["objet"].str.contains(PERDU, regex=False)


def _est_un_marche(lecture: Lecture) -> pd.Series:
    return (lecture.lue["genre"] == "marche").fillna(False)


def _future(colonne: str, quoi: str) -> Regle:
    def masque(lecture: Lecture) -> pd.Series:
        return lecture.reperes[f"future_{colonne}"]

    description = f"La {quoi} est postérieure à la livraison ; vidée."
    nom = f"date_future_{colonne.removeprefix('date_')}"
    return Regle(nom, ALERTE, colonne, f"Corriger la {quoi}.", description, masque)


def _impossible(colonne: str, quoi: str) -> Regle:
    def masque(lecture: Lecture) -> pd.Series:
        vide = lecture.recue[colonne].notna() & lecture.lue[colonne].isna()
        return vide & ~lecture.reperes[f"future_{colonne}"]

    description = f"Le texte de la {quoi} n'est pas une date, ou elle est antérieure à 2015 ; vidée."
    nom = f"date_impossible_{colonne.removeprefix('date_')}"
    return Regle(nom, ALERTE, colonne, "Écrire une date réelle, AAAA-MM-JJ.", description, masque)


def _reparee(colonne: str, quoi: str) -> Regle:
    def masque(lecture: Lecture) -> pd.Series:
        return lecture.reperes[f"reparee_{colonne}"]

    description = f"La {quoi} est lue après réparation d'une faute connue (0218 pour 2018, mois en anglais)."
    nom = f"date_reparee_{colonne.removeprefix('date_')}"
    return Regle(nom, INFO, colonne, "Écrire la date en AAAA-MM-JJ.", description, masque)


def _hors_liste(colonne: str) -> Regle:
    return marquee(
        f"valeur_hors_liste_{colonne}",
        colonne,
        INCONNU,
        f"La valeur de « {colonne} » n'est pas dans la liste réglementaire ; elle vaut « non renseigné ».",
        f"Employer les valeurs de {_ARRETE}.",
    )


def _booleen(colonne: str) -> Regle:
    return illisible(
        f"valeur_hors_liste_{colonne}",
        colonne,
        f"La valeur de « {colonne} » n'est ni oui ni non ; vidée.",
        "Écrire oui ou non, true ou false.",
    )


def _consideration(colonne: str, quoi: str) -> tuple[Regle, Regle]:
    suite = "" if colonne == "considerations" else "_environnementale"
    return (
        marquee(
            f"consideration{suite}_contradictoire",
            colonne,
            CONTRADICTION,
            f"« Pas de considération {quoi} » accompagne une autre valeur ; rien n'est retenu.",
            f"Choisir entre « Pas de considération {quoi} » et les considérations réelles.",
        ),
        marquee(
            f"valeur_hors_liste_{colonne}",
            colonne,
            HORS_LISTE,
            f"Une considération {quoi} n'est pas dans la liste réglementaire.",
            f"Employer les valeurs de {_ARRETE}.",
        ),
    )


def _part(colonne: str, lue: str, quoi: str) -> Regle:
    def masque(lecture: Lecture) -> pd.Series:
        inconnue = lecture.reperes["taux_inconnu"] & (colonne == "taux_avance")
        return lecture.recue[colonne].notna() & lecture.lue[lue].isna() & ~inconnue

    description = f"{quoi} n'est pas un nombre entre 0 et 1 ; vidé."
    return Regle(
        f"{colonne}_hors_bornes", ALERTE, colonne, "Publier une part entre 0 et 1.", description, masque
    )


_DATES = {
    "date_notification": "date de notification",
    "date_publication": "date de publication",
    "date_debut_execution": "date de début d'exécution",
}

REGLES: tuple[Regle, ...] = (
    structure,
    marche_non_identifie,
    fictif,
    absente("id_absent", "id_source", "Le numéro du marché manque.", "Publier le numéro du marché."),
    numero_hors_motif,
    acheteur_invalide,
    acheteur_titulaire,
    *(_hors_liste(colonne) for colonne in (*LISTES, *MULTIPLES, "forme_prix", "types_prix")),
    *(_booleen(colonne) for colonne in BOOLEENS),
    *(_impossible(colonne, quoi) for colonne, quoi in _DATES.items()),
    _future("date_notification", _DATES["date_notification"]),
    _future("date_publication", _DATES["date_publication"]),
    *(_reparee(colonne, quoi) for colonne, quoi in _DATES.items()),
    absente(
        "notification_absente",
        "date_notification",
        "La date de notification manque ; la date de publication ne la remplace pas.",
        "Publier la date de notification.",
    ),
    publication_tardive,
    publication_anticipee,
    absente("montant_absent", "montant", "Le montant manque.", "Publier le montant."),
    montant_illisible,
    montant_aberrant,
    montant_suspect,
    sous_le_seuil_de_publication,
    subvention_invalide,
    *_consideration("considerations", "sociale"),
    *_consideration("considerations_environnementales", "environnementale"),
    absente("cpv_absent", "cpv", "Le code CPV manque.", "Publier les huit chiffres du CPV."),
    illisible(
        "cpv_invalide",
        "cpv",
        "Le code CPV n'a pas huit chiffres, ou n'a que des zéros ; vidé.",
        "Publier les huit chiffres du CPV.",
    ),
    lieu_inconnu,
    commune_inconnue,
    illisible(
        "duree_illisible",
        "duree_mois",
        "La durée n'est pas un nombre entier de mois, de 1 à 1 200 ; vidée.",
        "Publier la durée en mois.",
    ),
    duree_suspecte,
    illisible(
        "offres_recues_illisibles",
        "offres_recues",
        "Le nombre d'offres reçues n'est pas un entier d'au moins 1 ; vidé.",
        "Publier le nombre d'offres reçues.",
    ),
    _part("taux_avance", "taux_avance_pct", "Le taux de l'avance"),
    _part("origine_ue", "origine_ue_pct", "La part des produits de l'Union européenne"),
    _part("origine_france", "origine_france_pct", "La part des produits français"),
    origine_incoherente,
    encodage_repare,
    encodage_perdu,
    *REGLES_DES_OBJETS,
)
