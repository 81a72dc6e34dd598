"""Les comparaisons : un an avant, quatre trimestres, région, champ constant."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.config import Config
from observatoire.indicateurs.comparaisons import Regles, comparer
from observatoire.indicateurs.registre import RAPPORTS, Comptes, Rapport
from observatoire.referentiel import ENSEMBLE
from observatoire.schemas import SCHEMAS
from tests.conftest import DEPOT

S, ND, NS = "secret", "non_disponible", "non_significatif"
REGLES = Regles(30, 80, 120, dt.date(2026, 10, 5))
UNITES = {"heures_realisees": "h", "beneficiaires_sur_place": "personnes", "part_essai": "%", "moyenne": "h"}
DEP, REG = "dep:93", "reg:11"


def cellules(*lignes):
    """Des cellules : (indicateur, période, valeur ou statut[, territoire, ventilation, modalité])."""
    completes = [(*ligne, *(DEP, ENSEMBLE, ENSEMBLE)[len(ligne) - 3 :]) for ligne in lignes]
    noms = ["indicateur", "periode", "lue", "territoire", "ventilation", "modalite"]
    table = pd.DataFrame(completes, columns=noms)
    cachee = table["lue"].map(lambda lue: isinstance(lue, str))
    valeurs = table.assign(
        statut=table["lue"].where(cachee, "publie"),
        valeur=table["lue"].where(~cachee),
        unite=table["indicateur"].map(UNITES).fillna("marchés"),
    )
    return SCHEMAS["indicateurs/valeurs"].verifier(valeurs.drop(columns="lue"))


def heures(avant, apres, personnes=40, periodes=("2024-T4", "2025-T4")):
    """Les heures de deux périodes, et les personnes de la première."""
    lignes = zip(periodes, (avant, apres), strict=True)
    return cellules(
        *(("heures_realisees", periode, lue) for periode, lue in lignes),
        ("beneficiaires_sur_place", periodes[0], personnes),
    )


def lire(table, repere, indicateur="heures_realisees", ventilation=ENSEMBLE):
    """L'unique comparaison d'un repère : (référence, écart, unité, statut)."""
    voulue = (table["repere"] == repere) & (table["indicateur"] == indicateur)
    (ligne,) = table[voulue & (table["ventilation"] == ventilation)].itertuples(index=False)
    reference, ecart = (None if pd.isna(x) else round(x, 6) for x in (ligne.reference, ligne.ecart))
    return (reference, ecart, ligne.unite, ligne.statut)


@pytest.fixture
def rapports(monkeypatch):
    """Une part et une moyenne d'essai, dont le dénominateur compte des personnes."""
    for nom, unite in (("part_essai", "%"), ("moyenne", "h")):
        declare = Rapport(
            nom=nom,
            libelle="Essai",
            unite=unite,
            champ="",
            source="",
            lecture="",
            numerateur=Comptes(indicateur="heures_realisees"),
            denominateur=Comptes(indicateur="beneficiaires_sur_place"),
            calcul=lambda n, d: n / d,
        )
        monkeypatch.setitem(RAPPORTS, nom, declare)


# ── un an avant ───────────────────────────────────────────────────────────────────────────────
def test_une_evolution_est_en_pourcentage_de_la_meme_periode_un_an_avant():
    # 110 ÷ 100 − 1 = +10 %
    assert lire(comparer(heures(100.0, 110.0), REGLES), "an_precedent") == (100.0, 10.0, "%", "publie")


def test_une_baisse_est_negative_et_une_base_nulle_n_a_pas_d_evolution():
    assert lire(comparer(heures(100.0, 88.0), REGLES), "an_precedent")[1] == -12.0
    assert lire(comparer(heures(0.0, 88.0), REGLES), "an_precedent") == (0.0, None, "%", ND)


@pytest.mark.parametrize(("personnes", "statut"), [(30, "publie"), (29, NS), (S, NS), (ND, NS)])
def test_une_base_de_moins_de_trente_personnes_ou_inconnue_n_est_pas_significative(personnes, statut):
    lue = lire(comparer(heures(100.0, 110.0, personnes), REGLES), "an_precedent")
    assert lue == (100.0, 10.0 if statut == "publie" else None, "%", statut)


def test_un_nombre_de_personnes_est_sa_propre_base():
    for avant, statut in ((30, "publie"), (29, NS)):
        lignes = [("beneficiaires_sur_place", "2024-T4", avant), ("beneficiaires_sur_place", "2025-T4", 60)]
        lue = lire(comparer(cellules(*lignes), REGLES), "an_precedent", "beneficiaires_sur_place")
        assert lue[3] == statut


@pytest.mark.parametrize(("travaux", "statut"), [(75.0, "publie"), (74.0, NS)])
def test_la_base_d_une_modalite_est_au_prorata_de_ses_heures(travaux, statut):
    # 40 personnes pour 100 h : 75 h en font 30, 74 h en font 29,6
    table = cellules(
        ("heures_realisees", "2024-T4", 100.0),
        ("beneficiaires_sur_place", "2024-T4", 40),
        ("heures_realisees", "2024-T4", travaux, DEP, "type_marche", "T"),
        ("heures_realisees", "2025-T4", 150.0, DEP, "type_marche", "T"),
    )
    assert lire(comparer(table, REGLES), "an_precedent", ventilation="type_marche")[3] == statut


def test_une_periode_provisoire_ne_se_compare_pas_a_une_complete():
    # extraction le 5 octobre 2026 : le 1er trimestre est définitif depuis le 29 juillet, pas le 2e
    for rang, statut in ((1, "publie"), (2, NS), (3, NS)):
        table = heures(100.0, 110.0, periodes=(f"2025-T{rang}", f"2026-T{rang}"))
        assert lire(comparer(table, REGLES), "an_precedent")[3] == statut
    sans_date = Regles(30, 80, 120, None)
    assert lire(comparer(heures(100.0, 110.0), sans_date), "an_precedent")[3] == NS


def test_un_nombre_de_marches_n_a_pas_besoin_de_trente_personnes():
    table = cellules(("marches_notifies", "2024-T4", 10), ("marches_notifies", "2025-T4", 15))
    assert lire(comparer(table, REGLES), "an_precedent", "marches_notifies") == (10.0, 50.0, "%", "publie")


def test_une_cellule_cachee_n_a_pas_de_comparaison_et_un_repere_cache_pas_de_valeur():
    assert comparer(heures(100.0, S), REGLES).empty
    assert comparer(heures(100.0, ND), REGLES).empty
    assert lire(comparer(heures(S, 110.0), REGLES), "an_precedent") == (None, None, "%", S)
    assert lire(comparer(heures(ND, 110.0), REGLES), "an_precedent") == (None, None, "%", ND)


def test_sans_periode_un_an_avant_il_n_y_a_pas_de_comparaison():
    assert comparer(cellules(("heures_realisees", "2025-T4", 10.0)), REGLES).empty
    assert comparer(cellules(), REGLES).empty


def test_quatre_trimestres_se_comparent_aux_quatre_d_un_an_avant():
    glissants = heures(100.0, 110.0, periodes=("2024-T3-4T", "2025-T3-4T"))
    table = comparer(glissants, REGLES)
    assert list(table["repere"]) == ["quatre_trimestres"]
    assert lire(table, "quatre_trimestres") == (100.0, 10.0, "%", "publie")
    # au 4e trimestre, ce sont deux années
    annees = comparer(heures(100.0, 110.0, periodes=("2024", "2025")), REGLES)
    assert lire(annees, "quatre_trimestres") == lire(annees, "an_precedent")


# ── les parts, les moyennes, la région ────────────────────────────────────────────────────────
def test_une_part_evolue_en_points_une_moyenne_en_pourcentage(rapports):
    table = cellules(
        *(("heures_realisees", periode, 400.0) for periode in ("2024-T4", "2025-T4")),
        *(("beneficiaires_sur_place", periode, 40) for periode in ("2024-T4", "2025-T4")),
        ("part_essai", "2024-T4", 25.0),
        ("part_essai", "2025-T4", 28.5),
        ("moyenne", "2024-T4", 100.0),
        ("moyenne", "2025-T4", 120.0),
    )
    rendue = comparer(table, REGLES)
    assert lire(rendue, "an_precedent", "part_essai") == (25.0, 3.5, "points", "publie")
    assert lire(rendue, "an_precedent", "moyenne") == (100.0, 20.0, "%", "publie")


@pytest.mark.parametrize(("personnes", "statut"), [(30, "publie"), (29, NS)])
def test_la_base_d_un_rapport_est_son_denominateur(rapports, personnes, statut):
    table = cellules(
        ("heures_realisees", "2024-T4", 400.0),
        ("beneficiaires_sur_place", "2024-T4", personnes),
        ("part_essai", "2024-T4", 25.0),
        ("part_essai", "2025-T4", 28.5),
    )
    assert lire(comparer(table, REGLES), "an_precedent", "part_essai")[3] == statut


def test_une_part_se_compare_a_la_region_un_nombre_d_heures_non(rapports):
    table = cellules(
        ("part_essai", "2025-T4", 28.5),
        ("part_essai", "2025-T4", 25.0, REG),
        ("moyenne", "2025-T4", 90.0),
        ("moyenne", "2025-T4", 120.0, REG),
        ("heures_realisees", "2025-T4", 110.0),
        ("heures_realisees", "2025-T4", 900.0, REG),
    )
    rendue = comparer(table, REGLES)
    assert set(rendue["territoire"]) == {DEP}
    assert lire(rendue, "region", "part_essai") == (25.0, 3.5, "points", "publie")
    assert lire(rendue, "region", "moyenne") == (120.0, -25.0, "%", "publie")
    assert "heures_realisees" not in set(rendue["indicateur"])


def test_une_region_cachee_n_est_pas_un_repere(rapports):
    table = cellules(("part_essai", "2025-T4", 28.5), ("part_essai", "2025-T4", S, REG))
    assert lire(comparer(table, REGLES), "region", "part_essai") == (None, None, "points", S)


# ── le champ constant ─────────────────────────────────────────────────────────────────────────
def constant(ici, base, *, tout=100.0, avant=100.0, personnes=40):
    """Les heures des structures présentes les deux années, et toutes les heures."""
    return cellules(
        ("heures_realisees", "2025-T4", tout),
        ("heures_realisees", "2024-T4", avant),
        ("beneficiaires_sur_place", "2024-T4", personnes),
        ("heures_realisees", "2025-T4", ici, DEP, "present_un_an_avant", "OUI"),
        ("heures_realisees", "2024-T4", base, DEP, "present_un_an_apres", "OUI"),
    )


def couverture(table):
    (lue,) = table.loc[table["repere"] == "champ_constant", "couverture_pct"]
    return None if pd.isna(lue) else round(lue, 6)


def test_a_champ_constant_une_structure_nouvelle_ne_fait_pas_une_hausse():
    # 200 h contre 100 h : +100 % ; les structures présentes les deux ans : 165 contre 100, +65 %
    rendue = comparer(constant(165.0, 100.0, tout=200.0), REGLES)
    assert lire(rendue, "an_precedent") == (100.0, 100.0, "%", "publie")
    assert lire(rendue, "champ_constant") == (100.0, 65.0, "%", "publie")
    assert couverture(rendue) == 82.5  # 165 ÷ 200, moins que 100 ÷ 100


@pytest.mark.parametrize(("ici", "base"), [(79.0, 100.0), (100.0, 79.0)])
def test_un_champ_constant_qui_couvre_moins_de_quatre_vingts_pour_cent_est_refuse(ici, base):
    rendue = comparer(constant(ici, base), REGLES)
    assert lire(rendue, "champ_constant") == (base, None, "%", NS)
    assert couverture(rendue) == 79.0


@pytest.mark.parametrize("cachee", [{"ici": S, "base": 90.0}, {"ici": 90.0, "base": S}])
def test_un_champ_constant_cache_ne_dit_ni_son_ecart_ni_sa_couverture(cachee):
    rendue = comparer(constant(**cachee), REGLES)
    assert lire(rendue, "champ_constant")[1:] == (None, "%", S)
    assert couverture(rendue) is None


def test_un_champ_constant_ne_se_dit_pas_de_toutes_les_heures_cachees():
    assert "champ_constant" not in set(comparer(constant(90.0, 90.0, tout=S), REGLES)["repere"])
    assert lire(comparer(constant(90.0, 90.0, avant=S), REGLES), "champ_constant")[1:] == (None, "%", S)


# ── propriétés ────────────────────────────────────────────────────────────────────────────────
LUES = st.one_of(st.integers(0, 200), st.sampled_from([S, ND]))


@settings(max_examples=20, deadline=None)
@given(lues=st.lists(st.tuples(LUES, LUES, LUES), min_size=1, max_size=5))
def test_rien_n_est_ecrit_d_une_cellule_cachee_et_un_ecart_se_refait(lues):
    lignes = []
    for rang, (avant, apres, personnes) in enumerate(lues):
        lieu = f"ept:T{rang}"
        lignes += [
            ("heures_realisees", "2024-T4", avant, lieu),
            ("heures_realisees", "2025-T4", apres, lieu),
            ("beneficiaires_sur_place", "2024-T4", personnes, lieu),
        ]
    table = comparer(cellules(*lignes), REGLES)
    voulues = table[table["indicateur"] == "heures_realisees"].set_index("territoire")
    for rang, (avant, apres, _) in enumerate(lues):
        lieu = f"ept:T{rang}"
        if isinstance(apres, str):
            assert lieu not in voulues.index
            continue
        ligne = voulues.loc[lieu]
        assert pd.isna(ligne["reference"]) == isinstance(avant, str)
        assert pd.notna(ligne["ecart"]) == (ligne["statut"] == "publie")
        if ligne["statut"] == "publie":
            assert ligne["ecart"] == pytest.approx(100 * (apres - avant) / avant)


def test_les_comparaisons_ne_dependent_pas_de_l_ordre_des_lignes():
    table = pd.concat([heures(100.0, 110.0), constant(90.0, 90.0).query("ventilation != 'ensemble'")])
    cle = list(SCHEMAS["indicateurs/comparaisons"].cle)
    droite = comparer(table, REGLES).sort_values(cle, ignore_index=True)
    envers = comparer(table.iloc[::-1], REGLES).sort_values(cle, ignore_index=True)
    pd.testing.assert_frame_equal(droite, envers)
    assert not droite.duplicated(cle).any()


def test_les_regles_viennent_de_parametres_toml():
    regles = Regles.lire(Config.charger(DEPOT), dt.date(2026, 9, 30), dt.date(2026, 10, 5))
    assert regles == REGLES


def test_une_mediane_se_compare_a_la_region():
    # 300 h contre 400 h dans la région : −25 %
    table = cellules(("heures_medianes", "2025-T4", 300.0), ("heures_medianes", "2025-T4", 400.0, REG))
    assert lire(comparer(table, REGLES), "region", "heures_medianes") == (400.0, -25.0, "%", "publie")
