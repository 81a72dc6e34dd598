"""Les saisies tardives : qui est derrière une différence d'heures, d'après la photographie d'une édition."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from observatoire.indicateurs.diffusions.photographies import dossier_de, photographier
from observatoire.indicateurs.plan import Plan
from observatoire.indicateurs.registre import REGISTRE
from observatoire.indicateurs.saisies import MESURES, mouvements
from observatoire.indicateurs.valeurs import parametres_cites
from observatoire.magasin import Magasin
from tests.conftest import copie_de

TRIMESTRE, EDITION = "2026-T2", "2026-T2-e1"


def octets(dossier):
    return {chemin.name: chemin.read_bytes() for chemin in sorted(dossier.rglob("*.parquet"))}


def test_une_photographie_ne_suit_pas_l_entrepot_et_n_est_lue_que_du_compte(travail):
    dossier = travail.processed / "entrepot"
    dossier.mkdir(parents=True)
    (dossier / "heures.parquet").write_bytes(b"avant")
    photographier(travail, EDITION)
    nouveau = dossier / "nouveau"
    nouveau.write_bytes(b"apres")
    nouveau.replace(dossier / "heures.parquet")  # comme le magasin : un fichier en remplace un autre
    photographier(travail, EDITION)  # une photographie ne se refait pas
    assert octets(dossier_de(travail, EDITION)) == {"heures.parquet": b"avant"}
    assert dossier_de(travail, EDITION).stat().st_mode & 0o077 == 0


def test_une_photographie_s_efface_deux_ans_apres(travail):
    (travail.processed / "entrepot").mkdir(parents=True)
    (travail.processed / "entrepot" / "heures.parquet").write_bytes(b"x")
    for edition in ("2024-T3-e1", "2024-e1", "2025-T1-e1", "2026-T1-e1"):
        photographier(travail, edition)
    restent = sorted(chemin.name for chemin in (travail.racine / "data" / "diffusions").iterdir())
    assert restent == ["2025-T1-e1", "2026-T1-e1"]


@pytest.fixture(scope="module")
def depuis(exemple, tmp_path_factory):
    """Depuis l'édition : 12 h ajoutées à une personne, 5 h retirées à une autre, un contrat renuméroté."""
    config = copie_de(exemple, tmp_path_factory.mktemp("saisies"))
    photographier(config, EDITION)
    magasin = Magasin(config.processed)
    heures, contrats = magasin.lire("entrepot/heures"), magasin.lire("entrepot/contrats")
    clauses = magasin.lire("entrepot/clauses")
    clausees = clauses.loc[~clauses["modalite"].isin(["PRIVE", "ACHAT_SIAE"]), "clause_id"]
    situees = magasin.lire("entrepot/rattachements").loc[
        lambda t: (t["motif"] == "execution") & (t["territoire"] == "reg:11"), "objet_id"
    ]
    ici = heures["mois"].between(pd.Timestamp("2026-04-01"), pd.Timestamp("2026-06-30"))
    ici &= heures["clause_id"].isin(clausees) & heures["clause_id"].isin(situees) & (heures["heures"] > 10)
    connus = contrats.dropna(subset=["personne", "employeur_siren"]).drop_duplicates("personne")["contrat_id"]
    plus, moins, renumerote = (
        heures[ici & heures["contrat_id"].isin(connus)].drop_duplicates("contrat_id")["contrat_id"].head(3)
    )
    for contrat, ecart in ((plus, 12.0), (moins, -5.0)):
        rang = heures.index[ici & (heures["contrat_id"] == contrat)][0]
        heures.loc[rang, "heures"] += ecart
    for table in (heures, contrats):
        table["contrat_id"] = table["contrat_id"].replace(renumerote, "f" * 16)
    magasin.ecrire("entrepot/heures", heures)
    magasin.ecrire("entrepot/contrats", contrats)
    jour = dt.date(2026, 6, 30)
    parametres = {nom: config.parametre(nom, jour).valeur for nom in parametres_cites()}
    return config, lambda editions: mouvements(config, editions, Plan.lire(config), parametres)


def test_des_heures_ajoutees_et_retirees_se_comptent_a_part(depuis):
    _, mesurer = depuis
    table = mesurer({TRIMESTRE: EDITION})
    region = table[
        (table["indicateur"] == "heures_realisees")
        & (table["territoire"] == "reg:11")
        & (table["ventilation"] == "ensemble")
    ].iloc[0]
    assert [region[f"{mesure}_plus"] for mesure in MESURES] == pytest.approx([12.0, 1, 1, 12.0])
    assert [region[f"{mesure}_moins"] for mesure in MESURES] == pytest.approx([5.0, 1, 1, 5.0])


def test_sans_photographie_rien_n_est_prouve(depuis):
    _, mesurer = depuis
    assert mesurer({TRIMESTRE: "2026-T2-e9"}).empty


def test_seules_les_heures_sont_tabulees(depuis):
    _, mesurer = depuis
    noms = set(mesurer({TRIMESTRE: EDITION})["indicateur"])
    assert noms <= {"heures_realisees", "heures_hors_clauses_publiques"}
    assert noms < set(REGISTRE)
