"""Les textes vérifiés : une lecture dit des nombres du tableau, un notebook n'en écrit aucun.

Une phrase tapée dans un notebook s'imprime pour tous les territoires et tous les trimestres : un nombre ou
un sens de variation n'y serait vrai que pour l'un d'eux.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

from observatoire.erreurs import PublicationError
from observatoire.publication.formats import FINE, INSECABLE, MOINS, arrondir
from observatoire.referentiel import lire_liste

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nbformat import NotebookNode

Nombre = tuple[Decimal, bool]
"""Une valeur, et vrai si c'est un pourcentage."""

_PERIODE = re.compile(r"\b(?:[1-4]er?\s+trimestre\s+)?20\d\d\b(?:-T[1-4])?|\bT[1-4]\b")
_NOMBRE = re.compile(
    rf"(?<![\w,.])[+{MOINS}-]?(\d{{1,3}}(?:[{FINE}{INSECABLE} ]\d{{3}})+|\d+)(,\d+)?(?![\w,.]*\w)"
    rf"(?:[{FINE}{INSECABLE} ](%))?"
)

_CHIFFRE = re.compile(r"\d+(?:[.,\u202f\u00a0 ]\d+)*")
_SENS = re.compile(
    r"\b(?:(?:à la |en |de )?(?:hausse|baisse)s?|augment\w*|diminu\w*|recul\w*|progress\w*|accro[iî]\w*"
    r"|décro[iî]\w*|cro[iî](?:t|ssent|ssant\w*|ssance)|chut\w*|bondi\w*|stagn\w*|stables?|record\w*"
    r"|doubl\w*|tripl\w*|quadrupl\w*|dépass\w*|premi(?:er|ère)s?|meilleure?s?|pires?|majorit\w*|minorit\w*"
    r"|(?:le|la|les|en) (?:plus|moins)\b|(?:plus|moins) (?:d[e’']|que\b|élevé|faible|haut|bas|fort|nombreu|"
    r"fréquent|important|grand|petit)\w*|supérieure?s?|inférieure?s?)",
    flags=re.IGNORECASE,
)


def verifier_nombres(bloc: Mapping[str, Any]) -> None:
    """Refuse une figure dont le titre ou la lecture disent un nombre que son tableau ne dit pas.

    L'évolution, l'écart en points ou le rapport de deux cellules voisines, en ligne ou en colonne, sont
    admis : « en hausse de 25,0 % », « 3,2 points de plus », « multipliées par 3 ».

    Args:
        bloc: une figure telle que la rend `Figure.json` : `id`, `titre`, `lecture`, `colonnes`, `lignes`.

    Raises:
        PublicationError: un nombre ne vient pas du tableau.
    """
    lignes = [[[lu for _, lu in _lire(cellule)] for cellule in ligne[1:]] for ligne in bloc["lignes"]]
    admis = {lu for ligne in lignes for cellule in ligne for lu in cellule} | set(_derives(lignes))
    for nom in ("titre", "lecture"):
        etrangers = [ecrit for ecrit, lu in _lire(_sans_mots(bloc[nom], bloc)) if lu not in admis]
        if etrangers:
            raise PublicationError(
                f"Figure « {bloc['id']} » : {nom}, « {etrangers[0]} » n'est pas dans le tableau.",
                "Écrire la phrase depuis les mêmes cellules que le tableau, ou y ajouter ce nombre.",
            )


def _lire(texte: str) -> Iterator[tuple[str, Nombre]]:
    """Les nombres d'un texte, tels qu'écrits et tels que lus, sans leur signe : les mots le disent."""
    for trouve in _NOMBRE.finditer(texte):
        entiers = re.sub(rf"[{FINE}{INSECABLE} ]", "", trouve[1])
        decimales = (trouve[2] or "").replace(",", ".")
        yield trouve[0], (Decimal(entiers + decimales), trouve[3] is not None)


def _sans_mots(texte: str, bloc: Mapping[str, Any]) -> str:
    """Le texte sans ce qui a ses propres nombres : périodes, territoires, libellés du tableau, mesure.

    Un sous-titre commence par la mesure : « Part des moins de 26 ans, 2025 ».
    """
    mesure = bloc.get("sous_titre", "").split(",")[0]
    libelles = {mesure, *bloc["colonnes"], *(ligne[0] for ligne in bloc["lignes"]), *_territoires()}
    chiffres = [libelle for libelle in libelles if re.search(r"\d", libelle)]
    for libelle in sorted(chiffres, key=len, reverse=True):
        texte = re.sub(re.escape(libelle), "", texte, flags=re.IGNORECASE)
    return _PERIODE.sub("", texte)


@cache
def _territoires() -> tuple[str, ...]:
    return tuple(ligne["nom"] for ligne in lire_liste("territoires"))


def _derives(lignes: list[list[list[Nombre]]]) -> Iterator[Nombre]:
    """Ce qui se dit de deux cellules voisines : évolution en %, écart de parts en points, rapport."""
    for suite in (*lignes, *map(list, zip(*lignes, strict=True))):
        for avant, apres in pairwise(suite):
            if len(avant) == len(apres) == 1:
                yield from _comparer(*avant, *apres)


def _comparer(avant: Nombre, apres: Nombre) -> Iterator[Nombre]:
    """Les cellules imprimées sont arrondies : l'évolution des vraies valeurs peut l'être de l'autre côté."""
    (base, en_pct), (valeur, aussi) = avant, apres
    if en_pct and aussi:
        yield abs(valeur - base), False
    if base and en_pct == aussi:
        for vraie_base, vraie in product(_vraies(base), _vraies(valeur)):
            if vraie_base:
                yield arrondir(abs(100 * (vraie - vraie_base) / vraie_base), 1), True
        if valeur >= 2 * base:
            yield arrondir(valeur / base, 1), False


def _vraies(imprime: Decimal) -> tuple[Decimal, ...]:
    """Le nombre imprimé, et les bornes de ceux qui s'impriment de même."""
    demi = Decimal(5).scaleb(int(imprime.as_tuple().exponent) - 1)
    return imprime - demi, imprime, imprime + demi


def relire_notebook(notebook: NotebookNode) -> list[str]:
    """Rend ce qui n'est pas vrai partout dans les textes d'un notebook paramétré : une phrase par constat.

    Un nombre, un sens de variation ou un rang écrits dans une cellule Markdown valent pour tous les
    territoires et tous les trimestres. Un notebook sans cellule `parameters` écrit ce qu'il veut.
    """
    if not any("parameters" in cellule.metadata.get("tags", []) for cellule in notebook.cells):
        return []
    return [
        constat
        for cellule in notebook.cells
        if cellule.cell_type == "markdown"
        for constat in _relire(cellule.get("id", ""), cellule.source)
    ]


def verifier_notebook(notebook: NotebookNode, nom: str) -> None:
    """Refuse un notebook paramétré dont un texte n'est vrai que d'un territoire ou d'un trimestre.

    Raises:
        PublicationError: un nombre, un sens de variation ou un rang est écrit dans une cellule Markdown.
    """
    if constats := relire_notebook(notebook):
        raise PublicationError(
            f"{nom} : {' ; '.join(constats)}.",
            "Faire dire la phrase à une méthode de la fiche, qui lit les valeurs du territoire.",
        )


def _relire(cellule: str, source: str) -> Iterator[str]:
    for nature, motif in (("nombre", _CHIFFRE), ("sens ou rang", _SENS)):
        for trouve in motif.finditer(source):
            yield f"cellule « {cellule} », {nature} : « {trouve[0]} »"
