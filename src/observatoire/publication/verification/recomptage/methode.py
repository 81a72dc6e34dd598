"""La boîte de méthode et l'en-tête : sources reçues, qualité, secret, dates.

Leurs nombres ne viennent pas tous de `valeurs` : les lignes lues et gardées sont dans `provenance`, la
qualité de toutes les sources dans `qualite`, les seuils dans `parametres.toml`.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from observatoire.publication.verification.recomptage.attendu import Attendu
from observatoire.publication.verification.recomptage.nombres import ecrire, jour, mesurer, pct
from observatoire.publication.verification.recomptage.vue import courte
from observatoire.referentiel import ENSEMBLE, MILLESIME_GEOGRAPHIE

if TYPE_CHECKING:
    from observatoire.publication.deroule import Bloc
    from observatoire.publication.verification.recomptage.vue import Vue

_COMPTES = ("lues", "gardees", "marquees", "ecartees")
_FICTIF = " (données fictives)"
_SEUILS = ("seuil_personnes", "seuil_personnes_sensible", "employeurs_minimum")
_REPARTIES = (
    ("heures_realisees", "modalite"),
    ("contrats_actifs", "type_contrat"),
    ("beneficiaires", "niveau_diplome"),
    ("beneficiaires", "qpv"),
    ("beneficiaires", "prescripteur"),
)
_QUALITE_ICI = (
    ("part_heures_completes", "%"),
    ("part_structures_ayant_transmis", "%"),
    ("delai_de_saisie", "jours"),
)
_QUALITE_HEURES = (
    "completude_heures",
    "delai_saisie_median",
    "part_heures_estimees",
    "part_heures_mutualisees",
    "rapprochement",
    "personnes_de_plusieurs_structures",
)
_QUALITE_MARCHES = ("completude_marches", "delai_publication_median")


def entete(vue: Vue, bloc: Bloc) -> Attendu:
    """Recompte l'en-tête : des dates, celles de l'extraction, de la période et du définitif."""
    longue = vue.a(vue.periode.quatre_trimestres)
    return Attendu(phrases={*vue.phrases, *longue.phrases, *_dates(vue)})


def boite(vue: Vue, bloc: Bloc) -> Attendu:
    """Recompte la boîte de méthode, un paragraphe après l'autre."""
    seuils = [_seuil(vue, nom) for nom in _SEUILS]
    periodes = {str(vue.periode), str(vue.periode.quatre_trimestres)}
    total, secretes, _ = vue.tables.compter(vue.territoire, periodes)
    reparties = [(courte(vue, *cle), cle) for cle in _REPARTIES]
    ici = courte(vue, "heures_realisees", "ligne_complete")
    suites = {
        "Chiffres ": [_seuil(vue, "jours_avant_definitif")],
        "s\xa0: ": [*seuils, *([ecrire(Decimal(secretes)), ecrire(Decimal(total))] if total else [])],
        "Non renseigné, hors": [pct(v.taux_nr(*cle)) for v, cle in reparties if v.tranche(*cle)],
        "Qualité des heures": [mesurer(ici.une(nom), unite) for nom, unite in _QUALITE_ICI],
        "Toutes sources": [_mesure(vue, nom) for nom in _QUALITE_HEURES],
        "Marchés publics": [_mesure(vue, nom) for nom in _QUALITE_MARCHES],
        "Un équivalent temps plein": [_seuil(vue, "heures_par_etp")],
    }
    return Attendu(
        _sources(vue),
        nombres={*_couverture(vue), "0"},  # le signe du zéro observé
        phrases={*vue.phrases, *ici.phrases, *_dates(vue), MILLESIME_GEOGRAPHIE, *_libres(vue)},
        suites=suites,
    )


def _seuil(vue: Vue, nom: str) -> str:
    return ecrire(Decimal(str(vue.parametre(nom))))


def _mesure(vue: Vue, nom: str) -> str:
    """Une mesure de qualité de toutes les sources ; une part nulle d'heures partagées ne se dit pas."""
    qualite = vue.tables.qualite
    lignes = qualite.loc[(qualite["mesure"] == nom) & (qualite["source"] == ENSEMBLE)]
    if lignes.empty or (nom == "part_heures_mutualisees" and not lignes["valeur"].iloc[0]):
        return ""
    return mesurer(Decimal(str(lignes["valeur"].iloc[0])), lignes["unite"].iloc[0])


def _couverture(vue: Vue) -> set[str]:
    """La part du volume habituel reçue de chaque source incomplète, au trimestre du document."""
    qualite = vue.tables.qualite
    parts = qualite.loc[qualite["mesure"] == f"couverture:{vue.periode}", "valeur"]
    return {pct(Decimal(str(part))) for part in parts}


def _dates(vue: Vue) -> set[str]:
    definitif = vue.periode.fin + dt.timedelta(days=vue.parametre("jours_avant_definitif"))
    extraction = vue.tables.extraction
    return {jour(definitif), *([jour(extraction)] if extraction else [])}


def _libres(vue: Vue) -> set[str]:
    """Ce que d'autres ont écrit : titres des sources, dérogations, nom et adresse de l'observatoire."""
    derogations = vue.tables.qualite["texte"].dropna().astype(str)
    maison = vue.tables.config.reglages["observatoire"]
    return {*vue.tables.provenance["titre"].astype(str), *derogations, *map(str, maison.values())}


def _sources(vue: Vue) -> list[list[str]]:
    """Une ligne par source : les comptes de ses fichiers s'additionnent, la date est celle du plus récent."""
    lignes = []
    for titre, fichiers in vue.tables.provenance.groupby("titre"):
        date = fichiers["date_extraction"].max()
        comptes = [ecrire(Decimal(int(fichiers[nom].sum()))) for nom in _COMPTES]
        lignes.append([f"{str(titre).removesuffix(_FICTIF)}, {date:%d/%m/%Y}", *comptes])
    return lignes
