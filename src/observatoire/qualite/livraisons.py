"""La dernière livraison de chaque source comparée à la précédente : nouvelles, perdues, changées, totaux.

Les deux sont relues telles que reçues, sans identité ; seuls des condensés sont comparés.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from observatoire.acquisition.depot import livraison_precedente
from observatoire.acquisition.livraisons import relire
from observatoire.schemas import SCHEMAS
from observatoire.schemas.acquisition import CLE_ORIGINE

if TYPE_CHECKING:
    import duckdb

    from observatoire.config import Config, Source

# Ce qui désigne une ligne d'une livraison à l'autre, et ce qui s'y additionne.
_CLES = {
    "decp": "acheteur_id id_source",
    "suivi": "structure_id operation contrat mois type_heure",
    "enquetes": "annee acheteur_id",
    "grands_projets": "acheteur_id marche_reference",
    "structures": "siret genre",
    "entreprises": "siret",
}
_TOTAUX = {
    "suivi": ("heures", "heures réalisées"),
    "enquetes": ("heures", "heures déclarées"),
    "grands_projets": ("heures_engagees", "heures engagées"),
    "structures": ("capacite", "places"),
}


@dataclass(frozen=True, slots=True)
class Comparaison:
    """Une source et ses deux dernières livraisons ; les comptes sont en lignes désignées par leur clé."""

    source: str
    avant: str
    apres: str
    lues_avant: int
    lues_apres: int
    nouvelles: int
    perdues: int
    changees: int
    total: str
    total_avant: float | None
    total_apres: float | None


def comparer(config: Config, connexion: duckdb.DuckDBPyConnection) -> list[Comparaison]:
    """Rend la comparaison de chaque source reçue au moins deux fois.

    Args:
        config: le dossier de travail, dont `data/raw` garde les livraisons scellées.
        connexion: les vues `acquisition.*`.

    Raises:
        SourceError: une livraison scellée a changé, ou ne se lit plus.
    """
    recues = {
        nom for (nom,) in connexion.execute("select distinct source from acquisition.depots").fetchall()
    }
    comparaisons = []
    for source in config.sources.values():
        depots = livraison_precedente(config, source) if source.nom in recues else []
        if depots:
            _vider(connexion, "avant")
            for depot in depots:
                for morceau in relire(depot):
                    connexion.register("morceau", morceau)
                    _condenser(connexion, source, "avant", "morceau")
            comparaisons.append(_comparer(connexion, source, depots[0].millesime))
    return comparaisons


def _vider(connexion: duckdb.DuckDBPyConnection, nom: str) -> None:
    connexion.execute(f"create or replace temp table {nom} (cle ubigint, condense hugeint, total double)")


def _condenser(connexion: duckdb.DuckDBPyConnection, source: Source, table: str, lignes: str) -> None:
    schema = SCHEMAS[f"acquisition/{source.genre}"]
    contenu = ", ".join(nom for nom in schema.noms if nom not in CLE_ORIGINE.split())
    cle = ", ".join(_CLES[source.genre].split())
    nombre = "null"
    if source.genre in _TOTAUX:
        decimale = source.lecture.get("decimale", ".").replace("'", "''")
        texte = f"regexp_replace({_TOTAUX[source.genre][0]}, '\\s', '', 'g')"
        nombre = f"try_cast(replace({texte}, '{decimale}', '.') as double)"
    connexion.execute(
        f"insert into {table} select hash({cle}), hash({contenu})::hugeint, {nombre} from {lignes}"
    )


def _comparer(connexion: duckdb.DuckDBPyConnection, source: Source, millesime: str) -> Comparaison:
    _vider(connexion, "apres")
    (dernier,) = _une(
        connexion, "select max(millesime) from acquisition.depots where source = ?", [source.nom]
    )
    nom = source.nom.replace("'", "''")
    _condenser(
        connexion,
        source,
        "apres",
        f"(from acquisition.{source.genre} where source = '{nom}' and millesime = '{dernier}')",
    )
    cles = "select cle, sum(condense) as condense from {} group by cle"
    nouvelles, perdues, changees = _une(
        connexion,
        f"""
        select count(*) filter (a.cle is null), count(*) filter (b.cle is null),
          count(*) filter (a.condense <> b.condense)
        from ({cles.format("avant")}) a full join ({cles.format("apres")}) b using (cle)
        """,
    )
    lues_avant, total_avant = _une(connexion, "select count(*), sum(total) from avant")
    lues_apres, total_apres = _une(connexion, "select count(*), sum(total) from apres")
    total = _TOTAUX.get(source.genre, ("", ""))[1]
    return Comparaison(
        source.nom,
        millesime,
        dernier,
        lues_avant,
        lues_apres,
        nouvelles,
        perdues,
        changees,
        total,
        total_avant,
        total_apres,
    )


def _une(
    connexion: duckdb.DuckDBPyConnection, requete: str, valeurs: list[str] | None = None
) -> tuple[Any, ...]:
    ligne = connexion.execute(requete, valeurs or []).fetchone()
    assert ligne is not None
    return ligne
