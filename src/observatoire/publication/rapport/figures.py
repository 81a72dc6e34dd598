"""Les figures du rapport : répartitions, taux, croisements, trimestres, territoires."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

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
    from collections.abc import Sequence

    from observatoire.publication.echelles import Echelle
    from observatoire.publication.fiche.contexte import Contexte

TAUX_TITRE = "{libelle} : de {bas} ({ou_bas}) à {haut} ({ou_haut})"
TAUX_SOUS_TITRE = "{libelle}, {colonne}, {ou}, {quand} ; ensemble : {ensemble}"
TAUX_LECTURE = "{pendant}, la ligne « {modalite} » vaut {valeur}."
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
    lues = {libelles[code]: cellule for code, cellule in lues.items() if cellule.statut != NON_DISPONIBLE}
    titre = _titre(contexte, indicateur, ventilation)
    if not lues:
        return contexte.sans_donnees(titre)
    unite, ensemble = contexte.decrire(indicateur, "unite"), contexte.lire(indicateur)
    lignes = sorted(lues.items(), key=lambda ligne: (ligne[1].nombre is None, -(ligne[1].reel or 0.0)))
    ecrites = [(nom, vocabulaire.ecrire(cellule, unite)) for nom, cellule in lignes]
    publiees = [(nom, cellule) for nom, cellule in lignes if cellule.nombre is not None]
    avis = "" if publiees else phrases.RIEN_DE_PUBLIABLE
    return Figure(
        id=f"{indicateur}-{ventilation}".replace("_", "-"),
        titre=_constat_de_taux(contexte, indicateur, publiees, _restes(ventilation)) or titre,
        sous_titre=_sous_titre(contexte, indicateur, ventilation, vocabulaire.ecrire(ensemble, unite)),
        alt=_alt(titre, ecrites, avis),
        tableau=Tableau(
            [ventilations()[ventilation].libelle, vocabulaire.entete(unite)],
            [*map(list, ecrites), ["Ensemble", vocabulaire.ecrire(ensemble, unite)]],
        ),
        lecture=_lire_taux(contexte, publiees, unite),
        champ=contexte.champ(indicateur),
        source=contexte.decrire(indicateur, "source"),
        svg=None if avis else _barres_de_taux(lignes, unite, ensemble),
        avis=avis,
    )


def _barres_de_taux(lignes: Sequence[tuple[str, Cellule]], unite: str, ensemble: Cellule) -> str:
    couleur = COULEURS[vocabulaire.couleur(unite)]
    barres = [
        figures.Barre(nom, cellule.reel, vocabulaire.ecrire(cellule, unite), couleur, ensemble.reel)
        for nom, cellule in lignes
    ]
    return figures.barres(barres, repere="Ensemble")


def croisement(contexte: Contexte, indicateur: str, ventilation: str) -> Figure | Avis:
    """Rend un croisement : un groupe de barres par modalité du premier axe, à la même échelle."""
    croise = Croisement.lire(contexte, indicateur, ventilation)
    titre, ensemble = _titre(contexte, indicateur, ventilation), contexte.lire(indicateur)
    if not croise.colonnes:
        return contexte.sans_donnees(titre)
    unite = contexte.decrire(indicateur, "unite")
    publiees = croise.publiees
    avis = "" if publiees else phrases.RIEN_DE_PUBLIABLE
    dites = [(f"{colonne}, {ligne}", entier(cellule)) for colonne, ligne, cellule in publiees]
    return Figure(
        id=f"{indicateur}-{ventilation}".replace("_", "-"),
        titre=titre,
        sous_titre=_sous_titre(contexte, indicateur, ventilation, vocabulaire.dire(ensemble, unite)),
        alt=_alt(titre, dites, avis),
        tableau=croise.tableau(),
        lecture=_lire_croisement(contexte, publiees, unite),
        champ=contexte.champ(indicateur),
        source=contexte.decrire(indicateur, "source"),
        svg=None if avis else croise.dessin(COULEURS[vocabulaire.couleur(unite)]),
        avis=avis,
    )


@dataclass(frozen=True, slots=True)
class Croisement:
    """Deux ventilations croisées : les modalités présentes de chacune, et les cellules de leurs couples."""

    titre: str
    colonnes: dict[str, str]
    lignes: dict[str, str]
    lues: dict[tuple[str, str], Cellule]

    @classmethod
    def lire(cls, contexte: Contexte, indicateur: str, ventilation: str) -> Self:
        """Lit un croisement ; une modalité dont aucune cellule n'existe n'en est pas."""
        premier, second = (ventilations()[axe] for axe in ventilations()[ventilation].axes)
        lues = {
            (a, b): contexte.lire(indicateur, ventilation, f"{a}×{b}")
            for a in premier.libelles
            for b in second.libelles
        }
        presentes = [couple for couple, cellule in lues.items() if cellule.statut != NON_DISPONIBLE]
        colonnes = {a: nom for a, nom in premier.libelles.items() if a in {c[0] for c in presentes}}
        lignes = {b: nom for b, nom in second.libelles.items() if b in {c[1] for c in presentes}}
        return cls(second.libelle, colonnes, lignes, lues)

    @property
    def publiees(self) -> list[tuple[str, str, Cellule]]:
        """Les cellules publiées et non nulles, nommées par leur colonne et leur ligne."""
        couples = [(a, b) for b in self.lignes for a in self.colonnes if self.lues[a, b].nombre]
        return [(self.colonnes[a], self.lignes[b], self.lues[a, b]) for a, b in couples]

    def tableau(self) -> Tableau:
        """Une ligne par modalité du second axe, une colonne par modalité du premier."""
        return Tableau(
            [self.titre, *self.colonnes.values()],
            [[nom, *(entier(self.lues[a, b]) for a in self.colonnes)] for b, nom in self.lignes.items()],
        )

    def dessin(self, couleur: str) -> str:
        """Un groupe de barres par colonne renseignée ; le non-renseigné d'une ligne est gris."""
        tons = {b: GRIS if b == NON_RENSEIGNE else couleur for b in self.lignes}
        return figures.panneaux(
            [
                (titre, [_barre(nom, self.lues[a, b], tons[b]) for b, nom in self.lignes.items()])
                for a, titre in self.colonnes.items()
                if a != NON_RENSEIGNE
            ]
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
    recit = vocabulaire.raconter(contexte, indicateur)
    return Figure(
        id=f"{indicateur}-trimestres".replace("_", "-"),
        titre=f"{libelle} : {recit}" if recit else libelle,
        sous_titre=TRIMESTRES_SOUS_TITRE.format(libelle=libelle, ou=contexte.ou, unite=unites.unite),
        alt=_alt(libelle, [(p.libelle, entier(c)) for p, c in series.items()][-4:], avis),
        tableau=_tableau_de_trimestres(contexte, indicateur, unite),
        lecture=_lire_trimestres(contexte, publiees, unite),
        champ=contexte.decrire(indicateur, "champ"),
        source=contexte.decrire(indicateur, "source"),
        svg=None if avis else _colonnes(contexte, series, unites, unite),
        avis=avis,
        note=TRIMESTRES_NOTE if any(map(contexte.provisoire, publiees)) else "",
    )


def _lire_trimestres(contexte: Contexte, publiees: dict[Periode, Cellule], unite: str) -> str:
    """La lecture du dernier trimestre publié."""
    if not publiees:
        return phrases.LECTURE_VIDE
    dernier = max(publiees)
    valeur = vocabulaire.dire(publiees[dernier], unite)
    return TRIMESTRES_LECTURE.format(pendant=replace(contexte, periode=dernier).pendant, valeur=valeur)


def _colonnes(contexte: Contexte, series: dict[Periode, Cellule], unites: Echelle, unite: str) -> str:
    return figures.trimestres(
        [
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


def _barre(libelle: str, cellule: Cellule, ton: str) -> figures.Barre:
    return figures.Barre(libelle, cellule.reel, entier(cellule), ton)


def _alt(titre: str, valeurs: list[tuple[str, str]], avis: str) -> str:
    if avis:
        return f"{titre}. {avis}"
    dites = " ; ".join(f"{nom}, {valeur}" for nom, valeur in valeurs[:4])
    return f"{titre}. {dites}. Toutes les valeurs sont dans le tableau."


def _restes(ventilation: str) -> set[str]:
    """Les libellés des modalités qui en réunissent d'autres : elles ne se commentent pas."""
    libelles = ventilations()[ventilation].libelles
    return {libelles[code] for code in ("AUTRE", "AUTRES") if code in libelles}


def _constat_de_taux(
    contexte: Contexte, indicateur: str, publiees: Sequence[tuple[str, Cellule]], restes: set[str]
) -> str:
    """L'étendue des taux publiés, s'il y en a deux qui diffèrent à l'impression."""
    unite = contexte.decrire(indicateur, "unite")
    ecrits = {nom: vocabulaire.ecrire(cellule, unite) for nom, cellule in publiees if nom not in restes}
    if len(set(ecrits.values())) < 2:
        return ""
    haut, *_, bas = ecrits
    return TAUX_TITRE.format(
        libelle=contexte.decrire(indicateur, "libelle"),
        bas=ecrits[bas],
        ou_bas=vocabulaire.minuscule(bas),
        haut=ecrits[haut],
        ou_haut=vocabulaire.minuscule(haut),
    )


def _lire_taux(contexte: Contexte, publiees: Sequence[tuple[str, Cellule]], unite: str) -> str:
    if not publiees:
        return phrases.LECTURE_VIDE
    nom, cellule = publiees[0]
    valeur = vocabulaire.dire(cellule, unite)
    return TAUX_LECTURE.format(pendant=contexte.pendant, modalite=nom, valeur=valeur)


def _lire_croisement(contexte: Contexte, publiees: Sequence[tuple[str, str, Cellule]], unite: str) -> str:
    if not publiees:
        return phrases.LECTURE_VIDE
    colonne, ligne, cellule = publiees[0]
    effectif = vocabulaire.dire(cellule, unite)
    return CROISEMENT_LECTURE.format(
        pendant=contexte.pendant, ligne=ligne, colonne=colonne, effectif=effectif
    )
