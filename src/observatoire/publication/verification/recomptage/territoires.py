"""Les territoires côte à côte : cartes, comparaisons, tableaux complets, part couverte par le secret."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from observatoire.perimetre import NIVEAUX, Territoire
from observatoire.publication.charte import CHARTE
from observatoire.publication.contours import a_des_contours, lire_contours
from observatoire.publication.verification.recomptage.attendu import Attendu
from observatoire.publication.verification.recomptage.nombres import (
    SANS_OBJET,
    ecrire,
    mesurer,
    pct,
    rapporter,
)
from observatoire.publication.verification.recomptage.vue import REGION
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
    phrases = _noms(vue, niveau)
    tus = str(sum(isinstance(v.une(noms[0]), str) for v in vues))  # ce que dit l'alternative d'une carte
    limites = [str(limite) for limite in CHARTE["limites"].get(noms[0], [])]
    return Attendu(lignes, [], {tus}, phrases | vue.champ(noms[0]), [*limites, *limites])


def _noms(vue: Vue, niveau: str) -> set[str]:
    """Les écritures des territoires d'un niveau, de la période et de leurs contours."""
    lieux, config = Territoire.tous(niveau), vue.tables.config
    contours = {lire_contours(config, niveau).attribution} if a_des_contours(config, niveau) else set()
    return {mot for lieu in lieux for mot in (*vue.chez(str(lieu)).phrases, lieu.code)} | contours


@dataclass(frozen=True)
class Voisins:
    """Les territoires de même niveau, ce qu'ils comptent, leur part dans la région, puis celle-ci."""

    titre: str
    indicateur: str

    def publiee(self, vue: Vue) -> bool:
        """Dit si les tables ont de quoi remplir la figure."""
        return any(v.une(self.indicateur) != "n.d." for v in self._vues(vue).values())

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu:
        """Recompte la figure."""
        region, vues = vue.chez(REGION).une(self.indicateur), self._vues(vue)
        comptes = {lieu: v.une(self.indicateur) for lieu, v in vues.items()}
        lignes = [[lieu.nom_long, ecrire(n), pct(rapporter(n, region))] for lieu, n in comptes.items()]
        tus = str(sum(isinstance(n, str) for n in comptes.values()))
        phrases = _noms(vue, self._niveau(vue)) | vue.phrases | vue.champ(self.indicateur)
        total = ["Île-de-France", ecrire(region), SANS_OBJET]
        return Attendu([*lignes, total], [], {tus}, phrases)

    def _niveau(self, vue: Vue) -> str:
        return "ept" if vue.territoire.startswith("ept:") else "dep"

    def _vues(self, vue: Vue) -> dict[Territoire, Vue]:
        return {lieu: vue.chez(str(lieu)) for lieu in Territoire.tous(self._niveau(vue))}


def pentes(niveau: str, nom: str, vue: Vue, bloc: Bloc) -> Attendu | None:
    """Recompte deux années, l'évolution de l'une à l'autre, les personnes des bases, d'autres indicateurs."""
    annees = [str(vue.periode.an_precedent), str(vue.periode)]
    bases = [] if vue.base(nom) is None else [f"Base {annee}" for annee in annees]
    fixes = ["Territoire", *annees, "Évolution", *bases]
    libelles = bloc["colonnes"][len(fixes) :]
    if not {*libelles} <= {*vue.tables.par_libelle}:
        return None
    autres = [vue.tables.par_libelle[libelle] for libelle in libelles]
    lignes = [
        [lieu.nom_long, *_pente(vue.chez(str(lieu)), nom, autres)] for lieu in Territoire.tous(niveau, "reg")
    ]
    phrases = _noms(vue, niveau) | vue.phrases | vue.an_precedent.phrases | vue.champ(nom)
    return Attendu(lignes, [*fixes, *libelles], phrases=phrases)


def _pente(vue: Vue, nom: str, autres: list[str]) -> list[str]:
    """Une évolution publiée se tait si l'une de ses bases est trop petite."""
    vues, minimum = [vue.an_precedent, vue], vue.parametre("base_minimale_evolution")
    bases = [base for v in vues if (base := v.base(nom)) is not None]
    petite = any(isinstance(base, str) or base < minimum for base in bases)
    tue = petite and isinstance(vue.ecart(nom)[0], Decimal)
    cles = [*((v, nom) for v in vues), *((vue, autre) for autre in autres)]
    avant, apres, *reste = (mesurer(v.une(i), vue.tables.decrire(i, "unite")) for v, i in cles)
    return [avant, apres, "n.s." if tue else vue.evolution(nom), *map(ecrire, bases), *reste]


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
