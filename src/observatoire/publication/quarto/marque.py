"""Les couleurs et la police que Quarto applique : celles de nos autres documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import font_source_sans_pro

from observatoire.publication import charte

DOSSIER = "polices"
_GRAISSES = {
    "Regular": (400, "normal"),
    "It": (400, "italic"),
    "Semibold": (600, "normal"),
    "Bold": (700, "normal"),
}


def marque() -> dict[str, Any]:
    """Rend le contenu de `_brand.yml` : la charte, et sa police dans des fichiers que le projet copie."""
    contenu = charte.pour_quarto()
    fichiers = [
        {"path": f"{DOSSIER}/{chemin.name}", "weight": poids, "style": style}
        for chemin, (poids, style) in zip(polices(), _GRAISSES.values(), strict=True)
    ]
    fonts = [{"family": charte.POLICE, "source": "file", "files": fichiers}]
    return {**contenu, "typography": {"fonts": fonts, **contenu["typography"]}}


def polices() -> list[Path]:
    """Rend les fichiers de la police, une graisse chacun."""
    dossier = Path(font_source_sans_pro.font_directory)
    return [dossier / f"SourceSansPro-{nom}.otf" for nom in _GRAISSES]
