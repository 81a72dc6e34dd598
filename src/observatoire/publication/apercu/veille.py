"""La veille : voir ce qui vient d'être enregistré, parmi tout ce dont dépend un document."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import observatoire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from observatoire.publication.apercu.demande import Demande

PROGRAMME, DONNEES, DOCUMENT = "programme", "donnees", "document"
_Etat = dict[str, tuple[int, int]]


class Veille:
    """Compare, à chaque regard, la date et la taille des fichiers à ce qu'elles étaient.

    Un regard coûte deux millisecondes pour les 400 fichiers d'un projet ; il marche sur un disque partagé,
    où le système ne prévient pas.
    """

    def __init__(self, demande: Demande) -> None:
        racine = demande.racine
        self._lieux = {
            PROGRAMME: [Path(observatoire.__file__).parent],
            DONNEES: [
                racine / "data" / "processed" / "indicateurs",
                racine / "commentaires",
                racine / "contours",
                racine / "observatoire.toml",
                racine / "parametres.toml",
            ],
            DOCUMENT: [demande.chemin, racine / "notebooks" / "publics.toml", racine / "report_templates"],
        }
        self._vus = self._regarder()

    def nouveautes(self) -> set[str]:
        """Rend ce qui a changé depuis le dernier appel : `PROGRAMME`, `DONNEES`, `DOCUMENT`."""
        avant, self._vus = self._vus, self._regarder()
        return {famille for famille, etat in self._vus.items() if etat != avant[famille]}

    def _regarder(self) -> dict[str, _Etat]:
        return {
            famille: {chemin: etat for lieu in lieux for chemin, etat in _etats(lieu)}
            for famille, lieux in self._lieux.items()
        }


def _etats(lieu: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    dossiers = os.walk(lieu) if lieu.is_dir() else [(str(lieu.parent), [], [lieu.name])]
    for dossier, sous_dossiers, noms in dossiers:
        sous_dossiers[:] = [nom for nom in sous_dossiers if not nom.startswith((".", "__"))]
        for nom in noms:
            chemin = os.path.join(dossier, nom)  # noqa: PTH118  appelée 400 fois par regard
            try:
                etat = os.stat(chemin)  # noqa: PTH116
            except OSError:
                continue  # en cours d'enregistrement : absent un instant
            if not nom.startswith("."):
                yield chemin, (etat.st_mtime_ns, etat.st_size)
