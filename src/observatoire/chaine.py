"""La chaîne : la liste des étapes, et le seul endroit où le calcul rencontre le disque."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire import acquisition, controle, entrepot, indicateurs
from observatoire.acquisition.depot import inventaire
from observatoire.acquisition.pseudonymes import chemin_cle, lire_cle
from observatoire.erreurs import SourceError
from observatoire.magasin import Magasin
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    import pandas as pd

    from observatoire.config import Config

Tables = Mapping[str, "pd.DataFrame"]


@dataclass(frozen=True, slots=True)
class Etape:
    """Un maillon : les tables qu'il lit, celles qu'il écrit, le calcul entre les deux."""

    nom: str
    lit: tuple[str, ...]
    ecrit: tuple[str, ...]
    calcul: Callable[[Config, Magasin, Tables], Tables]


@dataclass(frozen=True, slots=True)
class Fait:
    """Ce qu'une étape vient d'écrire : nombre de lignes par table, durée en secondes."""

    etape: str
    lignes: dict[str, int]
    secondes: float


def _tables(maillon: str, *sauf: str) -> tuple[str, ...]:
    return tuple(nom for nom in SCHEMAS if nom.startswith(f"{maillon}/") and nom not in sauf)


def _acquerir(config: Config, _magasin: Magasin, _tables: Tables) -> Tables:
    depots = inventaire(config)
    if not depots:
        raise SourceError(
            "Aucun fichier dans data/raw.",
            "Recevoir des données avec « observatoire importer », ou les données d'exemple avec "
            "« observatoire exemple ».",
        )
    return acquisition.acquerir(depots, lambda: lire_cle(chemin_cle()))


ETAPES = (
    Etape("acquisition", (), _tables("acquisition"), _acquerir),
    Etape(
        "controle",
        _tables("acquisition"),
        _tables("controle"),
        lambda config, _, tables: controle.controler(tables, config),
    ),
    Etape(
        "entrepot",
        _tables("controle", "controle/rejets", "controle/bilan"),
        _tables("entrepot"),
        lambda _config, _magasin, tables: entrepot.construire(tables),
    ),
    Etape(
        "indicateurs",
        (),
        _tables("indicateurs"),
        lambda config, magasin, _: indicateurs.tabuler(magasin.connexion(), config),
    ),
)


def construire(config: Config, suivi: Callable[[Fait], None] = lambda _: None) -> list[Fait]:
    """Exécute toutes les étapes et écrit leurs tables.

    Chaque table est remplacée d'un seul geste, après que tout le calcul de son étape a réussi :
    une livraison illisible laisse les tables précédentes intactes.
    """
    magasin = Magasin(config.processed)
    faits = []
    for etape in ETAPES:
        debut = time.perf_counter()
        produites = etape.calcul(config, magasin, {nom: magasin.lire(nom) for nom in etape.lit})
        for nom in etape.ecrit:
            magasin.ecrire(nom, produites[nom])
        fait = Fait(etape.nom, {nom: len(produites[nom]) for nom in etape.ecrit}, time.perf_counter() - debut)
        suivi(fait)
        faits.append(fait)
    return faits
