"""L'exécution d'un notebook : paramètres stricts, noyau choisi, erreurs lisibles, mêmes octets."""

from __future__ import annotations

import json
import pickle
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from observatoire.erreurs import (
    ObservatoireError,
    ParametreError,
    PerimetreError,
    PublicationError,
    TableError,
)
from observatoire.publication.environnement import environnement_du_noyau
from observatoire.publication.execution import en_octets, executer, publiable

PARAMETRES = 'territoire: str = "dep:01"  # un commentaire\nperiode = "2026-T3"'


@pytest.fixture
def ecrire(tmp_path):
    """Écrit un notebook fait d'une cellule de paramètres et de cellules de code."""

    def ecrire(*codes, parametres=PARAMETRES, nom="essai.ipynb"):
        cellules = [
            new_markdown_cell("# Essai"),
            new_code_cell(parametres, metadata={"tags": ["parameters"]}),
        ]
        notebook = new_notebook(cells=cellules + [new_code_cell(code) for code in codes])
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, tmp_path / nom)
        return tmp_path / nom

    return ecrire


def imprime(notebook) -> str:
    return "".join(sortie.text for cellule in notebook.cells for sortie in cellule.get("outputs", []))


def test_un_nom_de_parametre_inconnu_est_refuse_et_le_bon_propose(ecrire):
    with pytest.raises(ParametreError) as erreur:
        executer(ecrire("1"), {"teritoire": "dep:93"})
    assert "« teritoire »" in erreur.value.constat
    assert "territoire" in erreur.value.remede


def test_un_nom_de_parametre_ne_peut_pas_porter_de_code(ecrire, tmp_path):
    marque = tmp_path / "marque"
    with pytest.raises(ParametreError):
        executer(ecrire("1"), {f"x=open({str(marque)!r}, 'w')\nterritoire": "dep:93"})
    assert not marque.exists()


def test_sans_cellule_parameters_aucun_parametre_n_est_admis(ecrire):
    notebook = ecrire("1")
    contenu = json.loads(notebook.read_text(encoding="utf-8"))
    del contenu["cells"][1]["metadata"]["tags"]
    notebook.write_text(json.dumps(contenu), encoding="utf-8")
    with pytest.raises(ParametreError, match="Étiqueter « parameters »"):
        executer(notebook, {"territoire": "dep:93"})


@pytest.mark.parametrize("valeur", [93, 1.0, None, True, ["dep:93"]])
def test_une_valeur_qui_n_est_pas_un_texte_est_refusee(ecrire, valeur):
    with pytest.raises(ParametreError, match="n'est pas un texte"):
        executer(ecrire("1"), {"territoire": valeur})


def test_le_noyau_est_notre_interpreteur_sans_secret_ni_reglage_de_l_utilisateur(
    ecrire, tmp_path, monkeypatch
):
    # une kernelspec « python3 » d'un autre environnement, un démarrage IPython et Python de l'utilisateur
    leurre = tmp_path / "jupyter" / "kernels" / "python3"
    leurre.mkdir(parents=True)
    leurre.joinpath("kernel.json").write_text(
        json.dumps({"argv": ["/bin/false", "{connection_file}"], "display_name": "x", "language": "python"}),
        encoding="utf-8",
    )
    demarrage = tmp_path / "ipython" / "profile_default" / "startup"
    demarrage.mkdir(parents=True)
    demarrage.joinpath("00.py").write_text("piege = 1", encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("UN_TOKEN", "secret-1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-2")
    monkeypatch.setenv("OBSERVATOIRE_CLE", "secret-3")
    hostile = '"; import os  # \\ {territoire}\n\'"""'
    notebook = ecrire(
        "import json, os, sys",
        "vu = [sys.executable, os.getcwd(), dict(os.environ), territoire, 'piege' in globals()]",
        "print(json.dumps(vu))",
        nom="{accolades}.ipynb",
    )
    interpreteur, dossier, environnement, territoire, piege = json.loads(
        imprime(executer(notebook, {"territoire": hostile}, racine=tmp_path))
    )
    assert interpreteur == sys.executable
    assert dossier == environnement["OBSERVATOIRE_RACINE"] == str(tmp_path)
    assert "secret-" not in str(environnement)
    assert territoire == hostile
    assert not piege


def test_le_notebook_publie_ne_garde_que_ce_que_la_page_montre(ecrire):
    bloc = "{'application/vnd.observatoire.bloc+json': {'genre': 'texte'}, 'text/html': 'VU'}"
    montrer = "from IPython.display import display"
    notebook = ecrire(
        "print('FUITE')",
        f"{montrer}\ndisplay({{'text/html': 'FUITE'}}, raw=True)",
        f"{montrer}\ndisplay({bloc}, raw=True)",
        "'FUI' + 'TE'",
    )
    contenu = json.loads(notebook.read_text(encoding="utf-8"))
    contenu["cells"][-2]["metadata"]["tags"] = ["remove-output"]
    contenu["cells"].append({**contenu["cells"][-2], "metadata": {}, "id": "montree"})
    notebook.write_text(json.dumps(contenu), encoding="utf-8")
    execute = executer(notebook, {})
    sorties = [[s.data["text/html"] for s in c.outputs] for c in publiable(execute).cells[2:]]
    assert sorties == [[], [], [], [], ["VU"]]
    assert "FUITE" in execute.cells[2].outputs[0].text, "celui qu'on relit n'est pas touché"


def test_deux_executions_donnent_les_memes_octets_sans_duree_ni_chemin(ecrire, caplog):
    notebook = ecrire(
        "import warnings\nwarnings.warn('attention')\nprint({'a', 'b', 'c'})\nperiode",
    )
    premiere, seconde = (en_octets(executer(notebook, {"periode": "2026-T3"})) for _ in range(2))
    assert premiere == seconde
    assert b"/tmp" not in premiere
    assert b"ipykernel_" not in premiere
    contenu = json.loads(premiere)
    assert contenu["metadata"]["papermill"] == {"parameters": {"periode": "2026-T3"}}
    assert [cellule["id"] for cellule in contenu["cells"]] == [f"cellule-0{rang}" for rang in range(4)]
    assert all(set(cellule["metadata"]) <= {"tags"} for cellule in contenu["cells"])
    assert "attention" in caplog.text, "un avertissement retiré du notebook reste dans le journal"


def test_une_erreur_attendue_du_notebook_ressort_telle_quelle(ecrire):
    notebook = ecrire("from observatoire.perimetre import Territoire", "Territoire.lire(territoire)")
    with pytest.raises(PerimetreError) as erreur:
        executer(notebook, {"territoire": "dep:9"})
    assert erreur.value.constat == "Territoire inconnu : « dep:9 »."
    assert erreur.value.remede.startswith("Vouliez-vous dire : dep:9")


def test_une_autre_erreur_dit_quelle_cellule_et_avec_quels_parametres(ecrire):
    with pytest.raises(PublicationError) as erreur:
        executer(ecrire("x = 1\nx / 0"), {"territoire": "dep:93"})
    assert "essai.ipynb (territoire = dep:93)" in erreur.value.constat
    assert "cellule « x = 1 », ligne 2 « x / 0 » : ZeroDivisionError" in erreur.value.constat
    assert pickle.loads(pickle.dumps(erreur.value)).constat == erreur.value.constat
    assert pickle.loads(pickle.dumps(erreur.value)).endroit == erreur.value.endroit


@pytest.mark.parametrize(
    ("cellules", "endroit"),
    [
        (["1 / 0"], "cellule « 1 / 0 »"),
        (["\n\nx = 1\n\nfor i in [0]:\n    x / i\n"], "cellule « x = 1 », ligne 6 « x / i »"),
        # la fonction est d'une cellule d'avant : c'est l'appel qui est nommé, non sa dernière ligne
        (
            ["def f(x):\n    x\n    return 1 / x", "y = 0\nz = f(y)"],
            "cellule « y = 0 », ligne 2 « z = f(y) »",
        ),
        (["x = 1\ndef"], "cellule « x = 1 », ligne 2 « def »"),
        (["from observatoire.erreurs import TableError\nraise TableError('a', 'b')"], None),
    ],
)
def test_l_erreur_nomme_la_ligne_de_la_cellule_et_garde_la_notre(ecrire, cellules, endroit):
    with pytest.raises(ObservatoireError) as erreur:
        executer(ecrire(*cellules), {})
    if endroit is None:
        endroit = (
            "cellule « from observatoire.erreurs import TableError », ligne 2 « raise TableError('a', 'b') »"
        )
        assert isinstance(erreur.value, TableError)
        assert erreur.value.constat == "a"
    assert erreur.value.endroit == endroit


def test_un_noyau_qui_meurt_est_une_erreur_de_publication(ecrire):
    with pytest.raises(PublicationError, match="le noyau s'est arrêté net"):
        executer(ecrire("import os; os._exit(3)"), {})


@pytest.mark.parametrize("contenu", [None, "", "pas du json", "[1]", '{"cells": 3}'])
def test_un_notebook_absent_ou_illisible_est_dit_en_une_phrase(tmp_path, contenu):
    chemin = tmp_path / "fiche.ipynb"
    if contenu is not None:
        chemin.write_text(contenu, encoding="utf-8")
    with pytest.raises(PublicationError, match=r"fiche\.ipynb"):
        executer(chemin, {})


def test_l_environnement_du_noyau_ne_garde_aucun_nom_de_secret(tmp_path):
    noms = ["GH_TOKEN", "client_secret", "PGPASSWORD", "SSH_KEY", "AWS_CREDENTIALS", "OBSERVATOIRE_CLE"]
    garde = environnement_du_noyau(dict.fromkeys([*noms, "HOME", "PATH"], "x"), tmp_path, "profil")
    assert not set(noms) & set(garde)
    assert {"HOME", "PATH"} <= set(garde)
