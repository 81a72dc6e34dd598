"""Les données essentielles de la commande publique : lecture typée."""

from __future__ import annotations

import datetime as dt
import re
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from observatoire.controle.considerations import (
    ENVIRONNEMENTALES,
    SOCIALES,
    lire_considerations,
    resumer,
)
from observatoire.controle.dates_publiees import PREMIER_JOUR, lire_jours, reparee
from observatoire.controle.encodage import reparer
from observatoire.controle.lieux import genre_de_lieu, lire_departement, situer
from observatoire.controle.listes_decp import (
    BOOLEENS,
    LISTES,
    MULTIPLES,
    Colonnes,
    lire_booleens,
    lire_codes,
    lire_prix,
    sans_bouche_trou,
    selon_la_technique,
)
from observatoire.controle.montants import juger
from observatoire.controle.objets_decp import (
    Lue,
    joindre,
    lire_actes,
    lire_modifications,
    lire_objets,
    lire_titulaires,
)
from observatoire.controle.regles import Lecture
from observatoire.controle.regles_decp import REGLES
from observatoire.controle.resolution import SEPARATEUR, resoudre
from observatoire.controle.typage import (
    DERNIER_JOUR,
    colonnes_de_texte,
    lire_entiers,
    lire_nombres,
    lire_sirets,
    par_valeur,
)
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable

    from observatoire.config import Config, Source

__all__ = ["REGLES", "lire"]

_DUREE_MAXIMUM = 1200
_OFFRES_MAXIMUM = 10_000
_OBJETS = ("titulaires", "modifications", "actes_sous_traitance")
_DATES = ("date_notification", "date_publication", "date_debut_execution")
_PARTS = {
    "taux_avance_pct": "taux_avance",
    "origine_ue_pct": "origine_ue",
    "origine_france_pct": "origine_france",
}


def lire(table: pd.DataFrame, _source: Source, config: Config) -> Lecture:
    """Rend les contrats publiés, typés ; les valeurs de remplissage (NC, MQ…) y sont absentes.

    La table est un morceau d'une livraison : une date postérieure à celle-ci n'est pas gardée. Des
    listes d'objets, seules les valeurs en cause seront citées, jamais une dénomination.
    """
    recue = table.assign(**{nom: sans_bouche_trou(table[nom]) for nom in colonnes_de_texte(table)})
    lue: Colonnes = {}
    reperes: Colonnes = {}
    for lire_champs in (_codes, _faits, _nombres, _dates, _lieux, _objets, _textes):
        colonnes, marques = lire_champs(recue)
        lue |= colonnes
        reperes |= marques
    reperes["seuil_publication"] = _seuils(lue["date_notification"], config)
    citees = {nom: reperes.pop(f"citation_{nom}") for nom in _OBJETS}
    typee = recue.assign(**lue)[SCHEMAS["controle/decp"].noms]
    return Lecture(recue.assign(**citees), typee, reperes)


def _codes(recue: pd.DataFrame) -> tuple[Colonnes, Colonnes]:
    """Les champs codés : une valeur, plusieurs, ou un booléen."""
    lue, reperes = lire_prix(recue["forme_prix"], recue["types_prix"])
    for nom, liste in LISTES.items():
        lue[nom], reperes[f"marque_{nom}"] = resoudre(liste, recue[nom])
    for nom, liste in MULTIPLES.items():
        lue[nom], reperes[f"marque_{nom}"] = lire_codes(liste, recue[nom])
    lue |= {nom: lire_booleens(recue[nom]) for nom in BOOLEENS}
    accord = par_valeur(lue["techniques"], lambda t: "ACCORD_CADRE" in t.split(SEPARATEUR), "boolean")
    subsequent = recue["id_accord_cadre"].notna().astype("boolean")
    lue["est_accord_cadre"] = selon_la_technique("accord cadre", recue, lue, accord)
    lue["est_subsequent"] = selon_la_technique("marche subsequent", recue, lue, subsequent)
    return lue, reperes


def _faits(recue: pd.DataFrame) -> tuple[Colonnes, Colonnes]:
    """Les considérations, en faits à trois états."""
    sociales = lire_considerations(recue["considerations"], recue["format"], SOCIALES)
    autres = lire_considerations(
        recue["considerations_environnementales"], recue["format"], ENVIRONNEMENTALES
    )
    faits = sociales[list(SOCIALES.faits)]
    lue = {nom: sociales[nom] for nom in SOCIALES.faits} | {
        nom: autres[nom] for nom in ENVIRONNEMENTALES.faits
    }
    lue["consideration_etat"] = resumer(faits, recue["format"])
    return lue, {
        "marque_considerations": sociales["marque"],
        "marque_considerations_environnementales": autres["marque"],
    }


def _nombres(recue: pd.DataFrame) -> tuple[Colonnes, Colonnes]:
    """Montants en euros, parts en %, durées en mois, nombres d'offres."""
    montant = lire_nombres(recue["montant"])
    statut, raison = juger(montant)
    subvention = lire_nombres(recue["montant_subvention"])
    lue = {
        "montant_eur": montant,
        "montant_statut": statut,
        "montant_raison": raison,
        "montant_subvention_eur": subvention.where((subvention >= 0).fillna(False)),
        "duree_mois": lire_entiers(recue["duree_mois"], 1, _DUREE_MAXIMUM),
        "offres_recues": lire_entiers(recue["offres_recues"], 1, _OFFRES_MAXIMUM),
    }
    for nom, recu in _PARTS.items():
        part = lire_nombres(recue[recu])
        lue[nom] = (100 * part.where(part.between(0, 1).fillna(False))).round(6)
    # une avance attribuée au taux de 0 est une avance dont le taux n'est pas connu
    avance = lire_booleens(recue["attribution_avance"]).fillna(False)
    inconnu = avance & (lue["taux_avance_pct"] == 0).fillna(False)
    lue["taux_avance_pct"] = lue["taux_avance_pct"].mask(inconnu)
    return lue, {"taux_inconnu": inconnu}


def _dates(recue: pd.DataFrame) -> tuple[Colonnes, Colonnes]:
    """Les dates entre 2015 et la livraison ; un début d'exécution peut la suivre."""
    limite = pd.Timestamp(_livraison(recue))
    lue, reperes = {}, {}
    for nom in _DATES:
        jours = lire_jours(recue[nom])
        future = (jours > limite) & (nom != "date_debut_execution")
        trop_loin = jours > pd.Timestamp(DERNIER_JOUR)
        lue[nom] = jours.mask(future | trop_loin | (jours < pd.Timestamp(PREMIER_JOUR)))
        reperes[f"future_{nom}"] = future
        reperes[f"reparee_{nom}"] = par_valeur(recue[nom], reparee, "boolean") & lue[nom].notna()
    return lue, reperes


def _livraison(recue: pd.DataFrame) -> dt.date:
    millesimes = recue["millesime"].dropna()
    return dt.date.fromisoformat(millesimes.max()) if len(millesimes) else DERNIER_JOUR


def _lieux(recue: pd.DataFrame) -> tuple[Colonnes, Colonnes]:
    """Le département et la commune d'exécution, à défaut le département de l'acheteur."""
    departement, commune = situer(recue["lieu_code"], recue["lieu_type"])
    acheteur = par_valeur(recue["acheteur_departement"], lire_departement)
    genre = par_valeur(recue["lieu_type"], genre_de_lieu)
    lue = {"departement": departement.fillna(acheteur), "commune": commune}
    return lue, {"departement_lieu": departement, "lieu_type": genre}


def _objets(recue: pd.DataFrame) -> tuple[Colonnes, Colonnes]:
    """Titulaires, modifications et actes de sous-traitance, réécrits typés."""
    limite = _livraison(recue)
    lectures: dict[str, tuple[pd.Series, Callable[[str], Lue]]] = {
        "titulaires": (recue["titulaires"], lire_titulaires),
        "modifications": (recue["modifications"], partial(lire_modifications, limite=limite)),
        "actes_sous_traitance": (
            joindre(recue["actes_sous_traitance"], recue["modifications_sous_traitance"]),
            partial(lire_actes, limite=limite),
        ),
    }
    lue, reperes = {}, {}
    for nom, (textes, lire_un) in lectures.items():
        lue[nom], reperes[f"marque_{nom}"], reperes[f"citation_{nom}"] = lire_objets(textes, lire_un)
    publiees = par_valeur(lue["modifications"], lambda texte: texte.count('{"no":'), "Int64")
    lue["nb_modifications"] = recue["nb_modifications"].fillna(publiees)
    return lue, reperes


def _textes(recue: pd.DataFrame) -> tuple[Colonnes, Colonnes]:
    """Identifiants, CPV et type de marché ; objet et nom de l'acheteur à l'encodage réparé."""
    cpv = par_valeur(recue["cpv"], lire_cpv)
    publie, _ = resoudre("types_marche", recue["type_marche"])
    return {
        "acheteur_id": lire_sirets(recue["acheteur_id"]),
        "acheteur_recu": recue["acheteur_id"].str.replace(r"\s", "", regex=True),
        "acheteur_nom": par_valeur(recue["acheteur_nom"], reparer),
        "objet": par_valeur(recue["objet"], reparer),
        "cpv": cpv,
        "type_marche": par_valeur(cpv, type_de_cpv).fillna(publie),
    }, {}


def _seuils(notifications: pd.Series, config: Config) -> pd.Series:
    """Le seuil de publication en vigueur à la notification, euros hors taxes."""
    jours = notifications.dropna().unique()
    seuils = {jour: config.parametre("seuil_publication_eur", jour.date()).valeur for jour in jours}
    return notifications.map(seuils).astype("Float64")


def lire_cpv(texte: str) -> str | None:
    """Rend un code CPV sur huit chiffres, sans sa clé de contrôle ; « 00000000 » n'en est pas un.

    Sept chiffres commençant par 3 ou 9 sont les divisions 03 et 09 dont le zéro s'est perdu
    (3451000, plantes ; 9310000, électricité) ; un code court n'est pas complété autrement.

    >>> lire_cpv("45210000-2"), lire_cpv("9310000"), lire_cpv("4521"), lire_cpv("00000000")
    ('45210000', '09310000', None, None)
    """
    trouve = re.fullmatch(r"(\d{8}|[39]\d{6})(?:-\d)?", texte, re.ASCII)
    return trouve[1].zfill(8) if trouve and trouve[1].strip("0") else None


def type_de_cpv(cpv: str) -> str | None:
    """Rend le type de marché d'une division CPV ; rien si elle n'existe pas.

    >>> [type_de_cpv(code) for code in ("45210000", "71000000", "09310000", "90910000", "49000000")]
    ['T', 'PI', 'F', 'S', None]
    """
    division = int(cpv[:2])
    if division == 45:
        return "T"
    if division in (71, 72, 73, 79):
        return "PI"
    if 3 <= division <= 44 or division == 48:
        return "F"
    return "S" if 50 <= division <= 98 else None
