"""Les lecteurs renomment et ne corrigent pas ; ce qu'ils ne savent pas lire devient une phrase."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from observatoire.acquisition import acquerir, avance, classeurs, valeurs_separees
from observatoire.acquisition.depot import Depot
from observatoire.acquisition.lecture import lire, verifier
from observatoire.config import Config, Source
from observatoire.erreurs import ColonnesManquantesError, ConfigError, ObservatoireError, SourceError
from observatoire.schemas import SCHEMAS

CLE = b"k" * 32


def source(genre: str = "decp", colonnes=None, identite=None, **lecture) -> Source:
    return Source(genre, genre, "T", "P", "L", "tous", lecture, colonnes or {}, identite or {}, {}, {})


def ecrire(tmp_path: Path, nom: str, contenu: bytes | str) -> Path:
    fichier = tmp_path / nom
    fichier.write_bytes(contenu.encode() if isinstance(contenu, str) else contenu)
    return fichier


def lue(source_: Source, fichier: Path):
    """Vérifie puis lit : un fichier accepté à l'entrée se lit toujours, et entier."""
    verifier(source_, fichier)
    return pd.concat(lire(source_, fichier, lambda: CLE), ignore_index=True)


def depot(source_: Source, chemin: Path) -> Depot:
    return Depot(
        source_, "2026-11-14", chemin, "Titre", "Producteur", "Licence", dt.date(2026, 11, 14), True, "e3b0"
    )


# ── fichiers réels ────────────────────────────────────────────────────────────────────────────


def test_les_structures_reelles_se_lisent(reelles):
    colonnes = {"siret": "siret", "genre": "kind", "nom": "nom", "commune": "commune"}
    siae = lue(source("structures", colonnes), reelles / "structures/derive_siae_sans_contacts.csv")
    assert len(siae) == 3853
    assert siae["siret"].dropna().str.len().max() == 14
    assert siae["departement"].isna().all()  # colonne non déclarée : vide


# ── tableurs déclarés ─────────────────────────────────────────────────────────────────────────

STRUCTURES = {"siret": "SIRET", "nom": "Dénomination"}


def structures(tmp_path: Path, contenu: bytes | str, **lecture):
    return lue(source("structures", STRUCTURES, **lecture), ecrire(tmp_path, "s.csv", contenu))


def test_un_csv_est_lu_en_texte_et_rien_n_est_interprete(tmp_path):
    table = structures(tmp_path, 'SIRET,Dénomination\n00012,NA\n1E5,"a ""b"", c"\n"",NULL\n')
    assert table["siret"].fillna("vide").tolist() == ["00012", "1E5", "vide"]
    assert table["nom"].tolist() == ["NA", 'a "b", c', "NULL"]
    assert table["ligne"].tolist() == [1, 2, 3]
    assert str(table["nom"].dtype) == "string"


def test_un_titre_de_colonne_fait_de_chiffres_ne_change_rien(tmp_path):
    declaree = source("structures", {"siret": "2024"})
    assert lue(declaree, ecrire(tmp_path, "s.csv", "2024\n00012\n"))["siret"].tolist() == ["00012"]


def test_une_valeur_sur_plusieurs_lignes_survit_aux_blocs(tmp_path, monkeypatch):
    monkeypatch.setattr(valeurs_separees, "_BLOC", 5)  # lecture par blocs de 80 octets
    table = structures(tmp_path, "SIRET,Dénomination\n" + '1,"Évry\nCourcouronnes"\n' * 50)
    assert table["nom"].tolist() == ["Évry\nCourcouronnes"] * 50


@pytest.mark.parametrize("encodage", ["utf-8", "utf-8-sig", "cp1252"])
def test_l_encodage_utf_8_se_reconnait_et_l_autre_se_declare(tmp_path, encodage):
    contenu = "SIRET;Dénomination\n1;Insertion à Évry\n".encode(encodage)
    table = structures(tmp_path, contenu, separateur=";", encodage="cp1252")
    assert table["nom"][0] == "Insertion à Évry"


def test_un_titre_de_colonne_tolere_espaces_et_forme_unicode(tmp_path):
    table = structures(tmp_path, " SIRET\u00a0,De\u0301nomination\n1,X\n")  # accent composé
    assert table["nom"][0] == "X"


@pytest.mark.parametrize(
    ("contenu", "phrase"),
    [
        (b"", "est vide"),
        (b"\n\n", "est vide"),
        ("SIRET,Dénomination\n".encode(), "aucune ligne"),
        ("SIRET,Dénomination\n1,X\n2\n".encode(), "ligne 3 : 1 valeurs pour 2 colonnes"),
        ("SIRET,Dénomination\n1,X,Y\n".encode(), "ligne 2 : 3 valeurs pour 2 colonnes"),
        ('SIRET,Dénomination\n1,"X\n2,Y\n'.encode(), "guillemet mal ferm"),
        ('SIRET,Dénomination\n1,"X"Y\n'.encode(), "guillemet mal ferm"),
        ("SIRET,Dénomination\n1,".encode() + b"X" * 200_000 + b"\n", "ligne 2 : valeur de plus de"),
        ("SIRET,Dénomination\n1,X\0\n".encode(), "ligne 2 : octet nul"),
        ("SIRET,Dénomination\n1,X\n2,é\n".encode("cp1252"), "ligne 1 : caractère illisible en utf-8"),
        ("SIRET;Dénomination\n1;X\n".encode(), "parateur semble être ';'"),
        ("SIRET,SIRET,Dénomination\n1,2,X\n".encode(), "« SIRET » y figure deux fois"),
        (b"PK\x03\x04", "un classeur XLSX"),
        (b"\xd0\xcf\x11\xe0", "Excel ancien"),
        (b"<html>", "une page web"),
    ],
)
def test_un_mauvais_csv_se_dit_avec_son_nom_et_sa_ligne(tmp_path, contenu, phrase):
    with pytest.raises(SourceError, match=phrase) as erreur:
        structures(tmp_path, contenu)
    assert "s.csv" in erreur.value.constat


def test_les_colonnes_manquantes_disent_ou_les_declarer(tmp_path):
    with pytest.raises(ColonnesManquantesError) as erreur:
        structures(tmp_path, "SIRET,Raison sociale\n1,X\n")
    assert "s.csv : colonnes absentes : Dénomination" in str(erreur.value)
    assert "Raison sociale" in str(erreur.value)
    assert "[sources.structures.colonnes] dans observatoire.toml" in str(erreur.value)


@pytest.mark.parametrize(
    ("fautive", "phrase"),
    [
        (source("structures", {"sirett": "SIRET"}), "siret"),
        (source("structures", {}), "absent"),
        (source("structures", STRUCTURES, format="ods"), "ods"),
        (source("structures", STRUCTURES, separateur=";;"), "parateur"),
        (source("structures", STRUCTURES, encodage="cp9999"), "cp9999"),
    ],
)
def test_une_declaration_fautive_est_une_erreur_de_configuration(tmp_path, fautive, phrase):
    with pytest.raises(ConfigError, match=phrase):
        verifier(fautive, ecrire(tmp_path, "s.csv", "SIRET,Dénomination\n1,é\n".encode("latin-1")))


def test_un_fichier_qui_change_apres_verification_ne_cite_pas_ses_lignes(tmp_path):
    fichier = ecrire(tmp_path, "s.csv", "SIRET,Dénomination\n1,CANARI,3\n")
    with pytest.raises(SourceError, match="ne se découpe pas") as erreur:
        list(lire(source("structures", STRUCTURES), fichier, lambda: CLE))
    assert "CANARI" not in str(erreur.value)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.text(st.characters(codec="utf-8"), max_size=6), min_size=2, max_size=2), max_size=6)
)
def test_un_csv_bien_ecrit_se_relit_a_l_identique(tmp_path, lignes):
    tampon = io.StringIO()
    redacteur = csv.writer(tampon, quoting=csv.QUOTE_ALL)
    redacteur.writerow(["SIRET", "Dénomination"])
    redacteur.writerows(lignes)
    try:
        table = structures(tmp_path, tampon.getvalue())
    except SourceError:
        assert not lignes or "\0" in tampon.getvalue()
        return
    assert table[["siret", "nom"]].fillna("").to_numpy().tolist() == lignes


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([b"", b"SIRET,D\xc3\xa9nomination\n", b"\nSIRET,D\xc3\xa9nomination\r\n"]),
    st.lists(
        st.sampled_from([b'"', b",", b"\n", b"\r", b";", b"a", b"\xe9", b"\0", b" ", b'""', b"\xc3\xa9"])
    ),
)
@example(b"SIRET,D\xc3\xa9nomination\n", [b"a", b",", b"a", b"\r", b"\r", b"a", b",", b'"', b"\n", b'"'])
def test_un_csv_quelconque_donne_une_table_ou_une_phrase(tmp_path, entete, morceaux):
    fichier = ecrire(tmp_path, "s.csv", entete + b"".join(morceaux))
    declaree = source("structures", STRUCTURES, encodage="cp1252")
    try:
        verifier(declaree, fichier)
    except ObservatoireError:
        return
    # ce que la vérification accepte, la lecture le lit, et au même nombre de lignes
    with fichier.open(encoding="utf-8-sig", errors="replace", newline="") as flux:
        attendues = sum(1 for valeurs in csv.reader(flux) if valeurs) - 1
    assert sum(map(len, lire(declaree, fichier, lambda: CLE))) == attendues


# ── classeurs ─────────────────────────────────────────────────────────────────────────────────


def classeur(tmp_path: Path, *rangees, feuille: str = "Données") -> Path:
    livre = openpyxl.Workbook()
    livre.active.title = feuille
    for rangee in rangees:
        livre.active.append(rangee)
    livre.save(tmp_path / "c.xlsx")
    return tmp_path / "c.xlsx"


def projets(fichier: Path, **lecture):
    colonnes = {"maitre_ouvrage": "MO", "heures_engagees": "Heures"}
    return lue(source("grands_projets", colonnes, format="xlsx", **lecture), fichier)


def test_une_cellule_s_ecrit_toujours_pareil(tmp_path):
    valeurs = [
        (12345678901234, "12345678901234"),
        (12.0, "12"),
        (3.5, "3.5"),
        (True, "VRAI"),
        ("00012", "00012"),
        ("NA", "NA"),
        (dt.datetime.fromisoformat("2026-07-01"), "2026-07-01"),
        (dt.datetime.fromisoformat("2026-07-01T12:30"), "2026-07-01T12:30:00"),
        (dt.timedelta(hours=36), "1 day, 12:00:00"),
        ("=1+1", None),  # jamais évaluée : seule une valeur calculée par le tableur serait lue
        ("=A1", None),
    ]
    table = projets(classeur(tmp_path, ("MO", "Heures"), *[("x", v) for v, _ in valeurs]))
    lues = table["heures_engagees"].astype(object).where(table["heures_engagees"].notna(), None)
    assert lues.tolist() == [attendu for _, attendu in valeurs]


def test_une_rangee_vide_n_est_pas_une_ligne_et_ne_decale_pas_les_rangs(tmp_path):
    table = projets(classeur(tmp_path, ("MO", "Heures", None), ("a", 1), (None, None), ("b", 2), (None, "")))
    assert table["maitre_ouvrage"].tolist() == ["a", "b"]
    assert table["ligne"].tolist() == [1, 3]


def test_les_textes_partages_enrichis_et_les_balises_prefixees_se_lisent(tmp_path):
    fichier = textes_partages(
        classeur(tmp_path, ("MO", "Heures"), ("local", 1)),
        "<si><t>partagé</t></si><si><r><t>par</t></r><r><t>tagé</t></r><rPh><t>パ</t></rPh></si>",
    )
    reecrire(fichier, FEUILLE, LOCAL, '<c r="A2" t="s"><v>1</v></c>')
    assert projets(fichier)["maitre_ouvrage"].tolist() == ["partagé"]
    feuille = zipfile.ZipFile(fichier).read(FEUILLE).decode()
    prefixee = feuille.replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns=", "xmlns:x=")
    reecrire(fichier, FEUILLE, feuille, prefixee.replace("<x:?xml", "<?xml"))
    assert projets(fichier)["heures_engagees"].tolist() == ["1"]


FEUILLE = "xl/worksheets/sheet1.xml"
LOCAL = '<c r="A2" t="inlineStr"><is><t>local</t></is></c>'


def textes_partages(fichier: Path, textes: str) -> Path:
    """Ajoute la table des textes partagés qu'Excel écrit et qu'openpyxl n'écrit plus."""
    reecrire(
        fichier,
        "xl/_rels/workbook.xml.rels",
        "</Relationships>",
        '<Relationship Id="rIdT" Type="http://x/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    )
    with zipfile.ZipFile(fichier, "a") as archive:
        archive.writestr("xl/sharedStrings.xml", f"<sst>{textes}</sst>")
    return fichier


def reecrire(fichier: Path, partie: str, avant: str, apres: str) -> None:
    with zipfile.ZipFile(fichier) as archive:
        parties = {nom: archive.read(nom) for nom in archive.namelist()}
    texte = parties[partie].decode()
    assert avant in texte
    parties[partie] = texte.replace(avant, apres).encode()
    with zipfile.ZipFile(fichier, "w", zipfile.ZIP_DEFLATED) as archive:
        for nom, octets in parties.items():
            archive.writestr(nom, octets)


def test_une_feuille_absente_nomme_les_feuilles(tmp_path):
    fichier = classeur(tmp_path, ("MO", "Heures"), ("a", 1), feuille="Suivi 2026")
    with pytest.raises(SourceError, match="« Heures » est absente") as erreur:
        projets(fichier, feuille="Heures")
    assert "Suivi 2026" in erreur.value.remede


def test_un_classeur_sans_entete_sans_ligne_ou_sans_colonne_se_dit(tmp_path):
    with pytest.raises(SourceError, match="pas d'en-tête"):
        projets(classeur(tmp_path))
    with pytest.raises(SourceError, match="aucune ligne"):
        projets(classeur(tmp_path, ("MO", "Heures")))
    with pytest.raises(ColonnesManquantesError, match="Heures"):
        projets(classeur(tmp_path, ("MO", "Total"), ("a", 1)))


def test_ce_qui_n_est_pas_un_classeur_se_dit(tmp_path):
    for contenu in (b"", b"MO;Heures\na;1\n", b"\xd0\xcf\x11\xe0", b"PK\x03\x04tronque"):
        with pytest.raises(SourceError, match="pas un classeur XLSX"):
            projets(ecrire(tmp_path, "c.xlsx", contenu))


def test_une_bombe_zip_est_refusee_sans_etre_depliee(tmp_path):
    fichier = tmp_path / "c.xlsx"
    with (
        zipfile.ZipFile(fichier, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as partie,
    ):
        for _ in range(100):
            partie.write(b"\0" * 1_000_000)
    with pytest.raises(SourceError, match="archive démesurée"):
        projets(fichier)
    with zipfile.ZipFile(fichier, "w") as archive:
        for rang in range(2_001):
            archive.writestr(str(rang), b"")
    with pytest.raises(SourceError, match="archive démesurée"):
        projets(fichier)


def test_un_classeur_trop_gros_est_refuse(tmp_path, monkeypatch):
    monkeypatch.setattr(classeurs, "_OCTETS_MAXIMUM", 1000)
    with pytest.raises(SourceError, match="archive démesurée"):
        projets(classeur(tmp_path, ("MO", "Heures"), ("a", 1)))


MILLIARD = '<!DOCTYPE l [<!ENTITY a "xxxx"><!ENTITY b "&a;&a;&a;&a;">]>'
EXTERNE = '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("dtd", [MILLIARD, EXTERNE])
@pytest.mark.parametrize(
    ("partie", "racine"),
    [
        ("xl/workbook.xml", "<workbook"),
        ("xl/styles.xml", "<styleSheet"),
        ("xl/sharedStrings.xml", "<sst"),
        (FEUILLE, "<worksheet"),
    ],
)
def test_une_entite_xml_est_refusee_partout(tmp_path, dtd, partie, racine):
    fichier = textes_partages(classeur(tmp_path, ("MO", "Heures"), ("a", 1)), "<si><t>a</t></si>")
    reecrire(fichier, partie, racine, dtd + racine)
    with pytest.raises(SourceError, match="classeur abîmé"):
        projets(fichier)


@pytest.mark.parametrize(
    ("avant", "apres"),
    [
        ('<row r="2">', '<row r="99999999999">'),
        ('<row r="2">', '<row r="1">'),
        ('<c r="A2"', '<c r="ZZZZ2"'),
        ('t="inlineStr"><is><t>CANARI</t></is>', 't="s"><v>777</v>'),  # texte partagé qui n'existe pas
        ("</sheetData>", ""),
        ("<v>1234</v>", "<v>douze</v>"),
    ],
)
def test_une_feuille_abimee_se_dit(tmp_path, avant, apres):
    fichier = classeur(tmp_path, ("MO", "Heures"), ("CANARI", 1234))
    reecrire(fichier, FEUILLE, avant, apres)
    with pytest.raises(SourceError, match="classeur abîmé") as erreur:
        projets(fichier)
    assert "CANARI" not in str(erreur.value)


def test_un_classeur_tronque_se_dit(tmp_path):
    entier = classeur(tmp_path, ("MO", "Heures"), *[("a", i) for i in range(50)]).read_bytes()
    ecrire(tmp_path, "entier.xlsx", entier)
    for fraction in range(1, 20):
        with pytest.raises(SourceError):
            projets(ecrire(tmp_path, "c.xlsx", entier[: len(entier) * fraction // 20]))
    coupe = zipfile.ZipFile(tmp_path / "entier.xlsx").getinfo(FEUILLE).header_offset + 80
    with pytest.raises(SourceError, match="classeur abîmé"):
        projets(ecrire(tmp_path, "c.xlsx", entier[:coupe] + b"\xff" * 20 + entier[coupe + 20 :]))


# ── suivi : l'identité reste à la porte ───────────────────────────────────────────────────────

COLONNES_SUIVI = {"structure_id": "Structure", "contrat_debut": "Début", "heures": "Heures"}
IDENTITE = {
    "nom": "Nom",
    "prenom": "Prénom",
    "date_naissance": "Né le",
    "identifiant": "N°",
    "nir": "NIR",
}
ENTETE = "Structure;Début;Heures;Nom;Prénom;Né le;N°;NIR;Téléphone\n"


def suivi(tmp_path: Path, *lignes: str, identite=None):
    fichier = ecrire(tmp_path, "suivi.csv", ENTETE + "\n".join(lignes) + "\n")
    declaree = source(
        "suivi", COLONNES_SUIVI, IDENTITE if identite is None else identite, separateur=";", date="%d/%m/%Y"
    )
    return lue(declaree, fichier)


def test_l_identite_devient_un_pseudonyme_et_un_age(tmp_path):
    table = suivi(
        tmp_path,
        "S1;28/03/2026;12,5;Zzqx-Canari;Élodie;29/03/1987;P42;287039912345678;0600000000",
        "S2;29/03/2026;3;ZZQX CANARI;elodie;29/03/1987;P99;;",
        "S1;;;;;;;;",
    )
    assert table["personne"][0] == table["personne"][1]
    assert table["age_entree"].fillna("").tolist() == ["38", "39", ""]  # la veille, puis le jour anniversaire
    assert table["personne"].isna().tolist() == [False, False, True]  # une clause encore sans contrat
    assert table["heures"].fillna("").tolist() == ["12,5", "3", ""]
    ecrit = table.to_csv() + " ".join(table.columns)
    for canari in ("canari", "lodie", "1987", "2870399", "p42", "p99", "06000", "identite"):
        assert canari not in ecrit.lower()
    assert table.columns.tolist() == ["ligne", *SCHEMAS["acquisition/suivi"].noms[4:]]


def test_une_date_de_naissance_illisible_vide_l_age_et_laisse_l_identifiant(tmp_path):
    table = suivi(
        tmp_path,
        "S1;01/01/2026;1;Diallo;Awa;1987;P42;;",
        "S1;01/02/2026;1;Diallo;Awa;31/02/1987;P42;;",
        "S2;01/02/2026;1;Diallo;Awa;;P42;;",
        "S1;illisible;1;Diallo;Awa;01/02/1987;P42;;",
    )
    assert table["age_entree"].isna().all()
    assert table["personne"][0] == table["personne"][1]
    assert table["personne"].nunique() == 3  # S1 et P42, S2 et P42, l'identité complète


def test_une_cellule_de_date_se_lit_quel_que_soit_le_format_declare(tmp_path):
    fichier = classeur(
        tmp_path,
        [*COLONNES_SUIVI.values(), "Nom", "Prénom", "Né le"],
        ["S1", dt.date(2026, 3, 29), 1, "Diallo", "Awa", dt.date(1987, 3, 29)],
    )
    identite = {nom: IDENTITE[nom] for nom in ("nom", "prenom", "date_naissance")}
    table = lue(source("suivi", COLONNES_SUIVI, identite, format="xlsx", date="%d/%m/%Y"), fichier)
    assert table["age_entree"].tolist() == ["39"]


def test_aucun_message_ne_cite_une_personne(tmp_path):
    personne = "S1;01/01/2026;1;ZZQX-CANARI;Elodie;29/03/1987;P42;287039912345678;x"
    mauvais = {
        "sans en-tête": personne + "\n",
        "irrégulier": ENTETE + personne + ";ZZQX-CANARI\n",
        "guillemet": ENTETE + personne + '"\n' + '"ZZQX-CANARI"x;' + personne,
        "nul": ENTETE + personne + "\0\n",
        "colonne": ENTETE.replace("Heures", "H") + personne + "\n",
        "double": ENTETE.replace("Téléphone", "Nom") + personne + "\n",
        "long": ENTETE + personne + "ZZQX-CANARI" * 20_000 + "\n",
    }
    declaree = source("suivi", COLONNES_SUIVI, IDENTITE, separateur=";")
    for cas, contenu in mauvais.items():
        fichier = ecrire(tmp_path, "suivi.csv", contenu)
        for essai in (verifier, lambda s, f: list(lire(s, f, lambda: CLE))):
            try:
                essai(declaree, fichier)
            except ObservatoireError as erreur:
                texte = str(erreur).lower()
                assert not [c for c in ("canari", "elodie", "1987", "p42", "2870399") if c in texte], cas


def test_le_nir_n_est_jamais_lu_ni_exige(tmp_path):
    fichier = ecrire(tmp_path, "suivi.csv", "Structure;Début;Heures;Nom;Prénom;Né le;N°\nS1;;1;A;B;;7\n")
    assert len(lue(source("suivi", COLONNES_SUIVI, IDENTITE, separateur=";"), fichier)) == 1


def test_une_colonne_d_identite_declaree_est_exigee(tmp_path):
    fichier = ecrire(tmp_path, "suivi.csv", "Structure;Début;Heures;Nom;Prénom;N°\nS1;;1;A;B;7\n")
    with pytest.raises(ColonnesManquantesError, match="Né le"):
        lue(source("suivi", COLONNES_SUIVI, IDENTITE, separateur=";"), fichier)


# ── l'ensemble ────────────────────────────────────────────────────────────────────────────────


def acquises(depots, cle):
    morceaux = {}
    for nom, morceau in acquerir(depots, cle):
        morceaux.setdefault(nom, []).append(morceau)
    return {nom: SCHEMAS[nom].verifier(pd.concat(m, ignore_index=True)) for nom, m in morceaux.items()}


def test_acquerir_rend_ses_tables_a_leur_schema(tmp_path):
    suivi_csv = ecrire(tmp_path, "suivi.csv", ENTETE + "S1;01/01/2026;1;A;B;01/01/1990;7;;\n")
    decp_json = ecrire(tmp_path, "a.json", '{"marches": [{"id": "a"}, null]}')
    tables = acquises(
        [
            depot(source(), decp_json),
            depot(source(), ecrire(tmp_path, "b.json", '{"marches": [{"id": "c"}]}')),
            depot(
                source("suivi", COLONNES_SUIVI, IDENTITE, separateur=";", date="%d/%m/%Y"),
                suivi_csv,
            ),
        ],
        lambda: CLE,
    )
    assert {nom: len(table) for nom, table in tables.items()} == {
        "acquisition/decp": 3,
        "acquisition/suivi": 1,
        "acquisition/depots": 3,
    }
    for nom, table in tables.items():
        assert SCHEMAS[nom].verifier(table).equals(table)
        assert table.index.is_unique
    assert tables["acquisition/decp"]["fichier"].tolist() == ["a.json", "a.json", "b.json"]
    assert tables["acquisition/depots"]["lues"].tolist() == [2, 1, 1]
    assert tables["acquisition/depots"]["fictif"].all()


def test_un_gros_classeur_lu_d_avance_donne_les_memes_tables(tmp_path, monkeypatch):
    declaree = source("suivi", COLONNES_SUIVI, IDENTITE, format="xlsx", date="%d/%m/%Y")
    entetes = [*COLONNES_SUIVI.values(), *IDENTITE.values()]
    fichier = classeur(tmp_path, entetes, *(["x"] * len(entetes) for _ in range(3)))
    recus = [
        depot(source(), ecrire(tmp_path, "a.json", '{"marches": [{"id": "a"}]}')),
        depot(declaree, fichier),
    ]
    attendues = acquises(recus, lambda: CLE)
    monkeypatch.setattr(avance, "OCTETS_D_UN_GROS_CLASSEUR", 1)
    lues = acquises(recus, lambda: CLE)
    assert lues.keys() == attendues.keys()
    for nom, table in lues.items():
        pd.testing.assert_frame_equal(table, attendues[nom])


def test_l_erreur_d_un_gros_classeur_est_la_meme(tmp_path, monkeypatch):
    declaree = source("suivi", COLONNES_SUIVI, IDENTITE, format="xlsx")
    fichier = classeur(tmp_path, ["autre"], ["x"])
    recus = [
        depot(source(), ecrire(tmp_path, "a.json", '{"marches": [{"id": "a"}]}')),
        depot(declaree, fichier),
    ]
    monkeypatch.setattr(avance, "OCTETS_D_UN_GROS_CLASSEUR", 1)
    with pytest.raises(SourceError, match="aucune colonne attendue"):
        acquises(recus, lambda: CLE)


def test_sans_depot_rien_n_est_rendu_et_la_cle_n_est_pas_lue():
    def cle() -> bytes:
        raise AssertionError

    assert acquises([], cle) == {}


def test_les_sources_du_projet_declarent_des_colonnes_connues(tmp_path):
    """Un classeur et un CSV faits des seuls en-têtes déclarés passent le contrôle des colonnes."""
    config = Config.charger(Path(__file__).parents[1])
    for declaree in config.sources.values():
        entetes = [*declaree.colonnes.values(), *declaree.identite.values()]
        if declaree.genre == "decp":
            continue
        if declaree.lecture["format"] == "xlsx":
            fichier = classeur(tmp_path, entetes, ["x"] * len(entetes), feuille=declaree.lecture["feuille"])
        else:
            separateur = declaree.lecture["separateur"]
            texte = separateur.join(entetes) + "\n" + separateur.join("x" for _ in entetes) + "\n"
            fichier = ecrire(tmp_path, "f.csv", texte.encode(declaree.lecture["encodage"]))
        assert len(lue(declaree, fichier)) == 1
