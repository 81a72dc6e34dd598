"""Les indicateurs : l'arithmétique de chacun, puis leur tabulation sur un petit entrepôt."""

from __future__ import annotations

import shutil

import duckdb
import pandas as pd
import pytest
from conftest import DEPOT

from observatoire.config import Config
from observatoire.indicateurs import REGISTRE
from observatoire.indicateurs import tabuler as tabuler_sous_secret
from observatoire.indicateurs.clauses import heures_engagees
from observatoire.indicateurs.commande_publique import part_marches_considerations
from observatoire.indicateurs.contrats import contrats_actifs, missions
from observatoire.indicateurs.heures import heures_realisees
from observatoire.indicateurs.marches import marches_clauses_generateurs
from observatoire.indicateurs.personnes import beneficiaires
from observatoire.indicateurs.registre import RAPPORTS
from observatoire.indicateurs.tables import GENRES
from observatoire.referentiel import ventilations
from tests.entrepot_en_memoire import cinq, clause, entrepot, marche
from tests.maillons import en_octets
from tests.secret_leve import tabuler

P1, P2, P3, P4, P5 = (f"p{rang}" for rang in range(1, 6))


@pytest.fixture(scope="module")
def connexion():
    with duckdb.connect() as ouverte:
        yield ouverte


# ── les calculs, sur de petites tables pandas ─────────────────────────────────────────────────
def travail(*lignes, colonnes="personne contrat_id modalite heures"):
    table = pd.DataFrame(list(lignes), columns=colonnes.split())
    typee = table.astype({nom: "string" for nom in table.columns if nom != "heures"}).assign(territoire="t")
    # un seul employeur, aucun renouvellement
    return typee.assign(contrat_suivi_id=typee.get("contrat_id"), employeur_siren="100000009")


def seule(table):
    """La valeur et l'effectif d'une table d'une seule ligne."""
    (ligne,) = table[["valeur", "effectif"]].itertuples(index=False)
    return tuple(None if pd.isna(nombre) else nombre for nombre in ligne)


def par_modalite(table):
    return dict(zip(table["modalite"], table["valeur"], strict=True))


def test_une_personne_sur_deux_marches_compte_une_fois_au_total_et_une_fois_dans_chaque_modalite():
    # Oracle 7 : CE et MR_SIAE le même trimestre → 1 au total, 1 + 1 par modalité, et 25 heures.
    table = travail((P1, "c1", "EXECUTION", 10.0), (P1, "c2", "RESERVE", 15.0))
    assert seule(beneficiaires(table, ["territoire"])) == (1, 1)
    assert par_modalite(beneficiaires(table, ["modalite"])) == {"EXECUTION": 1, "RESERVE": 1}
    assert seule(heures_realisees(table, ["territoire"])) == (25.0, 1)


def test_une_personne_suivie_par_deux_structures_compte_une_fois_en_region_et_une_fois_chez_chacune():
    # Oracle 8 : la clé régionale est la même, les identifiants de contrat diffèrent.
    table = travail(
        (P1, "a-1", "dep93", 10.0),
        (P1, "b-9", "dep94", 10.0),
        colonnes="personne contrat_id modalite heures",
    )
    assert seule(beneficiaires(table, ["territoire"])) == (1, 1)
    assert par_modalite(beneficiaires(table, ["modalite"])) == {"dep93": 1, "dep94": 1}


def test_il_faut_une_heure_dans_la_cellule_pour_y_compter():
    # R2 et R3 : 0,4 + 0,6 = 1 h → oui ; 0,9 h → non ; 2 × 0,5 h en deux contrats : la personne seule.
    table = travail(
        (P1, "c1", "X", 0.4),
        (P1, "c1", "X", 0.6),
        (P2, "c2", "X", 0.9),
        (P3, "c3", "X", 0.5),
        (P3, "c4", "X", 0.5),
    )
    assert seule(beneficiaires(table, ["territoire"])) == (2, 2)
    assert seule(contrats_actifs(table, ["territoire"])) == (1, 1)
    # Par modalité, la moitié d'une heure dans chacune ne fait une présence dans aucune.
    demi = travail((P1, "c1", "X", 0.5), (P1, "c1", "Y", 0.5))
    assert seule(beneficiaires(demi, ["territoire"])) == (1, 1)
    assert par_modalite(beneficiaires(demi, ["modalite"])) == {}


def test_dix_fois_six_minutes_font_une_heure_malgre_les_arrondis_binaires(connexion):
    # En binaire, 0,1 ajouté dix fois fait 0,9999999999999999.
    dixiemes = connexion.sql(
        "select 't' as territoire, 'p' as personne, 0.1::double as heures from range(10)"
    )
    assert seule(beneficiaires(dixiemes, ["territoire"]).to_df()) == (1, 1)


def test_contrats_et_personnes_ne_se_confondent_pas():
    # R3 : trois missions, deux personnes.
    table = travail((P1, "c1", "X", 5.0), (P1, "c2", "X", 5.0), (P2, "c3", "X", 5.0))
    assert seule(contrats_actifs(table, ["territoire"])) == (3, 2)


def test_un_contrat_renouvele_compte_pour_un_et_pour_deux_missions():
    # R3 : c2 renouvelle c1 ; c3 est d'une autre personne.
    table = travail((P1, "c1", "X", 5.0), (P1, "c2", "X", 5.0), (P2, "c3", "X", 5.0))
    suivis = table.assign(contrat_suivi_id=pd.array(["c1", "c1", "c3"], dtype="string"))
    assert seule(contrats_actifs(suivis, ["territoire"])) == (2, 2)
    assert seule(missions(suivis, ["territoire"])) == (3, 2)
    # 0,5 h + 0,5 h : une heure pour le contrat suivi, aucune pour ses missions.
    demies = suivis.assign(heures=[0.5, 0.5, 0.0])
    assert seule(contrats_actifs(demies, ["territoire"])) == (1, 1)
    assert missions(demies, ["territoire"]).empty


def test_une_ligne_a_zero_heure_ne_grossit_pas_l_effectif():
    # Cinq personnes dans la table, une seule a travaillé : l'effectif est 1, la cellule sera secrète.
    lignes = [(P1, "c1", "X", 12.0), *((p, f"c{p}", "X", 0.0) for p in (P2, P3, P4, P5))]
    assert seule(heures_realisees(travail(*lignes), ["territoire"])) == (12.0, 1)


def test_des_heures_sans_personne_connue_comptent_pour_une_personne_et_aucun_beneficiaire():
    table = travail((P1, "c1", "X", 5.0), (None, "c2", "X", 5.0), (None, "c3", "X", 5.0))
    assert seule(heures_realisees(table, ["territoire"])) == (15.0, 2)
    assert seule(beneficiaires(table, ["territoire"])) == (1, 1)


def part_considerations(oui, non, nr):
    codes = ["OUI"] * oui + ["NON"] * non + ["NR"] * nr
    table = pd.DataFrame({"consideration_sociale": codes}, dtype="string").assign(
        territoire="t", montant_eur=50_000.0
    )
    return part_marches_considerations(table, ["territoire"], seuil_publication_eur=40_000)


@pytest.mark.parametrize(
    ("oui", "non", "nr", "attendu"),
    [
        (2953, 12364 - 2953, 0, 23.9),  # oracle 3 : 2 953 / 12 364
        (2428, 12978 - 2428, 500, 18.7),  # 2 428 / 12 978 ; les non renseignés sortent du dénominateur
        (1, 0, 99, 100.0),
        (0, 3, 0, 0.0),  # un vrai zéro
    ],
)
def test_une_part_a_pour_denominateur_les_marches_renseignes(oui, non, nr, attendu):
    valeur, effectif = seule(part_considerations(oui, non, nr))
    assert valeur == pytest.approx(attendu, abs=0.05)
    assert effectif is None


def test_une_part_de_rien_n_est_pas_zero():
    assert seule(part_considerations(0, 0, 7)) == (None, None)


def test_des_heures_engagees_toutes_inconnues_ne_font_pas_zero():
    table = pd.DataFrame({"modalite": ["A", "A", "B"], "heures_engagees": [100.0, None, None]})
    valeurs = par_modalite(heures_engagees(table.astype({"heures_engagees": "Float64"}), ["modalite"]))
    assert valeurs["A"] == 100.0
    assert pd.isna(valeurs["B"])


def test_un_marche_generateur_a_produit_une_heure_toutes_personnes_confondues():
    # R4 : m1 = 0,5 + 0,5 = 1 h ; m2 = 0,5 h.
    table = travail((P1, "m1", 0.5), (P2, "m1", 0.5), (P1, "m2", 0.5), colonnes="personne marche_cle heures")
    assert seule(marches_clauses_generateurs(table, ["territoire"])) == (1, None)


# ── le registre ───────────────────────────────────────────────────────────────────────────────
UNITES = {"h", "€", "%", "jours", "personnes", "contrats", "marchés", "lots", "entreprises", "structures"}


@pytest.mark.parametrize("indicateur", REGISTRE.values(), ids=REGISTRE.keys())
def test_tout_indicateur_dit_son_champ_sa_source_sa_lecture_et_sa_methode(indicateur):
    assert len(indicateur.methode) > 200, "la docstring est la note de méthode"
    assert indicateur.champ.endswith(".")
    assert indicateur.source.endswith(".")
    assert indicateur.lecture.endswith(".")
    phrase = indicateur.lecture.format(territoire="en X", periode="2025", valeur="12")
    assert "{" not in phrase
    assert all(mot in phrase for mot in ("en X", "2025", "12"))
    assert set(indicateur.additif) <= {"territoire", "periode", "modalite"}
    assert set(indicateur.ventilations) <= set(ventilations())
    assert indicateur.table in GENRES
    assert indicateur.unite in UNITES


def test_un_compte_ne_s_additionne_dans_le_temps_que_s_il_date_un_evenement():
    # Un marché se notifie une fois, un contrat se signe et finit une fois, une personne entre une fois.
    dates = {
        nom for nom, i in REGISTRE.items() if "periode" in i.additif and i.unite not in ("h", "€", "jours")
    }
    evenements = {"marches_notifies", "marches_reserves", "contrats_signes", "contrats_finis", "entrees"}
    assert dates == evenements | {"sorties"}


# ── la tabulation, sur un petit entrepôt ──────────────────────────────────────────────────────
@pytest.fixture
def config(tmp_path) -> Config:
    shutil.copy(DEPOT / "parametres.toml", tmp_path)
    tout = dict.fromkeys(("trimestre", "glissant", "annee"), "croisements")
    plan = {"plan": dict.fromkeys(("reg", "dep", "ept"), tout)}
    return Config(tmp_path, {"fiches": {"niveaux": ["reg", "dep"]}, "publication": plan})


def lire(connexion, config):
    return lecteur(tabuler(connexion, config)["indicateurs/valeurs"])


def lecteur(valeurs):
    """Rend (valeur, statut) d'une cellule, None si elle n'est pas écrite."""
    cles = valeurs.set_index(["indicateur", "territoire", "periode", "ventilation", "modalite"])

    def cellule(indicateur, territoire="reg:11", periode="2025-T1", ventilation="ensemble", code="ensemble"):
        cle = (indicateur, territoire, periode, ventilation, code)
        if cle not in cles.index:
            return None
        ligne = cles.loc[cle]
        return (None if pd.isna(ligne["valeur"]) else ligne["valeur"], ligne["statut"])

    return cellule


def test_les_heures_vont_au_mois_travaille_et_l_annee_attend_ses_quatre_trimestres(config):
    # R1 : 5 × 10 h en janvier et 5 × 4 h en avril 2025 ; 2025 complet = 5 × (10 + 4 + 1 + 1) = 80 h.
    # En 2026, 5 × 2,1234 = 10,617, écrit 10,62.
    mois = [("2025-01", 10.0), ("2025-04", 4.0), ("2025-07", 1.0), ("2025-12", 1.0), ("2026-01", 2.1234)]
    heures = [ligne for m, h in mois for ligne in cinq("k", m, h)]
    cellule = lire(entrepot(heures, [clause("k")]), config)
    assert cellule("heures_realisees") == (50.0, "publie")
    assert cellule("heures_realisees", periode="2025-T2") == (20.0, "publie")
    assert cellule("heures_realisees", periode="2025") == (80.0, "publie")
    assert cellule("beneficiaires", periode="2025") == (5, "publie")  # et non 4 × 5
    assert cellule("contrats_actifs", periode="2025") == (5, "publie")
    assert cellule("heures_realisees", periode="2026-T1") == (10.62, "publie")
    assert cellule("heures_realisees", periode="2026") is None  # un trimestre sur quatre


def test_un_zero_n_est_pas_une_absence(config):
    # Rien en 2025-T2 dans toute la région : pas de ligne. Rien dans le 94 en 2025-T1 : 0.
    heures = [*cinq("k", "2025-02", 10.0), *cinq("k", "2025-08", 10.0)]
    cellule = lire(entrepot(heures, [clause("k")]), config)
    assert cellule("heures_realisees", "dep:94") == (0.0, "publie")
    assert cellule("beneficiaires", "dep:94") == (0.0, "publie")
    assert cellule("heures_realisees", periode="2025-T2") is None
    assert cellule("heures_realisees", periode="2024-T4") is None
    # Les données essentielles ne sont pas là : leurs indicateurs ne disent rien, pas même 0.
    assert cellule("marches_notifies") is None
    assert cellule("part_marches_considerations") is None


def test_un_trimestre_inacheve_a_l_extraction_n_est_pas_publie(config):
    depots = [
        {
            **dict.fromkeys(("fichier", "titre", "producteur", "licence", "sha256"), "x"),
            "source": "suivi_a",
            "millesime": "2025-05-15",
            "genre": "suivi",
            "date_extraction": pd.Timestamp(2025, 5, 15),
            "fictif": False,
            "lues": 10,
        }
    ]
    heures = [*cinq("k", "2025-02", 10.0), *cinq("k", "2025-04", 10.0)]
    cellule = lire(entrepot(heures, [clause("k")], acquisition__depots=depots), config)
    assert cellule("heures_realisees", periode="2025-T1") == (50.0, "publie")
    assert cellule("heures_realisees", periode="2025-T2") is None


def test_quatre_personnes_ne_se_publient_dans_aucune_unite(config):
    # Dans le 94 : 4 personnes, 40 h. En région : les mêmes et 5 autres.
    ailleurs = ("reg:11", "dep:94")
    heures = [*cinq("k", "2025-02", 10.0), *cinq("l", "2025-02", 10.0, "q")[:4]]
    connexion = entrepot(
        heures, [clause("k"), clause("l", ailleurs)], personnes={f"q{n}": ({}, ailleurs) for n in range(4)}
    )
    cellule = lecteur(tabuler_sous_secret(connexion, config)["indicateurs/valeurs"])
    unites = ("heures_realisees", "beneficiaires", "beneficiaires_sur_place", "contrats_actifs", "missions")
    for indicateur in unites:
        assert cellule(indicateur, "dep:94") == (None, "secret"), indicateur
    assert cellule("marches_clauses_generateurs", "dep:94") == (1, "publie")  # des marchés, pas des personnes
    assert cellule("heures_realisees") == (None, "secret")  # un seul employeur : le secret des entreprises
    assert cellule("missions")[1] == "publie"  # neuf personnes, sans donnée d'entreprise


def test_un_marche_notifie_actif_generateur_se_compte_de_trois_facons(config):
    # R4 : deux lots d'un marché notifiés en 2024-T4 et 2025-T1, exécutés de février à juin, heures en mai.
    dates = {"date_debut": "2025-02-01", "date_fin": "2025-06-30", "marche_cle": "m"}
    clauses = [
        clause("k", date_notification="2024-12-20", heures_engagees=100.0, **dates),
        clause("l", date_notification="2025-01-10", heures_engagees=50.5, **dates),
        clause("l2", date_notification="2025-01-10", **dates),  # un autre lot du même marché
        clause("a", date_notification="2025-01-10", heures_engagees=7.0, statut="ABANDONNEE", **dates),
        clause("s", date_notification="2025-01-11", type_marche="S"),  # sans fin : réputée en cours
    ]
    temoin = [ligne for m in ("2024-11", "2025-03", "2025-05", "2025-09") for ligne in cinq("t", m, 1.0)]
    cellule = lire(entrepot([*temoin, *cinq("k", "2025-05", 3.0)], [*clauses, clause("t")]), config)
    trimestres = ["2024-T4", "2025-T1", "2025-T2", "2025-T3"]

    def suite(indicateur):
        return [cellule(indicateur, periode=t)[0] for t in trimestres]

    assert suite("marches_clauses_notifies") == [1, 2, 0, 0]  # m puis m et s ; l'abandonnée ne compte pas
    assert suite("marches_clauses_actifs") == [0, 2, 2, 1]  # m et s, puis s seul ; t n'a pas de dates
    assert suite("marches_clauses_generateurs") == [1, 1, 2, 1]  # t toujours, m en mai
    assert suite("heures_engagees") == [100.0, 50.5, 0.0, 0.0]
    assert cellule("marches_clauses_notifies", "reg:11", "2025-T1", "type_marche", "S") == (1, "publie")


def test_les_heures_privees_et_les_achats_directs_sont_montres_a_part(config):
    # T19 : 5 × 10 h sous clause, 5 × 3 h privées, 5 × 2 h d'achat direct, et 5 × 1 h non renseignées.
    clauses = [
        clause("k", date_notification="2025-01-10", heures_engagees=100.0),
        clause("prive", modalite="PRIVE", date_notification="2025-01-10", heures_engagees=40.0),
        clause("achat", modalite="ACHAT_SIAE", date_notification="2025-01-10", heures_engagees=7.0),
        clause("nr", modalite=None),
    ]
    heures = [
        *cinq("k", "2025-02", 10.0),
        *cinq("prive", "2025-02", 3.0, "q"),
        *cinq("achat", "2025-02", 2.0, "r"),
        *cinq("nr", "2025-02", 1.0, "s"),
    ]
    cellule = lire(entrepot(heures, clauses), config)
    assert cellule("heures_realisees") == (50.0 + 5.0, "publie")
    assert cellule("heures_hors_clauses_publiques") == (15.0 + 10.0, "publie")
    assert cellule("heures_engagees") == (100.0, "publie")
    for indicateur in ("beneficiaires", "beneficiaires_sur_place", "contrats_actifs", "missions"):
        assert cellule(indicateur) == (10.0, "publie"), indicateur
    assert cellule("marches_clauses_generateurs") == (2.0, "publie")
    assert cellule("marches_clauses_notifies") == (1.0, "publie")


def test_un_contrat_renouvele_se_compte_par_le_contrat_suivi(config):
    # R3 : p0 … p4 ont chacun un contrat sur k et son renouvellement sur l : 5 contrats, 10 missions.
    heures = [*cinq("k", "2025-02", 10.0), *cinq("l", "2025-03", 10.0)]
    connexion = entrepot(heures, [clause("k"), clause("l")])
    connexion.execute("update entrepot.contrats set contrat_suivi_id = replace(contrat_id, '-l', '-k')")
    cellule = lire(connexion, config)
    assert cellule("contrats_actifs") == (5.0, "publie")
    assert cellule("missions") == (10.0, "publie")


def test_les_marches_se_ventilent_par_procedure_et_type_d_acheteur(config):
    marches = [
        marche("m1", "2025-01-10", procedure="AOO", type_acheteur="COMMUNE"),
        marche("m2", "2025-01-10", procedure="AOO", type_acheteur="inconnu"),
    ]
    cellule = lire(entrepot(marches=marches), config)
    assert cellule("marches_notifies", ventilation="procedure", code="AOO") == (2.0, "publie")
    assert cellule("marches_notifies", ventilation="type_acheteur", code="COMMUNE") == (1.0, "publie")
    assert cellule("marches_notifies", ventilation="type_acheteur", code="NR") == (1.0, "publie")


def test_non_renseigne_n_est_pas_non(config):
    # 2025-T1 : oui, non, deux non renseignés (l'un : non, non, vide) → 1 / 2 = 50 % ; une concession à part.
    marches = [
        marche("a", "2025-01-05", False, True, False),
        marche("b", "2025-01-05", False, False, False),
        marche("c", "2025-02-05", False, False, None),
        marche("d", "2025-03-31"),
        marche("e", "2025-03-31", True, True, True, genre="concession"),
        marche("f", "2025-03-31", lieux=("reg:11", "dep:94")),
    ]
    cellule = lire(entrepot(marches=marches), config)
    assert cellule("marches_notifies", "dep:93") == (4, "publie")
    repartition = {
        code: cellule("marches_notifies", "dep:93", "2025-T1", "consideration_sociale", code)[0]
        for code in ("OUI", "NON", "NR")
    }
    assert repartition == {"OUI": 1, "NON": 1, "NR": 2}
    assert cellule("part_marches_considerations", "dep:93") == (50.0, "publie")
    # Dans le 94, rien n'est renseigné : 0 / 0, et surtout pas 0 %.
    assert cellule("marches_notifies", "dep:94") == (1, "publie")
    assert cellule("part_marches_considerations", "dep:94") == (None, "non_disponible")
    # Aucun marché de type inconnu : leur nombre est 0, leur part n'existe pas.
    assert cellule("marches_notifies", "dep:93", "2025-T1", "type_marche", "NR") == (0, "publie")
    sans_marche = cellule("part_marches_considerations", "dep:93", "2025-T1", "type_marche", "NR")
    assert sans_marche == (None, "non_disponible")


def test_les_publics_et_les_prescripteurs_se_cumulent(config):
    # Cinq personnes, toutes BRSA et QPV ; suivies par France Travail sur k et par une mission locale sur l.
    heures = [*cinq("k", "2025-01", 10.0), *cinq("l", "2025-01", 10.0), *cinq("k", "2025-01", 5.0, "q")]
    publics = [(f"p{rang}", public) for rang in range(5) for public in ("BRSA", "QPV")]
    connexion = entrepot(
        heures, [clause("k"), clause("l")], publics=publics, prescripteurs={"k": "FT", "l": "ML"}
    )
    cellule = lire(connexion, config)

    def selon(ventilation, code):
        return cellule("beneficiaires", "reg:11", "2025-T1", ventilation, code)

    assert cellule("beneficiaires") == (10, "publie")
    assert [selon("public", code)[0] for code in ("BRSA", "QPV", "NR")] == [5, 5, 5]  # q : aucun public
    assert selon("public", "AAH") is None  # jamais observé : pas de ligne
    assert [selon("prescripteur", code)[0] for code in ("FT", "ML", "NR")] == [10, 5, 0]


def test_habiter_le_territoire_a_trois_reponses(config):
    ailleurs = ({"commune_residence": "94028", "departement_residence": "94"}, ("reg:11", "dep:94"))
    hors = ({"commune_residence": "60057", "departement_residence": "HORS"}, ())
    inconnue = ({"commune_residence": None, "departement_residence": "NR"}, ())
    profils = {"a": ailleurs, "h": hors, "n": inconnue}
    heures = [ligne for prefixe in ("p", *profils) for ligne in cinq("k", "2025-01", 2.0, prefixe)]
    personnes = {f"{prefixe}{rang}": profil for prefixe, profil in profils.items() for rang in range(5)}
    cellule = lire(entrepot(heures, [clause("k")], personnes=personnes), config)

    def reponses(territoire):
        lues = [
            cellule("beneficiaires_sur_place", territoire, "2025-T1", "habite_le_territoire", code)
            for code in ("OUI", "NON", "NR")
        ]
        return [valeur for valeur, _ in lues]

    assert reponses("dep:93") == [5, 10, 5]  # p ; a et h ; n
    assert reponses("reg:11") == [10, 5, 5]  # p et a ; h ; n
    assert cellule("beneficiaires_sur_place", "dep:93") == (20, "publie")
    assert cellule("beneficiaires", "dep:93") == (5, "publie")
    residences = {"93": 5, "94": 5, "HORS": 5, "NR": 5}
    lues = {
        code: cellule("beneficiaires_sur_place", "dep:93", "2025-T1", "departement_residence", code)[0]
        for code in residences
    }
    assert lues == residences


def test_les_modalites_ecrites_sont_celles_du_referentiel(config):
    # CDI de chantier → CDI, ETTI → SIAE, un code inconnu → NR : les heures ne se perdent pas en route.
    clauses = [clause("k", type_marche=None), clause("l", modalite="INCONNUE", programme="GPE")]
    heures = [*cinq("k", "2025-01", 10.0), *cinq("l", "2025-01", 1.0)]
    valeurs = tabuler(entrepot(heures, clauses), config)["indicateurs/valeurs"]
    cellule = lecteur(valeurs)
    for ventilation, code, attendu in (
        ("type_contrat", "CDI", 55.0),
        ("type_employeur", "SIAE", 55.0),
        ("modalite", "EXECUTION", 50.0),
        ("modalite", "AUTRES", 5.0),  # réunit ce qui est trop rare, l'inconnu compris
        ("type_marche", "NR", 50.0),
        ("programme", "GP", 5.0),
        ("programme", "HORS", 50.0),
    ):
        assert cellule("heures_realisees", "reg:11", "2025-T1", ventilation, code) == (attendu, "publie")
    for ventilation, codes in valeurs.groupby("ventilation")["modalite"].unique().items():
        assert ventilation == "ensemble" or set(codes) <= set(ventilations()[ventilation].libelles)


def test_des_heures_de_code_inconnu_ne_disparaissent_pas_d_une_liste_sans_non_renseigne(config):
    connexion = entrepot(cinq("k", "2025-01", 10.0), [clause("k", programme="INCONNU")])
    cellule = lire(connexion, config)
    assert cellule("heures_realisees", "reg:11", "2025-T1", "programme", "NR") == (50.0, "publie")


def test_la_somme_des_departements_fait_la_region_et_celle_des_trimestres_l_annee(config):
    # Toutes les communes sont connues, toutes les cellules ont cinq personnes : rien n'est caché.
    lieux = {"k": ("reg:11", "dep:93"), "l": ("reg:11", "dep:94")}
    heures = [
        (f"p{rang}", ou, f"2025-{mois:02}", rang + mois / 7)
        for ou in lieux
        for rang in range(7)
        for mois in range(1, 13)
    ]
    clauses = [
        clause(ou, lieu, type_marche=code) for (ou, lieu), code in zip(lieux.items(), "TS", strict=True)
    ]
    valeurs = tabuler(entrepot(heures, clauses), config)["indicateurs/valeurs"]
    cubes = valeurs.loc[valeurs["indicateur"] == "heures_realisees"]
    cubes = cubes.assign(niveau=cubes["territoire"].str[:3], duree=cubes["periode"].str.len())

    def ecart(colonne, partie, tout, *cle):
        sommes = cubes.pivot_table(index=list(cle), columns=colonne, values="valeur", aggfunc="sum")
        return (sommes[partie] - sommes[tout]).abs().max()

    assert ecart("niveau", "dep", "reg", "periode", "ventilation", "modalite") < 0.05
    assert ecart("duree", len("2025-T1"), len("2025"), "territoire", "ventilation", "modalite") < 0.05
    for ventilation in REGISTRE["heures_realisees"].ventilations:
        assert ecart("ventilation", ventilation, "ensemble", "territoire", "periode") < 0.05


def test_seuls_les_niveaux_demandes_sont_tabules(config):
    connexion = entrepot(cinq("k", "2025-01", 10.0), [clause("k")])
    assert lire(connexion, config)("heures_realisees", "ept:T6") is None
    config.reglages["fiches"]["niveaux"] = ["ept"]
    cellule = lire(connexion, config)  # la même connexion peut resservir
    assert cellule("heures_realisees", "ept:T6") == (50.0, "publie")
    assert cellule("heures_realisees") is None


def test_l_ordre_des_lignes_ne_change_pas_un_octet(config):
    heures = [(f"p{rang}", "k", f"2025-0{1 + rang % 9}", 0.1 + rang / 3) for rang in range(60)]
    octets = {
        en_octets(
            "indicateurs/valeurs",
            tabuler(entrepot(ordre, [clause("k")]), config)["indicateurs/valeurs"],
        )
        for ordre in (heures, heures[::-1])
    }
    assert len(octets) == 1


def test_le_catalogue_accompagne_les_valeurs_et_imprime_le_diviseur(config):
    tables = tabuler(entrepot(cinq("k", "2025-01", 10.0), [clause("k")]), config)
    catalogue = tables["indicateurs/catalogue"].set_index("indicateur")
    assert list(catalogue.index) == [*REGISTRE, *RAPPORTS]
    assert set(tables["indicateurs/valeurs"]["indicateur"]) <= set(catalogue.index)
    assert "vaut 1\u202f607 heures." in catalogue.loc["equivalents_temps_plein", "champ"]
    assert catalogue.loc["heures_realisees", "additif"] == "territoire|periode|modalite"
    assert not catalogue["champ"].str.contains("[{}]").any()
    assert tables["indicateurs/provenance"].empty


def test_la_provenance_reunit_le_depot_et_son_controle(config):
    cle = {"source": "suivi_a", "millesime": "2026-10-10", "fichier": "a.csv"}
    depot = {
        **cle,
        **dict.fromkeys(("titre", "producteur", "licence", "sha256"), "x"),
        "genre": "suivi",
        "date_extraction": pd.Timestamp(2026, 10, 10),
        "fictif": True,
        "lues": 12,
    }
    autre = depot | {"fichier": "b.csv"}
    bilan = {**cle, "lues": 12, "gardees": 10, "marquees": 3, "ecartees": 2}
    connexion = entrepot(acquisition__depots=[depot, autre], controle__bilan=[bilan])
    provenance = tabuler(connexion, config)["indicateurs/provenance"].set_index("fichier")
    assert provenance.loc["a.csv", ["lues", "gardees", "marquees", "ecartees"]].tolist() == [12, 10, 3, 2]
    assert provenance.loc["b.csv", "lues"] == 12
    assert provenance.loc["b.csv", ["gardees", "ecartees"]].isna().all()


def test_un_entrepot_vide_se_tabule_sans_une_ligne(config):
    tables = tabuler(entrepot(), config)
    assert tables["indicateurs/valeurs"].empty
    assert len(tables["indicateurs/catalogue"]) == len(REGISTRE) + len(RAPPORTS)
