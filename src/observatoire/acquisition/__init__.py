"""Premier maillon : des fichiers reçus aux tables telles que publiées."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.acquisition.avance import lecture_d_avance
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from observatoire.acquisition.depot import Depot


def acquerir(
    depots: Sequence[Depot], cle: Callable[[], bytes], provisoire: Path | None = None
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Rend, par morceaux, les tables `acquisition/*` : une ligne par ligne reçue, tout en texte.

    Un fichier qu'on ne peut pas lire arrête tout.

    Args:
        depots: les fichiers scellés.
        cle: rend la clé des pseudonymes ; appelée seulement s'il y a des personnes à lire.
        provisoire: où garder un moment ce qui est lu d'avance.

    Yields:
        Le nom d'une table et un morceau, dans l'ordre des lignes de chaque fichier.

    Raises:
        SourceError: un fichier est illisible ou n'a pas les colonnes attendues.
    """
    with lecture_d_avance(depots, cle, provisoire) as lire:
        for depot in depots:
            lues = 0
            for morceau in lire(depot):
                lues += len(morceau)
                nom = f"acquisition/{depot.source.genre}"
                origine = {
                    "source": depot.source.nom,
                    "millesime": depot.millesime,
                    "fichier": depot.chemin.name,
                }
                yield nom, SCHEMAS[nom].verifier(morceau.assign(**origine))
            yield "acquisition/depots", pd.DataFrame([_ligne(depot, lues)])


def _ligne(depot: Depot, lues: int) -> dict[str, object]:
    return {
        "source": depot.source.nom,
        "millesime": depot.millesime,
        "fichier": depot.chemin.name,
        "genre": depot.source.genre,
        "titre": depot.titre,
        "producteur": depot.producteur,
        "licence": depot.licence,
        "date_extraction": depot.date_extraction,
        "fictif": depot.fictif,
        "sha256": depot.sha256,
        "lues": lues,
    }
