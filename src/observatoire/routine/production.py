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


CAMPAGNE = "trimestre"


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
    """Produit les documents vieillis de la campagne du trimestre.

    Raises:
        SystemExit: un arrêt a été demandé ; ce qui est produit est gardé, le passage suivant finira.
    """
    from observatoire.publication.campagne.compte_rendu import rendre_compte
    from observatoire.publication.campagne.fichier import lire_campagne
    from observatoire.publication.campagne.lancement import lancer
    from observatoire.publication.campagne.manifeste import dossier_de
    from observatoire.publication.campagne.plan import planifier
    from observatoire.publication.moteur.executeurs import executeur

    plan = planifier(config, lire_campagne(config, CAMPAGNE))
    with executeur() as ouvriers:
        bilan = lancer(config, plan, ouvriers)
    if plan.a_faire:
        rendre_compte(config, bilan)
    if bilan.signal:
        raise SystemExit(bilan.code)
    manquent = [echec.tache for echec in bilan.echecs] + list(bilan.restants)
    return Fiches(
        periode=", ".join(plan.periodes),
        faites=len(bilan.ecrits),
        inchangees=len(bilan.inchanges),
        echecs=tuple(dict.fromkeys(tache.objet for tache in manquent)),
        dossier=str(dossier_de(config, max(plan.periodes)).relative_to(config.racine)),
        secondes=bilan.secondes,
    )
