"""Le dépôt scelle une fois, refuse avant d'écrire, et remarque ce qui a changé ; la clé reste fermée."""

from __future__ import annotations

import datetime as dt
import tomllib

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.acquisition.depot import _valeur, inventaire, sceller
from observatoire.acquisition.pseudonymes import chemin_cle, creer_cle, lire_cle, pseudonymiser
from observatoire.config import Config
from observatoire.erreurs import ColonnesManquantesError, ConfigError, SourceError

JOUR = dt.date(2026, 11, 14)
CONTRAT = '{"marches": [{"id": "2019A", "montant": 1}]}'


@pytest.fixture
def config(tmp_path) -> Config:
    """Deux sources, l'une qui s'ajoute, l'autre qui se remplace et porte une identité."""
    suivi = {
        "genre": "suivi",
        "lecture": {"format": "csv", "separateur": ";"},
        "colonnes": {"structure_id": "Structure", "heures": "Heures"},
        "identite": {"nom": "Nom"},
    }
    (tmp_path / "reçus").mkdir()
    return Config(tmp_path, {"sources": {"decp": {"genre": "decp", "millesimes": "tous"}, "suivi": suivi}})


def recu(config: Config, nom: str, contenu: str):
    fichier = config.racine / "reçus" / nom
    fichier.write_text(contenu, encoding="utf-8")
    return fichier


def contenu(config: Config) -> list[str]:
    return sorted(f.relative_to(config.raw).as_posix() for f in config.raw.rglob("*") if f.is_file())


def test_un_fichier_scelle_porte_sa_provenance(config):
    fichier = recu(config, "été.json", CONTRAT)
    [(chemin, nouveau)] = sceller(
        config, "decp", [fichier], date_extraction=JOUR, titre='Dit "ici"\n', defauts={"a": ("b", 3)}
    )
    assert nouveau
    assert chemin == config.raw / "decp" / "2026-11-14" / "été.json"
    assert chemin.read_bytes() == fichier.read_bytes()
    provenance = tomllib.loads((chemin.parent / "provenance.toml").read_text(encoding="utf-8"))
    assert provenance["titre"] == 'Dit "ici"\n'
    assert provenance["fictif"] is False
    assert provenance["date_extraction"] == JOUR
    assert provenance["defauts"] == [{"nom": "a", "description": "b", "nombre": 3}]
    [depot] = inventaire(config)
    assert (depot.millesime, depot.date_extraction, depot.fictif) == ("2026-11-14", JOUR, False)
    assert depot.sha256 == provenance["fichiers"][0]["sha256"]


def test_importer_deux_fois_ne_change_rien(config):
    fichier = recu(config, "a.json", CONTRAT)
    sceller(config, "decp", [fichier], date_extraction=JOUR)
    provenance = config.raw / "decp" / "2026-11-14" / "provenance.toml"
    avant = (contenu(config), provenance.read_bytes(), provenance.stat().st_mtime_ns)
    # même contenu, sous un autre nom et une autre date
    [(chemin, nouveau)] = sceller(
        config, "decp", [recu(config, "b.json", CONTRAT)], date_extraction=dt.date(2027, 1, 1)
    )
    assert not nouveau
    assert chemin.name == "a.json"
    assert (contenu(config), provenance.read_bytes(), provenance.stat().st_mtime_ns) == avant


def test_deux_livraisons_du_meme_jour_se_completent(config):
    sceller(config, "decp", [recu(config, "a.json", CONTRAT)], date_extraction=JOUR)
    sceller(config, "decp", [recu(config, "b.json", CONTRAT + " ")], date_extraction=JOUR)
    assert [depot.chemin.name for depot in inventaire(config)] == ["a.json", "b.json"]


def test_un_doublon_dans_la_meme_livraison_n_est_scelle_qu_une_fois(config):
    doubles = [recu(config, "a.json", CONTRAT), recu(config, "b.json", CONTRAT)]
    assert [nouveau for _, nouveau in sceller(config, "decp", doubles, date_extraction=JOUR)] == [True, False]


def test_la_provenance_note_les_lignes_lues(config):
    deux = '{"marches": [{"id": "a"}, {"id": "b"}]}'
    fichiers = [recu(config, "a.json", CONTRAT), recu(config, "b.json", deux)]
    sceller(config, "decp", fichiers, date_extraction=JOUR)
    sceller(config, "suivi", [recu(config, "s.csv", "Structure;Heures;Nom\n1;2;X\n")], date_extraction=JOUR)
    assert [depot.lignes for depot in inventaire(config)] == [1, 2, 1]


def test_un_dossier_de_petits_fichiers_vaut_ses_fichiers(config):
    dossier = config.racine / "reçus"
    (dossier / "2025").mkdir()
    (dossier / ".cache").mkdir()
    for rang, nom in enumerate(["b.json", "2025/a.json", ".cache/x.json", ".ignore"]):
        recu(config, nom, CONTRAT + " " * rang)
    scelles = sceller(config, "decp", [dossier], date_extraction=JOUR)
    assert [chemin.name for chemin, _ in scelles] == ["a.json", "b.json"]
    assert len(inventaire(config)) == 2


def test_un_dossier_vide_ou_dont_un_fichier_est_mauvais_n_ecrit_rien(config):
    dossier = config.racine / "reçus"
    with pytest.raises(SourceError, match="aucun fichier"):
        sceller(config, "decp", [dossier], date_extraction=JOUR)
    recu(config, "bon.json", CONTRAT)
    for rang in range(25):
        recu(config, f"{rang}.json", "{}" + " " * rang)
    with pytest.raises(SourceError, match="… et 5 autres fichiers") as erreur:
        sceller(config, "decp", [dossier], date_extraction=JOUR)
    assert str(erreur.value).count("version des DECP inconnue") == 20
    assert not config.raw.exists()


def test_deux_fichiers_de_meme_nom_dans_un_dossier_sont_refuses(config):
    (config.racine / "reçus" / "2025").mkdir()
    recu(config, "a.json", CONTRAT)
    recu(config, "2025/a.json", CONTRAT + " ")
    with pytest.raises(SourceError, match="ce nom"):
        sceller(config, "decp", [config.racine / "reçus"], date_extraction=JOUR)
    assert not config.raw.exists()


@pytest.mark.parametrize("nom", ["../x", "..\\x.json", "../../etc/passwd", "reçus/../../x.json"])
def test_un_chemin_qui_remonte_n_ecrit_rien_ailleurs(config, nom):
    (config.racine / "..\\x.json").write_text(CONTRAT)
    with pytest.raises(SourceError):
        sceller(config, "decp", [config.racine / nom], date_extraction=JOUR)
    with pytest.raises(ConfigError):
        sceller(config, nom, [recu(config, "a.json", CONTRAT)], date_extraction=JOUR)
    assert not config.raw.exists()


def test_un_mauvais_fichier_n_ecrit_rien_meme_apres_un_bon(config):
    fichiers = [
        recu(config, "bon.json", CONTRAT),
        recu(config, "mauvais.json", '{"marches": [{"id": '),
        recu(config, "colonnes.csv", "uid,montant\n1,2\n"),
    ]
    with pytest.raises(SourceError) as erreur:
        sceller(config, "decp", fichiers, date_extraction=JOUR)
    assert "mauvais.json, contrat n° 1 : JSON tronqué" in str(erreur.value)
    assert "colonnes.csv : colonnes absentes : dateNotification" in str(erreur.value)
    assert not config.raw.exists()


def test_une_seule_erreur_garde_sa_classe(config):
    with pytest.raises(ColonnesManquantesError):
        sceller(config, "decp", [recu(config, "c.csv", "uid,montant\n1,2\n")], date_extraction=JOUR)


@pytest.mark.parametrize(
    "nom", ["a.json", "provenance.toml", ".cache.json", "x\\a.json", "a\nb.json", "a\udcff.json"]
)
def test_un_nom_deja_pris_par_un_autre_contenu_est_refuse(config, nom):
    sceller(config, "decp", [recu(config, "a.json", CONTRAT)], date_extraction=JOUR)
    avant = contenu(config)
    with pytest.raises(SourceError, match=r"ce nom"):
        sceller(config, "decp", [recu(config, nom, CONTRAT + " ")], date_extraction=JOUR)
    assert contenu(config) == avant


def test_le_fictif_et_le_reel_ne_se_melangent_pas_dans_une_livraison(config):
    sceller(config, "decp", [recu(config, "a.json", CONTRAT)], date_extraction=JOUR, fictif=True)
    with pytest.raises(SourceError, match="fictives"):
        sceller(config, "decp", [recu(config, "b.json", CONTRAT + " ")], date_extraction=JOUR)


def test_un_fichier_absent_ou_une_source_inconnue_se_disent(config):
    with pytest.raises(SourceError, match=r"rien\.json"):
        sceller(config, "decp", [config.racine / "rien.json"], date_extraction=JOUR)
    with pytest.raises(ConfigError, match="decpp"):
        sceller(config, "decpp", [], date_extraction=JOUR)


def test_l_inventaire_garde_tous_les_millesimes_ou_le_dernier(config):
    for annee in (2025, 2026):
        jour = dt.date(annee, 1, 1)
        sceller(config, "decp", [recu(config, "a.json", CONTRAT + " " * annee)], date_extraction=jour)
        texte = f"Structure;Heures;Nom\n1;{annee};X\n"
        sceller(config, "suivi", [recu(config, "s.csv", texte)], date_extraction=jour)
    assert [(depot.source.nom, depot.millesime) for depot in inventaire(config)] == [
        ("decp", "2025-01-01"),
        ("decp", "2026-01-01"),
        ("suivi", "2026-01-01"),
    ]


def test_un_fichier_inchange_fait_partie_de_la_livraison_qui_remplace(config):
    """Le second fichier n'a pas changé : il serait perdu si la première livraison le gardait seule."""
    a, b = (recu(config, nom, f"Structure;Heures;Nom\n{nom};1;N\n") for nom in ("a.csv", "b.csv"))
    sceller(config, "suivi", [a, b], date_extraction=JOUR)
    a.write_text("Structure;Heures;Nom\na.csv;2;N\n", encoding="utf-8")
    suivant = JOUR + dt.timedelta(days=30)
    assert [nouveau for _, nouveau in sceller(config, "suivi", [a, b], date_extraction=suivant)] == [
        True,
        True,
    ]
    assert [(d.millesime, d.chemin.name) for d in inventaire(config)] == [
        (suivant.isoformat(), "a.csv"),
        (suivant.isoformat(), "b.csv"),
    ]
    assert [nouveau for _, nouveau in sceller(config, "suivi", [a, b], date_extraction=suivant)] == [
        False,
        False,
    ]


def test_un_millesime_mal_ecrit_est_refuse(config):
    faute = Config(config.racine, {"sources": {"decp": {"genre": "decp", "millesimes": "touss"}}})
    with pytest.raises(ConfigError, match="touss"):
        inventaire(faute)


def test_un_fichier_modifie_retire_ou_ajoute_a_la_main_se_remarque(config):
    [(chemin, _)] = sceller(config, "decp", [recu(config, "a.json", CONTRAT)], date_extraction=JOUR)
    (chemin.parent / "intrus.json").write_text("{}")
    with pytest.raises(SourceError, match="intrus"):
        inventaire(config)
    (chemin.parent / "intrus.json").unlink()
    chemin.chmod(0o644)
    chemin.write_text(CONTRAT.replace("1", "2"))
    with pytest.raises(SourceError, match="a changé"):
        inventaire(config)
    chemin.unlink()
    with pytest.raises(SourceError, match="manque"):
        inventaire(config)


def test_une_copie_interrompue_ne_laisse_rien_de_scelle(config, monkeypatch):
    def interrompre(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("observatoire.acquisition.depot.os.replace", interrompre)
    with pytest.raises(KeyboardInterrupt):
        sceller(config, "decp", [recu(config, "a.json", CONTRAT)], date_extraction=JOUR)
    assert contenu(config) == []
    assert inventaire(config) == []


def test_une_livraison_interrompue_ne_cache_pas_la_precedente(config):
    sceller(config, "suivi", [recu(config, "s.csv", "Structure;Heures;Nom\n1;2;X\n")], date_extraction=JOUR)
    suivante = config.raw / "suivi" / "2027-01-01"
    suivante.mkdir()
    (suivante / ".copie.xyz").write_text("à moitié")
    assert [depot.millesime for depot in inventaire(config)] == ["2026-11-14"]
    (suivante / "s.csv").write_text("copié, mais pas encore déclaré")
    with pytest.raises(SourceError, match="non scellés"):
        inventaire(config)


def test_relancer_un_import_interrompu_le_termine(config):
    fichier = recu(config, "a.json", CONTRAT)
    dossier = config.raw / "decp" / "2026-11-14"
    dossier.mkdir(parents=True)
    (dossier / "a.json").write_text("copié, mais pas encore déclaré")
    assert sceller(config, "decp", [fichier], date_extraction=JOUR) == [(dossier / "a.json", True)]
    assert len(inventaire(config)) == 1


@pytest.mark.parametrize("nom", ["novembre", "20261114", "2026-13-01"])
def test_un_dossier_qui_n_est_pas_une_date_se_dit(config, nom):
    (config.raw / "decp" / nom).mkdir(parents=True)
    with pytest.raises(SourceError, match=nom):
        inventaire(config)


@pytest.mark.parametrize(
    ("texte", "phrase"), [("titre = ", "illisible"), ('titre = "T"\n', "incomplet : producteur, licence")]
)
def test_une_provenance_abimee_se_dit(config, texte, phrase):
    [(chemin, _)] = sceller(config, "decp", [recu(config, "a.json", CONTRAT)], date_extraction=JOUR)
    (chemin.parent / "provenance.toml").write_text(texte)
    with pytest.raises(SourceError, match=phrase):
        inventaire(config)


def test_un_fichier_nominatif_reste_ferme_aux_autres_comptes(config):
    [(chemin, _)] = sceller(
        config, "suivi", [recu(config, "s.csv", "Structure;Heures;Nom\n1;2;X\n")], date_extraction=JOUR
    )
    assert chemin.stat().st_mode & 0o777 == 0o400


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_tout_texte_ecrit_en_toml_se_relit(texte):
    assert tomllib.loads(f"x = {_valeur(texte)}\n")["x"] == texte


# ── la clé et les pseudonymes ─────────────────────────────────────────────────────────────────


def test_la_cle_est_creee_une_fois_et_fermee(tmp_path):
    chemin = tmp_path / "secret" / "cle"
    assert creer_cle(chemin)
    cle = lire_cle(chemin)
    assert len(cle) == 32
    assert chemin.stat().st_mode & 0o777 == 0o600
    assert not creer_cle(chemin)
    assert lire_cle(chemin) == cle
    assert [f.name for f in chemin.parent.iterdir()] == ["cle"]


def test_une_cle_absente_ouverte_ou_courte_est_refusee(tmp_path):
    chemin = tmp_path / "cle"
    with pytest.raises(ConfigError, match="illisible"):
        lire_cle(chemin)
    creer_cle(chemin)
    chemin.chmod(0o644)
    with pytest.raises(ConfigError, match="autres comptes") as erreur:
        lire_cle(chemin)
    assert "chmod 600" in erreur.value.remede
    chemin.chmod(0o600)
    chemin.write_bytes(b"courte")
    with pytest.raises(ConfigError, match="6 octets"):
        lire_cle(chemin)


def test_le_chemin_de_la_cle_se_regle(monkeypatch, tmp_path):
    monkeypatch.setenv("OBSERVATOIRE_CLE", str(tmp_path / "a"))
    assert chemin_cle() == tmp_path / "a"
    monkeypatch.delenv("OBSERVATOIRE_CLE")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert chemin_cle() == tmp_path / "observatoire" / "cle_pseudonymes"


def identites(*lignes: tuple[str | None, ...]) -> pd.DataFrame:
    return pd.DataFrame(lignes, columns=["nom", "prenom", "naissance", "repli"], dtype="string")


def test_une_personne_garde_son_pseudonyme_d_une_ecriture_a_l_autre():
    pseudonymes = pseudonymiser(
        identites(
            ("Le Goff", "Noël-José", "1987-03-29", "a:1:7"),
            ("LE-GOFF", "noel jose", "1987-03-29", "b:2:9"),
            ("Le Goff", "Noël-José", "1987-03-30", "a:1:7"),
        ),
        b"k" * 32,
    )
    assert pseudonymes[0] == pseudonymes[1] != pseudonymes[2]
    assert pseudonymes.str.fullmatch("[A-Z2-7]{26}").all()  # 128 bits en base 32


def test_l_identifiant_prend_le_relais_d_une_identite_incomplete():
    pseudonymes = pseudonymiser(
        identites(
            ("Diallo", "Awa", None, "a:1:7"),
            ("-", "Awa", "1987-03-29", "a:1:7"),
            ("Diallo", "Awa", None, "a:2:7"),  # même numéro, autre structure
            ("Diallo", None, None, None),
        ),
        b"k" * 32,
    )
    assert pseudonymes[0] == pseudonymes[1] != pseudonymes[2]
    assert pseudonymes.isna().tolist() == [False, False, False, True]


def test_une_autre_cle_donne_d_autres_pseudonymes():
    une = identites(("Diallo", "Awa", "1987-03-29", None))
    assert pseudonymiser(une, b"a" * 32)[0] != pseudonymiser(une, b"b" * 32)[0]


@pytest.mark.parametrize("reglage", [{"date": 3}, {"decimale": 3}, {"mois": ["%Y-%m", 4]}])
def test_un_reglage_de_lecture_qui_n_est_pas_un_texte_est_refuse(config, reglage):
    faute = Config(config.racine, {"sources": {"suivi": {"genre": "suivi", "lecture": reglage}}})
    with pytest.raises(ConfigError, match="n'est pas un texte"):
        inventaire(faute)
