"""Les territoires dans le rapport : comparés dans un tableau, puis un par un sur une double page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from observatoire.publication import figures
from observatoire.publication.blocs import Avis, Bloc, Figure, Tableau, TableauSeul, Titre
from observatoire.publication.cellules import NON_DISPONIBLE
from observatoire.publication.charte import COULEURS
from observatoire.publication.fiche import marches, phrases, profil, sorties, ventilees
from observatoire.publication.formats import entier
from observatoire.publication.rapport import chiffres, vocabulaire
from observatoire.publication.rapport.figures import repartition, trimestres
from observatoire.referentiel import NON_RENSEIGNE, ventilations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from observatoire.publication.cellules import Cellule
    from observatoire.publication.fiche.contexte import Contexte

CHIFFRES_CLES = (
    "heures_realisees",
    "beneficiaires",
    "contrats_actifs",
    "marches_clauses_generateurs",
    "equivalents_temps_plein",
    "part_marches_considerations",
)
"""Les six chiffres d'un territoire, dans l'ordre de la bande."""

REALISATION = (
    "heures_engagees_en_cours",
    "heures_realisees_en_cours",
    "reste_a_realiser",
    "taux_avancement",
    "avancement_temporel",
    "taux_realisation",
)
"""Les six chiffres de la réalisation."""

COMPARE_SOUS_TITRE = "{libelle}, {quand}"
COMPARE_LECTURE = "{quand}, {libelle}, {territoire} : {valeur}."
MATRICE_TITRE = "{libelle} selon : {colonne}, par territoire"
MATRICE_NOTE = "Une modalité que la région n’a pas observée n’a pas de colonne."


def comparer(contextes: Sequence[Contexte], indicateurs: Sequence[str]) -> Figure | Avis:
    """Rend le tableau des territoires, et le dessin du premier indicateur.

    Les barres vont de la plus longue à la plus courte ; un territoire dont la valeur n'est pas publiée
    n'en a pas et vient à la fin, dans l'ordre du référentiel.
    """
    premier = indicateurs[0]
    contextes = [contexte.etat(premier) for contexte in contextes]
    region = contextes[0]
    lues = [(contexte, contexte.lire(premier)) for contexte in contextes]
    libelle, unite = region.decrire(premier, "libelle"), region.decrire(premier, "unite")
    if all(cellule.statut == NON_DISPONIBLE for _, cellule in lues):
        return region.sans_donnees(libelle)
    ordre = sorted(lues, key=lambda paire: (paire[1].nombre is None, -(paire[1].reel or 0.0)))
    publies = [(contexte, cellule) for contexte, cellule in ordre if cellule.nombre is not None]
    avis = "" if publies else phrases.RIEN_DE_PUBLIABLE
    colonnes = ["Territoire", *(_entete(region, nom) for nom in indicateurs)]
    genre = "carte" if len(indicateurs) == 1 else "territoires"
    return Figure(
        id=f"{genre}-{region.territoire.niveau}-{premier}".replace("_", "-"),
        titre=_constat(publies, libelle, unite),
        sous_titre=COMPARE_SOUS_TITRE.format(libelle=libelle, quand=region.quand),
        alt=_alt(libelle, [(c.territoire.nom_long, vocabulaire.ecrire(v, unite)) for c, v in publies], avis),
        tableau=Tableau(colonnes, [_ligne(contexte, indicateurs) for contexte in contextes]),
        lecture=_lire(publies, libelle, unite),
        champ=region.champ(premier),
        source=region.decrire(premier, "source"),
        svg=None if avis else _barres(ordre, unite),
        avis=avis,
    )


def _barres(ordre: Sequence[tuple[Contexte, Cellule]], unite: str) -> str:
    couleur = COULEURS[vocabulaire.couleur(unite)]
    return figures.barres(
        [
            figures.Barre(c.territoire.nom_long, v.reel, vocabulaire.ecrire(v, unite), couleur)
            for c, v in ordre
        ]
    )


def _lire(publies: Sequence[tuple[Contexte, Cellule]], libelle: str, unite: str) -> str:
    """La lecture de la plus longue barre."""
    if not publies:
        return phrases.LECTURE_VIDE
    contexte, cellule = publies[0]
    return COMPARE_LECTURE.format(
        quand=contexte.quand,
        libelle=vocabulaire.minuscule(libelle),
        territoire=contexte.territoire.nom_long,
        valeur=vocabulaire.ecrire(cellule, unite),
    )


def _alt(libelle: str, valeurs: list[tuple[str, str]], avis: str) -> str:
    """Ce que montrent les barres, dans leur ordre : les premières disent de quels territoires il s'agit."""
    if avis:
        return f"Barres horizontales, {libelle}. {avis}"
    premieres = " ; ".join(f"{nom}, {valeur}" for nom, valeur in valeurs[:4])
    return f"Barres horizontales, {libelle}. {premieres}. Toutes les valeurs sont dans le tableau."


def _constat(publies: list[tuple[Contexte, Cellule]], libelle: str, unite: str) -> str:
    if not publies:
        return libelle
    contexte, cellule = publies[0]
    return f"{libelle} : {vocabulaire.ecrire(cellule, unite)} {contexte.ou}"


def _entete(contexte: Contexte, nom: str) -> str:
    unite = contexte.decrire(nom, "unite")
    return contexte.decrire(nom, "libelle") + (" (h)" if unite == "h" else "")


def _ligne(contexte: Contexte, indicateurs: Sequence[str]) -> list[str]:
    ecrites = [vocabulaire.ecrire(contexte.lire(nom), contexte.decrire(nom, "unite")) for nom in indicateurs]
    return [contexte.territoire.nom_long, *ecrites]


def matrice(contextes: Sequence[Contexte], indicateur: str, ventilation: str) -> TableauSeul | Avis:
    """Rend le tableau complet d'une ventilation : une ligne par territoire, une colonne par modalité."""
    region = contextes[0]
    libelles = ventilations()[ventilation].libelles
    presents = [
        code
        for code in libelles
        if any(c.lire(indicateur, ventilation, code).statut != NON_DISPONIBLE for c in contextes)
    ]
    libelle, colonne = (
        region.decrire(indicateur, "libelle"),
        vocabulaire.minuscule(ventilations()[ventilation].libelle),
    )
    titre = MATRICE_TITRE.format(libelle=libelle, colonne=colonne)
    detailles = [c for c in contextes if c.detaille(indicateur, ventilation)]
    if not presents or not detailles:
        return region.sans_donnees(titre)
    lignes = [
        [
            contexte.territoire.nom_long,
            *(entier(contexte.lire(indicateur, ventilation, code)) for code in presents),
            entier(contexte.lire(indicateur)),
        ]
        for contexte in detailles
    ]
    noms = [libelles[code] if code != NON_RENSEIGNE else "Non renseigné" for code in presents]
    return TableauSeul(
        id=f"matrice-{indicateur}-{ventilation}".replace("_", "-"),
        titre=titre,
        sous_titre=f"{libelle}, {region.quand}",
        tableau=Tableau(["Territoire", *noms, "Ensemble"], lignes),
        source=region.decrire(indicateur, "source"),
        champ=region.champ(indicateur),
        note=MATRICE_NOTE,
    )


def double_page(contexte: Contexte) -> list[Bloc]:
    """Rend tout ce qu'une double page montre d'un département ; les titres de la fiche, sur une année."""
    prefixe, nom = contexte.territoire.fichier, contexte.territoire.nom
    blocs: list[Bloc] = [
        Titre(2, contexte.territoire.nom_long, page=True),
        chiffres.bande(contexte, CHIFFRES_CLES, f"Chiffres clés, {nom}"),
        trimestres(contexte, "heures_realisees"),
        ventilees.figure_ventilee(contexte, phrases.HEURES_PAR_MODALITE),
        repartition(contexte, "heures_realisees", "secteur"),
        marches.figure_marches_publics(contexte),
        profil.figure_profil(contexte),
        chiffres.bande(contexte, REALISATION, f"Réalisation des clauses, {nom}"),
        ventilees.figure_ventilee(contexte, phrases.RESIDENCE, compare=False),
        ventilees.figure_ventilee(contexte, phrases.CONTRATS),
        repartition(contexte, "contrats_actifs", "type_employeur"),
        ventilees.figure_ventilee(contexte, phrases.PRESCRIPTEURS),
        sorties.bande(contexte),
    ]
    return [replace(bloc, id=f"{prefixe}-{bloc.id}") if isinstance(bloc, Figure) else bloc for bloc in blocs]
