"""L'appel de Quarto : chaque piège connu, imité par une doublure qui note comment on l'appelle."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_code_cell

from observatoire.cli import cli
from observatoire.erreurs import PublicationError
from observatoire.perimetre import Periode
from observatoire.publication import editions
from observatoire.publication.blocs import MIME
from observatoire.publication.campagne.tache import NOTEBOOK
from observatoire.publication.fiche import contexte
from observatoire.publication.quarto import Document, appel, editer, trouver
from observatoire.publication.quarto.controle import _Page
from observatoire.publication.rapport import edition as rapport
from tests.test_quarto import document
from tests.test_rendu import entete, figure, notebook

DOUBLURE = Path(__file__).with_name("faux_quarto.py")


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


def rendre(config, destination: Path, *documents: Document, genre: str = "site", titre: str = "Fiches"):
    return editer(
        destination, documents, genre=genre, titre=titre, config=config, programme=trouver(os.environ)
    )


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
    ("version", "admise"),
    [("1.8.27", False), ("1.9.0", True), ("1.10.18", True), ("99.9.9", True), ("?", False)],
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
        new_code_cell(f"Bloc({{**{figure('a')!r}, 'note': territoire}})"),
    ]
    noyau = {"name": "python3", "display_name": "Python 3", "language": "python"}
    source = nbformat.v4.new_notebook(cells=cellules, metadata={"kernelspec": noyau})
    nbformat.write(source, travail.racine / "notebooks" / NOTEBOOK)
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
    ecrits = {str(p.relative_to(dossier / "2026-T3")) for p in dossier.rglob("[!.]*") if p.is_file()}
    communs = {f"{nom}.{ext}" for nom in ("dep-93", "ept-T6") for ext in ("html", "pdf", "ipynb")}
    site = {f"quarto/{nom}" for nom in communs | {"index.html"} if not nom.endswith(".ipynb")}
    assert ecrits == communs | site | {"manifeste.json"}
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


def test_le_rapport_devient_un_livre_a_cote_de_ses_chapitres(travail, doublure, monkeypatch):
    dossier = travail.outputs / "rapports" / "2025"
    (dossier / "notebooks").mkdir(parents=True)
    for nom in ("00_synthese", "93_tableaux"):
        nbformat.write(
            notebook(f"# Chapitre {nom[:2]}", figure("f" + nom[:2])), dossier / "notebooks" / f"{nom}.ipynb"
        )
    edition = rapport.Edition(dossier, 2, 2, 0, 1.0)
    donnees = SimpleNamespace(extraction=dt.date(2026, 11, 14), fictif=True)
    monkeypatch.setattr(rapport, "produire_rapport", lambda *_, **__: edition)
    monkeypatch.setattr(contexte.Contexte, "ouvrir", lambda *_: donnees)
    monkeypatch.chdir(travail.racine)
    resultat = CliRunner().invoke(cli, ["rapport", "--annee", "2025", "--moteur", "quarto"])
    assert resultat.exit_code == 0, resultat.output
    assert "page 2 sur 2 : 93-tableaux.ipynb" in resultat.output
    rendus = {chemin.name for chemin in (dossier / "quarto").iterdir()}
    assert rendus == {
        "index.html",
        "00-synthese.html",
        "93-tableaux.html",
        "rapport-statistique-annuel-2025.pdf",
    }
    assert len(doublure()) == 1


def test_un_echec_de_quarto_laisse_les_fiches_integrees(fiches, doublure, monkeypatch):
    monkeypatch.setenv("FAUX_QUARTO", "echec")
    resultat, dossier = fiches("--moteur", "quarto")
    assert resultat.exit_code == 1
    assert "« ept-T6.ipynb »" in resultat.output
    assert (dossier / "2026-T3" / "ept-T6.pdf").is_file()
    assert not (dossier / "2026-T3" / "quarto").exists()
