"""Le dépôt se vérifie lui-même : étapes, dépendances, commandes, noms."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from observatoire.chaine import ETAPES
from observatoire.cli import cli
from observatoire.referentiel import lire_liste, nomenclature, ventilations
from observatoire.schemas import SCHEMAS

DEPOT = Path(__file__).parents[1]
PROJET = tomllib.loads((DEPOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DIRECTES = [*PROJET["dependencies"], *PROJET["optional-dependencies"]["dev"]]


def _nom(dependance: str) -> str:
    return re.split(r"[<>=\[; ]", dependance)[0].lower().replace("_", "-")


def test_importer_le_paquet_ne_cree_rien(tmp_path):
    code = "import observatoire.cli, observatoire.chaine, observatoire.publication.editions"
    subprocess.run([sys.executable, "-B", "-c", code], cwd=tmp_path, check=True)
    assert list(tmp_path.iterdir()) == []


def test_chaque_table_est_ecrite_par_une_seule_etape_avant_d_etre_lue():
    ecrites: list[str] = []
    for etape in ETAPES:
        assert set(etape.lit) <= set(ecrites), etape.nom
        ecrites += etape.ecrit
    assert sorted(ecrites) == sorted(SCHEMAS)


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS.keys())
def test_tout_schema_a_une_cle_parmi_ses_colonnes_sans_doublon(schema):
    assert set(schema.cle) <= set(schema.noms)
    assert len(schema.noms) == len(set(schema.noms))
    assert all(colonne.libelle for colonne in schema.colonnes)


def test_aucun_module_fourre_tout():
    interdits = {"utils", "helpers", "misc", "common", "outils", "divers"}
    noms = {chemin.stem for chemin in (DEPOT / "src").rglob("*.py")}
    assert not noms & interdits


@pytest.mark.parametrize("commande", sorted(cli.commands))
def test_toute_commande_a_une_aide_et_figure_dans_le_readme(commande):
    assert cli.commands[commande].help
    assert f"observatoire {commande}" in (DEPOT / "README.md").read_text(encoding="utf-8")


def test_tout_fichier_du_paquet_est_livre_avec_lui():
    paquet = DEPOT / "src" / "observatoire"
    outils = tomllib.loads((DEPOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    motifs = outils["setuptools"]["package-data"]["observatoire"]
    livres = {chemin for motif in motifs for chemin in paquet.glob(motif)}
    presents = {
        chemin for chemin in paquet.rglob("*") if chemin.is_file() and chemin.suffix not in {".py", ".pyc"}
    }
    assert livres == presents


def test_environment_yml_a_les_memes_dependances_directes_plus_quarto():
    lignes = (DEPOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    declarees = [ligne.split("- ", 1)[1] for ligne in lignes if ligne.strip().startswith("- ")]
    paquets = {d for d in declarees if re.match(r"[a-z]", d)} - {"pip", "pip:"}
    attendues = {*DIRECTES, "python>=3.11", "quarto>=1.9"}
    assert paquets == attendues


def test_le_verrou_tient_toutes_les_dependances_avec_empreintes_et_sans_adresse():
    verrou = (DEPOT / "requirements.lock").read_text(encoding="utf-8")
    blocs = re.split(r"\n(?=[a-z0-9])", verrou.strip())
    noms = {_nom(bloc) for bloc in blocs}
    assert {_nom(d) for d in DIRECTES} <= noms
    assert not {_nom(d) for d in PROJET["optional-dependencies"]["spark"]} & noms
    assert all("==" in bloc and "--hash=sha256:" in bloc for bloc in blocs)
    assert "://" not in verrou
    assert "--index" not in verrou
    assert "--find-links" not in verrou


def test_les_listes_de_codes_sont_uniques_et_toute_ventilation_couvre_sa_liste():
    for ventilation in ventilations().values():
        assert set(ventilation.vers_publiee.values()) <= set(ventilation.libelles)
    for nom in ("modalites", "publics", "types_contrat"):
        lignes = lire_liste(nom)
        assert len({ligne["code"] for ligne in lignes}) == len(lignes) == len(nomenclature(nom))


def test_le_decoupage_est_complet():
    # 1 266 communes ; 130 dans la métropole, dont Paris ; 12 territoires ; 51 intercommunalités ailleurs
    communes = lire_liste("communes")
    assert len(communes) == 1266
    assert len({c["code"] for c in communes}) == 1266
    assert sum(bool(c["ept"]) for c in communes) == 130
    assert {c["ept"] for c in communes if c["ept"]} == {f"T{n}" for n in range(1, 13)}
    assert len({c["epci"] for c in communes if c["epci"]}) == 51
    assert all(bool(c["ept"]) != bool(c["epci"]) for c in communes)


def test_l_aide_de_la_commande_reste_rapide_a_importer():
    """L'aide ne charge ni pandas ni Jupyter : c'est ce qui la garde sous 0,3 s."""
    code = (
        "import sys; from observatoire.cli import cli; "
        "lourds = {'pandas', 'duckdb', 'matplotlib', 'nbformat', 'papermill'} & set(sys.modules); "
        "sys.exit(' '.join(lourds) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_aucun_notebook_ne_garde_de_sortie():
    import nbformat

    for chemin in (DEPOT / "notebooks").rglob("*.ipynb"):
        notebook = nbformat.read(chemin, as_version=4)
        for cellule in notebook.cells:
            if cellule.cell_type == "code":
                assert cellule.outputs == []
                assert cellule.execution_count is None


def test_tout_module_importe_est_une_dependance_directe():
    paquets = packages_distributions()
    importes = set()
    for chemin in (DEPOT / "src").rglob("*.py"):
        for noeud in ast.walk(ast.parse(chemin.read_text(encoding="utf-8"))):
            if isinstance(noeud, ast.Import):
                importes |= {alias.name.split(".")[0] for alias in noeud.names}
            elif isinstance(noeud, ast.ImportFrom) and noeud.module:
                importes.add(noeud.module.split(".")[0])
    facultatifs = {"distributed"}  # l'extra [cluster], importé à l'usage
    tiers = importes - set(sys.stdlib_module_names) - {"observatoire"} - facultatifs
    fournis = {nom: {_nom(d) for d in paquets[nom]} for nom in tiers}
    declarees = {_nom(d) for d in PROJET["dependencies"]}
    assert not {nom: d for nom, d in fournis.items() if not d & declarees}
    outils = {"jupyterlab", "ipykernel"}  # le poste de l'analyste et le noyau des notebooks
    assert not declarees - set().union(*fournis.values()) - outils
