"""Les mots des répartitions, des taux et des comptes que montrent les fiches par public."""

from __future__ import annotations

from dataclasses import dataclass

from observatoire.publication.fiche.phrases import RESIDENCE, Sujet

_LECTURE = "{pendant}, « {modalite} » compte {effectif}, soit {part} {base}."
_HEURES = ("heure", "heures")

HEURES_PAR_TYPE = Sujet(
    id="heures-par-type",
    indicateur="heures_realisees",
    ventilation="type_marche",
    couleur="heures",
    colonne="Type de marché",
    effectif="Heures",
    noms=_HEURES,
    titre="Heures réalisées par type de marché",
    sous_titre="Heures d’insertion réalisées sur les marchés exécutés {ou}, {quand} ; ensemble : {ensemble}",
    lecture="{pendant}, « {modalite} » porte {effectif}, soit {part} {base}.",
    constats={
        "T": "Les travaux portent {part} des heures",
        "S": "Les services portent {part} des heures",
        "F": "Les fournitures portent {part} des heures",
        "PI": "Les prestations intellectuelles portent {part} des heures",
    },
)

HEURES_PAR_PROGRAMME = Sujet(
    id="heures-par-programme",
    indicateur="heures_realisees",
    ventilation="programme",
    couleur="heures",
    colonne="Programme",
    effectif="Heures",
    noms=_HEURES,
    titre="Heures réalisées par les grands projets",
    sous_titre="Heures d’insertion réalisées sur les marchés exécutés {ou}, {quand} ; ensemble : {ensemble}",
    lecture="{pendant}, « {modalite} » porte {effectif}, soit {part} {base}.",
)
PROGRAMME_CONSTAT = "Les grands projets portent {part} des heures"

HEURES_A_VENIR = Sujet(
    id="heures-a-venir",
    indicateur="heures_engagees",
    ventilation="secteur",
    couleur="heures",
    colonne="Secteur",
    effectif="Heures",
    noms=_HEURES,
    titre="Heures engagées par secteur",
    sous_titre=(
        "Heures que les marchés notifiés et exécutés {ou} s’engagent à réaliser, {quand} ; "
        "ensemble : {ensemble}"
    ),
    lecture="{pendant}, « {modalite} » engage {effectif}, soit {part} {base}.",
    constats={
        "BAT": "Le bâtiment engage {part} des heures à venir",
        "TP": "Les travaux publics engagent {part} des heures à venir",
        "ENVIRONNEMENT": "Espaces verts, eau, déchets et réemploi engagent {part} des heures à venir",
        "SERVICES": "Les services et l’industrie engagent {part} des heures à venir",
    },
)

METIERS = Sujet(
    id="metiers",
    indicateur="contrats_signes",
    ventilation="metier",
    couleur="contrats",
    colonne="Métier exercé",
    effectif="Contrats",
    noms=("contrat", "contrats"),
    titre="Contrats signés par métier",
    sous_titre="Contrats de travail signés, exécutés {ou}, {quand} ; ensemble : {ensemble}",
    lecture=_LECTURE,
    constats={
        "F": "La construction et les travaux publics forment {part} des embauches",
        "K": "Les services à la personne et à la collectivité forment {part} des embauches",
        "A": "Les espaces verts et naturels forment {part} des embauches",
        "N": "Le transport et la logistique forment {part} des embauches",
        "HI": "L’industrie, l’installation et la maintenance forment {part} des embauches",
    },
)

EMBAUCHES = Sujet(
    id="embauches",
    indicateur="contrats_signes",
    ventilation="prescripteur",
    couleur="contrats",
    colonne="Prescripteur",
    effectif="Contrats",
    noms=("contrat", "contrats"),
    titre="Contrats signés par prescripteur",
    sous_titre="Contrats de travail signés, exécutés {ou}, {quand} ; ensemble : {ensemble}",
    autres="Autres prescripteurs",
    lecture=_LECTURE,
    constats={
        "FT": "France Travail est à l’origine de {part} des embauches",
        "ML": "Les missions locales sont à l’origine de {part} des embauches",
        "SIAE": "Les structures d’insertion sont à l’origine de {part} des embauches",
        "PLIE": "Les PLIE sont à l’origine de {part} des embauches",
        "DEPT": "Les départements et délégataires du RSA sont à l’origine de {part} des embauches",
        "CAPE": "Cap emploi est à l’origine de {part} des embauches",
        "SPONT": "{part} des embauches viennent d’une candidature spontanée ou de l’entreprise",
    },
)

EMPLOYEURS = Sujet(
    id="employeurs",
    indicateur="contrats_actifs",
    ventilation="type_employeur",
    couleur="contrats",
    colonne="Employeur",
    effectif="Contrats",
    noms=("contrat", "contrats"),
    titre="Contrats de travail par type d’employeur",
    sous_titre="Contrats ayant au moins une heure travaillée {ou}, {quand} ; ensemble : {ensemble}",
    lecture=_LECTURE,
    constats={
        "EC": "Les entreprises classiques portent {part} des contrats",
        "ETT": "L’intérim classique porte {part} des contrats",
        "SIAE": "Les structures d’insertion portent {part} des contrats",
        "GEIQ": "Les GEIQ portent {part} des contrats",
        "STPA": "Le secteur adapté et protégé porte {part} des contrats",
    },
)

FLUX = Sujet(
    id="flux",
    indicateur=RESIDENCE.indicateur,
    ventilation=RESIDENCE.ventilation,
    couleur="personnes",
    colonne="Résidence",
    effectif="Personnes",
    noms=RESIDENCE.noms,
    titre="D’où viennent les personnes employées",
    sous_titre=RESIDENCE.sous_titre,
    autres=RESIDENCE.autres,
    lecture=RESIDENCE.lecture,
)
FLUX_CONSTAT = "{part} des personnes employées {ou} habitent « {modalite} »"


@dataclass(frozen=True, slots=True)
class SujetTaux:
    """Des taux comparés à un repère : les modalités d'un indicateur, ou plusieurs indicateurs.

    Attributes:
        lignes: libellé et indicateur de chaque ligne ; vide quand `ventilation` les donne.
        constat: le titre quand l'ensemble de `indicateur` est publié ; il porte `{valeur}` et `{ou}`.
        etendue: le titre quand deux lignes sont publiées ; il porte `{moins}` et `{plus}`.
    """

    id: str
    indicateur: str
    titre: str
    sous_titre: str
    colonne: str
    mesure: str
    lecture: str
    constat: str = ""
    etendue: str = ""
    ventilation: str = ""
    lignes: tuple[tuple[str, str], ...] = ()
    en_heures: bool = False
    note: str = ""


CONSIDERATIONS_PAR_ACHETEUR = SujetTaux(
    id="considerations-par-acheteur",
    indicateur="part_marches_considerations",
    ventilation="type_acheteur",
    titre="Marchés à considération sociale par type d’acheteur",
    sous_titre="Part des marchés notifiés et renseignés, exécutés {ou}, {quand}, en %",
    colonne="Acheteur",
    mesure="Part",
    lecture="{pendant}, {valeur} des marchés de « {modalite} » comportent une considération sociale.",
    etendue="De {moins} à {plus} des marchés comportent une considération sociale, selon l’acheteur",
    note="Les parts portent sur les marchés qui disent s’ils comportent une considération sociale.",
)

HEURES_PAR_MARCHE = SujetTaux(
    id="heures-par-marche",
    indicateur="heures_par_marche",
    ventilation="type_marche",
    titre="Heures engagées par marché clausé",
    sous_titre="Heures d’insertion engagées, en moyenne par marché clausé notifié {ou}, {quand}",
    colonne="Type de marché",
    mesure="Heures par marché",
    lecture="{pendant}, un marché clausé de « {modalite} » engage {valeur} en moyenne.",
    constat="Un marché clausé engage {valeur} en moyenne {ou}",
    en_heures=True,
    note="Une moyenne : un seul grand marché l’élève.",
)

PUBLICS = SujetTaux(
    id="publics",
    indicateur="part_travailleurs_handicapes",
    titre="Publics bénéficiaires",
    sous_titre="Part des bénéficiaires qui habitent {ou}, {quand}, en %",
    colonne="Public",
    mesure="Part",
    lecture="{pendant}, la ligne « {modalite} » compte {valeur} des bénéficiaires dont un public est connu.",
    constat="{valeur} des bénéficiaires sont des travailleurs handicapés",
    lignes=(
        ("Travailleurs handicapés", "part_travailleurs_handicapes"),
        ("Bénéficiaires du RSA", "part_rsa"),
        ("Chômage de très longue durée", "part_chomeurs_tres_longue_duree"),
        ("Chômage de longue durée", "part_chomeurs_longue_duree"),
        ("Jeunes peu ou pas qualifiés", "part_jeunes_peu_qualifies"),
        ("En parcours d’insertion", "part_parcours_insertion"),
        ("Habitants d’un QPV", "part_qpv"),
        ("Niveau inférieur au baccalauréat", "part_infra_bac"),
    ),
    note="Une personne peut relever de plusieurs publics : leurs parts ne s’additionnent pas.",
)


@dataclass(frozen=True, slots=True)
class SujetCompte:
    """Des effectifs par modalité, sans part : une unité peut avoir plusieurs modalités, ou aucune connue."""

    id: str
    indicateur: str
    ventilation: str
    couleur: str
    colonne: str
    effectif: str
    noms: tuple[str, str]
    titre: str
    constat: str
    sous_titre: str
    note: str


STRUCTURES = SujetCompte(
    id="structures",
    indicateur="structures_implantees",
    ventilation="genre_structure",
    couleur="marches",
    colonne="Genre de structure",
    effectif="Structures",
    noms=("structure", "structures"),
    titre="Structures de l’insertion et du handicap",
    constat="{effectif} de l’insertion et du handicap {ou}",
    sous_titre="Établissements implantés {ou}, d’après les dernières listes publiques reçues",
    note="Un établissement conventionné à deux titres compte dans chacun ; il travaille souvent au-delà.",
)

MARCHES_RESERVES = SujetCompte(
    id="marches-reserves",
    indicateur="marches_reserves",
    ventilation="reservation",
    couleur="marches",
    colonne="Réservés à",
    effectif="Marchés",
    noms=("marché réservé", "marchés réservés"),
    titre="Marchés réservés notifiés",
    constat="{effectif} {ou}",
    sous_titre="Marchés publics réservés, exécutés {ou}, {quand} (données essentielles)",
    note="Le bénéficiaire de la réservation se déduit des titulaires : son détail est un minimum.",
)


@dataclass(frozen=True, slots=True)
class SujetBande:
    """Une bande de chiffres : libellé, indicateur, unité, précision et décimales de chacun.

    Attributes:
        principal: l'indicateur dont le champ, la source et la lecture s'impriment sous la bande.
    """

    titre: str
    principal: str
    chiffres: tuple[tuple[str, str, str, str, int], ...]
    note: str


COUVERTURE = SujetBande(
    titre="Couverture et qualité des données du territoire",
    principal="part_structures_ayant_transmis",
    chiffres=(
        ("Structures porteuses", "structures_attendues", "", "dont un export est attendu", 0),
        ("Ont transmis", "part_structures_ayant_transmis", "%", "des structures attendues", 1),
        ("Lignes complètes", "part_heures_completes", "%", "des heures", 1),
        ("Délai de saisie", "delai_de_saisie", "jours", "après la fin du mois, médiane", 0),
        ("Grands projets suivis", "couverture_projets", "%", "de leurs marchés", 1),
    ),
    note="Un territoire dont une structure n’a pas transmis est sous-estimé : rien n’est extrapolé.",
)

FORMATION = SujetBande(
    titre="Accès à la formation",
    principal="acces_a_la_formation",
    chiffres=(
        ("Bénéficiaires formés", "beneficiaires_formes", "personnes", "au moins une heure", 0),
        ("Accès à la formation", "acces_a_la_formation", "%", "des bénéficiaires", 1),
        ("Diplôme sous le bac", "part_infra_bac", "%", "des bénéficiaires", 1),
        ("Moins de 26 ans", "part_moins_26_ans", "%", "des bénéficiaires", 1),
    ),
    note="Une formation n’est connue que si la structure en saisit les heures.",
)

PROGRAMME_SANS = "{nom} : aucun marché connu {pendant}."
EVOLUTION_TITRE = "Heures réservées à l’insertion depuis l’origine"
EVOLUTION_CONSTAT = "{heures} réservées à l’insertion depuis l’origine"
EVOLUTION_SOUS_TITRE = (
    "{nom} : heures que réservent les marchés notifiés à la fin de chaque trimestre, en {unite}"
)
EVOLUTION_LECTURE = "fin {quand}, les marchés notifiés réservent {heures} à l’insertion."
EVOLUTION_NOTE = "Un cumul d’engagements déclarés à la notification, non d’heures réalisées."
DEPARTEMENTS_TITRE = "{nom} : marchés notifiés par département"
DEPARTEMENTS_CONSTAT = "{nom} : {marches}"
DEPARTEMENTS_SOUS_TITRE = (
    "Marchés notifiés depuis l’origine, par département d’exécution, à la fin du {quand}"
)
DEPARTEMENTS_LECTURE = "fin {quand}, {nom} compte {marches} {ou}."
DEPARTEMENTS_NOTE = (
    "Un marché exécuté dans deux départements compte dans chacun ; un marché sans lieu ne compte que dans la "
    "région."
)
REALISATION_GP_TITRE = "Réalisation des clauses de tous les grands projets"
REALISATION_GP_NOTE = (
    "Tous les grands projets ensemble : le plan de publication ne les distingue pas dans les heures "
    "réalisées."
)
