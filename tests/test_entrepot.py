"""L'entrepôt : un marché, une clause, un contrat, une personne, comptés une fois et au bon endroit."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from observatoire.erreurs import QualiteError
from observatoire.schemas import SCHEMAS
from tests.maillons import en_octets, entreposer
from tests.petit_entrepot import (
    RENDUES,
    SANS_CONTRAT,
    SANS_MOIS,
    STRUCTURE_ID,
    du_suivi,
    identifiant,
    mois,
    projets,
    suivi,
    table,
    valeurs,
)

DECP = {
    "source": "decp",
    "millesime": "2026-10-05",
    "fichier": "marches.json",
    "format": "v2",
    "genre": "marche",
    "id_source": "2026-001",
    "acheteur_id": "21930066200012",
    "objet": "Rénovation d’une école",
    "cpv": "45214200",
    "date_notification": "2026-01-15",
    "date_publication": "2026-02-01",
}


def decp(*ecarts):
    return table("controle/decp", DECP, *ecarts)


def entrepot(**tables):
    """L'entrepôt tiré des tables données ; les autres sources sont vides. Clés : noms sans maillon."""
    donnees = {f"controle/{nom}": contenu for nom, contenu in tables.items()}
    return {nom.split("/")[1]: rendue for nom, rendue in entreposer(donnees).items()}


# ── les tables ───────────────────────────────────────────────────────────────────────────────


def test_des_sources_vides_donnent_des_tables_vides_et_conformes():
    tables = entrepot()
    assert sorted(f"entrepot/{nom}" for nom in tables) == sorted(
        s for s in SCHEMAS if s.startswith("entrepot/")
    )
    for nom, contenu in tables.items():
        assert (len(contenu) > 0) == (nom in ("territoires", "appartenances"))
        en_octets(f"entrepot/{nom}", contenu)


def test_chaque_table_du_suivi_suit_son_schema_et_sa_cle():
    sortie = {"situation_sortie": "DURABLE", "date_observation": "2026-04-01"}
    tables = entrepot(
        decp=decp({}, {"id_source": "2"}),
        suivi=suivi(
            sortie,
            {"heures": 5.0},
            {"contrat": "C2", "structure_id": "x"},
            {"operation": "OP2", **SANS_CONTRAT},
            {"operation": "OP1|OP2", "contrat": "C3"},
            {"contrat": "C4", **SANS_MOIS},
        ),
        grands_projets=projets({}, {"programme": "EOLE"}, {"marche_reference": None}),
    )
    for nom in RENDUES:
        assert len(tables[nom]) > 0, nom
        en_octets(f"entrepot/{nom}", tables[nom])


def test_le_petit_entrepot_des_essais_rend_ce_que_rend_l_entrepot():
    recues = {"suivi": suivi({}, {"operation": "OP1|OP2", **SANS_MOIS}), "grands_projets": projets({})}
    entier, petit = entrepot(**recues), du_suivi(**recues)
    for nom in RENDUES:
        pd.testing.assert_frame_equal(petit[nom], entier[nom])


# ── clauses ──────────────────────────────────────────────────────────────────────────────────


def test_les_lots_d_un_marche_sont_des_clauses_d_un_seul_marche():
    # T7 : deux lots, et le même numéro saisi autrement par une autre structure : un marché, trois clauses.
    clauses = du_suivi(
        suivi=suivi(
            {"lot": "1"},
            {"lot": "2", "operation": "OP2", "marche_reference": "2026 001"},
            {"structure_id": "18", "marche_reference": "n.a", "operation": "OP1"},
            {"structure_id": "19", "marche_reference": " 0/2026.001", "acheteur_id": "21930066299999"},
        )
    )["clauses"]
    assert len(clauses) == 4
    assert sorted(clauses["marche_cle"]) == ["219300662|2026001"] * 3 + ["219300662|NA"]


def test_sans_reference_ou_sans_acheteur_une_clause_est_un_marche():
    absents = [{"marche_reference": None}, {"marche_reference": "00-0"}, {"acheteur_id": None}]
    lignes = [{"operation": f"{rang} {absent}", **absent} for absent in absents for rang in (1, 2)]
    clauses = du_suivi(suivi=suivi(*lignes))["clauses"]
    assert clauses["marche_cle"].tolist() == clauses["clause_id"].tolist()
    assert len(clauses) == 6


def test_la_clause_prend_son_dernier_etat_et_ses_dernieres_heures_engagees():
    # T10 : 500 h, puis 800 h par avenant, puis une saisie qui tait l'engagement.
    clauses = du_suivi(
        suivi=suivi(
            {"date_saisie": "2026-06-05", "statut_clause": "SOLDEE", "heures_engagees": None},
            {"date_saisie": "2026-04-05", "statut_clause": "EN_COURS", "heures_engagees": 800.0},
            {"date_saisie": "2026-03-05", "statut_clause": "NOTIFIEE", "heures_engagees": 500.0},
        )
    )["clauses"]
    assert valeurs(clauses, "statut", "heures_engagees") == [("SOLDEE", 800.0)]


def test_une_livraison_plus_recente_l_emporte_sur_une_saisie_plus_recente():
    clauses = du_suivi(
        suivi=suivi(
            {"millesime": "2026-10-05", "statut_clause": "SOLDEE", "date_saisie": "2026-01-01"},
            {"millesime": "2026-07-05", "statut_clause": "EN_COURS", "date_saisie": "2026-06-01"},
        )
    )["clauses"]
    assert valeurs(clauses, "statut") == ["SOLDEE"]


def test_le_meme_numero_d_operation_dans_deux_structures_fait_deux_clauses():
    # T21 : PLIE fusionnés, identifiants réemployés.
    ecarts = ({}, {"structure_id": "18"}, {"source": "suivi_b"}, {"structure_id": "1", "operation": "8OP1"})
    clauses = du_suivi(suivi=suivi(*ecarts))["clauses"]
    assert len(clauses) == 4
    assert all(re.fullmatch(r"[0-9a-f]{16}", clause) for clause in clauses["clause_id"])


def test_une_clause_sans_contrat_est_gardee_sans_heures_ni_personne():
    tables = du_suivi(suivi=suivi({**SANS_CONTRAT, "heures_engagees": 300.0}))
    assert valeurs(tables["clauses"], "heures_engagees") == [300.0]
    assert [len(tables[nom]) for nom in ("contrats", "heures", "beneficiaires", "beneficiaires_publics")] == [
        0
    ] * 4


# programme déclaré, lignes des grands projets → programme retenu
PROGRAMMES = [
    ("HORS", [{}], "GPE"),
    (None, [{}], "GPE"),
    ("EOLE", [{}], "EOLE"),  # le logiciel de suivi l'a dit
    ("HORS", [{"acheteur_id": "21930099900012"}], "HORS"),  # autre acheteur
    ("HORS", [{"programme": None}], "HORS"),
    ("HORS", [{}, {"programme": "EOLE", "millesime": "2025-10-05"}], "GPE"),  # dernière livraison
]


def test_les_grands_projets_etiquettent_et_n_ajoutent_pas_d_heures():
    declares, lignes_gp = [], []
    for rang, (programme, lignes, _) in enumerate(PROGRAMMES):
        commun = {"marche_reference": f"2026-{rang}"}
        declares.append({**commun, "operation": f"{rang}", "programme": programme})
        lignes_gp += [
            {"marche_reference": f"0 2026.{rang}", "heures_engagees": 5000.0, **ligne} for ligne in lignes
        ]
    tables = du_suivi(suivi=suivi(*declares), grands_projets=projets(*lignes_gp))
    clauses = tables["clauses"].sort_values("marche_cle")
    assert valeurs(clauses, "programme") == [attendu for *_, attendu in PROGRAMMES]
    assert clauses["heures_engagees"].isna().all()
    assert tables["heures"]["heures"].sum() == 600


def test_un_code_absent_est_non_renseigne():
    tables = du_suivi(suivi=suivi({"modalite": ""}))
    assert valeurs(tables["clauses"], "modalite", "type_marche", "programme", "statut") == [
        ("NR", "NR", "HORS", "NR")
    ]
    assert valeurs(tables["contrats"], "type_contrat", "type_employeur", "prescripteur") == [
        ("NR", "NR", "NR")
    ]


# ── contrats, personnes ──────────────────────────────────────────────────────────────────────


def test_une_personne_suivie_par_deux_structures_compte_une_fois():
    # Oracle 8 (T1) : deux facilitateurs, mêmes identifiants locaux, une personne, deux contrats.
    tables = du_suivi(
        suivi=suivi({"employeur_id": "80128543800017"}, {"structure_id": "18", "source": "suivi_b"})
    )
    assert valeurs(tables["beneficiaires"], "personne") == ["p1"]
    assert valeurs(tables["contrats"], "personne") == ["p1", "p1"]
    assert tables["contrats"]["contrat_id"].is_unique
    assert set(valeurs(tables["contrats"], "employeur_siren")) == {"801285438", None}


def test_deux_marches_de_modalites_differentes_restent_une_personne():
    # Oracle 7 : CE et MR_SIAE le même trimestre : une personne, deux clauses, un contrat par clause.
    tables = du_suivi(suivi=suivi({}, {"operation": "OP2", "modalite": "MR_SIAE", "contrat": "C2"}))
    assert len(tables["beneficiaires"]) == 1
    assert sorted(tables["clauses"]["modalite"]) == ["CE", "MR_SIAE"]


def test_le_profil_est_celui_de_l_entree_et_ne_suit_pas_la_personne():
    # R6 : à l'entrée, deux lignes se complètent et la saisie la plus récente l'emporte ; le second
    # contrat, d'une autre source, ne change rien et ne complète rien.
    premiere = {"contrat_debut": "2024-06-01", "age_entree": 29, "niveau_diplome": "INF3", "qpv": "NR"}
    muette = {**premiere, "age_entree": None, "niveau_diplome": "NR", "qpv": "OUI", "sexe": "NR"}
    ancienne = {**premiere, "niveau_diplome": "N3", "date_saisie": "2024-07-05"}
    suivante = {"contrat_debut": "2025-06-01", "source": "suivi_b", "age_entree": 31, "niveau_diplome": "N4"}
    personnes = du_suivi(suivi=suivi(suivante, premiere, muette, ancienne))["beneficiaires"]
    colonnes = ("sexe", "age_entree", "tranche_age", "niveau_diplome", "qpv", "date_entree")
    assert valeurs(personnes, *colonnes) == [("F", 29, "A26_29", "INF3", "OUI", pd.Timestamp("2024-06-01"))]


def test_un_contrat_sans_date_de_debut_est_date_de_son_premier_mois():
    lignes = suivi(
        {"contrat_debut": None, "mois": "2024-03-01", "niveau_diplome": "INF3"},
        {"contrat_debut": "2025-01-15", "contrat": "C2", "niveau_diplome": "N4"},
    )
    beneficiaires = du_suivi(suivi=lignes)["beneficiaires"]
    assert valeurs(beneficiaires, "niveau_diplome", "date_entree") == [("INF3", mois("2024-03"))]
    sans_date = suivi({"contrat_debut": None, "mois": None, "contrat_fin": "2024-03-01"})
    assert valeurs(du_suivi(suivi=sans_date)["beneficiaires"], "sexe", "date_entree") == [("F", None)]


AGES = {
    "NR": [None],
    "M26": [15, 25],
    "A26_29": [26, 29],
    "A30_39": [30, 39],
    "A40_49": [40, 49],
    "A50_54": [50, 54],
    "A55P": [55, 70],
}


def test_la_tranche_d_age_est_celle_de_l_entree():
    cas = [(f"{tranche} {age}", age) for tranche, ages in AGES.items() for age in ages]
    lignes = suivi(*({"personne": nom, "contrat": nom, "age_entree": age} for nom, age in cas))
    beneficiaires = du_suivi(suivi=lignes)["beneficiaires"]
    assert len(beneficiaires) == 13
    for personne, tranche in valeurs(beneficiaires, "personne", "tranche_age"):
        assert personne.split()[0] == tranche


def test_le_departement_de_residence_distingue_hors_region_et_non_renseigne():
    attendus = {
        "93066": "93",
        "75112": "75",
        "78687": "91",  # Viry-Châtillon, du temps de la Seine-et-Oise
        "60057": "HORS",
        "2A004": "HORS",
        "": "NR",
    }
    lignes = suivi(*({"personne": f"p{commune}", "commune_residence": commune} for commune in attendus))
    beneficiaires = du_suivi(suivi=lignes)["beneficiaires"]
    rendus = dict(valeurs(beneficiaires, "personne", "departement_residence"))
    assert rendus == {f"p{commune}": departement for commune, departement in attendus.items()}


PUBLICS = [
    ([{"publics": "DELD|BRSA"}, {"publics": "BRSA| QPV"}], ["BRSA", "DELD", "QPV"]),
    ([{"publics": None}], ["NR"]),
    ([{"publics": ""}, {"publics": "NR"}], ["NR"]),
    ([{"publics": "NR|RQTH"}, {"publics": None}], ["RQTH"]),
    # Le public d'un contrat suivant n'est pas un public à l'entrée.
    ([{"publics": "NR"}, {"publics": "BRSA", "contrat_debut": "2026-06-01"}], ["NR"]),
    # T12 : moins de 26 ans sans diplôme, mais la source n'a pas dit « peu ou pas qualifié ».
    ([{"publics": "DELD", "age_entree": 19, "niveau_diplome": "INF3"}], ["DELD"]),
]


def test_les_publics_sont_l_union_de_ceux_de_l_entree():
    lignes = [{"personne": str(rang), **ligne} for rang, (cas, _) in enumerate(PUBLICS) for ligne in cas]
    rendus = du_suivi(suivi=suivi(*lignes))["beneficiaires_publics"]
    par_personne = rendus.groupby("personne")["public"].agg(list).tolist()
    assert par_personne == [attendus for _, attendus in PUBLICS]


def test_chaque_jalon_garde_sa_derniere_observation():
    # Observée le plus tard l'emporte, même saisie plus tôt ; sans jalon, c'est la fin du parcours.
    lignes = suivi(
        {"situation_sortie": "SANS_NOUV", "date_observation": "2026-07-01", "date_saisie": "2026-02-01"},
        {"situation_sortie": "DURABLE", "date_observation": "2026-05-01", "date_saisie": "2026-06-01"},
        {"situation_sortie": "POSITIVE", "date_observation": None, "jalon": "NR"},
        {"situation_sortie": "RETRAIT", "date_observation": "2026-09-01", "jalon": "M6"},
        {"personne": "p2", "contrat": "C2", "situation_sortie": None, "date_observation": "2026-05-01"},
        {"personne": "p3", "contrat": "C3", "situation_sortie": "NR", "jalon": "M3"},
    )
    suivis = du_suivi(suivi=lignes)["suivi"]
    assert valeurs(suivis, "personne", "jalon", "situation") == [
        ("p1", "FIN", "SANS_NOUV"),
        ("p1", "M6", "RETRAIT"),
    ]


# ── heures ───────────────────────────────────────────────────────────────────────────────────


def test_un_contrat_sans_detail_mensuel_est_reparti_par_jours():
    # Oracle 6 : 15/12/2021 → 14/01/2022, 155 h, 31 jours : 17 × 5 = 85 h et 14 × 5 = 70 h.
    heures = du_suivi(suivi=suivi(SANS_MOIS))["heures"]
    assert valeurs(heures, "mois", "heures", "estime") == [
        (mois("2021-12"), 85.0, True),
        (mois("2022-01"), 70.0, True),
    ]


# début, fin, heures → heures de chaque mois ; toutes les lignes sont saisies le 5 mars 2026.
PARTAGES = {
    # 10 h sur 1 + 28 + 1 jours : 0,33…, 9,33… et 0,33… h ; le centième qui manque va au plus grand
    # reste, et à égalité au premier mois.
    ("2023-01-31", "2023-03-01", 10.0): [0.34, 9.33, 0.33],
    ("2024-02-28", "2024-03-01", 3.0): [2.0, 1.0],  # 29 février compris
    ("2025-12-31", "2026-01-01", 0.05): [0.03, 0.02],
    ("2026-01-10", "2026-01-10", 7.5): [7.5],
    ("2026-01-10", "2025-12-01", 7.5): [7.5],  # fin avant le début : au jour du début
    ("2026-01-10", None, 55.0): [22.0, 28.0, 5.0],  # sans fin : jusqu'à la saisie
    ("2026-03-31", None, 4.0): [4.0],  # saisi avant de commencer : au jour du début
    (None, "2026-02-28", 12.0): [12.0],
    # En cours à la livraison du 05/10/2026 : 26 + 5 jours, rien dans l'avenir.
    ("2026-09-05", "2027-03-31", 31.0): [26.0, 5.0],
    ("2026-11-05", "2027-03-31", 3.0): [3.0],
    ("2026-01-31", "2026-02-02", 0.01): [0.0, 0.01],  # 1/3 et 2/3 de centième
    ("2026-01-31", "2026-02-01", 0.01): [0.01, 0.0],
    ("2026-01-31", "2026-02-01", 0.0): [0.0, 0.0],
}


def test_le_partage_par_jours_tombe_juste_au_centieme():
    lignes = suivi(
        *(
            {
                "operation": f"{rang:02}",
                "mois": None,
                "contrat_debut": debut,
                "contrat_fin": fin,
                "heures": heures,
            }
            for rang, (debut, fin, heures) in enumerate(PARTAGES)
        )
    )
    tables = du_suivi(suivi=lignes)
    assert tables["heures"]["estime"].all()
    parts = tables["heures"].groupby("clause_id")["heures"].agg(list)
    operations = [identifiant("suivi_a", STRUCTURE_ID, f"{rang:02}") for rang in range(len(PARTAGES))]
    assert [parts[operation] for operation in operations] == list(PARTAGES.values())


def test_une_ligne_recue_deux_fois_compte_une_fois_deux_lignes_differentes_s_additionnent():
    # 100 h (deux fois la même ligne, dans deux fichiers) + 35 h de formation + 100 h saisies un autre jour.
    heures = du_suivi(
        suivi=suivi(
            {},
            {"fichier": "copie.csv"},
            {"heures": 35.0, "type_heure": "FORMATION"},
            {"date_saisie": "2026-04-05"},
        )
    )["heures"]
    assert valeurs(heures, "heures", "estime", "date_saisie") == [(235.0, False, pd.Timestamp("2026-04-05"))]


def test_un_forfait_recu_deux_fois_n_est_reparti_qu_une_fois():
    heures = du_suivi(suivi=suivi(SANS_MOIS, SANS_MOIS, {**SANS_MOIS, "heures": 31.0}))["heures"]
    assert valeurs(heures, "heures") == [102.0, 84.0]  # 85 + 17 et 70 + 14


def test_un_mois_qui_melange_detail_et_repartition_est_estime():
    heures = du_suivi(suivi=suivi(SANS_MOIS, {"mois": "2022-01-01", "heures": 10.0}))["heures"]
    assert valeurs(heures, "heures", "estime") == [(85.0, True), (80.0, True)]


def test_la_meme_personne_declaree_par_deux_structures_garde_ses_deux_lignes():
    # T2 : un chevauchement se signale au contrôle, il ne s'efface pas ici.
    assert valeurs(du_suivi(suivi=suivi({}, {"structure_id": "18"}))["heures"], "heures") == [100.0, 100.0]


@pytest.mark.parametrize(
    "sans_place",
    [
        {"contrat": None},
        {"operation": None},
        {"mois": None, "contrat_debut": None, "contrat_fin": None},
    ],
)
def test_des_heures_impossibles_a_placer_ne_disparaissent_pas_en_silence(sans_place):
    with pytest.raises(QualiteError, match=r"1 ligne.*export\.csv, ligne 2"):
        du_suivi(suivi=suivi({}, sans_place))


# ── propriétés ───────────────────────────────────────────────────────────────────────────────

DATES = st.none() | st.dates(dt.date(2021, 1, 1), dt.date(2024, 12, 31))
LIGNES_SUIVI = st.lists(
    st.fixed_dictionaries(
        {
            "source": st.sampled_from(["suivi_a", "suivi_b"]),
            "structure_id": st.sampled_from(["s1", "s2"]),
            "operation": st.sampled_from(["OP1", "OP2", "OP1|OP2", "OP2|OP3|OP1", "|"]),
            "heures_engagees": st.sampled_from([None, 0.0, 500.0, 333.33]),
            "type_contrat": st.sampled_from(["CDI", "CDD"]),
            "type_heure": st.sampled_from(["TRAVAIL", "FORMATION", None]),
            "contrat": st.sampled_from(["C1", "C2"]),
            "personne": st.sampled_from(["p1", "p2", None]),
            "sexe": st.sampled_from(["F", "M", "NR", None]),
            "publics": st.sampled_from(["DELD|BRSA", "QPV", "NR", None]),
            "statut_clause": st.sampled_from(["EN_COURS", "SOLDEE", None]),
            "situation_sortie": st.sampled_from(["DURABLE", "SANS_NOUV", None]),
            "date_observation": DATES,
            "date_saisie": DATES,
            "contrat_debut": st.dates(dt.date(2021, 1, 1), dt.date(2024, 12, 31)),
            "contrat_fin": DATES,
            "mois": st.sampled_from(["2024-01-01", "2024-02-01", None]),
            "heures": st.integers(0, 22_000).map(lambda centiemes: centiemes / 100),
        }
    ),
    max_size=40,
)
COURT = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@COURT
@given(LIGNES_SUIVI, st.randoms(use_true_random=False))
def test_l_ordre_des_lignes_recues_est_sans_effet(lignes, hasard):
    recues = suivi(*lignes)
    rangs = list(range(len(recues)))
    hasard.shuffle(rangs)
    attendu, obtenu = du_suivi(suivi=recues), du_suivi(suivi=recues.iloc[rangs])
    for nom in attendu:
        pd.testing.assert_frame_equal(obtenu[nom], attendu[nom], check_exact=True)
        assert not attendu[nom].duplicated(list(SCHEMAS[f"entrepot/{nom}"].cle)).any()


@COURT
@given(LIGNES_SUIVI)
@example([{**SANS_MOIS, "contrat_debut": "2020-02-29", "contrat_fin": "2024-02-29", "heures": 0.05}])
def test_la_somme_des_heures_est_celle_des_lignes_differentes(lignes):
    recues = suivi(*lignes)
    heures = du_suivi(suivi=recues)["heures"]
    origine = ["millesime", "fichier", "ligne"]
    attendue = recues.drop(columns=origine).drop_duplicates()["heures"].sum()
    rendue = heures["heures"].sum() + heures["heures_hors_plafond"].sum()
    assert np.isclose(float(rendue), float(attendue), rtol=0, atol=1e-6)
    assert (heures[["heures", "heures_formation", "heures_hors_plafond"]] >= 0).all(axis=None)
    assert (heures["heures_formation"] <= heures["heures"]).all()
    assert (heures["mois"].dt.day == 1).all()
