"""Trois moteurs : un indicateur rend la même table en pandas, en DuckDB et sur un cluster Spark."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
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
from observatoire.indicateurs.tables import GENRES, lecture, preparer, territoires_de
from observatoire.indicateurs.tables.lecture import Lecture, ecrire_grille
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
def tabuler(exemple, parametres):
    """Tabule quelques indicateurs, tous sans rien dire ; rend aussi les tables écrites."""

    def appeler(*noms):
        plan = replace(Plan.lire(exemple), personnes_minimum={}, indicateurs=frozenset(noms or REGISTRE))
        with Magasin(exemple.processed).connexion("acquisition", "controle", "entrepot") as connexion:
            rendues = cellules(connexion, exemple, plan, periodes_couvertes(connexion), parametres)
            tables = connexion.execute("select table_name from duckdb_tables() where temporary").fetchall()
        return rendues, [table for (table,) in tables]

    return appeler


@pytest.fixture(scope="module")
def attendues(tabuler):
    rendues, _ = tabuler()
    return rendues


@pytest.fixture(scope="module")
def relations(exemple):
    """Les lignes que lit chaque indicateur sur l'exemple : une région et un département, quatre périodes."""
    with Magasin(exemple.processed).connexion("acquisition", "controle", "entrepot") as connexion:
        periodes = periodes_couvertes(connexion)
        preparer(connexion, territoires_de(connexion, ["reg", "dep"]), periodes)
        retenues = ("2025", "2026-T1", "2026-T3", "2026-T3-4T")
        lignes = [
            (nom, 0, territoire, periode)
            for nom, i in REGISTRE.items()
            for territoire in TERRITOIRES
            for periode in set(retenues) & set(periodes.loc[periodes["genre"] == GENRES[i.table], "periode"])
        ]
        grille = pd.DataFrame(lignes, columns=["indicateur", "rang", "territoire", "periode"])
        ecrire_grille(connexion, grille)
        lectures = {nom: Lecture(connexion, i) for nom, i in REGISTRE.items()}
        yield {nom: connexion.sql(lue.ventiler(lue.etude)) for nom, lue in lectures.items()}


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
def test_partager_une_grande_table_ne_change_aucune_cellule(tabuler, attendues, monkeypatch, lignes):
    # Toute table est grande, lue une ventilation à la fois ; ou aucune ne l'est.
    monkeypatch.setattr(lecture, "LIGNES_A_PARTAGER", lignes)
    monkeypatch.setattr(lecture, "LIGNES_D_UN_LOT", lignes)
    rendues, _ = tabuler()
    pd.testing.assert_frame_equal(rendues, attendues, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("nom", "lue", "inutile"),
    [("heures_realisees", "travail", "clauses_retenues"), ("marches_notifies", "marches", "travail")],
)
def test_un_plan_reduit_ne_prepare_que_ce_qu_il_lit(tabuler, attendues, nom, lue, inutile):
    rendues, tables = tabuler(nom)
    assert {lue, inutile} & {table.removeprefix("etude_") for table in tables} == {lue}
    restent = attendues[attendues["indicateur"] == nom].reset_index(drop=True)
    pd.testing.assert_frame_equal(rendues, restent, rtol=0, atol=1e-6)


# ── de petites tables, aux codes rares, pour que les lignes se croisent ───────────────────────
def possibles(type_):
    """Les valeurs que prend une colonne, selon son type ; le vide compris, sauf pour une mesure exacte."""
    if type_.startswith("ENUM"):
        return [code.strip("'") for code in type_[5:-1].split(", ")][:3]
    if type_.startswith("DECIMAL"):
        return [Decimal(quarts) / 4 for quarts in range(9)]
    return {
        "BOOLEAN": [True, False, None],
        "VARCHAR": ["OUI", "NON", "NR", None],
        "DOUBLE": [0.0, 0.5, 2.25, None],
    }.get(type_, [1, 2, 3, None])


def types_de(relation):
    return dict(zip(relation.columns, map(str, relation.types), strict=True))


def petite_table(connexion, types, lignes):
    """Une table DuckDB de quelques lignes, aux types d'une table d'étude."""
    colonnes = ", ".join(f"v[{rang}]::{type_} as {c}" for rang, (c, type_) in enumerate(types.items(), 1))
    connexion.execute("create or replace temp table recues (v varchar[])")
    if lignes:
        textes = [[[None if v is None else str(v) for v in ligne]] for ligne in lignes]
        connexion.executemany("insert into recues values (?)", textes)
    return connexion.sql(f"select {colonnes} from recues")


@pytest.mark.parametrize("nom", REGISTRE)
@given(tirage=st.data())
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
def test_pandas_et_duckdb_rendent_la_meme_table_sur_de_petites_tables(nom, relations, parametres, tirage):
    indicateur, types = REGISTRE[nom], types_de(relations[nom])
    ligne = st.tuples(*(st.sampled_from(possibles(type_)) for type_ in types.values()))
    with duckdb.connect() as ailleurs:
        petites = petite_table(ailleurs, types, tirage.draw(st.lists(ligne, max_size=10)))
        duck = calculer(indicateur, petites, parametres).to_df()
        cadre = calculer(indicateur, en_pandas(petites), parametres)
    pd.testing.assert_frame_equal(triee(cadre), triee(duck), rtol=0, atol=1e-6)


# ── Spark ─────────────────────────────────────────────────────────────────────────────────────
LIGNES_AU_HASARD = 40


@pytest.fixture(scope="module")
def spark():
    """Une session locale, sur un cœur, sans interface, qui n'écoute que la machine elle-même."""
    sql = pytest.importorskip("pyspark.sql", reason="pyspark est absent : « make test-spark » l'installe")
    if shutil.which("java") is None:
        pytest.skip("Java est absent : Spark demande un JDK 17 au moins")
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


@pytest.fixture(scope="module")
def lignes_d_etude(relations, tmp_path_factory):
    """Les fichiers Parquet de chaque indicateur : ses lignes de l'exemple, et d'autres tirées au sort.

    Les lignes tirées sont d'autres territoires que ceux de l'exemple : leurs cellules ne se mêlent pas.
    """
    dossier, fichiers = tmp_path_factory.mktemp("etudes"), {}
    with duckdb.connect() as ailleurs:
        for nom, lue in relations.items():
            types, hasard = types_de(lue), random.Random(nom)
            tirees = [[hasard.choice(possibles(t)) for t in types.values()] for _ in range(LIGNES_AU_HASARD)]
            petites = petite_table(ailleurs, types, tirees)
            assert not set(TERRITOIRES) & set(petites.to_df()["territoire"])
            fichiers[nom] = [str(dossier / f"{nom}_{part}.parquet") for part in ("exemple", "ajoutees")]
            for table, fichier in zip((lue, petites), fichiers[nom], strict=True):
                table.to_parquet(fichier)
    return fichiers


@pytest.mark.filterwarnings("ignore")
def test_pandas_duckdb_et_spark_rendent_les_memes_tables(spark, lignes_d_etude, parametres):
    """Tous les indicateurs ; Spark les calcule en une seule requête, où chacun serait un travail à lancer."""
    from pyspark.sql import functions as f

    cle = ["indicateur", *PAR]
    rendues, duck, cadre = [], [], []
    for nom, fichiers in lignes_d_etude.items():
        indicateur = REGISTRE[nom]
        lignes = duckdb.read_parquet(fichiers)
        for tables, table in ((duck, lignes), (cadre, en_pandas(lignes))):
            rendue = calculer(indicateur, table, parametres)
            rendue = rendue if table is not lignes else rendue.to_df()
            tables.append(rendue.astype(object).assign(indicateur=nom).reindex(columns=[*cle, *MESURES]))
        rendue = calculer(indicateur, spark.read.parquet(*fichiers), parametres)
        mesures = [
            (f.col(m) if m in rendue.columns else f.lit(None)).cast("double").alias(m) for m in MESURES
        ]
        rendues.append(rendue.select(f.lit(nom).alias("indicateur"), *PAR, *mesures))
    lignes = [tuple(ligne) for ligne in reduce(lambda a, b: a.unionAll(b), rendues).collect()]
    du_cluster = triee(pd.DataFrame(lignes, columns=[*cle, *MESURES]), cle)
    assert set(du_cluster["indicateur"]) == set(REGISTRE)
    for tables in (duck, cadre):
        pd.testing.assert_frame_equal(du_cluster, triee(pd.concat(tables), cle), rtol=1e-9, atol=1e-6)
