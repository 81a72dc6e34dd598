"""Les vrais contrats publiés, de la commande « importer » à la fiche : rien d'inventé, rien de perdu."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from click.testing import CliRunner

from observatoire.acquisition.flux_json import lire_texte_json
from observatoire.acquisition.valeurs_separees import TexteSepare
from observatoire.cli import cli
from observatoire.magasin import Magasin

if TYPE_CHECKING:
    from observatoire.config import Config

V1 = "decp_v1/derive_idf_v1.json"
TABULAIRE = "decp_v2/decp_2024H2_travaux_cpv4521_filtered.csv"


@pytest.fixture(scope="module")
def reel(tmp_path_factory, cle_de_test):
    """Les deux livraisons réelles, importées et construites par la ligne de commande."""
    from tests.conftest import REELLES, dossier_de_travail

    if not REELLES.is_dir():
        pytest.skip("fichiers réels absents : déposer les données publiques dans ../shared/data")
    config = dossier_de_travail(tmp_path_factory.mktemp("reel"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(config.racine)
        fichiers = [str(REELLES / V1), str(REELLES / TABULAIRE)]
        for commande in (
            ["importer", "decp", *fichiers, "--date", "2025-02-01"],
            ["construire"],
            ["fiches", "dep:93", "--periode", "2019-T1"],
        ):
            resultat = CliRunner().invoke(cli, commande, catch_exceptions=False)
            assert resultat.exit_code == 0, resultat.output
    return config


def test_chaque_ligne_lue_est_gardee_ou_ecartee(reel: Config):
    bilan = Magasin(reel.processed).lire("controle/bilan").set_index("fichier")
    assert bilan["lues"].to_dict() == {"derive_idf_v1.json": 1520, TABULAIRE.split("/")[1]: 8957}
    assert (bilan["lues"] == bilan["gardees"] + bilan["ecartees"]).all()


def test_les_concessions_et_les_contrats_sont_comptes_une_fois(reel: Config):
    magasin = Magasin(reel.processed)
    lues = magasin.lire("acquisition/decp")
    assert (lues["genre"] == "concession").sum() == 18
    marches = magasin.lire("entrepot/marches")
    du_csv = magasin.lire("controle/decp", [("format", "=", "tabulaire")])["uid"]
    # le format v1 n'a pas de champ social : sans_objet_v1
    assert (marches["consideration_etat"] == "non_renseigne").sum() == du_csv.nunique() == 5180


def test_la_part_sociale_est_non_renseignee_jamais_zero(reel: Config):
    marches = Magasin(reel.processed).lire("entrepot/marches")
    assert marches[["clause_sociale", "critere_social", "marche_reserve"]].isna().all(axis=None)
    valeurs = Magasin(reel.processed).lire("indicateurs/valeurs")
    parts = valeurs.loc[valeurs["indicateur"] == "part_marches_considerations"]
    assert len(parts)
    assert parts["valeur"].isna().all()
    assert set(parts["statut"]) == {"non_disponible"}


def test_la_fiche_compte_les_contrats_et_dit_n_d(reel: Config):
    page = (reel.outputs / "fiches" / "2019-T1" / "dep-93.html").read_text(encoding="utf-8")
    texte = html.unescape(re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ")
    # 41 contrats de la Seine-Saint-Denis notifiés de janvier à mars 2019 dans le fichier v1
    assert "41 marchés publics notifiés en Seine-Saint-Denis" in texte
    assert re.search(r"Ensemble\s+41\s+n\.d\.", texte)
    assert "Données fictives" not in texte
    assert "0 % des marchés" not in texte


def test_les_acheteurs_et_les_contrats_publies_du_portail_maximilien_se_lisent(reelles):
    """Les nombres de contrats publiés par acheteur et par an : 5 030 en 2019 par 155 acheteurs."""
    acheteurs = lire_texte_json((reelles / "acheteurs" / "maximilien_acheteurs_2021.json").read_text("utf-8"))
    assert len({acheteur["id"] for acheteur in acheteurs}) == 402
    fichier = reelles / "acheteurs" / "maximilien_disponibilite_2018-2021.csv"
    tableau = TexteSepare.ouvrir(fichier, {"separateur": ","})
    lues = pd.concat(tableau.morceaux({nom: rang for rang, nom in enumerate(tableau.entetes)}))
    en_2019 = lues.loc[(lues["annee"] == "2019") & (lues["nb_marches"] != "0")]
    assert en_2019["nb_marches"].astype(int).sum() == 5030
    assert en_2019["acheteur"].nunique() == 155
