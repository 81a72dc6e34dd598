"""Les défauts plantés dans les exports de suivi : chacun nommé, décrit, compté."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from observatoire.acquisition.exemple import vocabulaire as mots
from observatoire.acquisition.exemple.noms import CANARI

if TYPE_CHECKING:
    from observatoire.acquisition.exemple.export import Export

Lecture = Mapping[str, Any]
Alteration = Callable[[str, int, Lecture], str]  # texte, rang du cas, formats de la source


@dataclass(frozen=True)
class Defaut:
    """Une altération : quelle colonne de quelle table, quelle part, et ce que le texte devient.

    `parmi` limite aux textes cités ; `si` limite aux éléments dont la colonne citée n'est pas vide.
    """

    description: str
    table: str
    colonne: str
    part: float
    alteration: Alteration
    parmi: tuple[str, ...] = ()
    si: str = ""
    minimum: int = 1


def _par(*textes: str) -> Alteration:
    """Remplace par un des textes, à tour de rôle ; un point y devient la décimale de la source."""
    return lambda _texte, rang, lecture: textes[rang % len(textes)].replace(".", lecture["decimale"])


def siret_espace(siret: str) -> str:
    """Écrit un SIRET comme sur un papier à en-tête.

    >>> siret_espace("00012345500016")
    '000 123 455 00016'
    """
    return f"{siret[:3]} {siret[3:6]} {siret[6:9]} {siret[9:]}"


def siret_faux(siret: str) -> str:
    """Change le dernier chiffre d'un SIRET : sa clé de Luhn n'est plus bonne.

    >>> siret_faux("00012345500016")
    '00012345500017'
    """
    return siret[:-1] + str((int(siret[-1]) + 1) % 10)


def _espacer(siret: str, _rang: int, _lecture: Lecture) -> str:
    return siret_espace(siret)


def _fausser(siret: str, _rang: int, _lecture: Lecture) -> str:
    return siret_faux(siret)


def _31_fevrier(_date: str, _rang: int, lecture: Lecture) -> str:
    return str(lecture["date"].replace("%d", "31").replace("%m", "02").replace("%Y", "2025"))


def _depasser(_heures: str, rang: int, lecture: Lecture) -> str:
    return f"{221 + rang * 37 % 180}{lecture['decimale']}5"


_ESPACES = "écrit avec des espaces, juste une fois nettoyé"
_PIERREFITTE = "93059 (Pierrefitte), fusionnée avec Saint-Denis"
# Parts : registre des pièges de la note de domaine (§4.5) ; à défaut, hypothèse.
DEFAUTS = {
    "niveau_non_renseigne": Defaut(
        "Niveau de formation vide", "dossiers", "niveau_diplome", 0.05, _par("")
    ),
    "niveau_inconnu": Defaut(
        "Niveau « Niveau 12 », qui n'existe pas", "dossiers", "niveau_diplome", 0.001, _par("Niveau 12")
    ),
    "qpv_non_renseigne": Defaut(
        "Résidence en quartier prioritaire vide", "dossiers", "qpv", 0.08, _par("")
    ),
    "canaris": Defaut(
        f"Nom « {CANARI} », qui ne doit sortir d'aucun document",
        "dossiers", "nom", 0, _par(CANARI), si="seul", minimum=4,
    ),
    "residence_disparue": Defaut(
        f"Commune de résidence {_PIERREFITTE}",
        "dossiers", "commune_residence", 0.2, _par("93059"), parmi=("93066",),
    ),
    "execution_disparue": Defaut(
        f"Commune d'exécution {_PIERREFITTE}",
        "clauses", "commune_execution", 0.2, _par("93059"), parmi=("93066",),
    ),
    "article_inconnu": Defaut(
        "Article « Article 99 », qui n'existe pas", "clauses", "modalite", 0.002, _par("Article 99")
    ),
    "notification_impossible": Defaut(
        "Date de notification au 31 février", "clauses", "date_notification", 0.001, _31_fevrier
    ),
    "acheteur_siret_espaces": Defaut(
        f"SIRET d'acheteur {_ESPACES}", "clauses", "acheteur_id", 0.03, _espacer
    ),
    "titulaire_siret_faux": Defaut(
        "SIRET de titulaire à la clé de Luhn fausse", "clauses", "titulaire_id", 0.005, _fausser
    ),
    "employeur_siret_espaces": Defaut(
        f"SIRET d'employeur {_ESPACES}", "contrats", "employeur_id", 0.02, _espacer
    ),
    "employeur_siret_faux": Defaut(
        "SIRET d'employeur à la clé de Luhn fausse", "contrats", "employeur_id", 0.005, _fausser
    ),
    "debut_impossible": Defaut(
        "Début de contrat au 31 février", "contrats", "contrat_debut", 0.0005, _31_fevrier, si="simple"
    ),
    "heures_excessives": Defaut(
        "Plus de 220 heures dans le mois", "lignes", "heures", 0.01, _depasser, si="detaille"
    ),
    "heures_negatives": Defaut(
        "Heures négatives", "lignes", "heures", 0.0002, _par("-14", "-7.5"), si="detaille", minimum=3
    ),
    "heures_illisibles": Defaut(
        "Heures en toutes lettres ou dans une autre unité",
        "lignes", "heures", 0.0001, _par("douze", "NC", "7h30"), si="detaille", minimum=3,
    ),
}  # fmt: skip
CONSTATS = {
    "niveaux_anciens": "Niveau écrit dans la nomenclature de 1969 (« Niveau V »)",
    "articles_herites": "Article d'un ancien régime pour une consultation sous le code actuel",
    "pole_emploi": "« Pôle emploi » pour une entrée depuis 2024",
    "contrats_sans_detail": "Contrat sans détail mensuel : une ligne, le total des heures",
    "clauses_sans_contrat": "Clause encore sans contrat : une ligne sans personne, ce n'est pas une anomalie",
    "mois_declares_deux_fois": "Contrats déclarés aussi par le titulaire : le même mois compte deux fois",
    "personnes_deux_structures": "Personnes suivies par deux structures de ce logiciel, nom écrit autrement",
}
DEUX_LOGICIELS = "personnes_deux_logiciels"
DESCRIPTIONS = (
    {nom: defaut.description for nom, defaut in DEFAUTS.items()}
    | CONSTATS
    | {DEUX_LOGICIELS: "Personnes suivies aussi dans l'autre logiciel, nom écrit autrement"}
)


def planter(rng: np.random.Generator, export: Export, lecture: Lecture) -> Counter[str]:
    """Altère l'export et rend le nombre de lignes touchées par chaque défaut.

    Un texte n'est altéré qu'une fois : les nombres se vérifient en relisant le fichier.
    """
    nombres: Counter[str] = Counter()
    deja: dict[tuple[str, str], set[int]] = {}
    for nom, defaut in DEFAUTS.items():
        textes = export.tables[defaut.table][defaut.colonne]
        alteres = deja.setdefault((defaut.table, defaut.colonne), set())
        rangs = np.setdiff1d(_candidats(export, defaut), np.array(sorted(alteres), dtype=np.int64))
        combien = min(max(defaut.minimum, round(defaut.part * len(rangs))), len(rangs))
        choisis = np.sort(rng.choice(rangs, size=combien, replace=False))
        for cas, rang in enumerate(choisis.tolist()):
            textes[rang] = defaut.alteration(textes[rang], cas, lecture)
        alteres.update(choisis.tolist())
        nombres[nom] = export.lignes_touchees(defaut.table, np.isin(np.arange(len(textes)), choisis))
    return nombres


def constater(export: Export) -> Counter[str]:
    """Compte ce que le tirage produit de lui-même, comme les nomenclatures mêlées.

    Lignes touchées, sauf les deux derniers nombres : des contrats et des personnes.
    """
    clauses, dossiers, lignes = (export.tables[nom] for nom in ("clauses", "dossiers", "lignes"))
    herites = np.isin(clauses["modalite"], mots.MODALITES_HERITEES) & (clauses["sous_ccp"] != "")
    pole_emploi = (dossiers["prescripteur"] == mots.POLE_EMPLOI) & (dossiers["recent"] != "")
    anciens = np.isin(dossiers["niveau_diplome"], mots.NIVEAUX_ANCIENS)
    _, dossiers_par_personne = np.unique(export.personnes, return_counts=True)
    return Counter(
        {
            "niveaux_anciens": export.lignes_touchees("dossiers", anciens),
            "articles_herites": export.lignes_touchees("clauses", herites),
            "pole_emploi": export.lignes_touchees("dossiers", pole_emploi),
            "contrats_sans_detail": int(((lignes["mois"] == "") & (lignes["heures"] != "")).sum()),
            "clauses_sans_contrat": int((export.liens["contrats"] < 0).sum()),
            "mois_declares_deux_fois": int((export.tables["contrats"]["simple"] == "").sum()),
            "personnes_deux_structures": int((dossiers_par_personne > 1).sum()),
        }
    )


def _candidats(export: Export, defaut: Defaut) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    table = export.tables[defaut.table]
    possibles = table[defaut.colonne] != ""
    if defaut.parmi:
        possibles &= np.isin(table[defaut.colonne], defaut.parmi)
    if defaut.si:
        possibles &= table[defaut.si] != ""
    return np.flatnonzero(possibles)
