"""Comment chaque logiciel écrit nos codes : des écritures et leur poids, anciennes et nouvelles mêlées."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    Ecritures = Mapping[str, Mapping[str, float]]

LOGICIELS = ("suivi_a", "suivi_b")

# Régimes, par date d'engagement de la consultation : Code des marchés publics, ordonnance 2015-899, CCP.
REGIMES = ("CMP2006", "ORD2015", "CCP")
DEBUTS_REGIMES = ("2016-04-01", "2019-04-01")

MODALITES: dict[str, Mapping[str, Mapping[str, float]]] = {
    "CE": {
        "CMP2006": {"Article 14": 7, "art.14": 3},
        "ORD2015": {"Art. 38": 7, "Article 14": 3},
        "CCP": {"L2112-2": 62, "L. 2112-2": 18, "Article 14": 12, "art.14": 4, "Art. 38": 4},
    },
    "CE_CA": {
        "CMP2006": {"14+53": 1},
        "ORD2015": {"14 et 53": 1},
        "CCP": {"L2112-2 + R2152-7": 70, "14+53": 20, "14 et 53": 10},
    },
    "CA": {
        "CMP2006": {"Article 53": 1},
        "ORD2015": {"Article 53": 1},
        "CCP": {"L2152-7": 70, "Article 53": 30},
    },
    "PRIVE": {regime: {"Clause volontaire (privé)": 1} for regime in REGIMES},
    "NR": {regime: {"": 1} for regime in REGIMES},
    "SI": {
        "CMP2006": {"Article 30": 1},
        "ORD2015": {"R2123-1 3°": 1},
        "CCP": {"R2123-1 3°": 95, "Article 30": 5},
    },
    "MR_SIAE": {
        "CMP2006": {"Article 30": 1},
        "ORD2015": {"art. 36-II": 1},
        "CCP": {"L2113-13": 90, "art. 36-II": 10},
    },
    "MR_HAND": {
        "CMP2006": {"Article 15": 1},
        "ORD2015": {"art. 36-I": 1},
        "CCP": {"L2113-12": 85, "Article 15": 10, "art. 36-I": 5},
    },
}
MODALITES_HERITEES = (
    "Article 14", "art.14", "Art. 38", "14+53", "14 et 53", "Article 53", "Article 30", "Article 15",
    "art. 36-II", "art. 36-I",
)  # fmt: skip

TYPES_MARCHE: dict[str, Ecritures] = {
    "suivi_a": {
        "T": {"Travaux": 96, "TRAVAUX": 4},
        "S": {"Services": 97, "services ": 3},
        "PI": {"Prestations intellectuelles": 1},
        "F": {"Fournitures": 1},
    },
    "suivi_b": {
        "T": {"travaux": 1},
        "S": {"services": 1},
        "PI": {"prestations intellectuelles": 1},
        "F": {"fournitures": 1},
    },
}
_TYPES_CONTRAT: Ecritures = {
    "CTTI": {"CTT insertion": 85, "CTTI": 15},
    "CTT": {"CTT": 70, "Intérim": 30},
    "CDI": {"CDI": 1},
    "CDI_CHANTIER": {"CDI de chantier": 1},
    "CDD": {"CDD": 97, "cdd": 3},
    "CDDI": {"CDDI": 1},
    "CPRO": {"Contrat de professionnalisation": 1},
    "APP": {"Apprentissage": 1},
    "PEC_CUI": {"Contrat aidé": 1},
    "STAGE": {"Stage": 1},
}
TYPES_CONTRAT: dict[str, Ecritures] = {
    "suivi_a": _TYPES_CONTRAT,
    "suivi_b": {**_TYPES_CONTRAT, "CTTI": {"CTTI": 1}, "CTT": {"Intérim": 1}, "APP": {"apprentissage ": 1}},
}
TYPES_EMPLOYEUR: Ecritures = {
    "EC": {"Entreprise": 1}, "ETT": {"ETT": 1}, "ETTI": {"ETTI": 1}, "EI": {"EI": 1}, "ACI": {"ACI": 1},
    "AI": {"AI": 1}, "RQ": {"Régie de quartier": 1}, "GEIQ": {"GEIQ": 1}, "EA": {"EA": 1},
    "ESAT": {"ESAT": 1},
}  # fmt: skip
MODES_REALISATION = {
    "EC": "Embauche directe", "ETT": "Mise à disposition", "ETTI": "Mise à disposition",
    "AI": "Mise à disposition", "GEIQ": "Mise à disposition", "EI": "Sous-traitance",
    "ACI": "Sous-traitance", "RQ": "Sous-traitance", "EA": "Sous-traitance", "ESAT": "Sous-traitance",
}  # fmt: skip
SECTEURS = {
    "BAT": "Bâtiment", "TP": "Travaux publics", "EV": "Espaces verts", "NET": "Nettoyage-propreté",
    "DECHET_EAU": "Eaux et déchets", "SECU": "Sécurité-gardiennage", "TRANSP": "Transport-logistique",
    "ADM": "Tertiaire-accueil", "SOCIAL": "Action sociale", "REST": "Restauration",
    "PI": "Prestations intellectuelles", "FOURN": "Industrie",
}  # fmt: skip
JALON = "6 mois"
QPV = {"suivi_a": ("Non", "Oui"), "suivi_b": ("non", "oui")}
NIVEAUX: dict[str, Ecritures] = {
    "suivi_a": {
        "INF3": {"Niveau VI": 25, "Niveau V bis": 15, "Infra 3": 35, "Sans diplôme": 25},
        "N3": {"Niveau V": 35, "Niveau 3": 35, "CAP-BEP": 30},
        "N4": {"Niveau IV": 35, "Niveau 4": 40, "Bac": 25},
        "N5": {"Niveau III": 35, "Niveau 5": 35, "Bac+2": 30},
        "N6": {"Niveau II": 40, "Niveau 6": 60},
        "N7_8": {"Niveau I": 40, "Niveau 7": 50, "Niveau 8": 10},
        "ETR": {"Diplôme étranger": 1},
    },
    "suivi_b": {
        "INF3": {"Infra 3": 70, "Sans diplôme": 25, "Niveau VI": 5},
        "N3": {"Niveau 3": 90, "Niveau V": 10},
        "N4": {"Niveau 4": 95, "Niveau IV": 5},
        "N5": {"Niveau 5": 80, "5": 20},
        "N6": {"Niveau 6": 1},
        "N7_8": {"Niveau 7": 90, "Niveau 8": 10},
        "ETR": {"Diplôme étranger": 1},
    },
}
NIVEAUX_ANCIENS = (
    "Niveau VI", "Niveau V bis", "Niveau V", "Niveau IV", "Niveau III", "Niveau II", "Niveau I",
)  # fmt: skip
_PUBLICS = {
    "DETLD": "DETLD", "DELD": "DELD", "BRSA": "RSA", "ASS": "ASS", "AAH": "AAH", "RQTH": "TH",
    "JEUNE_SQ": "Jeune -26 sans qualification", "SENIOR": "50 ans et +", "QPV": "QPV", "IAE": "IAE",
    "PLIE": "PLIE", "REFUGIE": "Réfugié", "PPSMJ": "Sous main de justice", "PARENT_ISOLE": "Parent isolé",
    "ASE": "ASE", "FLE": "FLE",
}  # fmt: skip
PUBLICS = {
    "suivi_a": _PUBLICS,
    "suivi_b": {code: texte.lower() if " " in texte else texte for code, texte in _PUBLICS.items()}
    | {"RQTH": "RQTH"},
}
POLE_EMPLOI = "Pôle emploi"
FRANCE_TRAVAIL_DEPUIS = "2024-01-01"  # loi 2023-1196 pour le plein emploi ; « Pôle emploi » avant
PRESCRIPTEURS: Ecritures = {
    "FT": {"France Travail": 85, "Pôle emploi": 15},
    "ML": {"Mission locale": 1},
    "SIAE": {"SIAE": 1},
    "PLIE": {"PLIE": 1},
    "DEPT": {"Département": 1},
    "CAPE": {"Cap emploi": 1},
    "CCAS": {"CCAS": 1},
    "MDE": {"Maison de l'emploi": 1},
    "SPONT": {"Candidature spontanée": 1},
    "ENTREPRISE": {"Entreprise": 1},
    "AUTRE": {"Autre": 1},
    "NR": {"": 1},
}
HORS_GRAND_PROJET = ("Non", "")
STATUTS = ("Prévue", "Notifiée", "Suspendue", "Abandonnée", "Soldée")
STATUT_COURANT = "En cours"
