"""Les structures de l'insertion et du handicap : lecture typée et règles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from observatoire.controle.articles import INCONNU
from observatoire.controle.lieux import (
    communes,
    departement_de,
    departements_de_la_region,
    lire_commune,
    lire_departement,
)
from observatoire.controle.regles import ALERTE, BLOQUANT, INFO, Lecture, Regle, illisible, marquee, regle
from observatoire.controle.resolution import resoudre
from observatoire.controle.typage import lire_entiers, lire_nombres, lire_sirets, par_valeur
from observatoire.controle.valeurs_declarees import traduire
from observatoire.referentiel.ecritures import comparable
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    import pandas as pd

    from observatoire.config import Config, Source

_FINESS = re.compile(r"\d[0-9AB]\d{7}", re.ASCII)
_LONGUEURS = {"siret": 14, "finess": 9, "commune": 5}


def lire(table: pd.DataFrame, source: Source, _config: Config) -> Lecture:
    """Rend les structures typées ; la commune est un code INSEE, ou un nom dans son département.

    Les zéros de tête qu'un tableur a perdus sont rendus au SIRET, au numéro FINESS et au code de
    commune. Le genre peut être déclaré dans `[valeurs.genre]` quand la source ne l'écrit pas.
    """
    ecrite = traduire(table, source, {"genre": "familles_structure"})
    genre, marque = resoudre("familles_structure", ecrite["genre"])
    departement = par_valeur(table["departement"], lire_departement)
    code = par_valeur(par_valeur(table["commune"], _code_complet), lire_commune)
    commune = code.fillna(_code_du_nom(table["commune"], departement))
    lue = table.assign(
        siret=lire_sirets(table["siret"]),
        genre=genre,
        commune=commune,
        departement=departement.fillna(par_valeur(commune, departement_de)),
        finess=par_valeur(table["finess"], lire_finess),
        capacite=lire_entiers(table["capacite"], 0, 9999),
        longitude=_coordonnee(table["longitude"], 180),
        latitude=_coordonnee(table["latitude"], 90),
    )
    lue = lue.reindex(columns=SCHEMAS["controle/structures"].noms)
    return Lecture(table, lue, {"marque_genre": marque})


def lire_finess(texte: str) -> str | None:
    """Rend un numéro FINESS de neuf caractères ; rien s'il n'en a pas la forme.

    >>> lire_finess("10008951"), lire_finess("2A0000012"), lire_finess("esat")
    ('010008951', '2A0000012', None)
    """
    numero = texte.upper().zfill(9)
    return numero if _FINESS.fullmatch(numero) else None


def _code_complet(texte: str) -> str:
    return texte.zfill(5) if texte.isdecimal() else texte


def _coordonnee(textes: pd.Series, borne: int) -> pd.Series:
    degres = lire_nombres(textes)
    return degres.where((degres.abs() <= borne).fillna(False))


def _code_du_nom(noms: pd.Series, departements: pd.Series) -> pd.Series:
    """Rend le code de la commune de ce nom dans ce département, s'il n'y en a qu'une."""
    cherches = departements + ":" + par_valeur(noms, comparable)
    connus = {f"{departement}:{nom}": code for (departement, nom), code in communes().noms.items()}
    return par_valeur(cherches, connus.get)


@regle(BLOQUANT, "siret", "Corriger le SIRET de la structure : 14 chiffres, clé de Luhn juste.")
def siret_structure_invalide(lecture: Lecture) -> pd.Series:
    """Le SIRET est absent ou faux : la structure ne peut être rapprochée d'aucun titulaire."""
    return lecture.lue["siret"].isna()


@regle(ALERTE, "commune", "Écrire le code INSEE de la commune, et son département.")
def commune_inconnue(lecture: Lecture) -> pd.Series:
    """La commune est écrite, mais ni son code ni son nom n'existent dans la région."""
    en_region = lecture.lue["departement"].isin(departements_de_la_region())
    return lecture.recue["commune"].notna() & lecture.lue["commune"].isna() & en_region


def zero_de_tete(colonne: str) -> Regle:
    """Rend la règle « un zéro de tête manquait, il est rendu »."""

    def masque(lecture: Lecture) -> pd.Series:
        recu = lecture.recue[colonne].str.replace(r"[\s.-]", "", regex=True)
        return lecture.lue[colonne].notna() & recu.str.isdecimal() & (recu.str.len() < _LONGUEURS[colonne])

    return Regle(
        f"zero_de_tete_{colonne}",
        INFO,
        colonne,
        "Exporter cette colonne en texte, pour qu'un tableur n'en retire pas les zéros.",
        "Il manquait des zéros en tête ; ils sont rendus.",
        masque,
    )


REGLES: tuple[Regle, ...] = (
    siret_structure_invalide,
    marquee(
        "code_inconnu_genre",
        "genre",
        INCONNU,
        "Le genre de structure n'est pas connu ; « non renseigné ».",
        "Écrire EI, ACI, AI, ETTI, EITI, GEIQ, EA, EATT, ESAT ou SEP.",
    ),
    commune_inconnue,
    zero_de_tete("siret"),
    zero_de_tete("finess"),
    zero_de_tete("commune"),
    illisible(
        "finess_invalide",
        "finess",
        "Le numéro FINESS n'a pas neuf caractères ; vidé.",
        "Écrire le numéro FINESS de l'établissement.",
        INFO,
    ),
    illisible(
        "capacite_illisible",
        "capacite",
        "Le nombre de places n'est pas un entier ; vidé.",
        "Écrire le nombre de places en chiffres.",
    ),
    illisible(
        "longitude_illisible",
        "longitude",
        "La longitude n'est pas un nombre de degrés ; vidée.",
        "Écrire des degrés décimaux (WGS84).",
        INFO,
    ),
    illisible(
        "latitude_illisible",
        "latitude",
        "La latitude n'est pas un nombre de degrés ; vidée.",
        "Écrire des degrés décimaux (WGS84).",
        INFO,
    ),
)
