"""La typographie française des textes d'une page : espaces insécables, milliers groupés, virgule décimale."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from observatoire.publication.verification.constats import Controle, Trouve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

    from observatoire.publication.verification.page import Page

_CODES = {"code", "kbd", "samp", "pre", "textarea"}
_NUMEROS = {"rang", "numero"}  # classes des numéros de chapitre et de figure
_NON_GROUPES = re.compile(
    r"""
    \b(?:n°|SIRET|SIREN|CPV|RNA|INSEE|BP|CS|réponse|postal|code|page)\s*:?\s*[\d\s]*\d+  # identifiants nommés
    | \b\d{5}(?=\s(?-i:[A-ZÉÈ]))                         # code postal suivi de sa ville
    | \b(?:\d{9}|\d{14})\b                              # SIREN, SIRET
    | [\w.%+-]+@[\w.-]+ | \b(?:www|https?)\S+           # adresses
    | \b0\d(?:[\s.]?\d\d){4}\b                          # téléphone
    | \b(?:sha256|empreinte)\s\S+
    | =\s«[^»]*»                                         # valeur reçue, citée telle quelle
    """,
    re.VERBOSE | re.IGNORECASE,
)
_VERSIONS = re.compile(
    r"""
    \b(?:version|v|RGAA|WCAG|Ouverte|Licence|PDF(?:/UA)?|HTML|CSS|ARIA|Python|EN|NIC|BY(?:-SA)?|axe(?:-core)?)
      \s*:?\s*\d+(?:\.\d+)*(?:,\s\d+\.\d+)*             # version, articles d'une norme
    | \b(?:[Ff]igures?|[Tt]ableaux?|[Cc]hapitres?|[Pp]arties?|[Aa]nnexes?)\s(?:\d+|[A-Z])\.\d+
    | \b\d+(?:\.\d+){2,}                                # 1.2.3
    | §\s*\d+(?:\.\d+)+ | ^\s*\d+(?:\.\d+)+\.?(?=\s+[A-ZÀÂÉÈÊÎÔ«“])  # numéro de partie
    | \b\d{1,2}\.\d{1,2}\.\d{2,4}\b                     # date
    | [\w-]+\.(?:csv|xlsx|pdf|html|json|parquet)\b
    """,
    re.VERBOSE,
)
_REGLES = (
    ("espace ordinaire devant « % » ou « € »", re.compile(r"\d ?[%€]")),
    ("espace ordinaire devant une ponctuation double", re.compile(r"\S [;:!?»](?=\s|$)|« ")),
    ("virgule décimale attendue", re.compile(r"(?<![\w./-])\d+\.\d+(?![\w./-]\w)")),
    ("milliers non groupés", re.compile(r"(?<![\w.,/:\u202f-])(?:\d{5,}|(?!1[89]|20)\d{4})(?![\w/-])")),
    ("milliers séparés par une espace ordinaire", re.compile(r"(?<![\d/-])\d{1,3}(?: \d{3})+(?!\d)")),
    ("trait d'union pour signe moins", re.compile(r"(?:^|[\s(])-\d")),
)


def _typographie(page: Page) -> Iterator[Trouve]:
    for element, texte in page.textes:
        if any(_n_est_pas_du_texte(noeud) for noeud in (element, *element.iterancestors())):
            continue
        for constat, ou in fautes(texte):
            yield Trouve(constat, f"ligne {element.sourceline}, « {ou} »")


def _n_est_pas_du_texte(noeud: HtmlElement) -> bool:
    return noeud.tag in _CODES or bool(_NUMEROS & {*noeud.get("class", "").split()})


def fautes(texte: str) -> Iterator[Trouve]:
    r"""Rend les fautes d'un texte, chacune avec ce qui l'entoure.

    >>> [faute.constat for faute in fautes("12 % de 23456 heures, soit 3.5")]
    ['espace ordinaire devant « % » ou « € »', 'virgule décimale attendue', 'milliers non groupés']
    >>> list(fautes("12,5\u00a0% de 23\u202f456 heures en 2026\u202f; SIRET 12345678901234, RGAA 4.1"))
    []
    """
    texte = _VERSIONS.sub("§", _NON_GROUPES.sub("§", re.sub(r"[ \t\r\n]+", " ", texte)))
    for constat, regle in _REGLES:
        for trouvee in regle.finditer(texte):
            debut = max(trouvee.start() - 20, 0)
            yield Trouve(constat, texte[debut : trouvee.end() + 20].strip())


TYPOGRAPHIE: tuple[Controle[Page], ...] = (
    Controle(
        "typographie",
        "usage français",
        _typographie,
        "Écrire nombres et ponctuation avec publication/formats.py (espaces insécables, virgule).",
    ),
)
