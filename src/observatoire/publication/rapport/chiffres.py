"""Les chiffres du rapport : la bande d'une année, l'évolution sur plusieurs, ce qu'il faut en retenir."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from observatoire.perimetre import Periode
from observatoire.publication.blocs import Avis, Chiffre, Chiffres, Tableau, TableauSeul, Texte
from observatoire.publication.cellules import NON_DISPONIBLE
from observatoire.publication.fiche.chiffres import chiffrer
from observatoire.publication.rapport import mots

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from observatoire.publication.fiche.contexte import Contexte

ANNEES_SOUS_TITRE = "Années complètes publiées, {ou}"
ANNEES_NOTE = "Évolution en un an, en % ; en points pour une part."
RETENIR = "{libelle} : {valeur}{suite}."
_ANNEES = 5
_UNITES = {"h": "heures", "%": "%", "€": "euros"}


def bande(contexte: Contexte, indicateurs: Sequence[str], titre: str) -> Chiffres:
    """Rend une bande de chiffres, chacun avec son évolution sur un an s'il y en a une."""
    return Chiffres([_chiffre(contexte, nom) for nom in indicateurs], titre, _pied(contexte, indicateurs))


def _chiffre(contexte: Contexte, nom: str) -> Chiffre:
    unite = contexte.decrire(nom, "unite")
    decimales = 1 if unite in ("%", "ETP", "mois") else 0
    vue = contexte.etat(nom)
    valeur = chiffrer(vue.lire(nom), _UNITES.get(unite, unite), decimales)
    evolution = mots.evoluer(contexte, nom)
    suite = f"{evolution} en un an" if evolution[0] in "+−0123456789" else ""
    precision = vue.pendant if vue.periode != contexte.periode else ""
    return Chiffre(contexte.decrire(nom, "libelle"), *valeur, suite, precision)


def _pied(contexte: Contexte, indicateurs: Sequence[str]) -> list[list[str]]:
    """Les sources, chacune une fois ; le champ de chaque chiffre est au glossaire des indicateurs."""
    sources = dict.fromkeys(contexte.decrire(nom, "source") for nom in indicateurs)
    return [["Champ", f"{contexte.territoire.nom}, {contexte.quand}."], ["Source", _joindre(sources)]]


def _joindre(sources: Iterable[str]) -> str:
    return " ; ".join(source.rstrip(".") for source in sources) + "."


def annees(contexte: Contexte, indicateurs: Sequence[str], titre: str) -> TableauSeul | Avis:
    """Rend le tableau de plusieurs indicateurs sur les dernières années publiées, et leur évolution."""
    vues = [replace(contexte, periode=Periode(contexte.periode.annee - pas)) for pas in range(_ANNEES)][::-1]
    presentes = [vue for vue in vues if any(vue.lire(nom).statut != NON_DISPONIBLE for nom in indicateurs)]
    if not presentes:
        return contexte.sans_donnees(titre)
    lignes = []
    for nom in indicateurs:
        unite = contexte.decrire(nom, "unite")
        precision = (
            "" if unite in ("%", "personnes", "contrats", "marchés") else f" ({_UNITES.get(unite, unite)})"
        )
        lignes.append(
            [
                contexte.decrire(nom, "libelle") + precision,
                *(mots.ecrire(vue.lire(nom), unite) for vue in presentes),
                mots.evoluer(contexte, nom),
            ]
        )
    return TableauSeul(
        id=f"annees-{indicateurs[0]}".replace("_", "-"),
        titre=titre,
        sous_titre=ANNEES_SOUS_TITRE.format(ou=contexte.ou),
        tableau=Tableau(["Indicateur", *(str(vue.periode) for vue in presentes), "Évolution"], lignes),
        source=_joindre(dict.fromkeys(contexte.decrire(nom, "source") for nom in indicateurs)),
        note=ANNEES_NOTE,
    )


def retenir(contexte: Contexte, indicateurs: Sequence[str]) -> Texte | Avis:
    """Rend une phrase par indicateur publié : sa valeur, et son évolution si elle se dit."""
    ecrites = []
    for nom in indicateurs:
        cellule = contexte.lire(nom)
        if cellule.nombre is not None:
            recit = mots.raconter(contexte, nom)
            ecrites.append(
                RETENIR.format(
                    libelle=contexte.decrire(nom, "libelle"),
                    valeur=mots.dire(cellule, contexte.decrire(nom, "unite")),
                    suite=f", {recit}" if recit else "",
                )
            )
    return Texte(ecrites) if ecrites else contexte.sans_donnees("À retenir")
