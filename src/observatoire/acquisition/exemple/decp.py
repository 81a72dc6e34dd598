"""Les données essentielles fictives : les marchés, au format v2 tel que le ministère le publie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from observatoire.acquisition.exemple import calibration as cible
from observatoire.acquisition.exemple.acteurs import GENRES, REGION
from observatoire.acquisition.exemple.calendrier import JOURS_PAR_MOIS, ecrire_jours, jour
from observatoire.acquisition.exemple.decp_defauts import (
    AVANT_2024,
    NON_RENSEIGNEES,
    REMPLISSAGES,
    alterer,
    tirer_defauts,
)
from observatoire.acquisition.exemple.geographie import CODES_DEPARTEMENTS
from observatoire.acquisition.exemple.marches import CODES_MODALITES, TYPE_DES_SECTEURS, TYPES
from observatoire.acquisition.exemple.textes import acheteurs_des
from observatoire.acquisition.exemple.tirages import Lexique, TirageParGroupe, choisir, generateur

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping

    from observatoire.acquisition.exemple.region import Bloc, Region
    from observatoire.acquisition.exemple.tirages import Entiers, Textes

_DECP, _ACTES = 3, 8
ISO = "%Y-%m-%d"
DELAI_PUBLICATION = 40  # jours avant l'extraction : les contrats plus récents ne sont pas encore publiés
AUCUNE_SOCIALE = "Pas de considération sociale"
NON_RENSEIGNEE = "non renseignée"
SANS_CHAMP = ""
_SOCIALES = {
    "CE": "Clause sociale",
    "CE_CA": "Clause sociale|Critère social",
    "CA": "Critère social",
    "PRIVE": AUCUNE_SOCIALE,
    "NR": "Clause sociale",
    "SI": "Clause sociale",
    "MR_SIAE": "Marché réservé",
    "MR_HAND": "Marché réservé",
}
_LISTES: dict[str, dict[str, float]] = {  # valeurs du schéma et leur poids : hypothèse, d'après OECP 2021
    "procedure": {
        "Procédure adaptée": 55,
        "Appel d'offres ouvert": 33,
        "Marché passé sans publicité ni mise en concurrence préalable": 6,
        "Procédure avec négociation": 4,
        "Appel d'offres restreint": 1.5,
        "Dialogue compétitif": 0.5,
    },
    "technique": {"Sans objet": 72, "Accord-cadre": 26, "Système d'acquisition dynamique": 1, "Concours": 1},
    "execution": {"Sans objet": 60, "Bons de commande": 28, "Tranches": 8, "Marchés subséquents": 4},
    "type_prix": {
        "Définitif révisable": 45,
        "Définitif ferme": 35,
        "Définitif actualisable": 18,
        "Provisoire": 2,
    },
    "forme_prix": {"Forfaitaire": 45, "Unitaire": 35, "Mixte": 20},
    "groupement": {"Pas de groupement": 82, "Conjoint": 10, "Solidaire": 8},
    "environnement": {
        "Pas de considération environnementale": 60,
        "Critère environnemental": 22,
        "Clause environnementale": 18,
    },
    "lieu": {"Code commune": 50, "Code postal": 30, "Code département": 16, "Code région": 4},
    "avance": {"oui": 25, "non": 75},
    "innovant": {"oui": 1, "non": 99},
    "sous_traitance": {"oui": 8, "non": 92},
}
_SOUS_TRAITANTS = {"EC": 82.0, "EI": 8.0, "ETTI": 4.0, "EA": 4.0, "ACI": 2.0}  # genres : hypothèse
_CCAG: dict[str, dict[str, float]] = {
    "T": {"Travaux": 1},
    "S": {"Fournitures courantes et services": 9, "Pas de CCAG": 1},
    "PI": {"Prestations intellectuelles": 6, "Maitrise d'œuvre": 4},
    "F": {"Fournitures courantes et services": 1},
}


def publier(region: Region, bloc: Bloc, nombres: Counter[str]) -> Iterator[dict[str, Any]]:
    """Rend les contrats publiés d'un bloc, défauts compris, et compte ces défauts dans `nombres`.

    Une part des marchés clausés du suivi s'y retrouve (même acheteur, même référence) ; les autres
    contrats n'ont pas de clause suivie. Avant 2024, le format n'avait pas de considérations sociales.
    """
    rng = generateur(region.graine, _DECP, bloc.numero)
    clauses = _clauses_publies(rng, region, bloc)
    attendus = round(cible.CONTRATS_DECP_PAR_AN * region.fenetre.annees * bloc.echelle)
    autres = _autres(rng, region, bloc.numero, max(attendus - len(clauses), 30))
    publies = pd.concat([clauses, autres], ignore_index=True).sort_values(["notification", "id"])
    notification = publies["notification"].to_numpy()
    avant = notification < jour(cible.DECP_PREMIERE_ANNEE_SOCIALE)
    inconnue = publies["sociale"].to_numpy() == NON_RENSEIGNEE
    defauts = tirer_defauts(rng, ~avant & ~inconnue)
    nombres.update({AVANT_2024: int(avant.sum()), NON_RENSEIGNEES: int((inconnue & ~avant).sum())})
    nombres.update(defaut for defaut in defauts if defaut)
    publies["sociale"] = np.where(avant, SANS_CHAMP, publies["sociale"])
    sous_traitants = _sous_traitants(generateur(region.graine, _ACTES, bloc.numero), region, publies)
    for rang, contrat in enumerate(_contrats(rng, region, publies)):
        sous_traite = contrat | _actes(contrat, sous_traitants[rang])
        yield from alterer(sous_traite, defauts[rang], rang)


def titulaires(
    rng: np.random.Generator, region: Region, departement: Entiers, genre: Entiers | None = None
) -> Textes:
    """Tire le SIRET d'un établissement de chaque département ; d'une entreprise, sauf autre genre."""
    genres = np.full(len(departement), GENRES.index("EC")) if genre is None else genre
    tires = region.acteurs.tirage_employeurs().tirer(rng, genres * REGION + departement)
    return region.acteurs.employeurs["siret"].to_numpy(dtype=object)[tires]


def mots(rng: np.random.Generator, poids: Mapping[str, float], nombre: int) -> Textes:
    """Tire `nombre` valeurs d'une liste du schéma."""
    return np.array(list(poids), dtype=object)[choisir(rng, poids.values(), nombre)]


def _clauses_publies(rng: np.random.Generator, region: Region, bloc: Bloc) -> pd.DataFrame:
    marches, fenetre = bloc.marches, region.fenetre
    code = np.array(CODES_MODALITES, dtype=object)[marches["modalite"]]
    publie = (
        (rng.random(len(marches)) < cible.DECP_RETROUVES)
        & (marches["montant"] >= cible.DECP_SEUIL)
        & marches["notification"].between(fenetre.debut, fenetre.extraction - DELAI_PUBLICATION)
        & (code != "PRIVE")
    ).to_numpy()
    retenus = marches.loc[publie]
    dites = np.array([_SOCIALES[c] for c in code[publie]], dtype=object)
    sort = choisir(rng, cible.DECP_SOCIALES_DES_CLAUSES.values(), len(retenus))
    premiers_lots = bloc.clauses.drop_duplicates("marche")["titulaire"].to_numpy()[publie]
    return pd.DataFrame(
        {
            "id": retenus["reference"].to_numpy(),
            "acheteur": acheteurs_des(region, retenus),
            "objet": retenus["objet"].to_numpy(),
            "secteur": retenus["secteur"].to_numpy(),
            "commune": retenus["commune"].to_numpy(),
            "notification": retenus["notification"].to_numpy(),
            "duree": np.maximum((retenus["fin"] - retenus["debut"]) / JOURS_PAR_MOIS, 1)
            .astype(int)
            .to_numpy(),
            "montant": retenus["montant"].to_numpy(),
            "titulaire": region.acteurs.employeurs["siret"].to_numpy(dtype=object)[premiers_lots],
            "sociale": np.select([sort == 0, sort == 1], [dites, AUCUNE_SOCIALE], NON_RENSEIGNEE),
        }
    )


def _autres(rng: np.random.Generator, region: Region, bloc: int, nombre: int) -> pd.DataFrame:
    fenetre, geographie = region.fenetre, region.geographie
    departement = choisir(rng, cible.DEPARTEMENTS.values(), nombre)
    type_marche = choisir(rng, (cible.DECP_TYPES[code] for code in TYPES), nombre)
    parts = np.array([secteur.heures for secteur in cible.SECTEURS], dtype=float)
    secteur = TirageParGroupe(TYPE_DES_SECTEURS, parts, len(TYPES)).tirer(rng, type_marche)
    commune = geographie.tirer(rng, departement)
    notification = rng.integers(fenetre.debut, fenetre.extraction - DELAI_PUBLICATION, size=nombre)
    objets = Lexique([dict.fromkeys(s.objets, 1) for s in cible.SECTEURS]).ecrire(rng, secteur)
    medianes = np.array([cible.DECP_MONTANTS[code] for code in TYPES])[type_marche]
    acheteurs = TirageParGroupe(
        region.acteurs.acheteurs["departement"].to_numpy(), np.ones(cible.ACHETEURS), REGION + 1
    ).tirer(rng, departement)
    annees = ecrire_jours(notification, "%Y")
    return pd.DataFrame(
        {
            "id": [f"{a}-A{rang + bloc * 100_000:06d}" for rang, a in enumerate(annees)],
            "acheteur": region.acteurs.acheteurs["siret"].to_numpy(dtype=object)[acheteurs],
            "objet": objets + ", " + geographie.noms[commune],
            "secteur": secteur,
            "commune": commune,
            "notification": notification,
            "duree": rng.integers(2, 49, size=nombre),
            "montant": np.maximum(medianes * np.exp(1.1 * rng.standard_normal(nombre)), cible.DECP_SEUIL / 2),
            "titulaire": titulaires(rng, region, departement),
            "sociale": mots(rng, cible.DECP_SOCIALES_DES_AUTRES, nombre),
        }
    )


def _contrats(rng: np.random.Generator, region: Region, publies: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Rend les contrats au schéma 2.0.4, sans défaut sinon les considérations non renseignées."""
    nombre = len(publies)
    notification = publies["notification"].to_numpy()
    commune = publies["commune"].to_numpy()
    publication = np.minimum(notification + rng.integers(5, 62, size=nombre), region.fenetre.extraction - 1)
    type_marche = TYPE_DES_SECTEURS[publies["secteur"]]
    colonnes = {nom: mots(rng, poids, nombre) for nom, poids in _LISTES.items()}
    colonnes |= {
        nom: publies[nom].to_numpy(dtype=object)
        for nom in ("id", "acheteur", "objet", "titulaire", "sociale")
    }
    colonnes |= {
        "cpv": Lexique([dict.fromkeys(s.cpv, 1) for s in cible.SECTEURS]).ecrire(
            rng, publies["secteur"].to_numpy()
        ),
        "ccag": Lexique([_CCAG[code] for code in TYPES]).ecrire(rng, type_marche),
        "notifie": ecrire_jours(notification, ISO),
        "publie": ecrire_jours(publication, ISO),
        "cotitulaire": titulaires(rng, region, region.geographie.departements[commune]),
        "modifie": _modifications(rng, notification, region.fenetre.extraction),
        "code_lieu": _lieux(region, commune, colonnes["lieu"]),
    }
    listes = {nom: colonne.tolist() for nom, colonne in colonnes.items()}
    listes["duree"] = publies["duree"].tolist()
    listes["montant"] = publies["montant"].round(2).tolist()
    listes["offres"] = rng.integers(1, 9, size=nombre).tolist()
    noms = list(listes)
    for rang, valeurs in enumerate(zip(*listes.values(), strict=True)):
        yield _contrat(dict(zip(noms, valeurs, strict=True)), rang)


def _contrat(v: dict[str, Any], rang: int) -> dict[str, Any]:
    seul = v["groupement"] == "Pas de groupement" or v["cotitulaire"] == v["titulaire"]
    sirets = [v["titulaire"]] if seul else [v["titulaire"], v["cotitulaire"]]
    contrat = {
        "id": v["id"],
        "acheteur": {"id": v["acheteur"]},
        "nature": "Marché",
        "objet": v["objet"],
        "codeCPV": v["cpv"],
        "techniques": {"technique": [v["technique"]]},
        "modalitesExecution": {"modaliteExecution": [v["execution"]]},
        "marcheInnovant": v["innovant"] == "oui",
        "ccag": v["ccag"],
        "offresRecues": v["offres"],
        "attributionAvance": v["avance"] == "oui",
        **({"tauxAvance": 0.1} if v["avance"] == "oui" else {}),
        "typeGroupementOperateurs": v["groupement"],
        "sousTraitanceDeclaree": v["sous_traitance"] == "oui",
        "procedure": v["procedure"],
        "lieuExecution": {"code": v["code_lieu"], "typeCode": v["lieu"]},
        "dureeMois": v["duree"],
        "dateNotification": v["notifie"],
        "datePublicationDonnees": v["publie"],
        "montant": v["montant"],
        "typesPrix": {"typePrix": [v["type_prix"]]},
        "formePrix": v["forme_prix"],
        "titulaires": [{"titulaire": {"typeIdentifiant": "SIRET", "id": siret}} for siret in sirets],
        **_considerations(v["sociale"], rang),
        "considerationsEnvironnementales": {"considerationEnvironnementale": [v["environnement"]]},
    }
    if v["modifie"]:
        contrat["modifications"] = [{"modification": _modification(v)}]
    return contrat


def _considerations(sociale: str, rang: int) -> dict[str, Any]:
    """Rend le champ publié, ou rien quand il est absent."""
    if sociale == NON_RENSEIGNEE:
        formes = (*REMPLISSAGES, SANS_CHAMP)
        sociale = formes[rang % len(formes)]
    return {"considerationsSociales": {"considerationSociale": sociale.split("|")}} if sociale else {}


def _sous_traitants(rng: np.random.Generator, region: Region, publies: pd.DataFrame) -> Textes:
    """Rend le SIRET du sous-traitant de chaque contrat : une entreprise, parfois une structure."""
    departement = region.geographie.departements[publies["commune"].to_numpy()]
    genres = np.array([GENRES.index(genre) for genre in _SOUS_TRAITANTS])
    tires = choisir(rng, _SOUS_TRAITANTS.values(), len(publies))
    return titulaires(rng, region, departement, genres[tires])


def _actes(contrat: dict[str, Any], sous_traitant: str) -> dict[str, Any]:
    """Rend l'acte de sous-traitance d'un contrat qui en déclare : le cinquième de son montant."""
    if not contrat["sousTraitanceDeclaree"]:
        return {}
    acte = {
        "id": 1,
        "sousTraitant": {"id": sous_traitant, "typeIdentifiant": "SIRET"},
        "dureeMois": contrat["dureeMois"],
        "dateNotification": contrat["datePublicationDonnees"],
        "montant": round(max(contrat["montant"] / 5, 1), 2),
        "variationPrix": "Révisable",
        "datePublicationDonnees": contrat["datePublicationDonnees"],
    }
    return {"actesSousTraitance": [{"acteSousTraitance": acte}]}


def _modifications(rng: np.random.Generator, notification: Entiers, extraction: int) -> Textes:
    """Rend la date de la modification de chaque contrat, vide s'il n'en a pas eu."""
    jours = notification + rng.integers(60, 400, size=len(notification))
    a_lieu = (rng.random(len(notification)) < cible.DECP_MODIFIES * 1.3) & (jours < extraction - 30)
    return np.where(a_lieu, ecrire_jours(jours, ISO), "")


def _modification(v: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": 1,
        "dateNotificationModification": v["modifie"],
        "datePublicationDonneesModification": v["modifie"],
        "dureeMois": v["duree"] + 3,
        "montant": round(v["montant"] * 1.12, 2),
    }


def _lieux(region: Region, commune: Entiers, types: Textes) -> Textes:
    geographie = region.geographie
    departements = np.array(CODES_DEPARTEMENTS, dtype=object)[geographie.departements[commune]]
    choix = {
        "Code commune": geographie.codes[commune],
        "Code postal": geographie.postaux[commune],
        "Code département": departements,
    }
    return np.select([types == nom for nom in choix], list(choix.values()), "11")
