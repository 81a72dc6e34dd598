"""Le moteur « observatoire » de papermill : noyaux fourchés, ou noyaux ordinaires là où il le faut."""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from papermill.engines import NBClientEngine
from traitlets.config import Config

from observatoire.publication.environnement import environnement_du_noyau
from observatoire.publication.moteur.noyau_fourche import NoyauFourche
from observatoire.publication.moteur.zygotes import ZygoteError, obstacle
from observatoire.publication.noyau import NoyauCourant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nbformat import NotebookNode

    AvantCellule = Callable[[NotebookNode, int], None]

NOM = "observatoire"
_journal = logging.getLogger(__name__)
_dits: set[str] = set()
_verrou = threading.Lock()


class Moteur(NBClientEngine):  # type: ignore[misc]
    """`papermill.execute_notebook(…, engine_name="observatoire")`, ou `papermill --engine observatoire`.

    Options : `environnement`, celui du noyau, entier ; `memoire_mo`, ce qu'il peut s'allouer ;
    `avant_cellule`, appelée avec le notebook et le rang de la cellule qui va s'exécuter.
    """

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        """Exécute le notebook dans un noyau neuf, au dossier de `resources`, sinon au dossier courant."""
        options.pop("kernel_manager_class", None)
        memoire_mo = int(options.pop("memoire_mo", 0))
        _prevenir(nb_man, options.pop("avant_cellule", None))
        environnement = options.pop("environnement", None)
        dossier = options.get("resources", {}).get("metadata", {}).get("path") or os.curdir
        with tempfile.TemporaryDirectory(prefix="observatoire-") as profil:
            complet = environnement or environnement_du_noyau(os.environ, Path(dossier).resolve(), profil)
            reglages = {"environnement": complet, "memoire_mo": memoire_mo}
            return cls._executer(nb_man, kernel_name, options, reglages)

    @classmethod
    def _executer(
        cls, nb_man: Any, kernel_name: str, options: dict[str, Any], reglages: Mapping[str, Any]
    ) -> Any:
        """Essaie un noyau fourché ; s'il n'a pas pu naître, rien n'a été exécuté : l'ordinaire reprend."""
        raison = obstacle()
        if not raison:
            try:
                return super().execute_managed_notebook(
                    nb_man, kernel_name, **_avec(NoyauFourche, options, reglages)
                )
            except ZygoteError as erreur:
                raison = str(erreur)
        _dire_une_fois(raison)
        return super().execute_managed_notebook(nb_man, kernel_name, **_avec(NoyauCourant, options, reglages))


def _prevenir(nb_man: Any, avant_cellule: AvantCellule | None) -> None:
    """Fait appeler une fonction avant chaque cellule ; elle peut changer celle-ci, et les suivantes."""
    if avant_cellule is None:
        return
    commencer = nb_man.cell_start

    def cell_start(cellule: NotebookNode, rang: int) -> None:
        avant_cellule(nb_man.nb, rang)
        commencer(cellule, rang)

    nb_man.cell_start = cell_start


def _avec(classe: type, options: dict[str, Any], reglages: Mapping[str, Any]) -> dict[str, Any]:
    return {**options, "kernel_manager_class": classe, "config": Config({classe.__name__: dict(reglages)})}


def _dire_une_fois(raison: str) -> None:
    with _verrou:
        if raison not in _dits:
            _dits.add(raison)
            _journal.warning("Moteur ordinaire, trois fois plus lent : %s.", raison)
