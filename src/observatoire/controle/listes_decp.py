"""Les champs codés des données essentielles : codes de nos listes, booléens, listes de valeurs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from observatoire.controle.articles import INCONNU
from observatoire.controle.resolution import SEPARATEUR, resoudre
from observatoire.controle.typage import par_valeur
from observatoire.referentiel import NON_RENSEIGNE, nomenclature
from observatoire.referentiel.ecritures import comparable, ecritures

if TYPE_CHECKING:
    from collections.abc import Mapping


Colonnes = dict[str, pd.Series]

# notre colonne = liste de codes ; d'abord celles d'une valeur, puis celles de plusieurs
LISTES = {
    "nature": "natures",
    "procedure": "procedures",
    "ccag": "ccag",
    "type_groupement": "groupements",
}
MULTIPLES = {"techniques": "techniques", "modalites_execution": "modalites_execution"}
BOOLEENS = ("marche_innovant", "attribution_avance", "sous_traitance_declaree")
_OUI = frozenset({"oui", "true", "vrai", "1", "1 0"})
_NON = frozenset({"non", "false", "faux", "0", "0 0"})
# Le portail écrit ceci à la place d'une valeur : non communiquée, manquante, illisible.
_BOUCHE_TROU = r"NC|MQ|CDL|MQ NC|INX(?: .*)?"
_BOUCHE_TROU_LISTE = re.compile(rf"(?:{_BOUCHE_TROU}|NULL|NAN)", re.IGNORECASE)


def sans_bouche_trou(textes: pd.Series) -> pd.Series:
    """Rend les textes, vides là où le portail avait écrit NC, MQ, CDL ou INX."""
    return textes.mask(textes.str.fullmatch(_BOUCHE_TROU).fillna(False))


def lire_json(texte: str) -> Any:
    """Rend la valeur JSON d'un texte, ou rien s'il n'en est pas un."""
    try:
        return json.loads(texte)
    except (ValueError, RecursionError):
        return None


def sans_remplissage(texte: str) -> str | None:
    """Rend un texte d'une liste ou d'un objet sans espaces de trop, ou rien si c'est du remplissage."""
    ecrit = " ".join(texte.split())
    return None if not ecrit or _BOUCHE_TROU_LISTE.fullmatch(ecrit) else ecrit


def valeurs(texte: str) -> list[str]:
    """Rend les valeurs d'une liste publiée, sans le remplissage ; un texte seul en est une.

    >>> valeurs('["Tranches", "MQ", null]'), valeurs("Tranches")
    (['Tranches'], ['Tranches'])
    """
    lu = lire_json(texte)
    lues = lu if isinstance(lu, list) else [texte if lu is None else lu]
    ecrites = [sans_remplissage(str(valeur)) for valeur in lues if valeur is not None]
    return [valeur for valeur in ecrites if valeur and comparable(valeur)]


def lire_codes(liste: str, textes: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Rend les codes d'une liste publiée, séparés par |, et la marque `inconnu` s'il en reste un."""
    lus = {texte: _codes(liste, texte) for texte in textes.dropna().unique()}
    return par_valeur(textes, lambda t: lus[t][0]), par_valeur(textes, lambda t: lus[t][1])


def _codes(liste: str, texte: str) -> tuple[str | None, str | None]:
    connues = ecritures(liste)
    trouves = [connues.get(comparable(valeur)) for valeur in valeurs(texte)]
    presents = {code for code in trouves if code and code != NON_RENSEIGNE}
    codes = SEPARATEUR.join(code for code in nomenclature(liste) if code in presents)
    return codes or None, INCONNU if None in trouves else None


def lire_prix(formes: pd.Series, types: pd.Series) -> tuple[Colonnes, Colonnes]:
    """Rend `forme_prix`, `types_prix` et leurs marques.

    La forme de prix de la v1 (ferme, actualisable, révisable) est le type de prix de la v2 : elle y
    est versée, et la forme de prix au sens de la v2 reste alors non renseignée.
    """
    forme, marque_forme = resoudre("formes_prix", formes)
    lus, marque_types = lire_codes("types_prix", types)
    de_la_v1, _ = lire_codes("types_prix", formes)
    marques = {
        "marque_forme_prix": marque_forme.mask(de_la_v1.notna()),
        "marque_types_prix": marque_types,
    }
    return {"forme_prix": forme, "types_prix": lus.fillna(de_la_v1)}, marques


def lire_booleens(textes: pd.Series) -> pd.Series:
    """Rend oui, non, ou vide : « oui », « true », « 1 » d'un côté, « non », « false », « 0 » de l'autre."""
    return par_valeur(textes, _booleen, "boolean")


def _booleen(texte: str) -> bool | None:
    ecrit = comparable(texte)
    return True if ecrit in _OUI else False if ecrit in _NON else None


def selon_la_technique(
    ecriture: str, recue: pd.DataFrame, lue: Mapping[str, pd.Series], atteste: pd.Series
) -> pd.Series:
    """Rend un fait que la v1 écrit dans la nature, et la v2 dans les techniques ou leurs suites.

    Args:
        ecriture: la nature de la v1 qui le dit (« accord cadre », « marche subsequent »).
        recue: la table reçue, dont le format et la nature.
        lue: ses codes, dont la nature et les techniques.
        atteste: ce que la v2 en dit, oui ou non ; il ne compte que si les techniques sont publiées.
    """
    dit = par_valeur(recue["nature"], lambda nature: comparable(nature) == ecriture, "boolean")
    en_v1 = (recue["format"] == "v1").fillna(False) & (lue["nature"] != NON_RENSEIGNE)
    return dit.where((dit | en_v1).fillna(False)).fillna(atteste.where(atteste | lue["techniques"].notna()))
