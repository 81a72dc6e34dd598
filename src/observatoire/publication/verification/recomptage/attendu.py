"""Ce qu'un bloc doit dire d'après les tables, et ce qui l'en sépare."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from observatoire.publication.verification.constats import Trouve
from observatoire.publication.verification.egalite import textes_du_dessin
from observatoire.publication.verification.recomptage.nombres import resserrer

if TYPE_CHECKING:
    from observatoire.publication.deroule import Bloc
    from observatoire.publication.verification.recomptage.vue import Vue

_CODES = frozenset(
    {"genre", "id", "colonnes", "lignes", "alignements", "svg", "chiffres", "territoire", "periode", "statut"}
    | {"ancre", "fichier", "niveau", "numero", "signe", "page"}
)
_NOMBRE = re.compile(r"\d+(?:,\d+)?(?:er?\b)?")
_MONTRES = 80
_ETRANGER = "« {} » ne vient d'aucune cellule des indicateurs"


@dataclass(frozen=True)
class Attendu:
    """Ce qu'un bloc doit dire : son tableau, case par case, et les nombres que ses textes peuvent dire.

    Attributes:
        lignes: chaque ligne du tableau, son libellé d'abord, tous ses nombres écrits.
        colonnes: les en-têtes, quand ils se déduisent des tables ; vides quand le document les choisit.
        nombres: ce que les textes peuvent dire de plus que le tableau, tel qu'écrit.
        phrases: les écritures qui ont leurs propres chiffres : périodes, territoires, textes du catalogue.
        dessin: ce que le dessin peut dire de plus que le tableau, chaque nombre autant de fois.
        suites: les nombres d'un texte, tous et dans l'ordre, par les premiers mots de celui-ci.
        refus: pourquoi le bloc ne devrait pas être là ; vide s'il a sa place.
    """

    lignes: list[list[str]] = field(default_factory=list)
    colonnes: list[str] = field(default_factory=list)
    nombres: set[str] = field(default_factory=set)
    phrases: set[str] = field(default_factory=set)
    dessin: list[str] = field(default_factory=list)
    suites: dict[str, list[str]] = field(default_factory=dict)
    refus: str = ""


Recompte = Callable[["Vue", "Bloc"], Attendu | None]
"""Ce qui recompte un bloc ; `None` quand rien ne dit d'où viennent ses nombres."""


@runtime_checkable
class Forme(Protocol):
    """Un bloc qu'un avis peut remplacer."""

    @property
    def titre(self) -> str:
        """Par quoi commence l'avis."""

    @property
    def indicateur(self) -> str:
        """Ce dont l'avis donne l'ensemble."""

    def publiee(self, vue: Vue) -> bool:
        """Dit si les tables ont de quoi remplir le bloc."""

    def __call__(self, vue: Vue, bloc: Bloc) -> Attendu | None:
        """Recompte le bloc."""


@dataclass
class Bilan:
    """Ce qu'a donné le recomptage d'un document.

    Attributes:
        nombres: combien de nombres ont été recomptés : les cases des tableaux et ceux des textes.
        trouves: ceux qui ne sont pas justes.
        omis: les blocs que le recomptage ne connaît pas.
    """

    nombres: int = 0
    trouves: list[Trouve] = field(default_factory=list)
    omis: list[str] = field(default_factory=list)

    def noter(self, bloc: Bloc, attendu: Attendu | None) -> None:
        """Compare un bloc à ce qu'il devait dire."""
        if attendu is None:
            self.omis.append(nommer(bloc))
            return
        if attendu.refus:
            self.trouves.append(Trouve(attendu.refus, nommer(bloc)))
        lignes = rangees(bloc)
        self.nombres += sum(len(ligne) - 1 for ligne in lignes)
        self.trouves += comparer_tableaux(lignes, attendu, bloc)
        dessin = " ".join(textes_du_dessin(bloc.get("svg")))
        lectures = [(texte, _lire(texte, attendu, bloc)) for texte in textes(bloc)]
        for texte, (vus, constats) in [*lectures, (dessin, _lire_dessin(dessin, attendu, bloc))]:
            self.nombres += vus
            ou = f"{nommer(bloc)}, « {texte[:_MONTRES]} »"
            self.trouves += [Trouve(constat, ou) for constat in constats]


def nommer(bloc: Bloc) -> str:
    """Rend le nom d'un bloc, pour un constat."""
    texte = bloc.get("texte") or "".join(str(p) for p in bloc.get("paragraphes", [])[:1])
    return str(bloc.get("id") or bloc.get("titre") or texte[:_MONTRES] or bloc["genre"])


def rangees(bloc: Bloc) -> list[list[str]]:
    """Rend le tableau d'un bloc ; d'une bande de chiffres, une ligne par chiffre : valeur et évolution."""
    if bloc["genre"] == "chiffres":
        return [[c["libelle"], c["valeur"], c["evolution"]] for c in bloc["chiffres"]]
    return list(bloc.get("lignes", []))


def comparer_tableaux(lues: list[list[str]], attendu: Attendu, bloc: Bloc) -> Iterator[Trouve]:
    """Rend les cases, les lignes et les en-têtes qui ne sont pas ceux attendus ; l'ordre est au document."""
    if attendu.colonnes and attendu.colonnes != bloc["colonnes"]:
        yield Trouve(f"en-têtes « {bloc['colonnes']} » au lieu de « {attendu.colonnes} »", nommer(bloc))
    ecrites, justes = _par_libelle(lues), _par_libelle(attendu.lignes)
    for (libelle, rang), ligne in ecrites.items():
        ou = f"{nommer(bloc)}, « {libelle} »"
        juste = justes.pop((libelle, rang), None)
        if juste is None:
            yield Trouve("ligne que les indicateurs n'ont pas", ou)
        elif len(juste) != len(ligne):
            yield Trouve(f"{len(ligne)} cases imprimées, {len(juste)} attendues", ou)
        else:
            yield from (
                Trouve(f"« {a} » imprimé, « {b} » d'après les indicateurs", ou)
                for a, b in zip(ligne, juste, strict=True)
                if resserrer(a) != resserrer(b)
            )
    for libelle, _ in justes:
        yield Trouve("ligne absente du tableau", f"{nommer(bloc)}, « {libelle} »")


def textes(bloc: Bloc) -> list[str]:
    """Rend les textes d'un bloc hors de son tableau : titres, notes, lecture, alternative."""
    dits = [texte for nom, valeur in bloc.items() if nom not in _CODES for texte in _feuilles(valeur)]
    precisions = [chiffre["precision"] for chiffre in bloc.get("chiffres", [])]
    return [*dits, *precisions]


def _par_libelle(lignes: Iterable[list[str]]) -> dict[tuple[str, int], list[str]]:
    """Les lignes par libellé, et leur rang parmi celles du même libellé."""
    vus: Counter[str] = Counter()
    trouvees = {}
    for libelle, *cases in lignes:
        trouvees[libelle, vus[libelle]] = cases
        vus[libelle] += 1
    return trouvees


def _lire(texte: str, attendu: Attendu, bloc: Bloc) -> tuple[int, list[str]]:
    """Combien de nombres dit un texte, et ce qu'on ne peut pas en dire d'après les tables."""
    serre, dits = resserrer(texte), _dits(texte, attendu, bloc)
    suite = next((s for debut, s in attendu.suites.items() if texte.startswith(debut)), None)
    if suite is not None:
        attendus = _nombres(" ".join(map(resserrer, suite)))
        return len(dits), [] if dits == attendus else [f"{dits} imprimés, {attendus} d'après les indicateurs"]
    admis = {*_du_tableau(attendu), *_nombres(" ".join(map(resserrer, attendu.nombres)))}
    return len(dits), [*(_ETRANGER.format(n) for n in dits if n not in admis), *_deplaces(serre, attendu)]


def _lire_dessin(texte: str, attendu: Attendu, bloc: Bloc) -> tuple[int, list[str]]:
    """Comme `_lire`, pour un dessin : chaque nombre y est au plus autant de fois que dans le tableau."""
    dits = _dits(texte, attendu, bloc)
    admis = Counter([*_du_tableau(attendu), *_nombres(" ".join(map(resserrer, attendu.dessin)))])
    return len(dits), [_ETRANGER.format(nombre) for nombre in (Counter(dits) - admis).elements()]


def _dits(texte: str, attendu: Attendu, bloc: Bloc) -> list[str]:
    """Les nombres d'un texte, sans ceux des libellés, des périodes et des phrases attendues."""
    libelles = {ligne[0] for ligne in attendu.lignes} | {*bloc.get("colonnes", [])}
    return _nombres(_sans(resserrer(texte), libelles | attendu.phrases))


def _du_tableau(attendu: Attendu) -> list[str]:
    return _nombres(" ".join(resserrer(case) for ligne in attendu.lignes for case in ligne[1:]))


def _nombres(texte: str) -> list[str]:
    return _NOMBRE.findall(texte)


def _sans(texte: str, phrases: Iterable[str]) -> str:
    """Un texte sans les écritures qui ont leurs propres chiffres, la plus longue d'abord."""
    for phrase in sorted(map(resserrer, phrases), key=len, reverse=True):
        if re.search(r"\d", phrase):
            texte = re.sub(rf"(?<![\d,]){re.escape(phrase)}(?!,?\d)", " ", texte, flags=re.IGNORECASE)
    return texte


def _deplaces(texte: str, attendu: Attendu) -> Iterator[str]:
    """Les nombres d'une énumération (« Travaux, 43 ; Services, 12 ») qui ne sont pas de leur ligne."""
    for libelle, *cases in attendu.lignes:
        admis = {*_nombres(" ".join(map(resserrer, cases)))}
        for trouve in re.finditer(rf"[.;:] {re.escape(resserrer(libelle))}, (\d+(?:,\d+)?)", texte):
            if trouve[1] not in admis:
                yield f"« {trouve[1]} » n'est pas sur la ligne « {libelle} »"


def _feuilles(valeur: object) -> Iterator[str]:
    if isinstance(valeur, str):
        yield valeur
    elif isinstance(valeur, dict):
        yield from _feuilles(list(valeur.values()))
    elif isinstance(valeur, list):
        for element in valeur:
            yield from _feuilles(element)
