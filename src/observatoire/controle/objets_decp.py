"""Titulaires, modifications et actes de sous-traitance : des listes d'objets, réécrites typées.

Chaque lecture rend le texte JSON canonique (clés du schéma, dans l'ordre) et des marques. Une valeur
illisible y est nulle ; un trou y reste un trou.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from observatoire.controle.dates_publiees import PREMIER_JOUR, lire_jour
from observatoire.controle.encodage import reparer
from observatoire.controle.listes_decp import lire_json, sans_remplissage
from observatoire.controle.montants import ABERRANT, juger_un
from observatoire.controle.resolution import resoudre_un
from observatoire.controle.typage import lire_siret, par_valeur
from observatoire.referentiel import NON_RENSEIGNE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

ILLISIBLE, SIRET_FAUX, TYPE_INCONNU = "illisible", "siret_faux", "type_inconnu"
DATE_FAUSSE, MONTANT_FAUX, SANS_ACTE = "date_fausse", "montant_faux", "sans_acte"
_DUREE_MAXIMUM = 1200
_CITATION = 200
_NOMBRE = re.compile(r"-?\d{1,18}(?:\.\d{1,18})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_SEPARATEUR = "\n"  # le nettoyage n'en laisse dans aucun texte
_DERNIER = dt.date.max

Objet = dict[str, Any]
Marques = dict[str, str]  # une marque et la première valeur en cause


class Lue(NamedTuple):
    """Une liste lue : son texte canonique, ses marques séparées par |, et les valeurs à citer."""

    texte: str | None
    marques: str | None
    citation: str | None


en_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


_ILLISIBLE = Lue(None, ILLISIBLE, "liste illisible")


def lire_objets(textes: pd.Series, lire: Callable[[str], Lue]) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Rend les listes canoniques, leurs marques et ce qu'il faut en citer, lus une fois par texte."""
    lues = {texte: lire(texte) for texte in textes.dropna().unique()}

    def colonne(rang: int) -> pd.Series:
        return par_valeur(textes, lambda texte: lues[texte][rang])

    return colonne(0), colonne(1), colonne(2)


def lire_titulaires(texte: str) -> Lue:
    """Rend `rang, id, type_identifiant, siret, denomination` de chaque titulaire publié.

    Un type absent est un SIRET si l'identifiant en est un. Un objet sans identifiant ni nom ne désigne
    personne et n'est pas un titulaire.
    """
    objets = _objets(texte)
    if objets is None:
        return _ILLISIBLE
    marques: Marques = {}
    titulaires = _titulaires(objets, marques)
    return _lue(titulaires, marques)


def lire_modifications(texte: str, limite: dt.date) -> Lue:
    """Rend `no, date_notification, montant_eur, duree_mois, titulaires` de chaque modification, par date.

    Une modification sans date de notification se range à sa date de publication, à défaut à la fin.
    Un montant aberrant est vidé : il deviendrait celui du marché.
    """
    objets = _objets(texte)
    if objets is None:
        return _ILLISIBLE
    marques: Marques = {}
    rangees = sorted(objets, key=lambda objet: _rang(objet, limite))
    modifications = [
        {
            "no": no,
            "date_notification": _date(objet, "date_notification", limite, marques),
            "montant_eur": _montant(objet, marques),
            "duree_mois": _duree(objet),
            "titulaires": _titulaires(_liste(objet.get("titulaires")), marques) or None,
        }
        for no, objet in enumerate(rangees, 1)
    ]
    return _lue(modifications, marques)


def joindre(actes: pd.Series, modifications: pd.Series) -> pd.Series:
    """Rend les actes de sous-traitance suivis de leurs modifications, en un seul texte."""
    return (actes.fillna("[]") + _SEPARATEUR + modifications.fillna("[]")).mask(
        actes.isna() & modifications.isna()
    )


def lire_actes(joints: str, limite: dt.date) -> Lue:
    """Rend `no, id, type_identifiant, siret, montant_eur, duree_mois, date_notification` de chaque acte.

    Les modifications d'un acte y sont appliquées dans l'ordre des dates ; celles qui ne citent aucun
    acte publié, ou un numéro porté par deux actes, sont laissées et marquées.
    """
    actes, modifications = (_objets(texte) for texte in joints.split(_SEPARATEUR))
    if actes is None or modifications is None:
        return _ILLISIBLE
    marques: Marques = {}
    lus = [_acte(no, objet, limite, marques) for no, objet in enumerate(actes, 1)]
    numeros = [_texte(objet.get("id")) for objet in actes]
    for objet in sorted(modifications, key=lambda objet: _rang(objet, limite)):
        numero = _texte(objet.get("id"))
        if numero is None or numeros.count(numero) != 1:
            marques.setdefault(SANS_ACTE, f"modification de l'acte {numero}")
            continue
        nouveau = {"montant_eur": _montant(objet, marques), "duree_mois": _duree(objet)}
        lus[numeros.index(numero)] |= {nom: v for nom, v in nouveau.items() if v is not None}
    return _lue(lus, marques)


def _acte(no: int, objet: Objet, limite: dt.date, marques: Marques) -> Objet:
    return {
        "no": no,
        **_identite(_texte(objet.get("sous_traitant_id")), objet, marques),
        "montant_eur": _montant(objet, marques),
        "duree_mois": _duree(objet),
        "date_notification": _date(objet, "date_notification", limite, marques),
    }


def _titulaires(objets: Iterable[Objet], marques: Marques) -> list[Objet]:
    lus: list[Objet] = []
    for objet in objets:
        identifiant, nom = _texte(objet.get("id")), _texte(objet.get("denomination"))
        if identifiant is not None or nom is not None:
            identite = _identite(identifiant, objet, marques)
            lus.append({"rang": len(lus) + 1, **identite, "denomination": nom and reparer(nom)})
    return lus


def _identite(identifiant: str | None, objet: Objet, marques: Marques) -> Objet:
    ecrit = _texte(objet.get("type_identifiant"))
    code, marque = _type(ecrit) if ecrit else (NON_RENSEIGNE, None)
    siret = lire_siret(identifiant) if identifiant and code in ("SIRET", NON_RENSEIGNE) else None
    if marque:
        marques.setdefault(TYPE_INCONNU, str(ecrit))
    elif siret is None and code in ("SIRET", NON_RENSEIGNE):
        marques.setdefault(SIRET_FAUX, identifiant or "sans identifiant")
    return {"id": identifiant, "type_identifiant": "SIRET" if siret else code, "siret": siret}


@cache
def _type(ecrit: str) -> tuple[str, str | None]:
    return resoudre_un("types_identifiant", ecrit)


def _rang(objet: Objet, limite: dt.date) -> dt.date:
    dates = (_jour(objet, nom, limite) for nom in ("date_notification", "date_publication"))
    return next((date for date in dates if date is not None), _DERNIER)


def _date(objet: Objet, nom: str, limite: dt.date, marques: Marques) -> str | None:
    jour, ecrit = _jour(objet, nom, limite), _texte(objet.get(nom))
    if jour is None and ecrit is not None:
        marques.setdefault(DATE_FAUSSE, ecrit)
    return None if jour is None else jour.isoformat()


def _jour(objet: Objet, nom: str, limite: dt.date) -> dt.date | None:
    jour = lire_jour(_texte(objet.get(nom)) or "")
    return jour if jour is not None and PREMIER_JOUR <= jour <= limite else None


def _montant(objet: Objet, marques: Marques) -> float | None:
    montant = _nombre(objet.get("montant"))
    if montant is not None and juger_un(montant)[0] == ABERRANT:
        marques.setdefault(MONTANT_FAUX, f"{montant:.2f}")
        return None
    return montant


def _duree(objet: Objet) -> int | None:
    duree = _nombre(objet.get("duree_mois"))
    return int(duree) if duree is not None and duree % 1 == 0 and 1 <= duree <= _DUREE_MAXIMUM else None


def _nombre(valeur: Any) -> float | None:
    texte = _texte(valeur)
    return float(texte) if texte is not None and _NOMBRE.fullmatch(texte) else None


def _texte(valeur: Any) -> str | None:
    if not isinstance(valeur, str | int | float):
        return None
    return sans_remplissage(str(valeur))


def _objets(texte: str) -> list[Objet] | None:
    lu = lire_json(texte)
    return lu if isinstance(lu, list) and all(isinstance(objet, dict) for objet in lu) else None


def _liste(valeur: Any) -> list[Objet]:
    return [objet for objet in valeur if isinstance(objet, dict)] if isinstance(valeur, list) else []


def _lue(objets: list[Objet], marques: Marques) -> Lue:
    citation = " ; ".join(valeur for _, valeur in sorted(marques.items()))
    noms = "|".join(sorted(marques))
    return Lue(en_json(objets) if objets else None, noms or None, citation[:_CITATION] or None)
