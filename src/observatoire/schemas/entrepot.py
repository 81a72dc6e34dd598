"""L'entrepôt : une table par objet du métier."""

from __future__ import annotations

from observatoire.schemas.schema import declarer

TABLES = (
    declarer(
        "entrepot/marches",
        "un marché ou une concession, dernier état",
        "marche_id",
        """
marche_id            texte    Identifiant (uid du producteur, à défaut acheteur, numéro, CPV et objet)
genre                texte    marche ou concession
acheteur_id          texte    SIRET de l'acheteur
acheteur_siren       texte    SIREN de l'acheteur
id_source            texte    Identifiant du marché chez l'acheteur
objet                texte    Objet
cpv                  texte    Code CPV sur huit chiffres
type_marche          texte    T, S, PI, F ou NR
procedure            texte    Procédure de passation
date_notification    date     Date de notification ou de signature
duree_mois           entier   Durée en mois
montant_eur          reel     Montant du dernier état, euros HT
montant_statut       texte    ok, suspect, aberrant ou absent
clause_sociale       booleen  Clause sociale, vide si non renseigné
critere_social       booleen  Critère social, vide si non renseigné
marche_reserve       booleen  Marché réservé, vide si non renseigné
departement          texte    Département d'exécution, à défaut de l'acheteur
commune              texte    Commune d'exécution, si elle est connue
nb_titulaires        entier   Nombre de titulaires distincts
nb_lignes            entier   Nombre de lignes publiées pour ce marché
source               texte    Source retenue
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
acheteur_id          texte    SIRET de l'acheteur
titulaire_id         texte    SIRET du titulaire
type_marche          texte    T, S, PI, F ou NR
modalite             texte    Code de modalité
modalite_source      texte    Modalité telle qu'écrite par la source
programme            texte    Grand projet, ou HORS
date_notification    date     Date de notification
date_debut           date     Début d'exécution
date_fin             date     Fin d'exécution
heures_engagees      reel     Heures d'insertion engagées (h)
statut               texte    Statut de la clause
commune_execution    texte    Commune d'exécution (code INSEE)
""",
    ),
    declarer(
        "entrepot/contrats",
        "un contrat de travail",
        "contrat_id",
        """
contrat_id           texte    Identifiant (source, structure, contrat)
source               texte    Source
personne             texte    Pseudonyme de la personne
employeur_id         texte    SIRET de l'employeur
employeur_siren      texte    SIREN de l'employeur
type_employeur       texte    Type d'employeur
type_contrat         texte    Type de contrat
prescripteur         texte    Prescripteur
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
heures               reel     Heures réalisées (h)
estime               booleen  Heures réparties faute de détail mensuel
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
source               texte    Source
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
""",
    ),
    declarer(
        "entrepot/rattachements",
        "un objet, un motif, un territoire",
        "motif objet_id territoire",
        """
motif                texte    execution (clause), execution_marche (marché), residence (personne)
objet_id             texte    clause_id, marche_id ou personne
territoire           texte    Territoire
""",
    ),
)
