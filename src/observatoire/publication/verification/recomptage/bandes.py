"""Les bandes de chiffres : de quelle cellule vient chacun, à quelle période, et son évolution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from observatoire.perimetre import Periode
from observatoire.publication.verification.recomptage.attendu import Attendu
from observatoire.publication.verification.recomptage.nombres import (
    Compte,
    decimales_de,
    ecrire,
    en_case,
    pct,
    rapporter,
    retrancher,
    signer,
    sommer,
)
from observatoire.publication.verification.recomptage.vue import REGION, Vue, derniere
from observatoire.referentiel import ENSEMBLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from observatoire.publication.deroule import Bloc

HEURES, REPONSE = "heures_realisees", "taux_de_reponse_m6"
_TRIMESTRES = 8
_CUMUL = "Cumul "

Chiffres = dict[str, str]
"""L'indicateur de chaque libellé d'une bande."""

Lire = Callable[[Vue, str], Compte]
"""Ce qui lit la cellule d'un indicateur dans une vue."""


def _ensemble(vue: Vue, indicateur: str) -> Compte:
    return vue.une(indicateur)


def _decimales(vue: Vue, indicateur: str) -> int:
    return decimales_de(vue.tables.decrire(indicateur, "unite"))


def _ligne(libelle: str, vue: Vue, indicateur: str, evolution: str = "", lire: Lire = _ensemble) -> list[str]:
    return [libelle, en_case(lire(vue, indicateur), _decimales(vue, indicateur)), evolution]


def _entourer(
    lues: list[tuple[Vue, str]],
    lignes: list[list[str]],
    *,
    nombres: Iterable[str] = (),
    phrases: Iterable[str] = (),
) -> Attendu:
    """Une bande attendue, et ce que son pied peut dire de ses chiffres."""
    dits = {ecrire(vue.une(nom), _decimales(vue, nom)) for vue, nom in lues}
    mots = {mot for vue, nom in lues for mot in vue.phrases | vue.champ(nom)}
    return Attendu(lignes, nombres=dits.union(nombres), phrases=mots.union(phrases))


@dataclass(frozen=True)
class Cles:
    """Les chiffres clés d'une fiche et leur évolution sur un an.

    Attributes:
        chiffres: l'indicateur de chaque libellé.
        generale: les libellés de la fiche générale, qui s'en tient au trimestre ; celle d'un public prend
            chaque chiffre à la période la plus courte qui l'ait.
    """

    chiffres: Chiffres
    generale: tuple[str, ...]

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu | None:
        """Recompte la bande."""
        libelles = [chiffre["libelle"] for chiffre in bloc["chiffres"]]
        noms = [HEURES if x.startswith(_CUMUL) else self.chiffres.get(x, "") for x in libelles]
        if not all(noms):
            return None
        ailleurs = tuple(x.removesuffix(f" {vue.periode.annee}") for x in libelles) != self.generale
        lignes, vues = [], []
        for libelle, nom in zip(libelles, noms, strict=True):
            ici = derniere(vue.etat(nom), nom, ENSEMBLE) if ailleurs else vue
            cumul = libelle.startswith(_CUMUL)
            evolution = _sur_un_an(vue, nom) if ici.periode == vue.periode else ""
            lignes.append(_cumul(vue) if cumul else _ligne(libelle, ici, nom, evolution))
            vues.append((ici, nom))
        etp = {ecrire(Decimal(str(vue.parametre("heures_par_etp"))))}
        return _entourer(vues, lignes, nombres=etp, phrases=_rangs(vue))


def _rangs(vue: Vue) -> set[str]:
    """Ce qu'un cumul réunit : « T1 à T3 », « 2 trimestres publiés sur 3 »."""
    comptes = [v.une(HEURES) for v in _de_l_annee(vue)]
    publies = sum(isinstance(compte, Decimal) for compte in comptes)
    pluriel = "trimestres publiés" if publies >= 2 else "trimestre publié"
    complet = f"T1 à T{len(comptes)}" if len(comptes) > 1 else "T1"
    return {complet if publies == len(comptes) else f"{publies}\xa0{pluriel} sur {len(comptes)}"}


def _de_l_annee(vue: Vue) -> list[Vue]:
    """Les trimestres de l'année jusqu'à celui de la fiche."""
    return [vue.a(Periode(vue.periode.annee, rang)) for rang in range(1, (vue.periode.trimestre or 4) + 1)]


def _sur_un_an(vue: Vue, indicateur: str) -> str:
    """L'évolution si elle se dit ; si elle n'est pas significative, la valeur d'alors."""
    evolution = vue.evolution(indicateur)
    if evolution[:1] in "+−0123456789":
        return f"{evolution} en un an"
    avant = vue.an_precedent.une(indicateur)
    if evolution != "n.s." or isinstance(avant, str):
        return ""
    return _naguere(avant, vue.tables.decrire(indicateur, "unite"))


def _naguere(avant: Compte, unite: str) -> str:
    ecrit = pct(avant) if unite == "%" else en_case(avant, decimales_de(unite))
    return "" if isinstance(avant, str) else f"{ecrit} un an plus tôt"


def _cumul(vue: Vue) -> list[str]:
    """La somme des trimestres publiés ; son évolution ne porte que sur une année sans trou."""
    vues = _de_l_annee(vue)
    comptes, avant = [v.une(HEURES) for v in vues], sommer(v.an_precedent.une(HEURES) for v in vues)
    ecart = rapporter(retrancher(sommer(comptes), avant), avant)
    evolution = ""
    if isinstance(ecart, Decimal):
        dite = isinstance(vue.ecart(HEURES)[0], Decimal)
        evolution = f"{signer(ecart)} en un an" if dite else _naguere(avant, "h")
    somme = sommer([c for c in comptes if isinstance(c, Decimal)] or comptes)
    return [f"{_CUMUL}{vue.periode.annee}", en_case(somme), evolution]


@dataclass(frozen=True)
class Bande:
    """Des chiffres à la période la plus courte qui ait chacun ; `indicateur` est celui de la lecture."""

    titre: str
    indicateur: str
    chiffres: Chiffres

    def publiee(self, vue: Vue) -> bool:
        """Dit si les tables ont de quoi remplir la bande."""
        return any(derniere(vue, nom, ENSEMBLE).une(nom) != "n.d." for nom in self.chiffres.values())

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu:
        """Recompte la bande."""
        vues = {libelle: (derniere(vue, nom, ENSEMBLE), nom) for libelle, nom in self.chiffres.items()}
        lignes = [_ligne(libelle, *paire) for libelle, paire in vues.items()]
        return _entourer([*vues.values(), (vue, self.indicateur)], lignes)


@dataclass(frozen=True)
class Realisation:
    """L'engagé, le réalisé et le reste des clauses en cours, puis le taux de celles qui sont soldées.

    `programme` : celles de tous les grands projets, sans les soldées, dont `indicateur` est le taux.
    """

    titre: str
    chiffres: Chiffres
    programme: bool = False
    indicateur: str = "taux_realisation"

    def publiee(self, vue: Vue) -> bool:
        """Dit si les tables ont de quoi remplir la bande."""
        comptes = [self._lire(vue, nom) for nom in self.chiffres.values()]
        if self.programme:
            return {*comptes} != {"n.d."}
        return comptes[0] != "n.d." or self._soldees(vue).une(self.indicateur) != "n.d."

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu:
        """Recompte la bande."""
        lignes = [_ligne(libelle, vue, nom, lire=self._lire) for libelle, nom in self.chiffres.items()]
        if not self.programme:
            lignes.append(_ligne("Clauses soldées", self._soldees(vue), self.indicateur))
        return _entourer([(vue, nom) for nom in self.chiffres.values()], lignes)

    def _lire(self, vue: Vue, indicateur: str) -> Compte:
        return vue.une(indicateur, "programme", "GP") if self.programme else vue.une(indicateur)

    def _soldees(self, vue: Vue) -> Vue:
        """Les quatre trimestres, à défaut le trimestre, à défaut les quatre trimestres."""
        longue = vue.a(vue.periode.quatre_trimestres)
        return next((v for v in (longue, vue) if v.une(self.indicateur) != "n.d."), longue)


@dataclass(frozen=True)
class Sorties:
    """Les situations six mois après, à la dernière période dont le taux de réponse est publié."""

    titre: str
    chiffres: Chiffres
    indicateur: str = "sorties"

    def publiee(self, vue: Vue) -> bool:
        """Dit si les tables ont de quoi remplir la bande."""
        return self.choisir(vue) is not None

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu:
        """Recompte la bande."""
        lue = self.choisir(vue)
        if lue is None:
            return Attendu(phrases=vue.phrases)
        lignes = [_ligne(libelle, lue, nom) for libelle, nom in self.chiffres.items()]
        return self._autour(lignes, lue, lue.chez(REGION))

    def a_defaut(self, vue: Vue) -> Attendu:
        """Recompte l'avis qui renvoie à la région."""
        region = self.choisir(vue.chez(REGION))
        return self._autour([], vue, *([region] if region else []))

    def _autour(self, lignes: list[list[str]], *vues: Vue) -> Attendu:
        minimum = ecrire(Decimal(str(vues[0].parametre("reponse_minimum_pct"))))
        lues = [(v, nom) for v in vues for nom in self.chiffres.values()]
        return _entourer(lues, lignes, nombres={minimum})

    def choisir(self, vue: Vue) -> Vue | None:
        """La dernière période achevée, trimestre ou année, dont le taux de réponse est publié."""
        fin = vue.periode.fin
        candidates = [*vue.periode.jusqu_ici(_TRIMESTRES), *(Periode(vue.periode.annee - p) for p in (0, 1))]
        vues = [vue.a(periode) for periode in candidates if periode.fin <= fin]
        publiees = [v for v in vues if isinstance(v.une(REPONSE), Decimal)]
        return max(publiees, key=lambda v: v.periode.fin, default=None)


@dataclass(frozen=True)
class DeProgramme:
    """Les chiffres clés d'un programme, et leur valeur un an plus tôt."""

    code: str
    chiffres: Chiffres

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu:
        """Recompte la bande."""
        lignes = []
        for libelle, nom in self.chiffres.items():
            unite = vue.tables.decrire(nom, "unite")
            avant = _naguere(self._lire(vue.an_precedent, nom), unite)
            lignes.append(_ligne(libelle, vue, nom, avant, self._lire))
        return Attendu(lignes, phrases=vue.phrases)

    def _lire(self, vue: Vue, indicateur: str) -> Compte:
        return vue.une(indicateur, "projet", self.code)


def du_catalogue(vue: Vue, bloc: Bloc) -> Attendu | None:
    """Recompte une bande du rapport, dont les libellés sont ceux du catalogue."""
    noms = [vue.tables.par_libelle.get(chiffre["libelle"], "") for chiffre in bloc["chiffres"]]
    if not all(noms):
        return None
    lignes, vues = [], []
    for nom, chiffre in zip(noms, bloc["chiffres"], strict=True):
        evolution = vue.evolution(nom)
        dite = f"{evolution} en un an" if evolution[0] in "+−0123456789" else ""
        lignes.append(_ligne(chiffre["libelle"], vue.etat(nom), nom, dite))
        vues += [(vue, nom), (vue.etat(nom), nom)]
    return _entourer(vues, lignes)
