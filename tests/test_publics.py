"""Les fiches par public : la composition, les blocs qu'elle choisit, ce qu'ils taisent."""

from __future__ import annotations

import ast
import datetime as dt
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import nbformat
import pytest

from observatoire.erreurs import ConfigError, ParametreError, PerimetreError
from observatoire.indicateurs.catalogue import catalogue_de
from observatoire.magasin import Magasin
from observatoire.perimetre import Periode, Territoire, lire_perimetre
from observatoire.publication.blocs import Avis, Bloc
from observatoire.publication.campagne.edition import produire_fiches
from observatoire.publication.composition import FICHIER, composer, lire_publics, public_demande
from observatoire.publication.fiche import Fiche
from observatoire.publication.fiche.programme import FicheProgramme
from observatoire.referentiel import ventilations
from tests.conftest import DEPOT
from tests.test_fiche import ecrire, ligne

if TYPE_CHECKING:
    import pandas as pd

PUBLICS = ("acheteur", "maitre-d-ouvrage", "elu", "coordination", "partenaire", "prescripteur")
NOTEBOOK = DEPOT / "notebooks" / "fiche_territoire.ipynb"


# ── La composition ──


def test_les_publics_du_depot_n_ont_que_des_blocs_et_des_chiffres_qui_existent(travail):
    assert tuple(lire_publics(travail)) == PUBLICS


@pytest.mark.parametrize(
    ("avant", "apres", "constat", "remede"),
    [
        ('"tendance"', '"tendence"', "« tendence » est inconnu", "tendance"),
        ('"part_qpv"', '"part_zus"', "« part_zus » est inconnu", "part_qpv"),
        ("durables ?", "durables", "n'est pas une question", "?"),
        ("[elu]\ntitre", "[elu]\nnom", "clé inconnue « nom »", "titre"),
        ('["flux", "profil"]', '["flux", "flux"]', "« flux » y est deux fois", "une"),
        ("[elu]", "[elu", "illisible", "ligne"),
    ],
)
def test_un_public_mal_ecrit_est_refuse_avec_ce_qu_il_faut_ecrire(travail, avant, apres, constat, remede):
    chemin = travail.racine / "notebooks" / FICHIER
    texte = chemin.read_text(encoding="utf-8")
    assert avant in texte
    chemin.write_text(texte.replace(avant, apres), encoding="utf-8")
    with pytest.raises(ConfigError) as levee:
        lire_publics(travail)
    assert constat in levee.value.constat
    assert remede in levee.value.remede


def test_un_public_inconnu_propose_le_plus_proche(travail):
    with pytest.raises(ParametreError, match="elu"):
        public_demande(travail, "élus")


def test_le_notebook_compose_garde_le_debut_la_methode_et_les_cellules_changees(travail):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    tendance = next(cellule for cellule in notebook.cells if cellule.id == "tendance")
    tendance.source = "fiche.tendance()  # changée par un analyste"
    compose = composer(notebook, public_demande(travail, "elu"))
    nbformat.validate(compose)
    sources = [cellule.source for cellule in compose.cells]
    assert sources[:3] == [cellule.source for cellule in notebook.cells[:3]]
    assert sources[3] == 'fiche.entete("Fiche de l’élu")'
    assert sources[4].startswith('fiche.chiffres_cles("heures_realisees", "cumul"')
    assert sources[5] == 'fiche.commentaire("elu")'
    assert "fiche.tendance()  # changée par un analyste" in sources
    assert sources[-2:] == ["## Comment lire ces chiffres ?", "fiche.methode()"]
    assert notebook.cells[3].source == "fiche.entete()", "le notebook reçu n'est pas modifié"
    for source in (c.source for c in compose.cells if c.cell_type == "code"):
        ast.parse(source)


def test_toute_partie_de_la_fiche_est_montree_par_une_fiche_au_moins(travail):
    generale = set(re.findall(r"fiche\.(\w+)\(\)", NOTEBOOK.read_text(encoding="utf-8")))
    choisies = {bloc for p in lire_publics(travail).values() for partie in p.parties for bloc in partie.blocs}
    assert {nom for nom in vars(Fiche) if not nom.startswith("_")} - {"ouvrir"} == generale | choisies


# ── Les blocs ──


def valeurs_de(catalogue: pd.DataFrame, territoire: str, periode: str, statut: str) -> list[dict]:
    """Tous les indicateurs et toutes leurs ventilations, publiés ou cachés."""
    lignes = []
    for indicateur in catalogue.to_dict("records"):
        for ventilation in ("ensemble", *filter(None, indicateur["ventilations"].split("|"))):
            codes = ventilations()[ventilation].libelles if ventilation != "ensemble" else ["ensemble"]
            for rang, code in enumerate(codes):
                valeur = 20.0 + rang if indicateur["unite"] == "%" else 1000.0 * (rang + 1)
                publiee = valeur if statut == "publie" else None
                lignes.append(
                    ligne(territoire, periode, indicateur["indicateur"], ventilation, code, publiee, statut)
                )
    return lignes


@pytest.fixture(scope="module")
def fiches(tmp_path_factory) -> dict[str, Fiche]:
    """Quatre fiches dont tout est publié, tout est secret, rien n'est reçu, ou qui portent sur une année."""
    from conftest import dossier_de_travail

    ouvertes = {}
    for nom, statut in (("publie", "publie"), ("secret", "secret"), ("vide", "")):
        config = dossier_de_travail(tmp_path_factory.mktemp(nom))
        catalogue = catalogue_de(config)
        lignes = [
            valeur
            for territoire in ("reg:11", "dep:93")
            for periode in ("2026-T3", "2025")
            for valeur in (valeurs_de(catalogue, territoire, periode, statut) if statut else [])
        ]
        ecrire(config, lignes, dt.date(2026, 11, 14))
        Magasin(config.processed).ecrire("indicateurs/catalogue", catalogue)
        ouvertes[nom] = Fiche.ouvrir("dep:93", "2026-T3", config)
    annuelle = replace(ouvertes["publie"]._contexte, periode=Periode(2025))
    return {**ouvertes, "annee": Fiche(annuelle)}


def blocs_choisis() -> list[str]:
    from observatoire.config import Config

    publics = lire_publics(Config.charger(DEPOT)).values()
    return sorted({bloc for public in publics for partie in public.parties for bloc in partie.blocs})


@pytest.mark.parametrize("bloc", blocs_choisis())
def test_chaque_bloc_se_rend_publie_secret_vide_et_a_l_annee(fiches, bloc):
    publie, secret, vide, annee = (getattr(fiches[n], bloc)() for n in ("publie", "secret", "vide", "annee"))
    assert publie.genre in ("figure", "chiffres")
    assert isinstance(vide, Avis)
    assert "secret statistique en couvrirait" not in vide.contenu, "rien reçu n'est pas un secret"
    assert not re.search(r"\d{3}", re.sub(r"20\d\d", "", secret.texte())), secret.texte()
    assert getattr(secret, "svg", None) is None
    if bloc not in ("tendance", "sorties"):  # leur période n'est pas celle de la fiche
        assert isinstance(annee, Bloc)
        assert "trimestre 2026" not in annee.texte()


@pytest.mark.parametrize("public", PUBLICS)
def test_les_chiffres_cles_d_un_public_se_taisent_avec_leurs_cellules(fiches, travail, public):
    noms = public_demande(travail, public).chiffres
    chiffres = fiches["publie"].chiffres_cles(*noms).chiffres
    assert all(re.match(r"\d", chiffre.valeur) for chiffre in chiffres)
    caches = fiches["secret"].chiffres_cles(*noms).chiffres
    assert {(c.valeur, c.unite, c.evolution) for c in caches} == {("s", "", "")}


def test_un_chiffre_que_le_trimestre_n_a_pas_vient_de_l_annee_et_le_dit(travail):
    lignes = [ligne("dep:93", "2025", "part_qpv", "ensemble", "ensemble", 17.2)]
    fiche = Fiche.ouvrir("dep:93", "2026-T3", ecrire(travail, lignes))
    assert [(c.valeur, c.precision) for c in fiche.chiffres_cles("part_qpv").chiffres] == [
        ("17,2", "des bénéficiaires qui y habitent, 2025")
    ]


def test_l_objectif_de_pme_n_est_ecrit_que_pour_les_chartes_qui_en_ont_un(fiches):
    lignes = {ligne[0]: ligne[2:] for ligne in fiches["publie"].petites_entreprises().tableau.lignes}
    assert lignes["Société des grands projets"] == ["20\u00a0%", "20,0\u00a0%"]
    assert lignes["SOLIDEO"][0] == "25\u00a0%"
    assert lignes["RATP"] == ["–", "–"]


# ── L'édition ──


@pytest.mark.parametrize("public", PUBLICS)
def test_la_fiche_d_un_public_tient_en_deux_pages(exemple, public):
    territoires = [Territoire.lire("reg:11"), Territoire.lire("ept:T3")]
    documents = produire_fiches(exemple, territoires, Periode.lire("2026-T3"), public=public)
    assert [document.html.name for document in documents] == [
        f"reg-11--{public}.html",
        f"ept-T3--{public}.html",
    ]
    assert all(document.pages <= 2 for document in documents)
    assert all(document.pdf.is_file() and document.notebook.is_file() for document in documents)


# ── Les programmes ──


def test_la_fiche_d_un_programme_ne_montre_que_ses_cellules(fiches):
    config = fiches["publie"]._contexte.config
    fiche = FicheProgramme.ouvrir("programme:GPE", "2026-T3", config)
    assert (fiche.entete().titre, fiche.entete().territoire) == ("Grand Paris Express", "programme:GPE")
    lignes = {ligne[0]: ligne[1:] for ligne in fiche.par_departement().tableau.lignes}
    # Dans ces valeurs, la cellule d'un projet porte son rang dans la liste : le premier vaut 1 000, ou 20 %.
    assert lignes["Seine-Saint-Denis"] == ["1\u202f000", *["20,0\u00a0%"] * 3]
    assert lignes["Paris"] == ["n.d."] * 4
    assert fiche.evolution().tableau.lignes[-1] == ["2026", "n.d.", "n.d.", "1\u202f000", "–"]
    assert fiche.chiffres_cles().chiffres[0].valeur == "1\u202f000"
    cachee = FicheProgramme.ouvrir("programme:GPE", "2026-T3", fiches["secret"]._contexte.config)
    for bloc in (cachee.evolution(), cachee.par_departement(), cachee.realisation()):
        assert getattr(bloc, "svg", None) is None
        assert not re.search(r"\d{3}", re.sub(r"20\d\d", "", bloc.texte()))
    vide = FicheProgramme.ouvrir("programme:GPE", "2026-T3", fiches["vide"]._contexte.config)
    assert {type(bloc) for bloc in (vide.evolution(), vide.par_departement(), vide.realisation())} == {Avis}


def test_un_programme_est_une_fiche_de_deux_pages(exemple):
    (document,) = produire_fiches(exemple, [lire_perimetre("programme:GPE")], Periode.lire("2026-T3"))
    assert (document.html.name, document.pages) == ("programme-GPE.html", 2)


@pytest.mark.parametrize(
    ("texte", "constat", "remede"),
    [
        ("programme:GPX", "Programme inconnu", "programme:GPE"),
        ("programme:HORS", "Programme inconnu", "programme:"),
        ("acheteur:21930008800012", "aucune cellule par acheteur", "--public acheteur"),
        ("dep:99", "Territoire inconnu", "dep:95"),
    ],
)
def test_un_perimetre_qui_n_est_pas_publie_se_refuse_en_disant_quoi_demander(texte, constat, remede):
    with pytest.raises(PerimetreError, match=constat) as levee:
        lire_perimetre(texte)
    assert remede in levee.value.remede
