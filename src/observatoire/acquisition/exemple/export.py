"""L'export d'un logiciel de suivi : quelles lignes, dans quel ordre, reliées à quels textes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from observatoire.acquisition.exemple import calibration as cible
from observatoire.acquisition.exemple.calendrier import AUCUN
from observatoire.acquisition.exemple.textes import Redacteur
from observatoire.acquisition.exemple.tirages import generateur

if TYPE_CHECKING:
    from observatoire.acquisition.exemple.region import Bloc, Region
    from observatoire.acquisition.exemple.textes import Table
    from observatoire.acquisition.exemple.tirages import Drapeaux, Entiers, Textes
    from observatoire.config import Source

_EXPORT = 2


@dataclass(frozen=True)
class Export:
    """Les textes d'un bloc pour un logiciel, par table, et les liens qui en font des lignes.

    `liens` donne, pour chaque ligne écrite, le rang de sa clause, de son dossier, de son contrat et
    de ses heures ; une clause encore sans contrat a -1 pour dossier et contrat. `personnes` est la
    personne de chaque dossier.
    """

    tables: dict[str, Table]
    liens: dict[str, Entiers]
    personnes: Entiers

    def lignes_touchees(self, table: str, masque: Drapeaux) -> int:
        """Compte les lignes écrites que touchent les éléments désignés d'une table."""
        lien = self.liens[table]
        return int(masque[lien[lien >= 0]].sum())

    def colonnes(self, noms: list[str]) -> list[Textes]:
        """Rend les colonnes demandées, dans l'ordre de l'export ; ce qui manque est vide."""
        trouvees = []
        for nom in noms:
            table = next(table for table in self.tables if nom in self.tables[table])
            trouvees.append(np.append(self.tables[table][nom], "")[self.liens[table]])
        return trouvees


def exporter(region: Region, bloc: Bloc, logiciel: int, source: Source) -> Export:
    """Écrit un bloc comme le logiciel l'exporterait, trié par structure, opération, contrat et mois."""
    rng = generateur(region.graine, _EXPORT, bloc.numero, logiciel)
    du_logiciel = bloc.clauses["logiciel"].to_numpy() == logiciel
    clause_des_contrats = bloc.contrats["clause"].to_numpy()
    lignes = bloc.lignes.loc[du_logiciel[clause_des_contrats][bloc.lignes["contrat"]]]
    rangs_contrats, contrat = np.unique(lignes["contrat"], return_inverse=True)
    contrats = bloc.contrats.iloc[rangs_contrats].reset_index(drop=True)
    structure = bloc.clauses["structure"].to_numpy()[contrats["clause"]]
    dossiers, premiers, dossier = np.unique(
        structure * len(bloc.personnes) + contrats["personne"].to_numpy(),
        return_index=True,
        return_inverse=True,
    )
    rangs_clauses = _clauses_exportees(rng, region, bloc, du_logiciel, contrats["clause"].to_numpy())
    clauses = bloc.clauses.iloc[rangs_clauses].reset_index(drop=True)
    clause = np.searchsorted(rangs_clauses, contrats["clause"].to_numpy()[contrat])
    seules = np.setdiff1d(np.arange(len(clauses)), clause)
    plume = Redacteur(rng, region, bloc, source)
    tables = {
        "clauses": plume.clauses(clauses, np.isin(np.arange(len(clauses)), clause)),
        "dossiers": plume.dossiers(contrats.iloc[premiers], dossiers // len(bloc.personnes)),
        "contrats": plume.contrats(contrats, structure),
        "lignes": plume.lignes(lignes, len(seules)),
    }
    liens = {
        "clauses": np.concatenate([clause, seules]),
        "dossiers": np.concatenate([dossier[contrat], np.full(len(seules), -1)]),
        "contrats": np.concatenate([contrat, np.full(len(seules), -1)]),
        "lignes": np.arange(len(lignes) + len(seules)),
    }
    mois = np.concatenate([lignes["mois"].to_numpy(), np.full(len(seules), AUCUN)])
    ordre = np.lexsort(
        [mois, liens["contrats"], liens["clauses"], clauses["structure"].to_numpy()[liens["clauses"]]]
    )
    return Export(tables, {nom: lien[ordre] for nom, lien in liens.items()}, dossiers % len(bloc.personnes))


def _clauses_exportees(
    rng: np.random.Generator, region: Region, bloc: Bloc, du_logiciel: Drapeaux, avec_contrat: Entiers
) -> Entiers:
    """Garde les clauses qui ont des heures, les récentes, et quelques anciennes jamais exécutées."""
    recente = bloc.clauses["notification"].to_numpy() > region.fenetre.extraction - cible.RECENTE
    vivante = bloc.clauses["fin"].to_numpy() >= region.fenetre.debut
    suivie = recente | (rng.random(len(recente)) > cible.JAMAIS_EXPORTEES)
    return np.union1d(avec_contrat, np.flatnonzero(du_logiciel & vivante & suivie))
