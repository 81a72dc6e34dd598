"""Territoires et périodes : lecture stricte, suggestions, bornes."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.erreurs import PerimetreError
from observatoire.perimetre import Periode, Territoire


@pytest.mark.parametrize(
    ("texte", "propose"),
    [("93", "dep:93"), ("T6", "ept:T6"), ("dep:9", "dep:93"), ("Dep:93", "dep:93"), ("dep-93", "dep:93")],
)
def test_un_territoire_mal_ecrit_propose_le_bon(texte, propose):
    with pytest.raises(PerimetreError, match=propose):
        Territoire.lire(texte)


@pytest.mark.parametrize(
    "texte", ["../dep:93", "dep:93\n", "dep:93/", "\uff44ep:93", "", "x" * 300, "dep:93\0"]
)
def test_un_territoire_hostile_est_refuse(texte):
    with pytest.raises(PerimetreError):
        Territoire.lire(texte)


@pytest.mark.parametrize(
    "texte", ["2026T3", "2026-T5", "T3 2026", "2026-T3\n", "26-T3", "2026-03", "\u0662\u0660\u0662\u0666"]
)
def test_une_periode_mal_ecrite_montre_la_bonne_ecriture(texte):
    with pytest.raises(PerimetreError, match=r"20\d\d-T[1-4]"):
        Periode.lire(texte)


def test_bornes_et_decalages():
    trimestre = Periode.lire("2026-T1")
    assert (trimestre.debut, trimestre.fin) == (dt.date(2026, 1, 1), dt.date(2026, 3, 31))
    assert str(trimestre.decalee(-1)) == "2025-T4"
    assert str(trimestre.an_precedent) == "2025-T1"
    assert [str(p) for p in trimestre.jusqu_ici(3)] == ["2025-T3", "2025-T4", "2026-T1"]
    assert Periode.lire("2024").fin == dt.date(2024, 12, 31)


@given(st.integers(2015, 2090), st.integers(1, 4), st.integers(-40, 40))
def test_decaler_puis_revenir_rend_la_meme_periode(annee, trimestre, pas):
    periode = Periode(annee, trimestre)
    assert periode.decalee(pas).decalee(-pas) == periode
    assert Periode.trimestre_de(periode.fin) == periode


def test_les_territoires_de_publication_sont_21_et_ont_des_noms_de_fichiers_surs():
    territoires = Territoire.tous("reg", "dep", "ept")
    assert len(territoires) == 21
    assert len({t.fichier for t in territoires}) == 21
    assert all(t.fichier.replace("-", "").isalnum() for t in territoires)
    assert {t.locatif.split()[0] for t in territoires} == {"en", "à", "dans"}


def test_tout_territoire_s_ecrit_en_complement_de_lieu_et_de_nom():
    for territoire in Territoire.tous("reg", "dep", "ept", "epci"):
        ou, de_qui = territoire.locatif, territoire.genitif
        assert re.match(r"(en|à|dans (le|la|les)) \w|dans l’\w", ou), ou
        assert re.match(r"(de|du|des|de la) \w|(d|de l)’\w", de_qui), de_qui
        assert ou.endswith(territoire.nom)
        assert de_qui.endswith(territoire.nom)
        assert not re.match(r"de (le|les|[AEIOUÉÎY])", de_qui), de_qui
        assert de_qui.startswith("des ") == ou.startswith("dans les ")
        assert de_qui.startswith("du ") == ou.startswith("dans le ")
