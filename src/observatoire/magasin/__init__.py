"""Le disque : écrire des tables entières ou ne rien changer, les relire, les montrer à DuckDB."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from observatoire.erreurs import TableError
from observatoire.magasin.conversions import en_arrow, en_lots, en_pandas
from observatoire.magasin.ecriture import (
    Ecriture,
    ecrire_ensemble,
    ecrire_octets,
    retirer_provisoires,
    terminer_remplacements,
)
from observatoire.magasin.moteur import ouvrir_duckdb, retirer_debordements
from observatoire.magasin.verrou import tenir
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import duckdb
    import pandas as pd

__all__ = [
    "Ecriture",
    "Filtres",
    "Magasin",
    "ecrire_ensemble",
    "ecrire_octets",
    "en_arrow",
    "en_lots",
    "retirer_provisoires",
    "tenir",
]

_VERROU = ".verrou"

Filtres = list[tuple[str, str, object]]


class Magasin:
    """Les tables de `data/processed`, nommées `maillon/table` comme dans `schemas`."""

    def __init__(self, racine: Path) -> None:
        self.racine = racine
        terminer_remplacements(racine)

    def chemin(self, nom: str) -> Path:
        """Le fichier Parquet d'une table déclarée."""
        if nom not in SCHEMAS:
            raise TableError(f"Table inconnue : « {nom} ».", "La déclarer dans observatoire/schemas/.")
        return self.racine / f"{nom}.parquet"

    def existe(self, nom: str) -> bool:
        """Dit si la table a été écrite."""
        return self.chemin(nom).is_file()

    def lire(self, nom: str, filtres: Filtres | None = None) -> pd.DataFrame:
        """Lit une table, aux types de son schéma.

        Args:
            nom: `maillon/table`.
            filtres: conditions `(colonne, "=" ou "in", valeur)` appliquées à la lecture.

        Raises:
            TableError: la table n'a pas encore été construite.
        """
        return en_pandas(nom, pq.read_table(self._present(nom), filters=filtres))

    def distinctes(self, nom: str, colonne: str, filtres: Filtres | None = None) -> list[Any]:
        """Rend les valeurs distinctes d'une colonne, sans lire les autres ni charger pandas.

        Raises:
            TableError: la table n'a pas encore été construite.
        """
        conditions = [f'"{filtree}" in (select unnest(?))' for filtree, _, _ in filtres or ()]
        admises = [valeur if signe == "in" else [valeur] for _, signe, valeur in filtres or ()]
        requete = f'select distinct "{colonne}" from read_parquet(?)'
        if conditions:
            requete += f" where {' and '.join(conditions)}"
        with ouvrir_duckdb(self.racine) as connexion:
            lues = connexion.execute(requete, [str(self._present(nom)), *admises]).fetchall()
        return [valeur for (valeur,) in lues]

    def morceaux(self, nom: str, filtres: Filtres | None = None) -> Iterator[pd.DataFrame]:
        """Rend une table par morceaux de quelques dizaines de milliers de lignes, dans l'ordre de sa clé.

        Raises:
            TableError: la table n'a pas encore été construite.
        """
        for rang in self.groupes(nom, filtres):
            morceau = self.groupe(nom, rang, filtres)
            if len(morceau):
                yield morceau

    def groupes(self, nom: str, filtres: Filtres | None = None) -> list[int]:
        """Rend le rang des morceaux d'une table où des lignes peuvent remplir les conditions.

        Raises:
            TableError: la table n'a pas encore été construite.
        """
        groupes = pq.read_metadata(self._present(nom))
        colonnes = {groupes.schema.column(rang).path: rang for rang in range(groupes.num_columns)}
        egales = [(colonnes[nom], valeur) for nom, signe, valeur in filtres or () if signe == "="]
        return [
            rang
            for rang in range(groupes.num_row_groups)
            if all(_peut_valoir(groupes.row_group(rang).column(c), valeur) for c, valeur in egales)
        ]

    def groupe(self, nom: str, rang: int, filtres: Filtres | None = None) -> pd.DataFrame:
        """Lit un morceau d'une table ; les lignes qui ne remplissent pas les conditions n'y sont pas."""
        table = pq.ParquetFile(self._present(nom)).read_row_group(rang, use_threads=False)
        if filtres is not None:
            table = table.filter(pq.filters_to_expression(filtres))
        return en_pandas(nom, table)

    def ecrire(self, nom: str, table: pd.DataFrame) -> None:
        """Vérifie, trie sur la clé et remplace la table d'un seul geste.

        Raises:
            TableError: colonne absente, en trop, mal typée, ou clé en double.
        """
        with self.ecriture([nom]) as ecriture:
            ecriture.ajouter(nom, table)

    @contextmanager
    def ecriture(self, noms: Iterable[str]) -> Iterator[Ecriture]:
        """Ouvre des tables à remplir par morceaux ; elles remplacent les anciennes si tout a réussi.

        Une table sans morceau est écrite vide. Une erreur, ou l'arrêt du processus, laisse toutes
        les anciennes tables en place ; passé le calcul, toutes les nouvelles y sont.

        Raises:
            TableError: une table ne suit pas son schéma, une clé est en double, ou un autre
                processus écrit déjà.
        """
        with self._seul_a_ecrire():
            ecriture = Ecriture(self.racine, {nom: self.chemin(nom) for nom in noms})
            try:
                yield ecriture
                ecriture.finir()
            finally:
                ecriture.abandonner()

    @contextmanager
    def _seul_a_ecrire(self) -> Iterator[None]:
        """Tient le verrou des écritures et retire ce qu'un processus tué a laissé."""
        refus = TableError(
            "Une autre construction est en cours dans ce dossier.", "Attendre qu'elle finisse."
        )
        with tenir(self.racine / _VERROU, refus):
            terminer_remplacements(self.racine)
            for reste in self.racine.glob("*/.*.parquet.*"):
                reste.unlink(missing_ok=True)
            retirer_debordements(self.racine)
            yield

    def connexion(self, *maillons: str) -> duckdb.DuckDBPyConnection:
        """Ouvre DuckDB en mémoire, une vue par table écrite (`entrepot.heures`).

        La mémoire est bornée ; le surplus d'un grand calcul passe par un dossier de `data/processed`.

        Args:
            maillons: ceux à montrer ; tous par défaut.
        """
        connexion = ouvrir_duckdb(self.racine)
        for nom in SCHEMAS:
            maillon, table = nom.split("/")
            if self.existe(nom) and (not maillons or maillon in maillons):
                fichier = str(self.chemin(nom)).replace("'", "''")
                connexion.execute(f'create schema if not exists "{maillon}"')
                connexion.execute(
                    f"""create view "{maillon}"."{table}" as select * from read_parquet('{fichier}')"""
                )
        return connexion

    def _present(self, nom: str) -> Path:
        chemin = self.chemin(nom)
        if not chemin.is_file():
            raise TableError(f"La table {nom} n'existe pas encore.", "Lancer « observatoire construire ».")
        return chemin


def _peut_valoir(colonne: pq.ColumnChunkMetaData, valeur: Any) -> bool:
    bornes = colonne.statistics
    return bornes is None or not bornes.has_min_max or bool(bornes.min <= valeur <= bornes.max)
