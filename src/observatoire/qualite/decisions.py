"""Ce que l'équipe a décidé : corrections appliquées, seuils passés outre, et leur journal."""

from __future__ import annotations

import csv
import io
import os
from typing import TYPE_CHECKING

from observatoire.magasin import Magasin
from observatoire.publication.formats import entier
from observatoire.qualite.document import Section, Tableau
from observatoire.qualite.rejets import sans_formule

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable
    from pathlib import Path

    import duckdb

    from observatoire.config import Config

JOURNAL = "derogations.csv"
_ENTETE = ("date", "extraction", "source", "constat", "raison")


def decisions(connexion: duckdb.DuckDBPyConnection) -> Section:
    """Rend les corrections déclarées et les seuils passés outre."""
    corrections = connexion.execute(
        "select correction, source, raison, lignes from controle.corrections order by source, correction"
    ).fetchall()
    derogations = connexion.execute(
        "select source, constat, raison from controle.derogations order by all"
    ).fetchall()
    return Section(
        "decisions",
        "Ce que l'équipe a décidé",
        tableaux=[
            Tableau(
                "Corrections appliquées au texte reçu (corrections.toml)",
                ["Correction", "Source", "Raison", "Lignes"],
                "tttn",
                [[nom, source, raison, entier(lignes)] for nom, source, raison, lignes in corrections],
            ),
            Tableau(
                "Seuils de qualité passés outre (--malgre)",
                ["Source", "Constat", "Raison donnée"],
                "ttt",
                [list(ligne) for ligne in derogations],
            ),
        ],
        vide="Aucune correction appliquée, aucun seuil passé outre.",
    )


def inscrire(config: Config, date: dt.date) -> Path | None:
    """Ajoute au journal les seuils que la dernière construction a passés outre ; rien n'y est jamais ôté.

    Returns:
        Le journal `outputs/qualite/derogations.csv`, ou None s'il n'y avait rien à inscrire.
    """
    magasin = Magasin(config.processed)
    derogations = magasin.lire("controle/derogations")
    if derogations.empty:
        return None
    extraction = magasin.lire("acquisition/depots")["date_extraction"].max().date()
    lignes = derogations.itertuples(index=False)
    return noter(config, [(str(date), str(extraction), *map(str, ligne)) for ligne in lignes])


def noter(config: Config, lignes: Iterable[tuple[str, ...]]) -> Path:
    """Ajoute des lignes au journal : date, extraction, ce qui est passé outre, constat, raison."""
    journal = config.outputs / "qualite" / JOURNAL
    journal.parent.mkdir(parents=True, exist_ok=True)
    tampon = io.StringIO()
    sortie = csv.writer(tampon, delimiter=";", lineterminator="\r\n")
    if not journal.exists():
        tampon.write("\ufeff")
        sortie.writerow(_ENTETE)
    sortie.writerows([sans_formule(texte) for texte in ligne] for ligne in lignes)
    with journal.open("ab") as flux:
        flux.write(tampon.getvalue().encode("utf-8"))
        flux.flush()
        os.fsync(flux.fileno())
    return journal
