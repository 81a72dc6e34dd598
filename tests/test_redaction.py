"""Les textes : une figure ne dit que les nombres de son tableau, un notebook n'en écrit aucun."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from observatoire.erreurs import PublicationError
from observatoire.perimetre import Territoire
from observatoire.publication import feuille, ouvrir_fiche
from observatoire.publication.blocs import Figure, Tableau
from observatoire.publication.redaction import relire_notebook, verifier_nombres, verifier_notebook

DEPOT = Path(__file__).parents[1]
FIGURE = Figure(
    id="a",
    titre="Les travaux rassemblent 26,9\u00a0% des 1\u202f374\u00a0contrats",
    sous_titre="Contrats, 3e trimestre 2026",
    alt="Barres.",
    tableau=Tableau(
        ["Type", "Contrats", "Part"],
        [["Moins de 26 ans", "369", "26,9\u00a0%"], ["Ensemble", "1\u202f374", "–"], ["Autres", "s", "s"]],
    ),
    lecture="au 3e trimestre 2026, «\u00a0Moins de 26 ans\u00a0» compte 369\u00a0contrats.",
    champ="Champ.",
    source="Source.",
    svg="<svg></svg>",
)


# ── Les nombres d'une figure ──


def test_une_figure_qui_dit_son_tableau_est_admise():
    verifier_nombres(FIGURE.json())


def test_la_mesure_que_nomme_le_sous_titre_garde_ses_nombres_et_eux_seuls():
    mesure = dataclasses.replace(FIGURE, sous_titre="Part des 50 ans et plus, 2025")
    verifier_nombres(dataclasses.replace(mesure, titre="Part des 50 ans et plus : 369").json())
    with pytest.raises(PublicationError, match="« 50 »"):
        verifier_nombres(dataclasses.replace(mesure, titre="Les 50 ans et plus : 369").json())


@pytest.mark.parametrize(
    ("champ", "texte"),
    [
        ("titre", "26,9 contrats"),  # c'est un pourcentage
        ("titre", "369\u00a0% des contrats"),  # ce n'en est pas un
        ("titre", "1\u202f375\u00a0contrats"),
        ("lecture", "Au 3e trimestre 2026, 3\u00a0contrats."),
        ("lecture", "Les moins de 25 ans ont 369\u00a0contrats."),
        ("titre", "Hausse de 272,3\u00a0%"),  # de 369 à 1 374 : 272,4 %
    ],
)
def test_un_nombre_etranger_au_tableau_est_refuse(champ, texte):
    with pytest.raises(PublicationError, match=f"« a » : {champ}"):
        verifier_nombres(dataclasses.replace(FIGURE, **{champ: texte}).json())


@pytest.mark.parametrize(
    "titre",
    [
        "+25,0\u00a0% en un an",
        "Une baisse de 20,0\u00a0%",  # de T3 à T4 en 2026
        "3,2\u00a0points de plus",
        "Multipliées par 2,5",
        "CC des 2 Vallées : 250 heures",
    ],
)
def test_ce_que_disent_deux_cellules_voisines_est_admis(titre):
    lignes = [["2025", "200", "80", "12,0\u00a0%"], ["2026", "250", "200", "15,2\u00a0%"]]
    annees = Tableau(["Année", "T3", "T4", "Part"], lignes)
    verifier_nombres(dataclasses.replace(FIGURE, tableau=annees, titre=titre, lecture="250\u00a0h").json())


def test_toutes_les_figures_des_fiches_ne_disent_que_leur_tableau(exemple, monkeypatch):
    monkeypatch.setenv("OBSERVATOIRE_RACINE", str(exemple.racine))
    monkeypatch.setattr(feuille, "dessiner", lambda *_: "<svg/>")  # ses textes sont relus, non son dessin
    vues = []
    for territoire in map(str, Territoire.tous("reg", "dep", "ept")):
        for periode in ("2026-T3", "2025-T4"):
            fiche = ouvrir_fiche(territoire, periode)
            methodes = [nom for nom in vars(type(fiche)) if not nom.startswith("_") and nom != "ouvrir"]
            blocs = [getattr(fiche, nom)() for nom in methodes]
            vues += [bloc for bloc in blocs if isinstance(bloc, Figure)]
    for figure in vues:
        verifier_nombres(figure.json())
    assert len(vues) > 100


# ── Les textes d'un notebook ──


def notebook(*textes: str, etiquette: str = "parameters"):
    parametres = new_code_cell('territoire: str = "dep:93"', metadata={"tags": [etiquette]})
    return new_notebook(cells=[parametres, *(new_markdown_cell(texte, id="texte") for texte in textes)])


@pytest.mark.parametrize(
    ("texte", "fautif"),
    [
        ("Les femmes font 15 % des heures.", "15"),
        ("Les heures ont atteint 1 234 567.", "1 234 567"),
        ("Les heures sont en hausse.", "en hausse"),
        ("La part des femmes recule.", "recule"),
        ("Les travaux sont le premier secteur.", "premier"),
        ("La part la plus élevée.", "la plus"),
        ("C’est plus élevé qu’ailleurs.", "plus élevé"),
        ("L’emploi y augmente, la formation baisse.", "augmente"),
        ("La Seine-Saint-Denis dépasse la région.", "dépasse"),
    ],
)
def test_un_nombre_ou_un_sens_tape_dans_un_notebook_parametre_est_refuse(texte, fautif):
    assert f"« {fautif} »" in " ".join(relire_notebook(notebook(texte)))
    with pytest.raises(PublicationError, match=r"fiche\.ipynb"):
        verifier_notebook(notebook(texte), "fiche.ipynb")
    assert relire_notebook(notebook(texte, etiquette="autre")) == []


@pytest.mark.parametrize(
    "texte",
    [
        "## Combien d’heures d’insertion ?",
        "Les clauses sociales : combien, pour qui, avec qui ?",
        "Les croisements et la croix ne se comptent pas.",
    ],
)
def test_un_texte_vrai_partout_est_admis(texte):
    assert relire_notebook(notebook(texte)) == []


@pytest.mark.parametrize("chemin", sorted((DEPOT / "notebooks").rglob("*.ipynb")), ids=lambda c: c.name)
def test_les_notebooks_livres_sont_vrais_partout(chemin):
    assert relire_notebook(nbformat.read(chemin, as_version=4)) == []
