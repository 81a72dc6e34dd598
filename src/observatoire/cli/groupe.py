"""Le groupe de commandes, et ce qu'elles partagent : l'erreur en français, la date, le chemin montré."""

from __future__ import annotations

import datetime as dt
from typing import IO, TYPE_CHECKING, Any

import click

from observatoire import __version__
from observatoire.erreurs import ObservatoireError, raison_du_systeme

if TYPE_CHECKING:
    from pathlib import Path

    from observatoire.config import Config


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
        except BrokenPipeError:
            raise  # le lecteur de la sortie (« | head ») est parti : click s'arrête sans rien dire
        except OSError as erreur:
            # disque plein, droits manquants : rien n'a été remplacé, le système dit pourquoi
            message = f"{raison_du_systeme(erreur)} : {erreur.filename or 'écriture interrompue'}"
            raise _Attendue(f"{message}\n→ Vérifier la place et les droits, puis relancer.") from erreur


@click.group(cls=_Groupe, context_settings={"help_option_names": ["-h", "--help"]})
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
