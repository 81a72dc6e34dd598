"""La tâche d'une campagne : ce qu'il faut pour produire un document, dans ce processus ou dans un autre."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.config import Config
from observatoire.erreurs import ParametreError, suggestion
from observatoire.perimetre import Periode, Programme, lire_perimetre

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ("ipynb", "html", "pdf")
NOM = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}", flags=re.ASCII)
NOTEBOOK, NOTEBOOK_PROGRAMME = "fiche_territoire.ipynb", "fiche_programme.ipynb"


@dataclass(frozen=True, slots=True)
class Tache:
    """Un document à produire : des textes, aisés à envoyer à un autre processus."""

    racine: Path
    objet: str
    periode: str
    public: str = ""
    formats: tuple[str, ...] = FORMATS

    def __post_init__(self) -> None:
        """Refuse ce qui n'est pas un code connu : ces textes font des noms de fichiers.

        Raises:
            PerimetreError: périmètre ou période inconnus.
            ParametreError: public ou format mal écrits.
        """
        lire_perimetre(self.objet), Periode.lire(self.periode)
        if self.public and not NOM.fullmatch(self.public):
            raise ParametreError(
                f"Public mal écrit : « {self.public} ».", "Lettres sans accent, chiffres, tirets."
            )
        for nom in self.formats:
            if nom not in FORMATS:
                raise ParametreError(f"Format inconnu : « {nom} ».", suggestion(nom, FORMATS))

    @property
    def nom(self) -> str:
        """Le nom de fichier, sans extension, fait de codes validés : `dep-93--elu`."""
        fichier = lire_perimetre(self.objet).fichier
        return f"{fichier}--{self.public}" if self.public else fichier

    @property
    def dit(self) -> str:
        """La tâche en clair : `dep:93, elu, 2026-T3`."""
        return ", ".join(filter(None, (self.objet, self.public, self.periode)))

    @property
    def notebook(self) -> str:
        """Le nom du notebook source."""
        return NOTEBOOK_PROGRAMME if self.pour_programme else NOTEBOOK

    @property
    def pour_programme(self) -> bool:
        """Vrai pour la fiche d'un grand programme."""
        return isinstance(lire_perimetre(self.objet), Programme)

    @property
    def parametres(self) -> dict[str, str]:
        """Les paramètres du notebook."""
        return {"programme" if self.pour_programme else "territoire": self.objet, "periode": self.periode}

    @property
    def commande(self) -> str:
        """La commande qui rejoue cette tâche, et elle seule."""
        public = f" --public {self.public}" if self.public else ""
        return f"observatoire fiches {self.objet} --periode {self.periode}{public} --forcer"

    def config(self) -> Config:
        """La configuration du dossier de travail."""
        return Config.lire(self.racine)


def commande_de(nom: str, periode: str) -> str:
    """Rend la commande qui produit un document, d'après le nom de ses fichiers.

    >>> commande_de("dep-93--elu", "2026-T3")
    'observatoire fiches dep:93 --periode 2026-T3 --public elu'
    """
    objet, _, public = nom.partition("--")
    pour = f" --public {public}" if public else ""
    return f"observatoire fiches {objet.replace('-', ':', 1)} --periode {periode}{pour}"


@dataclass(frozen=True, slots=True)
class Document:
    """Un document produit, pas encore écrit.

    Attributes:
        tache: ce qui était demandé.
        fichiers: les octets, par format.
        pages: les pages du PDF ; 0 s'il n'est pas demandé.
        durees: les secondes passées à chaque étape : `execution`, `html`, `pdf`.
        lectures: les tranches de valeurs que le notebook a lues ; None s'il ne les a pas dites.
        alertes: pourquoi son commentaire est à relire.
    """

    tache: Tache
    fichiers: dict[str, bytes]
    pages: int
    durees: dict[str, float]
    lectures: tuple[tuple[str, ...], ...] | None = None
    alertes: tuple[str, ...] = ()

    @property
    def secondes(self) -> float:
        """La durée de production."""
        return sum(self.durees.values())


@dataclass(frozen=True, slots=True)
class Echec:
    """Un document qui n'a pas pu être produit.

    Attributes:
        tache: ce qui était demandé.
        exception: la classe de l'erreur.
        endroit: la cellule du notebook, ou la ligne du code, où elle est née.
        constat: ce que dit l'erreur.
        remede: ce qu'elle propose.
        secondes: le temps passé avant l'échec.
    """

    tache: Tache
    exception: str
    endroit: str
    constat: str
    remede: str
    secondes: float = 0.0
