"""Premier maillon : des fichiers reçus aux tables telles que publiées."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.acquisition.lecture import lire
from observatoire.config import GENRES
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from observatoire.acquisition.depot import Depot


def acquerir(depots: Sequence[Depot], cle: Callable[[], bytes]) -> dict[str, pd.DataFrame]:
    """Rend les tables `acquisition/*` : une ligne par ligne reçue, tout en texte.

    Un fichier qu'on ne peut pas lire arrête tout avant que rien soit écrit. Une source sans dépôt
    donne une table vide.

    Args:
        depots: les fichiers scellés.
        cle: rend la clé des pseudonymes ; appelée seulement s'il y a des personnes à lire.

    Raises:
        SourceError: un fichier est illisible ou n'a pas les colonnes attendues.
    """
    lues = [lire(depot.source, depot.chemin, cle) for depot in depots]
    tables = {f"acquisition/{genre}": _reunir(genre, depots, lues) for genre in GENRES}
    inventaire = SCHEMAS["acquisition/depots"]
    tables["acquisition/depots"] = inventaire.typer(
        pd.DataFrame([_ligne(*paire) for paire in zip(depots, lues, strict=True)], columns=inventaire.noms)
    )
    return tables


def _reunir(genre: str, depots: Sequence[Depot], lues: Sequence[pd.DataFrame]) -> pd.DataFrame:
    schema = SCHEMAS[f"acquisition/{genre}"]
    tables = [
        table.assign(source=depot.source.nom, millesime=depot.millesime, fichier=depot.chemin.name)
        for depot, table in zip(depots, lues, strict=True)
        if depot.source.genre == genre
    ]
    typees = [schema.typer(table) for table in tables] or [schema.vide()]
    return schema.verifier(pd.concat(typees, ignore_index=True))


def _ligne(depot: Depot, table: pd.DataFrame) -> dict[str, object]:
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
        "lues": len(table),
    }
