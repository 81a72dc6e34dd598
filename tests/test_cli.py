"""La ligne de commande : erreurs en français, codes de sortie, rien d'écrit à tort."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from observatoire.cli import cli

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def lancer(travail, monkeypatch):
    """Lance une commande dans un dossier de travail vide de données."""
    monkeypatch.chdir(travail.racine)

    def _lancer(*arguments: str):
        return CliRunner().invoke(cli, list(arguments))

    return _lancer


def fichiers(dossier: Path) -> set[Path]:
    return {chemin for chemin in dossier.rglob("*") if chemin.is_file()}


@pytest.mark.parametrize(
    ("arguments", "attendu"),
    [
        (("fiches", "dep:99"), "dep:95"),
        (("fiches", "dep:93", "--periode", "2026T3"), "2026-T3"),
        (("importer", "dcep", "x.json"), "decp"),
        (("importer", "decp", "x.json", "--date", "hier"), "AAAA-MM-JJ"),
        (("importer", "decp", "absent.json"), "absent.json"),
        (("construire",), "observatoire importer"),
        (("fiches", "dep:93", "--periode", "2026-T3"), "observatoire construire"),
        (("fiches", "dep:93"), "observatoire construire"),
        (("fiches", "programme:GPX"), "programme:GPE"),
        (("fiches", "acheteur:21930008800012"), "--public acheteur"),
        (("commentaire", "dep:99"), "dep:95"),
    ],
)
def test_une_erreur_est_un_constat_et_un_remede_sans_pile(lancer, arguments, attendu):
    resultat = lancer(*arguments)
    assert resultat.exit_code == 1
    assert attendu in resultat.output
    assert "→" in resultat.output
    assert resultat.output.startswith("Erreur : ")
    assert "Traceback" not in resultat.output


@pytest.mark.parametrize(
    ("nom", "contenu"),
    [
        ("vide.json", b""),
        ("liste_vide.json", b'{"marches": []}'),
        ("tronque.json", b'{"marches": [{"id": "2019-01", "acheteur": {"id"'),
        ("page.json", b"<html><body>503</body></html>"),
        ("autre.json", b'{"contrats": [{"id": 1}]}'),
        ("colonnes.csv", b"numero,prix\n1,2\n"),
        ("nul.csv", b"uid,montant,dateNotification\n\x00,1,2024-01-01\n"),
    ],
)
def test_un_mauvais_fichier_n_ecrit_rien(lancer, travail, tmp_path_factory, nom, contenu):
    fichier = tmp_path_factory.mktemp("recu") / nom
    fichier.write_bytes(contenu)
    avant = fichiers(travail.racine)
    resultat = lancer("importer", "decp", str(fichier))
    assert resultat.exit_code == 1, resultat.output
    assert nom in resultat.output
    assert fichiers(travail.racine) == avant


@pytest.mark.parametrize(("periode", "attendu"), [("2031-T1", "2026-T3"), ("2025", "2025-T4")])
def test_une_periode_a_venir_ou_annuelle_propose_le_bon_trimestre(exemple, monkeypatch, periode, attendu):
    monkeypatch.chdir(exemple.racine)
    resultat = CliRunner().invoke(cli, ["fiches", "dep:93", "--periode", periode])
    assert resultat.exit_code == 1
    assert attendu in resultat.output
    assert not (exemple.outputs / "fiches" / periode).exists()


def test_un_disque_plein_se_dit_sans_pile(lancer, monkeypatch):
    def plein(*_, **__):
        raise OSError(28, "No space left on device", "data/processed/x.parquet")

    monkeypatch.setattr("observatoire.acquisition.depot.sceller", plein)
    resultat = lancer("importer", "decp", "x.json")
    assert resultat.exit_code == 1
    assert "le disque est plein : data/processed/x.parquet" in resultat.output
    assert "Traceback" not in resultat.output


def test_le_docteur_dit_ce_qui_manque_et_ce_que_cela_empeche(lancer, monkeypatch):
    monkeypatch.setenv("PATH", "")
    sortie = lancer("docteur").output
    assert "quarto : absent (facultatif) ; empêche" in sortie
    assert "environment.yml" in sortie
    assert "✓ pandas" in sortie


def test_le_docteur_refuse_une_cle_lisible_par_d_autres(lancer, monkeypatch, tmp_path):
    cle = tmp_path / "cle"
    monkeypatch.setenv("OBSERVATOIRE_CLE", str(cle))
    assert lancer("cle").exit_code == 0
    cle.chmod(0o644)
    resultat = lancer("docteur")
    assert resultat.exit_code == 1
    assert "chmod 600" in resultat.output


def test_creer_la_cle_deux_fois_garde_la_premiere(lancer, monkeypatch, tmp_path):
    cle = tmp_path / "sous" / "cle"
    monkeypatch.setenv("OBSERVATOIRE_CLE", str(cle))
    lancer("cle")
    octets = cle.read_bytes()
    assert "déjà présente" in lancer("cle").output
    assert cle.read_bytes() == octets
    assert cle.stat().st_mode & 0o777 == 0o600


def test_le_commentaire_se_cree_une_fois_et_la_fiche_previent_quand_il_est_a_relire(exemple, monkeypatch):
    monkeypatch.chdir(exemple.racine)
    chemin = exemple.racine / "commentaires" / "2026-T3" / "reg-11--elu.md"
    preparer = ["commentaire", "reg:11", "--periode", "2026-T3", "--public", "elu"]
    assert "reg-11--elu.md : écrit" in CliRunner().invoke(cli, preparer).output
    texte = re.sub("marches_notifies = .*", "marches_notifies = 1", chemin.read_text(encoding="utf-8"))
    chemin.write_text(texte + "Un texte.", encoding="utf-8")
    assert "reg-11--elu.md : inchangé" in CliRunner().invoke(cli, preparer).output
    fiche = CliRunner().invoke(cli, ["fiches", "reg:11", "--periode", "2026-T3", "--public", "elu"])
    assert "est à relire : Marchés notifiés : 1, désormais" in fiche.output
    page = (exemple.outputs / "fiches" / "2026-T3" / "reg-11--elu.html").read_text(encoding="utf-8")
    assert "Un texte." in page
    assert "Commentaire écrit avant la dernière mise à jour" in page
    chemin.unlink()
