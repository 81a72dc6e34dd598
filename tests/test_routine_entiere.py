"""La routine avec la vraie chaîne, sur l'exemple à petite échelle."""

from __future__ import annotations

import shutil
import time

import pytest
from click.testing import CliRunner

from observatoire.cli import cli
from observatoire.config import Config
from observatoire.routine.passage import noter_construction

CAMPAGNE = """
titre = "La région"
[[editions]]
niveaux = ["reg"]
periodes = "dernier"
publics = ["general"]
formats = ["ipynb", "html", "pdf"]
"""


@pytest.fixture
def atelier(exemple, tmp_path, monkeypatch) -> Config:
    """Une copie de l'exemple construit, où seule la fiche de la région est à produire."""
    racine = tmp_path / "atelier"
    shutil.copytree(exemple.racine, racine)
    reglages = racine / "observatoire.toml"
    texte = reglages.read_text(encoding="utf-8")
    for avant, apres in (('niveaux = ["reg", "dep", "ept"]', 'niveaux = ["reg"]'),
                         ("calme_minutes = 10", "calme_minutes = 0")):  # fmt: skip
        assert avant in texte
        texte = texte.replace(avant, apres)
    reglages.write_text(texte, encoding="utf-8")
    (racine / "campagnes").mkdir(exist_ok=True)
    (racine / "campagnes" / "trimestre.toml").write_text(CAMPAGNE, encoding="utf-8")
    monkeypatch.chdir(racine)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "compte"))
    return Config.charger(racine)


def tick() -> str:
    rendu = CliRunner().invoke(cli, ["tick"])
    assert rendu.exit_code == 0, rendu.output
    return rendu.output


def test_une_fois_construit_un_passage_controle_et_edite_puis_ne_fait_rien(atelier):
    noter_construction(atelier)
    assert "Fiches 2026-T3 à jour" in tick()
    assert (atelier.outputs / "fiches/2026-T3/reg-11.pdf").is_file()
    assert list((atelier.outputs / "qualite").glob("*.html"))
    (page,) = (atelier.outputs / "routine").glob("*/*.html")
    for compte_rendu in (page, page.with_suffix(".txt")):
        assert "Données fictives" in compte_rendu.read_text(encoding="utf-8")
    debut = time.perf_counter()
    assert tick().startswith("Rien de neuf")
    assert time.perf_counter() - debut < 2


@pytest.mark.long
def test_une_livraison_arrivee_va_seule_jusqu_aux_fiches(atelier):
    recue = max((atelier.raw / "structures").glob("*/*.csv"))
    arrivee = atelier.racine / "data/arrivees/structures/2026-11-20" / recue.name
    arrivee.parent.mkdir(parents=True)
    shutil.copy(recue, arrivee)
    sortie = tick()
    assert "structures, livraison du 2026-11-20 (1 fichier) scellée." in sortie
    assert "Tables et indicateurs reconstruits" in sortie
    assert "Fiches 2026-T3 : 1 produites" in sortie
    assert not arrivee.exists()
    assert tick().startswith("Rien de neuf")
