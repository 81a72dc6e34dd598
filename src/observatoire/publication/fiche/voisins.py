"""Le territoire parmi ses voisins : les heures de chacun sur une carte, le sien entouré."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.magasin import Magasin
from observatoire.perimetre import NIVEAUX, Territoire
from observatoire.publication import cartes, charte
from observatoire.publication.blocs import Avis, Figure, Tableau
from observatoire.publication.cartes import Zone
from observatoire.publication.cellules import ABSENTE, NON_DISPONIBLE, Cellule, Cellules, part
from observatoire.publication.fiche import phrases
from observatoire.publication.fiche.ventilees import joindre
from observatoire.publication.fond_de_carte import fond_de
from observatoire.publication.formats import SANS_OBJET, accorder, entier, pct
from observatoire.publication.lectures import REGION, de_l_ensemble
from observatoire.publication.textes_de_carte import decrire_carte, noter_carte

if TYPE_CHECKING:
    from observatoire.publication.fiche.contexte import Contexte

_HEURES = "heures_realisees"

TITRE = "Heures d’insertion, territoire par territoire"
CONSTAT = "{part} des heures d’insertion de la région se font {ou}"
SOUS_TITRE = "Heures réalisées sur les marchés exécutés dans chaque {niveau}, {quand}"
LECTURE = "{pendant}, {territoire} : {heures}, soit {part} de celles de la région."
NOTE_ICI = "Contour épais : {territoire}."


def figure_voisins(contexte: Contexte) -> Figure | Avis:
    """Rend la carte des territoires de la métropole pour l'un d'eux, celle des départements sinon."""
    niveau = "ept" if contexte.territoire.niveau == "ept" else "dep"
    fond = fond_de(contexte.config, niveau, charte.LARGEUR)
    zones = _lire_zones(contexte, niveau)
    if fond is None or all(zone.cellule.statut == NON_DISPONIBLE for zone in zones):
        return contexte.sans_donnees(TITRE)
    ici = str(contexte.territoire)
    provisoire = contexte.provisoire(contexte.periode)
    note = NOTE_ICI.format(territoire=contexte.territoire.nom_long) if ici in fond.territoires else ""
    avis = "" if any(zone.cellule.nombre is not None for zone in zones) else phrases.RIEN_DE_PUBLIABLE
    dessin = cartes.carte_nombres(fond, zones, charte.COULEURS["heures"], ici=ici, provisoire=provisoire)
    return Figure(
        id="voisins",
        titre=_constat(contexte, zones),
        sous_titre=SOUS_TITRE.format(niveau=NIVEAUX[niveau].lower(), quand=contexte.quand),
        alt=decrire_carte(zones),
        tableau=_tableau(contexte, zones),
        lecture=_lecture(contexte, zones),
        champ=contexte.champ(_HEURES),
        source=contexte.decrire(_HEURES, "source"),
        svg=None if avis else dessin,
        avis=avis,
        note="" if avis else joindre(noter_carte(fond, en_cercles=True, provisoire=provisoire), note),
    )


def _lire_zones(contexte: Contexte, niveau: str) -> list[Zone]:
    """Les heures de chaque territoire d'un niveau, telles qu'elles sont publiées."""
    magasin, territoires = Magasin(contexte.config.processed), Territoire.tous(niveau)
    lectures = de_l_ensemble(_HEURES, territoires, contexte.periode)
    [valeurs] = (magasin.lire(nom, filtres) for nom, filtres in lectures.items())
    cellules = Cellules(valeurs)
    lues = {ici: cellules.lire(_HEURES, territoire=ici, periode=contexte.periode) for ici in territoires}
    return [Zone(ici, cellule, entier(cellule)) for ici, cellule in lues.items()]


def _plus_grande(zones: list[Zone]) -> Zone | None:
    publiees = [zone for zone in zones if zone.cellule.nombre is not None]
    return max(publiees, key=lambda zone: zone.cellule.nombre or 0, default=None)


def _part(contexte: Contexte, zone: Zone) -> Cellule:
    """La part d'une zone dans les heures de la région, en %."""
    region = contexte.cellules.lire(_HEURES, territoire=REGION, periode=contexte.periode)
    return part(zone.cellule, region)


def _constat(contexte: Contexte, zones: list[Zone]) -> str:
    """Le titre dit la part du territoire, jamais celle d'un autre ; la région parle du plus grand."""
    siennes = [zone for zone in zones if zone.territoire == contexte.territoire]
    citee = _plus_grande(siennes or zones)
    du_total = _part(contexte, citee) if citee else ABSENTE
    if citee is None or not du_total.nombre:
        return TITRE
    return CONSTAT.format(part=pct(du_total), ou=citee.territoire.locatif)


def _lecture(contexte: Contexte, zones: list[Zone]) -> str:
    """La lecture de la case du territoire, à défaut de la plus grande qui soit publiée."""
    siennes = [zone for zone in zones if zone.territoire == contexte.territoire]
    citee = _plus_grande(siennes) or _plus_grande(zones)
    du_total = _part(contexte, citee) if citee else ABSENTE
    if citee is None or du_total.nombre is None:
        return phrases.LECTURE_VIDE
    return LECTURE.format(
        pendant=contexte.pendant,
        territoire=citee.territoire.nom_long,
        heures=accorder(citee.cellule, "heure", "heures"),
        part=pct(du_total),
    )


def _tableau(contexte: Contexte, zones: list[Zone]) -> Tableau:
    """Une ligne par territoire, puis la région."""
    region = contexte.cellules.lire(_HEURES, territoire=REGION, periode=contexte.periode)
    lignes = [[z.territoire.nom_long, z.etiquette, pct(part(z.cellule, region))] for z in zones]
    return Tableau(["Territoire", "Heures", "Part"], [*lignes, [phrases.REGION, entier(region), SANS_OBJET]])
