"""Lire une table d'étude : les lignes de quelques ventilations, par maille ou par territoire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.referentiel import ENSEMBLE, ventilations

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb
    import pandas as pd

    from observatoire.indicateurs.registre import Indicateur

# Une lecture porte sur autant de ventilations que ce nombre de lignes le permet : la mémoire est bornée.
LIGNES_D_UN_LOT = 5_000_000

# Les ventilations qui ne sont pas une colonne de la table d'étude : (expression, jointure).
AJOUTEES = {
    "public": (
        "coalesce(p.public, 'NR')",
        "left join etude_publics p on p.personne = e.personne",
    ),
    "habite_le_territoire": (
        """case when d.maille is not null then 'OUI'
             when e.departement_residence = 'NR' then 'NR'
             else 'NON' end""",
        "left join mailles d on d.maille = e.maille_residence and d.territoire = g.territoire",
    ),
}


def ecrire_grille(connexion: duckdb.DuckDBPyConnection, grille: pd.DataFrame) -> None:
    """Écrit ce qui se calcule : indicateur, rang (de la ventilation), territoire, periode."""
    connexion.register("grille_recue", grille)
    connexion.execute("""
        create or replace temp table grille as
        select g.indicateur, g.rang::utinyint as rang, m.maille, m.territoire, p.periode
        from grille_recue g
        join mailles m on m.territoire::varchar = g.territoire
        join (select distinct periode from periodes) p on p.periode::varchar = g.periode
    """)
    connexion.unregister("grille_recue")


def lots(indicateur: Indicateur, lignes: int) -> list[list[str]]:
    """Rend les ventilations à lire ensemble : toutes celles d'une petite table, une à une sinon."""
    ordinaires = [nom for nom in (ENSEMBLE, *indicateur.ventilations) if nom not in AJOUTEES]
    taille = max(1, LIGNES_D_UN_LOT // max(1, lignes))
    groupes = [ordinaires[debut : debut + taille] for debut in range(0, len(ordinaires), taille)]
    return [*groupes, *([nom] for nom in indicateur.ventilations if nom in AJOUTEES)]


def relation(
    connexion: duckdb.DuckDBPyConnection,
    indicateur: Indicateur,
    noms: Iterable[str] = (ENSEMBLE,),
    lieu: str = "territoire",
    lignes: str = "true",
) -> duckdb.DuckDBPyRelation:
    """Rend la table d'étude d'un indicateur, une ligne de plus par ventilation et par lieu de la grille.

    Une unité rattachée à la région, à un département et à un territoire y figure trois fois, dans autant
    de ventilations : c'est `par=["territoire", "periode", "rang", "code"]` qui les sépare.

    Args:
        connexion: la grille y est écrite, voir `ecrire_grille`.
        indicateur: celui qui lira ces lignes.
        noms: ses ventilations lues ensemble ; `rang` les numérote, `code` est la modalité.
        lieu: `territoire`, ou `maille` pour une ligne par maille.
        lignes: une condition sur les lignes de la table d'étude.
    """
    rangs = {nom: (ENSEMBLE, *indicateur.ventilations).index(nom) for nom in noms}
    codes = {rang: _code(nom) for nom, rang in rangs.items()}
    [seul, *autres] = codes.values()
    cas = " ".join(f"when {rang} then {code}" for rang, code in codes.items())
    jointures = " ".join(AJOUTEES[nom][1] for nom in rangs if nom in AJOUTEES)
    return connexion.sql(f"""
        select e.*, g.{lieu}, g.rang, {f"case g.rang {cas} end" if autres else seul} as code
        from etude_{indicateur.table} e
        join (
          select distinct {lieu}, maille, periode, rang from grille
          where indicateur = '{indicateur.nom}' and rang in ({", ".join(map(str, codes))})
        ) g on g.maille = e.maille_{indicateur.rattachement} and g.periode = e.periode
        {jointures}
        where {lignes}
    """)


def par_employeur(
    connexion: duckdb.DuckDBPyConnection, indicateur: Indicateur, nom: str
) -> duckdb.DuckDBPyRelation:
    """Rend les heures d'une ventilation sommées par employeur : ses apports s'y lisent plus vite."""
    rang = (ENSEMBLE, *indicateur.ventilations).index(nom)
    return connexion.sql(f"""
        with apports as (
          select maille_{indicateur.rattachement} as maille, e.periode, {_code(nom)} as code,
            employeur_siren, sum(heures) as heures
          from etude_{indicateur.table} e where heures > 0 group by all
        )
        select g.territoire, g.rang, a.* exclude (maille), null::integer as personne
        from apports a
        join (
          select * from grille where indicateur = '{indicateur.nom}' and rang = {rang}
        ) g using (maille, periode)
    """)


def compter_lignes(connexion: duckdb.DuckDBPyConnection, indicateur: Indicateur) -> int:
    """Rend le nombre de lignes de la table d'étude d'un indicateur."""
    [(lignes,)] = connexion.execute(f"select count(*) from etude_{indicateur.table}").fetchall()
    return int(lignes)


def _code(nom: str) -> str:
    if nom == ENSEMBLE:
        return f"'{ENSEMBLE}'::modalite"
    if nom in AJOUTEES:
        return AJOUTEES[nom][0]
    axes = [f"e.{axe}" for axe in ventilations()[nom].axes]
    return "(" + " || '×' || ".join(axes) + ")::modalite" if axes[1:] else axes[0]
