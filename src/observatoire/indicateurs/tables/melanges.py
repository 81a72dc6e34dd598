"""Les mélanges : les unités qui ont plusieurs mailles, plusieurs moments, ou plusieurs modalités d'un axe.

La colonne `melange` d'une table d'étude dit, sur chaque ligne, où son unité a plusieurs valeurs, toutes
périodes confondues : la somme des bits de ces colonnes. Une unité sans mélange se compte dans une seule
cellule par période.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.indicateurs.registre import REGISTRE
from observatoire.indicateurs.tables.axes import axes, sans_vide

if TYPE_CHECKING:
    from collections.abc import Collection


def bits(tables: Collection[str], autres: Collection[str] = ()) -> dict[str, int]:
    """Rend un bit par maille et par axe que lisent les indicateurs de ces tables, et par autre colonne."""
    lus = [i for i in REGISTRE.values() if i.table in tables]
    mailles = {f"maille_{indicateur.rattachement}" for indicateur in lus}
    colonnes = sorted(mailles.union(autres, *(axes(indicateur.ventilations) for indicateur in lus)))
    return {colonne: 1 << rang for rang, colonne in enumerate(colonnes)}


def reperer(lignes: str, unite: str, bits: dict[str, int]) -> str:
    """Rend la requête des unités mêlées dans ces lignes, avec leur `melange`."""
    valeurs = {sans_vide(nom): bit for nom, bit in bits.items()}
    bits_poses = [f"if(min({valeur}) < max({valeur}), {bit}, 0)" for valeur, bit in valeurs.items()]
    melange = " + ".join(bits_poses) or "0"  # une table que nul indicateur ne lit n'a pas de mélange
    return f"""
        select {unite}, ({melange})::integer as melange from ({lignes})
        where {unite} is not null group by {unite} having melange > 0
    """


def marquer(lignes: str, unite: str, reperees: str) -> str:
    """Rend la requête de ces lignes, avec leur `melange` ; une unité inconnue en a un sur chaque colonne."""
    return f"""
        select l.*, if(l.{unite} is null, -1, coalesce(m.melange, 0))::integer as melange
        from ({lignes}) l left join ({reperees}) m on m.{unite} = l.{unite}
    """
