"""L'unité des étiquettes d'une série : en milliers ou en millions dès que les nombres s'allongent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from observatoire.publication.formats import decimal, entier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from observatoire.publication.cellules import Cellule

# Le plus grand nombre d'une série est sous ce seuil : (multiple, diviseur, décimales).
_ECHELLES = (
    (10**4, ("", 1, 0)),
    (10**6, ("milliers", 10**3, 1)),
    (10**7, ("milliers", 10**3, 0)),
    (10**9, ("millions", 10**6, 1)),
    (10**99, ("milliards", 10**9, 1)),
)


@dataclass(frozen=True, slots=True)
class Echelle:
    """Une unité et la façon d'y écrire un nombre : une étiquette tient au-dessus de sa colonne."""

    unite: str
    diviseur: int
    decimales: int

    def ecrire(self, cellule: Cellule) -> str:
        """Rend l'étiquette d'une cellule ; ce qui n'est pas publié garde son signe."""
        if cellule.nombre is None:
            return entier(cellule)
        return decimal(cellule.nombre / self.diviseur, self.decimales)


def echelle(cellules: Iterable[Cellule], nom: str) -> Echelle:
    """Rend l'échelle d'une série dont `nom` est l'unité, au pluriel.

    >>> from observatoire.publication.cellules import Cellule
    >>> echelle([Cellule.de(120_000), Cellule.de(9)], "heures").unite, echelle([], "contrats").unite
    ('milliers d’heures', 'contrats')
    """
    sommet = max((cellule.nombre for cellule in cellules if cellule.nombre), default=Decimal(0))
    multiple, diviseur, decimales = next(forme for seuil, forme in _ECHELLES if sommet < seuil)
    de = "d’" if nom[0] in "aehio" else "de "
    return Echelle(f"{multiple} {de}{nom}" if multiple else nom, diviseur, decimales)
