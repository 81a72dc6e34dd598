"""Écrire des notebooks : JupyterLab, l'aperçu, les essais, une nouvelle fiche, la propreté."""

from __future__ import annotations

import signal
import webbrowser
from typing import TYPE_CHECKING

import click

from observatoire.cli.groupe import cli
from observatoire.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterable

    from observatoire.publication.cahiers.essai import Essai


_REMEDE = (
    "Les sorties : « observatoire notebooks nettoyer ». Un texte : le faire dire par une méthode de la fiche."
)


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("notebook", default="fiche_territoire")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def lab(notebook: str, options: tuple[str, ...]) -> None:
    """Ouvre JupyterLab sur un notebook, avec le noyau de cet environnement.

    L'explorateur montre le projet : notebooks et leurs modèles, gabarits, commentaires. Les OPTIONS de
    JupyterLab s'écrivent après le nom du notebook.

    Exemple : observatoire lab fiche_territoire --no-browser
    """
    from observatoire.publication.apercu.demande import nom_du_notebook
    from observatoire.publication.cahiers.laboratoire import ouvrir

    config = Config.charger()
    raise click.exceptions.Exit(ouvrir(config, nom_du_notebook(config, notebook), options))


@cli.command()
@click.argument("notebook", default="fiche_territoire")
@click.argument("objet", default="")
@click.option("--periode", "-p", default="", help="Trimestre (2026-T3) ; par défaut le dernier complet.")
@click.option("--public", default="", help="La fiche d'un public (notebooks/publics.toml).")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Par défaut, un port libre.")
@click.option("--sans-navigateur", is_flag=True, help="Écrit l'adresse sans l'ouvrir.")
def apercu(notebook: str, objet: str, periode: str, public: str, port: int, sans_navigateur: bool) -> None:
    """Montre le document d'un notebook, et le refait à chaque enregistrement.

    OBJET est un territoire (dep:93), un programme (programme:GPE), ou l'année d'un chapitre du rapport ;
    sans lui, les valeurs écrites dans le notebook. La page suit le notebook, les gabarits, les commentaires,
    les données et le programme ; une erreur s'y montre avec sa cellule. Ctrl-C arrête.

    Exemples : observatoire apercu fiche_territoire dep:93 --public elu
    · observatoire apercu rapport_annuel/03_heures 2025
    """
    from observatoire.publication.apercu.demande import lire_demande
    from observatoire.publication.apercu.session import Session

    for fin in ("SIGTERM", "SIGHUP"):  # un terminal qu'on ferme arrête comme Ctrl-C
        if hasattr(signal, fin):
            signal.signal(getattr(signal, fin), signal.default_int_handler)
    session = Session(lire_demande(Config.charger(), notebook, objet, periode, public), suivi=click.echo)
    try:
        from observatoire.publication.apercu.serveur import Serveur  # pendant que l'atelier démarre

        with Serveur(session, port) as serveur:
            click.echo(f"Aperçu : {serveur.adresse}\nCtrl-C pour arrêter.")
            if not sans_navigateur:
                webbrowser.open(serveur.adresse)
            serveur.serve_forever()
    except KeyboardInterrupt:
        click.echo("Aperçu arrêté.")
    finally:
        session.fermer()


@cli.command()
@click.argument("notebook", default="fiche_territoire")
def essayer(notebook: str) -> None:
    """Essaie une fiche sur les cas extrêmes, choisis dans les données publiées.

    Le plus grand territoire, le plus petit, le plus secret, un dont tout serait secret, un trimestre sans
    données. Sort en erreur si l'un d'eux échoue ; les fichiers sont dans outputs/essais, jamais publiés.

    Exemple : observatoire essayer fiche_territoire
    """
    from observatoire.publication.apercu.demande import nom_du_notebook
    from observatoire.publication.cahiers import essai

    config = Config.charger()
    faits = essai.essayer(config, nom_du_notebook(config, notebook), suivi=lambda un: _dire_essai(un, config))
    causes: dict[str, list[str]] = {}
    for fait in faits:
        if fait.erreur:
            causes.setdefault(fait.erreur.remede, []).append(f"{fait.cas.nom} : {fait.erreur.constat}")
    for remede, constats in causes.items():
        click.echo("\n".join([*constats, f"→ {remede}"]), err=True)
    if causes:
        raise click.exceptions.Exit(1)


def _dire_essai(fait: Essai, config: Config) -> None:
    lieu = "échec" if fait.html is None else fait.html.relative_to(config.racine)
    click.echo(f"{fait.cas.nom:<15} {fait.cas.territoire:<7} {fait.cas.periode}  {lieu}")


@cli.command("nouvelle-fiche")
@click.argument("nom")
def nouvelle_fiche(nom: str) -> None:
    """Crée le notebook d'une nouvelle fiche à partir du modèle (notebooks/modeles/fiche.ipynb).

    NOM : des mots en minuscules, sans accents, joints par « _ ».

    Exemple : observatoire nouvelle-fiche fiche_metiers
    """
    from observatoire.publication.cahiers.creation import creer_fiche

    config = Config.charger()
    click.echo(f"créé      {creer_fiche(config, nom).relative_to(config.racine)}")
    click.echo(f"l'écrire  observatoire lab {nom}\nla voir   observatoire apercu {nom} dep:93")


@cli.group()
def notebooks() -> None:
    """Tient les notebooks propres : ce que git garde n'a ni sortie ni donnée."""


@notebooks.command()
@click.option("--verifier", is_flag=True, help="N'écrit rien : dit ce qui est à nettoyer, et sort en erreur.")
def nettoyer(verifier: bool) -> None:
    """Retire sorties, compteurs et réglages du poste de tous les notebooks, et relit leurs textes.

    Un nombre ou un sens de variation écrit dans un texte est signalé, jamais corrigé : il ne serait vrai
    que d'un territoire.

    Exemple : observatoire notebooks nettoyer --verifier
    """
    from observatoire.publication.cahiers import proprete

    config, constats = Config.charger(), []
    for chemin in proprete.lister(config.racine / "notebooks"):
        nom = str(chemin.relative_to(config.racine))
        if not verifier and proprete.nettoyer_fichier(chemin):
            click.echo(f"nettoyé  {nom}")
        texte = chemin.read_text(encoding="utf-8")
        constats += [f"{nom} : {constat}" for constat in proprete.relire(texte, nom)]
    _conclure(constats, "Notebooks propres.", _REMEDE)


@notebooks.command()
def garder() -> None:
    """Refuse un commit qui porte des données ou des sorties de notebook.

    C'est ce que lance .githooks/pre-commit, une fois activé : git config core.hooksPath .githooks
    """
    from observatoire.publication.cahiers.garde import relire_l_index

    remede = (
        "« observatoire notebooks nettoyer », puis « git add » ; « git restore --staged » pour des données."
    )
    _conclure(relire_l_index(Config.charger().racine), "", remede)


def _conclure(constats: Iterable[str], bien: str, remede: str) -> None:
    constats = list(constats)
    for constat in constats:
        click.echo(constat, err=True)
    if constats:
        click.echo(f"→ {remede}", err=True)
        raise click.exceptions.Exit(1)
    if bien:
        click.echo(bien)
