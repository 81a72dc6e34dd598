"""Les mots de click en français, quelle que soit la langue du poste.

click demande ses phrases au `gettext` de la bibliothèque standard, qui tire la langue de l'environnement :
sous LANG=C, par cron ou par systemd, il n'en trouve pas. Écrire LANGUAGE dans l'environnement la donnerait
aussi aux noyaux et aux programmes lancés d'ici ; le catalogue, fait par « make langue », est donc imposé à
`gettext`, pour le seul domaine de click.
"""

from __future__ import annotations

import gettext
from pathlib import Path
from typing import Any

import click

DOMAINE = "click"
CATALOGUE = Path(__file__).parent / "fr" / "LC_MESSAGES" / f"{DOMAINE}.mo"


def parler_francais() -> None:
    """Fait parler click en français ; à appeler avant de déclarer une commande."""
    with CATALOGUE.open("rb") as octets:
        catalogue = gettext.GNUTranslations(octets)
    ordinaire = gettext.translation

    def traduction(domain: str, *arguments: Any, **options: Any) -> gettext.NullTranslations:
        return catalogue if domain == DOMAINE else ordinaire(domain, *arguments, **options)

    gettext.translation = traduction  # type: ignore[assignment]
    gettext.textdomain(DOMAINE)
    # click ne soumet pas à gettext le nom de ces genres de valeurs
    click.STRING.name = "texte"
    click.INT.name = click.IntRange.name = "entier"
    click.FLOAT.name = "nombre"
