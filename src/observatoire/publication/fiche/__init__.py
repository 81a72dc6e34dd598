"""La fiche territoriale : un territoire, un trimestre, des blocs prêts à publier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from observatoire.config import Config
from observatoire.erreurs import PerimetreError
from observatoire.publication.blocs import Entete
from observatoire.publication.cellules import NON_DISPONIBLE
from observatoire.publication.fiche import (
    chiffres,
    marches,
    methode,
    phrases,
    profil,
    realisation,
    sorties,
    tendance,
    ventilees,
)
from observatoire.publication.fiche.contexte import Contexte
from observatoire.publication.formats import jour, pct

if TYPE_CHECKING:
    from observatoire.publication.blocs import Avis, Chiffres, Figure, Methode


class Fiche:
    """Les parties d'une fiche, chacune affichable : `fiche.tendance()` en fin de cellule suffit.

    Rien n'y est calculé que ce que permettent les valeurs publiées, secret déjà appliqué.
    """

    def __init__(self, contexte: Contexte) -> None:
        self._contexte = contexte

    @classmethod
    def ouvrir(cls, territoire: str, periode: str, config: Config | None = None) -> Self:
        """Ouvre la fiche d'un territoire et d'un trimestre, dans le dossier de travail courant.

        Raises:
            ParametreError: un paramètre n'est pas un texte.
            PerimetreError: territoire ou trimestre inconnu.
            TableError: les indicateurs n'ont pas encore été construits.
        """
        contexte = Contexte.ouvrir(config or Config.charger(), territoire, periode)
        if contexte.periode.trimestre is None:
            raise PerimetreError(
                f"La fiche est trimestrielle : « {periode} » est une année.",
                f"Écrire un trimestre : {periode}-T4.",
            )
        return cls(contexte)

    def entete(self) -> Entete:
        """Le titre, la période, l'état des chiffres et leurs avertissements."""
        contexte = self._contexte
        provisoire = contexte.provisoire(contexte.periode)
        mentions = [phrases.MENTION_FICTIF] if contexte.fictif else []
        if provisoire:
            mentions.append(
                phrases.MENTION_PROVISOIRE.format(date=jour(contexte.definitif_le(contexte.periode)))
            )
        longue = contexte.publiant("heures_realisees", "modalite")
        if longue.periode != contexte.periode:
            mentions.append(phrases.MENTION_LONGUE.format(quand=longue.quand))
        if contexte.lire("heures_realisees").statut == NON_DISPONIBLE:
            mentions.append(phrases.MENTION_SANS_SUIVI)
        return Entete(
            titre=contexte.territoire.nom_long,
            sous_titre=phrases.SOUS_TITRE.format(quand=contexte.quand),
            territoire=str(contexte.territoire),
            periode=str(contexte.periode),
            statut="provisoire" if provisoire else "définitif",
            extraction=jour(contexte.extraction),
            fictif=contexte.fictif,
            mentions=mentions,
        )

    def chiffres_cles(self) -> Chiffres:
        """La bande des chiffres clés, avec leur évolution sur un an."""
        return chiffres.bande(self._contexte)

    def tendance(self) -> Figure | Avis:
        """Les heures d'insertion des derniers trimestres."""
        return tendance.figure_tendance(self._contexte)

    def heures_par_modalite(self) -> Figure | Avis:
        """Les heures selon la modalité juridique de la clause."""
        return ventilees.figure_ventilee(self._contexte, phrases.HEURES_PAR_MODALITE)

    def marches_par_type(self) -> Figure | Avis:
        """Les marchés clausés suivis : notifiés, actifs, générateurs d'heures."""
        return marches.figure_clauses(self._contexte)

    def marches_publics(self) -> Figure | Avis:
        """Les marchés publics notifiés, et la part de ceux qui ont une considération sociale."""
        return marches.figure_marches_publics(self._contexte)

    def realisation(self) -> Chiffres | Avis:
        """L'engagé, le réalisé et le reste à réaliser des clauses."""
        return realisation.bande(self._contexte)

    def profil(self) -> Figure | Avis:
        """Les bénéficiaires : sexe, âge, quartier, diplôme, publics, comparés à la région."""
        return profil.figure_profil(self._contexte)

    def contrats(self) -> Figure | Avis:
        """Les contrats de travail par type, les principaux employeurs en note."""
        vue = self._contexte.publiant(phrases.CONTRATS.indicateur, "type_employeur")
        employeurs = vue.repartir(phrases.CONTRATS.indicateur, "type_employeur")
        return ventilees.figure_ventilee(self._contexte, phrases.CONTRATS, note=ventilees.citer(employeurs))

    def prescripteurs(self) -> Figure | Avis:
        """Les bénéficiaires selon qui les a orientés."""
        return ventilees.figure_ventilee(self._contexte, phrases.PRESCRIPTEURS)

    def residence(self) -> Figure | Avis:
        """Où habitent les personnes employées sur les marchés du territoire."""
        contexte, departements, habitants = self._contexte, phrases.RESIDENCE, phrases.HABITANTS
        detaillee = contexte.publiant(departements.indicateur, departements.ventilation)
        par_departement = detaillee.detaille(departements.indicateur, departements.ventilation)
        vue = contexte.publiant(habitants.indicateur, habitants.ventilation)
        part = vue.repartir(habitants.indicateur, habitants.ventilation).reunir("OUI", libelle="").part
        constat = phrases.RESIDENCE_CONSTAT.format(part=pct(part), ou=contexte.ou) if part.nombre else ""
        sujet = departements if par_departement else habitants
        return ventilees.figure_ventilee(contexte, sujet, compare=False, titre=constat)

    def sorties(self) -> Chiffres | Avis:
        """Ce que l'on sait des bénéficiaires six mois après la fin de leur parcours."""
        return sorties.bande(self._contexte)

    def methode(self) -> Methode:
        """La boîte de méthode et de qualité."""
        return methode.boite(self._contexte)
