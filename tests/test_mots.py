"""Les mots qui dépendent d'un nombre : jamais un sens que le nombre imprimé ne porte pas."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.perimetre import Territoire
from observatoire.publication.cellules import ABSENTE, NON_SIGNIFICATIVE, SECRETE, Cellule
from observatoire.publication.formats import INSECABLE, decimal, pct, points
from observatoire.publication.mots import (
    CONTRAT,
    HEURE,
    MARCHE,
    PERSONNE,
    compter,
    dire_ecart,
    dire_evolution,
    dire_evolution_entre,
    elider,
    grand_nombre_en_mots,
    ordinal,
)
from observatoire.publication.redaction import _SENS

nombres = st.decimals(-100, 10**5, places=3)


@given(nombres)
def test_une_evolution_dit_le_sens_et_la_valeur_qui_s_impriment(change):
    phrase = dire_evolution(change)
    arrondi = change.quantize(Decimal("0.1"), ROUND_HALF_UP)
    assert ("hausse" in phrase) == (1 <= arrondi < 100)
    assert ("baisse" in phrase) == (arrondi <= -1 and change != -100)
    assert ("quasi stable" in phrase) == (abs(arrondi) < 1)
    assert "−" not in phrase
    assert "+" not in phrase
    if "%" in phrase:
        assert phrase.endswith(pct(abs(arrondi)))
    if "multiplié" in phrase:
        facteur = Decimal(
            re.search(r"par ([\d\u202f,]+)$", phrase)[1].replace("\u202f", "").replace(",", ".")
        )
        assert facteur >= 2
        assert abs(facteur - (1 + change / 100)) <= Decimal("0.05")


@given(nombres)
def test_un_ecart_dit_le_sens_et_la_valeur_qui_s_impriment(ecart):
    phrase = dire_ecart(ecart, "en Île-de-France")
    arrondi = ecart.quantize(Decimal("0.1"), ROUND_HALF_UP)
    assert ("de plus" in phrase) == (arrondi >= 1)
    assert ("de moins" in phrase) == (arrondi <= -1)
    assert (phrase == "comme en Île-de-France") == (abs(arrondi) < 1)
    assert "%" not in phrase, "un écart entre deux parts est en points"
    if abs(arrondi) >= 1:
        assert phrase.startswith(points(abs(arrondi)).removeprefix("+"))


@pytest.mark.parametrize("cellule", [SECRETE, ABSENTE, NON_SIGNIFICATIVE, None])
def test_ce_qui_n_est_pas_publie_n_a_pas_de_sens(cellule):
    for phrase in (dire_evolution(cellule), dire_ecart(cellule, "à Paris")):
        assert not _SENS.search(phrase)
        assert not re.search(r"\d|zéro", phrase)
    autre = cellule or ABSENTE
    for avant, apres in ((autre, Cellule.de(0)), (Cellule.de(0), autre), (autre, Cellule.de(5))):
        assert dire_evolution_entre(avant, apres) == dire_evolution(autre)


@given(st.decimals(0, 10**7, places=1), st.decimals(0, 10**7, places=1))
def test_une_evolution_entre_deux_nombres_ne_divise_jamais_par_zero(avant, apres):
    phrase = dire_evolution_entre(Cellule.de(avant), Cellule.de(apres))
    assert ("hausse" in phrase or "multiplié" in phrase) <= (apres > avant)
    assert ("baisse" in phrase) <= (apres < avant)
    assert ("zéro" in phrase) == (avant == 0 or apres == 0)


@pytest.mark.parametrize(
    ("ecrit", "attendu"),
    [
        (dire_evolution(99.94), f"en hausse de 99,9{INSECABLE}%"),
        (dire_evolution(99.95), "multiplié par 2"),
        (dire_evolution(0.95), f"en hausse de 1,0{INSECABLE}%"),
        (dire_evolution(-99.9), f"en baisse de 99,9{INSECABLE}%"),
        (dire_evolution(4, bruit=Decimal(5)), "quasi stable"),
        (compter(0, HEURE), "aucune heure"),
        (compter(0, CONTRAT), "aucun contrat"),
        (compter(1, PERSONNE), f"1{INSECABLE}personne"),
        (compter(1234, MARCHE), f"1\u202f234{INSECABLE}marchés"),
        (compter(1_200_000, HEURE), f"1,2{INSECABLE}million d’heures"),
        (compter(3_000_000, PERSONNE), f"3,0{INSECABLE}millions de personnes"),
        (compter(SECRETE, HEURE), "s"),
        (ordinal(1), "1er"),
        (ordinal(1, feminin=True), "1re"),
        (ordinal(12), "12e"),
        (elider("que", "dans le Val-de-Marne"), "que dans le Val-de-Marne"),
    ],
)
def test_ce_qui_s_ecrit(ecrit, attendu):
    assert ecrit == attendu


@given(st.integers(0, 10**12))
def test_un_grand_nombre_s_accorde_avec_ce_qui_s_imprime(nombre):
    ecrit = grand_nombre_en_mots(nombre)
    trouve = re.fullmatch(r"([\d\u202f,]+)(?:\u00a0(million|milliard)(s?))?", ecrit)
    assert bool(trouve[2]) == (nombre >= 10**6)
    if trouve[2]:
        assert (trouve[3] == "s") == (Decimal(trouve[1].replace("\u202f", "").replace(",", ".")) >= 2)
        assert trouve[1] == decimal(Decimal(nombre) / (10**9 if trouve[2] == "milliard" else 10**6))


def test_un_ecart_s_elide_devant_tout_territoire():
    for territoire in Territoire.tous("reg", "dep", "ept", "epci"):
        phrase = dire_ecart(3, territoire.locatif)
        assert re.search(r" (que d|qu’[aeà])", phrase), phrase
