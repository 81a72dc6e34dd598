"""Des effectifs par modalité : des barres de comptes, sans part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.publication import figures
from observatoire.publication.blocs import Avis, Figure, Tableau
from observatoire.publication.charte import COULEURS, GRIS
from observatoire.publication.fiche import phrases
from observatoire.publication.fiche.ventilees import dater, joindre
from observatoire.publication.formats import accorder, entier
from observatoire.referentiel import libelles_courts

if TYPE_CHECKING:
    from observatoire.publication.fiche.contexte import Contexte
    from observatoire.publication.fiche.sujets import SujetCompte
    from observatoire.publication.repartitions import Ligne, Repartition


def figure_comptes(contexte: Contexte, sujet: SujetCompte) -> Figure | Avis:
    """Rend la figure d'un effectif par modalité, la région dans le tableau seulement."""
    comptes = contexte.repartir(sujet.indicateur, sujet.ventilation)
    if comptes.vide:
        return contexte.sans_donnees(sujet.titre)
    region = contexte.region(sujet.indicateur, sujet.ventilation)
    la_bas = region.repartir(sujet.indicateur, sujet.ventilation)
    avis = _motif(comptes)
    colonnes = [sujet.colonne, sujet.effectif, *([] if contexte.est_region else ["Région"])]
    lignes = [
        *([_nom(x), entier(x.effectif), entier(la_bas.effectif(*x.codes))] for x in _montrees(comptes)),
        ["Ensemble", entier(comptes.ensemble), entier(la_bas.ensemble)],
    ]
    effectif = accorder(comptes.ensemble, *sujet.noms)
    constate = comptes.ensemble.nombre is not None
    return Figure(
        id=sujet.id,
        titre=sujet.constat.format(effectif=effectif, ou=contexte.ou) if constate else sujet.titre,
        sous_titre=sujet.sous_titre.format(ou=contexte.ou, quand=contexte.quand),
        alt=_alt(sujet, comptes, avis),
        tableau=Tableau(colonnes, [ligne[: len(colonnes)] for ligne in lignes]),
        lecture=_lecture(contexte, sujet, comptes),
        champ=contexte.champ(sujet.indicateur),
        source=contexte.decrire(sujet.indicateur, "source"),
        svg=None if avis else _dessin(sujet, comptes),
        avis=avis,
        note=joindre(sujet.note, *dater(contexte, region, not contexte.est_region)),
    )


def _montrees(comptes: Repartition) -> list[Ligne]:
    """Les modalités ; le non-renseigné n'y est que s'il y en a."""
    return [x for x in comptes.lignes if not (x.non_renseigne and x.effectif.nombre == 0)]


def _nom(ligne: Ligne) -> str:
    """Le libellé d'une modalité, court s'il le faut ; le non-renseigné garde le sien."""
    return ligne.libelle if ligne.non_renseigne else libelles_courts().get(ligne.codes[0], ligne.libelle)


def _motif(comptes: Repartition) -> str:
    nombres = [ligne.effectif.nombre for ligne in comptes.lignes]
    if any(nombres):
        return ""
    return phrases.RIEN_DE_PUBLIABLE if set(nombres) <= {None} else phrases.EFFECTIF_NUL


def _alt(sujet: SujetCompte, comptes: Repartition, avis: str) -> str:
    if avis:
        return f"{sujet.titre}. {avis}"
    dits = " ; ".join(f"{_nom(x)}, {entier(x.effectif)}" for x in _montrees(comptes)[:4])
    return f"Barres horizontales. {dits}. Toutes les valeurs sont dans le tableau."


def _lecture(contexte: Contexte, sujet: SujetCompte, comptes: Repartition) -> str:
    publiees = [ligne for ligne in _montrees(comptes) if ligne.effectif.nombre is not None]
    if not publiees:
        return phrases.LECTURE_VIDE
    effectif = accorder(publiees[0].effectif, *sujet.noms)
    return phrases.LECTURE_SIMPLE.format(
        pendant=contexte.pendant, modalite=_nom(publiees[0]), effectif=effectif
    )


def _dessin(sujet: SujetCompte, comptes: Repartition) -> str:
    return figures.barres(
        [
            figures.Barre(
                _nom(ligne),
                ligne.effectif.reel,
                entier(ligne.effectif),
                GRIS if ligne.non_renseigne else COULEURS[sujet.couleur],
            )
            for ligne in _montrees(comptes)
        ]
    )
