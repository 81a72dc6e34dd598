"""Le notebook que Quarto lit : nos blocs en Markdown, rien à exécuter, rien qu'il refuserait."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from observatoire.erreurs import PublicationError
from observatoire.publication.deroule import lire_blocs
from observatoire.publication.quarto.echappement import ancre, en_yaml
from observatoire.publication.quarto.markdown import Feuille
from observatoire.publication.rendu_pdf import horodatage

if TYPE_CHECKING:
    import datetime as dt

    from nbformat import NotebookNode

    from observatoire.publication.deroule import Bloc

_NOM = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_ERREUR_PAPERMILL = "An Exception was encountered at"
_TEXTES = frozenset({"titre", "texte", "liste"})
_NOYAU = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python"},
}


class Document(NamedTuple):
    """Un document à publier ; `nom` est celui de ses fichiers, par défaut tiré du titre."""

    titre: str
    notebook: NotebookNode
    nom: str = ""


@dataclass(frozen=True)
class Source:
    """Un notebook prêt pour Quarto et ses dessins, par chemin relatif au projet."""

    nom: str
    titre: str
    sous_titre: str
    extraction: str
    date: dt.datetime
    fictif: bool
    notebook: bytes
    dessins: dict[str, str] = field(default_factory=dict)


def preparer(document: Document) -> Source:
    """Rend la copie d'un notebook exécuté que Quarto peut rendre sans rien y ajouter.

    Ses sorties sont refaites à partir de nos blocs : une sortie HTML appellerait des scripts d'une
    adresse extérieure, et Quarto ne connaît pas nos étiquettes (`remove-input`, `parameters`). Le code
    des cellules n'est pas recopié.

    Raises:
        PublicationError: notebook en erreur ou sans rien à publier, que Quarto rendrait sans un mot.
    """
    nom = document.nom or ancre(document.titre)
    if not _NOM.fullmatch(nom):
        raise PublicationError(
            f"« {nom} » ne peut pas nommer un fichier du projet.",
            "N'y mettre que lettres, chiffres et tirets.",
        )
    _refuser_les_erreurs(document)
    blocs = lire_blocs(document.notebook)
    if all(bloc["genre"] in ("entete", "titre") for bloc in blocs):
        raise PublicationError(
            f"« {document.titre} » n'a rien à publier.",
            "Exécuter le notebook avant de le donner à Quarto, qui en ferait une page vide.",
        )
    feuille, entete = Feuille(nom), blocs[0]
    cellules = [_tete(document.titre, entete), *(_cellule(feuille, bloc) for bloc in blocs)]
    return Source(
        nom=nom,
        titre=document.titre,
        sous_titre=entete["sous_titre"],
        extraction=entete["extraction"],
        date=horodatage(entete),
        fictif=entete["fictif"],
        notebook=_en_octets(cellules),
        dessins=feuille.dessins,
    )


def _tete(titre: str, entete: Bloc) -> NotebookNode:
    lignes = [f"title: {en_yaml(titre)}"]
    if entete["sous_titre"]:
        lignes.append(f"subtitle: {en_yaml(entete['sous_titre'])}")
    return new_raw_cell("\n".join(["---", *lignes, "---"]))  # type: ignore[no-untyped-call,no-any-return]


def _cellule(feuille: Feuille, bloc: Bloc) -> NotebookNode:
    """Un texte fait une cellule Markdown ; un objet affiché, une cellule de code avec sa sortie."""
    markdown = feuille.rendre(bloc)
    if bloc["genre"] in _TEXTES:
        return new_markdown_cell(markdown)  # type: ignore[no-untyped-call,no-any-return]
    sortie = new_output("display_data", {"text/markdown": markdown})  # type: ignore[no-untyped-call]
    return new_code_cell(  # type: ignore[no-untyped-call,no-any-return]
        f"# {bloc['genre']}", outputs=[sortie], metadata={"echo": False, "output": "asis"}
    )


def _en_octets(cellules: list[NotebookNode]) -> bytes:
    for rang, cellule in enumerate(cellules):
        cellule.id = f"cellule-{rang:02d}"
    notebook = new_notebook(cells=cellules, metadata=_NOYAU)  # type: ignore[no-untyped-call]
    texte: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    return f"{texte}\n".encode()


def _refuser_les_erreurs(document: Document) -> None:
    """Refuse une cellule en échec : Quarto imprimerait son message dans la page, code de sortie 0."""
    for cellule in document.notebook.cells:
        sorties = cellule.get("outputs", [])
        if any(sortie.output_type == "error" for sortie in sorties) or _ERREUR_PAPERMILL in cellule.source:
            raise _en_echec(document)
    if document.notebook.metadata.get("papermill", {}).get("exception"):
        raise _en_echec(document)


def _en_echec(document: Document) -> PublicationError:
    return PublicationError(
        f"Une cellule du notebook de « {document.titre} » a échoué.",
        "Exécuter le notebook jusqu'au bout, puis relancer.",
    )
