"""Les corrections déclarées : appliquées au texte reçu, comptées, et qui s'éteignent avec leur raison."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.controle.corrections import Atelier, Correction, lire_corrections
from observatoire.erreurs import ConfigError, QualiteError
from observatoire.schemas import SCHEMAS
from tests.conftest import DEPOT
from tests.maillons import controler

MODELE = """
[[corrections]]
nom = "montant en centimes"
source = "decp"
quand = {{id_source = "M1"}}
colonne = "{colonne}"
valeur_attendue = "1250000"
valeur = "12500"
raison = "publié en centimes"
statut = "{statut}"
reference = "message du 2 octobre"
"""


def correction(**autres) -> Correction:
    champs = {
        "nom": "essai",
        "source": "decp",
        "quand": {"id_source": "M1"},
        "colonne": "montant",
        "valeur_attendue": "1250000",
        "valeur": "12500",
        "raison": "centimes",
        "statut": "ouverte",
        "reference": "",
    }
    return Correction(**champs | autres)


def lignes(*couples) -> pd.DataFrame:
    table = pd.DataFrame(couples, columns=["id_source", "montant"], dtype="string")
    return table.assign(ligne=pd.array(range(1, len(couples) + 1), dtype="Int64"))


def test_une_correction_change_les_seules_lignes_visees_et_les_compte():
    atelier = Atelier([correction()])
    corrigees = atelier.appliquer("decp", lignes(("M1", "1250000"), ("M2", "1250000"), ("M1", "1250000")))
    atelier.appliquer("decp", lignes(("M1", "1250000")))
    assert corrigees["montant"].tolist() == ["12500", "1250000", "12500"]
    assert str(corrigees["montant"].dtype) == "string"
    # 2 lignes du premier morceau, 1 du second
    assert atelier.finir().set_index("correction")["lignes"].to_dict() == {"essai": 3}


def test_une_ligne_se_designe_aussi_par_son_rang_et_une_valeur_vide_veut_dire_rien():
    atelier = Atelier([correction(quand={"ligne": "2"}, valeur_attendue="", valeur="5")])
    assert atelier.appliquer("decp", lignes(("A", None), ("B", None)))["montant"].tolist()[1] == "5"
    atelier = Atelier([correction(valeur="")])
    assert atelier.appliquer("decp", lignes(("M1", "1250000")))["montant"].isna().all()


def test_quand_la_source_a_corrige_la_chaine_s_arrete_et_le_dit():
    atelier = Atelier([correction()])
    atelier.appliquer("decp", lignes(("M1", "12500")))
    with pytest.raises(QualiteError, match="« essai » : la source decp a été corrigée") as refus:
        atelier.finir()
    assert "Retirer cette correction" in refus.value.remede


def test_quand_plus_aucune_ligne_ne_correspond_la_chaine_s_arrete_et_le_dit():
    atelier = Atelier([correction()])
    atelier.appliquer("decp", lignes(("M2", "1250000")))
    with pytest.raises(QualiteError, match="plus aucune ligne de decp"):
        atelier.finir()


def test_quand_la_source_ecrit_encore_autre_chose_la_chaine_s_arrete_sans_citer_la_valeur():
    atelier = Atelier([correction()])
    atelier.appliquer("decp", lignes(("M1", "1250000"), ("M1", "777")))
    with pytest.raises(QualiteError, match="ni la valeur attendue, ni la bonne") as refus:
        atelier.finir()
    assert "777" not in str(refus.value)


def test_une_ancienne_livraison_fausse_et_une_nouvelle_juste_vivent_ensemble():
    atelier = Atelier([correction()])
    atelier.appliquer("decp", lignes(("M1", "1250000"), ("M1", "12500")))
    assert atelier.finir()["lignes"].tolist() == [1]


def test_une_source_non_recue_ne_juge_pas_ses_corrections():
    atelier = Atelier([correction()])
    atelier.appliquer("structures", lignes(("M1", "1250000")))
    assert atelier.finir()["lignes"].tolist() == [0]


@given(st.lists(st.sampled_from(["1250000", "12500", None]), min_size=1, max_size=20))
def test_corriger_deux_fois_ne_change_rien_de_plus(montants):
    table = lignes(*(("M1", montant) for montant in montants))
    une_fois = Atelier([correction()]).appliquer("decp", table)
    assert Atelier([correction()]).appliquer("decp", une_fois).equals(une_fois)
    assert (une_fois["montant"] != "1250000").fillna(True).all()
    assert une_fois["montant"].isna().tolist() == [montant is None for montant in montants]


def test_le_fichier_livre_ne_corrige_rien_et_un_fichier_absent_non_plus(travail, tmp_path):
    assert lire_corrections(DEPOT / "corrections.toml", travail.sources) == []
    assert lire_corrections(tmp_path / "absent.toml", travail.sources) == []


def test_une_correction_bien_ecrite_se_lit(travail, tmp_path):
    chemin = tmp_path / "corrections.toml"
    chemin.write_text(MODELE.format(colonne="montant", statut="signalee"), encoding="utf-8")
    (lue,) = lire_corrections(chemin, travail.sources)
    assert (lue.nom, lue.quand, lue.statut) == ("montant en centimes", {"id_source": "M1"}, "signalee")


@pytest.mark.parametrize(
    ("texte", "phrase"),
    [
        ("[[corrections", "illisible"),
        ('[[corrections]]\nnom = "x"', "champs absents"),
        (MODELE.format(colonne="montan", statut="ouverte"), "colonne « montan » inconnue"),
        (MODELE.format(colonne="fichier", statut="ouverte"), "ne se corrige pas"),
        (MODELE.format(colonne="montant", statut="faite"), "statut « faite » inconnu"),
        (MODELE.format(colonne="montant", statut="ouverte") * 2, "deux corrections se nomment"),
        (MODELE.format(colonne="montant", statut="ouverte").replace("decp", "dcep"), "source « dcep »"),
        (MODELE.format(colonne="montant", statut="ouverte").replace('{id_source = "M1"}', "{}"), "« quand »"),
        (
            MODELE.format(colonne="montant", statut="ouverte").replace('"1250000"', '"12500"'),
            "ne change rien",
        ),
    ],
)
def test_une_correction_mal_ecrite_est_refusee_en_francais(travail, tmp_path, texte, phrase):
    chemin = tmp_path / "corrections.toml"
    chemin.write_text(texte, encoding="utf-8")
    with pytest.raises(ConfigError, match=phrase) as refus:
        lire_corrections(chemin, travail.sources)
    assert refus.value.remede


@pytest.mark.parametrize("ou", ["colonne", "quand"])
def test_une_personne_ne_se_designe_pas_dans_une_correction(travail, tmp_path, ou):
    texte = MODELE.format(colonne="heures", statut="ouverte").replace('"decp"', '"suivi_a"')
    texte = texte.replace("id_source", "contrat")
    texte = (
        texte.replace('"heures"', '"personne"') if ou == "colonne" else texte.replace("contrat", "personne")
    )
    chemin = tmp_path / "corrections.toml"
    chemin.write_text(texte, encoding="utf-8")
    with pytest.raises(ConfigError, match="désigne une personne"):
        lire_corrections(chemin, travail.sources)


def test_la_chaine_corrige_avant_de_controler_et_garde_le_recu_tel_quel(travail):
    texte = MODELE.format(colonne="nom", statut="ouverte").replace('"decp"', '"structures"')
    texte = texte.replace("id_source", "siret").replace('"M1"', '"73282932000074"')
    texte = texte.replace('"1250000"', '"Nom faux"').replace('"12500"', '"Nom juste"')
    (travail.racine / "corrections.toml").write_text(texte, encoding="utf-8")
    schema = SCHEMAS["acquisition/structures"]
    ligne = {"source": "structures", "millesime": "2026-11-14", "fichier": "f", "ligne": 1}
    ligne |= {"siret": "73282932000074", "genre": "EI", "nom": " Nom  faux", "departement": "93"}
    recue = schema.typer(pd.DataFrame([ligne], columns=schema.noms))
    produites = controler({"acquisition/structures": recue}, travail)
    assert produites["controle/structures"]["nom"].tolist() == ["Nom juste"]
    assert produites["controle/corrections"]["lignes"].tolist() == [1]
    assert recue["nom"].tolist() == [" Nom  faux"]
