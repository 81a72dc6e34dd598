"""Le plan de publication : quelle tranche des chiffres est publiée, à quel niveau, à quel rythme.

Moins de tranches, moins de cellules cachées : le plan compte plus que l'algorithme. Il porte sur les
indicateurs qui reposent sur des personnes ; les autres sont publiés partout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from observatoire.erreurs import ConfigError, suggestion
from observatoire.indicateurs.registre import REGISTRE
from observatoire.perimetre import NIVEAUX
from observatoire.referentiel import ENSEMBLE, ventilations

if TYPE_CHECKING:
    from observatoire.config import Config

RYTHMES = ("trimestre", "glissant", "annee")
TRANCHES = ("rien", "totaux", "ventilations", "croisements")


@dataclass(frozen=True, slots=True)
class Plan:
    """Ce que l'équipe publie.

    Attributes:
        tranches: pour un niveau et un rythme, la tranche la plus fine publiée.
        exceptions: pour un niveau et un rythme, les « indicateur.ventilation » qui n'en sont pas ;
            « indicateur.* » retire toutes les ventilations et garde l'ensemble.
        personnes_minimum: pour un niveau et un rythme, l'effectif du territoire sous lequel seuls les
            totaux sont publiés.
        indicateurs: les seuls que l'on tabule ; tous par défaut.
    """

    tranches: dict[tuple[str, str], str]
    exceptions: dict[tuple[str, str], frozenset[str]]
    personnes_minimum: dict[tuple[str, str], int]
    indicateurs: frozenset[str] | None = None

    @classmethod
    def lire(cls, config: Config) -> Self:
        """Lit `[publication]` de `observatoire.toml`.

        Raises:
            ConfigError: niveau, rythme, tranche ou indicateur inconnu.
        """
        bloc = config.reglages.get("publication", {})
        tranches = {}
        for (niveau, rythme), tranche in _par_niveau(bloc, "plan").items():
            if tranche not in TRANCHES:
                raise ConfigError(
                    f"[publication.plan.{niveau}] : {rythme} = {tranche!r} n'est pas une tranche.",
                    suggestion(str(tranche), TRANCHES),
                )
            tranches[niveau, rythme] = tranche
        exceptions = {cle: frozenset(noms) for cle, noms in _par_niveau(bloc, "exceptions").items()}
        _verifier_exceptions(exceptions)
        minimum = _par_niveau(bloc, "personnes_minimum")
        return cls(tranches, exceptions, {cle: int(effectif) for cle, effectif in minimum.items()})

    def publie(self, niveau: str, rythme: str, indicateur: str, ventilation: str) -> bool:
        """Dit si une tranche est publiée à un niveau et un rythme."""
        if self.indicateurs is not None and indicateur not in self.indicateurs:
            return False
        if not REGISTRE[indicateur].personnes:
            return True
        rang = TRANCHES.index(self.tranches.get((niveau, rythme), "rien"))
        if rang < _finesse(ventilation):
            return False
        retirees = self.exceptions.get((niveau, rythme), frozenset())
        toutes = ventilation != ENSEMBLE and f"{indicateur}.*" in retirees
        return not toutes and f"{indicateur}.{ventilation}" not in retirees


def _finesse(ventilation: str) -> int:
    if ventilation == ENSEMBLE:
        return TRANCHES.index("totaux")
    croisee = len(ventilations()[ventilation].axes) > 1
    return TRANCHES.index("croisements" if croisee else "ventilations")


def _par_niveau(bloc: dict[str, Any], nom: str) -> dict[tuple[str, str], Any]:
    lus = {}
    for niveau, rythmes in bloc.get(nom, {}).items():
        if niveau not in NIVEAUX:
            raise ConfigError(
                f"[publication.{nom}] : niveau « {niveau} » inconnu.", suggestion(niveau, NIVEAUX)
            )
        for rythme, valeur in rythmes.items():
            if rythme not in RYTHMES:
                raise ConfigError(
                    f"[publication.{nom}.{niveau}] : rythme « {rythme} » inconnu.",
                    suggestion(rythme, RYTHMES),
                )
            lus[niveau, rythme] = valeur
    return lus


def _verifier_exceptions(exceptions: dict[tuple[str, str], frozenset[str]]) -> None:
    connues = {f"{i.nom}.{v}" for i in REGISTRE.values() for v in (ENSEMBLE, "*", *i.ventilations)}
    for (niveau, rythme), noms in exceptions.items():
        for nom in sorted(noms - connues):
            raise ConfigError(
                f"[publication.exceptions.{niveau}] : {rythme} cite « {nom} », inconnu.",
                suggestion(nom, connues),
            )
