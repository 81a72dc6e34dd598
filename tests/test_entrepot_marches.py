"""L'entrepôt des marchés : un contrat compté une fois, à son dernier état, quelle que soit la source."""

from __future__ import annotations

import csv
import json

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from observatoire.acquisition.lecture import lire
from observatoire.controle.montants import juger
from observatoire.schemas import SCHEMAS
from tests.conftest import REELLES
from tests.maillons import controler, entreposer
from tests.petit_entrepot import valeurs
from tests.petits_marches import (
    ACHETEUR,
    CONFIG,
    TABULAIRE,
    decp,
    des_marches,
    entreprises,
    modification,
    structures,
    table,
    titulaires,
)

UN, DEUX, TROIS = "73282932000074", "80128543800017", "13002526500013"
QUATRE, CINQ, SIX, SEPT = "55210055400013", "55208131700014", "39011820600013", "44306184100047"


def marches(*ecarts):
    return des_marches(decp=decp(*ecarts))["marches"]


# ── identité ─────────────────────────────────────────────────────────────────────────────────

VOISINS = [
    ({"objet": "RENOVATION D'UNE  ECOLE."}, 1),  # casse, accents et ponctuation ne comptent pas
    ({"objet": "Rénovation d’une crèche"}, 2),  # un acheteur réemploie ses numéros
    ({"cpv": "45210000"}, 2),
    ({"acheteur_id": "21930066200020"}, 2),
    ({"genre": "concession"}, 2),  # même numéro, mais ce n'est pas le même contrat
    ({"uid": "un-autre-uid"}, 1),  # hors du format tabulaire, l'uid n'est pas régulier
]


def test_deux_lignes_d_une_source_sont_un_meme_marche_ou_deux():
    lignes = []
    for rang, (autre, _) in enumerate(VOISINS):
        lignes += [{"id_source": f"cas {rang}"}, {"id_source": f"cas {rang}", **autre}]
    nombres = marches(*lignes).groupby("id_source").size()
    assert nombres.tolist() == [nombre for _, nombre in VOISINS]


def test_le_numero_est_compare_aux_separateurs_pres():
    assert len(marches({"id_source": "2026 001/A"}, {"id_source": "2026_001_A"})) == 1


@pytest.mark.parametrize("absent", ["acheteur_id", "id_source"])
def test_sans_acheteur_ou_sans_numero_l_uid_distingue_les_marches(absent):
    lignes = ({absent: None, "uid": uid} for uid in ("a", "b", "b"))
    assert sorted(marches(*lignes)["nb_lignes"]) == [1, 2]


def test_le_meme_marche_en_json_et_au_tableau_de_decp_info_n_en_fait_qu_un():
    """Le tableau réel n'a ni objet ni date de publication : (acheteur, numéro, CPV) le reconnaît."""
    (ligne,) = valeurs(marches({}, TABULAIRE), "sources", "nb_sources", "nb_lignes", "source")
    assert ligne == ("decp|decp_info", 2, 2, "decp")


def test_un_acheteur_au_siret_faux_reste_le_meme_acheteur_et_deux_restent_deux():
    """Le SIRET faux n'est jamais publié ni joint, mais il dit que c'est le même contrat."""
    faux = {"acheteur_id": None, "acheteur_recu": "21930066200013"}
    (ligne,) = valeurs(marches(faux, {**TABULAIRE, **faux}), "acheteur_id", "nb_sources")
    assert ligne == (None, 2)
    assert len(marches(faux, {**faux, "acheteur_recu": "21750001600018"})) == 2


def test_le_cpv_manque_mais_le_montant_et_la_date_designent_le_meme_marche():
    assert len(marches({}, {**TABULAIRE, "cpv": None})) == 1
    assert len(marches({}, {**TABULAIRE, "cpv": None, "montant_eur": 50_001.0})) == 2


def test_un_numero_reemploye_pour_deux_marches_ne_se_devine_pas():
    """Deux objets, même numéro, même CPV : l'uid n'est rapproché d'aucun, sauf si le montant départage."""
    deux = ({}, {"objet": "Rénovation d’une crèche", "montant_eur": 70_000.0})
    assert len(marches(*deux, {**TABULAIRE, "montant_eur": 1_000.0})) == 3
    departages = marches(*deux, {**TABULAIRE, "montant_eur": 70_000.0})
    assert sorted(valeurs(departages, "montant_eur", "nb_sources")) == [(50_000, 1), (70_000, 2)]


def test_un_uid_est_un_marche_et_deux_uid_en_sont_deux():
    """Une ligne par titulaire dans le tableau : 3 lignes, 2 contrats."""
    lignes = ({}, {"titulaires": titulaires(UN)}, {"uid": "u2", "id_source": "2026-002"})
    assert sorted(marches(*({**TABULAIRE, **ligne} for ligne in lignes))["nb_lignes"]) == [1, 2]


def test_le_tableau_avec_objet_se_reconnait_par_la_cle_entiere():
    lignes = [{}, {"objet": "Rénovation d’une crèche"}, {**TABULAIRE, "objet": "RENOVATION D'UNE CRECHE"}]
    communs = marches(*lignes)
    assert sorted(valeurs(communs, "objet", "nb_sources")) == [
        ("Rénovation d’une crèche", 2),
        ("Rénovation d’une école", 1),
    ]


def test_deux_plateformes_qui_ecrivent_l_objet_autrement_publient_le_meme_marche():
    abime = {"source": "decp_b", "objet": "R\ufffdnovation d\ufffdune \ufffdcole"}
    assert len(marches({}, abime)) == 1
    assert len(marches({}, {**abime, "montant_eur": 1_000.0})) == 2
    # dans une même source, ce sont deux lots de même montant
    assert len(marches({}, {**abime, "source": "decp"})) == 2


def test_l_identifiant_ne_depend_que_du_contrat():
    seul, entoure = marches({}), marches({"id_source": "1"}, {"source": "autre"}, {"id_source": "2"})
    assert seul["marche_id"].isin(entoure["marche_id"]).all()
    assert seul["marche_id"].str.fullmatch("[0-9a-f]{16}").all()


# ── la ligne qui fait foi ────────────────────────────────────────────────────────────────────

# La ligne de 2 000 € l'emporte toujours sur celle de 1 000 €.
REPETITIONS = [
    ({"millesime": "2026-11-05"}, {"date_publication": "2026-03-01", "procedure": None}),
    ({"date_publication": None}, {"date_publication": "2026-03-01", "procedure": None}),
    ({"date_publication": None}, {"date_publication": None, "date_notification": "2026-05-01"}),
    ({"procedure": None, "millesime": "2026-11-05"}, {}),  # à dates égales, la plus complète
    ({}, {"millesime": "2026-11-05"}),  # à complétude égale, la dernière livrée
    ({}, {}),  # et dans un même fichier, la dernière lue
    # la source déclarée la première l'emporte sur une publication plus récente
    ({"source": "decp_info", "date_publication": "2026-06-01"}, {"procedure": None}),
    ({"source": "inconnue", "date_publication": "2026-06-01"}, {"source": "decp_info"}),
]


@pytest.mark.parametrize("sens", [1, -1])
def test_un_marche_repete_garde_sa_ligne_la_plus_probante(sens):
    lignes = []
    for rang, paire in enumerate(REPETITIONS):
        commun = {"id_source": str(rang), "procedure": "PA", "objet": f"Objet {rang}"}
        lignes += [{**commun, "montant_eur": m, **e} for m, e in zip((1e3, 2e3), paire, strict=True)]
    gardes = des_marches(decp=decp(*lignes)[::sens].copy())["marches"]
    assert valeurs(gardes, "montant_eur", "nb_lignes") == [(2_000, 2)] * len(REPETITIONS)


def test_un_marche_modifie_reste_notifie_a_sa_premiere_date():
    lignes = ({}, {"date_publication": "2026-06-01", "date_notification": "2026-05-20"})
    assert valeurs(marches(*lignes), "date_notification") == [pd.Timestamp("2026-01-15")]


def test_une_consideration_non_renseignee_le_reste():
    ligne = {"clause_sociale": True, "critere_social": False, "consideration_etat": "oui"}
    colonnes = ("clause_sociale", "critere_social", "marche_reserve", "consideration_etat")
    assert valeurs(marches(ligne), *colonnes) == [(True, False, None, "oui")]


def test_deux_publications_du_meme_jour_qui_se_contredisent_sont_en_conflit():
    """Cas connu : 200 000 € et 134 060,99 € publiés le même jour ; les deux ne s'ajoutent pas."""
    conflit = marches({"montant_eur": 200_000.0}, {"montant_eur": 134_060.99})
    assert valeurs(conflit, "conflit", "montant_eur") == [(True, 134_060.99)]
    suite = marches({}, {"montant_eur": 60_000.0, "date_publication": "2026-03-01"})
    assert valeurs(suite, "conflit", "montant_eur") == [(False, 60_000)]


# ── modifications ────────────────────────────────────────────────────────────────────────────


def modifie(*suite, **ecarts):
    return des_marches(decp=decp({"duree_mois": 12, "modifications": json.dumps(suite), **ecarts}))


def test_les_modifications_s_appliquent_dans_l_ordre_et_ce_qu_elles_taisent_demeure():
    # 50 000 € et 12 mois ; puis 60 000 € ; puis 24 mois : 60 000 € et 24 mois, reçues en désordre.
    tables = modifie(
        modification(2, "2026-09-01", duree_mois=24), modification(1, "2026-05-01", montant_eur=60_000)
    )
    colonnes = ("montant_eur", "montant_initial_eur", "duree_mois", "nb_modifications")
    assert valeurs(tables["marches"], *colonnes) == [(60_000, 50_000, 24, 2)]
    assert valeurs(tables["modifications"], "no", "montant_eur", "duree_mois") == [
        (1, 60_000, None),
        (2, None, 24),
    ]


def test_une_modification_remplace_les_titulaires_et_ceux_de_l_etat_final_sont_comptes():
    change = modification(1, "2026-05-01", titulaires=json.loads(titulaires(DEUX, TROIS)))
    tables = modifie(change, modification(2, "2026-06-01"), titulaires=titulaires(UN))
    assert valeurs(tables["attributions"], "siret", "rang") == [(TROIS, 2), (DEUX, 1)]
    assert valeurs(tables["marches"], "nb_titulaires") == [2]


def test_un_montant_modifie_est_juge_comme_un_montant_publie():
    montants = [10.0, 0.5, 4e9, 99_999_999.0, 123_456_789.0, 111_859_144.0, 1e6]
    lignes = [
        {"id_source": f"{r}", "modifications": json.dumps([modification(1, "2026-05-01", montant_eur=m)])}
        for r, m in enumerate(montants)
    ]
    statuts, raisons = juger(pd.Series(montants, dtype="Float64"))
    rendus = marches(*lignes).sort_values("id_source")
    assert valeurs(rendus, "montant_statut") == statuts.tolist()
    assert rendus["montant_raison"].isna().tolist() == raisons.isna().tolist()
    sommables = [m if s in ("ok", "suspect") else None for m, s in zip(montants, statuts, strict=True)]
    assert valeurs(rendus, "montant_sommable_eur") == sommables


def test_une_publication_posterieure_a_la_modification_fait_foi():
    # La modification de mai, publiée en juin par une ligne, est dépassée par la publication de juillet.
    ancienne = {"modifications": json.dumps([modification(1, "2026-05-01", montant_eur=60_000)])}
    recente = {"date_publication": "2026-07-01", "montant_eur": 55_000.0}
    assert valeurs(marches(ancienne, recente), "montant_eur", "nb_modifications") == [(55_000, 1)]


def test_la_meme_modification_lue_dans_deux_sources_n_en_fait_qu_une():
    suite = {"modifications": json.dumps([modification(1, "2026-05-01", montant_eur=60_000)])}
    tables = des_marches(decp=decp(suite, {**suite, "source": "decp_b"}))
    assert valeurs(tables["marches"], "nb_modifications", "nb_sources") == [(1, 2)]
    assert len(tables["modifications"]) == 1


def test_au_tableau_de_decp_info_chaque_etat_est_une_ligne():
    """Trois lignes : l'état initial à deux titulaires, puis une modification à un titulaire."""
    initial = {**TABULAIRE, "nb_modifications": 0}
    suite = {
        **TABULAIRE,
        "nb_modifications": 1,
        "montant_eur": 80_000.0,
        "date_notification": "2026-06-01",
        "titulaires": titulaires(DEUX),
    }
    lignes = ({**initial, "titulaires": titulaires(s)} for s in (UN, DEUX))
    tables = des_marches(decp=decp(*lignes, suite))
    colonnes = ("montant_eur", "montant_initial_eur", "nb_modifications", "nb_lignes", "nb_titulaires")
    assert valeurs(tables["marches"], *colonnes) == [(80_000, 50_000, 1, 3, 1)]
    assert valeurs(tables["marches"], "date_notification") == [pd.Timestamp("2026-01-15")]
    (publiee,) = valeurs(tables["modifications"], "titulaires")
    assert [titulaire["siret"] for titulaire in json.loads(publiee)] == [DEUX]


def test_un_etat_qui_tait_ses_titulaires_garde_les_precedents():
    initial = {**TABULAIRE, "nb_modifications": 0, "titulaires": titulaires(UN)}
    suite = {**TABULAIRE, "nb_modifications": 1, "date_notification": "2026-06-01"}
    assert valeurs(des_marches(decp=decp(initial, suite))["attributions"], "siret") == [UN]


def test_un_tableau_reduit_a_l_etat_actuel_ne_dit_pas_le_montant_initial():
    tables = marches({**TABULAIRE, "nb_modifications": 3})
    assert valeurs(tables, "montant_initial_eur", "nb_modifications") == [(None, 3)]


# ── montants à sommer ────────────────────────────────────────────────────────────────────────


def somme(*ecarts):
    return marches(*ecarts)["montant_sommable_eur"].sum()


def test_sept_lignes_de_21_millions_d_un_accord_cadre_font_21_millions():
    """Paris, sept lots ou titulaires d'un accord-cadre : 21 M€, et non 147 M€ ; sept marchés comptés."""
    lots = [{"id_source": f"F{rang}", "montant_eur": 21e6} for rang in range(7)]
    assert somme(*lots) == 21e6
    assert len(marches(*lots)) == 7
    nommes = [
        {**lot, "objet": f"Nettoyage, lot n° {r}", "est_accord_cadre": True} for r, lot in enumerate(lots)
    ]
    assert somme(*nommes) == 21e6
    assert somme(*({**lot, "est_accord_cadre": False} for lot in nommes)) == 147e6


def test_le_plus_petit_identifiant_porte_le_montant():
    lots = marches(*({"id_source": str(rang)} for rang in range(5))).sort_values("marche_id")
    assert lots["montant_sommable_eur"].notna().tolist() == [True, False, False, False, False]


def test_un_marche_subsequent_est_deja_dans_le_plafond_de_son_accord_cadre():
    cadre = {"id_source": "AC 1", "est_accord_cadre": True, "montant_eur": 100_000.0}
    suites = [
        {"id_source": f"MS{m}", "objet": f"Commande {m}", "id_accord_cadre": "AC/1", "montant_eur": m * 1e3}
        for m in (10, 20)
    ]
    assert somme(cadre, *suites) == 100_000
    # l'accord-cadre n'est pas publié : les commandes s'ajoutent, un plafond répété compte une fois
    assert somme(*suites) == 30_000
    assert somme(*({**suite, "montant_eur": 21e6} for suite in suites)) == 21e6
    # l'accord-cadre est au montant inexploitable : il ne cache pas ses commandes
    assert somme({**cadre, "montant_statut": "aberrant"}, *suites) == 30_000


@pytest.mark.parametrize("statut", ["aberrant", "absent"])
def test_un_montant_aberrant_ou_absent_ne_se_somme_pas_mais_le_marche_compte(statut):
    rendus = marches({"montant_statut": statut, "montant_eur": 1e17 if statut == "aberrant" else None})
    assert valeurs(rendus, "montant_sommable_eur", "montant_statut") == [(None, statut)]


def test_des_marches_voisins_restent_sommes():
    """Montant, date, objet ou acheteur différents : rien n'est répété."""
    ecarts = ({}, {"montant_eur": 1e3}, {"date_notification": "2026-01-16"}, {"objet": "Autre"})
    lignes = [{"id_source": str(rang), **ecart} for rang, ecart in enumerate(ecarts)]
    assert somme(*lignes, {"id_source": "x", "acheteur_id": "21930066200020"}) == 4 * 50_000 + 1_000


# ── titulaires ───────────────────────────────────────────────────────────────────────────────


def test_les_lignes_d_un_meme_etat_reunissent_leurs_titulaires():
    # {1, 2} puis {2, 3} publiées le même jour, puis une liste vide et une absente : 3 titulaires.
    lignes = [{"titulaires": titulaires(UN, DEUX)}, {"titulaires": titulaires(DEUX, TROIS)}]
    tables = des_marches(decp=decp(*lignes, {"titulaires": "[]"}, {}))
    assert valeurs(tables["marches"], "nb_titulaires", "nb_lignes") == [(3, 4)]
    assert sorted(tables["attributions"]["rang"]) == [1, 2, 3]


def test_un_etat_plus_recent_remplace_les_titulaires():
    ancien, recent = {"titulaires": titulaires(UN)}, {"titulaires": titulaires(DEUX)}
    tables = des_marches(decp=decp(ancien, {**recent, "date_publication": "2026-03-01"}))
    assert valeurs(tables["attributions"], "siret") == [DEUX]


def reconnus(*identifiants, connues):
    """(SIRET reconnu, genre, niveau) de chaque titulaire, dans l'ordre de publication."""
    lignes = [
        {"rang": rang, "id": i, "type_identifiant": "SIRET", "siret": i if i and len(i) == 14 else None}
        for rang, i in enumerate(identifiants, 1)
    ]
    tables = des_marches(decp=decp({"titulaires": json.dumps(lignes)}), structures=structures(*connues))
    attributions = tables["attributions"].sort_values("rang")
    return valeurs(attributions, "structure_siret", "structure_genre", "structure_niveau")


def test_une_structure_se_reconnait_par_son_siret_puis_par_son_siren():
    autre = "13002526500021"
    assert reconnus(TROIS, connues=[{}]) == [(TROIS, "EI", "siret")]
    assert reconnus(autre, connues=[{}]) == [(TROIS, "EI", "siren")]


def test_le_siren_ne_reconnait_qu_un_etablissement_francilien_unique():
    autre, ailleurs = "13002526500021", {"siret": "13002526500039"}
    assert reconnus(autre, connues=[{}, ailleurs]) == [(None, None, None)]
    assert reconnus(autre, connues=[{}, {**ailleurs, "departement": "59"}]) == [(TROIS, "EI", "siren")]
    assert reconnus(autre, connues=[{"departement": "59"}]) == [(None, None, None)]


def test_un_siret_de_deux_genres_est_reconnu_une_fois():
    assert reconnus(TROIS, connues=[{"genre": "ESAT"}, {"genre": "ACI"}]) == [(TROIS, "ACI", "siret")]


def test_un_identifiant_vide_ou_faux_ne_s_apparie_a_rien():
    assert reconnus("", "12", connues=[{}, {"siret": None}]) == [(None, None, None)]


def test_la_categorie_vient_du_siret_puis_de_l_unite_legale():
    annuaire = entreprises(
        {"siret": UN}, {"siret": DEUX, "categorie": "GE"}, {"siret": TROIS, "categorie": "NR"}
    )
    publies = decp({"titulaires": titulaires(UN, "80128543800025", TROIS)})
    tables = des_marches(decp=publies, entreprises=annuaire)
    assert valeurs(tables["attributions"].sort_values("rang"), "categorie") == ["PME", "GE", "NR"]


# genres des titulaires → modalité de la réservation
RESERVATIONS = [
    (["ESAT"], "MR_HAND"),
    (["EA", "EATT"], "MR_HAND"),
    (["EI"], "MR_SIAE"),
    (["ACI", "ESAT"], "MR_HAND_SIAE"),
    (["SEP"], "MR_PENIT"),
    (["GEIQ"], "NR"),
    ([], "NR"),
]


def test_la_reservation_se_deduit_du_genre_des_titulaires():
    sirets = {"ESAT": UN, "EA": DEUX, "EATT": TROIS, "EI": QUATRE, "ACI": CINQ, "SEP": SIX, "GEIQ": SEPT}
    connues = structures(*({"siret": siret, "genre": genre} for genre, siret in sirets.items()))
    publies = [
        {
            "id_source": str(rang),
            "titulaires": titulaires(*map(sirets.get, genres)),
            "marche_reserve": reserve,
        }
        for reserve in (True, False, None)
        for rang, (genres, _) in enumerate(RESERVATIONS)
    ]
    for reserve in (True, False, None):
        lignes = decp(*(ligne for ligne in publies if ligne["marche_reserve"] is reserve))
        rendus = des_marches(decp=lignes, structures=connues)["marches"].sort_values("id_source")
        attendues = [modalite if reserve else "NR" for _, modalite in RESERVATIONS]
        assert valeurs(rendus, "reservation") == attendues


def test_les_actes_de_sous_traitance_gardent_le_genre_reconnu():
    acte = {"no": 1, "id": TROIS, "type_identifiant": "SIRET", "siret": TROIS, "montant_eur": 12_000.0}
    publie = decp(
        {"actes_sous_traitance": json.dumps([acte | {"date_notification": "2026-03-01", "duree_mois": 6}])},
        {"actes_sous_traitance": None, "date_publication": "2026-05-01"},
    )
    actes = des_marches("sous_traitances", decp=publie, structures=structures({}))["sous_traitances"]
    colonnes = ("no", "sous_traitant_id", "siren", "montant_eur", "structure_genre", "structure_niveau")
    assert valeurs(actes, *colonnes) == [(1, TROIS, TROIS[:9], 12_000, "EI", "siret")]
    assert valeurs(actes, "date_notification") == [pd.Timestamp("2026-03-01")]


# ── entre sources ────────────────────────────────────────────────────────────────────────────


def test_le_recouvrement_se_lit_par_paire_de_sources():
    """decp : 1, 2 (répété), 3 ; decp_b : 2, 3, 4. Deux communs ; un répété dans decp."""
    lignes = [{"id_source": i} for i in "1223"] + [{"id_source": i, "source": "decp_b"} for i in "234"]
    recouvrements = des_marches("recouvrements", decp=decp(*lignes))["recouvrements"]
    assert valeurs(recouvrements, "source", "autre_source", "marches", "communs") == [
        ("decp", "decp", 3, 1),
        ("decp", "decp_b", 3, 2),
        ("decp_b", "decp", 3, 2),
        ("decp_b", "decp_b", 3, 0),
    ]


def test_une_ligne_par_titulaire_ou_une_livraison_de_plus_n_est_pas_une_repetition():
    cotraitants = ({**TABULAIRE, "titulaires": titulaires(s)} for s in (UN, DEUX))
    livraisons = ({"id_source": "2", "millesime": f"2026-{mois}-05"} for mois in ("09", "10"))
    recouvrements = des_marches("recouvrements", decp=decp(*cotraitants, *livraisons))["recouvrements"]
    assert recouvrements["communs"].tolist() == [0, 0, 0, 0]


# ── acheteurs ────────────────────────────────────────────────────────────────────────────────

# SIRET, catégorie juridique et activité au répertoire SIRENE → type d'acheteur
ACHETEURS = [
    ("77566343800011", "4110", None, "EE_RESEAU"),  # la liste des maîtres d'ouvrage l'emporte
    ("21930066200012", "7361", None, "CCAS"),  # puis la catégorie juridique
    ("21930001900012", None, None, "COMMUNE"),  # puis le numéro SIREN
    ("22930008200018", None, None, "DEPT"),
    ("23750007900312", None, None, "REGION"),
    ("26750045200011", None, None, "HOPITAL"),
    (UN, None, None, "NR"),
    (DEUX, "5710", None, "PRIVE"),
    (TROIS, "7344", None, "EPCI"),
    (QUATRE, "7113", None, "ETAT"),
    (CINQ, "4140", None, "AUTRE"),
    (SIX, "4140", "68.20A", "BAILLEUR"),  # un office public de l'habitat loue des logements
]


def test_le_type_de_l_acheteur():
    publies = decp(*({"id_source": f"{r:02}", "acheteur_id": a[0]} for r, a in enumerate(ACHETEURS)))
    annuaire = entreprises(
        *({"siret": s, "categorie_juridique": c, "naf": naf} for s, c, naf, _ in ACHETEURS if c)
    )
    rendus = des_marches(decp=publies, entreprises=annuaire)["marches"].sort_values("id_source")
    assert valeurs(rendus, "type_acheteur") == [attendu for *_, attendu in ACHETEURS]


def test_le_nom_de_l_acheteur_vient_de_sirene_sinon_du_plus_publie():
    noms = ["Ville", "VILLE DE X", "VILLE DE X", "BUDGET PRINCIPAL", "BUDGET PRINCIPAL", "BUDGET PRINCIPAL"]
    publies = decp(*({"id_source": str(r), "acheteur_nom": nom} for r, nom in enumerate(noms)))
    assert set(des_marches(decp=publies)["marches"]["acheteur_nom"]) == {"VILLE DE X"}
    annuaire = entreprises({"siret": "21930066299999", "denomination": "COMMUNE DE X"})
    nommes = des_marches(decp=publies, entreprises=annuaire)["marches"]
    assert set(nommes["acheteur_nom"]) == {"COMMUNE DE X"}


def test_la_commune_de_l_acheteur_vient_de_sirene_sinon_du_numero_siren():
    def lieu(siret, **annuaire):
        connus = entreprises({"siret": siret, **annuaire}) if annuaire else entreprises()
        rendus = des_marches(decp=decp({"acheteur_id": siret}), entreprises=connus)["marches"]
        return valeurs(rendus, "commune_acheteur", "departement_acheteur", "departement")[0]

    assert lieu(ACHETEUR) == ("93066", "93", "93")
    assert lieu(ACHETEUR, commune="93059") == ("93066", "93", "93")  # Pierrefitte, commune fusionnée
    assert lieu("22930008200018") == (None, "93", "93")
    assert lieu("22930008200018", commune="93008") == ("93008", "93", "93")
    assert lieu(UN) == (None, None, None)


def test_le_departement_de_l_acheteur_ne_remplace_pas_un_lieu_publie():
    region = marches({"lieu_code": "11", "lieu_type": "Code région"}, {"id_source": "2", "departement": "77"})
    assert sorted(valeurs(region, "departement"), key=str) == ["77", None]


# ── enquête ──────────────────────────────────────────────────────────────────────────────────


def test_l_enquete_garde_la_derniere_reponse_de_chaque_acheteur_et_de_chaque_annee():
    defauts = {"source": "enquete", "millesime": "2026-10-05", "fichier": "e.csv", "acheteur_id": ACHETEUR}
    reponses = table(
        "controle/enquetes",
        defauts,
        {"annee": 2024, "heures": 10.0},
        {"annee": 2025, "heures": 20.0, "millesime": "2026-11-05"},
        {"annee": 2025, "heures": 30.0},
        {"annee": 2025, "heures": 40.0, "acheteur_id": None, "acheteur_nom": "Sans SIRET"},
    )
    rendues = des_marches("enquetes", enquetes=reponses)["enquetes"]
    assert sorted(valeurs(rendues, "annee", "heures")) == [(2024, 10), (2025, 20), (2025, 40)]


# ── propriétés ───────────────────────────────────────────────────────────────────────────────

LIGNES = st.lists(
    st.fixed_dictionaries(
        {
            "source": st.sampled_from(["decp", "decp_info", "decp_b"]),
            "format": st.sampled_from(["v1", "v2", "tabulaire"]),
            "uid": st.sampled_from([None, "u1", "u2"]),
            "id_source": st.sampled_from([None, "1", "2"]),
            "acheteur_id": st.sampled_from([None, ACHETEUR, UN]),
            "objet": st.sampled_from([None, "École", "Crèche", "%_'\x1f\""]),
            "cpv": st.sampled_from([None, "45210000"]),
            "montant_eur": st.sampled_from([None, 1_000.0, 2_000.0]),
            "date_notification": st.sampled_from([None, "2026-01-15", "2026-02-15"]),
            "date_publication": st.sampled_from([None, "2026-03-01"]),
            "est_accord_cadre": st.sampled_from([None, True, False]),
            "id_accord_cadre": st.sampled_from([None, "1"]),
            "nb_modifications": st.sampled_from([None, 0, 1]),
            "titulaires": st.sampled_from([None, "[]", titulaires(UN), titulaires(UN, DEUX)]),
            "modifications": st.sampled_from(
                [None, json.dumps([modification(1, "2026-05-01", montant_eur=3_000)])]
            ),
        }
    ),
    min_size=1,
    max_size=8,
)
COURT = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@COURT
@given(LIGNES, st.randoms(use_true_random=False))
def test_l_ordre_des_lignes_est_sans_effet_et_aucune_n_est_perdue(lignes, hasard):
    recue = decp(
        *({**ligne, "montant_statut": "ok" if ligne["montant_eur"] else "absent"} for ligne in lignes)
    )
    melangee = recue.sample(frac=1, random_state=hasard.randrange(2**32))
    tables, autres = des_marches(decp=recue), des_marches(decp=melangee)
    for nom, rendue in tables.items():
        pd.testing.assert_frame_equal(rendue, autres[nom])
    assert tables["marches"]["nb_lignes"].sum() == len(lignes)
    assert tables["attributions"]["marche_id"].isin(tables["marches"]["marche_id"]).all()
    assert tables["modifications"]["marche_id"].isin(tables["marches"]["marche_id"]).all()
    sommables = tables["marches"].dropna(subset=["montant_sommable_eur"])
    assert (sommables["montant_sommable_eur"] == sommables["montant_eur"]).all()


# ── fichiers réels ───────────────────────────────────────────────────────────────────────────

CSV = "decp_v2/decp_2024H2_travaux_cpv4521_filtered.csv"
V1 = ("aife_2019-04", "e-marchespublics_2019-04", "pes_2019-04")
STRUCTURES = {"siae": "derive_siae_sans_contacts.csv", "esat": "derive_esat_sans_contacts.csv"}


def acquis(genre, source, fichier):
    """Un fichier réel, lu comme à l'acquisition."""
    origine = {"source": source, "millesime": "2025-02-01", "fichier": fichier.name}
    morceaux = lire(CONFIG.source(source), fichier, lambda: b"")
    return pd.concat([m.assign(**origine) for m in morceaux])[SCHEMAS[f"acquisition/{genre}"].noms]


@pytest.fixture(scope="module")
def reel():
    """Les contrats et les structures réels, contrôlés puis entreposés."""
    if not REELLES.is_dir():
        pytest.skip("fichiers réels absents : déposer les données publiques dans ../shared/data")
    contrats = [acquis("decp", "decp", REELLES / "decp_v1" / f"{nom}.json") for nom in V1]
    contrats.append(acquis("decp", "decp_info", REELLES / CSV))
    connues = [acquis("structures", s, REELLES / "structures" / nom) for s, nom in STRUCTURES.items()]
    recues = {"acquisition/decp": pd.concat(contrats), "acquisition/structures": pd.concat(connues)}
    typees = {nom: SCHEMAS[nom].verifier(table) for nom, table in recues.items()}
    controlees = controler(typees, CONFIG)
    rendues = {nom.split("/")[1]: table for nom, table in entreposer(controlees, CONFIG).items()}
    return rendues | {"decp": controlees["controle/decp"]}


def test_le_csv_reel_donne_un_marche_par_uid(reel):
    du_csv = reel["marches"].loc[reel["marches"]["source"] == "decp_info"]
    assert (len(du_csv), du_csv["nb_lignes"].sum()) == (5_180, 8_957)
    # Deux dates, la plus récente lue d'abord : elle donne le montant, la première date la notification.
    (modifie,) = du_csv.loc[du_csv["id_source"] == "202449309"].to_dict("records")
    assert modifie["montant_eur"] == 126_090
    assert modifie["date_notification"] == pd.Timestamp("2024-10-03")
    assert (modifie["nb_lignes"], modifie["nb_titulaires"], modifie["nb_modifications"]) == (2, 1, 1)


def test_les_montants_du_csv_reel_comptent_une_fois_par_contrat(reel):
    """Somme, sur les uid, du montant de leur dernière date de notification, lue à part."""
    with (REELLES / CSV).open(encoding="utf-8") as flux:
        lignes = list(csv.DictReader(flux))
    possibles = {}
    for ligne in lignes:
        date, montants = possibles.get(ligne["uid"], ("", set()))
        if ligne["dateNotification"] > date:
            date, montants = ligne["dateNotification"], set()
        if ligne["dateNotification"] == date:
            montants.add(float(ligne["montant"]))
        possibles[ligne["uid"]] = (date, montants)
    du_csv = reel["marches"].loc[reel["marches"]["source"] == "decp_info"]
    bas, haut = (sum(f(montants) for _, montants in possibles.values()) for f in (min, max))
    assert bas <= du_csv["montant_eur"].sum() <= haut < sum(float(ligne["montant"]) for ligne in lignes)
    assert du_csv["montant_sommable_eur"].sum() <= du_csv["montant_eur"].sum()


def test_chaque_ligne_reelle_gardee_est_dans_un_marche(reel):
    assert reel["marches"]["nb_lignes"].sum() == len(reel["decp"])
    v1 = reel["marches"].loc[reel["marches"]["source"] == "decp"]
    assert len(v1) < v1["nb_lignes"].sum() == (reel["decp"]["format"] == "v1").sum()
    repetes = reel["recouvrements"].set_index(["source", "autre_source"])["communs"]
    assert repetes["decp", "decp"] > 0
    assert repetes["decp", "decp_info"] == 0  # 2019 et 2024


def test_les_titulaires_reels_s_apparient_par_siret_puis_par_siren(reel):
    """Recompté à la main sur les trois fichiers v1 présents : 41 SIRET exacts, 74 SIREN, lignes brutes.

    Les lignes d'essai et les répétitions tombent (40 attributions) ; le SIREN n'est retenu que s'il
    n'a qu'un établissement francilien.
    """
    attributions = reel["attributions"].merge(reel["marches"][["marche_id", "source"]], on="marche_id")
    v1 = attributions.loc[attributions["source"] == "decp"]
    niveaux = v1["structure_niveau"].value_counts().to_dict()
    assert niveaux == {"siret": 40, "siren": 17}
    sirens = set(reel["structures"]["siren"])
    assert v1["siren"].isin(sirens).sum() > sum(niveaux.values())
    exacts = attributions.loc[attributions["structure_niveau"] == "siret"]
    assert (exacts["siret"] == exacts["structure_siret"]).all()


def test_ni_l_acheteur_fictif_ni_l_ufcv_ni_un_departement_ne_s_apparient_par_siret(reel):
    noms = reel["marches"]["acheteur_nom"].str.casefold()
    assert not noms.str.contains("essentiel").any()
    ufcv = reel["attributions"].loc[reel["attributions"]["siren"] == "775685621"]
    departement = reel["attributions"].loc[reel["attributions"]["siret"] == "22370001400374"]
    for titulaires_reels in (ufcv, departement):
        assert len(titulaires_reels)
        assert titulaires_reels["structure_niveau"].isna().all()


def test_les_1520_contrats_franciliens_de_2019_entrent_avec_leurs_repetitions(reelles):
    """1 520 lignes dont 18 concessions ; l'acheteur fictif écarté, les répétitions réunies."""
    lue = acquis("decp", "decp", reelles / "decp_v1" / "derive_idf_v1.json")
    assert len(lue) == 1_520
    typee = SCHEMAS["acquisition/decp"].verifier(lue)
    controlees = controler({"acquisition/decp": typee}, CONFIG)["controle/decp"]
    rendus = des_marches(decp=controlees)["marches"]
    par_genre = rendus.groupby("genre")["nb_lignes"].agg(["size", "sum"])
    assert par_genre["sum"].to_dict() == controlees["genre"].value_counts().to_dict()
    cles = controlees[["genre", "acheteur_id", "id_source", "cpv", "objet"]].drop_duplicates()
    assert len(rendus) <= len(cles) < len(controlees)
