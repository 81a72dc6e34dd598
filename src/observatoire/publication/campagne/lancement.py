"""Lancer une campagne : produire ce que le plan demande, sans qu'un échec ni un arrêt n'abîme le reste."""

from __future__ import annotations

import errno
import time
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, wait
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from observatoire.erreurs import PublicationError
from observatoire.magasin import ecrire_ensemble, retirer_provisoires, tenir
from observatoire.publication.campagne.bilan import Bilan, Ecrit
from observatoire.publication.campagne.cle import CODE_INDICATEURS, cle_de
from observatoire.publication.campagne.essai import constater, tenter
from observatoire.publication.campagne.journal import Journal
from observatoire.publication.campagne.manifeste import Manifeste, decrire, dossier_de
from observatoire.publication.campagne.signaux import Arret, ecouter
from observatoire.publication.campagne.tache import Document, Echec, Tache, commande_de

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

    from observatoire.config import Config
    from observatoire.publication.campagne.plan import Plan

_PLEIN = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Avancement:
    """Un document de plus : son rang, le total, ce qu'il a donné, les secondes depuis le départ."""

    rang: int
    total: int
    resultat: Ecrit | Echec
    secondes: float


@dataclass(frozen=True, slots=True)
class Options:
    """Comment lancer.

    Attributes:
        suivi: appelée à chaque document.
        producteur: ce qui produit un document ; par défaut `production.produire`.
        cadence: secondes entre deux écritures du manifeste ; un processus tué refait ce qu'il a écrit depuis.
    """

    suivi: Callable[[Avancement], None] = lambda _: None
    producteur: Callable[[Tache], Document] | None = None
    cadence: float = 1.0


def lancer(config: Config, plan: Plan, executeur: Executor, options: Options | None = None) -> Bilan:
    """Produit les documents du plan et les écrit dans `outputs/fiches/<période>/`.

    Seul ce processus écrit : `executeur` n'a qu'à rendre des octets, d'ici ou d'une autre machine. Un
    document en échec n'écrit rien, laisse l'ancien et n'arrête pas les autres ; un arrêt demandé laisse
    finir ceux qui sont commencés.

    Raises:
        PublicationError: une autre campagne écrit dans le même dossier.
        OSError: le manifeste ne peut pas être écrit (disque plein, droits) ; celui d'avant reste vrai.
    """
    with ExitStack() as pile:
        for periode in plan.periodes:
            _prendre(pile, config, periode)
        journal = pile.enter_context(Journal(config, plan.campagne))
        campagne = _Campagne(config, plan, options or Options(), journal)
        if plan.a_faire:
            arret = pile.enter_context(ecouter())
            campagne.conduire(executeur, arret)
        return campagne.bilan()


def _prendre(pile: ExitStack, config: Config, periode: str) -> None:
    dossier = dossier_de(config, periode)
    refus = PublicationError(
        f"Une campagne est déjà en cours pour {periode}.",
        "Attendre qu'elle finisse, ou l'arrêter (Ctrl-C) : ce qu'elle a produit sera gardé.",
    )
    pile.enter_context(tenir(dossier.parent / f".{periode}.verrou", refus))
    retirer_provisoires(dossier)


class _Campagne:
    """Une campagne en cours : ses manifestes, ce qui est fait, ce qui reste."""

    def __init__(self, config: Config, plan: Plan, options: Options, journal: Journal) -> None:
        self._config, self._plan, self._options, self._journal = config, plan, options, journal
        self._debut = self._dernier_manifeste = time.perf_counter()
        self._manifestes = {p: Manifeste.lire(dossier_de(config, p)) for p in plan.periodes}
        self._avant: dict[Tache, dict[str, Any]] = {}
        self._restants = dict.fromkeys(ligne.tache for ligne in plan.a_faire)
        self._total = len(self._restants)
        self._ecrits: dict[Tache, Ecrit] = {}
        self._echecs: list[Echec] = []
        self._signal, self._interruption = 0, ""

    def conduire(self, executeur: Executor, arret: Arret) -> None:
        """Produit tout, jusqu'à la fin ou à l'interruption."""
        self._annoncer()
        essayer = partial(tenter, producteur=self._options.producteur)
        futurs = {executeur.submit(essayer, tache): tache for tache in self._restants}
        attendus = set(futurs)
        try:
            while attendus:
                finis, attendus = wait(attendus, timeout=0.2, return_when=FIRST_COMPLETED)
                if arret.signal and not self._signal:
                    self._signal, self._interruption = arret.signal, "arrêt demandé"
                for futur in finis:
                    self._recevoir(futurs.pop(futur), futur)  # ses octets ne sont pas gardés
                if self._interruption:
                    _renoncer(attendus)
                self._inscrire(attendre=True)
        finally:
            _renoncer(attendus)
            self._inscrire()
            self._journal.noter("fin", interruption=self._interruption, **self._comptes())

    def bilan(self) -> Bilan:
        """Rend ce que la campagne a donné."""
        inchanges = [self._deja(ligne.tache) for ligne in self._plan.lignes if not ligne.motifs]
        return Bilan(
            self._plan.campagne,
            tuple(self._ecrits[x.tache] for x in self._plan.lignes if x.tache in self._ecrits),
            tuple(inchanges),
            tuple(self._echecs),
            tuple(self._restants),
            time.perf_counter() - self._debut,
            self._en_suspens(),
            self._interruption,
            self._signal,
            {ligne.tache.objet: ligne.poids for ligne in self._plan.lignes},
        )

    def _en_suspens(self) -> tuple[str, ...]:
        prevus = {(ligne.tache.periode, ligne.tache.nom) for ligne in self._plan.lignes}
        manquent = {
            (periode, nom)
            for periode, manifeste in self._manifestes.items()
            for nom in (*manifeste.restants, *manifeste.echecs)
        }
        return tuple(commande_de(nom, periode) for periode, nom in sorted(manquent - prevus))

    def _annoncer(self) -> None:
        """Ôte des manifestes ce qui va changer, avant que rien ne change."""
        for tache in self._restants:
            manifeste = self._manifestes[tache.periode]
            if connu := manifeste.documents.pop(tache.nom, None):
                self._avant[tache] = connu
            manifeste.echecs.pop(tache.nom, None)
            manifeste.restants = sorted({*manifeste.restants, tache.nom})
        self._inscrire()
        self._journal.noter("depart", campagne=self._plan.campagne, documents=self._total)

    def _recevoir(self, tache: Tache, futur: Future[Document | Echec]) -> None:
        try:
            resultat: Document | Echec = futur.result()
        except CancelledError:
            return
        except BrokenExecutor:
            self._interruption = "un processus de production s'est arrêté net (mémoire pleine ?)"
            return
        except Exception as erreur:  # ce que l'exécuteur n'a pas su transmettre
            resultat = constater(tache, erreur)
        if isinstance(resultat, Document):
            if ecrit := self._ecrire(resultat):
                self._compter(ecrit)
        elif not self._interruption:  # sinon un noyau a été arrêté avec la campagne : à reprendre
            self._compter(resultat)

    def _ecrire(self, document: Document) -> Document | Echec | None:
        """Écrit tous les fichiers d'un document, ou aucun ; None d'un disque plein : il est à reprendre."""
        debut = time.perf_counter()
        tache, dossier = document.tache, dossier_de(self._config, document.tache.periode)
        fichiers = {f"{tache.nom}.{format_}": octets for format_, octets in document.fichiers.items()}
        try:
            ecrire_ensemble({dossier / nom: octets for nom, octets in fichiers.items()})
        except OSError as erreur:
            if erreur.errno in _PLEIN:
                self._interruption = "plus de place sur le disque"
                return None
            return constater(tache, erreur)
        document.durees["ecriture"] = time.perf_counter() - debut
        parties = self._plan.cles.parties(tache, document.lectures)
        self._manifestes[tache.periode].documents[tache.nom] = {
            "objet": tache.objet,
            "public": tache.public,
            "cle": cle_de(parties),
            "parties": {**parties, CODE_INDICATEURS: self._plan.cles.code_indicateurs},
            "fichiers": decrire(fichiers),
            "pages": document.pages,
            "lectures": None if document.lectures is None else [list(t) for t in document.lectures],
            "alertes": list(document.alertes),
        }
        self._manifestes[tache.periode].durees[tache.nom] = document.secondes
        return document

    def _compter(self, resultat: Document | Echec) -> None:
        tache = resultat.tache
        del self._restants[tache]
        self._manifestes[tache.periode].restants.remove(tache.nom)
        vu = self._reussi(resultat) if isinstance(resultat, Document) else self._manque(resultat)
        rang, secondes = self._total - len(self._restants), time.perf_counter() - self._debut
        self._options.suivi(Avancement(rang, self._total, vu, secondes))

    def _reussi(self, document: Document) -> Ecrit:
        tache = document.tache
        self._ecrits[tache] = self._deja(tache)
        secondes = {etape: round(duree, 4) for etape, duree in document.durees.items()}
        self._journal.noter("document", document=tache.dit, pages=document.pages, secondes=secondes)
        return self._ecrits[tache]

    def _manque(self, echec: Echec) -> Echec:
        tache, manifeste = echec.tache, self._manifestes[echec.tache.periode]
        manifeste.echecs[tache.nom] = echec.constat
        if tache in self._avant:  # ses fichiers d'avant n'ont pas été touchés
            manifeste.documents[tache.nom] = self._avant[tache]
        self._echecs.append(echec)
        details = {"exception": echec.exception, "endroit": echec.endroit, "constat": echec.constat}
        self._journal.noter("echec", document=tache.dit, secondes=round(echec.secondes, 4), **details)
        return echec

    def _inscrire(self, *, attendre: bool = False) -> None:
        """Écrit les manifestes ; à chaque tour de boucle, pas plus souvent que la cadence."""
        if attendre and time.perf_counter() - self._dernier_manifeste < self._options.cadence:
            return
        for manifeste in self._manifestes.values():
            manifeste.ecrire()
        self._dernier_manifeste = time.perf_counter()

    def _deja(self, tache: Tache) -> Ecrit:
        """Le document que le manifeste décrit."""
        dossier, manifeste = dossier_de(self._config, tache.periode), self._manifestes[tache.periode]
        connu = manifeste.documents[tache.nom]
        fichiers = {nom.rpartition(".")[2]: dossier / nom for nom in connu["fichiers"]}
        duree = manifeste.durees.get(tache.nom, 0.0)
        return Ecrit(tache, fichiers, connu["pages"], duree, tuple(connu["alertes"]))

    def _comptes(self) -> dict[str, object]:
        return {
            "produits": len(self._ecrits),
            "echecs": len(self._echecs),
            "restants": len(self._restants),
            "secondes": round(time.perf_counter() - self._debut, 3),
        }


def _renoncer(futurs: set[Future[Document | Echec]]) -> None:
    for futur in futurs:
        futur.cancel()
