"""La composition d'une fiche : le notebook commun, et les parties choisies pour un public."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import nbformat.v4

from observatoire.erreurs import ConfigError, ParametreError, suggestion

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from observatoire.config import Config

FICHIER = "publics.toml"
CHIFFRES_MAXIMUM = 6
_CLES = {"titre", "chiffres", "parties"}
_CLES_PARTIE = {"question", "blocs"}
_ETIQUETTES = {"tags": ["remove-input"]}


@dataclass(frozen=True, slots=True)
class Partie:
    """Une partie de fiche : son titre, qui est une question, et ses blocs dans l'ordre."""

    question: str
    blocs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Public:
    """Ce qu'un public lit : le titre de sa fiche, ses chiffres clés et ses parties."""

    nom: str
    titre: str
    chiffres: tuple[str, ...]
    parties: tuple[Partie, ...]

    @classmethod
    def lire(cls, nom: str, bloc: dict[str, Any]) -> Self:
        """Lit le tableau d'un public.

        Raises:
            ConfigError: clé inconnue ou manquante, bloc ou chiffre inconnu, partie sans question.
        """
        ou = f"{FICHIER}, [{nom}]"
        _verifier_cles(ou, bloc, _CLES)
        chiffres = tuple(bloc["chiffres"])
        _verifier_noms(f"{ou}, chiffres", chiffres, _chiffres_connus())
        if not 0 < len(chiffres) <= CHIFFRES_MAXIMUM:
            raise ConfigError(f"{ou} : {len(chiffres)} chiffres clés.", f"En donner 1 à {CHIFFRES_MAXIMUM}.")
        parties = tuple(_lire_partie(ou, partie) for partie in bloc["parties"])
        blocs = [nom for partie in parties for nom in partie.blocs]
        if deux := {nom for nom in blocs if blocs.count(nom) > 1}:
            raise ConfigError(f"{ou} : « {min(deux)} » y est deux fois.", "N'en garder qu'une.")
        return cls(nom, str(bloc["titre"]), chiffres, parties)


def lire_publics(config: Config) -> dict[str, Public]:
    """Rend les publics que déclare `notebooks/publics.toml`, dans l'ordre du fichier.

    Raises:
        ConfigError: fichier absent, illisible, ou public mal écrit.
    """
    chemin = config.racine / "notebooks" / FICHIER
    try:
        blocs = tomllib.loads(chemin.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"{FICHIER} est absent de {chemin.parent}.", "Le reprendre dans l'historique du dépôt."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as erreur:
        raise ConfigError(f"{FICHIER} est illisible : {erreur}.", "Corriger la ligne citée.") from None
    return {nom: Public.lire(nom, bloc) for nom, bloc in blocs.items()}


def public_demande(config: Config, nom: str) -> Public:
    """Rend un public par son nom.

    Raises:
        ParametreError: le nom n'est pas déclaré ; le message propose les plus proches.
        ConfigError: `publics.toml` est absent ou mal écrit.
    """
    publics = lire_publics(config)
    if nom not in publics:
        raise ParametreError(f"Public inconnu : « {nom} ».", suggestion(nom, publics))
    return publics[nom]


def composer(notebook: NotebookNode, public: Public) -> NotebookNode:
    """Rend le notebook d'un public : le début et la fin du notebook reçu, ses parties entre les deux.

    Le résultat est un notebook ordinaire, à rouvrir et à changer dans JupyterLab. Une cellule du notebook
    reçu qui porte le nom d'un bloc est reprise telle qu'elle y est écrite.

    Raises:
        ConfigError: le notebook reçu n'a pas de parties.
    """
    titres = [rang for rang, cellule in enumerate(notebook.cells) if _est_titre(cellule)]
    if not titres:
        raise ConfigError(
            "Le notebook de la fiche n'a aucune partie.",
            "Lui rendre un titre « ## … ? » et sa partie de méthode, la dernière.",
        )
    connues = {cellule.id: cellule for cellule in notebook.cells}
    milieu = []
    for rang, partie in enumerate(public.parties):
        milieu.append(nbformat.v4.new_markdown_cell(f"## {partie.question}", id=f"question-{rang + 1}"))  # type: ignore[no-untyped-call]
        milieu += [connues.get(nom.replace("_", "-")) or _cellule(nom) for nom in partie.blocs]
    debut = [_adresser(cellule, public) for cellule in notebook.cells[: titres[0]]]
    return nbformat.v4.new_notebook(  # type: ignore[no-untyped-call,no-any-return]
        metadata=notebook.metadata, cells=[*debut, *milieu, *notebook.cells[titres[-1] :]]
    )


def _adresser(cellule: NotebookNode, public: Public) -> NotebookNode:
    """La cellule, où l'en-tête, les chiffres clés et le commentaire sont ceux du public."""
    appels = {
        "fiche.entete()": f"fiche.entete({_ecrire(public.titre)})",
        "fiche.chiffres_cles()": f"fiche.chiffres_cles({', '.join(map(_ecrire, public.chiffres))})",
        "fiche.commentaire()": f"fiche.commentaire({_ecrire(public.nom)})",
    }
    return nbformat.from_dict({**cellule, "source": appels.get(cellule.source.strip(), cellule.source)})  # type: ignore[no-untyped-call,no-any-return]


def _ecrire(texte: str) -> str:
    """Le texte entre guillemets, ceux qu'il contient échappés : du Python valide."""
    return json.dumps(texte, ensure_ascii=False)


def _cellule(bloc: str) -> NotebookNode:
    return nbformat.v4.new_code_cell(  # type: ignore[no-untyped-call,no-any-return]
        f"fiche.{bloc}()", id=bloc.replace("_", "-"), metadata=_ETIQUETTES
    )


def _est_titre(cellule: NotebookNode) -> bool:
    return bool(cellule.cell_type == "markdown" and cellule.source.startswith("## "))


def _lire_partie(ou: str, bloc: dict[str, Any]) -> Partie:
    _verifier_cles(ou, bloc, _CLES_PARTIE)
    question, blocs = str(bloc["question"]), tuple(bloc["blocs"])
    if not question.endswith("?"):
        raise ConfigError(f"{ou} : « {question} » n'est pas une question.", "Finir par « ? ».")
    _verifier_noms(f"{ou}, « {question} »", blocs, _blocs_connus())
    return Partie(question, blocs)


def _verifier_cles(ou: str, bloc: dict[str, Any], attendues: set[str]) -> None:
    if not isinstance(bloc, dict):
        raise ConfigError(f"{ou} n'est pas un tableau.", f"Y écrire : {', '.join(sorted(attendues))}.")
    for cle in sorted(bloc.keys() - attendues):
        raise ConfigError(f"{ou} : clé inconnue « {cle} ».", suggestion(cle, attendues))
    if manquantes := sorted(attendues - bloc.keys()):
        raise ConfigError(f"{ou} : il manque {', '.join(manquantes)}.", "L'ajouter.")


def _verifier_noms(ou: str, noms: tuple[str, ...], connus: set[str]) -> None:
    for nom in noms:
        if nom not in connus:
            raise ConfigError(f"{ou} : « {nom} » est inconnu.", suggestion(str(nom), connus))


def _blocs_connus() -> set[str]:
    """Les méthodes de la fiche qui font un bloc de partie ; importée ici, elle charge le dessin."""
    from observatoire.publication.fiche import Fiche

    hors_partie = {"ouvrir", "entete", "chiffres_cles", "commentaire", "methode"}
    return {nom for nom in vars(Fiche) if not nom.startswith("_")} - hors_partie


def _chiffres_connus() -> set[str]:
    from observatoire.publication.fiche.chiffres import CLES

    return set(CLES)
