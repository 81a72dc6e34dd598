"""JupyterLab, sur le noyau de cet environnement et sur lui seul."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_client.kernelspec import KernelSpecManager

from observatoire.erreurs import ObservatoireError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from observatoire.config import Config

_NOYAU = {
    "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    "display_name": "Python 3",
    "language": "python",
}


def ouvrir(config: Config, notebook: str, options: tuple[str, ...] = ()) -> int:
    """Ouvre JupyterLab sur un notebook et rend son code de retour, une fois fermé.

    L'explorateur montre le projet : `notebooks/`, `report_templates/`, `commentaires/`.

    Args:
        config: le dossier de travail ; les noyaux le retrouvent.
        notebook: son nom sous `notebooks/`, sans extension.
        options: passées à JupyterLab telles quelles (`--no-browser`).

    Raises:
        ObservatoireError: JupyterLab n'est pas installé, ou le noyau ne serait pas celui-ci.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise ObservatoireError(
            "JupyterLab n'est pas installé dans cet environnement.",
            "« make env », ou « conda env update -f environment.yml ». « observatoire apercu » s'en passe.",
        )
    with tempfile.TemporaryDirectory(prefix="observatoire-lab-") as dossier:
        environnement = _environnement(config, Path(dossier))
        return _attendre(subprocess.Popen([*_commande(config, notebook), *options], env=environnement))


def _attendre(jupyter: subprocess.Popen[bytes]) -> int:
    """Attend que JupyterLab se ferme ; à un Ctrl-C, c'est lui qui demande s'il faut l'arrêter."""
    while True:
        with suppress(KeyboardInterrupt):
            return jupyter.wait()


def _commande(config: Config, notebook: str) -> list[str]:
    return [
        *(sys.executable, "-m", "jupyterlab"),
        f"--ServerApp.root_dir={config.racine}",
        f"--LabApp.default_url=/lab/tree/notebooks/{notebook}.ipynb",
        "--KernelSpecManager.allowed_kernelspecs=python3",
        "--ServerApp.ip=127.0.0.1",
    ]


def _environnement(config: Config, dossier: Path) -> dict[str, str]:
    """L'environnement où « python3 » est notre interpréteur, quoi qu'un autre ait installé."""
    noyau = dossier / "kernels" / "python3"
    noyau.mkdir(parents=True)
    (noyau / "kernel.json").write_text(json.dumps(_NOYAU), encoding="utf-8")
    chemins = [str(dossier), *filter(None, [os.environ.get("JUPYTER_PATH")])]
    environnement = {
        **os.environ,
        "JUPYTER_PATH": os.pathsep.join(chemins),
        "OBSERVATOIRE_RACINE": str(config.racine),
    }
    environnement.pop("JUPYTER_PREFER_ENV_PATH", None)
    verifier_le_noyau(environnement)
    return environnement


def verifier_le_noyau(environnement: Mapping[str, str]) -> None:
    """Refuse d'ouvrir si le noyau « python3 » n'est pas l'interpréteur présent.

    Raises:
        ObservatoireError: un autre environnement l'emporte.
    """
    dossiers = [str(Path(chemin) / "kernels") for chemin in environnement["JUPYTER_PATH"].split(os.pathsep)]
    noyau = KernelSpecManager(kernel_dirs=dossiers).get_kernel_spec("python3")
    if noyau.argv[0] != sys.executable:
        raise ObservatoireError(
            f"Le noyau « python3 » est celui d'un autre environnement : {noyau.argv[0]}.",
            "Le retirer : jupyter kernelspec remove python3.",
        )
