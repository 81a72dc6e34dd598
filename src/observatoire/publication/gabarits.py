"""Les gabarits HTML : tout ce qui vient des données y est échappé, une variable absente est une erreur."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jinja2 import Environment


def environnement(gabarits: Path, **filtres: Callable[..., Any]) -> Environment:
    """Rend de quoi lire les gabarits d'un dossier `report_templates`, et des filtres en plus.

    Jinja n'est chargé qu'ici : un notebook qui n'affiche rien n'en a pas besoin.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    lu = Environment(
        loader=FileSystemLoader(gabarits),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    lu.filters |= filtres
    return lu
