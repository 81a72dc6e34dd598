"""L'attaque : le système que dresse un lecteur de tout ce qui a été publié, aujourd'hui et avant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from observatoire.indicateurs.audit.geographie import lire_geographie
from observatoire.indicateurs.audit.grille import Grille, natures
from observatoire.indicateurs.audit.reduction import deduire
from observatoire.indicateurs.audit.relations import relier
from observatoire.indicateurs.audit.systeme import INFINI, LIBRE, Assemblage, Systeme
from observatoire.indicateurs.cellule import CLE, PUBLIE, SECRET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from observatoire.indicateurs.audit.geographie import Geographie
    from observatoire.indicateurs.registre import Rapport

_LIEU = ["territoire", "periode"]
_QUOI = ["indicateur", "ventilation", "modalite"]
_LU = ["lu", "ventilation_lue", "modalite_lue"]  # ce qu'un rapport lit
# Retrouver une cellule à moins d'une demi-unité près, c'est la retrouver.
_EXACT = 0.5


@dataclass(frozen=True, slots=True)
class Publication:
    """Ce qui est publié, et ce que chacun sait déjà.

    Attributes:
        valeurs: `indicateurs/valeurs`, relu de son fichier.
        catalogue: `indicateurs/catalogue`.
        appartenances: `entrepot/appartenances`, qui est publique.
        anterieures: les valeurs diffusées avant, au même schéma et avec `edition`, de la plus ancienne à la
            plus récente.
        heures_par_mois: plus qu'un contrat ne peut compter d'heures en un mois.
        zeros_montres: aucun zéro n'est jamais caché, et le lecteur le sait : « s » vaut au moins 1.
    """

    valeurs: pd.DataFrame
    catalogue: pd.DataFrame
    appartenances: pd.DataFrame
    anterieures: pd.DataFrame | None = None
    heures_par_mois: float = 220
    zeros_montres: bool = False

    @property
    def toutes(self) -> pd.DataFrame:
        """Les cellules écrites, aujourd'hui ou avant."""
        tables = [self.valeurs] if self.anterieures is None else [self.valeurs, self.anterieures]
        return pd.concat([table[[*CLE, "valeur", "statut"]] for table in tables], ignore_index=True)


@dataclass(frozen=True, slots=True)
class Attaque:
    """La grille des cellules et le système qui les lie."""

    grille: Grille
    systeme: Systeme
    geographie: Geographie

    @classmethod
    def dresser(cls, publication: Publication) -> Self:
        """Dresse le système de tout ce qu'une cellule cachée, aujourd'hui ou avant, relie au reste."""
        toutes = publication.toutes
        lues = natures(publication.catalogue)
        geographie = lire_geographie(publication.appartenances, toutes["territoire"].unique())
        noeuds = dict.fromkeys([*geographie.noeuds, *sorted(toutes["territoire"].unique())])
        secrets = toutes.loc[toutes["statut"] == SECRET, "indicateur"].unique()
        personnes = publication.catalogue.loc[publication.catalogue["personnes"], "indicateur"]
        retenues = toutes[toutes["indicateur"].isin([*secrets, *personnes])]
        grille = Grille.dresser(retenues, lues, list(noeuds))
        assemblage = Assemblage(grille.en_jeu(retenues, geographie))
        relier(assemblage, grille, geographie, publication.heures_par_mois)
        connues, erreurs = grille.connaitre(publication.valeurs)
        if publication.anterieures is not None:
            _rappeler(assemblage, grille, publication.anterieures, connues)
        if publication.zeros_montres:
            reperes = grille.reperer(publication.valeurs[publication.valeurs["statut"] == SECRET])
            assemblage.ajouter(reperes[reperes >= 0].reshape(-1, 1), [1], (1.0, INFINI))
        return cls(grille, assemblage.fermer(connues, erreurs), geographie)


def _rappeler(assemblage: Assemblage, grille: Grille, anterieures: pd.DataFrame, connues: np.ndarray) -> None:
    """Une cellule qui n'est plus publiée mais l'a été est connue, tant que rien ne la dément."""
    diffusees = anterieures[anterieures["statut"] == PUBLIE].drop_duplicates(CLE, keep="last")
    reperes = grille.reperer(diffusees)
    for repere, valeur in zip(reperes, diffusees["valeur"].astype(float), strict=True):
        if repere >= 0 and np.isnan(connues[repere]):
            assemblage.ajouter([repere], [1], LIBRE, (valeur - 0.005, valeur + 0.005))


def soustraire(publication: Publication) -> pd.DataFrame:
    """Rend les cellules cachées que des soustractions répétées retrouvent, sans leur valeur.

    C'est l'attaque la plus simple : un total moins ses autres parties, une année moins trois trimestres,
    une région moins ses autres départements, et ainsi de suite avec ce que l'on vient de trouver.
    """
    attaque = Attaque.dresser(publication)
    reste = deduire(attaque.systeme, presumees=True)
    cachees = publication.valeurs.loc[publication.valeurs["statut"] == SECRET, CLE]
    reperes = attaque.grille.reperer(cachees)
    retrouvees = (reperes >= 0) & (reste.erreurs[reperes] <= _EXACT) & ~np.isnan(reste.valeurs[reperes])
    return cachees[retrouvees].reset_index(drop=True)


def rapports_trahis(valeurs: pd.DataFrame, rapports: Mapping[str, Rapport]) -> pd.DataFrame:
    """Rend les rapports publiés dont un terme ne l'est pas : une part et son tout donnent la partie."""
    publiees = valeurs.loc[valeurs["statut"] == PUBLIE, CLE]
    ecrits = publiees[publiees["indicateur"].isin(list(rapports))].rename(columns={"indicateur": "rapport"})
    # Une modalité que la région n'observe jamais n'est écrite nulle part : elle vaut zéro.
    cellules = valeurs[_QUOI].drop_duplicates().set_axis(_LU, axis="columns")
    termes = _termes(rapports)
    d_ensemble = ecrits["ventilation"] == "ensemble"
    sommes = ecrits[d_ensemble].merge(termes.merge(cellules, on=_LU), on="rapport")
    croises = ecrits[~d_ensemble].merge(termes[["rapport", "lu"]].drop_duplicates(), on="rapport")
    croises = croises.assign(ventilation_lue=croises["ventilation"], modalite_lue=croises["modalite"])
    connues = publiees.rename(columns=dict(zip(_QUOI, _LU, strict=True)))
    lus = pd.concat([sommes, croises], ignore_index=True)
    vus = lus.merge(connues, how="left", on=[*_LU, *_LIEU], indicator="vu")
    trahis = vus[vus["vu"] == "left_only"].rename(columns={"rapport": "indicateur"})
    return trahis[CLE].drop_duplicates().reset_index(drop=True)


def _termes(rapports: Mapping[str, Rapport]) -> pd.DataFrame:
    """Les cellules qu'un rapport d'ensemble additionne ; croisé, il n'en lit que l'indicateur."""
    lignes = [
        (nom, terme.indicateur, terme.ventilation, modalite)
        for nom, rapport in rapports.items()
        for terme in rapport.termes
        for modalite in terme.modalites
    ]
    return pd.DataFrame(lignes, columns=["rapport", *_LU], dtype="string")
