"""La boîte de méthode et de qualité : d'où viennent les chiffres, ce qui leur manque, comment les lire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.publication.blocs import Methode, Tableau
from observatoire.publication.cellules import NON_DISPONIBLE, SECRET
from observatoire.publication.fiche import phrases
from observatoire.publication.formats import accorder, entier, jour, jour_court, pct
from observatoire.referentiel import MILLESIME_GEOGRAPHIE

if TYPE_CHECKING:
    from observatoire.publication.fiche.contexte import Contexte

_REPARTIES = (
    ("heures_realisees", "modalite"),
    ("contrats_actifs", "type_contrat"),
    ("beneficiaires", "niveau_diplome"),
    ("beneficiaires", "qpv"),
    ("beneficiaires", "prescripteur"),
)


def boite(contexte: Contexte) -> Methode:
    """Rend la méthode, les sources reçues, les taux de non-renseigné, le secret et les signes."""
    paragraphes = [
        phrases.FICTIF if contexte.fictif else "",
        _statut(contexte),
        phrases.GEOGRAPHIE.format(millesime=MILLESIME_GEOGRAPHIE),
        _secret(contexte),
        _non_renseigne(contexte),
        _contact(contexte),
    ]
    colonnes = ["Source, millésime", "Lues", "Gardées", "Marquées", "Écartées"]
    return Methode(
        list(filter(None, paragraphes)),
        Tableau(colonnes, _sources(contexte)),
        [list(signe) for signe in phrases.SIGNES],
    )


def _statut(contexte: Contexte) -> str:
    modele = phrases.PROVISOIRE if contexte.provisoire(contexte.periode) else phrases.DEFINITIF
    return modele.format(
        extraction=jour(contexte.extraction),
        jours=accorder(contexte.parametre("jours_avant_definitif"), "jour", "jours"),
        date=jour(contexte.definitif_le(contexte.periode)),
    )


def _secret(contexte: Contexte) -> str:
    publiees = contexte.cellules.compter(contexte.territoire, contexte.periode)
    secretes = contexte.cellules.compter(contexte.territoire, contexte.periode, SECRET)
    seuil = contexte.parametre("seuil_personnes")
    return phrases.SECRET.format(
        seuil=accorder(seuil, "personne", "personnes"),
        secretes=accorder(secretes, "cellule secrète", "cellules secrètes"),
        total=entier(publiees),
    )


def _non_renseigne(contexte: Contexte) -> str:
    taux = {critere: contexte.repartir(indicateur, critere).taux_nr for indicateur, critere in _REPARTIES}
    ecrits = [
        f"{phrases.CRITERES[critere]} {pct(cellule)}"
        for critere, cellule in taux.items()
        if cellule.statut != NON_DISPONIBLE
    ]
    return phrases.METHODE_NR.format(taux=" ; ".join(ecrits)) if ecrits else ""


def _contact(contexte: Contexte) -> str:
    maison = contexte.config.reglages["observatoire"]
    par_etp = accorder(contexte.parametre("heures_par_etp"), "heure", "heures")
    return phrases.CONTACT.format(par_etp=par_etp, nom=maison["nom"], contact=maison["contact"])


def _sources(contexte: Contexte) -> list[list[str]]:
    """Une ligne par source : ses fichiers s'additionnent, la date est celle du plus récent."""
    lignes = []
    for (titre,), fichiers in contexte.provenance.groupby(["titre"], sort=True):
        nombres = [entier(int(fichiers[nom].sum())) for nom in ("lues", "gardees", "marquees", "ecartees")]
        lignes.append([f"{titre}, {jour_court(fichiers['date_extraction'].max())}", *nombres])
    return lignes
