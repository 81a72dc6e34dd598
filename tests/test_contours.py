"""Les contours : livrés ou déposés, dessinables ; un fichier hostile est refusé d'une phrase."""

from __future__ import annotations

import itertools
import json
import shutil

import matplotlib as mpl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Trace

from observatoire.erreurs import ObservatoireError, PerimetreError, SourceError
from observatoire.perimetre import Territoire
from observatoire.publication.contours import lire_contours
from observatoire.referentiel import lire_liste

DEPARTEMENTS = [str(t) for t in Territoire.tous("dep")]
CARRE = [[2.0, 48.5], [2.1, 48.5], [2.1, 48.6], [2.0, 48.6], [2.0, 48.5]]


def collection(*entites, **racine):
    """Une FeatureCollection : huit carrés aux codes des départements, sauf ce qui est dit."""
    codes = [t.split(":")[1] for t in DEPARTEMENTS]
    carres = entites or [entite(code) for code in codes]
    return {"type": "FeatureCollection", "attribution": "essai", "features": list(carres), **racine}


def entite(code, anneau=CARRE, geometrie=None):
    geometrie = geometrie or {"type": "Polygon", "coordinates": [anneau]}
    return {"type": "Feature", "properties": {"code": code}, "geometry": geometrie}


def deposer(config, nom, contenu):
    dossier = config.racine / "contours"
    dossier.mkdir(exist_ok=True)
    texte = contenu if isinstance(contenu, str) else json.dumps(contenu)
    (dossier / nom).write_text(texte, encoding="utf-8")


def aire(polygones):
    """L'aire en degrés carrés (formule du lacet) : extérieur moins trous, quel que soit le sens."""
    total = 0.0
    for exterieur, *trous in polygones:
        for anneau, signe in [(exterieur, 1), *((trou, -1) for trou in trous)]:
            lacet = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in itertools.pairwise(anneau))
            total += signe * abs(lacet) / 2
    return total


def dessiner(contours, fichier):
    """Une carte de contrôle ; la projection est plate, corrigée du cosinus de la latitude."""
    figure = Figure(figsize=(6, 6))
    axes = figure.add_subplot()
    for rang, (code, polygones) in enumerate(contours.polygones.items()):
        for polygone in polygones:
            traces = Trace.make_compound_path(*(Trace(anneau, closed=True) for anneau in polygone))
            couleur = mpl.colormaps["tab10"](rang % 10)
            axes.add_patch(PathPatch(traces, facecolor=couleur, edgecolor="white", linewidth=0.6))
        exterieur = max(polygones, key=lambda p: len(p[0]))[0]
        x = sum(sommet[0] for sommet in exterieur) / len(exterieur)
        y = sum(sommet[1] for sommet in exterieur) / len(exterieur)
        if len(contours.polygones) < 30:
            axes.text(x, y, code, ha="center", va="center", fontsize=7)
    axes.autoscale_view()
    axes.set_aspect(1 / 0.659)  # cos 48,8°
    axes.set_axis_off()
    figure.text(0.02, 0.02, contours.attribution, fontsize=7)
    figure.savefig(fichier, dpi=100)


def test_huit_departements_sont_livres_avec_leur_attribution_et_se_dessinent(travail, tmp_path):
    contours = lire_contours(travail, "dep")
    assert list(contours.polygones) == DEPARTEMENTS
    assert "Natural Earth" in contours.attribution
    # 1 degré carré = 111,2 km × 111,2 km × cos 48,8° ; la région fait 12 011 km² (INSEE)
    km2 = {code: aire(p) * 111.2**2 * 0.659 for code, p in contours.polygones.items()}
    assert sum(km2.values()) == pytest.approx(12_011, rel=0.03)
    assert km2["dep:77"] == pytest.approx(5_915, rel=0.03)
    assert max(km2, key=km2.get) == "dep:77"
    assert min(km2, key=km2.get) == "dep:75"
    dessiner(contours, tmp_path / "carte.png")
    assert (tmp_path / "carte.png").stat().st_size > 10_000


def test_les_contours_livres_sont_un_petit_fichier_qui_dit_sa_licence():
    from importlib.resources import files

    fichier = files("observatoire.referentiel") / "contours_departements.geojson"
    octets = fichier.read_bytes()
    assert len(octets) < 60_000
    assert "Domaine public" in json.loads(octets)["licence"]


def test_des_contours_deposes_l_emportent_sur_ceux_livres(travail):
    deposer(travail, "departements-2026.geojson", collection(attribution="IGN, Licence Ouverte 2.0"))
    contours = lire_contours(travail, "dep")
    assert contours.attribution == "IGN, Licence Ouverte 2.0"
    assert contours.polygones["dep:93"] == ((tuple(map(tuple, CARRE)),),)


def test_un_multipolygone_garde_ses_parties_et_ses_trous(travail):
    trou = [[2.02, 48.52], [2.04, 48.52], [2.04, 48.54], [2.02, 48.52]]
    multiple = {"type": "MultiPolygon", "coordinates": [[CARRE, trou], [CARRE]]}
    codes = [t.split(":")[1] for t in DEPARTEMENTS]
    deposer(travail, "departements.geojson", collection(*(entite(c, geometrie=multiple) for c in codes)))
    polygones = lire_contours(travail, "dep").polygones["dep:75"]
    assert [len(polygone) for polygone in polygones] == [2, 1]


def test_l_attribution_manquante_se_declare_dans_observatoire_toml(travail):
    deposer(travail, "departements.geojson", collection(attribution=None))
    travail.reglages.pop("contours", None)
    with pytest.raises(SourceError, match=r"sans attribution.*\n.*observatoire\.toml"):
        lire_contours(travail, "dep")
    travail.reglages["contours"] = {"attribution": "IGN Admin Express"}
    assert lire_contours(travail, "dep").attribution == "IGN Admin Express"


def test_un_niveau_sans_contours_dit_ou_les_deposer(travail):
    with pytest.raises(SourceError, match=r"contours/ept\.geojson"):
        lire_contours(travail, "ept")
    with pytest.raises(PerimetreError, match="dep"):
        lire_contours(travail, "departement")


def test_deux_fichiers_du_meme_niveau_ne_se_choisissent_pas(travail):
    deposer(travail, "departements-a.geojson", collection())
    deposer(travail, "departements-b.geojson", collection())
    with pytest.raises(SourceError, match=r"departements-a\.geojson, departements-b\.geojson"):
        lire_contours(travail, "dep")


LAMBERT = [[650_000, 6_860_000], [651_000, 6_860_000], [651_000, 6_861_000], [650_000, 6_860_000]]
INVERSE = [[y, x] for x, y in CARRE]
CRS_LAMBERT = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2154"}}
HOSTILES = {
    "vide": ("", "JSON"),
    "html": ("<!DOCTYPE html><html></html>", "JSON"),
    "profond": ("[" * 200_000, "JSON"),
    "nan": (json.dumps(collection(entite("75", [[float("nan"), 48.5]] * 4))), "JSON"),
    "entier geant": (json.dumps(collection()).replace("48.5", "9" * 5_000), "JSON"),
    "liste": ([], "FeatureCollection"),
    "autre type": (collection(type="Topology"), "FeatureCollection"),
    "lambert declare": (collection(crs=CRS_LAMBERT), "WGS84"),
    "lambert": (collection(entite("75", LAMBERT)), "hors d'Île-de-France"),
    "latitude d'abord": (collection(entite("75", INVERSE)), "hors d'Île-de-France"),
    "longitude fausse": (collection(entite("75", [[12.0, 48.5]] * 4)), "hors d'Île-de-France"),
    "infini": (json.dumps(collection(entite("75"))).replace("48.5", "1e999"), "hors d'Île-de-France"),
    "texte": (collection(entite("75", [["2.0", "48.5"]] * 4)), "hors d'Île-de-France"),
    "booleen": (collection(entite("75", [[True, 48.5]] * 4)), "hors d'Île-de-France"),
    "ouvert": (collection(entite("75", CARRE[:-1])), "anneau ouvert"),
    "trois sommets": (collection(entite("75", CARRE[:2] + CARRE[:1])), "anneau ouvert"),
    "sommets plats": (collection(entite("75", [2.0, 48.5])), "anneau illisible"),
    "point": (collection(entite("75", geometrie={"type": "Point", "coordinates": [2, 48]})), "ni Polygon"),
    "sans geometrie": (collection({"type": "Feature", "properties": {"code": "75"}}), "ni Polygon"),
    "polygone vide": (collection(entite("75", geometrie={"type": "Polygon", "coordinates": []})), "vide"),
    "hors region": (collection(entite("13")), "'13' inconnu"),
    "sans code": (collection({"type": "Feature", "properties": None}), "inconnu"),
    "chemin": (collection(entite("../75")), "inconnu"),
    "entite nulle": (collection(None), "inconnu"),
    "repete": (collection(entite("75"), entite("75")), "75 répété"),
    "incomplet": (collection(entite("75")), "absents : dep:77, dep:78, dep:91, dep:92, dep:93 et 2 autres"),
    "sans entites": (collection(features=None), "absents"),
}


@pytest.mark.parametrize("cas", HOSTILES)
def test_un_fichier_hostile_est_refuse_d_une_phrase(travail, cas):
    contenu, constat = HOSTILES[cas]
    deposer(travail, "departements.geojson", contenu)
    with pytest.raises(SourceError, match=r"departements\.geojson : .*" + constat) as refus:
        lire_contours(travail, "dep")
    assert len(str(refus.value)) < 300


def test_un_fichier_trop_lourd_est_refuse_sans_etre_lu_en_entier(travail, monkeypatch):
    monkeypatch.setattr("observatoire.publication.contours._OCTETS_MAXIMUM", 1_000)
    deposer(travail, "departements.geojson", collection())
    with pytest.raises(SourceError, match="Mo"):
        lire_contours(travail, "dep")


JSONS = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5) | st.integers(),
    lambda suite: st.lists(suite, max_size=4) | st.dictionaries(st.text(max_size=5), suite, max_size=3),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(geometrie=JSONS, proprietes=JSONS, coordonnees=JSONS)
def test_aucune_entite_etrange_ne_fait_autre_chose_qu_une_phrase(travail, geometrie, proprietes, coordonnees):
    etranges = [
        {"type": "Feature", "properties": proprietes, "geometry": geometrie},
        entite("75", geometrie={"type": "MultiPolygon", "coordinates": coordonnees}),
    ]
    for etrange in etranges:
        deposer(travail, "departements.geojson", collection(etrange))
        with pytest.raises(ObservatoireError):
            lire_contours(travail, "dep")


REELS = {
    "dep": ("departements-ile-de-france.geojson", "departements.geojson"),
    "ept": ("derive_ept_mgp_2026.geojson", "ept.geojson"),
    "commune": ("derive_communes_idf_2026.geojson", "communes.geojson"),
}


@pytest.mark.parametrize("niveau", REELS)
def test_les_contours_officiels_couvrent_le_referentiel(reelles, travail, tmp_path, niveau):
    origine, nom = REELS[niveau]
    (travail.racine / "contours").mkdir()
    shutil.copy(reelles / "contours" / origine, travail.racine / "contours" / nom)
    travail.reglages["contours"] = {"attribution": "IGN Admin Express 2018, Licence Ouverte 2.0"}
    contours = lire_contours(travail, niveau)
    if niveau == "commune":
        attendus = [ligne["code"] for ligne in lire_liste("communes")]
    else:
        attendus = [str(t) for t in Territoire.tous(niveau)]
    assert list(contours.polygones) == attendus
    assert len(contours.polygones) == {"dep": 8, "ept": 12, "commune": 1266}[niveau]
    dessiner(contours, tmp_path / "carte.png")
    km2 = sum(aire(p) for p in contours.polygones.values()) * 111.2**2 * 0.659
    # la région 12 011 km² ; la métropole du Grand Paris 814 km² (INSEE)
    assert km2 == pytest.approx(814 if niveau == "ept" else 12_011, rel=0.02)
