"""Le rapport annuel : une année, la région et ses territoires, des blocs pour les notebooks de chapitre."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from observatoire.config import Config
from observatoire.erreurs import PerimetreError
from observatoire.perimetre import Periode, Territoire
from observatoire.publication.editions import derniere_periode
from observatoire.publication.fiche import profil, pyramide, sorties
from observatoire.publication.fiche.contexte import Contexte
from observatoire.publication.lectures import REGION
from observatoire.publication.rapport import annexes, cartes, chiffres, figures, pentes, territoires

if TYPE_CHECKING:
    from observatoire.publication.blocs import (
        Avis,
        Bloc,
        Chiffres,
        Definitions,
        Figure,
        Methode,
        TableauSeul,
        Texte,
    )


class Rapport:
    """Ce qu'un chapitre peut montrer d'une année : `rapport.repartition("heures_realisees", "modalite")`.

    Chaque méthode rend un bloc publiable, titré, lu, sourcé ; rien n'y est calculé que ce que permettent
    les valeurs publiées, secret déjà appliqué. Sans territoire, c'est la région.
    """

    def __init__(self, config: Config, periode: Periode) -> None:
        self._config = config
        self._periode = periode
        self._contextes: dict[str, Contexte] = {}

    @classmethod
    def ouvrir(cls, annee: str, config: Config | None = None) -> Self:
        """Ouvre une année, dans le dossier de travail courant.

        Raises:
            PerimetreError: ce n'est pas une année.
        """
        lue = Periode.lire(annee)
        if lue.rythme != "annee":
            raise PerimetreError(f"Le rapport est annuel : « {annee} » n'est pas une année.", "Écrire 2025.")
        return cls(config or Config.charger(), lue)

    def contexte(self, territoire: str = str(REGION)) -> Contexte:
        """Rend un territoire à l'année du rapport, et ce qui en est publié."""
        if territoire not in self._contextes:
            self._contextes[territoire] = Contexte.ouvrir(self._config, territoire, str(self._periode))
        return self._contextes[territoire]

    def a_ce_jour(self) -> Rapport:
        """Le même rapport au dernier trimestre publié : pour une liste dont seul l'état présent est connu."""
        return Rapport(self._config, derniere_periode(self._config))

    def _niveau(self, niveau: str) -> list[Contexte]:
        return [self.contexte(str(territoire)) for territoire in Territoire.tous(niveau)]

    # ── Les chiffres ──

    def chiffres(self, *indicateurs: str, titre: str = "Chiffres clés") -> Chiffres:
        """Une bande de chiffres de la région, et leur évolution sur un an."""
        return chiffres.bande(self.contexte(), indicateurs, titre)

    def annees(self, *indicateurs: str, titre: str = "Évolution annuelle") -> TableauSeul | Avis:
        """Plusieurs indicateurs sur les dernières années publiées."""
        return chiffres.annees(self.contexte(), indicateurs, titre)

    def retenir(self, *indicateurs: str) -> Texte | Avis:
        """Une phrase par indicateur : sa valeur et son évolution, en vocabulaire."""
        return chiffres.retenir(self.contexte(), indicateurs)

    # ── Les figures ──

    def trimestres(self, indicateur: str) -> Figure | Avis:
        """Les derniers trimestres d'un indicateur."""
        return figures.trimestres(self.contexte(), indicateur)

    def repartition(self, indicateur: str, ventilation: str) -> Figure | Avis:
        """Les parts des modalités d'un indicateur."""
        return figures.repartition(self.contexte(), indicateur, ventilation)

    def taux(self, indicateur: str, ventilation: str) -> Figure | Avis:
        """Un taux, modalité par modalité."""
        return figures.taux(self.contexte(), indicateur, ventilation)

    def croisement(self, indicateur: str, ventilation: str) -> Figure | Avis:
        """Un croisement de deux ventilations."""
        return figures.croisement(self.contexte(), indicateur, ventilation)

    def profil(self) -> Figure | Avis:
        """Les bénéficiaires : sexe, âge, quartier, diplôme, principaux publics."""
        return profil.figure_profil(self.contexte())

    def pyramide(self) -> Figure | Avis:
        """Les bénéficiaires selon leur sexe et leur âge."""
        return pyramide.figure_pyramide(self.contexte())

    def sorties(self) -> Chiffres | Avis:
        """Ce que l'on sait des bénéficiaires six mois après la fin de leur parcours."""
        return sorties.bande(self.contexte())

    # ── Les territoires ──

    def carte(self, indicateur: str, niveau: str = "dep") -> Figure | Avis:
        """Un indicateur sur la carte des départements (`dep`) ou des territoires (`ept`)."""
        return cartes.carte(self._niveau(niveau), indicateur)

    def departements(self, *indicateurs: str) -> Figure | Avis:
        """Les huit départements comparés."""
        return territoires.comparer(self._niveau("dep"), indicateurs)

    def etablissements(self, *indicateurs: str) -> Figure | Avis:
        """Les douze territoires de la métropole comparés."""
        return territoires.comparer(self._niveau("ept"), indicateurs)

    def pentes(self, *indicateurs: str, niveau: str = "dep") -> Figure | Avis:
        """Les territoires d'un niveau, d'une année à l'autre ; une seule année si rien ne se compare."""
        return pentes.pentes(self._niveau(niveau), self.contexte(), indicateurs)

    def doubles_pages(self) -> list[Bloc]:
        """Les blocs de tous les départements, l'un après l'autre."""
        return [bloc for contexte in self._niveau("dep") for bloc in territoires.double_page(contexte)]

    def matrice(self, indicateur: str, ventilation: str) -> TableauSeul | Avis:
        """Une ventilation dans tous les territoires qui la publient."""
        tous = [self.contexte(), *self._niveau("dep"), *self._niveau("ept")]
        return territoires.matrice(tous, indicateur, ventilation)

    # ── Les annexes ──

    def definitions(self) -> Definitions:
        """Les indicateurs du catalogue : définition, champ, source, méthode."""
        return annexes.definitions(self._config)

    def glossaire(self) -> Definitions:
        """Les sigles et les mots du rapport."""
        return annexes.glossaire()

    def nomenclature(self, ventilation: str) -> TableauSeul:
        """Les modalités d'une ventilation et leur référence."""
        return annexes.nomenclature(ventilation)

    def regimes(self) -> TableauSeul:
        """Les régimes juridiques de la commande publique et leurs dates."""
        return annexes.regimes()

    def regles(self) -> TableauSeul:
        """Les règles du secret et des comparaisons, leur date et leur référence."""
        return annexes.regles(self._config)

    def plan_de_publication(self) -> TableauSeul:
        """Ce qui est publié, par niveau et par rythme."""
        return annexes.plan_de_publication(self._config)

    def exceptions(self) -> Texte:
        """Ce que le plan de publication retire."""
        return annexes.exceptions(self._config)

    def secret(self) -> TableauSeul | Avis:
        """Ce que le secret cache, par niveau de territoire."""
        return annexes.secret([self.contexte(), *self._niveau("dep"), *self._niveau("ept")])

    def revisions(self) -> TableauSeul | Avis:
        """Les totaux révisés depuis leur première diffusion."""
        return annexes.revisions(self._config)

    def methode(self) -> Methode:
        """Les sources reçues, leur qualité, les signes."""
        return annexes.methode(self.contexte())
