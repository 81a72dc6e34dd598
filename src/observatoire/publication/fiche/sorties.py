"""Les fins de parcours : ce que l'on sait des situations, six mois après."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from observatoire.perimetre import Periode
from observatoire.publication.blocs import Avis, Chiffre, Chiffres
from observatoire.publication.cellules import NON_DISPONIBLE, PUBLIE, Cellule
from observatoire.publication.fiche import phrases
from observatoire.publication.fiche.chiffres import chiffrer
from observatoire.publication.formats import pct
from observatoire.publication.lectures import REGION

if TYPE_CHECKING:
    from observatoire.publication.fiche.contexte import Contexte

_REPONSE, _DURABLE = "taux_de_reponse_m6", "taux_d_emploi_durable_m6"
_DYNAMIQUES = "taux_de_sorties_dynamiques_m6"
_TRIMESTRES = 8


def bande(contexte: Contexte) -> Chiffres | Avis:
    """Rend le taux de réponse et les taux de sortie, à la dernière période où le délai est écoulé.

    Un territoire dont les situations ne sont pas publiées renvoie à celles de la région.
    """
    vue = _derniere(contexte)
    if vue is None:
        return _avis(contexte)
    region = replace(vue, territoire=REGION)
    chiffres = [
        Chiffre(phrases.FINS_DE_PARCOURS, *chiffrer(vue.lire("sorties"), "personnes"), "", vue.pendant),
        _taux(vue.lire(_REPONSE), phrases.SITUATIONS_CONNUES, phrases.SIX_MOIS_APRES),
    ]
    for indicateur, libelle in ((_DURABLE, phrases.EMPLOI_DURABLE), (_DYNAMIQUES, phrases.DYNAMIQUES)):
        ailleurs = region.lire(indicateur)
        compare = ailleurs.nombre is not None and not contexte.est_region
        precision = f"{phrases.REGION} : {pct(ailleurs)}" if compare else phrases.SIX_MOIS_APRES
        chiffres.append(_taux(vue.lire(indicateur), libelle, precision))
    return Chiffres(chiffres, phrases.SORTIES_TITRE, _pied(vue))


def _derniere(contexte: Contexte) -> Contexte | None:
    """Le même territoire à sa dernière période, trimestre ou année, où le taux de réponse est publié."""
    annees = [Periode(contexte.periode.annee - pas) for pas in (0, 1)]
    candidates = [*contexte.periode.jusqu_ici(_TRIMESTRES), *annees]
    publiees = [
        periode
        for periode in candidates
        if periode.fin <= contexte.periode.fin and contexte.lire(_REPONSE, periode=periode).statut == PUBLIE
    ]
    return replace(contexte, periode=max(publiees, key=lambda periode: periode.fin)) if publiees else None


def _avis(contexte: Contexte) -> Avis:
    """Rien n'est publié ici : le dire, et donner la région si elle a quelque chose."""
    region = _derniere(replace(contexte, territoire=REGION))
    if region is None and contexte.lire("sorties").statut == NON_DISPONIBLE:
        return contexte.sans_donnees(phrases.SORTIES_TITRE)
    if region is None:
        return Avis(phrases.SORTIES_INCONNUES.format(titre=phrases.SORTIES_TITRE, ou=contexte.ou))
    chiffres = {
        "pendant": region.pendant,
        "reponse": pct(region.lire(_REPONSE)),
        "durable": pct(region.lire(_DURABLE)),
        "dynamiques": pct(region.lire(_DYNAMIQUES)),
    }
    return Avis(phrases.SORTIES_AILLEURS.format(ou=contexte.ou, **chiffres))


def _taux(cellule: Cellule, libelle: str, precision: str) -> Chiffre:
    return Chiffre(libelle, *chiffrer(cellule, "%", 1), "", precision)


def _pied(vue: Contexte) -> list[list[str]]:
    minimum = pct(vue.parametre("reponse_minimum_pct"), 0)
    pied = [
        ["Note", phrases.SORTIES_NOTE.format(minimum=minimum)],
        ["Champ", vue.decrire(_DURABLE, "champ")],
        ["Source", vue.decrire(_DURABLE, "source")],
    ]
    durable = vue.lire(_DURABLE)
    if durable.nombre is not None:
        lecture = vue.decrire(_DURABLE, "lecture")
        texte = lecture.format(territoire=vue.territoire.nom, periode=vue.quand, valeur=pct(durable))
        pied.insert(1, ["Lecture", texte])
    return pied
