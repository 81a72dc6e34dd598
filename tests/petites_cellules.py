"""De petites cellules privées : écrites une à une, ou tirées de personnes fictives ; leur audit."""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np
import pandas as pd

from observatoire.config import Config
from observatoire.indicateurs.audit import Publication, auditer
from observatoire.indicateurs.catalogue import catalogue
from observatoire.indicateurs.cellule import CLE
from observatoire.indicateurs.registre import REGISTRE, parametres_cites
from observatoire.indicateurs.secret import Geographie, Politique, exiger, proteger
from tests.conftest import DEPOT

POLITIQUE = Politique(seuil=5, seuil_sensible=11, employeurs=3, dominance=0.85, sensibles=0.2)

MESURES = ["valeur", "effectif", "employeurs", "premier"]
# Paris est à la fois un département et un territoire ; T12 est à cheval sur le 94 et le 91.
LIEUX = {
    "paris": ("reg:11", "dep:75", "ept:T1"),
    "a": ("reg:11", "dep:93", "ept:T6"),
    "b": ("reg:11", "dep:94", "ept:T12"),
    "c": ("reg:11", "dep:91", "ept:T12"),
    "d": ("reg:11", "dep:94", "ept:T11"),
}
APPARTENANCES = pd.DataFrame(
    [(commune, territoire) for commune, lieux in LIEUX.items() for territoire in lieux],
    columns=["commune", "territoire"],
).assign(valide_au=pd.NaT)


def cellules(*lignes, indicateur="beneficiaires", periode="2026-T1"):
    """Des cellules ; une ligne : (territoire, ventilation, modalité, valeur) et ce qu'elle dit d'autre.

    L'effectif d'un compte est sa valeur, à défaut d'être dit.
    """
    table = pd.DataFrame(
        [
            {
                "indicateur": indicateur,
                "territoire": territoire,
                "periode": periode,
                "ventilation": ventilation,
                "modalite": modalite,
                "valeur": valeur,
                "effectif": valeur,
                **(autres[0] if autres else {}),
            }
            for territoire, ventilation, modalite, valeur, *autres in lignes
        ]
    )
    return typer(table)


def typer(table):
    table = table.reindex(columns=[*CLE, *MESURES, *(["etat"] if "etat" in table else [])])
    types = dict.fromkeys(CLE, "string") | dict.fromkeys(MESURES, "Float64")
    unites = table["indicateur"].map({nom: i.unite for nom, i in REGISTRE.items()})
    return table.astype(types).assign(unite=unites.astype("string"))


def ensemble(territoire, valeur, **autres):
    return (territoire, "ensemble", "ensemble", valeur, autres)


def ventiler(territoire, ventilation, **valeurs):
    """Un ensemble et ses modalités ; un dictionnaire dit plus que la valeur."""
    dites = {m: v if isinstance(v, dict) else {"valeur": v, "effectif": v} for m, v in valeurs.items()}
    total = sum(v["valeur"] for v in dites.values())
    lignes = [(territoire, ventilation, m, v["valeur"], v) for m, v in dites.items()]
    return [ensemble(territoire, total), *lignes]


def de_communes(**comptes):
    """Les cellules, par sexe, de tous les territoires de communes : {commune: (femmes, hommes)}."""
    lignes = []
    for territoire in sorted(set(APPARTENANCES["territoire"])):
        siennes = [compte for commune, compte in comptes.items() if territoire in LIEUX[commune]]
        femmes, hommes = (sum(nombres) for nombres in zip(*siennes, strict=True))
        lignes += ventiler(territoire, "sexe", F=femmes, M=hommes)
    return cellules(*lignes)


def tirer(graine, indicateur, ventilation, modalites, personnes=400):
    """Les cellules d'un indicateur sur des personnes (ou des contrats) tirées au sort, un an durant."""
    hasard, lignes = np.random.default_rng(graine), []
    disperse = indicateur != "beneficiaires"  # un contrat peut s'exécuter en plusieurs lieux
    for unite in range(personnes):
        nombre = 2 if disperse and hasard.random() < 0.2 else 1
        communes = hasard.choice(list(LIEUX), nombre, replace=False, p=[0.3, 0.3, 0.2, 0.1, 0.1])
        modalite = modalites[int(hasard.choice(3, p=[0.25, 0.7, 0.05]))]
        employeur = int(hasard.integers(8))
        for trimestre in range(1, 5):
            if hasard.random() < 0.4:
                heures = float(hasard.integers(1, 200))
                lignes += [(unite, c, modalite, f"2025-T{trimestre}", employeur, heures) for c in communes]
    colonnes = ["unite", "commune", "modalite", "periode", "employeur", "heures"]
    vues = pd.DataFrame(lignes, columns=colonnes).merge(APPARTENANCES, on="commune")
    vues = pd.concat([vues, vues.assign(periode="2025")])
    ensembles = vues.assign(modalite="ensemble", ventilation="ensemble")
    vues = pd.concat([ensembles, vues.assign(ventilation=ventilation)])
    ou = ["territoire", "periode", "ventilation", "modalite"]
    sommes = vues.groupby(ou).agg(effectif=("unite", "nunique"), heures=("heures", "sum"))
    if indicateur == "heures_realisees":
        par_employeur = vues.groupby([*ou, "employeur"])["heures"].sum().groupby(level=ou)
        sommes = sommes.assign(
            valeur=sommes["heures"], employeurs=par_employeur.size(), premier=par_employeur.max()
        )
    else:
        sommes = sommes.assign(valeur=sommes["effectif"])
    grille = vues[["territoire"]].drop_duplicates().merge(vues[["periode"]].drop_duplicates(), how="cross")
    grille = grille.merge(vues[["ventilation", "modalite"]].drop_duplicates(), how="cross")
    completes = grille.merge(sommes.reset_index(), how="left", on=ou).fillna({"valeur": 0, "effectif": 0})
    return typer(completes.assign(indicateur=indicateur))


def taire(table):
    """La protection de ces cellules."""
    return proteger(table, POLITIQUE, Geographie.lire(APPARTENANCES, sorted(set(table["territoire"]))))


def statuts(protection):
    """Le statut de chaque cellule, dans l'ordre de sa clé."""
    return protection.cellules.set_index(CLE)["statut"].sort_index()


def cachees(protection, ventilation="sexe"):
    """Les cellules cachées d'une ventilation : (territoire, modalité)."""
    table = protection.cellules
    tues = table[(table["statut"] == "secret") & (table["ventilation"] == ventilation)]
    return {(r.territoire, r.modalite) for r in tues.itertuples()}


@cache
def fiches():
    config = Config.charger(DEPOT)
    return catalogue({nom: config.parametre(nom, dt.date(2026, 1, 1)).valeur for nom in parametres_cites()})


def attaquer(protection, montrees=(), **options):
    """Le constat de l'auditeur ; `montrees` : des cellules cachées que l'on rend au lecteur."""
    table, ecrites = protection.cellules, protection.valeurs
    for rang in montrees:
        ecrites.loc[rang, ["valeur", "statut"]] = [table.loc[rang, "valeur"], "publie"]
    publication = Publication(
        ecrites[[*CLE, "unite", "valeur", "statut"]], fiches(), APPARTENANCES, **options
    )
    return auditer(publication, exiger(protection))
