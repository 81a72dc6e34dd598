"""Deux sources sans marché : l'extrait du répertoire des entreprises et l'enquête auprès des acheteurs."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from observatoire.acquisition.exemple.acteurs import GENRES, REGION
from observatoire.acquisition.exemple.geographie import CODES_DEPARTEMENTS
from observatoire.acquisition.exemple.tirages import choisir, generateur

if TYPE_CHECKING:
    from pathlib import Path

    from observatoire.acquisition.exemple.region import Region
    from observatoire.config import Source

DESCRIPTIONS = {
    "entreprises": {"diffusion_partielle": "Établissement dont l'identité n'est pas diffusible"},
    "enquete": {"heures_non_communiquees": "Heures remplies par « NC »"},
}
_ENTREPRISES, _ENQUETE = 9, 10
_CATEGORIES = {"PME": 88, "ETI": 9, "GE": 3}  # part des établissements : hypothèse
_NAF = {"EC": "4120B", "ETT": "7820Z", "ETTI": "7820Z", "EI": "8130Z", "ACI": "8899B", "GEIQ": "8559A"}
_NAF_SINON = "8899B"
# catégories juridiques (INSEE) des acheteurs, à tour de rôle : commune, département, OPH, région…
_JURIDIQUES = ("7210", "7220", "4140", "7344", "7346", "7361", "7371", "7348")
_JURIDIQUE_PRIVE, _JURIDIQUE_EPIC = "5710", "4110"
_PART_DE_L_ENQUETE = 0.25  # des acheteurs répondent : hypothèse


def ecrire_entreprises(region: Region, chemin: Path, source: Source) -> Counter[str]:
    """Écrit un établissement par acheteur, maître d'ouvrage et employeur ; rend le nombre de défauts."""
    rng = generateur(region.graine, _ENTREPRISES)
    employeurs, acheteurs = region.acteurs.employeurs, region.acteurs.acheteurs
    genres = np.array(GENRES, dtype=object)[employeurs["genre"]]
    categories = np.array(list(_CATEGORIES), dtype=object)[
        choisir(rng, _CATEGORIES.values(), len(employeurs))
    ]
    communes = region.geographie.codes
    lignes = [
        _etablissement(siret, nom, str(categorie), _NAF.get(genre, _NAF_SINON), str(communes[commune]))
        for siret, nom, categorie, genre, commune in zip(
            employeurs["siret"], employeurs["nom"], categories, genres, employeurs["commune"], strict=True
        )
    ]
    for rang, (siret, departement) in enumerate(
        zip(acheteurs["siret"], acheteurs["departement"].tolist(), strict=True)
    ):
        juridique = _JURIDIQUES[rang % len(_JURIDIQUES)]
        prefecture = _chef_lieu(region, departement)
        ligne = _etablissement(siret, f"Acheteur fictif n° {rang + 1}", "", "8411Z", prefecture)
        lignes.append(ligne | {"categorie_juridique": juridique})
    for nom, siret in region.acteurs.maitres_ouvrage.items():
        ligne = _etablissement(siret, nom, "GE", "4910Z", _chef_lieu(region, 0))
        lignes.append(ligne | {"categorie_juridique": _JURIDIQUE_EPIC})
    proteges = range(0, len(employeurs), 97)
    for rang in proteges:
        lignes[rang]["diffusion"] = "P"
    _ecrire(chemin, source, lignes)
    return Counter(diffusion_partielle=len(proteges))


def ecrire_enquete(region: Region, chemin: Path, source: Source) -> Counter[str]:
    """Écrit les réponses d'une partie des acheteurs à la dernière année complète ; rend les défauts."""
    rng = generateur(region.graine, _ENQUETE)
    acheteurs = region.acteurs.acheteurs
    annee = (region.fenetre.dernier + 1) // 12 + 1969
    lignes = []
    for rang in np.flatnonzero(rng.random(len(acheteurs)) < _PART_DE_L_ENQUETE).tolist():
        marches = int(rng.integers(8, 90))
        sociaux = int(rng.binomial(marches, 0.2))
        generateurs = int(rng.binomial(sociaux, 0.7))
        beneficiaires = int(rng.poisson(2.0 * generateurs))
        departement = int(acheteurs["departement"].iloc[rang])
        lignes.append(
            {
                "annee": annee,
                "acheteur_id": acheteurs["siret"].iloc[rang],
                "acheteur_nom": f"Acheteur fictif n° {rang + 1}",
                "zones": "Île-de-France" if departement == REGION else CODES_DEPARTEMENTS[departement],
                "marches_attribues": marches,
                "marches_considerations": sociaux,
                "marches_generateurs": generateurs,
                "heures": beneficiaires * int(rng.integers(200, 700)),
                "beneficiaires": beneficiaires,
                "beneficiaires_qpv": int(rng.binomial(beneficiaires, 0.18)),
            }
        )
    muettes = lignes[::40]
    for ligne in muettes:
        ligne["heures"] = "NC"
    _ecrire(chemin, source, lignes)
    return Counter(heures_non_communiquees=len(muettes))


def _chef_lieu(region: Region, departement: int) -> str:
    """Rend la première commune d'un département, Paris pour la région."""
    codes = region.geographie.codes[region.geographie.departements == departement % REGION]
    return str(min(codes))


def _etablissement(siret: str, nom: str, categorie: str, naf: str, commune: str) -> dict[str, Any]:
    return {
        "siret": siret,
        "denomination": nom,
        "categorie": categorie,
        "naf": naf,
        "categorie_juridique": _JURIDIQUE_PRIVE,
        "commune": commune,
        "etat": "A",
        "diffusion": "O",
    }


def _ecrire(chemin: Path, source: Source, lignes: list[dict[str, Any]]) -> None:
    encodage, separateur = source.lecture.get("encodage", "utf-8"), source.lecture.get("separateur", ",")
    with chemin.open("w", encoding=encodage, newline="") as flux:
        sortie = csv.writer(flux, delimiter=separateur, lineterminator="\n")
        sortie.writerow(source.colonnes.values())
        sortie.writerows([ligne[nom] for nom in source.colonnes] for ligne in lignes)
