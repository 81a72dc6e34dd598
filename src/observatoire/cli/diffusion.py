"""Diffuser : ce que le secret cache et coûte, le registre des éditions parues."""

from __future__ import annotations

import click

from observatoire.cli.groupe import cli, jour
from observatoire.config import Config
from observatoire.perimetre import Periode


@cli.command()
@click.argument("periode")
@click.option("--date", "date", help="Jour de la diffusion (AAAA-MM-JJ) ; par défaut aujourd'hui.")
@click.option("--erratum", default="", help="La faute corrigée ; inscrite, elle lève le calendrier.")
def diffuser(periode: str, date: str | None, erratum: str) -> None:
    """Inscrit une édition au registre des diffusions.

    PERIODE est un trimestre, ou une année pour l'édition annuelle. À lancer quand l'édition paraît : ce
    qui y est caché le reste, ce qui y est publié ne change plus que selon le calendrier des révisions.
    Refusée tant que la campagne de ses documents est incomplète.

    Exemple : observatoire diffuser 2026-T3 --date 2026-11-14
    """
    from observatoire.indicateurs.diffusions import diffuser as inscrire
    from observatoire.publication.campagne.manifeste import FICHIER, dossier_de, exiger_complete

    config, edition = Config.charger(), Periode.lire(periode)
    if (dossier_de(config, str(edition)) / FICHIER).is_file():
        exiger_complete(config, edition)
    ligne = inscrire(config, edition, jour(date), erratum=erratum)
    if ligne is None:
        click.echo("Rien de nouveau depuis la dernière diffusion : rien n'est inscrit.")
    else:
        click.echo(f"{ligne.edition} : {ligne.cellules} cellules, témoin {ligne.temoin}")


@cli.command()
@click.argument("action", type=click.Choice(["verifier", "lister"]))
@click.option("--temoin", default="", help="Témoin imprimé par une édition passée (7-3f2a9c01b4de).")
def registre(action: str, temoin: str) -> None:
    """Vérifie ou liste le registre des diffusions.

    Une édition ôtée à la fin de la chaîne ne se voit qu'avec un témoin imprimé ailleurs.
    """
    from observatoire.indicateurs.diffusions import Registre, RegistreError, controler

    dossier = Config.charger().racine / "registre"
    if constats := controler(dossier, temoin):
        raise RegistreError("\n".join(constats), "Remettre le dossier registre/ tel que git l'a gardé.")
    tenu = Registre.ouvrir(dossier)
    for ligne in tenu.inscriptions if action == "lister" else ():
        click.echo(f"{ligne.edition:<12} {ligne.date} {ligne.cellules:>8} {ligne.temoin}  {ligne.raison}")
    click.echo(f"{len(tenu.inscriptions)} édition(s) vérifiée(s), témoin {tenu.temoin}")


@cli.command()
@click.option("--tranches", default=12, show_default=True, help="Nombre de tranches coûteuses montrées.")
def secret(tranches: int) -> None:
    """Montre ce que le secret cache, et ce qui le cache.

    Par niveau et par rythme, puis les tranches du plan qui cachent le plus, avec la ligne d'observatoire.toml
    qui les retirerait et la part cachée qui resterait. Réservé à l'équipe : ne pas diffuser.
    """
    from observatoire.indicateurs.cout import par_niveau, plus_couteuses
    from observatoire.magasin import Magasin

    bilan = Magasin(Config.charger().processed).lire("indicateurs/secret")
    for ligne in (*par_niveau(bilan), "", *plus_couteuses(bilan, tranches)):
        click.echo(ligne)
