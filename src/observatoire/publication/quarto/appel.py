"""L'appel de Quarto : un seul par projet, sans secret, borné dans le temps, suivi en français."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from observatoire.erreurs import PublicationError
from observatoire.publication.environnement import environnement_du_noyau

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from observatoire.publication.quarto.programme import Programme

JOURNAL = "journal.txt"
ATTENTE, PAR_PAGE = 120, 30  # secondes : le démarrage, puis chaque page
_AVANCEMENT = re.compile(r"^\[\s*(\d+)/(\d+)\]\s+(.+?)\s*$")
_COULEURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_REGLAGES = ("QUARTO_PROFILE", "QUARTO_PROJECT_DIR", "QUARTO_EXECUTE_INFO", "QUARTO_LOG", "QUARTO_LOG_LEVEL")
_REMEDES = {
    r"alt text|alternative text|missing.*\balt\b": "Donner un texte de remplacement à chaque figure.",
    r"document title|set title": "Donner un titre au document.",
    r"heading level|skipped.*heading": "Reprendre les niveaux de titre du notebook : « ## », puis « ### ».",
    r"split up|invalid document structure": "Passer à Quarto 1.10 : le PDF d'un livre y devient accessible.",
    r"unknown font|font family": "Vérifier la police de la charte : le projet en copie les fichiers.",
    r"no space left|os error 28": "Libérer de la place sur le disque, puis relancer.",
}


@dataclass
class Journal:
    """Ce que Quarto a écrit, et la dernière page qu'il a annoncée."""

    lignes: list[str] = field(default_factory=list)
    page: str = ""

    @property
    def texte(self) -> str:
        """Tout ce qui a été écrit."""
        return "\n".join(self.lignes)


def rendre(
    programme: Programme,
    dossier: Path,
    pages: int,
    *,
    date: dt.datetime,
    suivi: Callable[[str], None] = lambda _: None,
) -> Journal:
    """Rend tout le projet en une seule commande, `quarto render`, sans paramètre ni nom de fichier.

    Args:
        programme: le Quarto du poste.
        dossier: un projet, que nul autre rendu n'utilise en même temps.
        pages: le nombre de documents, qui fixe l'attente.
        date: la date inscrite dans les PDF, pour que deux rendus soient identiques.
        suivi: appelée à chaque page, avec une phrase. Tout le reste est écrit dans `journal.txt`.

    Raises:
        PublicationError: projet sans `_quarto.yml`, échec ou délai dépassé ; la page en cause est nommée.
    """
    if not (dossier / "_quarto.yml").is_file():
        raise PublicationError(
            f"{dossier} n'a pas de fichier _quarto.yml.",
            "Écrire le projet avant de le rendre : Quarto n'y produirait rien, sans erreur.",
        )
    attente = ATTENTE + PAR_PAGE * pages
    journal = Journal()
    with tempfile.TemporaryDirectory(prefix="observatoire-") as profil:
        environnement = environnement_de_quarto(os.environ, dossier, profil, date)
        try:
            code = _executer(
                [str(programme.chemin), "render"], dossier, environnement, attente, journal, suivi
            )
        finally:
            (dossier / JOURNAL).write_text(f"{journal.texte}\n", encoding="utf-8")
    if code is None:
        raise PublicationError(
            f"Quarto n'a pas fini en {attente} s{_ou(journal)}.",
            "Relancer avec moins de documents à la fois.",
        )
    if code:
        raise _echec(code, journal)
    return journal


def environnement_de_quarto(
    environ: Mapping[str, str], dossier: Path, profil: str, date: dt.datetime
) -> dict[str, str]:
    """Rend l'environnement de Quarto : celui d'un noyau, sans les réglages Quarto d'un autre projet."""
    filtre = environnement_du_noyau(environ, dossier, profil)
    gardees = {nom: valeur for nom, valeur in filtre.items() if nom not in _REGLAGES}
    return {**gardees, "NO_COLOR": "1", "SOURCE_DATE_EPOCH": str(int(date.timestamp()))}


def _executer(
    commande: list[str],
    dossier: Path,
    environnement: dict[str, str],
    attente: float,
    journal: Journal,
    suivi: Callable[[str], None],
) -> int | None:
    """Lance la commande et suit sa sortie ligne à ligne ; None si le délai est dépassé."""
    depasse = threading.Event()
    with subprocess.Popen(
        commande,
        cwd=dossier,
        env=environnement,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as processus:
        minuterie = threading.Timer(attente, _interrompre, (processus, depasse))
        minuterie.start()
        try:
            for ligne in processus.stdout or ():
                _noter(journal, ligne, suivi)
            code = processus.wait()
        except BaseException:
            _arreter(processus)
            raise
        finally:
            minuterie.cancel()
    return None if depasse.is_set() else code


def _interrompre(processus: subprocess.Popen[str], depasse: threading.Event) -> None:
    depasse.set()
    _arreter(processus)


def _arreter(processus: subprocess.Popen[str]) -> None:
    """Arrête Quarto et ce qu'il a lancé (Deno, Pandoc, Typst) : ils forment un groupe à part."""
    try:
        if os.name == "posix":
            os.killpg(processus.pid, signal.SIGKILL)
        else:
            processus.kill()
    except ProcessLookupError:
        pass


def _noter(journal: Journal, ligne: str, suivi: Callable[[str], None]) -> None:
    propre = _COULEURS.sub("", ligne).rstrip()
    journal.lignes.append(propre)
    avancement = _AVANCEMENT.match(propre)
    if avancement:
        rang, total, journal.page = avancement.groups()
        suivi(f"Quarto, page {rang} sur {total} : {journal.page}")


def _echec(code: int, journal: Journal) -> PublicationError:
    erreurs = [ligne for ligne in journal.lignes if re.match(r"\s*error\b", ligne, re.IGNORECASE)]
    dites = erreurs or [ligne for ligne in journal.lignes if ligne.strip()][-3:]
    detail = "\n  ".join(ligne.strip() for ligne in dites[:5]) or "aucun message"
    remede = next(
        (texte for motif, texte in _REMEDES.items() if re.search(motif, journal.texte, re.IGNORECASE)),
        "Corriger la page nommée ; « --moteur integre » la produit sans Quarto.",
    )
    return PublicationError(f"Quarto a échoué{_ou(journal)} (code {code}) :\n  {detail}", remede)


def _ou(journal: Journal) -> str:
    return f" sur « {journal.page} »" if journal.page else ""
