"""La clause et son marché publié : par la main, par la référence, par le titulaire et la date."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.petit_entrepot import (
    attributions,
    correspondances,
    du_suivi,
    marches_publies,
    suivi,
    valeurs,
)

TITULAIRE = "80128543800017"
AUTRE_ETABLISSEMENT = "80128543800025"


def rapproche(lignes, **tables):
    return valeurs(du_suivi(suivi=lignes, **tables)["clauses"], "marche_id", "rapprochement")


REFERENCES = [
    ("2026-001", ("m1", "reference")),
    (" 02026.001 ", ("m1", "reference")),  # casse, séparateurs et zéros de tête ne comptent pas
    ("2026-002", ("m2", "reference")),  # un autre établissement du même acheteur
    ("2026-003", (None, None)),  # deux marchés de ce numéro : on ne devine pas
    ("2026-004", (None, None)),  # ce numéro, chez un autre acheteur
    (None, (None, None)),
]


@pytest.mark.parametrize(("reference", "attendu"), REFERENCES)
def test_la_reference_retrouve_le_marche_quand_il_est_seul(reference, attendu):
    publies = marches_publies(
        {},
        {"id_source": "2026_002", "acheteur_id": "21930066200099"},
        {"id_source": "2026-003"},
        {"id_source": "2026 003"},
        {"id_source": "2026-004", "acheteur_id": "21930099900012", "acheteur_siren": "219300999"},
    )
    assert rapproche(suivi({"marche_reference": reference}), marches=publies) == [attendu]


# écart en jours entre les deux notifications, titulaire publié, titulaire suivi → trouvé ?
TITULAIRES = [
    (0, TITULAIRE, TITULAIRE, True),
    (60, TITULAIRE, AUTRE_ETABLISSEMENT, True),
    (-60, TITULAIRE, TITULAIRE, True),
    (61, TITULAIRE, TITULAIRE, False),
    (0, "55208131766522", TITULAIRE, False),
]


@pytest.mark.parametrize(("jours", "publie", "suivi_par", "trouve"), TITULAIRES)
def test_a_defaut_le_meme_titulaire_a_moins_de_soixante_jours(jours, publie, suivi_par, trouve):
    clause = suivi({"marche_reference": "X", "titulaire_id": suivi_par, "date_notification": "2026-03-02"})
    publies = marches_publies({"date_notification": pd.Timestamp("2026-03-02") + pd.Timedelta(days=jours)})
    attendu = ("m1", "titulaire_date") if trouve else (None, None)
    assert rapproche(clause, marches=publies, attributions=attributions(("m1", publie))) == [attendu]


def test_deux_marches_du_meme_titulaire_a_la_meme_epoque_n_en_designent_aucun():
    clause = suivi({"marche_reference": "X", "titulaire_id": TITULAIRE, "date_notification": "2026-01-20"})
    deux = marches_publies({}, {"id_source": "autre"})
    tenus = attributions(("m1", TITULAIRE), ("m2", TITULAIRE))
    assert rapproche(clause, marches=deux, attributions=tenus) == [(None, None)]
    # La référence départage : elle passe avant le titulaire.
    par_numero = suivi({"titulaire_id": TITULAIRE, "date_notification": "2026-01-20"})
    assert rapproche(par_numero, marches=deux, attributions=tenus) == [("m1", "reference")]


# la correspondance établie à la main → ce qui est retenu, quand la référence désigne m1
MAIN = [
    ({"id_source": "AB 12"}, ("m2", "correspondance")),
    ({"id_source": None}, (None, "correspondance")),  # « pas de marché publié »
    ({"id_source": "introuvable"}, (None, None)),  # ni le marché nommé, ni un autre à sa place
    ({"id_source": "AB 12", "operation": "OP9"}, ("m1", "reference")),  # d'une autre clause
    ({"id_source": "AB 12", "source": "suivi_b"}, ("m1", "reference")),
    ({"id_source": "AB 12", "structure_id": "18"}, ("m1", "reference")),
    # Deux marchés de numéros voisins : celui qui s'écrit de même.
    ({"id_source": "CD-3"}, ("m3", "correspondance")),
    ({"id_source": "CD 3"}, (None, None)),
]


@pytest.mark.parametrize(("ligne", "attendu"), MAIN)
def test_une_correspondance_l_emporte_sur_tout(ligne, attendu):
    publies = marches_publies({}, {"id_source": "AB-12"}, {"id_source": "CD-3"}, {"id_source": "CD.3"})
    assert rapproche(suivi({}), marches=publies, correspondances=correspondances(ligne)) == [attendu]


def test_une_clause_sans_marche_publie_garde_toutes_ses_heures():
    # 100 h rapprochées, 50 h sans marché publié, 25 h dites sans marché par la main : 175 h.
    lignes = suivi(
        {},
        {"operation": "OP2", "marche_reference": "inconnue", "contrat": "C2", "heures": 50.0},
        {"operation": "OP3", "contrat": "C3", "heures": 25.0},
    )
    tables = du_suivi(
        suivi=lignes, marches=marches_publies({}), correspondances=correspondances({"operation": "OP3"})
    )
    clauses = tables["clauses"].set_index("clause_id")
    heures = tables["heures"].assign(comment=lambda t: t["clause_id"].map(clauses["rapprochement"]))
    assert heures["heures"].sum() == 175
    par_methode = heures.groupby(heures["comment"].fillna("aucune"))["heures"].sum()
    assert par_methode.to_dict() == {"aucune": 50.0, "correspondance": 25.0, "reference": 100.0}
