"""Le déroulé d'un document : la suite des blocs d'un notebook exécuté, la même pour tous les rendus."""

from __future__ import annotations

import re
from itertools import dropwhile
from typing import TYPE_CHECKING, Any, cast

import mistune
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from observatoire.erreurs import PublicationError
from observatoire.publication.blocs import MIME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbformat import NotebookNode

GENRES = frozenset(
    {"entete", "chiffres", "figure", "tableau", "definitions", "methode", "avis", "titre", "texte", "liste"}
)
RENVOI = re.compile("\ue000(.+?)\ue001")
"""Dans le texte d'un chapitre, un renvoi `[](#ancre)` : le livre y écrit le numéro de ce qu'il vise."""

Bloc = dict[str, Any]

_markdown = mistune.create_markdown(renderer=None)


def lire_blocs(notebook: NotebookNode) -> list[Bloc]:
    """Rend les blocs d'un notebook exécuté, à partir de son en-tête.

    Une cellule de code donne les blocs qu'elle affiche ; une cellule Markdown donne des titres,
    des paragraphes et des listes. Ce qui précède l'en-tête s'adresse à qui ouvre le notebook et
    n'est pas publié ; `remove-cell` et `remove-output` retirent une cellule ou ses sorties.

    Raises:
        PublicationError: pas d'en-tête, ou contenu qui ne se publie pas.
    """
    publies = list(dropwhile(lambda bloc: bloc["genre"] != "entete", _tous(notebook)))
    if not publies:
        raise PublicationError(
            "Le notebook n'affiche pas d'en-tête.",
            "Afficher l'en-tête de la fiche dans une des premières cellules.",
        )
    _verifier_titres(publies)
    return publies


def lire_chapitre(notebook: NotebookNode) -> tuple[str, list[Bloc]]:
    """Rend le titre d'un chapitre, celui de niveau 1 qui ouvre le notebook, et les blocs qui le suivent.

    Raises:
        PublicationError: pas de titre, deux titres, ou contenu qui ne se publie pas.
    """
    publies = list(dropwhile(lambda bloc: bloc.get("niveau") != 1, _tous(notebook)))
    if not publies:
        raise PublicationError(
            "Le chapitre n'a pas de titre.", "Commencer le notebook par une cellule Markdown : « # Titre »."
        )
    _verifier_titres(publies)
    return publies[0]["texte"], publies[1:]


def _tous(notebook: NotebookNode) -> list[Bloc]:
    return [bloc for cellule in notebook.cells for bloc in _blocs(cellule)]


def _blocs(cellule: NotebookNode) -> Iterator[Bloc]:
    etiquettes = cellule.metadata.get("tags", [])
    if "remove-cell" in etiquettes:
        return
    if cellule.cell_type == "markdown":
        yield from _blocs_markdown(cellule.source)
    elif cellule.cell_type == "code" and "remove-output" not in etiquettes:
        for sortie in cellule.outputs:
            if sortie.output_type in ("display_data", "execute_result"):
                yield _bloc(sortie.data, cellule.source)


def _bloc(donnees: NotebookNode, source: str) -> Bloc:
    bloc = donnees.get(MIME)
    if bloc is None or bloc.get("genre") not in GENRES:
        debut = next(iter(source.strip().splitlines()), "")
        raise PublicationError(
            f"La cellule « {debut} » affiche un objet qui ne se publie pas.",
            "Terminer la cellule par un objet de la fiche, ou l'étiqueter « remove-output ».",
        )
    if bloc.get("svg"):
        _verifier_dessin(bloc)
    return dict(bloc)


def _verifier_dessin(bloc: Bloc) -> None:
    """Un dessin est du SVG bien formé, sans script ni adresse extérieure."""
    try:
        noeuds = list(fromstring(bloc["svg"]).iter())
    except (ParseError, DefusedXmlException) as erreur:
        raise _dessin_refuse(bloc, str(erreur)) from None
    for noeud in noeuds:
        balise = noeud.tag.rpartition("}")[2]
        if balise in ("script", "foreignObject", "iframe"):
            raise _dessin_refuse(bloc, balise)
        for nom, valeur in noeud.attrib.items():
            if nom.startswith("on") or (nom.endswith("href") and not valeur.startswith("#")):
                raise _dessin_refuse(bloc, nom)


def _dessin_refuse(bloc: Bloc, raison: str) -> PublicationError:
    return PublicationError(
        f"Le dessin de la figure « {bloc['id']} » ne se publie pas ({raison}).",
        "Le refaire avec le module des figures.",
    )


def _blocs_markdown(source: str) -> Iterator[Bloc]:
    for noeud in cast("list[dict[str, Any]]", _markdown(source)):
        match noeud["type"]:
            case "heading":
                yield {"genre": "titre", "niveau": noeud["attrs"]["level"], "texte": _texte(noeud)}
            case "paragraph":
                yield {"genre": "texte", "paragraphes": [_texte(noeud)]}
            case "list":
                yield {"genre": "liste", "elements": [_texte(element) for element in noeud["children"]]}
            case "blank_line":
                pass
            case autre:
                raise PublicationError(
                    f"Cellule « {source.strip()[:60]} » : contenu Markdown non publié ({autre}).",
                    "S'en tenir aux titres, aux paragraphes et aux listes.",
                )


def _texte(noeud: dict[str, Any]) -> str:
    """Le texte d'un nœud, sans mise en forme : une balise HTML y reste écrite en toutes lettres."""
    if noeud["type"] in ("softbreak", "linebreak"):
        return " "
    if "raw" in noeud:
        return _espaces_fines(noeud["raw"])
    if noeud["type"] == "link" and noeud["attrs"]["url"].startswith("#"):
        return f"\ue000{noeud['attrs']['url'][1:]}\ue001"
    return "".join(_texte(enfant) for enfant in noeud.get("children", []))


def _espaces_fines(texte: str) -> str:
    r"""Met les espaces insécables du français.

    >>> _espaces_fines("Combien ? « Peu » : 12 %")
    'Combien\u202f? «\xa0Peu\xa0»\xa0: 12\xa0%'
    """
    texte = re.sub(r" ([?!;])", "\u202f\\1", texte)
    return re.sub(r" ([:»%€])", "\u00a0\\1", texte).replace("« ", "«\u00a0")


def _verifier_titres(blocs: list[Bloc]) -> None:
    """L'en-tête est le seul titre de niveau 1 ; aucun niveau n'est sauté."""
    precedent = 1
    for bloc in blocs[1:]:
        if bloc["genre"] == "entete":
            raise PublicationError("Le notebook affiche deux en-têtes.", "N'en garder qu'un.")
        if bloc["genre"] == "titre":
            if not 2 <= bloc["niveau"] <= precedent + 1:
                raise PublicationError(
                    f"Titre « {bloc['texte']} » : niveau {bloc['niveau']} après un niveau {precedent}.",
                    "Commencer par « ## », puis « ### », sans sauter de niveau.",
                )
            precedent = bloc["niveau"]
