"""La bande des chiffres clés, chacun comparé au même trimestre de l'année précédente."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.erreurs import PublicationError, suggestion
from observatoire.perimetre import Periode
from observatoire.publication.blocs import Chiffre, Chiffres
from observatoire.publication.cellules import NON_SIGNIFICATIF, Cellule, somme, variation
from observatoire.publication.fiche import phrases
from observatoire.publication.formats import accorder, decimal, entier, evolution, grand_nombre, pct, points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from observatoire.publication.fiche.contexte import Contexte

_GRAND = 10**7
_EN_ANNEE = ("du trimestre", "de l’année")
HEURES = "heures_realisees"


@dataclass(frozen=True, slots=True)
class _Cle:
    """Un chiffre clé."""

    libelle: str
    indicateur: str
    unite: str
    precision: str
    decimales: int = 0


CLES = {
    "heures_realisees": _Cle("Heures du trimestre", HEURES, "heures", "réalisées sur place"),
    "beneficiaires": _Cle("Bénéficiaires", "beneficiaires", "personnes", "qui y habitent"),
    "contrats_actifs": _Cle("Contrats actifs", "contrats_actifs", "contrats", "exécutés sur place"),
    "marches_clauses_generateurs": _Cle(
        "Marchés générateurs", "marches_clauses_generateurs", "marchés", "d’au moins une heure"
    ),
    "equivalents_temps_plein": _Cle(
        "En temps plein", "equivalents_temps_plein", "ETP", "à {heures_par_etp} heures", 1
    ),
    "cumul": _Cle("Cumul", HEURES, "heures", ""),
    "entrees": _Cle("Nouveaux bénéficiaires", "entrees", "personnes", "entrés dans la période"),
    "part_residents": _Cle("Y habitent", "part_residents", "%", "des personnes employées sur place", 1),
    "part_qpv": _Cle("En QPV", "part_qpv", "%", "des bénéficiaires qui y habitent", 1),
    "part_travailleurs_handicapes": _Cle(
        "Travailleurs handicapés", "part_travailleurs_handicapes", "%", "des bénéficiaires", 1
    ),
    "contrats_signes": _Cle("Contrats signés", "contrats_signes", "contrats", "dans la période"),
    "part_contrats_siae": _Cle("Dans les SIAE", "part_contrats_siae", "%", "des contrats", 1),
    "part_contrats_geiq": _Cle("Dans les GEIQ", "part_contrats_geiq", "%", "des contrats", 1),
    "part_contrats_stpa": _Cle("Secteur adapté", "part_contrats_stpa", "%", "et protégé, des contrats", 1),
    "acces_a_la_formation": _Cle("Formés", "acces_a_la_formation", "%", "des bénéficiaires", 1),
    "marches_notifies": _Cle("Marchés notifiés", "marches_notifies", "marchés", "exécutés sur place"),
    "part_marches_considerations": _Cle(
        "Considération sociale", "part_marches_considerations", "%", "des marchés renseignés", 1
    ),
    "part_montant_considerations": _Cle(
        "En montant", "part_montant_considerations", "%", "de ces marchés", 1
    ),
    "marches_reserves": _Cle("Marchés réservés", "marches_reserves", "marchés", "notifiés"),
    "part_marches_reserves": _Cle("Part réservée", "part_marches_reserves", "%", "des marchés renseignés", 1),
    "heures_engagees": _Cle("Heures engagées", "heures_engagees", "h", "marchés clausés notifiés"),
    "heures_par_marche": _Cle("Par marché clausé", "heures_par_marche", "h", "engagées en moyenne"),
    "marches_clauses_actifs": _Cle("Marchés clausés", "marches_clauses_actifs", "marchés", "en cours"),
    "reste_a_realiser": _Cle("À réaliser", "reste_a_realiser", "h", "par les clauses en cours"),
    "taux_realisation": _Cle("Réalisé", "taux_realisation", "%", "de l’engagé, clauses soldées", 1),
    "marches_projets": _Cle("Grands projets", "marches_projets", "marchés", "notifiés depuis l’origine"),
    "couverture_projets": _Cle("Suivis", "couverture_projets", "%", "de ces marchés", 1),
    "part_heures_reservees": _Cle("Heures réservées", "part_heures_reservees", "%", "à l’insertion", 1),
    "part_projets_conformes": _Cle(
        "Obligation atteinte", "part_projets_conformes", "%", "des marchés évalués", 1
    ),
    "part_pme_projets": _Cle("Confié à des PME", "part_pme_projets", "%", "du montant", 1),
    "part_projets_pme_conformes": _Cle(
        "Part PME atteinte", "part_projets_pme_conformes", "%", "des marchés évalués", 1
    ),
}
"""Les chiffres clés qu'une fiche peut montrer, par leur nom dans `publics.toml`."""

GENERALE = (
    "heures_realisees",
    "cumul",
    "beneficiaires",
    "contrats_actifs",
    "marches_clauses_generateurs",
    "equivalents_temps_plein",
)


def bande(contexte: Contexte, noms: Sequence[str] = GENERALE) -> Chiffres:
    """Rend des chiffres clés, dans l'ordre demandé ; par défaut ceux de la fiche générale.

    Dans la fiche d'un public, un chiffre que le plan ne publie pas au trimestre vient de la période la plus
    courte qui l'ait, et le dit ; la fiche générale s'en tient au trimestre.

    Raises:
        PublicationError: un nom n'est pas dans `CLES`.
    """
    ailleurs = tuple(noms) != GENERALE
    return Chiffres(
        [
            _cumul(contexte) if nom == "cumul" else _chiffre(contexte, _cle(nom), ailleurs=ailleurs)
            for nom in noms
        ]
    )


def _cle(nom: str) -> _Cle:
    if nom not in CLES:
        raise PublicationError(f"Chiffre clé inconnu : « {nom} ».", suggestion(nom, CLES))
    return CLES[nom]


def chiffrer(cellule: Cellule, unite: str, decimales: int = 0) -> tuple[str, str]:
    """Rend la valeur écrite et son unité ; ce qui n'est pas publié n'en a pas."""
    return ecrire(cellule, decimales), unite if cellule.nombre is not None else ""


def ecrire(cellule: Cellule, decimales: int = 0) -> str:
    """Rend un nombre en toutes lettres tant qu'il tient dans sa case."""
    trop_long = cellule.nombre is not None and cellule.nombre >= _GRAND
    return grand_nombre(cellule) if trop_long else decimal(cellule, decimales)


def _chiffre(contexte: Contexte, cle: _Cle, *, ailleurs: bool) -> Chiffre:
    vue = contexte.etat(cle.indicateur).donnant(cle.indicateur) if ailleurs else contexte
    precision = cle.precision.format(heures_par_etp=entier(contexte.parametre("heures_par_etp")))
    if vue.periode != contexte.periode:
        precision = f"{precision}, {vue.quand_court}"
    return Chiffre(
        cle.libelle if contexte.periode.rythme == "trimestre" else cle.libelle.replace(*_EN_ANNEE),
        *chiffrer(vue.lire(cle.indicateur), cle.unite, cle.decimales),
        _un_an_avant(contexte, cle) if vue.periode == contexte.periode else "",
        precision,
    )


def _un_an_avant(contexte: Contexte, cle: _Cle) -> str:
    """L'évolution sur un an ; si elle n'est pas significative, la valeur d'alors telle quelle."""
    change = contexte.comparer(cle.indicateur)
    if change.nombre is not None:
        ecrite = points(change) if cle.unite == "%" else evolution(change)
        return phrases.EN_UN_AN.format(evolution=ecrite)
    if change.statut != NON_SIGNIFICATIF:
        return ""
    avant = contexte.lire(cle.indicateur, periode=contexte.periode.an_precedent)
    if avant.nombre is None:
        return ""
    ecrite = pct(avant) if cle.unite == "%" else ecrire(avant, cle.decimales)
    return phrases.UN_AN_AVANT.format(valeur=ecrite)


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
