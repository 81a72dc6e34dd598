"""Ce qu'est un schéma : un grain, une clé, des colonnes typées, et de quoi vérifier une table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.erreurs import TableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

_PANDAS = {
    "texte": "string",
    "entier": "Int64",
    "reel": "Float64",
    "booleen": "boolean",
    "date": "datetime64[us]",
}


@dataclass(frozen=True, slots=True)
class Colonne:
    """Une colonne : son nom, son type (texte, entier, reel, booleen, date) et son sens."""

    nom: str
    type: str
    libelle: str


@dataclass(frozen=True, slots=True)
class Schema:
    """Une table : « une ligne par … », la clé qui la trie, ses colonnes dans l'ordre."""

    nom: str
    grain: str
    cle: tuple[str, ...]
    colonnes: tuple[Colonne, ...]

    @property
    def noms(self) -> list[str]:
        """Les noms des colonnes, dans l'ordre."""
        return [colonne.nom for colonne in self.colonnes]

    def vide(self) -> pd.DataFrame:
        """Rend une table sans ligne, aux bons types."""
        import pandas as pd  # ici : un schéma se lit sans charger pandas

        return self.typer(pd.DataFrame(columns=self.noms))

    def typer(self, table: pd.DataFrame) -> pd.DataFrame:
        """Rend la table aux types pandas du schéma (texte `string`, booléens à trois états…)."""
        actuels = {nom: str(type_) for nom, type_ in table.dtypes.items()}
        attendus = {colonne.nom: _PANDAS[colonne.type] for colonne in self.colonnes}
        return table.astype({nom: type_ for nom, type_ in attendus.items() if actuels.get(nom) != type_})

    def verifier(self, table: pd.DataFrame) -> pd.DataFrame:
        """Rend la table dans l'ordre du schéma et à ses types, ou dit ce qui manque ou dépasse.

        Raises:
            TableError: colonnes absentes ou non déclarées, ou valeurs d'un autre type.
        """
        self.verifier_noms(table.columns)
        try:
            return self.typer(table[self.noms])
        except (TypeError, ValueError) as erreur:
            raise TableError(f"{self.nom} : valeur d'un autre type que déclaré ({erreur}).") from erreur

    def verifier_noms(self, noms: Iterable[str]) -> None:
        """Dit quelles colonnes manquent ou dépassent.

        Raises:
            TableError: colonnes absentes ou non déclarées.
        """
        presentes = set(noms)
        manquantes = [nom for nom in self.noms if nom not in presentes]
        surplus = sorted(str(nom) for nom in presentes if nom not in self.noms)
        if manquantes or surplus:
            raise TableError(
                f"{self.nom} : absentes {manquantes or 'aucune'} ; non déclarées {surplus or 'aucune'}.",
                "Corriger le calcul, ou la déclaration dans observatoire/schemas/.",
            )


def declarer(nom: str, grain: str, cle: str, declaration: str) -> Schema:
    """Rend un schéma écrit en clair : une colonne par ligne, « nom type libellé »."""
    lignes = [ligne.split(maxsplit=2) for ligne in declaration.splitlines() if ligne]
    colonnes = tuple(Colonne(colonne, type_, libelle) for colonne, type_, libelle in lignes)
    return Schema(nom, grain, tuple(cle.split()), colonnes)
