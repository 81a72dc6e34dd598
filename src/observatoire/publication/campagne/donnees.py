"""L'empreinte des données : chaque tranche publiée une fois, en une lecture pour tous les documents."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from observatoire.magasin import Magasin
from observatoire.perimetre import Periode, Programme, Territoire, lire_perimetre
from observatoire.publication import lectures
from observatoire.publication.cellules import TOUS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from observatoire.config import Config
    from observatoire.publication.campagne.tache import Tache

Tranches: TypeAlias = dict[tuple[str, str], dict[tuple[str, str], str]]
_REGION = str(lectures.REGION)
_VALEURS = f"""
select territoire, periode,
  case when territoire = '{_REGION}' or ventilation = 'ensemble' then indicateur else '' end as quoi,
  ventilation, count(*) as lignes,
  sha256(array_to_string(list_sort(list(concat_ws(
    chr(31), indicateur, modalite, coalesce(valeur::varchar, ''), unite, statut))), chr(30))) as empreinte
from indicateurs.valeurs group by all"""
_COMPARAISONS = """
select territoire, periode, '' as quoi, ventilation, count(*) as lignes,
  sha256(string_agg(comparaisons::varchar, chr(30) order by indicateur, modalite, repere)) as empreinte
from indicateurs.comparaisons where ventilation = 'ensemble' group by all"""


class Donnees:
    """Les empreintes des valeurs publiées, par territoire, période et ventilation.

    Ce qu'un document lit d'un autre territoire que le sien se limite à quelques indicateurs : en région, et
    pour les ensembles de tous, les empreintes sont aussi par indicateur.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        magasin = Magasin(config.processed)
        self.references = {nom: _du_fichier(magasin, nom) for nom in lectures.REFERENCES}
        self._valeurs, self._lignes = _lire(magasin, lectures.VALEURS, _VALEURS)
        self._comparaisons, _ = _lire(magasin, lectures.COMPARAISONS, _COMPARAISONS)
        self._connues: dict[tuple[str, str], str] = {}

    def du_territoire(self, tache: Tache) -> str:
        """L'empreinte des lignes du périmètre seul ; celles d'ailleurs sont à part."""
        objet, periode = lire_perimetre(tache.objet), Periode.lire(tache.periode)
        if isinstance(objet, Programme):
            [(_, dans), (_, quand), (_, ventilation)] = _conditions(lectures.des_departements(periode))
            lues = [
                (ou, q, nom[1], empreinte)
                for ou in dans
                for q in quand
                for nom, empreinte in self._valeurs.get((ou, q), {}).items()
                if nom[1] in ventilation
            ]
            return empreinte_de(lues)
        conditions = lectures.d_un_territoire(self._config, objet, periode)
        [_, (_, periodes)] = _conditions({lectures.VALEURS: conditions[lectures.VALEURS]})
        comparees = self._comparaisons.get((tache.objet, tache.periode), {})
        return empreinte_de([*(self._a(tache.objet, q) for q in periodes), sorted(comparees.values())])

    def d_ailleurs(self, tache: Tache, lues: Iterable[tuple[str, ...]] | None) -> str:
        """L'empreinte de ce que le document lit d'autres territoires : les tranches relevées, ou toutes."""
        objet, periode = lire_perimetre(tache.objet), Periode.lire(tache.periode)
        if lues is None:
            periodes = lectures.periodes_lues(self._config, periode)
            toutes = [self._a(ou, q) for ou, q in self._valeurs if ou != tache.objet and q in periodes]
            comparees = self._comparaisons.get((_REGION, tache.periode), {})
            return empreinte_de([*sorted(toutes), sorted(comparees.values())])
        tranches = [
            self._a(ou, q) if quoi == TOUS else self._tranche(ou, q, quoi, par)
            for ou, q, quoi, par in lues
            if ou != tache.objet
        ]
        comparees = self._comparaisons.get((_REGION, tache.periode), {}) if _est_programme(objet) else {}
        return empreinte_de([*tranches, sorted(comparees.values())])

    def poids(self, tache: Tache) -> int:
        """Le nombre de lignes publiées du périmètre : de quoi choisir le plus petit."""
        return self._lignes.get(tache.objet, 0)

    def _tranche(self, territoire: str, periode: str, indicateur: str, ventilation: str) -> str:
        """L'empreinte d'une tranche, à défaut celle de la ventilation de tous les indicateurs."""
        lues = self._valeurs.get((territoire, periode), {})
        return lues.get((indicateur, ventilation)) or lues.get(("", ventilation), "")

    def _a(self, territoire: str, periode: str) -> str:
        """L'empreinte de tout ce qu'un territoire publie d'une période."""
        cle = (territoire, periode)
        if cle not in self._connues:
            self._connues[cle] = empreinte_de(sorted(self._valeurs.get(cle, {}).items()))
        return self._connues[cle]


def empreinte_de(valeurs: Collection[object]) -> str:
    """Rend l'empreinte d'une suite de textes, ou de suites de textes."""
    return hashlib.sha256(repr(list(valeurs)).encode()).hexdigest()


def _est_programme(objet: Territoire | Programme) -> bool:
    return isinstance(objet, Programme)


def _conditions(filtres: dict[str, list[tuple[str, str, object]]]) -> list[tuple[str, list[str]]]:
    """Les conditions d'une lecture, chacune avec la liste des valeurs admises."""
    [conditions] = filtres.values()
    return [
        (colonne, [str(v) for v in valeur] if isinstance(valeur, list) else [str(valeur)])
        for colonne, _, valeur in conditions
    ]


def _du_fichier(magasin: Magasin, nom: str) -> str:
    """L'empreinte d'une petite table, lue comme elle l'est par les documents : dans l'ordre de sa clé."""
    if not magasin.existe(nom):
        return ""
    return hashlib.sha256(magasin.chemin(nom).read_bytes()).hexdigest()


def _lire(magasin: Magasin, nom: str, requete: str) -> tuple[Tranches, dict[str, int]]:
    tranches: Tranches = defaultdict(dict)
    lignes: dict[str, int] = defaultdict(int)
    if magasin.existe(nom):
        with magasin.connexion("indicateurs") as connexion:
            for territoire, periode, quoi, par, compte, empreinte in connexion.sql(requete).fetchall():
                tranches[territoire, periode][quoi, par] = empreinte
                lignes[territoire] += compte
    return tranches, lignes
