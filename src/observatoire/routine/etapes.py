"""Les étapes d'un passage : ce que chacune a lu, ce qui prouve qu'elle est faite, le geste qui la fait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.routine.empreintes import empreinte_des_documents, empreinte_des_donnees

if TYPE_CHECKING:
    from collections.abc import Callable

    from observatoire.config import Config
    from observatoire.routine.bilan import Construction, Fiches, Qualite
    from observatoire.routine.etat import Etat
    from observatoire.routine.production import Production

CONSTRUCTION, QUALITE, FICHES = "construction", "qualité", "fiches"


@dataclass(frozen=True, slots=True)
class Etape:
    """Une étape à faire : son nom, l'empreinte de ce qu'elle lit, son geste."""

    nom: str
    empreinte: str
    faire: Callable[[Config], Construction | Qualite | Fiches]


def a_faire(config: Config, etat: Etat, production: Production) -> list[Etape]:
    """Rend les étapes à faire, dans l'ordre ; aucune si rien n'a changé ou si rien n'a été scellé.

    Une étape est faite si elle a réussi pour ces entrées, et si ce qu'elle a écrit est encore là.
    """
    if not any(config.raw.glob("*/*/provenance.toml")):
        return []
    donnees = empreinte_des_donnees(config)
    documents = empreinte_des_documents(config, donnees)
    presentes = {
        CONSTRUCTION: (config.processed / "indicateurs" / "valeurs.parquet").is_file(),
        QUALITE: True,
        FICHES: bool(etat.fiches) and (config.racine / etat.fiches).is_dir(),
    }
    etapes = (
        Etape(CONSTRUCTION, donnees, production.construire),
        Etape(QUALITE, donnees, production.controler),
        Etape(FICHES, documents, production.editer),
    )
    return [e for e in etapes if etat.faites.get(e.nom) != e.empreinte or not presentes[e.nom]]
