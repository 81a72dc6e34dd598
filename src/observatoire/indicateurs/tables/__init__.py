"""Les tables d'étude : ce que lisent les indicateurs, codes publiés.

Une ligne vaut pour toutes les périodes de son `moment`, voir `moments`.

| table | une ligne par |
|---|---|
| heures | contrat, clause et période, hors `heures_hors_clauses` ; la personne et le contrat sont à côté |
| heures_hors_clauses | la même, pour les heures sans clause d'un contrat public (piège T19) |
| contrats_signes, contrats_finis | contrat commencé, ou terminé, dans la période et clause |
| parcours | personne dont le parcours finit dans la période, et ses situations |
| transmissions | structure et clause qui avaient des heures un an avant la période |
| clauses | clause notifiée dans la période |
| clauses_actives, titulaires | clause dont l'exécution recouvre la période, et genre de son titulaire |
| clauses_generatrices | clause et période où des heures ont été faites |
| clauses_soldees | clause soldée dans la période ; `heures_clauses_soldees` : sa personne et son employeur |
| clauses_en_cours | clause en cours à la fin du trimestre ; `heures_clauses_en_cours` : de même |
| marches | marché des données essentielles notifié dans la période |
| projets | marché d'un grand projet notifié à la fin du trimestre ; `heures_projets` : de même |
| structures | structure de l'insertion ou du handicap, et son genre |
| suites, clauses_retenues, realisations | ce que lisent les précédentes, sans période |

Le territoire vient de `lecture.Lecture`, par jointure, selon le rattachement de l'indicateur ; la colonne
`melange` dit comment les unités se comptent, voir `melanges`. Les
identifiants y sont des numéros, propres au calcul : compter des entiers distincts coûte bien moins
que compter des textes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from observatoire.indicateurs.tables import (
    clauses,
    marches,
    melanges,
    moments,
    parcours,
    projets,
    structures,
    suivi,
)
from observatoire.indicateurs.tables.etude import ecrire, inconnue
from observatoire.indicateurs.tables.lieux import OBJETS, ecrire_mailles, motifs, situer
from observatoire.referentiel import ENSEMBLE, ventilations

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import duckdb

    from observatoire.indicateurs.tables.etude import Etude

_MODULES = (suivi, parcours, clauses, marches, projets, structures)
ETUDES = {etude.nom: etude for module in _MODULES for etude in module.ETUDES}
GENRES = {nom: etude.genre for nom, etude in ETUDES.items()}

_NUMEROTES = {
    "contrat_id": """
        select contrat_id as id from entrepot.contrats
        union select contrat_suivi_id from entrepot.contrats where contrat_suivi_id is not null
    """,
    "clause_id": "select clause_id as id from entrepot.clauses",
    "marche_cle": """
        select marche_cle as id from entrepot.clauses union select marche_cle from entrepot.grands_projets
    """,
    "marche_id": "select marche_id as id from entrepot.marches",
    "siret": "select distinct siret as id from entrepot.structures",
    "employeur_siren": """
        select distinct employeur_siren as id from entrepot.contrats where employeur_siren is not null
    """,
    "personne": """
        select personne as id from entrepot.beneficiaires
        union select personne from entrepot.contrats where personne is not null
    """,
}


_TRIMESTRES = """
select genre, q.periode as trimestre, c.moment
from periodes q join calendrier c using (genre)
where q.fin < q.debut + interval 4 month and c.mois = q.debut
"""


def bits(table: str) -> dict[str, int]:
    """Rend le bit de chaque colonne qui peut se mêler dans une table d'étude, voir `melanges`."""
    etude = ETUDES[table]
    source = etude.source or table
    lues = [autre.nom for autre in ETUDES.values() if source in (autre.source, autre.nom)]
    return melanges.bits(lues, () if etude.un_moment or etude.melanges == "" else ("moment",))


def territoires_de(connexion: duckdb.DuckDBPyConnection, niveaux: Sequence[str]) -> list[str]:
    """Rend les territoires de ces niveaux, triés."""
    requete = "select territoire from entrepot.territoires where list_contains($niveaux, niveau) order by all"
    lignes = connexion.execute(requete, {"niveaux": list(niveaux)}).fetchall()
    return [territoire for (territoire,) in lignes]


def preparer(
    connexion: duckdb.DuckDBPyConnection,
    territoires: Sequence[str],
    periodes: pd.DataFrame,
    tables: Collection[str] = (),
) -> None:
    """Écrit les tables d'étude dans la connexion.

    Args:
        connexion: les vues `entrepot.*`.
        territoires: ceux que l'on tabule.
        periodes: celles que l'on tabule, voir `couverture.periodes_couvertes`.
        tables: les seules tables d'étude à écrire, et celles qu'elles lisent ; toutes par défaut.
    """
    publiees = _publiees()
    connexion.register("periodes_recues", periodes)
    connexion.register("publiees_recues", publiees)
    periode, publiee = _enumerer(periodes["periode"]), _enumerer([ENSEMBLE, *publiees["publiee"]])
    ecrire(connexion, "periodes", f"select * replace (periode::{periode} as periode) from periodes_recues")
    connexion.execute(f"create or replace temp type modalite as {publiee}")
    ecrire(connexion, "publiees", "select * replace (publiee::modalite as publiee) from publiees_recues")
    moments.ecrire_moments(connexion)
    ecrire(connexion, "trimestres", _TRIMESTRES)
    for nom, requete in _NUMEROTES.items():
        ecrire(connexion, f"nos_{nom}", f"select id, row_number() over ()::integer as no from ({requete})")
    requises = _requises(tables or ETUDES)
    lus = {motif for etude in requises for motif in motifs(etude)} | {"execution", "residence"}
    ecrire(connexion, "tabules", f"select unnest([{_citer(territoires)}])::varchar as territoire")
    rattaches = " union all ".join(
        f"""select motif, no as objet_id, territoire::{_enumerer(territoires)} as territoire
        from entrepot.rattachements join nos_{nom} on id = objet_id semi join tabules using (territoire)
        where motif = '{motif}'"""
        for motif, nom in OBJETS.items()
        if motif in lus
    )
    ecrire(connexion, "etude_territoires", rattaches)
    ecrire_mailles(connexion)
    _ecrire_etudes(connexion, requises)


def _ecrire_etudes(connexion: duckdb.DuckDBPyConnection, requises: Collection[Etude]) -> None:
    _reunir_publics(connexion)
    ecrire(connexion, "personnes", _traduire(suivi.PERSONNES, suivi.DE_LA_PERSONNE))
    ecrire(connexion, "profils", _traduire(suivi.PROFILS, suivi.DU_CONTRAT))
    ecrire(connexion, "operations", _traduire(suivi.OPERATIONS, suivi.DE_L_OPERATION))
    ecrire(connexion, "trimestriels", suivi.TRIMESTRIELS)
    if any(etude.source == "travail" for etude in requises):
        _ecrire_travail(connexion)
    for etude in requises:
        connexion.execute(f"drop table if exists modele_{etude.nom}")  # il décrivait l'ancienne
        if etude.source:
            connexion.execute(f"create or replace temp view etude_{etude.nom} as {etude.requete}")
        else:
            ecrire(connexion, f"etude_{etude.nom}", _marquer(etude))


def _requises(tables: Collection[str]) -> list[Etude]:
    """Rend ces tables et celles que citent leurs requêtes, dans l'ordre où elles s'écrivent."""
    noms = set(tables)
    for etude in reversed(ETUDES.values()):
        if etude.nom in noms:
            noms.update(re.findall(r"\betude_(\w+)", f"{etude.requete} {etude.melanges}"))
    return [etude for etude in ETUDES.values() if etude.nom in noms]


def _ecrire_travail(connexion: duckdb.DuckDBPyConnection) -> None:
    """Écrit `travail` par étapes : chacune tient mieux en mémoire que toutes ensemble."""
    ecrire(connexion, "reperees", melanges.reperer(suivi.detailler(suivi.LIGNES), "personne", bits("heures")))
    recomposees = moments.recomposer(connexion, "trimestriels", "personne")
    ecrire(connexion, "cumuls", suivi.CUMULS.format(recomposees))
    detail = suivi.detailler("from cumuls")
    ecrire(connexion, "travail", melanges.marquer(detail, "personne", "from reperees"))
    for etape in ("reperees", "cumuls", "presences"):
        connexion.execute(f"drop table {etape}")


def _marquer(etude: Etude) -> str:
    """Rend la requête d'une table d'étude : ses codes publiés, ses mailles, ses mélanges."""
    lignes = situer(etude, _traduire(etude.requete, etude.ventilees))
    if not etude.unite:
        return lignes
    reperees = f"select null::integer as {etude.unite}, 0 as melange limit 0"
    if etude.melanges is None:
        reperees = melanges.reperer(lignes, etude.unite, bits(etude.nom))
    elif etude.melanges:
        situees = situer(etude, f"select * from {etude.melanges}")
        reperees = melanges.reperer(situees, etude.unite, bits(etude.nom))
    return melanges.marquer(lignes, etude.unite, reperees)


def _reunir_publics(connexion: duckdb.DuckDBPyConnection) -> None:
    """Écrit `nos_publics` (personne, publics) et `etude_publics` (publics, public).

    `publics` numérote un ensemble de publics : une personne n'en a qu'un, même si elle a plusieurs publics.
    """
    publics = """
        select no as personne, public
        from entrepot.beneficiaires_publics p join nos_personne on id = p.personne
    """
    ecrire(
        connexion,
        "ensembles",
        f"""
        select personne, list_sort(list(distinct public::varchar)) as liste
        from ({_traduire(publics, ["public"])}) group by personne
        """,
    )
    ecrire(
        connexion,
        "nos_listes",
        "select liste, row_number() over ()::integer as publics from ensembles group by liste",
    )
    ecrire(connexion, "nos_publics", "select personne, publics from ensembles join nos_listes using (liste)")
    ecrire(connexion, "etude_publics", "select publics, unnest(liste)::modalite as public from nos_listes")
    connexion.execute("drop table ensembles")


def _publiees() -> pd.DataFrame:
    lignes = [
        (ventilation.nom, code, publiee)
        for ventilation in ventilations().values()
        for code, publiee in ventilation.vers_publiee.items()
    ]
    return pd.DataFrame(lignes, columns=["ventilation", "code", "publiee"], dtype="string")


def _enumerer(valeurs: Iterable[str]) -> str:
    """Rend le type DuckDB qui écrit chacune de ces valeurs sur un octet ou deux ; « NR » en est toujours."""
    return f"enum({_citer(sorted({'NR', *valeurs}))})"


def _citer(valeurs: Iterable[str]) -> str:
    return ", ".join("'" + valeur.replace("'", "''") + "'" for valeur in valeurs)


def _traduire(requete: str, colonnes: Sequence[str]) -> str:
    """Remplace, dans les colonnes citées, chaque code par sa modalité publiée.

    Un code inconnu vaut « non renseigné », que le regroupement publié peut réunir à une autre modalité.
    """
    if not colonnes:
        return requete
    codes = ", ".join(f"coalesce({nom}_.publiee, '{inconnue(nom)}'::modalite) as {nom}" for nom in colonnes)
    jointures = " ".join(
        f"left join publiees {nom}_ on {nom}_.ventilation = '{nom}' and {nom}_.code = s.{nom}"
        for nom in colonnes
    )
    return f"select s.* replace ({codes}) from ({requete}) s {jointures}"
