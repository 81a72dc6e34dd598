"""Les lieux d'une table d'étude : chaque territoire se calcule sans relire toutes ses lignes.

Une maille réunit les objets rattachés aux mêmes territoires : une vingtaine suffisent, quand les objets
sont des centaines de milliers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.indicateurs.registre import REGISTRE

if TYPE_CHECKING:
    import duckdb

    from observatoire.indicateurs.tables.etude import Etude

# Pour chaque motif de rattachement, la colonne de l'objet rattaché.
OBJETS = {
    "execution": "clause_id",
    "execution_marche": "marche_id",
    "projet": "marche_cle",
    "residence": "personne",
    "structure": "siret",
}

_MAILLES = """
with objets as (
  select motif, objet_id, string_agg(territoire::varchar, '|' order by territoire) as territoires
  from etude_territoires group by all
)
select motif, objet_id, dense_rank() over (order by territoires)::smallint as maille from objets
"""


def ecrire_mailles(connexion: duckdb.DuckDBPyConnection) -> None:
    """Écrit `mailles` (maille, territoire) et une table `lieux_<motif>` (objet_id, maille) par motif."""
    connexion.execute(f"create or replace temp table objets as {_MAILLES}")
    connexion.execute("""
        create or replace temp table mailles as
        select distinct maille, territoire from etude_territoires join objets using (motif, objet_id)
    """)
    for motif in OBJETS:
        connexion.execute(f"""
            create or replace temp table lieux_{motif} as
            select objet_id, maille from objets where motif = '{motif}'
        """)
    connexion.execute("drop table objets")


def motifs(etude: Etude) -> list[str]:
    """Rend les rattachements des indicateurs qui lisent une table."""
    return sorted({i.rattachement for i in REGISTRE.values() if i.table == etude.nom})


def situer(etude: Etude, requete: str) -> str:
    """Rend la requête d'une table d'étude, avec `maille_<motif>` pour chacun de ses motifs."""
    lus = motifs(etude)
    colonnes = "".join(f", {motif}.maille as maille_{motif}" for motif in lus)
    jointures = " ".join(
        f"left join lieux_{motif} {motif} on {motif}.objet_id = s.{OBJETS[motif]}" for motif in lus
    )
    return f"select s.*{colonnes} from ({requete}) s {jointures}"
