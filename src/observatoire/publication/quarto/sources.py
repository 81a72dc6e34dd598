"""Le notebook que Quarto lit : nos blocs en Markdown, rien à exécuter, rien qu'il refuserait."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from observatoire.erreurs import PublicationError
from observatoire.publication.blocs import MIME
from observatoire.publication.deroule import lire_blocs, lire_chapitre
from observatoire.publication.quarto.echappement import ancre, en_yaml
from observatoire.publication.quarto.markdown import Feuille, genre_du_repere, repere
from observatoire.publication.rendu_pdf import horodatage

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

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
    annexe: bool = False


class Ours(NamedTuple):
    """Ce que chaque page dit des données : le jour de leur extraction, et si elles sont fictives."""

    extraction: str
    date: dt.datetime
    fictif: bool


@dataclass(frozen=True)
class Lecture:
    """Un notebook relu : ses blocs, et ce que son en-tête dit des données s'il en affiche un."""

    nom: str
    titre: str
    annexe: bool
    blocs: list[Bloc]
    ours: Ours | None

    @property
    def reperes(self) -> dict[str, str]:
        """Ce à quoi un texte peut renvoyer : figures et tableaux par leur identifiant, parties."""
        cibles = {}
        for bloc in self.blocs:
            genre = genre_du_repere(bloc)
            if genre:
                texte = bloc["texte"] if genre == "sec" else bloc["id"]
                cible = f"{self.nom[:2]}-{ancre(texte)}" if genre == "sec" else texte
                cibles[cible] = repere(genre, self.nom, texte)
        return cibles


@dataclass(frozen=True)
class Source:
    """Un notebook prêt pour Quarto et ses dessins, par chemin relatif au projet."""

    nom: str
    titre: str
    annexe: bool
    notebook: bytes
    dessins: dict[str, str] = field(default_factory=dict)


def lire(document: Document) -> Lecture:
    """Relit un notebook exécuté : une fiche, qui affiche un en-tête, ou un chapitre, qui a un titre.

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
    if _affiche_un_en_tete(document.notebook):
        blocs = lire_blocs(document.notebook)
        ours = Ours(blocs[0]["extraction"], horodatage(blocs[0]), blocs[0]["fictif"])
    else:
        _, blocs = lire_chapitre(document.notebook)
        ours = None
    if all(bloc["genre"] in ("entete", "titre") for bloc in blocs):
        raise PublicationError(
            f"« {document.titre} » n'a rien à publier.",
            "Exécuter le notebook avant de le donner à Quarto, qui en ferait une page vide.",
        )
    return Lecture(nom, document.titre, document.annexe, blocs, ours)


def composer(lecture: Lecture, ours: Ours, renvois: Mapping[str, str]) -> Source:
    """Rend la copie d'un notebook exécuté que Quarto peut rendre sans rien y ajouter.

    Ses sorties sont refaites à partir de nos blocs : une sortie HTML appellerait des scripts d'une
    adresse extérieure, et Quarto ne connaît pas nos étiquettes (`remove-input`, `parameters`). Le code
    des cellules n'est pas recopié.
    """
    feuille = Feuille(lecture.nom, renvois)
    entete = lecture.blocs[0] if lecture.ours else None
    cellules = [_tete(lecture.titre, entete["sous_titre"] if entete else "")]
    if ours.fictif and not entete:
        cellules.append(new_markdown_cell(feuille.avertir()))  # type: ignore[no-untyped-call]
    cellules += [_cellule(feuille, bloc) for bloc in lecture.blocs]
    return Source(lecture.nom, lecture.titre, lecture.annexe, _en_octets(cellules), feuille.dessins)


def _affiche_un_en_tete(notebook: NotebookNode) -> bool:
    sorties = [sortie for cellule in notebook.cells for sortie in cellule.get("outputs", [])]
    return any(sortie.get("data", {}).get(MIME, {}).get("genre") == "entete" for sortie in sorties)


def _tete(titre: str, sous_titre: str) -> NotebookNode:
    lignes = [f"title: {en_yaml(titre)}"]
    if sous_titre:
        lignes.append(f"subtitle: {en_yaml(sous_titre)}")
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
