"""Structures et entreprises : ce que le contrôle en lit, ce que l'entrepôt en garde."""

from __future__ import annotations

import csv

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.fr import siren

from observatoire.acquisition.lecture import lire
from observatoire.config import Config
from observatoire.controle import entreprises as controle_entreprises
from observatoire.controle import structures as controle_structures
from observatoire.controle.quarantaine import examiner
from observatoire.referentiel import lire_liste, nomenclature
from observatoire.schemas import SCHEMAS
from tests.maillons import controler, entreposer
from tests.petit_entrepot import suivi, valeurs
from tests.petits_marches import CONFIG, decp, des_marches, entreprises, structures, table, titulaires

SIRET = "73282932000074"
RECUE = {"millesime": "2026-10-05", "fichier": "f.csv"}
ETABLISSEMENT = RECUE | {
    "source": "entreprises",
    "siret": SIRET,
    "denomination": "Entreprise fictive",
    "categorie": "PME",
    "naf": "4120B",
    "categorie_juridique": "5710",
    "commune": "93066",
    "etat": "A",
    "diffusion": "O",
}
STRUCTURE = RECUE | {
    "source": "structures",
    "siret": SIRET,
    "genre": "EI",
    "nom": "Structure fictive",
    "commune": "93066",
    "departement": "93",
}


def examinees(genre, *lignes, source=None):
    """Les lignes gardées et les règles qui ont touché chacune."""
    module, defauts = {
        "entreprises": (controle_entreprises, ETABLISSEMENT),
        "structures": (controle_structures, STRUCTURE),
    }[genre]
    recue = table(f"acquisition/{genre}", defauts, *lignes)
    gardees, rejets = examiner(module.lire(recue, CONFIG.source(source or genre), CONFIG), module.REGLES)
    return gardees, {rang: set(regles) for rang, regles in rejets.groupby("ligne")["regle"]}


# ── entreprises ──────────────────────────────────────────────────────────────────────────────

REGLES_ENTREPRISES = {
    "siret_entreprise_invalide": {"siret": "73282932000079"},
    "diffusion_partielle": {"diffusion": "P"},
    "categorie_inconnue": {"categorie": "TPE"},
    "commune_inconnue": {"commune": "93999"},
    "categorie_juridique_invalide": {"categorie_juridique": "57"},
    "etat_inconnu": {"etat": "ouvert"},
}


def test_chaque_regle_des_entreprises_touche_sa_ligne_et_elle_seule():
    assert set(REGLES_ENTREPRISES) == {regle.nom for regle in controle_entreprises.REGLES}
    _, touchees = examinees("entreprises", {}, *REGLES_ENTREPRISES.values())
    assert touchees == {rang: {nom} for rang, nom in enumerate(REGLES_ENTREPRISES, start=2)}


def test_une_entreprise_non_diffusible_n_a_plus_de_nom():
    gardees, _ = examinees("entreprises", {"diffusion": "P"}, {"diffusion": "N"}, {"diffusion": None}, {})
    noms = gardees["denomination"].tolist()
    assert noms == ["[non diffusible]"] * 2 + ["Entreprise fictive"] * 2


def test_l_etablissement_est_type():
    # le SIRET a perdu ses séparateurs, Pierrefitte a fusionné, la catégorie absente est « non renseigné »
    ecrit = {"siret": "732 829 320 00074", "commune": "93059", "categorie": None, "etat": "F"}
    gardees, _ = examinees("entreprises", ecrit, {"etat": None})
    colonnes = ("siret", "commune", "categorie", "actif")
    assert valeurs(gardees, *colonnes) == [(SIRET, "93066", "NR", False), (SIRET, "93066", "PME", None)]


def test_l_entrepot_ne_garde_que_les_etablissements_cites_a_leur_derniere_livraison():
    cites = ("73282932000074", "80128543800017", "13002526500013", "55210055400013")
    annuaire = entreprises(
        *({"siret": s} for s in cites),
        {"siret": "44306184100047"},
        {"siret": cites[0], "millesime": "2026-11-05", "categorie": "GE", "commune": "93059"},
    )
    gardes = des_marches(
        "entreprises",
        entreprises=annuaire,
        decp=decp({"acheteur_id": cites[0], "titulaires": titulaires(cites[1])}),
        suivi=suivi({"structure_id": cites[2], "employeur_id": cites[3]}),
    )["entreprises"]
    assert sorted(gardes["siret"]) == sorted(cites)
    (derniere,) = valeurs(gardes.loc[gardes["siret"] == cites[0]], "categorie", "commune", "siren")
    assert derniere == ("GE", "93066", cites[0][:9])


def test_un_extrait_sirene_va_de_son_fichier_a_l_entrepot(tmp_path):
    source = CONFIG.source("entreprises")
    fichier = tmp_path / "sirene.csv"
    with fichier.open("w", encoding="utf-8", newline="") as flux:
        ecrivain = csv.DictWriter(flux, [*source.colonnes.values(), "autre"])
        ecrivain.writeheader()
        ecrivain.writerow({colonne: ETABLISSEMENT[nom] for nom, colonne in source.colonnes.items()})
    origine = {"source": "entreprises", "millesime": "2026-10-05", "fichier": fichier.name}
    (lue,) = (morceau.assign(**origine) for morceau in lire(source, fichier, lambda: b""))
    recues = {"acquisition/entreprises": SCHEMAS["acquisition/entreprises"].verifier(lue)}
    controlees = controler(recues, CONFIG)
    controlees["controle/decp"] = decp({"acheteur_id": SIRET})
    tables = entreposer(controlees, CONFIG)
    assert valeurs(tables["entrepot/entreprises"], "siret", "categorie", "actif") == [(SIRET, "PME", True)]
    colonnes = ("acheteur_nom", "type_acheteur", "commune_acheteur")
    assert valeurs(tables["entrepot/marches"], *colonnes) == [("Entreprise fictive", "PRIVE", "93066")]


# ── listes ───────────────────────────────────────────────────────────────────────────────────


def test_les_maitres_d_ouvrage_ont_un_siren_possible_et_se_disent_a_verifier():
    lignes = lire_liste("acheteurs")
    assert all(siren.is_valid(ligne["siren"]) for ligne in lignes)
    assert len({ligne["siren"] for ligne in lignes}) == len(lignes)
    assert all("à vérifier" in ligne["reference"] for ligne in lignes)


def test_les_types_d_acheteur_des_listes_sont_au_referentiel():
    for liste in ("acheteurs", "categories_juridiques"):
        assert {ligne["type_acheteur"] for ligne in lire_liste(liste)} <= set(nomenclature("types_acheteur"))
    prefixes = [ligne["prefixe"] for ligne in lire_liste("categories_juridiques")]
    assert len(set(prefixes)) == len(prefixes)
    assert set("123456789") - {prefixe[0] for prefixe in prefixes} == {"4"} - {p[0] for p in prefixes}


# ── structures ───────────────────────────────────────────────────────────────────────────────


def test_les_zeros_de_tete_perdus_sont_rendus_et_comptes():
    ecrit = {"siret": "8628031000102", "finess": "10008951", "commune": "1057", "departement": "1"}
    gardees, touchees = examinees("structures", ecrit, {"finess": "2a0000012"})
    assert valeurs(gardees, "siret", "finess", "commune", "departement") == [
        ("08628031000102", "010008951", "01057", "01"),
        (SIRET, "2A0000012", "93066", "93"),
    ]
    assert touchees == {1: {"zero_de_tete_siret", "zero_de_tete_finess", "zero_de_tete_commune"}}


REGLES_STRUCTURES = {
    "siret_structure_invalide": {"siret": None},
    "code_inconnu_genre": {"genre": "Coopérative"},
    "commune_inconnue": {"commune": "Nulle-Part"},
    "finess_invalide": {"finess": "esat n° 3"},
    "capacite_illisible": {"capacite": "une douzaine"},
    "longitude_illisible": {"longitude": "200"},
    "latitude_illisible": {"latitude": "48,8"},
    "zero_de_tete_siret": {"siret": "8628031000102"},
    "zero_de_tete_finess": {"finess": "10008951"},
    "zero_de_tete_commune": {"commune": "1057", "departement": "01"},
}


def test_chaque_regle_des_structures_touche_sa_ligne_et_elle_seule():
    assert set(REGLES_STRUCTURES) == {regle.nom for regle in controle_structures.REGLES}
    gardees, touchees = examinees("structures", {}, *REGLES_STRUCTURES.values())
    assert touchees == {rang: {nom} for rang, nom in enumerate(REGLES_STRUCTURES, start=2)}
    assert len(gardees) == len(REGLES_STRUCTURES)


def test_une_source_declare_le_genre_qu_elle_n_ecrit_pas():
    gardees, touchees = examinees("structures", {"genre": "Principal"}, {"genre": "ESAT"}, source="esat")
    assert gardees["genre"].tolist() == ["ESAT", "ESAT"]
    assert touchees == {}


def test_une_structure_par_siret_et_par_genre_a_sa_derniere_livraison():
    connues = structures(
        {"siret": "13002526500013", "genre": "ACI", "nom": "nouveau", "commune": "75119"},
        {"siret": "13002526500013", "genre": "ACI", "nom": "ancien", "millesime": "2025-10-05"},
        {"siret": "13002526500013", "genre": "ESAT"},
        {"siret": "13002526500013", "genre": None},
        {"siret": None},
    )
    rendues = des_marches("structures", structures=connues)["structures"]
    assert valeurs(rendues, "genre", "famille", "nom", "siren", "commune") == [
        ("ACI", "IAE", "nouveau", "130025265", "75056"),
        ("ESAT", "HANDICAP", None, "130025265", None),
        ("NR", "NR", None, "130025265", None),
    ]


def test_les_places_des_etablissements_d_un_meme_siret_s_ajoutent():
    """Deux numéros FINESS, 45 et 75 places : 120 ; la livraison précédente ne s'ajoute pas."""
    connues = structures(
        {"genre": "ESAT", "finess": "130047673", "capacite": 45},
        {"genre": "ESAT", "finess": "130798093", "capacite": 75},
        {"genre": "ESAT", "finess": "130047673", "capacite": 40, "millesime": "2025-10-05"},
        {"genre": "ESAT", "finess": "130999999", "capacite": 30, "millesime": "2025-10-05"},
        {"genre": "EI", "finess": None},
    )
    rendues = des_marches("structures", structures=connues)["structures"]
    assert valeurs(rendues, "genre", "capacite") == [("EI", None), ("ESAT", 120)]


@settings(max_examples=30, deadline=None)
@given(
    genre=st.sampled_from(["structures", "entreprises"]),
    cases=st.lists(st.none() | st.text(max_size=20), min_size=10, max_size=10),
)
def test_un_texte_quelconque_est_garde_type_ou_ecarte(genre, cases):
    nom = f"acquisition/{genre}"
    colonnes = [c for c in SCHEMAS[nom].noms if c not in SCHEMAS[nom].cle]
    gardees, touchees = examinees(genre, dict(zip(colonnes, cases, strict=False)))
    assert len(gardees) == 1 or touchees
    SCHEMAS[f"controle/{genre}"].verifier(gardees)


# ── fichiers réels ───────────────────────────────────────────────────────────────────────────


def reelles_lues(reelles, source, fichier):
    origine = {"source": source, "millesime": "2025-02-01", "fichier": fichier}
    chemin = reelles / "structures" / fichier
    morceaux = lire(Config.source(CONFIG, source), chemin, lambda: b"")
    return pd.concat([morceau.assign(**origine) for morceau in morceaux], ignore_index=True)


def test_les_88_esat_des_departements_01_a_09_retrouvent_leurs_zeros(reelles):
    """Le fichier réel passé par un tableur, qui retire les zéros de tête."""
    esat = reelles_lues(reelles, "esat", "derive_esat_sans_contacts.csv")
    abime = esat.assign(finess=esat["finess"].str.lstrip("0"), commune=esat["commune"].str.lstrip("0"))
    rendus = {}
    for nom, recue in (("publie", esat), ("abime", abime)):
        conforme = SCHEMAS["acquisition/structures"].verifier(recue)
        lecture = controle_structures.lire(conforme, CONFIG.source("esat"), CONFIG)
        rendus[nom] = examiner(lecture, controle_structures.REGLES)
    comptes = {nom: rejets["regle"].value_counts().to_dict() for nom, (_, rejets) in rendus.items()}
    # 78 SIRET vides ; 2 SIRET de treize chiffres sont complétés, et leur clé est juste
    assert comptes["publie"] == {"siret_structure_invalide": 78, "zero_de_tete_siret": 2}
    assert comptes["abime"] == comptes["publie"] | {"zero_de_tete_finess": 88, "zero_de_tete_commune": 88}
    colonnes = ["finess", "commune", "capacite"]
    pd.testing.assert_frame_equal(rendus["publie"][0][colonnes], rendus["abime"][0][colonnes])


def test_les_structures_reelles_entrent_avec_leur_famille_leurs_places_et_leur_lieu(reelles):
    lues = [
        reelles_lues(reelles, "siae", "derive_siae_sans_contacts.csv"),
        reelles_lues(reelles, "esat", "derive_esat_sans_contacts.csv"),
    ]
    recue = SCHEMAS["acquisition/structures"].verifier(pd.concat(lues, ignore_index=True))
    controlees = controler({"acquisition/structures": recue}, CONFIG)
    gardees = controlees["controle/structures"]
    assert gardees["source"].value_counts().to_dict() == {"siae": 3_840, "esat": 1_426}
    tables = des_marches("structures", structures=gardees)["structures"]
    assert set(tables["genre"]) == {"EI", "ACI", "AI", "ETTI", "GEIQ", "EA", "ESAT"}
    assert tables.groupby("famille")["siret"].size().to_dict() == {
        "IAE": 3_668,
        "GEIQ": 170,
        "HANDICAP": 1_400,
    }
    esat = tables.loc[tables["genre"] == "ESAT"]
    assert (len(esat), esat["capacite"].sum()) == (1_398, gardees["capacite"].sum())
    siae = tables.loc[tables["source"] == "siae"]
    # 32 adresses que l'éditeur n'a pas situées
    assert siae[["longitude", "latitude"]].isna().sum().tolist() == [32, 32]
    assert siae["departement"].isin(["75", "77", "78", "91", "92", "93", "94", "95"]).sum() == 373


@pytest.mark.parametrize("source", ["structures", "siae", "esat", "entreprises"])
def test_chaque_source_de_structures_ou_d_entreprises_est_declaree(source):
    assert CONFIG.source(source).genre == ("entreprises" if source == "entreprises" else "structures")
