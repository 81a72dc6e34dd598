"""Les rapports : des parts, des taux et des moyennes, calculés sur les seules cellules publiées."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd

from observatoire.indicateurs.cellule import NON_DISPONIBLE, PUBLIE, SECRET
from observatoire.indicateurs.registre import RAPPORTS, Rapport
from observatoire.referentiel import ENSEMBLE
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NON_SIGNIFICATIF = "non_significatif"
_FORCE = (PUBLIE, NON_DISPONIBLE, SECRET)  # le plus fort l'emporte
_LIEU = ["territoire", "periode"]
_TERMES = ("numerateur", "denominateur")
_USAGE = ["rapport", "terme", "indicateur", "ventilation", "lue", "modalite"]
_TERME = ["rapport", "terme", "ventilation", *_LIEU, "modalite", "valeur", "force"]


def evaluer(valeurs: pd.DataFrame, parametres: Mapping[str, Any]) -> pd.DataFrame:
    """Rend les rapports inscrits, au schéma de `indicateurs/valeurs`, partout où leurs termes existent.

    Un terme caché cache le rapport ; un terme non disponible, ou un dénominateur nul, le rend non
    disponible ; une garde non satisfaite, non significatif. Rien d'autre que les cellules publiées
    n'y entre : un rapport n'apprend rien qu'elles ne disent déjà.

    Args:
        valeurs: les cellules des indicateurs, secret appliqué.
        parametres: les valeurs des paramètres que citent les rapports (`registre.parametres_cites`).
    """
    evalues: dict[str, pd.DataFrame] = {}
    for nom, termes in reunir_termes(valeurs, RAPPORTS).items():
        rapport = RAPPORTS[nom]
        calcules = _calculer(rapport, termes, parametres)
        if rapport.garde:
            garde = evalues.get(rapport.garde[0], SCHEMAS["indicateurs/valeurs"].vide())
            calcules = _garder(calcules, garde, parametres[rapport.garde[1]])
        evalues[nom] = calcules.assign(indicateur=nom, unite=rapport.unite)
    schema = SCHEMAS["indicateurs/valeurs"]
    tables = [table[schema.noms] for table in evalues.values() if len(table)]
    return schema.verifier(pd.concat(tables, ignore_index=True)) if tables else schema.vide()


def reunir_termes(valeurs: pd.DataFrame, rapports: Mapping[str, Rapport]) -> dict[str, pd.DataFrame]:
    """Rend les termes de ces rapports, une ligne par cellule où tous existent ; sans cellule, rien.

    Colonnes : territoire, periode, ventilation, modalite, numerateur, denominateur, statut. Une valeur n'y
    est que si le statut est « publie » ; un rapport sans dénominateur n'en a aucun.
    """
    lectures = [usage for rapport in rapports.values() for usage in _usages(rapport)]
    usages = pd.DataFrame(lectures, columns=_USAGE, dtype="string")
    lus = _lire(_forcer(valeurs), usages)
    numerateurs, denominateurs = (
        lus[lus["terme"] == terme]
        .drop(columns="terme")
        .rename(columns={"valeur": terme, "force": f"force_{terme}"})
        for terme in _TERMES
    )
    cle = ["rapport", "ventilation", *_LIEU, "modalite"]
    table = numerateurs.merge(denominateurs, how="left", on=cle, validate="one_to_one")
    complets = [nom for nom, rapport in rapports.items() if not rapport.denominateur]
    table = table[table["rapport"].isin(complets) | table["force_denominateur"].notna()]
    force = table[[f"force_{terme}" for terme in _TERMES]].max(axis="columns").astype("int64")
    table[list(_TERMES)] = table[list(_TERMES)].mask(force > 0)
    table["statut"] = force.map(dict(enumerate(_FORCE))).astype("string")
    par_rapport = {str(nom): lignes for nom, lignes in table.groupby("rapport")}
    colonnes = [*_LIEU, "ventilation", "modalite", *_TERMES, "statut"]
    return {nom: par_rapport[nom][colonnes].reset_index(drop=True) for nom in rapports if nom in par_rapport}


def _usages(rapport: Rapport) -> Iterator[tuple[str, ...]]:
    """Ce qu'un rapport lit : pour chaque terme, un indicateur, où cela s'écrit, et ce qui est lu.

    D'ensemble, un terme est la somme de ses modalités ; croisé, il se lit modalité par modalité.
    """
    for terme, comptes in zip(_TERMES, rapport.termes, strict=False):
        commun = rapport.nom, terme, comptes.indicateur
        for modalite in comptes.modalites:
            yield *commun, ENSEMBLE, comptes.ventilation, modalite
        for croisee in rapport.croise:
            yield *commun, croisee, croisee, ""


def _lire(lignes: pd.DataFrame, usages: pd.DataFrame) -> pd.DataFrame:
    """Les termes : rapport, terme, ventilation, territoire, periode, modalite, valeur, force."""
    lignes = lignes.rename(columns={"ventilation": "lue"})
    d_ensemble = usages["ventilation"] == ENSEMBLE
    croises = usages[~d_ensemble].drop(columns="modalite").merge(lignes, on=["indicateur", "lue"])
    return pd.concat([croises[_TERME], _sommes(lignes, usages[d_ensemble])], ignore_index=True)


def _sommes(lignes: pd.DataFrame, usages: pd.DataFrame) -> pd.DataFrame:
    """Les termes d'ensemble, sommes de leurs modalités.

    Une modalité que la région n'observe jamais n'est pas écrite : elle vaut 0. Une modalité écrite
    ailleurs mais pas ici n'est pas disponible.
    """
    terme = ["rapport", "terme", "indicateur", "lue"]
    ici = [*terme, *_LIEU]
    retenues = usages.merge(lignes, on=["indicateur", "lue", "modalite"])
    sommes = retenues.groupby(ici, as_index=False).agg(
        valeur=("valeur", "sum"), force=("force", "max"), presentes=("force", "size")
    )
    lieux = lignes[["indicateur", "lue", *_LIEU]].drop_duplicates()
    table = usages[terme].drop_duplicates().merge(lieux, on=["indicateur", "lue"])
    table = table.merge(sommes, how="left", on=ici)
    attendues = retenues.groupby(terme, as_index=False).agg(attendues=("modalite", "nunique"))
    table = table.merge(attendues, how="left", on=terme).fillna({"presentes": 0, "attendues": 0, "force": 0})
    manque = (table["presentes"] < table["attendues"]).astype("int64")
    force = table["force"].astype("int64").clip(lower=manque)
    valeur = table["valeur"].fillna(0).astype("Float64")
    return table.assign(ventilation=ENSEMBLE, modalite=ENSEMBLE, valeur=valeur, force=force)[_TERME]


def _forcer(lignes: pd.DataFrame) -> pd.DataFrame:
    cachee, lisible = lignes["statut"] == SECRET, lignes["statut"] == PUBLIE
    return lignes.assign(force=(~lisible).astype("int64") + cachee.astype("int64"))


def _calculer(rapport: Rapport, termes: pd.DataFrame, parametres: Mapping[str, Any]) -> pd.DataFrame:
    nuls = termes["denominateur"] == 0 if rapport.denominateur else pd.Series(data=False, index=termes.index)
    nuls = nuls.fillna(value=False).astype(bool)
    noms = list(_TERMES[: len(rapport.termes)])
    lisibles = termes.assign(**{nom: termes[nom].mask(nuls) for nom in noms})
    recus = {nom: parametres[nom] for nom in rapport.parametres}
    calcul = rapport.calcul(*map(nw.col, noms), **recus)
    table: pd.DataFrame = nw.from_native(lisibles).with_columns(calcul.alias("valeur")).to_native()
    return table.assign(statut=table["statut"].mask(nuls & (table["statut"] == PUBLIE), NON_DISPONIBLE))


def _garder(table: pd.DataFrame, garde: pd.DataFrame, minimum: float) -> pd.DataFrame:
    """Retire les valeurs dont la garde, lue sur l'ensemble, est trop faible ou n'est pas publiée."""
    ensemble = garde.loc[garde["ventilation"] == ENSEMBLE, [*_LIEU, "valeur", "statut"]]
    lue = table[_LIEU].merge(ensemble, how="left", on=_LIEU, validate="many_to_one").set_axis(table.index)
    raison = lue["statut"].fillna(NON_DISPONIBLE)
    raison = raison.mask((lue["valeur"] < minimum).fillna(value=False), NON_SIGNIFICATIF)
    refusee = (table["statut"] == PUBLIE) & (raison != PUBLIE)
    return table.assign(valeur=table["valeur"].mask(refusee), statut=table["statut"].mask(refusee, raison))
