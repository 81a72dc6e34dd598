"""Produire un document : exécuter son notebook, le mettre en page. Rien n'est écrit ici."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from observatoire.publication import releve
from observatoire.publication.campagne.tache import Document, Tache
from observatoire.publication.composition import composer, public_demande
from observatoire.publication.execution import en_octets, executer, publiable
from observatoire.publication.rendu_html import rendre_html
from observatoire.publication.rendu_pdf import rendre_pdf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbformat import NotebookNode


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
        releve.ajouter(compose, *(() if tache.pour_programme else (tache.objet, tache.periode, tache.public)))
        return compose

    with _chronometrer(durees, "execution"):
        notebook = config.racine / "notebooks" / tache.notebook
        execute = executer(notebook, tache.parametres, racine=config.racine, composer=a_executer)
        lectures, alertes = releve.retirer(execute)
    fichiers, pages = {"ipynb": en_octets(publiable(execute))}, 0
    if "html" in tache.formats:
        with _chronometrer(durees, "html"):
            fichiers["html"] = rendre_html(execute, config)
    if "pdf" in tache.formats:
        with _chronometrer(durees, "pdf"):
            fichiers["pdf"], pages = rendre_pdf(execute, config)
    voulus = {nom: fichiers[nom] for nom in tache.formats}
    return Document(tache, voulus, pages, durees, lectures, alertes)


@contextmanager
def _chronometrer(durees: dict[str, float], etape: str) -> Iterator[None]:
    debut = time.perf_counter()
    yield
    durees[etape] = time.perf_counter() - debut
