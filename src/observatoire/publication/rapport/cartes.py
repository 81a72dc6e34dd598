"""Les cartes du rapport : un taux en classes, un nombre en cercles, le tableau à côté."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.publication import cartes, charte
from observatoire.publication.blocs import Avis, Figure
from observatoire.publication.cartes import Zone
from observatoire.publication.cellules import NON_DISPONIBLE
from observatoire.publication.contours import a_des_contours, lire_contours
from observatoire.publication.fiche import phrases
from observatoire.publication.rapport import vocabulaire
from observatoire.publication.rapport.territoires import comparer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from observatoire.publication.fiche.contexte import Contexte

LECTURE = "{pendant}, {territoire} : {valeur}."
TITRE_TAUX = "{libelle} : de {bas} à {haut}"
TITRE_NOMBRE = "{libelle} : {haut} {ou}"
_PETITE_BASE = "base_minimale_evolution"


def carte(contextes: Sequence[Contexte], indicateur: str) -> Figure | Avis:
    """Rend la carte d'un indicateur.

    Un taux dont la charte ne fixe pas les classes, ou un niveau sans contours déposés, donne des barres.
    """
    contextes = [contexte.etat(indicateur) for contexte in contextes]
    premier = contextes[0]
    niveau, unite = premier.territoire.niveau, premier.decrire(indicateur, "unite")
    en_classes = unite == "%" and indicateur in charte.CHARTE["limites"]
    if not (en_classes or unite != "%") or not a_des_contours(premier.config, niveau):
        return comparer(contextes, [indicateur])
    contours = lire_contours(premier.config, niveau)
    zones = [_zone(contexte, indicateur, unite) for contexte in contextes]
    libelle = premier.decrire(indicateur, "libelle")
    if all(zone.cellule.statut == NON_DISPONIBLE for zone in zones):
        return premier.sans_donnees(libelle)
    publiees = sorted(
        (zone for zone in zones if zone.cellule.nombre is not None), key=lambda zone: zone.cellule.nombre or 0
    )
    avis = "" if publiees else phrases.RIEN_DE_PUBLIABLE
    couleur = charte.COULEURS[vocabulaire.couleur(unite)]
    dessin = (
        cartes.carte_taux(contours, zones, cartes.limites(indicateur))
        if en_classes
        else cartes.carte_nombres(contours, zones, couleur)
    )
    return Figure(
        id=f"carte-{niveau}-{indicateur}".replace("_", "-"),
        titre=_titre(libelle, publiees, en_classes=en_classes),
        sous_titre=f"{libelle}, {premier.quand}",
        alt=cartes.decrire_carte(zones),
        tableau=cartes.tableau_de_carte(zones, vocabulaire.entete(unite)),
        lecture=LECTURE.format(
            pendant=premier.pendant,
            territoire=publiees[-1].territoire.nom_long,
            valeur=vocabulaire.dire(publiees[-1].cellule, unite),
        )
        if publiees
        else phrases.LECTURE_VIDE,
        champ=premier.champ(indicateur),
        source=premier.decrire(indicateur, "source"),
        svg=None if avis else dessin,
        avis=avis,
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
