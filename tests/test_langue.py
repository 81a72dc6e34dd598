"""La ligne de commande parle français : le catalogue de click, les aides, les fautes d'emploi."""

from __future__ import annotations

import os
import re
import string
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from click.testing import CliRunner

from observatoire.cli import cli
from observatoire.cli.langue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Sequence

ANGLAIS = re.compile(
    r"\b(Usage|Options:|Commands|Show|Try|Error|Missing|Invalid|No such|COMMAND|ARGS|TEXT|INTEGER|FLOAT|RANGE"
    r"|BOOLEAN|FILE|FILENAME|DIRECTORY|PATH|UUID|DATETIME|default|required|Aborted)\b"
)


def _toutes(groupe: click.Group, avant: tuple[str, ...] = ()):
    for nom, commande in groupe.commands.items():
        yield (*avant, nom), commande
        if isinstance(commande, click.Group):
            yield from _toutes(commande, (*avant, nom))


COMMANDES = {" ".join(mots): commande for mots, commande in _toutes(cli)}
LIBRES = {
    nom for nom, commande in COMMANDES.items() if commande.context_settings.get("ignore_unknown_options")
}
EXIGEANTES = {nom for nom, commande in COMMANDES.items() if any(p.required for p in commande.params)}


@pytest.fixture
def lancer(tmp_path, monkeypatch):
    """Lance une commande dans un dossier vide, qui doit le rester."""
    monkeypatch.chdir(tmp_path)
    yield lambda *arguments: CliRunner().invoke(cli, arguments)
    assert list(tmp_path.iterdir()) == []


def _catalogue():
    with CATALOGUE.with_suffix(".po").open("rb") as fichier:
        return read_po(fichier)


def _phrases(catalogue) -> dict:
    return {
        _formes(phrase.id): _formes(phrase.string) for phrase in catalogue if phrase.id and not phrase.fuzzy
    }


def _formes(texte: str | Sequence[str]) -> tuple[str, ...]:
    return (texte,) if isinstance(texte, str) else tuple(texte)


def test_le_mo_est_le_po_compile():
    with CATALOGUE.open("rb") as fichier:
        compile_ = read_mo(fichier)
    assert _phrases(compile_) == _phrases(_catalogue())
    assert compile_.plural_expr == _catalogue().plural_expr == "(n > 1)"


def test_toutes_les_phrases_du_click_installe_sont_traduites():
    dossier = Path(click.__file__).parent
    recueillies = {_formes(phrase) for _, _, phrase, *_ in extract_from_dir(dossier, [("**.py", "python")])}
    assert len(recueillies) > 50
    traduites = {phrase for phrase, texte in _phrases(_catalogue()).items() if all(texte)}
    assert recueillies <= traduites  # sinon : « make langue », traduire, et « make langue » encore


@pytest.mark.parametrize(("phrase", "texte"), _phrases(_catalogue()).items(), ids=str)
def test_une_traduction_garde_les_champs_de_sa_phrase(phrase, texte):
    assert [_champs(forme) for forme in texte] == [_champs(forme) for forme in phrase]


def _champs(texte: str) -> set[str]:
    return {champ for _, champ, _, _ in string.Formatter().parse(texte) if champ} | {
        *re.findall(r"%\(\w+\)s", texte)
    }


@pytest.mark.parametrize("nom", ["", *COMMANDES])
def test_une_aide_est_toute_en_francais(lancer, nom):
    resultat = lancer(*nom.split(), "--help")
    assert resultat.exit_code == 0
    assert resultat.output.startswith("Utilisation : observatoire")
    assert "Options :\n" in resultat.output
    assert "Montre cette aide.\n" in resultat.output
    assert not ANGLAIS.findall(resultat.output)


@pytest.mark.parametrize("nom", sorted({"", *COMMANDES} - LIBRES))
def test_une_option_inconnue_est_un_constat_et_un_remede(lancer, nom):
    _est_une_faute(lancer(*nom.split(), "--zzz"), "Option inconnue : --zzz.", "Lire « observatoire")


@pytest.mark.parametrize("nom", sorted(EXIGEANTES))
def test_un_argument_manquant_est_un_constat_et_un_remede(lancer, nom):
    premier = next(p for p in COMMANDES[nom].params if p.required)
    constat = f"Il manque l'argument {premier.name.upper()}."
    if isinstance(premier.type, click.Choice):
        constat += " Valeurs admises :\n\t" + ",\n\t".join(premier.type.choices)
    _est_une_faute(lancer(*nom.split()), constat, f"Lire « observatoire {nom} --help ».")


@pytest.mark.parametrize(
    ("arguments", "constat", "remede"),
    [
        (["fiche"], "Commande inconnue : fiche.", "Vouliez-vous dire : fiches ?"),
        (["notebooks", "netoyer"], "Commande inconnue : netoyer.", "Vouliez-vous dire : nettoyer ?"),
        (["xyz"], "Commande inconnue : xyz.", "Lire « observatoire --help »."),
        (["--"], "Il manque la commande.", "Lire « observatoire --help »."),
        (["fiches", "--periodes", "x"], "Option inconnue : --periodes.", "Vouliez-vous dire : --periode,"),
        (["cle", "-z"], "Option inconnue : -z.", "Lire « observatoire cle --help »."),
        (["cle", "x"], "Argument en trop : x.", "Lire « observatoire cle --help »."),
        (["cle", "x", "y"], "Arguments en trop : x y.", "Lire « observatoire cle --help »."),
        (["tick", "--forcer=1"], "L'option --forcer ne prend pas de valeur.", "Lire « observatoire tick"),
        (["rapport", "--annee"], "L'option --annee demande une valeur.", "observatoire rapport --annee 2025"),
        (["importer"], "Il manque l'argument SOURCE.", "observatoire importer decp decp-2026-09.json --date"),
        (["registre", "verif"], "Valeur refusée pour ACTION : « verif ».", "Vouliez-vous dire : verifier ?"),
        (["planifier", "--genre", "x"], "Valeur refusée pour --genre : « x ».", "Valeurs admises : systemd,"),
        (["plan", "--processus", "0"], "pour --processus : 0 ne respecte pas x>=1.", "plan trimestre --det"),
        (["plan", "--processus", "a"], "pour --processus : « a » n'est pas un entier.", "plan trimestre"),
        (["exemple", "--graine", "a"], "pour --graine : « a » n'est pas un entier.", "Lire « observatoire"),
        (["exemple", "--echelle", "a"], "pour --echelle : « a » n'est pas un nombre.", "Lire « observatoire"),
        (
            ["verifier", "absent"],
            "pour CHEMINS : Chemin introuvable : « absent ».",
            "observatoire verifier out",
        ),
        (
            ["construire", "--erratum", "x"],
            "--erratum demande l'édition qu'il corrige.",
            "Ajouter --edition 2026-T3.",
        ),
    ],
)
def test_une_faute_d_emploi_est_un_constat_et_un_remede(lancer, arguments, constat, remede):
    _est_une_faute(lancer(*arguments), constat, remede)


def _est_une_faute(resultat, constat: str, remede: str) -> None:
    """Le constat finit la première partie : les mots proches n'y sont pas, ils sont le remède."""
    assert resultat.exit_code == 2
    assert resultat.stdout == ""
    dit, apres = resultat.stderr.split("\n→ ")
    assert dit.startswith("Erreur : ")
    assert dit.endswith(constat)
    assert remede in apres
    assert not ANGLAIS.findall(resultat.stderr)


@pytest.mark.parametrize("nom", ["", "notebooks"])
def test_un_groupe_sans_argument_montre_son_aide(lancer, nom):
    resultat = lancer(*nom.split())
    assert resultat.exit_code == 2
    assert resultat.stderr.startswith("Utilisation : observatoire")


def test_une_interruption_se_dit_en_francais(lancer, monkeypatch):
    def interrompre():
        raise KeyboardInterrupt

    monkeypatch.setattr("observatoire.docteur.examiner", interrompre)
    resultat = lancer("docteur")
    assert resultat.exit_code == 1
    assert resultat.stderr.strip() == "Interrompu."


@pytest.mark.parametrize("langue", [{"LANG": "C"}, {"LANGUAGE": "en", "LC_ALL": "C.UTF-8"}], ids=str)
def test_la_langue_du_poste_ne_change_rien_et_n_est_pas_changee(tmp_path, langue):
    code = (
        "import os, sys; avant = dict(os.environ); from observatoire.cli import main\n"
        "try: main()\nfinally: assert dict(os.environ) == avant; assert 'babel' not in sys.modules"
    )
    environnement = {nom: os.environ[nom] for nom in ("PATH", "PYTHONPATH") if nom in os.environ} | langue
    resultat = subprocess.run(
        [sys.executable, "-c", code, "importer"],
        cwd=tmp_path,
        env=environnement,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert resultat.returncode == 2
    assert resultat.stderr.startswith("Erreur : Il manque l'argument SOURCE.\n→ ")
