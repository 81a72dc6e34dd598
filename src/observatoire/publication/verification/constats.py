"""Ce qu'une vérification rend : un document, ses contrôles, ses constats et leurs remèdes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

T = TypeVar("T")


class Trouve(NamedTuple):
    """Un défaut : ce qui ne va pas, et où."""

    constat: str
    ou: str = ""


@dataclass(frozen=True, slots=True)
class Constat:
    """Un défaut d'un document, le contrôle qui l'a vu et ce qu'on peut y faire."""

    controle: str
    constat: str
    remede: str
    ou: str = ""

    def __str__(self) -> str:
        lieu = f" [{self.ou}]" if self.ou else ""
        return f"{self.controle} : {self.constat}{lieu}\n→ {self.remede}"


@dataclass(frozen=True, slots=True)
class Controle(Generic[T]):
    """Un contrôle : son nom, le critère qu'il sert, sa recherche de défauts, le remède s'il y en a."""

    nom: str
    critere: str
    chercher: Callable[[T], Iterable[Trouve]]
    remede: str


@dataclass(slots=True)
class Examen:
    """Un document examiné.

    Attributes:
        omis: ce qui n'a pas pu l'être, et pourquoi.
        recomptes: combien de ses nombres ont été recomptés depuis les tables.
    """

    document: Path
    controles: list[str] = field(default_factory=list)
    constats: list[Constat] = field(default_factory=list)
    omis: dict[str, str] = field(default_factory=dict)
    recomptes: int = 0

    @property
    def fautifs(self) -> list[str]:
        """Les contrôles qui ont un constat."""
        return list(dict.fromkeys(constat.controle for constat in self.constats))

    def passer(self, controles: Sequence[Controle[T]], objet: T) -> None:
        """Passe les contrôles sur un objet tiré du document et garde leurs constats."""
        for controle in controles:
            self.noter(controle.nom, controle.chercher(objet), controle.remede)

    def noter(self, controle: str, trouves: Iterable[Trouve], remede: str) -> None:
        """Garde ce qu'un contrôle a trouvé."""
        self.controles.append(controle)
        self.constats += [Constat(controle, defaut.constat, remede, defaut.ou) for defaut in trouves]
