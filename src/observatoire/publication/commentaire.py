"""Les commentaires d'une édition : les créer, les tamponner, dire lesquels sont à relire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.publication.composition import public_demande
from observatoire.publication.fiche.commentaires import a_relire, chemin_du, estampiller, trouver
from observatoire.publication.fiche.contexte import Contexte

if TYPE_CHECKING:
    from pathlib import Path

    from observatoire.config import Config
    from observatoire.perimetre import Periode, Territoire


def preparer(
    config: Config, territoire: Territoire, periode: Periode, *, public: str = "", relu: bool = False
) -> tuple[Path, bool]:
    """Crée le fichier d'un commentaire avec les chiffres du jour ; `relu` les remplace s'il existe.

    Le texte n'est jamais touché.

    Returns:
        Le fichier, et s'il a été écrit.

    Raises:
        ParametreError: le public n'est pas déclaré.
        PublicationError: fichier existant illisible.
    """
    if public:
        public_demande(config, public)
    chemin = chemin_du(config, territoire, periode, public)
    if chemin.is_file() and not relu:
        return chemin, False
    chemin.parent.mkdir(parents=True, exist_ok=True)
    estampiller(Contexte.ouvrir(config, str(territoire), str(periode)), chemin).ecrire()
    return chemin, True


def alertes(config: Config, territoire: Territoire, periode: Periode, public: str = "") -> list[str]:
    """Dit si le commentaire d'une fiche est vide ou à relire, et pourquoi ; rien s'il n'y en a pas.

    Raises:
        PublicationError: fichier illisible, ou en-tête mal écrit.
    """
    commentaire = trouver(config, territoire, periode, public)
    if commentaire is None:
        return []
    fichier = commentaire.chemin.relative_to(config.racine)
    if not commentaire.texte:
        return [f"{fichier} est vide : la fiche n'a pas de commentaire."]
    contexte = Contexte.ouvrir(config, str(territoire), str(periode))
    return [f"{fichier} est à relire : {constat}" for constat in a_relire(commentaire, contexte)]
