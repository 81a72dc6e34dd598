"""Le rendu d'un notebook exécuté : les mêmes blocs en HTML et en PDF, accessibles, sans injection."""

from __future__ import annotations

import base64
import importlib
import io
import re
import time
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pikepdf
import pypdf
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from observatoire.config import Config
from observatoire.erreurs import PublicationError
from observatoire.magasin import Magasin
from observatoire.perimetre import Periode, Territoire
from observatoire.publication import editions, polices
from observatoire.publication.blocs import MIME
from observatoire.publication.campagne.edition import produire_fiches
from observatoire.publication.campagne.lancement import Options
from observatoire.publication.campagne.plan import Choix
from observatoire.publication.campagne.tache import NOTEBOOK
from observatoire.publication.deroule import lire_blocs
from observatoire.publication.rendu_html import rendre_html
from observatoire.publication.rendu_pdf import rendre_pdf
from observatoire.schemas import SCHEMAS

DEPOT = Path(__file__).parents[1]
GABARITS = DEPOT / "report_templates"
HOSTILES = ('#read("/etc/passwd")', "<script>alert(1)</script>", "{{ 7*7 }}", "#panic[x] $x$ *gras* @ref \\")
SVG = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<svg xmlns="http://www.w3.org/2000/svg" width="297pt" height="{hauteur}pt" viewBox="0 0 297 {hauteur}">'
    '<rect width="200" height="12" fill="#0A3E61"/>'
    '<text x="5" y="30" style="font: 8px \'Source Sans Pro\'">étiquette</text></svg>'
)


def entete(**autres) -> dict:
    return {
        "genre": "entete",
        "titre": "Seine-Saint-Denis (93)",
        "sous_titre": "Clauses sociales, 3e trimestre 2026",
        "territoire": "dep:93",
        "periode": "2026-T3",
        "statut": "provisoire",
        "extraction": "14 novembre 2026",
        "fictif": True,
        "mentions": ["Données fictives, fabriquées pour l’exemple."],
        **autres,
    }


def figure(nom: str, combien: int = 7, **autres) -> dict:
    return {
        "genre": "figure",
        "id": nom,
        "titre": f"Constat de {nom.rstrip('0123456789')}",
        "sous_titre": "Heures, Seine-Saint-Denis",
        "svg": SVG.format(hauteur=13 * combien),
        "alt": f"Barres de {nom}.",
        "avis": "",
        "colonnes": ["Modalité", "Heures", "Part"],
        "alignements": ["left", "right", "right"],
        "lignes": [
            [f"Modalité {rang}", f"{rang}\u202f0{rang}7", f"{rang},3"] for rang in range(1, combien + 1)
        ],
        "note": "",
        "lecture": "au 3e trimestre 2026, la modalité 1 compte 1\u202f017 heures.",
        "champ": "Heures réalisées.",
        "source": "Logiciels de suivi.",
        **autres,
    }


def chiffres() -> dict:
    chiffre = {
        "libelle": "Heures du trimestre",
        "valeur": "362\u202f410",
        "unite": "heures",
        "evolution": "+16,7\u00a0% en un an",
        "precision": "réalisées sur place",
    }
    return {"genre": "chiffres", "chiffres": [chiffre] * 6}


def methode() -> dict:
    return {
        "genre": "methode",
        "paragraphes": ["Les heures viennent des logiciels de suivi de la clause sociale. " * 4] * 4,
        "colonnes": ["Source", "Millésime", "Lues"],
        "alignements": ["left", "right", "right"],
        "lignes": [[f"Source {rang}", "2026-11-14", "1\u202f520"] for rang in range(5)],
        "signes": [["s", "secret"], ["n.d.", "non disponible"]],
    }


def notebook(*contenus) -> object:
    """Un notebook exécuté : un texte fait une cellule Markdown, un dictionnaire une cellule affichée."""
    cellules = [
        new_markdown_cell(contenu)
        if isinstance(contenu, str)
        else new_code_cell("fiche.partie()", outputs=[new_output("display_data", {MIME: contenu})])
        for contenu in contenus
    ]
    for rang, cellule in enumerate(cellules):
        cellule.id = f"c{rang}"
    return new_notebook(cells=cellules)


def fiche_complete() -> object:
    """Huit figures de sept lignes, une bande de chiffres, une méthode : le plus long qu'une fiche porte."""
    figures = []
    for rang in range(1, 9):
        figures += [f"## Question {rang} ?", figure(f"figure-{rang}", 12 if rang == 1 else 7)]
    return notebook("# Le notebook", entete(), chiffres(), *figures, "## Méthode", methode())


@pytest.fixture(scope="module")
def config() -> Config:
    return Config.charger(DEPOT)


@pytest.fixture(scope="module")
def pdf(config) -> tuple[bytes, int]:
    return rendre_pdf(fiche_complete(), config)


@pytest.fixture(scope="module")
def page(config) -> str:
    return rendre_html(fiche_complete(), config).decode()


class Elements(HTMLParser):
    """La liste des balises ouvertes d'une page, avec leurs attributs, et son texte."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.balises: list[tuple[str, dict[str, str | None]]] = []
        self.morceaux: list[str] = []
        self.feed(page)

    def handle_starttag(self, nom, attributs):
        self.balises.append((nom, dict(attributs)))

    def handle_data(self, texte):
        if self.balises and self.balises[-1][0] not in ("style", "title"):
            self.morceaux.append(texte)

    def de(self, nom: str) -> list[dict[str, str | None]]:
        return [attributs for balise, attributs in self.balises if balise == nom]

    @property
    def texte(self) -> str:
        return " ".join(self.morceaux)


def texte_pdf(octets: bytes) -> list[str]:
    return [feuille.extract_text() for feuille in pypdf.PdfReader(io.BytesIO(octets)).pages]


def sans_blancs(texte: str) -> str:
    return re.sub(r"\s+", "", texte)


# ── Le déroulé ──


def test_le_document_commence_a_l_en_tete_et_suit_l_ordre_du_notebook():
    blocs = lire_blocs(
        notebook("# Titre du notebook\nPour l'analyste.", entete(), "## Combien ?\n\n- un\n- deux")
    )
    assert [bloc["genre"] for bloc in blocs] == ["entete", "titre", "liste"]
    assert blocs[1] == {"genre": "titre", "niveau": 2, "texte": "Combien\u202f?"}
    assert blocs[2]["elements"] == ["un", "deux"]


def test_une_mise_en_forme_markdown_devient_du_texte_et_le_html_reste_ecrit():
    blocs = lire_blocs(notebook(entete(), "Un *mot* **fort**,\n<b>une balise</b> & `#code`."))
    assert blocs[1]["paragraphes"] == ["Un mot fort, <b>une balise</b> & #code."]


def test_remove_cell_et_remove_output_retirent_du_document():
    fiche = notebook(entete(), figure("a"), figure("b"), figure("c"))
    fiche.cells[1].metadata.tags = ["remove-cell"]
    fiche.cells[2].metadata.tags = ["remove-output"]
    assert [bloc.get("id") for bloc in lire_blocs(fiche)] == [None, "c"]


@pytest.mark.parametrize(
    ("contenus", "constat"),
    [
        (("## Rien",), "pas d'en-tête"),
        ((entete(), entete()), "deux en-têtes"),
        ((entete(), "# Un autre titre"), "niveau 1 après"),
        ((entete(), "## Un", "#### Trois"), "niveau 4 après un niveau 2"),
        ((entete(), "| a |\n|---|\n\n```\ncode\n```"), "block_code"),
        ((entete(), "<div>x</div>"), "block_html"),
        ((entete(), {"genre": "inconnu"}), "ne se publie pas"),
    ],
)
def test_ce_qui_ne_se_publierait_pas_partout_est_refuse(contenus, constat):
    with pytest.raises(PublicationError, match=constat):
        lire_blocs(notebook(*contenus))


def test_un_objet_sans_bloc_est_refuse_plutot_que_perdu():
    fiche = notebook(entete())
    sortie = new_output("execute_result", {"text/html": "<table>"}, execution_count=1)
    fiche.cells.append(new_code_cell("tableau.head()\nsuite", outputs=[sortie]))
    with pytest.raises(PublicationError, match=r"« tableau\.head\(\) »"):
        lire_blocs(fiche)


@pytest.mark.parametrize(
    "ajout",
    [
        "<script>1</script>",
        '<rect onload="x"/>',
        '<image href="https://exemple.invalid/x.png"/>',
        "<foreignObject/>",
        "<p>",
        '</svg><!DOCTYPE svg [<!ENTITY x "y">]>',
    ],
)
def test_un_dessin_avec_script_ou_adresse_exterieure_est_refuse(ajout):
    with pytest.raises(PublicationError, match="« a » ne se publie pas"):
        lire_blocs(
            notebook(entete(), figure("a", svg=SVG.format(hauteur=9).replace("</svg>", ajout + "</svg>")))
        )


# ── Le PDF ──


def test_la_fiche_complete_tient_sur_deux_pages_numerotees(pdf):
    octets, pages = pdf
    textes = texte_pdf(octets)
    assert pages == len(textes) == 2
    for rang, texte in enumerate(textes, start=1):
        assert f"Page {rang} / 2" in texte
        assert "Observatoire régional des clauses sociales en Île-de-France" in texte
        assert "Données fictives" in texte


def test_une_fiche_courte_garde_sa_taille_et_une_trop_longue_dit_ses_pages(config):
    assert rendre_pdf(notebook(entete(), chiffres()), config)[1] == 1
    longue = notebook(entete(), *[figure(f"f{rang}", 20) for rang in range(12)])
    octets, pages = rendre_pdf(longue, config)
    assert pages == len(texte_pdf(octets)) > 2


def test_hors_donnees_fictives_rien_ne_le_dit(config):
    fiche = notebook(entete(fictif=False, mentions=[]), chiffres())
    assert "fictives" not in "".join(texte_pdf(rendre_pdf(fiche, config)[0]))
    assert "fictives" not in rendre_html(fiche, config).decode()


def _noeuds(arbre):
    """Tous les éléments de structure d'un PDF balisé."""
    enfants = arbre.get("/K", [])
    for enfant in enfants if isinstance(enfants, pikepdf.Array) else [enfants]:
        if isinstance(enfant, pikepdf.Dictionary) and "/S" in enfant:
            yield enfant
            yield from _noeuds(enfant)


def test_le_pdf_est_balise_en_francais_et_se_declare_ua1_et_a2a(pdf):
    document = pikepdf.open(io.BytesIO(pdf[0]))
    assert document.Root.MarkInfo.Marked
    assert str(document.Root.Lang).startswith("fr")
    assert document.Root.ViewerPreferences.DisplayDocTitle
    with document.open_metadata() as xmp:
        assert (xmp["pdfuaid:part"], xmp["pdfaid:part"], xmp["pdfaid:conformance"]) == ("1", "2", "A")
        assert xmp["dc:title"] == "Seine-Saint-Denis (93) – Clauses sociales, 3e trimestre 2026"
        assert xmp["xmp:CreateDate"].startswith("2026-11-14"), "la date des données, jamais l'horloge"
    noeuds = list(_noeuds(document.Root.StructTreeRoot))
    genres = [str(noeud.S) for noeud in noeuds]
    assert [str(noeud.Alt) for noeud in noeuds if noeud.S == "/Figure"] == [
        f"Barres de figure-{rang}." for rang in range(1, 9)
    ]
    assert genres.count("/H1") == 1
    assert genres.count("/H2") == 9
    tableaux = [noeud for noeud in noeuds if noeud.S == "/Table"]
    assert len(tableaux) == 9
    assert all(any(n.S == "/TH" for n in _noeuds(tableau)) for tableau in tableaux)


def test_toutes_les_polices_du_pdf_sont_embarquees(pdf):
    document = pikepdf.open(io.BytesIO(pdf[0]))
    polices = [
        police["/DescendantFonts"][0]
        for feuille in document.pages
        for police in feuille.resources.Font.values()
    ]
    assert polices
    assert all("/FontFile3" in police.FontDescriptor for police in polices)
    assert all("SourceSansPro" in str(police.BaseFont) for police in polices)


@pytest.mark.parametrize("graisse", ["Regular", "Bold"])
def test_la_police_de_la_page_est_celle_que_donne_la_reduction_du_fichier_entier(graisse):
    entiere = polices.TTFont(polices._fichier(graisse), recalcTimestamp=False)
    assert base64.b64encode(polices._reduire(entiere)).decode() in polices._regle(graisse, 400)


def test_tous_les_fils_partagent_les_polices_meme_au_premier_appel(monkeypatch):
    polices._polices.cache_clear()
    copier = polices.shutil.copy
    monkeypatch.setattr(polices.shutil, "copy", lambda *a: (time.sleep(0.01), copier(*a)))
    with ThreadPoolExecutor(4) as fils:
        rendues = list(fils.map(lambda _: polices.pour_typst(), range(4)))
    assert len({id(police) for police in rendues}) == 1


def test_sans_texte_de_remplacement_le_pdf_est_refuse(config):
    with pytest.raises(PublicationError, match="alt"):
        rendre_pdf(notebook(entete(), figure("a", alt=None)), config)


@pytest.mark.parametrize(
    ("ajout", "constat"),
    [
        ('#read("/etc/passwd")', "not found"),
        ('#read("../canari.txt")', "outside|escape|denied|not found"),
        ('#text(font: "Zorg")[x]', "unknown font family"),
        ('#import "@preview/cetz:0.3.0"', "@preview"),
    ],
)
def test_un_gabarit_ne_lit_rien_hors_de_ses_blocs_et_un_avertissement_arrete_tout(travail, ajout, constat):
    (travail.racine / "canari.txt").write_text("canari", encoding="utf-8")
    gabarit = travail.racine / "report_templates" / "fiche" / "fiche.typ"
    gabarit.write_text(gabarit.read_text(encoding="utf-8") + ajout, encoding="utf-8")
    with pytest.raises(PublicationError, match=constat):
        rendre_pdf(notebook(entete()), travail)


@pytest.mark.parametrize(
    ("extraction", "jour"),
    [("1er janvier 2027", "2027-01-01"), ("14 août 2026", "2026-08-14"), ("n.d.", "2026-09-30")],
)
def test_la_date_du_pdf_est_celle_de_l_extraction_sinon_la_fin_de_la_periode(config, extraction, jour):
    octets, _ = rendre_pdf(notebook(entete(extraction=extraction)), config)
    with pikepdf.open(io.BytesIO(octets)).open_metadata() as xmp:
        assert xmp["xmp:CreateDate"].startswith(jour)


# ── La page HTML ──


def test_la_page_est_un_seul_fichier_sans_adresse_exterieure_ni_script(page):
    elements = Elements(page)
    politique = next(m["content"] for m in elements.de("meta") if m.get("http-equiv"))
    assert "default-src 'none'" in politique
    assert "img-src data:" in politique
    assert not {"script", "link", "iframe", "object"} & {nom for nom, _ in elements.balises}
    adresses = [a[nom] for _, a in elements.balises for nom in ("src", "href", "action") if a.get(nom)]
    assert all(adresse.startswith(("data:image/svg+xml", "data:text/csv", "#")) for adresse in adresses)
    assert not re.search(r"url\((?!\"?data:)|@import", page)


def test_la_page_a_sa_langue_un_titre_un_h1_et_un_lien_d_evitement(page):
    elements = Elements(page)
    assert page.startswith("<!DOCTYPE html>")
    assert elements.de("html") == [{"lang": "fr"}]
    assert "<title>Seine-Saint-Denis (93) – Clauses sociales, 3e trimestre 2026</title>" in page
    assert len(elements.de("h1")) == 1
    assert len(elements.de("h2")) == 9
    assert next(a for a in elements.de("a"))["href"] == "#contenu"
    assert elements.de("main")[0]["id"] == "contenu"


def test_chaque_figure_donne_son_tableau_en_csv_sous_un_nom_qui_dit_d_ou_il_vient(page):
    liens = [lien for lien in Elements(page).de("a") if "download" in lien]
    assert len(liens) == len(Elements(page).de("figure"))
    assert all(re.fullmatch(r"[\w-]+_dep-93_2026-T3\.csv", lien["download"]) for lien in liens)
    assert len({lien["download"] for lien in liens}) == len(liens)


def test_la_page_dit_les_donnees_fictives_a_l_ecran_et_a_chaque_page_imprimee(page):
    assert re.search(r'class="bandeau".*Données fictives', page)
    assert re.search(r'@top-center \{ content: "Données fictives"', page)


def test_chaque_figure_a_son_alternative_et_son_tableau_a_en_tetes(page):
    elements = Elements(page)
    images = elements.de("img")
    assert [image["alt"] for image in images] == [f"Barres de figure-{rang}." for rang in range(1, 9)]
    assert len(elements.de("table")) == 9
    assert all(th.get("scope") in ("col", "row") for th in elements.de("th"))
    assert len(elements.de("figcaption")) == 8


def test_le_svg_de_la_page_porte_sa_police(page):
    assert all("font/woff" in image["src"] for image in Elements(page).de("img"))


def test_le_pdf_et_la_page_disent_les_memes_nombres(pdf, page):
    imprime, affiche = sans_blancs("".join(texte_pdf(pdf[0]))), sans_blancs(Elements(page).texte)
    for bloc in lire_blocs(fiche_complete()):
        textes = [t for ligne in bloc.get("lignes", []) for t in ligne] + [bloc.get("lecture", "")]
        textes += [valeur for chiffre in bloc.get("chiffres", []) for valeur in chiffre.values()]
        for texte in textes:
            assert sans_blancs(texte) in imprime
            assert sans_blancs(texte) in affiche


# ── Ce qui vaut pour les deux ──


@pytest.mark.parametrize("hostile", HOSTILES)
def test_un_nom_hostile_s_imprime_litteralement(config, hostile):
    fiche = notebook(
        entete(titre=hostile, sous_titre=hostile, mentions=[hostile]),
        chiffres(),
        figure("a", titre=hostile, alt=hostile, lignes=[[hostile, "1", "2"]], lecture=hostile),
        {"genre": "avis", "texte": hostile},
        {**methode(), "paragraphes": [hostile], "signes": [[hostile, hostile]]},
    )
    imprime = sans_blancs("".join(texte_pdf(rendre_pdf(fiche, config)[0])))
    page = rendre_html(fiche, config).decode()
    # titre, sous-titre, mention, titre de figure, cellule, lecture, avis, paragraphe, signe et sens
    assert imprime.count(sans_blancs(hostile)) == 10
    assert sans_blancs(Elements(page).texte).count(sans_blancs(hostile)) >= 10
    assert "<script" not in page
    assert "root:" not in imprime + page


def test_deux_rendus_donnent_les_memes_octets(config, pdf, page):
    assert rendre_pdf(fiche_complete(), config) == pdf
    assert rendre_html(fiche_complete(), config).decode() == page


def test_le_pied_d_une_bande_se_rend_partout(config):
    bande = {**chiffres(), "titre": "Réalisation", "pied": [["Champ", "Clauses en cours."]]}
    fiche = notebook(entete(), bande)
    page, imprime = rendre_html(fiche, config).decode(), "".join(texte_pdf(rendre_pdf(fiche, config)[0]))
    assert 'aria-label="Réalisation"' in page
    for document in (page, imprime):
        assert "Clauses en cours." in document


def test_une_figure_sans_dessin_et_un_avis_se_rendent_partout(config):
    fiche = notebook(
        entete(), figure("a", svg=None, avis="Figure retirée."), {"genre": "avis", "texte": "Rien."}
    )
    page, imprime = rendre_html(fiche, config).decode(), "".join(texte_pdf(rendre_pdf(fiche, config)[0]))
    for texte in ("Figure retirée.", "Rien.", "Modalité 1"):
        assert texte in page
        assert texte in imprime
    assert "<img" not in page


@pytest.mark.parametrize(
    "gabarit", sorted(p for p in GABARITS.rglob("*") if p.is_file()), ids=lambda p: p.name
)
def test_l_en_tete_de_chaque_gabarit_dit_vrai(gabarit):
    texte = gabarit.read_text(encoding="utf-8")
    assert texte.startswith(("{#-", "/*"))
    tete = re.split(r"-#\}|\*/", texte)[0].splitlines()
    assert tete[1].strip().startswith(f"{gabarit.relative_to(GABARITS).as_posix()} — ")
    champs = dict(
        re.findall(r"^\s*(Rendu par|Contexte|Blocs)\s*:\s*(.+)$", "\n".join(tete), flags=re.MULTILINE)
    )
    assert set(champs) == {"Rendu par", "Contexte", "Blocs"}
    for module in champs["Rendu par"].split(", "):
        importlib.import_module(module)


# ── Les éditions ──

CELLULES = (
    'territoire = ""\nperiode = ""',
    f"""
class Bloc:
    def __init__(self, bloc): self.bloc = bloc
    def _repr_mimebundle_(self, **_): return {{{MIME!r}: self.bloc, "text/plain": ""}}
""",
    "if territoire == 'dep:75': raise KeyError('x')",
    f"Bloc({{**{entete()!r}, 'territoire': territoire, 'titre': territoire}})",
)


def petit_notebook(config: Config) -> None:
    """Remplace le notebook de fiche par un autre, sans données, qui échoue pour Paris."""
    import nbformat

    cellules = [new_code_cell(code) for code in CELLULES]
    cellules[0].metadata.tags = ["parameters"]
    fiche = new_notebook(
        cells=cellules,
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(fiche, config.racine / "notebooks" / NOTEBOOK)


@pytest.fixture
def atelier(travail) -> Config:
    """Un dossier de travail dont le notebook de fiche échoue pour Paris."""
    petit_notebook(travail)
    return travail


def test_une_fiche_en_echec_n_ecrit_rien_et_n_arrete_pas_les_autres(atelier):
    vus: list[str] = []
    with pytest.raises(PublicationError) as erreur:
        produire_fiches(
            atelier,
            [Territoire.lire("dep:75"), Territoire.lire("dep:93")],
            Periode.lire("2026-T3"),
            options=Options(lambda pas: vus.append(pas.resultat.tache.objet)),
        )
    assert "1 fiche(s) sur 2" in erreur.value.constat
    assert "dep:75 : " in erreur.value.constat
    assert sorted(vus) == ["dep:75", "dep:93"]
    ecrits = {chemin.name for chemin in (atelier.outputs / "fiches" / "2026-T3").iterdir()}
    assert ecrits == {"dep-93.ipynb", "dep-93.html", "dep-93.pdf", "manifeste.json"}


def test_les_fiches_sont_rendues_dans_l_ordre_et_deux_productions_sont_identiques(atelier):
    territoires = [Territoire.lire("ept:T6"), Territoire.lire("dep:93")]
    premiers = produire_fiches(atelier, territoires, Periode.lire("2026-T3"))
    assert [str(document.territoire) for document in premiers] == ["ept:T6", "dep:93"]
    assert all(document.pages == 1 and document.secondes > 0 for document in premiers)
    chemins = [premiers[1].notebook, premiers[1].html, premiers[1].pdf]
    avant = [chemin.read_bytes() for chemin in chemins]
    forcer = Choix(forcer=True)
    produire_fiches(atelier, territoires[1:], Periode.lire("2026-T3"), processus=1, choix=forcer)
    assert [chemin.read_bytes() for chemin in chemins] == avant


def test_la_derniere_periode_est_le_dernier_trimestre_acheve_a_l_extraction(travail):
    def valeurs(*periodes):
        table = SCHEMAS["indicateurs/valeurs"].vide()
        lignes = [
            {
                "indicateur": "h",
                "territoire": "reg:11",
                "periode": periode,
                "ventilation": "ensemble",
                "modalite": "ensemble",
                "valeur": 1.0,
                "unite": "h",
                "statut": "publie",
            }
            for periode in periodes
        ]
        return pd.concat([table, pd.DataFrame(lignes)], ignore_index=True) if lignes else table

    def recevoir(jour):
        provenance = {nom: ["x"] for nom in SCHEMAS["indicateurs/provenance"].noms}
        provenance |= {"date_extraction": [pd.Timestamp(jour)], "fictif": [True]}
        provenance |= {nom: [1] for nom in ("lues", "gardees", "marquees", "ecartees")}
        magasin.ecrire("indicateurs/provenance", pd.DataFrame(provenance))

    magasin = Magasin(travail.processed)
    magasin.ecrire("indicateurs/valeurs", valeurs("2026-T2", "2026-T3", "2026-T3-4T", "2026-T4", "2026"))
    # le 15 octobre 2026, le quatrième trimestre n'est pas achevé ; en janvier, l'année l'est aussi
    recevoir("2026-10-15")
    assert str(editions.derniere_periode(travail)) == "2026-T3"
    recevoir("2027-01-15")
    assert str(editions.derniere_periode(travail)) == "2026-T4"
    recevoir("2026-06-30")
    with pytest.raises(PublicationError, match="Aucun trimestre complet"):
        editions.derniere_periode(travail)
