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
        _qualite_ici(contexte),
        _qualite_heures(contexte),
        _qualite_marches(contexte),
        *_couverture(contexte),
        *_derogations(contexte),
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
    periodes = {contexte.periode, contexte.periode.quatre_trimestres}  # une année est ses quatre trimestres
    ici = contexte.territoire
    total = sum(contexte.cellules.compter(ici, periode) for periode in periodes)
    secretes = sum(contexte.cellules.compter(ici, periode, SECRET) for periode in periodes)
    comptees = accorder(secretes, "donnée", "données")
    return phrases.SECRET.format(
        personnes=entier(contexte.parametre("seuil_personnes")),
        sensible=entier(contexte.parametre("seuil_personnes_sensible")),
        employeurs=entier(contexte.parametre("employeurs_minimum")),
        ici=phrases.SECRET_ICI.format(secretes=comptees, total=entier(total)) if total else "",
    )


def _non_renseigne(contexte: Contexte) -> str:
    vues = {(nom, critere): contexte.publiant(nom, critere) for nom, critere in _REPARTIES}
    taux = {
        critere: vue.repartir(nom, critere).taux_nr
        for (nom, critere), vue in vues.items()
        if vue.detaille(nom, critere)
    }
    ecrits = [
        f"{phrases.CRITERES[critere]} {pct(cellule)}"
        for critere, cellule in taux.items()
        if cellule.statut != NON_DISPONIBLE
    ]
    return phrases.METHODE_NR.format(taux=" ; ".join(ecrits)) if ecrits else ""


def _qualite_ici(contexte: Contexte) -> str:
    """Ce que valent les données du territoire (D1) ; rien de ce qui n'est pas publié."""
    vue = contexte.publiant("heures_realisees", "ligne_complete")
    mesures = []
    for indicateur, modele in phrases.QUALITES_ICI:
        cellule = vue.lire(indicateur)
        if cellule.nombre is not None:
            jours = indicateur == "delai_de_saisie"
            valeur = accorder(cellule, "jour", "jours") if jours else pct(cellule)
            mesures.append(modele.format(valeur=valeur))
    ecrites = " ; ".join(mesures)
    return phrases.QUALITE_ICI.format(ou=vue.ou, quand=vue.quand, mesures=ecrites) if mesures else ""


def _qualite_heures(contexte: Contexte) -> str:
    if contexte.mesure("completude_heures") is None:
        return ""
    return phrases.QUALITE_HEURES.format(
        completude=pct(contexte.mesure("completude_heures")),
        delai=accorder(contexte.mesure("delai_saisie_median"), "jour", "jours"),
        estimees=pct(contexte.mesure("part_heures_estimees")),
        mutualisees=_mutualisees(contexte),
        rapprochement=pct(contexte.mesure("rapprochement")),
        plusieurs=pct(contexte.mesure("personnes_de_plusieurs_structures")),
    )


def _mutualisees(contexte: Contexte) -> str:
    """Dit la part des missions communes à plusieurs clauses ; rien quand il n'y en a pas."""
    part = contexte.mesure("part_heures_mutualisees")
    return phrases.MUTUALISEES.format(part=pct(part)) if part else ""


def _qualite_marches(contexte: Contexte) -> str:
    if contexte.mesure("completude_marches") is None:
        return ""
    return phrases.QUALITE_MARCHES.format(
        completude=pct(contexte.mesure("completude_marches")),
        delai=accorder(contexte.mesure("delai_publication_median"), "jour", "jours"),
    )


def _couverture(contexte: Contexte) -> list[str]:
    """Une phrase par source dont le trimestre n'a pas la moitié du même trimestre un an avant."""
    lignes = contexte.qualite.loc[contexte.qualite["mesure"] == f"couverture:{contexte.periode}"]
    return [
        phrases.COUVERTURE_INCOMPLETE.format(part=pct(part), titre=_titre(contexte, source))
        for source, part in zip(lignes["source"], lignes["valeur"], strict=True)
    ]


def _derogations(contexte: Contexte) -> list[str]:
    lignes = contexte.qualite.loc[contexte.qualite["mesure"].str.startswith("derogation:")]
    return [
        phrases.DEROGATION.format(titre=_titre(contexte, source), texte=texte)
        for source, texte in zip(lignes["source"], lignes["texte"], strict=True)
    ]


def _titre(contexte: Contexte, source: str) -> str:
    titres = contexte.provenance.loc[contexte.provenance["source"] == source, "titre"]
    return str(titres.iloc[0]) if len(titres) else source


def _contact(contexte: Contexte) -> str:
    maison = contexte.config.reglages["observatoire"]
    par_etp = accorder(contexte.parametre("heures_par_etp"), "heure", "heures")
    return phrases.CONTACT.format(par_etp=par_etp, nom=maison["nom"], contact=maison["contact"])


def _sources(contexte: Contexte) -> list[list[str]]:
    """Une ligne par source : ses fichiers s'additionnent, la date est celle du plus récent.

    Le premier paragraphe de la boîte dit déjà, une fois, que les données sont fictives.
    """
    lignes = []
    for (titre,), fichiers in contexte.provenance.groupby(["titre"], sort=True):
        nombres = [entier(int(fichiers[nom].sum())) for nom in ("lues", "gardees", "marquees", "ecartees")]
        nom = str(titre).removesuffix(phrases.SUFFIXE_FICTIF)
        lignes.append([f"{nom}, {jour_court(fichiers['date_extraction'].max())}", *nombres])
    return lignes
