"""Les données ouvertes : tout ce qui est publié, en tables simples, décrites et réutilisables.

Seules `indicateurs/valeurs`, `comparaisons`, `catalogue` et `provenance` sont lues : une cellule cachée y est
déjà vide. Le dossier `outputs/donnees` est remplacé entier, ou pas du tout.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from observatoire.magasin import Magasin
from observatoire.publication.donnees.classeur import ecrire_classeur
from observatoire.publication.donnees.description import decrire
from observatoire.publication.donnees.edition import Edition
from observatoire.publication.donnees.ressources import lire_ressources
from observatoire.publication.donnees.textes import en_csv

if TYPE_CHECKING:
    from observatoire.config import Config
    from observatoire.publication.donnees.ressources import Ressource

__all__ = ["publier"]

_CLASSEUR, _DESCRIPTION = "observatoire.xlsx", "datapackage.json"
_HORS_CLASSEUR = ("comparaisons",)  # autant de lignes que les valeurs : le classeur resterait lourd à ouvrir


def publier(config: Config) -> list[Path]:
    """Écrit les données ouvertes dans `outputs/donnees` et rend les fichiers, triés.

    Les mêmes indicateurs donnent les mêmes octets.

    Raises:
        TableError: les indicateurs n'ont pas encore été construits.
        PublicationError: un code n'a pas la forme d'un code.
    """
    magasin = Magasin(config.processed)
    edition = Edition.lire(config, magasin.lire("indicateurs/provenance"))
    ressources = lire_ressources(magasin, edition)
    config.outputs.mkdir(parents=True, exist_ok=True)
    provisoire = Path(tempfile.mkdtemp(dir=config.outputs, prefix=".donnees."))
    try:
        _ecrire(provisoire, edition, ressources)
        dossier = config.outputs / "donnees"
        _remplacer(dossier, provisoire)
    finally:
        shutil.rmtree(provisoire, ignore_errors=True)
    return sorted(dossier.iterdir())


def _ecrire(dossier: Path, edition: Edition, ressources: list[Ressource]) -> None:
    for ressource in ressources:
        (dossier / f"{ressource.nom}.csv").write_bytes(en_csv(ressource))
    valeurs = ressources[0].table
    arrow = pa.Table.from_pandas(valeurs, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(arrow, dossier / "valeurs.parquet", compression="zstd")
    ecrire_classeur(dossier / _CLASSEUR, edition, [r for r in ressources if r.nom not in _HORS_CLASSEUR])
    annexes = {
        "valeurs.parquet": ("Les valeurs, au format Parquet", "application/vnd.apache.parquet"),
        _CLASSEUR: (
            "Les valeurs et leurs libellés, dans un classeur",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
    }
    (dossier / _DESCRIPTION).write_bytes(decrire(dossier, edition, ressources, annexes))


def _remplacer(dossier: Path, nouveau: Path) -> None:
    """Met le dossier neuf à la place de l'ancien, qui n'est effacé qu'ensuite."""
    nouveau.chmod(0o755)
    ancien = dossier.with_name(".donnees.ancien")
    shutil.rmtree(ancien, ignore_errors=True)
    if dossier.exists():
        os.replace(dossier, ancien)
    os.replace(nouveau, dossier)
    shutil.rmtree(ancien, ignore_errors=True)
