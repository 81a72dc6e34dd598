"""Le projet donné à Quarto : rien de ce qui vient des données n'y a de sens ; le vrai Quarto s'il est là."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess

import nbformat
import pikepdf
import pytest
import typst
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_output

from observatoire.erreurs import PublicationError
from observatoire.perimetre import Periode
from observatoire.publication.quarto import Document, Ours, editer, projet_quarto, trouver
from observatoire.publication.quarto.controle import _Page
from observatoire.publication.quarto.echappement import attribut, echapper, une_ligne
from observatoire.publication.quarto.markdown import tableau
from tests.test_rendu import chiffres, entete, fiche_complete, figure, methode, notebook

HOSTILES = (
    "[x](javascript:alert(1))",
    "{{< include /etc/passwd >}}",
    "`x`{=html}",
    "@fig-1 $x$ \\(y\\) \\[z\\]",
    "<script>alert(1)</script>",
    '#read("/etc/passwd") "cité" *gras*',
    "1. un",
    "Table: a | b {#tbl-x}",
    "---",
    "::: {.x}",
)


def document(titre: str = "Seine-Saint-Denis (93)", *contenus, nom: str = "") -> Document:
    return Document(titre, notebook(entete(titre=titre), *(contenus or (chiffres(),))), nom)


# ── Ce qui vient des données ──


@given(st.text())
def test_un_texte_echappe_se_relit_lettre_pour_lettre(texte):
    assert html.unescape(echapper(texte)) == une_ligne(texte)
    assert "\n" not in echapper(texte)


@given(st.text(alphabet="ab1 .,:;()[]{}<>|*_`~^@#$%&\\\"'!-+=/?é\u00a0\u202f"))
def test_rien_de_ce_que_pandoc_ou_quarto_lisent_ne_reste_en_clair(texte):
    ecrit = re.sub(r"&#\d+;", "", echapper(texte))
    assert not set(ecrit) & set("[]{}<>|*_`~^@#$&\\\"'!+=")
    assert not re.search(r"--|\.\.|://|\S:\S", ecrit)
    premier = echapper(texte).split(" ")[0]
    assert not set(re.sub(r"&#\d+;", "", premier)) & set(".:()%/"), "un début de ligne ouvrirait une liste"


@given(st.text())
def test_un_attribut_ne_se_ferme_ni_dans_pandoc_ni_dans_typst(texte):
    valeur = html.unescape(attribut(texte))
    assert '"' not in attribut(texte)
    assert '"' not in valeur
    assert "\\" not in valeur
    assert valeur == valeur.strip()


def test_un_texte_francais_reste_lisible_dans_la_source():
    phrase = "Données extraites le 14 novembre 2026 (fichiers reçus), soit 12,5\u00a0% : n’en rien déduire."
    assert echapper(phrase) == phrase


def _pandoc() -> list[str]:
    if shutil.which("pandoc"):
        return ["pandoc"]
    if shutil.which("quarto"):
        return ["quarto", "pandoc"]
    pytest.skip("ni pandoc ni quarto sur ce poste")


@pytest.mark.parametrize("hostile", HOSTILES)
def test_pandoc_n_y_lit_que_du_texte(hostile):
    source = f"## {echapper(hostile)} {{#a}}\n\n{echapper(hostile)}\n\n- {echapper(hostile)}\n\n"
    source += tableau([hostile, "b"], ["left", "right"], [[hostile, hostile]])
    source += f'\n\n![{echapper(hostile)}](f.svg){{#fig-a alt="{attribut(hostile)}"}}\n'
    lu = subprocess.run(
        [*_pandoc(), "--from", "markdown", "--to", "html", "--mathml"],
        input=source, capture_output=True, text=True, check=True, encoding="utf-8",
    ).stdout  # fmt: skip
    page = _Page(lu)
    assert "".join("".join(page.morceaux).split()).count("".join(hostile.split())) == 7
    assert not re.search(r"<(script|a|math|em|strong|code)\b", lu)


# ── Le projet ──


def test_un_projet_est_en_francais_sans_execution_sans_reseau_et_accessible(travail, tmp_path):
    projet = projet_quarto(tmp_path / "p", [document()], genre="site", titre="Fiches", config=travail)
    lignes = (projet.dossier / "_quarto.yml").read_text(encoding="utf-8").splitlines()
    assert "lang: fr-FR" in lignes, "à la racine : ailleurs Quarto l'ignore"
    assert lignes[lignes.index("execute:") + 1 : lignes.index("execute:") + 3] == [
        "  enabled: false",
        "  echo: false",
    ]
    for reglage in ("html-math-method: mathml", "pdf-standard: ua-1", 'crossref-tbl-title: "Tableau"'):
        assert any(ligne.strip() == reglage for ligne in lignes)
    assert "    theme: [cosmo, brand, theme.scss]" in lignes
    theme = (projet.dossier / "theme.scss").read_text(encoding="utf-8")
    assert theme.startswith("/*-- scss:defaults --*/\n$web-font-path: false;"), "sinon Cosmo sort"
    marque = (projet.dossier / "_brand.yml").read_text(encoding="utf-8")
    assert '"source": "file"' in marque
    assert "google" not in marque
    for police in re.findall(r'"path": "(.+)"', marque):
        assert (projet.dossier / police).is_file()


def test_la_mention_fictive_de_chaque_page_ne_casse_pas_une_liste_du_pdf(travail, tmp_path):
    projet = projet_quarto(tmp_path / "p", [document()], genre="site", titre="Fiches", config=travail)
    reglages = (projet.dossier / "_quarto.yml").read_text(encoding="utf-8")
    (mention,) = re.findall(r"#set page\(.+", reglages)
    suite = '\n#set document(title: "x")\n= A\n' + "- un élément de liste\n" * 60
    assert _compiler(mention + suite).startswith(b"%PDF")
    with pytest.raises(RuntimeError, match="list"):
        _compiler(re.sub(r"pdf\.artifact\((.+)\)\)", r"\1)", mention) + suite)


def _compiler(source: str) -> bytes:
    return typst.compile(source.encode(), pdf_standards=["ua-1"])


def test_la_copie_n_a_que_du_markdown_ni_code_ni_html_ni_parametres(travail, tmp_path):
    source = notebook("# Notes", entete(), "## Combien ?", figure("a"), methode())
    source.cells.insert(0, new_code_cell('territoire = "dep:93"', metadata={"tags": ["parameters"]}))
    for cellule in source.cells:
        for sortie in cellule.get("outputs", []):
            sortie.data["text/html"] = "<table>"
    projet = projet_quarto(tmp_path / "p", [("A", source)], genre="site", titre="F", config=travail)
    copie = nbformat.read(projet.dossier / "a.ipynb", as_version=4)
    nbformat.validate(copie)
    assert copie.cells[0].cell_type == "raw"
    assert 'title: "A"' in copie.cells[0].source
    codes = [cellule for cellule in copie.cells if cellule.cell_type == "code"]
    assert [list(sortie.data) for cellule in codes for sortie in cellule.outputs] == [["text/markdown"]] * 3
    assert all(cellule.metadata == {"echo": False, "output": "asis"} for cellule in codes)
    assert "territoire = " not in str(copie)
    assert "fiche.partie" not in str(copie)
    assert "papermill" not in copie.metadata


def test_une_figure_a_son_ancre_son_alternative_et_son_tableau(travail, tmp_path):
    doubles = notebook(entete(), figure("a", alt='Barres "a".'), figure("a"))
    projet = projet_quarto(
        tmp_path / "p", [Document("X", doubles, "dep-93")], genre="site", titre="F", config=travail
    )
    texte = (projet.dossier / "dep-93.ipynb").read_text(encoding="utf-8")
    assert re.findall(r"\{#(fig-[\w-]+)", texte) == ["fig-dep-93-a", "fig-dep-93-a-2"]
    assert 'fig-alt=\\"Barres ”a”.\\"' in texte
    assert texte.count("| Modalité | Heures | Part |") == 2
    for dessin in ("a", "a-2"):
        svg = (projet.dossier / "figures" / f"fig-dep-93-{dessin}.svg").read_text(encoding="utf-8")
        assert "font/woff" in svg, "une image ne voit pas les polices de la page"


def test_des_chapitres_font_un_livre_dont_les_renvois_se_numerotent(travail, tmp_path):
    seul = {**figure("profil_complet"), "genre": "tableau"}
    un = notebook(
        "# Les heures", figure("heures"), "## Qui ?", "Voir [](#profil_complet), [](#03-qui) & [](#heures)."
    )
    deux = notebook("# Annexe", seul, {"genre": "definitions", "titre": "D", "entrees": [
        {"terme": "ETP", "definition": "temps plein", "precisions": [["Source", "$x$"]]}]})  # fmt: skip
    documents = [Document("Les heures", un, "03-heures"), Document("Annexe", deux, "93-tableaux", True)]
    ours = Ours("14 novembre 2026", Periode.lire("2026-T3").fin, fictif=True)
    projet = projet_quarto(tmp_path / "p", documents, genre="livre", titre="R", config=travail, ours=ours)
    chapitre = (projet.dossier / "03-heures.ipynb").read_text(encoding="utf-8")
    assert "tableau\u00a0[-@tbl-93-tableaux-profil-complet], partie\u00a0[-@sec-03-heures-qui]" in chapitre
    assert "&#38; figure\u00a0[-@fig-03-heures-heures]" in chapitre
    assert "Données fictives" in chapitre
    annexe = (projet.dossier / "93-tableaux.ipynb").read_text(encoding="utf-8")
    assert "{#tbl-93-tableaux-profil-complet}" in annexe
    assert "**ETP :** temps plein" in annexe
    reglages = (projet.dossier / "_quarto.yml").read_text(encoding="utf-8")
    assert '    - "03-heures.ipynb"\n  appendices:\n    - "93-tableaux.ipynb"' in reglages
    with pytest.raises(PublicationError, match="03-heures renvoie à « profil_complet »"):
        projet_quarto(tmp_path / "q", documents[:1], genre="livre", titre="R", config=travail, ours=ours)
    with pytest.raises(PublicationError, match="d'où viennent"):
        projet_quarto(tmp_path / "r", documents, genre="livre", titre="R", config=travail)


@pytest.mark.parametrize("hostile", HOSTILES)
def test_un_nom_hostile_n_est_nulle_part_en_clair(travail, tmp_path, hostile):
    travail.reglages["observatoire"]["nom"] = hostile
    source = notebook(
        entete(titre=hostile, sous_titre=hostile, mentions=[hostile], extraction=hostile),
        f"## Titre\n\n{'x'}",
        figure("a", titre=hostile, alt=hostile, lignes=[[hostile, "1", "2"]], lecture=hostile, note=hostile),
        {"genre": "avis", "texte": hostile},
        {**methode(), "paragraphes": [hostile], "signes": [[hostile, hostile]]},
    )
    projet = projet_quarto(tmp_path / "p", [(hostile, source)], genre="livre", titre=hostile, config=travail)
    for chemin in projet.dossier.glob("*.*"):
        texte = chemin.read_text(encoding="utf-8", errors="replace")
        if hostile not in (
            "---",
            "::: {.x}",
            "1. un",
        ):  # nous en écrivons, ou c'est sans danger dans une phrase
            assert hostile not in texte
    assert json.loads((projet.dossier / f"{projet.sources[0].nom}.ipynb").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("source", "constat"),
    [
        (notebook(entete()), "rien à publier"),
        (notebook(entete(), "## Un titre"), "rien à publier"),
        (notebook(entete(), figure("a", alt=" ")), "texte de remplacement"),
        (notebook(entete(), "## Un", "#### Trois"), "niveau 4"),
        (notebook(entete(), "$$x$$\n\n<div>x</div>"), "non publié"),
    ],
)
def test_ce_que_quarto_rendrait_vide_ou_refuserait_est_dit_avant(travail, tmp_path, source, constat):
    with pytest.raises(PublicationError, match=constat):
        projet_quarto(tmp_path / "p", [("X", source)], genre="site", titre="F", config=travail)


@pytest.mark.parametrize("trace", ["sortie", "marque", "metadonnee"])
def test_un_notebook_en_echec_est_refuse(travail, tmp_path, trace):
    source = notebook(entete(), chiffres())
    if trace == "sortie":
        source.cells[1].outputs.append(new_output("error", ename="KeyError", evalue="x", traceback=[]))
    elif trace == "marque":
        source.cells.insert(0, new_code_cell("x"))
        source.cells[0].cell_type = "markdown"
        source.cells[0].source = "An Exception was encountered at 'In [3]'"
    else:
        source.metadata.papermill = {"exception": True}
    with pytest.raises(PublicationError, match="a échoué"):
        projet_quarto(tmp_path / "p", [("X", source)], genre="site", titre="F", config=travail)


def test_chaque_projet_a_un_dossier_neuf_et_chaque_document_son_nom(travail, tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "reste.ipynb").touch()
    with pytest.raises(PublicationError, match="n'est pas vide"):
        projet_quarto(tmp_path / "p", [document()], genre="site", titre="F", config=travail)
    for documents in ([document("A"), document("a")], [document("Index")], []):
        with pytest.raises(PublicationError, match=r"même nom|Aucun document"):
            projet_quarto(tmp_path / "q", documents, genre="site", titre="F", config=travail)


def test_au_dela_de_quarante_documents_le_menu_ne_se_repete_plus(travail, tmp_path):
    documents = [document(f"Document {rang}") for rang in range(41)]
    for combien, menu in ((40, True), (41, False)):
        projet = projet_quarto(
            tmp_path / str(combien), documents[:combien], genre="site", titre="F", config=travail
        )
        assert ("sidebar:" in (projet.dossier / "_quarto.yml").read_text(encoding="utf-8")) is menu
        assert (projet.dossier / "index.qmd").read_text(encoding="utf-8").count(".ipynb)") == combien


# ── Le vrai Quarto ──


@pytest.fixture(scope="module")
def vrai_quarto():
    """Le Quarto du poste, 1.9 ou plus récent."""
    try:
        return trouver()
    except PublicationError as erreur:
        if os.environ.get("OBSERVATOIRE_QUARTO_EXIGE"):
            raise
        pytest.skip(f"pas de Quarto utilisable : {erreur.constat}")


@pytest.mark.parametrize("genre", ["site", "livre"])
def test_quarto_rend_un_document_complet_et_hostile(vrai_quarto, travail, tmp_path, genre):
    titre = "Société [x](javascript:1) & {{< meta title >}}"
    hostile = notebook(
        entete(titre=titre, mentions=list(HOSTILES)),
        chiffres(),
        "## Qui ?",
        figure("a", titre=HOSTILES[0], alt=HOSTILES[5], lignes=[[h, "1", "2"] for h in HOSTILES]),
        methode(),
    )
    documents = [
        Document("Seine-Saint-Denis (93)", fiche_complete(), "dep-93"),
        Document(titre, hostile, "hostile"),
    ]
    projet = editer(
        tmp_path / "sortie",
        documents,
        genre=genre,
        titre="Édition d’essai",
        config=travail,
        programme=vrai_quarto,
    )
    page = (tmp_path / "sortie" / "hostile.html").read_text(encoding="utf-8")
    texte = "".join("".join(_Page(page).morceaux).split())
    for nom in HOSTILES:
        assert "".join(nom.split()) in texte
    assert "root:" not in page
    assert "alert(1)</script>" not in page
    assert '<html xmlns="http://www.w3.org/1999/xhtml" lang="fr-FR"' in page
    for nom in projet.pdf:
        with pikepdf.open(tmp_path / "sortie" / nom) as pdf, pdf.open_metadata() as xmp:
            assert xmp["pdfuaid:part"] == "1"
            assert str(pdf.Root.Lang).lower().startswith("fr")
