"""La suppression complémentaire : exemples à la main, problèmes de référence, hasard, force brute, audit."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest
from conftest import DEPOT
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from observatoire.indicateurs.audit.bornes import eprouver
from observatoire.indicateurs.audit.inities import Inities
from observatoire.indicateurs.audit.recherche import Exigences
from observatoire.indicateurs.secret import PAS, Geographie, escalader
from observatoire.indicateurs.secret.suppression import SecretImpossibleError, supprimer
from observatoire.indicateurs.secret.tableaux import Structure, Tableau
from tests.petites_cellules import (
    APPARTENANCES,
    LIEUX,
    attaquer,
    cachees,
    cellules,
    statuts,
    taire,
    tirer,
    ventiler,
)
from tests.petits_tableaux import K, PetitTableau

PROBLEMES = DEPOT.parent / "shared" / "data" / "sdc" / "problems.json"


def superflues(tableau, tues):
    """Les cellules complémentaires que l'on pourrait montrer sans que l'auditeur refuse rien."""
    sensibles = {cellule for cellule, _, _ in tableau.besoins}
    complementaires = set(np.flatnonzero(tues).tolist()) - sensibles
    return {c for c in complementaires if not tableau.refusees(tues & (np.arange(len(tues)) != c))}


# ── deux exemples à la main ───────────────────────────────────────────────────────────────────
def test_un_trimestre_ne_se_deduit_pas_du_cumul_les_huit_cases_du_cube_se_taisent():
    # §1.5 : EPT × RQTH/non × T1/T2 ; le 2 de l'EPT2 au T2. Taire la seule tranche du T2 laisse 11 − 9 = 2.
    vrais = np.array([[[6, 8], [40, 38]], [[9, 2], [31, 35]], [[7, 7], [52, 49]]])
    tableau = PetitTableau.de(vrais, marges=[[0], [1], [2]])
    assert [cellule for cellule, _, _ in tableau.besoins] == [5]
    tranche = np.isin(np.arange(len(tableau.valeurs)), [1, 3, 5, 7])
    assert tableau.attaquer(tranche, [5]) == [(2, 2)]
    tues = tableau.proteger()
    assert set(np.flatnonzero(tues)) == set(range(8))  # EPT1 et EPT2, RQTH et non, T1 et T2
    assert tableau.attaquer(tues, [5]) == [(0, 10)]
    assert superflues(tableau, tues) == set()


def test_deux_cachees_par_ligne_et_par_colonne_ne_suffisent_pas():
    # §1.6 : w+x − (a+c) donnent (w,b) = 236 − 189 = 47 ; taire (x,d) en plus ouvre l'intervalle à [0, 78].
    lignes = [[30, 47, 64, 89], [90, 124, 5, 31], [92, 100, 59, 85], [800, 991, 651, 685]]
    sensibles = [0, 1, 2, 4, 6, 9, 11, 13, 15]
    w_b = [(1, 0.0, 48.0)]
    tableau = PetitTableau.de(lignes, marges=[[0], [1]], besoins=w_b)
    seules = np.isin(np.arange(24), sensibles)
    assert tableau.attaquer(seules, [1]) == [(47, 47)]
    assert tableau.attaquer(seules | (np.arange(24) == 7), [1]) == [(0, 78)]
    # Le secret, qui doit cacher les neuf, choisit aussi une seule cellule de plus.
    besoins = [w_b[0], *((c, float(lignes[c // 4][c % 4]), float(lignes[c // 4][c % 4])) for c in sensibles)]
    tableau = PetitTableau.de(lignes, marges=[[0], [1]], besoins=besoins)
    tues = tableau.proteger(deja=sensibles)
    assert tues.sum() == 10
    assert tableau.refusees(tues) == []
    assert superflues(tableau, tues) == set()


# ── les problèmes de référence ────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def problemes():
    if not PROBLEMES.exists():
        pytest.skip("les problèmes de référence ne sont pas là")
    lus = json.loads(PROBLEMES.read_text(encoding="utf-8"))["problems"]
    # « d3 » (1 350 cellules) se protège aussi, en trois quarts de minute.
    return {p["id"]: p for p in lus if len(p["cells"]) < 1000}


def de_reference(probleme):
    """Le problème, ses cellules primaires à laisser croire de 0 à max(5, valeur + 1)."""
    valeurs = np.array([c["value"] for c in probleme["cells"]], dtype=float)
    primaires = [rang for rang, c in enumerate(probleme["cells"]) if c["primary"]]
    besoins = [(c, 0.0, max(K, valeurs[c] + 1)) for c in primaires]
    parties = [c["atoms"] for c in probleme["cells"]]
    return PetitTableau(probleme["n_atoms"], parties, valeurs, frozenset(), besoins)


def test_les_seize_tableaux_de_reference_sont_proteges_sans_une_cellule_de_trop(problemes):
    for nom, probleme in problemes.items():
        tableau = de_reference(probleme)
        tues = tableau.proteger()
        assert tues[[cellule for cellule, _, _ in tableau.besoins]].all(), nom
        assert tableau.refusees(tues) == [], nom
        assert superflues(tableau, tues) == set(), nom
    assert len(problemes) == 16


def test_l_optimum_de_tau_argus_est_retrouve(problemes):
    # tauargus_batch_ex1 : quatre cellules, A et C, hommes et femmes, au coût de leur valeur.
    probleme = problemes["tauargus_batch_ex1"]
    assert de_reference(probleme).proteger().sum() == sum(c["hidden_ref"] for c in probleme["cells"]) == 4


# ── le hasard, l'auditeur, la force brute ─────────────────────────────────────────────────────
def essayer(tableau):
    """Ce que le secret tait, à défaut la cellule qu'il dit impossible à protéger."""
    try:
        return tableau.proteger(), None
    except SecretImpossibleError as erreur:
        return None, erreur.cellule


FORMES = st.sampled_from([(2, 2), (2, 3), (3, 3), (2, 4), (2, 2, 2), (2, 2, 3)])


@settings(max_examples=500, deadline=None)
@given(forme=FORMES, grand=st.sampled_from([6, 9, 30]), fixes=st.booleans(), tirage=st.data())
def test_ce_qui_est_publie_passe_l_audit_et_l_enumeration_trouve_les_memes_bornes(
    forme, grand, fixes, tirage
):
    nombre = int(np.prod(forme))
    cube = np.array(tirage.draw(st.lists(st.integers(0, grand), min_size=nombre, max_size=nombre)))
    tableau = PetitTableau.de(cube.reshape(forme), [[axe] for axe in range(len(forme))], fixes=fixes)
    assume(tableau.besoins)
    tues, impossible = essayer(tableau)
    if impossible is not None:
        # Impossible veut dire impossible : tout caché, l'auditeur la refuse encore.
        tout = ~np.isin(np.arange(len(tableau.valeurs)), list(tableau.fixes))
        assert impossible in tableau.refusees(tout)
        return
    assert tues[[cellule for cellule, _, _ in tableau.besoins]].all()
    assert tableau.refusees(tues) == []
    if fixes and len(forme) == 2 and grand == 6:  # un réseau : tout sommet est entier
        vus = np.array(mondes(cube.reshape(forme), tues[:nombre].reshape(forme)))
        for cellule, bas, haut in tableau.besoins:
            assert vus[:, cellule].min() <= bas
            assert vus[:, cellule].max() >= haut
            assert tableau.attaquer(tues, [cellule]) == [(vus[:, cellule].min(), vus[:, cellule].max())]


def mondes(cube, caches):
    """Tous les tableaux entiers de mêmes marges et de mêmes cases visibles, une ligne après l'autre."""
    suites = [((), tuple(cube.sum(axis=0).tolist()))]
    for ligne, masque in zip(cube.tolist(), caches, strict=True):
        libres = [
            range(sum(ligne) + 1) if cache else [vrai] for vrai, cache in zip(ligne, masque, strict=True)
        ]
        choix = [
            (*debut, sum(ligne) - sum(debut))
            for debut in product(*libres[:-1])
            if sum(ligne) - sum(debut) in libres[-1]
        ]
        suites = [
            ((*suite, *suivante), restes)
            for suite, colonnes in suites
            for suivante in choix
            if min(restes := tuple(c - v for c, v in zip(colonnes, suivante, strict=True))) >= 0
        ]
    return [suite for suite, restes in suites if not any(restes)]


@settings(max_examples=60, deadline=None)
@given(forme=FORMES, fixes=st.booleans(), tirage=st.data())
def test_montrer_une_seule_cellule_complementaire_suffit_a_trahir(forme, fixes, tirage):
    nombre = int(np.prod(forme))
    cube = np.array(tirage.draw(st.lists(st.integers(0, 20), min_size=nombre, max_size=nombre)))
    tableau = PetitTableau.de(cube.reshape(forme), [[axe] for axe in range(len(forme))], fixes=fixes)
    assume(tableau.besoins)
    tues, impossible = essayer(tableau)
    assume(impossible is None)
    assert superflues(tableau, tues) == set()


def test_le_choix_ne_depend_ni_de_la_fois_ni_de_l_ordre_des_cibles():
    hasard = np.random.default_rng(0)
    for _ in range(10):
        tableau = PetitTableau.de(hasard.integers(0, 20, (3, 4)), [[0], [1]], fixes=False)
        choix = [tableau.proteger() for _ in range(3)]
        choix += [supprimer(tableau.systeme, tableau.cibles[::-1]).cachees]
        assert all((autre == choix[0]).all() for autre in choix)


def test_qui_connait_sa_cellule_ne_doit_pas_retrouver_l_autre():
    # 3 et 2 se cachent l'un l'autre, de 0 à 5 ; mais qui fait partie des deux connaît alors les trois.
    tableau = PetitTableau.de([[3, 2, 30, 25]], marges=[[1]])
    initie = Inities(np.array([1]), np.array([2.0]), np.zeros(1), np.arange(2))

    def trahies(tues):
        exigences = Exigences(np.array([4, 5]), np.zeros(2), np.full(2, 5.0))
        return list(eprouver(tableau.attaque(tues), exigences, initie).initie)

    tues = tableau.proteger()
    assert list(np.flatnonzero(tues)) == [0, 1]
    assert trahies(tues) == [True, False]
    tues = tableau.proteger(sues={1: frozenset([1])})
    assert tues.sum() == 3
    assert trahies(tues) == [False, False]


# ── les tableaux d'une publication ────────────────────────────────────────────────────────────
SOMME = Structure(somme_territoires=True, somme_periodes=True, arrondi=0.0)


def tableau_de(*lignes, structure=SOMME):
    """Le tableau de cellules (territoire, période, modalités, valeur)."""
    table = pd.DataFrame(list(lignes), columns=["territoire", "periode", "parties", "valeur"])
    geographie = Geographie.lire(APPARTENANCES, sorted(set(table["territoire"])))
    return Tableau(
        table.assign(plafond=np.inf, partagee=True, close=False, etat=0, poids=1.0), structure, geographie
    )


def test_les_territoires_et_les_periodes_se_composent_de_mailles_et_de_trimestres():
    tableau = tableau_de(
        ("dep:94", "2025-T1", ("F",), 10.0),
        ("ept:T11", "2025-T1", ("F",), 4.0),
        ("ept:T12", "2025-T1", ("F",), 9.0),
        ("dep:94", "2025", ("F",), 40.0),
    )
    systeme = tableau.systeme()
    membres = [
        set(systeme.variable[debut : fin - 1].tolist())
        for debut, fin in zip(systeme.debut, systeme.debut[1:], strict=False)
    ]
    dep, t11, t12, annee = membres
    assert t11 < dep  # T11 est tout entier dans le 94
    assert dep & t12 == dep - t11  # T12 est à cheval
    assert t12 - dep
    assert dep < annee
    assert len(annee) == 4 * len(dep)


def test_paris_et_son_territoire_portent_le_meme_numero():
    tableau = tableau_de(
        ("dep:75", "2025", ("F",), 10.0),
        ("ept:T1", "2025", ("F",), 10.0),
        ("ept:T1", "2025", ("M",), 10.0),
        ("dep:93", "2025", ("F",), 10.0),
    )
    assert list(tableau.identiques()) == [0, 0, 1, 2]


# ── toutes les cellules d'un indicateur ───────────────────────────────────────────────────────
GRANDES = [
    ligne for dep in ("dep:75", "dep:91", "dep:93") for ligne in ventiler(dep, "sexe", F=50, M=60, NR=70)
]


def test_une_cellule_sensible_entraine_une_autre_de_son_territoire():
    protection = taire(cellules(*GRANDES, *ventiler("dep:94", "sexe", F=3, M=40, NR=20)))
    tues = cachees(protection)
    assert ("dep:94", "F") in tues
    assert len(tues) == 2
    assert {territoire for territoire, _ in tues} == {"dep:94"}
    assert attaquer(protection).refus.empty
    # Montrer l'autre rendrait 63 − 60 = 3.
    table = protection.cellules
    (autre,) = table.index[table["statut"].eq("secret") & table["raison"].eq("")]
    refus = attaquer(protection, montrees=[autre]).refus
    assert [(r.territoire, r.modalite) for r in refus.itertuples()] == [("dep:94", "F")]


def test_une_cellule_deja_publiee_n_est_pas_tue_et_une_cachee_le_reste():
    def avec(**etats):
        table = cellules(*GRANDES, *ventiler("dep:94", "sexe", F=3, M=40, NR=20))
        du_94 = table["territoire"].eq("dep:94")
        return table.assign(etat=table["modalite"].map(etats).where(du_94).fillna("libre"))

    for publiee, autre in (("M", "NR"), ("NR", "M")):
        assert cachees(taire(avec(**{publiee: "publiee"}))) == {("dep:94", "F"), ("dep:94", autre)}
    assert ("dep:94", "M") in cachees(taire(avec(M="cachee")))


def croiser(dep, *, femmes, hommes):
    """Un département, par sexe, âge, et sexe et âge."""
    ages = ("M26", "A26_49", "A50P")
    return [
        *ventiler(dep, "sexe", F=sum(femmes), M=sum(hommes)),
        *((dep, "tranche_age", age, f + m) for age, f, m in zip(ages, femmes, hommes, strict=True)),
        *((dep, "sexe_tranche_age", f"F×{age}", f) for age, f in zip(ages, femmes, strict=True)),
        *((dep, "sexe_tranche_age", f"M×{age}", m) for age, m in zip(ages, hommes, strict=True)),
    ]


def test_ce_qui_compose_une_cellule_cachee_est_cache_zeros_compris():
    grandes = [
        ligne
        for dep in ("dep:75", "dep:91", "dep:93")
        for ligne in croiser(dep, femmes=(40, 40, 40), hommes=(40, 50, 50))
    ]
    petites = croiser("dep:94", femmes=(3, 0, 0), hommes=(30, 40, 20))
    protection = taire(cellules(*grandes, *petites))
    assert cachees(protection) == {("dep:94", "F"), ("dep:94", "M")}
    # Les hommes de plus de 50 ans aussi, dont aucune cellule sensible n'a besoin : « M » est caché.
    attendues = {("dep:94", f"{s}×{age}") for s in "FM" for age in ("M26", "A26_49", "A50P")}
    assert cachees(protection, "sexe_tranche_age") == attendues
    assert attaquer(protection).refus.empty


TIRAGES = [
    ("beneficiaires", "sexe", ("F", "M", "NR")),
    ("contrats_actifs", "type_contrat", ("CDI", "CDD", "CTT")),
    ("heures_realisees", "sexe", ("F", "M", "NR")),
]


@pytest.mark.parametrize("tirage", TIRAGES, ids=[nom for nom, _, _ in TIRAGES])
@pytest.mark.parametrize(("graine", "personnes"), [(0, 200), (2, 800), (5, 800), (8, 800), (11, 1500)])
def test_une_annee_de_personnes_tirees_au_sort_passe_l_audit(graine, personnes, tirage):
    protection = taire(tirer(graine, *tirage, personnes=personnes))
    table = protection.cellules
    assert table["raison"].ne("").any()
    assert table.loc[table["raison"].ne(""), "statut"].eq("secret").all()
    refus = attaquer(protection).refus
    # Un tableau protégé cellule à cellule l'est toujours ; un détail tu entier peut demander l'escalade.
    assert refus.empty or not table["vise"].equals(table["raison"].ne(""))
    for pas in range(PAS):
        if not refus.empty:
            protection = escalader(protection, refus, pas)
            refus = attaquer(protection).refus
    assert refus.empty


def test_trois_calculs_taisent_les_memes_cellules():
    table = tirer(8, *TIRAGES[0], personnes=800)
    premier = statuts(taire(table))
    assert premier.eq("secret").any()
    for _ in range(2):
        pd.testing.assert_series_equal(statuts(taire(table)), premier)


@pytest.mark.parametrize("tirage", TIRAGES, ids=[nom for nom, _, _ in TIRAGES])
def test_l_ordre_des_lignes_ne_change_pas_ce_qui_est_tu(tirage):
    table = tirer(8, *tirage, personnes=800)
    for graine in range(3):
        melangee = table.sample(frac=1, random_state=graine)
        pd.testing.assert_series_equal(statuts(taire(melangee)), statuts(taire(table)))


@pytest.mark.parametrize("graine", [2, 5, 8, 11, 15, 22])
def test_deux_heures_de_plus_dans_une_commune_ne_font_rien_taire_ailleurs(graine):
    table = tirer(graine, *TIRAGES[2])
    ici = table["territoire"].isin(LIEUX["d"]) & table["periode"].isin(["2025", "2025-T4"])
    de_plus = ici & table["modalite"].isin(["M", "ensemble"])
    corrigee = table.assign(valeur=table["valeur"].mask(de_plus, table["valeur"] + 2))
    premier = statuts(taire(table))
    assert premier.eq("secret").any()
    pd.testing.assert_series_equal(statuts(taire(corrigee)), premier)
