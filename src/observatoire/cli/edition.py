"""Éditer : les fiches, les données ouvertes, la méthode."""

from __future__ import annotations

import click

from observatoire.cli.groupe import cli
from observatoire.config import Config
from observatoire.perimetre import Periode, Territoire


@cli.command()
@click.argument("territoires", nargs=-1)
@click.option("--periode", "-p", help="Trimestre (2026-T3) ; par défaut le dernier trimestre complet.")
@click.option("--processus", type=click.IntRange(1), help="Notebooks exécutés en même temps.")
def fiches(territoires: tuple[str, ...], periode: str | None, processus: int | None) -> None:
    """Produit les fiches d'un trimestre.

    Une par TERRITOIRE (reg:11, dep:93, ept:T6) ; sans argument, toutes.

    Exemple : observatoire fiches dep:93 ept:T6 --periode 2026-T3
    """
    from observatoire.publication.editions import derniere_periode, periode_demandee, produire_fiches

    config = Config.charger()
    demandes = [Territoire.lire(texte) for texte in territoires]
    retenue = periode_demandee(config, periode) if periode else derniere_periode(config)
    documents = produire_fiches(
        config,
        demandes or Territoire.tous(*config.reglages["fiches"]["niveaux"]),
        retenue,
        processus=processus,
        suivi=lambda document: click.echo(
            f"{document.territoire!s:<8} {document.pages} pages  {document.secondes:5.1f} s  {document.html}"
        ),
    )
    click.echo(f"{len(documents)} fiche(s) : {config.outputs / 'fiches' / str(retenue)}")


@cli.command()
@click.option("--annee", help="Année du rapport (2025) ; par défaut la dernière année complète.")
def rapport(annee: str | None) -> None:
    """Produit le rapport statistique annuel.

    Un livre en pages HTML, le même en PDF/UA-1, ses tableaux dans un classeur.

    Exemple : observatoire rapport --annee 2025
    """
    from observatoire.publication.rapport.edition import derniere_annee, produire_rapport

    config = Config.charger()
    edition = produire_rapport(
        config,
        Periode.lire(annee) if annee else derniere_annee(config),
        suivi=lambda chapitre, secondes: click.echo(f"{chapitre:<28} {secondes:5.1f} s"),
    )
    click.echo(
        f"{edition.chapitres} chapitres, {edition.figures} figures, {edition.tableaux} tableaux, "
        f"{edition.secondes:.1f} s : {edition.dossier}"
    )


@cli.command()
def indicateurs() -> None:
    """Liste les indicateurs, les rapports et leurs croisements."""
    from observatoire.indicateurs.catalogue import catalogue_de

    for fiche in catalogue_de(Config.charger()).to_dict("records"):
        click.echo(f"{fiche['indicateur']:<30} {fiche['unite']:<10} {fiche['libelle']}")
        if fiche["numerateur"]:
            termes = filter(None, (fiche["numerateur"], fiche["denominateur"]))
            click.echo(f"{'':<30} {'':<10} = {' ÷ '.join(termes)}")
        if fiche["ventilations"]:
            click.echo(f"{'':<30} {'':<10} par {fiche['ventilations'].replace('|', ', ')}")


@cli.command()
def methode() -> None:
    """Écrit la note de méthode dans docs/methode.md.

    Chaque indicateur, le plan de publication, le secret statistique et les comparaisons, tels que le code
    et la configuration les déclarent.
    """
    from observatoire.indicateurs.catalogue import catalogue_de
    from observatoire.indicateurs.plan import Plan
    from observatoire.magasin import ecrire_octets
    from observatoire.publication.methode import composer
    from observatoire.publication.methode_markdown import en_markdown

    config = Config.charger()
    Plan.lire(config)  # un plan mal écrit est refusé, non décrit
    chemin = config.racine / "docs" / "methode.md"
    ecrire_octets(chemin, en_markdown(composer(catalogue_de(config), config)).encode())
    click.echo(str(chemin))


@cli.command()
def donnees() -> None:
    """Écrit les données ouvertes dans outputs/donnees.

    CSV, Parquet, classeur XLSX et leur description (datapackage.json), tirés des seules cellules publiées.
    À lancer après « observatoire construire ».
    """
    from observatoire.publication.donnees import publier

    config = Config.charger()
    for chemin in publier(config):
        click.echo(f"{chemin.stat().st_size / 1e3:>10.0f} ko  {chemin.relative_to(config.racine)}")
