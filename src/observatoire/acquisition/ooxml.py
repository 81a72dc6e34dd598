"""Le format XLSX lu en flux : une rangée à la fois, tout en texte, sans DTD ni formule évaluée.

openpyxl rend les mêmes valeurs dix fois plus lentement ; il en reste ici les dates et leurs formats.
"""

from __future__ import annotations

import datetime as dt
import posixpath
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import IO, TYPE_CHECKING, Any
from xml.parsers import expat

from defusedxml import DTDForbidden
from defusedxml.ElementTree import fromstring
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.cell import column_index_from_string
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

RANGEES_MAXIMUM = 1_048_576  # d'une feuille Excel
_BLOC = 1 << 16


@dataclass(frozen=True)
class Contenu:
    """Ce qu'il faut pour lire les feuilles d'une archive : où elles sont, les textes, les formats de date."""

    feuilles: dict[str, str]
    textes: list[str]
    dates: dict[str, bool]  # rang du style → est-ce une durée ?
    origine: dt.datetime

    @classmethod
    def lire(cls, archive: zipfile.ZipFile) -> Contenu:
        """Lit le sommaire d'un classeur.

        Raises:
            Exception: l'archive n'a pas la forme d'un classeur ; l'appelant en fait une phrase.
        """
        classeur = next(c for genre, c in _relations(archive, "").values() if genre == "officeDocument")
        relations = _relations(archive, classeur)
        racine = _xml(archive, classeur)
        par_genre = dict(relations.values())
        feuilles = {
            feuille.attrib["name"]: relations[_attribut(feuille, "id")][1]
            for feuille in _descendants(racine, "sheet")
        }
        de_1904 = any(p.get("date1904") in ("1", "true") for p in _descendants(racine, "workbookPr"))
        textes = par_genre.get("sharedStrings")
        return cls(
            feuilles=feuilles,
            textes=list(_textes(archive.open(textes))) if textes else [],
            dates=_formats_de_date(_xml(archive, par_genre["styles"])) if "styles" in par_genre else {},
            origine=MAC_EPOCH if de_1904 else WINDOWS_EPOCH,
        )

    def rangees(
        self, archive: zipfile.ZipFile, feuille: str, largeur: int
    ) -> Iterator[tuple[int, list[str | None]]]:
        """Rend les rangées écrites d'une feuille : leur rang à partir de 0, leurs premières cellules."""
        lecteur = _Rangees(self, largeur)
        with archive.open(self.feuilles[feuille]) as flux:
            for _ in _analyser(flux, lecteur):
                yield from lecteur.pretes
                lecteur.pretes.clear()

    def en_texte(self, genre: str, style: str, brut: str) -> str | None:
        """Écrit une cellule : entier sans décimale, date ISO, texte tel quel."""
        if genre == "s":
            return self.textes[int(brut)] or None
        if genre == "b":
            return "VRAI" if brut == "1" else "FAUX"
        if genre != "n" or not brut:
            return brut or None
        return _date(brut, self.origine, duree=self.dates[style]) if style in self.dates else _nombre(brut)


class _Rangees:
    """Assemble les cellules qu'annonce l'analyseur XML ; `pretes` reçoit les rangées finies."""

    def __init__(self, contenu: Contenu, largeur: int) -> None:
        self.contenu, self.largeur = contenu, largeur
        self.pretes: list[tuple[int, list[str | None]]] = []
        self.rang, self.colonne = -1, -1
        self.cellules: list[str | None] = []
        self.genre = self.style = self.brut = ""
        self.ecoute = False

    def debut(self, balise: str, attributs: dict[str, str]) -> None:
        if balise == "c":
            reference = attributs.get("r")
            self.colonne = _colonne(reference.rstrip("0123456789")) if reference else self.colonne + 1
            self.genre, self.style, self.brut = attributs.get("t", "n"), attributs.get("s", "0"), ""
        elif balise in ("v", "t"):
            self.ecoute = True
        elif balise == "row":
            precedent, self.rang = self.rang, int(attributs.get("r", self.rang + 2)) - 1
            if not precedent < self.rang < RANGEES_MAXIMUM:
                raise ValueError("rangées en désordre")
            self.colonne, self.cellules = -1, [None] * self.largeur

    def texte(self, texte: str) -> None:
        if self.ecoute:
            self.brut += texte

    def fin(self, balise: str) -> None:
        if balise in ("v", "t"):
            self.ecoute = False
        elif balise == "c" and self.colonne < self.largeur:
            self.cellules[self.colonne] = self.contenu.en_texte(self.genre, self.style, self.brut)
        elif balise == "row":
            self.pretes.append((self.rang, self.cellules))


class _Textes:
    """Assemble la table des textes ; une lecture phonétique (`rPh`) n'en fait pas partie."""

    def __init__(self) -> None:
        self.pretes: list[str] = []
        self.brut = ""
        self.ecoute = self.phonetique = False

    def debut(self, balise: str, attributs: dict[str, str]) -> None:
        if balise == "si":
            self.brut = ""
        self.phonetique |= balise == "rPh"
        self.ecoute = balise == "t" and not self.phonetique

    def texte(self, texte: str) -> None:
        if self.ecoute:
            self.brut += texte

    def fin(self, balise: str) -> None:
        self.ecoute = False
        self.phonetique &= balise != "rPh"
        if balise == "si":
            self.pretes.append(self.brut)


def _textes(flux: IO[bytes]) -> Iterator[str]:
    lecteur = _Textes()
    with flux:
        for _ in _analyser(flux, lecteur):
            yield from lecteur.pretes
            lecteur.pretes.clear()


def _analyser(flux: IO[bytes], lecteur: _Rangees | _Textes) -> Iterator[None]:
    """Fait passer un flux XML devant un lecteur, bloc par bloc ; une DTD, donc une entité, est refusée."""
    analyseur = expat.ParserCreate()
    analyseur.buffer_text = True
    analyseur.StartDoctypeDeclHandler = _refuser_dtd
    analyseur.CharacterDataHandler = lecteur.texte

    def racine(nom: str, _: dict[str, str]) -> None:
        """Branche le lecteur ; certains outils écrivent toutes les balises avec un préfixe (`x:row`)."""
        prefixe = len(nom.rpartition(":")[0]) + 1
        analyseur.StartElementHandler, analyseur.EndElementHandler = lecteur.debut, lecteur.fin
        if prefixe > 1:
            analyseur.StartElementHandler = lambda nom, attributs: lecteur.debut(nom[prefixe:], attributs)
            analyseur.EndElementHandler = lambda nom: lecteur.fin(nom[prefixe:])

    analyseur.StartElementHandler = racine
    while bloc := flux.read(_BLOC):
        analyseur.Parse(bloc)
        yield
    analyseur.Parse(b"", True)


def _refuser_dtd(*declaration: Any) -> None:
    raise DTDForbidden(*declaration[:3])


def _relations(archive: zipfile.ZipFile, partie: str) -> dict[str, tuple[str, str]]:
    """Rend, par identifiant, le genre et le chemin des parties liées à une autre."""
    dossier, nom = posixpath.split(partie)
    racine = _xml(archive, posixpath.join(dossier, "_rels", f"{nom}.rels"))
    return {
        lien.attrib["Id"]: (
            lien.attrib["Type"].rpartition("/")[2],
            posixpath.normpath(posixpath.join("/", dossier, lien.attrib["Target"])).lstrip("/"),
        )
        for lien in _descendants(racine, "Relationship")
    }


def _xml(archive: zipfile.ZipFile, chemin: str) -> Element:
    racine: Element = fromstring(archive.read(chemin), forbid_dtd=True)
    return racine


def _descendants(racine: Element, nom: str) -> Iterator[Element]:
    """Rend les éléments d'un nom, quel que soit leur espace de noms (OOXML en a deux)."""
    return (element for element in racine.iter() if element.tag.rpartition("}")[2] == nom)


def _attribut(element: Element, nom: str) -> str:
    return next(valeur for cle, valeur in element.attrib.items() if cle.endswith(f"}}{nom}"))


def _formats_de_date(styles: Element) -> dict[str, bool]:
    """Rend les styles de cellule qui affichent une date ou une heure, et dit lesquels sont des durées."""
    formats = {str(numero): forme for numero, forme in BUILTIN_FORMATS.items()}
    formats |= {f.attrib["numFmtId"]: f.attrib["formatCode"] for f in _descendants(styles, "numFmt")}
    cellules = [xf for bloc in _descendants(styles, "cellXfs") for xf in _descendants(bloc, "xf")]
    formes = {str(rang): formats.get(xf.get("numFmtId", "0"), "") for rang, xf in enumerate(cellules)}
    return {rang: is_timedelta_format(forme) for rang, forme in formes.items() if is_date_format(forme)}


@cache
def _colonne(lettres: str) -> int:
    """Rend le rang d'une colonne.

    >>> _colonne("A"), _colonne("AA")
    (0, 26)
    """
    return column_index_from_string(lettres) - 1


def _nombre(brut: str) -> str:
    """Écrit un nombre comme on le lit.

    >>> [_nombre(n) for n in ("12", "12.0", "3.50", "1.2345678901234E13")]
    ['12', '12', '3.5', '12345678901234']
    """
    if brut.isdecimal():
        return brut
    nombre = float(brut)
    return str(int(nombre)) if nombre.is_integer() else repr(nombre)


@lru_cache(4096)
def _date(brut: str, origine: dt.datetime, *, duree: bool) -> str:
    """Écrit une date ISO (une heure, une durée) ; un nombre hors du calendrier reste un nombre.

    >>> _date("46204", WINDOWS_EPOCH, duree=False), _date("0.5", WINDOWS_EPOCH, duree=True)
    ('2026-07-01', '12:00:00')
    """
    try:
        valeur = from_excel(float(brut), origine, timedelta=duree)
    except (OverflowError, ValueError):
        return _nombre(brut)
    if isinstance(valeur, dt.datetime):
        return (valeur.date() if valeur.time() == dt.time() else valeur).isoformat()
    return valeur.isoformat() if isinstance(valeur, dt.time) else str(valeur)
