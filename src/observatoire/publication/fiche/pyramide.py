"""La pyramide des bénéficiaires : les femmes d'un côté, les hommes de l'autre, les âges entre eux."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.publication import figures
from observatoire.publication.blocs import Avis, Figure, Tableau
from observatoire.publication.cellules import NON_DISPONIBLE, Cellule, part, somme
from observatoire.publication.charte import couleur_modalite
from observatoire.publication.fiche import phrases
from observatoire.publication.fiche.ventilees import joindre
from observatoire.publication.formats import accorder, entier, pct
from observatoire.referentiel import NON_RENSEIGNE, ventilations

if TYPE_CHECKING:
    from observatoire.publication.fiche.contexte import Contexte

_BENEFICIAIRES, _CROISEMENT = "beneficiaires", "sexe_tranche_age"
_SEXE, _AGE = ventilations()[_CROISEMENT].axes
_FEMMES, _HOMMES = "F", "M"
_NOMS = {_FEMMES: ("femme", "femmes"), _HOMMES: ("homme", "hommes")}

TITRE = "Bénéficiaires selon le sexe et l’âge à l’entrée"
CONSTAT = "La part des femmes va de {bas} ({age_bas}) à {haut} ({age_haut})"
CONSTAT_EGAL = "Les femmes forment {part} des bénéficiaires à tous les âges"
SOUS_TITRE = (
    "Bénéficiaires qui habitent {ou}, {quand}, selon le sexe et l’âge à l’entrée ; ensemble : {ensemble}"
)
LECTURE = "{pendant}, la ligne « {age} » compte {femmes} et {hommes}."
NOTE_AGES = "Les quelques âges non renseignés sont réunis aux 26-49 ans."
NOTE_INCONNUS = "Les personnes de sexe non renseigné ne sont ni dans le dessin ni dans la part des femmes."
NOTE_PROVISOIRE = "Barres hachurées : chiffres provisoires."


@dataclass(frozen=True, slots=True)
class Etage:
    """Une ligne de la pyramide : un âge, ses femmes, ses hommes, les personnes de sexe inconnu."""

    age: str
    femmes: Cellule
    hommes: Cellule
    inconnus: Cellule

    @property
    def part(self) -> Cellule:
        """La part des femmes parmi les personnes de sexe connu, en %."""
        return part(self.femmes, somme(self.femmes, self.hommes))


def figure_pyramide(contexte: Contexte) -> Figure | Avis:
    """Rend la pyramide à la période la plus courte dont le plan publie le croisement."""
    contexte = contexte.detaillant(_BENEFICIAIRES, _CROISEMENT)
    ensemble = contexte.lire(_BENEFICIAIRES)
    if ensemble.statut == NON_DISPONIBLE:
        return contexte.sans_donnees(TITRE)
    if not contexte.detaille(_BENEFICIAIRES, _CROISEMENT):
        return contexte.sans_detail(TITRE, ensemble, phrases.PERSONNES)
    etages = _lire_etages(contexte)
    avis = ""
    if all(x.femmes.nombre is None and x.hommes.nombre is None for x in etages):
        avis = phrases.EFFECTIF_NUL if ensemble.nombre == 0 else phrases.RIEN_DE_PUBLIABLE
    provisoire = contexte.provisoire(contexte.periode)
    inconnus = any(x.inconnus.statut != NON_DISPONIBLE for x in etages)
    return Figure(
        id="pyramide",
        titre=_constat(etages),
        sous_titre=SOUS_TITRE.format(
            ou=contexte.ou, quand=contexte.quand, ensemble=accorder(ensemble, *phrases.PERSONNES)
        ),
        alt=_alt(etages, avis),
        tableau=_tableau(contexte, etages, inconnus=inconnus),
        lecture=_lecture(contexte, etages),
        champ=contexte.champ(_BENEFICIAIRES),
        source=contexte.decrire(_BENEFICIAIRES, "source"),
        svg=None if avis else _dessin(etages, provisoire=provisoire),
        avis=avis,
        note="" if avis else _note(inconnus=inconnus, provisoire=provisoire),
    )


def _note(*, inconnus: bool, provisoire: bool) -> str:
    return joindre(NOTE_AGES, NOTE_INCONNUS if inconnus else "", NOTE_PROVISOIRE if provisoire else "")


def _lire_etages(contexte: Contexte) -> list[Etage]:
    """Les âges, du plus élevé au plus bas : c'est ainsi qu'une pyramide se lit."""
    return [
        Etage(
            libelle.split(",")[0],  # « ou âge non renseigné » est dit en note
            *(
                contexte.lire(_BENEFICIAIRES, _CROISEMENT, f"{sexe}×{code}")
                for sexe in (_FEMMES, _HOMMES, NON_RENSEIGNE)
            ),
        )
        for code, libelle in reversed(ventilations()[_AGE].libelles.items())
    ]


def _constat(etages: list[Etage]) -> str:
    """L'étendue des parts publiées ; le titre neutre s'il n'y en a pas deux."""
    publies = sorted((x for x in etages if x.part.nombre is not None), key=lambda x: x.part.nombre or 0)
    if len(publies) < 2:
        return TITRE
    bas, haut = publies[0], publies[-1]
    if pct(bas.part) == pct(haut.part):
        return CONSTAT_EGAL.format(part=pct(bas.part)) if len(publies) == len(etages) else TITRE
    ages = {"age_bas": bas.age.lower(), "age_haut": haut.age.lower()}
    return CONSTAT.format(bas=pct(bas.part), haut=pct(haut.part), **ages)


def _lecture(contexte: Contexte, etages: list[Etage]) -> str:
    lisibles = [x for x in etages if x.femmes.nombre is not None and x.hommes.nombre is not None]
    if not lisibles:
        return phrases.LECTURE_VIDE
    return LECTURE.format(
        pendant=contexte.pendant,
        age=lisibles[-1].age,
        femmes=accorder(lisibles[-1].femmes, *_NOMS[_FEMMES]),
        hommes=accorder(lisibles[-1].hommes, *_NOMS[_HOMMES]),
    )


def _alt(etages: list[Etage], avis: str) -> str:
    if avis:
        return f"{TITRE}. {avis}"
    dits = " ; ".join(f"{x.age} : {entier(x.femmes)} femmes, {entier(x.hommes)} hommes" for x in etages)
    return f"Pyramide, les femmes à gauche, les hommes à droite. {dits}."


def _tableau(contexte: Contexte, etages: list[Etage], *, inconnus: bool) -> Tableau:
    """Une ligne par âge, puis l'ensemble : ses sexes se lisent dans leur propre ventilation."""
    sexes = (_FEMMES, _HOMMES, NON_RENSEIGNE)
    ensemble = Etage("Ensemble", *(contexte.lire(_BENEFICIAIRES, _SEXE, sexe) for sexe in sexes))
    lignes = [
        [
            x.age,
            entier(x.femmes),
            entier(x.hommes),
            *([entier(x.inconnus)] if inconnus else []),
            pct(x.part),
        ]
        for x in (*etages, ensemble)
    ]
    colonne = ["Non renseigné"] if inconnus else []
    return Tableau(["Âge à l’entrée", "Femmes", "Hommes", *colonne, "Part femmes"], lignes)


def _dessin(etages: list[Etage], *, provisoire: bool) -> str:
    libelles = ventilations()[_SEXE].libelles
    cotes = [
        (
            libelles[sexe],
            [figures.Barre(x.age, c.reel, entier(c), couleur_modalite(_SEXE, sexe)) for x, c in lues],
        )
        for sexe, lues in (
            (_FEMMES, [(x, x.femmes) for x in etages]),
            (_HOMMES, [(x, x.hommes) for x in etages]),
        )
    ]
    return figures.pyramide(cotes, provisoire=provisoire)
