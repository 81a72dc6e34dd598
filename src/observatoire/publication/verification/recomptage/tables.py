"""Les tables dont un document est recompté : les valeurs publiées, et ce qui les décrit."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from observatoire.magasin import Magasin
from observatoire.perimetre import Periode
from observatoire.publication.verification.recomptage.nombres import SIGNES, Compte

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from observatoire.config import Config

Tranche = tuple[str, str, str]
"""Une période, un indicateur, une ventilation."""

AN_PRECEDENT, CHAMP_CONSTANT = "an_precedent", "champ_constant"


@dataclass(frozen=True, eq=False)
class Tables:
    """Les tables `indicateurs/*` et les paramètres ; aucun document n'est recompté d'autre chose.

    Attributes:
        config: les paramètres datés et le plan de publication.
        valeurs: `indicateurs/valeurs`, la source de presque tous les nombres.
        comparaisons: `indicateurs/comparaisons`, qui décide si une évolution se publie.
        catalogue: un indicateur par ligne, indexé par son nom.
        provenance: les fichiers reçus et leurs comptes de lignes.
        qualite: les mesures de qualité.
        revisions: les totaux révisés.
    """

    config: Config
    valeurs: pd.DataFrame
    comparaisons: pd.DataFrame
    catalogue: pd.DataFrame
    provenance: pd.DataFrame
    qualite: pd.DataFrame
    revisions: pd.DataFrame
    _lues: dict[str, dict[Tranche, dict[str, Compte]]] = field(default_factory=dict)

    @classmethod
    def lire(cls, config: Config) -> Self:
        """Lit les tables d'un dossier de travail.

        Raises:
            TableError: les indicateurs n'ont pas été construits.
        """
        magasin = Magasin(config.processed)
        noms = ("valeurs", "comparaisons", "catalogue", "provenance", "qualite", "revisions")
        valeurs, comparaisons, catalogue, provenance, qualite, revisions = (
            magasin.lire(f"indicateurs/{nom}") for nom in noms
        )
        par_nom = catalogue.set_index("indicateur")
        return cls(config, valeurs, comparaisons, par_nom, provenance, qualite, revisions)

    def tranche(self, territoire: str, tranche: Tranche) -> dict[str, Compte]:
        """Rend les modalités d'une tranche et leurs comptes ; vide si la table ne l'a pas."""
        return self._de(territoire).get(tranche, {})

    def compter(self, territoire: str, periodes: set[str]) -> tuple[int, int, int]:
        """Rend le nombre de cellules d'un territoire et de périodes, des secrètes et des publiées."""
        comptes = [
            compte
            for (periode, *_), modalites in self._de(territoire).items()
            if periode in periodes
            for compte in modalites.values()
        ]
        return len(comptes), comptes.count("s"), sum(isinstance(c, Decimal) for c in comptes)

    def _de(self, territoire: str) -> dict[Tranche, dict[str, Compte]]:
        if territoire not in self._lues:
            self._lues[territoire] = _indexer(self.valeurs.iloc[self._rangs.get(territoire, [])])
        return self._lues[territoire]

    @cached_property
    def _rangs(self) -> dict[str, Any]:
        return {str(lieu): rangs for lieu, rangs in self.valeurs.groupby("territoire").indices.items()}

    @cached_property
    def evolutions(self) -> dict[tuple[str, ...], tuple[str, str, float, float]]:
        """Par territoire, période, indicateur et repère : statut, unité, écart, couverture d'un ensemble."""
        lignes = self.comparaisons.loc[
            (self.comparaisons["ventilation"] == "ensemble")
            & self.comparaisons["repere"].isin([AN_PRECEDENT, CHAMP_CONSTANT])
        ]
        cles = (lignes[nom] for nom in ("territoire", "periode", "indicateur", "repere"))
        dits = (lignes[nom] for nom in ("statut", "unite", "ecart", "couverture_pct"))
        return dict(zip(zip(*cles, strict=True), zip(*dits, strict=True), strict=True))

    def decrire(self, indicateur: str, champ: str) -> str:
        """Rend un texte du catalogue."""
        return str(self.catalogue.loc[indicateur, champ])

    @cached_property
    def par_libelle(self) -> dict[str, str]:
        """L'indicateur de chaque libellé du catalogue."""
        return {str(libelle): str(nom) for nom, libelle in self.catalogue["libelle"].items()}

    @cached_property
    def extraction(self) -> dt.date | None:
        """La date d'extraction la plus récente."""
        dates = self.provenance["date_extraction"].dropna()
        return dates.max().date() if len(dates) else None

    @cached_property
    def dernier_trimestre(self) -> Periode | None:
        """Le dernier trimestre publié qui était achevé à l'extraction ; `None` s'il n'y en a pas."""
        publiees = self.valeurs.loc[self.valeurs["statut"] == "publie", "periode"].unique()
        trimestres = [p for p in map(Periode.lire, publiees) if p.rythme == "trimestre"]
        acheves = [p for p in trimestres if self.extraction and p.fin < self.extraction]
        return max(acheves, default=None)


def _indexer(valeurs: pd.DataFrame) -> dict[Tranche, dict[str, Compte]]:
    """Les valeurs d'un territoire ; une cellule qui n'est pas publiée devient son signe, sans son nombre."""
    tranches: dict[Tranche, dict[str, Compte]] = {}
    colonnes = ("periode", "indicateur", "ventilation", "modalite", "valeur", "statut")
    for p, i, v, m, valeur, statut in zip(*(valeurs[nom] for nom in colonnes), strict=True):
        compte = Decimal(str(valeur)) if statut == "publie" else SIGNES[statut]
        tranches.setdefault((p, i, v), {})[m] = compte
    return tranches
