"""Ce que toutes les parties d'une fiche partagent : un territoire, un trimestre, leurs valeurs publiées."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from observatoire.erreurs import ParametreError, PublicationError
from observatoire.magasin import Magasin
from observatoire.perimetre import Periode, Territoire
from observatoire.publication.blocs import Avis
from observatoire.publication.cellules import ABSENTE, PUBLIE, SECRET, Cellule, Cellules
from observatoire.publication.fiche import phrases
from observatoire.publication.formats import accorder, jour, pct
from observatoire.publication.lectures import REFERENCES, REGION, d_un_territoire, trimestres_de_tendance
from observatoire.publication.repartitions import Repartition, repartir
from observatoire.referentiel import ENSEMBLE

if TYPE_CHECKING:
    import pandas as pd

    from observatoire.config import Config

AN_PRECEDENT, CHAMP_CONSTANT = "an_precedent", "champ_constant"
_DUREES = {"trimestre": "dans le trimestre", "glissant": "en quatre trimestres", "annee": "dans l’année"}


@dataclass(frozen=True)
class Contexte:
    """Un territoire et une période, trimestre ou année : tout ce qui en est publié, et rien d'autre."""

    config: Config
    territoire: Territoire
    periode: Periode
    cellules: Cellules
    comparaisons: dict[tuple[str, str], dict[str, Any]]
    catalogue: dict[str, dict[str, Any]]
    provenance: pd.DataFrame
    qualite: pd.DataFrame

    @classmethod
    def ouvrir(cls, config: Config, territoire: str, periode: str) -> Self:
        """Lit les valeurs publiées du territoire et de la région, et elles seules.

        Raises:
            ParametreError: un paramètre n'est pas un texte.
            PerimetreError: territoire ou période inconnus.
            TableError: les indicateurs n'ont pas encore été construits.
        """
        ici, lue = _lire_parametres(territoire, periode)
        magasin = Magasin(config.processed)
        lectures = d_un_territoire(config, ici, lue)
        valeurs, comparaisons = (magasin.lire(nom, filtres) for nom, filtres in lectures.items())
        catalogue, provenance, qualite = (magasin.lire(nom) for nom in REFERENCES)
        return cls(
            config,
            ici,
            lue,
            Cellules(valeurs),
            {(ligne["indicateur"], ligne["repere"]): ligne for ligne in _lignes(comparaisons)},
            {ligne["indicateur"]: ligne for ligne in _lignes(catalogue)},
            provenance,
            qualite,
        )

    # ── Les mots ──

    @property
    def ou(self) -> str:
        """Le territoire en complément de lieu."""
        return self.territoire.locatif

    @property
    def quand(self) -> str:
        """La période en toutes lettres."""
        return self.periode.libelle

    @property
    def pendant(self) -> str:
        """La période en complément de temps : « au 3e trimestre 2026 », « en 2025 »."""
        prepositions = {"trimestre": "au", "glissant": "sur les", "annee": "en"}
        return f"{prepositions[self.periode.rythme]} {self.quand}"

    @property
    def quand_court(self) -> str:
        """La période, en peu de mots, sous un chiffre qui n'est pas celui du trimestre."""
        return "quatre trimestres" if self.periode.rythme == "glissant" else self.quand

    @property
    def est_region(self) -> bool:
        """Vrai pour la fiche régionale, qui ne se compare pas à elle-même."""
        return self.territoire == REGION

    def decrire(self, indicateur: str, champ: str) -> str:
        """Rend un texte du catalogue : `champ`, `source` ou `libelle`.

        Raises:
            PublicationError: l'indicateur n'est pas au catalogue.
        """
        if indicateur not in self.catalogue:
            raise PublicationError(
                f"L'indicateur {indicateur} n'est pas au catalogue.", "Relancer « observatoire construire »."
            )
        return str(self.catalogue[indicateur][champ])

    def champ(self, indicateur: str) -> str:
        """Rend le champ du catalogue, et ses dates quand la période n'est pas le trimestre de la fiche."""
        champ = self.decrire(indicateur, "champ")
        if self.periode.rythme == "trimestre":
            return champ
        debut, fin = jour(self.periode.debut), jour(self.periode.fin)
        return f"{champ} {phrases.PERIODE_LONGUE.format(debut=debut, fin=fin)}"

    def sans_donnees(self, titre: str) -> Avis:
        """L'avis qui remplace une figure quand rien n'a été reçu."""
        return Avis(phrases.SANS_DONNEES.format(titre=titre, ou=self.ou, pendant=self.pendant))

    def sans_taux(self, titre: str) -> Avis:
        """L'avis qui remplace des taux que le plan ne publie pas, ou pas sous cet effectif."""
        limite = self._limite()
        modele = phrases.EFFECTIF_INSUFFISANT if limite else phrases.SANS_DETAIL
        return Avis(modele.format(titre=titre, ou=self.ou, limite=limite))

    def sans_detail(self, titre: str, ensemble: Cellule, noms: tuple[str, str]) -> Avis:
        """L'avis qui remplace une répartition que le plan ne publie pas, ou pas sous cet effectif.

        Args:
            titre: ce que la figure aurait montré.
            ensemble: ce qui en est publié.
            noms: ce qu'il compte, au singulier et au pluriel.
        """
        limite = self._limite()
        modele = phrases.EFFECTIF_INSUFFISANT if limite else phrases.SANS_DETAIL
        suite = phrases.ENSEMBLE_CACHE
        if ensemble.nombre is not None:
            suite = phrases.ENSEMBLE_SEUL.format(ensemble=accorder(ensemble, *noms), pendant=self.pendant)
        return Avis(f"{modele.format(titre=titre, ou=self.ou, limite=limite)} {suite}")

    def _limite(self) -> str:
        """L'effectif minimal du plan que le territoire n'atteint pas, en toutes lettres ; vide sinon."""
        minimums = self.config.reglages.get("publication", {}).get("personnes_minimum", {})
        for periode in (self.periode.quatre_trimestres, self.periode):
            minimum = minimums.get(self.territoire.niveau, {}).get(periode.rythme, 0)
            effectif = self.lire("beneficiaires", periode=periode)
            petit = effectif.statut == SECRET or (effectif.nombre is not None and effectif.nombre < minimum)
            if minimum and petit:
                return f"moins de {minimum} bénéficiaires {_DUREES[periode.rythme]}"
        return ""

    # ── Les valeurs ──

    def lire(
        self,
        indicateur: str,
        ventilation: str = ENSEMBLE,
        modalite: str = ENSEMBLE,
        *,
        periode: Periode | None = None,
    ) -> Cellule:
        """Rend une cellule du territoire, au trimestre de la fiche s'il n'en est pas donné d'autre."""
        return self.cellules.lire(
            indicateur, ventilation, modalite, territoire=self.territoire, periode=periode or self.periode
        )

    def repartir(self, indicateur: str, ventilation: str) -> Repartition:
        """Rend la répartition d'un indicateur."""
        retrait = self.parametre("seuil_retrait_non_renseigne_pct")
        return repartir(
            self.cellules, indicateur, ventilation, self.territoire, self.periode, retrait_nr=retrait
        )

    def detaille(self, indicateur: str, ventilation: str) -> bool:
        """Dit si une ventilation fait partie de ce qui est publié, secrets compris."""
        return self.cellules.existe(indicateur, ventilation, territoire=self.territoire, periode=self.periode)

    def publiant(self, indicateur: str, ventilation: str) -> Self:
        """Le même contexte ; aux quatre trimestres que le sien achève si eux seuls ont cette ventilation.

        Un petit territoire n'a de répartitions que sur quatre trimestres : c'est le plan de publication
        qui en décide, et ce qui est dans la table qui le dit.
        """
        longue = replace(self, periode=self.periode.quatre_trimestres)
        seule = longue.detaille(indicateur, ventilation) and not self.detaille(indicateur, ventilation)
        return longue if seule else self

    def donnant(self, indicateur: str) -> Self:
        """Le même contexte, à la période la plus courte où l'ensemble d'un indicateur est connu ou secret.

        Le trimestre, à défaut les quatre qu'il achève, à défaut la dernière année achevée.
        """
        return self.detaillant(indicateur, ENSEMBLE)

    def detaillant(self, indicateur: str, ventilation: str) -> Self:
        """Comme `publiant`, et à la dernière année achevée quand ni l'un ni l'autre n'a cette ventilation."""
        publiee = self.publiant(indicateur, ventilation)
        annee = self.periode.annee if self.periode.trimestre in (4, None) else self.periode.annee - 1
        derniere = replace(self, periode=Periode(annee))
        ailleurs = not publiee.detaille(indicateur, ventilation)
        return derniere if ailleurs and derniere.detaille(indicateur, ventilation) else publiee

    def sur_un_an(self, indicateur: str, ventilation: str) -> Self:
        """Le même contexte sur quatre trimestres, aux effectifs plus grands, si la ventilation y est."""
        longue = replace(self, periode=self.periode.quatre_trimestres)
        return longue if longue.detaille(indicateur, ventilation) else self

    def etat(self, indicateur: str) -> Self:
        """Le même contexte ; à la fin de l'année pour un stock, que seuls les trimestres publient."""
        fin = replace(self, periode=Periode(self.periode.annee, self.periode.trimestre or 4))
        stock = fin.detaille(indicateur, ENSEMBLE) and not self.detaille(indicateur, ENSEMBLE)
        return fin if stock else self

    def region(self, indicateur: str, ventilation: str) -> Self:
        """La région à la même période, ou au dernier trimestre de celle-ci si elle n'y est pas détaillée."""
        ici = replace(self, territoire=REGION)
        seul = replace(ici, periode=Periode(self.periode.annee, self.periode.trimestre or 4))
        return ici if ici.detaille(indicateur, ventilation) else seul

    def comparer(self, indicateur: str, repere: str = AN_PRECEDENT) -> Cellule:
        """Rend l'évolution d'un ensemble au trimestre de la fiche, telle que les indicateurs l'ont retenue.

        Elle est non significative si l'un des deux trimestres est provisoire ou repose sur trop peu de
        personnes ; non disponible si la cellule ou son repère n'est pas publié.
        """
        ligne = self.comparaisons.get((indicateur, repere))
        if ligne is None:
            return ABSENTE
        publiee = ligne["statut"] == PUBLIE
        return Cellule.de(float(ligne["ecart"])) if publiee else Cellule(None, str(ligne["statut"]))

    def en_points(self, indicateur: str) -> bool:
        """Vrai si l'évolution de l'indicateur est un écart de parts, en points."""
        ligne = self.comparaisons.get((indicateur, AN_PRECEDENT))
        return ligne is not None and ligne["unite"] == "points"

    def couverture(self, indicateur: str) -> float:
        """Rend la part de la valeur que couvre sa comparaison à champ constant, en %."""
        return float(self.comparaisons[indicateur, CHAMP_CONSTANT]["couverture_pct"])

    def alerte_nr(self, taux: Cellule) -> bool:
        """Vrai si un taux de non-renseigné demande de la prudence (R7)."""
        return taux.nombre is not None and taux.nombre > self.parametre("seuil_alerte_non_renseigne_pct")

    def noter_nr(self, taux: Cellule) -> str:
        """Dit le taux de non-renseigné, et prévient s'il est élevé ou secret ; rien s'il est nul."""
        if taux.statut == SECRET:
            return phrases.NON_RENSEIGNE_SECRET
        prudence = phrases.PRUDENCE if self.alerte_nr(taux) else ""
        return phrases.NON_RENSEIGNE.format(taux=pct(taux), prudence=prudence) if taux.nombre else ""

    def mesure(self, nom: str) -> float | None:
        """Rend une mesure de qualité, toutes sources d'un genre réunies ; None si elle n'est pas connue."""
        lignes = self.qualite.loc[(self.qualite["mesure"] == nom) & (self.qualite["source"] == ENSEMBLE)]
        return float(lignes["valeur"].iloc[0]) if len(lignes) else None

    # ── Le calendrier ──

    def parametre(self, nom: str) -> Any:
        """Rend un paramètre de méthode, à sa valeur à la fin du trimestre."""
        return self.config.parametre(nom, self.periode.fin).valeur

    @cached_property
    def trimestres(self) -> list[Periode]:
        """Les trimestres de la tendance, du plus ancien à celui de la fiche, ou au dernier de l'année."""
        return trimestres_de_tendance(self.config, self.periode)

    @cached_property
    def extraction(self) -> dt.date | None:
        """La date d'extraction la plus récente des sources, None s'il n'y en a pas."""
        dates = self.provenance["date_extraction"].dropna()
        return dates.max().date() if len(dates) else None

    @property
    def fictif(self) -> bool:
        """Vrai si une seule source est fictive."""
        return bool(self.provenance["fictif"].fillna(False).any())

    def definitif_le(self, periode: Periode) -> dt.date:
        """Le jour où les chiffres d'une période cessent d'être provisoires."""
        return periode.fin + dt.timedelta(days=self.parametre("jours_avant_definitif"))

    def provisoire(self, periode: Periode) -> bool:
        """Vrai si les sources ont été extraites trop tôt après la fin de la période."""
        return self.extraction is None or self.extraction < self.definitif_le(periode)


def _lignes(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(nom): valeur for nom, valeur in ligne.items()} for ligne in table.to_dict("records")]


def _lire_parametres(territoire: object, periode: object) -> tuple[Territoire, Periode]:
    exemples = {"territoire": (territoire, "dep:93"), "periode": (periode, "2026-T3")}
    for nom, (recu, exemple) in exemples.items():
        if not isinstance(recu, str):
            raise ParametreError(
                f"Le paramètre « {nom} » n'est pas un texte : {recu!r}.", f'Écrire {nom} = "{exemple}".'
            )
    return Territoire.lire(str(territoire)), Periode.lire(str(periode))
