"""L'enquête auprès des acheteurs, et les correspondances que l'équipe établit à la main."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from observatoire.acquisition import acquerir
from observatoire.acquisition.depot import inventaire, sceller
from observatoire.config import Config
from observatoire.controle import enquetes
from observatoire.controle.correspondances import lire_correspondances
from observatoire.controle.enquetes import REGLES
from observatoire.controle.quarantaine import examiner
from observatoire.controle.typage import nettoyer
from observatoire.erreurs import ConfigError
from observatoire.referentiel import lire_liste
from observatoire.schemas import SCHEMAS
from tests.maillons import controler, en_octets, entreposer

DEPOT = Path(__file__).parents[1]
PARIS, FONTAINE, FAUX = "21750001600019", "73282932000074", "73282932000079"
LIVRAISON = dt.date(2026, 11, 14)
JUSTE = {
    "annee": "2025",
    "acheteur_id": PARIS,
    "acheteur_nom": "Ville de Paris",
    "zones": "Seine-Saint-Denis ; Paris",
    "marches_attribues": "1 200",
    "marches_considerations": "300",
    "marches_generateurs": "85",
    "heures": "152 340,5",
    "beneficiaires": "410",
    "beneficiaires_qpv": "120",
}


def acquise(*lignes):
    origine = {"source": "enquete", "millesime": LIVRAISON.isoformat(), "fichier": "reponses.csv"}
    numerotees = [origine | JUSTE | {"ligne": rang} | ligne for rang, ligne in enumerate(lignes, 1)]
    schema = SCHEMAS["acquisition/enquetes"]
    return schema.typer(pd.DataFrame(numerotees, columns=schema.noms))


def examiner_lignes(config, *lignes):
    lecture = enquetes.lire(nettoyer(acquise(*lignes)), config.source("enquete"), config)
    return examiner(lecture, REGLES)


def test_une_reponse_est_typee(travail):
    gardees, rejets = examiner_lignes(travail, {})
    assert rejets.empty
    ligne = gardees.iloc[0]
    assert (ligne["annee"], ligne["marches_attribues"], ligne["heures"]) == (2025, 1200, 152_340.5)
    assert ligne["zones"] == "dep:93|dep:75"


CAS = {
    "annee_illisible": ([{"annee": None}, {"annee": "25"}], [1, 2]),
    "acheteur_invalide": ([{"acheteur_id": FAUX}, {"acheteur_id": None}], [1, 2]),
    "annee_future": ([{"annee": "2027"}, {"annee": "2026"}], [1]),
    "zone_inconnue": ([{"zones": "+ de 2 zones"}, {"zones": None}], [1]),
    "marches_attribues_illisible": ([{"marches_attribues": "beaucoup"}], [1]),
    "marches_considerations_illisible": ([{"marches_considerations": "-3"}], [1]),
    "marches_generateurs_illisible": ([{"marches_generateurs": "2,5"}], [1]),
    "heures_illisible": ([{"heures": "-1"}, {"heures": "0"}], [1]),
    "beneficiaires_illisible": ([{"beneficiaires": "NC"}], [1]),
    "beneficiaires_qpv_illisible": ([{"beneficiaires_qpv": "?"}], [1]),
    "considerations_superieures_aux_marches": ([{"marches_considerations": "1201"}], [1]),
    "beneficiaires_qpv_superieurs": ([{"beneficiaires_qpv": "411"}, {"beneficiaires": None}], [1]),
    "heures_sans_marche": ([{"marches_generateurs": "0"}, {"marches_generateurs": None}], [1]),
    # 410 × 1 900 h = 779 000 h
    "heures_par_beneficiaire_excessives": (
        [{"heures": "779 001"}, {"heures": "779 000"}, {"beneficiaires": "0", "beneficiaires_qpv": "0"}],
        [1, 3],
    ),
}


@pytest.mark.parametrize("nom", CAS)
def test_une_regle_de_l_enquete_touche_la_ligne_en_faute(travail, nom):
    changees, attendues = CAS[nom]
    gardees, rejets = examiner_lignes(travail, *changees)
    touchees = rejets.loc[rejets["regle"] == nom]
    (regle,) = [regle for regle in REGLES if regle.nom == nom]
    assert touchees["ligne"].tolist() == attendues
    assert set(touchees["niveau"]) == {regle.niveau}
    assert set(attendues).isdisjoint(gardees["ligne"]) == (regle.niveau == "bloquant")


def test_toute_regle_de_l_enquete_a_un_essai_un_enonce_et_un_remede():
    assert {regle.nom for regle in REGLES} == set(CAS)
    for regle in REGLES:
        assert regle.colonne in JUSTE
        assert regle.description.endswith(".")
        assert regle.remede.endswith(".")


def test_rien_de_declare_n_est_ni_zero_ni_une_faute(travail):
    vide = dict.fromkeys(set(JUSTE) - {"annee", "acheteur_id"})
    gardees, rejets = examiner_lignes(travail, vide)
    assert rejets.empty
    assert gardees[list(vide)].isna().all(axis=None)


@pytest.mark.parametrize(
    ("ecrite", "lue"),
    [
        ("93", "dep:93"),
        ("dep:93", "dep:93"),
        ("T6", "ept:T6"),
        ("Plaine Commune", "ept:T6"),
        ("EPT Plaine Commune, Département de la Seine-Saint-Denis", "ept:T6|dep:93"),
        ("Île-de-France", "reg:11"),
        ("Paris", "dep:75"),  # T1 porte le même nom : même territoire
        ("seine saint denis|93", "dep:93"),
        ("247800584", "epci:247800584"),
        ("CA Versailles Grand Parc", "epci:247800584"),
        ("La Réunion", None),
    ],
)
def test_une_zone_est_un_territoire_lu_a_son_nom_ou_a_son_code(travail, ecrite, lue):
    gardees, _ = examiner_lignes(travail, {"zones": ecrite})
    zone = gardees["zones"].iloc[0]
    assert (None if pd.isna(zone) else zone) == lue


def test_tout_territoire_en_vigueur_se_lit_a_son_nom(travail):
    en_vigueur = [ligne for ligne in lire_liste("territoires") if not ligne.get("valide_au")]
    gardees, rejets = examiner_lignes(travail, *({"zones": ligne["nom"]} for ligne in en_vigueur))
    assert rejets.empty
    perdus = {
        ligne["territoire"]: lue
        for ligne, lue in zip(en_vigueur, gardees["zones"], strict=True)
        if lue != ligne["territoire"]
    }
    assert perdus == {"ept:T1": "dep:75"}


@pytest.fixture(scope="module")
def config():
    return Config.charger(DEPOT)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(list(JUSTE)), st.none() | st.text(max_size=9)), max_size=6))
def test_aucun_texte_ne_fait_echouer_le_controle_de_l_enquete(config, lignes):
    """Propriété : toute ligne est gardée ou écartée, et la table suit son schéma."""
    gardees, rejets = examiner_lignes(config, *lignes)
    ecartees = set(rejets.loc[rejets["niveau"] == "bloquant", "ligne"])
    assert len(lignes) == len(gardees) + len(ecartees)
    assert en_octets("controle/enquetes", gardees)


def ecrire(config, chemin, lignes):
    """Un fichier d'enquête aux titres déclarés, CSV ou XLSX."""
    titres = config.source("enquete").colonnes
    rangees = [list(titres.values()), *([ligne.get(nom) for nom in titres] for ligne in lignes)]
    if chemin.suffix == ".xlsx":
        classeur = Workbook()
        for rangee in rangees:
            classeur.active.append(rangee)
        classeur.save(chemin)
    else:
        with chemin.open("w", encoding="utf-8", newline="") as flux:
            csv.writer(flux, delimiter=";").writerows(rangees)
    return chemin


@pytest.mark.parametrize("extension", ["csv", "xlsx"])
def test_l_enquete_va_du_fichier_a_l_entrepot(travail, tmp_path, extension):
    lignes = [
        JUSTE,
        JUSTE | {"annee": "2024", "heures": "100"},
        JUSTE | {"annee": "2024", "heures": "130"},  # deuxième réponse : c'est elle qui compte
        JUSTE | {"acheteur_id": FAUX},
        *(JUSTE | {"annee": str(annee)} for annee in range(2016, 2024)),
    ]
    if extension == "xlsx":
        travail = _en_classeur(travail)
        lignes[0] = JUSTE | {"annee": 2025, "heures": 152340.5, "marches_attribues": 1200}
    sceller(
        travail, "enquete", [ecrire(travail, tmp_path / f"r.{extension}", lignes)], date_extraction=LIVRAISON
    )
    recues = {}
    for nom, morceau in acquerir(inventaire(travail), lambda: b"0" * 32):
        recues[nom] = morceau
    produites = controler({"acquisition/enquetes": recues["acquisition/enquetes"]}, travail)
    bilan = produites["controle/bilan"].iloc[0]
    assert (bilan["lues"], bilan["gardees"], bilan["ecartees"]) == (12, 11, 1)
    doubles = produites["controle/recoupements"]
    assert doubles["regle"].tolist() == ["acheteur_declare_deux_fois"] * 2
    assert doubles["ligne"].tolist() == [2, 3]
    entreposees = entreposer(produites)["entrepot/enquetes"].set_index("annee")
    assert entreposees.index.tolist() == list(range(2016, 2026))
    assert entreposees.loc[2024, "heures"] == 130
    assert entreposees.loc[2025, "heures"] == 152_340.5


def _en_classeur(config):
    reglages = json.loads(json.dumps(config.reglages, default=str))
    reglages["sources"]["enquete"]["lecture"] = {"format": "xlsx", "decimale": ",."}
    return Config(config.racine, reglages)


# ── correspondances.csv ──────────────────────────────────────────────────────────────────────

ENTETE = "source;structure_id;operation;acheteur_id;id_source;commentaire\n"


def deposer(config, texte, encodage="utf-8"):
    (config.racine / "correspondances.csv").write_bytes(texte.encode(encodage))


def test_sans_fichier_il_n_y_a_aucune_correspondance(travail):
    assert lire_correspondances(travail).empty


@pytest.mark.parametrize("encodage", ["utf-8", "utf-8-sig", "cp1252"])
def test_les_correspondances_se_lisent_et_gagnent_leur_table(travail, encodage):
    deposer(
        travail,
        ENTETE
        + f"suivi_a;217 500 016 00019; OP1 ;{FONTAINE};2024-07;Trouvé à la main\n\n"
        + f'suivi_b;{PARIS};"OP2|OP3";;;"Pas publié ; moins de 40 000 €"\n',
        encodage,
    )
    table = controler({}, travail)["controle/correspondances"]
    lues = table.astype(object).where(table.notna(), None).to_numpy().tolist()
    assert lues == [
        ["suivi_a", PARIS, "OP1", FONTAINE, "2024-07", "Trouvé à la main"],
        ["suivi_b", PARIS, "OP2|OP3", None, None, "Pas publié ; moins de 40 000 €"],
    ]


@pytest.mark.parametrize(
    ("texte", "phrase"),
    [
        ("", "colonnes lues : aucune"),
        ("source;operation\n", "colonnes lues : source, operation"),
        (ENTETE + "suivi_a;x;OP1;;\n", "ligne 2 : 5 valeurs pour 6 colonnes"),
        (ENTETE + f"suivi_a;{PARIS};;;;\n", "ligne 2 : operation manque"),
        (ENTETE + f"suivi_z;{PARIS};OP1;;;\n", "« suivi_z » n'est pas une source de suivi"),
        (ENTETE + f"decp;{PARIS};OP1;;;\n", "« decp » n'est pas une source de suivi"),
        (ENTETE + f"suivi_a;{PARIS};OP1;;2024-07;\n", "acheteur_id manque"),
        (ENTETE + f"suivi_a;{PARIS};OP1;{FAUX};2024-07;\n", f"« {FAUX} » est faux"),
        (
            ENTETE + f"suivi_a;{PARIS};OP1;;;\nsuivi_a;217 500 016 00019;OP1;;;\n",
            "OP1 .suivi_a. y figure deux",
        ),
        (ENTETE + f'suivi_a;{PARIS};"OP1;;;\n', "ne se découpe pas"),
    ],
)
def test_une_correspondance_mal_ecrite_est_refusee_en_une_phrase(travail, texte, phrase):
    deposer(travail, texte)
    with pytest.raises(ConfigError, match=phrase) as refus:
        lire_correspondances(travail)
    assert refus.value.remede
