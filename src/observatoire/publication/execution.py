"""Exécuter un notebook avec des paramètres stricts, et le rendre reproductible."""

from __future__ import annotations

import ast
import asyncio
import copy
import logging
import os
import re
import tempfile
from typing import TYPE_CHECKING, Any

import nbformat
import papermill
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.engines import papermill_engines

from observatoire import erreurs
from observatoire.erreurs import ObservatoireError, ParametreError, PublicationError, suggestion
from observatoire.publication.blocs import MIME
from observatoire.publication.environnement import environnement_du_noyau
from observatoire.publication.moteur import engin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from nbformat import NotebookNode

_journal = logging.getLogger(__name__)
_ATTENTE = 300  # secondes, par cellule
_MEMOIRE = 4096  # Mo, par notebook
_CACHEES = {"remove-cell", "remove-output"}
_ANSI = re.compile(r"\x1b\[[0-9;]*m")

papermill_engines.register(engin.NOM, engin.Moteur)


def executer(
    notebook: Path,
    parametres: Mapping[str, str],
    *,
    racine: Path | None = None,
    composer: Callable[[NotebookNode], NotebookNode] = lambda lu: lu,
    avant_cellule: Callable[[NotebookNode, int], None] | None = None,
) -> NotebookNode:
    """Rend le notebook exécuté dans un noyau neuf, sans rien qui change d'une exécution à l'autre.

    Args:
        notebook: un `.ipynb` dont une cellule porte l'étiquette `parameters`.
        parametres: des textes ; leurs noms sont ceux de cette cellule.
        racine: le dossier de travail du noyau ; par défaut celui du notebook.
        composer: rend le notebook à exécuter, à partir de celui qui est écrit.
        avant_cellule: appelée avant chaque cellule, avec le notebook et son rang.

    Raises:
        ParametreError: nom inconnu de la cellule `parameters`, ou valeur qui n'est pas un texte.
        ObservatoireError: l'erreur attendue qu'une cellule a levée, telle quelle.
        PublicationError: notebook illisible, ou toute autre erreur d'une cellule.
    """
    contenu = composer(_lire(notebook))
    _verifier(contenu, notebook.name, parametres)
    with tempfile.TemporaryDirectory(prefix="observatoire-") as profil:
        execute = _executer(
            contenu,
            notebook.name,
            dict(parametres),
            racine=racine or notebook.parent,
            profil=profil,
            avant_cellule=avant_cellule,
        )
    return _reproductible(execute, notebook.name, dict(parametres))


def publiable(notebook: NotebookNode) -> NotebookNode:
    """Rend le notebook à publier : n'y restent que les sorties que la page et le PDF montrent.

    Un `print`, ou la table d'une cellule « remove-output », paraîtrait sans que personne ne l'ait relu.
    """
    publie = copy.deepcopy(notebook)
    for cellule in publie.cells:
        if cellule.cell_type == "code":
            cachee = not _CACHEES.isdisjoint(cellule.metadata.get("tags", []))
            cellule.outputs = [] if cachee else [s for s in cellule.outputs if MIME in s.get("data", {})]
    return publie


def en_octets(notebook: NotebookNode) -> bytes:
    """Rend le fichier `.ipynb`."""
    texte: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    return f"{texte}\n".encode()


def memoire_permise(environ: Mapping[str, str]) -> int:
    """Rend la mémoire que chaque notebook peut s'allouer (Mo) : `OBSERVATOIRE_MEMOIRE_MO`, 0 sans limite.

    >>> memoire_permise({}), memoire_permise({"OBSERVATOIRE_MEMOIRE_MO": "1500"})
    (4096, 1500)

    Raises:
        ParametreError: ce n'est pas un nombre de Mo.
    """
    texte = environ.get("OBSERVATOIRE_MEMOIRE_MO", str(_MEMOIRE))
    if not texte.isdecimal():
        raise ParametreError(
            f"OBSERVATOIRE_MEMOIRE_MO = « {texte} » n'est pas un nombre de Mo.", "Écrire par exemple 4096."
        )
    return int(texte)


def _lire(notebook: Path) -> NotebookNode:
    """Lit un notebook ; nbformat lève à peu près n'importe quoi devant ce qui n'en est pas un."""
    try:
        texte = notebook.read_text(encoding="utf-8")
        return nbformat.reads(texte, as_version=4)  # type: ignore[no-untyped-call,no-any-return]
    except FileNotFoundError:
        raise PublicationError(
            f"{notebook.name} est absent de {notebook.parent}.", "Le reprendre dans l'historique du dépôt."
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError, nbformat.ValidationError):
        raise PublicationError(
            f"{notebook.name} n'est pas un notebook lisible.", "Le reprendre dans l'historique du dépôt."
        ) from None


def _noms_des_parametres(contenu: NotebookNode, nom: str) -> list[str]:
    """Les variables affectées dans la cellule `parameters`."""
    for cellule in contenu.cells:
        if "parameters" in cellule.metadata.get("tags", []):
            try:
                instructions = ast.parse(cellule.source).body
            except SyntaxError as erreur:
                raise PublicationError(
                    f"{nom}, cellule des paramètres, ligne {erreur.lineno} : {erreur.msg}.", "La corriger."
                ) from None
            cibles = [
                instruction.targets[0] if isinstance(instruction, ast.Assign) else instruction.target
                for instruction in instructions
                if isinstance(instruction, ast.Assign | ast.AnnAssign)
            ]
            return [cible.id for cible in cibles if isinstance(cible, ast.Name)]
    return []


def _verifier(contenu: NotebookNode, nom: str, parametres: Mapping[str, object]) -> None:
    """Refuse ce que papermill recopierait dans le code : il n'avertit que d'un nom inconnu."""
    admis = _noms_des_parametres(contenu, nom)
    for parametre, valeur in parametres.items():
        if parametre not in admis:
            sans_cellule = "Étiqueter « parameters » la cellule des paramètres."
            remede = suggestion(parametre, admis) if admis else sans_cellule
            raise ParametreError(f"{nom} n'a pas de paramètre « {parametre} ».", remede)
        if not isinstance(valeur, str):
            raise ParametreError(
                f"{nom} : le paramètre « {parametre} » n'est pas un texte ({valeur!r}).",
                "L'écrire entre guillemets.",
            )


def _executer(
    contenu: NotebookNode, nom: str, parametres: dict[str, str], *, racine: Path, profil: str, **options: Any
) -> NotebookNode:
    environnement = environnement_du_noyau(os.environ, racine, profil)
    try:
        return papermill.execute_notebook(  # type: ignore[no-any-return]
            contenu,
            None,
            parameters=parametres,
            kernel_name="python3",
            progress_bar=False,
            request_save_on_cell_execute=False,
            autosave_cell_every=0,
            execution_timeout=_ATTENTE,
            shutdown_kernel="immediate",
            engine_name=engin.NOM,
            environnement=environnement,
            memoire_mo=memoire_permise(os.environ),
            resources={"metadata": {"path": str(racine)}},
            **options,
        )
    except papermill.PapermillExecutionError as erreur:
        raise _traduire(erreur, nom, parametres) from None
    except CellTimeoutError:
        raise PublicationError(
            f"{nom} ({_en_clair(parametres)}) : une cellule est restée sans réponse en {_ATTENTE} s.",
            "Exécuter le notebook dans JupyterLab, avec ces paramètres : une de ses cellules ne finit pas.",
        ) from None
    except DeadKernelError:
        raise PublicationError(
            f"{nom} ({_en_clair(parametres)}) : le noyau s'est arrêté net.",
            "Vérifier la mémoire libre ; exécuter le notebook dans JupyterLab, avec ces paramètres.",
        ) from None
    finally:
        _fermer_la_boucle()


def _fermer_la_boucle() -> None:
    """Ferme la boucle que nbclient a ouverte dans ce fil ; il en rouvre une s'il le faut."""
    boucle = ensure_event_loop()
    if boucle.is_running():
        return
    if restes := asyncio.all_tasks(boucle):  # un noyau mort laisse une écoute en attente
        for reste in restes:
            reste.cancel()
        boucle.run_until_complete(asyncio.gather(*restes, return_exceptions=True))
    boucle.close()


def _traduire(erreur: Any, nom: str, parametres: Mapping[str, str]) -> ObservatoireError:
    """Rend l'erreur d'une cellule : la nôtre telle quelle, une autre avec l'endroit où la revoir."""
    classe, cellule = getattr(erreurs, erreur.ename, None), _endroit(erreur)
    if isinstance(classe, type) and issubclass(classe, ObservatoireError):
        constat, _, remede = erreur.evalue.partition("\n→ ")
        traduite: ObservatoireError = classe(constat, remede)
    else:
        traduite = PublicationError(
            f"{nom} ({_en_clair(parametres)}), {cellule} : {erreur.ename} : {erreur.evalue}",
            "Ouvrir le notebook dans JupyterLab, y écrire ces paramètres et exécuter cette cellule.",
        )
    traduite.endroit = cellule
    return traduite


def _endroit(erreur: Any) -> str:
    """La cellule, par sa première ligne, puis celle de ses lignes qui a levé l'erreur si c'en est une autre.

    La trace nomme la cellule par son rang d'exécution : « Cell In[3], line 2 ». Ses autres lignes sont celles
    des fonctions appelées, ou d'une cellule d'avant.
    """
    lignes = erreur.source.splitlines()
    debut = next((rang for rang, ligne in enumerate(lignes) if ligne.strip()), 0)
    cellule = f"cellule « {lignes[debut].strip() if lignes else ''} »"
    trace = _ANSI.sub("", "\n".join(erreur.traceback))
    trouve = re.search(rf"\bCell In\[{erreur.exec_count}\], line (\d+)", trace)
    rang = debut + int(trouve[1]) - 1 if trouve else debut  # IPython ne compte pas les lignes vides du début
    if not debut < rang < len(lignes):
        return cellule
    return f"{cellule}, ligne {rang + 1} « {lignes[rang].strip()} »"


def _en_clair(parametres: Mapping[str, str]) -> str:
    return ", ".join(f"{nom} = {valeur}" for nom, valeur in parametres.items())


def _reproductible(notebook: NotebookNode, nom: str, parametres: dict[str, str]) -> NotebookNode:
    """Retire durées, identifiants tirés au sort et messages d'erreur, qui citent des chemins."""
    notebook.metadata.papermill = {"parameters": parametres}
    for rang, cellule in enumerate(notebook.cells):
        cellule.id = f"cellule-{rang:02d}"
        cellule.metadata.pop("execution", None)
        cellule.metadata.pop("papermill", None)
        if cellule.cell_type == "code":
            bruits = [s for s in cellule.outputs if s.output_type == "stream" and s.name == "stderr"]
            for bruit in bruits:
                _journal.warning("%s (%s) : %s", nom, _en_clair(parametres), bruit.text.strip())
            cellule.outputs = [s for s in cellule.outputs if s not in bruits]
    return notebook
