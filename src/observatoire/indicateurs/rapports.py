"""Les rapports : des parts, des taux et des moyennes, calculés sur les seules cellules publiées."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd

from observatoire.indicateurs.cellule import NON_DISPONIBLE, PUBLIE, SECRET
from observatoire.indicateurs.registre import RAPPORTS, Comptes, Rapport
from observatoire.referentiel import ENSEMBLE
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NON_SIGNIFICATIF = "non_significatif"
_FORCE = (PUBLIE, NON_DISPONIBLE, SECRET)  # le plus fort l'emporte
_LIEU = ["territoire", "periode"]
_TERMES = ("numerateur", "denominateur")


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

    Colonnes : territoire, periode, ventilation, modalite, numerateur, denominateur (s'il y en a un),
    statut. Une valeur n'y est que si le statut est « publie ».
    """
    tranches = {
        (str(indicateur), str(ventilation)): lignes
        for (indicateur, ventilation), lignes in valeurs.groupby(["indicateur", "ventilation"])
    }
    lus = {nom: list(_termes(tranches, rapport)) for nom, rapport in rapports.items()}
    return {nom: pd.concat(tables, ignore_index=True) for nom, tables in lus.items() if tables}


def _termes(tranches: Mapping[tuple[str, str], pd.DataFrame], rapport: Rapport) -> Iterator[pd.DataFrame]:
    if all((terme.indicateur, terme.ventilation) in tranches for terme in rapport.termes):
        yield _joindre(tranches, rapport, ENSEMBLE)
    for croisee in rapport.croise:
        if all((terme.indicateur, croisee) in tranches for terme in rapport.termes):
            yield _joindre(tranches, rapport, croisee)


def _joindre(
    tranches: Mapping[tuple[str, str], pd.DataFrame], rapport: Rapport, croisee: str
) -> pd.DataFrame:
    """Les termes du rapport, d'ensemble ou modalité par modalité de la ventilation `croisee`."""
    termes = [
        _lire(tranches, comptes, croisee).rename(columns={"valeur": nom, "force": f"force_{nom}"})
        for nom, comptes in zip(_TERMES, rapport.termes, strict=False)
    ]
    table = termes[0]
    for autre in termes[1:]:
        table = table.merge(autre, on=[*_LIEU, "modalite"], validate="one_to_one")
    noms = list(_TERMES[: len(termes)])
    force = table[[f"force_{nom}" for nom in noms]].max(axis="columns")
    table[noms] = table[noms].mask(force > 0)
    statut = force.map(dict(enumerate(_FORCE))).astype("string")
    return table[[*_LIEU, "modalite", *noms]].assign(ventilation=croisee, statut=statut)


def _lire(tranches: Mapping[tuple[str, str], pd.DataFrame], comptes: Comptes, croisee: str) -> pd.DataFrame:
    """Un terme : territoire, periode, modalite, valeur, force ; une somme s'il réunit des modalités."""
    if croisee == ENSEMBLE and comptes.ventilation != ENSEMBLE:
        return _somme(tranches, comptes)
    lignes = tranches[comptes.indicateur, croisee]
    return _forcer(lignes)[[*_LIEU, "modalite", "valeur", "force"]]


def _somme(tranches: Mapping[tuple[str, str], pd.DataFrame], comptes: Comptes) -> pd.DataFrame:
    """La somme des modalités d'un terme : territoire, periode, modalite (ensemble), valeur, force.

    Une modalité que la région n'observe jamais n'est pas écrite : elle vaut 0. Une modalité écrite
    ailleurs mais pas ici n'est pas disponible.
    """
    lignes = tranches[comptes.indicateur, comptes.ventilation]
    retenues = lignes[lignes["modalite"].isin(comptes.modalites)]
    attendues = retenues["modalite"].nunique()
    sommes = (
        _forcer(retenues)
        .groupby(_LIEU, as_index=False)
        .agg(valeur=("valeur", "sum"), force=("force", "max"), presentes=("force", "size"))
    )
    table = lignes[_LIEU].drop_duplicates().merge(sommes, how="left", on=_LIEU)
    presentes = table["presentes"].fillna(0).astype("int64")
    manque = (presentes < attendues).astype("int64")
    force = table["force"].fillna(0).astype("int64").clip(lower=manque)
    valeur = table["valeur"].fillna(0).astype("Float64")
    return table[_LIEU].assign(modalite=ENSEMBLE, valeur=valeur, force=force)


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
