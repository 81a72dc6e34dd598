"""Les marchés : ceux que suivent les logiciels de la clause, ceux que publient les données essentielles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observatoire.publication import figures
from observatoire.publication.blocs import Avis, Figure, Tableau
from observatoire.publication.cellules import ABSENTE, NON_SIGNIFICATIVE, Cellule, part
from observatoire.publication.charte import COULEURS, GRIS
from observatoire.publication.fiche import phrases
from observatoire.publication.formats import accorder, entier, pct
from observatoire.referentiel import ENSEMBLE, NON_RENSEIGNE

if TYPE_CHECKING:
    from observatoire.publication.fiche.contexte import Contexte
    from observatoire.publication.repartitions import Ligne, Repartition

_TYPE = "type_marche"
_ACTIFS = "marches_clauses_actifs"
_SUIVIS = {
    "marches_clauses_notifies": "Notifiés",
    _ACTIFS: "Actifs",
    "marches_clauses_generateurs": "Générateurs",
}
_NOTIFIES, _PART = "marches_notifies", "part_marches_considerations"


def figure_clauses(contexte: Contexte) -> Figure | Avis:
    """Rend la figure des marchés clausés par type : notifiés, actifs, générateurs d'heures."""
    suivis = {titre: contexte.repartir(indicateur, _TYPE) for indicateur, titre in _SUIVIS.items()}
    if all(repartition.vide for repartition in suivis.values()):
        return contexte.sans_donnees(phrases.CLAUSES_TITRE)
    actifs = suivis[_SUIVIS[_ACTIFS]]
    lignes = _types(actifs, *suivis.values())
    avis = _motif(*suivis.values())
    return Figure(
        id="marches-clauses",
        titre=_constat_clauses(actifs),
        sous_titre=phrases.CLAUSES_SOUS_TITRE.format(ou=contexte.ou, quand=contexte.quand),
        alt=_alt("Marchés clausés actifs", lignes, avis),
        tableau=Tableau(
            ["Type", *suivis],
            [
                *(
                    [ligne.libelle, *(entier(r.effectif(*ligne.codes)) for r in suivis.values())]
                    for ligne in lignes
                ),
                ["Ensemble", *(entier(repartition.ensemble) for repartition in suivis.values())],
            ],
        ),
        lecture=_lecture(contexte, actifs, "marché clausé actif", "marchés clausés actifs"),
        champ=contexte.decrire(_ACTIFS, "champ"),
        source=contexte.decrire(_ACTIFS, "source"),
        svg=None if avis else figures.panneaux([(titre, _barres(r, lignes)) for titre, r in suivis.items()]),
        avis=avis,
        note=" ".join(filter(None, (phrases.CLAUSES_NOTE, contexte.noter_nr(actifs.taux_nr)))),
    )


def figure_marches_publics(contexte: Contexte) -> Figure | Avis:
    """Rend la figure des marchés notifiés par type, et la part de ceux qui ont une considération sociale.

    La part n'est pas disponible quand aucun marché n'est renseigné : ce n'est jamais 0 %.
    """
    notifies = contexte.repartir(_NOTIFIES, _TYPE)
    if notifies.vide:
        return contexte.sans_donnees(phrases.PUBLICS_TITRE)
    social = contexte.repartir(_NOTIFIES, "consideration_sociale")
    lignes = _types(notifies)
    parts = {
        code: _part(contexte, social, code) for code in (ENSEMBLE, *(ligne.codes[0] for ligne in lignes))
    }
    avis = _motif(notifies)
    return Figure(
        id="marches-publics",
        titre=_constat_publics(contexte, notifies, social, parts[ENSEMBLE]),
        sous_titre=phrases.PUBLICS_SOUS_TITRE.format(ou=contexte.ou, quand=contexte.quand),
        alt=_alt("Marchés notifiés", lignes, avis),
        tableau=Tableau(
            ["Type", "Notifiés", "Avec considération sociale"],
            [
                *([ligne.libelle, entier(ligne.effectif), pct(parts[ligne.codes[0]])] for ligne in lignes),
                ["Ensemble", entier(notifies.ensemble), pct(parts[ENSEMBLE])],
            ],
        ),
        lecture=_lecture(contexte, notifies, "marché notifié", "marchés notifiés"),
        champ=contexte.decrire(_NOTIFIES, "champ"),
        source=contexte.decrire(_NOTIFIES, "source"),
        svg=None if avis else figures.barres(_barres(notifies, lignes)),
        avis=avis,
        note=_note_sociale(contexte, social),
    )


def _types(ordre: Repartition, *autres: Repartition) -> list[Ligne]:
    """Les types de marché ; le non-renseigné n'y est que s'il y en a."""
    renseignes = not any(r.effectif(NON_RENSEIGNE).nombre for r in (ordre, *autres))
    return [ligne for ligne in ordre.lignes if not (ligne.non_renseigne and renseignes)]


def _barres(repartition: Repartition, lignes: list[Ligne]) -> list[figures.Barre]:
    return [
        figures.Barre(
            ligne.libelle,
            repartition.effectif(*ligne.codes).reel,
            entier(repartition.effectif(*ligne.codes)),
            GRIS if ligne.non_renseigne else COULEURS["marches"],
        )
        for ligne in lignes
    ]


def _part(contexte: Contexte, social: Repartition, code: str) -> Cellule:
    """La part publiée, non significative si trop de marchés ne sont pas renseignés."""
    cellule = contexte.lire(_PART) if code == ENSEMBLE else contexte.lire(_PART, _TYPE, code)
    return NON_SIGNIFICATIVE if social.trop_de_nr and cellule.nombre is not None else cellule


def _constat_publics(
    contexte: Contexte, notifies: Repartition, social: Repartition, pour_cent: Cellule
) -> str:
    if pour_cent.nombre == 0:
        return phrases.PUBLICS_ZERO
    if pour_cent.nombre is not None:
        return phrases.PUBLICS_CONSTAT.format(part=pct(pour_cent))
    if not notifies.ensemble.nombre:
        return phrases.PUBLICS_TITRE
    modele = phrases.PUBLICS_NON_RENSEIGNES if social.renseigne.nombre == 0 else phrases.PUBLICS_SANS_PART
    marches = accorder(notifies.ensemble, "marché public notifié", "marchés publics notifiés")
    return modele.format(marches=marches, ou=contexte.ou)


def _note_sociale(contexte: Contexte, social: Repartition) -> str:
    """Le taux de renseignement, et l'invitation à la prudence s'il est bas."""
    if social.renseigne.nombre == 0:
        return phrases.PUBLICS_AUCUN
    renseignes = part(social.renseigne, social.ensemble) if social.taux_nr.nombre is not None else ABSENTE
    prudence = phrases.PRUDENCE if contexte.alerte_nr(social.taux_nr) else ""
    return phrases.PUBLICS_NOTE.format(taux=pct(renseignes), prudence=prudence)


def _constat_clauses(actifs: Repartition) -> str:
    tete = actifs.en_tete
    if tete is None:
        return phrases.CLAUSES_TITRE
    constat = phrases.CLAUSES_CONSTATS[tete.codes[0]]
    effectif = accorder(tete.effectif, "marché clausé actif", "marchés clausés actifs")
    return constat.format(effectif=effectif, ensemble=entier(actifs.ensemble))


def _lecture(contexte: Contexte, repartition: Repartition, *noms: str) -> str:
    publiees = [ligne for ligne in repartition.lignes if ligne.effectif.nombre is not None]
    if not publiees:
        return phrases.LECTURE_VIDE
    ligne = repartition.en_tete or publiees[0]
    effectif = accorder(ligne.effectif, noms[0], noms[1])
    return phrases.LECTURE_SIMPLE.format(pendant=contexte.pendant, modalite=ligne.libelle, effectif=effectif)


def _alt(nom: str, lignes: list[Ligne], avis: str) -> str:
    if avis:
        return f"{nom}. {avis}"
    comptes = " ; ".join(f"{ligne.libelle}, {entier(ligne.effectif)}" for ligne in lignes)
    return f"Barres horizontales. {nom} : {comptes}."


def _motif(*repartitions: Repartition) -> str:
    """Dit pourquoi il n'y a rien à dessiner : rien de publié, ou des zéros partout."""
    effectifs = [ligne.effectif.nombre for repartition in repartitions for ligne in repartition.lignes]
    if any(effectifs):
        return ""
    return phrases.RIEN_DE_PUBLIABLE if set(effectifs) <= {None} else phrases.EFFECTIF_NUL
