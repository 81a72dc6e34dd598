"""Les parcours : quand une personne entre en clause, sur quel marché, avec quels contrats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from observatoire.acquisition.exemple import calibration as cible
from observatoire.acquisition.exemple.acteurs import GENRES, REGION
from observatoire.acquisition.exemple.calendrier import JOURS_PAR_MOIS, mois_de, premier_jour
from observatoire.acquisition.exemple.marches import GRAND_PROJET_DES_SECTEURS
from observatoire.acquisition.exemple.tirages import (
    caler,
    choisir,
    echanger,
    etaler,
    log_normale,
)

if TYPE_CHECKING:
    from observatoire.acquisition.exemple.acteurs import Acteurs
    from observatoire.acquisition.exemple.calendrier import Fenetre
    from observatoire.acquisition.exemple.tirages import Entiers, Reels

_SUITE = np.array([couple.suite for couple in cible.COUPLES])
_MOIS = np.array([couple.mois for couple in cible.COUPLES])
_DISPERSIONS = np.array([couple.dispersion for couple in cible.COUPLES])
_RYTHMES = np.array([couple.heures_par_mois for couple in cible.COUPLES])
_GENRE = np.array([GENRES.index(couple.employeur) for couple in cible.COUPLES])
_SANS_FIN = np.array([couple.contrat in cible.SANS_FIN for couple in cible.COUPLES])
_CONTRATS_PAR_PARCOURS = np.where(
    _SUITE, sum(cible.ENCHAINEMENT**rang for rang in range(cible.CONTRATS_MAXIMUM)), 1.0
)
_SAISON_MOYENNE = (12 - len(cible.SAISON) + sum(cible.SAISON.values())) / 12
HEURES_PAR_PARCOURS = _MOIS * _RYTHMES * _CONTRATS_PAR_PARCOURS * _SAISON_MOYENNE
_HEURES_PAR_CLASSE = np.array(
    [
        [c.heures - c.insertion - c.handicap for c in cible.COUPLES],
        [c.insertion for c in cible.COUPLES],
        [c.handicap for c in cible.COUPLES],
    ]
)
_ENTREES_PAR_CLASSE = _HEURES_PAR_CLASSE / HEURES_PAR_PARCOURS
_HEURES_PAR_ENTREE = _HEURES_PAR_CLASSE.sum(axis=1) / _ENTREES_PAR_CLASSE.sum(axis=1)
DOUBLE = cible.COUPLES.index(next(c for c in cible.COUPLES if (c.contrat, c.employeur) == ("CDD", "EC")))


def tirer_entrees(
    rng: np.random.Generator, clauses: pd.DataFrame, fenetre: Fenetre, echelle: float
) -> tuple[pd.DataFrame, Reels]:
    """Rend les entrées en clause (jour, clause, couple) et les heures attendues de chaque clause.

    Mois par mois, les clauses en cours se partagent les entrées selon leur poids, calé sur les parts
    publiées par département, par secteur et grand projet, par modalité et par logiciel.
    """
    mois = np.arange(fenetre.premier - cible.ANCIENNETE_DES_CONTRATS, fenetre.dernier + 1)
    annee = mois / 12 + 1970
    heures = (
        cible.HEURES_PAR_AN
        / 12
        * echelle
        / (1 - cible.PERTES)
        * (1 + cible.CROISSANCE_ANNUELLE * (annee - cible.ANNEE_DE_REFERENCE - 0.5))
    )
    premiers, derniers = mois_de(clauses["debut"].to_numpy()), mois_de(clauses["fin"].to_numpy())
    par_entree, classes = _heures_par_entree(clauses), clauses["classe"].to_numpy()
    attendues = np.zeros(len(clauses))
    tirees, couples, jours = [], [], []
    for ce_mois, a_faire in zip(mois.tolist(), heures, strict=True):
        actives = np.flatnonzero((premiers <= ce_mois) & (ce_mois <= derniers))
        parts = _parts_des_heures(clauses.iloc[actives], ce_mois // 12 + 1970)
        attendues[actives] += parts * a_faire
        nombre = int(etaler(rng, np.array([(parts / par_entree[actives]).sum() * a_faire]))[0])
        clause = actives[choisir(rng, parts / par_entree[actives], nombre)]
        tirees.append(clause)
        couples.append(_couples(rng, classes[clause]))
        jours.append(rng.integers(0, 28, size=nombre) + int(premier_jour(np.array(ce_mois))))
    entrees = pd.DataFrame(
        {nom: np.concatenate(v) for nom, v in (("jour", jours), ("clause", tirees), ("couple", couples))}
    )
    simules = np.maximum(np.minimum(derniers, mois[-1]) - np.maximum(premiers, mois[0]) + 1, 1)
    return entrees, attendues * (derniers - premiers + 1) / simules


def tirer_contrats(
    rng: np.random.Generator,
    entrees: pd.DataFrame,
    clauses: pd.DataFrame,
    acteurs: Acteurs,
    part_suivies: float,
) -> pd.DataFrame:
    """Rend les contrats de travail de chaque personne, sans chevauchement.

    Une part des personnes change de structure porteuse au second contrat : deux logiciels la suivront
    sous deux identifiants.
    """
    nombres = _nombres_de_contrats(rng, entrees["couple"].to_numpy())
    personne = np.repeat(np.arange(len(entrees)), nombres)
    rang = np.arange(len(personne)) - np.repeat(np.cumsum(nombres) - nombres, nombres)
    contrats = entrees.iloc[personne].reset_index(drop=True).assign(personne=personne, rang=rang)
    couple = contrats["couple"].to_numpy()
    grand_projet = clauses["programme"].to_numpy()[contrats["clause"]] >= 0
    mois = log_normale(rng, _MOIS[couple], _DISPERSIONS[couple])
    mois *= np.where(grand_projet, cible.ALLONGEMENT_GRANDS_PROJETS, 1.0)
    duree = np.clip((mois * JOURS_PAR_MOIS).round().astype(np.int64), *cible.DUREES_EXTREMES)
    attente = (1 + rng.exponential(cible.ENTRE_DEUX_CONTRATS, len(contrats))).astype(np.int64)
    avant = np.cumsum(duree + attente) - duree - attente
    debut = contrats.pop("jour").to_numpy() + avant - np.repeat(avant[rang == 0], nombres)
    contrats = contrats.assign(debut=debut, fin=debut + duree - 1, sans_fin=_SANS_FIN[couple])
    contrats["dernier"] = rang == np.repeat(nombres, nombres) - 1
    contrats["rythme"] = np.clip(
        _RYTHMES[couple] * (1 + cible.DISPERSION_DES_HEURES * rng.standard_normal(len(contrats))),
        *cible.RYTHMES_EXTREMES,
    )
    contrats["retard"] = rng.random(len(contrats))
    deux = (nombres == 2) & (rng.random(len(entrees)) < part_suivies)
    contrats["clause"] = _changer_de_marche(rng, contrats, clauses, deux[personne])
    contrats["employeur"] = _employeurs(rng, contrats, clauses, acteurs)
    return contrats.assign(double=False)


def declarer_deux_fois(
    rng: np.random.Generator, contrats: pd.DataFrame, clauses: pd.DataFrame, part: float
) -> pd.DataFrame:
    """Ajoute des contrats déclarés aussi par le titulaire : leur dernier mois compte deux fois."""
    possibles = np.flatnonzero(~contrats["sans_fin"] & (contrats["fin"] - contrats["debut"] > 20))
    nombre = max(1, round(part * len(contrats)))
    doubles = contrats.iloc[rng.choice(possibles, size=min(nombre, len(possibles)), replace=False)]
    dernier_mois = premier_jour(mois_de(doubles["fin"].to_numpy()))
    copie = doubles.assign(
        debut=np.maximum(doubles["debut"], dernier_mois),
        couple=DOUBLE,
        employeur=clauses["titulaire"].to_numpy()[doubles["clause"]],
        double=True,
        dernier=False,
    )
    return pd.concat([contrats, copie], ignore_index=True)


def dans_la_fenetre(contrats: pd.DataFrame, fenetre: Fenetre) -> pd.DataFrame:
    """Écarte les contrats finis avant la fenêtre ou commencés après elle."""
    dedans = (contrats["fin"] >= fenetre.debut) & (contrats["debut"] <= fenetre.fin)
    return contrats.loc[dedans].reset_index(drop=True)


def prolonger(clauses: pd.DataFrame, contrats: pd.DataFrame) -> pd.DataFrame:
    """Repousse la fin d'une clause jusqu'à celle de son dernier contrat."""
    fin = clauses["fin"].to_numpy().copy()
    np.maximum.at(fin, contrats["clause"].to_numpy(), contrats["fin"].to_numpy())
    return clauses.assign(fin=fin)


def _heures_par_entree(clauses: pd.DataFrame) -> Reels:
    grand_projet = clauses["programme"].to_numpy() >= 0
    allongement = np.where(grand_projet, cible.ALLONGEMENT_GRANDS_PROJETS, 1.0)
    heures: Reels = _HEURES_PAR_ENTREE[clauses["classe"]] * allongement
    return heures


def _parts_des_heures(actives: pd.DataFrame, annee: int) -> Reels:
    grand_projet = (actives["programme"].to_numpy() >= 0).astype(np.int64)
    secteurs = np.array([secteur.heures for secteur in cible.SECTEURS])
    part_gp = cible.GRANDS_PROJETS.get(annee, cible.GRANDS_PROJETS_SINON)
    en_gp = secteurs * GRAND_PROJET_DES_SECTEURS
    en_gp = en_gp * part_gp * secteurs.sum() / en_gp.sum()
    logiciels = np.array([1 - cible.PART_LOGICIEL_B, cible.PART_LOGICIEL_B])
    modalites = np.array([part for part, _ in cible.MODALITES.values()])
    marges = [
        (actives["logiciel"].to_numpy(), logiciels),
        (actives["modalite"].to_numpy(), modalites / modalites.sum()),
        (
            actives["secteur"].to_numpy() * 2 + grand_projet,
            np.column_stack([secteurs - en_gp, en_gp]).ravel() / secteurs.sum(),
        ),
        (
            actives["departement"].to_numpy(),
            np.array(list(cible.DEPARTEMENTS.values())) / sum(cible.DEPARTEMENTS.values()),
        ),
    ]
    return caler(actives["poids"].to_numpy(), marges)


def _couples(rng: np.random.Generator, classe: Entiers) -> Entiers:
    couple = np.empty(len(classe), dtype=np.int64)
    for rang, entrees in enumerate(_ENTREES_PAR_CLASSE):
        concernes = np.flatnonzero(classe == rang)
        couple[concernes] = choisir(rng, entrees, len(concernes))
    return couple


def _nombres_de_contrats(rng: np.random.Generator, couple: Entiers) -> Entiers:
    suite = np.minimum(rng.geometric(1 - cible.ENCHAINEMENT, len(couple)), cible.CONTRATS_MAXIMUM)
    return np.where(_SUITE[couple], suite, 1)


def _changer_de_marche(
    rng: np.random.Generator, contrats: pd.DataFrame, clauses: pd.DataFrame, deux: np.ndarray
) -> Entiers:
    """Échange des clauses entre contrats du même trimestre : même structure, ou ailleurs pour `deux`."""
    clause = contrats["clause"].to_numpy().copy()
    trimestre = mois_de(contrats["debut"].to_numpy()) // 3
    suivant = contrats["rang"].to_numpy() > 0
    nature = trimestre * len(cible.CLASSES) + clauses["classe"].to_numpy()[clause]
    ailleurs = np.flatnonzero(suivant & deux)
    clause[ailleurs] = echanger(rng, clause[ailleurs], nature[ailleurs])
    change = suivant & ~deux & (rng.random(len(contrats)) < cible.CHANGE_DE_MARCHE)
    ici = np.flatnonzero(change)
    structure = clauses["structure"].to_numpy()[clause]
    clause[ici] = echanger(rng, clause[ici], nature[ici] * 1000 + structure[ici])
    return clause


def _employeurs(
    rng: np.random.Generator, contrats: pd.DataFrame, clauses: pd.DataFrame, acteurs: Acteurs
) -> Entiers:
    """Tire l'employeur : le titulaire s'il est du bon genre, sinon un établissement du département.

    Hors embauche par l'entreprise, une personne garde son employeur d'un contrat à l'autre.
    """
    clause = contrats["clause"].to_numpy()
    genre = _GENRE[contrats["couple"]]
    departement = clauses["departement"].to_numpy()[clause]
    tires = acteurs.tirage_employeurs().tirer(rng, genre * REGION + departement)
    premier = np.maximum.accumulate(np.where(contrats["rang"] == 0, np.arange(len(contrats)), 0))
    tires = np.where(genre == GENRES.index("EC"), tires, tires[premier])
    titulaire = clauses["titulaire"].to_numpy()[clause]
    meme_genre = acteurs.employeurs["genre"].to_numpy()[titulaire] == genre
    direct = meme_genre & (rng.random(len(contrats)) < cible.EMBAUCHE_PAR_LE_TITULAIRE)
    return np.where(direct, titulaire, tires)
