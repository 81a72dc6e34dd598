"""Les campagnes : un fichier qui se vérifie, un plan qui dit pourquoi, rien d'à moitié écrit."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from observatoire.cli import cli
from observatoire.cli.progression import suivre
from observatoire.erreurs import ConfigError, ObservatoireError, PublicationError
from observatoire.magasin import Magasin, tenir
from observatoire.perimetre import Periode, Territoire
from observatoire.publication.campagne import cle, donnees, essai
from observatoire.publication.campagne.compte_rendu import en_texte, rendre_compte
from observatoire.publication.campagne.fichier import improviser, lire_campagne
from observatoire.publication.campagne.lancement import Avancement, Options, lancer
from observatoire.publication.campagne.manifeste import FICHIER, Manifeste, dossier_de
from observatoire.publication.campagne.parution import exiger_complete
from observatoire.publication.campagne.plan import Choix, planifier
from observatoire.publication.campagne.tache import NOTEBOOK, Document, Echec, Tache
from observatoire.schemas import SCHEMAS
from tests import campagne_factice as factice
from tests.conftest import DEPOT, dossier_de_travail
from tests.test_rendu import petit_notebook

PERIODE = Periode.lire("2026-T3")
DEP_93, DEP_75, REGION = (Territoire.lire(code) for code in ("dep:93", "dep:75", "reg:11"))
LUES = (("reg:11", "2026-T3", "heures", "ensemble"),)  # ce qu'une fiche lit de la région


def cellule(territoire: str, valeur: float, periode="2026-T3", indicateur="heures") -> dict[str, object]:
    return {
        "indicateur": indicateur,
        "territoire": territoire,
        "periode": periode,
        "ventilation": "ensemble",
        "modalite": "ensemble",
        "valeur": valeur,
        "unite": "h",
        "statut": "publie",
    }


def valeurs(**changees: float) -> list[dict[str, object]]:
    """Trois territoires au trimestre, et des heures de la région qu'aucune autre fiche ne lit."""
    heures = {"reg_11": 30.0, "dep_93": 20.0, "dep_75": 10.0, "ancien": 5.0, **changees}
    return [
        *(cellule(nom.replace("_", ":"), heures[nom]) for nom in ("reg_11", "dep_93", "dep_75")),
        cellule("reg:11", heures["ancien"], "2026-T1"),
    ]


def ecrire(config, lignes) -> None:
    magasin = Magasin(config.processed)
    table = pd.concat([SCHEMAS["indicateurs/valeurs"].vide(), pd.DataFrame(lignes)], ignore_index=True)
    magasin.ecrire("indicateurs/valeurs", table)
    provenance = {nom: ["x"] for nom in SCHEMAS["indicateurs/provenance"].noms}
    provenance |= {"date_extraction": [pd.Timestamp("2026-10-15")], "fictif": [True]}
    provenance |= {nom: [1] for nom in ("lues", "gardees", "marquees", "ecartees")}
    magasin.ecrire("indicateurs/provenance", pd.DataFrame(provenance))


@pytest.fixture
def atelier(travail):
    """Un dossier de travail aux trois territoires publiés."""
    ecrire(travail, valeurs())
    return travail


def rendre(tache) -> Document:
    """Un producteur qui rend le nom du document."""
    fichiers = {nom: f"{tache.nom}.{nom}".encode() for nom in tache.formats}
    return Document(tache, fichiers, 2, {"execution": 0.5, "html": 0.1}, LUES)


def rater(tache) -> Document:
    """Deux territoires échouent dans la même cellule, un troisième ailleurs."""
    if tache.objet in ("reg:11", "dep:75"):
        constat = (
            f"fiche_territoire.ipynb (territoire = {tache.objet}), cellule « fiche.profil() » : KeyError : 1"
        )
        raise PublicationError(constat, "Ouvrir le notebook.")
    if tache.objet == "dep:93":
        raise ValueError("bogue <b>gras</b>")
    return rendre(tache)


def produire(config, *territoires, producteur=rendre, choix=None, publics=("",)):
    demandes = territoires or (REGION, DEP_93, DEP_75)
    plan = planifier(config, improviser(config, demandes, PERIODE, publics), choix)
    with ThreadPoolExecutor(2) as executeur:
        return lancer(config, plan, executeur, Options(producteur=producteur))


def motifs(config, *territoires, **choix) -> dict[str, tuple[str, ...]]:
    demandes = territoires or (REGION, DEP_93, DEP_75)
    plan = planifier(config, improviser(config, demandes, PERIODE), Choix(**choix))
    return {ligne.tache.objet: ligne.motifs for ligne in plan.lignes}


A_JOUR = {"reg:11": (), "dep:93": (), "dep:75": ()}


# ── Le fichier ──


def campagne(config, texte: str, nom: str = "essai"):
    dossier = config.racine / "campagnes"
    dossier.mkdir(exist_ok=True)
    (dossier / f"{nom}.toml").write_text(texte, encoding="utf-8")
    return lire_campagne(config, nom)


def test_la_campagne_livree_donne_une_fiche_par_territoire_et_par_programme(atelier):
    lue = campagne(atelier, (DEPOT / "campagnes" / "trimestre.toml").read_text(encoding="utf-8"))
    taches = lue.taches(atelier)
    assert len(taches) == 22
    assert {tache.periode for tache in taches} == {"2026-T3"}
    assert taches[0].nom == "reg-11"
    assert taches[-1].nom == "programme-GPE"


def test_deux_editions_du_meme_document_reunissent_leurs_formats(atelier):
    lue = campagne(
        atelier,
        """
        [[editions]]
        perimetres = ["dep:93"]
        periodes = ["2026-T1", "2026-T3"]
        publics = ["general", "elu"]
        formats = ["pdf"]
        [[editions]]
        perimetres = ["dep:93"]
        periodes = "tout l'historique"
        formats = ["html"]
        """,
    )
    formats = {(tache.nom, tache.periode): tache.formats for tache in lue.taches(atelier)}
    assert formats == {
        ("dep-93", "2026-T1"): ("html", "pdf"),
        ("dep-93", "2026-T3"): ("html", "pdf"),
        ("dep-93--elu", "2026-T1"): ("pdf",),
        ("dep-93--elu", "2026-T3"): ("pdf",),
    }


@pytest.mark.parametrize(
    ("edition", "constat", "remede"),
    [
        ('niveau = ["dep"]', "clé inconnue « niveau »", "niveaux"),
        ('niveaux = ["depp"]', "Niveau inconnu", "dep"),
        ('niveaux = "dep"', "liste de textes", "niveaux"),
        ('perimetres = ["../dep:93"]', "Territoire inconnu", "dep:93"),
        ('perimetres = ["acheteur:1"]', "aucune cellule par acheteur", "--public"),
        ('niveaux = ["dep"]\npublics = ["elus"]', "Public inconnu", "elu"),
        ('perimetres = ["programme:GPE"]\npublics = ["elu"]', "programme n'a pas de public", "Retirer"),
        ('niveaux = ["dep"]\nformats = ["docx"]', "format inconnu", "html"),
        ('niveaux = ["dep"]\nperiodes = "demain"', "periodes = 'demain'", "dernier"),
        ('niveaux = ["dep"]\nperiodes = ["2026-T4"]', "n'est pas achevé", "2026-T3"),
        ("niveaux = []", "perimetres est vide", "au moins un"),
    ],
)
def test_une_campagne_mal_ecrite_dit_ou_et_comment_la_corriger(atelier, edition, constat, remede):
    with pytest.raises(ConfigError) as erreur:
        campagne(atelier, f"[[editions]]\n{edition}\n")
    assert erreur.value.constat.startswith("campagnes/essai.toml, édition 1")
    assert constat in erreur.value.constat
    assert remede in erreur.value.remede


@pytest.mark.parametrize("nom", ["../observatoire", "absente", "essai\n", "\uff45ssai"])
def test_une_campagne_se_nomme_par_son_fichier(atelier, nom):
    campagne(atelier, '[[editions]]\nniveaux = ["dep"]')
    with pytest.raises(ConfigError, match="Campagne inconnue"):
        lire_campagne(atelier, nom)


def test_un_fichier_mal_nomme_dit_comment_le_renommer(atelier):
    campagne(atelier, '[[editions]]\nniveaux = ["dep"]')
    (atelier.racine / "campagnes" / "mon été.toml").touch()
    with pytest.raises(ConfigError, match="est refusé") as erreur:
        lire_campagne(atelier, "mon été")
    assert "sans accent" in erreur.value.remede


@pytest.mark.parametrize(
    ("octets", "constat"),
    [
        (b'titre = "x"\nniveaux = [', "illisible : à la fin du fichier."),
        (b'titre = "x"\ntitre = "y"\n', "illisible : ligne 2, colonne"),
        ('titre = "x"\n# été\n'.encode("cp1252"), "la ligne 2 n'est pas en UTF-8"),
        (b"\xef\xbb\xbf" + b'titre = "x"\n', "aucune édition"),  # la marque du Bloc-notes ne gêne pas
    ],
)
def test_une_faute_de_toml_se_dit_en_francais_avec_sa_ligne(atelier, octets, constat):
    campagne(atelier, '[[editions]]\nniveaux = ["dep"]')
    (atelier.racine / "campagnes" / "essai.toml").write_bytes(octets)
    with pytest.raises(ConfigError) as erreur:
        lire_campagne(atelier, "essai")
    assert constat in erreur.value.constat
    assert " at " not in str(erreur.value)


@pytest.mark.parametrize(
    "textes",
    [
        ("../dep:93", "2026-T3"),
        ("dep:93\n", "2026-T3"),
        ("dep:93", "2026-T3/.."),
        ("dep:93", "2026-T3", "../elu"),
        ("dep:93", "2026-T3", "\uff45lu"),
        ("dep:93", "2026-T3", "x" * 300),
        ("dep:93", "2026-T3", "", ("../pdf",)),
    ],
)
def test_un_nom_de_fichier_ne_vient_que_de_codes_connus(tmp_path, textes):
    with pytest.raises(ObservatoireError):
        Tache(tmp_path, *textes)


# ── Le plan ──


def test_une_campagne_a_jour_n_a_rien_a_refaire(atelier):
    assert set(motifs(atelier).values()) == {("jamais produit",)}
    premier = produire(atelier)
    assert (len(premier.ecrits), premier.complete, premier.code) == (3, True, 0)
    assert motifs(atelier) == A_JOUR
    second = produire(atelier)
    assert [len(x) for x in (second.ecrits, second.inchanges)] == [0, 3]
    assert set(motifs(atelier, forcer=True).values()) == {("demandé (--forcer)",)}


DONNEES, AILLEURS = cle.PARTIES["donnees"], cle.PARTIES["ailleurs"]


@pytest.mark.parametrize(
    ("changees", "attendus"),
    [
        ({"dep_93": 21.0}, {"dep:93": (DONNEES,)}),
        # des heures tardives d'un autre trimestre : la région les montre, les autres ne les lisent pas
        ({"ancien": 6.0}, {"reg:11": (DONNEES,)}),
        ({"ancien": 6.0, "dep_93": 21.0}, {"reg:11": (DONNEES,), "dep:93": (DONNEES,)}),
        # du même trimestre : toutes les fiches se comparent à la région
        ({"reg_11": 31.0}, {"reg:11": (DONNEES,), "dep:93": (AILLEURS,), "dep:75": (AILLEURS,)}),
    ],
)
def test_une_donnee_qui_change_refait_les_fiches_qui_la_lisent(atelier, changees, attendus):
    produire(atelier)
    ecrire(atelier, valeurs(**changees))
    assert motifs(atelier) == {**A_JOUR, **attendus}


def test_sans_releve_de_lectures_toute_la_region_compte(atelier):
    produire(atelier, producteur=lambda tache: Document(tache, rendre(tache).fichiers, 2, {}, None))
    ecrire(atelier, valeurs(ancien=6.0))
    assert motifs(atelier)["dep:75"] == (AILLEURS,)


def test_une_fiche_qui_montre_ses_voisins_se_refait_quand_ce_qu_elle_en_lit_change(atelier):
    lues = (*LUES, ("dep:93", "2026-T3", "heures", "ensemble"))
    produire(atelier, producteur=lambda tache: Document(tache, rendre(tache).fichiers, 2, {}, lues))
    # d'autres chiffres du voisin, que la carte ne montre pas
    ecrire(atelier, [*valeurs(), cellule("dep:93", 1.0, indicateur="contrats")])
    assert motifs(atelier) == {**A_JOUR, "dep:93": (DONNEES,)}
    ecrire(atelier, valeurs(dep_93=21.0))
    assert motifs(atelier) == {"reg:11": (AILLEURS,), "dep:93": (DONNEES,), "dep:75": (AILLEURS,)}


def test_le_code_des_indicateurs_explique_des_donnees_qui_changent(atelier, monkeypatch):
    produire(atelier)
    monkeypatch.setattr(cle.Cles, "code_indicateurs", "autre")
    assert motifs(atelier) == A_JOUR
    ecrire(atelier, valeurs(dep_93=21.0))
    assert motifs(atelier)["dep:93"] == (DONNEES, "code des indicateurs, changé avant ces données")


def _ajouter(chemin: Path, texte: str) -> None:
    chemin.parent.mkdir(parents=True, exist_ok=True)
    chemin.write_text(
        (chemin.read_text(encoding="utf-8") if chemin.exists() else "") + texte, encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("fichier", "ajout", "partie"),
    [
        ("notebooks/fiche_territoire.ipynb", " ", "notebook"),
        ("report_templates/fiche/fiche.css", "/* */", "gabarits"),
        ("report_templates/commun/bloc.html.j2", " ", "gabarits"),
        ("contours/ept.geojson", "{}", "contours"),
        ("parametres.toml", "\n[[nouveau.valeurs]]\ndepuis = 2016-01-01\nvaleur = 1\n", "parametres"),
        ("requirements.lock", "x==1", "environnement"),
    ],
)
def test_un_fichier_commun_qui_change_refait_tout(atelier, fichier, ajout, partie):
    produire(atelier)
    _ajouter(atelier.racine / fichier, ajout)
    assert set(motifs(atelier).values()) == {(cle.PARTIES[partie],)}


@pytest.mark.parametrize(
    ("fichier", "ajout"),
    [
        ("parametres.toml", "\n# un mot\n"),
        ("notebooks/fiche_programme.ipynb", " "),
        ("report_templates/rapport/rapport.css", " "),
        ("commentaires/2026-T2/dep-93.md", "Un autre trimestre."),
    ],
)
def test_ce_qu_un_document_ne_lit_pas_ne_le_fait_pas_refaire(atelier, fichier, ajout):
    produire(atelier)
    _ajouter(atelier.racine / fichier, ajout)
    assert motifs(atelier) == A_JOUR


def test_la_charte_et_le_code_refont_tout(atelier, monkeypatch, tmp_path):
    produire(atelier)
    monkeypatch.setattr(cle, "_CHARTE", tmp_path / "autre.toml")
    assert set(motifs(atelier).values()) == {(cle.PARTIES["charte"],)}
    monkeypatch.undo()
    monkeypatch.setattr(cle, "_AUSSI", ("magasin",))
    assert set(motifs(atelier).values()) == {(cle.PARTIES["code"],)}


def test_un_commentaire_ne_refait_que_sa_fiche_et_un_public_que_les_siennes(atelier):
    def a_refaire() -> dict[str, tuple[str, ...]]:
        plan = planifier(atelier, improviser(atelier, (DEP_93, DEP_75), PERIODE, ("", "elu")))
        return {ligne.tache.nom: ligne.motifs for ligne in plan.a_faire}

    produire(atelier, DEP_93, DEP_75, publics=("", "elu"))
    _ajouter(atelier.racine / "commentaires" / "2026-T3" / "dep-93--elu.md", "À lire.")
    assert a_refaire() == {"dep-93--elu": (cle.PARTIES["commentaire"],)}
    produire(atelier, DEP_93, DEP_75, publics=("", "elu"))
    publics = atelier.racine / "notebooks" / "publics.toml"
    publics.write_text(publics.read_text(encoding="utf-8").replace('[elu]\ntitre = "', '[elu]\ntitre = "X'))
    assert a_refaire() == dict.fromkeys(("dep-93--elu", "dep-75--elu"), (cle.PARTIES["public"],))


def test_un_fichier_absent_ou_change_fait_refaire_son_document(atelier):
    bilan = produire(atelier)
    par_objet = {ecrit.tache.objet: ecrit for ecrit in bilan.ecrits}
    par_objet["dep:93"].pdf.unlink()
    par_objet["dep:75"].html.write_bytes(b"retouche")
    assert motifs(atelier) == {
        "reg:11": (),
        "dep:93": ("fichier absent : dep-93.pdf",),
        "dep:75": ("fichier changé depuis : dep-75.html",),
    }


def test_un_format_de_plus_refait_le_document_dans_tous_ses_formats(atelier):
    texte = '[[editions]]\nperimetres = ["dep:93"]\nperiodes = ["2026-T3"]\nformats = ["{}"]\n'
    with ThreadPoolExecutor(1) as executeur:
        plan = planifier(atelier, campagne(atelier, texte.format("html")))
        lancer(atelier, plan, executeur, Options(producteur=rendre))
    [ligne] = planifier(atelier, campagne(atelier, texte.format("pdf"))).lignes
    assert ligne.motifs == ("format pdf jamais produit",)
    assert ligne.tache.formats == ("html", "pdf")


def test_la_duree_prevue_vient_des_productions_passees(atelier):
    demandee = improviser(atelier, (REGION, DEP_93, DEP_75), PERIODE)
    assert planifier(atelier, demandee).duree(2) is None
    produire(atelier, REGION)
    prevu = planifier(atelier, demandee)
    assert [ligne.tache.objet for ligne in prevu.a_faire] == ["dep:93", "dep:75"]
    assert prevu.duree(1) == pytest.approx(1.2, abs=0.2)
    assert prevu.duree(2) == pytest.approx(0.6, abs=0.1)


def test_le_choix_restreint_la_campagne(atelier):
    produire(atelier)
    demandee = improviser(atelier, (REGION, DEP_93), PERIODE)
    plan = planifier(atelier, demandee, Choix(forcer=True, seulement=("dep:93",)))
    assert [ligne.tache.objet for ligne in plan.lignes] == ["dep:93"]
    with pytest.raises(ObservatoireError, match="n'est pas dans cette campagne"):
        planifier(atelier, demandee, Choix(seulement=("dep:75",)))


def test_rien_de_ce_qui_est_hors_de_la_cle_n_est_importe_par_une_fiche():
    hors = tuple(f"observatoire.publication.{nom}" for nom in cle.HORS_DES_FICHES)
    code = (
        "import sys, observatoire.publication.fiche.programme, observatoire.publication.composition; "
        "import observatoire.publication.rendu_html, observatoire.publication.rendu_pdf; "
        "print(*(m for m in sys.modules if m.startswith('observatoire.')))"
    )
    lus = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert len(lus) > 40
    assert not [module for module in lus if module.startswith(hors)]
    couverts = ("publication", "referentiel", *(nom.removesuffix(".py") for nom in cle._AUSSI))
    assert not [m for m in lus if m.split(".")[1] not in couverts]


# ── Les échecs ──


def test_les_echecs_sont_reunis_par_cause_et_les_bons_documents_gardes(atelier):
    bilan = produire(atelier, REGION, DEP_93, DEP_75, Territoire.lire("dep:94"), producteur=rater)
    assert [ecrit.tache.objet for ecrit in bilan.ecrits] == ["dep:94"]
    assert (bilan.complete, bilan.code) == (False, 1)
    titres = [(cause.titre, len(cause.echecs)) for cause in bilan.causes]
    assert titres[0] == ("KeyError — fiche_territoire.ipynb, cellule « fiche.profil() »", 2)
    assert titres[1][0].startswith("ValueError — test_campagne.py, ligne ")
    # la région publie deux lignes, Paris une : c'est Paris qu'il faut rejouer
    assert bilan.causes[0].plus_petit.tache.objet == "dep:75"
    texte = "\n".join(en_texte(bilan))
    assert "observatoire fiches dep:75 --periode 2026-T3 --forcer" in texte
    page = rendre_compte(atelier, bilan).read_text(encoding="utf-8")
    assert "bogue &lt;b&gt;gras" in page
    assert "http" not in page.split("</style>")[1]


@pytest.mark.parametrize(
    ("erreur", "attendu"),
    [
        (
            PublicationError("Figure « heures » : « 12 » n'est pas dans le tableau.", ""),
            "Figure « heures » : « 12 »",
        ),
        (
            PublicationError("f.ipynb (p = 1), cellule « x » : KeyError : « a » : absent", ""),
            "KeyError : « a » : absent",
        ),
        (ValueError("é" * 5000), "é" * 600 + "…"),
    ],
)
def test_le_bilan_garde_le_constat_entier_et_le_coupe_s_il_est_trop_long(atelier, erreur, attendu):
    def echouer(tache):
        raise erreur

    detail = produire(atelier, DEP_93, producteur=echouer).causes[0].detail
    assert detail.startswith(attendu)
    assert len(detail) <= 601


TROIS = 'titre = "Trois fiches"\n[[editions]]\nperimetres = ["reg:11", "dep:93", "dep:75"]\n'


def test_une_campagne_incomplete_n_est_pas_publiee_et_ses_echecs_se_reprennent(atelier):
    campagne(atelier, TROIS, "trimestre")
    produire(atelier)
    dossier = dossier_de(atelier, "2026-T3")
    avant = (dossier / "dep-75.pdf").read_bytes()
    exiger_complete(atelier, PERIODE)
    produire(atelier, producteur=rater, choix=Choix(forcer=True))
    assert json.loads((dossier / FICHIER).read_bytes())["etat"] == "incomplète"
    assert (dossier / "dep-75.pdf").read_bytes() == avant
    with pytest.raises(PublicationError, match="il y manque 3 document"):
        exiger_complete(atelier, PERIODE)
    assert set(motifs(atelier).values()) == {("en échec la dernière fois",)}
    assert produire(atelier, choix=Choix(echecs=True)).code == 0
    exiger_complete(atelier, PERIODE)
    (dossier / "dep-75.pdf").write_bytes(b"autre")
    with pytest.raises(PublicationError, match="ne sont plus ceux"):
        exiger_complete(atelier, PERIODE)


def test_un_document_retire_de_la_campagne_et_en_echec_dit_comment_en_sortir(atelier, monkeypatch):
    """Ni le plan, ni --echecs ne le connaissent plus : la commande qui le produit est donnée."""
    campagne(atelier, TROIS, "trimestre")
    produire(atelier, producteur=rater)
    produire(atelier, REGION, DEP_93)
    campagne(atelier, TROIS.replace(', "dep:75"', ""), "trimestre")
    monkeypatch.chdir(atelier.racine)
    rendu = CliRunner().invoke(cli, ["campagne"])
    assert rendu.exit_code == 1
    commande = "observatoire fiches dep:75 --periode 2026-T3"
    assert (
        f"Il y manque 1 document(s) que cette demande ne couvre pas. Lancer « {commande} »." in rendu.output
    )
    bilan = produire(atelier, REGION, choix=Choix(forcer=True))
    assert commande in "\n".join(en_texte(bilan))
    assert commande in rendre_compte(atelier, bilan).read_text(encoding="utf-8")
    assert produire(atelier, DEP_75).code == 0


def refus(config, periode) -> tuple[str, str]:
    with pytest.raises(PublicationError) as leve:
        exiger_complete(config, periode)
    return leve.value.constat, leve.value.remede


@pytest.mark.parametrize("texte", ["2026-T3", "2026-T1"])
def test_une_periode_est_complete_quand_elle_a_tout_ce_que_sa_campagne_prevoit(atelier, texte):
    periode = Periode.lire(texte)
    prevue = campagne(atelier, TROIS, "trimestre")
    assert prevue.editions[0].periodes == (PERIODE,)

    def lancer_les(lue, choix=None, producteur=rendre):
        with ThreadPoolExecutor(2) as executeur:
            lancer(atelier, planifier(atelier, lue, choix), executeur, Options(producteur=producteur))

    lancer_les(improviser(atelier, [DEP_93], periode))  # une seule, faite à la main
    constat, remede = refus(atelier, periode)
    assert f"{texte} est incomplète, il y manque 2 document(s) sur 3 (dep-75, reg-11)" in constat
    commande = f"observatoire campagne trimestre --periode {texte}"
    assert f"« {commande} »" in remede

    du_trimestre = lire_campagne(atelier, "trimestre", periode)  # ce que lit cette commande
    lancer_les(replace(du_trimestre, editions=(replace(du_trimestre.editions[0], formats=("html",)),)))
    assert "il y manque 2 document" in refus(atelier, periode)[0], "dep:75 et reg:11 n'ont que leur page"
    lancer_les(du_trimestre)
    exiger_complete(atelier, periode)

    lancer_les(improviser(atelier, [DEP_93], periode, ["elu"]), producteur=rater)
    constat, remede = refus(atelier, periode)
    assert "il y manque 1 document(s) sur 4 (dep-93--elu)" in constat
    assert f"« observatoire fiches dep:93 --periode {texte} --public elu »" in remede
    assert commande not in remede


def test_une_campagne_qui_ne_prevoit_rien_d_une_periode_ne_la_dit_pas_complete(atelier):
    campagne(atelier, f"{TROIS}periodes = ['2026-T1']\n", "trimestre")
    produire(atelier)
    assert "ne prévoit aucun document pour 2026-T3" in refus(atelier, PERIODE)[0]


def test_une_edition_dont_les_donnees_ont_change_ne_parait_pas_telle_quelle(atelier):
    """Le registre inscrirait comme lus des nombres qu'aucun document ne montre."""
    campagne(atelier, TROIS, "trimestre")
    produire(atelier)
    exiger_complete(atelier, PERIODE)
    ecrire(atelier, valeurs(dep_93=21.0))  # la région n'est pas touchée, Paris non plus
    constat, remede = refus(atelier, PERIODE)
    assert constat == "1 document(s) de 2026-T3 montrent des données qui ont changé depuis (dep-93)."
    assert "« observatoire campagne trimestre --periode 2026-T3 »" in remede
    produire(atelier)
    exiger_complete(atelier, PERIODE)


def test_diffuser_refuse_une_campagne_incomplete(atelier, monkeypatch):
    campagne(atelier, TROIS, "trimestre")
    produire(atelier, DEP_93)
    monkeypatch.chdir(atelier.racine)
    resultat = CliRunner().invoke(cli, ["diffuser", "2026-T3", "--date", "2026-11-14"])
    assert resultat.exit_code == 1
    assert "il y manque 2 document(s) sur 3" in resultat.output
    assert not (atelier.racine / "registre").exists()


def test_un_trimestre_passe_se_planifie_d_une_option(atelier, monkeypatch):
    campagne(atelier, TROIS, "trimestre")
    monkeypatch.chdir(atelier.racine)
    resultat = CliRunner().invoke(cli, ["plan", "--periode", "2026-T1", "--detail"])
    assert resultat.exit_code == 0, resultat.output
    assert [ligne.split()[:2] for ligne in resultat.output.splitlines()[:3]] == [
        [f"{objet},", "2026-T1"] for objet in ("reg:11", "dep:93", "dep:75")
    ]


@pytest.mark.parametrize(
    ("edition", "avant"),
    [
        ("2026-T3", "observatoire campagne trimestre --periode 2026-T3"),
        ("2025", "observatoire rapport --annee 2025"),
    ],
)
def test_diffuser_sans_document_dit_quoi_lancer_et_ne_passe_outre_que_par_une_raison(
    atelier, monkeypatch, edition, avant
):
    inscrites = []
    campagne(atelier, TROIS, "trimestre")
    monkeypatch.chdir(atelier.racine)
    monkeypatch.setattr(
        "observatoire.indicateurs.diffusions.diffuser",
        lambda _, periode, *__, **___: inscrites.append(periode),
    )

    def diffuser(*options):
        return CliRunner().invoke(cli, ["diffuser", edition, "--date", "2026-11-14", *options])

    for resultat in (diffuser(), diffuser("--malgre", "  ")):
        assert resultat.exit_code == 1
        assert avant in resultat.output
        assert "--malgre" in resultat.output
    assert inscrites == []
    resultat = diffuser("--malgre", "=fiches faites ailleurs, confirmé le 3")
    assert resultat.exit_code == 0
    assert list(map(str, inscrites)) == [edition]
    journal = (atelier.outputs / "qualite" / "derogations.csv").read_text(encoding="utf-8-sig").splitlines()
    assert journal[0] == "date;extraction;source;constat;raison"
    assert f"diffusion de {edition}" in journal[1]
    assert journal[1].endswith(";'=fiches faites ailleurs, confirmé le 3")


def test_une_tache_part_dans_un_autre_processus_et_son_echec_en_revient(atelier):
    plan = planifier(atelier, improviser(atelier, (DEP_93, Territoire.lire("dep:94")), PERIODE))
    with ProcessPoolExecutor(1) as executeur:
        bilan = lancer(atelier, plan, executeur, Options(producteur=rater))
    assert [ecrit.tache.objet for ecrit in bilan.ecrits] == ["dep:94"]
    assert bilan.echecs[0].endroit.startswith("test_campagne.py, ligne ")


def mourir(tache) -> Document:
    os._exit(9)


def test_un_processus_de_production_qui_meurt_laisse_de_quoi_reprendre(atelier):
    plan = planifier(atelier, improviser(atelier, (DEP_93, DEP_75), PERIODE))
    with ProcessPoolExecutor(1) as executeur:
        bilan = lancer(atelier, plan, executeur, Options(producteur=mourir))
    assert "arrêté net" in bilan.interruption
    assert len(bilan.restants) == 2
    assert bilan.code == 1
    assert set(motifs(atelier, DEP_93, DEP_75).values()) == {("campagne interrompue avant lui",)}
    assert produire(atelier, DEP_93, DEP_75, choix=Choix(reprise=True)).code == 0


# ── La sûreté ──


def test_une_seconde_campagne_est_refusee_d_une_phrase(atelier):
    plan = planifier(atelier, improviser(atelier, (DEP_93,), PERIODE))
    verrou = atelier.outputs / "fiches" / ".2026-T3.verrou"
    refus = pytest.raises(PublicationError, match="déjà en cours pour 2026-T3")
    with ThreadPoolExecutor(1) as executeur, tenir(verrou, RuntimeError()), refus:
        lancer(atelier, plan, executeur, Options(producteur=rendre))
    assert not dossier_de(atelier, "2026-T3").exists()


def test_le_verrou_exclut_un_autre_processus_et_meurt_avec_celui_qui_le_tient(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from observatoire.magasin.verrou import tenir\n"
        "with tenir(Path(sys.argv[1]), RuntimeError('pris')):\n  print('pris', flush=True); time.sleep(60)"
    )
    commande = [sys.executable, "-c", code, str(tmp_path / "v")]
    with subprocess.Popen(commande, stdout=subprocess.PIPE) as tient:
        tient.stdout.readline()
        with pytest.raises(KeyError, match="refus"), tenir(tmp_path / "v", KeyError("refus")):
            pass
        tient.kill()
        tient.wait()
    with tenir(tmp_path / "v", KeyError("refus")):
        pass


def test_tuee_trente_fois_une_campagne_ne_laisse_que_des_documents_entiers(travail):
    commande = [sys.executable, "-m", "tests.campagne_factice", str(travail.racine), "30", "20260930"]
    sortie = subprocess.run(commande, cwd=DEPOT, capture_output=True, text=True, check=True).stdout
    *tues, fini = json.loads(sortie)
    assert len(tues) == 30
    assert all(etat["morceaux"] == [] and etat["faux"] == {} for etat in tues)
    assert any(0 < etat["listes"] < 21 for etat in tues)  # des morts au milieu du travail
    assert fini == {"morceaux": [], "faux": {}, "listes": 21, "restants": 0}


def test_un_arret_demande_laisse_finir_les_documents_commences(travail):
    code = (
        "import sys; from pathlib import Path; from tests import campagne_factice as f; import time\n"
        "f.produire = lambda tache, tour: (print('.', flush=True), time.sleep(0.2), "
        "f.Document(tache, {n: f.contenu(tache, n, tour) for n in tache.formats}, 2, {}, ()))[-1]\n"
        "bilan = f.produire_tout(Path(sys.argv[1]), 1); print(bilan.arret); sys.exit(bilan.code)"
    )
    commande = [sys.executable, "-c", code, str(travail.racine)]
    with subprocess.Popen(commande, cwd=DEPOT, stdout=subprocess.PIPE, text=True) as campagne_:
        campagne_.stdout.readline()
        campagne_.send_signal(signal.SIGTERM)
        sortie = campagne_.stdout.read()
    assert campagne_.returncode == 128 + signal.SIGTERM
    assert "arrêt demandé" in sortie
    etat = factice.etat(travail.racine)
    assert etat["morceaux"] == []
    assert etat["faux"] == {}
    assert 0 < etat["listes"] < 21
    assert etat["listes"] + etat["restants"] == 21
    assert factice.produire_tout(travail.racine, 1, Choix(reprise=True)).code == 0


def test_un_disque_plein_arrete_la_campagne_sans_toucher_aux_anciens(atelier, monkeypatch):
    produire(atelier)
    dossier = dossier_de(atelier, "2026-T3")
    avant = {chemin.name: chemin.read_bytes() for chemin in dossier.glob("*.*") if chemin.name != FICHIER}

    def plein(dir, prefix):
        provisoire = Path(dir) / f"{prefix}plein"
        provisoire.touch()
        document = not prefix.startswith(f".{FICHIER}")
        return os.open("/dev/full" if document else provisoire, os.O_WRONLY), str(provisoire)

    monkeypatch.setattr("observatoire.magasin.ecriture.tempfile.mkstemp", plein)
    autre = lambda tache: Document(tache, {"pdf": b"neuf"}, 2, {}, LUES)  # noqa: E731
    bilan = produire(atelier, producteur=autre, choix=Choix(forcer=True))
    monkeypatch.undo()
    assert bilan.interruption == "plus de place sur le disque"
    assert (bilan.echecs, bilan.code) == ((), 1), "un document que le disque a refusé n'a pas échoué"
    apres = {chemin.name: chemin.read_bytes() for chemin in dossier.glob("*.*") if chemin.name != FICHIER}
    assert apres == avant
    assert Manifeste.lire(dossier).anomalies() == {}
    assert produire(atelier, choix=Choix(reprise=True)).code == 0, "ce que le bilan dit de lancer"


def test_une_taille_de_fichier_limitee_n_abime_rien(travail):
    """RLIMIT_FSIZE : le troisième fichier ne passe pas, les deux autres n'y vont pas non plus."""

    def limiter() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    code = (
        "import sys; from pathlib import Path; from tests import campagne_factice as f\n"
        "f.contenu = lambda tache, n, tour: b'x' * (90_000 if (n, tache.objet) == ('pdf', 'dep:93') else 1)\n"
        "bilan = f.produire_tout(Path(sys.argv[1]), 1); print(bilan.echecs[0].constat); sys.exit(bilan.code)"
    )
    commande = [sys.executable, "-c", code, str(travail.racine)]
    fini = subprocess.run(
        commande, cwd=DEPOT, capture_output=True, text=True, preexec_fn=limiter, check=False
    )
    assert fini.returncode == 1, fini.stderr
    assert "le fichier est trop gros" in fini.stdout
    dossier = travail.outputs / "fiches" / "2026-T3"
    assert not list(dossier.glob("*dep-93*"))
    assert not list(dossier.glob(".*"))
    assert len(Manifeste.lire(dossier).documents) == 20
    assert Manifeste.lire(dossier).anomalies() == {}


@pytest.mark.parametrize(
    "abimer",
    [
        lambda octets: octets[:100],
        lambda octets: json.dumps({**json.loads(octets), "documents": []}).encode(),
        lambda octets: json.dumps({**json.loads(octets), "documents": {"dep-93": {}}}).encode(),
        lambda octets: json.dumps({**json.loads(octets), "restants": None}).encode(),
    ],
)
def test_un_manifeste_illisible_fait_tout_refaire(atelier, abimer):
    produire(atelier)
    chemin = dossier_de(atelier, "2026-T3") / FICHIER
    chemin.write_bytes(abimer(chemin.read_bytes()))
    assert set(motifs(atelier).values()) == {("jamais produit",)}
    assert produire(atelier).complete


# ── Les mêmes octets ──


def test_deux_productions_donnent_les_memes_octets_ou_que_ce_soit(travail, tmp_path):
    """Autre dossier, autre fuseau, autre locale, autre graine de hachage : mêmes fichiers, mêmes clés."""
    lieux = {
        "ici": {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"},
        "là bas/é": {"TZ": "Pacific/Auckland", "LC_ALL": "POSIX", "PYTHONHASHSEED": "7"},
    }
    petit_notebook(travail)
    notebook, rendus = (travail.racine / "notebooks" / NOTEBOOK).read_bytes(), []
    for lieu, environnement in lieux.items():
        (tmp_path / lieu).mkdir(parents=True)
        config = dossier_de_travail(tmp_path / lieu)
        ecrire(config, valeurs())
        (config.racine / "notebooks" / NOTEBOOK).write_bytes(notebook)
        fini = subprocess.run(
            [sys.executable, "-c", "from observatoire.cli import main; main()", "fiches", "dep:93"],
            env={**os.environ, **environnement, "OBSERVATOIRE_RACINE": str(config.racine)},
            capture_output=True,
            check=False,
        )
        assert fini.returncode == 0, fini.stderr.decode()
        dossier = dossier_de(config, "2026-T3")
        fichiers = {c.name: c.read_bytes() for c in sorted(dossier.iterdir()) if c.name != FICHIER}
        rendus.append((fichiers, Manifeste.lire(dossier).documents))
    assert rendus[0] == rendus[1]
    assert set(rendus[0][0]) == {"dep-93.ipynb", "dep-93.html", "dep-93.pdf"}
    # le relevé des lectures a eu lieu, et n'a pas laissé de trace dans le notebook
    assert rendus[0][1]["dep-93"]["lectures"] == []
    assert b"tranches_lues" not in rendus[0][0]["dep-93.ipynb"]


# ── Le journal, la commande ──


def test_le_journal_donne_la_duree_de_chaque_etape(atelier):
    produire(atelier, DEP_93)
    [chemin] = (atelier.outputs / "journaux").glob("*.jsonl")
    lignes = [json.loads(ligne) for ligne in chemin.read_text(encoding="utf-8").splitlines()]
    assert [ligne["evenement"] for ligne in lignes] == ["depart", "document", "fin"]
    assert set(lignes[1]["secondes"]) == {"execution", "html", "ecriture"}
    produire(atelier, DEP_93)  # rien à faire : pas de journal de plus
    assert len(list((atelier.outputs / "journaux").glob("*.jsonl"))) == 1


def test_les_commandes_plan_et_campagne(atelier, monkeypatch):
    campagne(atelier, '[[editions]]\nperimetres = ["reg:11", "dep:93"]\nperiodes = "dernier"\n', "petite")
    monkeypatch.chdir(atelier.racine)
    monkeypatch.setattr(essai, "_producteur", lambda: rendre)

    def appeler(*arguments: str):
        return CliRunner().invoke(cli, list(arguments))

    assert "2 à refaire, durée inconnue" in appeler("plan", "petite").output
    assert not (atelier.outputs / "fiches").exists()
    fait = appeler("campagne", "petite", "--processus", "1")
    assert (fait.exit_code, "complète : 2 documents produits" in fait.output) == (0, True)
    assert appeler("plan", "petite").output == "2 documents : tout est à jour.\n"
    detail = appeler("plan", "petite", "--detail", "--forcer", "--seulement", "dep:93").output
    assert "dep:93, 2026-T3            demandé (--forcer)" in detail
    assert "environ 1 s" in detail
    monkeypatch.setattr(essai, "_producteur", lambda: rater)
    rate = appeler("fiches", "dep:93", "--periode", "2026-T3", "--forcer")
    assert rate.exit_code == 1
    assert "Rejouer le plus petit" in rate.output
    assert "bilan.html" in rate.output


def test_sur_un_terminal_l_avancement_est_une_barre_et_les_echecs_restent(atelier, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    echec = Echec(
        Tache(atelier.racine, "dep:75", "2026-T3"), "KeyError", "cellule « x »", "constat", "remède"
    )
    with suivre(2) as suivi:
        suivi(Avancement(1, 2, echec, 1.0))
        suivi(Avancement(2, 2, produire(atelier, DEP_93).ecrits[0], 2.0))
    dit = capsys.readouterr().err
    assert "dep:75, 2026-T3" in dit
    assert "KeyError" in dit
    assert "dep:93" not in dit
    assert "2/2" in dit
    assert "1 en échec" in dit


def test_savoir_qu_il_n_y_a_rien_a_faire_ne_charge_ni_jupyter_ni_le_dessin(atelier):
    campagne(atelier, '[[editions]]\nperimetres = ["dep:93"]\nperiodes = "dernier"\n', "petite")
    produire(atelier, DEP_93)
    code = (
        "import sys; from click.testing import CliRunner; from observatoire.cli import cli; "
        "r = CliRunner().invoke(cli, ['campagne', 'petite']); assert r.exit_code == 0, r.output; "
        "sys.exit(' '.join({'matplotlib', 'nbformat', 'papermill', 'jinja2'} & set(sys.modules)) or 0)"
    )
    environnement = {**os.environ, "OBSERVATOIRE_RACINE": str(atelier.racine)}
    subprocess.run([sys.executable, "-c", code], env=environnement, check=True)


def test_deux_cent_cinquante_documents_a_jour_ne_lisent_chaque_table_qu_une_fois(atelier, monkeypatch):
    lieux = Territoire.tous("reg", "dep", "ept", "epci")
    tous = improviser(atelier, lieux, PERIODE, ("", "acheteur", "elu", "prescripteur"))
    octets = os.urandom(100_000)
    gros = lambda tache: Document(tache, dict.fromkeys(tache.formats, octets), 2, {}, LUES)  # noqa: E731
    with ThreadPoolExecutor(2) as executeur:
        lancer(atelier, planifier(atelier, tous), executeur, Options(producteur=gros))
    lire, lues = donnees._lire, []
    monkeypatch.setattr(donnees, "_lire", lambda *recus: lues.append(recus[1]) or lire(*recus))
    plan = planifier(atelier, tous)
    assert len(plan.lignes) > 250
    assert not plan.a_faire
    assert lues
    assert len(lues) == len(set(lues))
