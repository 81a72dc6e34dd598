"""Ce que l'atelier rend à la session : un document mis en page, ou pourquoi il ne l'est pas."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Vue:
    """Un document mis en page : ses fichiers, celui à montrer, ce que la rédaction relève.

    `execute` : le nombre de cellules de code exécutées pour lui ; 0, toutes étaient reprises.
    """

    fichiers: dict[str, bytes]
    accueil: str
    execute: int = 0
    remarques: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Echec:
    """Pourquoi le document n'a pas été refait : un constat, un remède, la cellule et la trace s'il y en a."""

    constat: str
    remede: str = ""
    cellule: str = ""
    trace: str = ""
