"""Le poste de l'analyste : aperçu, essais, nouvelle fiche, propreté des notebooks."""

from __future__ import annotations

import html
import http.client
import importlib.util
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest
from click.testing import CliRunner
from pypdf import PdfReader

from observatoire.cli import cli
from observatoire.config import Config
from observatoire.erreurs import ObservatoireError, ParametreError, PublicationError
from observatoire.magasin import Magasin
from observatoire.publication.apercu.demande import lire_demande
from observatoire.publication.apercu.serveur import Serveur
from observatoire.publication.apercu.session import Etat, Session
from observatoire.publication.apercu.vue import Vue
from observatoire.publication.blocs import MIME
from observatoire.publication.cahiers import creation, essai, garde, laboratoire, proprete
from observatoire.publication.cahiers.tout_secret import vue_secrete
from observatoire.publication.formats import typographier
from observatoire.publication.verification.navigateur import empechement
from observatoire.schemas import SCHEMAS
from tests.conftest import DEPOT
from tests.test_rendu import entete, notebook

NOTEBOOKS = proprete.lister(DEPOT / "notebooks")


# ── Propres ──


@pytest.mark.parametrize("chemin", NOTEBOOKS, ids=lambda p: p.stem)
def test_les_notebooks_du_depot_sont_propres(chemin):
    assert proprete.relire(chemin.read_text(encoding="utf-8"), chemin.name) == []


def test_nettoyer_retire_ce_qui_peut_porter_des_donnees_et_garde_le_reste(tmp_path):
    notebook = nbformat.reads(NOTEBOOKS[0].read_text(encoding="utf-8"), as_version=4)
    attendu = proprete.en_texte(notebook)
    code = next(c for c in notebook.cells if c.cell_type == "code")
    code.outputs = [nbformat.v4.new_output("stream", text="Dupont")]
    code.execution_count = 3
    code.metadata["scrolled"] = True
    notebook.metadata["widgets"] = {"a": 1}
    notebook.cells.append(nbformat.v4.new_code_cell(""))
    chemin = tmp_path / "sale.ipynb"
    chemin.write_text(proprete.en_texte(notebook), encoding="utf-8")
    constats = " ".join(proprete.relire(chemin.read_text(encoding="utf-8"), "sale.ipynb"))
    assert "1 sortie(s)" in constats
    assert "compteur d'exécution [3]" in constats
    assert proprete.nettoyer_fichier(chemin)
    assert chemin.read_text(encoding="utf-8") == attendu
    assert not proprete.nettoyer_fichier(chemin)


def test_une_fusion_en_conflit_se_dit_comme_telle():
    with pytest.raises(PublicationError, match="conflit") as dit:
        proprete.lire("{\n<<<<<<< HEAD\n}\n=======\n", "fiche.ipynb")
    assert '"*fiche.ipynb"' in dit.value.remede, "git prend le nom seul pour un fichier de la racine"


def test_le_crochet_lit_l_index_et_refuse_sorties_et_donnees(tmp_path):
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    sale = json.loads(NOTEBOOKS[0].read_text(encoding="utf-8"))
    code = next(c for c in sale["cells"] if c["cell_type"] == "code")
    code["execution_count"] = 7
    (tmp_path / "a.ipynb").write_text(json.dumps(sale), encoding="utf-8")
    (tmp_path / "b.IPYNB").write_text(json.dumps(sale), encoding="utf-8")
    (tmp_path / "c.ipynb").write_bytes("é".encode("latin-1"))
    for nom in ("noms.xlsx", "noms.txt", "photo.JPG"):
        (tmp_path / nom).write_bytes(b"x")
    (tmp_path / "lisez-moi.md").write_text("x", encoding="utf-8")
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    (tmp_path / "a.ipynb").write_text(NOTEBOOKS[0].read_text(encoding="utf-8"), encoding="utf-8")
    constats = garde.relire_l_index(tmp_path)
    refuses = ["a.ipynb", "b.IPYNB", "c.ipynb", "noms.txt", "noms.xlsx", "photo.JPG"]
    assert [constat.split(" : ")[0] for constat in constats] == refuses
    assert "[7]" in constats[0]
    assert constats[2].endswith("n'est pas en UTF-8")


# ── Créer, ouvrir, choisir les cas ──


def test_une_nouvelle_fiche_est_propre_et_n_ecrase_rien(travail):
    chemin = creation.creer_fiche(travail, "fiche_metiers")
    texte = chemin.read_text(encoding="utf-8")
    assert "# Fiche metiers" in texte
    assert proprete.relire(texte, chemin.name) == []
    with pytest.raises(PublicationError, match="existe déjà"):
        creation.creer_fiche(travail, "fiche_metiers")
    for mauvais in ("Fiche", "métiers", "../x", "a b", "", "rapport_annuel/x", "a\n"):
        with pytest.raises(ParametreError):
            creation.creer_fiche(travail, mauvais)


def test_sans_jupyterlab_la_commande_dit_quoi_faire(travail, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ObservatoireError, match="JupyterLab n'est pas installé"):
        laboratoire.ouvrir(travail, "fiche_territoire")


def test_un_noyau_d_un_autre_environnement_ne_l_emporte_pas(travail, tmp_path, monkeypatch):
    leurre = tmp_path / "leurre" / "kernels" / "python3"
    leurre.mkdir(parents=True)
    noyau = {"argv": ["/bin/false"], "display_name": "x", "language": "python"}
    leurre.joinpath("kernel.json").write_text(json.dumps(noyau), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "leurre"))
    lancees = []
    monkeypatch.setattr(
        laboratoire.subprocess, "Popen", lambda c, **_: lancees.append(c) or SimpleNamespace(wait=lambda: 0)
    )
    assert laboratoire.ouvrir(travail, "fiche_territoire", ("--no-browser",)) == 0
    assert lancees[0][-1] == "--no-browser"
    with pytest.raises(ObservatoireError, match="/bin/false"):
        laboratoire.verifier_le_noyau({"JUPYTER_PATH": str(tmp_path / "leurre")})


def test_ctrl_c_laisse_jupyterlab_demander_s_il_faut_l_arreter(travail, monkeypatch):
    """Tué sans réponse, il emporterait ce qui n'est pas enregistré."""
    ctrl_c = "import os, signal, sys, time\nos.kill(os.getppid(), signal.SIGINT)\ntime.sleep(1)\nsys.exit(7)"
    monkeypatch.setattr(laboratoire, "_commande", lambda *_: [sys.executable, "-c", ctrl_c])
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: True)
    assert laboratoire.ouvrir(travail, "fiche_territoire") == 7


def test_les_cas_extremes_viennent_des_valeurs_publiees(travail, monkeypatch):
    lignes = [
        ("reg:11", "2026-T3", "ensemble", 100.0, "publie"),
        ("dep:93", "2026-T3", "ensemble", 9.0, "publie"),
        ("ept:T3", "2026-T3", "ensemble", None, "secret"),
        ("dep:93", "2019-T1", "ensemble", 1.0, "publie"),
        ("epci:1", "2026-T3", "ensemble", 1.0, "publie"),  # un niveau sans fiche
    ]
    colonnes = ["territoire", "periode", "ventilation", "valeur", "statut"]
    valeurs = pd.DataFrame(lignes, columns=colonnes).assign(indicateur="heures_realisees")
    monkeypatch.setattr(essai.Magasin, "lire", lambda *_: valeurs)
    monkeypatch.setattr(essai, "derniere_periode", lambda _: "2026-T3")
    assert [(cas.territoire, cas.periode, cas.tout_secret) for cas in essai.choisir_cas(travail)] == [
        ("reg:11", "2026-T3", False),
        ("dep:93", "2026-T3", False),
        ("ept:T3", "2026-T3", False),
        ("dep:93", "2026-T3", True),
        ("dep:93", "2018-T4", False),
    ]


def test_le_tout_secret_cache_une_copie_et_laisse_les_tables_du_projet(travail):
    magasin = Magasin(travail.processed)
    for nom, nombre in (("indicateurs/valeurs", "valeur"), ("indicateurs/comparaisons", "ecart")):
        lignes = [("dep:93", 9.0, "publie"), ("dep:93", None, "non_disponible"), ("reg:11", 20.0, "publie")]
        table = pd.DataFrame(lignes, columns=["territoire", nombre, "statut"])
        reste = {c.nom: range(3) if c.type == "reel" else list("abc") for c in SCHEMAS[nom].colonnes}
        magasin.ecrire(nom, table.assign(**{n: v for n, v in reste.items() if n not in table.columns}))
    avant = {chemin: chemin.read_bytes() for chemin in travail.processed.rglob("*.parquet")}
    with vue_secrete(travail, "dep:93") as vue:
        assert not vue.racine.is_relative_to(travail.racine)
        for nom, nombre in (("indicateurs/valeurs", "valeur"), ("indicateurs/comparaisons", "ecart")):
            vues = Magasin(vue.processed).lire(nom)
            lues = zip(vues["territoire"], vues[nombre].astype(object), vues["statut"], strict=True)
            assert list(lues) == [
                ("dep:93", pd.NA, "secret"),
                ("dep:93", pd.NA, "non_disponible"),
                ("reg:11", 20.0, "publie"),
            ]
            assert not Magasin(vue.processed).chemin(nom).stat().st_mode & 0o222
        assert (vue.racine / "notebooks" / "fiche_territoire.ipynb").is_file()
        assert not (vue.racine / "outputs").exists()
    assert not vue.racine.exists()
    assert {chemin: chemin.read_bytes() for chemin in travail.processed.rglob("*.parquet")} == avant


def test_un_essai_dit_dans_la_page_et_dans_le_pdf_qu_il_ne_se_diffuse_pas(travail, monkeypatch):
    monkeypatch.setattr(essai, "choisir_cas", lambda _: [essai.Cas(*cas) for cas in CAS])
    monkeypatch.setattr(essai, "vue_secrete", lambda config, _: nullcontext(config))
    monkeypatch.setattr(essai, "executer", lambda *_, **__: notebook(entete()))
    faits = essai.essayer(travail, "fiche_territoire")
    assert [fait.erreur for fait in faits] == [None, None]
    assert typographier(essai.TAMPON_SECRET) == essai.TAMPON_SECRET, "« verifier » n'y trouve rien à redire"
    for fait, attendu in zip(faits, (essai.TAMPON, essai.TAMPON_SECRET), strict=True):
        assert "ESSAI – " in fait.html.read_text(encoding="utf-8")
        assert attendu in html.unescape(fait.html.read_text(encoding="utf-8"))
        assert attendu.split(".")[0] in PdfReader(fait.pdf).pages[0].extract_text()
        assert fait.pdf.is_relative_to(travail.outputs / "essais")


CAS = [("le plus grand", "dep:93", "2026-T3"), ("tout secret", "dep:93", "2026-T3", True)]


# ── L'aperçu ──


@pytest.fixture
def ouvert(travail):
    """Un aperçu ouvert sur un petit notebook : le serveur, le fichier du notebook."""
    cellules = [
        nbformat.v4.new_code_cell('territoire = "dep:93"', metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(
            f"from IPython.display import display\ndisplay({{{MIME!r}: {entete()!r}}}, raw=True)"
        ),
        nbformat.v4.new_markdown_cell("## Une question ?"),
        nbformat.v4.new_code_cell("x = 1"),
    ]
    fichier = travail.racine / "notebooks" / "petite.ipynb"
    notebook = nbformat.v4.new_notebook(cells=cellules, metadata=proprete.METADONNEES)
    fichier.write_text(proprete.en_texte(notebook), encoding="utf-8")
    session = Session(lire_demande(Config.charger(travail.racine), "petite"))
    serveur = Serveur(session)

    threading.Thread(target=serveur.serve_forever, daemon=True).start()
    yield serveur, fichier
    serveur.shutdown()
    session.fermer()
    serveur.server_close()


def demander(serveur, chemin="", jeton=None, **entetes):
    connexion = http.client.HTTPConnection("127.0.0.1", serveur.server_port, timeout=60)
    connexion.request("GET", f"/{jeton or serveur.jeton}/{chemin}", headers=entetes)
    return connexion.getresponse()


def suivre(flux):
    """Rend le prochain état qui n'est pas « en cours »."""
    while True:
        ligne = flux.readline().decode()
        if ligne.startswith("data:") and not (etat := json.loads(ligne[5:]))["en_cours"]:
            return etat


def test_l_apercu_refait_la_page_a_chaque_enregistrement_et_montre_les_erreurs(ouvert):
    serveur, fichier = ouvert
    flux = demander(serveur, "evenements")
    assert suivre(flux)["version"] == 1
    assert "Une question" in demander(serveur, "page/").read().decode()
    avant = fichier.read_text(encoding="utf-8")

    debut = time.monotonic()
    fichier.write_text(avant.replace("Une question ?", "Combien de 12 ?"), encoding="utf-8")
    texte = suivre(flux)
    assert texte["version"] == 2
    assert "nombre : « 12 »" in texte["remarques"][0]
    assert texte["message"].startswith("mis en page"), "aucune cellule de code n'a changé : rien ne s'exécute"
    assert time.monotonic() - debut < 10
    assert "Combien de 12" in demander(serveur, "page/").read().decode()

    fichier.write_text(avant.replace("x = 1", "x = 1 / 0"), encoding="utf-8")
    echec = suivre(flux)
    assert echec["version"] == 2, "la dernière version réussie reste affichée"
    assert "ZeroDivisionError" in echec["echec"]["constat"]
    assert echec["echec"]["cellule"] == "x = 1 / 0"
    assert demander(serveur, "page/").status == 200

    fichier.write_text("{", encoding="utf-8")
    assert "n'est pas un notebook lisible" in suivre(flux)["echec"]["constat"]
    fichier.write_text(avant, encoding="utf-8")
    assert suivre(flux)["echec"] is None
    assert demander(serveur, "document.pdf").read().startswith(b"%PDF")


class _SansAtelier:
    """Une session qui ne fait rien : de quoi interroger le serveur."""

    finie, vue = True, None

    def __init__(self, demande) -> None:
        self.demande = demande


@pytest.fixture
def serveur(travail):

    with Serveur(_SansAtelier(lire_demande(travail, "fiche_territoire", "dep:93"))) as serveur:
        threading.Thread(target=serveur.serve_forever, daemon=True).start()
        yield serveur
        serveur.shutdown()


@pytest.mark.parametrize(
    "entetes",
    [
        {"Host": "exemple.fr"},
        {"Host": "127.0.0.1"},
        {"Origin": "https://exemple.fr"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_une_page_d_un_autre_site_ne_lit_rien(serveur, entetes):
    reponse = demander(serveur, "evenements", **entetes)
    assert reponse.status == 403
    assert "Access-Control-Allow-Origin" not in reponse.headers


def test_sans_le_jeton_il_n_y_a_rien_et_avec_lui_le_cadre(serveur):
    assert serveur.server_address[0] == "127.0.0.1"
    assert demander(serveur, jeton="x").status == 404
    assert demander(serveur, "../../observatoire.toml").status == 404
    reponse = demander(serveur)
    assert reponse.status == 200
    assert "default-src 'none'" in reponse.headers["Content-Security-Policy"]
    assert reponse.headers["Referrer-Policy"] == "no-referrer"
    assert "fiche_territoire, dep:93" in reponse.read().decode()


class _DeuxEtatsAussitot:
    """Une session dont la page reçoit deux états d'un coup, avant d'avoir pu charger le premier document."""

    vue = Vue({"fiche.html": b"<p>Le document.</p>"}, "fiche.html")

    def __init__(self, demande) -> None:
        self.demande = demande
        self.finie = False

    def attendre(self, rang, _delai):
        if rang == 2:
            time.sleep(0.05)
        return Etat(rang=min(rang + 1, 2), version=min(rang + 1, 2), en_cours=False)


def test_deux_etats_coup_sur_coup_montrent_le_document(travail):
    outil = DEPOT / "tests" / "navigateur"
    if raison := empechement(outil):
        pytest.skip(f"pas de navigateur : {raison}")
    session = _DeuxEtatsAussitot(lire_demande(travail, "fiche_territoire", "dep:93"))
    with Serveur(session) as serveur:
        threading.Thread(target=serveur.serve_forever, daemon=True).start()
        commande = ["node", str(outil / "apercu.mjs"), shutil.which("chromium"), serveur.adresse]
        try:
            vu = subprocess.run(commande, capture_output=True, text=True, timeout=60)
        finally:
            session.finie = True
            serveur.shutdown()
    assert vu.stdout == "Le document.", vu.stderr


@pytest.mark.parametrize("nom", ["SIGTERM", "SIGHUP"])
def test_fermer_le_terminal_ferme_la_session_comme_ctrl_c(travail, monkeypatch, nom):
    fermees = []

    class _Session(_SansAtelier):
        def __init__(self, demande, suivi) -> None:
            super().__init__(demande)

        def fermer(self) -> None:
            fermees.append(nom)

    recu = getattr(signal, nom)
    anciens = {un: signal.signal(un, signal.SIG_IGN) for un in (signal.SIGTERM, signal.SIGHUP)}
    monkeypatch.setattr("observatoire.publication.apercu.session.Session", _Session)
    monkeypatch.setattr(
        Serveur, "serve_forever", lambda _: (signal.raise_signal(recu), pytest.fail("il continue"))
    )
    monkeypatch.setenv("OBSERVATOIRE_RACINE", str(travail.racine))
    try:
        lance = CliRunner().invoke(cli, ["apercu", "fiche_territoire", "dep:93", "--sans-navigateur"])
    finally:
        for un, ancien in anciens.items():
            signal.signal(un, ancien)
    assert lance.exit_code == 0, lance.output
    assert fermees == [nom]


def test_un_notebook_mal_ecrit_est_refuse_avant_d_ouvrir(travail, monkeypatch):
    monkeypatch.setenv("OBSERVATOIRE_RACINE", str(travail.racine))
    vu = CliRunner().invoke(cli, ["apercu", "fiche_teritoire"])
    assert vu.exit_code == 1
    assert "fiche_territoire" in vu.output
