"""Les tables que les maillons s'échangent : leur grain, leur clé, leurs colonnes, déclarés une fois."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from observatoire.erreurs import TableError

_PANDAS = {
    "texte": "string",
    "entier": "Int64",
    "reel": "Float64",
    "booleen": "boolean",
    "date": "datetime64[us]",
}


@dataclass(frozen=True, slots=True)
class Colonne:
    """Une colonne : son nom, son type (texte, entier, reel, booleen, date) et son sens."""

    nom: str
    type: str
    libelle: str


@dataclass(frozen=True, slots=True)
class Schema:
    """Une table : « une ligne par … », la clé qui la trie, ses colonnes dans l'ordre."""

    nom: str
    grain: str
    cle: tuple[str, ...]
    colonnes: tuple[Colonne, ...]

    @property
    def noms(self) -> list[str]:
        """Les noms des colonnes, dans l'ordre."""
        return [colonne.nom for colonne in self.colonnes]

    def vide(self) -> pd.DataFrame:
        """Rend une table sans ligne, aux bons types."""
        return self.typer(pd.DataFrame(columns=self.noms))

    def typer(self, table: pd.DataFrame) -> pd.DataFrame:
        """Rend la table aux types pandas du schéma (texte `string`, booléens à trois états…)."""
        return table.astype({colonne.nom: _PANDAS[colonne.type] for colonne in self.colonnes})

    def verifier(self, table: pd.DataFrame) -> pd.DataFrame:
        """Rend la table dans l'ordre du schéma et à ses types, ou dit ce qui manque ou dépasse.

        Raises:
            TableError: colonnes absentes ou non déclarées, ou valeurs d'un autre type.
        """
        manquantes = [nom for nom in self.noms if nom not in table.columns]
        surplus = [str(nom) for nom in table.columns if nom not in self.noms]
        if manquantes or surplus:
            raise TableError(
                f"{self.nom} : absentes {manquantes or 'aucune'} ; non déclarées {surplus or 'aucune'}.",
                "Corriger le calcul, ou la déclaration dans observatoire/schemas.py.",
            )
        try:
            return self.typer(table[self.noms])
        except (TypeError, ValueError) as erreur:
            raise TableError(f"{self.nom} : valeur d'un autre type que déclaré ({erreur}).") from erreur


def _schema(nom: str, grain: str, cle: str, declaration: str) -> Schema:
    lignes = [ligne.split(maxsplit=2) for ligne in declaration.splitlines() if ligne]
    colonnes = tuple(Colonne(colonne, type_, libelle) for colonne, type_, libelle in lignes)
    return Schema(nom, grain, tuple(cle.split()), colonnes)


_ORIGINE = """
source               texte    Source déclarée dans observatoire.toml
millesime            texte    Date de la livraison (AAAA-MM-JJ)
fichier              texte    Nom du fichier reçu
ligne                entier   Rang de la ligne ou de l'objet dans le fichier, à partir de 1
"""
_CLE_ORIGINE = "source millesime fichier ligne"

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
}
_SUIVI_TYPES = {
    "date_consultation": ("date", "Date d'engagement de la consultation"),
    "date_notification": ("date", "Date de notification du marché"),
    "date_debut": ("date", "Début d'exécution du marché"),
    "date_fin": ("date", "Fin d'exécution du marché"),
    "heures_engagees": ("reel", "Heures d'insertion engagées (h)"),
    "age_entree": ("entier", "Âge au début du contrat, en années révolues"),
    "contrat_debut": ("date", "Début du contrat de travail"),
    "contrat_fin": ("date", "Fin du contrat de travail"),
    "mois": ("date", "Mois travaillé (premier jour)"),
    "heures": ("reel", "Heures réalisées dans le mois (h)"),
    "date_saisie": ("date", "Date de saisie des heures"),
    "date_observation": ("date", "Date d'observation de la situation"),
}


def _suivi(typees: bool) -> str:
    textes = [f"{nom} texte {libelle}" for nom, libelle in _SUIVI_TEXTES.items()]
    autres = [f"{n} {t if typees else 'texte'} {libelle}" for n, (t, libelle) in _SUIVI_TYPES.items()]
    return _ORIGINE + "\n".join(textes + autres)


_MARCHE_COMMUN = """
format               texte    v1, v2 ou tabulaire, reconnu à la structure du fichier
genre                texte    marche ou concession
uid                  texte    Identifiant unique donné par le producteur, s'il en donne un
id_source            texte    Identifiant du marché chez l'acheteur
acheteur_id          texte    SIRET de l'acheteur
nature               texte    Nature du contrat
objet                texte    Objet
procedure            texte    Procédure de passation
lieu_code            texte    Code du lieu d'exécution
lieu_type            texte    Type du code de lieu
titulaires           texte    Titulaires (liste JSON d'objets id, type_identifiant)
nb_modifications     entier   Nombre de modifications publiées
"""

DECP_ACQUISITION = (
    _ORIGINE
    + _MARCHE_COMMUN
    + """
cpv                  texte    Code CPV publié
type_marche          texte    Type publié (format tabulaire)
acheteur_nom         texte    Nom de l'acheteur publié (absent du format v2)
acheteur_departement texte    Département de l'acheteur publié (format tabulaire)
date_notification    texte    Date de notification ou de signature
date_publication     texte    Date de publication des données
duree_mois           texte    Durée en mois
montant              texte    Montant en euros HT (forfaitaire ou maximum estimé)
considerations       texte    Considérations sociales (liste JSON), vide si le champ est absent
"""
)

DECP_CONTROLE = (
    _ORIGINE
    + _MARCHE_COMMUN
    + """
cpv                  texte    Code CPV sur huit chiffres
type_marche          texte    T, S, PI, F ou NR
departement          texte    Département du lieu d'exécution, à défaut de l'acheteur
commune              texte    Commune du lieu d'exécution (code INSEE), si elle est connue
date_notification    date     Date de notification ou de signature
date_publication     date     Date de publication des données
duree_mois           entier   Durée en mois
montant_eur          reel     Montant publié, euros HT
montant_statut       texte    ok, suspect, aberrant ou absent
clause_sociale       booleen  Clause sociale : oui, non, vide si non renseigné
critere_social       booleen  Critère social : oui, non, vide si non renseigné
marche_reserve       booleen  Marché réservé : oui, non, vide si non renseigné
ecarts               texte    Règles qui ont marqué la ligne, séparées par |
"""
)

_TABLES = (
    # ── acquisition : telles que publiées, tout en texte ──────────────────────────────────────
    _schema(
        "acquisition/decp",
        "un contrat, ou un contrat et un titulaire, tel que publié",
        _CLE_ORIGINE,
        DECP_ACQUISITION,
    ),
    _schema(
        "acquisition/suivi",
        "un contrat de travail et un mois, tel qu'exporté, sans identité",
        _CLE_ORIGINE,
        _suivi(typees=False),
    ),
    _schema(
        "acquisition/grands_projets",
        "un marché d'un grand projet, tel que transmis",
        _CLE_ORIGINE,
        _ORIGINE
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
""",
    ),
    _schema(
        "acquisition/structures",
        "une structure et un genre, tel que publié",
        _CLE_ORIGINE,
        _ORIGINE
        + """
siret                texte    SIRET
genre                texte    EI, ACI, AI, ETTI, EITI, GEIQ, EA, EATT, ESAT
nom                  texte    Nom
commune              texte    Code INSEE ou nom de la commune
departement          texte    Département
""",
    ),
    _schema(
        "acquisition/depots",
        "un fichier reçu",
        "source millesime fichier",
        """
source               texte    Source déclarée dans observatoire.toml
millesime            texte    Date de la livraison (AAAA-MM-JJ)
fichier              texte    Nom du fichier reçu
genre                texte    decp, suivi, grands_projets ou structures
titre                texte    Titre de la livraison
producteur           texte    Producteur
licence              texte    Licence
date_extraction      date     Date d'extraction des données
fictif               booleen  Données fictives
sha256               texte    Empreinte du fichier
lues                 entier   Lignes lues
""",
    ),
    # ── controle : typées et marquées ; les lignes écartées sont dans controle/rejets ─────────
    _schema("controle/decp", "un contrat, ou un contrat et un titulaire, typé", _CLE_ORIGINE, DECP_CONTROLE),
    _schema(
        "controle/suivi",
        "un contrat de travail et un mois, typé, codes résolus",
        _CLE_ORIGINE,
        _suivi(typees=True)
        + """
modalite_source      texte    Modalité telle qu'écrite par la source
ecarts               texte    Règles qui ont marqué la ligne, séparées par |
""",
    ),
    _schema(
        "controle/grands_projets",
        "un marché d'un grand projet, typé",
        _CLE_ORIGINE,
        _ORIGINE
        + """
maitre_ouvrage       texte    Maître d'ouvrage
acheteur_id          texte    SIRET du maître d'ouvrage
programme            texte    Code du programme
marche_reference     texte    Référence du marché telle que saisie
objet                texte    Objet
date_notification    date     Date de notification
obligation_pct       reel     Part des heures travaillées réservée à l'insertion (%)
pme_pct              reel     Part du montant confiée à des PME (%)
heures_engagees      reel     Heures d'insertion engagées (h)
heures_totales       reel     Heures travaillées totales du marché (h)
ecarts               texte    Règles qui ont marqué la ligne, séparées par |
""",
    ),
    _schema(
        "controle/structures",
        "une structure et un genre, typé",
        _CLE_ORIGINE,
        _ORIGINE
        + """
siret                texte    SIRET
genre                texte    Genre de structure
nom                  texte    Nom
commune              texte    Code INSEE de la commune
departement          texte    Département
ecarts               texte    Règles qui ont marqué la ligne, séparées par |
""",
    ),
    _schema(
        "controle/rejets",
        "une ligne et une règle qui l'a marquée ou écartée",
        "source millesime fichier ligne regle",
        _ORIGINE
        + """
gravite              texte    bloquant (ligne écartée) ou avertissement (ligne gardée)
regle                texte    Nom de la règle
colonne              texte    Colonne en cause
valeur               texte    Valeur reçue
remede               texte    Ce que la source peut corriger
""",
    ),
    _schema(
        "controle/bilan",
        "un fichier reçu",
        "source millesime fichier",
        """
source               texte    Source déclarée dans observatoire.toml
millesime            texte    Date de la livraison (AAAA-MM-JJ)
fichier              texte    Nom du fichier reçu
lues                 entier   Lignes lues
gardees              entier   Lignes gardées
marquees             entier   Lignes gardées avec au moins un avertissement
ecartees             entier   Lignes écartées (lues = gardées + écartées)
""",
    ),
    # ── entrepot : une table par objet du métier ──────────────────────────────────────────────
    _schema(
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
    _schema(
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
    _schema(
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
    _schema(
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
    _schema(
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
    _schema(
        "entrepot/beneficiaires_publics",
        "une personne et un public",
        "personne public",
        """
personne             texte    Pseudonyme
public               texte    Code du public
""",
    ),
    _schema(
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
    _schema(
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
    _schema(
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
    _schema(
        "entrepot/rattachements",
        "un objet, un motif, un territoire",
        "motif objet_id territoire",
        """
motif                texte    execution (clause), execution_marche (marché), residence (personne)
objet_id             texte    clause_id, marche_id ou personne
territoire           texte    Territoire
""",
    ),
    # ── indicateurs : secret déjà appliqué ; tout ce qui est publié vient de là ───────────────
    _schema(
        "indicateurs/valeurs",
        "un indicateur, un territoire, une période, une modalité",
        "territoire periode indicateur ventilation modalite",
        """
indicateur           texte    Indicateur
territoire           texte    Territoire
periode              texte    Période (2026-T3, 2025)
ventilation          texte    Croisement, ou ensemble
modalite             texte    Modalité publiée, ou ensemble
valeur               reel     Valeur, vide si elle est secrète ou non disponible
unite                texte    Unité
statut               texte    publie, secret ou non_disponible
""",
    ),
    _schema(
        "indicateurs/catalogue",
        "un indicateur",
        "indicateur",
        """
indicateur           texte    Indicateur
ordre                entier   Ordre de présentation
libelle              texte    Libellé
unite                texte    Unité
champ                texte    Champ
source               texte    Source
lecture              texte    Modèle de phrase de lecture
additif              texte    Dimensions sur lesquelles les valeurs s'additionnent, séparées par |
rattachement         texte    Géographie : lieu d'exécution ou de résidence
ventilations         texte    Croisements publiés, séparés par |
methode              texte    Note de méthode
""",
    ),
    _schema(
        "indicateurs/provenance",
        "un fichier reçu",
        "source millesime fichier",
        """
source               texte    Source
millesime            texte    Date de la livraison
fichier              texte    Nom du fichier reçu
titre                texte    Titre
producteur           texte    Producteur
licence              texte    Licence
date_extraction      date     Date d'extraction
fictif               booleen  Données fictives
sha256               texte    Empreinte
lues                 entier   Lignes lues
gardees              entier   Lignes gardées
marquees             entier   Lignes marquées
ecartees             entier   Lignes écartées
""",
    ),
)

SCHEMAS = {schema.nom: schema for schema in _TABLES}
