"""Le classeur des données ouvertes : un sommaire, puis une table par feuille, sans formule.

Chaque feuille a son titre, ce qu'elle contient, une ligne d'en-tête figée et une table nommée qu'un lecteur
d'écran annonce. Les codes et les périodes sont du texte ; les nombres, des nombres. Les mêmes tables
donnent les mêmes octets : l'archive est datée une fois pour toutes.
"""

from __future__ import annotations

import datetime as dt
import shutil
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.filters import AutoFilter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.table import Table, TableColumn, TableStyleInfo
from openpyxl.writer.excel import ExcelWriter

from observatoire.publication.donnees.textes import lignes
from observatoire.publication.methode import SIGNES

if TYPE_CHECKING:
    from openpyxl.cell import Cell

    from observatoire.publication.donnees.edition import Edition
    from observatoire.publication.donnees.ressources import Ressource

_SOMMAIRE = "Lisez-moi"
_DATE = (1980, 1, 1, 0, 0, 0)
_ENTETE = 4  # le titre, la description, une ligne vide, l'en-tête
_TITRE, _GRAS = Font(bold=True, size=14), Font(bold=True)
_LARGEURS = {"texte": 40, "code": 24, "nombre": 14, "entier": 10, "booleen": 12, "date": 12}


class _Archive(zipfile.ZipFile):
    """Une archive dont toutes les entrées ont la même date : openpyxl y mettrait l'heure qu'il est."""

    def writestr(self, nom: Any, contenu: Any) -> None:  # type: ignore[override]
        super().writestr(_entree(str(nom)), contenu)

    def write(self, chemin: Any, nom: Any) -> None:  # type: ignore[override]
        with Path(chemin).open("rb") as lu, self.open(_entree(str(nom)), "w") as ecrit:
            shutil.copyfileobj(lu, ecrit)


def ecrire_classeur(chemin: Path, edition: Edition, ressources: list[Ressource]) -> None:
    """Écrit le classeur, une feuille par ressource derrière le sommaire."""
    classeur = Workbook(write_only=True)
    _decrire(classeur, edition)
    _sommaire(classeur.create_sheet(_SOMMAIRE), edition, ressources)
    for ressource in ressources:
        _feuille(classeur.create_sheet(ressource.nom), ressource)
    enregistrer(classeur, chemin)


def enregistrer(classeur: Workbook, ou: Path | IO[bytes]) -> None:
    """Enregistre un classeur ; les mêmes feuilles donnent les mêmes octets."""
    with _Archive(ou, "w", zipfile.ZIP_DEFLATED) as archive:
        ExcelWriter(classeur, archive).write_data()


def _entree(nom: str) -> zipfile.ZipInfo:
    entree = zipfile.ZipInfo(nom, _DATE)
    entree.compress_type = zipfile.ZIP_DEFLATED
    entree.create_system = 3
    return entree


def _decrire(classeur: Workbook, edition: Edition) -> None:
    date = dt.datetime.combine(edition.extraction or dt.date(1980, 1, 1), dt.time())
    proprietes = classeur.properties
    proprietes.title, proprietes.creator, proprietes.language = edition.titre, edition.editeur, "fr-FR"
    proprietes.created = proprietes.modified = date


def _sommaire(feuille: Any, edition: Edition, ressources: list[Ressource]) -> None:
    feuille.column_dimensions["A"].width, feuille.column_dimensions["B"].width = 24, 100
    feuille.append([texte(feuille, edition.titre, _TITRE)])
    feuille.append([texte(feuille, edition.mention)])
    contenus = [(ressource.nom, ressource.titre) for ressource in ressources]
    colonnes = {champ.nom: champ.sens for ressource in ressources for champ in ressource.champs}
    blocs = (
        ("Feuille", "Contenu", contenus),
        ("Signe", "Sens", SIGNES),
        ("Colonne", "Sens", colonnes.items()),
    )
    for entete, sens, couples in blocs:
        feuille.append([])
        feuille.append([texte(feuille, entete, _GRAS), texte(feuille, sens, _GRAS)])
        for nom, dit in couples:
            cellule = texte(feuille, nom)
            if entete == "Feuille":
                cellule.hyperlink = Hyperlink(ref="", location=f"{nom}!A1")
            feuille.append([cellule, texte(feuille, dit)])


def _feuille(feuille: Any, ressource: Ressource) -> None:
    feuille.freeze_panes = f"A{_ENTETE + 1}"
    for rang, champ in enumerate(ressource.champs, start=1):
        feuille.column_dimensions[get_column_letter(rang)].width = _LARGEURS[champ.type]
    feuille.append([texte(feuille, ressource.titre, _TITRE)])
    feuille.append([f"Une ligne par {', '.join(ressource.cle)}. Une case vide n’est jamais un zéro."])
    feuille.append([])
    feuille.append([texte(feuille, champ.nom, _GRAS) for champ in ressource.champs])
    ecrites = 0
    for ligne in lignes(ressource):
        feuille.append(ligne)
        ecrites += 1
    if ecrites:
        _nommer(feuille, ressource, _ENTETE + ecrites)


def _nommer(feuille: Any, ressource: Ressource, derniere: int) -> None:
    """Déclare la table : les lecteurs d'écran en annoncent les en-têtes, les tableurs la filtrent."""
    lettre = get_column_letter(len(ressource.champs))
    etendue = f"A{_ENTETE}:{lettre}{derniere}"
    colonnes = [TableColumn(id=rang, name=champ.nom) for rang, champ in enumerate(ressource.champs, start=1)]
    table = Table(
        displayName=f"table_{ressource.nom}",
        ref=etendue,
        tableColumns=colonnes,
        autoFilter=AutoFilter(ref=etendue),
    )
    table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=False)
    feuille.tables.add(table)  # `add_table` avertit, à tort, que les colonnes manquent


def texte(feuille: Any, valeur: str, police: Font | None = None) -> Cell:
    """Rend une cellule de texte : openpyxl ferait une formule d'un texte qui commence par « = »."""
    cellule: Any = WriteOnlyCell(feuille, value=valeur)
    cellule.data_type = "s"
    if police:
        cellule.font = police
    return cellule  # type: ignore[no-any-return]
