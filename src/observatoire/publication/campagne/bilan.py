"""Le bilan d'une campagne : ce qui est fait, ce qui manque, et les échecs réunis par cause."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from observatoire import erreurs
from observatoire.perimetre import Periode, Programme, Territoire, lire_perimetre

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from observatoire.publication.campagne.tache import Echec, Tache

_LONGUEUR = 600  # caractères d'un constat
_MONTRES = 6


@dataclass(frozen=True, slots=True)
class Ecrit:
    """Un document écrit : ses fichiers par format, ses pages, la durée de sa production.

    `alertes` dit pourquoi son commentaire est à relire ; vide s'il ne l'est pas, ou s'il n'y en a pas.
    """

    tache: Tache
    fichiers: Mapping[str, Path]
    pages: int
    secondes: float
    alertes: tuple[str, ...] = ()

    @property
    def territoire(self) -> Territoire | Programme:
        """Le territoire ou le grand programme."""
        return lire_perimetre(self.tache.objet)

    @property
    def periode(self) -> Periode:
        """La période."""
        return Periode.lire(self.tache.periode)

    @property
    def notebook(self) -> Path:
        """Le notebook exécuté."""
        return self.fichiers["ipynb"]

    @property
    def html(self) -> Path:
        """La page."""
        return self.fichiers["html"]

    @property
    def pdf(self) -> Path:
        """Le document imprimable."""
        return self.fichiers["pdf"]

    @property
    def montre(self) -> Path:
        """Le fichier à montrer : la page, à défaut le premier format."""
        return self.fichiers.get("html") or next(iter(self.fichiers.values()))


@dataclass(frozen=True, slots=True)
class Cause:
    """Une cause d'échec et tous les documents qu'elle a empêchés.

    `plus_petit` est l'échec du périmètre qui publie le moins : le plus rapide à rejouer.
    """

    exception: str
    endroit: str
    plus_petit: Echec
    echecs: tuple[Echec, ...]

    @property
    def titre(self) -> str:
        """La cause en une ligne."""
        return f"{self.exception} — {self.endroit}"

    @property
    def detail(self) -> str:
        """Ce que dit l'erreur, sans l'endroit que le titre donne déjà ; le journal en garde la fin."""
        constat, cellule = self.plus_petit.constat, self.endroit.partition(", ")[2]
        _, trouvee, suite = constat.partition(f"{cellule} : ") if cellule else ("", "", "")
        dit = suite if trouvee else constat
        return dit if len(dit) <= _LONGUEUR else f"{dit[:_LONGUEUR].rstrip()}…"

    @property
    def objets(self) -> str:
        """Les documents touchés, les douze premiers nommés."""
        dits = [echec.tache.dit for echec in self.echecs]
        return " ; ".join([*dits[:12], *([f"et {len(dits) - 12} autres"] if len(dits) > 12 else [])])


@dataclass(frozen=True, slots=True)
class Bilan:
    """Ce qu'une campagne a donné.

    Attributes:
        campagne: son nom.
        ecrits: les documents produits, dans l'ordre du plan.
        inchanges: ceux qui étaient à jour.
        echecs: ceux qui n'ont pas pu l'être.
        restants: ceux qu'une interruption a laissés.
        secondes: la durée de la campagne.
        en_suspens: les commandes qui produiraient ce qui manque à ses dossiers et ne lui était pas demandé :
            un document qu'on lui a retiré, ou qu'une autre a laissé.
        interruption: pourquoi elle s'est arrêtée avant la fin ; vide sinon.
        signal: le numéro du signal qui l'a arrêtée, 0 sinon.
        poids: par périmètre, le nombre de lignes qu'il publie.
    """

    campagne: str
    ecrits: tuple[Ecrit, ...] = ()
    inchanges: tuple[Ecrit, ...] = ()
    echecs: tuple[Echec, ...] = ()
    restants: tuple[Tache, ...] = ()
    secondes: float = 0.0
    en_suspens: tuple[str, ...] = ()
    interruption: str = ""
    signal: int = 0
    poids: Mapping[str, int] = field(default_factory=dict)

    @property
    def documents(self) -> list[Ecrit]:
        """Tous les documents présents et à jour."""
        return [*self.ecrits, *self.inchanges]

    @property
    def complete(self) -> bool:
        """Vrai si rien ne manque dans les dossiers qu'elle écrit."""
        return not (self.echecs or self.restants or self.en_suspens)

    @property
    def code(self) -> int:
        """Le code de sortie de la commande : 0 si rien ne manque, 128 + le signal si elle a été arrêtée."""
        if self.signal:
            return 128 + self.signal
        return 0 if self.complete else 1

    @property
    def causes(self) -> list[Cause]:
        """Les causes d'échec, celle qui touche le plus de documents d'abord."""
        groupes: dict[tuple[str, str, str], list[Echec]] = defaultdict(list)
        for echec in self.echecs:
            groupes[echec.exception, echec.endroit, _sans_perimetre(echec)].append(echec)
        causes = [
            Cause(exception, endroit, min(echecs, key=self._petitesse), tuple(echecs))
            for (exception, endroit, _), echecs in groupes.items()
        ]
        return sorted(causes, key=lambda cause: (-len(cause.echecs), cause.titre))

    @property
    def arret(self) -> str:
        """Pourquoi la campagne s'est arrêtée avant la fin, et comment la reprendre ; vide sinon."""
        if not self.interruption:
            return ""
        return f"Interrompue : {self.interruption}. Pour finir : la même commande, avec --reprise."

    @property
    def suspens(self) -> str:
        """Ce qui manque sans avoir été demandé, et comment le produire ; vide si rien ne manque."""
        if not self.en_suspens:
            return ""
        dites = " ; ".join(f"« {commande} »" for commande in self.en_suspens[:_MONTRES])
        suite = " ; …" if len(self.en_suspens) > _MONTRES else ""
        combien = f"{len(self.en_suspens)} document(s) que cette demande ne couvre pas"
        return f"Il y manque {combien}. Lancer {dites}{suite}."

    @property
    def phrase(self) -> str:
        """La campagne en une phrase."""
        s = "s" if len(self.ecrits) > 1 else ""
        comptes = [
            f"{len(self.ecrits)} document{s} produit{s}",
            f"{len(self.inchanges)} à jour",
            *([f"{len(self.echecs)} en échec"] if self.echecs else []),
            *([f"{len(self.restants)} à reprendre"] if self.restants else []),
        ]
        etat = "complète" if self.complete else "incomplète"
        secondes = f"{self.secondes:.1f}".replace(".", ",")
        return f"Campagne « {self.campagne} » {etat} : {', '.join(comptes)}, en {secondes} s."

    def _petitesse(self, echec: Echec) -> tuple[int, str]:
        return self.poids.get(echec.tache.objet, 0), echec.tache.dit


def _sans_perimetre(echec: Echec) -> str:
    """Le constat d'une erreur attendue, sans ce qui est propre au document ; vide d'un bogue.

    La cellule ou la ligne de code d'un bogue dit déjà où chercher, et son message cite souvent une donnée.
    """
    if not hasattr(erreurs, echec.exception):
        return ""
    objet, constat = lire_perimetre(echec.tache.objet), echec.constat
    for mot in (echec.tache.nom, echec.tache.objet, objet.fichier, objet.nom, echec.tache.periode):
        constat = constat.replace(mot, "…")
    return constat
