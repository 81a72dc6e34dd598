"""L'édition du rapport annuel : exécuter les chapitres, les assembler, écrire le livre dans ses formats."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from observatoire.erreurs import PublicationError
from observatoire.magasin import Filtres, Magasin
from observatoire.perimetre import Periode
from observatoire.publication.execution import en_octets, executer, publiable
from observatoire.publication.fiche.contexte import Contexte
from observatoire.publication.formats import jour, typographier
from observatoire.publication.lectures import REGION
from observatoire.publication.rapport.classeur import rendre_classeur
from observatoire.publication.rapport.impression import rendre_pdf
from observatoire.publication.rapport.livre import assembler
from observatoire.publication.rapport.pages import rendre_pages
from observatoire.publication.rendu_pdf import midi

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbformat import NotebookNode

    from observatoire.config import Config

CHAPITRES = "rapport_annuel"
INTITULE = "Rapport statistique annuel"
_NOYAUX = 4


@dataclass(frozen=True, slots=True)
class Edition:
    """Un rapport écrit : son dossier, ses chapitres, figures et tableaux, la durée de sa production."""

    dossier: Path
    chapitres: int
    figures: int
    tableaux: int
    secondes: float


def derniere_annee(config: Config) -> Periode:
    """Rend la dernière année publiée et achevée à la date d'extraction des données.

    Raises:
        PublicationError: aucune année n'est complète.
    """
    magasin = Magasin(config.processed)
    filtres: Filtres = [("statut", "=", "publie"), ("territoire", "=", str(REGION))]
    publiees = magasin.distinctes("indicateurs/valeurs", "periode", filtres)
    extraction = magasin.lire("indicateurs/provenance")["date_extraction"].max()
    annees = [Periode.lire(texte) for texte in publiees]
    completes = [a for a in annees if a.rythme == "annee" and a.fin < extraction.date()]
    if not completes:
        raise PublicationError(
            "Aucune année complète dans les données.",
            "Importer l'historique d'une année.",
        )
    return max(completes)


def produire_rapport(
    config: Config, annee: Periode, suivi: Callable[[str, float], None] = lambda *_: None
) -> Edition:
    """Écrit le rapport d'une année dans `outputs/rapports/<année>/` : pages, PDF, classeur, notebooks.

    Le dossier n'est remplacé qu'une fois tout écrit : un chapitre en échec laisse l'ancien.

    Args:
        config: le dossier de travail.
        annee: l'année, achevée ou non.
        suivi: appelée à chaque chapitre exécuté, avec sa durée en secondes.

    Raises:
        PublicationError: un chapitre échoue, deux figures ont le même nom, le PDF n'est pas accessible.
    """
    debut = time.perf_counter()
    notebooks = executer_chapitres(config, annee, suivi)
    livre = assembler(notebooks)
    contexte = Contexte.ouvrir(config, str(REGION), str(annee))
    ours = composer_ours(config, contexte)
    gabarits = config.racine / "report_templates"
    fichiers = rendre_pages(livre, ours, gabarits)
    fichiers[f"rapport-{annee}.pdf"] = rendre_pdf(
        livre, ours, gabarits, midi(contexte.extraction or annee.fin)
    )
    fichiers[f"rapport-{annee}.xlsx"] = rendre_classeur(livre, ours, contexte.extraction or annee.fin)
    fichiers |= {
        f"notebooks/{nom}.ipynb": en_octets(publiable(notebook)) for nom, notebook in notebooks.items()
    }
    dossier = config.outputs / "rapports" / str(annee)
    _remplacer(dossier, fichiers)
    figures, tableaux = len(livre.liste("Figure")), len(livre.liste("Tableau"))
    return Edition(dossier, len(livre.chapitres), figures, tableaux, time.perf_counter() - debut)


def executer_chapitres(
    config: Config, annee: Periode, suivi: Callable[[str, float], None] = lambda *_: None
) -> dict[str, NotebookNode]:
    """Rend les notebooks de chapitre exécutés, dans l'ordre de leurs noms."""
    sources = sorted((config.racine / "notebooks" / CHAPITRES).glob("[0-9][0-9]_*.ipynb"))
    if not sources:
        raise PublicationError(
            f"Aucun chapitre dans notebooks/{CHAPITRES}.",
            "Reprendre ces notebooks dans l'historique du dépôt.",
        )

    def un(source: Path) -> NotebookNode:
        debut = time.perf_counter()
        execute = executer(source, {"annee": str(annee)}, racine=config.racine)
        suivi(source.stem, time.perf_counter() - debut)
        return execute

    with ThreadPoolExecutor(min(os.cpu_count() or 1, _NOYAUX)) as fils:
        return dict(zip((source.stem for source in sources), fils.map(un, sources), strict=True))


def composer_ours(config: Config, contexte: Contexte) -> dict[str, Any]:
    """Rend ce que le rapport dit de lui-même : titre, éditeur, dates, version, empreinte des données."""
    observatoire, annee = config.reglages["observatoire"], str(contexte.periode)
    sources = [
        f"{ligne['titre']} ({ligne['producteur']}, {ligne['licence']})"
        for ligne in contexte.provenance.drop_duplicates("titre").to_dict("records")
    ]
    return {
        **observatoire,
        "titre": f"{INTITULE} {annee}",
        "intitule": INTITULE,
        "annee": annee,
        "annee_dite": f"Année {annee}",
        "statut": "provisoire" if contexte.provisoire(contexte.periode) else "définitif",
        "extraction": jour(contexte.extraction),
        "fictif": contexte.fictif,
        "fichiers": [
            {"nom": f"rapport-{annee}.pdf", "titre": "Télécharger le rapport (PDF)"},
            {"nom": f"rapport-{annee}.xlsx", "titre": "Télécharger les tableaux (XLSX)"},
        ],
        "colophon": [
            [
                "Éditeur",
                typographier(
                    f"{observatoire['nom']}, {observatoire['editeur']}. Contact : {observatoire['contact']}."
                ),
            ],
            ["Sources", typographier(" ; ".join(sources) + ".")],
            [
                "Données",
                typographier(
                    f"extraites le {jour(contexte.extraction)} ; empreinte {_empreinte(config, annee)}."
                ),
            ],
            ["Programme", f"observatoire {version('observatoire')}, logiciel libre (licence MIT)."],
            ["Accessibilité", "Ce rapport existe en pages HTML, en PDF/UA-1 et en classeur de tableaux."],
        ],
    }


def _empreinte(config: Config, annee: str) -> str:
    """Les premiers chiffres de l'empreinte des valeurs publiées de l'année, quel que soit leur ordre."""
    valeurs = Magasin(config.processed).lire("indicateurs/valeurs", [("periode", "=", annee)])
    lignes = sorted(valeurs.to_csv(index=False, header=False).splitlines())
    return hashlib.sha256("\n".join(lignes).encode()).hexdigest()[:12]


def _remplacer(dossier: Path, fichiers: dict[str, bytes]) -> None:
    """Écrit tout à côté, puis met le dossier à sa place."""
    dossier.parent.mkdir(parents=True, exist_ok=True)
    neuf = Path(tempfile.mkdtemp(prefix=f".{dossier.name}-", dir=dossier.parent))
    try:
        for nom, octets in fichiers.items():
            (neuf / nom).parent.mkdir(exist_ok=True)
            (neuf / nom).write_bytes(octets)
        neuf.chmod(0o755)
        ancien = neuf.with_suffix(".ancien")
        if dossier.exists():
            dossier.rename(ancien)
        neuf.rename(dossier)
        shutil.rmtree(ancien, ignore_errors=True)
    finally:
        shutil.rmtree(neuf, ignore_errors=True)
