"""La fabrique : exécute le notebook demandé et le met en page, en reprenant ce qui n'a pas changé."""

from __future__ import annotations

import copy
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from observatoire.config import Config
from observatoire.erreurs import PublicationError
from observatoire.publication import polices, rendu_html
from observatoire.publication.apercu.relais import Relais, codes, rangs_de_code
from observatoire.publication.apercu.vue import Vue
from observatoire.publication.cahiers import proprete
from observatoire.publication.composition import composer, public_demande
from observatoire.publication.editions import derniere_periode
from observatoire.publication.execution import executer
from observatoire.publication.redaction import relire_notebook

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nbformat import NotebookNode

    from observatoire.publication.apercu.demande import Demande
    from observatoire.publication.fiche.contexte import Contexte
    from observatoire.publication.rapport.livre import Livre


class Fabrique:
    """Refait le document d'une demande ; garde la dernière exécution pour n'en refaire que le nécessaire."""

    def __init__(self, demande: Demande) -> None:
        self._demande = demande
        self._lu: NotebookNode | None = None  # le dernier enregistrement, réussi ou non
        self._ecart = 0  # le rang de la cellule de code que cet enregistrement a changée
        self._execute: NotebookNode | None = None
        self._relais: Relais | None = None

    def construire(self, *, neuf: bool) -> Vue:
        """Rend le document du notebook tel qu'il est enregistré.

        Si aucune cellule de code n'a changé, leurs résultats sont repris : un texte ou un gabarit se revoit
        sans exécution. Sinon elles s'exécutent toutes dans un même noyau, qui peut avoir pris de l'avance.

        Args:
            neuf: exécute quoi qu'il en soit : les données ou un commentaire ont changé.

        Raises:
            ObservatoireError: le notebook ne s'exécute pas, ou ne donne pas un document publiable.
        """
        config = Config.charger(self._demande.racine)
        source = self._lire(config)
        self._lu, avant = source, self._lu
        executees = 0
        if neuf or self._execute is None or codes(source) != codes(self._execute):
            self._ecart = _premier_ecart(codes(avant) if avant else [], codes(source))
            self._execute = None
            self._execute, executees = self._executer(config, source, neuf=neuf)
        else:
            self._appreter(config)
        execute = self._execute = _reprendre(source, self._execute)
        fichiers, accueil = self._mettre_en_page(config, execute)
        return Vue(fichiers, accueil, executees, relire_notebook(source))

    def devancer(self) -> None:
        """Prend de l'avance : exécute déjà ce qui précède la cellule de code changée la dernière fois."""
        if self._lu is None or self._relais is not None:
            return
        arret = max(self._ecart, _ouverture(self._lu))
        if 0 < arret < len(codes(self._lu)):
            config = Config.charger(self._demande.racine)
            self._relais = Relais(self._lu, arret, partial(self._lancer, config))

    def pdf(self) -> bytes:
        """Rend le PDF de la dernière exécution.

        Raises:
            PublicationError: rien n'a encore été exécuté, ou le gabarit refuse le document.
        """
        config, execute = Config.charger(self._demande.racine), self._execute
        if execute is None:
            raise PublicationError("Rien n'a encore été exécuté.", "Corriger d'abord l'erreur affichée.")
        from observatoire.publication import rendu_pdf

        if not self._demande.chapitre:
            return rendu_pdf.rendre_pdf(execute, config)[0]
        from observatoire.publication.rapport import impression
        from observatoire.publication.rapport.edition import composer_ours

        contexte = self._contexte(config)
        quand = rendu_pdf.midi(contexte.extraction or contexte.periode.fin)
        gabarits = config.racine / "report_templates"
        return impression.rendre_pdf(
            self._livre(config, execute), composer_ours(config, contexte), gabarits, quand
        )

    def _executer(self, config: Config, source: NotebookNode, *, neuf: bool) -> tuple[NotebookNode, int]:
        """Exécute le notebook ; rend aussi le nombre de cellules de code qui restaient à exécuter."""
        relais, self._relais = self._relais, None
        appret = threading.Thread(target=self._appreter, args=[config], daemon=True)
        if relais is not None and not neuf and relais.convient(source):
            appret.start()
            rendu = relais.achever(source)
        else:
            if relais is not None:
                relais.abandonner()

            def au_depart(_: NotebookNode, rang: int) -> None:
                if rang == 0:
                    appret.start()

            rendu = self._lancer(config, source, au_depart), len(codes(source))
        appret.join()
        return rendu

    def _appreter(self, config: Config) -> None:
        """Lit les gabarits et réduit la police, d'ordinaire pendant que le noyau exécute les cellules."""
        polices.pour_la_page()
        if not self._demande.chapitre:
            with suppress(Exception):  # la mise en page le redira
                rendu_html.relire_les_gabarits(config)

    def _lancer(
        self,
        config: Config,
        source: NotebookNode,
        avant_cellule: Callable[[NotebookNode, int], None],
    ) -> NotebookNode:
        return executer(
            self._demande.chemin,
            self._parametres(config),
            racine=config.racine,
            composer=lambda _: copy.deepcopy(source),
            avant_cellule=avant_cellule,
        )

    def _lire(self, config: Config) -> NotebookNode:
        chemin, public = self._demande.chemin, self._demande.public
        try:
            texte = chemin.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise PublicationError(
                f"{chemin.name} n'est plus dans {chemin.parent}.",
                "L'y remettre, ou relancer l'aperçu d'un autre.",
            ) from None
        lu = proprete.lire(texte, chemin.name)
        return composer(lu, public_demande(config, public)) if public else lu

    def _parametres(self, config: Config) -> dict[str, str]:
        """Les paramètres imposés ; à défaut d'une période, la dernière achevée dans les données."""
        parametres = dict(self._demande.parametres)
        if self._demande.chapitre:
            from observatoire.publication.rapport.edition import derniere_annee

            return {"annee": parametres.get("annee") or str(derniere_annee(config))}
        if parametres and "periode" not in parametres:
            parametres["periode"] = str(derniere_periode(config))
        return parametres

    def _mettre_en_page(self, config: Config, execute: NotebookNode) -> tuple[dict[str, bytes], str]:
        if not self._demande.chapitre:
            return {"fiche.html": rendu_html.rendre_html(execute, config)}, "fiche.html"
        from observatoire.publication.rapport import pages
        from observatoire.publication.rapport.edition import composer_ours

        ours = composer_ours(config, self._contexte(config))
        fichiers = pages.rendre_pages(self._livre(config, execute), ours, config.racine / "report_templates")
        return fichiers, f"{self._demande.chemin.stem}.html"

    def _contexte(self, config: Config) -> Contexte:
        from observatoire.publication.fiche.contexte import Contexte
        from observatoire.publication.lectures import REGION

        return Contexte.ouvrir(config, str(REGION), self._parametres(config)["annee"])

    def _livre(self, config: Config, execute: NotebookNode) -> Livre:
        """Le chapitre, parmi ceux du rapport déjà produit : ses numéros et ses renvois sont les vrais."""
        from observatoire.publication.rapport.livre import assembler

        dossier = config.outputs / "rapports" / self._parametres(config)["annee"] / "notebooks"
        voisins = {
            chemin.stem: proprete.lire(chemin.read_text(encoding="utf-8"), chemin.name)
            for chemin in dossier.glob("*.ipynb")
        }
        return assembler({**voisins, self._demande.chemin.stem: execute})


def _premier_ecart(avant: Sequence[str], apres: Sequence[str]) -> int:
    """Le rang de la première cellule de code qui diffère ; 0 s'il n'y avait rien avant."""
    communs = min(len(avant), len(apres))
    return next((rang for rang in range(communs) if avant[rang] != apres[rang]), communs)


def _ouverture(source: NotebookNode) -> int:
    """Combien de cellules de code ouvrent le document : les paramètres, et celle qui les suit."""
    etiquettes = [c.metadata.get("tags", []) for c in source.cells if c.cell_type == "code"]
    return next((rang + 2 for rang, tags in enumerate(etiquettes) if "parameters" in tags), 1)


def _reprendre(source: NotebookNode, execute: NotebookNode) -> NotebookNode:
    """Le notebook enregistré, avec les résultats d'une exécution des mêmes cellules de code."""
    resultats = [execute.cells[rang].outputs for rang in rangs_de_code(execute)]
    repris = copy.deepcopy(source)
    for rang, sorties in zip(rangs_de_code(repris), resultats, strict=True):
        repris.cells[rang].outputs = sorties
    return repris
