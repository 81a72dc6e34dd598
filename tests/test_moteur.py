"""Le moteur : des noyaux fourchés, isolés, aux mêmes sorties que l'ordinaire, et qui savent mourir."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import tomllib
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from observatoire.erreurs import ParametreError, PublicationError
from observatoire.publication import execution
from observatoire.publication.environnement import environnement_du_noyau
from observatoire.publication.execution import en_octets, executer
from observatoire.publication.moteur import engin, zygotes
from observatoire.publication.moteur.tube import IOPUB, SHELL, Tube, TubeError
from observatoire.publication.moteur.zygote import ESSENTIEL

DEPOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="un zygote demande Linux")


@pytest.fixture(autouse=True)
def sans_obstacle(monkeypatch):
    monkeypatch.delenv("OBSERVATOIRE_MOTEUR", raising=False)
    engin._dits.clear()


@pytest.fixture
def zygote_a_part(monkeypatch):
    """Un zygote pour cet essai seulement."""
    monkeypatch.setattr(zygotes, "_zygotes", {})
    yield
    zygotes.oublier()


@pytest.fixture
def ecrire(tmp_path):
    """Écrit un notebook : une cellule de paramètres, puis ces cellules."""

    def ecrire(*codes: str) -> Path:
        sources = ['nom: str = "essai"', *map(textwrap.dedent, codes)]
        cellules = [new_code_cell(source) for source in sources]
        cellules[0].metadata.tags = ["parameters"]
        noyau = {"name": "python3", "display_name": "Python 3", "language": "python"}
        chemin = tmp_path / f"essai-{len(list(tmp_path.iterdir()))}.ipynb"
        nbformat.write(new_notebook(cells=cellules, metadata={"kernelspec": noyau}), chemin)
        return chemin

    return ecrire


def lu(notebook) -> list:
    """Ce que la dernière cellule imprime, en JSON."""
    return json.loads(notebook.cells[-1].outputs[0].text)


def disparait(numero: int, secondes: float = 10) -> bool:
    """Vrai quand le processus a fini ; un zombie que personne n'attend a fini aussi."""
    fin = time.monotonic() + secondes
    while time.monotonic() < fin:
        etat = Path(f"/proc/{numero}/stat")
        if not etat.exists() or etat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


TEMOIN = "import json, os, sys; print(json.dumps([os.getpid(), os.getppid(), 'seaborn' in sys.modules]))"


def test_le_noyau_nait_deja_chaud_et_neuf_a_chaque_notebook(ecrire):
    (un, mere, chaud), (autre, meme, _) = (lu(executer(ecrire(TEMOIN), {})) for _ in range(2))
    assert chaud
    assert un != autre
    assert mere == meme != os.getpid()


SORTIES = [
    "print('un'); import sys; print('deux', file=sys.stderr); print('trois')",
    "import os; _ = os.write(1, b'par le descripteur\\n')",
    "import subprocess; _ = subprocess.run(['echo', 'par un processus'])",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3]);",
    "import matplotlib\nfigure, axes = plt.subplots()\nmatplotlib.get_backend()",
    "import pandas as pd\npd.DataFrame({'a': [1, 2], 'b': ['x', None]})",
    "from IPython.display import display\npoignee = display('avant', display_id='x')",
    "poignee.update('après')",
    "import asyncio\nawait asyncio.sleep(0)\n'attendu'",
    "%env OBSERVATOIRE_RACINE",
    "!echo coquille",
    "import __main__, sys\n(__name__, 'x' in vars(__main__), sys.path[0], sys.flags.safe_path)",
    "from IPython import get_ipython\nsorted(get_ipython().magics_manager.lsmagic()['line'])",
    "import signal, threading\n(signal.getsignal(signal.SIGCHLD), threading.current_thread().name)",
    "get_ipython().history_manager.hist_file",
]


def test_les_sorties_sont_celles_du_moteur_ordinaire_a_l_octet_pres(ecrire, monkeypatch):
    notebook = ecrire(*SORTIES)
    fourche = en_octets(executer(notebook, {}))
    monkeypatch.setenv("OBSERVATOIRE_MOTEUR", "ordinaire")
    assert fourche == en_octets(executer(notebook, {}))
    assert b"image/png" in fourche
    assert b"par le descripteur" in fourche
    assert b"par un processus" in fourche


@pytest.mark.long
@pytest.mark.parametrize(
    ("nom", "parametres"),
    [
        ("fiche_territoire", {"territoire": "dep:93", "periode": "2026-T3"}),
        ("fiche_programme", {"programme": "programme:GPE", "periode": "2026-T3"}),
        ("rapport_annuel/03_heures", {"annee": "2025"}),
    ],
)
def test_un_notebook_de_l_observatoire_donne_les_memes_octets_par_les_trois_chemins(
    exemple, monkeypatch, zygote_a_part, nom, parametres
):
    notebook, racine = exemple.racine / "notebooks" / f"{nom}.ipynb", exemple.racine
    par_le_zygote = en_octets(executer(notebook, parametres, racine=racine))
    zygotes.oublier()
    environnement = environnement_du_noyau(os.environ, racine, "")
    zygotes.adopter(environnement, zygotes.Zygote.demarrer(environnement, ESSENTIEL))
    par_celui_de_l_apercu = en_octets(executer(notebook, parametres, racine=racine))
    monkeypatch.setenv("OBSERVATOIRE_MOTEUR", "ordinaire")
    ordinaire = en_octets(executer(notebook, parametres, racine=racine))
    assert par_le_zygote == ordinaire
    assert par_celui_de_l_apercu == ordinaire
    assert b"<svg" in ordinaire


def test_rien_ne_passe_d_un_notebook_a_l_autre(ecrire, tmp_path):
    voir = """
    import builtins, json, os, sys
    import matplotlib as mpl
    import pandas as pd
    vu = [mpl.rcParams["font.size"], pd.options.display.max_rows, os.getcwd(), os.environ.get("MARQUE")]
    vu += ["marque" in globals(), "/marque" in sys.path, hasattr(builtins, "marque"), "marque" in sys.modules]
    print(json.dumps(vu))
    """
    salir = """
    import builtins, os, sys
    import matplotlib as mpl
    import pandas as pd
    from observatoire.publication import charte
    marque = builtins.marque = sys.modules["marque"] = os
    mpl.rcParams["font.size"] = 99
    pd.options.display.max_rows = 3
    charte.COULEURS.clear()
    os.environ["MARQUE"] = "1"
    sys.path.append("/marque")
    os.chdir("/")
    """
    couleurs = "from observatoire.publication import charte; print(json.dumps(len(charte.COULEURS)))"
    avant = lu(executer(ecrire(voir), {}, racine=tmp_path))
    executer(ecrire(salir), {}, racine=tmp_path)
    apres = executer(ecrire(voir, couleurs), {}, racine=tmp_path)
    assert json.loads(apres.cells[-2].outputs[0].text) == avant
    assert avant[2] == str(tmp_path)
    assert lu(apres) > 0


def test_le_hasard_n_est_pas_le_meme_dans_deux_noyaux(ecrire):
    tirer = """
    import json, random, tempfile, uuid
    import numpy as np
    print(json.dumps([random.random(), np.random.rand(), str(uuid.uuid4()), tempfile.mktemp()]))
    """
    premiers, seconds = (lu(executer(ecrire(tirer), {})) for _ in range(2))
    assert all(un != autre for un, autre in zip(premiers, seconds, strict=True))


def test_l_environnement_est_celui_du_noyau_ordinaire_et_sans_secret(ecrire, monkeypatch, zygote_a_part):
    monkeypatch.setenv("UN_TOKEN", "secret-jeton")
    monkeypatch.setenv("OBSERVATOIRE_CLE", "secret-cle")
    voir = """
    import json, os
    from pathlib import Path
    hasard = {"IPYTHONDIR", "JPY_PARENT_PID", "JPY_SESSION_NAME"}
    ici, mere = (Path(f"/proc/{n}/environ").read_text() for n in (os.getpid(), os.getppid()))
    print(json.dumps([{n: v for n, v in os.environ.items() if n not in hasard}, ici, mere,
                      "JPY_PARENT_PID" in os.environ]))
    """
    environnement, initial, de_la_mere, parent = lu(executer(ecrire(voir), {}))
    assert "secret-" not in str(environnement) + initial + de_la_mere
    assert not parent
    monkeypatch.setenv("OBSERVATOIRE_MOTEUR", "ordinaire")
    ordinaire = lu(executer(ecrire(voir), {}))[0]
    assert ordinaire.pop("OBSERVATOIRE_MOTEUR")
    assert environnement == ordinaire


def test_un_notebook_en_echec_ne_livre_aucun_secret(ecrire, monkeypatch, caplog, zygote_a_part):
    monkeypatch.setenv("UN_TOKEN", "secret-jeton")
    with pytest.raises(PublicationError) as erreur:
        executer(ecrire("import os; raise RuntimeError(dict(os.environ))"), {})
    assert "RuntimeError" in str(erreur.value)
    assert "secret-" not in str(erreur.value) + caplog.text


def test_une_cellule_trop_longue_est_interrompue_puis_tuee(ecrire, monkeypatch, tmp_path):
    monkeypatch.setattr(execution, "_ATTENTE", 1)
    polie = f"""
    import os, time, pathlib
    dossier = pathlib.Path({str(tmp_path)!r})
    (dossier / "polie").write_text(str(os.getpid()))
    try:
        time.sleep(60)
    finally:
        (dossier / "fini").touch()
    """
    tetue = f"""
    import os, pathlib, signal, subprocess, time
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    petit_fils = subprocess.Popen(["sleep", "60"]).pid
    pathlib.Path({str(tmp_path / "tetue")!r}).write_text(f"{{os.getpid()}} {{petit_fils}}")
    time.sleep(60)
    """
    for cellule, nom in ((polie, "polie"), (tetue, "tetue")):
        with pytest.raises(PublicationError, match="une cellule est restée sans réponse en 1 s"):
            executer(ecrire(cellule), {})
        assert all(disparait(int(n)) for n in (tmp_path / nom).read_text().split())
    assert (tmp_path / "fini").exists(), "la cellule a pu fermer ce qu'elle avait ouvert"


@pytest.mark.parametrize("moteur", ["", "ordinaire"])
def test_la_memoire_d_un_notebook_est_bornee(ecrire, monkeypatch, moteur):
    monkeypatch.setenv("OBSERVATOIRE_MOTEUR", moteur)
    monkeypatch.setenv("OBSERVATOIRE_MEMOIRE_MO", "900")
    with pytest.raises(PublicationError, match="MemoryError"):
        executer(ecrire("tampon = bytearray(1 << 30)"), {})
    executer(ecrire("tampon = bytearray(1 << 26)"), {})
    monkeypatch.setenv("OBSERVATOIRE_MEMOIRE_MO", "beaucoup")
    with pytest.raises(ParametreError, match="nombre de Mo"):
        executer(ecrire("1"), {})


def test_un_noyau_finit_comme_un_processus(ecrire, tmp_path):
    executer(
        ecrire(
            f"""
            import atexit, pathlib
            dossier = pathlib.Path({str(tmp_path)!r})
            reste_ouvert = open(dossier / "ouvert.txt", "w")
            reste_ouvert.write("écrit")
            atexit.register((dossier / "sorti.txt").touch)
            """
        ),
        {},
    )
    assert (tmp_path / "ouvert.txt").read_text() == "écrit"
    assert (tmp_path / "sorti.txt").exists()


def test_duckdb_arrow_et_le_calcul_a_plusieurs_fils_marchent_dans_un_noyau_et_pas_dans_le_zygote(ecrire):
    calculer = """
    import json, os
    from pathlib import Path
    import duckdb, numpy as np, pandas as pd
    avant = len(os.listdir(f"/proc/{os.getppid()}/task"))
    total = duckdb.sql("select sum(range) from range(1000000)").fetchall()[0][0]
    pd.DataFrame({"a": range(1000)}).to_parquet(Path(nom))
    lignes = len(pd.read_parquet(Path(nom)))
    trace = float((np.eye(500) @ np.eye(500)).trace())
    print(json.dumps([int(total), lignes, trace, avant, len(os.listdir(f"/proc/{os.getppid()}/task"))]))
    """
    notebook = ecrire(calculer)

    def lancer(rang):
        return lu(executer(notebook, {"nom": f"essai-{rang}.parquet"}))

    with ThreadPoolExecutor(4) as fils:
        assert list(fils.map(lancer, range(8))) == [[499999500000, 1000, 500.0, 1, 1]] * 8


@pytest.mark.parametrize("cause", ["variable", "plateforme", "fils", "mort"])
def test_ou_le_zygote_ne_sert_pas_le_moteur_ordinaire_prend_la_suite_et_le_dit_une_fois(
    ecrire, monkeypatch, caplog, zygote_a_part, cause
):
    if cause == "variable":
        monkeypatch.setenv("OBSERVATOIRE_MOTEUR", "ordinaire")
    elif cause == "plateforme":
        monkeypatch.setattr(zygotes.sys, "platform", "darwin")
    elif cause == "fils":
        monkeypatch.setattr(zygotes, "SANS_FILS", {"OPENBLAS_NUM_THREADS": "2"})
        monkeypatch.setattr(os, "cpu_count", lambda: 2)
    else:
        monkeypatch.setattr(zygotes, "SANS_FILS", {"PYTHONHOME": "/nulle/part"})
    with caplog.at_level(logging.WARNING, "observatoire"):
        chauds = [lu(executer(ecrire(TEMOIN), {}))[2] for _ in range(2)]
    assert chauds == [False, False]
    assert [r.message for r in caplog.records if "Moteur ordinaire" in r.message] == [
        r.message for r in caplog.records if r.name == engin.__name__
    ]
    assert caplog.text.count("Moteur ordinaire") == 1


def test_un_zygote_tue_est_remplace(ecrire, zygote_a_part):
    mere = lu(executer(ecrire(TEMOIN), {}))[1]
    os.kill(mere, signal.SIGKILL)
    assert disparait(mere)
    _, autre, chaud = lu(executer(ecrire(TEMOIN), {}))
    assert chaud
    assert autre != mere


def test_un_fichier_modifie_ou_une_variable_lue_a_l_import_donnent_un_autre_zygote(
    ecrire, monkeypatch, tmp_path, zygote_a_part
):
    code = tmp_path / "code"
    code.mkdir()
    monkeypatch.setattr(zygotes, "_dossiers", lambda: [code])
    meres = [lu(executer(ecrire(TEMOIN), {}))[1] for _ in range(2)]
    (code / "module.py").write_text("x = 1")
    meres.append(lu(executer(ecrire(TEMOIN), {}))[1])
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    meres.append(lu(executer(ecrire(TEMOIN), {}))[1])
    monkeypatch.setenv("SANS_RAPPORT", "1")
    meres.append(lu(executer(ecrire(TEMOIN), {}))[1])
    assert meres[0] == meres[1]
    assert len(set(meres)) == 3
    assert meres[3] == meres[4]
    assert disparait(meres[0]), "l'ancien zygote finit avec son dernier noyau"


def test_l_empreinte_du_code_couvre_tout_le_paquet():
    dossiers = zygotes._dossiers()
    assert Path(zygotes.__file__).parent in dossiers
    assert DEPOT / "src" / "observatoire" in dossiers


def test_une_equipe_de_processus_partage_le_zygote_de_son_parent(ecrire):
    notebook = ecrire(TEMOIN)
    mere = lu(executer(notebook, {}))[1]
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as equipe:
        assert {lu(n)[1] for n in equipe.map(executer, [notebook] * 4, [{}] * 4)} == {mere}


def test_un_pilote_tue_ne_laisse_ni_noyau_ni_zygote(ecrire, tmp_path):
    numeros = tmp_path / "numeros"
    cellule = f"""
    import os, pathlib, time
    pathlib.Path({str(numeros)!r}).write_text(f"{{os.getpid()}} {{os.getppid()}}")
    time.sleep(60)
    """
    code = "import sys; from pathlib import Path; from observatoire.publication.execution import executer; "
    pilote = subprocess.Popen(
        [sys.executable, "-c", f"{code}executer(Path(sys.argv[1]), {{}})", ecrire(cellule)]
    )
    fin = time.monotonic() + 60
    while not (numeros.exists() and numeros.read_text().count(" ")) and time.monotonic() < fin:
        time.sleep(0.1)
    pilote.kill()
    pilote.wait()
    assert all(disparait(int(numero)) for numero in numeros.read_text().split())


def test_un_pilote_qui_finit_attend_son_zygote_et_ne_laisse_aucune_ressource_ouverte(ecrire):
    code = (
        "import sys; from pathlib import Path; from observatoire.publication.execution import executer; "
        "print(executer(Path(sys.argv[1]), {}).cells[-1].outputs[0].text)"
    )
    pilote = subprocess.run(
        [sys.executable, "-W", "always::ResourceWarning", "-c", code, ecrire(TEMOIN)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ResourceWarning" not in pilote.stderr
    assert not Path(f"/proc/{json.loads(pilote.stdout)[1]}").exists()


def test_papermill_connait_le_moteur_par_son_nom(ecrire, tmp_path):
    declare = tomllib.loads((DEPOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    module, _, classe = declare["papermill.engine"][engin.NOM].partition(":")
    assert getattr(import_module(module), classe) is engin.Moteur
    sortie = papermill.execute_notebook(
        ecrire(TEMOIN), tmp_path / "s.ipynb", engine_name=engin.NOM, kernel_name="python3", progress_bar=False
    )
    assert lu(sortie)[2]


def test_le_tube_rend_les_messages_entiers_quel_que_soit_leur_decoupage():
    ici, la_bas = socket.socketpair()
    tube, brut = Tube(ici), la_bas
    Tube(la_bas).envoyer(SHELL, [])
    Tube(la_bas).envoyer(IOPUB, [b"", b"x" * 70_000])
    recus = []
    while len(recus) < 2:
        assert tube.lire()
        recus += tube.messages()
    assert recus == [(SHELL, []), (IOPUB, [b"", b"x" * 70_000])]
    brut.sendall(b"\xff" * 8)
    tube.lire()
    with pytest.raises(TubeError):
        tube.messages()
    brut.close()
    assert not tube.lire()
    tube.fermer()
