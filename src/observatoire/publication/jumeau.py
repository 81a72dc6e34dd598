"""Le jumeau d'une figure : son tableau en CSV, qu'un tableur français ouvre d'un double clic."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from observatoire.publication.desarmement import desarmer
from observatoire.publication.formats import FINE, INSECABLE, MOINS

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOMBRE = re.compile(rf"([+{MOINS}]?\d{{1,3}}(?:{FINE}\d{{3}})*(?:,\d+)?)(?:{INSECABLE}(%))?")
_POUR_CENT = " (%)"


def joindre_jumeau(bloc: dict[str, Any], *precisions: str) -> dict[str, Any]:
    """Rend un bloc pour le HTML : une figure, un tableau y gagne `donnees`, de quoi télécharger son tableau.

    `donnees` a un `nom` de fichier (l'identifiant de la figure, puis les `precisions`), un `poids` écrit et
    une `adresse` « data: » qui porte le fichier : la page reste seule et n'appelle aucun serveur.
    """
    if bloc["genre"] not in ("figure", "tableau"):
        return bloc
    contenu = en_csv(bloc["colonnes"], bloc["lignes"])
    nom = "_".join([bloc["id"], *precisions]).replace(":", "-")
    donnees = {
        "nom": f"{nom}.csv",
        "poids": f"{max(1, round(len(contenu) / 1000))}{INSECABLE}ko",
        "adresse": f"data:text/csv;charset=utf-8,{quote(contenu)}",
    }
    return {**bloc, "donnees": donnees}


def en_csv(colonnes: Sequence[str], lignes: Sequence[Sequence[str]]) -> bytes:
    r"""Rend un tableau en CSV : UTF-8 avec marque, point-virgule, virgule décimale, milliers collés.

    Une colonne de pourcentages le dit dans son titre ; « s », « n.d. », « n.s. » et « – » restent écrits.

    >>> en_csv(["Type", "Part"], [["Travaux", "12,5\u00a0%"], ["Services", "s"]]).decode("utf-8-sig")
    'Type;Part (%)\nTravaux;12,5\nServices;s\n'
    """
    tampon = io.StringIO()
    sortie = csv.writer(tampon, delimiter=";", lineterminator="\n")
    sortie.writerow([_titre(nom, [ligne[rang] for ligne in lignes]) for rang, nom in enumerate(colonnes)])
    sortie.writerows([_cellule(texte) for texte in ligne] for ligne in lignes)
    return tampon.getvalue().encode("utf-8-sig")


def _titre(nom: str, cellules: Sequence[str]) -> str:
    lues = [trouve for cellule in cellules if (trouve := _NOMBRE.fullmatch(cellule))]
    return desarmer(nom + _POUR_CENT if lues and all(trouve[2] for trouve in lues) else nom)


def _cellule(texte: str) -> str:
    trouve = _NOMBRE.fullmatch(texte)
    return trouve[1].replace(FINE, "").replace(MOINS, "-") if trouve else desarmer(texte)
