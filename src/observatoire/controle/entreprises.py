"""Les établissements du répertoire SIRENE : lecture typée et règles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.controle.lieux import departement_de, departements_de_la_region, lire_commune
from observatoire.controle.regles import ALERTE, BLOQUANT, INFO, Lecture, Regle, illisible, regle
from observatoire.controle.typage import lire_sirets, par_valeur
from observatoire.referentiel import NON_RENSEIGNE
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    import pandas as pd

    from observatoire.config import Config, Source

NON_DIFFUSIBLE = "[non diffusible]"
_CATEGORIES = ("PME", "ETI", "GE")
# O et P dans les fichiers actuels, N dans ceux d'avant 2023 : seul O dit que tout est diffusible
_DIFFUSIBLE = "O"
_ACTIF = {"A": True, "F": False}


def lire(table: pd.DataFrame, _source: Source, _config: Config) -> Lecture:
    """Rend les établissements typés ; qui s'oppose à la diffusion n'a plus de dénomination."""
    protege = (table["diffusion"] != _DIFFUSIBLE).fillna(False)
    categorie = table["categorie"].str.upper()
    lue = table.assign(
        siret=lire_sirets(table["siret"]),
        denomination=table["denomination"].mask(protege, NON_DIFFUSIBLE),
        categorie=categorie.where(categorie.isin(_CATEGORIES), NON_RENSEIGNE),
        categorie_juridique=table["categorie_juridique"].where(
            table["categorie_juridique"].str.fullmatch(r"[0-9]{4}").fillna(False)
        ),
        commune=par_valeur(table["commune"], lire_commune),
        actif=par_valeur(table["etat"], _ACTIF.get, "boolean"),
    )
    lue = lue.reindex(columns=SCHEMAS["controle/entreprises"].noms)
    return Lecture(table, lue, {})


@regle(BLOQUANT, "siret", "Refaire l'extraction en exportant le SIRET en texte.")
def siret_entreprise_invalide(lecture: Lecture) -> pd.Series:
    """Le SIRET est absent ou faux : l'établissement ne se rattache à rien."""
    return lecture.lue["siret"].isna()


@regle(INFO, "diffusion", "Rien à corriger : ne pas chercher le nom ailleurs.")
def diffusion_partielle(lecture: Lecture) -> pd.Series:
    """L'entreprise s'oppose à la diffusion de son identité ; sa dénomination est retirée."""
    return lecture.recue["diffusion"] != _DIFFUSIBLE


@regle(ALERTE, "categorie", "Écrire PME, ETI ou GE.")
def categorie_inconnue(lecture: Lecture) -> pd.Series:
    """La catégorie d'entreprise n'est pas PME, ETI ou GE ; « non renseigné »."""
    return lecture.recue["categorie"].notna() & (lecture.lue["categorie"] == NON_RENSEIGNE)


@regle(INFO, "commune", "Écrire le code INSEE de la commune en vigueur.")
def commune_inconnue(lecture: Lecture) -> pd.Series:
    """Le code de commune n'existe pas dans la région ; vidé."""
    departement = par_valeur(lecture.recue["commune"], departement_de)
    return departement.isin(departements_de_la_region()) & lecture.lue["commune"].isna()


@regle(INFO, "etat", "Écrire A (actif) ou F (fermé).")
def etat_inconnu(lecture: Lecture) -> pd.Series:
    """L'état administratif n'est ni A, ni F ; vidé."""
    return lecture.recue["etat"].notna() & lecture.lue["actif"].isna()


REGLES: tuple[Regle, ...] = (
    siret_entreprise_invalide,
    diffusion_partielle,
    categorie_inconnue,
    commune_inconnue,
    illisible(
        "categorie_juridique_invalide",
        "categorie_juridique",
        "La catégorie juridique n'a pas quatre chiffres ; vidée.",
        "Écrire le code à quatre chiffres de la nomenclature de l'INSEE.",
    ),
    etat_inconnu,
)
