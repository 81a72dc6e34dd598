"""La charte : `charte.toml` lu une fois, et donné dans sa langue à chaque moteur de rendu."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

from observatoire.erreurs import PublicationError

SERIES_MAXIMUM = 6

CHARTE: dict[str, Any] = tomllib.loads(
    (files("observatoire.publication") / "charte.toml").read_text(encoding="utf-8")
)

ROLES: dict[str, str] = CHARTE["textes"] | CHARTE["signes"] | CHARTE["fonds"] | CHARTE["filets"]
"""Les couleurs par rôle : texte, discret, marque, alerte, repere, non_renseigne, papier, fond, filet…"""

COULEURS: dict[str, str] = CHARTE["grandeurs"]
"""Une couleur par grandeur, la même dans toutes les figures."""

CLASSES: tuple[str, ...] = tuple(CHARTE["classes"]["sequence"])
"""Les classes d'une carte, du plus faible au plus fort."""

TEXTE, DISCRET, FILET, PAPIER = ROLES["texte"], ROLES["discret"], ROLES["filet"], ROLES["papier"]
GRIS, REPERE = ROLES["non_renseigne"], ROLES["repere"]
POLICE: str = CHARTE["polices"]["texte"]
CORPS, CORPS_SERRE, CORPS_PETIT = (float(CHARTE["corps"][nom]) for nom in ("figure", "serre", "petit"))
LARGEUR, LARGEUR_PAGE = (float(CHARTE["mesures"][nom]) for nom in ("largeur_figure", "largeur_page"))
"""Largeurs d'une figure, en millimètres : à gauche de son tableau, ou sur toute la page."""


def couleur_modalite(ventilation: str, code: str) -> str:
    """Rend la couleur d'une modalité, la même dans toutes les figures.

    >>> couleur_modalite("sexe", "NR") == GRIS
    True

    Raises:
        PublicationError: la ventilation a trop de modalités pour que des couleurs les distinguent.
    """
    return str(_nuance(ventilation, code)["couleur"])


def trame_modalite(ventilation: str, code: str) -> str:
    """Rend la trame d'une modalité (écriture de matplotlib) : elle redit sa couleur, en gris aussi.

    Raises:
        PublicationError: comme `couleur_modalite`.
    """
    return str(_nuance(ventilation, code)["trame"])


def lisible_sur(couleur: str) -> str:
    """Rend la couleur de texte la plus lisible sur un aplat : celle du texte, ou celle du papier.

    >>> lisible_sur(CLASSES[0]) == TEXTE, lisible_sur(CLASSES[-1]) == PAPIER
    (True, True)
    """
    return max(TEXTE, PAPIER, key=lambda texte: contraste(texte, couleur))


def contraste(couleur: str, autre: str) -> float:
    """Rend le rapport de contraste de deux couleurs (WCAG 2.1), de 1 à 21.

    >>> contraste(TEXTE, TEXTE)
    1.0
    """
    clair, sombre = sorted((_luminance(couleur), _luminance(autre)), reverse=True)
    return (clair + 0.05) / (sombre + 0.05)


def pour_css() -> str:
    """Rend les propriétés CSS de la charte : `--texte`, `--fond-alerte`, `--heures`, `--classe-1`."""
    classes = {f"classe_{rang}": couleur for rang, couleur in enumerate(CLASSES, 1)}
    proprietes = {**ROLES, **COULEURS, **classes, "polices": _polices_css()}
    lignes = [f"  --{nom.replace('_', '-')}: {valeur};" for nom, valeur in proprietes.items()]
    return "\n".join([":root {", *lignes, "}"])


def pour_typst() -> dict[str, Any]:
    """Rend la charte pour un gabarit Typst, qui la lit en JSON : `charte.roles.texte`, `charte.police`."""
    return {
        "police": POLICE,
        "roles": ROLES,
        "grandeurs": COULEURS,
        "classes": list(CLASSES),
        "largeur_figure": LARGEUR,
    }


def pour_vega() -> dict[str, Any]:
    """Rend la configuration de Vega-Lite : mêmes police, couleurs, échelles, filets et axes."""
    axe = {"labelColor": DISCRET, "titleColor": DISCRET, "domainColor": FILET, "tickColor": FILET}
    titre = {"color": TEXTE, "subtitleColor": DISCRET, "anchor": "start", "fontWeight": "bold"}
    palette = [nuance["couleur"] for nuance in CHARTE["palette"].values()]
    return {
        "font": _polices_css().replace('"', "'"),
        "background": PAPIER,
        "title": titre,
        "axis": {**axe, "gridColor": ROLES["fond"]},
        "legend": {"labelColor": TEXTE, "titleColor": DISCRET},
        "range": {"category": palette, "ordinal": list(CLASSES), "ramp": list(CLASSES)},
        "mark": {"color": COULEURS["heures"]},
        "text": {"color": TEXTE},
        "rule": {"color": FILET},
        "view": {"stroke": None},
    }


def pour_quarto() -> dict[str, Any]:
    """Rend le contenu de `_brand.yml`, que Quarto applique au HTML comme au PDF."""
    return {
        "color": {
            "palette": {nom.replace("_", "-"): couleur for nom, couleur in (ROLES | COULEURS).items()},
            "foreground": "texte",
            "background": "papier",
            "primary": "marque",
            "secondary": "discret",
            "warning": "alerte",
            "danger": "arret",
        },
        "typography": {
            "base": {"family": POLICE, "line-height": 1.45},
            "headings": {"family": POLICE, "weight": 700, "color": "marque"},
            "link": {"color": "marque"},
        },
    }


def _nuance(ventilation: str, code: str) -> dict[str, str]:
    couleurs = CHARTE["modalites"].get(ventilation, {})
    if code not in couleurs:
        raise PublicationError(
            f"La charte n'a pas de couleur pour « {code} » ({ventilation}).",
            f"Au-delà de {SERIES_MAXIMUM} séries, dessiner de petits multiples d'une seule couleur ; "
            "sinon l'ajouter à charte.toml.",
        )
    nuance: dict[str, str] = CHARTE["palette"][couleurs[code]]
    return nuance


def _polices_css() -> str:
    noms = [POLICE, *CHARTE["polices"]["secours"]]
    return ", ".join(f'"{nom}"' if " " in nom else nom for nom in noms)


def _luminance(couleur: str) -> float:
    canaux = [int(couleur[rang : rang + 2], 16) / 255 for rang in (1, 3, 5)]
    r, v, b = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in canaux]
    return 0.2126 * r + 0.7152 * v + 0.0722 * b
