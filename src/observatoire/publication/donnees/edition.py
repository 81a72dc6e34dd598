"""Ce qui se dit une fois de toute l'édition : qui publie, d'après quoi, à quelle date."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from observatoire.publication.formats import jour

if TYPE_CHECKING:
    import pandas as pd

    from observatoire.config import Config
    from observatoire.perimetre import Periode

LICENCE = "Licence Ouverte 2.0"
LICENCE_ADRESSE = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"


@dataclass(frozen=True, slots=True)
class Edition:
    """L'édition des données ouvertes.

    Attributes:
        extraction: date d'extraction la plus récente des sources ; None si elle n'est pas connue.
        jours_avant_definitif: jours après la fin d'une période où ses chiffres restent provisoires.
        sources: (titre, producteur) des sources reçues, sans doublon.
    """

    nom: str
    editeur: str
    contact: str
    extraction: dt.date | None
    fictif: bool
    jours_avant_definitif: int
    sources: tuple[tuple[str, str], ...]

    @classmethod
    def lire(cls, config: Config, provenance: pd.DataFrame) -> Self:
        """Lit la maison dans la configuration, les sources dans `indicateurs/provenance`."""
        dates = provenance["date_extraction"].dropna()
        maison = config.reglages["observatoire"]
        sources = provenance[["titre", "producteur"]].drop_duplicates().sort_values(["titre", "producteur"])
        return cls(
            nom=maison["nom"],
            editeur=maison["editeur"],
            contact=maison["contact"],
            extraction=dates.max().date() if len(dates) else None,
            fictif=bool(provenance["fictif"].fillna(value=False).any()),
            jours_avant_definitif=config.historique("jours_avant_definitif")[-1].valeur,
            sources=tuple((str(t), str(p)) for t, p in sources.itertuples(index=False, name=None)),
        )

    @property
    def titre(self) -> str:
        """Le titre de l'édition ; il dit que les données sont fictives quand une seule source l'est."""
        return f"{self.nom} : données ouvertes{' (données fictives)' if self.fictif else ''}"

    @property
    def mention(self) -> str:
        """La mention qu'un réutilisateur recopie : la Licence Ouverte demande la source et la date."""
        return f"Source : {self.nom}, données extraites le {jour(self.extraction)}. {LICENCE}."

    def provisoire(self, periode: Periode) -> bool:
        """Dit si les chiffres d'une période ne sont pas encore définitifs."""
        definitif = periode.fin + dt.timedelta(days=self.jours_avant_definitif)
        return self.extraction is None or self.extraction < definitif
