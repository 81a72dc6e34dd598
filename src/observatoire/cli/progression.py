"""L'avancement d'une campagne : une barre sur un terminal, une ligne par document ailleurs."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from observatoire.publication.campagne.lancement import Avancement


@contextmanager
def suivre(total: int) -> Iterator[Callable[[Avancement], None]]:
    """Rend la fonction à appeler à chaque document."""
    if total and sys.stderr.isatty():
        with _barre(total) as avancer:
            yield avancer
    else:
        yield lambda pas: _ecrire(pas, click.echo)


@contextmanager
def _barre(total: int) -> Iterator[Callable[[Avancement], None]]:
    """Compte, débit et temps restant ; les échecs et les alertes défilent au-dessus."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False)
    colonnes = (
        TextColumn("Documents"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[debit]}"),
        TextColumn("reste"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[echecs]}", style="red"),
    )
    with Progress(*colonnes, console=console) as progression:
        barre = progression.add_task("", total=total, debit="", echecs="")
        compte = {"echecs": 0}

        def avancer(pas: Avancement) -> None:
            compte["echecs"] += _echoue(pas)
            _ecrire(pas, lambda ligne: progression.console.print(ligne, markup=False), tout=False)
            debit = f"{60 * pas.rang / pas.secondes:.0f}/min" if pas.secondes else ""
            echecs = f"{compte['echecs']} en échec" if compte["echecs"] else ""
            progression.update(barre, completed=pas.rang, debit=debit, echecs=echecs)

        yield avancer


def _ecrire(pas: Avancement, dire: Callable[[str], None], *, tout: bool = True) -> None:
    """Une ligne par document ; sans `tout`, seulement ce qui demande qu'on s'y arrête."""
    from observatoire.publication.campagne.bilan import Ecrit

    vu, rang = pas.resultat, f"{pas.rang:>{len(str(pas.total))}}/{pas.total}"
    if not isinstance(vu, Ecrit):
        dire(f"{rang}  {vu.tache.dit:<22} ÉCHEC  {vu.exception} — {vu.endroit}")
        return
    if tout:
        pages = f"{vu.pages} pages" if vu.pages else ""
        dire(f"{rang}  {vu.tache.dit:<22} {pages:<8} {vu.secondes:5.1f} s  {vu.montre}")
    for alerte in vu.alertes:
        click.secho(f"Attention : {alerte}", fg="yellow", err=True)


def _echoue(pas: Avancement) -> bool:
    from observatoire.publication.campagne.bilan import Ecrit

    return not isinstance(pas.resultat, Ecrit)
