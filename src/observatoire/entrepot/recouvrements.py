"""Ce que les sources des données essentielles ont en commun, deux à deux."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.entrepot.tables import creer

if TYPE_CHECKING:
    import duckdb

_RECOUVREMENTS = """
with marches as (
  select distinct source, marche_id from decp_rangs
), totaux as (
  select source, count(*) as marches from marches group by source
), paires as (
  select a.source, b.source as autre_source, count(*) as communs
  from marches a join marches b on a.marche_id = b.marche_id and a.source <> b.source
  group by all
), repetes as (
  select r.source, count(distinct r.marche_id) as communs
  from (
    select r.source, r.marche_id from decp_rangs r
    join controle.decp d using (source, millesime, fichier, ligne)
    group by r.source, r.marche_id, r.millesime,
      if(r.tabulaire, struct_pack(t := d.titulaires, n := r.nb_modifications, d := r.date_notification), null)
    having count(*) > 1
  ) r group by r.source
)
select t.source, u.source as autre_source, t.marches,
  coalesce(if(t.source = u.source, r.communs, p.communs), 0) as communs
from totaux t cross join totaux u
left join paires p on p.source = t.source and p.autre_source = u.source
left join repetes r on r.source = t.source
"""


def construire_recouvrements(connexion: duckdb.DuckDBPyConnection) -> None:
    """Crée `entrepot.recouvrements` : marchés publiés par deux sources, ou répétés dans une seule.

    Un marché est répété quand une livraison le porte sur plusieurs lignes ; dans le tableau de
    decp.info, qui a une ligne par titulaire et par état, sur plusieurs lignes du même titulaire et
    du même état.
    """
    creer(connexion, "recouvrements", _RECOUVREMENTS)
