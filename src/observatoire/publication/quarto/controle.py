"""Ce que Quarto a rendu : tout y est, chaque page est la sienne, et rien n'appelle une adresse extérieure."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from observatoire.erreurs import PublicationError

if TYPE_CHECKING:
    from pathlib import Path

    from observatoire.publication.quarto.projet import Projet

_CHARGEMENTS = {
    "script": ("src",),
    "link": ("href",),
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "iframe": ("src",),
    "video": ("src", "poster"),
    "audio": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
    "form": ("action",),
    "base": ("href",),
}
_EXTERIEURE = re.compile(r"(?:^|[\s,])(?:https?:)?//[^\s,]+", re.IGNORECASE)
_DANS_UN_STYLE = re.compile(r"(?:url\(\s*|@import\s+)[\"']?((?:https?:)?//[^\"')\s]+)", re.IGNORECASE)
_DANS_UN_SCRIPT = re.compile(r"[\"'`]((?:https?:)?//(?!www\.w3\.org/)[\w-]+(?:\.[\w-]+)+[^\"'`\s]*)")


def verifier(projet: Projet) -> None:
    """Vérifie ce que Quarto a rendu ; son code de sortie est 0 même quand il n'a rien produit.

    Raises:
        PublicationError: page ou PDF absent, page d'un autre document, PDF sans sa norme, adresse extérieure.
    """
    _verifier_presence(projet)
    for nom, titre in projet.pages.items():
        _verifier_page(projet.sortie / nom, titre)
    for nom in projet.pdf:
        _verifier_pdf(projet.sortie / nom)
    for feuille in sorted(projet.sortie.rglob("*.css")):
        adresses = _DANS_UN_STYLE.findall(feuille.read_text(encoding="utf-8", errors="replace"))
        _refuser(feuille.name, adresses)


class _Page(HTMLParser):
    """Le texte d'une page et les adresses qu'elle charge."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.adresses: list[str] = []
        self.morceaux: list[str] = []
        self._dans = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Retient ce que la balise fait charger."""
        self._dans = tag if tag in ("script", "style") else ""
        lus = {nom: valeur or "" for nom, valeur in attrs}
        if lus.get("rel") == "canonical":
            return
        charges = [lus.get(nom, "") for nom in _CHARGEMENTS.get(tag, ())]
        self.adresses += [adresse.strip() for texte in charges for adresse in _EXTERIEURE.findall(texte)]
        self.adresses += _DANS_UN_STYLE.findall(lus.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        """Sort d'un script ou d'un style."""
        if tag == self._dans:
            self._dans = ""

    def handle_data(self, data: str) -> None:
        """Retient le texte, ou les adresses d'un script et d'un style."""
        match self._dans:
            case "script":
                self.adresses += _DANS_UN_SCRIPT.findall(data)
            case "style":
                self.adresses += _DANS_UN_STYLE.findall(data)
            case _:
                self.morceaux.append(data)


def _verifier_presence(projet: Projet) -> None:
    attendus = [*projet.pages, *projet.pdf]
    absents = [nom for nom in attendus if not (projet.sortie / nom).is_file()]
    if absents:
        quoi = "rien produit" if len(absents) == len(attendus) else f"pas produit {', '.join(absents)}"
        raise PublicationError(
            f"Quarto a fini sans erreur mais n'a {quoi}.",
            "Relancer ; si cela se répète, signaler la version de Quarto (quarto --version).",
        )


def _verifier_page(chemin: Path, titre: str) -> None:
    page = _Page(chemin.read_text(encoding="utf-8"))
    if _sans_blancs(titre) not in _sans_blancs("".join(page.morceaux)):
        raise PublicationError(
            f"La page {chemin.name} ne porte pas son titre, « {titre} ».",
            "Relancer seul : deux rendus dans un même dossier mêlent leurs pages.",
        )
    _refuser(chemin.name, page.adresses)


def _verifier_pdf(chemin: Path) -> None:
    octets = chemin.read_bytes()
    if not octets.startswith(b"%PDF-") or b"pdfuaid" not in octets:
        raise PublicationError(
            f"{chemin.name} n'est pas un PDF accessible (PDF/UA-1).",
            "Vérifier la version de Quarto : elle doit connaître « pdf-standard ».",
        )


def _refuser(nom: str, adresses: list[str]) -> None:
    if adresses:
        raise PublicationError(
            f"{nom} appelle une adresse extérieure : {adresses[0]}",
            "Retirer du document ce qui la demande : une page publiée n'en charge aucune.",
        )


def _sans_blancs(texte: str) -> str:
    return re.sub(r"\s+", "", texte)
