"""Les documents produits, vus par leurs lecteurs : tous les contrôles, et un vrai navigateur.

Le navigateur se lance une fois, pour les pages produites et pour des pages fautives.
"""

from __future__ import annotations

import re
import shutil

import pytest
from click.testing import CliRunner

from observatoire.cli import cli
from observatoire.perimetre import Periode, Territoire
from observatoire.publication.campagne.edition import produire_fiches
from observatoire.publication.verification import navigateur
from observatoire.publication.verification.constats import Examen
from observatoire.publication.verification.declaration import rediger
from observatoire.publication.verification.dossier import verifier
from observatoire.qualite import controler
from tests.conftest import DEPOT, copie_de

OUTIL = DEPOT / "tests" / "navigateur"
# une fiche fournie, une presque toute secrète, une sans données
FICHES = [("reg:11", "2026-T3"), ("dep:93", "2026-T3"), ("ept:T3", "2026-T3"), ("dep:93", "2022-T1")]
FAUTIVES = {
    "axe": '<p style="color: #bbb; background: #fff">Texte trop clair.</p>',
    "clavier": '<a href="#contenu" style="outline: none">Cible sans contour</a>',
    "affichage à 320 px": '<p style="width: 600px">Un texte qui ne se replie pas.</p>',
    "zoom à 200 %": '<p style="width: 800px">Un texte qui ne se replie pas.</p>',
    "espacement des textes": '<p style="height: 1.2em; width: 9em; overflow: hidden">Trop à l’étroit</p>',
    "impression": '<p class="large">Un texte plus large que la feuille.</p>',
    "réseau et console": '<img alt="Une image absente" src="absente.svg">',
}
PAGE = """<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8"><title>Essai</title>
<style>:focus-visible {{ outline: 2px solid }} @media print {{ .large {{ width: 900px }} }}</style></head>
<body><main id="contenu"><h1>Essai</h1>{}</main></body></html>"""
PIEGE = """<button id="piege">Piège</button><button>Après</button><script>
piege.addEventListener("keydown", (e) => e.preventDefault())</script>"""


@pytest.fixture(scope="module")
def produits(exemple, tmp_path_factory):
    """Un dossier où tout a été produit : fiches, rapport de qualité, déclaration."""
    exemple = copie_de(exemple, tmp_path_factory.mktemp("documents"))
    for territoire, periode in FICHES:
        produire_fiches(exemple, [Territoire.lire(territoire)], Periode.lire(periode))
    controler(exemple)
    return exemple


@pytest.fixture(scope="module")
def examens(produits) -> dict[str, Examen]:
    """Les examens des documents produits, sans navigateur, puis celui de la déclaration qui en vient."""
    faits = verifier(produits, [produits.outputs / nom for nom in ("fiches", "qualite")])
    declaration = rediger(produits, faits)
    return {str(e.document): e for e in (*faits, *verifier(produits, [declaration]))}


@pytest.fixture(scope="module")
def vus(produits, examens, tmp_path_factory) -> dict[str, Examen]:
    """Les pages produites et les pages fautives, examinées dans un seul navigateur."""
    if raison := navigateur.empechement(OUTIL):
        pytest.skip(f"pas de navigateur : {raison}")
    dossier = tmp_path_factory.mktemp("fautives")
    pages = {chemin: Examen(chemin) for chemin in sorted(produits.outputs.rglob("*.html"))}
    for nom, corps in {**FAUTIVES, "saine": "<p>Rien à dire.</p>", "piège": PIEGE}.items():
        chemin = dossier / f"{re.sub('[^a-z0-9]', '', nom)}.html"
        chemin.write_text(PAGE.format(corps), encoding="utf-8")
        pages[chemin] = Examen(chemin)
    navigateur.examiner(pages, OUTIL)
    return {chemin.name if dossier in chemin.parents else str(chemin): e for chemin, e in pages.items()}


# ── Ce qui est produit ──


def test_aucun_document_produit_n_a_de_constat(examens):
    assert len(examens) == 3 * len(FICHES) + 2
    assert [str(constat) for examen in examens.values() for constat in examen.constats] == []


def test_toute_figure_et_tout_chiffre_cle_d_une_fiche_se_recomptent(examens):
    fiches = [e for e in examens.values() if e.document.suffix == ".ipynb"]
    assert all("recomptage" in e.controles for e in fiches)
    assert [nom for e in fiches for nom in e.omis] == []


def test_aucune_page_produite_n_a_de_constat_dans_un_navigateur(vus):
    produites = [e for e in vus.values() if "outputs" in e.document.parts]
    assert len(produites) == len(FICHES) + 2
    assert all(len(e.controles) == len(navigateur.REMEDES) for e in produites)
    assert [str(constat) for e in produites for constat in e.constats] == []


# ── Ce qui est fautif ──


@pytest.mark.parametrize("controle", FAUTIVES)
def test_chaque_controle_du_navigateur_voit_sa_faute(vus, controle):
    assert controle in vus[f"{re.sub('[^a-z0-9]', '', controle)}.html"].fautifs


def test_un_piege_au_clavier_est_vu_et_une_page_saine_n_a_rien(vus):
    assert vus["pige.html"].fautifs == ["clavier"]
    assert vus["saine.html"].fautifs == []


# ── La déclaration ──


def test_la_declaration_dit_ce_qui_n_est_pas_verifie(examens, produits):
    texte = (produits.outputs / "declaration-accessibilite.html").read_text(encoding="utf-8")
    for attendu in ("partiellement conformes (auto-évaluation)", "Voies de recours", "n’ont pas été faits"):
        assert attendu in texte
    assert re.search(
        r'Alternatives</th><td>RGAA\s1\.1</td><td class="right">5</td><td class="right">5<', texte
    )


# ── La commande ──


@pytest.fixture
def lancer(produits, monkeypatch, tmp_path):
    """Lance la vérification d'une copie des fiches d'un trimestre."""
    monkeypatch.chdir(produits.racine)
    copie = tmp_path / "fiches"
    shutil.copytree(produits.outputs / "fiches" / "2026-T3", copie)

    def _lancer(*options: str):
        return CliRunner().invoke(cli, ["verifier", str(copie), "--sans-navigateur", *options])

    return copie, _lancer


def test_la_commande_passe_puis_echoue_sur_un_nombre_change(lancer):
    copie, commande = lancer
    resultat = commande()
    assert resultat.exit_code == 0, resultat.output
    assert re.search(r"9 document\(s\), \d{3,} nombre\(s\) recompté\(s\), 0 constat\(s\)", resultat.output)
    assert "non vérifié : navigateur (3 document(s)) : non demandé" in resultat.output
    page = copie / "dep-93.html"
    page.write_text(page.read_text(encoding="utf-8").replace("16\u202f976", "16\u202f967"), encoding="utf-8")
    resultat = commande("--detail")
    assert resultat.exit_code == 1
    assert "mêmes nombres que le notebook : texte du notebook absent du document" in resultat.output
    assert "→ Reproduire le document" in resultat.output


def test_un_notebook_dont_un_tableau_est_faux_est_vu_par_le_second_calcul(lancer):
    copie, commande = lancer
    for suffixe in ("ipynb", "html"):
        fichier = copie / f"dep-93.{suffixe}"
        texte = fichier.read_text(encoding="utf-8")
        fichier.write_text(re.sub("17\u202f119|17\\\\u202f119", "17\u202f911", texte), encoding="utf-8")
    resultat = commande()
    assert resultat.exit_code == 1
    assert re.search("« 17\u202f911.* imprimé, « 17\u202f119.* d'après les indicateurs", resultat.output)


def test_un_pdf_illisible_est_un_constat(lancer):
    copie, commande = lancer
    (copie / "dep-93.pdf").write_bytes(b"%PDF-1.7 abime")
    resultat = commande()
    assert resultat.exit_code == 1
    assert "PDF illisible" in resultat.output
