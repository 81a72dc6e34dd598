"""Le marché que l'équipe a trouvé pour une clause (`correspondances.csv`) : lu, vérifié, jamais deviné."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pandas as pd

from observatoire.controle.typage import lire_siret, nettoyer
from observatoire.erreurs import ConfigError, suggestion
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from observatoire.config import Config

FICHIER = "correspondances.csv"
_SCHEMA = SCHEMAS["controle/correspondances"]


def lire_correspondances(config: Config) -> pd.DataFrame:
    """Rend `controle/correspondances` ; aucune ligne si le fichier n'est pas dans le dossier de travail.

    Le fichier est un CSV à point-virgule, en UTF-8 ou en cp1252. Un `id_source` vide dit que la
    clause n'a pas de marché publié. Une opération mutualisée s'écrit comme au contrôle (`OP1|OP2`).

    Raises:
        ConfigError: colonnes absentes ou inconnues, ligne incomplète, SIRET faux, source non
            déclarée, ou deux lignes pour une même clause.
    """
    chemin = config.racine / FICHIER
    if not chemin.is_file():
        return _SCHEMA.vide()
    table = _verifier_colonnes(_lire(chemin.read_bytes()))
    for rang, valeurs in enumerate(table.fillna("").itertuples(index=False), 2):
        _verifier_ligne(rang, dict(zip(table.columns, valeurs, strict=True)), config)
    for nom in ("structure_id", "acheteur_id"):
        table[nom] = table[nom].map(lambda texte: lire_siret(texte) or texte, na_action="ignore")
    doubles = table.duplicated(list(_SCHEMA.cle))
    if doubles.any():
        clause = table.loc[doubles].iloc[0]
        raise ConfigError(
            f"{FICHIER} : l'opération {clause['operation']} ({clause['source']}) y figure deux fois.",
            "Garder une seule ligne par clause.",
        )
    return _SCHEMA.verifier(table)


def _lire(octets: bytes) -> list[list[str]]:
    try:
        texte = octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        texte = octets.decode("cp1252", errors="replace")
    try:
        return [
            ligne for ligne in csv.reader(io.StringIO(texte, newline=""), delimiter=";", strict=True) if ligne
        ]
    except csv.Error:
        raise ConfigError(
            f"{FICHIER} : le texte ne se découpe pas en colonnes.", "Revoir ses guillemets."
        ) from None


def _verifier_colonnes(lignes: list[list[str]]) -> pd.DataFrame:
    entetes = [entete.strip() for entete in lignes[0]] if lignes else []
    if sorted(entetes) != sorted(_SCHEMA.noms):
        raise ConfigError(
            f"{FICHIER} : colonnes lues : {', '.join(entetes) or 'aucune'}.",
            f"La première ligne est : {';'.join(_SCHEMA.noms)}",
        )
    for rang, ligne in enumerate(lignes[1:], 2):
        if len(ligne) != len(entetes):
            raise ConfigError(
                f"{FICHIER}, ligne {rang} : {len(ligne)} valeurs pour {len(entetes)} colonnes.",
                "Une valeur qui contient un point-virgule se met entre guillemets.",
            )
    return nettoyer(pd.DataFrame(lignes[1:], columns=entetes, dtype="string"))


def _verifier_ligne(rang: int, ligne: dict[str, str], config: Config) -> None:
    ou = f"{FICHIER}, ligne {rang}"
    vides = [nom for nom in _SCHEMA.cle if not ligne[nom]]
    if vides:
        raise ConfigError(
            f"{ou} : {', '.join(vides)} manque.", "Une clause se désigne par ces trois colonnes."
        )
    suivis = [nom for nom, source in config.sources.items() if source.genre == "suivi"]
    if ligne["source"] not in suivis:
        raise ConfigError(
            f"{ou} : « {ligne['source']} » n'est pas une source de suivi.",
            suggestion(ligne["source"], suivis),
        )
    if ligne["id_source"] and not ligne["acheteur_id"]:
        raise ConfigError(
            f"{ou} : acheteur_id manque.", "Un marché se désigne par son acheteur et son numéro."
        )
    if ligne["acheteur_id"] and lire_siret(ligne["acheteur_id"]) is None:
        raise ConfigError(
            f"{ou} : le SIRET « {ligne['acheteur_id']} » est faux.", "14 chiffres, clé de Luhn juste."
        )
