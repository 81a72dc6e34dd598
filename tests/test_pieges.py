"""Les pièges T1 à T23 du métier : chacun posé, puis évité par le maillon qui le traite."""

from __future__ import annotations

import csv
import datetime as dt
import json
from decimal import Decimal
from types import SimpleNamespace

import pandas as pd
import pytest

import observatoire
from observatoire.acquisition.pseudonymes import pseudonymiser
from observatoire.acquisition.suivi import lire_suivi
from observatoire.controle import recouper
from observatoire.indicateurs import REGISTRE
from observatoire.indicateurs.commande_publique import (
    part_marches_considerations,
    part_montant_considerations,
)
from observatoire.indicateurs.contrats import contrats_actifs
from observatoire.indicateurs.heures import heures_realisees
from observatoire.indicateurs.personnes import beneficiaires
from observatoire.indicateurs.qualite import mesurer
from observatoire.perimetre import Periode
from observatoire.publication.cellules import Cellule, part
from observatoire.publication.fiche.contexte import Contexte
from observatoire.publication.formats import pct
from observatoire.referentiel import nomenclature, ventilations
from observatoire.schemas import SCHEMAS
from tests.maillons import connecter, controler, entreposer
from tests.petit_entrepot import (
    CONFIG,
    SANS_MOIS,
    STRUCTURE_ID,
    SUIVI,
    du_suivi,
    etude,
    identifiant,
    mois,
    par,
    projets,
    publier,
    suivi,
    table,
    valeurs,
)

CLE = bytes(range(32))
TITULAIRE, ETTI, AUTRE_STRUCTURE = "80128543800017", "55208131766522", "26750004900010"


def heures_par_operation(tables, colonne="heures"):
    """Les heures de chaque opération de la structure des essais."""
    noms = {identifiant("suivi_a", STRUCTURE_ID, nom): nom for nom in ("OP1", "OP2", "OP3")}
    sommes = tables["heures"].groupby("clause_id")[colonne].sum()
    return {noms[clause]: float(somme) for clause, somme in sommes.items()}


# ── T1, T2 : la même personne, les mêmes heures, deux fois ───────────────────────────────────


def test_t1_une_personne_suivie_par_deux_facilitateurs_a_une_seule_cle():
    # Oracle 8 : deux structures, deux numéros, deux écritures du nom ; une en région, une chez chacune.
    identites = pd.DataFrame(
        {
            "nom": ["Noël-Été", "NOEL ETE"],
            "prenom": ["Zoé", "zoe"],
            "naissance": ["1990-05-01", "1990-05-01"],
            "repli": ["suivi_a:1:17", "suivi_b:2:99"],
        },
        dtype="string",
    )
    cles = pseudonymiser(identites, CLE)
    assert cles[0] == cles[1]
    lignes = suivi(
        {"personne": cles[0]},
        {"personne": cles[1], "source": "suivi_b", "structure_id": AUTRE_STRUCTURE},
    )
    tables = du_suivi(suivi=lignes)
    assert len(tables["beneficiaires"]) == 1
    assert len(tables["contrats"]) == 2
    lues = etude(tables)
    assert par(beneficiaires(lues, ["ensemble"]), "ensemble") == {"ensemble": 1}
    assert par(beneficiaires(lues, ["structure_id"]), "structure_id") == {STRUCTURE_ID: 1, AUTRE_STRUCTURE: 1}


@pytest.mark.parametrize(("heures", "signalees"), [(120.0, 2), (100.0, 0)])
def test_t2_des_heures_declarees_par_le_titulaire_et_par_l_etti_sont_signalees_et_gardees(heures, signalees):
    # 2 × 120 h = 240 h > 220 h dans le mois chez deux employeurs d'un même lot : anomalie. Deux mi-temps
    # (2 × 100 h) sont licites : rien n'est effacé, le doute se lit au contrôle.
    lignes = suivi(
        {"employeur_id": TITULAIRE, "heures": heures},
        {"employeur_id": ETTI, "heures": heures, "contrat": "M1"},
    )
    with connecter({"controle/suivi": lignes}, "acquisition", "controle") as connexion:
        marquees = recouper(connexion, 220)["controle/recoupements"].to_df()
    assert (marquees["regle"] == "deux_employeurs_le_meme_mois").sum() == signalees
    assert du_suivi(suivi=lignes)["heures"]["heures"].sum() == 2 * heures


# ── T3 : les missions communes ───────────────────────────────────────────────────────────────

# heures engagées par OP1, OP2, OP3 ; heures de la mission commune → parts
PARTAGES = [
    ((300.0, 100.0, None), "OP1|OP2", 100.0, {"OP1": 75.0, "OP2": 25.0}),
    ((300.0, None, None), "OP1|OP2", 100.0, {"OP1": 50.0, "OP2": 50.0}),  # OP2 ne dit rien : à parts égales
    ((300.0, 0.0, None), "OP1|OP2", 100.0, {"OP1": 50.0, "OP2": 50.0}),
    ((1.0, 1.0, 1.0), "OP3| OP1 |OP2|OP1", 100.0, None),  # 33,34 + 33,33 + 33,33
    ((2.0, 1.0, None), "OP1|OP2", 0.01, {"OP1": 0.01, "OP2": 0.0}),
]


@pytest.mark.parametrize(("engagees", "operation", "heures", "attendues"), PARTAGES)
def test_t3_une_mission_commune_est_partagee_au_prorata_des_heures_engagees(
    engagees, operation, heures, attendues
):
    seules = [
        {"operation": f"OP{rang}", "contrat": None, "heures": None, "heures_engagees": engagee}
        for rang, engagee in enumerate(engagees, start=1)
    ]
    tables = du_suivi(
        suivi=suivi(*seules, {"operation": operation, "heures": heures, "heures_engagees": 9999.0})
    )
    parts = heures_par_operation(tables)
    assert len(tables["clauses"]) == 3
    assert round(sum(parts.values()), 2) == heures
    assert sorted(parts.values()) == [33.33, 33.33, 33.34] if attendues is None else parts == attendues
    assert tables["heures"]["mutualise"].tolist() == [len(parts) > 1] * len(parts)
    # La mission commune ne change pas ce que chaque clause engage.
    assert sorted(tables["clauses"]["heures_engagees"].dropna()) == sorted(
        e for e in engagees if e is not None
    )


def test_t3_une_operation_seule_suivie_d_un_separateur_n_est_pas_une_mission_commune():
    tables = du_suivi(suivi=suivi({"operation": "OP1|", "heures_engagees": 300.0}))
    assert heures_par_operation(tables) == {"OP1": 100.0}
    assert valeurs(tables["clauses"], "heures_engagees") == [300.0]
    assert valeurs(tables["heures"], "mutualise") == [False]


def test_t3_une_mission_commune_connue_par_son_total_se_partage_par_jours_puis_entre_clauses():
    # 155 h, du 15/12/2021 au 14/01/2022 : 85 et 70 h, puis 3/4 et 1/4 : 63,75 + 21,25 et 52,50 + 17,50.
    seules = [
        {"operation": f"OP{r}", "contrat": None, "heures": None, "heures_engagees": e}
        for r, e in ((1, 300.0), (2, 100.0))
    ]
    heures = du_suivi(suivi=suivi(*seules, {**SANS_MOIS, "operation": "OP1|OP2"}))["heures"]
    assert sorted(valeurs(heures, "mois", "heures", "estime", "mutualise")) == [
        (mois("2021-12"), 21.25, True, True),
        (mois("2021-12"), 63.75, True, True),
        (mois("2022-01"), 17.5, True, True),
        (mois("2022-01"), 52.5, True, True),
    ]


# ── T4 à T6 : unités, retards, années ────────────────────────────────────────────────────────


def test_t4_tout_indicateur_porte_son_unite_et_une_part_dit_de_quoi():
    # Une femme sur deux personnes, 10 h sur 40 : 50 % des personnes mais 25 % des heures.
    lues = etude(
        du_suivi(
            suivi=suivi({"heures": 10.0}, {"personne": "p2", "contrat": "C2", "sexe": "M", "heures": 30.0})
        )
    ).assign(sexe=lambda t: t["personne"].map({"p1": "F", "p2": "M"}))
    personnes, heures = (par(f(lues, ["sexe"]), "sexe") for f in (beneficiaires, heures_realisees))
    assert (personnes["F"] / 2, heures["F"] / 40) == (0.5, 0.25)
    comptes = {"personnes", "contrats", "marchés", "lots", "entreprises", "structures"}
    assert {i.unite for i in REGISTRE.values()} <= comptes | {"h", "jours", "ETP", "%", "€"}
    assert REGISTRE["beneficiaires"].unite != REGISTRE["heures_realisees"].unite
    for indicateur in REGISTRE.values():
        # « % » seul ne dit rien : la phrase nomme ce dont c'est la part.
        mots = indicateur.lecture.split("{valeur}")[1].split()
        assert len(mots) >= 1, indicateur.nom
        assert indicateur.unite != "%" or mots[0] in ("des", "du", "de"), indicateur.nom


def test_t5_un_trimestre_reste_provisoire_cent_vingt_jours():
    # Fin du T3 2026 : 30 septembre ; + 120 jours : 28 janvier 2027.
    jours = CONFIG.parametre("jours_avant_definitif", dt.date(2026, 9, 30)).valeur
    fiche = SimpleNamespace(extraction=None, parametre=lambda _: jours)
    fiche.definitif_le = lambda periode: Contexte.definitif_le(fiche, periode)
    assert fiche.definitif_le(Periode.lire("2026-T3")) == dt.date(2027, 1, 28)
    for extraction, provisoire in ((dt.date(2027, 1, 27), True), (dt.date(2027, 1, 28), False), (None, True)):
        fiche.extraction = extraction
        assert Contexte.provisoire(fiche, Periode.lire("2026-T3")) is provisoire


def test_t6_un_contrat_a_cheval_sur_deux_annees_compte_dans_chacune_et_une_fois_en_tout():
    lues = etude(du_suivi(suivi=suivi(SANS_MOIS)))
    for indicateur in (contrats_actifs, beneficiaires):
        assert par(indicateur(lues, ["annee"]), "annee") == {2021: 1, 2022: 1}
        assert par(indicateur(lues, ["ensemble"]), "ensemble") == {"ensemble": 1}
    assert par(heures_realisees(lues, ["annee"]), "annee") == {2021: 85.0, 2022: 70.0}


# ── T7 à T11 : les marchés ───────────────────────────────────────────────────────────────────

CONTRAT = {
    "source": "decp",
    "millesime": "2026-10-05",
    "fichier": "marches.json",
    "format": "v2",
    "genre": "marche",
    "id_source": "2026-001",
    "acheteur_id": SUIVI["acheteur_id"],
    "objet": "Rénovation d’une école",
    "cpv": "45214200",
    "date_notification": "2026-01-15",
    "montant_eur": 1000.0,
    "montant_statut": "ok",
}


def titulaires(*sirets):
    colonnes = ("rang", "id", "type_identifiant", "siret", "denomination")
    return json.dumps(
        [dict(zip(colonnes, (r, s, "SIRET", s, None), strict=True)) for r, s in enumerate(sirets, start=1)]
    )


def test_t7_un_groupement_et_plusieurs_lots_font_un_seul_marche():
    publies = table("controle/decp", CONTRAT, {"titulaires": titulaires(TITULAIRE, ETTI)})
    lots = suivi(
        {"lot": "1", "titulaire_id": TITULAIRE}, {"lot": "2", "titulaire_id": ETTI, "operation": "OP2"}
    )
    tables = entreposer({"controle/decp": publies, "controle/suivi": lots})
    assert valeurs(tables["entrepot/marches"], "nb_titulaires") == [2]
    assert sorted(valeurs(tables["entrepot/attributions"], "titulaire_id")) == sorted([TITULAIRE, ETTI])
    clauses = tables["entrepot/clauses"]
    assert (len(clauses), clauses["marche_cle"].nunique(), clauses["marche_id"].nunique()) == (2, 1, 1)
    assert set(clauses["marche_id"]) == set(tables["entrepot/marches"]["marche_id"])


def test_t8_des_heures_declarees_par_un_sous_traitant_vont_a_la_clause_du_titulaire():
    tables = du_suivi(
        suivi=suivi({"titulaire_id": TITULAIRE, "employeur_id": ETTI, "mode_realisation": "STT", "lot": "2"})
    )
    assert valeurs(tables["clauses"], "titulaire_id", "lot") == [(TITULAIRE, "2")]
    assert valeurs(tables["contrats"], "employeur_id", "mode_realisation") == [(ETTI, "STT")]
    assert tables["heures"]["clause_id"].tolist() == tables["clauses"]["clause_id"].tolist()


# mode, heures engagées, part (%), heures totales → heures engagées retenues
ENGAGEMENTS = [
    ("VOLUME", 500.0, None, None, 500.0),
    ("PCT_HEURES", None, 5.0, 12_000.0, 600.0),
    ("PCT_HEURES", 700.0, 5.0, 12_000.0, 700.0),  # le volume est dit
    ("PCT_HEURES", None, 5.0, None, None),
    ("PCT_MONTANT", None, 5.0, 12_000.0, None),  # une part du montant ne donne pas d'heures
    ("NR", None, 5.0, 12_000.0, None),
]


@pytest.mark.parametrize(("mode", "volume", "pourcentage", "totales", "attendues"), ENGAGEMENTS)
def test_t9_un_engagement_en_part_des_heures_se_calcule_et_les_autres_ne_se_devinent_pas(
    mode, volume, pourcentage, totales, attendues
):
    ligne = {"mode_engagement": mode, "heures_engagees": volume, "part_engagee_pct": pourcentage}
    clauses = du_suivi(suivi=suivi({**ligne, "heures_totales": totales}))["clauses"]
    assert valeurs(clauses, "mode_engagement", "heures_engagees") == [(mode, attendues)]


def test_t9_un_nouveau_bon_de_commande_augmente_l_engagement():
    # 5 % de 12 000 h, puis de 20 000 h une fois le second bon de commande arrivé.
    bon = {"mode_engagement": "PCT_HEURES", "part_engagee_pct": 5.0, "mois": "2026-01-01"}
    lignes = suivi(
        {**bon, "heures_totales": 20_000.0, "date_saisie": "2026-05-05", "mois": "2026-02-01"},
        {**bon, "heures_totales": 12_000.0, "date_saisie": "2026-02-05"},
    )
    engagees = valeurs(du_suivi(suivi=lignes)["clauses"], "heures_engagees_initiales", "heures_engagees")
    assert engagees == [(600.0, 1000.0)]


def test_t10_un_avenant_change_l_engagement_et_le_premier_reste_visible():
    # 500 h, portées à 800 h par avenant, puis une saisie qui tait l'engagement.
    lignes = suivi(
        {"date_saisie": "2026-06-05", "heures_engagees": None},
        {"date_saisie": "2026-04-05", "heures_engagees": 800.0},
        {"date_saisie": "2026-03-05", "heures_engagees": 500.0},
    )
    engagees = valeurs(du_suivi(suivi=lignes)["clauses"], "heures_engagees_initiales", "heures_engagees")
    assert engagees == [(500.0, 800.0)]


def test_t11_un_tres_gros_marche_ecarte_la_part_en_nombre_de_la_part_en_montant():
    # Un marché clausé de 99 M€, trois sans clause d'un tiers de M€ environ : 25 % en nombre, 99 % en
    # montant. L'entrepôt donne les deux ; les deux parts sont publiées.
    petits = [
        {"id_source": f"{montant}", "montant_eur": montant, "clause_sociale": False}
        for montant in (300_000.0, 333_000.0, 367_000.0)
    ]
    publies = table("controle/decp", CONTRAT, {"montant_eur": 99e6, "clause_sociale": True}, *petits)
    marches = entreposer({"controle/decp": publies})["entrepot/marches"]
    clauses = marches["clause_sociale"].fillna(value=False)
    montants = marches["montant_sommable_eur"]
    assert (clauses.mean(), round(montants[clauses].sum() / montants.sum(), 2)) == (0.25, 0.99)
    lues = marches.assign(consideration_sociale=clauses.map({True: "OUI", False: "NON"}), ensemble="ensemble")
    calculs = (part_marches_considerations, part_montant_considerations)
    publiees = [par(c(lues, ["ensemble"], seuil_publication_eur=40_000), "ensemble") for c in calculs]
    assert publiees == [{"ensemble": 25.0}, {"ensemble": 99.0}]


# ── T12 à T14 : ce que disent les chiffres publiés ───────────────────────────────────────────


def test_t12_jeune_et_jeune_peu_qualifie_sont_deux_choses():
    # Un diplômé de 20 ans, un sans-diplôme de 20 ans que la source n'a pas dit « peu qualifié » : deux
    # moins de 26 ans, aucun jeune peu qualifié déduit.
    lignes = suivi(
        {"age_entree": 20, "niveau_diplome": "N5", "publics": "DELD"},
        {"age_entree": 20, "niveau_diplome": "INF3", "publics": None, "personne": "p2", "contrat": "C2"},
        {"age_entree": 40, "publics": "JEUNE_SQ", "personne": "p3", "contrat": "C3"},
    )
    tables = du_suivi(suivi=lignes)
    assert valeurs(tables["beneficiaires"], "tranche_age") == ["M26", "M26", "A40_49"]
    assert valeurs(tables["beneficiaires_publics"], "public") == ["DELD", "NR", "JEUNE_SQ"]
    publics = nomenclature("publics")
    assert publics["JEUNE_SQ"].libelle != ventilations()["tranche_age"].libelles["M26"]


def _publies(reelles):
    with (reelles / "aggregats" / "heures_insertion_idf_publiees.csv").open(encoding="utf-8") as flux:
        return list(csv.DictReader(flux))


def test_t13_un_seul_endroit_arrondit_et_rien_ne_se_recalcule_d_un_nombre_arrondi(reelles):
    # La presse arrondit 2021 à 1,5 ou 1,6 M d'heures : 1,5 / 6,3 = 23,8 %, la part publiée est 25 %.
    publies = {
        (ligne["annee"], ligne["perimetre"], ligne["indicateur"]): Decimal(ligne["valeur"])
        for ligne in _publies(reelles)
    }
    projets_2021, region_2021 = (
        publies["2021", ou, "heures_realisees"] for ou in ("grands_projets", "ile_de_france")
    )
    recalculee = part(Cellule.de(projets_2021), Cellule.de(region_2021))
    assert (pct(recalculee), publies["2021", "grands_projets", "part_heures_region"]) == ("23,8\xa0%", 25)
    sources = CONFIG.racine / "src" / "observatoire"
    # Le recomptage a sa propre arithmétique : il juge les documents, il n'en écrit pas.
    arrondissent = {c.name for c in sources.rglob("*.py") if "ROUND_HALF" in c.read_text(encoding="utf-8")}
    assert arrondissent == {"formats.py", "nombres.py"}
    assert observatoire.__file__ == str(sources / "__init__.py")


def test_t14_tout_chiffre_publie_cite_sa_source_et_une_coquille_se_voit_au_taux(reelles):
    # 2 874 641 h à 116,2 % : l'objectif est 2 473 874 (2 475 000 arrondi), non 1 475 000.
    def taux(objectif):
        return part(Cellule.de(2_874_641), Cellule.de(objectif))

    assert [pct(taux(n)) for n in (1_475_000, 2_475_000, 2_473_874)] == [
        "194,9\xa0%",
        "116,1\xa0%",
        "116,2\xa0%",
    ]
    for ligne in _publies(reelles):
        assert ligne["url"].startswith("http"), ligne
        assert ligne["libelle_source"], ligne
        assert ligne["unite"], ligne


# ── T15 à T18 : heures, âge, quartiers ───────────────────────────────────────────────────────

# type de contrat, début, mois → comptée ? Le plafond est de 24 mois.
PLAFONDS = [
    ("CDI", "2024-01-15", "2026-01-01", True),  # jusqu'au 15 janvier : le mois commencé compte
    ("CDI", "2024-01-15", "2026-02-01", False),
    ("CDI", "2024-01-01", "2026-01-01", False),
    ("CDI_CHANTIER", "2024-01-15", "2026-02-01", False),
    ("CDI_INT", "2024-01-15", "2026-02-01", False),
    ("CDD", "2024-01-15", "2026-02-01", True),
    ("APP", "2024-01-15", "2026-02-01", True),
    ("CDI", None, "2026-02-01", True),  # sans début, du premier mois travaillé
]


@pytest.mark.parametrize(("type_contrat", "debut", "travaille", "comptee"), PLAFONDS)
def test_t15_les_heures_d_un_cdi_au_dela_de_deux_ans_sont_gardees_sans_compter(
    type_contrat, debut, travaille, comptee
):
    ligne = {"type_contrat": type_contrat, "contrat_debut": debut, "contrat_fin": None, "mois": travaille}
    heures = du_suivi(suivi=suivi({**ligne, "type_heure": "FORMATION"}))["heures"]
    attendu = (100.0, 100.0, 0.0) if comptee else (0.0, 0.0, 100.0)
    assert valeurs(heures, "heures", "heures_formation", "heures_hors_plafond") == [attendu]


def test_t15_un_cdi_renumerote_ne_repart_pas_de_zero():
    # Deux numéros pour un même CDI qui se suit : le plafond court depuis le premier.
    commun = {"type_contrat": "CDI", "employeur_id": TITULAIRE}
    lignes = suivi(
        {**commun, "contrat_debut": "2024-01-15", "contrat_fin": "2024-12-31", "mois": "2024-06-01"},
        {**commun, "contrat_debut": "2025-01-01", "contrat_fin": None, "mois": "2026-03-01", "contrat": "C2"},
    )
    heures = du_suivi(suivi=lignes)["heures"].sort_values("mois")
    assert valeurs(heures, "heures", "heures_hors_plafond") == [(100.0, 0.0), (0.0, 100.0)]


def test_t16_les_heures_de_formation_comptent_et_se_montrent():
    # 80 h de travail + 20 h de formation + 5 h non dites : 105 h, dont 20 de formation.
    lignes = suivi(
        {"heures": 80.0, "type_heure": "TRAVAIL"},
        {"heures": 20.0, "type_heure": "FORMATION"},
        {"heures": 5.0, "type_heure": None},
    )
    assert valeurs(du_suivi(suivi=lignes)["heures"], "heures", "heures_formation") == [(105.0, 20.0)]


def test_t17_l_age_est_celui_du_debut_du_contrat_pas_celui_de_l_annee(tmp_path):
    # Née le 31 décembre 2000, embauchée le 15 janvier 2026 : 25 ans révolus, et non 2026 − 2000 = 26.
    source = CONFIG.source("suivi_a")
    valeurs_recues = {
        "date_naissance": "31/12/2000",
        "contrat_debut": "15/01/2026",
        "nom": "A",
        "prenom": "B",
    }
    champs = source.colonnes | source.identite
    fichier = tmp_path / "export.csv"
    lignes = [";".join(champs.values()), ";".join(valeurs_recues.get(nom, "") for nom in champs)]
    fichier.write_text("\n".join(lignes) + "\n", encoding="cp1252")
    (lue,) = list(lire_suivi(source, fichier, lambda: CLE))
    assert lue["age_entree"].tolist() == ["25"]
    tranches = du_suivi(suivi=suivi({"age_entree": 25, "contrat_debut": "2026-01-15"}))["beneficiaires"]
    assert valeurs(tranches, "tranche_age") == ["M26"]


def test_t18_un_code_de_quartier_garde_la_geographie_de_son_epoque():
    recues = [("QP093028", "2023-06-01"), ("QN09301M", "2025-06-01"), (None, "2025-06-01")]
    schema = SCHEMAS["acquisition/suivi"]
    lignes = [
        {**dict.fromkeys(schema.noms), "source": "suivi_b", "millesime": "2026-10-05", "fichier": "b.xlsx"}
        | {"ligne": rang, "structure_id": STRUCTURE_ID, "operation": "OP1", "contrat": f"C{rang}"}
        | {"personne": f"p{rang}", "qpv_code": code, "contrat_debut": jour, "mois": jour[:7], "heures": "10"}
        for rang, (code, jour) in enumerate(recues)
    ]
    controlees = controler({"acquisition/suivi": schema.verifier(pd.DataFrame(lignes))}, CONFIG)
    entrees = du_suivi(suivi=controlees["controle/suivi"])["beneficiaires"]
    assert valeurs(entrees, "qpv_code", "millesime_qpv") == [
        ("QP093028", "2015"),
        ("QN09301M", "2024"),
        (None, None),
    ]
    # « Non renseigné » n'est pas « hors quartier ».
    assert valeurs(entrees, "qpv")[2] == "NR"


# ── T19 à T23 : le champ, les identifiants, les territoires ──────────────────────────────────


def six_personnes(operation, commune, heures, residence="93066", **autres):
    """Six personnes sur une clause : assez pour que leurs cellules soient publiées."""
    return [
        {
            "operation": operation,
            "marche_reference": operation,
            "personne": f"{operation}-{rang}",
            "contrat": f"{operation}-{rang}",
            "commune_execution": commune,
            "commune_residence": residence,
            "heures": heures,
            **autres,
        }
        for rang in range(6)
    ]


def test_t19_les_heures_privees_ou_sans_clause_n_enflent_pas_la_commande_publique():
    lignes = suivi(
        *six_personnes("OP1", "93066", 10.0),
        *six_personnes("OP2", "93066", 100.0, modalite="PRIVE"),
        *six_personnes("OP3", "93066", 7.0, modalite="ACHAT_SIAE"),
    )
    region = publier(a_nu=True, suivi=lignes).query("territoire == 'reg:11' and ventilation == 'ensemble'")
    sommes = region.loc[region["periode"] == "2026-T1"].set_index("indicateur")["valeur"]
    assert sommes["heures_realisees"] == 60
    assert sommes["heures_hors_clauses_publiques"] == 642
    assert (sommes["beneficiaires"], sommes["contrats_actifs"]) == (6, 6)


def test_t20_la_part_des_grands_projets_a_une_seule_source_et_sa_couverture_est_dite():
    # 60 h sur un grand projet de la liste, 21 h ailleurs, de la même source. La liste annonce
    # 5 000 h : elles ne s'ajoutent à rien et n'extrapolent rien.
    lignes = suivi(
        *six_personnes("OP1", "93066", 10.0),
        *six_personnes("OP2", "93066", 3.5),
        # Un an plus tôt, dix fois plus d'heures : le trimestre est incomplet, et la fiche l'imprime.
        *six_personnes("OP3", "93066", 150.0, mois="2025-02-01"),
    )
    recues = {
        "suivi": lignes,
        "grands_projets": projets({"marche_reference": "OP1", "heures_engagees": 5000.0}),
    }
    tables = du_suivi(**recues)
    trimestre = etude(tables).query("annee == 2026")
    par_programme = par(heures_realisees(trimestre, ["programme"]), "programme")
    assert par_programme == {"GPE": 60.0, "HORS": 21.0}
    depots = {"source": "suivi_a", "millesime": "2026-10-05", "fichier": "export.csv", "genre": "suivi"}
    depots = table("acquisition/depots", depots, {"date_extraction": "2026-11-14"})
    donnees = {f"entrepot/{nom}": lue for nom, lue in tables.items()} | {"acquisition/depots": depots}
    with connecter(donnees, "acquisition", "entrepot") as connexion:
        mesures = mesurer(connexion)
    couverture = mesures.loc[mesures["mesure"] == "couverture:2026-T1", ["valeur", "unite"]]
    assert couverture.to_numpy().tolist() == [[9.0, "%"]]  # 81 / 900


@pytest.mark.parametrize("ailleurs", [{"structure_id": AUTRE_STRUCTURE}, {"source": "suivi_b"}])
def test_t21_un_identifiant_reemploye_ailleurs_designe_un_autre_objet(ailleurs):
    # Deux PLIE fusionnés avaient tous deux une opération OP1 et un contrat C1.
    tables = du_suivi(suivi=suivi({}, {**ailleurs, "heures": 30.0, "personne": "p2"}))
    assert [tables[nom].shape[0] for nom in ("clauses", "contrats", "heures")] == [2, 2, 2]
    # Coller les parties ne les confond pas : « 1 » + « 8OP1 » n'est pas « 18 » + « OP1 ».
    colles = suivi({"structure_id": "1", "operation": "8OP1"}, {"structure_id": "18", "operation": "OP1"})
    assert du_suivi(suivi=colles)["clauses"]["clause_id"].is_unique


def test_t22_un_marche_suivi_par_un_territoire_et_execute_dans_un_autre_garde_les_deux():
    # Le facilitateur de Plaine Commune suit un chantier de Créteil : les heures sont à T11, la structure
    # porteuse reste sur la clause, et l'acheteur garde son propre rattachement.
    lignes = suivi(*six_personnes("OP1", "94028", 10.0))
    valeurs_publiees = publier(a_nu=True, suivi=lignes).query(
        "indicateur == 'heures_realisees' and ventilation == 'ensemble'"
    )
    trimestre = valeurs_publiees.loc[valeurs_publiees["periode"] == "2026-T1"].set_index("territoire")[
        "valeur"
    ]
    assert (trimestre["ept:T11"], trimestre["ept:T6"], trimestre["reg:11"]) == (60, 0, 60)
    clauses = du_suivi(suivi=lignes)["clauses"]
    assert valeurs(clauses, "structure_id", "commune_execution") == [(STRUCTURE_ID, "94028")]


ECHANGE = {"dep:93": "dep:94", "ept:T6": "ept:T11", "93": "94"}
ECHANGE |= {autre: un for un, autre in ECHANGE.items()}


def test_t23_les_memes_donnees_echangees_entre_deux_territoires_echangent_leurs_valeurs():
    # Aucun code propre à un territoire : Saint-Denis (93, T6) et Créteil (94, T11) échangent leurs
    # communes, donc leurs cellules, toutes et rien qu'elles.
    def scenario(ici, la):
        return publier(
            a_nu=True,
            suivi=suivi(
                *six_personnes("OP1", ici, 10.0, residence=ici, modalite="CE", type_contrat="CDI"),
                *six_personnes("OP2", la, 25.0, residence=ici, modalite="MR_SIAE", sexe="M", age_entree=52),
                *six_personnes("OP3", la, 40.0, residence=la, type_marche="T", niveau_diplome="N5")[:3],
            ),
        )

    cle = ["indicateur", "ventilation", "territoire", "periode", "modalite"]
    avant, apres = scenario("93066", "94028"), scenario("94028", "93066")
    residence = apres["ventilation"] == "departement_residence"
    echangees = apres.assign(
        territoire=apres["territoire"].replace(ECHANGE),
        modalite=apres["modalite"].mask(residence, apres["modalite"].replace(ECHANGE)),
    )
    attendues, rendues = (t.set_index(cle).sort_index() for t in (avant, echangees))
    pd.testing.assert_frame_equal(rendues, attendues)
    # Et l'échange change bien quelque chose.
    assert not avant.set_index(cle)["valeur"].equals(
        apres.set_index(cle)["valeur"].reindex(avant.set_index(cle).index)
    )


def test_chaque_regle_et_chaque_piege_a_son_essai():
    dossier = CONFIG.racine / "tests"
    for fichier, lettre, nombre in (("test_regles_communes.py", "r", 9), ("test_pieges.py", "t", 23)):
        texte = (dossier / fichier).read_text(encoding="utf-8")
        for rang in range(1, nombre + 1):
            assert f"\ndef test_{lettre}{rang}_" in texte, f"{lettre.upper()}{rang}"
