"""Ce que toutes les parties d'une fiche partagent : un territoire, un trimestre, leurs valeurs publiées."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from observatoire.erreurs import ParametreError, PerimetreError, PublicationError
from observatoire.magasin import Magasin
from observatoire.perimetre import Periode, Territoire
from observatoire.publication.blocs import Avis
from observatoire.publication.cellules import NON_SIGNIFICATIVE, SECRET, Cellule, Cellules, variation
from observatoire.publication.fiche import phrases
from observatoire.publication.formats import pct
from observatoire.publication.repartitions import Repartition, repartir
from observatoire.referentiel import ENSEMBLE

if TYPE_CHECKING:
    import pandas as pd

    from observatoire.config import Config

REGION = Territoire("reg", "11")


@dataclass(frozen=True)
class Contexte:
    """Un territoire et un trimestre : tout ce qui en est publié, et rien d'autre."""

    config: Config
    territoire: Territoire
    periode: Periode
    cellules: Cellules
    catalogue: dict[str, dict[str, Any]]
    provenance: pd.DataFrame
    qualite: pd.DataFrame

    @classmethod
    def ouvrir(cls, config: Config, territoire: str, periode: str) -> Self:
        """Lit les valeurs publiées du territoire et de la région, et elles seules.

        Raises:
            ParametreError: un paramètre n'est pas un texte.
            PerimetreError: territoire ou trimestre inconnu.
            TableError: les indicateurs n'ont pas encore été construits.
        """
        ici, trimestre = _lire_parametres(territoire, periode)
        debut = min(trimestre.decalee(1 - _duree(config)).annee, trimestre.annee - 1)
        periodes = [
            str(Periode(annee, rang)) for annee in range(debut, trimestre.annee + 1) for rang in (1, 2, 3, 4)
        ]
        magasin = Magasin(config.processed)
        valeurs = magasin.lire(
            "indicateurs/valeurs",
            [("territoire", "in", sorted({str(ici), str(REGION)})), ("periode", "in", periodes)],
        )
        catalogue = magasin.lire("indicateurs/catalogue").to_dict("records")
        return cls(
            config,
            ici,
            trimestre,
            Cellules(valeurs),
            {
                str(fiche["indicateur"]): {str(cle): valeur for cle, valeur in fiche.items()}
                for fiche in catalogue
            },
            magasin.lire("indicateurs/provenance"),
            magasin.lire("indicateurs/qualite"),
        )

    # ── Les mots ──

    @property
    def ou(self) -> str:
        """Le territoire en complément de lieu."""
        return self.territoire.locatif

    @property
    def quand(self) -> str:
        """Le trimestre en toutes lettres."""
        return self.periode.libelle

    @property
    def est_region(self) -> bool:
        """Vrai pour la fiche régionale, qui ne se compare pas à elle-même."""
        return self.territoire == REGION

    def decrire(self, indicateur: str, champ: str) -> str:
        """Rend un texte du catalogue : `champ`, `source` ou `libelle`.

        Raises:
            PublicationError: l'indicateur n'est pas au catalogue.
        """
        if indicateur not in self.catalogue:
            raise PublicationError(
                f"L'indicateur {indicateur} n'est pas au catalogue.", "Relancer « observatoire construire »."
            )
        return str(self.catalogue[indicateur][champ])

    def sans_donnees(self, titre: str) -> Avis:
        """L'avis qui remplace une figure quand rien n'a été reçu."""
        return Avis(phrases.SANS_DONNEES.format(titre=titre, ou=self.ou, quand=self.quand))

    # ── Les valeurs ──

    def lire(
        self,
        indicateur: str,
        ventilation: str = ENSEMBLE,
        modalite: str = ENSEMBLE,
        *,
        periode: Periode | None = None,
    ) -> Cellule:
        """Rend une cellule du territoire, au trimestre de la fiche s'il n'en est pas donné d'autre."""
        return self.cellules.lire(
            indicateur, ventilation, modalite, territoire=self.territoire, periode=periode or self.periode
        )

    def repartir(
        self, indicateur: str, ventilation: str, territoire: Territoire | None = None
    ) -> Repartition:
        """Rend la répartition d'un indicateur au trimestre de la fiche."""
        retrait = self.parametre("seuil_retrait_non_renseigne_pct")
        ici = territoire or self.territoire
        return repartir(self.cellules, indicateur, ventilation, ici, self.periode, retrait_nr=retrait)

    def evolution(self, valeur: Cellule, base: Cellule, effectif: Cellule) -> Cellule:
        """Rend l'évolution en %, non significative quand l'effectif de départ est petit ou inconnu."""
        petit = effectif.nombre is None or effectif.nombre < self.parametre("base_minimale_evolution")
        calculee = variation(valeur, base)
        return NON_SIGNIFICATIVE if petit and calculee.nombre is not None else calculee

    def alerte_nr(self, taux: Cellule) -> bool:
        """Vrai si un taux de non-renseigné demande de la prudence (R7)."""
        return taux.nombre is not None and taux.nombre > self.parametre("seuil_alerte_non_renseigne_pct")

    def noter_nr(self, taux: Cellule) -> str:
        """Dit le taux de non-renseigné, et prévient s'il est élevé ou secret ; rien s'il est nul."""
        if taux.statut == SECRET:
            return phrases.NON_RENSEIGNE_SECRET
        prudence = phrases.PRUDENCE if self.alerte_nr(taux) else ""
        return phrases.NON_RENSEIGNE.format(taux=pct(taux), prudence=prudence) if taux.nombre else ""

    def mesure(self, nom: str) -> float | None:
        """Rend une mesure de qualité, toutes sources d'un genre réunies ; None si elle n'est pas connue."""
        lignes = self.qualite.loc[(self.qualite["mesure"] == nom) & (self.qualite["source"] == ENSEMBLE)]
        return float(lignes["valeur"].iloc[0]) if len(lignes) else None

    # ── Le calendrier ──

    def parametre(self, nom: str) -> Any:
        """Rend un paramètre de méthode, à sa valeur à la fin du trimestre."""
        return self.config.parametre(nom, self.periode.fin).valeur

    @cached_property
    def trimestres(self) -> list[Periode]:
        """Les trimestres de la tendance, du plus ancien à celui de la fiche."""
        return self.periode.jusqu_ici(_duree(self.config))

    @cached_property
    def extraction(self) -> dt.date | None:
        """La date d'extraction la plus récente des sources, None s'il n'y en a pas."""
        dates = self.provenance["date_extraction"].dropna()
        return dates.max().date() if len(dates) else None

    @property
    def fictif(self) -> bool:
        """Vrai si une seule source est fictive."""
        return bool(self.provenance["fictif"].fillna(False).any())

    def definitif_le(self, periode: Periode) -> dt.date:
        """Le jour où les chiffres d'une période cessent d'être provisoires."""
        return periode.fin + dt.timedelta(days=self.parametre("jours_avant_definitif"))

    def provisoire(self, periode: Periode) -> bool:
        """Vrai si les sources ont été extraites trop tôt après la fin de la période."""
        return self.extraction is None or self.extraction < self.definitif_le(periode)


def _duree(config: Config) -> int:
    return int(config.reglages["fiches"]["trimestres_de_tendance"])


def _lire_parametres(territoire: object, periode: object) -> tuple[Territoire, Periode]:
    exemples = {"territoire": (territoire, "dep:93"), "periode": (periode, "2026-T3")}
    for nom, (recu, exemple) in exemples.items():
        if not isinstance(recu, str):
            raise ParametreError(
                f"Le paramètre « {nom} » n'est pas un texte : {recu!r}.", f'Écrire {nom} = "{exemple}".'
            )
    lue = Periode.lire(str(periode))
    if lue.trimestre is None:
        raise PerimetreError(
            f"La fiche est trimestrielle : « {periode} » est une année.", f"Écrire un trimestre : {lue}-T4."
        )
    return Territoire.lire(str(territoire)), lue
