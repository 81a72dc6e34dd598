"""Diffuser une édition : vérifier qu'elle ne dément ni ne dévoile les précédentes, puis l'inscrire."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from observatoire.erreurs import PublicationError
from observatoire.indicateurs.cellule import CLE, SECRET
from observatoire.indicateurs.diffusions.chaine import CELLULES, Registre, seul_a_diffuser
from observatoire.indicateurs.diffusions.photographies import photographier
from observatoire.indicateurs.diffusions.revisions import ECART_NUL, ouverte
from observatoire.indicateurs.registre import REGISTRE
from observatoire.magasin import Magasin
from observatoire.perimetre import Periode
from observatoire.referentiel import ventilations

if TYPE_CHECKING:
    import datetime as dt

    from observatoire.config import Config
from observatoire.indicateurs.diffusions.chaine import Inscription

DOSSIER = "registre"
_RECONSTRUIRE = "Lancer « observatoire construire » avec ce registre, puis diffuser."


class DiffusionError(PublicationError):
    """Une édition contredit ce qui a déjà été diffusé : rien n'est inscrit."""


def diffuser(config: Config, edition: Periode, jour: dt.date, *, erratum: str = "") -> Inscription | None:
    """Inscrit au registre ce que `indicateurs/valeurs` dit de nouveau, et rend la ligne inscrite.

    Diffuser deux fois la même chose ne fait rien (None) ; une autre édition de la même période prend le
    rang suivant, e2, et n'efface pas la première.

    Args:
        config: le dossier de travail ; le registre est dans `registre/`.
        edition: un trimestre, ou une année pour l'édition annuelle.
        jour: le jour de la diffusion.
        erratum: la faute corrigée ; lève le calendrier des révisions, jamais le secret.

    Raises:
        PublicationError: période glissante, sans données, ou jour antérieur à la dernière édition.
        DiffusionError: une cellule cachée serait dévoilée, une cellule publiée serait cachée, une valeur
            changerait hors du calendrier ou pour trop peu de personnes.
        RegistreError: le registre ne se vérifie pas.
    """
    dossier = config.racine / DOSSIER
    valeurs = Magasin(config.processed).lire("indicateurs/valeurs")[CELLULES.noms]
    with seul_a_diffuser(dossier):
        registre = Registre.ouvrir(dossier)
        _verifier_demande(registre, valeurs, edition, jour)
        nouvelles = _nouvelles(registre, valeurs[_retenues(valeurs, edition)])
        if not registre.vide:
            _verifier(config, registre, nouvelles, edition, jour, erratum)
        if nouvelles.empty:
            return None
        suivant = registre.ajouter(
            nom_de(registre, edition),
            nouvelles[CELLULES.noms],
            jour=jour.isoformat(),
            politique=_politique(config),
            raison=erratum,
        )
        photographier(config, suivant.inscriptions[-1].edition)
    return suivant.inscriptions[-1]


def nom_de(registre: Registre, edition: Periode) -> str:
    """Le nom que prendra l'édition d'une période : `2026-T3-e2` si elle a déjà paru une fois."""
    rang = 1 + sum(i.edition.rpartition("-e")[0] == str(edition) for i in registre.inscriptions)
    return f"{edition}-e{rang}"


def du_champ(periode: Periode, edition: Periode) -> bool:
    """Dit si une édition diffuse une période.

    Une édition trimestrielle diffuse son trimestre et les quatre qu'il achève ; l'année attend l'édition
    annuelle. Ce qui précède en est aussi : la première édition reprend l'historique.

    >>> edition = Periode.lire("2026-T4")
    >>> [du_champ(Periode.lire(p), edition) for p in ("2026-T4", "2026-T3-4T", "2026", "2025")]
    [True, True, False, True]
    """
    if periode.rythme == "annee":
        return periode.annee < edition.annee or periode == edition
    return periode.fin <= edition.fin


def _retenues(valeurs: pd.DataFrame, edition: Periode) -> pd.Series[bool]:
    dedans = {texte: du_champ(Periode.lire(texte), edition) for texte in valeurs["periode"].unique()}
    return valeurs["periode"].map(dedans).astype(bool)


def _verifier_demande(registre: Registre, valeurs: pd.DataFrame, edition: Periode, jour: dt.date) -> None:
    if edition.glissante:
        raise PublicationError(
            f"« {edition} » n'est pas une édition.", f"Diffuser le trimestre : {str(edition)[:-3]}."
        )
    if str(edition) not in set(valeurs["periode"]):
        raise PublicationError(
            f"Les indicateurs ne couvrent pas {edition}.", "Importer ses données, puis reconstruire."
        )
    secretes = valeurs["statut"] == SECRET
    _refuser(valeurs[secretes & valeurs["valeur"].notna()], "secrète(s) mais chiffrée(s)", _RECONSTRUIRE)
    if not registre.vide and jour.isoformat() < registre.inscriptions[-1].date:
        raise PublicationError(
            f"La dernière édition est du {registre.inscriptions[-1].date}, après le {jour}.",
            "Corriger --date.",
        )


def _nouvelles(registre: Registre, valeurs: pd.DataFrame) -> pd.DataFrame:
    """Les cellules jamais diffusées, ou qui disent autre chose ; avec ce que le lecteur en connaît."""
    connues = registre.connues.rename(columns={"statut": "avant"})
    table = valeurs.merge(connues, how="left", on=CLE, validate="one_to_one")
    change = (table["valeur"] - table["diffusee"]).abs() > ECART_NUL
    autre = (table["statut"] != table["avant"]).fillna(value=True)
    return table[autre | change.fillna(value=False)].reset_index(drop=True)


def _verifier(
    config: Config, registre: Registre, nouvelles: pd.DataFrame, edition: Periode, jour: dt.date, erratum: str
) -> None:
    """La porte : ce que `figer` a préparé, relu sur les seules cellules publiées."""
    _refuser(
        nouvelles[nouvelles["avant"] == SECRET],
        "diffusée(s) secrète(s), qui le reste(nt) pour la même période",
        _RECONSTRUIRE,
    )
    if not erratum:
        _refuser(
            nouvelles[(nouvelles["statut"] == SECRET) & nouvelles["diffusee"].notna()],
            "déjà publiée(s), que le lecteur connaît : la (les) cacher demande un erratum",
            'Ajouter --erratum "raison", ou reconstruire.',
        )
    # un rapport suit ses termes, vérifiés par ailleurs
    revisees = nouvelles.dropna(subset=["valeur", "diffusee"]).loc[
        lambda t: t["indicateur"].isin(list(REGISTRE))
    ]
    figees = ~ouverte(revisees, registre, edition, erratum=bool(erratum))
    _refuser(revisees[figees], f"que l'édition {edition} ne révise pas", _RECONSTRUIRE)
    _refuser(
        revisees[_de_trop_peu(config, revisees, jour)],
        "dont la révision repose sur trop peu de personnes",
        _RECONSTRUIRE,
    )


def _de_trop_peu(config: Config, table: pd.DataFrame, jour: dt.date) -> pd.Series[bool]:
    """Marque les comptes dont la différence, depuis la dernière ou la première valeur, est sous le seuil.

    Derrière des heures, les personnes et les employeurs ne se lisent pas dans ce qui est imprimé : la
    construction les a comptés (`indicateurs.revision`).
    """
    comptes = [nom for nom, i in REGISTRE.items() if i.personnes and i.unite in ("personnes", "contrats")]
    seuils = _seuils(config, table, jour)
    trop_peu = pd.Series(data=False, index=table.index)
    for avant in ("diffusee", "origine"):
        ecart = (table["valeur"] - table[avant]).abs().astype(float)
        trop_peu |= (ecart > ECART_NUL) & (ecart < seuils - ECART_NUL)
    return trop_peu & table["indicateur"].isin(comptes)


def _seuils(config: Config, table: pd.DataFrame, jour: dt.date) -> pd.Series[int]:
    general = config.parametre("seuil_personnes", jour).valeur
    sensible = config.parametre("seuil_personnes_sensible", jour).valeur
    sensibles = [v.nom for v in ventilations().values() if v.sensible]
    return pd.Series(general, index=table.index).mask(table["ventilation"].isin(sensibles), sensible)


def _refuser(cellules: pd.DataFrame, pourquoi: str, remede: str) -> None:
    """Refuse s'il y a de telles cellules ; n'en cite que la clé, jamais la valeur."""
    if cellules.empty:
        return
    premiere = " · ".join(str(cellules.iloc[0][nom]) for nom in CLE)
    raise DiffusionError(f"{len(cellules)} cellule(s) {pourquoi}. Première : {premiere}.", remede)


def _politique(config: Config) -> str:
    """L'empreinte de ce qui décide du publiable : le plan et tous les paramètres datés."""
    plan: dict[str, Any] = config.reglages.get("publication", {})
    dates = [[nom, jour.isoformat(), valeur] for nom, jour, valeur in config.parametres_dates()]
    return hashlib.sha256(json.dumps([plan, dates], sort_keys=True).encode()).hexdigest()
