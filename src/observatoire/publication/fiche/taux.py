"""Des taux comparés à un repère : la région, ou l'objectif d'une charte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.publication import figures
from observatoire.publication.blocs import Avis, Figure, Tableau
from observatoire.publication.cellules import ABSENTE, NON_DISPONIBLE, Cellule
from observatoire.publication.fiche import phrases
from observatoire.publication.fiche.ventilees import dater, joindre
from observatoire.publication.formats import INSECABLE, accorder, entier, pct
from observatoire.referentiel import ENSEMBLE, NON_RENSEIGNE, ventilations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from observatoire.publication.fiche.contexte import Contexte
    from observatoire.publication.fiche.sujets import SujetTaux


@dataclass(frozen=True, slots=True)
class Ligne:
    """Un taux et son repère ; l'un ou l'autre peut manquer."""

    libelle: str
    valeur: Cellule
    repere: Cellule = ABSENTE


def figure_taux(contexte: Contexte, sujet: SujetTaux) -> Figure | Avis:
    """Rend la figure de taux comparés à la région, sauf pour elle-même.

    Les lignes sont dans l'ordre du référentiel : il ne dit rien de ce qui est secret.
    """
    vue = contexte.detaillant(sujet.indicateur, sujet.ventilation or ENSEMBLE)
    region = vue.region(sujet.indicateur, sujet.ventilation or ENSEMBLE)
    lignes = [
        Ligne(libelle, vue.lire(*cle), ABSENTE if vue.est_region else region.lire(*cle))
        for libelle, cle in _cles(sujet)
    ]
    presentes = [ligne for ligne in lignes if ligne.valeur.statut != NON_DISPONIBLE]
    if not presentes:
        ailleurs = [region.lire(*cle).statut != NON_DISPONIBLE for _, cle in _cles(sujet)]
        return contexte.sans_taux(sujet.titre) if any(ailleurs) else contexte.sans_donnees(sujet.titre)
    tous = [ligne.valeur for ligne in presentes]
    avis = "" if any(cellule.nombre is not None for cellule in tous) else phrases.RIEN_DE_PUBLIABLE
    colonnes = [sujet.colonne, sujet.mesure, *([] if vue.est_region else ["Région"])]
    return Figure(
        id=sujet.id,
        titre=_constat(vue, sujet, presentes),
        sous_titre=sujet.sous_titre.format(ou=vue.ou, quand=vue.quand),
        alt=alterner(sujet.titre, presentes, avis, "à la région", en_heures=sujet.en_heures),
        tableau=Tableau(
            colonnes,
            [
                _rangee(ligne, sujet.en_heures)[: len(colonnes)]
                for ligne in presentes + _ensemble(vue, region, sujet)
            ],
        ),
        lecture=_lecture(vue, sujet, presentes),
        champ=vue.champ(sujet.indicateur),
        source=vue.decrire(sujet.indicateur, "source"),
        svg=None
        if avis
        else dessiner(presentes, (vue.territoire.nom, phrases.REGION), en_heures=sujet.en_heures),
        avis=avis,
        note=joindre(sujet.note, *dater(vue, region, not vue.est_region)),
    )


def dessiner(lignes: Sequence[Ligne], noms: tuple[str, str], *, en_heures: bool = False) -> str:
    """Rend un point par taux publié, et son repère ; `noms` les nomme tous deux."""
    # Les chiffres seuls sont mesurés trop étroits : une espace de plus, et le dernier n'est pas coupé.
    bout = INSECABLE if en_heures else ""
    return figures.points(
        [
            figures.Point(x.libelle, x.valeur.reel, ecrire(x.valeur, en_heures) + bout, x.repere.reel)
            for x in lignes
        ],
        noms,
    )


def alterner(titre: str, lignes: Sequence[Ligne], avis: str, repere: str, *, en_heures: bool = False) -> str:
    """Rend le texte de remplacement : les quatre premières lignes, telles que le tableau les donne."""
    if avis:
        return f"{titre}. {avis}"
    dits = " ; ".join(f"{ligne.libelle}, {ecrire(ligne.valeur, en_heures)}" for ligne in lignes[:4])
    return f"Points comparés {repere}. {dits}. Toutes les valeurs sont dans le tableau."


def ecrire(cellule: Cellule, en_heures: bool = False) -> str:
    """Rend un taux en %, ou un nombre d'heures sans unité."""
    return entier(cellule) if en_heures else pct(cellule)


def _cles(sujet: SujetTaux) -> list[tuple[str, tuple[str, str, str]]]:
    """Le libellé et la cellule de chaque ligne ; le non-renseigné n'est pas une modalité à comparer."""
    if not sujet.ventilation:
        return [(libelle, (indicateur, ENSEMBLE, ENSEMBLE)) for libelle, indicateur in sujet.lignes]
    libelles = ventilations()[sujet.ventilation].libelles
    return [
        (libelle, (sujet.indicateur, sujet.ventilation, code))
        for code, libelle in libelles.items()
        if code != NON_RENSEIGNE
    ]


def _ensemble(vue: Contexte, region: Contexte, sujet: SujetTaux) -> list[Ligne]:
    """La ligne d'ensemble d'un indicateur ventilé ; plusieurs indicateurs n'en ont pas."""
    if not sujet.ventilation:
        return []
    return [Ligne("Ensemble", vue.lire(sujet.indicateur), region.lire(sujet.indicateur))]


def _rangee(ligne: Ligne, en_heures: bool) -> list[str]:
    return [ligne.libelle, ecrire(ligne.valeur, en_heures), ecrire(ligne.repere, en_heures)]


def _constat(vue: Contexte, sujet: SujetTaux, lignes: Sequence[Ligne]) -> str:
    """Le titre : l'étendue des taux publiés, ou l'ensemble ; à défaut le titre neutre."""
    publiees = sorted((x.valeur for x in lignes if x.valeur.nombre is not None), key=lambda c: c.nombre or 0)
    ensemble = vue.lire(sujet.indicateur)
    if sujet.etendue and len(publiees) > 1:
        moins, plus = (_en_lettres(cellule, sujet) for cellule in (publiees[0], publiees[-1]))
        return sujet.etendue.format(moins=moins, plus=plus)
    if sujet.constat and ensemble.nombre is not None:
        return sujet.constat.format(valeur=_en_lettres(ensemble, sujet), ou=vue.ou)
    return sujet.titre


def _lecture(vue: Contexte, sujet: SujetTaux, lignes: Sequence[Ligne]) -> str:
    ligne = next((ligne for ligne in lignes if ligne.valeur.nombre is not None), None)
    if ligne is None:
        return phrases.LECTURE_VIDE
    valeur = _en_lettres(ligne.valeur, sujet)
    return sujet.lecture.format(pendant=vue.pendant, modalite=ligne.libelle, valeur=valeur)


def _en_lettres(cellule: Cellule, sujet: SujetTaux) -> str:
    return accorder(cellule, "heure", "heures") if sujet.en_heures else pct(cellule)
