"""Une grandeur ventilée : des barres, leur tableau, le constat et la lecture qui vont avec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.publication import figures
from observatoire.publication.blocs import Avis, Figure, Tableau
from observatoire.publication.cellules import ABSENTE, SECRET, Cellule, part
from observatoire.publication.charte import COULEURS, GRIS
from observatoire.publication.fiche import phrases
from observatoire.publication.formats import SANS_OBJET, accorder, entier, pct
from observatoire.publication.repartitions import abreger

if TYPE_CHECKING:
    from observatoire.publication.fiche.contexte import Contexte
    from observatoire.publication.fiche.phrases import Sujet
    from observatoire.publication.repartitions import Ligne, Repartition


def figure_ventilee(
    contexte: Contexte, sujet: Sujet, *, compare: bool = True, titre: str = "", note: str = ""
) -> Figure | Avis:
    """Rend la figure d'une répartition, comparée à la région sauf pour elle-même.

    Args:
        contexte: le territoire et le trimestre.
        sujet: l'indicateur, sa ventilation et ses mots.
        compare: faux quand la région n'est pas un repère qui ait un sens.
        titre: constat à préférer à celui du sujet.
        note: phrases ajoutées à la note.
    """
    contexte = contexte.publiant(sujet.indicateur, sujet.ventilation)
    repartition = abreger(contexte.repartir(sujet.indicateur, sujet.ventilation), sujet.autres)
    if repartition.vide:
        return contexte.sans_donnees(sujet.titre)
    if not contexte.detaille(sujet.indicateur, sujet.ventilation):
        return contexte.sans_detail(sujet.titre, repartition.ensemble, sujet.noms)
    region = contexte.region(sujet.indicateur, sujet.ventilation)
    references = _references(region, sujet, repartition) if compare and not contexte.est_region else {}
    avis = motif_de_retrait(contexte, repartition)
    ensemble = accorder(repartition.ensemble, *sujet.noms)
    cache = bool(avis) and repartition.taux_nr.statut == SECRET
    non_renseigne = "" if cache else contexte.noter_nr(repartition.taux_nr)
    return Figure(
        id=sujet.id,
        titre=titre or _constat(sujet, repartition),
        sous_titre=sujet.sous_titre.format(ou=contexte.ou, quand=contexte.quand, ensemble=ensemble),
        alt=_alt(sujet, repartition, avis),
        tableau=_tableau(sujet, repartition, references),
        lecture=_lecture(contexte, sujet, repartition),
        champ=contexte.champ(sujet.indicateur),
        source=contexte.decrire(sujet.indicateur, "source"),
        svg=None if avis else _dessin(sujet, repartition, references),
        avis=avis,
        note=joindre(non_renseigne, note, *dater(contexte, region, references)),
    )


def citer(repartition: Repartition, combien: int = 3) -> str:
    """Cite les premières modalités publiées et leurs parts ; vide s'il n'y en a pas."""
    citees = [ligne for ligne in repartition.lignes if not ligne.reste and ligne.part.nombre][:combien]
    parts = ", ".join(f"{ligne.libelle} {pct(ligne.part)}" for ligne in citees)
    return phrases.EMPLOYEURS.format(parts=parts) if citees else ""


def motif_de_retrait(contexte: Contexte, repartition: Repartition) -> str:
    """Dit pourquoi il n'y a rien à dessiner ; vide s'il y a au moins une part publiée."""
    if any(ligne.part.nombre is not None for ligne in repartition.lignes):
        return ""
    if repartition.trop_de_nr:
        seuil = contexte.parametre("seuil_retrait_non_renseigne_pct")
        return phrases.TROP_NON_RENSEIGNE.format(taux=pct(repartition.taux_nr), seuil=pct(seuil, 0))
    return phrases.EFFECTIF_NUL if repartition.ensemble.nombre == 0 else phrases.RIEN_DE_PUBLIABLE


def joindre(*textes: str) -> str:
    """Met bout à bout les phrases qui ne sont pas vides."""
    return " ".join(filter(None, textes))


def dater(contexte: Contexte, region: Contexte, references: object) -> list[str]:
    """Prévient que le repère régional n'est pas de la même période ; rien s'il l'est ou s'il manque."""
    ailleurs = bool(references) and region.periode != contexte.periode
    return [phrases.REPERE_TRIMESTRE.format(quand=region.quand)] if ailleurs else []


def _references(region: Contexte, sujet: Sujet, repartition: Repartition) -> dict[tuple[str, ...], Cellule]:
    """La part régionale de chaque ligne, les modalités réunies de la même façon."""
    la_bas = region.repartir(sujet.indicateur, sujet.ventilation)
    return {ligne.codes: la_bas.reunir(*ligne.codes, libelle="").part for ligne in repartition.lignes}


def _constat(sujet: Sujet, repartition: Repartition) -> str:
    tete = repartition.en_tete
    constat = sujet.constats.get(tete.codes[0]) if tete else None
    return constat.format(part=pct(tete.part)) if tete and constat else sujet.titre


def _lecture(contexte: Contexte, sujet: Sujet, repartition: Repartition) -> str:
    publiees = [ligne for ligne in repartition.lignes if ligne.effectif.nombre is not None]
    if not publiees:
        return phrases.LECTURE_VIDE
    ligne = repartition.en_tete or publiees[0]
    modele = sujet.lecture if ligne.part.nombre is not None else phrases.LECTURE_SIMPLE
    return modele.format(
        pendant=contexte.pendant,
        modalite=ligne.libelle,
        effectif=accorder(ligne.effectif, *sujet.noms),
        part=pct(ligne.part),
        base=phrases.BASE_RENSEIGNE if repartition.taux_nr.nombre else phrases.BASE_ENSEMBLE,
    )


def _alt(sujet: Sujet, repartition: Repartition, avis: str) -> str:
    if avis:
        return f"{sujet.titre}. {avis}"
    parts = [f"{ligne.libelle}, {pct(ligne.part)}" for ligne in repartition.lignes if not ligne.non_renseigne]
    return f"Barres horizontales. {' ; '.join(parts[:4])}. Toutes les valeurs sont dans le tableau."


def _tableau(sujet: Sujet, repartition: Repartition, references: dict[tuple[str, ...], Cellule]) -> Tableau:
    entetes = [sujet.colonne, sujet.effectif, "Part", *(["Région"] if references else [])]
    return Tableau(entetes, [_ligne(ligne, references) for ligne in repartition.lignes])


def _ligne(ligne: Ligne, references: dict[tuple[str, ...], Cellule]) -> list[str]:
    parts = [ligne.part, *([references[ligne.codes]] if references else [])]
    ecrites = [SANS_OBJET if ligne.non_renseigne else pct(cellule) for cellule in parts]
    return [ligne.libelle, entier(ligne.effectif), *ecrites]


def _dessin(sujet: Sujet, repartition: Repartition, references: dict[tuple[str, ...], Cellule]) -> str:
    barres = []
    for ligne in repartition.lignes:
        reference = references.get(ligne.codes, ABSENTE)
        # Le non-renseigné n'entre pas dans les parts : sa barre est à la même échelle, hors de leur total.
        cellule = part(ligne.effectif, repartition.renseigne) if ligne.non_renseigne else ligne.part
        etiquette = _taux(repartition) if ligne.non_renseigne else pct(ligne.part)
        barres.append(
            figures.Barre(
                ligne.libelle,
                cellule.reel,
                etiquette,
                GRIS if ligne.non_renseigne else COULEURS[sujet.couleur],
                reference.reel,
            )
        )
    return figures.barres(barres, repere=phrases.REGION)


def _taux(repartition: Repartition) -> str:
    publie = repartition.taux_nr.nombre is not None
    return f"{pct(repartition.taux_nr)} du total" if publie else pct(repartition.taux_nr)
