"""Le groupe de commandes, et ce qu'elles partagent : l'erreur en français, la date, le chemin montré."""

from __future__ import annotations

import datetime as dt
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from click.exceptions import NoArgsIsHelpError

from observatoire import __version__
from observatoire.cli.langue import parler_francais
from observatoire.erreurs import ObservatoireError, raison_du_systeme, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from observatoire.config import Config

parler_francais()

_EXEMPLE = re.compile(r"Exemples? :\s+(observatoire .+)")


class _FauteDEmploi(click.ClickException):
    """Une commande mal écrite : elle n'a rien fait."""

    exit_code = 2


@contextmanager
def _en_francais(ctx: click.Context) -> Iterator[None]:
    """Dit une faute d'emploi comme les autres erreurs : un constat, puis un remède."""
    try:
        yield
    except NoArgsIsHelpError:
        raise  # sans argument, un groupe montre son aide
    except click.UsageError as erreur:
        constat = _constat(erreur)
        if "\n→ " not in constat:  # l'erreur peut avoir apporté son remède
            constat = f"{constat}\n→ {_remede(erreur, erreur.ctx or ctx)}"
        raise _FauteDEmploi(constat) from erreur


def _constat(erreur: click.UsageError) -> str:
    if isinstance(erreur, (click.NoSuchOption, click.NoSuchCommand)):
        return erreur.message  # sans les mots proches : ils sont le remède
    if isinstance(erreur, click.BadParameter) and erreur.param:
        option = isinstance(erreur.param, click.Option)
        erreur.param_hint = max(erreur.param.opts, key=len) if option else erreur.param.human_readable_name
    return erreur.format_message()


def _remede(erreur: click.UsageError, ctx: click.Context) -> str:
    if isinstance(erreur, (click.NoSuchOption, click.NoSuchCommand)) and erreur.possibilities:
        return f"Vouliez-vous dire : {', '.join(erreur.possibilities)} ?"
    aide = f"Lire « {ctx.command_path} --help »."
    exemple = _EXEMPLE.search(ctx.command.help or "")
    return f"Par exemple : {exemple[1]}\n  {aide}" if exemple else aide


class Choix(click.Choice[str]):
    """Une valeur prise dans une liste ; une autre est refusée avec la plus proche."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Le constat et son remède."""
        return f"« {value} ».\n→ {suggestion(str(value), self.choices)}"


class _Commande(click.Command):
    """Une commande, dont les fautes d'emploi se disent en français."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _en_francais(ctx):
            return super().parse_args(ctx, args)


class _Groupe(_Commande, click.Group):
    """Affiche une erreur attendue sans pile d'appels."""

    command_class = _Commande
    group_class = type  # un groupe du groupe est fait comme lui

    def __init__(self, *arguments: Any, **options: Any) -> None:
        options.setdefault("subcommand_metavar", "COMMANDE [ARGUMENTS]...")
        super().__init__(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _en_francais(ctx):
                return super().invoke(ctx)
        except ObservatoireError as erreur:
            raise click.ClickException(str(erreur)) from erreur
        except BrokenPipeError:
            raise  # le lecteur de la sortie (« | head ») est parti : click s'arrête sans rien dire
        except OSError as erreur:
            # disque plein, droits manquants : rien n'a été remplacé, le système dit pourquoi
            message = f"{raison_du_systeme(erreur)} : {erreur.filename or 'écriture interrompue'}"
            raise click.ClickException(
                f"{message}\n→ Vérifier la place et les droits, puis relancer."
            ) from erreur


@click.group("observatoire", cls=_Groupe, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="observatoire")
def cli() -> None:
    """De la source reçue à la fiche publiée."""


def jour(texte: str | None) -> dt.date:
    """Lit une date ; sans texte, aujourd'hui."""
    if texte is None:
        return dt.datetime.now(tz=dt.UTC).date()
    try:
        return dt.date.fromisoformat(texte)
    except ValueError:
        raise ObservatoireError(f"Date illisible : « {texte} ».", "Écrire AAAA-MM-JJ.") from None


def montrer_scelles(config: Config, scelles: list[tuple[Path, bool]]) -> None:
    """Écrit une ligne par fichier scellé."""
    for chemin, nouveau in scelles:
        etat = "scellé" if nouveau else "déjà là"
        click.echo(f"{etat:<8} {chemin.relative_to(config.racine)}")
