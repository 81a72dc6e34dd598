"""Le relais : une exécution partie d'avance, arrêtée avant la cellule qu'on est en train d'écrire.

Un noyau ordinaire, au départ ordinaire : il a exécuté les premières cellules, et attend les suivantes. Elles
ne lui sont données que si les premières sont, à la lettre, celles qui viennent d'être enregistrées.
"""

from __future__ import annotations

import copy
import threading
from typing import TYPE_CHECKING

import nbformat
from papermill.engines import NotebookExecutionManager

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbformat import NotebookNode

    Executer = Callable[[NotebookNode, Callable[[NotebookNode, int], None]], NotebookNode]


class _AbandonError(Exception):
    """Le relais ne sert plus : son noyau s'arrête."""


class Relais:
    """Exécute un notebook jusqu'à sa cellule de code de rang `arret`, puis attend la suite.

    Args:
        source: le notebook enregistré.
        arret: combien de cellules de code s'exécutent d'avance.
        executer: exécute un notebook, en appelant la fonction donnée avant chaque cellule.
    """

    def __init__(self, source: NotebookNode, arret: int, executer: Executer) -> None:
        self._codes = codes(source)[:arret]
        self._suite: list[NotebookNode] | None = None
        self._execute: NotebookNode | None = None
        self._erreur: Exception | None = None
        self._depart = threading.Event()
        self._fil = threading.Thread(target=self._courir, args=(copy.deepcopy(source), executer), daemon=True)
        self._fil.start()

    def convient(self, source: NotebookNode) -> bool:
        """Dit si les cellules déjà exécutées sont les premières de ce notebook, et s'il en vient d'autres."""
        suivent = codes(source)
        return self._fil.is_alive() and suivent[: len(self._codes)] == self._codes != suivent

    def achever(self, source: NotebookNode) -> tuple[NotebookNode, int]:
        """Exécute la suite du notebook ; rend le notebook exécuté, et le nombre de cellules exécutées.

        Raises:
            ObservatoireError: comme `execution.executer`.
        """
        self._suite = copy.deepcopy(source.cells[_apres(source, len(self._codes)) :])
        self._depart.set()
        self._fil.join()
        if self._erreur is not None:
            raise self._erreur
        assert self._execute is not None
        return self._execute, len(codes(source)) - len(self._codes)

    def abandonner(self) -> None:
        """Arrête le noyau qui attend."""
        self._depart.set()

    def _courir(self, source: NotebookNode, executer: Executer) -> None:
        try:
            self._execute = executer(source, self._attendre)
        except _AbandonError:
            return
        except Exception as erreur:  # rendue à qui demandera la suite
            self._erreur = erreur

    def _attendre(self, notebook: NotebookNode, rang: int) -> None:
        """Avant la première cellule qui suit celles d'avance : attend la suite, et la met à sa place."""
        if rang != _apres(notebook, len(self._codes)):
            return
        self._depart.wait()
        if self._suite is None:
            raise _AbandonError
        premiere, *autres = [_remettre_a_neuf(cellule) for cellule in self._suite]
        notebook.cells[rang].clear()
        notebook.cells[rang].update(premiere)
        notebook.cells[rang + 1 :] = autres


def _remettre_a_neuf(cellule: NotebookNode) -> NotebookNode:
    """Rend une cellule donnée en cours d'exécution, telle que papermill les prépare au départ."""
    suivi = dict.fromkeys(("exception", "start_time", "end_time", "duration"))
    cellule.metadata["papermill"] = {**suivi, "status": NotebookExecutionManager.PENDING}
    if cellule.cell_type == "code":
        cellule.outputs, cellule.execution_count = [], None
    return nbformat.from_dict(cellule)  # type: ignore[no-untyped-call,no-any-return]


def codes(notebook: NotebookNode) -> list[str]:
    """Rend les sources des cellules de code, sans celle que papermill ajoute."""
    return [notebook.cells[rang].source for rang in rangs_de_code(notebook)]


def _apres(notebook: NotebookNode, arret: int) -> int:
    """Le rang de la cellule qui suit la `arret`-ième de code."""
    return rangs_de_code(notebook)[arret - 1] + 1


def rangs_de_code(notebook: NotebookNode) -> list[int]:
    """Rend les rangs des cellules de code, sans celle que papermill ajoute."""
    return [
        rang
        for rang, cellule in enumerate(notebook.cells)
        if cellule.cell_type == "code" and "injected-parameters" not in cellule.metadata.get("tags", [])
    ]
