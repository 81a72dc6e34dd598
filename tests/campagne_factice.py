"""Une campagne sans noyau ni mise en page : un producteur factice, par le même chemin que les vraies.

Exécuté comme programme, il tue des campagnes à des instants tirés au sort et dit ce qu'il en reste : un seul
interpréteur fait naître toutes les victimes, trente naissances coûtent ainsi moins que trente démarrages.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from observatoire.config import Config
from observatoire.perimetre import Periode, Territoire
from observatoire.publication.campagne.fichier import Campagne, Edition
from observatoire.publication.campagne.lancement import Options, lancer
from observatoire.publication.campagne.manifeste import Manifeste, dossier_de
from observatoire.publication.campagne.plan import Choix, planifier
from observatoire.publication.campagne.tache import Document

PERIODE = Periode.lire("2026-T3")
TAILLE = 20_000


def contenu(tache, format_: str, tour: int) -> bytes:
    """Un fichier qui se vérifie seul : un corps, puis son empreinte."""
    corps = f"{tache.nom}.{format_} {tour} ".encode().ljust(TAILLE, b"x")
    return corps + hashlib.sha256(corps).hexdigest().encode()


def entier(chemin: Path) -> bool:
    octets = chemin.read_bytes()
    return hashlib.sha256(octets[:-64]).hexdigest().encode() == octets[-64:]


def produire(tache, tour: int = 0) -> Document:
    time.sleep(0.002)
    fichiers = {nom: contenu(tache, nom, tour) for nom in tache.formats}
    return Document(tache, fichiers, 2, {"execution": 0.002}, ())


def campagne(*niveaux: str) -> Campagne:
    return Campagne("factice", "Factice", (Edition(tuple(Territoire.tous(*niveaux)), (PERIODE,)),))


def produire_tout(racine: Path, tour: int, choix: Choix | None = None):
    """Lance la campagne des vingt et une fiches ; `tour` change tous les octets."""
    config = Config.lire(racine)
    plan = planifier(config, campagne("reg", "dep", "ept"), choix or Choix(forcer=True))
    with ThreadPoolExecutor(2) as executeur:
        return lancer(config, plan, executeur, Options(producteur=Tour(tour), cadence=0))


class Tour:
    """Le producteur d'un tour."""

    def __init__(self, tour: int) -> None:
        self._tour = tour

    def __call__(self, tache) -> Document:
        return produire(tache, self._tour)


def etat(racine: Path) -> dict[str, object]:
    """Ce qu'une campagne tuée laisse : des fichiers entiers, un manifeste qui dit vrai."""
    dossier = dossier_de(Config.lire(racine), str(PERIODE))
    manifeste = Manifeste.lire(dossier)
    documents = [chemin for chemin in dossier.glob("[!.]*") if chemin.suffix != ".json"]
    return {
        "morceaux": [chemin.name for chemin in documents if not entier(chemin)],
        "faux": manifeste.anomalies(),
        "listes": len(manifeste.documents),
        "restants": len(manifeste.restants),
    }


def _naitre(geste) -> int:
    enfant = os.fork()
    if not enfant:
        try:
            geste()
        finally:
            os._exit(0)
    return enfant


def tuer(racine: Path, fois: int, graine: int) -> list[dict[str, object]]:
    """Tue `fois` campagnes, chacune un peu plus tard ou plus tôt, et rend l'état laissé par chacune."""
    hasard, etats = random.Random(graine), []
    debut = time.perf_counter()
    os.waitpid(_naitre(lambda: produire_tout(racine, 0)), 0)
    duree = time.perf_counter() - debut
    for tour in range(1, fois + 1):
        victime = _naitre(lambda tour=tour: produire_tout(racine, tour))
        time.sleep(hasard.uniform(0.1, 1.0) * duree)
        os.kill(victime, signal.SIGKILL)
        os.waitpid(victime, 0)
        etats.append(etat(racine))
    os.waitpid(_naitre(lambda: produire_tout(racine, fois + 1, Choix(reprise=True))), 0)
    return [*etats, etat(racine)]


if __name__ == "__main__":
    print(json.dumps(tuer(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
