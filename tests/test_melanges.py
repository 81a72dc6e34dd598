"""Les unités mêlées d'une table d'étude : celles qui ont plusieurs valeurs d'une colonne."""

from __future__ import annotations

import duckdb
import pytest

from observatoire.indicateurs.tables import ETUDES, bits, melanges
from observatoire.indicateurs.tables.axes import axes

SEXE, MAILLE = 1, 2


@pytest.fixture
def connexion():
    with duckdb.connect() as ouverte:
        ouverte.execute("create type modalite as enum ('F', 'M', 'NR')")
        ouverte.execute(
            "create table lignes (personne integer, sexe modalite, maille_residence integer, periode varchar)"
        )
        yield ouverte


def marquees(connexion, *lignes):
    connexion.executemany("insert into lignes values (?, ?, ?, ?)", lignes)
    reperees = melanges.reperer("from lignes", "personne", {"sexe": SEXE, "maille_residence": MAILLE})
    marquee = melanges.marquer("from lignes", "personne", reperees)
    return set(connexion.execute(f"select personne, melange from ({marquee})").fetchall())


def test_un_melange_est_la_somme_des_colonnes_ou_l_unite_a_plusieurs_valeurs(connexion):
    lignes = (
        (1, "F", 7, "T1"),
        (1, "F", 7, "T2"),  # la même cellule aux deux trimestres
        (2, "F", 7, "T1"),
        (2, "F", 8, "T2"),  # une cellule par trimestre, deux en tout
        (3, "F", 7, "T1"),
        (3, "M", 8, "T1"),
    )
    assert marquees(connexion, *lignes) == {(1, 0), (2, MAILLE), (3, SEXE + MAILLE)}


def test_le_vide_est_une_valeur_comme_une_autre(connexion):
    # 1 : F et rien ; 2 : rien partout ; une personne inconnue est réputée mêlée partout (-1 : tous les bits).
    lignes = ((1, "F", 7, "T1"), (1, None, 7, "T1"), (2, None, None, "T1"), (None, "F", 7, "T1"))
    assert marquees(connexion, *lignes) == {(1, SEXE), (2, 0), (None, -1)}


@pytest.mark.parametrize("table", [etude.nom for etude in ETUDES.values() if etude.unite])
def test_chaque_colonne_a_son_bit(table):
    par_colonne = bits(table)
    assert sum(par_colonne.values()) == 2 ** len(par_colonne) - 1 < 2**31
    assert any(colonne.startswith("maille_") for colonne in par_colonne)


def test_deux_vues_d_une_source_ont_les_memes_bits():
    assert bits("heures") == bits("heures_hors_clauses")
    assert set(axes(["public", "sexe"])) <= set(bits("heures"))


def test_une_table_que_nul_indicateur_ne_lit_n_a_pas_de_melange(connexion):
    connexion.execute("insert into lignes values (1, 'F', 7, 'T1'), (1, 'M', 8, 'T1')")
    assert connexion.execute(melanges.reperer("from lignes", "personne", {})).fetchall() == []
