"""Les tables typées et marquées ; les lignes écartées sont dans `controle/rejets`."""

from __future__ import annotations

from observatoire.schemas.acquisition import CLE_ORIGINE, MARCHE, ORIGINE, colonnes_suivi
from observatoire.schemas.schema import declarer

DECP_CONTROLE = (
    ORIGINE
    + MARCHE
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

TABLES = (
    declarer("controle/decp", "un contrat, ou un contrat et un titulaire, typé", CLE_ORIGINE, DECP_CONTROLE),
    declarer(
        "controle/suivi",
        "un contrat de travail et un mois, typé, codes résolus",
        CLE_ORIGINE,
        colonnes_suivi(typees=True)
        + """
modalite_source      texte    Modalité telle qu'écrite par la source
ecarts               texte    Règles qui ont marqué la ligne, séparées par |
""",
    ),
    declarer(
        "controle/grands_projets",
        "un marché d'un grand projet, typé",
        CLE_ORIGINE,
        ORIGINE
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
ecarts               texte    Règles qui ont marqué la ligne, séparées par |
""",
    ),
    declarer(
        "controle/rejets",
        "une ligne et une règle qui l'a marquée ou écartée",
        "source millesime fichier ligne regle",
        ORIGINE
        + """
gravite              texte    bloquant (ligne écartée) ou avertissement (ligne gardée)
regle                texte    Nom de la règle
colonne              texte    Colonne en cause
valeur               texte    Valeur reçue
remede               texte    Ce que la source peut corriger
""",
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
marquees             entier   Lignes gardées avec au moins un avertissement
ecartees             entier   Lignes écartées (lues = gardées + écartées)
""",
    ),
)
