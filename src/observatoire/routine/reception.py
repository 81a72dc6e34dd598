"""Recevoir une livraison : l'essayer à part, puis la sceller ; ou la refuser, avec la raison."""

from __future__ import annotations

import hashlib
import shutil
import stat
import tomllib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from observatoire.config import Config
from observatoire.controle.corrections import FICHIER as CORRECTIONS
from observatoire.erreurs import ConfigError, QualiteError, SourceError
from observatoire.routine.arrivees import fichiers, lisible, refuser, retirer
from observatoire.routine.bilan import CONNUE, EN_ATTENTE, REFUSEE, SCELLEE, Livraison, motif

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from pathlib import Path

    from observatoire.config import Source
    from observatoire.routine.arrivees import Prise

PROVENANCE = "provenance.toml"


def recevoir(config: Config, prise: Prise, aujourd_hui: dt.date) -> Livraison:
    """Scelle une livraison si elle se lit et passe les seuils de qualité, sinon la met de côté.

    Une configuration incomplète n'est pas la faute de la livraison : elle reste prise, et sera examinée
    au passage suivant. Interrompue à tout moment, la réception se reprend du début.

    Args:
        config: le dossier de travail.
        prise: la livraison.
        aujourd_hui: une livraison datée d'après ce jour est refusée.
    """
    from observatoire.acquisition.depot import sceller

    recus = fichiers(prise)
    faits = (prise.source, prise.date.isoformat(), len(recus))
    try:
        _refuser_l_inacceptable(prise, recus, aujourd_hui)
        if _deja_scellee(config, config.source(prise.source), prise, recus):
            retirer(prise)
            return Livraison(*faits, CONNUE)
        _essayer(config, prise, recus)
        sceller(config, prise.source, recus, date_extraction=prise.date)
    except ConfigError as erreur:
        return Livraison(*faits, EN_ATTENTE, motif(erreur), str(prise.dossier.relative_to(config.racine)))
    except (SourceError, QualiteError) as erreur:
        explication = refuser(config, prise, str(erreur))
        return Livraison(*faits, REFUSEE, motif(erreur), str(explication.relative_to(config.racine)))
    retirer(prise)
    return Livraison(*faits, SCELLEE, _depassee(config, config.source(prise.source), prise))


def defaire_un_scellement_interrompu(config: Config, prise: Prise) -> None:
    """Retire de `data/raw` les copies qu'un arrêt a laissées sans provenance.

    La livraison prise a toujours ces fichiers. Sans cela, le dépôt les verrait comme des fichiers jamais
    scellés, et plus rien ne pourrait être reçu.
    """
    dossier = config.raw / prise.source / prise.date.isoformat()
    scellees = _empreintes(dossier / PROVENANCE)
    for fichier in fichiers(prise):
        copie = dossier / fichier.name
        if copie.is_file() and stat.S_ISREG(fichier.lstat().st_mode):
            empreinte = _empreinte(copie)
            if empreinte not in scellees and empreinte == _empreinte(fichier):
                copie.unlink()


def _refuser_l_inacceptable(prise: Prise, recus: list[Path], aujourd_hui: dt.date) -> None:
    if prise.date > aujourd_hui:
        raise SourceError(
            f"La livraison est datée du {prise.date}, qui est à venir.", "Renommer son dossier, redéposer."
        )
    for fichier in recus:
        if not fichier.name.isprintable():
            raise SourceError(
                f"Le nom d'un fichier ne se lit pas : {lisible(fichier.name)}.",
                "Le renommer avec des lettres et des chiffres, le redéposer.",
            )
        if not stat.S_ISREG(fichier.lstat().st_mode):
            raise SourceError(
                f"{fichier.name} n'est pas un fichier ordinaire (lien, tube ou périphérique).",
                "Déposer le fichier lui-même.",
            )


def _deja_scellee(config: Config, source: Source, prise: Prise, recus: list[Path]) -> bool:
    """Dit si tout le contenu est déjà scellé.

    Raises:
        SourceError: une autre livraison, d'une source dont chacune remplace la précédente, a cette date.
    """
    dossiers = config.raw / source.nom
    memes = dossiers / prise.date.isoformat() / PROVENANCE
    provenances = dossiers.glob(f"*/{PROVENANCE}") if source.millesimes == "tous" else [memes]
    scellees = {empreinte for chemin in provenances for empreinte in _empreintes(chemin)}
    if scellees.issuperset(map(_empreinte, recus)):
        return True
    if source.millesimes == "dernier" and _empreintes(memes):
        raise SourceError(
            f"Une livraison de {source.nom} est déjà scellée au {prise.date} : l'ajouter la doublerait.",
            f"Redéposer dans un dossier nommé par une autre date : data/arrivees/{source.nom}/AAAA-MM-JJ/.",
        )
    return False


def _depassee(config: Config, source: Source, prise: Prise) -> str:
    """Dit qu'une livraison scellée ne change rien : une plus récente la remplace."""
    dates = (chemin.parent.name for chemin in (config.raw / source.nom).glob(f"*/{PROVENANCE}"))
    derniere = max(dates, default="")
    if source.millesimes == "tous" or derniere <= prise.date.isoformat():
        return ""
    return f"celle du {derniere}, plus récente, reste celle qui compte"


def _empreintes(provenance: Path) -> set[str]:
    if not provenance.is_file():
        return set()
    contenu = tomllib.loads(provenance.read_text(encoding="utf-8"))
    return {fichier["sha256"] for fichier in contenu.get("fichiers", [])}


def _empreinte(fichier: Path) -> str:
    with fichier.open("rb") as flux:
        return hashlib.file_digest(flux, "sha256").hexdigest()


def _essayer(config: Config, prise: Prise, recus: list[Path]) -> None:
    """Scelle la livraison dans un dossier d'essai, et y lit et contrôle sa source comme le ferait la chaîne.

    Raises:
        SourceError: la livraison ne se lit pas.
        QualiteError: elle franchit un seuil de sa source.
    """
    from observatoire.acquisition.depot import sceller
    from observatoire.chaine import construire

    with _dossier_d_essai(config, prise) as essai:
        sceller(essai, prise.source, recus, date_extraction=prise.date)
        try:
            construire(essai, jusqu_a="controle")
        except QualiteError as erreur:
            # une correction devenue sans objet se juge après les seuils, et c'est à l'équipe de la retirer
            if not erreur.constat.startswith(CORRECTIONS):
                raise


@contextmanager
def _dossier_d_essai(config: Config, prise: Prise) -> Iterator[Config]:
    """Un dossier de travail jetable qui ne connaît que cette source : la livraison d'avant, par des liens."""
    racine = config.racine / "data" / "routine" / "essai"
    shutil.rmtree(racine, ignore_errors=True)
    racine.mkdir(parents=True, mode=0o700)
    try:
        for nom in ("parametres.toml", CORRECTIONS):
            if (config.racine / nom).exists():
                (racine / nom).symlink_to(config.racine / nom)
        vraies = config.raw / prise.source
        date = prise.date.isoformat()
        avant = sorted(d.name for d in vraies.glob("[!.]*/") if d.name < date and (d / PROVENANCE).exists())
        for nom in avant[-1:]:
            _lier(vraies / nom, racine / "data" / "raw" / prise.source / nom)
        if (vraies / date / PROVENANCE).exists():
            _lier(vraies / date, racine / "data" / "raw" / prise.source / date)
        yield Config(racine, config.reglages)
    finally:
        shutil.rmtree(racine, ignore_errors=True)


def _lier(livraison: Path, ici: Path) -> None:
    ici.mkdir(parents=True)
    for fichier in livraison.iterdir():
        if fichier.name == PROVENANCE:
            shutil.copyfile(fichier, ici / fichier.name)
        elif not fichier.name.startswith("."):
            (ici / fichier.name).symlink_to(fichier)
