"""Le registre : ce qu'un indicateur dit de lui-même, et l'ordre dans lequel il est présenté."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import narwhals as nw

Calcul = Callable[..., Any]
PART = "%"

# Une somme de nombres à virgule peut manquer 1 d'un rien : 0,1 h dix fois font 0,999… h.
UNE_HEURE = 1 - 1e-6
SANS_PERSONNES = nw.lit(None, dtype=nw.Float64).alias("effectif")


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicateur:
    """Un indicateur inscrit au registre ; son nom est celui de sa fonction.

    `calcul(table, par)` prend un DataFrame pandas ou une relation DuckDB et rend, pour chaque
    valeur des colonnes `par`, `valeur` et `effectif` (les personnes distinctes derrière la
    cellule ; vide pour un indicateur qui ne repose pas sur des personnes).

    Attributes:
        table: table d'étude lue, voir `tables`.
        rattachement: géographie des valeurs, motif de `entrepot/rattachements`.
        ventilations: croisements publiés, en plus de l'ensemble.
        lecture: phrase modèle ; `{territoire}` et `{periode}` y mettent un nom, `{valeur}` le nombre
            écrit pour le lecteur (avec « % » pour une part).
        additif: dimensions (territoire, periode, modalite) dont les valeurs s'additionnent ;
            pour `modalite`, dans les ventilations où chaque unité n'a qu'une modalité.
        personnes: les valeurs reposent sur des personnes ; le secret statistique s'applique.
        parametres: noms des valeurs de `parametres.toml` que le calcul reçoit et que le champ cite.
    """

    nom: str
    libelle: str
    unite: str
    table: str
    rattachement: str
    ventilations: tuple[str, ...]
    champ: str
    source: str
    lecture: str
    additif: tuple[str, ...]
    personnes: bool
    calcul: Calcul
    parametres: tuple[str, ...] = ()

    @property
    def methode(self) -> str:
        """La note de méthode publiée : la docstring du calcul."""
        return inspect.getdoc(self.calcul) or ""


REGISTRE: dict[str, Indicateur] = {}


def indicateur(**declaration: Any) -> Callable[[Calcul], Calcul]:
    """Inscrit un calcul au registre ; la déclaration donne les attributs d'`Indicateur`.

    Le calcul s'écrit avec narwhals ; la fonction rendue prend et rend des tables du moteur de
    l'appelant. Un attribut oublié est une erreur dès l'import : aucun chiffre ne peut être
    publié sans son champ, sa source et sa lecture.
    """

    def inscrire(calcul: Calcul) -> Calcul:
        publique: Calcul = nw.narwhalify(calcul)
        nom = calcul.__name__
        REGISTRE[nom] = Indicateur(nom=nom, calcul=publique, **declaration)
        return publique

    return inscrire
