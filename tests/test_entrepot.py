"""L'entrepôt : un marché, une clause, un contrat, une personne, comptés une fois et au bon endroit."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from observatoire.entrepot import construire
from observatoire.entrepot.cles import empreinte
from observatoire.erreurs import QualiteError, TableError
from observatoire.magasin import en_parquet
from observatoire.schemas import SCHEMAS

LUES = ("controle/decp", "controle/suivi", "controle/grands_projets", "controle/structures")
VIDES = {nom: SCHEMAS[nom].vide() for nom in LUES}

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
SUIVI = {
    "source": "suivi_a",
    "millesime": "2026-10-05",
    "fichier": "export.csv",
    "structure_id": "13002526500013",
    "operation": "OP1",
    "marche_reference": "2026-001",
    "acheteur_id": "21930066200012",
    "modalite": "CE",
    "commune_execution": "93066",
    "contrat": "C1",
    "personne": "p1",
    "sexe": "F",
    "age_entree": 30,
    "commune_residence": "93066",
    "contrat_debut": "2026-01-10",
    "contrat_fin": "2026-03-31",
    "mois": "2026-02-01",
    "heures": 100.0,
    "date_saisie": "2026-03-05",
}
PROJET = {
    "source": "grands_projets",
    "millesime": "2026-10-05",
    "fichier": "gp.xlsx",
    "acheteur_id": "21930066200012",
    "programme": "GPE",
    "marche_reference": "2026-001",
}
STRUCTURE = {"source": "structures", "millesime": "2026-10-05", "fichier": "s.csv", "siret": "13002526500013"}
SANS_CONTRAT = dict.fromkeys(
    ("contrat", "personne", "mois", "heures", "contrat_debut", "contrat_fin", "date_saisie")
)
SANS_MOIS = {"mois": None, "contrat_debut": "2021-12-15", "contrat_fin": "2022-01-14", "heures": 155.0}


def table(nom, defauts, *ecarts):
    """Une table `controle/…` : chaque ligne vaut ses défauts, sauf ce qu'elle dit."""
    schema = SCHEMAS[f"controle/{nom}"]
    lignes = [{"ligne": rang, **defauts, **ecart} for rang, ecart in enumerate(ecarts, start=1)]
    return schema.verifier(pd.DataFrame(lignes, columns=schema.noms))


def decp(*ecarts):
    return table("decp", DECP, *ecarts)


def suivi(*ecarts):
    return table("suivi", SUIVI, *ecarts)


def entrepot(**tables):
    """L'entrepôt tiré des tables données ; les autres sources sont vides. Clés : noms sans maillon."""
    donnees = {f"controle/{nom}": contenu for nom, contenu in tables.items()}
    return {nom.split("/")[1]: rendue for nom, rendue in construire(VIDES | donnees).items()}


def valeurs(table, *colonnes):
    """Le contenu en objets simples, `None` pour une valeur absente."""
    lignes = table[list(colonnes)].astype(object).where(table[list(colonnes)].notna(), None).to_numpy()
    return [tuple(ligne) for ligne in lignes.tolist()] if len(colonnes) > 1 else [x for (x,) in lignes]


def titulaires(*siret):
    return json.dumps([{"id": s, "type_identifiant": "SIRET"} for s in siret])


def mois(texte):
    return pd.Timestamp(f"{texte}-01")


# ── les tables ───────────────────────────────────────────────────────────────────────────────


def test_des_sources_vides_donnent_dix_tables_conformes():
    tables = entrepot()
    assert sorted(f"entrepot/{nom}" for nom in tables) == sorted(
        s for s in SCHEMAS if s.startswith("entrepot/")
    )
    for nom, contenu in tables.items():
        assert len(contenu) == (72 if nom == "territoires" else 0)
        en_parquet(SCHEMAS[f"entrepot/{nom}"], contenu)


def test_chaque_table_suit_son_schema_et_sa_cle():
    tables = entrepot(
        decp=decp({}, {"id_source": "2"}),
        suivi=suivi(
            {}, {"heures": 5.0}, {"contrat": "C2", "structure_id": "x"}, {"operation": "OP2", **SANS_CONTRAT}
        ),
        grands_projets=table("grands_projets", PROJET, {}, {"programme": "EOLE"}),
        structures=table("structures", STRUCTURE, {"genre": "EI"}, {"genre": "EI"}, {"genre": "ACI"}),
    )
    for nom, contenu in tables.items():
        schema = SCHEMAS[f"entrepot/{nom}"]
        assert len(contenu) > (-1 if nom == "suivi" else 0)
        pd.testing.assert_frame_equal(schema.verifier(contenu), contenu)
        en_parquet(schema, contenu)


def test_une_table_hors_schema_est_refusee_a_la_porte():
    with pytest.raises(TableError, match="controle/suivi"):
        entrepot(suivi=suivi({}).drop(columns="heures"))


def test_les_tables_recues_ne_sont_jamais_modifiees():
    recues = {"decp": decp({}, {"uid": ""}), "suivi": suivi({}, SANS_MOIS, {"commune_residence": "75112"})}
    copies = {nom: contenu.copy(deep=True) for nom, contenu in recues.items()}
    entrepot(**recues)
    for nom, contenu in recues.items():
        pd.testing.assert_frame_equal(contenu, copies[nom])


# ── marchés ──────────────────────────────────────────────────────────────────────────────────


def test_le_csv_reel_donne_un_marche_par_uid(reelles):
    with (reelles / "decp_v2" / "decp_2024H2_travaux_cpv4521_filtered.csv").open(encoding="utf-8") as flux:
        lignes = list(csv.DictReader(flux))
    recues = [
        {
            "format": "tabulaire",
            "objet": None,
            "date_publication": None,
            "uid": ligne["uid"],
            "id_source": ligne["id"],
            "acheteur_id": ligne["acheteur_id"],
            "cpv": ligne["codeCPV"],
            "montant_eur": float(ligne["montant"]),
            "date_notification": ligne["dateNotification"],
            "departement": ligne["acheteur_departement_code"] or None,
            "titulaires": titulaires(ligne["titulaire_id"]),
        }
        for ligne in lignes
    ]
    marches = entrepot(decp=decp(*recues))["marches"].set_index("marche_id")
    assert (len(lignes), len(marches), marches["nb_lignes"].sum()) == (8957, 5180, 8957)
    # Deux dates, la plus récente lue d'abord : elle donne le montant, la première date la notification.
    modifie = marches.loc["18001404502245202449309"]
    assert modifie["montant_eur"] == 126_090
    assert modifie["date_notification"] == pd.Timestamp("2024-10-03")
    assert (modifie["nb_lignes"], modifie["nb_titulaires"]) == (2, 1)


def test_le_fichier_reel_de_2019_compte_ses_concessions_et_ses_repetitions(reelles):
    contrats = json.loads((reelles / "decp_v1" / "derive_idf_v1.json").read_text(encoding="utf-8"))["marches"]
    acheteurs = [contrat.get("acheteur") or contrat["autoriteConcedante"] for contrat in contrats]
    recues = [
        {
            "format": "v1",
            "genre": "concession" if contrat["_type"] == "Contrat de concession" else "marche",
            "uid": contrat.get("uid"),
            "id_source": contrat.get("id"),
            "acheteur_id": acheteur["id"],
            "cpv": re.sub(r"-\d$", "", contrat.get("codeCPV") or "") or None,
            "objet": contrat.get("objet"),
        }
        for contrat, acheteur in zip(contrats, acheteurs, strict=True)
    ]
    marches = entrepot(decp=decp(*recues))["marches"]
    distincts = {
        tuple(str(recue[c]) for c in ("genre", "acheteur_id", "id_source", "cpv", "objet"))
        for recue in recues
    }
    lignes = marches.groupby("genre")["nb_lignes"].sum().to_dict()
    assert lignes == {"concession": 18, "marche": 1502}  # 1 520 lignes
    # Les objets ne diffèrent jamais par la seule ponctuation, sauf quand la comparaison le veut.
    assert len(marches) <= len(distincts) < 1520


# La ligne de 200 € l'emporte toujours sur celle de 100 €.
REPETITIONS = [
    ({"millesime": "2026-11-05"}, {"date_publication": "2026-03-01", "procedure": None}),
    ({"date_publication": None}, {"date_publication": "2026-03-01", "procedure": None}),
    # Sans publication (format tabulaire), la modification porte une date plus récente.
    (
        {"date_publication": None},
        {"date_publication": None, "date_notification": "2026-05-01", "procedure": None},
    ),
    ({"procedure": None, "millesime": "2026-11-05"}, {}),  # à dates égales, la plus complète
    ({}, {"millesime": "2026-11-05"}),  # à complétude égale, la dernière livrée
    ({}, {}),  # et dans un même fichier, la dernière lue
]


@pytest.mark.parametrize("sens", [1, -1])
def test_un_marche_repete_garde_sa_ligne_la_plus_probante(sens):
    lignes = []
    for rang, paire in enumerate(REPETITIONS):
        commun = {"id_source": str(rang), "procedure": "Procédure adaptée"}
        lignes += [
            {**commun, "montant_eur": m, **ecart} for m, ecart in zip((100.0, 200.0), paire, strict=True)
        ]
    marches = entrepot(decp=decp(*lignes)[::sens])["marches"]
    assert valeurs(marches, "montant_eur", "nb_lignes") == [(200.0, 2)] * len(REPETITIONS)


def test_un_marche_modifie_reste_notifie_a_sa_premiere_date():
    lignes = decp({}, {"date_publication": "2026-06-01", "date_notification": "2026-05-20"})
    assert valeurs(entrepot(decp=lignes)["marches"], "date_notification") == [pd.Timestamp("2026-01-15")]


def test_les_titulaires_distincts_sont_comptes_sur_toutes_les_lignes():
    # {1, 2} puis {2, 3} puis une liste vide et une absente : 3 titulaires, 4 lignes.
    lignes = decp(
        {"titulaires": titulaires("1", "2")}, {"titulaires": titulaires("2", "3")}, {"titulaires": "[]"}, {}
    )
    seul = decp({"titulaires": None})
    assert valeurs(entrepot(decp=lignes)["marches"], "nb_titulaires", "nb_lignes") == [(3, 4)]
    assert valeurs(entrepot(decp=seul)["marches"], "nb_titulaires", "nb_lignes") == [(0, 1)]


MARCHES_VOISINS = [
    ({"objet": "RENOVATION D'UNE  ECOLE."}, 1),  # casse, accents et ponctuation ne comptent pas
    ({"objet": "Rénovation d’une crèche"}, 2),
    ({"cpv": "45210000"}, 2),
    ({"acheteur_id": "21930066200020"}, 2),
    ({"genre": "concession"}, 2),  # même numéro, mais ce n'est pas le même contrat
    ({"uid": "un-autre-uid"}, 1),  # hors du format tabulaire, l'uid n'est pas régulier
    ({"format": "tabulaire", "uid": "21930066200012-2026-001"}, 2),
]


def test_deux_lignes_sont_un_meme_marche_ou_deux():
    lignes = []
    for rang, (autre, _) in enumerate(MARCHES_VOISINS):
        lignes += [{"id_source": f"cas {rang}"}, {"id_source": f"cas {rang}", **autre}]
    nombres = entrepot(decp=decp(*lignes))["marches"].groupby("id_source").size()
    assert nombres.tolist() == [nombre for _, nombre in MARCHES_VOISINS]


@pytest.mark.parametrize("absent", ["acheteur_id", "id_source"])
def test_sans_acheteur_ou_sans_numero_l_uid_distingue_les_marches(absent):
    lignes = decp(*({absent: None, "uid": uid} for uid in ("a", "b", "b")))
    assert valeurs(entrepot(decp=lignes)["marches"], "marche_id", "nb_lignes") == [("a", 1), ("b", 2)]


def test_une_consideration_non_renseignee_le_reste():
    marches = entrepot(decp=decp({"clause_sociale": True, "critere_social": False}))["marches"]
    assert valeurs(marches, "clause_sociale", "critere_social", "marche_reserve") == [(True, False, None)]


# ── clauses ──────────────────────────────────────────────────────────────────────────────────


def test_les_lots_d_un_marche_sont_des_clauses_d_un_seul_marche():
    # T7 : deux lots, et le même numéro saisi autrement par une autre structure : un marché, trois clauses.
    clauses = entrepot(
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
    clauses = entrepot(suivi=suivi(*lignes))["clauses"]
    assert clauses["marche_cle"].tolist() == clauses["clause_id"].tolist()
    assert len(clauses) == 6


def test_la_clause_retrouve_son_marche_quand_il_est_seul():
    un_seul = decp({"id_source": "2026_001", "acheteur_id": "21930066200099"}, {"id_source": "2026_002"})
    deux = decp({}, {"cpv": "45210000"})
    marche = un_seul.pipe(lambda t: entrepot(decp=t, suivi=suivi({})))
    assert marche["clauses"]["marche_id"].tolist() == marche["marches"]["marche_id"].tolist()[1:]
    assert valeurs(entrepot(decp=deux, suivi=suivi({}))["clauses"], "marche_id") == [None]
    assert valeurs(entrepot(suivi=suivi({}))["clauses"], "marche_id") == [None]


def test_la_clause_prend_son_dernier_etat_et_ses_dernieres_heures_engagees():
    # T10 : 500 h, puis 800 h par avenant, puis une saisie qui tait l'engagement.
    clauses = entrepot(
        suivi=suivi(
            {"date_saisie": "2026-06-05", "statut_clause": "SOLDEE", "heures_engagees": None},
            {"date_saisie": "2026-04-05", "statut_clause": "EN_COURS", "heures_engagees": 800.0},
            {"date_saisie": "2026-03-05", "statut_clause": "NOTIFIEE", "heures_engagees": 500.0},
        )
    )["clauses"]
    assert valeurs(clauses, "statut", "heures_engagees") == [("SOLDEE", 800.0)]


def test_une_livraison_plus_recente_l_emporte_sur_une_saisie_plus_recente():
    clauses = entrepot(
        suivi=suivi(
            {"millesime": "2026-10-05", "statut_clause": "SOLDEE", "date_saisie": "2026-01-01"},
            {"millesime": "2026-07-05", "statut_clause": "EN_COURS", "date_saisie": "2026-06-01"},
        )
    )["clauses"]
    assert valeurs(clauses, "statut") == ["SOLDEE"]


def test_le_meme_numero_d_operation_dans_deux_structures_fait_deux_clauses():
    # T21 : PLIE fusionnés, identifiants réemployés.
    ecarts = ({}, {"structure_id": "18"}, {"source": "suivi_b"}, {"structure_id": "1", "operation": "8OP1"})
    clauses = entrepot(suivi=suivi(*ecarts))["clauses"]
    assert len(clauses) == 4
    assert all(re.fullmatch(r"[0-9a-f]{16}", clause) for clause in clauses["clause_id"])


def test_une_clause_sans_contrat_est_gardee_sans_heures_ni_personne():
    tables = entrepot(suivi=suivi({**SANS_CONTRAT, "heures_engagees": 300.0}))
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
    declares, projets = [], []
    for rang, (programme, lignes, _) in enumerate(PROGRAMMES):
        commun = {"marche_reference": f"2026-{rang}"}
        declares.append({**commun, "operation": f"{rang}", "programme": programme})
        projets += [
            {"marche_reference": f"0 2026.{rang}", "heures_engagees": 5000.0, **ligne} for ligne in lignes
        ]
    tables = entrepot(suivi=suivi(*declares), grands_projets=table("grands_projets", PROJET, *projets))
    clauses = tables["clauses"].sort_values("marche_cle")
    assert valeurs(clauses, "programme") == [attendu for *_, attendu in PROGRAMMES]
    assert clauses["heures_engagees"].isna().all()
    assert tables["heures"]["heures"].sum() == 600


def test_un_code_absent_est_non_renseigne():
    tables = entrepot(suivi=suivi({"modalite": ""}))
    assert valeurs(tables["clauses"], "modalite", "type_marche", "programme", "statut") == [
        ("NR", "NR", "HORS", "NR")
    ]
    assert valeurs(tables["contrats"], "type_contrat", "type_employeur", "prescripteur") == [
        ("NR", "NR", "NR")
    ]


# ── contrats, personnes ──────────────────────────────────────────────────────────────────────


def test_une_personne_suivie_par_deux_structures_compte_une_fois():
    # Oracle 8 (T1) : deux facilitateurs, mêmes identifiants locaux, une personne, deux contrats.
    tables = entrepot(
        suivi=suivi({"employeur_id": "80128543800017"}, {"structure_id": "18", "source": "suivi_b"})
    )
    assert valeurs(tables["beneficiaires"], "personne") == ["p1"]
    assert valeurs(tables["contrats"], "personne") == ["p1", "p1"]
    assert tables["contrats"]["contrat_id"].is_unique
    assert set(valeurs(tables["contrats"], "employeur_siren")) == {"801285438", None}


def test_deux_marches_de_modalites_differentes_restent_une_personne():
    # Oracle 7 : CE et MR_SIAE le même trimestre : une personne, deux clauses, un contrat par clause.
    tables = entrepot(suivi=suivi({}, {"operation": "OP2", "modalite": "MR_SIAE", "contrat": "C2"}))
    assert len(tables["beneficiaires"]) == 1
    assert sorted(tables["clauses"]["modalite"]) == ["CE", "MR_SIAE"]


def test_le_profil_est_celui_de_l_entree_et_ne_suit_pas_la_personne():
    # R6 : à l'entrée, deux lignes se complètent et la saisie la plus récente l'emporte ; le second
    # contrat, d'une autre source, ne change rien et ne complète rien.
    premiere = {"contrat_debut": "2024-06-01", "age_entree": 29, "niveau_diplome": "INF3", "qpv": "NR"}
    muette = {**premiere, "age_entree": None, "niveau_diplome": "NR", "qpv": "OUI", "sexe": "NR"}
    ancienne = {**premiere, "niveau_diplome": "N3", "date_saisie": "2024-07-05"}
    suivante = {"contrat_debut": "2025-06-01", "source": "suivi_b", "age_entree": 31, "niveau_diplome": "N4"}
    personnes = entrepot(suivi=suivi(suivante, premiere, muette, ancienne))["beneficiaires"]
    colonnes = ("sexe", "age_entree", "tranche_age", "niveau_diplome", "qpv", "date_entree")
    assert valeurs(personnes, *colonnes) == [("F", 29, "A26_29", "INF3", "OUI", pd.Timestamp("2024-06-01"))]


def test_un_contrat_sans_date_de_debut_est_date_de_son_premier_mois():
    lignes = suivi(
        {"contrat_debut": None, "mois": "2024-03-01", "niveau_diplome": "INF3"},
        {"contrat_debut": "2025-01-15", "contrat": "C2", "niveau_diplome": "N4"},
    )
    beneficiaires = entrepot(suivi=lignes)["beneficiaires"]
    assert valeurs(beneficiaires, "niveau_diplome", "date_entree") == [("INF3", mois("2024-03"))]
    sans_date = suivi({"contrat_debut": None, "mois": None, "contrat_fin": "2024-03-01"})
    assert valeurs(entrepot(suivi=sans_date)["beneficiaires"], "sexe", "date_entree") == [("F", None)]


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
    beneficiaires = entrepot(suivi=lignes)["beneficiaires"]
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
    beneficiaires = entrepot(suivi=lignes)["beneficiaires"]
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
    rendus = entrepot(suivi=suivi(*lignes))["beneficiaires_publics"]
    par_personne = rendus.groupby("personne")["public"].agg(list).tolist()
    assert par_personne == [attendus for _, attendus in PUBLICS]


def test_le_suivi_garde_la_derniere_situation_observee():
    lignes = suivi(
        {"situation_sortie": "SANS_NOUV", "date_observation": "2026-07-01", "date_saisie": "2026-02-01"},
        {"situation_sortie": "DURABLE", "date_observation": "2026-05-01", "date_saisie": "2026-06-01"},
        {"situation_sortie": "POSITIVE", "date_observation": None},
        {"personne": "p2", "contrat": "C2", "situation_sortie": None, "date_observation": "2026-05-01"},
    )
    suivi_rendu = entrepot(suivi=lignes)["suivi"]
    assert valeurs(suivi_rendu, "personne", "jalon", "situation") == [("p1", "FIN", "SANS_NOUV")]


# ── heures ───────────────────────────────────────────────────────────────────────────────────


def test_un_contrat_sans_detail_mensuel_est_reparti_par_jours():
    # Oracle 6 : 15/12/2021 → 14/01/2022, 155 h, 31 jours : 17 × 5 = 85 h et 14 × 5 = 70 h.
    heures = entrepot(suivi=suivi(SANS_MOIS))["heures"]
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
    tables = entrepot(suivi=lignes)
    assert tables["heures"]["estime"].all()
    parts = tables["heures"].groupby("clause_id")["heures"].agg(list)
    operations = [empreinte(f"suivi_a\x1f13002526500013\x1f{rang:02}") for rang in range(len(PARTAGES))]
    assert [parts[operation] for operation in operations] == list(PARTAGES.values())


def test_une_ligne_recue_deux_fois_compte_une_fois_deux_lignes_differentes_s_additionnent():
    # 100 h (deux fois la même ligne, dans deux fichiers) + 35 h de formation + 100 h saisies un autre jour.
    heures = entrepot(
        suivi=suivi(
            {},
            {"fichier": "copie.csv", "ecarts": "ligne_repetee"},
            {"heures": 35.0, "type_heure": "FORMATION"},
            {"date_saisie": "2026-04-05"},
        )
    )["heures"]
    assert valeurs(heures, "heures", "estime", "date_saisie") == [(235.0, False, pd.Timestamp("2026-04-05"))]


def test_un_forfait_recu_deux_fois_n_est_reparti_qu_une_fois():
    heures = entrepot(suivi=suivi(SANS_MOIS, SANS_MOIS, {**SANS_MOIS, "heures": 31.0}))["heures"]
    assert valeurs(heures, "heures") == [102.0, 84.0]  # 85 + 17 et 70 + 14


def test_un_mois_qui_melange_detail_et_repartition_est_estime():
    heures = entrepot(suivi=suivi(SANS_MOIS, {"mois": "2022-01-01", "heures": 10.0}))["heures"]
    assert valeurs(heures, "heures", "estime") == [(85.0, True), (80.0, True)]


def test_la_meme_personne_declaree_par_deux_structures_garde_ses_deux_lignes():
    # T2 : un chevauchement se signale au contrôle, il ne s'efface pas ici.
    assert valeurs(entrepot(suivi=suivi({}, {"structure_id": "18"}))["heures"], "heures") == [100.0, 100.0]


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
        entrepot(suivi=suivi({}, sans_place))


# ── structures, territoires ──────────────────────────────────────────────────────────────────


def test_une_structure_par_siret_et_par_genre_a_sa_derniere_livraison():
    structures = entrepot(
        structures=table(
            "structures",
            STRUCTURE,
            {"genre": "ACI", "nom": "nouveau", "millesime": "2026-10-05", "commune": "75119"},
            {"genre": "ACI", "nom": "ancien", "millesime": "2025-10-05"},
            {"genre": "ESAT"},
            {"genre": None},
            {"siret": None},
        )
    )["structures"]
    assert valeurs(structures, "genre", "famille", "nom", "siren", "commune") == [
        ("ACI", "IAE", "nouveau", "130025265", "75056"),
        ("ESAT", "HANDICAP", None, "130025265", None),
        ("NR", "NR", None, "130025265", None),
    ]


def test_les_territoires_sont_ceux_du_referentiel_avec_leur_millesime():
    territoires = entrepot()["territoires"]
    assert territoires["niveau"].value_counts().to_dict() == {"reg": 1, "dep": 8, "ept": 12, "epci": 51}
    assert set(territoires["millesime"]) == {"2026"}


def rattaches(tables, motif, objet):
    liens = tables["rattachements"]
    return sorted(liens.loc[(liens["motif"] == motif) & (liens["objet_id"] == objet), "territoire"])


COMMUNES = {
    # Oracle 12 : deux territoires à cheval sur deux départements, une commune hors métropole.
    "95018": ["dep:95", "ept:T5", "reg:11"],
    "91687": ["dep:91", "ept:T12", "reg:11"],
    "78646": ["dep:78", "epci:247800584", "reg:11"],
    "75056": ["dep:75", "ept:T1", "reg:11"],
    "75116": ["dep:75", "ept:T1", "reg:11"],  # arrondissement
    "93059": ["dep:93", "ept:T6", "reg:11"],  # Pierrefitte, dans Saint-Denis depuis 2025
    "78687": ["dep:91", "ept:T12", "reg:11"],  # Viry-Châtillon, du temps de la Seine-et-Oise
    "93999": ["dep:93", "reg:11"],  # code inconnu : son département seul
    "60057": [],
    "97411": [],
}


def test_une_commune_rattache_a_ses_territoires():
    tables = entrepot(
        suivi=suivi(
            *(
                {
                    "operation": commune,
                    "personne": commune,
                    "commune_execution": commune,
                    "commune_residence": commune,
                }
                for commune in COMMUNES
            )
        ),
        decp=decp(
            *(
                {"format": "tabulaire", "uid": commune, "commune": commune, "departement": commune[:2]}
                for commune in COMMUNES
            )
        ),
    )
    for commune, attendus in COMMUNES.items():
        clause = empreinte(f"suivi_a\x1f13002526500013\x1f{commune}")
        assert rattaches(tables, "execution", clause) == attendus
        assert rattaches(tables, "residence", commune) == attendus
        assert rattaches(tables, "execution_marche", commune) == attendus


@pytest.mark.parametrize("vide", [None, ""])
def test_sans_commune_la_clause_est_regionale_et_la_personne_nulle_part(vide):
    tables = entrepot(suivi=suivi({"commune_execution": vide, "commune_residence": vide}))
    assert valeurs(tables["rattachements"], "motif", "territoire") == [("execution", "reg:11")]


LIEUX_DE_MARCHE = [
    ({"departement": "93"}, ["dep:93", "reg:11"]),
    ({"departement": "69"}, []),
    ({}, []),
    ({"lieu_type": "Code région", "lieu_code": "11"}, ["reg:11"]),
    ({"lieu_type": "CODE REGION", "lieu_code": "FR1"}, ["reg:11"]),
    ({"lieu_type": "Code région", "lieu_code": "84"}, []),
    ({"lieu_type": "Code département", "lieu_code": "11"}, []),  # l'Aude
    # La commune d'exécution l'emporte : le département n'est parfois que celui de l'acheteur.
    ({"commune": "95018", "departement": "92"}, ["dep:95", "ept:T5", "reg:11"]),
]


def test_un_marche_est_rattache_a_son_lieu_et_garde_meme_hors_region():
    lignes = [
        {"format": "tabulaire", "uid": str(rang), **lieu} for rang, (lieu, _) in enumerate(LIEUX_DE_MARCHE)
    ]
    tables = entrepot(decp=decp(*lignes))
    assert len(tables["marches"]) == len(LIEUX_DE_MARCHE)
    for rang, (_, attendus) in enumerate(LIEUX_DE_MARCHE):
        assert rattaches(tables, "execution_marche", str(rang)) == attendus


# ── propriétés ───────────────────────────────────────────────────────────────────────────────

DATES = st.none() | st.dates(dt.date(2021, 1, 1), dt.date(2024, 12, 31))
LIGNES_SUIVI = st.lists(
    st.fixed_dictionaries(
        {
            "source": st.sampled_from(["suivi_a", "suivi_b"]),
            "structure_id": st.sampled_from(["s1", "s2"]),
            "operation": st.sampled_from(["OP1", "OP2"]),
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
LIGNES_DECP = st.lists(
    st.fixed_dictionaries(
        {
            "id_source": st.sampled_from(["2026-001", "2026-002"]),
            "date_publication": st.sampled_from(["2026-02-01", "2026-03-01", None]),
            "procedure": st.sampled_from(["Procédure adaptée", None]),
            "montant_eur": st.sampled_from([1.0, 2.0, 3.0]),
            "titulaires": st.sampled_from([titulaires("1"), titulaires("1", "2"), None]),
        }
    ),
    max_size=20,
)
COURT = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@COURT
@given(LIGNES_SUIVI, LIGNES_DECP, st.randoms(use_true_random=False))
def test_l_ordre_des_lignes_recues_est_sans_effet(lignes, contrats, hasard):
    recues = {"suivi": suivi(*lignes), "decp": decp(*contrats)}
    melangees = {}
    for nom, contenu in recues.items():
        rangs = list(range(len(contenu)))
        hasard.shuffle(rangs)
        melangees[nom] = contenu.iloc[rangs]
    attendu, obtenu = entrepot(**recues), entrepot(**melangees)
    for nom in attendu:
        pd.testing.assert_frame_equal(obtenu[nom], attendu[nom], check_exact=True)
        assert not attendu[nom].duplicated(list(SCHEMAS[f"entrepot/{nom}"].cle)).any()


@COURT
@given(LIGNES_SUIVI)
@example([{**SANS_MOIS, "contrat_debut": "2020-02-29", "contrat_fin": "2024-02-29", "heures": 0.05}])
def test_la_somme_des_heures_est_celle_des_lignes_differentes(lignes):
    recues = suivi(*lignes)
    heures = entrepot(suivi=recues)["heures"]
    origine = ["millesime", "fichier", "ligne"]
    attendue = recues.drop(columns=origine).drop_duplicates()["heures"].sum()
    assert np.isclose(float(heures["heures"].sum()), float(attendue), rtol=0, atol=1e-6)
    assert (heures["heures"] >= 0).all()
    assert (heures["mois"].dt.day == 1).all()
