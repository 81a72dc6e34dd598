"""Les structures de l'insertion et du handicap : une ligne par SIRET et par genre."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.entrepot.tables import creer, inscrire
from observatoire.referentiel import nomenclature

if TYPE_CHECKING:
    import duckdb

_DEPARTEMENTS = ("75", "77", "78", "91", "92", "93", "94", "95")

_STRUCTURES = """
with rangees as (
  select * replace (coalesce(genre, 'NR') as genre, commune_actuelle(commune) as commune)
  from controle.structures where siret is not null
), places as (
  select siret, genre, sum(capacite) as capacite
  from (
    select siret, genre, finess, capacite from rangees
    qualify row_number() over (
      partition by siret, genre, finess order by millesime desc, source desc, fichier desc, ligne desc) = 1
      and dense_rank() over (partition by siret, genre order by millesime desc, source desc) = 1
  ) group by all
), dernieres as (
  select * from rangees
  qualify row_number() over (
    partition by siret, genre order by millesime desc, source desc, fichier desc, ligne desc) = 1
)
select d.* exclude (capacite), p.capacite, siren(d.siret) as siren, coalesce(f.famille, 'NR') as famille
from dernieres d join places p using (siret, genre) left join reference.familles f using (genre)
"""

# Un SIRET de plusieurs genres est reconnu par le premier de la liste des genres.
_PAR_SIRET = """
create or replace table reference.structures_par_siret as
select siret, arg_min(genre, (f.ordre, genre)) as genre
from entrepot.structures left join reference.familles f using (genre)
group by siret
"""

_PAR_SIREN = f"""
create or replace table reference.structures_par_siren as
select siren, min(siret) as siret, min(p.genre) as genre
from entrepot.structures join reference.structures_par_siret p using (siret)
where departement in {_DEPARTEMENTS}
group by siren having count(distinct siret) = 1
"""


def construire_structures(connexion: duckdb.DuckDBPyConnection) -> None:
    """Crée `entrepot.structures`, à la dernière livraison ; sans SIRET, pas de ligne.

    Un même SIRET peut porter plusieurs établissements FINESS : leurs places s'additionnent.
    """
    genres = nomenclature("familles_structure").values()
    familles = [(genre.code, genre.groupe, genre.ordre) for genre in genres]
    inscrire(connexion, "reference.familles", pd.DataFrame(familles, columns=["genre", "famille", "ordre"]))
    creer(connexion, "structures", _STRUCTURES)


def reconnaitre_structures(connexion: duckdb.DuckDBPyConnection) -> None:
    """Crée `reference.structures_par_siret` et `reference.structures_par_siren`.

    Le SIREN ne reconnaît une structure que s'il n'a qu'un établissement francilien parmi elles : une
    association ou un département en ont d'autres, qui ne sont pas d'insertion.
    """
    connexion.execute(_PAR_SIRET)
    connexion.execute(_PAR_SIREN)
