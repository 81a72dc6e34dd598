"""Qui passe, porte et exécute les marchés : acheteurs, structures porteuses, entreprises fictives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from stdnum import luhn

from observatoire.acquisition.exemple.calibration import (
    ACHETEURS,
    DEPARTEMENTS,
    EMPLOYEURS,
    PART_LOGICIEL_B,
    PROGRAMMES,
    STRUCTURES_PORTEUSES,
)
from observatoire.acquisition.exemple.geographie import CODES_DEPARTEMENTS, Geographie
from observatoire.acquisition.exemple.tirages import TirageParGroupe, choisir

REGION = len(CODES_DEPARTEMENTS)  # rang des acheteurs régionaux, après les départements
GENRES = tuple(EMPLOYEURS)
_NOMS = (
    "Le Pont",
    "Tremplin",
    "Passerelle",
    "Les Ateliers",
    "Horizon",
    "Le Relais",
    "Essor",
    "Cap",
    "L'Étape",
)


@dataclass(frozen=True)
class Acteurs:
    """Les établissements fictifs, communs à toute la région ; leurs SIREN commencent par 000.

    `structures` : siret, departement, logiciel (0 pour A, 1 pour B). `acheteurs` : siret, departement.
    `maitres_ouvrage` : SIRET par nom. `employeurs` : siret, genre, departement, commune, nom.
    """

    structures: pd.DataFrame
    acheteurs: pd.DataFrame
    maitres_ouvrage: dict[str, str]
    employeurs: pd.DataFrame

    def tirage_employeurs(self) -> TirageParGroupe:
        """Prépare le tirage d'un employeur par genre et département (`genre * 8 + departement`)."""
        groupes = self.employeurs["genre"] * REGION + self.employeurs["departement"]
        return TirageParGroupe(groupes.to_numpy(), self.employeurs["poids"].to_numpy(), len(GENRES) * REGION)


def inventer(rng: np.random.Generator, geographie: Geographie) -> Acteurs:
    """Invente les acteurs de la région."""
    maitres = list(dict.fromkeys(programme.maitre_ouvrage for programme in PROGRAMMES))
    nombre = STRUCTURES_PORTEUSES + ACHETEURS + len(maitres) + sum(EMPLOYEURS.values())
    sirets = _sirets(rng, nombre)
    coupes = np.cumsum([STRUCTURES_PORTEUSES, ACHETEURS, len(maitres)])
    structures, acheteurs, maitres_ouvrage, employeurs = np.split(sirets, coupes)
    return Acteurs(
        structures=_structures(rng, structures),
        acheteurs=pd.DataFrame({"siret": acheteurs, "departement": np.arange(ACHETEURS) % (REGION + 1)}),
        maitres_ouvrage=dict(zip(maitres, maitres_ouvrage, strict=True)),
        employeurs=_employeurs(rng, employeurs, geographie),
    )


def _sirets(rng: np.random.Generator, nombre: int) -> np.ndarray:
    numeros = rng.permutation(100_000)[:nombre]
    sirets = []
    for numero in numeros.tolist():
        siren = f"000{numero:05d}"
        siren += luhn.calc_check_digit(siren)
        siret = f"{siren}{numero % 9 + 1:04d}"
        sirets.append(siret + luhn.calc_check_digit(siret))
    return np.array(sirets, dtype=object)


def _structures(rng: np.random.Generator, sirets: np.ndarray) -> pd.DataFrame:
    """Répartit les structures comme les heures, puis confie au logiciel B la part qui lui revient."""
    parts = np.array(list(DEPARTEMENTS.values())) / sum(DEPARTEMENTS.values())
    nombres = np.maximum(1, np.floor(parts * len(sirets)).astype(int))
    nombres[np.argmax(parts)] += len(sirets) - nombres.sum()
    departements = np.repeat(np.arange(REGION), nombres)
    poids = (parts / nombres)[departements]
    logiciel = np.zeros(len(sirets), dtype=np.int64)
    for rang in rng.permutation(len(sirets)):
        if poids[logiciel == 1].sum() + poids[rang] <= PART_LOGICIEL_B * 1.05:
            logiciel[rang] = 1
    return pd.DataFrame({"siret": sirets, "departement": departements, "logiciel": logiciel})


def _employeurs(rng: np.random.Generator, sirets: np.ndarray, geographie: Geographie) -> pd.DataFrame:
    genres = np.repeat(np.arange(len(GENRES)), list(EMPLOYEURS.values()))
    rangs = np.arange(len(sirets))
    au_hasard = choisir(rng, DEPARTEMENTS.values(), len(sirets))
    premiers = np.concatenate([np.arange(nombre) for nombre in EMPLOYEURS.values()])
    departements = np.where(premiers < REGION, premiers % REGION, au_hasard)  # chaque genre, partout
    communes = geographie.tirer(rng, departements)
    noms = [
        f"{GENRES[genre]} {_NOMS[rang % len(_NOMS)]} de {geographie.noms[commune]} {rang}"
        for genre, rang, commune in zip(genres, rangs, communes, strict=True)
    ]
    return pd.DataFrame(
        {
            "siret": sirets,
            "genre": genres,
            "departement": departements,
            "commune": communes,
            "nom": noms,
            "poids": rng.exponential(size=len(sirets)) + 0.1,
        }
    )
