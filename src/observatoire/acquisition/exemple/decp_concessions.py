"""Les données essentielles fictives : les contrats de concession, au format v2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from observatoire.acquisition.exemple import calibration as cible
from observatoire.acquisition.exemple.calendrier import ecrire_jours
from observatoire.acquisition.exemple.decp import AUCUNE_SOCIALE, ISO, mots, titulaires
from observatoire.acquisition.exemple.tirages import choisir, generateur, log_normale

if TYPE_CHECKING:
    from collections.abc import Iterator

    from observatoire.acquisition.exemple.region import Region

_CONCESSIONS = 4
_LISTES: dict[str, dict[str, float]] = {
    "nature": {"Délégation de service public": 60, "Concession de service": 30, "Concession de travaux": 10},
    "procedure": {"Procédure négociée ouverte": 70, "Procédure non négociée ouverte": 30},
    "sociale": {AUCUNE_SOCIALE: 85, "Clause sociale": 12, "Concession réservée": 3},
}


def publier_concessions(region: Region, echelle: float) -> Iterator[dict[str, Any]]:
    """Rend les contrats de concession publiés dans la fenêtre."""
    rng = generateur(region.graine, _CONCESSIONS)
    fenetre, acteurs = region.fenetre, region.acteurs
    nombre = max(2, round(cible.CONCESSIONS_PAR_AN * fenetre.annees * echelle))
    signature = np.sort(rng.integers(fenetre.debut, fenetre.extraction - 60, size=nombre))
    departement = choisir(rng, cible.DEPARTEMENTS.values(), nombre)
    communes = region.geographie.noms[region.geographie.tirer(rng, departement)]
    colonnes = {nom: mots(rng, poids, nombre).tolist() for nom, poids in _LISTES.items()}
    colonnes |= {
        "commune": communes.tolist(),
        "acheteur": acteurs.acheteurs["siret"]
        .to_numpy()[rng.integers(cible.ACHETEURS, size=nombre)]
        .tolist(),
        "titulaire": titulaires(rng, region, departement).tolist(),
        "duree": rng.integers(24, 240, size=nombre).tolist(),
        "valeur": log_normale(rng, np.full(nombre, 3e6), 1.0).round(2).tolist(),
        "signe": ecrire_jours(signature, ISO).tolist(),
        "publie": ecrire_jours(signature + 20, ISO).tolist(),
        "debute": ecrire_jours(signature + 45, ISO).tolist(),
    }
    noms = list(colonnes)
    for rang, valeurs in enumerate(zip(*colonnes.values(), strict=True)):
        yield _concession(dict(zip(noms, valeurs, strict=True)), rang)


def _concession(v: dict[str, Any], rang: int) -> dict[str, Any]:
    return {
        "id": f"{v['signe'][:4]}-C{rang + 1:06d}",
        "autoriteConcedante": {"id": v["acheteur"]},
        "nature": v["nature"],
        "objet": f"Exploitation d'un service public, {v['commune']}",
        "procedure": v["procedure"],
        "dureeMois": v["duree"],
        "dateSignature": v["signe"],
        "datePublicationDonnees": v["publie"],
        "dateDebutExecution": v["debute"],
        "valeurGlobale": v["valeur"],
        "montantSubventionPublique": 0,
        "concessionnaires": [{"concessionnaire": {"typeIdentifiant": "SIRET", "id": v["titulaire"]}}],
        "considerationsSociales": {"considerationSociale": [v["sociale"]]},
        "considerationsEnvironnementales": {
            "considerationEnvironnementale": ["Pas de considération environnementale"]
        },
    }
