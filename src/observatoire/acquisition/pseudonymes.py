"""Le pseudonyme d'une personne : une empreinte à clé, calculée à l'entrée, sans retour possible."""

from __future__ import annotations

import base64
import hmac
import os
import secrets
import tempfile
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from observatoire.erreurs import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

OCTETS = 32


def chemin_cle() -> Path:
    """Rend le chemin de la clé : `OBSERVATOIRE_CLE`, sinon le dossier de configuration du compte.

    La clé reste hors du dépôt et hors de `data` : qui n'a que les tables ne peut rien rejouer.
    """
    if impose := os.environ.get("OBSERVATOIRE_CLE"):
        return Path(impose)
    dossier = os.environ.get("XDG_CONFIG_HOME")
    return (Path(dossier) if dossier else Path.home() / ".config") / "observatoire" / "cle_pseudonymes"


def creer_cle(chemin: Path) -> bool:
    """Crée une clé de 256 bits lisible du seul propriétaire ; une clé existante n'est jamais touchée.

    Returns:
        `True` si la clé vient d'être créée.
    """
    chemin.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descripteur, provisoire = tempfile.mkstemp(dir=chemin.parent, prefix=".cle.")  # mode 0600
    try:
        with os.fdopen(descripteur, "wb") as flux:
            flux.write(secrets.token_bytes(OCTETS))
            flux.flush()
            os.fsync(flux.fileno())
        os.link(provisoire, chemin)  # refuse d'écraser, même si deux créations se croisent
    except FileExistsError:
        return False
    finally:
        Path(provisoire).unlink()
    return True


def lire_cle(chemin: Path) -> bytes:
    """Lit la clé et refuse celle que d'autres comptes peuvent lire.

    Raises:
        ConfigError: clé absente, lisible par d'autres, ou d'une autre longueur.
    """
    try:
        droits, cle = chemin.stat().st_mode, chemin.read_bytes()
    except OSError:
        raise ConfigError(
            f"La clé des pseudonymes est illisible : {chemin}.",
            "La remettre à cet endroit, ou désigner son chemin par OBSERVATOIRE_CLE. Une autre clé donnerait "
            "d'autres pseudonymes.",
        ) from None
    if droits & 0o077:
        raise ConfigError(
            f"La clé des pseudonymes est lisible par d'autres comptes : {chemin}.",
            f"La réserver à son propriétaire : chmod 600 {chemin}",
        )
    if len(cle) != OCTETS:
        raise ConfigError(
            f"La clé des pseudonymes compte {len(cle)} octets au lieu de {OCTETS} : {chemin}.",
            "La remettre depuis sa copie de sauvegarde.",
        )
    return cle


def pseudonymiser(identites: pd.DataFrame, cle: bytes) -> pd.Series[str]:
    """Rend le pseudonyme de chaque ligne, vide si rien n'identifie la personne.

    Nom, prénom et date de naissance font l'identité : la même personne suivie par deux structures
    garde un seul pseudonyme, quels que soient les accents, la casse et les traits d'union. S'il en
    manque un, l'identifiant du logiciel prend le relais et ne vaut que dans sa structure.
    L'empreinte est un HMAC-SHA-256 tronqué à 128 bits, en base 32.

    Args:
        identites: colonnes texte `nom`, `prenom`, `naissance` (AAAA-MM-JJ) et `repli`
            (source, structure et identifiant) ; chacune peut être vide.
        cle: la clé secrète.
    """
    nom, prenom = (_par_valeur(identites[colonne], _lettres) for colonne in ("nom", "prenom"))
    complete = "identite|" + nom + "|" + prenom + "|" + identites["naissance"]
    return _par_valeur(
        complete.fillna("identifiant|" + identites["repli"]), lambda message: _empreinte(cle, message)
    )


def _par_valeur(textes: pd.Series[str], calcul: Callable[[str], str | None]) -> pd.Series[str]:
    """Applique un calcul une fois par valeur distincte ; le vide reste vide."""
    rangs, distincts = pd.factorize(textes)
    calcules = pd.array([calcul(texte) for texte in distincts.astype(object)], dtype="string")
    return pd.Series(calcules.take(rangs, allow_fill=True), index=textes.index)


def _lettres(texte: str) -> str | None:
    """Rend les seules lettres, en majuscules et sans accent, s'il y en a.

    >>> _lettres("d'Été-Noël ")
    'DETENOEL'
    """
    decompose = unicodedata.normalize("NFKD", texte).upper()
    return "".join(lettre for lettre in decompose if lettre.isalpha()) or None


def _empreinte(cle: bytes, message: str) -> str:
    empreinte = hmac.digest(cle, message.encode(), "sha256")[:16]
    return base64.b32encode(empreinte).decode().rstrip("=")
