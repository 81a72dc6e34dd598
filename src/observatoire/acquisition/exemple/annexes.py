"""Les petites sources : marchés des grands projets et structures de l'insertion et du handicap."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from observatoire.acquisition.exemple import calibration as cible
from observatoire.acquisition.exemple.acteurs import GENRES
from observatoire.acquisition.exemple.calendrier import ecrire_jours, jour
from observatoire.acquisition.exemple.defauts import siret_espace, siret_faux
from observatoire.acquisition.exemple.geographie import CODES_DEPARTEMENTS
from observatoire.acquisition.exemple.tirages import generateur

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from observatoire.acquisition.exemple.region import Bloc, Region
    from observatoire.config import Source

    Valeur = str | float | None

_GRANDS_PROJETS, _STRUCTURES = 5, 6
DEFAUTS_GRANDS_PROJETS = {
    "acheteur_siret_espaces": "SIRET de maître d'ouvrage écrit avec des espaces",
    "reference_autrement": "Référence écrite sans tiret, autrement que dans les données essentielles",
    "heures_totales_vides": "Heures travaillées totales non transmises",
}
DEFAUTS_STRUCTURES = {
    "siret_faux": "SIRET à la clé de Luhn fausse",
    "siret_espaces": "SIRET écrit avec des espaces",
    "lignes_en_double": "Structure publiée deux fois",
    "commune_en_toutes_lettres": "Nom de la commune à la place de son code",
}


_DEFAUTS_GRANDS_PROJETS: dict[str, tuple[float, str, Callable[[Any], Valeur]]] = {
    "acheteur_siret_espaces": (0.03, "acheteur_id", siret_espace),
    "reference_autrement": (0.20, "marche_reference", lambda reference: reference.replace("-", "")),
    "heures_totales_vides": (0.05, "heures_totales", lambda _heures: None),
}


def lignes_grands_projets(
    region: Region, bloc: Bloc, source: Source, nombres: Counter[str]
) -> Iterator[tuple[Valeur, ...]]:
    """Rend les lignes du classeur, dans l'ordre de ses colonnes : un marché de grand projet par ligne."""
    rng = generateur(region.graine, _GRANDS_PROJETS, bloc.numero)
    clauses = bloc.clauses
    suivies = clauses.loc[(clauses["programme"] >= 0) & (clauses["fin"] >= region.fenetre.debut)]
    heures = suivies.groupby("marche")["heures_engagees"].sum()
    marches = bloc.marches.iloc[heures.index]
    obligation = np.where(marches["notification"] < jour(cible.DEBUT_OBLIGATION_10), *cible.OBLIGATION_PCT)
    programmes = [cible.PROGRAMMES[rang] for rang in marches["programme"]]
    sirets = [region.acteurs.maitres_ouvrage[programme.maitre_ouvrage] for programme in programmes]
    notifie = ecrire_jours(marches["notification"].to_numpy(), source.lecture["date"])
    colonnes: dict[str, list[Any]] = {
        "maitre_ouvrage": [programme.maitre_ouvrage for programme in programmes],
        "acheteur_id": sirets,
        "programme": [programme.libelle for programme in programmes],
        "marche_reference": marches["reference"].tolist(),
        "objet": marches["objet"].tolist(),
        "date_notification": notifie.tolist(),
        "obligation_pct": obligation.tolist(),
        "pme_pct": rng.integers(12, 36, size=len(marches)).tolist(),
        "heures_engagees": heures.tolist(),
        "montant": marches["montant"].round(2).tolist(),
        "heures_totales": (heures.to_numpy() * 100 / obligation).round().tolist(),
    }
    for defaut, (part, nom, alterer) in _DEFAUTS_GRANDS_PROJETS.items():
        choisis = np.flatnonzero(rng.random(len(marches)) < part).tolist()
        nombres[defaut] += len(choisis)
        for rang in choisis:
            colonnes[nom][rang] = alterer(colonnes[nom][rang])
    return zip(*(colonnes[nom] for nom in source.colonnes), strict=True)


def ecrire_structures(region: Region, chemin: Path, source: Source) -> Counter[str]:
    """Écrit le fichier des structures et rend le nombre de défauts plantés."""
    rng = generateur(region.graine, _STRUCTURES)
    employeurs = region.acteurs.employeurs
    genres = np.array(GENRES, dtype=object)[employeurs["genre"]]
    publies = employeurs.loc[np.isin(genres, cible.GENRES_PUBLIES)]
    communes = publies["commune"].to_numpy()
    colonnes = {
        "siret": publies["siret"].tolist(),
        "genre": genres[publies.index].tolist(),
        "nom": publies["nom"].tolist(),
        "commune": region.geographie.codes[communes].tolist(),
        "departement": [CODES_DEPARTEMENTS[rang] for rang in publies["departement"]],
    }
    lignes = [dict(zip(colonnes, valeurs, strict=True)) for valeurs in zip(*colonnes.values(), strict=True)]
    tires = rng.permutation(len(lignes))
    faux, espaces, doubles, lettres = np.split(tires, np.cumsum(cible.DEFAUTS_STRUCTURES))[:4]
    for rang in faux:
        lignes[rang]["siret"] = siret_faux(lignes[rang]["siret"])
    for rang in espaces:
        lignes[rang]["siret"] = siret_espace(lignes[rang]["siret"])
    for rang in lettres:
        lignes[rang]["commune"] = region.geographie.noms[communes[rang]]
    lignes += [lignes[rang] for rang in doubles]
    with chemin.open("w", encoding=source.lecture["encodage"], newline="") as flux:
        sortie = csv.writer(flux, delimiter=source.lecture["separateur"], lineterminator="\n")
        sortie.writerow(source.colonnes.values())
        sortie.writerows([ligne[nom] for nom in source.colonnes] for ligne in lignes)
    return Counter(dict(zip(DEFAUTS_STRUCTURES, cible.DEFAUTS_STRUCTURES, strict=True)))
