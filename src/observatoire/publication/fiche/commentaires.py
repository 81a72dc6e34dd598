"""Le commentaire libre d'un analyste, gardé avec les chiffres pour lesquels il a été écrit.

Un fichier par territoire et par période, `commentaires/2026-T3/dep-93.md` (`dep-93--elu.md` pour un public) :
un en-tête TOML entre deux lignes « +++ », écrit par `observatoire commentaire`, puis le texte. L'en-tête ne
retient que des chiffres publiés ; d'un chiffre secret, il ne retient que le mot « secret ».
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from observatoire.erreurs import PublicationError
from observatoire.magasin import ecrire_octets
from observatoire.publication import blocs
from observatoire.publication.cellules import NON_DISPONIBLE, NON_SIGNIFICATIF, SECRET, Cellule, variation
from observatoire.publication.deroule import blocs_markdown
from observatoire.publication.fiche import phrases
from observatoire.publication.fiche.chiffres import CLES
from observatoire.publication.formats import decimal, evolution

if TYPE_CHECKING:
    from pathlib import Path

    from observatoire.config import Config
    from observatoire.perimetre import Periode, Territoire
    from observatoire.publication.fiche.contexte import Contexte

DOSSIER = "commentaires"
_BORD = "+++"
_SANS_NOMBRE = (SECRET, NON_DISPONIBLE, NON_SIGNIFICATIF)
_PREVENIR = """\
# Les chiffres publiés quand ce texte a été écrit, ou relu pour la dernière fois. Ne pas les changer à la
# main : « observatoire commentaire … --relu » y met ceux du jour. Le texte vient après « +++ ».
"""


@dataclass(frozen=True, slots=True)
class Commentaire:
    """Un texte en Markdown et les chiffres clés publiés quand il a été écrit.

    Attributes:
        chemin: le fichier.
        texte: ce que la fiche imprime ; vide tant que rien n'est écrit.
        ecrit_pour: le territoire et la période de l'en-tête, vides s'il n'y en a pas.
        chiffres: par indicateur, le nombre publié ou la raison de son absence.
    """

    chemin: Path
    texte: str
    ecrit_pour: tuple[str, str]
    chiffres: dict[str, Cellule]

    @classmethod
    def lire(cls, chemin: Path) -> Self:
        """Lit un fichier de commentaire ; sans en-tête, tout est du texte.

        Raises:
            PublicationError: fichier illisible, ou en-tête mal écrit.
        """
        try:
            contenu = chemin.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise PublicationError(
                f"{_nom(chemin)} n'est pas en UTF-8.", "L'enregistrer en UTF-8 depuis l'éditeur."
            ) from None
        if not contenu.startswith(_BORD):
            return cls(chemin, contenu.strip(), ("", ""), {})
        entete, bord, texte = contenu[len(_BORD) :].partition(f"\n{_BORD}")
        if not bord:
            raise PublicationError(
                f"{_nom(chemin)} : l'en-tête ouvert par « {_BORD} » n'est pas refermé.",
                f"Ajouter une ligne « {_BORD} » avant le texte.",
            )
        lu = _lire_entete(chemin, entete)
        ecrit_pour = str(lu.get("territoire", "")), str(lu.get("periode", ""))
        return cls(chemin, texte.strip(), ecrit_pour, _lire_chiffres(chemin, lu.get("chiffres", {})))

    def ecrire(self) -> None:
        """Écrit le fichier d'un seul geste : l'en-tête, puis le texte tel quel."""
        territoire, periode = (json.dumps(nom) for nom in self.ecrit_pour)
        lignes = [
            f"{nom} = {cellule.nombre if cellule.nombre is not None else json.dumps(cellule.statut)}"
            for nom, cellule in self.chiffres.items()
        ]
        entete = f"territoire = {territoire}\nperiode = {periode}\n\n[chiffres]\n" + "\n".join(lignes)
        ecrire_octets(self.chemin, f"{_BORD}\n{_PREVENIR}{entete}\n{_BORD}\n\n{self.texte}\n".encode())


def chemin_du(config: Config, territoire: Territoire, periode: Periode, public: str = "") -> Path:
    """Rend le chemin d'un commentaire, qu'il existe ou non."""
    nom = f"{territoire.fichier}--{public}" if public else territoire.fichier
    return config.racine / DOSSIER / str(periode) / f"{nom}.md"


def trouver(config: Config, territoire: Territoire, periode: Periode, public: str = "") -> Commentaire | None:
    """Lit le commentaire d'un public, à défaut celui de toutes les fiches ; None s'il n'y en a pas.

    Raises:
        PublicationError: fichier illisible, ou en-tête mal écrit.
    """
    for nom in dict.fromkeys((public, "")):
        chemin = chemin_du(config, territoire, periode, nom)
        if chemin.is_file():
            return Commentaire.lire(chemin)
    return None


def bloc(contexte: Contexte, public: str = "") -> blocs.Commentaire | None:
    """Rend le commentaire à imprimer, précédé d'un avertissement si ses chiffres ont bougé ; None sans texte.

    Raises:
        PublicationError: fichier illisible, ou texte qui n'est pas fait de titres, paragraphes et listes.
    """
    commentaire = trouver(contexte.config, contexte.territoire, contexte.periode, public)
    if commentaire is None or not commentaire.texte:
        return None
    try:
        elements = [_sous_titre(element) for element in blocs_markdown(commentaire.texte)]
    except PublicationError as erreur:
        raise PublicationError(f"{_nom(commentaire.chemin)} : {erreur.constat}", erreur.remede) from None
    avis = phrases.COMMENTAIRE_A_RELIRE if a_relire(commentaire, contexte) else ""
    return blocs.Commentaire(phrases.COMMENTAIRE_TITRE, elements, avis)


def _sous_titre(element: dict[str, Any]) -> dict[str, Any]:
    """Le même élément ; un titre, quel que soit son niveau, vient sous celui du commentaire."""
    return {**element, "niveau": 3} if element["genre"] == "titre" else element


def estampiller(contexte: Contexte, chemin: Path) -> Commentaire:
    """Rend le commentaire d'un fichier, les chiffres du jour à la place des siens ; son texte est gardé.

    Raises:
        PublicationError: fichier existant illisible : rien n'est écrit, rien n'est perdu.
    """
    ici = (str(contexte.territoire), str(contexte.periode))
    lu = Commentaire.lire(chemin) if chemin.is_file() else Commentaire(chemin, "", ici, {})
    return replace(lu, ecrit_pour=ici, chiffres=_du_jour(contexte))


def a_relire(commentaire: Commentaire, contexte: Contexte) -> list[str]:
    """Dit en quoi les chiffres publiés ne sont plus ceux du commentaire ; vide s'ils n'ont pas bougé.

    Un chiffre devenu secret, ou qui ne l'est plus, a bougé : le texte peut citer ce qui n'est plus publié.
    """
    if not commentaire.chiffres:
        return [phrases.COMMENTAIRE_SANS_CHIFFRES]
    ici = (str(contexte.territoire), str(contexte.periode))
    if commentaire.ecrit_pour != ici:
        return [phrases.COMMENTAIRE_AILLEURS.format(ou=" ".join(commentaire.ecrit_pour))]
    seuil = Decimal(str(contexte.parametre("relecture_commentaire_pct")))
    aujourd_hui = _du_jour(contexte)
    constats = [
        _ecart(nom, avant, aujourd_hui[nom], seuil)
        for nom, avant in commentaire.chiffres.items()
        if nom in aujourd_hui
    ]
    return list(filter(None, constats))


def _ecart(nom: str, avant: Cellule, maintenant: Cellule, seuil: Decimal) -> str:
    """Ce qui a bougé, sans jamais écrire le nombre de ce qui n'est plus publié ; vide si rien n'a bougé."""
    libelle, decimales = CLES[nom].libelle, CLES[nom].decimales
    if avant.nombre is None or maintenant.nombre is None:
        change = (phrases.ETATS[avant.statut], phrases.ETATS[maintenant.statut])
        return (
            ""
            if change[0] == change[1]
            else phrases.COMMENTAIRE_ETAT.format(libelle=libelle, avant=change[0], apres=change[1])
        )
    change_de = variation(maintenant, avant)
    bouge = avant.nombre != maintenant.nombre if change_de.nombre is None else abs(change_de.nombre) > seuil
    nombres = {"avant": decimal(avant, decimales), "apres": decimal(maintenant, decimales)}
    ecrite = evolution(change_de)
    return phrases.COMMENTAIRE_ECART.format(libelle=libelle, evolution=ecrite, **nombres) if bouge else ""


def _du_jour(contexte: Contexte) -> dict[str, Cellule]:
    """Les chiffres clés de toutes les fiches, à la période : ce qu'un commentaire peut citer d'ensemble."""
    return {nom: contexte.lire(cle.indicateur) for nom, cle in CLES.items() if nom == cle.indicateur}


def _lire_entete(chemin: Path, texte: str) -> dict[str, Any]:
    try:
        return tomllib.loads(texte)
    except tomllib.TOMLDecodeError as erreur:
        raise PublicationError(
            f"{_nom(chemin)} : en-tête illisible : {erreur}.",
            "Le remettre comme git l'a gardé, ou l'effacer avec ses deux lignes « +++ » et relancer "
            "« observatoire commentaire … --relu ».",
        ) from None


def _lire_chiffres(chemin: Path, lus: object) -> dict[str, Cellule]:
    remede = "Effacer cette ligne, puis relancer « observatoire commentaire … --relu »."
    if not isinstance(lus, dict):
        raise PublicationError(f"{_nom(chemin)} : « chiffres » n'est pas un tableau.", remede)
    chiffres = {}
    for nom, valeur in lus.items():
        nombre = isinstance(valeur, int | float) and not isinstance(valeur, bool)
        if not nombre and valeur not in _SANS_NOMBRE:
            raise PublicationError(
                f"{_nom(chemin)} : {nom} = {valeur!r} n'est ni un nombre ni une raison d'absence.", remede
            )
        chiffres[nom] = Cellule.de(valeur) if nombre else Cellule(None, valeur)
    return chiffres


def _nom(chemin: Path) -> str:
    return f"{DOSSIER}/{chemin.parent.name}/{chemin.name}"
