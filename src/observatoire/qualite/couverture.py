"""Ce que chaque source couvre, mois par mois : un trou se voit d'un regard."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from observatoire.publication.formats import entier, pct
from observatoire.qualite.document import Part, Section, Tableau

if TYPE_CHECKING:
    import duckdb

_MOIS = ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."]
_ANNEES = 10
_COMPTES = {
    "heures réalisées": "select source, mois as jour, heures as volume from controle.suivi",
    "marchés publics notifiés": """
        select unnest(string_split(coalesce(sources, source), '|')) as source, date_notification as jour,
          1 as volume
        from entrepot.marches""",
    "marchés de grands projets notifiés": """
        select source, date_notification as jour, 1 as volume from controle.grands_projets""",
}


def couverture(connexion: duckdb.DuckDBPyConnection) -> Section:
    """Rend, par source, le volume de chaque mois, et les trimestres dont la couverture est incomplète."""
    tableaux = [_incompletes(connexion)]
    for quoi, observe in _COMPTES.items():
        lignes = connexion.execute(
            f"select source, year(jour), month(jour), sum(volume) from ({observe}) "
            "where jour is not null group by all order by all"
        ).fetchall()
        for source, mois in groupby(lignes, key=lambda ligne: ligne[0]):
            tableaux.append(_calendrier(source, quoi, {(an, m): n for _, an, m, n in mois}))
    return Section(
        "couverture",
        "Couverture par mois",
        "Un trimestre qui n'a pas la moitié du même trimestre un an avant est dit « couverture "
        "incomplète », ici et sur la fiche.",
        tableaux,
        vide="Aucune source datée.",
    )


def _calendrier(source: str, quoi: str, volumes: dict[tuple[int, int], float]) -> Tableau:
    annees = sorted({annee for annee, _ in volumes})[-_ANNEES:]
    return Tableau(
        f"{source} : {quoi}",
        ["Année", *_MOIS],
        "t" + 12 * "n",
        [
            [str(annee), *(entier(volumes[annee, m]) if (annee, m) in volumes else "–" for m in range(1, 13))]
            for annee in annees
        ],
    )


def _incompletes(connexion: duckdb.DuckDBPyConnection) -> Tableau:
    lignes = connexion.execute(
        "select source, replace(mesure, 'couverture:', ''), valeur from indicateurs.qualite "
        "where mesure like 'couverture:%' order by all"
    ).fetchall()
    rangees: list[list[str | Part]] = [
        [source, trimestre, pct(valeur)] for source, trimestre, valeur in lignes
    ]
    return Tableau(
        "Trimestres à la couverture incomplète",
        ["Source", "Trimestre", "Part du même trimestre un an avant"],
        "ttn",
        rangees,
    )
