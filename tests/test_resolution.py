"""Le résolveur : d'une écriture reçue à un code de nos listes, ou « NR » et pourquoi."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatoire.controle.articles import articles, lire_articles, regime
from observatoire.controle.resolution import resoudre, resoudre_un
from observatoire.controle.suivi import LISTES
from observatoire.referentiel import lire_liste, nomenclature
from observatoire.referentiel.ecritures import TOUTES, comparable

TOUTES_LES_LISTES = sorted({*LISTES.values(), "familles_structure", "maitres_ouvrage"})
ECRITURES = lire_liste("ecritures")

CMP, ORD, CCP = dt.date(2015, 6, 1), dt.date(2017, 5, 2), dt.date(2024, 3, 1)


@pytest.mark.parametrize(
    ("texte", "jour", "attendu"),
    [
        ("niveau V", None, ("N3", None)),  # oracle 10 : romain, nomenclature de 1969
        ("Niveau 5", dt.date(2022, 1, 1), ("N5", None)),  # nomenclature de 2019
        ("5", dt.date(2016, 1, 1), ("NR", "ambigu")),  # V ou 5 ? rien ne le dit
        ("Niveau 5", None, ("NR", "ambigu")),
        ("5", dt.date(2019, 1, 7), ("NR", "ambigu")),  # veille du décret 2019-14
        ("5", dt.date(2019, 1, 8), ("N5", None)),
        ("Niveau 8", dt.date(2016, 1, 1), ("N7_8", None)),  # n'existait pas avant : sans ambiguïté
        ("Niveau V bis", None, ("INF3", None)),
        ("NIV. VI", None, ("INF3", None)),
        ("Niveau IV", dt.date(2026, 1, 1), ("N4", None)),
        ("Niveau III", None, ("N5", None)),
        ("Niveau II", None, ("N6", None)),
        ("Niveau I", None, ("N7_8", None)),
        ("infra 3", dt.date(2016, 1, 1), ("INF3", None)),
        ("CAP-BEP", None, ("N3", None)),
        ("bac + 2", None, ("N5", None)),
        ("Diplôme étranger", None, ("ETR", None)),
        ("Niveau 9", CCP, ("NR", "inconnu")),
    ],
)
def test_un_niveau_de_diplome_se_lit_selon_sa_nomenclature(texte, jour, attendu):
    assert resoudre_un("niveaux_diplome", texte, jour) == attendu


@pytest.mark.parametrize(
    ("texte", "jour", "attendu"),
    [
        ("Article 14", ORD, ("CE", "perime")),  # oracle 11 : libellé de 2006 sous l'ordonnance
        ("MR_SIAE", CMP, ("NR", "hors_validite")),  # oracle 11
        ("L2113-13", CMP, ("NR", "hors_validite")),
        ("MR_PENIT", dt.date(2021, 6, 1), ("NR", "hors_validite")),  # oracle 11
        ("L2113-13-1", dt.date(2021, 6, 1), ("NR", "hors_validite")),
        ("L2113-13-1", dt.date(2022, 10, 20), ("MR_PENIT", None)),  # premier jour
        ("L. 2113-14", dt.date(2020, 12, 7), ("NR", "hors_validite")),  # avant la loi ASAP
        ("L. 2113-14", dt.date(2020, 12, 8), ("MR_HAND_SIAE", None)),
        ("art.14", CMP, ("CE", None)),
        ("Art. 38", ORD, ("CE", None)),
        ("Art. 38", CCP, ("CE", "perime")),
        ("Art. 38", CMP, ("NR", "ambigu")),  # l'ordonnance n'existe pas encore
        ("L2112-2", CCP, ("CE", None)),
        ("L. 2112-2", ORD, ("CE", "perime")),
        ("l2112-2-1", CCP, ("CE", None)),
        ("14+53", CMP, ("CE_CA", None)),
        ("14 et 53", CCP, ("CE_CA", "perime")),
        ("38+52", ORD, ("CE_CA", None)),
        ("L2112-2 + R2152-7", CCP, ("CE_CA", None)),
        ("L.2112-2 et R.2152-7 2° a)", CCP, ("CE_CA", None)),
        ("Article 53", CMP, ("CA", None)),
        ("L2152-7", CCP, ("CA", None)),
        ("Article 30", CMP, ("SI", None)),
        ("Article 30", ORD, ("NR", "ambigu")),  # définition des besoins, en 2015
        ("Article 30", CCP, ("NR", "ambigu")),
        ("Article 30", None, ("NR", "ambigu")),
        ("Article 30 du CMP", ORD, ("SI", "perime")),  # le texte est cité : le sens est sûr
        ("article 28", CMP, ("ACHAT_SIAE", None)),
        ("article 28", ORD, ("SI", None)),
        ("R2123-1 3°", CCP, ("SI", None)),
        ("Article 15", CMP, ("MR_HAND", None)),
        ("art. 36-I", ORD, ("MR_HAND", None)),
        ("art. 36-II", ORD, ("MR_SIAE", None)),
        ("art. 36 II de l'ordonnance n° 2015-899", ORD, ("MR_SIAE", None)),
        ("art. 36", ORD, ("NR", "ambigu")),
        ("L2113-12", CCP, ("MR_HAND", None)),
        ("L2113–12", CCP, ("MR_HAND", None)),  # tiret demi-cadratin d'un traitement de texte
        ("L2113-13", CCP, ("MR_SIAE", None)),
        ("L2113-15", CCP, ("MR_ESS", None)),
        ("L2113-12 et L2113-13", CCP, ("NR", "ambigu")),  # deux réservations : laquelle ?
        ("Clause volontaire (privé)", CMP, ("PRIVE", None)),
        ("Article 14", None, ("CE", None)),
        ("Lot 14", CCP, ("NR", "inconnu")),  # un nombre n'est pas un article
        ("Article 99", CCP, ("NR", "inconnu")),
        ("NC", CCP, ("NR", None)),
    ],
)
def test_une_modalite_se_lit_au_regime_de_sa_consultation(texte, jour, attendu):
    assert resoudre_un("modalites", texte, jour) == attendu


# Chaque article connu, lu sous les trois régimes puis sans date : le code, ou pourquoi il n'y en a pas.
LU, PERIME, AMBIGU, TROP_TOT = None, "perime", "ambigu", "hors_validite"
ARTICLES = {
    "14": ("CE", LU, PERIME, PERIME, LU),
    "53": ("CA", LU, PERIME, PERIME, LU),
    "15": ("MR_HAND", LU, PERIME, PERIME, LU),
    "30": ("SI", LU, AMBIGU, AMBIGU, AMBIGU),
    "36": ("", AMBIGU, AMBIGU, AMBIGU, AMBIGU),
    "36-I": ("MR_HAND", AMBIGU, LU, PERIME, LU),
    "36-II": ("MR_SIAE", AMBIGU, LU, PERIME, LU),
    "37": ("MR_ESS", AMBIGU, LU, PERIME, LU),
    "38": ("CE", AMBIGU, LU, PERIME, LU),
    "52": ("CA", AMBIGU, LU, PERIME, LU),
    "62": ("CA", AMBIGU, LU, PERIME, LU),
    "L2112-2": ("CE", PERIME, PERIME, LU, LU),
    "L2112-2-1": ("CE", PERIME, PERIME, LU, LU),
    "L2152-7": ("CA", PERIME, PERIME, LU, LU),
    "R2152-7": ("CA", PERIME, PERIME, LU, LU),
    "L2123-1": ("SI", PERIME, PERIME, LU, LU),
    "R2123-1": ("SI", PERIME, PERIME, LU, LU),
    "L2113-12": ("MR_HAND", PERIME, PERIME, LU, LU),
    "L2113-13": ("MR_SIAE", TROP_TOT, PERIME, LU, LU),
    "L2113-13-1": ("MR_PENIT", TROP_TOT, TROP_TOT, LU, LU),
    "L2113-14": ("MR_HAND_SIAE", TROP_TOT, TROP_TOT, LU, LU),
    "L2113-15": ("MR_ESS", TROP_TOT, PERIME, LU, LU),
    "L2113-16": ("MR_ESS", TROP_TOT, PERIME, LU, LU),
    "R2122-8": ("ACHAT_SIAE", PERIME, PERIME, LU, LU),
    "L3114-2": ("CONC", TROP_TOT, PERIME, LU, LU),
    "L3124-5": ("CONC", TROP_TOT, PERIME, LU, LU),
    "L3113-1": ("CONC", TROP_TOT, PERIME, LU, LU),
    "L3113-2-1": ("CONC", TROP_TOT, PERIME, LU, LU),
    "L3113-3": ("CONC", TROP_TOT, PERIME, LU, LU),
}


@pytest.mark.parametrize(("rang", "jour"), list(enumerate((CMP, ORD, CCP, None))))
@pytest.mark.parametrize("article", ARTICLES)
def test_chaque_article_sous_chaque_regime(article, rang, jour):
    code, *marques = ARTICLES[article]
    marque = marques[rang]
    attendu = (code if marque in (LU, PERIME) else "NR", marque)
    assert resoudre_un("modalites", f"Article {article}", jour) == attendu


def test_l_article_28_a_deux_sens_et_pas_de_troisieme():
    lus = [resoudre_un("modalites", "art. 28", jour) for jour in (CMP, ORD, CCP, None)]
    assert lus == [("ACHAT_SIAE", None), ("SI", None), ("NR", "ambigu"), ("NR", "ambigu")]


def test_tous_les_articles_connus_sont_essayes():
    assert {article.casefold() for article in ARTICLES} | {"28"} == set(articles())


# Les quatorze modalités : sous quels régimes elles existaient (dates des essais ci-dessus).
MODALITES = {
    "CE": "oui oui oui",
    "CE_STAGE": "oui oui oui",
    "CE_CA": "oui oui oui",
    "CA": "oui oui oui",
    "SI": "oui oui oui",
    "MR_SIAE": "non oui oui",
    "MR_HAND": "oui oui oui",
    "MR_HAND_SIAE": "non non oui",
    "MR_PENIT": "non non oui",
    "MR_ESS": "non oui oui",
    "CONC": "non oui oui",
    "ACHAT_SIAE": "oui oui oui",
    "PRIVE": "oui oui oui",
    "NR": "oui oui oui",
}


@pytest.mark.parametrize(("rang", "jour"), list(enumerate((CMP, ORD, CCP))))
@pytest.mark.parametrize("code", MODALITES)
def test_les_quatorze_modalites_sous_les_trois_regimes(code, rang, jour):
    existe = MODALITES[code].split()[rang] == "oui"
    assert list(MODALITES) == list(nomenclature("modalites"))
    assert resoudre_un("modalites", code, jour) == ((code, None) if existe else ("NR", TROP_TOT))


@pytest.mark.parametrize(
    ("texte", "jour", "marque"),
    [
        ("Pôle emploi", dt.date(2023, 12, 31), None),
        ("pole emploi", dt.date(2024, 1, 1), "perime"),
        ("ANPE", dt.date(2008, 12, 18), None),
        ("ANPE", dt.date(2008, 12, 19), "perime"),
        ("Pôle emploi", None, None),
        ("France Travail", dt.date(2010, 1, 1), None),  # un export réécrit tout au nom du jour
    ],
)
def test_france_travail_a_porte_trois_noms_dates(texte, jour, marque):
    assert resoudre_un("prescripteurs", texte, jour) == ("FT", marque)


def test_les_deux_nomenclatures_de_diplome_donnent_les_codes_publies():
    for liste in ("niveaux_1969", "niveaux_2019"):
        for code, niveau in nomenclature(liste).items():
            assert niveau.groupe in nomenclature("niveaux_diplome"), (liste, code)
            assert resoudre_un("niveaux_diplome", f"Niveau {code}", CCP) == (niveau.groupe, None)


def test_une_colonne_change_de_sens_le_jour_meme_du_texte():
    jours = pd.Series(pd.to_datetime(["2019-01-07", "2019-01-08", "1998-01-01", None]))
    codes, _ = resoudre("niveaux_diplome", pd.Series(["Niveau 5"] * 4, dtype="string"), jours)
    assert codes.tolist() == ["NR", "N5", "NR", "NR"]


@given(st.sampled_from(TOUTES_LES_LISTES), st.sampled_from(ECRITURES), st.dates(dt.date(1990, 1, 1)))
def test_une_colonne_se_lit_comme_ses_cases(liste, ligne, jour):
    """Propriété : regrouper les dates par palier ne change aucune lecture."""
    textes = pd.Series([ligne["ecriture"], "Article 30", "Niveau 5", "L2113-13-1"], dtype="string")
    dates = pd.Series([pd.Timestamp(jour)] * 4)
    codes, marques = resoudre(liste, textes, dates)
    for texte, code, marque in zip(textes, codes, marques, strict=True):
        assert resoudre_un(liste, texte, jour) == (code, None if pd.isna(marque) else marque)


@pytest.mark.parametrize(
    ("jour", "attendu"),
    [
        (dt.date(1999, 1, 1), "CMP2006"),
        (dt.date(2016, 3, 31), "CMP2006"),
        (dt.date(2016, 4, 1), "ORD2015"),
        (dt.date(2019, 3, 31), "ORD2015"),
        (dt.date(2019, 4, 1), "CCP"),
        (None, None),
    ],
)
def test_le_regime_change_a_la_date_du_texte(jour, attendu):
    assert regime(jour) == attendu


@pytest.mark.parametrize(
    ("texte", "attendu"),
    [
        ("DELD|RSA", ("DELD|BRSA", None)),
        ("RSA | deld|RSA", ("DELD|BRSA", None)),  # ordre de la liste, sans répétition
        ("TH|n'importe quoi", ("RQTH", "inconnu")),  # ce qu'on comprend reste
        ("Jeune -26 sans qualification", ("JEUNE_SQ", None)),
        ("Jeune de moins de 26 ans", ("NR", "inconnu")),  # T12 : être jeune n'est pas être sans qualification
        ("Réfugié ou demandeur d'asile autorisé à travailler", ("REFUGIE", None)),
        ("Personne en parcours SIAE| GEIQ| EA ou ESAT", ("IAE", None)),  # la virgule d'un libellé
        ("||", ("NR", None)),
    ],
)
def test_les_publics_se_cumulent(texte, attendu):
    assert resoudre_un("publics", texte) == attendu


@pytest.mark.parametrize(
    ("liste", "texte", "code"),
    [
        ("types_contrat", " ctt INSERTION", "CTTI"),
        ("types_contrat", "Intérim", "CTT"),
        ("types_contrat", "CDI de chantier", "CDI_CHANTIER"),
        ("types_employeur", "Régie de quartier", "RQ"),
        ("types_employeur", "Entreprise", "EC"),
        ("prescripteurs", "Entreprise", "ENTREPRISE"),
        ("prescripteurs", "Pole emploi", "FT"),
        ("prescripteurs", "Département", "DEPT"),
        ("programmes", "GPE – Ligne 15 Sud", "GPE"),
        ("programmes", "Charte Grand Paris", "CHARTE_GP"),
        ("programmes", "Non", "HORS"),
        ("statuts_clause", "SOLDEE", "SOLDEE"),
        ("types_marche", "prestations  intellectuelles", "PI"),
        ("oui_non", "VRAI", "OUI"),
        ("sorties", "CDD > 6 mois", "DURABLE"),
        ("sorties", "CDD < 6 mois", "TRANSITION"),
        ("sorties", "Décès, longue maladie", "RETRAIT"),
        ("familles_structure", "Esat", "ESAT"),
        ("types_heure", "Formation", "FORMATION"),
        ("secteurs", "Nettoyage – propreté", "NET"),
        ("modes_realisation", "CO-TRAITANCE", "COT"),
        ("modes_engagement", "Pourcentage du montant", "PCT_MONTANT"),
        ("motifs_fin", "Rupture de période d'essai (salarié)", "ESSAI_SALARIE"),
        ("jalons", "M+6", "M6"),
        ("maitres_ouvrage", "société du grand paris", "SGP"),
        ("niveaux_diplome", "51", "N3"),  # code de l'ASP
    ],
)
def test_accents_casse_et_espaces_sont_indifferents(liste, texte, code):
    assert resoudre_un(liste, texte) == (code, None)


def test_le_resolveur_travaille_colonne_par_colonne_et_le_vide_n_est_pas_une_faute():
    textes = pd.Series(["Article 14", None, "Article 14", "zzz"], dtype="string", index=[7, 8, 9, 10])
    dates = pd.to_datetime(pd.Series(["2015-01-01", "2015-01-01", "2017-05-02", None], index=textes.index))
    codes, marques = resoudre("modalites", textes, dates)
    assert codes.to_dict() == {7: "CE", 8: "NR", 9: "CE", 10: "NR"}
    assert marques.fillna("").to_dict() == {7: "", 8: "", 9: "perime", 10: "inconnu"}


def test_une_table_vide_se_resout():
    vide = pd.Series([], dtype="string")
    assert [len(serie) for serie in resoudre("publics", vide)] == [0, 0]


def test_chaque_ecriture_renvoie_a_un_code_de_sa_liste():
    for ligne in ECRITURES:
        if ligne["liste"] != TOUTES:
            assert ligne["code"] in nomenclature(ligne["liste"]), ligne


def test_aucune_ecriture_ne_dit_deux_choses():
    sens: dict[tuple[str, str], set[str]] = {}
    for liste in TOUTES_LES_LISTES:
        for code, modalite in nomenclature(liste).items():
            for ecriture in (code, modalite.libelle):
                sens.setdefault((liste, comparable(ecriture)), set()).add(code)
    for ligne in ECRITURES:
        sens.setdefault((ligne["liste"], comparable(ligne["ecriture"])), set()).add(ligne["code"])
    assert {cle: codes for cle, codes in sens.items() if len(codes) > 1} == {}


@pytest.mark.parametrize("liste", TOUTES_LES_LISTES)
def test_tout_code_et_tout_libelle_de_liste_se_resolvent_en_eux_memes(liste):
    for code, modalite in nomenclature(liste).items():
        assert resoudre_un(liste, code)[0] == code
        assert resoudre_un(liste, modalite.libelle.upper())[0] == code


TEXTES = st.one_of(
    st.text(max_size=40),
    st.from_regex(r"(art\.?|article|L|R|niveau)? ?[0-9]{1,4}(-[0-9]{1,2}){0,2}[ +,|iv]{0,4}", fullmatch=True),
    st.lists(st.sampled_from([ligne["ecriture"] for ligne in ECRITURES]), max_size=4).map("|".join),
)
JOURS = st.one_of(st.none(), st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)))


@given(st.sampled_from(TOUTES_LES_LISTES), TEXTES, JOURS)
def test_le_resolveur_rend_toujours_un_code_de_la_liste_ou_nr(liste, texte, jour):
    code, marque = resoudre_un(liste, texte, jour)
    for partie in code.split("|") if liste == "publics" else [code]:
        assert partie in nomenclature(liste) or partie == "NR"
    assert marque in (None, "inconnu", "ambigu", "perime", "hors_validite")
    if marque in ("ambigu", "hors_validite"):
        assert code == "NR"


@given(TEXTES, JOURS)
def test_une_modalite_lue_etait_valide_ce_jour_la(texte, jour):
    code, _ = resoudre_un("modalites", texte, jour)
    if jour is not None and code != "NR":
        assert nomenclature("modalites")[code].valide_du <= jour.isoformat()


@given(TEXTES)
def test_l_ordre_des_articles_ne_compte_pas(texte):
    assert lire_articles(f"L2112-2 + {texte}", CCP) == lire_articles(f"{texte} + L2112-2", CCP)
