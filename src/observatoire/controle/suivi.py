"""Les exports des logiciels de suivi : lecture déclarée par la source, codes résolus."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING

from observatoire.controle.ecritures import comparable
from observatoire.controle.lieux import lire_commune
from observatoire.controle.regles import Lecture
from observatoire.controle.regles_suivi import REGLES
from observatoire.controle.resolution import SEPARATEUR, resoudre
from observatoire.controle.typage import (
    lire_dates,
    lire_entiers,
    lire_mois,
    lire_nombres,
    lire_sirets,
    par_valeur,
)
from observatoire.erreurs import ConfigError, suggestion
from observatoire.referentiel import NON_RENSEIGNE, nomenclature

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from observatoire.config import Config, Source

__all__ = ["REGLES", "lire"]

LISTES = {
    "type_marche": "types_marche",
    "modalite": "modalites",
    "programme": "programmes",
    "statut_clause": "statuts_clause",
    "sexe": "sexes",
    "qpv": "oui_non",
    "niveau_diplome": "niveaux_diplome",
    "publics": "publics",
    "type_employeur": "types_employeur",
    "type_contrat": "types_contrat",
    "prescripteur": "prescripteurs",
    "type_heure": "types_heure",
    "situation_sortie": "sorties",
}
_DATES = (
    "date_consultation",
    "date_notification",
    "date_debut",
    "date_fin",
    "contrat_debut",
    "contrat_fin",
    "date_saisie",
    "date_observation",
)
_SIRETS = ("acheteur_id", "titulaire_id", "employeur_id")
AGE_MINIMUM, AGE_MAXIMUM = 15, 70
_HORS_PROGRAMME = "HORS"


def lire(table: pd.DataFrame, source: Source, config: Config) -> Lecture:
    """Rend les lignes de suivi typées selon `[sources.<nom>.lecture]`, codes résolus.

    Une valeur illisible est vide, un code inconnu vaut « NR » ; les règles disent lesquelles. Un
    SIRET de structure est gardé même faux : tous les identifiants de la source en dépendent.
    """
    forme, decimale = source.lecture.get("date", "%Y-%m-%d"), source.lecture.get("decimale", ".")
    ecrite = _traduire(table, source)
    typees = {nom: lire_dates(ecrite[nom], forme) for nom in _DATES}
    typees |= {nom: lire_sirets(ecrite[nom]) for nom in _SIRETS}
    typees |= {nom: lire_nombres(ecrite[nom], decimale) for nom in ("heures_engagees", "heures")}
    typees |= {
        nom: par_valeur(ecrite[nom], lire_commune) for nom in ("commune_execution", "commune_residence")
    }
    lue = table.assign(
        **typees,
        structure_id=lire_sirets(ecrite["structure_id"]).fillna(table["structure_id"]),
        mois=lire_mois(ecrite["mois"], source.lecture.get("mois", "%Y-%m")),
        age_entree=lire_entiers(ecrite["age_entree"], AGE_MINIMUM, AGE_MAXIMUM),
        modalite_source=table["modalite"],
    )
    lue["heures_engagees"] = lue["heures_engagees"].where(lue["heures_engagees"] >= 0)
    codes, marques = _resoudre(ecrite, lue)
    return Lecture(table, lue.assign(**codes), marques | _bornes(table, config))


def _resoudre(ecrite: pd.DataFrame, lue: pd.DataFrame) -> tuple[dict[str, pd.Series], dict[str, pd.Series]]:
    """Rend les codes de chaque colonne et leurs marques (`marque_<colonne>`).

    La modalité se lit à la date de consultation, à défaut de notification ; le niveau de diplôme à
    l'embauche, à défaut au mois travaillé.
    """
    jours = {
        "modalite": lue["date_consultation"].fillna(lue["date_notification"]),
        "niveau_diplome": lue["contrat_debut"].fillna(lue["mois"]),
    }
    resolus = {nom: resoudre(liste, ecrite[nom], jours.get(nom)) for nom, liste in LISTES.items()}
    codes = {nom: code for nom, (code, _) in resolus.items()}
    codes["programme"] = codes["programme"].mask(codes["programme"] == NON_RENSEIGNE, _HORS_PROGRAMME)
    codes["situation_sortie"] = codes["situation_sortie"].mask(ecrite["situation_sortie"].isna())
    return codes, {f"marque_{nom}": marque for nom, (_, marque) in resolus.items()}


def _bornes(table: pd.DataFrame, config: Config) -> dict[str, pd.Series]:
    """Rend le jour de livraison de chaque ligne et le maximum d'heures par mois en vigueur ce jour."""

    def maximum(millesime: str) -> float:
        return float(config.parametre("heures_maximum_par_mois", dt.date.fromisoformat(millesime)).valeur)

    return {
        "livraison": lire_dates(table["millesime"]),
        "heures_maximum": par_valeur(table["millesime"], maximum, "Float64"),
    }


def _traduire(table: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Rend la table où les écritures déclarées par la source sont remplacées par nos codes."""
    separateur = source.lecture.get("separateur_publics", SEPARATEUR)
    publics = table["publics"].str.replace(separateur, SEPARATEUR, regex=False)
    traduite = table.assign(publics=publics)
    for colonne, valeurs in source.valeurs.items():
        if colonne not in traduite.columns:
            ou = f"[sources.{source.nom}.valeurs]"
            raise ConfigError(f"{ou} : « {colonne} » est inconnu.", suggestion(colonne, LISTES))
        codes = _codes_declares(source, colonne, valeurs)
        traduite[colonne] = par_valeur(traduite[colonne], partial(_remplacer, codes))
    return traduite


def _remplacer(codes: Mapping[str, str], texte: str) -> str:
    """Remplace chaque partie connue d'un texte ; le reste est gardé tel quel."""
    return SEPARATEUR.join(codes.get(comparable(partie), partie) for partie in texte.split(SEPARATEUR))


def _codes_declares(source: Source, colonne: str, valeurs: Mapping[str, str]) -> dict[str, str]:
    if colonne in LISTES:
        codes = nomenclature(LISTES[colonne])
        for ecriture, code in valeurs.items():
            if code not in codes and code != NON_RENSEIGNE:
                raise ConfigError(
                    f"[sources.{source.nom}.valeurs.{colonne}] : « {ecriture} » renvoie au code inconnu "
                    f"« {code} ».",
                    suggestion(code, codes),
                )
    return {comparable(ecriture): code for ecriture, code in valeurs.items()}
