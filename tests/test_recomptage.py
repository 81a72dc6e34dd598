"""Le second calcul : tous les blocs de toutes les fiches, refaits depuis les tables, et ce qu'il voit."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace
from decimal import Decimal

import pandas as pd
import pytest

from observatoire.config import Config
from observatoire.indicateurs.catalogue import catalogue_de
from observatoire.magasin import Magasin
from observatoire.perimetre import Periode
from observatoire.publication.composition import lire_publics
from observatoire.publication.fiche import Fiche
from observatoire.publication.fiche.programme import FicheProgramme
from observatoire.publication.verification.recomptage import Tables, recompter_fiche
from observatoire.publication.verification.recomptage.attendu import Attendu, Bilan
from observatoire.publication.verification.recomptage.fiche import declares, recompte_de
from observatoire.publication.verification.recomptage.vue import Vue, courte, derniere, un_an
from observatoire.schemas import SCHEMAS
from tests.conftest import DEPOT, dossier_de_travail
from tests.test_fiche import ecrire, ligne
from tests.test_publics import valeurs_de

A_PART = ("ouvrir", "entete", "chiffres_cles", "commentaire")


def toute_la_fiche(config, territoire: str, periode: str) -> list[dict]:
    """Tous les blocs qu'une fiche peut montrer, ceux de la générale et ceux de chaque public."""
    fiche = Fiche.ouvrir(territoire, periode, config)
    publics = lire_publics(config).values()
    bandes = [fiche.chiffres_cles(), *(fiche.chiffres_cles(*public.chiffres) for public in publics)]
    noms = [nom for nom in vars(Fiche) if not nom.startswith("_") and nom not in A_PART]
    blocs = [fiche.entete("Fiche de l’élu"), *bandes, *(getattr(fiche, nom)() for nom in noms)]
    return [bloc.json() for bloc in blocs]


def tout_le_programme(config, periode: str, code: str = "GPE") -> list[dict]:
    fiche = FicheProgramme.ouvrir(f"programme:{code}", periode, config)
    noms = [nom for nom in vars(FicheProgramme) if not nom.startswith("_") and nom != "ouvrir"]
    attributs = {"programme", "contexte", "departements"}
    return [getattr(fiche, nom)().json() for nom in noms if nom not in attributs]


def sans_ecart(bilan: Bilan) -> int:
    """Le nombre de nombres recomptés, tous justes."""
    assert [str(trouve) for trouve in bilan.trouves] == []
    assert bilan.omis == []
    return bilan.nombres


# ── Tous les blocs ──


@pytest.fixture(scope="module")
def tables(exemple) -> Tables:
    """Les tables de l'exemple."""
    return Tables.lire(exemple)


@pytest.fixture(scope="module")
def region(exemple) -> list[dict]:
    """Tous les blocs de la région : la seule dont l'exemple réduit publie tout."""
    return toute_la_fiche(exemple, "reg:11", "2026-T3")


@pytest.fixture
def sans_dessin(monkeypatch):
    """Les figures sans leur dessin, long à faire."""
    vide = '<svg xmlns="http://www.w3.org/2000/svg"/>'
    monkeypatch.setattr("observatoire.publication.feuille.dessiner", lambda *_: vide)


def test_chaque_bloc_de_la_region_se_recompte(region, tables):
    assert sans_ecart(recompter_fiche(region, tables)) > 600


@pytest.mark.parametrize(
    ("territoire", "periode"),
    [("dep:93", "2026-T3"), ("ept:T3", "2026-T3"), ("reg:11", "2025-T4"), ("dep:93", "2022-T1")],
    ids=["effectif insuffisant", "presque tout secret", "fin d’année", "sans données"],
)
@pytest.mark.usefixtures("sans_dessin")
def test_chaque_bloc_de_chaque_public_se_recompte(exemple, tables, territoire, periode):
    assert sans_ecart(recompter_fiche(toute_la_fiche(exemple, territoire, periode), tables))


@pytest.mark.usefixtures("sans_dessin")
@pytest.mark.parametrize("code", ["GPE", "JOP2024", "L14_PROL"])
def test_chaque_bloc_d_un_programme_se_recompte(exemple, tables, code):
    assert sans_ecart(recompter_fiche(tout_le_programme(exemple, "2026-T3", code), tables))


@pytest.mark.parametrize("statut", ["publie", "secret", ""], ids=["tout publié", "tout secret", "vide"])
@pytest.mark.usefixtures("sans_dessin")
def test_un_territoire_tout_publie_tout_secret_ou_vide_se_recompte(tmp_path, statut):
    config = dossier_de_travail(tmp_path)
    catalogue = catalogue_de(config)
    periodes = ("2026-T3", "2025-T3", "2025") if statut else ()
    lieux = ("reg:11", "dep:93")
    lignes = [v for lieu in lieux for quand in periodes for v in valeurs_de(catalogue, lieu, quand, statut)]
    ecrire(config, lignes, dt.date(2026, 11, 14))
    Magasin(config.processed).ecrire("indicateurs/catalogue", catalogue)
    Magasin(config.processed).ecrire("indicateurs/revisions", SCHEMAS["indicateurs/revisions"].vide())
    tables = Tables.lire(config)
    assert sans_ecart(recompter_fiche(toute_la_fiche(config, "dep:93", "2026-T3"), tables))
    assert sans_ecart(recompter_fiche(tout_le_programme(config, "2026-T3"), tables))


# ── Ce qui est faux se voit ──


@pytest.fixture(scope="module")
def attendus(region, tables) -> list[tuple[dict, Attendu]]:
    """Chaque bloc de la région, et ce qu'il doit dire."""
    vue, connus = Vue(tables, "reg:11", Periode(2026, 3)), declares(None)
    paires = []
    for bloc in region:
        attendu = recompte_de(bloc, connus)(vue, bloc)
        assert attendu is not None
        paires.append((bloc, attendu))
    return paires


def vu(bloc: dict, attendu: Attendu) -> bool:
    bilan = Bilan()
    bilan.noter(bloc, attendu)
    return bool(bilan.trouves)


def cases(bloc: dict) -> list[tuple[list, int | str]]:
    """Où sont les cases d'un bloc : la ligne d'un tableau et son rang, ou un chiffre et sa valeur."""
    if bloc["genre"] == "chiffres":
        return [(c, nom) for c in bloc["chiffres"] for nom in ("valeur", "evolution") if c[nom]]
    return [(ligne, rang) for ligne in bloc.get("lignes", []) for rang in range(1, len(ligne))]


def test_chaque_case_changee_d_un_chiffre_est_vue(attendus):
    combien = 0
    for bloc, attendu in attendus:
        copie = json.loads(json.dumps(bloc))
        for ou, cle in cases(copie):
            avant = ou[cle]
            ou[cle] = re.sub(r"\d", lambda trouve: str((int(trouve[0]) + 1) % 10), avant, count=1)
            if ou[cle] == avant:
                ou[cle] = "1"  # un signe remplacé par un nombre
            assert vu(copie, attendu), (bloc.get("id"), avant, ou[cle])
            ou[cle] = avant
            combien += 1
        assert not vu(copie, attendu)
    assert combien > 350


def test_un_nombre_d_un_texte_ou_d_un_dessin_qu_aucune_cellule_ne_porte_est_vu(attendus):
    nombre = re.compile(r"\d+(?:[,\u202f]\d+)*")
    champs = ("titre", "sous_titre", "lecture", "note", "alt", "svg", "paragraphes", "pied")
    changes = set()
    for bloc, attendu in attendus:
        for champ in {*champs} & {*bloc}:
            ecrit = json.dumps(bloc[champ], ensure_ascii=False)
            motif = re.compile(r"(?<=>)[^<>]*\d[^<>]*(?=</text>)") if champ == "svg" else nombre
            if motif.search(ecrit):
                copie = {**bloc, champ: json.loads(motif.sub("98\u202f765", ecrit, count=1))}
                assert vu(copie, attendu), (bloc.get("id"), champ)
                changes.add(champ)
    assert changes == {*champs}


def test_une_ligne_de_moins_ou_de_trop_et_un_en_tete_change_sont_vus(attendus):
    bloc, attendu = next(paire for paire in attendus if paire[0].get("id") == "tendance")
    assert vu({**bloc, "lignes": bloc["lignes"][1:]}, attendu)
    assert vu({**bloc, "lignes": [*bloc["lignes"], bloc["lignes"][0]]}, attendu)
    assert vu({**bloc, "colonnes": ["Année", "T1", "T3", "T2", "T4"]}, attendu)


@pytest.mark.parametrize(
    ("indicateur", "ventilation"),
    [
        ("heures_realisees", "modalite"),
        ("heures_realisees", "programme"),
        ("heures_engagees", "secteur"),
        ("beneficiaires", "prescripteur"),
        ("beneficiaires", "ensemble"),
        ("contrats_actifs", "type_employeur"),
        ("marches_notifies", "type_marche"),
        ("marches_reserves", "reservation"),
        ("part_qpv", "ensemble"),
        ("part_heures_reservees", "projet"),
        ("part_pme_projets", "maitre_ouvrage"),
        ("delai_de_saisie", "ensemble"),
        ("taux_avancement", "ensemble"),
    ],
)
def test_une_valeur_changee_dans_la_table_est_vue(region, tables, indicateur, ventilation):
    ici = (tables.valeurs["indicateur"] == indicateur) & (tables.valeurs["ventilation"] == ventilation)
    valeurs = tables.valeurs.assign(
        valeur=tables.valeurs["valeur"].where(~ici, 3 * tables.valeurs["valeur"] + 7)
    )
    assert recompter_fiche(region, replace(tables, valeurs=valeurs, _lues={})).trouves


def test_un_nombre_devenu_secret_est_vu(region, tables):
    """La table dit « secret » : un document qui garde le nombre d'avant est faux."""
    cachees = tables.valeurs["statut"].mask(tables.valeurs["modalite"] == "EXECUTION", "secret")
    valeurs = tables.valeurs.assign(statut=cachees)
    trouves = recompter_fiche(region, replace(tables, valeurs=valeurs, _lues={})).trouves
    assert any("« s » d'après les indicateurs" in trouve.constat for trouve in trouves)


def test_un_avis_a_la_place_d_une_figure_publiee_est_vu(region, tables):
    avis = {"genre": "avis", "texte": "Contrats de travail par type : aucune donnée en Île-de-France."}
    [trouve] = recompter_fiche([region[0], avis], tables).trouves
    assert "ont de quoi remplir" in trouve.constat


def test_un_bloc_que_rien_ne_declare_est_dit_non_verifie(region, tables):
    inconnu = {"genre": "figure", "id": "nouvelle", "colonnes": ["A", "B"], "lignes": [["x", "1"]]}
    assert recompter_fiche([region[0], inconnu], tables).omis == ["nouvelle"]


def test_le_second_calcul_n_emprunte_rien_a_ce_qui_ecrit_les_documents():
    dossier = DEPOT / "src" / "observatoire" / "publication" / "verification" / "recomptage"
    sources = "".join(chemin.read_text(encoding="utf-8") for chemin in dossier.glob("*.py"))
    importes = set(re.findall(r"from observatoire\.publication\.(\w+)", sources))
    assert importes == {"verification", "deroule", "charte", "contours"}


# ── L'arithmétique, sur de petites tables ──


def vue(*lignes: dict, periode: str = "2026-T3") -> Vue:
    config = Config.charger(DEPOT)
    colonnes = [
        "territoire",
        "periode",
        "indicateur",
        "ventilation",
        "modalite",
        "valeur",
        "statut",
        "repere",
    ]
    vide = pd.DataFrame(columns=[*colonnes, "unite", "ecart", "couverture_pct"])
    catalogue = catalogue_de(config).set_index("indicateur")
    tables = Tables(config, pd.DataFrame(lignes, columns=colonnes[:-1]), vide, catalogue, vide, vide, vide)
    return Vue(tables, "dep:93", Periode.lire(periode))


def cellule(ventilation: str, modalite: str, valeur: float | None, statut="publie", quand="2026-T3") -> dict:
    return ligne("dep:93", quand, "beneficiaires", ventilation, modalite, valeur, statut)


def test_le_second_calcul_refait_parts_secret_et_non_renseigne():
    lue = vue(
        cellule("ensemble", "ensemble", 1000.0),
        cellule("sexe", "F", 300.0),
        cellule("sexe", "M", None, "secret"),
        cellule("sexe", "NR", 200.0),
    )
    assert lue.part("beneficiaires", "sexe", ["F"]) == Decimal("37.5")  # 300 ÷ (1 000 − 200)
    assert lue.part("beneficiaires", "sexe", ["F", "M"]) == "s"
    assert lue.part("beneficiaires", "sexe", ["X"]) == "n.d."
    trop = vue(
        cellule("ensemble", "ensemble", 100.0), cellule("sexe", "F", 40.0), cellule("sexe", "NR", 60.0)
    )
    assert trop.part("beneficiaires", "sexe", ["F"]) == "n.s."  # 60 % de non-renseigné, au-delà de 30 %


def test_le_non_renseigne_secret_laisse_les_parts_sur_l_ensemble():
    lue = vue(
        cellule("ensemble", "ensemble", 1000.0),
        cellule("sexe", "F", 300.0),
        cellule("sexe", "NR", None, "secret"),
    )
    assert lue.part("beneficiaires", "sexe", ["F"]) == 30  # 300 ÷ 1 000 : sur le renseigné, il se déduirait


def test_une_cellule_secrete_qui_porte_un_nombre_ne_le_donne_pas():
    assert vue(cellule("ensemble", "ensemble", 3.0, "secret")).une("beneficiaires") == "s"


def test_chaque_figure_prend_la_premiere_periode_qui_publie_sa_ventilation():
    lignes = [cellule("sexe", "F", 1.0, quand=quand) for quand in ("2026-T3-4T", "2025")]
    choisies = {choix: str(choix(vue(*lignes), "beneficiaires", "sexe").periode) for choix in (courte, un_an)}
    assert choisies == {courte: "2026-T3-4T", un_an: "2026-T3-4T"}
    annee = vue(cellule("sexe", "F", 1.0, quand="2025"))
    assert str(courte(annee, "beneficiaires", "sexe").periode) == "2026-T3"
    assert str(derniere(annee, "beneficiaires", "sexe").periode) == "2025"
    assert str(courte(vue(periode="2025-T4"), "beneficiaires", "sexe").periode) == "2025-T4"


def test_une_evolution_se_recalcule_des_valeurs_quand_les_comparaisons_l_admettent():
    lue = vue(cellule("ensemble", "ensemble", 110.0), cellule("ensemble", "ensemble", 100.0, quand="2025-T3"))
    assert lue.evolution("beneficiaires") == "–"
    cle = ("dep:93", "2026-T3", "beneficiaires", "an_precedent")
    for dite, attendue in (
        (("publie", "%", 99.0, 0.0), "+10,0\xa0%"),  # (110 − 100) ÷ 100, quoi que dise la table
        (("publie", "points", 99.0, 0.0), "+10,0\xa0points"),
        (("non_significatif", "%", 0.0, 0.0), "n.s."),
        (("secret", "%", 0.0, 0.0), "–"),
    ):
        lue.tables.evolutions[cle] = dite
        assert lue.evolution("beneficiaires") == attendue
