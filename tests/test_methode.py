"""La note de méthode dit ce que le code calcule et publie, et elle est à jour."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from observatoire.config import Config
from observatoire.erreurs import ConfigError, PublicationError
from observatoire.indicateurs.catalogue import catalogue_de
from observatoire.publication.methode import NoteDeMethode, composer
from observatoire.publication.methode_markdown import en_markdown
from observatoire.referentiel import ventilations
from observatoire.schemas import SCHEMAS
from tests.conftest import DEPOT

CONFIG = Config.charger(DEPOT)
FICHE = {
    "indicateur": "essai",
    "ordre": 1,
    "libelle": "Bénéficiaires d’essai",
    "unite": "personnes",
    "champ": "Champ.",
    "source": "Source.",
    "lecture": "{territoire}, {periode} : {valeur} personnes.",
    "additif": "territoire|modalite",
    "rattachement": "residence",
    "ventilations": "sexe|public",
    "multiples": "public",
    "numerateur": "",
    "denominateur": "",
    "personnes": True,
    "methode": "Première phrase.\n\nSuite de la note,\nsur deux lignes.",
}


def fiches(*ecarts):
    lignes = [{**FICHE, **ecart} for ecart in ecarts]
    return SCHEMAS["indicateurs/catalogue"].verifier(pd.DataFrame(lignes))


@pytest.fixture(scope="module")
def catalogue():
    return catalogue_de(CONFIG)


@pytest.fixture(scope="module")
def note(catalogue) -> NoteDeMethode:
    return composer(catalogue, CONFIG)


@pytest.fixture(scope="module")
def texte(note):
    return en_markdown(note)


def test_la_note_du_depot_est_a_jour(texte):
    ecrite = (DEPOT / "docs" / "methode.md").read_text(encoding="utf-8")
    assert ecrite == texte, "lancer « observatoire methode »"


def test_chaque_indicateur_y_est_avec_tout_ce_qui_le_definit(catalogue, texte):
    for fiche in catalogue.to_dict("records"):
        partie = texte.split(f'<a id="{fiche["indicateur"]}"></a>')[1].split("<a id=")[0]
        for nom in ("libelle", "unite"):
            assert str(fiche[nom]) in partie
        for attendu in ("Champ", "Géographie", "Additivité", "Source", "Lecture"):
            assert f"| {attendu} | " in partie
        assert bool(fiche["numerateur"]) == ("| Numérateur | " in partie)
        for ventilation in filter(None, fiche["ventilations"].split("|")):
            assert ventilations()[ventilation].libelle in partie


def test_chaque_lien_du_sommaire_mene_quelque_part(texte):
    ancres = re.findall(r'<a id="(.*?)"></a>', texte)
    assert len(ancres) == len(set(ancres))
    assert re.findall(r"\]\(#(.*?)\)", texte) == ancres


def test_chaque_ligne_de_tableau_a_autant_de_cellules_que_son_en_tete(texte):
    largeur = None
    for ligne in texte.splitlines():
        cellules = ligne.replace("\\|", "").count("|") if ligne.startswith("|") else None
        assert cellules is None or largeur is None or cellules == largeur, ligne
        largeur = cellules


def test_la_typographie_est_francaise(texte):
    assert "'" not in texte
    assert not re.findall(r"\S [;?!:»]| « ", re.sub(r"`[^`]*`|\|", "", texte).replace("« ", ""))


def test_le_secret_donne_ses_valeurs_datees_et_leurs_references(note, texte):
    for nom in ("seuil_personnes", "seuil_personnes_sensible", "employeurs_minimum"):
        for valeur in CONFIG.historique(nom):
            assert valeur.reference.replace("'", "’").split(" : ")[0] in texte
    assert {regle.valeur for regle in note.secret} >= {"5", "11", "3", "85"}


def test_le_plan_est_celui_de_la_configuration(note):
    plan = CONFIG.reglages["publication"]["plan"]
    assert len(note.plan) == len(plan)
    assert dict(note.plan)["Département"][0] == "Totaux et ventilations"
    assert any("moins de 100" in phrase for phrase in note.exceptions)


def test_la_note_se_separe_en_definition_et_suite():
    (note,) = composer(fiches({}), CONFIG).indicateurs
    assert note.definition == "Première phrase."
    assert note.paragraphes == ("Suite de la note, sur deux lignes.",)
    assert note.lecture == "[territoire], [période] : [valeur] personnes."
    assert note.ventilations == ("Sexe", "Public")


@pytest.mark.parametrize(
    ("ecart", "attendu"),
    [
        ({"additif": "", "multiples": ""}, "Ne s’additionne jamais : une même unité"),
        ({"numerateur": "essai"}, "Ne s’additionne jamais : c’est le rapport"),
        (
            {"additif": "territoire|periode|modalite", "multiples": ""},
            "S’additionne entre territoires de même niveau, périodes et modalités.",
        ),
        (
            {},
            "S’additionne entre territoires de même niveau et modalités, pas entre périodes : une même unité",
        ),
    ],
)
def test_l_additivite_se_dit_en_francais(ecart, attendu):
    note = composer(fiches(ecart), CONFIG)
    assert (*note.indicateurs, *note.rapports)[0].additivite.startswith(attendu)


def test_un_rapport_dit_ses_termes_en_francais():
    autre = {"indicateur": "part", "ordre": 2, "numerateur": "essai.sexe=F", "denominateur": "essai"}
    (note,) = composer(fiches({}, autre), CONFIG).rapports
    assert note.formule == (
        ("Numérateur", "Bénéficiaires d’essai (Sexe : Femmes)"),
        ("Dénominateur", "Bénéficiaires d’essai"),
    )


def test_la_note_suit_l_ordre_du_catalogue():
    deux = fiches({"ordre": 2}, {"indicateur": "premier", "ordre": 1})
    assert [note.nom for note in composer(deux, CONFIG).indicateurs] == ["premier", "essai"]


def test_un_rattachement_sans_nom_ou_un_parametre_absent_est_dit(travail):
    with pytest.raises(PublicationError, match="« ailleurs »"):
        composer(fiches({"rattachement": "ailleurs"}), CONFIG)
    (travail.racine / "parametres.toml").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="seuil_personnes"):
        composer(fiches({}), Config.charger(travail.racine))


def test_une_barre_dans_un_texte_ne_casse_pas_le_tableau():
    texte = en_markdown(composer(fiches({"champ": "a | b"}), CONFIG))
    assert "a \\| b" in texte
