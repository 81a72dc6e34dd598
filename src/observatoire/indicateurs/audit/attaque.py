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
    from observatoire.indicateurs.registre import Comptes, Rapport

_LIEU = ["territoire", "periode"]
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
    publiees = valeurs[valeurs["statut"] == PUBLIE]
    connues = pd.MultiIndex.from_frame(publiees[CLE])
    ecrites = valeurs[["indicateur", "ventilation", "modalite"]].drop_duplicates()
    existantes = set(ecrites.itertuples(index=False, name=None))
    trahis = []
    for nom in sorted(set(rapports) & set(publiees["indicateur"])):
        for ventilation, lignes in publiees[publiees["indicateur"] == nom].groupby("ventilation"):
            for comptes in rapports[nom].termes:
                termes = _termes(lignes, comptes, str(ventilation), existantes)
                manquants = ~pd.MultiIndex.from_frame(termes[CLE]).isin(connues)
                trahis.append(lignes.loc[termes.loc[manquants, "rapport"].unique(), CLE])
    return pd.concat([publiees.loc[[], CLE], *trahis]).drop_duplicates().reset_index(drop=True)


def _termes(
    lignes: pd.DataFrame, comptes: Comptes, ventilation: str, existantes: set[tuple[str, str, str]]
) -> pd.DataFrame:
    """Les cellules qu'un terme de rapport additionne, une ligne par rapport et cellule."""
    lieux = lignes[[*_LIEU, "modalite"]].rename_axis("rapport").reset_index()
    lieux = lieux.assign(indicateur=comptes.indicateur)
    if ventilation != "ensemble":
        return lieux.assign(ventilation=ventilation)
    # Une modalité que la région n'observe jamais n'est écrite nulle part : elle vaut zéro.
    lues = [m for m in comptes.modalites if (comptes.indicateur, comptes.ventilation, m) in existantes]
    modalites = pd.DataFrame({"modalite": lues}, dtype="string")
    croises = lieux.drop(columns="modalite").merge(modalites, how="cross")
    return croises.assign(ventilation=comptes.ventilation)
