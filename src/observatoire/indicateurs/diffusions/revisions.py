"""Ce qu'une édition peut réviser, ce qu'il en coûte de personnes, et la table des révisions parues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.indicateurs.cellule import CLE
from observatoire.indicateurs.registre import REGISTRE
from observatoire.perimetre import Periode
from observatoire.referentiel import ENSEMBLE

if TYPE_CHECKING:
    from observatoire.indicateurs.diffusions.chaine import Registre

ECART_NUL = 1e-6
# Les personnes derrière un chiffre, selon la géographie de l'indicateur : un nombre lui-même imprimé.
_TEMOINS = {"execution": "beneficiaires_sur_place", "residence": "beneficiaires"}
_SOMMES = ("h", "€")


def temoins() -> dict[str, str]:
    """Rend, pour chaque indicateur de personnes, celui qui compte les personnes derrière lui."""
    return {
        nom: nom if i.unite == "personnes" else _TEMOINS.get(i.rattachement, "")
        for nom, i in REGISTRE.items()
        if i.personnes
    }


def regionale(table: pd.DataFrame) -> pd.Series[bool]:
    """Marque les totaux de la région : les seules cellules révisées entre deux éditions annuelles."""
    return table["territoire"].str.startswith("reg:") & (table["ventilation"] == ENSEMBLE)


def ouverte(table: pd.DataFrame, registre: Registre, edition: Periode) -> pd.Series[bool]:
    """Marque les cellules que le calendrier laisse réviser à cette édition.

    Les totaux trimestriels de la région le sont à chaque édition, jusqu'à l'édition annuelle ; toutes les
    cellules des trimestres de l'année le sont une fois, à l'édition annuelle. Ensuite l'année est
    définitive, et celles d'avant aussi. Une année, quatre trimestres glissants ne se révisent pas : ils
    disent ce qui était connu à leur édition.
    """
    lues = {texte: Periode.lire(texte) for texte in table["periode"].unique()}
    annee = table["periode"].map({texte: lue.annee for texte, lue in lues.items()})
    trimestre = table["periode"].map({texte: lue.rythme == "trimestre" for texte, lue in lues.items()})
    definitives = {int(i.edition[:4]) for i in registre.inscriptions if i.edition[4:].startswith("-e")}
    recentes = {edition.annee, edition.annee - 1} - definitives
    annuelle = edition.rythme == "annee" and edition.annee not in definitives
    fine = (annee == edition.annee) & annuelle
    return (((regionale(table) & annee.isin(list(recentes))) | fine) & trimestre).astype(bool)


def suit_ses_trimestres(table: pd.DataFrame) -> pd.Series[bool]:
    """Marque les sommes d'une année ou de quatre trimestres glissants, faites de trimestres imprimés."""
    additifs = [nom for nom, i in REGISTRE.items() if "periode" in i.additif]
    longues = list(quatre_trimestres(table["periode"]))
    return table["indicateur"].isin(additifs) & table["periode"].isin(longues)


def quatre_trimestres(periodes: pd.Series[str]) -> dict[str, list[str]]:
    """Rend les quatre trimestres de chaque année et de chaque période glissante citées."""
    lues = {texte: Periode.lire(texte) for texte in periodes.unique()}
    return {
        texte: [str(t) for t in Periode(periode.annee, periode.trimestre or 4).jusqu_ici(4)]
        for texte, periode in lues.items()
        if periode.rythme != "trimestre"
    }


def personnes_deplacees(table: pd.DataFrame) -> pd.Series[float]:
    """Rend le nombre de personnes sur lequel repose, au moins, la différence avec ce qui a été imprimé.

    `table` a les colonnes de la clé, `valeur`, `diffusee` et `origine` : le lecteur peut comparer à la
    dernière valeur imprimée comme à la première, et la plus petite des deux différences compte. Zéro :
    rien n'a changé. Vide : l'indicateur ne repose pas sur des personnes. Une différence dont le nombre de
    personnes ne se lit pas dans un nombre imprimé compte pour une seule personne.
    """
    mesures = table[CLE].reset_index(drop=True)
    for colonne in ("origine", "diffusee"):
        mesures[colonne] = (table["valeur"] - table[colonne]).abs().to_numpy()
    mesures["temoin"] = mesures["indicateur"].map(temoins())
    comptees = mesures[[*CLE, "origine", "diffusee"]].rename(columns={"indicateur": "temoin"})
    joint = mesures.merge(comptees, how="left", on=["temoin", *CLE[1:]], suffixes=("", "_personnes"))
    unites = joint["indicateur"].map({nom: i.unite for nom, i in REGISTRE.items()})
    depuis = [_depuis(joint, colonne, unites.isin(_SOMMES)) for colonne in ("origine", "diffusee")]
    effectif = pd.concat(depuis, axis="columns").where(lambda t: t > 0).min(axis="columns").fillna(0.0)
    return effectif.where(joint["temoin"].notna()).set_axis(table.index)


def _depuis(joint: pd.DataFrame, colonne: str, somme: pd.Series[bool]) -> pd.Series[float]:
    ecart = joint[colonne].astype("float64")
    personnes = joint[f"{colonne}_personnes"].astype("float64")
    # un compte qui bouge d'une unité dit cette unité, quel que soit le nombre de personnes
    derriere = (
        personnes.where(somme | (personnes < ecart), ecart).where(personnes.notna(), 1.0).clip(lower=1.0)
    )
    return derriere.where(ecart > ECART_NUL, 0.0)


def revisions(registre: Registre) -> pd.DataFrame:
    """Rend les totaux révisés : l'ancienne valeur, la nouvelle, leur écart, l'édition et son motif.

    Une ligne par révision parue d'un total (sans ventilation), dans l'ordre des éditions. `motif` est
    vide pour une révision ordinaire, due aux saisies tardives.
    """
    totaux = registre.cellules.loc[lambda t: t["ventilation"] == ENSEMBLE].dropna(subset="valeur")
    nouvelles = totaux.rename(columns={"valeur": "nouvelle"})
    nouvelles = nouvelles.assign(ancienne=totaux.groupby(CLE)["valeur"].shift())
    parues = nouvelles.dropna(subset="ancienne").loc[lambda t: t["nouvelle"] != t["ancienne"]]
    raisons = {i.edition: i.raison for i in registre.inscriptions}
    table = parues.assign(
        ecart=parues["nouvelle"] - parues["ancienne"],
        motif=parues["edition"].map(raisons).astype("string"),
    )
    colonnes = ["edition", "indicateur", "territoire", "periode", "ancienne", "nouvelle", "ecart", "motif"]
    return table.sort_values(["numero", *CLE])[colonnes].reset_index(drop=True)
