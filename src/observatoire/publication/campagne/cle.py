"""La clé d'un document : l'empreinte de tout ce dont il dépend, partie par partie.

Deux clés égales promettent les mêmes octets ; les parties qui diffèrent disent pourquoi le refaire.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
from functools import cached_property
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from observatoire.config import lire_toml
from observatoire.perimetre import Periode, Programme, lire_perimetre
from observatoire.publication.campagne.donnees import Donnees, empreinte_de

if TYPE_CHECKING:
    from collections.abc import Iterable

    from observatoire.config import Config
    from observatoire.publication.campagne.tache import Tache

PARTIES = {
    "donnees": "données de ce territoire",
    "ailleurs": "données d'autres territoires, auxquelles il se compare",
    "references": "catalogue des indicateurs, provenance ou qualité des données",
    "notebook": "notebook",
    "public": "parties de ce public (notebooks/publics.toml)",
    "commentaire": "commentaire",
    "gabarits": "gabarit (report_templates)",
    "charte": "charte graphique",
    "contours": "contours déposés",
    "code": "code de la bibliothèque (publication)",
    "referentiel": "référentiel (territoires, libellés)",
    "reglages": "observatoire.toml",
    "parametres": "parametres.toml",
    "environnement": "versions des bibliothèques",
}
CODE_INDICATEURS = "code_indicateurs"  # hors de la clé : il n'atteint un document que par les valeurs
_PAQUET = Path(__file__).parents[2]
_PUBLICATION = _PAQUET / "publication"
_CHARTE = _PUBLICATION / "charte.toml"
# ne changent aucune fiche : la conduite de la campagne, le rapport, Quarto, les vérifications
HORS_DES_FICHES = ("campagne", "quarto", "rapport", "verification")
_PRODUCTION = "campagne/production.py"
_AUSSI = ("magasin", "schemas", "config.py", "erreurs.py", "perimetre.py")
_GABARITS = ("commun", "fiche")
_REGLAGES = (("observatoire",), ("fiches", "trimestres_de_tendance"), ("publication", "personnes_minimum"))


class Cles:
    """Les clés d'une campagne : chaque fichier, chaque tranche de données n'est lu qu'une fois."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.donnees = Donnees(config)
        self._fichiers: dict[Path, str] = {}

    def parties(self, tache: Tache, lectures: Iterable[tuple[str, ...]] | None) -> dict[str, str]:
        """Rend l'empreinte de chaque partie dont le document dépend.

        Args:
            tache: le document.
            lectures: les tranches de valeurs lues à sa dernière production, si elle en a relevé.
        """
        propres = {
            "donnees": self.donnees.du_territoire(tache),
            "ailleurs": self.donnees.d_ailleurs(tache, lectures),
            "notebook": self._fichier(self._config.racine / "notebooks" / tache.notebook),
            "public": self._public(tache.public),
            "commentaire": self._commentaires(tache),
        }
        return {nom: empreinte[:16] for nom, empreinte in {**propres, **self._communes}.items()}

    @cached_property
    def code_indicateurs(self) -> str:
        """L'empreinte du code qui calcule les valeurs : ce qui explique qu'elles changent sans livraison."""
        return self._dossier(_PAQUET / "indicateurs")[:16]

    @cached_property
    def _communes(self) -> dict[str, str]:
        racine, reglages = self._config.racine, self._config.reglages
        code = [
            self._fichier(chemin)
            for chemin in sorted(_PUBLICATION.rglob("*.py"))
            if _sert_aux_fiches(chemin.relative_to(_PUBLICATION))
        ]
        return {
            "references": empreinte_de(sorted(self.donnees.references.items())),
            "gabarits": empreinte_de([self._dossier(racine / "report_templates" / nom) for nom in _GABARITS]),
            "charte": self._fichier(_CHARTE),
            "contours": self._dossier(racine / "contours"),
            "code": empreinte_de([*code, *(self._dossier(_PAQUET / nom) for nom in _AUSSI)]),
            "referentiel": self._dossier(_PAQUET / "referentiel"),
            "reglages": empreinte_de([_canonique(_prendre(reglages, cle)) for cle in _REGLAGES]),
            "parametres": self._toml(racine / "parametres.toml"),
            "environnement": empreinte_de([self._fichier(racine / "requirements.lock"), *_versions()]),
        }

    def _public(self, nom: str) -> str:
        if not nom:
            return ""
        return empreinte_de([_canonique(lire_toml(self._config.racine / "notebooks" / "publics.toml")[nom])])

    def _commentaires(self, tache: Tache) -> str:
        """Le commentaire du public, à défaut celui de toutes les fiches ; un programme n'en a pas."""
        if isinstance(lire_perimetre(tache.objet), Programme):
            return ""
        dossier = self._config.racine / "commentaires" / str(Periode.lire(tache.periode))
        commun = tache.nom.partition("--")[0]
        return empreinte_de([self._fichier(dossier / f"{nom}.md") for nom in (tache.nom, commun)])

    def _toml(self, chemin: Path) -> str:
        """L'empreinte de ce que dit un fichier TOML : un remords de mise en forme n'y change rien."""
        return empreinte_de([_canonique(lire_toml(chemin))]) if chemin.is_file() else ""

    def _dossier(self, dossier: Path) -> str:
        if dossier.is_file():
            return self._fichier(dossier)
        suffixes = {".pyc", ".ipynb_checkpoints"}
        return empreinte_de(
            [
                (chemin.relative_to(dossier).as_posix(), self._fichier(chemin))
                for chemin in sorted(dossier.rglob("*"))
                if chemin.is_file() and chemin.suffix not in suffixes
            ]
        )

    def _fichier(self, chemin: Path) -> str:
        """L'empreinte d'un fichier, vide s'il n'existe pas."""
        if chemin not in self._fichiers:
            try:
                self._fichiers[chemin] = hashlib.sha256(chemin.read_bytes()).hexdigest()
            except FileNotFoundError:
                self._fichiers[chemin] = ""
        return self._fichiers[chemin]


def cle_de(parties: dict[str, str]) -> str:
    """Rend la clé d'un document à partir de ses parties."""
    return hashlib.sha256(_canonique({nom: parties[nom] for nom in PARTIES}).encode()).hexdigest()


def _sert_aux_fiches(module: Path) -> bool:
    return module.parts[0] not in HORS_DES_FICHES or module.as_posix() == _PRODUCTION


def _canonique(valeur: object) -> str:
    return json.dumps(valeur, sort_keys=True, ensure_ascii=False, default=str)


def _prendre(reglages: dict[str, Any], chemin: tuple[str, ...]) -> object:
    valeur: Any = reglages
    for nom in chemin:
        valeur = valeur.get(nom, {})
    return valeur


def _versions() -> list[str]:
    """Python et les dépendances directes, telles qu'elles sont installées."""
    try:
        declarees = requires("observatoire") or []
    except PackageNotFoundError:
        declarees = []
    noms = sorted({re.split(r"[<>=;\[ ]", d)[0] for d in declarees if "extra ==" not in d})
    versions = []
    for nom in noms:
        try:
            versions.append(f"{nom} {version(nom)}")
        except PackageNotFoundError:
            versions.append(f"{nom} absent")
    return [f"python {platform.python_version()}", *versions]
