"""Contrats, fins de parcours, médianes, complétude : l'arithmétique, puis les tables d'étude."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.indicateurs.completude import delai_de_saisie, structures_attendues
from observatoire.indicateurs.contrats import (
    contrats_actifs,
    contrats_finis,
    contrats_signes,
    jours_des_contrats_finis,
    missions,
)
from observatoire.indicateurs.couverture import periodes_couvertes
from observatoire.indicateurs.medianes import heures_medianes, medianes_a_taire
from observatoire.indicateurs.rapports import evaluer
from observatoire.indicateurs.registre import RAPPORTS, REGISTRE, parametres_cites
from observatoire.indicateurs.sorties import beneficiaires_formes, sorties
from observatoire.indicateurs.tables import preparer, territoires_de
from observatoire.referentiel import ENSEMBLE, ventilations
from observatoire.schemas import SCHEMAS

MIENS = (
    "contrats_actifs",
    "missions",
    "contrats_signes",
    "contrats_finis",
    "jours_des_contrats_finis",
    "sorties",
    "beneficiaires_formes",
    "heures_medianes",
    "delai_de_saisie",
    "structures_attendues",
)


# ── les calculs, sur de petites tables ────────────────────────────────────────────────────────
def table(colonnes, *lignes, **types):
    """Une table d'étude du territoire « t » ; les colonnes sont des textes, sauf celles que `types` nomme."""
    noms = colonnes.split()
    voulus = dict.fromkeys(noms, "string") | types
    return pd.DataFrame(list(lignes), columns=noms).astype(voulus).assign(territoire="t")


def seule(rendue, *colonnes):
    """Les mesures d'une table d'une seule ligne."""
    (ligne,) = rendue[list(colonnes or ("valeur", "effectif"))].itertuples(index=False)
    return tuple(None if pd.isna(nombre) else nombre for nombre in ligne)


def contrats(*lignes):
    """(contrat suivi, clause, personne, heures du contrat, employeur, jours)."""
    colonnes = "contrat_suivi_id clause_id personne heures employeur_siren jours"
    return table(colonnes, *lignes, heures="float64", jours="int64")


def test_un_contrat_signe_compte_une_fois_s_il_a_donne_une_heure():
    # c1 sert deux clauses et compte pour un ; c2 est de la même personne ; c3 n'a qu'une demi-heure.
    lignes = contrats(
        ("c1", "k", "p1", 30.0, "e1", 10),
        ("c1", "l", "p1", 30.0, "e1", 10),
        ("c2", "k", "p1", 8.0, "e1", 10),
        ("c3", "k", "p2", 0.5, "e1", 10),
    )
    assert seule(contrats_signes(lignes, ["territoire"])) == (2, 1)
    assert seule(contrats_finis(lignes, ["territoire"])) == (2, 1)


def test_la_duree_cumulee_compte_chaque_contrat_une_fois_et_dit_le_plus_gros_employeur():
    # 81 + 10 + 20 = 111 jours ; e1 : 81 + 10 = 91, e2 : 20 ; c4 n'a pas donné une heure. Trois personnes.
    lignes = contrats(
        ("c1", "k", "p1", 30.0, "e1", 81),
        ("c1", "l", "p1", 30.0, "e1", 81),
        ("c2", "k", "p2", 30.0, "e1", 10),
        ("c3", "k", "p3", 30.0, "e2", 20),
        ("c4", "k", "p4", 0.9, "e3", 99),
    )
    rendue = jours_des_contrats_finis(lignes, ["territoire"])
    assert seule(rendue, "valeur", "effectif", "employeurs", "premier") == (111, 3, 2, 91)


def test_deux_employeurs_inconnus_comptent_pour_un():
    # Ne pas savoir qui emploie ne rend pas la cellule plus sûre.
    lignes = contrats(("c1", "k", "p1", 30.0, None, 5), ("c2", "k", "p2", 30.0, None, 7))
    rendue = jours_des_contrats_finis(lignes, ["territoire"])
    assert seule(rendue, "valeur", "effectif", "employeurs", "premier") == (12, 2, 1, 12)


def test_un_contrat_renouvele_est_actif_une_fois_et_fait_deux_missions():
    # c2 renouvelle c1 : 0,6 h + 0,6 h font une heure du contrat suivi, et d'aucune mission.
    lignes = table(
        "contrat_id contrat_suivi_id personne heures",
        ("c1", "c1", "p1", 0.6),
        ("c2", "c1", "p1", 0.6),
        ("c3", "c3", "p2", 5.0),
        ("c4", "c3", "p2", 5.0),
        heures="float64",
    )
    assert seule(contrats_actifs(lignes, ["territoire"])) == (2, 2)
    assert seule(missions(lignes, ["territoire"])) == (2, 1)


def test_un_passage_de_moins_de_cent_cinquante_heures_n_est_pas_un_parcours():
    lignes = table("personne heures", ("p1", 150.0), ("p2", 149.75), ("p3", 900.0), heures="float64")
    assert seule(sorties(lignes, ["territoire"], heures_minimum_de_parcours=150)) == (2, 2)


def test_un_beneficiaire_forme_a_suivi_une_heure_de_formation():
    # p1 : 0,5 + 0,5 h de formation ; p2 : 0,9 h ; p3 : du travail seulement ; une personne inconnue.
    lignes = table(
        "personne type_heure heures",
        ("p1", "FORMATION", 0.5),
        ("p1", "FORMATION", 0.5),
        ("p2", "FORMATION", 0.9),
        ("p3", "TRAVAIL", 40.0),
        (None, "FORMATION", 40.0),
        heures="float64",
    )
    assert seule(beneficiaires_formes(lignes, ["territoire"])) == (1, 1)


def heures_de(*nombres):
    return table("personne heures", *((f"p{n}", h) for n, h in enumerate(nombres)), heures="float64")


@pytest.mark.parametrize(
    ("nombres", "attendu"),
    [
        ((12.0, 24.9, 90.0), 20.0),  # impair : celle du milieu, 24,9, à la dizaine
        ((12.0, 25.0, 90.0), 30.0),  # 25 monte toujours, sur tout moteur
        ((10.0, 20.0, 40.0, 90.0), 30.0),  # pair : (20 + 40) / 2
        ((0.5, 0.9, 12.0, 25.0, 90.0), 30.0),  # moins d'une heure n'y est pas
    ],
)
def test_la_mediane_des_heures_est_arrondie_a_la_dizaine(nombres, attendu):
    presentes = sum(h >= 1 for h in nombres)
    assert seule(heures_medianes(heures_de(*nombres), ["territoire"])) == (attendu, presentes)


def test_la_mediane_additionne_d_abord_les_heures_de_chaque_personne():
    # p1 : 40 + 60 = 100 ; p2 : 20 ; p3 : 50 → 50. Des heures sans personne connue ne sont celles de personne.
    lignes = table(
        "personne heures",
        ("p1", 40.0),
        ("p1", 60.0),
        ("p2", 20.0),
        ("p3", 50.0),
        (None, 900.0),
        heures="float64",
    )
    assert seule(heures_medianes(lignes, ["territoire"])) == (50.0, 3)


@given(nombres=st.lists(st.integers(1, 400), min_size=3, max_size=25), ajout=st.integers(1, 1600))
@settings(max_examples=30, deadline=None)
def test_la_mediane_ne_dit_rien_du_plus_long_parcours(nombres, ajout):
    # Allonger le parcours le plus long ne change pas le chiffre publié : le maximum n'y est pas.
    allonges = [*sorted(nombres)[:-1], max(nombres) + ajout]
    avant, apres = (heures_medianes(heures_de(*map(float, h)), ["territoire"]) for h in (nombres, allonges))
    pd.testing.assert_frame_equal(avant, apres)


def cellules(*lignes):
    """(indicateur, territoire, valeur, effectif) ; une seule période, l'ensemble."""
    colonnes = ["indicateur", "territoire", "valeur", "effectif"]
    types = {"valeur": "Float64", "effectif": "Float64"}
    cles = {"ventilation": ENSEMBLE, "periode": "2025", "modalite": ENSEMBLE}
    return pd.DataFrame(list(lignes), columns=colonnes).astype(types).assign(**cles)


def test_une_mediane_se_tait_sous_trente_personnes_ou_quand_leur_nombre_est_cache():
    toutes = cellules(
        ("beneficiaires_sur_place", "a", 30, 30),
        ("heures_medianes", "a", 120, 30),  # trente personnes, nombre publié
        ("beneficiaires_sur_place", "b", 29, 29),
        ("heures_medianes", "b", 120, 29),  # vingt-neuf
        ("beneficiaires_sur_place", "c", 90, 90),  # caché pour en protéger un autre
        ("delai_de_saisie", "c", 21, 90),
        ("heures_medianes", "d", 120, 90),  # le nombre n'est pas publié ici
        ("heures_medianes", "e", None, 0),  # rien d'observé : non disponible, non secret
        ("heures_realisees", "a", 400, 12),  # ce n'est pas une médiane
    )
    cachees = (toutes["indicateur"] == "beneficiaires_sur_place") & (toutes["territoire"] == "c")
    tues = toutes[medianes_a_taire(toutes, cachees, 30)]
    assert list(zip(tues["indicateur"], tues["territoire"], strict=True)) == [
        ("heures_medianes", "b"),
        ("delai_de_saisie", "c"),
        ("heures_medianes", "d"),
    ]


def test_le_delai_de_saisie_est_celui_du_milieu_en_jours_entiers():
    # Délais 10, 20,4 et 60 → 20 ; la ligne sans heure et celle sans date de saisie n'y sont pas.
    lignes = table(
        "personne heures jours_saisie",
        ("p1", 5.0, 10.0),
        ("p2", 5.0, 20.4),
        ("p2", 5.0, 60.0),
        ("p3", 0.0, 400.0),
        ("p4", 5.0, None),
        heures="float64",
        jours_saisie="Float64",
    )
    assert seule(delai_de_saisie(lignes, ["territoire"])) == (20.0, 2)


def test_une_structure_attendue_compte_une_fois():
    lignes = table("structure_id clause_id", ("s1", "k"), ("s1", "l"), ("s2", "k"))
    assert seule(structures_attendues(lignes, ["territoire"])) == (2, None)


# ── pandas et DuckDB rendent la même table ────────────────────────────────────────────────────
_CODE = st.sampled_from(["A", "B", "C"])
_LIGNE = st.tuples(
    st.sampled_from(["x", "y"]), *[_CODE] * 4, st.integers(0, 900).map(lambda quarts: quarts / 4)
)


@pytest.fixture(scope="module")
def duck():
    with duckdb.connect() as ouverte:
        yield ouverte


@pytest.mark.parametrize("nom", MIENS)
@given(lignes=st.lists(_LIGNE, max_size=12))
@settings(max_examples=6, deadline=None)
def test_pandas_et_duckdb_rendent_la_meme_table(duck, nom, lignes):
    colonnes = "territoire contrat_suivi_id personne structure_id type_heure heures"
    etude = pd.DataFrame(lignes, columns=colonnes.split())
    etude = etude.astype(dict.fromkeys(colonnes.split()[:-1], "string") | {"heures": "float64"}).assign(
        contrat_id=lambda t: t["contrat_suivi_id"],
        clause_id=lambda t: t["structure_id"],
        employeur_siren=lambda t: t["contrat_suivi_id"],
        jours=lambda t: t["contrat_suivi_id"].map({"A": 3, "B": 40, "C": 700}).astype("int64"),
        jours_saisie=lambda t: t["heures"] / 7,
        type_heure=lambda t: t["type_heure"].replace({"A": "FORMATION"}),
    )
    duck.register("etude", etude)
    exactes = duck.sql("select * replace (heures::decimal(18, 6) as heures) from etude")
    recus = dict.fromkeys(REGISTRE[nom].parametres, 150)
    rendues = [REGISTRE[nom].calcul(t, ["territoire"], **recus) for t in (etude, exactes)]
    cadre, relation = (
        t.astype({"territoire": "string"} | dict.fromkeys(t.columns[1:], "Float64")).sort_values(
            "territoire", ignore_index=True
        )
        for t in (rendues[0], rendues[1].to_df())
    )
    pd.testing.assert_frame_equal(cadre, relation, rtol=0, atol=1e-9)


# ── les rapports ──────────────────────────────────────────────────────────────────────────────


def publiees(indicateur, ventilation, **modalites):
    """Les cellules publiées d'une ventilation ; `None` est une cellule cachée."""
    lignes = [
        {
            "indicateur": indicateur,
            "territoire": "reg:11",
            "periode": "2025",
            "ventilation": ventilation,
            "modalite": modalite,
            "valeur": valeur,
            "unite": REGISTRE[indicateur].unite,
            "statut": "secret" if valeur is None else "publie",
        }
        for modalite, valeur in modalites.items()
    ]
    return pd.DataFrame(lignes).astype({"valeur": "Float64"})


@pytest.fixture
def rapports(monkeypatch):
    """Les rapports d'ensemble qui ne lisent que ces cellules : nom → (valeur, statut)."""

    def lus(*tables):
        cellules = pd.concat(tables, ignore_index=True)
        donnees = set(zip(cellules["indicateur"], cellules["ventilation"], strict=True))
        lisibles = {
            nom: r
            for nom, r in RAPPORTS.items()
            if {(c.indicateur, c.ventilation) for c in r.termes} <= donnees
        }
        monkeypatch.setattr("observatoire.indicateurs.rapports.RAPPORTS", lisibles)
        table = evaluer(cellules, dict.fromkeys(parametres_cites(), 1) | {"reponse_minimum_pct": 50})
        table = table[table["ventilation"] == ENSEMBLE]
        valeurs = table["valeur"].astype(object).where(table["valeur"].notna(), None)
        return dict(zip(table["indicateur"], zip(valeurs, table["statut"], strict=True), strict=True))

    return lus


def test_les_taux_de_sortie_ecartent_les_retraits_et_les_sans_nouvelles(rapports):
    # Oracle 9 : 3 durables, 2 transitions, 1 positive, 4 autres, 2 retraits → 3/10 et 6/10.
    # Les deux retraits sont parmi les situations inconnues : réponse 10/12. Cinq délais courent encore.
    vus = rapports(
        publiees("sorties", "situation_m6", DURABLE=3, TRANSITION=2, POSITIVE=1, AUTRE=4, NR=2, NON_ECHU=5)
    )
    assert vus["taux_d_emploi_durable_m6"] == (pytest.approx(30.0), "publie")
    assert vus["taux_de_sorties_dynamiques_m6"] == (pytest.approx(60.0), "publie")
    assert vus["taux_de_reponse_m6"] == (pytest.approx(100 * 10 / 12), "publie")


def test_pas_de_taux_de_sortie_sous_la_moitie_de_reponses(rapports):
    # 9 situations connues sur 19 : 47 %. À 10 sur 20, le taux est donné.
    vus = rapports(publiees("sorties", "situation_m6", DURABLE=9, NR=10))
    assert (
        vus["taux_d_emploi_durable_m6"] == vus["taux_de_sorties_dynamiques_m6"] == (None, "non_significatif")
    )
    assert vus["taux_de_reponse_m6"] == (pytest.approx(100 * 9 / 19), "publie")
    assert rapports(publiees("sorties", "situation_m6", DURABLE=10, NR=10))["taux_d_emploi_durable_m6"] == (
        100.0,
        "publie",
    )


def test_un_jalon_que_personne_n_a_atteint_n_a_pas_de_taux(rapports):
    vus = rapports(publiees("sorties", "situation_m12", NR=0, NON_ECHU=40))
    assert vus["taux_de_reponse_m12"] == (None, "non_disponible")
    assert vus["taux_d_emploi_durable_m12"] == (None, "non_disponible")


def test_une_situation_cachee_cache_les_taux_qui_la_lisent(rapports):
    vus = rapports(publiees("sorties", "situation_m6", DURABLE=30, TRANSITION=None, AUTRE=20, NR=3))
    noms = ("taux_de_reponse_m6", "taux_d_emploi_durable_m6", "taux_de_sorties_dynamiques_m6")
    assert {vus[nom] for nom in noms} == {(None, "secret")}


def test_les_parts_des_contrats_se_lisent_parmi_le_renseigne(rapports):
    # CDI : 20 / (20 + 50 + 10) = 25 %, quel que soit le nombre de non renseignés. Intérim : 60 / 80.
    vus = rapports(publiees("contrats_actifs", "type_contrat", CDI=20, CTTI=50, CTT=10, NR=300))
    assert vus["part_contrats_cdi"] == (25.0, "publie")
    assert vus["part_contrats_interim"] == (75.0, "publie")
    assert vus["part_contrats_alternance"] == (0.0, "publie")
    vus = rapports(publiees("heures_realisees", "type_employeur", SIAE=300, EC=90, STPA=10, NR=7))
    assert vus["part_heures_siae"] == (75.0, "publie")
    assert vus["part_heures_stpa"] == (2.5, "publie")


def test_la_duree_moyenne_est_en_mois(rapports):
    # 913 jours / 10 contrats / 30,4375 = 3,0 mois.
    vus = rapports(
        publiees("jours_des_contrats_finis", ENSEMBLE, ensemble=913),
        publiees("contrats_finis", ENSEMBLE, ensemble=10),
    )
    assert vus["duree_moyenne_des_contrats"] == (pytest.approx(3.0, abs=0.001), "publie")


def test_l_acces_a_la_formation_et_la_completude_sont_des_parts_de_nombres_publies(rapports):
    # 15 formés sur 60 ; 900 h complètes sur 1 000 ; 3 structures sur 4.
    vus = rapports(
        publiees("beneficiaires_formes", ENSEMBLE, ensemble=15),
        publiees("beneficiaires", ENSEMBLE, ensemble=60),
        publiees("heures_realisees", "ligne_complete", OUI=900, NON=100),
        publiees("structures_attendues", "a_transmis", OUI=3, NON=1),
    )
    assert vus["acces_a_la_formation"] == (25.0, "publie")
    assert vus["part_heures_completes"] == (90.0, "publie")
    assert vus["part_structures_ayant_transmis"] == (75.0, "publie")


@pytest.mark.parametrize("nom", [nom for nom, r in RAPPORTS.items() if r.numerateur.indicateur in MIENS])
def test_un_rapport_ne_lit_que_des_cellules_qui_existent(nom):
    rapport = RAPPORTS[nom]
    for terme in rapport.termes:
        assert terme.ventilation in (ENSEMBLE, *REGISTRE[terme.indicateur].ventilations)
        if terme.ventilation != ENSEMBLE:
            assert set(terme.modalites) <= set(ventilations()[terme.ventilation].libelles)
            assert terme.ventilation not in REGISTRE[terme.indicateur].multiples
    assert len(rapport.methode) > 200
    phrase = rapport.lecture.format(territoire="en X", periode="2025", valeur="12")
    assert all(mot in phrase for mot in ("en X", "2025", "12"))


def test_les_situations_de_sortie_sont_sensibles_et_les_medianes_ont_leur_compte():
    jalons = REGISTRE["sorties"].ventilations
    assert len(jalons) == 4
    assert all(ventilations()[jalon].sensible for jalon in jalons)
    assert {nom for nom, i in REGISTRE.items() if i.mediane_de} == {"heures_medianes", "delai_de_saisie"}
    for nom in ("heures_medianes", "delai_de_saisie"):
        assert not REGISTRE[nom].absence_nulle
        assert not REGISTRE[nom].additif
        compte = REGISTRE[REGISTRE[nom].mediane_de]
        assert (compte.table, compte.rattachement) == (REGISTRE[nom].table, REGISTRE[nom].rattachement)


# ── les tables d'étude, sur un petit entrepôt ─────────────────────────────────────────────────
REGION = ("reg:11", "dep:93")
CONTRAT = {"type_contrat": "CDD", "type_employeur": "EC", "prescripteur": "FT", "mode_realisation": "EMB_DIR"}
TEMOINS = [("temoin", "k", f"{an}-{mois:02}", 7.0) for an in (2024, 2025) for mois in (1, 4, 7, 10)]


def clause(identifiant, **autres):
    return {"clause_id": identifiant, "modalite": "CE", "type_marche": "T", **autres}


def contrat(identifiant, personne, debut, fin, **autres):
    dates = {"date_debut": debut, "date_fin": fin}
    return {"contrat_id": identifiant, "personne": personne, **dates, **CONTRAT, **autres}


def heure(contrat_id, clause_id, mois, heures, saisie=None):
    ligne = {"contrat_id": contrat_id, "clause_id": clause_id, "mois": f"{mois}-01", "heures": heures}
    return {**ligne, "date_saisie": saisie}


def etudier(heures, contrats, clauses=(), suivi=(), profils=()):
    """Une connexion où les tables d'étude sont écrites, de 2024-T1 à 2025-T4.

    `heures` : (contrat, clause, mois, heures[, saisie]) ; un témoin les couvre tous.
    """
    clauses = [clause("k"), *clauses] if all(c["clause_id"] != "k" for c in clauses) else clauses
    tous = [contrat("temoin", "témoin", "2024-01-01", None), *contrats]
    personnes = dict.fromkeys(ligne["personne"] for ligne in tous)
    lieux = [("execution", c["clause_id"]) for c in clauses] + [("residence", p) for p in personnes]
    contenus = {
        "heures": [heure(*ligne) for ligne in (*TEMOINS, *heures)],
        "contrats": tous,
        "clauses": clauses,
        "suivi": [
            dict(zip(("personne", "jalon", "date_observation", "situation"), s, strict=True)) for s in suivi
        ],
        "beneficiaires": profils or [{"personne": p} for p in personnes],
        "territoires": [{"territoire": t, "niveau": t.split(":")[0]} for t in REGION],
        "rattachements": [
            {"motif": motif, "objet_id": objet, "territoire": t} for motif, objet in lieux for t in REGION
        ],
    }
    connexion = duckdb.connect()
    connexion.execute("create schema entrepot")
    for nom, schema in SCHEMAS.items():
        if nom.startswith("entrepot/"):
            lignes = contenus.get(nom.removeprefix("entrepot/"), [])
            connexion.register("recue", schema.verifier(pd.DataFrame(lignes).reindex(columns=schema.noms)))
            connexion.execute(f"create table {nom.replace('/', '.')} as from recue")
    preparer(connexion, territoires_de(connexion, ["reg", "dep"]), periodes_couvertes(connexion))
    return connexion


def lire(connexion, etude, *colonnes):
    """Les lignes d'une étude, sans le témoin : la période, puis ces colonnes ; `qui` est la personne."""
    requete = f"""
        select e.periode::varchar, {", ".join(colonnes)}
        from (
          select e.*, p.id as qui, m.periode
          from etude_{etude} e join nos_personne p on p.no = e.personne join moments m using (moment)
        ) e
        where qui <> 'témoin' order by all
    """
    return connexion.execute(requete).fetchall()


def test_un_renouvellement_n_est_pas_une_signature_et_prolonge_la_duree():
    # c1 du 10 au 31 janvier, c2 le prolonge du 3 février au 31 mars : signé une fois ; 22 + 28 + 31 = 81
    # jours (2025 n'est pas bissextile). c3 n'a pas de fin : signé, pas fini.
    contrats = [
        contrat("c1", "p1", "2025-01-10", "2025-01-31"),
        contrat("c2", "p1", "2025-02-03", "2025-03-31", contrat_suivi_id="c1"),
        contrat("c3", "p2", "2025-05-01", None, type_contrat="CDI"),
    ]
    heures = [("c1", "k", "2025-01", 40.0), ("c2", "k", "2025-03", 60.0), ("c3", "k", "2025-05", 9.0)]
    connexion = etudier(heures, contrats)
    assert lire(connexion, "contrats_signes", "qui", "heures", "type_contrat::varchar") == [
        ("2025", "p1", 100, "CDD"),
        ("2025", "p2", 9, "CDI"),
        ("2025-T1", "p1", 100, "CDD"),
        ("2025-T1-4T", "p1", 100, "CDD"),
        ("2025-T2", "p2", 9, "CDI"),
        ("2025-T2-4T", "p1", 100, "CDD"),
        ("2025-T2-4T", "p2", 9, "CDI"),
        ("2025-T3-4T", "p1", 100, "CDD"),
        ("2025-T3-4T", "p2", 9, "CDI"),
    ]
    finis = lire(connexion, "contrats_finis", "qui", "jours", "employeur_siren")
    assert [ligne for ligne in finis if ligne[0] in ("2025", "2025-T1", "2025-T2")] == [
        ("2025", "p1", 81, None),
        ("2025-T1", "p1", 81, None),
    ]


def test_un_contrat_dont_le_renouvellement_court_encore_n_est_pas_fini():
    contrats = [
        contrat("c1", "p1", "2025-01-10", "2025-01-31"),
        contrat("c2", "p1", "2025-02-03", None, contrat_suivi_id="c1"),
    ]
    connexion = etudier([("c1", "k", "2025-01", 40.0), ("c2", "k", "2025-03", 60.0)], contrats)
    assert lire(connexion, "contrats_finis", "qui") == []


def test_un_contrat_n_a_qu_un_secteur_celui_de_ses_heures_les_plus_nombreuses():
    # 30 h de travaux publics, 20 h d'espaces verts : les deux lignes du contrat disent travaux publics.
    clauses = [clause("k", secteur="TP"), clause("l", secteur="EV")]
    heures = [("c1", "k", "2025-01", 30.0), ("c1", "l", "2025-02", 20.0)]
    connexion = etudier(heures, [contrat("c1", "p1", "2025-01-10", None, metier="F1704")], clauses)
    assert lire(connexion, "contrats_signes", "secteur::varchar", "metier::varchar", "heures")[:2] == [
        ("2025", "TP", "F", 50),
        ("2025", "TP", "F", 50),
    ]


def test_un_contrat_renouvele_garde_l_employeur_et_le_prescripteur_du_premier():
    # Sinon il compterait dans deux modalités, et leur somme dépasserait l'ensemble.
    contrats = [
        contrat("c1", "p1", "2025-01-10", "2025-01-31", type_employeur="EA", prescripteur="ML"),
        contrat("c2", "p1", "2025-02-03", None, contrat_suivi_id="c1", type_employeur="EC"),
    ]
    connexion = etudier([("c1", "k", "2025-01", 5.0), ("c2", "k", "2025-02", 5.0)], contrats)
    vues = lire(connexion, "heures", "type_employeur::varchar", "prescripteur::varchar")
    assert set(vues) == {
        (p, "STPA", "ML") for p in ("2025", "2025-T1", *(f"2025-T{n}-4T" for n in (1, 2, 3)))
    }


def parcours(*tables, **autres):
    """Les parcours finis par trimestre : (trimestre, personne, heures, situations)."""
    connexion = etudier(*tables, **autres)
    situations = ("fin", "m3", "m6", "m12")
    colonnes = ("qui", "heures", *(f"situation_{jalon}::varchar" for jalon in situations))
    vues = lire(connexion, "parcours", *colonnes)
    return [ligne for ligne in vues if len(ligne[0]) == len("2025-T1")]


def test_le_parcours_finit_avec_le_dernier_contrat():
    # p1 : deux contrats, fini le 20 février ; p2 : le second court encore ; p3 : fini, mais en 2024, l'année
    # de recul ; p4 : sa fin est à venir.
    contrats = [
        contrat("c1", "p1", "2024-03-01", "2024-11-30"),
        contrat("c2", "p1", "2025-01-10", "2025-02-20"),
        contrat("c3", "p2", "2025-01-10", "2025-01-31"),
        contrat("c4", "p2", "2025-02-10", None),
        contrat("c5", "p3", "2024-01-10", "2024-06-30"),
        contrat("c6", "p4", "2025-01-10", "2026-03-31"),
    ]
    heures = [
        ("c1", "k", "2024-03", 100.0),
        ("c2", "k", "2025-01", 60.0),
        ("c3", "k", "2025-01", 200.0),
        ("c4", "k", "2025-10", 200.0),
        ("c5", "k", "2024-01", 200.0),
        ("c6", "k", "2025-01", 200.0),
    ]
    assert parcours(heures, contrats) == [("2025-T1", "p1", 160, "NR", "NR", "NR", "NON_ECHU")]


def test_un_contrat_sans_fin_est_fini_quand_le_trimestre_suivant_n_a_plus_d_heures():
    # p1 n'a plus d'heures depuis juin : fini au 30 juin. p2 en a au dernier trimestre couvert : il court.
    contrats = [contrat("c1", "p1", "2025-01-10", None), contrat("c2", "p2", "2025-01-10", None)]
    heures = [("c1", "k", "2025-05", 200.0), ("c2", "k", "2025-05", 200.0), ("c2", "k", "2025-11", 20.0)]
    assert parcours(heures, contrats) == [("2025-T2", "p1", 200, "NR", "NR", "NR", "NON_ECHU")]


def test_les_heures_hors_commande_publique_ne_font_pas_un_parcours():
    contrats = [contrat("c1", "p1", "2025-01-10", "2025-03-31")]
    heures = [("c1", "k", "2025-01", 140.0), ("c1", "v", "2025-02", 900.0)]
    clauses = [clause("k"), clause("v", modalite="PRIVE")]
    assert [ligne[:3] for ligne in parcours(heures, contrats, clauses=clauses)] == [("2025-T1", "p1", 140)]


def test_un_jalon_n_est_du_qu_une_fois_son_delai_ecoule():
    # Dernier jour observé : 31 décembre 2025. Un jalon échu dont on ne sait rien est non renseigné.
    attendues = {
        "2025-01-31": ("DURABLE", "TRANSITION", "NR", "NON_ECHU"),
        "2025-06-30": ("DURABLE", "TRANSITION", "NR", "NON_ECHU"),  # six mois après : le 30 décembre
        "2025-07-01": ("DURABLE", "TRANSITION", "NON_ECHU", "NON_ECHU"),
        "2025-09-30": ("DURABLE", "TRANSITION", "NON_ECHU", "NON_ECHU"),
        "2025-10-01": ("DURABLE", "NON_ECHU", "NON_ECHU", "NON_ECHU"),
        "2025-12-31": ("DURABLE", "NON_ECHU", "NON_ECHU", "NON_ECHU"),  # le jour même : échu
    }
    plus_tard = (("M3", "TRANSITION"), ("M6", "SANS_NOUV"), ("M12", "DURABLE"))
    suivi = [(fin, jalon, "2026-01-15", situation) for fin in attendues for jalon, situation in plus_tard]
    vus = parcours(
        [(f"c{fin}", "k", "2025-01", 200.0) for fin in attendues],
        [contrat(f"c{fin}", fin, "2025-01-10", fin) for fin in attendues],
        suivi=[*suivi, *((fin, "FIN", fin, "DURABLE") for fin in attendues)],
    )
    assert {ligne[1]: ligne[3:] for ligne in vus} == attendues


def test_une_situation_relevee_avant_la_fin_decrit_une_autre_fin():
    # p1 est revenue : sa situation de 2024 ne dit rien de sa fin de 2025. p2 l'a dite trois semaines avant.
    contrats = [
        contrat("c1", "p1", "2024-01-10", "2025-03-31"),
        contrat("c2", "p2", "2025-01-10", "2025-03-31"),
    ]
    suivi = [("p1", "FIN", "2024-06-30", "DURABLE"), ("p2", "FIN", "2025-03-10", "TRANSITION")]
    suivi += [("p1", "M6", None, "POSITIVE"), ("p2", "M3", "2025-07-01", "RETRAIT")]
    heures = [("c1", "k", "2025-01", 200.0), ("c2", "k", "2025-01", 200.0)]
    assert [ligne[1:2] + ligne[3:6] for ligne in parcours(heures, contrats, suivi=suivi)] == [
        ("p1", "NR", "NR", "POSITIVE"),
        ("p2", "TRANSITION", "NR", "NR"),  # un retrait se lit avec les situations inconnues
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 23), st.integers(0, 14), st.booleans()), max_size=6
    )
)
@settings(max_examples=5, deadline=None)
def test_une_personne_ne_finit_qu_un_parcours_et_l_annee_est_la_somme_de_ses_trimestres(tires):
    # Sans cela, ni les trimestres ni les situations ne s'additionneraient.
    contrats, heures = [], []
    for rang, (qui, debut, duree, sans_fin) in enumerate(tires):
        mois = [f"{2024 + m // 12}-{m % 12 + 1:02}" for m in (debut, debut + duree)]
        contrats.append(contrat(f"c{rang}", qui, f"{mois[0]}-01", None if sans_fin else f"{mois[1]}-28"))
        heures.append((f"c{rang}", "k", mois[0], 200.0))
    connexion = etudier(heures, contrats)
    for etude in ("parcours", "contrats_signes", "contrats_finis"):
        vus = pd.DataFrame(lire(connexion, etude, "qui"), columns=["periode", "qui"])
        trimestres = vus[vus["periode"].str.fullmatch(r"2025-T\d")]
        assert sorted(trimestres["qui"]) == sorted(vus.loc[vus["periode"] == "2025", "qui"])
        if etude == "parcours":
            assert trimestres["qui"].is_unique


PROFIL = {"sexe": "F", "age_entree": 30, "niveau_diplome": "N3", "qpv": "NON", "commune_residence": "93066"}
MARCHE = {"modalite": "CE", "type_marche": "T"}
COMPLETE = PROFIL | CONTRAT | MARCHE


def test_une_ligne_est_complete_si_tout_ce_que_la_fiche_ventile_est_renseigne():
    # Un contrat, une personne et une clause par colonne vide ; le mode de mise en œuvre n'est pas exigé.
    lignes = {vide: COMPLETE | {vide: None} for vide in ("rien", *COMPLETE)}
    connexion = etudier(
        [(f"c-{vide}", f"k-{vide}", "2025-01", 10.0) for vide in lignes],
        [
            contrat(f"c-{v}", v, "2025-01-10", None, **{n: ligne[n] for n in CONTRAT})
            for v, ligne in lignes.items()
        ],
        [clause(f"k-{v}", **{n: ligne[n] for n in MARCHE}) for v, ligne in lignes.items()],
        profils=[{"personne": v} | {n: ligne[n] for n in PROFIL} for v, ligne in lignes.items()],
    )
    vues = {qui: etat for _, qui, etat in lire(connexion, "heures", "qui", "ligne_complete::varchar")}
    assert vues == dict.fromkeys(lignes, "NON") | {"rien": "OUI", "mode_realisation": "OUI"}


def test_le_type_d_un_contrat_renouvele_est_celui_du_premier_meme_sans_heure():
    # c1, un CDD de janvier sans heure, que c2 prolonge en CDI : un contrat de type CDD, signé et fini.
    contrats = [
        contrat("c1", "p1", "2025-01-10", "2025-01-31"),
        contrat("c2", "p1", "2025-02-03", "2025-03-31", contrat_suivi_id="c1", type_contrat="CDI"),
    ]
    connexion = etudier([("c2", "k", "2025-03", 60.0)], contrats)
    for etude in ("contrats_signes", "contrats_finis"):
        vus = lire(connexion, etude, "qui", "type_contrat::varchar")
        assert ("2025-T1", "p1", "CDD") in vus
        assert {type_contrat for _, _, type_contrat in vus} == {"CDD"}


def test_le_delai_de_saisie_part_de_la_fin_du_mois_travaille():
    # Janvier saisi le 10 février : 10 jours ; février saisi le 30 mars : 30. Moyenne du contrat : 20.
    heures = [("c1", "k", "2025-01", 5.0, "2025-02-10"), ("c1", "k", "2025-02", 5.0, "2025-03-30")]
    connexion = etudier(heures, [contrat("c1", "p1", "2025-01-10", None)])
    assert ("2025-T1", 20.0) in lire(connexion, "heures", "jours_saisie")


def test_une_structure_attendue_a_transmis_si_elle_a_des_heures_n_importe_ou():
    # En 2024-T1 : s1 sur k, s2 sur l, s3 sur m. Un an après : s1 sur une autre clause, s2 rien, s3 sur m.
    # Le témoin est de s4. La première année n'a pas d'année précédente.
    qui = {"k": "s4", "j": "s1", "j2": "s1", "l": "s2", "m": "s3"}
    heures = [("c1", k, "2024-02", 10.0) for k in ("j", "l", "m")]
    heures += [("c1", k, "2025-02", 10.0) for k in ("j2", "m")]
    clauses = [clause(k, structure_id=s) for k, s in qui.items()]
    connexion = etudier(heures, [contrat("c1", "p1", "2024-01-01", None)], clauses)
    vues = connexion.execute("""
        select m.periode::varchar, e.structure_id, n.id, e.a_transmis::varchar
        from etude_transmissions e join nos_clause_id n on n.no = e.clause_id join moments m using (moment)
        order by all
    """).fetchall()
    assert [ligne[1:] for ligne in vues if ligne[0] == "2025-T1"] == [
        ("s1", "j", "OUI"),
        ("s2", "l", "NON"),
        ("s3", "m", "OUI"),
        ("s4", "k", "OUI"),
    ]
    assert {periode[:4] for periode, *_ in vues} == {"2025"}
