"""Les relations entre périodes : des sommes, ou des présences comptées une fois.

Une personne présente à deux trimestres compte une fois dans l'année : l'année vaut moins que la somme de
ses trimestres. Mais elle en dit long sur eux, et quatre trimestres glissants en disent plus encore. Pour
en tenir un compte exact, chaque unité est suivie par le nombre de trimestres écoulés depuis sa dernière
présence : 0 (elle est là), 1, 2, 3, ou davantage. D'un trimestre au suivant, elle revient à 0 ou avance
d'un cran. Soit x(t, s) le nombre d'unités au cran s du trimestre t :

- le trimestre t compte x(t, 0) ; les quatre qu'il achève, x(t, 0) + x(t, 1) + x(t, 2) + x(t, 3) ;
- nul n'atteint le cran s + 1 sans venir du cran s : x(t, s + 1) ≤ x(t − 1, s) ;
- qui quitte un cran sans avancer est là : x(t, 0) ≥ Σ x(t − 1, s) − x(t, s + 1), s de 0 à 2. Du cran 3 et
  au-delà vient ou part qui veut : ce réservoir ne borne rien.

Ces relations suffisent : à tous nombres entiers qui les suivent correspondent des unités et leurs présences.
Les crans ne sont suivis que là où trimestres et périodes glissantes sont publiés ; ailleurs restent les
relations sans cran, que les précédentes impliquent : chaque trimestre ≤ quatre trimestres ≤ leur somme, et
d'une période glissante à la suivante n'entrent que des présents du trimestre, ne sortent que des présents
du trimestre qui s'éloigne.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.indicateurs.audit.systeme import LIBRE, POSITIF
from observatoire.perimetre import Periode

if TYPE_CHECKING:
    from collections.abc import Iterable

_CRANS = (0, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Relation:
    """Une relation entre périodes : ses termes et ses bornes, certaines puis présumées."""

    periodes: tuple[str, ...]
    coefficients: tuple[float, ...]
    certaines: tuple[float, float] = (0.0, 0.0)
    presumees: tuple[float, float] = (0.0, 0.0)


def trimestres_de(periode: Periode) -> list[Periode]:
    """Rend les quatre trimestres d'une année ou d'une période glissante."""
    return Periode(periode.annee, periode.trimestre or 4).jusqu_ici(4)


def relations_additives(periodes: Iterable[str]) -> list[Relation]:
    """Une année, ou quatre trimestres, est la somme de ses trimestres."""
    return [
        Relation((str(longue), *map(str, trimestres_de(longue))), (1.0, -1.0, -1.0, -1.0, -1.0))
        for longue in _longues(periodes)
    ]


def relations_distinctes(periodes: Iterable[str]) -> list[Relation]:
    """Une unité présente à plusieurs trimestres compte une fois dans l'année : voir le module."""
    longues = _longues(periodes)
    trimestres = {trimestre for longue in longues for trimestre in trimestres_de(longue)}
    rendues: list[Relation] = []
    for trimestre in sorted(trimestres):
        avant = trimestre.decalee(-1)
        if avant not in trimestres:
            continue
        rendues += [
            Relation((_cran(avant, s), _cran(trimestre, s + 1)), (1.0, -1.0), POSITIF, POSITIF)
            for s in _CRANS[:3]
        ]
        presents = [_cran(trimestre, s) for s in _CRANS]
        partis = [_cran(avant, s) for s in _CRANS[:3]]
        rendues.append(Relation((*presents, *partis), (1.0,) * 4 + (-1.0,) * 3, POSITIF, POSITIF))
    # Une demi-heure dans chacun de deux trimestres fait une présence dans l'année, dans aucun d'eux.
    rendues += [
        Relation(
            (str(longue), *(_cran(trimestres_de(longue)[-1], s) for s in _CRANS)),
            (1.0, -1.0, -1.0, -1.0, -1.0),
            POSITIF,
        )
        for longue in longues
    ]
    return rendues + _sans_crans(longues)


def _sans_crans(longues: list[Periode]) -> list[Relation]:
    rendues: list[Relation] = []
    for longue in longues:
        trimestres = trimestres_de(longue)
        rendues += [Relation((str(longue), str(t)), (1.0, -1.0), POSITIF, POSITIF) for t in trimestres]
        noms = (*map(str, trimestres), str(longue))
        rendues.append(Relation(noms, (1.0, 1.0, 1.0, 1.0, -1.0), LIBRE, POSITIF))
        avant = trimestres[-1].decalee(-1).quatre_trimestres
        if avant not in longues:
            continue
        parti = trimestres_de(avant)[0]
        for entrant, un, autre in ((trimestres[-1], avant, longue), (parti, longue, avant)):
            noms = (str(entrant), str(un), str(autre))
            rendues.append(Relation(noms, (1.0, 1.0, -1.0), LIBRE, POSITIF))
    return rendues


def crans(periodes: Iterable[str]) -> list[str]:
    """Les inconnues que ces relations ajoutent aux périodes : les crans 1 à 3 de chaque trimestre."""
    noms = {nom for relation in relations_distinctes(periodes) for nom in relation.periodes if "~" in nom}
    return sorted(noms)


def _longues(periodes: Iterable[str]) -> list[Periode]:
    return [periode for periode in map(Periode.lire, periodes) if periode.rythme != "trimestre"]


def _cran(trimestre: Periode, rang: int) -> str:
    return f"{trimestre}~{rang}" if rang else str(trimestre)
