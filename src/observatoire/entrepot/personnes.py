"""Les contrats de travail et les personnes : qui, embauché par qui, avec quel profil à l'entrée."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.entrepot.cles import siren
from observatoire.entrepot.territoires import commune_actuelle, departement_residence
from observatoire.referentiel import NON_RENSEIGNE

if TYPE_CHECKING:
    from collections.abc import Sequence

_TRANCHES = {"M26": 0, "A26_29": 26, "A30_39": 30, "A40_49": 40, "A50_54": 50, "A55P": 55}
_PROFIL = ["sexe", "age_entree", "niveau_diplome", "qpv", "commune_residence"]


def construire_contrats(suivi: pd.DataFrame) -> pd.DataFrame:
    """Rend un contrat de travail par ligne, à l'état de sa ligne la plus récente.

    Chaque mission d'intérim est un contrat à la source et le reste ici.
    """
    etat = suivi.dropna(subset=["contrat_id"]).drop_duplicates("contrat_id", keep="last")
    return etat.assign(
        employeur_siren=siren(etat["employeur_id"]),
        date_debut=etat["contrat_debut"],
        date_fin=etat["contrat_fin"],
        **{
            nom: etat[nom].fillna(NON_RENSEIGNE) for nom in ("type_employeur", "type_contrat", "prescripteur")
        },
    )


def lignes_d_entree(suivi: pd.DataFrame) -> pd.DataFrame:
    """Rend les lignes du premier contrat de chaque personne, avec `date_entree`.

    La personne est reconnue par sa clé régionale : suivie par deux structures, elle n'entre qu'une
    fois (T1). Deux contrats commencés le même jour comptent tous deux pour l'entrée. Un contrat
    sans date de début est daté de son premier mois travaillé.
    """
    lignes = suivi.dropna(subset=["personne"])
    debut = lignes["contrat_debut"].fillna(lignes["mois"])
    entree = debut.groupby(lignes["personne"]).transform("min")
    return lignes.assign(date_entree=entree).loc[(debut == entree) | entree.isna()]


def construire_beneficiaires(entrees: pd.DataFrame) -> pd.DataFrame:
    """Rend une personne par ligne, avec ses caractéristiques à l'entrée (règle R6).

    Elles ne suivent pas la personne dans le temps : seules comptent les lignes de son premier
    contrat. Entre elles, une valeur renseignée l'emporte sur « non renseigné », puis la plus
    récente sur la plus ancienne.
    """
    profils = entrees[["personne", "date_entree", *_PROFIL]].drop_duplicates(keep="last")
    connus = profils.assign(**_sans_nr(profils, ("sexe", "niveau_diplome", "qpv")))
    personnes = connus.groupby("personne", as_index=False).last()
    commune = commune_actuelle(personnes["commune_residence"])
    return personnes.assign(
        sexe=personnes["sexe"].fillna(NON_RENSEIGNE),
        tranche_age=_tranche_age(personnes["age_entree"]),
        niveau_diplome=personnes["niveau_diplome"].fillna(NON_RENSEIGNE),
        qpv=personnes["qpv"].fillna(NON_RENSEIGNE),
        commune_residence=commune,
        departement_residence=departement_residence(commune),
    )


def construire_publics(entrees: pd.DataFrame) -> pd.DataFrame:
    """Rend les publics de chaque personne à l'entrée : l'union des lignes de son premier contrat.

    Les publics se cumulent, aucun n'est déduit d'une autre colonne : un jeune n'est « peu ou pas
    qualifié » que si la source le dit (T12). Une personne sans aucun public a la modalité NR.
    """
    publies = entrees[["personne", "publics"]].drop_duplicates()
    eclates = publies.assign(public=publies["publics"].str.split("|")).explode("public")
    codes = eclates["public"].astype("string").str.strip()
    connus = eclates.assign(public=codes).loc[~codes.isin(["", NON_RENSEIGNE]) & codes.notna()]
    muets = publies.loc[~publies["personne"].isin(connus["personne"])].assign(public=NON_RENSEIGNE)
    return pd.concat([connus, muets]).drop_duplicates(["personne", "public"])


def construire_suivi(suivi: pd.DataFrame) -> pd.DataFrame:
    """Rend la dernière situation de sortie observée de chaque personne, au jalon FIN."""
    sorties = suivi.loc[
        suivi["personne"].notna() & suivi["situation_sortie"].fillna(NON_RENSEIGNE).ne(NON_RENSEIGNE)
    ]
    derniere = sorties.sort_values("date_observation", na_position="first", kind="stable").drop_duplicates(
        "personne", keep="last"
    )
    return derniere.assign(jalon="FIN", situation=derniere["situation_sortie"])


def _sans_nr(table: pd.DataFrame, colonnes: Sequence[str]) -> dict[str, pd.Series]:
    return {nom: table[nom].mask(table[nom] == NON_RENSEIGNE) for nom in colonnes}


def _tranche_age(age: pd.Series) -> pd.Series:
    tranche = pd.Series(NON_RENSEIGNE, index=age.index, dtype="string")
    for code, depuis in _TRANCHES.items():
        tranche = tranche.mask(age.ge(depuis).fillna(False), code)
    return tranche
