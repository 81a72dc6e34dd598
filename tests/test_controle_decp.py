"""Le contrôle des données essentielles : chaque champ typé, chaque défaut nommé, rien d'inventé."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.acquisition.lecture import lire
from observatoire.config import Config
from observatoire.controle import decp
from observatoire.controle.considerations import ENVIRONNEMENTALES, SOCIALES, lire_etat
from observatoire.controle.dates_publiees import lire_jour
from observatoire.controle.encodage import reparer
from observatoire.controle.lieux import situer
from observatoire.controle.listes_decp import LISTES, MULTIPLES, lire_booleens
from observatoire.controle.montants import juger
from observatoire.controle.objets_decp import lire_modifications
from observatoire.controle.quarantaine import examiner
from observatoire.controle.recoupements_decp import RECOUPEMENTS_DECP
from observatoire.controle.resolution import resoudre_un
from observatoire.controle.typage import nettoyer
from observatoire.referentiel import lire_liste, nomenclature
from observatoire.referentiel.ecritures import comparable
from observatoire.schemas import SCHEMAS
from tests.maillons import controler, en_octets

DEPOT = Path(__file__).parents[1]
PARIS, FONTAINE, FAUX = "21750001600019", "73282932000074", "73282932000079"
SCHEMA = SCHEMAS["acquisition/decp"]
REGLES = {regle.nom: regle for regle in decp.REGLES}


@pytest.fixture(scope="module")
def config() -> Config:
    reglages = tomllib.loads((DEPOT / "observatoire.toml").read_text(encoding="utf-8"))
    return Config(DEPOT, reglages)


def en_json(*objets: object) -> str:
    return json.dumps(objets, ensure_ascii=False)


# Un marché juste ; un essai n'écrit que ce qu'il change.
LIGNE = {
    "source": "decp",
    "millesime": "2026-11-14",
    "fichier": "envoi",
    "format": "v2",
    "genre": "marche",
    "id_source": "2024-001",
    "acheteur_id": PARIS,
    "nature": "Marché",
    "objet": "Réfection d'un gymnase",
    "cpv": "45212225-9",
    "procedure": "Procédure adaptée",
    "techniques": '["Sans objet"]',
    "modalites_execution": '["Bons de commande","Tranches"]',
    "marche_innovant": "false",
    "ccag": "Travaux",
    "offres_recues": "3",
    "attribution_avance": "true",
    "taux_avance": "0.2",
    "type_groupement": "Pas de groupement",
    "sous_traitance_declaree": "oui",
    "lieu_code": "93066",
    "lieu_type": "Code commune",
    "date_notification": "2024-07-01",
    "date_publication": "2024-08-01",
    "duree_mois": "12",
    "montant": "250000.0",
    "forme_prix": "Forfaitaire",
    "types_prix": '["Définitif révisable"]',
    "considerations": '["Clause sociale"]',
    "considerations_environnementales": '["Pas de considération environnementale"]',
    "titulaires": en_json({"id": FONTAINE, "type_identifiant": "SIRET"}),
    "nb_modifications": 0,
}


def acquise(*lignes: dict[str, object]) -> pd.DataFrame:
    """Une table acquise : le marché juste, changé par chaque dictionnaire, numéroté à partir de 1."""
    numerotees = [LIGNE | {"ligne": rang} | ligne for rang, ligne in enumerate(lignes, 1)]
    return SCHEMA.typer(pd.DataFrame(numerotees, columns=SCHEMA.noms))


def examiner_lignes(config, *lignes):
    """Gardées et rejets, sans les recoupements."""
    lecture = decp.lire(nettoyer(acquise(*lignes)), config.source("decp"), config)
    return examiner(lecture, decp.REGLES)


def lire_tous(config, *lignes):
    """Chaque ligne gardée, vides en `None`, et les règles qu'elle a touchées."""
    gardees, rejets = examiner_lignes(config, *lignes)
    typees = SCHEMAS["controle/decp"].verifier(gardees).astype(object)
    lues = typees.where(typees.notna(), None).to_dict("records")
    return [(lue, rejets.loc[rejets["ligne"] == lue["ligne"], "regle"].tolist()) for lue in lues]


def garder(config, **changements):
    """La seule ligne gardée."""
    ((ligne, _),) = lire_tous(config, changements)
    return ligne


def titulaires(*objets: dict[str, object]) -> dict[str, str]:
    return {"titulaires": en_json(*objets)}


VIDE = dict.fromkeys(
    ("id_source", "acheteur_id", "objet", "cpv", "montant", "date_notification", "titulaires", "uid")
)
ACTE = {"id": "1", "sous_traitant_id": FONTAINE, "type_identifiant": "SIRET", "montant": "1000"}

# Pour chaque règle : ce qu'on change au marché juste pour qu'elle le touche.
CAS: dict[str, dict[str, object]] = {
    "structure": VIDE,
    "marche_non_identifie": {"id_source": None, "acheteur_id": FAUX},
    "fictif": {"objet": "Le march\ufffd du si\ufffdcle"},
    "id_absent": {"id_source": "NC"},
    "numero_hors_motif": {"id_source": "2021*0400"},
    "acheteur_invalide": {"acheteur_id": FAUX},
    "acheteur_titulaire": {"acheteur_id": FONTAINE},
    "valeur_hors_liste_nature": {"nature": "Bail"},
    "valeur_hors_liste_procedure": {"procedure": "Gré à gré"},
    "valeur_hors_liste_ccag": {"ccag": "CCAG Espace"},
    "valeur_hors_liste_type_groupement": {"type_groupement": "Amical"},
    "valeur_hors_liste_techniques": {"techniques": '["Accord-cadre","Troc"]'},
    "valeur_hors_liste_modalites_execution": {"modalites_execution": '["Troc"]'},
    "valeur_hors_liste_forme_prix": {"forme_prix": "Cher"},
    "valeur_hors_liste_types_prix": {"types_prix": '["Cher"]'},
    "valeur_hors_liste_marche_innovant": {"marche_innovant": "peut-être"},
    "valeur_hors_liste_attribution_avance": {"attribution_avance": "2", "taux_avance": None},
    "valeur_hors_liste_sous_traitance_declaree": {"sous_traitance_declaree": "test"},
    "date_impossible_notification": {"date_notification": "2014-12-31"},
    "date_impossible_publication": {"date_publication": "2024-02-30"},
    "date_impossible_debut_execution": {"date_debut_execution": "bientôt"},
    "date_future_notification": {"date_notification": "2026-11-15"},  # lendemain de la livraison
    "date_future_publication": {"date_publication": "2026-11-15"},
    "date_reparee_notification": {"date_notification": "September, 16 2021 00:00:00"},
    "date_reparee_publication": {"date_publication": "0224-08-01"},
    "date_reparee_debut_execution": {"date_debut_execution": "5021-02-18"},
    "notification_absente": {"date_notification": "MQ"},
    "publication_tardive": {"date_publication": "2024-09-02"},  # deux mois et un jour
    "publication_anticipee": {"date_publication": "2024-06-30"},
    "montant_absent": {"montant": None},
    "montant_illisible": {"montant": "250 000 euros"},
    "montant_aberrant": {"montant": "1e17"},
    "montant_suspect": {"montant": "20.91"},
    "sous_le_seuil_de_publication": {"montant": "39999.99"},
    "subvention_invalide": {"montant_subvention": "-1"},
    "consideration_contradictoire": {"considerations": '["Clause sociale", "Pas de considération sociale"]'},
    "valeur_hors_liste_considerations": {"considerations": '["Clause verte"]'},
    "consideration_environnementale_contradictoire": {
        "considerations_environnementales": '["Sans objet", "Critère environnemental"]'
    },
    "valeur_hors_liste_considerations_environnementales": {
        "considerations_environnementales": '["Clause sociale"]'
    },
    "cpv_absent": {"cpv": None},
    "cpv_invalide": {"cpv": "4521"},
    "lieu_inconnu": {"lieu_code": "INO"},
    "commune_inconnue": {"lieu_code": "93999"},
    "duree_illisible": {"duree_mois": "douze"},
    "duree_suspecte": {"duree_mois": "365"},
    "offres_recues_illisibles": {"offres_recues": "0"},
    "taux_avance_hors_bornes": {"taux_avance": "20"},
    "origine_ue_hors_bornes": {"origine_ue": "1.01"},
    "origine_france_hors_bornes": {"origine_france": "-0.1"},
    "origine_incoherente": {"origine_ue": "0.2", "origine_france": "0.3"},
    "encodage_repare": {"objet": "Mise en \x9cuvre"},
    "encodage_perdu": {"objet": "March\ufffd de voirie"},
    "titulaire_absent": {"titulaires": '[{"id":null,"type_identifiant":"SIRET"}]'},
    "titulaires_illisibles": {"titulaires": "{"},
    "titulaire_invalide": titulaires({"id": FAUX, "type_identifiant": "SIRET"}),
    "titulaire_de_type_inconnu": titulaires({"id": FONTAINE, "type_identifiant": "RNA"}),
    "modifications_illisibles": {"modifications": '{"id":1}'},
    "date_de_modification_impossible": {"modifications": en_json({"date_notification": "3024-01-01"})},
    "montant_de_modification_aberrant": {"modifications": en_json({"montant": "-5000"})},
    "titulaire_de_modification_invalide": {"modifications": en_json({"titulaires": [{"id": FAUX}]})},
    "actes_illisibles": {"actes_sous_traitance": "[1]"},
    "sous_traitant_invalide": {"actes_sous_traitance": en_json(ACTE | {"sous_traitant_id": FAUX})},
    "montant_d_acte_aberrant": {"actes_sous_traitance": en_json(ACTE | {"montant": "0"})},
    "date_d_acte_impossible": {"actes_sous_traitance": en_json(ACTE | {"date_notification": "hier"})},
    "modification_sans_acte": {
        "actes_sous_traitance": en_json(ACTE),
        "modifications_sous_traitance": en_json({"id": "2", "montant": "5"}),
    },
}


@pytest.fixture(scope="module")
def examens(config):
    """Tous les cas examinés ensemble, un fichier chacun."""
    return examiner_lignes(config, *({"fichier": nom, "ligne": 1} | change for nom, change in CAS.items()))


@pytest.mark.parametrize("nom", CAS)
def test_une_regle_marque_ou_ecarte_le_contrat_en_faute(examens, nom):
    gardees, rejets = (table.loc[table["fichier"] == nom] for table in examens)
    touchees = rejets.loc[rejets["regle"] == nom]
    assert touchees["niveau"].tolist() == [REGLES[nom].niveau]
    ecarte = "bloquant" in set(rejets["niveau"])
    assert len(gardees) == (0 if ecarte else 1)
    assert ecarte == (nom in ("structure", "marche_non_identifie", "fictif"))


@pytest.mark.parametrize("nom", sorted(set(CAS) - {"structure", "fictif"}))
def test_une_faute_ne_touche_pas_d_autre_regle(examens, nom):
    """Chaque défaut planté seul n'en fait pas voir d'autres, à des exceptions près, écrites ici."""
    voisines = {
        "marche_non_identifie": {"id_absent", "acheteur_invalide"},
        "acheteur_titulaire": set(),
        "date_reparee_notification": {"publication_tardive"},  # 2021, publié en 2024
    }
    _, rejets = examens
    touchees = set(rejets.loc[rejets["fichier"] == nom, "regle"])
    assert touchees == {nom} | voisines.get(nom, set())


def test_toute_regle_a_un_essai_un_enonce_et_un_remede():
    assert set(REGLES) == set(CAS)
    assert len(REGLES) == len(decp.REGLES)
    for regle in decp.REGLES:
        assert regle.niveau in ("info", "alerte", "bloquant")
        assert regle.colonne in SCHEMA.noms
        assert regle.description.endswith(".")
        assert regle.remede.endswith((".", ")."))


def test_un_marche_juste_n_a_aucun_rejet(config):
    gardees, rejets = examiner_lignes(config, {})
    assert rejets.empty
    assert len(gardees) == 1


def test_l_entree_n_est_pas_modifiee(config):
    table = acquise({}, {nom: " x " for nom in SCHEMA.noms if nom not in ("ligne", "nb_modifications")})
    table["millesime"] = "2026-11-14"
    copie = table.copy(deep=True)
    decp.lire(nettoyer(table), config.source("decp"), config)
    pd.testing.assert_frame_equal(table, copie)


# ── codes ────────────────────────────────────────────────────────────────────────────────────


def test_tout_champ_d_un_marche_v2_est_type(config):
    ligne = garder(config)
    assert (ligne["nature"], ligne["procedure"], ligne["ccag"]) == ("MARCHE", "PA", "TRAVAUX")
    assert ligne["techniques"] == "SANS"
    assert ligne["modalites_execution"] == "TRANCHES|BONS_COMMANDE"  # dans l'ordre de la liste
    assert (ligne["type_groupement"], ligne["forme_prix"]) == ("SANS", "FORFAITAIRE")
    assert ligne["types_prix"] == "REVISABLE"
    assert (ligne["marche_innovant"], ligne["attribution_avance"]) == (False, True)
    assert ligne["sous_traitance_declaree"] is True
    assert (ligne["offres_recues"], ligne["duree_mois"], ligne["taux_avance_pct"]) == (3, 12, 20.0)
    assert (ligne["est_accord_cadre"], ligne["est_subsequent"]) == (False, False)
    assert (ligne["montant_eur"], ligne["montant_statut"]) == (250_000.0, "ok")
    assert pd.isna(ligne["montant_raison"])
    assert (ligne["consideration_etat"], ligne["clause_sociale"], ligne["critere_social"]) == (
        "oui",
        True,
        False,
    )
    assert (ligne["clause_environnementale"], ligne["critere_environnemental"]) == (False, False)


ABSENTS = ("nature", "procedure", "techniques", "modalites_execution", "ccag", "type_groupement")
ABSENTS += ("forme_prix", "types_prix", "marche_innovant", "offres_recues", "considerations")


def test_ce_qui_n_est_pas_publie_n_est_ni_non_ni_une_faute(config):
    ((ligne, regles),) = lire_tous(config, dict.fromkeys(ABSENTS))
    assert regles == []
    assert [ligne[nom] for nom in ("nature", "procedure", "ccag", "type_groupement", "forme_prix")] == (
        ["NR"] * 5
    )
    vides = ("techniques", "modalites_execution", "types_prix", "marche_innovant", "offres_recues")
    assert all(pd.isna(ligne[nom]) for nom in (*vides, "est_accord_cadre", "est_subsequent"))


def test_le_remplissage_du_portail_est_une_absence(config):
    remplissages = ["NC", "MQ", "CDL", "MQ NC", "INX 12", '["MQ"]', "[]", "null"]
    lus = lire_tous(config, *({"techniques": r, "considerations": r} for r in remplissages))
    assert [ligne["techniques"] for ligne, _ in lus] == [None] * 8
    assert {ligne["consideration_etat"] for ligne, _ in lus} == {"non_renseigne"}
    assert all(regles == [] for _, regles in lus)


def test_l_accord_cadre_se_lit_dans_la_nature_v1_ou_les_techniques_v2(config):
    noms = ("format", "nature", "techniques", "id_accord_cadre")
    cas = [
        ("v1", "Marché", None, None, ("MARCHE", False, False)),
        ("v1", "Accord-cadre", None, None, ("MARCHE", True, False)),
        ("v1", "ACCORD CADRE", None, None, ("MARCHE", True, False)),
        ("v1", "Marché subséquent", None, None, ("MARCHE", False, True)),
        ("v1", None, None, None, ("NR", None, None)),
        ("v1", "Bail", None, None, ("NR", None, None)),
        ("v1", "DELEGATION DE SERVICE PUBLIC", None, None, ("DSP", False, False)),
        ("v2", "Marché", '["Accord-cadre"]', None, ("MARCHE", True, False)),
        ("v2", "Marché", '["Sans objet"]', "2023-AC1", ("MARCHE", False, True)),
        ("v2", "Marché", None, None, ("MARCHE", None, None)),  # non publié n'est pas non
        ("v2", "Marché", None, "2023-AC1", ("MARCHE", None, True)),
        ("tabulaire", "Accord-cadre", None, None, ("MARCHE", True, None)),
        ("tabulaire", "Marché de défense ou de sécurité", '["Concours"]', None, ("DEFENSE", False, False)),
    ]
    lus = lire_tous(config, *(dict(zip(noms, valeurs[:4], strict=True)) for valeurs in cas))
    lues = [tuple(ligne[nom] for nom in ("nature", "est_accord_cadre", "est_subsequent")) for ligne, _ in lus]
    assert lues == [valeurs[4] for valeurs in cas]


def test_la_forme_de_prix_v1_est_le_type_de_prix_v2(config):
    cas = [
        ("Ferme", None, ("NR", "FERME")),  # v1
        ("Ferme et actualisable", None, ("NR", "ACTUALISABLE")),
        ("Révisable", None, ("NR", "REVISABLE")),
        ("Unitaire", '["Provisoire","Définitif ferme"]', ("UNITAIRE", "FERME|PROVISOIRE")),
        ("Révisable", '["Définitif ferme"]', ("NR", "FERME")),  # le champ de la v2 fait foi
        ("Mixte", None, ("MIXTE", None)),
    ]
    lus = lire_tous(config, *({"forme_prix": forme, "types_prix": types} for forme, types, _ in cas))
    assert [(ligne["forme_prix"], ligne["types_prix"]) for ligne, _ in lus] == [
        attendu for *_, attendu in cas
    ]
    assert all(regles == [] for _, regles in lus)


@pytest.mark.parametrize(
    ("texte", "code"),
    [
        ("APPEL D'OFFRES OUVERT", "AOO"),
        ("Procedure adaptee", "PA"),
        ("Procédure concurrentielle avec négociation", "PN"),
        ("Procédure négociée avec mise en concurrence préalable", "PN"),
        ("Marché négocié sans publicité ni mise en concurrence préalable", "SANS_PUB"),
        ("Marché public négocié sans publicité ni mise en concurrence préalable", "SANS_PUB"),
        ("Marché passé sans publicité ni mise en concurrence préalable", "SANS_PUB"),
        ("Procédure négociée ouverte", "NEG_OUVERTE"),
        ("Procédure non négociée restreinte", "NON_NEG_RESTREINTE"),
    ],
)
def test_les_anciennes_procedures_ont_leur_code_d_aujourd_hui(texte, code):
    assert resoudre_un("procedures", texte) == (code, None)


def test_un_booleen_s_ecrit_de_six_facons():
    oui = ["oui", "true", "1", "1.0", "OUI", "Vrai"]
    non = ["non", "false", "0", "0.0", "FALSE", "faux"]
    lus = lire_booleens(pd.Series([*oui, *non, "test", None], dtype="string"))
    assert lus.tolist() == [True] * 6 + [False] * 6 + [pd.NA] * 2


def test_une_avance_au_taux_zero_a_un_taux_inconnu(config):
    oui, non = ({"attribution_avance": dit, "taux_avance": "0"} for dit in ("oui", "non"))
    lus = [(ligne["taux_avance_pct"], regles) for ligne, regles in lire_tous(config, oui, non)]
    assert lus == [(None, []), (0.0, [])]


def test_les_parts_sont_des_pourcentages(config):
    ligne = garder(config, origine_ue="0.07", origine_france="0")
    assert (ligne["origine_ue_pct"], ligne["origine_france_pct"]) == (7.0, 0.0)


LISTES_DES_MARCHES = sorted(
    {
        *LISTES.values(),
        *MULTIPLES.values(),
        "formes_prix",
        "types_prix",
        "types_identifiant",
        "types_acheteur",
    }
)


@pytest.mark.parametrize("liste", LISTES_DES_MARCHES)
def test_une_liste_de_codes_est_unique_ordonnee_et_a_son_non_renseigne(liste):
    lignes = lire_liste(liste)
    assert [int(ligne["ordre"]) for ligne in lignes] == list(range(1, len(lignes) + 1))
    assert len({ligne["code"] for ligne in lignes}) == len({ligne["libelle"] for ligne in lignes})
    assert list(nomenclature(liste))[-1] == "NR"
    assert all(ligne["groupe"] for ligne in lignes)


@pytest.mark.parametrize("liste", LISTES_DES_MARCHES)
def test_tout_code_et_tout_libelle_se_resolvent_en_eux_memes_et_aucune_ecriture_ne_dit_deux_choses(liste):
    sens: dict[str, set[str]] = {}
    for code, modalite in nomenclature(liste).items():
        assert resoudre_un(liste, code) == resoudre_un(liste, modalite.libelle.upper()) == (code, None)
        for ecriture in (code, modalite.libelle):
            sens.setdefault(comparable(ecriture), set()).add(code)
    for ligne in lire_liste("ecritures"):
        if ligne["liste"] == liste:
            sens.setdefault(comparable(ligne["ecriture"]), set()).add(ligne["code"])
    assert {ecriture: codes for ecriture, codes in sens.items() if len(codes) > 1} == {}


# ── considérations ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [
        ('["Clause sociale"]', ((True, False, False), None)),
        ('["Clause sociale", "Critère social"]', ((True, True, False), None)),
        ('["CRITERE  SOCIAL"]', ((False, True, False), None)),
        ('["Marché réservé"]', ((False, False, True), None)),
        ('["marche reserve"]', ((False, False, True), None)),
        ('["Concession réservée"]', ((False, False, True), None)),
        ('["Pas de considération sociale"]', ((False, False, False), None)),
        ('["Sans objet"]', ((False, False, False), None)),  # réécriture de decp.info
        ('"Sans objet"', ((False, False, False), None)),
        ('["Pas de considération sociale", "Clause sociale"]', ((None, None, None), "contradiction")),
        ("[]", ((None, None, None), None)),
        ("null", ((None, None, None), None)),
        ('["MQ"]', ((None, None, None), None)),
        ('["MQ NC"]', ((None, None, None), None)),
        ('["INX code 12"]', ((None, None, None), None)),
        ('["NC", "Clause sociale"]', ((True, False, False), None)),
        ('["Clause sociale", "Clause verte"]', ((True, None, None), "hors_liste")),  # oui reste oui
        ("Clause sociale", ((True, False, False), None)),
        ("[" * 100_000, ((None, None, None), None)),  # illisible, et sans une lettre
    ],
)
def test_une_consideration_a_trois_etats(texte, attendu):
    assert lire_etat(texte, SOCIALES) == attendu


def test_une_consideration_environnementale_a_son_vocabulaire():
    assert lire_etat('["Clause environnementale"]', ENVIRONNEMENTALES) == ((True, False), None)
    assert lire_etat('["Critère environnemental"]', ENVIRONNEMENTALES) == ((False, True), None)
    assert lire_etat('["Pas de considération environnementale"]', ENVIRONNEMENTALES) == ((False, False), None)


def test_l_etat_des_considerations_distingue_non_non_renseigne_et_v1(config):
    cas = [
        ("v2", '["Marché réservé"]', "oui"),
        ("v2", '["Pas de considération sociale"]', "non"),
        ("tabulaire", '["Sans objet"]', "non"),
        ("v2", None, "non_renseigne"),
        ("tabulaire", None, "non_renseigne"),
        ("v2", '["Clause sociale","Pas de considération sociale"]', "non_renseigne"),
        ("v2", '["Clause verte"]', "non_renseigne"),
        ("v2", '["Clause sociale","Clause verte"]', "oui"),
        ("v1", None, "sans_objet_v1"),
        ("v1", '["Clause sociale"]', "sans_objet_v1"),  # le format v1 n'a pas ce champ
    ]
    lus = lire_tous(config, *({"format": f, "considerations": c} for f, c, _ in cas))
    for (ligne, _), (*_, etat) in zip(lus, cas, strict=True):
        assert ligne["consideration_etat"] == etat
        faits = [ligne[nom] for nom in SOCIALES.faits]
        assert (etat == "non") == all(fait is False for fait in faits)
        assert (etat == "oui") == any(fait is True for fait in faits)


# ── montants ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("montant", "statut", "raison"),
    [
        (None, "absent", "absent"),
        (-5.0, "aberrant", "moins de 1"),
        (0.0, "aberrant", "moins de 1"),
        (0.99, "aberrant", "moins de 1"),
        (1.0, "suspect", "prix unitaire"),
        (199.99, "suspect", "prix unitaire"),
        (200.0, "ok", ""),
        (6_666_666.68, "ok", ""),  # un tiers de vingt millions, pas une saisie factice
        (99_999_998.0, "ok", ""),
        (99_999_999.0, "aberrant", "factice"),
        (999_999_999.0, "aberrant", "factice"),
        (123_456_789.0, "aberrant", "factice"),
        (111_111_859.0, "suspect", "100 millions"),  # six fois le même chiffre
        (111_111_159.0, "aberrant", "factice"),  # sept fois
        (666_666_666.0, "aberrant", "factice"),  # le 6 que le contrôle du ministère oublie
        (105_000_000.0, "suspect", "100 millions"),
        (111_859_144.0, "suspect", "100 millions"),
        (116_400_000.0, "suspect", "100 millions"),
        (3_000_000_000.0, "suspect", "100 millions"),
        (3_000_000_001.0, "aberrant", "3 milliards"),
        (1e17, "aberrant", "3 milliards"),
    ],
)
def test_le_statut_d_un_montant_et_sa_raison(montant, statut, raison):
    statuts, raisons = juger(pd.Series([montant], dtype="Float64"))
    assert statuts.tolist() == [statut]
    assert (raison in raisons.iloc[0]) if raison else pd.isna(raisons.iloc[0])


def test_un_montant_aberrant_reste_publie_a_cote_de_son_statut(config):
    lus = lire_tous(config, {"montant": "999999999"}, {"montant": "NC"})
    assert [(ligne["montant_eur"], ligne["montant_statut"], regles) for ligne, regles in lus] == [
        (999_999_999.0, "aberrant", ["montant_aberrant"]),
        (None, "absent", ["montant_absent"]),
    ]


def test_le_seuil_de_publication_est_celui_du_jour_de_la_notification(config):
    cas = [
        ("2019-12-31", "24999", True),
        ("2019-12-31", "25000", False),
        ("2020-01-01", "39999", True),
        ("2020-01-01", "40000", False),
        ("2020-01-01", "150", False),  # déjà suspect : peut-être un prix unitaire
        (None, "30000", False),  # sans date, on ne sait pas
    ]
    lignes = [
        {"date_notification": jour, "montant": montant, "date_publication": None} for jour, montant, _ in cas
    ]
    lus = ["sous_le_seuil_de_publication" in regles for _, regles in lire_tous(config, *lignes)]
    assert lus == [attendu for *_, attendu in cas]


def test_une_concession_longue_ou_petite_n_est_pas_suspecte(config):
    lus = lire_tous(
        config,
        {"genre": "concession", "duree_mois": "240", "montant": "30000"},
        {"duree_mois": "240"},
        {"duree_mois": "180"},
        {"genre": "concession", "duree_mois": "365"},
    )
    assert [regles for _, regles in lus] == [[], ["duree_suspecte"], [], ["duree_suspecte"]]


# ── dates ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [
        ("2019-01-10", "2019-01-10"),
        ("2019-01-10+02:00", "2019-01-10"),
        ("2019-01-10-04:00", "2019-01-10"),
        ("2019-01-10T08:30:00Z", "2019-01-10"),
        ("September, 16 2021 00:00:00", "2021-09-16"),
        ("may 3 2022", "2022-05-03"),
        ("Septembre, 16 2021", None),
        ("0218-05-12", "2018-05-12"),
        ("0021-05-12", "2021-05-12"),
        ("5021-02-18", "2021-02-18"),
        ("0002-11-30", "2002-11-30"),  # existe, mais avant 2015 : la règle le vide
        ("2024-13-01", None),
        ("2025-02-31", None),
        ("20240101", None),
        ("01/02/2024", None),
        ("\u0662\u0660\u0662\u0664-01-01", None),  # des chiffres arabes
        ("", None),
    ],
)
def test_une_date_publiee_se_lit_ou_se_repare_d_apres_une_faute_connue(texte, attendu):
    jour = lire_jour(texte)
    assert (jour and jour.isoformat()) == attendu


def test_une_date_va_de_2015_au_jour_de_la_livraison(config):
    (bornes, _), (ancienne, _), (future, regles) = lire_tous(
        config,
        {"date_notification": "2015-01-01", "date_publication": "2026-11-14"},
        {"date_notification": "0002-11-30"},
        {"date_debut_execution": "2027-01-01"},  # une concession commence parfois après
    )
    assert bornes["date_notification"] == pd.Timestamp(2015, 1, 1)
    assert bornes["date_publication"] == pd.Timestamp(2026, 11, 14)
    assert ancienne["date_notification"] is None
    assert (future["date_debut_execution"], regles) == (pd.Timestamp(2027, 1, 1), [])


def test_la_publication_ne_remplace_jamais_la_notification(config):
    ((ligne, regles),) = lire_tous(config, {"date_notification": None})
    assert (ligne["date_notification"], regles) == (None, ["notification_absente"])


# ── textes, lieux, marchés d'essai ───────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("abime", "repare"),
    [
        ("Mise en \x9cuvre d\x92un parc", "Mise en œuvre d’un parc"),  # CP1252 lu latin-1
        ("Mise en Å\x93uvre du site nÂ°208", "Mise en œuvre du site n°208"),  # UTF-8 lu latin-1
        ("RÃ©fection de lâ€™Ã©cole", "Réfection de l’école"),  # UTF-8 lu CP1252
        ("l¿entretien", "l’entretien"),
        ("pourquoi ¿ 3¿4", "pourquoi ¿ 3¿4"),  # pas entre deux lettres
        ("¿Que es", "¿Que es"),
        (r"de l\'ordre de 220", "de l'ordre de 220"),
        (r"plan C:\temp", r"plan C:\temp"),
        ("D&#8217;UN &amp; l&eacute;ger", "D’UN & léger"),
        ("R & D ; A&B", "R & D ; A&B"),
        ("M&parametres du château", "M&parametres du château"),
        ("March\ufffd", "March\ufffd"),  # perdu : on ne devine pas
        ("Château à Âge d'Ür", "Château à Âge d'Ür"),
        ("Réfection", "Réfection"),
    ],
)
def test_un_texte_abime_est_repare_quand_c_est_certain(abime, repare):
    assert reparer(abime) == repare


@given(st.text(alphabet="abcdé èàçœ’ÉÀ°«»-0123456789", max_size=40))
@settings(max_examples=100, deadline=None)
def test_un_texte_juste_n_est_jamais_change_et_son_encodage_croise_est_retrouve(texte):
    """Propriété : réparer ne touche pas au français juste, et défait l'UTF-8 relu en latin-1."""
    propre = " ".join(texte.split())
    assert reparer(propre) == propre
    croise = propre.encode("utf-8").decode("latin-1")
    if croise == " ".join(croise.split()):
        assert reparer(croise) == propre


def test_un_marche_d_essai_est_ecarte(config):
    essais = [
        {"acheteur_nom": "Essentiel"},
        {"objet": "Le marché noir"},
        {"objet": "Le march\ufffd noir"},
        {"objet": "LE MARCHE DU SIECLE"},
        {"montant": "123456.78"},
    ]
    gardees, rejets = examiner_lignes(config, *essais)
    assert gardees.empty
    assert (rejets["regle"] == "fictif").sum() == 5


def test_un_vrai_marche_n_est_pas_pris_pour_un_essai(config):
    garder(config, acheteur_nom="Essentielles", objet="Le marché noir de monde", montant="123456")


@pytest.mark.parametrize(
    ("type_", "code", "departement", "commune"),
    [
        ("Code département", "93", "93", None),
        ("CODE DEPARTEMENT", "1", "01", None),
        ("Code département", "92380", "92", None),  # un code postal annoncé comme département
        ("Code postal", "75116", "75", "75056"),
        ("Code postal", "FR75012", "75", "75056"),
        ("Code postal", "F-75012", "75", "75056"),
        ("Code postal", "75012 PARIS", "75", "75056"),
        ("Code postal", "93200", "93", "93066"),  # Saint-Denis seule
        ("Code postal", "93205 CEDEX", "93", None),  # un CEDEX ne désigne aucune commune
        ("Code postal", "93205", "93", None),
        ("Code postal", "77120", "77", None),  # plusieurs communes
        ("Code postal", "94390", "91", "91479"),  # Paray-Vieille-Poste, en Essonne
        ("Code postal", "75", "75", None),
        ("Code postal", "20200", "2B", None),
        ("Code postal", "97400", "974", None),
        ("Code postal", "775000", None, None),
        ("Code commune", "93059", "93", "93066"),  # Pierrefitte, réunie à Saint-Denis
        ("Code commune", "75113", "75", "75056"),
        ("Code commune", "2A004", "2A", None),
        ("Code commune", "93160", "93", None),  # code postal pris pour une commune
        ("Code commune", "DEP", None, None),
        ("Code arrondissement", "75105", "75", "75056"),
        ("Code arrondissement", "544", "54", None),  # Toul
        ("Code arrondissement", "0905", "09", None),
        ("Code arrondissement", "12", None, None),  # Paris 12e, ou l'Aveyron ?
        ("Code canton", "9312", "93", None),
        ("Code région", "11", None, None),
        ("Code pays", "FR", None, None),
        ("Code commune", "INO", None, None),
        ("Code postal", "1116", None, None),  # l'Ain, ou comme ici l'Isère : rien ne le dit
        ("Code postal", "00000", None, None),
        ("", "93066", None, None),
    ],
)
def test_le_lieu_donne_le_departement_et_la_commune(type_, code, departement, commune):
    lus = situer(pd.Series([code], dtype="string"), pd.Series([type_], dtype="string"))
    assert [None if pd.isna(serie[0]) else serie[0] for serie in lus] == [departement, commune]


@pytest.mark.parametrize("rang", range(1, 21))
def test_les_vingt_arrondissements_sont_paris(rang):
    codes = pd.Series([f"751{rang:02}", f"750{rang:02}"], dtype="string")
    types = pd.Series(["Code commune", "Code postal"], dtype="string")
    assert situer(codes, types)[1].tolist() == ["75056", "75056"]


def test_sans_lieu_le_departement_est_celui_de_l_acheteur(config):
    region = {"lieu_code": "11", "lieu_type": "Code région"}
    gardees, rejets = examiner_lignes(
        config,
        region,
        {"lieu_code": None, "lieu_type": None, "acheteur_departement": "94"},
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
        ("00000000", "Travaux", "T"),
        (None, None, "NR"),
    ]
    gardees, _ = examiner_lignes(config, *({"cpv": cpv, "type_marche": publie} for cpv, publie, _ in cas))
    assert gardees["type_marche"].tolist() == [attendu for _, _, attendu in cas]
    assert pd.isna(gardees["cpv"].iloc[-2])


def test_un_marche_hors_de_la_region_est_garde_ici(config):
    ((ligne, regles),) = lire_tous(config, {"lieu_code": "69123", "lieu_type": "Code commune"})
    assert (ligne["departement"], ligne["commune"], regles) == ("69", None, [])


# ── titulaires, modifications, sous-traitance ────────────────────────────────────────────────


def test_le_type_d_un_identifiant_decide_de_son_siret(config):
    cas = [
        ("SIRET", FONTAINE, "SIRET", FONTAINE, []),
        ("siret", "732 829 320 00074", "SIRET", FONTAINE, []),
        (None, FONTAINE, "SIRET", FONTAINE, []),  # quatorze chiffres justes et pas de type
        (None, "XX12", "NR", None, ["titulaire_invalide"]),
        ("SIRET", FAUX, "SIRET", None, ["titulaire_invalide"]),
        ("SIRET", "35600000000001", "SIRET", "35600000000001", []),  # La Poste : somme multiple de 5
        ("TVA_INTRACOMMUNAUTAIRE", "FR21483209383", "TVA", None, []),
        ("TVA-intracommunautaire", "FR21483209383", "TVA", None, []),
        ("HORS_UE", "CH-1", "HORS-UE", None, []),
        ("HORS-UE", FONTAINE, "HORS-UE", None, []),  # le type déclaré fait foi
        ("FRW", "W1", "FRWF", None, []),
        ("TAHITI", "T1", "TAHITI", None, []),
        ("UE", "DE1", "UE", None, []),
        ("RNA", "W75", "NR", None, ["titulaire_de_type_inconnu"]),
    ]
    publies = [titulaires({"id": i, "type_identifiant": type_, "denomination": "A"}) for type_, i, *_ in cas]
    for (ligne, regles), (_, identifiant, code, siret, attendues) in zip(
        lire_tous(config, *publies), cas, strict=True
    ):
        # l'ordre des clés est celui du schéma
        assert ligne["titulaires"] == (
            f'[{{"rang":1,"id":"{identifiant}","type_identifiant":"{code}",'
            f'"siret":{json.dumps(siret)},"denomination":"A"}}]'
        )
        assert regles == attendues


def test_les_titulaires_gardent_leur_rang_et_un_objet_vide_n_en_est_pas_un(config):
    publies = titulaires(
        {"id": FONTAINE, "type_identifiant": "SIRET", "denomination": "l¿Atelier"},
        {"id": None, "type_identifiant": "SIRET"},
        {"id": "NC", "type_identifiant": "MQ", "denomination": "Seconde"},
    )
    lus = json.loads(garder(config, **publies)["titulaires"])
    assert [(lu["rang"], lu["id"], lu["denomination"]) for lu in lus] == [
        (1, FONTAINE, "l’Atelier"),
        (2, None, "Seconde"),
    ]


def test_un_rejet_ne_cite_ni_denomination_ni_liste_entiere(config):
    publies = titulaires({"id": FAUX, "type_identifiant": "SIRET", "denomination": "Jeanne Dupont"})
    _, rejets = examiner_lignes(config, publies, {"titulaires": '{"denomination":"Jeanne Dupont"'})
    assert set(rejets["valeur"]) == {FAUX, "liste illisible"}
    assert "Dupont" not in rejets.to_csv()


def test_les_modifications_se_rangent_par_date_et_gardent_leurs_trous(config):
    ligne = garder(
        config,
        nb_modifications=3,
        modifications=en_json(
            {"id": "2", "date_notification": "2025-03-01+01:00", "montant": "300000.5", "duree_mois": None},
            {"id": "1", "date_notification": "2024-09-01", "duree_mois": "18"},
            {"id": "3", "date_publication": "2024-12-01", "titulaires": [{"id": FONTAINE}]},
        ),
    )
    (premiere, deuxieme, troisieme) = json.loads(ligne["modifications"])
    vide = {"date_notification": None, "montant_eur": None, "duree_mois": None, "titulaires": None}
    assert premiere == vide | {"no": 1, "date_notification": "2024-09-01", "duree_mois": 18}
    assert {cle: deuxieme[cle] for cle in ("no", "date_notification", "montant_eur")} == {
        "no": 2,  # rangée à sa date de publication, qui ne devient pas celle de notification
        "date_notification": None,
        "montant_eur": None,
    }
    assert [titulaire["siret"] for titulaire in deuxieme["titulaires"]] == [FONTAINE]
    assert troisieme == vide | {"no": 3, "date_notification": "2025-03-01", "montant_eur": 300000.5}
    assert ligne["nb_modifications"] == 3


def test_sans_compte_publie_les_modifications_sont_comptees(config):
    deux = en_json({"montant": "1000"}, {"montant": "2000"})
    lus = lire_tous(
        config,
        {"nb_modifications": None, "modifications": deux},
        {"nb_modifications": 4, "modifications": None},
        {"nb_modifications": None},
    )
    assert [ligne["nb_modifications"] for ligne, _ in lus] == [2, 4, None]


@pytest.mark.parametrize("montant", ["0", "-12", "99999999", "4e9"])
def test_un_montant_de_modification_aberrant_ne_devient_pas_celui_du_marche(montant):
    lue = lire_modifications(en_json({"montant": montant}), dt.date(2026, 11, 14))
    assert json.loads(lue.texte)[0]["montant_eur"] is None
    assert lue.marques == "montant_faux"


def test_un_acte_de_sous_traitance_est_a_son_dernier_etat(config):
    actes = en_json(
        ACTE | {"date_notification": "2024-10-01", "duree_mois": "6"},
        {"id": "2", "sous_traitant_id": "FR99", "type_identifiant": "TVA", "montant": "500"},
    )
    # deux modifications du premier acte, publiées dans le désordre : 1 500 puis 1 200, durée gardée
    modifications = en_json(
        {"id": "1", "montant": "1200", "date_notification": "2025-02-01"},
        {"id": "1", "montant": "1500", "date_notification": "2025-01-01", "duree_mois": "9"},
    )
    ligne = garder(config, actes_sous_traitance=actes, modifications_sous_traitance=modifications)
    assert json.loads(ligne["actes_sous_traitance"]) == [
        {
            "no": 1,
            "id": FONTAINE,
            "type_identifiant": "SIRET",
            "siret": FONTAINE,
            "montant_eur": 1200.0,
            "duree_mois": 9,
            "date_notification": "2024-10-01",
        },
        {
            "no": 2,
            "id": "FR99",
            "type_identifiant": "TVA",
            "siret": None,
            "montant_eur": 500.0,
            "duree_mois": None,
            "date_notification": None,
        },
    ]


def test_sans_acte_ni_modification_les_colonnes_sont_vides(config):
    ligne = garder(config, modifications="[]", actes_sous_traitance="[]")
    assert pd.isna(ligne["modifications"])
    assert pd.isna(ligne["actes_sous_traitance"])


# ── recoupements ─────────────────────────────────────────────────────────────────────────────

# Pour chaque recoupement : les lignes d'un fichier ou de deux, et celles qu'il touche.
RECOUPES: dict[str, tuple[list[dict[str, object]], list[int]]] = {
    "conflit_de_versions": (
        [
            {},
            {"montant": "134060.99"},  # même jour, autre montant : les deux lignes
            {"montant": "1", "date_publication": "2024-08-02"},  # un autre jour : une nouvelle version
            {"montant": "2", "numero": "autre"},
            {"montant": "3", "nb_modifications": 1},  # une modification n'est pas un conflit
            {"montant": "4", "acheteur_id": FAUX},
        ],
        [1, 2],
    ),
    "numero_reemploye": (
        [
            {},
            {"objet": "Espaces verts"},
            {"objet": None},
            {"numero": "2"},
            {"numero": "2", "objet": "RÉFECTION D'UN GYMNASE"},  # le même, en capitales
        ],
        [1, 2],
    ),
    "contrat_publie_ailleurs": (
        [
            {"fichier": "a"},
            {"fichier": "b"},  # le premier fichier n'a rien à se reprocher
            {"fichier": "b", "numero": "2"},
            {"fichier": "a"},
            {"fichier": "b", "objet": None},  # l'objet n'est pas publié partout
            {"fichier": "b", "objet": "Espaces verts"},
            {"fichier": "a", "objet": None, "numero": "3"},
            {"fichier": "b", "numero": "3"},
        ],
        [2, 5, 8],
    ),
    "contrat_repete": ([{}, {}, {"montant": "5000"}, {"fichier": "b"}, titulaires({"id": PARIS})], [2]),
}


@pytest.fixture(scope="module")
def recoupes(config):
    """Tous les cas recoupés ensemble ; chaque cas a ses numéros de marché et ses fichiers."""
    lignes = [
        {
            "ligne": rang,
            **{cle: valeur for cle, valeur in change.items() if cle != "numero"},
            "id_source": f"{nom}{change.get('numero', '')}",
            "fichier": f"{nom}/{change.get('fichier', 'a')}",
        }
        for nom, (changees, _) in RECOUPES.items()
        for rang, change in enumerate(changees, 1)
    ]
    return len(lignes), controler({"acquisition/decp": acquise(*lignes)}, config)


@pytest.mark.parametrize("nom", RECOUPES)
def test_un_recoupement_marque_les_publications_en_faute(recoupes, nom):
    recues, produites = recoupes
    recoupements = produites["controle/recoupements"]
    touchees = recoupements.loc[(recoupements["regle"] == nom) & recoupements["fichier"].str.startswith(nom)]
    assert sorted(touchees["ligne"]) == RECOUPES[nom][1]
    (niveau,) = {regle.niveau for regle in RECOUPEMENTS_DECP if regle.nom == nom}
    assert set(touchees["niveau"]) == {niveau}
    assert len(produites["controle/decp"]) == recues  # un recoupement n'écarte rien


def test_tout_recoupement_des_marches_a_un_essai_un_enonce_et_un_remede():
    assert {regle.nom for regle in RECOUPEMENTS_DECP} == set(RECOUPES)
    for regle in RECOUPEMENTS_DECP:
        assert regle.colonne in SCHEMAS["controle/decp"].noms
        assert regle.description.endswith(".")
        assert regle.remede.endswith(".")


# ── entrées hostiles ─────────────────────────────────────────────────────────────────────────

# un entier de 5 000 chiffres fait échouer json.loads autrement qu'un JSON mal formé
HOSTILES = [
    "[" + "1" * 5000 + "]",
    "[" * 5000,
    "-1",
    "1e400",
    "NaN",
    "0000-00-00",
    "9999-12-31",
    "2026-02-30",
    "[]",
    '[{"id":[1]}]',
    '[{"id":"1","montant":1e400,"duree_mois":NaN,"titulaires":{}}]',
    '[{"date_notification":"9999-12-31","id":true}]',
    "[1]",
    '{"a":1}',
    "\x00",
    "|",
]


@settings(max_examples=8, deadline=None)
@given(donnees=st.data())
def test_aucun_texte_ne_fait_echouer_le_controle(config, donnees):
    """Propriété : quoi qu'il soit écrit, tout contrat est gardé ou écarté, et tout rejet est unique."""
    fixes = {"source", "millesime", "fichier", "ligne", "nb_modifications"}
    colonnes = [nom for nom in SCHEMA.noms if nom not in fixes]
    hostile = st.one_of(st.none(), st.text(max_size=8), st.sampled_from(HOSTILES))
    changements = st.dictionaries(st.sampled_from(colonnes), hostile, min_size=3, max_size=20)
    lignes = donnees.draw(st.lists(changements, min_size=8, max_size=16))
    gardees, rejets = examiner_lignes(config, *lignes)
    ecartees = set(rejets.loc[rejets["niveau"] == "bloquant", "ligne"])
    assert len(lignes) == len(gardees) + len(ecartees)
    assert not rejets.duplicated(["ligne", "regle"]).any()
    assert en_octets("controle/decp", gardees)
    for liste in gardees["titulaires"].dropna():
        assert all(
            titulaire["siret"] is None or len(titulaire["siret"]) == 14 for titulaire in json.loads(liste)
        )


def test_chaque_texte_hostile_passe_dans_chaque_colonne(config):
    fixes = {"source", "millesime", "fichier", "ligne", "nb_modifications"}
    lignes = [{nom: texte for nom in SCHEMA.noms if nom not in fixes} for texte in HOSTILES]
    gardees, rejets = examiner_lignes(config, *lignes)
    assert en_octets("controle/decp", gardees)
    assert len(gardees) + rejets.loc[rejets["niveau"] == "bloquant", "ligne"].nunique() == len(HOSTILES)


def test_memes_entrees_memes_octets(config):
    lignes = [{}, {"montant": "3"}, {"titulaires": "["}, {"considerations": None}]
    premiers, seconds = (examiner_lignes(config, *lignes) for _ in range(2))
    assert en_octets("controle/decp", premiers[0]) == en_octets("controle/decp", seconds[0])
    assert premiers[1].equals(seconds[1])


def test_un_morceau_vide_se_lit(config):
    gardees, rejets = examiner_lignes(config)
    assert gardees.empty
    assert rejets.empty
    assert en_octets("controle/decp", gardees)


# ── fichiers réels ───────────────────────────────────────────────────────────────────────────


def lire_reel(config, chemin):
    """Un fichier réel lu et examiné : la table reçue, les lignes gardées, les rejets."""
    if not chemin.is_file():
        pytest.skip(f"fichier réel absent : déposer {chemin.name} dans ../shared/data/{chemin.parent.name}")
    ou = {"source": "decp", "millesime": "2026-11-14", "fichier": chemin.name}
    morceaux = [m.assign(**ou) for m in lire(config.source("decp"), chemin, bytes)]
    recue = SCHEMA.typer(pd.concat(morceaux, ignore_index=True).reindex(columns=SCHEMA.noms))
    gardees, rejets = examiner(decp.lire(nettoyer(recue), config.source("decp"), config), decp.REGLES)
    return recue, gardees, rejets


def compter(rejets, *regles):
    """Le nombre de lignes touchées par chacune de ces règles."""
    return tuple(int((rejets["regle"] == nom).sum()) for nom in regles)


def test_les_1520_contrats_franciliens_de_2019_sont_tous_comptes_et_sans_part_sociale(config, reelles):
    recue, gardees, rejets = lire_reel(config, reelles / "decp_v1" / "derive_idf_v1.json")
    # 79 lignes d'essai : 77 de l'acheteur « Essentiel », 2 de l'AIFE
    assert (len(recue), len(gardees), *compter(rejets, "fictif")) == (1520, 1441, 79)
    assert set(gardees["consideration_etat"]) == {"sans_objet_v1"}
    assert gardees[list(SOCIALES.faits)].isna().all(axis=None)
    franciliens = {"75", "77", "78", "91", "92", "93", "94", "95"}
    assert set(gardees["departement"].dropna()) == franciliens
    assert gardees["departement"].isna().sum() == 12  # 10 « Code région 11 » et 2 codes illisibles
    # 105 M, 111,9 M et 116,4 M sont possibles ; 5 prix unitaires ; 10 montants à zéro
    grands = gardees.loc[gardees["montant_eur"] >= 99_999_999, ["montant_eur", "montant_statut"]]
    assert sorted(grands.itertuples(index=False, name=None)) == [
        (105_000_000.0, "suspect"),
        (111_859_144.0, "suspect"),
        (116_400_000.0, "suspect"),
    ]
    assert gardees["montant_statut"].value_counts().to_dict() == {"ok": 1423, "aberrant": 10, "suspect": 8}
    # les 18 concessions du fichier sont toutes des essais
    assert (recue["genre"] == "concession").sum() == 18
    assert set(gardees["nature"]) == {"MARCHE"}
    assert gardees["est_accord_cadre"].notna().all()
    assert not any(nom.startswith("valeur_hors_liste") for nom in rejets["regle"])


def test_les_contrats_de_l_aife_sont_lus_tels_qu_abimes(config, reelles):
    recue, gardees, rejets = lire_reel(config, reelles / "decp_v1" / "aife_2019-04.json")
    assert (len(recue), len(gardees)) == (4530, 4451)
    # 62 SIRET d'acheteur faux et 1 absent, dont 54 sur des lignes d'essai
    assert compter(rejets, "fictif", "acheteur_invalide") == (79, 63)
    assert gardees["acheteur_id"].isna().sum() == 9
    assert compter(rejets, "encodage_perdu", "encodage_repare") == (3170, 106)
    assert compter(rejets, "notification_absente", "titulaire_invalide") == (2511, 130)
    assert not gardees["objet"].str.contains("[\x80-\x9f]").any()
    types = {t["type_identifiant"] for texte in gardees["titulaires"].dropna() for t in json.loads(texte)}
    assert types <= {"SIRET", "TVA", "HORS-UE", "FRWF", "RIDET", "TAHITI", "IREP"}


def test_les_1146_dates_a_fuseau_se_lisent_et_les_saisies_factices_se_voient(config, reelles):
    recue, gardees, rejets = lire_reel(config, reelles / "decp_v1" / "pes_2019-04.json")
    a_fuseau = recue["date_publication"].str.contains("+", regex=False)
    a_fuseau |= recue["date_notification"].str.contains("+", regex=False)
    assert (len(recue), a_fuseau.sum()) == (1148, 1146)  # les deux autres sont à l'ouest : « -04:00 »
    assert gardees[["date_notification", "date_publication"]].notna().all(axis=None)
    raisons = gardees["montant_raison"].str.split(" ").str[0].value_counts().to_dict()
    assert raisons == {"saisie": 4, "moins": 2}  # 3 × 99 999 999 et 999 999 999 ; 2 zéros
    assert compter(rejets, "encodage_repare", "publication_tardive") == (16, 310)


def test_le_tableau_de_decp_info_n_a_pas_de_colonne_sociale(config, reelles):
    chemin = reelles / "decp_v2" / "decp_2024H2_travaux_cpv4521_filtered.csv"
    recue, gardees, rejets = lire_reel(config, chemin)
    assert (len(recue), len(gardees), gardees["uid"].nunique()) == (8957, 8957, 5180)
    assert set(gardees["consideration_etat"]) == {"non_renseigne"}  # ni non, ni zéro
    assert set(gardees["type_marche"]) == {"T"}
    alertes = rejets.loc[rejets["niveau"] == "alerte", "ligne"].nunique()
    assert alertes < 0.01 * len(recue)


def test_vingt_contrats_v2_reels_disent_tous_non(config, reelles):
    _, gardees, rejets = lire_reel(config, reelles / "decp_v2" / "eclaireur_raw_v2_20.json")
    assert gardees["consideration_etat"].tolist() == ["non"] * 20
    # des valeurs y ont été remplacées par « test » : chacune est vidée et dite
    assert gardees["offres_recues"].isna().all()
    assert compter(rejets, "offres_recues_illisibles", "valeur_hors_liste_marche_innovant") == (20, 18)


def test_les_exemples_officiels_v2_portent_clause_et_critere_en_json_comme_en_xml(config, reelles):
    dossier = reelles / "decp_schema" / "exemples_v2"
    lus = {}
    for nom in ("marches_concessions.json", "Marche.xml", "Contrat-concession.xml"):
        (chemin,) = dossier.rglob(nom)
        lus[nom] = lire_reel(config, chemin)[1]
        assert (lus[nom]["clause_sociale"] & lus[nom]["critere_social"]).all()
        assert set(lus[nom]["consideration_etat"]) == {"oui"}
    assert len(lus["marches_concessions.json"]) == 4
    assert lus["Marche.xml"]["marche_innovant"].tolist() == [True, True]  # « oui » vaut true
