"""Les campagnes : planifier, produire, reprendre."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from observatoire.cli.edition import moteur_de_rendu, quarto_du_poste
from observatoire.cli.groupe import cli
from observatoire.cli.progression import suivre
from observatoire.config import Config
from observatoire.perimetre import Territoire, lire_perimetre

if TYPE_CHECKING:
    from collections.abc import Callable

    from observatoire.publication.campagne.bilan import Bilan
    from observatoire.publication.campagne.fichier import Campagne
    from observatoire.publication.campagne.plan import Plan


def _choix(commande: Callable[..., Any]) -> Callable[..., Any]:
    """Les options qui restreignent une campagne, ou l'étendent à ce qui est à jour."""
    options = (
        click.option("--forcer", is_flag=True, help="Refait aussi ce qui est à jour."),
        click.option("--reprise", is_flag=True, help="Seulement ce qu'une interruption a laissé."),
        click.option("--echecs", is_flag=True, help="Seulement ce qui a échoué la dernière fois."),
        click.option("--seulement", multiple=True, help="Seulement ce périmètre (dep:93) ; répétable."),
        click.option("--processus", type=click.IntRange(1), help="Documents produits en même temps."),
    )
    for option in reversed(options):
        commande = option(commande)
    return commande


_trimestre = click.option(
    "--periode", "-p", help="Le trimestre à éditer au lieu du dernier complet (2026-T2)."
)
_ouvriers = click.option(
    "--executeur", metavar="dask://HÔTE:PORT", help="Une grappe Dask plutôt que ce poste (extra [cluster])."
)


@cli.command()
@click.argument("territoires", nargs=-1)
@click.option("--periode", "-p", help="Trimestre (2026-T3) ; par défaut le dernier trimestre complet.")
@click.option(
    "--public", default="", help="À qui : elu, acheteur… (notebooks/publics.toml), ou « tous » les publics."
)
@_choix
@_ouvriers
@moteur_de_rendu
def fiches(territoires: tuple[str, ...], periode: str | None, public: str, moteur: str, **choix: Any) -> None:
    """Produit les fiches d'un trimestre, ou garde celles qui sont à jour.

    Une par TERRITOIRE (reg:11, dep:93, ept:T6) ou par grand programme (programme:GPE) ; sans argument, une
    par territoire. Avec un public, les parties qui lui sont destinées, dans un fichier à son nom :
    dep-93--elu.pdf.

    Exemple : observatoire fiches dep:93 ept:T6 --periode 2026-T3 --public elu
    """
    from observatoire.publication.campagne.fichier import improviser, noms_des_publics
    from observatoire.publication.editions import derniere_periode, periode_demandee

    config = Config.charger()
    programme = quarto_du_poste() if moteur == "quarto" else None
    demandes = [lire_perimetre(texte) for texte in territoires]
    retenue = periode_demandee(config, periode) if periode else derniere_periode(config)
    perimetres = demandes or Territoire.tous(*config.reglages["fiches"]["niveaux"])
    publics = noms_des_publics(config) if public == "tous" else [public]
    bilan = _lancer(config, improviser(config, perimetres, retenue, publics), **choix)
    click.echo(f"{len(bilan.documents)} fiche(s) : {config.outputs / 'fiches' / str(retenue)}")
    if programme:
        from observatoire.publication.quarto import site_des_fiches

        site = site_des_fiches(config, bilan.documents, retenue, programme=programme, suivi=click.echo)
        click.echo(f"Site rendu par Quarto {programme.version} : {site / 'index.html'}")


@cli.command()
@click.argument("nom", default="trimestre")
@_trimestre
@_choix
@_ouvriers
def campagne(nom: str, periode: str | None, **choix: Any) -> None:
    """Produit une campagne : campagnes/NOM.toml.

    Seuls les documents qui ont vieilli sont refaits ; « observatoire plan » dit lesquels et pourquoi. Un
    échec n'arrête pas les autres : ils sont réunis par cause dans outputs/journaux/bilan.html, et la commande
    sort en erreur. Interrompue, même brutalement, elle se reprend avec --reprise.

    Exemple : observatoire campagne trimestre --seulement dep:93
    """
    config = Config.charger()
    _lancer(config, _lire(config, nom, periode), **choix)


@cli.command()
@click.argument("nom", default="trimestre")
@click.option("--detail", is_flag=True, help="Un document par ligne, ceux qui sont à jour compris.")
@_trimestre
@_choix
def plan(nom: str, detail: bool, periode: str | None, **choix: Any) -> None:
    """Dit ce que la campagne NOM referait, pourquoi, et en combien de temps.

    Rien n'est produit. Un document est refait si une chose dont il dépend a changé : les données de son
    territoire, le notebook, un gabarit, la charte, le code, une bibliothèque ; ou si un de ses fichiers
    manque ou n'est plus celui qui a été écrit.

    Exemple : observatoire plan trimestre --detail
    """
    config = Config.charger()
    processus = choix.pop("processus") or _processus()
    prevu = _planifier(config, _lire(config, nom, periode), **choix)
    for ligne in prevu.lignes if detail else ():
        click.echo(f"{ligne.tache.dit:<26} {' ; '.join(ligne.motifs) or 'à jour'}")
    if not detail:
        motifs = Counter(motif.partition(" : ")[0] for ligne in prevu.a_faire for motif in ligne.motifs)
        for motif, compte in motifs.most_common():
            click.echo(f"{compte:>5}  {motif}")
    click.echo(_resumer(prevu, processus))


def _lire(config: Config, nom: str, periode: str | None) -> Campagne:
    from observatoire.publication.campagne.fichier import lire_campagne
    from observatoire.publication.editions import periode_demandee

    return lire_campagne(config, nom, periode_demandee(config, periode) if periode else None)


def _planifier(config: Config, demandee: Campagne, **choix: Any) -> Plan:
    from observatoire.publication.campagne.plan import Choix, planifier

    return planifier(config, demandee, Choix(**choix))


def _lancer(config: Config, demandee: Campagne, **choix: Any) -> Bilan:
    """Lance une campagne, montre son avancement et son bilan ; sort en erreur s'il manque un document."""
    from observatoire.publication.campagne.compte_rendu import en_texte, rendre_compte
    from observatoire.publication.campagne.lancement import Options, lancer
    from observatoire.publication.moteur.executeurs import executeur

    processus, adresse = choix.pop("processus") or _processus(), choix.pop("executeur")
    prevu = _planifier(config, demandee, **choix)
    click.echo(_resumer(prevu, processus), err=True)
    with executeur(adresse, processus) as ouvriers, suivre(len(prevu.a_faire)) as suivi:
        bilan = lancer(config, prevu, ouvriers, Options(suivi))
    if prevu.a_faire:
        page = rendre_compte(config, bilan)
        click.echo("\n".join(en_texte(bilan)), err=bool(bilan.code))
    if bilan.code:
        if prevu.a_faire:
            click.echo(f"Bilan : {page}", err=True)
        else:
            click.echo(f"Campagne incomplète. {bilan.suspens}", err=True)
        raise click.exceptions.Exit(bilan.code)
    return bilan


def _resumer(prevu: Plan, processus: int) -> str:
    if not prevu.lignes:
        return "Rien à faire : aucun document ne répond à ces options."
    secondes, a_faire = prevu.duree(processus), len(prevu.a_faire)
    combien = f"{len(prevu.lignes)} document{'s' if len(prevu.lignes) > 1 else ''}"
    if not a_faire:
        return f"{combien} : tout est à jour."
    duree = "durée inconnue" if secondes is None else f"environ {_en_temps(secondes)}"
    return f"{combien} : {a_faire} à refaire, {duree} à {processus} en même temps."


def _en_temps(secondes: float) -> str:
    minutes, reste = divmod(round(secondes), 60)
    return f"{minutes} min {reste:02d} s" if minutes else f"{max(reste, 1)} s"


def _processus() -> int:
    from observatoire.publication.moteur.executeurs import processus_par_defaut

    return processus_par_defaut()
