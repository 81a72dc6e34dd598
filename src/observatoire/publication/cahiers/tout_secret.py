"""Un territoire dont tout serait secret : le cas qu'aucune donnée ne montre, et qui doit pourtant se lire."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.config import Config
from observatoire.magasin import Magasin
from observatoire.publication.cellules import PUBLIE, SECRET
from observatoire.publication.lectures import COMPARAISONS, VALEURS

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOMBRES = {VALEURS: "valeur", COMPARAISONS: "ecart"}
_HORS_DE_LA_VUE = ("data", "outputs", "registre")


@contextmanager
def vue_secrete(config: Config, territoire: str) -> Iterator[Config]:
    """Ouvre un dossier de travail jetable où ce territoire ne publie plus rien : chaque cellule est secrète.

    Les notebooks, les gabarits et les autres tables y sont ceux du projet, par des liens. Rien n'est écrit
    dans `data/processed`, et les deux tables changées sont en lecture seule, puis effacées.
    """
    with tempfile.TemporaryDirectory(prefix="observatoire-essai-") as dossier:
        racine = Path(dossier)
        for entree in config.racine.iterdir():
            if entree.name not in _HORS_DE_LA_VUE and not entree.name.startswith("."):
                (racine / entree.name).symlink_to(entree)
        vue = Config.lire(racine)
        (vue.processed / "indicateurs").mkdir(parents=True)
        for table in (config.processed / "indicateurs").glob("*.parquet"):
            nom = f"indicateurs/{table.stem}"
            if nom in _NOMBRES:
                _cacher(Magasin(config.processed), nom, territoire, vue.processed / f"{nom}.parquet")
            else:
                (vue.processed / f"{nom}.parquet").symlink_to(table)
        yield vue


def _cacher(magasin: Magasin, nom: str, territoire: str, cible: Path) -> None:
    """Copie une table ; ce que ce territoire y publie devient secret, et perd son nombre."""
    import pyarrow.parquet as pq

    du_territoire, nombre = "territoire = ? and statut = ?", _NOMBRES[nom]
    requete = f"""
    select * replace (
      case when {du_territoire} then null else {nombre} end as {nombre},
      case when {du_territoire} then ? else statut end as statut)
    from {nom.replace("/", ".")}"""
    publie = (territoire, PUBLIE)
    with magasin.connexion("indicateurs") as connexion:
        lue = connexion.sql(requete, params=[*publie, *publie, SECRET]).to_arrow_table()
    pq.write_table(lue, cible)
    cible.chmod(0o444)
