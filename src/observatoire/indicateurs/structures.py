"""L'offre : les structures de l'insertion et du handicap de chaque territoire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw

from observatoire.indicateurs.registre import SANS_PERSONNES, indicateur

if TYPE_CHECKING:
    from collections.abc import Sequence

    from narwhals.typing import FrameT


@indicateur(
    libelle="Structures de l’insertion et du handicap",
    unite="structures",
    table="structures",
    rattachement="structure",
    ventilations=("famille_structure", "genre_structure"),
    champ=(
        "Établissements implantés dans le territoire, d’après la dernière liste reçue : structures de "
        "l’insertion par l’activité économique, groupements d’employeurs pour l’insertion et la "
        "qualification, entreprises adaptées, ESAT."
    ),
    source="Listes publiques (ASP, FINESS, Fédération des GEIQ), traitements de l’observatoire.",
    lecture="{territoire}, {periode} : {valeur} structures de l’insertion et du handicap sont implantées.",
    additif=("territoire",),
    multiples=("famille_structure", "genre_structure"),
    personnes=False,
)
def structures_implantees(table: FrameT, par: Sequence[str]) -> FrameT:
    """Nombre d’établissements, par leur numéro SIRET, des listes de structures conventionnées ou agréées.

    Un établissement conventionné à deux titres, atelier et chantier d’insertion et entreprise
    d’insertion par exemple, compte une fois au total et une fois dans chaque genre. Le lieu est celui
    de l’établissement, non de ses chantiers : une structure travaille souvent au-delà du territoire
    où elle est implantée. Les listes ne disent que l’état du jour : le chiffre n’est donné que pour
    le dernier trimestre suivi, sans série. Elles sont publiques : le secret ne s’y applique pas.
    """
    comptes = table.group_by(*par).agg(nw.col("siret").n_unique().alias("valeur"))
    return comptes.select(*par, "valeur", SANS_PERSONNES)
