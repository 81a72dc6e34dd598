"""Les grands projets : ce que leurs marchés engagent, face aux objectifs de leurs chartes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.publication.blocs import Avis, Figure, Tableau
from observatoire.publication.cellules import ABSENTE, NON_DISPONIBLE, Cellule
from observatoire.publication.fiche import phrases
from observatoire.publication.fiche.taux import Ligne, alterner, dessiner
from observatoire.publication.formats import SANS_OBJET, entier, pct
from observatoire.referentiel import libelles_courts, ventilations

if TYPE_CHECKING:
    from observatoire.publication.fiche.contexte import Contexte

PROJET, MAITRE = "projet", "maitre_ouvrage"
_MARCHES, _RESERVEES, _OBJECTIF = "marches_projets", "part_heures_reservees", "objectif_heures_reservees"
_SUIVIS = "couverture_projets"
_PME, _EVALUES, _PME_CONFORMES = "part_pme_projets", "projets_pme_evalues", "part_projets_pme_conformes"

PROJETS_TITRE = "Heures réservées à l’insertion par les grands projets"
PROJETS_CONSTAT = (
    "Les grands projets réservent {part} de leurs heures à l’insertion, pour un objectif de {objectif}"
)
PROJETS_SOUS_TITRE = "Part des heures que leurs marchés exécutés {ou} réservent, à la fin du {quand}, en %"
PROJETS_LECTURE = "fin {quand}, les marchés de « {modalite} » réservent {part} de leurs heures à l’insertion."
PROJETS_NOTE = (
    "L’objectif est celui des chartes, 5 ou 10 % selon la date et le maître d’ouvrage, pondéré par les "
    "heures. Engagements déclarés à la notification, non heures réalisées. Suivis : part des "
    "marchés qu’un logiciel de suivi connaît."
)
PME_TITRE = "Part du montant des grands projets confiée à des PME"
PME_CONSTAT = "Les grands projets confient {part} de leur montant à des PME"
PME_SOUS_TITRE = "Part du montant des marchés exécutés {ou}, à la fin du {quand}, en %"
PME_LECTURE = "fin {quand}, « {modalite} » confie {part} du montant de ses marchés à des PME."
PME_NOTE = "Objectif des chartes : {chartes}. Les autres maîtres d’ouvrage n’en ont pas."


def figure_projets(contexte: Contexte) -> Figure | Avis:
    """Rend, projet par projet, la part des heures réservée à l'insertion et l'objectif de la charte."""
    contexte = contexte.etat(_MARCHES)
    noms = _presents(contexte, PROJET, _MARCHES)
    if not noms:
        return contexte.sans_donnees(PROJETS_TITRE)
    lignes = [
        Ligne(libelle, contexte.lire(_RESERVEES, PROJET, code), contexte.lire(_OBJECTIF, PROJET, code))
        for code, libelle in noms.items()
    ]
    reservees, objectif = contexte.lire(_RESERVEES), contexte.lire(_OBJECTIF)
    publie = reservees.nombre is not None and objectif.nombre is not None
    avis = _motif(lignes)
    return Figure(
        id="projets",
        titre=PROJETS_CONSTAT.format(part=pct(reservees), objectif=pct(objectif))
        if publie
        else PROJETS_TITRE,
        sous_titre=PROJETS_SOUS_TITRE.format(ou=contexte.ou, quand=contexte.quand),
        alt=alterner(PROJETS_TITRE, lignes, avis, "à l’objectif de la charte"),
        tableau=Tableau(
            ["Projet", "Marchés", "Réservé", "Objectif", "Suivis"],
            _lignes_projets(contexte, noms),
        ),
        lecture=_lecture(contexte, PROJETS_LECTURE, lignes),
        champ=contexte.champ(_RESERVEES),
        source=contexte.decrire(_RESERVEES, "source"),
        svg=None if avis else dessiner(lignes, ("Réservé", "Objectif")),
        avis=avis,
        note=PROJETS_NOTE,
    )


def figure_petites_entreprises(contexte: Contexte) -> Figure | Avis:
    """Rend, par maître d'ouvrage, la part du montant confiée à des PME et l'objectif de sa charte."""
    contexte = contexte.etat(_PME)
    noms = _presents(contexte, MAITRE, _PME)
    ensemble = contexte.lire(_PME)
    if not noms and ensemble.nombre is None:
        return contexte.sans_donnees(PME_TITRE)
    lignes = [
        Ligne(libelle, contexte.lire(_PME, MAITRE, code), _charte(contexte, code))
        for code, libelle in noms.items()
    ] or [Ligne("Ensemble", ensemble)]
    avis = _motif(lignes)
    return Figure(
        id="petites-entreprises",
        titre=PME_CONSTAT.format(part=pct(ensemble)) if ensemble.nombre is not None else PME_TITRE,
        sous_titre=PME_SOUS_TITRE.format(ou=contexte.ou, quand=contexte.quand),
        alt=alterner(PME_TITRE, lignes, avis, "à l’objectif de la charte"),
        tableau=Tableau(
            ["Maître d’ouvrage", "Part PME", "Objectif", "Conformes"], _lignes_pme(contexte, noms)
        ),
        lecture=_lecture(contexte, PME_LECTURE, lignes),
        champ=contexte.champ(_PME),
        source=contexte.decrire(_PME, "source"),
        svg=None if avis else dessiner(lignes, ("Part PME", "Objectif")),
        avis=avis,
        note=PME_NOTE.format(chartes=_chartes(contexte, noms)) if noms else "",
    )


def _presents(contexte: Contexte, ventilation: str, indicateur: str) -> dict[str, str]:
    """Les modalités dont le territoire a au moins un marché, ou un secret ; le non-renseigné est un autre."""
    libelles = ventilations()[ventilation].libelles
    lues = {code: contexte.lire(indicateur, ventilation, code) for code in libelles}
    gardes = [
        code for code, cellule in lues.items() if cellule.statut != NON_DISPONIBLE and cellule.nombre != 0
    ]
    return {code: libelles_courts().get(code, libelles[code]) for code in gardes}


def _lignes_projets(contexte: Contexte, noms: dict[str, str]) -> list[list[str]]:
    taux = (_RESERVEES, _OBJECTIF, _SUIVIS)
    lignes = [
        [
            libelle,
            entier(contexte.lire(_MARCHES, PROJET, code)),
            *(pct(contexte.lire(nom, PROJET, code)) for nom in taux),
        ]
        for code, libelle in noms.items()
    ]
    ensemble = ["Ensemble", entier(contexte.lire(_MARCHES)), *(pct(contexte.lire(nom)) for nom in taux)]
    return [*lignes, ensemble]


def _lignes_pme(contexte: Contexte, noms: dict[str, str]) -> list[list[str]]:
    lignes = []
    for code, libelle in noms.items():
        charte = _charte(contexte, code)
        sans = charte.nombre is None
        conformes = contexte.lire(_PME_CONFORMES, MAITRE, code)
        lignes.append(
            [
                libelle,
                pct(contexte.lire(_PME, MAITRE, code)),
                SANS_OBJET if sans else pct(charte, 0),
                SANS_OBJET if sans else pct(conformes),
            ]
        )
    ensemble = ["Ensemble", pct(contexte.lire(_PME)), SANS_OBJET, pct(contexte.lire(_PME_CONFORMES))]
    return [*lignes, ensemble]


def _charte(contexte: Contexte, code: str) -> Cellule:
    """La part de PME que la charte d'un maître d'ouvrage fixe, absente s'il n'en a pas."""
    dates = [
        (depuis, valeur)
        for nom, depuis, valeur in contexte.config.parametres_dates()
        if nom == f"charte_pme_pct_{code}" and depuis <= contexte.periode.fin
    ]
    return Cellule.de(max(dates)[1]) if dates else ABSENTE


def _chartes(contexte: Contexte, noms: dict[str, str]) -> str:
    chartes = {libelle: _charte(contexte, code) for code, libelle in noms.items()}
    dites = [f"{libelle} {pct(c, 0)}" for libelle, c in chartes.items() if c.nombre is not None]
    return " ; ".join(dites) or "aucun"


def _motif(lignes: list[Ligne]) -> str:
    publie = any(ligne.valeur.nombre is not None for ligne in lignes)
    return "" if publie else phrases.RIEN_DE_PUBLIABLE


def _lecture(contexte: Contexte, modele: str, lignes: list[Ligne]) -> str:
    ligne = next((ligne for ligne in lignes if ligne.valeur.nombre is not None), None)
    if ligne is None:
        return phrases.LECTURE_VIDE
    return modele.format(quand=contexte.quand, modalite=ligne.libelle, part=pct(ligne.valeur))
