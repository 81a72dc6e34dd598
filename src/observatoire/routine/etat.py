"""L'état de la routine : ce qui est fait et pour quelles entrées, dans `data/routine/etat.json`.

Le perdre ne coûte qu'une reconstruction : il n'est jamais la seule trace de quoi que ce soit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from observatoire.routine.bilan import Bilan

if TYPE_CHECKING:
    from pathlib import Path

    from observatoire.config import Config


@dataclass(slots=True)
class Etat:
    """Ce qui est fait.

    `faites` : par étape, l'empreinte des entrées pour lesquelles elle a réussi. `echouee` : étape et
    empreinte du dernier échec ; `essais` : le nombre de fois qu'il s'est répété. `bilan` : le passage en
    cours, s'il a été interrompu. `annonce` : l'empreinte du dernier problème annoncé. `fiches` : le dossier
    de la dernière édition.
    """

    faites: dict[str, str] = field(default_factory=dict)
    echouee: str = ""
    essais: int = 0
    annonce: str = ""
    fiches: str = ""
    bilan: Bilan | None = None

    @classmethod
    def lire(cls, config: Config) -> Self:
        """Lit l'état ; absent ou illisible, tout est à refaire."""
        try:
            objet = json.loads(_chemin(config).read_bytes())
            bilan = Bilan.de_json(objet["bilan"]) if objet["bilan"] else None
            return cls(**{**objet, "bilan": bilan})
        except (OSError, ValueError, KeyError, TypeError):
            return cls()

    def ecrire(self, config: Config) -> None:
        """Remplace l'état d'un seul geste."""
        from observatoire.magasin import ecrire_octets

        objet: dict[str, Any] = {nom: getattr(self, nom) for nom in self.__slots__}
        objet["bilan"] = self.bilan.en_json() if self.bilan else None
        texte = json.dumps(objet, ensure_ascii=False, indent=1)
        ecrire_octets(_chemin(config), texte.encode(), prive=True)

    def reussir(self, config: Config, etape: str, empreinte: str) -> None:
        """Inscrit qu'une étape a réussi pour ces entrées."""
        self.faites[etape] = empreinte
        self.echouee, self.essais = "", 0
        self.ecrire(config)

    def echouer(self, config: Config, etape: str, empreinte: str) -> None:
        """Inscrit un échec ; le même, pour les mêmes entrées, s'ajoute au compte."""
        cle = f"{etape}:{empreinte}"
        self.essais = self.essais + 1 if self.echouee == cle else 1
        self.echouee = cle
        self.ecrire(config)

    def epuisee(self, etape: str, empreinte: str, essais: int) -> bool:
        """Dit si une étape a assez échoué pour ne plus être retentée avant qu'une entrée change."""
        return self.echouee == f"{etape}:{empreinte}" and self.essais >= essais


def _chemin(config: Config) -> Path:
    return config.racine / "data" / "routine" / "etat.json"
