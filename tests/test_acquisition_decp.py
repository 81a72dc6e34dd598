"""Les DECP se lisent sous toutes leurs formes, sans correction ; le reste devient une phrase."""

from __future__ import annotations

import io
import json
import tracemalloc
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from observatoire.acquisition import decp_contrats, decp_tabulaire, decp_xml, flux_json
from observatoire.acquisition.decp import lire_decp, verifier_decp
from observatoire.config import Source
from observatoire.erreurs import ObservatoireError, SourceError
from observatoire.schemas import SCHEMAS

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = Source("decp", "decp", "T", "P", "L", "tous", {}, {}, {}, {}, {})
COLONNES = [nom for nom in SCHEMAS["acquisition/decp"].noms if nom not in ("source", "millesime", "fichier")]


def ecrire(tmp_path: Path, nom: str, contenu: bytes | str) -> Path:
    fichier = tmp_path / nom
    fichier.write_bytes(contenu.encode() if isinstance(contenu, str) else contenu)
    return fichier


def lue(fichier: Path) -> pd.DataFrame:
    """Vérifie puis lit : un fichier accepté à l'entrée se lit toujours, et entier."""
    nombre = verifier_decp(SOURCE, fichier)
    table = pd.concat(lire_decp(SOURCE, fichier), ignore_index=True)
    assert table["ligne"].tolist() == list(range(1, nombre + 1))
    assert sorted(table.columns) == sorted(COLONNES)
    return table


def decp(tmp_path: Path, *contrats: object, concessions=None) -> pd.DataFrame:
    """Une v1, ou une v2 si des concessions sont données."""
    marches = {"marche": contrats, "contrat-concession": concessions} if concessions is not None else contrats
    return lue(ecrire(tmp_path, "decp.json", json.dumps({"marches": marches})))


def colonne(tmp_path: Path, nom: str, contrat: dict[str, object]) -> object:
    """Une colonne d'un contrat, ses listes décodées."""
    valeur = decp(tmp_path, contrat)[nom][0]
    return None if pd.isna(valeur) else json.loads(valeur)


def en_xml(nom: str, valeur: object) -> str:
    """La même valeur, en XML : une liste répète sa balise."""
    if isinstance(valeur, list):
        return "".join(en_xml(nom, element) for element in valeur)
    if isinstance(valeur, dict):
        return f"<{nom}>{''.join(en_xml(cle, fils) for cle, fils in valeur.items())}</{nom}>"
    booleen = "oui" if valeur else "non"
    texte = booleen if isinstance(valeur, bool) else str(valeur)
    return f"<{nom}>{escape(texte)}</{nom}>"


def sans_enveloppe(valeur: object) -> object:
    """`[{"titulaire": {…}}]` devient `{"titulaire": [{…}]}`, ce que l'XML écrit."""
    if isinstance(valeur, dict):
        return {cle: sans_enveloppe(fils) for cle, fils in valeur.items()}
    if isinstance(valeur, list) and all(isinstance(e, dict) and len(e) == 1 for e in valeur):
        return {cle: [sans_enveloppe(e[cle]) for e in valeur if cle in e] for e in valeur for cle in e}
    return valeur


# ── JSON ───────────────────────────────────────────────────────────────────────────────────────


def test_un_marche_v1_est_renomme_et_non_corrige(tmp_path):
    table = decp(
        tmp_path,
        {
            "id": "2019A",
            "_type": "Marché",
            "acheteur": {"id": "00012345600019", "nom": "Ville"},
            "objet": "NC",
            "montant": 99999999,
            "dateNotification": "0218-13-45",
            "lieuExecution": {"code": "01", "typeCode": "Code département"},
            "titulaires": [{"id": "1", "typeIdentifiant": "SIRET", "denominationSociale": "X"}],
            "modifications": [{"objetModification": "a"}, {}],
        },
    )
    ligne = table.iloc[0].to_dict()
    assert (ligne["format"], ligne["genre"]) == ("v1", "marche")
    assert (ligne["acheteur_id"], ligne["acheteur_nom"]) == ("00012345600019", "Ville")
    assert (ligne["lieu_code"], ligne["lieu_type"]) == ("01", "Code département")
    assert ligne["objet"] == "NC"
    assert ligne["date_notification"] == "0218-13-45"
    assert ligne["montant"] == "99999999"
    assert ligne["titulaires"] == '[{"id":"1","type_identifiant":"SIRET","denomination":"X"}]'
    assert ligne["nb_modifications"] == 1  # l'objet vide n'en est pas une
    assert table["considerations"].isna().all()  # le champ n'existe pas en v1


def test_une_concession_v2_prend_nos_noms(tmp_path):
    table = decp(
        tmp_path,
        {"id": "M"},
        concessions=[
            {
                "id": "C",
                "autoriteConcedante": {"id": "21750001630066"},
                "dateSignature": "2024-04-02",
                "dateDebutExecution": "2024-05-01",
                "valeurGlobale": 10.3,
                "montantSubventionPublique": 0.5,
                "concessionnaires": [{"concessionnaire": {"typeIdentifiant": "SIRET", "id": "3"}}],
                "considerationsSociales": {"considerationSociale": ["Clause sociale", "Critère social"]},
                "modifications": [{"modification": {"id": 1, "valeurGlobale": 25.0}}],
                "donneesExecution": [{"donneesAnnuelles": {"tarifs": [{"tarif": {"tarif": 14.29}}]}}],
            }
        ],
    )
    assert table["genre"].tolist() == ["marche", "concession"]
    concession = table.iloc[1]
    assert concession["acheteur_id"] == "21750001630066"
    assert concession["date_notification"] == "2024-04-02"
    assert concession["date_debut_execution"] == "2024-05-01"
    assert (concession["montant"], concession["montant_subvention"]) == ("10.3", "0.5")
    assert concession["titulaires"] == '[{"id":"3","type_identifiant":"SIRET","denomination":null}]'
    assert concession["considerations"] == '["Clause sociale","Critère social"]'
    assert json.loads(concession["modifications"])[0]["montant"] == "25.0"
    assert concession["donnees_execution"] == '[{"tarifs":[{"tarif":"14.29"}]}]'


def test_tous_les_champs_d_un_marche_v2_ont_leur_colonne(tmp_path):
    contrat = {
        "idAccordCadre": "AC1", "marcheInnovant": True, "ccag": "Travaux", "offresRecues": 4,
        "attributionAvance": False, "tauxAvance": 0.05, "typeGroupementOperateurs": "Conjoint",
        "sousTraitanceDeclaree": "MQ", "formePrix": "Mixte", "origineUE": 0.1, "origineFrance": 0,
        "datePublicationDonnees": "2024-05-25+02:00", "dureeMois": 48, "codeCPV": "45000000-7",
        "techniques": {"technique": ["Concours", "Accord-cadre"]},
        "modalitesExecution": {"modaliteExecution": ["Tranches"]},
        "typesPrix": {"typePrix": ["Définitif ferme"]},
        "considerationsEnvironnementales": {"considerationEnvironnementale": ["Clause environnementale"]},
    }  # fmt: skip
    ligne = decp(tmp_path, contrat, concessions=[]).iloc[0].dropna().to_dict()
    assert ligne == {
        "ligne": 1, "format": "v2", "genre": "marche", "nb_modifications": 0,
        "id_accord_cadre": "AC1", "marche_innovant": "true", "ccag": "Travaux", "offres_recues": "4",
        "attribution_avance": "false", "taux_avance": "0.05", "type_groupement": "Conjoint",
        "sous_traitance_declaree": "MQ", "forme_prix": "Mixte", "origine_ue": "0.1", "origine_france": "0",
        "date_publication": "2024-05-25+02:00", "duree_mois": "48", "cpv": "45000000-7",
        "techniques": '["Concours","Accord-cadre"]', "modalites_execution": '["Tranches"]',
        "types_prix": '["Définitif ferme"]',
        "considerations_environnementales": '["Clause environnementale"]',
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ecrit", "attendu"),
    [
        ("61100", "61100"),
        ("91109.96", "91109.96"),
        ("1E+5", "100000"),
        ("0.10", "0.10"),
        ("1e-7", "0.0000001"),
        ("1e99999999999999999999", "1e99999999999999999999"),
        ('"NC"', "NC"),
        ('"NaN"', "NaN"),
        ("NaN", None),
        ("null", None),
        ('""', None),
        ("{}", None),
        ("true", "true"),
    ],
)
def test_un_montant_garde_son_ecriture(tmp_path, ecrit, attendu):
    fichier = ecrire(tmp_path, "d.json", f'{{"marches": [{{"id": "a", "montant": {ecrit}}}]}}')
    valeur = lue(fichier)["montant"][0]
    assert attendu is None if pd.isna(valeur) else valeur == attendu


@pytest.mark.parametrize("bloc", [*range(1, 12), 50])
def test_la_coupure_des_blocs_ne_change_rien(tmp_path, monkeypatch, bloc):
    texte = '{"marches":[{"objet":"NaN\\\\é","montant":NaN},{"montant":-12.5e1,"id":"\\u00e9"},null,123456]}'
    attendue = lue(ecrire(tmp_path, "d.json", texte))
    monkeypatch.setattr(flux_json, "_BLOC", bloc)
    pd.testing.assert_frame_equal(lue(tmp_path / "d.json"), attendue)
    assert attendue["objet"][0] == "NaN\\é"
    assert attendue["montant"].tolist()[1] == "-125"
    assert attendue["montant"].isna().tolist() == [True, False, True, True]


def test_une_concession_v1_se_reconnait_sans_son_type(tmp_path):
    assert decp(tmp_path, {"autoriteConcedante": {"id": "1"}})["genre"].tolist() == ["concession"]


@pytest.mark.parametrize(
    ("publie", "identifiants"),
    [
        (None, None),
        ([], []),
        ({}, []),
        ([[[{"id": "1"}], {"id": "2"}]], ["1", "2"]),
        ({"id": "1", "typeIdentifiant": "SIRET"}, ["1"]),
        ([{"titulaire": {"id": "1"}}, {"titulaire": [{"id": "2"}]}], ["1", "2"]),
        ({"titulaire": "1"}, ["1"]),
        ([[[[{"titulaire": {"id": "1"}}]], [{"titulaire": [["2"]]}]]], ["1", "2"]),  # quatre niveaux
        ("12345678900011", ["12345678900011"]),
        ('[{"titulaire": {"id": "1"}}]', ["1"]),  # la liste entière dans une chaîne
        ('{"id": "1', ['{"id": "1']),
        (["1", None, 2, ""], ["1", "2"]),
        ([{"denominationSociale": "X"}], [None]),
    ],
)
def test_les_titulaires_sont_deplies_quelle_que_soit_leur_ecriture(tmp_path, publie, identifiants):
    lus = colonne(tmp_path, "titulaires", {"id": "a", "titulaires": publie})
    assert lus is None if identifiants is None else [t["id"] for t in lus] == identifiants


MODIFICATION = {"id": 1, "montant": 2, "dateNotificationModification": "2024-01-01"}


@pytest.mark.parametrize(
    ("publie", "numeros"),
    [
        (None, None),
        ([], []),
        ([MODIFICATION, MODIFICATION | {"id": 2}], ["1", "2"]),
        ([{"modification": MODIFICATION}], ["1"]),
        ({"modification": [MODIFICATION, {}]}, ["1"]),
        (MODIFICATION, ["1"]),
        ([[MODIFICATION], {"modification": {"id": "2"}}], ["1", "2"]),
        (json.dumps([MODIFICATION]), ["1"]),
        ("avenant 1", ["avenant 1"]),
        ("", []),
    ],
)
def test_les_modifications_se_lisent_en_liste_en_objet_ou_en_chaine(tmp_path, publie, numeros):
    lues = colonne(tmp_path, "modifications", {"modifications": publie})
    assert lues is None if numeros is None else [m["id"] for m in lues] == numeros
    assert decp(tmp_path, {"modifications": publie})["nb_modifications"][0] == len(numeros or ())


def test_une_modification_garde_ses_dates_son_montant_et_ses_titulaires(tmp_path):
    publiees = [
        MODIFICATION | {"dureeMois": 12, "titulaires": [{"titulaire": {"id": "8"}}]},
        {"dateSignatureModification": "2024-02-01", "datePublicationDonneesModification": "2024-03-01"},
    ]
    titulaire = {"id": "8", "type_identifiant": None, "denomination": None}
    assert colonne(tmp_path, "modifications", {"modifications": publiees}) == [
        {
            "id": "1",
            "date_notification": "2024-01-01",
            "date_publication": None,
            "montant": "2",
            "duree_mois": "12",
            "titulaires": [titulaire],
        },
        {
            "id": None,
            "date_notification": "2024-02-01",
            "date_publication": "2024-03-01",
            "montant": None,
            "duree_mois": None,
            "titulaires": None,
        },
    ]


def test_les_actes_de_sous_traitance_et_leurs_modifications_se_lisent(tmp_path):
    contrat = {
        "actesSousTraitance": [
            {
                "acteSousTraitance": {
                    "id": 1,
                    "sousTraitant": {"id": "214356", "typeIdentifiant": "SIRET"},
                    "dureeMois": 12,
                    "dateNotification": "2023-10-11",
                    "montant": 123456.89,
                    "variationPrix": "Révisable",
                }
            }
        ],
        "modificationsActesSousTraitance": {
            "modificationActeSousTraitance": {
                "id": 1,
                "dateNotificationModificationSousTraitance": "2022-10-20",
                "montant": 5,
            }
        },
    }
    [acte] = colonne(tmp_path, "actes_sous_traitance", contrat)
    assert acte == {
        "id": "1",
        "sous_traitant_id": "214356",
        "type_identifiant": "SIRET",
        "montant": "123456.89",
        "duree_mois": "12",
        "date_notification": "2023-10-11",
        "date_publication": None,
        "variation_prix": "Révisable",
    }
    assert colonne(tmp_path, "modifications_sous_traitance", contrat) == [
        {"id": "1", "montant": "5", "duree_mois": None, "date_notification": "2022-10-20"}
    ]


@pytest.mark.parametrize(
    ("contrat", "attendu"),
    [
        ({}, None),
        ({"considerationsSociales": None}, None),
        ({"considerationsSociales": {"considerationSociale": []}}, []),
        ({"considerationsSociales": "MQ"}, ["MQ"]),
        (
            {"considerationsSociales": {"considerationSociale": "Pas de considération sociale"}},
            ["Pas de considération sociale"],
        ),
        ({"considerationsSociales": ["Clause sociale", "NC"]}, ["Clause sociale", "NC"]),
        ({"considerationsSociales": [{"considerationSociale": 'Clause "sociale"'}]}, ['Clause "sociale"']),
        ({"considerationSociale": ["Clause sociale"]}, ["Clause sociale"]),
    ],
)
def test_non_renseigne_n_est_pas_une_liste_vide(tmp_path, contrat, attendu):
    assert colonne(tmp_path, "considerations", contrat) == attendu


@pytest.mark.parametrize("nom", ["typesPrix", "typePrix", "TypePrix"])
def test_le_type_de_prix_se_lit_sous_ses_trois_noms(tmp_path, nom):
    assert colonne(tmp_path, "types_prix", {nom: "Définitif ferme"}) == ["Définitif ferme"]


def test_aucun_objet_n_est_perdu_meme_nul_ou_difforme(tmp_path):
    table = decp(tmp_path, {"id": "a"}, None, "texte", {"id": "b", "acheteur.id": "1"}, {"acheteur": "x"})
    assert table["id_source"].isna().tolist() == [False, True, True, False, True]
    assert table["acheteur_id"][3] == "1"  # clé à plat


def test_marque_d_ordre_controles_et_moitie_de_caractere_sont_toleres(tmp_path):
    table = lue(ecrire(tmp_path, "d.json", b'\xef\xbb\xbf{"marches":[{"id":"a\tb","objet":"x\\ud83d"}]}'))
    assert (table["id_source"][0], table["objet"][0]) == ("a\tb", "x\N{REPLACEMENT CHARACTER}")


def test_les_autres_cles_du_fichier_et_l_ordre_des_listes_sont_indifferents(tmp_path):
    marches = '{"note":1,"contrat-concession":[{"id":"C"}],"marche":[{"id":"M"}]}'
    texte = f'{{"$schema":"x","marches":{marches},"fin":[]}}'
    table = lue(ecrire(tmp_path, "d.json", texte))
    assert table[["id_source", "genre"]].to_numpy().tolist() == [["C", "concession"], ["M", "marche"]]


CONTRAT = b'{"marches": [{"id": "a"}, %s]}'


@pytest.mark.parametrize(
    ("contenu", "phrase"),
    [
        (b"", "est vide"),
        (b" \n", "est vide"),
        (b"{}", "un objet vide"),
        (b"[]", "une liste"),
        (b'[{"id": 1}]', "une liste"),
        (b'{"contrats": [{"id": 1}], "meta": {}}', "contrats, meta"),
        (b'{"marches": "x"}', "version"),
        (b'{"marches": []}', "aucun contrat"),
        (b'{"marches": {"marche": []}}', "aucun contrat"),
        (b'{"marches": {"marche": {"id": 1}}}', "marches.marche"),
        (b'{"marches": {"marche": [{"id": 1}], "autres": [{"id": 2}]}}', "marches.autres"),
        (b'{"marches": [{"id": "a"}, {"id": ', "contrat n° 2 : JSON tronqué"),
        (b'{"marches": [{"id": "a"}, {"id": "x', "JSON tronqué"),
        (b'{"marches": [{"id": "a"}', "contrat n° 1 : JSON tronqué"),
        (b'{"marches": [{"id": "a"}]} {"marches": []}', "mal formé"),
        (b"{'marches': []}", "mal formé"),
        (b'{"marches": [{"id": "a",}]}' + b" " * 50, "mal formé"),
        (b'{"marches": [{"id": "a"},]}' + b" " * 50, "mal formé"),
        (b'{"marches" [1]}', "mal formé"),
        (b"{1: 2}", "mal formé"),
        ('{"marches": [{"objet": "é"}]}'.encode("latin-1"), "mal formé"),
        ('{"marches": []}'.encode("utf-16"), "octet nul"),
        (b'{"marches": [{"id": "a"}]}\xc3', "mal formé"),
        (CONTRAT % b'{"montant": 1, "objet": "x", "montant": 2}', "contrat n° 2 : clé « montant » en double"),
        (CONTRAT % b'{"acheteur": {"id": 1, "id": 1}}', "contrat n° 2 : clé « id » en double"),
        (b'{"marches": [{"id": 1}], "marches": [{"id": 2}]}', "clé « marches » en double"),
        (CONTRAT % b'{"montant": Infinity}', "nombre infini"),
        (CONTRAT % (b'{"montant": ' + b"9" * 5000 + b"}"), "1000 chiffres"),
        (CONTRAT % (b'{"montant": 0.' + b"9" * 5000 + b"}"), "1000 chiffres"),
        (CONTRAT % (b'{"a": ' + b"[" * 60 + b"]" * 60 + b"}"), "50 niveaux"),
        (CONTRAT % (b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"), "50 niveaux"),
        (CONTRAT % (b'{"objet": "' + b"x" * 6_000_000 + b'"}'), "plus de 4 Mo"),
        (b'{"' + b'":1,"'.join(b"%d" % rang for rang in range(2000)) + b'":1}', "plus de 1000 clés"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "une page web au lieu de données DECP"),
        (b"PK\x03\x04reste", "archive ZIP"),
        (b"uid,montant\n1,2\n", "colonnes absentes : dateNotification"),
        (b"montant,dateNotification\n1,2\n", "colonnes absentes : acheteur_id, id"),
        (b"uid,montant,dateNotification\n", "aucun contrat"),
        (b"uid;montant;dateNotification\n1;2;3\n", "parateur semble"),
        (b"PAR1" + b"\0" * 200 + b"PAR1", "Parquet illisible ou tronqué"),
        (b"PAR1", "Parquet illisible ou tronqué"),
    ],
)
def test_un_mauvais_fichier_decp_se_dit(tmp_path, contenu, phrase):
    fichier = ecrire(tmp_path, "mauvais.json", contenu)
    for essai in (verifier_decp, lambda source, f: list(lire_decp(source, f))):
        with pytest.raises(SourceError, match=phrase) as erreur:
            essai(SOURCE, fichier)
        assert "mauvais.json" in erreur.value.constat
        assert erreur.value.remede
        assert len(str(erreur.value)) < 1000


def test_une_chaine_d_un_mega_est_lue(tmp_path):
    assert decp(tmp_path, {"objet": "x" * 1_000_000})["objet"].str.len().tolist() == [1_000_000]


def test_la_memoire_ne_suit_pas_la_taille_du_fichier(tmp_path):
    # de quoi faire 30 Mo de ce qui est lu, mais pas gardé
    morceau = json.dumps({"id": "2019A", "inconnu": [{"a": "y" * 10_000}]}) + ","
    nombre = 30_000_000 // len(morceau)
    fichier = tmp_path / "gros.json"
    with fichier.open("w") as flux:
        flux.write('{"marches": [' + morceau * nombre + '{"id": "dernier"}]}')
    tracemalloc.start()
    verifier_decp(SOURCE, fichier)
    [table] = lire_decp(SOURCE, fichier)
    _, pic = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(table) == nombre + 1
    assert table["id_source"].iloc[-1] == "dernier"
    assert pic < 12_000_000  # l'objet entier en prendrait plus de 30


def test_les_morceaux_sont_bornes_en_nombre_et_en_taille(tmp_path, monkeypatch):
    monkeypatch.setattr(decp_contrats, "_CONTRATS_PAR_MORCEAU", 2)
    fichier = ecrire(tmp_path, "d.json", json.dumps({"marches": [{"id": str(r)} for r in range(5)]}))
    assert [m["ligne"].tolist() for m in lire_decp(SOURCE, fichier)] == [[1, 2], [3, 4], [5]]
    monkeypatch.setattr(decp_contrats, "_CARACTERES_PAR_MORCEAU", 5)
    assert [len(m) for m in lire_decp(SOURCE, fichier)] == [1] * 5


# ── XML ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fichier", ["marches_avec_modifications", "concessions_avec_modifications"])
def test_un_xml_de_meme_contenu_rend_la_meme_table_que_le_json(tmp_path, reelles, fichier):
    origine = reelles / f"decp_schema/exemples_v2/json/{fichier}.json"
    [(liste, contrats)] = json.loads(origine.read_text(encoding="utf-8"))["marches"].items()
    corps = "".join(en_xml(liste, sans_enveloppe(contrat)) for contrat in contrats)
    table = lue(ecrire(tmp_path, "d.xml", f"<marches>\n{corps}\n</marches>"))
    pd.testing.assert_frame_equal(table, lue(origine))


@pytest.mark.parametrize(
    ("version", "xml", "chemin", "differentes"),
    [
        ("v1", "mar-basique", "mar-basique", {"date_notification"}),  # +02:00 dans le JSON seul
        ("v1", "mar-basique-avec-uid", "mar-basique-avec-uid", set()),
        ("v1", "cc-basique", "cc-basique", {"date_publication"}),
        ("v1", "cc-basique-avec-uid", "cc-basique-avec-uid", {"uid"}),
        (
            "v2",
            "Contrat-concession",
            "concessions",
            {"objet", "id_source", "acheteur_id", "donnees_execution"},
        ),
        (
            "v2",
            "Marche",
            "marches_avec_modifications",
            # l'XML n'a pas de modification, et date autrement l'acte de sous-traitance
            {
                "objet",
                "acheteur_id",
                "modifications",
                "nb_modifications",
                "actes_sous_traitance",
                "modifications_sous_traitance",
            },
        ),
    ],
)
def test_les_exemples_officiels_xml_egalent_le_json(reelles, version, xml, chemin, differentes):
    dossier = reelles / f"decp_schema/exemples_{version}"
    en_json = lue(dossier / f"json/{chemin}.json").iloc[0]
    lu = lue(dossier / f"xml/{xml}.xml").iloc[0]
    assert lu["format"] == version
    assert {nom for nom in COLONNES if repr(lu[nom]) != repr(en_json[nom])} <= differentes
    if version == "v2":
        assert lu["considerations"] == '["Clause sociale","Critère social"]'


MARCHE = "<marche><id>é</id><titulaires><titulaire><id>1</id></titulaire></titulaires>{}</marche>"


@pytest.mark.parametrize("encodage", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le"])
def test_l_encodage_declare_est_respecte(tmp_path, encodage):
    declare = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16"}.get(encodage, encodage)
    texte = f'<?xml version="1.0" encoding="{declare}"?><marches>{MARCHE.format("")}</marches>'
    marque = b"\xff\xfe" if encodage == "utf-16-le" else b""
    table = lue(ecrire(tmp_path, "d.json", marque + texte.encode(encodage)))
    assert table["id_source"].tolist() == ["é"]


def test_la_version_d_un_xml_se_lit_a_ses_champs(tmp_path):
    v1, v2 = MARCHE.format(""), MARCHE.format("<marcheInnovant>oui</marcheInnovant><modifications/>")
    tables = [lue(ecrire(tmp_path, "d.xml", f"<marches>{corps}</marches>")) for corps in (v1, v1 + v2)]
    assert [table["format"].tolist() for table in tables] == [["v1"], ["v2", "v2"]]
    assert tables[1]["marche_innovant"][1] == "true"
    assert tables[1]["modifications"].fillna("").tolist() == ["", "[]"]


def test_un_xml_d_un_seul_contrat_prefixe_et_commente_se_lit(tmp_path):
    texte = "<m:marche xmlns:m='x'><!-- a --><m:objet> a <![CDATA[<b>]]></m:objet><m:ccag/></m:marche>"
    table = lue(ecrire(tmp_path, "d.xml", texte))
    assert (table["objet"][0], table["genre"][0]) == ("a <b>", "marche")
    assert table["ccag"].isna().all()


def test_la_limite_d_un_contrat_xml_n_est_pas_celle_du_fichier(tmp_path, monkeypatch):
    monkeypatch.setattr(decp_xml, "_CONTRAT_MAXIMUM", 500)
    assert len(lue(ecrire(tmp_path, "d.xml", f"<marches>{MARCHE.format('') * 50}</marches>"))) == 50


def test_le_texte_mele_de_balises_n_est_pas_perdu(tmp_path):
    table = lue(ecrire(tmp_path, "d.xml", "<marche><objet>Travaux<br/>lot 2</objet></marche>"))
    assert table["objet"][0] == '{"br":{},"":"Travauxlot 2"}'


RIRES = '<!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>'
QUADRATIQUE = f'<!DOCTYPE m [<!ENTITY a "{"a" * 50_000}">]>'
ENTITE_EXTERNE = '<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
DTD_EXTERNE = '<!DOCTYPE marches SYSTEM "http://127.0.0.1:9/x.dtd">'


@pytest.mark.parametrize(
    ("contenu", "phrase"),
    [
        (RIRES + "<marches><marche><id>&c;</id></marche></marches>", "DTD"),
        (QUADRATIQUE + "<marches><marche><id>" + "&a;" * 10_000 + "</id></marche></marches>", "DTD"),
        (ENTITE_EXTERNE + "<marches><marche><id>&a;</id></marche></marches>", "DTD"),
        (DTD_EXTERNE + "<marches><marche><id>1</id></marche></marches>", "DTD"),
        ("<marches><marche><id>&a;</id></marche></marches>", "mal formé, ligne 1"),
        ("<marches><marche><id>1</marche></marches>", "mal formé"),
        ("<marches><marche><id>1</id></marche>", "tronqué"),
        ("<marches/>", "aucun contrat"),
        ("<feed><entry/></feed>", "version des DECP inconnue ; trouvé : feed"),
        ("<marches><lot/></marches>", "trouvé : marches.lot"),
        ('<?xml version="1.0" encoding="klingon"?><marches/>', "encodage déclaré"),
        ('<?xml version="1.0" encoding="shift_jis"?><marches/>', "encodage déclaré"),
        ("<marche>" + "<a>" * 100, "50 niveaux"),
        ("<marche><objet>" + "x" * 5_000_000 + "</objet></marche>", "contrat démesuré"),
        ("<marche>" + "<a/>" * 300_000 + "</marche>", "contrat démesuré"),
        ('<marche a="' + "x" * 2_000_000 + '"/>', "balise démesurée"),
        ("<html><body>404</body></html>", "page web"),
    ],
)
def test_un_mauvais_xml_se_dit(tmp_path, contenu, phrase):
    fichier = ecrire(tmp_path, "mauvais.xml", contenu)
    for essai in (verifier_decp, lambda source, f: list(lire_decp(source, f))):
        with pytest.raises(SourceError, match=phrase) as erreur:
            essai(SOURCE, fichier)
        assert "mauvais.xml" in erreur.value.constat
        assert erreur.value.remede


# ── tableau de decp.info ───────────────────────────────────────────────────────────────────────

ENTETE = (
    "uid,id,montant,dateNotification,acheteur_departement_code,type,titulaire_id,titulaire_nom,"
    "considerationsSociales,modification_id,nature,marcheInnovant,origineUE,techniques\n"
)
LIGNES = (
    '1,a,61100,2025-01-01,01,Travaux,00012,X,"Clause sociale, Critère social",2,Marché,true,0.5,Concours\n'
    "2,NC,NA,,74,,,,Sans objet,x,Concession de service,,,\n"
)


def test_le_tableau_de_decp_info_prend_la_forme_des_autres_formats(tmp_path):
    table = lue(ecrire(tmp_path, "decp.csv", ENTETE + LIGNES))
    assert table["format"].tolist() == ["tabulaire", "tabulaire"]
    assert table["genre"].tolist() == ["marche", "concession"]
    assert table["acheteur_departement"].tolist() == ["01", "74"]
    assert table["montant"].tolist() == ["61100", "NA"]  # le texte « NA » n'est pas un vide
    assert table["titulaires"][0] == '[{"id":"00012","type_identifiant":null,"denomination":"X"}]'
    assert table["titulaires"].isna()[1]
    assert [json.loads(c) for c in table["considerations"]] == [
        ["Clause sociale", "Critère social"],
        ["Sans objet"],
    ]
    assert table["techniques"].fillna("").tolist() == ['["Concours"]', ""]
    assert (table["marche_innovant"][0], table["origine_ue"][0]) == ("true", "0.5")
    assert table["nb_modifications"].fillna(-1).tolist() == [2, -1]
    assert table["objet"].isna().all()  # colonne facultative absente


def parquet(tmp_path: Path, table: pa.Table, **options: object) -> Path:
    pq.write_table(table, tmp_path / "d.parquet", **options)
    return tmp_path / "d.parquet"


def test_le_parquet_rend_la_meme_table_que_le_csv(tmp_path):
    texte = ENTETE + LIGNES.replace("NA", "1e17").replace("Sans objet,x", "Sans objet,0")
    typee = pc.read_csv(io.BytesIO(texte.encode()))
    dates = typee["dateNotification"].cast(pa.timestamp("ms")).cast(pa.date32())
    typee = typee.set_column(typee.column_names.index("dateNotification"), "dateNotification", dates)
    codes = pa.array(["01", "74"]).dictionary_encode()
    typee = typee.set_column(4, "acheteur_departement_code", codes)
    typee = typee.set_column(6, "titulaire_id", pa.array(["00012", None], pa.large_string()))
    typee = typee.set_column(
        8, "considerationsSociales", pa.array([["Clause sociale", "Critère social"], ["Sans objet"]])
    )
    assert typee.schema.field("montant").type == pa.float64()
    attendue = lue(ecrire(tmp_path, "decp.csv", texte.replace("1e17", "100000000000000000")))
    pd.testing.assert_frame_equal(lue(parquet(tmp_path, typee)), attendue)


def test_un_parquet_par_morceaux_garde_ses_rangs(tmp_path, monkeypatch):
    monkeypatch.setattr(decp_tabulaire, "_LIGNES_PAR_MORCEAU", 2)
    table = pa.table({"uid": list("abcde"), "montant": [1.0] * 5, "dateNotification": ["2025-01-01"] * 5})
    fichier = parquet(tmp_path, table)
    assert [m["ligne"].tolist() for m in lire_decp(SOURCE, fichier)] == [[1, 2], [3, 4], [5]]
    assert lue(fichier)["uid"].tolist() == list("abcde")


MONTANTS = {"montant": [1.0], "dateNotification": ["2025-01-01"]}


def test_un_parquet_demesure_est_refuse(tmp_path, monkeypatch):
    # 50 000 fois le même texte de 100 000 caractères : 5 Go qui tiennent dans 2 ko
    texte = pa.DictionaryArray.from_arrays(pa.array([0] * 50_000, pa.int32()), ["x" * 100_000])
    table = pa.table({"uid": texte, "montant": [1.0] * 50_000, "dateNotification": ["2025"] * 50_000})
    fichier = parquet(tmp_path, table)
    assert fichier.stat().st_size < 20_000
    with pytest.raises(SourceError, match="5000 Mo de texte"):
        verifier_decp(SOURCE, fichier)
    monkeypatch.setattr(decp_tabulaire, "_LIGNES_MAXIMUM", 10)
    with pytest.raises(SourceError, match=r"Parquet démesuré \(50000 lignes"):
        verifier_decp(SOURCE, fichier)


@pytest.mark.parametrize(
    ("colonnes", "phrase"),
    [
        ({"uid": ["a"], "montant": [1.0]}, "colonnes absentes : dateNotification"),
        (MONTANTS, "colonnes absentes : acheteur_id, id"),
        ({"uid": pa.array([], pa.string()), "montant": [], "dateNotification": []}, "aucun contrat"),
        ({"uid": pa.array([{"a": 1}]), **MONTANTS}, "Parquet illisible"),
        ({"uid": pa.array([b"\xff"]), **MONTANTS}, "Parquet illisible"),
        ({"uid": pa.array([b"\xff"]).view(pa.string()), **MONTANTS}, "Parquet illisible"),
    ],
)
def test_un_mauvais_parquet_se_dit(tmp_path, colonnes, phrase):
    fichier = parquet(tmp_path, pa.table(colonnes))
    for essai in (verifier_decp, lambda source, f: list(lire_decp(source, f))):
        with pytest.raises(SourceError, match=phrase):
            essai(SOURCE, fichier)


def test_un_parquet_tronque_se_dit_ou_qu_il_soit_coupe(tmp_path):
    entier = parquet(tmp_path, pa.table({"uid": ["a"] * 99, **{n: v * 99 for n, v in MONTANTS.items()}}))
    octets = entier.read_bytes()
    for coupe in range(4, len(octets), 37):
        with pytest.raises(SourceError, match="illisible ou tronqué"):
            verifier_decp(SOURCE, ecrire(tmp_path, "coupe.parquet", octets[:coupe]))


# ── fichiers réels ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("chemin", "format_", "marches", "concessions", "modifications"),
    [
        ("decp_v1/derive_idf_v1.json", "v1", 1502, 18, 38),
        ("decp_v1/aife_2019-04.json", "v1", 4508, 22, 33),
        ("decp_v1/e-marchespublics_2019-04.json", "v1", 470, 0, 8),
        ("decp_v1/pes_2019-04.json", "v1", 1148, 0, 8),
        ("decp_v2/eclaireur_raw_v2_20.json", "v2", 20, 0, 4),
        ("decp_v2/decp_2024H2_travaux_cpv4521_filtered.csv", "tabulaire", 8957, 0, 0),
        ("decp_schema/exemples_v1/json/paquet.json", "v1", 1, 1, 0),
        ("decp_schema/exemples_v1/json/paquet-result.json", "v1", 2, 0, 1),
        ("decp_schema/exemples_v1/json/cc-avec-modifications.json", "v1", 0, 1, 2),
        ("decp_schema/exemples_v1/xml/paquet.xml", "v1", 2, 2, 0),
        ("decp_schema/exemples_v1/xml/mar-avec-modifications.xml", "v1", 1, 0, 3),
        ("decp_schema/exemples_v1/xml/cc-avec-modifications.xml", "v1", 0, 1, 2),
        ("decp_schema/exemples_v2/json/marches_concessions.json", "v2", 2, 2, 4),
        ("decp_schema/exemples_v2/xml/Contrat-concession-modification.xml", "v2", 0, 2, 2),
        ("decp_schema/exemples_v2/xml/Marche.xml", "v2", 2, 0, 0),
    ],
)
def test_les_fichiers_reels_se_lisent_en_entier(
    reelles, chemin, format_, marches, concessions, modifications
):
    table = lue(reelles / chemin)
    assert set(table["format"]) == {format_}
    comptes = table["genre"].value_counts()
    assert (comptes.get("marche", 0), comptes.get("concession", 0)) == (marches, concessions)
    assert table["nb_modifications"].fillna(0).sum() == modifications
    assert not table["montant"].dropna().str.contains("[eE]").any()


def test_les_comptes_reels_sont_ceux_de_la_note_des_sources(reelles):
    pes = lue(reelles / "decp_v1/pes_2019-04.json")
    assert pes["date_notification"].str.fullmatch(r".{10}[+]0[123]:00").sum() == 1146
    assert (
        lue(reelles / "decp_v1/aife_2019-04.json")["date_notification"].isna().sum() == 2533 - 22
    )  # dateSignature
    tableau = lue(reelles / "decp_v2/decp_2024H2_travaux_cpv4521_filtered.csv")
    assert tableau["uid"].nunique() == 5180


def test_tout_fichier_decp_reel_est_lu(reelles):
    fichiers = [f for nom in ("decp_v1", "decp_v2", "decp_schema/exemples_v1", "decp_schema/exemples_v2")
                for f in (reelles / nom).rglob("*.*") if f.suffix in (".json", ".xml", ".csv")]  # fmt: skip
    assert len(fichiers) == 30
    assert all(len(lue(fichier)) for fichier in fichiers)


# ── n'importe quel fichier : une table ou une phrase ───────────────────────────────────────────

NOMS = st.sampled_from(
    [
        "id", "acheteur", "acheteur.id", "titulaires", "titulaire", "modifications", "modification", "tarifs",
        "considerationsSociales", "considerationSociale", "montant", "objet", "techniques",
        "donneesExecution", "donneesAnnuelles", "tarif", "actesSousTraitance", "sousTraitant", "_type",
        "typeIdentifiant", "",
    ]
)  # fmt: skip
SIMPLES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALEURS = st.recursive(
    SIMPLES, lambda fils: st.lists(fils, max_size=4) | st.dictionaries(NOMS, fils, max_size=4), max_leaves=12
)
CONTRATS = st.lists(st.dictionaries(NOMS, VALEURS, max_size=6) | VALEURS, min_size=1, max_size=3)
RACINES = CONTRATS.map(lambda contrats: {"marches": contrats}) | st.fixed_dictionaries(
    {"marches": st.dictionaries(st.sampled_from(["marche", "contrat-concession", "x"]), CONTRATS)}
)


@st.composite
def abimes(tirage: st.DrawFn, entiers: st.SearchStrategy[bytes]) -> bytes:
    """Un fichier, entier ou coupé, avec quelques octets changés ou ajoutés."""
    octets = bytearray(tirage(entiers))
    for _ in range(tirage(st.integers(0, 3))):
        rang = tirage(st.integers(0, len(octets)))
        morceau = tirage(
            st.binary(max_size=3) | st.sampled_from([b'"', b"{", b"]", b"<", b"&", b"NaN", b","])
        )
        octets[rang : rang + tirage(st.integers(0, 4))] = morceau
    return bytes(octets[: tirage(st.none() | st.integers(0, len(octets)))])


def en_csv(lignes: list[list[str]]) -> bytes:
    sortie = io.StringIO()
    pd.DataFrame(lignes, columns=ENTETE.strip().split(",")[:4]).to_csv(sortie, index=False)
    return sortie.getvalue().encode("utf-8", "surrogatepass")


def en_parquet(colonnes: dict[str, list[object]]) -> bytes:
    sortie = io.BytesIO()
    pq.write_table(pa.table(colonnes), sortie)
    return sortie.getvalue()


def de_longueur(nombre: int) -> st.SearchStrategy[dict[str, list[object]]]:
    def liste(valeurs: st.SearchStrategy[object]) -> st.SearchStrategy[list[object]]:
        return st.lists(st.none() | valeurs, min_size=nombre, max_size=nombre)

    textes = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    types = [textes, st.integers(-9, 9), st.floats(), st.booleans(), st.dates(), st.lists(textes, max_size=2)]
    une = st.one_of([liste(type_) for type_ in types])
    noms = ["uid", "montant", "dateNotification", "titulaire_id", "considerationsSociales", "nature"]
    return st.fixed_dictionaries(dict.fromkeys(noms, une))


FICHIERS = {
    "json": RACINES.map(lambda racine: json.dumps(racine).encode()),
    "xml": RACINES.map(lambda racine: en_xml("marches", racine["marches"]).encode("utf-8", "surrogatepass")),
    "csv": st.lists(st.lists(st.text(max_size=9), min_size=4, max_size=4), max_size=4).map(en_csv),
    "parquet": st.integers(0, 5).flatmap(de_longueur).map(en_parquet),
}
SANS_LIMITE = settings(deadline=None, suppress_health_check=list(HealthCheck))


def table_ou_phrase(tmp_path: Path, contenu: bytes) -> None:
    fichier = ecrire(tmp_path, "d", contenu)
    try:
        table = lue(fichier)
    except ObservatoireError:
        pass  # une phrase
    else:
        SCHEMAS["acquisition/decp"].typer(table.assign(source="s", millesime="m", fichier="f"))


@pytest.mark.parametrize("format_", FICHIERS)
@settings(SANS_LIMITE, max_examples=75)
@given(donnees=st.data())
def test_tout_fichier_donne_une_table_ou_une_phrase(tmp_path, format_, donnees):
    table_ou_phrase(tmp_path, donnees.draw(abimes(FICHIERS[format_])))


@pytest.mark.long
@pytest.mark.parametrize("format_", FICHIERS)
@settings(SANS_LIMITE, max_examples=4000)
@given(donnees=st.data())
def test_des_milliers_de_fichiers_donnent_une_table_ou_une_phrase(tmp_path, format_, donnees):
    table_ou_phrase(tmp_path, donnees.draw(abimes(FICHIERS[format_])))
