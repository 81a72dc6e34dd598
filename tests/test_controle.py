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
from observatoire.controle import controler, decp, grands_projets, structures, suivi
from observatoire.controle.considerations import lire_etat
from observatoire.controle.lieux import lire_commune, situer
from observatoire.controle.montants import juger
from observatoire.controle.quarantaine import examiner
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
from observatoire.magasin import en_parquet
from observatoire.schemas import SCHEMAS

DEPOT = Path(__file__).parents[1]
REELLES = DEPOT.parent / "shared" / "data"
PARIS, FONTAINE, FAUX = "21750001600019", "73282932000074", "73282932000079"
MODULES = {"decp": decp, "suivi": suivi, "grands_projets": grands_projets, "structures": structures}
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
    },
    "decp": {
        "source": "decp",
        "format": "v2",
        "genre": "marche",
        "id_source": "2024-001",
        "acheteur_id": PARIS,
        "objet": "Réfection d'un gymnase",
        "lieu_code": "93066",
        "lieu_type": "Code commune",
        "titulaires": json.dumps([{"id": FONTAINE, "type_identifiant": "SIRET"}]),
        "cpv": "45212225-9",
        "date_notification": "2024-07-01",
        "date_publication": "2024-08-01",
        "duree_mois": "12",
        "montant": "250000.0",
        "considerations": '["Clause sociale"]',
        "nb_modifications": 0,
    },
    "grands_projets": {
        "source": "grands_projets",
        "acheteur_id": PARIS,
        "programme": "GPE - ligne 16",
        "marche_reference": "T2A",
        "date_notification": "2024-02-01",
        "obligation_pct": "10",
        "pme_pct": "20.5",
        "heures_engagees": "146000",
        "heures_totales": "1460000",
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
    """Gardées, rejets et bilan, sans le seuil de qualité."""
    table = acquise(genre, *lignes)
    lecture = MODULES[genre].lire(nettoyer(table), config.source(table["source"].iloc[0]), config)
    return examiner(lecture, MODULES[genre].REGLES)


def garder(config, genre, **changements):
    """La seule ligne gardée."""
    gardees, _, _ = examiner_lignes(config, genre, changements)
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
        "cumul_mensuel_excessif": ([{"heures": "120"}, {"contrat": "C2", "heures": "101"}], [1, 2]),  # 221 h
        "heures_tres_superieures": ([{"heures_engagees": "50", "heures": "150.5"}], [1]),  # 150,5 > 3 × 50
        "doublon": ([{"heures": "10"}, {"heures": "10"}], [2]),
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
        "niveau_diplome_ambigu": ([{"niveau_diplome": "5", "contrat_debut": "2016-01-01"}], [1]),
        **{f"code_inconnu_{colonne}": ([{colonne: "zz?!9"}], [1]) for colonne in suivi.LISTES},
    },
    "decp": {
        "marche_non_identifie": ([{"id_source": None, "acheteur_id": FAUX}], [1]),
        "fictif": ([{"objet": "Le march\ufffd du si\ufffdcle"}], [1]),
        "id_absent": ([{"id_source": "NC"}], [1]),
        "acheteur_invalide": ([{"acheteur_id": FAUX}], [1]),
        "date_impossible_notification": ([{"date_notification": "2014-12-31"}], [1]),
        "notification_absente": ([{"date_notification": "MQ"}], [1]),
        "date_impossible_publication": ([{"date_publication": "2027-11-15"}], [1]),  # livraison + 1 an + 1 j
        "montant_absent": ([{"montant": None}], [1]),
        "montant_illisible": ([{"montant": "250 000 euros"}], [1]),
        "montant_aberrant": ([{"montant": "1e17"}], [1]),
        "montant_suspect": ([{"montant": "20.91"}], [1]),
        "consideration_contradictoire": (
            [{"considerations": '["Clause sociale", "Pas de considération sociale"]'}],
            [1],
        ),
        "valeur_hors_liste": ([{"considerations": '["Clause verte"]'}], [1]),
        "cpv_invalide": ([{"cpv": "4521"}], [1]),
        "lieu_inconnu": ([{"lieu_code": "INO"}], [1]),
        "commune_inconnue": ([{"lieu_code": "93999"}], [1]),
        "duree_illisible": ([{"duree_mois": "douze"}], [1]),
        "duree_suspecte": ([{"duree_mois": "365"}], [1]),
        "titulaire_absent": ([{"titulaires": None}], [1]),
        "titulaires_illisibles": ([{"titulaires": "{"}], [1]),
        "titulaire_invalide": ([{"titulaires": f'[{{"id":"{FAUX}","type_identifiant":"SIRET"}}]'}], [1]),
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
    },
    "structures": {
        "siret_structure_invalide": ([{"siret": None}], [1]),
        "code_inconnu_genre": ([{"genre": "SARL"}], [1]),
        "commune_inconnue": ([{"commune": "Saint-Nulle-Part"}], [1]),
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
    gardees, rejets, bilan = (table.loc[table["fichier"] == nom] for table in examens[genre])
    touchees = rejets.loc[rejets["regle"] == nom]
    regle = REGLES[genre][nom]
    assert touchees["ligne"].tolist() == attendues
    assert set(touchees["gravite"]) == {regle.gravite}
    ecarts = gardees.set_index("ligne")["ecarts"].fillna("").str.split("|")
    if regle.gravite == "bloquant":
        assert not set(attendues) & set(ecarts.index)
    else:
        assert [rang for rang, noms in ecarts.items() if nom in noms] == attendues
    compte = bilan[["lues", "gardees", "ecartees"]].iloc[0].tolist()
    assert compte == [len(changees), len(gardees), len(changees) - len(gardees)]


@pytest.mark.parametrize("genre", MODULES)
def test_toute_regle_a_un_essai_un_enonce_et_un_remede(genre):
    assert set(REGLES[genre]) == set(CAS[genre])
    assert len(REGLES[genre]) == len(MODULES[genre].REGLES)
    colonnes = SCHEMAS[f"acquisition/{genre}"].noms
    for regle in MODULES[genre].REGLES:
        assert regle.gravite in ("bloquant", "avertissement")
        assert regle.colonne in colonnes
        assert regle.description.endswith(".")
        assert regle.remede.endswith((".", ")."))


@pytest.mark.parametrize("genre", MODULES)
def test_une_ligne_juste_n_a_ni_ecart_ni_rejet(config, genre):
    gardees, rejets, bilan = examiner_lignes(config, genre, {})
    assert rejets.empty
    assert gardees["ecarts"].isna().all()
    compte = bilan[["lues", "gardees", "marquees", "ecartees"]].iloc[0].tolist()
    assert compte == [1, 1, 0, 0]


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
    assert pd.isna(ligne["situation_sortie"])


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
    heures = ("publics", "mois", "heures", "type_heure")
    ligne = garder(config, "suivi", **dict.fromkeys((*personne, *contrat, *heures)))
    assert pd.isna(ligne["ecarts"])
    assert ligne["sexe"] == "NR"


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
    gardees, _, _ = examiner_lignes(config, "suivi", *(changement for changement, _ in cas))
    assert gardees["ligne"].tolist() == [rang for rang, (_, gardee) in enumerate(cas, 1) if gardee]


def test_le_mois_est_dans_le_contrat_a_un_mois_pres(config):
    # contrat du 15 juin au 15 septembre 2026 : de mai à octobre
    cas = {"2026-04": True, "2026-05": False, "2026-06": False, "2026-10": False, "2026-11": True}
    _, rejets, _ = examiner_lignes(config, "suivi", *({"mois": mois, "personne": mois} for mois in cas))
    assert set(rejets["regle"]) == {"mois_hors_contrat"}
    assert rejets["valeur"].tolist() == [mois for mois, marque in cas.items() if marque]


def test_une_valeur_fausse_est_videe_et_la_ligne_gardee(config):
    ligne = garder(
        config,
        "suivi",
        acheteur_id=FAUX,
        date_debut="2025-02-30",
        age_entree="99",
        commune_execution="93200",
        type_contrat="CDZ",
        programme="Inconnu au bataillon",
        heures_engagees="mille",
    )
    vides = ("acheteur_id", "date_debut", "age_entree", "commune_execution", "heures_engagees")
    assert all(pd.isna(ligne[nom]) for nom in vides)
    assert ligne["type_contrat"] == "NR"
    assert ligne["programme"] == "HORS"
    assert len(ligne["ecarts"].split("|")) == 7


def test_la_structure_garde_son_siret_meme_faux_car_il_nomme_ses_operations(config):
    assert garder(config, "suivi", structure_id=FAUX)["structure_id"] == FAUX


def test_la_modalite_se_date_par_la_consultation_a_defaut_la_notification(config):
    # « Article 30 » n'a de sens que sous le code des marchés publics, jusqu'au 31 mars 2016
    dates = [("2016-02-01", "2016-05-02"), (None, "2016-02-01"), (None, "2016-05-02"), (None, None)]
    lignes = [{"modalite": "Article 30", "date_consultation": c, "date_notification": n} for c, n in dates]
    gardees, _, _ = examiner_lignes(config, "suivi", *lignes)
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
    _, rejets, _ = examiner_lignes(
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
    _, rejets, _ = examiner(lecture, [toute_personne])
    assert rejets["regle"].tolist() == ["toute"]
    assert rejets["valeur"].isna().all()


# ── données essentielles ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [
        ('["Clause sociale"]', (True, False, False, None)),
        ('["Clause sociale", "Critère social"]', (True, True, False, None)),
        ('["CRITERE  SOCIAL"]', (False, True, False, None)),
        ('["Marché réservé"]', (False, False, True, None)),
        ('["Concession réservée"]', (False, False, True, None)),
        ('["Pas de considération sociale"]', (False, False, False, None)),
        ('["Sans objet"]', (False, False, False, None)),  # réécriture de decp.info
        ('"Sans objet"', (False, False, False, None)),
        ('["Pas de considération sociale", "Clause sociale"]', (None, None, None, "contradiction")),
        ("[]", (None, None, None, None)),
        ("null", (None, None, None, None)),
        ('["MQ"]', (None, None, None, None)),
        ('["NC"]', (None, None, None, None)),
        ('["MQ NC"]', (None, None, None, None)),
        ('["INX code 12"]', (None, None, None, None)),
        ('["NC", "Clause sociale"]', (True, False, False, None)),
        ('["Clause sociale", "Clause verte"]', (True, None, None, "hors_liste")),  # oui reste oui
        ("Clause sociale", (True, False, False, None)),
        ("[" * 100_000, (None, None, None, None)),  # illisible, et sans une lettre
    ],
)
def test_une_consideration_a_trois_etats(texte, attendu):
    assert lire_etat(texte) == attendu


def test_le_format_v1_ne_renseigne_rien_sur_le_social(config):
    ligne = garder(config, "decp", format="v1", considerations='["Pas de considération sociale"]')
    assert all(pd.isna(ligne[nom]) for nom in ("clause_sociale", "critere_social", "marche_reserve"))
    assert pd.isna(garder(config, "decp", considerations=None)["clause_sociale"])


@pytest.mark.parametrize(
    ("montant", "statut"),
    [
        (None, "absent"),
        (-5.0, "aberrant"),
        (0.0, "aberrant"),
        (0.99, "aberrant"),
        (1.0, "suspect"),
        (199.99, "suspect"),
        (200.0, "ok"),
        (6_666_666.68, "ok"),  # un tiers de vingt millions, pas une saisie factice
        (99_999_998.0, "ok"),
        (99_999_999.0, "aberrant"),
        (999_999_999.0, "aberrant"),
        (123_456_789.0, "aberrant"),
        (111_111_859.0, "suspect"),  # six fois le même chiffre
        (111_111_159.0, "aberrant"),  # sept fois
        (105_000_000.0, "suspect"),
        (116_400_000.0, "suspect"),
        (3_000_000_000.0, "suspect"),
        (3_000_000_001.0, "aberrant"),
        (1e17, "aberrant"),
    ],
)
def test_le_statut_d_un_montant(montant, statut):
    assert juger(pd.Series([montant], dtype="Float64")).tolist() == [statut]


def test_un_montant_aberrant_reste_publie_a_cote_de_son_statut(config):
    ligne = garder(config, "decp", montant="999999999")
    assert (ligne["montant_eur"], ligne["montant_statut"]) == (999_999_999.0, "aberrant")
    ligne = garder(config, "decp", montant="NC")
    assert pd.isna(ligne["montant_eur"])
    assert ligne["ecarts"] == "montant_absent"


def test_un_marche_d_essai_est_ecarte(config):
    essais = [
        {"acheteur_nom": "Essentiel"},
        {"objet": "Le marché noir"},
        {"objet": "Le march\ufffd noir"},
        {"objet": "LE MARCHE DU SIECLE"},
        {"montant": "123456.78"},
    ]
    gardees, rejets, _ = examiner_lignes(config, "decp", *essais)
    assert gardees.empty
    assert rejets["regle"].tolist() == ["fictif"] * 5


def test_un_vrai_marche_n_est_pas_pris_pour_un_essai(config):
    garder(config, "decp", acheteur_nom="Essentielles", objet="Le marché noir de monde", montant="123456")


@pytest.mark.parametrize(
    ("type_", "code", "departement", "commune"),
    [
        ("Code département", "93", "93", None),
        ("CODE DEPARTEMENT", "1", "01", None),
        ("Code département", "92380", "92", None),  # un code postal annoncé comme département
        ("Code postal", "75116", "75", "75056"),
        ("Code postal", "93200", "93", "93066"),  # Saint-Denis seule
        ("Code postal", "77120", "77", None),  # plusieurs communes
        ("Code postal", "94390", "91", "91479"),  # Paray-Vieille-Poste, en Essonne
        ("Code postal", "75", "75", None),
        ("Code postal", "20200", "2B", None),
        ("Code postal", "97400", "974", None),
        ("Code commune", "93059", "93", "93066"),  # Pierrefitte, réunie à Saint-Denis
        ("Code commune", "75113", "75", "75056"),
        ("Code commune", "2A004", "2A", None),
        ("Code commune", "93160", "93", None),  # code postal pris pour une commune
        ("Code arrondissement", "75105", "75", "75056"),
        ("Code canton", "9312", "93", None),
        ("Code région", "11", None, None),
        ("Code pays", "FR", None, None),
        ("Code commune", "INO", None, None),
        ("Code postal", "9209", None, None),  # tronqué : ni l'Ariège ni les Hauts-de-Seine
        ("Code postal", "00000", None, None),
        ("", "93066", None, None),
    ],
)
def test_le_lieu_donne_le_departement_et_la_commune(type_, code, departement, commune):
    lus = situer(pd.Series([code], dtype="string"), pd.Series([type_], dtype="string"))
    assert [None if pd.isna(serie[0]) else serie[0] for serie in lus] == [departement, commune]


def test_sans_lieu_le_departement_est_celui_de_l_acheteur(config):
    region = {"lieu_code": "11", "lieu_type": "Code région"}
    sans_lieu = {"lieu_code": None, "lieu_type": None, "acheteur_departement": "94"}
    gardees, rejets, _ = examiner_lignes(
        config,
        "decp",
        region,
        sans_lieu,
        {"acheteur_departement": "75"},
        region | {"acheteur_departement": "1"},
    )
    assert gardees["departement"].fillna("").tolist() == ["", "94", "93", "01"]
    assert rejets.empty


def test_le_type_de_marche_vient_du_cpv_a_defaut_du_type_publie(config):
    cas = [
        ("45210000", None, "T"),
        ("45210000", "Services", "T"),  # le CPV passe avant
        ("71200000", None, "PI"),
        ("79100000-5", None, "PI"),
        ("48000000", None, "F"),
        ("03100000", None, "F"),
        ("9310000", None, "F"),  # 09310000, électricité : zéro de tête perdu
        ("90910000", None, "S"),
        (None, "Travaux", "T"),
        ("49000000", "Fournitures", "F"),  # pas de division 49
        (None, None, "NR"),
    ]
    lignes = [{"cpv": cpv, "type_marche": publie} for cpv, publie, _ in cas]
    gardees, _, _ = examiner_lignes(config, "decp", *lignes)
    assert gardees["type_marche"].tolist() == [attendu for _, _, attendu in cas]


def test_une_date_publiee_se_lit_sur_dix_caracteres(config):
    ligne = garder(config, "decp", date_notification="2019-01-10+02:00", date_publication="2027-11-14")
    assert ligne["date_notification"] == pd.Timestamp(2019, 1, 10)
    assert ligne["date_publication"] == pd.Timestamp(2027, 11, 14)  # livraison du 14/11/2026, plus un an
    assert pd.isna(ligne["ecarts"])


def test_la_publication_ne_remplace_jamais_la_notification(config):
    ligne = garder(config, "decp", date_notification=None)
    assert pd.isna(ligne["date_notification"])
    assert ligne["ecarts"] == "notification_absente"


def test_un_marche_hors_de_la_region_est_garde_ici(config):
    ligne = garder(config, "decp", lieu_code="69123", lieu_type="Code commune")
    assert ligne["departement"] == "69"
    assert pd.isna(ligne["commune"])
    assert pd.isna(ligne["ecarts"])


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
    gardees, _, _ = examiner_lignes(config, "structures", *(changement for changement, _, _ in cas))
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
    recues = tables(suivi=[*lignes, *autres], decp=[{}], grands_projets=[{}], structures=[{}])
    produites = controler(recues, config)
    for nom, table in produites.items():
        assert en_parquet(SCHEMAS[nom], table)
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
    recues = tables(suivi=[{}, {"age_entree": "3"}, {"publics": "x"}], decp=[{}, {"montant": "3"}])
    premiers, seconds = (
        {nom: en_parquet(SCHEMAS[nom], table) for nom, table in controler(recues, config).items()}
        for _ in range(2)
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
    gardees, rejets, bilan = examiner_lignes(config, genre, *lignes)
    assert bilan["lues"].sum() == len(lignes) == len(gardees) + bilan["ecartees"].sum()
    assert not rejets.duplicated(["ligne", "regle"]).any()
    assert en_parquet(SCHEMAS[f"controle/{genre}"], gardees)


# ── fichiers réels ───────────────────────────────────────────────────────────────────────────


def lire_v1(chemin: Path) -> list[dict[str, object]]:
    """Un petit lecteur du format v1, à part de celui de l'acquisition."""
    marches = json.loads(chemin.read_text(encoding="utf-8"))["marches"]
    return [_ligne_v1(rang, marche, chemin.name) for rang, marche in enumerate(marches, 1)]


def _ligne_v1(rang: int, marche: dict[str, object], fichier: str) -> dict[str, object]:
    concession = "autoriteConcedante" in marche
    acheteur = marche.get("acheteur") or marche.get("autoriteConcedante") or {}
    titulaires = marche.get("titulaires") or marche.get("concessionnaires") or []
    lieu = marche.get("lieuExecution") or {}
    valeurs = {
        "id_source": marche.get("id"),
        "acheteur_id": acheteur.get("id"),
        "acheteur_nom": acheteur.get("nom"),
        "objet": marche.get("objet"),
        "lieu_code": lieu.get("code"),
        "lieu_type": lieu.get("typeCode"),
        "cpv": marche.get("codeCPV"),
        "date_notification": marche.get("dateNotification") or marche.get("dateSignature"),
        "date_publication": marche.get("datePublicationDonnees"),
        "duree_mois": marche.get("dureeMois"),
        "montant": marche.get("montant") or marche.get("valeurGlobale"),
        "titulaires": json.dumps(
            [{"id": t.get("id"), "type_identifiant": t.get("typeIdentifiant")} for t in titulaires]
        ),
    }
    textes = {nom: None if valeur is None else str(valeur) for nom, valeur in valeurs.items()}
    genre = "concession" if concession else "marche"
    return {
        "fichier": fichier,
        "ligne": rang,
        "format": "v1",
        "genre": genre,
        "considerations": None,
    } | textes


def test_les_1520_contrats_franciliens_de_2019_sont_tous_comptes_et_sans_part_sociale(config):
    chemin = REELLES / "decp_v1" / "derive_idf_v1.json"
    if not chemin.is_file():
        pytest.skip("fichier réel absent : déposer derive_idf_v1.json dans ../shared/data/decp_v1")
    produites = controler(tables(decp=lire_v1(chemin)), config)
    decp_lues, bilan = produites["controle/decp"], produites["controle/bilan"].iloc[0]
    # 79 lignes d'essai : 77 de l'acheteur « Essentiel », 2 de l'AIFE
    assert (bilan["lues"], bilan["gardees"], bilan["ecartees"]) == (1520, 1441, 79)
    sociales = decp_lues[["clause_sociale", "critere_social", "marche_reserve"]]
    assert sociales.isna().all(axis=None)
    franciliens = {"75", "77", "78", "91", "92", "93", "94", "95"}
    assert set(decp_lues["departement"].dropna()) == franciliens
    assert decp_lues["departement"].isna().sum() == 12  # 10 « Code région 11 » et 2 codes illisibles


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
