"""Le tableau de decp.info, en CSV ou en Parquet : un contrat et un titulaire par ligne."""

from __future__ import annotations

from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from observatoire.acquisition.decp_contrats import en_json
from observatoire.acquisition.tableurs import colonnes_attendues, trouver
from observatoire.acquisition.valeurs_separees import TexteSepare
from observatoire.erreurs import ColonnesManquantesError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from observatoire.config import Source

_LIGNES_PAR_MORCEAU = 50_000
_LIGNES_MAXIMUM = 20_000_000
_OCTETS_MAXIMUM = 400_000_000
_RATIO_MAXIMUM = 200
_OCTETS_PAR_MORCEAU = 1 << 27
# notre colonne = colonne de decp.info
_COLONNES = {
    "uid": "uid",
    "id_source": "id",
    "acheteur_id": "acheteur_id",
    "acheteur_nom": "acheteur_nom",
    "acheteur_departement": "acheteur_departement_code",
    "nature": "nature",
    "objet": "objet",
    "cpv": "codeCPV",
    "type_marche": "type",
    "procedure": "procedure",
    "techniques": "techniques",
    "modalites_execution": "modalitesExecution",
    "id_accord_cadre": "idAccordCadre",
    "marche_innovant": "marcheInnovant",
    "ccag": "ccag",
    "offres_recues": "offresRecues",
    "attribution_avance": "attributionAvance",
    "taux_avance": "tauxAvance",
    "type_groupement": "typeGroupementOperateurs",
    "sous_traitance_declaree": "sousTraitanceDeclaree",
    "lieu_code": "lieuExecution_code",
    "lieu_type": "lieuExecution_typeCode",
    "date_notification": "dateNotification",
    "date_publication": "datePublicationDonnees",
    "duree_mois": "dureeMois",
    "montant": "montant",
    "forme_prix": "formePrix",
    "types_prix": "typesPrix",
    "origine_ue": "origineUE",
    "origine_france": "origineFrance",
    "titulaire_id": "titulaire_id",
    "titulaire_type": "titulaire_typeIdentifiant",
    "titulaire_nom": "titulaire_nom",
    "considerations": "considerationsSociales",
    "considerations_environnementales": "considerationsEnvironnementales",
    "nb_modifications": "modification_id",
}
_LISTES = (
    "techniques",
    "modalites_execution",
    "types_prix",
    "considerations",
    "considerations_environnementales",
)
_TITULAIRE = {"id": "titulaire_id", "type_identifiant": "titulaire_type", "denomination": "titulaire_nom"}


class TableauCsv:
    """Un CSV de decp.info, dont l'en-tête est lu."""

    def __init__(self, source: Source, fichier: Path) -> None:
        self._texte = TexteSepare.ouvrir(fichier, source.lecture)
        self._positions = _positions(fichier, self._texte.entetes)

    def controler(self) -> int:
        """Rend le nombre de lignes, toutes lues."""
        return self._texte.controler()

    def morceaux(self) -> Iterator[pd.DataFrame]:
        """Rend les lignes, aux colonnes de `acquisition/decp`, par morceaux."""
        for table in self._texte.morceaux(self._positions):
            yield _en_forme(table)


class TableauParquet:
    """Un Parquet de decp.info : mêmes colonnes que le CSV, mais typées."""

    def __init__(self, fichier: Path) -> None:
        self._fichier = fichier

    def controler(self) -> int:
        """Rend le nombre de lignes, toutes lues."""
        return sum(len(lot) for lot in self._lots())

    def morceaux(self) -> Iterator[pd.DataFrame]:
        """Rend les lignes, aux colonnes de `acquisition/decp`, par morceaux."""
        deja = 0
        for lot in self._lots():
            table = lot.to_pandas(types_mapper={pa.string(): pd.StringDtype()}.get)
            table["ligne"] = pd.RangeIndex(deja + 1, deja + len(lot) + 1)
            deja += len(lot)
            yield _en_forme(table)

    def _lots(self) -> Iterator[pa.Table]:
        """Rend les colonnes présentes sous nos noms, toutes en texte."""
        with _lisible(self._fichier), pq.ParquetFile(self._fichier) as parquet:
            _refuser_demesure(self._fichier, parquet.metadata)
            entetes = parquet.schema_arrow.names
            positions = _positions(self._fichier, entetes)
            textes = [champ.name for champ in parquet.schema_arrow if _est_du_texte(champ.type)]
        with _lisible(self._fichier), pq.ParquetFile(self._fichier, read_dictionary=textes) as parquet:
            noms = {entetes[rang]: nom for nom, rang in positions.items()}
            for lot in parquet.iter_batches(_LIGNES_PAR_MORCEAU, columns=list(noms)):
                lot.validate(full=True)
                _refuser_lot_demesure(self._fichier, lot)
                yield pa.table({noms[c]: _en_texte(lot.column(c)) for c in noms})


def _est_du_texte(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


@contextmanager
def _lisible(fichier: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as erreur:
        raise SourceError(
            f"{fichier.name} : Parquet illisible ou tronqué ({type(erreur).__name__}).",
            "Télécharger le fichier de nouveau, ou prendre le CSV.",
        ) from None


def _refuser_demesure(fichier: Path, resume: pq.FileMetaData) -> None:
    deplies = sum(resume.row_group(rang).total_byte_size for rang in range(resume.num_row_groups))
    demesure = deplies > max(_OCTETS_MAXIMUM, _RATIO_MAXIMUM * fichier.stat().st_size)
    if demesure or resume.num_rows > _LIGNES_MAXIMUM:
        raise _demesure(fichier, f"{resume.num_rows} lignes, {deplies / 1e6:.0f} Mo dépliés")


def _refuser_lot_demesure(fichier: Path, lot: pa.RecordBatch) -> None:
    """Refuse un lot qui prendrait trop de place une fois chaque texte répété sur sa ligne."""
    for colonne in lot.columns:
        if pa.types.is_dictionary(colonne.type):
            octets = pc.sum(pc.binary_length(colonne.dictionary).take(colonne.indices)).as_py() or 0
            if octets > _OCTETS_PAR_MORCEAU:
                raise _demesure(fichier, f"{octets / 1e6:.0f} Mo de texte dans {len(lot)} lignes")


def _demesure(fichier: Path, mesure: str) -> SourceError:
    return SourceError(f"{fichier.name} : Parquet démesuré ({mesure}).", "Demander un fichier plus petit.")


def _en_texte(colonne: pa.Array) -> pa.Array:
    """Écrit une colonne typée comme le CSV l'écrirait ; une chaîne vide est une absence."""
    type_ = colonne.type
    if pa.types.is_floating(type_):
        return pa.array([_nombre(valeur) for valeur in colonne.to_pylist()], pa.string())
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        listes = colonne.to_pylist()
        return pa.array([None if v is None else ", ".join(map(str, v)) for v in listes], pa.string())
    textes = colonne.cast(pa.string())
    return pc.if_else(pc.equal(textes, ""), pa.scalar(None, pa.string()), textes)


def _nombre(valeur: float | None) -> str | None:
    """Écrit un nombre sans puissance de dix ni décimale inutile.

    >>> [_nombre(v) for v in (61100.0, 91109.96, 1e17, 1e-7, float("nan"), None)]
    ['61100', '91109.96', '100000000000000000', '0.0000001', None, None]
    """
    if valeur is None or valeur != valeur:
        return None
    return f"{Decimal(repr(valeur)):f}".removesuffix(".0")


def _positions(fichier: Path, entetes: Sequence[str]) -> Mapping[str, int]:
    positions = trouver(fichier.name, entetes, _COLONNES)
    exigees = ["montant", "date_notification"]
    if "uid" not in positions:
        exigees += ["acheteur_id", "id_source"]
    if manquantes := [_COLONNES[nom] for nom in exigees if nom not in positions]:
        ou = "observatoire/acquisition/decp_tabulaire.py"
        raise ColonnesManquantesError.pour(fichier.name, manquantes, entetes, ou)
    return positions


def _en_forme(table: pd.DataFrame) -> pd.DataFrame:
    """Rend les lignes dans la forme des autres formats : listes en JSON, un titulaire par liste."""
    complete = table.reindex(columns=["ligne", *_COLONNES]).astype(dict.fromkeys(_COLONNES, "string"))
    concession = complete["nature"].str.contains("concession|délégation", case=False).fillna(False)
    modifications = complete["nb_modifications"]
    complete = complete.assign(
        format="tabulaire",
        genre=concession.map({True: "concession", False: "marche"}),
        titulaires=_titulaires(complete),
        nb_modifications=modifications.where(modifications.str.fullmatch(r"[0-9]{1,4}")).astype("Int64"),
        **{nom: _par_valeur(complete[nom], _liste) for nom in _LISTES},
    )
    return complete.reindex(columns=["ligne", *colonnes_attendues("decp")])


def _titulaires(table: pd.DataFrame) -> pd.Series[str]:
    """Rend le titulaire de chaque ligne dans la forme des autres formats : une liste d'un objet."""
    colonnes = [table[nom].astype(object).where(table[nom].notna(), None) for nom in _TITULAIRE.values()]
    triplets = list(zip(*colonnes, strict=True))
    ecrits = {t: en_json([dict(zip(_TITULAIRE, t, strict=True))]) for t in set(triplets) if t[0] is not None}
    return pd.Series([ecrits.get(t) for t in triplets], index=table.index, dtype="string")


def _liste(texte: str) -> str:
    return en_json([valeur.strip() for valeur in texte.split(",") if valeur.strip()])


def _par_valeur(texte: pd.Series[str], ecrire: Callable[[str], str]) -> pd.Series[str]:
    return texte.map({valeur: ecrire(valeur) for valeur in texte.dropna().unique()}).astype("string")
