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
from observatoire.publication.cartes import Zone, carte_nombres, carte_taux, limites
from observatoire.publication.cellules import ABSENTE, NON_SIGNIFICATIVE, SECRETE, Cellule
from observatoire.publication.contours import lire_contours
from observatoire.publication.fond_de_carte import fond_de, preparer
from observatoire.publication.formats import INSECABLE, SIGNES, entier, pct
from observatoire.publication.textes_de_carte import decrire_carte, noter_carte, tableau_de_carte
from observatoire.referentiel import lire_liste
from tests.test_figures import _textes

DEPARTEMENTS, METROPOLE = Territoire.tous("dep"), Territoire.tous("ept")
BORNES = tuple(map(Decimal, (10, 20, 30, 40)))


@pytest.fixture
def fond(travail):
    return fond_de(travail, "dep", charte.LARGEUR)


@pytest.fixture
def tuiles(travail):
    return fond_de(travail, "ept", charte.LARGEUR)


def zone(territoire, nombre, ecrire=pct, **autres):
    cellule = nombre if isinstance(nombre, Cellule) else Cellule.de(nombre)
    etiquette = ecrire(cellule) if cellule.nombre is not None else SIGNES[cellule.statut]
    return Zone(territoire, cellule, etiquette, **autres)


def zones(*nombres, ecrire=pct, ou=DEPARTEMENTS):
    return [zone(t, n, ecrire) for t, n in zip(ou, nombres, strict=True)]


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


def test_secret_absent_non_significatif_et_petite_base_ont_chacun_leur_dessin(fond):
    lues = zones(15, SECRETE, 15, ABSENTE, 15, NON_SIGNIFICATIVE, 15, 15)
    lues[2] = zone(DEPARTEMENTS[2], 15, fragile=True)
    aplats = {cartes._aplat(z, BORNES) for z in lues}
    assert len(aplats) == 4, "secret, absent, petite base, publié"
    svg = carte_taux(fond, lues, BORNES)
    for texte in (">s<", ">n.d.<", ">n.s.<", "s : secret statistique", ">petite base<", ">10 à 20\u00a0%<"):
        assert texte in svg
    assert "petite base" not in carte_taux(fond, zones(*[15] * 8), BORNES)


def test_un_territoire_sans_zone_n_est_pas_disponible_et_un_territoire_sans_contour_se_refuse(fond):
    svg = carte_taux(fond, zones(*[15] * 8)[:7], BORNES)
    assert svg.count(">n.d.<") == 1
    with pytest.raises(PublicationError, match="ept:T6"):
        carte_taux(fond, [zone(Territoire.lire("ept:T6"), 15)], BORNES)


# ── Les cercles ──


def test_l_aire_d_un_cercle_est_proportionnelle_et_un_secret_n_en_a_pas(fond):
    couleur = charte.COULEURS["heures"]
    svg = carte_nombres(fond, zones(400, 100, *[SECRETE] * 6, ecrire=entier), couleur)
    petit, grand = rayons(svg, couleur)
    assert grand / petit == pytest.approx(2, abs=0.01)
    assert math.pi * grand**2 == pytest.approx(math.pi * (0.056 * charte.LARGEUR) ** 2, rel=0.01)
    assert svg.count(">s<") == 6
    zero = carte_nombres(fond, zones(400, 0, *[SECRETE] * 6, ecrire=entier), couleur)
    assert len(rayons(zero, couleur)) == 2, "un vrai zéro est un point vide"


# ── La lecture ──

DIFFICILES = (
    [1_275_577, 50_994, SECRETE, 0, 184_631, 275_577, ABSENTE, 54_231],
    [12.4, 100, SECRETE, 0, 13.7, NON_SIGNIFICATIVE, ABSENTE, 25.4],
)


@pytest.mark.parametrize("largeur", [charte.LARGEUR, charte.LARGEUR_PAGE])
def test_rien_ne_sort_de_la_feuille_et_tout_territoire_est_nomme(travail, largeur):
    nombres, taux = DIFFICILES
    fond = fond_de(travail, "dep", largeur)
    dessins = [
        carte_nombres(fond, zones(*nombres, ecrire=entier), charte.GRIS),
        carte_taux(fond, zones(*taux), BORNES),
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


def test_une_carte_est_toujours_la_meme_et_pese_peu(fond):
    nombres, taux = DIFFICILES
    for dessiner in (
        lambda: carte_nombres(fond, zones(*nombres, ecrire=entier), charte.GRIS),
        lambda: carte_taux(fond, zones(*taux), BORNES),
    ):
        svg = dessiner()
        assert svg == dessiner()
        assert len(svg) < 150_000


def test_les_ancres_sont_dans_leur_territoire_et_hors_de_la_loupe(fond):
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
    svg = carte_taux(preparer(metropole, charte.LARGEUR_PAGE), lues, BORNES)
    assert all(f">T{rang}<" in svg for rang in range(1, 13))
    assert not fond_de(travail, "ept", charte.LARGEUR).schematique, "des contours déposés l'emportent"
    touchees = {
        frozenset((a, b))
        for a, b in itertools.combinations(metropole.polygones, 2)
        if len(_sommets(metropole.polygones[a]) & _sommets(metropole.polygones[b])) > 1
    }
    assert {frozenset(c.removeprefix("ept:") for c in paire) for paire in touchees} <= VOISINS


def _sommets(polygones) -> set[tuple[float, float]]:
    return {(round(x, 5), round(y, 5)) for polygone in polygones for anneau in polygone for x, y in anneau}


# ── Les tuiles ──

# Les territoires de la métropole dont les communes se touchent, d'après le découpage de 2026.
VOISINS = {
    frozenset((un, autre))
    for un, autres in {
        "T1": ("T2", "T3", "T4", "T5", "T6", "T8", "T10", "T12"),
        "T2": ("T3", "T12"),
        "T3": ("T4",),
        "T4": ("T5",),
        "T5": ("T6",),
        "T6": ("T7", "T8"),
        "T7": ("T8", "T9"),
        "T8": ("T9", "T10"),
        "T9": ("T10", "T11"),
        "T10": ("T11", "T12"),
        "T11": ("T12",),
    }.items()
    for autre in autres
}


def test_deux_tuiles_d_un_meme_bord_sont_voisines_et_une_seule_frontiere_ne_se_voit_pas():
    cases = {
        ligne["territoire"].removeprefix("ept:"): (int(ligne["colonne"]), int(ligne["rang"]))
        for ligne in lire_liste("tuiles")
    }
    assert set(cases) == {territoire.code for territoire in METROPOLE}
    assert len(set(cases.values())) == 12, "une case, un territoire"
    ecarts = {
        frozenset((a, b)): tuple(abs(i - j) for i, j in zip(cases[a], cases[b], strict=True))
        for a, b in itertools.combinations(cases, 2)
    }
    bord_a_bord = {paire for paire, ecart in ecarts.items() if sum(ecart) == 1}
    se_touchent = {paire for paire, ecart in ecarts.items() if max(ecart) == 1}
    assert bord_a_bord <= VOISINS
    assert VOISINS - se_touchent == {frozenset(("T6", "T7"))}


def test_sans_contours_la_metropole_est_en_tuiles_et_un_niveau_sans_place_n_a_pas_de_fond(travail, tuiles):
    assert tuiles.schematique
    assert sorted(tuiles.territoires) == sorted(map(str, METROPOLE))
    cotes = {
        round(float(cote), 1)
        for trace in tuiles.vues[0].traces.values()
        for cote in (trace.get_extents().width, trace.get_extents().height)
    }
    assert cotes <= {21.0, 21.1}, "des carrés égaux, de 21,05 mm : 0,63 × 105 ÷ 3 − 2 × 0,5"
    assert fond_de(travail, "epci", charte.LARGEUR) is None
    assert "Carte schématique" in noter_carte(tuiles, en_cercles=False, provisoire=False)


TUILES_DIFFICILES = (
    [1_275_577, 50_994, SECRETE, 0, 184_631, 275_577, ABSENTE, 54_231, 600_000, 900, 1_200, 431_000],
    [12.4, 100, SECRETE, 0, 13.7, NON_SIGNIFICATIVE, ABSENTE, 25.4, 44, 18, 33, 9],
)


@pytest.mark.parametrize("largeur", [charte.LARGEUR, charte.LARGEUR_PAGE])
def test_une_tuile_porte_son_code_sa_valeur_et_son_nom_sans_en_sortir(travail, largeur):
    fond, (nombres, taux) = fond_de(travail, "ept", largeur), TUILES_DIFFICILES
    cercles = carte_nombres(fond, zones(*nombres, ecrire=entier, ou=METROPOLE), charte.GRIS)
    classes = carte_taux(fond, zones(*taux, ou=METROPOLE), BORNES)
    boites = {code.removeprefix("ept:"): t.get_extents() for code, t in fond.vues[0].traces.items()}
    for svg in (cercles, classes):
        fromstring(svg)
        textes = _textes(svg)
        for code, boite in boites.items():
            [(_, gauche, droite)] = [t for t in textes if re.fullmatch(rf"{code}(\u00a0:.*)?", t[0])]
            assert boite.x0 < gauche < droite < boite.x1, code
        noms = [t for t in textes if len(t[0]) > 4 and any(t[0] in ici.nom for ici in METROPOLE)]
        assert len(noms) >= 12
        for nom, gauche, droite in noms:
            assert any(b.x0 < gauche < droite < b.x1 for b in boites.values()), nom
    assert classes.count(">s<") == cercles.count(">s<") == 1
    assert "s : secret statistique" in classes
    assert len(rayons(cercles, charte.GRIS)) == 10 + 12, "dix valeurs publiées, et le bord des douze tuiles"


def test_le_territoire_de_la_fiche_est_entoure_et_le_provisoire_est_en_tirets(tuiles):
    lues = zones(*[400] * 12, ecrire=entier, ou=METROPOLE)
    seule = carte_nombres(tuiles, lues, charte.COULEURS["heures"])
    entouree = carte_nombres(tuiles, lues, charte.COULEURS["heures"], ici="ept:T6")
    assert entouree.count("stroke-width: 1.8") == 1
    assert "stroke-width: 1.8" not in seule
    assert carte_nombres(tuiles, lues, charte.COULEURS["heures"], ici="dep:93") == seule
    tirets = carte_nombres(tuiles, lues, charte.COULEURS["heures"], provisoire=True)
    assert tirets.count("stroke-dasharray") == 12
    assert "stroke-dasharray" not in seule


def test_une_etiquette_que_la_loupe_couvrirait_passe_au_dessus_de_son_cercle(fond):
    svg = carte_nombres(fond, zones(*[900_000] * 3, 100, *[900_000] * 3, 54_231, ecrire=entier), charte.GRIS)
    hauteurs = {
        texte: float(y) * 25.4 / 72
        for y, texte in re.findall(r'<text [^>]*\by="([-\d.]+)"[^>]*>(95[^<]+|91[^<]+)</text>', svg)
    }
    ancres = fond.vues[0].ancres
    assert hauteurs[f"95{INSECABLE}: 54\u202f231"] < ancres["dep:95"][1]
    assert hauteurs[f"91{INSECABLE}: 100"] > ancres["dep:91"][1]
