"""Les textes abîmés d'une machine à l'autre : réparés quand le sens est certain, sinon laissés."""

from __future__ import annotations

import html
import re

PERDU = "\ufffd"
# traces d'un texte relu dans un autre encodage que le sien ; un texte sans elles n'est pas examiné
_TRACES = re.compile(r"[\x80-\x9fÂÃÅâ¿\\]|&#?\w+;")
_ENTITE = re.compile(r"&#?\w+;")
_LATIN = re.compile(r"[\x80-\x9f]")
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])¿(?=[^\W\d_])")
_ECHAPPEE = re.compile(r"\\+(?=['\"’/])")


def reparer(texte: str) -> str:
    """Rend un texte dont les caractères abîmés d'une façon reconnue sont rétablis.

    UTF-8 relu en latin-1 ou en CP1252, CP1252 relu en latin-1, « ¿ » entre deux lettres, antislash
    devant une apostrophe, entités HTML. Un caractère perdu (U+FFFD) le reste.

    >>> reparer("points d" + "’apport".encode().decode("latin-1"))
    'points d’apport'
    >>> reparer("d&#8217;un parc"), reparer("l¿école")
    ('d’un parc', 'l’école')
    """
    if not _TRACES.search(texte):
        return texte
    repare = _LATIN.sub(_de_cp1252, _d_utf8(texte))
    # une entité finit par un point-virgule : « M&parametres » n'en contient pas
    repare = _ENTITE.sub(lambda trouve: html.unescape(trouve[0]), _ECHAPPEE.sub("", repare))
    return " ".join(_APOSTROPHE.sub("’", repare).split()) or texte


def _d_utf8(texte: str) -> str:
    """Un texte français lu de travers ne redevient de l'UTF-8 juste que s'il en était."""
    for encodage in ("latin-1", "cp1252"):
        try:
            return texte.encode(encodage).decode("utf-8")
        except UnicodeError:
            continue
    return texte


def _de_cp1252(trouve: re.Match[str]) -> str:
    return trouve[0].encode("latin-1").decode("cp1252", errors="ignore") or trouve[0]
