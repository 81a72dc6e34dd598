"""Ce que la routine fait faire à la chaîne : construire, contrôler, éditer. Un essai le remplace."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.routine.bilan import Construction, Fiches, Qualite

if TYPE_CHECKING:
    from collections.abc import Callable

    from observatoire.config import Config


@dataclass(frozen=True, slots=True)
class Production:
    """Les trois gestes de la chaîne ; chacun lève une `ObservatoireError` s'il échoue."""

    construire: Callable[[Config], Construction]
    controler: Callable[[Config], Qualite]
    editer: Callable[[Config], Fiches]


def production() -> Production:
    """Rend les gestes de la vraie chaîne."""
    return Production(construire, controler, editer)


def construire(config: Config) -> Construction:
    """Reconstruit toutes les tables, seuils de qualité compris."""
    from observatoire.chaine import construire as executer

    debut = time.perf_counter()
    faits = executer(config)
    lignes = sum(sum(fait.lignes.values()) for fait in faits)
    return Construction(lignes, time.perf_counter() - debut)


def controler(config: Config) -> Qualite:
    """Écrit le rapport de qualité et les lignes à renvoyer à chaque source."""
    from observatoire.qualite import controler as ecrire

    ecrits = ecrire(config)
    gravites = Counter(constat.gravite for constat in ecrits.constats)
    return Qualite(dict(sorted(gravites.items())), str(ecrits.rapport.relative_to(config.racine)))


def editer(config: Config) -> Fiches:
    """Produit les fiches du dernier trimestre complet."""
    from observatoire.erreurs import PublicationError
    from observatoire.perimetre import Territoire
    from observatoire.publication.editions import Document, derniere_periode, produire_fiches

    debut = time.perf_counter()
    periode = derniere_periode(config)
    territoires = list(Territoire.tous(*config.reglages["fiches"]["niveaux"]))
    faits: list[Document] = []
    try:
        produire_fiches(config, territoires, periode, suivi=faits.append)
    except PublicationError:
        if not faits:
            raise
    faites = {document.territoire for document in faits}
    return Fiches(
        periode=str(periode),
        faites=len(faits),
        inchangees=0,
        echecs=tuple(str(t) for t in territoires if t not in faites),
        dossier=str((config.outputs / "fiches" / str(periode)).relative_to(config.racine)),
        secondes=time.perf_counter() - debut,
    )
