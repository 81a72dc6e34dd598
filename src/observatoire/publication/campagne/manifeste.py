"""Le manifeste d'une période : les documents de `outputs/fiches/<période>/`, ce qui y manque encore.

Il est toujours vrai : une ligne en est ôtée avant que ses fichiers ne changent, et n'y revient qu'une fois
tous écrits. Un document qui n'y est pas est à refaire, même si des fichiers portent son nom.
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from observatoire.magasin import ecrire_octets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from observatoire.config import Config

FICHIER = "manifeste.json"
VERSION = 1
_DECRIT = {"objet", "public", "cle", "parties", "fichiers", "pages", "lectures", "alertes"}
ABSENT, CHANGE = "fichier absent", "fichier changé depuis"


@dataclass(slots=True)
class Manifeste:
    """Ce qu'un dossier contient.

    Attributes:
        dossier: `outputs/fiches/<période>`.
        documents: par nom, `objet`, `public`, `cle`, `parties`, `fichiers` (octets et sha256), `pages`,
            `lectures`, `alertes`.
        durees: par nom, les secondes de la dernière production ; gardées quand la ligne est ôtée.
        restants: les documents d'une campagne qui n'a pas fini.
        echecs: par nom, le constat de la dernière production, si elle a échoué.
    """

    dossier: Path
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    durees: dict[str, float] = field(default_factory=dict)
    restants: list[str] = field(default_factory=list)
    echecs: dict[str, str] = field(default_factory=dict)

    @classmethod
    def lire(cls, dossier: Path) -> Self:
        """Lit le manifeste d'un dossier ; absent, illisible ou d'une autre version, il est vide."""
        try:
            lu = json.loads((dossier / FICHIER).read_bytes())
            if lu["version"] != VERSION or not _bien_forme(lu):
                return cls(dossier)
            return cls(dossier, lu["documents"], lu["durees"], lu["restants"], lu["echecs"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return cls(dossier)

    @property
    def complet(self) -> bool:
        """Vrai si la dernière campagne a produit tout ce qu'elle devait."""
        return not self.restants and not self.echecs

    def ecrire(self) -> None:
        """Remplace le fichier d'un seul geste."""
        contenu = {
            "version": VERSION,
            "periode": self.dossier.name,
            "etat": "complète" if self.complet else "incomplète",
            "restants": sorted(self.restants),
            "echecs": dict(sorted(self.echecs.items())),
            "documents": dict(sorted(self.documents.items())),
            "durees": {nom: round(duree, 3) for nom, duree in sorted(self.durees.items())},
        }
        octets = json.dumps(contenu, ensure_ascii=False, indent=1).encode() + b"\n"
        ecrire_octets(self.dossier / FICHIER, octets)

    def anomalies(self, noms: Iterable[str] | None = None) -> dict[str, list[str]]:
        """Rend, par document listé, ses fichiers absents ou changés ; rien s'ils sont tous entiers."""
        voulus = self.documents if noms is None else [nom for nom in noms if nom in self.documents]
        attendus = [
            (nom, fichier, decrit)
            for nom in voulus
            for fichier, decrit in self.documents[nom]["fichiers"].items()
        ]
        trouvees: dict[str, list[str]] = {}
        with ThreadPoolExecutor(4) as fils:
            verdicts = fils.map(lambda attendu: _examiner(self.dossier / attendu[1], attendu[2]), attendus)
            for (nom, fichier, _), verdict in zip(attendus, verdicts, strict=True):
                if verdict:
                    trouvees.setdefault(nom, []).append(f"{verdict} : {fichier}")
        return trouvees


def decrire(fichiers: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """Rend la taille et l'empreinte de fichiers écrits."""
    return {
        nom: {"octets": len(octets), "sha256": hashlib.sha256(octets).hexdigest()}
        for nom, octets in fichiers.items()
    }


def dossier_de(config: Config, periode: str) -> Path:
    """Le dossier des documents d'une période."""
    return config.outputs / "fiches" / periode


def _bien_forme(lu: Mapping[str, Any]) -> bool:
    """Dit si un manifeste a la forme de ceux que nous écrivons : il a pu être retouché à la main."""
    documents, restants = lu["documents"], lu["restants"]
    genres = all(isinstance(lu[nom], dict) for nom in ("documents", "durees", "echecs"))
    return (
        genres
        and isinstance(restants, list)
        and all(isinstance(connu, dict) and connu.keys() >= _DECRIT for connu in documents.values())
    )


def _examiner(chemin: Path, attendu: Mapping[str, Any]) -> str:
    try:
        with chemin.open("rb") as flux:
            empreinte = hashlib.file_digest(flux, "sha256").hexdigest()
    except FileNotFoundError:
        return ABSENT
    return "" if empreinte == attendu["sha256"] else CHANGE
