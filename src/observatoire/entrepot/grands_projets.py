"""Les marchés des grands projets : ce qu'ils s'obligent à réserver, déclaré ou fixé par leur charte."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.entrepot.tables import creer

if TYPE_CHECKING:
    import duckdb

# Sans acheteur ou sans référence, le marché n'a de clé que la ligne qui le dit.
_PROJETS = """
with lues as (
  select *, coalesce(
      cle_marche(acheteur_id, marche_reference),
      empreinte(concat_ws(chr(31), source, millesime, fichier, ligne))
    ) as marche_cle
  from controle.grands_projets
), projets as (
  select * from lues qualify row_number() over (
    partition by marche_cle order by millesime desc, source desc, fichier desc, ligne desc
  ) = 1
), trouves as (
  select cle_marche(acheteur_id, id_source) as marche_cle, min(marche_id) as marche_id
  from entrepot.marches group by all having count(*) = 1
), chartes as (
  select * from reference.parametres where starts_with(nom, 'charte_')
)
select p.marche_cle, t.marche_id, p.maitre_ouvrage, p.programme, p.date_notification,
  coalesce(p.obligation_pct, h.valeur) as obligation_pct, p.pme_pct, e.valeur as pme_obligation_pct,
  p.heures_engagees, p.heures_totales, p.montant_eur
from projets p
left join trouves t using (marche_cle)
asof left join chartes h
  on h.nom = 'charte_heures_pct_' || p.maitre_ouvrage and p.date_notification >= h.depuis
asof left join chartes e
  on e.nom = 'charte_pme_pct_' || p.maitre_ouvrage and p.date_notification >= e.depuis
"""


def construire_grands_projets(connexion: duckdb.DuckDBPyConnection) -> None:
    """Remplit `entrepot.grands_projets` : un marché à sa dernière livraison, et son obligation.

    L'obligation est celle que le maître d'ouvrage déclare, à défaut celle de sa charte à la date de
    notification (`charte_heures_pct_<code>` et `charte_pme_pct_<code>` dans `parametres.toml`, en %) ;
    sans date ou sans charte, elle est vide. Ces lignes étiquettent des clauses du suivi : leurs heures
    engagées ne s'ajoutent à aucune autre.

    Lit `controle.grands_projets` et `entrepot.marches`.
    """
    creer(connexion, "grands_projets", _PROJETS)
