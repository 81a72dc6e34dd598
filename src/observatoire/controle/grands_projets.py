"""Les marchés des grands projets franciliens : lecture typée et règles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.controle.articles import INCONNU
from observatoire.controle.regles import BLOQUANT, Lecture, Regle, absente, illisible, marquee
from observatoire.controle.resolution import resoudre
from observatoire.controle.typage import lire_dates, lire_nombres, lire_sirets
from observatoire.referentiel import NON_RENSEIGNE

if TYPE_CHECKING:
    import pandas as pd

    from observatoire.config import Config, Source

_PARTS = ("obligation_pct", "pme_pct")
_HEURES = ("heures_engagees", "heures_totales")


def lire(table: pd.DataFrame, source: Source, _config: Config) -> Lecture:
    """Rend les marchés des grands projets, typés ; une part est entre 0 et 100, des heures positives."""
    decimale = source.lecture.get("decimale", ".")
    nombres = {nom: lire_nombres(table[nom], decimale) for nom in (*_PARTS, *_HEURES)}
    programme, marque = resoudre("programmes", table["programme"])
    lue = table.assign(
        acheteur_id=lire_sirets(table["acheteur_id"]),
        programme=programme.mask(programme == NON_RENSEIGNE),
        date_notification=lire_dates(table["date_notification"], source.lecture.get("date", "%Y-%m-%d")),
        **{nom: nombres[nom].where(nombres[nom].between(0, 100)) for nom in _PARTS},
        **{nom: nombres[nom].where(nombres[nom] >= 0) for nom in _HEURES},
    )
    return Lecture(table, lue, {"marque_programme": marque})


def _part(colonne: str, quoi: str) -> Regle:
    return illisible(
        f"{colonne}_hors_bornes",
        colonne,
        f"La part {quoi} n'est pas un nombre entre 0 et 100 ; elle est vidée.",
        "Écrire un pourcentage entre 0 et 100.",
    )


def _heures(colonne: str, quoi: str) -> Regle:
    return illisible(
        f"{colonne}_invalides",
        colonne,
        f"Les heures {quoi} sont illisibles ou négatives ; elles sont vidées.",
        "Écrire un nombre d'heures positif.",
    )


REGLES: tuple[Regle, ...] = (
    absente(
        "reference_absente",
        "marche_reference",
        "La référence du marché manque : il ne peut être rapproché d'aucune clause.",
        "Renseigner la référence du marché.",
        BLOQUANT,
    ),
    illisible(
        "siret_acheteur_invalide",
        "acheteur_id",
        "Le SIRET du maître d'ouvrage est faux ; il est vidé.",
        "Corriger le SIRET : 14 chiffres, clé de Luhn juste.",
    ),
    marquee(
        "code_inconnu_programme",
        "programme",
        INCONNU,
        "Le programme n'est dans aucune écriture connue ; il est vidé.",
        "Corriger le programme, ou ajouter son écriture à ecritures.csv.",
    ),
    illisible(
        "date_impossible_notification",
        "date_notification",
        "Date de notification illisible, ou hors de 2000-2100 ; elle est vidée.",
        "Écrire une date réelle dans la forme déclarée pour la source.",
    ),
    _part("obligation_pct", "d'heures réservées"),
    _part("pme_pct", "des PME"),
    _heures("heures_engagees", "d'insertion engagées"),
    _heures("heures_totales", "travaillées totales"),
)
