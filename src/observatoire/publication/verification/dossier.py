"""Tous les contrôles, sur tous les documents d'un dossier."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import nbformat
import pikepdf
from python_calamine import CalamineError

from observatoire.erreurs import ObservatoireError, PublicationError
from observatoire.publication.deroule import lire_blocs, lire_chapitre
from observatoire.publication.rapport.livre import assembler
from observatoire.publication.verification import egalite, navigateur, tableurs
from observatoire.publication.verification.constats import Examen, Trouve
from observatoire.publication.verification.declaration import FICHIER
from observatoire.publication.verification.page import Page
from observatoire.publication.verification.pdf import PDF, DocumentPdf
from observatoire.publication.verification.recomptage import (
    REMEDE,
    Tables,
    recompter_chapitre,
    recompter_fiche,
)
from observatoire.publication.verification.structure import STRUCTURE
from observatoire.publication.verification.typographie import TYPOGRAPHIE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from observatoire.config import Config
    from observatoire.publication.deroule import Bloc

EGALITE, RECOMPTAGE, DONNEES = (
    "mêmes nombres que le notebook",
    "recomptage",
    "mêmes nombres que les indicateurs",
)
_RESERVES = {"journaux", "essais"}  # réservés à l'équipe, jamais publiés
SUFFIXES = (".html", ".pdf", ".ipynb", ".csv", ".parquet", ".xlsx")


@dataclass
class _Atelier:
    """Ce que les contrôles partagent : la configuration, les tables et les notebooks, lus une fois."""

    config: Config
    blocs: dict[Path, list[Bloc]] = field(default_factory=dict)
    livres: dict[Path, dict[str, list[Bloc]]] = field(default_factory=dict)

    @cached_property
    def communs(self) -> list[str]:
        """Les textes de tous les documents."""
        return [str(texte) for texte in self.config.reglages["observatoire"].values()]

    @cached_property
    def tables(self) -> Tables:
        """Les tables publiées."""
        return Tables.lire(self.config)

    def lire(self, notebook: Path) -> list[Bloc]:
        """Rend le déroulé d'un notebook exécuté."""
        if notebook not in self.blocs:
            lu = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
            self.blocs[notebook] = lire_blocs(lu)
        return self.blocs[notebook]

    def livre(self, dossier: Path) -> dict[str, list[Bloc]]:
        """Rend les blocs de chaque chapitre d'un livre, sous le nom de sa page ; vide sans notebooks."""
        if dossier not in self.livres:
            lus = {
                chemin.stem: nbformat.read(chemin, as_version=4)  # type: ignore[no-untyped-call]
                for chemin in sorted((dossier / "notebooks").glob("*.ipynb"))
            }
            chapitres = assembler(lus).chapitres if lus else []
            self.livres[dossier] = {chapitre.fichier: chapitre.blocs for chapitre in chapitres}
        return self.livres[dossier]


def verifier(config: Config, chemins: Sequence[Path] = (), *, outil: Path | None = None) -> list[Examen]:
    """Vérifie des documents et rend un examen par document, dans l'ordre des chemins.

    Args:
        config: le dossier de travail.
        chemins: des documents ou des dossiers ; par défaut `outputs/`.
        outil: le dossier du programme qui conduit le navigateur ; `None` pour s'en passer.

    Raises:
        PublicationError: aucun document, un PDF illisible, ou un navigateur qui ne va pas au bout.
        TableError: les indicateurs n'ont pas été construits.
    """
    documents = _documents(chemins or [config.outputs])
    if not documents:
        raise PublicationError(
            "Aucun document à vérifier.", "Lancer « observatoire fiches », puis « observatoire donnees »."
        )
    atelier = _Atelier(config)
    examens = {document: _examiner(document, atelier) for document in documents}
    pages = {document: examen for document, examen in examens.items() if document.suffix == ".html"}
    _dans_le_navigateur(pages, outil)
    return [examen for examen in examens.values() if examen.controles or examen.omis]


def _documents(chemins: Sequence[Path]) -> list[Path]:
    """Les documents demandés et ceux des dossiers ; ni la déclaration, écrite après, ni les réservés.

    Un dossier réservé ne s'examine que si on le demande.
    """
    demandes = [chemin for chemin in chemins if not chemin.is_dir()]
    trouves = [
        fichier
        for chemin in chemins
        if chemin.is_dir()
        for fichier in chemin.rglob("*")
        if fichier.name != FICHIER and not _RESERVES & set(fichier.relative_to(chemin).parts)
    ]
    fichiers = {*demandes, *trouves}
    return sorted(
        fichier
        for fichier in fichiers
        if fichier.suffix in SUFFIXES and not any(partie.startswith(".") for partie in fichier.parts[-3:])
    )


def _examiner(document: Path, atelier: _Atelier) -> Examen:
    examen = Examen(document)
    if document.suffix == ".html":
        _examiner_page(examen, atelier)
    elif document.suffix == ".pdf":
        _examiner_pdf(examen, atelier)
    elif document.suffix == ".ipynb":
        _recompter(examen, atelier)
    else:
        _examiner_donnees(examen, atelier)
    return examen


def _examiner_page(examen: Examen, atelier: _Atelier) -> None:
    page = Page.lire(examen.document)
    examen.passer(STRUCTURE, page)
    examen.passer(TYPOGRAPHIE, page)
    blocs = _blocs_voisins(examen, atelier)
    if blocs is not None:
        examen.noter(EGALITE, egalite.comparer_page(blocs, page, atelier.communs), egalite.REMEDE)
    elif chapitre := atelier.livre(examen.document.parent).get(examen.document.stem):
        examen.noter(EGALITE, egalite.comparer_livre(chapitre, page), egalite.REMEDE)


def _examiner_pdf(examen: Examen, atelier: _Atelier) -> None:
    try:
        pdf = pikepdf.open(examen.document)
    except pikepdf.PdfError as erreur:
        examen.noter("lecture", [Trouve(f"PDF illisible : {erreur}")], "Reproduire le document.")
        return
    with pdf:
        document = DocumentPdf(examen.document, pdf)
        examen.passer(PDF, document)
        blocs = _blocs_voisins(examen, atelier)
        if blocs is not None:
            trouves = egalite.comparer_pdf(blocs, document.texte, atelier.communs)
            examen.noter(EGALITE, trouves, egalite.REMEDE)
        elif livre := atelier.livre(examen.document.parent):
            tous = [bloc for chapitre in livre.values() for bloc in chapitre]
            examen.noter(EGALITE, egalite.comparer_livre(tous, document.texte), egalite.REMEDE)


def _blocs_voisins(examen: Examen, atelier: _Atelier) -> list[Bloc] | None:
    """Les blocs du notebook de même nom, s'il est à côté du document."""
    notebook = examen.document.with_suffix(".ipynb")
    try:
        if notebook.is_file():
            return atelier.lire(notebook)
    except ObservatoireError as erreur:
        examen.omis[EGALITE] = erreur.constat
    if not notebook.is_file() and any(notebook.parent.glob("*.ipynb")):
        examen.omis[EGALITE] = "aucun notebook du même nom à côté du document"
    return None


def _recompter(examen: Examen, atelier: _Atelier) -> None:
    """Recompte une fiche, dont l'en-tête dit le territoire, ou un chapitre, dont le paramètre dit l'année."""
    notebook = nbformat.read(examen.document, as_version=4)  # type: ignore[no-untyped-call]
    annee = notebook.metadata.get("papermill", {}).get("parameters", {}).get("annee")
    try:
        if annee is None:
            bilan = recompter_fiche(atelier.lire(examen.document), atelier.tables)
        else:
            bilan = recompter_chapitre(lire_chapitre(notebook)[1], annee, atelier.tables)
    except ObservatoireError as erreur:
        examen.omis[RECOMPTAGE] = erreur.constat
        return
    examen.noter(RECOMPTAGE, bilan.trouves, REMEDE)
    examen.recomptes = bilan.nombres
    for nom in bilan.omis:
        examen.omis[f"{RECOMPTAGE} de « {nom} »"] = "ses cellules ne sont pas déclarées dans recomptage/"


def _examiner_donnees(examen: Examen, atelier: _Atelier) -> None:
    """Compare des données aux indicateurs ; un autre classeur n'a que ses formules à craindre."""
    try:
        if examen.document.suffix == ".xlsx":
            examen.noter("formules", tableurs.formules(examen.document), tableurs.REMEDE)
        tables = {"valeurs": atelier.tables.valeurs, "comparaisons": atelier.tables.comparaisons}
        trouves = tableurs.comparer(examen.document, tables)
        if trouves is not None:
            examen.noter(DONNEES, trouves, tableurs.REMEDE)
        elif livre := atelier.livre(examen.document.parent):
            blocs = [bloc for chapitre in livre.values() for bloc in chapitre]
            examen.noter(EGALITE, tableurs.comparer_livre(examen.document, blocs), egalite.REMEDE)
    except (ValueError, zipfile.BadZipFile, CalamineError) as erreur:
        examen.noter("lecture", [Trouve(f"fichier illisible : {erreur}")], tableurs.REMEDE)


def _dans_le_navigateur(pages: dict[Path, Examen], outil: Path | None) -> None:
    empechement = "non demandé" if outil is None else navigateur.empechement(outil)
    if outil is not None and not empechement:
        navigateur.examiner(pages, outil)
    for examen in pages.values() if empechement else ():
        examen.omis["navigateur"] = empechement
