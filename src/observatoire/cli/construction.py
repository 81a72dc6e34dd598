"""Construire : les tables et les indicateurs, leur qualité, leur dictionnaire, le poste."""

from __future__ import annotations

import click

from observatoire.cli.groupe import cli, jour
from observatoire.config import Config
from observatoire.perimetre import Periode


@cli.command()
@click.option(
    "--malgre", default="", help="Passe outre un seuil de qualité franchi ; la raison est inscrite."
)
@click.option("--edition", default="", help="L'édition qui révise ce qui est paru : 2025, ou 2026-T3.")
@click.option("--erratum", default="", help="La faute que cette édition corrige.")
def construire(malgre: str, edition: str, erratum: str) -> None:
    """Reconstruit les tables et les indicateurs.

    Une source qui a trop de lignes écartées, ou dont la livraison a perdu trop de lignes, arrête tout.
    Ce qui est paru ne change pas, sauf à l'édition demandée, et selon le calendrier des révisions.

    Exemples :

    observatoire construire --malgre "logiciel B arrêté en septembre, confirmé le 3 octobre"

    observatoire construire --edition 2025
    """
    from observatoire.chaine import Demande
    from observatoire.chaine import construire as executer
    from observatoire.magasin import Magasin
    from observatoire.qualite.decisions import inscrire
    from observatoire.routine.passage import noter_construction

    if erratum and not edition:
        raise click.UsageError("--erratum demande l'édition qu'il corrige.\n→ Ajouter --edition 2026-T3.")
    config = Config.charger()
    executer(
        config,
        lambda fait: click.echo(
            f"{fait.etape:<12} {sum(fait.lignes.values()):>10} lignes  {fait.secondes:6.1f} s"
        ),
        Demande(malgre, Periode.lire(edition) if edition else None, erratum),
    )
    noter_construction(config)
    if journal := inscrire(config, jour(None)):
        click.echo(f"Seuil passé outre, inscrit dans {journal.relative_to(config.racine)}")
    bilan = Magasin(config.processed).lire("controle/bilan")
    for source, lignes in bilan.groupby("source"):
        somme = lignes[["lues", "gardees", "marquees", "ecartees"]].sum()
        click.echo(
            f"  {source} : {somme['lues']} lues = {somme['gardees']} gardées "
            f"(dont {somme['marquees']} marquées) + {somme['ecartees']} écartées"
        )


@cli.command()
def controler() -> None:
    """Écrit le rapport de qualité et les lignes à renvoyer.

    Dans outputs/qualite : une page par date d'extraction, et un CSV des lignes écartées ou marquées par
    source. À lancer après « observatoire construire ».
    """
    from observatoire.qualite import controler as ecrire

    config = Config.charger()
    ecrits = ecrire(config)
    for constat in ecrits.constats:
        click.echo(f"{constat.gravite:<11} {constat.texte}")
    for chemin in (ecrits.rapport, *ecrits.rejets):
        click.echo(f"écrit       {chemin.relative_to(config.racine)}")


@cli.command()
def dictionnaire() -> None:
    """Écrit le dictionnaire des données dans docs/dictionnaire.md.

    Tables, listes de codes et règles de contrôle, telles que le code les déclare.
    """
    from observatoire.magasin import ecrire_octets
    from observatoire.qualite.dictionnaire import dictionnaire as composer

    chemin = Config.charger().racine / "docs" / "dictionnaire.md"
    ecrire_octets(chemin, composer().encode())
    click.echo(str(chemin))


@cli.command()
def docteur() -> None:
    """Examine le poste.

    Dit ce qui est installé, ce qui manque, ce que cela empêche et comment l'obtenir.
    """
    from observatoire.docteur import examiner

    constats = examiner()
    for constat in constats:
        click.echo(str(constat))
    if any(constat.bloquant for constat in constats):
        raise click.exceptions.Exit(1)
