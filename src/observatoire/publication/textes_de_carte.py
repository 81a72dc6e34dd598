"""Ce qui accompagne une carte : son tableau, son texte de remplacement, sa note."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from observatoire.publication.blocs import Tableau
from observatoire.publication.formats import accorder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from observatoire.publication.cartes import Zone
    from observatoire.publication.fond_de_carte import Fond

_NOTE_CERCLES = "L’aire d’un cercle est proportionnelle au nombre."
_NOTE_TIRETS, _NOTE_PROVISOIRE = "Cercles en tirets : chiffres provisoires.", "Chiffres provisoires."
_NOTE_TUILES = (
    "Carte schématique : chaque territoire est une tuile de même taille, à côté de ses voisins ; ni sa forme "
    "ni sa surface ne sont vraies."
)


def tableau_de_carte(zones: Sequence[Zone], titre: str) -> Tableau:
    """Rend le tableau qui accompagne une carte : une ligne par territoire, dans l'ordre du référentiel."""
    return Tableau(["Territoire", titre], [[zone.territoire.nom_long, zone.etiquette] for zone in zones])


def noter_carte(fond: Fond, *, en_cercles: bool, provisoire: bool) -> str:
    """Rend la note d'une carte : ce que sont ses cercles et ses tuiles, si ses chiffres sont provisoires."""
    notes = {
        _NOTE_CERCLES: en_cercles,
        _NOTE_TIRETS: en_cercles and provisoire,
        _NOTE_PROVISOIRE: provisoire and not en_cercles,
        _NOTE_TUILES: fond.schematique,
    }
    return " ".join(note for note, a_dire in notes.items() if a_dire)


def decrire_carte(zones: Sequence[Zone]) -> str:
    """Rend le texte de remplacement d'une carte : ses extrêmes publiés, et combien ne le sont pas."""
    publiees = sorted((zone for zone in zones if zone.cellule.nombre is not None), key=_nombre)
    if not publiees:
        return "Carte. Aucune valeur n’est publiable."
    bas, haut = publiees[0], publiees[-1]
    extremes = f"Du plus faible, {_citer(bas)}, au plus élevé, {_citer(haut)}."
    if bas.etiquette == haut.etiquette:
        extremes = f"Partout où c’est publié : {bas.etiquette}."
    tus = accorder(
        len(zones) - len(publiees), "territoire sans valeur publiée", "territoires sans valeur publiée"
    )
    manque = f" {tus}." if len(publiees) < len(zones) else ""
    return f"Carte. {extremes}{manque} Toutes les valeurs sont dans le tableau."


def _nombre(zone: Zone) -> Decimal:
    return zone.cellule.nombre or Decimal(0)


def _citer(zone: Zone) -> str:
    return f"{zone.etiquette} ({zone.territoire.nom})"
