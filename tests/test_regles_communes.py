"""Les règles R1 à R9 : celles qui valent pour tous les indicateurs, chacune là où elle s'applique."""

from __future__ import annotations

import pandas as pd
import pytest

from observatoire.indicateurs import REGISTRE
from observatoire.indicateurs.contrats import contrats_actifs, missions
from observatoire.indicateurs.marches import (
    marches_clauses_actifs,
    marches_clauses_generateurs,
    marches_clauses_notifies,
)
from observatoire.indicateurs.personnes import beneficiaires
from observatoire.perimetre import Periode, Territoire
from observatoire.publication.cellules import Cellule, Cellules, difference, part
from observatoire.publication.formats import entier, grand_nombre, pct, points
from observatoire.publication.repartitions import repartir
from tests.petit_entrepot import SANS_MOIS, du_suivi, etude, mois, par, publier, suivi, valeurs

EMPLOYEUR = "80128543800017"
EMPLOYEURS = (EMPLOYEUR, "55208131766522", "13002526500013")
DEP93, T1_2025 = Territoire.lire("dep:93"), Periode.lire("2025-T1")


# ── R1 : la période ──────────────────────────────────────────────────────────────────────────


def test_r1_une_heure_appartient_au_mois_travaille_et_un_total_se_partage_par_jours():
    # Décembre 2025 saisi en mars 2026 reste en décembre. Oracle 6 : 155 h du 15/12/2021 au 14/01/2022,
    # 31 jours : 17 × 5 = 85 h en 2021 et 14 × 5 = 70 h en 2022, estimées.
    tables = du_suivi(
        suivi=suivi(
            {"mois": "2025-12-01", "heures": 40.0, "contrat_debut": "2025-12-01"},
            {**SANS_MOIS, "contrat": "C2"},
        )
    )
    assert sorted(valeurs(tables["heures"], "mois", "heures", "estime")) == [
        (mois("2021-12"), 85.0, True),
        (mois("2022-01"), 70.0, True),
        (mois("2025-12"), 40.0, False),
    ]
    # Le contrat à cheval compte dans ses deux années, une fois dans leur total.
    lues = etude(tables)
    a_cheval = lues.loc[lues["annee"] < 2025]
    assert par(contrats_actifs(a_cheval, ["annee"]), "annee") == {2021: 1, 2022: 1}
    assert par(contrats_actifs(a_cheval, ["ensemble"]), "ensemble") == {"ensemble": 1}


# ── R2 : une personne, une fois par cellule ──────────────────────────────────────────────────


def test_r2_une_personne_compte_une_fois_par_cellule_et_les_cellules_ne_s_additionnent_pas():
    # p1 travaille deux trimestres sous deux modalités, p2 un seul ; p3 fait 0,5 h : elle n'y est pas.
    lues = etude(
        du_suivi(
            suivi=suivi(
                {"mois": "2026-02-01"},
                {"mois": "2026-05-01", "operation": "OP2", "modalite": "MR_SIAE", "contrat": "C2"},
                {"mois": "2026-05-01", "personne": "p2", "contrat": "C3"},
                {"mois": "2026-05-01", "personne": "p3", "contrat": "C4", "heures": 0.5},
            )
        )
    )
    assert par(beneficiaires(lues, ["trimestre"]), "trimestre") == {"2026Q1": 1, "2026Q2": 2}
    assert par(beneficiaires(lues, ["modalite"]), "modalite") == {"CE": 2, "MR_SIAE": 1}
    assert par(beneficiaires(lues, ["annee"]), "annee") == {2026: 2}  # et non 1 + 2


# ── R3 : contrats et missions ────────────────────────────────────────────────────────────────

PREMIER = {"contrat_debut": "2026-01-05", "contrat_fin": "2026-01-31", "mois": "2026-01-01"}
SECOND = {"contrat": "C2", "contrat_debut": "2026-02-07", "contrat_fin": "2026-02-28"}
# le contrat suivant → combien de contrats, le premier compris
SUITES = {
    "sept jours après": ({}, 1),
    "huit jours après": ({"contrat_debut": "2026-02-08"}, 2),
    "le lendemain": ({"contrat_debut": "2026-02-01"}, 1),
    "avant la fin du premier": ({"contrat_debut": "2026-01-20"}, 1),
    "suivi par une autre structure": ({"structure_id": "18"}, 1),
    "un autre lot du même marché": ({"operation": "OP2", "lot": "2"}, 1),
    "un autre établissement de l'employeur": ({"employeur_id": "80128543800025"}, 1),
    "un autre employeur": ({"employeur_id": "55208131766522"}, 2),
    "un employeur inconnu": ({"employeur_id": None}, 2),
    "une autre personne": ({"personne": "p2"}, 2),
    "un autre marché": ({"operation": "OP2", "marche_reference": "2026-002"}, 2),
    "un CDI après un CDD": ({"type_contrat": "CDI"}, 2),
}


@pytest.mark.parametrize("cas", SUITES)
def test_r3_un_contrat_repris_dans_les_sept_jours_est_le_meme_et_chaque_mission_reste_visible(cas):
    ecart, attendus = SUITES[cas]
    commun = {"employeur_id": EMPLOYEUR, "type_contrat": "CDD", "heures": 10.0}
    lues = etude(du_suivi(suivi=suivi({**commun, **PREMIER}, {**commun, **SECOND, **ecart})))
    assert par(contrats_actifs(lues, ["ensemble"]), "ensemble") == {"ensemble": attendus}
    assert par(missions(lues, ["ensemble"]), "ensemble") == {"ensemble": 2}


def test_r3_une_suite_de_missions_est_un_contrat_et_une_interruption_en_ouvre_un_autre():
    # Quatre missions d'une semaine, trois qui se suivent, la quatrième un mois plus tard ; un contrat
    # long ouvert avant couvre la deuxième interruption de la personne p2.
    def mission(rang, debut, fin, **autres):
        dates = {"contrat_debut": debut, "contrat_fin": fin, "mois": f"{debut[:7]}-01"}
        return {"contrat": rang, "employeur_id": EMPLOYEUR, "type_contrat": "CTT", **dates, **autres}

    contrats = du_suivi(
        suivi=suivi(
            mission("1", "2026-01-05", "2026-01-09"),
            mission("2", "2026-01-12", "2026-01-16"),
            mission("3", "2026-01-19", "2026-01-23"),
            mission("4", "2026-02-23", "2026-02-27"),
            mission("5", "2026-01-05", "2026-03-31", personne="p2"),
            mission("6", "2026-01-12", "2026-01-16", personne="p2"),
            mission("7", "2026-03-02", "2026-03-06", personne="p2"),
        )
    )["contrats"]
    suites = contrats.groupby("contrat_suivi_id")["date_debut"].agg(list).tolist()
    assert sorted(len(suite) for suite in suites) == [1, 3, 3]
    # L'identifiant d'une suite est celui de son premier contrat.
    premiers = contrats.loc[contrats["contrat_id"] == contrats["contrat_suivi_id"], "date_debut"]
    assert sorted(premiers) == [pd.Timestamp("2026-01-05")] * 2 + [pd.Timestamp("2026-02-23")]


# ── R4 : trois comptes de marchés ────────────────────────────────────────────────────────────


def test_r4_un_marche_notifie_actif_ou_generateur_se_dit_et_se_compte_de_trois_facons():
    # Un marché de deux lots, notifié en janvier, dont un lot produit des heures en mai.
    tables = du_suivi(
        suivi=suivi(
            {"mois": "2026-05-01", "lot": "1", "date_notification": "2026-01-15"},
            {
                "operation": "OP2",
                "lot": "2",
                "contrat": "C2",
                "heures": 0.0,
                "date_notification": "2026-01-15",
            },
        )
    )
    clauses = tables["clauses"].assign(trimestre="2026Q1")
    assert len(clauses) == 2
    assert par(marches_clauses_notifies(clauses, ["trimestre"]), "trimestre") == {"2026Q1": 1}
    assert par(marches_clauses_actifs(clauses, ["trimestre"]), "trimestre") == {"2026Q1": 1}
    assert par(marches_clauses_generateurs(etude(tables), ["trimestre"]), "trimestre") == {"2026Q2": 1}
    trois = [REGISTRE[f"marches_clauses_{nom}"] for nom in ("notifies", "actifs", "generateurs")]
    assert len({indicateur.libelle for indicateur in trois}) == len({i.champ for i in trois}) == 3
    assert all("periode" not in indicateur.additif for indicateur in trois)


# ── R5, R6 : où et quand ─────────────────────────────────────────────────────────────────────


def test_r5_les_heures_vont_au_lieu_d_execution_et_les_personnes_a_leur_residence():
    # Six habitants de Créteil travaillent à Saint-Denis : les heures dans le 93, les personnes dans le 94.
    # Trois employeurs, un tiers des heures chacun : elles se publient.
    creteil = {"commune_residence": "94028", "heures": 10.0}
    lignes = suivi(
        *(
            {"personne": f"p{r}", "contrat": f"C{r}", "employeur_id": EMPLOYEURS[r % 3], **creteil}
            for r in range(6)
        )
    )
    cellules = publier(suivi=lignes).set_index(["indicateur", "territoire", "periode", "ventilation"])[
        "valeur"
    ]

    def valeur(indicateur, territoire):
        return cellules[indicateur, territoire, "2026-T1", "ensemble"]

    assert [valeur("heures_realisees", t) for t in ("reg:11", "dep:93", "dep:94")] == [60, 60, 0]
    assert [valeur("beneficiaires", t) for t in ("reg:11", "dep:93", "dep:94")] == [6, 0, 6]
    assert [valeur("beneficiaires_sur_place", t) for t in ("dep:93", "dep:94")] == [6, 0]
    assert {i.rattachement for i in REGISTRE.values()} <= {
        "execution",
        "execution_marche",
        "acheteur",
        "acheteur_marche",
        "residence",
        "projet",
        "structure",
    }


def test_r6_l_age_le_niveau_les_publics_et_le_quartier_sont_ceux_de_l_entree():
    entree = {"contrat_debut": "2023-06-01", "mois": "2023-06-01", "age_entree": 25, "niveau_diplome": "INF3"}
    entree |= {"publics": "DELD", "qpv": "OUI", "qpv_code": "QP093028", "millesime_qpv": "2015"}
    ensuite = {"contrat": "C2", "contrat_debut": "2025-06-01", "mois": "2025-06-01", "age_entree": 27}
    ensuite |= {"niveau_diplome": "N4", "publics": "RQTH", "qpv": "NON", "commune_residence": "75056"}
    tables = du_suivi(suivi=suivi(ensuite, entree))
    profil = valeurs(
        tables["beneficiaires"], "tranche_age", "niveau_diplome", "qpv", "qpv_code", "commune_residence"
    )
    assert profil == [("M26", "INF3", "OUI", "QP093028", "93066")]
    assert valeurs(tables["beneficiaires_publics"], "public") == ["DELD"]


# ── R7, R8 : les parts et leur écriture ──────────────────────────────────────────────────────


def test_r7_une_part_exclut_le_non_renseigne_dont_le_taux_est_rendu():
    # 30 femmes et 60 hommes, 10 non renseignés : 30 / 90 = 33,3 %, et 10 % de non-renseigné.
    # Le seuil de retrait est dépassé à 31 % : plus aucune part.
    def sexes(f, m, nr):
        lignes = [
            ("ensemble", "ensemble", f + m + nr),
            ("sexe", "F", f),
            ("sexe", "M", m),
            ("sexe", "NR", nr),
        ]
        cellules = pd.DataFrame(lignes, columns=["ventilation", "modalite", "valeur"]).assign(
            territoire=str(DEP93), periode=str(T1_2025), indicateur="beneficiaires", statut="publie"
        )
        return repartir(Cellules(cellules), "beneficiaires", "sexe", DEP93, T1_2025, retrait_nr=30)

    rendue = sexes(30, 60, 10)
    parts = {ligne.codes[0]: pct(ligne.part) for ligne in rendue.lignes}
    assert (parts["F"], parts["M"], pct(rendue.taux_nr)) == ("33,3\xa0%", "66,7\xa0%", "10,0\xa0%")
    assert {pct(ligne.part) for ligne in sexes(30, 39, 31).lignes} == {"n.s.", "n.d."}


def test_r8_des_heures_entieres_des_parts_a_une_decimale_des_ecarts_en_points():
    # Oracles 2 et 3. Un taux ne se recalcule jamais depuis un nombre déjà arrondi.
    def taux(a, b):
        return pct(part(Cellule.de(a), Cellule.de(b)))

    assert (entier(1234.5), grand_nombre(6_300_000)) == ("1\u202f235", "6,3\xa0M")
    assert (taux(2953, 12364), taux(2428, 12978), taux(95, 461)) == ("23,9\xa0%", "18,7\xa0%", "20,6\xa0%")
    assert pct(100 * 1.3 / 4.83, 0) == "27\xa0%"
    assert [taux(2_874_641, objectif) for objectif in (2_473_874, 2_475_000)] == ["116,2\xa0%", "116,1\xa0%"]
    assert points(difference(Cellule.de(16.6), Cellule.de(15.1))) == "+1,5\xa0point"


# ── R9 : le secret ───────────────────────────────────────────────────────────────────────────


def test_r9_une_cellule_de_une_a_quatre_personnes_est_tue_avec_ses_heures():
    # Quatre personnes à Saint-Denis, cinq à Créteil, chez trois employeurs.
    ou = ["93066"] * 4 + ["94028"] * 5
    lignes = suivi(
        *(
            {
                "personne": f"p{r}",
                "contrat": f"C{r}",
                "operation": c,
                "commune_execution": c,
                "employeur_id": EMPLOYEURS[r % 3],
            }
            for r, c in enumerate(ou)
        )
    )
    cellules = publier(suivi=lignes)
    assert cellules.loc[cellules["statut"] == "secret", "valeur"].isna().all()
    ensembles = cellules[(cellules["ventilation"] == "ensemble") & (cellules["periode"] == "2026-T1")]
    for indicateur in ("heures_realisees", "beneficiaires_sur_place", "contrats_actifs", "missions"):
        lus = ensembles[ensembles["indicateur"] == indicateur].set_index("territoire")["statut"]
        assert (lus["dep:93"], lus["reg:11"]) == ("secret", "publie"), indicateur
        # La région moins sept départements rendrait le huitième : un autre se tait, et un seul.
        tus = lus[lus.index.str.startswith("dep:")].eq("secret")
        assert tus.sum() == 2, indicateur
        # Un zéro ou les cinq personnes de Créteil ; pour les heures, un zéro ne suffirait pas : 400 seraient
        # le plus haut possible de Saint-Denis, quand il faut pouvoir en croire 400 ÷ 0,85 = 471.
        assert tus["dep:94"] == (indicateur == "heures_realisees"), indicateur
