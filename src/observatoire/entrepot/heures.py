"""Les heures d'insertion par contrat, clause et mois travaillé : le grain de tout indicateur en heures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.entrepot.tables import creer
from observatoire.erreurs import QualiteError
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    import duckdb

_SANS_PLACE = """
select count(*), min_by(fichier, rang), min_by(ligne, rang)
from suivi.lignes
where heures is not null and (contrat is null or operation is null
  or (mois is null and contrat_debut is null and contrat_fin is null))
"""

# Comparer toutes les colonnes de toutes les lignes coûterait cher : on ne compare que celles qui ont
# déjà en commun le contrat, l'opération, le mois et les heures. `hash` ne sert qu'à ce tri.
_REPETEES = """
create or replace table suivi.repetees as
with empreintes as (
  select rang, hash(source, structure_id, contrat, operation, mois, heures) as empreinte
  from suivi.lignes where heures is not null
), suspectes as (
  select rang from empreintes
  where empreinte in (select empreinte from empreintes group by empreinte having count(*) > 1)
)
select rang from suivi.lignes semi join suspectes using (rang)
qualify row_number() over (partition by {contenu} order by rang desc) > 1
"""

# Ce qui se partage : les totaux de contrats sans détail mensuel, répartis par jours (règle R1), et les
# mois des missions communes à plusieurs clauses.
_TOTAUX = """
with totaux as (
  select rang, coalesce(contrat_debut, contrat_fin)::date as debut,
    greatest(debut, least(coalesce(contrat_fin, date_saisie)::date, millesime::date)) as fin,
    round(heures * 100)::hugeint as centiemes
  from suivi.lignes anti join suivi.repetees using (rang)
  where heures is not null and mois is null
), mensuelles as (
  select *, unnest(generate_series(date_trunc('month', debut), fin, interval 1 month))::date as mois
  from totaux
)
select rang, mois, centiemes,
  (date_diff('day', greatest(debut, mois), least(fin, last_day(mois))) + 1)::hugeint as poids
from mensuelles
"""

# Une mission commune se partage au prorata des heures que ses clauses engagent ; à parts égales si
# l'une d'elles ne dit pas ce qu'elle engage (piège T3).
_COMMUNES = """
with mensuelles as (
  select rang, mois, part as centiemes, true as estime from suivi.mensuelles
  union all
  select l.rang, l.mois::date, round(l.heures * 100)::hugeint, false
  from suivi.lignes l anti join suivi.repetees using (rang)
  where l.heures is not null and l.mois is not null and (l.source, l.structure_id, l.operation) in (
    select (source, structure_id, operation) from suivi.operations where nombre > 1
  )
)
select m.*, l.contrat, o.clause_no, o.nombre > 1 as mutualise, l.source, l.structure_id, l.type_heure,
  l.date_saisie,
  if(
    min(coalesce(c.heures_engagees, 0)) over (partition by m.rang, m.mois) > 0,
    round(c.heures_engagees * 100), 1
  )::hugeint as poids
from mensuelles m
join suivi.lignes l using (rang)
join suivi.operations o
  on o.source = l.source and o.structure_id = l.structure_id and o.operation = l.operation
join entrepot.clauses c using (clause_id)
"""

_CUMULS = """
create or replace table suivi.cumuls as
with lignes as (
  select l.source, l.structure_id, l.contrat, o.clause_no, l.mois::date as mois, l.type_heure,
    l.heures::decimal(18, 6) as heures, false as estime, false as mutualise, l.date_saisie
  from suivi.lignes l anti join suivi.repetees using (rang)
  join suivi.operations o using (source, structure_id, operation)
  where l.heures is not null and l.mois is not null and o.nombre = 1
  union all
  select source, structure_id, contrat, clause_no, mois, type_heure, (part / 100)::decimal(18, 6), estime,
    mutualise, date_saisie
  from suivi.communes
)
select c.contrat_no, l.clause_no, l.mois, sum(l.heures) as heures,
  coalesce(sum(l.heures) filter (l.type_heure = 'FORMATION'), 0) as formation,
  bool_or(l.estime) as estime, bool_or(l.mutualise) as mutualise, max(l.date_saisie)::date as date_saisie
from lignes l join suivi.contrats c using (source, structure_id, contrat)
group by all
"""

# Au-delà de sa durée d'éligibilité, un CDI continue mais ses heures ne comptent plus (piège T15).
_PLAFONDS = """
create or replace table suivi.plafonds as
with suivis as (
  select c.contrat_id, min(e.debut) over (partition by c.contrat_suivi_id) as debut
  from entrepot.contrats c join suivi.etats e using (contrat_id)
  where starts_with(c.type_contrat, 'CDI')
)
select v.contrat_no, (s.debut + to_months(p.valeur::integer))::date as limite
from suivis s
asof join (select * from reference.parametres where nom = 'plafond_mois_eligibilite') p on s.debut >= p.depuis
join suivi.contrats v using (contrat_id)
"""

_HEURES = """
select c.contrat_id, o.clause_id, k.mois, if(coalesce(k.mois >= p.limite, false), 0, k.heures) as heures,
  if(coalesce(k.mois >= p.limite, false), 0, k.formation) as heures_formation,
  if(coalesce(k.mois >= p.limite, false), k.heures, 0) as heures_hors_plafond,
  k.estime, k.mutualise, k.date_saisie
from suivi.cumuls k
join suivi.contrats c using (contrat_no)
join (select distinct clause_no, clause_id from suivi.operations) o using (clause_no)
left join suivi.plafonds p using (contrat_no)
"""


def construire_heures(connexion: duckdb.DuckDBPyConnection) -> None:
    """Remplit `entrepot.heures` : les heures d'un contrat, d'une clause et d'un mois travaillé (R1).

    - Une ligne reçue deux fois à l'identique compte une fois ; deux lignes différentes de même clé
      (travail et formation, deux saisies) s'additionnent.
    - Un contrat sans détail mensuel est réparti par jours entre début et fin compris, et marqué
      `estime`. Sans fin connue, la date de saisie en tient lieu ; un contrat en cours s'arrête à la
      livraison, car des heures réalisées ne sont pas à venir. Sans début, tout va au mois de la fin.
    - Une mission commune à plusieurs clauses est partagée entre elles et marquée `mutualise` (T3).
    - Tout partage se fait en centièmes d'heure, au plus grand reste : la somme est celle de départ.
    - Les heures de formation comptent et sont montrées à part (T16).
    - Les heures d'un CDI au-delà de `plafond_mois_eligibilite` mois, comptés du début du premier des
      contrats qu'il renouvelle, sont gardées mais ne comptent pas (T15).
    - Les mêmes heures déclarées par le titulaire et par l'employeur de la personne restent deux fois :
      deux temps partiels dans un mois sont licites, effacer l'un serait deviner. Le contrôle les
      signale quand leur total est invraisemblable (T2).

    Lit `suivi.*`, `entrepot.clauses` et `entrepot.contrats`.

    Raises:
        QualiteError: des heures n'ont ni contrat, ni clause, ni mois, ni dates où les placer.
    """
    _exiger_une_place(connexion)
    origine = ("millesime", "fichier", "ligne")
    contenu = ", ".join(f'"{nom}"' for nom in SCHEMAS["controle/suivi"].noms if nom not in origine)
    connexion.execute(_REPETEES.format(contenu=contenu))
    connexion.execute(f"create or replace table suivi.mensuelles as {_partager(_TOTAUX, 'rang', 'mois')}")
    communes = _partager(_COMMUNES, "rang, mois", "clause_no")
    connexion.execute(f"create or replace table suivi.communes as {communes}")
    connexion.execute(_CUMULS)
    connexion.execute(_PLAFONDS)
    creer(connexion, "heures", _HEURES)
    for table in ("cumuls", "plafonds", "communes", "mensuelles", "repetees", "etats"):
        connexion.execute(f"drop table suivi.{table}")


def _partager(requete: str, groupe: str, ordre: str) -> str:
    """Rend la requête et `part` : ses `centiemes` au prorata de `poids`, au plus grand reste."""
    return f"""
select *, (produit // somme + (
    row_number() over (partition by {groupe} order by produit % somme desc, {ordre})
      <= centiemes - sum(produit // somme) over (partition by {groupe})
  )::integer)::bigint as part
from (
  select *, centiemes * poids as produit, sum(poids) over (partition by {groupe}) as somme
  from ({requete})
)
"""


def _exiger_une_place(connexion: duckdb.DuckDBPyConnection) -> None:
    ((nombre, fichier, ligne),) = connexion.execute(_SANS_PLACE).fetchall()
    if nombre:
        raise QualiteError(
            f"{nombre} ligne(s) portent des heures sans contrat, sans clause ou sans période, "
            f"par exemple {fichier}, ligne {ligne}.",
            "Une règle de contrôle doit les mettre en quarantaine.",
        )
