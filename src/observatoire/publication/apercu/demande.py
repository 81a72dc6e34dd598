"""Ce qu'on veut voir : un notebook, ses paramètres, un public."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from observatoire.erreurs import ParametreError, PublicationError, suggestion
from observatoire.perimetre import Periode, Programme, lire_perimetre

if TYPE_CHECKING:
    from observatoire.config import Config

CHAPITRES = "rapport_annuel"
_DES_CAMPAGNES = ("fiche_territoire", "fiche_programme")


@dataclass(frozen=True, slots=True)
class Demande:
    """Un notebook (`fiche_territoire`, `rapport_annuel/03_heures`) et les paramètres qu'on lui impose.

    Un paramètre qui n'est pas imposé garde la valeur écrite dans le notebook.
    """

    racine: Path
    notebook: str
    parametres: tuple[tuple[str, str], ...] = ()
    public: str = ""

    @property
    def chemin(self) -> Path:
        """Le fichier du notebook."""
        return self.racine / "notebooks" / f"{self.notebook}.ipynb"

    @property
    def chapitre(self) -> bool:
        """Vrai pour un chapitre du rapport annuel."""
        return self.notebook.startswith(f"{CHAPITRES}/")

    def derniere_page(self) -> bytes | None:
        """Rend la page que la dernière campagne a écrite pour cette demande, si elle en a écrit une."""
        parametres = dict(self.parametres)
        objet = parametres.get("territoire") or parametres.get("programme")
        if self.notebook not in _DES_CAMPAGNES or not objet:
            return None
        nom = "--".join(filter(None, (lire_perimetre(objet).fichier, self.public)))
        pages = (self.racine / "outputs" / "fiches").glob(f"{parametres.get('periode', '*')}/{nom}.html")
        derniere = max(pages, default=None)
        return derniere.read_bytes() if derniere else None

    @property
    def titre(self) -> str:
        """La demande en clair : « fiche_territoire, dep:93, 2026-T3 »."""
        valeurs = [valeur for _, valeur in self.parametres]
        return ", ".join(filter(None, (self.notebook, *valeurs, self.public)))


def lire_demande(
    config: Config, notebook: str, objet: str = "", periode: str = "", public: str = ""
) -> Demande:
    """Lit ce qui est demandé, et refuse ce qui n'existe pas avant d'exécuter quoi que ce soit.

    Args:
        config: le dossier de travail.
        notebook: son chemin sous `notebooks/`, avec ou sans extension.
        objet: `dep:93`, `programme:GPE`, ou l'année d'un chapitre (`2025`) ; vide, celui du notebook.
        periode: le trimestre d'une fiche ; vide, celui du notebook.
        public: un nom de `publics.toml`.

    Raises:
        PublicationError: le notebook n'existe pas.
        ParametreError: un public pour un notebook qui n'en a pas.
        PerimetreError: territoire, programme ou période inconnus.
    """
    nom = nom_du_notebook(config, notebook)
    parametres: dict[str, str] = {}
    if nom.startswith(f"{CHAPITRES}/"):
        if annee := objet or periode:
            parametres["annee"] = str(Periode.lire(annee))
    elif objet:
        lu = lire_perimetre(objet)
        parametres["programme" if isinstance(lu, Programme) else "territoire"] = str(lu)
    if periode and "annee" not in parametres:
        parametres["periode"] = str(Periode.lire(periode))
    if public and ("annee" in parametres or "programme" in parametres):
        raise ParametreError(f"{nom} n'a pas de public.", "Retirer --public.")
    return Demande(config.racine, nom, tuple(parametres.items()), public)


def nom_du_notebook(config: Config, texte: str) -> str:
    """Rend le nom d'un notebook sous `notebooks/`, sans extension.

    Raises:
        PublicationError: il n'existe pas ; le message propose les plus proches.
    """
    dossier = config.racine / "notebooks"
    connus = {
        chemin.relative_to(dossier).with_suffix("").as_posix()
        for chemin in dossier.rglob("*.ipynb")
        if ".ipynb_checkpoints" not in chemin.parts
    }
    nom = Path(texte).with_suffix("").as_posix().removeprefix("notebooks/")
    if nom not in connus:
        raise PublicationError(
            f"Aucun notebook « {texte} » dans notebooks/.", suggestion(nom, sorted(connus))
        )
    return nom
