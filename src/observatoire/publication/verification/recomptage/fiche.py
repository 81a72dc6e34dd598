"""Ce qui recompte chaque bloc d'une fiche, et les avis qui en remplacent un."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from observatoire.publication.verification.recomptage import methode
from observatoire.publication.verification.recomptage.attendu import Attendu, Forme, Recompte
from observatoire.publication.verification.recomptage.declarations import (
    BANDES,
    FIGURES,
    SORTIES,
    SORTIES_AILLEURS,
    d_un_programme,
)
from observatoire.publication.verification.recomptage.nombres import ecrire

if TYPE_CHECKING:
    from observatoire.perimetre import Programme
    from observatoire.publication.deroule import Bloc
    from observatoire.publication.verification.recomptage.vue import Vue

REFUS = "les indicateurs ont de quoi remplir ce que cet avis remplace"
Declares = dict[str, Recompte]
"""Les blocs d'une fiche : l'identifiant d'une figure, le titre d'une bande."""


def declares(programme: Programme | None) -> Declares:
    """Rend les blocs que peut montrer la fiche d'un territoire, ou d'un grand programme."""
    return FIGURES | BANDES | (d_un_programme(programme) if programme else {})


def recompte_de(bloc: Bloc, connus: Declares) -> Recompte | None:
    """Rend ce qui recompte un bloc ; `None` si rien ne le déclare."""
    nommes = {"figure": "id", "chiffres": "titre"}
    if bloc["genre"] in nommes:
        return connus.get(bloc[nommes[bloc["genre"]]])
    autres: dict[str, Recompte] = {
        "entete": methode.entete,
        "methode": methode.boite,
        "avis": partial(avis, connus),
        "titre": muet,
        "texte": muet,
        "liste": muet,
    }
    return autres.get(bloc["genre"])


def muet(vue: Vue, bloc: Bloc) -> Attendu:
    """Recompte un texte du notebook : il vaut pour tous les documents et ne dit aucun nombre."""
    return Attendu()


def remplacee(bloc: Bloc, connus: Declares) -> Forme | None:
    """Rend le bloc qu'un avis remplace ; `None` s'il n'en nomme aucun."""
    formes = [forme for forme in connus.values() if isinstance(forme, Forme)]
    texte = bloc["texte"].replace(SORTIES_AILLEURS, SORTIES.titre)
    return next((forme for forme in formes if texte.startswith(forme.titre)), None)


def avis(connus: Declares, vue: Vue, bloc: Bloc) -> Attendu | None:
    """Recompte un avis : ce qu'il remplace ne se publie pas, et ses nombres sont ceux de l'ensemble."""
    forme = remplacee(bloc, connus)
    if forme is None:
        return None
    if forme is SORTIES and not forme.publiee(vue):
        return SORTIES.a_defaut(vue)
    vues = [vue, vue.a(vue.periode.quatre_trimestres), vue.a(vue.derniere_annee)]
    ensembles = {ecrire(v.une(forme.indicateur)) for v in vues}
    phrases = {mot for v in vues for mot in v.phrases}
    refus = REFUS if forme.publiee(vue) else ""
    return Attendu(nombres=ensembles | vue.minimums(), phrases=phrases, refus=refus)
