"""Les figures qui comparent : sexes et âges, un territoire et ses voisins, deux années."""

from __future__ import annotations

import re

import pytest

from observatoire.indicateurs.catalogue import catalogue_de
from observatoire.magasin import Magasin
from observatoire.perimetre import Territoire
from observatoire.publication.blocs import Avis
from observatoire.publication.cellules import tranches_lues
from observatoire.publication.fiche import Fiche
from observatoire.publication.rapport import Rapport
from observatoire.publication.redaction import verifier_nombres
from tests.test_fiche import ecrire, ligne

INSECABLE, FINE = "\u00a0", "\u202f"
DEPARTEMENTS, METROPOLE = Territoire.tous("dep"), Territoire.tous("ept")


def ensemble(territoire, periode, indicateur, valeur, **autres):
    return cellule(territoire, periode, indicateur, "ensemble", "ensemble", valeur, **autres)


def cellule(territoire, periode, indicateur, ventilation, modalite, valeur, unite=""):
    """Une cellule publiée ; un texte est son statut."""
    cache = isinstance(valeur, str)
    lue = ligne(territoire, periode, indicateur, ventilation, modalite, None if cache else float(valeur))
    return {**lue, "unite": unite, "statut": valeur if cache else "publie"}


def decrire(config, lignes):
    """Le dossier de travail où ces valeurs sont publiées, au catalogue de l'observatoire."""
    ecrire(config, lignes)
    Magasin(config.processed).ecrire("indicateurs/catalogue", catalogue_de(config))
    return config


# ── La pyramide ──


def personnes(territoire, periode, **effectifs):
    """Un croisement : `F_M26=10` ; le total de chaque sexe, et l'ensemble, à part."""
    croisees = [
        cellule(territoire, periode, "beneficiaires", "sexe_tranche_age", nom.replace("_", "×", 1), n)
        for nom, n in effectifs.items()
    ]
    sexes = [cellule(territoire, periode, "beneficiaires", "sexe", s, 100) for s in ("F", "M")]
    return [*croisees, *sexes, ensemble(territoire, periode, "beneficiaires", 200)]


TOUS = {"F_M26": 10, "F_A26_49": 30, "F_A50P": 60, "M_M26": 40, "M_A26_49": 30, "M_A50P": 30}


def test_la_pyramide_dit_la_part_des_femmes_de_chaque_age_du_plus_age_au_plus_jeune(travail):
    figure = Fiche.ouvrir("reg:11", "2026-T3", decrire(travail, personnes("reg:11", "2026-T3", **TOUS)))
    pyramide = figure.pyramide()
    verifier_nombres(pyramide.json())
    # 60 ÷ (60 + 30), 30 ÷ (30 + 30), 10 ÷ (10 + 40) ; l'ensemble est celui de la ventilation par sexe
    assert pyramide.tableau.lignes == [
        ["50 ans et plus", "60", "30", f"66,7{INSECABLE}%"],
        ["26-49 ans", "30", "30", f"50,0{INSECABLE}%"],
        ["Moins de 26 ans", "10", "40", f"20,0{INSECABLE}%"],
        ["Ensemble", "100", "100", f"50,0{INSECABLE}%"],
    ]
    assert f"de 20,0{INSECABLE}% (moins de 26 ans) à 66,7{INSECABLE}% (50 ans et plus)" in pyramide.titre
    assert "<pattern" in pyramide.svg, "le trimestre est provisoire"
    assert "hachurées" in pyramide.note


def test_un_sexe_secret_emporte_la_part_de_son_age_et_n_a_pas_de_barre(travail):
    caches = {**TOUS, "F_A50P": "secret", "M_M26": 0, "NR_M26": 3}
    fiche = Fiche.ouvrir("reg:11", "2026-T3", decrire(travail, personnes("reg:11", "2026-T3", **caches)))
    pyramide = fiche.pyramide()
    verifier_nombres(pyramide.json())
    lignes = {ligne[0]: ligne[1:] for ligne in pyramide.tableau.lignes}
    assert lignes["50 ans et plus"] == ["s", "30", "n.d.", "s"]
    assert lignes["Moins de 26 ans"] == ["10", "0", "3", f"100,0{INSECABLE}%"]
    assert pyramide.tableau.colonnes[3] == "Non renseigné"
    assert "sexe non renseigné" in pyramide.note
    assert ">s<" in pyramide.svg


def test_un_territoire_ou_le_trimestre_ne_croise_rien_montre_la_derniere_annee(travail):
    lignes = [*personnes("dep:93", "2025", **TOUS), ensemble("dep:93", "2026-T3", "beneficiaires", 60)]
    lignes.append(ensemble("ept:T6", "2026-T3", "beneficiaires", 60))
    decrire(travail, lignes)
    annee = Fiche.ouvrir("dep:93", "2026-T3", travail).pyramide()
    assert "2025" in annee.sous_titre
    assert "<pattern" not in annee.svg
    petit = Fiche.ouvrir("ept:T6", "2026-T3", travail).pyramide()
    assert isinstance(petit, Avis)
    assert f"Ensemble : 60{INSECABLE}personnes" in petit.contenu


# ── Le territoire et ses voisins ──


def heures(*valeurs, ou=DEPARTEMENTS, region=1000, periode="2026-T3"):
    ici = [ensemble(str(t), periode, "heures_realisees", n) for t, n in zip(ou, valeurs, strict=True)]
    return [*ici, ensemble("reg:11", periode, "heures_realisees", region)]


def test_la_carte_entoure_le_territoire_et_dit_sa_part_des_heures_de_la_region(travail):
    decrire(travail, heures(100, 50, 50, 50, 200, 250, "secret", "secret"))
    carte = Fiche.ouvrir("dep:93", "2026-T3", travail).voisins()
    verifier_nombres(carte.json())
    assert carte.titre == f"25,0{INSECABLE}% des heures d’insertion de la région se font en Seine-Saint-Denis"
    assert carte.svg.count("stroke-width: 1.8") == 2, "sur la carte et dans la loupe"
    assert "Contour épais : Seine-Saint-Denis (93)." in carte.note
    assert "tirets" in carte.note
    lignes = {ligne[0]: ligne[1:] for ligne in carte.tableau.lignes}
    assert lignes["Val-de-Marne (94)"] == ["s", "s"]
    assert lignes["Île-de-France"] == [f"1{FINE}000", "–"]


def test_la_region_parle_du_plus_grand_et_un_territoire_secret_ne_dit_rien_du_sien(travail):
    decrire(travail, heures(100, 50, 50, 50, 200, 250, "secret", "secret"))
    region = Fiche.ouvrir("reg:11", "2026-T3", travail).voisins()
    assert "en Seine-Saint-Denis" in region.titre
    assert "stroke-width: 1.8" not in region.svg
    cache = Fiche.ouvrir("dep:94", "2026-T3", travail).voisins()
    assert not re.search(r"\d", cache.titre)
    assert f"Seine-Saint-Denis (93) : 250{INSECABLE}heures" in cache.lecture, (
        "la plus grande qui soit publiée"
    )
    assert cache.svg.count("stroke-width: 1.8") == 2


def test_un_territoire_de_la_metropole_est_parmi_ses_voisins_en_tuiles(travail):
    decrire(travail, heures(*range(10, 22), ou=METROPOLE))
    carte = Fiche.ouvrir("ept:T6", "2026-T3", travail).voisins()
    assert len(carte.tableau.lignes) == 13
    assert "Carte schématique" in carte.note
    # T1 a 10 heures, T6 en a 15, sur 1 000
    assert carte.titre.startswith(f"1,5{INSECABLE}%")


def test_une_carte_toute_secrete_ou_vide_ne_montre_rien(travail):
    decrire(travail, heures(*["secret"] * 8, region="secret"))
    cachee = Fiche.ouvrir("dep:93", "2026-T3", travail).voisins()
    assert (cachee.svg, cachee.note) == (None, "")
    assert not re.search(r"\d{3}", re.sub(r"20\d\d", "", cachee.texte()))
    decrire(travail, [ensemble("dep:93", "2026-T3", "beneficiaires", 60)])
    assert isinstance(Fiche.ouvrir("dep:93", "2026-T3", travail).voisins(), Avis)


def test_ce_que_la_carte_lit_des_voisins_se_releve(travail):
    decrire(travail, heures(*range(8)))
    Fiche.ouvrir("dep:93", "2026-T3", travail).voisins()
    assert ("dep:75", "2026-T3", "heures_realisees", "ensemble") in tranches_lues()


# ── Deux années ──


def part_des_femmes(territoire, avant, apres, bases=(100, 100)):
    """La part des femmes et son dénominateur, en 2024 et en 2025."""
    lignes = []
    for annee, valeur, base in (("2024", avant, bases[0]), ("2025", apres, bases[1])):
        lignes.append(ensemble(territoire, annee, "part_femmes", valeur, unite="%"))
        moitie = base / 2
        lignes += [cellule(territoire, annee, "beneficiaires", "sexe", s, moitie) for s in ("F", "M")]
        lignes.append(ensemble(territoire, annee, "beneficiaires", base))
    return lignes


def pentes(travail, *autres):
    """Les pentes de six départements semblables et de la région, et de ceux qu'on y ajoute."""
    lignes = [valeur for t in DEPARTEMENTS[2:] for valeur in part_des_femmes(str(t), 20, 21)]
    lignes += part_des_femmes("reg:11", 19, 20)
    decrire(travail, [*lignes, *autres])
    return Rapport.ouvrir("2025", travail).pentes("part_femmes")


def test_les_pentes_disent_les_evolutions_extremes_et_leurs_bases(travail):
    figure = pentes(travail, *part_des_femmes("dep:75", 12, 15), *part_des_femmes("dep:77", 18, 14))
    verifier_nombres(figure.json())
    assert figure.id == "pentes-dep-part-femmes"
    bas, haut = f"−4,0{INSECABLE}points", f"+3,0{INSECABLE}points"
    assert figure.titre == f"Part des femmes, en un an : de {bas} (Seine-et-Marne) à {haut} (Paris)"
    lignes = {ligne[0]: ligne[1:] for ligne in figure.tableau.lignes}
    assert figure.tableau.colonnes == ["Territoire", "2024", "2025", "Évolution", "Base 2024", "Base 2025"]
    pourcents = [f"12,0{INSECABLE}%", f"15,0{INSECABLE}%"]
    assert lignes["Paris (75)"] == [*pourcents, haut, "100", "100"]
    assert lignes["Île-de-France"][2] == f"+1,0{INSECABLE}point"


@pytest.mark.parametrize(
    ("avant", "apres", "bases", "ecrit"),
    [
        (12, "secret", (100, 100), [f"12,0{INSECABLE}%", "s", "–"]),
        ("secret", 12, (100, 100), ["s", f"12,0{INSECABLE}%", "–"]),
        (12, 15, (29, 100), [f"12,0{INSECABLE}%", f"15,0{INSECABLE}%", "n.s."]),  # moins de 30 personnes
        (12, 15, (100, 29), [f"12,0{INSECABLE}%", f"15,0{INSECABLE}%", "n.s."]),
    ],
)
def test_une_evolution_qui_ne_se_dit_pas_n_a_pas_de_trait(travail, avant, apres, bases, ecrit):
    toutes = pentes(travail, *part_des_femmes("dep:75", 12, 15))
    figure = pentes(travail, *part_des_femmes("dep:75", avant, apres, bases))
    verifier_nombres(figure.json())
    lignes = {ligne[0]: ligne[1:4] for ligne in figure.tableau.lignes}
    assert lignes["Paris (75)"] == ecrit
    traits = [len(re.findall(r"stroke-width: 1\.1", f.svg)) for f in (toutes, figure)]
    assert traits == [7, 6], "sept départements, puis sans Paris"
    assert "Paris" not in figure.titre


def test_sans_annee_precedente_la_figure_est_celle_d_une_seule_annee(travail):
    lignes = [v for t in DEPARTEMENTS for v in part_des_femmes(str(t), 20, 21) if v["periode"] == "2025"]
    lignes += [v for v in part_des_femmes("reg:11", 20, 21) if v["periode"] == "2025"]
    figure = Rapport.ouvrir("2025", decrire(travail, lignes)).pentes("part_femmes", "beneficiaires")
    assert figure.id == "territoires-dep-part-femmes"
    assert [ligne[0] for ligne in figure.tableau.lignes] == [t.nom_long for t in DEPARTEMENTS]


def test_la_region_n_est_pas_le_repere_d_un_nombre(travail):
    lignes = [
        valeur
        for annee, plus in (("2024", 0), ("2025", 100))
        for valeur in heures(*(1000 + rang + plus for rang in range(8)), region=9000, periode=annee)
    ]
    effectifs = [
        ensemble(str(t), annee, "beneficiaires_sur_place", 500)
        for t in (*DEPARTEMENTS, "reg:11")
        for annee in ("2024", "2025")
    ]
    figure = Rapport.ouvrir("2025", decrire(travail, [*lignes, *effectifs])).pentes("heures_realisees")
    assert figure.tableau.lignes[-1][0] == "Île-de-France"
    assert figure.tableau.colonnes == ["Territoire", "2024", "2025", "Évolution"], (
        "des heures ne sont pas une base"
    )
    assert "Île-de-France" not in figure.svg
    assert figure.svg.count("stroke-width: 1.1") == 8
