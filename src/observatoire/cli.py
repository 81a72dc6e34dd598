"""La ligne de commande : lire les arguments, appeler une fonction, imprimer une ligne par résultat."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import IO, Any

import click

from observatoire import __version__
from observatoire.config import Config
from observatoire.erreurs import ObservatoireError
from observatoire.perimetre import Periode, Territoire


class _Attendue(click.ClickException):
    """Une erreur attendue, écrite en français sur la sortie d'erreur."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"Erreur : {self.message}", file=file, err=file is None)


class _Groupe(click.Group):
    """Affiche une erreur attendue sans pile d'appels."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ObservatoireError as erreur:
            raise _Attendue(str(erreur)) from erreur
        except OSError as erreur:
            # disque plein, droits manquants : rien n'a été remplacé, le système dit pourquoi
            message = f"{erreur.strerror or erreur} : {erreur.filename or 'écriture interrompue'}"
            raise _Attendue(f"{message}\n→ Vérifier la place et les droits, puis relancer.") from erreur


@click.group(cls=_Groupe, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="observatoire")
def cli() -> None:
    """De la source reçue à la fiche publiée."""


@cli.command()
@click.option(
    "--echelle", default=1.0, show_default=True, help="Multiplie les volumes (1 : la région réelle)."
)
@click.option("--jusqu-a", help="Dernier trimestre écrit (AAAA-Tn) ; par défaut celui de observatoire.toml.")
@click.option("--graine", type=int, help="Graine du tirage ; par défaut celle de observatoire.toml.")
def exemple(echelle: float, jusqu_a: str | None, graine: int | None) -> None:
    """Écrit des données fictives dans data/raw.

    Une Île-de-France entière, dans les formats où arrivent les sources réelles.
    Crée aussi la clé de pseudonymisation si elle n'existe pas.
    """
    from observatoire.acquisition.exemple import ecrire_exemple

    config = Config.charger()
    dernier = Periode.lire(jusqu_a) if jusqu_a else None
    _montrer_scelles(
        config, ecrire_exemple(config, echelle=echelle, dernier_trimestre=dernier, graine=graine)
    )


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
        date_extraction=_jour(date),
        titre=titre,
        producteur=producteur,
        licence=licence,
    )
    _montrer_scelles(config, scelles)


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
    extraction = _jour(date)
    chemins = []
    for adresse in choisir(config, source, fichiers):
        click.echo(f"demandé  {adresse.url}")
        recu = telecharger(config, source, adresse, suivi=_avancer)
        relatif = recu.chemin.relative_to(config.racine)
        click.echo(f"reçu     {relatif}  {recu.octets / 1e6:.1f} Mo  sha256 {recu.sha256}")
        chemins.append(recu.chemin)
    if a_importer:
        _montrer_scelles(config, sceller(config, source, chemins, date_extraction=extraction))
    else:
        click.echo(f"Pour importer : observatoire importer {source} data/arrivees/{source}/*")


@cli.command()
@click.argument("fichier", type=click.Path(path_type=Path))
@click.option(
    "--genre",
    default="suivi",
    show_default=True,
    type=click.Choice(["suivi", "enquetes", "grands_projets", "structures", "entreprises"]),
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
@click.option(
    "--malgre", default="", help="Passe outre un seuil de qualité franchi ; la raison est inscrite."
)
def construire(malgre: str) -> None:
    """Reconstruit les tables et les indicateurs.

    Une source qui a trop de lignes écartées, ou dont la livraison a perdu trop de lignes, arrête tout.

    Exemple : observatoire construire --malgre "logiciel B arrêté en septembre, confirmé le 3 octobre"
    """
    from observatoire.chaine import construire as executer
    from observatoire.magasin import Magasin
    from observatoire.qualite.decisions import inscrire

    config = Config.charger()
    executer(
        config,
        lambda fait: click.echo(
            f"{fait.etape:<12} {sum(fait.lignes.values()):>10} lignes  {fait.secondes:6.1f} s"
        ),
        malgre,
    )
    if journal := inscrire(config, _jour(None)):
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


@cli.command()
@click.argument("periode")
@click.option("--date", "date", help="Jour de la diffusion (AAAA-MM-JJ) ; par défaut aujourd'hui.")
@click.option("--erratum", default="", help="La faute corrigée ; inscrite, elle lève le calendrier.")
def diffuser(periode: str, date: str | None, erratum: str) -> None:
    """Inscrit une édition au registre des diffusions.

    PERIODE est un trimestre, ou une année pour l'édition annuelle. À lancer quand l'édition paraît : ce
    qui y est caché le reste, ce qui y est publié ne change plus que selon le calendrier des révisions.

    Exemple : observatoire diffuser 2026-T3 --date 2026-11-14
    """
    from observatoire.indicateurs.diffusions import diffuser as inscrire

    ligne = inscrire(Config.charger(), Periode.lire(periode), _jour(date), erratum=erratum)
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
def cle() -> None:
    """Crée la clé de pseudonymisation.

    Hors du dépôt, lisible de vous seul ; une clé existante n'est jamais remplacée.
    """
    from observatoire.acquisition.pseudonymes import chemin_cle, creer_cle

    chemin = chemin_cle()
    click.echo(f"{'Clé créée' if creer_cle(chemin) else 'Clé déjà présente'} : {chemin}")


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


def _avancer(octets: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{octets / 1e6:9.0f} Mo ", nl=False, err=True)


def _jour(texte: str | None) -> dt.date:
    if texte is None:
        return dt.datetime.now(tz=dt.UTC).date()
    try:
        return dt.date.fromisoformat(texte)
    except ValueError:
        raise ObservatoireError(f"Date illisible : « {texte} ».", "Écrire AAAA-MM-JJ.") from None


def _montrer_scelles(config: Config, scelles: list[tuple[Path, bool]]) -> None:
    for chemin, nouveau in scelles:
        etat = "scellé" if nouveau else "déjà là"
        click.echo(f"{etat:<8} {chemin.relative_to(config.racine)}")


def main() -> None:
    """Point d'entrée de la commande `observatoire`."""
    # jsonschema importe rfc3987_syntax s'il est là : 1,5 s pour une vérification d'IRI jamais
    # demandée ici. L'absence simulée ne vaut que pour ce processus.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    cli()
