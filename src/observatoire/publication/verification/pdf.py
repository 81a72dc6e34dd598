"""Un PDF à vérifier : balises, langue, titre, alternatives, tableaux, signets, polices, images."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pikepdf
from pypdf import PdfReader

from observatoire.publication.verification.constats import Controle, Trouve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PROFONDEUR = 8


@dataclass(frozen=True)
class DocumentPdf:
    """Un PDF ouvert."""

    chemin: Path
    pdf: pikepdf.Pdf

    @property
    def racine(self) -> Any:
        """Le catalogue du document."""
        return self.pdf.Root

    @cached_property
    def noeuds(self) -> list[Any]:
        """Les éléments de la structure, dans l'ordre de lecture ; vide si le document n'est pas balisé."""
        racine = self.racine.get("/StructTreeRoot")
        return [] if racine is None else list(_descendre(racine))

    def de(self, genre: str) -> list[Any]:
        """Rend les éléments d'un genre : « Figure », « Table »."""
        return [noeud for noeud in self.noeuds if f"/{genre}" == noeud.S]

    @cached_property
    def niveaux(self) -> list[int]:
        """Le niveau de chaque titre, dans l'ordre."""
        genres = (str(noeud.S) for noeud in self.noeuds)
        return [int(genre[2]) for genre in genres if re.fullmatch(r"/H[1-6]", genre)]

    @cached_property
    def signets(self) -> list[tuple[int, str]]:
        """Le niveau et le titre de chaque signet, dans l'ordre."""
        with self.pdf.open_outline() as plan:
            return list(_aplatir(plan.root, 1))

    @cached_property
    def texte(self) -> str:
        """Le texte de toutes les pages, dans l'ordre où le document l'écrit."""
        return "\n".join(page.extract_text() for page in PdfReader(self.chemin).pages)

    @cached_property
    def ressources(self) -> list[tuple[int, str, Any]]:
        """Les polices et les images, avec leur page : (page, « police » ou « image », objet)."""
        return [
            (rang, genre, objet)
            for rang, page in enumerate(self.pdf.pages, start=1)
            for genre, objet in _ressources(page.obj.get("/Resources", pikepdf.Dictionary()), _PROFONDEUR)
        ]


def _descendre(noeud: Any) -> Iterator[Any]:
    enfants = noeud.get("/K", [])
    for enfant in enfants if isinstance(enfants, pikepdf.Array) else [enfants]:
        if isinstance(enfant, pikepdf.Dictionary) and "/S" in enfant:
            yield enfant
            yield from _descendre(enfant)


def _aplatir(signets: Any, niveau: int) -> Iterator[tuple[int, str]]:
    for signet in signets:
        yield niveau, signet.title
        yield from _aplatir(signet.children, niveau + 1)


def _ressources(dictionnaire: Any, profondeur: int) -> Iterator[tuple[str, Any]]:
    """Les ressources d'une page, celles de ses formulaires et de ses motifs comprises."""
    for police in dictionnaire.get("/Font", {}).values():
        yield "police", police
    objets = [*dictionnaire.get("/XObject", {}).values(), *dictionnaire.get("/Pattern", {}).values()]
    for objet in objets:
        if objet.get("/Subtype") == "/Image":
            yield "image", objet
        elif profondeur and "/Resources" in objet:
            yield from _ressources(objet.Resources, profondeur - 1)


def _balises(document: DocumentPdf) -> Iterator[Trouve]:
    if (
        not document.racine.get("/MarkInfo", pikepdf.Dictionary()).get("/Marked", False)
        or not document.noeuds
    ):
        yield Trouve("le PDF n'est pas balisé")


def _langue(document: DocumentPdf) -> Iterator[Trouve]:
    langue = str(document.racine.get("/Lang", ""))
    if langue.split("-")[0] != "fr":
        yield Trouve(f"langue du document : « {langue} »")


def _titre(document: DocumentPdf) -> Iterator[Trouve]:
    with document.pdf.open_metadata() as xmp:
        titre = xmp.get("dc:title", "")
    if not str(titre).strip():
        yield Trouve("le document n'a pas de titre")
    if not document.racine.get("/ViewerPreferences", pikepdf.Dictionary()).get("/DisplayDocTitle", False):
        yield Trouve("la fenêtre montre le nom du fichier (DisplayDocTitle)")


def _norme(document: DocumentPdf) -> Iterator[Trouve]:
    with document.pdf.open_metadata() as xmp:
        if str(xmp.get("pdfuaid:part", "")) != "1":
            yield Trouve("le document ne se déclare pas PDF/UA-1")


def _alternatives(document: DocumentPdf) -> Iterator[Trouve]:
    textes = [str(figure.get("/Alt", "")).strip() for figure in document.de("Figure")]
    for rang, texte in enumerate(textes, start=1):
        if not texte:
            yield Trouve("figure sans alternative", f"figure {rang}")
    for texte, suivant in pairwise(filter(None, textes)):
        if texte == suivant:
            yield Trouve("deux figures qui se suivent ont la même alternative", texte[:60])


def _tableaux(document: DocumentPdf) -> Iterator[Trouve]:
    for rang, tableau in enumerate(document.de("Table"), start=1):
        entetes = [noeud for noeud in _descendre(tableau) if noeud.S == "/TH"]
        if not entetes:
            yield Trouve("tableau sans cellule d'en-tête (TH)", f"tableau {rang}")
        if any(not _portee(entete) for entete in entetes):
            yield Trouve("cellule d'en-tête sans portée (Scope)", f"tableau {rang}")


def _portee(entete: Any) -> bool:
    attributs = entete.get("/A", pikepdf.Array([]))
    listes = attributs if isinstance(attributs, pikepdf.Array) else [attributs]
    return any(isinstance(liste, pikepdf.Dictionary) and "/Scope" in liste for liste in listes)


def _niveaux(document: DocumentPdf) -> Iterator[Trouve]:
    """Un livre a un titre de niveau 1 par chapitre ; le premier titre d'un document l'est toujours."""
    niveaux = document.niveaux
    if niveaux[:1] != [1]:
        yield Trouve("le document ne commence pas par un titre de niveau 1")
    for avant, suivant in pairwise(niveaux):
        if suivant > avant + 1:
            yield Trouve(f"un titre de niveau {suivant} suit un niveau {avant}")


def _signets(document: DocumentPdf) -> Iterator[Trouve]:
    niveaux = [niveau for niveau, _ in document.signets]
    if niveaux != document.niveaux:
        yield Trouve(f"{len(niveaux)} signet(s) pour {len(document.niveaux)} titre(s), ou d'autres niveaux")
    texte = re.sub(r"[\s\u00ad-]", "", document.texte)
    for _, titre in document.signets:
        if re.sub(r"[\s\u00ad-]", "", titre) not in texte:
            yield Trouve("signet qui n'est le titre de rien", titre)


def _ordre(document: DocumentPdf) -> Iterator[Trouve]:
    fautives = [rang for rang, page in enumerate(document.pdf.pages, 1) if page.obj.get("/Tabs") != "/S"]
    if fautives:
        yield Trouve("page dont le clavier ne suit pas la structure (Tabs)", f"page {fautives[0]}")


def _polices(document: DocumentPdf) -> Iterator[Trouve]:
    for page, genre, objet in document.ressources:
        if genre != "police" or objet.get("/Subtype") == "/Type3":
            continue
        descendants = objet.get("/DescendantFonts", [objet])
        description = descendants[0].get("/FontDescriptor", {})
        if not any(f"/FontFile{rang}" in description for rang in ("", 2, 3)):
            yield Trouve(f"police non embarquée : {objet.get('/BaseFont', '?')}", f"page {page}")
        if "/ToUnicode" not in objet and "/DescendantFonts" in objet:
            yield Trouve(
                f"police dont le texte ne se relit pas : {objet.get('/BaseFont', '?')}", f"page {page}"
            )


def _images(document: DocumentPdf) -> Iterator[Trouve]:
    """Un masque de transparence est une image lui aussi : seules comptent celles qui se voient."""
    for page, genre, objet in document.ressources:
        if genre == "image" and not objet.get("/ImageMask", False):
            yield Trouve(f"image en points de {objet.Width} × {objet.Height}", f"page {page}")
    if not document.texte.strip():
        yield Trouve("le document n'a pas de texte")


_GABARIT = "Corriger le gabarit Typst (report_templates) : la norme « ua-1 » le demande."
PDF: tuple[Controle[DocumentPdf], ...] = (
    Controle("balises", "PDF/UA 7.1", _balises, _GABARIT),
    Controle("langue", "RGAA 8.3", _langue, 'Écrire « set text(lang: "fr") » dans le gabarit.'),
    Controle("titre", "PDF/UA 7.1", _titre, "Écrire « set document(title: …) » dans le gabarit."),
    Controle("norme déclarée", "PDF/UA 5", _norme, "Compiler le PDF avec la norme « ua-1 »."),
    Controle(
        "alternatives", "RGAA 1.1", _alternatives, "Donner à chaque figure une alternative à elle (alt)."
    ),
    Controle("tableaux", "PDF/UA 7.5", _tableaux, "Commencer le tableau par « table.header(…) »."),
    Controle(
        "niveaux de titre",
        "RGAA 9.1",
        _niveaux,
        "Commencer par un titre de niveau 1, puis ne pas sauter de niveau.",
    ),
    Controle(
        "signets", "PDF/UA 7.17", _signets, "Laisser Typst faire les signets (« outlined ») de ses titres."
    ),
    Controle("ordre du clavier", "PDF/UA 7.18", _ordre, _GABARIT),
    Controle("polices", "PDF/UA 7.21", _polices, "Embarquer la police (publication/polices.py)."),
    Controle("images de texte", "RGAA 1.8", _images, "Dessiner la figure en SVG."),
)
