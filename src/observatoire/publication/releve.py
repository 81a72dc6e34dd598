"""Ce qu'une fiche laisse à la campagne, relevé dans son noyau : ce qu'elle a lu, ce qui y est à relire.

Le noyau a déjà chargé les données et le dessin ; le pilote n'a pas à le faire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from observatoire.publication.cellules import tranches_lues

if TYPE_CHECKING:
    from nbformat import NotebookNode

MIME = "application/vnd.observatoire.releve+json"
_CELLULE = f"""\
from IPython.display import display
from observatoire.publication.releve import relever

display({{{{"{MIME}": relever{{}}}}}}, raw=True)"""


def ajouter(notebook: NotebookNode, *arguments: str) -> None:
    """Ajoute à un notebook la cellule qui relève ; les arguments sont ceux de `relever`."""
    import nbformat.v4

    notebook.cells.append(nbformat.v4.new_code_cell(_CELLULE.format(arguments)))  # type: ignore[no-untyped-call]


def retirer(execute: NotebookNode) -> tuple[tuple[tuple[str, ...], ...] | None, tuple[str, ...]]:
    """Ôte du notebook exécuté cette cellule, et rend les tranches lues et les alertes qu'elle a relevées."""
    for sortie in execute.cells.pop().get("outputs", []):
        if lu := sortie.get("data", {}).get(MIME):
            return tuple(tuple(tranche) for tranche in lu["lectures"]), tuple(lu["alertes"])
    return None, ()


def relever(objet: str = "", periode: str = "", public: str = "") -> dict[str, list[Any]]:
    """Rend les tranches lues jusqu'ici et, d'un territoire, pourquoi son commentaire est à relire.

    Raises:
        PublicationError: commentaire illisible, ou en-tête mal écrit.
    """
    lues = tranches_lues()
    return {"lectures": lues, "alertes": _alertes(objet, periode, public) if objet else []}


def _alertes(objet: str, periode: str, public: str) -> list[str]:
    from observatoire.config import Config
    from observatoire.perimetre import Periode, Territoire
    from observatoire.publication.commentaire import alertes

    return alertes(Config.charger(), Territoire.lire(objet), Periode.lire(periode), public)
