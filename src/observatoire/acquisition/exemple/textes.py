"""Écrire clauses, dossiers, contrats et heures dans les mots et les formats d'un logiciel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from observatoire.acquisition.exemple import calibration as cible
from observatoire.acquisition.exemple import vocabulaire as mots
from observatoire.acquisition.exemple.acteurs import GENRES
from observatoire.acquisition.exemple.calendrier import AUCUN, ecrire_jours, jour, premier_jour
from observatoire.acquisition.exemple.heures import QUARTS
from observatoire.acquisition.exemple.marches import CODES_MODALITES, TYPE_DES_SECTEURS, TYPES
from observatoire.acquisition.exemple.noms import autre_ecriture
from observatoire.acquisition.exemple.personnes import (
    CODES_NIVEAUX,
    CODES_PRESCRIPTEURS,
    CODES_PUBLICS,
    sorties,
)
from observatoire.acquisition.exemple.tirages import Lexique, choisir, rang_dans_groupe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from observatoire.acquisition.exemple.region import Bloc, Region
    from observatoire.acquisition.exemple.tirages import Drapeaux, Entiers, Textes
    from observatoire.config import Source

    Table = dict[str, Textes]

NUMEROS_PAR_BLOC = 1_000_000


@dataclass(frozen=True)
class Redacteur:
    """Le rédacteur d'un bloc pour un logiciel : son vocabulaire, ses formats, son hasard.

    Les colonnes portent nos noms ; celles que l'export ne déclare pas (`seul`, `sous_ccp`,
    `simple`, `detaille`) servent à choisir où planter les défauts et ne sont pas écrites.
    """

    rng: np.random.Generator
    region: Region
    bloc: Bloc
    source: Source

    def clauses(self, clauses: pd.DataFrame, a_un_contrat: Drapeaux) -> Table:
        """Écrit les clauses ; une consultation en cours n'a encore ni notification ni dates."""
        acteurs, fenetre = self.region.acteurs, self.region.fenetre
        age = fenetre.extraction - clauses["notification"].to_numpy()
        prevue = ~a_un_contrat & (age < cible.A_NOTIFIER)
        structure = clauses["structure"].to_numpy()
        ccp = clauses["consultation"].to_numpy() >= jour(mots.DEBUTS_REGIMES[-1])
        return {
            "structure_id": acteurs.structures["siret"].to_numpy(dtype=object)[structure],
            "operation": self._numeros("OP", structure),
            "marche_reference": self._references(clauses["reference"].to_numpy(dtype=object)),
            "lot": clauses["lot"].astype(str).to_numpy(dtype=object),
            "acheteur_id": acheteurs_des(self.region, clauses),
            "titulaire_id": acteurs.employeurs["siret"].to_numpy(dtype=object)[clauses["titulaire"]],
            "objet": clauses["objet"].to_numpy(dtype=object),
            "type_marche": self._mots(
                mots.TYPES_MARCHE[self.source.nom], TYPES, TYPE_DES_SECTEURS[clauses["secteur"]]
            ),
            "modalite": self._modalites(clauses),
            "programme": self._programmes(clauses["programme"].to_numpy()),
            "secteur": np.array([mots.SECTEURS[s.code] for s in cible.SECTEURS], dtype=object)[
                clauses["secteur"]
            ],
            "commune_execution": _arrondissements(self.region.geographie.codes[clauses["commune"]]),
            "statut_clause": self._statuts(clauses, a_un_contrat, prevue),
            "date_consultation": self._dates(clauses["consultation"].to_numpy()),
            "date_notification": self._dates(np.where(prevue, AUCUN, clauses["notification"])),
            "date_debut": self._dates(np.where(prevue, AUCUN, clauses["debut"])),
            "date_fin": self._dates(np.where(prevue, AUCUN, clauses["fin"])),
            "heures_engagees": self._heures((clauses["heures_engagees"] * QUARTS).to_numpy(dtype=np.int64)),
            "sous_ccp": np.where(ccp, "oui", "").astype(object),
        }

    def dossiers(self, premiers: pd.DataFrame, structure: Entiers) -> Table:
        """Écrit un dossier par personne et structure, d'après son premier contrat dans la structure."""
        personnes = self.bloc.personnes.iloc[premiers["personne"]]
        premiere, nombre = self._structures_des_personnes()
        ailleurs = structure != premiere[premiers["personne"]]
        sexes = {code: texte for texte, code in self.source.valeurs["sexe"].items()}
        return {
            "nom": _autrement(personnes["nom"].to_numpy(dtype=object), ailleurs),
            "prenom": _autrement(personnes["prenom"].to_numpy(dtype=object), ailleurs),
            "date_naissance": self._dates(personnes["naissance"].to_numpy()),
            "identifiant": self._numeros("B", structure),
            "nir": personnes["nir"].to_numpy(dtype=object),
            "sexe": np.array([sexes["M"], sexes["F"]], dtype=object)[personnes["femme"].astype(int)],
            "commune_residence": personnes["residence"].to_numpy(dtype=object),
            "qpv": np.array(mots.QPV[self.source.nom], dtype=object)[personnes["qpv"]],
            "qpv_code": _codes_qpv(personnes, premiers["debut"].to_numpy()),
            "niveau_diplome": self._mots(
                mots.NIVEAUX[self.source.nom], CODES_NIVEAUX, personnes["niveau"].to_numpy()
            ),
            "publics": self._publics(personnes["publics"].to_numpy()),
            "prescripteur": self._prescripteurs(
                personnes["prescripteur"].to_numpy(), premiers["debut"].to_numpy()
            ),
            "recent": np.where(_depuis_2024(premiers["debut"].to_numpy()), "oui", "").astype(object),
            "seul": np.where(nombre[premiers["personne"]] == 1, "oui", "").astype(object),
        }

    def contrats(self, contrats: pd.DataFrame, structure: Entiers) -> Table:
        """Écrit les contrats de travail et leur sortie à six mois."""
        employeurs = self.region.acteurs.employeurs
        lexique = mots.TYPES_CONTRAT[self.source.nom]
        codes = tuple(lexique)
        rangs = np.array([codes.index(couple.contrat) for couple in cible.COUPLES])[contrats["couple"]]
        situation, observation = sorties(self.rng, contrats, self.region.fenetre.extraction)
        genres = np.array(GENRES, dtype=object)[employeurs["genre"].to_numpy()[contrats["employeur"]]]
        return {
            "contrat": self._numeros("C", structure),
            "employeur_id": employeurs["siret"].to_numpy(dtype=object)[contrats["employeur"]],
            "type_employeur": self._mots(
                mots.TYPES_EMPLOYEUR, GENRES, employeurs["genre"].to_numpy()[contrats["employeur"]]
            ),
            "type_contrat": self._mots(lexique, codes, rangs),
            "contrat_debut": self._dates(contrats["debut"].to_numpy()),
            "contrat_fin": self._dates(np.where(contrats["sans_fin"], AUCUN, contrats["fin"])),
            "situation_sortie": situation,
            "date_observation": self._dates(observation),
            "jalon": np.where(situation == "", "", mots.JALON).astype(object),
            "mode_realisation": np.array([mots.MODES_REALISATION[genre] for genre in genres], dtype=object),
            "simple": np.where(contrats["double"], "", "oui").astype(object),
        }

    def lignes(self, lignes: pd.DataFrame, vides: int) -> Table:
        """Écrit les heures, puis `vides` lignes blanches pour les clauses encore sans contrat."""
        mois = lignes["mois"].to_numpy()
        detaille = mois != AUCUN
        jours = np.where(detaille, premier_jour(np.where(detaille, mois, 0)), AUCUN)
        textes = {
            "mois": ecrire_jours(jours, self.source.lecture["mois"]),
            "heures": self._heures(lignes["quarts"].to_numpy()),
            "type_heure": np.where(lignes["formation"], "Formation", "Travail").astype(object),
            "date_saisie": self._dates(lignes["saisie"].to_numpy()),
            "detaille": np.where(detaille, "oui", "").astype(object),
        }
        blanc = np.full(vides, "", dtype=object)
        return {nom: np.concatenate([colonne, blanc]) for nom, colonne in textes.items()}

    def _dates(self, jours: Entiers) -> Textes:
        return ecrire_jours(jours, self.source.lecture["date"])

    def _heures(self, quarts: Entiers) -> Textes:
        """Écrit des quarts d'heure : « 151,25 »."""
        distincts, rangs = np.unique(quarts, return_inverse=True)
        decimale = self.source.lecture["decimale"]
        textes = [f"{quart / QUARTS:g}".replace(".", decimale) for quart in distincts.tolist()]
        return np.array(textes, dtype=object)[rangs]

    def _numeros(self, prefixe: str, structure: Entiers) -> Textes:
        """Numérote dans chaque structure : deux structures donnent donc les mêmes numéros."""
        rangs = rang_dans_groupe(structure) + self.bloc.numero * NUMEROS_PAR_BLOC
        return np.array([f"{prefixe}{rang:06d}" for rang in rangs.tolist()], dtype=object)

    def _mots(
        self, lexique: Mapping[str, Mapping[str, float]], codes: Sequence[str], rangs: Entiers
    ) -> Textes:
        return Lexique([lexique[code] for code in codes]).ecrire(self.rng, rangs)

    def _references(self, references: Textes) -> Textes:
        ecritures = choisir(self.rng, _FORMES_REFERENCE.values(), len(references))
        formes = list(_FORMES_REFERENCE)
        textes = [
            formes[rang].format(a=reference[:4], b=reference[5:], c=reference[5:].lower())
            for rang, reference in zip(ecritures.tolist(), references, strict=True)
        ]
        return np.array(textes, dtype=object)

    def _modalites(self, clauses: pd.DataFrame) -> Textes:
        bornes = [jour(debut) for debut in mots.DEBUTS_REGIMES]
        regime = np.searchsorted(bornes, clauses["consultation"].to_numpy(), side="right")
        ecritures = [mots.MODALITES[code][nom] for code in CODES_MODALITES for nom in mots.REGIMES]
        return Lexique(ecritures).ecrire(
            self.rng, clauses["modalite"].to_numpy() * len(mots.REGIMES) + regime
        )

    def _programmes(self, programme: Entiers) -> Textes:
        libelles = np.array([programme.libelle for programme in cible.PROGRAMMES], dtype=object)
        hors = np.array(mots.HORS_GRAND_PROJET, dtype=object)[self.rng.integers(2, size=len(programme))]
        return np.where(programme >= 0, libelles[programme], hors)

    def _statuts(self, clauses: pd.DataFrame, a_un_contrat: Drapeaux, prevue: Drapeaux) -> Textes:
        extraction = self.region.fenetre.extraction
        hasard = self.rng.random(len(clauses))
        cas = [
            prevue,
            clauses["debut"].to_numpy() > extraction,
            hasard < cible.SUSPENDUES,
            ~a_un_contrat & (hasard < cible.SUSPENDUES + cible.ABANDONNEES),
            clauses["fin"].to_numpy() < extraction - cible.A_SOLDER,
        ]
        return np.select(cas, mots.STATUTS, mots.STATUT_COURANT).astype(object)

    def _publics(self, masques: Entiers) -> Textes:
        libelles = mots.PUBLICS[self.source.nom]
        distincts, rangs = np.unique(masques, return_inverse=True)
        separateur = self.source.lecture["separateur_publics"]
        textes = [
            separateur.join(libelles[code] for rang, code in enumerate(CODES_PUBLICS) if masque >> rang & 1)
            for masque in distincts.tolist()
        ]
        return np.array(textes, dtype=object)[rangs]

    def _prescripteurs(self, codes: Entiers, debut: Entiers) -> Textes:
        textes = self._mots(mots.PRESCRIPTEURS, CODES_PRESCRIPTEURS, codes)
        avant = (codes == CODES_PRESCRIPTEURS.index("FT")) & ~_depuis_2024(debut)
        return np.where(avant, mots.POLE_EMPLOI, textes)

    def _structures_des_personnes(self) -> tuple[Entiers, Entiers]:
        """Rend, par personne, sa première structure et le nombre de structures qui la suivent."""
        personne = self.bloc.contrats["personne"].to_numpy()
        structure = self.bloc.clauses["structure"].to_numpy()[self.bloc.contrats["clause"]]
        connues, premiers = np.unique(personne, return_index=True)
        premiere = np.full(len(self.bloc.personnes), -1)
        premiere[connues] = structure[premiers]
        couples = np.unique(personne * 1000 + structure)
        return premiere, np.bincount(couples // 1000, minlength=len(premiere))


_FORMES_REFERENCE = {  # {a} année, {b} numéro, {c} numéro en minuscules
    "{a}-{b}": 55, "{a}{b}": 12, "{a} {b}": 12, "{a}.{b}": 8, "00{a}-{b}": 5, "{a}-{c}": 4, " {a}-{b} ": 4,
}  # fmt: skip


def acheteurs_des(region: Region, marches: pd.DataFrame) -> Textes:
    """Rend le SIRET de l'acheteur de chaque marché : le maître d'ouvrage, pour un grand projet."""
    maitres = [region.acteurs.maitres_ouvrage[programme.maitre_ouvrage] for programme in cible.PROGRAMMES]
    programme = marches["programme"].to_numpy()
    ordinaires = region.acteurs.acheteurs["siret"].to_numpy(dtype=object)[marches["acheteur"]]
    return np.where(programme >= 0, np.array(maitres, dtype=object)[programme], ordinaires)


def _arrondissements(codes: Textes) -> Textes:
    """Écrit une fois sur deux, à Paris, le code d'un arrondissement au lieu de celui de la commune."""
    rangs = np.arange(len(codes))
    arrondissements = np.array([f"751{rang:02}" for rang in range(1, 21)], dtype=object)[rangs // 2 % 20]
    return np.where((codes == "75056") & (rangs % 2 == 1), arrondissements, codes)


def _codes_qpv(personnes: pd.DataFrame, debut: Entiers) -> Textes:
    """Écrit un code de quartier fictif, de la géographie en vigueur à l'entrée ; six fois sur sept."""
    rangs = np.arange(len(personnes))
    departements = personnes["residence"].str.slice(0, 2).to_numpy(dtype=object)
    recents = [f"QN0{dep}{rang % 60 + 1:02}F" for dep, rang in zip(departements, rangs, strict=True)]
    anciens = [f"QP0{dep}{900 + rang % 60}" for dep, rang in zip(departements, rangs, strict=True)]
    connus = (personnes["qpv"].to_numpy() == 1) & (rangs % 7 > 0)
    codes = np.where(_depuis_2024(debut), np.array(recents, dtype=object), np.array(anciens, dtype=object))
    return np.where(connus, codes, "").astype(object)


def _autrement(textes: Textes, ailleurs: Drapeaux) -> Textes:
    ecrits = textes.copy()
    rangs = np.flatnonzero(ailleurs)
    ecrits[rangs] = [autre_ecriture(textes[rang], rang) for rang in rangs.tolist()]
    return ecrits


def _depuis_2024(debut: Entiers) -> Drapeaux:
    return debut >= jour(mots.FRANCE_TRAVAIL_DEPUIS)
