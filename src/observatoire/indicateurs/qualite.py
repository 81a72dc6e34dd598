"""Ce que valent les sources : complétude, délais, rapprochement, couverture, seuils passés outre.

`ensemble` réunit les sources d'un même genre. Une mesure dont la table n'est pas là n'est pas rendue :
absente n'est pas zéro.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from observatoire.indicateurs.couverture import existe
from observatoire.referentiel import ENSEMBLE
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

# Sous cette part du même trimestre un an avant, la couverture est dite incomplète.
COUVERTURE_MINIMALE_PCT = 50

# Les colonnes que les fiches ventilent : une ligne complète les a toutes.
ATTENDUES_SUIVI = (
    "modalite type_marche commune_execution sexe age_entree niveau_diplome qpv commune_residence "
    "type_contrat type_employeur prescripteur"
)
ATTENDUES_DECP = "acheteur_id objet cpv type_marche procedure date_notification montant_eur departement"


def _completes(colonnes: str) -> str:
    return " and ".join(f"coalesce({nom}::varchar, 'NR') <> 'NR'" for nom in colonnes.split())


@dataclass(frozen=True, slots=True)
class Mesure:
    """Une mesure par source ; `calcul` est une agrégation SQL de `lignes`, qui a une colonne `source`."""

    nom: str
    libelle: str
    unite: str
    tables: tuple[str, ...]
    lignes: str
    calcul: str


_HEURES = (
    "(select c.source, h.heures, h.estime, h.mutualise "
    "from entrepot.heures h join entrepot.clauses c using (clause_id))"
)

_SUIVIES = """(
select distinct s.source, s.personne, p.plusieurs
from controle.suivi s
join (
  select personne, count(distinct source || structure_id) > 1 as plusieurs
  from controle.suivi where personne is not null group by personne
) p using (personne)
)"""

MESURES: tuple[Mesure, ...] = (
    Mesure(
        "completude_heures",
        "Heures portées par une ligne où tout ce que la fiche ventile est renseigné",
        "%",
        ("controle/suivi",),
        "controle.suivi",
        f"100 * sum(heures) filter ({_completes(ATTENDUES_SUIVI)}) / nullif(sum(heures), 0)",
    ),
    Mesure(
        "completude_marches",
        "Marchés où acheteur, objet, CPV, type, procédure, date, montant et lieu sont renseignés",
        "%",
        ("entrepot/marches",),
        "entrepot.marches",
        f"100 * count(*) filter ({_completes(ATTENDUES_DECP)}) / nullif(count(*), 0)",
    ),
    Mesure(
        "consideration_renseignee",
        "Marchés qui disent s'ils comportent une considération sociale, hors format v1 qui ne le peut pas",
        "%",
        ("entrepot/marches",),
        "(select * from entrepot.marches where coalesce(consideration_etat, '') <> 'sans_objet_v1')",
        "100 * count(*) filter (consideration_etat in ('oui', 'non')) / nullif(count(*), 0)",
    ),
    Mesure(
        "delai_saisie_median",
        "Délai médian entre la fin du mois travaillé et la saisie des heures",
        "jours",
        ("controle/suivi",),
        "controle.suivi",
        "median(date_diff('day', last_day(mois::date), date_saisie::date))",
    ),
    Mesure(
        "delai_publication_median",
        "Délai médian entre la notification d'un marché et la publication de ses données",
        "jours",
        ("controle/decp",),
        "controle.decp",
        "median(date_diff('day', date_notification::date, date_publication::date))",
    ),
    Mesure(
        "rapprochement",
        "Clauses dont le marché est retrouvé dans les données essentielles",
        "%",
        ("entrepot/clauses",),
        "entrepot.clauses",
        "100 * count(marche_id) / nullif(count(*), 0)",
    ),
    Mesure(
        "part_heures_estimees",
        "Heures réparties par jours faute de détail mensuel",
        "%",
        ("entrepot/clauses", "entrepot/heures"),
        _HEURES,
        "100 * coalesce(sum(heures) filter (estime), 0) / nullif(sum(heures), 0)",
    ),
    Mesure(
        "part_heures_mutualisees",
        "Heures d'une mission commune à plusieurs clauses, partagées entre elles",
        "%",
        ("entrepot/clauses", "entrepot/heures"),
        _HEURES,
        "100 * coalesce(sum(heures) filter (mutualise), 0) / nullif(sum(heures), 0)",
    ),
    Mesure(
        "personnes_de_plusieurs_structures",
        "Personnes suivies par plusieurs structures, comptées une fois",
        "%",
        ("controle/suivi",),
        _SUIVIES,
        "100 * count(distinct personne) filter (plusieurs) / nullif(count(distinct personne), 0)",
    ),
    Mesure(
        "corrections",
        "Lignes corrigées par l'équipe (corrections.toml)",
        "lignes",
        ("controle/corrections",),
        "controle.corrections",
        "sum(lignes)",
    ),
)

_RECOUVREMENTS = """
select source, 'recouvrement:' || autre_source as mesure,
  case when source = autre_source then 'Marchés répétés dans la source'
    else 'Marchés publiés aussi par ' || autre_source end as libelle,
  100.0 * communs / nullif(marches, 0) as valeur, '%' as unite, null as texte
from entrepot.recouvrements
"""
_DEROGATIONS = """
select source, 'derogation:' || row_number() over (partition by source order by constat) as mesure,
  'Seuil de qualité passé outre' as libelle, null as valeur, '' as unite,
  rtrim(split_part(constat, '. ', 1), '.') || '. Raison donnée : ' || left(raison, 200) as texte
from controle.derogations
"""
# Le même trimestre un an avant mène la comparaison : un trimestre devenu vide se voit aussi. Quelques
# dates isolées, avant que la source n'existe vraiment, ne sont pas une base.
_COUVERTURE = """
with observe as ({observe}), trimestre as (
  select source, date_trunc('quarter', jour)::date as debut, sum(quantite) as quantite
  from observe where jour is not null group by all
), plus_haut as (
  select source, max(quantite) as quantite from trimestre group by source
), extraction as (
  select source, max(date_extraction)::date as jour from acquisition.depots group by source
)
select avant.source, 'couverture:' || year(d.debut) || '-T' || quarter(d.debut) as mesure,
  'Part du même trimestre un an avant' as libelle,
  100 * coalesce(apres.quantite, 0) / avant.quantite as valeur, '%' as unite,
  'couverture incomplète' as texte
from trimestre avant
join plus_haut h on h.source = avant.source and avant.quantite > h.quantite / 10
cross join lateral (select (avant.debut + interval 1 year)::date as debut) d
join extraction e on e.source = avant.source and d.debut + interval 3 month <= e.jour
left join trimestre apres on apres.source = avant.source and apres.debut = d.debut
where coalesce(apres.quantite, 0) < avant.quantite * $minimum / 100
"""
_OBSERVES = {
    ("entrepot/clauses", "entrepot/heures"): """
        select c.source, h.mois as jour, h.heures as quantite
        from entrepot.heures h join entrepot.clauses c using (clause_id)""",
    ("entrepot/marches",): """
        select unnest(string_split(coalesce(sources, source), '|')) as source,
          date_notification as jour, 1 as quantite
        from entrepot.marches""",
}


def mesurer(connexion: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Rend `indicateurs/qualite`, une ligne par source et mesure."""
    tables = [_relever(connexion, mesure) for mesure in MESURES if _la(connexion, mesure.tables)]
    if _la(connexion, ["entrepot/recouvrements"]):
        tables.append(connexion.sql(_RECOUVREMENTS).to_df())
    if _la(connexion, ["controle/derogations"]):
        tables.append(connexion.sql(_DEROGATIONS).to_df())
    for lues, observe in _OBSERVES.items():
        if _la(connexion, [*lues, "acquisition/depots"]):
            requete = _COUVERTURE.format(observe=observe)
            tables.append(connexion.sql(requete, params={"minimum": COUVERTURE_MINIMALE_PCT}).to_df())
    schema = SCHEMAS["indicateurs/qualite"]
    typees = [schema.typer(table[schema.noms]) for table in tables if len(table)]
    table = pd.concat(typees, ignore_index=True) if typees else schema.vide()
    return table.assign(valeur=table["valeur"].round(2))


def _relever(connexion: duckdb.DuckDBPyConnection, mesure: Mesure) -> pd.DataFrame:
    """Rend la mesure de chaque source, et de leur ensemble s'il y a de quoi la calculer."""
    requete = f"""
        select coalesce(source, '{ENSEMBLE}') as source, ({mesure.calcul})::double as valeur
        from {mesure.lignes} group by grouping sets ((source), ())
    """
    table = connexion.sql(requete).to_df().dropna(subset=["valeur"])
    rendue: pd.DataFrame = table.assign(
        mesure=mesure.nom, libelle=mesure.libelle, unite=mesure.unite, texte=pd.NA
    )
    return rendue


def _la(connexion: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> bool:
    return all(existe(connexion, *nom.split("/")) for nom in tables)
