"""Les tables d'étude : ce que lisent les indicateurs, une période par ligne, codes publiés.

| table | une ligne par |
|---|---|
| heures | contrat, clause et période, hors `heures_hors_clauses` ; la personne et le contrat sont à côté |
| heures_hors_clauses | la même, pour les heures sans clause d'un contrat public (piège T19) |
| clauses | clause notifiée dans la période |
| clauses_actives | clause dont l'exécution recouvre la période |
| marches | marché des données essentielles notifié dans la période |

Le territoire vient de `relation`, par jointure, selon le rattachement de l'indicateur. Les
identifiants y sont des numéros, propres au calcul : compter des entiers distincts coûte bien moins
que compter des textes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from observatoire.referentiel import ventilations

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import duckdb

    from observatoire.indicateurs.registre import Indicateur

GENRES = {
    "heures": "suivi",
    "heures_hors_clauses": "suivi",
    "clauses": "suivi",
    "clauses_actives": "suivi",
    "marches": "decp",
}
_OBJETS = {"execution": "clause_id", "execution_marche": "marche_id", "residence": "personne"}

_NUMEROTES = {
    "contrat_id": """
        select contrat_id as id from entrepot.contrats
        union select contrat_suivi_id from entrepot.contrats where contrat_suivi_id is not null
    """,
    "clause_id": "select clause_id as id from entrepot.clauses",
    "marche_cle": "select distinct marche_cle as id from entrepot.clauses",
    "marche_id": "select marche_id as id from entrepot.marches",
    "personne": """
        select personne as id from entrepot.beneficiaires
        union select personne from entrepot.contrats where personne is not null
    """,
}

# Une clause volontaire d'un marché privé et un achat direct à une structure d'insertion ne sont pas
# des clauses de la commande publique : leurs heures sont montrées à part (piège T19).
_HORS_CLAUSES = "coalesce(modalite, 'NR') in ('PRIVE', 'ACHAT_SIAE')"

# Les heures sont sommées en nombres décimaux exacts : le résultat ne dépend pas de l'ordre
# dans lequel les fils d'exécution additionnent.
_CUMULS = """
select p.periode, t.no as contrat, c.no as clause, sum(h.heures::decimal(18, 6))::decimal(18, 6) as heures
from entrepot.heures h
join calendrier p on p.genre = 'suivi' and p.mois = date_trunc('month', h.mois)::date
left join nos_contrat_id t on t.id = h.contrat_id
left join nos_clause_id c on c.id = h.clause_id
group by all
"""
_PROFILS = """
select n.no as contrat, s.no as contrat_suivi_id, p.no as personne,
  t.type_contrat, t.type_employeur, t.prescripteur,
  b.sexe, b.tranche_age, b.niveau_diplome, b.qpv, b.departement_residence
from entrepot.contrats t
join nos_contrat_id n on n.id = t.contrat_id
join nos_contrat_id s on s.id = coalesce(t.contrat_suivi_id, t.contrat_id)
left join nos_personne p on p.id = t.personne
left join entrepot.beneficiaires b on b.personne = t.personne
"""
_OPERATIONS = """
select n.no as clause, m.no as marche_cle, c.modalite, c.type_marche, c.programme
from entrepot.clauses c
join nos_clause_id n on n.id = c.clause_id
left join nos_marche_cle m on m.id = c.marche_cle
"""
_TRAVAIL = f"""
select k.periode, k.contrat as contrat_id, k.clause as clause_id, k.heures,
  t.* exclude (contrat), c.* exclude (clause)
from ({_CUMULS}) k
left join ({_PROFILS}) t using (contrat)
left join ({_OPERATIONS}) c using (clause)
"""

_CLAUSES_RETENUES = f"""
(select c.* replace (n.no as clause_id, m.no as marche_cle)
from entrepot.clauses c
join nos_clause_id n on n.id = c.clause_id
left join nos_marche_cle m on m.id = c.marche_cle
where coalesce(statut, 'NR') not in ('PREVUE', 'ABANDONNEE') and not {_HORS_CLAUSES})
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
select p.periode, n.no as marche_id, m.type_marche, m.procedure, m.type_acheteur,
  case clause_sociale or critere_social or marche_reserve
    when true then 'OUI' when false then 'NON' else 'NR' end as consideration_sociale
from entrepot.marches m
join nos_marche_id n on n.id = m.marche_id
join calendrier p on p.genre = 'decp' and p.mois = date_trunc('month', m.date_notification)::date
where m.genre = 'marche'
"""

_VENTILEES = (
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
)
_TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "heures": (f"select * from travail where not {_HORS_CLAUSES}", _VENTILEES),
    "heures_hors_clauses": (f"select * from travail where {_HORS_CLAUSES}", ("modalite",)),
    "clauses": (_CLAUSES, ("modalite", "type_marche")),
    "clauses_actives": (_CLAUSES_ACTIVES, ("type_marche",)),
    "marches": (_MARCHES, ("type_marche", "procedure", "type_acheteur")),
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
    publiees = _publiees()
    connexion.register("periodes_recues", periodes)
    connexion.register("publiees_recues", publiees)
    periode, publiee = _enumerer(periodes["periode"]), _enumerer(publiees["publiee"])
    _ecrire(connexion, "periodes", f"select * replace (periode::{periode} as periode) from periodes_recues")
    _ecrire(connexion, "publiees", f"select * replace (publiee::{publiee} as publiee) from publiees_recues")
    mois = "unnest(generate_series(debut, fin, interval 1 month))::date"
    _ecrire(connexion, "calendrier", f"select genre, periode, {mois} as mois from periodes")
    for nom, requete in _NUMEROTES.items():
        _ecrire(connexion, f"nos_{nom}", f"select id, row_number() over ()::integer as no from ({requete})")
    retenus = "select territoire from entrepot.territoires where list_contains($niveaux, niveau)"
    objets = " union all ".join(
        f"""select motif, no as objet_id, territoire from entrepot.rattachements
        join nos_{nom} on id = objet_id where motif = '{motif}'"""
        for motif, nom in _OBJETS.items()
    )
    lignes = connexion.execute(f"{retenus} order by territoire", {"niveaux": list(niveaux)}).fetchall()
    territoires = [territoire for (territoire,) in lignes]
    rattaches = f"""
        select * replace (territoire::{_enumerer(territoires)} as territoire)
        from ({objets}) where territoire in ({retenus})
    """
    _ecrire(connexion, "etude_territoires", rattaches, {"niveaux": list(niveaux)})
    publics = """
        select no as personne, public
        from entrepot.beneficiaires_publics p join nos_personne on id = p.personne
    """
    _ecrire(connexion, "etude_publics", f"select distinct * from ({_traduire(publics, ['public'])})")
    _ecrire(connexion, "travail", _TRAVAIL)
    for nom, (requete, colonnes) in _TABLES.items():
        _ecrire(connexion, f"etude_{nom}", _traduire(requete, colonnes))
    connexion.execute("drop table travail")
    return territoires


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


def _enumerer(valeurs: Iterable[str]) -> str:
    """Rend le type DuckDB qui écrit chacune de ces valeurs sur un octet ou deux ; « NR » en est toujours."""
    codes = ("'" + valeur.replace("'", "''") + "'" for valeur in sorted({"NR", *valeurs}))
    return f"enum({', '.join(codes)})"


def _traduire(requete: str, colonnes: Sequence[str]) -> str:
    """Remplace, dans les colonnes citées, chaque code par sa modalité publiée (NR s'il est inconnu)."""
    inconnue = f"'NR'::{_enumerer(_publiees()['publiee'])}"
    codes = ", ".join(f"coalesce({nom}_.publiee, {inconnue}) as {nom}" for nom in colonnes)
    jointures = " ".join(
        f"left join publiees {nom}_ on {nom}_.ventilation = '{nom}' and {nom}_.code = s.{nom}"
        for nom in colonnes
    )
    return f"select s.* replace ({codes}) from ({requete}) s {jointures}"


def _ecrire(
    connexion: duckdb.DuckDBPyConnection, nom: str, requete: str, valeurs: dict[str, object] | None = None
) -> None:
    connexion.execute(f"create or replace temp table {nom} as {requete}", valeurs or {})
