"""Le tableau complet des cellules, publiées, cachées ou jamais écrites : une variable chacune."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from observatoire.indicateurs.audit.presences import crans, trimestres_de
from observatoire.indicateurs.cellule import CLE, PUBLIE
from observatoire.perimetre import Periode
from observatoire.referentiel import ENSEMBLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from observatoire.indicateurs.audit.geographie import Geographie
    from observatoire.indicateurs.audit.systeme import Entiers, Masque, Reels


# Une valeur de ces unités est publiée au centième ; les autres sont des nombres entiers.
_AU_CENTIEME = ("h", "€")
# Une valeur non additive d'une autre unité (médiane, part, délai) n'est pas un nombre d'unités distinctes.
_MESURES = (*_AU_CENTIEME, "%", "ETP", "jours", "mois", "points")


@dataclass(frozen=True, slots=True)
class Nature:
    """Ce que le catalogue dit d'un indicateur : où il s'additionne, où une unité a plusieurs modalités."""

    nom: str
    additif: frozenset[str]
    multiples: frozenset[str]
    residence: bool
    distinct: bool
    erreur: float


def natures(catalogue: pd.DataFrame) -> dict[str, Nature]:
    """Lit la nature des indicateurs qui se relient : les rapports et les médianes n'en ont pas."""
    lues = {}
    for ligne in catalogue.fillna({"numerateur": "", "additif": "", "multiples": ""}).itertuples():
        additif = frozenset(str(ligne.additif).split("|")) - {""}
        distinct = str(ligne.unite) not in _MESURES
        if ligne.numerateur or not (additif or distinct):
            continue
        multiples = frozenset(str(ligne.multiples).split("|"))
        residence = str(ligne.rattachement) == "residence"
        erreur = 0.005 if ligne.unite in _AU_CENTIEME else 0.0
        lues[str(ligne.indicateur)] = Nature(
            str(ligne.indicateur), additif, multiples, residence, distinct, erreur
        )
    return lues


@dataclass(frozen=True, slots=True)
class Bloc:
    """Les variables d'un indicateur et d'une ventilation : `rangs[modalité, territoire, période]`."""

    nature: Nature
    ventilation: str
    modalites: pd.Index[str]
    periodes: pd.Index[str]
    noeuds: pd.Index[str]
    rangs: Entiers

    def sur(self, axe: int, noms: Sequence[str]) -> Entiers:
        """Rend, sur chaque ligne, les variables de ces modalités (0), territoires (1) ou périodes (2)."""
        index = _rangs((self.modalites, self.noeuds, self.periodes)[axe], noms)
        if (index < 0).any():
            return np.empty((0, len(noms)), dtype=np.int64)
        return np.moveaxis(self.rangs.take(index, axis=axe), axe, -1).reshape(-1, len(noms))

    def en(
        self,
        modalites: Sequence[str] | None = None,
        noeuds: Sequence[str] | None = None,
        periodes: Sequence[str] | None = None,
    ) -> Entiers:
        """Rend les variables demandées, dans l'ordre demandé ; chaque nom doit exister."""
        rangs = self.rangs
        noms = ((self.modalites, modalites), (self.noeuds, noeuds), (self.periodes, periodes))
        for axe, (index, demandes) in enumerate(noms):
            if demandes is not None:
                rangs = rangs.take(_rangs(index, demandes), axis=axe)
        return rangs

    @property
    def datees(self) -> list[str]:
        """Les vraies périodes, sans les crans de présence."""
        return [periode for periode in self.periodes if "~" not in periode]


@dataclass(frozen=True, slots=True)
class Grille:
    """Tous les blocs, et la variable de chaque cellule écrite."""

    blocs: dict[tuple[str, str], Bloc]
    variables: int

    @classmethod
    def dresser(cls, valeurs: pd.DataFrame, lues: dict[str, Nature], noeuds: Sequence[str]) -> Self:
        """Dresse la grille des indicateurs de ces cellules, sur ces territoires, mailles et restes."""
        blocs, depart = {}, 0
        territoires = pd.Index(list(noeuds))
        for nom, siennes in valeurs[valeurs["indicateur"].isin(list(lues))].groupby(
            "indicateur", observed=True
        ):
            periodes = pd.Index(_periodes(siennes["periode"].unique(), lues[str(nom)]))
            for ventilation, croisees in siennes.groupby("ventilation", observed=True):
                modalites = pd.Index(sorted(croisees["modalite"].unique()))
                forme = (len(modalites), len(territoires), len(periodes))
                rangs = depart + np.arange(np.prod(forme)).reshape(forme)
                blocs[str(nom), str(ventilation)] = Bloc(
                    lues[str(nom)], str(ventilation), modalites, periodes, territoires, rangs
                )
                depart += rangs.size
        return cls(blocs, depart)

    def reperer(self, cellules: pd.DataFrame) -> Entiers:
        """Rend la variable de chaque cellule, ou −1 si aucune relation ne la porte."""
        reperes = np.full(len(cellules), -1)
        numerotees = cellules[CLE].assign(ligne=np.arange(len(cellules)))
        for (nom, ventilation), siennes in numerotees.groupby(["indicateur", "ventilation"], observed=True):
            if (bloc := self.blocs.get((str(nom), str(ventilation)))) is None:
                continue
            position = (
                _rangs(bloc.modalites, siennes["modalite"]),
                _rangs(bloc.noeuds, siennes["territoire"]),
                _rangs(bloc.periodes, siennes["periode"]),
            )
            connues = np.min(position, axis=0) >= 0
            lignes = siennes["ligne"].to_numpy()[connues]
            reperes[lignes] = bloc.rangs[tuple(rangs[connues] for rangs in position)]
        return reperes

    @property
    def charnieres(self) -> Masque:
        """Dit quelles variables sont des ensembles : ce qui relie les tableaux entre eux."""
        rendues = np.zeros(self.variables, dtype=bool)
        for (_, ventilation), bloc in self.blocs.items():
            if ventilation == ENSEMBLE:
                rendues[bloc.rangs] = True
        return rendues

    def en_jeu(self, ecrites: pd.DataFrame, geographie: Geographie) -> Masque:
        """Dit quelles variables comptent : les cellules écrites, et les inconnues qui les relient.

        Un niveau dont aucune partie n'est écrite ne se détaille pas : ses parties, positives et libres,
        n'apprendraient rien. Une période longue additive met en jeu ses trimestres, écrits ou non ; des
        trimestres et des périodes glissantes écrits au même endroit, les crans de présence.
        """
        rendues = np.zeros(self.variables, dtype=bool)
        for (nom, ventilation), siennes in ecrites.groupby(["indicateur", "ventilation"], observed=True):
            if (bloc := self.blocs.get((str(nom), str(ventilation)))) is None:
                continue
            jeu = np.zeros((len(bloc.noeuds), len(bloc.periodes)), dtype=bool)
            lieux = siennes[["territoire", "periode"]].drop_duplicates()
            jeu[_rangs(bloc.noeuds, lieux["territoire"]), _rangs(bloc.periodes, lieux["periode"])] = True
            suivis = _suivis(jeu, bloc)
            _remonter(jeu, bloc, geographie)
            _detailler(jeu, bloc, suivis)
            rendues[bloc.rangs] = jeu
        return rendues

    def connaitre(self, valeurs: pd.DataFrame) -> tuple[Reels, Reels]:
        """Rend ce que les cellules publiées disent de chaque variable, et son demi-arrondi."""
        connues, erreurs = np.full(self.variables, np.nan), np.zeros(self.variables)
        for bloc in self.blocs.values():
            erreurs[bloc.rangs] = bloc.nature.erreur
        publiees = valeurs[valeurs["statut"] == PUBLIE]
        reperes = self.reperer(publiees)
        connues[reperes[reperes >= 0]] = publiees["valeur"].to_numpy(dtype=float)[reperes >= 0]
        return connues, np.where(np.isnan(connues), 0.0, erreurs)


def _rangs(index: pd.Index[str], noms: Iterable[str]) -> Entiers:
    """Le rang de chaque nom dans un index, −1 s'il n'y est pas."""
    return index.get_indexer(pd.Index(list(noms), dtype=index.dtype)).astype(np.int64)


def _remonter(jeu: Masque, bloc: Bloc, geographie: Geographie) -> None:
    for decoupage in reversed(geographie.decoupages):
        parties = _rangs(bloc.noeuds, decoupage.parties)
        famille = _rangs(bloc.noeuds, [n for n in (decoupage.tout, *decoupage.parties, decoupage.reste) if n])
        jeu[famille] |= jeu[parties].any(axis=0)
        if all("∩" in partie for partie in decoupage.parties):  # les mailles relient deux découpages
            jeu[parties] |= jeu[bloc.noeuds.get_loc(decoupage.tout)]


def _suivis(jeu: Masque, bloc: Bloc) -> Masque:
    """Les territoires où des trimestres et des périodes glissantes sont écrits."""
    glissantes = np.array([periode.endswith("-4T") for periode in bloc.periodes])
    trimestres = np.array([len(periode) == len("2026-T3") for periode in bloc.periodes])
    return np.asarray(jeu[:, glissantes].any(axis=1) & jeu[:, trimestres].any(axis=1))


def _detailler(jeu: Masque, bloc: Bloc, suivis: Masque) -> None:
    for rang, periode in enumerate(bloc.periodes):
        if "~" in periode:
            jeu[:, rang] = suivis & jeu[:, bloc.periodes.get_loc(periode.split("~")[0])]
        elif "periode" in bloc.nature.additif and (longue := Periode.lire(periode)).rythme != "trimestre":
            for trimestre in trimestres_de(longue):
                jeu[:, bloc.periodes.get_loc(str(trimestre))] |= jeu[:, rang]


def _periodes(ecrites: Iterable[str], nature: Nature) -> list[str]:
    """Les périodes écrites, les trimestres qu'elles réunissent, et leurs crans de présence s'il en faut."""
    lues = [Periode.lire(periode) for periode in ecrites]
    noms = {str(periode) for periode in lues}
    noms |= {str(t) for p in lues if p.rythme != "trimestre" for t in trimestres_de(p)}
    if nature.distinct and "periode" not in nature.additif:
        noms |= set(crans(noms))
    return sorted(noms)
