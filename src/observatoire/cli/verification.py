"""Vérifier : les documents produits, leur accessibilité, leurs nombres."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from observatoire.cli.groupe import cli
from observatoire.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from observatoire.publication.verification.constats import Constat, Examen


@cli.command()
@click.argument("chemins", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--detail", is_flag=True, help="Tous les contrôles, et chaque constat à sa place.")
@click.option("--sans-navigateur", is_flag=True, help="Se passe de Chromium (axe-core, clavier, impression).")
def verifier(chemins: tuple[Path, ...], detail: bool, sans_navigateur: bool) -> None:
    """Vérifie les documents produits.

    Pages, PDF, notebooks et données d'outputs/, ou des CHEMINS donnés : accessibilité, typographie, et les
    mêmes nombres partout que dans les indicateurs. Écrit outputs/declaration-accessibilite.html quand tout
    le dossier est vérifié. Sort en erreur s'il y a un constat.

    Exemple : observatoire verifier outputs/fiches/2026-T3 --detail
    """
    from observatoire.publication.verification import navigateur
    from observatoire.publication.verification.declaration import rediger
    from observatoire.publication.verification.dossier import verifier as examiner

    config = Config.charger()
    outil = None if sans_navigateur else config.racine / navigateur.DOSSIER
    examens = examiner(config, chemins, outil=outil)
    if not chemins:
        declaration = rediger(config, examens)
        click.echo(f"écrit  {declaration.relative_to(config.racine)}")
        examens += examiner(config, [declaration], outil=outil)
    for ligne in (*_tableau(examens, config.racine, detail), *_omis(examens)):
        click.echo(ligne)
    constats = sum(len(examen.constats) for examen in examens)
    recomptes = sum(examen.recomptes for examen in examens)
    click.echo(f"{len(examens)} document(s), {recomptes} nombre(s) recompté(s), {constats} constat(s)")
    if constats:
        raise click.exceptions.Exit(1)


def _tableau(examens: list[Examen], racine: Path, detail: bool) -> Iterator[str]:
    noms = {id(e): _relatif(e.document, racine) for e in examens}
    largeur = max(map(len, noms.values()))
    yield f"{'document':<{largeur}}  passés  échoués"
    for examen in examens:
        passes = len(examen.controles) - len(examen.fautifs)
        yield f"{noms[id(examen)]:<{largeur}}  {passes:>6}  {len(examen.fautifs):>7}"
        if detail:
            yield from (f"    {'✗' if c in examen.fautifs else '✓'} {c}" for c in examen.controles)
            yield from (f"    {constat}".replace("\n", "\n    ") for constat in examen.constats)
    if not detail:
        yield from _resume(examens, noms)


def _resume(examens: list[Examen], noms: dict[int, str]) -> Iterator[str]:
    """Les constats réunis par contrôle : combien de documents, un exemple, le remède."""
    reunis: dict[tuple[str, str], list[tuple[str, Constat]]] = defaultdict(list)
    for examen in examens:
        for constat in examen.constats:
            reunis[constat.controle, constat.remede].append((noms[id(examen)], constat))
    for (controle, remede), cas in reunis.items():
        document, premier = cas[0]
        lieu = f" [{premier.ou}]" if premier.ou else ""
        combien = f"{len(cas)} constat(s) dans {len({nom for nom, _ in cas})} document(s)"
        yield f"\n{controle} : {combien}\n  {document} : {premier.constat}{lieu}\n  → {remede}"


def _omis(examens: list[Examen]) -> Iterator[str]:
    comptes = Counter((controle, raison) for examen in examens for controle, raison in examen.omis.items())
    for (controle, raison), combien in comptes.items():
        yield f"non vérifié : {controle} ({combien} document(s)) : {raison}"


def _relatif(document: Path, racine: Path) -> str:
    absolu = document.resolve()
    return str(absolu.relative_to(racine) if absolu.is_relative_to(racine) else document)
