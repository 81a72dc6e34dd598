"""Les secrets de l'envoi : dans l'environnement, ou dans un fichier que seul son propriétaire lit.

Leurs variables contiennent le mot SECRET : l'environnement des notebooks ne les reçoit pas.
"""

from __future__ import annotations

import os
import stat
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.erreurs import ConfigError, suggestion

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_PREFIXE = "OBSERVATOIRE_SECRET_"
_FICHIER = "OBSERVATOIRE_SECRETS"


@dataclass(frozen=True, slots=True)
class Secrets:
    """Ce qui ne s'écrit nulle part : ni dans un journal, ni dans un message, ni dans un `repr`."""

    smtp_utilisateur: str = field(default="", repr=False)
    smtp_mot_de_passe: str = field(default="", repr=False)
    crochet_url: str = field(default="", repr=False)
    crochet_jeton: str = field(default="", repr=False)


def lire_secrets(environ: MutableMapping[str, str]) -> Secrets:
    """Lit les secrets, et retire leurs variables de l'environnement pour que rien n'en hérite.

    Le fichier est celui de `OBSERVATOIRE_SECRETS`, sinon celui que systemd fournit (`LoadCredential=`), sinon
    `~/.config/observatoire/secrets.toml` ; une variable `OBSERVATOIRE_SECRET_…` l'emporte sur lui.

    Raises:
        ConfigError: fichier lisible par d'autres, illisible, ou clé inconnue.
    """
    noms = [champ.name for champ in fields(Secrets)]
    lus = _lire_fichier(_chemin(environ), noms)
    for nom in noms:
        if valeur := environ.pop(f"{_PREFIXE}{nom.upper()}", ""):
            lus[nom] = valeur
    return Secrets(**lus)


def _chemin(environ: MutableMapping[str, str]) -> Path:
    if impose := environ.get(_FICHIER):
        return Path(impose)
    if fournis := environ.get("CREDENTIALS_DIRECTORY"):
        return Path(fournis) / "secrets.toml"
    dossier = environ.get("XDG_CONFIG_HOME")
    return (Path(dossier) if dossier else Path.home() / ".config") / "observatoire" / "secrets.toml"


def _lire_fichier(chemin: Path, noms: list[str]) -> dict[str, str]:
    try:
        with chemin.open("rb") as flux:
            if stat.S_IMODE(os.fstat(flux.fileno()).st_mode) & 0o077:
                raise ConfigError(
                    f"Le fichier des secrets est lisible par d'autres comptes : {chemin}.",
                    f"Le réserver à son propriétaire : chmod 600 {chemin}",
                )
            contenu = tomllib.load(flux)
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        # le message de l'erreur pourrait citer une ligne du fichier
        raise ConfigError(
            f"Le fichier des secrets est illisible : {chemin}.",
            'Écrire une ligne par secret : nom = "valeur".',
        ) from None
    for nom, valeur in contenu.items():
        if nom not in noms or not isinstance(valeur, str):
            raise ConfigError(f"{chemin.name} : « {nom} » inconnu ou mal écrit.", suggestion(nom, noms))
    return contenu
