"""`observatoire mapper` : retrouver les colonnes d'un export inconnu, sans citer une valeur."""

from __future__ import annotations

import csv
import dataclasses
import tomllib
import zipfile

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from observatoire.acquisition.bloc import ecrire_bloc, lecture_proposee, manquantes, nom_de_source
from observatoire.acquisition.correspondance import Colonne, colonnes_connues, proposer
from observatoire.acquisition.exemple import ecrire_exemple
from observatoire.acquisition.formes import (
    DATES,
    FORMES,
    MOIS,
    decimale_lue,
    formes_lues,
    part_conforme,
    separateur_lu,
)
from observatoire.acquisition.lecture import lire
from observatoire.cli import cli
from observatoire.config import GENRES, Config
from observatoire.erreurs import SourceError
from observatoire.referentiel import lire_liste, nomenclature
from observatoire.schemas import SCHEMAS
from tests.conftest import dossier_de_travail

PARIS, FONTAINE = "21750001600019", "73282932000074"

# Un logiciel imaginé : ni les titres de suivi_a, ni ceux de suivi_b.
INCONNU = {
    "structure_id": ("Siret org. porteur", [PARIS, FONTAINE]),
    "operation": ("Code de l'opération", ["OP-12", "OP-13"]),
    "marche_reference": ("N° du marché public", ["2026/001", "2026/002"]),
    "acheteur_id": ("SIRET DU MAITRE D OUVRAGE", [PARIS, "732 829 320 00074"]),
    "modalite": ("Type clause", ["Article 14", "L2113-13"]),
    "commune_execution": ("INSEE commune chantier", ["93066", "75056"]),
    "heures_engagees": ("Nb h. prévues", ["1 200,5", "35"]),
    "contrat": ("Num contrat de travail", ["C1", "C2"]),
    "contrat_debut": ("Embauché(e) le - date d'embauche", ["15/06/2026", "01/07/2026"]),
    "contrat_fin": ("Date fin contrat", ["30/09/2026", "31/12/2026"]),
    "sexe": ("Sexe (H/F)", ["F", "H"]),
    "qpv_code": ("Quartier", ["QN09301M", "QP093028"]),  # reconnu à sa forme
    "niveau_diplome": ("Niv. formation", ["Niveau V", "Niveau 4"]),
    "publics": ("Critères éligibilité", ["RSA + TH", "DELD"]),
    "type_contrat": ("Type contrat", ["CDDI", "CTTI"]),
    "metier": ("Fonction", ["F1702 - Maçon", "K2204"]),  # reconnu à sa forme
    "mois": ("Mois concerné", ["juil.-26", "août-26"]),
    "heures": ("Nb heures réalisées", ["100,5", "35"]),
    "identite.nom": ("NOM", ["Zorglub", "Canari"]),
    "identite.prenom": ("PRENOM", ["Ève", "Noé"]),
    "identite.date_naissance": ("Né(e) le", ["12/03/1990", "29/02/2000"]),
    "identite.nir": ("N° SS", ["2 90 03 93 066 001 12", "100027505600177"]),  # reconnu à sa forme
}
HORS = {"Téléphone portable": ["0601020304", "0702030405"], "Couleur du casque": ["bleu", "rouge"]}
SECRETS = ["Zorglub", "Canari", "Ève", "12/03/1990", "100027505600177", "0601020304", PARIS]


def ecrire_csv(chemin, colonnes, separateur=";", encodage="cp1252"):
    with chemin.open("w", encoding=encodage, newline="") as flux:
        sortie = csv.writer(flux, delimiter=separateur)
        sortie.writerow(colonnes)
        sortie.writerows(zip(*colonnes.values(), strict=True))
    return chemin


@pytest.fixture
def inconnu(tmp_path):
    colonnes = dict(INCONNU.values()) | HORS
    return ecrire_csv(tmp_path / "Export Août (v2).csv", colonnes)


@pytest.fixture(scope="module")
def livraison(tmp_path_factory, cle_de_test):
    """Un dossier de travail où l'exemple est écrit, à petite échelle."""
    config = dossier_de_travail(tmp_path_factory.mktemp("mapper"))
    ecrire_exemple(config, echelle=0.02)
    return config


def retrouvees(proposition):
    return {trouvee.nom: trouvee.entete for trouvee in proposition.trouvees}


@pytest.mark.parametrize(("source", "format_"), [("suivi_a", "csv"), ("suivi_b", "xlsx")])
def test_les_colonnes_des_deux_logiciels_d_exemple_se_retrouvent(livraison, source, format_):
    declaree = livraison.source(source)
    fichier = next((livraison.raw / source).rglob(f"*.{format_}"))
    proposition = proposer(fichier, "suivi")
    attendues = declaree.colonnes | {f"identite.{nom}": titre for nom, titre in declaree.identite.items()}
    lues = retrouvees(proposition)
    justes = [nom for nom, titre in attendues.items() if lues.get(nom) == titre]
    fausses = {nom: titre for nom, titre in lues.items() if attendues.get(nom) != titre}
    assert len(justes) / len(attendues) >= 0.95  # mesuré : 43 sur 43, et 44 sur 44
    assert not fausses
    lecture = lecture_proposee(proposition)
    assert lecture["format"] == format_
    assert {nom: lecture[nom] for nom in ("mois", "decimale")} == {
        nom: {"suivi_a": ["%m/%Y"], "suivi_b": ["%Y-%m"]}[source] if nom == "mois" else declaree.lecture[nom]
        for nom in ("mois", "decimale")
    }
    assert lecture["separateur_publics"] == declaree.lecture["separateur_publics"]
    assert manquantes(proposition) == []


def test_un_logiciel_inconnu_se_reconnait_a_ses_titres_et_a_ses_valeurs(inconnu):
    proposition = proposer(inconnu, "suivi")
    attendues = {nom: titre for nom, (titre, _) in INCONNU.items()}
    lues = retrouvees(proposition)
    assert {nom: titre for nom, titre in lues.items() if attendues.get(nom) != titre} == {}
    manquees = set(attendues) - set(lues)
    assert len(manquees) <= 1, manquees  # 21 sur 22 au moins
    assert proposition.sans_correspondance == ["Couleur du casque"]
    assert proposition.nominatives == ["Téléphone portable"]
    assert lecture_proposee(proposition) == {
        "format": "csv",
        "encodage": "cp1252",
        "separateur": ";",
        "date": ["%d/%m/%Y"],
        "mois": ["%b-%y"],
        "decimale": ",",
        "separateur_publics": "+",
    }


def test_le_bloc_se_colle_tel_quel_et_le_fichier_s_importe(inconnu, tmp_path):
    bloc = ecrire_bloc(proposer(inconnu, "suivi"), "suivi_c")
    (tmp_path / "observatoire.toml").write_text(bloc, encoding="utf-8")
    source = Config.charger(tmp_path).source("suivi_c")
    assert source.identite["nom"] == "NOM"
    assert "nom" not in source.colonnes
    (table,) = lire(source, inconnu, lambda: b"0" * 32)
    assert table["heures"].tolist() == ["100,5", "35"]
    assert table["personne"].nunique() == 2
    # 15 juin 2026 moins 12 mars 1990 : 36 ans ; 1er juillet 2026 moins 29 février 2000 : 26 ans
    assert table["age_entree"].tolist() == ["36", "26"]


def test_le_bloc_ne_cite_aucune_valeur(inconnu):
    bloc = ecrire_bloc(proposer(inconnu, "suivi"), "suivi_c")
    assert [secret for secret in SECRETS if secret in bloc] == []
    assert "à retirer de l'export : Téléphone portable" in bloc


def test_un_fichier_sans_titres_ne_montre_personne(tmp_path):
    """« F » est une écriture connue, mais la première ligne est celle d'une personne."""
    fichier = tmp_path / "sans_titres.csv"
    fichier.write_text(
        "DUPONT Marie;RSA;Bagneux;F;Maçon;née le 12/03/1984\nMARTIN Paul;DELD;Sceaux;M;Peintre;\n" * 3,
        encoding="utf-8",
    )
    resultat = CliRunner().invoke(cli, ["mapper", str(fichier), "--genre", "suivi"])
    assert not [mot for mot in ("DUPONT", "MARTIN", "1984", "Bagneux") if mot in resultat.output]


def test_ce_qui_manque_d_indispensable_est_dit(tmp_path):
    fichier = ecrire_csv(tmp_path / "e.csv", {"Heures réalisées": ["10"], "Mois": ["2026-07"]})
    proposition = proposer(fichier, "suivi")
    assert "structure_id" in manquantes(proposition)
    assert "identite.nom|identite.identifiant" in manquantes(proposition)
    assert "heures" not in manquantes(proposition)
    assert "# INDISPENSABLE ET ABSENT : structure_id, operation, contrat" in ecrire_bloc(proposition, "e")


def test_des_titres_sans_rapport_ne_sont_pas_devines(tmp_path):
    colonnes = {"alpha": ["1", "2"], "bêta": ["x", "y"], "gamma": [PARIS, FONTAINE]}
    proposition = proposer(ecrire_csv(tmp_path / "e.csv", colonnes), "suivi")
    assert proposition.trouvees == []  # quatre SIRET sont possibles : aucun n'est choisi
    assert proposition.sans_correspondance == ["alpha", "bêta", "gamma"]
    bloc = ecrire_bloc(proposition, "e")
    assert tomllib.loads(bloc)["sources"]["e"]["colonnes"] == {}
    assert "alpha" not in bloc  # sans en-tête, ce serait peut-être une personne


def test_des_valeurs_contraires_font_tomber_la_confiance(tmp_path):
    bonne = ecrire_csv(tmp_path / "a.csv", {"SIRET titulaire": [PARIS], "Lot": ["1"]})
    fausse = ecrire_csv(tmp_path / "b.csv", {"SIRET titulaire": ["Mairie"], "Lot": ["1"]})
    assert retrouvees(proposer(bonne, "suivi"))["titulaire_id"] == "SIRET titulaire"
    assert "titulaire_id" not in retrouvees(proposer(fausse, "suivi"))


@pytest.mark.parametrize("separateur", [";", ",", "\t", "|"])
@pytest.mark.parametrize("encodage", ["utf-8", "utf-8-sig", "cp1252"])
def test_l_encodage_et_le_separateur_se_devinent(tmp_path, separateur, encodage):
    colonnes = {"Année": ["2025"], "SIRET": [PARIS], "Nombre d'heures d'insertion réalisées": ["1 200"]}
    proposition = proposer(ecrire_csv(tmp_path / "e.csv", colonnes, separateur, encodage), "enquetes")
    assert retrouvees(proposition) == dict(zip(("annee", "acheteur_id", "heures"), colonnes, strict=True))
    assert proposition.fichier.lecture["separateur"] == separateur
    assert proposition.fichier.lecture["encodage"] == encodage.removesuffix("-sig")


def test_la_bonne_feuille_d_un_classeur_est_choisie(tmp_path):
    classeur = Workbook()
    classeur.active.title = "Notice"
    classeur.active.append(["Bonjour"])
    classeur.active.append(["Ceci est un export."])
    classeur.create_sheet("Vide")
    feuille = classeur.create_sheet("Heures")
    feuille.append(["SIRET structure", "Mois", "Heures réalisées"])
    feuille.append([PARIS, "2026-07", 12.5])
    classeur.save(tmp_path / "e.xlsx")
    proposition = proposer(tmp_path / "e.xlsx", "suivi")
    assert proposition.fichier.lecture == {"format": "xlsx", "feuille": "Heures"}
    assert set(retrouvees(proposition)) == {"structure_id", "mois", "heures"}


def test_un_titre_etrange_s_ecrit_en_toml(tmp_path):
    titre = 'SIRET "titulaire"\x7f \\ é'
    fichier = ecrire_csv(tmp_path / "e.csv", {titre: [PARIS], "Lot": ["1"], "b\x1b]0;x": ["1"]}, ",", "utf-8")
    bloc = ecrire_bloc(proposer(fichier, "suivi"), "e")
    assert tomllib.loads(bloc)["sources"]["e"]["colonnes"]["titulaire_id"] == titre
    assert "\x1b" not in bloc  # un titre ne commande pas le terminal


def test_une_date_au_mois_en_lettres_donne_un_age(tmp_path):
    colonnes = {
        "Nom": ["Zorglub"],
        "Prénom": ["Ève"],
        "Date de naissance": ["12 mars 1990"],
        "Date d'embauche": ["15 juin 2026"],
    }
    fichier = ecrire_csv(tmp_path / "e.csv", colonnes)
    proposition = proposer(fichier, "suivi")
    assert lecture_proposee(proposition)["date"] == ["%d %B %Y"]
    (tmp_path / "observatoire.toml").write_text(ecrire_bloc(proposition, "e"), encoding="utf-8")
    (table,) = lire(Config.charger(tmp_path).source("e"), fichier, lambda: b"0" * 32)
    assert table["age_entree"].tolist() == ["36"]


def test_une_colonne_en_double_est_laissee_de_cote(tmp_path):
    (tmp_path / "e.csv").write_text("Mois;Heures réalisées;Mois\n2026-07;1;2026-08\n", encoding="utf-8")
    proposition = proposer(tmp_path / "e.csv", "suivi")
    assert proposition.repetees == ["Mois"]
    assert retrouvees(proposition) == {"heures": "Heures réalisées"}


@pytest.mark.parametrize(
    ("contenu", "phrase"),
    [
        (b"", "est vide"),
        (b"Nom;Mois\n", "aucune ligne"),
        (b"Nom\nZorglub\n", "une seule colonne"),
        (b"Zorglub;12/03/1990;21750001600019\nCanari;01/01/1980;1\n", "l'air d'une ligne de donn"),
        (b"Nom;Mois\nZorglub\x00;1\n", "octet nul"),
        (b'Nom;Mois\n"Zorglub;1\n', "colonnes|guillemet"),
        (b"<html>", "page web"),
        ("Nom;Mois\nZorglub;1\n".encode("utf-16"), "octet nul"),
        (b"PK\x03\x04Zorglub", "classeur"),
        (b"\xd0\xcf\x11\xe0Zorglub", "Excel ancien"),
    ],
)
def test_un_fichier_hostile_est_refuse_sans_rien_citer(tmp_path, contenu, phrase):
    (tmp_path / "e.csv").write_bytes(contenu)
    with pytest.raises(SourceError, match=phrase) as refus:
        proposer(tmp_path / "e.csv", "suivi")
    assert "Zorglub" not in str(refus.value)


def test_une_archive_piegee_est_refusee(tmp_path):
    with zipfile.ZipFile(tmp_path / "e.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 50_000_000)
    with pytest.raises(SourceError, match="démesurée"):
        proposer(tmp_path / "e.xlsx", "suivi")


TITRES = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(TITRES, min_size=2, max_size=5, unique=True), st.text(max_size=8), st.sampled_from(GENRES[1:])
)
def test_quels_que_soient_les_titres_le_bloc_est_du_toml_qui_les_relit(tmp_path, titres, valeur, genre):
    """Propriété : le bloc se relit, et chaque titre proposé est un titre du fichier."""
    propre = valeur.replace("\0", "").replace("\r", "")
    fichier = ecrire_csv(tmp_path / "e.csv", {titre: [propre or "x"] for titre in titres}, ";", "utf-8")
    try:
        proposition = proposer(fichier, genre)
    except SourceError:
        return
    bloc = tomllib.loads(ecrire_bloc(proposition, nom_de_source(titres[0])))["sources"]
    (source,) = bloc.values()
    proposees = [*source["colonnes"].values(), *source.get("identite", {}).values()]
    assert set(proposees) <= set(proposition.fichier.entetes)
    assert len(proposees) == len(set(proposees))


@pytest.mark.parametrize("genre", GENRES[1:])
def test_chaque_colonne_d_un_genre_a_des_titres_connus_et_une_forme(genre):
    calculees = {"personne", "age_entree"}
    schema = SCHEMAS[f"acquisition/{genre}"]
    attendues = set(schema.noms) - set(schema.cle) - calculees
    connues = colonnes_connues(genre)
    assert {colonne.nom for colonne in connues if not colonne.nom.startswith("identite.")} == attendues
    for colonne in connues:
        assert isinstance(colonne, Colonne)
        assert all(colonne.titres)
        if colonne.forme and colonne.forme not in FORMES:
            assert nomenclature(colonne.forme)


def test_aucun_titre_n_est_connu_de_deux_colonnes():
    vus: dict[tuple[str, str], str] = {}
    for ligne in lire_liste("entetes"):
        for titre in ligne["entetes"].split("|"):
            assert vus.setdefault((ligne["genre"], titre.casefold()), ligne["colonne"]) == ligne["colonne"], (
                titre
            )


def test_les_formes_de_date_se_lisent_dans_les_valeurs():
    assert formes_lues([["12/03/2026", "31/12/2025"]], DATES) == ["%d/%m/%Y"]
    assert formes_lues([["03/04/2026", "12/31/2025", "01/20/2025"]], DATES) == ["%m/%d/%Y"]
    assert formes_lues([["12/03/2026", "15 juin 2026"]], DATES) == ["%d/%m/%Y", "%d %B %Y"]
    assert formes_lues([["2026-07-01T00:00:00"]], DATES) == ["%Y-%m-%d"]
    assert formes_lues([["juillet 2026"]], MOIS) == ["%B %Y"]
    assert formes_lues([["2026-07-01", "2026-08-01"]], MOIS) == ["%Y-%m-%d"]
    assert formes_lues([["n'importe quoi"]], DATES) == ["%Y-%m-%d"]
    assert formes_lues([], DATES) == ["%Y-%m-%d"]


def test_la_decimale_et_le_separateur_des_publics_se_lisent_dans_les_valeurs():
    assert decimale_lue([["1 200,5", "35"], ["7,25"]], ".") == ","
    assert decimale_lue([["1.5", "2.5", "3,5"]], ",") == ".,"
    assert decimale_lue([["12"]], ",") == ","
    assert separateur_lu(["RSA / TH", "DELD"]) == "/"
    assert separateur_lu(["RSA", "DELD"]) is None


def test_la_part_conforme_compte_les_valeurs_qui_ont_la_forme():
    assert part_conforme("siret", [PARIS, "x"]) == 0.5
    assert part_conforme("types_contrat", ["CDI", "CDDI"]) == 1.0
    assert part_conforme("publics", ["RSA, TH", "zzz"]) == 0.5
    assert part_conforme("", ["x"]) is None
    assert part_conforme("siret", []) is None


def test_la_commande_ecrit_le_bloc_et_refuse_en_francais(inconnu, tmp_path):
    ecrit = CliRunner().invoke(cli, ["mapper", str(inconnu)])
    assert ecrit.exit_code == 0
    assert "[sources.export_aout_v2]" in ecrit.output
    tomllib.loads(ecrit.output)
    refuse = CliRunner().invoke(cli, ["mapper", str(tmp_path / "absent.csv"), "--genre", "enquetes"])
    assert refuse.exit_code == 1
    assert "absent.csv est introuvable" in refuse.output


def test_la_proposition_ne_garde_pas_plus_que_l_echantillon(tmp_path):
    fichier = ecrire_csv(tmp_path / "e.csv", {"Mois": ["2026-07"] * 900, "Lot": [str(n) for n in range(900)]})
    proposition = proposer(fichier, "suivi")
    assert {entete: len(valeurs) for entete, valeurs in proposition.fichier.valeurs.items()} == {
        "Mois": 1,
        "Lot": 500,
    }
    assert dataclasses.is_dataclass(proposition)
