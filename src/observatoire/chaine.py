"""La chaîne : la liste des étapes, et le seul endroit où le calcul rencontre le disque."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire import acquisition, controle, entrepot, indicateurs
from observatoire.acquisition.depot import inventaire
from observatoire.acquisition.livraisons import lignes_precedentes
from observatoire.acquisition.pseudonymes import chemin_cle, lire_cle
from observatoire.erreurs import SourceError
from observatoire.magasin import Ecriture, Magasin
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable

    from observatoire.config import Config
    from observatoire.perimetre import Periode


@dataclass(frozen=True, slots=True)
class Etape:
    """Un maillon : les tables qu'il lit, celles qu'il écrit, le calcul entre les deux."""

    nom: str
    lit: tuple[str, ...]
    ecrit: tuple[str, ...]
    calcul: Callable[[Config, Magasin, Ecriture], None]


@dataclass(frozen=True, slots=True)
class Fait:
    """Ce qu'une étape vient d'écrire : nombre de lignes par table, durée en secondes."""

    etape: str
    lignes: dict[str, int]
    secondes: float


def _tables(maillon: str, *sauf: str) -> tuple[str, ...]:
    return tuple(nom for nom in SCHEMAS if nom.startswith(f"{maillon}/") and nom not in sauf)


def _acquerir(config: Config, _magasin: Magasin, ecriture: Ecriture) -> None:
    depots = inventaire(config)
    if not depots:
        raise SourceError(
            "Aucun fichier dans data/raw.",
            "Recevoir des données avec « observatoire importer », ou les données d'exemple avec "
            "« observatoire exemple ».",
        )
    for nom, morceau in acquisition.acquerir(depots, lambda: lire_cle(chemin_cle()), config.processed):
        ecriture.ajouter(nom, morceau)


def _recouper(config: Config, magasin: Magasin, ecriture: Ecriture) -> None:
    depots = magasin.lire("acquisition/depots")
    jour = depots["date_extraction"].max().date()
    maximum = config.parametre("heures_maximum_par_mois", jour).valeur
    with magasin.connexion("acquisition", "controle") as connexion:
        for nom, relation in controle.recouper(connexion, maximum).items():
            ecriture.ajouter(nom, relation)


def _entreposer(config: Config, magasin: Magasin, ecriture: Ecriture) -> None:
    with magasin.connexion("controle") as connexion:
        for nom, relation in entrepot.construire(connexion, config).items():
            ecriture.ajouter(nom, relation)


_ENSEMBLE = ("controle/recoupements", "controle/bilan")


@dataclass(frozen=True, slots=True)
class Demande:
    """Ce que l'équipe demande d'une construction, au-delà de reconstruire.

    Attributes:
        malgre: la raison de passer outre un seuil de qualité franchi ; elle est inscrite.
        edition: l'édition préparée, si elle révise ce qui est paru.
        erratum: la faute qu'elle corrige.
    """

    malgre: str = ""
    edition: Periode | None = None
    erratum: str = ""


def etapes(demande: Demande | None = None) -> tuple[Etape, ...]:
    """Rend les étapes dans l'ordre."""
    voulue = demande or Demande()

    def controler(config: Config, magasin: Magasin, ecriture: Ecriture) -> None:
        controle.controler(magasin, config, ecriture.ajouter, voulue.malgre, lignes_precedentes(config))

    def tabuler(config: Config, magasin: Magasin, ecriture: Ecriture) -> None:
        with magasin.connexion("acquisition", "controle", "entrepot") as connexion:
            tables = indicateurs.tabuler(connexion, config, voulue.edition, voulue.erratum)
            for nom, table in tables.items():
                ecriture.ajouter(nom, table)

    return (
        Etape("acquisition", (), _tables("acquisition"), _acquerir),
        Etape("controle", _tables("acquisition"), _tables("controle", *_ENSEMBLE), controler),
        Etape("recoupements", _tables("controle", *_ENSEMBLE), _ENSEMBLE, _recouper),
        Etape("entrepot", _tables("controle"), _tables("entrepot"), _entreposer),
        Etape("indicateurs", _tables("entrepot"), _tables("indicateurs"), tabuler),
    )


ETAPES = etapes()


def construire(
    config: Config,
    suivi: Callable[[Fait], None] = lambda _: None,
    demande: Demande | None = None,
    jusqu_a: str = "indicateurs",
) -> list[Fait]:
    """Exécute les étapes et écrit leurs tables.

    Les tables d'une étape sont remplacées ensemble, après que tout son calcul a réussi : une
    livraison illisible laisse les tables précédentes intactes.

    Args:
        config: le dossier de travail.
        suivi: appelée après chaque étape.
        demande: ce que l'équipe demande de plus.
        jusqu_a: la dernière étape à exécuter.
    """
    magasin = Magasin(config.processed)
    faits = []
    for etape in etapes(demande):
        debut = time.perf_counter()
        with magasin.ecriture(etape.ecrit) as ecriture:
            etape.calcul(config, magasin, ecriture)
        fait = Fait(etape.nom, ecriture.lignes, time.perf_counter() - debut)
        suivi(fait)
        faits.append(fait)
        if etape.nom == jusqu_a:
            break
    return faits
