"""Les cartes : des classes fixes, des aires proportionnelles, des étiquettes lisibles, aucun secret."""

from __future__ import annotations

import itertools
import json
import math
import re
from decimal import Decimal

import pytest
from defusedxml.ElementTree import fromstring

from observatoire.erreurs import PublicationError
from observatoire.indicateurs.catalogue import catalogue_de
from observatoire.perimetre import Territoire
from observatoire.publication import cartes, charte
from observatoire.publication.cartes import (
    Zone,
    carte_nombres,
    carte_taux,
    decrire_carte,
    limites,
    tableau_de_carte,
)
from observatoire.publication.cellules import ABSENTE, NON_SIGNIFICATIVE, SECRETE, Cellule
from observatoire.publication.contours import lire_contours
from observatoire.publication.fond_de_carte import preparer
from observatoire.publication.formats import INSECABLE, SIGNES, entier, pct
from tests.test_figures import _textes

DEPARTEMENTS = Territoire.tous("dep")
BORNES = tuple(map(Decimal, (10, 20, 30, 40)))


@pytest.fixture
def contours(travail):
    return lire_contours(travail, "dep")


def zone(territoire, nombre, ecrire=pct, **autres):
    cellule = nombre if isinstance(nombre, Cellule) else Cellule.de(nombre)
    etiquette = ecrire(cellule) if cellule.nombre is not None else SIGNES[cellule.statut]
    return Zone(territoire, cellule, etiquette, **autres)


def zones(*nombres, ecrire=pct):
    return [zone(t, n, ecrire) for t, n in zip(DEPARTEMENTS, nombres, strict=True)]


def rayons(svg: str, couleur: str) -> list[float]:
    """Les rayons des cercles bordés d'une couleur, en millimètres : la moitié de leur largeur."""
    traces = re.findall(rf'<path d="([^"]+)"[^>]*style="[^"]*stroke: {couleur.lower()}', svg)
    largeurs = []
    for trace in traces:
        nombres = [float(n) for n in re.findall(r"-?\d+\.?\d*", trace)]
        largeurs.append(max(nombres[::2]) - min(nombres[::2]))
    return sorted(largeur / 2 * 25.4 / 72 for largeur in largeurs)


# ── Les classes ──


def test_les_limites_sont_celles_de_taux_connus_rondes_et_croissantes(travail):
    catalogue = catalogue_de(travail)
    taux = set(catalogue.loc[catalogue["unite"] == "%", "indicateur"])
    assert set(charte.CHARTE["limites"]) <= taux
    for nom in charte.CHARTE["limites"]:
        bornes = limites(nom)
        assert len(bornes) in (3, 4), nom
        assert all(a < b for a, b in itertools.pairwise(bornes)), nom
    with pytest.raises(PublicationError, match="cercles"):
        limites("heures_realisees")


@pytest.mark.parametrize(
    ("taux", "classe"),
    [("0", 0), ("9.94", 0), ("9.95", 1), ("10", 1), ("19.99", 2), ("39.9", 3), ("40", 4), ("100", 4)],
)
def test_la_classe_suit_le_nombre_imprime_et_une_limite_ouvre_sa_classe(taux, classe):
    aplat = cartes._aplat(zone(DEPARTEMENTS[0], Decimal(taux)), BORNES)
    assert aplat == (charte.CLASSES[classe], "", charte.lisible_sur(charte.CLASSES[classe]))


def test_secret_absent_non_significatif_et_petite_base_ont_chacun_leur_dessin(contours):
    lues = zones(15, SECRETE, 15, ABSENTE, 15, NON_SIGNIFICATIVE, 15, 15)
    lues[2] = zone(DEPARTEMENTS[2], 15, fragile=True)
    aplats = {cartes._aplat(z, BORNES) for z in lues}
    assert len(aplats) == 4, "secret, absent, petite base, publié"
    svg = carte_taux(contours, lues, BORNES)
    for texte in (">s<", ">n.d.<", ">n.s.<", "s : secret statistique", ">petite base<", ">10 à 20\u00a0%<"):
        assert texte in svg
    assert "petite base" not in carte_taux(contours, zones(*[15] * 8), BORNES)


def test_un_territoire_sans_zone_n_est_pas_disponible_et_un_territoire_sans_contour_se_refuse(contours):
    svg = carte_taux(contours, zones(*[15] * 8)[:7], BORNES)
    assert svg.count(">n.d.<") == 1
    with pytest.raises(PublicationError, match="ept:T6"):
        carte_taux(contours, [zone(Territoire.lire("ept:T6"), 15)], BORNES)


# ── Les cercles ──


def test_l_aire_d_un_cercle_est_proportionnelle_et_un_secret_n_en_a_pas(contours):
    couleur = charte.COULEURS["heures"]
    svg = carte_nombres(contours, zones(400, 100, *[SECRETE] * 6, ecrire=entier), couleur)
    petit, grand = rayons(svg, couleur)
    assert grand / petit == pytest.approx(2, abs=0.01)
    assert math.pi * grand**2 == pytest.approx(math.pi * (0.056 * charte.LARGEUR) ** 2, rel=0.01)
    assert svg.count(">s<") == 6
    zero = carte_nombres(contours, zones(400, 0, *[SECRETE] * 6, ecrire=entier), couleur)
    assert len(rayons(zero, couleur)) == 2, "un vrai zéro est un point vide"


# ── La lecture ──

DIFFICILES = (
    [1_275_577, 50_994, SECRETE, 0, 184_631, 275_577, ABSENTE, 54_231],
    [12.4, 100, SECRETE, 0, 13.7, NON_SIGNIFICATIVE, ABSENTE, 25.4],
)


@pytest.mark.parametrize("largeur", [charte.LARGEUR, charte.LARGEUR_PAGE])
def test_rien_ne_sort_de_la_feuille_et_tout_territoire_est_nomme(contours, largeur):
    nombres, taux = DIFFICILES
    dessins = [
        carte_nombres(contours, zones(*nombres, ecrire=entier), charte.GRIS, largeur=largeur),
        carte_taux(contours, zones(*taux), BORNES, largeur=largeur),
    ]
    for svg in dessins:
        fromstring(svg)
        textes = _textes(svg)
        for texte, gauche, droite in textes:
            assert gauche >= -0.2, texte
            assert droite <= largeur + 0.2, texte
        debuts = {texte.split("\u00a0")[0] for texte, _, _ in textes}
        assert {territoire.code for territoire in DEPARTEMENTS} <= debuts
        assert "Contours simplifiés : Natural Earth" in {texte for texte, _, _ in textes}


def test_le_texte_de_remplacement_cite_les_extremes_publies_et_eux_seuls():
    lues = zones(12.4, 28.6, SECRETE, 13.7, ABSENTE, 15, 14, 15.8)
    alt = decrire_carte(lues)
    assert f"faible, 12,4{INSECABLE}% (Paris), au plus élevé, 28,6{INSECABLE}% (Seine-et-Marne)" in alt
    assert f"2{INSECABLE}territoires sans valeur publiée" in alt
    assert decrire_carte(zones(*[SECRETE] * 8)) == "Carte. Aucune valeur n’est publiable."
    assert decrire_carte(zones(*[15] * 8)).startswith(f"Carte. Partout où c’est publié : 15,0{INSECABLE}%.")
    tableau = tableau_de_carte(lues, "Part")
    assert tableau.lignes[2] == ["Yvelines (78)", "s"]
    assert [ligne[0] for ligne in tableau.lignes] == [territoire.nom_long for territoire in DEPARTEMENTS]


def test_une_carte_est_toujours_la_meme_et_pese_peu(contours):
    nombres, taux = DIFFICILES
    for dessiner in (
        lambda: carte_nombres(contours, zones(*nombres, ecrire=entier), charte.GRIS),
        lambda: carte_taux(contours, zones(*taux), BORNES),
    ):
        svg = dessiner()
        assert svg == dessiner()
        assert len(svg) < 150_000


def test_les_ancres_sont_dans_leur_territoire_et_hors_de_la_loupe(contours):
    fond = preparer(contours, charte.LARGEUR)
    assert [len(vue.ancres) for vue in fond.vues] == [4, 4]
    x, y, largeur, hauteur = fond.repere
    for vue in fond.vues:
        for code, ancre in vue.ancres.items():
            assert vue.traces[code].contains_point(ancre), code
    for ancre in fond.vues[0].ancres.values():
        assert not (x < ancre[0] < x + largeur and y < ancre[1] < y + hauteur)


def test_la_metropole_se_dessine_sur_des_contours_officiels(reelles, travail):
    dossier = travail.racine / "contours"
    dossier.mkdir()
    source = reelles / "contours" / "derive_ept_mgp_2026.geojson"
    contenu = json.loads(source.read_text(encoding="utf-8"))
    (dossier / "ept.geojson").write_text(json.dumps({**contenu, "attribution": "IGN"}), encoding="utf-8")
    metropole = lire_contours(travail, "ept")
    lues = [zone(t, 10 + rang) for rang, t in enumerate(Territoire.tous("ept"))]
    svg = carte_taux(metropole, lues, BORNES, largeur=charte.LARGEUR_PAGE)
    assert all(f">T{rang}<" in svg for rang in range(1, 13))
