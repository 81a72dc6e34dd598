"""Les contours des territoires : ceux que l'équipe a déposés, sinon les départements livrés."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NoReturn

from observatoire.erreurs import PerimetreError, SourceError, suggestion
from observatoire.perimetre import Territoire
from observatoire.referentiel import lire_liste

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from observatoire.config import Config

Anneau = tuple[tuple[float, float], ...]
Polygone = tuple[Anneau, ...]

NIVEAUX = {"dep": "departements", "ept": "ept", "commune": "communes"}
_LIVRES = "contours_departements.geojson"
_OCTETS_MAXIMUM = 50_000_000
# L'emprise de la région, en degrés, avec une marge : ouest, sud, est, nord.
_EMPRISE = (1.2, 47.9, 3.8, 49.5)
_CODES = ("code", "INSEE_DEP", "INSEE_COM")
_WGS84 = ("CRS84", "EPSG::4326", "EPSG:4326")


@dataclass(frozen=True, slots=True)
class Contours:
    """Les contours d'un niveau, en degrés (longitude, latitude, WGS84).

    `polygones` va du territoire (`dep:93`, `ept:T6`) ou de la commune (`93066`) à ses polygones, un
    anneau extérieur puis ses trous ; `attribution` s'imprime sous la carte.
    """

    niveau: str
    polygones: dict[str, tuple[Polygone, ...]]
    attribution: str


def lire_contours(config: Config, niveau: str) -> Contours:
    """Rend les contours d'un niveau : `dep`, `ept` ou `commune`.

    Le fichier GeoJSON du dossier `contours/`, à côté d'`observatoire.toml`, l'emporte
    (`departements*.geojson`, `ept*.geojson`, `communes*.geojson`) ; les départements sont livrés.

    Raises:
        PerimetreError: le niveau n'a pas de contours.
        SourceError: aucun fichier, deux fichiers, ou un fichier qui ne décrit pas ce niveau.
    """
    if niveau not in NIVEAUX:
        raise PerimetreError(f"Pas de contours de niveau « {niveau} ».", suggestion(niveau, NIVEAUX))
    depose = _fichier_depose(config, niveau)
    fichier = depose or files("observatoire.referentiel") / _LIVRES
    collection = _lire_json(fichier)
    declaree = config.reglages.get("contours", {}).get("attribution")
    attribution = collection.get("attribution") or declaree
    if not isinstance(attribution, str) or not re.fullmatch(r"\S.{0,199}", attribution):
        raise SourceError(
            f"{fichier.name} : contours sans attribution (200 caractères au plus).",
            "Écrire leur source et licence dans observatoire.toml : [contours] attribution = 'la source'.",
        )
    return Contours(niveau, _polygones(fichier.name, niveau, collection), attribution)


def a_des_contours(config: Config, niveau: str) -> bool:
    """Dit si un niveau se dessine : les départements toujours, un autre si son fichier est déposé."""
    return niveau == "dep" or any((config.racine / "contours").glob(f"{niveau}*.geojson"))


def _fichier_depose(config: Config, niveau: str) -> Traversable | None:
    trouves = sorted((config.racine / "contours").glob(f"{NIVEAUX[niveau]}*.geojson"))
    if len(trouves) > 1:
        raise SourceError(
            f"Plusieurs contours de niveau « {niveau} » : {', '.join(f.name for f in trouves)}.",
            "N'en garder qu'un dans le dossier contours.",
        )
    if not trouves and niveau != "dep":
        raise SourceError(
            f"Pas de contours de niveau « {niveau} ».",
            f"Déposer contours/{NIVEAUX[niveau]}.geojson (IGN Admin Express, WGS84) ; "
            "seuls les départements sont livrés.",
        )
    return trouves[0] if trouves else None


def _lire_json(fichier: Traversable) -> dict[str, Any]:
    """Rend une FeatureCollection en WGS84, ou dit ce qu'elle n'est pas."""
    with fichier.open("rb") as flux:
        octets = flux.read(_OCTETS_MAXIMUM + 1)
    if len(octets) > _OCTETS_MAXIMUM:
        _refuser(fichier.name, f"plus de {_OCTETS_MAXIMUM // 1_000_000} Mo", "Simplifier ces contours.")
    try:
        lu = json.loads(octets.decode("utf-8-sig"), parse_constant=_nombre_refuse)
    except (ValueError, RecursionError):
        _refuser(fichier.name, "ce n'est pas du JSON")
    if not isinstance(lu, dict) or lu.get("type") != "FeatureCollection":
        _refuser(fichier.name, "ce n'est pas une FeatureCollection GeoJSON")
    if "crs" in lu and not json.dumps(lu["crs"]).rstrip('"}').endswith(_WGS84):
        _refuser(fichier.name, "le système de coordonnées n'est pas WGS84", "Reprojeter en EPSG:4326.")
    return lu


def _nombre_refuse(texte: str) -> NoReturn:
    raise ValueError(texte)


def _refuser(nom: str, constat: str, remede: str = "Redéposer le fichier d'origine.") -> NoReturn:
    raise SourceError(f"{nom} : {constat}.", remede)


def _polygones(nom: str, niveau: str, collection: dict[str, Any]) -> dict[str, tuple[Polygone, ...]]:
    attendus = _attendus(niveau)
    entites = collection.get("features")
    rendus: dict[str, tuple[Polygone, ...]] = {}
    for entite in entites if isinstance(entites, list) else ():
        code = _code(entite)
        if code not in attendus:
            _refuser(nom, f"code {code!r:.40} inconnu du référentiel", "Ne garder que l'Île-de-France, 2026.")
        if attendus[code] in rendus:
            _refuser(nom, f"code {code} répété", "Réunir ses polygones en un seul objet.")
        rendus[attendus[code]] = _geometrie(nom, code, entite.get("geometry"))
    cles = dict.fromkeys(attendus.values())
    if manquants := [cle for cle in cles if cle not in rendus]:
        suite = f" et {len(manquants) - 5} autres" if len(manquants) > 5 else ""
        _refuser(nom, f"contours absents : {', '.join(manquants[:5])}{suite}", "Compléter le fichier.")
    return {cle: rendus[cle] for cle in cles}


@cache
def _attendus(niveau: str) -> dict[str, str]:
    """Rend la clé de chaque code admis : un territoire de la métropole a aussi son SIREN."""
    if niveau == "commune":
        return {ligne["code"]: ligne["code"] for ligne in lire_liste("communes")}
    codes = {territoire.code: str(territoire) for territoire in Territoire.tous(niveau)}
    sirens = {ligne["siren"]: ligne["territoire"] for ligne in lire_liste("territoires") if ligne["siren"]}
    return codes | {siren: cle for siren, cle in sirens.items() if cle in codes.values()}


def _code(entite: object) -> str:
    proprietes = entite.get("properties") if isinstance(entite, dict) else None
    if not isinstance(proprietes, dict):
        return ""
    return str(next((proprietes[nom] for nom in _CODES if nom in proprietes), ""))


def _geometrie(nom: str, code: str, geometrie: object) -> tuple[Polygone, ...]:
    type_, contenu = (
        (geometrie.get("type"), geometrie.get("coordinates")) if isinstance(geometrie, dict) else (None, None)
    )
    polygones = [contenu] if type_ == "Polygon" else contenu if type_ == "MultiPolygon" else None
    if not isinstance(polygones, list) or not polygones:
        _refuser(nom, f"{code} : ni Polygon ni MultiPolygon")
    return tuple(_polygone(nom, code, polygone) for polygone in polygones)


def _polygone(nom: str, code: str, anneaux: object) -> Polygone:
    if not isinstance(anneaux, list) or not anneaux:
        _refuser(nom, f"{code} : polygone vide")
    return tuple(_anneau(nom, code, anneau) for anneau in anneaux)


def _anneau(nom: str, code: str, sommets: object) -> Anneau:
    if not isinstance(sommets, list) or not all(isinstance(s, list) and len(s) in (2, 3) for s in sommets):
        _refuser(nom, f"{code} : anneau illisible")
    anneau = tuple((s[0], s[1]) for s in sommets)
    if len(anneau) < 4 or anneau[0] != anneau[-1]:
        _refuser(nom, f"{code} : anneau ouvert ou de moins de trois sommets")
    ouest, sud, est, nord = _EMPRISE
    for x, y in anneau:
        nombres = isinstance(x, int | float) and isinstance(y, int | float)
        if not (nombres and ouest <= x <= est and sud <= y <= nord):
            _refuser(
                nom,
                f"{code} : sommet hors d'Île-de-France",
                "Coordonnées attendues : longitude, latitude (WGS84).",
            )
    return anneau
