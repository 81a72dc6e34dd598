"""Lire une table d'étude : les lignes de quelques ventilations, et ses unités seules de leur genre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.referentiel import ENSEMBLE, ventilations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import duckdb
    import pandas as pd

    from observatoire.indicateurs.registre import Indicateur

# En deçà, une seule lecture coûte moins que plusieurs.
LIGNES_A_PARTAGER = 200_000

# Une lecture porte sur autant de ventilations que ce nombre de lignes le permet : la mémoire est bornée.
LIGNES_D_UN_LOT = 5_000_000

# Les ventilations comptées ensemble ont au plus ce nombre de croisements : les cellules fines restent peu
# nombreuses, et peu d'unités en ont plusieurs.
CROISEMENTS_D_UNE_FAMILLE = 20_000

# Les ventilations qui ne sont pas une colonne de la table d'étude : (expression, jointure, axes lus).
AJOUTEES = {
    "public": (
        "coalesce(p.public, 'NR')",
        "left join etude_publics p on p.publics = e.publics",
        ("publics",),
    ),
    "habite_le_territoire": (
        """case when d.maille is not null then 'OUI'
             when e.departement_residence = 'NR' then 'NR'
             else 'NON' end""",
        "left join mailles d on d.maille = e.maille_residence and d.territoire = g.territoire",
        ("maille_residence", "departement_residence"),
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


def familles(indicateur: Indicateur) -> list[list[str]]:
    """Rend les ventilations à compter ensemble, dans l'ordre où l'indicateur les déclare."""
    groupes: list[list[str]] = [[ENSEMBLE]]
    for nom in (nom for nom in indicateur.ventilations if nom not in AJOUTEES):
        if _croisements([*groupes[-1], nom]) > CROISEMENTS_D_UNE_FAMILLE:
            groupes.append([])
        groupes[-1].append(nom)
    return [*groupes, *([nom] for nom in indicateur.ventilations if nom in AJOUTEES)]


def _croisements(noms: Sequence[str]) -> int:
    produit = 1
    for axe in _axes(noms):
        produit *= len(ventilations()[axe].libelles)
    return produit


def _axes(noms: Sequence[str]) -> list[str]:
    """Rend les colonnes dont dépendent des ventilations."""
    axes = [
        axe
        for nom in noms
        if nom != ENSEMBLE
        for axe in (AJOUTEES[nom][2] if nom in AJOUTEES else ventilations()[nom].axes)
    ]
    return list(dict.fromkeys(axes))


@dataclass(frozen=True, slots=True)
class Lecture:
    """La table d'étude d'un indicateur, et ce qui s'en lit dans la grille.

    Les tables qu'elle écrit (`fines`, `autres`, `apports`) remplacent les précédentes.
    """

    connexion: duckdb.DuckDBPyConnection
    indicateur: Indicateur

    @property
    def etude(self) -> str:
        """Le nom de la table d'étude dans la connexion."""
        return f"etude_{self.indicateur.table}"

    @property
    def maille(self) -> str:
        """La colonne de la maille où se rattache l'indicateur."""
        return f"maille_{self.indicateur.rattachement}"

    def compter(self, table: str) -> int:
        """Rend le nombre de lignes d'une table."""
        [(lignes,)] = self.connexion.execute(f"select count(*) from {table}").fetchall()
        return int(lignes)

    def cle_fine(self, noms: Sequence[str]) -> list[str]:
        """Rend les colonnes d'une cellule fine : maille, période et axes de quelques ventilations."""
        return [self.maille, "periode", *_axes(noms)]

    def ventiler(self, table: str, noms: Sequence[str] = (ENSEMBLE,)) -> duckdb.DuckDBPyRelation:
        """Rend les lignes d'une table, une de plus par ventilation et par territoire de la grille.

        Une unité rattachée à la région, à un département et à un territoire y figure trois fois, dans autant
        de ventilations : c'est `par=["territoire", "periode", "rang", "code"]` qui les sépare.

        Args:
            table: la table d'étude, ou une requête qui en a la maille, la période et les axes.
            noms: les ventilations lues ensemble ; `rang` les numérote, `code` est la modalité.
        """
        rangs = {nom: (ENSEMBLE, *self.indicateur.ventilations).index(nom) for nom in noms}
        codes = {rang: _code(nom) for nom, rang in rangs.items()}
        [seul, *autres] = codes.values()
        cas = " ".join(f"when {rang} then {code}" for rang, code in codes.items())
        jointures = " ".join(AJOUTEES[nom][1] for nom in rangs if nom in AJOUTEES)
        return self.connexion.sql(f"""
            select e.*, g.territoire, g.rang, {f"case g.rang {cas} end" if autres else seul} as code
            from {table} e
            join (
              select territoire, maille, periode, rang from grille
              where indicateur = '{self.indicateur.nom}' and rang in ({", ".join(map(str, codes))})
            ) g on g.maille = e.{self.maille} and g.periode = e.periode
            {jointures}
        """)

    def partager(self, unite: str, noms: Sequence[str]) -> tuple[duckdb.DuckDBPyRelation, str]:
        """Rend les lignes des unités d'une seule cellule fine dans la période, et la table des autres.

        Les cellules se comparent par leur empreinte de 64 bits.
        """
        cellule = f"hash({', '.join([self.maille, *_axes(noms)])})"
        self._ecrire(
            "partagees",
            f"""
            select periode, {unite} from {self.etude}
            where {unite} is not null and {self.maille} is not null
            group by all having min({cellule}) < max({cellule})
            """,
        )
        self._ecrire(
            "autres",
            f"""
            select e.* from {self.etude} e left join partagees p using (periode, {unite})
            where {self.maille} is not null and (p.periode is not null or {unite} is null)
            """,
        )
        seules = self.connexion.sql(f"""
            select e.* from {self.etude} e anti join partagees p using (periode, {unite})
            where {self.maille} is not null and {unite} is not null
        """)
        return seules, "autres"

    def sommer(
        self, fines: duckdb.DuckDBPyRelation, noms: Sequence[str]
    ) -> Iterator[duckdb.DuckDBPyRelation]:
        """Rend la somme de cellules fines par territoire, une ventilation après l'autre."""
        self._ecrire("fines", fines.sql_query())
        mesures = "sum(valeur) as valeur, sum(effectif) as effectif"
        for nom in noms:
            table = f"(select {self._cle(nom)}, {mesures} from fines group by all)"
            yield self.ventiler(table, [nom]).aggregate(f"territoire, periode, rang, code, {mesures}")

    def apports(self, noms: Sequence[str]) -> Iterator[duckdb.DuckDBPyRelation]:
        """Rend, une ventilation après l'autre, les heures de chaque employeur : ses apports s'y lisent."""
        cle = ", ".join(self.cle_fine(noms))
        heures = "employeur_siren, null::integer as personne, sum(heures) as heures"
        self._ecrire("apports", f"select {cle}, {heures} from {self.etude} where heures > 0 group by all")
        for nom in noms:
            yield self.ventiler(f"(select {self._cle(nom)}, {heures} from apports group by all)", [nom])

    def _cle(self, nom: str) -> str:
        return ", ".join(self.cle_fine([nom]))

    def _ecrire(self, nom: str, requete: str) -> None:
        self.connexion.execute(f"create or replace temp table {nom} as {requete}")


def _code(nom: str) -> str:
    if nom == ENSEMBLE:
        return f"'{ENSEMBLE}'::modalite"
    if nom in AJOUTEES:
        return AJOUTEES[nom][0]
    axes = [f"e.{axe}" for axe in ventilations()[nom].axes]
    return "(" + " || '×' || ".join(axes) + ")::modalite" if axes[1:] else axes[0]
