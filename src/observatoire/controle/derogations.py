"""Ce qui arrête la chaîne, et ce que l'équipe passe outre en disant pourquoi (`--malgre`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from observatoire.erreurs import QualiteError
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from observatoire.controle.quarantaine import Compte

_MALGRE = 'Pour passer outre et l\'inscrire : observatoire construire --malgre "raison".'


@dataclass
class Derogations:
    """Les constats passés outre. Sans raison, le premier constat arrête la chaîne."""

    raison: str = ""
    passees: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.raison = " ".join(self.raison.split())

    def refuser(self, source: str, constat: str, remede: str) -> None:
        """Arrête la chaîne sur ce constat, ou l'inscrit avec la raison donnée.

        Raises:
            QualiteError: aucune raison n'a été donnée.
        """
        if not self.raison:
            raise QualiteError(f"{source} : {constat}", f"{remede} {_MALGRE}")
        self.passees[source, constat] = self.raison

    def table(self) -> pd.DataFrame:
        """Rend `controle/derogations`."""
        schema = SCHEMAS["controle/derogations"]
        lignes = [(source, constat, raison) for (source, constat), raison in self.passees.items()]
        return schema.typer(pd.DataFrame(lignes, columns=schema.noms))


def refuser_trop_d_ecarts(source: str, compte: Compte, maximum_pct: float, derogations: Derogations) -> None:
    """Arrête tout si une source a trop de lignes écartées pour que le reste soit crédible.

    Raises:
        QualiteError: la part écartée dépasse le maximum ; le message donne les premières règles.
    """
    if 100 * compte.ecartees <= maximum_pct * compte.lues:
        return
    premieres = sorted(compte.regles.items(), key=lambda regle: (-regle[1], regle[0]))[:3]
    details = [f"{nom} {nombre} (par exemple {compte.exemples[nom]})" for nom, nombre in premieres]
    derogations.refuser(
        source,
        f"{compte.ecartees} lignes écartées sur {compte.lues}, soit "
        f"{100 * compte.ecartees // compte.lues} %, plus que les {maximum_pct:g} % admis. "
        f"Premières règles : {' ; '.join(details)}.",
        "Vérifier la lecture déclarée pour cette source dans observatoire.toml (dates, décimale, colonnes), "
        f"sinon faire corriger l'export, ou relever ecartees_maximum_pct dans [sources.{source}.seuils].",
    )


def refuser_une_chute(
    source: str, lues: int, precedente: tuple[str, int], maximum_pct: float, derogations: Derogations
) -> None:
    """Arrête tout si la dernière livraison a perdu trop de lignes contre la précédente.

    Args:
        source: la source.
        lues: lignes de la dernière livraison.
        precedente: date et lignes de la livraison précédente.
        maximum_pct: la perte admise, en % de la précédente.
        derogations: reçoit le constat.

    Raises:
        QualiteError: la perte dépasse le maximum.
    """
    millesime, avant = precedente
    if 100 * (avant - lues) <= maximum_pct * avant:
        return
    derogations.refuser(
        source,
        f"{lues} lignes reçues contre {avant} dans la livraison du {millesime}, soit "
        f"{100 * (avant - lues) // avant} % de moins, plus que les {maximum_pct:g} % admis.",
        "Vérifier que l'export est complet (filtre, période, droits). Si cette livraison complète la "
        f"précédente au lieu de la remplacer, relever chute_maximum_pct dans [sources.{source}.seuils].",
    )
