"""Le téléchargement des sources ouvertes : avec `routine.messages`, seul à ouvrir une connexion.

Rien n'arrive à sa place avant d'être entier et vérifié : un téléchargement interrompu reste dans un
fichier `.partiel`, repris au prochain essai si le serveur dit que le fichier n'a pas changé.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx

from observatoire import __version__
from observatoire.acquisition.integrite import FORMATS, verifier_bouts, verifier_fichier, verifier_type
from observatoire.erreurs import ConfigError, SourceError, suggestion

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from observatoire.config import Config

_ESSAIS = 5
_REDIRECTIONS = 5
_OCTETS_MAXIMUM = 4_000_000_000
_ATTENTE_MAXIMUM_SECONDES = 120
_DELAIS = httpx.Timeout(60, connect=20)
_DUREE_MAXIMUM_SECONDES = 4 * 3600
_PASSAGERS = (408, 429, 500, 502, 503, 504)
_REDIRIGES = (301, 302, 303, 307, 308)
_CLES = ("url", "fichier", "hotes", "sha256", "octets_maximum")


@dataclass(frozen=True, slots=True)
class Adresse:
    """Un fichier déclaré dans `[[sources.<nom>.telechargement]]`.

    `hotes` sont ceux vers qui l'adresse a le droit de rediriger, outre le sien.
    """

    url: httpx.URL
    fichier: str
    hotes: frozenset[str]
    sha256: str | None
    octets_maximum: int


@dataclass(frozen=True, slots=True)
class Recu:
    """Un fichier arrivé entier et vérifié."""

    chemin: Path
    octets: int
    sha256: str


class _PassagerError(Exception):
    """Un incident passager : réessayer dans `attente` secondes, ou au rythme habituel."""

    def __init__(self, constat: str, attente: float | None = None) -> None:
        super().__init__(constat)
        self.attente = attente


class _Partiel:
    """Un téléchargement commencé : ses octets, et la version du fichier dont ils viennent."""

    def __init__(self, destination: Path) -> None:
        self.chemin = destination.with_name(destination.name + ".partiel")
        self._temoin = destination.with_name(destination.name + ".version")
        self.version = self._temoin.read_text("ascii") if self._temoin.exists() else ""

    @property
    def octets(self) -> int:
        return self.chemin.stat().st_size if self.chemin.exists() else 0

    def commencer(self, version: str) -> None:
        """Repart de rien, pour cette version ; sans version, la suite ne pourra pas être reprise."""
        self.vider()
        self.version = version
        if version:
            self._temoin.write_text(version, encoding="ascii")

    def vider(self) -> None:
        self.version = ""
        self.chemin.unlink(missing_ok=True)
        self._temoin.unlink(missing_ok=True)

    def placer(self, destination: Path) -> None:
        os.replace(self.chemin, destination)
        self._temoin.unlink(missing_ok=True)


def choisir(config: Config, nom_source: str, fichiers: Sequence[str] = ()) -> list[Adresse]:
    """Rend les fichiers que la source déclare pouvoir télécharger, tous ou ceux qui sont nommés.

    Raises:
        ConfigError: source inconnue, sans adresse, adresse mal déclarée, ou fichier non déclaré.
    """
    config.source(nom_source)
    blocs = config.reglages["sources"][nom_source].get("telechargement")
    ou = f"[[sources.{nom_source}.telechargement]]"
    if not isinstance(blocs, list) or not blocs:
        raise ConfigError(
            f"La source « {nom_source} » n'a pas d'adresse de téléchargement.",
            f"Elle se reçoit autrement (« observatoire importer »), ou se déclare dans {ou}.",
        )
    declarees = {adresse.fichier: adresse for adresse in (_adresse(ou, bloc) for bloc in blocs)}
    for fichier in fichiers:
        if fichier not in declarees:
            raise ConfigError(f"{ou} : « {fichier} » n'y est pas.", suggestion(fichier, declarees))
    return [declarees[fichier] for fichier in fichiers or declarees]


def _adresse(ou: str, bloc: dict[str, Any]) -> Adresse:
    if inconnues := [cle for cle in bloc if cle not in _CLES]:
        raise ConfigError(f"{ou} : « {inconnues[0]} » inconnu.", f"Clés admises : {', '.join(_CLES)}.")
    fichier, sha256 = str(bloc.get("fichier", "")), bloc.get("sha256")
    if not re.fullmatch(rf"\w[\w.-]*\.({'|'.join(FORMATS)})", fichier, re.ASCII):
        raise ConfigError(f"{ou} : fichier « {fichier} » refusé.", f"Extensions : {', '.join(FORMATS)}.")
    if sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", str(sha256), re.ASCII):
        raise ConfigError(f"{ou} : sha256 illisible.", "Écrire 64 chiffres hexadécimaux, ou rien.")
    octets_maximum, hotes = bloc.get("octets_maximum", _OCTETS_MAXIMUM), bloc.get("hotes", [])
    if type(octets_maximum) is not int or not isinstance(hotes, list):
        raise ConfigError(f"{ou} : réglage illisible.", 'Écrire octets_maximum = 1000, hotes = ["hôte"].')
    url = _url(ou, bloc)
    return Adresse(url, fichier, frozenset({url.host, *map(str, hotes)}), sha256, octets_maximum)


def _url(ou: str, bloc: dict[str, Any]) -> httpx.URL:
    try:
        url = httpx.URL(str(bloc.get("url", "")))
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme != "https" or not url.host or url.userinfo:
        raise ConfigError(f"{ou} : url refusée.", "Écrire https://hôte/chemin, sans nom d'utilisateur.")
    return url


def telecharger(
    config: Config,
    nom_source: str,
    adresse: Adresse,
    *,
    certificats: ssl.SSLContext | None = None,
    attendre: Callable[[float], None] = time.sleep,
    suivi: Callable[[int], None] = lambda _: None,
) -> Recu:
    """Télécharge un fichier dans `data/arrivees/<source>/`, ou reprend un téléchargement interrompu.

    Un incident passager (coupure, serveur saturé) est réessayé cinq fois, au rythme que le serveur
    demande, sinon de plus en plus lentement. Un fichier déjà arrivé n'est remplacé que par un
    fichier entier et vérifié.

    Args:
        config: le dossier de travail.
        nom_source: la source.
        adresse: le fichier déclaré.
        certificats: les autorités reconnues ; celles du poste par défaut.
        attendre: comment attendre, en secondes.
        suivi: reçoit le nombre d'octets arrivés, à chaque bloc.

    Raises:
        SourceError: adresse qui ne répond pas, ou qui rend autre chose que le fichier attendu.
    """
    destination = config.racine / "data" / "arrivees" / nom_source / adresse.fichier
    destination.parent.mkdir(parents=True, exist_ok=True)
    partiel = _Partiel(destination)
    entetes = {"User-Agent": _signature(config), "Accept-Encoding": "identity"}
    essai = 0
    with httpx.Client(verify=certificats or True, timeout=_DELAIS, headers=entetes) as client:
        while True:
            try:
                return _essayer(client, adresse, partiel, destination, suivi)
            except (httpx.TransportError, _PassagerError) as incident:
                essai += 1
                if essai == _ESSAIS or "CERTIFICATE_VERIFY_FAILED" in str(incident):
                    raise _abandon(adresse, incident) from None
                demande = getattr(incident, "attente", None)
                attendre(2.0**essai if demande is None else demande)


def _signature(config: Config) -> str:
    """Rend le nom que voit le serveur : qui télécharge, et à qui écrire."""
    contact = str(config.reglages["observatoire"]["contact"]).encode("ascii", "ignore").decode()
    return f"observatoire-clauses-sociales/{__version__} ({contact})"


def _abandon(adresse: Adresse, incident: Exception) -> SourceError:
    raison = str(incident) if isinstance(incident, _PassagerError) else "connexion impossible ou coupée"
    if "CERTIFICATE_VERIFY_FAILED" in str(incident):
        raison = "certificat du serveur refusé"
    return SourceError(
        f"{adresse.fichier} : {adresse.url.host} ne répond pas comme attendu ({raison}).",
        "Relancer la commande plus tard : ce qui est arrivé sera repris. Sinon, vérifier l'adresse.",
    )


def _essayer(
    client: httpx.Client,
    adresse: Adresse,
    partiel: _Partiel,
    destination: Path,
    suivi: Callable[[int], None],
) -> Recu:
    """Fait une demande, écrit ce qui arrive, et met le fichier à sa place s'il est entier et vérifié."""
    with _repondre(client, adresse, partiel) as reponse:
        _refuser_le_statut(adresse, reponse, partiel)
        try:
            verifier_type(adresse.fichier, reponse.headers)
            reprise = _reprendre_ou_repartir(reponse, partiel)
            _ecrire(adresse, reponse, partiel, suivi)
            verifier_bouts(adresse.fichier, partiel.chemin)
            sha256 = verifier_fichier(
                adresse.fichier, partiel.chemin, reponse.headers, adresse.sha256, entier=not reprise
            )
        except SourceError:
            partiel.vider()
            raise
    recu = Recu(destination, partiel.octets, sha256)
    partiel.placer(destination)
    return recu


@contextmanager
def _repondre(client: httpx.Client, adresse: Adresse, partiel: _Partiel) -> Iterator[httpx.Response]:
    """Rend la réponse de l'adresse, après ses redirections ; chacune est vérifiée avant d'être suivie."""
    entetes = {}
    if partiel.octets and partiel.version:
        entetes = {"Range": f"bytes={partiel.octets}-", "If-Range": partiel.version}
    url = adresse.url
    for _ in range(_REDIRECTIONS + 1):
        with client.stream("GET", url, headers=entetes) as reponse:
            if reponse.status_code not in _REDIRIGES:
                yield reponse
                return
            url = _suivante(adresse, url, reponse.headers.get("location", ""))
    raise _refus(adresse, "trop de redirections")


def _suivante(adresse: Adresse, url: httpx.URL, lieu: str) -> httpx.URL:
    suivante = url.join(lieu)
    if suivante.scheme != "https":
        raise _refus(adresse, "redirection hors de https")
    if suivante.host not in adresse.hotes or suivante.userinfo:
        raise _refus(adresse, f"redirection vers un hôte non déclaré ({suivante.host[:60]})")
    return suivante


def _refus(adresse: Adresse, constat: str) -> SourceError:
    return SourceError(
        f"{adresse.fichier} : {constat}.",
        "Vérifier l'adresse, et les « hotes » admis, dans observatoire.toml.",
    )


def _refuser_le_statut(adresse: Adresse, reponse: httpx.Response, partiel: _Partiel) -> None:
    statut = reponse.status_code
    if statut == 416:
        partiel.vider()
        raise _PassagerError("reprise refusée", attente=0)
    if statut in _PASSAGERS:
        raise _PassagerError(f"statut {statut}", _attente_demandee(adresse, reponse))
    if statut not in (200, 206):
        raise _refus(adresse, f"le serveur répond {statut} ({reponse.reason_phrase[:40]})")


def _attente_demandee(adresse: Adresse, reponse: httpx.Response) -> float | None:
    """Rend le nombre de secondes de `Retry-After`, écrit en secondes ou en date."""
    texte = reponse.headers.get("retry-after", "")
    if texte.isascii() and texte.isdigit():
        secondes = float(texte[:9])
    else:
        try:
            ecart = parsedate_to_datetime(texte) - dt.datetime.now(tz=dt.UTC)
        except (ValueError, TypeError):
            return None
        secondes = max(0.0, ecart.total_seconds())
    if secondes > _ATTENTE_MAXIMUM_SECONDES:
        raise SourceError(
            f"{adresse.fichier} : {adresse.url.host} demande d'attendre {secondes / 60:.0f} minutes.",
            "Relancer la commande plus tard : ce qui est arrivé sera repris.",
        )
    return secondes


def _reprendre_ou_repartir(reponse: httpx.Response, partiel: _Partiel) -> bool:
    """Dit si la réponse est la suite de ce qui est arrivé ; sinon, repart de rien.

    Seule une version forte (`ETag` sans `W/`) permet de reprendre, à défaut la date du fichier.
    """
    etag = reponse.headers.get("etag", "")
    version = etag if etag.startswith('"') else reponse.headers.get("last-modified", "")
    version = version if version.isascii() else ""
    if reponse.status_code == 200:
        partiel.commencer(version)
        return False
    suite = reponse.headers.get("content-range", "").startswith(f"bytes {partiel.octets}-")
    if not partiel.version or not suite or version not in ("", partiel.version):
        partiel.vider()
        raise _PassagerError("suite incohérente", attente=0)
    return True


def _ecrire(
    adresse: Adresse, reponse: httpx.Response, partiel: _Partiel, suivi: Callable[[int], None]
) -> None:
    """Ajoute les octets reçus au fichier partiel, dans les limites de taille et de durée."""
    total = partiel.octets
    annonce = reponse.headers.get("content-length", "")
    if total + (int(annonce[:18]) if annonce.isascii() and annonce.isdigit() else 0) > adresse.octets_maximum:
        raise _trop_lourd(adresse)
    fin = time.monotonic() + _DUREE_MAXIMUM_SECONDES
    with partiel.chemin.open("ab") as flux:
        for bloc in reponse.iter_raw():
            total += len(bloc)
            if total > adresse.octets_maximum:
                raise _trop_lourd(adresse)
            if time.monotonic() > fin:
                raise _PassagerError("téléchargement trop lent")
            flux.write(bloc)
            suivi(total)
        flux.flush()
        os.fsync(flux.fileno())
    publie = reponse.headers.get("content-range", "").rpartition("/")[2]
    if publie not in ("", "*", str(total)):
        partiel.vider()
        raise _PassagerError("taille différente de celle annoncée", attente=0)


def _trop_lourd(adresse: Adresse) -> SourceError:
    return _refus(adresse, f"plus de {adresse.octets_maximum / 1e6:.0f} Mo")
