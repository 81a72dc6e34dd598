"""Les contrôles des documents, chacun vu en échec sur un document fautif."""

from __future__ import annotations

import io
import json

import pandas as pd
import pikepdf
import pytest
import typst

from observatoire.publication.deroule import lire_blocs
from observatoire.publication.donnees import publier
from observatoire.publication.rendu_html import rendre_html
from observatoire.publication.rendu_pdf import rendre_pdf
from observatoire.publication.verification import egalite, tableurs
from observatoire.publication.verification.constats import Examen
from observatoire.publication.verification.dossier import _documents
from observatoire.publication.verification.page import Page
from observatoire.publication.verification.pdf import PDF, DocumentPdf
from observatoire.publication.verification.structure import STRUCTURE
from observatoire.publication.verification.typographie import TYPOGRAPHIE, fautes
from tests.test_donnees_ouvertes import COMPARAISON, COMPARAISONS, VALEUR, VALEURS, remplir
from tests.test_rendu import fiche_complete

SAINE = """<!DOCTYPE html>
<html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Paris (75) – 3e trimestre 2026</title></head>
<body><a href="#contenu">Aller au contenu</a>
<header><h1>Paris (75)</h1></header>
<main id="contenu" tabindex="-1">
<h2>Heures</h2>
<figure id="heures"><figcaption>Les heures montent</figcaption>
<img alt="Barres des heures." src="data:image/svg+xml,%3Csvg/%3E">
<table><caption>Heures par année</caption><tr><th scope="col">Année</th><th scope="col">Heures</th></tr>
<tr><th scope="row">2026</th><td>12\u202f345</td></tr></table></figure>
<h3>Détail</h3>
<ul><li>un</li></ul>
<p>Part\xa0: 12,5\xa0%.</p>
<p><a href="#heures">Figure des heures</a></p>
<label for="choix">Territoire</label><select id="choix"><option>Paris</option></select>
</main><footer><p>Observatoire</p></footer></body></html>
"""


def examiner_page(source: str, dossier) -> Examen:
    page = Page(dossier / "page.html", source)
    examen = Examen(page.chemin)
    examen.passer((*STRUCTURE, *TYPOGRAPHIE), page)
    return examen


def test_sans_chemin_ni_les_essais_ni_les_journaux_ne_s_examinent(tmp_path):
    noms = ["fiches/2026-T3/dep-93.html", "essais/fiche_territoire/x.html", "journaux/bilan.html"]
    for nom in noms:
        (tmp_path / nom).parent.mkdir(parents=True)
        (tmp_path / nom).touch()
    assert _documents([tmp_path]) == [tmp_path / noms[0]]
    assert _documents([tmp_path / "essais"]) == [tmp_path / noms[1]]


def test_une_page_saine_n_a_aucun_constat(tmp_path):
    assert examiner_page(SAINE, tmp_path).constats == []


@pytest.mark.parametrize(
    ("controle", "avant", "apres"),
    [
        ("doctype", "<!DOCTYPE html>\n", ""),
        ("langue", 'lang="fr"', 'lang="en"'),
        ("titre", "Paris (75) – 3e trimestre 2026</title>", "Fiche</title>"),
        ("titre", " – 3e trimestre 2026</title>", "</title>"),
        ("titre de niveau 1", "<h2>Heures</h2>", "<h1>Heures</h1>"),
        ("niveaux de titre", "<h2>Heures</h2>", ""),
        ("alternatives", 'alt="Barres des heures."', 'alt=""'),
        ("alternatives", "<h3>Détail", '<img alt="Barres des heures." src="data:image/svg+xml,x"><h3>Détail'),
        ("alternatives", "<h3>Détail", '<svg aria-label="Carte"></svg><h3>Détail'),
        ("figures", "<figcaption>Les heures montent</figcaption>", ""),
        ("figures", 'alt="Barres des heures."', 'alt="Les heures montent"'),
        ("figures", "<h3>Détail", "<figure><figcaption>Sans tableau</figcaption></figure><h3>Détail"),
        ("images de texte", "data:image/svg+xml,%3Csvg/%3E", "data:image/png;base64,AA"),
        ("tableaux", "<caption>Heures par année</caption>", ""),
        ("tableaux", '<th scope="row">', "<th>"),
        ("tableaux", 'th scope="col">Heures', 'th scope="col">'),
        ("liens", ">Figure des heures<", ">ici<"),
        ("liens", ">Figure des heures<", ">Cliquez pour voir la figure<"),
        ("liens", ">Figure des heures<", "><"),
        ("adresses", 'href="#heures"', 'href="https://exemple.invalid/"'),
        ("adresses", 'href="#heures"', 'href="#nulle-part"'),
        ("adresses", 'href="#heures"', 'href="absente.html"'),
        ("adresses", "</head>", "<style>@import 'x.css';</style></head>"),
        ("lien d'évitement", '<a href="#contenu">Aller au contenu</a>', ""),
        ("repères", "<footer><p>Observatoire</p></footer>", ""),
        ("identifiants", 'id="heures"', 'id="contenu"'),
        ("listes", "<li>un</li>", "<li>un</li><p>deux</p>"),
        ("listes", "<ul><li>un</li></ul>", "<p>- un</p><p>- deux</p>"),
        ("étiquettes", '<label for="choix">Territoire</label>', ""),
        ("étiquettes", "<h3>", '<div role="region" tabindex="0"></div><h3>'),
        ("liberté du lecteur", "width=device-width", "width=device-width, user-scalable=no"),
        ("liberté du lecteur", "<select", '<select tabindex="3"'),
        ("typographie", "12,5\xa0%", "12,5 %"),
        ("typographie", "12\u202f345", "12345"),
    ],
)
def test_chaque_defaut_d_une_page_est_vu_par_son_controle(tmp_path, controle, avant, apres):
    assert avant in SAINE
    examen = examiner_page(SAINE.replace(avant, apres, 1), tmp_path)
    assert controle in examen.fautifs, examen.constats
    assert all(constat.remede for constat in examen.constats)


@pytest.mark.parametrize(
    ("texte", "constat"),
    [
        ("soit 3.5 heures", "virgule décimale"),
        ("23456 heures", "milliers non groupés"),
        ("1234 heures", "milliers non groupés"),
        ("23 456 heures", "espace ordinaire"),
        ("12% des heures", "%"),
        ("40 € par heure", "%"),
        ("Lecture : oui", "ponctuation"),
        ("de -3 points", "moins"),
    ],
)
def test_une_faute_de_typographie_est_vue(texte, constat):
    assert [faute for faute in fautes(texte) if constat in faute.constat]


@pytest.mark.parametrize(
    "texte",
    [
        "RGAA 4.1, PDF/UA 7.17, Licence Ouverte 2.0, version 1.2.3",
        "RGAA 1.6, 1.9",
        "en 2026, le 14/11/2026, 2026-11-14",
        "SIRET 123 456 789 01234, 75342 Paris, CPV 45000000",
        "23\u202f456 heures, −3,5\xa0%, 25-49 ans",
        "contact : a.b12345@exemple.invalid".replace(" :", "\xa0:"),
    ],
)
def test_ce_qui_n_est_pas_une_faute_n_en_est_pas_une(texte):
    assert list(fautes(texte)) == []


# ── Le PDF ──

TYPST = """
#set document(title: "Essai")
#set text(lang: "fr")
= Titre
== Partie
#figure(image(bytes("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><path d='M0 0h9v9z'/></svg>"),
  format: "svg", alt: "Un carré.", width: 1cm), caption: [Un carré noir])
#table(columns: 2, table.header([a], [b]), [1], [2])
"""


def compiler(source: str, ou) -> bytes:
    compilateur = typst.Compiler({"main.typ": source.encode()}, root=str(ou))
    return compilateur.compile(format="pdf", pdf_standards=["ua-1"])


def examiner_pdf(octets: bytes, ou) -> Examen:
    chemin = ou / "essai.pdf"
    chemin.write_bytes(octets)
    examen = Examen(chemin)
    with pikepdf.open(chemin) as pdf:
        examen.passer(PDF, DocumentPdf(chemin, pdf))
    return examen


def _premier(pdf, genre):
    return next(n for n in DocumentPdf(None, pdf).noeuds if genre == n.S)


def _sans_declaration(pdf):
    with pdf.open_metadata(set_pikepdf_as_editor=False) as xmp:
        del xmp["pdfuaid:part"]


def _sans_titre(pdf):
    with pdf.open_metadata(set_pikepdf_as_editor=False) as xmp:
        del xmp["dc:title"]


def _sans_signet(pdf):
    with pdf.open_outline() as plan:
        plan.root.clear()


def _sans_police(pdf):
    for police in pdf.pages[0].resources.Font.values():
        del police.DescendantFonts[0].FontDescriptor["/FontFile3"]


def _en_points(pdf):
    image = pikepdf.Stream(pdf, b"\x00\x00\x00", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image)
    image.Width, image.Height, image.BitsPerComponent = 1, 1, 8
    image.ColorSpace = pikepdf.Name.DeviceRGB
    pdf.pages[0].resources["/XObject"] = pikepdf.Dictionary(X=image)


def test_un_pdf_sain_n_a_aucun_constat(tmp_path):
    assert examiner_pdf(compiler(TYPST, tmp_path), tmp_path).constats == []


@pytest.mark.parametrize(
    ("controle", "abimer"),
    [
        ("balises", lambda pdf: pdf.Root.MarkInfo.__setitem__("/Marked", False)),
        ("langue", lambda pdf: pdf.Root.__setitem__("/Lang", pikepdf.String("en-US"))),
        ("titre", _sans_titre),
        ("titre", lambda pdf: pdf.Root.ViewerPreferences.__setitem__("/DisplayDocTitle", False)),
        ("norme déclarée", _sans_declaration),
        ("alternatives", lambda pdf: _premier(pdf, "/Figure").__delitem__("/Alt")),
        ("tableaux", lambda pdf: _premier(pdf, "/TH").__delitem__("/A")),
        ("niveaux de titre", lambda pdf: _premier(pdf, "/H2").__setitem__("/S", pikepdf.Name.H3)),
        ("signets", _sans_signet),
        ("ordre du clavier", lambda pdf: pdf.pages[0].obj.__delitem__("/Tabs")),
        ("polices", _sans_police),
        ("images de texte", _en_points),
    ],
)
def test_chaque_defaut_d_un_pdf_est_vu_par_son_controle(tmp_path, controle, abimer):
    sortie = io.BytesIO()
    with pikepdf.open(io.BytesIO(compiler(TYPST, tmp_path))) as pdf:
        abimer(pdf)
        pdf.save(sortie)
    assert controle in examiner_pdf(sortie.getvalue(), tmp_path).fautifs


def test_un_tableau_sans_en_tete_passe_typst_mais_pas_le_controle(tmp_path):
    octets = compiler(TYPST.replace("table.header([a], [b])", "[a], [b]"), tmp_path)
    assert examiner_pdf(octets, tmp_path).fautifs == ["tableaux"]


# ── Les mêmes nombres partout ──


@pytest.fixture(scope="module")
def fiche(tmp_path_factory):
    """Les blocs d'une fiche, sa page et le texte de son PDF."""
    from observatoire.config import Config
    from tests.conftest import DEPOT

    config = Config.charger(DEPOT)
    ou = tmp_path_factory.mktemp("fiche")
    (ou / "fiche.pdf").write_bytes(rendre_pdf(fiche_complete(), config)[0])
    page = rendre_html(fiche_complete(), config).decode()
    communs = list(config.reglages["observatoire"].values())
    return lire_blocs(fiche_complete()), page, DocumentPdf(ou / "fiche.pdf", None).texte, communs, ou


def test_les_blocs_la_page_et_le_pdf_disent_les_memes_nombres(fiche):
    blocs, page, texte, communs, ou = fiche
    assert list(egalite.comparer_page(blocs, Page(ou / "fiche.html", page), communs)) == []
    assert list(egalite.comparer_pdf(blocs, texte, communs)) == []


@pytest.mark.parametrize(
    ("avant", "apres"),
    [
        ('<td class="right">2\u202f027</td>', '<td class="right">2\u202f028</td>'),
        ("362\u202f410", "362\u202f411"),
        ('alt="Barres de figure-3."', 'alt="Barres de figure-4."'),
        ("%C3%A9tiquette%3C/text", "%C3%A9tiquette 5%3C/text"),
        ("</main>", "<p>Soit 77 personnes.</p></main>"),
    ],
)
def test_un_nombre_change_dans_la_page_est_vu(fiche, avant, apres):
    blocs, page, _, communs, ou = fiche
    assert avant in page
    autre = Page(ou / "fiche.html", page.replace(avant, apres, 1))
    assert list(egalite.comparer_page(blocs, autre, communs))


@pytest.mark.parametrize("cle", ["lignes", "lecture", "svg"])
def test_un_pdf_d_une_autre_execution_est_vu(fiche, cle):
    blocs, _, texte, communs, _ = fiche
    autres = json.loads(json.dumps(blocs))
    figure = next(bloc for bloc in autres if bloc["genre"] == "figure")
    change = json.dumps(figure[cle], ensure_ascii=False)
    change = change.replace("1\u202f017", "1\u202f018").replace("tiquette", "tiquette 9")
    figure[cle] = json.loads(change)
    assert figure != next(bloc for bloc in blocs if bloc["genre"] == "figure")
    assert list(egalite.comparer_pdf(autres, texte, communs))


def test_une_ligne_de_tableau_n_efface_pas_le_chiffre_cle_qui_s_ecrit_comme_elle(tmp_path):
    """Libellé, valeur et unité du chiffre clé font, mis bout à bout, le début de la ligne du tableau."""
    cle = {
        "libelle": "Travailleurs handicapés",
        "valeur": "3,6",
        "unite": "%",
        "evolution": "",
        "precision": "",
    }
    bande = {"genre": "chiffres", "titre": "Chiffres clés", "chiffres": [cle], "pied": []}
    tableau = {"genre": "tableau", "colonnes": ["Public", "Part"]}
    tableau["lignes"] = [["Travailleurs handicapés", "3,6\u00a0%"]]
    corps = (
        "<p>Travailleurs handicapés</p><p>3,6</p><p>%</p><table><tr><th>Public</th><th>Part</th></tr>"
        "<tr><th>Travailleurs handicapés</th><td>3,6&nbsp;%</td></tr></table>"
    )
    source = f"<html><body>{corps}</body></html>"
    entete = {"genre": "entete", "titre": "Paris"}
    page = Page(tmp_path / "page.html", source.replace("<body>", "<body>Paris"))
    assert list(egalite.comparer_page([entete, bande, tableau], page)) == []
    faux = Page(tmp_path / "page.html", page.source.replace("<p>3,6</p>", "<p>3,7</p>"))
    assert list(egalite.comparer_page([entete, bande, tableau], faux))


# ── Les données ouvertes ──


@pytest.fixture
def publiees(travail):
    """Le dossier des données ouvertes et les tables dont il vient."""
    dossier = publier(remplir(travail))[0].parent
    tables = {
        "valeurs": pd.DataFrame([{**VALEUR, **ecart} for ecart in VALEURS]),
        "comparaisons": pd.DataFrame([{**COMPARAISON, **ecart} for ecart in COMPARAISONS]),
    }
    return dossier, tables


@pytest.mark.parametrize("nom", ["valeurs.csv", "comparaisons.csv", "valeurs.parquet", "observatoire.xlsx"])
def test_les_donnees_ouvertes_sont_celles_des_indicateurs_et_un_ecart_se_voit(publiees, nom):
    dossier, tables = publiees
    assert list(tableurs.comparer(dossier / nom, tables)) == []
    mesure = "ecart" if nom.startswith("comparaisons") else "valeur"
    for changer in (
        lambda t: t.assign(**{mesure: t[mesure].fillna(3.0)}),  # une cellule cachée remplie
        lambda t: t.assign(**{mesure: t[mesure] + 1}),
        lambda t: t.iloc[1:],
        lambda t: pd.concat([t, t.head(1).assign(modalite="X")]),
    ):
        autres = {cle: changer(table) if mesure in table else table for cle, table in tables.items()}
        assert list(tableurs.comparer(dossier / nom, autres))


def test_un_fichier_qui_ne_publie_pas_de_valeurs_ne_se_compare_pas(publiees):
    dossier, tables = publiees
    assert tableurs.comparer(dossier / "territoires.csv", tables) is None


def test_une_formule_dans_un_classeur_est_vue(publiees, tmp_path):
    import openpyxl

    dossier, _ = publiees
    assert list(tableurs.formules(dossier / "observatoire.xlsx")) == []
    classeur = openpyxl.Workbook()
    classeur.active["A1"] = "=1+1"
    classeur.save(tmp_path / "formule.xlsx")
    assert list(tableurs.formules(tmp_path / "formule.xlsx"))
