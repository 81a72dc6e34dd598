"""Les axes : les colonnes d'une table d'étude dont dépendent des ventilations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.referentiel import ENSEMBLE, NON_RENSEIGNE, ventilations

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Les ventilations qui ne sont pas une colonne de la table d'étude : (expression, jointure, axes lus).
AJOUTEES = {
    "public": (
        "coalesce(p.public, 'NR')",
        "left join etude_publics p on p.publics = e.publics",
        ("publics",),
    ),
    "habite_le_territoire": (
        """case when d.maille is not null then 'OUI'
             when e.departement_residence = 'NR' then 'NR'
             else 'NON' end""",
        "left join mailles d on d.maille = e.maille_residence and d.territoire = g.territoire",
        ("maille_residence", "departement_residence"),
    ),
}


def axes(noms: Iterable[str]) -> list[str]:
    """Rend les colonnes dont dépendent des ventilations."""
    lus = [
        axe
        for nom in noms
        if nom != ENSEMBLE
        for axe in (AJOUTEES[nom][2] if nom in AJOUTEES else ventilations()[nom].axes)
    ]
    return list(dict.fromkeys(lus))


def croisements(noms: Sequence[str]) -> int:
    """Rend le nombre de croisements des modalités de quelques ventilations."""
    produit = 1
    for axe in axes(noms):
        produit *= len(ventilations()[axe].libelles)
    return produit


def sans_vide(axe: str) -> str:
    """Rend l'expression d'un axe ou d'une maille où le vide est une valeur comme une autre."""
    return f"coalesce({axe}, {rien(axe)})"


def rien(axe: str) -> str:
    """Rend la valeur qui dit qu'un axe, ou une maille, n'est pas connu."""
    return f"'{NON_RENSEIGNE}'::modalite" if axe in ventilations() else "-1"
