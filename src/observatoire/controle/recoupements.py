"""Les règles qui comparent des lignes entre elles, et le bilan de chaque fichier.

Elles ne font qu'alerter : les tables typées sont déjà écrites. Chacune est une requête DuckDB sur les
vues `controle.*`, qui rend l'origine des lignes touchées et la valeur à citer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.controle.recoupements_decp import RECOUPEMENTS_DECP
from observatoire.controle.recoupements_suivi import RECOUPEMENTS_SUIVI
from observatoire.controle.regles import ALERTE, ORIGINE, Recoupement
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    import duckdb

_CONTENU = ", ".join(nom for nom in SCHEMAS["controle/suivi"].noms if nom not in ("fichier", "ligne"))
# Comparer toutes les colonnes coûte cher : seules sont comparées les lignes qui en partagent déjà sept.
_EMPREINTE = "hash(source, millesime, structure_id, operation, contrat, mois, heures)"

RECOUPEMENTS: tuple[Recoupement, ...] = (
    Recoupement(
        "cumul_mensuel_excessif",
        ALERTE,
        "heures",
        "Vérifier si le contrat a été déclaré deux fois.",
        "Une personne cumule dans le mois, sur toutes ses lignes, plus d'heures que le maximum d'un contrat.",
        f"""
        select {ORIGINE}, heures::varchar as valeur
        from controle.suivi
        where personne is not null and mois is not null and heures is not null
        qualify sum(heures) over (partition by source, personne, mois) > $heures_maximum
        """,
    ),
    Recoupement(
        "heures_tres_superieures",
        ALERTE,
        "heures_engagees",
        "Vérifier les heures engagées, en heures et non en personnes.",
        "La clause a déjà plus de trois fois ses heures engagées ; signalé une fois, à sa première ligne.",
        f"""
        select {ORIGINE}, heures_engagees::varchar as valeur
        from controle.suivi
        window clause as (partition by source, structure_id, operation)
        qualify heures_engagees > 0 and sum(heures) over clause > 3 * heures_engagees
          and (millesime, fichier, ligne) = min((millesime, fichier, ligne)) over clause
        """,
    ),
    Recoupement(
        "doublon",
        ALERTE,
        "contrat",
        "Supprimer la copie, ou distinguer les deux contrats.",
        "La ligne répète une autre ligne du même fichier ou de la même livraison ; elle compte une fois.",
        f"""
        select {ORIGINE}, contrat as valeur
        from controle.suivi
        where contrat is not null and {_EMPREINTE} in (
          select {_EMPREINTE} from controle.suivi where contrat is not null
          group by all having count(*) > 1
        )
        qualify row_number() over (partition by {_CONTENU} order by fichier, ligne) > 1
        """,
    ),
    *RECOUPEMENTS_SUIVI,
    *RECOUPEMENTS_DECP,
)


def recouper(
    connexion: duckdb.DuckDBPyConnection, heures_maximum: float
) -> dict[str, duckdb.DuckDBPyRelation]:
    """Rend `controle/recoupements` (mêmes colonnes que les rejets) et `controle/bilan`.

    Args:
        connexion: les vues `acquisition.depots` et `controle.*`.
        heures_maximum: le plus d'heures qu'un contrat compte en un mois.
    """
    _inscrire(connexion, heures_maximum)
    return {
        "controle/recoupements": connexion.table("recoupements"),
        "controle/bilan": connexion.sql(_BILAN),
    }


_BILAN = """
with lignes as (
  select source, millesime, fichier, ligne, max(niveau = 'bloquant') as ecartee,
    max(niveau = 'alerte') as marquee
  from (
    select source, millesime, fichier, ligne, niveau from controle.rejets
    union all select source, millesime, fichier, ligne, niveau from recoupements
  )
  group by all
), touchees as (
  select source, millesime, fichier, count(*) filter (ecartee) as ecartees,
    count(*) filter (marquee and not ecartee) as marquees
  from lignes group by all
)
select d.source, d.millesime, d.fichier, d.lues, d.lues - coalesce(t.ecartees, 0) as gardees,
  coalesce(t.marquees, 0) as marquees, coalesce(t.ecartees, 0) as ecartees
from acquisition.depots d left join touchees t using (source, millesime, fichier)
"""


def _inscrire(connexion: duckdb.DuckDBPyConnection, heures_maximum: float) -> None:
    connexion.execute(
        "create or replace temp table recoupements (source varchar, millesime varchar, fichier varchar, "
        "ligne bigint, regle varchar, niveau varchar, colonne varchar, valeur varchar, remede varchar)"
    )
    for regle in RECOUPEMENTS:
        recus = {"heures_maximum": heures_maximum} if "$heures_maximum" in regle.requete else {}
        connexion.execute(
            f"insert into recoupements select {ORIGINE}, $regle, $niveau, $colonne, valeur, $remede "
            f"from ({regle.requete})",
            recus
            | {
                "regle": regle.nom,
                "niveau": regle.niveau,
                "colonne": regle.colonne,
                "remede": regle.remede,
            },
        )
