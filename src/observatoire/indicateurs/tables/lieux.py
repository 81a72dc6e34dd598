"""Les lieux d'une table d'étude : chaque territoire se calcule sans relire toutes ses lignes.

Une maille réunit les objets rattachés aux mêmes territoires : une vingtaine suffisent, quand les objets
sont des centaines de milliers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.indicateurs.registre import REGISTRE
from observatoire.indicateurs.tables.etude import ecrire

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

_OBJETS = """
select motif, objet_id, list(territoire order by territoire) as territoires
from etude_territoires group by all
"""
_NUMEROTES = """
select territoires, row_number() over (order by territoires)::smallint as maille
from (select distinct territoires from objets)
"""


def ecrire_mailles(connexion: duckdb.DuckDBPyConnection) -> None:
    """Écrit `mailles` (maille, territoire) et une table `lieux_<motif>` (objet_id, maille) par motif."""
    ecrire(connexion, "objets", _OBJETS)
    ecrire(connexion, "numerotes", _NUMEROTES)
    ecrire(connexion, "mailles", "select maille, unnest(territoires) as territoire from numerotes")
    for motif in OBJETS:
        lieux = (
            f"select objet_id, maille from objets join numerotes using (territoires) where motif = '{motif}'"
        )
        ecrire(connexion, f"lieux_{motif}", lieux)
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
