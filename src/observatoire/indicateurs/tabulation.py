"""La tabulation : chaque indicateur, pour tous les territoires et toutes les périodes en une passe."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pandas as pd

from observatoire.indicateurs.registre import REGISTRE, Indicateur
from observatoire.indicateurs.tables import GENRES, preparer, territoires_de
from observatoire.indicateurs.tables.lecture import ecrire_grille
from observatoire.indicateurs.tables.observation import MESURES, observer
from observatoire.perimetre import Periode
from observatoire.referentiel import ENSEMBLE, NON_RENSEIGNE, ventilations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import duckdb

    from observatoire.config import Config
    from observatoire.indicateurs.plan import Plan
    from observatoire.indicateurs.tables.observation import Morceau

_CLE = ["indicateur", "ventilation", "territoire", "periode", "modalite"]
_PERSONNES = "beneficiaires"


def cellules(
    connexion: duckdb.DuckDBPyConnection,
    config: Config,
    plan: Plan,
    periodes: pd.DataFrame,
    parametres: Mapping[str, Any],
) -> pd.DataFrame:
    """Rend les cellules privées du plan de publication : elles restent en mémoire, jamais écrites.

    Une ligne par indicateur, ventilation, territoire, période et modalité : `unite`, `valeur`, `effectif`
    (personnes distinctes), `employeurs` (SIREN distincts) et `premier` (ce que le plus gros apporte, dans
    l'unité de la valeur) ; ces trois-là sont vides quand l'indicateur ne les donne pas. Ce qu'un
    indicateur n'observe pas vaut 0, ou rien si ce n'est ni un compte ni une somme.

    Args:
        connexion: les vues `entrepot.*`.
        config: les niveaux de territoire tabulés, `[fiches] niveaux`.
        plan: les tranches publiées ; hors d'elles, rien n'est calculé.
        periodes: les périodes couvertes, voir `couverture.periodes_couvertes`.
        parametres: les valeurs de `parametres.toml` que les calculs reçoivent.
    """
    territoires = territoires_de(connexion, config.reglages["fiches"]["niveaux"])
    grille = _grille(plan, territoires, periodes)
    indicateurs = [REGISTRE[nom] for nom in grille["indicateur"].unique()]
    preparer(connexion, territoires, periodes, {indicateur.table for indicateur in indicateurs})
    ecrire_grille(connexion, grille)
    morceaux = list(observer(connexion, indicateurs, parametres))
    completes = _completer(grille, _sommer(morceaux))
    return _sans_les_petits(_mettre_a_zero(completes, morceaux), plan)


def _grille(plan: Plan, territoires: Sequence[str], periodes: pd.DataFrame) -> pd.DataFrame:
    """Rend ce que le plan publie, hors modalités : indicateur, ventilation, rang, territoire, periode."""
    quand = periodes[["genre", "periode"]].assign(rythme=[_rythme(p) for p in periodes["periode"]])
    ou = pd.DataFrame({"territoire": territoires, "niveau": [_niveau(t) for t in territoires]})
    tranches = [
        (indicateur.nom, ventilation, rang, GENRES[indicateur.table], niveau, rythme)
        for indicateur in REGISTRE.values()
        for rang, ventilation in enumerate((ENSEMBLE, *indicateur.ventilations))
        for niveau, rythme in product(ou["niveau"].unique(), quand["rythme"].unique())
        if plan.publie(niveau, rythme, indicateur.nom, ventilation)
    ]
    colonnes = ["indicateur", "ventilation", "rang", "genre", "niveau", "rythme"]
    textes = dict.fromkeys(["indicateur", "ventilation", "genre", "niveau", "rythme"], "string")
    table = pd.DataFrame(tranches, columns=colonnes).astype(textes | {"rang": "int64"})
    table = table.merge(ou.astype("string"), on="niveau").merge(
        quand.astype("string"), on=["genre", "rythme"]
    )
    return table[["indicateur", "ventilation", "rang", "territoire", "periode"]]


def _sommer(morceaux: Iterable[Morceau]) -> pd.DataFrame:
    """Rend les cellules observées : la somme des morceaux."""
    cle = ["indicateur", "rang", "territoire", "periode", "code"]
    types = dict.fromkeys(["indicateur", "territoire", "periode", "code"], "string")
    tables = [pd.DataFrame(columns=[*cle, *MESURES]).astype(types | dict.fromkeys(MESURES, "float64"))]
    for nom, morceau in morceaux:
        mesures = dict.fromkeys(set(MESURES) & set(morceau), "float64")
        tables.append(morceau.assign(indicateur=nom)[[*cle, *mesures]].astype(types | mesures))
    toutes = pd.concat(tables, ignore_index=True).sort_values([*cle, *MESURES], ignore_index=True)
    return toutes.groupby(cle, as_index=False)[MESURES].sum(min_count=1)


def _completer(grille: pd.DataFrame, sommes: pd.DataFrame) -> pd.DataFrame:
    """Rend toutes les cellules de la grille, celles que rien n'observe comprises."""
    cle = ["indicateur", "rang", "territoire", "periode"]
    observees = grille.merge(sommes, on=cle)
    codes = observees.groupby(["indicateur", "rang"])["code"].unique()
    tranches = grille[["indicateur", "ventilation", "rang"]].drop_duplicates()
    modalites = [
        (nom, rang, modalite)
        for nom, ventilation, rang in tranches.itertuples(index=False)
        for modalite in _modalites(ventilation, set(codes.get((nom, rang), [])))
    ]
    cellules = grille.merge(pd.DataFrame(modalites, columns=["indicateur", "rang", "code"]), on=cle[:2])
    cellules = cellules.merge(observees, how="left", on=[*cle, "ventilation", "code"], indicator="origine")
    types = dict.fromkeys([*_CLE, "unite"], "string") | dict.fromkeys(MESURES, "Float64")
    unites = {nom: indicateur.unite for nom, indicateur in REGISTRE.items()}
    cellules = cellules.assign(unite=cellules["indicateur"].map(unites)).rename(columns={"code": "modalite"})
    return cellules[[*_CLE, "unite", *MESURES, "origine"]].astype(types)


def _mettre_a_zero(cellules: pd.DataFrame, morceaux: Iterable[Morceau]) -> pd.DataFrame:
    """Met à zéro ce que l'indicateur donne et que rien n'observe, quand zéro a un sens."""
    rendues = {(nom, mesure) for nom, morceau in morceaux for mesure in morceau.columns}
    absentes = cellules["origine"] == "left_only"
    for mesure in MESURES:
        nulles = {nom for nom, i in REGISTRE.items() if (nom, mesure) in rendues and _vaut_zero(i, mesure)}
        cellules[mesure] = cellules[mesure].mask(absentes & cellules["indicateur"].isin(nulles), 0)
    return cellules.drop(columns="origine")


def _vaut_zero(indicateur: Indicateur, mesure: str) -> bool:
    return {"valeur": indicateur.absence_nulle, "effectif": indicateur.personnes}.get(mesure, True)


def _niveau(territoire: str) -> str:
    return territoire.split(":", 1)[0]


def _rythme(periode: str) -> str:
    return Periode.lire(periode).rythme


def _modalites(ventilation: str, observees: set[str]) -> list[str]:
    """Les modalités écrites : celles que la région observe au moins une fois, et NR s'il existe.

    Les listes sont longues ; une modalité jamais observée n'apprend rien et gonflerait la table.
    """
    if ventilation == ENSEMBLE:
        return [ENSEMBLE]
    connues = ventilations()[ventilation].libelles
    ecrites = [code for code in connues if code in {*observees, NON_RENSEIGNE}]
    return [*ecrites, *sorted(observees.difference(connues))]


def _sans_les_petits(cellules: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Retire les ventilations des territoires qui comptent trop peu d'habitants bénéficiaires.

    L'effectif comparé à `personnes_minimum` est celui du territoire et de la période, toutes modalités
    confondues.
    """
    cle = ["territoire", "periode"]
    habitants = cellules.loc[
        (cellules["indicateur"] == _PERSONNES) & (cellules["ventilation"] == ENSEMBLE), [*cle, "effectif"]
    ]
    minimum = [
        plan.personnes_minimum.get((_niveau(territoire), _rythme(periode)), 0)
        for territoire, periode in zip(habitants["territoire"], habitants["periode"], strict=True)
    ]
    petits = pd.MultiIndex.from_frame(habitants.loc[habitants["effectif"] < minimum, cle])
    de_personnes = cellules["indicateur"].map({i.nom: i.personnes for i in REGISTRE.values()})
    retirees = (
        de_personnes.astype(bool)
        & (cellules["ventilation"] != ENSEMBLE)
        & pd.MultiIndex.from_frame(cellules[cle]).isin(petits)
    )
    return cellules[~retirees].reset_index(drop=True)
