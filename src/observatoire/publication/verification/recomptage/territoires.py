"""Les territoires côte à côte : cartes, comparaisons, tableaux complets, part couverte par le secret."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from observatoire.perimetre import NIVEAUX, Territoire
from observatoire.publication.charte import CHARTE
from observatoire.publication.contours import a_des_contours, lire_contours
from observatoire.publication.verification.recomptage.attendu import Attendu
from observatoire.publication.verification.recomptage.nombres import ecrire, mesurer, pct, rapporter
from observatoire.referentiel import ventilations

if TYPE_CHECKING:
    from observatoire.publication.deroule import Bloc
    from observatoire.publication.verification.recomptage.vue import Vue

_TOUS = ("reg", "dep", "ept")


def comparer(vue: Vue, niveau: str, noms: list[str]) -> Attendu:
    """Recompte un tableau d'une ligne par territoire et d'une colonne par indicateur, carte ou barres.

    La période est celle du premier indicateur : un stock n'a pas d'année.
    """
    lieux = Territoire.tous(niveau)
    vues = [vue.chez(str(lieu)).etat(noms[0]) for lieu in lieux]
    unites = [vue.tables.decrire(nom, "unite") for nom in noms]
    lignes = [
        [lieu.nom_long, *(mesurer(v.une(nom), unite) for nom, unite in zip(noms, unites, strict=True))]
        for lieu, v in zip(lieux, vues, strict=True)
    ]
    config = vue.tables.config
    contours = {lire_contours(config, niveau).attribution} if a_des_contours(config, niveau) else set()
    phrases = {mot for v in vues for mot in v.phrases} | {lieu.code for lieu in lieux} | contours
    tus = str(sum(isinstance(v.une(noms[0]), str) for v in vues))  # ce que dit l'alternative d'une carte
    limites = [str(limite) for limite in CHARTE["limites"].get(noms[0], [])]
    return Attendu(lignes, [], {tus}, phrases | vue.champ(noms[0]), [*limites, *limites])


def matrice(vue: Vue, indicateur: str, ventilation: str) -> Attendu:
    """Recompte le tableau complet d'une ventilation : une ligne par territoire qui la publie."""
    libelles = ventilations()[ventilation].libelles
    lieux = [(lieu, vue.chez(str(lieu))) for lieu in Territoire.tous(*_TOUS)]
    detailles = [(lieu, v) for lieu, v in lieux if v.tranche(indicateur, ventilation)]
    codes = [c for c in libelles if any(v.une(indicateur, ventilation, c) != "n.d." for _, v in detailles)]
    lignes = [
        [
            lieu.nom_long,
            *(ecrire(v.une(indicateur, ventilation, code)) for code in codes),
            ecrire(v.une(indicateur)),
        ]
        for lieu, v in detailles
    ]
    noms = ["Non renseigné" if code == "NR" else libelles[code] for code in codes]
    return Attendu(lignes, ["Territoire", *noms, "Ensemble"], phrases=vue.phrases | vue.champ(indicateur))


def secret(vue: Vue, bloc: Bloc) -> Attendu:
    """Recompte ce que le secret cache de l'année, par niveau : les cellules de `valeurs`, par statut."""
    lignes = []
    for niveau, nom in NIVEAUX.items():
        lieux = Territoire.tous(niveau) if niveau in _TOUS else []
        comptes = [vue.tables.compter(str(lieu), {str(vue.periode)}) for lieu in lieux]
        secretes, publiees = (Decimal(sum(c[rang] for c in comptes)) for rang in (1, 2))
        if total := secretes + publiees:
            lignes.append([nom, ecrire(total), ecrire(secretes), pct(rapporter(secretes, total))])
    return Attendu(lignes, phrases=vue.phrases)
