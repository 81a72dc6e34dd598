"""Les périodes qu'une édition peut avoir : les trimestres achevés dans les données."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.erreurs import PerimetreError, PublicationError
from observatoire.magasin import Magasin
from observatoire.perimetre import Periode

if TYPE_CHECKING:
    from observatoire.config import Config


def trimestres_acheves(config: Config) -> list[Periode]:
    """Rend les trimestres publiés qui étaient achevés à la date d'extraction, du plus ancien au plus récent.

    Raises:
        TableError: les indicateurs n'ont pas été construits.
        PublicationError: aucun trimestre n'est complet.
    """
    magasin = Magasin(config.processed)
    extractions = filter(None, magasin.distinctes("indicateurs/provenance", "date_extraction"))
    extraction = max(extractions, default=None)
    publiees = magasin.distinctes("indicateurs/valeurs", "periode", [("statut", "=", "publie")])
    periodes = [Periode.lire(texte) for texte in publiees]
    completes = [p for p in periodes if p.rythme == "trimestre" and extraction and p.fin < extraction.date()]
    if not completes:
        raise PublicationError(
            "Aucun trimestre complet dans les données.", "Choisir une période : « --periode 2026-T3 »."
        )
    return sorted(completes)


def derniere_periode(config: Config) -> Periode:
    """Rend le dernier trimestre publié qui était achevé à la date d'extraction des données.

    Raises:
        TableError: les indicateurs n'ont pas été construits.
        PublicationError: aucun trimestre n'est complet.
    """
    return trimestres_acheves(config)[-1]


def periode_demandee(config: Config, texte: str) -> Periode:
    """Lit la période demandée ; sans données elle donne une fiche qui le dit, mais pas dans l'avenir.

    Raises:
        PerimetreError: période mal écrite, annuelle, ou pas encore achevée dans les données.
    """
    periode, derniere = Periode.lire(texte), derniere_periode(config)
    if periode.rythme != "trimestre":
        trimestre = Periode(periode.annee, periode.trimestre or 4)
        raise PerimetreError(
            f"La fiche est trimestrielle : « {periode} » n'est pas un trimestre.",
            f"Écrire un trimestre : {trimestre}.",
        )
    if periode > derniere:
        raise PerimetreError(
            f"Le trimestre {periode} n'est pas achevé dans les données.", f"Dernier complet : {derniere}."
        )
    return periode
