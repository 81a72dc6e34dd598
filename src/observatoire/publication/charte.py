"""La charte des figures : une police, des couleurs, des tailles, et le SVG toujours identique."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import font_source_sans_pro
import matplotlib as mpl
import seaborn as sns
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

MM = 1 / 25.4
LARGEUR = 105.0
"""Largeur de toutes les figures, en millimètres : elles se placent à gauche de leur tableau."""

POLICE = "Source Sans Pro"
CORPS, CORPS_SERRE = 8.0, 7.0

TEXTE, DISCRET, FILET = "#1F2933", "#5C6670", "#C9CED3"
GRIS = "#767C82"
"""Le non-renseigné, partout."""

REPERE = "#B3541E"
"""La région, quand elle sert de repère."""

COULEURS = {
    "heures": "#0A3E61",
    "heures_autres": "#6E8CA3",
    "marches": "#1B6F66",
    "personnes": "#6B1C49",
    "contrats": "#6B1C49",
}
"""Une couleur par grandeur, la même dans toutes les figures ; toutes à plus de 3:1 sur le blanc."""


@cache
def _style() -> Any:
    """Le thème : celui de seaborn, notre police, du SVG dont le texte reste du texte."""
    for nom in ("SourceSansPro", "SourceSansProBold", "SourceSansProIt"):
        font_manager.fontManager.addfont(font_source_sans_pro.font_files_ttf[nom])
    propre = {
        "font.family": [POLICE],
        "font.size": CORPS,
        "text.color": TEXTE,
        "hatch.linewidth": 0.7,
        "svg.fonttype": "none",
        "svg.hashsalt": "observatoire",
        "text.parse_math": False,
    }
    return {**sns.axes_style("white"), **propre}


def dessiner(hauteur: float, trace: Callable[[Figure], None]) -> str:
    """Rend en SVG ce que `trace` dessine sur une feuille de la hauteur donnée, en millimètres.

    Mêmes appels, mêmes octets : ni date, ni identifiant tiré au hasard.
    """
    with mpl.rc_context(_style()):
        figure = Figure(figsize=(LARGEUR * MM, hauteur * MM))
        FigureCanvasAgg(figure)
        trace(figure)
        return _en_svg(figure)


def cadre(figure: Figure, *, gauche: float, haut: float, largeur: float, hauteur: float) -> Axes:
    """Rend un repère sans bord, placé en millimètres depuis le coin supérieur gauche de la feuille."""
    feuille = figure.get_figheight() / MM
    boite = (gauche / LARGEUR, 1 - (haut + hauteur) / feuille, largeur / LARGEUR, hauteur / feuille)
    axes = figure.add_axes(boite)
    sns.despine(ax=axes, left=True, bottom=True)
    axes.set(xticks=[], yticks=[])
    return axes


def ecrire(figure: Figure, texte: str, x: float, y: float, **forme: Any) -> None:
    """Écrit un texte sur la feuille, à `x` et `y` millimètres du coin supérieur gauche."""
    figure.text(x / LARGEUR, 1 - y * MM / figure.get_figheight(), texte, **forme)


def marquer(figure: Figure, x: float, y: float, **forme: Any) -> None:
    """Pose une marque sur la feuille, à `x` et `y` millimètres du coin supérieur gauche."""
    hauteur = 1 - y * MM / figure.get_figheight()
    figure.add_artist(Line2D([x / LARGEUR], [hauteur], linestyle="none", **forme))


def largeur_texte(figure: Figure, texte: str, corps: float = CORPS) -> float:
    """Rend la largeur imprimée de la plus longue ligne d'un texte, en millimètres."""
    police = font_manager.FontProperties(family=POLICE, size=corps)
    rendu = cast("Any", figure.canvas).get_renderer()
    pixels = max(rendu.get_text_width_height_descent(ligne, police, False)[0] for ligne in texte.split("\n"))
    return float(pixels) / figure.dpi / MM


def _en_svg(figure: Figure) -> str:
    """Le SVG seul, sans prologue ni métadonnées."""
    tampon = io.StringIO()
    sans = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(tampon, format="svg", metadata=sans, bbox_inches=None, transparent=True)
    svg = tampon.getvalue()
    return svg[svg.index("<svg") :]
