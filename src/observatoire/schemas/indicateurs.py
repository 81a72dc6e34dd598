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
statut               texte    publie, secret ou non_disponible
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
methode              texte    Note de méthode
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
