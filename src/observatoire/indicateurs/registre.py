"""Le registre : ce qu'un indicateur dit de lui-même, et l'ordre dans lequel il est présenté."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from observatoire.referentiel import ENSEMBLE

Calcul = Callable[..., Any]
PART = "%"

# Une somme de nombres à virgule peut manquer 1 d'un rien : 0,1 h dix fois font 0,999… h.
UNE_HEURE = 1 - 1e-6
SANS_PERSONNES = nw.lit(None, dtype=nw.Float64).alias("effectif")


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicateur:
    """Un indicateur inscrit au registre ; son nom est celui de sa fonction.

    `calcul(table, par)` prend un DataFrame pandas, une relation DuckDB ou un DataFrame Spark et rend,
    pour chaque valeur des colonnes `par`, `valeur` et `effectif` (les personnes distinctes derrière la
    cellule ; vide pour un indicateur qui ne repose pas sur des personnes). Une somme d'heures ou
    d'euros rend aussi `employeurs` (SIREN distincts) et `premier` (ce que le plus gros apporte).

    Attributes:
        table: table d'étude lue, voir `tables`.
        rattachement: géographie des valeurs, motif de `entrepot/rattachements`.
        ventilations: croisements publiés, en plus de l'ensemble.
        lecture: phrase modèle ; `{territoire}` et `{periode}` y mettent un nom, `{valeur}` le nombre
            écrit pour le lecteur (avec « % » pour une part).
        additif: dimensions (territoire, periode, modalite) dont les valeurs s'additionnent. Hors
            d'elles, la valeur compte des unités distinctes : un tout vaut au plus la somme de ses
            parties et au moins la plus grande.
        multiples: ventilations où une unité peut avoir plusieurs modalités, même si `modalite` est
            additif ; ailleurs, les modalités se partagent l'ensemble.
        personnes: les valeurs reposent sur des personnes ; le secret statistique s'applique.
        parametres: noms des valeurs de `parametres.toml` que le calcul reçoit et que le champ cite.
        absence_nulle: rien d'observé vaut zéro. C'est faux d'une part, d'une moyenne ou d'une médiane.
        mediane_de: d'une médiane, l'indicateur qui compte les mêmes personnes ; elle n'est publiée que
            si leur nombre l'est, à partir de `personnes_minimum_mediane`.
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
    multiples: tuple[str, ...] = ()
    absence_nulle: bool = True
    mediane_de: str = ""

    @property
    def methode(self) -> str:
        """La note de méthode publiée : la docstring du calcul."""
        return inspect.getdoc(self.calcul) or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comptes:
    """Des cellules d'un indicateur : son ensemble, ou quelques modalités d'une ventilation."""

    indicateur: str
    ventilation: str = ENSEMBLE
    modalites: tuple[str, ...] = (ENSEMBLE,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rapport:
    """Un indicateur calculé sur les seules cellules publiées : une part, un taux, une moyenne.

    Il est publié si toutes les cellules de ses termes le sont : il n'apprend rien qu'elles ne disent
    déjà. `calcul(numerateur, denominateur, **parametres)` prend et rend des expressions narwhals ;
    sans dénominateur, `calcul(numerateur, **parametres)`.

    Attributes:
        numerateur, denominateur: les cellules sommées de chaque terme ; leurs ventilations sont
            exclusives. Un dénominateur nul rend le rapport non disponible : 0 ÷ 0 n'est pas 0.
        croise: ventilations où le rapport est aussi donné, modalité par modalité ; les termes y sont
            alors lus, à la place de leur ensemble.
        parametres: noms des valeurs de `parametres.toml` que le calcul reçoit et que le champ cite.
        garde: un rapport inscrit avant celui-ci et le paramètre sous lequel il rend celui-ci non
            significatif (pas de taux de sortie si le taux de réponse est faible).
    """

    nom: str
    libelle: str
    unite: str
    numerateur: Comptes
    denominateur: Comptes | None = None
    champ: str
    source: str
    lecture: str
    calcul: Calcul
    croise: tuple[str, ...] = ()
    parametres: tuple[str, ...] = ()
    garde: tuple[str, str] | None = None

    @property
    def methode(self) -> str:
        """La note de méthode publiée : la docstring du calcul."""
        return inspect.getdoc(self.calcul) or ""

    @property
    def termes(self) -> tuple[Comptes, ...]:
        """Le numérateur et, s'il existe, le dénominateur."""
        return (self.numerateur, self.denominateur) if self.denominateur else (self.numerateur,)


REGISTRE: dict[str, Indicateur] = {}
RAPPORTS: dict[str, Rapport] = {}


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


def rapport(**declaration: Any) -> Callable[[Calcul], Calcul]:
    """Inscrit un rapport de cellules publiées ; la déclaration donne les attributs de `Rapport`."""

    def inscrire(calcul: Calcul) -> Calcul:
        nom = calcul.__name__
        RAPPORTS[nom] = Rapport(nom=nom, calcul=calcul, **declaration)
        return calcul

    return inscrire


def parametres_cites() -> list[str]:
    """Rend les noms des paramètres que reçoivent les calculs, triés."""
    noms = {nom for indicateur in REGISTRE.values() for nom in indicateur.parametres}
    for rapport in RAPPORTS.values():
        noms |= {*rapport.parametres, *([rapport.garde[1]] if rapport.garde else [])}
    return sorted(noms)
