"""Banc de la tabulation : les lignes mensuelles aux trimestres, puis tout ce que le plan publie.

La première mesure est celle des indicateurs qui lisent les lignes mensuelles, pour tous les territoires et
tous les trimestres ; la seconde ajoute les marchés, les clauses, les parcours, les années et les périodes
glissantes.

`BENCH_ECHELLE` multiplie l'exemple (27 : cinq millions de lignes mensuelles de suivi). `BENCH_CONSTRUIT`
désigne un dossier de travail déjà construit : rien n'est alors généré, et rien n'y est écrit.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from observatoire.chaine import ETAPES
from observatoire.config import Config
from observatoire.indicateurs.couverture import periodes_couvertes
from observatoire.indicateurs.plan import Plan
from observatoire.indicateurs.registre import REGISTRE, parametres_cites
from observatoire.indicateurs.tabulation import cellules
from observatoire.magasin import Magasin
from observatoire.perimetre import Periode
from tests.bancs.chaine import executer, preparer
from tests.bancs.mesure import mesurer, publier

DEPOT = Path(__file__).parents[2]
TRIMESTRES, TOUT = "aux trimestres", "tout le plan"
DES_MOIS = ("heures", "heures_hors_clauses", "contrats_signes", "contrats_finis", "entrees")


def main() -> None:
    """Construit l'entrepôt s'il le faut, tabule dans un processus neuf, écrit la mesure."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DOSSIER")) as dossier:
        travail = Path(os.environ.get("BENCH_CONSTRUIT", dossier))
        if "BENCH_CONSTRUIT" not in os.environ:
            preparer(travail, float(os.environ.get("BENCH_ECHELLE", "27")))
            for etape in ETAPES[:-1]:
                mesurer(executer, travail, etape.nom)
        mesures = {nom: mesurer(tabuler, travail, nom == TRIMESTRES) for nom in (TRIMESTRES, TOUT)}
    ratios = {f"{quoi}, {nom}": v for nom, m in mesures.items() for quoi, v in m.resultat.items()}
    publier("tabulation", DEPOT / "outputs" / "bench", mesures, ratios)


def tabuler(travail: Path, aux_trimestres: bool) -> dict[str, float]:
    """Calcule des cellules privées du plan ; rend leur nombre et ce que la durée en dit."""
    config = Config.charger(travail)
    with Magasin(config.processed).connexion("acquisition", "controle", "entrepot") as connexion:
        periodes, plan = periodes_couvertes(connexion), Plan.lire(config)
        jour = periodes["fin"].max().date()
        parametres = {nom: config.parametre(nom, jour).valeur for nom in parametres_cites()}
        if aux_trimestres:
            mensuels = {nom for nom, i in REGISTRE.items() if i.table in DES_MOIS}
            plan = replace(plan, indicateurs=frozenset(mensuels))
            rythmes = periodes["periode"].map(lambda periode: Periode.lire(periode).rythme)
            periodes = periodes[rythmes == "trimestre"].reset_index(drop=True)
        [(lignes,)] = connexion.execute("select count(*) from entrepot.heures").fetchall()
        debut = time.perf_counter()
        rendues = cellules(connexion, config, plan, periodes, parametres)
        secondes = time.perf_counter() - debut
    return {
        "lignes mensuelles": lignes,
        "indicateurs": rendues["indicateur"].nunique(),
        "cellules": len(rendues),
        "lignes par seconde": lignes / secondes,
    }


if __name__ == "__main__":
    main()
