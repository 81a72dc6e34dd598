"""Banc de l'aperçu : la première vue, puis chaque sorte d'enregistrement.

La première vue va du lancement de la commande à la page entière servie ; un enregistrement, du fichier écrit
à la page refaite servie. À côté de la durée, le calcul (s) de tous les processus de l'aperçu pendant ce
temps : sur un poste occupé, c'est lui qui se compare.

Deux premières vues : sans fiche produite (« froide »), et avec celle d'une campagne, à jour (« à jour »).
Les enregistrements portent sur une copie du projet, code compris.

`BENCH_CONSTRUIT` désigne un dossier de travail déjà construit ; `BENCH_TOURS` (3) dit combien de fois.
"""

from __future__ import annotations

import compileall
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from observatoire.chaine import construire
from observatoire.config import Config
from tests.bancs.chaine import preparer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEPOT = Path(__file__).parents[2]
OBJET = "dep:93"
PREMIERE_VUE, ENREGISTREMENT = 2.0, 1.0
"""Ce qui est attendu (s), sur un poste de deux cœurs que rien d'autre n'occupe."""

Mesures = dict[str, list[tuple[float, float]]]


def main() -> None:
    """Mesure, imprime le tableau, écrit `outputs/bench/apercu.json`."""
    mesures: Mesures = defaultdict(list)
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DOSSIER")) as dossier:
        travail = Path(dossier)
        dossier_de_travail(travail)
        for _ in range(int(os.environ.get("BENCH_TOURS", "3"))):
            shutil.rmtree(travail / "outputs", ignore_errors=True)
            un_tour(travail, "froide", mesures)
            assert _lancer(travail, "fiches", OBJET).wait() == 0
            un_tour(travail, "à jour", mesures)
    _publier(mesures)


def dossier_de_travail(travail: Path) -> None:
    """Prépare une copie du projet : code, notebooks, gabarits, données construites."""
    construit = os.environ.get("BENCH_CONSTRUIT")
    if construit:
        (travail / "data").symlink_to(Path(construit).resolve() / "data")
    for nom in ("observatoire.toml", "parametres.toml", "requirements.lock"):
        shutil.copy(DEPOT / nom, travail / nom)
    for nom in ("notebooks", "report_templates", "src"):
        shutil.copytree(DEPOT / nom, travail / nom)
    compileall.compile_dir(travail / "src", quiet=1)  # comme une installation
    if not construit:
        preparer(travail, 0.2)
        construire(Config.charger(travail))


def un_tour(travail: Path, etat: str, mesures: Mesures) -> None:
    """Ouvre l'aperçu, puis enregistre ; chaque fichier est remis comme il était."""
    with ouvrir(travail) as vue:
        mesures[f"première vue, {etat}"].append(vue.page())
        if etat == "à jour":
            mesures["la même, refaite"].append(vue.refaite())
        for nom, enregistrer in ENREGISTREMENTS.items():
            mesures[nom].append(vue.apres(partial(enregistrer, travail)))


def _changer(fichier: str, avant: str, apres: str) -> Callable[[Path], None]:
    """Un geste : remplace un texte par l'autre, ou le remet s'il y est déjà."""

    def geste(travail: Path) -> None:
        chemin = travail / fichier
        texte = chemin.read_text(encoding="utf-8")
        de, vers = (apres, avant) if apres in texte else (avant, apres)
        assert de in texte, f"{fichier} : « {de} »"
        chemin.write_text(texte.replace(de, vers), encoding="utf-8")

    return geste


_NOTEBOOK = "notebooks/fiche_territoire.ipynb"
ENREGISTREMENTS = {
    "un texte": _changer(_NOTEBOOK, "Combien d’heures d’insertion ?", "Combien d’heures réalisées ?"),
    "une cellule de code, la première": _changer(_NOTEBOOK, '"fiche.entete()"', '"fiche.entete( )"'),
    "une cellule de code, la dernière": _changer(_NOTEBOOK, '"fiche.methode()"', '"fiche.methode( )"'),
    "un gabarit": _changer("report_templates/fiche/fiche.css", "body {", "body  {"),
    "un module de la bibliothèque": _changer(
        "src/observatoire/publication/fiche/phrases.py", "import annotations", "import  annotations"
    ),
}


class Apercu:
    """Une page ouverte : elle attend les états que le serveur envoie, et lit le document à chaque version."""

    def __init__(self, processus: subprocess.Popen[str], depart: float) -> None:
        self._processus, self._depart, self._version = processus, depart, 0
        assert processus.stdout is not None
        adresse = next(m[0] for ligne in processus.stdout if (m := re.search(r"http://\S+", ligne)))
        decoupee = urlsplit(adresse)
        self._hote, self._chemin = decoupee.netloc, decoupee.path
        connexion = HTTPConnection(self._hote, timeout=60)
        connexion.request("GET", f"{self._chemin}evenements")
        self._flux = connexion.getresponse()

    def page(self) -> tuple[float, float]:
        """Attend la première page, même provisoire ; rend les secondes depuis le lancement, et le calcul."""
        return self._attendre(self._depart, 0.0, provisoire=True)

    def refaite(self) -> tuple[float, float]:
        """Attend la première page refaite ; rend les secondes depuis le lancement, et le calcul."""
        return self._attendre(self._depart, 0.0)

    def apres(self, enregistrer: Callable[[], None]) -> tuple[float, float]:
        """Enregistre quelque chose, et attend la page refaite."""
        time.sleep(1.5)  # l'analyste relit : ce qui se prépare d'avance a le temps de l'être
        calcul, debut = _calcul(self._processus.pid), time.perf_counter()
        enregistrer()
        return self._attendre(debut, calcul)

    def _attendre(self, debut: float, calcul: float, *, provisoire: bool = False) -> tuple[float, float]:
        while True:
            ligne = self._flux.readline().decode()
            if not ligne.startswith("data:"):
                continue
            etat = json.loads(ligne[5:])
            assert not etat["echec"], etat["echec"]
            if etat["version"] > self._version and (provisoire or not etat["en_cours"]):
                self._version = etat["version"] - provisoire * etat["en_cours"]
                connexion = HTTPConnection(self._hote, timeout=60)
                connexion.request("GET", f"{self._chemin}page/")
                assert b"</html>" in connexion.getresponse().read()
                return time.perf_counter() - debut, _calcul(self._processus.pid) - calcul


@contextmanager
def ouvrir(travail: Path) -> Iterator[Apercu]:
    """Lance `observatoire apercu` comme on le tape, et l'arrête."""
    depart = time.perf_counter()
    processus = _lancer(travail, "apercu", "fiche_territoire", OBJET, "--sans-navigateur")
    try:
        yield Apercu(processus, depart)
    finally:
        processus.send_signal(signal.SIGINT)
        processus.wait(20)


def _lancer(travail: Path, *arguments: str) -> subprocess.Popen[str]:
    commande = Path(sys.executable).with_name("observatoire")
    environnement = {**os.environ, "PYTHONPATH": str(travail / "src"), "OBSERVATOIRE_RACINE": str(travail)}
    return subprocess.Popen([str(commande), *arguments], env=environnement, stdout=subprocess.PIPE, text=True)


def _calcul(racine: int) -> float:
    """Les secondes de calcul d'un processus et de sa descendance, finie ou non."""
    lus: dict[int, tuple[int, float]] = {}
    for etat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            champs = etat.read_text(encoding="utf-8").rpartition(")")[2].split()
            lus[int(etat.parent.name)] = int(champs[1]), sum(map(int, champs[11:15]))
    famille = {racine}
    while nouveaux := {n for n, (pere, _) in lus.items() if pere in famille} - famille:
        famille |= nouveaux
    return sum(lus[n][1] for n in famille if n in lus) / os.sysconf("SC_CLK_TCK")


def _publier(mesures: Mesures) -> None:
    print(f"\naperçu ({os.cpu_count()} cœurs, charge {os.getloadavg()[0]:.1f})")
    print(f"  {'':<36}{'durée (s)':>22}{'calcul (s)':>12}{'attendu':>9}")
    for nom, passages in mesures.items():
        durees = [duree for duree, _ in passages]
        etendue = f"{statistics.median(durees):.2f} [{min(durees):.2f}-{max(durees):.2f}]"
        attendu = PREMIERE_VUE if "vue" in nom else ENREGISTREMENT
        print(f"  {nom:<36}{etendue:>22}{statistics.median(c for _, c in passages):>12.2f}{attendu:>9.0f}")
    sortie = DEPOT / "outputs" / "bench"
    sortie.mkdir(parents=True, exist_ok=True)
    texte = json.dumps(mesures, ensure_ascii=False, indent=2) + "\n"
    (sortie / "apercu.json").write_text(texte, encoding="utf-8")


if __name__ == "__main__":
    main()
