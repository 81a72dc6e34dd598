"""La ligne de commande : lire les arguments, appeler une fonction, imprimer une ligne par résultat."""

from __future__ import annotations

import sys

from observatoire.cli import (
    analyste,
    campagne,
    construction,
    diffusion,
    edition,
    reception,
    routine,
    verification,
)
from observatoire.cli.groupe import cli

__all__ = [
    "analyste",
    "campagne",
    "cli",
    "construction",
    "diffusion",
    "edition",
    "main",
    "reception",
    "routine",
    "verification",
]


def main() -> None:
    """Point d'entrée de la commande `observatoire`."""
    # jsonschema importe rfc3987_syntax s'il est là : 1,5 s pour une vérification d'IRI jamais
    # demandée ici. L'absence simulée ne vaut que pour ce processus.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    cli(prog_name="observatoire")
