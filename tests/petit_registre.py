"""Un petit registre des diffusions : des cellules privées, telles qu'imprimées, édition après édition."""

from __future__ import annotations

import pandas as pd

from observatoire.indicateurs.cellule import CLE
from observatoire.indicateurs.diffusions import Registre, geler, imprimer
from observatoire.indicateurs.registre import REGISTRE

PERSONNES, HEURES = "beneficiaires_sur_place", "heures_realisees"
CONTRATS, MARCHES = "contrats_actifs", "marches_notifies"
T1, T2, T3, T4 = (f"2025-T{rang}" for rang in (1, 2, 3, 4))


def cellules(*lignes):
    """Des cellules privées : (indicateur, ventilation, territoire, periode, modalite, valeur, effectif)."""
    noms = [*CLE, "valeur", "effectif"]
    table = pd.DataFrame(lignes, columns=noms).astype(dict.fromkeys(CLE, "string"))
    table = table.astype({"valeur": "Float64", "effectif": "Float64"})
    vides = pd.array([pd.NA] * len(table), dtype="Float64")
    table = table.assign(employeurs=vides, premier=vides)
    return table.assign(unite=table["indicateur"].map({n: i.unite for n, i in REGISTRE.items()}))


def total(indicateur, territoire, periode, valeur, effectif=None):
    effectif = valeur if indicateur == PERSONNES and effectif is None else effectif
    return (indicateur, "ensemble", territoire, periode, "ensemble", valeur, effectif)


def par_sexe(indicateur, territoire, periode, femmes, hommes):
    return [
        (indicateur, "sexe", territoire, periode, "F", femmes, femmes),
        (indicateur, "sexe", territoire, periode, "M", hommes, hommes),
    ]


def publiees(table, caches=()):
    """Les cellules telles qu'imprimées ; `caches` sont les rangs des secrètes."""
    statut = pd.Series("publie", index=table.index, dtype="string").mask(
        table["valeur"].isna(), "non_disponible"
    )
    statut[list(caches)] = "secret"
    return table.assign(statut=statut, valeur=table["valeur"].mask(statut == "secret"))


def registre(dossier, *editions):
    """Un registre : (édition, cellules imprimées), l'une après l'autre."""
    dossier.mkdir(exist_ok=True)
    tenu = Registre.ouvrir(dossier)
    for nom, table in editions:
        tenu = tenu.ajouter(nom, table, jour="2026-01-01", politique="p")
    return Registre.ouvrir(dossier)


def rejouer(figees, revisees=None):
    """Gèle puis imprime : les valeurs que le lecteur verra."""
    return imprimer(geler(figees, revisees), revisees)


def valeur(table, indicateur, territoire, periode, modalite="ensemble"):
    ligne = table[
        (table["indicateur"] == indicateur)
        & (table["territoire"] == territoire)
        & (table["periode"] == periode)
        & (table["modalite"] == modalite)
    ]
    return ligne.iloc[0]
