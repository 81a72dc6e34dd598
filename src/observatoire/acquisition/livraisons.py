"""La livraison d'avant : ce qu'une source avait envoyé la fois précédente, toujours scellé."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.acquisition.depot import livraison_precedente
from observatoire.acquisition.lecture import lire
from observatoire.acquisition.pseudonymes import chemin_cle, lire_cle
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from observatoire.acquisition.depot import Depot
    from observatoire.config import Config


def lignes_precedentes(config: Config) -> dict[str, tuple[str, int]]:
    """Rend, par source qui a au moins deux livraisons, la date et les lignes de l'avant-dernière.

    Le nombre de lignes est celui noté au scellement ; à défaut, les fichiers sont relus.

    Raises:
        SourceError: un fichier a changé depuis son scellement, ou ne se lit plus.
    """
    precedentes = {}
    for source in config.sources.values():
        depots = livraison_precedente(config, source)
        if depots:
            precedentes[source.nom] = (depots[0].millesime, sum(_lignes(depot) for depot in depots))
    return precedentes


def relire(depot: Depot) -> Iterator[pd.DataFrame]:
    """Rend un fichier scellé par morceaux, comme `acquisition/*` le garde : tout en texte, sans identité."""
    schema = SCHEMAS[f"acquisition/{depot.source.genre}"]
    origine = {"source": depot.source.nom, "millesime": depot.millesime, "fichier": depot.chemin.name}
    for morceau in lire(depot.source, depot.chemin, lambda: lire_cle(chemin_cle())):
        yield schema.verifier(morceau.assign(**origine))


def _lignes(depot: Depot) -> int:
    return sum(map(len, relire(depot))) if depot.lignes is None else depot.lignes
