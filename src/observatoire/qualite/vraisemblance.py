"""Les chiffres d'une année entière contre des bornes de bon sens et contre les totaux déjà publiés.

Seules les années entières sont jugées : de janvier à décembre, achevées à la date d'extraction ; et les
clauses soldées dont l'exécution a commencé après les premières heures connues. Les heures sans clause
publique (marchés privés, achats directs) n'y comptent pas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.referentiel import lire_liste

if TYPE_CHECKING:
    import duckdb

_ANNEES = """
create or replace temp table vraisemblance as
with heures as (
  select year(h.mois) as annee, h.heures, h.contrat_id, t.personne, c.modalite, b.sexe,
    coalesce(c.programme, 'HORS') <> 'HORS' as grand_projet, h.mois
  from entrepot.heures h
  join entrepot.clauses c using (clause_id)
  left join entrepot.contrats t using (contrat_id)
  left join entrepot.beneficiaires b on b.personne = t.personne
  where coalesce(c.modalite, 'NR') not in ('PRIVE', 'ACHAT_SIAE')
), entieres as (
  select annee from heures group by annee
  having count(distinct month(mois)) = 12 and make_date(annee + 1, 1, 1) <= (
    select max(date_extraction)::date from acquisition.depots where genre = 'suivi'
  )
), perimetres as (
  select *, 'region' as perimetre from heures
  union all select *, 'grands_projets' from heures where grand_projet
)
select p.annee, p.perimetre, sum(heures) as heures, count(distinct personne) as beneficiaires,
  sum(heures) / nullif(count(distinct personne), 0) as heures_par_personne,
  count(distinct contrat_id) / nullif(count(distinct personne), 0)::double as contrats_par_personne,
  100 * count(distinct personne) filter (sexe = 'F')
    / nullif(count(distinct personne) filter (sexe in ('F', 'M')), 0)::double as part_femmes,
  100 * sum(heures) filter (modalite in ('CE', 'CE_STAGE')) / nullif(sum(heures), 0)
    as part_condition_execution,
  100 * coalesce(sum(heures) filter (grand_projet), 0) / nullif(sum(heures), 0) as part_grands_projets
from perimetres p semi join entieres using (annee)
group by all
"""
_SOLDEES = """
with realise as (select clause_id, sum(heures) as heures from entrepot.heures group by clause_id),
observe as (select min(mois) as debut from entrepot.heures)
select 100 * sum(r.heures) / nullif(sum(c.heures_engagees), 0)
from entrepot.clauses c left join realise r using (clause_id) cross join observe o
where c.statut = 'SOLDEE' and c.heures_engagees > 0 and c.date_debut >= o.debut
"""


@dataclass(frozen=True, slots=True)
class Jugement:
    """Un chiffre et ce à quoi il se compare ; `dedans` dit s'il est vraisemblable."""

    quoi: str
    quand: str
    unite: str
    valeur: float
    minimum: float
    maximum: float
    reference: str

    @property
    def dedans(self) -> bool:
        """Vrai entre les bornes, comprises."""
        return self.minimum <= self.valeur <= self.maximum


def juger(connexion: duckdb.DuckDBPyConnection) -> list[Jugement]:
    """Rend les jugements contre les bornes, par année entière, puis contre les totaux publiés."""
    connexion.execute(_ANNEES)
    return [*_bornes(connexion), *_totaux(connexion)]


def _bornes(connexion: duckdb.DuckDBPyConnection) -> list[Jugement]:
    annees = connexion.execute("select distinct annee from vraisemblance order by annee").fetchall()
    jugements = []
    for borne in lire_liste("bornes_vraisemblance"):
        if borne["code"] == "realisation_soldees":
            observees = [("clauses soldées", *_premiere(connexion, _SOLDEES))]
        else:
            requete = f"select {borne['code']} from vraisemblance where perimetre = 'region' and annee = ?"
            observees = [(str(annee), *_premiere(connexion, requete, annee)) for (annee,) in annees]
        bornes = (float(borne["minimum"]), float(borne["maximum"]))
        jugements += [
            Jugement(borne["libelle"], quand, borne["unite"], valeur, *bornes, borne["reference"])
            for quand, valeur in observees
            if valeur is not None
        ]
    return jugements


def _totaux(connexion: duckdb.DuckDBPyConnection) -> list[Jugement]:
    jugements = []
    for total in lire_liste("totaux_publies"):
        requete = f"select {total['mesure']} from vraisemblance where perimetre = ? and annee = ?"
        (valeur,) = _premiere(connexion, requete, total["perimetre"], int(total["annee"]))
        if valeur is not None:
            publie, ecart = float(total["valeur"]), float(total["tolerance_pct"]) / 100
            quoi = f"{_MESURES[total['mesure']]}, {_PERIMETRES[total['perimetre']]}"
            jugements.append(
                Jugement(
                    quoi,
                    total["annee"],
                    total["unite"],
                    valeur,
                    publie * (1 - ecart),
                    publie * (1 + ecart),
                    total["reference"],
                )
            )
    return jugements


_MESURES = {"heures": "Heures", "beneficiaires": "Bénéficiaires", "part_femmes": "Part des femmes"}
_PERIMETRES = {"region": "région entière", "grands_projets": "grands projets"}


def _premiere(connexion: duckdb.DuckDBPyConnection, requete: str, *valeurs: str | int) -> tuple[float | None]:
    ligne = connexion.execute(requete, list(valeurs)).fetchone()
    return (float(ligne[0]),) if ligne and ligne[0] is not None else (None,)
