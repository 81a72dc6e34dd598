"""Les éditions : exécuter, mettre en page et écrire les documents d'une période."""

from __future__ import annotations

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from observatoire.erreurs import ObservatoireError, ParametreError, PerimetreError, PublicationError
from observatoire.magasin import Magasin, ecrire_octets
from observatoire.perimetre import Periode, Programme, Territoire
from observatoire.publication.commentaire import alertes
from observatoire.publication.composition import composer, public_demande
from observatoire.publication.execution import en_octets, executer
from observatoire.publication.rendu_html import rendre_html
from observatoire.publication.rendu_pdf import rendre_pdf

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from nbformat import NotebookNode

    from observatoire.config import Config
from observatoire.publication.composition import Public

NOTEBOOK, NOTEBOOK_PROGRAMME = "fiche_territoire.ipynb", "fiche_programme.ipynb"
Perimetre: TypeAlias = Territoire | Programme
_NOYAUX = 8  # au-delà, chaque noyau (200 Mo) attend surtout les autres


@dataclass(frozen=True, slots=True)
class Document:
    """Une fiche écrite : ses trois fichiers, les pages de son PDF, la durée de sa production.

    `alertes` dit pourquoi son commentaire est à relire ; vide s'il ne l'est pas, ou s'il n'y en a pas.
    """

    territoire: Perimetre
    periode: Periode
    notebook: Path
    html: Path
    pdf: Path
    pages: int
    secondes: float
    alertes: tuple[str, ...] = ()


def derniere_periode(config: Config) -> Periode:
    """Rend le dernier trimestre publié qui était achevé à la date d'extraction des données.

    Raises:
        TableError: les indicateurs n'ont pas été construits.
        PublicationError: aucun trimestre n'est complet.
    """
    magasin = Magasin(config.processed)
    publiees = magasin.distinctes("indicateurs/valeurs", "periode", [("statut", "=", "publie")])
    extraction = magasin.lire("indicateurs/provenance")["date_extraction"].max()
    periodes = [Periode.lire(texte) for texte in publiees]
    completes = [p for p in periodes if p.rythme == "trimestre" and p.fin < extraction.date()]
    if not completes:
        raise PublicationError(
            "Aucun trimestre complet dans les données.", "Choisir une période : « --periode 2026-T3 »."
        )
    return max(completes)


def periode_demandee(config: Config, texte: str) -> Periode:
    """Lit la période demandée ; sans données elle donne une fiche qui le dit, mais pas dans l'avenir.

    Raises:
        PerimetreError: période mal écrite, annuelle, ou pas encore achevée dans les données.
    """
    periode, derniere = Periode.lire(texte), derniere_periode(config)
    if periode.rythme != "trimestre":
        trimestre = Periode(periode.annee, periode.trimestre or 4)
        raise PerimetreError(
            f"La fiche est trimestrielle : « {periode} » n'est pas un trimestre.",
            f"Écrire un trimestre : {trimestre}.",
        )
    if periode > derniere:
        raise PerimetreError(
            f"Le trimestre {periode} n'est pas achevé dans les données.", f"Dernier complet : {derniere}."
        )
    return periode


def produire_fiches(
    config: Config,
    territoires: Sequence[Perimetre],
    periode: Periode,
    *,
    public: str = "",
    processus: int | None = None,
    suivi: Callable[[Document], None] = lambda _: None,
) -> list[Document]:
    """Écrit la fiche de chaque territoire dans `outputs/fiches/<période>/`, en trois formats.

    Une fiche en échec n'écrit rien et n'arrête pas les autres.

    Args:
        config: le dossier de travail.
        territoires: les territoires ou les grands programmes, chacun une fois.
        periode: la période des fiches.
        public: à qui elles s'adressent, un nom de `notebooks/publics.toml` ; vide, la fiche générale.
        processus: notebooks exécutés en même temps ; par défaut un par cœur, huit au plus.
        suivi: appelée à chaque fiche écrite.

    Returns:
        Les fiches écrites, dans l'ordre des territoires.

    Raises:
        ParametreError: le public n'est pas déclaré.
        ConfigError: `notebooks/publics.toml` est mal écrit.
        PublicationError: à la fin, si des fiches ont échoué ; le message les donne toutes.
    """
    destinataire = public_demande(config, public) if public else None
    if destinataire and any(isinstance(objet, Programme) for objet in territoires):
        raise ParametreError("La fiche d'un programme n'a pas de public.", "Retirer --public.")
    with ThreadPoolExecutor(processus or min(os.cpu_count() or 1, _NOYAUX)) as fils:
        taches = {
            fils.submit(_produire, config, territoire, periode, destinataire): territoire
            for territoire in dict.fromkeys(territoires)
        }
        try:
            echecs = _attendre(taches, suivi)
        except BaseException:
            fils.shutdown(wait=True, cancel_futures=True)
            raise
    if echecs:
        raise _recapituler(echecs, len(taches))
    return [tache.result() for tache in taches]


def _attendre(
    taches: dict[Future[Document], Perimetre], suivi: Callable[[Document], None]
) -> dict[Perimetre, ObservatoireError]:
    echecs = {}
    for tache in as_completed(taches):
        try:
            suivi(tache.result())
        except ObservatoireError as erreur:
            echecs[taches[tache]] = erreur
    return echecs


def _produire(config: Config, objet: Perimetre, periode: Periode, public: Public | None) -> Document:
    debut = time.perf_counter()
    execute = _executer(config, objet, periode, public)
    pdf, pages = rendre_pdf(execute, config)
    html = rendre_html(execute, config)
    dossier = config.outputs / "fiches" / str(periode)
    fichier = f"{objet.fichier}--{public.nom}" if public else objet.fichier
    document = Document(
        territoire=objet,
        periode=periode,
        notebook=dossier / f"{fichier}.ipynb",
        html=dossier / f"{fichier}.html",
        pdf=dossier / f"{fichier}.pdf",
        pages=pages,
        secondes=time.perf_counter() - debut,
        alertes=_alertes(config, objet, periode, public),
    )
    ecrire_octets(document.notebook, en_octets(execute))
    ecrire_octets(document.html, html)
    ecrire_octets(document.pdf, pdf)
    return document


def _alertes(config: Config, objet: Perimetre, periode: Periode, public: Public | None) -> tuple[str, ...]:
    """Pourquoi le commentaire est à relire ; la fiche d'un programme n'en a pas."""
    if isinstance(objet, Programme):
        return ()
    return tuple(alertes(config, objet, periode, public.nom if public else ""))


def _executer(config: Config, objet: Perimetre, periode: Periode, public: Public | None) -> NotebookNode:
    notebooks = config.racine / "notebooks"
    if isinstance(objet, Programme):
        parametres = {"programme": str(objet), "periode": str(periode)}
        return executer(notebooks / NOTEBOOK_PROGRAMME, parametres, racine=config.racine)
    return executer(
        notebooks / NOTEBOOK,
        {"territoire": str(objet), "periode": str(periode)},
        racine=config.racine,
        **({"composer": partial(composer, public=public)} if public else {}),
    )


def _recapituler(echecs: dict[Perimetre, ObservatoireError], total: int) -> PublicationError:
    lignes = [f"  {territoire} : {erreur.constat}" for territoire, erreur in sorted(echecs.items(), key=str)]
    remedes = dict.fromkeys(erreur.remede for erreur in echecs.values() if erreur.remede)
    return PublicationError(
        f"{len(echecs)} fiche(s) sur {total} n'ont pas été produites :\n" + "\n".join(lignes),
        "\n  ".join(remedes),
    )
