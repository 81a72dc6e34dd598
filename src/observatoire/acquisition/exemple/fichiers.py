"""Écrire des fichiers aux octets reproductibles : CSV et XLSX, ligne après ligne."""

from __future__ import annotations

import csv
import zipfile
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

LIGNES_PAR_FEUILLE = 250_000  # 340 Mo dépliés ; l'acquisition refuse un classeur de plus de 400 Mo
TEXTES_PARTAGES = 500_000  # au-delà, les textes nouveaux s'écrivent dans leur cellule : la mémoire est bornée
_DATE = (1980, 1, 1, 0, 0, 0)
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PAQUET = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PIECES = {
    "[Content_Types].xml": f'<Types xmlns="{_PAQUET}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPE}.sharedStrings+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PAQUET}/relationships"><Relationship Id="rId1" '
    f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PAQUET}/relationships"><Relationship Id="rId1" '
    f'Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" '
    f'Type="{_RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
}


class FichierCsv:
    """Un CSV écrit au fil de l'eau, dans l'encodage et avec le séparateur d'une source."""

    def __init__(self, chemin: Path, lecture: Mapping[str, Any], entetes: Sequence[str]) -> None:
        self.fichiers = [chemin]
        self._flux = chemin.open("w", encoding=lecture["encodage"], newline="")
        self._sortie = csv.writer(self._flux, delimiter=lecture["separateur"])
        self._sortie.writerow(entetes)

    def fermer(self) -> None:
        """Ferme le fichier."""
        self._flux.close()

    def ajouter(self, lignes: Iterable[Sequence[str | float | None]]) -> None:
        """Ajoute des lignes ; `None` laisse la case vide."""
        self._sortie.writerows(lignes)


class Classeur:
    """Un classeur d'une feuille, écrit au fil de l'eau : mêmes lignes, mêmes octets.

    Le format est écrit directement (ECMA-376) : openpyxl y met l'heure qu'il est, est dix fois plus lent à
    écrire et produit des cellules plus lentes à relire. Passé `LIGNES_PAR_FEUILLE`, un second fichier
    prend la suite ; `fichiers` les nomme tous.
    """

    def __init__(self, chemin: Path, feuille: str, entetes: Sequence[str]) -> None:
        self.fichiers: list[Path] = []
        self._chemin, self._feuille, self._entetes = chemin, feuille, list(entetes)
        self._lettres = [_lettres(rang) for rang in range(len(entetes))]
        self._ouvrir()

    def ajouter(self, lignes: Iterable[Sequence[str | float | None]]) -> None:
        """Ajoute des lignes ; un texte vide ou `None` laisse la cellule vide."""
        tampon: list[str] = []
        for ligne in lignes:
            if self._rang > LIGNES_PAR_FEUILLE:
                self._flux.write("".join(tampon).encode())
                tampon.clear()
                self.fermer()
                self._ouvrir()
            tampon.append(self._ligne(ligne))
        self._flux.write("".join(tampon).encode())

    def _ouvrir(self) -> None:
        suite = f"-{len(self.fichiers) + 1}" if self.fichiers else ""
        self.fichiers.append(self._chemin.with_stem(self._chemin.stem + suite))
        self._zip = zipfile.ZipFile(self.fichiers[-1], "w")
        self._textes: dict[str, int] = {}
        self._rang = 0
        for nom, contenu in _PIECES.items():
            self._zip.writestr(_entree(nom), _XML + contenu)
        self._zip.writestr(
            _entree("xl/workbook.xml"),
            f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
            f'<sheet name="{escape(self._feuille)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        self._flux = self._zip.open(_entree("xl/worksheets/sheet1.xml"), "w", force_zip64=True)
        self._flux.write(f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{self._ligne(self._entetes)}'.encode())

    def fermer(self) -> None:
        """Écrit les textes partagés et ferme le classeur."""
        self._flux.write(b"</sheetData></worksheet>")
        self._flux.close()
        textes = "".join(f"<si>{_texte(texte)}</si>" for texte in self._textes)
        self._zip.writestr(_entree("xl/sharedStrings.xml"), f'{_XML}<sst xmlns="{_MAIN}">{textes}</sst>')
        self._zip.close()

    def _ligne(self, valeurs: Sequence[str | float | None]) -> str:
        self._rang += 1
        cellules = [
            self._cellule(f"{lettres}{self._rang}", valeur)
            for lettres, valeur in zip(self._lettres, valeurs, strict=True)
            if valeur is not None and valeur != ""
        ]
        return f'<row r="{self._rang}">{"".join(cellules)}</row>'

    def _cellule(self, adresse: str, valeur: str | float) -> str:
        if not isinstance(valeur, str):
            return f'<c r="{adresse}"><v>{valeur:g}</v></c>'
        numero = self._textes.get(valeur)
        if numero is None:
            if len(self._textes) >= TEXTES_PARTAGES:
                return f'<c r="{adresse}" t="inlineStr"><is>{_texte(valeur)}</is></c>'
            numero = self._textes[valeur] = len(self._textes)
        return f'<c r="{adresse}" t="s"><v>{numero}</v></c>'


def _entree(nom: str) -> zipfile.ZipInfo:
    entree = zipfile.ZipInfo(nom, _DATE)
    entree.compress_type = zipfile.ZIP_DEFLATED
    entree.create_system = 3
    return entree


def _texte(valeur: str) -> str:
    return f'<t xml:space="preserve">{escape(valeur)}</t>'


def _lettres(rang: int) -> str:
    """Rend les lettres d'une colonne.

    >>> _lettres(0), _lettres(27)
    ('A', 'AB')
    """
    lettres = ""
    rang += 1
    while rang:
        rang, reste = divmod(rang - 1, 26)
        lettres = chr(65 + reste) + lettres
    return lettres
