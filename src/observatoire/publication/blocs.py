"""Les blocs d'un document : des textes déjà écrits, le même contenu pour le HTML, le PDF et le notebook."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from observatoire.config import dossier_de_travail
from observatoire.erreurs import PublicationError
from observatoire.publication.formats import typographier
from observatoire.publication.gabarits import environnement
from observatoire.publication.jumeau import joindre_jumeau

if TYPE_CHECKING:
    from pathlib import Path

    from jinja2 import Environment, Template

MIME = "application/vnd.observatoire.bloc+json"
GABARIT = "commun/bloc.html.j2"
_INTACTS = ("id", "territoire", "periode", "svg")


@dataclass(frozen=True)
class Bloc(ABC):
    """Ce qu'une cellule de notebook affiche ; `genre` dit aux gabarits comment le présenter."""

    genre: ClassVar[str]

    def json(self) -> dict[str, Any]:
        """Rend le bloc tel que tous les rendus le lisent."""
        return {"genre": self.genre, **_publier(asdict(self))}

    def html(self) -> str:
        """Rend le bloc en HTML, par le gabarit du dossier de travail."""
        return gabarit(dossier_de_travail()).render(bloc=joindre_jumeau(self.json()))

    @abstractmethod
    def texte(self) -> str:
        """Rend le bloc en quelques lignes de texte."""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {MIME: self.json(), "text/html": self.html(), "text/plain": self.texte()}


@dataclass(frozen=True)
class Entete(Bloc):
    """Le haut de la fiche : de qui, de quand, dans quel état."""

    genre = "entete"
    titre: str
    sous_titre: str
    territoire: str
    periode: str
    statut: str
    extraction: str
    fictif: bool
    mentions: list[str] = field(default_factory=list)

    def texte(self) -> str:
        """Rend le titre, la période et les mentions."""
        return "\n".join([self.titre, self.sous_titre, *self.mentions])


@dataclass(frozen=True)
class Chiffre:
    """Un chiffre clé : sa valeur, son unité, son évolution sur un an s'il y en a une."""

    libelle: str
    valeur: str
    unite: str
    evolution: str
    precision: str


@dataclass(frozen=True)
class Chiffres(Bloc):
    """Une bande de chiffres ; `pied` dit comment la lire : un nom et un texte par phrase."""

    genre = "chiffres"
    chiffres: list[Chiffre]
    titre: str = "Chiffres clés"
    pied: list[list[str]] = field(default_factory=list)

    def texte(self) -> str:
        """Rend une ligne par chiffre."""
        return "\n".join(f"{c.libelle} : {c.valeur} {c.unite} {c.evolution}".rstrip() for c in self.chiffres)


@dataclass(frozen=True)
class Tableau:
    """Des textes en lignes et en colonnes : la première à gauche, les nombres à droite.

    `textes` : aucune colonne n'est de nombres, toutes sont à gauche.
    """

    colonnes: list[str]
    lignes: list[list[str]]
    textes: bool = False

    def __post_init__(self) -> None:
        if any(len(ligne) != len(self.colonnes) for ligne in self.lignes):
            raise PublicationError(f"Un tableau a des lignes inégales (colonnes : {self.colonnes}).")

    @property
    def alignements(self) -> list[str]:
        """Le côté où chaque colonne s'aligne."""
        return ["left", *["left" if self.textes else "right"] * (len(self.colonnes) - 1)]

    def texte(self) -> str:
        """Rend le tableau, une ligne par ligne, les cellules séparées par des barres."""
        return "\n".join(" | ".join(ligne) for ligne in [self.colonnes, *self.lignes])


@dataclass(frozen=True)
class Figure(Bloc):
    """Une figure publiable : jamais sans titre, tableau, texte alternatif, lecture, champ et source.

    Raises:
        PublicationError: un de ces textes est vide, ou rien n'explique l'absence de dessin.
    """

    genre = "figure"
    id: str
    titre: str
    sous_titre: str
    alt: str
    tableau: Tableau
    lecture: str
    champ: str
    source: str
    svg: str | None = None
    avis: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        exiges = ("id", "titre", "sous_titre", "alt", "lecture", "champ", "source")
        vides = [nom for nom in exiges if not getattr(self, nom).strip()]
        if not self.tableau.lignes:
            vides.append("tableau")
        if self.svg is None and not self.avis:
            vides.append("avis")
        if vides:
            raise PublicationError(
                f"La figure « {self.id or self.titre} » n'a pas de : {', '.join(vides)}.",
                "Compléter la figure avant de la publier.",
            )

    def json(self) -> dict[str, Any]:
        """Rend le bloc, les colonnes et les lignes du tableau au même niveau que ses textes."""
        return _a_plat(super().json(), self.tableau)

    def texte(self) -> str:
        """Rend le titre, le tableau et la lecture."""
        morceaux = [self.titre, self.sous_titre, self.avis, self.tableau.texte(), f"Lecture : {self.lecture}"]
        return "\n".join(morceau for morceau in morceaux if morceau)


@dataclass(frozen=True)
class TableauSeul(Bloc):
    """Un tableau sans dessin, numéroté dans un rapport : jamais sans titre, ligne ni source.

    Raises:
        PublicationError: un de ces textes est vide, ou le tableau n'a pas de ligne.
    """

    genre = "tableau"
    id: str
    titre: str
    sous_titre: str
    tableau: Tableau
    source: str
    champ: str = ""
    lecture: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        vides = [nom for nom in ("id", "titre", "source") if not getattr(self, nom).strip()]
        if not self.tableau.lignes:
            vides.append("lignes")
        if vides:
            raise PublicationError(
                f"Le tableau « {self.id or self.titre} » n'a pas de : {', '.join(vides)}.",
                "Compléter le tableau avant de le publier.",
            )

    def json(self) -> dict[str, Any]:
        """Rend le bloc, les colonnes et les lignes du tableau au même niveau que ses textes."""
        return _a_plat(super().json(), self.tableau)

    def texte(self) -> str:
        """Rend le titre, puis le tableau."""
        return "\n".join([self.titre, self.sous_titre, self.tableau.texte()])


@dataclass(frozen=True)
class Titre(Bloc):
    """Un titre de niveau 2 ou 3 ; `page` : il ouvre une double page, de mise plus serrée."""

    genre = "titre"
    niveau: int
    contenu: str
    page: bool = False

    def json(self) -> dict[str, Any]:
        """Rend le bloc."""
        texte = _publier(self.contenu)
        return {"genre": self.genre, "niveau": self.niveau, "texte": texte, "page": self.page}

    def texte(self) -> str:
        """Rend le titre."""
        return self.contenu


@dataclass(frozen=True)
class Texte(Bloc):
    """Des paragraphes composés à partir de cellules publiées."""

    genre = "texte"
    paragraphes: list[str]

    def texte(self) -> str:
        """Rend les paragraphes."""
        return "\n".join(self.paragraphes)


@dataclass(frozen=True)
class Entree:
    """Un terme, ce qu'il est, et ses précisions : un nom et un texte chacune."""

    terme: str
    definition: str
    precisions: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class Definitions(Bloc):
    """Un glossaire, ou les définitions d'indicateurs."""

    genre = "definitions"
    titre: str
    entrees: list[Entree]

    def texte(self) -> str:
        """Rend une ligne par terme."""
        return "\n".join(f"{e.terme} : {e.definition}" for e in self.entrees)


@dataclass(frozen=True)
class Methode(Bloc):
    """La boîte de méthode et de qualité."""

    genre = "methode"
    paragraphes: list[str]
    tableau: Tableau
    signes: list[list[str]]

    def json(self) -> dict[str, Any]:
        """Rend le bloc, les colonnes et les lignes du tableau au même niveau que ses textes."""
        return _a_plat(super().json(), self.tableau)

    def texte(self) -> str:
        """Rend les paragraphes, puis le tableau des sources."""
        return "\n".join([*self.paragraphes, self.tableau.texte()])


@dataclass(frozen=True)
class Commentaire(Bloc):
    """Le texte libre d'un analyste : des blocs de titre, de texte et de liste ; `avis` en prévient."""

    genre = "commentaire"
    titre: str
    elements: list[dict[str, Any]]
    avis: str = ""

    def texte(self) -> str:
        """Rend le titre, l'avertissement et le texte."""
        lignes = [ligne for bloc in self.elements for ligne in _lignes(bloc)]
        return "\n".join(filter(None, [self.titre, self.avis, *lignes]))


@dataclass(frozen=True)
class Avis(Bloc):
    """Ce qui se publie quand il n'y a rien à montrer."""

    genre = "avis"
    contenu: str

    def json(self) -> dict[str, Any]:
        """Rend le bloc."""
        return {"genre": self.genre, "texte": _publier(self.contenu)}

    def texte(self) -> str:
        """Rend l'avis."""
        return self.contenu


def _lignes(bloc: dict[str, Any]) -> list[str]:
    """Les lignes d'un bloc de titre, de texte ou de liste."""
    lignes: list[str] = bloc.get("paragraphes") or bloc.get("elements") or [bloc["texte"]]
    return lignes


def _a_plat(bloc: dict[str, Any], tableau: Tableau) -> dict[str, Any]:
    ecrit = bloc.pop("tableau")
    places = {"colonnes": ecrit["colonnes"], "lignes": ecrit["lignes"], "alignements": tableau.alignements}
    return {**bloc, **places}


def _publier(valeur: Any) -> Any:
    """La même structure, la ponctuation de tous ses textes à la française ; codes et dessins intacts."""
    if isinstance(valeur, dict):
        return {cle: texte if cle in _INTACTS else _publier(texte) for cle, texte in valeur.items()}
    if isinstance(valeur, list):
        return [_publier(element) for element in valeur]
    return typographier(valeur) if isinstance(valeur, str) else valeur


def gabarit(racine: Path) -> Template:
    """Rend le gabarit d'un bloc ; déjà compilé, il est relu s'il a changé."""
    return _gabarits(racine).get_template(GABARIT)


@cache
def _gabarits(racine: Path) -> Environment:
    return environnement(racine / "report_templates")
