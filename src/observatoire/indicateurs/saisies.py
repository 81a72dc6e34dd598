"""Les saisies tardives : les heures ajoutées, ou retirées, depuis une édition, et qui est derrière.

Elles sont tabulées comme des heures ordinaires : chaque cellule y a ses personnes et ses employeurs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from observatoire.indicateurs.cellule import CLE
from observatoire.indicateurs.diffusions.photographies import dossier_de
from observatoire.indicateurs.tabulation import cellules
from observatoire.magasin import Magasin
from observatoire.perimetre import Periode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from observatoire.config import Config
    from observatoire.indicateurs.plan import Plan

PROUVABLES = ("heures_realisees", "heures_hors_clauses_publiques")
MESURES = ["valeur", "effectif", "employeurs", "premier"]
# Une personne dont le contrat a changé de numéro n'a pas une heure de plus : elle se compte une fois.
_ECARTS = """
with lignes as (
  select 1 as signe, h.*, c.personne, c.employeur_siren
  from read_parquet('{maintenant}/heures.parquet') h
  left join read_parquet('{maintenant}/contrats.parquet') c using (contrat_id)
  union all
  select -1, h.*, c.personne, c.employeur_siren
  from read_parquet('{avant}/heures.parquet') h
  left join read_parquet('{avant}/contrats.parquet') c using (contrat_id)
)
select max(contrat_id) filter (where signe = {sens}) as contrat_id, clause_id, mois,
  sum({sens} * signe * heures) as heures,
  greatest(sum({sens} * signe * coalesce(heures_formation, 0)), 0) as heures_formation,
  0.0 as heures_hors_plafond, false as estime, false as mutualise, null::timestamp as date_saisie
from lignes
where date_trunc('quarter', mois)::date in ({trimestres})
group by coalesce(personne, contrat_id), employeur_siren, clause_id, mois
having sum({sens} * signe * heures) > 0.005
"""


def mouvements(
    config: Config, editions: Mapping[str, str], plan: Plan, parametres: Mapping[str, Any]
) -> pd.DataFrame:
    """Rend ce qui a été ajouté et retiré aux cellules d'heures depuis l'édition qui les a imprimées.

    Une ligne par cellule : la clé, puis `valeur`, `effectif`, `employeurs` et `premier` des heures ajoutées
    (`_plus`) et des heures retirées (`_moins`). Un trimestre sans photographie n'y est pas.

    Args:
        config: le dossier de travail.
        editions: pour chaque trimestre, l'édition à laquelle le comparer.
        plan: les tranches publiées.
        parametres: les valeurs de `parametres.toml` que les calculs reçoivent.
    """
    tables = []
    for edition in sorted(set(editions.values())):
        photo = dossier_de(config, edition)
        if (photo / "entrepot" / "heures.parquet").is_file():
            trimestres = [texte for texte, la_sienne in editions.items() if la_sienne == edition]
            plus, moins = (_tabuler(config, photo, sens, trimestres, plan, parametres) for sens in (1, -1))
            tables.append(plus.merge(moins, how="outer", on=CLE, suffixes=("_plus", "_moins")))
    colonnes = [f"{mesure}_{cote}" for cote in ("plus", "moins") for mesure in MESURES]
    if not tables:
        return pd.DataFrame(columns=[*CLE, *colonnes])
    return pd.concat(tables, ignore_index=True).fillna(dict.fromkeys(colonnes, 0.0))


def _tabuler(
    config: Config, photo: Path, sens: int, trimestres: list[str], plan: Plan, parametres: Mapping[str, Any]
) -> pd.DataFrame:
    """Rend les cellules des heures ajoutées (1, dans l'entrepôt) ou retirées (−1, dans la photographie)."""
    lues = [Periode.lire(texte) for texte in trimestres]
    requete = _ECARTS.format(
        maintenant=_cite(config.processed / "entrepot"),
        avant=_cite(photo / "entrepot"),
        sens=sens,
        trimestres=", ".join(f"date '{p.debut}'" for p in lues),
    )
    periodes = pd.DataFrame(
        {
            "genre": "suivi",
            "periode": trimestres,
            "debut": [p.debut for p in lues],
            "fin": [p.fin for p in lues],
        }
    ).astype({"genre": "string", "periode": "string", "debut": "datetime64[us]", "fin": "datetime64[us]"})
    restreint = replace(plan, personnes_minimum={}, indicateurs=frozenset(PROUVABLES))
    with Magasin(config.processed if sens > 0 else photo).connexion("entrepot") as connexion:
        connexion.execute(f"create temp table ecarts as {requete}")
        connexion.execute("drop view entrepot.heures")
        connexion.execute("create table entrepot.heures as from ecarts")
        table = cellules(connexion, config, restreint, periodes, parametres)
    return table[[*CLE, *MESURES]]


def _cite(dossier: Path) -> str:
    return str(dossier).replace("'", "''")
