"""Ce qui dit qu'un fichier téléchargé est bien celui qui est publié : type, début, taille, empreinte."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from typing import TYPE_CHECKING, NoReturn

from observatoire.erreurs import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_BOUTS: dict[str, tuple[tuple[bytes, ...], tuple[bytes, ...]]] = {
    "json": ((b"{", b"["), (b"}", b"]")),
    "xml": ((b"<",), (b">",)),
    "parquet": ((b"PAR1",), (b"PAR1",)),
    "xlsx": ((b"PK\x03\x04",), ()),
    "csv": ((), ()),
}
FORMATS = tuple(_BOUTS)
_BLANCS = b"\xef\xbb\xbf \t\r\n"
_PAGE = re.compile(rb"<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_TYPES_REFUSES = ("text/html", "application/xhtml", "image/", "video/", "audio/", "multipart/")
_OCTETS_DES_BOUTS = 512
_EMPREINTE_ENTETE = re.compile(r"(?:^|,)\s*(sha-256|sha-512|md5)=:?([A-Za-z0-9+/=]+):?", re.IGNORECASE)
_ALGORITHMES = {"sha-256": "sha256", "sha-512": "sha512", "md5": "md5"}


def verifier_type(nom: str, entetes: Mapping[str, str]) -> None:
    """Refuse une page, une image, ou un contenu compressé à la volée : on n'en a pas demandé.

    Raises:
        SourceError: le serveur annonce autre chose qu'un fichier de données.
    """
    annonce = entetes.get("content-type", "").lower()
    if annonce.startswith(_TYPES_REFUSES):
        _refuser(nom, f"le serveur envoie « {annonce[:40]} » au lieu de données")
    codage = entetes.get("content-encoding", "identity").lower()
    if codage not in ("", "identity"):
        _refuser(nom, f"le serveur envoie un contenu compressé ({codage[:20]}) qui n'a pas été demandé")


def verifier_bouts(nom: str, fichier: Path) -> None:
    """Refuse un fichier qui ne commence pas, ou ne finit pas, comme ceux de son extension.

    Raises:
        SourceError: une page d'erreur, un autre format, ou un fichier tronqué.
    """
    with fichier.open("rb") as flux:
        debut = flux.read(_OCTETS_DES_BOUTS).lstrip(_BLANCS)
        flux.seek(-min(fichier.stat().st_size, _OCTETS_DES_BOUTS), os.SEEK_END)
        fin = flux.read().rstrip(_BLANCS)
    debuts, fins = _BOUTS[nom.rsplit(".", 1)[-1]]
    if not debut or _PAGE.search(debut) or (debuts and not debut.startswith(debuts)):
        _refuser(nom, "le contenu reçu n'est pas celui de ce format (page d'erreur ?)")
    if fins and not fin.endswith(fins):
        _refuser(nom, "le fichier reçu est tronqué")


def verifier_fichier(
    nom: str, fichier: Path, entetes: Mapping[str, str], sha256: str | None, *, entier: bool
) -> str:
    """Compare un fichier entier aux empreintes connues et rend son SHA-256.

    Args:
        nom: le fichier, dans les messages.
        fichier: les octets reçus.
        entetes: ceux de la dernière réponse (`Repr-Digest`, `Digest`, `Content-Digest`, `Content-MD5`).
        sha256: l'empreinte déclarée dans observatoire.toml, si elle l'est.
        entier: la réponse portait tout le fichier, et pas seulement sa fin.

    Raises:
        SourceError: une empreinte ne correspond pas.
    """
    attendues = list(_empreintes_annoncees(entetes, entier=entier))
    calculees = {algorithme: _empreinte(fichier, algorithme) for algorithme in {a for a, _ in attendues}}
    calculees["sha256"] = calculees.get("sha256") or _empreinte(fichier, "sha256")
    if sha256 and calculees["sha256"].hex() != sha256.lower():
        _refuser(nom, "l'empreinte SHA-256 n'est pas celle déclarée dans observatoire.toml")
    for algorithme, valeur in attendues:
        if calculees[algorithme] != valeur:
            _refuser(nom, f"l'empreinte annoncée par le serveur ({algorithme}) ne correspond pas")
    return calculees["sha256"].hex()


def _empreintes_annoncees(entetes: Mapping[str, str], *, entier: bool) -> list[tuple[str, bytes]]:
    """Rend les empreintes annoncées ; celles du contenu ne valent que si la réponse porte tout."""
    noms = ["repr-digest", "digest", *(["content-digest"] if entier else [])]
    textes = [trouve for nom in noms for trouve in _EMPREINTE_ENTETE.findall(entetes.get(nom, ""))]
    if entier and "content-md5" in entetes:
        textes.append(("md5", entetes["content-md5"].strip()))
    return [(_ALGORITHMES[algorithme.lower()], _base64(texte)) for algorithme, texte in textes]


def _base64(texte: str) -> bytes:
    try:
        return base64.b64decode(texte, validate=True)
    except ValueError:
        return b""


def _empreinte(fichier: Path, algorithme: str) -> bytes:
    with fichier.open("rb") as flux:
        return hashlib.file_digest(flux, lambda: hashlib.new(algorithme, usedforsecurity=False)).digest()


def _refuser(nom: str, constat: str) -> NoReturn:
    raise SourceError(
        f"{nom} : {constat}.",
        "Rien n'est gardé. Vérifier l'adresse dans observatoire.toml, ou réessayer plus tard.",
    )
