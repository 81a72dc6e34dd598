"""Répartir les tâches : les fils de ce poste, ou une grappe Dask dont une machine peut disparaître."""

from __future__ import annotations

import builtins
import json
import os
import subprocess
import sys
import time
from concurrent.futures import Executor, as_completed
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from observatoire.erreurs import ParametreError, PublicationError
from observatoire.publication.execution import executer
from observatoire.publication.moteur.executeurs import executeur

DEPOT = Path(__file__).parents[1]


def test_par_defaut_les_taches_se_partagent_ce_poste():
    with executeur(processus=3) as equipe:
        assert isinstance(equipe, Executor)
        assert list(equipe.map(abs, [-1, -2])) == [1, 2]


@pytest.mark.parametrize("adresse", ["serveur:8786", "dask://serveur", "http://serveur:1"])
def test_une_adresse_illisible_est_refusee(adresse):
    with pytest.raises(ParametreError, match="Adresse illisible"):
        executeur(adresse)


def test_sans_dask_le_message_dit_quoi_installer(monkeypatch):
    importer = builtins.__import__

    def sans_dask(nom, *args, **nommes):
        if nom == "distributed":
            raise ImportError(nom)
        return importer(nom, *args, **nommes)

    monkeypatch.setattr(builtins, "__import__", sans_dask)
    with pytest.raises(PublicationError) as erreur:
        executeur("dask://127.0.0.1:1")
    assert "[cluster]" in erreur.value.remede


@pytest.fixture
def grappe(tmp_path):
    """Un ordonnanceur et deux travailleurs, chacun son processus, sur la boucle locale."""
    pytest.importorskip("distributed", reason="dask est absent : installer l’extra « cluster »")
    fichier = tmp_path / "ordonnanceur.json"
    chemins = os.pathsep.join([str(DEPOT), str(DEPOT / "src")])
    environnement = {
        **os.environ,
        "PYTHONPATH": chemins,
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "3",
    }

    def lancer(role: str, *options: str) -> subprocess.Popen[bytes]:
        commande = [sys.executable, "-m", "dask", role, "--scheduler-file", str(fichier), "--no-dashboard"]
        return subprocess.Popen(
            [*commande, "--host", "127.0.0.1", *options],
            env=environnement,
            cwd=tmp_path,
            stderr=subprocess.DEVNULL,
        )

    ordonnanceur = lancer("scheduler", "--port", "0")
    fin = time.monotonic() + 60
    while not fichier.exists() and time.monotonic() < fin:
        time.sleep(0.1)
    travailleurs = [lancer("worker", "--nthreads", "1", "--no-nanny") for _ in range(2)]
    adresse = json.loads(fichier.read_text(encoding="utf-8"))["address"]
    yield adresse.replace("tcp://", "dask://"), travailleurs
    for processus in (*travailleurs, ordonnanceur):
        processus.kill()
        processus.wait()


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_une_machine_de_la_grappe_disparait_et_toutes_les_fiches_sont_faites(grappe, tmp_path):
    adresse, travailleurs = grappe
    cellules = [
        new_code_cell('rang: str = "0"', metadata={"tags": ["parameters"]}),
        new_code_cell("import os, time; time.sleep(0.3); print(rang, os.getppid())"),
    ]
    noyau = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = tmp_path / "fiche.ipynb"
    nbformat.write(new_notebook(cells=cellules, metadata={"kernelspec": noyau}), notebook)
    with executeur(adresse) as equipe:
        taches = [equipe.submit(executer, notebook, {"rang": str(rang)}) for rang in range(24)]
        for faites, _ in enumerate(as_completed(taches, timeout=120), start=1):
            if faites == 6:
                travailleurs[0].kill()
        sorties = [tache.result().cells[-1].outputs[0].text.split() for tache in taches]
    assert [rang for rang, _ in sorties] == [str(rang) for rang in range(24)]
    assert len({mere for _, mere in sorties}) == 2, "les deux travailleurs ont pris part"
