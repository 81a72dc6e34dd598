"""Les comparaisons : un an avant, quatre trimestres, champ constant, région ; calculées une fois pour toutes.

Seules des cellules publiées y entrent : une comparaison n'apprend rien qu'elles ne disent déjà. Une
cellule cachée n'a pas de comparaison, et un repère caché n'a pas de valeur.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import pandas as pd

from observatoire.indicateurs.cellule import NON_DISPONIBLE, PUBLIE, SECRET
from observatoire.indicateurs.effectifs import effectifs, repose_sur_des_personnes
from observatoire.indicateurs.rapports import NON_SIGNIFICATIF
from observatoire.indicateurs.registre import PART, RAPPORTS, REGISTRE
from observatoire.perimetre import Periode
from observatoire.referentiel import ENSEMBLE
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from observatoire.config import Config

REGION = "reg:11"
AN_PRECEDENT, QUATRE_TRIMESTRES = "an_precedent", "quatre_trimestres"
CHAMP_CONSTANT, REGIONAL = "champ_constant", "region"
POINTS = "points"
_LIEU = ["territoire", "periode"]
_CELLULE = ["indicateur", "ventilation", "modalite", "territoire"]
_CONSTANT = "heures_realisees"
# Les heures des structures qui transmettaient déjà un an avant, et leurs heures d'alors.
_CHAMPS = ("present_un_an_avant", "present_un_an_apres")


@dataclass(frozen=True, slots=True)
class Regles:
    """Ce qui décide qu'une évolution se dit.

    Attributes:
        base_minimale: personnes, à la période de départ, sous lesquelles elle n'est pas significative.
        couverture_minimale_pct: part des heures que le champ constant doit couvrir.
        jours_avant_definitif: jours après la fin d'une période où ses chiffres restent provisoires.
        extraction: date d'extraction des sources ; None : tout est provisoire.
    """

    base_minimale: float
    couverture_minimale_pct: float
    jours_avant_definitif: int
    extraction: dt.date | None

    @classmethod
    def lire(cls, config: Config, jour: dt.date, extraction: dt.date | None) -> Self:
        """Lit les paramètres en vigueur un jour donné.

        Raises:
            ConfigError: un paramètre manque dans `parametres.toml`.
        """
        noms = ("base_minimale_evolution", "couverture_minimale_champ_pct", "jours_avant_definitif")
        base, couverture, jours = (config.parametre(nom, jour).valeur for nom in noms)
        return cls(base, couverture, jours, extraction)

    def provisoire(self, periode: Periode) -> bool:
        """Dit si les chiffres d'une période ne sont pas encore définitifs."""
        definitif = periode.fin + dt.timedelta(days=self.jours_avant_definitif)
        return self.extraction is None or self.extraction < definitif


def comparer(valeurs: pd.DataFrame, regles: Regles) -> pd.DataFrame:
    """Rend `indicateurs/comparaisons` : chaque cellule publiée et ses repères.

    Args:
        valeurs: `indicateurs/valeurs`, rapports compris, secret appliqué.
        regles: ce qui décide qu'une évolution se dit.
    """
    schema = SCHEMAS["indicateurs/comparaisons"]
    bases = effectifs(valeurs)
    tables = [
        _evolutions(valeurs, bases, regles),
        _ecarts_a_la_region(valeurs),
        _champ_constant(valeurs, bases, regles),
    ]
    remplies = [table[schema.noms] for table in tables if len(table)]
    return schema.verifier(pd.concat(remplies, ignore_index=True)) if remplies else schema.vide()


def _evolutions(valeurs: pd.DataFrame, bases: pd.DataFrame, regles: Regles) -> pd.DataFrame:
    """La même période un an avant ; quatre trimestres contre les quatre d'un an avant."""
    avant = valeurs.merge(bases, how="left", on=[*_CELLULE, "periode"], validate="one_to_one")
    avant = avant.rename(columns={"periode": "avant", "valeur": "reference", "statut": "statut_reference"})
    table = (
        valeurs[valeurs["statut"] == PUBLIE]
        .merge(_liens(valeurs, regles), on="periode")
        .merge(avant.drop(columns="unite"), on=[*_CELLULE, "avant"], validate="many_to_one")
    )
    return _conclure(_ecart(table), regles)


def _liens(valeurs: pd.DataFrame, regles: Regles) -> pd.DataFrame:
    """Chaque période, celle d'un an avant, le nom du repère, et si la première est provisoire."""
    periodes = [Periode.lire(texte) for texte in sorted(valeurs["periode"].unique())]
    reperes = {
        "trimestre": (AN_PRECEDENT,),
        "glissant": (QUATRE_TRIMESTRES,),
        "annee": (AN_PRECEDENT, QUATRE_TRIMESTRES),
    }
    lignes = [
        (str(periode), str(periode.an_precedent), repere, regles.provisoire(periode))
        for periode in periodes
        for repere in reperes[periode.rythme]
    ]
    table = pd.DataFrame(lignes, columns=["periode", "avant", "repere", "provisoire"])
    return table.astype({"periode": "string", "avant": "string", "repere": "string", "provisoire": "bool"})


def _ecart(table: pd.DataFrame) -> pd.DataFrame:
    """Ajoute l'écart au repère : en points pour une part, en % ailleurs."""
    points = table["unite"] == PART
    difference = table["valeur"] - table["reference"]
    relatif = 100 * difference / table["reference"].mask(table["reference"] == 0)
    return table.assign(
        ecart=difference.where(points, relatif),
        unite=pd.Series(POINTS, index=table.index, dtype="string").where(points, PART),
        couverture_pct=None,
    )


def _conclure(table: pd.DataFrame, regles: Regles) -> pd.DataFrame:
    """Retient l'évolution d'une période provisoire, d'une base petite ou inconnue."""
    exigee = table["indicateur"].map(repose_sur_des_personnes).astype(bool)
    petite = (table["effectif"] < regles.base_minimale).fillna(value=True).astype(bool)
    return _retenir(table, table["provisoire"] | (petite & exigee))


def _retenir(table: pd.DataFrame, douteuse: pd.Series[bool]) -> pd.DataFrame:
    """Ajoute le statut de la comparaison ; l'écart n'est écrit que si elle est publiée."""
    statut = table["statut_reference"].mask(
        (table["statut_reference"] == PUBLIE) & table["ecart"].isna(), NON_DISPONIBLE
    )
    statut = statut.mask((statut == PUBLIE) & douteuse, NON_SIGNIFICATIF)
    return table.assign(statut=statut, ecart=table["ecart"].where(statut == PUBLIE))


# ── la région, le champ constant ──


def _ecarts_a_la_region(valeurs: pd.DataFrame) -> pd.DataFrame:
    """L'écart d'une part ou d'une moyenne à celle de la région ; un nombre ne s'y compare pas."""
    comparables = valeurs[valeurs["indicateur"].map(_compare_a_la_region).astype(bool)]
    region = comparables[comparables["territoire"] == REGION].drop(columns=["territoire", "unite"])
    region = region.rename(columns={"valeur": "reference", "statut": "statut_reference"})
    ici = comparables[(comparables["territoire"] != REGION) & (comparables["statut"] == PUBLIE)]
    cle = ["indicateur", "ventilation", "modalite", "periode"]
    table = _ecart(ici.merge(region, on=cle, validate="many_to_one").assign(repere=REGIONAL))
    return _retenir(table, pd.Series(data=False, index=table.index))


def _compare_a_la_region(nom: str) -> bool:
    if nom in RAPPORTS:
        return RAPPORTS[nom].denominateur is not None
    return not REGISTRE[nom].absence_nulle  # une part, une moyenne ou une médiane


def _champ_constant(valeurs: pd.DataFrame, bases: pd.DataFrame, regles: Regles) -> pd.DataFrame:
    """L'évolution des heures des seules structures qui transmettaient déjà, et ce qu'elle couvre.

    La couverture est la plus petite de deux parts : celle de ces structures dans les heures de la
    période, et dans celles d'un an avant.
    """
    liens = _liens(valeurs, regles).drop_duplicates("periode").assign(repere=CHAMP_CONSTANT)
    ici, base = (_heures(valeurs, ventilation) for ventilation in _CHAMPS)
    base = base.merge(_personnes(bases), how="left", on=_LIEU).rename(columns={"periode": "avant"})
    table = ici.merge(liens, on="periode").merge(
        base, on=["territoire", "avant"], suffixes=("", "_avant"), validate="one_to_one"
    )
    table = table[table["statut_tout"] == PUBLIE].assign(
        indicateur=_CONSTANT, ventilation=ENSEMBLE, modalite=ENSEMBLE, unite="h"
    )
    table["reference"] = table["valeur_avant"]
    table["statut_reference"] = _pire(table, ["statut", "statut_avant", "statut_tout_avant"])
    compare = _ecart(table)
    parts = table[["part", "part_avant"]].min(axis="columns", skipna=False)
    compare["couverture_pct"] = parts.where(compare["statut_reference"] == PUBLIE)
    faible = (parts < regles.couverture_minimale_pct).fillna(value=True).astype(bool)
    return _conclure(compare.assign(provisoire=compare["provisoire"] | faible), regles)


def _heures(valeurs: pd.DataFrame, ventilation: str) -> pd.DataFrame:
    """Les heures des structures du champ, et leur part de toutes les heures (%)."""
    heures = valeurs[valeurs["indicateur"] == _CONSTANT]
    champ = heures[(heures["ventilation"] == ventilation) & (heures["modalite"] == "OUI")]
    tout = heures[heures["ventilation"] == ENSEMBLE]
    table = champ[[*_LIEU, "valeur", "statut"]].merge(
        tout[[*_LIEU, "valeur", "statut"]], on=_LIEU, suffixes=("", "_tout"), validate="one_to_one"
    )
    part = 100 * table["valeur"] / table["valeur_tout"].mask(table["valeur_tout"] == 0)
    return table.assign(part=part)


def _personnes(bases: pd.DataFrame) -> pd.DataFrame:
    """Les personnes derrière toutes les heures d'un territoire et d'une période."""
    ensemble = (bases["indicateur"] == _CONSTANT) & (bases["ventilation"] == ENSEMBLE)
    return bases.loc[ensemble, [*_LIEU, "effectif"]]


def _pire(table: pd.DataFrame, noms: list[str]) -> pd.Series[str]:
    """Le statut le plus fort de plusieurs cellules : le secret d'abord."""
    statuts = table[noms]
    pire = pd.Series(PUBLIE, index=table.index, dtype="string")
    pire = pire.mask((statuts == NON_DISPONIBLE).any(axis="columns"), NON_DISPONIBLE)
    return pire.mask((statuts == SECRET).any(axis="columns"), SECRET)
