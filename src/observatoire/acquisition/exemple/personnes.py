"""Les personnes : âge, diplôme, publics, prescripteur et résidence, fixés à l'entrée en clause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from observatoire.acquisition.exemple import calibration as cible
from observatoire.acquisition.exemple.calendrier import AUCUN
from observatoire.acquisition.exemple.geographie import CODES_DEPARTEMENTS
from observatoire.acquisition.exemple.noms import nir, noms, prenoms
from observatoire.acquisition.exemple.tirages import choisir

if TYPE_CHECKING:
    from collections.abc import Mapping

    from observatoire.acquisition.exemple.geographie import Geographie
    from observatoire.acquisition.exemple.tirages import Drapeaux, Entiers, Reels, Textes

CODES_NIVEAUX = tuple(cible.NIVEAUX)
CODES_PRESCRIPTEURS = tuple(dict.fromkeys(code for profil in cible.PRESCRIPTEURS.values() for code in profil))
CODES_PUBLICS = tuple(cible.PUBLICS)
_ALTERNANCE = np.array([couple.contrat in cible.ALTERNANCE for couple in cible.COUPLES])
_IAE = np.array([couple.employeur in cible.EMPLOYEURS_IAE for couple in cible.COUPLES])
_TH = np.array([couple.employeur in cible.EMPLOYEURS_TH for couple in cible.COUPLES])
_FEMMES = np.array([secteur.femmes for secteur in cible.SECTEURS])
_TRAVAUX = np.array([secteur.type_marche == "T" for secteur in cible.SECTEURS])


def decrire(
    rng: np.random.Generator, entrees: pd.DataFrame, clauses: pd.DataFrame, geographie: Geographie
) -> pd.DataFrame:
    """Rend une ligne par personne, d'après son entrée en clause : métier, contrat et lieu la façonnent.

    `publics` est un masque binaire sur `CODES_PUBLICS` ; `qpv` vaut 0 (non) ou 1 (oui).
    """
    clause = clauses.iloc[entrees["clause"]]
    couple = entrees["couple"].to_numpy()
    femme = rng.random(len(entrees)) < _part_de_femmes(clause)
    age = _ages(rng, _ALTERNANCE[couple])
    naissance = entrees["jour"].to_numpy() - (age * 365.25).astype(np.int64) - rng.integers(1, 365, len(age))
    residence, departement = geographie.residences(rng, clause["commune"].to_numpy())
    parts_qpv = np.array([cible.QPV_PAR_DEPARTEMENT[code] for code in CODES_DEPARTEMENTS] + [0.05])
    qpv = rng.random(len(age)) < parts_qpv[departement]
    niveau = choisir(rng, cible.NIVEAUX.values(), len(age))
    prescripteur = _prescripteurs(rng, age < 26, _TH[couple])
    publics = _publics(rng, age, niveau, prescripteur, qpv, couple)
    return pd.DataFrame(
        {
            "nom": noms(rng, len(age)),
            "prenom": prenoms(rng, femme),
            "naissance": naissance,
            "nir": nir(femme, naissance, np.arange(len(age))),
            "femme": femme,
            "residence": residence,
            "qpv": qpv.astype(np.int64),
            "niveau": niveau,
            "prescripteur": prescripteur,
            "publics": publics,
        }
    )


def sorties(rng: np.random.Generator, contrats: pd.DataFrame, extraction: int) -> tuple[Textes, Entiers]:
    """Rend la situation à six mois du dernier contrat, si le délai est écoulé, et le jour où on l'a sue."""
    observation = contrats["fin"].to_numpy() + 180 + rng.integers(-15, 45, len(contrats))
    concerne = contrats["dernier"].to_numpy() & (observation <= extraction)
    situations = np.array(list(cible.SORTIES), dtype=object)
    repondu = rng.random(len(contrats)) < cible.REPONSE_A_SIX_MOIS
    note = rng.random(len(contrats)) < cible.SANS_NOUVELLES
    situation = np.where(
        repondu,
        situations[choisir(rng, cible.SORTIES.values(), len(contrats))],
        np.where(note, "Sans nouvelles", ""),
    )
    situation = np.where(concerne, situation, "")
    return situation, np.where(situation == "", AUCUN, observation)


def _part_de_femmes(clause: pd.DataFrame) -> Reels:
    secteur = clause["secteur"].to_numpy()
    en_travaux = _TRAVAUX[secteur] & (clause["programme"].to_numpy() >= 0)
    return np.where(en_travaux, cible.FEMMES_TRAVAUX_GRANDS_PROJETS, _FEMMES[secteur])


def _ages(rng: np.random.Generator, alternance: Drapeaux) -> Entiers:
    nombre = len(alternance)
    tranche = np.where(
        alternance,
        choisir(rng, cible.AGES["alternance"], nombre),
        choisir(rng, cible.AGES["autre"], nombre),
    )
    bas, haut = np.array(cible.BORNES_AGE).T
    ages: Entiers = rng.integers(bas[tranche], haut[tranche])
    return ages


def _prescripteurs(rng: np.random.Generator, jeune: Drapeaux, handicap: Drapeaux) -> Entiers:
    profils = [_poids(cible.PRESCRIPTEURS[profil]) for profil in ("adulte", "jeune")]
    tires = [choisir(rng, profil, len(jeune)) for profil in profils]
    cap_emploi = handicap & (rng.random(len(jeune)) < cible.CAP_EMPLOI_DES_TH)
    return np.where(cap_emploi, CODES_PRESCRIPTEURS.index("CAPE"), np.where(jeune, tires[1], tires[0]))


def _poids(profil: Mapping[str, float]) -> list[float]:
    return [profil.get(code, 0.0) for code in CODES_PRESCRIPTEURS]


def _publics(
    rng: np.random.Generator,
    age: Entiers,
    niveau: Entiers,
    prescripteur: Entiers,
    qpv: Drapeaux,
    couple: Entiers,
) -> Entiers:
    tous = np.ones(len(age), dtype=bool)
    peuvent = {
        "tous": tous,
        "26 et plus": age >= 26,
        "jeunes": age < 26,
        "jeunes jusqu'au bac": (age < 26) & (niveau <= CODES_NIVEAUX.index("N4")),
        "50 et plus": age >= 50,
        "QPV": qpv,
        "employés par une structure": _IAE[couple],
        "orientés par un PLIE": prescripteur == CODES_PRESCRIPTEURS.index("PLIE"),
        "handicap ou Cap emploi": _TH[couple] | (prescripteur == CODES_PRESCRIPTEURS.index("CAPE")),
    }
    masque = np.zeros(len(age), dtype=np.int64)
    portes: dict[str, Drapeaux] = {}
    for rang, (public, (qui, probabilite)) in enumerate(cible.PUBLICS.items()):
        concernes = _concernes(qui, peuvent, portes)
        portes[public] = concernes & (rng.random(len(age)) < probabilite)
        masque |= portes[public].astype(np.int64) << rang
    return masque


def _concernes(qui: str, peuvent: Mapping[str, Drapeaux], portes: Mapping[str, Drapeaux]) -> Drapeaux:
    if qui.startswith("pas "):
        return ~portes[qui.removeprefix("pas ")]
    return portes[qui] if qui in portes else peuvent[qui]
