"""Les sommes : de ce qui est connu, et de ce que plusieurs apportent (combien ils sont, le plus gros)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw

from observatoire.indicateurs.registre import SANS_PERSONNES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narwhals.typing import FrameT


def sommer_connus(table: FrameT, par: Sequence[str], mesure: str) -> FrameT:
    """Rend la somme des valeurs connues, vide si aucune ne l'est ; elle ne repose pas sur des personnes."""
    sommes = table.group_by(*par).agg(
        nw.col(mesure).sum().alias("somme"), nw.col(mesure).count().alias("connues")
    )
    somme = nw.when(nw.col("connues") > 0).then(nw.col("somme"))
    return sommes.select(*par, somme.alias("valeur"), SANS_PERSONNES)


def sommer_apports(table: FrameT, par: Sequence[str], mesure: str, contributeur: str) -> FrameT:
    """Rend `valeur`, la somme de la mesure, `employeurs`, les contributeurs distincts, et `premier`.

    Un contributeur inconnu compte pour un, comme s'ils n'en faisaient qu'un : la règle est prudente.
    """
    apports = table.group_by(*par, contributeur).agg(nw.col(mesure).sum().alias("premier"))
    return apports.group_by(*par).agg(
        nw.col("premier").sum().alias("valeur"),
        nw.len().alias("employeurs"),
        nw.col("premier").max(),
    )


def sommer_heures(table: FrameT, par: Sequence[str]) -> FrameT:
    """Rend la somme des heures travaillées, les personnes distinctes, les employeurs, le plus gros apport.

    Une ligne à zéro heure ne compte ni sa personne ni son employeur : elle grossirait l'effectif d'une
    cellule dont les heures viennent d'une seule autre.
    """
    travaillees = table.filter(nw.col("heures") > 0)
    personnes = travaillees.group_by(*par).agg(nw.col("personne").n_unique().alias("effectif"))
    sommes = sommer_apports(travaillees, par, "heures", "employeur_siren")
    return sommes.join(personnes, on=list(par)).select(*par, "valeur", "effectif", "employeurs", "premier")
