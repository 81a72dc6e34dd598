"""Les rapports : des quotients de cellules publiées, et ce qu'un terme caché leur fait."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from observatoire.erreurs import ObservatoireError
from observatoire.indicateurs.additivite import sommer
from observatoire.indicateurs.catalogue import catalogue, ecrire_comptes
from observatoire.indicateurs.rapports import evaluer
from observatoire.indicateurs.registre import RAPPORTS, REGISTRE, Comptes, Rapport, parametres_cites
from observatoire.referentiel import ENSEMBLE, ventilations
from observatoire.schemas import SCHEMAS

S, ND = "secret", "non_disponible"
TEXTES = {"libelle": "Essai", "champ": "Champ.", "source": "Source.", "lecture": "{valeur}"}
HEURES = Comptes(indicateur="heures_realisees")
FEMMES = Comptes(indicateur="beneficiaires", ventilation="sexe", modalites=("F",))
CONNUES = Comptes(indicateur="beneficiaires", ventilation="sexe", modalites=("F", "M"))
SUR_PLACE = Comptes(indicateur="beneficiaires_sur_place")


def part(numerateur, denominateur):
    return 100 * numerateur / denominateur


def quotient(numerateur, denominateur):
    return numerateur / denominateur


def par_etp(heures, *, heures_par_etp):
    return heures / heures_par_etp


@pytest.fixture
def inscrire(monkeypatch):
    """Inscrit un rapport d'essai, seul au registre avec ceux du même essai."""
    monkeypatch.setattr("observatoire.indicateurs.rapports.RAPPORTS", {})

    def ajouter(nom, calcul, numerateur, denominateur=None, unite="%", **autres):
        from observatoire.indicateurs import rapports

        rapports.RAPPORTS[nom] = Rapport(
            nom=nom,
            unite=unite,
            calcul=calcul,
            numerateur=numerateur,
            denominateur=denominateur,
            **TEXTES,
            **autres,
        )

    return ajouter


def cellules(*lignes):
    """Des cellules publiées : (indicateur, ventilation, modalite, valeur ou statut, lieu, période)."""
    completes = [(*ligne, "dep:93", "2026-T1")[:6] if len(ligne) == 4 else ligne for ligne in lignes]
    table = pd.DataFrame(
        completes, columns=["indicateur", "ventilation", "modalite", "lue", "territoire", "periode"]
    )
    cachee = table["lue"].map(lambda lue: isinstance(lue, str))
    valeurs = table.assign(
        statut=table["lue"].where(cachee, "publie"), valeur=table["lue"].where(~cachee), unite="u"
    )
    return SCHEMAS["indicateurs/valeurs"].verifier(valeurs.drop(columns="lue"))


def sexes(femmes, hommes, **autres):
    lus = {"F": femmes, "M": hommes, **autres}
    return [("beneficiaires", "sexe", code, lue) for code, lue in lus.items() if lue is not None]


def seul(table):
    (ligne,) = table[["valeur", "statut"]].itertuples(index=False)
    return (None if pd.isna(ligne.valeur) else ligne.valeur, ligne.statut)


def test_une_part_est_le_quotient_de_deux_sommes_de_cellules_publiees(inscrire):
    # 15 ÷ (15 + 45) = 25 % ; les 40 non renseignées n'y entrent pas
    inscrire("part_des_femmes", part, FEMMES, CONNUES)
    assert seul(evaluer(cellules(*sexes(15, 45, NR=40)), {})) == (25.0, "publie")


@pytest.mark.parametrize(
    ("femmes", "hommes", "attendu"),
    [
        (S, 45, (None, "secret")),
        (15, S, (None, "secret")),
        (ND, S, (None, "secret")),
        (15, ND, (None, ND)),
        (0, 0, (None, ND)),
        (0, 45, (0.0, "publie")),
    ],
)
def test_un_terme_cache_cache_la_part_et_zero_sur_zero_n_est_pas_zero(inscrire, femmes, hommes, attendu):
    inscrire("part_des_femmes", part, FEMMES, CONNUES)
    assert seul(evaluer(cellules(*sexes(femmes, hommes)), {})) == attendu


def test_une_division_par_zero_n_est_pas_l_infini(inscrire):
    inscrire("heures_par_personne", quotient, HEURES, SUR_PLACE, unite="h/personne")
    table = cellules(
        ("heures_realisees", ENSEMBLE, ENSEMBLE, 12.0), ("beneficiaires_sur_place", ENSEMBLE, ENSEMBLE, 0)
    )
    assert seul(evaluer(table, {})) == (None, ND)


def test_une_modalite_jamais_observee_vaut_zero_une_modalite_qui_manque_ici_n_est_pas_disponible(inscrire):
    inscrire("part_des_femmes", part, FEMMES, CONNUES)
    # aucun homme dans la région : la modalité n'est pas écrite, 15 ÷ (15 + 0) = 100 %
    assert seul(evaluer(cellules(*sexes(15, None)), {})) == (100.0, "publie")
    # des hommes sont écrits ailleurs, pas ici
    ailleurs = [(*ligne, "dep:94", "2026-T1") for ligne in sexes(10, 10)]
    rendue = evaluer(cellules(*sexes(15, None), *ailleurs), {})
    assert seul(rendue[rendue["territoire"] == "dep:93"]) == (None, ND)
    assert seul(rendue[rendue["territoire"] == "dep:94"]) == (50.0, "publie")


def test_un_rapport_n_existe_que_la_ou_ses_deux_termes_existent(inscrire):
    inscrire("heures_par_personne", quotient, HEURES, SUR_PLACE, unite="h/personne")
    assert evaluer(cellules(("heures_realisees", ENSEMBLE, ENSEMBLE, 12.0)), {}).empty
    assert evaluer(cellules(), {}).empty


def test_un_rapport_a_un_seul_terme_recoit_ses_parametres(inscrire):
    # 3 214 h ÷ 1 607 = 2 équivalents temps plein
    inscrire("etp", par_etp, HEURES, unite="ETP", parametres=("heures_par_etp",))
    table = cellules(("heures_realisees", ENSEMBLE, ENSEMBLE, 3214.0))
    assert seul(evaluer(table, {"heures_par_etp": 1607})) == (2.0, "publie")
    cachee = cellules(("heures_realisees", ENSEMBLE, ENSEMBLE, S))
    assert seul(evaluer(cachee, {"heures_par_etp": 1607})) == (None, "secret")


def test_un_rapport_croise_est_donne_modalite_par_modalite(inscrire):
    # 100 ÷ 10 = 10 h ; travaux 90 ÷ 6 = 15 h ; services : les personnes sont cachées
    inscrire("heures_par_personne", quotient, HEURES, SUR_PLACE, unite="h/personne", croise=("type_marche",))
    table = cellules(
        ("heures_realisees", ENSEMBLE, ENSEMBLE, 100.0),
        ("heures_realisees", "type_marche", "T", 90.0),
        ("heures_realisees", "type_marche", "S", 10.0),
        ("beneficiaires_sur_place", ENSEMBLE, ENSEMBLE, 10),
        ("beneficiaires_sur_place", "type_marche", "T", 6),
        ("beneficiaires_sur_place", "type_marche", "S", S),
    )
    rendue = evaluer(table, {}).set_index(["ventilation", "modalite"])
    assert rendue["valeur"].dropna().to_dict() == {
        (ENSEMBLE, ENSEMBLE): 10.0,
        ("type_marche", "T"): 15.0,
    }
    assert rendue.loc[("type_marche", "S"), "statut"] == "secret"


@pytest.mark.parametrize(
    ("hommes", "attendu"),
    [
        (10, (1.0, "publie")),  # 10 ÷ 20 = 50 %, au minimum
        (9, (None, "non_significatif")),  # 9 ÷ 19 = 47 %
        (S, (None, "secret")),
        (None, (None, ND)),  # la garde n'existe pas ici
    ],
)
def test_un_rapport_garde_se_tait_quand_sa_garde_est_faible(inscrire, hommes, attendu):
    inscrire("garde", lambda n, d: 100 * n / d, Comptes(**{**vars_de(FEMMES), "modalites": ("M",)}), CONNUES)
    inscrire("garde_e", quotient, HEURES, SUR_PLACE, garde=("garde", "minimum_pct"))
    table = cellules(
        *(sexes(10, hommes) if hommes is not None else []),
        ("heures_realisees", ENSEMBLE, ENSEMBLE, 7.0),
        ("beneficiaires_sur_place", ENSEMBLE, ENSEMBLE, 7),
    )
    rendue = evaluer(table, {"minimum_pct": 50})
    assert seul(rendue[rendue["indicateur"] == "garde_e"]) == attendu


def vars_de(comptes):
    return {nom: getattr(comptes, nom) for nom in ("indicateur", "ventilation", "modalites")}


LUES = st.one_of(st.integers(0, 500), st.sampled_from([S, ND]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(lieux=st.lists(st.tuples(LUES, LUES), min_size=1, max_size=6))
def test_un_rapport_publie_se_refait_a_la_main_et_un_terme_cache_ne_donne_jamais_de_nombre(inscrire, lieux):
    inscrire("part_des_femmes", part, FEMMES, CONNUES)
    lignes = [
        (*ligne, f"ept:T{rang}", "2026-T1")
        for rang, (femmes, hommes) in enumerate(lieux)
        for ligne in sexes(femmes, hommes)
    ]
    rendue = evaluer(cellules(*lignes), {}).set_index("territoire")
    assert len(rendue) == len(lieux)
    for rang, (femmes, hommes) in enumerate(lieux):
        ligne = rendue.loc[f"ept:T{rang}"]
        if S in (femmes, hommes):
            assert (pd.isna(ligne["valeur"]), ligne["statut"]) == (True, "secret")
        elif ND in (femmes, hommes) or femmes + hommes == 0:
            assert (pd.isna(ligne["valeur"]), ligne["statut"]) == (True, ND)
        else:
            assert ligne["valeur"] == pytest.approx(100 * femmes / (femmes + hommes))


# ── ce que déclarent les rapports inscrits ────────────────────────────────────────────────────
@pytest.mark.parametrize("rapport", RAPPORTS.values(), ids=RAPPORTS.keys())
def test_chaque_rapport_cite_des_cellules_qui_existent(rapport):
    for terme in rapport.termes:
        indicateur = REGISTRE[terme.indicateur]
        if terme.ventilation == ENSEMBLE:
            assert terme.modalites == (ENSEMBLE,)
            continue
        assert terme.ventilation in indicateur.ventilations
        assert set(terme.modalites) <= set(ventilations()[terme.ventilation].libelles)
        # des modalités qui se recouvrent ne se somment pas
        assert len(terme.modalites) == 1 or terme.ventilation not in indicateur.multiples


@pytest.mark.parametrize("rapport", RAPPORTS.values(), ids=RAPPORTS.keys())
def test_chaque_rapport_croise_lit_l_ensemble_de_ses_termes_et_sa_garde_est_inscrite_avant_lui(rapport):
    for ventilation in rapport.croise:
        for terme in rapport.termes:
            assert terme.ventilation == ENSEMBLE
            assert ventilation in REGISTRE[terme.indicateur].ventilations
    if rapport.garde:
        noms = list(RAPPORTS)
        assert noms.index(rapport.garde[0]) < noms.index(rapport.nom)


@pytest.mark.parametrize("rapport", RAPPORTS.values(), ids=RAPPORTS.keys())
def test_chaque_rapport_a_une_note_de_methode_qui_se_lit(rapport):
    assert len(rapport.methode) > 200
    assert "{valeur}" in rapport.lecture
    assert "'" not in rapport.methode + rapport.libelle + rapport.champ + rapport.lecture


# ── le catalogue ──────────────────────────────────────────────────────────────────────────────
def test_le_catalogue_dit_les_indicateurs_puis_les_rapports_et_de_quoi_ceux_ci_sont_faits():
    lu = catalogue(dict.fromkeys(parametres_cites(), 1607)).set_index("indicateur")
    assert list(lu.index) == [*REGISTRE, *RAPPORTS]
    assert list(lu["ordre"]) == list(range(1, len(lu) + 1))
    for nom, rapport in RAPPORTS.items():
        assert lu.loc[nom, "numerateur"] == ecrire_comptes(rapport.numerateur)
        assert lu.loc[nom, "additif"] == ""
    assert (lu.loc[list(REGISTRE), "numerateur"] == "").all()
    assert not lu["champ"].str.contains("{", regex=False).any()


# ── ce qui ne s'additionne pas ────────────────────────────────────────────────────────────────
def trimestres(indicateur, *lues, ventilation=ENSEMBLE, modalite=ENSEMBLE):
    return cellules(
        *(
            (indicateur, ventilation, modalite, lue, "dep:93", f"2025-T{rang}")
            for rang, lue in enumerate(lues, 1)
        )
    )


def test_les_heures_s_additionnent_entre_trimestres():
    # 10 + 20 + 30 + 40 = 100
    assert seul(sommer(trimestres("heures_realisees", 10, 20, 30, 40), "periode")) == (100.0, "publie")
    assert seul(sommer(trimestres("heures_realisees", 10, S, 30, ND), "periode")) == (None, "secret")
    assert seul(sommer(trimestres("heures_realisees", 10, 20, ND), "periode")) == (None, ND)


def test_les_personnes_ne_s_additionnent_pas_entre_trimestres():
    with pytest.raises(
        ObservatoireError, match="les personnes ne s'additionnent pas entre périodes"
    ) as levee:
        sommer(trimestres("beneficiaires", 10, 20), "periode")
    assert "10" not in str(levee.value)


def test_des_modalites_qui_se_recouvrent_ne_s_additionnent_pas():
    publics = trimestres("beneficiaires", 10, ventilation="public", modalite="BRSA")
    with pytest.raises(ObservatoireError, match="peut en avoir plusieurs"):
        sommer(publics, "modalite")
    assert seul(sommer(cellules(*sexes(15, 45)), "modalite")) == (60.0, "publie")


def test_des_cellules_qui_se_recouvrent_ne_s_additionnent_pas():
    heures = ("heures_realisees", ENSEMBLE, ENSEMBLE, 10.0)
    region = cellules((*heures, "reg:11", "2025"), (*heures, "dep:93", "2025"))
    with pytest.raises(ObservatoireError, match="territoires se recouvrent"):
        sommer(region, "territoire")
    for periodes in (("2025", "2025-T1"), ("2026-T1-4T", "2026-T2-4T")):
        with pytest.raises(ObservatoireError, match="périodes se recouvrent"):
            sommer(cellules(*((*heures, "dep:93", periode) for periode in periodes)), "periode")
    with pytest.raises(ObservatoireError, match="modalités se recouvrent"):
        sommer(cellules(heures, ("heures_realisees", "type_marche", "T", 4.0)), "modalite")


def test_un_rapport_ne_s_additionne_pas(monkeypatch):
    declare = Rapport(nom="essai", unite="%", calcul=part, numerateur=FEMMES, denominateur=CONNUES, **TEXTES)
    monkeypatch.setitem(RAPPORTS, "essai", declare)
    with pytest.raises(ObservatoireError, match="rapport"):
        sommer(trimestres("essai", 10, 20), "periode")
    with pytest.raises(ObservatoireError, match="Vouliez-vous dire : periode"):
        sommer(trimestres("heures_realisees", 10), "periodes")
