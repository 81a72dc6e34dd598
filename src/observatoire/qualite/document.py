"""Le rapport de qualité comme document : des constats, des sections, des tableaux ; une page autonome."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from markupsafe import Markup

from observatoire.publication import charte, polices
from observatoire.publication.formats import pct, typographier
from observatoire.publication.gabarits import environnement

if TYPE_CHECKING:
    from pathlib import Path

GABARIT = "qualite/qualite.html.j2"


@dataclass(frozen=True, slots=True)
class Part:
    """Une part en % dans un tableau : écrite, et dessinée par une barre de même longueur."""

    valeur: float | None

    @property
    def texte(self) -> str:
        """La part écrite."""
        return pct(self.valeur)


def part_de(nombre: int, total: int) -> Part:
    """Rend la part d'un compte dans un total ; 0 ÷ 0 n'est pas disponible."""
    return Part(100 * nombre / total if total else None)


@dataclass(frozen=True, slots=True)
class Tableau:
    """Un tableau : une légende, des colonnes, des lignes de même longueur.

    `formes` dit, par colonne, « t » pour un texte et « n » pour un nombre.
    """

    legende: str
    colonnes: list[str]
    formes: str
    lignes: list[list[str | Part]]


@dataclass(frozen=True, slots=True)
class Section:
    """Une partie du rapport ; `vide` est ce qui se lit quand aucun tableau n'a de ligne."""

    id: str
    titre: str
    paragraphe: str = ""
    tableaux: list[Tableau] = field(default_factory=list)
    vide: str = ""

    @property
    def remplis(self) -> list[Tableau]:
        """Les tableaux qui ont au moins une ligne."""
        return [tableau for tableau in self.tableaux if tableau.lignes]


@dataclass(frozen=True, slots=True)
class Constat:
    """Une ligne du résumé : sa gravité, de quoi il s'agit, ce qu'on peut y faire, où lire la suite."""

    gravite: str
    texte: str
    remede: str
    section: str


# Du plus grave au moins grave ; chaque mot porte à lui seul ce que sa couleur redit.
ARRET, CORRIGER, REGARDER = "Passé outre", "À corriger", "À regarder"


@dataclass(frozen=True, slots=True)
class Rapport:
    """Le rapport entier."""

    titre: str
    extraction: str
    fictif: bool
    observatoire: dict[str, str]
    constats: list[Constat]
    sections: list[Section]


def rendre(rapport: Rapport, gabarits: Path) -> bytes:
    """Rend une page sans adresse extérieure ni script ; tout ce qui vient des données est échappé."""
    page = (
        environnement(gabarits, typo=typographier)
        .get_template(GABARIT)
        .render(rapport=rapport, police=Markup(polices.pour_la_page()), charte=Markup(charte.pour_css()))
    )
    return page.encode()
