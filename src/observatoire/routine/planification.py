"""La planification livrée : unité et minuterie systemd, ligne de crontab, intégration continue.

Les modèles sont avec les autres gabarits, dans `report_templates/planification` : l'équipe les relit et les
change sans toucher au code, et le même essai vérifie leur en-tête.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.erreurs import ConfigError

if TYPE_CHECKING:
    from observatoire.config import Config

GENRES = {
    "systemd": ("observatoire.service", "observatoire.timer"),
    "cron": ("crontab",),
    "ci": ("routine.yml",),
}


def composer(
    config: Config, genre: str, *, utilisateur: str = "", commande: Path | None = None
) -> dict[str, str]:
    """Rend les fichiers d'une planification : nom, contenu.

    Args:
        config: le dossier de travail.
        genre: une clé de `GENRES`.
        utilisateur: pour une unité du système, le compte sous lequel elle tourne ; vide, l'unité du compte.
        commande: le programme `observatoire` ; par défaut celui de cet environnement.

    Raises:
        ConfigError: compte mal écrit, chemin impossible à écrire dans une unité, programme introuvable.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    if utilisateur and not re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", utilisateur):
        raise ConfigError(f"Nom de compte refusé : « {utilisateur} ».", "Minuscules, chiffres, - et _.")
    programme = commande or _commande()
    for chemin in (config.racine, programme):
        if not str(chemin).isprintable() or set(str(chemin)) & set("\"'\\$"):
            raise ConfigError(
                f"Le chemin {str(chemin)!r} ne peut pas être planifié.",
                "Déplacer le projet dans un dossier sans guillemet, apostrophe, $ ni barre inverse.",
            )
    environnement = Environment(
        loader=FileSystemLoader(config.racine / "report_templates" / "planification"),
        autoescape=False,  # ni page ni donnée reçue : des chemins, échappés par les filtres
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environnement.filters |= {"argument": _argument, "cron": _cron, "json": json.dumps}
    systemd = genre == "systemd"
    contexte = {
        "racine": str(config.racine).replace("%", "%%") if systemd else str(config.racine),
        "commande": str(programme).replace("%", "%%") if systemd else str(programme),
        "utilisateur": utilisateur,
    }
    return {nom: environnement.get_template(f"{nom}.j2").render(contexte) for nom in GENRES[genre]}


def destinations(config: Config, genre: str) -> list[Path]:
    """Rend où s'installent les fichiers d'une planification, dans l'ordre de `composer`.

    Raises:
        ConfigError: ce genre ne s'installe pas d'ici.
    """
    if genre == "systemd":
        dossier = os.environ.get("XDG_CONFIG_HOME")
        unites = (Path(dossier) if dossier else Path.home() / ".config") / "systemd" / "user"
        return [unites / nom for nom in GENRES[genre]]
    if genre == "ci":
        return [config.racine / ".github" / "workflows" / nom for nom in GENRES[genre]]
    raise ConfigError("Une crontab ne s'installe pas d'ici.", "Coller la ligne par « crontab -e ».")


def _commande() -> Path:
    voisine = Path(sys.executable).with_name("observatoire")
    if voisine.is_file():
        return voisine
    if trouvee := shutil.which("observatoire"):
        return Path(trouvee).absolute()
    raise ConfigError("Le programme « observatoire » est introuvable.", "Lancer « make env ».")


def _argument(chemin: str) -> str:
    """Écrit un chemin comme un seul mot d'une ligne d'unité.

    >>> _argument("/srv/mon observatoire/data")
    '"/srv/mon observatoire/data"'
    """
    return f'"{chemin}"'


def _cron(chemin: str) -> str:
    r"""Écrit un chemin comme un seul mot d'une ligne de crontab.

    >>> print(_cron("/srv/100 %"))
    '/srv/100 \%'
    """
    return shlex.quote(chemin).replace("%", "\\%")
