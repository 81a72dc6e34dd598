"""Des bandes de chiffres qui disent, sous elles, comment les lire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.publication.blocs import Avis, Chiffre, Chiffres
from observatoire.publication.cellules import NON_DISPONIBLE, Cellule
from observatoire.publication.fiche.chiffres import chiffrer
from observatoire.publication.formats import accorder, pct

if TYPE_CHECKING:
    from observatoire.publication.fiche.contexte import Contexte
    from observatoire.publication.fiche.sujets import SujetBande


def bande(contexte: Contexte, sujet: SujetBande) -> Chiffres | Avis:
    """Rend les chiffres d'un sujet, chacun à la période la plus courte qui l'ait ; ou un avis."""
    vues = [contexte.donnant(indicateur) for _, indicateur, *_ in sujet.chiffres]
    lues = [vue.lire(chiffre[1]) for vue, chiffre in zip(vues, sujet.chiffres, strict=True)]
    if all(cellule.statut == NON_DISPONIBLE for cellule in lues):
        return contexte.sans_donnees(sujet.titre)
    chiffres = [
        Chiffre(libelle, *chiffrer(cellule, unite, decimales), "", _dater(contexte, vue, precision))
        for (libelle, _, unite, precision, decimales), cellule, vue in zip(
            sujet.chiffres, lues, vues, strict=True
        )
    ]
    return Chiffres(chiffres, sujet.titre, _pied(contexte.donnant(sujet.principal), sujet))


def _dater(contexte: Contexte, vue: Contexte, precision: str) -> str:
    return precision if vue.periode == contexte.periode else f"{precision}, {vue.quand_court}"


def _pied(vue: Contexte, sujet: SujetBande) -> list[list[str]]:
    pied = [
        ["Note", sujet.note],
        ["Champ", vue.champ(sujet.principal)],
        ["Source", vue.decrire(sujet.principal, "source")],
    ]
    principal = vue.lire(sujet.principal)
    if principal.nombre is not None:
        lecture = vue.decrire(sujet.principal, "lecture")
        valeur = _valeur(principal, vue.decrire(sujet.principal, "unite"))
        texte = lecture.format(territoire=vue.territoire.nom, periode=vue.quand, valeur=valeur)
        pied.insert(1, ["Lecture", texte])
    return pied


def _valeur(cellule: Cellule, unite: str) -> str:
    return pct(cellule) if unite == "%" else accorder(cellule, "", "").strip()
