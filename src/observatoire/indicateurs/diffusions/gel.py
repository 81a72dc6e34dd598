"""Le gel : ce que les éditions passées imposent aux cellules d'aujourd'hui, avant le secret.

L'enchaînement, avec les cellules privées : `figer` dit l'état de chacune ; `differences` rend le tableau
des différences, une mesure de plus à protéger, où le secret décide de ce qui est `publie` ; `imprimer`
rend les cellules à la valeur qui s'imprimera. Avec un registre vide, les trois ne coûtent rien.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.indicateurs.cellule import CLE, DEJA_CACHEE, DEJA_PUBLIEE, LIBRE, SECRET
from observatoire.indicateurs.diffusions.revisions import (
    ECART_NUL,
    ouverte,
    personnes_deplacees,
    quatre_trimestres,
    regionale,
    suit_ses_trimestres,
    temoins,
)
from observatoire.indicateurs.registre import REGISTRE

if TYPE_CHECKING:
    from observatoire.indicateurs.diffusions.chaine import Registre
    from observatoire.perimetre import Periode

_LIEU = ["indicateur", "ventilation", "territoire", "modalite"]


def figer(
    cellules: pd.DataFrame, registre: Registre, edition: Periode, *, erratum: bool = False
) -> pd.DataFrame:
    """Ajoute aux cellules privées ce que le lecteur en connaît déjà.

    `etat` : `libre` (jamais diffusée, ou non disponible), `cachee` (diffusée secrète : elle le reste) ou
    `publiee` (diffusée avec une valeur : elle ne peut plus être cachée). `origine` et `diffusee` : la
    première et la dernière valeur imprimées. `revisable` : le calendrier permet à cette édition de
    la changer ; un `erratum` lève le calendrier, jamais le seuil de personnes.
    """
    if registre.vide:
        vide = pd.array([pd.NA] * len(cellules), dtype="Float64")
        return cellules.assign(etat=LIBRE, origine=vide, diffusee=vide, revisable=False)
    table = cellules.merge(registre.connues, how="left", on=CLE, validate="one_to_one")
    cachee = (table.pop("statut") == SECRET).fillna(value=False)
    publiee = table["diffusee"].notna() & ~cachee
    etat = (
        pd.Series(LIBRE, index=table.index, dtype="string")
        .mask(publiee, DEJA_PUBLIEE)
        .mask(cachee, DEJA_CACHEE)
    )
    permise = ouverte(table, registre, edition) | erratum
    return table.assign(etat=etat.mask(cachee, DEJA_CACHEE), revisable=publiee & permise)


def differences(figees: pd.DataFrame, seuils: pd.Series[int]) -> pd.DataFrame:
    """Rend le tableau des différences : ce qu'une révision apprendrait, au schéma des cellules privées.

    Une ligne par cellule révisable, inchangées comprises. `valeur` : ce qui s'est ajouté depuis la première
    valeur imprimée ; ces différences ont entre elles les relations des cellules. `effectif` : le nombre
    de personnes sur lequel elle repose au moins, voir `personnes_deplacees`. `seuil` : celui de la
    cellule. `publie` : la révision est admise ; par prudence, ne le sont d'office que celles des totaux de
    la région. Le secret peut en admettre d'autres en protégeant ce tableau comme les cellules : chaque
    différence sous le seuil y est sensible.

    Un total sur l'année ou sur quatre trimestres n'y est pas : il suit ses trimestres (`annee_coherente`). Un
    indicateur où une différence fine est négative n'y laisse que les totaux de la région : protéger des
    différences de signes contraires n'est pas assuré.

    Args:
        figees: ce que rend `figer`.
        seuils: le nombre de personnes exigé de chaque cellule, aligné sur `figees`.
    """
    table = figees.assign(seuil=seuils, effectif=0.0)
    if figees["revisable"].any():
        table["effectif"] = personnes_deplacees(figees)
    table = table[figees["revisable"] & ~suit_ses_trimestres(figees)]
    table = table.assign(valeur=table["valeur"] - table["origine"])
    fines = ~regionale(table)
    baissent = set(table.loc[fines & (table["valeur"] < -ECART_NUL), "indicateur"])
    table = table[~fines | ~table["indicateur"].isin(baissent)]
    admise = (table["effectif"] == 0) | (regionale(table) & (table["effectif"] >= table["seuil"]))
    colonnes = [*CLE, "unite", "valeur", "effectif", "employeurs", "premier", "seuil"]
    table = table.assign(publie=admise | table["effectif"].isna()).reset_index(drop=True)
    return table.reindex(columns=[*colonnes, "publie"])


def imprimer(figees: pd.DataFrame, ecarts: pd.DataFrame) -> pd.DataFrame:
    """Rend les cellules privées à leur valeur imprimable : l'ancienne, ou la nouvelle si elle est admise.

    `etat` reste ; une cellule `cachee` garde sa vraie valeur, que le secret taira.

    Args:
        figees: ce que rend `figer`.
        ecarts: ce que rend `differences`, `publie` décidé.
    """
    if not (figees["etat"] != LIBRE).any():
        return figees.drop(columns=["origine", "revisable"])
    admises = pd.MultiIndex.from_frame(_admises(ecarts)[CLE])
    gardee = (figees["etat"] == DEJA_PUBLIEE) & ~pd.MultiIndex.from_frame(figees[CLE]).isin(admises)
    imprimee = figees["valeur"].mask(gardee, figees["diffusee"])
    table = figees.assign(vraie=figees["valeur"], valeur=imprimee)
    return annee_coherente(table).drop(columns=["origine", "revisable", "vraie"])


def annee_coherente(table: pd.DataFrame) -> pd.DataFrame:
    """Accorde les années et les quatre trimestres glissants aux trimestres imprimés.

    Une somme dont les quatre trimestres sont imprimés est leur somme : l'écart dirait sinon les saisies
    tardives. Est cachée, parmi les cellules nouvelles, celle qui le dirait autrement : une somme dont un
    trimestre est caché ou hors du plan, si une saisie tardive est retenue dans l'un d'eux pour cet
    indicateur ; une cellule ajoutée à une période déjà diffusée, si une saisie tardive y est retenue ; un
    nombre d'unités distinctes que les trimestres imprimés contredisent.

    Args:
        table: les cellules, avec `etat`, `revisable`, `valeur` (imprimable) et `vraie`.
    """
    longues = _cumuls(table)
    suit, ouverte_ = suit_ses_trimestres(table), (table["etat"] == LIBRE) | table["revisable"]
    entiere = (longues["presents"] == 4) & longues["imprimes"]
    valeur = table["valeur"].mask(suit & entiere & ouverte_, longues["somme"].round(2))
    de_personnes = table["indicateur"].isin(list(temoins()))
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
    return table.assign(valeur=valeur, etat=table["etat"].mask(nouvelle & retenue, DEJA_CACHEE))


def _cumuls(table: pd.DataFrame) -> pd.DataFrame:
    """Pour chaque cellule : combien de ses quatre trimestres ont une valeur imprimable, et ce qu'ils disent.

    Colonnes, alignées sur `table` : presents, somme, maximum, imprimes (l'un au moins l'a déjà été),
    retard (dans un de ces trimestres, une valeur imprimée de l'indicateur n'est pas la vraie) et
    retard_ici (dans la période même).
    """
    publiee = table["etat"] == DEJA_PUBLIEE
    tardives = table.loc[publiee & ((table["valeur"] - table["vraie"]).abs() > ECART_NUL)]
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


def _admises(ecarts: pd.DataFrame) -> pd.DataFrame:
    """Les révisions imprimées : un chiffre ne l'est que si les personnes derrière lui le sont aussi."""
    admises = ecarts[ecarts["publie"]]
    temoin = admises["indicateur"].map(temoins())
    voulus = pd.MultiIndex.from_frame(admises[CLE].assign(indicateur=temoin))
    imprimees = pd.MultiIndex.from_frame(admises[CLE])
    seule = (admises["valeur"].abs() <= ECART_NUL) | admises["effectif"].isna()
    return admises[seule | voulus.isin(imprimees)]
