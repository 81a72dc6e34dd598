"""Un petit entrepôt du suivi : quelques lignes contrôlées, les constructeurs qui les lisent, en mémoire."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from observatoire.config import Config
from observatoire.entrepot.clauses import construire_clauses
from observatoire.entrepot.contrats import construire_contrats
from observatoire.entrepot.grands_projets import construire_grands_projets
from observatoire.entrepot.heures import construire_heures
from observatoire.entrepot.jalons import construire_jalons
from observatoire.entrepot.lignes_suivi import preparer_suivi
from observatoire.entrepot.personnes import construire_personnes
from observatoire.entrepot.tables import inscrire, preparer
from observatoire.entrepot.territoires import construire_rattachements, construire_territoires
from observatoire.indicateurs import tabuler
from observatoire.schemas import SCHEMAS
from tests import secret_leve
from tests.maillons import connecter

if TYPE_CHECKING:
    import duckdb

CONFIG = Config.charger(Path(__file__).parent)
CONSTRUCTEURS = (
    preparer_suivi,
    construire_grands_projets,
    construire_clauses,
    construire_contrats,
    construire_heures,
    construire_personnes,
    construire_jalons,
)
RECUES = ("controle/suivi", "controle/grands_projets", "controle/correspondances")
PUBLIEES = ("entrepot/marches", "entrepot/attributions")
RENDUES = (
    "clauses",
    "contrats",
    "heures",
    "beneficiaires",
    "beneficiaires_publics",
    "suivi",
    "grands_projets",
)

STRUCTURE_ID, ACHETEUR = "13002526500013", "21930066200012"
SUIVI = {
    "source": "suivi_a",
    "millesime": "2026-10-05",
    "fichier": "export.csv",
    "structure_id": STRUCTURE_ID,
    "operation": "OP1",
    "marche_reference": "2026-001",
    "acheteur_id": ACHETEUR,
    "modalite": "CE",
    "commune_execution": "93066",
    "contrat": "C1",
    "personne": "p1",
    "sexe": "F",
    "age_entree": 30,
    "commune_residence": "93066",
    "contrat_debut": "2026-01-10",
    "contrat_fin": "2026-03-31",
    "mois": "2026-02-01",
    "heures": 100.0,
    "date_saisie": "2026-03-05",
}
PROJET = {
    "source": "grands_projets",
    "millesime": "2026-10-05",
    "fichier": "gp.xlsx",
    "acheteur_id": ACHETEUR,
    "programme": "GPE",
    "marche_reference": "2026-001",
}
CORRESPONDANCE = {
    "source": "suivi_a",
    "structure_id": STRUCTURE_ID,
    "operation": "OP1",
    "acheteur_id": ACHETEUR,
}
MARCHE = {
    "genre": "marche",
    "acheteur_id": ACHETEUR,
    "acheteur_siren": "219300662",
    "id_source": "2026-001",
    "date_notification": "2026-01-15",
}
SANS_CONTRAT = dict.fromkeys(
    ("contrat", "personne", "mois", "heures", "contrat_debut", "contrat_fin", "date_saisie")
)
SANS_MOIS = {"mois": None, "contrat_debut": "2021-12-15", "contrat_fin": "2022-01-14", "heures": 155.0}


def table(nom, defauts, *ecarts):
    """Une table : chaque ligne vaut ses défauts, sauf ce qu'elle dit."""
    schema = SCHEMAS[nom]
    lignes = [{**defauts, **ecart} for ecart in ecarts]
    if "ligne" in schema.noms:
        lignes = [{"ligne": rang, **ligne} for rang, ligne in enumerate(lignes, start=1)]
    return schema.verifier(pd.DataFrame(lignes, columns=schema.noms))


def suivi(*ecarts):
    return table("controle/suivi", SUIVI, *ecarts)


def projets(*ecarts):
    return table("controle/grands_projets", PROJET, *ecarts)


def correspondances(*ecarts):
    return table("controle/correspondances", CORRESPONDANCE, *ecarts)


def marches_publies(*ecarts):
    """Des marchés publiés, déjà dans l'entrepôt ; `marche_id` est leur rang, sauf s'ils en disent un."""
    return table("entrepot/marches", MARCHE, *({"marche_id": f"m{r}", **e} for r, e in enumerate(ecarts, 1)))


def attributions(*couples):
    """Des titulaires : (marché, SIRET)."""
    lignes = ({"marche_id": m, "titulaire_id": s, "siret": s, "siren": s[:9]} for m, s in couples)
    return table("entrepot/attributions", {}, *lignes)


def identifiant(*parties):
    """L'identifiant d'une clause ou d'un contrat : source, structure, numéro dans le logiciel."""
    return hashlib.md5("\x1f".join(parties).encode(), usedforsecurity=False).hexdigest()[:16]


def du_suivi(**tables):
    """Les tables de l'entrepôt tirées du suivi. Clés : noms sans maillon ; une table absente est vide."""
    connexion = _connexion()
    for nom in (*RECUES, *PUBLIEES):
        inscrire(connexion, nom.replace("/", "."), tables.get(nom.split("/")[1], SCHEMAS[nom].vide()))
    for construire in CONSTRUCTEURS:
        construire(connexion)
    return {nom: _relue(connexion, nom) for nom in RENDUES}


@cache
def _connexion():
    connexion = connecter({}, "controle")
    connexion.execute("set threads = 1")
    preparer(connexion, CONFIG)
    construire_territoires(connexion)
    acheteurs = pd.DataFrame({"acheteur_id": [ACHETEUR], "nom": "Commune", "type_acheteur": "COMMUNE"})
    inscrire(connexion, "reference.acheteurs", acheteurs.assign(commune="93066", departement="93"))
    return connexion


def publier(*, a_nu=False, **tables):
    """Les cellules publiées (`indicateurs/valeurs`) tirées de ce petit entrepôt ; `a_nu` : sans secret."""
    du_suivi(**tables)
    construire_rattachements(_connexion())
    return (secret_leve.tabuler if a_nu else tabuler)(_connexion(), CONFIG)["indicateurs/valeurs"]


def etude(tables):
    """Les heures avec leur contrat et leur clause à côté, et leur période : ce que lit un indicateur."""
    heures = tables["heures"].merge(tables["contrats"].drop(columns="source"), on="contrat_id")
    heures = heures.merge(tables["clauses"].drop(columns=["date_debut", "date_fin"]), on="clause_id")
    trimestre = heures["mois"].dt.to_period("Q").astype("string")
    return heures.assign(
        annee=heures["mois"].dt.year,
        trimestre=trimestre,
        ensemble="ensemble",
        commune=heures["commune_execution"],
    )


def par(table, colonne):
    """Un indicateur calculé, en dictionnaire."""
    return dict(zip(table[colonne], table["valeur"], strict=True))


def _relue(connexion: duckdb.DuckDBPyConnection, nom: str) -> pd.DataFrame:
    schema = SCHEMAS[f"entrepot/{nom}"]
    lue = connexion.sql(f"from entrepot.{nom} order by {', '.join(schema.cle)}").to_df()
    return schema.verifier(lue)


def valeurs(table, *colonnes):
    """Le contenu en objets simples, `None` pour une valeur absente."""
    lignes = table[list(colonnes)].astype(object).where(table[list(colonnes)].notna(), None).to_numpy()
    return [tuple(ligne) for ligne in lignes.tolist()] if len(colonnes) > 1 else [x for (x,) in lignes]


def mois(texte):
    return pd.Timestamp(f"{texte}-01")
