"""Les cartes du rapport : un taux en classes, un nombre en cercles, le tableau à côté."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.publication import cartes, charte
from observatoire.publication.blocs import Avis, Figure
from observatoire.publication.cartes import Zone
from observatoire.publication.cellules import NON_DISPONIBLE
from observatoire.publication.fiche import phrases
from observatoire.publication.fond_de_carte import fond_de
from observatoire.publication.rapport import vocabulaire
from observatoire.publication.rapport.territoires import comparer
from observatoire.publication.textes_de_carte import decrire_carte, noter_carte, tableau_de_carte

if TYPE_CHECKING:
    from collections.abc import Sequence

    from observatoire.publication.fiche.contexte import Contexte
    from observatoire.publication.fond_de_carte import Fond

LECTURE = "{pendant}, {territoire} : {valeur}."
TITRE_TAUX = "{libelle} : de {bas} à {haut}"
TITRE_NOMBRE = "{libelle} : {haut} {ou}"
_PETITE_BASE = "base_minimale_evolution"


def carte(contextes: Sequence[Contexte], indicateur: str) -> Figure | Avis:
    """Rend la carte d'un indicateur.

    Un taux dont la charte ne fixe pas les classes, ou un niveau sans contours ni tuiles, donne des barres.
    """
    contextes = [contexte.etat(indicateur) for contexte in contextes]
    premier, unite = contextes[0], contextes[0].decrire(indicateur, "unite")
    provisoire = premier.provisoire(premier.periode)
    fond = fond_de(premier.config, premier.territoire.niveau, charte.LARGEUR)
    if fond is None or (unite == "%" and indicateur not in charte.CHARTE["limites"]):
        return comparer(contextes, [indicateur])
    zones = [_zone(contexte, indicateur, unite) for contexte in contextes]
    libelle = premier.decrire(indicateur, "libelle")
    if all(zone.cellule.statut == NON_DISPONIBLE for zone in zones):
        return premier.sans_donnees(libelle)
    publiees = sorted(
        (zone for zone in zones if zone.cellule.nombre is not None), key=lambda zone: zone.cellule.nombre or 0
    )
    return Figure(
        id=f"carte-{premier.territoire.niveau}-{indicateur}".replace("_", "-"),
        titre=_titre(libelle, publiees, en_classes=unite == "%"),
        sous_titre=f"{libelle}, {premier.quand}",
        alt=decrire_carte(zones),
        tableau=tableau_de_carte(zones, vocabulaire.entete(unite)),
        lecture=_lire(premier, publiees, unite),
        champ=premier.champ(indicateur),
        source=premier.decrire(indicateur, "source"),
        svg=_dessiner(fond, zones, indicateur, unite, provisoire=provisoire) if publiees else None,
        avis="" if publiees else phrases.RIEN_DE_PUBLIABLE,
        note=noter_carte(fond, en_cercles=unite != "%", provisoire=provisoire) if publiees else "",
    )


def _dessiner(fond: Fond, zones: Sequence[Zone], indicateur: str, unite: str, *, provisoire: bool) -> str:
    if unite == "%":
        return cartes.carte_taux(fond, zones, cartes.limites(indicateur))
    couleur = charte.COULEURS[vocabulaire.couleur(unite)]
    return cartes.carte_nombres(fond, zones, couleur, provisoire=provisoire)


def _lire(contexte: Contexte, publiees: Sequence[Zone], unite: str) -> str:
    """La lecture du plus grand nombre publié."""
    if not publiees:
        return phrases.LECTURE_VIDE
    valeur = vocabulaire.dire(publiees[-1].cellule, unite)
    return LECTURE.format(
        pendant=contexte.pendant, territoire=publiees[-1].territoire.nom_long, valeur=valeur
    )


def _titre(libelle: str, publiees: list[Zone], *, en_classes: bool) -> str:
    if not publiees:
        return libelle
    bas, haut = publiees[0], publiees[-1]
    if en_classes and bas.etiquette != haut.etiquette:
        return TITRE_TAUX.format(libelle=libelle, bas=bas.etiquette, haut=haut.etiquette)
    return TITRE_NOMBRE.format(libelle=libelle, haut=haut.etiquette, ou=haut.territoire.locatif)


def _zone(contexte: Contexte, indicateur: str, unite: str) -> Zone:
    """Une part qui repose sur peu de personnes est fragile ; sa base est un nombre publié."""
    cellule, base = contexte.lire(indicateur), contexte.lire("beneficiaires")
    fragile = unite == "%" and base.nombre is not None and base.nombre < contexte.parametre(_PETITE_BASE)
    return Zone(contexte.territoire, cellule, vocabulaire.ecrire(cellule, unite), bool(fragile))
