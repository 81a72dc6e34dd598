"""Ce qui voyage avec les chiffres : le catalogue des indicateurs et la provenance des données."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from observatoire.indicateurs.couverture import existe
from observatoire.indicateurs.registre import RAPPORTS, REGISTRE, Comptes, parametres_cites
from observatoire.referentiel import ENSEMBLE
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from observatoire.config import Config
    from observatoire.indicateurs.registre import Indicateur, Rapport


def catalogue(parametres: Mapping[str, Any]) -> pd.DataFrame:
    """Rend `indicateurs/catalogue` : les indicateurs inscrits, puis les rapports, dans l'ordre du registre.

    Le champ cite la valeur des paramètres reçus par le calcul (heures par équivalent temps plein).
    """
    nombres = {nom: f"{valeur:,}".replace(",", "\u202f") for nom, valeur in parametres.items()}
    fiches = [*map(_indicateur, REGISTRE.values()), *map(_rapport, RAPPORTS.values())]
    lignes = [
        {**fiche, "ordre": ordre, "champ": fiche["champ"].format(**nombres)}
        for ordre, fiche in enumerate(fiches, start=1)
    ]
    return SCHEMAS["indicateurs/catalogue"].verifier(pd.DataFrame(lignes))


def catalogue_de(config: Config) -> pd.DataFrame:
    """Rend le catalogue sans rien calculer, aux dernières valeurs des paramètres.

    Raises:
        ConfigError: un paramètre manque dans `parametres.toml`.
    """
    return catalogue({nom: config.historique(nom)[-1].valeur for nom in parametres_cites()})


def _indicateur(indicateur: Indicateur) -> dict[str, Any]:
    return {
        **_commun(indicateur),
        "additif": "|".join(indicateur.additif),
        "rattachement": indicateur.rattachement,
        "ventilations": "|".join(indicateur.ventilations),
        "multiples": "|".join(indicateur.multiples),
        "numerateur": "",
        "denominateur": "",
        "personnes": indicateur.personnes,
    }


def _rapport(rapport: Rapport) -> dict[str, Any]:
    """Un rapport a la géographie de son numérateur, et ne s'additionne jamais."""
    return {
        **_commun(rapport),
        "additif": "",
        "rattachement": REGISTRE[rapport.numerateur.indicateur].rattachement,
        "ventilations": "|".join(rapport.croise),
        "multiples": "",
        "numerateur": ecrire_comptes(rapport.numerateur),
        "denominateur": ecrire_comptes(rapport.denominateur) if rapport.denominateur else "",
        "personnes": any(REGISTRE[terme.indicateur].personnes for terme in rapport.termes),
    }


def _commun(declare: Indicateur | Rapport) -> dict[str, Any]:
    return {
        "indicateur": declare.nom,
        "libelle": declare.libelle,
        "unite": declare.unite,
        "champ": declare.champ,
        "source": declare.source,
        "lecture": declare.lecture,
        "methode": declare.methode,
    }


def ecrire_comptes(comptes: Comptes) -> str:
    """Écrit le terme d'un rapport : l'indicateur, puis ses modalités s'il n'est pas l'ensemble.

    >>> ecrire_comptes(Comptes(indicateur="beneficiaires", ventilation="sexe", modalites=("F", "M")))
    'beneficiaires.sexe=F|M'
    """
    if comptes.ventilation == ENSEMBLE:
        return comptes.indicateur
    return f"{comptes.indicateur}.{comptes.ventilation}={'|'.join(comptes.modalites)}"


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
