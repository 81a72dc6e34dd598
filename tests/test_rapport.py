"""Le rapport annuel : un livre numéroté, les mêmes nombres dans les pages, le PDF et le classeur."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from itertools import pairwise

import markupsafe
import nbformat
import openpyxl
import pikepdf
import pytest

from observatoire.erreurs import PerimetreError, PublicationError
from observatoire.perimetre import Periode
from observatoire.publication import ouvrir_rapport
from observatoire.publication.blocs import MIME, Tableau, TableauSeul, Titre
from observatoire.publication.deroule import lire_chapitre
from observatoire.publication.rapport import Rapport
from observatoire.publication.rapport.classeur import en_nombre
from observatoire.publication.rapport.edition import CHAPITRES, derniere_annee, produire_rapport
from observatoire.publication.rapport.livre import assembler
from observatoire.publication.verification import tableurs
from observatoire.publication.verification.dossier import verifier
from observatoire.publication.verification.recomptage import Bilan, Tables, recompter_chapitre
from tests.conftest import DEPOT, copie_de

TABLEAU = TableauSeul("t", "Un tableau", "Sous-titre", Tableau(["A", "B"], [["x", "1"]]), "Source")


def chapitre(titre: str, *cellules: object) -> nbformat.NotebookNode:
    """Un notebook exécuté : des textes Markdown, et des blocs affichés."""
    notebook = nbformat.v4.new_notebook(metadata={"language_info": {"name": "python"}})
    notebook.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "Python 3"}
    notebook.cells = [nbformat.v4.new_markdown_cell(f"# {titre}")]
    for cellule in cellules:
        if isinstance(cellule, str):
            notebook.cells.append(nbformat.v4.new_markdown_cell(cellule))
        else:
            code = nbformat.v4.new_code_cell("bloc")
            code.outputs = [nbformat.v4.new_output("display_data", {MIME: cellule.json()})]
            notebook.cells.append(code)
    return notebook


def autre(ancre: str) -> TableauSeul:
    return TableauSeul(ancre, "Un autre", "Sous-titre", TABLEAU.tableau, "Source")


# ── le livre ──


def test_chapitres_en_chiffres_annexes_en_lettres_tableaux_et_parties_numerotes_dans_leur_chapitre():
    livre = assembler(
        {
            "90_codes": chapitre("Codes", autre("c")),
            "03_heures": chapitre("Heures", "## Une partie", TABLEAU, autre("b")),
            "01_cadre": chapitre("Cadre"),
        }
    )
    assert [c.nom for c in livre.chapitres] == ["1. Cadre", "2. Heures", "Annexe A. Codes"]
    assert [(r.numero, r.ancre) for r in livre.liste("Tableau")] == [("2.1", "t"), ("2.2", "b"), ("A.1", "c")]
    assert [s.numero for s in livre.chapitres[1].sections] == ["2.1"]


def test_un_renvoi_porte_le_numero_de_ce_qu_il_vise_et_refuse_de_ne_rien_viser():
    livre = assembler({"01_a": chapitre("A", "Voir [](#t)."), "02_b": chapitre("B", TABLEAU)})
    [bloc] = livre.chapitres[0].blocs
    assert bloc["paragraphes"] == [
        [{"texte": "Voir "}, {"texte": "tableau 2.1", "ancre": "t", "fichier": "02_b"}, {"texte": "."}]
    ]
    with pytest.raises(PublicationError, match="renvoie à « absent »"):
        assembler({"01_a": chapitre("A", "Voir [](#absent).")})


def test_deux_figures_de_meme_nom_sont_refusees():
    with pytest.raises(PublicationError, match="2 fois dans le rapport"):
        assembler({"01_a": chapitre("A", TABLEAU), "02_b": chapitre("B", TABLEAU)})


def test_un_chapitre_sans_titre_ou_qui_saute_un_niveau_est_refuse():
    sans = chapitre("A")
    sans.cells = [nbformat.v4.new_markdown_cell("Un texte.")]
    with pytest.raises(PublicationError, match="pas de titre"):
        assembler({"01_a": sans})
    with pytest.raises(PublicationError, match="niveau 3 après un niveau 1"):
        assembler({"01_a": chapitre("A", "### Trop bas")})


def test_un_titre_de_double_page_est_une_partie():
    livre = assembler({"09_t": chapitre("T", Titre(2, "Paris (75)", page=True))})
    [titre] = livre.chapitres[0].blocs
    assert titre["page"] is True
    assert titre["ancre"] == "09-paris-75"


@pytest.mark.parametrize(
    ("ecrit", "nombre"),
    [
        ("1\u202f234", Decimal(1234)),
        ("\u22123,2\xa0%", Decimal("-3.2")),
        ("+0,5\xa0point", Decimal("0.5")),
        ("0", Decimal(0)),
    ],
)
def test_le_classeur_ecrit_le_nombre_imprime(ecrit, nombre):
    lu = en_nombre(ecrit)
    assert lu is not None
    assert lu[0] == nombre


@pytest.mark.parametrize("ecrit", ["s", "n.d.", "–", "2112-2", "75056", "12/03/2026", "=1+1"])
def test_le_classeur_laisse_en_texte_ce_qui_n_est_pas_un_nombre(ecrit):
    lu = en_nombre(ecrit)
    assert lu is None or ecrit == "75056"


def test_le_rapport_est_annuel():
    with pytest.raises(PerimetreError, match="Le rapport est annuel"):
        Rapport.ouvrir("2026-T3")


# ── un rapport court, sur l'exemple ──


@pytest.fixture(scope="module")
def dossier(exemple, tmp_path_factory):
    """Un dossier de travail dont le rapport n’a que quatre chapitres : textes, figures, doubles pages."""
    config = copie_de(exemple, tmp_path_factory.mktemp("rapport"))
    gardes = ("01_cadre", "04_beneficiaires", "09_territoires", "91_secret_et_regles")
    for chemin in (config.racine / "notebooks" / CHAPITRES).glob("*.ipynb"):
        if chemin.stem not in gardes:
            chemin.unlink()
    return config


@pytest.fixture(scope="module")
def rapport(dossier):
    """Le rapport de ces chapitres."""
    return produire_rapport(dossier, derniere_annee(dossier))


def blocs(edition) -> list[dict]:
    """Les figures et les tableaux du rapport, lus dans ses notebooks."""
    notebooks = {
        chemin.stem: nbformat.read(chemin, as_version=4)
        for chemin in sorted((edition.dossier / "notebooks").glob("*.ipynb"))
    }
    livre = assembler(notebooks)
    return [b for c in livre.chapitres for b in c.blocs if b["genre"] in ("figure", "tableau")]


def tables(edition) -> list[tuple[str, list[list[str]]]]:
    """Chaque tableau du rapport : son nom et ses lignes."""
    return [(f"{b['signe']} {b['numero']}", b["lignes"]) for b in blocs(edition)]


def recompter(edition, tables: Tables, annee: str = "") -> list[Bilan]:
    """Le recompte de chaque chapitre d'un rapport produit."""
    annee = annee or edition.dossier.name
    lus = [nbformat.read(n, as_version=4) for n in sorted((edition.dossier / "notebooks").glob("*.ipynb"))]
    return [recompter_chapitre(lire_chapitre(lu)[1], annee, tables) for lu in lus]


def test_le_rapport_produit_se_recompte_depuis_les_tables(rapport, dossier):
    tables = Tables.lire(dossier)
    bilans = recompter(rapport, tables)
    assert [str(trouve) for bilan in bilans for trouve in bilan.trouves] == []
    assert [nom for bilan in bilans for nom in bilan.omis] == []
    assert sum(bilan.nombres for bilan in bilans) > 1500
    doubles = tables.valeurs.assign(valeur=2 * tables.valeurs["valeur"])
    assert all(bilan.trouves for bilan in recompter(rapport, replace(tables, valeurs=doubles, _lues={}))[1:3])


@pytest.fixture(scope="module")
def chapitres(exemple) -> dict[str, list[dict]]:
    """Les blocs de tous les chapitres du dépôt, sans leur dessin, long à faire."""
    rapport = Rapport.ouvrir("2025", exemple)
    lus: dict[str, list[dict]] = {}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("observatoire.publication.feuille.dessiner", lambda *_: "<svg/>")
        for chemin in sorted((DEPOT / "notebooks" / CHAPITRES).glob("*.ipynb")):
            sources = [c.source for c in nbformat.read(chemin, as_version=4).cells if c.cell_type == "code"]
            appels = re.findall(r"^(?:for bloc in )?(rapport\..*?\))(?::|$)", "\n".join(sources), re.M | re.S)
            rendus = [eval(appel, {"rapport": rapport}) for appel in appels]
            lus[chemin.stem] = [b.json() for x in rendus for b in (x if isinstance(x, list) else [x])]
    return lus


def test_chaque_bloc_de_chaque_chapitre_se_recompte(chapitres, exemple):
    tables = Tables.lire(exemple)
    bilans = {nom: recompter_chapitre(blocs, "2025", tables) for nom, blocs in chapitres.items()}
    assert {nom: list(map(str, bilan.trouves)) for nom, bilan in bilans.items() if bilan.trouves} == {}
    assert {nom: bilan.omis for nom, bilan in bilans.items() if bilan.omis} == {}
    assert sum(len(blocs) for blocs in chapitres.values()) > 200
    assert sum(bilan.nombres for bilan in bilans.values()) > 4000


def test_chaque_case_changee_d_un_tableau_du_rapport_est_vue(chapitres, exemple):
    tables, combien = Tables.lire(exemple), 0
    for nom in ("00_synthese", "02_commande_publique", "08_grands_projets", "91_secret_et_regles"):
        for bloc in chapitres[nom]:
            copie = json.loads(json.dumps(bloc))
            for ligne in copie.get("lignes", []):
                for rang, avant in enumerate(ligne[1:], start=1):
                    ligne[rang] = re.sub(r"\d", lambda x: str((int(x[0]) + 1) % 10), avant, count=1)
                    if ligne[rang] != avant:
                        assert recompter_chapitre([copie], "2025", tables).trouves, (bloc["id"], avant)
                        combien += 1
                    ligne[rang] = avant
    assert combien > 150


def test_verifier_recompte_les_chapitres_et_compare_le_classeur_aux_blocs(rapport, dossier):
    classeur = next(rapport.dossier.glob("*.xlsx"))
    examens = {e.document: e for e in verifier(dossier, [rapport.dossier])}
    assert [str(constat) for examen in examens.values() for constat in examen.constats] == []
    assert {e.document.suffix for e in examens.values() if "recomptage" in e.controles} == {".ipynb"}
    assert all(examen.recomptes for examen in examens.values() if "recomptage" in examen.controles)
    assert "mêmes nombres que le notebook" in examens[classeur].controles
    lus = [dict(bloc) for bloc in blocs(rapport)]
    lus[0]["lignes"] = [[*ligne[:-1], "98\u202f765"] for ligne in lus[0]["lignes"]]
    assert list(tableurs.comparer_livre(classeur, lus))
    lus[0]["numero"] = "99.1"
    assert [t.constat for t in tableurs.comparer_livre(classeur, lus)] == [
        "feuille absente du classeur, ou trop courte"
    ]


def test_les_memes_nombres_dans_les_pages_le_pdf_et_le_classeur(rapport):
    classeur = openpyxl.load_workbook(BytesIO(next(rapport.dossier.glob("*.xlsx")).read_bytes()))
    pages = {chemin.stem: chemin.read_text() for chemin in rapport.dossier.glob("[0-9]*.html")}
    pdf = next(rapport.dossier.glob("*.pdf"))
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext est absent : installer poppler-utils")
    texte = subprocess.run(["pdftotext", "-raw", str(pdf), "-"], capture_output=True, text=True, check=True)
    imprime = re.sub(r"\s", "", texte.stdout)
    toutes = "".join(pages.values())
    lues = tables(rapport)
    assert len(lues) > 40
    for nom, lignes in lues:
        feuille = list(classeur[nom].iter_rows(values_only=True))[-len(lignes) :]
        for ligne, ecrite in zip(lignes, feuille, strict=True):
            assert ligne[0] == ecrite[0]
            for imprimee, cellule in zip(ligne[1:], ecrite[1:], strict=True):
                nombre = en_nombre(imprimee)
                assert cellule == (imprimee if nombre is None else float(nombre[0]))
                assert f">{markupsafe.escape(imprimee)}</t" in toutes, (nom, imprimee)
                if nombre is not None:
                    assert re.sub(r"\s", "", imprimee) in imprime, (nom, imprimee)


def test_le_classeur_n_a_ni_formule_ni_cellule_fusionnee_et_un_tableau_par_feuille(rapport):
    classeur = openpyxl.load_workbook(next(rapport.dossier.glob("*.xlsx")))
    for feuille in classeur.worksheets[1:]:
        assert not feuille.merged_cells.ranges
        assert len(feuille.tables) == 1
        assert not [c for ligne in feuille.iter_rows() for c in ligne if c.data_type == "f"]


def test_le_pdf_est_balise_titre_et_marque_page(rapport):
    with pikepdf.open(next(rapport.dossier.glob("*.pdf"))) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang).startswith("fr")
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        with pdf.open_outline() as plan:
            titres = [str(entree.title) for entree in plan.root]
    assert any("Les bénéficiaires" in titre for titre in titres)


def test_une_double_page_par_departement(rapport):
    """Chaque département commence sur une page paire et en tient deux."""
    with pikepdf.open(next(rapport.dossier.glob("*.pdf"))) as pdf:
        rangs = {page.objgen: rang for rang, page in enumerate(pdf.pages, start=1)}
        with pdf.open_outline() as plan:
            [territoires] = [e for e in plan.root if "Les territoires" in str(e.title)]
            debuts = [
                rangs[entree.destination[0].objgen]
                for entree in territoires.children
                if re.search(r"\(\d\d\)$", str(entree.title))
            ]
    assert len(debuts) == 8
    assert all(debut % 2 == 0 for debut in debuts)
    assert [b - a for a, b in pairwise(debuts)] == [2] * 7


def test_aucune_page_ne_demande_rien_au_dehors_et_chaque_lien_mene_quelque_part(rapport):
    pages = {chemin.name: chemin.read_text() for chemin in rapport.dossier.glob("*.html")}
    ancres = {nom: set(re.findall(r'\bid="([^"]+)"', texte)) for nom, texte in pages.items()}
    for nom, texte in pages.items():
        assert not re.search(r'(?:src|href)="(?:https?:)?//', texte)
        for lien in re.findall(r'href="([^"]+)"', texte):
            if lien.startswith(("data:", "style.css")):
                continue
            page, _, ancre = lien.partition("#")
            assert (rapport.dossier / (page or nom)).is_file(), (nom, lien)
            assert not ancre or ancre in ancres[page or nom], (nom, lien)


def test_un_chapitre_en_echec_laisse_le_rapport_precedent(rapport, dossier):
    avant = {chemin.name: chemin.stat().st_mtime_ns for chemin in rapport.dossier.iterdir()}
    casse = dossier.racine / "notebooks" / CHAPITRES / "02_casse.ipynb"
    notebook = chapitre("Cassé")
    notebook.cells.append(nbformat.v4.new_code_cell('annee = "2025"', metadata={"tags": ["parameters"]}))
    notebook.cells.append(nbformat.v4.new_code_cell("1 / 0"))
    nbformat.write(notebook, casse)
    try:
        with pytest.raises(PublicationError, match="02_casse"):
            produire_rapport(dossier, Periode(2025))
    finally:
        casse.unlink()
    assert {c.name: c.stat().st_mtime_ns for c in rapport.dossier.iterdir()} == avant
    assert [c.name for c in rapport.dossier.parent.iterdir()] == [rapport.dossier.name]


def test_les_chapitres_du_depot_ont_un_titre_et_le_parametre_de_l_annee():
    chemins = sorted((DEPOT / "notebooks" / CHAPITRES).glob("*.ipynb"))
    assert len(chemins) > 12
    for chemin in chemins:
        notebook = nbformat.read(chemin, as_version=4)
        assert notebook.cells[0].source.startswith("# "), chemin.name
        etiquetes = [c.source for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
        assert [source.split(" =")[0] for source in etiquetes] == ["annee: str"], chemin.name
        assert not any(c.get("outputs") or c.get("execution_count") for c in notebook.cells), chemin.name


def test_ouvrir_rapport_lit_l_annee_dans_le_dossier_courant(exemple, monkeypatch):
    monkeypatch.chdir(exemple.racine)
    assert ouvrir_rapport("2025").contexte().quand == "2025"
