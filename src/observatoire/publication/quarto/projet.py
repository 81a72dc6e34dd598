"""Un projet Quarto par édition : un dossier neuf, où tout est écrit avant que Quarto ne soit appelé."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from observatoire.erreurs import PublicationError
from observatoire.publication.quarto.echappement import ancre, chaine_yaml, echapper, en_yaml
from observatoire.publication.quarto.marque import DOSSIER, marque, polices
from observatoire.publication.quarto.sources import Document, Lecture, Ours, Source, composer, lire

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable
    from pathlib import Path

    from nbformat import NotebookNode

    from observatoire.config import Config

Genre = Literal["site", "livre"]

SORTIE = "_sortie"
_GABARITS = ("_quarto.yml", "_brand.yml", "index.qmd", "theme.scss", "page.css")
_MENU = 40  # au-delà, le menu répété sur chaque page fait croître la durée comme le carré des pages


@dataclass(frozen=True)
class Projet:
    """Un projet écrit : ses sources, et ce que Quarto doit en tirer."""

    dossier: Path
    genre: Genre
    titre: str
    ours: Ours
    sources: list[Source]

    @property
    def sous_titre(self) -> str:
        """Le jour des données."""
        return f"Données extraites le {self.ours.extraction}"

    @property
    def fictif(self) -> bool:
        """Vrai si un seul document repose sur des données fictives."""
        return self.ours.fictif

    @property
    def date(self) -> dt.datetime:
        """La date des données les plus récentes, inscrite dans les PDF."""
        return self.ours.date

    @property
    def fichier(self) -> str:
        """Le nom du PDF d'un livre, sans extension."""
        return ancre(self.titre)

    @property
    def menu(self) -> bool:
        """Vrai si chaque page peut porter la liste de toutes les autres."""
        return len(self.sources) <= _MENU

    @property
    def pied(self) -> str:
        """Le pied de chaque page."""
        return f"{self.titre}. Données fictives." if self.fictif else self.titre

    @property
    def sortie(self) -> Path:
        """Le dossier que Quarto remplit."""
        return self.dossier / SORTIE

    @property
    def pages(self) -> dict[str, str]:
        """Les pages HTML attendues, chacune avec le titre qu'elle doit porter."""
        return {"index.html": self.titre, **{f"{source.nom}.html": source.titre for source in self.sources}}

    @property
    def pdf(self) -> list[str]:
        """Les PDF attendus : un par fiche d'un site, un seul pour un livre."""
        noms = [self.fichier] if self.genre == "livre" else [source.nom for source in self.sources]
        return [f"{nom}.pdf" for nom in noms]


def projet_quarto(
    dossier: Path,
    documents: Iterable[Document | tuple[str, NotebookNode]],
    *,
    genre: Genre,
    titre: str,
    config: Config,
    ours: Ours | None = None,
) -> Projet:
    """Écrit un projet Quarto dans un dossier vide, sans l'exécuter.

    Args:
        dossier: un dossier vide ou absent ; deux projets n'en partagent jamais un.
        documents: des couples (titre, notebook exécuté), dans l'ordre de lecture.
        genre: `site` (une page et un PDF par document) ou `livre` (un seul PDF).
        titre: le titre du site ou du livre.
        config: le dossier de travail, pour ses gabarits et le nom de l'Observatoire.
        ours: ce que disent les pages de leurs données ; nécessaire si aucun document n'affiche d'en-tête.

    Raises:
        PublicationError: dossier occupé, aucun document, deux fois le même nom, notebook en échec ou vide.
    """
    if dossier.exists() and any(dossier.iterdir()):
        raise PublicationError(
            f"{dossier} n'est pas vide.", "Écrire chaque projet Quarto dans un dossier neuf."
        )
    lectures = [lire(Document(*document)) for document in documents]
    _verifier_noms(lectures)
    commun = ours or _reunir([lecture.ours for lecture in lectures if lecture.ours])
    renvois = {cible: repere for lecture in lectures for cible, repere in lecture.reperes.items()}
    sources = [composer(lecture, commun, renvois) for lecture in lectures]
    projet = Projet(dossier, genre, titre, commun, sources)
    _ecrire(projet, config)
    return projet


def _reunir(connus: list[Ours]) -> Ours:
    """Les données les plus récentes ; fictives si une partie l'est."""
    if not connus:
        raise PublicationError(
            "Aucun document ne dit d'où viennent ses données.", "Afficher un en-tête, ou donner « ours »."
        )
    recent = max(connus, key=lambda ours: ours.date)
    return recent._replace(fictif=any(ours.fictif for ours in connus))


def _verifier_noms(sources: list[Lecture]) -> None:
    if not sources:
        raise PublicationError("Aucun document à donner à Quarto.", "En donner au moins un.")
    doubles = [
        nom for nom, combien in Counter(source.nom.lower() for source in sources).items() if combien > 1
    ]
    reserves = [
        source.nom for source in sources if source.nom.lower() in ("index", "search", "figures", "polices")
    ]
    if doubles or reserves:
        raise PublicationError(
            f"Deux fichiers du projet auraient le même nom : {', '.join(doubles + reserves)}.",
            "Donner à chaque document un nom qui lui est propre.",
        )


def _ecrire(projet: Projet, config: Config) -> None:
    gabarits = config.racine / "report_templates"
    for nom in ("figures", DOSSIER):
        (projet.dossier / nom).mkdir(parents=True, exist_ok=True)
    contexte = {
        "projet": projet,
        "observatoire": config.reglages["observatoire"],
        "sortie": SORTIE,
        "marque": marque(),
    }
    for nom in _GABARITS:
        texte = _environnement(gabarits).get_template(f"quarto/{nom}.j2").render(contexte)
        (projet.dossier / nom).write_text(texte, encoding="utf-8")
    for police in polices():
        shutil.copy(police, projet.dossier / DOSSIER)
    for source in projet.sources:
        (projet.dossier / f"{source.nom}.ipynb").write_bytes(source.notebook)
        for fichier, svg in source.dessins.items():
            (projet.dossier / fichier).write_text(svg, encoding="utf-8")


@cache
def _environnement(gabarits: Path) -> Environment:
    """Jinja pour du YAML et du Markdown : l'échappement est le nôtre, un filtre par usage."""
    environnement = Environment(
        loader=FileSystemLoader(gabarits),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environnement.filters |= {"texte": en_yaml, "chaine": chaine_yaml, "markdown": echapper}
    return environnement
