"""La feuille où se dessine une figure : la charte, des millimètres, et le SVG toujours identique."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any

import font_source_sans_pro
import matplotlib as mpl
import seaborn as sns
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path

from observatoire.publication.charte import CORPS, LARGEUR, POLICE, TEXTE

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

MM = 1 / 25.4


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


def dessiner(hauteur: float, trace: Callable[[Figure], None], largeur: float = LARGEUR) -> str:
    """Rend en SVG ce que `trace` dessine sur une feuille de ces hauteur et largeur, en millimètres.

    Mêmes appels, mêmes octets : ni date, ni identifiant tiré au hasard.
    """
    with mpl.rc_context(_style()):
        figure = Figure(figsize=(largeur * MM, hauteur * MM))
        FigureCanvasAgg(figure)
        trace(figure)
        return _en_svg(figure)


def etendue(figure: Figure) -> tuple[float, float]:
    """Rend la largeur et la hauteur de la feuille, en millimètres."""
    return figure.get_figwidth() / MM, figure.get_figheight() / MM


def cadre(figure: Figure, *, gauche: float, haut: float, largeur: float, hauteur: float) -> Axes:
    """Rend un repère sans bord, placé en millimètres depuis le coin supérieur gauche de la feuille."""
    toute, haute = etendue(figure)
    boite = (gauche / toute, 1 - (haut + hauteur) / haute, largeur / toute, hauteur / haute)
    axes = figure.add_axes(boite)
    sns.despine(ax=axes, left=True, bottom=True)
    axes.set(xticks=[], yticks=[])
    return axes


def plan(figure: Figure) -> Axes:
    """Rend un repère sur toute la feuille, en millimètres depuis son coin supérieur gauche."""
    largeur, hauteur = etendue(figure)
    axes = cadre(figure, gauche=0, haut=0, largeur=largeur, hauteur=hauteur)
    axes.set(xlim=(0, largeur), ylim=(hauteur, 0))
    axes.patch.set_visible(False)
    return axes


def ecrire(figure: Figure, texte: str, x: float, y: float, **forme: Any) -> None:
    """Écrit un texte sur la feuille, à `x` et `y` millimètres du coin supérieur gauche."""
    largeur, hauteur = etendue(figure)
    figure.text(x / largeur, 1 - y / hauteur, texte, **forme)


def marquer(figure: Figure, x: float, y: float, **forme: Any) -> None:
    """Pose une marque sur la feuille, à `x` et `y` millimètres du coin supérieur gauche."""
    largeur, hauteur = etendue(figure)
    figure.add_artist(Line2D([x / largeur], [1 - y / hauteur], linestyle="none", **forme))


@cache
def largeur_texte(texte: str, corps: float = CORPS) -> float:
    """Rend la largeur imprimée de la plus longue ligne d'un texte, en millimètres.

    Elle se mesure sur le tracé de la police, non sur des points d'écran : ceux-ci arrondissent chaque
    chiffre, et un nombre paraîtrait un dixième plus étroit qu'il ne s'imprime.
    """
    _style()
    police = font_manager.FontProperties(family=POLICE, size=corps)
    lignes = texte.split("\n")
    largeurs = (
        text_to_path.get_text_width_height_descent(ligne, police, ismath=False)[0] for ligne in lignes
    )
    return float(max(largeurs)) / 72 / MM


def _en_svg(figure: Figure) -> str:
    """Le SVG seul, sans prologue ni métadonnées."""
    tampon = io.StringIO()
    sans = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(tampon, format="svg", metadata=sans, bbox_inches=None, transparent=True)
    svg = tampon.getvalue()
    return svg[svg.index("<svg") :]
