"""Les annexes du rapport : du catalogue, du référentiel et des paramètres, rien de `valeurs`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from observatoire.perimetre import NIVEAUX, Territoire
from observatoire.publication.verification.recomptage.attendu import Attendu
from observatoire.publication.verification.recomptage.nombres import ecrire, resserrer, signer
from observatoire.referentiel import lire_liste, nomenclature, ventilations

if TYPE_CHECKING:
    from observatoire.publication.deroule import Bloc
    from observatoire.publication.verification.recomptage.vue import Vue

_RYTHMES = ("trimestre", "glissant", "annee")
_TRANCHES = {
    "rien": "Rien",
    "totaux": "Totaux",
    "ventilations": "Totaux et ventilations",
    "croisements": "Totaux, ventilations et croisements",
}


def codes(ventilation: str, vue: Vue, bloc: Bloc) -> Attendu:
    """Recompte les modalités d'une ventilation, d'après les listes de codes."""
    liste = next(v["liste"] for v in lire_liste("ventilations") if v["ventilation"] == ventilation)
    publiees = ventilations()[ventilation]
    lignes = [
        [publiees.libelles[publiees.vers_publiee[code]], modalite.libelle, modalite.reference or "–"]
        for code, modalite in nomenclature(liste).items()
        if publiees.vers_publiee.get(code) in publiees.libelles
    ]
    return Attendu(lignes)


def regimes(vue: Vue, bloc: Bloc) -> Attendu:
    """Recompte les régimes juridiques et leurs dates."""
    lignes = [
        [r.libelle, _jour(r.valide_du), _jour(r.valide_au) if r.valide_au else "en vigueur", r.reference]
        for r in nomenclature("regimes").values()
    ]
    return Attendu(lignes)


def _jour(date: str) -> str:
    return "/".join(reversed(date.split("-")))


def regles(vue: Vue, bloc: Bloc) -> Attendu:
    """Recompte les règles datées : la valeur et la date de chacune sont dans `parametres.toml`.

    Le document choisit les règles et leurs mots ; chaque ligne doit être celle d'un paramètre daté.
    """
    dates = {
        (str(p.valeur).replace(".", ","), f"{p.depuis:%d/%m/%Y}", resserrer(p.reference))
        for nom in {nom for nom, _, _ in vue.tables.config.parametres_dates()}
        for p in vue.tables.config.historique(nom)
    }
    return Attendu([ligne for ligne in bloc["lignes"] if tuple(map(resserrer, ligne[1:])) in dates])


def plan(vue: Vue, bloc: Bloc) -> Attendu:
    """Recompte le plan de publication de `observatoire.toml` : des mots, un niveau par ligne."""
    declare = vue.tables.config.reglages["publication"]["plan"]
    return Attendu(
        [
            [nom, *(_TRANCHES[declare[niveau].get(rythme, "rien")] for rythme in _RYTHMES)]
            for niveau, nom in NIVEAUX.items()
            if niveau in declare
        ]
    )


def definitions(vue: Vue, bloc: Bloc) -> Attendu:
    """Recompte les définitions : les notes du catalogue, et le glossaire du référentiel."""
    catalogue = vue.tables.catalogue
    notes = {" ".join(str(note).split()) for note in catalogue["methode"]}
    champs = {str(texte) for nom in ("champ", "source", "libelle") for texte in catalogue[nom]}
    termes = {mot[nom] for mot in lire_liste("glossaire") for nom in ("terme", "definition")}
    modalites = {t for v in ventilations().values() for t in (v.libelle, *v.libelles.values())}
    return Attendu(phrases=notes | champs | termes | modalites)


def revisions(vue: Vue, bloc: Bloc) -> Attendu:
    """Recompte les totaux révisés, de `indicateurs/revisions`."""
    lignes = []
    for revision in vue.tables.revisions.to_dict("records"):
        valeurs = [Decimal(str(revision[nom])) for nom in ("ancienne", "nouvelle", "ecart")]
        lignes.append(
            [
                vue.tables.decrire(revision["indicateur"], "libelle"),
                Territoire.lire(revision["territoire"]).nom,
                revision["periode"],
                *(ecrire(valeur, 1) for valeur in valeurs[:2]),
                signer(valeurs[2]).partition("\xa0")[0],
                revision["edition"],
            ]
        )
    return Attendu(lignes)
