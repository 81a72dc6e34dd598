"""Le notebook de la fiche : court, sans logique, sans sortie."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

from observatoire.publication.fiche import Fiche

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "fiche_territoire.ipynb"
METHODES = {nom for nom in vars(Fiche) if not nom.startswith("_")} - {"ouvrir"}
"""Ce qu'une fiche sait montrer ; `test_publics` vérifie qu'aucune partie n'est oubliée."""


def _codes() -> list[dict]:
    cellules = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return [{**cellule, "source": "".join(cellule["source"])} for cellule in cellules]


def test_le_notebook_n_a_que_des_cellules_courtes_sans_logique():
    interdits = (ast.FunctionDef, ast.Lambda, ast.For, ast.While, ast.ListComp, ast.If, ast.ClassDef)
    for cellule in _codes():
        if cellule["cell_type"] == "code":
            assert len(cellule["source"].splitlines()) <= 10
            arbre = ast.parse(cellule["source"])
            assert not [noeud for noeud in ast.walk(arbre) if isinstance(noeud, interdits)]


def test_le_notebook_n_importe_que_la_publication_et_ne_montre_que_la_fiche():
    source = "\n".join(cellule["source"] for cellule in _codes() if cellule["cell_type"] == "code")
    imports = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Import | ast.ImportFrom)]
    assert [n.module for n in imports] == ["observatoire.publication"]
    montrees = re.findall(r"fiche\.(\w+)\(\)", source)
    assert len(montrees) == len(set(montrees))
    assert set(montrees) <= METHODES


def test_le_notebook_a_ses_parametres_des_identifiants_lisibles_et_aucune_sortie():
    cellules = _codes()
    assert cellules[0]["cell_type"] == "markdown"
    assert cellules[1]["metadata"]["tags"] == ["parameters"]
    assert 'territoire: str = "dep:93"  # ' in cellules[1]["source"]
    assert 'periode: str = "2026-T3"  # ' in cellules[1]["source"]
    assert len({cellule["id"] for cellule in cellules}) == len(cellules)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]*", cellule["id"]) for cellule in cellules)
    assert all(
        c["outputs"] == [] and c["execution_count"] is None for c in cellules if c["cell_type"] == "code"
    )
    titres = [c["source"].splitlines()[0] for c in cellules if c["source"].startswith("## ")]
    assert all(titre.endswith(" ?") for titre in titres)
    assert cellules[-1]["metadata"]["tags"] == ["remove-input", "provenance"]
