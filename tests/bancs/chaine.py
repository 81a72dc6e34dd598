"""Banc de la chaîne : les lignes mensuelles de suivi, des fichiers reçus aux indicateurs.

`BENCH_ECHELLE` multiplie l'exemple (27 : cinq millions de lignes mensuelles de suivi). Les données
essentielles restent à l'échelle 1 : leur lecture a son propre banc.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from observatoire.acquisition.exemple import ecrire_exemple
from observatoire.chaine import ETAPES
from observatoire.config import Config
from observatoire.magasin import Magasin
from tests.bancs.mesure import Mesure, copier, mesurer, publier

DEPOT = Path(__file__).parents[2]


def main() -> None:
    """Génère les données, exécute chaque étape dans un processus neuf, écrit les mesures."""
    echelle = float(os.environ.get("BENCH_ECHELLE", "27"))
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DOSSIER")) as dossier:
        travail = Path(dossier)
        preparer(travail, echelle)
        mesures = {etape.nom: mesurer(executer, travail, etape.nom) for etape in ETAPES}
        lignes = mesures["acquisition"].resultat["acquisition/suivi"]
        fichier = max((travail / "data" / "raw").glob("suivi_*/*/*"), key=lambda f: f.stat().st_size)
        copie = mesurer(copier, fichier, travail / "copie")
        publier("chaine", DEPOT / "outputs" / "bench", mesures | {"copie du plus gros fichier": copie}, {
            "lignes mensuelles de suivi": lignes,
            "total (s)": sum(m.secondes for m in mesures.values()),
            "mémoire au plus haut (Mo)": max(_memoire(m) for m in mesures.values()),
            "acquisition / copie du fichier": mesures["acquisition"].secondes / max(copie.secondes, 0.01),
            "controle / acquisition": mesures["controle"].secondes / mesures["acquisition"].secondes,
        })  # fmt: skip


def _memoire(mesure: Mesure) -> float:
    """La chaîne n'a jamais plus de deux fils ensemble."""
    return mesure.memoire_mo + 2 * mesure.memoire_d_un_fils_mo


def preparer(travail: Path, echelle: float) -> None:
    """Écrit l'exemple à une échelle, les données essentielles restant à l'échelle 1."""
    for nom in ("observatoire.toml", "parametres.toml"):
        shutil.copy(DEPOT / nom, travail / nom)
    os.environ["OBSERVATOIRE_CLE"] = str(travail / "cle")
    config = Config.charger(travail)
    mesurer(generer, config, echelle)
    if echelle > 1:
        shutil.rmtree(config.raw / "decp")
        petit = travail / "petit"
        petit.mkdir()
        generer(Config(petit, config.reglages), 1)
        shutil.move(petit / "data" / "raw" / "decp", config.raw / "decp")
        shutil.rmtree(petit)


def generer(config: Config, echelle: float) -> None:
    """Écrit l'exemple."""
    ecrire_exemple(config, echelle=echelle)


def executer(travail: Path, nom: str) -> dict[str, int]:
    """Exécute une étape et rend le nombre de lignes de chaque table écrite."""
    config = Config.charger(travail)
    [etape] = [etape for etape in ETAPES if etape.nom == nom]
    magasin = Magasin(config.processed)
    with magasin.ecriture(etape.ecrit) as ecriture:
        etape.calcul(config, magasin, ecriture)
    return ecriture.lignes


if __name__ == "__main__":
    main()
