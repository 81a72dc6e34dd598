"""Les données essentielles en XML, v1 et v2, lues contrat par contrat ; toute DTD est refusée."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from observatoire.acquisition.decp_json import GENRES, version_inconnue
from observatoire.erreurs import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from observatoire.acquisition.decp_contrats import Publie

_BLOC = 1 << 16
_CONTRAT_MAXIMUM = 1 << 22  # caractères, chaque balise comptant pour un objet
_BALISE_MAXIMUM = 1 << 20  # octets sans qu'aucune balise ne finisse
_PROFONDEUR_MAXIMUM = 50
_RACINE = "marches"
# ces champs n'existent qu'en v2 : un seul suffit à dire la version du fichier
_SEULEMENT_V2 = frozenset(
    {
        "techniques", "modalitesExecution", "idAccordCadre", "marcheInnovant", "ccag", "offresRecues",
        "attributionAvance", "tauxAvance", "typeGroupementOperateurs", "sousTraitanceDeclaree",
        "actesSousTraitance", "modificationsActesSousTraitance", "typesPrix", "origineUE", "origineFrance",
        "considerationsSociales", "considerationsEnvironnementales",
    }
)  # fmt: skip
_BOOLEENS = frozenset({"marcheInnovant", "attributionAvance", "sousTraitanceDeclaree"})
_VRAI_OU_FAUX = {"oui": "true", "1": "true", "non": "false", "0": "false"}  # écritures admises par l'XSD


def contrats_xml(fichier: Path) -> Iterator[Publie]:
    """Rend la version, le genre et l'objet de chaque contrat, dans la forme du JSON.

    Une balise répétée est une liste ; une balise vide, un objet vide. La racine est `marches`, ou
    le contrat lui-même. Un fichier est en v2 dès qu'un contrat porte un champ de la v2.

    Raises:
        SourceError: XML mal formé ou tronqué, DTD, encodage inconnu, ou ce ne sont pas des DECP.
    """
    v2 = any(_SEULEMENT_V2 & contrat.keys() for _, contrat, _ in _contrats(fichier))
    for contrat in _contrats(fichier):
        yield "v2" if v2 else "v1", *contrat


def _contrats(fichier: Path) -> Iterator[tuple[str, dict[str, Any], int]]:
    lecteur = _Lecteur(fichier)
    analyseur = expat.ParserCreate()
    analyseur.buffer_text = True
    analyseur.StartDoctypeDeclHandler = lecteur.refuser_dtd
    analyseur.StartElementHandler = lecteur.debut
    analyseur.EndElementHandler = lecteur.fin
    analyseur.CharacterDataHandler = lecteur.texte
    with fichier.open("rb") as flux:
        while bloc := flux.read(_BLOC):
            _analyser(fichier, analyseur, bloc)
            lecteur.compter(len(bloc))
            yield from lecteur.prets
            lecteur.prets.clear()
        _analyser(fichier, analyseur, b"")


def _analyser(fichier: Path, analyseur: expat.XMLParserType, bloc: bytes) -> None:
    try:
        analyseur.Parse(bloc, not bloc)
    except expat.ExpatError as erreur:
        tronque = not bloc
        raise SourceError(
            f"{fichier.name} : XML {'tronqué' if tronque else 'mal formé'}, ligne {erreur.lineno}.",
            "Télécharger le fichier de nouveau." if tronque else "Demander au producteur un XML valide.",
        ) from None
    except (LookupError, ValueError):
        raise SourceError(
            f"{fichier.name} : l'encodage déclaré est inconnu.", "Demander un XML en UTF-8."
        ) from None


class _Lecteur:
    """Assemble les contrats ; rien n'est gardé au-delà du contrat en cours."""

    def __init__(self, fichier: Path) -> None:
        self.prets: list[tuple[str, dict[str, Any], int]] = []
        self._fichier = fichier
        self._pile: list[tuple[str, dict[str, Any], list[str]]] = []
        self._niveau = 0  # celui des contrats
        self._poids = 0
        self._attente = 0

    def debut(self, balise: str, _attributs: dict[str, str]) -> None:
        nom = balise.rpartition(":")[2]
        if not self._pile:
            self._niveau = int(nom == _RACINE)
        if len(self._pile) == self._niveau and nom not in GENRES:
            raise version_inconnue(self._fichier, ".".join([*(parent for parent, *_ in self._pile), nom]))
        if len(self._pile) > _PROFONDEUR_MAXIMUM:
            raise self._refus(f"plus de {_PROFONDEUR_MAXIMUM} niveaux emboîtés")
        self._pile.append((nom, {}, []))
        self._peser(16 + len(nom))

    def texte(self, texte: str) -> None:
        self._pile[-1][2].append(texte)
        self._peser(len(texte))

    def fin(self, _balise: str) -> None:
        nom, enfants, textes = self._pile.pop()
        texte = "".join(textes).strip()
        valeur: Any = (enfants | {"": texte} if texte else enfants) if enfants else texte or {}
        if nom in _BOOLEENS and isinstance(valeur, str):
            valeur = _VRAI_OU_FAUX.get(valeur.lower(), valeur)
        if len(self._pile) == self._niveau:
            self.prets.append((GENRES[nom], enfants, self._poids))
            self._poids = 0
        elif self._pile:
            _ajouter(self._pile[-1][1], nom, valeur)

    def refuser_dtd(self, *_declaration: object) -> None:
        raise self._refus("une DTD (<!DOCTYPE…>) y est déclarée ; elle est toujours refusée")

    def compter(self, octets: int) -> None:
        """Refuse une balise ou un commentaire sans fin, qu'il faudrait garder entier."""
        self._attente += octets
        if self._attente > _BALISE_MAXIMUM:
            raise self._refus("balise démesurée")

    def _peser(self, poids: int) -> None:
        self._attente = 0
        self._poids += poids
        if self._poids > _CONTRAT_MAXIMUM:
            raise self._refus("contrat démesuré")

    def _refus(self, constat: str) -> SourceError:
        return SourceError(
            f"{self._fichier.name} : {constat}.",
            "Ce n'est pas un fichier DECP : en demander un au producteur.",
        )


def _ajouter(objet: dict[str, Any], nom: str, valeur: Any) -> None:
    if nom not in objet:
        objet[nom] = valeur
    elif isinstance(objet[nom], list):
        objet[nom].append(valeur)
    else:
        objet[nom] = [objet[nom], valeur]
