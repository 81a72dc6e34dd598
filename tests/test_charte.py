"""La charte : mesurée couleur par couleur, écrite une seule fois, comprise de tous les moteurs."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
from coloraide import Color

from observatoire.erreurs import PublicationError
from observatoire.publication import charte
from observatoire.publication.charte import CHARTE, CLASSES, COULEURS, GRIS, PAPIER, REPERE, ROLES
from observatoire.referentiel import ventilations

DEPOT = Path(__file__).parents[1]
VISIONS = (None, "protan", "deutan", "tritan")
NUANCES = {nom: nuance["couleur"] for nom, nuance in CHARTE["palette"].items()}
COMPARAISONS = {nom: couleur for nom, couleur in COULEURS.items() if nom != "heures_autres"}


def vue(couleur: str, vision: str | None) -> Color:
    """La couleur telle que la perçoit une vision, daltonismes simulés à leur plus fort (Machado 2009)."""
    return Color(couleur).filter(vision, 1.0, method="machado") if vision else Color(couleur)


def ecart(couleur: str, autre: str) -> float:
    """Le plus petit écart ΔE 2000 de deux couleurs dans les quatre visions."""
    return min(vue(couleur, v).delta_e(vue(autre, v), method="2000") for v in VISIONS)


def ecart_minimal(couleurs) -> float:
    return min(ecart(*paire) for paire in itertools.combinations(couleurs, 2))


# ── Les couleurs, mesurées ──


@pytest.mark.parametrize(("nom", "couleur"), CHARTE["textes"].items())
def test_un_texte_se_lit_sur_le_papier_et_sur_les_fonds_clairs(nom, couleur):
    fonds = [PAPIER, ROLES["fond"], *(ROLES[f] for f in (f"fond_{nom}",) if f in ROLES)]
    assert min(Color(couleur).contrast(fond, method="wcag21") for fond in fonds) >= 4.5


@pytest.mark.parametrize(
    "couleur", sorted({*CHARTE["signes"].values(), *COULEURS.values(), *NUANCES.values()})
)
def test_un_signe_se_voit_sur_le_papier(couleur):
    assert Color(couleur).contrast(PAPIER, method="wcag21") >= 3
    assert charte.contraste(couleur, PAPIER) == pytest.approx(
        Color(couleur).contrast(PAPIER, method="wcag21"), abs=0.01
    )


def test_les_couleurs_d_une_meme_figure_se_distinguent_pour_toutes_les_visions():
    assert ecart_minimal({*COMPARAISONS.values(), REPERE, GRIS}) >= 15
    assert ecart(COULEURS["heures"], COULEURS["heures_autres"]) >= 15
    assert ecart_minimal(NUANCES.values()) >= 15
    assert min(ecart(*paire) for paire in itertools.pairwise(CLASSES)) >= 15


def test_une_serie_se_distingue_aussi_en_gris_par_sa_trame():
    trames = [nuance["trame"] for nuance in CHARTE["palette"].values()]
    assert len(set(trames)) == len(trames)
    clartes = [Color(couleur).convert("lab").coords()[0] for couleur in CLASSES]
    assert min(a - b for a, b in itertools.pairwise(clartes)) >= 15, "du plus clair au plus foncé"


@pytest.mark.parametrize("couleur", CLASSES)
def test_un_nombre_se_lit_sur_chaque_classe_d_une_carte(couleur):
    assert charte.contraste(charte.lisible_sur(couleur), couleur) >= 4.5


# ── Une modalité, une couleur ──


@pytest.mark.parametrize("ventilation", CHARTE["modalites"])
def test_une_ventilation_a_une_couleur_pour_chacune_de_ses_modalites_et_six_au_plus(ventilation):
    couleurs = CHARTE["modalites"][ventilation]
    assert list(couleurs) == list(ventilations()[ventilation].libelles)
    assert len(set(couleurs.values())) == len(couleurs), "deux modalités de même couleur"
    assert len(set(couleurs.values()) - {"reste", "non_renseigne"}) <= charte.SERIES_MAXIMUM
    for code in couleurs:
        assert (couleurs[code] == "non_renseigne") == (code == "NR")
        assert charte.couleur_modalite(ventilation, code) == NUANCES[couleurs[code]]


def test_une_ventilation_trop_longue_se_refuse_d_une_phrase():
    with pytest.raises(PublicationError, match="petits multiples"):
        charte.couleur_modalite("prescripteur", "FT")


# ── Écrite une seule fois ──

_HEXADECIMALE = re.compile(r"(?<![&\w])#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3,4})\b(?![-\w])")
_FICHIERS = sorted(
    chemin
    for dossier in ("src", "report_templates")
    for chemin in (DEPOT / dossier).rglob("*")
    if chemin.suffix in (".py", ".css", ".typ", ".j2", ".toml", ".html", ".yml", ".js", ".scss")
    and chemin.name != "charte.toml"
)


def test_aucune_couleur_n_est_ecrite_hors_de_la_charte():
    ecrites = {
        f"{chemin.relative_to(DEPOT)} : {trouve[0]}"
        for chemin in _FICHIERS
        for trouve in _HEXADECIMALE.finditer(chemin.read_text(encoding="utf-8"))
    }
    assert len(_FICHIERS) > 100
    assert not ecrites
    assert _HEXADECIMALE.search("fill: #fff;")
    assert _HEXADECIMALE.search('rgb("#0A3E61")')
    assert not _HEXADECIMALE.search('href="#contenu" url(#a1b2c3-x) &#233;')


# ── Comprise de tous les moteurs ──


def test_toute_propriete_css_employee_par_un_gabarit_est_dans_la_charte():
    declarees = set(re.findall(r"--[\w-]+(?=:)", charte.pour_css()))
    assert f"--non-renseigne: {GRIS};" in charte.pour_css()
    for chemin in (DEPOT / "report_templates").rglob("*.css"):
        texte = chemin.read_text(encoding="utf-8")
        propres = set(re.findall(r"(--[\w-]+):", texte))
        assert set(re.findall(r"var\((--[\w-]+)", texte)) <= declarees | propres, chemin.name


def test_tout_role_employe_par_un_gabarit_typst_est_dans_la_charte():
    roles = charte.pour_typst()["roles"]
    for chemin in (DEPOT / "report_templates").rglob("*.typ"):
        assert set(re.findall(r'role\("(\w+)"\)', chemin.read_text(encoding="utf-8"))) <= set(roles)


def test_la_charte_se_donne_a_vega_et_a_quarto():
    vega, quarto = charte.pour_vega(), charte.pour_quarto()
    assert json.loads(json.dumps(vega)) == vega
    assert json.loads(json.dumps(quarto)) == quarto
    assert vega["range"]["ordinal"] == list(CLASSES)
    assert vega["range"]["category"] == list(NUANCES.values())
    palette = quarto["color"]["palette"]
    nommees = {nom for cle, nom in quarto["color"].items() if cle != "palette"}
    assert nommees <= set(palette)
    assert not nommees & set(quarto["color"]), "un nom de couleur n'est pas un rôle de Quarto"
