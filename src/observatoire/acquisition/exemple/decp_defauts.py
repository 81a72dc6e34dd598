"""Les défauts plantés dans les données essentielles, tels qu'on les rencontre dans les fichiers publiés."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from observatoire.acquisition.exemple.defauts import siret_espace, siret_faux

if TYPE_CHECKING:
    from observatoire.acquisition.exemple.tirages import Textes

Contrat = dict[str, Any]
Alteration = Callable[[Contrat, int], list[Contrat]]  # contrat, rang → une version, ou deux

MONTANTS = (1e17, 999_999_999, 123_456_789_012, 0, 0.01, 99_999_999)
DATES = ("2025-02-31", "0218-05-12", "5021-02-18", "2024-13-01", "2025-03-14+02:00")
REMPLISSAGES = ("MQ", "NC", "MQ NC", "INX considerationSociale")
_GRAPHIES = {
    "Clause sociale": "CLAUSE SOCIALE",
    "Critère social": "critere social",
    "Marché réservé": "Marché reservé",
    "Pas de considération sociale": "Pas de consideration sociale",
}
_AUCUNE = "Pas de considération sociale"


@dataclass(frozen=True)
class DefautDecp:
    """Un défaut : sa part des contrats, ce que le contrat devient, et s'il touche aux considérations."""

    description: str
    part: float
    alteration: Alteration
    social: bool = False


def _changer(cle: str, *valeurs: object) -> Alteration:
    return lambda contrat, rang: [contrat | {cle: valeurs[rang % len(valeurs)]}]


def _acheteur(ecrire: Callable[[str], str]) -> Alteration:
    return lambda contrat, _rang: [contrat | {"acheteur": {"id": ecrire(contrat["acheteur"]["id"])}}]


def _titulaire(ecrire: Callable[[str], str]) -> Alteration:
    def alterer(contrat: Contrat, _rang: int) -> list[Contrat]:
        premier, *autres = contrat["titulaires"]
        change = {"titulaire": premier["titulaire"] | {"id": ecrire(premier["titulaire"]["id"])}}
        return [contrat | {"titulaires": [change, *autres]}]

    return alterer


def _sociales(ecrire: Callable[[list[str]], list[str]]) -> Alteration:
    def alterer(contrat: Contrat, _rang: int) -> list[Contrat]:
        valeurs = contrat["considerationsSociales"]["considerationSociale"]
        return [contrat | {"considerationsSociales": {"considerationSociale": ecrire(valeurs)}}]

    return alterer


def _republier(contrat: Contrat, rang: int) -> list[Contrat]:
    """Publie deux fois : à l'identique, ou trois semaines plus tard à un autre montant."""
    if rang % 2:
        return [contrat, contrat]
    plus_tard = dt.date.fromisoformat(contrat["datePublicationDonnees"]) + dt.timedelta(days=21)
    corrige = {"montant": round(contrat["montant"] * 1.1, 2), "datePublicationDonnees": plus_tard.isoformat()}
    return [contrat, contrat | corrige]


DEFAUTS = {
    "montants_aberrants": DefautDecp(
        "Montant nul, répété ou démesuré (1e17, 999 999 999…)", 0.003, _changer("montant", *MONTANTS)
    ),
    "notifications_impossibles": DefautDecp(
        "Date de notification impossible, ou suivie d'un fuseau (+02:00)",
        0.002,
        _changer("dateNotification", *DATES),
    ),
    "acheteurs_faux": DefautDecp("SIRET d'acheteur à la clé de Luhn fausse", 0.002, _acheteur(siret_faux)),
    "titulaires_faux": DefautDecp("SIRET de titulaire à la clé de Luhn fausse", 0.01, _titulaire(siret_faux)),
    "titulaires_espaces": DefautDecp(
        "SIRET de titulaire écrit avec des espaces", 0.003, _titulaire(siret_espace)
    ),
    "titulaires_non_communiques": DefautDecp(
        "Titulaire rempli par « NC »", 0.003, _titulaire(lambda _siret: "NC")
    ),
    "avances_conditionnelles": DefautDecp(
        "Taux d'avance rempli par « CDL » (donnée conditionnelle absente)",
        0.02,
        _changer("tauxAvance", "CDL"),
    ),
    "durees_en_jours": DefautDecp(
        "Durée en jours dans un champ en mois (365)", 0.002, _changer("dureeMois", 365, 360, 366)
    ),
    "republies": DefautDecp(
        "Contrat publié deux fois, à l'identique ou à un autre montant", 0.012, _republier
    ),
    "sociales_contradictoires": DefautDecp(
        "« Pas de considération sociale » avec une autre valeur",
        0.002,
        _sociales(lambda valeurs: ["Clause sociale", *(v for v in valeurs if "Crit" in v), _AUCUNE]),
        social=True,
    ),
    "sociales_mal_ecrites": DefautDecp(
        "Considération sociale en capitales ou sans accent",
        0.003,
        _sociales(lambda valeurs: [_GRAPHIES[valeur] for valeur in valeurs]),
        social=True,
    ),
}
AVANT_2024 = "sociales_avant_2024"
NON_RENSEIGNEES = "sociales_non_renseignees"
DESCRIPTIONS = {nom: defaut.description for nom, defaut in DEFAUTS.items()} | {
    AVANT_2024: "Contrats d'avant 2024, dont le format n'avait pas de considérations sociales",
    NON_RENSEIGNEES: "Considérations sociales absentes depuis 2024, ou remplies par « MQ », « NC », « INX »",
}


def tirer_defauts(rng: np.random.Generator, sociale_connue: np.ndarray) -> Textes:
    """Tire au plus un défaut par contrat ; rend son nom, ou un texte vide."""
    noms = np.full(len(sociale_connue), "", dtype=object)
    for nom, defaut in DEFAUTS.items():
        libres = np.flatnonzero((noms == "") & (sociale_connue | (not defaut.social)))
        combien = min(max(1, round(defaut.part * len(libres))), len(libres))
        noms[rng.choice(libres, size=combien, replace=False)] = nom
    return noms


def alterer(contrat: Contrat, defaut: str, rang: int) -> list[Contrat]:
    """Rend le contrat tel qu'il paraît : une version, ou deux s'il est republié."""
    return DEFAUTS[defaut].alteration(contrat, rang) if defaut else [contrat]
