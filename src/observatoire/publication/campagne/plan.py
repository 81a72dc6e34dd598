"""Le plan d'une campagne : quels documents refaire, pourquoi, en combien de temps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import mean
from typing import TYPE_CHECKING

from observatoire.erreurs import ParametreError, suggestion
from observatoire.publication.campagne.cle import CODE_INDICATEURS, PARTIES, Cles, cle_de
from observatoire.publication.campagne.manifeste import Manifeste, dossier_de
from observatoire.publication.campagne.tache import FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from observatoire.config import Config
    from observatoire.publication.campagne.fichier import Campagne
    from observatoire.publication.campagne.tache import Tache

JAMAIS, INTERROMPU, ECHEC, DEMANDE = (
    "jamais produit",
    "campagne interrompue avant lui",
    "en échec la dernière fois",
    "demandé (--forcer)",
)


@dataclass(frozen=True, slots=True)
class Choix:
    """Ce qui restreint une campagne, ou l'étend à ce qui est à jour.

    Attributes:
        forcer: refaire même ce qui est à jour.
        reprise: seulement ce qu'une campagne interrompue a laissé.
        echecs: seulement ce qui a échoué.
        seulement: seulement ces périmètres (`dep:93`) ; vide, tous.
    """

    forcer: bool = False
    reprise: bool = False
    echecs: bool = False
    seulement: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ligne:
    """Un document de la campagne ; sans motif, il est à jour.

    Attributes:
        tache: ce qu'il faut produire, dans tous les formats qu'il a ou doit avoir.
        motifs: pourquoi le refaire.
        secondes: ce qu'il devrait coûter, d'après les productions passées ; None si l'on n'en sait rien.
        poids: le nombre de lignes publiées de son périmètre.
    """

    tache: Tache
    motifs: tuple[str, ...]
    secondes: float | None
    poids: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Une campagne confrontée à ce qui existe déjà."""

    campagne: str
    lignes: tuple[Ligne, ...]
    cles: Cles

    @property
    def a_faire(self) -> list[Ligne]:
        """Les documents à produire, les plus longs d'abord : aucun ne finit seul bien après."""
        return sorted(
            (ligne for ligne in self.lignes if ligne.motifs), key=lambda ligne: -(ligne.secondes or 0.0)
        )

    @property
    def periodes(self) -> list[str]:
        """Les périodes de la campagne, donc les dossiers qu'elle écrit."""
        return sorted({ligne.tache.periode for ligne in self.lignes})

    def duree(self, processus: int) -> float | None:
        """Les secondes que la campagne devrait prendre ; None si aucune production passée ne le dit."""
        connues = [ligne.secondes for ligne in self.a_faire if ligne.secondes is not None]
        if not connues:
            return None if self.a_faire else 0.0
        return max(max(connues), mean(connues) * len(self.a_faire) / processus)


def planifier(config: Config, campagne: Campagne, choix: Choix | None = None) -> Plan:
    """Rend le plan d'une campagne, sans rien produire.

    Chaque document listé par un manifeste est relu : un fichier absent ou changé le fait refaire.

    Raises:
        ParametreError: `seulement` nomme un périmètre que la campagne n'a pas.
    """
    choix = choix or Choix()
    taches = _retenir(campagne.taches(config), choix)
    cles = Cles(config)
    manifestes = {p: Manifeste.lire(dossier_de(config, p)) for p in {tache.periode for tache in taches}}
    if choix.reprise or choix.echecs:
        taches = [tache for tache in taches if _a_reprendre(tache, manifestes[tache.periode], choix)]
    anomalies = {
        periode: manifeste.anomalies(tache.nom for tache in taches if tache.periode == periode)
        for periode, manifeste in manifestes.items()
    }
    lignes = [
        _ligne(tache, manifestes[tache.periode], anomalies[tache.periode], cles, choix) for tache in taches
    ]
    return Plan(campagne.nom, _estimer(lignes, manifestes), cles)


def _retenir(taches: list[Tache], choix: Choix) -> list[Tache]:
    presents = {tache.objet for tache in taches}
    for objet in choix.seulement:
        if objet not in presents:
            raise ParametreError(f"« {objet} » n'est pas dans cette campagne.", suggestion(objet, presents))
    return [tache for tache in taches if not choix.seulement or tache.objet in choix.seulement]


def _a_reprendre(tache: Tache, manifeste: Manifeste, choix: Choix) -> bool:
    reprise = choix.reprise and tache.nom in manifeste.restants
    return reprise or (choix.echecs and tache.nom in manifeste.echecs)


def _ligne(
    tache: Tache, manifeste: Manifeste, anomalies: Mapping[str, list[str]], cles: Cles, choix: Choix
) -> Ligne:
    nom = tache.nom
    connu = manifeste.documents.get(nom)
    deja = {chemin.rpartition(".")[2] for chemin in connu["fichiers"]} if connu else set()
    motifs = [DEMANDE] if choix.forcer else []
    if nom in manifeste.echecs:
        motifs.append(ECHEC)
    if connu is None:
        motifs.append(INTERROMPU if nom in manifeste.restants else JAMAIS)
    else:
        motifs += [f"format {nom} jamais produit" for nom in tache.formats if nom not in deja]
        motifs += anomalies.get(nom, [])
        lectures = connu["lectures"]
        parties = cles.parties(tache, lectures)
        if cle_de(parties) != connu["cle"]:
            motifs += _changements(parties, connu["parties"], cles)
    # un format déjà listé est refait avec les autres : les fichiers d'un document disent la même chose
    formats = tuple(nom for nom in FORMATS if nom in {*tache.formats, *deja})
    return Ligne(
        replace(tache, formats=formats), tuple(motifs), manifeste.durees.get(nom), cles.donnees.poids(tache)
    )


def _changements(parties: Mapping[str, str], connues: Mapping[str, str], cles: Cles) -> list[str]:
    motifs = [dit for nom, dit in PARTIES.items() if parties[nom] != connues.get(nom)]
    donnees = any(parties[nom] != connues.get(nom) for nom in ("donnees", "ailleurs"))
    if donnees and cles.code_indicateurs != connues.get(CODE_INDICATEURS):
        motifs.append("code des indicateurs, changé avant ces données")
    return motifs


def _estimer(lignes: list[Ligne], manifestes: Mapping[str, Manifeste]) -> tuple[Ligne, ...]:
    """Donne à un document jamais produit la durée moyenne des autres."""
    durees = [duree for manifeste in manifestes.values() for duree in manifeste.durees.values()]
    if not durees:
        return tuple(lignes)
    return tuple(
        ligne if ligne.secondes is not None else replace(ligne, secondes=mean(durees)) for ligne in lignes
    )
