"""Ce que charge le parent des ateliers : les bibliothèques de la mise en page, et rien de nous.

Il ne fait que charger ; chaque atelier en naît et lit alors notre bibliothèque sur le disque.
"""

from __future__ import annotations

import gc
import importlib
import sys

BIBLIOTHEQUES = (
    "papermill",
    "nbconvert.exporters",
    "defusedxml.ElementTree",
    "babel.dates",
    "fontTools.subset",
    "fontTools.ttLib",
    "font_source_sans_pro",
    "typst",
)

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # 1,5 s pour rien, comme dans cli
gc.disable()
for _nom in BIBLIOTHEQUES:
    importlib.import_module(_nom)
for _nom in [nom for nom in sys.modules if nom.startswith("observatoire.") and not __name__.startswith(nom)]:
    del sys.modules[_nom]  # papermill charge notre moteur : chaque atelier relira le sien
gc.freeze()
gc.enable()
