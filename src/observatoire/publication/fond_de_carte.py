"""Le fond d'une carte : des contours ou des tuiles posés en millimètres, des ancres où écrire.

Les départements ont une loupe sur la petite couronne. Un niveau sans contours déposés se dessine en tuiles,
une même case par territoire, si `referentiel/tuiles.csv` leur donne une place. Celles de la métropole ont été
posées à la main : Paris au centre, ses huit voisins autour dans l'ordre où ils le bordent, les trois autres à
l'est, du nord au sud. Deux tuiles d'un même bord sont voisines ; une seule frontière ne se voit pas, celle de
Plaine Commune (T6) et de Paris Terres d'Envol (T7). D'autres cases conviennent si deux territoires qui ne se
touchent pas n'y partagent pas de bord : un essai le vérifie.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.path import Path

from observatoire.publication.contours import a_des_contours, lire_contours
from observatoire.referentiel import lire_liste

if TYPE_CHECKING:
    from collections.abc import Iterable

    from observatoire.config import Config
    from observatoire.publication.contours import Contours, Polygone

LOUPES = {"dep": ("dep:75", "dep:92", "dep:93", "dep:94")}
"""Par niveau, les territoires trop petits pour s'étiqueter sur la carte : ils y sont repris en grand."""

_ECRASEMENT = 0.6587  # cos 48,8° : un degré de longitude, en degrés de latitude
_DETAIL = 0.15  # mm : en deçà, deux sommets n'en font qu'un
_ENTRE, _HAUTEUR_MAXIMUM = 4.0, 96.0
_TITRE_LOUPE = 4.0
_ETIQUETTE = 0.55  # une étiquette est plus large que haute : l'ancre cherche surtout de la largeur
_GRILLE = 41
_CENTRE = 0.57  # un peu bas : le nom du territoire est en haut de sa tuile
_JOINT = 0.5  # mm de chaque côté : deux tuiles ne se touchent pas, aucune n'a de frontière à montrer
_MENTION_TUILES = "Carte schématique : une tuile de même taille par territoire."


@dataclass(frozen=True, slots=True)
class Vue:
    """Une carte, en millimètres : son emprise (x, y, largeur, hauteur), ses tracés, où écrire."""

    emprise: tuple[float, float, float, float]
    traces: dict[str, Path]
    ancres: dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Fond:
    """Toutes les vues d'une feuille, la principale d'abord, et la place qu'elles prennent (mm).

    `mention` s'imprime sous la carte : d'où viennent les contours, ou ce que sont les tuiles. Une carte
    `schematique` est en tuiles, assez grandes pour porter le nom du territoire.
    """

    vues: tuple[Vue, ...]
    repere: tuple[float, float, float, float] | None
    largeur: float
    hauteur: float
    mention: str
    schematique: bool = False

    @property
    def territoires(self) -> list[str]:
        """Les territoires dessinés, chacun une fois."""
        return list(self.vues[0].traces)


def fond_de(config: Config, niveau: str, largeur: float) -> Fond | None:
    """Rend le fond d'un niveau : ses contours, à défaut ses tuiles, `None` s'il n'a ni les uns ni les autres.

    Args:
        config: le dossier de travail, dont le dossier `contours` l'emporte.
        niveau: `dep`, `ept`…
        largeur: celle de la feuille, en millimètres.

    Raises:
        SourceError: un fichier de contours déposé est illisible.
    """
    if a_des_contours(config, niveau):
        return preparer(lire_contours(config, niveau), largeur)
    tuiles = {
        ligne["territoire"]: (int(ligne["colonne"]), int(ligne["rang"]))
        for ligne in lire_liste("tuiles")
        if ligne["territoire"].startswith(f"{niveau}:")
    }
    return carreler(tuiles, largeur) if tuiles else None


def carreler(tuiles: dict[str, tuple[int, int]], largeur: float) -> Fond:
    """Pose une tuile carrée par territoire, à sa colonne et à son rang.

    Args:
        tuiles: la case de chaque territoire, comptée depuis le coin nord-ouest.
        largeur: celle de la feuille, en millimètres.
    """
    colonnes, rangs = (1 + max(case[axe] for case in tuiles.values()) for axe in (0, 1))
    cote = min(largeur / colonnes, min(_HAUTEUR_MAXIMUM, 0.63 * largeur) / rangs)
    plein = cote - 2 * _JOINT
    coins = {c: (cote * x + _JOINT, cote * y + _JOINT) for c, (x, y) in tuiles.items()}
    carre = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]) * plein
    traces = {code: Path((carre + coin).round(2), closed=True) for code, coin in coins.items()}
    ancres = {code: (x + plein / 2, y + _CENTRE * plein) for code, (x, y) in coins.items()}
    vue = Vue((0.0, 0.0, cote * colonnes, cote * rangs), traces, ancres)
    return Fond((vue,), None, largeur, cote * rangs, _MENTION_TUILES, schematique=True)


def preparer(contours: Contours, largeur: float) -> Fond:
    """Pose les contours sur une feuille de cette largeur, la loupe à droite s'il en faut une.

    Args:
        contours: ceux d'un niveau, en degrés.
        largeur: celle de la feuille, en millimètres.
    """
    plans = {code: [_plan(p) for p in polygones] for code, polygones in contours.polygones.items()}
    loupe = [code for code in LOUPES.get(contours.niveau, ()) if code in plans]
    seuls = [code for code in plans if code not in loupe]
    toute = _emprise(plans.values())
    if not loupe:
        hauteur = min(_HAUTEUR_MAXIMUM, 0.72 * largeur, largeur / _rapport(toute))
        gauche = (largeur - hauteur * _rapport(toute)) / 2
        vue = _vue(plans, seuls, toute, (gauche, 0.0, hauteur))
        return Fond((vue,), None, largeur, hauteur, contours.attribution)
    petite = _emprise(plans[code] for code in loupe)
    hauteur = (largeur - _ENTRE + _TITRE_LOUPE * _rapport(petite)) / (_rapport(toute) + _rapport(petite))
    reduite = hauteur - _TITRE_LOUPE
    ouest, sud, est, nord = petite
    cadre = _poser(np.array([(ouest, nord), (est, sud)]), toute, (0.0, 0.0, hauteur))
    principale = _vue(plans, seuls, toute, (0.0, 0.0, hauteur), cadre)
    a_droite = (largeur - reduite * _rapport(petite), _TITRE_LOUPE, reduite)
    reprise = _vue({code: plans[code] for code in loupe}, loupe, petite, a_droite)
    (x0, y0), (x1, y1) = cadre.tolist()
    repere = (x0, y0, x1 - x0, y1 - y0)
    return Fond((principale, reprise), repere, largeur, hauteur, contours.attribution)


def _plan(polygone: Polygone) -> list[np.ndarray]:
    """Les anneaux d'un polygone, à plat : la longitude ramenée à l'échelle de la latitude."""
    return [np.array(anneau) * (_ECRASEMENT, 1.0) for anneau in polygone]


def _emprise(groupes: Iterable[list[list[np.ndarray]]]) -> tuple[float, float, float, float]:
    sommets = np.concatenate([anneau for polygones in groupes for p in polygones for anneau in p])
    (ouest, sud), (est, nord) = sommets.min(axis=0), sommets.max(axis=0)
    return float(ouest), float(sud), float(est), float(nord)


def _rapport(emprise: tuple[float, float, float, float]) -> float:
    """La largeur d'une emprise, sur sa hauteur."""
    ouest, sud, est, nord = emprise
    return (est - ouest) / (nord - sud)


def _poser(
    sommets: np.ndarray, emprise: tuple[float, float, float, float], place: tuple[float, float, float]
) -> np.ndarray:
    """Des sommets à plat aux millimètres de la feuille, y vers le bas ; `place` : gauche, haut, hauteur."""
    gauche, haut, hauteur = place
    echelle = hauteur / (emprise[3] - emprise[1])
    pose: np.ndarray = (sommets - (emprise[0], emprise[3])) * (echelle, -echelle) + (gauche, haut)
    return pose


def _vue(
    plans: dict[str, list[list[np.ndarray]]],
    etiquetes: Iterable[str],
    emprise: tuple[float, float, float, float],
    place: tuple[float, float, float],
    reserve: np.ndarray | None = None,
) -> Vue:
    """Une vue à sa place ; `reserve`, deux coins opposés, est un cadre où rien ne s'écrit."""
    poses = {
        code: [[_poser(anneau, emprise, place) for anneau in p] for p in polygones]
        for code, polygones in plans.items()
    }
    traces = {code: _tracer(polygones) for code, polygones in poses.items()}
    ancres = {code: _ancre(traces[code], reserve) for code in etiquetes}
    return Vue((*place[:2], place[2] * _rapport(emprise), place[2]), traces, ancres)


def _tracer(polygones: list[list[np.ndarray]]) -> Path:
    anneaux = [_alleger(anneau) for polygone in polygones for anneau in polygone]
    return Path.make_compound_path(*(Path(anneau, closed=True) for anneau in anneaux))


def _alleger(anneau: np.ndarray) -> np.ndarray:
    """Le même anneau sans les sommets qui se confondraient à l'impression, au centième de millimètre."""
    gardes = [anneau[0]]
    for sommet in anneau[1:-1]:
        if np.hypot(*(sommet - gardes[-1])) >= _DETAIL:
            gardes.append(sommet)
    gardes.append(anneau[0])
    return np.array(gardes if len(gardes) > 3 else anneau).round(2)


def _ancre(trace: Path, reserve: np.ndarray | None) -> tuple[float, float]:
    """Le point intérieur le plus loin du bord, compté surtout en largeur : une étiquette s'y écrit."""
    boite = trace.get_extents()
    x, y = np.meshgrid(np.linspace(boite.x0, boite.x1, _GRILLE), np.linspace(boite.y0, boite.y1, _GRILLE))
    points = np.column_stack([x.ravel(), y.ravel()])
    points = points[trace.contains_points(points)]
    anneaux = [np.asarray(anneau) for anneau in trace.to_polygons(closed_only=True)]
    if reserve is not None:
        haut, bas = reserve
        points = points[~((points > haut) & (points < bas)).all(axis=1)]
        anneaux.append(np.array([haut, (bas[0], haut[1]), bas, (haut[0], bas[1]), haut]))
    bords = np.concatenate([_bord(anneau) for anneau in anneaux])
    ecarts = (points[:, None, :] - bords[None, :, :]) * (_ETIQUETTE, 1.0)
    meilleur = points[np.hypot(ecarts[..., 0], ecarts[..., 1]).min(axis=1).argmax()]
    return float(meilleur[0]), float(meilleur[1])


def _bord(anneau: np.ndarray) -> np.ndarray:
    """Des points tous les demi-millimètres le long d'un anneau."""
    morceaux = [
        np.linspace(a, b, max(2, int(np.hypot(*(np.array(b) - a)) / 0.5)), endpoint=False)
        for a, b in pairwise(anneau)
    ]
    return np.concatenate(morceaux)
