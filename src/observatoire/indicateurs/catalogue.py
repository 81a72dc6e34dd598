"""Ce qui voyage avec les chiffres : le catalogue des indicateurs et la provenance des données."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from observatoire.indicateurs.couverture import existe
from observatoire.indicateurs.registre import REGISTRE
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb


def catalogue(parametres: Mapping[str, Any]) -> pd.DataFrame:
    """Rend `indicateurs/catalogue`, une ligne par indicateur inscrit, dans l'ordre du registre.

    Le champ cite la valeur des paramètres reçus par le calcul (heures par équivalent temps plein).
    """
    nombres = {nom: f"{valeur:,}".replace(",", "\u202f") for nom, valeur in parametres.items()}
    lignes = [
        {
            "indicateur": indicateur.nom,
            "ordre": ordre,
            "libelle": indicateur.libelle,
            "unite": indicateur.unite,
            "champ": indicateur.champ.format(**nombres),
            "source": indicateur.source,
            "lecture": indicateur.lecture,
            "additif": "|".join(indicateur.additif),
            "rattachement": indicateur.rattachement,
            "ventilations": "|".join(indicateur.ventilations),
            "multiples": "|".join(indicateur.multiples),
            "numerateur": "",
            "denominateur": "",
            "personnes": indicateur.personnes,
            "methode": indicateur.methode,
        }
        for ordre, indicateur in enumerate(REGISTRE.values(), start=1)
    ]
    return SCHEMAS["indicateurs/catalogue"].verifier(pd.DataFrame(lignes))


def provenance(connexion: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Rend `indicateurs/provenance` : chaque fichier reçu, et ce que le contrôle en a gardé.

    Sans dépôt connu de la connexion, la table est vide ; sans bilan, ses comptes le sont.
    """
    schema = SCHEMAS["indicateurs/provenance"]
    if not existe(connexion, "acquisition", "depots"):
        return schema.vide()
    cle = ["source", "millesime", "fichier"]
    depots = connexion.sql("select * exclude (genre) from acquisition.depots").to_df()
    bilan = SCHEMAS["controle/bilan"].vide()
    if existe(connexion, "controle", "bilan"):
        bilan = connexion.sql("from controle.bilan").to_df()
    comptes = bilan[[*cle, "gardees", "marquees", "ecartees"]]
    return schema.verifier(depots.merge(comptes, how="left", on=cle, validate="one_to_one"))
