"""Des noms inventés : aucun ne vient d'une liste de personnes ou d'entreprises réelles."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import numpy as np

from observatoire.acquisition.exemple.calibration import NOMS_COMPOSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from observatoire.acquisition.exemple.tirages import Drapeaux, Entiers, Textes

CANARI = "ZZQX-CANARI"  # un nom qui ne doit sortir d'aucun document

PRENOMS_FEMMES = (
    "Hélène", "Aïcha", "Marie-Thérèse", "Fatou", "Zoé", "Noémie", "Inès", "Sofía", "Léa", "Mariam",
    "Chloé", "Anne-Laure", "Yasmine", "Océane", "Djénéba", "Émilie", "Rokhaya", "Gaëlle", "Nadège",
    "Samira", "Béatrice", "Leïla", "Maëva", "Ornella", "Priya", "Salomé", "Thérèse", "Véronique",
    "Wassila", "Ana-Maria", "Cécile", "Dominique", "Élodie", "Françoise", "Hawa", "Jeanne", "Khadija",
    "Lucie", "Nour", "Oumou", "Rosa", "Tâm",
)  # fmt: skip
PRENOMS_HOMMES = (
    "Jean-Marc", "Mamadou", "Théo", "Noé", "Rachid", "José", "François", "Aurélien", "Karim", "Loïc",
    "Benoît", "Pierre-Yves", "Moussa", "Hugo", "Mickaël", "Stéphane", "Abdoulaye", "Raphaël", "Gaël",
    "Yanis", "Ibrahima", "Jérôme", "Sékou", "Tiago", "Ousmane", "Maël", "Kévin", "Cédric", "Boubacar",
    "Adrián", "Bakary", "Clément", "Dominique", "Élie", "Farid", "Grégory", "Hamid", "Ismaël", "Jules",
    "Kofi", "Lucas", "Nabil", "Rémi",
)  # fmt: skip
DEBUTS = (
    "Ba", "Ber", "Bou", "Cha", "Col", "Da", "Del", "Dia", "Du", "Fa", "Fer", "Ga", "Gra", "Gui", "Hé",
    "Jou", "Ka", "Kor", "La", "Lé", "Ma", "Mé", "Mor", "Na", "O", "Ous", "Pel", "Pi", "Qui", "Ra", "Rou",
    "Sa", "So", "Ta", "Tré", "U", "Val", "Vau", "Yo", "Zé",
)  # fmt: skip
MILIEUX = (
    "ba", "cho", "dou", "gue", "ka", "lé", "lo", "ma", "mi", "ni", "ra", "ro", "sé", "ta", "vi",
)  # fmt: skip
FINS = (
    "belle", "ché", "dé", "dier", "go", "kane", "lier", "lot", "mont", "my", "net", "ïs", "rand", "ré",
    "ria", "sson", "tier", "vé", "ville", "zou",
)  # fmt: skip
_STYLES = (str.upper, str.lower, str.title)


def noms(rng: np.random.Generator, nombre: int) -> Textes:
    """Invente des noms de famille, dont quelques noms composés."""
    premier, second = (
        _un_de(rng, DEBUTS, nombre) + _un_de(rng, MILIEUX, nombre) + _un_de(rng, FINS, nombre)
        for _ in range(2)
    )
    compose = rng.random(nombre) < NOMS_COMPOSES
    inventes: Textes = np.where(compose, premier + "-" + second, premier)
    return inventes


def prenoms(rng: np.random.Generator, femmes: Drapeaux) -> Textes:
    """Tire un prénom selon le sexe."""
    return np.where(
        femmes, _un_de(rng, PRENOMS_FEMMES, len(femmes)), _un_de(rng, PRENOMS_HOMMES, len(femmes))
    )


def autre_ecriture(nom: str, style: int) -> str:
    """Rend le même nom comme un autre logiciel l'écrirait : casse, accents, trait d'union.

    >>> autre_ecriture("Lé-Béka", 0)
    'LE BEKA'
    """
    sans_accent = unicodedata.normalize("NFKD", nom).encode("ascii", "ignore").decode()
    return _STYLES[style % len(_STYLES)](sans_accent.replace("-", " " if style % 2 == 0 else "-"))


def nir(femmes: Drapeaux, naissances: Entiers, rangs: Entiers) -> Textes:
    """Fabrique des NIR à la clé exacte, du département 00 : aucun n'a été attribué à personne.

    Référence : Code de la sécurité sociale, art. R115-1 ; clé = 97 - (n modulo 97).
    """
    mois = naissances.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    annee, mois_civil = (mois // 12 + 1970) % 100, mois % 12 + 1
    numeros = np.where(femmes, 2, 1) * 100 + annee
    numeros = (numeros * 100 + mois_civil) * 10**8 + rangs % 10**6
    return np.array([f"{n}{97 - n % 97:02d}" for n in numeros.tolist()], dtype=object)


def _un_de(rng: np.random.Generator, morceaux: Sequence[str], nombre: int) -> Textes:
    tires: Textes = np.array(morceaux, dtype=object)[rng.integers(len(morceaux), size=nombre)]
    return tires
