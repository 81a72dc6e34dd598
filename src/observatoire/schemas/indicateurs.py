"""Ce qui se publie : secret déjà appliqué ; notebooks et gabarits ne lisent rien d'autre."""

from __future__ import annotations

from observatoire.schemas.schema import declarer

TABLES = (
    declarer(
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
statut               texte    publie, secret, non_disponible ou non_significatif (rapports)
""",
    ),
    declarer(
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
multiples            texte    Ventilations où une unité peut avoir plusieurs modalités, séparées par |
numerateur           texte    Pour un rapport : cellules divisées (indicateur.ventilation=A|B) ; vide sinon
denominateur         texte    Pour un rapport : cellules par lesquelles on divise ; vide sinon
personnes            booleen  Le secret statistique s'applique
methode              texte    Note de méthode
""",
    ),
    declarer(
        "indicateurs/comparaisons",
        "une cellule publiée et un repère",
        "territoire periode indicateur ventilation modalite repere",
        """
indicateur           texte    Indicateur
territoire           texte    Territoire
periode              texte    Période
ventilation          texte    Croisement, ou ensemble
modalite             texte    Modalité publiée, ou ensemble
repere               texte    an_precedent, champ_constant, quatre_trimestres ou region
reference            reel     Valeur du repère, vide si elle n'est pas publiée
ecart                reel     Écart de la cellule au repère
unite                texte    Unité de l'écart : % (évolution), points (écart de parts) ou unité de l'indicateur
statut               texte    publie, secret, non_disponible ou non_significatif
couverture_pct       reel     Part de la valeur qui entre dans la comparaison, à champ constant (%)
""",
    ),
    declarer(
        "indicateurs/revisions",
        "un total révisé par une édition",
        "edition indicateur territoire periode",
        """
edition              texte    Édition qui révise : 2026-T3-e1
indicateur           texte    Indicateur
territoire           texte    Territoire
periode              texte    Période
ancienne             reel     Valeur de l'édition précédente
nouvelle             reel     Valeur de cette édition
ecart                reel     Différence
motif                texte    Faute corrigée par un erratum ; vide pour une saisie tardive
non_reparties        texte    Niveaux et ventilations qui gardent leur première valeur, séparés par |
""",
    ),
    declarer(
        "indicateurs/secret",
        "un niveau, un rythme, un indicateur, une ventilation (à usage interne)",
        "niveau rythme indicateur ventilation",
        """
niveau               texte    Niveau de territoire
rythme               texte    trimestre, glissant ou annee
indicateur           texte    Indicateur
ventilation          texte    Croisement, ou ensemble
cellules             entier   Cellules du plan de publication
publiees             entier   Cellules publiées
primaires            entier   Cellules cachées par une règle
complementaires      entier   Cellules cachées pour protéger les précédentes
cibles               entier   Cellules dont l'audit a calculé l'intervalle
amplitude_minimum    reel     Le plus petit intervalle trouvé par l'audit, dans l'unité de l'indicateur
""",
    ),
    declarer(
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
    declarer(
        "indicateurs/qualite",
        "une source et une mesure de qualité",
        "source mesure",
        """
source               texte    Source
mesure               texte    Mesure : completude_heures, delai_saisie_median, rapprochement, derogation…
libelle              texte    Ce que la mesure dit
valeur               reel     Valeur, vide si elle n'est pas un nombre
unite                texte    %, jours, lignes… ou rien
texte                texte    Phrase, quand la mesure n'est pas un nombre
""",
    ),
)
