"""Le constat : l'intervalle de chaque cible, les refus, et ce que le rapport de publication en garde."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from observatoire.erreurs import ObservatoireError
from observatoire.indicateurs.audit.attaque import Attaque, Publication
from observatoire.indicateurs.audit.bornes import eprouver
from observatoire.indicateurs.audit.inities import Inities
from observatoire.indicateurs.audit.personnes import INITIE_MAXIMUM, memes_personnes
from observatoire.indicateurs.audit.recherche import Exigences
from observatoire.indicateurs.audit.systeme import INFINI
from observatoire.indicateurs.cellule import CLE, PUBLIE, SECRET
from observatoire.perimetre import Periode

if TYPE_CHECKING:
    from observatoire.indicateurs.audit.geographie import Geographie

EXIGENCES = [*CLE, "bas_maximum", "haut_minimum", "valeur", "effectif"]

DEDUITE = "se recalcule de trop près à partir de ce qui est publié"
PUBLIEE = "est publiée alors qu'elle doit être cachée"
INITIE = "se recalcule exactement par qui connaît une autre cellule cachée"
REVELEE = "a été cachée dans une édition antérieure"
REVISEE = "est révisée de trop peu de personnes depuis une édition antérieure"


class AuditRefuseError(ObservatoireError):
    """Au moins une cellule n'est pas protégée : rien n'est publié. Le message ne dit jamais sa valeur."""

    @classmethod
    def pour(cls, refus: pd.DataFrame) -> Self:
        """Cite les premières cellules refusées."""
        cites = [
            f"{r.indicateur}, {r.territoire}, {r.periode}, {r.ventilation} = {r.modalite} : {r.motif}"
            for r in refus.head(5).itertuples()
        ]
        suite = f" (et {len(refus) - 5} autres)" if len(refus) > 5 else ""
        return cls(
            f"L'audit du secret refuse la publication : {len(refus)} cellule(s) à protéger.\n"
            + "\n".join(cites)
            + suite,
            "Publier moins de tranches dans [publication] d'observatoire.toml (« observatoire secret » dit "
            "ce que coûte chacune), puis reconstruire.",
        )


@dataclass(frozen=True, slots=True)
class Constat:
    """Ce que l'audit a trouvé. Privé : les intervalles encadrent des valeurs cachées.

    Attributes:
        intervalles: une ligne par cible : la clé, `bas`, `haut` et `protegee`. L'intervalle que l'attaquant
            déduit est au moins aussi large.
        refus: une ligne par cellule refusée et motif, sans aucune valeur.
        variables, relations: la taille du système attaqué.
    """

    intervalles: pd.DataFrame
    refus: pd.DataFrame
    variables: int
    relations: int

    def exiger(self) -> Self:
        """Rend le constat s'il ne refuse rien.

        Raises:
            AuditRefuseError: une cellule au moins est refusée.
        """
        if len(self.refus):
            raise AuditRefuseError.pour(self.refus)
        return self

    def amplitudes(self) -> pd.DataFrame:
        """Rend, par niveau, rythme, indicateur et ventilation, les cibles et le plus petit intervalle."""
        groupes = self.intervalles.assign(
            niveau=self.intervalles["territoire"].str.split(":").str[0],
            rythme=[Periode.lire(periode).rythme for periode in self.intervalles["periode"]],
            amplitude=self.intervalles["haut"] - self.intervalles["bas"],
        ).groupby(["niveau", "rythme", "indicateur", "ventilation"], as_index=False, observed=True)
        return groupes.agg(cibles=("amplitude", "size"), amplitude_minimum=("amplitude", "min"))


def auditer(publication: Publication, exigences: pd.DataFrame, seuil_personnes: int = 5) -> Constat:
    """Attaque ce qui va être publié et rend le constat, sans lever de refus (voir `Constat.exiger`).

    Args:
        publication: ce que le lecteur aura sous les yeux.
        exigences: privées, une ligne par cellule sensible : sa clé, `bas_maximum` et `haut_minimum`
            (l'attaquant doit croire possible une valeur au plus égale au premier, une au moins égale au
            second), `valeur` et `effectif` (au plus deux personnes : quelqu'un la connaît).
        seuil_personnes: la plus petite révision admise d'un nombre de personnes.

    Raises:
        ChiffresIncoherentsError: les chiffres publiés se contredisent.
        AuditImpossibleError: le solveur n'a pas conclu.
    """
    attaque = Attaque.dresser(publication)
    cibles = exigences.reset_index(drop=True).astype({"valeur": float, "effectif": float})
    reperes = attaque.grille.reperer(cibles)
    liees = np.flatnonzero(reperes >= 0)
    # Une même cellule ne s'éprouve qu'une fois ; hors de toute relation, rien ne la borne.
    bas, haut = np.zeros(len(cibles)), np.full(len(cibles), INFINI)
    prouvee, initie = np.ones(len(cibles), dtype=bool), np.zeros(len(cibles), dtype=bool)
    preuve = eprouver(
        attaque.systeme,
        Exigences(
            reperes[liees],
            cibles["bas_maximum"].to_numpy(dtype=float)[liees],
            cibles["haut_minimum"].to_numpy(dtype=float)[liees],
        ),
        _inities(cibles.iloc[liees], attaque.geographie),
        attaque.grille.charnieres,
    )
    bas[liees], haut[liees] = preuve.bas, preuve.haut
    prouvee[liees], initie[liees] = preuve.prouvee, preuve.initie
    publiees = _publiees(cibles, publication.valeurs)
    refus = [
        cibles.loc[publiees, CLE].assign(motif=PUBLIEE),
        cibles.loc[~prouvee & ~publiees, CLE].assign(motif=DEDUITE),
        cibles.loc[initie & prouvee & ~publiees, CLE].assign(motif=INITIE),
        *_editions(publication, seuil_personnes),
    ]
    return Constat(
        cibles[CLE].assign(bas=bas, haut=haut, protegee=prouvee & ~publiees & ~initie),
        pd.concat(refus, ignore_index=True),
        len(attaque.systeme.valeurs),
        attaque.systeme.relations,
    )


def _inities(cibles: pd.DataFrame, geographie: Geographie) -> Inities:
    connues = (cibles["effectif"] <= INITIE_MAXIMUM) & (cibles["effectif"] >= 1) & cibles["valeur"].notna()
    rangs = np.flatnonzero(connues)
    valeurs = cibles["valeur"].to_numpy(dtype=float)[rangs]
    return Inities(rangs, valeurs, np.full(len(rangs), 0.005), memes_personnes(cibles, geographie))


def _publiees(cibles: pd.DataFrame, valeurs: pd.DataFrame) -> np.ndarray:
    visibles = pd.MultiIndex.from_frame(valeurs.loc[valeurs["valeur"].notna(), CLE])
    return np.asarray(pd.MultiIndex.from_frame(cibles[CLE]).isin(visibles))


def _editions(publication: Publication, seuil: int) -> list[pd.DataFrame]:
    """Ce que deux éditions disent ensemble d'une même cellule."""
    if publication.anterieures is None:
        return []
    avant = publication.anterieures.merge(publication.valeurs, on=CLE, suffixes=("_avant", ""))
    visible = avant["statut"] == PUBLIE
    revelees = avant.loc[visible & (avant["statut_avant"] == SECRET), CLE]
    personnes = publication.catalogue.loc[
        publication.catalogue["personnes"] & (publication.catalogue["unite"] == "personnes"), "indicateur"
    ]
    ecart = (avant["valeur"] - avant["valeur_avant"]).abs().astype(float)
    fine = ecart.between(0, seuil, inclusive="neither") & avant["indicateur"].isin(personnes)
    revisees = avant.loc[visible & (avant["statut_avant"] == PUBLIE) & fine, CLE]
    return [
        revelees.drop_duplicates().assign(motif=REVELEE),
        revisees.drop_duplicates().assign(motif=REVISEE),
    ]
