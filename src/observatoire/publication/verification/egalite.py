"""Les mêmes nombres partout : les blocs d'un notebook exécuté, sa page, son PDF.

Chaque texte d'un bloc doit se retrouver dans le document ; une fois tous retirés, il ne doit plus y
rester un seul chiffre. Un nombre changé manque donc d'un côté et reste de l'autre.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_to_bytes

from lxml import etree

from observatoire.publication.jumeau import en_csv
from observatoire.publication.verification.constats import Trouve
from observatoire.publication.verification.page import contenu

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.html import HtmlElement

    from observatoire.publication.verification.page import Page

REMEDE = "Reproduire le document : ses fichiers ne viennent plus de la même exécution."
_CODES = frozenset(
    {"genre", "id", "svg", "alt", "alignements", "territoire", "periode", "statut"}
    | {"ancre", "fichier", "niveau", "numero", "signe"}
)
_REPETES = 12  # un texte plus long se répète sans tromper : légende de tableau, pied de page
_FOLIO = re.compile(r"Page\s*\d+\s*/\s*\d+")
_A_CHEVAL = 80  # un texte plus long peut passer d'une page à la suivante
_LIGNES_MONTREES = 5
_JUMEAUX = "//a[starts-with(@href, 'data:text/csv')]"


def comparer_page(blocs: list[dict[str, Any]], page: Page, communs: Iterable[str] = ()) -> Iterator[Trouve]:
    """Compare les blocs d'un notebook à sa page : textes, tableaux, alternatives, textes des dessins.

    Args:
        blocs: le déroulé du notebook.
        page: la page rendue.
        communs: les textes de toutes les pages (nom de l'observatoire, contact).
    """
    unites = [unite for bloc in blocs for unite in textes(bloc)]
    document = _serrer(page.texte)
    for lien in page.arbre.xpath(_JUMEAUX):
        document = document.replace(_serrer(contenu(lien)), "", 1)
    pied = [*communs, *textes(blocs[0])]  # il redit l'en-tête
    yield from _retirer(unites, document, pied, _rangees_de(blocs))
    yield from _comparer_figures(blocs, page)


def comparer_livre(blocs: list[dict[str, Any]], document: Page | str) -> Iterator[Trouve]:
    """Compare les blocs d'un livre à une page ou au texte de son PDF : rien n'y manque.

    Un livre écrit aussi ce qui n'est dans aucun notebook (sommaire, numéros) : ses autres chiffres ne sont
    pas des fautes.
    """
    unites = [unite for bloc in blocs for unite in textes(bloc)]
    entier = document if isinstance(document, str) else document.texte
    yield from _manquants(unites, _serrer(_FOLIO.sub("", entier)), _rangees_de(blocs))[0]
    if not isinstance(document, str):
        yield from _comparer_figures(blocs, document)


def comparer_pdf(blocs: list[dict[str, Any]], texte: str, communs: Iterable[str] = ()) -> Iterator[Trouve]:
    """Compare les blocs d'un notebook, textes des dessins compris, au texte extrait de son PDF."""
    document = _FOLIO.sub("", texte)
    serre = _serrer(document)
    unites = [unite for bloc in blocs for unite in (*textes(bloc), *_dessin_imprime(bloc.get("svg"), serre))]
    yield from _retirer(unites, document, communs, _rangees_de(blocs))


def textes(bloc: dict[str, Any]) -> Iterator[str]:
    """Rend les textes d'un bloc, une ligne de tableau faisant un seul texte.

    Le titre d'une bande de chiffres est son nom pour les lecteurs d'écran : il ne s'imprime pas.
    """
    codes = _CODES | {"titre"} if bloc["genre"] == "chiffres" else _CODES
    for nom, valeur in bloc.items():
        if nom == "colonnes":
            yield "".join(valeur)
        elif nom == "lignes":
            yield from ("".join(ligne) for ligne in valeur)
        elif nom not in codes:
            yield from _feuilles(valeur)


def textes_du_dessin(svg: str | None) -> list[str]:
    """Rend les textes d'un dessin SVG, dans l'ordre."""
    if not svg:
        return []
    racine = etree.fromstring(svg.encode(), etree.XMLParser(resolve_entities=False, huge_tree=True))
    return ["".join(texte.itertext()).strip() for texte in racine.iter("{*}text")]


def _dessin_imprime(svg: str | None, document: str) -> list[str]:
    """Les textes d'un dessin d'un seul tenant s'ils s'y suivent : des nombres voisins ne se mêlent pas."""
    suite = textes_du_dessin(svg)
    entier = "".join(suite)
    return [entier] if _serrer(entier) in document else suite


def _feuilles(valeur: object) -> Iterator[str]:
    if isinstance(valeur, str):
        yield valeur
    elif isinstance(valeur, dict):
        yield from _feuilles([element for nom, element in valeur.items() if nom not in _CODES])
    elif isinstance(valeur, list):
        for element in valeur:
            yield from _feuilles(element)


def _rangees_de(blocs: list[dict[str, Any]]) -> set[str]:
    """Les lignes des tableaux, resserrées : chacune n'est qu'une fois dans le document."""
    return {_serrer("".join(ligne)) for bloc in blocs for ligne in bloc.get("lignes", [])}


def _retirer(
    unites: Iterable[str], document: str, communs: Iterable[str], rangees: set[str]
) -> Iterator[Trouve]:
    """Retire les textes du document ; rend ce qui manque, puis les chiffres qui restent."""
    manquants, reste = _manquants(unites, _serrer(document), rangees)
    yield from manquants
    for commun in map(_serrer, communs):
        reste = reste.replace(commun, "\n")
    etrangers = [morceau for morceau in reste.split("\n") if re.search(r"\d", morceau)]
    for morceau in etrangers[:_LIGNES_MONTREES]:
        yield Trouve("nombre du document absent du notebook", morceau[:80])


def _manquants(unites: Iterable[str], document: str, rangees: set[str]) -> tuple[list[Trouve], str]:
    """Retire les textes d'un document resserré, le plus long d'abord : ce qui manque, et ce qui reste.

    Un chiffre clé suivi de son unité peut se lire comme une ligne de tableau : elle ne s'ôte qu'une fois.
    """
    reste, manquants = document, []
    for unite in sorted(filter(None, map(_serrer, unites)), key=len, reverse=True):
        if unite in reste:
            partout = len(unite) > _REPETES and unite not in rangees
            reste = reste.replace(unite, "\n", -1 if partout else 1)
        elif len(unite) <= _REPETES or not (unite in document or _a_cheval(unite, document)):
            manquants.append(Trouve("texte du notebook absent du document", unite[:80]))
    return manquants[:_LIGNES_MONTREES], reste


def _a_cheval(unite: str, document: str) -> bool:
    """Dit si un long texte est là en deux morceaux : un pied et un haut de page le coupent."""
    coupe = bisect_left(range(len(unite)), True, key=lambda fin: unite[: fin + 1] not in document)
    return len(unite) > _A_CHEVAL and coupe > 0 and unite[coupe:] in document


def _serrer(texte: str) -> str:
    """Ôte ce qu'une mise en page ajoute ou coupe : blancs, traits d'union."""
    return re.sub(r"[\s\u00ad\u200b\u2010-]", "", texte)


def _comparer_figures(blocs: list[dict[str, Any]], page: Page) -> Iterator[Trouve]:
    figures = {figure.get("id", ""): figure for figure in page.tous("figure")}
    for bloc in blocs:
        if bloc["genre"] == "figure":
            yield from _comparer_figure(bloc, figures.get(bloc["id"]))


def _comparer_figure(bloc: dict[str, Any], figure: HtmlElement | None) -> Iterator[Trouve]:
    if figure is None:
        yield Trouve("figure absente de la page", bloc["id"])
        return
    for attendue, lue in zip([bloc["colonnes"], *bloc["lignes"]], _rangees(figure), strict=False):
        yield from (
            Trouve(f"cellule « {b} » au lieu de « {a} »", f"{bloc['id']}, ligne « {attendue[0]} »")
            for a, b in zip(attendue, lue, strict=False)
            if a != b
        )
    if len(_rangees(figure)) != 1 + len(bloc["lignes"]):
        yield Trouve("le tableau n'a pas le même nombre de lignes", bloc["id"])
    yield from _comparer_jumeau(bloc, figure)
    dessin = next(figure.iter("img", "svg"), None)
    if (dessin is not None) != bool(bloc["svg"]):
        yield Trouve("dessin absent, ou de trop", bloc["id"])
    elif dessin is not None:
        yield from _comparer_dessin(bloc, dessin)


def _comparer_jumeau(bloc: dict[str, Any], figure: HtmlElement) -> Iterator[Trouve]:
    """Les données à télécharger d'une figure sont celles de son tableau."""
    for lien in figure.xpath(f".{_JUMEAUX}"):
        ecrites = unquote_to_bytes(lien.get("href").partition(",")[2])
        if ecrites != en_csv(bloc["colonnes"], bloc["lignes"]):
            yield Trouve("données à télécharger autres que le tableau", bloc["id"])


def _comparer_dessin(bloc: dict[str, Any], dessin: HtmlElement) -> Iterator[Trouve]:
    if (dessin.get("alt") or dessin.get("aria-label")) != bloc["alt"]:
        yield Trouve("l'alternative n'est pas celle du notebook", bloc["id"])
    if dessin.tag == "svg":
        montres = [contenu(texte) for texte in dessin.iter("text")]
    else:
        montres = textes_du_dessin(unquote(dessin.get("src", "").partition(",")[2]))
    if montres != textes_du_dessin(bloc["svg"]):
        yield Trouve("les textes du dessin ne sont pas ceux du notebook", bloc["id"])


def _rangees(figure: HtmlElement) -> list[list[str]]:
    tableau = next(figure.iter("table"), None)
    rangees = [] if tableau is None else tableau.iter("tr")
    return [[contenu(cellule) for cellule in rangee.iter("th", "td")] for rangee in rangees]
