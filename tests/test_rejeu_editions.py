"""Le rejeu des éditions : ce qu'un lecteur qui garde tout apprend des différences (essai T6).

Des personnes fictives, des heures saisies en retard ou retirées après coup, sept éditions trimestrielles,
une annuelle, deux rééditions. Le secret est ici réduit à sa plus simple forme : une modalité sous le
seuil cache toute sa ventilation.
"""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from observatoire.indicateurs.cellule import CLE
from observatoire.indicateurs.diffusions import Registre, controler, differences, diffuser, figer, imprimer
from observatoire.magasin import Magasin
from observatoire.perimetre import Periode

PERSONNES, HEURES = "beneficiaires_sur_place", "heures_realisees"
SEUIL = 5
TRIMESTRES = [str(t) for t in Periode.lire("2026-T3").jusqu_ici(11)]  # 2024-T1 … 2026-T3
# Les éditions, dans l'ordre ; la même écriture deux fois est une réédition, après d'autres retards.
EDITIONS = [
    "2025-T1",
    "2025-T2",
    "2025-T3",
    "2025-T4",
    "2025",
    "2026-T1",
    "2026-T2",
    "2026-T2",
    "2026-T3",
    "2026-T3",
]
LIEUX = {"reg:11": ("75", "93"), "dep:75": ("75",), "dep:93": ("93",)}


def microdonnees(graine):
    """Une ligne par personne et trimestre : son lieu, ses heures, les éditions qui la connaissent."""
    hasard = np.random.default_rng(graine)
    lignes = []
    for personne in range(130):
        departement, sexe = (
            hasard.choice(["75", "93"], p=[0.8, 0.2]),
            hasard.choice(["F", "M"], p=[0.25, 0.75]),
        )
        for trimestre in TRIMESTRES:
            if hasard.random() < 0.35:
                connue = _premiere(trimestre) + (hasard.random() < 0.15) * int(hasard.integers(1, 6))
                retiree = connue + int(hasard.integers(1, 5)) if hasard.random() < 0.03 else 99
                lignes.append(
                    (personne, departement, sexe, trimestre, int(hasard.integers(5, 200)), connue, retiree)
                )
    # des livraisons tardives de 24 personnes, à l'édition annuelle et aux rééditions : assez pour réviser
    for lot, (trimestre, connue) in enumerate([("2025-T1", 4), ("2026-T1", 7), ("2026-T2", 9)], start=1):
        for personne in range(1000 * lot, 1000 * lot + 24):
            departement, sexe = ("75", "93")[personne % 2], ("F", "M")[personne // 2 % 2]
            lignes.append((personne, departement, sexe, trimestre, 100, connue, 99))
    noms = ["personne", "departement", "sexe", "trimestre", "heures", "connue", "retiree"]
    return pd.DataFrame(lignes, columns=noms)


def _premiere(trimestre):
    """La première édition qui diffuse un trimestre ; la toute première reprend l'historique."""
    return max(0, EDITIONS.index(trimestre) if trimestre in EDITIONS else 0)


def monde(micro, rang):
    """Ce qui est connu à une édition, une ligne par période et par territoire où la ligne compte."""
    vues = micro[(micro["connue"] <= rang) & (micro["retiree"] > rang)]
    periodes = [(t, t) for t in TRIMESTRES]
    for texte in ("2024", "2025", *(f"{t}-4T" for t in TRIMESTRES[4:] if not t.endswith("T4"))):
        periode = Periode.lire(texte)
        periodes += [(str(t), texte) for t in Periode(periode.annee, periode.trimestre or 4).jusqu_ici(4)]
    calendrier = pd.DataFrame(periodes, columns=["trimestre", "periode"])
    lieux = pd.DataFrame(
        [(t, d) for t, ds in LIEUX.items() for d in ds], columns=["territoire", "departement"]
    )
    return vues.merge(calendrier, on="trimestre").merge(lieux, on="departement")


def cellules(vues, edition):
    """Les cellules privées que le plan publie : trimestres complets jusqu'à celui de l'édition."""
    fin = Periode.lire(edition).fin
    vues = vues[vues["periode"].map({p: Periode.lire(p).fin <= fin for p in vues["periode"].unique()})]
    tables = []
    for ventilation in ("ensemble", "sexe"):
        modalite = "ensemble" if ventilation == "ensemble" else vues["sexe"]
        groupes = vues.assign(modalite=modalite).groupby(["territoire", "periode", "modalite"])
        sommes = groupes.agg(effectif=("personne", "nunique"), heures=("heures", "sum")).reset_index()
        for nom, valeur in ((PERSONNES, "effectif"), (HEURES, "heures")):
            tables.append(sommes.assign(indicateur=nom, ventilation=ventilation, valeur=sommes[valeur]))
    table = pd.concat(tables, ignore_index=True).drop(columns="heures")
    types = dict.fromkeys(CLE, "string") | dict.fromkeys(["valeur", "effectif"], "Float64")
    return table.astype(types).assign(unite=table["indicateur"].map({PERSONNES: "personnes", HEURES: "h"}))


def taire(table):
    """Le secret le plus simple : cachée hier, ou sous le seuil, avec toute sa ventilation jamais publiée."""
    sous = (table["etat"] == "cachee") | (
        (table["etat"] == "libre") & table["effectif"].between(1, SEUIL - 1)
    )
    groupe = ["indicateur", "ventilation", "territoire", "periode"]
    # le total des heures se tait avec celui des personnes : la ventilation entière des deux indicateurs
    tue = sous.groupby([table[nom] for nom in groupe[1:]]).transform("any") & (table["etat"] != "publiee")
    statut = pd.Series("publie", index=table.index, dtype="string").mask(tue, "secret")
    return table.assign(statut=statut, valeur=table["valeur"].mask(tue))


def admettre(ecarts):
    """Réviser finement un trimestre si toutes ses différences reposent sur assez de personnes."""
    petites = (ecarts["effectif"] > 0) & (ecarts["effectif"] < SEUIL)
    return ecarts["publie"] | ~petites.groupby(ecarts["periode"]).transform("any")


@pytest.fixture(scope="module", params=[1, 3])
def graine(request):
    return request.param


@pytest.fixture(scope="module")
def rejeu(graine, tmp_path_factory):
    """Toutes les éditions diffusées : le registre, le monde de chacune, ce qu'elle a imprimé."""
    from tests.conftest import dossier_de_travail

    config = dossier_de_travail(tmp_path_factory.mktemp("rejeu"))
    micro = microdonnees(graine)
    mondes, imprimees = [], []
    for rang, edition in enumerate(EDITIONS):
        registre, periode = Registre.ouvrir(config.racine / "registre"), Periode.lire(edition)
        mondes.append(monde(micro, rang))
        figees = figer(cellules(mondes[-1], edition), registre, periode)
        ecarts = differences(figees, pd.Series(SEUIL, index=figees.index))
        ecarts["publie"] = admettre(ecarts)
        valeurs = taire(imprimer(figees, ecarts))
        Magasin(config.processed).ecrire(
            "indicateurs/valeurs", valeurs.drop(columns=["effectif", "etat", "diffusee"])
        )
        assert diffuser(config, periode, dt.date(2026, 1, 1) + dt.timedelta(days=rang)) is not None
        imprimees.append(valeurs)
    return Registre.ouvrir(config.racine / "registre"), mondes, imprimees


def rangs(registre):
    """Les éditions, dans l'ordre, avec les suites de valeurs imprimées de chaque cellule."""
    return registre.cellules.sort_values("numero").groupby(CLE, sort=False)


def derriere(mondes, cle, avant, apres):
    """Les personnes dont les heures dans une cellule ne sont pas les mêmes dans deux mondes."""
    _, ventilation, territoire, periode, modalite = cle
    parts = []
    for rang in (avant, apres):
        vues = mondes[rang]
        vues = vues[(vues["territoire"] == territoire) & (vues["periode"] == periode)]
        if ventilation == "sexe":
            vues = vues[vues["sexe"] == modalite]
        parts.append(vues.groupby("personne")["heures"].sum())
    ecart = parts[1].sub(parts[0], fill_value=0)
    seuls = parts[0].index.symmetric_difference(parts[1].index)
    return set(ecart.index[ecart != 0]) | set(seuls)


def test_le_registre_des_dix_editions_se_verifie(rejeu):
    registre, _, _ = rejeu
    assert controler(registre.dossier, registre.temoin) == []
    assert [i.edition for i in registre.inscriptions][-4:] == [
        "2026-T2-e1",
        "2026-T2-e2",
        "2026-T3-e1",
        "2026-T3-e2",
    ]


def test_une_cellule_cachee_ne_reparait_jamais_et_une_visible_n_est_jamais_cachee(rejeu):
    registre, _, _ = rejeu
    caches = 0
    for _, suite in rangs(registre):
        assert (suite["statut"] == suite["statut"].iloc[0]).all()
        caches += suite["statut"].iloc[0] == "secret"
    assert caches > 20


def test_aucune_difference_entre_deux_editions_ne_repose_sur_une_a_quatre_personnes(rejeu, graine):
    registre, mondes, _ = rejeu
    regionales = fines = 0
    for cle, suite in rangs(registre):
        trimestrielle = Periode.lire(cle[3]).rythme == "trimestre"
        if len(suite) < 2 or suite["valeur"].isna().any() or (cle[0] == HEURES and not trimestrielle):
            continue  # une somme longue se fait de trimestres imprimés, essayé plus bas
        for (a, va), (b, vb) in pairwise(zip(suite["numero"] - 1, suite["valeur"], strict=True)):
            if va != vb:
                assert len(derriere(mondes, cle, a, b)) >= SEUIL
                regionales += cle[2] == "reg:11" and cle[1] == "ensemble"
                fines += cle[2] != "reg:11" and b == EDITIONS.index("2025")
    assert regionales > 0
    assert (fines > 0) == (graine == 1)  # l'autre tirage retire des heures : aucune révision fine


def test_une_somme_longue_n_apprend_rien_de_plus_que_ses_trimestres(rejeu):
    """Nouvelle, une année est la somme de ses trimestres imprimés ; ensuite elle ne bouge plus."""
    _, _, imprimees = rejeu
    comparees = 0
    for valeurs in imprimees:
        heures = valeurs[valeurs["indicateur"] == HEURES].set_index(CLE)
        lues = heures["valeur"]
        for cle, valeur in lues[heures["etat"] == "libre"].dropna().items():
            periode = Periode.lire(cle[3])
            if periode.rythme == "trimestre":
                continue
            quatre = [
                lues.get((*cle[:3], str(t), cle[4]))
                for t in Periode(periode.annee, periode.trimestre or 4).jusqu_ici(4)
            ]
            if all(q is not None and not pd.isna(q) for q in quatre):
                assert valeur == sum(quatre)
                comparees += 1
    assert comparees > 30


def restes(valeurs):
    """Le total moins ses modalités, là où tout est imprimé."""
    cle = ["indicateur", "territoire", "periode"]
    total = valeurs[valeurs["ventilation"] == "ensemble"].set_index(cle)["valeur"]
    groupes = valeurs[valeurs["ventilation"] == "sexe"].groupby(cle)["valeur"]
    return (total - groupes.sum()[groupes.count() == 2]).dropna()


def test_le_total_moins_ses_modalites_ne_dit_que_des_revisions_imprimees(rejeu):
    registre, _, imprimees = rejeu
    origine = registre.connues.set_index(CLE)["origine"]
    vus = 0
    for valeurs in imprimees:
        ecarts = restes(valeurs)
        affichee, etat = (valeurs.set_index(CLE)[nom] for nom in ("valeur", "etat"))
        for (nom, territoire, periode), reste in ecarts[ecarts != 0].items():
            assert territoire == "reg:11"
            cle = (nom, "ensemble", territoire, periode, "ensemble")
            if Periode.lire(periode).rythme == "trimestre":
                assert reste == affichee[cle] - origine[cle]
            elif nom == HEURES and etat[cle] == "libre":
                quatre = [str(t) for t in Periode.lire(f"{periode[:4]}-{periode[5:7] or 'T4'}").jusqu_ici(4)]
                assert reste == sum(ecarts.get((nom, territoire, t), 0) for t in quatre)
            vus += 1
    assert vus > 0
