"""La planification livrée : des unités que systemd accepte, rien d'écrit sans le demander deux fois."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from observatoire.cli import cli
from observatoire.config import Config
from observatoire.erreurs import ConfigError
from observatoire.routine.planification import GENRES, composer


@pytest.fixture
def lancer(travail, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(travail.racine)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("compte")))
    return lambda *arguments: CliRunner().invoke(cli, ["planifier", *arguments])


@pytest.fixture
def espace(travail):
    """Le même dossier de travail, sous un nom qui demande à être échappé partout."""
    racine = travail.racine / "100 % social"
    shutil.copytree(travail.racine / "report_templates", racine / "report_templates")
    return Config(racine, travail.reglages)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze absent")
@pytest.mark.parametrize("utilisateur", ["", "observatoire"])
def test_systemd_accepte_les_unites(espace, tmp_path_factory, utilisateur):
    dossier = tmp_path_factory.mktemp("unites")
    commande = espace.racine / "observatoire"
    commande.write_text("#!/bin/sh\n", encoding="utf-8")
    commande.chmod(0o755)
    for nom, contenu in composer(espace, "systemd", utilisateur=utilisateur, commande=commande).items():
        (dossier / nom).write_text(contenu, encoding="utf-8")
    examen = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(dossier.iterdir()))],
        capture_output=True, text=True, check=False, env=os.environ | {"SYSTEMD_LOG_TARGET": "console"},
    )  # fmt: skip
    constats = [
        ligne for ligne in examen.stderr.splitlines() if str(dossier) in ligne or "observatoire" in ligne
    ]
    assert constats == []
    assert examen.returncode == 0, examen.stderr


def test_la_minuterie_rattrape_et_l_unite_se_protege(travail):
    unites = composer(travail, "systemd", utilisateur="observatoire", commande=Path("/opt/observatoire"))
    assert "Persistent=true" in unites["observatoire.timer"]
    service = unites["observatoire.service"]
    for attendu in ("NoNewPrivileges=yes", "ProtectSystem=strict", "User=observatoire", "TimeoutStartSec=6h"):
        assert attendu in service
    assert "User=" not in composer(travail, "systemd", commande=Path("/o"))["observatoire.service"]


def test_la_ligne_de_crontab_passe_par_un_interpreteur(espace):
    """Ce que cron exécute : `\\%` y vaut `%`."""
    commande = espace.racine / "observatoire"
    commande.write_text('#!/bin/sh\necho "$PWD $1" > trace\n', encoding="utf-8")
    commande.chmod(0o755)
    ligne = composer(espace, "cron", commande=commande)["crontab"].splitlines()[-1]
    assert ligne.startswith("10 * * * * ")
    subprocess.run(["sh", "-c", ligne.removeprefix("10 * * * * ").replace("\\%", "%")], check=True)
    assert (espace.racine / "trace").read_text(encoding="utf-8") == f"{espace.racine} tick\n"


def test_l_integration_continue_reste_chez_l_equipe(travail):
    fichier = composer(travail, "ci", commande=Path("/opt/observatoire"))["routine.yml"]
    assert "runs-on: [self-hosted, observatoire]" in fichier
    assert "permissions: {}" in fichier
    assert 'run: "/opt/observatoire tick"' in fichier


def test_rien_n_est_ecrit_sans_le_demander_deux_fois(lancer, tmp_path_factory):
    compte = Path(os.environ["XDG_CONFIG_HOME"])
    assert "serait écrit" in lancer("--installer").output
    assert list(compte.rglob("*")) == []
    rendu = lancer("--installer", "--pour-de-vrai")
    assert rendu.exit_code == 0, rendu.output
    assert sorted(p.name for p in compte.rglob("*.*")) == sorted(GENRES["systemd"])
    assert "systemctl --user enable --now observatoire.timer" in rendu.output


@pytest.mark.parametrize(
    ("arguments", "attendu"),
    [
        (("--genre", "cron", "--installer"), "crontab -e"),
        (("--pour-de-vrai",), "planifier --installer --pour-de-vrai"),
        (("--utilisateur", "x", "--installer"), "/etc/systemd/system"),
        (("--utilisateur", "x\nExecStart=/bin/sh"), "Minuscules"),
    ],
)
def test_une_demande_impossible_se_dit(lancer, arguments, attendu):
    rendu = lancer(*arguments)
    assert rendu.exit_code == 1
    assert attendu in rendu.output


def test_un_chemin_piege_n_entre_pas_dans_une_unite(travail):
    for nom in ("a\nExecStart=/bin/sh", 'a" x', "a$HOME"):
        with pytest.raises(ConfigError, match="planifié"):
            composer(Config(travail.racine / nom, travail.reglages), "systemd", commande=Path("/o"))
