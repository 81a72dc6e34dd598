"""Une page HTML à vérifier : son arbre, ses textes visibles, le nom accessible de ses éléments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

from lxml import html

from observatoire.publication.verification.constats import Trouve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lxml.html import HtmlElement

_MUETS = ("script", "style", "template", "head", "title")


@dataclass(frozen=True)
class Page:
    """Une page et l'endroit d'où elle vient ; ses liens relatifs partent de là."""

    chemin: Path
    source: str

    @classmethod
    def lire(cls, chemin: Path) -> Self:
        """Lit une page ; un octet qui n'est pas de l'UTF-8 s'y voit."""
        return cls(chemin, chemin.read_text(encoding="utf-8", errors="replace"))

    @cached_property
    def arbre(self) -> HtmlElement:
        """L'élément html."""
        lecteur = html.HTMLParser(encoding="utf-8", huge_tree=True)
        return html.document_fromstring(self.source.encode() or b"<html></html>", parser=lecteur)

    def tous(self, *balises: str) -> list[HtmlElement]:
        """Rend les éléments de ces noms, dans l'ordre de la page."""
        return list(self.arbre.iter(*balises))

    @cached_property
    def identifiants(self) -> list[str]:
        """Les identifiants, répétés s'ils le sont."""
        return [str(identifiant) for identifiant in self.arbre.xpath("//@id")]

    @cached_property
    def textes(self) -> list[tuple[HtmlElement, str]]:
        """Les textes que la page montre, chacun avec l'élément qui le contient."""
        return [
            (parent, str(texte))
            for texte in self.arbre.xpath("//text()[normalize-space()]")
            if (parent := _contenant(texte)) is not None and not _muet(parent)
        ]

    @cached_property
    def texte(self) -> str:
        """Tout ce que la page montre, d'un tenant."""
        return "".join(texte for _, texte in self.textes)

    def nom(self, element: HtmlElement) -> str:
        """Rend le nom accessible d'un élément : aria-labelledby, aria-label, alternative, puis texte."""
        vises = [self.arbre.get_element_by_id(i, None) for i in element.get("aria-labelledby", "").split()]
        textes = [contenu(vise) for vise in vises if vise is not None]
        directs = (element.get(attribut, "") for attribut in ("aria-label", "alt"))
        return next(
            (epurer(texte) for texte in (" ".join(textes), *directs) if texte.strip()), contenu(element)
        )

    def montrer(self, element: HtmlElement) -> Trouve:
        """Rend l'endroit d'un élément, sans constat encore."""
        return Trouve("", f"ligne {element.sourceline}, <{element.tag}> « {contenu(element)[:50]} »")


def contenu(element: HtmlElement) -> str:
    """Rend le texte d'un élément, alternatives des images comprises, blancs réduits."""
    images = [str(alt) for alt in element.xpath(".//img/@alt | .//svg/@aria-label")]
    textes = element.xpath(".//text()[not(ancestor::script or ancestor::style)]")
    return epurer(" ".join([*map(str, textes), *images]) if images else "".join(map(str, textes)))


def epurer(texte: str) -> str:
    """Réduit les blancs ordinaires d'un texte ; les espaces insécables restent."""
    return re.sub(r"[ \t\r\n]+", " ", texte).strip()


def cache_aux_lecteurs(element: HtmlElement) -> bool:
    """Dit si un élément ou l'un de ses ancêtres est retiré de l'arbre d'accessibilité."""
    return any(
        noeud.get("aria-hidden") == "true" or "hidden" in noeud.attrib or noeud.tag == "template"
        for noeud in (element, *element.iterancestors())
    )


def defauts(
    elements: Iterator[HtmlElement] | list[HtmlElement], page: Page, constat: str
) -> Iterator[Trouve]:
    """Rend un défaut par élément, le même constat pour tous."""
    for element in elements:
        yield Trouve(constat, page.montrer(element).ou)


def _contenant(texte: object) -> HtmlElement | None:
    """L'élément où un texte se lit : celui d'avant n'en est que le voisin quand il le suit."""
    parent: HtmlElement | None = texte.getparent()  # type: ignore[attr-defined]
    return parent.getparent() if parent is not None and texte.is_tail else parent  # type: ignore[attr-defined]


def _muet(element: HtmlElement) -> bool:
    return any(noeud.tag in _MUETS for noeud in (element, *element.iterancestors()))
