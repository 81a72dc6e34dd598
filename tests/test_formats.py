"""Les nombres et les dates imprimés."""

from __future__ import annotations

import datetime as dt
import re
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.publication.cellules import (
    ABSENTE,
    NON_SIGNIFICATIVE,
    SECRETE,
    Cellule,
    difference,
    part,
    somme,
    variation,
)
from observatoire.publication.formats import (
    accorder,
    decimal,
    ecart,
    entier,
    evolution,
    grand_nombre,
    jour,
    jour_court,
    pct,
    points,
    typographier,
)

FINE, INSECABLE = "\u202f", "\u00a0"
ECRITURES = (entier, decimal, pct, evolution, ecart, points, grand_nombre)
nombres = st.one_of(
    st.integers(-(10**12), 10**12),
    st.floats(-1e12, 1e12, allow_nan=False),
    st.decimals(-(10**9), 10**9, places=4),
)


@pytest.mark.parametrize(
    ("ecrit", "attendu"),
    [
        (decimal(23.45), "23,5"),  # f"{23.45:.1f}" donnerait 23.4
        (entier(2.5), "3"),  # round(2.5) donnerait 2
        (entier(-2.5), "−3"),
        (entier(0.5), "1"),
        (entier(999), "999"),
        (entier(1000), f"1{FINE}000"),
        (entier(1234567.5), f"1{FINE}234{FINE}568"),
        (entier(0), "0"),
        (entier(-0.4), "0"),  # jamais « −0 »
        (decimal(0.05, 2), "0,05"),
        (decimal(-0.05), "−0,1"),
        (pct(0), f"0,0{INSECABLE}%"),
        (pct(99.95), f"100,0{INSECABLE}%"),
        (pct(12.5, 0), f"13{INSECABLE}%"),
        (evolution(3.2), f"+3,2{INSECABLE}%"),
        (evolution(-0.04), f"0,0{INSECABLE}%"),
        (points(3.2), f"+3,2{INSECABLE}points"),
        (points(-1.96), f"−2,0{INSECABLE}points"),
        (points(0), f"0,0{INSECABLE}point"),
        (grand_nombre(6_300_000), f"6,3{INSECABLE}M"),
        (grand_nombre(6_250_000), f"6,3{INSECABLE}M"),
        (grand_nombre(-2_000_000_000), f"−2,0{INSECABLE}Md"),
        (accorder(0, "marché", "marchés"), f"0{INSECABLE}marché"),
        (accorder(1.6, "heure", "heures"), f"2{INSECABLE}heures"),  # l'accord suit ce qui est imprimé
        (jour(dt.date(2026, 11, 14)), "14 novembre 2026"),
        (jour(dt.date(2027, 8, 1)), "1er août 2027"),
        (jour_court(dt.date(2026, 1, 2)), "02/01/2026"),
    ],
)
def test_ce_qu_on_imprime(ecrit, attendu):
    assert ecrit == attendu


@pytest.mark.parametrize("ecrire", [*ECRITURES, lambda n: accorder(n, "marché", "marchés")])
@pytest.mark.parametrize(
    ("absence", "signe"),
    [
        (None, "n.d."),
        (float("nan"), "n.d."),
        (ABSENTE, "n.d."),
        (SECRETE, "s"),
        (NON_SIGNIFICATIVE, "n.s."),
    ],
)
def test_une_absence_est_un_signe_sans_unite_et_jamais_zero(ecrire, absence, signe):
    assert ecrire(absence) == signe
    assert ecrire(0) != signe


@pytest.mark.parametrize("ecrire", ECRITURES)
@given(nombre=nombres)
def test_un_nombre_n_a_ni_espace_ordinaire_ni_point_ni_tiret(ecrire, nombre):
    ecrit = ecrire(nombre)
    assert re.fullmatch(r"[+−]?\d{1,3}(\u202f\d{3})*(,\d)?(\u00a0(%|points?|Md?))?", ecrit)
    assert not re.fullmatch(r"−0(,0)?(\u00a0.*)?", ecrit)


@given(nombre=st.decimals(-(10**9), 10**9, places=4), decimales=st.integers(0, 3))
def test_un_nombre_imprime_se_relit_a_l_arrondi_pres(nombre, decimales):
    relu = Decimal(decimal(nombre, decimales).replace(FINE, "").replace(",", ".").replace("−", "-"))
    assert relu == nombre.quantize(Decimal(1).scaleb(-decimales), ROUND_HALF_UP)


def test_un_infini_est_une_erreur_de_calcul_pas_un_nombre():
    with pytest.raises(ArithmeticError):
        entier(float("inf"))


def test_la_ponctuation_ne_se_detache_pas():
    assert typographier("a : b ; c ? « d »") == (f"a{INSECABLE}: b{FINE}; c{FINE}? «{INSECABLE}d{INSECABLE}»")
    assert typographier(typographier("a : b")) == typographier("a : b")


# ── L'arithmétique des cellules ──

cellules = st.one_of(
    st.integers(0, 10**6).map(Cellule.de), st.sampled_from([SECRETE, ABSENTE, NON_SIGNIFICATIVE])
)


@given(cellules, cellules)
def test_rien_ne_se_calcule_avec_une_cellule_sans_nombre(a, b):
    for resultat in (somme(a, b), difference(a, b), part(a, b), variation(a, b)):
        if SECRETE in (a, b):
            assert resultat == SECRETE, "le secret l'emporte sur toute autre absence"
        elif a.nombre is None or b.nombre is None:
            assert resultat.nombre is None


def test_une_part_est_exacte_et_zero_sur_zero_n_en_est_pas_une():
    assert part(Cellule.de(1), Cellule.de(8)).nombre == Decimal("12.5")
    assert part(Cellule.de(0), Cellule.de(8)).nombre == 0
    assert part(Cellule.de(0), Cellule.de(0)) == ABSENTE
    assert variation(Cellule.de(5), Cellule.de(0)) == ABSENTE
    assert pct(part(Cellule.de(2953), Cellule.de(12364))) == f"23,9{INSECABLE}%"  # OGPF 2021
