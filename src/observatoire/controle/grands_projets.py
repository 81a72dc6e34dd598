"""Les marchés des grands projets franciliens : lecture typée et règles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.controle.articles import INCONNU
from observatoire.controle.regles import (
    ALERTE,
    BLOQUANT,
    INFO,
    Lecture,
    Regle,
    absente,
    illisible,
    marquee,
    regle,
)
from observatoire.controle.resolution import resoudre
from observatoire.controle.typage import lire_dates, lire_nombres_declares, lire_sirets
from observatoire.controle.valeurs_declarees import traduire
from observatoire.referentiel import NON_RENSEIGNE
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    import pandas as pd

    from observatoire.config import Config, Source

_LISTES = {"programme": "programmes", "maitre_ouvrage": "maitres_ouvrage"}
_PARTS = ("obligation_pct", "pme_pct")
_HEURES = ("heures_engagees", "heures_totales")


# Charte : 5 % des heures, puis 10 % depuis le 1er octobre 2020 ; 20 % du montant aux PME (SOLIDEO : 25 %).
_OBLIGATIONS_PCT = (5, 10)
_PME_PCT, _PME_SOLIDEO_PCT = 20, 25


def lire(table: pd.DataFrame, source: Source, _config: Config) -> Lecture:
    """Rend les marchés des grands projets, typés ; une part est entre 0 et 100, le reste positif."""
    nombres = {
        nom: lire_nombres_declares(table[nom], source.lecture) for nom in (*_PARTS, *_HEURES, "montant")
    }
    ecrite = traduire(table, source, _LISTES)
    programme, marque_programme = resoudre("programmes", ecrite["programme"])
    maitre, marque_maitre = resoudre("maitres_ouvrage", ecrite["maitre_ouvrage"])
    lue = table.assign(
        acheteur_id=lire_sirets(table["acheteur_id"]),
        maitre_ouvrage=maitre,
        programme=programme.mask(programme == NON_RENSEIGNE),
        date_notification=lire_dates(table["date_notification"], source.lecture.get("date", "%Y-%m-%d")),
        montant_eur=nombres["montant"].where(nombres["montant"] > 0),
        **{nom: nombres[nom].where(nombres[nom].between(0, 100)) for nom in _PARTS},
        **{nom: nombres[nom].where(nombres[nom] >= 0) for nom in _HEURES},
    )
    lue = lue.reindex(columns=SCHEMAS["controle/grands_projets"].noms)
    return Lecture(table, lue, {"marque_programme": marque_programme, "marque_maitre_ouvrage": marque_maitre})


@regle(ALERTE, "montant", "Écrire le montant en euros HT.")
def montant_invalide(lecture: Lecture) -> pd.Series:
    """Le montant n'est pas un nombre positif ; il est vidé."""
    return lecture.recue["montant"].notna() & lecture.lue["montant_eur"].isna()


@regle(INFO, "obligation_pct", "Vérifier la part d'heures réservées prévue au marché.")
def obligation_inhabituelle(lecture: Lecture) -> pd.Series:
    """La part d'heures réservées n'est pas celle de la charte (5 % puis 10 %)."""
    obligation = lecture.lue["obligation_pct"]
    return obligation.notna() & ~obligation.isin(_OBLIGATIONS_PCT)


@regle(INFO, "pme_pct", "Vérifier la part du montant confiée à des PME.")
def part_pme_sous_la_charte(lecture: Lecture) -> pd.Series:
    """La part du montant confiée à des PME est sous celle de la charte (20 %, et 25 % pour la SOLIDEO)."""
    solideo = lecture.lue["maitre_ouvrage"] == "SOLIDEO"
    attendue = solideo.map({True: _PME_SOLIDEO_PCT, False: _PME_PCT})
    return lecture.lue["pme_pct"] < attendue


@regle(INFO, "heures_engagees", "Vérifier les heures d'insertion, les heures totales et l'obligation.")
def engagement_sous_l_obligation(lecture: Lecture) -> pd.Series:
    """Les heures d'insertion engagées sont sous la part réservée des heures travaillées totales."""
    lue = lecture.lue
    return lue["heures_engagees"] < lue["heures_totales"] * lue["obligation_pct"] / 100 - 1


@regle(ALERTE, "heures_engagees", "Vérifier les heures d'insertion et les heures totales.")
def engagement_superieur_au_total(lecture: Lecture) -> pd.Series:
    """Les heures d'insertion engagées dépassent les heures travaillées totales du marché."""
    return lecture.lue["heures_engagees"] > lecture.lue["heures_totales"]


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
    marquee(
        "code_inconnu_maitre_ouvrage",
        "maitre_ouvrage",
        INCONNU,
        "Le maître d'ouvrage n'est dans aucune écriture connue ; « non renseigné ».",
        "Corriger le maître d'ouvrage, ou ajouter son écriture à ecritures.csv.",
        INFO,
    ),
    montant_invalide,
    obligation_inhabituelle,
    part_pme_sous_la_charte,
    engagement_sous_l_obligation,
    engagement_superieur_au_total,
)
