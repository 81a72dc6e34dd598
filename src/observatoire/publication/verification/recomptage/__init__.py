"""Les documents recomptés depuis les tables, sans rien emprunter à ce qui les a écrits.

Chaque bloc dit ici, une seconde fois, de quelles cellules viennent ses nombres. L'arithmétique du secret,
celle des parts, le choix de la période et l'écriture des nombres sont refaits : c'est un second calcul, non
une relecture.

`declarations` dit ce que contient chaque bloc d'une fiche, `rapport` le déduit du nom de ceux du rapport ;
`ventilees`, `marches`, `series`, `projets`, `bandes`, `territoires`, `methode` et `annexes` recomptent chacun
une forme de bloc ; `attendu` compare. `tables` et `vue` lisent, `nombres` calcule et écrit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.perimetre import Periode, Programme, Territoire
from observatoire.publication.verification.recomptage import fiche, rapport
from observatoire.publication.verification.recomptage.attendu import Bilan
from observatoire.publication.verification.recomptage.tables import Tables
from observatoire.publication.verification.recomptage.vue import REGION, Vue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from observatoire.publication.deroule import Bloc

__all__ = ["REMEDE", "Bilan", "Tables", "recompter_chapitre", "recompter_fiche"]

REMEDE = "Relancer la production du document ; si l'écart demeure, corriger ce qui l'écrit."


def recompter_fiche(blocs: list[Bloc], tables: Tables) -> Bilan:
    """Recompte une fiche, d'un territoire ou d'un programme, générale ou d'un public.

    Args:
        blocs: son déroulé, l'en-tête d'abord : il dit le territoire et le trimestre.
        tables: les tables publiées.

    Raises:
        PerimetreError: l'en-tête cite un périmètre ou une période inconnus.
    """
    perimetre, periode = blocs[0]["territoire"], Periode.lire(blocs[0]["periode"])
    programme = Programme.lire(perimetre) if perimetre.startswith("programme:") else None
    vue = Vue(tables, REGION if programme else perimetre, periode)
    connus, bilan = fiche.declares(programme), Bilan()
    for bloc in blocs:
        recompte = fiche.recompte_de(bloc, connus)
        bilan.noter(bloc, recompte(vue, bloc) if recompte else None)
    return bilan


def recompter_chapitre(blocs: Iterable[Bloc], annee: str, tables: Tables) -> Bilan:
    """Recompte un chapitre du rapport annuel.

    Args:
        blocs: son déroulé ; le titre d'une double page dit de quel territoire sont les blocs qui suivent.
        annee: l'année du rapport.
        tables: les tables publiées.

    Raises:
        PerimetreError: l'année ne se lit pas.
    """
    vue, bilan = Vue(tables, REGION, Periode.lire(annee)), Bilan()
    connus = rapport.declares(tables)
    lieux = {lieu.nom_long: str(lieu) for lieu in Territoire.tous("dep")}
    for bloc in blocs:
        if bloc["genre"] == "titre" and bloc["niveau"] == 2:
            vue = vue.chez(lieux.get(bloc["texte"], REGION))
        recompte = rapport.recompte_de(bloc, connus)
        bilan.noter(bloc, recompte(vue, bloc) if recompte else None)
    return bilan
