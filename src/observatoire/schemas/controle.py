"""Les tables typées ; les lignes marquées et les lignes écartées sont dans `controle/rejets`."""

from __future__ import annotations

from observatoire.schemas.acquisition import CLE_ORIGINE, ORIGINE, colonnes_suivi
from observatoire.schemas.schema import declarer

DECP_CONTROLE = (
    ORIGINE
    + """
format               texte    v1, v2 ou tabulaire
genre                texte    marche ou concession
uid                  texte    Identifiant unique donné par le producteur, s'il en donne un
id_source            texte    Identifiant du marché chez l'acheteur
acheteur_id          texte    SIRET de l'acheteur, vide s'il est faux
acheteur_recu        texte    SIRET de l'acheteur tel que publié, même faux : il aide à reconnaître un marché
acheteur_nom         texte    Nom de l'acheteur publié
acheteur_departement texte    Département de l'acheteur publié
nature               texte    Code de nature
est_accord_cadre     booleen  Accord-cadre, vide si non renseigné
est_subsequent       booleen  Marché subséquent d'un accord-cadre, vide si non renseigné
id_accord_cadre      texte    Identifiant de l'accord-cadre d'un marché subséquent
objet                texte    Objet
cpv                  texte    Code CPV sur huit chiffres
type_marche          texte    T, S, PI, F ou NR
procedure            texte    Code de procédure, ou NR
techniques           texte    Codes de techniques d'achat, séparés par |
modalites_execution  texte    Codes de modalités d'exécution, séparés par |
marche_innovant      booleen  Marché innovant
ccag                 texte    Code de CCAG, ou NR
offres_recues        entier   Nombre d'offres reçues
attribution_avance   booleen  Avance attribuée
taux_avance_pct      reel     Taux de l'avance (%)
type_groupement      texte    Code de type de groupement, ou NR
sous_traitance_declaree booleen Sous-traitance déclarée
lieu_code            texte    Code du lieu d'exécution
lieu_type            texte    Type du code de lieu
departement          texte    Département du lieu d'exécution, à défaut de l'acheteur
commune              texte    Commune du lieu d'exécution (code INSEE), si elle est connue
date_notification    date     Date de notification ou de signature
date_publication     date     Date de publication des données
date_debut_execution date     Début d'exécution d'une concession
duree_mois           entier   Durée en mois
montant_eur          reel     Montant publié, euros HT
montant_statut       texte    ok, suspect, aberrant ou absent
montant_raison       texte    Pourquoi le montant n'est pas ok
montant_subvention_eur reel   Subvention publique d'une concession, euros HT
forme_prix           texte    Code de forme de prix (v2), ou NR
types_prix           texte    Codes de types de prix, séparés par |
origine_ue_pct       reel     Part des produits de l'Union européenne (%)
origine_france_pct   reel     Part des produits français (%)
consideration_etat   texte    oui, non, non_renseigne ou sans_objet_v1
clause_sociale       booleen  Clause sociale : oui, non, vide si non renseigné
critere_social       booleen  Critère social : oui, non, vide si non renseigné
marche_reserve       booleen  Marché réservé : oui, non, vide si non renseigné
clause_environnementale booleen Clause environnementale : oui, non, vide si non renseigné
critere_environnemental booleen Critère environnemental : oui, non, vide si non renseigné
titulaires           texte    Liste JSON d'objets rang, id, type_identifiant, siret (valide ou null), denomination
modifications        texte    Liste JSON d'objets no, date_notification, montant_eur, duree_mois, titulaires ; par date
actes_sous_traitance texte    Liste JSON d'objets no, id, type_identifiant, siret, montant_eur, duree_mois, date_notification
nb_modifications     entier   Nombre de modifications publiées
"""
)

REJETS = (
    ORIGINE
    + """
regle                texte    Nom de la règle
niveau               texte    info, alerte (ligne gardée) ou bloquant (ligne écartée)
colonne              texte    Colonne en cause
valeur               texte    Valeur reçue
remede               texte    Ce que la source peut corriger
"""
)

TABLES = (
    declarer("controle/decp", "un contrat, ou un contrat et un titulaire, typé", CLE_ORIGINE, DECP_CONTROLE),
    declarer(
        "controle/suivi",
        "un contrat de travail et un mois, typé, codes résolus",
        CLE_ORIGINE,
        colonnes_suivi(typees=True)
        + """
modalite_source      texte    Modalité telle qu'écrite par la source
millesime_qpv        texte    Géographie prioritaire du code : 2015 ou 2024
""",
    ),
    declarer(
        "controle/grands_projets",
        "un marché d'un grand projet, typé",
        CLE_ORIGINE,
        ORIGINE
        + """
maitre_ouvrage       texte    Code du maître d'ouvrage
acheteur_id          texte    SIRET du maître d'ouvrage
programme            texte    Code du programme
marche_reference     texte    Référence du marché telle que saisie
objet                texte    Objet
date_notification    date     Date de notification
obligation_pct       reel     Part des heures travaillées réservée à l'insertion (%)
pme_pct              reel     Part du montant confiée à des PME (%)
heures_engagees      reel     Heures d'insertion engagées (h)
heures_totales       reel     Heures travaillées totales du marché (h)
montant_eur          reel     Montant du marché, euros HT
""",
    ),
    declarer(
        "controle/structures",
        "une structure et un genre, typé",
        CLE_ORIGINE,
        ORIGINE
        + """
siret                texte    SIRET
genre                texte    Genre de structure
nom                  texte    Nom
commune              texte    Code INSEE de la commune
departement          texte    Département
naf                  texte    Activité principale (code NAF)
finess               texte    Numéro FINESS (9 caractères)
capacite             entier   Nombre de places (ESAT)
longitude            reel     Longitude (WGS84)
latitude             reel     Latitude (WGS84)
""",
    ),
    declarer(
        "controle/entreprises",
        "un établissement, typé",
        CLE_ORIGINE,
        ORIGINE
        + """
siret                texte    SIRET
denomination         texte    Dénomination, « [non diffusible] » si la diffusion est partielle
categorie            texte    PME, ETI, GE ou NR
naf                  texte    Activité principale (code NAF)
categorie_juridique  texte    Catégorie juridique (INSEE)
commune              texte    Code INSEE de la commune
actif                booleen  Établissement actif
""",
    ),
    declarer(
        "controle/enquetes",
        "un acheteur et une année, typés",
        CLE_ORIGINE,
        ORIGINE
        + """
annee                entier   Année déclarée
acheteur_id          texte    SIRET de l'acheteur
acheteur_nom         texte    Nom de l'acheteur
zones                texte    Territoires déclarés (dep:93…), séparés par |
marches_attribues    entier   Marchés attribués
marches_considerations entier Marchés avec une considération sociale
marches_generateurs  entier   Marchés dont la clause a produit des heures
heures               reel     Heures d'insertion réalisées (h)
beneficiaires        entier   Bénéficiaires ayant réalisé des heures
beneficiaires_qpv    entier   Bénéficiaires résidant en quartier prioritaire
""",
    ),
    declarer(
        "controle/correspondances",
        "une clause et le marché que l'équipe lui a trouvé (correspondances.csv)",
        "source structure_id operation",
        """
source               texte    Source du suivi
structure_id         texte    SIRET de la structure porteuse
operation            texte    Identifiant de l'opération dans le logiciel
acheteur_id          texte    SIRET de l'acheteur du marché
id_source            texte    Identifiant du marché chez l'acheteur ; vide : la clause n'a pas de marché publié
commentaire          texte    Qui l'a établi, et comment
""",
    ),
    declarer(
        "controle/rejets",
        "une ligne et une règle qui l'a marquée ou écartée",
        "source millesime fichier ligne regle",
        REJETS,
    ),
    declarer(
        "controle/recoupements",
        "une ligne et une règle qui l'a marquée en la comparant à d'autres",
        "source millesime fichier ligne regle",
        REJETS,
    ),
    declarer(
        "controle/bilan",
        "un fichier reçu",
        "source millesime fichier",
        """
source               texte    Source déclarée dans observatoire.toml
millesime            texte    Date de la livraison (AAAA-MM-JJ)
fichier              texte    Nom du fichier reçu
lues                 entier   Lignes lues
gardees              entier   Lignes gardées
marquees             entier   Lignes gardées avec au moins une alerte
ecartees             entier   Lignes écartées (lues = gardées + écartées)
""",
    ),
    declarer(
        "controle/remplissage",
        "un fichier reçu et une colonne",
        "source millesime fichier colonne",
        """
source               texte    Source déclarée dans observatoire.toml
millesime            texte    Date de la livraison (AAAA-MM-JJ)
fichier              texte    Nom du fichier reçu
colonne              texte    Colonne du contrôle
gardees              entier   Lignes gardées
renseignees          entier   Lignes gardées où la colonne a une valeur autre que « non renseigné »
""",
    ),
    declarer(
        "controle/corrections",
        "une correction déclarée (corrections.toml)",
        "correction",
        """
correction           texte    Nom de la correction
source               texte    Source corrigée
raison               texte    Pourquoi
lignes               entier   Lignes corrigées
""",
    ),
    declarer(
        "controle/derogations",
        "une source et un constat passé outre",
        "source constat",
        """
source               texte    Source
constat              texte    Ce qui aurait arrêté la chaîne
raison               texte    La raison donnée par l'équipe (--malgre)
""",
    ),
)
