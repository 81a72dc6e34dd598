"""Les relations que l'attaquant connaît entre cellules, d'après le catalogue et la géographie publique."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from observatoire.indicateurs.audit.presences import relations_additives, relations_distinctes
from observatoire.indicateurs.audit.systeme import LIBRE, POSITIF, Assemblage
from observatoire.perimetre import Periode
from observatoire.referentiel import ENSEMBLE, NON_RENSEIGNE, ventilations

if TYPE_CHECKING:
    from observatoire.indicateurs.audit.geographie import Decoupage, Geographie
    from observatoire.indicateurs.audit.grille import Bloc, Grille

# Au même endroit, dans la même période : (le plus petit, le plus grand, certain). Deux contrats d'une
# demi-heure font une présence et aucun contrat actif : ce qui compte des contrats n'est que présumé.
_ORDRES = (
    ("beneficiaires_sur_place", "contrats_actifs", False),
    ("contrats_actifs", "missions", False),
    ("beneficiaires_sur_place", "heures_realisees", True),
    ("contrats_actifs", "heures_realisees", True),
    ("missions", "heures_realisees", True),
    ("entrees", "beneficiaires", True),
)
_SUR_PLACE, _RESIDENTS = "beneficiaires_sur_place", "beneficiaires"
_HABITE, _RESIDENCE = "habite_le_territoire", "departement_residence"


def relier(
    assemblage: Assemblage, grille: Grille, geographie: Geographie, heures_par_mois: float
) -> Assemblage:
    """Ajoute toutes les relations entre les cellules de la grille."""
    for bloc in grille.blocs.values():
        _territoires(assemblage, bloc, geographie)
        _periodes(assemblage, bloc)
        _modalites(assemblage, bloc, grille)
    _mesures(assemblage, grille, heures_par_mois)
    _residences(assemblage, grille, geographie)
    return assemblage


def _territoires(assemblage: Assemblage, bloc: Bloc, geographie: Geographie) -> None:
    for decoupage in geographie.decoupages:
        if bloc.ventilation == _HABITE:
            # « Habite le territoire » change de sens d'un territoire à l'autre : seul « oui » se transmet.
            _emboiter(assemblage, bloc, decoupage, [m for m in bloc.modalites if m == "OUI"])
        elif "territoire" in bloc.nature.additif:
            _additionner(assemblage, bloc, decoupage)
        else:
            _emboiter(assemblage, bloc, decoupage, list(bloc.modalites))
            _reunir(assemblage, bloc, decoupage)


def _additionner(assemblage: Assemblage, bloc: Bloc, decoupage: Decoupage) -> None:
    # Une personne n'est rattachée à la région que par son département.
    sans_reste = bloc.nature.residence and decoupage.tout.startswith("reg:")
    noms = [
        decoupage.tout,
        *decoupage.parties,
        *([decoupage.reste] if decoupage.reste and not sans_reste else []),
    ]
    coefficients = [1.0] + [-1.0] * (len(noms) - 1)
    certaines = (0.0, 0.0) if decoupage.certain else POSITIF
    assemblage.ajouter(bloc.sur(1, noms), coefficients, certaines, (0.0, 0.0))


def _emboiter(assemblage: Assemblage, bloc: Bloc, decoupage: Decoupage, modalites: list[str]) -> None:
    for partie in (*decoupage.parties, decoupage.reste):
        if partie and modalites:
            paires = bloc.en(modalites, [decoupage.tout, partie], bloc.datees)
            assemblage.ajouter(np.moveaxis(paires, 1, -1).reshape(-1, 2), [1, -1], POSITIF)


def _reunir(assemblage: Assemblage, bloc: Bloc, decoupage: Decoupage) -> None:
    noms = [decoupage.tout, *decoupage.parties, *([decoupage.reste] if decoupage.reste else [])]
    variables = np.moveaxis(bloc.en(None, noms, bloc.datees), 1, -1).reshape(-1, len(noms))
    coefficients = [-1.0] + [1.0] * (len(noms) - 1)
    assemblage.ajouter(variables, coefficients, LIBRE, POSITIF)


def _periodes(assemblage: Assemblage, bloc: Bloc) -> None:
    if "periode" in bloc.nature.additif:
        relations = relations_additives(bloc.datees)
    elif bloc.nature.distinct:
        relations = relations_distinctes(bloc.datees)
    else:
        return
    for relation in relations:
        variables = bloc.sur(2, relation.periodes)
        assemblage.ajouter(variables, relation.coefficients, relation.certaines, relation.presumees)


def _modalites(assemblage: Assemblage, bloc: Bloc, grille: Grille) -> None:
    ensemble = grille.blocs.get((bloc.nature.nom, ENSEMBLE))
    if bloc.ventilation == ENSEMBLE or ensemble is None:
        return
    if "modalite" in bloc.nature.additif and bloc.ventilation not in bloc.nature.multiples:
        _partager(assemblage, ensemble, ENSEMBLE, bloc, list(bloc.modalites))
        _croiser(assemblage, bloc, grille)
        return
    communes = [p for p in bloc.datees if p in ensemble.periodes]
    tout = ensemble.en(periodes=communes).reshape(1, -1)
    parties = bloc.en(periodes=communes).reshape(len(bloc.modalites), tout.size)
    for partie in parties:
        assemblage.ajouter(np.stack([tout[0], partie], axis=1), [1, -1], POSITIF)
    coefficients = [-1.0] + [1.0] * len(parties)
    assemblage.ajouter(np.concatenate([tout, parties]).T, coefficients, LIBRE, POSITIF)


def _croiser(assemblage: Assemblage, bloc: Bloc, grille: Grille) -> None:
    """Chaque marge d'un croisement est une modalité de l'un de ses axes."""
    connue = ventilations().get(bloc.ventilation)
    axes = connue.axes if connue is not None and len(connue.axes) > 1 else ()
    for rang, axe in enumerate(axes):
        if (marge := grille.blocs.get((bloc.nature.nom, axe))) is None:
            continue
        cotes = bloc.modalites.str.split("×").str[rang]
        for modalite in marge.modalites:
            _partager(assemblage, marge, modalite, bloc, list(bloc.modalites[cotes == modalite]))


def _partager(assemblage: Assemblage, tout: Bloc, modalite: str, bloc: Bloc, parties: list[str]) -> None:
    communes = [p for p in bloc.periodes if p in tout.periodes]
    entier = tout.en([modalite], None, communes).reshape(1, -1)
    detail = bloc.en(parties, None, communes).reshape(len(parties), entier.size)
    coefficients = [1.0] + [-1.0] * len(parties)
    assemblage.ajouter(np.concatenate([entier, detail]).T, coefficients)


def _paires(petit: Bloc, grand: Bloc, periodes: list[str], modalites: list[str]) -> np.ndarray:
    colonnes = [bloc.en(modalites, None, periodes).ravel() for bloc in (grand, petit)]
    return np.stack(colonnes, axis=1)


def _mesures(assemblage: Assemblage, grille: Grille, heures_par_mois: float) -> None:
    """Au même endroit : une personne a un contrat, un contrat au moins une heure, et un plafond d'heures."""
    for petit, grand, certain in _ORDRES:
        for bas, haut in _communs(grille, petit, grand):
            paires = _paires(bas, haut, _communes(bas, haut), _partagees(bas, haut))
            assemblage.ajouter(paires, [1, -1], POSITIF if certain else LIBRE, POSITIF)
    for heures, contrats in _communs(grille, "heures_realisees", "missions"):
        for periode in _communes(heures, contrats):
            mois = 3 if Periode.lire(periode).rythme == "trimestre" else 12
            paires = _paires(heures, contrats, [periode], _partagees(heures, contrats))
            assemblage.ajouter(paires, [heures_par_mois * mois, -1], LIBRE, POSITIF)


def _communs(grille: Grille, un: str, autre: str) -> list[tuple[Bloc, Bloc]]:
    """Les blocs de deux indicateurs qui portent la même ventilation."""
    return [
        (bloc, grille.blocs[autre, ventilation])
        for (nom, ventilation), bloc in grille.blocs.items()
        if nom == un and (autre, ventilation) in grille.blocs
    ]


def _communes(un: Bloc, autre: Bloc) -> list[str]:
    return [periode for periode in un.datees if periode in autre.periodes]


def _partagees(un: Bloc, autre: Bloc) -> list[str]:
    return [modalite for modalite in un.modalites if modalite in autre.modalites]


def _residences(assemblage: Assemblage, grille: Grille, geographie: Geographie) -> None:
    """La même population sous plusieurs noms : qui habite ici et y travaille, qui habite là."""
    residence = grille.blocs.get((_SUR_PLACE, _RESIDENCE))
    if residence is None:
        return
    codes = {dep: dep.split(":")[1] for deps in geographie.departements.values() for dep in deps}
    lieux = {dep: code for dep, code in codes.items() if code in residence.modalites}
    if (habite := grille.blocs.get((_SUR_PLACE, _HABITE))) is not None:
        _habitants(assemblage, habite, residence, lieux)
    if (residents := grille.blocs.get((_RESIDENTS, ENSEMBLE))) is not None:
        _residents(assemblage, residents, residence, lieux)


def _habitants(assemblage: Assemblage, habite: Bloc, residence: Bloc, lieux: dict[str, str]) -> None:
    periodes = _communes(habite, residence)
    egaux = [(dep, "OUI", [code]) for dep, code in lieux.items()]
    egaux += [(reg, "OUI", sorted(lieux.values())) for reg in habite.noeuds if reg.startswith("reg:")]
    egaux += [(noeud, NON_RENSEIGNE, [NON_RENSEIGNE]) for noeud in habite.noeuds if ":" in noeud]
    for noeud, modalite, residences in egaux:
        if modalite in habite.modalites and pd.Index(residences).isin(residence.modalites).all():
            un = habite.en([modalite], [noeud], periodes).reshape(1, -1)
            autres = residence.en(residences, [noeud], periodes).reshape(len(residences), un.size)
            assemblage.ajouter(
                np.concatenate([un, autres]).T, [1.0] + [-1.0] * len(residences), LIBRE, (0.0, 0.0)
            )


def _residents(assemblage: Assemblage, residents: Bloc, residence: Bloc, lieux: dict[str, str]) -> None:
    """Qui habite un département et travaille dans la région y est bénéficiaire, et réciproquement."""
    periodes = _communes(residents, residence)
    for region in (noeud for noeud in residence.noeuds if noeud.startswith("reg:")):
        for dep, code in lieux.items():
            paires = np.stack(
                [
                    residents.en(None, [dep], periodes).ravel(),
                    residence.en([code], [region], periodes).ravel(),
                ],
                axis=1,
            )
            assemblage.ajouter(paires, [1, -1], POSITIF, (0.0, 0.0))
