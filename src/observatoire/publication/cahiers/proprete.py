"""La propreté d'un notebook : ce que git garde n'a ni sortie, ni compteur, ni réglage du poste."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import nbformat

from observatoire.erreurs import PublicationError
from observatoire.magasin import ecrire_octets
from observatoire.publication.redaction import relire_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nbformat import NotebookNode

METADONNEES = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
"""Les seules du notebook : celles que JupyterLab ajoute disent le poste, et changent d'un poste à l'autre."""

HORS_DE_GIT = frozenset({".ipynb_checkpoints", "brouillons"})
_MINEURE = 5
_CONFLIT = re.compile(r"^(?:<{7}|={7}|>{7})", flags=re.MULTILINE)


def lister(dossier: Path) -> list[Path]:
    """Rend les notebooks d'un dossier que git garde, dans l'ordre de leurs chemins."""
    return sorted(p for p in dossier.rglob("*.ipynb") if not HORS_DE_GIT & set(p.parts))


def lire(texte: str, nom: str) -> NotebookNode:
    """Lit un notebook.

    Raises:
        PublicationError: conflit de fusion, ou texte qui n'est pas un notebook.
    """
    if _CONFLIT.search(texte):
        raise PublicationError(
            f"{nom} porte les marques d'une fusion en conflit.",
            "Choisir une version (« nbdime mergetool »), ou reprendre le fichier : "
            f'git checkout --theirs "*{nom}".',
        )
    try:
        lu = nbformat.reads(texte, as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(lu)
    except (ValueError, TypeError, KeyError, AttributeError, nbformat.ValidationError):
        raise PublicationError(
            f"{nom} n'est pas un notebook lisible.", "Le reprendre dans l'historique du dépôt."
        ) from None
    return lu  # type: ignore[no-any-return]


def en_texte(notebook: NotebookNode) -> str:
    """Rend le fichier d'un notebook dans son écriture canonique, celle de nbformat."""
    return f"{nbformat.writes(notebook)}\n"  # type: ignore[no-untyped-call]


def nettoyer(notebook: NotebookNode) -> NotebookNode:
    """Rend le notebook sans sorties, compteurs, réglages du poste ni cellule vide."""
    cellules = [_nettoyer_cellule(cellule) for cellule in notebook.cells if cellule.source.strip()]
    return nbformat.from_dict(  # type: ignore[no-untyped-call,no-any-return]
        {"cells": cellules, "metadata": METADONNEES, "nbformat": 4, "nbformat_minor": _MINEURE}
    )


def _nettoyer_cellule(cellule: NotebookNode) -> dict[str, Any]:
    etiquettes = cellule.metadata.get("tags", [])
    propre = {
        "cell_type": cellule.cell_type,
        "id": cellule.id,
        "metadata": {"tags": etiquettes} if etiquettes else {},
        "source": "\n".join(ligne.rstrip() for ligne in cellule.source.strip("\n").splitlines()),
    }
    if cellule.cell_type == "code":
        propre |= {"outputs": [], "execution_count": None}
    return propre


def relire(texte: str, nom: str) -> list[str]:
    """Rend ce qui empêche de proposer un notebook, une phrase par constat ; vide s'il est propre.

    Raises:
        PublicationError: le texte n'est pas un notebook.
    """
    notebook = lire(texte, nom)
    constats = [*_relire_cellules(notebook), *relire_notebook(notebook)]
    if not constats and texte != en_texte(nettoyer(notebook)):
        constats.append("réglages du poste, cellule vide ou écriture non canonique")
    return constats


def _relire_cellules(notebook: NotebookNode) -> Iterator[str]:
    """Les sorties, les compteurs et les images collées : ils peuvent porter des données."""
    for cellule in notebook.cells:
        if cellule.get("outputs"):
            yield f"cellule « {cellule.id} » : {len(cellule.outputs)} sortie(s)"
        if cellule.get("execution_count"):
            yield f"cellule « {cellule.id} » : compteur d'exécution [{cellule.execution_count}]"
        if cellule.get("attachments"):
            yield f"cellule « {cellule.id} » : image collée"


def nettoyer_fichier(chemin: Path) -> bool:
    """Réécrit un notebook propre, d'un seul geste ; rend vrai s'il a changé.

    Raises:
        PublicationError: ce n'est pas un notebook.
    """
    texte = chemin.read_text(encoding="utf-8")
    propre = en_texte(nettoyer(lire(texte, chemin.name)))
    if propre != texte:
        ecrire_octets(chemin, propre.encode())
    return propre != texte
