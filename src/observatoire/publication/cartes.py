"""Les cartes : des taux en classes de limites fixes, des nombres en cercles ; chaque territoire est écrit.

Une carte ne reçoit que des valeurs publiées. Un secret n'y a ni classe ni cercle, et ne change ni l'échelle
ni la légende des autres.
"""

from __future__ import annotations

import math
import textwrap
from bisect import bisect_right
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from matplotlib.patches import Circle, PathPatch, Rectangle

from observatoire.erreurs import PublicationError
from observatoire.perimetre import Territoire
from observatoire.publication import charte, feuille
from observatoire.publication.blocs import Tableau
from observatoire.publication.cellules import ABSENTE, NON_DISPONIBLE, NON_SIGNIFICATIF, SECRET
from observatoire.publication.fond_de_carte import preparer
from observatoire.publication.formats import INSECABLE, SIGNES, accorder, entier

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path

    from observatoire.publication.cellules import Cellule
    from observatoire.publication.contours import Contours
    from observatoire.publication.fond_de_carte import Fond

Aplat = tuple[str, str, str]
"""Un remplissage : sa couleur, sa trame (vide : aucune), la couleur de sa trame."""

_DIXIEME = Decimal("0.1")
_LIGNE, _CASE, _MARGE, _PIED = 4.4, 3.4, 2.0, 2.9
_INTERLIGNE, _DEMI_HAUTEUR = 2.8, 2.4
_RAYON, _POINT, _CLAIR = 0.056, 0.6, 0.22  # le plus grand cercle, en part de la feuille ; un zéro ; la teinte
_CONTOUR = {"edgecolor": charte.DISCRET, "linewidth": 0.5, "joinstyle": "round"}
_CONTOUR_CLAIR = {"edgecolor": charte.GRIS, "linewidth": 0.5, "joinstyle": "round"}
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


def carte_taux(
    contours: Contours, zones: Sequence[Zone], bornes: Sequence[Decimal], *, largeur: float = charte.LARGEUR
) -> str:
    """Rend en SVG une carte en classes ; une limite appartient à la classe qu'elle ouvre.

    Args:
        contours: ceux du niveau des zones.
        zones: un taux en % par territoire ; un territoire sans zone est non disponible.
        bornes: les limites des classes, celles de `limites(indicateur)`.
        largeur: celle de la feuille, en millimètres.
    """
    fond = preparer(contours, largeur)
    completes = _completer(contours, zones)
    legende = [_classes(bornes), *_absents(completes.values())]
    pied = _attribuer(contours.attribution, largeur)

    def trace(figure: Figure) -> None:
        axes = _plan(figure, fond)
        for vue in fond.vues:
            for code, contour in vue.traces.items():
                _remplir(axes, contour, _aplat(completes[code], bornes))
            for code, ancre in vue.ancres.items():
                _etiqueter(axes, ancre, completes[code], _aplat(completes[code], bornes))
        _legender(figure, axes, legende, fond.hauteur, pied)

    return feuille.dessiner(_hauteur(fond, len(legende), pied), trace, largeur)


def carte_nombres(
    contours: Contours, zones: Sequence[Zone], couleur: str, *, largeur: float = charte.LARGEUR
) -> str:
    """Rend en SVG une carte en cercles, dont l'aire est proportionnelle au nombre.

    Args:
        contours: ceux du niveau des zones.
        zones: un nombre par territoire ; un secret n'a pas de cercle, seulement un petit « s ».
        couleur: celle de la grandeur.
        largeur: celle de la feuille, en millimètres.
    """
    fond = preparer(contours, largeur)
    completes = _completer(contours, zones)
    sommet = max((zone.cellule.reel or 0.0 for zone in zones), default=0.0) or 1.0
    legende = _absents(completes.values(), trames=False)
    rayon = _RAYON * largeur
    pied = _attribuer(contours.attribution, largeur)

    def trace(figure: Figure) -> None:
        axes = _plan(figure, fond)
        for vue in fond.vues:
            for contour in vue.traces.values():
                axes.add_patch(PathPatch(contour, facecolor=charte.ROLES["fond"], **_CONTOUR_CLAIR))
            for code, ancre in vue.ancres.items():
                zone = completes[code]
                part = (zone.cellule.reel or 0.0) / sommet
                _cercler(axes, ancre, zone, (couleur, rayon * math.sqrt(part)))
        _legender(figure, axes, legende, fond.hauteur, pied)

    return feuille.dessiner(_hauteur(fond, len(legende), pied), trace, largeur)


def tableau_de_carte(zones: Sequence[Zone], titre: str) -> Tableau:
    """Rend le tableau qui accompagne une carte : une ligne par territoire, dans l'ordre du référentiel."""
    return Tableau(["Territoire", titre], [[zone.territoire.nom_long, zone.etiquette] for zone in zones])


def decrire_carte(zones: Sequence[Zone]) -> str:
    """Rend le texte de remplacement d'une carte : ses extrêmes publiés, et combien ne le sont pas."""
    publiees = sorted((zone for zone in zones if zone.cellule.nombre is not None), key=_nombre)
    if not publiees:
        return "Carte. Aucune valeur n’est publiable."
    bas, haut = publiees[0], publiees[-1]
    extremes = f"Du plus faible, {_citer(bas)}, au plus élevé, {_citer(haut)}."
    if bas.etiquette == haut.etiquette:
        extremes = f"Partout où c’est publié : {bas.etiquette}."
    tus = accorder(
        len(zones) - len(publiees), "territoire sans valeur publiée", "territoires sans valeur publiée"
    )
    manque = f" {tus}." if len(publiees) < len(zones) else ""
    return f"Carte. {extremes}{manque} Toutes les valeurs sont dans le tableau."


def _nombre(zone: Zone) -> Decimal:
    return zone.cellule.nombre or Decimal(0)


def _citer(zone: Zone) -> str:
    return f"{zone.etiquette} ({zone.territoire.nom})"


def _completer(contours: Contours, zones: Sequence[Zone]) -> dict[str, Zone]:
    """Une zone par contour ; celles que l'on n'a pas reçues ne sont pas disponibles."""
    recues = {str(zone.territoire): zone for zone in zones}
    if inconnues := recues.keys() - contours.polygones.keys():
        raise PublicationError(
            f"Pas de contours pour {', '.join(sorted(inconnues))} sur cette carte.",
            "Donner à la carte les contours du niveau de ses territoires.",
        )
    nd = SIGNES[NON_DISPONIBLE]
    return {code: recues.get(code) or Zone(Territoire.lire(code), ABSENTE, nd) for code in contours.polygones}


# ── Les taux ──


def _aplat(zone: Zone, bornes: Sequence[Decimal]) -> Aplat:
    """Le remplissage d'une zone : sa classe, à l'arrondi qui s'imprime, ou la trame de ce qui manque."""
    if zone.cellule.nombre is None:
        trame = _TRAME_SECRET if zone.cellule.statut == SECRET else _TRAME_ABSENT
        return charte.PAPIER, trame, charte.GRIS
    arrondi = zone.cellule.nombre.quantize(_DIXIEME, ROUND_HALF_UP)
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


def _etiqueter(axes: Axes, ancre: tuple[float, float], zone: Zone, aplat: Aplat) -> None:
    """Le code et la valeur, sur un fond uni quand la zone est tramée."""
    couleur, trame, _ = aplat
    forme: dict[str, Any] = {"color": charte.lisible_sur(couleur)}
    if trame:
        forme["bbox"] = {"facecolor": couleur, "edgecolor": "none", "pad": 0.6}
    _ecrire(axes, ancre, zone, forme)


# ── Les nombres ──


def _cercler(axes: Axes, ancre: tuple[float, float], zone: Zone, cercle: tuple[str, float]) -> None:
    """Un cercle clair, bordé, et son étiquette : dedans s'il est assez haut, dessous sinon."""
    couleur, rayon = cercle
    x, y = ancre
    if zone.cellule.nombre is not None:
        rond = Circle(ancre, max(rayon, _POINT), linewidth=1.0, zorder=3 - rayon / 100)
        rond.set(edgecolor=couleur, facecolor=(couleur, _CLAIR) if rayon else charte.PAPIER)
        axes.add_patch(rond)
    if zone.cellule.nombre is None or _tient(axes, zone.etiquette, rayon):
        _ecrire(axes, ancre, zone, {"color": charte.TEXTE})
        return
    fond = {"facecolor": charte.ROLES["fond"], "edgecolor": "none", "pad": 0.2}
    forme: dict[str, Any] = {
        "ha": "center",
        "va": "center_baseline",
        "fontsize": charte.CORPS_SERRE,
        "bbox": fond,
    }
    texte = f"{zone.territoire.code}{INSECABLE}: {zone.etiquette}"
    axes.text(x, y + max(rayon, _POINT) + _INTERLIGNE / 1.5, texte, zorder=2, **forme)


def _tient(axes: Axes, etiquette: str, rayon: float) -> bool:
    """Dit si une étiquette de deux lignes tient dans un cercle, sans en toucher le bord."""
    corde = 2 * math.sqrt(max(0.0, rayon**2 - _DEMI_HAUTEUR**2))
    return corde >= feuille.largeur_texte(etiquette, charte.CORPS_SERRE)


# ── Autour ──


def _plan(figure: Figure, fond: Fond) -> Axes:
    """Un repère en millimètres sur toute la feuille, la loupe titrée et son cadre sur la carte."""
    largeur, hauteur = feuille.etendue(figure)
    axes = feuille.cadre(figure, gauche=0, haut=0, largeur=largeur, hauteur=hauteur)
    axes.set(xlim=(0, largeur), ylim=(hauteur, 0))
    axes.patch.set_visible(False)
    if fond.repere:
        x, y, large, haute = fond.repere
        cadre = Rectangle((x - 0.6, y - 0.6), large + 1.2, haute + 1.2, zorder=3)
        cadre.set(facecolor="none", edgecolor=charte.TEXTE, linewidth=0.8)
        axes.add_patch(cadre)
        gauche, _, large, _ = fond.vues[-1].emprise
        forme = {"ha": "center", "va": "center_baseline", "fontsize": charte.CORPS_SERRE}
        feuille.ecrire(figure, _LOUPE, gauche + large / 2, 1.6, color=charte.DISCRET, **forme)
    return axes


def _ecrire(axes: Axes, place: tuple[float, float], zone: Zone, forme: dict[str, Any]) -> None:
    x, y = place
    commune = {"ha": "center", "va": "center_baseline", "fontsize": charte.CORPS_SERRE, "zorder": 4, **forme}
    axes.text(x, y - _INTERLIGNE / 2, zone.territoire.code, fontweight="bold", **commune)
    style = "italic" if zone.cellule.nombre is None else "normal"
    axes.text(x, y + _INTERLIGNE / 2, zone.etiquette, fontstyle=style, **commune)


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


def _attribuer(attribution: str, largeur: float) -> str:
    """D'où viennent les contours, en autant de lignes qu'il faut."""
    return textwrap.fill(attribution, int(largeur / 1.05))


def _hauteur(fond: Fond, lignes: int, pied: str) -> float:
    return fond.hauteur + _MARGE + _LIGNE * lignes + 0.8 + _PIED * (pied.count("\n") + 1)
