"""Les sections du rapport : ce qui a été reçu, ce que valent les règles, ce qui est rempli."""

from __future__ import annotations

import json
import re
from itertools import groupby
from typing import TYPE_CHECKING

from observatoire.publication.formats import accorder, decimal, entier, pct
from observatoire.qualite.document import Part, Section, Tableau, part_de
from observatoire.referentiel import ENSEMBLE
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from observatoire.qualite.livraisons import Comparaison
    from observatoire.qualite.vraisemblance import Jugement

NIVEAUX = {"bloquant": "Écartée", "alerte": "Marquée", "info": "Pour information"}
_PREMIERES = 8
_LONGUEUR = 70
_NON_CITEES = ("personne",)
# des entreprises individuelles portent le nom d'une personne
_TIERS = ("titulaires", "actes_sous_traitance", "modifications")
# Les champs à trois états : oui, non, et « non renseigné », qui n'est ni l'un ni l'autre.
_TROIS_ETATS = {"qpv"}
# « non renseigné » y est une valeur : son taux, toujours plein, tromperait ; les mesures donnent le vrai
_SANS_TAUX = {"consideration_etat"}


def bilan(connexion: duckdb.DuckDBPyConnection, seuils: Mapping[str, float]) -> Section:
    """Rend, par source et fichier, lignes lues = gardées + écartées, et gardées dont marquées."""
    lignes = connexion.execute(
        "select source, millesime, fichier, lues, gardees, marquees, ecartees from controle.bilan "
        "order by source, millesime, fichier"
    ).fetchall()
    return Section(
        "livraisons",
        "Ce qui a été reçu",
        "Toute ligne lue est gardée ou écartée. Une ligne marquée est gardée : elle demande un regard.",
        [
            Tableau(
                "Lignes lues, gardées, marquées et écartées, par fichier",
                [
                    "Source",
                    "Livraison",
                    "Fichier",
                    "Lues",
                    "Gardées",
                    "dont marquées",
                    "Écartées",
                    "% écarté",
                    "% admis",
                ],
                "tttnnnnnn",
                [
                    [
                        source,
                        millesime,
                        fichier,
                        *map(entier, comptes),
                        _taux(comptes[3], comptes[0]),
                        pct(seuils[source], 0),
                    ]
                    for source, millesime, fichier, *comptes in lignes
                ],
            )
        ],
    )


def causes(
    connexion: duckdb.DuckDBPyConnection, enonces: Mapping[tuple[str, str], str], titres: Mapping[str, str]
) -> Section:
    """Rend, par source, les premières causes : l'énoncé, le compte, une ligne en exemple, le remède."""
    tableaux = []
    for source, lues in connexion.execute(
        "select source, sum(lues) from controle.bilan group by source order by source"
    ).fetchall():
        regles = connexion.execute(_CAUSES, [source]).fetchall()
        tableaux.append(
            Tableau(
                f"{source} ({titres[source]}) : {_titre_causes(len(regles))}",
                ["Constat", "Effet", "Lignes", "% des lignes", "Exemple", "Ce que la source peut faire"],
                "ttnntt",
                [
                    [
                        enonces.get((source, regle), regle),
                        NIVEAUX[niveau],
                        entier(nombre),
                        _taux(nombre, lues),
                        _exemple(fichier, ligne, colonne, valeur),
                        remede,
                    ]
                    for regle, niveau, nombre, colonne, remede, fichier, ligne, valeur in regles[:_PREMIERES]
                ],
            )
        )
    return Section(
        "causes",
        "Premières causes",
        "Une ligne par règle, des plus graves aux plus légères, avec la première ligne touchée.",
        tableaux,
        vide="Aucune règle n'a rien trouvé à redire.",
    )


_CAUSES = """
with touchees as (
  from controle.rejets where source = $1
  union all by name from controle.recoupements where source = $1
)
select regle, niveau, count(*) as nombre, any_value(colonne), any_value(remede),
  arg_min(fichier, (millesime, fichier, ligne)), arg_min(ligne, (millesime, fichier, ligne)),
  arg_min(valeur, (millesime, fichier, ligne))
from touchees group by regle, niveau
order by list_position(['bloquant', 'alerte', 'info'], niveau), nombre desc, regle
"""


def _titre_causes(nombre: int) -> str:
    if nombre > _PREMIERES:
        return f"{_PREMIERES} premières causes sur {nombre}"
    return accorder(nombre, "cause", "causes")


def _exemple(fichier: str, ligne: int, colonne: str, valeur: str | None) -> str:
    return f"{fichier}, ligne {entier(ligne)} : {colonne} {citer(colonne, valeur)}"


def citer(colonne: str, valeur: str | None) -> str:
    """Rend la valeur reçue, courte ; d'une liste de tiers, leurs identifiants et jamais leurs noms.

    >>> citer("heures", "250"), citer("heures", None)
    ('= « 250 »', 'vide')
    >>> citer("titulaires", '[{"id": "NC", "denomination": "Entreprise Untel"}]')
    '= « NC »'
    """
    if colonne in _NON_CITEES:
        return "non cité"
    if valeur is None:
        return "vide"
    if colonne in _TIERS:
        valeur = _identifiants(valeur)
    valeur = valeur if len(valeur) <= _LONGUEUR else f"{valeur[: _LONGUEUR - 1]}…"
    return f"= « {valeur} »"


def _identifiants(valeur: str) -> str:
    """Les identifiants d'une liste de tiers ; un texte qui n'est pas un identifiant n'est pas montré."""
    try:
        lus = json.loads(valeur)
    except ValueError:
        return valeur if re.fullmatch(r"[A-Z0-9]{1,14}", valeur) else "…"
    if not isinstance(lus, list):
        return str(lus)
    return ", ".join(str(tiers.get("id") or "vide") for tiers in lus if isinstance(tiers, dict)) or "…"


def remplissage(connexion: duckdb.DuckDBPyConnection, genres: Mapping[str, str]) -> Section:
    """Rend le taux de remplissage de chaque colonne publiée, et d'abord des champs à trois états."""
    lignes = connexion.execute(
        "select source, colonne, sum(renseignees)::bigint, sum(gardees)::bigint from controle.remplissage "
        "group by all order by source, colonne"
    ).fetchall()
    trois: list[list[str | Part]] = []
    tableaux = []
    for source in dict.fromkeys(ligne[0] for ligne in lignes):
        schema = SCHEMAS[f"controle/{genres[source]}"]
        booleens = {colonne.nom for colonne in schema.colonnes if colonne.type == "booleen"}
        libelles = {c.nom: c.libelle for c in schema.colonnes if c.nom not in _SANS_TAUX}
        mesures = {nom: (n, sur) for s, nom, n, sur in lignes if s == source and nom in libelles}
        for nom in (nom for nom in schema.noms if nom in mesures):
            n, sur = mesures[nom]
            if nom in booleens | _TROIS_ETATS:
                trois.append([source, libelles[nom], entier(n), entier(sur), part_de(n, sur)])
        tableaux.append(
            Tableau(
                f"{source} : toutes les colonnes",
                ["Colonne", "Sens", "Lignes renseignées", "Taux"],
                "ttnt",
                [
                    [nom, libelles[nom], entier(mesures[nom][0]), part_de(*mesures[nom])]
                    for nom in schema.noms
                    if nom in mesures
                ],
            )
        )
    premier = Tableau(
        "Champs à trois états : part des lignes qui disent oui ou non",
        ["Source", "Champ", "Renseignées", "Gardées", "Taux"],
        "ttnnt",
        trois,
    )
    return Section(
        "remplissage",
        "Ce qui est renseigné",
        "« Non renseigné » n'est ni « non » ni zéro : un taux bas retire du sens à la part publiée.",
        [premier, *tableaux],
    )


def mesures(connexion: duckdb.DuckDBPyConnection) -> Section:
    """Rend les mesures de `indicateurs/qualite`, celles que la fiche imprime aussi."""
    lignes = connexion.execute(
        "select libelle, source, valeur, unite from indicateurs.qualite "
        "where mesure not like '%:%' order by libelle, source = 'ensemble', source"
    ).fetchall()
    rangees: list[list[str | Part]] = []
    for libelle, groupe in groupby(lignes, key=lambda ligne: ligne[0]):
        valeurs = {source: _avec_unite(valeur, unite) for _, source, valeur, unite in groupe}
        ensemble = valeurs.pop(ENSEMBLE, "–")
        rangees.append([libelle, ensemble, " ; ".join(f"{nom} {ecrite}" for nom, ecrite in valeurs.items())])
    return Section(
        "mesures",
        "Complétude et délais",
        tableaux=[
            Tableau("Mesures de qualité", ["Mesure", "Ensemble", "Par source"], "tnt", rangees),
        ],
        vide="Aucune mesure : relancer « observatoire construire ».",
    )


def _avec_unite(valeur: float, unite: str) -> str:
    return pct(valeur) if unite == "%" else f"{decimal(valeur, 0)} {unite}".strip()


def comparaison(comparaisons: list[Comparaison]) -> Section:
    """Rend la dernière livraison de chaque source comparée à la précédente."""
    lignes: list[list[str | Part]] = [
        [
            c.source,
            f"{c.avant} → {c.apres}",
            f"{entier(c.lues_avant)} → {entier(c.lues_apres)}",
            entier(c.nouvelles),
            entier(c.perdues),
            entier(c.changees),
            f"{entier(c.total_avant)} → {entier(c.total_apres)} {c.total}" if c.total else "–",
        ]
        for c in comparaisons
    ]
    colonnes = ["Source", "Livraisons", "Lignes", "Nouvelles", "Perdues", "Changées", "Total"]
    return Section(
        "comparaison",
        "Par rapport à la livraison précédente",
        "Nouvelles, perdues et changées comptent des clés (le contrat et le mois pour un suivi, "
        "l'acheteur et le numéro pour un marché). D'une source qui garde toutes ses "
        "livraisons, rien n'est perdu.",
        [Tableau("Les deux dernières livraisons de chaque source", colonnes, "tttnnnt", lignes)],
        vide="Aucune source n'a encore deux livraisons.",
    )


def vraisemblance(jugements: list[Jugement]) -> Section:
    """Rend les chiffres des années entières contre les bornes et les totaux publiés."""
    lignes: list[list[str | Part]] = [
        [
            j.quoi,
            j.quand,
            _mesure(j.valeur, j.unite),
            f"{_nombre(j.minimum)} à {_mesure(j.maximum, j.unite)}",
            "Vraisemblable" if j.dedans else "Hors des bornes",
            j.reference,
        ]
        for j in jugements
    ]
    return Section(
        "vraisemblance",
        "Vraisemblance",
        "Les années entières seulement. Un total publié est retrouvé à 15 % près ; une année sans total "
        "publié n'est pas comparée.",
        [
            Tableau(
                "Chiffres observés et attendus",
                ["Chiffre", "Quand", "Observé", "Attendu", "Avis", "D'après"],
                "ttnntt",
                lignes,
            )
        ],
        vide="Aucune année entière de suivi : rien à juger.",
    )


def _mesure(valeur: float, unite: str) -> str:
    return pct(valeur) if unite == "%" else f"{_nombre(valeur)} {unite}"


def _nombre(valeur: float) -> str:
    return decimal(valeur, 0 if valeur >= 100 else 1)


def _taux(nombre: int, total: int) -> str:
    r"""Rend une part ; une part infime n'est pas zéro.

    >>> _taux(1, 100_000), _taux(0, 100_000)
    ('< 0,1\xa0%', '0,0\xa0%')
    """
    part = 100 * nombre / total if total else None
    return f"< {pct(0.1)}" if part and part < 0.05 else pct(part)
