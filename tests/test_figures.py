"""Les figures : ce qu'elles exigent, comment elles se dessinent."""

from __future__ import annotations

import dataclasses
import re
from html import unescape
from itertools import combinations
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.erreurs import PublicationError
from observatoire.perimetre import Territoire
from observatoire.publication import charte, feuille, figures
from observatoire.publication.blocs import Figure, Tableau
from observatoire.publication.figures import Barre, Colonne, Point
from observatoire.publication.jumeau import en_csv
from observatoire.publication.pentes import Pente, dessiner_pentes
from observatoire.referentiel import ventilations

DEPOT = Path(__file__).parents[1]


# ── Ce qu'une figure exige ──

COMPLETE = Figure(
    id="a",
    titre="Un constat",
    sous_titre="Quoi, où, quand",
    alt="Barres.",
    tableau=Tableau(["Modalité", "Heures"], [["Condition d’exécution", "12"]]),
    lecture="12 heures.",
    champ="Champ.",
    source="Source.",
    svg="<svg></svg>",
)


@pytest.mark.parametrize("champ", ["id", "titre", "sous_titre", "alt", "lecture", "champ", "source"])
@pytest.mark.parametrize("vide", ["", "  "])
def test_une_figure_sans_l_un_de_ses_textes_est_impossible(champ, vide):
    with pytest.raises(PublicationError, match=champ):
        dataclasses.replace(COMPLETE, **{champ: vide})


def test_une_figure_sans_tableau_ou_sans_raison_de_ne_rien_montrer_est_impossible():
    with pytest.raises(TypeError, match="lecture"):
        Figure(id="a", titre="t", sous_titre="s", alt="a", tableau=COMPLETE.tableau, champ="c", source="s")
    with pytest.raises(PublicationError, match="tableau"):
        dataclasses.replace(COMPLETE, tableau=Tableau(["Modalité"], []))
    with pytest.raises(PublicationError, match="avis"):
        dataclasses.replace(COMPLETE, svg=None)
    with pytest.raises(PublicationError, match="inégales"):
        Tableau(["Modalité", "Heures"], [["Condition d’exécution"]])


def test_un_nom_hostile_reste_du_texte(monkeypatch):
    monkeypatch.setenv("OBSERVATOIRE_RACINE", str(DEPOT))
    hostile = "<script>alert('x')</script>{{ 7*7 }}"
    html = dataclasses.replace(COMPLETE, titre=hostile, alt=f'" onerror="{hostile}').html()
    assert "<script" not in html
    assert 'onerror="' not in html
    assert "{{ 7*7 }}" in html


# ── Le jumeau en CSV ──


def test_le_tableau_se_telecharge_depuis_la_page_seule(monkeypatch):
    monkeypatch.setenv("OBSERVATOIRE_RACINE", str(DEPOT))
    html = COMPLETE.html()
    adresse = re.search(r'href="data:text/csv;charset=utf-8,([^"]+)" download="a.csv"', html)[1]
    assert unquote(adresse).removeprefix("\ufeff") == "Modalité;Heures\nCondition d’exécution;12\n"
    assert "Télécharger les données (CSV, 1\u00a0ko)" in html


def test_un_csv_se_calcule_et_ne_s_execute_pas():
    colonnes = ["Employeur", "Heures", "Part"]
    lignes = [["=1+1", "1\u202f234", "\u221212,5\u00a0%"], ["A;B", "s", "n.d."], ["C", "0", "0,0\u00a0%"]]
    attendu = 'Employeur;Heures;Part (%)\n\'=1+1;1234;-12,5\n"A;B";s;n.d.\nC;0;0,0\n'
    assert en_csv(colonnes, lignes).decode("utf-8-sig") == attendu


# ── Le dessin ──


_TEXTE = re.compile(
    r'<text style="([^"]*)" (?:x="([-\d.]+)"[^>]*|transform="translate\(([-\d.]+) [-\d.]+\)")>([^<]+)</text>'
)


def _textes(svg: str) -> list[tuple[str, float, float]]:
    """Les textes d'un SVG, leur bord gauche et leur bord droit en millimètres.

    Une ligne d'un texte qui en a plusieurs est déjà posée depuis sa gauche.
    """
    bords = []
    for style, x, depuis, echappe in _TEXTE.findall(svg):
        texte = unescape(echappe)
        corps = float(re.search(r"([\d.]+)px", style)[1])
        largeur = feuille.largeur_texte(texte, corps)
        ancre = re.search(r"text-anchor: (\w+)", style)
        avant = {"end": largeur, "middle": largeur / 2}.get(ancre[1] if ancre else "start", 0)
        gauche = float(x or depuis) * 25.4 / 72 - avant
        bords.append((texte, gauche, gauche + largeur))
    return bords


LIBELLES = st.sampled_from(
    [libelle for ventilation in ventilations().values() for libelle in ventilation.libelles.values()]
)
PARTS_DESSINEES = st.one_of(st.none(), st.sampled_from([0.0, 0.1, 50.0, 100.0]), st.floats(0, 100))


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(LIBELLES, PARTS_DESSINEES, PARTS_DESSINEES), min_size=1, max_size=8))
def test_aucun_texte_ne_sort_de_la_figure(lignes):
    etiquettes = ["s" if part is None else f"{part:.1f} % du total" for _, part, _ in lignes]
    barres = [Barre(n, p, e, charte.GRIS, r) for (n, p, r), e in zip(lignes, etiquettes, strict=True)]
    dessins = [
        figures.barres(barres),
        figures.pyramide([("Femmes", barres), ("Hommes", barres[::-1])]),
        figures.points(
            [Point(n, p, e, r) for (n, p, r), e in zip(lignes, etiquettes, strict=True)],
            ("Yvelines", "Région"),
        ),
    ]
    for dessin in dessins:
        for texte, gauche, droite in _textes(dessin):
            assert gauche >= -0.1, texte
            assert droite <= charte.LARGEUR + 0.1, texte


@pytest.mark.parametrize("hauteurs", [[1.0], [None], [0.0, 0.0], [1e9] * 12, [None, 3.0, 0.0] * 4])
def test_la_tendance_se_dessine_quelles_que_soient_les_valeurs(hauteurs):
    colonnes = [
        Colonne(
            f"T{rang % 4 + 1}", str(2023 + rang // 4), h, "1 000,0" if h else "s", charte.GRIS, rang == 11
        )
        for rang, h in enumerate(hauteurs)
    ]
    assert figures.trimestres(colonnes) == figures.trimestres(colonnes)
    assert "nan" not in figures.trimestres(colonnes)


def test_un_secret_un_zero_et_un_petit_nombre_se_dessinent_autrement():
    def dessin(longueur, etiquette):
        return figures.barres(
            [Barre("a", longueur, etiquette, charte.GRIS), Barre("b", 9.0, "9", charte.GRIS)]
        )

    secret, absent, zero = dessin(None, "s"), dessin(None, "n.d."), dessin(0.0, "0")
    assert zero.count("<path") > secret.count("<path") == absent.count("<path"), "un trait sur la base"
    assert "italic" in secret
    assert "italic" not in zero
    assert secret.replace(">s<", ">n.d.<") == absent, "rien d'autre que le signe ne les sépare"


# ── La pyramide ──


def cotes(*paires):
    """Les deux côtés d'une pyramide, d'étage en étage."""
    ages = [f"étage {rang}" for rang in range(len(paires))]
    return [
        (
            titre,
            [
                Barre(a, p[cote], "s" if p[cote] is None else "1", t)
                for a, p in zip(ages, paires, strict=True)
            ],
        )
        for cote, (titre, t) in enumerate((("Femmes", charte.REPERE), ("Hommes", charte.GRIS)))
    ]


def longueurs(svg: str, couleur: str) -> list[float]:
    """Les longueurs des barres d'une couleur, en points ; un trait de zéro n'a pas de remplissage."""
    trouvees = []
    for trace in re.findall(rf'<path d="([^"]+)"[^>]*style="fill: {couleur.lower()}[^"]*"/>', svg):
        abscisses = [float(x) for x in re.findall(r"[ML] (-?\d+\.?\d*)", trace)]
        trouvees.append(max(abscisses) - min(abscisses))
    return trouvees


def test_les_deux_cotes_d_une_pyramide_ont_la_meme_echelle():
    svg = figures.pyramide(cotes((30.0, 60.0), (15.0, 120.0)))
    femmes, hommes = longueurs(svg, charte.REPERE), longueurs(svg, charte.GRIS)
    # 30 et 15 femmes, 60 et 120 hommes : un homme est aussi long qu'une femme
    assert [round(x / femmes[1], 2) for x in (*femmes, *hommes)] == [2, 1, 4, 8]


def test_dans_une_pyramide_un_secret_n_est_rien_un_zero_est_un_trait_et_le_provisoire_est_hachure():
    secret, zero = figures.pyramide(cotes((None, 9.0))), figures.pyramide(cotes((0.0, 9.0)))
    assert longueurs(secret, charte.REPERE) == [0]
    assert zero.count("<path") > secret.count("<path")
    assert "italic" in secret
    assert "italic" not in zero
    assert "<pattern" not in zero
    assert "<pattern" in figures.pyramide(cotes((1.0, 9.0)), provisoire=True)
    assert "nan" not in figures.pyramide(cotes((None, None)))


# ── Les pentes ──


def pente(nom, avant, apres, **autres):
    ecrites = tuple("s" if valeur is None else f"{valeur:.1f} %" for valeur in (avant, apres))
    return Pente(nom, (avant, apres), ecrites, charte.GRIS, **autres)


VALEUR = st.one_of(st.none(), st.sampled_from([0.0, 50.0, 50.1]), st.floats(0, 100))


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(VALEUR, VALEUR, st.booleans()), min_size=1, max_size=12))
def test_une_pente_est_etiquetee_a_ses_deux_bouts_et_rien_ne_se_chevauche(tirees):
    noms = [territoire.nom for territoire in Territoire.tous("ept")]
    lignes = [
        pente(nom, avant, apres, liee=liee and None not in (avant, apres))
        for nom, (avant, apres, liee) in zip(noms, tirees, strict=False)
    ]
    lignes.append(pente("Île-de-France", 20.0, 21.0, repere=True))
    svg = dessiner_pentes(lignes, ("2024", "2025"))
    assert svg == dessiner_pentes(lignes, ("2024", "2025"))
    textes = _textes(svg)
    assert len(textes) == 2 + 2 * len(lignes)
    for texte, gauche, droite in textes:
        assert gauche >= -0.1, texte
        assert droite <= charte.LARGEUR + 0.1, texte
    hauteurs = [float(y) * 25.4 / 72 for y in re.findall(r'<text [^>]*\by="([^"]+)"', svg)]
    for (un, y_un), (autre, y_autre) in combinations(zip(textes, hauteurs, strict=True), 2):
        assert abs(y_un - y_autre) > 3 or un[2] < autre[1] or autre[2] < un[1], (un, autre)


def test_deux_valeurs_ne_se_relient_que_si_leur_evolution_se_dit_et_un_secret_n_a_pas_de_place():
    def traits(*lignes):
        svg = dessiner_pentes([*lignes, pente("Région", 10.0, 20.0, repere=True)], ("2024", "2025"))
        return svg, len(re.findall(rf"stroke: {charte.GRIS.lower()}; stroke-width: 1\.1", svg))

    reliee, un = traits(pente("Paris", 12.0, 13.0))
    seules, aucun = traits(pente("Paris", 12.0, 13.0, liee=False))
    assert (un, aucun) == (1, 0)
    assert ">Paris\u00a0\u00a012.0 %<" in seules, "sans trait, le point de gauche se nomme"
    assert ">12.0 %<" in reliee
    cachee, _ = traits(pente("Paris", None, 13.0, liee=False))
    assert ">Paris\u00a0\u00a0s<" in cachee
    assert cachee.count("<use") == seules.count("<use") - 1, "un secret n'a pas de point"
