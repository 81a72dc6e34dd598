"""Le gel : ce que les éditions passées imposent aux cellules d'aujourd'hui.

`figer` dit l'état de chaque cellule. `geler` rend les cellules à la plus petite valeur jamais imprimée :
c'est sur elle que se jugent le secret et l'audit, les différences se jugeant à part (`indicateurs.revision`).
`imprimer` rend celle que le lecteur verra. Avec un registre vide, les trois ne coûtent rien.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.indicateurs.cellule import CLE, DEJA_CACHEE, DEJA_PUBLIEE, LIBRE, SECRET
from observatoire.indicateurs.diffusions.revisions import (
    ECART_NUL,
    ouverte,
    quatre_trimestres,
    suit_ses_trimestres,
)
from observatoire.indicateurs.registre import REGISTRE

if TYPE_CHECKING:
    from observatoire.indicateurs.diffusions.chaine import Registre
    from observatoire.perimetre import Periode

_LIEU = ["indicateur", "ventilation", "territoire", "modalite"]
ARRONDI = 0.006  # une valeur imprimée l'est au centième
_PARUES = ["origine", "diffusee", "plancher"]


def figer(
    cellules: pd.DataFrame, registre: Registre, edition: Periode | None = None, *, erratum: bool = False
) -> pd.DataFrame:
    """Ajoute aux cellules privées ce que le lecteur en connaît déjà.

    `etat` : `libre` (jamais diffusée, ou non disponible), `cachee` (diffusée secrète : elle le reste) ou
    `publiee` (diffusée avec une valeur : elle ne peut plus être cachée). `origine`, `diffusee`, `plancher` :
    la première, la dernière et la plus petite valeur imprimées. `revisable` : le calendrier permet à cette
    édition de la changer ; sans édition, rien ne change.
    """
    if registre.vide:
        vide = pd.array([pd.NA] * len(cellules), dtype="Float64")
        return cellules.assign(etat=LIBRE, revisable=False, **dict.fromkeys(_PARUES, vide))
    table = cellules.merge(registre.connues, how="left", on=CLE, validate="one_to_one")
    cachee = (table.pop("statut") == SECRET).fillna(value=False)
    publiee = table["diffusee"].notna() & ~cachee
    etat = pd.Series(LIBRE, index=table.index, dtype="string").mask(publiee, DEJA_PUBLIEE)
    permise = ouverte(table, registre, edition, erratum=erratum) if edition else False
    return table.assign(etat=etat.mask(cachee, DEJA_CACHEE), revisable=publiee & permise)


def geler(figees: pd.DataFrame, revisees: pd.DataFrame | None = None) -> pd.DataFrame:
    """Rend les cellules à la plus petite valeur imprimée, révisions comprises ; `vraie` garde la leur.

    Une cellule `cachee` garde sa vraie valeur, que le secret taira.
    """
    table = figees.assign(vraie=figees["valeur"])
    if not (table["etat"] != LIBRE).any():
        return table
    plancher = pd.concat([_revues(table, revisees), table["plancher"]], axis="columns").min(axis="columns")
    parue = table["etat"] == DEJA_PUBLIEE
    return _annee_coherente(table.assign(valeur=table["valeur"].mask(parue, plancher)))


def imprimer(gelees: pd.DataFrame, revisees: pd.DataFrame | None = None) -> pd.DataFrame:
    """Rend les cellules à la valeur que le lecteur verra : la dernière imprimée, ou la révisée.

    Une somme nouvelle de quatre trimestres imprimés est leur somme.
    """
    if not (gelees["etat"] == DEJA_PUBLIEE).any():
        return gelees
    publiee = gelees["etat"] == DEJA_PUBLIEE
    table = gelees.assign(valeur=gelees["valeur"].mask(publiee, _revues(gelees, revisees)))
    return table.assign(valeur=_sommees(table, _cumuls(table), table["etat"] == LIBRE))


def _revues(table: pd.DataFrame, revisees: pd.DataFrame | None) -> pd.Series[float]:
    """La dernière valeur imprimée de chaque cellule, ou celle que la révision imprime."""
    if revisees is None or revisees.empty:
        return table["diffusee"]
    nouvelles = table[CLE].merge(revisees[[*CLE, "valeur"]], how="left", on=CLE)["valeur"]
    return nouvelles.set_axis(table.index).fillna(table["diffusee"])


def _annee_coherente(table: pd.DataFrame) -> pd.DataFrame:
    """Accorde les années et les quatre trimestres glissants aux trimestres imprimés.

    Une somme dont les quatre trimestres sont imprimés est leur somme, même parue après une révision : l'écart
    dirait sinon les saisies tardives. Est cachée, parmi les cellules nouvelles, celle qui le dirait autrement
    : une somme dont un trimestre est caché ou hors du plan, si une saisie tardive est retenue dans l'un d'eux
    pour cet indicateur ; une cellule ajoutée à une période déjà diffusée, si une saisie tardive y est retenue
    ; un nombre d'unités distinctes que les trimestres imprimés contredisent.

    Args:
        table: les cellules, avec `etat`, `valeur` (imprimable) et `vraie`.
    """
    longues = _cumuls(table)
    suit, entiere = suit_ses_trimestres(table), (longues["presents"] == 4) & longues["imprimes"]
    de_personnes = table["indicateur"].map({nom: i.personnes for nom, i in REGISTRE.items()}).astype(bool)
    contredite = (table["valeur"] > longues["somme"] + ECART_NUL) | (
        table["valeur"] < longues["maximum"] - ECART_NUL
    )
    compte = (
        table["indicateur"].map({nom: i.absence_nulle for nom, i in REGISTRE.items()}).fillna(value=False)
    )
    contredite = contredite.fillna(value=False) & entiere & compte.astype(bool)
    retenue = (suit & (longues["presents"] < 4) & longues["retard"]) | (
        ~suit & (contredite | longues["retard_ici"])
    )
    nouvelle = (table["etat"] == LIBRE) & de_personnes
    return table.assign(
        valeur=_sommees(table, longues, table["etat"] != DEJA_CACHEE),
        etat=table["etat"].mask(nouvelle & retenue, DEJA_CACHEE),
    )


def _sommees(table: pd.DataFrame, longues: pd.DataFrame, parmi: pd.Series[bool]) -> pd.Series[float]:
    """Les valeurs, une somme de quatre trimestres imprimés étant leur somme parmi ces cellules."""
    entiere = (longues["presents"] == 4) & longues["imprimes"] & parmi
    return table["valeur"].mask(suit_ses_trimestres(table) & entiere, longues["somme"].round(2))


def _cumuls(table: pd.DataFrame) -> pd.DataFrame:
    """Pour chaque cellule : combien de ses quatre trimestres ont une valeur imprimable, et ce qu'ils disent.

    Colonnes, alignées sur `table` : presents, somme, maximum, imprimes (l'un au moins l'a déjà été),
    retard (dans un de ces trimestres, une valeur imprimée de l'indicateur n'est pas la vraie) et
    retard_ici (dans la période même).
    """
    publiee = table["etat"] == DEJA_PUBLIEE
    tardives = table.loc[publiee & ((table["valeur"] - table["vraie"]).abs() > ARRONDI)]
    retards = set(zip(tardives["indicateur"], tardives["periode"], strict=True))
    paires = [(longue, t) for longue, quatre in quatre_trimestres(table["periode"]).items() for t in quatre]
    calendrier = pd.DataFrame(paires, columns=["periode", "trimestre"], dtype="string")
    longues = table[CLE].assign(rang=table.index).merge(calendrier, on="periode")
    lisibles = table.assign(imprimes=publiee).loc[(table["etat"] != DEJA_CACHEE) & table["valeur"].notna()]
    lisibles = lisibles[[*_LIEU, "periode", "valeur", "imprimes"]].rename(columns={"periode": "trimestre"})
    joint = longues.merge(lisibles, how="left", on=[*_LIEU, "trimestre"])
    joint["retard"] = _parmi(joint["indicateur"], joint["trimestre"], retards)
    joint["imprimes"] = joint["imprimes"].fillna(value=False).astype(bool)
    cumuls = joint.groupby("rang").agg(
        presents=("valeur", "count"),
        somme=("valeur", "sum"),
        maximum=("valeur", "max"),
        imprimes=("imprimes", "any"),
        retard=("retard", "any"),
    )
    cumuls = cumuls.reindex(table.index)
    for nom in ("imprimes", "retard"):
        cumuls[nom] = cumuls[nom].fillna(value=False).astype(bool)
    ici = _parmi(table["indicateur"], table["periode"], retards)
    return cumuls.assign(presents=cumuls["presents"].fillna(0), retard=cumuls["retard"] | ici, retard_ici=ici)


def _parmi(
    indicateurs: pd.Series[str], periodes: pd.Series[str], paires: set[tuple[str, str]]
) -> pd.Series[bool]:
    presentes = [paire in paires for paire in zip(indicateurs, periodes, strict=True)]
    return pd.Series(presentes, index=indicateurs.index, dtype=bool)
