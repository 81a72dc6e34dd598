"""Les règles du secret : celles de `parametres.toml`, jamais sous le plancher du code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from observatoire.erreurs import ConfigError

if TYPE_CHECKING:
    import datetime as dt

    from observatoire.config import Config

# Paramètre : (plancher, plafond). Aucun réglage ne peut abaisser la protection.
_BORNES = {
    "seuil_personnes": (5, 1000),
    "seuil_personnes_sensible": (11, 1000),
    "employeurs_minimum": (3, 1000),
    "dominance_maximum_pct": (1, 85),
    "sensibles_maximum_pct": (1, 100),
}


@dataclass(frozen=True, slots=True)
class Politique:
    """Les seuils du secret.

    Attributes:
        seuil: personnes à partir desquelles une cellule est publiée.
        seuil_sensible: le même, dès qu'une donnée sensible est en jeu.
        employeurs: employeurs (SIREN) qu'une somme d'heures ou d'euros doit réunir.
        dominance: part (de 0 à 1) qu'un seul employeur ne peut dépasser dans une somme publiée.
        sensibles: part (de 0 à 1) de cellules sensibles au-delà de laquelle un détail est tu entier.
    """

    seuil: int
    seuil_sensible: int
    employeurs: int
    dominance: float
    sensibles: float

    @classmethod
    def lire(cls, config: Config, jour: dt.date) -> Self:
        """Lit les règles en vigueur un jour donné.

        Raises:
            ConfigError: une règle n'est pas un entier, ou passe sous le plancher du code.
        """
        lues = {nom: _entier(config, nom, jour) for nom in _BORNES}
        return cls(
            lues["seuil_personnes"],
            max(lues["seuil_personnes"], lues["seuil_personnes_sensible"]),
            lues["employeurs_minimum"],
            lues["dominance_maximum_pct"] / 100,
            lues["sensibles_maximum_pct"] / 100,
        )


def _entier(config: Config, nom: str, jour: dt.date) -> int:
    valeur = config.parametre(nom, jour).valeur
    plancher, plafond = _BORNES[nom]
    if not isinstance(valeur, int) or isinstance(valeur, bool) or not plancher <= valeur <= plafond:
        borne = f"d'au moins {plancher}" if plafond == 1000 else f"de {plancher} à {plafond}"
        raise ConfigError(
            f"{nom} vaut {valeur!r} : le secret statistique exige un entier {borne}.",
            f"Corriger {nom} dans parametres.toml.",
        )
    return valeur
