"""Un entrepôt d'essai en mémoire : quelques clauses, des personnes qui y travaillent, des marchés."""

from __future__ import annotations

import duckdb
import pandas as pd

from observatoire.schemas import SCHEMAS

TERRITOIRES = [
    {"territoire": "reg:11", "niveau": "reg"},
    {"territoire": "dep:93", "niveau": "dep"},
    {"territoire": "dep:94", "niveau": "dep"},
    {"territoire": "ept:T6", "niveau": "ept"},
]
ICI = ("reg:11", "dep:93", "ept:T6")
PERSONNE = {
    "sexe": "F",
    "tranche_age": "A30_39",
    "niveau_diplome": "N3",
    "qpv": "NON",
    "commune_residence": "93066",
    "departement_residence": "93",
}


def clause(identifiant, lieux=ICI, **autres):
    ligne = {"marche_cle": f"m-{identifiant}", "type_marche": "T", "modalite": "CE", "programme": "HORS"}
    return {"clause_id": identifiant, "statut": "EN_COURS", **ligne, **autres}, lieux


def marche(identifiant, notification, *considerations, lieux=ICI, **autres):
    drapeaux = dict(zip(("clause_sociale", "critere_social", "marche_reserve"), considerations, strict=False))
    ligne = {"marche_id": identifiant, "genre": "marche", "type_marche": "T", **drapeaux, **autres}
    return {**ligne, "date_notification": notification}, lieux


def entrepot(heures=(), clauses=(), marches=(), personnes=None, publics=(), prescripteurs=None, **tables):
    """Un entrepôt en mémoire ; `heures` : (personne, clause, mois, heures), un contrat par couple."""
    personnes, prescripteurs = personnes or {}, prescripteurs or {}
    qui = dict.fromkeys(personne for personne, *_ in heures)
    contrats = dict.fromkeys((personne, ou) for personne, ou, *_ in heures)
    profils = {
        p: ({**PERSONNE, **personnes.get(p, ({}, ICI))[0]}, personnes.get(p, ({}, ICI))[1]) for p in qui
    }
    rattachements = [
        *(("execution", ligne["clause_id"], t) for ligne, lieux in clauses for t in lieux),
        *(("execution_marche", ligne["marche_id"], t) for ligne, lieux in marches for t in lieux),
        *(("residence", personne, t) for personne, (_, lieux) in profils.items() for t in lieux),
    ]
    lignes = {
        **{nom: [] for nom in SCHEMAS if nom.startswith("entrepot/")},
        "entrepot/heures": [
            {"contrat_id": f"{p}-{ou}", "clause_id": ou, "mois": f"{mois}-01", "heures": h}
            for p, ou, mois, h in heures
        ],
        "entrepot/contrats": [
            {
                "contrat_id": f"{p}-{ou}",
                "personne": p,
                "type_contrat": "CDI_CHANTIER",
                "type_employeur": "ETTI",
                "prescripteur": prescripteurs.get(ou, "FT"),
            }
            for p, ou in contrats
        ],
        "entrepot/beneficiaires": [{"personne": p, **profil} for p, (profil, _) in profils.items()],
        "entrepot/beneficiaires_publics": [{"personne": p, "public": public} for p, public in publics],
        "entrepot/clauses": [ligne for ligne, _ in clauses],
        "entrepot/marches": [ligne for ligne, _ in marches],
        "entrepot/territoires": TERRITOIRES,
        "entrepot/rattachements": [
            dict(zip(("motif", "objet_id", "territoire"), r, strict=True)) for r in rattachements
        ],
        **{nom.replace("__", "/"): valeur for nom, valeur in tables.items()},
    }
    connexion = duckdb.connect()
    for nom, contenu in lignes.items():
        table = SCHEMAS[nom].verifier(pd.DataFrame(contenu).reindex(columns=SCHEMAS[nom].noms))
        connexion.execute(f"create schema if not exists {nom.split('/')[0]}")
        connexion.register("recue", table)
        connexion.execute(f"create table {nom.replace('/', '.')} as from recue")
    return connexion


def cinq(ou, mois, heures, prefixe="p"):
    """Cinq personnes qui font chacune `heures` : assez pour que la cellule soit publiée."""
    return [(f"{prefixe}{rang}", ou, mois, heures) for rang in range(5)]
