"""Ce que l'équipe choisit (`observatoire.toml`) et ce que la règle fixe (`parametres.toml`)."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from observatoire.erreurs import ConfigError, suggestion

if TYPE_CHECKING:
    import datetime as dt

FICHIER = "observatoire.toml"
MILLESIMES = ("tous", "dernier")
GENRES = ("decp", "suivi", "enquetes", "grands_projets", "structures", "entreprises")
_LIGNE = re.compile(r"\(at line (\d+), column (\d+)\)")
SEUILS = ("ecartees_maximum_pct", "chute_maximum_pct")


@dataclass(frozen=True)
class Source:
    """Une source déclarée dans `[sources.<nom>]` ; `colonnes` va de notre nom au nom reçu."""

    nom: str
    genre: str
    titre: str
    producteur: str
    licence: str
    millesimes: str
    lecture: dict[str, Any]
    colonnes: dict[str, str]
    identite: dict[str, str]
    valeurs: dict[str, dict[str, str]]
    seuils: dict[str, float]


@dataclass(frozen=True)
class Parametre:
    """Une valeur fixée par la loi ou la méthode, avec sa date d'effet et sa référence."""

    nom: str
    valeur: Any
    depuis: dt.date
    reference: str


@dataclass(frozen=True)
class Config:
    """La configuration d'un dossier de travail ; rien n'est lu à l'import."""

    racine: Path
    reglages: dict[str, Any]

    @classmethod
    def charger(cls, depart: Path | None = None) -> Self:
        """Trouve `observatoire.toml` en remontant depuis `depart` et le lit.

        La variable d'environnement `OBSERVATOIRE_RACINE` désigne un autre dossier de travail.

        Raises:
            ConfigError: aucun fichier trouvé, ou fichier illisible.
        """
        return cls.lire(dossier_de_travail(depart))

    @classmethod
    def lire(cls, racine: Path) -> Self:
        """Lit la configuration d'un dossier de travail connu.

        Raises:
            ConfigError: fichier absent ou illisible.
        """
        return cls(racine, lire_toml(racine / FICHIER))

    @property
    def raw(self) -> Path:
        """Les fichiers tels que reçus."""
        return self.racine / "data" / "raw"

    @property
    def processed(self) -> Path:
        """Les tables reconstruites par la chaîne."""
        return self.racine / "data" / "processed"

    @property
    def outputs(self) -> Path:
        """Les documents produits."""
        return self.racine / "outputs"

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Les sources déclarées, dans l'ordre du fichier."""
        return {nom: _source(nom, bloc) for nom, bloc in self.reglages.get("sources", {}).items()}

    def source(self, nom: str) -> Source:
        """Rend une source déclarée.

        Raises:
            ConfigError: le nom n'est pas déclaré.
        """
        if nom not in self.sources:
            raise ConfigError(f"Source inconnue : « {nom} ».", suggestion(nom, self.sources))
        return self.sources[nom]

    @cached_property
    def _parametres(self) -> dict[str, Any]:
        return lire_toml(self.racine / "parametres.toml")

    def seuil(self, source: str, nom: str, jour: dt.date) -> float:
        """Rend un seuil de `[sources.<nom>.seuils]`, à défaut celui de `parametres.toml` ce jour-là."""
        return float(self.source(source).seuils.get(nom, self.parametre(nom, jour).valeur))

    def parametres_dates(self) -> list[tuple[str, dt.date, float]]:
        """Rend tous les paramètres chiffrés : nom, date d'effet, valeur."""
        return [
            (nom, valeur["depuis"], float(valeur["valeur"]))
            for nom, bloc in self._parametres.items()
            for valeur in bloc.get("valeurs", [])
            if isinstance(valeur["valeur"], int | float)
        ]

    def historique(self, nom: str) -> list[Parametre]:
        """Rend toutes les valeurs d'un paramètre, de la plus ancienne à la plus récente.

        Raises:
            ConfigError: paramètre absent.
        """
        if nom not in self._parametres:
            raise ConfigError(
                f"Paramètre « {nom} » absent de parametres.toml.", suggestion(nom, self._parametres)
            )
        valeurs = sorted(self._parametres[nom]["valeurs"], key=lambda v: v["depuis"])
        return [Parametre(nom, v["valeur"], v["depuis"], v["reference"]) for v in valeurs]

    def parametre(self, nom: str, jour: dt.date) -> Parametre:
        """Rend la valeur d'un paramètre en vigueur un jour donné.

        Raises:
            ConfigError: paramètre absent, ou sans valeur à cette date.
        """
        valeurs = self._parametres.get(nom, {}).get("valeurs")
        if valeurs is None:
            raise ConfigError(
                f"Paramètre « {nom} » absent de parametres.toml.", suggestion(nom, self._parametres)
            )
        valables = [v for v in valeurs if v["depuis"] <= jour]
        if not valables:
            raise ConfigError(
                f"Paramètre « {nom} » sans valeur au {jour}.", "Ajouter une valeur datée à parametres.toml."
            )
        retenue = max(valables, key=lambda v: v["depuis"])
        return Parametre(nom, retenue["valeur"], retenue["depuis"], retenue["reference"])


def dossier_de_travail(depart: Path | None = None) -> Path:
    """Rend le dossier qui contient `observatoire.toml`, cherché comme `Config.charger`, sans le lire.

    Raises:
        ConfigError: aucun fichier trouvé.
    """
    impose = os.environ.get("OBSERVATOIRE_RACINE")
    ici = Path(impose) if impose else (depart or Path.cwd())
    for dossier in (ici.resolve(), *ici.resolve().parents):
        if (dossier / FICHIER).is_file():
            return dossier
    raise ConfigError(
        f"{FICHIER} est introuvable depuis {ici}.",
        "Se placer dans le dossier du projet, ou définir OBSERVATOIRE_RACINE.",
    )


def lire_toml(chemin: Path) -> dict[str, Any]:
    """Lit un fichier TOML.

    Raises:
        ConfigError: fichier absent ou illisible.
    """
    try:
        return tomllib.loads(chemin.read_text(encoding="utf-8-sig"))  # le Bloc-notes met une marque
    except FileNotFoundError:
        raise ConfigError(f"{chemin.name} est absent.", f"Le remettre dans {chemin.parent}.") from None
    except UnicodeDecodeError as erreur:
        ligne = erreur.object[: erreur.start].count(b"\n") + 1
        raise ConfigError(
            f"{chemin.name} est illisible : la ligne {ligne} n'est pas en UTF-8.", "L'enregistrer en UTF-8."
        ) from None
    except tomllib.TOMLDecodeError as erreur:
        trouve = _LIGNE.search(str(erreur))
        ou = f"ligne {trouve[1]}, colonne {trouve[2]}" if trouve else "à la fin du fichier"
        raise ConfigError(
            f"{chemin.name} est illisible : {ou}.",
            "Corriger cette ligne : un guillemet, un crochet, un signe = manque, ou une clé est en double.",
        ) from None


def _source(nom: str, bloc: dict[str, Any]) -> Source:
    genre = bloc.get("genre", "")
    if genre not in GENRES:
        raise ConfigError(f"[sources.{nom}] : genre « {genre} » inconnu.", suggestion(str(genre), GENRES))
    _verifier_lecture(nom, bloc.get("lecture", {}))
    millesimes = bloc.get("millesimes", "dernier")
    if millesimes not in MILLESIMES:
        raise ConfigError(
            f"[sources.{nom}] : millesimes « {millesimes} » inconnu.", suggestion(str(millesimes), MILLESIMES)
        )
    return Source(
        nom=nom,
        genre=genre,
        titre=bloc.get("titre", nom),
        producteur=bloc.get("producteur", "non renseigné"),
        licence=bloc.get("licence", "non renseignée"),
        millesimes=millesimes,
        lecture=bloc.get("lecture", {}),
        colonnes=bloc.get("colonnes", {}),
        identite=bloc.get("identite", {}),
        valeurs=bloc.get("valeurs", {}),
        seuils=_seuils(nom, bloc.get("seuils", {})),
    )


def _seuils(source: str, bloc: dict[str, Any]) -> dict[str, float]:
    for nom, valeur in bloc.items():
        ou = f"[sources.{source}.seuils]"
        if nom not in SEUILS:
            raise ConfigError(f"{ou} : « {nom} » inconnu.", suggestion(nom, SEUILS))
        if not isinstance(valeur, int | float) or isinstance(valeur, bool) or not 0 <= valeur <= 100:
            raise ConfigError(f"{ou} : {nom} = {valeur!r} n'est pas un pourcentage.", "Écrire 0 à 100.")
    return bloc


def _verifier_lecture(nom: str, lecture: dict[str, Any]) -> None:
    for reglage, valeur in lecture.items():
        textes = valeur if isinstance(valeur, list) else [valeur]
        if not all(isinstance(texte, str) for texte in textes):
            raise ConfigError(
                f"[sources.{nom}.lecture] : {reglage} = {valeur!r} n'est pas un texte.",
                f'L\'écrire entre guillemets : {reglage} = "…".',
            )
