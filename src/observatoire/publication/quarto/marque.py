"""Les couleurs et la police que Quarto applique : celles de nos autres documents."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import font_source_sans_pro

from observatoire.publication import charte

_FICHES = {"bleu": charte.COULEURS["heures"], "texte": charte.TEXTE, "discret": charte.DISCRET}


@dataclass(frozen=True)
class Graisse:
    """Un fichier de police, tel que `_brand.yml` le déclare."""

    fichier: Path
    poids: int
    style: str


@dataclass(frozen=True)
class Marque:
    """Des couleurs nommées, une police et ses fichiers."""

    couleurs: dict[str, str]
    police: str
    graisses: list[Graisse]


def marque() -> Marque:
    """Rend la marque ; le seul endroit où le rendu par Quarto lit la charte."""
    return Marque(couleurs=_FICHES, police=charte.POLICE, graisses=_graisses())


def _graisses() -> list[Graisse]:
    dossier = Path(font_source_sans_pro.font_directory)
    return [
        Graisse(dossier / f"SourceSansPro-{nom}.otf", poids, style)
        for nom, poids, style in (
            ("Regular", 400, "normal"),
            ("It", 400, "italic"),
            ("Semibold", 600, "normal"),
            ("Bold", 700, "normal"),
        )
    ]
