"""Les empreintes : ce dont dépendent les tables, et ce dont dépendent les documents."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from observatoire.config import Config

_ECRITS = ("parametres.toml", "corrections.toml", "correspondances.csv")
_DOCUMENTS = ("notebooks", "report_templates", "commentaires", "campagnes", "contours")
_A_PART = ("brouillons", "exploration", "__pycache__")


def empreinte_des_donnees(config: Config) -> str:
    """Rend l'empreinte de tout ce dont dépendent les tables.

    Les livraisons scellées y sont par leur provenance, qui porte l'empreinte de chaque fichier ; le code
    y est aussi : une mise à jour reconstruit. Le bloc `[routine]` n'y est pas.
    """
    reglages = {nom: bloc for nom, bloc in config.reglages.items() if nom != "routine"}
    calcul = hashlib.sha256(json.dumps(reglages, sort_keys=True, default=str).encode())
    paquet = Path(__file__).parents[1]
    fichiers = [config.racine / nom for nom in _ECRITS]
    fichiers += sorted(config.raw.glob("*/*/provenance.toml"))
    fichiers += _dessous(config.racine / "registre")
    _ajouter(calcul, config.racine, (f for f in fichiers if f.is_file()))
    _ajouter(calcul, paquet, _dessous(paquet))
    return calcul.hexdigest()


def empreinte_des_documents(config: Config, donnees: str) -> str:
    """Rend l'empreinte de tout ce dont dépendent les fiches : les données, les notebooks, les gabarits."""
    calcul = hashlib.sha256(donnees.encode())
    for nom in _DOCUMENTS:
        _ajouter(calcul, config.racine, _dessous(config.racine / nom))
    return calcul.hexdigest()


def _dessous(dossier: Path) -> list[Path]:
    return sorted(
        chemin
        for chemin in dossier.rglob("*")
        if chemin.is_file()
        and not any(p.startswith(".") or p in _A_PART for p in chemin.relative_to(dossier).parts)
    )


def _ajouter(calcul: hashlib._Hash, racine: Path, fichiers: Iterable[Path]) -> None:
    for fichier in fichiers:
        octets = fichier.read_bytes()
        calcul.update(f"{fichier.relative_to(racine).as_posix()}\0{len(octets)}\0".encode())
        calcul.update(octets)
