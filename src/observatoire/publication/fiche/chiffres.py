"""La bande des chiffres clés, chacun comparé au même trimestre de l'année précédente."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.perimetre import Periode
from observatoire.publication.blocs import Chiffre, Chiffres
from observatoire.publication.cellules import NON_SIGNIFICATIF, Cellule, somme
from observatoire.publication.formats import accorder, decimal, entier, evolution, grand_nombre

if TYPE_CHECKING:
    from observatoire.publication.fiche.contexte import Contexte

_GRAND = 10**7
HEURES, SUR_PLACE = "heures_realisees", "beneficiaires_sur_place"


@dataclass(frozen=True, slots=True)
class _Cle:
    """Un chiffre clé ; `effectif` est l'indicateur dont une base trop petite retire l'évolution."""

    libelle: str
    indicateur: str
    unite: str
    effectif: str
    precision: str
    decimales: int = 0


_CLES = (
    _Cle("Heures du trimestre", HEURES, "heures", SUR_PLACE, "réalisées sur place"),
    _Cle("Bénéficiaires", "beneficiaires", "personnes", "beneficiaires", "qui y habitent"),
    _Cle("Contrats actifs", "contrats_actifs", "contrats", "contrats_actifs", "exécutés sur place"),
    _Cle(
        "Marchés générateurs",
        "marches_clauses_generateurs",
        "marchés",
        "marches_clauses_generateurs",
        "d’au moins une heure",
    ),
    _Cle("En temps plein", "equivalents_temps_plein", "ETP", SUR_PLACE, "à {heures_par_etp} heures", 1),
)


def bande(contexte: Contexte) -> Chiffres:
    """Rend les chiffres clés : heures du trimestre, cumul de l'année, personnes, contrats, marchés, ETP."""
    heures, *autres = (_chiffre(contexte, cle) for cle in _CLES)
    return Chiffres([heures, _cumul(contexte), *autres])


def _chiffre(contexte: Contexte, cle: _Cle) -> Chiffre:
    avant = contexte.periode.an_precedent
    valeur, base = contexte.lire(cle.indicateur), contexte.lire(cle.indicateur, periode=avant)
    change = contexte.evolution(valeur, base, contexte.lire(cle.effectif, periode=avant))
    precision = cle.precision.format(heures_par_etp=entier(contexte.parametre("heures_par_etp")))
    return Chiffre(
        cle.libelle,
        _ecrire(valeur, cle.decimales),
        cle.unite,
        _evolution(contexte, change),
        _avec_base(precision, change, base, cle),
    )


def _cumul(contexte: Contexte) -> Chiffre:
    """La somme des trimestres publiés de l'année ; l'évolution exige les mêmes trimestres un an avant."""
    trimestres = [
        Periode(contexte.periode.annee, rang) for rang in range(1, (contexte.periode.trimestre or 4) + 1)
    ]
    cellules = [contexte.lire(HEURES, periode=periode) for periode in trimestres]
    publiees = [cellule for cellule in cellules if cellule.nombre is not None]
    avant = somme(*(contexte.lire(HEURES, periode=periode.an_precedent) for periode in trimestres))
    effectif = contexte.lire(SUR_PLACE, periode=contexte.periode.an_precedent)
    change = contexte.evolution(somme(*cellules), avant, effectif)
    complet = f"T1 à T{len(trimestres)}" if len(trimestres) > 1 else "T1"
    partiel = f"{accorder(len(publiees), 'trimestre publié', 'trimestres publiés')} sur {len(trimestres)}"
    return Chiffre(
        f"Cumul {contexte.periode.annee}",
        _ecrire(somme(*publiees) if publiees else somme(*cellules)),
        "heures",
        _evolution(contexte, change),
        complet if len(publiees) == len(trimestres) else partiel,
    )


def _ecrire(cellule: Cellule, decimales: int = 0) -> str:
    """En toutes lettres tant que le nombre tient dans sa case."""
    trop_long = cellule.nombre is not None and cellule.nombre >= _GRAND
    return grand_nombre(cellule) if trop_long else decimal(cellule, decimales)


def _evolution(contexte: Contexte, change: Cellule) -> str:
    """L'évolution imprimée, marquée (p) tant que le trimestre est provisoire."""
    if change.nombre is None:
        return ""
    return f"{evolution(change)} en un an{' (p)' if contexte.provisoire(contexte.periode) else ''}"


def _avec_base(precision: str, change: Cellule, base: Cellule, cle: _Cle) -> str:
    """Une base trop petite pour un pourcentage se donne telle quelle, à la place de la précision."""
    petite = change.statut == NON_SIGNIFICATIF
    return f"{decimal(base, cle.decimales)} un an plus tôt" if petite else precision
