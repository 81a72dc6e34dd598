"""Les figures d'un indicateur par modalité : répartitions, taux, comptes, croisements, profil."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from observatoire.publication.verification.recomptage.attendu import Attendu
from observatoire.publication.verification.recomptage.nombres import (
    SANS_OBJET,
    ecrire,
    mesurer,
    pct,
    rapporter,
    sommer,
)
from observatoire.publication.verification.recomptage.vue import Quand, Vue, courte, derniere, telle
from observatoire.referentiel import ENSEMBLE, NON_RENSEIGNE, ventilations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from observatoire.publication.deroule import Bloc

_LIGNES_MAXIMUM = 8
_PUBLICS_MONTRES = 3


@dataclass(frozen=True)
class Ventilee:
    """Un indicateur et sa ventilation.

    Attributes:
        titre: celui de l'avis qui remplace la figure quand elle n'est pas publiée.
        quand: le choix de sa période.
    """

    indicateur: str
    ventilation: str
    titre: str = ""
    quand: Quand = courte

    @property
    def cle(self) -> tuple[str, str]:
        """L'indicateur et la ventilation."""
        return self.indicateur, self.ventilation

    def choisir(self, vue: Vue) -> Vue:
        """Rend la vue à la période de la figure."""
        return self.quand(vue, *self.cle)

    def publiee(self, vue: Vue) -> bool:
        """Dit si les tables ont de quoi remplir la figure."""
        lue = self.choisir(vue)
        return {lue.une(self.indicateur), *lue.tranche(*self.cle).values()} != {"n.d."}


@dataclass(frozen=True)
class Repartie(Ventilee):
    """Un effectif par modalité, sa part dans le renseigné, la même part dans la région.

    Attributes:
        compare: faux quand la région n'est pas dans le tableau.
        reste: le libellé des modalités réunies, au-delà de huit lignes.
        citee: une autre ventilation dont la note cite les parts.
    """

    compare: bool = True
    reste: str = "Autres"
    citee: str = ""

    def publiee(self, vue: Vue) -> bool:
        """Dit si les tables ont de quoi remplir la figure : un ensemble seul ne se répartit pas."""
        return bool(self.choisir(vue).tranche(*self.cle)) and super().publiee(vue)

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu:
        """Recompte la figure."""
        lue = self.choisir(vue)
        region = lue.region(*self.cle)
        lieux = [lue, *([region] if self.compare and not vue.est_region else [])]
        lignes = [
            [libelle, ecrire(lue.effectif(*self.cle, codes)), *(_part(v, self.cle, codes) for v in lieux)]
            for libelle, codes in self._lignes(lue, bloc)
        ]
        return Attendu(
            lignes,
            nombres={ecrire(lue.une(self.indicateur)), *lue.dire_nr(*self.cle), *self._citees(vue)},
            phrases=lue.phrases | region.phrases | lue.champ(self.indicateur),
            dessin=[pct(lue.taux_nr(*self.cle))],
        )

    def _lignes(self, vue: Vue, bloc: Bloc) -> Iterator[tuple[str, list[str]]]:
        """Le libellé et les codes de chaque ligne ; au-delà de huit, les dernières se réunissent."""
        libelles, codes = ventilations()[self.ventilation].libelles, vue.codes(*self.cle)
        imprimes = {ligne[0] for ligne in bloc["lignes"]} - {self.reste}
        seuls = [code for code in codes if len(codes) <= _LIGNES_MAXIMUM or libelles[code] in imprimes]
        yield from ((libelles[code], [code]) for code in seuls)
        if reunis := [code for code in codes if code not in seuls]:
            yield self.reste, reunis

    def _citees(self, vue: Vue) -> set[str]:
        if not self.citee:
            return set()
        cle = (self.indicateur, self.citee)
        lue = courte(vue, *cle)
        return {_part(lue, cle, [code]) for code in lue.codes(*cle)}


def _part(vue: Vue, cle: tuple[str, str], codes: list[str]) -> str:
    return SANS_OBJET if codes == [NON_RENSEIGNE] else pct(vue.part(*cle, codes))


@dataclass(frozen=True)
class Premiere:
    """La première de plusieurs répartitions qui se publie, à défaut la dernière, dont elle a le titre."""

    formes: tuple[Repartie, ...]

    @property
    def titre(self) -> str:
        """Le titre de l'avis."""
        return self.formes[-1].titre

    @property
    def indicateur(self) -> str:
        """Ce que l'avis compte."""
        return self.formes[-1].indicateur

    def publiee(self, vue: Vue) -> bool:
        """Dit si l'une se publie."""
        return any(forme.publiee(vue) for forme in self.formes)

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu:
        """Recompte celle qui se publie."""
        publiees = [forme for forme in self.formes if forme.choisir(vue).tranche(*forme.cle)]
        return (publiees or self.formes[-1:])[0](vue, bloc)


@dataclass(frozen=True)
class Taux(Ventilee):
    """Un rapport par modalité, puis l'ensemble ; ou plusieurs rapports, un par ligne ; et la région."""

    lignes: tuple[tuple[str, str], ...] = ()
    compare: bool = True

    def publiee(self, vue: Vue) -> bool:
        """Dit si les tables ont de quoi remplir la figure."""
        lue = self.choisir(vue)
        return any(lue.une(*cle) != "n.d." for _, cle in self._cles())

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu:
        """Recompte la figure."""
        lue = self.choisir(vue)
        region = lue.region(*self.cle)
        lieux = [lue, *([region] if self.compare and not vue.est_region else [])]
        cles = [(libelle, cle) for libelle, cle in self._cles() if lue.une(*cle) != "n.d."]
        if not self.lignes:
            cles.append(("Ensemble", (self.indicateur, ENSEMBLE, ENSEMBLE)))
        unite = vue.tables.decrire(self.indicateur, "unite")
        return Attendu(
            [[libelle, *(mesurer(lieu.une(*cle), unite) for lieu in lieux)] for libelle, cle in cles],
            phrases=lue.phrases | region.phrases | lue.champ(self.indicateur),
        )

    def _cles(self) -> list[tuple[str, tuple[str, str, str]]]:
        if self.lignes:
            return [(libelle, (indicateur, ENSEMBLE, ENSEMBLE)) for libelle, indicateur in self.lignes]
        libelles = ventilations()[self.ventilation].libelles
        return [(libelles[c], (*self.cle, c)) for c in libelles if c != NON_RENSEIGNE]


@dataclass(frozen=True)
class Comptes(Ventilee):
    """Un effectif par modalité, et celui de la région ; `courts` : les libellés abrégés."""

    quand: Quand = telle
    courts: dict[str, str] = field(default_factory=dict)

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu:
        """Recompte la figure."""
        lue = self.choisir(vue)
        region = lue.region(*self.cle)
        lieux = [lue, *([] if vue.est_region else [region])]
        codes = [c for c in lue.codes(*self.cle) if not (c == NON_RENSEIGNE and lue.une(*self.cle, c) == 0)]
        lignes = [[self._nommer(c), *(ecrire(v.effectif(*self.cle, [c])) for v in lieux)] for c in codes]
        lignes.append(["Ensemble", *(ecrire(v.une(self.indicateur)) for v in lieux)])
        return Attendu(lignes, phrases=lue.phrases | region.phrases | lue.champ(self.indicateur))

    def _nommer(self, code: str) -> str:
        libelle = ventilations()[self.ventilation].libelles[code]
        return libelle if code == NON_RENSEIGNE else self.courts.get(code, libelle)


@dataclass(frozen=True)
class Croisement(Ventilee):
    """Une colonne et une ligne par modalité de chaque axe qui a une cellule."""

    quand: Quand = telle

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu:
        """Recompte la figure."""
        premier, second = (ventilations()[axe] for axe in ventilations()[self.ventilation].axes)
        comptes = {code: n for code, n in vue.tranche(*self.cle).items() if n != "n.d."}
        colonnes = [a for a in premier.libelles if any(code.startswith(f"{a}×") for code in comptes)]
        rangs = [b for b in second.libelles if any(code.endswith(f"×{b}") for code in comptes)]
        lignes = [
            [second.libelles[b], *(ecrire(comptes.get(f"{a}×{b}", "n.d.")) for a in colonnes)] for b in rangs
        ]
        entetes = [second.libelle, *(premier.libelles[a] for a in colonnes)]
        nombres = {ecrire(vue.une(self.indicateur))}
        return Attendu(lignes, entetes, nombres, vue.phrases | vue.champ(self.indicateur))


@dataclass(frozen=True)
class Pyramide(Ventilee):
    """Les femmes, les hommes, et les inconnus s'il y en a, à chaque âge, du plus élevé au plus bas."""

    quand: Quand = derniere

    def publiee(self, vue: Vue) -> bool:
        """Dit si les tables ont de quoi remplir la figure : un ensemble seul n'a pas d'âges."""
        return bool(self.choisir(vue).tranche(*self.cle)) and super().publiee(vue)

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu:
        """Recompte la figure."""
        lue = self.choisir(vue)
        sexe, age = ventilations()[self.ventilation].axes
        ages = ventilations()[age].libelles
        etages = {
            ages[a].split(",")[0]: [lue.une(*self.cle, f"{s}×{a}") for s in ("F", "M", NON_RENSEIGNE)]
            for a in reversed(ages)
        }
        inconnus = any(comptes[2] != "n.d." for comptes in etages.values())
        etages["Ensemble"] = [lue.une(self.indicateur, sexe, s) for s in ("F", "M", NON_RENSEIGNE)]
        lignes = [
            [
                nom,
                *map(ecrire, comptes[: 3 if inconnus else 2]),
                pct(rapporter(comptes[0], sommer(comptes[:2]))),
            ]
            for nom, comptes in etages.items()
        ]
        nombres = {ecrire(lue.une(self.indicateur))}
        return Attendu(lignes, nombres=nombres, phrases=lue.phrases | lue.champ(self.indicateur))


@dataclass(frozen=True)
class Profil:
    """Des modalités choisies, puis les publics les plus nombreux de la région, parmi `publics`."""

    titre: str
    indicateur: str
    lignes: tuple[tuple[str, str, tuple[str, ...]], ...]
    publics: dict[str, str]

    def publiee(self, vue: Vue) -> bool:
        """Dit si les tables ont de quoi remplir la figure."""
        lue = courte(vue, self.indicateur, "sexe")
        return lue.une(self.indicateur) != "n.d." and bool(lue.tranche(self.indicateur, "sexe"))

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu:
        """Recompte la figure."""
        nom = self.indicateur
        lue = courte(vue, nom, "sexe")
        region = lue.region(nom, "sexe")
        lieux = [lue, *([] if vue.est_region else [region])]
        choisies = [(t, v, [*codes]) for t, v, codes in (*self.lignes, *self._publics(region))]
        lignes = [
            [texte, ecrire(lue.effectif(nom, v, codes)), *(pct(lieu.part(nom, v, codes)) for lieu in lieux)]
            for texte, v, codes in choisies
        ]
        taux = {pct(lue.taux_nr(nom, critere)) for critere in {v for _, v, _ in choisies} | {"public"}}
        nombres = {ecrire(lue.une(nom)), *taux}
        return Attendu(lignes, nombres=nombres, phrases=lue.phrases | region.phrases | lue.champ(nom))

    def _publics(self, region: Vue) -> list[tuple[str, str, tuple[str, ...]]]:
        comptes = {code: region.une(self.indicateur, "public", code) for code in self.publics}
        rangs = [code for code in ventilations()["public"].libelles if code in comptes]
        nombreux = {code: n for code in rangs if isinstance(n := comptes[code], Decimal) and n}
        montres = sorted(nombreux, key=lambda code: -nombreux[code])[:_PUBLICS_MONTRES]
        return [(self.publics[code], "public", (code,)) for code in montres]
