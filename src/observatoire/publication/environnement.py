"""L'environnement d'un noyau : ce que le poste a réglé, sans secret, sans hasard, rien de l'utilisateur."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SECRET = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|KEY|COOKIE|^OBSERVATOIRE_CLE", re.IGNORECASE)


def environnement_du_noyau(environ: Mapping[str, str], racine: Path, profil: str) -> dict[str, str]:
    """Rend l'environnement d'un noyau : sans secret, sans démarrage de l'utilisateur, sans hasard.

    >>> from pathlib import Path
    >>> sorted(environnement_du_noyau({"PATH": "/bin", "API_TOKEN": "x"}, Path("/p"), "/tmp/p"))
    ['IPYTHONDIR', 'OBSERVATOIRE_RACINE', 'PATH', 'PYTHONHASHSEED']
    """
    gardees = {
        nom: valeur
        for nom, valeur in environ.items()
        if nom not in ("PYTHONSTARTUP", "MPLBACKEND") and not _SECRET.search(nom)
    }
    return {
        **gardees,
        "IPYTHONDIR": profil,
        "OBSERVATOIRE_RACINE": str(racine),
        "PYTHONHASHSEED": "0",
    }
