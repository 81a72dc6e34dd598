"""La routine : un passage, et sa planification."""

from __future__ import annotations

import datetime as dt
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from observatoire.cli.groupe import Choix, cli
from observatoire.config import Config, dossier_de_travail
from observatoire.erreurs import ObservatoireError

if TYPE_CHECKING:
    from observatoire.routine.bilan import Bilan


@cli.command()
@click.option("--forcer", is_flag=True, help="Retente une étape qui a déjà échoué plusieurs fois.")
def tick(forcer: bool) -> None:
    """Fait ce qui reste à faire, ou rien.

    Reçoit les livraisons de data/arrivees/<source>, reconstruit, contrôle, produit les fiches, en rend
    compte dans outputs/routine et prévient l'équipe. Une livraison refusée est rangée dans
    data/arrivees/refusees avec sa raison. Sort en erreur si une étape a échoué ou si une livraison attend la
    configuration ; sans erreur si un autre passage est en cours.

    À planifier toutes les heures : « observatoire planifier ».
    """
    from observatoire.routine.arrivees import ignorees
    from observatoire.routine.verrou import DejaEnCoursError, verrou

    depart = time.perf_counter()
    try:
        config = Config.charger()
        with verrou(config):
            bilan = _passer(config, forcer=forcer)
    except DejaEnCoursError:
        click.echo("Un autre passage est en cours : rien à faire.")
        return
    except Exception as erreur:
        _inscrire(erreur)
        raise
    for phrase in ignorees(config):
        click.secho(f"Attention : {phrase}", fg="yellow", err=True)
    if bilan.vide:
        click.echo(f"Rien de neuf ({time.perf_counter() - depart:.1f} s).")
    else:
        click.echo(bilan.titre, err=not bilan.abouti)
    if not bilan.abouti:
        raise click.exceptions.Exit(1)


def _passer(config: Config, *, forcer: bool) -> Bilan:
    from observatoire.routine.annonce import annonceur
    from observatoire.routine.passage import Contexte, passer
    from observatoire.routine.production import production
    from observatoire.routine.reglages import Reglages

    reglages = Reglages.lire(config)
    annoncer = annonceur(config, reglages, os.environ, _maintenant)
    contexte = Contexte(config, reglages, production(), _maintenant, annoncer, click.echo)
    return passer(contexte, forcer=forcer)


def _inscrire(erreur: Exception) -> None:
    """Met au journal ce qui a empêché un passage : sous cron, rien ne garde ce que la commande affiche."""
    from observatoire.routine.journal import Journal

    with suppress(ObservatoireError, OSError):  # l'erreur qui compte est la première
        Journal.du_jour(Config(dossier_de_travail(), {}), _maintenant, click.echo).detailler(erreur)


def _maintenant() -> dt.datetime:
    return dt.datetime.now(tz=dt.UTC).astimezone()


@cli.command()
@click.option(
    "--genre",
    type=Choix(["systemd", "cron", "ci"]),
    default="systemd",
    show_default=True,
    help="Ce qui lance « observatoire tick » toutes les heures.",
)
@click.option(
    "--utilisateur", default="", help="Une unité du système, sous ce compte, à poser par un administrateur."
)
@click.option("--installer", is_flag=True, help="Dit ce qui serait écrit, et où.")
@click.option("--pour-de-vrai", is_flag=True, help="Avec --installer : écrit.")
def planifier(genre: str, utilisateur: str, installer: bool, pour_de_vrai: bool) -> None:
    """Montre, ou installe, la planification.

    Sans option, l'unité et la minuterie systemd du compte. Rien n'est écrit sans --installer --pour-de-vrai.

    Exemple : observatoire planifier --installer --pour-de-vrai
    """
    from observatoire.erreurs import ConfigError
    from observatoire.magasin import ecrire_octets
    from observatoire.routine.planification import composer, destinations

    if utilisateur and (genre != "systemd" or installer):
        raise ConfigError(
            "Une unité du système ne s'installe pas d'ici.",
            "La montrer par « observatoire planifier --utilisateur NOM », la poser dans /etc/systemd/system.",
        )
    if pour_de_vrai and not installer:
        raise ConfigError(
            "--pour-de-vrai seul n'installe rien.",
            "Écrire : observatoire planifier --installer --pour-de-vrai",
        )
    config = Config.charger()
    fichiers = composer(config, genre, utilisateur=utilisateur)
    lieux = destinations(config, genre) if installer else list(fichiers)
    for lieu, contenu in zip(lieux, fichiers.values(), strict=True):
        if installer and pour_de_vrai:
            ecrire_octets(lieu, contenu.encode())  # type: ignore[arg-type]
            click.echo(f"écrit  {lieu}")
        else:
            click.echo(f"# {'serait écrit : ' if installer else ''}{lieu}\n{contenu}")
    if installer and genre == "systemd":
        click.echo(
            "Ensuite : systemctl --user daemon-reload && systemctl --user enable --now observatoire.timer"
        )
        click.echo("Pour que la minuterie tourne sans session ouverte : loginctl enable-linger")
