"""L'entrepôt : une table par objet du métier."""

from __future__ import annotations

from observatoire.schemas.schema import declarer

TABLES = (
    declarer(
        "entrepot/marches",
        "un marché ou une concession, dernier état",
        "marche_id",
        """
marche_id            texte    Identifiant (acheteur, numéro, CPV et objet)
genre                texte    marche ou concession
acheteur_id          texte    SIRET de l'acheteur
acheteur_siren       texte    SIREN de l'acheteur
acheteur_nom         texte    Nom de l'acheteur : SIRENE, à défaut le plus publié
type_acheteur        texte    Type d'acheteur, ou NR
id_source            texte    Identifiant du marché chez l'acheteur
nature               texte    Code de nature
est_accord_cadre     booleen  Accord-cadre
est_subsequent       booleen  Marché subséquent
id_accord_cadre      texte    Identifiant de l'accord-cadre d'un marché subséquent
objet                texte    Objet
cpv                  texte    Code CPV sur huit chiffres
type_marche          texte    T, S, PI, F ou NR
procedure            texte    Code de procédure, ou NR
date_notification    date     Date de notification ou de signature
date_publication     date     Date de publication de l'état retenu
duree_mois           entier   Durée en mois, dernier état
montant_eur          reel     Montant du dernier état, euros HT
montant_initial_eur  reel     Montant avant toute modification, euros HT
montant_statut       texte    ok, suspect, aberrant ou absent
montant_raison       texte    Pourquoi le montant n'est pas ok
montant_sommable_eur reel     Montant à sommer, euros HT : vide si aberrant, absent, ou plafond d'accord-cadre déjà compté
offres_recues        entier   Nombre d'offres reçues
marche_innovant      booleen  Marché innovant
type_groupement      texte    Code de type de groupement, ou NR
sous_traitance_declaree booleen Sous-traitance déclarée
consideration_etat   texte    oui, non, non_renseigne ou sans_objet_v1
clause_sociale       booleen  Clause sociale, vide si non renseigné
critere_social       booleen  Critère social, vide si non renseigné
marche_reserve       booleen  Marché réservé, vide si non renseigné
reservation          texte    Modalité de la réservation, déduite du genre des titulaires, ou NR
clause_environnementale booleen Clause environnementale, vide si non renseigné
critere_environnemental booleen Critère environnemental, vide si non renseigné
departement          texte    Département d'exécution, à défaut de l'acheteur
commune              texte    Commune d'exécution, si elle est connue
lieu_code            texte    Code du lieu d'exécution tel que publié
lieu_type            texte    Type du code de lieu tel que publié
departement_acheteur texte    Département de l'acheteur, s'il est connu
commune_acheteur     texte    Commune de l'acheteur, si elle est connue
nb_titulaires        entier   Nombre de titulaires distincts
nb_lignes            entier   Nombre de lignes publiées pour ce marché
nb_modifications     entier   Nombre de modifications publiées
sources              texte    Sources qui publient ce marché, séparées par |
nb_sources           entier   Nombre de sources qui publient ce marché
source               texte    Source retenue
conflit              booleen  Deux publications du même jour se contredisent sur le montant
""",
    ),
    declarer(
        "entrepot/attributions",
        "un marché et un titulaire, dernier état",
        "marche_id titulaire_id",
        """
marche_id            texte    Marché
titulaire_id         texte    Identifiant du titulaire tel que publié
rang                 entier   Rang de publication
type_identifiant     texte    SIRET, TVA, HORS-UE… ou NR
siret                texte    SIRET valide, vide sinon
siren                texte    SIREN, vide sans SIRET valide
structure_siret      texte    SIRET de la structure d'insertion ou du handicap reconnue
structure_genre      texte    Son genre
structure_niveau     texte    Comment elle est reconnue : siret, siren, vide si elle ne l'est pas
categorie            texte    PME, ETI, GE ou NR (SIRENE)
""",
    ),
    declarer(
        "entrepot/modifications",
        "un marché et une modification",
        "marche_id no",
        """
marche_id            texte    Marché
no                   entier   Rang de la modification, par date
date_notification    date     Date de notification de la modification
montant_eur          reel     Montant après modification, euros HT
duree_mois           entier   Durée après modification, en mois
titulaires           texte    Titulaires après modification (liste JSON), vide s'ils ne changent pas
""",
    ),
    declarer(
        "entrepot/sous_traitances",
        "un marché et un acte de sous-traitance",
        "marche_id no",
        """
marche_id            texte    Marché
no                   entier   Rang de l'acte
sous_traitant_id     texte    Identifiant du sous-traitant tel que publié
siret                texte    SIRET valide, vide sinon
siren                texte    SIREN, vide sans SIRET valide
date_notification    date     Date de notification de l'acte
montant_eur          reel     Montant sous-traité, dernier état, euros HT
duree_mois           entier   Durée en mois
structure_genre      texte    Genre de la structure d'insertion ou du handicap reconnue
structure_niveau     texte    Comment elle est reconnue : siret, siren, vide si elle ne l'est pas
""",
    ),
    declarer(
        "entrepot/recouvrements",
        "deux sources des données essentielles",
        "source autre_source",
        """
source               texte    Source
autre_source         texte    Autre source ; la même pour le nombre de marchés répétés dans une source
marches              entier   Marchés publiés par la première
communs              entier   Marchés publiés par les deux, ou répétés
""",
    ),
    declarer(
        "entrepot/clauses",
        "une clause d'un lot",
        "clause_id",
        """
clause_id            texte    Identifiant (source, structure, opération)
source               texte    Source
structure_id         texte    SIRET de la structure porteuse
marche_cle           texte    Marché vu du logiciel : SIREN de l'acheteur et référence normalisée
marche_id            texte    Marché des données essentielles, s'il a été retrouvé
lot                  texte    Numéro de lot
rapprochement        texte    Comment : correspondance, reference, titulaire_date, ou vide
acheteur_id          texte    SIRET de l'acheteur
type_acheteur        texte    Type d'acheteur, ou NR
titulaire_id         texte    SIRET du titulaire
type_marche          texte    T, S, PI, F ou NR
secteur              texte    Secteur d'activité, ou NR
modalite             texte    Code de modalité
modalite_source      texte    Modalité telle qu'écrite par la source
programme            texte    Grand projet, ou HORS
date_notification    date     Date de notification
date_debut           date     Début d'exécution
date_fin             date     Fin d'exécution
mode_engagement      texte    VOLUME, PCT_HEURES, PCT_MONTANT ou NR
heures_engagees      reel     Heures d'insertion engagées, dernier état (h)
heures_engagees_initiales reel Heures d'insertion engagées, premier état connu (h)
heures_totales       reel     Heures travaillées totales du marché (h)
statut               texte    Statut de la clause
commune_execution    texte    Commune d'exécution (code INSEE)
""",
    ),
    declarer(
        "entrepot/contrats",
        "un contrat de travail",
        "contrat_id",
        """
contrat_id           texte    Identifiant (source, structure, contrat) ; une mission d'intérim en est un
contrat_suivi_id     texte    Le contrat dont celui-ci est le renouvellement, à défaut lui-même (règle R3)
source               texte    Source
personne             texte    Pseudonyme de la personne
employeur_id         texte    SIRET de l'employeur
employeur_siren      texte    SIREN de l'employeur
type_employeur       texte    Type d'employeur
type_contrat         texte    Type de contrat
mode_realisation     texte    Mode de mise en œuvre, ou NR
metier               texte    Métier exercé (code ROME)
prescripteur         texte    Prescripteur
motif_fin            texte    Motif de fin, ou NR
date_debut           date     Début
date_fin             date     Fin, vide si le contrat court
""",
    ),
    declarer(
        "entrepot/heures",
        "un contrat, une clause, un mois",
        "contrat_id clause_id mois",
        """
contrat_id           texte    Contrat de travail
clause_id            texte    Clause
mois                 date     Mois travaillé (premier jour)
heures               reel     Heures réalisées et comptées (h)
heures_formation     reel     Dont heures de formation (h)
heures_hors_plafond  reel     Heures réalisées au-delà de la durée d'éligibilité, non comptées (h)
estime               booleen  Heures réparties faute de détail mensuel
mutualise            booleen  Heures d'une mission commune à plusieurs clauses, partagées entre elles
date_saisie          date     Date de saisie
""",
    ),
    declarer(
        "entrepot/beneficiaires",
        "une personne, sous pseudonyme, à son entrée",
        "personne",
        """
personne             texte    Pseudonyme
sexe                 texte    F, M ou NR
age_entree           entier   Âge à l'entrée, en années révolues
tranche_age          texte    Tranche d'âge à l'entrée
niveau_diplome       texte    Niveau de diplôme à l'entrée
qpv                  texte    Résidence en quartier prioritaire : OUI, NON ou NR
qpv_code             texte    Code du quartier prioritaire, s'il est connu
millesime_qpv        texte    Géographie prioritaire du code : 2015 ou 2024
commune_residence    texte    Commune de résidence à l'entrée
departement_residence texte   Département de résidence, HORS (hors région) ou NR
date_entree          date     Début du premier contrat
""",
    ),
    declarer(
        "entrepot/beneficiaires_publics",
        "une personne et un public",
        "personne public",
        """
personne             texte    Pseudonyme
public               texte    Code du public
""",
    ),
    declarer(
        "entrepot/suivi",
        "une personne et un jalon",
        "personne jalon",
        """
personne             texte    Pseudonyme
jalon                texte    FIN, M3, M6 ou M12
date_observation     date     Date d'observation
situation            texte    Catégorie de sortie
""",
    ),
    declarer(
        "entrepot/structures",
        "un SIRET et un genre",
        "siret genre",
        """
siret                texte    SIRET
genre                texte    Genre de structure
siren                texte    SIREN
famille              texte    IAE, HANDICAP, GEIQ, PENITENTIAIRE ou NR
nom                  texte    Nom
commune              texte    Code INSEE de la commune
departement          texte    Département
naf                  texte    Activité principale (code NAF)
finess               texte    Numéro FINESS
capacite             entier   Nombre de places (ESAT)
longitude            reel     Longitude (WGS84)
latitude             reel     Latitude (WGS84)
source               texte    Source
""",
    ),
    declarer(
        "entrepot/entreprises",
        "un établissement cité par un marché ou un contrat",
        "siret",
        """
siret                texte    SIRET
siren                texte    SIREN
denomination         texte    Dénomination, « [non diffusible] » si la diffusion est partielle
categorie            texte    PME, ETI, GE ou NR
naf                  texte    Activité principale (code NAF)
categorie_juridique  texte    Catégorie juridique (INSEE)
commune              texte    Code INSEE de la commune
actif                booleen  Établissement actif
""",
    ),
    declarer(
        "entrepot/grands_projets",
        "un marché d'un grand projet",
        "marche_cle",
        """
marche_cle           texte    SIREN de l'acheteur et référence normalisée
marche_id            texte    Marché des données essentielles, s'il a été retrouvé
maitre_ouvrage       texte    Code du maître d'ouvrage
programme            texte    Code du programme
date_notification    date     Date de notification
obligation_pct       reel     Part des heures réservée à l'insertion : déclarée, à défaut celle de la charte à la date (%)
pme_pct              reel     Part du montant confiée à des PME (%)
pme_obligation_pct   reel     Part attendue par la charte à la date (%)
heures_engagees      reel     Heures d'insertion engagées (h)
heures_totales       reel     Heures travaillées totales du marché (h)
montant_eur          reel     Montant du marché, euros HT
""",
    ),
    declarer(
        "entrepot/enquetes",
        "un acheteur et une année (enquête : qualité moindre, sans dédoublonnage)",
        "annee acheteur_id",
        """
annee                entier   Année
acheteur_id          texte    SIRET de l'acheteur
acheteur_nom         texte    Nom
zones                texte    Territoires déclarés, séparés par |
marches_attribues    entier   Marchés attribués
marches_considerations entier Marchés avec une considération sociale
marches_generateurs  entier   Marchés dont la clause a produit des heures
heures               reel     Heures d'insertion réalisées (h)
beneficiaires        entier   Bénéficiaires ayant réalisé des heures
beneficiaires_qpv    entier   Bénéficiaires résidant en quartier prioritaire
""",
    ),
    declarer(
        "entrepot/territoires",
        "un territoire",
        "territoire",
        """
territoire           texte    Code (reg:11, dep:93, ept:T6, epci:247800584)
niveau               texte    reg, dep, ept ou epci
nom                  texte    Nom
millesime            texte    Millésime du code officiel géographique
valide_du            date     Depuis quand ce territoire existe, vide si cette date n'est pas connue
valide_au            date     Jusqu'à quand, vide s'il existe toujours
""",
    ),
    declarer(
        "entrepot/appartenances",
        "une commune, un territoire, une période d'appartenance",
        "commune territoire valide_du",
        """
commune              texte    Code INSEE de la commune, en vigueur pendant la période
territoire           texte    Territoire
valide_du            date     Depuis quand, à notre connaissance : 2016 ; 2019 pour une intercommunalité
valide_au            date     Jusqu'à quand, vide si toujours
""",
    ),
    declarer(
        "entrepot/rattachements",
        "un objet, un motif, un territoire",
        "motif objet_id territoire",
        """
motif                texte    execution et acheteur (clause), execution_marche et acheteur_marche (marché), residence (personne), projet (marche_cle d'un grand projet), structure (SIRET)
objet_id             texte    clause_id, marche_id, personne, marche_cle ou siret
territoire           texte    Territoire
""",
    ),
)
