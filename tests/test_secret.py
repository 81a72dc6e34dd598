"""Le secret statistique : ce qui est caché l'est avant d'être écrit."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.config import Config
from observatoire.erreurs import ConfigError
from observatoire.indicateurs.secret import appliquer_secret, seuil_personnes


def cellules(*couples):
    table = pd.DataFrame(list(couples), columns=["valeur", "effectif"]).astype("Float64")
    return table.assign(modalite=[f"m{rang}" for rang in range(len(couples))])


@pytest.mark.parametrize(
    ("valeur", "effectif", "attendu"),
    [
        (0.0, None, ("publie", 0.0)),  # aucune observation : un vrai zéro
        (0.0, 0, ("publie", 0.0)),
        (12.0, 1, ("secret", None)),
        (600.0, 4, ("secret", None)),
        (600.0, 5, ("publie", 600.0)),
        (3.0, None, ("publie", 3.0)),  # trois marchés ne sont pas trois personnes
        (None, None, ("non_disponible", None)),
        (None, 3, ("secret", None)),
    ],
)
def test_une_cellule_de_moins_de_cinq_personnes_est_secrete(valeur, effectif, attendu):
    (ligne,) = appliquer_secret(cellules((valeur, effectif)), 5).itertuples()
    assert (ligne.statut, None if pd.isna(ligne.valeur) else ligne.valeur) == attendu


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 1e6), st.one_of(st.none(), st.integers(0, 12)))), st.integers(5, 11))
def test_rien_de_cache_ne_reste_dans_la_table(couples, seuil):
    avant = cellules(*couples)
    apres = appliquer_secret(avant, seuil)
    assert "effectif" not in apres.columns
    secretes = apres["statut"] == "secret"
    petits = avant["effectif"].between(1, seuil - 1).fillna(value=False)
    assert (secretes == petits).all()
    assert apres.loc[secretes, "valeur"].isna().all()
    assert apres.loc[~secretes, "valeur"].equals(avant.loc[~secretes, "valeur"])


def configurer(dossier, valeur):
    bloc = f'[[seuil_personnes.valeurs]]\ndepuis = 2016-01-01\nvaleur = {valeur}\nreference = "essai"\n'
    (dossier / "parametres.toml").write_text(bloc, encoding="utf-8")
    return Config(dossier, {})


@pytest.mark.parametrize("valeur", ["4", "0", "-1", "4.9", "true", '"5"'])
def test_aucun_reglage_n_abaisse_le_seuil(tmp_path, valeur):
    with pytest.raises(ConfigError, match="au moins 5"):
        seuil_personnes(configurer(tmp_path, valeur), dt.date(2026, 9, 30))


def test_un_seuil_plus_haut_est_admis(tmp_path):
    assert seuil_personnes(configurer(tmp_path, "11"), dt.date(2026, 9, 30)) == 11
