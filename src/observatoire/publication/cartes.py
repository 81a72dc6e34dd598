"""Les cartes : des taux en classes de limites fixes, des nombres en cercles ; chaque territoire est écrit.

Une carte ne reçoit que des valeurs publiées. Un secret n'y a ni classe ni cercle, et ne change ni l'échelle
ni la légende des autres.
"""

from __future__ import annotations

import math
import textwrap
from bisect import bisect_right
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from matplotlib.patches import Circle, PathPatch, Rectangle

from observatoire.erreurs import PublicationError
from observatoire.perimetre import Territoire
from observatoire.publication import charte, feuille
from observatoire.publication.cellules import ABSENTE, NON_DISPONIBLE, NON_SIGNIFICATIF, SECRET
from observatoire.publication.formats import INSECABLE, SIGNES, arrondir, entier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path

    from observatoire.publication.cellules import Cellule
    from observatoire.publication.fond_de_carte import Fond

Aplat = tuple[str, str, str]
"""Un remplissage : sa couleur, sa trame (vide : aucune), la couleur de sa trame."""
Point = tuple[float, float]
Cadre = tuple[float, float, float, float]
"""Un rectangle : son coin supérieur gauche, sa largeur, sa hauteur (mm)."""

_LIGNE, _CASE, _MARGE, _PIED = 4.4, 3.4, 2.0, 2.9
_INTERLIGNE, _DEMI_HAUTEUR = 2.8, 2.4
_NOM, _LETTRE = 1.2, 1.2  # le nom d'une tuile, sous son bord ; la largeur moyenne d'une lettre, au plus
_RAYON, _POINT, _CLAIR = 0.056, 0.6, 0.22  # le plus grand cercle, en part de la feuille ; un zéro ; la teinte
_BORD, _TIRETS = 0.8, (0, (2.4, 1.2))  # le blanc entre un texte et son cercle ; le trait du provisoire
_CONTOUR = {"edgecolor": charte.DISCRET, "linewidth": 0.5, "joinstyle": "round"}
_CONTOUR_CLAIR = {"edgecolor": charte.GRIS, "linewidth": 0.5, "joinstyle": "round"}
_CONTOUR_ICI = {"edgecolor": charte.TEXTE, "linewidth": 1.8, "joinstyle": "round"}
_LOUPE = "Paris et petite couronne"
_SENS = {
    SECRET: "s : secret statistique",
    NON_DISPONIBLE: "n.d. : non disponible",
    NON_SIGNIFICATIF: "n.s. : non significatif",
}
_PETITE_BASE = "petite base"
_TRAME_SECRET, _TRAME_ABSENT, _TRAME_FRAGILE = "------", "xxxxx", "/////"


@dataclass(frozen=True, slots=True)
class Zone:
    """Un territoire de la carte : sa cellule publiée, ce qui s'y écrit, vrai si sa base est petite.

    `fragile` se décide sur une base publiée, jamais sur un effectif secret.
    """

    territoire: Territoire
    cellule: Cellule
    etiquette: str
    fragile: bool = False


def limites(indicateur: str) -> tuple[Decimal, ...]:
    """Rend les limites des classes d'un indicateur, en %, celles de la charte.

    Raises:
        PublicationError: l'indicateur n'a pas de limites : ce n'est pas un taux, ou la charte l'ignore.
    """
    declarees = charte.CHARTE["limites"].get(indicateur)
    if declarees is None:
        raise PublicationError(
            f"La charte n'a pas de limites de classes pour « {indicateur} ».",
            "Cartographier un nombre en cercles ; pour un taux, déclarer ses limites dans charte.toml.",
        )
    return tuple(map(Decimal, declarees))


def carte_taux(fond: Fond, zones: Sequence[Zone], bornes: Sequence[Decimal]) -> str:
    """Rend en SVG une carte en classes ; une limite appartient à la classe qu'elle ouvre.

    Args:
        fond: celui du niveau des zones.
        zones: un taux en % par territoire ; un territoire sans zone est non disponible.
        bornes: les limites des classes, celles de `limites(indicateur)`.
    """
    completes = _completer(fond, zones)
    aplats = {code: _aplat(zone, bornes) for code, zone in completes.items()}

    def trace(axes: Axes) -> None:
        for vue in fond.vues:
            for code, contour in vue.traces.items():
                _remplir(axes, contour, aplats[code])
            for code, ancre in vue.ancres.items():
                forme = _forme(aplats[code])
                _ecrire(axes, ancre, completes[code], forme)
                if fond.schematique:
                    _nommer(axes, vue.traces[code], completes[code], forme)

    return _dessiner(fond, [_classes(bornes), *_absents(completes.values())], trace)


def carte_nombres(
    fond: Fond, zones: Sequence[Zone], couleur: str, *, ici: str = "", provisoire: bool = False
) -> str:
    """Rend en SVG une carte en cercles, dont l'aire est proportionnelle au nombre.

    Args:
        fond: celui du niveau des zones.
        zones: un nombre par territoire ; un secret n'a pas de cercle, seulement un petit « s ».
        couleur: celle de la grandeur.
        ici: le territoire à entourer ; aucun s'il n'est pas sur la carte.
        provisoire: vrai si les cercles sont en tirets.
    """
    completes = _completer(fond, zones)
    sommet = max((zone.cellule.reel or 0.0 for zone in zones), default=0.0) or 1.0
    trait = _TIRETS if provisoire else "-"

    def trace(axes: Axes) -> None:
        for vue in fond.vues:
            for contour in vue.traces.values():
                axes.add_patch(PathPatch(contour, facecolor=charte.ROLES["fond"], **_CONTOUR_CLAIR))
            if ici in vue.traces:
                axes.add_patch(PathPatch(vue.traces[ici], facecolor="none", **_CONTOUR_ICI))
            for code, ancre in vue.ancres.items():
                zone = completes[code]
                part = (zone.cellule.reel or 0.0) / sommet
                rayon = _RAYON * fond.largeur * math.sqrt(part)
                _cercler(axes, ancre, zone, rayon, {"edgecolor": couleur, "linestyle": trait})
                _etiqueter(axes, ancre, zone, rayon, fond.repere)
                if fond.schematique:
                    _nommer(axes, vue.traces[code], zone, {"color": charte.TEXTE})

    return _dessiner(fond, _absents(completes.values(), trames=False), trace)


def _completer(fond: Fond, zones: Sequence[Zone]) -> dict[str, Zone]:
    """Une zone par territoire du fond ; celles que l'on n'a pas reçues ne sont pas disponibles."""
    recues = {str(zone.territoire): zone for zone in zones}
    if inconnues := recues.keys() - set(fond.territoires):
        raise PublicationError(
            f"Pas de place pour {', '.join(sorted(inconnues))} sur cette carte.",
            "Donner à la carte le fond du niveau de ses territoires.",
        )
    nd = SIGNES[NON_DISPONIBLE]
    return {code: recues.get(code) or Zone(Territoire.lire(code), ABSENTE, nd) for code in fond.territoires}


# ── Les taux ──


def _aplat(zone: Zone, bornes: Sequence[Decimal]) -> Aplat:
    """Le remplissage d'une zone : sa classe, à l'arrondi qui s'imprime, ou la trame de ce qui manque."""
    if zone.cellule.nombre is None:
        trame = _TRAME_SECRET if zone.cellule.statut == SECRET else _TRAME_ABSENT
        return charte.PAPIER, trame, charte.GRIS
    arrondi = arrondir(zone.cellule.nombre, 1)
    couleur = _nuances(bornes)[bisect_right(bornes, arrondi)]
    return couleur, _TRAME_FRAGILE if zone.fragile else "", charte.lisible_sur(couleur)


def _nuances(bornes: Sequence[Decimal]) -> tuple[str, ...]:
    """Une nuance par classe ; à quatre classes, la plus foncée ne sert pas."""
    return charte.CLASSES[: len(bornes) + 1]


def _classes(bornes: Sequence[Decimal]) -> list[tuple[Aplat, str]]:
    """La ligne de légende des classes."""
    pour_cent = f"{INSECABLE}%"
    textes = [f"moins de {entier(bornes[0])}{pour_cent}"]
    textes += [f"{entier(bas)} à {entier(haut)}{pour_cent}" for bas, haut in pairwise(bornes)]
    textes.append(f"{entier(bornes[-1])}{pour_cent} ou plus")
    return [((nuance, "", ""), texte) for nuance, texte in zip(_nuances(bornes), textes, strict=True)]


def _remplir(axes: Axes, contour: Path, aplat: Aplat) -> None:
    """Un aplat bordé ; la trame se pose dessous, car matplotlib la peint de la couleur du bord."""
    couleur, trame, encre = aplat
    if trame:
        axes.add_patch(PathPatch(contour, facecolor=couleur, edgecolor=encre, hatch=trame, linewidth=0))
    axes.add_patch(PathPatch(contour, facecolor="none" if trame else couleur, **_CONTOUR))


def _forme(aplat: Aplat) -> dict[str, Any]:
    """Comment s'écrit un texte sur un aplat : lisible, et sur un fond uni s'il est tramé."""
    couleur, trame, _ = aplat
    uni = {"bbox": {"facecolor": couleur, "edgecolor": "none", "pad": 0.6}} if trame else {}
    return {"color": charte.lisible_sur(couleur), **uni}


# ── Les nombres ──


def _cercler(axes: Axes, ancre: Point, zone: Zone, rayon: float, bord: dict[str, Any]) -> None:
    """Un cercle clair, bordé ; un vrai zéro est un point vide, ce qui n'est pas publié n'est rien."""
    if zone.cellule.nombre is not None:
        rond = Circle(ancre, max(rayon, _POINT), linewidth=1.0, zorder=3 - rayon / 100)
        rond.set(facecolor=(bord["edgecolor"], _CLAIR) if rayon else charte.PAPIER, **bord)
        axes.add_patch(rond)


def _etiqueter(axes: Axes, ancre: Point, zone: Zone, rayon: float, cadre: Cadre | None) -> None:
    """L'étiquette d'un cercle : dedans s'il est assez haut, dessous sinon, dessus si la loupe y est."""
    if zone.cellule.nombre is None or _tient(zone.etiquette, rayon):
        _ecrire(axes, ancre, zone, {"color": charte.TEXTE})
        return
    texte = f"{zone.territoire.code}{INSECABLE}: {zone.etiquette}"
    ecart = max(rayon, _POINT) + _INTERLIGNE / 1.5
    largeur = feuille.largeur_texte(texte, charte.CORPS_SERRE)
    if cadre and _touche(cadre, (ancre[0], ancre[1] + ecart), largeur):
        ecart = -ecart
    fond = {"facecolor": charte.ROLES["fond"], "edgecolor": "none", "pad": 0.2}
    forme: dict[str, Any] = {"ha": "center", "va": "center_baseline", "fontsize": charte.CORPS_SERRE}
    axes.text(ancre[0], ancre[1] + ecart, texte, zorder=2, bbox=fond, **forme)


def _touche(cadre: Cadre, milieu: Point, largeur: float) -> bool:
    """Dit si une ligne de texte, centrée en `milieu`, touche un cadre."""
    x, y, large, haute = cadre
    a_cote = abs(milieu[0] - x - large / 2) > (large + largeur) / 2 + _MARGE
    au_large = abs(milieu[1] - y - haute / 2) > (haute + _INTERLIGNE) / 2
    return not (a_cote or au_large)


def _tient(etiquette: str, rayon: float) -> bool:
    """Dit si une étiquette de deux lignes tient dans un cercle, sans en toucher le bord."""
    corde = 2 * math.sqrt(max(0.0, rayon**2 - _DEMI_HAUTEUR**2))
    return corde >= feuille.largeur_texte(etiquette, charte.CORPS_SERRE) + _BORD


# ── Autour ──


def _dessiner(fond: Fond, legende: list[list[tuple[Aplat, str]]], trace: Callable[[Axes], None]) -> str:
    """La feuille entière : le fond, ce que `trace` y met, la légende, la mention du fond."""
    pied = textwrap.fill(fond.mention, int(fond.largeur / 1.05))

    def tout(figure: Figure) -> None:
        axes = _plan(figure, fond)
        trace(axes)
        _legender(figure, axes, legende, fond.hauteur, pied)

    lignes = _LIGNE * len(legende) + 0.8 + _PIED * (pied.count("\n") + 1)
    return feuille.dessiner(fond.hauteur + _MARGE + lignes, tout, fond.largeur)


def _plan(figure: Figure, fond: Fond) -> Axes:
    """Un repère en millimètres sur toute la feuille, la loupe titrée et son cadre sur la carte."""
    axes = feuille.plan(figure)
    if fond.repere:
        x, y, large, haute = fond.repere
        cadre = Rectangle((x - 0.6, y - 0.6), large + 1.2, haute + 1.2, zorder=3)
        cadre.set(facecolor="none", edgecolor=charte.TEXTE, linewidth=0.8)
        axes.add_patch(cadre)
        gauche, _, large, _ = fond.vues[-1].emprise
        forme = {"ha": "center", "va": "center_baseline", "fontsize": charte.CORPS_SERRE}
        feuille.ecrire(figure, _LOUPE, gauche + large / 2, 1.6, color=charte.DISCRET, **forme)
    return axes


def _ecrire(axes: Axes, place: Point, zone: Zone, forme: dict[str, Any]) -> None:
    x, y = place
    commune = {"ha": "center", "va": "center_baseline", "fontsize": charte.CORPS_SERRE, "zorder": 4, **forme}
    axes.text(x, y - _INTERLIGNE / 2, zone.territoire.code, fontweight="bold", **commune)
    style = "italic" if zone.cellule.nombre is None else "normal"
    axes.text(x, y + _INTERLIGNE / 2, zone.etiquette, fontstyle=style, **commune)


def _nommer(axes: Axes, tuile: Path, zone: Zone, forme: dict[str, Any]) -> None:
    """Le nom du territoire en haut de sa tuile, en aussi peu de lignes que possible, aussi égales."""
    boite = tuile.get_extents()
    coupes = [
        textwrap.wrap(zone.territoire.nom, lettres, break_long_words=False, break_on_hyphens=False)
        for lettres in range(1, int(boite.width / _LETTRE) + 1)
    ]
    lignes = min(coupes, key=len)
    commune: dict[str, Any] = {
        "ha": "center",
        "va": "top",
        "fontsize": charte.CORPS_PETIT,
        "linespacing": 1.0,
        "zorder": 4,
    }
    axes.text((boite.x0 + boite.x1) / 2, boite.y0 + _NOM, "\n".join(lignes), **commune, **forme)


def _absents(zones: Iterable[Zone], *, trames: bool = True) -> list[list[tuple[Aplat, str]]]:
    """La ligne de légende des signes présents, s'il y en a ; sans trames, ce sont des mots seuls."""
    lues = list(zones)
    ligne = []
    for statut, sens in _SENS.items():
        if any(zone.cellule.statut == statut for zone in lues):
            trame = _TRAME_SECRET if statut == SECRET else _TRAME_ABSENT
            ligne.append(((charte.PAPIER, trame, charte.GRIS) if trames else ("", "", ""), sens))
    if trames and any(zone.fragile and zone.cellule.nombre is not None for zone in lues):
        ligne.append(((charte.CLASSES[1], _TRAME_FRAGILE, charte.TEXTE), _PETITE_BASE))
    return [ligne] if ligne else []


def _legender(
    figure: Figure, axes: Axes, lignes: list[list[tuple[Aplat, str]]], haut: float, pied: str
) -> None:
    """Écrit les lignes de légende sous la carte, puis d'où viennent les contours."""
    forme = {"va": "center_baseline", "fontsize": charte.CORPS_SERRE, "color": charte.DISCRET}
    y = haut + _MARGE
    for ligne in lignes:
        x = 0.3
        for aplat, texte in ligne:
            if aplat[0]:
                case = Rectangle((x, y + (_LIGNE - _CASE) / 2), _CASE, _CASE)
                _remplir(axes, case.get_path().transformed(case.get_patch_transform()), aplat)
            x += (_CASE + 1.0) * bool(aplat[0])
            feuille.ecrire(figure, texte, x, y + _LIGNE / 2, **forme)
            x += feuille.largeur_texte(texte, charte.CORPS_SERRE) + 3.0
        y += _LIGNE
    bas = {"va": "top", "fontsize": charte.CORPS_PETIT, "color": charte.DISCRET, "linespacing": 1.1}
    feuille.ecrire(figure, pied, 0.3, y + 0.8, **bas)
