"""Ce qui recompte chaque bloc du rapport annuel : son identifiant dit son indicateur et sa ventilation.

Les figures des fiches y gardent leur nom, précédé du département dans une double page.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from observatoire.publication.verification.recomptage import annexes, methode, series, territoires
from observatoire.publication.verification.recomptage.attendu import Attendu, Recompte
from observatoire.publication.verification.recomptage.bandes import du_catalogue
from observatoire.publication.verification.recomptage.declarations import (
    CONTRATS,
    FIGURES,
    RESIDENCE,
    SORTIES,
)
from observatoire.publication.verification.recomptage.fiche import REFUS, avis, muet, remplacee
from observatoire.publication.verification.recomptage.nombres import mesurer, resserrer
from observatoire.publication.verification.recomptage.ventilees import Croisement, Repartie, Taux
from observatoire.publication.verification.recomptage.vue import telle
from observatoire.referentiel import ventilations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from observatoire.publication.deroule import Bloc
    from observatoire.publication.verification.recomptage.tables import Tables
    from observatoire.publication.verification.recomptage.vue import Vue

_A_CE_JOUR = ("structures_implantees",)
"""Les indicateurs dont seul l'état présent est connu : celui du dernier trimestre publié."""

_DES_FICHES: dict[str, Recompte] = FIGURES | {
    "residence": RESIDENCE,
    "contrats-par-type": replace(CONTRATS, citee=""),
}
"""Une double page n'a ni le repli de la résidence, ni la note des employeurs."""

_ANNEXES: dict[str, Recompte] = {
    "secret": territoires.secret,
    "regimes": annexes.regimes,
    "regles": annexes.regles,
    "plan": annexes.plan,
    "revisions": annexes.revisions,
}


def declares(tables: Tables) -> dict[str, Recompte]:
    """Rend les figures et les tableaux que peut montrer un rapport, par leur identifiant."""
    connus: dict[str, Recompte] = {f"codes-{_nom(v)}": partial(annexes.codes, v) for v in ventilations()}
    for indicateur in map(str, tables.catalogue.index):
        nom = _nom(indicateur)
        connus[f"{nom}-trimestres"] = partial(series.trimestres, indicateur)
        connus[f"annees-{nom}"] = series.annees
        for genre in ("carte", "territoires"):
            for niveau in ("dep", "ept"):
                connus[f"{genre}-{niveau}-{nom}"] = partial(_de_territoires, niveau, indicateur)
        for niveau in ("dep", "ept"):
            connus[f"pentes-{niveau}-{nom}"] = partial(territoires.pentes, niveau, indicateur)
        for ventilation in filter(None, tables.decrire(indicateur, "ventilations").split("|")):
            cle = (indicateur, ventilation)
            connus[f"matrice-{nom}-{_nom(ventilation)}"] = partial(_matrice, *cle)
            connus[f"{nom}-{_nom(ventilation)}"] = partial(_par_modalite, *cle)
    return connus | _DES_FICHES | _ANNEXES


def _nom(code: str) -> str:
    return code.replace("_", "-")


def recompte_de(bloc: Bloc, connus: dict[str, Recompte]) -> Recompte | None:
    """Rend ce qui recompte un bloc ; `None` si rien ne le déclare."""
    if bloc["genre"] in ("figure", "tableau"):
        return connus.get(re.sub(r"^dep-\d\d-", "", bloc["id"]))
    bande = SORTIES if bloc.get("titre") == SORTIES.titre else du_catalogue
    autres: dict[str, Recompte] = {
        "chiffres": bande,
        "texte": _phrases,
        "avis": _avis,
        "methode": methode.boite,
        "definitions": annexes.definitions,
        "titre": _titre,
        "liste": muet,
    }
    return autres.get(bloc["genre"])


def _titre(vue: Vue, bloc: Bloc) -> Attendu:
    """Un titre ne dit de nombre que celui du territoire dont il ouvre la double page."""
    return Attendu(phrases=vue.phrases)


def _a_ce_jour(vue: Vue, indicateur: str) -> Vue:
    dernier = vue.tables.dernier_trimestre if indicateur in _A_CE_JOUR else None
    return vue.a(dernier) if dernier else vue


def _a_sa_date(vue: Vue, indicateur: str) -> Vue:
    """La vue à l'année du rapport ; un stock est à sa fin, une liste à ce jour."""
    return _a_ce_jour(vue, indicateur).etat(indicateur)


def _matrice(indicateur: str, ventilation: str, vue: Vue, bloc: Bloc) -> Attendu:
    return territoires.matrice(_a_ce_jour(vue, indicateur), indicateur, ventilation)


def _par_modalite(indicateur: str, ventilation: str, vue: Vue, bloc: Bloc) -> Attendu:
    """Un rapport, un croisement ou une répartition : le catalogue dit lequel."""
    lue, decrire = _a_sa_date(vue, indicateur), vue.tables.decrire
    if decrire(indicateur, "unite") == "%" or decrire(indicateur, "numerateur"):
        seul = Taux(indicateur, ventilation, quand=telle, compare=False)
        return seul(lue, bloc)
    forme = Croisement if len(ventilations()[ventilation].axes) > 1 else Repartie
    return forme(indicateur, ventilation)(lue, bloc)


def _de_territoires(niveau: str, premier: str, vue: Vue, bloc: Bloc) -> Attendu | None:
    """Une colonne par indicateur : le premier est dans l'identifiant, les autres dans les en-têtes."""
    par_libelle = vue.tables.par_libelle
    autres = [par_libelle.get(nom.removesuffix(" (h)"), "") for nom in bloc["colonnes"][2:]]
    return territoires.comparer(_a_sa_date(vue, premier), niveau, [premier, *autres]) if all(autres) else None


def _avis(vue: Vue, bloc: Bloc) -> Attendu | None:
    """Un avis remplace une figure des fiches, ou celle d'un indicateur du catalogue par une ventilation."""
    connus = _DES_FICHES | {SORTIES.titre: SORTIES}
    if remplacee(bloc, connus):
        return avis(connus, vue, bloc)
    publiees = [
        cle for cle in _nommees(vue, bloc) if {*_a_sa_date(vue, cle[0]).tranche(*cle).values()} - {"n.d."}
    ]
    return replace(_phrases(vue, bloc), refus=REFUS if publiees else "")


def _nommees(vue: Vue, bloc: Bloc) -> Iterator[tuple[str, str]]:
    """L'indicateur et la ventilation que dit le début d'un avis."""
    dit = resserrer(bloc["texte"]).replace(" :", ",").lower()
    for nom in _cites(vue, [bloc["texte"]]):
        for ventilation in filter(None, vue.tables.decrire(nom, "ventilations").split("|")):
            titre = f"{vue.tables.decrire(nom, 'libelle')}, {ventilations()[ventilation].libelle}, "
            if dit.startswith(titre.lower()):
                yield nom, ventilation


def _phrases(vue: Vue, bloc: Bloc) -> Attendu:
    """Les phrases qui commencent par un libellé du catalogue disent sa valeur et son évolution.

    Les autres sont d'un notebook ou du plan de publication : aucun nombre, sinon les effectifs du plan.
    """
    noms = [*_cites(vue, bloc.get("paragraphes") or [bloc["texte"]])]
    lues = [(v, nom) for nom in noms for v in (vue, vue.etat(nom))]
    valeurs = {mesurer(v.une(nom), vue.tables.decrire(nom, "unite")) for v, nom in lues}
    evolutions = {dite for nom in noms for dite in series.evolutions(vue, nom)}
    phrases = {mot for v, nom in lues for mot in v.phrases | v.champ(nom)}
    mots = {*vue.tables.par_libelle, *(v.libelle for v in ventilations().values())}
    return Attendu(nombres=valeurs | evolutions | vue.minimums(), phrases=phrases | vue.phrases | mots)


def _cites(vue: Vue, textes: list[str]) -> Iterator[str]:
    for texte in textes:
        libelles = [libelle for libelle in vue.tables.par_libelle if texte.startswith(libelle)]
        if libelles:
            yield vue.tables.par_libelle[max(libelles, key=len)]
