"""La description des données ouvertes : `datapackage.json` (Frictionless Data Package, Table Schema)."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from observatoire.publication.donnees.edition import LICENCE, LICENCE_ADRESSE
from observatoire.publication.donnees.textes import CODE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from observatoire.publication.donnees.edition import Edition
    from observatoire.publication.donnees.ressources import Champ, Ressource

_TYPES = {
    "code": "string",
    "texte": "string",
    "nombre": "number",
    "entier": "integer",
    "booleen": "boolean",
    "date": "date",
}
_DESCRIPTION = (
    "Indicateurs des clauses sociales en Île-de-France, par territoire et par période. Une valeur couverte "
    "par le secret statistique est vide, et son statut est « s » ; la même marque couvre toutes les raisons. "
    "Les dimensions sur lesquelles un indicateur s’additionne sont au catalogue. Un texte libre qu’un "
    "tableur prendrait pour une formule est précédé d’une apostrophe ; les nombres ne sont jamais modifiés. "
    "{mention}"
)


def decrire(
    dossier: Path,
    edition: Edition,
    ressources: list[Ressource],
    annexes: Mapping[str, tuple[str, str]],
) -> bytes:
    """Rend `datapackage.json` : chaque fichier, son empreinte, ses colonnes, ses clés, la licence.

    Args:
        dossier: où les fichiers décrits viennent d'être écrits.
        edition: qui publie, et d'après quoi.
        ressources: les tables écrites en CSV.
        annexes: les autres fichiers : leur titre et leur type.
    """
    paquet = {
        "profile": "data-package",
        "name": "observatoire-clauses-sociales-ile-de-france",
        "title": edition.titre,
        "description": _DESCRIPTION.format(mention=edition.mention),
        "version": str(edition.extraction or "non datee"),
        "licenses": [{"name": "etalab-2.0", "title": LICENCE, "path": LICENCE_ADRESSE}],
        "contributors": [{"title": edition.editeur, "email": edition.contact, "role": "publisher"}],
        "sources": [{"title": f"{titre} ({producteur})"} for titre, producteur in edition.sources],
        "resources": [
            *(_table(dossier, ressource) for ressource in ressources),
            *(_fichier(dossier, nom, *annexe) for nom, annexe in annexes.items()),
        ],
    }
    return (json.dumps(paquet, ensure_ascii=False, indent=2) + "\n").encode()


def _table(dossier: Path, ressource: Ressource) -> dict[str, Any]:
    return {
        **_fichier(dossier, f"{ressource.nom}.csv", ressource.titre, "text/csv"),
        "profile": "tabular-data-resource",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True},
        "schema": {
            "fields": [_champ(champ, champ.nom in ressource.cle) for champ in ressource.champs],
            "primaryKey": list(ressource.cle),
            "foreignKeys": [
                {"fields": list(ici), "reference": {"resource": la, "fields": list(leurs)}}
                for ici, la, leurs in ressource.liens
            ],
            "missingValues": [""],
        },
    }


def _fichier(dossier: Path, nom: str, titre: str, type_mime: str) -> dict[str, Any]:
    octets = (dossier / nom).read_bytes()
    return {
        "name": nom.removesuffix(".csv").replace(".", "-"),
        "path": nom,
        "title": titre,
        "format": nom.rsplit(".", 1)[1],
        "mediatype": type_mime,
        "bytes": len(octets),
        "hash": f"sha256:{hashlib.sha256(octets).hexdigest()}",
    }


def _champ(champ: Champ, de_la_cle: bool) -> dict[str, Any]:
    contraintes: dict[str, Any] = {"required": True} if de_la_cle else {}
    if champ.valeurs:
        contraintes["enum"] = list(champ.valeurs)
    elif champ.type == "code":
        contraintes["pattern"] = f"^{CODE}$"
    decrit = {"name": champ.nom, "type": _TYPES[champ.type], "description": champ.sens}
    return decrit | ({"constraints": contraintes} if contraintes else {})
