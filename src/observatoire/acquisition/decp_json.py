"""Les données essentielles en JSON, v1 et v2, lues contrat par contrat à mémoire constante."""

from __future__ import annotations

from decimal import Decimal
from json import JSONEncoder
from typing import TYPE_CHECKING, Any

import ijson
import pandas as pd

from observatoire.acquisition.flux_json import OUVERTURES, evenements, ouvrir_json, sommets
from observatoire.erreurs import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# La structure dit la version : la v1 est une liste, la v2 un objet de deux listes (arrêtés du
# 22/12/2022). Ni le nom ni la date n'en disent rien : des contrats de 2023 sont publiés en v2.
_VERSIONS = {"start_array": "v1", "start_map": "v2"}
_LISTES = {
    "v1": {"marches": "marche"},
    "v2": {"marches.marche": "marche", "marches.contrat-concession": "concession"},
}
# notre colonne ← chemins publiés, marché puis concession
_CHEMINS = {
    "uid": ("uid",),
    "id_source": ("id",),
    "acheteur_id": ("acheteur.id", "autoriteConcedante.id"),
    "nature": ("nature",),
    "objet": ("objet",),
    "procedure": ("procedure",),
    "lieu_code": ("lieuExecution.code",),
    "lieu_type": ("lieuExecution.typeCode",),
    "cpv": ("codeCPV",),
    "acheteur_nom": ("acheteur.nom", "autoriteConcedante.nom"),
    "date_notification": ("dateNotification", "dateSignature"),
    "date_publication": ("datePublicationDonnees",),
    "duree_mois": ("dureeMois",),
    "montant": ("montant", "valeurGlobale"),
}
_COLONNES = ["format", "genre", *_CHEMINS, "titulaires", "considerations", "nb_modifications"]
_TOUTES_LISTES = [*_LISTES["v1"], *_LISTES["v2"]]
_ENVELOPPES = ("titulaire", "concessionnaire")
_EXPOSANT_MAXIMUM = 30

en_json = JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


def lire_json(fichier: Path) -> pd.DataFrame:
    """Rend une ligne par contrat publié, dans l'ordre du fichier (marchés puis concessions en v2).

    Un contrat écrit `null` donne une ligne vide : c'est au contrôle de l'écarter et de le compter.

    Raises:
        SourceError: JSON tronqué ou mal formé, version inconnue, ou aucun contrat.
    """
    colonnes: dict[str, list[Any]] = {nom: [] for nom in _COLONNES}
    version = _version(fichier)
    for liste, genre in _LISTES[version].items():
        with ouvrir_json(fichier) as flux:
            for contrat in evenements(fichier, ijson.items(flux, f"{liste}.item")):
                _ajouter(colonnes, version, genre, contrat if isinstance(contrat, dict) else {})
    if not colonnes["genre"]:
        raise _sans_contrat(fichier)
    nombres = colonnes.pop("nb_modifications")
    table = pd.DataFrame({nom: pd.array(valeurs, "string") for nom, valeurs in colonnes.items()})
    table["nb_modifications"] = pd.array(nombres, "Int64")
    table["ligne"] = pd.RangeIndex(1, len(table) + 1)
    return table


def verifier_json(fichier: Path) -> None:
    """Parcourt tout le fichier sans rien garder ; ce que `lire_json` laisserait de côté est refusé.

    Raises:
        SourceError: JSON mal formé, version inconnue, ou aucun contrat.
    """
    genres: dict[tuple[str, ...], str] = {}
    contrats = 0
    for chemin, evenement in sommets(fichier):
        genres[chemin] = evenement
        contrats += chemin[-1:] == ("item",) and ".".join(chemin[:-1]) in _TOUTES_LISTES
    version = _VERSIONS.get(genres.get(("marches",), ""))
    if version is None:
        cles = ", ".join(chemin[0] for chemin in genres if len(chemin) == 1)
        trouve = "une liste sans « marches »" if genres[()] == "start_array" else cles or "un objet vide"
        raise _version_inconnue(fichier, trouve)
    for chemin, evenement in genres.items():
        liste_attendue = ".".join(chemin) in _LISTES["v2"] and evenement == "start_array"
        if version == "v2" and len(chemin) == 2 and evenement in OUVERTURES and not liste_attendue:
            raise _version_inconnue(fichier, f"{'.'.join(chemin)}, qui n'est pas une liste de contrats")
    if not contrats:
        raise _sans_contrat(fichier)


def _version(fichier: Path) -> str:
    with ouvrir_json(fichier) as flux:
        for prefixe, evenement, _ in evenements(fichier, ijson.parse(flux)):
            if prefixe == "marches" and evenement in _VERSIONS:
                return _VERSIONS[evenement]
    raise _version_inconnue(fichier, "pas de clé « marches »")


def _version_inconnue(fichier: Path, trouve: str) -> SourceError:
    return SourceError(
        f"{fichier.name} : version des DECP inconnue ; trouvé : {trouve}.",
        "Attendu : « marches » et une liste (v1), ou les listes « marche » et « contrat-concession » (v2).",
    )


def _sans_contrat(fichier: Path) -> SourceError:
    return SourceError(
        f"{fichier.name} ne contient aucun contrat.", "Vérifier l'export, ou en choisir un autre."
    )


def _ajouter(colonnes: dict[str, list[Any]], version: str, genre: str, contrat: dict[str, Any]) -> None:
    concession = "autoriteConcedante" in contrat or contrat.get("_type") == "Contrat de concession"
    colonnes["format"].append(version)
    colonnes["genre"].append("concession" if concession else genre)
    for nom, chemins in _CHEMINS.items():
        colonnes[nom].append(_valeur(contrat, chemins))
    titulaires = contrat.get("titulaires", contrat.get("concessionnaires"))
    colonnes["titulaires"].append(None if titulaires is None else en_json(list(_titulaires(titulaires))))
    sociales = contrat.get("considerationsSociales")
    colonnes["considerations"].append(None if sociales is None else en_json(list(_feuilles(sociales))))
    colonnes["nb_modifications"].append(sum(1 for _ in _modifications(contrat.get("modifications"))))


def _valeur(contrat: dict[str, Any], chemins: Iterable[str]) -> str | None:
    """Rend le premier champ présent ; `acheteur.id` est emboîté, ou parfois une clé à plat."""
    for chemin in chemins:
        valeur = contrat.get(chemin)
        if valeur is None and "." in chemin:
            parent, _, cle = chemin.partition(".")
            emboite = contrat.get(parent)
            valeur = emboite.get(cle) if isinstance(emboite, dict) else None
        if valeur is not None:
            return _en_texte(valeur)
    return None


def _en_texte(valeur: Any) -> str | None:
    """Écrit une valeur JSON comme elle a été publiée, sans puissance de dix.

    >>> [_en_texte(v) for v in (61100, Decimal("91109.96"), Decimal("1E+5"), True, "NC", "", ["a"])]
    ['61100', '91109.96', '100000', 'true', 'NC', None, '["a"]']
    """
    if isinstance(valeur, str):
        return valeur or None
    if isinstance(valeur, Decimal):
        exposant = valeur.as_tuple().exponent
        lisible = isinstance(exposant, int) and abs(exposant) <= _EXPOSANT_MAXIMUM
        return f"{valeur:f}" if lisible else str(valeur)
    return en_json(valeur)


def _titulaires(valeur: Any) -> Iterator[dict[str, str | None]]:
    """Déplie les écritures rencontrées : liste, liste de listes, objet seul, enveloppe, identifiant nu."""
    if isinstance(valeur, list):
        for element in valeur:
            yield from _titulaires(element)
    elif isinstance(valeur, dict):
        enveloppes = [valeur[nom] for nom in _ENVELOPPES if nom in valeur]
        if enveloppes:
            yield from _titulaires(enveloppes)
        elif valeur:
            yield {
                "id": _valeur(valeur, ["id"]),
                "type_identifiant": _valeur(valeur, ["typeIdentifiant"]),
            }
    elif valeur is not None:
        yield {"id": _en_texte(valeur), "type_identifiant": None}


def _feuilles(valeur: Any) -> Iterator[str]:
    """Rend les valeurs simples d'une liste ou d'un objet, dans l'ordre."""
    if isinstance(valeur, list | dict):
        for element in valeur.values() if isinstance(valeur, dict) else valeur:
            yield from _feuilles(element)
    elif valeur is not None and (texte := _en_texte(valeur)):
        yield texte


def _modifications(valeur: Any) -> Iterator[dict[str, Any]]:
    """Rend les modifications publiées : liste, objet seul, ou l'un et l'autre sous une enveloppe."""
    if isinstance(valeur, list):
        for element in valeur:
            yield from _modifications(element)
    elif isinstance(valeur, dict) and "modification" in valeur:
        yield from _modifications(valeur["modification"])
    elif isinstance(valeur, dict) and valeur:
        yield valeur
