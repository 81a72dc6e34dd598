"""Les données ouvertes : lisibles par tous, décrites, sans formule, et muettes sur ce qui est caché."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from hashlib import sha256

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.erreurs import PublicationError, TableError
from observatoire.magasin import Magasin
from observatoire.publication.desarmement import desarmer
from observatoire.publication.donnees import publier
from observatoire.publication.donnees.textes import CODE
from observatoire.schemas import SCHEMAS
from tests.conftest import dossier_de_travail

CHARGES = [
    "=1+1",
    "+33 1 00",
    "-2+3+cmd|' /C calc'!A0",
    "@SOMME(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\x00=1+1",
    " =1+1",
    "\uff1d1\uff0b1",
    "\uff20A1",
    '=HYPERLINK("http://exemple.invalid";"ici")',
    "ici ; =1+1",
]
VALEUR = {
    "indicateur": "heures_realisees",
    "territoire": "dep:93",
    "periode": "2026-T1",
    "ventilation": "ensemble",
    "modalite": "ensemble",
    "valeur": 1234.5,
    "unite": "h",
    "statut": "publie",
}
COMPARAISON = {**VALEUR, "repere": "an_precedent", "reference": 1000.0, "ecart": -3.5, "unite": "%"}
FICHE = {
    "indicateur": "heures_realisees",
    "ordre": 1,
    "libelle": "Heures d’insertion réalisées",
    "unite": "h",
    "champ": "Heures travaillées.",
    "source": "Logiciels de suivi.",
    "lecture": "{territoire}, {periode} : {valeur} heures.",
    "additif": "territoire|periode",
    "rattachement": "execution",
    "ventilations": "sexe",
    "multiples": "",
    "numerateur": "",
    "denominateur": "",
    "personnes": True,
    "methode": "Première phrase.\n\nSuite.",
}
PROVENANCE = {
    "source": "suivi_a",
    "millesime": "2026-10-05",
    "fichier": "export.csv",
    "titre": "Logiciel A",
    "producteur": "Structures",
    "licence": "Convention",
    "date_extraction": pd.Timestamp("2026-10-05"),
    "fictif": True,
    "sha256": "0" * 64,
    "lues": 1,
    "gardees": 1,
    "marquees": 0,
    "ecartees": 0,
}
VALEURS = [
    VALEUR,
    {"ventilation": "sexe", "modalite": "F", "valeur": None, "statut": "secret"},
    {"ventilation": "sexe", "modalite": "M", "valeur": None, "statut": "secret"},
    {"ventilation": "sexe", "modalite": "NR", "valeur": 0.0},
    {"territoire": "reg:11", "periode": "2025", "valeur": 12.0},
    {"territoire": "ept:T6", "periode": "2026-T3-4T", "valeur": None, "statut": "non_disponible"},
]
COMPARAISONS = [COMPARAISON, {"repere": "region", "reference": None, "ecart": None, "statut": "secret"}]


def remplir(config, valeurs=VALEURS, comparaisons=COMPARAISONS, fiche=()):
    tables = {
        "indicateurs/valeurs": (VALEUR, valeurs),
        "indicateurs/comparaisons": (COMPARAISON, comparaisons),
        "indicateurs/catalogue": (FICHE, [dict(fiche)]),
        "indicateurs/provenance": (PROVENANCE, [{}]),
    }
    magasin = Magasin(config.processed)
    for nom, (defauts, ecarts) in tables.items():
        lignes = [{**defauts, **ecart} for ecart in ecarts]
        magasin.ecrire(nom, SCHEMAS[nom].verifier(pd.DataFrame(lignes, columns=SCHEMAS[nom].noms)))
    return config


@pytest.fixture
def rempli(travail):
    return remplir(travail)


@pytest.fixture(scope="module")
def dossier(tmp_path_factory):
    return publier(remplir(dossier_de_travail(tmp_path_factory.mktemp("donnees"))))[0].parent


def lire_csv(chemin):
    return list(csv.DictReader(io.StringIO(chemin.read_text(encoding="utf-8"))))


def feuilles(dossier):
    return openpyxl.load_workbook(dossier / "observatoire.xlsx")


# ── ce qui est écrit ──────────────────────────────────────────────────────────────────────────
def test_le_dossier_a_ses_tables_son_classeur_et_leur_description(dossier):
    noms = ["valeurs", "comparaisons", "catalogue", "modalites", "territoires", "periodes"]
    attendus = {*(f"{nom}.csv" for nom in noms), "valeurs.parquet", "observatoire.xlsx", "datapackage.json"}
    assert {chemin.name for chemin in dossier.iterdir()} == attendus


def test_le_csv_est_en_utf8_avec_virgule_point_decimal_et_vide_pour_l_inconnu(dossier):
    texte = (dossier / "valeurs.csv").read_text(encoding="utf-8")
    assert texte.splitlines()[0] == ("territoire,periode,indicateur,ventilation,modalite,valeur,unite,statut")
    assert "dep:93,2026-T1,heures_realisees,ensemble,ensemble,1234.5,h,publie\n" in texte
    assert "dep:93,2026-T1,heures_realisees,sexe,F,,h,s\n" in texte
    assert "dep:93,2026-T1,heures_realisees,sexe,NR,0,h,publie\n" in texte
    assert "ept:T6,2026-T3-4T,heures_realisees,ensemble,ensemble,,h,n.d.\n" in texte
    assert "\r" not in texte
    assert texte.count("\n") == 1 + len(VALEURS)


def test_un_nombre_negatif_reste_un_nombre(dossier):
    lignes = {ligne["repere"]: ligne for ligne in lire_csv(dossier / "comparaisons.csv")}
    assert feuilles(dossier)["valeurs"]["F5"].data_type == "n"
    assert lignes["an_precedent"]["ecart"] == "-3.5"
    assert (lignes["region"]["reference"], lignes["region"]["statut"]) == ("", "s")


def test_les_codes_ont_leurs_libelles(dossier):
    modalites = {(x["ventilation"], x["modalite"]): x for x in lire_csv(dossier / "modalites.csv")}
    assert modalites["sexe", "F"]["libelle"] == "Femmes"
    assert ("ensemble", "ensemble") in modalites
    assert ("tranche_age", "M26") not in modalites  # aucune valeur ne la cite
    territoires = {x["territoire"]: x for x in lire_csv(dossier / "territoires.csv")}
    assert (territoires["dep:93"]["code"], territoires["dep:93"]["nom"]) == ("93", "Seine-Saint-Denis")
    periodes = {x["periode"]: x for x in lire_csv(dossier / "periodes.csv")}
    assert (periodes["2026-T3-4T"]["debut"], periodes["2026-T3-4T"]["fin"]) == ("2025-10-01", "2026-09-30")
    assert (periodes["2025"]["provisoire"], periodes["2026-T3-4T"]["provisoire"]) == ("false", "true")


def test_le_parquet_a_les_memes_cellules_que_le_csv(dossier):
    parquet = pd.read_parquet(dossier / "valeurs.parquet")
    lignes = lire_csv(dossier / "valeurs.csv")
    assert list(parquet["statut"]) == [ligne["statut"] for ligne in lignes]
    lus = [None if pd.isna(v) else float(v) for v in parquet["valeur"]]
    assert lus == [float(ligne["valeur"]) if ligne["valeur"] else None for ligne in lignes]


def test_le_classeur_a_une_table_nommee_par_feuille_et_aucune_formule(dossier):
    classeur = feuilles(dossier)
    csvs = sorted({chemin.stem for chemin in dossier.glob("*.csv")} - {"comparaisons"})
    assert sorted(classeur.sheetnames) == sorted(["Lisez-moi", *csvs])
    assert classeur.sheetnames[0] == "Lisez-moi"
    for nom in csvs:
        (table,) = classeur[nom].tables.values()
        entetes = [colonne.name for colonne in table.tableColumns]
        assert entetes == [cellule.value for cellule in classeur[nom][4]]
        assert classeur[nom].freeze_panes == "A5"
        assert len(lire_csv(dossier / f"{nom}.csv")) == classeur[nom].max_row - 4
    assert not classeur["Lisez-moi"].merged_cells
    with zipfile.ZipFile(dossier / "observatoire.xlsx") as archive:
        for nom in archive.namelist():
            assert b"<f>" not in archive.read(nom), nom


def test_dans_le_classeur_un_code_est_un_texte_et_un_nombre_un_nombre(dossier):
    territoires, valeurs = feuilles(dossier)["territoires"], feuilles(dossier)["valeurs"]
    assert {cellule.data_type for cellule in territoires["C"][4:]} == {"s"}
    assert {cellule.data_type for cellule in valeurs["B"][4:]} == {"s"}  # 2025 n'est pas un nombre
    assert {cellule.data_type for cellule in valeurs["F"][4:] if cellule.value is not None} == {"n"}


def test_le_sommaire_mene_a_chaque_feuille(dossier):
    sommaire = feuilles(dossier)["Lisez-moi"]
    liens = {c.value: c.hyperlink.location for c in sommaire["A"] if c.hyperlink}
    assert liens == {nom: f"{nom}!A1" for nom in feuilles(dossier).sheetnames[1:]}
    assert {"valeurs", "catalogue", "modalites", "territoires", "periodes"} == set(liens)
    textes = [cellule.value for ligne in sommaire.iter_rows() for cellule in ligne if cellule.value]
    assert any("Licence Ouverte 2.0" in str(texte) and "5 octobre 2026" in str(texte) for texte in textes)
    assert "s" in textes


# ── la description ────────────────────────────────────────────────────────────────────────────
def test_la_description_donne_l_empreinte_la_licence_et_les_sources(dossier):
    paquet = json.loads((dossier / "datapackage.json").read_text(encoding="utf-8"))
    assert paquet["licenses"][0]["name"] == "etalab-2.0"
    assert "données fictives" in paquet["title"]
    assert paquet["sources"] == [{"title": "Logiciel A (Structures)"}]
    decrits = {ressource["path"]: ressource for ressource in paquet["resources"]}
    assert {*decrits, "datapackage.json"} == {chemin.name for chemin in dossier.iterdir()}
    for nom, ressource in decrits.items():
        octets = (dossier / nom).read_bytes()
        assert ressource["bytes"] == len(octets)
        assert ressource["hash"] == f"sha256:{sha256(octets).hexdigest()}"
        assert re.fullmatch(r"[a-z0-9._-]+", ressource["name"])


def test_les_tables_suivent_leur_schema_leurs_cles_et_leurs_liens(dossier):
    """Ce que vérifie Frictionless, refait ici : types, contraintes, clés, liens."""
    paquet = json.loads((dossier / "datapackage.json").read_text(encoding="utf-8"))
    tables = {r["name"]: r for r in paquet["resources"] if "schema" in r}
    lues = {nom: lire_csv(dossier / r["path"]) for nom, r in tables.items()}
    formes = {"number": r"-?\d+(\.\d+)?(e-?\d+)?", "integer": r"\d+", "boolean": r"true|false"}
    for nom, ressource in tables.items():
        schema, lignes = ressource["schema"], lues[nom]
        assert [champ["name"] for champ in schema["fields"]] == list(lignes[0])
        cles = [tuple(ligne[c] for c in schema["primaryKey"]) for ligne in lignes]
        assert len(cles) == len(set(cles))
        for champ in schema["fields"]:
            contraintes = champ.get("constraints", {})
            for valeur in {ligne[champ["name"]] for ligne in lignes}:
                assert valeur or not contraintes.get("required")
                assert not valeur or re.fullmatch(formes.get(champ["type"], "(?s).*"), valeur)
                assert not valeur or re.fullmatch(contraintes.get("pattern", "(?s).*"), valeur)
                assert not valeur or valeur in contraintes.get("enum", [valeur])
        for lien in schema["foreignKeys"]:
            vers = lien["reference"]
            connues = {tuple(x[c] for c in vers["fields"]) for x in lues[vers["resource"]]}
            assert {tuple(ligne[c] for c in lien["fields"]) for ligne in lignes} <= connues


# ── les formules ──────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("charge", CHARGES)
def test_un_libelle_ne_devient_jamais_une_formule(travail, charge):
    dossier = publier(remplir(travail, fiche={"libelle": charge, "champ": charge}))[0].parent
    (fiche,) = lire_csv(dossier / "catalogue.csv")
    assert fiche["libelle"][0] not in "=+-@\t\r\n\x00\uff1d\uff0b\uff0d\uff20"
    assert not re.search(r"[;\t,]\s*[=+@-]", fiche["champ"])
    cellule = feuilles(dossier)["catalogue"]["C5"]
    assert (cellule.data_type, cellule.value) == ("s", fiche["libelle"])


@given(st.text(max_size=30))
def test_desarmer_ne_laisse_rien_d_actif_et_ne_change_rien_deux_fois(texte):
    desarme = desarmer(texte)
    assert not re.match(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]", desarme)
    assert desarme.isprintable() or not desarme
    assert desarmer(desarme) == desarme


@pytest.mark.parametrize("code", ["=1+1", "A;B", "a b", "", "é", "T\n"])
def test_ce_qui_n_est_pas_un_code_est_refuse(code):
    assert re.fullmatch(CODE, code) is None


def test_un_code_arme_arrete_tout_et_n_est_pas_cite(rempli):
    avant = {chemin.name: chemin.read_bytes() for chemin in publier(rempli)}
    remplir(rempli, valeurs=[{"modalite": "=424242"}])
    with pytest.raises(PublicationError, match="« modalite » n'a pas la forme d'un code") as levee:
        publier(rempli)
    assert "424242" not in str(levee.value)
    dossier = rempli.outputs / "donnees"
    assert {chemin.name: chemin.read_bytes() for chemin in dossier.iterdir()} == avant
    assert [chemin.name for chemin in rempli.outputs.iterdir()] == ["donnees"]


# ── le secret, les octets ─────────────────────────────────────────────────────────────────────
def test_une_cellule_cachee_n_a_de_nombre_dans_aucun_fichier(dossier):
    for ligne in lire_csv(dossier / "valeurs.csv"):
        assert bool(ligne["valeur"]) == (ligne["statut"] == "publie")
    for ligne in lire_csv(dossier / "comparaisons.csv"):
        assert bool(ligne["ecart"]) == (ligne["statut"] == "publie")
    assert {ligne["statut"] for ligne in lire_csv(dossier / "valeurs.csv")} == {"publie", "s", "n.d."}


def test_la_table_interne_du_secret_n_en_fait_pas_partie(rempli):
    table = SCHEMAS["indicateurs/secret"]
    ligne = dict.fromkeys(table.noms, 424242) | dict.fromkeys(table.cle, "canari")
    Magasin(rempli.processed).ecrire("indicateurs/secret", table.verifier(pd.DataFrame([ligne])))
    for chemin in publier(rempli):
        octets = [chemin.read_bytes()]
        if chemin.suffix == ".xlsx":
            with zipfile.ZipFile(chemin) as archive:
                octets = [archive.read(nom) for nom in archive.namelist()]
        assert not any(b"424242" in x or b"canari" in x for x in octets), chemin.name


def test_les_memes_indicateurs_donnent_les_memes_octets(rempli, tmp_path_factory, monkeypatch):
    premiers = {chemin.name: chemin.read_bytes() for chemin in publier(rempli)}
    with zipfile.ZipFile(rempli.outputs / "donnees" / "observatoire.xlsx") as archive:
        assert {entree.date_time for entree in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    monkeypatch.chdir(tmp_path_factory.mktemp("ailleurs"))
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    remplir(rempli, valeurs=VALEURS[::-1])
    assert {chemin.name: chemin.read_bytes() for chemin in publier(rempli)} == premiers


def test_sans_indicateurs_construits_l_erreur_le_dit_et_rien_n_est_ecrit(travail):
    with pytest.raises(TableError, match="construire"):
        publier(travail)
    assert not travail.outputs.exists()
