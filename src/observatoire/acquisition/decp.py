"""Les données essentielles de la commande publique : JSON v1 ou v2, ou tableau de decp.info."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Any

import pandas as pd

from observatoire.acquisition.decp_json import en_json, lire_json, verifier_json
from observatoire.acquisition.tableurs import colonnes_attendues, trouver
from observatoire.acquisition.valeurs_separees import TexteSepare
from observatoire.erreurs import ColonnesManquantesError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from observatoire.config import Source

# notre colonne = colonne de decp.info
_COLONNES = {
    "uid": "uid",
    "id_source": "id",
    "acheteur_id": "acheteur_id",
    "acheteur_nom": "acheteur_nom",
    "acheteur_departement": "acheteur_departement_code",
    "nature": "nature",
    "objet": "objet",
    "procedure": "procedure",
    "cpv": "codeCPV",
    "type_marche": "type",
    "lieu_code": "lieuExecution_code",
    "lieu_type": "lieuExecution_typeCode",
    "titulaire_id": "titulaire_id",
    "titulaire_type": "titulaire_typeIdentifiant",
    "date_notification": "dateNotification",
    "date_publication": "datePublicationDonnees",
    "duree_mois": "dureeMois",
    "montant": "montant",
    "considerations": "considerationsSociales",
    "nb_modifications": "modification_id",
}


def lire_decp(source: Source, fichier: Path) -> pd.DataFrame:
    """Rend un fichier DECP comme il a été publié : renommé, jamais corrigé.

    Le format se reconnaît au contenu. En JSON, une ligne est un contrat ; dans le tableau de
    decp.info, un contrat et un titulaire.

    Raises:
        SourceError: fichier vide, mal formé, d'une version inconnue ou sans contrat.
        ColonnesManquantesError: le tableau n'a pas les colonnes indispensables.
    """
    table = lire_json(fichier) if _est_json(fichier) else _lire_tableau(source, fichier)
    return table.reindex(columns=["ligne", *colonnes_attendues("decp")])


def verifier_decp(source: Source, fichier: Path) -> None:
    """Lit un fichier sans rien garder, avec les mêmes refus que `lire_decp`."""
    if _est_json(fichier):
        verifier_json(fichier)
        return
    tableau = TexteSepare.ouvrir(fichier, source.lecture)
    _positions(fichier, tableau.entetes)
    if not tableau.controler():
        raise SourceError(f"{fichier.name} ne contient aucun contrat.", "Vérifier l'export.")


def _est_json(fichier: Path) -> bool:
    with fichier.open("rb") as flux:
        debut = flux.read(1024).removeprefix(codecs.BOM_UTF8).lstrip()
    if debut.startswith(b"<"):
        quoi = "une page web" if b"<html" in debut.lower() else "du XML"
        raise SourceError(
            f"{fichier.name} contient {quoi} au lieu de données DECP en JSON ou en CSV.",
            "Télécharger de nouveau le fichier, au format JSON.",
        )
    return debut.startswith((b"{", b"["))


def _lire_tableau(source: Source, fichier: Path) -> pd.DataFrame:
    tableau = TexteSepare.ouvrir(fichier, source.lecture)
    table = tableau.lire(_positions(fichier, tableau.entetes))
    vide = pd.Series(pd.NA, index=table.index, dtype="string")
    concession = table.get("nature", vide).str.contains("concession|délégation", case=False).fillna(False)
    modifications = table.get("nb_modifications", vide)
    return table.assign(
        format="tabulaire",
        genre=concession.map({True: "concession", False: "marche"}),
        titulaires=_titulaires(table.get("titulaire_id", vide), table.get("titulaire_type", vide)),
        considerations=_par_valeur(table.get("considerations", vide), _liste),
        nb_modifications=modifications.where(modifications.str.fullmatch(r"[0-9]{1,4}")).astype("Int64"),
    )


def _positions(fichier: Path, entetes: Sequence[str]) -> Mapping[str, int]:
    positions = trouver(fichier.name, entetes, _COLONNES)
    exigees = ["montant", "date_notification"]
    if "uid" not in positions:
        exigees += ["acheteur_id", "id_source"]
    if manquantes := [_COLONNES[nom] for nom in exigees if nom not in positions]:
        ou = "observatoire/acquisition/decp.py"
        raise ColonnesManquantesError.pour(fichier.name, manquantes, entetes, ou)
    return positions


def _titulaires(identifiants: pd.Series[str], types: pd.Series[str]) -> pd.Series[str]:
    """Rend le titulaire de chaque ligne dans la forme des autres formats : une liste d'un objet."""
    couples = list(zip(identifiants, types, strict=True))
    ecrits = {
        couple: en_json([dict(zip(("id", "type_identifiant"), map(_sans_na, couple), strict=True))])
        for couple in set(couples)
        if not pd.isna(couple[0])
    }
    return pd.Series([ecrits.get(couple) for couple in couples], index=identifiants.index, dtype="string")


def _sans_na(valeur: Any) -> str | None:
    return None if pd.isna(valeur) else valeur


def _liste(texte: str) -> str:
    return en_json([valeur.strip() for valeur in texte.split(",") if valeur.strip()])


def _par_valeur(texte: pd.Series[str], ecrire: Callable[[str], str]) -> pd.Series[str]:
    return texte.map({valeur: ecrire(valeur) for valeur in texte.dropna().unique()}).astype("string")
