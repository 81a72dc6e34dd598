"""De la cellule privée à la valeur publiée : gel des éditions passées, secret, rapports, comparaisons, audit.

Les vraies valeurs ne quittent pas ce module : les tables rendues n'ont de nombre que publié. L'audit
relit les valeurs telles qu'elles seront écrites ; s'il refuse, rien n'est rendu, donc rien n'est écrit.
"""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.parquet as pq

from observatoire.indicateurs.audit import AuditRefuseError, Constat, Publication, auditer, rapports_trahis
from observatoire.indicateurs.catalogue import catalogue, provenance
from observatoire.indicateurs.cellule import DEJA_PUBLIEE, SECRET
from observatoire.indicateurs.comparaisons import Regles, comparer
from observatoire.indicateurs.couverture import periodes_couvertes
from observatoire.indicateurs.diffusions import (
    ARRONDI,
    Registre,
    figer,
    geler,
    imprimer,
    nom_de,
    revisions,
)
from observatoire.indicateurs.medianes import medianes_a_taire
from observatoire.indicateurs.plan import Plan
from observatoire.indicateurs.qualite import mesurer
from observatoire.indicateurs.rapports import evaluer
from observatoire.indicateurs.registre import RAPPORTS, REGISTRE, parametres_cites
from observatoire.indicateurs.revision import Atelier, reviser
from observatoire.indicateurs.saisies import mouvements as mouvements_depuis
from observatoire.indicateurs.secret import (
    PAS,
    Geographie,
    Politique,
    Protection,
    escalader,
    exiger,
    proteger,
)
from observatoire.indicateurs.tabulation import cellules
from observatoire.magasin.conversions import en_arrow
from observatoire.perimetre import Periode
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    import duckdb

    from observatoire.config import Config

_COMPTE = ["niveau", "rythme", "indicateur", "ventilation"]
_DECIMALES = {"h": 2, "€": 2}


@dataclass(frozen=True, slots=True)
class _Cadre:
    """Ce que la configuration fixe pour toute une construction."""

    politique: Politique
    regles: Regles
    personnes_mediane: int
    heures_par_mois: int

    @classmethod
    def lire(cls, config: Config, jour: dt.date, extraction: dt.date | None) -> _Cadre:
        return cls(
            Politique.lire(config, jour),
            Regles.lire(config, jour, extraction),
            config.parametre("personnes_minimum_mediane", jour).valeur,
            config.parametre("heures_maximum_par_mois", jour).valeur,
        )


def tabuler(
    connexion: duckdb.DuckDBPyConnection,
    config: Config,
    edition: Periode | None = None,
    erratum: str = "",
) -> dict[str, pd.DataFrame]:
    """Rend les tables `indicateurs/*`, secret appliqué et audité.

    Lit les vues `entrepot.*` et, si elles existent, `acquisition.depots` et `controle.bilan`, et le
    registre des diffusions. Les paramètres datés (seuils du secret, heures par ETP) sont ceux du
    dernier jour de la période couverte la plus récente, et valent pour toutes : une série ne change pas
    de règle.

    Args:
        connexion: l'entrepôt.
        config: le dossier de travail.
        edition: l'édition en préparation, si elle révise : l'année, ou un trimestre à rééditer. Sans elle,
            ce qui est paru ne change pas.
        erratum: la faute qu'elle corrige ; lève le calendrier des révisions, jamais le secret.

    Raises:
        ConfigError: un paramètre manque ou passe sous le plancher du secret, ou le plan est mal écrit.
        AuditRefuseError: une cellule cachée se retrouve de trop près.
    """
    periodes = periodes_couvertes(connexion)
    jour = dt.date.max if periodes.empty else periodes["fin"].max().date()
    parametres = {nom: config.parametre(nom, jour).valeur for nom in parametres_cites()}
    origine = provenance(connexion)
    extractions = origine["date_extraction"].dropna()
    cadre = _Cadre.lire(config, jour, extractions.max().date() if len(extractions) else None)
    plan, registre = Plan.lire(config), Registre.ouvrir(config.racine / "registre")
    figees = cellules(connexion, config, plan, periodes, parametres).pipe(
        figer, registre, edition, erratum=bool(erratum)
    )
    appartenances = connexion.sql("from entrepot.appartenances where valide_au is null").to_df()
    geographie = Geographie.lire(appartenances, sorted(set(figees["territoire"])))
    fiches = catalogue(parametres)
    public = Publication(
        pd.DataFrame(),
        fiches,
        appartenances,
        anterieures=None if registre.vide else registre.cellules,
        heures_par_mois=cadre.heures_par_mois,
    )
    mouvements = _mouvements(config, registre, figees, plan, parametres)
    revisees = reviser(figees, Atelier(cadre.politique, public, mouvements))
    protegees = proteger(geler(figees, revisees), cadre.politique, geographie)
    auditees, protection, constat = _publier(protegees, parametres, public, cadre.personnes_mediane)
    valeurs = auditees if registre.vide else _finales(protection.cellules, revisees, parametres)
    revues = revisions(registre, nom_de(registre, edition) if edition else "", revisees, erratum)
    return {
        "indicateurs/valeurs": valeurs,
        "indicateurs/comparaisons": comparer(valeurs, cadre.regles),
        "indicateurs/catalogue": fiches,
        "indicateurs/revisions": SCHEMAS["indicateurs/revisions"].verifier(revues),
        "indicateurs/secret": _bilan(protection, constat),
        "indicateurs/provenance": origine,
        "indicateurs/qualite": mesurer(connexion),
    }


def _mouvements(
    config: Config, registre: Registre, figees: pd.DataFrame, plan: Plan, parametres: dict[str, object]
) -> dict[str, pd.DataFrame]:
    """Les heures qui ont changé depuis la dernière, et depuis la première valeur imprimée."""
    trimestres = figees.loc[figees["revisable"], "periode"].unique()
    parues = {periode: registre.editions(periode) for periode in trimestres}
    rangs = {"diffusee": -1, "origine": 0}
    lues: dict[str, pd.DataFrame] = {}
    for nom, rang in rangs.items():
        editions = {periode: noms[rang] for periode, noms in parues.items()}
        meme = nom == "origine" and all(len(noms) == 1 for noms in parues.values())
        lues[nom] = lues["diffusee"] if meme else mouvements_depuis(config, editions, plan, parametres)
    return lues


def _avec_medianes(protection: Protection, minimum: int) -> Protection:
    table = protection.cellules
    tues = medianes_a_taire(table, table["statut"] == SECRET, minimum) & table["etat"].ne(DEJA_PUBLIEE)
    return Protection(table.assign(statut=table["statut"].mask(tues, SECRET)))


def _publier(
    protection: Protection, parametres: dict[str, object], public: Publication, minimum: int
) -> tuple[pd.DataFrame, Protection, Constat]:
    """Rend les valeurs que l'audit admet ; il fait taire davantage, ou refuse tout."""
    for pas in (*range(PAS), None):
        protection = _avec_medianes(protection, minimum)
        valeurs = _valeurs(protection, parametres)
        constat = _auditer(replace(public, valeurs=_ecrites(valeurs)), protection)
        if pas is None or constat.refus.empty:
            return valeurs, protection, constat.exiger()
        protection = escalader(protection, constat.refus, pas)
    raise AssertionError


def _valeurs(protection: Protection, parametres: dict[str, object]) -> pd.DataFrame:
    """Les cellules publiées et leurs rapports, arrondis une fois pour toutes, sans un nombre caché."""
    schema = SCHEMAS["indicateurs/valeurs"]
    table = protection.valeurs
    for unite, decimales in _DECIMALES.items():
        table["valeur"] = table["valeur"].mask(table["unite"] == unite, table["valeur"].round(decimales))
    publiees = schema.verifier(table[schema.noms])
    return schema.verifier(pd.concat([publiees, evaluer(publiees, parametres)], ignore_index=True))


def _finales(cellules: pd.DataFrame, revisees: pd.DataFrame, parametres: dict[str, object]) -> pd.DataFrame:
    """Les valeurs que le lecteur verra. Un rapport ne mêle pas deux éditions : il attend tous ses termes."""
    imprimees = imprimer(cellules, revisees)
    neuves = _valeurs(Protection(imprimees), parametres)
    if revisees.empty:
        return neuves
    en_retard = (imprimees["valeur"] - imprimees["vraie"]).abs().gt(ARRONDI).fillna(value=False)
    sans_retard = imprimees.assign(statut=imprimees["statut"].mask(en_retard.astype(bool), SECRET))
    a_jour = _valeurs(Protection(sans_retard), parametres)
    anciennes = _valeurs(Protection(imprimer(cellules)), parametres)
    attend = neuves["indicateur"].isin(list(RAPPORTS)) & a_jour["statut"].eq(SECRET)
    return pd.concat([neuves[~attend], anciennes[attend]], ignore_index=True)


def _ecrites(valeurs: pd.DataFrame) -> pd.DataFrame:
    """Les valeurs telles qu'un lecteur les trouvera dans le fichier."""
    schema, fichier = SCHEMAS["indicateurs/valeurs"], io.BytesIO()
    pq.write_table(en_arrow(schema, valeurs), fichier)
    return schema.typer(pq.read_table(fichier).to_pandas())


def _auditer(publication: Publication, protection: Protection) -> Constat:
    """Attaque ce qui va être écrit ; l'auditeur ne reçoit, du secret, que la liste des cellules sensibles."""
    exigences = exiger(protection)
    if len(trahis := rapports_trahis(publication.valeurs, RAPPORTS)):
        raise AuditRefuseError.pour(trahis.assign(motif="donne un terme caché"))
    return auditer(publication, exigences)


def _bilan(protection: Protection, constat: Constat) -> pd.DataFrame:
    """Compte ce qui est caché, par niveau, rythme, indicateur et ventilation, et ce que l'audit a mesuré."""
    table = protection.cellules
    personnes = table["indicateur"].map({nom: i.personnes for nom, i in REGISTRE.items()}).astype(bool)
    table = table[personnes]
    periodes = {periode: Periode.lire(periode).rythme for periode in table["periode"].unique()}
    cachee, primaire = table["statut"].eq(SECRET), table["raison"].ne("")
    comptes = (
        table.assign(
            niveau=table["territoire"].str.split(":").str[0],
            rythme=table["periode"].map(periodes),
            publiees=~cachee,
            primaires=cachee & primaire,
            complementaires=cachee & ~primaire,
        )
        .groupby(_COMPTE, as_index=False)
        .agg(
            cellules=("publiees", "size"),
            publiees=("publiees", "sum"),
            primaires=("primaires", "sum"),
            complementaires=("complementaires", "sum"),
        )
    )
    mesures = constat.amplitudes()
    bilan = comptes.merge(mesures, how="left", on=_COMPTE) if len(mesures) else comptes
    bilan = bilan.reindex(columns=SCHEMAS["indicateurs/secret"].noms)
    finies = bilan["amplitude_minimum"].where(bilan["amplitude_minimum"] < float("inf"))
    return SCHEMAS["indicateurs/secret"].verifier(
        bilan.assign(cibles=bilan["cibles"].fillna(0), amplitude_minimum=finies.round(2))
    )
