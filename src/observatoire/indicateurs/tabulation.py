"""La tabulation : chaque indicateur, pour tous les territoires et toutes les périodes en une passe."""

from __future__ import annotations

import datetime as dt
from itertools import product
from typing import TYPE_CHECKING, Any

import pandas as pd

from observatoire.indicateurs.catalogue import catalogue, provenance
from observatoire.indicateurs.couverture import periodes_couvertes
from observatoire.indicateurs.plan import Plan
from observatoire.indicateurs.qualite import mesurer
from observatoire.indicateurs.registre import REGISTRE, Indicateur, parametres_cites
from observatoire.indicateurs.secret import appliquer_secret, seuil_personnes
from observatoire.indicateurs.tables import GENRES, Bloc, preparer, relation
from observatoire.perimetre import Periode
from observatoire.referentiel import ENSEMBLE, NON_RENSEIGNE, ventilations
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import duckdb

    from observatoire.config import Config

_CLE = ["indicateur", "ventilation", "territoire", "periode", "modalite"]
_MESURES = ["valeur", "effectif", "employeurs", "premier"]
_PERSONNES = "beneficiaires"


def tabuler(connexion: duckdb.DuckDBPyConnection, config: Config) -> dict[str, pd.DataFrame]:
    """Rend `indicateurs/valeurs` (secret appliqué), le catalogue, la provenance et la qualité.

    Lit les vues `entrepot.*` et, si elles existent, `acquisition.depots` et `controle.bilan`.
    Les paramètres datés (seuil de secret, heures par ETP) sont ceux du dernier jour de la
    période couverte la plus récente, et valent pour toutes : une série ne change pas de règle.

    Raises:
        ConfigError: un paramètre manque, le seuil de secret est trop bas, ou le plan de publication
            est mal écrit.
    """
    periodes = periodes_couvertes(connexion)
    jour = dt.date.max if periodes.empty else periodes["fin"].max().date()
    seuil = seuil_personnes(config, jour)
    parametres = {nom: config.parametre(nom, jour).valeur for nom in parametres_cites()}
    privees = cellules(connexion, config, Plan.lire(config), periodes, parametres)
    valeurs = appliquer_secret(privees, seuil)
    schema = SCHEMAS["indicateurs/valeurs"]
    return {
        "indicateurs/valeurs": schema.verifier(valeurs[schema.noms]),
        "indicateurs/catalogue": catalogue(parametres),
        "indicateurs/provenance": provenance(connexion),
        "indicateurs/qualite": mesurer(connexion),
    }


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
    territoires = preparer(connexion, config.reglages["fiches"]["niveaux"], periodes)
    tranches = []
    for indicateur in REGISTRE.values():
        couvertes = list(periodes.loc[periodes["genre"] == GENRES[indicateur.table], "periode"])
        recus = {nom: parametres[nom] for nom in indicateur.parametres}
        for ventilation in (ENSEMBLE, *indicateur.ventilations):
            blocs = _blocs(plan, indicateur.nom, ventilation, territoires, couvertes)
            if blocs:
                tranches.append(_tranche(connexion, indicateur, ventilation, blocs, recus))
    types = dict.fromkeys([*_CLE, "unite"], "string") | dict.fromkeys(_MESURES, "Float64")
    colonnes = [*_CLE, "unite", *_MESURES]
    toutes = pd.concat(tranches, ignore_index=True) if tranches else pd.DataFrame(columns=colonnes)
    return _sans_les_petits(toutes[colonnes].astype(types), plan)


def _blocs(
    plan: Plan, indicateur: str, ventilation: str, territoires: Iterable[str], periodes: Iterable[str]
) -> list[Bloc]:
    """Rend ce que le plan publie d'une tranche, en pavés : des territoires et les périodes de chacun."""
    pavees: dict[tuple[str, ...], list[str]] = {}
    for territoire in territoires:
        niveau = _niveau(territoire)
        publiees = tuple(p for p in periodes if plan.publie(niveau, _rythme(p), indicateur, ventilation))
        pavees.setdefault(publiees, []).append(territoire)
    return [Bloc(tuple(ou), quand) for quand, ou in pavees.items() if quand]


def _niveau(territoire: str) -> str:
    return territoire.split(":", 1)[0]


def _rythme(periode: str) -> str:
    return Periode.lire(periode).rythme


def _tranche(
    connexion: duckdb.DuckDBPyConnection,
    indicateur: Indicateur,
    ventilation: str,
    blocs: Sequence[Bloc],
    parametres: Mapping[str, Any],
) -> pd.DataFrame:
    """Rend les cellules d'un indicateur et d'une ventilation, celles que rien n'observe comprises."""
    observees = _observees(connexion, indicateur, ventilation, blocs, parametres)
    modalites = _modalites(ventilation, set(observees["modalite"]))
    grille = [ligne for bloc in blocs for ligne in product(bloc.territoires, bloc.periodes, modalites)]
    cle = ["territoire", "periode", "modalite"]
    cellules = pd.DataFrame(grille, columns=cle, dtype="string").merge(
        observees, how="left", on=cle, validate="one_to_one", indicator="origine"
    )
    absentes = cellules.pop("origine") == "left_only"
    nulles = {"valeur": indicateur.absence_nulle, "effectif": indicateur.personnes}
    for mesure in set(_MESURES) & set(observees):
        if nulles.get(mesure, True):
            cellules[mesure] = cellules[mesure].mask(absentes, 0)
    return cellules.reindex(columns=[*cle, *_MESURES]).assign(
        indicateur=indicateur.nom, ventilation=ventilation, unite=indicateur.unite
    )


def _observees(
    connexion: duckdb.DuckDBPyConnection,
    indicateur: Indicateur,
    ventilation: str,
    blocs: Sequence[Bloc],
    parametres: Mapping[str, Any],
) -> pd.DataFrame:
    par = ["territoire", "periode", *([] if ventilation == ENSEMBLE else [ventilation])]
    table = relation(connexion, indicateur, ventilation, blocs)
    lues: pd.DataFrame = indicateur.calcul(table, par, **parametres).to_df()
    modalite = ENSEMBLE if ventilation == ENSEMBLE else lues.pop(ventilation)
    types = dict.fromkeys(["territoire", "periode", "modalite"], "string")
    types |= dict.fromkeys([mesure for mesure in _MESURES if mesure in lues], "Float64")
    return lues.assign(modalite=modalite).astype(types)


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
