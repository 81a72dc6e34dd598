"""Le magasin : schéma vérifié, tri, remplacement d'un seul geste, vues DuckDB."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.erreurs import TableError
from observatoire.magasin import Magasin, ecrire_octets

PUBLICS, SUIVI = "entrepot/beneficiaires_publics", "entrepot/suivi"


def publics(*paires: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(paires, columns=["personne", "public"], dtype="string")


def jalons(personne: str) -> pd.DataFrame:
    ligne = {"personne": personne, "jalon": "FIN", "date_observation": None, "situation": "CDI"}
    return pd.DataFrame([ligne])


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


def executer_et_mourir(dossier: Path, piege: str) -> None:
    """Écrit deux tables dans un processus neuf, que `piege` tue en route."""
    code = f"""
import os, signal, pathlib
from observatoire.magasin import Magasin
from tests.test_magasin import SUIVI, jalons, publics
def mourir(*_): os.kill(os.getpid(), signal.SIGKILL)
{piege}
with Magasin(pathlib.Path({str(dossier)!r})).ecriture([{PUBLICS!r}, SUIVI]) as ecriture:
    ecriture.ajouter({PUBLICS!r}, publics(("nouvelle", "QPV")))
    ecriture.ajouter(SUIVI, jalons("nouvelle"))
    if "milieu" in globals(): mourir()
"""
    racine = Path(__file__).parents[1]
    fini = subprocess.run([sys.executable, "-c", code], cwd=racine, check=False)
    assert fini.returncode == -signal.SIGKILL


def ecrire_deux_anciennes(dossier: Path) -> Magasin:
    magasin = Magasin(dossier)
    magasin.ecrire(PUBLICS, publics(("ancienne", "QPV")))
    magasin.ecrire(SUIVI, jalons("ancienne"))
    return magasin


def personnes(magasin: Magasin) -> list[str]:
    return [magasin.lire(nom)["personne"][0] for nom in (PUBLICS, SUIVI)]


def provisoires(dossier: Path) -> list[str]:
    return sorted(c.name for c in dossier.rglob(".*") if c.name != ".verrou")


def test_tue_entre_deux_remplacements_l_etape_est_entiere_a_la_lecture_suivante(tmp_path):
    # Le troisième `os.replace` est celui de la seconde table : le journal et la première sont passés.
    ecrire_deux_anciennes(tmp_path)
    executer_et_mourir(
        tmp_path,
        "fait, vrai = [], os.replace\n"
        "def remplacer(*chemins): fait.append(chemins); len(fait) == 3 and mourir(); vrai(*chemins)\n"
        "os.replace = remplacer",
    )
    assert (tmp_path / ".remplacements.json").exists()
    assert personnes(Magasin(tmp_path)) == ["nouvelle", "nouvelle"]
    assert provisoires(tmp_path) == []


def test_tue_au_milieu_du_calcul_les_anciennes_restent_et_la_suite_nettoie(tmp_path):
    magasin = ecrire_deux_anciennes(tmp_path)
    executer_et_mourir(tmp_path, "milieu = True")
    assert personnes(Magasin(tmp_path)) == ["ancienne", "ancienne"]
    assert len(provisoires(tmp_path)) == 2
    (tmp_path / ".debordement-999999999-x").mkdir()  # d'un processus qui n'existe pas
    (tmp_path / f".debordement-{os.getpid()}-x").mkdir()
    magasin.ecrire(PUBLICS, publics(("z", "QPV")))
    assert provisoires(tmp_path) == [f".debordement-{os.getpid()}-x"]


def test_disque_plein_pendant_un_morceau_rien_ne_change_et_rien_ne_traine(tmp_path, monkeypatch):
    magasin = ecrire_deux_anciennes(tmp_path)

    def plein(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", plein)
    with pytest.raises(OSError, match="No space"):
        magasin.ecrire(PUBLICS, publics(("nouvelle", "QPV")))
    monkeypatch.undo()
    assert personnes(magasin) == ["ancienne", "ancienne"]
    assert provisoires(tmp_path) == []


def test_une_seule_construction_a_la_fois(tmp_path):
    magasin = ecrire_deux_anciennes(tmp_path)
    with magasin.ecriture([PUBLICS]) as ecriture:
        with pytest.raises(TableError, match="en cours"):
            Magasin(tmp_path).ecrire(SUIVI, jalons("z"))
        ecriture.ajouter(PUBLICS, publics(("a", "QPV")))
    assert personnes(magasin) == ["a", "ancienne"]


@given(st.lists(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz")), max_size=4), max_size=4))
@settings(max_examples=40, deadline=None)
def test_des_morceaux_en_desordre_font_la_meme_table_qu_un_seul(morceaux):
    lignes = [ligne for morceau in morceaux for ligne in morceau]
    with tempfile.TemporaryDirectory() as dossier:
        magasin = Magasin(Path(dossier))

        def ecrire():
            with magasin.ecriture([PUBLICS]) as ecriture:
                for morceau in morceaux:
                    ecriture.ajouter(PUBLICS, publics(*morceau))

        if len(set(lignes)) < len(lignes):
            with pytest.raises(TableError, match="clé"):
                ecrire()
        else:
            ecrire()
            assert magasin.lire(PUBLICS).to_numpy().tolist() == sorted(map(list, lignes))
        assert provisoires(Path(dossier)) == []


def test_une_table_se_relit_par_morceaux_et_par_conditions(tmp_path):
    # 70 000 lignes de « a » puis 10 de « b » : deux groupes, dont un seul peut contenir « b ».
    magasin = Magasin(tmp_path)
    lignes = [("a", f"{n:05}") for n in range(70_000)] + [("b", f"{n}") for n in range(10)]
    magasin.ecrire(PUBLICS, publics(*lignes))
    assert sum(len(morceau) for morceau in magasin.morceaux(PUBLICS)) == 70_010
    assert magasin.groupes(PUBLICS, [("personne", "=", "b")]) == [1]
    [morceau] = magasin.morceaux(PUBLICS, [("personne", "=", "b")])
    assert morceau["public"].tolist() == [str(n) for n in range(10)]
    assert morceau.dtypes.astype(str).tolist() == ["string", "string"]
    assert list(magasin.morceaux(PUBLICS, [("personne", "=", "z")])) == []


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


def test_un_pseudonyme_n_est_ni_cite_ni_lisible_des_autres_comptes(tmp_path):
    magasin = Magasin(tmp_path)
    with pytest.raises(TableError) as refus:
        magasin.ecrire(PUBLICS, publics(("PSEUDO", "QPV"), ("PSEUDO", "QPV")))
    assert "PSEUDO" not in str(refus.value)
    magasin.ecrire(PUBLICS, publics(("PSEUDO", "QPV")))
    assert magasin.chemin(PUBLICS).stat().st_mode & 0o077 == 0
