"""L'enquête auprès des acheteurs : une ligne par acheteur et par année, sans dédoublonnage possible."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import TYPE_CHECKING

from observatoire.controle.articles import INCONNU
from observatoire.controle.regles import ALERTE, BLOQUANT, Lecture, Regle, illisible, marquee, regle
from observatoire.controle.resolution import SEPARATEUR
from observatoire.controle.typage import lire_entiers, lire_nombres_declares, lire_sirets, par_valeur
from observatoire.referentiel import lire_liste
from observatoire.referentiel.ecritures import comparable
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    import pandas as pd

    from observatoire.config import Config, Source

PREMIERE_ANNEE, DERNIERE_ANNEE = 2001, 2100
HEURES_PAR_AN_MAXIMUM = 1900  # par bénéficiaire : au-delà d'un temps plein de douze mois
_COMPTES = (
    "marches_attribues",
    "marches_considerations",
    "marches_generateurs",
    "beneficiaires",
    "beneficiaires_qpv",
)
_COMPTE_MAXIMUM = 10_000_000
_SEPARATEURS_DE_ZONES = re.compile(r"[|;,/\n]")
_PREFIXES = re.compile(r"^(?:departement|dept|ept|epci|ca|cc|cu) (?:(?:de la|de l|de|du|des) )?")


def lire(table: pd.DataFrame, source: Source, _config: Config) -> Lecture:
    """Rend les déclarations typées ; une zone est un territoire (`dep:93`), lu à son nom ou à son code.

    Un nombre illisible ou négatif est vide : rien de déclaré n'est ni zéro ni « non ».
    """
    comptes = {nom: lire_entiers(table[nom], 0, _COMPTE_MAXIMUM) for nom in _COMPTES}
    heures = lire_nombres_declares(table["heures"], source.lecture)
    lue = table.assign(
        **comptes,
        annee=lire_entiers(table["annee"], PREMIERE_ANNEE, DERNIERE_ANNEE),
        acheteur_id=lire_sirets(table["acheteur_id"]),
        zones=par_valeur(table["zones"], lambda texte: _lire_zones(texte)[0]),
        heures=heures.where(heures >= 0),
    )
    reperes = {
        "marque_zones": par_valeur(table["zones"], lambda texte: _lire_zones(texte)[1]),
        "annee_de_livraison": par_valeur(
            table["millesime"], lambda jour: dt.date.fromisoformat(jour).year, "Int64"
        ),
    }
    return Lecture(table, lue.reindex(columns=SCHEMAS["controle/enquetes"].noms), reperes)


def _lire_zones(texte: str) -> tuple[str | None, str | None]:
    """Rend les territoires cités, séparés par `|`, et la marque `inconnu` si l'un ne se lit pas.

    >>> _lire_zones("Seine-Saint-Denis ; Plaine Commune")
    ('dep:93|ept:T6', None)
    >>> _lire_zones("93, + de 2 zones")
    ('dep:93', 'inconnu')
    """
    entier = _territoires().get(comparable(texte))
    if entier:
        return entier, None
    parties = [nom for partie in _SEPARATEURS_DE_ZONES.split(texte) if (nom := comparable(partie))]
    lues = [_territoires().get(nom) or _territoires().get(_PREFIXES.sub("", nom)) for nom in parties]
    connues = dict.fromkeys(territoire for territoire in lues if territoire)
    return SEPARATEUR.join(connues) or None, INCONNU if None in lues else None


@cache
def _territoires() -> dict[str, str]:
    """Rend le territoire de chaque nom et de chaque code ; un nom partagé (Paris) est au plus grand."""
    territoires: dict[str, str] = {}
    for ligne in lire_liste("territoires"):
        niveau, code = ligne["territoire"].split(":")
        noms = [ligne["territoire"], ligne["nom"], ligne["nom"].split(" (")[0], ligne["siren"]]
        noms += [code] if niveau != "reg" else []
        for nom in filter(None, map(comparable, noms)):
            territoires.setdefault(nom, ligne["territoire"])
            territoires.setdefault(_PREFIXES.sub("", nom), ligne["territoire"])
    return territoires


@regle(BLOQUANT, "annee", "Écrire l'année déclarée, sur quatre chiffres.")
def annee_illisible(lecture: Lecture) -> pd.Series:
    """L'année déclarée manque ou n'est pas lisible : la déclaration n'appartient à aucune période."""
    return lecture.lue["annee"].isna()


@regle(BLOQUANT, "acheteur_id", "Corriger le SIRET de l'acheteur : 14 chiffres, clé de Luhn juste.")
def acheteur_invalide(lecture: Lecture) -> pd.Series:
    """Le SIRET de l'acheteur est absent ou faux : la déclaration n'est à personne."""
    return lecture.lue["acheteur_id"].isna()


@regle(ALERTE, "annee", "Vérifier l'année déclarée.")
def annee_future(lecture: Lecture) -> pd.Series:
    """L'année déclarée suit celle de la livraison."""
    return lecture.lue["annee"] > lecture.reperes["annee_de_livraison"]


@regle(ALERTE, "marches_considerations", "Vérifier les deux nombres de marchés.")
def considerations_superieures_aux_marches(lecture: Lecture) -> pd.Series:
    """Plus de marchés avec une considération sociale que de marchés attribués."""
    return lecture.lue["marches_considerations"] > lecture.lue["marches_attribues"]


@regle(ALERTE, "beneficiaires_qpv", "Vérifier les deux nombres de bénéficiaires.")
def beneficiaires_qpv_superieurs(lecture: Lecture) -> pd.Series:
    """Plus de bénéficiaires résidant en quartier prioritaire que de bénéficiaires."""
    return lecture.lue["beneficiaires_qpv"] > lecture.lue["beneficiaires"]


@regle(ALERTE, "marches_generateurs", "Compter les marchés dont la clause a produit ces heures.")
def heures_sans_marche(lecture: Lecture) -> pd.Series:
    """Des heures sont déclarées, et aucun marché ne les a produites."""
    return (lecture.lue["heures"] > 0) & (lecture.lue["marches_generateurs"] == 0)


@regle(ALERTE, "beneficiaires", "Vérifier les heures et les bénéficiaires de l'année.")
def heures_par_beneficiaire_excessives(lecture: Lecture) -> pd.Series:
    """Plus de 1 900 heures par bénéficiaire dans l'année, ou des heures sans bénéficiaire."""
    return lecture.lue["heures"] > HEURES_PAR_AN_MAXIMUM * lecture.lue["beneficiaires"]


def _nombre(colonne: str, quoi: str) -> Regle:
    return illisible(
        f"{colonne}_illisible",
        colonne,
        f"{quoi} : ce n'est pas un nombre positif ; la valeur est vidée.",
        "Écrire un nombre ; laisser vide ce qui n'est pas connu.",
    )


REGLES: tuple[Regle, ...] = (
    annee_illisible,
    acheteur_invalide,
    annee_future,
    marquee(
        "zone_inconnue",
        "zones",
        INCONNU,
        "Une zone d'activité n'est ni un territoire de la région, ni un code ; elle est laissée de côté.",
        "Écrire des noms ou des codes de départements, d'EPT ou d'intercommunalités.",
    ),
    _nombre("marches_attribues", "Marchés attribués"),
    _nombre("marches_considerations", "Marchés avec une considération sociale"),
    _nombre("marches_generateurs", "Marchés dont la clause a produit des heures"),
    _nombre("heures", "Heures d'insertion réalisées"),
    _nombre("beneficiaires", "Bénéficiaires"),
    _nombre("beneficiaires_qpv", "Bénéficiaires résidant en quartier prioritaire"),
    considerations_superieures_aux_marches,
    beneficiaires_qpv_superieurs,
    heures_sans_marche,
    heures_par_beneficiaire_excessives,
)
