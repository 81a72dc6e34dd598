"""Le commentaire de l'analyste : imprimé, jamais perdu, signalé quand ses chiffres ont bougé."""

from __future__ import annotations

import pytest

from observatoire.erreurs import PublicationError
from observatoire.perimetre import Periode, Territoire
from observatoire.publication.commentaire import alertes, preparer
from observatoire.publication.fiche import Fiche
from observatoire.publication.fiche.commentaires import chemin_du
from tests.test_fiche import changer, ecrire, lignes, secrets

OU, QUAND = Territoire.lire("dep:93"), Periode.lire("2026-T3")
TEXTE = "## Un chantier\n\nLes embauches sont *locales*.\n\n- Une session en janvier.\n"


@pytest.fixture
def ecrit(travail):
    """Un commentaire écrit pour 1 000 bénéficiaires."""
    ecrire(travail, _valeurs(1000))
    chemin, _ = preparer(travail, OU, QUAND)
    chemin.write_text(chemin.read_text(encoding="utf-8") + TEXTE, encoding="utf-8")
    return travail


def _valeurs(beneficiaires: int) -> list[dict]:
    return changer(lignes("dep:93", "2026-T3"), "beneficiaires", "ensemble", ensemble=beneficiaires)


def _bloc(config, public: str = ""):
    return Fiche.ouvrir("dep:93", "2026-T3", config).commentaire(public)


def test_le_commentaire_s_imprime_sans_avertissement_quand_rien_n_a_bouge(ecrit):
    bloc = _bloc(ecrit)
    assert bloc.elements == [
        {"genre": "titre", "niveau": 3, "texte": "Un chantier"},
        {"genre": "texte", "paragraphes": ["Les embauches sont locales."]},
        {"genre": "liste", "elements": ["Une session en janvier."]},
    ]
    assert bloc.avis == ""
    assert alertes(ecrit, OU, QUAND) == []


@pytest.mark.parametrize(("beneficiaires", "bouge"), [(1020, False), (1021, True), (979, True)])
def test_un_chiffre_qui_bouge_de_plus_de_deux_pour_cent_se_signale(ecrit, beneficiaires, bouge):
    ecrire(ecrit, _valeurs(beneficiaires))
    assert bool(_bloc(ecrit).avis) == bouge
    assert len(alertes(ecrit, OU, QUAND)) == int(bouge)


def test_un_chiffre_devenu_secret_se_signale_sans_son_nombre(ecrit):
    ecrire(ecrit, secrets(_valeurs(1000), "ensemble", indicateur="beneficiaires"))
    (alerte,) = alertes(ecrit, OU, QUAND)
    assert alerte.endswith("Bénéficiaires : publié, désormais secret.")
    assert _bloc(ecrit).avis


def test_un_secret_n_est_jamais_garde_dans_le_fichier(travail):
    ecrire(travail, secrets(_valeurs(1000), "ensemble", indicateur="beneficiaires"))
    chemin, _ = preparer(travail, OU, QUAND)
    texte = chemin.read_text(encoding="utf-8")
    assert 'beneficiaires = "secret"' in texte
    assert "1000" not in texte


def test_relire_remplace_les_chiffres_et_garde_le_texte(ecrit):
    ecrire(ecrit, _valeurs(2000))
    chemin, touche = preparer(ecrit, OU, QUAND)
    assert not touche, "sans --relu, un commentaire qui existe n'est pas réécrit"
    preparer(ecrit, OU, QUAND, relu=True)
    assert chemin.read_text(encoding="utf-8").endswith("+++\n\n" + TEXTE)
    assert alertes(ecrit, OU, QUAND) == []


def test_un_commentaire_recopie_d_un_autre_trimestre_est_a_relire(ecrit):
    chemin = chemin_du(ecrit, OU, QUAND)
    texte = chemin.read_text(encoding="utf-8")
    chemin.write_text(texte.replace('"2026-T3"', '"2026-T2"'), encoding="utf-8")
    assert "dep:93 2026-T2" in alertes(ecrit, OU, QUAND)[0]


def test_sans_en_tete_le_texte_parait_et_se_dit_a_relire(travail):
    ecrire(travail, _valeurs(1000))
    chemin = chemin_du(travail, OU, QUAND)
    chemin.parent.mkdir(parents=True)
    chemin.write_text("Un texte seul.", encoding="utf-8")
    assert _bloc(travail).elements == [{"genre": "texte", "paragraphes": ["Un texte seul."]}]
    assert _bloc(travail).avis
    preparer(travail, OU, QUAND, relu=True)
    assert not _bloc(travail).avis


def test_un_public_a_son_commentaire_a_defaut_celui_de_toutes_les_fiches(ecrit):
    assert _bloc(ecrit, "elu").elements == _bloc(ecrit).elements
    chemin, _ = preparer(ecrit, OU, QUAND, public="elu")
    assert _bloc(ecrit, "elu") is None, "créé mais vide : rien ne s'imprime"
    assert alertes(ecrit, OU, QUAND, "elu")[0].endswith("est vide : la fiche n'a pas de commentaire.")
    chemin.write_text(chemin.read_text(encoding="utf-8") + "Pour les élus.", encoding="utf-8")
    assert _bloc(ecrit, "elu").elements[0]["paragraphes"] == ["Pour les élus."]


@pytest.mark.parametrize(
    ("contenu", "constat"),
    [
        (b"+++\nterritoire = \n+++\nTexte", "en-t\xeate illisible"),
        (b"+++\nterritoire = 1\nTexte", "n'est pas referm"),
        (b"+++\n[chiffres]\nbeneficiaires = true\n+++\nTexte", "n'est ni un nombre"),
        (b"+++\nchiffres = 3\n+++\nTexte", "pas un tableau"),
        ("é".encode("latin-1"), "UTF-8"),
        (b"> une citation", "Markdown non publi"),
    ],
)
def test_un_fichier_mal_ecrit_se_refuse_en_le_nommant(travail, contenu, constat):
    ecrire(travail, _valeurs(1000))
    chemin = chemin_du(travail, OU, QUAND)
    chemin.parent.mkdir(parents=True)
    chemin.write_bytes(contenu)
    with pytest.raises(PublicationError) as levee:
        _bloc(travail)
    assert constat in levee.value.constat
    assert "commentaires/2026-T3/dep-93.md" in levee.value.constat
    assert levee.value.remede
    assert chemin.read_bytes() == contenu
