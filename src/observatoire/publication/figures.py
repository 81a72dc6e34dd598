"""La petite grammaire des figures : barres, pyramide, trimestres, points… ; étiquettes directes partout.

Une figure ne reçoit que des longueurs publiées et des textes déjà écrits : ce qui est secret n'y a ni
barre ni nombre.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from observatoire.publication import charte, feuille

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COUPURE, _COUPURE_MILIEU = 34, 20
_PAS, _LEGENDE, _ECART, _BORD = 4.4, 4.6, 1.3, 0.8
_HAUTEUR_TRIMESTRES, _ENTRE = 34.0, 3.0
_PAS_PYRAMIDE = 6.0
_ZERO = 1.2  # un vrai zéro est un trait sur la ligne de base, un secret n'est rien

_DISQUE: dict[str, Any] = {"marker": "o", "color": charte.COULEURS["personnes"], "ms": 5, "zorder": 4}
_LOSANGE: dict[str, Any] = {
    "marker": "D",
    "color": charte.PAPIER,
    "mec": charte.REPERE,
    "mew": 1.4,
    "ms": 5.8,
    "zorder": 3,
}
_TITRE: dict[str, Any] = {"fontsize": charte.CORPS, "fontweight": "bold", "pad": 2}
_TRAIT: dict[str, Any] = {"marker": "|", "color": charte.REPERE, "mew": 1.6, "ms": 7}


@dataclass(frozen=True, slots=True)
class Barre:
    """Une barre : ce qu'elle nomme, sa longueur (None : pas de barre), ce qui s'écrit au bout."""

    libelle: str
    longueur: float | None
    etiquette: str
    couleur: str
    repere: float | None = None


@dataclass(frozen=True, slots=True)
class Colonne:
    """Un trimestre : son rang, son année, sa hauteur (None : pas de colonne), son étiquette."""

    rang: str
    annee: str
    hauteur: float | None
    etiquette: str
    couleur: str
    provisoire: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """Une part du territoire et celle de la région (None : pas de point)."""

    libelle: str
    valeur: float | None
    etiquette: str
    reference: float | None = None


def barres(lignes: Sequence[Barre], *, repere: str = "", largeur: float = charte.LARGEUR) -> str:
    """Rend des barres horizontales dans l'ordre donné ; `repere` nomme le trait de comparaison.

    `largeur` est celle de la feuille, en millimètres, ici comme dans les autres figures.
    """
    haut = _LEGENDE if any(ligne.repere is not None for ligne in lignes) else 0.0

    def trace(figure: Figure) -> None:
        gauche = _libeller(figure, [ligne.libelle for ligne in lignes], haut)
        place = largeur - gauche
        _barrer(figure, lignes, gauche, haut, place, _etendue(figure, lignes, place))
        if haut:
            _legender(figure, gauche, [(repere, _TRAIT)])

    bas = _BORD if len(lignes[-1].libelle) > _COUPURE else 0.0
    return feuille.dessiner(haut + _PAS * len(lignes) + bas, trace, largeur)


def panneaux(series: Sequence[tuple[str, Sequence[Barre]]], *, largeur: float = charte.LARGEUR) -> str:
    """Rend des groupes de barres côte à côte, à la même échelle, un titre au-dessus de chacun."""
    libelles = [ligne.libelle for ligne in series[0][1]]

    def trace(figure: Figure) -> None:
        gauche = _libeller(figure, libelles, _LEGENDE)
        pas = (largeur - gauche + _ENTRE) / len(series)
        etendue = max(_etendue(figure, lignes, pas - _ENTRE) for _, lignes in series)
        for rang, (titre, lignes) in enumerate(series):
            axes = _barrer(figure, lignes, gauche + rang * pas, _LEGENDE, pas - _ENTRE, etendue)
            axes.set_title(titre, loc="left", **_TITRE)

    return feuille.dessiner(_LEGENDE + _PAS * len(libelles), trace, largeur)


def pyramide(
    cotes: Sequence[tuple[str, Sequence[Barre]]],
    *,
    provisoire: bool = False,
    largeur: float = charte.LARGEUR,
) -> str:
    """Rend deux séries de barres dos à dos, à la même échelle, leurs libellés entre elles.

    Args:
        cotes: le titre et les barres de gauche, puis de droite, aux mêmes libellés.
        provisoire: vrai si les barres se hachurent.
        largeur: celle de la feuille, en millimètres.
    """
    libelles = [_couper(ligne.libelle, _COUPURE_MILIEU) for ligne in cotes[0][1]]
    milieu = max(feuille.largeur_texte(*libelle) for libelle in libelles) + 2 * _ECART
    sommets = [max(ligne.longueur or 0.0 for ligne in lignes) for _, lignes in cotes]
    textes = [max(map(feuille.largeur_texte, [t, *(x.etiquette for x in lignes)])) for t, lignes in cotes]
    marges = [texte + 2 * _ECART for texte in textes]
    par_mm = sum(sommets) / (largeur - milieu - sum(marges)) or 1.0
    places = [sommet / par_mm + marge for sommet, marge in zip(sommets, marges, strict=True)]

    def trace(figure: Figure) -> None:
        for cote, (titre, lignes) in enumerate(cotes):
            boite = {"largeur": places[cote], "hauteur": _PAS_PYRAMIDE * len(lignes)}
            axes = feuille.cadre(figure, gauche=cote * (places[0] + milieu), haut=_LEGENDE, **boite)
            bornes = (0.0, places[cote] * par_mm)
            axes.set(xlim=bornes if cote else bornes[::-1], ylim=(len(lignes) - 0.5, -0.5))
            axes.set_title(titre, loc="left" if cote else "right", **_TITRE)
            _dos_a_dos(axes, lignes, vers_la_gauche=not cote, provisoire=provisoire)
        for rang, (libelle, corps) in enumerate(libelles):
            forme = {"ha": "center", "va": "center_baseline", "fontsize": corps, "linespacing": 0.95}
            y = _LEGENDE + _PAS_PYRAMIDE * (rang + 0.5)
            feuille.ecrire(figure, libelle, places[0] + milieu / 2, y, **forme)

    return feuille.dessiner(_LEGENDE + _PAS_PYRAMIDE * len(libelles), trace, largeur)


def trimestres(colonnes: Sequence[Colonne], *, largeur: float = charte.LARGEUR) -> str:
    """Rend une colonne par trimestre, hachurée quand le trimestre est provisoire."""
    sommet = max(colonne.hauteur or 0.0 for colonne in colonnes) or 1.0

    def trace(figure: Figure) -> None:
        hauteur = _HAUTEUR_TRIMESTRES - 12
        axes = feuille.cadre(figure, gauche=0, haut=4, largeur=largeur, hauteur=hauteur)
        axes.set(xlim=(-0.5, len(colonnes) - 0.5), ylim=(0, sommet))
        axes.axhline(0, color=charte.FILET, linewidth=1.2, clip_on=False)
        for rang, colonne in enumerate(colonnes):
            _colonne(axes, rang, colonne)
            if rang == 0 or colonnes[rang - 1].annee != colonne.annee:
                _note(axes, colonne.annee, rang, 0, (0, -13), ha="center", va="top", fontweight="bold")

    return feuille.dessiner(_HAUTEUR_TRIMESTRES, trace, largeur)


def points(lignes: Sequence[Point], noms: tuple[str, str], *, largeur: float = charte.LARGEUR) -> str:
    """Rend, ligne par ligne, la part du territoire (disque) et celle de la région (losange)."""
    parts = [part for ligne in lignes for part in (ligne.valeur, ligne.reference) if part is not None]
    sommet = max(parts, default=0.0) or 1.0

    def trace(figure: Figure) -> None:
        gauche = _libeller(figure, [ligne.libelle for ligne in lignes], _LEGENDE)
        axes = _zone(figure, len(lignes), gauche, _LEGENDE, largeur - gauche)
        etiquette = max(feuille.largeur_texte(ligne.etiquette) for ligne in lignes) + 2 * _ECART
        marge = sommet * etiquette / (largeur - gauche - 2 * etiquette)
        axes.set_xlim(-marge, sommet + marge)
        axes.axvline(0, color=charte.FILET, linewidth=1.2, clip_on=False)
        for rang, ligne in enumerate(lignes):
            _point(axes, rang, ligne, sommet)
        compare = any(ligne.reference is not None for ligne in lignes)
        legende = [(noms[0], _DISQUE), (noms[1], _LOSANGE)]
        _legender(figure, gauche, legende if compare else legende[:1])

    return feuille.dessiner(_LEGENDE + _PAS * len(lignes), trace, largeur)


def _libeller(figure: Figure, libelles: Sequence[str], haut: float) -> float:
    """Écrit les libellés des lignes contre le tracé, et rend où celui-ci commence (mm)."""
    ecrits = [_couper(libelle, _COUPURE) for libelle in libelles]
    colonne = max(feuille.largeur_texte(*ecrit) for ecrit in ecrits)
    for rang, (ecrit, taille) in enumerate(ecrits):
        forme = {"ha": "right", "va": "center_baseline", "fontsize": taille, "linespacing": 0.95}
        feuille.ecrire(figure, ecrit, colonne + _BORD, haut + _PAS * (rang + 0.5), **forme)
    return colonne + _BORD + _ECART


def _couper(libelle: str, lettres: int) -> tuple[str, float]:
    """Le libellé en autant de lignes qu'il faut, et son corps : plus petit s'il en prend plusieurs."""
    ecrit = textwrap.fill(libelle, lettres, break_long_words=False)
    return ecrit, charte.CORPS_SERRE if "\n" in ecrit else charte.CORPS


def _zone(figure: Figure, lignes: int, gauche: float, haut: float, largeur: float) -> Axes:
    axes = feuille.cadre(figure, gauche=gauche, haut=haut, largeur=largeur, hauteur=_PAS * lignes)
    axes.set_ylim(lignes - 0.5, -0.5)
    return axes


def _etendue(figure: Figure, lignes: Sequence[Barre], largeur: float) -> float:
    """La plus petite étendue de l'axe qui laisse tenir toutes les étiquettes au bout des barres."""
    besoins = [0.0]
    for ligne in lignes:
        libre = largeur - feuille.largeur_texte(ligne.etiquette) - 2 * _ECART
        besoins.append(max(ligne.longueur or 0.0, ligne.repere or 0.0) * largeur / libre)
    return max(besoins) or 1.0


def _barrer(
    figure: Figure, lignes: Sequence[Barre], gauche: float, haut: float, largeur: float, etendue: float
) -> Axes:
    """Dessine les barres ; une étiquette que le trait de comparaison couperait se place après lui."""
    axes = _zone(figure, len(lignes), gauche, haut, largeur)
    axes.set_xlim(0, etendue)
    axes.axvline(0, color=charte.FILET, linewidth=1.2, clip_on=False)
    bouts, couleurs = [ligne.longueur or 0.0 for ligne in lignes], [ligne.couleur for ligne in lignes]
    axes.barh(range(len(lignes)), bouts, height=0.68, color=couleurs, linewidth=0)
    for rang, (ligne, bout) in enumerate(zip(lignes, bouts, strict=True)):
        if ligne.longueur == 0:
            axes.vlines(0, rang - 0.34, rang + 0.34, ligne.couleur, linewidth=_ZERO, clip_on=False)
        if ligne.repere is not None:
            for couleur, epaisseur in ((charte.PAPIER, 3.2), (charte.REPERE, 1.6)):
                axes.vlines(
                    ligne.repere, rang - 0.44, rang + 0.44, couleur, linewidth=epaisseur, clip_on=False
                )
            place = (feuille.largeur_texte(ligne.etiquette) + 2 * _ECART) * etendue / largeur
            bout = ligne.repere if bout <= ligne.repere < bout + place else bout
        _note(axes, ligne.etiquette, bout, rang, (3.5, 0), va="center_baseline", **_ton(ligne.longueur))
    return axes


def _dos_a_dos(axes: Axes, lignes: Sequence[Barre], *, vers_la_gauche: bool, provisoire: bool) -> None:
    """Un côté d'une pyramide, ses étiquettes au bout des barres."""
    axes.axvline(0, color=charte.FILET, linewidth=1.2, clip_on=False)
    decalage, cote = ((-3.5, 0.0), "right") if vers_la_gauche else ((3.5, 0.0), "left")
    for rang, ligne in enumerate(lignes):
        bout = ligne.longueur or 0.0
        axes.barh(rang, bout, height=0.68, **_aplat(ligne.couleur, bout, provisoire=provisoire))
        if ligne.longueur == 0:
            axes.vlines(0, rang - 0.34, rang + 0.34, ligne.couleur, linewidth=_ZERO, clip_on=False)
        forme = {"ha": cote, "va": "center_baseline", **_ton(ligne.longueur)}
        _note(axes, ligne.etiquette, bout, rang, decalage, **forme)


def _aplat(couleur: str, longueur: float, *, provisoire: bool) -> dict[str, Any]:
    """Le remplissage d'une barre : plein, ou hachuré tant que le chiffre est provisoire."""
    return {
        "color": charte.PAPIER if provisoire else couleur,
        "edgecolor": couleur,
        "linewidth": 0.8 if longueur else 0,
        "hatch": "/////" if provisoire else None,
    }


def _colonne(axes: Axes, rang: int, colonne: Colonne) -> None:
    aplat = _aplat(colonne.couleur, colonne.hauteur or 0.0, provisoire=colonne.provisoire)
    axes.bar(rang, colonne.hauteur or 0.0, width=0.74, **aplat)
    if colonne.hauteur == 0:
        axes.hlines(0, rang - 0.37, rang + 0.37, colonne.couleur, linewidth=_ZERO, clip_on=False)
    ton = _ton(colonne.hauteur)
    _note(axes, colonne.etiquette, rang, colonne.hauteur or 0.0, (0, 2), ha="center", va="bottom", **ton)
    _note(axes, colonne.rang, rang, 0, (0, -3), ha="center", va="top")


def _point(axes: Axes, rang: int, ligne: Point, sommet: float) -> None:
    """Le point du territoire porte son étiquette du côté opposé à la région."""
    axes.hlines(rang, 0, sommet, charte.FILET, linewidth=0.6, zorder=1)
    valeur, reference = ligne.valeur, ligne.reference
    if reference is not None:
        if valeur is not None:
            ecart = min(valeur, reference), max(valeur, reference)
            axes.hlines(rang, *ecart, charte.DISCRET, linewidth=1.4, zorder=2.5)
        axes.plot(reference, rang, clip_on=False, **_LOSANGE)
    if valeur is not None:
        axes.plot(valeur, rang, clip_on=False, **_DISQUE)
    a_gauche = valeur is not None and reference is not None and valeur < reference
    cote = {"ha": "right"} if a_gauche else {"ha": "left"}
    decalage = (-7 if a_gauche else 7, 0)
    fond = {"facecolor": charte.PAPIER, "edgecolor": "none", "pad": 0.6}
    forme = {"va": "center_baseline", "bbox": fond, "zorder": 2, **cote, **_ton(valeur)}
    _note(axes, ligne.etiquette, valeur or 0.0, rang, decalage, **forme)


def _legender(figure: Figure, gauche: float, marques: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Nomme les marques au-dessus du tracé, chacune précédée de son dessin."""
    for nom, marque in marques:
        feuille.marquer(figure, gauche + 1, _LEGENDE / 2, **marque)
        forme = {"va": "center_baseline", "fontsize": charte.CORPS_SERRE, "color": charte.DISCRET}
        feuille.ecrire(figure, nom, gauche + 3.4, _LEGENDE / 2, **forme)
        gauche += feuille.largeur_texte(nom, charte.CORPS_SERRE) + 8


def _note(axes: Axes, texte: str, x: float, y: float, decalage: tuple[float, float], **forme: Any) -> None:
    axes.annotate(texte, (x, y), decalage, textcoords="offset points", annotation_clip=False, **forme)


def _ton(valeur: float | None) -> dict[str, str]:
    """Ce qui n'est pas publié s'écrit en gris et en italique."""
    return {"color": charte.DISCRET, "fontstyle": "italic"} if valeur is None else {}
