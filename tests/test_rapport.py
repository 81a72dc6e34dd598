"""Le rapport annuel : un livre numéroté, les mêmes nombres dans les pages, le PDF et le classeur."""

from __future__ import annotations

import re
import shutil
import subprocess
from decimal import Decimal
from io import BytesIO
from itertools import pairwise

import markupsafe
import nbformat
import openpyxl
import pikepdf
import pytest

from observatoire.erreurs import PerimetreError, PublicationError
from observatoire.magasin import Magasin
from observatoire.perimetre import Periode, Territoire
from observatoire.publication import ouvrir_rapport
from observatoire.publication.blocs import MIME, Tableau, TableauSeul, Titre
from observatoire.publication.rapport import Rapport
from observatoire.publication.rapport.classeur import en_nombre
from observatoire.publication.rapport.edition import CHAPITRES, derniere_annee, produire_rapport
from observatoire.publication.rapport.livre import assembler
from observatoire.publication.verification.recomptage import ecrire
from observatoire.referentiel import ventilations
from tests.conftest import DEPOT, copie_de

SIGNES = {"secret": "s", "non_disponible": "n.d.", "non_significatif": "n.s."}
TABLEAU = TableauSeul("t", "Un tableau", "Sous-titre", Tableau(["A", "B"], [["x", "1"]]), "Source")


def chapitre(titre: str, *cellules: object) -> nbformat.NotebookNode:
    """Un notebook exécuté : des textes Markdown, et des blocs affichés."""
    notebook = nbformat.v4.new_notebook(metadata={"language_info": {"name": "python"}})
    notebook.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "Python 3"}
    notebook.cells = [nbformat.v4.new_markdown_cell(f"# {titre}")]
    for cellule in cellules:
        if isinstance(cellule, str):
            notebook.cells.append(nbformat.v4.new_markdown_cell(cellule))
        else:
            code = nbformat.v4.new_code_cell("bloc")
            code.outputs = [nbformat.v4.new_output("display_data", {MIME: cellule.json()})]
            notebook.cells.append(code)
    return notebook


def autre(ancre: str) -> TableauSeul:
    return TableauSeul(ancre, "Un autre", "Sous-titre", TABLEAU.tableau, "Source")


# ── le livre ──


def test_chapitres_en_chiffres_annexes_en_lettres_tableaux_et_parties_numerotes_dans_leur_chapitre():
    livre = assembler(
        {
            "90_codes": chapitre("Codes", autre("c")),
            "03_heures": chapitre("Heures", "## Une partie", TABLEAU, autre("b")),
            "01_cadre": chapitre("Cadre"),
        }
    )
    assert [c.nom for c in livre.chapitres] == ["1. Cadre", "2. Heures", "Annexe A. Codes"]
    assert [(r.numero, r.ancre) for r in livre.liste("Tableau")] == [("2.1", "t"), ("2.2", "b"), ("A.1", "c")]
    assert [s.numero for s in livre.chapitres[1].sections] == ["2.1"]


def test_un_renvoi_porte_le_numero_de_ce_qu_il_vise_et_refuse_de_ne_rien_viser():
    livre = assembler({"01_a": chapitre("A", "Voir [](#t)."), "02_b": chapitre("B", TABLEAU)})
    [bloc] = livre.chapitres[0].blocs
    assert bloc["paragraphes"] == [
        [{"texte": "Voir "}, {"texte": "tableau 2.1", "ancre": "t", "fichier": "02_b"}, {"texte": "."}]
    ]
    with pytest.raises(PublicationError, match="renvoie à « absent »"):
        assembler({"01_a": chapitre("A", "Voir [](#absent).")})


def test_deux_figures_de_meme_nom_sont_refusees():
    with pytest.raises(PublicationError, match="2 fois dans le rapport"):
        assembler({"01_a": chapitre("A", TABLEAU), "02_b": chapitre("B", TABLEAU)})


def test_un_chapitre_sans_titre_ou_qui_saute_un_niveau_est_refuse():
    sans = chapitre("A")
    sans.cells = [nbformat.v4.new_markdown_cell("Un texte.")]
    with pytest.raises(PublicationError, match="pas de titre"):
        assembler({"01_a": sans})
    with pytest.raises(PublicationError, match="niveau 3 après un niveau 1"):
        assembler({"01_a": chapitre("A", "### Trop bas")})


def test_un_titre_de_double_page_est_une_partie():
    livre = assembler({"09_t": chapitre("T", Titre(2, "Paris (75)", page=True))})
    [titre] = livre.chapitres[0].blocs
    assert titre["page"] is True
    assert titre["ancre"] == "09-paris-75"


@pytest.mark.parametrize(
    ("ecrit", "nombre"),
    [
        ("1\u202f234", Decimal(1234)),
        ("\u22123,2\xa0%", Decimal("-3.2")),
        ("+0,5\xa0point", Decimal("0.5")),
        ("0", Decimal(0)),
    ],
)
def test_le_classeur_ecrit_le_nombre_imprime(ecrit, nombre):
    lu = en_nombre(ecrit)
    assert lu is not None
    assert lu[0] == nombre


@pytest.mark.parametrize("ecrit", ["s", "n.d.", "–", "2112-2", "75056", "12/03/2026", "=1+1"])
def test_le_classeur_laisse_en_texte_ce_qui_n_est_pas_un_nombre(ecrit):
    lu = en_nombre(ecrit)
    assert lu is None or ecrit == "75056"


def test_le_rapport_est_annuel():
    with pytest.raises(PerimetreError, match="Le rapport est annuel"):
        Rapport.ouvrir("2026-T3")


# ── un rapport court, sur l'exemple ──


@pytest.fixture(scope="module")
def dossier(exemple, tmp_path_factory):
    """Un dossier de travail dont le rapport n’a que quatre chapitres : textes, figures, doubles pages."""
    config = copie_de(exemple, tmp_path_factory.mktemp("rapport"))
    gardes = ("01_cadre", "04_beneficiaires", "09_territoires", "91_secret_et_regles")
    for chemin in (config.racine / "notebooks" / CHAPITRES).glob("*.ipynb"):
        if chemin.stem not in gardes:
            chemin.unlink()
    return config


@pytest.fixture(scope="module")
def rapport(dossier):
    """Le rapport de ces chapitres."""
    return produire_rapport(dossier, derniere_annee(dossier))


def blocs(edition) -> list[dict]:
    """Les figures et les tableaux du rapport, lus dans ses notebooks."""
    notebooks = {
        chemin.stem: nbformat.read(chemin, as_version=4)
        for chemin in sorted((edition.dossier / "notebooks").glob("*.ipynb"))
    }
    livre = assembler(notebooks)
    return [b for c in livre.chapitres for b in c.blocs if b["genre"] in ("figure", "tableau")]


def tables(edition) -> list[tuple[str, list[list[str]]]]:
    """Chaque tableau du rapport : son nom et ses lignes."""
    return [(f"{b['signe']} {b['numero']}", b["lignes"]) for b in blocs(edition)]


DES_FICHES = {
    "heures-par-modalite": ("heures_realisees", "modalite"),
    "contrats-par-type": ("contrats_actifs", "type_contrat"),
    "prescripteurs": ("beneficiaires", "prescripteur"),
    "residence": ("beneficiaires_sur_place", "departement_residence"),
}


class Recompte:
    """Les cellules de `indicateurs/valeurs`, écrites par une seconde arithmétique."""

    def __init__(self, config, annee: str) -> None:
        magasin = Magasin(config.processed)
        self.annee = annee
        catalogue = magasin.lire("indicateurs/catalogue")
        self.unites = dict(zip(catalogue["indicateur"], catalogue["unite"], strict=True))
        self.noms = {
            libelle: nom for nom, libelle in zip(catalogue["indicateur"], catalogue["libelle"], strict=True)
        }
        colonnes = ["territoire", "periode", "indicateur", "ventilation", "modalite", "valeur", "statut"]
        lues = magasin.lire("indicateurs/valeurs")[colonnes].itertuples(index=False, name=None)
        self.cellules = {
            (t, p, i, v, m): Decimal(str(n)) if statut == "publie" else SIGNES[statut]
            for t, p, i, v, m, n, statut in lues
        }
        self.repartitions = {
            f"{nom}-{v}".replace("_", "-"): (nom, v)
            for nom, toutes in zip(catalogue["indicateur"], catalogue["ventilations"], strict=True)
            for v in toutes.split("|")
        } | DES_FICHES

    def ecrire(
        self, nom: str, ou: str, quand: str, ventilation: str = "ensemble", modalite: str = "ensemble"
    ) -> str:
        unite = self.unites[nom]
        compte = self.cellules.get((ou, quand, nom, ventilation, modalite), "n.d.")
        return ecrire(compte, 1 if unite in ("%", "ETP", "mois") else 0, "%" if unite == "%" else "")

    def attendues(self, bloc: dict) -> dict[tuple[str, int], str]:
        """Ce que doit dire chaque case (ligne, colonne) que ce recompte sait refaire."""
        cle = bloc["id"]
        ou = "reg:11"
        if trouve := re.match(r"dep-(\d\d)-", cle):
            ou, cle = f"dep:{trouve[1]}", cle.removeprefix(trouve[0])
        lignes = [ligne[0] for ligne in bloc["lignes"]]
        if cle.endswith("-trimestres"):
            nom = next(n for n in self.unites if n.replace("_", "-") == cle.removesuffix("-trimestres"))
            periodes = ["{}-T1", "{}-T2", "{}-T3", "{}-T4", "{}"]
            return {
                (an, rang): self.ecrire(nom, ou, quand.format(an))
                for an in lignes
                for rang, quand in enumerate(periodes, start=1)
            }
        if cle in self.repartitions and bloc["colonnes"][1] != "Part":
            nom, v = self.repartitions[cle]
            codes = {libelle: code for code, libelle in ventilations()[v].libelles.items()}
            if (ou, self.annee, nom, v) not in {c[:4] for c in self.cellules}:
                return {}
            return {(x, 1): self.ecrire(nom, ou, self.annee, v, codes[x]) for x in lignes if x in codes}
        if cle.startswith("territoires-"):
            codes = {t.nom_long: str(t) for t in Territoire.tous("dep" if "-dep-" in cle else "ept")}
            noms = [self.noms.get(colonne.removesuffix(" (h)"), "") for colonne in bloc["colonnes"]]
            quand = f"{self.annee}-T4" if "trimestre" in bloc["sous_titre"] else self.annee
            return {
                (x, rang): self.ecrire(nom, codes[x], quand)
                for x in lignes
                for rang, nom in enumerate(noms)
                if nom
            }
        return {}


def test_les_tableaux_du_rapport_se_recomptent_depuis_les_valeurs(rapport, dossier):
    recompte = Recompte(dossier, rapport.dossier.name)
    ecarts, cases = [], 0
    for bloc in blocs(rapport):
        lues = {
            (ligne[0], rang): texte for ligne in bloc["lignes"] for rang, texte in enumerate(ligne) if rang
        }
        for case, juste in recompte.attendues(bloc).items():
            cases += 1
            if lues[case] != juste:
                ecarts.append((bloc["id"], case, lues[case], juste))
    assert ecarts == []
    assert cases > 300


def test_les_memes_nombres_dans_les_pages_le_pdf_et_le_classeur(rapport):
    classeur = openpyxl.load_workbook(BytesIO(next(rapport.dossier.glob("*.xlsx")).read_bytes()))
    pages = {chemin.stem: chemin.read_text() for chemin in rapport.dossier.glob("[0-9]*.html")}
    pdf = next(rapport.dossier.glob("*.pdf"))
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext est absent : installer poppler-utils")
    texte = subprocess.run(["pdftotext", "-raw", str(pdf), "-"], capture_output=True, text=True, check=True)
    imprime = re.sub(r"\s", "", texte.stdout)
    toutes = "".join(pages.values())
    lues = tables(rapport)
    assert len(lues) > 40
    for nom, lignes in lues:
        feuille = list(classeur[nom].iter_rows(values_only=True))[-len(lignes) :]
        for ligne, ecrite in zip(lignes, feuille, strict=True):
            assert ligne[0] == ecrite[0]
            for imprimee, cellule in zip(ligne[1:], ecrite[1:], strict=True):
                nombre = en_nombre(imprimee)
                assert cellule == (imprimee if nombre is None else float(nombre[0]))
                assert f">{markupsafe.escape(imprimee)}</t" in toutes, (nom, imprimee)
                if nombre is not None:
                    assert re.sub(r"\s", "", imprimee) in imprime, (nom, imprimee)


def test_le_classeur_n_a_ni_formule_ni_cellule_fusionnee_et_un_tableau_par_feuille(rapport):
    classeur = openpyxl.load_workbook(next(rapport.dossier.glob("*.xlsx")))
    for feuille in classeur.worksheets[1:]:
        assert not feuille.merged_cells.ranges
        assert len(feuille.tables) == 1
        assert not [c for ligne in feuille.iter_rows() for c in ligne if c.data_type == "f"]


def test_le_pdf_est_balise_titre_et_marque_page(rapport):
    with pikepdf.open(next(rapport.dossier.glob("*.pdf"))) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang).startswith("fr")
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        with pdf.open_outline() as plan:
            titres = [str(entree.title) for entree in plan.root]
    assert any("Les bénéficiaires" in titre for titre in titres)


def test_une_double_page_par_departement(rapport):
    """Chaque département commence sur une page paire et en tient deux."""
    with pikepdf.open(next(rapport.dossier.glob("*.pdf"))) as pdf:
        rangs = {page.objgen: rang for rang, page in enumerate(pdf.pages, start=1)}
        with pdf.open_outline() as plan:
            [territoires] = [e for e in plan.root if "Les territoires" in str(e.title)]
            debuts = [
                rangs[entree.destination[0].objgen]
                for entree in territoires.children
                if re.search(r"\(\d\d\)$", str(entree.title))
            ]
    assert len(debuts) == 8
    assert all(debut % 2 == 0 for debut in debuts)
    assert [b - a for a, b in pairwise(debuts)] == [2] * 7


def test_aucune_page_ne_demande_rien_au_dehors_et_chaque_lien_mene_quelque_part(rapport):
    pages = {chemin.name: chemin.read_text() for chemin in rapport.dossier.glob("*.html")}
    ancres = {nom: set(re.findall(r'\bid="([^"]+)"', texte)) for nom, texte in pages.items()}
    for nom, texte in pages.items():
        assert not re.search(r'(?:src|href)="(?:https?:)?//', texte)
        for lien in re.findall(r'href="([^"]+)"', texte):
            if lien.startswith(("data:", "style.css")):
                continue
            page, _, ancre = lien.partition("#")
            assert (rapport.dossier / (page or nom)).is_file(), (nom, lien)
            assert not ancre or ancre in ancres[page or nom], (nom, lien)


def test_un_chapitre_en_echec_laisse_le_rapport_precedent(rapport, dossier):
    avant = {chemin.name: chemin.stat().st_mtime_ns for chemin in rapport.dossier.iterdir()}
    casse = dossier.racine / "notebooks" / CHAPITRES / "02_casse.ipynb"
    notebook = chapitre("Cassé")
    notebook.cells.append(nbformat.v4.new_code_cell('annee = "2025"', metadata={"tags": ["parameters"]}))
    notebook.cells.append(nbformat.v4.new_code_cell("1 / 0"))
    nbformat.write(notebook, casse)
    try:
        with pytest.raises(PublicationError, match="02_casse"):
            produire_rapport(dossier, Periode(2025))
    finally:
        casse.unlink()
    assert {c.name: c.stat().st_mtime_ns for c in rapport.dossier.iterdir()} == avant
    assert [c.name for c in rapport.dossier.parent.iterdir()] == [rapport.dossier.name]


def test_les_chapitres_du_depot_ont_un_titre_et_le_parametre_de_l_annee():
    chemins = sorted((DEPOT / "notebooks" / CHAPITRES).glob("*.ipynb"))
    assert len(chemins) > 12
    for chemin in chemins:
        notebook = nbformat.read(chemin, as_version=4)
        assert notebook.cells[0].source.startswith("# "), chemin.name
        etiquetes = [c.source for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
        assert [source.split(" =")[0] for source in etiquetes] == ["annee: str"], chemin.name
        assert not any(c.get("outputs") or c.get("execution_count") for c in notebook.cells), chemin.name


def test_ouvrir_rapport_lit_l_annee_dans_le_dossier_courant(exemple, monkeypatch):
    monkeypatch.chdir(exemple.racine)
    assert ouvrir_rapport("2025").contexte().quand == "2025"
