"""Le rejeu des éditions : ce qu'un lecteur qui garde tout apprend des différences (essai T6).

L'exemple à petite échelle, réduit à quatre indicateurs, tel qu'il était connu le jour de chaque édition : six
trimestres, une annuelle, une réédition. La vraie tabulation, le vrai secret, le vrai audit, le vrai registre
; des heures saisies en retard, d'autres retirées après coup.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from itertools import pairwise

import pandas as pd
import pyarrow.parquet as pq
import pytest

from observatoire.indicateurs import REGISTRE, tabuler, valeurs
from observatoire.indicateurs.audit import Publication, auditer, soustraire
from observatoire.indicateurs.cellule import CLE, PUBLIE, SECRET
from observatoire.indicateurs.diffusions import Registre, controler, diffuser
from observatoire.indicateurs.registre import RAPPORTS
from observatoire.indicateurs.secret import Politique, Protection, exiger
from observatoire.indicateurs.secret.primaire import exigences
from observatoire.magasin import Magasin
from observatoire.perimetre import Periode
from tests.conftest import copie_de

pytestmark = pytest.mark.long  # quelques minutes : « make test-long »

HEURES, RESIDENTS, PRESENTS, CONTRATS = (
    "heures_realisees",
    "beneficiaires",
    "beneficiaires_sur_place",
    "contrats_actifs",
)
VENTILATIONS = {
    HEURES: ("sexe",),
    RESIDENTS: ("sexe",),
    PRESENTS: ("sexe",),
    CONTRATS: ("type_contrat",),
}
# (édition, jour où elle paraît, si elle révise)
EDITIONS = [
    ("2025-T1", "2025-05-15", False),
    ("2025-T2", "2025-08-14", False),
    ("2025-T3", "2025-11-14", False),
    ("2025-T4", "2026-02-14", False),
    ("2025", "2026-04-30", True),
    ("2026-T1", "2026-05-15", False),
    ("2026-T2", "2026-08-14", False),
    ("2026-T2", "2026-11-14", True),
]
SEUIL = 5


@dataclass(frozen=True)
class Rejeu:
    """Toutes les éditions diffusées : le registre, les cellules privées et les heures du jour de chacune."""

    config: object
    registre: Registre
    mondes: list[pd.DataFrame]
    heures: list[pd.DataFrame]
    revisions: pd.DataFrame


@pytest.fixture(scope="module")
def rejeu(exemple, tmp_path_factory):
    config = copie_de(exemple, tmp_path_factory.mktemp("rejeu"))
    config.reglages["fiches"]["niveaux"] = ["reg", "dep"]
    for reglage in ("exceptions", "personnes_minimum"):
        config.reglages["publication"][reglage] = {}
    magasin, mondes, connues = Magasin(config.processed), [], []
    toutes = pq.read_table(magasin.chemin("entrepot/heures")).to_pandas()
    patch = pytest.MonkeyPatch()
    gardes = {nom: replace(REGISTRE[nom], ventilations=v) for nom, v in VENTILATIONS.items()}
    vraie_tabulation = valeurs.cellules

    def tabuler_et_garder(*arguments):
        mondes.append(vraie_tabulation(*arguments))
        return mondes[-1].copy()

    with patch.context() as m:
        m.setattr(valeurs, "cellules", tabuler_et_garder)
        for registre, contenu in ((REGISTRE, gardes), (RAPPORTS, {})):
            for nom in list(registre):
                m.delitem(registre, nom)
            for nom, valeur in contenu.items():
                m.setitem(registre, nom, valeur)
        for rang, (edition, jour, revise) in enumerate(EDITIONS):
            periode = Periode.lire(edition)
            connues.append(connues_le(toutes, dt.datetime.fromisoformat(jour), periode, rang))
            magasin.ecrire("entrepot/heures", connues[-1])
            with magasin.connexion("acquisition", "controle", "entrepot") as connexion:
                tables = tabuler(connexion, config, periode if revise else None)
            magasin.ecrire("indicateurs/valeurs", tables["indicateurs/valeurs"])
            magasin.ecrire("indicateurs/catalogue", tables["indicateurs/catalogue"])
            assert diffuser(config, periode, dt.date.fromisoformat(jour)) is not None
    tenu = Registre.ouvrir(config.racine / "registre")
    return Rejeu(config, tenu, mondes, connues, tables["indicateurs/revisions"])


def connues_le(toutes, jour, periode, rang):
    """Les heures saisies à ce jour ; une sur trois cents est retirée à la quatrième édition."""
    vues = toutes[(toutes["date_saisie"] <= jour) & (toutes["mois"].dt.date <= periode.fin)]
    if rang >= 3:
        vues = vues.drop(index=[i for i in vues.index if i % 300 == 0])
    return vues.reset_index(drop=True)


def suites(registre):
    """Les valeurs imprimées de chaque cellule, avec le rang de leur édition."""
    return registre.cellules.sort_values("numero").groupby(CLE, sort=False)


def test_le_registre_des_huit_editions_se_verifie(rejeu):
    assert controler(rejeu.registre.dossier, rejeu.registre.temoin) == []
    assert [i.edition for i in rejeu.registre.inscriptions][-3:] == ["2026-T1-e1", "2026-T2-e1", "2026-T2-e2"]


def test_une_cellule_cachee_ne_reparait_jamais_et_une_visible_n_est_jamais_cachee(rejeu):
    caches = 0
    for _, suite in suites(rejeu.registre):
        assert (suite["statut"] == suite["statut"].iloc[0]).all()
        caches += suite["statut"].iloc[0] == SECRET
    assert caches > 20


def test_chaque_difference_imprimee_repose_sur_assez_de_personnes(rejeu):
    """Comptées dans les heures de chaque jour, sans rien devoir à ce qui décide des révisions."""
    revisees = {HEURES: 0, RESIDENTS: 0, PRESENTS: 0, CONTRATS: 0}
    for (nom, ventilation, lieu, periode, _), suite in suites(rejeu.registre):
        imprimees = list(zip(suite["numero"] - 1, suite["valeur"], strict=True))
        for (avant, valeur), (apres, suivante) in pairwise(imprimees):
            if pd.isna(valeur) or valeur == suivante:
                continue
            revisees[nom] += 1
            if nom != HEURES:
                assert abs(suivante - valeur) >= SEUIL
            elif (ventilation, lieu) == ("ensemble", "reg:11"):
                assert derriere(rejeu.heures[avant], rejeu.heures[apres], periode) >= SEUIL
    assert min(revisees[HEURES], revisees[RESIDENTS] + revisees[PRESENTS]) > 0


def derriere(avant, apres, periode):
    """Le nombre de contrats dont les heures du trimestre ne sont pas les mêmes deux jours différents."""
    debut, fin = (pd.Timestamp(jour) for jour in (Periode.lire(periode).debut, Periode.lire(periode).fin))
    sommes = [
        jour[jour["mois"].between(debut, fin)].groupby("contrat_id")["heures"].sum()
        for jour in (avant, apres)
    ]
    return int((sommes[1].sub(sommes[0], fill_value=0).abs() > 0.005).sum())


def publication(rejeu, imprimees):
    magasin = Magasin(rejeu.config.processed)
    appartenances = magasin.lire("entrepot/appartenances")
    return Publication(
        imprimees.assign(unite=imprimees["indicateur"].map({n: i.unite for n, i in REGISTRE.items()})),
        magasin.lire("indicateurs/catalogue"),
        appartenances[appartenances["valide_au"].isna()],
    )


def sans_les_revisions(registre):
    """Les premières valeurs ; d'une somme de trimestres révisés, ce qu'elle aurait été sans les révisions."""
    premieres = registre.cellules.drop_duplicates(CLE, keep="first").reset_index(drop=True)
    origine = dict(zip(premieres[CLE].itertuples(index=False, name=None), premieres["valeur"], strict=True))
    ajouts = {}
    heures = registre.cellules[registre.cellules["indicateur"] == HEURES].dropna(subset="valeur")
    for *cle, valeur, _, numero, _ in heures.itertuples(index=False, name=None):
        if valeur != origine[tuple(cle)]:
            ajouts[tuple(cle), numero] = valeur - origine[tuple(cle)]
    for rang, (*cle, _, _, numero, _) in enumerate(premieres.itertuples(index=False, name=None)):
        longue = Periode.lire(cle[3])
        if cle[0] == HEURES and longue.rythme != "trimestre":
            for trimestre in Periode(longue.annee, longue.trimestre or 4).jusqu_ici(4):
                du_trimestre = (*cle[:3], str(trimestre), cle[4])
                connus = [ajouts.get((du_trimestre, n), 0.0) for n in range(1, numero + 1)]
                premieres.loc[rang, "valeur"] -= next((x for x in reversed(connus) if x), 0.0)
    return premieres


def test_ce_que_les_editions_ont_cache_le_reste_face_a_tout_ce_qui_a_paru(rejeu):
    """Les premières valeurs de toutes les éditions, attaquées ensemble ; la vraie est celle du jour."""
    premieres = sans_les_revisions(rejeu.registre)
    vraies = pd.concat(
        [m.assign(numero=rang) for rang, m in enumerate(rejeu.mondes, start=1)], ignore_index=True
    ).merge(premieres[[*CLE, "numero", "statut"]], on=[*CLE, "numero"])
    table = vraies.assign(**exigences(vraies, Politique.lire(rejeu.config, dt.date(2026, 9, 30))))
    table["raison"] = table["raison"].mask(table["statut"] != SECRET, "")
    # une somme nouvelle d'anciens trimestres n'a jamais été la vraie : elle n'a pas de vraie valeur à cacher
    table["close"] = [Periode.lire(p).rythme != "trimestre" for p in table["periode"]]
    cherchees = exiger(Protection(table))
    assert len(cherchees) > 10
    constat = auditer(publication(rejeu, premieres[[*CLE, "valeur", "statut"]]), cherchees)
    assert constat.refus.empty, constat.refus.head(10).to_string()


@pytest.mark.parametrize("revision", [rang for rang, (_, _, revise) in enumerate(EDITIONS) if revise])
def test_des_soustractions_entre_differences_ne_designent_personne(rejeu, revision):
    """Ce qu'une édition a révisé, et ce que des totaux moins leurs parties en disent de plus."""
    avant = rejeu.registre.cellules[rejeu.registre.cellules["numero"] <= revision]
    cle = [*CLE]
    connues = avant.drop_duplicates(cle, keep="last")
    nouvelles = rejeu.registre.cellules[rejeu.registre.cellules["numero"] == revision + 1]
    ecarts = connues.merge(nouvelles[[*cle, "valeur"]], on=cle, how="left", suffixes=("", "_nouvelle"))
    ecarts = ecarts.dropna(subset="valeur_nouvelle", how="all")
    ecarts = ecarts.assign(valeur=ecarts["valeur_nouvelle"] - ecarts["valeur"], statut=PUBLIE)
    assert (ecarts["valeur"].abs() > 0).any()
    blocs = ecarts[["indicateur", "periode"]].drop_duplicates()
    tues = connues.merge(blocs, on=["indicateur", "periode"]).merge(
        ecarts[cle], on=cle, how="left", indicator=True
    )
    tues = tues[tues["_merge"] == "left_only"].assign(valeur=pd.NA, statut=SECRET)
    colonnes = [*cle, "valeur", "statut"]
    table = pd.concat([ecarts[colonnes], tues[colonnes]], ignore_index=True).astype({"valeur": "Float64"})
    # un bloc qui baisse se lit dans l'autre sens
    table["valeur"] = table["valeur"].abs()
    retrouvees = soustraire(publication(rejeu, table))
    mondes = [rejeu.mondes[rang].set_index(cle)["valeur"] for rang in (revision - 1, revision)]
    for ligne in retrouvees.itertuples(index=False, name=None):
        if ligne[0] != HEURES and all(ligne in m.index for m in mondes):
            assert not 0 < abs(mondes[1][ligne] - mondes[0][ligne]) < SEUIL, ligne


def test_la_table_des_revisions_dit_ce_qui_n_est_pas_reparti(rejeu):
    region = rejeu.revisions[rejeu.revisions["territoire"] == "reg:11"]
    assert {"2025-e1", "2026-T2-e2"} <= set(region["edition"])
    assert region["non_reparties"].ne("").any()
    assert rejeu.revisions["motif"].eq("").all()
