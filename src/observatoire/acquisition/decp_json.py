"""Les données essentielles en JSON, v1 et v2, lues contrat par contrat à mémoire constante."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.acquisition.flux_json import ouvrir_json
from observatoire.erreurs import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from observatoire.acquisition.decp_contrats import Publie
    from observatoire.acquisition.flux_json import Curseur

GENRES = {"marche": "marche", "contrat-concession": "concession"}


def contrats_json(fichier: Path) -> Iterator[Publie]:
    """Rend la version, le genre et l'objet de chaque contrat, dans l'ordre du fichier.

    La structure dit la version : la v1 est une liste, la v2 un objet de deux listes (arrêtés du
    22/12/2022). Ni le nom ni la date n'en disent rien : des contrats de 2023 sont publiés en v2.
    Un contrat écrit `null` donne un objet vide : c'est au contrôle de l'écarter et de le compter.

    Raises:
        SourceError: JSON tronqué ou mal formé, clé en double, ou version inconnue.
    """
    with ouvrir_json(fichier) as curseur:
        if curseur.suivant() != "{":
            raise version_inconnue(fichier, "une liste sans « marches »")
        cles = []
        for cle in curseur.cles():
            cles.append(cle)
            if cle == "marches":
                yield from _marches(fichier, curseur)
            else:
                curseur.valeur()
        curseur.finir()
    if "marches" not in cles:
        raise version_inconnue(fichier, ", ".join(cles) or "un objet vide")


def _marches(fichier: Path, curseur: Curseur) -> Iterator[Publie]:
    ouverture = curseur.suivant()
    if ouverture == "[":
        yield from _liste(curseur, "v1", "marche")
    elif ouverture == "{":
        for cle in curseur.cles():
            if cle in GENRES and curseur.suivant() == "[":
                yield from _liste(curseur, "v2", GENRES[cle])
            elif isinstance(curseur.valeur(), dict | list):
                raise version_inconnue(fichier, f"marches.{cle}, qui n'est pas une liste de contrats")
    else:
        raise version_inconnue(fichier, "« marches » sans contrat")


def _liste(curseur: Curseur, version: str, genre: str) -> Iterator[Publie]:
    for _ in curseur.elements():
        contrat = curseur.valeur()
        yield version, genre, contrat if isinstance(contrat, dict) else {}, curseur.taille


def version_inconnue(fichier: Path, trouve: str) -> SourceError:
    """Rend l'erreur qui dit ce que le fichier contient à la place des DECP."""
    return SourceError(
        f"{fichier.name} : version des DECP inconnue ; trouvé : {trouve[:200]}.",
        "Attendu : « marches » et une liste (v1), ou les listes « marche » et « contrat-concession » (v2).",
    )
