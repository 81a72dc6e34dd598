"""Écrire des tables entières, ou ne rien changer."""

from __future__ import annotations

import json
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from observatoire.magasin.conversions import LIGNES_PAR_GROUPE, champs, en_arrow, en_lots, est_rangee
from observatoire.magasin.moteur import ouvrir_duckdb
from observatoire.schemas import SCHEMAS, Schema

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    import duckdb
    import pandas as pd

_JOURNAL = ".remplacements.json"


def ecrire_octets(chemin: Path, octets: bytes, *, prive: bool = False) -> None:
    """Écrit un fichier d'un seul geste : un lecteur voit l'ancien ou le nouveau, jamais un morceau.

    Un fichier `prive` n'est à aucun moment lisible des autres comptes.
    """
    ecrire_ensemble({chemin: octets}, prive=prive)


def ecrire_ensemble(fichiers: Mapping[Path, bytes], *, prive: bool = False) -> None:
    """Écrit plusieurs fichiers à côté de leur place, puis les y met tous ; un échec n'en met aucun."""
    provisoires: dict[Path, Path] = {}
    try:
        for chemin, octets in fichiers.items():
            chemin.parent.mkdir(parents=True, exist_ok=True)
            descripteur, provisoire = tempfile.mkstemp(dir=chemin.parent, prefix=f".{chemin.name}.")
            provisoires[chemin] = Path(provisoire)
            with os.fdopen(descripteur, "wb") as flux:
                flux.write(octets)
                flux.flush()
                os.fsync(flux.fileno())
            os.chmod(provisoire, 0o600 if prive else 0o644)
        for chemin, ecrit in provisoires.items():
            os.replace(ecrit, chemin)
    except BaseException:
        for reste in provisoires.values():
            reste.unlink(missing_ok=True)
        raise


def retirer_provisoires(dossier: Path) -> None:
    """Retire ce qu'un processus tué a laissé d'une écriture dans un dossier."""
    for reste in dossier.glob(".*.*.*"):
        reste.unlink(missing_ok=True)


class Ecriture:
    """Des tables en cours d'écriture, chacune dans un fichier provisoire à côté de sa place."""

    def __init__(self, racine: Path, chemins: dict[str, Path]) -> None:
        self._racine = racine
        self._chemins = chemins
        self._fichiers: dict[str, _Fichier] = {}
        for nom, chemin in chemins.items():
            self._fichiers[nom] = _Fichier(SCHEMAS[nom], chemin, racine)

    def ajouter(self, nom: str, table: pd.DataFrame | duckdb.DuckDBPyRelation) -> None:
        """Ajoute un morceau : une table pandas, ou une relation DuckDB lue par lots.

        Raises:
            TableError: le morceau ne suit pas le schéma de la table.
        """
        import pandas as pd

        fichier = self._fichiers[nom]
        if isinstance(table, pd.DataFrame):
            fichier.ajouter(en_arrow(SCHEMAS[nom], table))
        else:
            for lot in en_lots(SCHEMAS[nom], table):
                fichier.ajouter(lot)

    @property
    def lignes(self) -> dict[str, int]:
        """Le nombre de lignes ajoutées à chaque table."""
        return {nom: fichier.lignes for nom, fichier in self._fichiers.items()}

    def finir(self) -> None:
        """Ferme toutes les tables, les range sur leur clé, puis les met toutes à leur place.

        Le journal est le point de non-retour : écrit, les remplacements auront tous lieu, même si
        le processus est tué entre deux (`terminer_remplacements`).
        """
        for fichier in self._fichiers.values():
            fichier.fermer()
        paires = [(str(f.provisoire), str(self._chemins[nom])) for nom, f in self._fichiers.items()]
        relatives = [[os.path.relpath(chemin, self._racine) for chemin in paire] for paire in paires]
        ecrire_octets(self._racine / _JOURNAL, json.dumps(relatives).encode())
        terminer_remplacements(self._racine)

    def abandonner(self) -> None:
        """Retire ce qui n'a pas été mis à sa place."""
        for fichier in self._fichiers.values():
            fichier.retirer()


class _Fichier:
    """Un fichier Parquet provisoire, rangé sur sa clé et sans clé en double quand il est fermé."""

    def __init__(self, schema: Schema, chemin: Path, racine: Path) -> None:
        self.lignes = 0
        self._schema = schema
        self._racine = racine
        chemin.parent.mkdir(parents=True, exist_ok=True)
        descripteur, provisoire = tempfile.mkstemp(dir=chemin.parent, prefix=f".{chemin.name}.")
        os.close(descripteur)
        self.provisoire = Path(provisoire)
        self._flux = pq.ParquetWriter(self.provisoire, champs(schema), compression="zstd")
        self._fil = ThreadPoolExecutor(1)  # compresse un morceau pendant que le suivant se calcule
        self._en_cours: Future[None] | None = None
        self._derniere: pa.Table | None = None
        self._rangee = True

    def ajouter(self, table: pa.Table) -> None:
        """Ajoute des lignes déjà rangées entre elles, sans clé en double."""
        if not len(table):
            return
        cles = table.select(self._schema.cle)
        if self._derniere is not None and self._rangee:
            jointure = pa.concat_tables([self._derniere, cles.slice(0, 1)])
            self._rangee = est_rangee(self._schema, jointure)
        self._derniere = cles.slice(len(cles) - 1)
        self.lignes += len(table)
        self._attendre()
        self._en_cours = self._fil.submit(self._flux.write_table, table, LIGNES_PAR_GROUPE)

    def clore(self) -> None:
        """Attend le dernier morceau et ferme le fichier."""
        self._attendre()
        self._flux.close()

    def fermer(self) -> None:
        """Ferme le fichier, le range s'il ne l'est pas, et le pousse jusqu'au disque."""
        self.clore()
        if not self._rangee:
            self._ranger()
        with self.provisoire.open("rb") as flux:
            os.fsync(flux.fileno())
        # `rattachements.objet_id` est aussi un pseudonyme
        self.provisoire.chmod(0o600 if {"personne", "objet_id"} & set(self._schema.noms) else 0o644)

    def retirer(self) -> None:
        """Efface le fichier provisoire, s'il existe encore."""
        self._fil.shutdown()
        self._flux.close()
        self.provisoire.unlink(missing_ok=True)

    def _attendre(self) -> None:
        if self._en_cours is not None:
            self._en_cours.result()

    def _ranger(self) -> None:
        """Relit tout par DuckDB, qui trie au-delà de la mémoire."""
        fichier = str(self.provisoire).replace("'", "''")
        range_ = _Fichier(self._schema, self.provisoire, self._racine)
        try:
            with ouvrir_duckdb(self._racine) as connexion:
                for lot in en_lots(self._schema, connexion.sql(f"from read_parquet('{fichier}')")):
                    range_.ajouter(lot)
            range_.clore()
            os.replace(range_.provisoire, self.provisoire)
        finally:
            range_.retirer()


def terminer_remplacements(racine: Path) -> None:
    """Met à leur place les tables d'une écriture finie, s'il en reste à remplacer.

    Deux processus peuvent le faire ensemble : chaque fichier ne part qu'une fois.
    """
    journal = racine / _JOURNAL
    try:
        paires = json.loads(journal.read_bytes())
    except FileNotFoundError:
        return
    for provisoire, chemin in paires:
        with suppress(FileNotFoundError):
            os.replace(racine / provisoire, racine / chemin)
    journal.unlink(missing_ok=True)
