"""Les territoires, et ce qui rattache un marché, une clause ou une personne à chacun d'eux."""

from __future__ import annotations

from functools import cache

import pandas as pd

from observatoire.perimetre import Territoire
from observatoire.referentiel import MILLESIME_GEOGRAPHIE, NON_RENSEIGNE, lire_liste

_REGION = "reg:11"
_PARIS = "75056"
_CODES_REGION = ("11", "FR1", "FR10")


def construire_territoires() -> pd.DataFrame:
    """Rend la région, les départements, T1 à T12 et les intercommunalités, avec leur millésime."""
    tous = Territoire.tous("reg", "dep", "ept", "epci")
    return pd.DataFrame(
        {
            "territoire": [str(territoire) for territoire in tous],
            "niveau": [territoire.niveau for territoire in tous],
            "nom": [territoire.nom for territoire in tous],
            "millesime": MILLESIME_GEOGRAPHIE,
        }
    )


def commune_actuelle(communes: pd.Series) -> pd.Series:
    """Rend le code en vigueur d'une commune : Paris pour ses arrondissements, la commune après fusion."""
    return communes.map(_codes_remplaces()).astype("string").fillna(communes)


def departement_residence(communes: pd.Series) -> pd.Series:
    """Rend le département d'une commune de la région, HORS ailleurs, NR sans commune."""
    departement = communes.str.slice(0, 2)
    return departement.where(departement.isin(_departements()), "HORS").mask(communes.isna(), NON_RENSEIGNE)


def construire_rattachements(
    clauses: pd.DataFrame, marches: pd.DataFrame, beneficiaires: pd.DataFrame
) -> pd.DataFrame:
    """Rend un objet × un territoire × un motif ; hors de la région, aucun territoire (règle R5).

    - `execution` : la commune d'exécution de la clause ; sans commune, la région seule, puisque le
      suivi est celui des structures régionales ;
    - `residence` : la commune de la personne à son entrée ; sans commune, aucun territoire ;
    - `execution_marche` : la commune d'exécution du marché, à défaut son département, à défaut la
      région quand le lieu publié est la région elle-même.

    Une commune de la métropole est dans un territoire (T1 à T12), les autres dans une
    intercommunalité : jamais les deux. Un code de commune inconnu vaut par son département.
    """
    commune, residence = clauses["commune_execution"], beneficiaires["commune_residence"]
    lieu_regional = marches["lieu_type"].str.contains("gion", case=False, regex=False)
    objets = [
        ("execution", clauses["clause_id"], commune, commune.str.slice(0, 2), commune.isna()),
        ("residence", beneficiaires["personne"], residence, residence.str.slice(0, 2), False),
        (
            "execution_marche",
            marches["marche_id"],
            marches["commune"],
            marches["departement"],
            lieu_regional & marches["lieu_code"].isin(_CODES_REGION),
        ),
    ]
    colonnes = ("motif", "objet_id", "commune", "departement", "region")
    return _rattacher(pd.concat([pd.DataFrame(dict(zip(colonnes, o, strict=True))) for o in objets]))


def _rattacher(objets: pd.DataFrame) -> pd.DataFrame:
    """Rend les territoires de chaque objet : par sa commune, à défaut son département, à défaut la région."""
    larges = objets.merge(_communes(), how="left", on="commune", validate="many_to_one")
    departement = larges["departement"].where(larges["departement"].isin(_departements()))
    larges["dep"] = larges["dep"].fillna("dep:" + departement)
    en_region = larges["dep"].notna() | larges["region"].astype("boolean").fillna(False)
    larges["reg"] = pd.Series(_REGION, index=larges.index, dtype="string").where(en_region)
    longs = larges.melt(["motif", "objet_id"], ["reg", "dep", "local"], value_name="territoire")
    return longs.dropna(subset=["territoire"])


@cache
def _departements() -> tuple[str, ...]:
    return tuple(territoire.code for territoire in Territoire.tous("dep"))


@cache
def _codes_remplaces() -> dict[str, str]:
    anciens = {
        ancien: ligne["code"]
        for ligne in lire_liste("communes")
        for ancien in ligne["anciens_codes"].split("|")
        if ancien
    }
    return anciens | {f"751{rang:02}": _PARIS for rang in range(1, 21)}


@cache
def _communes() -> pd.DataFrame:
    """Rend, par commune, son département et son territoire de la métropole ou son intercommunalité."""
    lignes = lire_liste("communes")
    return pd.DataFrame(
        {
            "commune": [ligne["code"] for ligne in lignes],
            "dep": [f"dep:{ligne['departement']}" for ligne in lignes],
            "local": [f"ept:{x['ept']}" if x["ept"] else f"epci:{x['epci']}" for x in lignes],
        },
        dtype="string",
    )
