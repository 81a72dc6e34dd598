"""Le secret statistique : les seuils, les règles primaires, l'escalade, et la porte qui se ferme."""

from __future__ import annotations

import datetime as dt
from random import Random

import pandas as pd
import pytest
from click.testing import CliRunner

from observatoire import chaine
from observatoire.cli import cli
from observatoire.config import Config
from observatoire.erreurs import ConfigError
from observatoire.indicateurs import valeurs as porte
from observatoire.indicateurs.audit import (
    AuditImpossibleError,
    AuditRefuseError,
    Constat,
    Publication,
    auditer,
    rapports_trahis,
)
from observatoire.indicateurs.registre import RAPPORTS
from observatoire.indicateurs.secret import PAS, Politique, Protection, escalader
from observatoire.indicateurs.secret.primaire import CONTRIBUTEURS, GROUPE, PERSONNES, exigences
from observatoire.indicateurs.secret.programme import CalculInacheveError
from observatoire.magasin import Magasin
from observatoire.schemas import SCHEMAS
from tests.entrepot_en_memoire import entrepot
from tests.petites_cellules import (
    CLE,
    POLITIQUE,
    attaquer,
    cachees,
    cellules,
    de_communes,
    ensemble,
    statuts,
    taire,
    ventiler,
)

JOUR = dt.date(2026, 9, 30)


# ── les seuils : aucun réglage n'abaisse la protection ────────────────────────────────────────
REGLES = {
    "seuil_personnes": "5",
    "seuil_personnes_sensible": "11",
    "employeurs_minimum": "3",
    "dominance_maximum_pct": "85",
    "sensibles_maximum_pct": "20",
}


def lire_politique(dossier, **regles):
    blocs = [
        f'[[{nom}.valeurs]]\ndepuis = 2016-01-01\nvaleur = {valeur}\nreference = "essai"\n'
        for nom, valeur in {**REGLES, **regles}.items()
    ]
    (dossier / "parametres.toml").write_text("\n".join(blocs), encoding="utf-8")
    return Politique.lire(Config(dossier, {}), JOUR)


def test_la_politique_est_celle_des_parametres(tmp_path):
    assert lire_politique(tmp_path) == POLITIQUE
    assert lire_politique(tmp_path, seuil_personnes="11", dominance_maximum_pct="70").dominance == 0.7
    # Le seuil d'une donnée sensible n'est jamais sous le seuil ordinaire.
    assert lire_politique(tmp_path, seuil_personnes="20").seuil_sensible == 20


@pytest.mark.parametrize(
    ("nom", "valeur", "borne"),
    [
        *(("seuil_personnes", v, "au moins 5") for v in ("4", "0", "-1", "4.9", "5.0", "true", '"5"')),
        ("seuil_personnes_sensible", "10", "au moins 11"),
        ("employeurs_minimum", "2", "au moins 3"),
        ("dominance_maximum_pct", "86", "de 1 à 85"),
        ("dominance_maximum_pct", "0", "de 1 à 85"),
        ("sensibles_maximum_pct", "101", "de 1 à 100"),
    ],
)
def test_aucun_reglage_n_abaisse_le_secret(tmp_path, nom, valeur, borne):
    with pytest.raises(ConfigError, match=borne) as leve:
        lire_politique(tmp_path, **{nom: valeur})
    assert nom in str(leve.value)


# ── les règles primaires : (raison, bas, haut) de la dernière cellule écrite ──────────────────
RIEN = ("", None, None)


def juger(*lignes, **options):
    jugee = exigences(cellules(*lignes, **options), POLITIQUE).iloc[-1]
    bornes = [None if pd.isna(jugee[nom]) else round(float(jugee[nom]), 2) for nom in ("bas", "haut")]
    return (jugee["raison"], *bornes)


@pytest.mark.parametrize(
    ("personnes", "attendu"),
    [
        (0, RIEN),  # un vrai zéro
        (None, RIEN),
        (1, (PERSONNES, 0, 5)),  # de 0 à max(5, 1 + 1)
        (4, (PERSONNES, 0, 5)),
        (5, RIEN),
    ],
)
def test_un_compte_de_une_a_quatre_personnes_est_sensible(personnes, attendu):
    assert juger(ensemble("dep:94", personnes)) == attendu


def test_une_cellule_de_peu_de_personnes_est_sensible_quelle_que_soit_son_unite():
    # Douze contrats de quatre personnes : de 0 à max(5, 12 + 1).
    assert juger(ensemble("dep:94", 12, effectif=4), indicateur="contrats_actifs") == (PERSONNES, 0, 13)
    # 850 heures de quatre personnes : de 0 à 850 ÷ 0,85 = 1 000, quel que soit leur employeur.
    heures = {"effectif": 4, "employeurs": 4, "premier": 300}
    assert juger(ensemble("dep:94", 850, **heures), indicateur="heures_realisees") == (PERSONNES, 0, 1000)
    # Une médiane indisponible de trois personnes ; trois marchés ne sont pas trois personnes.
    assert juger(ensemble("dep:94", None, effectif=3), indicateur="heures_medianes")[0] == PERSONNES
    assert juger(ensemble("dep:94", 3, effectif=None), indicateur="marches_notifies") == RIEN


def test_une_donnee_sensible_demande_onze_personnes():
    assert juger(ensemble("dep:94", 90), ("dep:94", "sexe", "F", 10)) == RIEN
    # De 0 à max(11, 10 + 1).
    assert juger(ensemble("dep:94", 90), ("dep:94", "qpv", "OUI", 10)) == (PERSONNES, 0, 11)
    assert juger(ensemble("dep:94", 90), ("dep:94", "qpv", "NON", 10)) == (PERSONNES, 0, 11)
    assert juger(ensemble("dep:94", 90), ("dep:94", "sexe_qpv", "F×OUI", 10)) == (PERSONNES, 0, 11)
    assert juger(ensemble("dep:94", 90), ("dep:94", "qpv", "OUI", 11)) == RIEN
    # La même règle pour les heures de dix habitants d'un quartier : 850 ÷ 0,85.
    quartier = ("dep:94", "qpv", "OUI", 850, {"effectif": 10, "employeurs": 5, "premier": 200})
    lues = juger(ensemble("dep:94", 9000, effectif=90), quartier, indicateur="heures_realisees")
    assert lues == (PERSONNES, 0, 1000)


def test_une_donnee_sensible_que_presque_tous_portent_est_sensible():
    # 25 allocataires du RSA sur 30 : cinq seulement ne le sont pas. Il faut pouvoir en croire 30 − 11 = 19.
    assert juger(ensemble("dep:94", 30), ("dep:94", "public", "BRSA", 25)) == (GROUPE, 19, 25)
    assert juger(ensemble("dep:94", 12), ("dep:94", "public", "BRSA", 12)) == (GROUPE, 1, 12)
    # Onze ne le sont pas ; être hors d'un quartier, ou non renseigné, ne se cache pas ; le sexe non plus.
    assert juger(ensemble("dep:94", 36), ("dep:94", "public", "BRSA", 25)) == RIEN
    assert juger(ensemble("dep:94", 30), ("dep:94", "qpv", "NON", 25)) == RIEN
    assert juger(ensemble("dep:94", 30), ("dep:94", "qpv", "NR", 25)) == RIEN
    assert juger(ensemble("dep:94", 30), ("dep:94", "sexe", "F", 25)) == RIEN


def test_dans_un_croisement_toutes_les_femmes_en_quartier_prioritaire_est_sensible():
    # Douze femmes, toutes en quartier prioritaire : qui connaît l'une d'elles apprend où elle habite.
    lignes = [ensemble("dep:94", 200), ("dep:94", "sexe", "F", 12), ("dep:94", "sexe_qpv", "F×OUI", 12)]
    assert juger(*lignes)[0] == GROUPE


@pytest.mark.parametrize(
    ("valeur", "employeurs", "premier", "attendu"),
    [
        # 330 heures (300, 20, 10) : 300 > 0,85 × 330 ; 300 ÷ 0,85 − 330 = 22,94 de chaque côté.
        (330, 3, 300, (CONTRIBUTEURS, 307.06, 352.94)),
        (330, 3, 280, RIEN),  # 280 < 280,5
        (400, 3, 340, RIEN),  # 340 = 0,85 × 400 : pas au-delà
        (340, 1, 340, (CONTRIBUTEURS, 280, 400)),  # 340 ÷ 0,85 = 400
        (340, 2, 170, (CONTRIBUTEURS, 280, 400)),  # sans dominance : 340 × (1 ÷ 0,85 − 1) = 60
        (340, 3, 170, RIEN),
        (0, 0, 0, RIEN),  # personne n'a rien fait
    ],
)
def test_une_somme_doit_reunir_trois_employeurs_sans_qu_un_seul_en_fasse_plus_de_85_pour_cent(
    valeur, employeurs, premier, attendu
):
    dites = {"effectif": 40, "employeurs": employeurs, "premier": premier}
    assert juger(ensemble("dep:94", valeur, **dites), indicateur="heures_realisees") == attendu


def test_le_lecteur_connait_les_marges_et_l_intervalle_ne_les_depasse_pas():
    # Six habitants de quartier sur huit personnes : pas plus de 8, plutôt que max(11, 6 + 1).
    assert juger(ensemble("dep:94", 8), ("dep:94", "qpv", "OUI", 6)) == (PERSONNES, 0, 8)
    # Dans un croisement, la marge la plus petite : 7 femmes sur 40 personnes, 9 habitants de quartier.
    marges = [("dep:94", "sexe", "F", 7), ("dep:94", "qpv", "OUI", 9)]
    croisee = ("dep:94", "sexe_qpv", "F×OUI", 6)
    assert juger(ensemble("dep:94", 40), *marges, croisee) == (PERSONNES, 0, 7)
    assert juger(ensemble("dep:94", 40), *reversed(marges), croisee) == (PERSONNES, 0, 7)
    # Les marges d'un autre territoire n'y font rien.
    ailleurs = [("dep:93", *marge[1:]) for marge in marges]
    assert juger(ensemble("dep:94", 40), *ailleurs, croisee) == (PERSONNES, 0, 11)
    # 850 heures de trois femmes sur 870 : la moitié de ce qui reste, (870 − 850) ÷ 2 = 10, et non 150.
    femmes = ("dep:94", "sexe", "F", 850, {"effectif": 3, "employeurs": 4, "premier": 300})
    lues = juger(ensemble("dep:94", 870, effectif=40), femmes, indicateur="heures_realisees")
    assert lues == (PERSONNES, 0, 860)


# ── ce qui est rendu ──────────────────────────────────────────────────────────────────────────
def test_zero_se_publie_une_valeur_absente_est_non_disponible_et_rien_de_cache_ne_reste():
    table = pd.concat(
        [
            cellules(ensemble("dep:93", 0), ensemble("dep:94", 3), ensemble("dep:91", 50)),
            cellules(ensemble("dep:93", None), indicateur="heures_medianes"),
            cellules(ensemble("dep:94", None, effectif=3), indicateur="heures_medianes"),
            cellules(ensemble("dep:94", 3, effectif=None), indicateur="marches_notifies"),
        ]
    )
    protection = taire(table)
    lus = statuts(protection).droplevel(["ventilation", "periode", "modalite"])
    assert lus.to_dict() == {
        ("beneficiaires", "dep:91"): "publie",
        ("beneficiaires", "dep:93"): "publie",
        ("beneficiaires", "dep:94"): "secret",
        ("heures_medianes", "dep:93"): "non_disponible",
        ("heures_medianes", "dep:94"): "secret",
        ("marches_notifies", "dep:94"): "publie",
    }
    rendues = protection.valeurs
    assert rendues.loc[rendues["statut"] == "secret", "valeur"].isna().all()
    assert sorted(rendues.loc[rendues["statut"] == "publie", "valeur"]) == [0, 3, 50]


def test_un_detail_dont_plus_du_cinquieme_des_cellules_sont_sensibles_est_tu_entier():
    grandes = [ligne for dep in ("dep:75", "dep:91") for ligne in ventiler(dep, "sexe", F=50, M=60)]
    # Une cellule sensible sur cinq : cellule à cellule. Une sur quatre et demie serait de trop.
    au_seuil = cellules(*grandes, *ventiler("dep:93", "sexe", F=3, M=0), ensemble("dep:94", 70))
    assert cachees(taire(au_seuil)) == {("dep:93", "F"), ("dep:93", "M")}
    au_dela = cellules(*grandes, *ventiler("dep:93", "sexe", F=3, M=4), ensemble("dep:94", 70))
    tout = {(dep, sexe) for dep in ("dep:75", "dep:91", "dep:93") for sexe in "FM"}
    assert cachees(taire(au_dela)) == tout
    assert cachees(taire(au_dela), "ensemble") == set()  # 3 + 4 = 7 personnes


def test_les_zeros_se_taisent_aussi_et_les_montrer_toujours_trahirait():
    # Huit personnes, toutes en quartier prioritaire : « NON » vaut 0 et se tait avec « OUI ».
    autres = [
        ligne for dep in ("dep:75", "dep:91", "dep:93") for ligne in ventiler(dep, "qpv", OUI=50, NON=60)
    ]
    protection = taire(cellules(*autres, *ventiler("dep:94", "qpv", OUI=8, NON=0)))
    assert cachees(protection, "qpv") == {("dep:94", "OUI"), ("dep:94", "NON")}
    assert attaquer(protection).refus.empty
    # Si « s » vaut toujours au moins 1, « OUI » vaut de 1 à 7 : ni 0, ni 8.
    refus = attaquer(protection, zeros_montres=True).refus
    assert [(r.territoire, r.modalite) for r in refus.itertuples()] == [("dep:94", "OUI")]


def paris(protection):
    """Les statuts de Paris, du département puis du territoire : les mêmes cellules."""
    lus = statuts(protection).reset_index(["indicateur", "periode"], drop=True)
    return [lus.xs(nom, level="territoire").to_dict() for nom in ("dep:75", "ept:T1")]


@pytest.mark.parametrize("graine", range(5))
def test_paris_et_son_territoire_sont_la_meme_cellule_et_ont_le_meme_statut(graine):
    hasard = Random(graine)
    comptes = {commune: (hasard.randint(20, 60), hasard.randint(20, 60)) for commune in "abcd"}
    protection = taire(de_communes(paris=(hasard.randint(1, 4), 40), **comptes))
    departement, territoire = paris(protection)
    assert departement == territoire
    assert set(departement.values()) == {"publie", "secret"}
    assert attaquer(protection).refus.empty
    # Une cellule sensible ailleurs : le complément peut être pris à Paris, toujours sous ses deux noms.
    departement, territoire = paris(taire(de_communes(paris=(20, 20), **(comptes | {"a": (3, 50)}))))
    assert departement == territoire


def test_un_niveau_tu_entier_tait_les_memes_cellules_des_autres_niveaux():
    # Deux cellules sensibles sur les huit des territoires, aucune dans les départements.
    comptes = {"a": (50, 50), "b": (50, 50), "c": (50, 50), "d": (3, 4)}
    departement, territoire = paris(taire(de_communes(paris=(50, 50), **comptes)))
    assert departement == territoire


# ── l'escalade : taire davantage autour d'un refus ────────────────────────────────────────────
def publiees(*indicateurs):
    """Tout est publié : deux niveaux, deux trimestres et une année, l'ensemble et deux ventilations."""
    tables = [
        cellules(
            *(
                (territoire, ventilation, modalite, 20)
                for territoire in ("dep:93", "dep:94", "ept:T6")
                for ventilation, modalite in (("ensemble", "ensemble"), ("sexe", "F"), ("tranche_age", "M26"))
            ),
            indicateur=indicateur,
            periode=periode,
        )
        for indicateur in indicateurs
        for periode in ("2026-T1", "2026-T2", "2025")
    ]
    table = pd.concat(tables, ignore_index=True)
    return Protection(table.assign(statut="publie", raison="", etat="libre"))


def refuser(ventilation="sexe", modalite="F"):
    cle = ("beneficiaires", ventilation, "dep:93", "2026-T1", modalite)
    return pd.DataFrame([cle], columns=CLE).assign(motif="")


def tues(protection):
    lus = statuts(protection)
    return set(lus.index[lus == "secret"])


AUTOUR = [
    lambda v, t, p: v == "sexe" and t.startswith("dep") and p == "2026-T1",
    lambda v, t, p: v == "sexe" and t.startswith("dep") and p != "2025",
    lambda v, t, p: v == "sexe",
    lambda v, t, p: True,
]


@pytest.mark.parametrize("pas", range(PAS))
def test_chaque_pas_tait_ce_qu_il_dit_autour_de_la_cellule_refusee(pas):
    avant = publiees("beneficiaires", "beneficiaires_sur_place")
    attendues = {cle for cle in statuts(avant).index if cle[0] == "beneficiaires" and AUTOUR[pas](*cle[1:4])}
    assert tues(escalader(avant, refuser(), pas)) == attendues
    assert [len([c for c in statuts(publiees("beneficiaires")).index if a(*c[1:4])]) for a in AUTOUR] == [
        *(2, 4, 9, 27)
    ]


def test_un_ensemble_tu_tait_ses_ventilations_la_ou_il_est_tu():
    apres = escalader(publiees("beneficiaires"), refuser("ensemble", "ensemble"), 0)
    assert {cle[1:4] for cle in tues(apres)} == {
        (ventilation, territoire, "2026-T1")
        for ventilation in ("ensemble", "sexe", "tranche_age")
        for territoire in ("dep:93", "dep:94")
    }


def test_une_ventilation_tue_tait_ses_croisements():
    croisees = [("dep:93", "sexe_tranche_age", f"F×{age}", 10) for age in ("M26", "A26_49")]
    table = cellules(("dep:93", "sexe", "F", 20), *croisees)
    avant = Protection(table.assign(statut="publie", raison=""))
    assert len(tues(escalader(avant, refuser(), 0))) == 3


def test_l_escalade_ne_tait_jamais_une_cellule_deja_publiee():
    avant = publiees("beneficiaires")
    deja = avant.cellules["territoire"].eq("dep:94")
    avant.cellules["etat"] = avant.cellules["etat"].mask(deja, "publiee")
    for pas in range(PAS):
        lues = tues(escalader(avant, refuser(), pas))
        assert lues
        assert all(cle[2] != "dep:94" for cle in lues)


# ── la porte : l'audit refuse, rien n'est écrit ───────────────────────────────────────────────
ENTREPOT = "entrepot/"


@pytest.fixture
def porte_d_essai(travail, monkeypatch):
    """Un dossier déjà construit, dont seule l'étape des indicateurs se refait, sur peu de cellules."""
    magasin = Magasin(travail.processed)
    with entrepot() as connexion:
        lues = {
            nom: connexion.sql(f"from {nom.replace('/', '.')}").to_df() for nom in SCHEMAS if ENTREPOT in nom
        }
    vides = [nom for nom in SCHEMAS if nom.startswith(("indicateurs/", "controle/"))]
    for nom, table in (lues | {nom: SCHEMAS[nom].vide() for nom in vides}).items():
        magasin.ecrire(nom, SCHEMAS[nom].verifier(table))
    seules = (chaine.ETAPES[-1],)
    monkeypatch.setattr(chaine, "etapes", lambda _demande=None: seules)
    autres = [ligne for dep in ("dep:75", "dep:91", "dep:93") for ligne in ventiler(dep, "sexe", F=50, M=60)]
    privees = cellules(*autres, *ventiler("dep:94", "sexe", F=3, M=40))
    monkeypatch.setattr(porte, "cellules", lambda *_: privees)
    monkeypatch.chdir(travail.racine)
    return magasin


def ecrites(magasin):
    return {
        chemin.name: (chemin.read_bytes(), chemin.stat().st_mtime_ns)
        for chemin in magasin.racine.glob("indicateurs/*.parquet")
    }


def test_ce_que_l_audit_admet_est_ecrit(porte_d_essai):
    avant = ecrites(porte_d_essai)
    resultat = CliRunner().invoke(cli, ["construire"])
    assert resultat.exit_code == 0, resultat.output
    assert set(ecrites(porte_d_essai)) == set(avant)
    assert ecrites(porte_d_essai) != avant
    lues = porte_d_essai.lire("indicateurs/valeurs")
    secretes = lues[lues["statut"] == "secret"]
    assert ("dep:94", "F") in set(zip(secretes["territoire"], secretes["modalite"], strict=True))
    assert secretes["valeur"].isna().all()


def test_un_refus_a_chaque_pas_n_ecrit_rien(porte_d_essai, monkeypatch):
    examinees = []

    def refuser_tout(publication, attendues):
        examinees.append(publication.valeurs)
        refus = attendues[CLE].assign(motif="se recalcule")
        return Constat(refus.assign(bas=3.0, haut=3.0, protegee=False), refus, 0, 0)

    monkeypatch.setattr(porte, "auditer", refuser_tout)
    avant = ecrites(porte_d_essai)
    resultat = CliRunner().invoke(cli, ["construire"])
    assert resultat.exit_code != 0
    assert resultat.output.startswith("Erreur : L'audit du secret refuse la publication")
    assert "dep:94, 2026-T1, sexe = F" in resultat.output
    assert ecrites(porte_d_essai) == avant
    # L'escalade entière a été tentée : au dernier pas, il ne restait rien à lire.
    assert len(examinees) == PAS + 1
    assert (examinees[-1]["statut"] == "publie").sum() == 0


@pytest.mark.parametrize(
    ("calcul", "erreur"),
    [
        ("proteger", CalculInacheveError("Le calcul ne conclut pas.", "Relancer.")),
        ("auditer", AuditImpossibleError.constater("iteration limit")),
    ],
)
def test_un_solveur_qui_ne_conclut_pas_n_ecrit_rien(porte_d_essai, monkeypatch, calcul, erreur):
    def echouer(*_):
        raise erreur

    monkeypatch.setattr(porte, calcul, echouer)
    avant = ecrites(porte_d_essai)
    resultat = CliRunner().invoke(cli, ["construire"])
    assert resultat.exit_code == 1
    assert str(erreur).splitlines()[0] in resultat.output
    assert ecrites(porte_d_essai) == avant


def part_de_femmes(femmes):
    """Douze personnes et 33 % de femmes, publiés ; le nombre de femmes l'est, ou non."""
    lignes = [ensemble("dep:94", 12), ("dep:94", "sexe", "F", femmes), ("dep:94", "sexe", "M", 8)]
    lues = pd.concat(
        [cellules(*lignes), cellules(ensemble("dep:94", 33), indicateur="part_femmes")], ignore_index=True
    )
    return lues.assign(statut=lues["valeur"].isna().map({True: "secret", False: "publie"}))


def test_douze_personnes_et_trente_trois_pour_cent_font_quatre_la_part_est_refusee():
    trahis = rapports_trahis(part_de_femmes(None), RAPPORTS)
    assert list(trahis["indicateur"]) == ["part_femmes"]
    assert rapports_trahis(part_de_femmes(4), RAPPORTS).empty
    # Et la chaîne n'écrit pas la part d'un numérateur caché.
    protection = taire(cellules(*ventiler("dep:94", "sexe", F=4, M=8)))
    lues = porte._valeurs(protection, {}).set_index(["indicateur", "modalite"])
    assert lues.loc[("beneficiaires", "F"), "statut"] == "secret"
    assert lues.loc[("part_femmes", "ensemble"), "statut"] == "secret"
    assert pd.isna(lues.loc[("part_femmes", "ensemble"), "valeur"])


def test_une_part_trahie_arrete_la_construction_par_une_erreur_en_francais():
    protection = taire(cellules(*ventiler("dep:94", "sexe", F=4, M=8)))
    public = Publication(part_de_femmes(None), pd.DataFrame(), pd.DataFrame())
    with pytest.raises(AuditRefuseError, match="part_femmes"):
        porte._auditer(public, protection)


def test_une_mediane_se_tait_quand_l_escalade_tait_son_compte(porte_d_essai, travail, monkeypatch):
    compte = cellules(ensemble("dep:93", 50), ensemble("dep:94", 60), indicateur="beneficiaires_sur_place")
    mediane = cellules(ensemble("dep:94", 120, effectif=60), indicateur="heures_medianes")
    monkeypatch.setattr(porte, "cellules", lambda *_: pd.concat([compte, mediane], ignore_index=True))
    refus = [compte.loc[[1], CLE].assign(motif=""), compte.loc[[], CLE].assign(motif="")]

    def refuser_une_fois(publication, attendues):
        constat = auditer(publication, attendues)
        return Constat(constat.intervalles, refus.pop(0), 0, 0)

    monkeypatch.setattr(porte, "auditer", refuser_une_fois)
    with porte_d_essai.connexion("entrepot") as connexion:
        tables = porte.tabuler(connexion, travail)
    lues = tables["indicateurs/valeurs"].set_index(["indicateur", "territoire"])["statut"]
    assert lues["beneficiaires_sur_place", "dep:94"] == "secret"
    assert lues["heures_medianes", "dep:94"] == "secret"
