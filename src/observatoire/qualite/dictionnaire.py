"""Le dictionnaire des données : tables, listes de codes et règles, tirés de ce que le code déclare."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from observatoire import controle
from observatoire.referentiel import lire_liste
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from observatoire.controle.regles import Recoupement, Regle
    from observatoire.schemas import Schema

_COLONNES_DE_LISTE = ("code", "libelle", "ordre", "valide_du", "valide_au", "groupe", "reference")
_DEBUT = """\
# Dictionnaire des données

Écrit par « observatoire dictionnaire » à partir des schémas, du référentiel et des règles : ne pas le
modifier à la main. « Non renseigné » s'écrit `NR` dans une colonne codée, et reste vide ailleurs.
"""


def dictionnaire() -> str:
    """Rend le dictionnaire en Markdown, le même à chaque fois pour le même code."""
    return "\n".join([_DEBUT, *_tables(), *_listes(), *_regles()])


def _tables() -> Iterator[str]:
    yield "## Tables\n"
    for schema in SCHEMAS.values():
        yield from _table(schema)


def _table(schema: Schema) -> Iterator[str]:
    cle = ", ".join(f"`{nom}`" for nom in schema.cle)
    yield f"### `{schema.nom}`\n"
    yield f"Une ligne par : {schema.grain}. Clé : {cle}.\n"
    yield from _tableau(
        ["Colonne", "Type", "Sens"],
        ([f"`{colonne.nom}`", colonne.type, colonne.libelle] for colonne in schema.colonnes),
    )


def _listes() -> Iterator[str]:
    yield "## Listes de codes\n"
    yield "Une date de validité vide n'a pas de borne. `groupe` est le regroupement publié.\n"
    for nom in _noms_des_listes():
        yield f"### `{nom}`\n"
        yield from _tableau(
            ["Code", "Libellé", "Valide du", "Valide au", "Groupe", "Référence"],
            (
                [
                    f"`{ligne['code']}`",
                    *(ligne[nom] for nom in _COLONNES_DE_LISTE if nom not in ("code", "ordre")),
                ]
                for ligne in sorted(lire_liste(nom), key=lambda ligne: int(ligne["ordre"]))
            ),
        )


def _noms_des_listes() -> list[str]:
    """Les fichiers du référentiel qui sont des listes de codes, par ordre alphabétique."""
    noms = sorted(f.name.removesuffix(".csv") for f in files("observatoire.referentiel").iterdir())
    return [
        nom
        for nom in noms
        if files("observatoire.referentiel").joinpath(f"{nom}.csv").is_file()
        and set(_COLONNES_DE_LISTE) <= set((lire_liste(nom) or [{}])[0])
    ]


def _regles() -> Iterator[str]:
    yield "## Règles de contrôle\n"
    yield "Un bloquant écarte la ligne, une alerte la garde et la marque, une information ne demande rien.\n"
    for genre, regles in controle.REGLES.items():
        yield f"### Ligne à ligne : {genre}\n"
        yield from _tableau_des_regles(regles)
    yield "### Entre lignes\n"
    yield from _tableau_des_regles(controle.RECOUPEMENTS)


def _tableau_des_regles(regles: Iterable[Regle | Recoupement]) -> Iterator[str]:
    return _tableau(
        ["Règle", "Niveau", "Colonne", "Énoncé", "Remède"],
        ([f"`{r.nom}`", r.niveau, f"`{r.colonne}`", r.description, r.remede] for r in regles),
    )


def _tableau(colonnes: list[str], lignes: Iterable[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(colonnes)} |"
    yield f"|{'---|' * len(colonnes)}"
    for ligne in lignes:
        yield f"| {' | '.join(map(_sans_barre, ligne))} |"
    yield ""


def _sans_barre(texte: str) -> str:
    r"""Rend un texte qui tient dans une cellule.

    >>> _sans_barre("a | b\nc")
    'a \\| b c'
    """
    return " ".join(texte.split()).replace("|", "\\|")
