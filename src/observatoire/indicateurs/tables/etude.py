"""Ce qu'est une table d'étude : sa requête, les colonnes qu'elle traduit, ses périodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.referentiel import NON_RENSEIGNE, ventilations

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class Etude:
    """Une table d'étude.

    Attributes:
        nom: son nom, celui que citent les indicateurs.
        genre: ce qui donne ses périodes, voir `couverture` : `suivi`, `entrees`, `decp`, ou une liste tenue
            à jour et lue à la fin d'un trimestre (`stock`, `grands_projets`, `structures`).
        requete: ses lignes, chacune avec le `moment` qu'elle vaut (voir `moments`) ; lit `entrepot.*`, les
            tables de `moments`, `periodes`, les `nos_*`, `trimestriels` et `travail`.
        ventilees: ses colonnes de codes, chacune remplacée par sa modalité publiée.
        unite: la colonne de ce que comptent les indicateurs qui la lisent : les valeurs et les effectifs
            de lignes qui n'ont aucune unité en commun s'additionnent. C'est faux d'une part et d'une médiane
            (`absence_nulle` l'est alors aussi), et du nombre d'employeurs.
        melanges: les lignes, périodes confondues, qui disent si une unité a plusieurs mailles, moments ou
            modalités : celles de la table par défaut, vide si une unité n'a qu'une ligne par période.
        un_moment: une unité peut avoir plusieurs moments, mais un seul par période : ce n'est pas un mélange.
        apports: ce que rendent `employeurs` et `premier` ne dépend que des heures, toutes positives, de
            chaque employeur ; celles d'une période sont la somme de celles de ses trimestres.
        source: la table dont ses lignes sont une partie, mailles et mélanges compris : elles ne sont pas
            recopiées.
    """

    nom: str
    genre: str
    requete: str
    ventilees: tuple[str, ...] = ()
    unite: str = ""
    melanges: str | None = None
    un_moment: bool = False
    apports: bool = False
    source: str = ""


def ecrire(connexion: duckdb.DuckDBPyConnection, nom: str, requete: str) -> None:
    """Écrit une table temporaire ; elle remplace la précédente."""
    connexion.execute(f"create or replace temp table {nom} as {requete}")


def inconnue(nom: str) -> str:
    """Rend la modalité publiée d'un code inconnu : « non renseigné », ou celle qui le réunit à d'autres."""
    return ventilations()[nom].vers_publiee.get(NON_RENSEIGNE, NON_RENSEIGNE)


def tranche_duree(mois: str) -> str:
    """Rend l'expression SQL qui classe une durée en mois dans la liste `durees_marche`."""
    bornes = " ".join(
        f"when {mois} <= {limite} then '{code}'" for limite, code in ((12, "M12"), (24, "M24"), (48, "M48"))
    )
    return f"case {bornes} when {mois} > 48 then 'P48' else 'NR' end"
