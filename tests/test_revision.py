"""Les révisions : ce qui peut changer de ce qui est paru, sans que la différence désigne quelqu'un."""

from __future__ import annotations

import pandas as pd
import pytest

from observatoire.indicateurs.audit import Publication
from observatoire.indicateurs.cellule import CLE
from observatoire.indicateurs.diffusions import figer, geler, revisions
from observatoire.indicateurs.revision import Atelier, reviser
from observatoire.indicateurs.saisies import MESURES
from observatoire.perimetre import Periode
from tests.petit_registre import (
    CONTRATS,
    HEURES,
    MARCHES,
    PERSONNES,
    T1,
    T2,
    cellules,
    par_sexe,
    publiees,
    registre,
    rejouer,
    total,
    valeur,
)
from tests.petites_cellules import APPARTENANCES, POLITIQUE, fiches

ANNUELLE = Periode.lire("2025")


def mouvements(*lignes):
    """Des heures ajoutées : (territoire, ventilation, modalité, heures, personnes, employeurs, premier)."""
    tables = [
        dict(zip(CLE, (HEURES, ventilation, territoire, T1, modalite), strict=True))
        | {f"{m}_plus": x for m, x in zip(MESURES, mesures, strict=True)}
        | {f"{m}_moins": 0.0 for m in MESURES}
        for territoire, ventilation, modalite, *mesures in lignes
    ]
    colonnes = [*CLE, *(f"{m}_{cote}" for cote in ("plus", "moins") for m in MESURES)]
    table = pd.DataFrame(tables, columns=colonnes)
    return table.astype(dict.fromkeys(CLE, "string") | dict.fromkeys(colonnes[5:], "float64"))


def revues(figees, ajoutees=None):
    """Les cellules révisées, par (indicateur, territoire, modalité)."""
    connues = mouvements() if ajoutees is None else ajoutees
    atelier = Atelier(
        POLITIQUE,
        Publication(pd.DataFrame(), fiches(), APPARTENANCES),
        {"diffusee": connues, "origine": connues},
    )
    return reviser(figees, atelier)


def par_lieu(table):
    return {(r.territoire, r.modalite): r.valeur for r in table.itertuples()}


def imprime(dossier, *lignes, caches=()):
    return registre(dossier, (f"{T1}-e1", publiees(cellules(*lignes), caches)))


# Imprimé : 100 personnes. Il en faut 0 ou 5 de différence, 11 pour une donnée sensible.
@pytest.mark.parametrize(
    ("nouvelle", "imprimee"),
    [(100, 100), (101, 100), (104, 100), (105, 105), (160, 160), (96, 100), (95, 95)],
)
def test_une_revision_repose_sur_zero_ou_cinq_personnes(tmp_path, nouvelle, imprimee):
    tenu = imprime(tmp_path, total(PERSONNES, "reg:11", T1, 100.0))
    figees = figer(cellules(total(PERSONNES, "reg:11", T1, float(nouvelle))), tenu, ANNUELLE)
    assert rejouer(figees, revues(figees))["valeur"].tolist() == [imprimee]


@pytest.mark.parametrize(("ajoutes", "imprime_oui"), [(10, 100), (11, 111)])
def test_une_donnee_sensible_exige_onze_personnes(tmp_path, ajoutes, imprime_oui):
    def qpv(oui):
        return [
            total(PERSONNES, "reg:11", T1, oui + 200.0),
            (PERSONNES, "qpv", "reg:11", T1, "OUI", oui, oui),
            (PERSONNES, "qpv", "reg:11", T1, "NON", 200.0, 200.0),
        ]

    tenu = imprime(tmp_path, *qpv(100.0))
    figees = figer(cellules(*qpv(100.0 + ajoutes)), tenu, ANNUELLE)
    # 11 sur 11 : tous les ajoutés habitent un quartier prioritaire, le dire les désigne aussi
    assert ("reg:11", "OUI") not in par_lieu(revues(figees))
    melange = cellules(*qpv(100.0 + ajoutes)).assign(
        valeur=lambda t: t["valeur"].mask(t["modalite"] != "OUI", t["valeur"] + 20)
    )
    rendues = par_lieu(revues(figer(melange, tenu, ANNUELLE)))
    assert rendues.get(("reg:11", "OUI"), 100) == imprime_oui


# Imprimé : 100 personnes, 120 contrats. Vingt contrats de plus peuvent être ceux d'une personne.
@pytest.mark.parametrize(
    ("contrats", "personnes", "imprimes"),
    [(122, 110, 120), (140, 100, 120), (140, 104, 120), (125, 105, 125), (140, 110, 140)],
)
def test_des_contrats_ne_sont_revises_que_si_assez_de_personnes_s_ajoutent(
    tmp_path, contrats, personnes, imprimes
):
    tenu = imprime(
        tmp_path, total(PERSONNES, "reg:11", T1, 100.0), total(CONTRATS, "reg:11", T1, 120.0, 100.0)
    )
    table = cellules(
        total(PERSONNES, "reg:11", T1, float(personnes)),
        total(CONTRATS, "reg:11", T1, float(contrats), 100.0),
    )
    figees = figer(table, tenu, ANNUELLE)
    assert valeur(rejouer(figees, revues(figees)), CONTRATS, "reg:11", T1)["valeur"] == imprimes


# 500 h de plus : (heures, personnes, employeurs, premier)
@pytest.mark.parametrize(
    ("ajoutees", "imprimees"),
    [
        ((500.0, 6.0, 3.0, 200.0), 9500),
        ((500.0, 4.0, 3.0, 200.0), 9000),  # quatre personnes
        ((500.0, 6.0, 2.0, 200.0), 9000),  # deux employeurs
        ((500.0, 6.0, 3.0, 430.0), 9000),  # 86 % d'un seul
        ((480.0, 6.0, 3.0, 200.0), 9000),  # 20 h que rien n'explique
    ],
)
def test_des_heures_ne_sont_revisees_que_si_leurs_personnes_et_employeurs_sont_prouves(
    tmp_path, ajoutees, imprimees
):
    tenu = imprime(tmp_path, total(HEURES, "reg:11", T1, 9000.0, 100.0))
    figees = figer(cellules(total(HEURES, "reg:11", T1, 9500.0, 106.0)), tenu, ANNUELLE)
    revisees = revues(figees, mouvements(("reg:11", "ensemble", "ensemble", *ajoutees)))
    assert rejouer(figees, revisees)["valeur"].tolist() == [imprimees]
    assert revues(figees).empty  # sans photographie, rien ne le prouve


def test_un_retour_vers_la_premiere_valeur_compte_les_deux_differences(tmp_path):
    # 100, puis 108. Revenir à 103 fait −5 depuis la dernière, mais +3 depuis la première.
    tables = [publiees(cellules(total(PERSONNES, "reg:11", T1, v))) for v in (100.0, 108.0)]
    tenu = registre(tmp_path, (f"{T1}-e1", tables[0]), (f"{T1}-e2", tables[1]))
    figees = figer(cellules(total(PERSONNES, "reg:11", T1, 103.0)), tenu, ANNUELLE)
    assert rejouer(figees, revues(figees))["valeur"].tolist() == [108]


def trois(region, paris, seine):
    lieux = zip(("reg:11", "dep:75", "dep:93"), (region, paris, seine), strict=True)
    return [total(PERSONNES, lieu, T1, float(valeur)) for lieu, valeur in lieux]


def test_la_region_se_revise_sans_ses_departements_et_le_dit(tmp_path):
    # +12 = 9 + 3 : trois personnes désignées dans le 93. Le total est révisé, sa répartition attend.
    tenu = imprime(tmp_path, *trois(300, 100, 200))
    figees = figer(cellules(*trois(312, 109, 203)), tenu, ANNUELLE)
    revisees = revues(figees)
    assert par_lieu(revisees) == {("reg:11", "ensemble"): 312}
    [ligne] = revisions(tenu, "2025-e1", revisees).itertuples()
    assert (ligne.edition, ligne.ancienne, ligne.nouvelle, ligne.non_reparties) == (
        "2025-e1",
        300,
        312,
        "dep",
    )
    entiere = revues(figer(cellules(*trois(314, 109, 205)), tenu, ANNUELLE))
    assert par_lieu(entiere) == {
        ("reg:11", "ensemble"): 314,
        ("dep:75", "ensemble"): 109,
        ("dep:93", "ensemble"): 205,
    }
    assert list(revisions(tenu, "2025-e1", entiere)["non_reparties"]) == ["", "", ""]


def test_un_departement_ne_se_revise_pas_sans_la_region(tmp_path):
    # +6 et −6 : la région ne bouge pas, elle est sûre ; le 93 baisse dans un bloc qui monte
    tenu = imprime(tmp_path, *trois(300, 100, 200))
    assert revues(figer(cellules(*trois(300, 106, 194)), tenu, ANNUELLE)).empty


def sexes(femmes, hommes, autres):
    lignes = par_sexe(PERSONNES, "reg:11", T1, femmes, hommes)
    lignes += [(PERSONNES, "sexe", "reg:11", T1, "NR", autres, autres)]
    return [total(PERSONNES, "reg:11", T1, femmes + hommes + autres), *lignes]


@pytest.mark.parametrize(
    ("femmes", "revisees"),
    [
        (60.0, True),  # +20 en tout, +10 hommes : les +10 cachés sont assez
        (53.0, False),  # +13 en tout, +10 hommes : il en resterait trois cachés
        (50.0, True),  # +10, tous hommes : personne de caché ne s'est ajouté
    ],
)
def test_une_difference_cachee_ne_se_retrouve_pas_par_les_autres(tmp_path, femmes, revisees):
    # 50 femmes et 3 NR cachés (rangs 1 et 3), 100 hommes publiés
    tenu = imprime(tmp_path, *sexes(50.0, 100.0, 3.0), caches=[1, 3])
    figees = figer(cellules(*sexes(femmes, 110.0, 3.0)), tenu, ANNUELLE)
    assert (("reg:11", "M") in par_lieu(revues(figees))) is revisees


def test_un_ensemble_attend_ses_ventilations(tmp_path):
    # +18 = 8 + 8 + 2 : deux personnes désignées. Réviser le seul total fausserait les parts de chacun.
    tenu = imprime(tmp_path, *sexes(50.0, 100.0, 30.0))
    assert revues(figer(cellules(*sexes(58.0, 108.0, 32.0)), tenu, ANNUELLE)).empty
    entier = revues(figer(cellules(*sexes(58.0, 108.0, 35.0)), tenu, ANNUELLE))
    assert par_lieu(entier) == {
        ("reg:11", "ensemble"): 201,
        ("reg:11", "F"): 58,
        ("reg:11", "M"): 108,
        ("reg:11", "NR"): 35,
    }


@pytest.mark.parametrize(
    ("seine", "autres", "revisees"),
    [
        (195.0, (), 3),  # −20 = −15 − 5
        (198.0, (), 0),  # −17 = −15 − 2 : la région attend avec le 93
        (195.0, (total(PERSONNES, "dep:93", "2025", 500.0),), 0),  # une année parue garde l'ancienne valeur
    ],
)
def test_un_bloc_ne_baisse_qu_entier(tmp_path, seine, autres, revisees):
    tenu = imprime(tmp_path, *trois(320, 120, 200), *autres)
    figees = figer(cellules(*trois(105 + seine, 105, seine), *autres), tenu, Periode.lire(T1), erratum=True)
    assert len(revues(figees)) == revisees


def test_une_cellule_cachee_ou_devenue_sensible_n_est_jamais_revisee(tmp_path):
    # un seul employeur fait désormais 90 % des heures : le nouveau total serait lui-même secret
    tenu = imprime(tmp_path, total(HEURES, "reg:11", T1, 100.0, 50.0))
    table = cellules(total(HEURES, "reg:11", T1, 1000.0, 60.0)).assign(employeurs=5.0, premier=900.0)
    ajoutees = mouvements(("reg:11", "ensemble", "ensemble", 900.0, 10.0, 4.0, 300.0))
    assert revues(figer(table, tenu, ANNUELLE), ajoutees).empty
    assert len(revues(figer(table.assign(premier=300.0), tenu, ANNUELLE), ajoutees)) == 1


def test_ce_qui_ne_repose_pas_sur_des_personnes_suit_ses_donnees(tmp_path):
    tenu = imprime(tmp_path, total(MARCHES, "dep:93", T1, 7.0))
    figees = figer(cellules(total(MARCHES, "dep:93", T1, 8.0)), tenu, ANNUELLE)
    assert rejouer(figees, revues(figees))["valeur"].tolist() == [8]


def test_l_annee_est_la_somme_des_trimestres_revises(tmp_path):
    # imprimé : 4 × 9 000 ; le premier révisé à 9 500 : l'année nouvelle vaut 36 500, le plancher 36 000
    trimestres = [f"2025-T{rang}" for rang in (1, 2, 3, 4)]
    tenu = imprime(tmp_path, *(total(HEURES, "reg:11", t, 9000.0, 100.0) for t in trimestres))
    vraies = [total(HEURES, "reg:11", t, 9500.0 if t == T1 else 9000.0, 100.0) for t in trimestres]
    table = cellules(*vraies, total(HEURES, "reg:11", "2025", 36500.0, 300.0))
    figees = figer(table, tenu, ANNUELLE)
    revisees = revues(figees, mouvements(("reg:11", "ensemble", "ensemble", 500.0, 6.0, 3.0, 200.0)))
    assert valeur(rejouer(figees, revisees), HEURES, "reg:11", "2025")["valeur"] == 36500
    assert valeur(rejouer(figees), HEURES, "reg:11", "2025")["valeur"] == 36000
    # l'année parue à 36 500, le secret et l'audit la jugent avec les premiers trimestres
    annuelle = publiees(rejouer(figees, revisees)[[*table.columns]])
    suivante = figer(table, registre(tmp_path, ("2025-e1", annuelle)), Periode.lire("2026-T1"))
    assert valeur(geler(suivante), HEURES, "reg:11", "2025")["valeur"] == 36000
    assert valeur(rejouer(suivante), HEURES, "reg:11", "2025")["valeur"] == 36500


@pytest.mark.parametrize(
    ("edition", "erratum", "revisable"),
    [
        ("2025", False, True),
        (T1, False, True),  # la réédition du trimestre
        (T2, False, False),
        ("2026-T1", False, False),
        ("2026", False, False),
        (T1, True, True),
        (T2, True, False),
    ],
)
def test_le_calendrier_dit_ce_qui_se_revise(tmp_path, edition, erratum, revisable):
    table = cellules(total(PERSONNES, "dep:93", T1, 50.0), total(PERSONNES, "dep:93", "2025", 50.0))
    tenu = imprime(tmp_path, *trois(300, 100, 200), total(PERSONNES, "dep:93", "2025", 50.0))
    figees = figer(table, tenu, Periode.lire(edition), erratum=erratum)
    assert list(figees["revisable"]) == [revisable, False]
    assert not figer(table, tenu)["revisable"].any()


def test_apres_l_edition_annuelle_seul_un_erratum_revise(tmp_path):
    table = publiees(cellules(total(PERSONNES, "reg:11", T1, 100.0)))
    tenu = registre(tmp_path, (f"{T1}-e1", table), ("2025-e1", table))
    for edition, erratum in [("2025", False), (T1, False), (T1, True)]:
        revisable = figer(table.drop(columns="statut"), tenu, Periode.lire(edition), erratum=erratum)
        assert revisable["revisable"].tolist() == [erratum]
