"""Recevoir : les données d'exemple, les fichiers livrés, les sources ouvertes, la clé."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from observatoire.cli.groupe import Choix, cli, jour, montrer_scelles
from observatoire.config import Config
from observatoire.perimetre import Periode


@cli.command()
@click.option(
    "--echelle", default=1.0, show_default=True, help="Multiplie les volumes (1 : la région réelle)."
)
@click.option("--jusqu-a", help="Dernier trimestre écrit (AAAA-Tn) ; par défaut celui d'observatoire.toml.")
@click.option("--graine", type=int, help="Graine du tirage ; par défaut celle d'observatoire.toml.")
def exemple(echelle: float, jusqu_a: str | None, graine: int | None) -> None:
    """Écrit des données fictives dans data/raw.

    Une Île-de-France entière, dans les formats où arrivent les sources réelles.
    Crée aussi la clé de pseudonymisation si elle n'existe pas.
    """
    from observatoire.acquisition.exemple import ecrire_exemple

    config = Config.charger()
    dernier = Periode.lire(jusqu_a) if jusqu_a else None
    montrer_scelles(config, ecrire_exemple(config, echelle=echelle, dernier_trimestre=dernier, graine=graine))


@cli.command()
@click.argument("source")
@click.argument("fichiers", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--date", "date", help="Date d'extraction (AAAA-MM-JJ) ; par défaut aujourd'hui.")
@click.option("--titre", help="Titre de la livraison ; par défaut celui de la source.")
@click.option("--producteur", help="Producteur ; par défaut celui de la source.")
@click.option("--licence", help="Licence ; par défaut celle de la source.")
def importer(
    source: str,
    fichiers: tuple[Path, ...],
    date: str | None,
    titre: str | None,
    producteur: str | None,
    licence: str | None,
) -> None:
    """Scelle des fichiers reçus dans data/raw.

    Les FICHIERS de la SOURCE, ou ceux d'un dossier, sont vérifiés avant d'être copiés ; un fichier
    illisible n'écrit rien.

    Exemple : observatoire importer decp decp-2026-09.json --date 2026-10-01
    """
    from observatoire.acquisition.depot import sceller

    config = Config.charger()
    scelles = sceller(
        config,
        source,
        fichiers,
        date_extraction=jour(date),
        titre=titre,
        producteur=producteur,
        licence=licence,
    )
    montrer_scelles(config, scelles)


@cli.command()
@click.argument("source")
@click.argument("fichiers", nargs=-1)
@click.option("--importer", "a_importer", is_flag=True, help="Scelle aussitôt les fichiers dans data/raw.")
@click.option("--date", "date", help="Date d'extraction (AAAA-MM-JJ) ; par défaut aujourd'hui.")
def telecharger(source: str, fichiers: tuple[str, ...], a_importer: bool, date: str | None) -> None:
    """Télécharge une source ouverte dans data/arrivees.

    Les adresses de la SOURCE sont dans observatoire.toml ; FICHIERS en choisit quelques-uns. Un
    téléchargement interrompu reprend où il en était.

    Exemple : observatoire telecharger decp decp-2026.json --importer
    """
    from observatoire.acquisition.depot import sceller
    from observatoire.acquisition.telechargement import choisir, telecharger

    config = Config.charger()
    extraction = jour(date)
    chemins = []
    for adresse in choisir(config, source, fichiers):
        click.echo(f"demandé  {adresse.url}")
        recu = telecharger(config, source, adresse, suivi=_avancer)
        relatif = recu.chemin.relative_to(config.racine)
        click.echo(f"reçu     {relatif}  {recu.octets / 1e6:.1f} Mo  sha256 {recu.sha256}")
        chemins.append(recu.chemin)
    if a_importer:
        montrer_scelles(config, sceller(config, source, chemins, date_extraction=extraction))
    else:
        click.echo(f"Pour importer : observatoire importer {source} data/arrivees/{source}/*")


@cli.command()
@click.argument("fichier", type=click.Path(path_type=Path))
@click.option(
    "--genre",
    default="suivi",
    show_default=True,
    type=Choix(["suivi", "enquetes", "grands_projets", "structures", "entreprises"]),
    help="Ce que le fichier contient.",
)
@click.option("--nom", help="Nom de la source ; par défaut tiré du nom du fichier.")
def mapper(fichier: Path, genre: str, nom: str | None) -> None:
    """Propose la correspondance d'un fichier inconnu.

    Lit les titres et la forme des valeurs du FICHIER (CSV ou XLSX) et écrit le bloc à relire puis à
    coller dans observatoire.toml. Aucune valeur n'est affichée.

    Exemple : observatoire mapper export.csv --nom suivi_c
    """
    from observatoire.acquisition.bloc import ecrire_bloc, nom_de_source
    from observatoire.acquisition.correspondance import proposer

    click.echo(ecrire_bloc(proposer(fichier, genre), nom_de_source(nom or fichier.stem)), nl=False)


@cli.command()
def cle() -> None:
    """Crée la clé de pseudonymisation.

    Hors du dépôt, lisible de vous seul ; une clé existante n'est jamais remplacée.
    """
    from observatoire.acquisition.pseudonymes import chemin_cle, creer_cle

    chemin = chemin_cle()
    click.echo(f"{'Clé créée' if creer_cle(chemin) else 'Clé déjà présente'} : {chemin}")


def _avancer(octets: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{octets / 1e6:9.0f} Mo ", nl=False, err=True)
