"""Lire quelques indicateurs d'un petit entrepôt : leurs cellules privées, puis leurs rapports."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from unittest.mock import patch

import pandas as pd

from observatoire.indicateurs import REGISTRE
from observatoire.indicateurs.couverture import periodes_couvertes
from observatoire.indicateurs.rapports import evaluer
from observatoire.indicateurs.registre import RAPPORTS
from observatoire.indicateurs.tables import GENRES, preparer, territoires_de
from observatoire.indicateurs.tables.lecture import Lecture, ecrire_grille
from observatoire.referentiel import ENSEMBLE

TEXTES = ("indicateur", "ventilation", "territoire", "periode", "modalite")
COLONNES = ["indicateur", "rang", "territoire", "periode"]
MESURES = ("valeur", "effectif", "employeurs", "premier")


@dataclass(frozen=True)
class Lecteur:
    """Rend la valeur d'une cellule ou d'un rapport ; `None` si elle n'existe pas ou n'est pas disponible."""

    cellules: pd.DataFrame
    lues: pd.DataFrame

    def __call__(self, indicateur, periode, ventilation=ENSEMBLE, modalite=ENSEMBLE, territoire="reg:11"):
        table = self.lues.set_index(list(TEXTES))["valeur"]
        valeur = table.get((indicateur, ventilation, territoire, periode, modalite))
        return None if pd.isna(valeur) else valeur

    def mesures(self, indicateur, periode, territoire="reg:11"):
        """Valeur, effectif, employeurs, premier."""
        cle = (indicateur, ENSEMBLE, territoire, periode, ENSEMBLE)
        return tuple(self.cellules.set_index(list(TEXTES)).loc[cle, list(MESURES)])


def lecteur(connexion, noms, *ventilees, **parametres):
    """Calcule ces indicateurs, d'ensemble et dans ces ventilations, puis les rapports qu'ils permettent."""
    connexion.execute("set threads = 1")
    periodes = periodes_couvertes(connexion)
    territoires = territoires_de(connexion, ["reg", "dep", "ept"])
    preparer(connexion, territoires, periodes, {REGISTRE[nom].table for nom in noms})
    tables = []
    for indicateur in map(REGISTRE.__getitem__, noms):
        ecrites = tuple(periodes.loc[periodes["genre"] == GENRES[indicateur.table], "periode"])
        for rang, ventilation in enumerate((ENSEMBLE, *indicateur.ventilations)):
            if ventilation not in (ENSEMBLE, *ventilees):
                continue
            lignes = product([indicateur.nom], [rang], territoires, ecrites)
            ecrire_grille(connexion, pd.DataFrame(lignes, columns=COLONNES))
            lue = Lecture(connexion, indicateur)
            etude = connexion.sql(lue.ventiler(lue.etude, [ventilation]))
            recus = {cle: parametres[cle] for cle in indicateur.parametres}
            lue = indicateur.calcul(etude, ["territoire", "periode", "code"], **recus).to_df()
            nouvelles = {"indicateur": indicateur.nom, "ventilation": ventilation, "modalite": lue["code"]}
            tables.append(lue.assign(**nouvelles))
    types = dict.fromkeys(TEXTES, "string") | dict.fromkeys(MESURES, "Float64")
    cellules = pd.concat(tables, ignore_index=True).reindex(columns=[*TEXTES, *MESURES]).astype(types)
    valeurs = valeurs_de(cellules)
    return Lecteur(cellules, pd.concat([valeurs, evaluer_ceux_de(valeurs, *ventilees)], ignore_index=True))


def evaluer_ceux_de(valeurs, *ventilees):
    """Évalue les seuls rapports dont tous les termes sont là, dans les seules ventilations calculées."""
    noms = set(valeurs["indicateur"])
    retenus = {
        nom: replace(rapport, croise=tuple(v for v in rapport.croise if v in ventilees))
        for nom, rapport in RAPPORTS.items()
        if {terme.indicateur for terme in rapport.termes} <= noms
    }
    with patch.dict(RAPPORTS, retenus, clear=True):
        return evaluer(valeurs, {})


def valeurs_de(cellules):
    """Ces cellules comme si toutes étaient publiées."""
    unites = cellules["indicateur"].map({i.nom: i.unite for i in REGISTRE.values()})
    statut = cellules["valeur"].isna().map({True: "non_disponible", False: "publie"})
    return cellules[[*TEXTES, "valeur"]].assign(unite=unites.astype("string"), statut=statut.astype("string"))
