"""La région fictive : reproductible, calée sur les chiffres publiés, ses défauts comptés."""

from __future__ import annotations

import csv
import functools
import hashlib
import itertools
import json
import re
import stat
import tomllib
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from stdnum import luhn

from observatoire.acquisition.exemple import calibration as cible
from observatoire.acquisition.exemple import defauts, ecrire_exemple, fichiers, region
from observatoire.acquisition.exemple.calendrier import Fenetre
from observatoire.acquisition.exemple.defauts import Defaut
from observatoire.acquisition.exemple.export import Export
from observatoire.acquisition.exemple.livraison import ecrire_sources
from observatoire.acquisition.exemple.noms import CANARI
from observatoire.acquisition.exemple.tirages import caler, generateur
from observatoire.acquisition.pseudonymes import chemin_cle
from observatoire.config import Config
from observatoire.erreurs import ConfigError, ParametreError, SourceError
from observatoire.perimetre import Periode
from observatoire.referentiel import lire_liste

DEPOT = Path(__file__).parents[1]
ECHELLE = 0.15
TRIMESTRE = Periode.lire("2026-T3")
FENETRE = Fenetre.jusqu_a(TRIMESTRE, 14)
REMPLISSAGES = ("MQ", "NC", "MQ NC", "INX")


def generer(dossier: Path, echelle: float, graine: int = 20260930):
    config = Config.charger(DEPOT)
    lieux = region.Region.fonder(graine, FENETRE)
    return ecrire_sources(config, lieux, echelle, dossier, str(TRIMESTRE))


@functools.cache
def feuille(fichier: Path) -> tuple[str, list[list[object]]]:
    """Le nom de la feuille et ses rangées, complétées à la largeur des entêtes."""
    classeur = openpyxl.load_workbook(fichier, read_only=True)
    rangees = [list(rangee) for rangee in classeur.worksheets[0].iter_rows(values_only=True)]
    classeur.close()
    return classeur.sheetnames[0], [r + [None] * (len(rangees[0]) - len(r)) for r in rangees]


def lire_suivi(nom: str, fichier: Path) -> pd.DataFrame:
    """L'export aux noms de colonnes de l'observatoire, tout en texte."""
    source = Config.charger(DEPOT).source(nom)
    if fichier.suffix == ".csv":
        table = pd.read_csv(fichier, sep=";", encoding="cp1252", dtype=str, keep_default_na=False)
    else:
        entetes, *rangees = feuille(fichier)[1]
        textes = [
            ["" if v is None else f"{v:g}" if isinstance(v, float) else str(v) for v in r] for r in rangees
        ]
        table = pd.DataFrame(textes, columns=entetes)
    return table.rename(columns={recu: nom for nom, recu in (source.colonnes | source.identite).items()})


@pytest.fixture(scope="module")
def livraisons(tmp_path_factory):
    return generer(tmp_path_factory.mktemp("region"), ECHELLE)


@pytest.fixture(scope="module")
def suivi_a(livraisons):
    return lire_suivi("suivi_a", livraisons["suivi_a"].fichiers[0])


@pytest.fixture(scope="module")
def suivi_b(livraisons):
    return lire_suivi("suivi_b", livraisons["suivi_b"].fichiers[0])


@pytest.fixture(scope="module")
def decp(livraisons):
    return json.loads(livraisons["decp"].fichiers[0].read_text(encoding="utf-8"))["marches"]


def lettres(texte: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", texte).upper() if c.isalpha())


@pytest.fixture(scope="module")
def lignes(suivi_a, suivi_b):
    """Les deux exports réunis, contrats seulement : heures, année, personne, dates lues à la main."""
    tables = []
    for nom, table, date, mois in (("a", suivi_a, "%d/%m/%Y", "%m/%Y"), ("b", suivi_b, "%Y-%m-%d", "%Y-%m")):
        t = table[table["contrat"] != ""].assign(logiciel=nom)
        for colonne in ("contrat_debut", "contrat_fin", "date_naissance", "date_saisie"):
            t[colonne] = pd.to_datetime(t[colonne], format=date, errors="coerce")
        t["mois_date"] = pd.to_datetime(t["mois"], format=mois, errors="coerce")
        tables.append(t)
    t = pd.concat(tables, ignore_index=True)
    t["h"] = pd.to_numeric(t["heures"].str.replace(",", "."), errors="coerce")
    t["annee"] = t["mois_date"].fillna(t["contrat_debut"]).dt.year
    t["personne"] = [
        f"{lettres(n)} {lettres(p)} {d}"
        for n, p, d in zip(t["nom"], t["prenom"], t["date_naissance"], strict=True)
    ]
    t["femme"] = t["sexe"].isin(["Mme", "Femme"])
    t["contrat_cle"] = t["logiciel"] + t["structure_id"] + t["contrat"]
    return t


@pytest.fixture(scope="module")
def annee(lignes):
    """Les heures plausibles de 2025, dernière année civile complète."""
    retenue = (lignes["annee"] == 2025) & (lignes["h"] > 0) & ((lignes["h"] <= 220) | (lignes["mois"] == ""))
    return lignes[retenue]


def parts(table: pd.DataFrame, cle: pd.Series) -> dict[str, float]:
    """Part des heures par valeur, en %."""
    return (table["h"].groupby(cle.to_numpy()).sum() / table["h"].sum() * 100).to_dict()


# ── L'interface ────────────────────────────────────────────────────────────────────────────────


def empreintes(racine: Path) -> dict[str, str]:
    fichiers_ecrits = sorted(f for f in (racine / "data").rglob("*") if f.is_file())
    return {str(f.relative_to(racine)): hashlib.sha256(f.read_bytes()).hexdigest() for f in fichiers_ecrits}


def test_memes_arguments_memes_octets_et_relancer_ne_change_rien(tmp_path, travail):
    autre = tmp_path / "autre"
    autre.mkdir()
    for nom in ("observatoire.toml", "parametres.toml"):
        (autre / nom).write_bytes((DEPOT / nom).read_bytes())

    premiere = ecrire_exemple(travail, echelle=0.02)
    seconde = ecrire_exemple(Config.charger(autre), echelle=0.02)

    assert [(chemin.name, nouveau) for chemin, nouveau in premiere] == [
        ("decp_2026-T3.json", True),
        ("decp_info_2026-T3.csv", True),
        ("suivi_a_2026-T3.csv", True),
        ("suivi_b_2026-T3.xlsx", True),
        ("grands_projets_2026-T3.xlsx", True),
        ("structures_2026-T3.csv", True),
        ("entreprises_2026-T3.csv", True),
        ("enquete_2026-T3.csv", True),
    ]
    assert len(seconde) == 8
    assert empreintes(travail.racine) == empreintes(autre)
    assert [nouveau for _, nouveau in ecrire_exemple(travail, echelle=0.02)] == [False] * 8
    assert empreintes(travail.racine) == empreintes(autre)


def test_la_provenance_dit_fictif_le_millesime_et_les_defauts(travail):
    [(chemin, _), *_] = ecrire_exemple(travail, echelle=0.01, dernier_trimestre=Periode.lire("2025-T2"))
    assert chemin == travail.raw / "decp" / "2025-08-14" / "decp_2025-T2.json"  # 30 juin + 45 jours
    for dossier in travail.raw.iterdir():
        provenance = tomllib.loads((dossier / "2025-08-14" / "provenance.toml").read_text(encoding="utf-8"))
        assert provenance["fictif"] is True
        assert "fictives" in provenance["titre"]
        assert provenance["defauts"]
        assert all(d["nombre"] > 0 and d["description"] for d in provenance["defauts"])


def test_la_cle_des_pseudonymes_est_creee_et_reservee_a_son_proprietaire(travail, tmp_path, monkeypatch):
    monkeypatch.setenv("OBSERVATOIRE_CLE", str(tmp_path / "coffre" / "cle"))
    ecrire_exemple(travail, echelle=0.01)
    assert stat.S_IMODE(chemin_cle().stat().st_mode) == 0o600
    avant = chemin_cle().read_bytes()
    ecrire_exemple(travail, echelle=0.01)
    assert chemin_cle().read_bytes() == avant


def test_une_autre_region_ne_remplace_pas_celle_qui_est_scellee(travail):
    ecrire_exemple(travail, echelle=0.01)
    avant = empreintes(travail.racine)
    with pytest.raises(SourceError, match="déjà pris"):
        ecrire_exemple(travail, echelle=0.01, graine=7)
    assert empreintes(travail.racine) == avant


@pytest.mark.parametrize("echelle", [0, -1, 0.001, float("nan"), float("inf"), 5000])
def test_une_echelle_absurde_est_refusee(travail, echelle):
    with pytest.raises(ParametreError, match="Échelle refusée"):
        ecrire_exemple(travail, echelle=echelle)
    assert not travail.raw.exists()


def test_une_annee_n_est_pas_un_dernier_trimestre(travail):
    with pytest.raises(ParametreError, match="2025-T4"):
        ecrire_exemple(travail, dernier_trimestre=Periode(2025))


def test_des_reglages_absents_sont_nommes(travail):
    with pytest.raises(ConfigError, match="graine, trimestres"):
        ecrire_exemple(Config(travail.racine, {"exemple": {"dernier_trimestre": "2026-T3"}}))


# ── Les formats ────────────────────────────────────────────────────────────────────────────────


def test_le_csv_suit_la_declaration_de_la_source(livraisons):
    source = Config.charger(DEPOT).source("suivi_a")
    octets = livraisons["suivi_a"].fichiers[0].read_bytes()
    texte = octets.decode("cp1252")
    with pytest.raises(UnicodeDecodeError):
        octets.decode("utf-8")
    rangees = list(csv.reader(texte.splitlines(), delimiter=";"))
    assert rangees[0] == [*source.colonnes.values(), *source.identite.values()]
    assert {len(rangee) for rangee in rangees} == {len(rangees[0])}
    assert "\"Construction d'un groupe scolaire ; gros œuvre, " in texte  # le séparateur dans un texte
    assert '"Nettoyage, lot ""écoles"", ' in texte


def test_les_dates_et_les_nombres_suivent_la_declaration_de_la_source(suivi_a, suivi_b):
    formes = {
        "a": (suivi_a, r"\d{2}/\d{2}/\d{4}", r"\d{2}/\d{4}", r"-?\d+(,\d+)?"),
        "b": (suivi_b, r"\d{4}-\d{2}-\d{2}", r"\d{4}-\d{2}", r"-?\d+(\.\d+)?"),
    }
    for table, date, mois, nombre in formes.values():
        for colonne, forme in (
            ("date_notification", date),
            ("contrat_debut", date),
            ("date_naissance", date),
            ("date_saisie", date),
            ("mois", mois),
            ("heures_engagees", nombre),
        ):
            assert table[colonne].str.fullmatch(f"({forme})?").all(), colonne
        assert (
            table.loc[~table["heures"].str.fullmatch(f"({nombre})?"), "heures"]
            .isin(["douze", "NC", "7h30"])
            .all()
        )


def test_les_classeurs_portent_la_feuille_et_les_entetes_declarees(livraisons):
    for nom in ("suivi_b", "grands_projets"):
        source = Config.charger(DEPOT).source(nom)
        titre, (entetes, premiere, *_) = feuille(livraisons[nom].fichiers[0])
        assert titre == source.lecture["feuille"]
        assert entetes == [*source.colonnes.values(), *source.identite.values()]
        assert isinstance(premiere[entetes.index(source.colonnes["heures_engagees"])], int | float)


def test_un_classeur_trop_long_continue_dans_un_second_fichier(tmp_path, monkeypatch):
    monkeypatch.setattr(fichiers, "LIGNES_PAR_FEUILLE", 3)
    monkeypatch.setattr(fichiers, "TEXTES_PARTAGES", 2)
    classeur = fichiers.Classeur(tmp_path / "t.xlsx", "Feuille & Cie", ["a", "b"])
    classeur.ajouter([("x", 1.5), ("<é> ", None), ("", 3.0)])
    classeur.ajouter([("y", 4.0), ("z", 5.0)])
    classeur.fermer()
    assert [f.name for f in classeur.fichiers] == ["t.xlsx", "t-2.xlsx"]
    with zipfile.ZipFile(classeur.fichiers[0]) as archive:
        assert {piece.date_time[:3] for piece in archive.infolist()} == {(1980, 1, 1)}  # pas d'horloge
    assert feuille(classeur.fichiers[0]) == (
        "Feuille & Cie",
        [["a", "b"], ["x", 1.5], ["<é> ", None], [None, 3]],
    )
    assert feuille(classeur.fichiers[1]) == ("Feuille & Cie", [["a", "b"], ["y", 4], ["z", 5]])


def test_le_json_a_les_enveloppes_du_format_v2(decp):
    assert set(decp) == {"marche", "contrat-concession"}
    assert len(decp["contrat-concession"]) == round(cible.CONCESSIONS_PAR_AN * 3.5 * ECHELLE)  # 49
    assert all(set(t) == {"titulaire"} for marche in decp["marche"] for t in marche["titulaires"])
    assert all(set(m) == {"modification"} for x in decp["marche"] for m in x.get("modifications", []))
    sociales = [m["considerationsSociales"] for m in decp["marche"] if "considerationsSociales" in m]
    assert all(list(s) == ["considerationSociale"] for s in sociales)
    assert any(s["considerationSociale"] == ["Clause sociale", "Critère social"] for s in sociales)


def test_les_contrats_sans_defaut_sont_valides_au_schema_officiel(livraisons, decp, reelles):
    validateurs = pytest.importorskip("jsonschema", reason="jsonschema vient avec jupyterlab").validators
    schema = json.loads((reelles / "decp_schema" / "schema_decp_v2.0.4.json").read_text(encoding="utf-8"))

    def fautes(genre: str, contrats: list[dict]) -> list[set[str]]:
        juge = validateurs.Draft7Validator(
            {"definitions": schema["definitions"], "$ref": f"#/definitions/{genre}"}
        )
        return [
            f
            for c in contrats
            if (f := {(e.path[0] if e.path else e.message[:25]) for e in juge.iter_errors(c)})
        ]

    assert fautes("contrat-concession", decp["contrat-concession"]) == []
    depuis_2024 = [m for m in decp["marche"] if m["dateNotification"] >= "2024"][::12]
    trouvees = fautes("marche", depuis_2024)
    assert set().union(*trouvees) <= {
        "considerationsSociales",  # MQ, NC, INX ; capitales ou sans accent
        "'considerationsSociales' ",  # champ absent
        "tauxAvance",  # CDL
        "montant",  # 0 et 0,01
    }
    annoncees = livraisons["decp"].nombres
    attendues = sum(
        annoncees[nom]
        for nom in (
            "sociales_non_renseignees",
            "sociales_mal_ecrites",
            "avances_conditionnelles",
            "montants_aberrants",
        )
    )
    assert 0 < len(trouvees) <= attendues


# ── La calibration ─────────────────────────────────────────────────────────────────────────────


def test_les_volumes_d_une_annee_sont_ceux_de_la_region(annee):
    assert annee["h"].sum() == pytest.approx(6_300_000 * ECHELLE, rel=0.05)
    assert annee["personne"].nunique() == pytest.approx(12_400 * ECHELLE, rel=0.07)
    assert annee["contrat_cle"].nunique() == pytest.approx(16_200 * ECHELLE, rel=0.07)


def test_les_contrats_durent_deux_mois_et_demi_en_moyenne(lignes):
    contrats = lignes.drop_duplicates("contrat_cle")
    jours = (contrats["contrat_fin"] - contrats["contrat_debut"]).dt.days + 1
    assert (jours[contrats["contrat_fin"].dt.year == 2025] / 30.44).mean() == pytest.approx(2.5, abs=0.4)


def test_les_femmes_les_ages_et_les_grands_projets(annee):
    personnes = annee.drop_duplicates("personne")
    assert personnes["femme"].mean() * 100 == pytest.approx(15.1, abs=1.5)
    age = (personnes["contrat_debut"] - personnes["date_naissance"]).dt.days / 365.25
    assert (age < 26).mean() * 100 == pytest.approx(29, abs=2.5)
    assert (age >= 50).mean() * 100 == pytest.approx(16, abs=2)
    assert age.min() >= 16
    grand_projet = ~annee["programme"].isin(["Non", ""])
    assert 25 <= parts(annee, grand_projet)[True] <= 30


def test_les_marges_des_heures_suivent_les_parts_publiees(annee):
    departements = parts(annee, annee["commune_execution"].str[:2])
    for code, part in cible.DEPARTEMENTS.items():
        assert departements[code] == pytest.approx(part, abs=2.5), code
    types = parts(annee, annee["type_marche"].str.strip().str.lower())
    assert types["travaux"] == pytest.approx(68, abs=2.5)
    assert types["services"] == pytest.approx(29, abs=2.5)
    employeurs = parts(annee, annee["type_employeur"])
    for code, part in {"Entreprise": 42, "ETTI": 22, "ETT": 14, "EI": 9, "GEIQ": 6}.items():
        assert employeurs[code] == pytest.approx(part, abs=2.5), code
    contrats = parts(annee, annee["type_contrat"].str.strip().str.lower())
    assert contrats["cdi"] + contrats["cdi de chantier"] == pytest.approx(20, abs=3)
    assert contrats["contrat de professionnalisation"] + contrats["apprentissage"] == pytest.approx(
        15, abs=2.5
    )
    execution = annee["modalite"].isin(["L2112-2", "L. 2112-2", "Article 14", "art.14", "Art. 38"])
    assert parts(annee, execution)[True] == pytest.approx(88, abs=3)
    assert parts(annee, annee["logiciel"])["b"] == pytest.approx(8, abs=1.5)


def test_les_mois_creux_et_le_retard_de_remontee(lignes):
    par_mois = lignes[lignes["h"] <= 220].groupby("mois_date")["h"].sum()
    annee_2025 = par_mois["2025"]
    plats = annee_2025[~annee_2025.index.month.isin([8, 12])].mean()
    assert annee_2025["2025-08-01"] / plats == pytest.approx(0.65, abs=0.08)
    assert annee_2025["2025-12-01"] / plats == pytest.approx(0.80, abs=0.08)
    # À l'extraction du 14 novembre, septembre a 45 jours : entre 60 % (T+30) et 85 % (T+90) des heures.
    assert 0.55 < par_mois["2026-09-01"] / par_mois["2026-02":"2026-04"].mean() < 0.80
    assert lignes["date_saisie"].max() <= pd.Timestamp("2026-11-14")


def test_le_type_de_contrat_va_avec_l_employeur(lignes):
    type_contrat, employeur = lignes["type_contrat"].str.strip(), lignes["type_employeur"]
    assert set(employeur[type_contrat.isin(["CTT insertion", "CTTI"])]) == {"ETTI"}
    assert set(employeur[type_contrat.isin(["CTT", "Intérim"])]) == {"ETT"}
    assert set(employeur[type_contrat == "CDDI"]) == {"EI", "ACI", "AI", "Régie de quartier"}
    assert set(type_contrat[employeur == "GEIQ"]) == {"Contrat de professionnalisation"}


def test_un_marche_reserve_va_a_une_structure(suivi_a, livraisons):
    noms = lire_structures(livraisons)
    reserves = suivi_a[suivi_a["modalite"].isin(["L2113-12"])]
    genres = {noms[s] for s in reserves["titulaire_id"] if s in noms}
    assert genres == {"EA", "ESAT"}


def lire_structures(livraisons) -> dict[str, str]:
    with livraisons["structures"].fichiers[0].open(encoding="utf-8", newline="") as flux:
        return {ligne["siret"]: ligne["kind"] for ligne in csv.DictReader(flux)}


def test_tous_les_territoires_sont_servis_et_l_un_d_eux_est_tres_petit(annee):
    communes = {ligne["code"]: ligne for ligne in lire_liste("communes")}
    executions = annee[annee["commune_execution"].isin(communes)]
    ept = executions["commune_execution"].map(lambda code: communes[code]["ept"])
    assert {f"T{n}" for n in range(1, 13)} <= set(ept)
    petit = executions[ept == "T3"]
    assert 1 <= petit["personne"].nunique() <= 12
    assert petit.groupby("mois_date")["personne"].nunique().min() <= 4  # une cellule à cacher


# ── Les personnes sont fictives ────────────────────────────────────────────────────────────────


def test_les_siret_et_les_nir_sont_justes_mais_n_ont_ete_attribues_a_personne(suivi_b, livraisons):
    sirets = suivi_b["structure_id"].unique()
    assert all(re.fullmatch(r"000\d{11}", siret) and luhn.is_valid(siret) for siret in sirets)
    assert all(luhn.is_valid(siret[:9]) for siret in sirets)
    nir = suivi_b.loc[suivi_b["nir"] != "", "nir"].unique()
    assert len(nir) > 100
    for numero in nir:
        assert re.fullmatch(r"[12]\d{2}(0[1-9]|1[0-2])00\d{8}", numero)  # département 00
        assert int(numero[13:]) == 97 - int(numero[:13]) % 97
    assert len(lire_structures(livraisons)) > 600


def test_les_canaris_sont_dans_les_deux_exports(suivi_a, suivi_b, livraisons):
    for nom, table in (("suivi_a", suivi_a), ("suivi_b", suivi_b)):
        assert (table["nom"] == CANARI).sum() == livraisons[nom].nombres["canaris"] > 0


# ── Les défauts annoncés sont les défauts présents ─────────────────────────────────────────────


@pytest.mark.parametrize("nom", ["suivi_a", "suivi_b"])
def test_les_defauts_du_suivi_se_recomptent_dans_le_fichier(request, livraisons, nom):
    table, annonces = request.getfixturevalue(nom), livraisons[nom].nombres
    heures = pd.to_numeric(table["heures"].str.replace(",", "."), errors="coerce")
    contrat = table["contrat"] != ""
    avec_mois = table["mois"] != ""
    fevrier = {"suivi_a": "31/02/2025", "suivi_b": "2025-02-31"}[nom]

    def faux(colonne: str) -> int:
        textes = table[colonne].str.replace(" ", "")
        return sum(not luhn.is_valid(texte) for texte in textes[textes != ""])

    presents = {
        "niveau_non_renseigne": (contrat & (table["niveau_diplome"] == "")).sum(),
        "niveau_inconnu": (table["niveau_diplome"] == "Niveau 12").sum(),
        "qpv_non_renseigne": (contrat & (table["qpv"] == "")).sum(),
        "residence_disparue": (table["commune_residence"] == "93059").sum(),
        "execution_disparue": (table["commune_execution"] == "93059").sum(),
        "article_inconnu": (table["modalite"] == "Article 99").sum(),
        "notification_impossible": (table["date_notification"] == fevrier).sum(),
        "acheteur_siret_espaces": table["acheteur_id"].str.contains(" ").sum(),
        "titulaire_siret_faux": faux("titulaire_id"),
        "employeur_siret_espaces": table["employeur_id"].str.contains(" ").sum(),
        "employeur_siret_faux": faux("employeur_id"),
        "debut_impossible": (table["contrat_debut"] == fevrier).sum(),
        "heures_excessives": (avec_mois & (heures > 220)).sum(),
        "heures_negatives": (heures < 0).sum(),
        "heures_illisibles": table["heures"].isin(["douze", "NC", "7h30"]).sum(),
        "niveaux_anciens": table["niveau_diplome"].str.fullmatch(r"Niveau [IV]+( bis)?").sum(),
        "contrats_sans_detail": (contrat & ~avec_mois).sum(),
        "clauses_sans_contrat": (~contrat).sum(),
    }
    assert {defaut: int(nombre) for defaut, nombre in presents.items()} == {d: annonces[d] for d in presents}
    if nom == "suivi_b":  # peu de structures : Saint-Denis n'en est pas toujours
        del presents["execution_disparue"]
    assert all(presents.values())
    assert faux("acheteur_id") == 0  # les espaces nettoyés, le SIRET est juste


def test_un_texte_n_est_altere_qu_une_fois(monkeypatch):
    deux = {lettre: Defaut("", "lignes", "heures", 0.9, lambda *_, x=lettre: x) for lettre in "xy"}
    monkeypatch.setattr(defauts, "DEFAUTS", deux)
    textes = np.full(100, "7", dtype=object)
    export = Export({"lignes": {"heures": textes}}, {"lignes": np.arange(100)}, np.array([]))
    assert defauts.planter(generateur(1), export, {}) == {"x": 90, "y": 9}  # 90 % de 100, puis de 10
    assert [(textes == lettre).sum() for lettre in "xy7"] == [90, 9, 1]


def test_la_part_des_defauts_est_celle_que_l_on_veut(suivi_a):
    dossiers = suivi_a[suivi_a["contrat"] != ""].drop_duplicates(["structure_id", "identifiant"])
    assert (dossiers["niveau_diplome"] == "").mean() * 100 == pytest.approx(5, abs=0.5)
    assert (dossiers["qpv"] == "").mean() * 100 == pytest.approx(8, abs=0.5)
    assert 0.3 < (dossiers["niveau_diplome"].str.fullmatch(r"Niveau [IV]+( bis)?")).mean() < 0.6


def test_les_personnes_suivies_deux_fois_se_retrouvent_malgre_l_ecriture_de_leur_nom(lignes, livraisons):
    dossiers = lignes.drop_duplicates(["logiciel", "structure_id", "personne"])
    dossiers = dossiers[dossiers["nom"] != CANARI]
    for nom in ("a", "b"):
        structures = dossiers[dossiers["logiciel"] == nom].groupby("personne")["structure_id"].nunique()
        assert (structures > 1).sum() == livraisons[f"suivi_{nom}"].nombres["personnes_deux_structures"]
    logiciels = dossiers.groupby("personne")["logiciel"].nunique()
    assert (logiciels > 1).sum() == livraisons["suivi_a"].nombres["personnes_deux_logiciels"] > 0
    suivies = dossiers.groupby("personne").size()
    assert (suivies > 1).mean() * 100 == pytest.approx(3, abs=1)
    ecritures = dossiers[dossiers["personne"].isin(suivies[suivies > 1].index)].groupby("personne")
    assert (ecritures[["nom", "prenom"]].nunique().max(axis=1) > 1).mean() > 0.9


def test_les_contrats_d_une_personne_ne_se_chevauchent_que_la_ou_c_est_annonce(lignes, livraisons):
    """Même structure, même dossier : deux contrats en même temps sont un mois déclaré deux fois."""
    contrats = lignes[lignes["contrat_debut"].notna()].drop_duplicates("contrat_cle")
    contrats = contrats.assign(fin=contrats["contrat_fin"].fillna(pd.Timestamp("2100-01-01")))
    paires = contrats.merge(
        contrats, on=["logiciel", "structure_id", "identifiant"], suffixes=("", "_2"), validate="m:m"
    )
    ensemble = (
        (paires["contrat_cle"] < paires["contrat_cle_2"])
        & (paires["contrat_debut"] <= paires["fin_2"])
        & (paires["contrat_debut_2"] <= paires["fin"])
    )
    annonces = sum(livraisons[nom].nombres["mois_declares_deux_fois"] for nom in ("suivi_a", "suivi_b"))
    impossibles = lignes.loc[lignes["contrat_debut"].isna(), "contrat_cle"].nunique()
    assert annonces - impossibles <= ensemble.sum() <= annonces
    assert annonces / contrats["contrat_cle"].nunique() == pytest.approx(0.02, abs=0.006)


def test_les_defauts_des_donnees_essentielles_se_recomptent(decp, livraisons):
    annonces, marches = livraisons["decp"].nombres, decp["marche"]

    def sociales(marche: dict) -> list[str]:
        return marche.get("considerationsSociales", {}).get("considerationSociale", [])

    def titulaire(marche: dict) -> str:
        return marche["titulaires"][0]["titulaire"]["id"]

    cles = [(m["id"], m["acheteur"]["id"]) for m in marches]
    presents = {
        "montants_aberrants": sum(m["montant"] < 1 or m["montant"] >= 99_999_999 for m in marches),
        "acheteurs_faux": sum(not luhn.is_valid(m["acheteur"]["id"]) for m in marches),
        "titulaires_faux": sum(titulaire(m).isdigit() and not luhn.is_valid(titulaire(m)) for m in marches),
        "titulaires_espaces": sum(" " in titulaire(m) for m in marches),
        "titulaires_non_communiques": sum(titulaire(m) == "NC" for m in marches),
        "avances_conditionnelles": sum(m.get("tauxAvance") == "CDL" for m in marches),
        "durees_en_jours": sum(m["dureeMois"] in (365, 360, 366) for m in marches),
        "republies": len(cles) - len(set(cles)),
        "sociales_contradictoires": sum(
            len(sociales(m)) > 1 and "Pas de considération sociale" in sociales(m) for m in marches
        ),
        "sociales_avant_2024": sum(
            m["id"].startswith("2023") and "considerationsSociales" not in m for m in marches
        ),
    }
    repetes = sum(a == b for a, b in itertools.pairwise(marches))
    assert repetes > 0
    # Un contrat d'avant 2024 publié deux fois compte deux lignes.
    doubles_2023 = presents["sociales_avant_2024"] - annonces["sociales_avant_2024"]
    assert 0 <= doubles_2023 <= annonces["republies"]
    del presents["sociales_avant_2024"]
    assert presents == {nom: annonces[nom] for nom in presents}


def test_le_tableau_de_decp_info_republie_une_part_des_contrats(livraisons, decp):
    tableau = pd.read_csv(livraisons["decp_info"].fichiers[0], dtype=str, keep_default_na=False)
    publies = {contrat["acheteur"]["id"] + contrat["id"]: contrat for contrat in decp["marche"]}
    uniques = tableau.drop_duplicates("uid")
    assert set(uniques["uid"]) <= set(publies)
    assert len(uniques) == livraisons["decp_info"].nombres["publies_deux_fois"]
    assert 0.30 < len(uniques) / len(publies) < 0.40
    lignes = tableau.groupby("uid").size()
    assert lignes.to_dict() == {uid: len(publies[uid]["titulaires"]) for uid in lignes.index}
    # « Sans objet » est l'écriture de decp.info pour le non explicite
    (seules,) = {
        tuple(publies[uid]["considerationsSociales"]["considerationSociale"])
        for uid in tableau.loc[tableau["considerationsSociales"] == "Sans objet", "uid"]
    }
    assert seules == ("Pas de considération sociale",)


def test_un_contrat_qui_declare_de_la_sous_traitance_en_publie_l_acte(decp):
    declares = [contrat for contrat in decp["marche"] if contrat["sousTraitanceDeclaree"]]
    assert 0.05 < len(declares) / len(decp["marche"]) < 0.11
    assert all(len(contrat["actesSousTraitance"]) == 1 for contrat in declares)
    autres = [contrat for contrat in decp["marche"] if not contrat["sousTraitanceDeclaree"]]
    assert not any("actesSousTraitance" in contrat for contrat in autres)


def test_les_arrondissements_et_les_quartiers_prioritaires_sont_ecrits(suivi_a):
    arrondissements = suivi_a["commune_execution"].str.fullmatch("751(0[1-9]|1[0-9]|20)")
    assert arrondissements.any()
    assert (suivi_a["commune_execution"] == "75056").any()
    avec_code = suivi_a[suivi_a["qpv_code"] != ""]
    assert avec_code["qpv"].isin(["Oui", ""]).all()  # vide : le défaut « non renseigné »
    assert set(avec_code["qpv_code"].str.slice(0, 2)) == {"QN", "QP"}


def test_l_enquete_est_vraisemblable(livraisons):
    enquete = pd.read_csv(livraisons["enquete"].fichiers[0], sep=";", dtype=str)
    nombres = enquete.iloc[:, [4, 5, 6]].astype(int).to_numpy()
    assert (nombres[:, 0] >= nombres[:, 1]).all()
    assert (nombres[:, 1] >= nombres[:, 2]).all()
    assert set(enquete["Année"]) == {"2025"}
    illisibles = (enquete["Nombre d'heures d'insertion réalisées"] == "NC").sum()
    assert illisibles == livraisons["enquete"].nombres["heures_non_communiquees"]


def test_un_contrat_sur_cinq_porte_une_consideration_depuis_2024(decp):
    valeurs = [
        m.get("considerationsSociales", {}).get("considerationSociale", [])
        for m in decp["marche"]
        if m["id"] >= "2024"
    ]
    positives = sum(
        any(v in ("Clause sociale", "Critère social", "Marché réservé") for v in vs) for vs in valeurs
    )
    muettes = sum(not vs or vs[0].startswith(REMPLISSAGES) for vs in valeurs)
    assert positives / len(valeurs) * 100 == pytest.approx(20, abs=2.5)
    assert muettes / len(valeurs) * 100 == pytest.approx(6, abs=1.5)
    assert not any("considerationsSociales" in m for m in decp["marche"] if m["id"] < "2024")
    par_an = sum(m["id"].startswith("2025") for m in decp["marche"])
    assert par_an == pytest.approx(7_000 * ECHELLE, rel=0.05)


def test_des_marches_du_suivi_se_retrouvent_dans_les_donnees_essentielles(suivi_a, decp):
    def normale(reference: str) -> str:
        return re.sub(r"[\s.\-]", "", reference.upper()).lstrip("0")

    publies = {(m["acheteur"]["id"], normale(m["id"])) for m in decp["marche"]}
    sirets = suivi_a["acheteur_id"].str.replace(" ", "")
    vus = set(zip(sirets, suivi_a["marche_reference"].map(normale), strict=True))
    assert 0.2 < len(vus & publies) / len(vus) < 0.6
    ecritures = suivi_a["marche_reference"].str.replace(r"[A-Za-z0-9]", "", regex=True)
    assert {"", "-", " ", "."} <= set(ecritures)
    assert suivi_a["marche_reference"].str.startswith("00").any()


def test_les_grands_projets_citent_des_marches_du_suivi(livraisons, suivi_a):
    _, (entetes, *rangees) = feuille(livraisons["grands_projets"].fichiers[0])
    references = {r[entetes.index("N° de marché")].replace("-", "") for r in rangees}
    suivies = set(suivi_a.loc[suivi_a["programme"].str.startswith("GPE"), "marche_reference"])
    assert sum(s.strip().lstrip("0").replace("-", "") in references for s in suivies) > len(suivies) / 2
    assert {r[entetes.index("Part d'heures réservées (%)")] for r in rangees} <= {5, 10}


# ── Le volume ──────────────────────────────────────────────────────────────────────────────────


def test_les_blocs_s_ajoutent_sans_meler_leurs_identifiants(tmp_path, monkeypatch):
    monkeypatch.setattr(region, "TAILLE_BLOC", 0.02)
    (tmp_path / "un").mkdir()
    (tmp_path / "trois").mkdir()
    un = lire_suivi("suivi_a", generer(tmp_path / "un", 0.02)["suivi_a"].fichiers[0])
    trois = generer(tmp_path / "trois", 0.05)
    table = lire_suivi("suivi_a", trois["suivi_a"].fichiers[0])
    assert table.iloc[: len(un)].equals(un)  # le premier bloc ne dépend pas des suivants
    assert 2 < len(table) / len(un) < 3
    cle = ["structure_id", "operation"]
    clauses = table.drop_duplicates([*cle, "marche_reference", "lot"])
    assert not clauses.duplicated(cle).any()
    contrats = table[table["contrat"] != ""].drop_duplicates(["structure_id", "contrat", "contrat_debut"])
    assert not contrats.duplicated(["structure_id", "contrat"]).any()
    marches = json.loads(trois["decp"].fichiers[0].read_text(encoding="utf-8"))["marches"]["marche"]
    numeros = {m["id"] for m in marches}
    assert len(marches) - len(numeros) == trois["decp"].nombres["republies"]
    identite = ["nom", "prenom", "date_naissance"]
    suite = table.iloc[len(un) :]
    communs = set(un[identite].itertuples(index=False)) & set(suite[identite].itertuples(index=False))
    assert {personne.nom for personne in communs} <= {""}  # d'autres personnes, et non les mêmes


def test_une_toute_petite_region_remplit_toutes_les_sources(tmp_path):
    livraisons = generer(tmp_path, 0.01)
    for nom, livraison in livraisons.items():
        assert livraison.defauts, nom
        assert all(fichier.stat().st_size > 500 for fichier in livraison.fichiers)
    assert (lire_suivi("suivi_b", livraisons["suivi_b"].fichiers[0])["heures"] != "").sum() > 0


def test_le_calage_atteint_les_marges_et_ignore_une_modalite_vide():
    poids = generateur(1).random(400)
    lignes, colonnes = np.arange(400) % 2, np.arange(400) // 2 % 3
    parts_calees = caler(poids, [(lignes, np.array([0.3, 0.7])), (colonnes, np.array([0.2, 0.3, 0.5, 0.0]))])
    assert parts_calees.sum() == pytest.approx(1)
    assert np.bincount(lignes, parts_calees) == pytest.approx([0.3, 0.7], abs=1e-3)
    assert np.bincount(colonnes, parts_calees) == pytest.approx([0.2, 0.3, 0.5], abs=1e-3)
