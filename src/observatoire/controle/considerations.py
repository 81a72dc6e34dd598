"""Les considérations publiées, sociales et environnementales : des faits à trois états."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from observatoire.controle.listes_decp import valeurs
from observatoire.controle.typage import par_valeur
from observatoire.referentiel.ecritures import comparable

CONTRADICTION, HORS_LISTE = "contradiction", "hors_liste"
OUI, NON, NON_RENSEIGNEE, SANS_OBJET_V1 = "oui", "non", "non_renseigne", "sans_objet_v1"


@dataclass(frozen=True, slots=True)
class Vocabulaire:
    """Les écritures qui disent chaque fait, et celles qui disent non à tous."""

    faits: dict[str, tuple[str, ...]]
    non: frozenset[str]

    @property
    def positives(self) -> set[str]:
        """Les écritures qui disent oui à quelque chose."""
        return {ecriture for ecritures in self.faits.values() for ecriture in ecritures}


# le format tabulaire de decp.info réécrit le non explicite en « Sans objet »
SOCIALES = Vocabulaire(
    {
        "clause_sociale": ("clause sociale", "clauses sociales"),
        "critere_social": ("critere social", "criteres sociaux"),
        "marche_reserve": ("marche reserve", "marches reserves", "concession reservee"),
    },
    frozenset({"pas de consideration sociale", "sans objet"}),
)
ENVIRONNEMENTALES = Vocabulaire(
    {
        "clause_environnementale": ("clause environnementale", "clauses environnementales"),
        "critere_environnemental": ("critere environnemental", "criteres environnementaux"),
    },
    frozenset({"pas de consideration environnementale", "sans objet"}),
)

Etat = tuple[tuple[bool | None, ...], str | None]


def lire_considerations(textes: pd.Series, formats: pd.Series, vocabulaire: Vocabulaire) -> pd.DataFrame:
    """Rend chaque fait du vocabulaire et la `marque` de chaque ligne.

    Le format v1 n'a pas ces champs : tout y est non renseigné, quoi qu'il contienne.
    """
    admis = textes.mask((formats == "v1").fillna(False))
    etats = {texte: lire_etat(texte, vocabulaire) for texte in admis.dropna().unique()}

    def fait(rang: int) -> pd.Series:
        return par_valeur(admis, lambda texte: etats[texte][0][rang], "boolean")

    faits = {nom: fait(rang) for rang, nom in enumerate(vocabulaire.faits)}
    return pd.DataFrame({**faits, "marque": par_valeur(admis, lambda texte: etats[texte][1])})


def lire_etat(texte: str, vocabulaire: Vocabulaire) -> Etat:
    """Rend les faits d'une liste publiée (JSON), et `contradiction`, `hors_liste` ou rien.

    « Pas de considération » seul est un non ; accompagné, il se contredit et rien n'est retenu. Une
    valeur inconnue empêche de dire non, pas de dire oui.

    >>> lire_etat('["Clause sociale", "Critère social"]', SOCIALES)
    ((True, True, False), None)
    >>> lire_etat('["MQ"]', SOCIALES)
    ((None, None, None), None)
    """
    dites = {comparable(valeur) for valeur in valeurs(texte)}
    rien = (None,) * len(vocabulaire.faits)
    if not dites:
        return rien, None
    if dites & vocabulaire.non and dites & vocabulaire.positives:
        return rien, CONTRADICTION
    inconnue = bool(dites - vocabulaire.non - vocabulaire.positives)
    faits = [bool(dites & set(e)) or (None if inconnue else False) for e in vocabulaire.faits.values()]
    return tuple(faits), HORS_LISTE if inconnue else None


def resumer(faits: pd.DataFrame, formats: pd.Series) -> pd.Series:
    """Rend l'état d'ensemble : oui (un fait au moins), non (aucun), non_renseigne, sans_objet_v1."""
    positif = faits.fillna(False).any(axis="columns")
    negatif = ~faits.fillna(True).any(axis="columns")
    etat = pd.Series(NON_RENSEIGNEE, index=faits.index, dtype="string")
    return etat.mask(negatif, NON).mask(positif, OUI).mask((formats == "v1").fillna(False), SANS_OBJET_V1)
