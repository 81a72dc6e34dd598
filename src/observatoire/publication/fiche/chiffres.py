"""La bande des chiffres clés, chacun comparé au même trimestre de l'année précédente."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.perimetre import Periode
from observatoire.publication.blocs import Chiffre, Chiffres
from observatoire.publication.cellules import NON_SIGNIFICATIF, Cellule, somme, variation
from observatoire.publication.fiche import phrases
from observatoire.publication.formats import accorder, decimal, entier, evolution, grand_nombre

if TYPE_CHECKING:
    from observatoire.publication.fiche.contexte import Contexte

_GRAND = 10**7
HEURES = "heures_realisees"


@dataclass(frozen=True, slots=True)
class _Cle:
    """Un chiffre clé."""

    libelle: str
    indicateur: str
    unite: str
    precision: str
    decimales: int = 0


_CLES = (
    _Cle("Heures du trimestre", HEURES, "heures", "réalisées sur place"),
    _Cle("Bénéficiaires", "beneficiaires", "personnes", "qui y habitent"),
    _Cle("Contrats actifs", "contrats_actifs", "contrats", "exécutés sur place"),
    _Cle("Marchés générateurs", "marches_clauses_generateurs", "marchés", "d’au moins une heure"),
    _Cle("En temps plein", "equivalents_temps_plein", "ETP", "à {heures_par_etp} heures", 1),
)


def bande(contexte: Contexte) -> Chiffres:
    """Rend les chiffres clés : heures du trimestre, cumul de l'année, personnes, contrats, marchés, ETP."""
    heures, *autres = (_chiffre(contexte, cle) for cle in _CLES)
    return Chiffres([heures, _cumul(contexte), *autres])


def chiffrer(cellule: Cellule, unite: str, decimales: int = 0) -> tuple[str, str]:
    """Rend la valeur écrite et son unité ; ce qui n'est pas publié n'en a pas."""
    return ecrire(cellule, decimales), unite if cellule.nombre is not None else ""


def ecrire(cellule: Cellule, decimales: int = 0) -> str:
    """Rend un nombre en toutes lettres tant qu'il tient dans sa case."""
    trop_long = cellule.nombre is not None and cellule.nombre >= _GRAND
    return grand_nombre(cellule) if trop_long else decimal(cellule, decimales)


def _chiffre(contexte: Contexte, cle: _Cle) -> Chiffre:
    precision = cle.precision.format(heures_par_etp=entier(contexte.parametre("heures_par_etp")))
    return Chiffre(
        cle.libelle,
        *chiffrer(contexte.lire(cle.indicateur), cle.unite, cle.decimales),
        _un_an_avant(contexte, cle),
        precision,
    )


def _un_an_avant(contexte: Contexte, cle: _Cle) -> str:
    """L'évolution sur un an ; si elle n'est pas significative, la valeur d'alors telle quelle."""
    change = contexte.comparer(cle.indicateur)
    if change.nombre is not None:
        return phrases.EN_UN_AN.format(evolution=evolution(change))
    if change.statut != NON_SIGNIFICATIF:
        return ""
    avant = contexte.lire(cle.indicateur, periode=contexte.periode.an_precedent)
    if avant.nombre is None:
        return ""
    return phrases.UN_AN_AVANT.format(valeur=ecrire(avant, cle.decimales))


def _cumul(contexte: Contexte) -> Chiffre:
    """La somme des trimestres publiés de l'année, et celle des mêmes trimestres un an avant."""
    trimestres = [
        Periode(contexte.periode.annee, rang) for rang in range(1, (contexte.periode.trimestre or 4) + 1)
    ]
    cellules = [contexte.lire(HEURES, periode=periode) for periode in trimestres]
    publiees = [cellule for cellule in cellules if cellule.nombre is not None]
    complet = f"T1 à T{len(trimestres)}" if len(trimestres) > 1 else "T1"
    partiel = f"{accorder(len(publiees), 'trimestre publié', 'trimestres publiés')} sur {len(trimestres)}"
    return Chiffre(
        f"Cumul {contexte.periode.annee}",
        *chiffrer(somme(*publiees) if publiees else somme(*cellules), "heures"),
        _cumul_avant(contexte, somme(*cellules), trimestres),
        complet if len(publiees) == len(trimestres) else partiel,
    )


def _cumul_avant(contexte: Contexte, cumul: Cellule, trimestres: list[Periode]) -> str:
    """L'évolution du cumul si celle du trimestre se dit ; sinon sa valeur un an avant."""
    avant = somme(*(contexte.lire(HEURES, periode=periode.an_precedent) for periode in trimestres))
    change = variation(cumul, avant)
    if change.nombre is None:
        return ""
    if contexte.comparer(HEURES).nombre is not None:
        return phrases.EN_UN_AN.format(evolution=evolution(change))
    return phrases.UN_AN_AVANT.format(valeur=ecrire(avant))
