"""Les tables des données ouvertes : leurs colonnes, leurs clés, leurs liens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from observatoire.perimetre import NIVEAUX, Periode, Territoire
from observatoire.publication.cellules import NON_DISPONIBLE, NON_SIGNIFICATIF, PUBLIE, SECRET
from observatoire.publication.formats import SIGNES
from observatoire.publication.methode import RYTHMES
from observatoire.referentiel import ENSEMBLE, ventilations

if TYPE_CHECKING:
    from observatoire.magasin import Magasin
    from observatoire.publication.donnees.edition import Edition

STATUTS = {
    PUBLIE: PUBLIE,
    **{statut: SIGNES[statut] for statut in (SECRET, NON_DISPONIBLE, NON_SIGNIFICATIF)},
}


@dataclass(frozen=True, slots=True)
class Champ:
    """Une colonne : son nom, son type (code, texte, nombre, entier, booleen, date) et son sens."""

    nom: str
    type: str
    sens: str
    valeurs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ressource:
    """Une table publiée, avec sa clé et les tables que ses codes désignent.

    Attributes:
        liens: nos colonnes, la ressource désignée, ses colonnes.
    """

    nom: str
    titre: str
    champs: tuple[Champ, ...]
    cle: tuple[str, ...]
    liens: tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...]
    table: pd.DataFrame


_CELLULE = (
    Champ("territoire", "code", "Territoire : niveau et code (reg:11, dep:93, ept:T6)"),
    Champ("periode", "code", "Période : 2025, 2026-T3, ou quatre trimestres glissants (2026-T3-4T)"),
    Champ("indicateur", "code", "Indicateur"),
    Champ("ventilation", "code", "Croisement, ou « ensemble »"),
    Champ("modalite", "code", "Modalité, ou « ensemble »"),
)
_STATUT = Champ(
    "statut",
    "texte",
    "publie ; s : secret statistique ; n.d. : non disponible ; n.s. : non significatif",
    tuple(STATUTS.values()),
)
_VALEURS = (
    *_CELLULE,
    Champ("valeur", "nombre", "Valeur ; vide si elle n’est pas publiée : le statut dit pourquoi"),
    Champ("unite", "texte", "Unité"),
    _STATUT,
)
_REPERES = ("an_precedent", "quatre_trimestres", "champ_constant", "region")
_COMPARAISONS = (
    *_CELLULE,
    Champ("repere", "code", "Ce à quoi la valeur est comparée", _REPERES),
    Champ("reference", "nombre", "Valeur du repère ; vide si elle n’est pas publiée"),
    Champ("ecart", "nombre", "Écart de la valeur au repère"),
    Champ("unite", "texte", "Unité de l’écart : % ou points"),
    _STATUT,
    Champ("couverture_pct", "nombre", "Part des heures couverte, à champ constant (%)"),
)
_CATALOGUE = (
    Champ("indicateur", "code", "Indicateur"),
    Champ("ordre", "entier", "Ordre de présentation"),
    Champ("libelle", "texte", "Libellé"),
    Champ("unite", "texte", "Unité"),
    Champ("champ", "texte", "Ce qui est compté"),
    Champ("source", "texte", "Source"),
    Champ("lecture", "texte", "Modèle de phrase de lecture"),
    Champ("additif", "code", "Dimensions sur lesquelles les valeurs s’additionnent, séparées par |"),
    Champ("rattachement", "code", "Géographie : lieu d’exécution, de résidence…"),
    Champ("ventilations", "code", "Croisements publiés, séparés par |"),
    Champ("multiples", "code", "Croisements dont les modalités se recouvrent, séparés par |"),
    Champ("numerateur", "code", "Pour un rapport : les cellules divisées"),
    Champ("denominateur", "code", "Pour un rapport : les cellules par lesquelles on divise"),
    Champ("personnes", "booleen", "Le secret statistique des personnes s’applique"),
    Champ("methode", "texte", "Note de méthode"),
)
_MODALITES = (
    Champ("ventilation", "code", "Croisement"),
    Champ("modalite", "code", "Modalité"),
    Champ("ventilation_libelle", "texte", "Libellé du croisement"),
    Champ("libelle", "texte", "Libellé de la modalité"),
    Champ("ordre", "entier", "Ordre de présentation dans le croisement"),
    Champ("sensible", "booleen", "Donnée sensible : le seuil de secret est plus élevé"),
)
_TERRITOIRES = (
    Champ("territoire", "code", "Territoire : niveau et code"),
    Champ("niveau", "texte", "Niveau"),
    Champ("code", "code", "Code officiel, à lire comme un texte"),
    Champ("nom", "texte", "Nom"),
)
_PERIODES = (
    Champ("periode", "code", "Période"),
    Champ("rythme", "texte", "Trimestre, quatre trimestres glissants ou année", tuple(RYTHMES.values())),
    Champ("libelle", "texte", "Libellé"),
    Champ("debut", "date", "Premier jour"),
    Champ("fin", "date", "Dernier jour"),
    Champ("provisoire", "booleen", "Des données restent à recevoir"),
)
_LIENS = (
    (("territoire",), "territoires", ("territoire",)),
    (("periode",), "periodes", ("periode",)),
    (("indicateur",), "catalogue", ("indicateur",)),
    (("ventilation", "modalite"), "modalites", ("ventilation", "modalite")),
)


def lire_ressources(magasin: Magasin, edition: Edition) -> list[Ressource]:
    """Rend les tables à publier, les valeurs d'abord.

    Raises:
        TableError: les indicateurs n'ont pas encore été construits.
    """
    valeurs = _marquer(magasin.lire("indicateurs/valeurs"))
    comparaisons = _marquer(magasin.lire("indicateurs/comparaisons"))
    cle = tuple(champ.nom for champ in _CELLULE)
    return [
        _ressource("valeurs", "Les valeurs des indicateurs", _VALEURS, cle, valeurs, _LIENS),
        _ressource("comparaisons", "Les comparaisons", _COMPARAISONS, (*cle, "repere"), comparaisons, _LIENS),
        _ressource(
            "catalogue",
            "Le catalogue des indicateurs",
            _CATALOGUE,
            ("indicateur",),
            magasin.lire("indicateurs/catalogue").sort_values("ordre"),
        ),
        _ressource(
            "modalites", "Les modalités et leurs libellés", _MODALITES, _LIENS[3][2], _modalites(valeurs)
        ),
        _ressource("territoires", "Les territoires", _TERRITOIRES, ("territoire",), _territoires(valeurs)),
        _ressource("periodes", "Les périodes", _PERIODES, ("periode",), _periodes(valeurs, edition)),
    ]


def _ressource(
    nom: str,
    titre: str,
    champs: tuple[Champ, ...],
    cle: tuple[str, ...],
    table: pd.DataFrame,
    liens: tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...] = (),
) -> Ressource:
    return Ressource(nom, titre, champs, cle, liens, table[[champ.nom for champ in champs]])


def _marquer(table: pd.DataFrame) -> pd.DataFrame:
    """Rend la table avec les signes publiés : « s » pour toute cellule cachée."""
    return table.assign(statut=table["statut"].map(STATUTS).astype("string"))


def _modalites(valeurs: pd.DataFrame) -> pd.DataFrame:
    lignes = [(ENSEMBLE, ENSEMBLE, "Ensemble", "Ensemble", 1, False)]
    citees = set(valeurs["ventilation"])
    for ventilation in ventilations().values():
        if ventilation.nom in citees:
            lignes += [
                (ventilation.nom, code, ventilation.libelle, libelle, ordre, ventilation.sensible)
                for ordre, (code, libelle) in enumerate(ventilation.libelles.items(), start=1)
            ]
    return pd.DataFrame(lignes, columns=[champ.nom for champ in _MODALITES])


def _territoires(valeurs: pd.DataFrame) -> pd.DataFrame:
    lus = [Territoire.lire(code) for code in sorted(valeurs["territoire"].unique())]
    lignes = [(str(lu), NIVEAUX[lu.niveau], lu.code, lu.nom) for lu in lus]
    return pd.DataFrame(lignes, columns=[champ.nom for champ in _TERRITOIRES])


def _periodes(valeurs: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    lues = [Periode.lire(code) for code in sorted(valeurs["periode"].unique())]
    lignes = [
        (
            str(p),
            RYTHMES[p.rythme],
            p.libelle,
            pd.Timestamp(p.debut),
            pd.Timestamp(p.fin),
            edition.provisoire(p),
        )
        for p in lues
    ]
    return pd.DataFrame(lignes, columns=[champ.nom for champ in _PERIODES])
