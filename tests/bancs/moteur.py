"""Banc du moteur : les mêmes fiches par papermill seul, par une équipe de processus, par notre moteur.

Mêmes notebook, fiches et machine, en tours alternés (le poste peut être partagé) :

- « papermill » : `execute_notebook`, la page de nbconvert, son PDF par Chromium, une fiche après l'autre ;
- « équipe » : la même chose dans une équipe de processus, un par cœur ;
- « moteur » : `produire_fiches` ;
- « quarto », si le poste en a un : il exécute le notebook et rend la page, puis le PDF (Typst).

Le PDF de référence est `chromium --print-to-pdf`, plus rapide que le « webpdf » de nbconvert, qui demande
playwright. Chaque façon a un processus neuf et une fiche d'échauffement par travailleur, comptée à part : le
démarrage ne se paie qu'une fois pour des centaines de fiches. La mémoire est celle de tous les processus,
part partagée divisée (PSS), avec et sans le navigateur.

`BENCH_CONSTRUIT` désigne un dossier de travail déjà construit ; `BENCH_FICHES` (8) et `BENCH_TOURS` (3)
disent la taille.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from observatoire.config import Config
from observatoire.erreurs import PublicationError
from observatoire.perimetre import Territoire
from observatoire.publication.quarto.programme import trouver

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DEPOT = Path(__file__).parents[2]
COEURS = os.cpu_count() or 1
RAPPORTS = {"papermill": 8.0, "équipe": 4.0}
"""Combien de fois le moteur doit être plus rapide que chaque façon."""


@dataclass(frozen=True)
class Passage:
    """Une façon, un tour : démarrage (s), durée par fiche (s), mémoire au plus haut par travailleur (Mo)."""

    demarrage: float
    par_fiche: float
    memoire_mo: float
    sans_navigateur_mo: float


def main() -> None:
    """Mesure chaque façon, imprime le tableau, écrit `outputs/bench/moteur.json`, juge."""
    fiches, tours = (int(os.environ.get(f"BENCH_{nom}", n)) for nom, n in (("FICHES", 8), ("TOURS", 3)))
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DOSSIER")) as dossier:
        travail = Path(dossier)
        _dossier_de_travail(travail)
        territoires = [str(t) for t in Territoire.tous("departement", "ept")][: fiches + COEURS]
        facons = {
            "papermill": (par_papermill, 1),
            "équipe": (par_equipe, COEURS),
            "moteur": (par_moteur, COEURS),
        }
        with suppress(PublicationError):
            facons["quarto"] = partial(par_quarto, str(trouver().chemin)), 1
        passages: dict[str, list[Passage]] = {nom: [] for nom in facons}
        for _ in range(tours):
            for nom, (facon, travailleurs) in facons.items():
                passages[nom].append(_passer(partial(facon, travail, territoires), travailleurs))
    _publier(passages)


def _dossier_de_travail(travail: Path) -> None:
    construit = os.environ.get("BENCH_CONSTRUIT")
    if construit:
        (travail / "data").symlink_to(Path(construit).resolve() / "data")
        for nom in ("observatoire.toml", "parametres.toml"):
            shutil.copy(Path(construit) / nom, travail / nom)
    for nom in ("notebooks", "report_templates"):
        shutil.copytree(DEPOT / nom, travail / nom)
    if not construit:
        from observatoire.chaine import construire  # ici : les processus mesurés ne le chargent pas
        from tests.bancs.chaine import preparer

        preparer(travail, 0.2)
        construire(Config.charger(travail))


# ── Les façons : chacune rend la durée de son démarrage et celle des fiches qui suivent ──


def par_papermill(travail: Path, territoires: Sequence[str]) -> tuple[float, float]:
    """L'une après l'autre."""
    debut = time.perf_counter()
    une_fiche(travail, territoires[0])
    chaud = time.perf_counter()
    for territoire in territoires[COEURS:]:
        une_fiche(travail, territoire)
    return chaud - debut, time.perf_counter() - chaud


def par_equipe(travail: Path, territoires: Sequence[str]) -> tuple[float, float]:
    """Un processus par cœur."""
    debut = time.perf_counter()
    faire = partial(une_fiche, travail)
    with ProcessPoolExecutor(COEURS, mp_context=get_context("spawn")) as equipe:
        list(equipe.map(faire, territoires[:COEURS]))
        chaud = time.perf_counter()
        list(equipe.map(faire, territoires[COEURS:]))
        return chaud - debut, time.perf_counter() - chaud


def par_moteur(travail: Path, territoires: Sequence[str]) -> tuple[float, float]:
    """Les fiches de la suite, comme « observatoire fiches » les fait."""
    debut = time.perf_counter()
    from observatoire.publication.campagne.edition import produire_fiches
    from observatoire.publication.campagne.plan import Choix
    from observatoire.publication.editions import derniere_periode

    config = Config.charger(travail)
    periode, lus = derniere_periode(config), [Territoire.lire(t) for t in territoires]
    tout = Choix(forcer=True)
    produire_fiches(config, lus[:COEURS], periode, choix=tout)
    chaud = time.perf_counter()
    produire_fiches(config, lus[COEURS:], periode, choix=tout)
    return chaud - debut, time.perf_counter() - chaud


def par_quarto(quarto: str, travail: Path, territoires: Sequence[str]) -> tuple[float, float]:
    """L'une après l'autre, par Quarto seul."""
    debut = time.perf_counter()
    _une_fiche_de_quarto(quarto, travail, territoires[0])
    chaud = time.perf_counter()
    for territoire in territoires[COEURS:]:
        _une_fiche_de_quarto(quarto, travail, territoire)
    return chaud - debut, time.perf_counter() - chaud


def _une_fiche_de_quarto(quarto: str, travail: Path, territoire: str) -> None:
    """Il exécute une copie, sur place ; le PDF reprend les sorties qu'il y a écrites."""
    with tempfile.TemporaryDirectory(dir=travail) as dossier:
        parametres = Path(dossier) / "parametres.json"
        parametres.write_text(json.dumps({"territoire": territoire}), encoding="utf-8")
        shutil.copy(travail / "notebooks" / "fiche_territoire.ipynb", Path(dossier) / "fiche.ipynb")
        rendre = partial(
            subprocess.run,
            cwd=dossier,
            check=True,
            capture_output=True,
            env={**os.environ, "OBSERVATOIRE_RACINE": str(travail)},
        )
        rendre([quarto, "render", "fiche.ipynb", "--to", "html", "--execute", "--execute-params", parametres])
        rendre([quarto, "render", "fiche.ipynb", "--to", "typst"])


def une_fiche(travail: Path, territoire: str) -> None:
    """Une fiche en trois formats par les outils seuls : papermill, nbconvert, Chromium."""
    import nbformat
    import papermill
    from nbconvert import HTMLExporter

    os.environ["OBSERVATOIRE_RACINE"] = str(travail)
    sortie = travail / "outputs" / f"{territoire.replace(':', '-')}.ipynb"
    sortie.parent.mkdir(exist_ok=True)
    source, parametres = travail / "notebooks" / "fiche_territoire.ipynb", {"territoire": territoire}
    papermill.execute_notebook(
        source, sortie, parameters=parametres, kernel_name="python3", progress_bar=False
    )
    page, _ = HTMLExporter().from_notebook_node(nbformat.read(sortie, as_version=4))  # type: ignore[no-untyped-call]
    html = sortie.with_suffix(".html")
    html.write_text(page, encoding="utf-8")
    chromium = [
        str(shutil.which("chromium")),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-pdf-header-footer",
    ]
    with tempfile.TemporaryDirectory() as profil:
        options = [f"--user-data-dir={profil}", f"--print-to-pdf={sortie.with_suffix('.pdf')}", html.as_uri()]
        subprocess.run([*chromium, *options], check=True, capture_output=True)


# ── La mesure ──


def _passer(facon: Callable[[], tuple[float, float]], travailleurs: int) -> Passage:
    """Exécute une façon dans un processus neuf, et pèse ses processus pendant ce temps."""
    fini, pics = threading.Event(), [0.0, 0.0]

    def peser(racine: int) -> None:
        while not fini.wait(0.3):
            pics[:] = map(max, pics, _poids_mo(racine))

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as a_part:
        balance = threading.Thread(target=peser, args=[a_part.submit(os.getpid).result()])
        balance.start()
        try:
            demarrage, duree = a_part.submit(facon).result()
        finally:
            fini.set()
            balance.join()
    nombre = int(os.environ.get("BENCH_FICHES", "8"))
    return Passage(
        round(demarrage, 2), round(duree / nombre, 3), *(round(pic / travailleurs) for pic in pics)
    )


def _poids_mo(racine: int) -> tuple[float, float]:
    """La mémoire d'un processus et de sa descendance : avec le navigateur, puis sans."""
    peres, noms = {}, {}
    for etat in Path("/proc").glob("[0-9]*/stat"):
        try:
            avant, _, apres = etat.read_text(encoding="utf-8").rpartition(")")
        except OSError:
            continue
        numero = int(etat.parent.name)
        peres[numero], noms[numero] = int(apres.split()[1]), avant.partition("(")[2]
    famille = {racine}
    while nouveaux := {n for n, pere in peres.items() if pere in famille} - famille:
        famille |= nouveaux
    poids = {numero: _pss_mo(numero) for numero in famille}
    navigateur = sum(p for numero, p in poids.items() if noms.get(numero, "").startswith("chrom"))
    return sum(poids.values()), sum(poids.values()) - navigateur


def _pss_mo(numero: int) -> float:
    try:
        texte = Path(f"/proc/{numero}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return next(
        (int(ligne.split()[1]) / 1024 for ligne in texte.splitlines() if ligne.startswith("Pss:")), 0.0
    )


def _publier(passages: dict[str, list[Passage]]) -> None:
    print(f"\nmoteur ({COEURS} cœurs, {len(passages['moteur'])} tours alternés)")
    print(f"  {'':<12}{'démarrage (s)':>14}{'par fiche (s)':>24}{'Mo/processus':>20}{'sans navigateur':>17}")
    for nom, tours in passages.items():
        durees = [t.par_fiche for t in tours]
        etendue = f"{statistics.median(durees):.2f} [{min(durees):.2f}-{max(durees):.2f}]"
        demarrage = statistics.median(t.demarrage for t in tours)
        print(
            f"  {nom:<12}{demarrage:>14.1f}{etendue:>24}{max(t.memoire_mo for t in tours):>20.0f}"
            f"{max(t.sans_navigateur_mo for t in tours):>17.0f}"
        )
    rapports = {nom: _rapport(passages, nom) for nom in RAPPORTS}
    for nom, rapport in rapports.items():
        print(f"  {nom} ÷ moteur, tour par tour : {rapport:.1f} (attendu : {RAPPORTS[nom]:.0f} au moins)")
    sortie = DEPOT / "outputs" / "bench"
    sortie.mkdir(parents=True, exist_ok=True)
    contenu: dict[str, Any] = {nom: [vars(t) for t in tours] for nom, tours in passages.items()}
    texte = json.dumps({"passages": contenu, "rapports": rapports}, ensure_ascii=False, indent=2) + "\n"
    (sortie / "moteur.json").write_text(texte, encoding="utf-8")


def _rapport(passages: dict[str, list[Passage]], nom: str) -> float:
    """La médiane des rapports d'un même tour : l'occupation du poste y est à peu près la même."""
    tours = zip(passages[nom], passages["moteur"], strict=True)
    return statistics.median(autre.par_fiche / moteur.par_fiche for autre, moteur in tours)


if __name__ == "__main__":
    main()
