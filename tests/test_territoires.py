"""Les territoires, leurs communes datées, et ce qui rattache un objet à chacun d'eux (règle R5)."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from observatoire.config import Config
from observatoire.entrepot.tables import inscrire, preparer
from observatoire.entrepot.territoires import construire_rattachements, construire_territoires
from observatoire.erreurs import PerimetreError
from observatoire.perimetre import Territoire
from observatoire.referentiel import lire_liste
from observatoire.schemas import SCHEMAS

CONFIG = Config.charger(Path(__file__).parent)
ACHETEUR = "21930066200012"


@pytest.fixture(scope="module")
def connexion():
    with duckdb.connect() as ouverte:
        preparer(ouverte, CONFIG)
        construire_territoires(ouverte)
        yield ouverte


def rattacher(connexion, **tables):
    """Les territoires de chaque (motif, objet), pour de petites tables de l'entrepôt."""
    acheteurs = pd.DataFrame(tables.get("acheteurs", []), columns=["acheteur_id", "commune", "departement"])
    inscrire(connexion, "reference.acheteurs", acheteurs.astype("string"))
    for nom in ("clauses", "marches", "beneficiaires", "grands_projets", "structures"):
        schema = SCHEMAS[f"entrepot/{nom}"]
        lignes = pd.DataFrame(tables.get(nom, []), columns=schema.noms)
        inscrire(connexion, f"entrepot.{nom}", schema.verifier(lignes))
    construire_rattachements(connexion)
    rendus = defaultdict(list)
    for motif, objet, territoire in connexion.sql("from entrepot.rattachements order by all").fetchall():
        rendus[motif, objet].append(territoire)
    return rendus


def a_la_date(connexion, jour, filtre="true"):
    """Les appartenances vraies un jour donné."""
    return connexion.sql(
        f"""select commune, territoire from entrepot.appartenances where {filtre}
        and valide_du <= date '{jour}' and (valide_au is null or valide_au >= date '{jour}')"""
    ).fetchall()


# ── les territoires et leurs communes ────────────────────────────────────────────────────────


def test_les_territoires_en_vigueur_et_ceux_qui_n_existent_plus(connexion):
    niveaux = dict(
        connexion.sql(
            "select niveau, count(*) from entrepot.territoires where valide_au is null group by all"
        ).fetchall()
    )
    assert niveaux == {"reg": 1, "dep": 8, "ept": 12, "epci": 51}
    passes = connexion.sql(
        "select territoire, valide_au::date::varchar from entrepot.territoires where valide_au is not null"
    ).fetchall()
    assert sorted(passes) == [("epci:200077055", "2019-12-31"), ("epci:247700438", "2019-12-31")]
    assert connexion.sql("select distinct millesime from entrepot.territoires").fetchall() == [("2026",)]


def test_les_douze_territoires_de_la_metropole_existent_depuis_2016(connexion):
    dates = connexion.sql(
        "select distinct valide_du::date::varchar from entrepot.territoires where niveau = 'ept'"
    ).fetchall()
    assert dates == [("2016-01-01",)]


def test_un_territoire_qui_n_existe_plus_ne_se_publie_pas():
    with pytest.raises(PerimetreError, match="epci:247700438"):
        Territoire.lire("epci:247700438")
    assert len(Territoire.tous("epci")) == 51


# Communes de la région au 1er janvier (INSEE) ; avant 2019, 12 communes disparues depuis : 1 266 + 12.
COMMUNES_PAR_AN = {
    "2016-01-02": 1278,
    "2017-01-01": 1277,  # Veneux-les-Sablons
    "2018-01-01": 1276,  # Gadancourt
    "2019-01-01": 1268,  # huit communes
    "2023-12-31": 1268,
    "2024-01-01": 1267,  # Gouzangrez
    "2024-12-31": 1267,
    "2025-01-01": 1266,  # Pierrefitte-sur-Seine
    "2026-11-24": 1266,
}


@pytest.mark.parametrize(("jour", "nombre"), COMMUNES_PAR_AN.items())
def test_chaque_commune_a_une_region_un_departement_et_un_territoire_local(connexion, jour, nombre):
    par_commune = defaultdict(list)
    for commune, territoire in a_la_date(connexion, jour):
        par_commune[commune].append(territoire.split(":")[0])
    assert len(par_commune) == nombre
    formes = Counter(tuple(sorted(niveaux)) for niveaux in par_commune.values())
    metropole = 131 if jour < "2025" else 130
    local = "epci" if jour >= "2019" else None  # la composition des EPCI n'est connue que depuis 2019
    ailleurs = ("dep", "epci", "reg") if local else ("dep", "reg")
    assert formes == {("dep", "ept", "reg"): metropole, ailleurs: nombre - metropole}


def test_pierrefitte_est_a_plaine_commune_jusqu_a_sa_fusion_avec_saint_denis(connexion):
    assert ("93059", "ept:T6") in a_la_date(connexion, "2024-12-31")
    assert a_la_date(connexion, "2025-01-01", "commune = '93059'") == []
    assert len(a_la_date(connexion, "2024-12-31", "territoire = 'ept:T6'")) == 9
    assert len(a_la_date(connexion, "2025-01-01", "territoire = 'ept:T6'")) == 8


def test_crecy_la_chapelle_change_d_intercommunalite_en_2020(connexion):
    du_pays = "commune = '77142' and territoire like 'epci:%'"
    assert a_la_date(connexion, "2019-12-31", du_pays) == [("77142", "epci:247700438")]
    assert a_la_date(connexion, "2020-01-01", du_pays) == [("77142", "epci:200090504")]


def test_une_commune_disparue_quitte_son_intercommunalite(connexion):
    gouzangrez = "commune = '95282' and territoire like 'epci:%'"
    assert a_la_date(connexion, "2023-12-31", gouzangrez) == [("95282", "epci:200035970")]
    assert a_la_date(connexion, "2024-01-01", gouzangrez) == []


def test_aucune_appartenance_ne_se_chevauche_ni_ne_cite_un_territoire_inconnu(connexion):
    chevauchements = connexion.sql(
        """from entrepot.appartenances a join entrepot.appartenances b
        on a.commune = b.commune and split_part(a.territoire, ':', 1) = split_part(b.territoire, ':', 1)
        and a.valide_du < b.valide_du and coalesce(a.valide_au, timestamp '9999-01-01') >= b.valide_du"""
    )
    assert chevauchements.fetchall() == []
    orphelines = connexion.sql(
        "from entrepot.appartenances anti join entrepot.territoires using (territoire)"
    )
    assert orphelines.fetchall() == []
    envers = connexion.sql("from entrepot.appartenances where valide_au < valide_du")
    assert envers.fetchall() == []


# Domaine §6.2 : T5 et T12 débordent sur le 95 et le 91. §6.3 : sept intercommunalités à cheval.
A_CHEVAL = {
    "ept:T5": {"92": 6, "95": 1},
    "ept:T12": {"94": 18, "91": 6},
    "epci:247700644": {"77": 3, "91": 1},
    "epci:200058519": {"78": 18, "95": 1},
    "epci:247800584": {"78": 17, "91": 1},
    "epci:200059228": {"91": 15, "77": 8},
    "epci:200055655": {"95": 25, "77": 17},
    "epci:249500109": {"95": 12, "78": 1},
}


def test_deux_territoires_et_les_intercommunalites_a_cheval_sur_deux_departements(connexion):
    composition = defaultdict(Counter)
    for commune, territoire in a_la_date(connexion, "2026-01-01", "territoire like 'ep%'"):
        composition[territoire][commune[:2]] += 1
    a_cheval = {t: dict(departements) for t, departements in composition.items() if len(departements) > 1}
    # la septième, Pays Houdanais (epci:247800550), déborde hors de la région : 32 communes ici
    assert a_cheval == A_CHEVAL
    assert composition["epci:247800550"] == {"78": 32}


def test_tout_code_disparu_mene_a_une_commune_actuelle():
    actuelles = {ligne["code"]: ligne for ligne in lire_liste("communes")}
    disparues = [m for m in lire_liste("mouvements_communes") if m["code_avant"] != m["code_apres"]]
    # les dix codes disparus depuis les contours de 2018, plus Veneux (2017) et Gadancourt (1er janvier 2018)
    assert len(disparues) == 12
    assert sum(m["date_effet"] > "2018-01-01" for m in disparues) == 10
    for mouvement in disparues:
        assert mouvement["code_avant"] in actuelles[mouvement["code_apres"]]["anciens_codes"].split("|")


def test_une_commune_renommee_porte_son_nom_actuel():
    noms = {ligne["code"]: ligne["nom"] for ligne in lire_liste("communes")}
    derniers = {m["code_apres"]: m["nom_apres"] for m in lire_liste("mouvements_communes")}
    assert derniers["95218"] == "Éragny-sur-Oise"
    assert {code: noms[code] for code in derniers} == derniers


# ── les rattachements ────────────────────────────────────────────────────────────────────────

COMMUNES = {
    # Oracle 12 : deux territoires à cheval sur deux départements, une commune hors métropole.
    "95018": ["dep:95", "ept:T5", "reg:11"],
    "91687": ["dep:91", "ept:T12", "reg:11"],
    "78646": ["dep:78", "epci:247800584", "reg:11"],
    "91064": ["dep:91", "epci:247800584", "reg:11"],  # Bièvres, à cheval
    "77142": ["dep:77", "epci:200090504", "reg:11"],  # Crécy, d'une autre intercommunalité avant 2020
    "75056": ["dep:75", "ept:T1", "reg:11"],
    "75116": ["dep:75", "ept:T1", "reg:11"],  # arrondissement
    "93059": ["dep:93", "ept:T6", "reg:11"],  # Pierrefitte, dans Saint-Denis depuis 2025
    "78687": ["dep:91", "ept:T12", "reg:11"],  # Viry-Châtillon, du temps de la Seine-et-Oise
    "93999": ["dep:93", "reg:11"],  # code inconnu : son département seul
    "60057": [],
    "97411": [],
    "2A004": [],
}


def test_une_commune_rattache_a_ses_territoires_par_les_cinq_motifs(connexion):
    liens = rattacher(
        connexion,
        clauses=[{"clause_id": c, "commune_execution": c, "acheteur_id": c} for c in COMMUNES],
        marches=[{"marche_id": c, "commune": c, "commune_acheteur": c} for c in COMMUNES],
        beneficiaires=[{"personne": c, "commune_residence": c} for c in COMMUNES],
        acheteurs=[{"acheteur_id": c, "commune": c} for c in COMMUNES],
    )
    for commune, attendus in COMMUNES.items():
        for motif in ("execution", "acheteur", "execution_marche", "acheteur_marche", "residence"):
            assert liens[motif, commune] == attendus, (motif, commune)


@pytest.mark.parametrize("vide", [None, ""])
def test_sans_commune_la_clause_est_regionale_et_la_personne_nulle_part(connexion, vide):
    liens = rattacher(
        connexion,
        clauses=[{"clause_id": "c", "commune_execution": vide, "acheteur_id": vide}],
        beneficiaires=[{"personne": "p", "commune_residence": vide}],
        acheteurs=[{"acheteur_id": None, "commune": "93066"}, {"acheteur_id": "1", "commune": vide}],
    )
    assert liens == {("execution", "c"): ["reg:11"]}


LIEUX_DE_MARCHE = [
    ({"departement": "93"}, ["dep:93", "reg:11"]),
    ({"departement": "69"}, []),
    ({}, []),
    ({"lieu_type": "Code région", "lieu_code": "11"}, ["reg:11"]),
    ({"lieu_type": "CODE REGION", "lieu_code": "FR1"}, ["reg:11"]),
    ({"lieu_type": "Code région", "lieu_code": "84"}, []),
    ({"lieu_type": "Code département", "lieu_code": "11"}, []),  # l'Aude
    # La commune d'exécution l'emporte : le département n'est parfois que celui de l'acheteur.
    ({"commune": "95018", "departement": "92"}, ["dep:95", "ept:T5", "reg:11"]),
    ({"commune": "60057", "departement": "93"}, []),
]


def test_un_marche_est_rattache_a_son_lieu_et_rien_hors_region(connexion):
    marches = [{"marche_id": str(rang), **lieu} for rang, (lieu, _) in enumerate(LIEUX_DE_MARCHE)]
    liens = rattacher(connexion, marches=marches)
    for rang, (_, attendus) in enumerate(LIEUX_DE_MARCHE):
        assert liens["execution_marche", str(rang)] == attendus


def test_une_clause_garde_le_territoire_de_son_chantier_et_celui_de_son_acheteur(connexion):
    # R5 : les deux géographies, côte à côte
    clause = {"clause_id": "c", "commune_execution": "95018", "acheteur_id": ACHETEUR}
    for acheteur, attendus in [
        ({"commune": "78646", "departement": "78"}, ["dep:78", "epci:247800584", "reg:11"]),
        ({"departement": "93"}, ["dep:93", "reg:11"]),
        ({"departement": "69"}, []),
        ({}, []),
    ]:
        liens = rattacher(connexion, clauses=[clause], acheteurs=[{"acheteur_id": ACHETEUR} | acheteur])
        assert liens["acheteur", "c"] == attendus
        assert liens["execution", "c"] == ["dep:95", "ept:T5", "reg:11"]


def test_un_grand_projet_a_les_territoires_de_ses_clauses_a_defaut_de_son_marche_a_defaut_la_region(
    connexion,
):
    liens = rattacher(
        connexion,
        clauses=[
            {"clause_id": "c1", "marche_cle": "deux", "commune_execution": "93066"},
            {"clause_id": "c2", "marche_cle": "deux", "commune_execution": "93001"},
            {"clause_id": "c3", "marche_cle": "deux", "commune_execution": "78646"},
        ],
        marches=[{"marche_id": "m", "departement": "94"}],
        grands_projets=[
            {"marche_cle": "deux", "marche_id": "m"},
            {"marche_cle": "publie", "marche_id": "m"},
            {"marche_cle": "inconnu"},
        ],
    )
    assert liens["projet", "deux"] == ["dep:78", "dep:93", "epci:247800584", "ept:T6", "reg:11"]
    assert liens["projet", "publie"] == ["dep:94", "reg:11"]
    assert liens["projet", "inconnu"] == ["reg:11"]


def test_une_structure_est_rattachee_a_sa_commune_a_defaut_a_son_departement(connexion):
    structures = [
        {"siret": "1", "genre": "ACI", "commune": "93066", "departement": "93"},
        {"siret": "1", "genre": "EI", "commune": "93001", "departement": "93"},
        {"siret": "2", "genre": "ESAT", "departement": "78"},
        {"siret": "3", "genre": "AI", "commune": "69123", "departement": "69"},
    ]
    liens = rattacher(connexion, structures=structures)
    assert liens == {
        ("structure", "1"): ["dep:93", "ept:T6", "reg:11"],
        ("structure", "2"): ["dep:78", "reg:11"],
    }


TOUTES = sorted({c["code"] for c in lire_liste("communes")})
ECRITES = st.none() | st.sampled_from(TOUTES) | st.from_regex(r"(75|9[1-5]|69|2A)[0-9]{3}", fullmatch=True)


@settings(max_examples=30, deadline=None)
@given(st.lists(ECRITES, max_size=30))
def test_un_objet_a_au_plus_une_region_un_departement_et_un_territoire_local(connexion, communes):
    marches = [{"marche_id": f"{rang:03}", "commune": c} for rang, c in enumerate(communes)]
    for (_, rang), territoires in rattacher(connexion, marches=marches).items():
        niveaux = [territoire.split(":")[0] for territoire in territoires]
        assert len(set(niveaux)) == len(niveaux) <= 3
        assert "reg" in niveaux
        assert ("ept" in niveaux) + ("epci" in niveaux) <= 1
        assert (communes[int(rang)] not in TOUTES) or len(niveaux) == 3


# ── le découpage publié par l'INSEE et la DGCL ───────────────────────────────────────────────


def test_les_communes_sont_celles_du_code_officiel_geographique(reelles):
    publiees = json.loads((reelles / "cog" / "communes_idf.json").read_text(encoding="utf-8"))
    actuelles = {c["code"]: c["nom"] for c in publiees if c["type"] == "commune-actuelle"}
    assert len(actuelles) == 1266
    assert {c["code"]: c["nom"] for c in lire_liste("communes")} == actuelles


def test_les_intercommunalites_et_les_territoires_sont_ceux_publies(reelles, connexion):
    publies = defaultdict(set)
    metropole = set()
    for groupement in json.loads((reelles / "cog" / "epci_idf.json").read_text(encoding="utf-8")):
        membres = {m["code"] for m in groupement["membres"] if m["code"] in set(TOUTES)}
        if groupement["code"] == "200054781":
            metropole = membres
        else:
            publies[f"epci:{groupement['code']}"] = membres
    sirens = {t["siren"]: t["territoire"] for t in lire_liste("territoires") if "ept:" in t["territoire"]}
    for territoire in json.loads((reelles / "cog" / "ept.json").read_text(encoding="utf-8")):
        publies[sirens[territoire["code"]]] = {m["code"] for m in territoire["membres"]}
    publies["ept:T1"] = {"75056"}
    rendus = defaultdict(set)
    for commune, territoire in a_la_date(connexion, "2026-01-01", "territoire like 'ep%'"):
        rendus[territoire].add(commune)
    assert rendus == publies
    assert len(metropole) == 130 == sum(len(m) for t, m in rendus.items() if "ept:" in t)


def test_les_mouvements_de_communes_sont_ceux_de_l_insee(reelles):
    with (reelles / "cog" / "mouvements_communes_idf.csv").open(encoding="utf-8") as flux:
        lignes = [m for m in csv.DictReader(flux) if m["DATE_EFF"] > "2016-01-01"]
    disparus = {
        (m["DATE_EFF"], m["COM_AV"], m["COM_AP"])
        for m in lignes
        if m["TYPECOM_AV"] == m["TYPECOM_AP"] == "COM" and m["COM_AV"] != m["COM_AP"]
    }
    rendus = {
        (m["date_effet"], m["code_avant"], m["code_apres"])
        for m in lire_liste("mouvements_communes")
        if m["code_avant"] != m["code_apres"]
    }
    assert rendus == disparus
