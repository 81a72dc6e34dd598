"""L'aperçu reprend ce qui n'a pas changé, et montre à l'octet près ce que la campagne publiera."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from observatoire.erreurs import PublicationError
from observatoire.perimetre import Periode, Territoire
from observatoire.publication.apercu import atelier
from observatoire.publication.apercu.atelier import CONSTRUIRE, REFAIRE, Atelier
from observatoire.publication.apercu.demande import Demande, lire_demande
from observatoire.publication.apercu.fabrique import Fabrique
from observatoire.publication.apercu.session import Session
from observatoire.publication.apercu.veille import DONNEES, Veille
from observatoire.publication.apercu.vue import Vue
from observatoire.publication.blocs import MIME
from observatoire.publication.cahiers import proprete
from observatoire.publication.campagne.edition import produire_fiches
from observatoire.publication.environnement import environnement_du_noyau
from observatoire.publication.execution import executer
from observatoire.publication.moteur import zygotes
from observatoire.publication.moteur.zygote import ESSENTIEL
from tests.conftest import DEPOT, copie_de
from tests.test_rendu import entete

if TYPE_CHECKING:
    from observatoire.config import Config

OBJET, QUAND = Territoire.lire("dep:93"), Periode.lire("2026-T3")
OUVERTURE = f"from IPython.display import display\ndisplay({{{MIME!r}: {entete()!r}}}, raw=True)"


def ecrire(config: Config, *cellules: str) -> Path:
    """Écrit `petite.ipynb` : les paramètres, un en-tête, puis ces cellules ; « ## … » en est une de texte."""
    parametres = nbformat.v4.new_code_cell('territoire = "dep:93"', metadata={"tags": ["parameters"]})
    suite = [
        nbformat.v4.new_markdown_cell(c) if c.startswith("## ") else nbformat.v4.new_code_cell(c)
        for c in (OUVERTURE, *cellules)
    ]
    chemin = config.racine / "notebooks" / "petite.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[parametres, *suite], metadata=proprete.METADONNEES)
    chemin.write_text(proprete.en_texte(notebook), encoding="utf-8")
    return chemin


def titre(nom: str) -> str:
    """Une cellule qui publie un texte, et ajoute une ligne à un fichier : on voit quand elle s'exécute."""
    bloc = {"genre": "texte", "paragraphes": [nom]}
    return f"open('executees.txt', 'a').write('{nom} ')\ndisplay({{{MIME!r}: {bloc!r}}}, raw=True)"


@pytest.fixture
def petite(travail):
    """Une fabrique sur un petit notebook, et ce qui s'y est exécuté depuis la dernière question."""
    demande = Demande(travail.racine, "petite")
    trace = travail.racine / "executees.txt"

    def executees() -> str:
        lu = trace.read_text(encoding="utf-8").strip() if trace.exists() else ""
        trace.unlink(missing_ok=True)
        return lu

    return travail, Fabrique(demande), executees


def devancer(fabrique: Fabrique, executees) -> str:
    """Laisse le relais prendre son avance, et dit ce qu'il a exécuté."""
    fabrique.devancer()
    time.sleep(1.5)
    return executees()


def test_une_cellule_changee_n_execute_qu_elle_et_les_suivantes(petite):
    config, fabrique, executees = petite
    ecrire(config, titre("a"), "## Une question ?", titre("b"), titre("c"))
    assert fabrique.construire(neuf=False).execute == 5
    assert executees() == "a b c"
    assert devancer(fabrique, executees) == "", "l'ouverture seule est prête"

    ecrire(config, titre("a"), "## Une question ?", titre("b2"), titre("c"))
    assert fabrique.construire(neuf=False).execute == 3
    assert executees() == "a b2 c"
    assert devancer(fabrique, executees) == "a", "la cellule changée attend"

    ecrire(config, titre("a"), "## Une autre ?", titre("b3"), "## Encore ?", titre("c"), titre("d"))
    vue = fabrique.construire(neuf=False)
    assert vue.execute == 3
    assert executees() == "b3 c d"
    fabrique.devancer()  # et l'enregistrement vient aussitôt, avant que le relais soit arrivé
    ecrire(config, titre("a"), "## Une autre ?", titre("b4"), "## Encore ?", titre("c"), titre("d"))
    vue = fabrique.construire(neuf=False)
    assert executees() == "a b4 c d"
    neuve = Fabrique(Demande(config.racine, "petite")).construire(neuf=True)
    assert vue.fichiers == neuve.fichiers
    assert "Une autre" in vue.fichiers["fiche.html"].decode()


def test_une_cellule_d_avant_ou_des_donnees_neuves_executent_tout(petite):
    config, fabrique, executees = petite
    ecrire(config, titre("a"), titre("b"))
    fabrique.construire(neuf=False)
    ecrire(config, titre("a"), titre("b2"))
    fabrique.construire(neuf=False)
    executees()
    assert devancer(fabrique, executees) == "a"
    ecrire(config, titre("a2"), titre("b2"))
    assert fabrique.construire(neuf=False).execute == 4
    assert executees() == "a2 b2"
    devancer(fabrique, executees)
    assert fabrique.construire(neuf=True).execute == 4, "ce que le relais a lu n'est plus bon"
    assert executees() == "a2 b2"
    ecrire(config, titre("a2"), "## Un texte ?", titre("b2"))
    assert fabrique.construire(neuf=False).execute == 0
    assert executees() == ""


def test_une_erreur_se_dit_et_la_corriger_reprend_juste_avant_elle(petite):
    config, fabrique, executees = petite
    ecrire(config, titre("a"), titre("b"))
    fabrique.construire(neuf=False)
    ecrire(config, titre("a"), "1 / 0")
    with pytest.raises(PublicationError, match="ZeroDivisionError"):
        fabrique.construire(neuf=False)
    executees()
    assert devancer(fabrique, executees) == "a"
    ecrire(config, titre("a"), titre("c"))
    assert fabrique.construire(neuf=False).execute == 1
    assert executees() == "c"


def page_publiee(config: Config, public: str = "") -> bytes:
    return produire_fiches(config, [OBJET], QUAND, public=public)[0].html.read_bytes()


@pytest.mark.long
@pytest.mark.parametrize("public", ["", "elu"])
def test_apres_chaque_enregistrement_la_page_est_celle_que_la_campagne_publie(exemple, tmp_path, public):
    config = copie_de(exemple, tmp_path)
    fabrique = Fabrique(lire_demande(config, "fiche_territoire", "dep:93", "2026-T3", public))
    chemin = config.racine / "notebooks" / "fiche_territoire.ipynb"
    gabarit = config.racine / "report_templates" / "fiche" / "fiche.css"
    derniere = fabrique.construire(neuf=False).fichiers["fiche.html"]
    assert derniere == page_publiee(config, public)
    changements = [
        (chemin, "Comment lire ces chiffres ?", "Comment les lire ?"),
        (chemin, '"fiche.methode()"', '"fiche.couverture()"'),
        (chemin, '"fiche.couverture()"', '"fiche.methode()"'),
        (chemin, "fiche.chiffres_cles()", 'fiche.chiffres_cles(\\"heures_realisees\\")'),
        (gabarit, "body {", "body  {"),
    ]
    for fichier, avant, apres in changements:
        fabrique.devancer()
        texte = fichier.read_text(encoding="utf-8")
        assert avant in texte
        fichier.write_text(texte.replace(avant, apres), encoding="utf-8")
        page = fabrique.construire(neuf=False).fichiers["fiche.html"]
        assert page == page_publiee(config, public)
        assert page != derniere
        derniere = page


def test_la_page_de_la_derniere_campagne_se_montre_en_attendant_et_le_dit(travail, monkeypatch):
    monkeypatch.setattr("observatoire.publication.apercu.session.Atelier", _SansAtelier)
    for periode in ("2026-T2", "2026-T3"):
        dossier = travail.outputs / "fiches" / periode
        dossier.mkdir(parents=True)
        (dossier / "dep-93.html").write_text(periode)
        (dossier / "dep-93--elu.html").write_text(f"élu {periode}")
    vues = {}
    for demande in (("dep:93",), ("dep:93", "2026-T2"), ("dep:93", "2026-T3", "elu"), ("dep:92",), ()):
        session = Session(lire_demande(travail, "fiche_territoire", *demande))
        vues[demande] = session.vue and session.vue.fichiers["fiche.html"].decode()
        assert session.etat.en_cours
        assert session.etat.version == (1 if session.vue else 0)
        assert ("dernière campagne" in session.etat.message) == bool(session.vue)
        session.fermer()
    assert list(vues.values()) == ["2026-T3", "2026-T2", "élu 2026-T3", None, None]


class _SansAtelier:
    """Un atelier qui ne rend jamais rien."""

    def __init__(self, _demande) -> None:
        pass

    def demander(self, _ordre, abandonner):
        while not abandonner():
            time.sleep(0.01)

    def fermer(self) -> None:
        pass


def test_un_notebook_efface_se_dit(petite):
    config, fabrique, _ = petite
    ecrire(config, titre("a")).unlink()
    with pytest.raises(PublicationError, match="n'est plus dans"):
        fabrique.construire(neuf=False)


def test_une_cellule_de_parametres_fausse_se_dit_avec_sa_ligne(petite):
    config, fabrique, _ = petite
    chemin = ecrire(config, titre("a"))
    texte = chemin.read_text(encoding="utf-8")
    chemin.write_text(texte.replace('territoire = \\"dep:93\\"', "territoire = ("), encoding="utf-8")
    with pytest.raises(PublicationError, match="cellule des paramètres, ligne 1"):
        fabrique.construire(neuf=False)


def test_un_fond_de_carte_depose_refait_le_document(travail):
    veille = Veille(lire_demande(travail, "fiche_territoire"))
    (travail.racine / "contours").mkdir(exist_ok=True)
    (travail.racine / "contours" / "ept.geojson").write_text("{}")
    assert veille.nouveautes() == {DONNEES}
    assert veille.nouveautes() == set()


@pytest.mark.parametrize("faute", ["{{ absent.rien }}", "{% if %}"])
def test_un_gabarit_faux_se_dit_avec_sa_ligne(petite, faute):
    config, fabrique, _ = petite
    ecrire(config, titre("a"))
    gabarit = config.racine / "report_templates" / "fiche" / "fiche.html.j2"
    texte = gabarit.read_text(encoding="utf-8")
    gabarit.write_text(f"{texte}{faute}", encoding="utf-8")
    echec = atelier._obeir(fabrique, REFAIRE)
    assert f"fiche.html.j2, ligne {texte.count(chr(10)) + 1}." in echec.remede


# ── Un zygote sans l'observatoire, et ceux qui en naissent ──

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="un zygote demande Linux")


@pytest.fixture
def naitre(tmp_path, monkeypatch):
    """Fait naître un zygote, d'un parent qui n'a rien de nous, avec le code de `tmp_path / "code"`."""
    code = tmp_path / "code"
    shutil.copytree(DEPOT / "src", code, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("PYTHONPATH", str(code))
    monkeypatch.delenv("OBSERVATOIRE_MOTEUR", raising=False)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setattr(zygotes, "_zygotes", {})
    environnement = environnement_du_noyau(os.environ, tmp_path, "")
    parent = zygotes.Zygote.demarrer(environnement, ESSENTIEL)

    def _naitre(*, relu: bool = False) -> zygotes.Zygote:
        zygotes.oublier()
        neuf = parent.engendrer(relu=relu)
        zygotes.adopter(environnement, neuf)
        return neuf

    yield _naitre
    zygotes.oublier()
    parent.quitter()


def ecrire_la_bibliotheque(config: Config, ajout: str) -> None:
    module = config.racine / "code" / "observatoire" / "__init__.py"
    module.write_text(f"{module.read_text(encoding='utf-8')}\n{ajout}\n", encoding="utf-8")


def charger(config: Config) -> list:
    """Ce qu'un noyau voit : la version de l'observatoire, s'il l'a trouvé chargé, ses parents."""
    voir = (
        "import json, os, sys\npret = 'observatoire.publication.fiche' in sys.modules\nimport observatoire\n"
    )
    voir += "stat = open(f'/proc/{os.getppid()}/stat').read().rpartition(')')[2].split()\n"
    vu = "[getattr(observatoire, 'MARQUE', 0), pret, os.getppid(), int(stat[1])]"
    chemin = ecrire(config, f"{voir}print(json.dumps({vu}))")
    return json.loads(executer(chemin, {}).cells[-1].outputs[0].text)


def attendre_la_fin(numero: int) -> None:
    fin = time.monotonic() + 10
    while Path(f"/proc/{numero}").exists() and time.monotonic() < fin:
        time.sleep(0.05)
    assert not Path(f"/proc/{numero}").exists(), f"{numero} vit encore"


@linux
def test_un_zygote_ne_charge_le_code_enregistre_et_son_parent_reste(travail, naitre):
    naitre()
    marque, pret, mere, aieule = charger(travail)
    assert (marque, pret) == (0, True)
    assert charger(travail) == [0, True, mere, aieule]
    ecrire_la_bibliotheque(travail, "MARQUE = 7")
    naitre()
    marque, pret, autre, meme = charger(travail)
    assert (marque, pret, meme) == (7, True, aieule)
    assert autre != mere
    attendre_la_fin(mere)  # plus personne ne tenait sa commande ; son parent l'a enterré


@linux
def test_deux_enregistrements_dans_la_meme_seconde_sont_lus_tous_deux(travail, naitre):
    """Python tient une compilation pour bonne si la taille et la seconde de la source sont les mêmes."""
    module = travail.racine / "code" / "observatoire" / "publication" / "fiche" / "phrases.py"
    avant = module.read_text(encoding="utf-8")
    cellule = "from observatoire.publication.fiche import phrases\nprint(phrases.MARQUE)"
    for marque in "78":
        module.write_text(f"{avant}\nMARQUE = {marque}\n", encoding="utf-8")
        os.utime(module, (1_700_000_000, 1_700_000_000))
        naitre(relu=True)
        assert executer(ecrire(travail, cellule), {}).cells[-1].outputs[0].text.strip() == marque


@linux
def test_une_bibliotheque_qui_ne_se_charge_pas_se_dit_dans_la_cellule(travail, naitre):
    ecrire_la_bibliotheque(travail, "1 / 0")
    naitre()
    with pytest.raises(PublicationError, match="ZeroDivisionError"):
        charger(travail)


@linux
def test_un_noyau_que_plus_personne_ne_suit_ne_fait_pas_tomber_son_zygote(travail, naitre):
    zygote = naitre()
    mere = charger(travail)[2]
    demande = {"environnement": dict(os.environ), "dossier": str(travail.racine), "memoire_mo": 0, "cle": "x"}
    fils = zygote.fourcher(demande)
    os.close(fils.suivi)
    fils.prise.close()
    attendre_la_fin(fils.numero)
    assert charger(travail)[2] == mere


@linux
def test_un_atelier_ignore_ctrl_c_et_range_ce_qu_il_a_ecrit_quand_on_l_arrete(travail, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ecrire(travail, titre("a"), titre("b"))
    ouvert = Atelier(Demande(travail.racine, "petite"))
    assert isinstance(ouvert.demander(REFAIRE), Vue)
    premier = ouvert._processus.pid
    os.kill(premier, signal.SIGINT)
    assert isinstance(ouvert.demander(CONSTRUIRE), Vue)
    assert ouvert._processus.pid == premier
    fin = time.monotonic() + 10
    while not list(tmp_path.glob("observatoire-apercu-*/*")) and time.monotonic() < fin:
        time.sleep(0.05)
    assert list(tmp_path.glob("observatoire-apercu-*/*")), "le profil du noyau parti d'avance"
    ouvert.fermer()
    assert not list(tmp_path.glob("observatoire-*"))
