"""Les tables d'étude : ce que lisent les indicateurs, une période par ligne, codes publiés.

| table | une ligne par |
|---|---|
| heures | contrat, clause et période ; la personne, la clause et le contrat sont à côté |
| clauses | clause notifiée dans la période |
| clauses_actives | clause dont l'exécution recouvre la période |
| marches | marché des données essentielles notifié dans la période |

Le territoire vient de `relation`, par jointure, selon le rattachement de l'indicateur.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.referentiel import ventilations

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from observatoire.indicateurs.registre import Indicateur

GENRES = {"heures": "suivi", "clauses": "suivi", "clauses_actives": "suivi", "marches": "decp"}
_OBJETS = {"execution": "clause_id", "execution_marche": "marche_id", "residence": "personne"}

# Les heures sont sommées en nombres décimaux exacts : le résultat ne dépend pas de l'ordre
# dans lequel les fils d'exécution additionnent.
_HEURES = """
with cumul as (
  select h.contrat_id, h.clause_id, p.periode, sum(h.heures::decimal(18, 6)) as heures
  from entrepot.heures h
  join calendrier p on p.genre = 'suivi' and p.mois = date_trunc('month', h.mois)::date
  group by all
)
select k.periode, k.contrat_id, k.clause_id, k.heures,
  t.personne, t.type_contrat, t.type_employeur, t.prescripteur,
  c.marche_cle, c.modalite, c.type_marche, c.programme,
  b.sexe, b.tranche_age, b.niveau_diplome, b.qpv, b.departement_residence
from cumul k
left join entrepot.contrats t using (contrat_id)
left join entrepot.clauses c using (clause_id)
left join entrepot.beneficiaires b on b.personne = t.personne
"""

_CLAUSES_RETENUES = """
(select * from entrepot.clauses where coalesce(statut, 'NR') not in ('PREVUE', 'ABANDONNEE'))
"""
_CLAUSES = f"""
select p.periode, c.clause_id, c.marche_cle, c.modalite, c.type_marche,
  c.heures_engagees::decimal(18, 6) as heures_engagees
from {_CLAUSES_RETENUES} c
join calendrier p on p.genre = 'suivi' and p.mois = date_trunc('month', c.date_notification)::date
"""
_CLAUSES_ACTIVES = f"""
select p.periode, c.clause_id, c.marche_cle, c.type_marche
from {_CLAUSES_RETENUES} c
join periodes p on p.genre = 'suivi'
  and coalesce(c.date_debut, c.date_notification) <= p.fin
  and coalesce(c.date_fin, p.debut) >= p.debut
"""

# « ou » à trois états : oui si l'une des trois l'est, non si les trois sont non.
_MARCHES = """
select p.periode, m.marche_id, m.type_marche,
  case clause_sociale or critere_social or marche_reserve
    when true then 'OUI' when false then 'NON' else 'NR' end as consideration_sociale
from entrepot.marches m
join calendrier p on p.genre = 'decp' and p.mois = date_trunc('month', m.date_notification)::date
where m.genre = 'marche'
"""

_TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "heures": (
        _HEURES,
        (
            "modalite",
            "type_marche",
            "programme",
            "type_contrat",
            "type_employeur",
            "prescripteur",
            "sexe",
            "tranche_age",
            "niveau_diplome",
            "qpv",
            "departement_residence",
        ),
    ),
    "clauses": (_CLAUSES, ("modalite", "type_marche")),
    "clauses_actives": (_CLAUSES_ACTIVES, ("type_marche",)),
    "marches": (_MARCHES, ("type_marche",)),
}

# Les colonnes qu'une ventilation ajoute à la table d'étude : (expression, jointure).
_AJOUTS = {
    "public": (
        "coalesce(p.public, 'NR') as public",
        "left join etude_publics p on p.personne = e.personne",
    ),
    "habite_le_territoire": (
        """case when d.objet_id is not null then 'OUI'
             when e.departement_residence = 'NR' then 'NR'
             else 'NON' end as habite_le_territoire""",
        """left join etude_territoires d
             on d.motif = 'residence' and d.objet_id = e.personne and d.territoire = r.territoire""",
    ),
}


def preparer(
    connexion: duckdb.DuckDBPyConnection, niveaux: Sequence[str], periodes: pd.DataFrame
) -> list[str]:
    """Écrit les tables d'étude dans la connexion et rend les territoires tabulés, triés."""
    connexion.register("periodes", periodes)
    connexion.register("publiees", _publiees())
    mois = "unnest(generate_series(debut, fin, interval 1 month))::date"
    _ecrire(connexion, "calendrier", f"select genre, periode, {mois} as mois from periodes")
    retenus = "select territoire from entrepot.territoires where list_contains($niveaux, niveau)"
    _ecrire(
        connexion,
        "etude_territoires",
        f"select motif, objet_id, territoire from entrepot.rattachements where territoire in ({retenus})",
        {"niveaux": list(niveaux)},
    )
    publics = "select personne, public from entrepot.beneficiaires_publics"
    _ecrire(connexion, "etude_publics", f"select distinct * from ({_traduire(publics, ['public'])})")
    for nom, (requete, colonnes) in _TABLES.items():
        _ecrire(connexion, f"etude_{nom}", _traduire(requete, colonnes))
    lignes = connexion.execute(f"{retenus} order by territoire", {"niveaux": list(niveaux)}).fetchall()
    return [territoire for (territoire,) in lignes]


def relation(
    connexion: duckdb.DuckDBPyConnection, indicateur: Indicateur, ventilation: str
) -> duckdb.DuckDBPyRelation:
    """Rend la table d'étude d'un indicateur, une ligne de plus par territoire de rattachement.

    Une unité rattachée à la région, à un département et à un territoire y figure trois fois :
    c'est `par=["territoire", …]` qui les sépare.
    """
    colonne, jointure = _AJOUTS.get(ventilation, ("", ""))
    return connexion.sql(f"""
        select e.*, r.territoire{"," if colonne else ""} {colonne}
        from etude_{indicateur.table} e
        join etude_territoires r
          on r.motif = '{indicateur.rattachement}' and r.objet_id = e.{_OBJETS[indicateur.rattachement]}
        {jointure}
    """)


def _publiees() -> pd.DataFrame:
    lignes = [
        (ventilation.nom, code, publiee)
        for ventilation in ventilations().values()
        for code, publiee in ventilation.vers_publiee.items()
    ]
    return pd.DataFrame(lignes, columns=["ventilation", "code", "publiee"], dtype="string")


def _traduire(requete: str, colonnes: Sequence[str]) -> str:
    """Remplace, dans les colonnes citées, chaque code par sa modalité publiée (NR s'il est inconnu)."""
    codes = ", ".join(f"coalesce({nom}_.publiee, 'NR') as {nom}" for nom in colonnes)
    jointures = " ".join(
        f"left join publiees {nom}_ on {nom}_.ventilation = '{nom}' and {nom}_.code = s.{nom}"
        for nom in colonnes
    )
    return f"select s.* replace ({codes}) from ({requete}) s {jointures}"


def _ecrire(
    connexion: duckdb.DuckDBPyConnection, nom: str, requete: str, valeurs: dict[str, object] | None = None
) -> None:
    connexion.execute(f"create or replace temp table {nom} as {requete}", valeurs or {})
