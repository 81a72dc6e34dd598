"""Le contrôle : tout est lu, marqué ou écarté, et compté."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.config import Config
from observatoire.controle import grands_projets, structures, suivi
from observatoire.controle.lieux import lire_commune
from observatoire.controle.quarantaine import examiner
from observatoire.controle.recoupements import RECOUPEMENTS
from observatoire.controle.recoupements_decp import RECOUPEMENTS_DECP
from observatoire.controle.regles import Regle
from observatoire.controle.typage import (
    lire_dates,
    lire_entiers,
    lire_mois,
    lire_nombres,
    lire_siret,
    nettoyer,
)
from observatoire.erreurs import ConfigError, QualiteError
from observatoire.schemas import SCHEMAS
from tests.maillons import controler, en_octets

DEPOT = Path(__file__).parents[1]
REELLES = DEPOT.parent / "shared" / "data"
PARIS, FONTAINE, FAUX = "21750001600019", "73282932000074", "73282932000079"
MODULES = {"suivi": suivi, "grands_projets": grands_projets, "structures": structures}
REGLES = {genre: {regle.nom: regle for regle in module.REGLES} for genre, module in MODULES.items()}
ORIGINE = {"millesime": "2026-11-14", "fichier": "envoi", "ligne": 1}


@pytest.fixture(scope="module")
def config() -> Config:
    reglages = tomllib.loads((DEPOT / "observatoire.toml").read_text(encoding="utf-8"))
    return Config(DEPOT, reglages)


# Une ligne juste de chaque genre ; un essai n'écrit que ce qu'il change.
LIGNES = {
    "suivi": {
        "source": "suivi_b",
        "structure_id": PARIS,
        "operation": "OP1",
        "acheteur_id": PARIS,
        "titulaire_id": FONTAINE,
        "modalite": "L2112-2",
        "commune_execution": "93066",
        "statut_clause": "En cours",
        "date_consultation": "2025-01-15",
        "date_notification": "2025-03-01",
        "date_debut": "2025-04-01",
        "date_fin": "2027-03-31",
        "heures_engagees": "1000",
        "contrat": "C1",
        "personne": "p1",
        "sexe": "Femme",
        "age_entree": "30",
        "commune_residence": "95018",
        "qpv": "Oui",
        "niveau_diplome": "CAP-BEP",
        "publics": "RSA, TH",
        "employeur_id": FONTAINE,
        "type_employeur": "ETTI",
        "type_contrat": "CTTI",
        "prescripteur": "France Travail",
        "contrat_debut": "2026-06-15",
        "contrat_fin": "2026-09-15",
        "mois": "2026-07",
        "heures": "100.5",
        "type_heure": "Travail",
        "jalon": "6 mois",
        "situation_sortie": "CDI",
        "date_observation": "2026-10-15",
        "date_saisie": "2026-08-10",
        "qpv_code": "QN09301M",
        "secteur": "Travaux publics",
        "metier": "F1702 - Construction de routes",
        "mode_realisation": "Mise à disposition",
        "mode_engagement": "% des heures",
        "part_engagee_pct": "5",
        "heures_totales": "20000",
        "motif_fin": "Fin de mission",
    },
    "grands_projets": {
        "source": "grands_projets",
        "maitre_ouvrage": "Société du Grand Paris",
        "acheteur_id": PARIS,
        "programme": "GPE - ligne 16",
        "marche_reference": "T2A",
        "date_notification": "2024-02-01",
        "obligation_pct": "10",
        "pme_pct": "20.5",
        "heures_engagees": "146000",
        "heures_totales": "1460000",
        "montant": "926000000",
    },
    "structures": {
        "source": "structures",
        "siret": PARIS,
        "genre": "ACI",
        "nom": "Chantier",
        "commune": "93066",
        "departement": "93",
    },
}


def acquise(genre: str, *lignes: dict[str, object]) -> pd.DataFrame:
    """Une table acquise : la ligne juste, changée par chaque dictionnaire, numérotée à partir de 1."""
    numerotees = [ORIGINE | LIGNES[genre] | {"ligne": rang} | ligne for rang, ligne in enumerate(lignes, 1)]
    schema = SCHEMAS[f"acquisition/{genre}"]
    return schema.typer(pd.DataFrame(numerotees, columns=schema.noms))


def examiner_lignes(config, genre, *lignes):
    """Gardées et rejets, sans le seuil de qualité ni les recoupements."""
    table = acquise(genre, *lignes)
    lecture = MODULES[genre].lire(nettoyer(table), config.source(table["source"].iloc[0]), config)
    return examiner(lecture, MODULES[genre].REGLES)


def garder(config, genre, **changements):
    """La seule ligne gardée."""
    gardees, _ = examiner_lignes(config, genre, changements)
    (ligne,) = gardees.to_dict("records")
    return ligne


# Pour chaque règle : ce qu'on change à la ligne juste, ligne par ligne, et les lignes que la règle touche.
CAS: dict[str, dict[str, tuple[list[dict[str, object]], list[int]]]] = {
    "suivi": {
        "operation_absente": ([{"operation": " "}], [1]),
        "structure_absente": ([{"structure_id": None}], [1]),
        "personne_absente": ([{"personne": None}], [1]),
        "heures_illisibles": ([{"heures": "cent"}], [1]),
        "heures_hors_bornes": ([{"heures": "220.01"}], [1]),
        "heures_sans_contrat": ([{"contrat": None, "personne": None}], [1]),
        "mois_illisible": ([{"mois": "2026-13"}], [1]),
        "mois_futur": ([{"mois": "2026-12", "contrat_fin": None}], [1]),
        "heures_sans_periode": ([{"mois": None, "contrat_debut": None, "contrat_fin": None}], [1]),
        "heures_absentes": ([{"heures": None}], [1]),
        "mois_hors_contrat": ([{"mois": "2026-04"}], [1]),
        "dates_contrat_inversees": ([{"contrat_fin": "2026-06-14"}], [1]),
        "dates_marche_inversees": ([{"date_fin": "2025-03-31"}], [1]),
        "contrat_employeur_incompatibles": ([{"type_contrat": "CDDI"}], [1]),
        "siret_structure_invalide": ([{"structure_id": FAUX}], [1]),
        "siret_acheteur_invalide": ([{"acheteur_id": FAUX}], [1]),
        "siret_titulaire_invalide": ([{"titulaire_id": "732829320"}], [1]),
        "siret_employeur_invalide": ([{"employeur_id": "00000000000000"}], [1]),
        "date_impossible_consultation": ([{"date_consultation": "2025-02-30"}], [1]),
        "date_impossible_notification": ([{"date_notification": "0205-03-01"}], [1]),
        "date_impossible_debut": ([{"date_debut": "hier"}], [1]),
        "date_impossible_fin": ([{"date_fin": "3025-01-01"}], [1]),
        "date_impossible_contrat_debut": ([{"contrat_debut": "31/02/2026"}], [1]),
        "date_impossible_contrat_fin": ([{"contrat_fin": "2026-09-31"}], [1]),
        "date_impossible_saisie": ([{"date_saisie": "x"}], [1]),
        "date_impossible_observation": ([{"date_observation": "x"}], [1]),
        "age_hors_bornes": ([{"age_entree": "14"}], [1]),
        "heures_engagees_invalides": ([{"heures_engagees": "-1"}], [1]),
        "commune_execution_inconnue": ([{"commune_execution": "93999"}], [1]),
        "commune_residence_inconnue": ([{"commune_residence": "9305"}], [1]),
        "modalite_ambigue": ([{"modalite": "Article 30"}], [1]),
        "modalite_libelle_perime": ([{"modalite": "Article 14"}], [1]),
        "modalite_hors_validite": ([{"modalite": "L2113-13-1", "date_consultation": "2021-05-01"}], [1]),
        "total_a_repartir": ([{"mois": None}, {"mois": None, "contrat_fin": "2026-06-30"}], [1]),
        "heures_sur_clause_prevue": ([{"statut_clause": "Prévue"}], [1]),
        "heures_sur_clause_abandonnee": ([{"statut_clause": "Abandonnée"}], [1]),
        "engagement_superieur_au_total": ([{"heures_totales": "999.5"}, {"heures_totales": "1000"}], [1]),
        "heures_totales_invalides": ([{"heures_totales": "-1"}], [1]),
        "part_engagee_hors_bornes": ([{"part_engagee_pct": "105"}, {"part_engagee_pct": "0"}], [1, 2]),
        "part_engagee_absente": (
            [{"part_engagee_pct": None, "heures_engagees": None}, {"part_engagee_pct": None}],
            [1],
        ),
        "notification_future": (
            [
                {"date_notification": "2026-11-15"},
                {"date_notification": "2026-11-14"},
                {"date_notification": "2026-11-15", "statut_clause": "Prévue", "heures": None},
            ],
            [1],
        ),
        "consultation_future": (
            [
                {"date_consultation": "2026-11-15", "date_notification": None},
                {"date_consultation": "2027-11-15", "statut_clause": "Prévue", "heures": None},
            ],
            [1],
        ),
        "notification_avant_consultation": ([{"date_notification": "2025-01-14"}], [1]),
        "date_future_contrat_debut": ([{"contrat_debut": "2026-11-15", "contrat_fin": None}], [1]),
        "date_future_saisie": ([{"date_saisie": "2026-11-15"}], [1]),
        "date_future_observation": ([{"date_observation": "2026-11-15"}], [1]),
        "observation_avant_contrat": ([{"date_observation": "2026-06-14"}], [1]),
        "qpv_contradictoire": ([{"qpv": "Non"}], [1]),
        "qpv_code_mal_forme": ([{"qpv_code": "QP93"}, {"qpv_code": "Hors QPV"}], [1]),
        "qpv_d_une_autre_geographie": (  # la géographie de 2024 vaut dès le 1er janvier
            [
                {"qpv_code": "QP093028", "contrat_debut": "2024-01-01"},
                {"qpv_code": "QP093028", "contrat_debut": "2023-12-31"},
                {"contrat_debut": "2023-12-31"},
            ],
            [1, 3],
        ),
        "prescripteur_libelle_perime": (
            [
                {"prescripteur": "Pôle emploi", "contrat_debut": "2024-01-01"},
                {"prescripteur": "Pôle emploi", "contrat_debut": "2023-12-31"},
            ],
            [1],
        ),
        "metier_sans_code_rome": ([{"metier": "Maçon"}, {"metier": "n4105"}], [1]),
        "niveau_diplome_ambigu": ([{"niveau_diplome": "5", "contrat_debut": "2016-01-01"}], [1]),
        **{
            f"code_inconnu_{colonne}": ([{"qpv_code": None} | {colonne: "zz?!9"}], [1])
            for colonne in suivi.LISTES
        },
    },
    "grands_projets": {
        "reference_absente": ([{"marche_reference": None}], [1]),
        "siret_acheteur_invalide": ([{"acheteur_id": FAUX}], [1]),
        "code_inconnu_programme": ([{"programme": "Tunnel sous la Manche"}], [1]),
        "date_impossible_notification": ([{"date_notification": "2024-02-30"}], [1]),
        "obligation_pct_hors_bornes": ([{"obligation_pct": "101"}], [1]),
        "pme_pct_hors_bornes": ([{"pme_pct": "20,5"}], [1]),
        "heures_engagees_invalides": ([{"heures_engagees": "-5"}], [1]),
        "heures_totales_invalides": ([{"heures_totales": "beaucoup"}], [1]),
        "code_inconnu_maitre_ouvrage": ([{"maitre_ouvrage": "Compagnie des Indes"}], [1]),
        "montant_invalide": ([{"montant": "0"}, {"montant": None}], [1]),
        "obligation_inhabituelle": ([{"obligation_pct": "7"}, {"obligation_pct": None}], [1]),
        "part_pme_sous_la_charte": (
            [
                {"pme_pct": "19.9"},
                {"pme_pct": "20"},
                {"maitre_ouvrage": "SOLIDEO", "pme_pct": "24"},
                {"pme_pct": None},
            ],
            [1, 3],
        ),
        "engagement_sous_l_obligation": (  # 10 % de 1 460 000 h = 146 000 h
            [{"heures_engagees": "145998"}, {"heures_engagees": "145999.5"}],
            [1],
        ),
        "engagement_superieur_au_total": ([{"heures_engagees": "1460001"}], [1]),
    },
    "structures": {
        "siret_structure_invalide": ([{"siret": None}], [1]),
        "code_inconnu_genre": ([{"genre": "SARL"}], [1]),
        "commune_inconnue": ([{"commune": "Saint-Nulle-Part"}], [1]),
        "zero_de_tete_siret": ([{"siret": "1234567400019"}, {"siret": "01234567400019"}], [1]),
        "zero_de_tete_finess": ([{"finess": "10008951"}, {"finess": "010008951"}], [1]),
        "zero_de_tete_commune": ([{"commune": "1004", "departement": "01"}], [1]),
        "finess_invalide": ([{"finess": "esat"}], [1]),
        "capacite_illisible": ([{"capacite": "vingt"}], [1]),
        "longitude_illisible": ([{"longitude": "181"}, {"longitude": "2.35"}], [1]),
        "latitude_illisible": ([{"latitude": "nord"}], [1]),
    },
}
TOUS_LES_CAS = [(genre, nom) for genre, cas in CAS.items() for nom in cas]


@pytest.fixture(scope="module")
def examens(config):
    """Tous les cas d'un genre examinés ensemble : un fichier, une clause et une personne par cas."""
    resultats = {}
    for genre, cas in CAS.items():
        lignes = []
        for nom, (changees, _) in cas.items():
            propre = {"fichier": nom}
            if genre == "suivi":
                propre |= dict.fromkeys(("operation", "contrat", "personne"), nom)
            lignes += [propre | {"ligne": rang} | ligne for rang, ligne in enumerate(changees, 1)]
        resultats[genre] = examiner_lignes(config, genre, *lignes)
    return resultats


@pytest.mark.parametrize(("genre", "nom"), TOUS_LES_CAS)
def test_une_regle_marque_ou_ecarte_la_ligne_en_faute_et_la_compte(examens, genre, nom):
    changees, attendues = CAS[genre][nom]
    gardees, rejets = (table.loc[table["fichier"] == nom] for table in examens[genre])
    touchees = rejets.loc[rejets["regle"] == nom]
    regle = REGLES[genre][nom]
    assert touchees["ligne"].tolist() == attendues
    assert set(touchees["niveau"]) == {regle.niveau}
    if regle.niveau == "bloquant":
        assert not set(attendues) & set(gardees["ligne"])
        assert len(gardees) == len(changees) - len(attendues)
    else:
        assert set(attendues) <= set(gardees["ligne"])


RESERVE = {"modalite": "L2113-13"}
AILLEURS = {"contrat": "C2", "employeur_id": PARIS, "type_employeur": "EC", "type_contrat": "CDD"}
# Pour chaque recoupement : les lignes de suivi, changées, et celles que la règle touche.
RECOUPES = {
    "cumul_mensuel_excessif": ([{"heures": "120"}, {"contrat": "C2", "heures": "101"}], [1, 2]),  # 221 h
    "heures_tres_superieures": ([{"heures_engagees": "50", "heures": "150.5"}], [1]),  # 150,5 > 3 × 50
    "doublon": ([{"heures": "10"}, {"heures": "10"}], [2]),
    "reservation_sans_structure": (  # PARIS est la seule structure (ACI) ; une clause n'est dite qu'une fois
        [
            RESERVE,
            RESERVE | {"contrat": "C2"},
            RESERVE | {"operation": "OP2", "titulaire_id": PARIS},
            RESERVE | {"operation": "OP3", "titulaire_id": None},
            {"operation": "OP4", "modalite": "L2113-12"},  # aucune structure du handicap : rien ne se dit
            {"operation": "OP5"},
        ],
        [1],
    ),
    "deux_employeurs_le_meme_mois": (
        [
            {"heures": "150", "marche_reference": "2025-1"},
            AILLEURS | {"heures": "71", "marche_reference": "2025 / 1", "operation": "OP9"},  # 221 h
            AILLEURS | {"heures": "140", "marche_reference": "2025-2", "contrat": "C3"},  # autre marché
            {"heures": "150", "marche_reference": "2025-1", "personne": "p2", "contrat": "C4"},
            {"heures": "150", "marche_reference": "2025-1", "personne": "p3", "contrat": "C6"},
            {"heures": "90", "marche_reference": "2025-1", "personne": "p3", "contrat": "C7"},  # un employeur
            AILLEURS
            | {"heures": "70", "marche_reference": "2025-1", "personne": "p2", "contrat": "C5"},  # 220 h
        ],
        [1, 2],
    ),
    "acheteur_declare_deux_fois": ([], []),
}


@pytest.fixture(scope="module")
def recoupes(config):
    """Tous les recoupements ensemble : un fichier, des opérations et des personnes par recoupement."""
    lignes = []
    for nom, (changees, _) in RECOUPES.items():
        for rang, ligne in enumerate(changees, 1):
            propres = {cle: f"{nom} {(LIGNES['suivi'] | ligne)[cle]}" for cle in ("operation", "personne")}
            lignes.append({"ligne": rang, "fichier": nom} | ligne | propres)
    return controler(tables(suivi=lignes, structures=[{}]), config)


@pytest.mark.parametrize("nom", RECOUPES)
def test_un_recoupement_alerte_sur_la_ligne_en_faute(recoupes, nom):
    changees, attendues = RECOUPES[nom]
    recoupements, gardees = recoupes["controle/recoupements"], recoupes["controle/suivi"]
    touchees = recoupements.loc[(recoupements["regle"] == nom) & (recoupements["fichier"] == nom)]
    assert touchees["ligne"].tolist() == attendues
    assert set(touchees["niveau"]) <= {"alerte"}
    assert (gardees["fichier"] == nom).sum() == len(changees)


def test_tout_recoupement_a_un_essai_un_enonce_et_un_remede():
    assert {regle.nom for regle in RECOUPEMENTS} - {regle.nom for regle in RECOUPEMENTS_DECP} == set(RECOUPES)
    colonnes = {nom for table in SCHEMAS.values() for nom in table.noms}
    for regle in RECOUPEMENTS:
        assert regle.colonne in colonnes
        assert regle.description.endswith(".")
        assert regle.remede.endswith(".")


@pytest.mark.parametrize("genre", MODULES)
def test_toute_regle_a_un_essai_un_enonce_et_un_remede(genre):
    assert set(REGLES[genre]) == set(CAS[genre])
    assert len(REGLES[genre]) == len(MODULES[genre].REGLES)
    colonnes = SCHEMAS[f"acquisition/{genre}"].noms
    for regle in MODULES[genre].REGLES:
        assert regle.niveau in ("info", "alerte", "bloquant")
        assert regle.colonne in colonnes
        assert regle.description.endswith(".")
        assert regle.remede.endswith((".", ")."))


@pytest.mark.parametrize("genre", MODULES)
def test_une_ligne_juste_n_a_ni_ecart_ni_rejet(config, genre):
    gardees, rejets = examiner_lignes(config, genre, {})
    assert rejets.empty
    assert len(gardees) == 1


@pytest.mark.parametrize("genre", MODULES)
def test_l_entree_n_est_pas_modifiee(config, genre):
    table = acquise(
        genre, {}, {nom: " x " for nom in LIGNES[genre] if nom not in ("source", "nb_modifications")}
    )
    copie = table.copy(deep=True)
    MODULES[genre].lire(nettoyer(table), config.source(table["source"].iloc[0]), config)
    pd.testing.assert_frame_equal(table, copie)


# ── suivi ────────────────────────────────────────────────────────────────────────────────────


def test_une_ligne_de_suivi_est_typee_et_ses_codes_resolus(config):
    ligne = garder(config, "suivi", modalite=" l. 2112-2  + R2152-7 ", mois="2026-07", programme="NPNRU")
    assert ligne["modalite"] == "CE_CA"
    assert ligne["modalite_source"] == "l. 2112-2 + R2152-7"
    assert ligne["mois"] == pd.Timestamp(2026, 7, 1)
    assert ligne["heures"] == 100.5
    assert ligne["age_entree"] == 30
    assert ligne["sexe"] == "F"
    assert ligne["qpv"] == "OUI"
    assert ligne["publics"] == "BRSA|RQTH"
    assert ligne["programme"] == "NPNRU"
    assert ligne["niveau_diplome"] == "N3"
    assert (ligne["situation_sortie"], ligne["jalon"]) == ("DURABLE", "M6")
    assert (ligne["secteur"], ligne["metier"]) == ("TP", "F1702")
    assert (ligne["mode_realisation"], ligne["mode_engagement"]) == ("MAD", "PCT_HEURES")
    assert (ligne["part_engagee_pct"], ligne["heures_totales"]) == (5.0, 20_000.0)
    assert (ligne["qpv_code"], ligne["millesime_qpv"], ligne["motif_fin"]) == ("QN09301M", "2024", "TERME")


def test_la_lecture_est_celle_que_la_source_declare(config):
    ligne = garder(
        config,
        "suivi",
        source="suivi_a",
        mois="07/2026",
        heures="100,5",
        heures_engagees="1 000,25",
        contrat_debut="15/06/2026",
        date_saisie="2026-08-02",  # une vraie date de tableur reste lisible
        publics="RSA|TH",
        sexe="Mme",
    )
    assert ligne["mois"] == pd.Timestamp(2026, 7, 1)
    assert (ligne["heures"], ligne["heures_engagees"]) == (100.5, 1000.25)
    assert ligne["contrat_debut"] == pd.Timestamp(2026, 6, 15)
    assert ligne["date_saisie"] == pd.Timestamp(2026, 8, 2)
    assert (ligne["publics"], ligne["sexe"]) == ("BRSA|RQTH", "F")


def test_une_clause_sans_contrat_n_est_pas_une_anomalie(config):
    personne = ("contrat", "personne", "sexe", "age_entree", "commune_residence", "qpv", "niveau_diplome")
    contrat = (
        "employeur_id",
        "type_employeur",
        "type_contrat",
        "prescripteur",
        "contrat_debut",
        "contrat_fin",
    )
    heures = ("publics", "mois", "heures", "type_heure", "date_saisie", "qpv_code", "metier", "motif_fin")
    sortie = ("situation_sortie", "jalon", "date_observation")
    vides = dict.fromkeys((*personne, *contrat, *heures, *sortie))
    (gardees, rejets) = examiner_lignes(config, "suivi", vides)
    assert rejets.empty
    ligne = gardees.iloc[0]
    assert (ligne["sexe"], ligne["secteur"], ligne["motif_fin"]) == ("NR", "TP", "NR")
    assert pd.isna(ligne["situation_sortie"])  # le parcours continue : ce n'est pas un manque
    assert pd.isna(ligne["jalon"])


def test_les_heures_d_un_mois_sont_entre_0_et_220(config):
    total = {"mois": None}  # un contrat sans détail mensuel n'a pas de maximum
    ouvert = total | {"contrat_fin": None}  # l'entrepôt répartira depuis le début
    cas = [
        ({"heures": "220"}, True),
        ({"heures": "0"}, True),
        ({"heures": "-0.5"}, False),
        ({"heures": "220.5"}, False),
        ({"heures": "455"} | total, True),
        ({"heures": "-1"} | total, False),
        ({"heures": "455"} | ouvert, True),
        ({"contrat_debut": None} | total, True),
        ({"heures": "1e999"}, False),
        ({"heures": "nan"}, False),
    ]
    gardees, _ = examiner_lignes(config, "suivi", *(changement for changement, _ in cas))
    assert gardees["ligne"].tolist() == [rang for rang, (_, gardee) in enumerate(cas, 1) if gardee]


def test_le_mois_est_dans_le_contrat_a_un_mois_pres(config):
    # contrat du 15 juin au 15 septembre 2026 : de mai à octobre
    cas = {"2026-04": True, "2026-05": False, "2026-06": False, "2026-10": False, "2026-11": True}
    _, rejets = examiner_lignes(config, "suivi", *({"mois": mois, "personne": mois} for mois in cas))
    assert set(rejets["regle"]) == {"mois_hors_contrat"}
    assert rejets["valeur"].tolist() == [mois for mois, marque in cas.items() if marque]


def test_une_valeur_fausse_est_videe_et_la_ligne_gardee(config):
    fautes = {
        "acheteur_id": FAUX,
        "date_debut": "2025-02-30",
        "age_entree": "99",
        "commune_execution": "93200",
        "type_contrat": "CDZ",
        "programme": "Inconnu au bataillon",
        "heures_engagees": "mille",
    }
    gardees, rejets = examiner_lignes(config, "suivi", fautes)
    ligne = gardees.iloc[0]
    vides = ("acheteur_id", "date_debut", "age_entree", "commune_execution", "heures_engagees")
    assert all(pd.isna(ligne[nom]) for nom in vides)
    assert ligne["type_contrat"] == "NR"
    assert ligne["programme"] == "HORS"
    assert sorted(rejets["colonne"]) == sorted(fautes)


@pytest.mark.parametrize(
    ("qpv", "code", "attendu"),
    [
        ("Oui", None, ("OUI", None, None)),
        (None, "qn09301m", ("OUI", "QN09301M", "2024")),
        ("QP 093 028", None, ("OUI", "QP093028", "2015")),  # le code est dans la colonne oui/non
        ("Oui", "QP093028", ("OUI", "QP093028", "2015")),
        ("NC", "QP093028", ("OUI", "QP093028", "2015")),
        ("Non", "QP093028", ("NR", "QP093028", "2015")),  # l'un ou l'autre est faux
        ("Non", None, ("NON", None, None)),
        (None, "Hors QPV", ("NON", None, None)),
        (None, "QP93", ("NR", None, None)),
        (None, None, ("NR", None, None)),
    ],
)
def test_un_code_de_quartier_dit_la_residence_et_sa_geographie(config, qpv, code, attendu):
    ligne = garder(config, "suivi", qpv=qpv, qpv_code=code)
    lus = (ligne["qpv"], ligne["qpv_code"], ligne["millesime_qpv"])
    assert tuple(None if pd.isna(lu) else lu for lu in lus) == attendu


@pytest.mark.parametrize(
    ("separateur", "ecrite", "lue"),
    [
        (";", "OP2 ; OP1;;OP2", "OP1|OP2"),  # T3 : une mission commune, dans un ordre fixe
        (";", "OP1", "OP1"),
        (" / ", "OP1 / OP2/A", "OP1|OP2/A"),
        (None, "OP1;OP2", "OP1;OP2"),  # sans déclaration, c'est un identifiant
    ],
)
def test_t3_une_operation_mutualisee_porte_ses_identifiants(config, separateur, ecrite, lue):
    reglages = json.loads(json.dumps(config.reglages, default=str))
    if separateur:
        reglages["sources"]["suivi_b"]["lecture"]["separateur_operations"] = separateur
    assert garder(Config(DEPOT, reglages), "suivi", operation=ecrite)["operation"] == lue


def test_une_operation_faite_de_separateurs_est_absente(config):
    reglages = json.loads(json.dumps(config.reglages, default=str))
    reglages["sources"]["suivi_b"]["lecture"]["separateur_operations"] = ";"
    _, rejets = examiner_lignes(Config(DEPOT, reglages), "suivi", {"operation": " ; ;"})
    assert rejets["regle"].tolist() == ["operation_absente"]


def test_plusieurs_formes_de_dates_de_mois_et_de_nombres_se_declarent(config):
    reglages = json.loads(json.dumps(config.reglages, default=str))
    reglages["sources"]["suivi_b"]["lecture"] |= {
        "date": ["%d/%m/%Y", "%d %B %Y"],
        "mois": ["%m/%Y", "%b-%y"],
        "decimale": ",.",
        "milliers": "'",
    }
    souple = Config(DEPOT, reglages)
    lignes = [
        {"mois": "07/2026", "contrat_debut": "15/06/2026", "heures": "100,5"},
        {"mois": "juil.-26", "contrat_debut": "15 juin 2026", "heures": "100.5"},
        {"mois": "2026-07-01", "contrat_debut": "2026-06-15", "heures_engagees": "1'000"},  # cellules de date
        {"mois": "2026-07-01T00:00:00", "contrat_debut": "15 JUIN 2026"},
    ]
    gardees, rejets = examiner_lignes(souple, "suivi", *lignes)
    assert rejets.empty
    assert set(gardees["mois"]) == {pd.Timestamp(2026, 7, 1)}
    assert set(gardees["contrat_debut"]) == {pd.Timestamp(2026, 6, 15)}
    assert set(gardees["heures"]) == {100.5}
    assert set(gardees["heures_engagees"]) == {1000.0}


def test_un_separateur_de_milliers_est_un_seul_caractere(config):
    reglages = json.loads(json.dumps(config.reglages, default=str))
    reglages["sources"]["suivi_b"]["lecture"]["milliers"] = ""
    with pytest.raises(ConfigError, match="milliers"):
        garder(Config(DEPOT, reglages), "suivi")


@pytest.mark.parametrize(("contrat", "employeur", "possible"), [
    ("CDDT", "EATT", True), ("CDI_INCLUSION", "EC", False), ("CDI_INT", "ETTI", True), ("CEP", "SEP", True),
    ("CDI", "EC", True), ("CTTI", "NR", True), ("CDDI", "ETTI", False),
])  # fmt: skip
def test_un_contrat_n_existe_que_chez_certains_employeurs(config, contrat, employeur, possible):
    _, rejets = examiner_lignes(config, "suivi", {"type_contrat": contrat, "type_employeur": employeur})
    assert rejets["regle"].tolist() == ([] if possible else ["contrat_employeur_incompatibles"])


def test_la_structure_garde_son_siret_meme_faux_car_il_nomme_ses_operations(config):
    assert garder(config, "suivi", structure_id=FAUX)["structure_id"] == FAUX


def test_la_modalite_se_date_par_la_consultation_a_defaut_la_notification(config):
    # « Article 30 » n'a de sens que sous le code des marchés publics, jusqu'au 31 mars 2016
    dates = [("2016-02-01", "2016-05-02"), (None, "2016-02-01"), (None, "2016-05-02"), (None, None)]
    lignes = [{"modalite": "Article 30", "date_consultation": c, "date_notification": n} for c, n in dates]
    gardees, _ = examiner_lignes(config, "suivi", *lignes)
    assert gardees["modalite"].tolist() == ["SI", "SI", "NR", "NR"]


def test_les_ecritures_declarees_par_la_source_passent_en_premier(config):
    reglages = json.loads(json.dumps(config.reglages, default=str))
    reglages["sources"]["suivi_b"]["valeurs"] = {
        "publics": {"Code 12": "PPSMJ"},
        "sexe": {"1": "M", "2": "F"},
    }
    ligne = garder(Config(DEPOT, reglages), "suivi", publics="code 12, RSA", sexe="2")
    assert (ligne["publics"], ligne["sexe"]) == ("BRSA|PPSMJ", "F")


@pytest.mark.parametrize(
    ("valeurs", "propose"),
    [({"sexe": {"Femme": "Fem"}}, "F"), ({"type_contract": {"x": "CDI"}}, "type_contrat")],
)
def test_une_correspondance_mal_declaree_est_refusee(config, valeurs, propose):
    reglages = json.loads(json.dumps(config.reglages, default=str))
    reglages["sources"]["suivi_b"]["valeurs"] = valeurs
    with pytest.raises(ConfigError, match="suivi_b") as refus:
        garder(Config(DEPOT, reglages), "suivi")
    assert propose in refus.value.remede


def test_un_rejet_cite_la_valeur_mais_jamais_la_personne(config):
    _, rejets = examiner_lignes(
        config, "suivi", {"personne": None}, {"personne": "secret", "heures": "-4", "age_entree": "5"}
    )
    valeurs = rejets.set_index("regle")["valeur"]
    assert pd.isna(valeurs["personne_absente"])
    assert valeurs["heures_hors_bornes"] == "-4"
    assert "secret" not in rejets.to_csv()


def test_meme_une_regle_sur_la_personne_ne_cite_pas_son_pseudonyme(config):
    table = acquise("suivi", {"personne": "secret"})
    toute_personne = Regle(
        "toute", "bloquant", "personne", "R.", "D.", lambda lecture: lecture.recue["personne"].notna()
    )
    lecture = suivi.lire(table, config.source("suivi_b"), config)
    _, rejets = examiner(lecture, [toute_personne])
    assert rejets["regle"].tolist() == ["toute"]
    assert rejets["valeur"].isna().all()


# ── grands projets, structures ───────────────────────────────────────────────────────────────


def test_un_grand_projet_est_type(config):
    ligne = garder(config, "grands_projets", obligation_pct="0", programme="eole")
    assert (ligne["programme"], ligne["obligation_pct"], ligne["heures_totales"]) == (
        "EOLE",
        0.0,
        1_460_000.0,
    )


def test_la_commune_d_une_structure_est_un_code_ou_un_nom(config):
    cas = [
        ({"commune": "Saint-Denis"}, "93066", "93"),
        ({"commune": "SAINT DENIS"}, "93066", "93"),
        ({"commune": "93059"}, "93066", "93"),
        ({"commune": "Saint-Denis", "departement": "974"}, "", "974"),  # homonyme, hors région
        ({"commune": "93066", "departement": None}, "93066", "93"),
        ({"commune": None}, "", "93"),
    ]
    gardees, _ = examiner_lignes(config, "structures", *(changement for changement, _, _ in cas))
    lues = gardees[["commune", "departement"]].fillna("").itertuples(index=False, name=None)
    assert list(lues) == [(commune, departement) for _, commune, departement in cas]


# ── lecture des valeurs ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [
        ("732 829 320 00074", FONTAINE),
        ("732\u00a0829\u202f320 00074", FONTAINE),
        ("73282932000074.0", FONTAINE),  # un nombre de tableur
        (FAUX, None),
        ("35600000000001", "35600000000001"),  # La Poste : somme des chiffres multiple de 5 (15)
        ("35600000000002", None),
        ("7328293200007", None),
        ("732829320", None),  # un SIREN
        ("00000000000000", None),
        ("٧٣٢٨٢٩٣٢٠٠٠٠٧٤", None),
        ("", None),
    ],
)
def test_un_siret_a_quatorze_chiffres_et_une_cle_juste(texte, attendu):
    assert lire_siret(texte) == attendu


def test_un_zero_de_tete_perdu_par_un_tableur_est_rendu():
    assert lire_siret("5502086100039") == "05502086100039"


@pytest.mark.parametrize(
    ("texte", "decimale", "attendu"),
    [
        ("151,67", ",", 151.67),
        ("1 607,5", ",", 1607.5),
        ("-3", ",", -3.0),
        ("−3", ",", -3.0),
        ("151.67", ",", None),  # l'autre décimale n'est pas devinée
        ("1.234,5", ",", None),
        ("12 34", ".", None),
        ("1e3", ".", 1000.0),
        ("inf", ".", None),
        ("1e999", ".", None),
        ("0x10", ".", None),
        ("1_000", ".", None),
    ],
)
def test_un_nombre_suit_la_decimale_declaree(texte, decimale, attendu):
    (lu,) = lire_nombres(pd.Series([texte], dtype="string"), decimale)
    assert (None if pd.isna(lu) else lu) == attendu


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [
        ("01/02/2026", dt.date(2026, 2, 1)),
        ("2026-02-01", dt.date(2026, 2, 1)),
        ("2026-02-01 00:00:00", dt.date(2026, 2, 1)),
        ("29/02/2025", None),
        ("01/01/2000", dt.date(2000, 1, 1)),
        ("31/12/1999", None),
        ("31/12/2100", dt.date(2100, 12, 31)),
        ("01/01/2101", None),
        ("01/02/26", None),
        ("02-01-2026", None),
    ],
)
def test_une_date_suit_la_forme_declaree(texte, attendu):
    (lue,) = lire_dates(pd.Series([texte], dtype="string"), "%d/%m/%Y")
    assert (None if pd.isna(lue) else lue.date()) == attendu


def test_un_mois_est_son_premier_jour():
    mois = lire_mois(pd.Series(["07/2026", "2026-07-15", "13/2026", "2026"], dtype="string"), "%m/%Y")
    assert mois.tolist() == [pd.Timestamp(2026, 7, 1), pd.Timestamp(2026, 7, 1), pd.NaT, pd.NaT]


def test_un_entier_hors_bornes_ou_decimal_est_vide():
    lus = lire_entiers(pd.Series(["12", "12.0", "12.5", "0", "1e30", "x"], dtype="string"), 1, 1200)
    assert lus.tolist() == [12, 12, pd.NA, pd.NA, pd.NA, pd.NA]


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [
        ("93066", "93066"),
        ("93059", "93066"),
        ("75113", "75056"),
        ("59350", "59350"),
        ("2a004", "2A004"),
        ("93200", None),
        ("99100", None),
        ("9305", None),
        ("Paris", None),
    ],
)
def test_une_commune_est_un_code_en_vigueur(texte, attendu):
    assert lire_commune(texte) == attendu


# ── le contrôle entier ───────────────────────────────────────────────────────────────────────


def tables(**lignes: list[dict[str, object]]) -> dict[str, pd.DataFrame]:
    return {f"acquisition/{genre}": acquise(genre, *lignes.get(genre, [])) for genre in MODULES}


def test_sans_aucune_source_les_tables_sont_vides_et_conformes(config):
    produites = controler(tables(), config)
    assert sorted(produites) == sorted(nom for nom in SCHEMAS if nom.startswith("controle/"))
    assert all(table.empty for table in produites.values())


def test_les_six_tables_suivent_leur_schema_et_se_trient(config):
    lignes = [
        {"ligne": 3},
        {"ligne": 1, "heures": "-1"},
        {"ligne": 2, "source": "suivi_a", "mois": "07/2026", "heures": "12,5"},
    ]
    autres = [{"ligne": n, "fichier": "autre", "operation": f"  OP\u00a0{n} "} for n in range(1, 6)]
    recues = tables(suivi=[*lignes, *autres], grands_projets=[{}], structures=[{}])
    produites = controler(recues, config)
    for nom, table in produites.items():
        assert en_octets(nom, table)
        pd.testing.assert_frame_equal(table, SCHEMAS[nom].verifier(table))
        cle = list(SCHEMAS[nom].cle)
        pd.testing.assert_frame_equal(table, table.sort_values(cle, ignore_index=True))
    assert "OP 5" in produites["controle/suivi"]["operation"].tolist()  # espaces de trop retirés


def test_le_bilan_compte_toute_ligne_meme_dans_un_fichier_tout_ecarte(config):
    bonnes = [{"ligne": n, "fichier": "bon", "contrat": f"C{n}"} for n in range(1, 9)]
    mauvaises = [{"ligne": n, "fichier": "mauvais", "operation": None, "contrat": f"D{n}"} for n in (1, 2)]
    marquee = [{"ligne": 9, "fichier": "bon", "contrat": "C9", "age_entree": "12"}]
    bilan = controler(tables(suivi=[*bonnes, *mauvaises, *marquee]), config)["controle/bilan"]
    comptes = bilan.set_index("fichier")[["lues", "gardees", "marquees", "ecartees"]].T.to_dict("list")
    # les neuf contrats de la même personne cumulent 9 × 100,5 h : chaque ligne gardée est marquée
    assert comptes == {"bon": [9, 9, 9, 0], "mauvais": [2, 0, 0, 2]}  # 2 sur 11 : sous les 20 %


def test_trop_de_lignes_ecartees_arretent_tout_et_disent_pourquoi(config):
    lignes = [{"operation": None}, {"operation": None}, {"heures": "-1"}, {}, {}]
    with pytest.raises(QualiteError) as refus:
        controler(tables(suivi=lignes), config)
    constat = refus.value.constat
    assert "suivi_b : 3 lignes écartées sur 5, soit 60 %" in constat
    assert "operation_absente 2 (par exemple envoi, ligne 1)" in constat
    assert constat.index("operation_absente") < constat.index("heures_hors_bornes 1")


def test_vingt_pour_cent_d_ecartees_passent_encore(config):
    lignes = [{"heures": "-1"}, *({"contrat": f"C{n}"} for n in range(4))]  # 1 sur 5
    assert len(controler(tables(suivi=lignes), config)["controle/suivi"]) == 4


def test_une_source_non_declaree_est_refusee(config):
    with pytest.raises(ConfigError, match="suivi_z"):
        controler(tables(suivi=[{"source": "suivi_z"}]), config)


def test_memes_entrees_memes_octets(config):
    recues = tables(suivi=[{}, {"age_entree": "3"}, {"publics": "x"}])
    premiers, seconds = (
        {nom: en_octets(nom, table) for nom, table in controler(recues, config).items()} for _ in range(2)
    )
    assert premiers == seconds


# un entier de 5 000 chiffres fait échouer json.loads autrement qu'un JSON mal formé
HOSTILES = [
    "[" + "1" * 5000 + "]",
    "-1",
    "1e400",
    "NaN",
    "0000-00-00",
    "2026-02-30",
    "[]",
    '[{"id":[1]}]',
    "[1]",
    '{"a":1}',
    "\x00",
]


@pytest.mark.parametrize("genre", MODULES)
@settings(max_examples=5, deadline=None)
@given(donnees=st.data())
def test_aucun_texte_ne_fait_echouer_le_controle(config, genre, donnees):
    """Propriété : quoi qu'il soit écrit, toute ligne est gardée ou écartée, et tout rejet est unique."""
    fixes = {*ORIGINE, "source", "nb_modifications"}
    colonnes = [nom for nom in SCHEMAS[f"acquisition/{genre}"].noms if nom not in fixes]
    hostile = st.one_of(st.none(), st.text(max_size=8), st.sampled_from(HOSTILES))
    changements = st.dictionaries(st.sampled_from(colonnes), hostile, min_size=3, max_size=8)
    lignes = donnees.draw(st.lists(changements, min_size=8, max_size=16))
    gardees, rejets = examiner_lignes(config, genre, *lignes)
    ecartees = set(rejets.loc[rejets["niveau"] == "bloquant", "ligne"])
    assert len(lignes) == len(gardees) + len(ecartees)
    assert not rejets.duplicated(["ligne", "regle"]).any()
    assert en_octets(f"controle/{genre}", gardees)


# ── fichiers réels ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fichier", "siret_faux"),
    # ESAT : 80 SIRET courts ou vides, dont 2 à qui il ne manque que le zéro de tête
    [("derive_siae_sans_contacts.csv", 13), ("derive_esat_sans_contacts.csv", 78)],
)
def test_les_structures_reelles_au_siret_faux_sont_ecartees_et_comptees(config, fichier, siret_faux):
    chemin = REELLES / "structures" / fichier
    if not chemin.is_file():
        pytest.skip(f"fichier réel absent : déposer {fichier} dans ../shared/data/structures")
    brut = pd.read_csv(chemin, dtype="string", keep_default_na=False, na_values=[""])
    lignes = [
        {
            "ligne": rang,
            "siret": ligne["siret"],
            "genre": ligne.get("kind", "ESAT"),
            "commune": ligne["commune"],
            "departement": ligne["departement"],
        }
        for rang, ligne in enumerate(brut.to_dict("records"), 1)
    ]
    produites = controler(tables(structures=lignes), config)
    bilan = produites["controle/bilan"].iloc[0]
    assert bilan["ecartees"] == siret_faux
    assert bilan["lues"] == len(brut) == bilan["gardees"] + siret_faux
    assert (produites["controle/structures"]["genre"] != "NR").all()
