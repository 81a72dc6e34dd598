"""L'examen des pages dans Chromium : axe-core, clavier, 320 px, zoom, espacement, impression.

Le programme est `tests/navigateur/examen.mjs` ; il se lance une fois pour toutes les pages.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from observatoire.erreurs import PublicationError
from observatoire.publication.verification.constats import Trouve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from observatoire.publication.verification.constats import Examen

DOSSIER = "tests/navigateur"
AXE = "axe"
REMEDES = {
    AXE: "Chercher la règle citée dans la documentation d'axe-core, corriger le gabarit.",
    "clavier": "Laisser aux liens et aux régions leur focus et son contour (:focus-visible).",
    "affichage à 320 px": "Faire défiler le tableau dans sa région, laisser le texte aller à la ligne.",
    "zoom à 200 %": "Laisser les boîtes grandir avec leur texte : pas de hauteur fixe.",
    "espacement des textes": "Laisser les boîtes grandir avec leur texte : pas de hauteur fixe.",
    "impression": "Corriger les règles @media print de la feuille de style.",
    "réseau et console": "La page doit se suffire : ni adresse extérieure, ni script en erreur.",
}
_SECONDES_PAR_PAGE = 60


def empechement(dossier: Path) -> str:
    """Dit ce qui manque pour lancer le navigateur ; vide si rien ne manque."""
    manquants = [nom for nom in ("node", "chromium") if shutil.which(nom) is None]
    if not (dossier / "node_modules" / "axe-core").is_dir():
        manquants.append("axe-core")
    return f"il manque {', '.join(manquants)} : « make navigateur »" if manquants else ""


def examiner(pages: Mapping[Path, Examen], dossier: Path) -> None:
    """Examine les pages et ajoute ses contrôles à leur examen.

    Raises:
        PublicationError: le navigateur n'a pas pu aller au bout.
    """
    if not pages:
        return
    for resultat in _lancer([str(page.resolve()) for page in pages], dossier):
        examen = next(examen for page, examen in pages.items() if str(page.resolve()) == resultat["page"])
        for controle, remede in REMEDES.items():
            trouves = [c for c in resultat["constats"] if c["controle"] == controle]
            examen.noter(controle, [Trouve(c["constat"], c["ou"]) for c in trouves], remede)


def _lancer(pages: Sequence[str], dossier: Path) -> list[dict[str, Any]]:
    chromium, node = shutil.which("chromium"), shutil.which("node")
    commande = [str(node), str(dossier / "examen.mjs"), str(chromium), *pages]
    try:
        fini = subprocess.run(
            commande, capture_output=True, check=True, timeout=60 + _SECONDES_PAR_PAGE * len(pages)
        )
    except subprocess.TimeoutExpired:
        raise PublicationError(
            "Le navigateur n'a pas répondu.", "Relancer, ou « --sans-navigateur »."
        ) from None
    except subprocess.CalledProcessError as erreur:
        fin = erreur.stderr.decode(errors="replace").strip()[-400:]
        raise PublicationError(
            f"Le navigateur s'est arrêté : {fin}", "Relancer « make navigateur »."
        ) from None
    resultats: list[dict[str, Any]] = json.loads(fini.stdout)
    return resultats
