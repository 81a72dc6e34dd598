"""Source Sans Pro, la police des documents : embarquée dans le PDF, dans la page et ses figures."""

from __future__ import annotations

import atexit
import base64
import io
import re
import shutil
import tempfile
import threading
from functools import cache
from pathlib import Path

import font_source_sans_pro
import typst
from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont, newTable  # type: ignore[import-untyped]

_CARACTERES = (
    "".join(map(chr, range(0x20, 0x7F)))
    + "ÀÂÄÇÈÉÊËÎÏÔÖÙÛÜŸŒÆàâäçèéêëîïôöùûüÿœæ«»’“”–—…·•°²³€§±×−≤≥→"
    + "\u00a0\u2009\u202f"
)

_SANS_CRENAGE = bytes.fromhex("00010000000a001c001e000144464c540008000400000000ffff000000000000")
"""La table de crénage (GPOS) que laisse la réduction : aucune règle."""

_VERROU = threading.Lock()


def pour_la_page() -> str:
    """Rend les règles CSS qui portent la police, réduite aux caractères du français."""
    return _regle("Regular", 400) + _regle("Bold", 700)


def dans_le_svg(svg: str) -> str:
    """Rend le SVG avec la police de ses textes.

    Une image ne voit pas les polices de la page ; sur un poste sans Source Sans Pro, les libellés
    prendraient une autre chasse que celle pour laquelle la figure a été mesurée.
    """
    gras = _regle("Bold", 700) if re.search("bold|700", svg) else ""
    style = f"<style>{_regle('Regular', 400)}{gras}</style>"
    return re.sub(r"<svg\b[^>]*>", lambda balise: balise[0] + style, svg, count=1)


def pour_typst() -> typst.Fonts:
    """Rend les polices du PDF, les mêmes pour tous les fils : il ne dépend pas de celles du poste."""
    with _VERROU:
        return _polices()


@cache
def _polices() -> typst.Fonts:
    """Les polices, dans un dossier qui dure autant que le processus.

    Typst n'ouvre une police qu'à son emploi, et la remplace sans un mot si le fichier a disparu.
    Le paquet livre chaque graisse en deux formats ; le dossier n'en garde qu'un, pour que le
    choix ne dépende pas de l'ordre des fichiers sur le disque.
    """
    dossier = tempfile.mkdtemp(prefix="observatoire-polices-")
    atexit.register(shutil.rmtree, dossier, ignore_errors=True)
    for graisse in ("Regular", "It", "Semibold", "Bold"):
        shutil.copy(_fichier(graisse), dossier)
    return typst.Fonts(include_system_fonts=False, font_paths=[dossier])


def _fichier(graisse: str) -> Path:
    return Path(font_source_sans_pro.font_directory) / f"SourceSansPro-{graisse}.otf"


@cache
def _regle(graisse: str, poids: int) -> str:
    """La règle CSS d'une graisse : nos caractères, les chiffres de même chasse, et rien d'autre."""
    police = TTFont(_fichier(graisse), recalcTimestamp=False)
    police["GPOS"] = newTable("GPOS")  # lire la vraie prend les deux tiers du temps, pour n'en rien garder
    police["GPOS"].decompile(_SANS_CRENAGE, police)
    contenu = base64.b64encode(_reduire(police)).decode()
    return (
        f'@font-face{{font-family:"Source Sans Pro";font-weight:{poids};'
        f'src:url("data:font/woff;base64,{contenu}") format("woff")}}'
    )


def _reduire(police: TTFont) -> bytes:
    options = Options(layout_features=["tnum"], hinting=False, name_IDs=[1, 2])
    reduction = Subsetter(options)
    reduction.populate(text=_CARACTERES)
    reduction.subset(police)
    police.flavor = "woff"
    tampon = io.BytesIO()
    police.save(tampon)
    return tampon.getvalue()
