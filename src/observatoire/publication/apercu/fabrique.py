"""La fabrique : exécute le notebook demandé et le met en page, en reprenant ce qui n'a pas changé."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from observatoire.config import Config
from observatoire.erreurs import PublicationError
from observatoire.publication import rendu_html, rendu_pdf
from observatoire.publication.cahiers import proprete
from observatoire.publication.composition import composer, public_demande
from observatoire.publication.editions import derniere_periode
from observatoire.publication.execution import executer
from observatoire.publication.fiche.contexte import Contexte
from observatoire.publication.lectures import REGION
from observatoire.publication.rapport import impression, pages
from observatoire.publication.rapport.edition import composer_ours, derniere_annee
from observatoire.publication.rapport.livre import assembler
from observatoire.publication.redaction import relire_notebook

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from observatoire.publication.apercu.demande import Demande
    from observatoire.publication.rapport.livre import Livre


@dataclass(frozen=True)
class Vue:
    """Un document mis en page : ses fichiers, celui à montrer, ce que la rédaction relève."""

    fichiers: dict[str, bytes]
    accueil: str
    secondes: float
    execute: bool
    remarques: list[str] = field(default_factory=list)


class Fabrique:
    """Refait le document d'une demande ; garde la dernière exécution pour n'en refaire que le nécessaire."""

    def __init__(self, demande: Demande) -> None:
        self._demande = demande
        self._codes: list[str] | None = None
        self._execute: NotebookNode | None = None

    def construire(self, *, neuf: bool) -> Vue:
        """Rend le document du notebook tel qu'il est enregistré.

        Si aucune cellule de code n'a changé, leurs résultats sont repris : un texte ou un gabarit se
        revoit sans exécution.

        Args:
            neuf: exécute quoi qu'il en soit : les données ou un commentaire ont changé.

        Raises:
            ObservatoireError: le notebook ne s'exécute pas, ou ne donne pas un document publiable.
        """
        debut = time.perf_counter()
        config = Config.charger(self._demande.racine)
        source = self._lire(config)
        codes = [cellule.source for cellule in source.cells if cellule.cell_type == "code"]
        reprise = None if neuf or codes != self._codes else self._execute
        if reprise is None:
            self._codes = None
            execute = self._executer(config, source)
        else:
            execute = _reprendre(source, reprise)
        self._codes, self._execute = codes, execute
        rendu_html.relire_les_gabarits()
        fichiers, accueil = self._mettre_en_page(config, execute)
        return Vue(fichiers, accueil, time.perf_counter() - debut, reprise is None, relire_notebook(source))

    def pdf(self) -> bytes:
        """Rend le PDF de la dernière exécution.

        Raises:
            PublicationError: rien n'a encore été exécuté, ou le gabarit refuse le document.
        """
        config, execute = Config.charger(self._demande.racine), self._execute
        if execute is None:
            raise PublicationError("Rien n'a encore été exécuté.", "Corriger d'abord l'erreur affichée.")
        if not self._demande.chapitre:
            return rendu_pdf.rendre_pdf(execute, config)[0]
        contexte = self._contexte(config)
        quand = rendu_pdf.midi(contexte.extraction or contexte.periode.fin)
        gabarits = config.racine / "report_templates"
        return impression.rendre_pdf(
            self._livre(config, execute), composer_ours(config, contexte), gabarits, quand
        )

    def _executer(self, config: Config, source: NotebookNode) -> NotebookNode:
        return executer(
            self._demande.chemin,
            self._parametres(config),
            racine=config.racine,
            composer=lambda _: copy.deepcopy(source),
        )

    def _lire(self, config: Config) -> NotebookNode:
        chemin, public = self._demande.chemin, self._demande.public
        lu = proprete.lire(chemin.read_text(encoding="utf-8"), chemin.name)
        return composer(lu, public_demande(config, public)) if public else lu

    def _parametres(self, config: Config) -> dict[str, str]:
        """Les paramètres imposés ; à défaut d'une période, la dernière achevée dans les données."""
        parametres = dict(self._demande.parametres)
        if self._demande.chapitre:
            return {"annee": parametres.get("annee") or str(derniere_annee(config))}
        if parametres and "periode" not in parametres:
            parametres["periode"] = str(derniere_periode(config))
        return parametres

    def _mettre_en_page(self, config: Config, execute: NotebookNode) -> tuple[dict[str, bytes], str]:
        if not self._demande.chapitre:
            return {"fiche.html": rendu_html.rendre_html(execute, config)}, "fiche.html"
        ours = composer_ours(config, self._contexte(config))
        fichiers = pages.rendre_pages(self._livre(config, execute), ours, config.racine / "report_templates")
        return fichiers, f"{self._demande.chemin.stem}.html"

    def _contexte(self, config: Config) -> Contexte:
        return Contexte.ouvrir(config, str(REGION), self._parametres(config)["annee"])

    def _livre(self, config: Config, execute: NotebookNode) -> Livre:
        """Le chapitre, parmi ceux du rapport déjà produit : ses numéros et ses renvois sont les vrais."""
        dossier = config.outputs / "rapports" / self._parametres(config)["annee"] / "notebooks"
        voisins = {
            chemin.stem: proprete.lire(chemin.read_text(encoding="utf-8"), chemin.name)
            for chemin in dossier.glob("*.ipynb")
        }
        return assembler({**voisins, self._demande.chemin.stem: execute})


def _reprendre(source: NotebookNode, execute: NotebookNode) -> NotebookNode:
    """Le notebook enregistré, avec les résultats d'une exécution des mêmes cellules de code."""
    resultats = [
        cellule.outputs
        for cellule in execute.cells
        if cellule.cell_type == "code" and "injected-parameters" not in cellule.metadata.get("tags", [])
    ]
    repris = copy.deepcopy(source)
    codes = [cellule for cellule in repris.cells if cellule.cell_type == "code"]
    for cellule, sorties in zip(codes, resultats, strict=True):
        cellule.outputs = sorties
    return repris
