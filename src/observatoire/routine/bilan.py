"""Ce qu'un passage a fait, en phrases sûres : des comptes et des constats écrits ici.

Rien n'y vient du contenu ni du nom d'un fichier reçu : ces phrases partent par courriel.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from observatoire import erreurs

if TYPE_CHECKING:
    from collections.abc import Mapping

SCELLEE, CONNUE, REFUSEE, EN_ATTENTE = "scellée", "déjà connue", "refusée", "en attente"

_MOTIFS: tuple[tuple[type[Exception], str], ...] = (
    (erreurs.ColonnesManquantesError, "il lui manque des colonnes"),
    (erreurs.SourceError, "un fichier ne se lit pas, ou ne peut pas être scellé"),
    (erreurs.QualiteError, "un seuil de qualité est franchi"),
    (erreurs.ConfigError, "la configuration, ou la clé des pseudonymes, est à compléter"),
    (erreurs.TableError, "les tables sont occupées ou incomplètes"),
    (erreurs.PublicationError, "des documents n'ont pas pu être produits"),
    (erreurs.ObservatoireError, "une étape s'est arrêtée"),
    (OSError, "le disque ou les droits ont empêché une écriture"),
)


def motif(erreur: Exception) -> str:
    """Rend le motif d'une erreur, sans un mot de son message.

    >>> motif(erreurs.QualiteError("suivi_a : Mme Dupont…"))
    'un seuil de qualité est franchi'
    """
    return next((texte for genre, texte in _MOTIFS if isinstance(erreur, genre)), "un incident imprévu")


@dataclass(frozen=True, slots=True)
class Livraison:
    """Une livraison examinée : `issue` dit ce qu'elle est devenue, `suite` où lire le détail."""

    source: str
    date: str
    fichiers: int
    issue: str
    motif: str = ""
    suite: str = ""

    @property
    def phrase(self) -> str:
        """La livraison en une phrase."""
        combien = "1 fichier" if self.fichiers == 1 else f"{self.fichiers} fichiers"
        raison = f" : {self.motif}" if self.motif else ""
        ou = f" Le détail : {self.suite}." if self.suite else ""
        return f"{self.source}, livraison du {self.date} ({combien}) {self.issue}{raison}.{ou}"


@dataclass(frozen=True, slots=True)
class Construction:
    """Les tables reconstruites : lignes écrites, durée en secondes."""

    lignes: int
    secondes: float

    @property
    def phrase(self) -> str:
        """La construction en une phrase."""
        from observatoire.publication.formats import entier

        lignes = entier(self.lignes)
        return f"Tables et indicateurs reconstruits en {self.secondes:.0f} s ({lignes} lignes écrites)."


@dataclass(frozen=True, slots=True)
class Qualite:
    """Le rapport de qualité : nombre de constats par gravité, chemin de la page."""

    constats: dict[str, int]
    page: str

    @property
    def phrase(self) -> str:
        """Le rapport en une phrase."""
        comptes = ", ".join(f"{nombre} « {gravite} »" for gravite, nombre in self.constats.items() if nombre)
        return f"Rapport de qualité : {comptes or 'rien à signaler'}. Le lire : {self.page}."


@dataclass(frozen=True, slots=True)
class Fiches:
    """Les fiches d'une période : faites, gardées telles quelles, en échec (leurs territoires)."""

    periode: str
    faites: int
    inchangees: int
    echecs: tuple[str, ...]
    dossier: str
    secondes: float

    @property
    def phrase(self) -> str:
        """Les fiches en une phrase."""
        base = f"Fiches {self.periode} : {self.faites} produites, {self.inchangees} inchangées"
        if not self.echecs:
            return f"{base}, aucune en échec ({self.secondes:.0f} s)."
        return f"{base}, {len(self.echecs)} en échec : {', '.join(self.echecs)}."


@dataclass(frozen=True, slots=True)
class Echec:
    """L'étape qui s'est arrêtée, son motif et ce qu'on peut y faire."""

    etape: str
    motif: str
    remede: str

    @property
    def phrase(self) -> str:
        """L'échec en une phrase."""
        return f"Étape « {self.etape} » : {self.motif}. {self.remede}"


@dataclass(slots=True)
class Bilan:
    """Ce qu'un passage a fait depuis son début ; repris par le suivant s'il a été interrompu."""

    debut: str
    livraisons: list[Livraison] = field(default_factory=list)
    construction: Construction | None = None
    qualite: Qualite | None = None
    fiches: Fiches | None = None
    echec: Echec | None = None

    @property
    def vide(self) -> bool:
        """Dit si rien ne s'est passé."""
        return not (self.livraisons or self.construction or self.qualite or self.fiches or self.echec)

    @property
    def avance(self) -> bool:
        """Dit si quelque chose a été fait, que rien ne répétera ; une attente ou un échec se répètent."""
        examinees = any(livraison.issue != EN_ATTENTE for livraison in self.livraisons)
        editees = self.fiches is not None and not self.fiches.echecs
        return bool(examinees or self.construction or self.qualite or editees)

    @property
    def abouti(self) -> bool:
        """Dit si tout ce qui pouvait être fait l'a été ; une livraison refusée n'empêche rien."""
        return self.echec is None and all(li.issue != EN_ATTENTE for li in self.livraisons)

    @property
    def reussi(self) -> bool:
        """Dit s'il n'y a rien à reprendre : ni échec, ni livraison en attente ou refusée."""
        return self.abouti and all(li.issue != REFUSEE for li in self.livraisons)

    @property
    def titre(self) -> str:
        """Une ligne, pour l'objet d'un message."""
        refusees = sum(livraison.issue == REFUSEE for livraison in self.livraisons)
        if self.echec:
            return f"Échec à l'étape « {self.echec.etape} »"
        suite = f", {refusees} livraison(s) refusée(s)" if refusees else ""
        if any(livraison.issue == EN_ATTENTE for livraison in self.livraisons):
            suite += ", une livraison attend"
        if self.fiches:
            return f"Fiches {self.fiches.periode} à jour{suite}"
        return f"Passage terminé{suite}"

    @property
    def phrases(self) -> list[str]:
        """Le passage en phrases, dans l'ordre où les choses se sont faites."""
        parties = (*self.livraisons, self.construction, self.qualite, self.fiches, self.echec)
        return [partie.phrase for partie in parties if partie]

    @property
    def comptes(self) -> dict[str, int]:
        """Les comptes, pour un tableau ou un programme."""
        issues = [livraison.issue for livraison in self.livraisons]
        comptes = {
            "livraisons_scellees": issues.count(SCELLEE),
            "livraisons_refusees": issues.count(REFUSEE),
            "livraisons_en_attente": issues.count(EN_ATTENTE),
        }
        if self.fiches:
            comptes |= {
                "fiches_produites": self.fiches.faites,
                "fiches_inchangees": self.fiches.inchangees,
                "fiches_en_echec": len(self.fiches.echecs),
            }
        return comptes

    def en_json(self) -> dict[str, Any]:
        """Rend le bilan en objets JSON."""
        return asdict(self)

    @classmethod
    def de_json(cls, objet: Mapping[str, Any]) -> Self:
        """Relit ce que `en_json` a rendu."""
        fiches = objet["fiches"]
        return cls(
            debut=objet["debut"],
            livraisons=[Livraison(**livraison) for livraison in objet["livraisons"]],
            construction=Construction(**objet["construction"]) if objet["construction"] else None,
            qualite=Qualite(**objet["qualite"]) if objet["qualite"] else None,
            fiches=Fiches(**{**fiches, "echecs": tuple(fiches["echecs"])}) if fiches else None,
            echec=Echec(**objet["echec"]) if objet["echec"] else None,
        )
