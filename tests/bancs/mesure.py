"""Mesurer un calcul dans un processus à lui : durée, temps de calcul, mémoire au plus haut."""

from __future__ import annotations

import json
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True)
class Mesure:
    """Ce qu'a coûté un calcul ; la mémoire est celle du processus et, à côté, de son plus gros fils."""

    secondes: float
    secondes_de_calcul: float
    memoire_mo: float
    memoire_d_un_fils_mo: float
    resultat: Any = None


def mesurer(calcul: Callable[..., Any], *recus: Any) -> Mesure:
    """Exécute `calcul(*recus)` dans un processus neuf ; son résultat doit se transmettre."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as equipe:
        return equipe.submit(_executer, calcul, recus).result()


def _executer(calcul: Callable[..., Any], recus: tuple[Any, ...]) -> Mesure:
    debut, avant = time.perf_counter(), _temps_de_calcul()
    resultat = calcul(*recus)
    secondes, temps = time.perf_counter() - debut, _temps_de_calcul() - avant
    par_mo = 1 << 20 if sys.platform == "darwin" else 1 << 10
    propre, fils = (
        resource.getrusage(qui).ru_maxrss / par_mo for qui in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return Mesure(round(secondes, 2), round(temps, 2), round(propre), round(fils), resultat)


def _temps_de_calcul() -> float:
    usages = [resource.getrusage(qui) for qui in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def copier(source: Path, cible: Path) -> int:
    """Copie un fichier : ce que le disque permet, à côté de ce que la lecture en tire."""
    octets = 0
    with source.open("rb") as lu, cible.open("wb") as ecrit:
        while bloc := lu.read(1 << 20):
            octets += ecrit.write(bloc)
    return octets


def publier(nom: str, sortie: Path, mesures: dict[str, Mesure], ratios: dict[str, float]) -> None:
    """Imprime un tableau et écrit `<sortie>/<nom>.json`."""
    print(f"\n{nom}")
    print(f"  {'':<28}{'durée (s)':>12}{'calcul (s)':>12}{'mémoire (Mo)':>14}{'fils (Mo)':>11}")
    for etape, m in mesures.items():
        couts = (m.secondes, m.secondes_de_calcul, m.memoire_mo, m.memoire_d_un_fils_mo)
        print("  {:<28}{:>12.1f}{:>12.1f}{:>14.0f}{:>11.0f}".format(etape, *couts))
    for ratio, valeur in ratios.items():
        print(f"  {ratio:<44}{valeur:>12.3g}")
    sortie.mkdir(parents=True, exist_ok=True)
    contenu = {"mesures": {etape: asdict(m) for etape, m in mesures.items()}, "ratios": ratios}
    texte = json.dumps(contenu, ensure_ascii=False, indent=2) + "\n"
    (sortie / f"{nom}.json").write_text(texte, encoding="utf-8")
