"""Les figures du rapport : répartitions, taux, croisements, trimestres, territoires."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from observatoire.perimetre import Periode
from observatoire.publication import figures
from observatoire.publication.blocs import Avis, Figure, Tableau
from observatoire.publication.cellules import NON_DISPONIBLE, Cellule
from observatoire.publication.charte import COULEURS, GRIS
from observatoire.publication.echelles import echelle
from observatoire.publication.fiche import phrases
from observatoire.publication.fiche.ventilees import figure_ventilee
from observatoire.publication.formats import entier
from observatoire.publication.rapport import vocabulaire
from observatoire.referentiel import NON_RENSEIGNE, ventilations

if TYPE_CHECKING:
    from observatoire.publication.fiche.contexte import Contexte

TAUX_TITRE = "{libelle} : de {bas} ({ou_bas}) à {haut} ({ou_haut})"
TAUX_SOUS_TITRE = "{libelle}, {colonne}, {ou}, {quand} ; ensemble : {ensemble}"
TAUX_LECTURE = "{pendant}, la ligne « {modalite} » vaut {valeur}."
CROISEMENT_SOUS_TITRE = "{libelle}, {colonne}, {ou}, {quand} ; ensemble : {ensemble}"
CROISEMENT_LECTURE = "{pendant}, la ligne « {ligne} » compte {effectif} dans la colonne « {colonne} »."
TRIMESTRES_SOUS_TITRE = "{libelle} {ou}, par trimestre, en {unite}"
TRIMESTRES_LECTURE = "{pendant}, {valeur}."
TRIMESTRES_NOTE = "Colonne hachurée : trimestre provisoire."


def repartition(contexte: Contexte, indicateur: str, ventilation: str) -> Figure | Avis:
    """Rend les parts des modalités d'un indicateur, en barres ; comparées à la région hors d'elle."""
    return figure_ventilee(contexte.etat(indicateur), vocabulaire.sujet(contexte, indicateur, ventilation))


def taux(contexte: Contexte, indicateur: str, ventilation: str) -> Figure | Avis:
    """Rend un rapport modalité par modalité, du plus grand au plus petit, l'ensemble en repère."""
    contexte, libelles = contexte.etat(indicateur), ventilations()[ventilation].libelles
    lues = {code: contexte.lire(indicateur, ventilation, code) for code in libelles if code != NON_RENSEIGNE}
    lues = {code: cellule for code, cellule in lues.items() if cellule.statut != NON_DISPONIBLE}
    titre = _titre(contexte, indicateur, ventilation)
    if not lues:
        return contexte.sans_donnees(titre)
    unite = contexte.decrire(indicateur, "unite")
    ordre = sorted(lues, key=lambda code: (lues[code].nombre is None, -(lues[code].reel or 0.0)))
    publiees = [code for code in ordre if lues[code].nombre is not None]
    ensemble = contexte.lire(indicateur)
    avis = "" if publiees else phrases.RIEN_DE_PUBLIABLE
    barres = [
        figures.Barre(
            libelles[code],
            lues[code].reel,
            vocabulaire.ecrire(lues[code], unite),
            COULEURS[vocabulaire.couleur(unite)],
            ensemble.reel,
        )
        for code in ordre
    ]
    return Figure(
        id=f"{indicateur}-{ventilation}".replace("_", "-"),
        titre=_constat_de_taux(contexte, indicateur, publiees, lues, libelles) or titre,
        sous_titre=_sous_titre(contexte, indicateur, ventilation, vocabulaire.ecrire(ensemble, unite)),
        alt=_alt(titre, [(libelles[code], vocabulaire.ecrire(lues[code], unite)) for code in ordre], avis),
        tableau=Tableau(
            [ventilations()[ventilation].libelle, vocabulaire.entete(unite)],
            [
                *([libelles[code], vocabulaire.ecrire(lues[code], unite)] for code in ordre),
                ["Ensemble", vocabulaire.ecrire(ensemble, unite)],
            ],
        ),
        lecture=_lire_taux(contexte, publiees, lues, libelles, unite),
        champ=contexte.champ(indicateur),
        source=contexte.decrire(indicateur, "source"),
        svg=None if avis else figures.barres(barres, repere="Ensemble"),
        avis=avis,
    )


def croisement(contexte: Contexte, indicateur: str, ventilation: str) -> Figure | Avis:
    """Rend un croisement : un groupe de barres par modalité du premier axe, à la même échelle."""
    axes = ventilations()[ventilation].axes
    premier, second = (ventilations()[axe].libelles for axe in axes)
    lues = {(a, b): contexte.lire(indicateur, ventilation, f"{a}×{b}") for a in premier for b in second}
    colonnes = [a for a in premier if any(lues[a, b].statut != NON_DISPONIBLE for b in second)]
    lignes = [b for b in second if any(lues[a, b].statut != NON_DISPONIBLE for a in premier)]
    titre, ensemble = _titre(contexte, indicateur, ventilation), contexte.lire(indicateur)
    if not colonnes:
        return contexte.sans_donnees(titre)
    unite = contexte.decrire(indicateur, "unite")
    publiees = [(a, b) for b in lignes for a in colonnes if lues[a, b].nombre]
    avis = "" if publiees else phrases.RIEN_DE_PUBLIABLE
    series = [
        (premier[a], [_barre(second[b], lues[a, b], vocabulaire.couleur(unite), b) for b in lignes])
        for a in colonnes
        if a != NON_RENSEIGNE
    ]
    return Figure(
        id=f"{indicateur}-{ventilation}".replace("_", "-"),
        titre=titre,
        sous_titre=_sous_titre(contexte, indicateur, ventilation, vocabulaire.dire(ensemble, unite)),
        alt=_alt(titre, [(f"{premier[a]}, {second[b]}", entier(lues[a, b])) for a, b in publiees], avis),
        tableau=Tableau(
            [ventilations()[axes[1]].libelle, *(premier[a] for a in colonnes)],
            [[second[b], *(entier(lues[a, b]) for a in colonnes)] for b in lignes],
        ),
        lecture=_lire_croisement(contexte, publiees, lues, (premier, second), unite),
        champ=contexte.champ(indicateur),
        source=contexte.decrire(indicateur, "source"),
        svg=None if avis else figures.panneaux(series),
        avis=avis,
    )


def trimestres(contexte: Contexte, indicateur: str) -> Figure | Avis:
    """Rend les derniers trimestres d'un indicateur, en colonnes, les provisoires hachurés."""
    series = {periode: contexte.lire(indicateur, periode=periode) for periode in contexte.trimestres}
    libelle, unite = contexte.decrire(indicateur, "libelle"), contexte.decrire(indicateur, "unite")
    series = {p: c for p, c in series.items() if c.statut != NON_DISPONIBLE}
    if not series:
        return contexte.sans_donnees(libelle)
    publiees = {periode: cellule for periode, cellule in series.items() if cellule.nombre is not None}
    avis = "" if publiees else phrases.RIEN_DE_PUBLIABLE
    unites = echelle(series.values(), vocabulaire.NOMS[unite][1])
    colonnes = [
        figures.Colonne(
            rang=f"T{periode.trimestre}",
            annee=str(periode.annee),
            hauteur=cellule.reel,
            etiquette=unites.ecrire(cellule),
            couleur=COULEURS[vocabulaire.couleur(unite)],
            provisoire=contexte.provisoire(periode),
        )
        for periode, cellule in series.items()
    ]
    recit = vocabulaire.raconter(contexte, indicateur)
    dernier = max(publiees, default=None)
    return Figure(
        id=f"{indicateur}-trimestres".replace("_", "-"),
        titre=f"{libelle} : {recit}" if recit else libelle,
        sous_titre=TRIMESTRES_SOUS_TITRE.format(libelle=libelle, ou=contexte.ou, unite=unites.unite),
        alt=_alt(libelle, [(p.libelle, entier(c)) for p, c in series.items()][-4:], avis),
        tableau=_tableau_de_trimestres(contexte, indicateur, unite),
        lecture=TRIMESTRES_LECTURE.format(
            pendant=replace(contexte, periode=dernier).pendant,
            valeur=vocabulaire.dire(publiees[dernier], unite),
        )
        if dernier
        else phrases.LECTURE_VIDE,
        champ=contexte.decrire(indicateur, "champ"),
        source=contexte.decrire(indicateur, "source"),
        svg=None if avis else figures.trimestres(colonnes),
        avis=avis,
        note=TRIMESTRES_NOTE if any(map(contexte.provisoire, publiees)) else "",
    )


def _tableau_de_trimestres(contexte: Contexte, indicateur: str, unite: str) -> Tableau:
    """Une ligne par année, ses trimestres puis l'année entière : on compare de haut en bas."""
    annees = dict.fromkeys(periode.annee for periode in contexte.trimestres)
    lignes = []
    for annee in annees:
        periodes = [*(Periode(annee, rang) for rang in (1, 2, 3, 4)), Periode(annee)]
        lues = [contexte.lire(indicateur, periode=periode) for periode in periodes]
        lignes.append([str(annee), *(vocabulaire.ecrire(cellule, unite) for cellule in lues)])
    return Tableau(["Année", "T1", "T2", "T3", "T4", "Ensemble"], lignes)


def _titre(contexte: Contexte, indicateur: str, ventilation: str) -> str:
    libelle = contexte.decrire(indicateur, "libelle")
    return f"{libelle}, {vocabulaire.minuscule(ventilations()[ventilation].libelle)}"


def _sous_titre(contexte: Contexte, indicateur: str, ventilation: str, ensemble: str) -> str:
    return TAUX_SOUS_TITRE.format(
        libelle=contexte.decrire(indicateur, "libelle"),
        colonne=vocabulaire.minuscule(ventilations()[ventilation].libelle),
        ou=contexte.ou,
        quand=contexte.quand,
        ensemble=ensemble,
    )


def _barre(libelle: str, cellule: Cellule, couleur: str, code: str) -> figures.Barre:
    ton = GRIS if code == NON_RENSEIGNE else COULEURS[couleur]
    return figures.Barre(libelle, cellule.reel, entier(cellule), ton)


def _alt(titre: str, valeurs: list[tuple[str, str]], avis: str) -> str:
    if avis:
        return f"{titre}. {avis}"
    dites = " ; ".join(f"{nom}, {valeur}" for nom, valeur in valeurs[:4])
    return f"{titre}. {dites}. Toutes les valeurs sont dans le tableau."


def _constat_de_taux(
    contexte: Contexte,
    indicateur: str,
    publiees: list[str],
    lues: dict[str, Cellule],
    libelles: dict[str, str],
) -> str:
    """L'étendue des taux publiés, s'il y en a deux qui diffèrent à l'impression."""
    nommes = [code for code in publiees if code not in ("AUTRE", "AUTRES")]
    unite = contexte.decrire(indicateur, "unite")
    ecrits = {code: vocabulaire.ecrire(lues[code], unite) for code in nommes}
    if len(set(ecrits.values())) < 2:
        return ""
    haut, bas = nommes[0], nommes[-1]
    return TAUX_TITRE.format(
        libelle=contexte.decrire(indicateur, "libelle"),
        bas=ecrits[bas],
        ou_bas=vocabulaire.minuscule(libelles[bas]),
        haut=ecrits[haut],
        ou_haut=vocabulaire.minuscule(libelles[haut]),
    )


def _lire_taux(
    contexte: Contexte, publiees: list[str], lues: dict[str, Cellule], libelles: dict[str, str], unite: str
) -> str:
    if not publiees:
        return phrases.LECTURE_VIDE
    code = publiees[0]
    valeur = vocabulaire.dire(lues[code], unite)
    return TAUX_LECTURE.format(pendant=contexte.pendant, modalite=libelles[code], valeur=valeur)


def _lire_croisement(
    contexte: Contexte,
    publiees: list[tuple[str, str]],
    lues: dict[tuple[str, str], Cellule],
    libelles: tuple[dict[str, str], dict[str, str]],
    unite: str,
) -> str:
    if not publiees:
        return phrases.LECTURE_VIDE
    a, b = publiees[0]
    return CROISEMENT_LECTURE.format(
        pendant=contexte.pendant,
        ligne=libelles[1][b],
        colonne=libelles[0][a],
        effectif=vocabulaire.dire(lues[a, b], unite),
    )
