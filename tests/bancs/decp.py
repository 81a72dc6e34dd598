"""Banc de la lecture des données essentielles : un JSON v2 d'un gigaoctet, sur un cœur.

`BENCH_DECP_MO` en règle la taille (1 000). Le fichier répète les contrats de l'exemple.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from observatoire.acquisition.exemple import ecrire_exemple
from observatoire.acquisition.lecture import lire, verifier
from observatoire.config import Config
from tests.bancs.mesure import copier, mesurer, publier

DEPOT = Path(__file__).parents[2]


def main() -> None:
    """Génère le fichier, le lit, le vérifie comme à l'import, le copie, écrit les mesures."""
    taille = float(os.environ.get("BENCH_DECP_MO", "1000")) * 1e6
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DOSSIER")) as dossier:
        fichier = Path(dossier) / "decp.json"
        _generer(Path(dossier), fichier, taille)
        mesures = {
            "lecture": mesurer(compter, fichier),
            "vérification à l'import": mesurer(essayer, fichier),
            "copie du fichier": mesurer(copier, fichier, fichier.with_suffix(".copie")),
        }
        mo = fichier.stat().st_size / 1e6
        publier("decp", DEPOT / "outputs" / "bench", mesures, {
            "taille (Mo)": mo,
            "contrats": mesures["lecture"].resultat,
            "lecture (Mo par seconde de calcul)": mo / mesures["lecture"].secondes_de_calcul,
            "import (Mo par seconde de calcul)": mo / mesures["vérification à l'import"].secondes_de_calcul,
            "lecture / copie du fichier": mesures["lecture"].secondes
            / max(mesures["copie du fichier"].secondes, 0.01),
        })  # fmt: skip


def _generer(dossier: Path, fichier: Path, taille: float) -> None:
    """Répète la liste de marchés de l'exemple jusqu'à la taille voulue."""
    config = Config(dossier, Config.charger(DEPOT).reglages)
    os.environ["OBSERVATOIRE_CLE"] = str(dossier / "cle")
    ecrire_exemple(config, echelle=0.2)
    [exemple] = (config.raw / "decp").glob("*/*.json")
    debut, corps, fin = _decouper(exemple.read_bytes())
    with fichier.open("wb") as flux:
        flux.write(debut + corps)
        while flux.tell() < taille:
            flux.write(b"," + corps)
        flux.write(fin)


def _decouper(octets: bytes) -> tuple[bytes, bytes, bytes]:
    ouverture = octets.index(b"[") + 1
    fermeture = octets.index(b'\n],"contrat-concession"')
    return octets[:ouverture], octets[ouverture:fermeture], octets[fermeture:]


def compter(fichier: Path) -> int:
    """Lit tout le fichier par morceaux et rend le nombre de contrats."""
    source = Config.charger(DEPOT).source("decp")
    return sum(len(morceau) for morceau in lire(source, fichier, lambda: b""))


def essayer(fichier: Path) -> int:
    """Essaie le fichier comme à l'import."""
    return verifier(Config.charger(DEPOT).source("decp"), fichier)


if __name__ == "__main__":
    main()
