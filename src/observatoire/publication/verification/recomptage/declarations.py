"""De quelles cellules viennent les nombres de chaque bloc d'une fiche.

Une figure nouvelle s'ajoute à `FIGURES`, une bande à `BANDES`, un chiffre clé à `CLES` ; sans quoi
« observatoire verifier » la dit non vérifiée.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.publication.verification.recomptage.bandes import (
    Bande,
    Cles,
    DeProgramme,
    Realisation,
    Sorties,
)
from observatoire.publication.verification.recomptage.marches import MarchesNotifies, MarchesSuivis
from observatoire.publication.verification.recomptage.projets import (
    PROJET,
    Departements,
    PetitesEntreprises,
    Projets,
)
from observatoire.publication.verification.recomptage.series import Tendance
from observatoire.publication.verification.recomptage.territoires import Voisins
from observatoire.publication.verification.recomptage.ventilees import (
    Comptes,
    Premiere,
    Profil,
    Pyramide,
    Repartie,
    Taux,
)
from observatoire.publication.verification.recomptage.vue import derniere, longue, un_an
from observatoire.referentiel import ENSEMBLE, libelles_courts

if TYPE_CHECKING:
    from observatoire.perimetre import Programme
    from observatoire.publication.verification.recomptage.attendu import Recompte

_COURTS = libelles_courts()
_SUIVIS = ("marches_clauses_notifies", "marches_clauses_actifs", "marches_clauses_generateurs")
_SUR_PLACE, _DEPARTEMENT = "beneficiaires_sur_place", "departement_residence"

RESIDENCE = Repartie(
    _SUR_PLACE,
    _DEPARTEMENT,
    "Département de résidence des personnes employées",
    compare=False,
    reste="Autres départements",
)
_HABITANTS = Repartie(
    _SUR_PLACE, "habite_le_territoire", "Personnes employées qui habitent le territoire", compare=False
)
CONTRATS = Repartie("contrats_actifs", "type_contrat", "Contrats de travail par type", citee="type_employeur")
_PROFIL = Profil(
    "Profil des bénéficiaires",
    "beneficiaires",
    lignes=(
        ("Femmes", "sexe", ("F",)),
        ("Moins de 26 ans", "tranche_age", ("M26",)),
        ("50 ans et plus", "tranche_age", ("A50P",)),
        ("Habitants d’un QPV", "qpv", ("OUI",)),
        ("CAP, BEP ou moins", "niveau_diplome", ("INF3", "N3")),
    ),
    publics={
        "DETLD": "Chômage de très longue durée",
        "DELD": "Chômage de longue durée",
        "BRSA": "Bénéficiaires du RSA",
        "RQTH": "Travailleurs handicapés",
        "JEUNE_SQ": "Jeunes peu ou pas qualifiés",
        "PARCOURS": "En parcours d’insertion",
    },
)

FIGURES: dict[str, Recompte] = {
    "tendance": Tendance("Heures d’insertion réalisées par trimestre", "heures_realisees"),
    "heures-par-modalite": Repartie(
        "heures_realisees", "modalite", "Heures réalisées par modalité juridique"
    ),
    "marches-clauses": MarchesSuivis("Marchés clausés par type", "marches_clauses_actifs", _SUIVIS),
    "marches-publics": MarchesNotifies(
        "Marchés publics notifiés par type",
        "marches_notifies",
        "part_marches_considerations",
        "consideration_sociale",
    ),
    "profil": _PROFIL,
    "pyramide": Pyramide(
        "beneficiaires", "sexe_tranche_age", "Bénéficiaires selon le sexe et l’âge à l’entrée"
    ),
    "voisins": Voisins("Heures d’insertion, territoire par territoire", "heures_realisees"),
    "residence": Premiere((RESIDENCE, _HABITANTS)),
    "contrats-par-type": CONTRATS,
    "prescripteurs": Repartie(
        "beneficiaires", "prescripteur", "Bénéficiaires par prescripteur", reste="Autres prescripteurs"
    ),
    "heures-par-type": Repartie("heures_realisees", "type_marche", "Heures réalisées par type de marché"),
    "heures-par-programme": Repartie(
        "heures_realisees", "programme", "Heures réalisées par les grands projets"
    ),
    "heures-a-venir": Repartie("heures_engagees", "secteur", "Heures engagées par secteur", un_an),
    "metiers": Repartie("contrats_signes", "metier", "Contrats signés par métier", derniere),
    "embauches": Repartie(
        "contrats_signes",
        "prescripteur",
        "Contrats signés par prescripteur",
        derniere,
        reste="Autres prescripteurs",
    ),
    "employeurs": Repartie(
        "contrats_actifs", "type_employeur", "Contrats de travail par type d’employeur", derniere
    ),
    "flux": Repartie(
        _SUR_PLACE,
        _DEPARTEMENT,
        "D’où viennent les personnes employées",
        derniere,
        compare=False,
        reste="Autres départements",
    ),
    "considerations-par-acheteur": Taux(
        "part_marches_considerations",
        "type_acheteur",
        "Marchés à considération sociale par type d’acheteur",
        longue,
    ),
    "heures-par-marche": Taux(
        "heures_par_marche", "type_marche", "Heures engagées par marché clausé", longue
    ),
    "publics": Taux(
        "part_travailleurs_handicapes",
        ENSEMBLE,
        "Publics bénéficiaires",
        derniere,
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
    ),
    "structures": Comptes(
        "structures_implantees", "genre_structure", "Structures de l’insertion et du handicap", courts=_COURTS
    ),
    "marches-reserves": Comptes(
        "marches_reserves", "reservation", "Marchés réservés notifiés", un_an, _COURTS
    ),
    "projets": Projets(
        "Heures réservées à l’insertion par les grands projets",
        "marches_projets",
        ("part_heures_reservees", "objectif_heures_reservees", "couverture_projets"),
        _COURTS,
    ),
    "petites-entreprises": PetitesEntreprises(
        "Part du montant des grands projets confiée à des PME",
        "part_pme_projets",
        "part_projets_pme_conformes",
        _COURTS,
    ),
}

CLES = {
    "Heures du trimestre": "heures_realisees",
    "Bénéficiaires": "beneficiaires",
    "Contrats actifs": "contrats_actifs",
    "Marchés générateurs": "marches_clauses_generateurs",
    "En temps plein": "equivalents_temps_plein",
    "Nouveaux bénéficiaires": "entrees",
    "Y habitent": "part_residents",
    "En QPV": "part_qpv",
    "Travailleurs handicapés": "part_travailleurs_handicapes",
    "Contrats signés": "contrats_signes",
    "Dans les SIAE": "part_contrats_siae",
    "Dans les GEIQ": "part_contrats_geiq",
    "Secteur adapté": "part_contrats_stpa",
    "Formés": "acces_a_la_formation",
    "Marchés notifiés": "marches_notifies",
    "Considération sociale": "part_marches_considerations",
    "En montant": "part_montant_considerations",
    "Marchés réservés": "marches_reserves",
    "Part réservée": "part_marches_reserves",
    "Heures engagées": "heures_engagees",
    "Par marché clausé": "heures_par_marche",
    "Marchés clausés": "marches_clauses_actifs",
    "À réaliser": "reste_a_realiser",
    "Réalisé": "taux_realisation",
    "Grands projets": "marches_projets",
    "Suivis": "couverture_projets",
    "Heures réservées": "part_heures_reservees",
    "Obligation atteinte": "part_projets_conformes",
    "Confié à des PME": "part_pme_projets",
    "Part PME atteinte": "part_projets_pme_conformes",
}
"""Les chiffres clés d'une fiche, par leur libellé ; « Cumul » est la somme des trimestres de l'année."""

GENERALE = (
    "Heures du trimestre",
    "Cumul",
    "Bénéficiaires",
    "Contrats actifs",
    "Marchés générateurs",
    "En temps plein",
)
_EN_COURS = {
    "Engagées": "heures_engagees_en_cours",
    "Réalisées": "heures_realisees_en_cours",
    "À réaliser": "reste_a_realiser",
    "Avancement": "taux_avancement",
    "Temps écoulé": "avancement_temporel",
}
_REALISATION = Realisation("Réalisation des clauses", _EN_COURS)
SORTIES = Sorties(
    "Situation des bénéficiaires six mois après",
    {
        "Fins de parcours": "sorties",
        "Situations connues": "taux_de_reponse_m6",
        "En emploi durable": "taux_d_emploi_durable_m6",
        "En emploi ou formation": "taux_de_sorties_dynamiques_m6",
    },
)
SORTIES_AILLEURS = "Effectif insuffisant "
"""Par quoi commence l'avis qui renvoie aux sorties de la région."""

_COUVERTURE = Bande(
    "Couverture et qualité des données du territoire",
    "part_structures_ayant_transmis",
    {
        "Structures porteuses": "structures_attendues",
        "Ont transmis": "part_structures_ayant_transmis",
        "Lignes complètes": "part_heures_completes",
        "Délai de saisie": "delai_de_saisie",
        "Grands projets suivis": "couverture_projets",
    },
)
_FORMATION = Bande(
    "Accès à la formation",
    "acces_a_la_formation",
    {
        "Bénéficiaires formés": "beneficiaires_formes",
        "Accès à la formation": "acces_a_la_formation",
        "Diplôme sous le bac": "part_infra_bac",
        "Moins de 26 ans": "part_moins_26_ans",
    },
)
BANDES: dict[str, Recompte] = {
    "Chiffres clés": Cles(CLES, GENERALE),
    **{bande.titre: bande for bande in (_REALISATION, SORTIES, _COUVERTURE, _FORMATION)},
}
"""Les bandes de chiffres, par leur titre."""


def d_un_programme(programme: Programme) -> dict[str, Recompte]:
    """Rend les blocs que la fiche d'un grand programme a en plus, ou autrement."""
    cles = {"Marchés": "marches_projets"} | {nom: CLES[nom] for nom in _CLES_DE_PROGRAMME}
    realisation = Realisation("Réalisation des clauses de tous les grands projets", _EN_COURS, programme=True)
    taux = ("part_heures_reservees", "objectif_heures_reservees", "part_pme_projets")
    return {
        "Chiffres clés": DeProgramme(programme.code, cles),
        "evolution": Tendance(programme.nom, "heures_reservees_projets", PROJET, programme.code),
        "par-departement": Departements(programme.nom, "marches_projets", programme.code, taux),
        realisation.titre: realisation,
    }


_CLES_DE_PROGRAMME = (
    "Suivis",
    "Heures réservées",
    "Obligation atteinte",
    "Confié à des PME",
    "Part PME atteinte",
)
