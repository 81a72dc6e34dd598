"""Les heures et les personnes : employeurs, publics, entrées, regroupements publiés, parts du profil."""

from __future__ import annotations

from collections import Counter
from functools import cache
from unittest.mock import patch

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.indicateurs import REGISTRE
from observatoire.indicateurs.couverture import periodes_couvertes
from observatoire.indicateurs.heures import heures_hors_clauses_publiques, heures_realisees
from observatoire.indicateurs.personnes import entrees
from observatoire.indicateurs.rapports import evaluer
from observatoire.indicateurs.registre import PART, RAPPORTS
from observatoire.indicateurs.tables import ETUDES, preparer, territoires_de
from observatoire.indicateurs.tables.lecture import Lecture, ecrire_grille
from observatoire.referentiel import ENSEMBLE, NON_RENSEIGNE, lire_liste, nomenclature, ventilations
from observatoire.schemas import SCHEMAS
from tests.entrepot_en_memoire import ICI, cinq, clause, entrepot

MIENS = (
    "heures_realisees",
    "heures_hors_clauses_publiques",
    "beneficiaires",
    "beneficiaires_sur_place",
    "entrees",
)
AILLEURS = ("reg:11", "dep:94")


@pytest.fixture(scope="module")
def connexion():
    with duckdb.connect() as ouverte:
        yield ouverte


# ── les heures : employeurs et premier ────────────────────────────────────────────────────────
def travail(*lignes):
    """Lignes : (personne, employeur, modalité, heures)."""
    table = pd.DataFrame(list(lignes), columns=["personne", "employeur_siren", "modalite", "heures"])
    return table.astype(dict.fromkeys(["personne", "employeur_siren", "modalite"], "string")).assign(
        territoire="t"
    )


def mesures(table, cle="territoire"):
    """Chaque cellule : (valeur, effectif, employeurs, premier)."""
    colonnes = table[["valeur", "effectif", "employeurs", "premier"]]
    return dict(zip(table[cle], colonnes.itertuples(index=False, name=None), strict=True))


def test_une_somme_d_heures_dit_ses_employeurs_et_l_apport_du_plus_gros():
    # e1 : 10 + 5 = 15 h, e2 : 7 h. Trois personnes, 22 h, 2 employeurs, le premier en fait 15.
    table = travail(("p1", "e1", "A", 10.0), ("p2", "e1", "B", 5.0), ("p3", "e2", "A", 7.0))
    assert mesures(heures_realisees(table, ["territoire"])) == {"t": (22.0, 3, 2, 15.0)}
    assert mesures(heures_realisees(table, ["modalite"]), "modalite") == {
        "A": (17.0, 2, 2, 10.0),
        "B": (5.0, 1, 1, 5.0),
    }
    assert mesures(heures_hors_clauses_publiques(table, ["territoire"])) == {"t": (22.0, 3, 2, 15.0)}


def test_les_employeurs_inconnus_comptent_pour_un_seul():
    # Deux lignes sans employeur : 4 + 5 = 9 h, plus que les 8 h de e1.
    table = travail(("p1", "e1", "A", 8.0), ("p2", None, "A", 4.0), ("p3", None, "A", 5.0))
    assert mesures(heures_realisees(table, ["territoire"])) == {"t": (17.0, 3, 2, 9.0)}


def test_une_ligne_a_zero_heure_n_ajoute_pas_d_employeur():
    # Une correction a ramené e2 et e3 à zéro : tout vient de e1, la cellule dira un seul employeur.
    table = travail(("p1", "e1", "A", 8.0), ("p2", "e2", "A", 0.0), ("p3", "e3", "A", 0.0))
    assert mesures(heures_realisees(table, ["territoire"])) == {"t": (8.0, 1, 1, 8.0)}


_LIGNES = st.lists(
    st.tuples(
        st.sampled_from(["p1", "p2", "p3", None]),
        st.sampled_from(["e1", "e2", "e3", None]),
        st.sampled_from(["A", "B"]),
        st.integers(0, 40).map(lambda quarts: quarts / 4),
    ),
    max_size=12,
)


@given(lignes=_LIGNES)
@settings(max_examples=60, deadline=None)
def test_le_premier_employeur_fait_au_moins_sa_part_et_au_plus_le_tout(lignes):
    cellules = mesures(heures_realisees(travail(*lignes), ["modalite"]), "modalite")
    for modalite, (valeur, effectif, employeurs, premier) in cellules.items():
        retenues = [ligne for ligne in lignes if ligne[2] == modalite and ligne[3] > 0]
        assert valeur == sum(heures for *_, heures in retenues)
        assert effectif == len({personne for personne, *_ in retenues})
        assert employeurs == len({employeur for _, employeur, *_ in retenues})
        assert valeur / employeurs <= premier <= valeur


@pytest.mark.parametrize("indicateur", MIENS)
@given(lignes=_LIGNES, par=st.sampled_from([["territoire"], ["territoire", "modalite"]]))
@settings(max_examples=12, deadline=None)
def test_pandas_et_duckdb_comptent_pareil_employeurs_vides_compris(connexion, indicateur, lignes, par):
    table = travail(*lignes)
    calcul = REGISTRE[indicateur].calcul
    connexion.register("recue", table)
    decimales = connexion.sql("select * replace (heures::decimal(18, 6) as heures) from recue")
    cadre, relue = calcul(table, par), calcul(decimales, par).to_df()
    assert list(cadre.columns) == list(relue.columns)
    types = dict.fromkeys(cadre.columns, "Float64") | dict.fromkeys(par, "string")
    tries = [t.astype(types).sort_values(par, ignore_index=True) for t in (cadre, relue)]
    pd.testing.assert_frame_equal(*tries, rtol=0, atol=1e-9)


# ── sur un petit entrepôt ─────────────────────────────────────────────────────────────────────
@cache
def _etudier(connexion, table):
    """Écrit une seule table d'étude et celle des heures, une seule fois ; rend les périodes couvertes."""
    periodes = periodes_couvertes(connexion)
    with patch.dict(ETUDES, {nom: ETUDES[nom] for nom in ("heures", table)}, clear=True):
        preparer(connexion, territoires_de(connexion, ["reg", "dep"]), periodes)
    return periodes


def mesurer(connexion, nom, ventilation=ENSEMBLE, colonne="valeur", territoire="reg:11"):
    """Un indicateur, par (période, modalité), dans un territoire ; rien d'autre n'est calculé."""
    periodes = _etudier(connexion, REGISTRE[nom].table)
    grille = periodes[["periode"]].drop_duplicates().assign(indicateur=nom, territoire=territoire)
    grille["rang"] = (ENSEMBLE, *REGISTRE[nom].ventilations).index(ventilation)
    ecrire_grille(connexion, grille)
    lignes = Lecture(connexion, REGISTRE[nom])
    lue = connexion.sql(lignes.ventiler(lignes.etude, [ventilation]))
    table = REGISTRE[nom].calcul(lue, ["territoire", "periode", "code"]).to_df()
    cles = zip(table["periode"].astype(str), table["code"].astype(str), strict=True)
    return dict(zip(cles, table[colonne].astype(float), strict=True))


def au_trimestre(cellules, periode="2025-T1"):
    return {code: valeur for (quand, code), valeur in cellules.items() if quand == periode}


def profils(**ecarts):
    """Le profil de chaque personne citée ; toutes habitent ICI."""
    return {personne: (ecart, ICI) for personne, ecart in ecarts.items()}


def test_un_contrat_qui_forme_et_fait_travailler_se_partage_par_type_d_heure():
    # T16 : 5 × 10 h dont 4 h de formation → 20 h de formation, 30 h de travail, 50 h en tout.
    connexion = entrepot(cinq("k", "2025-02", 10.0), [clause("k")])
    connexion.execute("update entrepot.heures set heures_formation = 4")
    assert au_trimestre(mesurer(connexion, "heures_realisees")) == {ENSEMBLE: 50.0}
    assert au_trimestre(mesurer(connexion, "heures_realisees", "type_heure")) == {
        "TRAVAIL": 30.0,
        "FORMATION": 20.0,
    }
    assert au_trimestre(mesurer(connexion, "heures_realisees", "type_heure", "effectif")) == {
        "TRAVAIL": 5.0,
        "FORMATION": 5.0,
    }
    # Deux lignes par contrat dans la table d'étude : ni les personnes ni les contrats ne doublent.
    assert au_trimestre(mesurer(connexion, "beneficiaires")) == {ENSEMBLE: 5.0}
    assert au_trimestre(mesurer(connexion, "contrats_actifs")) == {ENSEMBLE: 5.0}


def test_des_heures_toutes_de_formation_n_ajoutent_personne_au_travail():
    # p0 … p3 sont en formation tout le mois, p4 travaille : l'effectif du travail est 1.
    connexion = entrepot(cinq("k", "2025-02", 10.0), [clause("k")])
    connexion.execute("update entrepot.heures set heures_formation = if(contrat_id = 'p4-k', null, heures)")
    effectifs = au_trimestre(mesurer(connexion, "heures_realisees", "type_heure", "effectif"))
    assert effectifs == {"TRAVAIL": 1.0, "FORMATION": 4.0}


def test_les_employeurs_se_comptent_par_siren_dans_chaque_cellule():
    # k : p0, p1 chez e1 et p2 … p4 chez e2 ; dans l'ensemble, e2 fait 3 × 10 h sur 50.
    connexion = entrepot(cinq("k", "2025-02", 10.0), [clause("k")])
    connexion.execute(
        "update entrepot.contrats set employeur_siren = repeat(if(personne in ('p0', 'p1'), '1', '2'), 9)"
    )
    assert au_trimestre(mesurer(connexion, "heures_realisees", colonne="employeurs")) == {ENSEMBLE: 2.0}
    assert au_trimestre(mesurer(connexion, "heures_realisees", colonne="premier")) == {ENSEMBLE: 30.0}


def test_les_heures_se_ventilent_par_secteur_et_type_d_acheteur_regroupes():
    clauses = [
        clause("k", secteur="BAT", type_acheteur="CCAS"),
        clause("l", secteur="INDUS", type_acheteur="COMMUNE"),
        clause("m", secteur="REST", type_acheteur=None),
    ]
    heures = [*cinq("k", "2025-02", 1.0), *cinq("l", "2025-02", 2.0), *cinq("m", "2025-02", 4.0)]
    connexion = entrepot(heures, clauses)
    assert au_trimestre(mesurer(connexion, "heures_realisees", "secteur")) == {"BAT": 5.0, "SERVICES": 30.0}
    assert au_trimestre(mesurer(connexion, "heures_realisees", "type_acheteur")) == {
        "COMMUNE": 15.0,
        "NR": 20.0,
    }


# ── les publics ───────────────────────────────────────────────────────────────────────────────
PRINCIPAUX = (
    (["SENIOR", "BRSA", "RQTH"], "RQTH"),
    (["DELD", "DETLD"], "DETLD"),
    (["JEUNE_SQ", "DELD"], "DELD"),
    (["IAE", "SENIOR"], "SENIOR"),
    (["QPV", "PLIE"], "PARCOURS"),
    (["QPV"], "AUTRE"),
    (["AAH", "REFUGIE"], "AUTRE"),
    ([], "NR"),
    (["NR"], "NR"),
    (["INCONNU_AU_REFERENTIEL"], "NR"),
)


def test_le_public_principal_est_le_premier_dans_l_ordre_du_referentiel():
    heures = [(f"p{rang}", "k", "2025-02", 9.0) for rang in range(len(PRINCIPAUX))]
    publics = [(f"p{rang}", public) for rang, (declares, _) in enumerate(PRINCIPAUX) for public in declares]
    connexion = entrepot(heures, [clause("k")], publics=publics)
    attendus = Counter(principal for _, principal in PRINCIPAUX)
    assert au_trimestre(mesurer(connexion, "beneficiaires", "public_principal")) == attendus
    un_a_un = connexion.sql(
        """select distinct id, public_principal::text from etude_heures
           join nos_personne on no = personne order by id"""
    ).fetchall()
    assert un_a_un == [(f"p{rang}", principal) for rang, (_, principal) in enumerate(PRINCIPAUX)]


def test_les_publics_se_cumulent_et_le_public_principal_se_partage():
    # p0 relève de trois publics dont deux parcours (comptés une fois), p1 d'un seul, p2 d'aucun.
    heures = [(f"p{n}", "k", "2025-02", 9.0) for n in range(3)]
    publics = [("p0", "IAE"), ("p0", "PLIE"), ("p0", "BRSA"), ("p1", "BRSA")]
    connexion = entrepot(heures, [clause("k")], publics=publics)
    assert au_trimestre(mesurer(connexion, "beneficiaires", "public")) == {
        "PARCOURS": 1.0,
        "BRSA": 2.0,
        "NR": 1.0,
    }
    principaux = au_trimestre(mesurer(connexion, "beneficiaires", "public_principal"))
    assert principaux == {"BRSA": 2.0, "NR": 1.0}
    assert sum(principaux.values()) == 3  # exclusif : il refait l'ensemble


@pytest.mark.parametrize("public", ["REFUGIE", "PPSMJ", "ASE", "SANS_HEB"])
@pytest.mark.parametrize("ventilation", ["public", "public_principal"])
def test_un_public_tres_sensible_n_est_jamais_publie_seul(public, ventilation):
    assert ventilations()[ventilation].vers_publiee[public] == "AUTRE"
    assert public not in ventilations()[ventilation].libelles
    assert ventilations()[ventilation].sensible


def test_les_deux_vues_des_publics_ont_les_memes_codes():
    assert set(nomenclature("publics")) == set(nomenclature("publics_principaux"))
    rangs = [modalite.ordre for modalite in nomenclature("publics_principaux").values()]
    assert len(rangs) == len(set(rangs)), "deux publics de même priorité : le principal dépendrait du hasard"


# ── les regroupements publiés ─────────────────────────────────────────────────────────────────
def test_tout_code_va_a_une_modalite_publiee_et_libellee():
    for ventilation in ventilations().values():
        assert set(ventilation.vers_publiee.values()) <= set(ventilation.libelles), ventilation.nom
    groupes = [(ligne["liste"], ligne["code"]) for ligne in lire_liste("groupes")]
    assert len(groupes) == len(set(groupes))


INCONNUS = {
    "tranche_age": (("A30_39", "NR", None), "A26_49"),  # jamais une cellule d'une ou deux personnes
    "niveau_diplome": (("ETR", "NR", None), "NR"),
    "qpv": (("NR", None, "peut-être"), "NR"),  # une adresse inconnue n'est jamais « non »
    "sexe": (("NR", None, "X"), "NR"),
}


def test_les_profils_inconnus_vont_ou_le_libelle_le_dit():
    heures = [(f"p{n}", "k", "2025-02", 9.0) for n in range(3)]
    qui = {f"p{n}": {colonne: ecrites[n] for colonne, (ecrites, _) in INCONNUS.items()} for n in range(3)}
    connexion = entrepot(heures, [clause("k")], personnes=profils(**qui))
    for colonne, (_, publiee) in INCONNUS.items():
        assert au_trimestre(mesurer(connexion, "beneficiaires", colonne)) == {publiee: 3.0}
        assert au_trimestre(mesurer(connexion, "heures_realisees", colonne)) == {publiee: 27.0}
        libelle = ventilations()[colonne].libelles[publiee]
        assert "non renseigné" in libelle.lower()


def test_le_critere_les_concessions_et_la_modalite_inconnue_sont_reunis():
    modalites = ("CE", "CE_CA", "CA", "CONC", None, "MR_HAND", "SI")
    clauses = [clause(f"k{n}", modalite=modalite) for n, modalite in enumerate(modalites)]
    heures = [(f"p{n}", f"k{n}", "2025-02", 2.0) for n in range(len(modalites))]
    assert au_trimestre(mesurer(entrepot(heures, clauses), "heures_realisees", "modalite")) == {
        "EXECUTION": 2.0,
        "AUTRES": 8.0,
        "RESERVE": 2.0,
        "INSERTION": 2.0,
    }


def test_un_croisement_a_pour_marges_ses_deux_axes():
    # Deux jeunes femmes, une femme de 50 ans, un jeune homme.
    heures = [(f"p{n}", "k", "2025-02", 9.0) for n in range(4)]
    qui = profils(
        p0={"tranche_age": "M26", "qpv": "OUI"},
        p1={"tranche_age": "M26"},
        p2={"tranche_age": "A55P", "qpv": None},
        p3={"tranche_age": "M26", "sexe": "M"},
    )
    connexion = entrepot(heures, [clause("k")], personnes=qui)
    assert au_trimestre(mesurer(connexion, "beneficiaires", "sexe_tranche_age")) == {
        "F×M26": 2.0,
        "F×A50P": 1.0,
        "M×M26": 1.0,
    }
    croisees = au_trimestre(mesurer(connexion, "beneficiaires", "sexe_qpv"))
    assert croisees == {"F×OUI": 1.0, "F×NON": 1.0, "F×NR": 1.0, "M×NON": 1.0}
    assert set(croisees) <= set(ventilations()["sexe_qpv"].libelles)
    assert ventilations()["sexe_qpv"].sensible, "un axe sensible rend le croisement sensible"


def test_qui_travaille_sur_deux_types_de_marche_compte_dans_chacun():
    clauses = [clause("k"), clause("l", type_marche="S")]
    heures = [("p0", "k", "2025-02", 9.0), ("p0", "l", "2025-02", 9.0), ("p1", "l", "2025-02", 9.0)]
    connexion = entrepot(heures, clauses, personnes=profils(p1={"sexe": "M"}))
    sur_place = REGISTRE["beneficiaires_sur_place"]
    assert au_trimestre(mesurer(connexion, sur_place.nom)) == {ENSEMBLE: 2.0}
    assert au_trimestre(mesurer(connexion, sur_place.nom, "type_marche")) == {"T": 1.0, "S": 2.0}
    assert "type_marche" in sur_place.multiples
    assert au_trimestre(mesurer(connexion, sur_place.nom, "sexe")) == {"F": 1.0, "M": 1.0}


# ── les entrées ───────────────────────────────────────────────────────────────────────────────
TEMOIN = [("t", "k", f"{annee}-{mois}", 5.0) for annee in (2024, 2025) for mois in ("01", "04", "07", "10")]


def test_une_personne_entre_une_seule_fois_et_l_annee_est_la_somme_des_trimestres():
    # t travaille depuis 2024-T1 : il n'entre dans aucune période publiée. p entre en 2025-T1 et travaille
    # encore en T2 ; q en 2025-T3. Année : 2 = 1 + 0 + 1 + 0.
    heures = [*TEMOIN, ("p", "k", "2025-02", 9.0), ("p", "k", "2025-05", 9.0), ("q", "k", "2025-08", 9.0)]
    comptes = mesurer(entrepot(heures, [clause("k")]), "entrees")
    assert comptes == {
        ("2025-T1", ENSEMBLE): 1.0,
        ("2025-T3", ENSEMBLE): 1.0,
        ("2025", ENSEMBLE): 2.0,
    }  # quatre trimestres glissants à la fin de 2025-T1 remontent à 2024 : ils ne sont pas publiés


def test_les_entrees_ne_sont_pas_publiees_la_premiere_annee_d_observation():
    connexion = entrepot(TEMOIN, [clause("k")])
    periodes = periodes_couvertes(connexion)
    par_genre = periodes.groupby("genre")["periode"].agg(list)
    assert par_genre["suivi"][:5] == ["2024", "2024-T1", "2024-T2", "2024-T3", "2024-T4"]
    assert not [periode for periode in par_genre["entrees"] if periode.startswith("2024")]
    assert {"2025", "2025-T1", "2025-T4"} <= set(par_genre["entrees"])


def test_on_entre_au_trimestre_de_sa_premiere_heure_entiere():
    # p : 0,5 h en 2025-T1, 1 h en T2 → il entre en T2, où il est aussi bénéficiaire.
    heures = [*TEMOIN, ("p", "k", "2025-02", 0.5), ("p", "k", "2025-05", 1.0)]
    comptes = mesurer(entrepot(heures, [clause("k")]), "entrees")
    assert au_trimestre(comptes, "2025-T1") == {}
    assert au_trimestre(comptes, "2025-T2") == {ENSEMBLE: 1.0}


def test_des_heures_privees_ne_font_pas_entrer():
    # p travaille hors commande publique en 2025-T1, sous clause en T2 : il entre en T2.
    heures = [*TEMOIN, ("p", "prive", "2025-02", 9.0), ("p", "k", "2025-05", 9.0)]
    comptes = mesurer(entrepot(heures, [clause("k"), clause("prive", modalite="PRIVE")]), "entrees")
    assert au_trimestre(comptes, "2025-T1") == {}
    assert au_trimestre(comptes, "2025-T2") == {ENSEMBLE: 1.0}


def test_une_entree_compte_ou_la_personne_habite_et_selon_son_profil():
    heures = [*TEMOIN, ("p", "k", "2025-02", 9.0), ("q", "k", "2025-02", 9.0)]
    qui = {"p": ({"sexe": "M", "tranche_age": None}, AILLEURS)}
    connexion = entrepot(heures, [clause("k")], personnes=qui)
    assert au_trimestre(mesurer(connexion, "entrees", territoire="dep:94")) == {ENSEMBLE: 1.0}
    assert au_trimestre(mesurer(connexion, "entrees", "sexe")) == {"F": 1.0, "M": 1.0}
    assert au_trimestre(mesurer(connexion, "entrees", "tranche_age")) == {"A26_49": 2.0}


_MOIS = [f"{annee}-{mois:02d}" for annee in (2024, 2025) for mois in range(1, 13)]


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(_MOIS), st.integers(1, 8).map(lambda q: q / 4)),
        max_size=14,
        unique_by=lambda ligne: ligne[:2],
    )
)
@settings(max_examples=6, deadline=None)
def test_les_entrees_font_leur_annee_et_ne_depassent_jamais_les_beneficiaires(lignes):
    connexion = entrepot([*TEMOIN, *((p, "k", mois, h) for p, mois, h in lignes)], [clause("k")])
    comptes, presents = mesurer(connexion, "entrees"), mesurer(connexion, "beneficiaires")
    trimestres = [comptes.get((f"2025-T{rang}", ENSEMBLE), 0) for rang in (1, 2, 3, 4)]
    assert sum(trimestres) == comptes.get(("2025", ENSEMBLE), 0)
    assert all(nombre <= presents[cle] for cle, nombre in comptes.items())


def test_les_entrees_comptent_les_personnes_pas_les_lignes():
    table = pd.DataFrame({"territoire": ["t", "t", "t"], "personne": ["p", "p", "q"]})
    (ligne,) = entrees(table, ["territoire"]).to_dict("records")
    assert ligne == {"territoire": "t", "valeur": 2, "effectif": 2}


# ── les parts : sur le renseigné, sur les seules cellules publiées ────────────────────────────
def publiees(*lignes):
    """Des valeurs publiées : (indicateur, ventilation, modalité, valeur ou None si elle est secrète)."""
    table = pd.DataFrame(
        [
            {
                "indicateur": indicateur,
                "ventilation": ventilation,
                "modalite": modalite,
                "valeur": valeur,
                "unite": REGISTRE[indicateur].unite,
                "statut": "secret" if valeur is None else "publie",
                "territoire": "dep:93",
                "periode": "2025-T1",
            }
            for indicateur, ventilation, modalite, valeur in lignes
        ]
    )
    return SCHEMAS["indicateurs/valeurs"].verifier(table[SCHEMAS["indicateurs/valeurs"].noms])


def evalue(nom, *lignes, modalite=ENSEMBLE):
    """(valeur, statut) d'un rapport sur ces seules cellules."""
    with patch.dict(RAPPORTS, {nom: RAPPORTS[nom]}, clear=True):
        table = evaluer(publiees(*lignes), {"heures_par_etp": 1607})
    (ligne,) = table[(table["indicateur"] == nom) & (table["modalite"] == modalite)].to_dict("records")
    return (None if pd.isna(ligne["valeur"]) else ligne["valeur"], ligne["statut"])


@pytest.mark.parametrize(("heures", "attendu"), [(25_124_684, 15634.5), (1607, 1.0), (0, 0.0)])
def test_l_equivalent_temps_plein_divise_les_heures_publiees(heures, attendu):
    # Oracle 1 : 25 124 684 h à 1 607 h font 15 634,5 ETP.
    valeur, statut = evalue("equivalents_temps_plein", ("heures_realisees", ENSEMBLE, ENSEMBLE, heures))
    assert valeur == pytest.approx(attendu, abs=0.05)
    assert statut == "publie"


@pytest.mark.parametrize(("diviseur", "attendu"), [(1600, 15702.9), (1607, 15634.5), (1820, 13804.8)])
def test_les_equivalents_temps_plein_suivent_leur_diviseur(diviseur, attendu):
    calcul = RAPPORTS["equivalents_temps_plein"].calcul
    assert calcul(25_124_684, heures_par_etp=diviseur) == pytest.approx(attendu, abs=0.05)


def test_des_heures_cachees_cachent_leurs_equivalents_temps_plein():
    ligne = ("heures_realisees", ENSEMBLE, ENSEMBLE, None)
    assert evalue("equivalents_temps_plein", ligne) == (None, "secret")


def test_la_part_des_femmes_ignore_le_sexe_inconnu():
    # 20 femmes et 60 hommes : 20 / 80 = 25 % ; les 40 non renseignés ne sont ni l'un ni l'autre.
    lignes = [("beneficiaires", "sexe", code, n) for code, n in (("F", 20), ("M", 60), ("NR", 40))]
    assert evalue("part_femmes", *lignes) == (25.0, "publie")
    heures = [("heures_realisees", "sexe", code, n) for code, n in (("F", 300), ("M", 700), ("NR", 5))]
    assert evalue("part_femmes_heures", *heures) == (30.0, "publie")


def test_un_nombre_cache_cache_la_part():
    lignes = [("beneficiaires", "sexe", "F", None), ("beneficiaires", "sexe", "M", 60)]
    assert evalue("part_femmes", *lignes) == (None, "secret")


def test_une_part_de_personne_est_non_disponible():
    lignes = [("beneficiaires", "sexe", code, 0) for code in ("F", "M", "NR")]
    assert evalue("part_femmes", *lignes) == (None, "non_disponible")


def test_la_part_des_quartiers_prioritaires_ne_prend_pas_une_adresse_inconnue_pour_non():
    # 10 oui, 30 non, 60 inconnues : 10 / 40 = 25 %, et non 10 %.
    lignes = [("beneficiaires", "qpv", code, n) for code, n in (("OUI", 10), ("NON", 30), ("NR", 60))]
    assert evalue("part_qpv", *lignes) == (25.0, "publie")


def test_le_diplome_etranger_n_est_ni_au_dessus_ni_au_dessous_du_baccalaureat():
    # (30 + 20) / (30 + 20 + 30 + 20) = 50 % ; les 100 non reconnus ou inconnus sortent du calcul.
    codes = {"INF3": 30, "N3": 20, "N4": 30, "BAC_PLUS": 20, "NR": 100}
    lignes = [("beneficiaires", "niveau_diplome", code, n) for code, n in codes.items()]
    assert evalue("part_infra_bac", *lignes) == (50.0, "publie")


def test_la_part_d_un_public_porte_sur_les_personnes_dont_un_public_est_connu():
    # Connus : 30 + 50 + 20 = 100, par public principal ; 40 touchent le RSA, dont 10 handicapés.
    principaux = {"RQTH": 30, "BRSA": 50, "AUTRE": 20, "NR": 900}
    lignes = [("beneficiaires", "public_principal", code, n) for code, n in principaux.items()]
    lignes += [("beneficiaires", "public", "BRSA", 40), ("beneficiaires", "public", "RQTH", 30)]
    assert evalue("part_rsa", *lignes) == (40.0, "publie")
    assert evalue("part_travailleurs_handicapes", *lignes) == (30.0, "publie")


def test_la_part_des_residents_ignore_les_residences_inconnues():
    codes = {"OUI": 45, "NON": 55, "NR": 10}
    lignes = [("beneficiaires_sur_place", "habite_le_territoire", code, n) for code, n in codes.items()]
    assert evalue("part_residents", *lignes) == (45.0, "publie")


def test_les_heures_par_beneficiaire_sont_celles_du_territoire_et_se_croisent():
    # 12 000 h pour 50 personnes : 240 h ; les femmes : 1 000 h pour 10 : 100 h.
    lignes = [
        ("heures_realisees", ENSEMBLE, ENSEMBLE, 12_000),
        ("beneficiaires_sur_place", ENSEMBLE, ENSEMBLE, 50),
        ("heures_realisees", "sexe", "F", 1_000),
        ("beneficiaires_sur_place", "sexe", "F", 10),
    ]
    assert evalue("heures_par_beneficiaire", *lignes) == (240.0, "publie")
    assert evalue("heures_par_beneficiaire", *lignes, modalite="F") == (100.0, "publie")


DES_PERSONNES = [r for r in RAPPORTS.values() if r.calcul.__module__.endswith((".profil", ".heures"))]


@pytest.mark.parametrize("rapport", DES_PERSONNES, ids=[r.nom for r in DES_PERSONNES])
def test_chaque_rapport_cite_des_cellules_qui_existent_et_s_additionnent(rapport):
    for terme in rapport.termes:
        indicateur = REGISTRE[terme.indicateur]
        assert terme.ventilation in (ENSEMBLE, *indicateur.ventilations)
        assert set(rapport.croise) <= set(indicateur.ventilations)
        if terme.ventilation != ENSEMBLE:
            assert set(terme.modalites) <= set(ventilations()[terme.ventilation].libelles)
            assert NON_RENSEIGNE not in terme.modalites
            # une ventilation où l'on a plusieurs modalités ne se somme pas
            assert terme.ventilation not in indicateur.multiples or len(terme.modalites) == 1
    assert len(rapport.methode) > 200
    assert (rapport.unite == PART) == rapport.nom.startswith("part_")


@pytest.mark.parametrize("indicateur", MIENS)
def test_toute_ventilation_de_personnes_est_exclusive_ou_dite_multiple(indicateur):
    inscrit = REGISTRE[indicateur]
    assert set(inscrit.multiples) <= set(inscrit.ventilations)
    assert not inscrit.ventilations or "modalite" in inscrit.additif
