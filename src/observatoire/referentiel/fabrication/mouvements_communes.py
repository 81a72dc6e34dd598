"""Tire du code officiel géographique les mouvements de communes et les intercommunalités passées.

    python mouvements_communes.py MOUVEMENTS.csv PAQUETS ..

- MOUVEMENTS.csv : les mouvements de communes de l'INSEE, réduits à l'Île-de-France ;
- PAQUETS : un dossier par millésime (2019, 2020…), fait de « npm pack @etalab/decoupage-administratif@V »
  décompressé. Versions : 2019 = 0.7.0, 2020 = 0.9.0-5 (intercommunalités seules), 2021 = 1.1.1,
  2022 = 2.3.1, 2023 = 3.1.1, 2024 = 4.1.0, 2025 = 5.3.0, 2026 = 6.0.0.

Écrit `mouvements_communes.csv` (disparitions et changements de nom après le 1er janvier 2016) et
`anciennes_intercommunalites.csv` (appartenances qui ne valent plus). Avant 2019, la composition des
intercommunalités n'est pas dans ces paquets : elle reste inconnue.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import sys
from pathlib import Path

DEPARTEMENTS = ("75", "77", "78", "91", "92", "93", "94", "95")
METROPOLE = "200054781"


def mouvements(fichier: Path) -> list[dict[str, str]]:
    """Rend les communes disparues ou renommées, une ligne par commune et par date."""
    with fichier.open(encoding="utf-8", newline="") as flux:
        lignes = [x for x in csv.DictReader(flux) if x["TYPECOM_AV"] == x["TYPECOM_AP"] == "COM"]
    rendues = [
        {
            "date_effet": ligne["DATE_EFF"],
            "code_avant": ligne["COM_AV"],
            "nom_avant": ligne["LIBELLE_AV"],
            "code_apres": ligne["COM_AP"],
            "nom_apres": ligne["LIBELLE_AP"],
        }
        for ligne in lignes
        if ligne["DATE_EFF"] > "2016-01-01"
        and (ligne["COM_AV"], ligne["LIBELLE_AV"]) != (ligne["COM_AP"], ligne["LIBELLE_AP"])
    ]
    return sorted(rendues, key=lambda x: (x["date_effet"], x["code_avant"]))


def compositions(paquets: Path) -> dict[int, dict[str, str]]:
    """Rend, par millésime, l'intercommunalité hors métropole de chaque commune de la région."""
    rendues = {}
    for dossier in sorted(paquets.iterdir()):
        epci = json.loads((dossier / "package" / "data" / "epci.json").read_text(encoding="utf-8"))
        rendues[int(dossier.name)] = {
            membre["code"]: groupement["code"]
            for groupement in epci
            if groupement["code"] != METROPOLE
            for membre in groupement["membres"]
            if membre["code"][:2] in DEPARTEMENTS
        }
    return rendues


def passees(compositions: dict[int, dict[str, str]]) -> list[dict[str, str]]:
    """Rend les appartenances d'un millésime qui ne sont plus vraies au dernier."""
    annees = sorted(compositions)
    rendues = []
    for commune in sorted(set().union(*compositions.values())):
        debut = annees[0]
        for annee, suivante in zip(annees, [*annees[1:], None], strict=True):
            epci = compositions[annee].get(commune)
            if suivante is None or compositions[suivante].get(commune) == epci:
                continue
            if epci:
                fin = dt.date(suivante, 1, 1) - dt.timedelta(days=1)
                ligne = {"commune": commune, "epci": epci, "valide_du": f"{debut}-01-01"}
                rendues.append(ligne | {"valide_au": fin.isoformat()})
            debut = suivante
    return rendues


def ecrire(fichier: Path, lignes: list[dict[str, str]]) -> None:
    """Écrit un CSV du référentiel."""
    with fichier.open("w", encoding="utf-8", newline="") as flux:
        table = csv.DictWriter(flux, lignes[0], lineterminator="\n")
        table.writeheader()
        table.writerows(lignes)


def main(fichier: Path, paquets: Path, sortie: Path) -> None:
    """Écrit les deux fichiers du référentiel."""
    ecrire(sortie / "mouvements_communes.csv", mouvements(fichier))
    ecrire(sortie / "anciennes_intercommunalites.csv", passees(compositions(paquets)))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
