"""Ce qui s'écrit autour des figures : constats, lectures, sous-titres ; `formats` y met les nombres."""

from __future__ import annotations

from dataclasses import dataclass, field

REGION = "Île-de-France"
PRUDENCE = ", à lire avec prudence"
NON_RENSEIGNE = "Non renseigné : {taux}, hors du calcul des parts{prudence}."
NON_RENSEIGNE_SECRET = "Non renseigné : s ; les parts portent sur l’ensemble."
BASE_RENSEIGNE, BASE_ENSEMBLE = "de ce qui est renseigné", "de l’ensemble"
SANS_DONNEES = "{titre} : aucune donnée {ou} {pendant}."
RIEN_DE_PUBLIABLE = "Aucune valeur n’est publiable : elles sont secrètes ou ne sont pas disponibles."
EFFECTIF_INSUFFISANT = "{titre} : effectif insuffisant {ou} ({limite})."
SANS_DETAIL = "{titre} : non publié à cette échelle, le secret statistique en couvrirait trop."
ENSEMBLE_SEUL, ENSEMBLE_CACHE = "Ensemble : {ensemble} {pendant}.", "L’ensemble n’est pas publiable."
PERIODE_LONGUE = "Période : du {debut} au {fin}."
REPERE_TRIMESTRE = "Région : {quand} seul."
EFFECTIF_NUL = "Rien n’a été observé sur la période : l’ensemble vaut zéro."
TROP_NON_RENSEIGNE = (
    "Figure retirée : {taux} de non-renseigné, au-delà de {seuil}. Les parts ne sont pas significatives."
)
LECTURE_SIMPLE = "{pendant}, « {modalite} » compte {effectif}."
LECTURE_VIDE = (
    "« s » signale une valeur secrète, « n.d. » une valeur non disponible ; aucune n’est publiée ici."
)
MULTIVALUE = "Une personne peut relever de plusieurs publics : leurs parts ne s’additionnent pas."


@dataclass(frozen=True, slots=True)
class Sujet:
    """Les mots d'une répartition : son titre neutre, un constat par modalité de tête, sa lecture."""

    id: str
    indicateur: str
    ventilation: str
    couleur: str
    colonne: str
    effectif: str
    noms: tuple[str, str]
    titre: str
    sous_titre: str
    lecture: str
    autres: str = "Autres"
    constats: dict[str, str] = field(default_factory=dict)


HEURES_PAR_MODALITE = Sujet(
    id="heures-par-modalite",
    indicateur="heures_realisees",
    ventilation="modalite",
    couleur="heures",
    colonne="Modalité",
    effectif="Heures",
    noms=("heure", "heures"),
    titre="Heures réalisées par modalité juridique",
    sous_titre="Heures d’insertion réalisées sur les marchés exécutés {ou}, {quand} ; ensemble : {ensemble}",
    lecture="{pendant}, « {modalite} » porte {effectif}, soit {part} {base}.",
    constats={
        "EXECUTION": "Les conditions d’exécution portent {part} des heures",
        "INSERTION": "Les marchés d’insertion portent {part} des heures",
        "RESERVE": "Les marchés réservés portent {part} des heures",
    },
)

CONTRATS = Sujet(
    id="contrats-par-type",
    indicateur="contrats_actifs",
    ventilation="type_contrat",
    couleur="contrats",
    colonne="Contrat",
    effectif="Contrats",
    noms=("contrat", "contrats"),
    titre="Contrats de travail par type",
    sous_titre="Contrats ayant au moins une heure travaillée {ou}, {quand} ; ensemble : {ensemble}",
    lecture="{pendant}, « {modalite} » compte {effectif}, soit {part} {base}.",
    constats={
        "CDI": "Les CDI forment {part} des contrats",
        "CDD": "Les CDD forment {part} des contrats",
        "CDDI": "Les CDD d’insertion forment {part} des contrats",
        "CTTI": "Les missions d’intérim d’insertion forment {part} des contrats",
        "CTT": "Les missions d’intérim classique forment {part} des contrats",
        "ALTERNANCE": "L’alternance forme {part} des contrats",
    },
)

PRESCRIPTEURS = Sujet(
    id="prescripteurs",
    indicateur="beneficiaires",
    ventilation="prescripteur",
    couleur="personnes",
    colonne="Prescripteur",
    effectif="Personnes",
    noms=("personne", "personnes"),
    titre="Bénéficiaires par prescripteur",
    sous_titre="Bénéficiaires qui habitent {ou}, {quand}, selon qui les a orientés ; ensemble : {ensemble}",
    autres="Autres prescripteurs",
    lecture="{pendant}, « {modalite} » a orienté {effectif}, soit {part} {base}.",
    constats={
        "FT": "France Travail a orienté {part} des bénéficiaires",
        "ML": "Les missions locales ont orienté {part} des bénéficiaires",
        "SIAE": "Les structures d’insertion ont orienté {part} des bénéficiaires",
        "PLIE": "Les PLIE ont orienté {part} des bénéficiaires",
        "DEPT": "Les départements et délégataires du RSA ont orienté {part} des bénéficiaires",
        "CAPE": "Cap emploi a orienté {part} des bénéficiaires",
        "SPONT": "{part} des bénéficiaires viennent d’une candidature spontanée ou de l’entreprise",
    },
)

RESIDENCE = Sujet(
    id="residence",
    indicateur="beneficiaires_sur_place",
    ventilation="departement_residence",
    couleur="personnes",
    colonne="Résidence",
    effectif="Personnes",
    noms=("personne", "personnes"),
    titre="Département de résidence des personnes employées",
    sous_titre="Personnes employées sur les marchés exécutés {ou}, {quand} ; ensemble : {ensemble}",
    autres="Autres départements",
    lecture=("{pendant}, {effectif} habitent « {modalite} », soit {part} {base}."),
)

HABITANTS = Sujet(
    id="residence",
    indicateur="beneficiaires_sur_place",
    ventilation="habite_le_territoire",
    couleur="personnes",
    colonne="Habite le territoire",
    effectif="Personnes",
    noms=("personne", "personnes"),
    titre="Personnes employées qui habitent le territoire",
    sous_titre="Personnes employées sur les marchés exécutés {ou}, {quand} ; ensemble : {ensemble}",
    lecture="{pendant}, la ligne « {modalite} » compte {effectif}, soit {part} {base}.",
)
"""Quand le plan ne publie pas le département de résidence : ceux d’ici et les autres."""

TENDANCE_TITRE = "Heures d’insertion réalisées par trimestre"
TENDANCE_CONSTAT = "Les heures d’insertion {verbe} de {evolution} en un an"
TENDANCE_NIVEAU = "{heures} {pendant}"
TENDANCE_SOUS_TITRE = (
    "Heures réalisées sur les marchés exécutés {ou}, en {unite} ; foncé : {rang} de chaque année"
)
TENDANCE_PROVISOIRE = "Colonne hachurée : trimestre provisoire, encore incomplet."
TENDANCE_GRANDS_PROJETS = "Les grands projets portent {part} des heures {pendant}."

TENDANCE_CONSTANTE = "À structures constantes ({couverture} des heures), {evolution} en un an."

CLAUSES_TITRE = "Marchés clausés par type"
CLAUSES_SOUS_TITRE = "Marchés comportant une clause sociale, exécutés {ou}, {quand} (logiciels de suivi)"
CLAUSES_NOTE = (
    "Notifiés dans le trimestre ; actifs : en cours d’exécution ; générateurs : au moins une heure réalisée."
)
CLAUSES_CONSTATS = {
    "T": "Les travaux rassemblent {effectif} sur {ensemble}",
    "S": "Les services rassemblent {effectif} sur {ensemble}",
    "PI": "Les prestations intellectuelles rassemblent {effectif} sur {ensemble}",
    "F": "Les fournitures rassemblent {effectif} sur {ensemble}",
}

REALISATION_TITRE = "Réalisation des clauses"
REALISATION = (
    ("heures_engagees_en_cours", "h", "Engagées", "par les clauses en cours"),
    ("heures_realisees_en_cours", "h", "Réalisées", "depuis leur début"),
    ("reste_a_realiser", "h", "À réaliser", "d’ici leur terme"),
    ("taux_avancement", "%", "Avancement", "du réalisé sur l’engagé"),
    ("avancement_temporel", "%", "Temps écoulé", "à rythme constant"),
)
"""Les chiffres de la réalisation, dans l'ordre : indicateur, unité, libellé, précision."""
REALISATION_NOTE = "Chaque clause compte dans la limite de son engagement ; un chantier démarre lentement."
SOLDEES, SOLDEES_LONGUES, SOLDEES_COURTES = "Clauses soldées", "de l’engagé, en un an", "de l’engagé"

SORTIES_TITRE = "Situation des bénéficiaires six mois après"
FINS_DE_PARCOURS, SITUATIONS_CONNUES = "Fins de parcours", "Situations connues"
EMPLOI_DURABLE, DYNAMIQUES = "En emploi durable", "En emploi ou formation"
SIX_MOIS_APRES = "six mois après"
SORTIES_NOTE = (
    "Parcours dont les six mois sont écoulés ; parts des situations connues, tues sous {minimum} de "
    "réponses. Emploi durable : CDI, contrat de plus de six mois, création d’entreprise."
)
SORTIES_INCONNUES = (
    "{titre} : rien de publiable {ou}. Le délai de six mois n’est pas écoulé, ou le secret statistique "
    "s’applique."
)
SORTIES_AILLEURS = (
    "Effectif insuffisant {ou} : la situation des bénéficiaires n’y est pas publiée. En Île-de-France, six "
    "mois après la fin de leur parcours, {durable} sont en emploi durable et {dynamiques} en emploi ou en "
    "formation, parmi les situations connues ({reponse}), pour les parcours finis {pendant}."
)

PUBLICS_TITRE = "Marchés publics notifiés par type"
PUBLICS_CONSTAT = "{part} des marchés notifiés comportent une considération sociale"
PUBLICS_ZERO = "Aucun des marchés notifiés et renseignés ne comporte de considération sociale"
PUBLICS_SANS_PART = "{marches} {ou}"
PUBLICS_SOUS_TITRE = (
    "Marchés publics notifiés, exécutés {ou}, {quand} (données essentielles de la commande publique)"
)
PUBLICS_NON_RENSEIGNES = "{marches} {ou}, considération sociale non renseignée"
PUBLICS_AUCUN = (
    "Aucun de ces marchés ne dit s’il comporte une considération sociale : la part n’est pas disponible."
)
PUBLICS_NOTE = (
    "Considération sociale renseignée pour {taux} des marchés ; les parts ne portent que sur eux{prudence}."
)

PERSONNES = ("personne", "personnes")
PROFIL_TITRE = "Profil des bénéficiaires"
PROFIL_SOUS_TITRE = "Part des bénéficiaires qui habitent {ou}, {quand}, en % ; ensemble : {ensemble}"
PROFIL_CONSTAT = "Les femmes forment {part} des bénéficiaires"
PROFIL_COMPARE = "Les femmes forment {part} des bénéficiaires, contre {region} en Île-de-France"
PROFIL_COMME = "Les femmes forment {part} des bénéficiaires, comme en Île-de-France"
PROFIL_LECTURE = "{pendant}, la ligne « {modalite} » compte {effectif}, soit {part}."
PROFIL_SECRET = ", part sur l’ensemble"
PROFIL_NR = "Non renseigné, hors des parts : {taux}."

EMPLOYEURS = "Par employeur : {parts}."
RESIDENCE_CONSTAT = "{part} des personnes employées {ou} y habitent"

PROFILS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Femmes", "sexe", ("F",)),
    ("Moins de 26 ans", "tranche_age", ("M26",)),
    ("50 ans et plus", "tranche_age", ("A50P",)),
    ("Habitants d’un QPV", "qpv", ("OUI",)),
    ("CAP, BEP ou moins", "niveau_diplome", ("INF3", "N3")),
)
"""Les lignes du profil, dans l'ordre : libellé, ventilation, modalités réunies."""

PUBLICS = {
    "DETLD": "Chômage de très longue durée",
    "DELD": "Chômage de longue durée",
    "BRSA": "Bénéficiaires du RSA",
    "RQTH": "Travailleurs handicapés",
    "JEUNE_SQ": "Jeunes peu ou pas qualifiés",
    "PARCOURS": "En parcours d’insertion",
}
"""Les libellés courts des publics comparés d'un territoire à l'autre, hors âge et QPV déjà montrés."""


CRITERES = {
    "modalite": "modalité",
    "type_contrat": "type de contrat",
    "sexe": "sexe",
    "tranche_age": "âge",
    "niveau_diplome": "diplôme",
    "qpv": "QPV",
    "public": "publics",
    "prescripteur": "prescripteur",
}

EN_UN_AN, UN_AN_AVANT = "{evolution} en un an", "{valeur} un an plus tôt"

SOUS_TITRE_PUBLIC = "{pour}, {quand}"
SOUS_TITRE = "Clauses sociales dans les marchés publics, {quand}"
MENTION_FICTIF = "Données fictives : aucun chiffre de cette fiche ne décrit la réalité."
MENTION_SANS_SUIVI = "Aucun logiciel de suivi n’a transmis d’heures pour ce trimestre."
MENTION_LONGUE = (
    "Répartitions : {quand}, période la plus courte où les effectifs le permettent ; totaux : trimestre."
)
MENTION_PROVISOIRE = (
    "Chiffres provisoires jusqu’au {date} : derniers mois incomplets, pas encore d’évolution."
)

SUFFIXE_FICTIF = " (données fictives)"
FICTIF = "Données fictives : elles sont fabriquées pour essayer la chaîne et ne décrivent aucune réalité."
PROVISOIRE = (
    "Chiffres provisoires : sources extraites le {extraction} ; ils deviennent définitifs {jours} après "
    "la fin du trimestre, le {date}."
)
DEFINITIF = (
    "Chiffres définitifs : sources extraites le {extraction}, plus de {jours} après la fin du trimestre."
)
GEOGRAPHIE = (
    "Heures, marchés et contrats sont comptés là où le marché s’exécute ; bénéficiaires et prescripteurs, "
    "là où la personne habite à son entrée. Découpage géographique de {millesime}."
)
SECRET = (
    "s : donnée couverte par le secret statistique (moins de {personnes} personnes — {sensible} pour les "
    "données sensibles —, moins de {employeurs} entreprises, une entreprise dominante, ou donnée permettant "
    "de recalculer une donnée protégée){ici}."
)
SECRET_ICI = " ; {secretes} sur {total} dans ce territoire"
QUALITE_ICI = "Qualité des heures {ou}, {quand} : {mesures}."
QUALITES_ICI = (
    ("part_heures_completes", "{valeur} sur une ligne entièrement renseignée"),
    ("part_structures_ayant_transmis", "{valeur} des structures attendues ont transmis"),
    ("delai_de_saisie", "saisie {valeur} après la fin du mois (médiane)"),
)
QUALITE_HEURES = (
    "Toutes sources : {completude} des heures sur une ligne entièrement renseignée ; saisies {delai} après "
    "la fin du mois ; {estimees} réparties par jours{mutualisees}. Clauses retrouvées dans les données "
    "essentielles : {rapprochement}. Personnes de plusieurs structures, comptées une fois : {plusieurs}."
)
MUTUALISEES = ", {part} partagées entre clauses"
QUALITE_MARCHES = (
    "Marchés publics : {completude} complets ; publiés {delai} après leur notification (médiane)."
)
COUVERTURE_INCOMPLETE = "Couverture incomplète : {part} du volume du même trimestre un an avant ({titre})."
DEROGATION = "Seuil de qualité passé outre ({titre}) : {texte}"
METHODE_NR = "Non renseigné, hors du calcul des parts : {taux}."
CONTACT = "Un équivalent temps plein vaut {par_etp}. {nom}. Contact : {contact}."
SIGNES = (
    ("s", "secret statistique"),
    ("n.d.", "non disponible"),
    ("n.s.", "non significatif, trop de non-renseigné ou trop peu de réponses"),
    ("–", "sans objet"),
    ("0", "zéro observé"),
    ("hachures", "trimestre provisoire"),
)

COMMENTAIRE_TITRE = "Commentaire de l’observatoire"
COMMENTAIRE_A_RELIRE = (
    "Commentaire écrit avant la dernière mise à jour des chiffres : il peut ne plus leur correspondre."
)
COMMENTAIRE_SANS_CHIFFRES = "il ne dit pas pour quels chiffres il a été écrit."
COMMENTAIRE_AILLEURS = "il a été écrit pour {ou}."
COMMENTAIRE_ETAT = "{libelle} : {avant}, désormais {apres}."
COMMENTAIRE_ECART = "{libelle} : {avant}, désormais {apres} ({evolution})."
ETATS = {
    "publie": "publié",
    "secret": "secret",
    "non_disponible": "non disponible",
    "non_significatif": "non significatif",
}
