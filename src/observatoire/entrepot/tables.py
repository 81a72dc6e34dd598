"""Ce que toute requête de l'entrepôt trouve dans la connexion : ses tables, ses clés, les listes.

Une requête de l'entrepôt s'écrit en SQL DuckDB et se range par `creer`. Elle lit `controle.*`, les
tables `entrepot.*` déjà construites, et :

- `reference.sources(source, rang)` : les sources dans l'ordre d'`observatoire.toml` ;
- `reference.parametres(nom, depuis, valeur)` : les valeurs datées de `parametres.toml` ;
- `reference.communes(code)` : les communes de la région en vigueur ;
- `reference.communes_remplacees(ancien, code)` : les codes qui ne sont plus en vigueur ;
- les macros `siren`, `empreinte`, `numero_publie`, `reference_comparable`, `objet_comparable`, `cle_marche`,
  `commune_actuelle`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.referentiel import lire_liste
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    import duckdb

    from observatoire.config import Config

_TYPES = {
    "texte": "varchar",
    "entier": "bigint",
    "reel": "double",
    "booleen": "boolean",
    "date": "timestamp",
}

_PARIS = "75056"

# Une empreinte est la même sur tout poste ; chr(31) n'est dans aucun identifiant publié.
_MACROS = r"""
create or replace macro siren(siret) as left(siret, 9);

create or replace macro empreinte(texte) as left(md5(texte), 16);

create or replace macro numero_publie(numero) as regexp_replace(numero, '[ ,\\./]', '_', 'g');

create or replace macro objet_comparable(objet) as
  upper(trim(regexp_replace(strip_accents(objet), '[^\p{L}\p{N}]+', ' ', 'g')));

create or replace macro reference_comparable(reference) as
  nullif(ltrim(upper(regexp_replace(strip_accents(reference), '[^\p{L}\p{N}]+', '', 'g')), '0'), '');

create or replace macro cle_marche(acheteur_id, reference) as
  siren(acheteur_id) || '|' || reference_comparable(reference);

create or replace macro commune_actuelle(commune) as
  coalesce((select code from reference.communes_remplacees where ancien = commune), commune);
"""


def preparer(connexion: duckdb.DuckDBPyConnection, config: Config) -> None:
    """Ouvre le schéma `entrepot`, toutes ses tables vides, les listes de `reference` et les macros."""
    connexion.execute("create schema if not exists entrepot")
    connexion.execute("create schema if not exists reference")
    for nom, schema in SCHEMAS.items():
        if nom.startswith("entrepot/"):
            colonnes = ", ".join(f'"{colonne.nom}" {_TYPES[colonne.type]}' for colonne in schema.colonnes)
            connexion.execute(f"create or replace table {nom.replace('/', '.')} ({colonnes})")
    listes = {
        "sources": pd.DataFrame({"source": list(config.sources), "rang": range(len(config.sources))}),
        "parametres": pd.DataFrame(config.parametres_dates(), columns=["nom", "depuis", "valeur"]),
        "communes": pd.DataFrame(lire_liste("communes"), dtype="string"),
        "communes_remplacees": pd.DataFrame(_codes_remplaces(), columns=["ancien", "code"]),
    }
    for nom, lignes in listes.items():
        inscrire(connexion, f"reference.{nom}", lignes)
    connexion.execute(_MACROS)


def _codes_remplaces() -> list[tuple[str, str]]:
    """Rend les codes de communes fusionnées, et des arrondissements de Paris, avec le code en vigueur."""
    fusionnees = [
        (ancien, ligne["code"])
        for ligne in lire_liste("communes")
        for ancien in ligne["anciens_codes"].split("|")
        if ancien
    ]
    return fusionnees + [(f"751{rang:02}", _PARIS) for rang in range(1, 21)]


def inscrire(connexion: duckdb.DuckDBPyConnection, nom: str, lignes: pd.DataFrame) -> None:
    """Copie une petite table pandas dans la connexion."""
    connexion.register("_lignes", lignes)
    connexion.execute(f"create or replace table {nom} as from _lignes")
    connexion.unregister("_lignes")


def creer(connexion: duckdb.DuckDBPyConnection, nom: str, requete: str) -> None:
    """Remplit `entrepot.<nom>` par une requête qui nomme au moins toutes les colonnes de son schéma.

    L'ordre des colonnes est sans effet, une colonne de trop est ignorée, une colonne absente est une
    erreur de DuckDB. L'ordre des lignes et l'unicité de la clé se vérifient à l'écriture.
    """
    colonnes = ", ".join(
        f'"{c.nom}"::{_TYPES[c.type]} as "{c.nom}"' for c in SCHEMAS[f"entrepot/{nom}"].colonnes
    )
    connexion.execute(f"create or replace table entrepot.{nom} as select {colonnes} from ({requete})")
