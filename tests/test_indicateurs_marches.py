"""Les marchés : lots, part clausée en nombre et en montant, réservations, grands projets, structures."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.indicateurs import REGISTRE
from observatoire.indicateurs.commande_publique import (
    marches_reserves,
    part_marches_considerations,
    part_montant_considerations,
)
from observatoire.indicateurs.marches import (
    lots_clauses_generateurs,
    lots_clauses_notifies,
    marches_clauses_generateurs,
    marches_clauses_notifies,
)
from observatoire.indicateurs.petites_entreprises import montant_pme_projets
from observatoire.indicateurs.registre import RAPPORTS
from observatoire.indicateurs.structures import structures_implantees
from observatoire.referentiel import lire_liste, nomenclature, ventilations
from tests.entrepot_en_memoire import ICI, cinq, clause, entrepot, marche
from tests.lecture_indicateurs import lecteur

SEUIL = 40_000
PUBLICS = (
    "marches_notifies",
    "montant_marches_notifies",
    "part_marches_considerations",
    "part_montant_considerations",
    "marches_reserves",
    "montant_marches_reserves",
)
PROJETS = (
    "marches_projets",
    "marches_projets_suivis",
    "heures_reservees_projets",
    "heures_totales_projets",
    "heures_obligatoires_projets",
    "projets_evalues",
    "projets_conformes",
    "heures_totales_projets_soldes",
    "heures_realisees_projets_soldes",
    "montant_projets",
    "montant_pme_projets",
    "projets_pme_evalues",
    "projets_pme_conformes",
)


def valeur(table):
    """La valeur d'une table d'une ligne au plus ; `None` si elle manque."""
    return None if table.empty or pd.isna(table["valeur"].item()) else table["valeur"].item()


# ── les lots ──────────────────────────────────────────────────────────────────────────────────
def test_un_marche_de_deux_lots_compte_pour_un_marche_et_deux_lots():
    # R4 : m1 a les lots 1 (deux cotraitants) et 2 ; m2 n'en a qu'un. Deux marchés, trois lots.
    table = pd.DataFrame({"marche_cle": [1, 1, 1, 2], "lot_cle": [10, 10, 11, 20], "territoire": "t"})
    assert valeur(marches_clauses_notifies(table, ["territoire"])) == 2
    assert valeur(lots_clauses_notifies(table, ["territoire"])) == 3
    # Le lot 10 fait 0,5 + 0,5 h, le lot 11 0,5 h : m1 génère des heures, un seul de ses lots aussi.
    faites = table.assign(heures=[0.5, 0.5, 0.5, 0.0])
    assert valeur(marches_clauses_generateurs(faites, ["territoire"])) == 1
    assert valeur(lots_clauses_generateurs(faites, ["territoire"])) == 1


def test_un_numero_de_lot_s_ecrit_avec_ou_sans_zero():
    notifiee = {"marche_cle": "m", "date_notification": "2025-01-10"}
    clauses = [
        clause(f"k{rang}", lot=lot, **notifiee) for rang, lot in enumerate(["1", "01", " 1", "2", None])
    ]
    lue = lecteur(entrepot(cinq("k0", "2025-01", 1.0), clauses), ["lots_clauses_notifies"])
    assert lue("lots_clauses_notifies", "2025-T1") == 3  # le 1, le 2, et le lot sans numéro


# ── la part clausée, en nombre et en montant ─────────────────────────────────────────────────
def publies(*lignes):
    """Lignes : (réponse, montant publié, montant sommable)."""
    table = pd.DataFrame(
        list(lignes), columns=["consideration_sociale", "montant_eur", "montant_sommable_eur"]
    )
    types = {"consideration_sociale": "string", "montant_eur": "Float64", "montant_sommable_eur": "Float64"}
    return table.astype(types).assign(territoire="t")


def parts(table):
    calculs = (part_marches_considerations, part_montant_considerations)
    return tuple(valeur(calcul(table, ["territoire"], seuil_publication_eur=SEUIL)) for calcul in calculs)


def test_un_tres_gros_marche_separe_la_part_en_nombre_de_la_part_en_montant():
    # T11 : un marché clausé de 97 M€, trois sans clause de 1 M€ : 1 / 4 = 25 % en nombre, 97 % en montant.
    petits = [("NON", 1e6, 1e6)] * 3
    assert parts(publies(("OUI", 97e6, 97e6), *petits)) == (25.0, 97.0)


def test_les_marches_sous_le_seuil_de_publication_ne_font_pas_la_part():
    # Un clausé de 50 000 €, un non clausé de 40 000 € tout juste, dix de 39 999 € publiés de plein gré.
    table = publies(("OUI", 50e3, 50e3), ("NON", 40e3, 40e3), *[("NON", 39_999.0, 39_999.0)] * 10)
    assert parts(table) == (50.0, pytest.approx(100 * 50 / 90))


def test_un_montant_inconnu_compte_dans_le_nombre_et_pas_dans_le_montant():
    # Le plafond d'accord-cadre déjà compté (300 000 €) et le montant inconnu ne pèsent rien en euros.
    table = publies(("OUI", None, None), ("NON", 300e3, None), ("NON", 100e3, 100e3))
    assert parts(table) == (pytest.approx(100 / 3), 0.0)
    assert parts(publies(("OUI", None, None))) == (100.0, None)


def test_rien_de_renseigne_ne_fait_pas_zero():
    assert parts(publies(("NR", 50e3, 50e3))) == (None, None)


_REPONSE = st.tuples(
    st.sampled_from(["OUI", "NON", "NR"]), st.none() | st.sampled_from([0.0, 39_999.0, 40e3, 1e6, 99e6])
)


@given(st.lists(_REPONSE, min_size=1, max_size=10))
@settings(max_examples=30, deadline=None)
def test_les_deux_parts_sont_celles_d_un_compte_a_la_main(lignes):
    retenus = [(r, m) for r, m in lignes if r != "NR" and (m is None or m >= SEUIL)]
    oui = [m or 0 for r, m in retenus if r == "OUI"]
    euros = sum(m or 0 for _, m in retenus)
    attendues = (
        pytest.approx(100 * len(oui) / len(retenus)) if retenus else None,
        pytest.approx(100 * sum(oui) / euros) if euros else None,
    )
    assert parts(publies(*[(r, m, m) for r, m in lignes])) == attendues


def test_la_part_en_nombre_ne_va_jamais_sans_la_part_en_montant():
    for en_nombre, en_montant in (
        ("part_marches_considerations", "part_montant_considerations"),
        ("part_marches_reserves", "part_montant_reserves"),
        ("marches_reserves", "montant_marches_reserves"),
    ):
        tous = REGISTRE | RAPPORTS
        assert tous[en_nombre].source == tous[en_montant].source
        methode = " ".join(tous[en_montant].methode.split())
        assert "jamais seule" in methode or "l’une ne se cite pas sans l’autre" in methode
    assert (
        REGISTRE["part_marches_considerations"].ventilations
        == REGISTRE["part_montant_considerations"].ventilations
    )


# ── le petit entrepôt des marchés publiés ────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def achats():
    def euros(montant):
        return {"montant_eur": montant, "montant_sommable_eur": montant, "montant_statut": "ok"}

    marches = [
        marche("a", "2025-01-10", True, False, False, duree_mois=12, **euros(100_000.0)),
        marche(
            "b",
            "2025-01-10",
            False,
            False,
            True,
            duree_mois=13,
            reservation="MR_HAND",
            type_acheteur="COMMUNE",
            **euros(60_000.0),
        ),
        marche("c", "2025-01-10", False, False, False, duree_mois=49, **euros(240_000.0)),
        marche("d", "2025-02-10", False, False, False, **euros(10_000.0)),
        marche("e", "2025-02-10", duree_mois=48),
        # Aberrant : on ne sait pas s'il est sous le seuil, il compte ; son montant, non.
        marche("f", "2025-02-10", True, False, False, montant_eur=1.0, montant_statut="aberrant"),
        marche("g", "2025-02-10", True, True, True, genre="concession", **euros(9e9)),
    ]
    connexion = entrepot(marches=marches)
    return lecteur(connexion, PUBLICS, "duree_marche", "reservation", seuil_publication_eur=SEUIL)


def test_les_parts_publiees_viennent_des_memes_marches(achats):
    # Renseignés au seuil : a, b, c, f. En nombre 3 / 4 ; en montant (100 + 60) / (100 + 60 + 240) = 40 %.
    assert achats("marches_notifies", "2025-T1") == 6
    assert achats("part_marches_considerations", "2025-T1") == 75.0
    assert achats("part_montant_considerations", "2025-T1") == pytest.approx(40.0)
    assert achats("montant_marches_notifies", "2025-T1") == 410_000


def test_la_duree_des_marches_se_lit_par_tranches(achats):
    # 12 → un an ou moins ; 13 → deux ans ; 48 → quatre ans ; 49 → plus ; d et f ne la disent pas.
    tranches = {
        code: achats("marches_notifies", "2025-T1", "duree_marche", code)
        for code in nomenclature("durees_marche")
    }
    assert tranches == {"M12": 1, "M24": 1, "M48": 1, "P48": 1, "NR": 2}


def test_les_marches_reserves_se_disent_en_nombre_et_en_montant(achats):
    # b : 1 marché sur 5 renseignés (a, b, c, d, f), 60 000 € sur 410 000 €.
    assert achats("marches_reserves", "2025-T1") == 1
    assert achats("marches_reserves", "2025-T1", "reservation", "MR_HAND") == 1
    assert achats("montant_marches_reserves", "2025-T1") == 60_000


def test_un_marche_qui_ne_dit_pas_s_il_est_reserve_n_est_pas_compte():
    table = pd.DataFrame(
        {"marche_id": ["a", "b", "c"], "marche_reserve": [True, False, None], "territoire": "t"}
    )
    lue = marches_reserves(table.astype({"marche_reserve": "boolean"}), ["territoire"])
    assert valeur(lue) == 1


# ── les grands projets ───────────────────────────────────────────────────────────────────────
def projet(cle, **autres):
    """Un marché de la Société du Grand Paris, notifié en 2025, qui réserve 10 % de 1 000 h."""
    return {
        "marche_cle": cle,
        "maitre_ouvrage": "SGP",
        "programme": "GPE",
        "date_notification": "2025-01-05",
        "obligation_pct": 10.0,
        "heures_engagees": 100.0,
        "heures_totales": 1000.0,
        "montant_eur": 1e6,
        "pme_pct": 30.0,
        "pme_obligation_pct": 20.0,
        **autres,
    }


LIEUX_DE_PROJET = {"m-k": ICI, "deux": ("reg:11", "dep:93", "dep:94"), "anru": ("reg:11",), "futur": ICI}


@pytest.fixture(scope="module")
def projets():
    lignes = [
        projet("m-k"),
        projet("deux", heures_engagees=40.0, pme_pct=10.0),  # 4 % pour 10 ; 10 % de PME pour 20
        projet("anru", maitre_ouvrage="ANRU", programme="NPNRU", obligation_pct=5.0, pme_obligation_pct=None),
        projet("futur", date_notification="2025-05-05"),
        projet("sans_total", heures_totales=None, montant_eur=None),
    ]
    clauses = [
        clause(
            "k",
            statut="SOLDEE",
            date_debut="2025-01-10",
            date_fin="2025-03-31",
            titulaire_id="11111111100011",
        ),
        clause("k2", marche_cle="deux", statut="SOLDEE", date_debut="2025-01-10", date_fin="2025-03-31"),
        clause("k3", marche_cle="deux", date_debut="2025-01-10", date_fin="2025-03-15"),
        clause("temoin"),
    ]
    heures = [
        *cinq("k", "2025-01", 16.0),
        *cinq("k2", "2025-02", 3.0),
        *(ligne for mois in ("2025-01", "2025-04") for ligne in cinq("temoin", mois, 1.0)),
    ]
    connexion = entrepot(heures, clauses, entrepot__grands_projets=lignes)
    for cle, lieux in {**LIEUX_DE_PROJET, "sans_total": ("reg:11",)}.items():
        for territoire in lieux:
            connexion.execute("insert into entrepot.rattachements values ('projet', ?, ?)", [cle, territoire])
    return lecteur(connexion, PROJETS, "maitre_ouvrage")


def test_un_grand_projet_compte_a_partir_de_sa_notification(projets):
    assert projets("marches_projets", "2025-T1") == 4
    assert projets("marches_projets", "2025-T2") == 5
    # Exécuté dans deux départements, un marché compte dans chacun : 2 + 1, plus que les marchés situés.
    assert projets("marches_projets", "2025-T1", territoire="dep:93") == 2
    assert projets("marches_projets", "2025-T1", territoire="dep:94") == 1


def test_la_part_des_heures_reservees_se_compare_a_l_obligation_des_memes_marches(projets):
    # H6 : (100 + 40 + 100) / 3 000 = 8 % ; obligations 250 / 3 000 = 8,3 % ; deux sur trois.
    assert projets("heures_reservees_projets", "2025-T1") == 240
    assert projets("part_heures_reservees", "2025-T1") == pytest.approx(8.0)
    assert projets("objectif_heures_reservees", "2025-T1") == pytest.approx(100 * 250 / 3000)
    assert projets("part_projets_conformes", "2025-T1") == pytest.approx(100 * 2 / 3)
    # Pour la seule SGP : 140 / 2 000 = 7 % contre 10 %.
    assert projets("part_heures_reservees", "2025-T1", "maitre_ouvrage", "SGP") == pytest.approx(7.0)
    assert projets("objectif_heures_reservees", "2025-T1", "maitre_ouvrage", "SGP") == pytest.approx(10.0)


def test_les_heures_realisees_d_un_grand_projet_ne_valent_qu_une_fois_toutes_ses_clauses_soldees(projets):
    # m-k : 5 × 16 = 80 h sur 1 000, soit 8 %. « deux » a une clause sans bilan : ses 15 h attendent.
    assert projets("heures_totales_projets_soldes", "2025-T1") == 1000
    assert projets("heures_realisees_projets_soldes", "2025-T1") == 80
    assert projets("part_heures_realisees_projets", "2025-T1") == pytest.approx(8.0)
    # Deux marchés sur quatre ont une clause : la couverture est de 50 %.
    assert projets("couverture_projets", "2025-T1") == pytest.approx(50.0)


def test_la_part_des_pme_se_dit_en_montant_et_en_marches(projets):
    # E1 : (0,3 + 0,1 + 0,3) / 3 = 23,3 % du montant ; la charte de l'ANRU n'en fixe pas : un marché sur deux.
    assert projets("montant_pme_projets", "2025-T1") == pytest.approx(700_000)
    assert projets("part_pme_projets", "2025-T1") == pytest.approx(100 * 0.7 / 3)
    assert projets("projets_pme_evalues", "2025-T1") == 2
    assert projets("part_projets_pme_conformes", "2025-T1") == pytest.approx(50.0)


def test_le_montant_confie_a_des_pme_dit_ses_titulaires_et_aucune_personne(projets):
    # Un titulaire connu (m-k, 300 000 €) et les inconnus, qui comptent pour un (100 000 + 300 000 €).
    montant, personnes, titulaires, premier = projets.mesures("montant_pme_projets", "2025-T1")
    assert (montant, titulaires, premier) == (pytest.approx(700_000), 2, pytest.approx(400_000))
    assert pd.isna(personnes)
    table = pd.DataFrame({"montant_pme_eur": [1.0, None], "titulaire": [1, 2], "territoire": "t"})
    lue = montant_pme_projets(table, ["territoire"])
    assert (lue["employeurs"].item(), lue["premier"].item()) == (1, 1.0)


# ── les structures ───────────────────────────────────────────────────────────────────────────
def test_une_structure_de_deux_genres_compte_une_fois_au_total_et_dans_chacun():
    table = pd.DataFrame({"siret": [1, 1, 2], "genre_structure": ["ACI", "EI", "EI"], "territoire": "t"})
    assert valeur(structures_implantees(table, ["territoire"])) == 2
    lue = structures_implantees(table, ["genre_structure"]).set_index("genre_structure")["valeur"]
    assert lue.to_dict() == {"ACI": 1, "EI": 2}


def test_les_structures_ne_sont_comptees_qu_au_dernier_trimestre_suivi():
    heures = [ligne for mois in ("2025-01", "2025-04") for ligne in cinq("k", mois, 1.0)]
    structures = [
        {"siret": "1", "genre": "ESAT"},
        {"siret": "2", "genre": "AI"},
        {"siret": "2", "genre": "inconnu"},
    ]
    connexion = entrepot(heures, [clause("k")], entrepot__structures=structures)
    connexion.execute(
        "insert into entrepot.rattachements select 'structure', siret, 'reg:11' from entrepot.structures"
    )
    connexion.execute(
        "create or replace table entrepot.rattachements as select distinct * from entrepot.rattachements"
    )
    lue = lecteur(connexion, ["structures_implantees"], "famille_structure")
    assert lue("structures_implantees", "2025-T2") == 2
    assert lue("structures_implantees", "2025-T1") is None
    familles = {
        code: lue("structures_implantees", "2025-T2", "famille_structure", code)
        for code in ("HANDICAP", "IAE", "NR")
    }
    assert familles == {"HANDICAP": 1, "IAE": 1, "NR": 1}


# ── les listes ───────────────────────────────────────────────────────────────────────────────
def test_les_ventilations_nouvelles_couvrent_leurs_listes():
    for nom in (
        "duree_marche",
        "reservation",
        "projet",
        "maitre_ouvrage",
        "genre_titulaire",
        "famille_structure",
    ):
        ventilation = ventilations()[nom]
        assert set(ventilation.vers_publiee.values()) <= set(ventilation.libelles), nom
        assert not ventilation.sensible
    genres = {ligne["code"] for ligne in lire_liste("familles_structure")}
    assert {ligne["code"] for ligne in lire_liste("genres_titulaire")} == genres | {"AUCUN"}


def test_un_marche_de_plusieurs_lots_peut_avoir_plusieurs_modalites():
    for nom in ("marches_clauses_notifies", "marches_clauses_actifs", "marches_clauses_generateurs"):
        assert REGISTRE[nom].multiples == REGISTRE[nom].ventilations
        assert REGISTRE[nom].additif == ()


def test_un_grand_projet_ne_s_additionne_ni_entre_territoires_ni_dans_le_temps():
    for nom in PROJETS:
        assert REGISTRE[nom].additif == ("modalite",), nom
        assert len(REGISTRE[nom].methode) > 200, nom
