"""Trois moteurs : un indicateur rend la même table en pandas, en DuckDB et sur un cluster Spark."""

from __future__ import annotations

import shutil
from decimal import Decimal
from functools import reduce

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from observatoire.indicateurs import REGISTRE
from observatoire.indicateurs.couverture import periodes_couvertes
from observatoire.indicateurs.plan import Plan
from observatoire.indicateurs.registre import parametres_cites
from observatoire.indicateurs.tables import GENRES, lecture, lieux, preparer
from observatoire.indicateurs.tables.lecture import ecrire_grille, relation
from observatoire.indicateurs.tabulation import cellules
from observatoire.magasin import Magasin

PAR = ["territoire", "periode"]
MESURES = ["valeur", "effectif", "employeurs", "premier"]
TERRITOIRES = ("reg:11", "dep:93")


@pytest.fixture(scope="module")
def parametres(exemple):
    jour = pd.Timestamp(2026, 9, 30).date()
    return {nom: exemple.parametre(nom, jour).valeur for nom in parametres_cites()}


@pytest.fixture(scope="module")
def relations(exemple):
    """Les lignes que lit chaque indicateur sur l'exemple : une région et un département, quatre périodes."""
    with Magasin(exemple.processed).connexion("acquisition", "controle", "entrepot") as connexion:
        periodes = periodes_couvertes(connexion)
        preparer(connexion, ["reg", "dep"], periodes)
        retenues = ("2025", "2026-T1", "2026-T3", "2026-T3-4T")
        lignes = [
            (nom, 0, territoire, periode)
            for nom, i in REGISTRE.items()
            for territoire in TERRITOIRES
            for periode in set(retenues) & set(periodes.loc[periodes["genre"] == GENRES[i.table], "periode"])
        ]
        grille = pd.DataFrame(lignes, columns=["indicateur", "rang", "territoire", "periode"])
        ecrire_grille(connexion, grille)
        yield {nom: relation(connexion, i) for nom, i in REGISTRE.items()}


def calculer(indicateur, table, parametres, par=PAR):
    return indicateur.calcul(table, par, **{nom: parametres[nom] for nom in indicateur.parametres})


def triee(rendue, par=PAR):
    """Une table rendue par un moteur, comparable : ses mesures en nombres, ses lignes en ordre."""
    mesures = [nom for nom in MESURES if nom in rendue.columns]
    assert {*rendue.columns} == {*par, *mesures}
    types = dict.fromkeys(par, "string") | dict.fromkeys(mesures, "Float64")
    return rendue[[*par, *mesures]].astype(types).sort_values(par, ignore_index=True)


def en_pandas(lignes):
    """Une relation DuckDB lue par pandas : des textes plutôt que des listes fermées, comme un analyste."""
    table = lignes.to_df()
    fermees = table.select_dtypes("category").columns
    return table.astype(dict.fromkeys(fermees, "string"))


@pytest.mark.parametrize("nom", REGISTRE)
def test_pandas_et_duckdb_rendent_la_meme_table_sur_l_exemple(nom, relations, parametres):
    indicateur = REGISTRE[nom]
    duck = calculer(indicateur, relations[nom], parametres).to_df()
    cadre = calculer(indicateur, en_pandas(relations[nom]), parametres)
    pd.testing.assert_frame_equal(triee(cadre), triee(duck), rtol=0, atol=1e-6)


@pytest.mark.parametrize("lignes", [0, 10**9])
def test_partager_une_grande_table_ne_change_aucune_cellule(exemple, parametres, monkeypatch, lignes):
    # Toute table est grande, lue une ventilation à la fois ; ou aucune ne l'est.
    with Magasin(exemple.processed).connexion("acquisition", "controle", "entrepot") as connexion:
        recus = (connexion, exemple, Plan.lire(exemple), periodes_couvertes(connexion), parametres)
        attendues = cellules(*recus)
        monkeypatch.setattr(lieux, "LIGNES_A_PARTAGER", lignes)
        monkeypatch.setattr(lecture, "LIGNES_D_UN_LOT", lignes)
        pd.testing.assert_frame_equal(cellules(*recus), attendues, rtol=0, atol=1e-6)


# ── de petites tables, aux codes rares, pour que les lignes se croisent ───────────────────────
def valeurs(type_):
    """Des valeurs d'un type DuckDB, le vide compris sauf pour une mesure exacte."""
    if type_.startswith("ENUM"):
        return st.sampled_from([code.strip("'") for code in type_[5:-1].split(", ")][:3])
    if type_.startswith("DECIMAL"):
        return st.integers(0, 8).map(lambda quarts: Decimal(quarts) / 4)
    return {
        "BOOLEAN": st.sampled_from([True, False, None]),
        "VARCHAR": st.sampled_from(["OUI", "NON", "NR", None]),
        "DOUBLE": st.sampled_from([0.0, 0.5, 2.25, None]),
    }.get(type_, st.sampled_from([1, 2, 3, None]))


@pytest.mark.parametrize("nom", REGISTRE)
@given(tirage=st.data())
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
def test_pandas_et_duckdb_rendent_la_meme_table_sur_de_petites_tables(nom, relations, parametres, tirage):
    indicateur, modele = REGISTRE[nom], relations[nom]
    types = dict(zip(modele.columns, map(str, modele.types), strict=True))
    ligne = st.tuples(*(valeurs(type_) for type_ in types.values()))
    lignes = tirage.draw(st.lists(ligne, max_size=10))
    colonnes = ", ".join(f"v[{rang}]::{type_} as {c}" for rang, (c, type_) in enumerate(types.items(), 1))
    textes = [[None if v is None else str(v) for v in tiree] for tiree in lignes]
    with duckdb.connect() as ailleurs:
        ailleurs.execute("create table recues (v varchar[])")
        if textes:
            ailleurs.executemany("insert into recues values (?)", [[texte] for texte in textes])
        petites = ailleurs.sql(f"select {colonnes} from recues")
        duck = calculer(indicateur, petites, parametres).to_df()
        cadre = calculer(indicateur, en_pandas(petites), parametres)
    pd.testing.assert_frame_equal(triee(cadre), triee(duck), rtol=0, atol=1e-6)


# ── Spark ─────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def spark():
    """Une session locale, sur un cœur et sans interface."""
    sql = pytest.importorskip("pyspark.sql", reason="pyspark absent : pip install observatoire[spark]")
    if shutil.which("java") is None:
        pytest.skip("Java absent : Spark en a besoin (JDK 17)")
    reglages = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.log.level": "ERROR",
    }
    constructeur = sql.SparkSession.builder.master("local[1]").appName("observatoire")
    session = reduce(lambda c, r: c.config(*r), reglages.items(), constructeur).getOrCreate()
    yield session
    session.stop()


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
def test_spark_rend_toutes_les_tables_que_rend_duckdb(spark, relations, parametres, tmp_path):
    comparer(spark, relations, parametres, tmp_path, REGISTRE)


@pytest.mark.filterwarnings("ignore")
def test_spark_rend_les_memes_tables_que_duckdb(spark, relations, parametres, tmp_path):
    # Une somme et ses employeurs, des personnes : les formes les plus lues du registre.
    comparer(spark, relations, parametres, tmp_path, ("heures_realisees", "beneficiaires"))


def comparer(spark, relations, parametres, tmp_path, noms):
    from pyspark.sql import functions as f

    rendues, attendues = [], []
    for nom in noms:
        indicateur = REGISTRE[nom]
        fichier = tmp_path / f"{nom}.parquet"
        relations[nom].to_parquet(str(fichier))
        rendue = calculer(indicateur, spark.read.parquet(str(fichier)), parametres)
        mesures = [
            (f.col(m) if m in rendue.columns else f.lit(None)).cast("double").alias(m) for m in MESURES
        ]
        rendues.append(rendue.select(f.lit(nom).alias("indicateur"), *PAR, *mesures))
        attendue = calculer(indicateur, relations[nom], parametres).to_df()
        attendues.append(attendue.assign(indicateur=nom).reindex(columns=["indicateur", *PAR, *MESURES]))
    cle = ["indicateur", *PAR]
    lignes = [tuple(ligne) for ligne in reduce(lambda a, b: a.unionAll(b), rendues).collect()]
    du_cluster = pd.DataFrame(lignes, columns=[*cle, *MESURES])
    tables = (triee(t, cle) for t in (du_cluster, pd.concat([a.astype(object) for a in attendues])))
    pd.testing.assert_frame_equal(*tables, rtol=1e-9, atol=1e-6)
