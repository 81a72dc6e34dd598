"""Les engagements : heures engagées, réalisées par les clauses soldées, restant à faire ; les titulaires."""

from __future__ import annotations

import narwhals as nw
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.indicateurs import REGISTRE
from observatoire.indicateurs.clauses import entreprises_titulaires, heures_engagees
from observatoire.indicateurs.couverture import periodes_couvertes
from observatoire.indicateurs.registre import RAPPORTS
from observatoire.indicateurs.sommes import sommer_apports, sommer_connus, sommer_heures
from observatoire.referentiel import ventilations
from tests.entrepot_en_memoire import ICI, cinq, clause, entrepot
from tests.lecture_indicateurs import evaluer_ceux_de, lecteur, valeurs_de

REGION = ("reg:11",)
LE_94 = ("reg:11", "dep:94")
MIENS = (
    "heures_engagees",
    "heures_engagees_initiales",
    "heures_engagees_actives",
    "heures_engagees_soldees",
    "heures_realisees_soldees",
    "heures_engagees_en_cours",
    "heures_attendues_en_cours",
    "heures_realisees_en_cours",
    "heures_engagees_rapprochees",
    "montant_marches_clauses",
    "marches_clauses_notifies",
    "entreprises_titulaires",
)


# ── les sommes, et qui y contribue ────────────────────────────────────────────────────────────
def apports(*lignes):
    """Lignes : (personne, employeur, heures)."""
    table = pd.DataFrame(list(lignes), columns=["personne", "employeur_siren", "heures"])
    types = {"personne": "string", "employeur_siren": "string", "heures": "Float64"}
    return table.astype(types).assign(territoire="t")


def seule(table, *colonnes):
    (ligne,) = table[list(colonnes)].itertuples(index=False, name=None)
    return tuple(None if pd.isna(nombre) else nombre for nombre in ligne)


MESURES = ("valeur", "effectif", "employeurs", "premier")
heures, connus, contributions = map(nw.narwhalify, (sommer_heures, sommer_connus, sommer_apports))


def test_une_somme_dit_ses_personnes_ses_employeurs_et_le_plus_gros_apport():
    # e1 : 10 + 5 = 15 ; e2 : 7 ; l'employeur inconnu : 1 + 2 = 3, et compte pour un ; la ligne à zéro, pour
    # rien.
    lignes = [("a", "e1", 10), ("b", "e1", 5), ("b", "e2", 7), ("c", None, 1), ("d", None, 2), ("e", "e3", 0)]
    assert seule(heures(apports(*lignes), ["territoire"]), *MESURES) == (25, 4, 3, 15)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.sampled_from(["x", "y", None]), st.integers(0, 20).map(lambda n: n / 4)
        ),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=50, deadline=None)
def test_le_premier_est_entre_la_moyenne_et_la_somme(lignes):
    lue = contributions(apports(*lignes), ["territoire"], "heures", "employeur_siren")
    valeur, employeurs, premier = seule(lue, "valeur", "employeurs", "premier")
    assert valeur == pytest.approx(sum(heures for *_, heures in lignes))
    assert employeurs == len({employeur for _, employeur, _ in lignes})
    assert valeur / employeurs - 1e-9 <= premier <= valeur + 1e-9


def test_une_somme_dont_rien_n_est_connu_n_est_pas_zero():
    table = pd.DataFrame({"m": ["a", "a", "b", "c"], "x": [1.0, None, None, 0.0]}).astype({"x": "Float64"})
    lue = connus(table, ["m"], "x").set_index("m")["valeur"]
    assert (lue["a"], pd.isna(lue["b"]), lue["c"]) == (1.0, True, 0.0)


def test_un_titulaire_compte_une_fois_et_un_siren_illisible_jamais():
    table = pd.DataFrame({"territoire": "t", "titulaire": [1, 1, 2]})
    assert seule(entreprises_titulaires(table, ["territoire"]), "valeur", "effectif") == (2, None)


# ── un petit entrepôt : une année couverte, des clauses soldées et en cours ───────────────────
DATES_2025 = {"date_debut": "2025-01-01", "date_fin": "2025-12-31"}
CLAUSES = [
    clause("temoin"),
    # Soldées au 2e trimestre : s1 fait 120 h pour 100, 80 avant un avenant ; s2, 20 pour 50.
    clause(
        "s1",
        statut="SOLDEE",
        date_notification="2025-01-10",
        date_fin="2025-06-30",
        heures_engagees=100.0,
        heures_engagees_initiales=80.0,
        secteur="BAT",
        titulaire_id="11111111100011",
    ),
    clause(
        "s2",
        statut="SOLDEE",
        date_notification="2025-02-10",
        date_fin="2025-05-31",
        heures_engagees=50.0,
        heures_engagees_initiales=50.0,
        secteur="NET",
        titulaire_id="11111111100029",
    ),
    # Commencée avant que le suivi n'existe : ses premières heures manquent.
    clause(
        "vieille", statut="SOLDEE", date_debut="2024-06-01", date_fin="2025-06-30", heures_engagees=1000.0
    ),
    # En cours toute l'année : c1 fait 110 h pour 365 à la fin de juin ; c2, 150 pour 73.
    clause("c1", heures_engagees=365.0, secteur="BAT", titulaire_id="22222222200010", **DATES_2025),
    clause("c2", heures_engagees=73.0, secteur="NET", titulaire_id="INCONNU", **DATES_2025),
    clause("arretee", statut="SOLDEE", date_debut="2025-01-01", date_fin="2026-06-30", heures_engagees=99.0),
    clause("sans_fin", date_debut="2025-01-01", heures_engagees=99.0),
    clause("abandonnee", statut="ABANDONNEE", heures_engagees=99.0, **DATES_2025),
    clause("privee", modalite="PRIVE", heures_engagees=99.0, **DATES_2025),
]
HEURES = [
    *(ligne for mois in ("2025-01", "2025-04", "2025-07", "2025-10") for ligne in cinq("temoin", mois, 2.0)),
    *cinq("s1", "2025-02", 24.0),
    *cinq("s2", "2025-05", 4.0),
    *cinq("vieille", "2025-01", 2.0),
    *cinq("c1", "2025-02", 20.0),
    *cinq("c1", "2025-05", 2.0),
    *cinq("c2", "2025-03", 30.0),
    *cinq("arretee", "2025-03", 1.0),
]
STRUCTURES = [{"siret": "11111111100029", "genre": "EI"}]


@pytest.fixture(scope="module")
def cellule():
    connexion = entrepot(HEURES, CLAUSES, entrepot__structures=STRUCTURES)
    # p0, p1 et p2 chez un employeur, p3 et p4 chez un autre.
    connexion.execute(
        """update entrepot.contrats set employeur_siren =
        case when personne in ('p0', 'p1', 'p2') then '111111111' else '222222222' end"""
    )
    return lecteur(connexion, MIENS, "secteur", "genre_titulaire")


def test_le_taux_de_realisation_ne_voit_que_les_clauses_soldees_suivies_depuis_leur_debut(cellule):
    # H3 : (120 + 20) / (100 + 50) = 93,3 % ; s1 dépasse son engagement, le taux de son secteur aussi.
    assert cellule("heures_engagees_soldees", "2025-T2") == 150
    assert cellule("heures_realisees_soldees", "2025-T2") == 140
    assert cellule("taux_realisation", "2025-T2") == pytest.approx(100 * 140 / 150)
    assert cellule("taux_realisation", "2025-T2", "secteur", "BAT") == pytest.approx(120)
    # L'année solde les mêmes ; aucun autre trimestre n'en solde : 0 ÷ 0.
    assert cellule("heures_engagees_soldees", "2025") == 150
    assert cellule("taux_realisation", "2025") == pytest.approx(100 * 140 / 150)
    assert cellule("heures_engagees_soldees", "2025-T1") is None
    assert cellule("taux_realisation", "2025-T1") is None


def test_les_heures_des_clauses_soldees_disent_leurs_personnes_et_leurs_employeurs(cellule):
    # s1 : 3 × 24 = 72 h et 2 × 24 = 48 h ; s2 : 12 h et 8 h. Le premier employeur fait 72 + 12 = 84 h.
    assert cellule.mesures("heures_realisees_soldees", "2025-T2") == (140, 5, 2, 84)


def test_le_reste_a_realiser_ne_compense_jamais_une_clause_par_une_autre(cellule):
    # H5 fin juin : c1 doit 365 − 110 = 255 h ; c2, qui en a fait 150 pour 73, ne doit rien.
    assert cellule("heures_engagees_en_cours", "2025-T2") == 365 + 73
    assert cellule("heures_realisees_en_cours", "2025-T2") == pytest.approx(110 + 73)
    assert cellule("reste_a_realiser", "2025-T2") == pytest.approx(255)  # et non 438 − 260 = 178
    assert cellule("reste_a_realiser", "2025-T2", "secteur", "BAT") == pytest.approx(255)
    assert cellule("reste_a_realiser", "2025-T2", "secteur", "SERVICES") == pytest.approx(0)
    # Fin mars, sans les heures de mai : c1 doit 365 − 100 = 265 h et s2 ses 50 h ; s1 n'en doit plus.
    assert cellule("reste_a_realiser", "2025-T1") == pytest.approx(265 + 50)


def test_les_heures_de_trop_sont_retirees_a_chacun_en_proportion(cellule):
    # Fin juin, c1 : 66 h et 44 h ; c2, ramenée à 73 h : 43,8 h et 29,2 h. Le premier : 66 + 43,8.
    valeur, personnes, employeurs, premier = cellule.mesures("heures_realisees_en_cours", "2025-T2")
    assert (valeur, personnes, employeurs) == (pytest.approx(183), 5, 2)
    assert premier == pytest.approx(66 + 43.8)


def test_l_avancement_se_lit_a_cote_du_temps_ecoule(cellule):
    # H4 fin juin : 183 / 438 = 41,8 % ; 181 jours sur 365 : (365 + 73) × 181 / 365 = 217,2 h, soit 49,6 %.
    assert cellule("taux_avancement", "2025-T2") == pytest.approx(100 * 183 / 438)
    assert cellule("heures_attendues_en_cours", "2025-T2") == pytest.approx(217.2)
    assert cellule("avancement_temporel", "2025-T2") == pytest.approx(100 * 181 / 365)


def test_une_clause_n_est_plus_en_cours_le_dernier_jour_de_son_marche(cellule):
    # c1 et c2 s'achèvent le 31 décembre : rien n'est en cours à la fin du 4e trimestre.
    assert cellule("heures_engagees_en_cours", "2025-T3") == 438
    assert cellule("heures_engagees_en_cours", "2025-T4") is None
    assert cellule("reste_a_realiser", "2025-T4") is None


def test_un_stock_se_lit_a_la_fin_d_un_trimestre_et_jamais_sur_une_annee(cellule):
    # L'année répéterait son 4e trimestre sous un autre nom : deux cellules à cacher pour une.
    assert cellule("heures_engagees_en_cours", "2025") is None
    assert cellule("heures_realisees_en_cours", "2025") is None


def test_l_engagement_garde_son_origine_a_cote_de_son_dernier_etat(cellule):
    # T10, notifiées au 1er trimestre : 100 + 50 = 150 h, contre 80 + 50 = 130 h à l'origine.
    assert cellule("heures_engagees", "2025-T1") == 150
    assert cellule("heures_engagees_initiales", "2025-T1") == 130
    assert cellule("revision_engagement", "2025-T1") == pytest.approx(100 * 150 / 130)


def test_les_clauses_actives_engagent_un_stock(cellule):
    # 1er trimestre : 100 + 50 + 1000 + 365 + 73 + 99 (arrêtée) + 99 (sans fin) ; au 3e, trois sont finies.
    assert cellule("heures_engagees_actives", "2025-T1") == 1786
    assert cellule("heures_engagees_actives", "2025-T3") == 365 + 73 + 99 + 99


def test_les_titulaires_se_comptent_par_siren_et_par_genre(cellule):
    # s1 et s2 : deux établissements d'une entreprise, dont l'un est une EI ; c1 : une autre ; c2 : illisible.
    assert cellule("entreprises_titulaires", "2025-T1") == 2
    assert cellule("entreprises_titulaires", "2025-T1", "genre_titulaire", "EI") == 1
    assert cellule("entreprises_titulaires", "2025-T1", "genre_titulaire", "AUCUN") == 2


# ── l'intensité ───────────────────────────────────────────────────────────────────────────────
def publie(identifiant, **autres):
    """Un marché des données essentielles, où que ses clauses s'exécutent."""
    return {"marche_id": identifiant, "genre": "marche", "montant_sommable_eur": None, **autres}, REGION


@pytest.fixture(scope="module")
def intensite():
    notifiee = {"date_notification": "2025-01-10", "marche_cle": "m1"}
    clauses = [
        clause("a", heures_engagees=30.0, marche_id="d1", lot="1", **notifiee),
        clause("b", LE_94, heures_engagees=10.0, marche_id="d1", lot="2", **notifiee),
        clause("aberrant", heures_engagees=500.0, marche_id="d2", date_notification="2025-01-10"),
        clause("seule", heures_engagees=60.0, date_notification="2025-01-10"),
        clause("muette", marche_id="d3", date_notification="2025-01-10"),
    ]
    marches = [
        publie("d1", montant_sommable_eur=100_000.0),
        publie("d2", montant_statut="aberrant"),
        publie("d3", montant_sommable_eur=50_000.0),
    ]
    connexion = entrepot(cinq("a", "2025-02", 1.0), clauses, marches)
    return lecteur(connexion, MIENS)


def test_le_montant_d_un_marche_se_partage_entre_ses_lots_et_ses_territoires(intensite):
    # d1 : 100 000 € pour 30 h dans le 93 et 10 h dans le 94, soit 75 000 € et 25 000 €.
    assert intensite("montant_marches_clauses", "2025-T1") == 100_000
    assert intensite("montant_marches_clauses", "2025-T1", territoire="dep:93") == 75_000
    assert intensite("montant_marches_clauses", "2025-T1", territoire="dep:94") == 25_000
    # M5 : 40 h pour 0,1 M€ = 400 h par M€, partout ; ni l'aberrant, ni le non rapproché, ni le muet n'y sont.
    assert intensite("heures_engagees_rapprochees", "2025-T1") == 40
    for territoire in ("reg:11", "dep:93", "dep:94"):
        assert intensite("heures_par_million_eur", "2025-T1", territoire=territoire) == pytest.approx(400)


def test_les_heures_par_marche_comptent_un_marche_de_deux_lots_pour_un(intensite):
    # M5 : 30 + 10 + 500 + 60 = 600 h pour quatre marchés (m1, aberrant, seule, muette) = 150 h.
    assert intensite("marches_clauses_notifies", "2025-T1") == 4
    assert intensite("heures_par_marche", "2025-T1") == pytest.approx(150)


def test_des_heures_engagees_toutes_inconnues_ne_font_pas_zero():
    table = pd.DataFrame({"modalite": ["A", "A", "B"], "heures_engagees": [100.0, None, None]})
    lue = heures_engagees(table.astype({"heures_engagees": "Float64"}), ["modalite"]).set_index("modalite")
    assert lue.loc["A", "valeur"] == 100.0
    assert pd.isna(lue.loc["B", "valeur"])


# ── une propriété : le reste à réaliser, sur des clauses quelconques ─────────────────────────
_CLAUSES = st.lists(
    st.tuples(st.integers(1, 40), st.lists(st.integers(0, 30), max_size=3), st.sampled_from(["BAT", "NET"])),
    min_size=1,
    max_size=5,
)


@given(_CLAUSES)
@settings(max_examples=4, deadline=None)
def test_le_reste_est_la_somme_de_ce_que_chaque_clause_doit(tirees):
    clauses = [
        clause(f"k{rang}", heures_engagees=float(engage), secteur=secteur, **DATES_2025)
        for rang, (engage, _, secteur) in enumerate(tirees)
    ]
    temoin = clause("temoin", heures_engagees=5.0, **DATES_2025)  # 5 × 1 h : elle ne doit rien
    heures = [
        (f"p{rang}-{no}", f"k{rang}", "2025-02", float(faites))
        for rang, (_, toutes, _) in enumerate(tirees)
        for no, faites in enumerate(toutes)
    ]
    connexion = entrepot([*cinq("temoin", "2025-01", 1.0), *heures], [temoin, *clauses])
    lue = lecteur(connexion, MIENS[5:8])
    du = sum(max(engage - sum(toutes), 0) for engage, toutes, _ in tirees)
    assert lue("reste_a_realiser", "2025-T1") == pytest.approx(du, abs=1e-4)


# ── ce que le registre en dit ─────────────────────────────────────────────────────────────────
def test_ce_qui_revele_le_realise_est_protege_comme_le_realise():
    # Le reste et l'avancement n'ont d'autre terme secret que les heures réalisées des mêmes cellules.
    for nom in ("reste_a_realiser", "taux_avancement", "taux_realisation"):
        proteges = [
            terme.indicateur for terme in RAPPORTS[nom].termes if REGISTRE[terme.indicateur].personnes
        ]
        assert len(proteges) == 1, nom
        assert proteges[0].startswith("heures_realisees"), nom


def test_un_rapport_croise_ses_termes_sur_des_ventilations_qu_ils_ont_tous_deux():
    concernes = [r for r in RAPPORTS.values() if {t.indicateur for t in r.termes} <= set(MIENS)]
    assert len(concernes) == 7
    for rapport in concernes:
        for terme in rapport.termes:
            assert set(rapport.croise) <= set(REGISTRE[terme.indicateur].ventilations), rapport.nom
        assert len(rapport.methode) > 200, rapport.nom
        assert set(rapport.croise) <= set(ventilations())


def test_un_stock_ne_s_additionne_pas_dans_le_temps():
    for nom in MIENS:
        stock = nom.endswith(("_actives", "_en_cours")) or nom.startswith(("marches", "entreprises"))
        assert ("periode" in REGISTRE[nom].additif) is not stock, nom


def test_les_stocks_ont_les_trimestres_du_suivi_et_pas_d_annee():
    heures = [
        ligne for mois in ("2025-01", "2025-04", "2025-07", "2025-10") for ligne in cinq("k", mois, 1.0)
    ]
    projet = [{"marche_cle": "m-k", "programme": "GPE", "date_notification": "2025-01-05"}]
    connexion = entrepot(
        heures, [clause("k", ICI)], entrepot__structures=STRUCTURES, entrepot__grands_projets=projet
    )
    periodes = periodes_couvertes(connexion).groupby("genre")["periode"].agg(list)
    trimestres = ["2025-T1", "2025-T2", "2025-T3", "2025-T4"]
    assert sorted(periodes["suivi"]) == ["2025", *trimestres]
    assert sorted(periodes["stock"]) == sorted(periodes["grands_projets"]) == trimestres
    assert list(periodes["structures"]) == ["2025-T4"]
    vide = periodes_couvertes(entrepot(heures, [clause("k", ICI)]))
    assert set(vide["genre"]) == {"suivi", "stock"} | (set(vide["genre"]) & {"entrees"})


def test_une_valeur_cachee_cache_le_reste_a_realiser(cellule):
    valeurs = valeurs_de(cellule.cellules)
    cachee = (valeurs["indicateur"] == "heures_realisees_en_cours") & (valeurs["ventilation"] == "ensemble")
    valeurs.loc[cachee, ["valeur", "statut"]] = [pd.NA, "secret"]
    lus = evaluer_ceux_de(valeurs)
    reste = lus[(lus["indicateur"] == "reste_a_realiser") & (lus["ventilation"] == "ensemble")]
    assert len(reste) > 0
    assert reste["valeur"].isna().all()
    assert set(reste.loc[reste["periode"] == "2025-T2", "statut"]) == {"secret"}
