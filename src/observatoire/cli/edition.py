"""Éditer : le rapport, les commentaires, les données ouvertes, la méthode."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from observatoire.cli.groupe import Choix, cli
from observatoire.config import Config
from observatoire.perimetre import Periode, Territoire

if TYPE_CHECKING:
    from observatoire.publication.quarto import Programme

moteur_de_rendu = click.option(
    "--moteur",
    type=Choix(["integre", "quarto"]),
    default="integre",
    show_default=True,
    help="quarto : rend aussi les mêmes notebooks avec le Quarto du poste.",
)


def quarto_du_poste() -> Programme:
    """Rend le Quarto du poste ; absent, mieux vaut le dire avant d'exécuter."""
    from observatoire.publication.quarto import trouver

    return trouver()


@cli.command()
@click.argument("territoire")
@click.option("--periode", "-p", help="Trimestre (2026-T3) ; par défaut le dernier trimestre complet.")
@click.option("--public", default="", help="Pour les fiches d'un seul public (notebooks/publics.toml).")
@click.option("--relu", is_flag=True, help="Le texte a été relu : il vaut pour les chiffres du jour.")
def commentaire(territoire: str, periode: str | None, public: str, relu: bool) -> None:
    """Prépare le commentaire d'une fiche, ou dit s'il est à relire.

    Crée commentaires/<période>/<territoire>.md avec les chiffres clés publiés ce jour ; le texte s'écrit
    dessous, en titres, paragraphes et listes. Un commentaire qui existe n'est jamais effacé : ses chiffres
    sont comparés à ceux du jour, et --relu les remplace. Ne pas taper de chiffre dans le texte : un nombre
    peut devenir secret, ou changer.

    Exemple : observatoire commentaire dep:93 --periode 2026-T3
    """
    from observatoire.publication.commentaire import alertes, preparer
    from observatoire.publication.editions import derniere_periode, periode_demandee

    config, ou = Config.charger(), Territoire.lire(territoire)
    quand = periode_demandee(config, periode) if periode else derniere_periode(config)
    chemin, ecrit = preparer(config, ou, quand, public=public, relu=relu)
    click.echo(f"{chemin.relative_to(config.racine)} : {'écrit' if ecrit else 'inchangé'}")
    for alerte in alertes(config, ou, quand, public):
        click.echo(f"Attention : {alerte}")


@cli.command()
@click.option("--annee", help="Année du rapport (2025) ; par défaut la dernière année complète.")
@moteur_de_rendu
def rapport(annee: str | None, moteur: str) -> None:
    """Produit le rapport statistique annuel.

    Un livre en pages HTML, le même en PDF/UA-1, ses tableaux dans un classeur.

    Exemple : observatoire rapport --annee 2025
    """
    from observatoire.publication.rapport.edition import derniere_annee, produire_rapport

    config = Config.charger()
    programme = quarto_du_poste() if moteur == "quarto" else None
    retenue = Periode.lire(annee) if annee else derniere_annee(config)
    edition = produire_rapport(
        config,
        retenue,
        suivi=lambda chapitre, secondes: click.echo(f"{chapitre:<28} {secondes:5.1f} s"),
    )
    click.echo(
        f"{edition.chapitres} chapitres, {edition.figures} figures, {edition.tableaux} tableaux, "
        f"{edition.secondes:.1f} s : {edition.dossier}"
    )
    if programme:
        from observatoire.publication.quarto import livre_du_rapport

        notebooks = edition.dossier / "notebooks"
        livre = livre_du_rapport(config, retenue, notebooks, programme=programme, suivi=click.echo)
        click.echo(f"Livre rendu par Quarto {programme.version} : {livre / 'index.html'}")


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
