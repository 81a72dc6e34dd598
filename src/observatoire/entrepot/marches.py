"""Les marchés des données essentielles : une ligne par contrat, à son dernier état."""

from __future__ import annotations

import json
from itertools import chain

import pandas as pd

from observatoire.entrepot.cles import assembler, chercher, empreinte, objet_comparable, par_valeur, siren
from observatoire.entrepot.lignes import RANG, ranger
from observatoire.entrepot.territoires import commune_actuelle
from observatoire.schemas import SCHEMAS

_HORS_CONTENU = {*SCHEMAS["controle/decp"].cle, "ecarts"}


def construire_marches(decp: pd.DataFrame) -> pd.DataFrame:
    """Rend un marché par ligne, avec les colonnes de la ligne qui fait foi.

    Fait foi la publication la plus récente, puis la notification la plus récente (le format
    tabulaire ne date pas la publication et donne une ligne par modification), puis la ligne la
    plus complète, puis la dernière lue. Le marché garde sa première date de notification : une
    modification ne le notifie pas une seconde fois. Tout marché est gardé, où qu'il s'exécute.
    """
    decp = decp.assign(marche_id=identifier_marches(decp), completude=_completude(decp))
    par_marche = decp.groupby("marche_id")
    decp = decp.assign(
        premiere_notification=par_marche["date_notification"].transform("min"),
        nb_lignes=par_marche["marche_id"].transform("size"),
    )
    priorites = ["date_publication", "date_notification", "completude", *RANG]
    retenus = ranger(decp, priorites).drop_duplicates("marche_id", keep="last")
    return retenus.assign(
        acheteur_siren=siren(retenus["acheteur_id"]),
        commune=commune_actuelle(retenus["commune"]),
        type_marche=retenus["type_marche"].fillna("NR"),
        date_notification=retenus["premiere_notification"],
        nb_titulaires=chercher(retenus["marche_id"], _titulaires_distincts(decp)).fillna(0),
    )


def identifier_marches(decp: pd.DataFrame) -> pd.Series:
    """Rend l'identifiant du marché de chaque ligne.

    C'est l'uid du producteur dans le format tabulaire, seul à le construire de façon régulière ;
    ailleurs « acheteur|numéro|CPV|empreinte de l'objet », sauf si l'acheteur ou le numéro manque et
    que l'uid est là. Une concession n'a pas de CPV : le mot « concession » en tient lieu, et elle ne
    se confond pas avec un marché de même numéro.
    """
    parties = pd.DataFrame(
        {
            "acheteur": decp["acheteur_id"],
            "numero": decp["id_source"].str.replace(r"[ ,\\./]", "_", regex=True),
            "cpv": decp["cpv"].mask(decp["genre"] == "concession", "concession"),
            "objet": par_valeur(decp["objet"].fillna(""), lambda o: empreinte(objet_comparable(o), 4)),
        }
    )
    incomplet = decp["acheteur_id"].isna() | decp["id_source"].isna()
    par_uid = decp["uid"].notna() & ((decp["format"] == "tabulaire") | incomplet)
    return assembler(parties, ["acheteur", "numero", "cpv", "objet"], "|").mask(par_uid, decp["uid"])


def _completude(decp: pd.DataFrame) -> pd.Series:
    contenu = [colonne for colonne in decp.columns if colonne not in _HORS_CONTENU]
    return decp[contenu].notna().sum(axis="columns")


def _titulaires_distincts(decp: pd.DataFrame) -> pd.Series:
    publies = decp[["marche_id", "titulaires"]].dropna().drop_duplicates()
    listes = [
        [str(titulaire.get("id") or "").strip() for titulaire in json.loads(texte)]
        for texte in publies["titulaires"]
    ]
    paires = pd.DataFrame(
        {
            "marche_id": publies["marche_id"].repeat([len(liste) for liste in listes]),
            "titulaire": pd.array(list(chain.from_iterable(listes)), dtype="string"),
        }
    )
    return paires.loc[paires["titulaire"] != ""].groupby("marche_id")["titulaire"].nunique()
