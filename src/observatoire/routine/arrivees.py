"""Les arrivées : reconnaître une livraison entière, la prendre à part, la refuser sans la perdre.

Une livraison prise est un dossier `data/arrivees/.prises/<source>/<date>`, apparu d'un seul geste : après
une interruption, elle se retrouve telle quelle. Un refus est un seul renommage de ce dossier.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from observatoire.config import Config

PRISES, REFUSEES = ".prises", "refusees"
_INACHEVES = (".part", ".partiel", ".version", ".tmp", ".filepart", ".crdownload", ".download", "~")
_MEME_LIVRAISON = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Arrivee:
    """Ce qui est arrivé ensemble pour une source : des fichiers, ou un dossier nommé par sa date."""

    source: str
    date: dt.date
    chemins: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Prise:
    """Une livraison prise à part, prête à être examinée."""

    source: str
    date: dt.date
    dossier: Path


def dossier_des_arrivees(config: Config) -> Path:
    """Rend `data/arrivees`."""
    return config.racine / "data" / "arrivees"


def lister(config: Config, maintenant: dt.datetime, calme: dt.timedelta) -> list[Arrivee]:
    """Rend les livraisons entières, des plus anciennes aux plus récentes.

    Un dossier nommé par une date (AAAA-MM-JJ) est une livraison de cette date. Les autres fichiers d'une
    source forment une livraison s'ils se suivent à moins d'une heure, datée du jour du dernier. Rien n'est
    pris d'une source où un fichier a bougé depuis moins que `calme`, ni d'une livraison où un nom dit
    que la copie n'est pas finie (`.part`, `.tmp`…). Les noms cachés ne comptent pas.
    """
    trouvees: list[Arrivee] = []
    for source in sorted(config.sources):
        dossier = dossier_des_arrivees(config) / source
        entrees = _visibles(dossier) if dossier.is_dir() else []
        if any(maintenant - _remue(chemin, maintenant) < calme for chemin in _tous(entrees)):
            continue
        trouvees += _datees(source, entrees)
        trouvees += _en_vrac(source, [e for e in entrees if not _est_un_dossier(e)], maintenant)
    return sorted(trouvees, key=lambda arrivee: (arrivee.date, arrivee.source))


def ignorees(config: Config) -> list[str]:
    """Rend, en phrases, ce que `data/arrivees` contient et que rien ne prendra."""
    racine = dossier_des_arrivees(config)
    phrases = []
    for entree in _visibles(racine) if racine.is_dir() else []:
        relatif = lisible(entree.relative_to(config.racine).as_posix())
        if entree.name not in (*config.sources, REFUSEES):
            phrases.append(f"{relatif} : ce n'est le dossier d'aucune source déclarée.")
        elif entree.name in config.sources and _est_un_dossier(entree):
            phrases += [
                f"{relatif}/{lisible(e.name)} : ce dossier n'est pas nommé par une date (AAAA-MM-JJ)."
                for e in _visibles(entree)
                if _est_un_dossier(e) and _date(e.name) is None
            ]
    return phrases


def prises(config: Config) -> list[Prise]:
    """Rend les livraisons déjà prises, par date ; ce qui n'était pris qu'à moitié retourne à sa place."""
    racine = dossier_des_arrivees(config)
    trouvees = []
    for dossier in sorted((racine / PRISES).glob("*/*")):
        source = dossier.parent.name
        if date := _date(dossier.name):
            trouvees.append(Prise(source, date, dossier))
        else:
            for fichier in sorted(dossier.iterdir()):
                os.replace(fichier, _libre(racine / source / fichier.name))
            dossier.rmdir()
    return sorted(trouvees, key=lambda prise: (prise.date, prise.source))


def prendre(config: Config, arrivee: Arrivee) -> Prise:
    """Met une livraison à part ; elle y apparaît entière."""
    dossier = dossier_des_arrivees(config) / PRISES / arrivee.source / arrivee.date.isoformat()
    dossier.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if len(arrivee.chemins) == 1 and _est_un_dossier(arrivee.chemins[0]):
        arrivee.chemins[0].rename(dossier)
    else:
        provisoire = dossier.with_name(f"{dossier.name}.en-cours")
        provisoire.mkdir(mode=0o700)
        for chemin in arrivee.chemins:
            chemin.rename(provisoire / chemin.name)
        provisoire.rename(dossier)
    return Prise(arrivee.source, arrivee.date, dossier)


def refuser(config: Config, prise: Prise, raison: str) -> Path:
    """Range une livraison dans `data/arrivees/refusees`, la raison à côté, et rend le chemin de la raison."""
    from observatoire.magasin import ecrire_octets

    parent = dossier_des_arrivees(config) / REFUSEES / prise.source
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    destination = _libre(parent / prise.date.isoformat())
    explication = destination.with_name(f"{destination.name}.raison.txt")
    ecrire_octets(explication, f"{raison}\n".encode(errors="backslashreplace"), prive=True)
    prise.dossier.rename(destination)
    return explication


def retirer(prise: Prise) -> None:
    """Retire une livraison scellée : son contenu est dans `data/raw`."""
    shutil.rmtree(prise.dossier)


def fichiers(prise: Prise) -> list[Path]:
    """Rend les fichiers d'une livraison, triés, sans les fichiers cachés."""
    return [chemin for chemin in _tous([prise.dossier]) if not stat.S_ISDIR(chemin.lstat().st_mode)]


def lisible(nom: str) -> str:
    r"""Écrit un nom reçu sans rien qui agisse sur un terminal, ni qui ne puisse s'encoder.

    >>> lisible("donn\udce9es.csv") == "donn\N{REPLACEMENT CHARACTER}es.csv"
    True
    """
    return "".join(signe if signe.isprintable() else "\N{REPLACEMENT CHARACTER}" for signe in nom)


def compter(livree: Arrivee | Prise) -> int:
    """Compte les fichiers d'une livraison, sans en ouvrir un ni rien exiger de leurs droits."""
    racines = (livree.dossier,) if isinstance(livree, Prise) else livree.chemins
    return sum(max(1, sum(len(noms) for *_, noms in os.walk(racine))) for racine in racines)


def _datees(source: str, entrees: Sequence[Path]) -> Iterator[Arrivee]:
    for entree in entrees:
        date = _date(entree.name)
        contenu = [e for e in _tous([entree]) if not _est_un_dossier(e)]
        if date and _est_un_dossier(entree) and contenu and not any(map(_inacheve, contenu)):
            yield Arrivee(source, date, (entree,))


def _en_vrac(source: str, chemins: Sequence[Path], maintenant: dt.datetime) -> Iterator[Arrivee]:
    dates = sorted((_modifie(chemin, maintenant), chemin) for chemin in chemins)
    groupe: list[tuple[dt.datetime, Path]] = []
    for rang, (instant, chemin) in enumerate(dates):
        groupe.append((instant, chemin))
        if rang + 1 < len(dates) and dates[rang + 1][0] - instant < _MEME_LIVRAISON:
            continue
        if not any(_inacheve(fichier) for _, fichier in groupe):
            yield Arrivee(source, instant.date(), tuple(fichier for _, fichier in groupe))
        groupe = []


def _visibles(dossier: Path) -> list[Path]:
    return sorted(entree for entree in dossier.iterdir() if not entree.name.startswith("."))


def _tous(entrees: Sequence[Path]) -> Iterator[Path]:
    """Rend les entrées et tout ce qu'elles contiennent, sans suivre de lien."""
    for entree in entrees:
        yield entree
        if _est_un_dossier(entree):
            yield from _tous(_visibles(entree))


def _est_un_dossier(chemin: Path) -> bool:
    return stat.S_ISDIR(chemin.lstat().st_mode)


def _inacheve(chemin: Path) -> bool:
    return chemin.name.lower().endswith(_INACHEVES)


def _modifie(chemin: Path, maintenant: dt.datetime) -> dt.datetime:
    """La date du fichier ; à venir, parce que l'horloge de l'envoi avance, elle vaut maintenant."""
    instant = min(chemin.lstat().st_mtime, maintenant.timestamp())
    return dt.datetime.fromtimestamp(instant, tz=maintenant.tzinfo)


def _remue(chemin: Path, maintenant: dt.datetime) -> dt.datetime:
    """La dernière fois que le contenu, le nom ou les droits ont changé ; une date à venir n'en dit rien."""
    etat = chemin.lstat()
    connus = [etat.st_ctime, *([etat.st_mtime] if etat.st_mtime <= maintenant.timestamp() else [])]
    return dt.datetime.fromtimestamp(max(connus), tz=dt.UTC)


def _date(texte: str) -> dt.date | None:
    try:
        date = dt.date.fromisoformat(texte)
    except ValueError:
        return None
    return date if date.isoformat() == texte else None


def _libre(chemin: Path) -> Path:
    """Rend un chemin où rien n'est : `x`, sinon le premier libre de `x-2`, `x-3` et suivants."""
    rang, libre = 1, chemin
    while os.path.lexists(libre):
        rang += 1
        libre = chemin.with_name(f"{chemin.stem}-{rang}{chemin.suffix}")
    return libre
