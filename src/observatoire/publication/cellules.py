"""Les cellules publiées : un nombre, un secret ou rien, et les calculs qui gardent cette différence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Self, TypeAlias

from observatoire.erreurs import PublicationError
from observatoire.referentiel import ENSEMBLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from observatoire.perimetre import Periode, Territoire

PUBLIE, SECRET, NON_DISPONIBLE, NON_SIGNIFICATIF = "publie", "secret", "non_disponible", "non_significatif"
_ORDRE = (SECRET, NON_DISPONIBLE, NON_SIGNIFICATIF)
Tranche: TypeAlias = tuple[str, str, str, str]  # territoire, période, indicateur, ventilation
TOUS = "*"  # à la place de l'indicateur et de la ventilation : toutes les tranches ont été comptées
_LUES: set[Tranche] = set()


def tranches_lues() -> list[Tranche]:
    """Rend les tranches qu'un processus a lues depuis son départ : un document ne dépend que d'elles.

    La région compte des milliers de cellules ; une fiche n'en compare que quelques dizaines. Retenir
    lesquelles évite de refaire toutes les fiches quand d'autres changent.
    """
    return sorted(_LUES)


@dataclass(frozen=True, slots=True)
class Cellule:
    """Une valeur publiée, ou la raison de son absence ; une cellule secrète ne porte aucun nombre.

    >>> Cellule(Decimal(3), SECRET)
    Traceback (most recent call last):
    observatoire.erreurs.PublicationError: Une cellule « secret » porte un nombre.
    """

    nombre: Decimal | None
    statut: str

    def __post_init__(self) -> None:
        if (self.nombre is not None) != (self.statut == PUBLIE):
            porte = "n'a pas de" if self.nombre is None else "porte un"
            raise PublicationError(f"Une cellule « {self.statut} » {porte} nombre.")

    @classmethod
    def de(cls, nombre: Decimal | float) -> Self:
        """Rend une cellule publiée ; un nombre à virgule flottante vaut son écriture la plus courte."""
        return cls(nombre if isinstance(nombre, Decimal) else Decimal(str(nombre)), PUBLIE)

    @property
    def reel(self) -> float | None:
        """Le nombre à dessiner, `None` s'il n'est pas publié."""
        return None if self.nombre is None else float(self.nombre)


SECRETE = Cellule(None, SECRET)
ABSENTE = Cellule(None, NON_DISPONIBLE)
NON_SIGNIFICATIVE = Cellule(None, NON_SIGNIFICATIF)


def _manque(cellules: Iterable[Cellule]) -> Cellule | None:
    """La raison la plus forte de ne rien calculer : le secret d'abord."""
    statuts = {cellule.statut for cellule in cellules}
    return next((Cellule(None, statut) for statut in _ORDRE if statut in statuts), None)


def somme(*cellules: Cellule) -> Cellule:
    """Rend la somme ; un seul secret suffit à la rendre secrète, une somme de rien n'est pas 0.

    >>> somme(Cellule.de(2), Cellule.de(3)).nombre
    Decimal('5')
    >>> somme(Cellule.de(2), SECRETE).statut, somme().statut
    ('secret', 'non_disponible')
    """
    if not cellules:
        return ABSENTE
    nombres = [cellule.nombre for cellule in cellules if cellule.nombre is not None]
    return _manque(cellules) or Cellule.de(sum(nombres, Decimal(0)))


def difference(cellule: Cellule, autre: Cellule) -> Cellule:
    """Rend `cellule` − `autre`."""
    if cellule.nombre is None or autre.nombre is None:
        return _manque((cellule, autre)) or ABSENTE
    return Cellule.de(cellule.nombre - autre.nombre)


def part(cellule: Cellule, total: Cellule) -> Cellule:
    """Rend la part en % ; 0 ÷ 0 n'est pas disponible, ce n'est pas 0 %.

    >>> part(Cellule.de(1), Cellule.de(8)).nombre
    Decimal('12.5')
    >>> part(Cellule.de(0), Cellule.de(0)).statut
    'non_disponible'
    """
    if cellule.nombre is None or total.nombre is None:
        return _manque((cellule, total)) or ABSENTE
    return Cellule.de(100 * cellule.nombre / total.nombre) if total.nombre else ABSENTE


def variation(cellule: Cellule, base: Cellule) -> Cellule:
    """Rend l'évolution en % depuis `base`, non disponible si la base est nulle.

    >>> variation(Cellule.de(110), Cellule.de(100)).nombre
    Decimal('10')
    """
    return part(difference(cellule, base), base)


class Cellules:
    """La table `indicateurs/valeurs`, une cellule à la fois ; ce qui n'y est pas n'est pas disponible."""

    def __init__(self, valeurs: pd.DataFrame) -> None:
        colonnes = ["territoire", "periode", "indicateur", "ventilation", "modalite"]
        cles = zip(*(valeurs[nom].to_numpy(dtype=object) for nom in colonnes), strict=True)
        nombres = valeurs["valeur"].to_numpy(dtype="float64", na_value=float("nan"))
        statuts = valeurs["statut"].to_numpy(dtype=object)
        if fautifs := set(statuts[(nombres == nombres) != (statuts == PUBLIE)]):
            raise PublicationError(
                f"Des cellules « {fautifs.pop()} » portent un nombre, ou n'en ont pas.",
                "Relancer « observatoire construire ».",
            )
        self._lues = dict(zip(cles, zip(nombres.tolist(), statuts, strict=True), strict=True))
        self._tranches = {cle[:4] for cle in self._lues}

    @cached_property
    def _comptes(self) -> Counter[tuple[str, str, str]]:
        return Counter((cle[0], cle[1], statut) for cle, (_, statut) in self._lues.items())

    def lire(
        self,
        indicateur: str,
        ventilation: str = ENSEMBLE,
        modalite: str = ENSEMBLE,
        *,
        territoire: Territoire,
        periode: Periode,
    ) -> Cellule:
        """Rend une cellule, `ABSENTE` si la table n'a pas cette ligne."""
        cle = (str(territoire), str(periode), indicateur, ventilation, modalite)
        _LUES.add(cle[:4])
        if cle not in self._lues:
            return ABSENTE
        nombre, statut = self._lues[cle]
        return Cellule(None if nombre != nombre else Decimal(str(nombre)), statut)

    def existe(self, indicateur: str, ventilation: str, *, territoire: Territoire, periode: Periode) -> bool:
        """Dit si la table a cette ventilation, secrète ou non : le plan de publication la prévoit."""
        tranche = (str(territoire), str(periode), indicateur, ventilation)
        _LUES.add(tranche)
        return tranche in self._tranches

    def compter(self, territoire: Territoire, periode: Periode, *statuts: str) -> int:
        """Compte les cellules d'un territoire et d'une période, d'un statut s'il est donné."""
        _LUES.add((str(territoire), str(periode), TOUS, TOUS))
        ici = (str(territoire), str(periode))
        return sum(
            n
            for (*ou, statut), n in self._comptes.items()
            if (*ou,) == ici and (not statuts or statut in statuts)
        )
