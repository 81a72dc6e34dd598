"""Les lignes à renvoyer à chaque source, à la forme du ministère : une première colonne `Erreurs`.

Chaque ligne est rendue telle que reçue, sous les titres de colonnes de la source, sans aucune colonne
d'identité : ni nom, ni date de naissance, ni pseudonyme.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from observatoire.controle.regles import BLOQUANT, INFO
from observatoire.magasin import ecrire_octets
from observatoire.schemas import SCHEMAS
from observatoire.schemas.acquisition import CLE_ORIGINE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import duckdb

    from observatoire.config import Config, Source

_SANS = ("source", "personne")
_FORMULES = ("=", "+", "-", "@", "\t", "\r")


def ecrire_rejets(
    config: Config,
    connexion: duckdb.DuckDBPyConnection,
    dossier: Path,
    enonces: Mapping[tuple[str, str], str],
) -> list[Path]:
    """Écrit `rejets_<source>.csv` pour chaque source qui a des lignes écartées ou marquées.

    Args:
        config: les sources déclarées.
        connexion: les vues `acquisition.*` et `controle.*`.
        dossier: où écrire ; un fichier issu de données nominatives reste fermé aux autres comptes.
        enonces: l'énoncé public de chaque règle, par source et nom.

    Returns:
        Les fichiers écrits, dans l'ordre des sources.
    """
    connexion.execute(
        "create or replace temp table erreurs as "
        "select source, millesime, fichier, ligne, list((niveau, colonne, regle) order by regle) as erreurs "
        f"from (from controle.rejets union all by name from controle.recoupements) where niveau <> '{INFO}' "
        "group by all"
    )
    ecrits = []
    for (nom,) in connexion.execute("select distinct source from erreurs order by source").fetchall():
        source = config.source(nom)
        chemin = dossier / f"rejets_{nom}.csv"
        ecrire_octets(chemin, _en_csv(connexion, source, enonces), prive=bool(source.identite))
        ecrits.append(chemin)
    return ecrits


def _en_csv(
    connexion: duckdb.DuckDBPyConnection, source: Source, enonces: Mapping[tuple[str, str], str]
) -> bytes:
    noms = _colonnes(source)
    curseur = connexion.execute(
        f"select e.erreurs, {', '.join(f'a.{nom}' for nom in noms)} "
        f"from acquisition.{source.genre} a join erreurs e using (source, millesime, fichier, ligne) "
        "where source = ? order by millesime, fichier, ligne",
        [source.nom],
    )
    tampon = io.StringIO()
    sortie = csv.writer(tampon, delimiter=";", lineterminator="\r\n")
    sortie.writerow(["Erreurs", *(source.colonnes.get(nom, nom) for nom in noms)])
    while lignes := curseur.fetchmany(10_000):
        for erreurs, *valeurs in lignes:
            sortie.writerow([_dire(erreurs, source, enonces), *map(sans_formule, valeurs)])
    return tampon.getvalue().encode("utf-8-sig")


def _colonnes(source: Source) -> list[str]:
    """L'origine de la ligne, puis les colonnes déclarées pour la source, à défaut celles de son genre."""
    noms = SCHEMAS[f"acquisition/{source.genre}"].noms
    admises = {*CLE_ORIGINE.split(), *(source.colonnes or noms)}
    return [nom for nom in noms if nom in admises and nom not in _SANS]


def _dire(erreurs: list[tuple[str, str, str]], source: Source, enonces: Mapping[tuple[str, str], str]) -> str:
    """Rend « Champ montant probablement erroné (énoncé) ; … », les lignes écartées sans « probablement »."""
    phrases = []
    for niveau, colonne, regle in erreurs:
        doute = "" if niveau == BLOQUANT else "probablement "
        titre = source.colonnes.get(colonne, colonne)
        phrases.append(f"Champ {titre} {doute}erroné ({enonces.get((source.nom, regle), regle).rstrip('.')})")
    return " ; ".join(phrases)


def sans_formule(valeur: object) -> str:
    """Rend un texte qu'un tableur n'exécutera pas.

    >>> sans_formule("=1+1"), sans_formule(None), sans_formule(12)
    ("'=1+1", '', '12')
    """
    texte = "" if valeur is None else str(valeur)
    return f"'{texte}" if texte.startswith(_FORMULES) else texte
