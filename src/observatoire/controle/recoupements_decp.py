"""Les règles qui comparent entre elles les publications d'un même contrat."""

from __future__ import annotations

from observatoire.controle.regles import ALERTE, INFO, ORIGINE, Recoupement

_OBJET = "lower(trim(objet))"
_RANG = "(source, millesime, fichier)"

RECOUPEMENTS_DECP: tuple[Recoupement, ...] = (
    Recoupement(
        "conflit_de_versions",
        ALERTE,
        "montant_eur",
        "Ne publier qu'un montant par contrat et par jour ; une modification se publie comme telle.",
        "Le même contrat (acheteur, numéro, CPV, objet) est publié le même jour à des montants différents.",
        f"""
        select {ORIGINE}, montant_eur::varchar as valeur
        from controle.decp
        where acheteur_id is not null and id_source is not null and date_publication is not null
          and montant_eur is not null
        window contrat as (
          partition by acheteur_id, id_source, cpv, {_OBJET}, date_publication, nb_modifications
        )
        qualify min(montant_eur) over contrat < max(montant_eur) over contrat
        """,
    ),
    Recoupement(
        "numero_reemploye",
        INFO,
        "id_source",
        "Donner un numéro à chaque contrat.",
        "L'acheteur emploie le même numéro pour des contrats d'objets différents ; chacun est compté.",
        f"""
        select {ORIGINE}, id_source as valeur
        from controle.decp
        where acheteur_id is not null and id_source is not null and objet is not null
        window numero as (partition by acheteur_id, id_source)
        qualify min({_OBJET}) over numero < max({_OBJET}) over numero
        """,
    ),
    Recoupement(
        "contrat_publie_ailleurs",
        INFO,
        "id_source",
        "Rien à faire : le contrat est compté une fois.",
        "Le même contrat (acheteur, numéro, CPV, et objet s'il est publié) est déjà dans un autre fichier.",
        f"""
        select {ORIGINE}, id_source as valeur
        from controle.decp
        where acheteur_id is not null and id_source is not null
        window numero as (partition by acheteur_id, id_source, cpv),
          contrat as (partition by acheteur_id, id_source, cpv, {_OBJET})
        qualify {_RANG} > min({_RANG}) over contrat
          or {_RANG} > min({_RANG}) filter (objet is null) over numero
          or objet is null and {_RANG} > min({_RANG}) over numero
        """,
    ),
    Recoupement(
        "contrat_repete",
        INFO,
        "id_source",
        "Ne publier chaque contrat qu'une fois par fichier.",
        "La ligne répète un contrat du même fichier : mêmes numéro, objet, montant, date et titulaires.",
        f"""
        select {ORIGINE}, id_source as valeur
        from controle.decp
        where acheteur_id is not null and id_source is not null
        qualify row_number() over (
          partition by source, millesime, fichier, acheteur_id, id_source, cpv, {_OBJET}, montant_eur,
            date_notification, titulaires, nb_modifications
          order by ligne
        ) > 1
        """,
    ),
)
