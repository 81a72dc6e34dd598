"""Les lieux d'une table d'étude : chaque territoire se calcule sans relire toutes ses lignes.

Une maille réunit les objets rattachés aux mêmes territoires : une vingtaine suffisent, quand les objets
sont des centaines de milliers. Une unité (personne, marché) qui n'est, dans une période, que dans une
maille s'y compte une fois, et chaque territoire en est la somme ; seules les autres se comptent
territoire par territoire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.indicateurs.registre import REGISTRE

if TYPE_CHECKING:
    import duckdb

    from observatoire.indicateurs.registre import Indicateur
    from observatoire.indicateurs.tables.etude import Etude

# Pour chaque motif de rattachement, la colonne de l'objet rattaché.
OBJETS = {
    "execution": "clause_id",
    "execution_marche": "marche_id",
    "projet": "marche_cle",
    "residence": "personne",
    "structure": "siret",
}

# En deçà, une seule lecture coûte moins que deux.
LIGNES_A_PARTAGER = 1_000_000

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
    """Rend les rattachements des indicateurs qui lisent une table, et ceux de ses autres objets."""
    lus = {i.rattachement for i in REGISTRE.values() if i.table == etude.nom}
    return sorted(lus | ({"residence"} if lus and "departement_residence" in etude.ventilees else set()))


def situer(etude: Etude, requete: str) -> str:
    """Rend la requête d'une table d'étude, avec `maille_<motif>` pour chacun de ses motifs."""
    lus = motifs(etude)
    colonnes = "".join(f", {motif}.maille as maille_{motif}" for motif in lus)
    jointures = " ".join(
        f"left join lieux_{motif} {motif} on {motif}.objet_id = s.{OBJETS[motif]}" for motif in lus
    )
    return f"select s.*{colonnes} from ({requete}) s {jointures}"


def se_partage(connexion: duckdb.DuckDBPyConnection, etude: Etude) -> bool:
    """Dit s'il vaut la peine de marquer les unités d'une seule maille."""
    if not etude.unite or etude.unite == OBJETS.get(next(iter(motifs(etude)), "")):
        return False
    [(lignes,)] = connexion.execute(f"select count(*) from etude_{etude.nom}").fetchall()
    return bool(lignes >= LIGNES_A_PARTAGER)


def marquer(etude: Etude) -> str:
    """Rend les lignes d'une table, et `seule` : son unité n'est, dans la période, que dans une maille."""
    motif = motifs(etude)[0]
    return f"""
        with plusieurs as (
          select periode, {etude.unite} as unite from etude_{etude.nom}
          where {etude.unite} is not null and maille_{motif} is not null
          group by all having min(maille_{motif}) < max(maille_{motif})
        )
        select e.*, p.unite is null and e.{etude.unite} is not null as seule
        from etude_{etude.nom} e
        left join plusieurs p on p.periode = e.periode and p.unite = e.{etude.unite}
    """


def d_une_maille(indicateur: Indicateur, etude: Etude) -> bool:
    """Dit si chaque unité comptée est l'objet rattaché : elle n'a alors qu'une maille."""
    return etude.unite == OBJETS[indicateur.rattachement]
