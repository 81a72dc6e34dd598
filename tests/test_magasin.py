"""Le magasin : schéma vérifié, tri, remplacement d'un seul geste, vues DuckDB."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from observatoire.erreurs import TableError
from observatoire.magasin import Magasin, ecrire_octets

PUBLICS = "entrepot/beneficiaires_publics"


def publics(*paires: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(paires, columns=["personne", "public"], dtype="string")


def test_une_table_relue_est_triee_sur_sa_cle_et_typee(tmp_path):
    magasin = Magasin(tmp_path)
    magasin.ecrire(PUBLICS, publics(("b", "BRSA"), ("a", "QPV"), ("a", "DELD")))
    relue = magasin.lire(PUBLICS)
    assert relue.to_numpy().tolist() == [["a", "DELD"], ["a", "QPV"], ["b", "BRSA"]]
    assert relue.dtypes.astype(str).tolist() == ["string", "string"]


def test_deux_ecritures_donnent_les_memes_octets(tmp_path):
    magasin = Magasin(tmp_path)
    magasin.ecrire(PUBLICS, publics(("a", "QPV"), ("b", "BRSA")))
    premiers = magasin.chemin(PUBLICS).read_bytes()
    magasin.ecrire(PUBLICS, publics(("b", "BRSA"), ("a", "QPV")))
    assert magasin.chemin(PUBLICS).read_bytes() == premiers


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (publics(("a", "QPV")).drop(columns="public"), "absentes"),
        (publics(("a", "QPV")).assign(nom="X"), "non déclarées"),
        (publics(("a", "QPV"), ("a", "QPV")), "clé"),
    ],
)
def test_une_table_hors_schema_est_refusee_et_l_ancienne_reste(tmp_path, table, message):
    magasin = Magasin(tmp_path)
    magasin.ecrire(PUBLICS, publics(("z", "QPV")))
    with pytest.raises(TableError, match=message):
        magasin.ecrire(PUBLICS, table)
    assert magasin.lire(PUBLICS)["personne"].tolist() == ["z"]


def test_une_table_absente_dit_comment_la_construire(tmp_path):
    with pytest.raises(TableError, match="observatoire construire"):
        Magasin(tmp_path).lire(PUBLICS)


def test_duckdb_voit_chaque_table_ecrite(tmp_path):
    magasin = Magasin(tmp_path)
    magasin.ecrire(PUBLICS, publics(("a", "QPV"), ("b", "QPV")))
    assert magasin.connexion().execute("select count(*) from entrepot.beneficiaires_publics").fetchone() == (
        2,
    )


def test_tue_pendant_l_ecriture_il_reste_l_ancienne_table_entiere(tmp_path):
    """Le processus est tué juste avant le remplacement : l'ancienne table doit rester lisible."""
    magasin = Magasin(tmp_path)
    magasin.ecrire(PUBLICS, publics(("ancienne", "QPV")))
    code = f"""
import os, signal, pathlib
from observatoire.magasin import Magasin
from tests.test_magasin import publics
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
Magasin(pathlib.Path({str(tmp_path)!r})).ecrire({PUBLICS!r}, publics(("nouvelle", "QPV")))
"""
    racine = Path(__file__).parents[1]
    fini = subprocess.run([sys.executable, "-c", code], cwd=racine, check=False)
    assert fini.returncode == -signal.SIGKILL
    assert magasin.lire(PUBLICS)["personne"].tolist() == ["ancienne"]


def test_disque_plein_l_ancien_fichier_reste_et_rien_ne_traine(tmp_path, monkeypatch):
    cible = tmp_path / "fiche.html"
    ecrire_octets(cible, b"ancienne")

    def plein(_descripteur):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", plein)
    with pytest.raises(OSError, match="No space"):
        ecrire_octets(cible, b"nouvelle")
    assert cible.read_bytes() == b"ancienne"
    assert [chemin.name for chemin in tmp_path.iterdir()] == ["fiche.html"]
