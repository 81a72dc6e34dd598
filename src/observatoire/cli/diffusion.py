"""Diffuser : ce que le secret cache et coûte, le registre des éditions parues."""

from __future__ import annotations

import click

from observatoire.cli.groupe import Choix, cli, jour
from observatoire.config import Config
from observatoire.erreurs import PublicationError
from observatoire.perimetre import Periode


@cli.command()
@click.argument("periode")
@click.option("--date", "date", help="Jour de la diffusion (AAAA-MM-JJ) ; par défaut aujourd'hui.")
@click.option("--erratum", default="", help="La faute corrigée ; inscrite, elle lève le calendrier.")
@click.option("--malgre", default="", help="Passe outre des documents qui manquent ; la raison est inscrite.")
def diffuser(periode: str, date: str | None, erratum: str, malgre: str) -> None:
    """Inscrit une édition au registre des diffusions.

    PERIODE est un trimestre, ou une année pour l'édition annuelle. À lancer quand l'édition paraît : ce
    qui y est caché le reste, ce qui y est publié ne change plus que selon le calendrier des révisions.
    Refusée tant que ses documents ne sont pas tous produits, intacts et aux données du jour : ceux que
    campagnes/trimestre.toml prévoit pour un trimestre, le rapport d'une année.

    Exemple : observatoire diffuser 2026-T3 --date 2026-11-14
    """
    from observatoire.indicateurs.diffusions import diffuser as inscrire

    config, edition = Config.charger(), Periode.lire(periode)
    _exiger_les_documents(config, edition, " ".join(malgre.split()))
    ligne = inscrire(config, edition, jour(date), erratum=erratum)
    if ligne is None:
        click.echo("Rien de nouveau depuis la dernière diffusion : rien n'est inscrit.")
    else:
        click.echo(f"{ligne.edition} : {ligne.cellules} cellules, témoin {ligne.temoin}")


def _exiger_les_documents(config: Config, edition: Periode, malgre: str) -> None:
    """Refuse une édition dont les documents ne sont pas là, ou inscrit la raison de passer outre."""
    from observatoire.publication.campagne.parution import exiger_complete, exiger_rapport
    from observatoire.qualite.decisions import JOURNAL, noter

    try:
        (exiger_rapport if edition.rythme == "annee" else exiger_complete)(config, edition)
    except PublicationError as refus:
        if not malgre:
            outre = f'Pour passer outre et l\'inscrire : observatoire diffuser {edition} --malgre "raison".'
            raise PublicationError(refus.constat, f"{refus.remede}\n  {outre}") from None
        noter(config, [(str(jour(None)), "", f"diffusion de {edition}", refus.constat, malgre)])
        click.echo(f"passé outre, inscrit dans outputs/qualite/{JOURNAL} : {refus.constat}")


@cli.command()
@click.argument("action", type=Choix(["verifier", "lister"]))
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
