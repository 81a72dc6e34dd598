"""Ce que plusieurs fichiers d'essais partagent : un dossier de travail jetable, la clé de test."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from observatoire.config import Config

DEPOT = Path(__file__).parents[1]
REELLES = DEPOT.parent / "shared" / "data"


def dossier_de_travail(ou: Path) -> Config:
    """Un dossier de travail complet et vide de données, à part du dépôt."""
    for nom in ("observatoire.toml", "parametres.toml"):
        shutil.copy(DEPOT / nom, ou / nom)
    for nom in ("notebooks", "report_templates"):
        shutil.copytree(DEPOT / nom, ou / nom, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    return Config.charger(ou)


@pytest.fixture(scope="session", autouse=True)
def cle_de_test(tmp_path_factory):
    """La clé de pseudonymisation des essais n'est jamais celle du poste."""
    os.environ["OBSERVATOIRE_CLE"] = str(tmp_path_factory.mktemp("cle") / "cle_pseudonymes")


@pytest.fixture
def travail(tmp_path) -> Config:
    """Un dossier de travail vide de données."""
    return dossier_de_travail(tmp_path)


@pytest.fixture(scope="session")
def exemple(tmp_path_factory, cle_de_test) -> Config:
    """Un dossier de travail où la chaîne a été construite sur l'exemple à petite échelle.

    Des ouvriers de pytest-xdist, le premier construit et les autres attendent : chacun a sa copie.
    """
    commun = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if not commun:
        return _construire(tmp_path_factory.mktemp("exemple"))
    partage = tmp_path_factory.getbasetemp().parent / f"exemple-{commun}"
    partage.mkdir(exist_ok=True)
    with (partage / "verrou").open("w") as verrou:
        fcntl.flock(verrou, fcntl.LOCK_EX)
        if not (partage / "construit").exists():
            _construire(partage)
            (partage / "construit").touch()
    return copie_de(Config.charger(partage), tmp_path_factory.mktemp("exemple"))


def _construire(dossier: Path) -> Config:
    from observatoire.acquisition.exemple import ecrire_exemple
    from observatoire.chaine import construire

    dossier_de_travail(dossier)
    reglages = dossier / "observatoire.toml"
    texte = reglages.read_text(encoding="utf-8")
    assert "\ntrimestres = 14\n" in texte
    reglages.write_text(texte.replace("\ntrimestres = 14\n", "\ntrimestres = 8\n"), encoding="utf-8")
    config = Config.charger(dossier)
    ecrire_exemple(config, echelle=0.05)
    construire(config)
    return config


def copie_de(construit: Config, ou: Path) -> Config:
    """Un dossier de travail à part, aux mêmes données construites : ce qu'un essai y produit est seul."""
    dossier_de_travail(ou)
    shutil.copy(construit.racine / "observatoire.toml", ou / "observatoire.toml")
    shutil.copytree(construit.racine / "data", ou / "data")
    return Config.charger(ou)


@pytest.fixture
def reelles() -> Path:
    """Le dossier des fichiers réels, qui ne sont pas dans le dépôt."""
    if not REELLES.is_dir():
        pytest.skip("fichiers réels absents : déposer les données publiques dans ../shared/data")
    return REELLES


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Un fichier qui veut l'exemple, puis ceux qui s'en passent : qui ne le construit pas ne l'attend pas."""
    demandeurs = list(dict.fromkeys(i.path for i in items if "exemple" in getattr(i, "fixturenames", ())))
    rang = {chemin: 2 if numero else 0 for numero, chemin in enumerate(demandeurs)}
    nombres = Counter(item.path for item in items)
    items.sort(key=lambda item: (rang.get(item.path, 1), -nombres[item.path]))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Un changement voulu de la fiche se relit puis s'enregistre : `pytest --reecrire-attendus`."""
    parser.addoption("--reecrire-attendus", action="store_true", help="Réécrit tests/attendus.")
