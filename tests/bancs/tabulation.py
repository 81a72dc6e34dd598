"""Banc de la tabulation : tous les indicateurs, pour tous les territoires et toutes les périodes du plan.

`BENCH_ECHELLE` multiplie l'exemple (27 : cinq millions de lignes mensuelles de suivi). `BENCH_CONSTRUIT`
désigne un dossier de travail déjà construit : rien n'est alors généré, et rien n'y est écrit.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from observatoire.chaine import ETAPES
from observatoire.config import Config
from observatoire.indicateurs.couverture import periodes_couvertes
from observatoire.indicateurs.plan import Plan
from observatoire.indicateurs.registre import parametres_cites
from observatoire.indicateurs.tabulation import cellules
from observatoire.magasin import Magasin
from tests.bancs.chaine import executer, preparer
from tests.bancs.mesure import mesurer, publier

DEPOT = Path(__file__).parents[2]


def main() -> None:
    """Construit l'entrepôt s'il le faut, tabule dans un processus neuf, écrit la mesure."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DOSSIER")) as dossier:
        travail = Path(os.environ.get("BENCH_CONSTRUIT", dossier))
        if "BENCH_CONSTRUIT" not in os.environ:
            preparer(travail, float(os.environ.get("BENCH_ECHELLE", "27")))
            for etape in ETAPES[:-1]:
                mesurer(executer, travail, etape.nom)
        mesure = mesurer(tabuler, travail)
    publier("tabulation", DEPOT / "outputs" / "bench", {"cellules privées": mesure}, mesure.resultat)


def tabuler(travail: Path) -> dict[str, float]:
    """Calcule les cellules privées du plan ; rend leur nombre et ce que la durée en dit."""
    config = Config.charger(travail)
    with Magasin(config.processed).connexion("acquisition", "controle", "entrepot") as connexion:
        periodes = periodes_couvertes(connexion)
        jour = periodes["fin"].max().date()
        parametres = {nom: config.parametre(nom, jour).valeur for nom in parametres_cites()}
        [(lignes,)] = connexion.execute("select count(*) from entrepot.heures").fetchall()
        debut = time.perf_counter()
        rendues = cellules(connexion, config, Plan.lire(config), periodes, parametres)
        secondes = time.perf_counter() - debut
    return {
        "lignes mensuelles": lignes,
        "indicateurs": rendues["indicateur"].nunique(),
        "cellules": len(rendues),
        "lignes mensuelles par seconde": lignes / secondes,
    }


if __name__ == "__main__":
    main()
