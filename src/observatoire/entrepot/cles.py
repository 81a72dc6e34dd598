"""Les identifiants de l'entrepôt : empreintes stables, références de marché comparables."""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_JOINTURE = "\x1f"
_ACCENTS = re.compile(r"[\u0300-\u036f]+")
_SEPARATEURS = re.compile(r"[\W_]+")


def empreinte(texte: str, octets: int = 8) -> str:
    """Rend une empreinte courte, la même sur tout poste : deux chiffres hexadécimaux par octet.

    >>> empreinte("suivi_a")
    '166614ca6a86f55f'
    """
    return blake2b(texte.encode(), digest_size=octets).hexdigest()


def par_valeur(textes: pd.Series, calcul: Callable[[str], str]) -> pd.Series:
    """Applique un calcul une fois par valeur distincte ; une valeur absente le reste."""
    rangs, valeurs = pd.factorize(textes)
    calculees = pd.array([calcul(str(valeur)) for valeur in valeurs], dtype="string")
    return pd.Series(calculees.take(rangs, allow_fill=True), index=textes.index, dtype="string")


def assembler(table: pd.DataFrame, colonnes: Sequence[str], separateur: str = _JOINTURE) -> pd.Series:
    """Rend les colonnes bout à bout, une valeur absente comptant pour un texte vide."""
    resultat = table[colonnes[0]].fillna("")
    for colonne in colonnes[1:]:
        resultat = resultat + separateur + table[colonne].fillna("")
    return resultat


def identifier(table: pd.DataFrame, colonnes: Sequence[str]) -> pd.Series:
    """Rend l'identifiant tiré de plusieurs colonnes ; absent quand la dernière l'est.

    La source et la structure en font partie : un identifiant réemployé ailleurs, après une fusion
    de structures, ne désigne pas le même objet (piège T21).
    """
    ids = par_valeur(assembler(table, colonnes), empreinte)
    return ids.where(table[colonnes[-1]].notna())


def chercher(cles: pd.Series, valeurs: pd.Series) -> pd.Series:
    """Rend, pour chaque clé, la valeur d'une série dont l'index est unique ; absente si rien n'y répond."""
    return valeurs.reindex(pd.Index(cles)).set_axis(cles.index)


def siren(siret: pd.Series) -> pd.Series:
    """Rend les neuf premiers chiffres d'un SIRET."""
    return siret.str.slice(0, 9)


def objet_comparable(objet: str) -> str:
    """Rend un objet de marché sans casse, accents ni ponctuation.

    >>> objet_comparable("Rénovation  de l’école (lot 2)")
    'RENOVATION DE L ECOLE LOT 2'
    """
    sans_accents = _ACCENTS.sub("", unicodedata.normalize("NFKD", objet))
    return _SEPARATEURS.sub(" ", sans_accents).strip().upper()


def reference_comparable(reference: str) -> str:
    """Rend une référence de marché en majuscules, sans séparateurs ni zéros de tête.

    Tous les séparateurs tombent, « / » et « _ » compris : les données essentielles consolidées
    les confondent déjà.

    >>> reference_comparable("00 24.t-035/b")
    '24T035B'
    """
    return _SEPARATEURS.sub("", reference.upper()).lstrip("0")


def cle_marche(acheteur_id: pd.Series, reference: pd.Series) -> pd.Series:
    """Rend « SIREN de l'acheteur|référence comparable », absente si l'un des deux manque.

    Un même numéro chez deux acheteurs désigne deux marchés : sans acheteur, pas de clé.
    """
    comparable = par_valeur(reference, reference_comparable)
    return (siren(acheteur_id) + "|" + comparable).mask(comparable == "")
