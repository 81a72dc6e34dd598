"""Les tables telles que publiées : tout en texte, sans identité."""

from __future__ import annotations

from observatoire.schemas.schema import declarer

ORIGINE = """
source               texte    Source déclarée dans observatoire.toml
millesime            texte    Date de la livraison (AAAA-MM-JJ)
fichier              texte    Nom du fichier reçu
ligne                entier   Rang de la ligne ou de l'objet dans le fichier, à partir de 1
"""
CLE_ORIGINE = "source millesime fichier ligne"

_SUIVI_TEXTES = {
    "structure_id": "SIRET de la structure porteuse de la clause",
    "operation": "Identifiant de l'opération dans le logiciel",
    "marche_reference": "Référence du marché telle que saisie",
    "lot": "Numéro de lot",
    "acheteur_id": "SIRET de l'acheteur",
    "titulaire_id": "SIRET du titulaire",
    "objet": "Objet du marché",
    "type_marche": "Type de marché",
    "modalite": "Modalité juridique de la clause",
    "programme": "Grand projet",
    "commune_execution": "Code INSEE de la commune d'exécution",
    "statut_clause": "Statut de la clause",
    "contrat": "Identifiant du contrat dans le logiciel",
    "personne": "Pseudonyme de la personne (HMAC)",
    "sexe": "Sexe",
    "commune_residence": "Code INSEE de la commune de résidence à l'entrée",
    "qpv": "Résidence en quartier prioritaire à l'entrée",
    "niveau_diplome": "Niveau de diplôme à l'entrée",
    "publics": "Publics, plusieurs valeurs possibles",
    "employeur_id": "SIRET de l'employeur",
    "type_employeur": "Type d'employeur",
    "type_contrat": "Type de contrat de travail",
    "prescripteur": "Prescripteur",
    "type_heure": "Travail ou formation",
    "situation_sortie": "Situation à la sortie",
    "jalon": "Moment de l'observation : fin, 3, 6 ou 12 mois",
    "qpv_code": "Code du quartier prioritaire de résidence à l'entrée",
    "secteur": "Secteur d'activité du marché",
    "metier": "Métier exercé (code ROME)",
    "mode_realisation": "Mode de mise en œuvre de la clause",
    "mode_engagement": "Comment les heures sont engagées : volume, part des heures, part du montant",
    "motif_fin": "Motif de fin du contrat",
}
_SUIVI_TYPES = {
    "date_consultation": ("date", "Date d'engagement de la consultation"),
    "date_notification": ("date", "Date de notification du marché"),
    "date_debut": ("date", "Début d'exécution du marché"),
    "date_fin": ("date", "Fin d'exécution du marché"),
    "heures_engagees": ("reel", "Heures d'insertion engagées (h)"),
    "part_engagee_pct": ("reel", "Part engagée des heures ou du montant (%)"),
    "heures_totales": ("reel", "Heures travaillées totales du marché (h)"),
    "age_entree": ("entier", "Âge au début du contrat, en années révolues"),
    "contrat_debut": ("date", "Début du contrat de travail"),
    "contrat_fin": ("date", "Fin du contrat de travail"),
    "mois": ("date", "Mois travaillé (premier jour)"),
    "heures": ("reel", "Heures réalisées dans le mois (h)"),
    "date_saisie": ("date", "Date de saisie des heures"),
    "date_observation": ("date", "Date d'observation de la situation"),
}


def colonnes_suivi(*, typees: bool) -> str:
    """Rend les colonnes d'un export de suivi, tout en texte ou typées."""
    textes = [f"{nom} texte {libelle}" for nom, libelle in _SUIVI_TEXTES.items()]
    autres = [f"{n} {t if typees else 'texte'} {libelle}" for n, (t, libelle) in _SUIVI_TYPES.items()]
    return ORIGINE + "\n".join(textes + autres)


DECP_ACQUISITION = (
    ORIGINE
    + """
format               texte    v1, v2 ou tabulaire, reconnu à la structure du fichier
genre                texte    marche ou concession
uid                  texte    Identifiant unique donné par le producteur, s'il en donne un
id_source            texte    Identifiant du marché chez l'acheteur
acheteur_id          texte    SIRET de l'acheteur ou de l'autorité concédante
acheteur_nom         texte    Nom de l'acheteur publié (absent du format v2)
acheteur_departement texte    Département de l'acheteur publié (format tabulaire)
nature               texte    Nature du contrat
objet                texte    Objet
cpv                  texte    Code CPV publié
type_marche          texte    Type publié (format tabulaire)
procedure            texte    Procédure de passation
techniques           texte    Techniques d'achat (liste JSON)
modalites_execution  texte    Modalités d'exécution (liste JSON)
id_accord_cadre      texte    Identifiant de l'accord-cadre d'un marché subséquent
marche_innovant      texte    Marché innovant
ccag                 texte    Cahier des clauses administratives générales
offres_recues        texte    Nombre d'offres reçues
attribution_avance   texte    Avance attribuée
taux_avance          texte    Taux de l'avance
type_groupement      texte    Type de groupement d'opérateurs
sous_traitance_declaree texte Sous-traitance déclarée
lieu_code            texte    Code du lieu d'exécution
lieu_type            texte    Type du code de lieu
date_notification    texte    Date de notification ou de signature
date_publication     texte    Date de publication des données
date_debut_execution texte    Début d'exécution d'une concession
duree_mois           texte    Durée en mois
montant              texte    Montant ou valeur globale en euros HT (forfaitaire ou maximum estimé)
montant_subvention   texte    Subvention publique d'une concession, euros HT
forme_prix           texte    Forme du prix
types_prix           texte    Types de prix (liste JSON)
origine_ue           texte    Part des produits de l'Union européenne (0 à 1)
origine_france       texte    Part des produits français (0 à 1)
titulaires           texte    Titulaires (liste JSON d'objets id, type_identifiant, denomination)
considerations       texte    Considérations sociales (liste JSON), vide si le champ est absent
considerations_environnementales texte Considérations environnementales (liste JSON), vide si absentes
modifications        texte    Modifications (liste JSON d'objets id, date_notification, date_publication, montant, duree_mois, titulaires)
actes_sous_traitance texte    Actes de sous-traitance (liste JSON d'objets id, sous_traitant_id, type_identifiant, montant, duree_mois, date_notification, date_publication, variation_prix)
modifications_sous_traitance texte Modifications des actes de sous-traitance (liste JSON d'objets id, montant, duree_mois, date_notification)
donnees_execution    texte    Données d'exécution d'une concession (liste JSON telle que publiée)
nb_modifications     entier   Nombre de modifications publiées
"""
)

TABLES = (
    declarer(
        "acquisition/decp",
        "un contrat, ou un contrat et un titulaire, tel que publié",
        CLE_ORIGINE,
        DECP_ACQUISITION,
    ),
    declarer(
        "acquisition/suivi",
        "un contrat de travail et un mois, tel qu'exporté, sans identité",
        CLE_ORIGINE,
        colonnes_suivi(typees=False),
    ),
    declarer(
        "acquisition/grands_projets",
        "un marché d'un grand projet, tel que transmis",
        CLE_ORIGINE,
        ORIGINE
        + """
maitre_ouvrage       texte    Maître d'ouvrage
acheteur_id          texte    SIRET du maître d'ouvrage
programme            texte    Programme ou ligne
marche_reference     texte    Référence du marché telle que saisie
objet                texte    Objet
date_notification    texte    Date de notification
obligation_pct       texte    Part des heures travaillées réservée à l'insertion (%)
pme_pct              texte    Part du montant confiée à des PME (%)
heures_engagees      texte    Heures d'insertion engagées (h)
heures_totales       texte    Heures travaillées totales du marché (h)
montant              texte    Montant du marché, euros HT
""",
    ),
    declarer(
        "acquisition/structures",
        "une structure et un genre, tel que publié",
        CLE_ORIGINE,
        ORIGINE
        + """
siret                texte    SIRET
genre                texte    EI, ACI, AI, ETTI, EITI, GEIQ, EA, EATT, ESAT
nom                  texte    Nom
commune              texte    Code INSEE ou nom de la commune
departement          texte    Département
naf                  texte    Activité principale (code NAF)
finess               texte    Numéro FINESS de l'établissement
capacite             texte    Nombre de places (ESAT)
longitude            texte    Longitude (WGS84)
latitude             texte    Latitude (WGS84)
""",
    ),
    declarer(
        "acquisition/entreprises",
        "un établissement, tel qu'extrait du répertoire SIRENE",
        CLE_ORIGINE,
        ORIGINE
        + """
siret                texte    SIRET
denomination         texte    Dénomination
categorie            texte    Catégorie d'entreprise : PME, ETI ou GE
naf                  texte    Activité principale (code NAF)
categorie_juridique  texte    Catégorie juridique de l'unité légale (INSEE)
commune              texte    Code INSEE de la commune
etat                 texte    État administratif : A (actif) ou F (fermé)
diffusion            texte    Statut de diffusion : O, ou P (partielle)
""",
    ),
    declarer(
        "acquisition/enquetes",
        "un acheteur et une année, déclarés à l'enquête (sans dédoublonnage possible)",
        CLE_ORIGINE,
        ORIGINE
        + """
annee                texte    Année déclarée
acheteur_id          texte    SIRET de l'acheteur
acheteur_nom         texte    Nom de l'acheteur
zones                texte    Zones d'activité
marches_attribues    texte    Marchés attribués
marches_considerations texte  Marchés avec une considération sociale
marches_generateurs  texte    Marchés dont la clause a produit des heures
heures               texte    Heures d'insertion réalisées (h)
beneficiaires        texte    Bénéficiaires ayant réalisé des heures
beneficiaires_qpv    texte    Bénéficiaires résidant en quartier prioritaire
""",
    ),
    declarer(
        "acquisition/depots",
        "un fichier reçu",
        "source millesime fichier",
        """
source               texte    Source déclarée dans observatoire.toml
millesime            texte    Date de la livraison (AAAA-MM-JJ)
fichier              texte    Nom du fichier reçu
genre                texte    Genre de la source : decp, suivi, enquetes, grands_projets, structures ou entreprises
titre                texte    Titre de la livraison
producteur           texte    Producteur
licence              texte    Licence
date_extraction      date     Date d'extraction des données
fictif               booleen  Données fictives
sha256               texte    Empreinte du fichier
lues                 entier   Lignes lues
""",
    ),
)
