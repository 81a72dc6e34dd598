"""La tendance : les heures d'insertion, trimestre par trimestre."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.perimetre import Periode
from observatoire.publication import figures
from observatoire.publication.blocs import Avis, Figure, Tableau
from observatoire.publication.cellules import NON_DISPONIBLE, Cellule, part
from observatoire.publication.charte import COULEURS
from observatoire.publication.echelles import echelle
from observatoire.publication.fiche import phrases
from observatoire.publication.fiche.contexte import CHAMP_CONSTANT
from observatoire.publication.formats import SANS_OBJET, accorder, entier, evolution, pct

if TYPE_CHECKING:
    from observatoire.publication.echelles import Echelle
    from observatoire.publication.fiche.contexte import Contexte

HEURES = "heures_realisees"
_TOUT = 99.95  # au-delà, le champ constant est tout le champ : la même évolution s'écrirait deux fois


def figure_tendance(contexte: Contexte) -> Figure | Avis:
    """Rend la figure des heures des derniers trimestres, le dernier hachuré s'il est provisoire."""
    series = {periode: contexte.lire(HEURES, periode=periode) for periode in contexte.trimestres}
    if all(cellule.statut == NON_DISPONIBLE for cellule in series.values()):
        return contexte.sans_donnees(phrases.TENDANCE_TITRE)
    publiees = {periode: cellule for periode, cellule in series.items() if cellule.nombre is not None}
    unites = echelle(series.values(), "heures")
    avis = "" if publiees else phrases.RIEN_DE_PUBLIABLE
    return Figure(
        id="tendance",
        titre=_constat(contexte),
        sous_titre=phrases.TENDANCE_SOUS_TITRE.format(
            ou=contexte.ou,
            unite=unites.unite,
            rang=contexte.quand.rsplit(" ", 1)[0],
        ),
        alt=_alt(publiees),
        tableau=_tableau(contexte),
        lecture=_lecture(contexte, publiees),
        champ=contexte.decrire(HEURES, "champ"),
        source=contexte.decrire(HEURES, "source"),
        svg=None if avis else _dessin(contexte, series, unites),
        avis=avis,
        note=_note(contexte, publiees),
    )


def _constat(contexte: Contexte) -> str:
    """Un mouvement n'est annoncé que sur des chiffres définitifs, et s'il dépasse 1 %."""
    change, heures = contexte.comparer(HEURES), contexte.lire(HEURES)
    if change.nombre is not None and abs(change.nombre) >= 1:
        verbe = "progressent" if change.nombre > 0 else "reculent"
        return phrases.TENDANCE_CONSTAT.format(verbe=verbe, evolution=pct(abs(change.nombre)))
    if heures.nombre is not None:
        return phrases.TENDANCE_NIVEAU.format(
            heures=accorder(heures, "heure d’insertion", "heures d’insertion"), pendant=contexte.pendant
        )
    return phrases.TENDANCE_TITRE


def _note(contexte: Contexte, publiees: dict[Periode, Cellule]) -> str:
    vue = contexte.publiant(HEURES, "programme")
    projets = part(vue.lire(HEURES, "programme", "GP"), vue.lire(HEURES))
    notes = []
    if any(contexte.provisoire(periode) for periode in publiees):
        notes.append(phrases.TENDANCE_PROVISOIRE)
    if projets.nombre:
        notes.append(phrases.TENDANCE_GRANDS_PROJETS.format(part=pct(projets), pendant=vue.pendant))
    constante = contexte.comparer(HEURES, CHAMP_CONSTANT)
    if constante.nombre is not None and contexte.couverture(HEURES) < _TOUT:
        couverture = pct(contexte.couverture(HEURES))
        notes.append(phrases.TENDANCE_CONSTANTE.format(couverture=couverture, evolution=evolution(constante)))
    return " ".join(notes)


def _alt(publiees: dict[Periode, Cellule]) -> str:
    if not publiees:
        return f"{phrases.TENDANCE_TITRE}. {phrases.RIEN_DE_PUBLIABLE}"
    heures = [f"{entier(cellule)} heures au {periode.libelle}" for periode, cellule in publiees.items()]
    bornes = " ; ".join(dict.fromkeys((heures[0], heures[-1])))
    return f"Colonnes par trimestre. {bornes}. Toutes les valeurs sont dans le tableau."


def _lecture(contexte: Contexte, publiees: dict[Periode, Cellule]) -> str:
    if not publiees:
        return phrases.LECTURE_VIDE
    periode, cellule = list(publiees.items())[-1]
    return contexte.decrire(HEURES, "lecture").format(
        territoire=contexte.territoire.nom, periode=periode.libelle, valeur=entier(cellule)
    )


def _tableau(contexte: Contexte) -> Tableau:
    """Une ligne par année, une colonne par trimestre ; un trimestre à venir est sans objet."""
    annees = range(contexte.trimestres[0].annee, contexte.periode.annee + 1)
    lignes = [
        [str(annee), *(_cellule(contexte, Periode(annee, rang)) for rang in (1, 2, 3, 4))] for annee in annees
    ]
    return Tableau(["Année", "T1", "T2", "T3", "T4"], lignes)


def _cellule(contexte: Contexte, periode: Periode) -> str:
    return SANS_OBJET if periode > contexte.periode else entier(contexte.lire(HEURES, periode=periode))


def _dessin(contexte: Contexte, series: dict[Periode, Cellule], unites: Echelle) -> str:
    colonnes = []
    for periode, cellule in series.items():
        compare = periode.trimestre == contexte.periode.trimestre
        colonnes.append(
            figures.Colonne(
                rang=f"T{periode.trimestre}",
                annee=str(periode.annee),
                hauteur=cellule.reel,
                etiquette=unites.ecrire(cellule),
                couleur=COULEURS["heures" if compare else "heures_autres"],
                provisoire=contexte.provisoire(periode),
            )
        )
    return figures.trimestres(colonnes)
