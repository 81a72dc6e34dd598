"""Les séries : trimestres d'un indicateur, années de plusieurs, heures qu'un programme réserve."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from observatoire.perimetre import Periode
from observatoire.publication.verification.recomptage.attendu import Attendu
from observatoire.publication.verification.recomptage.nombres import (
    SANS_OBJET,
    Compte,
    ecrire,
    etiqueter,
    mesurer,
    pct,
    rapporter,
)
from observatoire.publication.verification.recomptage.tables import CHAMP_CONSTANT
from observatoire.publication.verification.recomptage.vue import Vue, courte
from observatoire.referentiel import ENSEMBLE

if TYPE_CHECKING:
    from observatoire.publication.deroule import Bloc

_RANGS = (1, 2, 3, 4)
_COLONNES = ["Année", *(f"T{rang}" for rang in _RANGS)]
_ANNEES = 5
_CENT = Decimal(100)


def tendance(vue: Vue) -> list[Periode]:
    """Rend les trimestres d'une série, du plus ancien à celui du document, ou au dernier de l'année."""
    combien = int(vue.tables.config.reglages["fiches"]["trimestres_de_tendance"])
    return Periode(vue.periode.annee, vue.periode.trimestre or 4).jusqu_ici(combien)


def mots(periodes: list[Periode]) -> set[str]:
    """Rend les écritures des périodes d'une série, rangs et années compris."""
    libelles = {periode.libelle for periode in periodes}
    rangs = {f"T{rang}" for rang in _RANGS} | {libelle.rsplit(" ", 1)[0] for libelle in libelles}
    return libelles | rangs | {str(periode.annee) for periode in periodes}


@dataclass(frozen=True)
class Tendance:
    """Une ligne par année, une colonne par trimestre jusqu'à celui du document."""

    titre: str
    indicateur: str
    ventilation: str = ENSEMBLE
    modalite: str = ENSEMBLE

    def publiee(self, vue: Vue) -> bool:
        """Dit si les tables ont de quoi remplir la figure."""
        return any(self._lire(vue, periode) != "n.d." for periode in tendance(vue))

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu:
        """Recompte la figure."""
        periodes = tendance(vue)
        series = [self._lire(vue, periode) for periode in periodes]
        lignes = [
            [str(annee), *(self._case(vue, Periode(annee, rang)) for rang in _RANGS)]
            for annee in range(periodes[0].annee, vue.periode.annee + 1)
        ]
        nombres = _autour(vue, self.indicateur)
        longue = vue.a(vue.periode.quatre_trimestres)
        phrases = mots(periodes) | longue.phrases | vue.phrases | vue.champ(self.indicateur)
        return Attendu(lignes, _COLONNES, nombres, phrases, etiqueter(series))

    def _lire(self, vue: Vue, periode: Periode) -> Compte:
        return vue.a(periode).une(self.indicateur, self.ventilation, self.modalite)

    def _case(self, vue: Vue, periode: Periode) -> str:
        """Un trimestre à venir est sans objet ; un programme n'a rien non plus avant sa série."""
        avant = self.modalite != ENSEMBLE and periode < tendance(vue)[0]
        return SANS_OBJET if periode > vue.periode or avant else ecrire(self._lire(vue, periode))


def _autour(vue: Vue, indicateur: str) -> set[str]:
    """Ce que disent les textes : l'évolution, la part des grands projets, l'évolution à champ constant."""
    lue = courte(vue, indicateur, "programme")
    projets = rapporter(lue.une(indicateur, "programme", "GP"), lue.une(indicateur))
    cle = (vue.territoire, str(vue.periode), indicateur, CHAMP_CONSTANT)
    statut, _, ecart, couverture = vue.tables.evolutions.get(cle, ("", "", 0.0, 0.0))
    constants = {pct(Decimal(str(n))) for n in (ecart, couverture) if statut == "publie"}
    return {vue.evolution(indicateur), pct(projets), *constants}


def trimestres(indicateur: str, vue: Vue, bloc: Bloc) -> Attendu:
    """Recompte une ligne par année, ses quatre trimestres, puis l'année entière."""
    unite, periodes = vue.tables.decrire(indicateur, "unite"), tendance(vue)
    lignes = []
    for annee in dict.fromkeys(periode.annee for periode in periodes):
        toutes = [*(Periode(annee, rang) for rang in _RANGS), Periode(annee)]
        lignes.append([str(annee), *(mesurer(vue.a(p).une(indicateur), unite) for p in toutes)])
    etiquettes = etiqueter(vue.a(p).une(indicateur) for p in periodes)
    phrases = mots(periodes) | vue.phrases | vue.champ(indicateur)
    colonnes = [*_COLONNES, "Ensemble"]
    return Attendu(lignes, colonnes, evolutions(vue, indicateur), phrases, etiquettes)


def evolutions(vue: Vue, indicateur: str) -> set[str]:
    """Rend les écritures de l'évolution d'un indicateur ; au-delà du double, son facteur."""
    ecart, en_points = vue.ecart(indicateur)
    facteur = ""
    if isinstance(ecart, Decimal) and not en_points and ecart >= _CENT:
        facteur = ecrire(1 + ecart / _CENT, 1).removesuffix(",0")
    return {vue.evolution(indicateur), facteur}


def annees(vue: Vue, bloc: Bloc) -> Attendu | None:
    """Recompte plusieurs indicateurs sur les dernières années publiées, et leur évolution."""
    noms = [vue.tables.par_libelle.get(ligne[0].partition(" (")[0], "") for ligne in bloc["lignes"]]
    if not all(noms):
        return None
    vues = [vue.a(Periode(vue.periode.annee - pas)) for pas in range(_ANNEES - 1, -1, -1)]
    presentes = [v for v in vues if any(v.une(nom) != "n.d." for nom in noms)]
    lignes = []
    for nom, (libelle, *_) in zip(noms, bloc["lignes"], strict=True):
        unite = vue.tables.decrire(nom, "unite")
        valeurs = [mesurer(v.une(nom), unite) for v in presentes]
        lignes.append([libelle, *valeurs, vue.evolution(nom)])
    colonnes = ["Indicateur", *(str(v.periode) for v in presentes), "Évolution"]
    return Attendu(lignes, colonnes, phrases=vue.phrases)
