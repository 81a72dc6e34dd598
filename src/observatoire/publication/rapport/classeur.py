"""Le classeur du rapport : un sommaire, puis un tableau par feuille, sans formule ni cellule fusionnée."""

from __future__ import annotations

import datetime as dt
import io
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.filters import AutoFilter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.table import Table, TableColumn, TableStyleInfo

from observatoire.publication.donnees.classeur import enregistrer, texte
from observatoire.publication.formats import FINE, INSECABLE, MOINS
from observatoire.publication.methode import SIGNES

if TYPE_CHECKING:
    from observatoire.publication.deroule import Bloc
    from observatoire.publication.rapport.livre import Livre

_SOMMAIRE = "Lisez-moi"
_TITRE, _GRAS = Font(bold=True, size=14), Font(bold=True)
_NOMBRE = re.compile(rf"([+{MOINS}]?)(\d[\d{FINE}]*)(?:,(\d+))?(?:{INSECABLE}(%|points?))?")
_NOTES = (("Note", "note"), ("Lecture", "lecture"), ("Champ", "champ"), ("Source", "source"))


def rendre_classeur(livre: Livre, ours: dict[str, Any], jour: dt.date) -> bytes:
    """Rend le classeur : chaque figure et chaque tableau du rapport, sous le même numéro."""
    blocs = [b for c in livre.chapitres for b in c.blocs if b["genre"] in ("figure", "tableau")]
    classeur = Workbook(write_only=True)
    proprietes = classeur.properties
    proprietes.title, proprietes.creator, proprietes.language = ours["titre"], ours["editeur"], "fr-FR"
    proprietes.created = proprietes.modified = dt.datetime.combine(jour, dt.time())
    _sommaire(classeur.create_sheet(_SOMMAIRE), ours, blocs)
    for bloc in blocs:
        _feuille(classeur.create_sheet(nom_de_feuille(bloc)), bloc)
    tampon = io.BytesIO()
    enregistrer(classeur, tampon)
    return tampon.getvalue()


def nom_de_feuille(bloc: Bloc) -> str:
    """Rend le nom de la feuille d'une figure ou d'un tableau : « Figure 3.2 »."""
    return f"{bloc['signe']} {bloc['numero']}"


def en_nombre(ecrit: str) -> tuple[Decimal, str] | None:
    r"""Rend le nombre d'une cellule imprimée et son format de tableur ; None si ce n'en est pas un.

    Le nombre est celui qui est imprimé, arrondi compris : le classeur ne dit rien de plus que le rapport.

    >>> en_nombre("1\u202f234"), en_nombre("45,2\xa0%"), en_nombre("s")
    ((Decimal('1234'), '# ##0'), (Decimal('45.2'), '# ##0.0" %"'), None)
    """
    trouve = _NOMBRE.fullmatch(ecrit)
    if trouve is None:
        return None
    signe, entier, decimales, unite = trouve.groups()
    chiffres = entier.replace(FINE, "") + (f".{decimales}" if decimales else "")
    forme = "# ##0" + (f".{'0' * len(decimales)}" if decimales else "")
    return Decimal(("-" if signe == MOINS else "") + chiffres), forme + (f'" {unite}"' if unite else "")


def _sommaire(feuille: Any, ours: dict[str, Any], blocs: list[Bloc]) -> None:
    feuille.column_dimensions["A"].width, feuille.column_dimensions["B"].width = 18, 110
    feuille.append([texte(feuille, ours["titre"], _TITRE)])
    fictif = " Données fictives : aucun chiffre ne décrit la réalité." if ours["fictif"] else ""
    feuille.append([texte(feuille, f"{ours['nom']}. Chiffres {ours['statut']}s.{fictif}")])
    feuille.append([])
    feuille.append([texte(feuille, "Feuille", _GRAS), texte(feuille, "Contenu", _GRAS)])
    for bloc in blocs:
        nom = nom_de_feuille(bloc)
        cellule = texte(feuille, nom)
        cellule.hyperlink = Hyperlink(ref="", location=f"'{nom}'!A1")
        feuille.append([cellule, texte(feuille, bloc["titre"])])
    feuille.append([])
    feuille.append([texte(feuille, "Signe", _GRAS), texte(feuille, "Sens", _GRAS)])
    for signe, sens in SIGNES:
        feuille.append([texte(feuille, signe), texte(feuille, sens)])


def _feuille(feuille: Any, bloc: Bloc) -> None:
    """Le titre, les notes, une ligne vide, puis la table, dont l'en-tête est nommé."""
    notes = [(nom, bloc[cle]) for nom, cle in _NOTES if bloc[cle]]
    entete = 4 + len(notes)
    feuille.freeze_panes = f"B{entete + 1}"
    colonnes = zip(bloc["colonnes"], *bloc["lignes"], strict=True)
    largeurs = [max(map(len, colonne)) for colonne in colonnes]
    for rang, largeur in enumerate(largeurs, start=1):
        feuille.column_dimensions[get_column_letter(rang)].width = min(max(largeur + 2, 12), 60)
    feuille.append([texte(feuille, f"{nom_de_feuille(bloc)}. {bloc['titre']}", _TITRE)])
    feuille.append([texte(feuille, bloc["sous_titre"])])
    for nom, phrase in notes:
        feuille.append([texte(feuille, f"{nom} : {phrase}")])
    feuille.append([])
    feuille.append([texte(feuille, colonne, _GRAS) for colonne in bloc["colonnes"]])
    for ligne in bloc["lignes"]:
        feuille.append([texte(feuille, ligne[0]), *(_cellule(feuille, ecrit) for ecrit in ligne[1:])])
    _nommer(feuille, bloc, entete, entete + len(bloc["lignes"]))


def _cellule(feuille: Any, ecrit: str) -> Any:
    lu = en_nombre(ecrit)
    if lu is None:
        cellule = texte(feuille, ecrit)
        cellule.alignment = Alignment(horizontal="right") if len(ecrit) < 8 else Alignment(wrap_text=True)
        return cellule
    cellule = WriteOnlyCell(feuille, value=float(lu[0]))
    cellule.number_format = lu[1]
    return cellule


def _nommer(feuille: Any, bloc: Bloc, entete: int, derniere: int) -> None:
    """Déclare la table : les lecteurs d'écran en annoncent les en-têtes."""
    etendue = f"A{entete}:{get_column_letter(len(bloc['colonnes']))}{derniere}"
    colonnes = [TableColumn(id=rang, name=nom) for rang, nom in enumerate(bloc["colonnes"], start=1)]
    nom = re.sub(r"\W", "_", f"{bloc['signe']}_{bloc['numero']}")
    table = Table(displayName=nom, ref=etendue, tableColumns=colonnes, autoFilter=AutoFilter(ref=etendue))
    table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=False)
    feuille.tables.add(table)
