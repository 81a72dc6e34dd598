"""Le dictionnaire des données dit ce que le code déclare, et il est à jour."""

from __future__ import annotations

import pytest

from observatoire import controle
from observatoire.qualite.dictionnaire import dictionnaire
from observatoire.referentiel import nomenclature
from observatoire.schemas import SCHEMAS
from tests.conftest import DEPOT


@pytest.fixture(scope="module")
def texte():
    return dictionnaire()


def test_le_dictionnaire_du_depot_est_a_jour(texte):
    ecrit = (DEPOT / "docs" / "dictionnaire.md").read_text(encoding="utf-8")
    assert ecrit == texte, "lancer « observatoire dictionnaire »"


def test_chaque_table_y_est_avec_son_grain_sa_cle_et_ses_colonnes(texte):
    for schema in SCHEMAS.values():
        partie = texte.split(f"### `{schema.nom}`\n")[1].split("###")[0]
        assert schema.grain in partie
        assert all(f"| `{colonne.nom}` | {colonne.type} |" in partie for colonne in schema.colonnes)


def test_chaque_code_y_est_avec_sa_validite_et_sa_reference(texte):
    partie = texte.split("### `modalites`\n")[1].split("###")[0]
    for modalite in nomenclature("modalites").values():
        (ligne,) = [x for x in partie.splitlines() if x.startswith(f"| `{modalite.code}` |")]
        for attendu in (modalite.valide_du, modalite.valide_au, modalite.reference):
            assert attendu.replace("|", "\\|") in ligne


def test_chaque_regle_y_est_avec_son_niveau_et_son_remede(texte):
    for regle in [*(r for du in controle.REGLES.values() for r in du), *controle.RECOUPEMENTS]:
        assert f"| `{regle.nom}` | {regle.niveau} | `{regle.colonne}` |" in texte
        assert regle.remede.replace("|", "\\|") in texte


def test_chaque_ligne_de_tableau_a_autant_de_cellules_que_son_en_tete(texte):
    largeur = None
    for ligne in texte.splitlines():
        cellules = ligne.replace("\\|", "").count("|") if ligne.startswith("|") else None
        assert cellules is None or largeur is None or cellules == largeur, ligne
        largeur = cellules
