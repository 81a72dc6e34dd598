"""Écrire toutes les sources en un passage, bloc par bloc : la mémoire ne dépend pas de l'échelle."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from observatoire.acquisition.exemple.annexes import (
    DEFAUTS_GRANDS_PROJETS,
    DEFAUTS_STRUCTURES,
    ecrire_structures,
    lignes_grands_projets,
)
from observatoire.acquisition.exemple.decp import publier
from observatoire.acquisition.exemple.decp_concessions import publier_concessions
from observatoire.acquisition.exemple.decp_defauts import DESCRIPTIONS as DEFAUTS_DECP
from observatoire.acquisition.exemple.decp_tabulaire import DESCRIPTIONS as DEFAUTS_DECP_INFO
from observatoire.acquisition.exemple.decp_tabulaire import FichierDecpInfo
from observatoire.acquisition.exemple.defauts import DESCRIPTIONS as DEFAUTS_SUIVI
from observatoire.acquisition.exemple.defauts import DEUX_LOGICIELS, constater, planter
from observatoire.acquisition.exemple.export import exporter
from observatoire.acquisition.exemple.fichiers import Classeur, FichierCsv
from observatoire.acquisition.exemple.region import tirer_blocs
from observatoire.acquisition.exemple.registres import DESCRIPTIONS as DEFAUTS_REGISTRES
from observatoire.acquisition.exemple.registres import ecrire_enquete, ecrire_entreprises
from observatoire.acquisition.exemple.tirages import generateur
from observatoire.acquisition.exemple.vocabulaire import LOGICIELS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from observatoire.acquisition.exemple.export import Export
    from observatoire.acquisition.exemple.region import Bloc, Region
    from observatoire.config import Config, Source

_PLANTER = 7
_REGISTRES = {"entreprises": ecrire_entreprises, "enquete": ecrire_enquete}
NOMBRES = ("heures", "heures_engagees")  # les cellules numériques d'un classeur


@dataclass
class Livraison:
    """Les fichiers d'une source et ses défauts : description et nombre, dans l'ordre des descriptions."""

    descriptions: dict[str, str]
    fichiers: list[Path] = field(default_factory=list)
    nombres: Counter[str] = field(default_factory=Counter)

    @property
    def defauts(self) -> dict[str, tuple[str, int]]:
        """Les défauts présents, tels que la provenance les annonce."""
        return {
            nom: (texte, self.nombres[nom]) for nom, texte in self.descriptions.items() if self.nombres[nom]
        }


class FichierDecp:
    """Le JSON des données essentielles, écrit contrat par contrat."""

    def __init__(self, chemin: Path) -> None:
        self._flux = chemin.open("w", encoding="utf-8", newline="\n")
        self._flux.write('{"marches":{"marche":[')
        self._separateur = "\n"

    def ajouter(self, contrats: Iterable[dict[str, Any]]) -> None:
        """Ajoute des contrats à la liste en cours."""
        for contrat in contrats:
            self._flux.write(
                self._separateur + json.dumps(contrat, ensure_ascii=False, separators=(",", ":"))
            )
            self._separateur = ",\n"

    def finir(self, concessions: Iterable[dict[str, Any]]) -> None:
        """Passe aux concessions, puis clôt le document."""
        self._flux.write('\n],"contrat-concession":[')
        self._separateur = "\n"
        self.ajouter(concessions)
        self._flux.write("\n]}}\n")

    def fermer(self) -> None:
        """Ferme le fichier."""
        self._flux.close()


def ecrire_sources(
    config: Config, region: Region, echelle: float, dossier: Path, nom: str
) -> dict[str, Livraison]:
    """Écrit les fichiers de toutes les sources dans un dossier ; `nom` finit le nom de chaque fichier."""
    livraisons = {
        "decp": Livraison(DEFAUTS_DECP),
        "decp_info": Livraison(DEFAUTS_DECP_INFO),
        **{s: Livraison(DEFAUTS_SUIVI) for s in LOGICIELS},
        "grands_projets": Livraison(DEFAUTS_GRANDS_PROJETS),
        "structures": Livraison(DEFAUTS_STRUCTURES),
        **{registre: Livraison(DEFAUTS_REGISTRES[registre]) for registre in _REGISTRES},
    }
    fichiers = {source: dossier / f"{source}_{nom}{_suffixe(config.source(source))}" for source in livraisons}
    projets = config.source("grands_projets")
    with ExitStack() as pile:
        decp = FichierDecp(fichiers["decp"])
        tableau = FichierDecpInfo(fichiers["decp_info"], livraisons["decp_info"].nombres)
        pile.callback(decp.fermer)
        pile.callback(tableau.fermer)
        sorties = {s: _ouvrir(pile, config.source(s), fichiers[s]) for s in LOGICIELS}
        gp = _ouvrir(pile, projets, fichiers["grands_projets"])
        for bloc in tirer_blocs(region, echelle):
            contrats = list(publier(region, bloc, livraisons["decp"].nombres))
            decp.ajouter(contrats)
            tableau.ajouter(contrats)
            gp.ajouter(lignes_grands_projets(region, bloc, projets, livraisons["grands_projets"].nombres))
            _ajouter_suivis(config, region, bloc, sorties, livraisons)
        decp.finir(publier_concessions(region, echelle))
    for source, sortie in {**sorties, "grands_projets": gp}.items():
        livraisons[source].fichiers = sortie.fichiers
    livraisons["structures"].nombres = ecrire_structures(
        region, fichiers["structures"], config.source("structures")
    )
    for registre, ecrire in _REGISTRES.items():
        livraisons[registre].nombres = ecrire(region, fichiers[registre], config.source(registre))
    for source in ("decp", "decp_info", "structures", *_REGISTRES):
        livraisons[source].fichiers = [fichiers[source]]
    return livraisons


def _suffixe(source: Source) -> str:
    return f".{source.lecture.get('format', 'json')}"


def _ouvrir(pile: ExitStack, source: Source, chemin: Path) -> Classeur | FichierCsv:
    entetes = [*source.colonnes.values(), *source.identite.values()]
    sortie: Classeur | FichierCsv
    if source.lecture["format"] == "xlsx":
        sortie = Classeur(chemin, source.lecture["feuille"], entetes)
    else:
        sortie = FichierCsv(chemin, source.lecture, entetes)
    pile.callback(sortie.fermer)
    return sortie


def _ajouter_suivis(
    config: Config,
    region: Region,
    bloc: Bloc,
    sorties: dict[str, Classeur | FichierCsv],
    livraisons: dict[str, Livraison],
) -> None:
    suivies = []
    for logiciel, nom in enumerate(LOGICIELS):
        source, nombres = config.source(nom), livraisons[nom].nombres
        export = exporter(region, bloc, logiciel, source)
        rng = generateur(region.graine, _PLANTER, bloc.numero, logiciel)
        nombres.update(planter(rng, export, source.lecture))
        nombres.update(constater(export))
        sorties[nom].ajouter(_lignes(export, source))
        suivies.append(np.unique(export.personnes))
    for nom in LOGICIELS:
        livraisons[nom].nombres[DEUX_LOGICIELS] += len(np.intersect1d(suivies[0], suivies[1]))


def _lignes(export: Export, source: Source) -> Iterable[tuple[Any, ...]]:
    noms = [*source.colonnes, *source.identite]
    colonnes = [colonne.tolist() for colonne in export.colonnes(noms)]
    if source.lecture["format"] == "xlsx":
        for nom in set(NOMBRES) & set(noms):
            rang = noms.index(nom)
            colonnes[rang] = [_nombre(texte) for texte in colonnes[rang]]
    return zip(*colonnes, strict=True)


def _nombre(texte: str) -> str | float:
    try:
        return float(texte)
    except ValueError:
        return texte
