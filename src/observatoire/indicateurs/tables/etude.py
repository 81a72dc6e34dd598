"""Ce qu'est une table d'étude : sa requête, les colonnes qu'elle traduit, la source qui la date."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Etude:
    """Une table d'étude.

    Attributes:
        nom: son nom, celui que citent les indicateurs.
        genre: la source dont les périodes couvertes la datent : `suivi`, `decp` ou `structures`.
        requete: ses lignes, une période par ligne ; lit `entrepot.*`, `calendrier`, `periodes`, les
            `nos_*` et la table `travail`.
        ventilees: ses colonnes de codes, chacune remplacée par sa modalité publiée.
    """

    nom: str
    genre: str
    requete: str
    ventilees: tuple[str, ...] = ()
