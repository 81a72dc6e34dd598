"""Les marchés qui portent une clause, leurs lots et leurs clauses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from observatoire.acquisition.exemple import calibration as cible
from observatoire.acquisition.exemple.acteurs import GENRES, REGION
from observatoire.acquisition.exemple.calendrier import JOURS_PAR_MOIS, jour, premier_jour
from observatoire.acquisition.exemple.geographie import CODES_DEPARTEMENTS
from observatoire.acquisition.exemple.tirages import Lexique, TirageParGroupe, choisir, log_normale

if TYPE_CHECKING:
    from observatoire.acquisition.exemple.acteurs import Acteurs
    from observatoire.acquisition.exemple.calendrier import Fenetre
    from observatoire.acquisition.exemple.geographie import Geographie
    from observatoire.acquisition.exemple.tirages import Entiers, Reels

CODES_MODALITES = tuple(cible.MODALITES)
CLASSE_DES_MODALITES = np.array([cible.CLASSES.index(classe) for _, classe in cible.MODALITES.values()])
TYPES = tuple(dict.fromkeys(secteur.type_marche for secteur in cible.SECTEURS))
TYPE_DES_SECTEURS = np.array([TYPES.index(secteur.type_marche) for secteur in cible.SECTEURS])
GRAND_PROJET_DES_SECTEURS = np.array([cible.GRANDS_PROJETS_SELON_TYPE[s.type_marche] for s in cible.SECTEURS])
MARCHES_PAR_BLOC = 50_000  # écart entre les numéros de deux blocs


def tirer_marches(
    rng: np.random.Generator,
    fenetre: Fenetre,
    acteurs: Acteurs,
    geographie: Geographie,
    echelle: float,
    bloc: int,
) -> pd.DataFrame:
    """Rend une ligne par marché : ses dates, son acheteur, son secteur, sa modalité, son lieu.

    Les notifications commencent bien avant la fenêtre : la région part d'un stock de marchés établi.
    """
    debut = int(premier_jour(np.array(fenetre.premier - cible.ANCIENNETE_DES_MARCHES)))
    annees = fenetre.annees + cible.ANCIENNETE_DES_MARCHES / 12
    nombre = max(60, round(cible.MARCHES_PAR_AN * echelle * annees))
    notification = np.sort(rng.integers(debut, fenetre.extraction - 5, size=nombre))
    departement = choisir(rng, cible.DEPARTEMENTS.values(), nombre)
    secteur = choisir(rng, (s.heures for s in cible.SECTEURS), nombre)
    programme = _programmes(rng, secteur, departement, notification)
    marches = pd.DataFrame(
        {
            "numero": np.arange(nombre) + 1 + bloc * MARCHES_PAR_BLOC,
            "departement": departement,
            "secteur": secteur,
            "programme": programme,
            "modalite": _modalites(rng, secteur),
            "commune": geographie.tirer(rng, departement),
            "structure": TirageParGroupe(
                acteurs.structures["departement"].to_numpy(), np.ones(len(acteurs.structures)), REGION
            ).tirer(rng, departement),
            "acheteur": _acheteurs(rng, acteurs, departement),
            "notification": notification,
            "consultation": notification - rng.integers(60, 240, size=nombre),
            "montant": _montants(rng, programme),
        }
    )
    marches["objet"] = _objets(rng, marches, geographie)
    marches["reference"] = _references(marches)
    return _avec_duree(rng, marches, fenetre)


def tirer_clauses(rng: np.random.Generator, marches: pd.DataFrame, acteurs: Acteurs) -> pd.DataFrame:
    """Rend une ligne par lot portant une clause ; `marche` est le rang du marché."""
    nombres = np.array(list(cible.LOTS))[choisir(rng, cible.LOTS.values(), len(marches))]
    marche = np.repeat(np.arange(len(marches)), nombres)
    lot = np.arange(len(marche)) - np.repeat(np.cumsum(nombres) - nombres, nombres) + 1
    clauses = marches.iloc[marche].reset_index(drop=True)
    grand_projet = clauses["programme"].to_numpy() >= 0
    poids = np.exp(cible.DISPERSION_DES_POIDS * rng.standard_normal(len(clauses)))
    return clauses.assign(
        marche=marche,
        lot=lot,
        poids=poids * np.where(grand_projet, cible.POIDS_GRAND_PROJET, 1.0),
        titulaire=_titulaires(rng, clauses, acteurs),
        logiciel=acteurs.structures["logiciel"].to_numpy()[clauses["structure"]],
        classe=CLASSE_DES_MODALITES[clauses["modalite"]],
    )


def _programmes(
    rng: np.random.Generator, secteur: Entiers, departement: Entiers, notification: Entiers
) -> Entiers:
    """Tire le grand projet de chaque marché, -1 s'il n'en relève pas."""
    parts = np.array([s.heures for s in cible.SECTEURS])
    relatif = GRAND_PROJET_DES_SECTEURS * parts.sum() / (GRAND_PROJET_DES_SECTEURS * parts).sum()
    retenu = rng.random(len(secteur)) < cible.PART_MARCHES_GRANDS_PROJETS * relatif[secteur]
    limite = jour(min(programme.derniere_notification for programme in cible.PROGRAMMES))
    rangs = {}
    for apres in (False, True):
        for code in CODES_DEPARTEMENTS:
            rangs[apres, code] = {
                str(rang): programme.departements[code]
                for rang, programme in enumerate(cible.PROGRAMMES)
                if code in programme.departements
                and not (apres and jour(programme.derniere_notification) <= limite)
            }
    groupe = (notification > limite) * REGION + departement
    tires = Lexique(list(rangs.values())).ecrire(rng, groupe).astype(np.int64)
    return np.where(retenu, tires, -1)


def _modalites(rng: np.random.Generator, secteur: Entiers) -> Entiers:
    """Tire la modalité ; réserver un marché ou acheter de l'insertion ne se fait que dans les services."""
    services = TYPE_DES_SECTEURS[secteur] == TYPES.index("S")
    parts = np.array([part for part, _ in cible.MODALITES.values()])
    part_services = sum(s.heures for s in cible.SECTEURS if s.type_marche == "S") / 100
    en_services = np.where(CLASSE_DES_MODALITES > 0, parts / part_services, parts)
    ailleurs = np.where(CLASSE_DES_MODALITES > 0, 0, parts)
    return np.where(services, choisir(rng, en_services, len(secteur)), choisir(rng, ailleurs, len(secteur)))


def _acheteurs(rng: np.random.Generator, acteurs: Acteurs, departement: Entiers) -> Entiers:
    regional = rng.random(len(departement)) < cible.ACHETEURS_REGIONAUX
    tirage = TirageParGroupe(
        acteurs.acheteurs["departement"].to_numpy(), np.ones(len(acteurs.acheteurs)), REGION + 1
    )
    return tirage.tirer(rng, np.where(regional, REGION, departement))


def _montants(rng: np.random.Generator, programme: Entiers) -> Reels:
    median = cible.MONTANT_MEDIAN * np.where(programme >= 0, cible.MONTANT_GRAND_PROJET, 1)
    montants: Reels = median * np.exp(cible.DISPERSION_DES_MONTANTS * rng.standard_normal(len(programme)))
    return montants


def _titulaires(rng: np.random.Generator, clauses: pd.DataFrame, acteurs: Acteurs) -> Entiers:
    """Tire le titulaire : une entreprise, ou une structure là où le marché lui est réservé."""
    genre = np.full(len(clauses), GENRES.index("EC"))
    classe = CLASSE_DES_MODALITES[clauses["modalite"]]
    for nom, genres in cible.TITULAIRES_RESERVES.items():
        possibles = np.array([GENRES.index(g) for g in genres])
        tires = possibles[rng.integers(len(possibles), size=len(clauses))]
        genre = np.where(classe == cible.CLASSES.index(nom), tires, genre)
    return acteurs.tirage_employeurs().tirer(rng, genre * REGION + clauses["departement"].to_numpy())


def _objets(rng: np.random.Generator, marches: pd.DataFrame, geographie: Geographie) -> list[str]:
    lexique = Lexique([dict.fromkeys(secteur.objets, 1) for secteur in cible.SECTEURS])
    textes = lexique.ecrire(rng, marches["secteur"].to_numpy())
    communes = geographie.noms[marches["commune"]]
    return [f"{texte}, {commune}" for texte, commune in zip(textes, communes, strict=True)]


def _references(marches: pd.DataFrame) -> list[str]:
    annees = marches["notification"].to_numpy().astype("datetime64[D]").astype("datetime64[Y]").astype(int)
    lettres = np.array(TYPES)[TYPE_DES_SECTEURS[marches["secteur"]]]
    return [
        f"{annee + 1970}-{lettre}{numero:05d}"
        for annee, lettre, numero in zip(annees, lettres, marches["numero"], strict=True)
    ]


def _avec_duree(rng: np.random.Generator, marches: pd.DataFrame, fenetre: Fenetre) -> pd.DataFrame:
    grand_projet = marches["programme"].to_numpy() >= 0
    (moyenne, ecart), (moyenne_gp, ecart_gp) = cible.DUREE_MARCHE_MOIS, cible.DUREE_GRAND_PROJET_MOIS
    mois = log_normale(
        rng, np.where(grand_projet, moyenne_gp, moyenne), np.where(grand_projet, ecart_gp, ecart)
    )
    debut = marches["notification"].to_numpy() + rng.integers(10, 60, size=len(marches))
    fin = debut + (np.clip(mois, 2, 60) * JOURS_PAR_MOIS).astype(np.int64)
    termes = np.array([jour(programme.fin) for programme in cible.PROGRAMMES] + [fenetre.extraction + 3650])
    return marches.assign(
        debut=debut, fin=np.maximum(np.minimum(fin, termes[marches["programme"]]), debut + 30)
    )
