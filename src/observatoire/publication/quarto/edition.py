"""L'édition par Quarto : un projet neuf, un seul appel, une vérification, puis d'un geste à sa place."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

from observatoire.erreurs import PublicationError
from observatoire.publication.deroule import lire_chapitre
from observatoire.publication.formats import jour
from observatoire.publication.quarto.appel import JOURNAL, rendre
from observatoire.publication.quarto.controle import verifier
from observatoire.publication.quarto.projet import Genre, Projet, projet_quarto
from observatoire.publication.quarto.sources import Document, Ours
from observatoire.publication.rendu_pdf import midi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from nbformat import NotebookNode

    from observatoire.config import Config
    from observatoire.perimetre import Periode
    from observatoire.publication.campagne.bilan import Ecrit
    from observatoire.publication.quarto.programme import Programme

NOM = "quarto"


def editer(
    destination: Path,
    documents: Iterable[Document | tuple[str, NotebookNode]],
    *,
    genre: Genre,
    titre: str,
    config: Config,
    programme: Programme,
    ours: Ours | None = None,
    suivi: Callable[[str], None] = lambda _: None,
) -> Projet:
    """Écrit un site ou un livre dans `destination`, entier ou pas du tout.

    Le projet est fait dans un dossier à lui, à côté de `destination` : deux rendus n'en partagent
    jamais un, et l'édition précédente reste en place jusqu'à ce que la nouvelle soit vérifiée.

    Raises:
        PublicationError: document non publiable, échec de Quarto, rendu incomplet ; le journal de Quarto
            est alors gardé à côté de `destination`.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    journal = destination.with_name(f"{destination.name}.{JOURNAL}")
    with tempfile.TemporaryDirectory(
        dir=destination.parent, prefix=f"{destination.name}-en-cours-"
    ) as atelier:
        projet = projet_quarto(
            Path(atelier) / "projet", documents, genre=genre, titre=titre, config=config, ours=ours
        )
        try:
            rendre(programme, projet.dossier, len(projet.pages), date=projet.date, suivi=suivi)
            verifier(projet)
        except PublicationError as erreur:
            shutil.copy(projet.dossier / JOURNAL, journal)
            raise PublicationError(erreur.constat, f"{erreur.remede}\n  Journal : {journal}") from None
        _mettre_en_place(projet.sortie, destination, Path(atelier) / "ancienne")
    journal.unlink(missing_ok=True)
    return projet


def site_des_fiches(
    config: Config,
    fiches: Sequence[Ecrit],
    periode: Periode,
    *,
    programme: Programme,
    suivi: Callable[[str], None] = lambda _: None,
) -> Path:
    """Rend le site des fiches d'une période, à partir des notebooks exécutés ; rend son dossier.

    Raises:
        PublicationError: comme `editer`.
    """
    destination = config.outputs / "fiches" / str(periode) / NOM
    documents = [
        Document(fiche.territoire.nom_long, _lire(fiche.notebook), fiche.notebook.stem) for fiche in fiches
    ]
    editer(
        destination,
        documents,
        genre="site",
        titre=f"Fiches territoriales, {periode.libelle}",
        config=config,
        programme=programme,
        suivi=suivi,
    )
    return destination


def livre_du_rapport(
    config: Config,
    annee: Periode,
    notebooks: Path,
    *,
    programme: Programme,
    suivi: Callable[[str], None] = lambda _: None,
) -> Path:
    """Rend le livre d'un rapport annuel, à partir de ses chapitres exécutés (`03_heures.ipynb`).

    Args:
        config: le dossier de travail.
        annee: l'année du rapport.
        notebooks: le dossier des chapitres exécutés ; le livre est écrit à côté.
        programme: le Quarto du poste.
        suivi: appelée à chaque page, avec une phrase.

    Raises:
        PublicationError: comme `editer`.
    """
    from observatoire.publication.fiche.contexte import Contexte
    from observatoire.publication.lectures import REGION
    from observatoire.publication.rapport.edition import INTITULE
    from observatoire.publication.rapport.livre import ANNEXES

    contexte = Contexte.ouvrir(config, str(REGION), str(annee))
    lus = {chemin.stem: _lire(chemin) for chemin in sorted(notebooks.glob("[0-9][0-9]_*.ipynb"))}
    destination = notebooks.with_name(NOM)
    editer(
        destination,
        [
            Document(lire_chapitre(lu)[0], lu, nom.replace("_", "-"), int(nom[:2]) >= ANNEXES)
            for nom, lu in lus.items()
        ],
        genre="livre",
        titre=f"{INTITULE} {annee}",
        config=config,
        programme=programme,
        ours=Ours(jour(contexte.extraction), midi(contexte.extraction or annee.fin), contexte.fictif),
        suivi=suivi,
    )
    return destination


def _lire(chemin: Path) -> NotebookNode:
    texte = chemin.read_text(encoding="utf-8")
    return nbformat.reads(texte, as_version=4)  # type: ignore[no-untyped-call,no-any-return]


def _mettre_en_place(nouvelle: Path, destination: Path, ancienne: Path) -> None:
    """Remplace un dossier par un autre ; l'ancien revient si le nouveau ne peut pas prendre sa place."""
    if destination.exists():
        destination.rename(ancienne)
    try:
        nouvelle.rename(destination)
    except OSError:
        if ancienne.exists():
            ancienne.rename(destination)
        raise
