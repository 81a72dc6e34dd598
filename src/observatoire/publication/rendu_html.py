"""La page HTML d'un notebook exécuté : nbconvert, notre gabarit, un seul fichier."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import StrictUndefined
from markupsafe import Markup
from nbconvert.exporters import TemplateExporter

from observatoire.publication import charte, polices
from observatoire.publication.deroule import Bloc, lire_blocs
from observatoire.publication.jumeau import joindre_jumeau

if TYPE_CHECKING:
    from pathlib import Path

    from nbformat import NotebookNode

    from observatoire.config import Config

GABARIT = "fiche.html.j2"
INCLUS = ("fiche/fiche.css", "commun/bloc.html.j2")


def rendre_html(notebook: NotebookNode, config: Config) -> bytes:
    """Rend une page sans aucune adresse extérieure, ni script.

    Le gabarit part des blocs JSON, non du HTML que les cellules affichent : l'échappement de
    Jinja vaut pour tout ce qui vient des données, et la page dit exactement ce que dit le PDF.

    Raises:
        PublicationError: le notebook ne donne pas un document publiable.
    """
    blocs = lire_blocs(notebook)
    perimetre = blocs[0]["territoire"], blocs[0]["periode"]
    ressources = {
        "blocs": [joindre_jumeau(_avec_police(bloc), *perimetre) for bloc in blocs],
        "observatoire": config.reglages["observatoire"],
        "police": Markup(polices.pour_la_page()),
        "charte": Markup(charte.pour_css()),
    }
    page, _ = _exporteur(config.racine / "report_templates").from_notebook_node(notebook, ressources)
    return page.encode()


def relire_les_gabarits(config: Config) -> None:
    """Relit les gabarits : l'aperçu les montre tels qu'ils sont enregistrés."""
    _exporteur.cache_clear()
    _exporteur(config.racine / "report_templates")


def _avec_police(bloc: Bloc) -> Bloc:
    return {**bloc, "svg": polices.dans_le_svg(bloc["svg"])} if bloc.get("svg") else bloc


@cache
def _exporteur(gabarits: Path) -> TemplateExporter:
    """L'exporteur de nbconvert, où ne restent que nos gabarits et un échappement systématique.

    Sans eux, `HTMLExporter` relit toute la page (BeautifulSoup) et n'échappe rien (Jinja). Nos gabarits ne
    lisent que les blocs : le notebook n'est ni retouché, ni revérifié après chaque retouche.
    """
    exporteur = TemplateExporter(  # type: ignore[no-untyped-call]
        template_paths=[str(gabarits), str(gabarits / "fiche")],
        template_file=GABARIT,
        default_preprocessors=[],
    )
    exporteur.environment.autoescape = True
    exporteur.environment.undefined = StrictUndefined
    exporteur.environment.trim_blocks = True
    exporteur.environment.lstrip_blocks = True
    exporteur.template  # noqa: B018  lu une fois, avant que plusieurs fils ne s'en servent
    for inclus in INCLUS:
        exporteur.environment.get_template(inclus)
    return exporteur
