"""Un territoire à une période : ses comptes, leurs parts, et la période où une ventilation se publie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from observatoire.perimetre import Periode, Territoire
from observatoire.publication.verification.recomptage.nombres import (
    Compte,
    ecrire,
    jour,
    pct,
    plus_fort,
    rapporter,
    retrancher,
    signer,
    sommer,
)
from observatoire.publication.verification.recomptage.tables import AN_PRECEDENT
from observatoire.referentiel import ENSEMBLE, NON_RENSEIGNE, nomenclature, ventilations

if TYPE_CHECKING:
    from observatoire.publication.verification.recomptage.tables import Tables

REGION = "reg:11"


@dataclass(frozen=True)
class Vue:
    """Ce qui est publié d'un territoire à une période."""

    tables: Tables
    territoire: str
    periode: Periode

    def a(self, periode: Periode) -> Self:
        """Rend le même territoire à une autre période."""
        return replace(self, periode=periode)

    def chez(self, territoire: str) -> Self:
        """Rend un autre territoire à la même période."""
        return replace(self, territoire=territoire)

    @property
    def est_region(self) -> bool:
        """Vrai pour la région, qui ne se compare pas à elle-même."""
        return self.territoire == REGION

    # ── Les comptes ──

    def tranche(self, indicateur: str, ventilation: str) -> dict[str, Compte]:
        """Rend les modalités publiées d'un indicateur, secrets compris."""
        return self.tables.tranche(self.territoire, (str(self.periode), indicateur, ventilation))

    def une(self, indicateur: str, ventilation: str = ENSEMBLE, modalite: str = ENSEMBLE) -> Compte:
        """Rend une cellule, « n.d. » si la table ne l'a pas."""
        return self.tranche(indicateur, ventilation).get(modalite, "n.d.")

    def codes(self, indicateur: str, ventilation: str) -> list[str]:
        """Rend les modalités de la table, à défaut toutes celles du référentiel, dans son ordre."""
        presentes, toutes = self.tranche(indicateur, ventilation), ventilations()[ventilation].libelles
        return [code for code in toutes if code in presentes] or list(toutes)

    def effectif(self, indicateur: str, ventilation: str, codes: list[str]) -> Compte:
        """Rend la somme de plusieurs modalités ; un seul secret la rend secrète."""
        connus = self.codes(indicateur, ventilation)
        return sommer(self.une(indicateur, ventilation, code) for code in codes if code in connus)

    def taux_nr(self, indicateur: str, ventilation: str) -> Compte:
        """Rend la part du non-renseigné dans l'ensemble, en %."""
        return rapporter(self.une(indicateur, ventilation, NON_RENSEIGNE), self.une(indicateur))

    def trop_de_nr(self, indicateur: str, ventilation: str) -> bool:
        """Dit si le non-renseigné ôte leur sens aux parts."""
        taux = self.taux_nr(indicateur, ventilation)
        return isinstance(taux, Decimal) and taux > self.parametre("seuil_retrait_non_renseigne_pct")

    def renseigne(self, indicateur: str, ventilation: str) -> Compte:
        """Rend ce à quoi se rapportent les parts : l'ensemble, moins le non-renseigné s'il est publié."""
        inconnus = self.une(indicateur, ventilation, NON_RENSEIGNE)
        tout = self.une(indicateur)
        return tout if isinstance(inconnus, str) else retrancher(tout, inconnus)

    def part(self, indicateur: str, ventilation: str, codes: list[str]) -> Compte:
        """Rend la part de modalités réunies dans le renseigné, en %."""
        effectif = self.effectif(indicateur, ventilation, codes)
        part = rapporter(effectif, self.renseigne(indicateur, ventilation))
        trop = isinstance(part, Decimal) and self.trop_de_nr(indicateur, ventilation)
        return "n.s." if trop else part

    def base(self, indicateur: str) -> Compte | None:
        """Rend les personnes au dénominateur d'une part ; `None` si ce qu'il compte n'en est pas."""
        nom, _, tranche = self.tables.decrire(indicateur, "denominateur").partition(".")
        if nom not in self.tables.catalogue.index or self.tables.decrire(nom, "unite") != "personnes":
            return None
        ventilation, _, codes = tranche.partition("=")
        return (
            sommer(self.une(nom, ventilation, code) for code in codes.split("|"))
            if tranche
            else self.une(nom)
        )

    # ── L'évolution ──

    @property
    def an_precedent(self) -> Self:
        """Le même territoire un an plus tôt."""
        return self.a(self.periode.an_precedent)

    def ecart(self, indicateur: str) -> tuple[Compte, bool]:
        """Rend l'évolution d'un ensemble sur un an, et vrai si elle est en points.

        `comparaisons` décide si elle se publie ; le nombre se recalcule des deux valeurs publiées.
        """
        cle = (self.territoire, str(self.periode), indicateur, AN_PRECEDENT)
        statut, unite, *_ = self.tables.evolutions.get(cle, ("non_disponible", "", 0.0, 0.0))
        if statut != "publie":
            return {"non_significatif": "n.s."}.get(statut, plus_fort()), False
        maintenant, avant = self.une(indicateur), self.an_precedent.une(indicateur)
        difference = retrancher(maintenant, avant)
        return (difference, True) if unite == "points" else (rapporter(difference, avant), False)

    def evolution(self, indicateur: str) -> str:
        """Rend l'évolution écrite ; « n.s. » si elle n'est pas significative, « – » si elle n'existe pas."""
        compte, en_points = self.ecart(indicateur)
        return "–" if compte == "n.d." else signer(compte, en_points=en_points)

    # ── La période ──

    def premiere(self, periodes: list[Periode], indicateur: str, ventilation: str) -> Self:
        """Rend la vue à la première période qui a cette ventilation, à défaut celle-ci."""
        vues = (self.a(periode) for periode in periodes)
        return next((vue for vue in vues if vue.tranche(indicateur, ventilation)), self)

    def etat(self, indicateur: str) -> Self:
        """Rend la vue, à la fin de l'année pour un stock que seuls les trimestres publient."""
        fin = Periode(self.periode.annee, self.periode.trimestre or 4)
        return self.premiere([self.periode, fin], indicateur, ENSEMBLE)

    def region(self, indicateur: str, ventilation: str) -> Self:
        """Rend la région à la même période, ou au trimestre si elle n'y est pas détaillée."""
        seul = Periode(self.periode.annee, self.periode.trimestre or 4)
        la_bas = self.chez(REGION)
        return la_bas if la_bas.tranche(indicateur, ventilation) else la_bas.a(seul)

    @property
    def derniere_annee(self) -> Periode:
        """La dernière année achevée."""
        return Periode(self.periode.annee if self.periode.trimestre in (4, None) else self.periode.annee - 1)

    # ── Ce qu'un texte peut en dire ──

    def parametre(self, nom: str) -> Any:
        """Rend un paramètre de méthode, à sa valeur à la fin de la période."""
        return self.tables.config.parametre(nom, self.periode.fin).valeur

    @cached_property
    def phrases(self) -> set[str]:
        """Les écritures du territoire, de la période et des grands programmes."""
        lieu, quand = Territoire.lire(self.territoire), self.periode
        dates = (quand.libelle, str(quand.annee), jour(quand.debut), jour(quand.fin))
        programmes = (modalite.libelle for modalite in nomenclature("programmes").values())
        return {lieu.nom, lieu.nom_long, lieu.locatif, *dates, *programmes}

    def champ(self, indicateur: str) -> set[str]:
        """Les textes du catalogue, qui ont leurs propres nombres."""
        lu = self.tables.decrire
        lecture = lu(indicateur, "lecture").partition("{valeur}")
        return {lu(indicateur, "champ"), lu(indicateur, "source"), lu(indicateur, "libelle"), lecture[2]}

    def minimums(self) -> set[str]:
        """Les effectifs du plan sous lesquels un territoire ne publie que ses totaux."""
        plan = self.tables.config.reglages.get("publication", {}).get("personnes_minimum", {})
        return {str(seuil) for rythmes in plan.values() for seuil in rythmes.values()}

    def dire_nr(self, indicateur: str, ventilation: str) -> set[str]:
        """Le taux de non-renseigné, et le seuil au-delà duquel une figure est retirée."""
        seuil = Decimal(str(self.parametre("seuil_retrait_non_renseigne_pct")))
        return {pct(self.taux_nr(indicateur, ventilation)), ecrire(seuil)}


Quand = Callable[[Vue, str, str], Vue]
"""Comment une figure choisit sa période, d'après ce que le plan publie d'elle."""


def telle(vue: Vue, indicateur: str, ventilation: str) -> Vue:
    """La période du document."""
    return vue


def courte(vue: Vue, indicateur: str, ventilation: str) -> Vue:
    """Le trimestre, à défaut les quatre qu'il achève."""
    return vue.premiere([vue.periode, vue.periode.quatre_trimestres], indicateur, ventilation)


def un_an(vue: Vue, indicateur: str, ventilation: str) -> Vue:
    """Les quatre trimestres, aux effectifs plus grands, à défaut celui du document."""
    return vue.premiere([vue.periode.quatre_trimestres, vue.periode], indicateur, ventilation)


def longue(vue: Vue, indicateur: str, ventilation: str) -> Vue:
    """Les quatre trimestres, à défaut celui du document, à défaut la dernière année achevée."""
    periodes = [vue.periode.quatre_trimestres, vue.periode, vue.derniere_annee]
    return vue.premiere(periodes, indicateur, ventilation)


def derniere(vue: Vue, indicateur: str, ventilation: str) -> Vue:
    """Le trimestre, à défaut les quatre qu'il achève, à défaut la dernière année achevée."""
    periodes = [vue.periode, vue.periode.quatre_trimestres, vue.derniere_annee]
    return vue.premiere(periodes, indicateur, ventilation)
