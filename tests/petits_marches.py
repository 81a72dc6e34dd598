"""Un petit entrepôt des marchés : des lignes contrôlées, les constructeurs qui les lisent, en mémoire."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from observatoire.config import Config
from observatoire.entrepot.attributions import construire_attributions
from observatoire.entrepot.enquetes import construire_enquetes
from observatoire.entrepot.entreprises import construire_entreprises, decrire_acheteurs
from observatoire.entrepot.identites import identifier_marches
from observatoire.entrepot.marches import construire_marches
from observatoire.entrepot.modifications import construire_modifications
from observatoire.entrepot.recouvrements import construire_recouvrements
from observatoire.entrepot.sous_traitances import construire_sous_traitances
from observatoire.entrepot.structures import construire_structures, reconnaitre_structures
from observatoire.entrepot.tables import inscrire, preparer
from observatoire.schemas import SCHEMAS
from tests.maillons import connecter
from tests.petit_entrepot import table

CONFIG = Config.charger(Path(__file__).parent)
CONSTRUCTEURS = (
    construire_entreprises,
    decrire_acheteurs,
    construire_structures,
    reconnaitre_structures,
    identifier_marches,
    construire_modifications,
    construire_attributions,
    construire_marches,
    construire_sous_traitances,
    construire_recouvrements,
    construire_enquetes,
)
RENDUES = ("marches", "attributions", "modifications")

ACHETEUR = "21930066200012"
DECP = {
    "source": "decp",
    "millesime": "2026-10-05",
    "fichier": "marches.json",
    "format": "v2",
    "genre": "marche",
    "id_source": "2026-001",
    "acheteur_id": ACHETEUR,
    "objet": "Rénovation d’une école",
    "cpv": "45214200",
    "date_notification": "2026-01-15",
    "date_publication": "2026-02-01",
    "montant_eur": 50_000.0,
    "montant_statut": "ok",
}
TABULAIRE = {
    "source": "decp_info",
    "format": "tabulaire",
    "objet": None,
    "date_publication": None,
    "uid": "u1",
}
STRUCTURE = {
    "source": "structures",
    "millesime": "2026-10-05",
    "fichier": "s.csv",
    "siret": "13002526500013",
    "genre": "EI",
    "departement": "93",
}
ENTREPRISE = {
    "source": "entreprises",
    "millesime": "2026-10-05",
    "fichier": "sirene.csv",
    "siret": "73282932000074",
    "denomination": "Entreprise fictive",
    "categorie": "PME",
}


def decp(*ecarts):
    return table("controle/decp", DECP, *ecarts)


def structures(*ecarts):
    return table("controle/structures", STRUCTURE, *ecarts)


def entreprises(*ecarts):
    return table("controle/entreprises", ENTREPRISE, *ecarts)


def titulaires(*siret):
    """Une liste de titulaires telle que le contrôle l'écrit ; chacun est désigné par un SIRET valide."""
    lignes = [{"rang": r, "id": s, "type_identifiant": "SIRET", "siret": s} for r, s in enumerate(siret, 1)]
    return json.dumps(lignes)


def modification(no, date, **valeurs):
    """Une modification telle que le contrôle l'écrit ; ce qu'elle ne dit pas est null."""
    return {"no": no, "date_notification": date, "montant_eur": None, "duree_mois": None} | valeurs


def des_marches(*aussi, **tables):
    """Les tables de l'entrepôt tirées des marchés. Clés : noms sans maillon ; une table absente est vide.

    Sont rendus les marchés, les attributions et les modifications, et les tables qu'on nomme.
    """
    connexion, remplies = _connexion()
    for nom in tables.keys() | remplies:
        inscrire(connexion, f"controle.{nom}", tables.get(nom, SCHEMAS[f"controle/{nom}"].vide()))
    remplies.clear()
    remplies.update(tables)
    for construire in CONSTRUCTEURS:
        construire(connexion)
    return {nom: _relue(connexion, nom) for nom in (*RENDUES, *aussi)}


@cache
def _connexion():
    connexion = connecter({}, "controle")
    connexion.execute("set threads = 1")
    preparer(connexion, CONFIG)
    return connexion, set()


def _relue(connexion, nom):
    schema = SCHEMAS[f"entrepot/{nom}"]
    lue = schema.verifier(connexion.sql(f"from entrepot.{nom} order by {', '.join(schema.cle)}").to_df())
    assert not lue.duplicated(list(schema.cle)).any(), f"{nom} : clé en double"
    return lue
