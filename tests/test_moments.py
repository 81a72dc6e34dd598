"""Les moments : une période y lit les lignes de ses trimestres, ni plus ni moins."""

from __future__ import annotations

from collections import Counter

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.indicateurs.tables.moments import ecrire_moments, recomposer
from observatoire.perimetre import Periode

COUVERTS = [Periode(2024, 4), *(Periode(2025, rang) for rang in (1, 2, 3, 4)), Periode(2026, 1)]
LONGUES = [Periode(2025), Periode(2026, 1).quatre_trimestres]
SUIVI = [("suivi", p) for p in (*COUVERTS, *LONGUES)]
STOCK = [("stock", p) for p in COUVERTS]


@pytest.fixture
def connexion():
    with duckdb.connect() as ouverte:
        couvrir(ouverte, SUIVI + STOCK)
        yield ouverte


def couvrir(connexion, periodes):
    table = pd.DataFrame(
        [(genre, str(p), p.debut, p.fin) for genre, p in periodes],
        columns=["genre", "periode", "debut", "fin"],
    )
    connexion.register("recues_du_test", table)
    connexion.execute("""
        create or replace temp table periodes as
        select genre, periode, debut::date as debut, fin::date as fin from recues_du_test
    """)
    ecrire_moments(connexion)


def periodes_de(connexion, table, ou):
    requete = f"select m.periode from {table} join moments m using (moment) where {ou} order by all"
    return [periode for (periode,) in connexion.execute(requete).fetchall()]


def test_un_mois_vaut_pour_toutes_les_periodes_qui_le_contiennent(connexion):
    mai = "mois = date '2025-05-01'"
    assert periodes_de(connexion, "calendrier", f"{mai} and genre = 'suivi'") == [
        "2025",
        "2025-T2",
        "2026-T1-4T",
    ]
    assert periodes_de(connexion, "calendrier", f"{mai} and genre = 'stock'") == ["2025-T2"]


def test_un_instant_ne_vaut_que_pour_sa_periode(connexion):
    assert periodes_de(connexion, "instants", "instant = '2025'") == ["2025"]


@pytest.mark.parametrize("premier", COUVERTS, ids=str)
@pytest.mark.parametrize("dernier", COUVERTS, ids=str)
def test_un_intervalle_vaut_pour_les_periodes_qu_il_recouvre(connexion, premier, dernier):
    ou = f"premier = date '{premier.debut}' and dernier = date '{dernier.debut}'"
    recouvertes = [
        str(p)
        for _, p in SUIVI
        if premier.debut <= dernier.debut and premier.debut <= p.fin and dernier.fin >= p.debut
    ]
    assert periodes_de(connexion, "intervalles", ou) == sorted(recouvertes)


def test_un_trimestre_non_couvert_au_milieu_d_un_intervalle_n_empeche_rien(connexion):
    # 2025-T2 manque : ni l'année ni les quatre trimestres glissants ne sont couverts.
    couvrir(connexion, [("suivi", p) for p in COUVERTS if p != Periode(2025, 2)])
    ou = "premier = date '2025-04-01' and dernier = date '2025-07-01'"
    assert periodes_de(connexion, "intervalles", ou) == ["2025-T3"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([1, 2, 3, None]), st.sampled_from(COUVERTS)), min_size=1, max_size=12)
)
def test_chaque_periode_relit_les_lignes_de_ses_trimestres_en_un_seul_moment(lignes):
    with duckdb.connect() as connexion:
        couvrir(connexion, SUIVI)
        connexion.execute("create table lignes (no integer, personne integer, trimestre date)")
        connexion.executemany(
            "insert into lignes values (?, ?, ?)",
            [(no, personne, trimestre.debut) for no, (personne, trimestre) in enumerate(lignes)],
        )
        connexion.execute(f"create table lues as {recomposer(connexion, 'lignes', 'personne')}")
        vues = connexion.execute("""
            select periode, personne, moment, seul, no, trimestre from lues join moments using (moment)
        """).fetchall()
    attendues = Counter(
        (str(p), no) for _, p in SUIVI for no, (_, t) in enumerate(lignes) if p.debut <= t.debut <= p.fin
    )
    assert Counter((periode, no) for periode, _, _, _, no, _ in vues) == attendues
    moments = {(periode, personne, moment) for periode, personne, moment, *_ in vues}
    assert len(moments) == len({(periode, personne) for periode, personne, _ in moments})
    for periode, personne, _, seul, _, _ in vues:
        trimestres = {t for p, qui, _, _, _, t in vues if (p, qui) == (periode, personne)}
        assert seul == (len(trimestres) == 1)
