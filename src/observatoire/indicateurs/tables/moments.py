"""Les moments d'une table d'étude : chaque période se calcule sans relire toutes ses lignes.

Un moment réunit les périodes qui lisent les mêmes lignes, comme une maille réunit des territoires : un
contrat signé en mai vaut pour le deuxième trimestre, l'année et quatre périodes glissantes, sur une ligne.
Une personne qui a des heures à plusieurs trimestres a une ligne par partie de ces trimestres que lit une
période (voir `recomposer`) : pour une période donnée, toutes ses lignes sont du même moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.indicateurs.tables.etude import ecrire

if TYPE_CHECKING:
    import duckdb

_LISTE = "list(periode order by periode) as periodes"
_INSTANTS = (
    f"select periode as instant, {_LISTE} from (select distinct periode from periodes) group by periode"
)
_CALENDRIER = f"""
select genre, mois, {_LISTE}
from (
  select genre, periode, unnest(generate_series(debut, fin, interval 1 month))::date as mois from periodes
)
group by all
"""
_INTERVALLES = f"""
with bornes as (select min(debut) as debut, max(fin) as fin from periodes where genre = 'suivi'),
rangs as (select unnest(generate_series(debut, fin, interval 3 month))::date as debut from bornes)
select a.debut as premier, b.debut as dernier, {_LISTE}
from rangs a
join rangs b on a.debut <= b.debut
join periodes p on p.genre = 'suivi' and a.debut <= p.fin and b.debut >= p.debut
group by all
"""

# Un trimestre couvert est un bit ; les trimestres d'une période, ou d'une unité, sont un masque.
_BITS = """
select debut as trimestre, 1::hugeint << (row_number() over (order by debut) - 1)::integer as bit
from periodes where genre = 'suivi' and fin < debut + interval 4 month
"""
_MASQUES = """
select periode, bit_or(bit) as masque
from periodes join bits on trimestre between debut and fin
where genre = 'suivi' group by periode
"""


def ecrire_moments(connexion: duckdb.DuckDBPyConnection) -> None:
    """Écrit les moments que donne le calendrier seul.

    `moments` (moment, periode) dit les périodes de chacun ; `calendrier` (genre, mois, moment) celui d'une
    date, `intervalles` (premier, dernier, moment) celui qui recouvre ces trimestres du suivi et tous ceux qui
    les séparent, `instants` (instant, moment) celui d'une seule période.
    """
    connexion.execute("""
        create or replace temp table ensembles_de_periodes as
        select 0::smallint as moment, list(periode) as periodes from periodes where false
    """)
    ecrire(connexion, "bits", _BITS)
    ecrire(connexion, "masques", _MASQUES)
    _numeroter(connexion, "instants", _INSTANTS)
    _numeroter(connexion, "calendrier", _CALENDRIER)
    _numeroter(connexion, "intervalles", _INTERVALLES)


def recomposer(connexion: duckdb.DuckDBPyConnection, lignes: str, unite: str) -> str:
    """Rend la requête des lignes de chaque moment de chaque unité : les mêmes, répétées, et leur `moment`.

    Une unité présente à deux trimestres a trois moments : les périodes qui ne lisent que le premier, celles
    qui ne lisent que le second, celles qui lisent les deux. `seul` : le moment ne lit qu'un trimestre.

    Args:
        connexion: elle reçoit les tables `presences` et `recompositions`.
        lignes: la table à recomposer ; `trimestre` date ses lignes.
        unite: la colonne dont les valeurs se comptent ; le vide est une unité comme une autre.
    """
    ecrire(
        connexion,
        "presences",
        f"""
        select {unite}, bit_or(bit) as presents from {lignes} join bits using (trimestre) group by {unite}
        """,
    )
    _numeroter(
        connexion,
        "lectures",
        f"""
        select presents, presents & masque as lus, {_LISTE}
        from (select distinct presents from presences), masques where presents & masque <> 0 group by all
        """,
    )
    ecrire(
        connexion,
        "recompositions",
        "select presents, trimestre, moment, lus = bit as seul from lectures join bits on lus & bit <> 0",
    )
    return f"""
        select l.*, r.moment, r.seul
        from {lignes} l
        join presences u on u.{unite} is not distinct from l.{unite}
        join recompositions r on r.presents = u.presents and r.trimestre = l.trimestre
    """


def _numeroter(connexion: duckdb.DuckDBPyConnection, nom: str, requete: str) -> None:
    """Écrit la table d'une requête dont les `periodes` deviennent un `moment`, nouveau s'il le faut."""
    ecrire(connexion, "recues", requete)
    connexion.execute("""
        insert into ensembles_de_periodes
        select (select count(*) from ensembles_de_periodes) + row_number() over (order by periodes), periodes
        from (select distinct periodes from recues) anti join ensembles_de_periodes using (periodes)
    """)
    ecrire(
        connexion,
        nom,
        "select r.* exclude (periodes), e.moment from recues r join ensembles_de_periodes e using (periodes)",
    )
    ecrire(connexion, "moments", "select moment, unnest(periodes) as periode from ensembles_de_periodes")
    connexion.execute("drop table recues")
