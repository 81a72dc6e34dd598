"""Les règles des listes d'objets d'un contrat : titulaires, modifications, actes de sous-traitance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.controle.objets_decp import (
    DATE_FAUSSE,
    ILLISIBLE,
    MONTANT_FAUX,
    SANS_ACTE,
    SIRET_FAUX,
    TYPE_INCONNU,
)
from observatoire.controle.regles import ALERTE, Lecture, Regle, regle
from observatoire.controle.typage import par_valeur

if TYPE_CHECKING:
    import pandas as pd


@regle(ALERTE, "titulaires", "Publier le titulaire.")
def titulaire_absent(lecture: Lecture) -> pd.Series:
    """Le titulaire manque : ni identifiant, ni dénomination."""
    illisible_ = lecture.reperes["marque_titulaires"] == ILLISIBLE
    return lecture.lue["titulaires"].isna() & ~illisible_.fillna(False)


def _objet(nom: str, colonne: str, marque: str, description: str, remede: str) -> Regle:
    """Rend la règle « la lecture de cette liste d'objets a laissé, entre autres, cette marque »."""

    def masque(lecture: Lecture) -> pd.Series:
        return par_valeur(
            lecture.reperes[f"marque_{colonne}"], lambda marques: marque in marques.split("|"), "boolean"
        )

    return Regle(nom, ALERTE, colonne, remede, description, masque)


REGLES_DES_OBJETS: tuple[Regle, ...] = (
    titulaire_absent,
    _objet(
        "titulaires_illisibles",
        "titulaires",
        ILLISIBLE,
        "La liste des titulaires n'est pas lisible ; vidée.",
        "Publier une liste d'objets id et typeIdentifiant.",
    ),
    _objet(
        "titulaire_invalide",
        "titulaires",
        SIRET_FAUX,
        "Un titulaire annoncé par son SIRET en a un faux, ou aucun ; il n'est rapproché d'aucune structure.",
        "Publier le SIRET du titulaire, ou le type réel de son identifiant.",
    ),
    _objet(
        "titulaire_de_type_inconnu",
        "titulaires",
        TYPE_INCONNU,
        "Le type d'identifiant d'un titulaire n'est pas dans la liste réglementaire.",
        "Employer les valeurs de l'arrêté du 22 décembre 2022.",
    ),
    _objet(
        "modifications_illisibles",
        "modifications",
        ILLISIBLE,
        "La liste des modifications n'est pas lisible ; vidée.",
        "Publier une liste d'objets.",
    ),
    _objet(
        "date_de_modification_impossible",
        "modifications",
        DATE_FAUSSE,
        "La date d'une modification est impossible, antérieure à 2015 ou future ; vidée.",
        "Écrire une date réelle, AAAA-MM-JJ.",
    ),
    _objet(
        "montant_de_modification_aberrant",
        "modifications",
        MONTANT_FAUX,
        "Le montant d'une modification est impossible ; vidé, il ne devient pas celui du marché.",
        "Publier le nouveau montant total du marché, et non l'écart.",
    ),
    _objet(
        "titulaire_de_modification_invalide",
        "modifications",
        SIRET_FAUX,
        "Un titulaire d'une modification, annoncé par son SIRET, en a un faux, ou aucun.",
        "Publier le SIRET du titulaire, ou le type réel de son identifiant.",
    ),
    _objet(
        "actes_illisibles",
        "actes_sous_traitance",
        ILLISIBLE,
        "Les actes de sous-traitance ou leurs modifications ne sont pas lisibles ; vidés.",
        "Publier des listes d'objets.",
    ),
    _objet(
        "sous_traitant_invalide",
        "actes_sous_traitance",
        SIRET_FAUX,
        "Un sous-traitant annoncé par son SIRET en a un faux, ou aucun.",
        "Publier le SIRET du sous-traitant, ou le type réel de son identifiant.",
    ),
    _objet(
        "montant_d_acte_aberrant",
        "actes_sous_traitance",
        MONTANT_FAUX,
        "Le montant d'un acte de sous-traitance, ou de sa modification, est impossible ; vidé.",
        "Publier le montant sous-traité, euros hors taxes.",
    ),
    _objet(
        "date_d_acte_impossible",
        "actes_sous_traitance",
        DATE_FAUSSE,
        "La date d'un acte de sous-traitance est impossible, antérieure à 2015 ou future ; vidée.",
        "Écrire une date réelle, AAAA-MM-JJ.",
    ),
    _objet(
        "modification_sans_acte",
        "actes_sous_traitance",
        SANS_ACTE,
        "Une modification cite un acte de sous-traitance qui n'est pas publié, ou qui l'est deux fois.",
        "Donner à chaque acte un numéro, et le rappeler dans sa modification.",
    ),
)
