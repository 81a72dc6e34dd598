"""Les pentes : deux dates, une ligne par territoire, une étiquette à chaque bout.

Une valeur qui n'est pas publiée n'a pas de place sur l'échelle : son signe s'écrit dessous, du côté de sa
date. Deux valeurs ne se relient que si leur évolution se dit.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from observatoire.publication import charte, feuille
from observatoire.publication.formats import INSECABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HAUT, _PAS, _BAS, _HAUTEUR_MINIMUM = 6.0, 3.7, 1.5, 40.0
_ECART, _RAPPEL = 1.2, 5.0  # un blanc ; la place du trait qui va d'un point à son étiquette


@dataclass(frozen=True, slots=True)
class Pente:
    """Une ligne : ce qu'elle nomme, ses deux valeurs (None : pas publiée), ce qui s'écrit à chacune.

    `liee` : un trait va de l'une à l'autre. `repere` : c'est à elle que les autres se comparent.
    """

    libelle: str
    valeurs: tuple[float | None, float | None]
    etiquettes: tuple[str, str]
    couleur: str
    liee: bool = True
    repere: bool = False

    def ecrire(self, cote: int) -> str:
        """L'étiquette d'un bout : à gauche, une ligne reliée est nommée par son autre bout."""
        nomme = cote == 1 or not self.liee
        return f"{self.libelle}{INSECABLE * 2}{self.etiquettes[cote]}" if nomme else self.etiquettes[cote]


def dessiner_pentes(
    lignes: Sequence[Pente], dates: tuple[str, str], *, largeur: float = charte.LARGEUR
) -> str:
    """Rend en SVG les pentes, `dates` au-dessus de leurs bouts.

    L'échelle va de la plus petite à la plus grande valeur publiée : elle ne part pas de zéro.

    Args:
        lignes: une par territoire ; une au moins a une valeur publiée.
        dates: la première à gauche, la seconde à droite.
        largeur: celle de la feuille, en millimètres.
    """
    publiees = [[ligne for ligne in lignes if ligne.valeurs[cote] is not None] for cote in (0, 1)]
    tues = [[ligne for ligne in lignes if ligne.valeurs[cote] is None] for cote in (0, 1)]
    fond = _HAUT + max(_HAUTEUR_MINIMUM, _PAS * max(map(len, publiees)))
    bords = [_ECART + _RAPPEL + _colonne(publiees[0], 0), _ECART + _RAPPEL + _colonne(lignes, 1)]
    abscisses = (bords[0], largeur - bords[1])
    nombres = [valeur for ligne in lignes for valeur in ligne.valeurs if valeur is not None]
    milieu, demie = (max(nombres) + min(nombres)) / 2, (max(nombres) - min(nombres)) / 2 or 1.0

    def place(valeur: float) -> float:
        return (_HAUT + fond) / 2 + (fond - _HAUT - _PAS) / 2 * (milieu - valeur) / demie

    def tout(figure: Figure) -> None:
        axes = feuille.plan(figure)
        for cote, (x, date) in enumerate(zip(abscisses, dates, strict=True)):
            axes.vlines(x, _HAUT, fond, charte.FILET, linewidth=0.8, zorder=0)
            axes.text(x, _HAUT / 2, date, ha="center", va="center_baseline", fontweight="bold")
            _etiqueter(axes, cote, x, publiees[cote], place, fond)
            for rang, ligne in enumerate(tues[cote]):
                _ecrire(axes, cote, x + _RAPPEL if cote else _ECART, fond + _PAS * (rang + 0.7), ligne)
        for ligne in sorted(lignes, key=lambda ligne: ligne.repere):
            _relier(axes, abscisses, ligne, place)

    return feuille.dessiner(fond + _PAS * max(map(len, tues)) + _BAS, tout, largeur)


def ecarter(hauteurs: Sequence[float], pas: float, bornes: tuple[float, float]) -> list[float]:
    """Rend des hauteurs croissantes, écartées d'un pas au moins, au plus près de celles reçues.

    Elles restent entre les bornes si elles y tiennent. Celles qui se gênent forment un groupe, posé autour de
    leur moyenne.

    >>> ecarter([0.0, 10.0, 10.0], 4.0, (0.0, 20.0)), ecarter([9.0, 10.0], 4.0, (0.0, 10.0))
    ([0.0, 8.0, 12.0], [6.0, 10.0])
    """
    groupes: list[list[float]] = []
    for rang, hauteur in enumerate(hauteurs):
        groupes.append([hauteur - rang * pas])
        while len(groupes) > 1 and fmean(groupes[-2]) > fmean(groupes[-1]):
            groupes[-2:] = [groupes[-2] + groupes[-1]]
    haut, bas = bornes[0], bornes[1] - pas * (len(hauteurs) - 1)
    posees = [min(max(fmean(groupe), haut), bas) for groupe in groupes for _ in groupe]
    return [pose + rang * pas for rang, pose in enumerate(posees)]


def _etiqueter(
    axes: Axes, cote: int, x: float, lignes: Sequence[Pente], place: Callable[[float], float], bas: float
) -> None:
    """Écrit les étiquettes d'un bout, écartées les unes des autres, un rappel les relie à leur point."""
    ordonnees = sorted(lignes, key=lambda ligne: -_valeur(ligne, cote))
    hauteurs = [place(_valeur(ligne, cote)) for ligne in ordonnees]
    sens = 1 if cote else -1
    bornes = (_HAUT + _PAS / 2, bas - _PAS / 2)
    for ligne, y, pose in zip(ordonnees, hauteurs, ecarter(hauteurs, _PAS, bornes), strict=True):
        bouts = [x + sens * _ECART, x + sens * (_RAPPEL - _ECART / 2)]
        axes.plot(bouts, [y, pose], color=charte.FILET, linewidth=0.7, zorder=1)
        _ecrire(axes, cote, x + sens * _RAPPEL, pose, ligne)


def _ecrire(axes: Axes, cote: int, x: float, y: float, ligne: Pente) -> None:
    """L'étiquette d'un bout ; ce qui n'est pas publié s'écrit en gris et en italique, depuis la gauche."""
    tue = ligne.valeurs[cote] is None
    axes.text(
        x,
        y,
        ligne.ecrire(cote),
        ha="left" if cote or tue else "right",
        va="center_baseline",
        fontsize=charte.CORPS_SERRE,
        fontweight="bold" if ligne.repere else "normal",
        fontstyle="italic" if tue else "normal",
        color=charte.DISCRET if tue else charte.TEXTE,
    )


def _relier(
    axes: Axes, abscisses: tuple[float, float], ligne: Pente, place: Callable[[float], float]
) -> None:
    """Les points d'une ligne, et le trait qui va de l'un à l'autre si leur évolution se dit."""
    bouts = [(x, place(v)) for x, v in zip(abscisses, ligne.valeurs, strict=True) if v is not None]
    if not bouts:
        return
    forme: dict[str, Any] = {"marker": "D", "ms": 4.6} if ligne.repere else {"marker": "o", "ms": 4.2}
    forme |= {"linewidth": 1.8 if ligne.repere else 1.1, "linestyle": "-" if ligne.liee else "none"}
    axes.plot(*zip(*bouts, strict=True), color=ligne.couleur, zorder=3, **forme)


def _valeur(ligne: Pente, cote: int) -> float:
    return ligne.valeurs[cote] or 0.0


def _colonne(lignes: Sequence[Pente], cote: int) -> float:
    """La largeur de la plus longue étiquette d'un bout, qu'elle soit en gras ou non."""
    etiquettes = [feuille.largeur_texte(ligne.ecrire(cote), charte.CORPS_SERRE) for ligne in lignes]
    return 1.06 * max(etiquettes, default=0.0)
