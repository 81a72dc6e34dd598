"""Un passage : recevoir ce qui est arrivé, reconstruire ce qui en dépend, en rendre compte.

Rejouable à volonté : chaque étape est inscrite quand elle a réussi, pour les entrées qu'elle a lues ; un
passage interrompu, à quelque moment que ce soit, est repris par le suivant.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from observatoire.erreurs import ObservatoireError
from observatoire.routine import arrivees
from observatoire.routine.bilan import (
    EN_ATTENTE,
    REFUSEE,
    Bilan,
    Construction,
    Echec,
    Fiches,
    Livraison,
    Qualite,
    motif,
)
from observatoire.routine.empreintes import empreinte_des_donnees
from observatoire.routine.etapes import CONSTRUCTION, FICHES, a_faire
from observatoire.routine.etat import Etat
from observatoire.routine.journal import Journal
from observatoire.routine.menage import ranger
from observatoire.routine.verrou import DejaEnCoursError, verrou

if TYPE_CHECKING:
    from collections.abc import Callable

    from observatoire.config import Config
    from observatoire.routine.etapes import Etape
    from observatoire.routine.production import Production
    from observatoire.routine.reglages import Reglages

RECEPTION, JOURNAUX = "réception", "outputs/journaux"
_GARDE = "Les fiches d'avant restent en place."
_CAUSES = "Leurs causes : outputs/journaux/bilan.html. En rejouer une : « observatoire fiches {} »."
_GARDE_DES_FICHES = "Les fiches réussies sont écrites ; les autres restent telles qu'avant."


@dataclass(frozen=True, slots=True)
class Contexte:
    """Ce dont un passage a besoin ; l'heure et l'envoi sont donnés, jamais devinés.

    `annoncer` reçoit le bilan et le chemin de son compte rendu ; elle rend les phrases de ce qui n'est pas
    parti, et ne lève rien.
    """

    config: Config
    reglages: Reglages
    production: Production
    maintenant: Callable[[], dt.datetime]
    annoncer: Callable[[Bilan, str], list[str]]
    montrer: Callable[[str], None]

    @property
    def journal(self) -> Journal:
        """Le journal du jour."""
        return Journal.du_jour(self.config, self.maintenant, self.montrer)


def passer(contexte: Contexte, *, forcer: bool = False) -> Bilan:
    """Fait un passage et rend son bilan, vide si rien n'a changé ; à appeler en tenant le verrou.

    Args:
        contexte: le dossier de travail, les réglages et les gestes.
        forcer: retente une étape qui a déjà échoué autant de fois que permis.
    """
    config = contexte.config
    etat = Etat.lire(config)
    if forcer:
        etat.echouee, etat.essais, etat.annonce = "", 0, ""
    bilan = etat.bilan or Bilan(contexte.maintenant().isoformat(timespec="seconds"))
    bilan.echec = None
    if _recevoir(contexte, etat, bilan):
        _produire(contexte, etat, bilan)
    if not bilan.vide:
        _rendre_compte(contexte, etat, bilan)
    ranger(config, contexte.reglages, contexte.maintenant())
    return bilan


def noter_construction(config: Config) -> None:
    """Inscrit qu'une construction lancée à la main a réussi : le passage suivant ne la refera pas."""
    try:
        with verrou(config):
            Etat.lire(config).reussir(config, CONSTRUCTION, empreinte_des_donnees(config))
    except DejaEnCoursError:
        return


def _recevoir(contexte: Contexte, etat: Etat, bilan: Bilan) -> bool:
    """Reçoit les livraisons une à une, dans l'ordre de leurs dates ; dit si la suite est possible."""
    config, calme = contexte.config, dt.timedelta(minutes=contexte.reglages.calme_minutes)
    bilan.livraisons = [li for li in bilan.livraisons if li.issue != EN_ATTENTE]
    try:
        prises = arrivees.prises(config)
        nouvelles = arrivees.lister(config, contexte.maintenant(), calme)
        if prises or nouvelles:
            from observatoire.acquisition.depot import inventaire
            from observatoire.routine.reception import defaire_un_scellement_interrompu

            for prise in prises:
                defaire_un_scellement_interrompu(config, prise)
            inventaire(config)  # un dépôt abîmé n'est pas la faute de ce qui arrive
            _examiner(contexte, etat, bilan, [*prises, *nouvelles])
    except Exception as erreur:  # un incident imprévu se dit aussi
        _echouer(contexte, etat, bilan, (RECEPTION, ""), erreur)
        return False
    return True


def _examiner(
    contexte: Contexte, etat: Etat, bilan: Bilan, livrees: list[arrivees.Prise | arrivees.Arrivee]
) -> None:
    from observatoire.routine.reception import recevoir

    config = contexte.config
    arretees: set[str] = set()
    for livree in livrees:
        if livree.source in arretees:  # derrière une livraison qui attend, les suivantes attendent
            continue
        try:
            prise = arrivees.prendre(config, livree) if isinstance(livree, arrivees.Arrivee) else livree
            livraison = recevoir(config, prise, contexte.maintenant().date())
        except Exception as erreur:  # ce qu'une livraison a d'imprévu n'arrête pas les autres sources
            if isinstance(erreur, OSError) and not isinstance(erreur, PermissionError):
                raise  # un disque plein les arrêterait aussi
            contexte.journal.detailler(erreur)
            faits = (livree.source, livree.date.isoformat(), arrivees.compter(livree))
            livraison = Livraison(*faits, EN_ATTENTE, motif(erreur), JOURNAUX)
        if livraison.issue == EN_ATTENTE:
            arretees.add(livraison.source)
        bilan.livraisons.append(livraison)
        etat.bilan = bilan
        etat.ecrire(config)
        contexte.journal.noter(livraison.phrase)


def _produire(contexte: Contexte, etat: Etat, bilan: Bilan) -> None:
    """Fait les étapes l'une après l'autre ; la première qui échoue arrête le passage."""
    for etape in a_faire(contexte.config, etat, contexte.production):
        if etat.epuisee(etape.nom, etape.empreinte, contexte.reglages.essais):
            bilan.echec = _deja_echouee(etape.nom, etat.essais)
            return
        try:
            _faire(contexte, etat, bilan, etape)
        except Exception as erreur:  # un incident imprévu se dit aussi
            _echouer(contexte, etat, bilan, (etape.nom, etape.empreinte), erreur)
            return


def _faire(contexte: Contexte, etat: Etat, bilan: Bilan, etape: Etape) -> None:
    fait = etape.faire(contexte.config)
    match fait:
        case Construction():
            bilan.construction = fait
        case Qualite():
            bilan.qualite = fait
        case Fiches():
            bilan.fiches = fait
            etat.fiches = fait.dossier
            if fait.echecs:
                raise ObservatoireError(fait.phrase, _CAUSES.format(fait.echecs[0]))
    etat.bilan = bilan
    etat.reussir(contexte.config, etape.nom, etape.empreinte)
    contexte.journal.noter(fait.phrase)


def _echouer(contexte: Contexte, etat: Etat, bilan: Bilan, ou: tuple[str, str], erreur: Exception) -> None:
    etape, empreinte = ou
    journal = contexte.journal
    detail = journal.chemin.relative_to(contexte.config.racine)
    garde = _GARDE_DES_FICHES if etape == FICHES else _GARDE
    bilan.echec = Echec(etape, motif(erreur), f"Le constat et son remède : {detail}. {garde}")
    etat.bilan = bilan
    etat.echouer(contexte.config, etape, empreinte)
    journal.detailler(erreur)
    journal.noter(bilan.echec.phrase)


def _deja_echouee(etape: str, essais: int) -> Echec:
    return Echec(
        etape,
        f"même échec {essais} fois, et rien n'a changé depuis",
        "Corriger, ou relancer par « observatoire tick --forcer ».",
    )


def _rendre_compte(contexte: Contexte, etat: Etat, bilan: Bilan) -> None:
    """Écrit le compte rendu et l'annonce ; un problème qui se répète n'est annoncé qu'une fois."""
    from observatoire.routine.compte_rendu import ecrire

    problemes = [li.phrase for li in bilan.livraisons if li.issue in (REFUSEE, EN_ATTENTE)]
    if bilan.echec:
        problemes.append(etat.echouee)
    annonce = hashlib.sha256("\n".join(problemes).encode()).hexdigest() if problemes else ""
    if bilan.avance or annonce != etat.annonce:
        page = ecrire(contexte.config, bilan, arrivees.ignorees(contexte.config))
        relatif = page.relative_to(contexte.config.racine).as_posix()
        manques = contexte.annoncer(bilan, relatif)
        for phrase in manques:
            contexte.journal.noter(phrase)
        if manques and len(manques) >= contexte.reglages.voies:
            annonce = ""  # personne n'en sait rien : le passage suivant réessaie, si le problème dure
    etat.annonce, etat.bilan = annonce, None
    etat.ecrire(contexte.config)
