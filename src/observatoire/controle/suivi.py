"""Les exports des logiciels de suivi : lecture déclarée par la source, codes résolus."""

from __future__ import annotations

import datetime as dt
import re
from functools import partial
from typing import TYPE_CHECKING

from observatoire.controle.lieux import lire_commune
from observatoire.controle.regles import Lecture
from observatoire.controle.regles_suivi import REGLES
from observatoire.controle.resolution import SEPARATEUR, resoudre
from observatoire.controle.typage import (
    lire_dates,
    lire_entiers,
    lire_mois,
    lire_nombres_declares,
    lire_sirets,
    par_valeur,
)
from observatoire.controle.valeurs_declarees import traduire
from observatoire.referentiel import NON_RENSEIGNE
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
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
    "jalon": "jalons",
    "secteur": "secteurs",
    "mode_realisation": "modes_realisation",
    "mode_engagement": "modes_engagement",
    "motif_fin": "motifs_fin",
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
_NOMBRES = ("heures_engagees", "heures_totales", "heures")
_SIRETS = ("acheteur_id", "titulaire_id", "employeur_id")
AGE_MINIMUM, AGE_MAXIMUM = 15, 70
_HORS_PROGRAMME = "HORS"
_ROME = re.compile(r"([A-N]\d{4})(?!\d)", re.ASCII)
# décret 2014-1750 du 30 décembre 2014 ; décret du 28 décembre 2023
_QUARTIERS = {
    "2015": re.compile(r"QP(?:\d{3}|02[AB])\d{3}", re.ASCII),
    "2024": re.compile(r"QN(?:\d{3}|02[AB])\d{2}[A-Z]", re.ASCII),
}
_SANS_OBJET = ("situation_sortie", "jalon")  # rien d'écrit n'y est pas un manque : le parcours continue


def lire(table: pd.DataFrame, source: Source, config: Config) -> Lecture:
    """Rend les lignes de suivi typées selon `[sources.<nom>.lecture]`, codes résolus.

    Une valeur illisible est vide, un code inconnu vaut « NR » ; les règles disent lesquelles. Un
    SIRET de structure est gardé même faux : tous les identifiants de la source en dépendent. Une
    opération mutualisée (`separateur_operations`) porte ses identifiants séparés par `|`.
    """
    forme = source.lecture.get("date", "%Y-%m-%d")
    ecrite = _traduire(table, source)
    typees = {nom: lire_dates(ecrite[nom], forme) for nom in _DATES}
    typees |= {nom: lire_sirets(ecrite[nom]) for nom in _SIRETS}
    typees |= {nom: lire_nombres_declares(ecrite[nom], source.lecture) for nom in _NOMBRES}
    typees |= {
        nom: par_valeur(ecrite[nom], lire_commune) for nom in ("commune_execution", "commune_residence")
    }
    lue = table.assign(
        **typees,
        structure_id=lire_sirets(ecrite["structure_id"]).fillna(table["structure_id"]),
        mois=lire_mois(ecrite["mois"], source.lecture.get("mois", "%Y-%m")),
        age_entree=lire_entiers(ecrite["age_entree"], AGE_MINIMUM, AGE_MAXIMUM),
        operation=ecrite["operation"],
        modalite_source=table["modalite"],
        metier=par_valeur(ecrite["metier"], lire_metier),
        part_engagee_pct=_part(ecrite["part_engagee_pct"], source),
        qpv_code=par_valeur(ecrite["qpv_code"].fillna(ecrite["qpv"]), lire_quartier),
    )
    lue["millesime_qpv"] = par_valeur(lue["qpv_code"], millesime_du_quartier)
    for nom in ("heures_engagees", "heures_totales"):
        lue[nom] = lue[nom].where(lue[nom] >= 0)
    codes, marques = _resoudre(ecrite, lue)
    lue = lue.assign(**codes).reindex(columns=SCHEMAS["controle/suivi"].noms)
    return Lecture(table, lue, marques | _bornes(table, config))


def _resoudre(ecrite: pd.DataFrame, lue: pd.DataFrame) -> tuple[dict[str, pd.Series], dict[str, pd.Series]]:
    """Rend les codes de chaque colonne et leurs marques (`marque_<colonne>`).

    La modalité se lit à la date de consultation, à défaut de notification ; le niveau de diplôme et
    le prescripteur à l'embauche, à défaut au mois travaillé. Un code de quartier vaut « oui ».
    """
    entree = lue["contrat_debut"].fillna(lue["mois"])
    jours = {
        "modalite": lue["date_consultation"].fillna(lue["date_notification"]),
        "niveau_diplome": entree,
        "prescripteur": entree,
    }
    quartier, marque_du_code = _quartiers(ecrite, lue["qpv_code"])
    ecrite = ecrite.assign(qpv=quartier)
    resolus = {nom: resoudre(liste, ecrite[nom], jours.get(nom)) for nom, liste in LISTES.items()}
    codes = {nom: code for nom, (code, _) in resolus.items()}
    codes["programme"] = codes["programme"].mask(codes["programme"] == NON_RENSEIGNE, _HORS_PROGRAMME)
    codes |= {nom: codes[nom].mask(ecrite[nom].isna()) for nom in _SANS_OBJET}
    marques = {f"marque_{nom}": marque for nom, (_, marque) in resolus.items()}
    return codes, marques | {"marque_qpv_code": marque_du_code}


def _quartiers(ecrite: pd.DataFrame, code: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Rend ce qui est écrit de la résidence en quartier prioritaire, et la marque de la colonne du code.

    Un code lu vaut « OUI », sauf si l'autre colonne dit « non » : alors rien n'est sûr. « Hors QPV »
    écrit à la place du code vaut « non ».
    """
    _, marque = resoudre("oui_non", ecrite["qpv_code"])
    dit = ecrite["qpv"].fillna(ecrite["qpv_code"].mask(marque.notna()))
    contredit = code.notna() & (resoudre("oui_non", ecrite["qpv"])[0] == "NON")
    return dit.mask(code.notna(), "OUI").mask(contredit), marque.mask(code.notna())


def _part(textes: pd.Series, source: Source) -> pd.Series:
    """Rend un pourcentage au-dessus de 0 et jusqu'à 100, écrit avec ou sans « % »."""
    nus = par_valeur(textes, lambda texte: texte.removesuffix("%").strip())
    parts = lire_nombres_declares(nus, source.lecture)
    return parts.where((parts > 0) & (parts <= 100))


def lire_metier(texte: str) -> str | None:
    """Rend le code ROME d'un métier, seul ou suivi de son intitulé.

    >>> lire_metier("f1702 - Construction de routes"), lire_metier("Maçon"), lire_metier("Z9999")
    ('F1702', None, None)
    """
    trouve = _ROME.match(texte.upper())
    return trouve[1] if trouve else None


def lire_quartier(texte: str) -> str | None:
    """Rend le code d'un quartier prioritaire, de 2015 ou de 2024.

    >>> lire_quartier("qp 093 028"), lire_quartier("QN09301M"), lire_quartier("Oui")
    ('QP093028', 'QN09301M', None)
    """
    code = re.sub(r"[\s.-]", "", texte.upper())
    return code if any(forme.fullmatch(code) for forme in _QUARTIERS.values()) else None


def millesime_du_quartier(code: str) -> str | None:
    """Rend l'année de la géographie prioritaire d'un code.

    >>> millesime_du_quartier("QP093028"), millesime_du_quartier("QN09301M")
    ('2015', '2024')
    """
    return next((annee for annee, forme in _QUARTIERS.items() if forme.fullmatch(code)), None)


def _bornes(table: pd.DataFrame, config: Config) -> dict[str, pd.Series]:
    """Rend le jour de livraison de chaque ligne et le maximum d'heures par mois en vigueur ce jour."""

    def maximum(millesime: str) -> float:
        return float(config.parametre("heures_maximum_par_mois", dt.date.fromisoformat(millesime)).valeur)

    return {
        "livraison": lire_dates(table["millesime"]),
        "heures_maximum": par_valeur(table["millesime"], maximum, "Float64"),
    }


def _traduire(table: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Rend la table aux séparateurs et aux écritures de l'observatoire, selon ce que la source déclare."""
    separateur = source.lecture.get("separateur_publics", SEPARATEUR)
    traduite = table.assign(publics=table["publics"].str.replace(separateur, SEPARATEUR, regex=False))
    if commune := source.lecture.get("separateur_operations"):
        traduite["operation"] = par_valeur(table["operation"], partial(_separer, commune))
    return traduire(traduite, source, LISTES)


def _separer(separateur: str, texte: str) -> str | None:
    """Rend les identifiants d'une opération mutualisée, chacun une fois, dans un ordre fixe.

    >>> _separer(";", "OP2; OP1;;OP2")
    'OP1|OP2'
    """
    return SEPARATEUR.join(sorted({partie.strip() for partie in texte.split(separateur)} - {""})) or None
