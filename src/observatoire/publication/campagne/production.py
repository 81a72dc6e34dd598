"""Produire un document : exécuter son notebook, le mettre en page. Rien n'est écrit ici."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import nbformat.v4

from observatoire.perimetre import Periode, Territoire
from observatoire.publication.campagne.tache import Document, Tache
from observatoire.publication.commentaire import alertes
from observatoire.publication.composition import composer, public_demande
from observatoire.publication.execution import en_octets, executer
from observatoire.publication.rendu_html import rendre_html
from observatoire.publication.rendu_pdf import rendre_pdf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbformat import NotebookNode

MIME_LECTURES = "application/vnd.observatoire.lectures+json"
_RELEVE = f"""\
from IPython.display import display
from observatoire.publication.cellules import tranches_lues

display({{{MIME_LECTURES!r}: tranches_lues()}}, raw=True)"""


def produire(tache: Tache) -> Document:
    """Rend un document dans tous ses formats.

    Raises:
        ObservatoireError: le notebook ou la mise en page a échoué, pour une raison attendue.
    """
    durees: dict[str, float] = {}
    config = tache.config()
    public = public_demande(config, tache.public) if tache.public else None

    def a_executer(lu: NotebookNode) -> NotebookNode:
        compose = composer(lu, public=public) if public else lu
        compose.cells.append(nbformat.v4.new_code_cell(_RELEVE))  # type: ignore[no-untyped-call]
        return compose

    with _chronometrer(durees, "execution"):
        notebook = config.racine / "notebooks" / tache.notebook
        execute = executer(notebook, tache.parametres, racine=config.racine, composer=a_executer)
        lectures = _retirer_le_releve(execute)
    fichiers, pages = {"ipynb": en_octets(execute)}, 0
    if "html" in tache.formats:
        with _chronometrer(durees, "html"):
            fichiers["html"] = rendre_html(execute, config)
    if "pdf" in tache.formats:
        with _chronometrer(durees, "pdf"):
            fichiers["pdf"], pages = rendre_pdf(execute, config)
    voulus = {nom: fichiers[nom] for nom in tache.formats}
    return Document(tache, voulus, pages, durees, lectures, _alertes(tache))


def _retirer_le_releve(execute: NotebookNode) -> tuple[tuple[str, ...], ...] | None:
    """Ôte du notebook la cellule qui relève les lectures, et rend ce qu'elle a relevé."""
    sorties: list[Any] = execute.cells.pop().get("outputs", [])
    for sortie in sorties:
        if MIME_LECTURES in sortie.get("data", {}):
            return tuple(tuple(tranche) for tranche in sortie["data"][MIME_LECTURES])
    return None


def _alertes(tache: Tache) -> tuple[str, ...]:
    """Pourquoi le commentaire est à relire ; la fiche d'un programme n'en a pas."""
    if tache.pour_programme:
        return ()
    objet, periode = Territoire.lire(tache.objet), Periode.lire(tache.periode)
    return tuple(alertes(tache.config(), objet, periode, tache.public))


@contextmanager
def _chronometrer(durees: dict[str, float], etape: str) -> Iterator[None]:
    debut = time.perf_counter()
    yield
    durees[etape] = time.perf_counter() - debut
