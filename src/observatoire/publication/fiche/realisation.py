"""La réalisation : ce que les clauses en cours ont engagé, ce qui est fait, ce qui reste à faire."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from observatoire.publication.blocs import Avis, Chiffre, Chiffres
from observatoire.publication.cellules import NON_DISPONIBLE, Cellule
from observatoire.publication.fiche import chiffres, phrases
from observatoire.publication.formats import pct

if TYPE_CHECKING:
    from observatoire.publication.fiche.contexte import Contexte

_ENGAGEES, _AVANCEMENT, _SOLDEES = "heures_engagees_en_cours", "taux_avancement", "taux_realisation"


def bande(contexte: Contexte) -> Chiffres | Avis:
    """Rend l'engagé, le réalisé et le reste à réaliser des clauses en cours, puis le taux des soldées."""
    engagees = contexte.lire(_ENGAGEES)
    soldees, periode = _soldees(contexte)
    if engagees.statut == NON_DISPONIBLE and soldees.statut == NON_DISPONIBLE:
        return contexte.sans_donnees(phrases.REALISATION_TITRE)
    montres = [
        Chiffre(
            libelle, *chiffres.chiffrer(contexte.lire(indicateur), unite, int(unite == "%")), "", precision
        )
        for indicateur, unite, libelle, precision in phrases.REALISATION
    ]
    montres.append(Chiffre(phrases.SOLDEES, *chiffres.chiffrer(soldees, "%", 1), "", periode))
    avancement = contexte.lire(_AVANCEMENT)
    pied = [
        ["Note", phrases.REALISATION_NOTE],
        ["Champ", contexte.decrire(_AVANCEMENT, "champ")],
        ["Source", contexte.decrire(_AVANCEMENT, "source")],
    ]
    if avancement.nombre is not None:
        lecture = contexte.decrire(_AVANCEMENT, "lecture")
        texte = lecture.format(
            territoire=contexte.territoire.nom, periode=contexte.quand, valeur=pct(avancement)
        )
        pied.insert(1, ["Lecture", texte])
    return Chiffres(montres, phrases.REALISATION_TITRE, pied)


def _soldees(contexte: Contexte) -> tuple[Cellule, str]:
    """Le taux de réalisation des clauses soldées en quatre trimestres, à défaut dans le trimestre."""
    longue = replace(contexte, periode=contexte.periode.quatre_trimestres)
    for vue, precision in ((longue, phrases.SOLDEES_LONGUES), (contexte, phrases.SOLDEES_COURTES)):
        cellule = vue.lire(_SOLDEES)
        if cellule.statut != NON_DISPONIBLE:
            return cellule, precision
    return cellule, phrases.SOLDEES_LONGUES
