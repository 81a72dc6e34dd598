"""Ce que charge le parent des ateliers : les bibliothèques de la mise en page, et rien de nous.

Il ne fait que charger ; chaque atelier en naît et lit alors notre bibliothèque sur le disque.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import sys

BIBLIOTHEQUES = (
    "papermill",
    "nbconvert.exporters",
    "pyarrow.compute",
    "pyarrow.parquet",
    "duckdb",
    "defusedxml.ElementTree",
    "babel.dates",
    "fontTools.subset",
    "fontTools.ttLib",
    "font_source_sans_pro",
    "typst",
)

INUTILES = ("rfc3987_syntax", "isoduration", "rfc3986_validator")
"""Des formats que jsonschema sait vérifier, et qu'un notebook n'a pas ; charger le premier prend 1,5 s."""

for _nom in INUTILES:
    sys.modules.setdefault(_nom, None)  # type: ignore[arg-type]
gc.disable()
for _nom in BIBLIOTHEQUES:
    importlib.import_module(_nom)
_nbformat = sys.modules["nbformat"]
_nbformat.validate(_nbformat.v4.new_notebook())  # compile une fois le schéma des notebooks
for _nom in [nom for nom in sys.modules if nom.startswith("observatoire.") and not __name__.startswith(nom)]:
    del sys.modules[_nom]  # papermill charge notre moteur : chaque atelier relira le sien
sys.dont_write_bytecode = True  # ce qu'un atelier lit en naissant vient peut-être de changer
gc.freeze()
gc.enable()
atexit.register(os._exit, 0)  # sans quoi DuckDB se plaint, au terminal, de ce que Python ne lui rend pas
