"""Quelle ligne publiée désigne quel marché, et laquelle fait foi."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    import duckdb

_RENSEIGNEES = " + ".join(
    f"(nullif({c.nom}, 'NR') is not null)::int" if c.type == "texte" else f"({c.nom} is not null)::int"
    for c in SCHEMAS["controle/decp"].colonnes
    if c.nom not in SCHEMAS["controle/decp"].cle
)

# Une concession n'a pas de CPV : le mot « concession » en tient lieu.
_LIGNES = f"""
create or replace temp table decp_lignes as
with lues as (
  select source, millesime, fichier, ligne, format = 'tabulaire' as tabulaire, uid,
    coalesce(acheteur_id, acheteur_recu) as acheteur_id,
    numero_publie(id_source) as numero,
    if(genre = 'concession', 'concession', cpv) as cpv,
    objet_comparable(objet) as objet,
    montant_eur, date_notification, date_publication, nb_modifications,
    {_RENSEIGNEES} as completude
  from controle.decp
)
select *,
  empreinte(concat(acheteur_id, chr(31), numero, chr(31), cpv, chr(31), objet)) as cle_complete,
  if(
    uid is not null and (tabulaire or acheteur_id is null or numero is null),
    empreinte('uid' || chr(31) || uid), cle_complete
  ) as cle
from lues
"""

# Deux sources imbriquées (JSON, XML) qui écrivent l'objet autrement.
_IMBRIQUEES = """
create or replace temp table decp_imbriquees as
with par_source as (
  select acheteur_id, numero, montant_eur, date_notification, source, min(cle) as cle,
    count(distinct cle) as cles
  from decp_lignes
  where not tabulaire and acheteur_id is not null and numero is not null
    and montant_eur is not null and date_notification is not null
  group by all
), reunies as (
  select acheteur_id, numero, montant_eur, date_notification, min(cle) as vers
  from par_source group by all having max(cles) = 1 and count(*) > 1
), vers as (
  select l.cle, min(r.vers) as vers
  from decp_lignes l join reunies r using (acheteur_id, numero, montant_eur, date_notification)
  where not l.tabulaire group by all
)
select distinct l.cle, coalesce(v.vers, l.cle) as marche, l.acheteur_id, l.numero, l.cpv, l.cle_complete,
  l.montant_eur, l.date_notification
from decp_lignes l left join vers v using (cle)
where not l.tabulaire
"""

_TABULAIRES = """
create or replace temp table decp_tabulaires as
with exactes as (
  select t.cle, min(i.marche) as marche
  from decp_lignes t join decp_imbriquees i using (cle_complete)
  where t.tabulaire and t.acheteur_id is not null and t.numero is not null group by all
), {trois} , {quatre}
select t.cle, coalesce(any_value(e.marche), any_value(a.marche), any_value(b.marche)) as marche,
  min(t.cle_complete) filter (t.acheteur_id is not null and t.numero is not null) as complete
from decp_lignes t
left join exactes e using (cle)
left join par_cpv a using (cle)
left join par_montant b using (cle)
where t.tabulaire group by t.cle
"""


def _unique(nom: str, colonnes: str) -> str:
    """Rend la requête qui réunit un uid et un marché imbriqué, seuls tous deux à avoir ces valeurs."""
    presentes = " and ".join(f"{colonne} is not null" for colonne in colonnes.split(", "))
    return f"""
{nom}_i as (
  select {colonnes}, min(marche) as marche from decp_imbriquees where {presentes}
  group by {colonnes} having count(distinct marche) = 1
), {nom}_t as (
  select {colonnes}, min(cle) as cle from decp_lignes where tabulaire and {presentes}
  group by {colonnes} having count(distinct cle) = 1
), {nom} as (
  select t.cle, min(i.marche) as marche from {nom}_t t join {nom}_i i using ({colonnes}) group by t.cle
)"""


_MARCHES = """
create or replace temp table decp_rangs as
with solitaires as (
  select cle, if(complete is null or count(*) over (partition by complete) > 1, cle, complete) as marche
  from decp_tabulaires where marche is null
), cles as (
  select cle, marche from decp_tabulaires where marche is not null
  union all select cle, marche from solitaires
  union all select distinct cle, marche from decp_imbriquees
  where cle not in (select cle from decp_tabulaires)
)
select l.source, l.millesime, l.fichier, l.ligne, l.tabulaire, l.objet, l.montant_eur, l.date_notification,
  l.date_publication, l.nb_modifications, c.marche as marche_id,
  row_number() over (
    partition by c.marche
    order by s.rang nulls last, l.date_publication desc nulls last, l.date_notification desc nulls last,
      l.nb_modifications desc nulls last, l.completude desc, l.millesime desc, l.source desc,
      l.fichier desc, l.ligne desc
  ) as rang
from decp_lignes l join cles c using (cle) left join reference.sources s using (source)
"""


def identifier_marches(connexion: duckdb.DuckDBPyConnection) -> None:
    """Crée `decp_rangs` : le marché de chaque ligne publiée, et son rang (1 fait foi).

    Identité (§5.2 des sources) : acheteur, numéro, CPV et objet sans casse ni ponctuation, car un
    acheteur réemploie ses numéros. Trois cas s'y ajoutent :

    - le tableau de decp.info est déjà dédoublonné : un uid, un marché ; il est reconnu dans une
      publication imbriquée par cette même clé, à défaut par (acheteur, numéro, CPV), à défaut par
      (acheteur, numéro, montant, date), quand les deux sont seuls à avoir ces valeurs ;
    - deux sources imbriquées qui n'écrivent pas l'objet de même sont réunies par (acheteur, numéro,
      montant, date), si chacune n'y a qu'un marché ;
    - sans acheteur ou sans numéro, l'uid seul, s'il est là.

    Fait foi la source déclarée la première, puis la publication la plus récente, la notification
    la plus récente, la ligne la plus modifiée, la plus complète, enfin la dernière livrée.
    """
    connexion.execute(_LIGNES)
    connexion.execute(_IMBRIQUEES)
    trois = _unique("par_cpv", "acheteur_id, numero, cpv")
    quatre = _unique("par_montant", "acheteur_id, numero, montant_eur, date_notification")
    connexion.execute(_TABULAIRES.format(trois=trois, quatre=quatre))
    connexion.execute(_MARCHES)
    for provisoire in ("lignes", "imbriquees", "tabulaires"):
        connexion.execute(f"drop table decp_{provisoire}")
