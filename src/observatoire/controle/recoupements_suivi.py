"""Les règles d'ensemble du suivi et de l'enquête : réservations, doubles employeurs, doubles réponses."""

from __future__ import annotations

from observatoire.controle.regles import ALERTE, ORIGINE, Recoupement

_COMPATIBLES = """
    ('MR_SIAE', 'EI'), ('MR_SIAE', 'ETTI'), ('MR_SIAE', 'ACI'), ('MR_SIAE', 'AI'), ('MR_SIAE', 'EITI'),
    ('MR_HAND', 'EA'), ('MR_HAND', 'EATT'), ('MR_HAND', 'ESAT'), ('MR_PENIT', 'SEP'),
    ('MR_HAND_SIAE', 'EI'), ('MR_HAND_SIAE', 'ETTI'), ('MR_HAND_SIAE', 'ACI'), ('MR_HAND_SIAE', 'AI'),
    ('MR_HAND_SIAE', 'EITI'), ('MR_HAND_SIAE', 'EA'), ('MR_HAND_SIAE', 'EATT'), ('MR_HAND_SIAE', 'ESAT')
"""

RECOUPEMENTS_SUIVI: tuple[Recoupement, ...] = (
    Recoupement(
        "reservation_sans_structure",
        ALERTE,
        "titulaire_id",
        "Vérifier la modalité de la clause, ou le SIRET du titulaire.",
        "Le marché est réservé, et son titulaire n'est pas une structure du genre voulu (SIREN comparé) ; "
        "signalé une fois par clause, si la liste des structures de ce genre est là.",
        f"""
        with compatibles (modalite, genre) as (values {_COMPATIBLES}),
        connues as (
          select distinct modalite, left(siret, 9) as siren
          from controle.structures join compatibles using (genre)
        )
        select {ORIGINE}, titulaire_id as valeur
        from controle.suivi
        where titulaire_id is not null and modalite in (select modalite from connues)
          and (modalite, left(titulaire_id, 9)) not in (select (modalite, siren) from connues)
        qualify row_number() over (
          partition by source, structure_id, operation order by millesime, fichier, ligne
        ) = 1
        """,
    ),
    Recoupement(
        "deux_employeurs_le_meme_mois",
        ALERTE,
        "employeur_id",
        "Garder la déclaration de l'employeur qui a signé le contrat de travail.",
        "Une personne a, sur un même marché et le même mois, deux employeurs et plus d'heures que le "
        "maximum : le titulaire et la structure ont sans doute déclaré les mêmes heures.",
        f"""
        with lignes as (
          select {ORIGINE}, personne, mois, heures, employeur_id, coalesce(lot, '') as lot,
            coalesce(
              left(acheteur_id, 9) || regexp_replace(upper(marche_reference), '[^A-Z0-9]', '', 'g'),
              concat_ws('|', source, structure_id, operation)
            ) as marche
          from controle.suivi semi join (
            select personne, mois from controle.suivi group by all having sum(heures) > $heures_maximum
          ) using (personne, mois)
          where heures > 0 and employeur_id is not null
        )
        select {ORIGINE}, employeur_id as valeur
        from lignes semi join (
          select personne, mois, marche, lot from lignes group by all
          having count(distinct employeur_id) > 1 and sum(heures) > $heures_maximum
        ) using (personne, mois, marche, lot)
        """,
    ),
    Recoupement(
        "acheteur_declare_deux_fois",
        ALERTE,
        "acheteur_id",
        "Garder une seule réponse par acheteur et par année.",
        "Un acheteur a répondu deux fois à l'enquête pour la même année ; la dernière réponse fait foi.",
        f"""
        select {ORIGINE}, acheteur_id as valeur
        from controle.enquetes
        qualify count(*) over (partition by source, millesime, annee, acheteur_id) > 1
        """,
    ),
)
