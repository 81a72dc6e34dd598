"""Lire une table d'étude : les requêtes de ses lignes, par ventilation, par mélange et par employeur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.indicateurs.tables import ETUDES, bits
from observatoire.indicateurs.tables.axes import AJOUTEES, axes, croisements, rien, sans_vide
from observatoire.indicateurs.tables.etude import ecrire
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
# nombreuses.
CROISEMENTS_D_UNE_FAMILLE = 20_000


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
        if croisements([*groupes[-1], nom]) > CROISEMENTS_D_UNE_FAMILLE:
            groupes.append([])
        groupes[-1].append(nom)
    return [*groupes, *([nom] for nom in indicateur.ventilations if nom in AJOUTEES)]


@dataclass(frozen=True, slots=True)
class Lecture:
    """La table d'étude d'un indicateur, et ce qui s'en lit dans la grille.

    Les tables qu'elle écrit (`fines`, `apports`) remplacent les précédentes.
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

    @property
    def temps(self) -> str:
        """Ce qui date un compte d'unités mêlées : leur moment, sauf s'il se mêle aussi."""
        return "periode" if "moment" in bits(self.indicateur.table) else "moment"

    def compter(self) -> int:
        """Rend le nombre de lignes de la table d'étude, une par période."""
        requete = f"select count(*) from {self.etude} join moments using (moment)"
        [(lignes,)] = self.connexion.execute(requete).fetchall()
        return int(lignes)

    def cle_fine(self, noms: Sequence[str]) -> list[str]:
        """Rend les colonnes d'une cellule fine : maille, moment et axes de quelques ventilations."""
        return [self.maille, "moment", *axes(noms)]

    def ventiler(self, table: str, noms: Sequence[str] = (ENSEMBLE,), temps: str = "periode") -> str:
        """Rend la requête des lignes d'une table : une par ventilation, territoire et période de la grille.

        Une unité rattachée à la région, à un département et à un territoire y figure trois fois, dans autant
        de ventilations : c'est `par=["territoire", "periode", "rang", "code"]` qui les sépare.

        Args:
            table: la table d'étude, ou une requête qui en a la maille, le moment et les axes.
            noms: les ventilations lues ensemble ; `rang` les numérote, `code` est la modalité.
            temps: `moment` pour une ligne par moment, dès que la grille a l'une de ses périodes.
        """
        rangs = {nom: (ENSEMBLE, *self.indicateur.ventilations).index(nom) for nom in noms}
        codes = {rang: _code(nom) for nom, rang in rangs.items()}
        [seul, *autres] = codes.values()
        cas = " ".join(f"when {rang} then {code}" for rang, code in codes.items())
        jointures = " ".join(AJOUTEES[nom][1] for nom in rangs if nom in AJOUTEES)
        colonnes = "moment" if temps == "moment" else "moment, periode"
        return f"""
            select e.*, g.* exclude (maille, moment), {f"case g.rang {cas} end" if autres else seul} as code
            from {table} e
            join (
              select distinct territoire, maille, rang, {colonnes} from grille join moments using (periode)
              where indicateur = '{self.indicateur.nom}' and rang in ({", ".join(map(str, codes))})
            ) g on g.maille = e.{self.maille} and g.moment = e.moment
            {jointures}
        """

    def dater(self, requete: str) -> str:
        """Rend, par période de la grille, la somme de ce qu'une requête compte par moment."""
        return f"""
            select territoire, periode, rang, code, sum(valeur) as valeur, sum(effectif) as effectif
            from ({requete})
            join moments using (moment)
            join (
              select distinct territoire, periode, rang from grille where indicateur = '{self.indicateur.nom}'
            ) using (territoire, periode, rang)
            group by all
        """

    def seules(self, noms: Sequence[str]) -> str:
        """Rend la requête des lignes des unités d'une seule maille : une cellule fine par moment.

        Un axe où l'unité a plusieurs modalités y est « non renseigné », et `melange` ne dit plus que ceux-là.
        """
        lus = axes(noms)
        remplaces = [f"{self._melange(lus)}::integer as melange", *self._sans_employeur]
        for axe in lus:
            remplaces.append(f"if({self._melange([axe])} = 0, {sans_vide(axe)}, {rien(axe)}) as {axe}")
        return f"""
            select * replace ({", ".join(remplaces)}),
              null as territoire, null as periode, null as rang, null as code
            from {self.etude} where {self.maille} is not null and {self._melange(self._lieu_et_temps)} = 0
        """

    def melees(self, noms: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Rend, pour chaque ventilation, la requête des lignes que `seules` n'y place pas, s'il y en a."""
        remplaces = f" replace ({self._sans_employeur[0]})" if self._sans_employeur else ""
        colonnes = {nom: self._melange([*self._lieu_et_temps, *axes([nom])]) for nom in noms}
        presents = ", ".join(f"coalesce(bool_or({melange} <> 0), false)" for melange in colonnes.values())
        [trouves] = self.connexion.execute(f"select {presents} from {self.etude}").fetchall()
        for (nom, melange), trouve in zip(colonnes.items(), trouves, strict=True):
            if trouve:
                yield nom, f"(select *{remplaces} from {self.etude} where {melange} <> 0)"

    def sommer(self, fines: str, noms: Sequence[str]) -> Iterator[str]:
        """Rend les requêtes de la somme de cellules fines par territoire, une ventilation après l'autre."""
        ecrire(self.connexion, "fines", fines)
        mesures = "sum(valeur) as valeur, sum(effectif) as effectif"
        for nom in noms:
            placees = f"select {self._cle(nom)}, {mesures} from fines where {self._melange(axes([nom]))} = 0"
            ventilees = self.ventiler(f"({placees} group by all)", [nom])
            yield f"select territoire, periode, rang, code, {mesures} from ({ventilees}) group by all"

    def apports(self, noms: Sequence[str], genre: str) -> Iterator[str]:
        """Rend, une ventilation après l'autre, la requête des heures de chaque employeur."""
        cle = ", ".join(self.cle_fine(noms))
        heures = "employeur_siren, null::integer as personne, sum(heures)::decimal(18, 6) as heures"
        ecrire(
            self.connexion,
            "apports",
            f"""
            select {cle}, {heures}
            from (
              select e.* replace (t.moment as moment) from {self.etude} e
              join moments m on m.moment = e.moment
              join trimestres t on t.genre = '{genre}' and t.trimestre = m.periode
              where heures > 0
            )
            group by all
            """,
        )
        for nom in noms:
            yield self.ventiler(f"(select {self._cle(nom)}, {heures} from apports group by all)", [nom])

    @property
    def _lieu_et_temps(self) -> list[str]:
        return [self.maille] if self.temps == "moment" else [self.maille, "moment"]

    @property
    def _sans_employeur(self) -> list[str]:
        """Les employeurs se lisent à part (`apports`) : ici, les distinguer ne servirait à rien."""
        return ["null::integer as employeur_siren"] if ETUDES[self.indicateur.table].apports else []

    def _cle(self, nom: str) -> str:
        return ", ".join(self.cle_fine([nom]))

    def _melange(self, colonnes: Sequence[str]) -> str:
        par_colonne = bits(self.indicateur.table)
        return f"(melange & {sum(par_colonne[nom] for nom in colonnes)})"


def _code(nom: str) -> str:
    if nom == ENSEMBLE:
        return f"'{ENSEMBLE}'::modalite"
    if nom in AJOUTEES:
        return AJOUTEES[nom][0]
    lus = [f"e.{axe}" for axe in ventilations()[nom].axes]
    return "(" + " || '×' || ".join(lus) + ")::modalite" if lus[1:] else lus[0]
