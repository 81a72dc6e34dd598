"""Le PDF d'un document : des blocs en JSON, lus par un gabarit Typst, en PDF/UA-1 et PDF/A-2a."""

from __future__ import annotations

import datetime as dt
import json
import re
import tempfile
from bisect import bisect_left
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typst
from babel.dates import get_month_names

from observatoire.erreurs import PublicationError
from observatoire.perimetre import Periode
from observatoire.publication import charte, polices
from observatoire.publication.deroule import Bloc, lire_blocs

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from observatoire.config import Config

PAGES = 2
_OUBLI, _MEMOIRE_DE_TYPST = 2, 11  # documents, compilations
_composes = count(1)
NORMES: list[typst.PDFStandard] = ["a-2a", "ua-1"]
ECHELLES = ("1", "0.97", "0.94", "0.91", "0.88", "0.85", "0.82", "0.78", "0.74", "0.7", "0.66")


def rendre_pdf(notebook: NotebookNode, config: Config) -> tuple[bytes, int]:
    """Rend le PDF d'un notebook exécuté et son nombre de pages, resserré pour tenir sur deux.

    Le gabarit, les blocs et la charte sont des fichiers en mémoire ; la racine du compilateur est un
    dossier vide : rien d'autre ne se lit, et aucune donnée n'est du code Typst. La norme PDF/UA
    fait échouer la compilation s'il manque un titre ou un texte de remplacement.

    Raises:
        PublicationError: le compilateur refuse le document ou émet un avertissement.
    """
    blocs = lire_blocs(notebook)
    gabarit = config.racine / "report_templates" / "fiche" / "fiche.typ"
    donnees = {"observatoire": config.reglages["observatoire"], "blocs": blocs}
    fichiers = {**lire_gabarit(gabarit), "blocs.json": json.dumps(donnees, ensure_ascii=False).encode()}
    with tempfile.TemporaryDirectory(prefix="observatoire-") as racine:
        try:
            echelle, pages = _ajuster(fichiers, racine)
            pdf, avertissements = _compilateur(fichiers, racine, echelle).compile_with_warnings(
                format="pdf", pdf_standards=NORMES, timestamp=horodatage(blocs[0])
            )
            if next(_composes) % _OUBLI == 0:
                _oublier(racine)
        except RuntimeError as erreur:  # typst.TypstError en est une, sa requête lève l'autre
            raise PublicationError(
                f"{gabarit.name} : {erreur}", "Corriger le gabarit, ou le bloc du notebook."
            ) from None
    if avertissements:
        raise PublicationError(f"{gabarit.name} : {avertissements[0].message}", "Corriger le gabarit.")
    return cast("bytes", pdf), pages


def _oublier(racine: str) -> None:
    """Fait oublier à Typst les documents passés : il en garde 10 Mo chacun, dix compilations durant.

    Cette mémoire sert à qui réécrit un document, non à des centaines de fiches qui se suivent.
    """
    vide = Path(racine) / "vide.typ"
    vide.touch()
    compilateur = typst.Compiler(vide, root=racine, font_paths=polices.pour_typst())
    for _ in range(_MEMOIRE_DE_TYPST):
        compilateur.compile(format="svg")


def _ajuster(fichiers: dict[str, bytes], racine: str) -> tuple[str, int]:
    """La plus grande échelle qui tient en deux pages, ou la plus petite.

    Presque toujours la première ; sinon elle est cherchée par dichotomie parmi les autres.
    """

    @cache
    def pages(rang: int) -> int:
        compilateur = _compilateur(fichiers, racine, ECHELLES[rang])
        return int(compilateur.query("<pages>", field="value", one=True))

    def tient(rang: int) -> bool:
        return pages(rang) <= PAGES

    rang = 0 if tient(0) else bisect_left(range(len(ECHELLES) - 1), True, lo=1, key=tient)
    return ECHELLES[rang], pages(rang)


def _compilateur(fichiers: dict[str, bytes], racine: str, echelle: str) -> typst.Compiler:
    return typst.Compiler(  # type: ignore[type-var]
        fichiers, root=racine, font_paths=polices.pour_typst(), sys_inputs={"echelle": echelle}
    )


def lire_gabarit(chemin: Path) -> dict[str, bytes]:
    """Rend les fichiers que tout document donne au compilateur : son gabarit, les blocs communs, la charte.

    Un paquet en ligne est refusé, le compilateur irait le chercher.

    Raises:
        PublicationError: un gabarit importe un paquet en ligne.
    """
    chemins = {"main.typ": chemin, "blocs.typ": chemin.parents[1] / "commun" / "blocs.typ"}
    sources = {nom: source.read_bytes() for nom, source in chemins.items()}
    for nom, source in sources.items():
        if b"@preview" in source:
            raise PublicationError(
                f"{chemins[nom].name} importe un paquet en ligne (@preview).",
                "Écrire la mise en page dans le gabarit.",
            )
    return {**sources, "charte.json": json.dumps(charte.pour_typst(), ensure_ascii=False).encode()}


def horodatage(entete: Bloc) -> dt.datetime:
    """La date du PDF : celle de l'extraction des données, sinon la fin de la période."""
    mois = {nom: rang for rang, nom in get_month_names("wide", locale="fr_FR").items()}
    trouve = re.fullmatch(r"(\d{1,2})(?:er)?\s(\w+)\s(\d{4})", entete["extraction"])
    if trouve and trouve[2] in mois:
        jour = dt.date(int(trouve[3]), mois[trouve[2]], int(trouve[1]))
    else:
        jour = Periode.lire(entete["periode"]).fin
    return midi(jour)


def midi(jour: dt.date) -> dt.datetime:
    """Rend l'instant qui date un PDF : le même d'un jour à l'autre, quel que soit le poste."""
    return dt.datetime.combine(jour, dt.time(12), tzinfo=dt.UTC)
