"""`observatoire mapper` : proposer la correspondance d'un fichier inconnu, avec sa confiance.

Trois indices : les titres connus du métier (`entetes.csv`), leur ressemblance, la forme des valeurs.
Aucune valeur du fichier n'est citée, ni gardée.
"""

from __future__ import annotations

import difflib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from observatoire.acquisition.classeurs import Classeur, feuilles
from observatoire.acquisition.formes import FORMES, est_une_donnee, part_conforme
from observatoire.acquisition.valeurs_separees import TexteSepare
from observatoire.erreurs import SourceError
from observatoire.referentiel import lire_liste
from observatoire.referentiel.ecritures import comparable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LIGNES_LUES = 500
CONFIANCE_MINIMALE = 60  # %
_DONNEES_MAXIMUM = 0.2  # part de titres qui ont l'air de données
# ces formes se reconnaissent sans titre : peu d'autres colonnes leur ressemblent
_PARLANTES = {"rome", "qpv", "nir"}
_PRESQUE_TOUTES = 0.9
_ABREGES = {
    "dt": "date", "h": "heures", "hres": "heures", "hrs": "heures", "heure": "heures", "nb": "nombre",
    "nbre": "nombre", "n": "numero", "no": "numero", "num": "numero", "ref": "reference", "id": "identifiant",
    "ident": "identifiant", "cod": "code", "com": "commune", "cne": "commune", "moa": "maitre ouvrage",
    "ddn": "date naissance", "deb": "debut", "notif": "notification", "struct": "structure",
    "benef": "beneficiaire", "beneficiaires": "beneficiaire", "ctr": "contrat", "emp": "employeur",
    "ent": "entreprise", "lib": "libelle", "real": "realisees", "prev": "prevues", "niv": "niveau",
    "resid": "residence", "exec": "execution", "attrib": "attributaire", "pct": "pourcentage",
}  # fmt: skip
_VIDES = {"de", "du", "des", "d", "la", "le", "les", "l", "a", "en", "au", "un", "une", "et", "ou", "s"}


@dataclass(frozen=True)
class Colonne:
    """Une de nos colonnes : la forme de ses valeurs, les titres qu'elle porte d'ordinaire."""

    nom: str
    forme: str
    titres: tuple[str, ...]


@dataclass(frozen=True)
class Trouvee:
    """Une colonne du fichier qui pourrait être une des nôtres ; la confiance est en %."""

    nom: str
    entete: str
    confiance: int


@dataclass(frozen=True)
class Fichier:
    """Un fichier inconnu : ses titres, des valeurs distinctes de chaque colonne, comment il se lit."""

    chemin: Path
    entetes: list[str]
    valeurs: dict[str, list[str]]
    lecture: dict[str, str]


@dataclass(frozen=True)
class Proposition:
    """Ce que `mapper` propose : les correspondances, et ce qui reste de chaque côté."""

    fichier: Fichier
    genre: str
    trouvees: list[Trouvee]
    sans_correspondance: list[str]
    nominatives: list[str]
    repetees: list[str]
    absentes: list[str]


def proposer(chemin: Path, genre: str) -> Proposition:
    """Propose la correspondance d'un fichier CSV ou XLSX.

    D'un classeur, la feuille retenue est celle qui en donne le plus.

    Raises:
        SourceError: fichier illisible, vide, ou dont la première ligne ne nomme pas de colonnes.
    """
    propositions = [_proposer(fichier, genre) for fichier in _ouvrir(chemin)]
    return max(propositions, key=lambda p: sum(trouvee.confiance for trouvee in p.trouvees))


def _ouvrir(chemin: Path) -> list[Fichier]:
    if not chemin.is_file():
        raise SourceError(f"{chemin.name} est introuvable.", "Vérifier le chemin du fichier.")
    with chemin.open("rb") as flux:
        classeur = flux.read(2) == b"PK"
    if not classeur:
        texte = TexteSepare.deviner(chemin)
        lecture = {"format": "csv", "encodage": texte.encodage, "separateur": texte.separateur}
        return [_echantillonner(texte, lecture)]
    lus, refus = [], None
    for feuille in feuilles(chemin):
        try:
            lus.append(
                _echantillonner(
                    Classeur.ouvrir(chemin, {"feuille": feuille}), {"format": "xlsx", "feuille": feuille}
                )
            )
        except SourceError as erreur:
            refus = erreur
    if not lus:
        raise refus or SourceError(f"{chemin.name} n'a aucune feuille.", "Refaire l'export.")
    return lus


def _echantillonner(tableur: TexteSepare | Classeur, lecture: dict[str, str]) -> Fichier:
    _refuser_sans_titres(tableur.chemin.name, [entete for entete in tableur.entetes if entete.strip()])
    positions = {str(rang): rang for rang in range(len(tableur.entetes))}
    premier = next(tableur.morceaux(positions), None)
    if premier is None:
        raise SourceError(f"{tableur.chemin.name} a un en-tête mais aucune ligne.", "Refaire l'export.")
    valeurs = {
        entete: [" ".join(texte.split()) for texte in premier[str(rang)].head(LIGNES_LUES).dropna()]
        for rang, entete in enumerate(tableur.entetes)
    }
    pleines = {entete: list(dict.fromkeys(filter(None, textes))) for entete, textes in valeurs.items()}
    return Fichier(tableur.chemin, tableur.entetes, pleines, lecture)


def _refuser_sans_titres(nom: str, entetes: Sequence[str]) -> None:
    """Refuse une première ligne de données ; elle n'est pas citée, c'est peut-être celle d'une personne."""
    donnees = sum(est_une_donnee(entete.strip()) for entete in entetes)
    if donnees > _DONNEES_MAXIMUM * len(entetes):
        raise SourceError(
            f"{nom} : la première ligne a l'air d'une ligne de données.",
            "La première ligne nomme les colonnes : refaire l'export avec ses titres.",
        )


def _proposer(fichier: Fichier, genre: str) -> Proposition:
    colonnes = colonnes_connues(genre)
    comptes = Counter(entete for entete in fichier.entetes if entete.strip())
    entetes = [entete for entete, nombre in comptes.items() if nombre == 1]
    candidates = [
        Trouvee(colonne.nom, entete, _confiance(colonne, entete, fichier.valeurs[entete], genre))
        for colonne in colonnes
        for entete in entetes
    ]
    trouvees = _affecter(candidates)
    pris, noms = {t.entete for t in trouvees}, {t.nom for t in trouvees}
    ordre = [colonne.nom for colonne in colonnes]
    restent = [entete for entete in entetes if entete not in pris]
    return Proposition(
        fichier=fichier,
        genre=genre,
        trouvees=sorted(trouvees, key=lambda trouvee: ordre.index(trouvee.nom)),
        sans_correspondance=[entete for entete in restent if not _hors(entete)],
        nominatives=[entete for entete in restent if _hors(entete)],
        repetees=[entete for entete, nombre in comptes.items() if nombre > 1],
        absentes=[nom for nom in ordre if nom not in noms],
    )


def _affecter(candidates: Sequence[Trouvee]) -> list[Trouvee]:
    """Rend les paires les plus sûres, chaque colonne servant une fois."""
    retenues: list[Trouvee] = []
    for candidate in sorted(candidates, key=lambda trouvee: -trouvee.confiance):
        libre = all(candidate.nom != t.nom and candidate.entete != t.entete for t in retenues)
        if libre and candidate.confiance >= CONFIANCE_MINIMALE:
            retenues.append(candidate)
    return retenues


def _confiance(colonne: Colonne, entete: str, valeurs: Sequence[str], genre: str) -> int:
    """Rend la confiance, en % : le titre d'abord, les valeurs confirment ou démentent."""
    titre = max(_ressemblance(_mots(entete), _mots(connu), genre) for connu in colonne.titres)
    if 100 * titre < CONFIANCE_MINIMALE and colonne.forme not in _PARLANTES:
        return 0
    part = part_conforme(colonne.forme, valeurs)
    if part is None:
        return round(100 * titre)
    if colonne.forme in _PARLANTES and part > _PRESQUE_TOUTES:
        titre = max(titre, 0.8)
    dementi = 0.5 if colonne.forme in FORMES else 0.3  # un libellé inconnu d'une liste se déclare ensuite
    return round(100 * titre * (1 - dementi * (1 - part)))


@cache
def _ressemblance(mots: tuple[str, ...], connus: tuple[str, ...], genre: str) -> float:
    """Rend de 0 à 1 la ressemblance de deux titres ; un mot rare y pèse plus qu'un mot courant."""
    if set(mots) == set(connus):
        return 1.0
    poids = _poids(genre)

    def total(ensemble: set[str]) -> float:
        return sum(poids.get(mot, 1.0) for mot in ensemble)

    communs = total(set(mots) & set(connus))
    partage = 2 * communs / (total(set(mots)) + total(set(connus)) or 1.0)
    lettres = difflib.SequenceMatcher(None, "".join(mots), "".join(connus), autojunk=False).ratio()
    return 0.95 * max(partage, 0.5 * partage + 0.5 * lettres, lettres if lettres > 0.9 else 0.0)


@cache
def _mots(titre: str) -> tuple[str, ...]:
    """Rend les mots qui comptent d'un titre, abréviations dépliées, sans ordre ni répétition.

    >>> _mots("dt_debut_marché"), _mots("Date de début du marché")
    (('date', 'debut', 'marche'), ('date', 'debut', 'marche'))
    """
    deplies = " ".join(_ABREGES.get(mot, mot) for mot in comparable(titre).split()).split()
    return tuple(sorted({mot for mot in deplies if mot not in _VIDES}))


@cache
def _poids(genre: str) -> Mapping[str, float]:
    colonnes = Counter(
        mot
        for colonne in colonnes_connues(genre)
        for mot in {m for titre in colonne.titres for m in _mots(titre)}
    )
    return {mot: 1 / nombre for mot, nombre in colonnes.items()}


@cache
def colonnes_connues(genre: str) -> tuple[Colonne, ...]:
    """Rend nos colonnes d'un genre, dans l'ordre de `entetes.csv`."""
    return tuple(
        Colonne(ligne["colonne"], ligne["forme"], tuple(ligne["entetes"].split("|")))
        for ligne in lire_liste("entetes")
        if ligne["genre"] == genre
    )


def _hors(entete: str) -> bool:
    """Dit si un titre annonce une donnée personnelle que rien ici ne demande."""
    mots = set(_mots(entete))
    return any(set(_mots(titre)) <= mots for colonne in colonnes_connues("*") for titre in colonne.titres)
