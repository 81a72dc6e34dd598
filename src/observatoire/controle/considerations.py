"""Les considérations sociales publiées, en trois faits à trois états : oui, non, non renseigné."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pandas as pd

from observatoire.controle.ecritures import comparable
from observatoire.controle.typage import par_valeur

if TYPE_CHECKING:
    from collections.abc import Iterable

CONTRADICTION, HORS_LISTE = "contradiction", "hors_liste"
FAITS = {
    "clause_sociale": ("clause sociale",),
    "critere_social": ("critere social",),
    "marche_reserve": ("marche reserve", "concession reservee"),
}
_POSITIVES = {ecriture for ecritures in FAITS.values() for ecriture in ecritures}
# le format tabulaire de decp.info réécrit le non explicite en « Sans objet »
_NON = {"pas de consideration sociale", "sans objet"}
# ce que le portail écrit à la place d'une valeur absente : cela n'est pas un non
_BOUCHE_TROU = re.compile(r"nc|mq|cdl|mq nc|inx.*|null|nan", re.DOTALL)

Etat = tuple[bool | None, bool | None, bool | None, str | None]
_NON_RENSEIGNE: Etat = (None, None, None, None)


def lire_considerations(textes: pd.Series, formats: pd.Series) -> pd.DataFrame:
    """Rend `clause_sociale`, `critere_social`, `marche_reserve` et la marque de chaque ligne.

    Le format v1 n'a pas ce champ : tout y est non renseigné, quoi qu'il contienne.
    """
    admis = textes.mask(formats == "v1")
    etats = {texte: lire_etat(texte) for texte in admis.dropna().unique()}

    def colonne(rang: int, type_: str) -> pd.Series:
        return par_valeur(admis, lambda texte: etats[texte][rang], type_)

    faits = {nom: colonne(rang, "boolean") for rang, nom in enumerate(FAITS)}
    return pd.DataFrame({**faits, "marque": colonne(len(FAITS), "string")})


def lire_etat(texte: str) -> Etat:
    """Rend les trois faits d'une liste publiée (JSON), et `contradiction`, `hors_liste` ou rien.

    « Pas de considération sociale » seul est un non ; accompagné, il se contredit et rien n'est
    retenu. Une valeur inconnue empêche de dire non, pas de dire oui.

    >>> lire_etat('["Clause sociale", "Critère social"]')
    (True, True, False, None)
    >>> lire_etat('["MQ"]')
    (None, None, None, None)
    """
    valeurs = {comparable(valeur) for valeur in _valeurs(texte)}
    valeurs = {valeur for valeur in valeurs if valeur and not _BOUCHE_TROU.fullmatch(valeur)}
    if not valeurs:
        return _NON_RENSEIGNE
    if valeurs & _NON and valeurs & _POSITIVES:
        return (None, None, None, CONTRADICTION)
    inconnue = bool(valeurs - _NON - _POSITIVES)
    faits = [bool(valeurs & set(ecritures)) or (None if inconnue else False) for ecritures in FAITS.values()]
    return (faits[0], faits[1], faits[2], HORS_LISTE if inconnue else None)


def _valeurs(texte: str) -> Iterable[str]:
    try:
        lu = json.loads(texte)
    except (ValueError, RecursionError):
        return [texte]
    return [str(valeur) for valeur in (lu if isinstance(lu, list) else [lu]) if valeur is not None]
