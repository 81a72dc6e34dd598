"""Les lecteurs renomment et ne corrigent pas ; ce qu'ils ne savent pas lire devient une phrase."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import tracemalloc
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from observatoire.acquisition import acquerir, classeurs, flux_json, valeurs_separees
from observatoire.acquisition.decp_json import lire_json
from observatoire.acquisition.depot import Depot
from observatoire.acquisition.lecture import lire, verifier
from observatoire.config import Config, Source
from observatoire.erreurs import ColonnesManquantesError, ConfigError, ObservatoireError, SourceError
from observatoire.schemas import SCHEMAS

CLE = b"k" * 32


def source(genre: str = "decp", colonnes=None, identite=None, **lecture) -> Source:
    return Source(genre, genre, "T", "P", "L", "tous", lecture, colonnes or {}, identite or {}, {})


def ecrire(tmp_path: Path, nom: str, contenu: bytes | str) -> Path:
    fichier = tmp_path / nom
    fichier.write_bytes(contenu.encode() if isinstance(contenu, str) else contenu)
    return fichier


def lue(source_: Source, fichier: Path):
    """Vérifie puis lit : un fichier accepté à l'entrée se lit toujours, et entier."""
    verifier(source_, fichier)
    return lire(source_, fichier, lambda: CLE)


def decp(tmp_path: Path, *contrats: object, concessions=None):
    """Une v1, ou une v2 si des concessions sont données."""
    marches = {"marche": contrats, "contrat-concession": concessions} if concessions is not None else contrats
    return lue(source(), ecrire(tmp_path, "decp.json", json.dumps({"marches": marches})))


def depot(source_: Source, chemin: Path) -> Depot:
    return Depot(
        source_, "2026-11-14", chemin, "Titre", "Producteur", "Licence", dt.date(2026, 11, 14), True, "e3b0"
    )


# ── DECP en JSON ──────────────────────────────────────────────────────────────────────────────


def test_un_marche_v1_est_renomme_et_non_corrige(tmp_path):
    table = decp(
        tmp_path,
        {
            "id": "2019A",
            "_type": "Marché",
            "acheteur": {"id": "00012345600019", "nom": "Ville"},
            "objet": "NC",
            "montant": 99999999,
            "dateNotification": "0218-13-45",
            "lieuExecution": {"code": "01", "typeCode": "Code département"},
            "titulaires": [{"id": "1", "typeIdentifiant": "SIRET", "denominationSociale": "X"}],
            "modifications": [{"objetModification": "a"}, {}],
        },
    )
    ligne = table.iloc[0].to_dict()
    assert (ligne["format"], ligne["genre"]) == ("v1", "marche")
    assert ligne["acheteur_id"] == "00012345600019"
    assert ligne["lieu_code"] == "01"
    assert ligne["objet"] == "NC"
    assert ligne["date_notification"] == "0218-13-45"
    assert ligne["montant"] == "99999999"
    assert ligne["titulaires"] == '[{"id":"1","type_identifiant":"SIRET"}]'
    assert ligne["nb_modifications"] == 1  # l'objet vide n'en est pas une
    assert table["considerations"].isna().all()  # le champ n'existe pas en v1


def test_une_concession_v2_prend_nos_noms(tmp_path):
    table = decp(
        tmp_path,
        {"id": "M"},
        concessions=[
            {
                "id": "C",
                "autoriteConcedante": {"id": "21750001630066"},
                "dateSignature": "2024-04-02",
                "valeurGlobale": 10.3,
                "concessionnaires": [{"concessionnaire": {"typeIdentifiant": "SIRET", "id": "3"}}],
                "considerationsSociales": {"considerationSociale": ["Clause sociale", "Critère social"]},
                "modifications": [{"modification": {"id": 1}}, {"modification": {"id": 2}}],
            }
        ],
    )
    assert table["genre"].tolist() == ["marche", "concession"]
    assert table["ligne"].tolist() == [1, 2]
    concession = table.iloc[1]
    assert concession["acheteur_id"] == "21750001630066"
    assert concession["date_notification"] == "2024-04-02"
    assert concession["montant"] == "10.3"
    assert concession["titulaires"] == '[{"id":"3","type_identifiant":"SIRET"}]'
    assert concession["considerations"] == '["Clause sociale","Critère social"]'
    assert concession["nb_modifications"] == 2


@pytest.mark.parametrize(
    ("ecrit", "attendu"),
    [
        ("61100", "61100"),
        ("91109.96", "91109.96"),
        ("1E+5", "100000"),
        ("0.10", "0.10"),
        ("1e-7", "0.0000001"),
        ('"NC"', "NC"),
        ('"NaN"', "NaN"),
        ("NaN", None),
        ("null", None),
        ('""', None),
        ("true", "true"),
    ],
)
def test_un_montant_garde_son_ecriture(tmp_path, ecrit, attendu):
    fichier = ecrire(tmp_path, "d.json", f'{{"marches": [{{"id": "a", "montant": {ecrit}}}]}}')
    valeur = lue(source(), fichier)["montant"].astype(object).where(lambda s: s.notna(), None)[0]
    assert valeur == attendu


def test_nan_est_lu_null_ou_qu_il_tombe_et_le_texte_reste_intact(tmp_path):
    # la coupure des blocs de 65 536 octets tombe tour à tour sur chaque octet du mot et de la chaîne
    for decalage in range(12):
        bourre = "x" * (65536 - 62 + decalage)
        contrat = f'{{"id": "{bourre}", "objet": "a\\"NaN,", "montant": NaN}}'
        table = lue(source(), ecrire(tmp_path, "d.json", f'{{"marches": [{contrat}, {{"id": "b"}}]}}'))
        assert table["montant"].isna().all()
        assert table["objet"][0] == 'a"NaN,'
        assert len(table) == 2


@pytest.mark.parametrize("bloc", range(1, 9))
def test_nan_est_reconnu_meme_coupe_entre_deux_blocs(tmp_path, monkeypatch, bloc):
    monkeypatch.setattr(flux_json, "_BLOC", bloc)
    table = lue(source(), ecrire(tmp_path, "d.json", '{"marches":[{"objet":"NaN\\\\","montant":NaN}]}'))
    assert table["objet"][0] == "NaN\\"
    assert table["montant"].isna()[0]


def test_une_chaine_demesuree_arrete_la_recherche_de_nan(tmp_path, monkeypatch):
    monkeypatch.setattr(flux_json, "_CHAINE_MAXIMUM", 100)
    fichier = ecrire(tmp_path, "d.json", '{"marches":[{"montant":NaN,"objet":"' + "x" * 200_000 + '"}]}')
    with pytest.raises(SourceError, match="mal formé"):
        verifier(source(), fichier)


def test_un_nombre_demesure_se_remarque_meme_coupe_entre_deux_blocs(tmp_path, monkeypatch):
    monkeypatch.setattr(flux_json, "_BLOC", 600)
    with pytest.raises(SourceError, match="1000 chiffres"):
        verifier(source(), ecrire(tmp_path, "d.json", f'{{"marches": [{{"montant": {"9" * 1100}}}]}}'))


def test_une_concession_v1_se_reconnait_sans_son_type(tmp_path):
    assert decp(tmp_path, {"autoriteConcedante": {"id": "1"}})["genre"].tolist() == ["concession"]


@pytest.mark.parametrize(
    ("publie", "identifiants"),
    [
        (None, None),
        ([], []),
        ({}, []),
        ([[[{"id": "1"}], {"id": "2"}]], ["1", "2"]),
        ({"id": "1", "typeIdentifiant": "SIRET"}, ["1"]),
        ([{"titulaire": {"id": "1"}}, {"titulaire": [{"id": "2"}]}], ["1", "2"]),
        ({"titulaire": "1"}, ["1"]),
        (["1", None, 2], ["1", "2"]),
        ([{"denominationSociale": "X"}], [None]),
    ],
)
def test_les_titulaires_sont_deplies_quelle_que_soit_leur_ecriture(tmp_path, publie, identifiants):
    titulaires = decp(tmp_path, {"id": "a", "titulaires": publie})["titulaires"]
    if identifiants is None:
        assert titulaires.isna().all()
    else:
        assert [t["id"] for t in json.loads(titulaires[0])] == identifiants


@pytest.mark.parametrize(
    ("contrat", "attendu"),
    [
        ({}, None),
        ({"considerationsSociales": None}, None),
        ({"considerationsSociales": {"considerationSociale": []}}, []),
        ({"considerationsSociales": "MQ"}, ["MQ"]),
        (
            {"considerationsSociales": {"considerationSociale": "Pas de considération sociale"}},
            ["Pas de considération sociale"],
        ),
        ({"considerationsSociales": ["Clause sociale", "NC"]}, ["Clause sociale", "NC"]),
    ],
)
def test_non_renseigne_n_est_pas_une_liste_vide(tmp_path, contrat, attendu):
    considerations = decp(tmp_path, contrat)["considerations"]
    assert considerations.isna()[0] if attendu is None else json.loads(considerations[0]) == attendu


def test_aucun_objet_n_est_perdu_meme_nul_ou_difforme(tmp_path):
    table = decp(tmp_path, {"id": "a"}, None, "texte", {"id": "b", "acheteur.id": "1"}, {"acheteur": "x"})
    assert table["ligne"].tolist() == [1, 2, 3, 4, 5]
    assert table["id_source"].isna().tolist() == [False, True, True, False, True]
    assert table["acheteur_id"][3] == "1"  # clé à plat


def test_une_marque_d_ordre_est_toleree(tmp_path):
    assert len(lue(source(), ecrire(tmp_path, "d.json", b'\xef\xbb\xbf{"marches":[{"id":"a"}]}'))) == 1


@pytest.mark.parametrize(
    ("contenu", "phrase"),
    [
        (b"", "est vide"),
        (b" \n", "est vide"),
        (b"{}", "un objet vide"),
        (b"[]", "une liste"),
        (b'[{"id": 1}]', "une liste"),
        (b'{"contrats": [{"id": 1}], "meta": {}}', "contrats, meta"),
        (b'{"marches": "x"}', "version"),
        (b'{"marches": []}', "aucun contrat"),
        (b'{"marches": {"marche": []}}', "aucun contrat"),
        (b'{"marches": {"marche": {"id": 1}}}', "marches.marche"),
        (b'{"marches": {"marche": [{"id": 1}], "autres": [{"id": 2}]}}', "marches.autres"),
        (b'{"marches": [{"id": "a"}, {"id": ', "JSON tronqu"),
        (b'{"marches": [{"id": "a"}]} {"marches": []}', "mal form"),
        (b"{'marches': []}", "mal form"),
        ('{"marches": [{"objet": "é"}]}'.encode("latin-1"), "mal form"),
        ('{"marches": []}'.encode("utf-16"), "octet nul"),
        (b'{"marches": [{"montant": 1e99999999999999999999}]}', "mal form"),
        (b'{"marches": [{"montant": ' + b"9" * 5000 + b"}]}", "1000 chiffres"),
        (b'{"marches": [{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}]}", "50 niveaux"),
        (b'<?xml version="1.0"?><marches/>', "du XML au lieu de données DECP"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "une page web au lieu de données DECP"),
        (b"PK\x03\x04reste", "archive ZIP"),
        (b"uid,montant\n1,2\n", "colonnes absentes : dateNotification"),
        (b"montant,dateNotification\n1,2\n", "colonnes absentes : acheteur_id, id"),
        (b"uid,montant,dateNotification\n", "aucun contrat"),
        (b"uid;montant;dateNotification\n1;2;3\n", "parateur semble"),
    ],
)
def test_un_mauvais_fichier_decp_se_dit(tmp_path, contenu, phrase):
    fichier = ecrire(tmp_path, "mauvais.json", contenu)
    with pytest.raises(SourceError, match=phrase) as erreur:
        verifier(source(), fichier)
    assert "mauvais.json" in erreur.value.constat
    assert erreur.value.remede


def test_un_fichier_lu_sans_avoir_ete_verifie_se_dit_aussi(tmp_path):
    for contenu in ('{"contrats": []}', '{"marches": []}', '{"marches": [{"id": "a"}, '):
        with pytest.raises(SourceError):
            lire(source(), ecrire(tmp_path, "d.json", contenu), lambda: CLE)


def test_la_memoire_ne_suit_pas_la_taille_du_fichier(tmp_path):
    # de quoi faire 30 Mo de ce qui est lu, mais pas gardé
    morceau = json.dumps({"id": "2019A", "techniques": [{"a": "y" * 10_000}]}) + ","
    nombre = 30_000_000 // len(morceau)
    fichier = tmp_path / "gros.json"
    with fichier.open("w") as flux:
        flux.write('{"marches": [' + morceau * nombre + '{"id": "dernier"}]}')
    tracemalloc.start()
    verifier(source(), fichier)
    table = lire_json(fichier)
    _, pic = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(table) == nombre + 1
    assert table["id_source"].iloc[-1] == "dernier"
    assert pic < 5_000_000  # l'objet entier en prendrait plus de 30


# ── DECP, tableau de decp.info ────────────────────────────────────────────────────────────────


def test_le_tableau_de_decp_info_prend_la_forme_des_autres_formats(tmp_path):
    fichier = ecrire(
        tmp_path,
        "decp.csv",
        "uid,id,montant,dateNotification,acheteur_departement_code,type,titulaire_id,considerationsSociales,"
        "modification_id,nature\n"
        '1,a,61100,2025-01-01,01,Travaux,00012,"Clause sociale, Critère social",2,Marché\n'
        "2,NC,NA,,74,,,Sans objet,x,Concession de service\n",
    )
    table = lue(source(), fichier)
    assert table["format"].tolist() == ["tabulaire", "tabulaire"]
    assert table["genre"].tolist() == ["marche", "concession"]
    assert table["acheteur_departement"].tolist() == ["01", "74"]
    assert table["montant"].tolist() == ["61100", "NA"]  # le texte « NA » n'est pas un vide
    assert table["titulaires"][0] == '[{"id":"00012","type_identifiant":null}]'
    assert table["titulaires"].isna()[1]
    assert [json.loads(c) for c in table["considerations"]] == [
        ["Clause sociale", "Critère social"],
        ["Sans objet"],
    ]
    assert table["nb_modifications"].fillna(-1).tolist() == [2, -1]
    assert table["objet"].isna().all()  # colonne facultative absente


# ── fichiers réels ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("chemin", "format_", "marches", "concessions"),
    [
        ("decp_v1/derive_idf_v1.json", "v1", 1502, 18),
        ("decp_v1/aife_2019-04.json", "v1", 4508, 22),
        ("decp_v1/e-marchespublics_2019-04.json", "v1", 470, 0),
        ("decp_v1/pes_2019-04.json", "v1", 1148, 0),
        ("decp_v2/eclaireur_raw_v2_20.json", "v2", 20, 0),
        ("decp_v2/decp_2024H2_travaux_cpv4521_filtered.csv", "tabulaire", 8957, 0),
        ("decp_schema/exemples_v1/json/paquet.json", "v1", 1, 1),
        ("decp_schema/exemples_v1/json/cc-basique.json", "v1", 0, 1),
        ("decp_schema/exemples_v2/json/marches_concessions.json", "v2", 2, 2),
    ],
)
def test_les_fichiers_reels_se_lisent_en_entier(reelles, chemin, format_, marches, concessions):
    table = lue(source(), reelles / chemin)
    assert set(table["format"]) == {format_}
    comptes = table["genre"].value_counts()
    assert (comptes.get("marche", 0), comptes.get("concession", 0)) == (marches, concessions)
    assert table["ligne"].tolist() == list(range(1, marches + concessions + 1))
    assert not table["montant"].dropna().str.contains("[eE]").any()


def test_les_exemples_officiels_v2_portent_des_considerations(reelles):
    table = lue(source(), reelles / "decp_schema/exemples_v2/json/marches_avec_modifications.json")
    assert table["considerations"].tolist() == ['["Clause sociale","Critère social"]'] * 2


def test_les_structures_reelles_se_lisent(reelles):
    colonnes = {"siret": "siret", "genre": "kind", "nom": "nom", "commune": "commune"}
    siae = lue(source("structures", colonnes), reelles / "structures/derive_siae_sans_contacts.csv")
    assert len(siae) == 3853
    assert siae["siret"].dropna().str.len().max() == 14
    assert siae["departement"].isna().all()  # colonne non déclarée : vide


# ── tableurs déclarés ─────────────────────────────────────────────────────────────────────────

STRUCTURES = {"siret": "SIRET", "nom": "Dénomination"}


def structures(tmp_path: Path, contenu: bytes | str, **lecture):
    return lue(source("structures", STRUCTURES, **lecture), ecrire(tmp_path, "s.csv", contenu))


def test_un_csv_est_lu_en_texte_et_rien_n_est_interprete(tmp_path):
    table = structures(tmp_path, 'SIRET,Dénomination\n00012,NA\n1E5,"a ""b"", c"\n"",NULL\n')
    assert table["siret"].fillna("vide").tolist() == ["00012", "1E5", "vide"]
    assert table["nom"].tolist() == ["NA", 'a "b", c', "NULL"]
    assert table["ligne"].tolist() == [1, 2, 3]
    assert str(table["nom"].dtype) == "string"


def test_un_titre_de_colonne_fait_de_chiffres_ne_change_rien(tmp_path):
    declaree = source("structures", {"siret": "2024"})
    assert lue(declaree, ecrire(tmp_path, "s.csv", "2024\n00012\n"))["siret"].tolist() == ["00012"]


def test_une_valeur_sur_plusieurs_lignes_survit_aux_blocs(tmp_path, monkeypatch):
    monkeypatch.setattr(valeurs_separees, "_BLOC", 5)  # lecture par blocs de 80 octets
    table = structures(tmp_path, "SIRET,Dénomination\n" + '1,"Évry\nCourcouronnes"\n' * 50)
    assert table["nom"].tolist() == ["Évry\nCourcouronnes"] * 50


@pytest.mark.parametrize("encodage", ["utf-8", "utf-8-sig", "cp1252"])
def test_l_encodage_utf_8_se_reconnait_et_l_autre_se_declare(tmp_path, encodage):
    contenu = "SIRET;Dénomination\n1;Insertion à Évry\n".encode(encodage)
    table = structures(tmp_path, contenu, separateur=";", encodage="cp1252")
    assert table["nom"][0] == "Insertion à Évry"


def test_un_titre_de_colonne_tolere_espaces_et_forme_unicode(tmp_path):
    table = structures(tmp_path, " SIRET\u00a0,De\u0301nomination\n1,X\n")  # accent composé
    assert table["nom"][0] == "X"


@pytest.mark.parametrize(
    ("contenu", "phrase"),
    [
        (b"", "est vide"),
        (b"\n\n", "est vide"),
        ("SIRET,Dénomination\n".encode(), "aucune ligne"),
        ("SIRET,Dénomination\n1,X\n2\n".encode(), "ligne 3 : 1 valeurs pour 2 colonnes"),
        ("SIRET,Dénomination\n1,X,Y\n".encode(), "ligne 2 : 3 valeurs pour 2 colonnes"),
        ('SIRET,Dénomination\n1,"X\n2,Y\n'.encode(), "guillemet mal ferm"),
        ('SIRET,Dénomination\n1,"X"Y\n'.encode(), "guillemet mal ferm"),
        ("SIRET,Dénomination\n1,".encode() + b"X" * 200_000 + b"\n", "ligne 2 : valeur de plus de"),
        ("SIRET,Dénomination\n1,X\0\n".encode(), "ligne 2 : octet nul"),
        ("SIRET,Dénomination\n1,X\n2,é\n".encode("cp1252"), "ligne 1 : caractère illisible en utf-8"),
        ("SIRET;Dénomination\n1;X\n".encode(), "parateur semble être ';'"),
        ("SIRET,SIRET,Dénomination\n1,2,X\n".encode(), "« SIRET » y figure deux fois"),
        (b"PK\x03\x04", "un classeur XLSX"),
        (b"\xd0\xcf\x11\xe0", "Excel ancien"),
        (b"<html>", "une page web"),
    ],
)
def test_un_mauvais_csv_se_dit_avec_son_nom_et_sa_ligne(tmp_path, contenu, phrase):
    with pytest.raises(SourceError, match=phrase) as erreur:
        structures(tmp_path, contenu)
    assert "s.csv" in erreur.value.constat


def test_les_colonnes_manquantes_disent_ou_les_declarer(tmp_path):
    with pytest.raises(ColonnesManquantesError) as erreur:
        structures(tmp_path, "SIRET,Raison sociale\n1,X\n")
    assert "s.csv : colonnes absentes : Dénomination" in str(erreur.value)
    assert "Raison sociale" in str(erreur.value)
    assert "[sources.structures.colonnes] dans observatoire.toml" in str(erreur.value)


@pytest.mark.parametrize(
    ("fautive", "phrase"),
    [
        (source("structures", {"sirett": "SIRET"}), "siret"),
        (source("structures", {}), "absent"),
        (source("structures", STRUCTURES, format="ods"), "ods"),
        (source("structures", STRUCTURES, separateur=";;"), "parateur"),
        (source("structures", STRUCTURES, encodage="cp9999"), "cp9999"),
    ],
)
def test_une_declaration_fautive_est_une_erreur_de_configuration(tmp_path, fautive, phrase):
    with pytest.raises(ConfigError, match=phrase):
        verifier(fautive, ecrire(tmp_path, "s.csv", "SIRET,Dénomination\n1,é\n".encode("latin-1")))


def test_un_fichier_qui_change_apres_verification_ne_cite_pas_ses_lignes(tmp_path):
    fichier = ecrire(tmp_path, "s.csv", "SIRET,Dénomination\n1,CANARI,3\n")
    with pytest.raises(SourceError, match="ne se découpe pas") as erreur:
        lire(source("structures", STRUCTURES), fichier, lambda: CLE)
    assert "CANARI" not in str(erreur.value)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=6), min_size=2, max_size=2), max_size=6)
)
def test_un_csv_bien_ecrit_se_relit_a_l_identique(tmp_path, lignes):
    tampon = io.StringIO()
    redacteur = csv.writer(tampon, quoting=csv.QUOTE_ALL)
    redacteur.writerow(["SIRET", "Dénomination"])
    redacteur.writerows(lignes)
    try:
        table = structures(tmp_path, tampon.getvalue())
    except SourceError:
        assert not lignes or "\0" in tampon.getvalue()
        return
    assert table[["siret", "nom"]].fillna("").to_numpy().tolist() == lignes


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([b"", b"SIRET,D\xc3\xa9nomination\n", b"\nSIRET,D\xc3\xa9nomination\r\n"]),
    st.lists(
        st.sampled_from([b'"', b",", b"\n", b"\r", b";", b"a", b"\xe9", b"\0", b" ", b'""', b"\xc3\xa9"])
    ),
)
@example(b"SIRET,D\xc3\xa9nomination\n", [b"a", b",", b"a", b"\r", b"\r", b"a", b",", b'"', b"\n", b'"'])
def test_un_csv_quelconque_donne_une_table_ou_une_phrase(tmp_path, entete, morceaux):
    fichier = ecrire(tmp_path, "s.csv", entete + b"".join(morceaux))
    declaree = source("structures", STRUCTURES, encodage="cp1252")
    try:
        verifier(declaree, fichier)
    except ObservatoireError:
        return
    # ce que la vérification accepte, la lecture le lit, et au même nombre de lignes
    with fichier.open(encoding="utf-8-sig", errors="replace", newline="") as flux:
        attendues = sum(1 for valeurs in csv.reader(flux) if valeurs) - 1
    assert len(lire(declaree, fichier, lambda: CLE)) == attendues


# ── classeurs ─────────────────────────────────────────────────────────────────────────────────


def classeur(tmp_path: Path, *rangees, feuille: str = "Données") -> Path:
    livre = openpyxl.Workbook()
    livre.active.title = feuille
    for rangee in rangees:
        livre.active.append(rangee)
    livre.save(tmp_path / "c.xlsx")
    return tmp_path / "c.xlsx"


def projets(fichier: Path, **lecture):
    colonnes = {"maitre_ouvrage": "MO", "heures_engagees": "Heures"}
    return lue(source("grands_projets", colonnes, format="xlsx", **lecture), fichier)


def test_une_cellule_s_ecrit_toujours_pareil(tmp_path):
    valeurs = [
        (12345678901234, "12345678901234"),
        (12.0, "12"),
        (3.5, "3.5"),
        (True, "VRAI"),
        ("00012", "00012"),
        ("NA", "NA"),
        (dt.datetime.fromisoformat("2026-07-01"), "2026-07-01"),
        (dt.datetime.fromisoformat("2026-07-01T12:30"), "2026-07-01T12:30:00"),
        (dt.timedelta(hours=36), "1 day, 12:00:00"),
        ("=1+1", None),  # jamais évaluée : seule une valeur calculée par le tableur serait lue
        ("=A1", None),
    ]
    table = projets(classeur(tmp_path, ("MO", "Heures"), *[("x", v) for v, _ in valeurs]))
    lues = table["heures_engagees"].astype(object).where(table["heures_engagees"].notna(), None)
    assert lues.tolist() == [attendu for _, attendu in valeurs]


def test_une_rangee_vide_n_est_pas_une_ligne_et_ne_decale_pas_les_rangs(tmp_path):
    table = projets(classeur(tmp_path, ("MO", "Heures", None), ("a", 1), (None, None), ("b", 2), (None, "")))
    assert table["maitre_ouvrage"].tolist() == ["a", "b"]
    assert table["ligne"].tolist() == [1, 3]


def test_les_textes_partages_enrichis_et_les_balises_prefixees_se_lisent(tmp_path):
    fichier = textes_partages(
        classeur(tmp_path, ("MO", "Heures"), ("local", 1)),
        "<si><t>partagé</t></si><si><r><t>par</t></r><r><t>tagé</t></r><rPh><t>パ</t></rPh></si>",
    )
    reecrire(fichier, FEUILLE, LOCAL, '<c r="A2" t="s"><v>1</v></c>')
    assert projets(fichier)["maitre_ouvrage"].tolist() == ["partagé"]
    feuille = zipfile.ZipFile(fichier).read(FEUILLE).decode()
    prefixee = feuille.replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns=", "xmlns:x=")
    reecrire(fichier, FEUILLE, feuille, prefixee.replace("<x:?xml", "<?xml"))
    assert projets(fichier)["heures_engagees"].tolist() == ["1"]


FEUILLE = "xl/worksheets/sheet1.xml"
LOCAL = '<c r="A2" t="inlineStr"><is><t>local</t></is></c>'


def textes_partages(fichier: Path, textes: str) -> Path:
    """Ajoute la table des textes partagés qu'Excel écrit et qu'openpyxl n'écrit plus."""
    reecrire(
        fichier,
        "xl/_rels/workbook.xml.rels",
        "</Relationships>",
        '<Relationship Id="rIdT" Type="http://x/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    )
    with zipfile.ZipFile(fichier, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", f"<sst>{textes}</sst>")
    return fichier


def reecrire(fichier: Path, partie: str, avant: str, apres: str) -> None:
    with zipfile.ZipFile(fichier) as archive:
        parties = {nom: archive.read(nom) for nom in archive.namelist()}
    texte = parties[partie].decode()
    assert avant in texte
    parties[partie] = texte.replace(avant, apres).encode()
    with zipfile.ZipFile(fichier, "w", zipfile.ZIP_DEFLATED) as archive:
        for nom, octets in parties.items():
            archive.writestr(nom, octets)


def test_une_feuille_absente_nomme_les_feuilles(tmp_path):
    fichier = classeur(tmp_path, ("MO", "Heures"), ("a", 1), feuille="Suivi 2026")
    with pytest.raises(SourceError, match="« Heures » est absente") as erreur:
        projets(fichier, feuille="Heures")
    assert "Suivi 2026" in erreur.value.remede


def test_un_classeur_sans_entete_sans_ligne_ou_sans_colonne_se_dit(tmp_path):
    with pytest.raises(SourceError, match="pas d'en-tête"):
        projets(classeur(tmp_path))
    with pytest.raises(SourceError, match="aucune ligne"):
        projets(classeur(tmp_path, ("MO", "Heures")))
    with pytest.raises(ColonnesManquantesError, match="Heures"):
        projets(classeur(tmp_path, ("MO", "Total"), ("a", 1)))


def test_ce_qui_n_est_pas_un_classeur_se_dit(tmp_path):
    for contenu in (b"", b"MO;Heures\na;1\n", b"\xd0\xcf\x11\xe0", b"PK\x03\x04tronque"):
        with pytest.raises(SourceError, match="pas un classeur XLSX"):
            projets(ecrire(tmp_path, "c.xlsx", contenu))


def test_une_bombe_zip_est_refusee_sans_etre_depliee(tmp_path):
    fichier = tmp_path / "c.xlsx"
    with (
        zipfile.ZipFile(fichier, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as partie,
    ):
        for _ in range(100):
            partie.write(b"\0" * 1_000_000)
    with pytest.raises(SourceError, match="archive démesurée"):
        projets(fichier)
    with zipfile.ZipFile(fichier, "w") as archive:
        for rang in range(2_001):
            archive.writestr(str(rang), b"")
    with pytest.raises(SourceError, match="archive démesurée"):
        projets(fichier)


def test_un_classeur_trop_gros_est_refuse(tmp_path, monkeypatch):
    monkeypatch.setattr(classeurs, "_OCTETS_MAXIMUM", 1000)
    with pytest.raises(SourceError, match="archive démesurée"):
        projets(classeur(tmp_path, ("MO", "Heures"), ("a", 1)))


MILLIARD = '<!DOCTYPE l [<!ENTITY a "xxxx"><!ENTITY b "&a;&a;&a;&a;">]>'
EXTERNE = '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("dtd", [MILLIARD, EXTERNE])
@pytest.mark.parametrize(
    ("partie", "racine"),
    [
        ("xl/workbook.xml", "<workbook"),
        ("xl/styles.xml", "<styleSheet"),
        ("xl/sharedStrings.xml", "<sst"),
        (FEUILLE, "<worksheet"),
    ],
)
def test_une_entite_xml_est_refusee_partout(tmp_path, dtd, partie, racine):
    fichier = textes_partages(classeur(tmp_path, ("MO", "Heures"), ("a", 1)), "<si><t>a</t></si>")
    reecrire(fichier, partie, racine, dtd + racine)
    with pytest.raises(SourceError, match="classeur abîmé"):
        projets(fichier)


@pytest.mark.parametrize(
    ("avant", "apres"),
    [
        ('<row r="2">', '<row r="99999999999">'),
        ('<row r="2">', '<row r="1">'),
        ('<c r="A2"', '<c r="ZZZZ2"'),
        ('t="inlineStr"><is><t>CANARI</t></is>', 't="s"><v>777</v>'),  # texte partagé qui n'existe pas
        ("</sheetData>", ""),
        ("<v>1234</v>", "<v>douze</v>"),
    ],
)
def test_une_feuille_abimee_se_dit(tmp_path, avant, apres):
    fichier = classeur(tmp_path, ("MO", "Heures"), ("CANARI", 1234))
    reecrire(fichier, FEUILLE, avant, apres)
    with pytest.raises(SourceError, match="classeur abîmé") as erreur:
        projets(fichier)
    assert "CANARI" not in str(erreur.value)


def test_un_classeur_tronque_se_dit(tmp_path):
    entier = classeur(tmp_path, ("MO", "Heures"), *[("a", i) for i in range(50)]).read_bytes()
    ecrire(tmp_path, "entier.xlsx", entier)
    for fraction in range(1, 20):
        with pytest.raises(SourceError):
            projets(ecrire(tmp_path, "c.xlsx", entier[: len(entier) * fraction // 20]))
    coupe = zipfile.ZipFile(tmp_path / "entier.xlsx").getinfo(FEUILLE).header_offset + 80
    with pytest.raises(SourceError, match="classeur abîmé"):
        projets(ecrire(tmp_path, "c.xlsx", entier[:coupe] + b"\xff" * 20 + entier[coupe + 20 :]))


# ── suivi : l'identité reste à la porte ───────────────────────────────────────────────────────

COLONNES_SUIVI = {"structure_id": "Structure", "contrat_debut": "Début", "heures": "Heures"}
IDENTITE = {
    "nom": "Nom",
    "prenom": "Prénom",
    "date_naissance": "Né le",
    "identifiant": "N°",
    "nir": "NIR",
}
ENTETE = "Structure;Début;Heures;Nom;Prénom;Né le;N°;NIR;Téléphone\n"


def suivi(tmp_path: Path, *lignes: str, identite=None):
    fichier = ecrire(tmp_path, "suivi.csv", ENTETE + "\n".join(lignes) + "\n")
    declaree = source(
        "suivi", COLONNES_SUIVI, IDENTITE if identite is None else identite, separateur=";", date="%d/%m/%Y"
    )
    return lue(declaree, fichier)


def test_l_identite_devient_un_pseudonyme_et_un_age(tmp_path):
    table = suivi(
        tmp_path,
        "S1;28/03/2026;12,5;Zzqx-Canari;Élodie;29/03/1987;P42;287039912345678;0600000000",
        "S2;29/03/2026;3;ZZQX CANARI;elodie;29/03/1987;P99;;",
        "S1;;;;;;;;",
    )
    assert table["personne"][0] == table["personne"][1]
    assert table["age_entree"].fillna("").tolist() == ["38", "39", ""]  # la veille, puis le jour anniversaire
    assert table["personne"].isna().tolist() == [False, False, True]  # une clause encore sans contrat
    assert table["heures"].fillna("").tolist() == ["12,5", "3", ""]
    ecrit = table.to_csv() + " ".join(table.columns)
    for canari in ("canari", "lodie", "1987", "2870399", "p42", "p99", "06000", "identite"):
        assert canari not in ecrit.lower()
    assert table.columns.tolist() == ["ligne", *SCHEMAS["acquisition/suivi"].noms[4:]]


def test_une_date_de_naissance_illisible_vide_l_age_et_laisse_l_identifiant(tmp_path):
    table = suivi(
        tmp_path,
        "S1;01/01/2026;1;Diallo;Awa;1987;P42;;",
        "S1;01/02/2026;1;Diallo;Awa;31/02/1987;P42;;",
        "S2;01/02/2026;1;Diallo;Awa;;P42;;",
        "S1;illisible;1;Diallo;Awa;01/02/1987;P42;;",
    )
    assert table["age_entree"].isna().all()
    assert table["personne"][0] == table["personne"][1]
    assert table["personne"].nunique() == 3  # S1 et P42, S2 et P42, l'identité complète


def test_une_cellule_de_date_se_lit_quel_que_soit_le_format_declare(tmp_path):
    fichier = classeur(
        tmp_path,
        [*COLONNES_SUIVI.values(), "Nom", "Prénom", "Né le"],
        ["S1", dt.date(2026, 3, 29), 1, "Diallo", "Awa", dt.date(1987, 3, 29)],
    )
    identite = {nom: IDENTITE[nom] for nom in ("nom", "prenom", "date_naissance")}
    table = lue(source("suivi", COLONNES_SUIVI, identite, format="xlsx", date="%d/%m/%Y"), fichier)
    assert table["age_entree"].tolist() == ["39"]


def test_aucun_message_ne_cite_une_personne(tmp_path):
    personne = "S1;01/01/2026;1;ZZQX-CANARI;Elodie;29/03/1987;P42;287039912345678;x"
    mauvais = {
        "sans en-tête": personne + "\n",
        "irrégulier": ENTETE + personne + ";ZZQX-CANARI\n",
        "guillemet": ENTETE + personne + '"\n' + '"ZZQX-CANARI"x;' + personne,
        "nul": ENTETE + personne + "\0\n",
        "colonne": ENTETE.replace("Heures", "H") + personne + "\n",
        "double": ENTETE.replace("Téléphone", "Nom") + personne + "\n",
        "long": ENTETE + personne + "ZZQX-CANARI" * 20_000 + "\n",
    }
    declaree = source("suivi", COLONNES_SUIVI, IDENTITE, separateur=";")
    for cas, contenu in mauvais.items():
        fichier = ecrire(tmp_path, "suivi.csv", contenu)
        for essai in (verifier, lambda s, f: lire(s, f, lambda: CLE)):
            try:
                essai(declaree, fichier)
            except ObservatoireError as erreur:
                texte = str(erreur).lower()
                assert not [c for c in ("canari", "elodie", "1987", "p42", "2870399") if c in texte], cas


def test_le_nir_n_est_jamais_lu_ni_exige(tmp_path):
    fichier = ecrire(tmp_path, "suivi.csv", "Structure;Début;Heures;Nom;Prénom;Né le;N°\nS1;;1;A;B;;7\n")
    assert len(lue(source("suivi", COLONNES_SUIVI, IDENTITE, separateur=";"), fichier)) == 1


def test_une_colonne_d_identite_declaree_est_exigee(tmp_path):
    fichier = ecrire(tmp_path, "suivi.csv", "Structure;Début;Heures;Nom;Prénom;N°\nS1;;1;A;B;7\n")
    with pytest.raises(ColonnesManquantesError, match="Né le"):
        lue(source("suivi", COLONNES_SUIVI, IDENTITE, separateur=";"), fichier)


# ── l'ensemble ────────────────────────────────────────────────────────────────────────────────


def test_acquerir_rend_les_cinq_tables_a_leur_schema(tmp_path):
    suivi_csv = ecrire(tmp_path, "suivi.csv", ENTETE + "S1;01/01/2026;1;A;B;01/01/1990;7;;\n")
    decp_json = ecrire(tmp_path, "a.json", '{"marches": [{"id": "a"}, null]}')
    tables = acquerir(
        [
            depot(source(), decp_json),
            depot(source(), ecrire(tmp_path, "b.json", '{"marches": [{"id": "c"}]}')),
            depot(
                source("suivi", COLONNES_SUIVI, IDENTITE, separateur=";", date="%d/%m/%Y"),
                suivi_csv,
            ),
        ],
        lambda: CLE,
    )
    assert {nom: len(table) for nom, table in tables.items()} == {
        "acquisition/decp": 3,
        "acquisition/suivi": 1,
        "acquisition/grands_projets": 0,
        "acquisition/structures": 0,
        "acquisition/depots": 3,
    }
    for nom, table in tables.items():
        assert SCHEMAS[nom].verifier(table).equals(table)
        assert table.index.is_unique
    assert tables["acquisition/decp"]["fichier"].tolist() == ["a.json", "a.json", "b.json"]
    assert tables["acquisition/depots"]["lues"].tolist() == [2, 1, 1]
    assert tables["acquisition/depots"]["fictif"].all()


def test_sans_depot_les_tables_sont_vides_et_la_cle_n_est_pas_lue():
    def cle() -> bytes:
        raise AssertionError

    tables = acquerir([], cle)
    assert [len(table) for table in tables.values()] == [0] * 5


def test_les_sources_du_projet_declarent_des_colonnes_connues(tmp_path):
    """Un classeur et un CSV faits des seuls en-têtes déclarés passent le contrôle des colonnes."""
    config = Config.charger(Path(__file__).parents[1])
    for declaree in config.sources.values():
        entetes = [*declaree.colonnes.values(), *declaree.identite.values()]
        if declaree.genre == "decp":
            continue
        if declaree.lecture["format"] == "xlsx":
            fichier = classeur(tmp_path, entetes, ["x"] * len(entetes), feuille=declaree.lecture["feuille"])
        else:
            separateur = declaree.lecture["separateur"]
            texte = separateur.join(entetes) + "\n" + separateur.join("x" for _ in entetes) + "\n"
            fichier = ecrire(tmp_path, "f.csv", texte.encode(declaree.lecture["encodage"]))
        assert len(lue(declaree, fichier)) == 1
