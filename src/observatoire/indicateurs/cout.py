"""Ce que le secret cache et ce qu'il en coûte : le bilan de la construction, dit à l'analyste.

Privé : le plus petit intervalle trouvé par l'audit dit à quelle distance un lecteur approche d'un secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.referentiel import ENSEMBLE

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPTES = ["cellules", "primaires", "complementaires"]


def par_niveau(bilan: pd.DataFrame) -> Iterator[str]:
    """Rend une ligne de texte par niveau et rythme, puis par niveau, puis la région entière.

    Args:
        bilan: la table `indicateurs/secret`.
    """
    yield (
        f"{'niveau':<8} {'rythme':<10} {'cellules':>9} {'cachées':>8} {'règle':>7} {'complément':>10} "
        f"{'part':>7}  plus petit intervalle"
    )
    sommes = dict.fromkeys(_COMPTES, "sum") | {"amplitude_minimum": "min"}
    for detail in (bilan, bilan.assign(rythme="tous")):
        lignes = detail.groupby(["niveau", "rythme"], as_index=False).agg(sommes)
        for ligne in lignes.to_dict("records"):
            cachees = int(ligne["primaires"] + ligne["complementaires"])
            yield (
                f"{ligne['niveau']:<8} {ligne['rythme']:<10} {ligne['cellules']:>9} {cachees:>8} "
                f"{ligne['primaires']:>7} {ligne['complementaires']:>10} "
                f"{_part(cachees, int(ligne['cellules'])):>7}  {_amplitude(ligne['amplitude_minimum'])}"
            )


def plus_couteuses(bilan: pd.DataFrame, nombre: int) -> Iterator[str]:
    """Rend les tranches qui cachent le plus, la ligne de plan qui les retire et la part cachée qui resterait.

    Args:
        bilan: la table `indicateurs/secret`.
        nombre: combien en montrer.
    """
    table = bilan.assign(cachees=bilan["primaires"] + bilan["complementaires"])
    total = table.groupby("niveau")[["cellules", "cachees"]].sum()
    couteuses = table[table["cachees"] > 0].sort_values(
        ["cachees", "indicateur", "ventilation", "niveau", "rythme"],
        ascending=[False, True, True, True, True],
    )
    for tranche in couteuses.head(nombre).to_dict("records"):
        tout = total.loc[tranche["niveau"]]
        reste = _part(int(tout["cachees"] - tranche["cachees"]), int(tout["cellules"] - tranche["cellules"]))
        nom = f"{tranche['indicateur']}.{tranche['ventilation']}"
        yield (
            f"{nom} ({tranche['niveau']}, {tranche['rythme']}) : {tranche['cachees']} cachées sur "
            f"{tranche['cellules']}, {_part(tranche['cachees'], tranche['cellules'])}"
        )
        tous = f", « {tranche['indicateur']}.* » aussi" if tranche["ventilation"] == ENSEMBLE else ""
        yield (
            f"  → [publication.exceptions.{tranche['niveau']}] {tranche['rythme']} : ajouter "
            f'"{nom}"{tous} ; le niveau {tranche["niveau"]} en cacherait {reste} '
            f"au lieu de {_part(int(tout['cachees']), int(tout['cellules']))}."
        )


def _part(partie: int, tout: int) -> str:
    return f"{100 * partie / tout:.1f} %".replace(".", ",") if tout else "n.d."


def _amplitude(valeur: float | None) -> str:
    return "–" if pd.isna(valeur) else f"{valeur:.0f}"
