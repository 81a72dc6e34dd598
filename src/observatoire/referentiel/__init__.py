"""Les listes de codes et le découpage géographique : des données, lues une fois."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

MILLESIME_GEOGRAPHIE = "2026"
SOURCE_GEOGRAPHIE = (
    "Code officiel géographique 2026 (INSEE), intercommunalités (DGCL), "
    "paquet @etalab/decoupage-administratif 6.0.0, Licence Ouverte 2.0"
)
ENSEMBLE = "ensemble"
NON_RENSEIGNE = "NR"


def lire_liste(nom: str) -> list[dict[str, str]]:
    """Rend les lignes d'un fichier CSV du référentiel, tout en texte ; une fin de ligne absente est vide."""
    texte = (files("observatoire.referentiel") / f"{nom}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(texte.splitlines(), restval=""))


@dataclass(frozen=True, slots=True)
class Modalite:
    """Une ligne d'une liste de codes ; `groupe` est le regroupement publié."""

    code: str
    libelle: str
    ordre: int
    valide_du: str
    valide_au: str
    groupe: str
    reference: str


@cache
def nomenclature(nom: str) -> dict[str, Modalite]:
    """Rend une liste de codes, dans son ordre de présentation.

    >>> nomenclature("sexes")["F"].libelle
    'Femmes'
    """
    modalites = [
        Modalite(
            ligne["code"],
            ligne["libelle"],
            int(ligne["ordre"]),
            ligne["valide_du"],
            ligne["valide_au"],
            ligne["groupe"],
            ligne["reference"],
        )
        for ligne in lire_liste(nom)
    ]
    return {ligne.code: ligne for ligne in sorted(modalites, key=lambda ligne: ligne.ordre)}


@cache
def libelles_courts() -> dict[str, str]:
    """Rend le libellé des modalités dont le nom entier ne tient pas sur une ligne de figure.

    >>> libelles_courts()["MR_HAND"]
    'Secteur du handicap'
    """
    return {ligne["code"]: ligne["libelle"] for ligne in lire_liste("libelles_courts")}


@dataclass(frozen=True, slots=True)
class Ventilation:
    """Une façon de croiser un indicateur : ses modalités publiées, libellées et ordonnées.

    `vers_publiee` associe à chaque code de la liste sa modalité publiée (lui-même ou son
    groupe) ; les regroupements sont les mêmes dans toutes les sorties. Une ventilation croisée a deux
    `axes`, et des modalités écrites « F×M26 » ; les autres n'ont qu'elles-mêmes pour axe. `sensible` :
    la modalité révèle une donnée sensible, le secret y est plus strict. `locale` : elle dépend du
    territoire lu (habiter le département n'est pas habiter la région), rien ne lie donc deux territoires.
    """

    nom: str
    libelle: str
    libelles: dict[str, str]
    vers_publiee: dict[str, str]
    axes: tuple[str, ...]
    sensible: bool
    locale: bool = False


@cache
def ventilations() -> dict[str, Ventilation]:
    """Rend toutes les ventilations publiables.

    >>> ventilations()["tranche_age"].vers_publiee["A50_54"]
    'A50P'
    >>> list(ventilations()["sexe"].libelles)
    ['F', 'M', 'NR']
    >>> ventilations()["sexe_tranche_age"].libelles["F×M26"]
    'Femmes, Moins de 26 ans'
    """
    groupes = lire_liste("groupes")
    resultat: dict[str, Ventilation] = {}
    for ligne in lire_liste("ventilations"):
        if ligne["niveau"] == "croisement":
            resultat[ligne["ventilation"]] = _croiser(ligne, resultat)
            continue
        liste = nomenclature(ligne["liste"])
        if ligne["niveau"] == "groupe":
            libelles = {g["code"]: g["libelle"] for g in groupes if g["liste"] == ligne["liste"]}
            vers = {code: modalite.groupe for code, modalite in liste.items()}
        else:
            libelles = {code: modalite.libelle for code, modalite in liste.items()}
            vers = {code: code for code in liste}
        nom = ligne["ventilation"]
        resultat[nom] = Ventilation(
            nom, ligne["libelle"], libelles, vers, (nom,), bool(ligne["sensible"]), bool(ligne["locale"])
        )
    return resultat


def _croiser(ligne: dict[str, str], simples: dict[str, Ventilation]) -> Ventilation:
    axes = tuple(ligne["liste"].split("×"))
    lignes, colonnes = (simples[axe].libelles for axe in axes)
    libelles = {
        f"{a}×{b}": f"{libelle_a}, {libelle_b}"
        for a, libelle_a in lignes.items()
        for b, libelle_b in colonnes.items()
    }
    sensible = any(simples[axe].sensible for axe in axes)
    vers = {code: code for code in libelles}
    return Ventilation(ligne["ventilation"], ligne["libelle"], libelles, vers, axes, sensible)
