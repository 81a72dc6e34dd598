"""Troisième maillon : l'entrepôt, une table par objet du métier, en SQL DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.entrepot.attributions import construire_attributions
from observatoire.entrepot.clauses import construire_clauses
from observatoire.entrepot.contrats import construire_contrats
from observatoire.entrepot.enquetes import construire_enquetes
from observatoire.entrepot.entreprises import construire_entreprises, decrire_acheteurs
from observatoire.entrepot.grands_projets import construire_grands_projets
from observatoire.entrepot.heures import construire_heures
from observatoire.entrepot.identites import identifier_marches
from observatoire.entrepot.jalons import construire_jalons
from observatoire.entrepot.lignes_suivi import preparer_suivi
from observatoire.entrepot.marches import construire_marches
from observatoire.entrepot.modifications import construire_modifications
from observatoire.entrepot.personnes import construire_personnes
from observatoire.entrepot.recouvrements import construire_recouvrements
from observatoire.entrepot.sous_traitances import construire_sous_traitances
from observatoire.entrepot.structures import construire_structures, reconnaitre_structures
from observatoire.entrepot.tables import preparer
from observatoire.entrepot.territoires import construire_rattachements, construire_territoires
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from observatoire.config import Config

# Chacun crée sa table `entrepot.*` ; il lit `controle.*`, `reference.*` et les tables déjà construites.
CONSTRUCTEURS: tuple[Callable[[duckdb.DuckDBPyConnection], None], ...] = (
    construire_entreprises,
    decrire_acheteurs,
    construire_structures,
    reconnaitre_structures,
    identifier_marches,
    construire_modifications,
    construire_attributions,
    construire_marches,
    construire_sous_traitances,
    construire_recouvrements,
    construire_enquetes,
    construire_territoires,
    preparer_suivi,
    construire_grands_projets,
    construire_clauses,
    construire_contrats,
    construire_heures,
    construire_personnes,
    construire_jalons,
    construire_rattachements,
)


def construire(connexion: duckdb.DuckDBPyConnection, config: Config) -> dict[str, duckdb.DuckDBPyRelation]:
    """Rend toutes les tables de l'entrepôt, une relation chacune.

    L'ordre des lignes reçues est sans effet.

    Args:
        connexion: les vues `controle.*` ; une source absente est une table vide.
        config: l'ordre des sources et les paramètres datés.

    Raises:
        QualiteError: des heures ne peuvent être rattachées ni à un contrat, ni à un mois.
    """
    preparer(connexion, config)
    for constructeur in CONSTRUCTEURS:
        constructeur(connexion)
    return {nom: connexion.table(nom.replace("/", ".")) for nom in SCHEMAS if nom.startswith("entrepot/")}
