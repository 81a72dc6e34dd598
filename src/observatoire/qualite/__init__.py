"""La qualité des données, rendue lisible : un rapport par jeu de données, et les lignes à renvoyer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire import controle
from observatoire.erreurs import TableError
from observatoire.magasin import Magasin, ecrire_octets
from observatoire.publication.formats import jour
from observatoire.qualite import appariements, sections
from observatoire.qualite.couverture import couverture
from observatoire.qualite.decisions import decisions
from observatoire.qualite.document import Rapport, rendre
from observatoire.qualite.livraisons import comparer
from observatoire.qualite.rejets import ecrire_rejets
from observatoire.qualite.resume import resumer
from observatoire.qualite.vraisemblance import juger

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    import duckdb
    import pandas as pd

    from observatoire.config import Config
    from observatoire.qualite.document import Constat


@dataclass(frozen=True, slots=True)
class Ecrits:
    """Ce que `controler` a écrit, et ce que dit son résumé."""

    rapport: Path
    rejets: list[Path]
    constats: list[Constat]


def controler(config: Config) -> Ecrits:
    """Écrit `outputs/qualite/<date d'extraction>.html` et les lignes à renvoyer à chaque source.

    Raises:
        TableError: la chaîne n'a pas encore été construite.
        SourceError: une livraison scellée a changé, ou ne se lit plus.
    """
    magasin = Magasin(config.processed)
    depots = magasin.lire("acquisition/depots")
    for nom in ("controle/bilan", "entrepot/clauses", "indicateurs/qualite"):
        magasin.lire(nom)
    _exiger_une_construction_finie(depots, magasin.lire("controle/bilan"))
    extraction = depots["date_extraction"].max().date()
    dossier = config.outputs / "qualite"
    with magasin.connexion() as connexion:
        genres = dict(connexion.execute("select distinct source, genre from acquisition.depots").fetchall())
        enonces = _enonces(genres)
        rapport = _rapport(config, connexion, genres, extraction, fictif=bool(depots["fictif"].any()))
        rejets = ecrire_rejets(config, connexion, dossier / extraction.isoformat(), enonces)
    page = dossier / f"{extraction.isoformat()}.html"
    ecrire_octets(page, rendre(rapport, config.racine / "report_templates"))
    return Ecrits(page, rejets, rapport.constats)


def _exiger_une_construction_finie(depots: pd.DataFrame, bilan: pd.DataFrame) -> None:
    """Refuse de mêler une livraison qui vient d'être lue et le bilan d'une autre."""
    colonnes = ["source", "millesime", "fichier", "lues"]
    recus, juges = (set(t[colonnes].itertuples(index=False, name=None)) for t in (depots, bilan))
    if recus != juges:
        raise TableError(
            "La dernière construction s'est arrêtée avant la fin : les tables ne vont pas ensemble.",
            "Lire sa phrase d'arrêt, corriger, puis relancer « observatoire construire ».",
        )


def _rapport(
    config: Config,
    connexion: duckdb.DuckDBPyConnection,
    genres: dict[str, str],
    extraction: dt.date,
    *,
    fictif: bool,
) -> Rapport:
    comparaisons = comparer(config, connexion)
    jugements = juger(connexion)
    enonces = _enonces(genres)
    seuils = {source: config.seuil(source, "ecartees_maximum_pct", extraction) for source in genres}
    return Rapport(
        titre="Qualité des données",
        extraction=jour(extraction),
        fictif=fictif,
        observatoire=config.reglages["observatoire"],
        constats=resumer(config, connexion, comparaisons, jugements, enonces),
        sections=[
            sections.bilan(connexion, seuils),
            sections.causes(connexion, enonces, {s.nom: s.titre for s in config.sources.values()}),
            sections.mesures(connexion),
            sections.vraisemblance(jugements),
            sections.comparaison(comparaisons),
            couverture(connexion),
            appariements.rapprochement(connexion),
            appariements.recouvrement(connexion),
            decisions(connexion),
            sections.remplissage(connexion, genres),
        ],
    )


def _enonces(genres: dict[str, str]) -> dict[tuple[str, str], str]:
    """Le premier paragraphe de l'énoncé de chaque règle, par source et par nom."""
    ensemble = {regle.nom: regle.description for regle in controle.RECOUPEMENTS}
    return {
        (source, nom): " ".join(enonce.split("\n\n")[0].split())
        for source, genre in genres.items()
        for nom, enonce in (ensemble | {r.nom: r.description for r in controle.REGLES[genre]}).items()
    }
