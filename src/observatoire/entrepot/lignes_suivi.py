"""Les lignes de suivi telles que l'entrepôt les lit : rangées, leurs opérations et leurs contrats nommés.

Le schéma `suivi` de la connexion porte ce que partagent les tables tirées du suivi :

- `suivi.lignes` : les lignes contrôlées, un texte vide y est absent ; `rang` les ordonne de la moins à
  la plus probante (livraison, saisie, source, fichier, ligne) et n'est jamais le même deux fois ;
- `suivi.operations` : une opération telle qu'écrite et une clause ; une mission commune à plusieurs
  opérations (« OP1|OP2 ») a une ligne par clause et `nombre` > 1 (piège T3) ;
- `suivi.contrats` : un contrat tel que numéroté par sa structure, et sa ligne la plus probante.

La source et la structure sont dans tout identifiant : un numéro réemployé ailleurs, après une fusion de
structures, ne désigne pas le même objet (piège T21). `contrat_no` et `clause_no` sont des raccourcis,
sans valeur hors de la connexion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    import duckdb

# rang = livraison × 10^22 + jour de saisie × 10^17 + fichier × 10^12 + ligne.
_LIGNES = """
create or replace table suivi.fichiers as
select source, millesime, fichier, dense_rank() over (order by millesime) as livraison,
  row_number() over (order by source, fichier, millesime) as numero
from (select distinct source, millesime, fichier from controle.suivi);

create or replace view suivi.lignes as
select l.* replace ({textes}),
  ((f.livraison::hugeint * 100000 + coalesce(date_diff('day', date '1900-01-01', l.date_saisie::date), 0))
    * 100000 + f.numero) * 1000000000000 + l.ligne as rang
from controle.suivi l join suivi.fichiers f using (source, millesime, fichier)
"""

# L'engagement d'une ligne : son volume, à défaut la part engagée des heures du marché (piège T9).
_OPERATIONS = """
create or replace table suivi.operations as
with lues as (
  select source, structure_id, operation, max(rang) as rang,
    arg_max(engagees, rang) as engagees, arg_min(engagees, rang) as initiales
  from (
    select source, structure_id, operation, rang, coalesce(
        heures_engagees,
        case when mode_engagement = 'PCT_HEURES' then part_engagee_pct * heures_totales / 100 end
      ) as engagees
    from suivi.lignes where operation is not null
  )
  group by all
), separees as (
  select *, list_sort(list_distinct(list_filter(
    list_transform(string_split(operation, '|'), lambda partie: trim(partie)), lambda partie: partie <> ''
  ))) as parties
  from lues
), nommees as (
  select s.* exclude (parties), greatest(len(parties), 1)::integer as nombre, u.partie as clause,
    empreinte(concat_ws(chr(31), source, structure_id, u.partie)) as clause_id
  from separees s, unnest(if(len(parties) > 0, parties, [operation])) as u(partie)
)
select *, dense_rank() over (order by clause_id)::integer as clause_no from nommees
"""

_CONTRATS = """
create or replace table suivi.contrats as
select row_number() over (order by rang)::integer as contrat_no, *,
  empreinte(concat_ws(chr(31), source, structure_id, contrat)) as contrat_id
from (
  select source, structure_id, contrat, max(rang) as rang, min(mois) as premier_mois,
    max(mois) as dernier_mois
  from suivi.lignes where contrat is not null group by all
)
"""


def preparer_suivi(connexion: duckdb.DuckDBPyConnection) -> None:
    """Crée le schéma `suivi` décrit en tête de module."""
    textes = [c.nom for c in SCHEMAS["controle/suivi"].colonnes if c.type == "texte"]
    remplaces = ", ".join(f'nullif(l."{nom}", \'\') as "{nom}"' for nom in textes)
    connexion.execute("create schema if not exists suivi")
    connexion.execute(_LIGNES.format(textes=remplaces))
    connexion.execute(_OPERATIONS)
    connexion.execute(_CONTRATS)
