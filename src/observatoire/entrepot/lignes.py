"""Les lignes reçues, rangées de la plus ancienne à la plus récente, et les tables rendues conformes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

RANG = ["millesime", "source", "fichier", "ligne"]
RANG_SUIVI = ["millesime", "date_saisie", "source", "fichier", "ligne"]


def lire_lignes(nom: str, table: pd.DataFrame) -> pd.DataFrame:
    """Rend une table `controle/…` conforme à son schéma, où un texte vide est une valeur absente."""
    table = SCHEMAS[nom].verifier(table)
    textes = [colonne.nom for colonne in SCHEMAS[nom].colonnes if colonne.type == "texte"]
    vides = {nom: table[nom] == "" for nom in textes}
    return table.assign(**{nom: table[nom].mask(vide) for nom, vide in vides.items() if vide.any()})


def ranger(table: pd.DataFrame, priorites: Sequence[str] = RANG) -> pd.DataFrame:
    """Rend les lignes de la moins à la plus probante : la dernière de chaque groupe fait foi.

    Les priorités finissent par l'origine, qui est unique : l'ordre d'arrivée des lignes ne compte pas.
    """
    return table.sort_values(list(priorites), na_position="first", kind="stable", ignore_index=True)


def conforme(nom: str, table: pd.DataFrame) -> pd.DataFrame:
    """Rend la table `entrepot/<nom>` réduite aux colonnes de son schéma, typée, triée sur sa clé."""
    schema = SCHEMAS[f"entrepot/{nom}"]
    table = schema.verifier(table[[c for c in schema.noms if c in table.columns]])
    return table.sort_values(list(schema.cle), kind="stable", ignore_index=True)
