"""Troisième maillon : l'entrepôt, une table par objet du métier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.entrepot.clauses import construire_clauses
from observatoire.entrepot.cles import identifier
from observatoire.entrepot.heures import construire_heures
from observatoire.entrepot.lignes import RANG_SUIVI, conforme, lire_lignes, ranger
from observatoire.entrepot.marches import construire_marches
from observatoire.entrepot.personnes import (
    construire_beneficiaires,
    construire_contrats,
    construire_publics,
    construire_suivi,
    lignes_d_entree,
)
from observatoire.entrepot.structures import construire_structures
from observatoire.entrepot.territoires import construire_rattachements, construire_territoires

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


def construire(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Rend toutes les tables de l'entrepôt, conformes à leur schéma et triées sur leur clé.

    Aucune table reçue n'est modifiée ; l'ordre de leurs lignes est sans effet.

    Args:
        tables: `controle/decp`, `controle/suivi`, `controle/grands_projets`, `controle/structures` ;
            une source absente est une table vide.

    Raises:
        TableError: une table reçue ne suit pas son schéma.
        QualiteError: des heures ne peuvent être rattachées ni à un contrat, ni à un mois.
    """
    lues = {nom: lire_lignes(f"controle/{nom}", tables[f"controle/{nom}"]) for nom in _LUES}
    suivi = ranger(lues["suivi"], RANG_SUIVI)
    suivi = suivi.assign(
        clause_id=identifier(suivi, ["source", "structure_id", "operation"]),
        contrat_id=identifier(suivi, ["source", "structure_id", "contrat"]),
    )
    entrees = lignes_d_entree(suivi)
    marches = construire_marches(lues["decp"])
    clauses = construire_clauses(suivi, marches, ranger(lues["grands_projets"]))
    beneficiaires = construire_beneficiaires(entrees)
    construites = {
        "marches": marches,
        "clauses": clauses,
        "contrats": construire_contrats(suivi),
        "heures": construire_heures(suivi),
        "beneficiaires": beneficiaires,
        "beneficiaires_publics": construire_publics(entrees),
        "suivi": construire_suivi(suivi),
        "structures": construire_structures(ranger(lues["structures"])),
        "territoires": construire_territoires(),
        "rattachements": construire_rattachements(clauses, marches, beneficiaires),
    }
    return {f"entrepot/{nom}": conforme(nom, table) for nom, table in construites.items()}


_LUES = ("decp", "suivi", "grands_projets", "structures")
