"""Où l'on travaille, où l'on habite : les communes du référentiel, pondérées par leur population."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from observatoire.acquisition.exemple.calibration import (
    ACTIVITE,
    DEPARTEMENTS,
    HORS_REGION,
    RESIDENCE_HORS_REGION,
    RESIDENCE_MEME_DEPARTEMENT,
    RESIDENCE_MEME_ZONE,
    RESIDENCE_NR,
    VOISINS,
)
from observatoire.acquisition.exemple.tirages import Lexique, TirageParGroupe, choisir
from observatoire.referentiel import lire_liste

if TYPE_CHECKING:
    from observatoire.acquisition.exemple.tirages import Entiers, Textes

CODES_DEPARTEMENTS = tuple(DEPARTEMENTS)


class Geographie:
    """Les communes de la région, avec de quoi en tirer par département ou par intercommunalité."""

    def __init__(self) -> None:
        lignes = lire_liste("communes")
        self.codes = np.array([ligne["code"] for ligne in lignes], dtype=object)
        self.noms = np.array([ligne["nom"] for ligne in lignes], dtype=object)
        self.postaux = np.array([ligne["codes_postaux"].split("|")[0] for ligne in lignes], dtype=object)
        self.departements = np.array([CODES_DEPARTEMENTS.index(ligne["departement"]) for ligne in lignes])
        zones = [ligne["ept"] or ligne["epci"] or ligne["departement"] for ligne in lignes]
        _, self.zones = np.unique(zones, return_inverse=True)
        poids = np.array(
            [int(ligne["population"]) * ACTIVITE.get(ligne["ept"], 1) for ligne in lignes], float
        )
        self._par_departement = TirageParGroupe(self.departements, poids, len(CODES_DEPARTEMENTS))
        self._par_zone = TirageParGroupe(self.zones, poids, int(self.zones.max()) + 1)
        self._voisins = Lexique([VOISINS[departement] for departement in CODES_DEPARTEMENTS])

    def tirer(self, rng: np.random.Generator, departements: Entiers) -> Entiers:
        """Tire une commune de chaque département."""
        return self._par_departement.tirer(rng, departements)

    def residences(self, rng: np.random.Generator, chantiers: Entiers) -> tuple[Textes, Entiers]:
        """Tire la commune de résidence de personnes, d'après la commune où elles travaillent.

        Returns:
            Le code de la commune, vide si elle n'est pas renseignée, et le rang de son département,
            -1 hors de la région ou si elle est inconnue.
        """
        reste = 1 - RESIDENCE_MEME_ZONE - RESIDENCE_MEME_DEPARTEMENT - RESIDENCE_HORS_REGION - RESIDENCE_NR
        lien = choisir(
            rng,
            (RESIDENCE_MEME_ZONE, RESIDENCE_MEME_DEPARTEMENT, reste, RESIDENCE_HORS_REGION, RESIDENCE_NR),
            len(chantiers),
        )
        departements = self.departements[chantiers]
        voisins = self._voisins.ecrire(rng, departements)
        ailleurs = np.array([CODES_DEPARTEMENTS.index(voisin) for voisin in voisins], dtype=np.int64)
        communes = np.select(
            [lien == 0, lien == 1],
            [self._par_zone.tirer(rng, self.zones[chantiers]), self.tirer(rng, departements)],
            self.tirer(rng, ailleurs),
        )
        lointaines = np.array(HORS_REGION, dtype=object)[rng.integers(len(HORS_REGION), size=len(chantiers))]
        codes = np.select([lien < 3, lien == 3], [self.codes[communes], lointaines], "")
        return codes, np.where(lien < 3, self.departements[communes], -1)
