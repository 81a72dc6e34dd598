"""Les structures de l'insertion et du handicap : lecture typée et règles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.controle.articles import INCONNU
from observatoire.controle.ecritures import comparable
from observatoire.controle.lieux import (
    communes,
    departement_de,
    departements_de_la_region,
    lire_commune,
    lire_departement,
)
from observatoire.controle.regles import AVERTISSEMENT, BLOQUANT, Lecture, Regle, marquee, regle
from observatoire.controle.resolution import resoudre
from observatoire.controle.typage import lire_sirets, par_valeur

if TYPE_CHECKING:
    import pandas as pd

    from observatoire.config import Config, Source


def lire(table: pd.DataFrame, _source: Source, _config: Config) -> Lecture:
    """Rend les structures typées ; la commune est un code INSEE, ou un nom dans son département."""
    genre, marque = resoudre("familles_structure", table["genre"])
    departement = par_valeur(table["departement"], lire_departement)
    commune = par_valeur(table["commune"], lire_commune).fillna(_code_du_nom(table["commune"], departement))
    lue = table.assign(
        siret=lire_sirets(table["siret"]),
        genre=genre,
        commune=commune,
        departement=departement.fillna(par_valeur(commune, departement_de)),
    )
    return Lecture(table, lue, {"marque_genre": marque})


def _code_du_nom(noms: pd.Series, departements: pd.Series) -> pd.Series:
    """Rend le code de la commune de ce nom dans ce département, s'il n'y en a qu'une."""
    cherches = departements + ":" + par_valeur(noms, comparable)
    connus = {f"{departement}:{nom}": code for (departement, nom), code in communes().noms.items()}
    return par_valeur(cherches, connus.get)


@regle(BLOQUANT, "siret", "Corriger le SIRET de la structure : 14 chiffres, clé de Luhn juste.")
def siret_structure_invalide(lecture: Lecture) -> pd.Series:
    """Le SIRET est absent ou faux : la structure ne peut être rapprochée d'aucun titulaire."""
    return lecture.lue["siret"].isna()


@regle(AVERTISSEMENT, "commune", "Écrire le code INSEE de la commune, et son département.")
def commune_inconnue(lecture: Lecture) -> pd.Series:
    """La commune est écrite, mais ni son code ni son nom n'existent dans la région."""
    en_region = lecture.lue["departement"].isin(departements_de_la_region())
    return lecture.recue["commune"].notna() & lecture.lue["commune"].isna() & en_region


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
)
