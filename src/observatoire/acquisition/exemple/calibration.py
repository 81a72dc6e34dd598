"""Les cibles de la région fictive : des nombres et leur origine, aucun calcul.

Origines citées : AVE 2021 (consolidation nationale), OGPF 2021 (Observatoire des grands projets
franciliens), Hérault 2020 (observatoire départemental), SOLIDEO 2023, « hypothèse » quand aucun
chiffre public n'existe.
"""

from __future__ import annotations

from dataclasses import dataclass

# ── Volumes d'une année, à l'échelle 1 ─────────────────────────────────────────────────────────
HEURES_PAR_AN = 6_300_000  # OGPF 2021 ; 12 364 personnes et environ 16 000 contrats la même année
PERTES = 0.02  # heures tirées qui ne paraîtront pas : durées bornées, remontées tardives, lignes écartées
ANNEE_DE_REFERENCE = 2025
CROISSANCE_ANNUELLE = 0.02  # hypothèse
MARCHES_PAR_AN = 3_000  # hypothèse : marchés portant une clause, notifiés dans l'année
CONTRATS_DECP_PAR_AN = 7_000  # hypothèse
CONCESSIONS_PAR_AN = 70  # hypothèse, 1 % des contrats
PART_LOGICIEL_B = 0.08  # le premier logiciel équipe plus de 90 % des structures (OGPF 2022)
STRUCTURES_PORTEUSES = 73  # AVE 2022

# ── Où et quand ────────────────────────────────────────────────────────────────────────────────
DEPARTEMENTS = {  # part des heures, lieu d'exécution : hypothèse
    "75": 22, "77": 5, "78": 6, "91": 7, "92": 15, "93": 25, "94": 15, "95": 5,
}  # fmt: skip
ACTIVITE = {"T3": 0.06, "T2": 0.5}  # territoires volontairement peu actifs, pour éprouver le secret
SAISON = {8: 0.65, 12: 0.80}  # mois creux : hypothèse ; 1 ailleurs
CONNUES = ((0.0, 1), (0.60, 30), (0.85, 90), (0.97, 180), (1.0, 320))  # part connue, jours après le mois
JOURS_AVANT_EXTRACTION = 45

RESIDENCE_MEME_ZONE = 0.28  # T ou intercommunalité du chantier (GPSEA : 27 %)
RESIDENCE_MEME_DEPARTEMENT = 0.42  # ailleurs dans le département du chantier
RESIDENCE_HORS_REGION = 0.025
RESIDENCE_NR = 0.012
VOISINS = {  # d'où viennent les autres, selon le département du chantier : hypothèse
    "75": {"93": 45, "94": 20, "92": 15, "95": 10, "91": 6, "77": 4},
    "77": {"93": 30, "94": 25, "91": 25, "75": 15, "95": 5},
    "78": {"92": 30, "95": 30, "91": 20, "75": 15, "93": 5},
    "91": {"94": 40, "77": 20, "75": 20, "92": 10, "78": 10},
    "92": {"75": 25, "93": 25, "95": 20, "94": 12, "78": 12, "91": 6},
    "93": {"75": 35, "95": 25, "94": 20, "77": 14, "92": 6},
    "94": {"93": 30, "75": 25, "91": 22, "77": 15, "92": 8},
    "95": {"93": 45, "92": 20, "75": 15, "78": 20},
}
HORS_REGION = ("60057", "60159", "28085", "27229", "45208", "51454", "89387", "02722", "80021", "28134")
QPV_PAR_DEPARTEMENT = {  # part des habitants de quartiers prioritaires parmi les bénéficiaires
    "75": 0.12, "77": 0.13, "78": 0.17, "91": 0.17, "92": 0.13, "93": 0.28, "94": 0.15, "95": 0.21,
}  # fmt: skip


# ── Marchés ────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Secteur:
    """Un secteur : sa part des heures (%), sa part de femmes, ses codes CPV et ses objets types."""

    code: str
    type_marche: str
    heures: float
    femmes: float
    cpv: tuple[str, ...]
    objets: tuple[str, ...]


# Travaux 68, Services 29, PI 2, Fournitures 1 ; femmes 15,1 % : OGPF 2021. Secteurs : Hérault 2020.
SECTEURS = (
    Secteur("BAT", "T", 38, 0.070, ("45210000", "45214200", "45262500"),
            ("Réhabilitation de logements", "Construction d'un groupe scolaire ; gros œuvre")),
    Secteur("TP", "T", 30, 0.066, ("45233140", "45232400", "45221250"),
            ("Travaux de voirie", "Réseaux d'assainissement")),
    Secteur("EV", "S", 6, 0.08, ("77310000", "77340000"), ("Entretien des espaces verts",)),
    Secteur("NET", "S", 7, 0.51, ("90910000", "90919200"),
            ("Nettoyage des locaux", 'Nettoyage, lot "écoles"')),
    Secteur("DECHET_EAU", "S", 6, 0.08, ("90511000", "90470000"), ("Collecte des déchets",)),
    Secteur("SECU", "S", 3, 0.15, ("79710000",), ("Gardiennage des équipements",)),
    Secteur("TRANSP", "S", 2.5, 0.10, ("60130000",), ("Transport et logistique",)),
    Secteur("ADM", "S", 1.5, 0.55, ("79992000",), ("Accueil et tertiaire",)),
    Secteur("SOCIAL", "S", 2, 0.55, ("85312300",), ("Animation et médiation sociale",)),
    Secteur("REST", "S", 1, 0.55, ("55524000",), ("Restauration collective",)),
    Secteur("PI", "PI", 2, 0.30, ("71300000", "72200000", "79311000"), ("Maîtrise d'œuvre et études",)),
    Secteur("FOURN", "F", 1, 0.20, ("39130000", "30192000"), ("Fourniture de mobilier",)),
)  # fmt: skip
FEMMES_TRAVAUX_GRANDS_PROJETS = 0.158  # 16,6 % tous types confondus, OGPF 2021

MODALITES = {  # part des heures (Hérault 2020, déplacé) et population concernée
    "CE": (87.7, "ordinaire"),
    "CE_CA": (5, "ordinaire"),
    "CA": (0.5, "ordinaire"),
    "PRIVE": (0.5, "ordinaire"),
    "NR": (0.3, "ordinaire"),
    "SI": (3, "insertion"),
    "MR_SIAE": (2, "insertion"),
    "MR_HAND": (1, "handicap"),
}
CLASSES = ("ordinaire", "insertion", "handicap")

GRANDS_PROJETS = {2023: 0.29, 2024: 0.29, 2025: 0.27, 2026: 0.26}  # 25 % en 2021, 30 % en 2022
GRANDS_PROJETS_SINON = 0.27
GRANDS_PROJETS_SELON_TYPE = {"T": 1.0, "S": 0.2, "PI": 0.4, "F": 0.0}  # poids relatif : hypothèse
PART_MARCHES_GRANDS_PROJETS = 0.14  # en nombre : hypothèse


@dataclass(frozen=True)
class Programme:
    """Un grand projet : son libellé, son maître d'ouvrage, où il s'exécute, jusqu'à quand on notifie."""

    libelle: str
    maitre_ouvrage: str
    departements: dict[str, float]
    derniere_notification: str = "2099-12-31"
    fin: str = "2099-12-31"


PROGRAMMES = (
    Programme("GPE - ligne 15 Sud", "Métro francilien (fictif)", {"92": 2, "94": 3, "77": 0.3}),
    Programme("GPE - ligne 16", "Métro francilien (fictif)", {"93": 3, "77": 1}),
    Programme("GPE", "Métro francilien (fictif)", {"75": 1, "92": 1, "94": 1, "91": 1, "78": 0.6, "95": 0.5}),
    Programme("EOLE", "Réseau ferré francilien (fictif)", {"75": 1, "92": 1.5, "78": 1.5}),
    Programme(
        "JOP 2024", "Livraison des Jeux (fictif)", {"93": 4, "75": 1, "78": 0.3}, "2024-03-01", "2024-09-30"
    ),
    Programme(
        "NPNRU", "Renouvellement urbain (fictif)", {"93": 1, "94": 1, "95": 1, "91": 1, "78": 1, "77": 1}
    ),
    Programme(
        "Charte Grand Paris", "Aménagement francilien (fictif)", {"75": 1, "92": 1, "93": 1, "94": 1, "95": 1}
    ),
)
OBLIGATION_PCT = (5, 10)  # part d'heures réservée avant et depuis octobre 2020 (charte du Grand Paris)
DEBUT_OBLIGATION_10 = "2020-10-01"

LOTS = {1: 78, 2: 12, 3: 6, 4: 4}
DISPERSION_DES_POIDS = 0.9  # log-normale : quelques gros marchés font une grande part des heures
POIDS_GRAND_PROJET = 2.2
DUREE_MARCHE_MOIS = (15.0, 0.6)  # moyenne et dispersion logarithmique
DUREE_GRAND_PROJET_MOIS = (28.0, 0.5)
MONTANT_MEDIAN = 75_000  # AVE : la plupart des marchés clausés sont sous 100 000 € HT
MONTANT_GRAND_PROJET = 10  # fois le montant des autres : hypothèse
DISPERSION_DES_MONTANTS = 1.2
PROPORTION_ENGAGEE = (0.80, 1.15)  # heures engagées / heures attendues
DEPASSEMENT_MAXIMUM = 2.5  # heures réalisées / heures engagées
ANCIENNETE_DES_MARCHES = 60  # mois de notifications antérieurs à la fenêtre, pour partir d'un stock établi
ANCIENNETE_DES_CONTRATS = 24


# ── Contrats de travail ────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Couple:
    """Un type de contrat chez un type d'employeur : ses parts des heures (%), sa durée, son rythme.

    `insertion` et `handicap` sont les heures des marchés réservés ou d'insertion ; le reste de
    `heures` est aux clauses ordinaires. `suite` : la personne peut enchaîner plusieurs contrats.
    """

    contrat: str
    employeur: str
    heures: float
    mois: float
    heures_par_mois: float
    dispersion: float = 0.8
    insertion: float = 0.0
    handicap: float = 0.0
    suite: bool = True


# Marges de Hérault 2020, avec plus d'intérim. CTTI = ETTI, CDDI = EI + ACI + AI + RQ.
COUPLES = (
    Couple("CTTI", "ETTI", 22, 1.85, 163, insertion=0.4),
    Couple("CTT", "ETT", 14, 1.55, 167),
    Couple("CDI", "EC", 17, 14.0, 163, 0.5, suite=False),
    Couple("CDI_CHANTIER", "EC", 3, 12.0, 166, 0.5, suite=False),
    Couple("CDD", "EC", 12, 3.30, 160),
    Couple("CDDI", "EI", 9, 3.50, 150, insertion=3.0),
    Couple("CDDI", "ACI", 1, 3.60, 122, insertion=0.7),
    Couple("CDDI", "AI", 2, 3.00, 108, insertion=0.3),
    Couple("CDDI", "RQ", 2, 3.60, 134, insertion=0.6),
    Couple("CPRO", "GEIQ", 6, 11.0, 150, 0.4, suite=False),
    Couple("CPRO", "EC", 3.5, 11.0, 150, 0.4, suite=False),
    Couple("APP", "EC", 5.5, 12.5, 146, 0.4, suite=False),
    Couple("CDD", "EA", 1.6, 4.00, 146, handicap=0.8),
    Couple("CDD", "ESAT", 0.4, 4.00, 140, handicap=0.2),
    Couple("PEC_CUI", "EC", 0.7, 5.00, 118),
    Couple("STAGE", "EC", 0.3, 1.50, 140),
)
SANS_FIN = ("CDI", "CDI_CHANTIER")
ALTERNANCE = ("CPRO", "APP")
ALLONGEMENT_GRANDS_PROJETS = 1.15  # 3 mois en moyenne contre 2,5 (OGPF 2021)
DISPERSION_DES_HEURES = 0.07  # d'un contrat à l'autre, puis d'un mois à l'autre
RYTHMES_EXTREMES = (50, 185)
HEURES_MENSUELLES_MAXIMUM = 212  # sous le seuil de contrôle : les dépassements sont plantés à part
DUREES_EXTREMES = (2, 730)  # jours
ENCHAINEMENT = 0.37  # probabilité d'un contrat de plus, à chaque contrat
CONTRATS_MAXIMUM = 6
ENTRE_DEUX_CONTRATS = 22  # jours, en moyenne
CHANGE_DE_MARCHE = 0.4
EMBAUCHE_PAR_LE_TITULAIRE = 0.75
PART_FORMATION = 0.25  # mois passés en formation, en alternance
EMPLOYEURS = {  # nombre d'établissements fictifs par genre
    "EC": 1500, "ETT": 120, "ETTI": 45, "EI": 140, "ACI": 150, "AI": 60, "RQ": 40, "GEIQ": 35, "EA": 90,
    "ESAT": 180,
}  # fmt: skip
GENRES_PUBLIES = ("EI", "ACI", "AI", "ETTI", "GEIQ", "EA", "ESAT")
TITULAIRES_RESERVES = {"insertion": ("EI", "EI", "ACI", "RQ"), "handicap": ("EA", "EA", "ESAT")}
ACHETEURS = 420  # le portail régional en compte environ 400
ACHETEURS_REGIONAUX = 0.10

# ── Personnes ──────────────────────────────────────────────────────────────────────────────────
AGES = {  # < 26 : 29 %, 26-49 : 55 %, 50 et + : 16 % (OGPF 2021 pour les jeunes)
    "alternance": (0.85, 0.14, 0.01),
    "autre": (0.245, 0.58, 0.175),
}
BORNES_AGE = ((18, 26), (26, 50), (50, 64))
NIVEAUX = {"INF3": 39.5, "N3": 36, "N4": 15, "N5": 5.5, "N6": 2, "N7_8": 1.3, "ETR": 0.7}  # SOLIDEO 2023
PRESCRIPTEURS = {  # marge : FT 30, ML 20, SIAE 20, PLIE 9, DEPT 6, Cap emploi 3, spontanée 8, NR 3
    "jeune": {"FT": 13, "ML": 62, "SIAE": 8, "PLIE": 3, "DEPT": 2, "CAPE": 1, "CCAS": 0.5, "SPONT": 4,
              "ENTREPRISE": 3.5, "NR": 3},
    "adulte": {"FT": 36.5, "ML": 2.5, "SIAE": 25, "PLIE": 11.5, "DEPT": 7.7, "CAPE": 2, "CCAS": 1.2,
               "MDE": 1.2, "SPONT": 5, "ENTREPRISE": 3.5, "AUTRE": 0.9, "NR": 3},
}  # fmt: skip
CAP_EMPLOI_DES_TH = 0.5
PUBLICS = {  # probabilité du public parmi les personnes qui peuvent le porter
    "DETLD": ("tous", 0.13),
    "DELD": ("pas DETLD", 0.28),
    "BRSA": ("26 et plus", 0.34),
    "ASS": ("26 et plus", 0.03),
    "RQTH": ("handicap ou Cap emploi", 1.0),
    "AAH": ("RQTH", 0.15),
    "JEUNE_SQ": ("jeunes jusqu'au bac", 0.95),
    "SENIOR": ("50 et plus", 0.75),
    "QPV": ("QPV", 0.95),
    "IAE": ("employés par une structure", 0.52),
    "PLIE": ("orientés par un PLIE", 1.0),
    "REFUGIE": ("tous", 0.03),
    "PPSMJ": ("tous", 0.012),
    "PARENT_ISOLE": ("26 et plus", 0.04),
    "ASE": ("jeunes", 0.02),
    "FLE": ("tous", 0.025),
}
EMPLOYEURS_IAE = ("ETTI", "EI", "ACI", "AI", "RQ", "GEIQ", "EA", "ESAT")
EMPLOYEURS_TH = ("EA", "ESAT")
SORTIES = {  # à six mois, situations connues (GPSEA 2022, PLIE 2012) : durable 32, transition 20, positive 12
    "CDI": 18, "CDD > 6 mois": 12, "Création d'entreprise": 2, "CDD < 6 mois": 12, "Intérim": 8,
    "Formation": 8, "Autre SIAE": 4, "Chômage": 28, "Inactivité": 7, "Décès, longue maladie": 1,
}  # fmt: skip
REPONSE_A_SIX_MOIS = 0.55
SANS_NOUVELLES = 0.25  # parmi les non-réponses, celles que le logiciel note
NOMS_COMPOSES = 0.08

# ── Données essentielles ───────────────────────────────────────────────────────────────────────
DECP_SEUIL = 40_000  # seuil de publication depuis 2020
DECP_RETROUVES = 0.55  # part des marchés clausés au-dessus du seuil que l'acheteur a publiés
DECP_TYPES = {"T": 29, "S": 33, "PI": 6, "F": 32}  # OECP 2021
DECP_PREMIERE_ANNEE_SOCIALE = "2024-01-01"
DECP_SOCIALES_DES_CLAUSES = {"dite": 86, "tue": 8, "non renseignée": 6}
DECP_SOCIALES_DES_AUTRES = {
    "Pas de considération sociale": 87.5,
    "non renseignée": 6,
    "Clause sociale": 3,
    "Critère social": 2.5,
    "Clause sociale|Critère social": 0.5,
    "Marché réservé": 0.5,
}
DECP_MODIFIES = 0.12
DECP_MONTANTS = {"T": 160_000, "S": 90_000, "PI": 60_000, "F": 55_000}  # médianes : hypothèse

# ── Exports des logiciels ──────────────────────────────────────────────────────────────────────
JAMAIS_EXPORTEES = 0.7  # clauses anciennes restées sans contrat : la plupart ne sont plus suivies
RECENTE = 365  # jours
A_NOTIFIER = 25  # jours : consultation lancée, marché pas encore notifié
A_SOLDER = 60  # jours entre la fin du marché et le bilan signé
SUSPENDUES = 0.01
ABANDONNEES = 0.25  # des clauses restées sans contrat
PART_DEUX_STRUCTURES = 0.22  # des parcours de deux contrats : 3 % des personnes (registre des pièges, T1)
PART_DOUBLES = 0.02
PART_SANS_DETAIL = 0.015
DEFAUTS_STRUCTURES = (5, 8, 6, 10)  # SIRET faux, à espaces, lignes en double, communes en toutes lettres
