"""L'auditeur du secret : références extérieures, force brute, systèmes à la main, publications piégées."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from conftest import DEPOT
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.indicateurs.audit import (
    AuditRefuseError,
    ChiffresIncoherentsError,
    Publication,
    auditer,
    bornes,
    rapports_trahis,
    solveur,
    soustraire,
)
from observatoire.indicateurs.audit.bornes import borner, eprouver
from observatoire.indicateurs.audit.geographie import lire_geographie
from observatoire.indicateurs.audit.inities import Inities
from observatoire.indicateurs.audit.presences import relations_distinctes
from observatoire.indicateurs.audit.recherche import Exigences
from observatoire.indicateurs.audit.systeme import LIBRE, POSITIF, Assemblage
from observatoire.indicateurs.registre import Comptes, Rapport

PROBLEMES = DEPOT.parent / "shared" / "data" / "sdc" / "problems.json"


# ── le noyau : des atomes positifs, des cellules qui les somment ──────────────────────────────
def table(atomes, cellules, *, plancher=0):
    """Le système de cellules (indices d'atomes, valeur ou None si elle est cachée)."""
    assemblage, valeurs = Assemblage(), [np.nan] * atomes
    for rang, (parties, valeur) in enumerate(cellules):
        assemblage.ajouter([atomes + rang, *parties], [1, *[-1] * len(parties)])
        if valeur is None and plancher:
            assemblage.ajouter([atomes + rang], [1], (plancher, np.inf))
        valeurs.append(np.nan if valeur is None else valeur)
    return assemblage.fermer(np.array(valeurs, dtype=float))


def intervalles(atomes, cellules, **options):
    cachees = [atomes + rang for rang, (_, valeur) in enumerate(cellules) if valeur is None]
    bas, haut = borner(table(atomes, cellules, **options), np.array(cachees, dtype=int))
    return list(zip(bas.round(6), haut.round(6), strict=True))


@pytest.fixture(scope="module")
def problemes():
    if not PROBLEMES.exists():
        pytest.skip("les problèmes de référence ne sont pas là")
    return {p["id"]: p for p in json.loads(PROBLEMES.read_text(encoding="utf-8"))["problems"]}


def cellules_de(probleme):
    return [(c["atoms"], None if c["hidden_ref"] else c["value"]) for c in probleme["cells"]]


def test_les_476_intervalles_de_reference_sont_retrouves(problemes):
    comparees = 0
    for probleme in problemes.values():
        attendues = [
            (rang, c["lo_ref"], c["up_ref"])
            for rang, c in enumerate(probleme["cells"])
            if c["lo_ref"] is not None
        ]
        systeme = table(probleme["n_atoms"], cellules_de(probleme))
        cibles = np.array([probleme["n_atoms"] + rang for rang, _, _ in attendues], dtype=int)
        bas, haut = borner(systeme, cibles)
        assert bas == pytest.approx([bas for _, bas, _ in attendues], abs=1e-3), probleme["id"]
        assert haut == pytest.approx([haut for _, _, haut in attendues], abs=1e-3), probleme["id"]
        comparees += len(attendues)
    assert comparees == 476


@pytest.mark.parametrize(
    ("nom", "plancher", "exactes"),
    [("sdctable_4x4_before", 0, 1), ("sdctable_linked_before", 0, 1), ("ssb_case05b_*", 1, 3)],
)
def test_les_trois_tableaux_mal_proteges_sont_refuses(problemes, nom, plancher, exactes):
    (probleme,) = [p for n, p in problemes.items() if n.startswith(nom.rstrip("*"))]
    trouves = intervalles(probleme["n_atoms"], cellules_de(probleme), plancher=plancher)
    primaires = [c["primary"] for c in probleme["cells"] if c["hidden_ref"]]
    etroits = [p for p, (bas, haut) in zip(primaires, trouves, strict=True) if p and haut - bas < 1e-6]
    assert len(etroits) >= exactes


FORMES = st.sampled_from([(2, 2), (2, 3), (3, 3), (2, 2, 2), (2, 2, 3)])


@settings(max_examples=500, deadline=None)
@given(forme=FORMES, tirage=st.data())
def test_l_intervalle_contient_celui_de_l_enumeration_et_lui_est_egal_sur_un_tableau_plat(forme, tirage):
    nombre = int(np.prod(forme))
    entiers = st.lists(st.integers(0, 6), min_size=nombre, max_size=nombre)
    cube = np.array(tirage.draw(entiers)).reshape(forme)
    caches = np.array(tirage.draw(st.lists(st.booleans(), min_size=nombre, max_size=nombre)))
    if len(forme) == 3:  # au plus sept cases cachées : l'énumération reste courte
        caches &= np.cumsum(caches) <= 7
    numeros = np.arange(nombre).reshape(forme)
    cellules = [([a], None if caches[a] else cube.flat[a]) for a in range(nombre)]
    for axe in range(len(forme)):
        marges = np.moveaxis(numeros, axe, -1).reshape(-1, forme[axe])
        cellules += [(list(ligne), cube.ravel()[ligne].sum()) for ligne in marges]
    trouves = intervalles(nombre, cellules)
    mondes = _enumerer(nombre, cube.ravel(), np.flatnonzero(caches), cellules[nombre:])
    for rang, (bas, haut) in enumerate(trouves):
        vus = [monde[rang] for monde in mondes]
        assert bas <= min(vus) + 1e-6
        assert haut >= max(vus) - 1e-6
        if len(forme) == 2:  # un réseau : tout sommet est entier
            assert (bas, haut) == pytest.approx((min(vus), max(vus)), abs=1e-6)


def _enumerer(nombre, vrais, caches, marges):
    """Tous les mondes entiers de mêmes marges, par remplissage case à case."""
    contraintes = [
        (set(parties) & set(caches), total - sum(vrais[a] for a in parties if a not in caches))
        for parties, total in marges
    ]
    contraintes = [(cases, reste) for cases, reste in contraintes if cases]
    mondes = [{}]
    for case in caches:
        suite = []
        for monde in mondes:
            plafond = min(
                reste - sum(monde.get(a, 0) for a in cases) for cases, reste in contraintes if case in cases
            )
            suite += [{**monde, case: v} for v in range(int(plafond) + 1)]
        mondes = [
            m
            for m in suite
            if all(sum(m[a] for a in cases) == reste for cases, reste in contraintes if cases <= m.keys())
        ]
    return [[monde[case] for case in caches] for monde in mondes]


def test_deux_cachees_par_ligne_et_par_colonne_ne_protegent_pas():
    # §1.6 : w+x donnent wa+wb+wc+xa+xc = 480 − 244 = 236 ; a+c, le reste, 189 ; wb = 47.
    # Taire xd ouvre l'intervalle à [0, 78].
    lignes = [[30, 47, 64, 89], [90, 124, 5, 31], [92, 100, 59, 85], [800, 991, 651, 685]]
    cache = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 2), (2, 1), (2, 3), (3, 1), (3, 3)]

    def tableau(caches):
        cellules = [
            ([4 * i + j], None if (i, j) in caches else lignes[i][j]) for i in range(4) for j in range(4)
        ]
        cellules += [([4 * i + j for j in range(4)], sum(lignes[i])) for i in range(4)]
        cellules += [([4 * i + j for i in range(4)], sum(ligne[j] for ligne in lignes)) for j in range(4)]
        return intervalles(16, cellules)[1]

    assert tableau(cache) == (47, 47)
    assert tableau([*cache, (1, 3)]) == (0, 78)


def test_un_cumul_et_un_trimestre_rendent_l_autre_trimestre():
    # §1.5 : EPT × RQTH/non × T1/T2 ; le 2 de l'EPT2 au T2. Dans l'ordre : EPT, RQTH, trimestre.
    vrais = np.array([[[6, 8], [40, 38]], [[9, 2], [31, 35]], [[7, 7], [52, 49]]])
    numeros = np.arange(12).reshape(3, 2, 2)

    def cible(caches):
        cellules = []
        for case in itertools.product(range(3), range(2), range(2)):
            cellules.append(([numeros[case]], None if case in caches else vrais[case]))
        cellules += [(list(numeros[e, r]), vrais[e, r].sum()) for e in range(3) for r in range(2)]
        cellules += [(list(numeros[:, r, t]), vrais[:, r, t].sum()) for r in range(2) for t in range(2)]
        caches = sorted(caches)
        return intervalles(12, cellules)[caches.index((1, 0, 1))]

    assert cible([(1, 0, 1)]) == (2, 2)  # 17 − 8 − 7
    tranche = [(e, r, 1) for e in (0, 1) for r in (0, 1)]
    assert cible(tranche) == (2, 2)  # 11 − 9
    cube = [(e, r, t) for e in (0, 1) for r in (0, 1) for t in (0, 1)]
    assert cible(cube) == (0, 10)


def test_des_chiffres_qui_se_contredisent_arretent_l_audit():
    # 3 + 4 publiés pour un total de 8.
    with pytest.raises(ChiffresIncoherentsError):
        intervalles(3, [([0], 3), ([1], 4), ([0, 1], 8), ([2], None)])
    # Deux inconnues de somme 5 et 6 à la fois : seul le solveur le voit.
    with pytest.raises(ChiffresIncoherentsError):
        intervalles(3, [([0, 1], 5), ([1, 2], 9), ([0], None), ([1], None), ([2], None), ([0, 1, 2], 4)])


def test_une_cellule_que_rien_ne_borne_va_jusqu_a_l_infini():
    assert intervalles(2, [([0], None), ([1], 3)]) == [(0, np.inf)]


@st.composite
def carres(tirer):
    """Un tableau de 3 × 3 aux cases cachées : ses entiers, ses cellules (cases puis marges), ses cibles."""
    entiers = tirer(st.lists(st.integers(0, 6), min_size=9, max_size=9))
    caches = tirer(st.lists(st.booleans(), min_size=9, max_size=9))
    cellules = [([a], None if caches[a] else entiers[a]) for a in range(9)]
    for i in range(3):
        for parties in ([3 * i, 3 * i + 1, 3 * i + 2], [i, i + 3, i + 6]):
            cellules.append((parties, sum(entiers[a] for a in parties)))
    return entiers, cellules, np.array([9 + a for a in range(9) if caches[a]], dtype=int)


@pytest.mark.parametrize("coupee", [False, True])
@settings(max_examples=60, deadline=None)
@given(carre=carres(), tenues=st.lists(st.booleans(), min_size=9, max_size=9))
def test_la_preuve_par_des_mondes_dit_la_meme_chose_que_les_bornes_exactes(coupee, carre, tenues):
    _, cellules, cibles = carre
    systeme = table(9, cellules)
    bas, haut = borner(systeme, cibles)
    exige_bas, exige_haut = np.zeros(len(cibles)), np.full(len(cibles), 5.0)
    # Coupée : toute composante passe pour grande, et des cases sont tenues à un monde intérieur.
    charnieres = np.concatenate([np.zeros(9), tenues, np.zeros(6)]).astype(bool) if coupee else None
    with pytest.MonkeyPatch.context() as rustine:
        for module in (bornes, solveur):
            rustine.setattr(module, "GRANDE", 0 if coupee else solveur.GRANDE)
        preuve = eprouver(systeme, Exigences(cibles, exige_bas, exige_haut), charnieres=charnieres)
    attendues = (bas <= exige_bas + 1e-6) & (haut >= exige_haut - 1e-6)
    assert list(preuve.prouvee) == list(attendues)
    assert (preuve.bas >= bas - 1e-6).all()
    assert (preuve.haut <= haut + 1e-6).all()


@settings(max_examples=60, deadline=None)
@given(carre=carres())
def test_un_initie_trahit_les_cibles_que_sa_valeur_fixe_et_elles_seules(carre):
    entiers, cellules, cibles = carre
    systeme, nombre = table(9, cellules), len(cibles)
    bas, haut = borner(systeme, cibles)
    vraies = np.array([entiers[cible - 9] for cible in cibles], dtype=float)
    # On exige plus qu'aucune case ne peut valoir : chaque recherche va au bout de l'intervalle.
    exigences = Exigences(cibles, np.zeros(nombre), np.full(nombre, 100.0))
    inities = Inities(np.arange(nombre), vraies, np.zeros(nombre), np.arange(nombre))
    libres = haut - bas > 0.05
    attendues = np.zeros(nombre, dtype=bool)
    for rang in np.flatnonzero(libres):
        sues = [*cellules, ([cibles[rang] - 9], vraies[rang])]
        su_bas, su_haut = borner(table(9, sues), cibles)
        attendues |= libres & (su_haut - su_bas <= 0.05) & (np.arange(nombre) != rang)
    assert list(eprouver(systeme, exigences, inities).initie) == list(attendues)


def test_qui_connait_une_cellule_en_deduit_l_autre():
    # Deux cellules cachées de somme 3 : chacune va de 0 à 3, mais l'initié de l'une connaît l'autre.
    systeme = table(2, [([0], None), ([1], None), ([0, 1], 3)])
    exigences = Exigences(np.array([2, 3]), np.zeros(2), np.array([3.0, 3.0]))
    inities = Inities(np.array([0]), np.array([1.0]), np.zeros(1), np.arange(2))
    preuve = eprouver(systeme, exigences, inities)
    assert preuve.prouvee.all()
    assert list(preuve.initie) == [False, True]
    # Une troisième inconnue dans la somme le laisse dans le doute.
    systeme = table(3, [([0], None), ([1], None), ([0, 1, 2], 30)])
    exigences = Exigences(np.array([3, 4]), np.zeros(2), np.array([5.0, 5.0]))
    assert not eprouver(systeme, exigences, inities).initie.any()


# ── les présences : trimestres, années et périodes glissantes ─────────────────────────────────
TRIMESTRES = ["2024-T1", "2024-T2", "2024-T3", "2024-T4", "2025-T1", "2025-T2"]
LONGUES = ["2024", "2025-T1-4T", "2025-T2-4T"]
MOTIFS = list(itertools.product([0, 1], repeat=6))


def _presences(comptes):
    """Les comptes distincts de chaque période, et le nombre d'unités à chaque cran."""
    valeurs = dict.fromkeys([*TRIMESTRES, *LONGUES], 0)
    for motif, nombre in zip(MOTIFS, comptes, strict=True):
        for rang, nom in enumerate(TRIMESTRES):
            passe = [r for r in range(rang, -1, -1) if motif[r]]
            if passe and (cran := rang - passe[0]) <= 3:
                nom_du_cran = f"{nom}~{cran}" if cran else nom
                valeurs[nom_du_cran] = valeurs.get(nom_du_cran, 0) + nombre
        for fin, nom in zip((3, 4, 5), LONGUES, strict=True):
            valeurs[nom] += nombre * any(motif[fin - 3 : fin + 1])
    return valeurs


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=64, max_size=64))
def test_toutes_les_presences_possibles_suivent_les_relations(comptes):
    valeurs = _presences(comptes)
    for relation in relations_distinctes([*TRIMESTRES, *LONGUES]):
        somme = sum(
            c * valeurs.get(p, 0) for p, c in zip(relation.periodes, relation.coefficients, strict=True)
        )
        bas, haut = relation.presumees
        assert bas <= somme <= haut, relation


def _systeme_de_motifs(connues):
    assemblage = Assemblage()
    noms = [*TRIMESTRES, *LONGUES]
    for rang, nom in enumerate(noms):
        debut = TRIMESTRES.index(nom) if nom in TRIMESTRES else LONGUES.index(nom)
        fenetre = range(debut, debut + (1 if nom in TRIMESTRES else 4))
        parties = [64 + m for m, motif in enumerate(MOTIFS) if any(motif[r] for r in fenetre)]
        assemblage.ajouter([rang, *[9 + p - 64 for p in parties]], [1, *[-1] * len(parties)])
    return assemblage.fermer(np.array([connues.get(n, np.nan) for n in noms] + [np.nan] * 64))


def _systeme_de_crans(connues):
    relations = relations_distinctes([*TRIMESTRES, *LONGUES])
    noms = list(dict.fromkeys([*TRIMESTRES, *LONGUES, *(p for r in relations for p in r.periodes)]))
    assemblage = Assemblage()
    for r in relations:
        assemblage.ajouter([noms.index(p) for p in r.periodes], r.coefficients, r.certaines, r.presumees)
    return assemblage.fermer(np.array([connues.get(n, np.nan) for n in noms], dtype=float))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 2), min_size=64, max_size=64), st.sets(st.integers(0, 8), min_size=1, max_size=5)
)
def test_les_crans_bornent_exactement_comme_les_motifs_de_presence(comptes, caches):
    # Oracle : une inconnue par motif de présence sur six trimestres (2⁶), le modèle complet.
    noms = [*TRIMESTRES, *LONGUES]
    valeurs = _presences(comptes)
    connues = {nom: valeurs[nom] for rang, nom in enumerate(noms) if rang not in caches}
    cibles = np.array(sorted(caches))
    exacts = borner(_systeme_de_motifs(connues), cibles)
    trouves = borner(_systeme_de_crans(connues), cibles)
    assert trouves[0] == pytest.approx(exacts[0], abs=1e-5)
    assert trouves[1] == pytest.approx(exacts[1], abs=1e-5)


# ── une publication entière ───────────────────────────────────────────────────────────────────
def catalogue(*indicateurs):
    colonnes = "indicateur unite additif multiples rattachement numerateur personnes"
    return pd.DataFrame(list(indicateurs), columns=colonnes.split())


BENEFICIAIRES = ("beneficiaires", "personnes", "territoire|modalite", "public", "residence", "", True)
HEURES = ("heures_realisees", "h", "territoire|periode|modalite", "", "execution", "", True)
SUR_PLACE = ("beneficiaires_sur_place", "personnes", "modalite", "", "execution", "", True)
CATALOGUE = catalogue(BENEFICIAIRES, HEURES, SUR_PLACE)

# Trois communes : a et b dans le 91 et le 94, toutes deux du territoire T12 ; c dans le 94, du T11.
APPARTENANCES = pd.DataFrame(
    [
        *(("a", t) for t in ("reg:11", "dep:91", "ept:T12")),
        *(("b", t) for t in ("reg:11", "dep:94", "ept:T12")),
        *(("c", t) for t in ("reg:11", "dep:94", "ept:T11")),
        *(("d", t) for t in ("reg:11", "dep:91")),
    ],
    columns=["commune", "territoire"],
).assign(valide_au=pd.NaT)


COLONNES = ["territoire", "periode", "ventilation", "modalite", "valeur"]


def publier(*lignes, indicateur="beneficiaires", **options):
    """Une publication ; une ligne : territoire, période, ventilation, modalité, valeur ou « s »."""
    table = pd.DataFrame(list(lignes), columns=COLONNES)
    statut = table["valeur"].map(lambda v: "secret" if v == "s" else "publie")
    valeurs = table.assign(
        indicateur=options.pop("indicateurs", indicateur),
        statut=statut,
        valeur=pd.to_numeric(table["valeur"].where(statut == "publie")),
    )
    return Publication(valeurs, options.pop("catalogue", CATALOGUE), APPARTENANCES, **options)


def exiger(publication, bas_maximum=0.0, haut_minimum=5.0, valeur=3.0, effectif=3.0):
    """Toutes les cellules cachées, et la même exigence."""
    cachees = publication.valeurs[publication.valeurs["statut"] == "secret"]
    return cachees.assign(
        bas_maximum=bas_maximum, haut_minimum=haut_minimum, valeur=valeur, effectif=effectif
    )


def refusees(publication, **exigences):
    constat = auditer(publication, exiger(publication, **exigences))
    return [(r.territoire, r.periode, r.modalite) for r in constat.refus.itertuples()]


def ensemble(territoire, periode, valeur):
    return (territoire, periode, "ensemble", "ensemble", valeur)


def sexe(territoire, periode, femmes, hommes):
    return [(territoire, periode, "sexe", "F", femmes), (territoire, periode, "sexe", "M", hommes)]


def test_une_modalite_seule_cachee_se_soustrait_de_son_ensemble():
    # 40 − 37 = 3 : l'attaque naïve suffit.
    publication = publier(ensemble("dep:94", "2026-T1", 40), *sexe("dep:94", "2026-T1", "s", 37))
    assert list(soustraire(publication)["modalite"]) == ["F"]
    assert refusees(publication) == [("dep:94", "2026-T1", "F")]
    # Les deux cachées : [0, 40] pour chacune.
    publication = publier(ensemble("dep:94", "2026-T1", 40), *sexe("dep:94", "2026-T1", "s", "s"))
    assert soustraire(publication).empty
    assert refusees(publication) == []
    (amplitude,) = auditer(publication, exiger(publication)).amplitudes().itertuples()
    assert (amplitude.niveau, amplitude.rythme, amplitude.cibles) == ("dep", "trimestre", 2)
    assert amplitude.amplitude_minimum >= 5


def test_un_territoire_a_cheval_sur_deux_departements_se_decoupe_en_mailles():
    geographie = lire_geographie(APPARTENANCES, ["reg:11", "dep:91", "dep:94", "ept:T11", "ept:T12"])
    tout = {d.tout: d for d in geographie.decoupages}
    assert tout["ept:T12"].parties == ("dep:91∩ept:T12", "dep:94∩ept:T12")
    assert tout["dep:94"].parties == ("ept:T11", "dep:94∩ept:T12")
    assert not tout["dep:94"].certain  # toutes ses communes sont dans un territoire : présumé sans reste
    assert tout["dep:91"].reste
    # 94 = T11 + maille : T11 caché vaut 100 − maille, et la maille vaut 0 à T12 = 30 : [70, 100].
    publication = publier(
        ensemble("reg:11", "2026-T1", 150),
        ensemble("dep:91", "2026-T1", 50),
        ensemble("dep:94", "2026-T1", 100),
        ensemble("ept:T12", "2026-T1", 30),
        ensemble("ept:T11", "2026-T1", "s"),
    )
    assert refusees(publication, bas_maximum=70, haut_minimum=100) == []
    assert refusees(publication, bas_maximum=69, haut_minimum=100) == [("ept:T11", "2026-T1", "ensemble")]


def test_l_annee_moins_trois_trimestres_rend_le_quatrieme_pour_des_heures_et_l_encadre_pour_des_personnes():
    trimestres = [ensemble("dep:94", f"2025-T{rang}", 100) for rang in (1, 2, 3)]
    cache = ensemble("dep:94", "2025-T4", "s")
    heures = publier(ensemble("dep:94", "2025", 340), *trimestres, cache, indicateur="heures_realisees")
    assert len(soustraire(heures)) == 1
    assert refusees(heures) == [("dep:94", "2025-T4", "ensemble")]
    # 101 personnes dans l'année, 100 à chaque trimestre : le quatrième va de 0 à 101.
    personnes = publier(ensemble("dep:94", "2025", 101), *trimestres, cache)
    assert refusees(personnes, bas_maximum=0, haut_minimum=101) == []
    # 302 dans l'année : il en faut au moins 2 nouvelles.
    personnes = publier(ensemble("dep:94", "2025", 302), *trimestres, cache)
    assert refusees(personnes, bas_maximum=2, haut_minimum=302) == []
    assert refusees(personnes, bas_maximum=1, haut_minimum=302) == [("dep:94", "2025-T4", "ensemble")]


def test_des_personnes_et_leurs_heures_se_bornent_l_une_l_autre():
    # 3 heures au plus trois personnes, à une heure au moins chacune.
    publication = publier(
        ensemble("dep:94", "2026-T1", 3),
        ensemble("dep:94", "2026-T1", "s"),
        indicateurs=["heures_realisees", "beneficiaires_sur_place"],
    )
    assert refusees(publication, haut_minimum=3) == []
    assert refusees(publication, haut_minimum=4) == [("dep:94", "2026-T1", "ensemble")]


def test_la_meme_population_sous_deux_noms_est_une_seule_cellule():
    # « Habite le territoire » du 94 et « réside dans le 94 » y comptent les mêmes personnes.
    publication = publier(
        ensemble("dep:94", "2026-T1", 60),
        ("dep:94", "2026-T1", "habite_le_territoire", "OUI", 4),
        ("dep:94", "2026-T1", "habite_le_territoire", "NON", 56),
        ("dep:94", "2026-T1", "departement_residence", "94", "s"),
        ("dep:94", "2026-T1", "departement_residence", "91", "s"),
        indicateur="beneficiaires_sur_place",
    )
    assert ("dep:94", "2026-T1", "94") in refusees(publication)


def test_des_publics_multiples_ne_se_soustraient_pas():
    # 40 personnes ; RSA 30, DELD caché : de 10 (il faut bien couvrir les 40) à 40.
    publication = publier(
        ensemble("dep:94", "2026-T1", 40),
        ("dep:94", "2026-T1", "public", "BRSA", 30),
        ("dep:94", "2026-T1", "public", "DELD", "s"),
    )
    assert soustraire(publication).empty
    assert refusees(publication, bas_maximum=10, haut_minimum=40) == []
    assert refusees(publication, bas_maximum=9, haut_minimum=40) == [("dep:94", "2026-T1", "DELD")]


def test_les_marges_d_un_croisement_sont_les_modalites_de_ses_axes():
    croises = [("dep:94", "2026-T1", "sexe_qpv", f"{s}×{q}", "s") for s in "FM" for q in ("OUI", "NON")]
    publication = publier(ensemble("dep:94", "2026-T1", 40), *sexe("dep:94", "2026-T1", 3, 37), *croises)
    # Les femmes sont 3 : aucune de leurs cases ne dépasse 3.
    assert {m for _, _, m in refusees(publication, haut_minimum=4)} == {"F×OUI", "F×NON"}


def test_un_zero_toujours_montre_resserre_les_intervalles():
    # 2 à partager entre deux cellules cachées : si « s » vaut au moins 1, chacune vaut 1.
    lignes = [ensemble("dep:94", "2026-T1", 2), *sexe("dep:94", "2026-T1", "s", "s")]
    assert refusees(publier(*lignes), haut_minimum=2) == []
    assert len(refusees(publier(*lignes, zeros_montres=True), haut_minimum=2)) == 2


def test_une_cellule_publiee_hier_reste_connue_aujourd_hui():
    lignes = [ensemble("dep:94", "2026-T1", 40), *sexe("dep:94", "2026-T1", "s", "s")]
    hier = publier(*sexe("dep:94", "2026-T1", 3, "s")).valeurs.assign(edition="2026-T1-e1")
    assert len(refusees(publier(*lignes, anterieures=hier))) == 2
    # Cachée hier, montrée aujourd'hui : refusée aussi ; révisée de deux personnes : de même.
    aujourd_hui = publier(*sexe("dep:94", "2026-T1", 5, 35), anterieures=hier)
    motifs = auditer(aujourd_hui, exiger(aujourd_hui)).refus["motif"]
    assert list(motifs) == [
        "a été cachée dans une édition antérieure",
        "est révisée de trop peu de personnes depuis une édition antérieure",
    ]


def test_une_cellule_a_proteger_ecrite_en_clair_est_refusee():
    publication = publier(*sexe("dep:94", "2026-T1", 3, "s"))
    exigences = publication.valeurs.assign(bas_maximum=0.0, haut_minimum=5.0, effectif=3.0)
    refus = auditer(publication, exigences).refus
    assert list(refus["modalite"]) == ["F"]


def test_le_refus_nomme_la_cellule_et_jamais_sa_valeur():
    publication = publier(ensemble("dep:94", "2026-T1", 424285), *sexe("dep:94", "2026-T1", "s", 43))
    constat = auditer(publication, exiger(publication, valeur=424242.0))
    with pytest.raises(AuditRefuseError) as leve:
        constat.exiger()
    assert "dep:94" in str(leve.value)
    assert "sexe = F" in str(leve.value)
    assert "4242" not in str(leve.value)
    assert "4242" not in constat.refus.to_csv()


def test_des_chiffres_publies_incoherents_ne_sont_jamais_dits_proteges():
    # 40 ≠ 20 + 21 : le catalogue ment, ou l'écriture.
    publication = publier(
        ensemble("dep:94", "2026-T1", 40),
        *sexe("dep:94", "2026-T1", 20, 21),
        ("dep:94", "2026-T1", "tranche_age", "M26", "s"),
    )
    with pytest.raises(ChiffresIncoherentsError):
        auditer(publication, exiger(publication))


def test_une_presomption_dementie_est_levee_et_l_audit_continue():
    # Deux fois une demi-heure : 12 personnes dans l'année, 11 au plus dans ses trimestres.
    publication = publier(
        ensemble("dep:94", "2025", 12),
        *(ensemble("dep:94", f"2025-T{rang}", valeur) for rang, valeur in ((1, 5), (2, 6), (3, 0), (4, 0))),
        *sexe("dep:94", "2025", "s", "s"),
        *sexe("dep:94", "2025-T1", "s", "s"),
    )
    assert refusees(publication, haut_minimum=5) == []


def test_une_part_publiee_dont_un_terme_est_cache_est_trahie():
    # 12 personnes et 33 % de femmes : 4.
    part = Rapport(
        nom="part_femmes",
        libelle="",
        unite="%",
        numerateur=Comptes(indicateur="beneficiaires", ventilation="sexe", modalites=("F",)),
        denominateur=Comptes(indicateur="beneficiaires"),
        champ="",
        source="",
        lecture="",
        calcul=lambda n, d: 100 * n / d,
    )

    def valeurs(femmes):
        return publier(
            ensemble("dep:94", "2026-T1", 12),
            *sexe("dep:94", "2026-T1", femmes, "s"),
            ensemble("dep:94", "2026-T1", 33),
            indicateurs=["beneficiaires"] * 3 + ["part_femmes"],
        ).valeurs

    assert list(rapports_trahis(valeurs("s"), {"part_femmes": part})["indicateur"]) == ["part_femmes"]
    assert rapports_trahis(valeurs(4), {"part_femmes": part}).empty


def test_l_audit_ne_depend_pas_de_l_ordre_des_lignes():
    lignes = [ensemble("dep:94", "2026-T1", 40), *sexe("dep:94", "2026-T1", "s", 37)]
    assert refusees(publier(*lignes)) == refusees(publier(*reversed(lignes)))


def test_l_assemblage_ecarte_les_relations_hors_jeu():
    jeu = np.array([True, True, False])
    assemblage = Assemblage(jeu)
    assemblage.ajouter([[0, 1], [0, 2]], [1, -1], POSITIF, LIBRE)
    assert assemblage.relations == 1
