"""Le rendu par Quarto : chaque piège connu, devant une doublure qui note ses appels ; le vrai s'il est là."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pikepdf
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_output

from observatoire.cli import cli
from observatoire.erreurs import PublicationError
from observatoire.perimetre import Periode
from observatoire.publication import editions
from observatoire.publication.blocs import MIME
from observatoire.publication.quarto import Document, appel, editer, projet_quarto, trouver
from observatoire.publication.quarto.controle import _Page
from observatoire.publication.quarto.echappement import attribut, echapper, une_ligne
from observatoire.publication.quarto.markdown import tableau
from tests.test_rendu import chiffres, entete, fiche_complete, figure, methode, notebook

DOUBLURE = Path(__file__).with_name("faux_quarto.py")
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


@pytest.fixture
def doublure(tmp_path, monkeypatch):
    """Met la doublure seule sur le PATH ; rend la liste des appels qu'elle a reçus."""
    dossier = tmp_path / "bin"
    dossier.mkdir()
    programme = dossier / "quarto"
    programme.write_text(f"#!{sys.executable}\n{DOUBLURE.read_text(encoding='utf-8')}", encoding="utf-8")
    programme.chmod(0o755)
    trace = tmp_path / "appels.jsonl"
    monkeypatch.setenv("PATH", str(dossier))
    monkeypatch.setenv("FAUX_QUARTO_TRACE", str(trace))
    monkeypatch.delenv("QUARTO_PATH", raising=False)

    def appels() -> list[dict]:
        return [json.loads(ligne) for ligne in trace.read_text().splitlines()] if trace.exists() else []

    return appels


def document(titre: str = "Seine-Saint-Denis (93)", *contenus, nom: str = "") -> Document:
    return Document(titre, notebook(entete(titre=titre), *(contenus or (chiffres(),))), nom)


def rendre(config, destination: Path, *documents: Document, genre: str = "site", titre: str = "Fiches"):
    return editer(
        destination, documents, genre=genre, titre=titre, config=config, programme=trouver(os.environ)
    )


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
    marque = (projet.dossier / "_brand.yml").read_text(encoding="utf-8")
    assert "source: file" in marque
    assert "google" not in marque
    for police in re.findall(r'path: "(.+)"', marque):
        assert (projet.dossier / police).is_file()


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
    assert texte.count("{#tbl-dep-93-a") == 2
    for dessin in ("a", "a-2"):
        svg = (projet.dossier / "figures" / f"fig-dep-93-{dessin}.svg").read_text(encoding="utf-8")
        assert "font/woff" in svg, "une image ne voit pas les polices de la page"


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


# ── L'appel ──


def test_un_seul_appel_sans_parametre_dans_un_dossier_a_lui(travail, tmp_path, doublure, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "secret")
    monkeypatch.setenv("QUARTO_PROFILE", "autre")
    projet = rendre(travail, tmp_path / "site", document("A"), document("B"), document("C"))
    (appel_,) = doublure()
    assert appel_["argv"] == ["render"], "ni -P, ni --execute, ni -o, ni nom de fichier"
    assert Path(appel_["cwd"]).name == "projet"
    assert {"_quarto.yml", "_brand.yml", "index.qmd", "page.css", "a.ipynb"} <= set(appel_["fichiers"])
    assert not {"API_TOKEN", "QUARTO_PROFILE"} & set(appel_["env"])
    assert appel_["env"]["SOURCE_DATE_EPOCH"] == str(int(projet.date.timestamp()))
    rendus = {chemin.name for chemin in (tmp_path / "site").iterdir()}
    assert rendus == {"index.html", *(f"{nom}.{ext}" for nom in "abc" for ext in ("html", "pdf"))}
    assert not list(tmp_path.glob("site-en-cours-*"))


def test_un_livre_a_un_seul_pdf(travail, tmp_path, doublure):
    rendre(
        travail, tmp_path / "livre", document("A"), document("B"), genre="livre", titre="Rapport annuel 2026"
    )
    assert {p.name for p in (tmp_path / "livre").glob("*.pdf")} == {"rapport-annuel-2026.pdf"}
    assert len(doublure()) == 1


def test_deux_rendus_en_meme_temps_ne_se_melent_pas(travail, tmp_path, doublure):
    with ThreadPoolExecutor(4) as fils:
        taches = [
            fils.submit(rendre, travail, tmp_path / f"s{rang}", document(f"Document {rang}", nom="meme"))
            for rang in range(4)
        ]
        for tache in taches:
            tache.result()
    assert len({appel_["cwd"] for appel_ in doublure()}) == 4
    for rang in range(4):
        assert f"Document {rang}" in (tmp_path / f"s{rang}" / "meme.html").read_text(encoding="utf-8")


def test_un_echec_nomme_la_page_et_le_remede_et_laisse_l_edition_precedente(
    travail, tmp_path, doublure, monkeypatch
):
    rendre(travail, tmp_path / "site", document("Ancienne"))
    monkeypatch.setenv("FAUX_QUARTO", "echec")
    with pytest.raises(PublicationError) as erreur:
        rendre(travail, tmp_path / "site", document("A"), document("B"), document("C"))
    assert "« b.ipynb »" in erreur.value.constat
    assert "PDF/UA-1 error" in erreur.value.constat
    assert "texte de remplacement" in erreur.value.remede
    assert (tmp_path / "site" / "ancienne.html").is_file()
    assert "missing alt text" in (tmp_path / "site.journal.txt").read_text(encoding="utf-8")
    assert not list(tmp_path.glob("site-en-cours-*"))


@pytest.mark.parametrize(
    ("mode", "constat"),
    [
        ("muet", "rien produit"),
        ("sans_pdf", r"pas produit a\.pdf, b\.pdf"),
        ("sans_norme", r"a\.pdf n'est pas un PDF accessible"),
        ("reseau", r"adresse extérieure : https://cdn\.exemple\.invalid/require\.js"),
        ("melange", r"a\.html ne porte pas son titre"),
    ],
)
def test_un_code_de_sortie_nul_ne_suffit_pas(travail, tmp_path, doublure, monkeypatch, mode, constat):
    monkeypatch.setenv("FAUX_QUARTO", mode)
    with pytest.raises(PublicationError, match=constat):
        rendre(travail, tmp_path / "site", document("A"), document("B"))
    assert not (tmp_path / "site").exists()


def test_un_quarto_qui_ne_finit_pas_est_arrete(travail, tmp_path, doublure, monkeypatch):
    monkeypatch.setenv("FAUX_QUARTO", "lent")
    monkeypatch.setattr(appel, "ATTENTE", 1)
    monkeypatch.setattr(appel, "PAR_PAGE", 0)
    with pytest.raises(PublicationError, match=r"pas fini en 1 s sur « a\.ipynb »"):
        rendre(travail, tmp_path / "site", document("A"))


def test_un_dossier_sans_projet_n_est_pas_donne_a_quarto(tmp_path, doublure):
    with pytest.raises(PublicationError, match=r"_quarto\.yml"):
        appel.rendre(trouver(), tmp_path, 1, date=Periode.lire("2026-T3").fin)
    assert doublure() == []


@pytest.mark.parametrize(
    ("version", "admise"), [("1.8.27", False), ("1.9.0", True), ("99.9.9", True), ("?", False)]
)
def test_il_faut_quarto_1_9(doublure, monkeypatch, version, admise):
    monkeypatch.setenv("FAUX_QUARTO_VERSION", version)
    if admise:
        assert trouver().version == version
        return
    with pytest.raises(PublicationError) as erreur:
        trouver()
    assert "conda-forge" in erreur.value.remede


def test_quarto_path_designe_le_programme_ou_son_dossier(doublure, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PublicationError, match="pas installé"):
        trouver()
    for impose in (tmp_path / "bin", tmp_path / "bin" / "quarto"):
        monkeypatch.setenv("QUARTO_PATH", str(impose))
        assert trouver().chemin == tmp_path / "bin" / "quarto"
    monkeypatch.setenv("QUARTO_PATH", str(tmp_path / "ailleurs"))
    with pytest.raises(PublicationError, match="QUARTO_PATH désigne"):
        trouver()


@pytest.mark.parametrize(
    ("page", "appelle"),
    [
        ('<link href="//polices.invalid/a.css" rel="stylesheet">', True),
        ("<style>@import url('https://a.invalid/x');</style>", True),
        ('<p style="background: url(https://a.invalid/x)">', True),
        ('<img srcset="a.png 1x, https://a.invalid/b.png 2x">', True),
        ('<script>s.src = "https://cdn.invalid/mathjax.js"</script>', True),
        ("<script>r = /^https?:\\/\\/localhost/; n = 'http://www.w3.org/2000/svg'</script>", False),
        ('<a href="https://exemple.invalid">un lien se suit, il ne se charge pas</a>', False),
        ('<script src="site_libs/quarto.js"></script><img src="figures/a.svg">', False),
    ],
)
def test_ce_qu_une_page_fait_charger_se_voit(page, appelle):
    assert bool(_Page(page).adresses) is appelle


# ── La commande ──


@pytest.fixture
def fiches(travail, monkeypatch):
    """Lance « observatoire fiches » sur un notebook sans données."""
    cellules = [
        new_code_cell('territoire = ""\nperiode = ""', metadata={"tags": ["parameters"]}),
        new_code_cell(
            f"class Bloc:\n    def __init__(self, bloc): self.bloc = bloc\n"
            f"    def _repr_mimebundle_(self, **_): return {{{MIME!r}: self.bloc, 'text/html': '<p>'}}"
        ),
        new_code_cell(f"Bloc({{**{entete()!r}, 'territoire': territoire, 'titre': territoire}})"),
        new_code_cell(f"Bloc({{**{figure('a')!r}, 'lecture': territoire}})"),
    ]
    noyau = {"name": "python3", "display_name": "Python 3", "language": "python"}
    source = nbformat.v4.new_notebook(cells=cellules, metadata={"kernelspec": noyau})
    nbformat.write(source, travail.racine / "notebooks" / editions.NOTEBOOK)
    monkeypatch.chdir(travail.racine)
    monkeypatch.setattr(editions, "derniere_periode", lambda _: Periode.lire("2026-T3"))

    def lancer(*arguments: str):
        return CliRunner().invoke(cli, ["fiches", "dep:93", "ept:T6", *arguments]), travail.outputs / "fiches"

    return lancer


def test_la_commande_ecrit_le_site_a_cote_des_fiches_et_suit_les_pages(fiches, doublure):
    resultat, dossier = fiches("--moteur", "quarto")
    assert resultat.exit_code == 0, resultat.output
    assert "Quarto, page 2 sur 2 : ept-T6.ipynb" in resultat.output
    assert "Site rendu par Quarto 1.10.18" in resultat.output
    ecrits = {str(p.relative_to(dossier / "2026-T3")) for p in dossier.rglob("*") if p.is_file()}
    communs = {f"{nom}.{ext}" for nom in ("dep-93", "ept-T6") for ext in ("html", "pdf", "ipynb")}
    site = {f"quarto/{nom}" for nom in communs | {"index.html"} if not nom.endswith(".ipynb")}
    assert ecrits == communs | site
    assert len(doublure()) == 1


def test_sans_quarto_la_commande_le_dit_avant_d_executer_et_l_integre_marche(fiches, doublure, monkeypatch):
    monkeypatch.setenv("PATH", os.defpath if not shutil.which("quarto", path=os.defpath) else "")
    resultat, dossier = fiches("--moteur", "quarto")
    assert resultat.exit_code == 1
    assert "Quarto n'est pas installé" in resultat.output
    assert "quarto>=1.9" in resultat.output
    assert "Traceback" not in resultat.output
    assert not dossier.exists()
    assert fiches()[0].exit_code == 0
    assert doublure() == []


def test_un_echec_de_quarto_laisse_les_fiches_integrees(fiches, doublure, monkeypatch):
    monkeypatch.setenv("FAUX_QUARTO", "echec")
    resultat, dossier = fiches("--moteur", "quarto")
    assert resultat.exit_code == 1
    assert "« ept-T6.ipynb »" in resultat.output
    assert (dossier / "2026-T3" / "ept-T6.pdf").is_file()
    assert not (dossier / "2026-T3" / "quarto").exists()


# ── Le vrai Quarto ──


@pytest.fixture(scope="module")
def vrai_quarto():
    """Le Quarto du poste, 1.9 ou plus récent."""
    try:
        return trouver()
    except PublicationError as erreur:
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
