"""Le livre en PDF : un seul gabarit Typst, en PDF/UA-1 et PDF/A-2a."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

import typst

from observatoire.erreurs import PublicationError
from observatoire.publication import polices
from observatoire.publication.rendu_pdf import NORMES, lire_gabarit

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from observatoire.publication.rapport.livre import Livre


def rendre_pdf(livre: Livre, ours: dict[str, Any], gabarits: Path, horodatage: dt.datetime) -> bytes:
    """Rend le PDF du livre.

    Raises:
        PublicationError: le compilateur refuse le document ou émet un avertissement.
    """
    gabarit = gabarits / "rapport" / "rapport.typ"
    donnees = {
        "ours": ours,
        "chapitres": [
            {
                "numero": chapitre.numero,
                "titre": chapitre.titre,
                "annexe": chapitre.annexe,
                "ancre": chapitre.fichier,
                "blocs": chapitre.blocs,
            }
            for chapitre in livre.chapitres
        ],
        "figures": [asdict(repere) for repere in livre.liste("Figure")],
        "tableaux": [asdict(repere) for repere in livre.liste("Tableau")],
    }
    fichiers = {**lire_gabarit(gabarit), "livre.json": json.dumps(donnees, ensure_ascii=False).encode()}
    with tempfile.TemporaryDirectory(prefix="observatoire-") as racine:
        compilateur = typst.Compiler(  # type: ignore[type-var]
            fichiers, root=racine, font_paths=polices.pour_typst()
        )
        try:
            pdf, avertissements = compilateur.compile_with_warnings(
                format="pdf", pdf_standards=NORMES, timestamp=horodatage
            )
        except RuntimeError as erreur:  # typst.TypstError en est une
            raise PublicationError(
                f"{gabarit.name} : {erreur}", "Corriger le gabarit, ou le bloc du chapitre."
            ) from None
    if avertissements:
        raise PublicationError(f"{gabarit.name} : {avertissements[0].message}", "Corriger le gabarit.")
    return cast("bytes", pdf)
