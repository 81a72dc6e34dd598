"""Cinquième maillon : figures, notebooks, HTML, PDF, éditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from observatoire.publication.fiche import Fiche
    from observatoire.publication.rapport import Rapport


def ouvrir_fiche(territoire: str, periode: str) -> Fiche:
    """Ouvre une fiche : `ouvrir_fiche("dep:93", "2026-T3")`.

    Les bibliothèques de dessin ne sont chargées qu'ici : importer le paquet reste rapide.

    Raises:
        ParametreError: un paramètre n'est pas un texte.
        PerimetreError: territoire ou trimestre inconnu.
        TableError: les indicateurs n'ont pas encore été construits.
    """
    from observatoire.publication.fiche import Fiche

    return Fiche.ouvrir(territoire, periode)


def ouvrir_rapport(annee: str) -> Rapport:
    """Ouvre une année du rapport : `ouvrir_rapport("2025")`.

    Raises:
        PerimetreError: ce n'est pas une année.
    """
    from observatoire.publication.rapport import Rapport

    return Rapport.ouvrir(annee)
