"""Le profil des bénéficiaires, comparé à celui de la région."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.publication import figures
from observatoire.publication.blocs import Avis, Figure, Tableau
from observatoire.publication.cellules import ABSENTE, NON_DISPONIBLE, SECRET, Cellule
from observatoire.publication.fiche import phrases
from observatoire.publication.fiche.ventilees import dater, joindre
from observatoire.publication.formats import accorder, entier, pct

if TYPE_CHECKING:
    from observatoire.publication.fiche.contexte import Contexte
    from observatoire.publication.repartitions import Ligne

_BENEFICIAIRES, _PUBLIC, _SEXE = "beneficiaires", "public", "sexe"
_PUBLICS_MONTRES = 3


def figure_profil(contexte: Contexte) -> Figure | Avis:
    """Rend le profil des bénéficiaires : femmes, âges, quartier, diplôme, principaux publics."""
    contexte = contexte.publiant(_BENEFICIAIRES, _SEXE)
    ensemble = contexte.lire(_BENEFICIAIRES)
    if ensemble.statut == NON_DISPONIBLE:
        return contexte.sans_donnees(phrases.PROFIL_TITRE)
    if not contexte.detaille(_BENEFICIAIRES, _SEXE):
        return contexte.sans_detail(phrases.PROFIL_TITRE, ensemble, phrases.PERSONNES)
    region = contexte.region(_BENEFICIAIRES, _SEXE)
    lignes = [
        (
            contexte.repartir(_BENEFICIAIRES, ventilation).reunir(*codes, libelle=libelle),
            region.repartir(_BENEFICIAIRES, ventilation).reunir(*codes, libelle=libelle).part,
        )
        for libelle, ventilation, codes in (*phrases.PROFILS, *_publics(region))
    ]
    if contexte.est_region:
        lignes = [(ligne, ABSENTE) for ligne, _ in lignes]
    avis = ""
    if all(ligne.part.nombre is None for ligne, _ in lignes):
        avis = phrases.EFFECTIF_NUL if ensemble.nombre == 0 else phrases.RIEN_DE_PUBLIABLE
    compare = ABSENTE if region.periode != contexte.periode else lignes[0][1]
    return Figure(
        id="profil",
        titre=_constat(lignes[0][0], compare),
        sous_titre=phrases.PROFIL_SOUS_TITRE.format(
            ou=contexte.ou, quand=contexte.quand, ensemble=accorder(ensemble, *phrases.PERSONNES)
        ),
        alt=_alt(lignes, avis),
        tableau=_tableau(contexte, lignes),
        lecture=_lecture(contexte, [ligne for ligne, _ in lignes]),
        champ=contexte.champ(_BENEFICIAIRES),
        source=contexte.decrire(_BENEFICIAIRES, "source"),
        svg=None if avis else _dessin(contexte, lignes),
        avis=avis,
        note=joindre(
            "" if avis == phrases.RIEN_DE_PUBLIABLE else _note(contexte),
            *dater(contexte, region, not contexte.est_region),
        ),
    )


def _publics(region: Contexte) -> list[tuple[str, str, tuple[str, ...]]]:
    """Les publics les plus nombreux de la région : les mêmes dans toutes les fiches du trimestre."""
    lignes = region.repartir(_BENEFICIAIRES, _PUBLIC).lignes
    codes = [ligne.codes[0] for ligne in lignes if ligne.effectif.nombre]
    montres = [code for code in codes if code in phrases.PUBLICS][:_PUBLICS_MONTRES]
    return [(phrases.PUBLICS[code], _PUBLIC, (code,)) for code in montres]


def _constat(femmes: Ligne, region: Cellule) -> str:
    if not femmes.part.nombre:
        return phrases.PROFIL_TITRE
    modele = phrases.PROFIL_CONSTAT
    if region.nombre is not None:
        modele = phrases.PROFIL_COMME if pct(region) == pct(femmes.part) else phrases.PROFIL_COMPARE
    return modele.format(part=pct(femmes.part), region=pct(region))


def _note(contexte: Contexte) -> str:
    """Le taux de non-renseigné de chaque critère, suivi d'une mise en garde s'il est élevé."""
    criteres = dict.fromkeys(ventilation for _, ventilation, _ in (*phrases.PROFILS, ("", _PUBLIC, ())))
    taux = {critere: contexte.repartir(_BENEFICIAIRES, critere).taux_nr for critere in criteres}
    ecrits = [
        f"{phrases.CRITERES[critere]} {pct(cellule)}{_precaution(contexte, cellule)}"
        for critere, cellule in taux.items()
        if cellule.statut != NON_DISPONIBLE
    ]
    return (
        f"{phrases.PROFIL_NR.format(taux=' ; '.join(ecrits))} {phrases.MULTIVALUE}"
        if ecrits
        else phrases.MULTIVALUE
    )


def _precaution(contexte: Contexte, taux: Cellule) -> str:
    if taux.statut == SECRET:
        return phrases.PROFIL_SECRET
    return phrases.PRUDENCE if contexte.alerte_nr(taux) else ""


def _lecture(contexte: Contexte, lignes: list[Ligne]) -> str:
    publiees = [ligne for ligne in lignes if ligne.effectif.nombre is not None]
    if not publiees:
        return phrases.LECTURE_VIDE
    ligne = next((ligne for ligne in publiees if ligne.part.nombre is not None), publiees[0])
    modele = phrases.LECTURE_SIMPLE if ligne.part.nombre is None else phrases.PROFIL_LECTURE
    effectif = accorder(ligne.effectif, "personne", "personnes")
    return modele.format(
        pendant=contexte.pendant, modalite=ligne.libelle, effectif=effectif, part=pct(ligne.part)
    )


def _alt(lignes: list[tuple[Ligne, Cellule]], avis: str) -> str:
    if avis:
        return f"{phrases.PROFIL_TITRE}. {avis}"
    parts = " ; ".join(f"{ligne.libelle}, {pct(ligne.part)}" for ligne, _ in lignes[:4])
    return f"Points comparant le territoire à la région. {parts}. Toutes les valeurs sont dans le tableau."


def _tableau(contexte: Contexte, lignes: list[tuple[Ligne, Cellule]]) -> Tableau:
    region = [] if contexte.est_region else ["Région"]
    ecrites = [[ligne.libelle, entier(ligne.effectif), pct(ligne.part), pct(part)] for ligne, part in lignes]
    return Tableau(["Profil", "Personnes", "Part", *region], [ligne[: 3 + len(region)] for ligne in ecrites])


def _dessin(contexte: Contexte, lignes: list[tuple[Ligne, Cellule]]) -> str:
    points = [
        figures.Point(ligne.libelle, ligne.part.reel, pct(ligne.part), part.reel) for ligne, part in lignes
    ]
    return figures.points(points, (contexte.territoire.nom, phrases.REGION))
